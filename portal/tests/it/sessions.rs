//! Being signed in: for how long, where, and how it ends.

use std::time::Duration;

use model::{
    Moment, Refusal,
    account::{Device, SessionView},
    id::SessionId,
};
use portal::{DEMO_PASSWORD, Visit};
use uuid::Uuid;

use crate::{
    sql::values,
    world::{Entered, START, World, refusal, secret, stories},
};

stories! {
    a_customers_session_rests_for_half_an_hour,
    a_customers_session_lasts_for_half_a_day,
    a_session_of_staff_rests_for_an_hour_and_lasts_for_a_day,
    who_stays_signed_in_stays_for_two_weeks,
    a_policy_shortens_sessions,
    a_session_is_held_by_its_token_only,
    signing_out_ends_the_session,
    sessions_are_listed_with_device_and_address,
    one_session_is_ended_from_another,
    all_other_sessions_are_ended,
    sessions_of_others_cannot_be_ended,
    who_may_not_sign_in_is_out_at_once,
    no_clock_brings_a_session_back,
    a_session_from_the_future_ends,
    what_is_long_over_is_forgotten,
    opening_a_page_writes_once_a_minute,
}

async fn a_customers_session_rests_for_half_an_hour(world: &mut World) {
    let casey = world.enters("casey").await;
    for _ in 0..3 {
        world.seconds_pass(29 * 60 + 59);
        assert!(world.holds(&casey).await);
    }
    world.minutes_pass(30);
    assert!(!world.holds(&casey).await);
}

async fn a_customers_session_lasts_for_half_a_day(world: &mut World) {
    let casey = world.enters("casey").await;
    for _ in 0..47 {
        world.minutes_pass(15);
        assert!(world.holds(&casey).await);
    }
    world.seconds_pass(15 * 60 - 1);
    assert!(world.holds(&casey).await);
    world.seconds_pass(1);
    assert!(!world.holds(&casey).await);
}

async fn a_session_of_staff_rests_for_an_hour_and_lasts_for_a_day(world: &mut World) {
    let olivia = world.enters("olivia").await;
    for _ in 0..24 {
        world.seconds_pass(59 * 60 + 59);
        assert!(world.holds(&olivia).await);
    }
    world.seconds_pass(24);
    assert!(!world.holds(&olivia).await);
    let arun = world.enters("arun").await;
    world.minutes_pass(60);
    assert!(!world.holds(&arun).await);
}

async fn who_stays_signed_in_stays_for_two_weeks(world: &mut World) {
    let person = world.person("casey").await;
    let visit = world.visit();
    let kept = world.sign_in_and_keep(&visit, "casey", DEMO_PASSWORD, true).await.unwrap();
    let casey = world.came_in(person, visit, kept).await;
    world.days_pass(13);
    assert!(world.holds(&casey).await);
    world.seconds_pass(86_399);
    assert!(world.holds(&casey).await);
    world.seconds_pass(1);
    assert!(!world.holds(&casey).await);
}

async fn a_policy_shortens_sessions(world: &mut World) {
    world.sets_rule("Northwind Backup", "customer_idle_minutes", Some(5), None).await;
    world.sets_rule("Northwind Backup", "customer_session_minutes", Some(30), None).await;
    let casey = world.enters("casey").await;
    world.minutes_pass(5);
    assert!(!world.holds(&casey).await);
    let casey = world.enters("casey").await;
    for _ in 0..7 {
        world.minutes_pass(4);
        assert!(world.holds(&casey).await);
    }
    world.minutes_pass(2);
    assert!(!world.holds(&casey).await);
}

async fn a_session_is_held_by_its_token_only(world: &mut World) {
    let casey = world.enters("casey").await;
    let token = casey.token.reveal();
    for other in [
        "",
        &token[1..],
        &token.to_lowercase(),
        &format!("{token}="),
        &format!("{token}\0"),
        &"x".repeat(1 << 20),
        casey.device.reveal(),
        &casey.session().to_string(),
    ] {
        let actor = world.portal.actor(&casey.visit, &secret(other)).await.unwrap();
        assert!(actor.is_none());
    }
    // The session decides about the site, not the door one comes through.
    let elsewhere = Visit { site: world.contoso, ..casey.visit.clone() };
    let actor = world.portal.actor(&elsewhere, &casey.token).await.unwrap().unwrap();
    assert_eq!((actor.site, actor.visit.site), (world.northwind, world.northwind));
}

