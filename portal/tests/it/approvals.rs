//! What nobody does alone: it waits for a second person, where the policy says so.

use std::time::Duration;

use model::{
    Refusal,
    account::AccountKind,
    approval::{ApprovalDeed, ApprovalObstacle, ApprovalState, ApprovalView, Flagged},
    factor::{RemovalDeed, RemovalObstacle},
    id::{ApprovalId, JobId},
    job::{JobKind, JobState, OldPasswords},
    overview::ResetQuery,
    refusal::Problem,
    reset::{Delivery, Obstacle},
};
use portal::{AskApproval, ChangeCustomer, ChangeProfile, JobWish, Many, Result, SendMany};

use crate::{
    api_keys,
    caller::asks_for,
    email_change,
    lost_factor::{self as factors, has_factor, with_factor},
    reset_desk::at_the_desk,
    rules::{becomes, proven},
    send_many::{self, finishes},
    set_password::{self as passwords, TYPED, generated, sets, typed},
    sql::values,
    world::{Entered, NEW, OTHER, Person, World, refusal, stories},
};

stories! {
    nothing_waits_unless_the_policy_says_so,
    a_password_after_a_change_of_address_waits,
    each_way_of_giving_a_password_is_asked_for_by_itself,
    an_address_is_a_new_one_from_when_it_took_effect,
    a_user_name_counts_whoever_changes_it,
    a_second_factor_of_staff_waits,
    links_to_very_many_wait,
    stopping_passwords_takes_two_owners,
    many_small_jobs_are_one_large_one,
    nobody_agrees_to_what_they_asked_for_or_is_about_them,
    another_resellers_are_as_good_as_none,
    those_who_stand_below_do_not_agree,
    deciding_takes_a_fresh_proof_and_agreeing_a_reason,
    what_was_agreed_to_is_used_once_by_whoever_asked,
    two_who_use_it_at_once_use_it_once,
    two_who_decide_at_once_decide_once,
    it_ends_by_itself,
    what_was_taken_away_meanwhile_counts,
    saying_that_it_was_not_oneself_ends_it,
    a_change_that_nobody_has_looked_at_is_not_agreed_to,
    a_rule_that_is_new_holds_for_what_waits,
    where_there_is_nobody_else_it_says_so,
    links_that_nobody_agreed_to_are_never_sent,
    links_that_were_paused_wait_before_they_go_on,
    after_a_restore_nothing_that_was_agreed_to_is_left,
    no_program_asks_or_agrees,
    those_who_can_agree_find_it_where_they_start,
    both_stand_in_the_log,
    what_was_agreed_to_holds_for_as_long_as_links_go,
}

fn impossible(obstacle: ApprovalObstacle) -> Refusal {
    Refusal::ApprovalImpossible(obstacle)
}

async fn rule_is_on(world: &World) {
    world.sets_rule("Northwind Backup", "second_approver", Some(1), None).await;
}

/// Casey signs in under another name from now on.
async fn casey_is_called_otherwise(world: &World) -> Person {
    let casey = world.enters("casey").await;
    let request = ChangeProfile {
        name: "Casey Thornton".into(),
        user_name: format!("casey-{}", world.now().0),
        language: "en".into(),
    };
    world.portal.change_profile(&casey.actor, request).await.unwrap();
    casey.person
}

async fn asks(world: &World, who: &Entered, person: &Person, action: &str) -> Result<ApprovalId> {
    let request = AskApproval {
        action: action.into(),
        account: person.id,
        reason: "They called from the number we know".into(),
        ticket: "T-5".into(),
    };
    let done = world.portal.ask_approval(&who.actor, request).await?;
    assert_eq!(done.deed, ApprovalDeed::Asked);
    Ok(done.id)
}

async fn agrees(world: &World, who: &Entered, id: ApprovalId) -> Result<()> {
    let agreed = world.portal.agree_to_approval(&who.actor, id, "I called them back").await?;
    assert_eq!((agreed.id, agreed.deed), (id, ApprovalDeed::Agreed));
    Ok(())
}

async fn seen(world: &World, who: &Entered, id: ApprovalId) -> ApprovalView {
    world.portal.approval(&who.actor, id).await.unwrap()
}

async fn states(world: &World) -> Vec<String> {
    world.sql.column("SELECT state FROM approvals ORDER BY asked_at, id", []).await
}

fn password_waits() -> Refusal {
    passwords::impossible(Obstacle::SecondApprover)
}

fn factor_waits() -> Refusal {
    factors::impossible(RemovalObstacle::SecondApprover)
}

/// Arun wants to type a password for Casey, whose user name is another one, and Olivia agreed.
async fn agreed_password(world: &World) -> (Entered, Entered, Person, ApprovalId) {
    rule_is_on(world).await;
    let casey = casey_is_called_otherwise(world).await;
    let (arun, olivia) = (at_the_desk(world, "arun").await, at_the_desk(world, "olivia").await);
    let id = asks(world, &arun, &casey, "type_password").await.unwrap();
    agrees(world, &olivia, id).await.unwrap();
    (arun, olivia, casey, id)
}

