//! Secrets stay where they belong: not in logs, at no level, and not in errors.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use portal::{ChangePassword, DEMO_PASSWORD, NewPassword, SignIn};

use crate::{
    smtp::{At, Behaviour, ScriptedSmtp},
    sql::values,
    world::{NEW, OTHER, WRONG, World, secret, smtp_settings, stories},
};

stories! {
    no_secret_reaches_the_log,
    no_form_shows_its_secrets,
    a_secret_that_is_not_kept_is_found,
}

/// A log that is kept.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn a_secret_that_is_not_kept_is_found(world: &mut World) {
    assert_eq!(world.told_secret().await, None);
    // What was in a file stays in it for a while.
    world.leaves.told_secret = true;
    world.sql.run("INSERT INTO meta (name, value) VALUES ($1, $2)", values![NEW, vec![0_u8]]).await;
    let told = world.told_secret().await.expect("as text");
    assert!(told.starts_with(NEW), "{told}");
    world.sql.run("DELETE FROM meta WHERE name = $1", values![NEW]).await;
    let bytes = format!("before {OTHER} after").into_bytes();
    world.sql.run("INSERT INTO meta (name, value) VALUES ($1, $2)", values!["told", bytes]).await;
    let told = world.told_secret().await.expect("as bytes");
    assert!(told.contains("stands in the database"), "{told}");
}

async fn no_secret_reaches_the_log(world: &mut World) {
    let log = Log::default();
    let writer = log.clone();
    // Of other stories that share this process, nobody looks for secrets.
    let first = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .try_init()
        .is_ok();
    let quoting = Behaviour::Answer(At::Body, "450 4.7.1 try later");
    let server = ScriptedSmtp::start(vec![quoting, Behaviour::Drop(At::Body)]).await;
    let port = server.port();
    world.restart(|settings| settings.mail = smtp_settings(port)).await;
    let casey = world.person("casey").await;
    world.sign_in(&world.visit(), "casey", WRONG).await.unwrap_err();
    world.sign_in(&world.visit(), OTHER, WRONG).await.unwrap_err();
    world.portal.ask_for_link(&world.visit(), "casey").await.unwrap();
    world.portal.ask_for_link(&world.visit(), OTHER).await.unwrap();
    for seconds in [0, 5, 30] {
        world.seconds_pass(seconds);
        world.portal.work_off().await.unwrap();
    }
    let url = server.received().last().expect("a mail").link();
    let mut words = url.rsplit('/');
    let token = secret(words.next().unwrap());
    world.is_secret(&token);
    let id = words.next().unwrap().parse().unwrap();
    let request = NewPassword { new: secret(NEW), retype: secret(OTHER), ..NewPassword::default() };
    world.portal.use_link(&world.visit(), id, &token, request).await.unwrap_err();
    let request = NewPassword { new: secret(NEW), retype: secret(NEW), ..NewPassword::default() };
    world.portal.use_link(&world.visit(), id, &token, request).await.unwrap();
    let entered = world.enters_with("casey", NEW).await;
    world.change_password(&entered, WRONG, OTHER).await.unwrap_err();
    world.change_password(&entered, NEW, OTHER).await.unwrap();
    let staff = world.portal.reset_staff_password("olivia@northwind.example", None).await.unwrap();
    world.is_secret(&staff);
    // Broken in the middle of everything.
    world
        .sql
        .run("UPDATE accounts SET language = 'tlh' WHERE email = 'drew@blueberry.example'", [])
        .await;
    let error =
        world.sign_in(&world.visit(), "drew@blueberry.example", DEMO_PASSWORD).await.unwrap_err();
    let mut told = format!("{error:?} {error:#}");
    world.portal.work_off().await.unwrap();
    assert!(world.lets_in(&casey, OTHER).await);

    if first {
        let log = log.0.lock().unwrap();
        told += &String::from_utf8_lossy(&log);
        assert!(told.contains("INSERT INTO sessions"), "the log tells of everything else");
        assert!(told.contains("mail postponed"));
    }
    for secret in world.secrets() {
        assert!(!told.contains(&secret), "{secret} was logged");
    }
}

async fn no_form_shows_its_secrets(_: &mut World) {
    let sign_in = SignIn { name: "casey".into(), password: secret(NEW), keep: false };
    let change = ChangePassword {
        current: secret(NEW),
        new: secret(NEW),
        retype: secret(NEW),
        code: secret(""),
    };
    let new = NewPassword { new: secret(NEW), retype: secret(NEW), ..NewPassword::default() };
    for shown in [format!("{sign_in:?}"), format!("{change:?}"), format!("{new:?}")] {
        assert!(!shown.contains(NEW), "{shown}");
        assert!(shown.contains("Secret(…)"));
    }
}
