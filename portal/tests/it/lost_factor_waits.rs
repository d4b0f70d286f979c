//! Removals of second factors that wait: who is told, how whoever still has the factor keeps it, and
//! what has to hold still when their time has come.

use std::time::Duration;

use model::{
    Refusal,
    account::AccountKind,
    factor::{RemovalDeed, RemovalObstacle},
    link::LinkPurpose,
};
use portal::{CloseDispute, DEMO_PASSWORD, Reached};

use crate::{
    lost_factor::{
        FOR_CUSTOMERS, FOR_STAFF, asks, desk, has_factor, impossible, objection, states,
        with_factor,
    },
    passkeys::Device,
    reset_desk::at_the_desk,
    rules::becomes,
    sql::values,
    world::{Entered, Link, NEW, World, refusal, secret, stories},
};

stories! {
    staff_wait_for_a_day_and_then_it_goes,
    a_removal_that_waits_is_told_at_once,
    the_link_keeps_it_and_looking_at_it_does_not,
    the_link_works_whoever_is_locked_or_suspended,
    a_new_password_leaves_factor_and_removal,
    it_is_kept_from_a_session,
    using_the_factor_keeps_it,
    a_recovery_code_does_not_keep_it,
    setting_up_another_one_keeps_it,
    turning_it_off_ends_it,
    saying_that_it_was_not_oneself_stops_it,
    whoever_asked_has_to_be_entitled_still,
    who_it_is_about_has_to_be_the_same_still,
    a_stricter_policy_makes_it_wait_longer,
    staff_stop_it,
    after_a_restore_nothing_waits,
    whoever_is_deleted_takes_it_along;
    postgres:
    two_nodes_remove_it_once,
}

/// Arun, who is staff, has lost his factor, and Olivia has asked for its removal: a session of his,
/// his app, and the link by which he keeps it.
async fn arun_waits(world: &World) -> (Entered, String, Link) {
    let (arun, app, _) = with_factor(world, "arun").await;
    assert_eq!(asks(world, "olivia", &arun.person).await, RemovalDeed::Asked);
    let mails = world.new_mails().await;
    assert_eq!((mails.len(), &mails[0].to), (1, &arun.person.email), "{mails:?}");
    let link = world.link_in(&mails[0]);
    (arun, app, link)
}

async fn staff_wait_for_a_day_and_then_it_goes(world: &mut World) {
    let (arun, _, link) = arun_waits(world).await;
    world.hours_pass(23);
    world.minutes_pass(59);
    world.portal.work_off().await.unwrap();
    assert!(has_factor(world, &arun.person).await);
    let arun = world.half("arun", DEMO_PASSWORD).await;
    world.minutes_pass(1);
    world.portal.work_off().await.unwrap();
    let person = world.person("arun").await;
    assert!(!has_factor(world, &person).await);
    assert_eq!(states(world, &person).await, ["done"]);
    // Sign-ins that waited for the factor end like all others.
    assert!(world.portal.halfway(&arun.visit, &arun.token).await.unwrap().is_none());
    let (mail, _) = objection(world, &person).await;
    assert_eq!(mail.subject, "Your second factor was removed");
    assert_eq!(world.reaches(&world.visit(), "arun").await, Reached::Everything);
    assert_eq!(refusal(world.keeps(&link).await), Refusal::LinkUnusable);
    world.portal.work_off().await.unwrap();
    assert_eq!(world.count_recorded(&person, "lost_factor_removed").await, 1);
}

