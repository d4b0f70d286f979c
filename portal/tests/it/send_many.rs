//! Links to new passwords for many customers.

use model::{
    Refusal,
    customer::{CustomerQuery, CustomerState},
    id::{AccountId, JobId},
    job::{JobCounts, JobKind, JobState, OldPasswords},
    refusal::Problem,
};
use portal::{JobWish, Many, Result, SendMany};

use crate::{
    child::Part,
    email_change,
    rules::becomes,
    sql::{Sql, values},
    world::{Entered, NEW, World, refusal, stories},
};

stories! {
    those_who_were_picked_get_links,
    all_whom_a_query_finds_get_links,
    links_go_at_a_rate_and_within_the_budget,
    who_is_suspended_or_gone_is_left_out,
    what_the_desk_refuses_many_do_not_get_around,
    pressed_twice_it_is_one,
    resuming_takes_proof_and_whoever_ends_it_is_named,
    what_was_stopped_after_a_backup_does_not_go_on_by_itself,
    it_needs_proof_a_reason_and_the_count,
    who_may_send_to_many,
    it_is_paused_and_goes_on_after_a_restart,
    it_is_recorded_with_its_reason,
    after_an_incident_no_old_password_lets_anybody_in,
    passwords_are_stopped_by_owners_alone,
    stopping_goes_on_after_a_restart_and_before_the_first_link,
    what_was_on_its_way_before_does_not_undo_a_stop,
    whoever_disputes_what_the_owner_did_is_left_alone,
    a_whole_scope_may_be_very_many,
    what_a_crash_left_half_stored_is_no_job,
}

pub fn request(many: Many, typed: &str) -> SendMany {
    SendMany {
        many,
        reason: "Our mail provider was broken into".into(),
        ticket: "INC-7".into(),
        per_minute: "60".into(),
        stop: false,
        typed: typed.into(),
    }
}

async fn picked(world: &World, who: &[&str]) -> Vec<AccountId> {
    let mut ids = Vec::new();
    for who in who {
        ids.push(world.person(who).await.id);
    }
    ids
}

/// Olivia, with a fresh proof.
async fn olivia(world: &World) -> Entered {
    world.proves(&world.enters("olivia").await).await
}

pub async fn sends(world: &World, who: &Entered, many: Many, typed: &str) -> Result<JobId> {
    world.portal.send_many(&who.actor, request(many, typed)).await
}

/// Works until nothing is due any more, letting time pass.
pub async fn finishes(world: &World, who: &Entered, job: JobId) -> JobCounts {
    for _ in 0..400 {
        world.portal.work_off().await.unwrap();
        let view = world.portal.links_job(&who.actor, job, JobKind::SendLinks).await.unwrap().job;
        if view.state == JobState::Done {
            return view.counts;
        }
        world.seconds_pass(1);
    }
    panic!("never done")
}

async fn those_who_were_picked_get_links(world: &mut World) {
    let olivia = olivia(world).await;
    let ids = picked(world, &["casey", "drew", "lou"]).await;
    let shown = world.portal.many(&olivia.actor, &Many::Picked(ids.clone())).await.unwrap();
    assert_eq!((shown.count, shown.per_hour, shown.stepped_up), (3, 300, true));
    let job = sends(world, &olivia, Many::Picked(ids), "3").await.unwrap();
    let done = finishes(world, &olivia, job).await;
    assert_eq!(done, JobCounts { created: 3, ..JobCounts::default() });
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 3);
    // It needs no consent: Drew allows nothing.
    let drew = world.person("drew").await;
    let mail = mails.iter().find(|mail| mail.to == drew.email).unwrap();
    world.uses(&world.link_in(mail), NEW).await.unwrap();
    assert!(world.lets_in(&drew, NEW).await);
    world.mails().await;
    // Lou was locked by staff, and is not any more.
    let lou = world.person("lou").await;
    assert!(world.lets_in(&lou, portal::DEMO_PASSWORD).await);
}

