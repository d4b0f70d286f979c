//! "This wasn't me", when a member of staff did it.

use std::sync::atomic::{AtomicU32, Ordering};

use model::{Refusal, id::DisputeId, refusal::Problem, reset::Obstacle};
use portal::{CloseDispute, Result, SendLink, SetPassword, StaffPassword};
use uuid::Uuid;

use crate::{
    reset_desk::at_the_desk,
    sql::values,
    world::{Entered, Link, Mail, NEW, OTHER, Person, World, refusal, secret, stories},
};

stories! {
    the_operator_does_nothing_more_for_that_customer,
    others_bring_the_customer_back,
    it_stands_until_an_owner_closes_it_with_a_reason,
    nobody_closes_what_is_about_themselves,
    another_resellers_dispute_is_as_good_as_none,
    a_link_that_staff_sent_can_be_disputed_too,
    ones_own_change_is_nobodys_doing,
}

/// Arun types a password for Casey, who did not want it.
async fn a_dispute(world: &World) -> (Entered, Person) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    sets(world, &arun, &casey).await.unwrap();
    let link = dispute_link(world, &casey).await;
    world.disputes(&link).await.unwrap();
    world.new_mails().await;
    (arun, casey)
}

async fn sets(world: &World, who: &Entered, customer: &Person) -> Result<()> {
    // Each with a reason of its own: the same one again would be a form that was sent twice.
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let password = StaffPassword::Typed { new: secret(NEW), retype: secret(NEW) };
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let (reason, ticket) = (format!("Call {call}"), String::new());
    let request =
        SetPassword { customer: customer.id, password, reason, ticket, places: String::new() };
    world.portal.set_customer_password(&who.actor, request).await.map(drop)
}

async fn sends(world: &World, who: &Entered, customer: &Person) -> Result<()> {
    let request = SendLink {
        customer: customer.id,
        reason: "Called".into(),
        ticket: String::new(),
        places: String::new(),
    };
    world.portal.send_link(&who.actor, request).await.map(drop)
}

/// The link to "this wasn't me" in the last mail to a customer.
async fn dispute_link(world: &World, customer: &Person) -> Link {
    let mails = world.new_mails().await;
    let mail = mails.iter().rfind(|mail| mail.to == customer.email).expect("a notice");
    let line = mail.text.lines().find(|line| line.contains("/confirm/")).unwrap();
    world.link_in(&Mail { text: line.to_owned(), ..mail.clone() })
}

async fn dispute_of(world: &World, customer: &Person) -> DisputeId {
    let sql = "SELECT id FROM disputes WHERE account_id = $1";
    DisputeId(world.sql.one::<Uuid>(sql, values![customer.id]).await)
}

async fn closes(world: &World, who: &Entered, dispute: DisputeId, reason: &str) -> Result<()> {
    let request = CloseDispute { dispute, reason: reason.into() };
    world.portal.close_dispute(&who.actor, request).await.map(drop)
}

async fn the_operator_does_nothing_more_for_that_customer(world: &mut World) {
    let (arun, casey) = a_dispute(world).await;
    let against = Refusal::ResetImpossible(Obstacle::DisputedAgainst);
    assert_eq!(refusal(sets(world, &arun, &casey).await), against);
    assert_eq!(refusal(sends(world, &arun, &casey).await), against);
    let view = world.portal.view_customer(&arun.actor, casey.id).await.unwrap();
    assert!(view.ways.iter().all(|way| way.obstacle == Some(Obstacle::DisputedAgainst)));
    assert_eq!(view.disputes.len(), 1);
    assert_eq!(view.disputes[0].operator.as_ref().unwrap().as_str(), "Arun Velder");
    assert!(!view.disputes[0].may_close);
    // Other customers are none of it.
    let drew = world.person("drew").await;
    sends(world, &arun, &drew).await.unwrap();
    world.mails().await;
}

async fn others_bring_the_customer_back(world: &mut World) {
    let (_, casey) = a_dispute(world).await;
    let olivia = at_the_desk(world, "olivia").await;
    // Not with a password that somebody else knows.
    let refused = refusal(sets(world, &olivia, &casey).await);
    assert_eq!(refused, Refusal::ResetImpossible(Obstacle::Disputed));
    sends(world, &olivia, &casey).await.unwrap();
    let link = world.link_in(&world.new_mails().await[0]);
    world.uses(&link, OTHER).await.unwrap();
    assert!(world.lets_in(&casey, OTHER).await);
    // The dispute stands nevertheless.
    let view = world.portal.view_customer(&olivia.actor, casey.id).await.unwrap();
    assert!(view.disputes[0].may_close);
    world.mails().await;
}

