//! How changes of email addresses end before they take effect, what has to hold when they do, and
//! their links.

use model::{
    Refusal,
    email::{EmailDeed, EmailObstacle, EmailStage},
    link::LinkPurpose,
};
use portal::{CloseDispute, DEMO_PASSWORD, DeleteCustomer};

use crate::{
    caller::{asks_for, enters_code_for, mailed},
    email_change::{
        FRESH, asks, asks_own, desk, email_of, hold_ends, impossible, links, mails_to, staff_ask,
        states, verifies, waiting,
    },
    reset_desk::{at_the_desk, sends},
    rules::becomes,
    smtp::{At, Behaviour, ScriptedSmtp},
    sql::values,
    world::{NEW, Person, World, refusal, smtp_settings, stories},
};

stories! {
    the_old_mailbox_keeps_the_address,
    it_is_kept_from_a_session,
    staff_stop_it,
    what_nobody_confirms_expires,
    what_was_not_told_in_time_is_not_confirmed_after,
    saying_that_something_was_not_oneself_stops_it,
    a_change_that_took_effect_is_disputed,
    whoever_is_suspended_keeps_the_address,
    whoever_is_locked_for_good_keeps_the_address,
    an_address_that_is_taken_meanwhile_is_not_given,
    of_two_who_want_an_address_one_gets_it,
    whoever_asked_has_to_be_entitled_still,
    what_went_to_the_old_address_ends_with_it,
    after_a_restore_nothing_waits,
    whoever_is_deleted_takes_it_along,
    two_nodes_change_it_once,
    it_is_kept_or_changed_and_never_both,
    what_went_elsewhere_is_not_sent_to_the_account_instead,
    a_link_confirms_once,
    opening_a_link_changes_nothing,
    a_new_ask_replaces_the_one_before,
}

const STAYS: &str = "Your email address stays as it is";

async fn told(world: &World, person: &Person) -> Vec<String> {
    mails_to(world, &person.email).await.into_iter().map(|mail| mail.subject).collect()
}

/// When the hold is over, the address is the old one.
async fn stays(world: &World, person: &Person) {
    hold_ends(world).await;
    assert_eq!(email_of(world, person).await, person.email);
    assert_eq!(world.count_recorded(person, "email_changed").await, 0);
}

async fn the_old_mailbox_keeps_the_address(world: &mut World) {
    let (casey, keep, confirm) = asks_own(world, "casey", FRESH).await;
    world.confirms_address(&confirm).await.unwrap();
    world.hours_pass(71);
    world.portal.tidy().await.unwrap();
    world.keeps_address(&keep).await.unwrap();
    // Pressed twice.
    world.keeps_address(&keep).await.unwrap();
    assert_eq!(told(world, &casey.person).await, [STAYS]);
    assert_eq!(states(world, &casey.person).await, ["stopped"]);
    assert_eq!(world.count_recorded(&casey.person, "email_change_stopped").await, 1);
    world.minutes_pass(2);
    assert_eq!(refusal(world.keeps_address(&keep).await), Refusal::LinkUnusable);
    stays(world, &casey.person).await;
    assert!(world.new_mails().await.is_empty());
}

async fn it_is_kept_from_a_session(world: &mut World) {
    let casey = world.person("casey").await;
    staff_ask(world, "olivia", &casey, FRESH).await;
    let casey = world.enters("casey").await;
    assert!(waiting(world, &casey).await.is_some());
    // Without a fresh proof, and twice.
    world.portal.keep_my_email(&casey.actor).await.unwrap();
    world.portal.keep_my_email(&casey.actor).await.unwrap();
    assert_eq!(waiting(world, &casey).await, None);
    assert_eq!(told(world, &casey.person).await, [STAYS]);
    world.portal.sign_out(&casey.actor).await.unwrap();
    let out = world.portal.keep_my_email(&casey.actor).await;
    assert_eq!(refusal(out), Refusal::NotAllowed);
    stays(world, &casey.person).await;
}

async fn staff_stop_it(world: &mut World) {
    let (casey, keep, confirm) = asks_own(world, "casey", FRESH).await;
    becomes(world, "arun", "admin").await;
    let arun = world.enters("arun").await;
    for _ in 0..2 {
        let done = world.portal.stop_customer_email_change(&arun.actor, casey.person.id).await;
        assert_eq!(done.unwrap().deed, EmailDeed::Stopped);
    }
    let mails = mails_to(world, &casey.person.email).await;
    assert_eq!((mails.len(), mails[0].subject.as_str()), (1, STAYS));
    assert!(mails[0].says("by those who look after it"), "{}", mails[0].text);
    assert_eq!(refusal(world.keeps_address(&keep).await), Refusal::LinkUnusable);
    assert_eq!(refusal(world.confirms_address(&confirm).await), Refusal::LinkUnusable);
    stays(world, &casey.person).await;
}

