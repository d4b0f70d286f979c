//! After an incident: the passwords of staff stop working, and each of them is mailed a link.

use model::{
    Refusal,
    approval::{ApprovalAction, Flagged},
    id::{JobId, OrganizationId},
    job::{JobCounts, JobKind, JobState, OldPasswords},
    overview::ResetQuery,
    refusal::Problem,
};
use portal::{InviteStaff, JobWish, Many, Result, SendMany, SendStaffLink};

use crate::{
    api_keys,
    lost_factor::with_factor,
    rules::{becomes, proven},
    send_many,
    sql::values,
    world::{Entered, NEW, World, refusal, stories},
};

stories! {
    after_an_incident_staff_choose_new_passwords,
    what_staff_had_begun_ends_with_their_passwords,
    it_is_for_owners_alone,
    only_those_below_are_meant,
    whoever_is_suspended_or_invited_gets_no_link,
    a_second_factor_is_asked_for_with_the_link,
    the_passwords_of_staff_wait_for_a_second_owner,
    whoever_is_no_owner_any_more_stops_nobody,
    it_is_found_among_the_resets_and_in_the_log,
    whoever_said_that_it_was_not_them_stays_frozen,
    ending_it_takes_a_fresh_proof,
}

fn everybody(scope: Option<OrganizationId>, typed: &str) -> SendMany {
    SendMany { per_minute: "300".into(), ..send_many::request(Many::Staff(scope), typed) }
}

/// Stops all that an owner sees.
async fn stops(world: &World, who: &Entered, scope: Option<OrganizationId>) -> Result<JobId> {
    let view = world.portal.staff_links(&who.actor, scope).await?;
    world.portal.send_many(&who.actor, everybody(scope, &view.many.count.to_string())).await
}

/// Works until nothing is due any more, letting time pass.
async fn finishes(world: &World, who: &Entered, job: JobId) -> JobCounts {
    for _ in 0..100 {
        world.portal.work_off().await.unwrap();
        let view = world.portal.links_job(&who.actor, job, JobKind::StaffLinks).await.unwrap();
        if view.job.state == JobState::Done {
            assert_eq!(view.old_passwords, OldPasswords::Stopped);
            return view.job.counts;
        }
        world.seconds_pass(1);
    }
    panic!("never done")
}

async fn after_an_incident_staff_choose_new_passwords(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let (arun, freya, carla) =
        (world.enters("arun").await, world.enters("freya").await, world.enters("carla").await);
    let operator = world.enters("operator").await;
    let job = stops(world, &olivia, None).await.unwrap();
    let done = finishes(world, &olivia, job).await;
    assert_eq!(done.refused, 0);
    assert!(done.created >= 3, "{done:?}");
    // Those of Northwind and below, but for Olivia; nobody above or beside.
    for out in [&arun, &freya] {
        assert!(!world.holds(out).await, "{} is signed out", out.person.email);
        assert!(!world.lets_in(&out.person, portal::DEMO_PASSWORD).await, "{}", out.person.email);
        assert_eq!(world.count_recorded(&out.person, "password_stopped").await, 1);
        assert_eq!(world.count_recorded(&out.person, "staff_link_sent").await, 1);
    }
    for still in [&olivia, &carla, &operator] {
        assert!(world.holds(still).await, "{} goes on", still.person.email);
        assert_eq!(world.count_recorded(&still.person, "password_stopped").await, 0);
    }
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), usize::try_from(done.created).unwrap());
    let mail = mails.iter().find(|mail| mail.to == arun.person.email).unwrap();
    let link = world.link_in(mail);
    let again = world.uses(&link, portal::DEMO_PASSWORD).await;
    assert_eq!(refusal(again), Refusal::field("new", Problem::PasswordUsedBefore));
    world.uses(&link, NEW).await.unwrap();
    assert!(world.lets_in(&arun.person, NEW).await);
    // Nobody below was a customer.
    let customers: i64 = world
        .sql
        .one("SELECT COUNT(*) FROM accounts WHERE kind = 'customer' AND password_stopped_at IS NOT NULL", [])
        .await;
    assert_eq!(customers, 0);
    world.mails().await;
}

async fn what_staff_had_begun_ends_with_their_passwords(world: &mut World) {
    let arun = world.person("arun").await;
    let olivia = proven(world, "olivia").await;
    let request = SendStaffLink {
        staff: arun.id,
        reason: "Forgotten over the holidays".into(),
        ticket: String::new(),
    };
    world.portal.send_staff_link(&olivia.actor, request).await.unwrap();
    let old = world.link_in(world.new_mails().await.last().unwrap());
    let job = stops(world, &olivia, None).await.unwrap();
    finishes(world, &olivia, job).await;
    assert_eq!(refusal(world.uses(&old, NEW).await), Refusal::LinkUnusable);
    assert_eq!(world.link_states(&arun).await.iter().filter(|state| *state == "open").count(), 1);
    world.mails().await;
}