async fn all_whom_a_query_finds_get_links(world: &mut World) {
    let olivia = olivia(world).await;
    let fjord = world.organization("Fjord IT").await;
    let query = CustomerQuery { scope: Some(fjord), ..CustomerQuery::default() };
    let many = Many::Found(query);
    let count = world.portal.many(&olivia.actor, &many).await.unwrap().count;
    assert_eq!(count, 12);
    let job = sends(world, &olivia, many, "12").await.unwrap();
    assert_eq!(finishes(world, &olivia, job).await.created, 12);
    assert_eq!(world.new_mails().await.len(), 12);
    let query = CustomerQuery { state: Some(CustomerState::NoConsent), ..CustomerQuery::default() };
    let count = world.portal.many(&olivia.actor, &Many::Found(query)).await.unwrap().count;
    let there: i64 = world
        .sql
        .one("SELECT COUNT(*) FROM accounts WHERE kind = 'customer' AND NOT allows_resets AND site_id = $1", values![world.northwind])
        .await;
    assert_eq!(i64::from(count), there);
}

async fn links_go_at_a_rate_and_within_the_budget(world: &mut World) {
    let olivia = olivia(world).await;
    world.sets_rule("Northwind Backup", "resets_per_organization", Some(4), None).await;
    let ids = picked(world, &["casey", "drew", "lou"]).await;
    let slow = SendMany { per_minute: "10".into(), ..request(Many::Picked(ids), "3") };
    let job = world.portal.send_many(&olivia.actor, slow).await.unwrap();
    let sent = async || {
        world.portal.work_off().await.unwrap();
        world.portal.links_job(&olivia.actor, job, JobKind::SendLinks).await.unwrap().job
    };
    assert_eq!(sent().await.counts.created, 1);
    world.seconds_pass(5);
    assert_eq!(sent().await.counts.created, 1);
    world.seconds_pass(1);
    assert_eq!(sent().await.counts.created, 2);
    // The organization allows four within an hour, half of which are the desk's: the third waits,
    // and says until when.
    world.seconds_pass(6);
    let view = sent().await;
    assert_eq!((view.counts.created, view.state), (2, JobState::Running));
    let waits = view.rests_until.expect("it rests").since(world.now());
    assert!((29 * 60..=30 * 60).contains(&waits.as_secs()), "{waits:?}");
    world.minutes_pass(30);
    let sent = {
        world.portal.work_off().await.unwrap();
        world.seconds_pass(6);
        world.portal.work_off().await.unwrap();
        let done: i64 = world.sql.one("SELECT created FROM jobs", []).await;
        done
    };
    assert_eq!(sent, 3);
    world.mails().await;
}

async fn pressed_twice_it_is_one(world: &mut World) {
    let olivia = olivia(world).await;
    let ids = picked(world, &["casey", "drew"]).await;
    let first = sends(world, &olivia, Many::Picked(ids.clone()), "2").await.unwrap();
    assert_eq!(sends(world, &olivia, Many::Picked(ids.clone()), "2").await.unwrap(), first);
    world.seconds_pass(11);
    assert_ne!(sends(world, &olivia, Many::Picked(ids), "2").await.unwrap(), first);
    world.mails().await;
}

async fn resuming_takes_proof_and_whoever_ends_it_is_named(world: &mut World) {
    let olivia = olivia(world).await;
    let ids = picked(world, &["casey", "drew"]).await;
    let job = sends(world, &olivia, Many::Picked(ids), "2").await.unwrap();
    let wish = async |world: &World, who: &Entered, wish| {
        world.portal.change_job(&who.actor, job, JobKind::SendLinks, wish).await
    };
    wish(world, &olivia, JobWish::Pause).await.unwrap();
    let operator = world.enters("operator").await;
    let resumed = wish(world, &operator, JobWish::Resume).await;
    assert_eq!(refusal(resumed), Refusal::StepUp);
    wish(world, &operator, JobWish::Stop).await.unwrap();
    let by: Vec<uuid::Uuid> = world
        .sql
        .column(
            "SELECT actor_id FROM audit_entries WHERE kind = 'many_links_sent' ORDER BY position",
            [],
        )
        .await;
    assert_eq!(by, [olivia.actor.account.0, operator.actor.account.0]);
    assert!(world.new_mails().await.is_empty());
}

