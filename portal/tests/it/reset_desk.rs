//! Staff mail customers links to new passwords, after proving who they are themselves.

use std::sync::atomic::{AtomicU32, Ordering};

use model::{
    Refusal,
    id::AccountId,
    link::LinkPurpose,
    refusal::{FieldProblem, Problem},
    reset::{Delivery, Obstacle, ResetState},
};
use portal::{DEMO_PASSWORD, Result, SendLink, config::Settings, mail::MailTransport};
use uuid::Uuid;

use crate::{
    sql::values,
    world::{Entered, NEW, OTHER, Person, WRONG, World, refusal, secret, stories, wait},
};

stories! {
    a_link_from_staff_sets_a_new_password,
    without_a_fresh_proof_nothing_is_sent,
    a_proof_counts_for_ten_minutes_in_its_session,
    proving_is_no_place_to_guess,
    a_session_goes_on_under_a_new_token,
    a_link_from_staff_replaces_all_others,
    a_lock_opens_when_the_link_is_sent,
    what_its_owner_froze_stays_frozen,
    a_reason_is_asked_for,
    who_may_send_a_link,
    another_resellers_customer_gets_none,
    a_suspended_customer_gets_none,
    without_mail_the_page_says_so,
    what_was_taken_away_meanwhile_counts,
    budgets_end_a_rampage,
    a_days_budget_ends_what_no_hour_does,
    a_rampage_is_told_to_the_owners,
    a_budget_is_the_organizations_too,
    links_are_cancelled,
    two_operators_at_once_leave_one_link,
    pressed_twice_it_is_one_link,
    customers_of_a_suspended_organization_get_none,
    what_was_sent_is_told_to_who_sent_it,
    a_parents_staff_keep_their_own_budget,
    a_new_password_frees_who_guessed_at_the_old_one,
    the_desk_says_what_is_possible,
    sending_is_recorded_with_its_reason,
}

/// Each with a reason of its own: the same one again would be a form that was sent twice.
fn request(customer: &Person) -> SendLink {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    SendLink {
        customer: customer.id,
        reason: format!("Call {call}, knows the last invoice"),
        ticket: "T-1029".into(),
        places: String::new(),
    }
}

/// Somebody of the demo signs in and proves who they are.
pub async fn at_the_desk(world: &World, who: &str) -> Entered {
    let entered = world.enters(who).await;
    proves(world, entered).await
}

pub async fn proves(world: &World, entered: Entered) -> Entered {
    let password = secret(DEMO_PASSWORD);
    let token = world.portal.step_up(&entered.actor, &password, &secret("")).await.unwrap().token;
    world.is_secret(&token);
    Entered { token, ..entered }
}

pub async fn sends(world: &World, operator: &Entered, customer: &Person) -> Result<()> {
    world.portal.send_link(&operator.actor, request(customer)).await.map(drop)
}

async fn a_link_from_staff_sets_a_new_password(world: &mut World) {
    // Drew allows nobody to set the password: a link gives nobody but Drew anything.
    let (arun, drew) = (at_the_desk(world, "arun").await, world.person("drew").await);
    sends(world, &arun, &drew).await.unwrap();
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, drew.email);
    assert_eq!(mails[0].subject, "Choose a new password for Northwind Backup");
    assert!(mails[0].says("Northwind Backup has sent you this link"), "{}", mails[0].text);
    let link = world.link_in(&mails[0]);
    assert!(world.lets_in(&drew, DEMO_PASSWORD).await);
    world.uses(&link, NEW).await.unwrap();
    assert!(world.lets_in(&drew, NEW).await);
    assert_eq!(world.reset_states(&drew).await, ["done"]);
    world.mails().await;
}

async fn without_a_fresh_proof_nothing_is_sent(world: &mut World) {
    let (arun, casey) = (world.enters("arun").await, world.person("casey").await);
    let before = world.sql.everything().await;
    assert_eq!(refusal(sends(world, &arun, &casey).await), Refusal::StepUp);
    assert_eq!(world.sql.everything().await, before);
}

async fn a_proof_counts_for_ten_minutes_in_its_session(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    let elsewhere = world.enters("arun").await;
    assert_eq!(refusal(sends(world, &elsewhere, &casey).await), Refusal::StepUp);
    world.seconds_pass(599);
    sends(world, &arun, &casey).await.unwrap();
    world.seconds_pass(1);
    assert_eq!(refusal(sends(world, &arun, &casey).await), Refusal::StepUp);
    // A clock that went back revives nothing that lies in the future.
    let arun = proves(world, arun).await;
    let now = world.now();
    world.clock.set(now.minus(std::time::Duration::from_secs(121)));
    assert_eq!(refusal(sends(world, &arun, &casey).await), Refusal::StepUp);
    world.clock.set(now);
    world.mails().await;
}

