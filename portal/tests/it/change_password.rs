//! Changing one's own password with the current one.

use std::time::Duration;

use model::{Refusal, refusal::Problem};
use portal::{ChangePassword, DEMO_PASSWORD};

use crate::world::{NEW, OTHER, WRONG, World, refusal, secret, stories, wait};

stories! {
    the_new_password_works_and_the_old_one_does_not,
    this_session_goes_on_under_a_new_token,
    all_other_sessions_and_devices_end,
    a_kept_session_stays_kept,
    a_notice_is_mailed,
    open_links_are_void,
    a_wrong_current_password_is_counted,
    a_refused_new_password_is_no_wrong_guess,
    every_problem_is_said_beside_its_field,
    two_changes_at_once_have_one_winner,
    the_page_says_when_it_was_changed_and_what_is_asked,
}

async fn the_new_password_works_and_the_old_one_does_not(world: &mut World) {
    let casey = world.enters("casey").await;
    world.change_password(&casey, DEMO_PASSWORD, NEW).await.unwrap();
    assert!(world.lets_in(&casey.person, NEW).await);
    assert!(!world.lets_in(&casey.person, DEMO_PASSWORD).await);
    assert_eq!(
        world.recorded(&casey.person).await[..3],
        ["signed_in done", "reset_started begun", "password_changed done"]
    );
    let resets: Vec<(String, String)> =
        world.sql.rows("SELECT state, delivery FROM resets", []).await;
    assert_eq!(resets, [("done".into(), "own_change".into())]);
    let targets: Vec<(String, String)> =
        world.sql.rows("SELECT kind, state FROM reset_targets", []).await;
    assert_eq!(targets, [("portal".into(), "applied".into())]);
    world.mails().await;
}

async fn this_session_goes_on_under_a_new_token(world: &mut World) {
    let casey = world.enters("casey").await;
    let changed = world.change_password(&casey, DEMO_PASSWORD, NEW).await.unwrap();
    assert!(!world.holds(&casey).await);
    let actor = world.portal.actor(&casey.visit, &changed.token).await.unwrap().unwrap();
    assert_eq!(actor.session, casey.session());
    assert_eq!(changed.max_age, None);
    world.mails().await;
}

async fn all_other_sessions_and_devices_end(world: &mut World) {
    let (desk, phone, drew) =
        (world.enters("casey").await, world.enters("casey").await, world.enters("drew").await);
    let changed = world.change_password(&desk, DEMO_PASSWORD, NEW).await.unwrap();
    assert!(!world.holds(&phone).await);
    assert!(world.holds(&drew).await);
    // Only the device it was changed on is known: a flood shuts the others out.
    for _ in 0..5 {
        world.sign_in(&world.visit_from_anywhere(), "casey", WRONG).await.unwrap_err();
    }
    wait(world.sign_in(&phone.known_visit(), "casey", NEW).await);
    wait(world.sign_in(&desk.known_visit(), "casey", NEW).await);
    let desk = portal::Visit { device: changed.device, ..desk.visit };
    world.sign_in(&desk, "casey", NEW).await.unwrap();
    world.mails().await;
}

async fn a_kept_session_stays_kept(world: &mut World) {
    let person = world.person("casey").await;
    let visit = world.visit();
    let kept = world.sign_in_and_keep(&visit, "casey", DEMO_PASSWORD, true).await.unwrap();
    let casey = world.came_in(person, visit, kept).await;
    let changed = world.change_password(&casey, DEMO_PASSWORD, NEW).await.unwrap();
    assert_eq!(changed.max_age, Some(Duration::from_secs(14 * 86_400)));
    world.mails().await;
}

async fn a_notice_is_mailed(world: &mut World) {
    let casey = world.enters("casey").await;
    world.change_password(&casey, DEMO_PASSWORD, NEW).await.unwrap();
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].to.as_str(), mails[0].subject.as_str()),
        ("casey@acme.example", "Your password was changed")
    );
    for part in ["Firefox on Windows", &casey.visit.address.to_string(), "2 March 2026, 09:00 UTC"]
    {
        assert!(mails[0].says(part), "{part} in {}", mails[0].text);
    }
    let link = world.link_in(&mails[0]);
    assert!(link.path().starts_with("/confirm/"));
    assert_eq!(world.opens(&link).await.unwrap().email, "c•••y@acme.example");
}

async fn open_links_are_void(world: &mut World) {
    let casey = world.enters("casey").await;
    let link = world.mailed_link(&casey.person).await;
    world.change_password(&casey, DEMO_PASSWORD, NEW).await.unwrap();
    assert_eq!(refusal(world.uses(&link, OTHER).await), Refusal::LinkUnusable);
    assert_eq!(world.reset_states(&casey.person).await, ["cancelled", "done"]);
    assert!(world.lets_in(&casey.person, NEW).await);
    world.mails().await;
}

