//! A real process that a story can kill: this program again, playing a part in the story's world.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use model::{
    Moment,
    id::{AccountId, LinkId, SiteId},
};
use portal::{
    ChangePassword, Error, Portal, SetPassword, SignIn, StaffPassword, Visit,
    clock::{Clock, Randomness},
};
use serde::{Deserialize, Serialize};

use crate::world::{self, World, new_password, secret};

/// Where a child finds what it is to do.
const VARIABLE: &str = "REKEY_IT_PART";

/// What a child does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Part {
    /// Sets a new password with a link.
    UseLink { site: SiteId, link: LinkId, token: String, new: String },
    /// Signs in and changes the password.
    ChangePassword { site: SiteId, name: String, current: String, new: String },
    /// Staff set a customer's password, everywhere.
    SetPassword { site: SiteId, name: String, customer: AccountId, new: String },
    /// Does all work there is.
    WorkOff,
    /// Seals everything with a new master key.
    RotateKeys,
    /// Asks for links until the disk is full, says so, waits for a line, and carries on.
    FillTheDisk { site: SiteId },
}

#[derive(Serialize, Deserialize)]
struct Task {
    folder: PathBuf,
    database: String,
    smtp: Option<u16>,
    now: Moment,
    seed: u64,
    allowed: Vec<String>,
    patience: Option<Duration>,
    part: Part,
}

/// A child at work.
pub struct Child {
    process: Process,
    says: BufReader<ChildStdout>,
    hears: ChildStdin,
}

impl World {
    /// Starts a child that waits at a failpoint.
    pub fn child(&mut self, part: Part, smtp: Option<u16>, failpoint: &str) -> Child {
        let mut command = Command::new(env::current_exe().unwrap());
        command.env("REKEY_FAILPOINT", failpoint);
        self.start_child(command, part, smtp)
    }

    /// Starts a child that can write files of no more than so many bytes.
    pub fn child_with_little_room(&mut self, part: Part, bytes: u64) -> Child {
        let mut command = Command::new("sh");
        // Beyond the limit a signal would end it; a full disk is an error, not a signal.
        let script = format!("ulimit -S -f {}; trap '' XFSZ; exec \"$0\" \"$@\"", bytes / 512);
        command.args(["-c", &script]).arg(env::current_exe().unwrap());
        self.start_child(command, part, None)
    }

    fn start_child(&mut self, mut command: Command, part: Part, smtp: Option<u16>) -> Child {
        let task = Task {
            folder: self.folder().to_owned(),
            database: world::written(&self.settings.database),
            smtp,
            now: self.now(),
            seed: self.another_seed(),
            allowed: self.settings.outgoing_allowed.iter().map(ToString::to_string).collect(),
            patience: self.patience,
            part,
        };
        let mut process = command
            .args(["child::plays_its_part", "--exact", "--nocapture", "--test-threads=1"])
            .env(VARIABLE, serde_json::to_string(&task).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts");
        let says = BufReader::new(process.stdout.take().expect("its output"));
        let hears = process.stdin.take().expect("its input");
        Child { process, says, hears }
    }
}

impl Child {
    /// Waits until it says something.
    pub fn says(&mut self, what: &str) {
        loop {
            let mut line = String::new();
            let read = self.says.read_line(&mut line).unwrap();
            assert!(read > 0, "the child ended before it said {what:?}");
            // The first line may begin with what the test harness says.
            if line.trim_end().ends_with(what) {
                return;
            }
        }
    }

