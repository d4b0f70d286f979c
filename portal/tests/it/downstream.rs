//! New passwords that go to downstream systems too: what stands in the way, what comes of it.

use std::time::Duration;

use model::{
    Refusal,
    connector::Reason,
    id::ServiceAccountId,
    overview::ResetQuery,
    refusal::Problem,
    reset::{Obstacle, ResetState, TargetState},
};
use portal::{DEMO_PASSWORD, SetConsent, SetPassword, StaffPassword};
use serde_json::json;
use uuid::Uuid;

use crate::{
    caller::{asks, enters_code_for, mailed},
    downstream_world::{BEFORE, SET, System, TYPED, systems, systems_in_step, typed},
    reset_desk::at_the_desk,
    rules::proven,
    world::{NEW, OTHER, World, new_password, refusal, secret, stories},
};

stories! {
    a_typed_password_works_everywhere_and_nowhere_else_does_the_old_one,
    a_generated_password_goes_where_it_was_meant_to,
    one_system_among_several_is_chosen,
    a_link_remembers_where_its_password_goes,
    what_stands_in_the_way_is_said_before_anything_is_decided,
    a_password_that_a_system_cannot_take_is_refused_at_its_field,
    what_is_refused_first_changes_nothing,
    what_a_refused_reset_used_up_is_given_back,
    what_is_refused_after_another_needs_attention,
    an_answer_that_got_lost_is_no_failure,
    what_was_not_done_is_done_the_second_time,
    a_system_that_hangs_is_looked_at_again,
    what_may_have_been_done_is_never_called_failed,
    the_forced_change_goes_to_the_same_places,
    what_customers_choose_goes_everywhere_where_they_are_kept_in_step,
    what_customers_choose_stays_here_otherwise,
    what_customers_choose_takes_effect_here_in_any_case,
    a_form_pressed_twice_is_answered_alike_though_a_system_is_down,
}

fn only(system: &System) -> String {
    system.service.to_string()
}

fn in_the_way(reason: Reason) -> Refusal {
    Refusal::field("where", Problem::Service(reason))
}

async fn a_typed_password_works_everywhere_and_nowhere_else_does_the_old_one(world: &mut World) {
    let mut systems = systems::<2>(world).await;
    let olivia = world.owner().await;
    let reset = world.types(&olivia, TYPED, "all").await.unwrap();
    assert_eq!(world.reset_states(&world.casey().await).await, ["done"]);
    assert_eq!(world.places_of(reset).await, ["applied", "applied"]);
    world.casey_comes_in_with(TYPED, DEMO_PASSWORD).await;
    for system in &mut systems {
        let user = system.user("acme01");
        assert_eq!((&user["opens_vaults"], &user["require_change"]), (&json!(true), &json!(true)));
        system.has(TYPED, BEFORE);
    }
    assert_eq!((world.kept_passwords().await, world.differing().await), (0, 0));
    let progress = world.progress(&olivia, reset).await;
    assert_eq!((progress.state, progress.kept), (ResetState::Done, false));
    assert_eq!(progress.targets.len(), 3);
    world.mails().await;
}

async fn a_generated_password_goes_where_it_was_meant_to(world: &mut World) {
    let [mut system] = systems::<1>(world).await;
    let olivia = world.owner().await;
    let request = SetPassword {
        password: StaffPassword::Generated,
        ..typed(&world.casey().await, TYPED, "all")
    };
    world.portal.set_customer_password(&olivia.actor, request).await.unwrap();
    let mails = world.new_mails().await;
    let line = mails[0].text.lines().find(|line| line.starts_with("    "));
    let password = line.expect("a password").trim().to_owned();
    world.is_secret(&secret(&password));
    system.has(&password, BEFORE);
    world.casey_comes_in_with(&password, DEMO_PASSWORD).await;
    assert_eq!(system.sets(), 1);
}

