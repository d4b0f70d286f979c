//! A customer who cannot read the stored mailbox any more: staff ask for another address without a
//! verified caller, and a second member of staff has to agree.

use std::time::Duration;

use model::{
    Refusal,
    email::{EmailDeed, EmailObstacle, EmailStage},
    id::EmailChangeId,
    refusal::Problem,
    reset::{Delivery, Obstacle},
};
use portal::{ApproveEmail, AskEmail, Result};

use crate::{
    email_change::{
        FRESH, asks_own, desk, email_of, hold_ends, impossible, links, mails_to, request, states,
        waiting,
    },
    reset_desk::at_the_desk,
    rules::becomes,
    sql::values,
    world::{Entered, Link, Person, World, refusal, stories},
};

stories! {
    a_second_one_agrees_and_only_then_the_hold_begins,
    nobody_agrees_to_what_they_asked_for,
    who_may_agree,
    agreeing_takes_a_fresh_proof_and_a_reason,
    only_what_was_seen_is_agreed_to,
    either_drops_it_and_so_does_the_owner,
    what_nobody_agrees_to_expires,
    an_asker_who_may_not_ask_any_more_ends_it,
    whoever_agreed_has_to_be_entitled_still,
    two_who_agree_at_once_agree_once,
    those_who_can_agree_find_it_at_home,
    as_long_as_it_waits_staff_set_no_password,
}

/// Staff ask without a verified caller; the link by which the old mailbox keeps the address.
async fn asks_for_second(world: &World, operator: &Entered, person: &Person, new: &str) -> Link {
    world.new_mails().await;
    let asked = AskEmail { second: true, ..request(person, new) };
    let done = world.portal.ask_email_change(&operator.actor, asked).await.unwrap();
    assert_eq!(done.deed, EmailDeed::Second);
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0].to, person.email);
    world.link_in(&mails[0])
}

async fn agrees_to(
    world: &World,
    who: &Entered,
    person: &Person,
    change: EmailChangeId,
) -> Result<EmailDeed> {
    let request = ApproveEmail {
        account: person.id,
        change,
        reason: "Met them at the counter".into(),
        ticket: String::new(),
    };
    Ok(world.portal.approve_email_change(&who.actor, request).await?.deed)
}

/// Agrees to what the page shows.
async fn agrees(world: &World, who: &Entered, person: &Person) -> Result<EmailDeed> {
    let seen = desk(world, who, person).await.waiting.expect("a change");
    agrees_to(world, who, person, seen.id).await
}

async fn a_second_one_agrees_and_only_then_the_hold_begins(world: &mut World) {
    becomes(world, "arun", "admin").await;
    let casey = world.enters("casey").await;
    let arun = at_the_desk(world, "arun").await;
    let early = asks_for_second(world, &arun, &casey.person, FRESH).await;
    let seen = waiting(world, &casey).await.expect("a change");
    assert_eq!((seen.stage, seen.own), (EmailStage::Approval, false));
    world.hours_pass(70);
    world.portal.work_off().await.unwrap();

    let olivia = at_the_desk(world, "olivia").await;
    let view = desk(world, &olivia, &casey.person).await;
    assert_eq!((view.approval, view.obstacle), (None, None));
    assert_eq!(view.waiting.unwrap().email, FRESH);
    let (reason, ticket) = view.why.unwrap();
    assert!(reason.ends_with("another name") && ticket.as_deref() == Some("T-12"), "{reason}");
    assert_eq!(agrees(world, &olivia, &casey.person).await.unwrap(), EmailDeed::Approved);
    // Pressed twice.
    assert_eq!(agrees(world, &olivia, &casey.person).await.unwrap(), EmailDeed::Approved);
    let casey = world.enters("casey").await;
    let seen = waiting(world, &casey).await.expect("a change");
    assert_eq!(seen.stage, EmailStage::Unconfirmed);
    assert_eq!(seen.due_at, world.now().plus(Duration::from_hours(72)));
    let (_, confirm) = links(world, &casey.person, FRESH).await;
    // The mail from before can still be followed.
    let visit = world.visit();
    world.portal.keep_email_view(&visit, early.id, &early.token).await.unwrap();
    world.confirms_address(&confirm).await.unwrap();
    world.hours_pass(71);
    world.portal.work_off().await.unwrap();
    assert_eq!(email_of(world, &casey.person).await, casey.person.email);
    world.hours_pass(1);
    world.portal.work_off().await.unwrap();
    assert_eq!(email_of(world, &casey.person).await, FRESH);
    world.new_mails().await;
    let recorded = world.recorded(&casey.person).await;
    let about: Vec<_> = recorded.iter().filter(|line| line.starts_with("email_")).collect();
    assert_eq!(
        about,
        [
            "email_change_asked done",
            "email_change_approved done",
            "email_confirmed done",
            "email_changed done"
        ]
    );
}