async fn nothing_waits_unless_the_policy_says_so(world: &mut World) {
    let casey = casey_is_called_otherwise(world).await;
    let arun = at_the_desk(world, "arun").await;
    assert_eq!(world.portal.reset_desk(&arun.actor, casey.id, None).await.unwrap().approvals, []);
    let asked = asks(world, &arun, &casey, "type_password").await;
    assert_eq!(refusal(asked), impossible(ApprovalObstacle::NotNeeded));
    sets(world, &arun, typed(&casey, TYPED)).await.unwrap();
    let (ada, ..) = with_factor(world, "ada").await;
    assert_eq!(factors::asks(world, "olivia", &ada.person).await, RemovalDeed::Asked);
    let (olivia, many) = (at_the_desk(world, "olivia").await, thirty(world).await);
    assert_eq!(world.portal.many(&olivia.actor, &many).await.unwrap().flagged, None);
    let job = send_many::sends(world, &olivia, many, "30").await.unwrap();
    assert_eq!(finishes(world, &olivia, job).await.created, 30);
    assert_eq!(states(world).await, [""; 0]);
    // Nor with it, where nothing was changed lately, and about no second factor of a customer.
    rule_is_on(world).await;
    let drew = world.person("lou").await;
    let arun = at_the_desk(world, "arun").await;
    sets(world, &arun, generated(&drew)).await.unwrap();
    let lou = world.portal.reset_desk(&arun.actor, drew.id, None).await.unwrap();
    assert_eq!(lou.approvals, []);
    let (drew, ..) = with_factor(world, "drew").await;
    assert_eq!(factors::asks(world, "olivia", &drew.person).await, RemovalDeed::Removed);
    assert_eq!(states(world).await, [""; 0]);
    world.mails().await;
}

async fn a_password_after_a_change_of_address_waits(world: &mut World) {
    rule_is_on(world).await;
    let casey = casey_is_called_otherwise(world).await;
    let changed = world.now();
    let (arun, olivia) = (at_the_desk(world, "arun").await, at_the_desk(world, "olivia").await);
    let hash = world.hash_of(&casey).await;
    assert_eq!(refusal(sets(world, &arun, typed(&casey, TYPED)).await), password_waits());
    let desk = world.portal.reset_desk(&arun.actor, casey.id, None).await.unwrap();
    assert_eq!(desk.customer.obstacle(Delivery::Typed), Some(Obstacle::SecondApprover));
    assert_eq!(desk.customer.obstacle(Delivery::EmailLink), None);
    let typing = &desk.approvals[0];
    assert_eq!(typing.flagged, Flagged::ContactChanged(changed));
    assert!(typing.somebody && typing.last.is_none());

    let id = asks(world, &arun, &casey, "type_password").await.unwrap();
    // Pressed twice, it is the same.
    assert_eq!(asks(world, &arun, &casey, "type_password").await.unwrap(), id);
    assert_eq!(refusal(sets(world, &arun, typed(&casey, TYPED)).await), password_waits());
    let view = seen(world, &olivia, id).await;
    assert_eq!((view.state, view.obstacle, view.own), (ApprovalState::Asked, None, false));
    assert_eq!(view.flagged, Some(Flagged::ContactChanged(changed)));
    let subject = view.subject.expect("whom it is about");
    assert_eq!((subject.id, subject.kind), (casey.id, AccountKind::Customer));
    let (by, organization) = view.by.expect("who asks");
    assert_eq!((by.as_str(), organization.as_str()), ("Arun Velder", "Northwind Backup"));
    assert_eq!(view.until, world.now().plus(Duration::from_hours(24)));
    agrees(world, &olivia, id).await.unwrap();
    // Pressed twice.
    agrees(world, &olivia, id).await.unwrap();
    let desk = world.portal.reset_desk(&arun.actor, casey.id, None).await.unwrap();
    assert_eq!(desk.customer.obstacle(Delivery::Typed), None);
    let last = desk.approvals[0].open().expect("it can be used");
    assert_eq!(last.state, ApprovalState::Approved);
    assert_eq!(last.by.as_ref().map(model::text::Name::as_str), Some("Olivia Berg"));
    assert_eq!(last.until, world.now().plus(Duration::from_mins(30)));
    assert_eq!(world.hash_of(&casey).await, hash);
    sets(world, &arun, typed(&casey, TYPED)).await.unwrap();
    assert_ne!(world.hash_of(&casey).await, hash);
    assert_eq!(states(world).await, ["used"]);
    world.mails().await;
}

async fn each_way_of_giving_a_password_is_asked_for_by_itself(world: &mut World) {
    let (arun, olivia, casey, _) = agreed_password(world).await;
    assert_eq!(refusal(sets(world, &arun, generated(&casey)).await), password_waits());
    for word in ["email_link", "send_links", "stop_passwords", "telepathy"] {
        let asked = asks(world, &arun, &casey, word).await;
        assert_eq!(refusal(asked), Refusal::field("action", Problem::NotAChoice), "{word}");
    }
    let id = asks(world, &arun, &casey, "generate_password").await.unwrap();
    agrees(world, &olivia, id).await.unwrap();
    sets(world, &arun, generated(&casey)).await.unwrap();
    assert_eq!(states(world).await.iter().filter(|state| *state == "used").count(), 1);
    world.mails().await;
}

async fn an_address_is_a_new_one_from_when_it_took_effect(world: &mut World) {
    rule_is_on(world).await;
    let new = email_change::FRESH;
    let (casey, _, confirm) = email_change::asks_own(world, "casey", new).await;
    world.confirms_address(&confirm).await.unwrap();
    email_change::hold_ends(world).await;
    let casey = casey.person;
    assert_eq!(email_change::email_of(world, &casey).await, new);
    let set = async |world: &World| {
        let arun = at_the_desk(world, "arun").await;
        sets(world, &arun, typed(&casey, TYPED)).await
    };
    assert_eq!(refusal(set(world).await), password_waits());
    world.days_pass(6);
    world.hours_pass(23);
    assert_eq!(refusal(set(world).await), password_waits());
    world.hours_pass(1);
    set(world).await.unwrap();
    world.mails().await;
}