async fn a_removal_that_waits_is_told_at_once(world: &mut World) {
    let (arun, ..) = with_factor(world, "arun").await;
    let german = "UPDATE accounts SET language = 'de' WHERE id = $1";
    world.sql.run(german, values![arun.person.id]).await;
    asks(world, "olivia", &arun.person).await;
    let mails = world.new_mails().await;
    assert_eq!(mails[0].subject, "Haben Sie Ihren zweiten Faktor wirklich verloren?");
    for words in ["Olivia Berg von Northwind Backup", "3. März 2026, 9:00"] {
        assert!(
            mails[0].says(words) || mails[0].says(&words.replace(", 9:", ", 09:")),
            "{words}: {}",
            mails[0].text
        );
    }
    // And on every page of theirs, with a way to keep it.
    let told = world.portal.me(&arun.actor).await.unwrap().removal.expect("a removal");
    let (by, organization) = told.by.expect("who asked");
    assert_eq!((by.as_str(), organization.as_str()), ("Olivia Berg", "Northwind Backup"));
    assert_eq!(told.due_at, told.asked_at.plus(Duration::from_hours(24)));
    assert!(world.holds(&arun).await);
    // Nobody else is told.
    let ada = world.enters("ada").await;
    assert_eq!(world.portal.me(&ada.actor).await.unwrap().removal, None);
    let view = world.portal.staff_member(&ada.actor, arun.person.id).await.unwrap();
    assert!(view.row.has_factor && view.removal.is_some());
    let list = world.portal.staff_page(&ada.actor, None).await.unwrap().rows;
    let with_factor: Vec<_> = list.iter().filter(|row| row.has_factor).map(|row| row.id).collect();
    assert_eq!(with_factor, [arun.person.id]);
    world.link_in(&mails[0]);
}

async fn the_link_keeps_it_and_looking_at_it_does_not(world: &mut World) {
    let (arun, _, link) = arun_waits(world).await;
    assert!(link.url.contains("/keep/"), "{}", link.url);
    for _ in 0..3 {
        let view = world.opens_to_keep(&link).await.unwrap();
        assert_eq!(view.email, "a•••n@northwind.example");
        assert_eq!(view.removal.by.unwrap().0.as_str(), "Olivia Berg");
    }
    assert_eq!(states(world, &arun.person).await, ["waiting"]);
    // It is nothing else, and nothing else is it.
    let other = Link { purpose: LinkPurpose::Dispute, ..link.clone() };
    assert_eq!(refusal(world.disputes(&other).await), Refusal::LinkUnusable);
    let mangled = Link { token: secret("not-its-token"), ..link.clone() };
    assert_eq!(refusal(world.keeps(&mangled).await), Refusal::LinkUnusable);
    world.hours_pass(23);
    world.keeps(&link).await.unwrap();
    // Pressed twice, it is done.
    world.keeps(&link).await.unwrap();
    assert_eq!(states(world, &arun.person).await, ["stopped"]);
    let (mail, _) = objection(world, &arun.person).await;
    assert_eq!(mail.subject, "Your second factor stays");
    world.minutes_pass(2);
    assert_eq!(refusal(world.keeps(&link).await), Refusal::LinkUnusable);
    assert_eq!(refusal(world.opens_to_keep(&link).await), Refusal::LinkUnusable);
    world.days_pass(8);
    world.portal.work_off().await.unwrap();
    assert!(has_factor(world, &arun.person).await);
}

async fn the_link_works_whoever_is_locked_or_suspended(world: &mut World) {
    let (arun, _, link) = arun_waits(world).await;
    let lock = "UPDATE accounts SET locked_by = 'staff' WHERE id = $1";
    world.sql.run(lock, values![arun.person.id]).await;
    let olivia = at_the_desk(world, "olivia").await;
    world.portal.suspend_staff(&olivia.actor, arun.person.id).await.unwrap();
    world.new_mails().await;
    world.opens_to_keep(&link).await.unwrap();
    world.keeps(&link).await.unwrap();
    assert_eq!(states(world, &arun.person).await, ["stopped"]);
    assert_eq!(world.told(&arun.person).await, ["Your second factor stays"]);
}