async fn proving_is_no_place_to_guess(world: &mut World) {
    let arun = world.enters("arun").await;
    let tries = async |password: &str| {
        let password = secret(password);
        world.portal.step_up(&arun.actor, &password, &secret("")).await.map(drop)
    };
    assert_eq!(refusal(tries("").await), Refusal::field("password", Problem::Required));
    for _ in 0..5 {
        let wrong = Refusal::field("password", Problem::CurrentPasswordWrong);
        assert_eq!(refusal(tries(WRONG).await), wrong);
    }
    assert_eq!(wait(tries(DEMO_PASSWORD).await), 1);
    assert_eq!(world.count_recorded(&arun.person, "stepped_up").await, 5);
    world.seconds_pass(1);
    tries(DEMO_PASSWORD).await.unwrap();
}

async fn a_session_goes_on_under_a_new_token(world: &mut World) {
    let before = world.enters("arun").await;
    let after = proves(world, before.clone()).await;
    assert!(!world.holds(&before).await);
    assert!(world.holds(&after).await);
    assert_eq!(world.count_recorded(&after.person, "stepped_up").await, 1);
}

async fn a_link_from_staff_replaces_all_others(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    let own = world.mailed_link(&casey).await;
    sends(world, &arun, &casey).await.unwrap();
    refusal(world.opens(&own).await);
    let first = world.link_in(&world.new_mails().await[0]);
    assert_eq!(first.purpose, LinkPurpose::Reset);
    sends(world, &arun, &casey).await.unwrap();
    refusal(world.opens(&first).await);
    // Made in one moment, they have no order among themselves.
    let mut states = world.link_states(&casey).await;
    states.sort();
    assert_eq!(states, ["open", "void", "void"]);
    assert_eq!(
        world.reset_states(&casey).await,
        ["cancelled", "cancelled", "waiting_for_customer"]
    );
    // "This wasn't me" stays possible whatever staff do.
    let link = world.link_in(&world.new_mails().await[0]);
    world.uses(&link, NEW).await.unwrap();
    let notice = world.notice_for(&casey).await;
    sends(world, &arun, &casey).await.unwrap();
    world.opens(&notice).await.unwrap();
    world.mails().await;
}

async fn a_lock_opens_when_the_link_is_sent(world: &mut World) {
    let (arun, lou) = (at_the_desk(world, "arun").await, world.person("lou").await);
    assert!(!world.lets_in(&lou, DEMO_PASSWORD).await);
    sends(world, &arun, &lou).await.unwrap();
    assert!(world.lets_in(&lou, DEMO_PASSWORD).await);

    let casey = world.person("casey").await;
    for _ in 0..10 {
        world.sign_in(&world.visit_from_anywhere(), &casey.email, WRONG).await.unwrap_err();
        world.seconds_pass(10);
    }
    wait(world.sign_in(&world.visit_from_anywhere(), &casey.email, DEMO_PASSWORD).await);
    sends(world, &arun, &casey).await.unwrap();
    assert!(world.lets_in(&casey, DEMO_PASSWORD).await);
    world.mails().await;
}

async fn what_its_owner_froze_stays_frozen(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    world.resets(&casey, NEW).await;
    let notice = world.notice_for(&casey).await;
    world.disputes(&notice).await.unwrap();
    world.new_mails().await;
    sends(world, &arun, &casey).await.unwrap();
    assert!(!world.lets_in(&casey, NEW).await);
    let link = world.link_in(&world.new_mails().await[0]);
    world.uses(&link, OTHER).await.unwrap();
    assert!(world.lets_in(&casey, OTHER).await);
    world.mails().await;
}

async fn a_reason_is_asked_for(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    let field = |field: &str, problem| FieldProblem { field: field.into(), problem };
    let long = "x".repeat(501);
    for (reason, ticket, problems) in [
        (" \n ", "", vec![field("reason", Problem::Required)]),
        (&long, "T-1", vec![field("reason", Problem::TooLong { max: 500 })]),
        (
            "a\0",
            &long,
            vec![
                field("reason", Problem::UnseenCharacters),
                field("ticket", Problem::TooLong { max: 60 }),
            ],
        ),
    ] {
        let request = SendLink {
            customer: casey.id,
            reason: reason.into(),
            ticket: ticket.into(),
            places: String::new(),
        };
        let sent = world.portal.send_link(&arun.actor, request).await;
        assert_eq!(refusal(sent), Refusal::Fields(problems));
    }
    assert_eq!(world.new_mails().await.len(), 0);
}

