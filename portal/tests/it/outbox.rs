//! Mail on its way, and what mail servers do to it.

use std::{collections::HashSet, time::Duration};

use model::Moment;
use portal::{Portal, mail::MailTransport};
use tokio::sync::watch;

use crate::{
    smtp::{At, Behaviour, ScriptedSmtp},
    sql::values,
    world::{NEW, Person, World, smtp_settings, stories},
};

stories! {
    a_mail_is_sealed_until_it_is_sent_and_then_wiped,
    it_is_the_sites_mail,
    a_server_that_is_not_there_is_tried_again,
    nine_more_tries_at_growing_distances,
    a_mail_refused_for_good_is_kept_without_its_words,
    a_server_that_hangs_keeps_nobody_waiting,
    a_connection_cut_after_the_letter_means_the_same_letter_again,
    a_link_that_is_over_is_not_sent,
    after_three_days_it_is_too_late,
    a_mail_that_somebody_is_sending_is_left_to_them,
    a_mail_that_cannot_be_opened_is_given_up,
    a_mail_under_another_master_key_waits_for_that_key,
    dead_letters_are_kept,
    workers_send_at_once_and_stop_when_told,
    workers_stop_when_nobody_can_tell_them_any_more,
}

/// What the outbox says of a mail.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    state: String,
    attempts: i32,
    due_at: Moment,
    lease_until: Option<Moment>,
    answer: Option<String>,
    sealed: Option<Vec<u8>>,
    finished_at: Option<Moment>,
}

/// The mails of a kind.
async fn rows(world: &World, kind: &str) -> Vec<Row> {
    world
        .sql
        .rows(
            "SELECT state, attempts, due_at, lease_until, answer, sealed, finished_at FROM outbox WHERE kind = $1 ORDER BY created_at, id",
            values![kind],
        )
        .await
}