async fn a_new_password_leaves_factor_and_removal(world: &mut World) {
    world.sets_rule("Northwind Backup", FOR_CUSTOMERS, Some(24), None).await;
    let (casey, _, codes) = with_factor(world, "casey").await;
    asks(world, "olivia", &casey.person).await;
    let mails = world.new_mails().await;
    let keep = world.link_in(&mails[0]);
    let link = world.mailed_link(&casey.person).await;
    let request =
        portal::NewPassword { code: secret(&codes[0]), ..crate::world::new_password(NEW) };
    world.portal.use_link(&world.visit(), link.id, &link.token, request).await.unwrap();
    world.new_mails().await;
    assert!(has_factor(world, &casey.person).await);
    assert_eq!(states(world, &casey.person).await, ["waiting"]);
    world.keeps(&keep).await.unwrap();
    assert_eq!(states(world, &casey.person).await, ["stopped"]);
    world.new_mails().await;
}

async fn it_is_kept_from_a_session(world: &mut World) {
    let (arun, _, link) = arun_waits(world).await;
    world.portal.keep_my_factor(&arun.actor).await.unwrap();
    assert_eq!(states(world, &arun.person).await, ["stopped"]);
    assert_eq!(world.portal.me(&arun.actor).await.unwrap().removal, None);
    assert_eq!(refusal(world.keeps(&link).await), Refusal::LinkUnusable);
    assert_eq!(world.told(&arun.person).await, ["Your second factor stays"]);
    // Pressed twice, it is done.
    world.portal.keep_my_factor(&arun.actor).await.unwrap();
    assert!(world.new_mails().await.is_empty());
    assert_eq!(world.recorded(&arun.person).await.last().unwrap(), "factor_removal_stopped done");
    // A session that has ended keeps nothing.
    world.minutes_pass(1);
    asks(world, "olivia", &arun.person).await;
    world.portal.sign_out(&arun.actor).await.unwrap();
    let refused = refusal(world.portal.keep_my_factor(&arun.actor).await);
    assert_eq!(refused, Refusal::NotAllowed);
    assert_eq!(states(world, &arun.person).await, ["stopped", "waiting"]);
    world.new_mails().await;
}

async fn using_the_factor_keeps_it(world: &mut World) {
    let (arun, app, _) = arun_waits(world).await;
    let entered = world.enters_with_code("arun", DEMO_PASSWORD, &world.code(&app)).await;
    assert_eq!(states(world, &arun.person).await, ["stopped"]);
    assert_eq!(world.told(&arun.person).await, ["Your second factor stays"]);
    let recorded = world.recorded(&arun.person).await;
    assert_eq!(recorded[recorded.len() - 2..], ["factor_removal_stopped done", "signed_in done"]);
    // As a fresh proof it says the same.
    world.minutes_pass(1);
    asks(world, "olivia", &arun.person).await;
    world.new_mails().await;
    let proven = world.proves_with(&entered, &world.code(&app)).await.unwrap();
    world.is_secret(&proven.token);
    assert_eq!(states(world, &arun.person).await, ["stopped", "stopped"]);
    assert_eq!(world.told(&arun.person).await, ["Your second factor stays"]);
    // And so does a passkey that needs no password.
    world.sets_rule("Northwind Backup", FOR_CUSTOMERS, Some(1), None).await;
    let casey = world.proves(&world.enters("casey").await).await;
    let mut device = Device::new();
    world.adds_passkey(&casey, &mut device).await.unwrap();
    for code in world.two_factor(&casey).await.fresh_codes {
        world.is_secret(&secret(&code));
    }
    asks(world, "olivia", &casey.person).await;
    world.new_mails().await;
    world.picks(&world.visit(), &mut device).await.unwrap();
    assert_eq!(states(world, &casey.person).await, ["stopped"]);
    assert_eq!(world.told(&casey.person).await, ["Your second factor stays"]);
}