async fn nobody_agrees_to_what_they_asked_for(world: &mut World) {
    let casey = world.person("casey").await;
    let olivia = at_the_desk(world, "olivia").await;
    asks_for_second(world, &olivia, &casey, FRESH).await;
    let own = EmailObstacle::OwnAsk;
    assert_eq!(desk(world, &olivia, &casey).await.approval, Some(own));
    assert_eq!(refusal(agrees(world, &olivia, &casey).await), impossible(own));
    assert_eq!(states(world, &casey).await, ["approval"]);
    let recorded = world.recorded(&casey).await;
    assert_eq!(recorded.last().unwrap(), "email_change_approved refused");
    assert!(world.new_mails().await.is_empty());
}

async fn who_may_agree(world: &mut World) {
    let casey = world.person("casey").await;
    let olivia = at_the_desk(world, "olivia").await;
    asks_for_second(world, &olivia, &casey, FRESH).await;
    let seen = desk(world, &olivia, &casey).await.waiting.unwrap().id;
    let ada = at_the_desk(world, "ada").await;
    let agreed = agrees_to(world, &ada, &casey, seen).await;
    assert_eq!(refusal(agreed), Refusal::NotAllowed);
    let carla = at_the_desk(world, "carla").await;
    let agreed = agrees_to(world, &carla, &casey, seen).await;
    assert_eq!(refusal(agreed), Refusal::NotFound);
    // Who stands below whoever asked could be told to.
    becomes(world, "arun", "admin").await;
    let arun = at_the_desk(world, "arun").await;
    let below = EmailObstacle::BelowAsker;
    assert_eq!(desk(world, &arun, &casey).await.approval, Some(below));
    assert_eq!(refusal(agrees(world, &arun, &casey).await), impossible(below));
    // Those above may; and who asked from above is above.
    let robin = at_the_desk(world, "operator").await;
    assert_eq!(agrees(world, &robin, &casey).await.unwrap(), EmailDeed::Approved);
    let drew = world.person("drew").await;
    asks_for_second(world, &robin, &drew, "drew@harbour.example").await;
    assert_eq!(refusal(agrees(world, &olivia, &drew).await), impossible(below));
    world.new_mails().await;
}

async fn agreeing_takes_a_fresh_proof_and_a_reason(world: &mut World) {
    becomes(world, "arun", "admin").await;
    let casey = world.person("casey").await;
    let arun = at_the_desk(world, "arun").await;
    asks_for_second(world, &arun, &casey, FRESH).await;
    let olivia = world.enters("olivia").await;
    assert_eq!(refusal(agrees(world, &olivia, &casey).await), Refusal::StepUp);
    let olivia = world.proves(&olivia).await;
    let change = desk(world, &olivia, &casey).await.waiting.unwrap().id;
    let bare =
        ApproveEmail { account: casey.id, change, reason: " ".into(), ticket: String::new() };
    let bare = world.portal.approve_email_change(&olivia.actor, bare).await;
    assert_eq!(refusal(bare), Refusal::field("reason", Problem::Required));
    agrees(world, &olivia, &casey).await.unwrap();
    world.new_mails().await;
}

async fn only_what_was_seen_is_agreed_to(world: &mut World) {
    becomes(world, "arun", "admin").await;
    let casey = world.person("casey").await;
    let arun = at_the_desk(world, "arun").await;
    asks_for_second(world, &arun, &casey, FRESH).await;
    let olivia = at_the_desk(world, "olivia").await;
    let seen = desk(world, &olivia, &casey).await.waiting.unwrap().id;
    world.seconds_pass(1);
    asks_for_second(world, &arun, &casey, "casey@elsewhere.example").await;
    let agreed = agrees_to(world, &olivia, &casey, seen).await;
    assert_eq!(refusal(agreed), impossible(EmailObstacle::NothingWaits));
    assert_eq!(states(world, &casey).await, ["stopped", "approval"]);
    // What is on hold already needs nobody's agreement.
    let (drew, ..) = asks_own(world, "drew", "drew@harbour.example").await;
    assert_eq!(
        desk(world, &olivia, &drew.person).await.approval,
        Some(EmailObstacle::NothingWaits)
    );
    let agreed = agrees(world, &olivia, &drew.person).await;
    assert_eq!(refusal(agreed), impossible(EmailObstacle::NothingWaits));
}

async fn either_drops_it_and_so_does_the_owner(world: &mut World) {
    becomes(world, "arun", "admin").await;
    let casey = world.enters("casey").await;
    let (arun, olivia) = (at_the_desk(world, "arun").await, at_the_desk(world, "olivia").await);
    for who in [&arun, &olivia] {
        asks_for_second(world, &arun, &casey.person, FRESH).await;
        world.minutes_pass(1);
        let stopped = world.portal.stop_customer_email_change(&who.actor, casey.person.id).await;
        assert_eq!(stopped.unwrap().deed, EmailDeed::Stopped);
        assert_eq!(mails_to(world, &casey.person.email).await.len(), 1);
    }
    let keep = asks_for_second(world, &arun, &casey.person, FRESH).await;
    world.keeps_address(&keep).await.unwrap();
    assert_eq!(states(world, &casey.person).await, ["stopped"; 3]);
    world.new_mails().await;
    world.hours_pass(24);
    let (arun, casey) =
        (world.proves(&world.enters("arun").await).await, world.enters("casey").await);
    asks_for_second(world, &arun, &casey.person, FRESH).await;
    world.portal.keep_my_email(&casey.actor).await.unwrap();
    assert_eq!(states(world, &casey.person).await, ["stopped"; 4]);
    world.new_mails().await;
}