async fn signing_out_ends_the_session(world: &mut World) {
    let (casey, phone) = (world.enters("casey").await, world.enters("casey").await);
    world.portal.sign_out(&casey.actor).await.unwrap();
    assert!(!world.holds(&casey).await);
    assert!(world.holds(&phone).await);
    // A second click does nothing.
    world.portal.sign_out(&casey.actor).await.unwrap();
    assert_eq!(world.count_recorded(&casey.person, "signed_out").await, 1);
}

async fn sessions_are_listed_with_device_and_address(world: &mut World) {
    let person = world.person("casey").await;
    let desk = Visit { ..world.visit_from("192.0.2.7") };
    let phone = Visit {
        user_agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1".into(),
        ..world.visit_from("2001:db8::5")
    };
    let script = Visit { user_agent: "ü".repeat(10_000), ..world.visit_from("198.51.100.9") };
    let mut entered = Vec::new();
    for visit in [desk, phone, script] {
        let signed_in = world.sign_in(&visit, "casey", DEMO_PASSWORD).await.unwrap();
        entered.push(world.came_in(person.clone(), visit, signed_in).await);
        world.minutes_pass(1);
    }
    // The phone moves.
    let train = Visit { address: "203.0.113.80".parse().unwrap(), ..entered[1].visit.clone() };
    world.portal.actor(&train, &entered[1].token).await.unwrap().unwrap();

    let views = world.portal.sessions(&entered[0].actor).await.unwrap();
    let minute = |minutes: u64| START.plus(Duration::from_secs(minutes * 60));
    let view = |number: usize,
                browser: Option<&str>,
                system: Option<&str>,
                address: &str,
                at: (u64, u64)| {
        SessionView {
            id: entered[number].session(),
            current: number == 0,
            device: Device { browser: browser.map(Into::into), system: system.map(Into::into) },
            address: address.into(),
            signed_in_at: minute(at.0),
            last_used_at: minute(at.1),
        }
    };
    assert_eq!(
        views,
        [
            view(1, Some("Safari"), Some("iPhone"), "203.0.113.80", (1, 3)),
            view(2, None, None, "198.51.100.9", (2, 2)),
            view(0, Some("Firefox"), Some("Windows"), "192.0.2.7", (0, 0)),
        ]
    );
    // What is over is not listed.
    world.minutes_pass(28);
    let views = world.portal.sessions(&entered[1].actor).await.unwrap();
    assert_eq!(
        views.iter().map(|view| view.id).collect::<Vec<_>>(),
        [entered[1].session(), entered[2].session()]
    );
}

async fn one_session_is_ended_from_another(world: &mut World) {
    let (desk, phone) = (world.enters("casey").await, world.enters("casey").await);
    world.portal.end_session(&desk.actor, phone.session()).await.unwrap();
    assert!(!world.holds(&phone).await);
    assert!(world.holds(&desk).await);
    let again = world.portal.end_session(&desk.actor, phone.session()).await;
    assert_eq!(refusal(again), Refusal::NotFound);
    assert_eq!(world.count_recorded(&desk.person, "session_ended").await, 1);
}

async fn all_other_sessions_are_ended(world: &mut World) {
    let desk = world.enters("casey").await;
    assert_eq!(world.portal.end_other_sessions(&desk.actor).await.unwrap(), 0);
    assert_eq!(world.count_recorded(&desk.person, "other_sessions_ended").await, 0);
    let (phone, tablet) = (world.enters("casey").await, world.enters("casey").await);
    let drew = world.enters("drew").await;
    assert_eq!(world.portal.end_other_sessions(&desk.actor).await.unwrap(), 2);
    assert!(world.holds(&desk).await);
    assert!(world.holds(&drew).await);
    assert!(!world.holds(&phone).await);
    assert!(!world.holds(&tablet).await);
    assert_eq!(world.count_recorded(&desk.person, "other_sessions_ended").await, 1);
}