async fn a_recovery_code_does_not_keep_it(world: &mut World) {
    let (arun, _, codes) = with_factor(world, "arun").await;
    asks(world, "olivia", &arun.person).await;
    world.enters_with_code("arun", DEMO_PASSWORD, &codes[0]).await;
    assert_eq!(states(world, &arun.person).await, ["waiting"]);
    // Nor does a wrong code.
    let half = world.half("arun", DEMO_PASSWORD).await;
    world.gives_code(&half, "abcd-abcd-abcd-abcd").await.unwrap_err();
    assert_eq!(states(world, &arun.person).await, ["waiting"]);
    world.hours_pass(24);
    world.portal.work_off().await.unwrap();
    assert!(!has_factor(world, &arun.person).await);
    world.new_mails().await;
}

async fn setting_up_another_one_keeps_it(world: &mut World) {
    let (arun, _, codes) = with_factor(world, "arun").await;
    asks(world, "olivia", &arun.person).await;
    let arun = world.enters_with_code("arun", DEMO_PASSWORD, &codes[0]).await;
    let arun = world.proves_with(&arun, &codes[1]).await.unwrap();
    world.is_secret(&arun.token);
    assert_eq!(states(world, &arun.person).await, ["waiting"]);
    world.sets_up_app(&arun).await;
    assert_eq!(states(world, &arun.person).await, ["stopped"]);
    world.days_pass(2);
    world.portal.work_off().await.unwrap();
    assert!(has_factor(world, &arun.person).await);
}

async fn turning_it_off_ends_it(world: &mut World) {
    let (arun, _, codes) = with_factor(world, "arun").await;
    let arun = world.proves_with(&arun, &codes[0]).await.unwrap();
    world.is_secret(&arun.token);
    asks(world, "olivia", &arun.person).await;
    let link = world.link_in(world.new_mails().await.last().unwrap());
    world.portal.turn_off_two_factor(&arun.actor).await.unwrap();
    assert_eq!(states(world, &arun.person).await, ["stopped"]);
    assert_eq!(refusal(world.keeps(&link).await), Refusal::LinkUnusable);
    assert_eq!(world.told(&arun.person).await, ["Two-factor authentication is off"]);
    // The next one is no business of that removal.
    let arun = world.proves(&world.enters("arun").await).await;
    world.sets_up_app(&arun).await;
    world.days_pass(2);
    world.portal.work_off().await.unwrap();
    assert!(has_factor(world, &arun.person).await && world.new_mails().await.is_empty());
}

async fn saying_that_it_was_not_oneself_stops_it(world: &mut World) {
    world.sets_rule("Northwind Backup", FOR_CUSTOMERS, Some(24), None).await;
    let casey = world.proves(&world.enters("casey").await).await;
    let app = world.begins_app(&casey).await;
    world.confirms_app(&casey, &world.code(&app)).await.unwrap();
    for code in world.two_factor(&casey).await.fresh_codes {
        world.is_secret(&secret(&code));
    }
    let (_, notice) = objection(world, &casey.person).await;
    asks(world, "olivia", &casey.person).await;
    let keep = world.link_in(&world.new_mails().await[0]);
    world.disputes(&notice).await.unwrap();
    assert_eq!(states(world, &casey.person).await, ["stopped"]);
    assert_eq!(refusal(world.keeps(&keep).await), Refusal::LinkUnusable);
    assert_eq!(world.count_recorded(&casey.person, "factor_removal_stopped").await, 1);
    world.new_mails().await;
    // Nobody asks again before an owner has looked into it.
    let olivia = at_the_desk(world, "olivia").await;
    let disputed = Some(RemovalObstacle::Disputed);
    assert_eq!(desk(world, &olivia, &casey.person).await.obstacle, disputed);
    let sql = "SELECT id FROM disputes WHERE account_id = $1";
    let dispute = model::id::DisputeId(world.sql.one(sql, values![casey.person.id]).await);
    let request = CloseDispute { dispute, reason: "It was the caller from yesterday".into() };
    world.portal.close_dispute(&olivia.actor, request).await.unwrap();
    assert_eq!(desk(world, &olivia, &casey.person).await.obstacle, None);
    world.days_pass(2);
    world.portal.work_off().await.unwrap();
    assert!(has_factor(world, &casey.person).await);
}