async fn what_nobody_agrees_to_expires(world: &mut World) {
    becomes(world, "arun", "admin").await;
    let casey = world.person("casey").await;
    let arun = at_the_desk(world, "arun").await;
    asks_for_second(world, &arun, &casey, FRESH).await;
    world.hours_pass(72);
    // The worker has not come to it yet.
    let olivia = at_the_desk(world, "olivia").await;
    let agreed = agrees(world, &olivia, &casey).await;
    assert_eq!(refusal(agreed), impossible(EmailObstacle::NothingWaits));
    let mails = mails_to(world, &casey.email).await;
    assert!(mails[0].says("No second member of staff agreed"), "{}", mails[0].text);
    assert_eq!(states(world, &casey).await, ["expired"]);
    assert_eq!(world.count_recorded(&casey, "email_change_stopped").await, 1);
}

async fn an_asker_who_may_not_ask_any_more_ends_it(world: &mut World) {
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
    ] {
        let arun = at_the_desk(world, "arun").await;
        asks_for_second(world, &arun, &casey, FRESH).await;
        world.sql.run(change, values![]).await;
        let olivia = at_the_desk(world, "olivia").await;
        let gone = EmailObstacle::AskerGone;
        assert_eq!(desk(world, &olivia, &casey).await.approval, Some(gone));
        assert_eq!(refusal(agrees(world, &olivia, &casey).await), impossible(gone));
        assert_eq!(states(world, &casey).await.last().unwrap(), "stopped");
        let mails = mails_to(world, &casey.email).await;
        assert_eq!(mails[0].subject, "Your email address stays as it is");
        world.sql.run(back, values![]).await;
    }
}

async fn whoever_agreed_has_to_be_entitled_still(world: &mut World) {
    becomes(world, "arun", "admin").await;
    let casey = world.person("casey").await;
    let arun = at_the_desk(world, "arun").await;
    asks_for_second(world, &arun, &casey, FRESH).await;
    let robin = at_the_desk(world, "operator").await;
    agrees(world, &robin, &casey).await.unwrap();
    let (_, confirm) = links(world, &casey, FRESH).await;
    world.confirms_address(&confirm).await.unwrap();
    world.suspends(&robin.person).await;
    hold_ends(world).await;
    assert_eq!(email_of(world, &casey).await, casey.email);
    assert_eq!(states(world, &casey).await, ["stopped"]);
    world.new_mails().await;
}

async fn two_who_agree_at_once_agree_once(world: &mut World) {
    becomes(world, "arun", "admin").await;
    let casey = world.person("casey").await;
    let arun = at_the_desk(world, "arun").await;
    asks_for_second(world, &arun, &casey, FRESH).await;
    let (olivia, robin) =
        (at_the_desk(world, "olivia").await, at_the_desk(world, "operator").await);
    let change = desk(world, &olivia, &casey).await.waiting.unwrap().id;
    let (one, two) = tokio::join!(
        agrees_to(world, &olivia, &casey, change),
        agrees_to(world, &robin, &casey, change)
    );
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    assert_eq!(world.count_recorded(&casey, "email_change_approved").await, 1);
    assert_eq!(world.new_mails().await.len(), 2);
}

async fn those_who_can_agree_find_it_at_home(world: &mut World) {
    becomes(world, "arun", "admin").await;
    let casey = world.person("casey").await;
    let arun = at_the_desk(world, "arun").await;
    asks_for_second(world, &arun, &casey, FRESH).await;
    let home = async |who: &str| {
        let entered = world.enters(who).await;
        let view = world.portal.home(&entered.actor).await.unwrap();
        assert_eq!(usize::try_from(view.agreeable.number).unwrap(), view.agreements.len());
        view.agreements
    };
    let found = home("olivia").await;
    assert_eq!((found[0].0, found[0].1.as_str()), (casey.id, "Casey Thornton"));
    assert_eq!(found[0].2, world.now().plus(Duration::from_hours(72)));
    assert_eq!(home("operator").await, found);
    for who in ["arun", "ada", "carla", "freya"] {
        assert_eq!(home(who).await, [], "{who}");
    }
    let olivia = at_the_desk(world, "olivia").await;
    agrees(world, &olivia, &casey).await.unwrap();
    assert_eq!(home("olivia").await, []);
    world.new_mails().await;
}

async fn as_long_as_it_waits_staff_set_no_password(world: &mut World) {
    world.sets_rule("Northwind Backup", "allow_manual_entry", Some(1), None).await;
    let casey = world.person("casey").await;
    let olivia = at_the_desk(world, "olivia").await;
    asks_for_second(world, &olivia, &casey, FRESH).await;
    let view = world.portal.view_customer(&olivia.actor, casey.id).await.unwrap();
    assert_eq!(view.obstacle(Delivery::Typed), Some(Obstacle::EmailChanging));
}