async fn what_nobody_confirms_expires(world: &mut World) {
    let (casey, keep, confirm) = asks_own(world, "casey", FRESH).await;
    stays(world, &casey.person).await;
    assert_eq!(states(world, &casey.person).await, ["expired"]);
    let mails = mails_to(world, &casey.person.email).await;
    assert!(mails[0].says("Nobody confirmed the new email address"), "{}", mails[0].text);
    assert_eq!(mails.len(), 1);
    assert_eq!(refusal(world.confirms_address(&confirm).await), Refusal::LinkUnusable);
    assert_eq!(refusal(world.keeps_address(&keep).await), Refusal::LinkUnusable);
}

async fn what_was_not_told_in_time_is_not_confirmed_after(world: &mut World) {
    let (casey, _, confirm) = asks_own(world, "casey", FRESH).await;
    // The worker has not come to it yet.
    world.hours_pass(72);
    assert_eq!(refusal(world.confirms_address(&confirm).await), Refusal::LinkUnusable);
    world.portal.work_off().await.unwrap();
    assert_eq!(states(world, &casey.person).await, ["expired"]);
    world.new_mails().await;
}

async fn saying_that_something_was_not_oneself_stops_it(world: &mut World) {
    let casey = world.person("casey").await;
    world.resets(&casey, NEW).await;
    let notice = world.notice_for(&casey).await;
    let (_, keep, confirm) = staff_ask(world, "olivia", &casey, FRESH).await;
    world.confirms_address(&confirm).await.unwrap();
    world.disputes(&notice).await.unwrap();
    assert_eq!(states(world, &casey).await, ["stopped"]);
    assert_eq!(refusal(world.keeps_address(&keep).await), Refusal::LinkUnusable);
    let recorded = world.recorded(&casey).await;
    assert_eq!(recorded[recorded.len() - 2..], ["email_change_stopped done", "disputed done"]);
    world.new_mails().await;
    let olivia = at_the_desk(world, "olivia").await;
    let disputed = Some(EmailObstacle::Disputed);
    assert_eq!(desk(world, &olivia, &casey).await.obstacle, disputed);
    stays(world, &casey).await;
}

async fn a_change_that_took_effect_is_disputed(world: &mut World) {
    let casey = world.person("casey").await;
    let (olivia, _, confirm) = staff_ask(world, "olivia", &casey, FRESH).await;
    world.confirms_address(&confirm).await.unwrap();
    hold_ends(world).await;
    let mails = mails_to(world, &casey.email).await;
    let notice = world.link_in(&mails[0]);
    assert_eq!(notice.purpose, LinkPurpose::Dispute);
    world.disputes(&notice).await.unwrap();
    world.new_mails().await;
    // Whoever asked does nothing for them before that is closed.
    let olivia = world.proves(&olivia).await;
    let against = Some(EmailObstacle::DisputedAgainst);
    assert_eq!(desk(world, &olivia, &casey).await.obstacle, against);
    let asked = asks_for(world, &olivia, &casey, ("change_email", "mail")).await;
    assert_eq!(refusal(asked), impossible(EmailObstacle::DisputedAgainst));
    let sql = "SELECT id FROM disputes WHERE account_id = $1";
    let dispute = model::id::DisputeId(world.sql.one(sql, values![casey.id]).await);
    let request = CloseDispute { dispute, reason: "It was me".into() };
    let closed = world.portal.close_dispute(&olivia.actor, request).await;
    assert_eq!(refusal(closed), Refusal::NotAllowed);
}