async fn a_user_name_counts_whoever_changes_it(world: &mut World) {
    rule_is_on(world).await;
    let changed = async |world: &World, who: &Person| {
        let marked = "SELECT contact_changed_at FROM accounts WHERE id = $1";
        world.sql.one::<Option<i64>>(marked, values![who.id]).await
    };
    // One's own name, and a language, are no way in.
    let casey = world.enters("casey").await;
    let profile = |name: &str, user_name: &str| ChangeProfile {
        name: name.into(),
        user_name: user_name.into(),
        language: "de".into(),
    };
    world.portal.change_profile(&casey.actor, profile("Casey T.", "casey")).await.unwrap();
    assert_eq!(changed(world, &casey.person).await, None);
    world.portal.change_profile(&casey.actor, profile("Casey T.", "")).await.unwrap();
    assert_eq!(changed(world, &casey.person).await, Some(world.now().0));
    let (olivia, lou) = (at_the_desk(world, "olivia").await, world.person("lou").await);
    for (user_name, is_new) in [("", false), ("lou", true)] {
        let view = world.portal.view_customer(&olivia.actor, lou.id).await.unwrap();
        let request = ChangeCustomer {
            customer: lou.id,
            name: "Lou Marchetti".into(),
            company: "Lakeside".into(),
            reference: String::new(),
            user_name: user_name.into(),
            language: "en".into(),
            stamp: view.stamp,
        };
        world.portal.change_customer(&olivia.actor, request).await.unwrap();
        assert_eq!(changed(world, &lou).await.is_some(), is_new);
    }
    let refused = sets(world, &olivia, typed(&lou, TYPED)).await;
    assert_eq!(refusal(refused), password_waits());
}

async fn a_second_factor_of_staff_waits(world: &mut World) {
    rule_is_on(world).await;
    becomes(world, "arun", "admin").await;
    let (ada, ..) = with_factor(world, "ada").await;
    let (arun, olivia) = (at_the_desk(world, "arun").await, at_the_desk(world, "olivia").await);
    let desk = factors::desk(world, &arun, &ada.person).await;
    assert_eq!(desk.obstacle, Some(RemovalObstacle::SecondApprover));
    assert_eq!(desk.approval.expect("it waits").flagged, Flagged::StaffFactor);
    // Not even a code is sent before.
    let called = asks_for(world, &arun, &ada.person, ("remove_factor", "mail")).await;
    assert_eq!(refusal(called), factor_waits());
    assert_eq!(refusal(factors::removes(world, &arun, &ada.person).await), factor_waits());
    let id = asks(world, &arun, &ada.person, "remove_factor").await.unwrap();
    assert_eq!(refusal(factors::removes(world, &arun, &ada.person).await), factor_waits());
    agrees(world, &olivia, id).await.unwrap();
    let unknown = factors::impossible(RemovalObstacle::CallerUnknown);
    assert_eq!(refusal(factors::removes(world, &arun, &ada.person).await), unknown);
    assert_eq!(states(world).await, ["approved"]);
    factors::verifies(world, &arun, &ada.person).await;
    let deed = factors::removes(world, &arun, &ada.person).await.unwrap();
    assert_eq!(deed, RemovalDeed::Asked);
    assert_eq!(states(world).await, ["used"]);
    world.hours_pass(24);
    world.portal.work_off().await.unwrap();
    assert!(!has_factor(world, &ada.person).await);
    world.mails().await;
    // For another one somebody is asked anew.
    let (ada, ..) = with_factor(world, "ada").await;
    let arun = at_the_desk(world, "arun").await;
    assert_eq!(refusal(factors::removes(world, &arun, &ada.person).await), factor_waits());
}

/// Thirty customers.
async fn thirty(world: &World) -> Many {
    let ids = "SELECT id FROM accounts WHERE kind = 'customer' AND state = 'active' AND organization_id = $1 ORDER BY id LIMIT 30";
    let northwind = world.organization("Northwind Backup").await;
    let ids: Vec<uuid::Uuid> = world.sql.column(ids, values![northwind]).await;
    Many::Picked(ids.into_iter().map(model::id::AccountId).collect())
}

async fn job_state(world: &World, job: JobId) -> String {
    world.sql.one("SELECT state FROM jobs WHERE id = $1", values![job]).await
}

/// How much of a job is stored that would be done.
async fn sealed(world: &World, job: JobId) -> i64 {
    let sql = "SELECT COUNT(*) FROM job_batches WHERE job_id = $1 AND content IS NOT NULL";
    world.sql.one(sql, values![job]).await
}

/// Olivia's links to thirty customers wait: the job, and what is to be agreed to.
async fn thirty_wait(world: &World) -> (Entered, JobId, ApprovalId) {
    rule_is_on(world).await;
    let olivia = at_the_desk(world, "olivia").await;
    let job = send_many::sends(world, &olivia, thirty(world).await, "30").await.unwrap();
    let view = world.portal.links_job(&olivia.actor, job, JobKind::SendLinks).await.unwrap();
    assert_eq!(view.job.state, JobState::Approval);
    let (id, until) = view.approval.expect("it waits");
    assert_eq!(until, world.now().plus(Duration::from_hours(24)));
    (olivia, job, id)
}

async fn links_to_very_many_wait(world: &mut World) {
    let (olivia, job, id) = thirty_wait(world).await;
    let many = world.portal.many(&olivia.actor, &thirty(world).await).await.unwrap();
    assert_eq!(many.flagged, Some(Flagged::Many { up_to: 25 }));
    world.portal.work_off().await.unwrap();
    assert!(world.new_mails().await.is_empty());
    // Whom it is for is kept, in one row that nobody reads without the key.
    assert_eq!(sealed(world, job).await, 1);
    // An admin beside an owner is below, a colleague of the operator above may.
    becomes(world, "arun", "admin").await;
    let arun = at_the_desk(world, "arun").await;
    let below = impossible(ApprovalObstacle::BelowAsker);
    assert_eq!(refusal(agrees(world, &arun, id).await), below);
    let robin = at_the_desk(world, "operator").await;
    let view = seen(world, &robin, id).await;
    assert_eq!((view.job, view.subject), (Some((job, 30)), None));
    agrees(world, &robin, id).await.unwrap();
    assert_eq!(job_state(world, job).await, "running");
    assert_eq!(finishes(world, &olivia, job).await.created, 30);
    assert_eq!(sealed(world, job).await, 0);
    assert_eq!(states(world).await, ["used"]);
    world.mails().await;
}