async fn what_was_stopped_after_a_backup_does_not_go_on_by_itself(world: &mut World) {
    let olivia = olivia(world).await;
    let ids = picked(world, &["casey", "drew"]).await;
    let job = sends(world, &olivia, Many::Picked(ids), "2").await.unwrap();
    assert_eq!(world.portal.restored().await.unwrap().jobs, 1);
    world.portal.work_off().await.unwrap();
    let state: String = world.sql.one("SELECT state FROM jobs WHERE id = $1", values![job]).await;
    assert_eq!(state, "paused");
    assert!(world.new_mails().await.is_empty());
    // Nor does it wait for ever.
    world.days_pass(15);
    world.portal.tidy().await.unwrap();
    let state: String = world.sql.one("SELECT state FROM jobs WHERE id = $1", values![job]).await;
    assert_eq!(state, "stopped");
}

async fn who_is_suspended_or_gone_is_left_out(world: &mut World) {
    let olivia = olivia(world).await;
    let ids = picked(world, &["casey", "drew", "lou"]).await;
    world.suspends(&world.person("casey").await).await;
    let drew = world.person("drew").await;
    let job = sends(world, &olivia, Many::Picked(ids), "3").await.unwrap();
    world.sql.run("DELETE FROM accounts WHERE id = $1", values![drew.id]).await;
    let done = finishes(world, &olivia, job).await;
    assert_eq!(done, JobCounts { created: 1, refused: 2, ..JobCounts::default() });
    let shown = world.portal.links_job(&olivia.actor, job, JobKind::SendLinks).await.unwrap();
    let why: Vec<Problem> = shown.problems.iter().map(|row| row.why[0].problem).collect();
    assert_eq!(why, [Problem::CustomerSuspended, Problem::CustomerGone]);
    assert_eq!(shown.problems[0].customer, Some(world.person("casey").await.id));
    assert_eq!(world.new_mails().await.len(), 1);
}

async fn it_needs_proof_a_reason_and_the_count(world: &mut World) {
    let unproven = world.enters("olivia").await;
    let many = Many::Picked(picked(world, &["casey", "drew"]).await);
    let sent = sends(world, &unproven, many.clone(), "2").await;
    assert_eq!(refusal(sent), Refusal::StepUp);
    let olivia = world.proves(&unproven).await;
    for (typed, problem) in
        [("", Problem::Required), ("3", Problem::CountDiffers), ("two", Problem::CountDiffers)]
    {
        let sent = sends(world, &olivia, many.clone(), typed).await;
        assert_eq!(refusal(sent), Refusal::field("typed", problem));
    }
    let wrong = SendMany { reason: " ".into(), per_minute: "9999".into(), ..request(many, "2") };
    let Refusal::Fields(problems) = refusal(world.portal.send_many(&olivia.actor, wrong).await)
    else {
        panic!("other problems")
    };
    assert_eq!(problems.len(), 2);
    let nobody = sends(world, &olivia, Many::Picked(Vec::new()), "0").await;
    assert_eq!(refusal(nobody), Refusal::field("typed", Problem::CountDiffers));
    assert_eq!(world.new_mails().await.len(), 0);
}