async fn a_wrong_current_password_is_counted(world: &mut World) {
    let casey = world.enters("casey").await;
    let wrong = || Refusal::field("current", Problem::CurrentPasswordWrong);
    let mut waits = Vec::new();
    for _ in 0..10 {
        assert_eq!(refusal(world.change_password(&casey, WRONG, NEW).await), wrong());
        // Holds off the right one too.
        let held_off = world.change_password(&casey, DEMO_PASSWORD, "short").await;
        let seconds = match refusal(held_off) {
            Refusal::Wait { seconds } => {
                world.seconds_pass(seconds.into());
                seconds
            }
            // It got as far as the new one, which forgets the wrong guesses.
            Refusal::Fields(_) => 0,
            other => panic!("{other:?}"),
        };
        waits.push(seconds);
        if seconds == 0 {
            break;
        }
    }
    assert_eq!(waits, [0]);
    waits.clear();
    for number in 1..=10 {
        assert_eq!(refusal(world.change_password(&casey, WRONG, NEW).await), wrong());
        if number >= 5 {
            let seconds = wait(world.change_password(&casey, DEMO_PASSWORD, NEW).await);
            world.seconds_pass(seconds.into());
            waits.push(seconds);
        }
    }
    assert_eq!(waits, [1, 3, 5, 10, 10, 900]);
    // Signing in counts apart; and afterwards it works.
    assert!(world.lets_in(&casey.person, DEMO_PASSWORD).await);
    assert_eq!(
        world.change_password(&casey, "", NEW).await.err().map(|e| e.to_string()),
        Some(portal::Error::field("current", Problem::Required).to_string())
    );
    world.change_password(&casey, DEMO_PASSWORD, NEW).await.unwrap();
    world.mails().await;
}

async fn a_refused_new_password_is_no_wrong_guess(world: &mut World) {
    let casey = world.enters("casey").await;
    for _ in 0..12 {
        let refused = refusal(world.change_password(&casey, DEMO_PASSWORD, "too short").await);
        let short = Problem::PasswordTooShort { min: 15, have: 9 };
        assert_eq!(refused, Refusal::field("new", short));
    }
    assert!(world.holds(&casey).await);
    world.change_password(&casey, DEMO_PASSWORD, NEW).await.unwrap();
    world.mails().await;
}

async fn every_problem_is_said_beside_its_field(world: &mut World) {
    let casey = world.enters("casey").await;
    for (current, new, retype, field, problem) in [
        ("", NEW, NEW, "current", Problem::Required),
        (&*"x".repeat(1 << 20), NEW, NEW, "current", Problem::CurrentPasswordWrong),
        (DEMO_PASSWORD, "", "", "new", Problem::Required),
        (DEMO_PASSWORD, NEW, "", "retype", Problem::Required),
        (DEMO_PASSWORD, NEW, OTHER, "retype", Problem::RetypeDiffers),
        (DEMO_PASSWORD, DEMO_PASSWORD, DEMO_PASSWORD, "new", Problem::PasswordUsedBefore),
    ] {
        let request = ChangePassword {
            current: secret(current),
            new: secret(new),
            retype: secret(retype),
            code: secret(""),
        };
        let refused = refusal(world.portal.change_password(&casey.actor, request).await);
        assert_eq!(refused, Refusal::field(field, problem));
    }
    assert!(world.lets_in(&casey.person, DEMO_PASSWORD).await);
    assert_eq!(world.reset_states(&casey.person).await, [""; 0]);
}

async fn two_changes_at_once_have_one_winner(world: &mut World) {
    let (desk, phone) = (world.enters("casey").await, world.enters("casey").await);
    let (first, second) = tokio::join!(
        world.change_password(&desk, DEMO_PASSWORD, NEW),
        world.change_password(&phone, DEMO_PASSWORD, OTHER),
    );
    let (winner, loser) = if first.is_ok() { (NEW, second) } else { (OTHER, first) };
    assert_eq!(refusal(loser), Refusal::field("current", Problem::CurrentPasswordWrong));
    assert!(world.lets_in(&desk.person, winner).await);
    assert_eq!(world.reset_states(&desk.person).await, ["done"]);
    world.mails().await;
}

async fn the_page_says_when_it_was_changed_and_what_is_asked(world: &mut World) {
    world.sets_rule("Northwind Backup", "password_length_alone", Some(20), None).await;
    let casey = world.enters("casey").await;
    let before = world.portal.password_view(&casey.actor).await.unwrap();
    assert_eq!((before.rules.shortest, before.rules.longest), (20, 256));
    world.minutes_pass(1);
    let new = "a rather longer passphrase";
    let changed = world.change_password(&casey, DEMO_PASSWORD, new).await.unwrap();
    world.is_secret(&secret(new));
    let actor = world.portal.actor(&casey.visit, &changed.token).await.unwrap().unwrap();
    let after = world.portal.password_view(&actor).await.unwrap();
    assert_eq!(after.changed_at, Some(world.now()));
    assert!(before.changed_at < after.changed_at);
    world.mails().await;
}