async fn who_may_send_a_link(world: &mut World) {
    let casey = world.person("casey").await;
    for who in ["olivia", "arun", "operator"] {
        let operator = at_the_desk(world, who).await;
        sends(world, &operator, &casey).await.unwrap();
    }
    let ada = at_the_desk(world, "ada").await;
    assert_eq!(refusal(sends(world, &ada, &casey).await), Refusal::NotAllowed);
    assert_eq!(refusal(world.portal.cancel_links(&ada.actor, casey.id).await), Refusal::NotAllowed);
    // A customer finds no desk at all.
    let drew = at_the_desk(world, "drew").await;
    for found in [
        sends(world, &drew, &casey).await,
        world.portal.reset_desk(&drew.actor, casey.id, None).await.map(drop),
        world.portal.cancel_links(&drew.actor, casey.id).await.map(drop),
    ] {
        assert_eq!(refusal(found), Refusal::NotFound);
    }
    world.mails().await;
}

async fn another_resellers_customer_gets_none(world: &mut World) {
    let olivia = at_the_desk(world, "olivia").await;
    let freya = at_the_desk(world, "freya").await;
    let nobody = Person { id: AccountId(Uuid::nil()), ..world.person("casey").await };
    let before = world.sql.everything().await;
    for (who, customer) in [
        (&olivia, world.customer_of("Contoso Cloud").await),
        (&olivia, nobody),
        (&olivia, world.person("arun").await),
        (&freya, world.person("casey").await),
    ] {
        assert_eq!(refusal(sends(world, who, &customer).await), Refusal::NotFound);
        let desk = world.portal.reset_desk(&who.actor, customer.id, None).await;
        assert_eq!(refusal(desk), Refusal::NotFound);
        let cancelled = world.portal.cancel_links(&who.actor, customer.id).await;
        assert_eq!(refusal(cancelled), Refusal::NotFound);
    }
    assert_eq!(world.sql.everything().await, before);
    sends(world, &olivia, &world.customer_of("Fjord IT").await).await.unwrap();
    world.mails().await;
}

async fn a_suspended_customer_gets_none(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    world.suspends(&casey).await;
    let impossible = Refusal::ResetImpossible(Obstacle::Suspended);
    assert_eq!(refusal(sends(world, &arun, &casey).await), impossible);
}

async fn without_mail_the_page_says_so(world: &mut World) {
    world.restart(|settings: &mut Settings| settings.mail.transport = MailTransport::None).await;
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    let impossible = Refusal::ResetImpossible(Obstacle::NoMail);
    assert_eq!(refusal(sends(world, &arun, &casey).await), impossible);
    let desk = world.portal.reset_desk(&arun.actor, casey.id, None).await.unwrap();
    assert_eq!(desk.customer.obstacle(Delivery::EmailLink), Some(Obstacle::NoMail));
}

/// Between the page and the submit, and even with an actor of before.
async fn what_was_taken_away_meanwhile_counts(world: &mut World) {
    let casey = world.person("casey").await;
    for (change, back) in [
        (
            "UPDATE accounts SET role = 'auditor' WHERE id = $1",
            "UPDATE accounts SET role = 'agent' WHERE id = $1",
        ),
        (
            "UPDATE accounts SET state = 'suspended' WHERE id = $1",
            "UPDATE accounts SET state = 'active' WHERE id = $1",
        ),
        (
            "UPDATE accounts SET locked_by = 'staff' WHERE id = $1",
            "UPDATE accounts SET locked_by = NULL WHERE id = $1",
        ),
        (
            "UPDATE sessions SET ended_at = 1 WHERE account_id = $1",
            "UPDATE sessions SET ended_at = NULL WHERE account_id = $1",
        ),
    ] {
        let arun = at_the_desk(world, "arun").await;
        world.sql.run(change, values![arun.person.id]).await;
        assert_eq!(refusal(sends(world, &arun, &casey).await), Refusal::NotAllowed, "{change}");
        world.sql.run(back, values![arun.person.id]).await;
        sends(world, &arun, &casey).await.unwrap();
    }
    world.mails().await;
}

