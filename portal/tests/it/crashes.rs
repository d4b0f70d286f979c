//! `kill -9` at every step: the next start finds one truth and finishes it.

use portal::DEMO_PASSWORD;

use crate::{
    child::Part,
    smtp::ScriptedSmtp,
    world::{Link, NEW, OTHER, Person, World, smtp_settings, stories},
};

stories! {
    before_the_decision_nothing_happened,
    after_the_decision_it_is_finished,
    before_the_last_commit_it_is_finished,
    after_the_last_commit_it_is_done,
    a_change_of_ones_own_is_finished,
    a_crash_and_a_newer_reset,
    a_request_for_a_link_is_answered_once,
    a_mail_that_was_taken_is_sent,
    a_mail_that_was_sent_comes_again_as_the_same_one,
}

fn use_link(link: &Link, new: &str) -> impl FnOnce(&World) -> Part {
    let (link, new) = (link.clone(), new.to_owned());
    move |world| Part::UseLink {
        site: world.northwind,
        link: link.id,
        token: link.token.reveal().to_owned(),
        new,
    }
}

/// A child plays a part up to a failpoint and is killed there; then Rekey starts again.
async fn killed_at(world: &mut World, failpoint: &str, part: impl FnOnce(&World) -> Part) {
    let part = part(world);
    let mut child = world.child(part, None, failpoint);
    child.says(&format!("failpoint: {failpoint}"));
    child.dies();
    world.restart(|_| {}).await;
}

/// Exactly one of the two passwords lets Casey in.
async fn the_password_is(world: &World, casey: &Person, this: &str, not_that: &str) {
    assert!(world.lets_in(casey, this).await);
    assert!(!world.lets_in(casey, not_that).await);
}

async fn it_was_done_once(world: &World, casey: &Person) {
    assert_eq!(world.reset_states(casey).await, ["done"]);
    assert_eq!(world.count_recorded(casey, "reset_started").await, 1);
    assert_eq!(world.count_recorded(casey, "reset_done").await, 1);
    world.notice_for(casey).await;
}

async fn before_the_decision_nothing_happened(world: &mut World) {
    let casey = world.enters("casey").await;
    let link = world.mailed_link(&casey.person).await;
    killed_at(world, "reset-before-decision", use_link(&link, NEW)).await;
    assert!(world.holds(&casey).await);
    the_password_is(world, &casey.person, DEMO_PASSWORD, NEW).await;
    assert_eq!(world.reset_states(&casey.person).await, ["waiting_for_customer"]);
    assert_eq!(world.count_recorded(&casey.person, "reset_started").await, 0);
    // The link is as good as before.
    world.uses(&link, OTHER).await.unwrap();
    the_password_is(world, &casey.person, OTHER, NEW).await;
    it_was_done_once(world, &casey.person).await;
}

async fn is_finished_after(world: &mut World, failpoint: &str) {
    let casey = world.enters("casey").await;
    let link = world.mailed_link(&casey.person).await;
    killed_at(world, failpoint, use_link(&link, NEW)).await;
    // Decided: sessions are over, the link is used up; until it is finished, the old one works.
    assert!(!world.holds(&casey).await);
    assert!(world.uses(&link, OTHER).await.is_err());
    the_password_is(world, &casey.person, DEMO_PASSWORD, NEW).await;
    world.seconds_pass(11);
    world.portal.work_off().await.unwrap();
    the_password_is(world, &casey.person, NEW, DEMO_PASSWORD).await;
    it_was_done_once(world, &casey.person).await;
}

async fn after_the_decision_it_is_finished(world: &mut World) {
    is_finished_after(world, "reset-decided").await;
}

async fn before_the_last_commit_it_is_finished(world: &mut World) {
    is_finished_after(world, "reset-before-commit").await;
}

async fn after_the_last_commit_it_is_done(world: &mut World) {
    let casey = world.person("casey").await;
    let link = world.mailed_link(&casey).await;
    killed_at(world, "reset-done", use_link(&link, NEW)).await;
    the_password_is(world, &casey, NEW, DEMO_PASSWORD).await;
    it_was_done_once(world, &casey).await;
}

async fn a_change_of_ones_own_is_finished(world: &mut World) {
    let casey = world.person("casey").await;
    for (failpoint, current, new) in
        [("reset-decided", DEMO_PASSWORD, NEW), ("reset-before-commit", NEW, OTHER)]
    {
        killed_at(world, failpoint, |world| Part::ChangePassword {
            site: world.northwind,
            name: "casey".into(),
            current: current.into(),
            new: new.into(),
        })
        .await;
        the_password_is(world, &casey, current, new).await;
        world.seconds_pass(11);
        world.portal.work_off().await.unwrap();
        the_password_is(world, &casey, new, current).await;
        world.notice_for(&casey).await;
    }
    assert_eq!(world.count_recorded(&casey, "reset_started").await, 2);
    assert_eq!(world.count_recorded(&casey, "password_changed").await, 2);
}

async fn a_crash_and_a_newer_reset(world: &mut World) {
    let casey = world.person("casey").await;
    let link = world.mailed_link(&casey).await;
    killed_at(world, "reset-decided", use_link(&link, NEW)).await;
    world.resets(&casey, OTHER).await;
    world.seconds_pass(11);
    world.portal.work_off().await.unwrap();
    the_password_is(world, &casey, OTHER, NEW).await;
    assert_eq!(world.reset_states(&casey).await, ["cancelled", "done"]);
    world.notice_for(&casey).await;
}

async fn a_request_for_a_link_is_answered_once(world: &mut World) {
    let casey = world.person("casey").await;
    world.portal.ask_for_link(&world.visit(), "casey").await.unwrap();
    killed_at(world, "forgotten-before-commit", |_| Part::WorkOff).await;
    assert_eq!(world.work_left().await, (0, 1, 0));
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(world.recorded(&casey).await, ["reset_link_sent done"]);
    world.uses(&world.link_in(&mails[0]), NEW).await.unwrap();
    the_password_is(world, &casey, NEW, DEMO_PASSWORD).await;
    world.mails().await;
}

/// Casey asked for a link; the mail about it meets a crash.
async fn mail_killed_at(world: &mut World, failpoint: &str) -> ScriptedSmtp {
    let server = ScriptedSmtp::start(vec![]).await;
    let port = server.port();
    world.portal.ask_for_link(&world.visit(), "casey").await.unwrap();
    let mut child = world.child(Part::WorkOff, Some(port), failpoint);
    child.says(&format!("failpoint: {failpoint}"));
    child.dies();
    world.restart(|settings| settings.mail = smtp_settings(port)).await;
    // It may still be on its way, as far as anybody knows.
    let before = server.received().len();
    world.portal.work_off().await.unwrap();
    assert_eq!(server.received().len(), before);
    world.minutes_pass(1);
    world.portal.work_off().await.unwrap();
    server
}

async fn a_mail_that_was_taken_is_sent(world: &mut World) {
    let server = mail_killed_at(world, "mail-taken").await;
    assert_eq!(server.received().len(), 1);
    assert_eq!(world.mail_states(&world.person("casey").await).await, ["sent"]);
}

async fn a_mail_that_was_sent_comes_again_as_the_same_one(world: &mut World) {
    let server = mail_killed_at(world, "mail-sent").await;
    let mails = server.received();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0], mails[1]);
    assert!(mails[0].header("Message-ID").is_some());
    assert_eq!(world.mail_states(&world.person("casey").await).await, ["sent"]);
}