async fn it_is_for_owners_alone(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let job = stops(world, &olivia, None).await.unwrap();
    for (who, refused) in
        [("arun", Refusal::NotAllowed), ("ada", Refusal::NotAllowed), ("casey", Refusal::NotFound)]
    {
        let entered = world.enters(who).await;
        assert_eq!(refusal(world.portal.staff_links(&entered.actor, None).await), refused, "{who}");
        let sent = world.portal.send_many(&entered.actor, everybody(None, "1")).await;
        assert_eq!(refusal(sent), refused, "{who}");
    }
    becomes(world, "arun", "admin").await;
    let admin = proven(world, "arun").await;
    let sent = world.portal.send_many(&admin.actor, everybody(None, "1")).await;
    assert_eq!(refusal(sent), Refusal::NotAllowed);
    let kind = JobKind::StaffLinks;
    for wish in [JobWish::Pause, JobWish::Stop] {
        let changed = world.portal.change_job(&admin.actor, job, kind, wish).await;
        assert_eq!(refusal(changed), Refusal::NotAllowed, "nor is it theirs to end");
    }
    // It is no job of links to customers, by which others would see it.
    let other = world.portal.links_job(&olivia.actor, job, JobKind::SendLinks).await;
    assert_eq!(refusal(other), Refusal::NotFound);
    let carla = world.enters("carla").await;
    becomes(world, "carla", "owner").await;
    let carla = Entered { actor: world.enters("carla").await.actor, ..carla };
    let seen = world.portal.links_job(&carla.actor, job, kind).await;
    assert_eq!(refusal(seen), Refusal::NotFound);
    // Programs do not do it.
    let made = api_keys::makes(world, &olivia, api_keys::wish(&api_keys::EVERYTHING)).await;
    let key = api_keys::comes(world, &made).await;
    let sent = world.portal.send_many(&key, everybody(None, "1")).await;
    assert_eq!(refusal(sent), Refusal::NotAllowed);
    // Without a fresh proof, nobody.
    let unproven = world.enters("operator").await;
    let sent = stops(world, &unproven, None).await;
    assert_eq!(refusal(sent), Refusal::StepUp);
    world.mails().await;
}

async fn only_those_below_are_meant(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let fjord = world.organization("Fjord IT").await;
    let arun = world.enters("arun").await;
    let freya = world.person("freya").await;
    let wrong = world.portal.send_many(&olivia.actor, everybody(Some(fjord), "77")).await;
    assert_eq!(refusal(wrong), Refusal::field("typed", Problem::CountDiffers));
    let job = stops(world, &olivia, Some(fjord)).await.unwrap();
    finishes(world, &olivia, job).await;
    assert!(world.holds(&arun).await);
    assert!(!world.lets_in(&freya, portal::DEMO_PASSWORD).await);
    // What is not below is as good as none.
    let beside = world.organization("Contoso Cloud").await;
    let seen = world.portal.staff_links(&olivia.actor, Some(beside)).await;
    assert_eq!(refusal(seen), Refusal::NotFound);
    world.mails().await;
}

async fn whoever_is_suspended_or_invited_gets_no_link(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let arun = world.person("arun").await;
    let invite = InviteStaff {
        scope: None,
        name: "Imre Novak".into(),
        email: "imre@northwind.example".into(),
        role: "agent".into(),
        language: "en".into(),
    };
    world.portal.invite_staff(&olivia.actor, invite).await.unwrap();
    let imre = world.person("imre").await;
    world.new_mails().await;
    world.suspends(&arun).await;
    let job = stops(world, &olivia, None).await.unwrap();
    assert_eq!(finishes(world, &olivia, job).await.refused, 1);
    let view = world.portal.links_job(&olivia.actor, job, JobKind::StaffLinks).await.unwrap();
    assert_eq!(view.problems[0].customer, Some(arun.id));
    assert_eq!(view.problems[0].why[0].problem, Problem::StaffSuspended);
    let mails = world.new_mails().await;
    assert!(mails.iter().all(|mail| mail.to != arun.email && mail.to != imre.email));
    // The password has stopped all the same: resumed, it lets nobody in.
    let state = "UPDATE accounts SET state = 'active' WHERE id = $1";
    world.sql.run(state, values![arun.id]).await;
    assert!(!world.lets_in(&arun, portal::DEMO_PASSWORD).await);
    // And the invitation still works: nobody knew a password of it.
    assert_eq!(world.count_recorded(&imre, "password_stopped").await, 0);
    world.mails().await;
}

async fn a_second_factor_is_asked_for_with_the_link(world: &mut World) {
    let (arun, ..) = with_factor(world, "arun").await;
    let olivia = proven(world, "olivia").await;
    let job = stops(world, &olivia, None).await.unwrap();
    finishes(world, &olivia, job).await;
    let mails = world.new_mails().await;
    let mail = mails.iter().find(|mail| mail.to == arun.person.email).unwrap();
    let used = world.uses(&world.link_in(mail), NEW).await;
    assert!(used.is_err(), "the mailbox alone is not enough");
    assert!(!world.lets_in(&arun.person, NEW).await);
    world.mails().await;
}