async fn one_system_among_several_is_chosen(world: &mut World) {
    let [mut first, mut second] = systems::<2>(world).await;
    let olivia = world.owner().await;
    world.types(&olivia, TYPED, &only(&second)).await.unwrap();
    second.has(TYPED, BEFORE);
    first.has(BEFORE, TYPED);
    world.types(&olivia, OTHER, "portal").await.unwrap();
    second.has(TYPED, OTHER);
    assert_eq!((first.sets(), second.sets()), (0, 1));
    // What is nobody's, or somebody else's, is no choice.
    let drew = world.person("drew").await;
    let nobodys = ServiceAccountId(Uuid::nil()).to_string();
    for (customer, places) in
        [(&drew, only(&first)), (&drew, "all".into()), (&world.casey().await, nobodys)]
    {
        let request = typed(customer, NEW, &places);
        let refused = refusal(world.portal.set_customer_password(&olivia.actor, request).await);
        assert_eq!(refused, Refusal::field("where", Problem::NotAChoice));
    }
    world.mails().await;
}

async fn a_link_remembers_where_its_password_goes(world: &mut World) {
    let [first, second] = systems::<2>(world).await;
    let olivia = world.owner().await;
    let link = world.sends_link_for(&olivia, &only(&first)).await.unwrap();
    world.uses(&link, NEW).await.unwrap();
    first.has(NEW, BEFORE);
    second.has(BEFORE, NEW);
    world.casey_comes_in_with(NEW, DEMO_PASSWORD).await;
    world.seconds_pass(20);
    // What passes by itself is no reason against a link.
    let link = world.sends_link_for(&olivia, "all").await.unwrap();
    world.uses(&link, OTHER).await.unwrap();
    first.has(OTHER, NEW);
    second.has(OTHER, BEFORE);
    assert_eq!(world.reset_states(&world.casey().await).await, ["done", "done"]);
    world.mails().await;
}

async fn what_stands_in_the_way_is_said_before_anything_is_decided(world: &mut World) {
    let [mut system] = systems::<1>(world).await;
    let casey = world.proves(&world.enters("casey").await).await;
    let once = SetConsent { choice: "once".into(), until: String::new(), links_only: false };
    world.portal.set_consent(&casey.actor, once).await.unwrap();
    let olivia = world.owner().await;
    for (order, reason) in [
        (json!({"do": "set", "name": "acme01", "consent": false}), Reason::NoConsent),
        (json!({"do": "set", "name": "acme01", "suspended": true}), Reason::Suspended),
        (json!({"do": "recreate", "name": "acme01"}), Reason::AnotherAccount),
        (json!({"do": "remove", "name": "acme01"}), Reason::NoSuchAccount),
        (json!({"do": "admin", "password": "another one"}), Reason::SignInRefused),
    ] {
        // Messages are in the system's language, and tell nothing.
        system.order(&json!({"do": "language", "to": "de"}));
        system.order(&order);
        let before = world.sql.everything().await;
        assert_eq!(refusal(world.types(&olivia, TYPED, "all").await), in_the_way(reason));
        assert_eq!(refusal(world.sends_link_for(&olivia, "all").await), in_the_way(reason));
        assert_eq!(world.sql.everything().await, before, "{reason}");
    }
    assert!(world.holds(&casey).await);
    assert_eq!(system.sets(), 0);
    // The permission is still there.
    world.types(&olivia, TYPED, "portal").await.unwrap();
    world.mails().await;
}

async fn a_password_that_a_system_cannot_take_is_refused_at_its_field(world: &mut World) {
    let [mut system] = systems_in_step::<1>(world).await;
    let olivia = world.owner().await;
    let odd = "granite\u{7}walnut ferry nine";
    let refused = Refusal::field("new", Problem::Service(Reason::NotRepresentable));
    assert_eq!(refusal(world.types(&olivia, odd, "all").await), refused);
    let link = world.mailed_link(&world.casey().await).await;
    assert_eq!(refusal(world.uses(&link, odd).await), refused);
    let casey = world.enters("casey").await;
    let result = world.change_password(&casey, DEMO_PASSWORD, odd).await;
    assert_eq!(refusal(result), refused);
    // The link is as good as before.
    world.uses(&link, NEW).await.unwrap();
    assert_eq!(system.sets(), 1);
    world.mails().await;
}