async fn who_may_send_to_many(world: &mut World) {
    let many = Many::Picked(picked(world, &["casey"]).await);
    for (who, refused) in [
        ("arun", Refusal::NotAllowed),
        ("ada", Refusal::NotAllowed),
        ("drew", Refusal::NotFound),
        ("carla", Refusal::NotFound),
    ] {
        let who = world.proves(&world.enters(who).await).await;
        assert_eq!(refusal(sends(world, &who, many.clone(), "1").await), refused);
        assert_eq!(refusal(world.portal.many(&who.actor, &many).await), refused);
    }
    let olivia = olivia(world).await;
    let job = sends(world, &olivia, many, "1").await.unwrap();
    let carla = world.enters("carla").await;
    assert_eq!(
        refusal(world.portal.links_job(&carla.actor, job, JobKind::SendLinks).await),
        Refusal::NotFound
    );
    // What was taken away meanwhile counts.
    world
        .sql
        .run("UPDATE accounts SET role = 'auditor' WHERE id = $1", values![olivia.person.id])
        .await;
    assert_eq!(world.new_mails().await.len(), 0);
    let state: String = world.sql.one("SELECT state FROM jobs WHERE id = $1", values![job]).await;
    assert_eq!(state, "stopped");
}

async fn it_is_paused_and_goes_on_after_a_restart(world: &mut World) {
    let olivia = olivia(world).await;
    let ids = picked(world, &["casey", "drew", "lou"]).await;
    let job = sends(world, &olivia, Many::Picked(ids), "3").await.unwrap();
    world.portal.work_off().await.unwrap();
    let wish = async |portal: &portal::Portal, wish| {
        portal.change_job(&olivia.actor, job, JobKind::SendLinks, wish).await.unwrap();
    };
    wish(&world.portal, JobWish::Pause).await;
    world.minutes_pass(5);
    world.portal.work_off().await.unwrap();
    assert_eq!(world.new_mails().await.len(), 1);
    world.restart(|_| {}).await;
    wish(&world.portal, JobWish::Resume).await;
    assert_eq!(finishes(world, &olivia, job).await.created, 3);
    assert_eq!(world.new_mails().await.len(), 2);
    let links: i64 = world.sql.one("SELECT COUNT(*) FROM links WHERE state = 'open'", []).await;
    assert_eq!(links, 3);
}

async fn it_is_recorded_with_its_reason(world: &mut World) {
    let olivia = olivia(world).await;
    let casey = world.person("casey").await;
    let job = sends(world, &olivia, Many::Picked(vec![casey.id]), "1").await.unwrap();
    finishes(world, &olivia, job).await;
    assert_eq!(world.recorded(&casey).await, ["staff_link_sent done"]);
    let lines: Vec<String> = world
        .sql
        .column("SELECT kind || ' ' || outcome FROM audit_entries WHERE kind = 'many_links_sent' ORDER BY position", [])
        .await;
    assert_eq!(lines, ["many_links_sent begun", "many_links_sent done"]);
    let page = world.portal.customer_activity(&olivia.actor, casey.id, None).await.unwrap();
    let sent = page.entries.iter().find(|entry| entry.reason.is_some()).unwrap();
    assert_eq!(sent.reason.as_deref(), Some("Our mail provider was broken into"));
    assert_eq!(sent.ticket.as_deref(), Some("INC-7"));
    world.mails().await;
}

async fn what_the_desk_refuses_many_do_not_get_around(world: &mut World) {
    let olivia = olivia(world).await;
    let problem = async |world: &World, job| {
        let view = world.portal.links_job(&olivia.actor, job, JobKind::SendLinks).await.unwrap();
        view.problems.first().expect("a problem").why[0].problem
    };
    // Casey says of something that Olivia did that it was not theirs.
    let casey = world.person("casey").await;
    let dispute = "INSERT INTO disputes (id, account_id, organization_id, operator_id, created_at) SELECT id, id, organization_id, $2, 0 FROM accounts WHERE id = $1";
    world.sql.run(dispute, values![casey.id, olivia.actor.account]).await;
    let many = Many::Picked(picked(world, &["casey"]).await);
    let job = sends(world, &olivia, many, "1").await.unwrap();
    assert_eq!(finishes(world, &olivia, job).await.refused, 1);
    assert_eq!(problem(world, job).await, Problem::DisputedAgainst);
    // A PIN is read out to one, not to many.
    world.sets_rule("Northwind Backup", "split_delivery", Some(1), None).await;
    let many = Many::Picked(picked(world, &["drew"]).await);
    let job = sends(world, &olivia, many, "1").await.unwrap();
    assert_eq!(finishes(world, &olivia, job).await.refused, 1);
    assert_eq!(problem(world, job).await, Problem::AsksForPin);
    assert!(world.new_mails().await.is_empty());
}

