//! Passwords that are not everywhere yet: tried again by themselves and by staff, given up, overtaken
//! by newer ones, disputed.

use std::time::Duration;

use model::{
    Refusal,
    audit::AuditKind,
    connector::Reason,
    id::{ResetId, TargetId},
    refusal::Problem,
    reset::ResetState,
};
use portal::{DEMO_PASSWORD, Place, Result, SetPassword, StaffPassword};
use serde_json::json;
use uuid::Uuid;

use crate::{
    downstream_world::{BEFORE, SET, System, TYPED, systems, systems_in_step, typed},
    reset_desk::at_the_desk,
    world::{Entered, Mail, NEW, OTHER, World, new_password, refusal, stories, until},
};

stories! {
    what_is_left_is_tried_again_until_it_is_done,
    what_is_left_is_tried_only_as_long_as_the_password_is_kept,
    staff_have_a_place_tried_again,
    staff_have_a_place_tried_while_a_worker_is_at_another,
    staff_leave_a_place_as_it_is,
    who_may_try_again_and_give_up,
    another_resellers_places_are_as_good_as_none,
    a_place_that_changed_meanwhile_is_not_touched,
    a_place_that_was_tried_in_vain_can_be_tried_once_more,
    a_newer_password_wins_everywhere,
    a_newer_password_wins_where_an_older_one_is_still_tried,
    a_newer_reset_that_is_refused_takes_nothings_place,
    what_its_owner_disputes_goes_nowhere_else,
    an_account_that_was_unlinked_is_not_asked,
    a_connector_that_was_disabled_is_not_asked,
    a_lost_database_is_no_reason_to_give_up,
    a_password_that_did_not_arrive_still_needs_attention,
}

/// Two systems, of which the second one failed: what staff typed is in the first one and here.
async fn one_is_left(world: &mut World, kind: &str) -> ([System; 2], Entered, ResetId) {
    let mut systems = systems::<2>(world).await;
    let olivia = world.owner().await;
    systems[1].fault(SET, kind, 99);
    let reset = world.types(&olivia, TYPED, "all").await.unwrap();
    assert_eq!(world.reset_states(&world.casey().await).await, ["needs_attention"]);
    world.mails().await;
    (systems, olivia, reset)
}

async fn tries(world: &World, who: &Entered, place: Place) -> Result<()> {
    world.portal.retry_target(&who.actor, place).await
}

async fn gives_up(world: &World, who: &Entered, place: Place) -> Result<()> {
    world.portal.give_up_target(&who.actor, place, "They cancel that contract").await
}

fn about_the_place(problem: Problem) -> Refusal {
    Refusal::field("target", problem)
}

async fn what_is_left_is_tried_again_until_it_is_done(world: &mut World) {
    let ([mut first, mut second], _, reset) = one_is_left(world, "500").await;
    for _ in 0..3 {
        world.seconds_pass(21);
        world.portal.work_off().await.unwrap();
        assert_eq!(world.places_of(reset).await, ["applied", "unknown its_fault"]);
    }
    // Each time it was looked whether it is there, and set, twice.
    assert_eq!((first.sets(), second.sets()), (1, 8));
    second.calm();
    world.portal.work_off().await.unwrap();
    assert_eq!(second.sets(), 8, "not before its time");
    world.seconds_pass(21);
    world.portal.work_off().await.unwrap();
    assert_eq!(world.places_of(reset).await, ["applied", "applied"]);
    assert_eq!(world.reset_states(&world.casey().await).await, ["done"]);
    assert_eq!((world.kept_passwords().await, world.differing().await), (0, 0));
    second.has(TYPED, BEFORE);
    assert_eq!(first.sets(), 1, "what is done is left alone");
    let casey = world.casey().await;
    assert_eq!(world.count_recorded(&casey, "staff_password_set").await, 2);
    assert_eq!(world.count_recorded(&casey, "reset_needs_attention").await, 1);
    assert_eq!(world.count_recorded(&casey, "reset_done").await, 1);
}