async fn what_is_refused_first_changes_nothing(world: &mut World) {
    let [mut first, mut second] = systems::<2>(world).await;
    let olivia = world.owner().await;
    first.fault(SET, "no", 1);
    let reset = world.types(&olivia, TYPED, "all").await.unwrap();
    let casey = world.casey().await;
    assert_eq!(world.reset_states(&casey).await, ["refused"]);
    assert_eq!(world.places_of(reset).await, ["refused refused", "not_sent"]);
    assert_eq!(
        world.recorded(&casey).await[2..],
        ["staff_password_set begun", "reset_refused refused"]
    );
    world.casey_comes_in_with(DEMO_PASSWORD, TYPED).await;
    first.has(BEFORE, TYPED);
    second.has(BEFORE, TYPED);
    assert_eq!(second.sets(), 0);
    assert_eq!((world.kept_passwords().await, world.differing().await), (0, 0));
    // Nobody is told of a password that was not set.
    assert_eq!(world.new_mails().await.len(), 0);
}

async fn what_a_refused_reset_used_up_is_given_back(world: &mut World) {
    let [mut system] = systems::<1>(world).await;
    world.sets_rule("Northwind Backup", "caller_verification", Some(2), None).await;
    let casey = world.casey().await;
    let owner = proven(world, "casey").await;
    let request = SetConsent { choice: "once".into(), until: String::new(), links_only: false };
    world.portal.set_consent(&owner.actor, request).await.unwrap();
    world.mails().await;
    world.seconds_pass(1);
    let arun = at_the_desk(world, "arun").await;
    asks(world, &arun, &casey, "mail").await.unwrap();
    let (code, _) = mailed(world).await;
    enters_code_for(world, &arun, &casey, ("set_password", &code)).await.unwrap();
    for tried in 1..=2 {
        system.fault(SET, "no", 1);
        world.types(&arun, TYPED, "all").await.unwrap();
        assert_eq!(world.reset_states(&casey).await, vec!["refused"; tried]);
        world.seconds_pass(1);
    }
    // Another password is taken; with it both are gone.
    world.types(&arun, OTHER, "all").await.unwrap();
    system.has(OTHER, BEFORE);
    let again = world.types(&arun, TYPED, "all").await;
    assert_eq!(refusal(again), Refusal::ResetImpossible(Obstacle::NoConsent));
    world.is_secret(&secret(OTHER));
    world.mails().await;
}

async fn what_is_refused_after_another_needs_attention(world: &mut World) {
    let [first, mut second] = systems::<2>(world).await;
    let olivia = world.owner().await;
    second.fault(SET, "no", 1);
    let reset = world.types(&olivia, TYPED, "all").await.unwrap();
    assert_eq!(world.places_of(reset).await, ["applied", "refused refused"]);
    world.casey_comes_in_with(TYPED, DEMO_PASSWORD).await;
    first.has(TYPED, BEFORE);
    second.has(BEFORE, TYPED);
    assert_eq!(world.differing().await, 1);
    let query = ResetQuery { state: Some(ResetState::NeedsAttention), ..ResetQuery::default() };
    let page = world.portal.resets(&olivia.actor, &query).await.unwrap();
    assert_eq!((page.lines.len(), page.lines[0].id), (1, reset));
    let left: Vec<_> = page.lines[0].targets.iter().filter(|target| target.is_left()).collect();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].system.as_ref().map(model::text::Name::as_str), Some("Cloud Backup 2"));
    assert_eq!((left[0].state, left[0].reason), (TargetState::Refused, Some(Reason::Refused)));
    assert_eq!(world.portal.home(&olivia.actor).await.unwrap().resets.number, 1);
    let services = world.portal.services(&olivia.actor, world.casey().await.id).await.unwrap();
    let differs: Vec<bool> =
        services.services.iter().map(|service| service.differs_since.is_some()).collect();
    assert_eq!(differs, [false, true]);
    // What it refuses is not tried again by itself.
    world.minutes_pass(5);
    world.mails().await;
    assert_eq!(second.sets(), 1);
    world.minutes_pass(9);
    world.portal.tidy().await.unwrap();
    assert_eq!(world.kept_passwords().await, 0);
    assert_eq!(world.differing().await, 1, "that the passwords differ stays told");
}