async fn stopping_passwords_takes_two_owners(world: &mut World) {
    rule_is_on(world).await;
    let olivia = at_the_desk(world, "olivia").await;
    let stop = SendMany { stop: true, ..send_many::request(thirty(world).await, "30") };
    let job = world.portal.send_many(&olivia.actor, stop).await.unwrap();
    let id = world
        .portal
        .links_job(&olivia.actor, job, JobKind::SendLinks)
        .await
        .unwrap()
        .approval
        .unwrap()
        .0;
    let robin = at_the_desk(world, "operator").await;
    becomes(world, "operator", "admin").await;
    let refused = agrees(world, &robin, id).await;
    assert_eq!(refusal(refused), impossible(ApprovalObstacle::NotPermitted));
    let casey = world.person("casey").await;
    assert!(world.lets_in(&casey, portal::DEMO_PASSWORD).await);
    becomes(world, "operator", "owner").await;
    agrees(world, &robin, id).await.unwrap();
    // Whoever agreed has to be entitled still, at every step.
    world.portal.work_off().await.unwrap();
    let view = world.portal.links_job(&olivia.actor, job, JobKind::SendLinks).await.unwrap();
    assert_eq!(view.old_passwords, OldPasswords::Stopped);
    becomes(world, "operator", "admin").await;
    world.seconds_pass(2);
    world.portal.work_off().await.unwrap();
    assert_eq!(job_state(world, job).await, "stopped");
    assert_eq!(sealed(world, job).await, 0);
    world.mails().await;
}

async fn many_small_jobs_are_one_large_one(world: &mut World) {
    rule_is_on(world).await;
    world.sets_rule("Northwind Backup", "second_approver_from", Some(2), None).await;
    let olivia = at_the_desk(world, "olivia").await;
    let sends = async |world: &World, who: &str| {
        let many = Many::Picked(vec![world.person(who).await.id]);
        let job = send_many::sends(world, &olivia, many, "1").await.unwrap();
        job_state(world, job).await
    };
    assert_eq!(sends(world, "casey").await, "running");
    assert_eq!(sends(world, "drew").await, "running");
    assert_eq!(sends(world, "lou").await, "approval");
    // One that waits counts for itself.
    world.seconds_pass(11);
    assert_eq!(sends(world, "casey").await, "approval");
    world.mails().await;
}

async fn nobody_agrees_to_what_they_asked_for_or_is_about_them(world: &mut World) {
    rule_is_on(world).await;
    becomes(world, "arun", "admin").await;
    becomes(world, "ada", "admin").await;
    let (ada, ..) = with_factor(world, "ada").await;
    let (arun, olivia) = (at_the_desk(world, "arun").await, at_the_desk(world, "olivia").await);
    let id = asks(world, &arun, &ada.person, "remove_factor").await.unwrap();
    let own = ApprovalObstacle::OwnAsk;
    let view = seen(world, &arun, id).await;
    assert_eq!((view.obstacle, view.own, view.may_refuse), (Some(own), true, false));
    assert_eq!(refusal(agrees(world, &arun, id).await), impossible(own));
    let refused = world.portal.refuse_approval(&arun.actor, id, "").await;
    assert_eq!(refusal(refused), impossible(own));
    let about = ApprovalObstacle::Yourself;
    assert_eq!(seen(world, &ada, id).await.obstacle, Some(about));
    assert_eq!(refusal(agrees(world, &ada, id).await), impossible(about));
    let refused = world.portal.refuse_approval(&ada.actor, id, "").await;
    assert_eq!(refusal(refused), impossible(about));
    // Nor does anybody but who asked drop it.
    let dropped = world.portal.withdraw_approval(&olivia.actor, id).await;
    assert_eq!(refusal(dropped), Refusal::NotAllowed);
    let recorded = world.recorded(&ada.person).await;
    assert_eq!(recorded.iter().filter(|line| *line == "approval_given refused").count(), 2);
    assert_eq!(states(world).await, ["asked"]);
    world.portal.withdraw_approval(&arun.actor, id).await.unwrap();
    world.portal.withdraw_approval(&arun.actor, id).await.unwrap();
    assert_eq!(world.count_recorded(&ada.person, "approval_withdrawn").await, 1);
    let over = impossible(ApprovalObstacle::NotOpen);
    assert_eq!(refusal(agrees(world, &olivia, id).await), over);
}

async fn another_resellers_are_as_good_as_none(world: &mut World) {
    let (_, _, _, id) = agreed_password(world).await;
    let nothing = ApprovalId(uuid::Uuid::from_u128(1));
    let carla = at_the_desk(world, "carla").await;
    // Those below are others as well.
    let freya = at_the_desk(world, "freya").await;
    let casey = world.person("casey").await;
    for who in [&carla, &freya] {
        for id in [id, nothing] {
            assert_eq!(refusal(world.portal.approval(&who.actor, id).await), Refusal::NotFound);
            assert_eq!(refusal(agrees(world, who, id).await), Refusal::NotFound);
            let refused = world.portal.refuse_approval(&who.actor, id, "").await;
            assert_eq!(refusal(refused), Refusal::NotFound);
            let dropped = world.portal.withdraw_approval(&who.actor, id).await;
            assert_eq!(refusal(dropped), Refusal::NotFound);
        }
        let asked = asks(world, who, &casey, "type_password").await;
        assert_eq!(refusal(asked), Refusal::NotFound);
    }
    let drew = world.enters("drew").await;
    assert_eq!(refusal(world.portal.approval(&drew.actor, id).await), Refusal::NotFound);
    assert_eq!(refusal(agrees(world, &drew, id).await), Refusal::NotFound);
}