async fn whoever_asked_has_to_be_entitled_still(world: &mut World) {
    world.sets_rule("Northwind Backup", FOR_CUSTOMERS, Some(1), None).await;
    becomes(world, "arun", "admin").await;
    let (casey, ..) = with_factor(world, "casey").await;
    for (change, back) in [
        (
            "UPDATE accounts SET role = 'agent' WHERE email LIKE 'arun@%'",
            "UPDATE accounts SET role = 'admin' WHERE email LIKE 'arun@%'",
        ),
        (
            "UPDATE accounts SET state = 'suspended' WHERE email LIKE 'arun@%'",
            "UPDATE accounts SET state = 'active' WHERE email LIKE 'arun@%'",
        ),
        (
            "UPDATE accounts SET locked_by = 'dispute' WHERE email LIKE 'arun@%'",
            "UPDATE accounts SET locked_by = NULL WHERE email LIKE 'arun@%'",
        ),
        (
            "UPDATE accounts SET organization_id = (SELECT id FROM organizations WHERE name = 'Fjord IT') WHERE email LIKE 'arun@%'",
            "UPDATE accounts SET organization_id = (SELECT id FROM organizations WHERE name = 'Northwind Backup') WHERE email LIKE 'arun@%'",
        ),
    ] {
        asks(world, "arun", &casey.person).await;
        world.sql.run(change, values![]).await;
        world.new_mails().await;
        world.hours_pass(1);
        world.portal.work_off().await.unwrap();
        assert!(has_factor(world, &casey.person).await, "{change}");
        assert_eq!(states(world, &casey.person).await.last().unwrap(), "stopped", "{change}");
        assert_eq!(world.told(&casey.person).await, ["Your second factor stays"]);
        world.sql.run(back, values![]).await;
    }
    assert_eq!(world.count_recorded(&casey.person, "factor_removal_stopped").await, 4);
    assert_eq!(world.count_recorded(&casey.person, "lost_factor_removed").await, 0);
}

async fn who_it_is_about_has_to_be_the_same_still(world: &mut World) {
    let (arun, ..) = with_factor(world, "arun").await;
    becomes(world, "ada", "admin").await;
    for (change, back) in [
        (
            "UPDATE accounts SET role = 'owner' WHERE email LIKE 'arun@%'",
            "UPDATE accounts SET role = 'agent' WHERE email LIKE 'arun@%'",
        ),
        (
            "UPDATE accounts SET state = 'suspended' WHERE email LIKE 'arun@%'",
            "UPDATE accounts SET state = 'active' WHERE email LIKE 'arun@%'",
        ),
        (
            "UPDATE accounts SET locked_by = 'dispute' WHERE email LIKE 'arun@%'",
            "UPDATE accounts SET locked_by = NULL WHERE email LIKE 'arun@%'",
        ),
        (
            "UPDATE organizations SET state = 'suspended' WHERE name = 'Northwind Backup'",
            "UPDATE organizations SET state = 'active' WHERE name = 'Northwind Backup'",
        ),
    ] {
        asks(world, "ada", &arun.person).await;
        world.sql.run(change, values![]).await;
        world.hours_pass(24);
        world.portal.work_off().await.unwrap();
        assert!(has_factor(world, &arun.person).await, "{change}");
        assert_eq!(states(world, &arun.person).await.last().unwrap(), "stopped", "{change}");
        world.sql.run(back, values![]).await;
    }
    world.new_mails().await;
}