/// The only mail of a kind.
async fn row(world: &World, kind: &str) -> Row {
    let mut rows = rows(world, kind).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

/// A mail server that does as it is told, and a Portal that uses it.
async fn server(world: &mut World, script: Vec<Behaviour>) -> ScriptedSmtp {
    let server = ScriptedSmtp::start(script).await;
    let port = server.port();
    world.restart(|settings| settings.mail = smtp_settings(port)).await;
    server
}

/// Casey's password is changed, and a notice of it waits.
async fn a_notice_waits(world: &World) -> Person {
    let casey = world.person("casey").await;
    let entered = world.enters("casey").await;
    world.change_password(&entered, portal::DEMO_PASSWORD, NEW).await.unwrap();
    casey
}

async fn a_mail_is_sealed_until_it_is_sent_and_then_wiped(world: &mut World) {
    world.restart(|settings| settings.mail.transport = MailTransport::None).await;
    world.portal.ask_for_link(&world.visit(), "casey").await.unwrap();
    world.portal.work_off().await.unwrap();
    let waiting = row(world, "reset_link").await;
    assert_eq!((waiting.state.as_str(), waiting.finished_at), ("waiting", None));
    let sealed = waiting.sealed.unwrap();
    for part in [&b"/reset/"[..], b"Casey", b"https"] {
        assert!(!sealed.windows(part.len()).any(|window| window == part));
    }
    let server = server(world, vec![]).await;
    world.minutes_pass(1);
    world.portal.work_off().await.unwrap();
    let mail = &server.received()[0];
    let (_, token) =
        mail.link().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    world.is_secret(&crate::world::secret(&token));
    let sent = row(world, "reset_link").await;
    assert_eq!(sent.state, "sent");
    assert!(sent.sealed.is_none() && sent.lease_until.is_none());
    assert_eq!(sent.finished_at, Some(world.now()));
    assert_eq!(sent.answer.as_deref(), Some("250 2.0.0 queued"));
    // Nothing is sent a second time.
    world.days_pass(1);
    world.portal.work_off().await.unwrap();
    assert_eq!(server.received().len(), 1);
}

async fn it_is_the_sites_mail(world: &mut World) {
    let server = server(world, vec![]).await;
    let theirs = world.customer_of("Contoso Cloud").await;
    world.asks_for_link(&world.visit_at(world.contoso), &theirs.email).await;
    world.asks_for_link(&world.visit(), "casey").await;
    let mails = server.received();
    let of = |to: &str| mails.iter().find(|mail| mail.to == [to]).expect("a mail");
    let (contoso, northwind) = (of(&theirs.email), of("casey@acme.example"));
    assert_eq!(contoso.header("From").as_deref(), Some("\"Contoso Cloud\" <rekey@rekey.example>"));
    assert_eq!(contoso.header("Reply-To").as_deref(), Some("support@contoso.example"));
    assert_eq!(
        northwind.header("From").as_deref(),
        Some("\"Northwind Backup\" <rekey@rekey.example>")
    );
    assert_eq!(northwind.header("Reply-To").as_deref(), Some("support@northwind.example"));
}

async fn a_server_that_is_not_there_is_tried_again(world: &mut World) {
    let server = server(world, vec![]).await;
    let port = server.port();
    drop(server);
    // The port may be taken by then; nothing that is there speaks SMTP for long.
    world.portal.ask_for_link(&world.visit(), "casey").await.unwrap();
    world.portal.work_off().await.unwrap();
    let waiting = row(world, "reset_link").await;
    assert_eq!((waiting.state.as_str(), waiting.attempts), ("waiting", 1));
    assert_eq!(waiting.due_at, world.now().plus(Duration::from_secs(5)));
    assert!(waiting.sealed.is_some() && waiting.lease_until.is_none());
    assert!(waiting.answer.is_some());
    let back = ScriptedSmtp::start(vec![Behaviour::Answer(At::Connect, "421 4.3.2 not now")]).await;
    assert_ne!(back.port(), port);
    let port = back.port();
    world.restart(|settings| settings.mail = smtp_settings(port)).await;
    world.seconds_pass(4);
    world.portal.work_off().await.unwrap();
    assert_eq!(back.connections(), 0);
    world.seconds_pass(1);
    world.portal.work_off().await.unwrap();
    let waiting = row(world, "reset_link").await;
    assert_eq!(waiting.answer.as_deref(), Some("421 4.3.2 not now"));
    assert_eq!(waiting.due_at, world.now().plus(Duration::from_secs(30)));
    world.seconds_pass(30);
    world.portal.work_off().await.unwrap();
    assert_eq!(row(world, "reset_link").await.state, "sent");
    assert_eq!(back.received().len(), 1);
}

async fn nine_more_tries_at_growing_distances(world: &mut World) {
    let later = Behaviour::Answer(At::Recipient, "450 4.2.0 later");
    let server = server(world, vec![later; 10]).await;
    a_notice_waits(world).await;
    let mut distances = Vec::new();
    loop {
        world.portal.work_off().await.unwrap();
        let mail = row(world, "password_changed").await;
        assert_eq!(mail.answer.as_deref(), Some("450 4.2.0 later"));
        if mail.state != "waiting" {
            assert_eq!(mail.state, "dead");
            assert_eq!(mail.attempts, 10);
            assert!(mail.sealed.is_none());
            break;
        }
        let distance = mail.due_at.since(world.now()).as_secs();
        distances.push(distance);
        world.seconds_pass(distance - 1);
        world.portal.work_off().await.unwrap();
        world.seconds_pass(1);
    }
    assert_eq!(distances, [5, 30, 120, 600, 1_800, 3_600, 21_600, 43_200, 86_400]);
    assert_eq!(server.received().len(), 0);
}

async fn a_mail_refused_for_good_is_kept_without_its_words(world: &mut World) {
    let server =
        server(world, vec![Behaviour::Answer(At::Recipient, "550 5.1.1 no such user")]).await;
    let casey = a_notice_waits(world).await;
    world.portal.work_off().await.unwrap();
    let dead = row(world, "password_changed").await;
    assert_eq!((dead.state.as_str(), dead.attempts), ("dead", 1));
    assert_eq!(dead.answer.as_deref(), Some("550 5.1.1 no such user"));
    assert!(dead.sealed.is_none());
    assert_eq!(world.portal.mail_backlog().await.unwrap(), (0, 1));
    // The next one is not held up.
    world.asks_for_link(&world.visit(), &casey.email).await;
    assert_eq!(server.received().len(), 1);
}

async fn a_server_that_hangs_keeps_nobody_waiting(world: &mut World) {
    let server = server(world, vec![Behaviour::Hang(At::Body)]).await;
    world.restart(|settings| settings.mail.timeout_seconds = 2).await;
    world.portal.ask_for_link(&world.visit(), "casey").await.unwrap();
    let portal = world.portal.clone();
    let sending = tokio::spawn(async move { portal.work_off().await });
    server.wait_for(1).await;
    // Meanwhile people come and go.
    let entered = world.enters("drew").await;
    world.portal.ask_for_link(&world.visit(), "nobody").await.unwrap();
    world.change_password(&entered, portal::DEMO_PASSWORD, NEW).await.unwrap();
    assert!(!sending.is_finished());
    sending.await.unwrap().unwrap();
    let waiting = row(world, "reset_link").await;
    assert_eq!(waiting.state, "waiting");
    assert!(waiting.answer.as_ref().unwrap().contains("may have arrived"), "{waiting:?}");
    world.seconds_pass(5);
    world.portal.work_off().await.unwrap();
    assert_eq!(row(world, "reset_link").await.state, "sent");
    let letters = server.received();
    let first: Vec<_> = letters.iter().filter(|mail| mail.to == ["casey@acme.example"]).collect();
    assert_eq!(first.len(), 2);
    assert_eq!(first[0], first[1]);
}

async fn a_connection_cut_after_the_letter_means_the_same_letter_again(world: &mut World) {
    let server = server(world, vec![Behaviour::Drop(At::Body); 3]).await;
    a_notice_waits(world).await;
    for seconds in [0, 5, 30, 120] {
        world.seconds_pass(seconds);
        world.portal.work_off().await.unwrap();
    }
    let letters = server.received();
    assert_eq!(letters.len(), 4);
    let ids: HashSet<_> = letters.iter().map(|mail| mail.header("Message-ID").unwrap()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert!(letters.iter().all(|mail| mail == &letters[0]));
    assert_eq!(row(world, "password_changed").await.state, "sent");
}

async fn a_link_that_is_over_is_not_sent(world: &mut World) {
    let server = server(world, vec![Behaviour::Answer(At::Connect, "421 4.3.2 not now")]).await;
    world.portal.ask_for_link(&world.visit(), "casey").await.unwrap();
    world.portal.work_off().await.unwrap();
    world.minutes_pass(30);
    world.portal.work_off().await.unwrap();
    let mail = row(world, "reset_link").await;
    assert_eq!(mail.state, "expired");
    assert!(mail.sealed.is_none());
    assert_eq!(server.received().len(), 0);

    // Without mail settings nobody tries, and a round of tidying up wipes it.
    world.restart(|settings| settings.mail.transport = MailTransport::None).await;
    world.portal.ask_for_link(&world.visit(), "casey").await.unwrap();
    world.portal.work_off().await.unwrap();
    world.minutes_pass(30);
    world.portal.tidy().await.unwrap();
    let rows = rows(world, "reset_link").await;
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row.state == "expired" && row.sealed.is_none()));
}