async fn those_who_stand_below_do_not_agree(world: &mut World) {
    rule_is_on(world).await;
    let casey = casey_is_called_otherwise(world).await;
    let olivia = at_the_desk(world, "olivia").await;
    let id = asks(world, &olivia, &casey, "type_password").await.unwrap();
    let ada = at_the_desk(world, "ada").await;
    assert_eq!(refusal(agrees(world, &ada, id).await), Refusal::NotAllowed);
    assert_eq!(refusal(world.portal.approval(&ada.actor, id).await), Refusal::NotAllowed);
    let below = ApprovalObstacle::BelowAsker;
    for role in ["agent", "admin"] {
        becomes(world, "arun", role).await;
        let arun = at_the_desk(world, "arun").await;
        assert_eq!(seen(world, &arun, id).await.obstacle, Some(below));
        assert_eq!(refusal(agrees(world, &arun, id).await), impossible(below));
        let refused = world.portal.refuse_approval(&arun.actor, id, "").await;
        assert_eq!(refusal(refused), impossible(below));
    }
    // Who asks from above is above.
    let robin = at_the_desk(world, "operator").await;
    agrees(world, &robin, id).await.unwrap();
    sets(world, &olivia, typed(&casey, TYPED)).await.unwrap();
    let asked = asks(world, &robin, &casey, "type_password").await;
    assert_eq!(refusal(asked), impossible(ApprovalObstacle::NobodyElse));
    world.mails().await;
}

async fn deciding_takes_a_fresh_proof_and_agreeing_a_reason(world: &mut World) {
    rule_is_on(world).await;
    let casey = casey_is_called_otherwise(world).await;
    let unproven = world.enters("arun").await;
    let asked = asks(world, &unproven, &casey, "type_password").await;
    assert_eq!(refusal(asked), Refusal::StepUp);
    let arun = at_the_desk(world, "arun").await;
    let bare = AskApproval {
        action: "type_password".into(),
        account: casey.id,
        reason: " ".into(),
        ticket: String::new(),
    };
    let bare = world.portal.ask_approval(&arun.actor, bare).await;
    assert_eq!(refusal(bare), Refusal::field("reason", Problem::Required));
    let id = asks(world, &arun, &casey, "type_password").await.unwrap();
    let olivia = world.enters("olivia").await;
    assert_eq!(refusal(agrees(world, &olivia, id).await), Refusal::StepUp);
    let refused = world.portal.refuse_approval(&olivia.actor, id, "").await;
    assert_eq!(refusal(refused), Refusal::StepUp);
    let olivia = world.proves(&olivia).await;
    let bare = world.portal.agree_to_approval(&olivia.actor, id, " ").await;
    assert_eq!(refusal(bare), Refusal::field("reason", Problem::Required));
    let refused = world.portal.refuse_approval(&olivia.actor, id, "").await.unwrap();
    assert_eq!(refused.deed, ApprovalDeed::Refused);
    assert_eq!(refusal(sets(world, &arun, typed(&casey, TYPED)).await), password_waits());
    let over = impossible(ApprovalObstacle::NotOpen);
    assert_eq!(refusal(agrees(world, &olivia, id).await), over);
    let desk = world.portal.reset_desk(&arun.actor, casey.id, None).await.unwrap();
    assert_eq!(desk.approvals[0].last.as_ref().unwrap().state, ApprovalState::Refused);
    // It can be asked for anew.
    assert_ne!(asks(world, &arun, &casey, "type_password").await.unwrap(), id);
}

async fn what_was_agreed_to_is_used_once_by_whoever_asked(world: &mut World) {
    let (arun, olivia, casey, _) = agreed_password(world).await;
    let lou = world.person("lou").await;
    let changed = "UPDATE accounts SET contact_changed_at = $2 WHERE id = $1";
    world.sql.run(changed, values![lou.id, world.now().0]).await;
    assert_eq!(refusal(sets(world, &arun, typed(&lou, TYPED)).await), password_waits());
    assert_eq!(refusal(sets(world, &olivia, typed(&casey, TYPED)).await), password_waits());
    sets(world, &arun, typed(&casey, TYPED)).await.unwrap();
    world.minutes_pass(1);
    assert_eq!(refusal(sets(world, &arun, typed(&casey, NEW)).await), password_waits());
    world.mails().await;
}

async fn two_who_use_it_at_once_use_it_once(world: &mut World) {
    let (arun, _, casey, _) = agreed_password(world).await;
    let (one, two) = tokio::join!(
        sets(world, &arun, typed(&casey, TYPED)),
        sets(world, &arun, typed(&casey, OTHER))
    );
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    // Begun and done by one of them, refused to the other.
    assert_eq!(world.count_recorded(&casey, "staff_password_set").await, 3);
    assert_eq!(states(world).await, ["used"]);
    world.mails().await;
}

async fn two_who_decide_at_once_decide_once(world: &mut World) {
    rule_is_on(world).await;
    let casey = casey_is_called_otherwise(world).await;
    let arun = at_the_desk(world, "arun").await;
    let (olivia, robin) =
        (at_the_desk(world, "olivia").await, at_the_desk(world, "operator").await);
    let id = asks(world, &arun, &casey, "type_password").await.unwrap();
    let (yes, no) = tokio::join!(
        agrees(world, &olivia, id),
        world.portal.refuse_approval(&robin.actor, id, "Never heard of them")
    );
    assert!(yes.is_ok() != no.is_ok(), "{yes:?} {no:?}");
    let given = "SELECT COUNT(*) FROM audit_entries WHERE kind IN ('approval_given', 'approval_refused') AND outcome = 'done'";
    assert_eq!(world.sql.one::<i64>(given, []).await, 1);
}