    /// Tells it to go on.
    pub fn goes_on(&mut self) {
        self.hears.write_all(b"\n").unwrap();
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Kills it as `kill -9` does.
    pub fn dies(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Waits for it to end well.
    pub fn ends(mut self) {
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

/// Not a story: what this program does when a story has started it as a child.
#[test]
fn plays_its_part() {
    let Ok(task) = env::var(VARIABLE) else { return };
    let task: Task = serde_json::from_str(&task).unwrap();
    let database = task.database.parse().unwrap();
    let mut settings = world::settings(&task.folder, database);
    if let Some(port) = task.smtp {
        settings.mail = world::smtp_settings(port);
    }
    settings.outgoing_allowed = task.allowed.iter().map(|text| text.parse().unwrap()).collect();
    world::runtime().block_on(async {
        let clock = Clock::fixed(task.now);
        let random = Randomness::seeded(task.seed);
        let portal = world::node(&settings, clock.clone(), random, task.patience).await;
        // Failpoints hold up a thread, so what reaches one has a task of its own.
        tokio::spawn(play(portal, clock, task.part)).await.unwrap();
    });
}

fn visit(site: SiteId, number: u32) -> Visit {
    let [_, high, middle, low] = number.to_be_bytes();
    Visit {
        site,
        address: [172, 16 + high, middle, low].into(),
        user_agent: world::FIREFOX.into(),
        request_id: "child".into(),
        origin: world::ORIGIN.into(),
        here: world::ORIGIN.into(),
        language: model::account::Language::En,
        device: None,
    }
}

async fn play(portal: Portal, clock: Clock, part: Part) {
    match part {
        Part::UseLink { site, link, token, new } => {
            let visit = visit(site, 0);
            portal.use_link(&visit, link, &secret(&token), new_password(&new)).await.unwrap();
        }
        Part::ChangePassword { site, name, current, new } => {
            let visit = visit(site, 0);
            let request = SignIn { name, password: secret(&current), keep: false };
            let signed_in = portal.sign_in(&visit, request).await.unwrap();
            let actor = portal.actor(&visit, &signed_in.token).await.unwrap().unwrap();
            let request = ChangePassword {
                current: secret(&current),
                new: secret(&new),
                retype: secret(&new),
                code: secret(""),
            };
            portal.change_password(&actor, request).await.unwrap();
        }
        Part::SetPassword { site, name, customer, new } => {
            let visit = visit(site, 0);
            let current = secret(portal::DEMO_PASSWORD);
            let request = SignIn { name, password: current.clone(), keep: false };
            let signed_in = portal.sign_in(&visit, request).await.unwrap();
            let actor = portal.actor(&visit, &signed_in.token).await.unwrap().unwrap();
            portal.step_up(&actor, &current, &secret("")).await.unwrap();
            let password = StaffPassword::Typed { new: secret(&new), retype: secret(&new) };
            let request = SetPassword {
                customer,
                password,
                reason: "Called".into(),
                ticket: String::new(),
                places: "all".into(),
            };
            portal.set_customer_password(&actor, request).await.unwrap();
        }
        Part::RotateKeys => drop(portal.rotate_keys(|_, _| {}).await.unwrap()),
        Part::WorkOff => portal.work_off().await.unwrap(),
        Part::FillTheDisk { site } => {
            let mut number = 0;
            let mut ask = async || {
                number += 256;
                clock.advance(Duration::from_secs(60));
                portal.ask_for_link(&visit(site, number), &"x".repeat(250)).await
            };
            loop {
                match ask().await {
                    Ok(()) => {}
                    Err(Error::Busy { .. }) => break,
                    Err(error) => panic!("{error:?}"),
                }
            }
            for _ in 0..5 {
                world::assert_busy(ask().await);
                // Reading goes on.
                assert!(portal.ready().await);
                assert!(portal.site(None).await.unwrap().is_some());
            }
            println!("\nthe disk is full");
            std::io::stdin().read_line(&mut String::new()).unwrap();
            for _ in 0..5 {
                ask().await.unwrap();
            }
            let request = SignIn {
                name: "casey".into(),
                password: secret(portal::DEMO_PASSWORD),
                keep: false,
            };
            portal.sign_in(&visit(site, 0), request).await.unwrap();
        }
    }
    portal.close().await;
}