async fn what_is_left_is_tried_only_as_long_as_the_password_is_kept(world: &mut World) {
    let ([_first, mut second], olivia, reset) = one_is_left(world, "500").await;
    world.minutes_pass(14);
    world.portal.tidy().await.unwrap();
    assert_eq!(world.kept_passwords().await, 0);
    let before = second.sets();
    second.calm();
    world.portal.work_off().await.unwrap();
    assert_eq!(world.places_of(reset).await, ["applied", "unknown time_over"]);
    assert_eq!(world.reset_states(&world.casey().await).await, ["needs_attention"]);
    assert_eq!((second.sets(), world.differing().await), (before, 1));
    assert!(!world.progress(&olivia, reset).await.kept);
    let olivia = world.proves(&olivia).await;
    let refused = refusal(tries(world, &olivia, world.place(reset, 1).await).await);
    assert_eq!(refused, about_the_place(Problem::Service(Reason::TimeOver)));
    // It is over for good.
    world.minutes_pass(5);
    world.portal.work_off().await.unwrap();
    assert_eq!(second.sets(), before);
    second.has(BEFORE, TYPED);
}

async fn staff_have_a_place_tried_again(world: &mut World) {
    let ([first, mut second], olivia, reset) = one_is_left(world, "no").await;
    second.calm();
    tries(world, &olivia, world.place(reset, 1).await).await.unwrap();
    assert_eq!(world.places_of(reset).await, ["applied", "applied"]);
    assert_eq!(world.progress(&olivia, reset).await.state, ResetState::Done);
    assert_eq!((world.kept_passwords().await, world.differing().await), (0, 0));
    first.has(TYPED, BEFORE);
    second.has(TYPED, BEFORE);
    let casey = world.casey().await;
    assert_eq!(world.count_recorded(&casey, &AuditKind::TargetRetried.to_string()).await, 1);
}

async fn staff_have_a_place_tried_while_a_worker_is_at_another(world: &mut World) {
    let [mut first, mut second] = systems::<2>(world).await;
    let olivia = world.owner().await;
    first.fault(SET, "500", 2);
    second.fault(SET, "no", 1);
    let reset = world.types(&olivia, TYPED, "all").await.unwrap();
    assert_eq!(world.places_of(reset).await, ["unknown its_fault", "refused refused"]);
    world.seconds_pass(21);
    first.fault(SET, "hang", 1);
    for system in [&mut first, &mut second] {
        system.order(&json!({"do": "forget"}));
    }
    let portal = world.portal.clone();
    let working = tokio::spawn(async move { portal.work_off().await });
    until("it is asked", async || first.sets() == 1).await;
    // The worker's own affair stays so, for as long as it may take.
    tries(world, &olivia, world.place(reset, 1).await).await.unwrap();
    world.seconds_pass(11);
    world.another_node().await.work_off().await.unwrap();
    assert_eq!((first.sets(), second.sets()), (1, 0));
    first.calm();
    working.await.unwrap().unwrap();
    assert_eq!(world.places_of(reset).await, ["applied", "applied"]);
    assert_eq!((first.sets(), second.sets()), (2, 1), "no place was asked by two at a time");
    assert_eq!(world.reset_states(&world.casey().await).await, ["done"]);
    world.mails().await;
}

async fn staff_leave_a_place_as_it_is(world: &mut World) {
    let ([_first, mut second], olivia, reset) = one_is_left(world, "500").await;
    let place = world.place(reset, 1).await;
    let no_reason = world.portal.give_up_target(&olivia.actor, place, " ").await;
    assert_eq!(refusal(no_reason), Refusal::field("reason", Problem::Required));
    gives_up(world, &olivia, place).await.unwrap();
    assert_eq!(world.places_of(reset).await, ["applied", "given_up its_fault"]);
    assert_eq!(world.reset_states(&world.casey().await).await, ["done"]);
    assert_eq!(world.kept_passwords().await, 0);
    assert_eq!(world.differing().await, 1, "the passwords differ all the same");
    let before = second.sets();
    world.minutes_pass(5);
    world.portal.work_off().await.unwrap();
    assert_eq!(second.sets(), before);
    // The next one that goes there ends that.
    second.calm();
    let olivia = world.owner().await;
    world.types(&olivia, OTHER, "all").await.unwrap();
    assert_eq!(world.differing().await, 0);
    world.mails().await;
}