async fn budgets_end_a_rampage(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    for _ in 0..10 {
        sends(world, &arun, &casey).await.unwrap();
    }
    // Ten in a row is a burst.
    assert_eq!(wait(sends(world, &arun, &casey).await), 30);
    world.sets_rule("Northwind Backup", "resets_per_operator", Some(2), None).await;
    world.minutes_pass(5);
    let arun = proves(world, arun).await;
    // A quarter of an hour is still to come back from before.
    sends(world, &arun, &casey).await.unwrap();
    assert_eq!(wait(sends(world, &arun, &casey).await), 900);
    // Somebody else's budget is another one.
    let olivia = at_the_desk(world, "olivia").await;
    sends(world, &olivia, &casey).await.unwrap();
    world.mails().await;
}

async fn a_days_budget_ends_what_no_hour_does(world: &mut World) {
    let casey = world.person("casey").await;
    for (rule, who) in
        [("resets_per_operator_day", "arun"), ("resets_per_organization_day", "olivia")]
    {
        world.sets_rule("Northwind Backup", rule, Some(3), None).await;
        let mut operator = at_the_desk(world, who).await;
        for _ in 0..3 {
            sends(world, &operator, &casey).await.unwrap();
            world.minutes_pass(20);
            operator = proves(world, operator).await;
        }
        // One of three comes back every eight hours; an hour is over by now.
        assert_eq!(wait(sends(world, &operator, &casey).await), 7 * 60 * 60);
        world.sets_rule("Northwind Backup", rule, None, None).await;
        world.minutes_pass(24 * 60);
    }
    world.mails().await;
}

async fn a_rampage_is_told_to_the_owners(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    for _ in 0..10 {
        sends(world, &arun, &casey).await.unwrap();
    }
    world.new_mails().await;
    for _ in 0..3 {
        let refused = refusal(sends(world, &arun, &casey).await);
        assert!(matches!(refused, Refusal::Budget { .. }), "{refused:?}");
    }
    // Once, not once for each further try; each try is recorded.
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0].to, "olivia@northwind.example");
    assert!(mails[0].says("Arun Velder has reset so many passwords"), "{}", mails[0].text);
    let stopped: i64 = world
        .sql
        .one("SELECT COUNT(*) FROM audit_entries WHERE kind = 'resets_stopped'", values![])
        .await;
    assert_eq!(stopped, 3);
}

async fn a_budget_is_the_organizations_too(world: &mut World) {
    world.sets_rule("Northwind Backup", "resets_per_organization", Some(2), None).await;
    let casey = world.person("casey").await;
    for who in ["arun", "olivia"] {
        let operator = at_the_desk(world, who).await;
        sends(world, &operator, &casey).await.unwrap();
    }
    let operator = at_the_desk(world, "operator").await;
    assert_eq!(wait(sends(world, &operator, &casey).await), 1_800);
    world.mails().await;
}

async fn links_are_cancelled(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    sends(world, &arun, &casey).await.unwrap();
    let link = world.link_in(&world.new_mails().await[0]);
    // To call something off, nobody has to prove anything.
    world.minutes_pass(11);
    assert_eq!(world.portal.cancel_links(&arun.actor, casey.id).await.unwrap(), 1);
    refusal(world.opens(&link).await);
    assert_eq!(world.reset_states(&casey).await, ["cancelled"]);
    assert_eq!(world.portal.cancel_links(&arun.actor, casey.id).await.unwrap(), 0);
    assert_eq!(world.count_recorded(&casey, "links_cancelled").await, 1);
    world.mails().await;
}

async fn two_operators_at_once_leave_one_link(world: &mut World) {
    let casey = world.person("casey").await;
    let operators = [at_the_desk(world, "arun").await, at_the_desk(world, "olivia").await];
    let mut tasks = tokio::task::JoinSet::new();
    for operator in operators.iter().cycle().take(8) {
        let (portal, actor, request) =
            (world.portal.clone(), operator.actor.clone(), request(&casey));
        tasks.spawn(async move { portal.send_link(&actor, request).await });
    }
    for result in tasks.join_all().await {
        result.unwrap();
    }
    let mut states = world.link_states(&casey).await;
    states.sort();
    assert_eq!(states.iter().filter(|state| *state == "open").count(), 1);
    assert_eq!(states.len(), 8);
    let waiting = world.reset_states(&casey).await;
    assert_eq!(waiting.iter().filter(|state| *state == "waiting_for_customer").count(), 1);
    world.mails().await;
}