async fn it_ends_by_itself(world: &mut World) {
    let (arun, olivia, casey, id) = agreed_password(world).await;
    world.minutes_pass(30);
    let arun = world.proves(&arun).await;
    // The worker has not come to it yet.
    assert_eq!(refusal(sets(world, &arun, typed(&casey, TYPED)).await), password_waits());
    assert_eq!(seen(world, &olivia, id).await.state, ApprovalState::Expired);
    let id = asks(world, &arun, &casey, "type_password").await.unwrap();
    assert_eq!(states(world).await, ["expired", "asked"]);
    world.hours_pass(24);
    let olivia = at_the_desk(world, "olivia").await;
    let over = impossible(ApprovalObstacle::NotOpen);
    assert_eq!(refusal(agrees(world, &olivia, id).await), over);
    world.portal.work_off().await.unwrap();
    assert_eq!(states(world).await, ["expired"; 2]);
    assert_eq!(world.count_recorded(&casey, "approval_expired").await, 1);
    world.days_pass(91);
    world.portal.tidy().await.unwrap();
    assert_eq!(states(world).await, [""; 0]);
}

async fn what_was_taken_away_meanwhile_counts(world: &mut World) {
    rule_is_on(world).await;
    let casey = casey_is_called_otherwise(world).await;
    let (arun, olivia) = (at_the_desk(world, "arun").await, at_the_desk(world, "olivia").await);
    // Between asking and deciding.
    let id = asks(world, &arun, &casey, "type_password").await.unwrap();
    becomes(world, "arun", "auditor").await;
    let gone = ApprovalObstacle::AskerGone;
    assert_eq!(seen(world, &olivia, id).await.obstacle, Some(gone));
    assert_eq!(refusal(agrees(world, &olivia, id).await), impossible(gone));
    assert_eq!(states(world).await, ["withdrawn"]);
    becomes(world, "arun", "agent").await;
    let id = asks(world, &arun, &casey, "type_password").await.unwrap();
    agrees(world, &olivia, id).await.unwrap();
    // Between deciding and using: of whoever asked, and of whoever agreed.
    becomes(world, "arun", "auditor").await;
    let refused = refusal(sets(world, &arun, typed(&casey, TYPED)).await);
    assert_eq!(refused, Refusal::NotAllowed);
    becomes(world, "arun", "agent").await;
    for (away, back) in [
        ("role = 'auditor'", "role = 'owner'"),
        ("state = 'suspended'", "state = 'active'"),
        ("locked_by = 'staff'", "locked_by = NULL"),
    ] {
        let sql = |what: &str| match what {
            "role = 'auditor'" => "UPDATE accounts SET role = 'auditor' WHERE id = $1",
            "role = 'owner'" => "UPDATE accounts SET role = 'owner' WHERE id = $1",
            "state = 'suspended'" => "UPDATE accounts SET state = 'suspended' WHERE id = $1",
            "state = 'active'" => "UPDATE accounts SET state = 'active' WHERE id = $1",
            "locked_by = 'staff'" => "UPDATE accounts SET locked_by = 'staff' WHERE id = $1",
            _ => "UPDATE accounts SET locked_by = NULL WHERE id = $1",
        };
        world.sql.run(sql(away), values![olivia.person.id]).await;
        let refused = sets(world, &arun, typed(&casey, TYPED)).await;
        assert_eq!(refusal(refused), password_waits(), "{away}");
        world.sql.run(sql(back), values![olivia.person.id]).await;
    }
    // Who stands above whoever agreed by now.
    becomes(world, "olivia", "agent").await;
    becomes(world, "arun", "admin").await;
    let refused = sets(world, &arun, typed(&casey, TYPED)).await;
    assert_eq!(refusal(refused), password_waits());
    becomes(world, "olivia", "owner").await;
    sets(world, &arun, typed(&casey, TYPED)).await.unwrap();
    world.mails().await;
}

async fn saying_that_it_was_not_oneself_ends_it(world: &mut World) {
    let casey = world.person("casey").await;
    world.resets(&casey, NEW).await;
    let notice = world.notice_for(&casey).await;
    let changed = "UPDATE accounts SET contact_changed_at = $2 WHERE id = $1";
    world.sql.run(changed, values![casey.id, world.now().0]).await;
    rule_is_on(world).await;
    let (arun, olivia) = (at_the_desk(world, "arun").await, at_the_desk(world, "olivia").await);
    let typing = asks(world, &arun, &casey, "type_password").await.unwrap();
    agrees(world, &olivia, typing).await.unwrap();
    asks(world, &arun, &casey, "generate_password").await.unwrap();
    world.disputes(&notice).await.unwrap();
    assert_eq!(states(world).await, ["withdrawn"; 2]);
    assert_eq!(world.count_recorded(&casey, "approval_withdrawn").await, 2);
    let disputed = passwords::impossible(Obstacle::Disputed);
    assert_eq!(refusal(sets(world, &arun, typed(&casey, TYPED)).await), disputed);
    let asked = asks(world, &arun, &casey, "type_password").await;
    let why = ApprovalObstacle::Password(Obstacle::Disputed);
    assert_eq!(refusal(asked), impossible(why));
    // Once the lock is open again, nothing of it is left.
    world.sql.run("UPDATE accounts SET locked_by = NULL WHERE id = $1", values![casey.id]).await;
    assert_eq!(refusal(sets(world, &arun, typed(&casey, TYPED)).await), password_waits());
    world.mails().await;
}

async fn a_change_that_nobody_has_looked_at_is_not_agreed_to(world: &mut World) {
    let (arun, _, casey, _) = agreed_password(world).await;
    world.seconds_pass(1);
    let changed = "UPDATE accounts SET contact_changed_at = $2 WHERE id = $1";
    world.sql.run(changed, values![casey.id, world.now().0]).await;
    assert_eq!(refusal(sets(world, &arun, typed(&casey, TYPED)).await), password_waits());
}