async fn who_may_try_again_and_give_up(world: &mut World) {
    let ([_first, mut second], _, reset) = one_is_left(world, "no").await;
    let place = world.place(reset, 1).await;
    let ada = at_the_desk(world, "ada").await;
    assert_eq!(refusal(tries(world, &ada, place).await), Refusal::NotAllowed);
    assert_eq!(refusal(gives_up(world, &ada, place).await), Refusal::NotAllowed);
    let arun = world.enters("arun").await;
    assert_eq!(refusal(tries(world, &arun, place).await), Refusal::StepUp);
    assert_eq!(refusal(gives_up(world, &arun, place).await), Refusal::StepUp);
    assert_eq!(world.places_of(reset).await, ["applied", "refused refused"]);
    assert_eq!(second.sets(), 1);
    second.calm();
    let arun = world.proves(&arun).await;
    tries(world, &arun, place).await.unwrap();
    assert_eq!(world.places_of(reset).await, ["applied", "applied"]);
}

async fn another_resellers_places_are_as_good_as_none(world: &mut World) {
    let ([_first, mut second], olivia, reset) = one_is_left(world, "no").await;
    let place = world.place(reset, 1).await;
    for who in ["freya", "carla"] {
        let curious = at_the_desk(world, who).await;
        assert_eq!(refusal(tries(world, &curious, place).await), Refusal::NotFound);
        assert_eq!(refusal(gives_up(world, &curious, place).await), Refusal::NotFound);
        let progress = world.portal.reset_progress(&curious.actor, reset).await;
        assert_eq!(refusal(progress), Refusal::NotFound);
    }
    // No reset, no place, the portal itself, a place of another reset.
    let other = world.types(&olivia, OTHER, "portal").await.unwrap();
    world.mails().await;
    for place in [
        Place { reset: ResetId(Uuid::nil()), ..place },
        Place { target: TargetId(Uuid::nil()), ..place },
        Place { reset: other, ..place },
        world.place(other, 0).await,
    ] {
        assert_eq!(refusal(tries(world, &olivia, place).await), Refusal::NotFound);
        assert_eq!(refusal(gives_up(world, &olivia, place).await), Refusal::NotFound);
    }
    assert_eq!(second.sets(), 1);
}

async fn a_place_that_changed_meanwhile_is_not_touched(world: &mut World) {
    let ([_first, mut second], olivia, reset) = one_is_left(world, "500").await;
    second.calm();
    world.seconds_pass(21);
    world.portal.work_off().await.unwrap();
    let done = second.sets();
    for place in [world.place(reset, 0).await, world.place(reset, 1).await] {
        let changed = about_the_place(Problem::ChangedMeanwhile);
        assert_eq!(refusal(tries(world, &olivia, place).await), changed);
        assert_eq!(refusal(gives_up(world, &olivia, place).await), changed);
    }
    assert_eq!(second.sets(), done);
    assert_eq!(world.reset_states(&world.casey().await).await, ["done"]);
}

async fn a_place_that_was_tried_in_vain_can_be_tried_once_more(world: &mut World) {
    let ([_first, mut second], olivia, reset) = one_is_left(world, "no").await;
    let place = world.place(reset, 1).await;
    for _ in 0..2 {
        tries(world, &olivia, place).await.unwrap();
        assert_eq!(world.places_of(reset).await, ["applied", "refused refused"]);
        assert!(world.progress(&olivia, reset).await.kept);
    }
    second.calm();
    tries(world, &olivia, place).await.unwrap();
    assert_eq!(world.reset_states(&world.casey().await).await, ["done"]);
    second.has(TYPED, BEFORE);
}

/// Casey chooses a password with a link, and a system takes its time; the page does not wait for it.
async fn one_is_being_tried(world: &World, system: &mut System, new: &str) {
    let link = world.mailed_link(&world.casey().await).await;
    system.order(&json!({"do": "forget"}));
    let (portal, visit) = (world.portal.clone(), world.visit());
    let new = new_password(new);
    tokio::spawn(async move { portal.use_link(&visit, link.id, &link.token, new).await });
    until("it is asked", async || system.sets() == 1).await;
}

/// Waits, in true time, until nobody is trying any place.
async fn nothing_is_being_tried(world: &World) {
    let sql = "SELECT COUNT(*) FROM reset_targets WHERE state = 'applying'";
    until("no place is being tried", async || world.sql.one::<i64>(sql, []).await == 0).await;
}