async fn it_stands_until_an_owner_closes_it_with_a_reason(world: &mut World) {
    let (arun, casey) = a_dispute(world).await;
    let dispute = dispute_of(world, &casey).await;
    let ada = at_the_desk(world, "ada").await;
    for who in [&arun, &ada] {
        assert_eq!(refusal(closes(world, who, dispute, "done").await), Refusal::NotAllowed);
    }
    let olivia = world.enters("olivia").await;
    assert_eq!(refusal(closes(world, &olivia, dispute, "done").await), Refusal::StepUp);
    let olivia = at_the_desk(world, "olivia").await;
    let required = Refusal::field("reason", Problem::Required);
    assert_eq!(refusal(closes(world, &olivia, dispute, "  ").await), required);
    closes(world, &olivia, dispute, "Spoke to Casey, who had asked for it").await.unwrap();
    // Said twice it is closed once.
    closes(world, &olivia, dispute, "Spoke to Casey, who had asked for it").await.unwrap();
    assert_eq!(world.count_recorded(&casey, "dispute_closed").await, 1);
    // The operator may again; the account stays frozen until a link was used.
    assert!(!world.lets_in(&casey, NEW).await);
    sends(world, &arun, &casey).await.unwrap();
    let view = world.portal.view_customer(&olivia.actor, casey.id).await.unwrap();
    assert_eq!(view.disputes, []);
    world.mails().await;
}

async fn nobody_closes_what_is_about_themselves(world: &mut World) {
    let (olivia, casey) = (at_the_desk(world, "olivia").await, world.person("casey").await);
    sets(world, &olivia, &casey).await.unwrap();
    let link = dispute_link(world, &casey).await;
    world.disputes(&link).await.unwrap();
    let dispute = dispute_of(world, &casey).await;
    assert_eq!(refusal(closes(world, &olivia, dispute, "all well").await), Refusal::NotAllowed);
    let view = world.portal.view_customer(&olivia.actor, casey.id).await.unwrap();
    assert!(!view.disputes[0].may_close);
    // Those above can.
    let operator = at_the_desk(world, "operator").await;
    closes(world, &operator, dispute, "Spoke to both").await.unwrap();
    world.mails().await;
}

async fn another_resellers_dispute_is_as_good_as_none(world: &mut World) {
    let (_, casey) = a_dispute(world).await;
    let dispute = dispute_of(world, &casey).await;
    let carla = at_the_desk(world, "carla").await;
    let before = world.sql.everything().await;
    for dispute in [dispute, DisputeId(Uuid::nil())] {
        assert_eq!(refusal(closes(world, &carla, dispute, "done").await), Refusal::NotFound);
    }
    assert_eq!(world.sql.everything().await, before);
}

/// Whoever had the mailbox used it.
async fn a_link_that_staff_sent_can_be_disputed_too(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    sends(world, &arun, &casey).await.unwrap();
    let link = world.link_in(&world.new_mails().await[0]);
    world.uses(&link, NEW).await.unwrap();
    let link = dispute_link(world, &casey).await;
    world.disputes(&link).await.unwrap();
    let against = Refusal::ResetImpossible(Obstacle::DisputedAgainst);
    assert_eq!(refusal(sends(world, &arun, &casey).await), against);
    world.mails().await;
}

async fn ones_own_change_is_nobodys_doing(world: &mut World) {
    let casey = world.enters("casey").await;
    world.change_password(&casey, portal::DEMO_PASSWORD, NEW).await.unwrap();
    let link = dispute_link(world, &casey.person).await;
    world.disputes(&link).await.unwrap();
    let olivia = at_the_desk(world, "olivia").await;
    let view = world.portal.view_customer(&olivia.actor, casey.person.id).await.unwrap();
    assert_eq!((view.disputes.len(), view.disputes[0].operator.clone()), (1, None));
    sends(world, &olivia, &casey.person).await.unwrap();
    world.mails().await;
}