async fn a_rule_that_is_new_holds_for_what_waits(world: &mut World) {
    let (ada, ..) = with_factor(world, "ada").await;
    assert_eq!(factors::asks(world, "olivia", &ada.person).await, RemovalDeed::Asked);
    let olivia = at_the_desk(world, "olivia").await;
    let job = send_many::sends(world, &olivia, thirty(world).await, "30").await.unwrap();
    world.portal.work_off().await.unwrap();
    rule_is_on(world).await;
    let done = finishes(world, &olivia, job).await;
    assert_eq!((done.created, done.refused), (1, 29));
    let problems =
        world.portal.links_job(&olivia.actor, job, JobKind::SendLinks).await.unwrap().problems;
    assert!(problems.iter().all(|row| row.why[0].problem == Problem::NeedsApproval));
    world.hours_pass(24);
    world.portal.work_off().await.unwrap();
    assert!(has_factor(world, &ada.person).await);
    assert_eq!(factors::states(world, &ada.person).await, ["stopped"]);
    world.mails().await;
}

async fn where_there_is_nobody_else_it_says_so(world: &mut World) {
    rule_is_on(world).await;
    let casey = casey_is_called_otherwise(world).await;
    world.suspends(&world.person("operator").await).await;
    let olivia = at_the_desk(world, "olivia").await;
    let desk = world.portal.reset_desk(&olivia.actor, casey.id, None).await.unwrap();
    assert!(!desk.approvals[0].somebody);
    let nobody = impossible(ApprovalObstacle::NobodyElse);
    let asked = asks(world, &olivia, &casey, "type_password").await;
    assert_eq!(refusal(asked), nobody);
    let recorded = world.recorded(&casey).await;
    assert_eq!(recorded.last().unwrap(), "approval_asked refused");
    let sent = send_many::sends(world, &olivia, thirty(world).await, "30").await;
    assert_eq!(refusal(sent), nobody);
    assert_eq!(world.sql.one::<i64>("SELECT COUNT(*) FROM jobs", []).await, 0);
    // An agent has the owner.
    let arun = at_the_desk(world, "arun").await;
    asks(world, &arun, &casey, "type_password").await.unwrap();
}

async fn links_that_nobody_agreed_to_are_never_sent(world: &mut World) {
    let (olivia, job, id) = thirty_wait(world).await;
    let robin = at_the_desk(world, "operator").await;
    world.portal.refuse_approval(&robin.actor, id, "Not all of them").await.unwrap();
    assert_eq!((job_state(world, job).await.as_str(), sealed(world, job).await), ("stopped", 0));
    // Withdrawn where it was asked for, or with the job.
    world.minutes_pass(1);
    let (olivia, job, id) = {
        drop(olivia);
        thirty_wait(world).await
    };
    world.portal.withdraw_approval(&olivia.actor, id).await.unwrap();
    assert_eq!((job_state(world, job).await.as_str(), sealed(world, job).await), ("stopped", 0));
    world.minutes_pass(1);
    let (olivia, job, _) = thirty_wait(world).await;
    let links = JobKind::SendLinks;
    for wish in [JobWish::Pause, JobWish::Resume] {
        world.portal.change_job(&olivia.actor, job, links, wish).await.unwrap();
        assert_eq!(job_state(world, job).await, "approval");
    }
    world.portal.change_job(&olivia.actor, job, links, JobWish::Stop).await.unwrap();
    assert_eq!((job_state(world, job).await.as_str(), sealed(world, job).await), ("stopped", 0));
    // Or nobody came.
    world.minutes_pass(1);
    let (_, job, id) = thirty_wait(world).await;
    world.hours_pass(24);
    world.portal.work_off().await.unwrap();
    assert_eq!((job_state(world, job).await.as_str(), sealed(world, job).await), ("stopped", 0));
    let robin = at_the_desk(world, "operator").await;
    let over = impossible(ApprovalObstacle::NotOpen);
    assert_eq!(refusal(agrees(world, &robin, id).await), over);
    assert_eq!(states(world).await, ["refused", "withdrawn", "withdrawn", "expired"]);
    let sent = "SELECT COUNT(*) FROM audit_entries WHERE kind = 'many_links_sent'";
    assert_eq!(world.sql.one::<i64>(sent, []).await, 0);
    assert!(world.new_mails().await.is_empty());
}

async fn links_that_were_paused_wait_before_they_go_on(world: &mut World) {
    let olivia = at_the_desk(world, "olivia").await;
    let job = send_many::sends(world, &olivia, thirty(world).await, "30").await.unwrap();
    let links = JobKind::SendLinks;
    world.portal.change_job(&olivia.actor, job, links, JobWish::Pause).await.unwrap();
    rule_is_on(world).await;
    world.portal.change_job(&olivia.actor, job, links, JobWish::Resume).await.unwrap();
    assert_eq!(job_state(world, job).await, "approval");
    let id = world
        .portal
        .links_job(&olivia.actor, job, JobKind::SendLinks)
        .await
        .unwrap()
        .approval
        .unwrap()
        .0;
    let robin = at_the_desk(world, "operator").await;
    agrees(world, &robin, id).await.unwrap();
    // Agreed to once, it may rest and go on.
    world.portal.change_job(&olivia.actor, job, links, JobWish::Pause).await.unwrap();
    world.portal.change_job(&olivia.actor, job, links, JobWish::Resume).await.unwrap();
    assert_eq!(finishes(world, &olivia, job).await.created, 30);
    world.mails().await;
}