async fn after_three_days_it_is_too_late(world: &mut World) {
    world.restart(|settings| settings.mail.transport = MailTransport::None).await;
    a_notice_waits(world).await;
    world.days_pass(3);
    world.portal.work_off().await.unwrap();
    let mail = row(world, "password_changed").await;
    assert_eq!((mail.state.as_str(), mail.sealed), ("expired", None));
}

async fn a_mail_that_somebody_is_sending_is_left_to_them(world: &mut World) {
    world.restart(|settings| settings.mail.transport = MailTransport::None).await;
    a_notice_waits(world).await;
    let until = world.now().plus(Duration::from_secs(60));
    let sql = "UPDATE outbox SET lease_until = $1";
    world.sql.run(sql, values![until]).await;
    let server = server(world, vec![]).await;
    world.seconds_pass(60);
    world.portal.work_off().await.unwrap();
    assert_eq!(server.connections(), 0);
    world.seconds_pass(1);
    world.portal.work_off().await.unwrap();
    assert_eq!(server.received().len(), 1);
}

async fn a_mail_that_cannot_be_opened_is_given_up(world: &mut World) {
    world.restart(|settings| settings.mail.transport = MailTransport::None).await;
    a_notice_waits(world).await;
    let mut seal = row(world, "password_changed").await.sealed.unwrap();
    *seal.last_mut().unwrap() ^= 1;
    world.sql.run("UPDATE outbox SET sealed = $1", values![seal]).await;
    let server = server(world, vec![]).await;
    world.portal.work_off().await.unwrap();
    let mail = row(world, "password_changed").await;
    assert_eq!((mail.state.as_str(), mail.sealed), ("dead", None));
    assert!(mail.answer.unwrap().contains("a seal is broken"));
    assert_eq!(server.connections(), 0);
}