async fn pressed_twice_it_is_one_link(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    let form = request(&casey);
    let first = world.portal.send_link(&arun.actor, form.clone()).await.unwrap();
    world.seconds_pass(9);
    assert_eq!(world.portal.send_link(&arun.actor, form.clone()).await.unwrap(), first);
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 1);
    world.opens(&world.link_in(&mails[0])).await.unwrap();
    assert_eq!(world.count_recorded(&casey, "staff_link_sent").await, 1);
    world.seconds_pass(1);
    assert_ne!(world.portal.send_link(&arun.actor, form).await.unwrap(), first);
    world.mails().await;
}

async fn customers_of_a_suspended_organization_get_none(world: &mut World) {
    let olivia = at_the_desk(world, "olivia").await;
    let customer = world.customer_of("Fjord IT").await;
    world.suspends_organization("Fjord IT").await;
    let impossible = Refusal::ResetImpossible(Obstacle::Suspended);
    assert_eq!(refusal(sends(world, &olivia, &customer).await), impossible);
    let desk = world.portal.reset_desk(&olivia.actor, customer.id, None).await.unwrap();
    assert_eq!(desk.customer.obstacle(Delivery::EmailLink), Some(Obstacle::Suspended));
}

async fn what_was_sent_is_told_to_who_sent_it(world: &mut World) {
    let (arun, olivia) = (at_the_desk(world, "arun").await, at_the_desk(world, "olivia").await);
    let (casey, drew) = (world.person("casey").await, world.person("drew").await);
    let sent = world.portal.send_link(&arun.actor, request(&casey)).await.unwrap();
    for (who, customer, says) in
        [(&arun, &casey, true), (&olivia, &casey, false), (&arun, &drew, false)]
    {
        let desk = world.portal.reset_desk(&who.actor, customer.id, Some(sent)).await.unwrap();
        assert_eq!(desk.begun.is_some(), says);
    }
    world.portal.cancel_links(&arun.actor, casey.id).await.unwrap();
    let desk = world.portal.reset_desk(&arun.actor, casey.id, Some(sent)).await.unwrap();
    assert_eq!(desk.begun.unwrap().state, ResetState::Cancelled);
    world.mails().await;
}

async fn a_parents_staff_keep_their_own_budget(world: &mut World) {
    world.sets_rule("Fjord IT", "resets_per_operator", Some(1), None).await;
    let olivia = at_the_desk(world, "olivia").await;
    let customer = world.customer_of("Fjord IT").await;
    for _ in 0..3 {
        sends(world, &olivia, &customer).await.unwrap();
    }
    world.mails().await;
}

async fn a_new_password_frees_who_guessed_at_the_old_one(world: &mut World) {
    let casey = world.enters("casey").await;
    let guess = async |entered: &Entered| {
        let password = secret(WRONG);
        world.portal.step_up(&entered.actor, &password, &secret("")).await.map(drop)
    };
    for _ in 0..5 {
        refusal(guess(&casey).await);
    }
    wait(guess(&casey).await);
    world.resets(&casey.person, NEW).await;
    let casey = world.enters_with("casey", NEW).await;
    let wrong = Refusal::field("password", Problem::CurrentPasswordWrong);
    assert_eq!(refusal(guess(&casey).await), wrong);
    world.mails().await;
}

async fn the_desk_says_what_is_possible(world: &mut World) {
    let (arun, casey) = (world.enters("arun").await, world.person("casey").await);
    let desk = world.portal.reset_desk(&arun.actor, casey.id, None).await.unwrap();
    assert_eq!((desk.stepped_up, desk.begun, desk.link_minutes), (false, None, 30));
    assert_eq!(desk.customer.obstacle(Delivery::EmailLink), None);
    let arun = proves(world, arun).await;
    assert!(world.portal.reset_desk(&arun.actor, casey.id, None).await.unwrap().stepped_up);
    let ada = world.enters("ada").await;
    let desk = world.portal.reset_desk(&ada.actor, casey.id, None).await.unwrap();
    assert_eq!(desk.customer.obstacle(Delivery::EmailLink), Some(Obstacle::NotPermitted));
}

async fn sending_is_recorded_with_its_reason(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    sends(world, &arun, &casey).await.unwrap();
    assert_eq!(world.recorded(&casey).await, ["staff_link_sent done"]);
    let content: String = world
        .sql
        .one(
            "SELECT content FROM audit_personal JOIN audit_entries ON audit_entries.id = audit_id WHERE subject_id = $1",
            values![casey.id],
        )
        .await;
    for word in ["Arun Velder", "knows the last invoice", "T-1029"] {
        assert!(content.contains(word), "{content}");
    }
    world.mails().await;
}