async fn a_stricter_policy_makes_it_wait_longer(world: &mut World) {
    let (arun, _, link) = arun_waits(world).await;
    world.sets_rule("Northwind Backup", FOR_STAFF, Some(168), None).await;
    let shown = world.portal.me(&arun.actor).await.unwrap().removal.expect("a removal");
    assert_eq!(shown.due_at, shown.asked_at.plus(Duration::from_hours(168)));
    world.hours_pass(24);
    world.portal.work_off().await.unwrap();
    assert!(has_factor(world, &arun.person).await);
    // The link lives as long as the removal waits.
    world.hours_pass(143);
    world.portal.tidy().await.unwrap();
    world.opens_to_keep(&link).await.unwrap();
    // A looser one makes nothing shorter that was told.
    world.sets_rule("Northwind Backup", FOR_STAFF, Some(0), None).await;
    world.portal.work_off().await.unwrap();
    assert!(has_factor(world, &arun.person).await);
    world.hours_pass(1);
    world.portal.work_off().await.unwrap();
    assert!(!has_factor(world, &arun.person).await);
    world.new_mails().await;
}

async fn staff_stop_it(world: &mut World) {
    let (arun, _, link) = arun_waits(world).await;
    becomes(world, "ada", "admin").await;
    // Stopping gives nobody anything: it takes no fresh proof.
    let ada = world.enters("ada").await;
    let view = desk(world, &ada, &arun.person).await;
    let waiting = view.waiting.expect("a removal");
    assert_eq!(waiting.by.unwrap().0.as_str(), "Olivia Berg");
    assert!(view.may_stop && view.obstacle == Some(RemovalObstacle::Waiting));
    for _ in 0..2 {
        let done = world.portal.stop_factor_removal(&ada.actor, arun.person.id).await.unwrap();
        assert_eq!((done.deed, done.kind), (RemovalDeed::Stopped, AccountKind::Staff));
    }
    assert_eq!(states(world, &arun.person).await, ["stopped"]);
    assert_eq!(world.told(&arun.person).await, ["Your second factor stays"]);
    assert_eq!(refusal(world.keeps(&link).await), Refusal::LinkUnusable);
    // Nobody stops their own this way: there are others.
    let own = world.portal.stop_factor_removal(&ada.actor, ada.person.id).await;
    assert_eq!(refusal(own), impossible(RemovalObstacle::Yourself));
}

async fn after_a_restore_nothing_waits(world: &mut World) {
    let (arun, _, link) = arun_waits(world).await;
    let report = world.portal.restored().await.unwrap();
    assert_eq!(report.removals, 1);
    assert_eq!(refusal(world.keeps(&link).await), Refusal::LinkUnusable);
    world.days_pass(2);
    world.portal.work_off().await.unwrap();
    assert!(has_factor(world, &arun.person).await);
    assert_eq!(states(world, &arun.person).await, ["stopped"]);
}

async fn whoever_is_deleted_takes_it_along(world: &mut World) {
    world.sets_rule("Northwind Backup", FOR_CUSTOMERS, Some(1), None).await;
    let (casey, ..) = with_factor(world, "casey").await;
    asks(world, "olivia", &casey.person).await;
    world.new_mails().await;
    let olivia = at_the_desk(world, "olivia").await;
    let request =
        portal::DeleteCustomer { customer: casey.person.id, typed: "Casey Thornton".into() };
    world.portal.delete_customer(&olivia.actor, request).await.unwrap();
    assert_eq!(states(world, &casey.person).await, Vec::<String>::new());
    world.hours_pass(1);
    world.portal.work_off().await.unwrap();
    assert!(world.new_mails().await.is_empty());
}

async fn two_nodes_remove_it_once(world: &mut World) {
    let (arun, ..) = arun_waits(world).await;
    let other = world.another_node().await;
    world.hours_pass(24);
    let (one, two) = tokio::join!(world.portal.work_off(), other.work_off());
    one.and(two).unwrap();
    assert_eq!(world.count_recorded(&arun.person, "lost_factor_removed").await, 1);
    assert_eq!(world.told(&arun.person).await, ["Your second factor was removed"]);
    assert_eq!(states(world, &arun.person).await, ["done"]);
    other.close().await;
}