async fn an_answer_that_got_lost_is_no_failure(world: &mut World) {
    let [mut system] = systems::<1>(world).await;
    let mut before = BEFORE.to_owned();
    for kind in ["cut_after", "500_after", "garbage_after", "half_after"] {
        let olivia = world.owner().await;
        system.fault(SET, kind, 1);
        let password = format!("{TYPED} {kind}");
        let reset = world.types(&olivia, &password, "all").await.unwrap();
        assert_eq!(world.places_of(reset).await, ["applied"], "{kind}");
        system.has(&password, &before);
        world.casey_comes_in_with(&password, &before).await;
        before = password;
        world.minutes_pass(5);
    }
    assert_eq!(world.reset_states(&world.casey().await).await, ["done"; 4]);
    assert_eq!(system.sets(), 4, "each was set once");
    world.mails().await;
}

async fn what_was_not_done_is_done_the_second_time(world: &mut World) {
    let [mut system] = systems::<1>(world).await;
    for kind in ["cut", "500", "garbage"] {
        let olivia = world.owner().await;
        system.fault(SET, kind, 1);
        let password = format!("{TYPED} {kind}");
        let reset = world.types(&olivia, &password, "all").await.unwrap();
        assert_eq!(world.places_of(reset).await, ["applied"], "{kind}");
        system.has(&password, BEFORE);
        world.minutes_pass(5);
    }
    assert_eq!(system.sets(), 6);
    assert_eq!(world.reset_states(&world.casey().await).await, ["done"; 3]);
    world.mails().await;
}

async fn a_system_that_hangs_is_looked_at_again(world: &mut World) {
    world.patience = Some(Duration::from_secs(2));
    let [mut system] = systems::<1>(world).await;
    for kind in ["hang", "hang_after"] {
        let olivia = world.owner().await;
        system.fault(SET, kind, 1);
        let password = format!("{TYPED} {kind}");
        let reset = world.types(&olivia, &password, "all").await.unwrap();
        world.until_it_ends().await;
        assert_eq!(world.places_of(reset).await, ["applied"], "{kind}");
        system.has(&password, BEFORE);
        world.minutes_pass(5);
    }
    assert_eq!(system.sets(), 3);
    world.mails().await;
}

async fn what_may_have_been_done_is_never_called_failed(world: &mut World) {
    let [mut system] = systems::<1>(world).await;
    let olivia = world.owner().await;
    system.fault(SET, "500", 2);
    let reset = world.types(&olivia, TYPED, "all").await.unwrap();
    assert_eq!(world.places_of(reset).await, ["unknown its_fault"]);
    assert_eq!(world.reset_states(&world.casey().await).await, ["needs_attention"]);
    world.casey_comes_in_with(TYPED, DEMO_PASSWORD).await;
    assert_eq!((world.kept_passwords().await, world.differing().await), (1, 1));
    assert!(world.progress(&olivia, reset).await.kept);
    // It is tried again, also under another master key, and is well.
    assert!(world.portal.rotate_keys(|_, _| {}).await.unwrap().is_done);
    world.seconds_pass(21);
    world.mails().await;
    assert_eq!(world.places_of(reset).await, ["applied"]);
    assert_eq!(world.reset_states(&world.casey().await).await, ["done"]);
    assert_eq!((world.kept_passwords().await, world.differing().await), (0, 0));
    system.has(TYPED, BEFORE);
}