async fn whoever_is_suspended_keeps_the_address(world: &mut World) {
    let (casey, keep, confirm) = asks_own(world, "casey", FRESH).await;
    world.confirms_address(&confirm).await.unwrap();
    let olivia = at_the_desk(world, "olivia").await;
    world.portal.suspend_customer(&olivia.actor, casey.person.id, "Strange calls").await.unwrap();
    assert_eq!(states(world, &casey.person).await, ["stopped"]);
    assert_eq!(refusal(world.keeps_address(&keep).await), Refusal::LinkUnusable);
    // Perhaps because somebody else reads that mailbox: no mail tells of it.
    assert!(world.new_mails().await.is_empty());
    // So of staff, and where a whole organization is set aside.
    let (arun, _, confirm) = asks_own(world, "arun", "arun@harbour.example").await;
    world.confirms_address(&confirm).await.unwrap();
    let olivia = world.proves(&olivia).await;
    world.portal.suspend_staff(&olivia.actor, arun.person.id).await.unwrap();
    assert_eq!(states(world, &arun.person).await, ["stopped"]);
    let (drew, keep, confirm) = asks_own(world, "drew", "drew@harbour.example").await;
    world.confirms_address(&confirm).await.unwrap();
    world.suspends_organization("Northwind Backup").await;
    let visit = world.visit();
    world.portal.keep_email_view(&visit, keep.id, &keep.token).await.unwrap();
    world.new_mails().await;
    stays(world, &drew.person).await;
    assert_eq!(states(world, &drew.person).await, ["stopped"]);
    assert!(world.new_mails().await.is_empty());
}

async fn whoever_is_locked_for_good_keeps_the_address(world: &mut World) {
    let (casey, _, confirm) = asks_own(world, "casey", FRESH).await;
    world.confirms_address(&confirm).await.unwrap();
    let (drew, _, confirm) = asks_own(world, "drew", "drew@harbour.example").await;
    world.confirms_address(&confirm).await.unwrap();
    let lock = "UPDATE accounts SET locked_by = $2 WHERE id = $1";
    world.sql.run(lock, values![casey.person.id, "staff"]).await;
    // What anybody can cause who knows the name is in nobody's way.
    world.sql.run(lock, values![drew.person.id, "failures"]).await;
    hold_ends(world).await;
    assert_eq!(email_of(world, &casey.person).await, "casey@acme.example");
    assert_eq!(states(world, &casey.person).await, ["stopped"]);
    assert_eq!(email_of(world, &drew.person).await, "drew@harbour.example");
    assert_eq!(told(world, &casey.person).await, [STAYS]);
}

async fn an_address_that_is_taken_meanwhile_is_not_given(world: &mut World) {
    let (casey, _, confirm) = asks_own(world, "casey", FRESH).await;
    world.confirms_address(&confirm).await.unwrap();
    let sql = "UPDATE accounts SET email = 'Casey@Harbour.example', email_key = 'casey@harbour.example' WHERE email LIKE 'drew@%'";
    assert_eq!(world.sql.run(sql, values![]).await, 1);
    stays(world, &casey.person).await;
    assert_eq!(states(world, &casey.person).await, ["stopped"]);
    let mails = mails_to(world, &casey.person.email).await;
    assert!(mails[0].says("cannot be used here"), "{}", mails[0].text);
    assert!(!mails[0].text.contains("Drew"), "{}", mails[0].text);
}

async fn of_two_who_want_an_address_one_gets_it(world: &mut World) {
    let (casey, _, first) = asks_own(world, "casey", FRESH).await;
    world.seconds_pass(1);
    let (drew, _, second) = asks_own(world, "drew", FRESH).await;
    world.confirms_address(&first).await.unwrap();
    world.confirms_address(&second).await.unwrap();
    let other = world.another_node().await;
    world.hours_pass(72);
    // Nodes that meet at the address try again.
    for _ in 0..3 {
        let _ = tokio::join!(world.portal.work_off(), other.work_off());
    }
    world.portal.work_off().await.unwrap();
    let mut ends = states(world, &casey.person).await;
    ends.extend(states(world, &drew.person).await);
    ends.sort();
    assert_eq!(ends, ["done", "stopped"]);
    world.new_mails().await;
    other.close().await;
}

async fn whoever_asked_has_to_be_entitled_still(world: &mut World) {
    becomes(world, "arun", "admin").await;
    let casey = world.person("casey").await;
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
        let (_, _, confirm) = staff_ask(world, "arun", &casey, FRESH).await;
        world.confirms_address(&confirm).await.unwrap();
        world.sql.run(change, values![]).await;
        stays(world, &casey).await;
        assert_eq!(states(world, &casey).await.last().unwrap(), "stopped", "{change}");
        assert_eq!(told(world, &casey).await, [STAYS]);
        world.sql.run(back, values![]).await;
    }
    // What the owner wants is nobody else's business.
    let (_, _, confirm) = asks_own(world, "casey", FRESH).await;
    world.confirms_address(&confirm).await.unwrap();
    hold_ends(world).await;
    assert_eq!(email_of(world, &casey).await, FRESH);
    world.new_mails().await;
}