async fn a_mail_under_another_master_key_waits_for_that_key(world: &mut World) {
    world.restart(|settings| settings.mail.transport = MailTransport::None).await;
    a_notice_waits(world).await;
    let seal = row(world, "password_changed").await.sealed.unwrap();
    world.sql.run("UPDATE outbox SET sealed = $1", values![vec![7u8; 64]]).await;
    let server = server(world, vec![]).await;
    world.portal.work_off().await.unwrap();
    let mail = row(world, "password_changed").await;
    assert_eq!(mail.state, "waiting");
    assert!(mail.answer.unwrap().contains("another master key"));
    // The right file of keys is there.
    world.sql.run("UPDATE outbox SET sealed = $1", values![seal]).await;
    world.seconds_pass(5);
    world.portal.work_off().await.unwrap();
    assert_eq!(server.received().len(), 1);
}

async fn dead_letters_are_kept(world: &mut World) {
    let _server = server(world, vec![Behaviour::Answer(At::Data, "554 5.7.1 no")]).await;
    a_notice_waits(world).await;
    world.portal.work_off().await.unwrap();
    world.asks_for_link(&world.visit(), "casey").await;
    world.days_pass(400);
    world.portal.tidy().await.unwrap();
    assert_eq!(row(world, "password_changed").await.state, "dead");
    assert_eq!(rows(world, "reset_link").await.len(), 0);
}

async fn workers_send_at_once_and_stop_when_told(world: &mut World) {
    let server = server(world, vec![]).await;
    let (stop, stopped) = watch::channel(false);
    let workers = tokio::spawn(Portal::run(world.portal.clone(), stopped));
    for (number, who) in
        ["casey", "drew@blueberry.example", "lou@lakeside.example"].into_iter().enumerate()
    {
        world.portal.ask_for_link(&world.visit(), who).await.unwrap();
        server.wait_for(number + 1).await;
    }
    stop.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(20), workers).await.expect("they stop").unwrap();
    // What was under way was finished.
    assert_eq!(world.work_left().await, (0, 0, 0));
    world.leaves.work = true;
    world.portal.ask_for_link(&world.visit(), "arun@northwind.example").await.unwrap();
    assert_eq!(world.work_left().await, (0, 1, 0));
}

async fn workers_stop_when_nobody_can_tell_them_any_more(world: &mut World) {
    let (stop, stopped) = watch::channel(false);
    let workers = tokio::spawn(Portal::run(world.portal.clone(), stopped));
    drop(stop);
    tokio::time::timeout(Duration::from_secs(20), workers).await.expect("they stop").unwrap();
}