/// What an owner asks for after an incident.
fn incident(many: Many, typed: &str) -> SendMany {
    SendMany { stop: true, ..request(many, typed) }
}

async fn after_an_incident_no_old_password_lets_anybody_in(world: &mut World) {
    let olivia = olivia(world).await;
    let (casey, drew) = (world.enters("casey").await, world.person("drew").await);
    let old = world.mailed_link(&casey.person).await;
    let ids = picked(world, &["casey", "drew"]).await;
    let request = SendMany { per_minute: "10".into(), ..incident(Many::Picked(ids), "2") };
    let job = world.portal.send_many(&olivia.actor, request).await.unwrap();
    world.new_mails().await;
    let view = world.portal.links_job(&olivia.actor, job, JobKind::SendLinks).await.unwrap();
    // One link has gone, and the other waits: none of the passwords works all the same.
    assert_eq!((view.job.counts.created, view.old_passwords), (1, OldPasswords::Stopped));
    assert!(!world.holds(&casey).await, "signed out");
    for person in [&casey.person, &drew] {
        assert!(!world.lets_in(person, portal::DEMO_PASSWORD).await, "{}", person.email);
        assert_eq!(world.count_recorded(person, "password_stopped").await, 1);
    }
    assert_eq!(refusal(world.uses(&old, NEW).await), Refusal::LinkUnusable);
    let known = world.sign_in(&casey.known_visit(), "casey", portal::DEMO_PASSWORD).await;
    assert_eq!(refusal(known), Refusal::SignInFailed, "nor from a device that is known");
    // Whoever does not wait for the letter asks for a link. The old password is not a new one.
    world.new_mails().await;
    let link = world.mailed_link(&drew).await;
    let again = world.uses(&link, portal::DEMO_PASSWORD).await;
    assert_eq!(refusal(again), Refusal::field("new", Problem::PasswordUsedBefore));
    world.uses(&link, NEW).await.unwrap();
    assert!(world.lets_in(&drew, NEW).await);
    let done = finishes(world, &olivia, job).await;
    assert_eq!(done, JobCounts { created: 2, ..JobCounts::default() });
    world.mails().await;
}