async fn what_went_to_the_old_address_ends_with_it(world: &mut World) {
    let (casey, _, confirm) = asks_own(world, "casey", FRESH).await;
    world.confirms_address(&confirm).await.unwrap();
    world.hours_pass(71);
    world.minutes_pass(55);
    let olivia = at_the_desk(world, "olivia").await;
    sends(world, &olivia, &casey.person).await.unwrap();
    let link = world.link_in(&world.new_mails().await[0]);
    verifies(world, &olivia, &casey.person).await;
    asks_for(world, &olivia, &casey.person, ("set_password", "mail")).await.unwrap();
    let (code, _) = mailed(world).await;
    world.minutes_pass(5);
    world.portal.work_off().await.unwrap();
    assert_eq!(email_of(world, &casey.person).await, FRESH);
    assert_eq!(refusal(world.uses(&link, NEW).await), Refusal::LinkUnusable);
    assert_eq!(world.reset_states(&casey.person).await, ["cancelled"]);
    // Neither a code that was read there nor what one earned is worth anything.
    assert_eq!(desk(world, &olivia, &casey.person).await.caller.verified_until, None);
    enters_code_for(world, &olivia, &casey.person, ("set_password", &code)).await.unwrap_err();
    let asked = asks(world, &olivia, &casey.person, "casey@quay.example").await;
    assert_eq!(refusal(asked), impossible(EmailObstacle::CallerUnknown));
    // Sessions of one's own go on, and so does the password.
    let there = Person { email: FRESH.into(), ..casey.person.clone() };
    assert!(world.lets_in(&there, DEMO_PASSWORD).await);
    world.new_mails().await;
}

async fn after_a_restore_nothing_waits(world: &mut World) {
    let (casey, keep, confirm) = asks_own(world, "casey", FRESH).await;
    world.confirms_address(&confirm).await.unwrap();
    assert_eq!(world.portal.restored().await.unwrap().email_changes, 1);
    assert_eq!(refusal(world.keeps_address(&keep).await), Refusal::LinkUnusable);
    assert_eq!(states(world, &casey.person).await, ["stopped"]);
    stays(world, &casey.person).await;
}

async fn whoever_is_deleted_takes_it_along(world: &mut World) {
    let (casey, _, confirm) = asks_own(world, "casey", FRESH).await;
    world.confirms_address(&confirm).await.unwrap();
    let olivia = at_the_desk(world, "olivia").await;
    let request = DeleteCustomer { customer: casey.person.id, typed: "Casey Thornton".into() };
    world.portal.delete_customer(&olivia.actor, request).await.unwrap();
    assert_eq!(states(world, &casey.person).await, Vec::<String>::new());
    hold_ends(world).await;
    assert!(world.new_mails().await.is_empty());
    assert!(!world.sql.everything().await.contains(FRESH));
}

async fn two_nodes_change_it_once(world: &mut World) {
    let (casey, _, confirm) = asks_own(world, "casey", FRESH).await;
    world.confirms_address(&confirm).await.unwrap();
    let other = world.another_node().await;
    world.hours_pass(72);
    let (one, two) = tokio::join!(world.portal.work_off(), other.work_off());
    one.and(two).unwrap();
    assert_eq!(world.count_recorded(&casey.person, "email_changed").await, 1);
    assert_eq!(states(world, &casey.person).await, ["done"]);
    assert_eq!(world.new_mails().await.len(), 2);
    other.close().await;
}

async fn it_is_kept_or_changed_and_never_both(world: &mut World) {
    let (casey, keep, confirm) = asks_own(world, "casey", FRESH).await;
    world.confirms_address(&confirm).await.unwrap();
    let other = world.another_node().await;
    world.hours_pass(72);
    let (kept, worked) = tokio::join!(world.keeps_address(&keep), other.work_off());
    worked.unwrap();
    let changed = world.count_recorded(&casey.person, "email_changed").await;
    let stopped = world.count_recorded(&casey.person, "email_change_stopped").await;
    let now = email_of(world, &casey.person).await;
    match kept {
        Ok(()) => assert_eq!((changed, stopped, now.as_str()), (0, 1, "casey@acme.example")),
        Err(_) => assert_eq!((changed, stopped, now.as_str()), (1, 0, FRESH)),
    }
    world.new_mails().await;
    other.close().await;
}