async fn a_newer_password_wins_everywhere(world: &mut World) {
    let [mut system] = systems_in_step::<1>(world).await;
    system.fault(SET, "hang", 1);
    one_is_being_tried(world, &mut system, NEW).await;
    // While that hangs, staff set another one: it waits until the older one is out of the way.
    let olivia = world.owner().await;
    let newer = world.types(&olivia, TYPED, "all").await.unwrap();
    assert_eq!(world.places_of(newer).await, ["waiting"]);
    system.calm();
    nothing_is_being_tried(world).await;
    let casey = world.casey().await;
    until("both are over", async || {
        world.seconds_pass(3);
        world.portal.work_off().await.unwrap();
        world.work_left().await.2 == 0
    })
    .await;
    assert_eq!(world.reset_states(&casey).await, ["cancelled", "done"]);
    assert_eq!(world.places_of(newer).await, ["applied"]);
    world.casey_comes_in_with(TYPED, NEW).await;
    system.has(TYPED, NEW);
    assert_eq!((world.kept_passwords().await, world.differing().await), (0, 0));
    world.mails().await;
}

async fn a_newer_password_wins_where_an_older_one_is_still_tried(world: &mut World) {
    let [mut system] = systems_in_step::<1>(world).await;
    // The first one took effect here, and is tried there again: just now, when two newer ones come.
    system.fault(SET, "500", 2);
    let casey = world.casey().await;
    world.resets(&casey, NEW).await;
    assert_eq!(world.reset_states(&casey).await, ["needs_attention"]);
    world.seconds_pass(21);
    system.fault(SET, "hang", 1);
    system.order(&json!({"do": "forget"}));
    let portal = world.portal.clone();
    let working = tokio::spawn(async move { portal.work_off().await });
    until("it is asked", async || system.sets() == 1).await;
    let olivia = world.owner().await;
    world.types(&olivia, OTHER, "portal").await.unwrap();
    let last = world.types(&olivia, TYPED, "all").await.unwrap();
    assert_eq!(world.places_of(last).await, ["waiting"], "the older one is still being tried");
    system.calm();
    working.await.unwrap().unwrap();
    until("it is over", async || {
        world.seconds_pass(3);
        world.portal.work_off().await.unwrap();
        world.work_left().await.2 == 0
    })
    .await;
    assert_eq!(world.reset_states(&casey).await, ["cancelled", "done", "done"]);
    world.casey_comes_in_with(TYPED, OTHER).await;
    system.has(TYPED, NEW);
    assert_eq!(world.differing().await, 0);
    world.mails().await;
}

async fn a_newer_reset_that_is_refused_takes_nothings_place(world: &mut World) {
    world.patience = Some(Duration::from_secs(3));
    let [mut system] = systems_in_step::<1>(world).await;
    // Nobody knows of Casey's whether it was done; what staff type after it is refused.
    system.fault(SET, "hang", 1);
    system.fault(SET, "no", 2);
    one_is_being_tried(world, &mut system, NEW).await;
    let olivia = world.owner().await;
    let newer = world.types(&olivia, TYPED, "all").await.unwrap();
    assert_eq!(world.places_of(newer).await, ["waiting"]);
    nothing_is_being_tried(world).await;
    let casey = world.casey().await;
    until("both are over", async || {
        world.seconds_pass(3);
        world.portal.work_off().await.unwrap();
        world.work_left().await.2 == 0
    })
    .await;
    assert_eq!(world.places_of(newer).await, ["refused refused"]);
    world.seconds_pass(21);
    world.portal.work_off().await.unwrap();
    assert_eq!(world.reset_states(&casey).await, ["done", "refused"]);
    world.casey_comes_in_with(NEW, TYPED).await;
    system.has(NEW, BEFORE);
    assert_eq!((world.kept_passwords().await, world.differing().await), (0, 0));
    world.mails().await;
}