/// More than anybody looks through: all of them are meant, few rows tell of them, and each has a step.
async fn a_whole_scope_may_be_very_many(world: &mut World) {
    const MANY: u32 = 12_000;
    let (id, numbers) = match &world.sql {
        Sql::Sqlite(_) => (
            "randomblob(16)",
            format!(
                "(WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {MANY}) SELECT n FROM n)"
            ),
        ),
        Sql::Postgres(_) => {
            ("gen_random_uuid()", format!("(SELECT generate_series(1, {MANY}) AS n)"))
        }
    };
    world
        .sql
        .script(format!(
            "INSERT INTO accounts (id, site_id, organization_id, kind, state, email, email_key, name, name_key, language, allows_resets, resets_allowed_until, must_change_password, created_at, updated_at)
                SELECT {id}, w.site_id, w.organization_id, 'customer', 'active', 'many' || n.n || '@lakes.example', 'many' || n.n || '@lakes.example', 'One of Many', 'one of many', 'en', FALSE, 0, FALSE, 0, 0
                FROM {numbers} AS n JOIN accounts w ON w.email = 'casey@acme.example';
            INSERT INTO customer_listings (account_id, ancestor_id, name_key, company_key, last_sign_in_at)
                SELECT a.id, s.ancestor_id, 'one of many', '', 0 FROM accounts a JOIN organization_ancestors s ON s.organization_id = a.organization_id WHERE a.email LIKE 'many%'"
        ))
        .await;
    let olivia = olivia(world).await;
    let many = || Many::Found(CustomerQuery::default());
    let count = world.portal.many(&olivia.actor, &many()).await.unwrap().count;
    assert!(count > MANY, "{count}");
    let request = incident(many(), &count.to_string());
    let job = world.portal.send_many(&olivia.actor, request).await.unwrap();
    let rows: i64 = world
        .sql
        .one(
            "SELECT COUNT(*) FROM job_batches WHERE job_id = $1 AND content IS NOT NULL",
            values![job],
        )
        .await;
    assert_eq!(rows, i64::from(count.div_ceil(50)));
    let total: i64 = world.sql.one("SELECT total FROM jobs WHERE id = $1", values![job]).await;
    assert_eq!(total, i64::from(count));
    let wish = JobWish::Stop;
    world.portal.change_job(&olivia.actor, job, JobKind::SendLinks, wish).await.unwrap();
    world.portal.work_off().await.unwrap();
    let kept: i64 =
        world.sql.one("SELECT COUNT(*) FROM job_batches WHERE content IS NOT NULL", []).await;
    assert_eq!(kept, 0);
    assert!(world.new_mails().await.is_empty());
}

async fn what_a_crash_left_half_stored_is_no_job(world: &mut World) {
    let olivia = olivia(world).await;
    let ids = picked(world, &["casey"]).await;
    let first = sends(world, &olivia, Many::Picked(ids.clone()), "1").await.unwrap();
    let half = "UPDATE jobs SET state = 'receiving' WHERE id = $1";
    world.sql.run(half, values![first]).await;
    // It may be under way still.
    world.seconds_pass(30);
    assert_eq!(sends(world, &olivia, Many::Picked(ids.clone()), "1").await.unwrap(), first);
    world.seconds_pass(31);
    let second = sends(world, &olivia, Many::Picked(ids), "1").await.unwrap();
    assert_ne!(second, first);
    assert_eq!(finishes(world, &olivia, second).await.created, 1);
    world.mails().await;
}

async fn passwords_are_stopped_by_owners_alone(world: &mut World) {
    let ids = picked(world, &["casey"]).await;
    let many = || Many::Picked(ids.clone());
    becomes(world, "olivia", "admin").await;
    let admin = olivia(world).await;
    assert!(!world.portal.many(&admin.actor, &many()).await.unwrap().may_stop);
    let refused = world.portal.send_many(&admin.actor, incident(many(), "1")).await;
    assert_eq!(refusal(refused), Refusal::NotAllowed);
    becomes(world, "olivia", "owner").await;
    let owner = olivia(world).await;
    assert!(world.portal.many(&owner.actor, &many()).await.unwrap().may_stop);
    // No owner any more by the time it begins: it ends, and nothing has happened.
    let job = world.portal.send_many(&owner.actor, incident(many(), "1")).await.unwrap();
    becomes(world, "olivia", "admin").await;
    world.portal.work_off().await.unwrap();
    let state: String = world.sql.one("SELECT state FROM jobs WHERE id = $1", values![job]).await;
    assert_eq!(state, "stopped");
    let casey = world.person("casey").await;
    assert!(world.lets_in(&casey, portal::DEMO_PASSWORD).await);
}