async fn after_a_restore_nothing_that_was_agreed_to_is_left(world: &mut World) {
    let (.., casey, _) = agreed_password(world).await;
    let (_, job, _) = thirty_wait(world).await;
    let report = world.portal.restored().await.unwrap();
    assert_eq!((report.approvals, report.jobs), (2, 1));
    assert_eq!(states(world).await, ["expired"; 2]);
    assert_eq!(job_state(world, job).await, "paused");
    let arun = at_the_desk(world, "arun").await;
    assert_eq!(refusal(sets(world, &arun, typed(&casey, TYPED)).await), password_waits());
    let olivia = at_the_desk(world, "olivia").await;
    world.portal.change_job(&olivia.actor, job, JobKind::SendLinks, JobWish::Resume).await.unwrap();
    assert_eq!(job_state(world, job).await, "approval");
}

async fn no_program_asks_or_agrees(world: &mut World) {
    rule_is_on(world).await;
    let casey = casey_is_called_otherwise(world).await;
    let olivia = proven(world, "olivia").await;
    let made = api_keys::makes(world, &olivia, api_keys::wish(&api_keys::EVERYTHING)).await;
    let key = api_keys::comes(world, &made).await;
    let request = AskApproval {
        action: "type_password".into(),
        account: casey.id,
        reason: "A program wants it".into(),
        ticket: String::new(),
    };
    let asked = world.portal.ask_approval(&key, request).await;
    assert_eq!(refusal(asked), Refusal::NotAllowed);
    // Keys change customers, and send nothing to very many.
    let many = send_many::request(thirty(world).await, "30");
    let sent = world.portal.send_many(&key, many).await;
    assert_eq!(refusal(sent), Refusal::NeedsPerson);
    let robin = at_the_desk(world, "operator").await;
    let job = send_many::sends(world, &robin, thirty(world).await, "30").await;
    assert_eq!(refusal(job), impossible(ApprovalObstacle::NobodyElse));
    becomes(world, "arun", "admin").await;
    let arun = at_the_desk(world, "arun").await;
    let job = send_many::sends(world, &arun, thirty(world).await, "30").await.unwrap();
    let id = world
        .portal
        .links_job(&arun.actor, job, JobKind::SendLinks)
        .await
        .unwrap()
        .approval
        .unwrap()
        .0;
    let agreed = world.portal.agree_to_approval(&key, id, "A program says so").await;
    assert_eq!(refusal(agreed), Refusal::NeedsPerson);
    let refused = world.portal.refuse_approval(&key, id, "").await;
    assert_eq!(refusal(refused), Refusal::NeedsPerson);
    let dropped = world.portal.withdraw_approval(&key, id).await;
    assert_eq!(refusal(dropped), Refusal::NeedsPerson);
    assert_eq!(states(world).await, ["asked"]);
}

async fn those_who_can_agree_find_it_where_they_start(world: &mut World) {
    rule_is_on(world).await;
    let casey = casey_is_called_otherwise(world).await;
    let arun = at_the_desk(world, "arun").await;
    let id = asks(world, &arun, &casey, "type_password").await.unwrap();
    let found = async |who: &str| {
        let entered = world.enters(who).await;
        let home = world.portal.home(&entered.actor).await.unwrap();
        let list = world.portal.resets(&entered.actor, &ResetQuery::default()).await.unwrap();
        assert_eq!(home.approvals, list.approvals);
        (home.approvable.number, home.approvals)
    };
    let (count, lines) = found("olivia").await;
    assert_eq!((count, lines.len()), (1, 1));
    assert_eq!((lines[0].id, lines[0].own), (id, false));
    assert_eq!(lines[0].subject.as_ref().map(model::text::Name::as_str), Some("Casey Thornton"));
    assert_eq!(found("operator").await, (count, lines));
    let (count, lines) = found("arun").await;
    assert_eq!((count, lines[0].own), (0, true));
    for who in ["ada", "carla", "freya"] {
        assert_eq!(found(who).await, (0, Vec::new()), "{who}");
    }
    let olivia = at_the_desk(world, "olivia").await;
    agrees(world, &olivia, id).await.unwrap();
    assert_eq!(found("olivia").await, (0, Vec::new()));
    assert_eq!(found("arun").await.1[0].state, ApprovalState::Approved);
}

async fn what_was_agreed_to_holds_for_as_long_as_links_go(world: &mut World) {
    let (olivia, job, id) = thirty_wait(world).await;
    let robin = at_the_desk(world, "operator").await;
    agrees(world, &robin, id).await.unwrap();
    let old = "UPDATE approvals SET closed_at = 0";
    world.sql.run(old, []).await;
    world.portal.tidy().await.unwrap();
    let done = finishes(world, &olivia, job).await;
    assert_eq!((done.created, done.refused), (30, 0));
    world.sql.run("UPDATE jobs SET finished_at = created_at", []).await;
    world.portal.tidy().await.unwrap();
    assert!(states(world).await.is_empty());
    world.mails().await;
}

async fn both_stand_in_the_log(world: &mut World) {
    let (arun, olivia, casey, _) = agreed_password(world).await;
    sets(world, &arun, typed(&casey, TYPED)).await.unwrap();
    let lines: Vec<(String, uuid::Uuid, String)> = world
        .sql
        .rows("SELECT e.kind, e.actor_id, p.content FROM audit_entries e JOIN audit_personal p ON p.audit_id = e.id WHERE e.subject_id = $1 AND (e.kind LIKE 'approval%' OR e.kind = 'staff_password_set') ORDER BY e.position", values![casey.id])
        .await;
    let told: Vec<_> = lines.iter().map(|(kind, by, _)| (kind.as_str(), *by)).collect();
    let (by, second) = (arun.person.id.0, olivia.person.id.0);
    assert_eq!(
        told[..3],
        [("approval_asked", by), ("approval_given", second), ("staff_password_set", by)]
    );
    assert!(lines[0].2.contains("They called from") && lines[0].2.contains("type_password"));
    assert!(lines[1].2.contains("I called them back") && lines[1].2.contains("Olivia Berg"));
    world.mails().await;
}