async fn what_its_owner_disputes_goes_nowhere_else(world: &mut World) {
    let mut systems = systems::<2>(world).await;
    let olivia = world.owner().await;
    systems[1].fault(SET, "500", 99);
    let reset = world.types(&olivia, TYPED, "all").await.unwrap();
    let mail = world.new_mails().await.pop().expect("a notice");
    let line = mail.text.lines().find(|line| line.contains("/confirm/")).unwrap().to_owned();
    let notice = world.link_in(&Mail { text: line, ..mail });
    world.disputes(&notice).await.unwrap();
    let before = systems[1].sets();
    systems[1].calm();
    world.seconds_pass(31);
    world.mails().await;
    assert_eq!(systems[1].sets(), before);
    systems[1].has(BEFORE, TYPED);
    assert_eq!((world.kept_passwords().await, world.differing().await), (0, 1));
    // Whoever did it has nothing more to do there; nor is there anything for others to try.
    let place = world.place(reset, 1).await;
    assert!(tries(world, &olivia, place).await.is_err());
    let arun = at_the_desk(world, "arun").await;
    let refused = refusal(tries(world, &arun, place).await);
    assert_eq!(refused, about_the_place(Problem::Service(Reason::TimeOver)));
    assert_eq!(systems[1].sets(), before);
}

async fn an_account_that_was_unlinked_is_not_asked(world: &mut World) {
    let ([_first, mut second], olivia, reset) = one_is_left(world, "500").await;
    let casey = world.casey().await;
    world.portal.unlink_service(&olivia.actor, casey.id, second.service).await.unwrap();
    let before = second.sets();
    second.calm();
    world.seconds_pass(21);
    world.portal.work_off().await.unwrap();
    assert_eq!(world.places_of(reset).await[1], "unknown no_such_account");
    assert_eq!(second.sets(), before);
    second.has(BEFORE, TYPED);
    gives_up(world, &olivia, world.place(reset, 1).await).await.unwrap();
    assert_eq!(world.reset_states(&casey).await, ["done"]);
}

async fn a_connector_that_was_disabled_is_not_asked(world: &mut World) {
    let ([_first, mut second], olivia, reset) = one_is_left(world, "500").await;
    world.portal.switch_connector(&olivia.actor, second.connector, false).await.unwrap();
    let before = second.sets();
    second.calm();
    world.seconds_pass(21);
    world.portal.work_off().await.unwrap();
    assert_eq!(world.places_of(reset).await[1], "unknown disabled");
    assert_eq!(second.sets(), before);
    world.portal.switch_connector(&olivia.actor, second.connector, true).await.unwrap();
    tries(world, &olivia, world.place(reset, 1).await).await.unwrap();
    assert_eq!(world.reset_states(&world.casey().await).await, ["done"]);
    second.has(TYPED, BEFORE);
}

async fn a_lost_database_is_no_reason_to_give_up(world: &mut World) {
    let [mut system] = systems_in_step::<1>(world).await;
    let link = world.mailed_link(&world.casey().await).await;
    // From the claim on nothing can be written of a place.
    world.disk_is_full_for("reset_targets").await;
    assert!(world.uses(&link, NEW).await.is_err(), "nothing is decided");
    world.disk_has_room_again("reset_targets").await;
    world.casey_comes_in_with(DEMO_PASSWORD, NEW).await;
    assert_eq!(system.sets(), 0);
    // From the last step on.
    world.disk_is_full_for("accounts").await;
    world.uses(&link, NEW).await.unwrap();
    world.disk_has_room_again("accounts").await;
    assert_eq!(world.places_of(world.last_reset().await).await, ["applied"]);
    system.has(NEW, BEFORE);
    world.comes_to_an_end().await;
    assert_eq!(world.reset_states(&world.casey().await).await, ["done"]);
    world.casey_comes_in_with(NEW, DEMO_PASSWORD).await;
    assert_eq!((system.sets(), world.kept_passwords().await), (1, 0));
    world.mails().await;
}

async fn a_password_that_did_not_arrive_still_needs_attention(world: &mut World) {
    let mut systems = systems::<2>(world).await;
    let olivia = world.owner().await;
    systems[1].fault(SET, "no", 1);
    let generated = SetPassword {
        password: StaffPassword::Generated,
        ..typed(&world.casey().await, TYPED, "all")
    };
    let reset = world.portal.set_customer_password(&olivia.actor, generated).await.unwrap();
    // Nobody sent the mail for an hour: no system is the one that lacks anything now.
    world.minutes_pass(60);
    world.portal.tidy().await.unwrap();
    let olivia = world.owner().await;
    gives_up(world, &olivia, world.place(reset, 1).await).await.unwrap();
    assert_eq!(world.reset_states(&world.casey().await).await, ["needs_attention"]);
    assert_eq!(world.portal.home(&olivia.actor).await.unwrap().resets.number, 1);
}