async fn sessions_of_others_cannot_be_ended(world: &mut World) {
    let (casey, drew) = (world.enters("casey").await, world.enters("drew").await);
    let nobodys = SessionId(Uuid::from_u128(7));
    for session in [drew.session(), nobodys] {
        let result = world.portal.end_session(&casey.actor, session).await;
        assert_eq!(refusal(result), Refusal::NotFound);
    }
    assert!(world.holds(&drew).await);
}

async fn who_may_not_sign_in_is_out_at_once(world: &mut World) {
    let fjord = world.customer_of("Fjord IT").await;
    let visit = world.visit();
    let signed_in = world.sign_in(&visit, &fjord.email, DEMO_PASSWORD).await.unwrap();
    let fjord = world.came_in(fjord, visit, signed_in).await;
    let people = [world.enters("casey").await, world.enters("drew").await, fjord];
    world.suspends(&people[0].person).await;
    let sql = "UPDATE accounts SET locked_by = 'staff' WHERE id = $1";
    world.sql.run(sql, values![people[1].person.id]).await;
    assert!(world.holds(&people[2]).await);
    world.suspends_organization("Northwind Backup").await;
    for entered in &people {
        assert!(!world.holds(entered).await);
    }
}

async fn no_clock_brings_a_session_back(world: &mut World) {
    async fn outlives_its_time(world: &World, entered: &Entered, minutes: u64) {
        let begin = world.now();
        world.minutes_pass(minutes);
        assert!(!world.holds(entered).await, "after {minutes} min");
        world.clock.set(begin);
        assert!(!world.holds(entered).await, "{minutes} min, back at the beginning");
        world.clock.set(begin.minus(Duration::from_secs(30)));
        assert!(!world.holds(entered).await, "{minutes} min, before the beginning");
        world.clock.set(begin);
    }
    let casey = world.enters("casey").await;
    outlives_its_time(world, &casey, 30).await;
    let olivia = world.enters("olivia").await;
    outlives_its_time(world, &olivia, 24 * 60).await;
    // Nor if nobody came by meanwhile, but for the one who tidies up.
    let casey = world.enters("casey").await;
    let begin = world.now();
    world.minutes_pass(30);
    world.portal.tidy().await.unwrap();
    world.clock.set(begin);
    assert!(!world.holds(&casey).await);
}

async fn a_session_from_the_future_ends(world: &mut World) {
    let casey = world.enters("casey").await;
    // Clocks of nodes differ a little.
    world.clock.set(START.minus(Duration::from_secs(120)));
    assert!(world.holds(&casey).await);
    world.clock.set(START.minus(Duration::from_secs(121)));
    assert!(!world.holds(&casey).await);
    world.clock.set(Moment(0));
    assert!(!world.holds(&casey).await);
}

async fn what_is_long_over_is_forgotten(world: &mut World) {
    let casey = world.enters("casey").await;
    world.portal.sign_out(&casey.actor).await.unwrap();
    let count = async |world: &World| -> i64 {
        world.portal.tidy().await.unwrap();
        world.sql.one("SELECT COUNT(*) FROM sessions", []).await
    };
    world.days_pass(90);
    assert_eq!(count(world).await, 1);
    world.seconds_pass(1);
    assert_eq!(count(world).await, 0);
}

async fn opening_a_page_writes_once_a_minute(world: &mut World) {
    let casey = world.enters("casey").await;
    let before = world.sql.everything().await;
    world.seconds_pass(59);
    assert!(world.holds(&casey).await);
    assert_eq!(world.sql.everything().await, before);
    world.seconds_pass(1);
    assert!(world.holds(&casey).await);
    assert_ne!(world.sql.everything().await, before);
}