async fn stopping_goes_on_after_a_restart_and_before_the_first_link(world: &mut World) {
    let olivia = olivia(world).await;
    let scope = Some(world.organization("Northwind Backup").await);
    let many = Many::Found(CustomerQuery { scope, ..CustomerQuery::default() });
    let count = world.portal.many(&olivia.actor, &many).await.unwrap().count;
    let request = incident(many, &count.to_string());
    let job = world.portal.send_many(&olivia.actor, request).await.unwrap();
    let stopped = async |world: &World| -> i64 {
        let sql = "SELECT COUNT(*) FROM accounts WHERE kind = 'customer' AND must_change_password";
        world.sql.one(sql, values![]).await
    };
    assert_eq!(stopped(world).await, 0);
    world.restart(|_| {}).await;
    world.portal.work_off().await.unwrap();
    let view = world.portal.links_job(&olivia.actor, job, JobKind::SendLinks).await.unwrap();
    assert_eq!(view.old_passwords, OldPasswords::Stopped);
    // All of them at once, however slowly the letters go.
    assert_eq!(stopped(world).await, i64::from(count));
    assert!(view.job.counts.created < 10, "{:?}", view.job.counts);
    let scoped: i64 = world
        .sql
        .one(
            "SELECT COUNT(*) FROM accounts WHERE kind = 'customer' AND must_change_password AND site_id <> $1",
            values![world.northwind],
        )
        .await;
    assert_eq!(scoped, 0, "nobody of another reseller");
    world.mails().await;
}

async fn what_was_on_its_way_before_does_not_undo_a_stop(world: &mut World) {
    // Another address, which somebody with the old password may have asked for.
    let (casey, ..) = email_change::asks_own(world, "casey", "casey@elsewhere.example").await;
    // And a new password that was decided and is not yet set.
    let link = world.mailed_link_among(&casey.person).await;
    let part = Part::UseLink {
        site: world.northwind,
        link: link.id,
        token: link.token.reveal().to_owned(),
        new: NEW.into(),
    };
    let mut child = world.child(part, None, "reset-decided");
    child.says("failpoint: reset-decided");
    child.dies();
    world.restart(|_| {}).await;
    world.seconds_pass(1);

    let olivia = olivia(world).await;
    let ids = picked(world, &["casey"]).await;
    let job =
        world.portal.send_many(&olivia.actor, incident(Many::Picked(ids), "1")).await.unwrap();
    assert_eq!(finishes(world, &olivia, job).await.created, 1);
    world.minutes_pass(1);
    world.portal.work_off().await.unwrap();
    for password in [NEW, portal::DEMO_PASSWORD] {
        assert!(!world.lets_in(&casey.person, password).await, "{password}");
    }
    let states = world.reset_states(&casey.person).await;
    assert!(
        !states.contains(&"applying".to_owned()) && !states.contains(&"done".to_owned()),
        "{states:?}"
    );
    let change: String = world.sql.one("SELECT state FROM email_changes", values![]).await;
    assert_eq!(change, "stopped");
    assert_eq!(world.count_recorded(&casey.person, "email_change_stopped").await, 1);
    world.mails().await;
}

async fn whoever_disputes_what_the_owner_did_is_left_alone(world: &mut World) {
    let olivia = olivia(world).await;
    let casey = world.person("casey").await;
    let dispute = "INSERT INTO disputes (id, account_id, organization_id, operator_id, created_at) SELECT id, id, organization_id, $2, 0 FROM accounts WHERE id = $1";
    world.sql.run(dispute, values![casey.id, olivia.person.id]).await;
    let ids = picked(world, &["casey", "drew"]).await;
    let job =
        world.portal.send_many(&olivia.actor, incident(Many::Picked(ids), "2")).await.unwrap();
    let done = finishes(world, &olivia, job).await;
    assert_eq!(done, JobCounts { created: 1, refused: 1, ..JobCounts::default() });
    assert!(world.lets_in(&casey, portal::DEMO_PASSWORD).await);
    assert!(!world.lets_in(&world.person("drew").await, portal::DEMO_PASSWORD).await);
    world.mails().await;
}