async fn the_forced_change_goes_to_the_same_places(world: &mut World) {
    let [first, second] = systems::<2>(world).await;
    let olivia = world.owner().await;
    world.types(&olivia, TYPED, &only(&second)).await.unwrap();
    let casey = world.casey().await;
    let visit = world.visit_at(casey.site);
    let signed_in = world.sign_in(&visit, &casey.email, TYPED).await.unwrap();
    let newcomer = world.portal.newcomer(&visit, &signed_in.token).await.unwrap().unwrap();
    let signed_in = world.portal.choose_password(&newcomer, new_password(NEW)).await.unwrap();
    world.came_in(casey, visit, signed_in).await;
    second.has(NEW, TYPED);
    first.has(BEFORE, NEW);
    world.casey_comes_in_with(NEW, TYPED).await;
    world.mails().await;
    // The next change is the customer's own, and stays here.
    let casey = world.enters_with("casey", NEW).await;
    world.change_password(&casey, NEW, OTHER).await.unwrap();
    second.has(NEW, OTHER);
    world.mails().await;
}

async fn what_customers_choose_goes_everywhere_where_they_are_kept_in_step(world: &mut World) {
    let systems = systems_in_step::<2>(world).await;
    let casey = world.enters("casey").await;
    world.change_password(&casey, DEMO_PASSWORD, NEW).await.unwrap();
    for system in &systems {
        system.has(NEW, BEFORE);
    }
    world.resets(&casey.person, OTHER).await;
    for system in &systems {
        system.has(OTHER, NEW);
    }
    world.casey_comes_in_with(OTHER, NEW).await;
    world.mails().await;
}

async fn what_customers_choose_stays_here_otherwise(world: &mut World) {
    let [mut system] = systems::<1>(world).await;
    let casey = world.enters("casey").await;
    world.change_password(&casey, DEMO_PASSWORD, NEW).await.unwrap();
    world.resets(&casey.person, OTHER).await;
    system.has(BEFORE, OTHER);
    assert_eq!((system.sets(), world.kept_passwords().await), (0, 0));
    world.mails().await;
}

async fn what_customers_choose_takes_effect_here_in_any_case(world: &mut World) {
    let [mut system] = systems_in_step::<1>(world).await;
    system.order(&json!({"do": "set", "name": "acme01", "consent": false}));
    let casey = world.casey().await;
    world.resets(&casey, NEW).await;
    world.casey_comes_in_with(NEW, DEMO_PASSWORD).await;
    system.has(BEFORE, NEW);
    assert_eq!(world.reset_states(&casey).await, ["needs_attention"]);
    assert_eq!(world.places_of(world.last_reset().await).await, ["refused no_consent"]);
    let entered = world.enters_with("casey", NEW).await;
    let differing = world.portal.me(&entered.actor).await.unwrap().differing;
    assert_eq!(differing.len(), 1, "their own pages say so");
    world.notice_for(&casey).await;
}

async fn a_form_pressed_twice_is_answered_alike_though_a_system_is_down(world: &mut World) {
    let [first, mut second] = systems::<2>(world).await;
    let olivia = world.owner().await;
    second.fault(SET, "no", 1);
    let request = typed(&world.casey().await, TYPED, "all");
    world.is_secret(&secret(TYPED));
    let once = world.portal.set_customer_password(&olivia.actor, request.clone()).await.unwrap();
    let twice = world.portal.set_customer_password(&olivia.actor, request).await.unwrap();
    assert_eq!(once, twice);
    assert_eq!(world.reset_states(&world.casey().await).await, ["needs_attention"]);
    drop(first);
    // The same with a link.
    second.fault(SET, "no", 1);
    let link = world.sends_link_for(&olivia, &only(&second)).await;
    let link = link.expect("the mail with the link");
    world.uses(&link, NEW).await.unwrap();
    world.uses(&link, NEW).await.unwrap();
    assert_eq!(world.places_of(world.last_reset().await).await, ["refused refused"]);
    world.mails().await;
}
