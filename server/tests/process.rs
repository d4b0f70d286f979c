//! The program itself, as a process of its own: it starts, answers, drains and says what is wrong.

#![expect(clippy::disallowed_methods, reason = "a process of its own takes real time")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use portal::DEMO_PASSWORD;
use tempfile::TempDir;

/// Nothing here takes longer, on a slow and busy machine either.
const PATIENCE: Duration = Duration::from_mins(1);

fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// The program, without any setting of whoever runs the tests.
fn rekey() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rekey"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("REKEY_")) {
        command.env_remove(name);
    }
    command
}

/// A demo that runs until it is dropped.
struct Demo {
    child: Child,
    address: SocketAddr,
    log: Option<thread::JoinHandle<String>>,
}

impl Demo {
    fn start(data: &Path) -> Self {
        let mut child = rekey()
            .args(["demo", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            // Many people, each at an address of their own.
            .env("REKEY_TRUSTED_PROXIES", "127.0.0.1")
            .env("REKEY_AUDIT__ANCHOR_FILE", data.join("anchors.jsonl"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = child.stderr.take().unwrap();
        let log = thread::spawn(move || {
            let mut text = String::new();
            log.read_to_string(&mut text).unwrap();
            text
        });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.next().expect("a line on standard output").unwrap();
        let address = ready.strip_prefix("Ready: http://").expect("the line that says Ready");
        Self { address: address.parse().unwrap(), child, log: Some(log) }
    }

    /// Asks it to stop, as a service manager does.
    fn terminate(&self) {
        let kill = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits until it has ended; its exit code and its log.
    fn ended(mut self) -> (Option<i32>, String) {
        let started = Instant::now();
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code();
            }
            assert!(started.elapsed() < PATIENCE, "it does not stop");
            thread::sleep(Duration::from_millis(10));
        };
        (code, self.log.take().unwrap().join().unwrap())
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request on a connection of its own; `None` if it was not answered in full.
fn ask(address: SocketAddr, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let complete = match length {
        Some(length) => body.len() == length.parse::<usize>().unwrap(),
        None => body.ends_with("0\r\n\r\n"),
    };
    complete.then_some(answer)
}

fn get(address: SocketAddr, path: &str, cookie: &str) -> Option<String> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
    );
    ask(address, &request)
}

fn sign_in(address: SocketAddr, name: &str, client: usize) -> Option<String> {
    let (name, password) = (name.replace('@', "%40"), DEMO_PASSWORD.replace(' ', "+"));
    let body = format!("_form=%2Fapi%2Fsession%2Fsign-in&name={name}&password={password}");
    let client = format!("192.0.{}.{}", 2 + client / 200, 1 + client % 200);
    let request = format!(
        "POST /login HTTP/1.1\r\nHost: {address}\r\nSec-Fetch-Site: same-origin\r\nX-Forwarded-For: {client}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    ask(address, &request)
}

/// The cookie of the session that an answer begins.
fn session(answer: &str) -> Option<&str> {
    let mut cookies = answer.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    cookies.find(|cookie| cookie.starts_with("rekey="))?.split(';').next()
}

#[test]
fn it_drains_under_load_and_loses_nothing() {
    const CLIENTS: [&str; 6] = [
        "casey@acme.example",
        "drew@blueberry.example",
        "olivia@northwind.example",
        "arun@northwind.example",
        "ada@northwind.example",
        "freya@fjord.example",
    ];
    const SIGN_INS: usize = 60;
    let data = folder();
    let demo = Demo::start(data.path());
    let address = demo.address;
    let begun = Arc::new(AtomicUsize::new(0));
    // Each client signs in again and again; it notes what was answered, and when it asked for what
    // was not.
    let clients: Vec<_> = CLIENTS
        .into_iter()
        .map(|name| {
            let begun = Arc::clone(&begun);
            thread::spawn(move || {
                let (mut sessions, mut unanswered) = (Vec::new(), Vec::new());
                loop {
                    let number = begun.fetch_add(1, Ordering::SeqCst);
                    let asked = Instant::now();
                    match sign_in(address, name, number) {
                        Some(answer) if answer.starts_with("HTTP/1.1 303") => {
                            sessions.push(session(&answer).expect("a session").to_owned());
                        }
                        // Too much to do at the moment: nothing was promised.
                        Some(answer) => assert!(answer.starts_with("HTTP/1.1 503"), "{answer}"),
                        None => unanswered.push(asked),
                    }
                    if number >= SIGN_INS || !unanswered.is_empty() {
                        return (sessions, unanswered);
                    }
                }
            })
        })
        .collect();
    while begun.load(Ordering::SeqCst) < SIGN_INS / 2 {
        thread::sleep(Duration::from_millis(1));
    }
    let signal = Instant::now();
    demo.terminate();
    let (code, log) = demo.ended();
    assert_eq!(code, Some(0), "{log}");
    let mut sessions = Vec::new();
    for client in clients {
        let (answered, unanswered) = client.join().unwrap();
        sessions.extend(answered);
        assert!(unanswered.iter().all(|asked| *asked >= signal), "asked before, never answered");
    }
    assert!(sessions.len() > SIGN_INS / 4, "{} answers", sessions.len());
    assert!(log.contains("stopping") && log.contains("stopped"), "{log}");
    // The heads of the audit chains went to the anchor file and to the log at last.
    let anchors = std::fs::read_to_string(data.path().join("anchors.jsonl")).unwrap();
    assert!(anchors.lines().count() >= 2 && log.contains("audit head"), "{anchors}{log}");

    // What was answered is kept: every session works after a restart on the same folder.
    let demo = Demo::start(data.path());
    for session in &sessions {
        let account = get(demo.address, "/account", session).expect("an answer");
        assert!(account.starts_with("HTTP/1.1 200"), "{account}");
    }
}

#[test]
fn it_answers_on_every_name_of_this_machine_and_logs_no_token() {
    const TOKEN: &str = "Zm9vYmFyYmF6-_0123456789";
    const LINK: &str = "0198c1c1-0000-7000-8000-000000000000";
    let data = folder();
    let demo = Demo::start(data.path());
    let port = demo.address.port();
    let at = |host: &str| {
        let request =
            format!("GET /login HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
        ask(demo.address, &request).unwrap()
    };
    assert!(at("127.0.0.1").starts_with("HTTP/1.1 200"));
    assert!(at("localhost").starts_with("HTTP/1.1 200"));
    assert!(at("rekey.example").starts_with("HTTP/1.1 421"));
    let v6 = SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port));
    if std::net::TcpListener::bind((std::net::Ipv6Addr::LOCALHOST, 0)).is_ok() {
        let request =
            format!("GET /healthz HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
        assert!(ask(v6, &request).unwrap().starts_with("HTTP/1.1 200"));
    }
    let landed = get(demo.address, &format!("/reset/{LINK}/{TOKEN}"), "").unwrap();
    assert!(landed.contains(&format!("location: /reset/{LINK}\r\n")), "{landed}");
    get(demo.address, &format!("/reset/{LINK}"), &format!("rekey-link-{LINK}={TOKEN}")).unwrap();
    sign_in(demo.address, "casey", 1).unwrap();
    demo.terminate();
    let (code, log) = demo.ended();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("/reset/{link}/{token}"), "the template is logged: {log}");
    for secret in [TOKEN, LINK, "harbour", "lantern"] {
        assert!(!log.contains(secret), "the log shows {secret}: {log}");
    }
}

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let output: Output = rekey()
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(std::env::temp_dir())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn it_says_what_is_wrong_and_what_would_be_right() {
    let data = folder();
    let folder = data.path().to_str().unwrap();
    let missing = format!("{folder}/missing.toml");
    for (arguments, environment, code, words) in [
        (&[][..], &[][..], 2, "Usage: rekey"),
        (&["dance"], &[], 2, "unrecognized subcommand"),
        (&["serve", "--colour"], &[], 2, "unexpected argument"),
        (
            &["serve", "--data", folder],
            &[("REKEY_LISTNE", "x")],
            1,
            "REKEY_LISTNE is not a setting; `REKEY_LISTEN` is",
        ),
        (
            &["serve", "--data", folder, "--listen", "everywhere"],
            &[],
            1,
            "flag --listen is `everywhere`",
        ),
        (
            &["serve", "--config", &missing],
            &[],
            1,
            "missing.toml: the settings file cannot be read",
        ),
        (
            &["serve", "--data", folder],
            &[("REKEY_ORIGIN", "http://portal.example")],
            1,
            "set origin to https://",
        ),
        (
            &["serve", "--data", folder, "--listen", "0.0.0.0:0"],
            &[("REKEY_ORIGIN", "http://localhost:3000")],
            1,
            "or listen to 127.0.0.1",
        ),
        (
            &["demo", "--data", folder, "--listen", "0.0.0.0:0"],
            &[],
            1,
            "the demo is for this machine only",
        ),
        (
            &["staff", "reset-password", "nobody@nowhere.example", "--data", folder],
            &[],
            1,
            "nobody@nowhere.example",
        ),
        (&["check", "--data", folder], &[], 1, "rekey staff create"),
    ] {
        let (exit, said) = run(arguments, environment);
        assert_eq!(exit, Some(code), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?} should say {words:?}: {said}");
    }
}

#[test]
fn an_operator_begins_with_the_command_line() {
    let data = folder();
    let folder = data.path().to_str().unwrap();
    let run = |arguments: &[&str]| {
        let (code, said) = run(&[arguments, &["--data", folder]].concat(), &[]);
        assert_eq!(code, Some(0), "{arguments:?}: {said}");
        said
    };
    // Looking makes nothing.
    let (code, said) = self::run(&["check", "--data", folder], &[]);
    assert_eq!(code, Some(1), "there is nobody yet: {said}");
    assert!(said.contains("which the first start begins"), "{said}");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0, "check made a file");
    assert!(run(&["migrate"]).contains("up to date"));
    let create =
        ["staff", "create", "--organization", "Example Operations", "--name", "Olga Operator"];
    let created = run(&[&create[..], &["--email", "olga@example.com", "--role", "owner"]].concat());
    assert!(created.contains("Password, shown only now: "), "{created}");
    let reset = run(&["staff", "reset-password", "olga@example.com"]);
    assert!(reset.contains("shown only now: "), "{reset}");
    assert!(run(&["audit", "verify"]).contains("Every line is as it was written."));
    assert!(run(&["restored"]).contains("Ended: "));
    assert!(run(&["audit", "verify"]).contains("Every line is as it was written."));
}

#[test]
fn the_master_key_changes_while_people_are_served() {
    let data = folder();
    let folder = data.path().to_str().unwrap();
    let demo = Demo::start(data.path());
    let keys = |command: &str| {
        let (code, said) = run(&["keys", command, "--data", folder], &[]);
        assert_eq!(code, Some(0), "{command}: {said}");
        said
    };
    assert!(keys("status").contains("  seals; "));
    assert!(keys("add").contains("which is not used yet"));
    assert!(keys("status").contains("waits for `rekey keys rotate`"));
    assert!(keys("rotate").contains("Sealed anew with the key "));
    assert!(keys("drop").contains("Took 1 older keys out of "));
    assert_eq!(keys("status").lines().count(), 1);
    // Whoever serves seals with the new key, and opens what it seals: a mail leaves.
    let mails = || std::fs::read_dir(data.path().join("mail")).map_or(0, Iterator::count);
    let before = mails();
    let body = "_form=%2Fapi%2Fforgotten%2Fask&name=casey%40acme.example";
    let answer = ask(
        demo.address,
        &format!(
            "POST /forgot HTTP/1.1\r\nHost: {}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            demo.address,
            body.len()
        ),
    );
    assert!(answer.is_some_and(|answer| answer.starts_with("HTTP/1.1 303")));
    let started = Instant::now();
    while mails() == before {
        assert!(started.elapsed() < PATIENCE, "no mail leaves");
        thread::sleep(Duration::from_millis(10));
    }
    demo.terminate();
    assert_eq!(demo.ended().0, Some(0));
}