async fn what_went_elsewhere_is_not_sent_to_the_account_instead(world: &mut World) {
    let (casey, _, confirm) = asks_own(world, "casey", FRESH).await;
    world.confirms_address(&confirm).await.unwrap();
    let no = Behaviour::Answer(At::Recipient, "550 5.1.1 no such user");
    let server = ScriptedSmtp::start(vec![no; 2]).await;
    let port = server.port();
    world.restart(|settings| settings.mail = smtp_settings(port)).await;
    hold_ends(world).await;
    let sql = "SELECT recipient, state, CASE WHEN kept IS NULL THEN 'wiped' ELSE 'kept' END FROM outbox WHERE account_id = $1 AND kind = 'email_changed' ORDER BY recipient";
    let dead: Vec<(String, String, String)> = world.sql.rows(sql, values![casey.person.id]).await;
    let row = |to: &str, what: &str| (to.to_owned(), "dead".to_owned(), what.to_owned());
    assert_eq!(dead, [row("casey@acme.example", "wiped"), row(FRESH, "kept")]);
}

async fn a_new_ask_replaces_the_one_before(world: &mut World) {
    let (casey, keep, confirm) = asks_own(world, "casey", FRESH).await;
    world.minutes_pass(1);
    world.portal.ask_own_email_change(&casey.actor, "casey@quay.example").await.unwrap();
    let (_, second) = links(world, &casey.person, "casey@quay.example").await;
    assert_eq!(refusal(world.confirms_address(&confirm).await), Refusal::LinkUnusable);
    assert_eq!(refusal(world.keeps_address(&keep).await), Refusal::LinkUnusable);
    assert_eq!(states(world, &casey.person).await, ["stopped", "waiting"]);
    assert_eq!(world.count_recorded(&casey.person, "email_change_stopped").await, 1);
    world.confirms_address(&second).await.unwrap();
    hold_ends(world).await;
    assert_eq!(email_of(world, &casey.person).await, "casey@quay.example");
    world.new_mails().await;
}

async fn opening_a_link_changes_nothing(world: &mut World) {
    let (casey, keep, confirm) = asks_own(world, "casey", FRESH).await;
    let before = world.sql.everything().await;
    let visit = world.visit_from_anywhere();
    for _ in 0..3 {
        let view = world.portal.confirm_email_view(&visit, confirm.id, &confirm.token).await;
        assert_eq!(view.unwrap().email, "c•••y@harbour.example");
        let view = world.portal.keep_email_view(&visit, keep.id, &keep.token).await.unwrap();
        assert_eq!(view.email, "c•••y@acme.example");
        assert_eq!(view.change.email, "c•••y@harbour.example");
    }
    assert_eq!(world.sql.everything().await, before);
    // A link for one thing is nothing for another.
    let as_other = world.portal.keep_email(&visit, confirm.id, &confirm.token).await;
    assert_eq!(refusal(as_other), Refusal::LinkUnusable);
    let as_other = world.portal.confirm_email(&visit, keep.id, &keep.token).await;
    assert_eq!(refusal(as_other), Refusal::LinkUnusable);
    let as_other = world.portal.dispute(&visit, keep.id, &keep.token).await;
    assert_eq!(refusal(as_other), Refusal::LinkUnusable);
    assert_eq!(waiting(world, &casey).await.unwrap().stage, EmailStage::Unconfirmed);
}

async fn a_link_confirms_once(world: &mut World) {
    let (casey, _, confirm) = asks_own(world, "casey", FRESH).await;
    let other = world.another_node().await;
    let (one, two) = (world.visit(), world.visit());
    let (first, second) = tokio::join!(
        world.portal.confirm_email(&one, confirm.id, &confirm.token),
        other.confirm_email(&two, confirm.id, &confirm.token)
    );
    // Whoever came second is told that it is done.
    first.and(second).unwrap();
    assert_eq!(world.count_recorded(&casey.person, "email_confirmed").await, 1);
    world.minutes_pass(2);
    assert_eq!(refusal(world.confirms_address(&confirm).await), Refusal::LinkUnusable);
    let visit = world.visit();
    let view = world.portal.confirm_email_view(&visit, confirm.id, &confirm.token).await;
    assert_eq!(refusal(view), Refusal::LinkUnusable);
    other.close().await;
}