async fn the_passwords_of_staff_wait_for_a_second_owner(world: &mut World) {
    world.sets_rule("Northwind Backup", "second_approver", Some(1), None).await;
    let olivia = proven(world, "olivia").await;
    let view = world.portal.staff_links(&olivia.actor, None).await.unwrap();
    assert_eq!(view.many.flagged, Some(Flagged::StaffPasswords));
    let job = stops(world, &olivia, None).await.unwrap();
    world.portal.work_off().await.unwrap();
    let arun = world.person("arun").await;
    assert!(world.lets_in(&arun, portal::DEMO_PASSWORD).await, "nothing before somebody agrees");
    let kind = JobKind::StaffLinks;
    let (id, _) =
        world.portal.links_job(&olivia.actor, job, kind).await.unwrap().approval.expect("it waits");
    // An admin is not the one to agree.
    becomes(world, "arun", "admin").await;
    let admin = proven(world, "arun").await;
    let agreed = world.portal.agree_to_approval(&admin.actor, id, "Why not").await;
    assert!(agreed.is_err());
    becomes(world, "arun", "owner").await;
    let second = proven(world, "arun").await;
    let asked = world.portal.approval(&second.actor, id).await.unwrap();
    assert_eq!(asked.action, ApprovalAction::StopStaffPasswords);
    assert_eq!(asked.flagged, Some(Flagged::StaffPasswords));
    world.portal.agree_to_approval(&second.actor, id, "I saw it too").await.unwrap();
    assert!(finishes(world, &olivia, job).await.created > 0);
    // Whoever agreed is among those who choose a new one.
    assert!(!world.holds(&second).await);
    assert!(!world.lets_in(&arun, portal::DEMO_PASSWORD).await);
    world.mails().await;
}

async fn whoever_is_no_owner_any_more_stops_nobody(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let job = stops(world, &olivia, None).await.unwrap();
    becomes(world, "olivia", "admin").await;
    world.portal.work_off().await.unwrap();
    let state: String = world.sql.one("SELECT state FROM jobs WHERE id = $1", values![job]).await;
    assert_eq!(state, "stopped");
    assert!(world.lets_in(&world.person("arun").await, portal::DEMO_PASSWORD).await);
    assert!(world.new_mails().await.is_empty());
}

async fn whoever_said_that_it_was_not_them_stays_frozen(world: &mut World) {
    let arun = world.person("arun").await;
    let frozen = "UPDATE accounts SET locked_by = 'dispute' WHERE id = $1";
    world.sql.run(frozen, values![arun.id]).await;
    let olivia = proven(world, "olivia").await;
    let job = stops(world, &olivia, None).await.unwrap();
    assert_eq!(finishes(world, &olivia, job).await.refused, 1);
    let view = world.portal.links_job(&olivia.actor, job, JobKind::StaffLinks).await.unwrap();
    assert_eq!(view.problems[0].why[0].problem, Problem::StaffFrozen);
    assert_eq!(world.count_recorded(&arun, "password_stopped").await, 1);
    let mails = world.new_mails().await;
    assert!(mails.iter().all(|mail| mail.to != arun.email));
}

async fn ending_it_takes_a_fresh_proof(world: &mut World) {
    world.sets_rule("Northwind Backup", "second_approver", Some(1), None).await;
    let olivia = proven(world, "olivia").await;
    let job = stops(world, &olivia, None).await.unwrap();
    // Somebody sits at the session of another owner, whose password is to stop.
    becomes(world, "arun", "owner").await;
    let arun = world.enters("arun").await;
    let end = async |world: &World, who: &Entered| {
        world.portal.change_job(&who.actor, job, JobKind::StaffLinks, JobWish::Stop).await
    };
    assert_eq!(refusal(end(world, &arun).await), Refusal::StepUp);
    let view = world.portal.links_job(&olivia.actor, job, JobKind::StaffLinks).await.unwrap();
    assert_eq!((view.job.state, view.old_passwords), (JobState::Approval, OldPasswords::Kept));
    end(world, &olivia).await.unwrap();
    let view = world.portal.links_job(&olivia.actor, job, JobKind::StaffLinks).await.unwrap();
    assert_eq!((view.job.state, view.old_passwords), (JobState::Stopped, OldPasswords::Kept));
}

async fn it_is_found_among_the_resets_and_in_the_log(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let job = stops(world, &olivia, None).await.unwrap();
    finishes(world, &olivia, job).await;
    let listed = async |world: &World, who: &Entered| {
        let page = world.portal.resets(&who.actor, &ResetQuery::default()).await.unwrap();
        page.jobs.into_iter().map(|job| (job.id, job.kind)).collect::<Vec<_>>()
    };
    assert_eq!(listed(world, &olivia).await, [(job, JobKind::StaffLinks)]);
    assert!(listed(world, &world.enters("carla").await).await.is_empty());
    becomes(world, "olivia", "agent").await;
    assert!(listed(world, &world.enters("olivia").await).await.is_empty());
    let lines: Vec<String> = world
        .sql
        .column("SELECT kind || ' ' || outcome FROM audit_entries WHERE kind = 'staff_passwords_stopped' ORDER BY position", [])
        .await;
    assert_eq!(lines, ["staff_passwords_stopped begun", "staff_passwords_stopped done"]);
    world.mails().await;
}
