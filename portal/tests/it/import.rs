//! Customers come from a file.

use std::fmt::Write as _;

use model::{
    Refusal,
    account::Language,
    consent::{Consent, ConsentSource},
    id::JobId,
    job::{ImportField, ImportView, JobCounts, JobKind, JobState, RowOutcome},
    refusal::Problem,
};
use portal::{JobWish, MapImport, Result, StartImport};

use crate::{
    child::Part,
    sql::values,
    world::{Entered, NEW, World, refusal, stories},
};

stories! {
    customers_come_from_a_file,
    the_same_file_again_changes_nothing,
    a_row_with_a_known_reference_changes_what_it_may,
    an_address_and_a_permission_stay_their_owners,
    rows_without_a_reference_are_found_by_their_address,
    a_check_finds_every_problem_and_changes_nothing,
    two_rows_of_one_name_are_one_too_many,
    columns_are_guessed_and_may_be_chosen,
    those_who_are_created_may_be_invited,
    a_permission_of_a_file_is_entered,
    starting_needs_proof,
    who_may_import,
    another_resellers_import_is_none,
    what_was_taken_away_ends_an_import,
    an_import_is_paused_resumed_and_ended,
    an_import_is_recorded,
    rows_are_gone_when_they_are_done,
    a_newer_file_replaces_what_was_not_started,
    killed_before_a_commit_nothing_is_doubled_or_lost,
    killed_after_a_commit_nothing_is_doubled_or_lost,
    killed_with_a_batch_taken_nothing_is_lost,
    a_check_begins_anew_after_a_crash,
    two_nodes_share_an_import,
    two_checks_at_once_both_end,
    a_file_does_not_get_around_a_dispute,
    rows_are_sealed_and_checks_are_recorded,
    a_file_at_a_time_of_everybody,
    many_rows,
}

/// A file arrives.
async fn receives(world: &World, who: &Entered, text: &str) -> Result<JobId> {
    let mut upload = world.portal.begin_upload(&who.actor).await?;
    upload.write(text.as_bytes()).unwrap();
    world.portal.receive_import(&who.actor, "customers.csv", upload).await
}

async fn view(world: &World, who: &Entered, id: JobId) -> ImportView {
    world.portal.import(&who.actor, id).await.unwrap()
}

fn mapped(view: &ImportView) -> MapImport {
    let text = |column: &Option<u32>| column.map(|column| column.to_string()).unwrap_or_default();
    MapImport {
        job: view.job.id,
        organization: view.organization,
        columns: view.columns.iter().map(text).collect(),
    }
}

/// A file arrives and is looked at, its columns as they were guessed.
async fn checked(world: &World, who: &Entered, text: &str) -> JobId {
    let id = receives(world, who, text).await.unwrap();
    let request = mapped(&view(world, who, id).await);
    world.portal.map_import(&who.actor, request).await.unwrap();
    world.portal.work_off().await.unwrap();
    id
}

/// Started by somebody who has proven who they are.
async fn starts(world: &World, who: &Entered, job: JobId, invites: bool) {
    let who = world.proves(who).await;
    world.portal.start_import(&who.actor, StartImport { job, invites }).await.unwrap();
}

async fn imports(world: &World, who: &Entered, text: &str) -> (JobId, JobCounts) {
    let id = checked(world, who, text).await;
    starts(world, who, id, false).await;
    world.portal.work_off().await.unwrap();
    let view = view(world, who, id).await;
    assert_eq!(view.job.state, JobState::Done);
    (id, view.job.counts)
}

/// What came of each line.
async fn report(
    world: &World,
    who: &Entered,
    id: JobId,
) -> Vec<(u32, RowOutcome, Vec<(String, Problem)>)> {
    let (mut lines, mut from) = (Vec::new(), 0);
    loop {
        let page = world.portal.job_results(&who.actor, id, JobKind::Import, (from, false)).await;
        let (results, next) = page.unwrap();
        lines.extend(results.into_iter().map(|result| {
            let why = result.why.into_iter().map(|why| (why.field, why.problem)).collect();
            (result.line, result.outcome, why)
        }));
        match next {
            Some(next) => from = next,
            None => return lines,
        }
    }
}

/// A file of so many new customers.
fn file(rows: usize) -> String {
    let mut text = String::from("Reference;Name;E-mail;Company;Consent\n");
    for n in 0..rows {
        let consent = if n % 2 == 0 { "yes" } else { "no" };
        writeln!(text, "N-{n};Nova {n};nova{n}@newcomers.example;Company {n};{consent}").unwrap();
    }
    text
}

async fn customers(world: &World) -> i64 {
    world.sql.one("SELECT COUNT(*) FROM accounts WHERE kind = 'customer'", []).await
}

async fn newcomers(world: &World) -> i64 {
    world.sql.one("SELECT COUNT(*) FROM accounts WHERE email LIKE '%@newcomers.example'", []).await
}

fn counts(created: u32, updated: u32, unchanged: u32, refused: u32) -> JobCounts {
    JobCounts { created, updated, unchanged, refused }
}

async fn customers_come_from_a_file(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let (id, done) = imports(world, &olivia, &file(250)).await;
    assert_eq!(done, counts(250, 0, 0, 0));
    assert_eq!(newcomers(world).await, 250);
    let report = report(world, &olivia, id).await;
    assert_eq!(report.len(), 250);
    assert_eq!(report[0], (2, RowOutcome::Created, vec![]));
    assert_eq!(report[249].0, 251);
    let query = model::customer::CustomerQuery { text: "nova 117".into(), ..Default::default() };
    let page = world.portal.find_customers(&olivia.actor, &query).await.unwrap();
    assert_eq!(page.rows[0].company.as_deref(), Some("Company 117"));
    // Nobody is invited who was not to be.
    assert_eq!(world.new_mails().await.len(), 0);
    assert_eq!(world.portal.jobs(&olivia.actor, JobKind::Import).await.unwrap().len(), 1);
}

async fn the_same_file_again_changes_nothing(world: &mut World) {
    let olivia = world.enters("olivia").await;
    imports(world, &olivia, &file(120)).await;
    let before = world.sql.everything().await.matches("newcomers.example").count();
    let (_, done) = imports(world, &olivia, &file(120)).await;
    assert_eq!(done, counts(0, 0, 120, 0));
    assert_eq!(newcomers(world).await, 120);
    let lines: i64 = world
        .sql
        .one("SELECT COUNT(*) FROM audit_entries WHERE kind IN ('customer_created', 'customer_changed')", [])
        .await;
    assert_eq!(lines, 120);
    assert_eq!(world.sql.everything().await.matches("newcomers.example").count(), before);
}

async fn a_row_with_a_known_reference_changes_what_it_may(world: &mut World) {
    let olivia = world.enters("olivia").await;
    imports(world, &olivia, &file(3)).await;
    let changed = "ref,name,company,user name,language\nN-1,Nova One,,nova_one,de\nN-2,,New Company,,\nN-0,Nova 0,Company 0,,\n";
    let (_, done) = imports(world, &olivia, changed).await;
    assert_eq!(done, counts(0, 2, 1, 0));
    let one = world.person("nova1").await;
    let view = world.portal.view_customer(&olivia.actor, one.id).await.unwrap();
    assert_eq!(view.name.as_str(), "Nova One");
    // An empty cell leaves what is there.
    assert_eq!(view.company.as_deref(), Some("Company 1"));
    assert_eq!(view.user_name.map(String::from).as_deref(), Some("nova_one"));
    assert_eq!(view.language, Language::De);
    let two = world.person("nova2").await;
    let view = world.portal.view_customer(&olivia.actor, two.id).await.unwrap();
    assert_eq!((view.name.as_str(), view.company.as_deref()), ("Nova 2", Some("New Company")));
    assert_eq!(
        world.recorded(&two).await,
        ["customer_created done", "customer_changed done", "customer_viewed done"]
    );
}

async fn an_address_and_a_permission_stay_their_owners(world: &mut World) {
    let olivia = world.enters("olivia").await;
    imports(world, &olivia, &file(4)).await;
    // Nova 0 has allowed it and Nova 1 has not.
    let tries = "reference,name,email,consent\nN-0,Changed,nova0@newcomers.example,no\nN-1,Changed,nova1@newcomers.example,yes\nN-2,Changed,elsewhere@newcomers.example,\nN-3,Changed,NOVA3@newcomers.example,no\n";
    let (id, done) = imports(world, &olivia, tries).await;
    assert_eq!(done, counts(0, 1, 0, 3));
    let consent = ("consent".to_owned(), Problem::ConsentIsTheirs);
    assert_eq!(
        report(world, &olivia, id).await,
        [
            (2, RowOutcome::Refused, vec![consent.clone()]),
            (3, RowOutcome::Refused, vec![consent]),
            (4, RowOutcome::Refused, vec![("email".to_owned(), Problem::EmailIsTheirs)]),
            (5, RowOutcome::Updated, vec![]),
        ]
    );
    let changed: i64 =
        world.sql.one("SELECT COUNT(*) FROM accounts WHERE name = 'Changed'", []).await;
    assert_eq!(changed, 1);
    let ledger: i64 =
        world.sql.one("SELECT COUNT(*) FROM consents WHERE source = 'import'", []).await;
    assert_eq!(ledger, 2);
}

async fn rows_without_a_reference_are_found_by_their_address(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let text = "name,email\nNova A,nova@newcomers.example\nCasey T.,CASEY@acme.example\nStranger,freya@fjord.example\n";
    let (id, done) = imports(world, &olivia, text).await;
    assert_eq!(done, counts(1, 1, 0, 1));
    // Staff are nobody's customers.
    assert_eq!(report(world, &olivia, id).await[2].2, [("email".to_owned(), Problem::EmailTaken)]);
    let (_, done) = imports(world, &olivia, text).await;
    assert_eq!(done, counts(0, 0, 2, 1));
}

async fn a_check_finds_every_problem_and_changes_nothing(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let before = customers(world).await;
    let mut text = String::from("reference,name,email,user name,language,consent\n");
    text += "X-1,Nova,nova@newcomers.example,nova,en,yes\n";
    text += "X-2,,nowhere,No Spaces,xx,perhaps\n";
    text += "X-3,Nova,casey@acme.example,casey,,\n";
    text += "C-1001,Amara,,,,\n";
    let id = checked(world, &olivia, &text).await;
    let view = view(world, &olivia, id).await;
    assert_eq!(view.job.state, JobState::Checked);
    assert_eq!(view.job.counts, counts(1, 1, 0, 2));
    let told: Vec<(u32, Vec<(&str, Problem)>)> = view
        .problems
        .iter()
        .map(|row| {
            (row.line, row.why.iter().map(|why| (why.field.as_str(), why.problem)).collect())
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                3,
                vec![
                    ("email", Problem::NotAnEmail),
                    ("user_name", Problem::NotAUserName),
                    ("language", Problem::NotAChoice),
                    ("consent", Problem::NotYesOrNo),
                ]
            ),
            (4, vec![("email", Problem::EmailTaken), ("user_name", Problem::UserNameTaken)]),
        ]
    );
    assert_eq!(customers(world).await, before);
    let lines: i64 =
        world.sql.one("SELECT COUNT(*) FROM audit_entries WHERE kind LIKE 'customer%ed'", []).await;
    assert_eq!(lines, 0);
}

async fn two_rows_of_one_name_are_one_too_many(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let mut text = file(150);
    text += "N-7;Again;again@newcomers.example;;\n";
    text += "N-900;Again;NOVA8@newcomers.example;;\n";
    let (id, done) = imports(world, &olivia, &text).await;
    assert_eq!(done, counts(150, 0, 0, 2));
    let report = report(world, &olivia, id).await;
    assert_eq!(report[150].2, [("reference".to_owned(), Problem::TwiceInFile)]);
    assert_eq!(report[151].2, [("email".to_owned(), Problem::TwiceInFile)]);
}

async fn columns_are_guessed_and_may_be_chosen(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let text = "what,who,where to\nQ-1,Quinn,quinn@newcomers.example\n";
    let id = receives(world, &olivia, text).await.unwrap();
    let shown = view(world, &olivia, id).await;
    assert_eq!(shown.headings, ["what", "who", "where to"]);
    assert_eq!(shown.columns, vec![None; ImportField::ALL.len()]);
    let choose = |columns: [&str; 3]| MapImport {
        columns: columns
            .map(String::from)
            .into_iter()
            .chain([const { String::new() }; 4])
            .collect(),
        ..mapped(&shown)
    };
    let map = async |columns| world.portal.map_import(&olivia.actor, choose(columns)).await;
    assert_eq!(
        refusal(map(["", "1", ""]).await),
        Refusal::field("email", Problem::EmailOrReference)
    );
    assert_eq!(refusal(map(["0", "0", "2"]).await), Refusal::field("name", Problem::ColumnTwice));
    assert_eq!(refusal(map(["0", "1", "3"]).await), Refusal::field("email", Problem::NotAChoice));
    map(["0", "1", "2"]).await.unwrap();
    world.portal.work_off().await.unwrap();
    assert_eq!(view(world, &olivia, id).await.job.counts, counts(1, 0, 0, 0));
    // One may think again.
    world.portal.remap_import(&olivia.actor, id).await.unwrap();
    assert_eq!(view(world, &olivia, id).await.job.state, JobState::Draft);
}

async fn those_who_are_created_may_be_invited(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let id = checked(world, &olivia, &file(3)).await;
    starts(world, &olivia, id, true).await;
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 3);
    let link = world.link_in(mails.iter().find(|mail| mail.to.starts_with("nova0@")).unwrap());
    world.uses(&link, NEW).await.unwrap();
    world.mails().await;
    let nova = world.person("nova0").await;
    assert!(world.lets_in(&nova, NEW).await);
}

async fn a_permission_of_a_file_is_entered(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let id = checked(world, &olivia, &file(2)).await;
    starts(world, &olivia, id, true).await;
    let mails = world.new_mails().await;
    let mail = mails.iter().find(|mail| mail.to.starts_with("nova0@")).unwrap();
    assert!(mail.says("it was entered that Northwind Backup may set a new password for you"));
    world.uses(&world.link_in(mail), NEW).await.unwrap();
    let nova = world.enters_with("nova0", NEW).await;
    let consent = world.portal.consent(&nova.actor).await.unwrap();
    assert_eq!(consent.consent, Consent::Always);
    assert_eq!(consent.ledger[0].source, ConsentSource::Import);
    world.mails().await;
}

async fn starting_needs_proof(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let job = checked(world, &olivia, &file(1)).await;
    let start = StartImport { job, invites: false };
    let started = world.portal.start_import(&olivia.actor, start).await;
    assert_eq!(refusal(started), Refusal::StepUp);
    world.portal.work_off().await.unwrap();
    assert_eq!(newcomers(world).await, 0);
    starts(world, &olivia, job, false).await;
    // Pressed twice.
    world.portal.start_import(&olivia.actor, start).await.unwrap();
    world.portal.work_off().await.unwrap();
    assert_eq!(newcomers(world).await, 1);
}

async fn who_may_import(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let job = checked(world, &olivia, &file(1)).await;
    let request = mapped(&view(world, &olivia, job).await);
    for (who, refused) in
        [("arun", Refusal::NotAllowed), ("ada", Refusal::NotAllowed), ("casey", Refusal::NotFound)]
    {
        let who = world.proves(&world.enters(who).await).await;
        let portal = &world.portal;
        assert_eq!(refusal(portal.begin_upload(&who.actor).await), refused);
        assert_eq!(refusal(portal.import(&who.actor, job).await), refused);
        assert_eq!(refusal(portal.map_import(&who.actor, request.clone()).await), refused);
        let start = StartImport { job, invites: false };
        assert_eq!(refusal(portal.start_import(&who.actor, start).await), refused);
        let stop = portal.change_job(&who.actor, job, JobKind::Import, JobWish::Stop).await;
        assert_eq!(refusal(stop), refused);
        let results = portal.job_results(&who.actor, job, JobKind::Import, (0, false)).await;
        assert_eq!(refusal(results), refused);
        assert_eq!(refusal(portal.jobs(&who.actor, JobKind::Import).await), refused);
    }
}

async fn another_resellers_import_is_none(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let job = checked(world, &olivia, &file(1)).await;
    for who in ["carla", "freya"] {
        let who = world.enters(who).await;
        assert_eq!(refusal(world.portal.import(&who.actor, job).await), Refusal::NotFound);
        assert!(world.portal.jobs(&who.actor, JobKind::Import).await.unwrap().is_empty());
    }
    // Nor does one import into somebody else's organization.
    let request = MapImport {
        organization: world.organization("Contoso Cloud").await,
        ..mapped(&view(world, &olivia, job).await)
    };
    assert_eq!(refusal(world.portal.map_import(&olivia.actor, request).await), Refusal::NotFound);
}

async fn what_was_taken_away_ends_an_import(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let job = checked(world, &olivia, &file(300)).await;
    starts(world, &olivia, job, false).await;
    world
        .sql
        .run("UPDATE accounts SET role = 'agent' WHERE id = $1", values![olivia.person.id])
        .await;
    world.portal.work_off().await.unwrap();
    assert_eq!(newcomers(world).await, 0);
    let state: String = world.sql.one("SELECT state FROM jobs WHERE id = $1", values![job]).await;
    assert_eq!(state, "stopped");
}

async fn an_import_is_paused_resumed_and_ended(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let wish = async |id, wish| {
        world.portal.change_job(&olivia.actor, id, JobKind::Import, wish).await.unwrap();
    };
    let job = checked(world, &olivia, &file(300)).await;
    starts(world, &olivia, job, false).await;
    wish(job, JobWish::Pause).await;
    world.portal.work_off().await.unwrap();
    assert_eq!(view(world, &olivia, job).await.job.state, JobState::Paused);
    assert_eq!(newcomers(world).await, 0);
    wish(job, JobWish::Resume).await;
    world.portal.work_off().await.unwrap();
    assert_eq!(newcomers(world).await, 300);
    // What is done stays done.
    wish(job, JobWish::Stop).await;
    assert_eq!(view(world, &olivia, job).await.job.state, JobState::Done);
    // What was not started leaves nothing.
    let other = checked(world, &olivia, &file(1)).await;
    wish(other, JobWish::Stop).await;
    assert_eq!(refusal(world.portal.import(&olivia.actor, other).await), Refusal::NotFound);
}

async fn an_import_is_recorded(world: &mut World) {
    let olivia = world.enters("olivia").await;
    imports(world, &olivia, &file(2)).await;
    let lines: Vec<String> = world
        .sql
        .column(
            "SELECT kind || ' ' || outcome FROM audit_entries WHERE actor_id = $1 AND kind LIKE 'customer%' ORDER BY position",
            values![olivia.person.id],
        )
        .await;
    assert_eq!(
        lines,
        [
            "customers_imported begun",
            "customer_created done",
            "customer_created done",
            "customers_imported done",
        ]
    );
}

async fn rows_are_gone_when_they_are_done(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let (job, _) = imports(world, &olivia, &file(120)).await;
    let left: i64 =
        world.sql.one("SELECT COUNT(*) FROM job_batches WHERE content IS NOT NULL", []).await;
    assert_eq!(left, 0);
    let results: Vec<String> =
        world.sql.column("SELECT result FROM job_batches WHERE job_id = $1", values![job]).await;
    assert!(results.iter().all(|result| !result.to_lowercase().contains("nova")));
    world.days_pass(91);
    world.portal.tidy().await.unwrap();
    let left: i64 = world.sql.one("SELECT COUNT(*) FROM jobs", []).await;
    assert_eq!(left, 0);
}

async fn a_newer_file_replaces_what_was_not_started(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let first = checked(world, &olivia, &file(1)).await;
    let second = receives(world, &olivia, &file(2)).await.unwrap();
    assert_eq!(refusal(world.portal.import(&olivia.actor, first).await), Refusal::NotFound);
    assert_eq!(view(world, &olivia, second).await.job.total, 2);
    let broken = receives(world, &olivia, "name\n").await;
    assert_eq!(refusal(broken), Refusal::field("file", Problem::NoRows));
    let left: i64 = world.sql.one("SELECT COUNT(*) FROM jobs", []).await;
    assert_eq!(left, 0);
    // What nobody starts is not kept for long.
    checked(world, &olivia, &file(1)).await;
    world.hours_pass(25);
    world.portal.tidy().await.unwrap();
    let left: i64 = world.sql.one("SELECT COUNT(*) FROM jobs", []).await;
    assert_eq!(left, 0);
}

/// A child works on an import until it is killed at a failpoint; then Rekey starts again.
async fn killed_at(world: &mut World, failpoint: &str) {
    let mut child = world.child(Part::WorkOff, None, failpoint);
    child.says(&format!("failpoint: {failpoint}"));
    child.dies();
    world.restart(|_| {}).await;
    world.seconds_pass(61);
}

async fn killed_and_finished(world: &mut World, failpoint: &str, done_before: i64) {
    let olivia = world.enters("olivia").await;
    let job = checked(world, &olivia, &file(250)).await;
    starts(world, &olivia, job, true).await;
    killed_at(world, failpoint).await;
    assert_eq!(newcomers(world).await, done_before);
    world.portal.work_off().await.unwrap();
    let olivia = world.enters("olivia").await;
    let view = view(world, &olivia, job).await;
    assert_eq!((view.job.state, view.job.counts), (JobState::Done, counts(250, 0, 0, 0)));
    assert_eq!(newcomers(world).await, 250);
    let of_kind = async |kind: &str| -> i64 {
        world.sql.one("SELECT COUNT(*) FROM audit_entries WHERE kind = $1", values![kind]).await
    };
    assert_eq!(of_kind("customer_created").await, 250);
    assert_eq!(of_kind("invitation_sent").await, 250);
    assert_eq!(of_kind("customers_imported").await, 2);
    let links: i64 =
        world.sql.one("SELECT COUNT(*) FROM links WHERE purpose = 'invitation'", []).await;
    assert_eq!(links, 250);
    assert_eq!(world.mails().await.len(), 250);
    let lines: Vec<u32> = report(world, &olivia, job).await.iter().map(|line| line.0).collect();
    assert_eq!(lines, (2..252).collect::<Vec<u32>>());
}

async fn killed_before_a_commit_nothing_is_doubled_or_lost(world: &mut World) {
    killed_and_finished(world, "job-before-commit", 0).await;
}

async fn killed_after_a_commit_nothing_is_doubled_or_lost(world: &mut World) {
    killed_and_finished(world, "job-committed", 100).await;
}

async fn killed_with_a_batch_taken_nothing_is_lost(world: &mut World) {
    killed_and_finished(world, "job-taken", 0).await;
}

async fn a_check_begins_anew_after_a_crash(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let mut text = file(150);
    text += "N-7;Again;again@newcomers.example;;\n";
    let id = receives(world, &olivia, &text).await.unwrap();
    let request = mapped(&view(world, &olivia, id).await);
    world.portal.map_import(&olivia.actor, request).await.unwrap();
    killed_at(world, "job-committed").await;
    world.portal.work_off().await.unwrap();
    // What the first batch wanted is known again when the second one is looked at.
    let view = view(world, &olivia, id).await;
    assert_eq!((view.job.state, view.job.counts), (JobState::Checked, counts(150, 0, 0, 1)));
}

async fn two_nodes_share_an_import(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let job = checked(world, &olivia, &file(1_000)).await;
    starts(world, &olivia, job, false).await;
    let other = world.another_node().await;
    let (one, two) = tokio::join!(world.portal.work_off(), other.work_off());
    one.unwrap();
    two.unwrap();
    world.portal.work_off().await.unwrap();
    other.close().await;
    let view = view(world, &olivia, job).await;
    assert_eq!((view.job.state, view.job.counts), (JobState::Done, counts(1_000, 0, 0, 0)));
    assert_eq!(newcomers(world).await, 1_000);
}

/// As many as `REKEY_IMPORT_ROWS` says, for figures; a few in the suite.
async fn many_rows(world: &mut World) {
    let rows = std::env::var("REKEY_IMPORT_ROWS").ok().and_then(|rows| rows.parse().ok());
    let rows: usize = rows.unwrap_or(1_000);
    let olivia = world.enters("olivia").await;
    let text = file(rows);
    let started = tokio::time::Instant::now();
    let id = receives(world, &olivia, &text).await.unwrap();
    drop(text);
    let received = started.elapsed();
    let request = mapped(&view(world, &olivia, id).await);
    world.portal.map_import(&olivia.actor, request).await.unwrap();
    world.portal.work_off().await.unwrap();
    let checked = started.elapsed();
    starts(world, &olivia, id, false).await;
    world.portal.work_off().await.unwrap();
    let imported = started.elapsed();
    let done = view(world, &olivia, id).await.job.counts;
    assert_eq!(done, counts(u32::try_from(rows).unwrap(), 0, 0, 0));
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default().to_owned();
    println!(
        "{rows} rows: received after {received:?}, checked after {checked:?}, imported after {imported:?}; {peak}"
    );
}

async fn two_checks_at_once_both_end(world: &mut World) {
    let (olivia, operator) = (world.enters("olivia").await, world.enters("operator").await);
    let mut jobs = Vec::new();
    for who in [&olivia, &operator] {
        let text = file(350) + "N-7;Once More;again@newcomers.example;;no\n";
        let id = receives(world, who, &text).await.unwrap();
        let request = mapped(&view(world, who, id).await);
        world.portal.map_import(&who.actor, request).await.unwrap();
        jobs.push((who, id));
    }
    world.portal.work_off().await.unwrap();
    for (who, id) in jobs {
        let view = view(world, who, id).await;
        assert_eq!((view.job.state, view.job.counts), (JobState::Checked, counts(350, 0, 0, 1)));
    }
}

async fn rows_are_sealed_and_checks_are_recorded(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let text = "Name,Email,Password\nNova,nova@newcomers.example,hunter-two-of-old\n";
    let job = receives(world, &olivia, text).await.unwrap();
    let content: Vec<u8> = world.sql.one("SELECT content FROM job_batches", []).await;
    assert!(!String::from_utf8_lossy(&content).contains("hunter"));
    for n in 0..20 {
        let request = mapped(&view(world, &olivia, job).await);
        world
            .portal
            .map_import(&olivia.actor, request)
            .await
            .unwrap_or_else(|e| panic!("{n}: {e}"));
        world.portal.work_off().await.unwrap();
    }
    let recorded: i64 =
        world.sql.one("SELECT COUNT(*) FROM audit_entries WHERE kind = 'import_checked'", []).await;
    assert_eq!(recorded, 20);
    let request = mapped(&view(world, &olivia, job).await);
    let once_more = world.portal.map_import(&olivia.actor, request).await;
    assert!(matches!(refusal(once_more), Refusal::Wait { .. }));
}

async fn a_file_at_a_time_of_everybody(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let first = world.portal.begin_upload(&olivia.actor).await.unwrap();
    let second = world.portal.begin_upload(&olivia.actor).await;
    assert!(matches!(second, Err(portal::Error::Busy { .. })));
    drop(first);
    world.portal.begin_upload(&olivia.actor).await.unwrap();
}

async fn a_file_does_not_get_around_a_dispute(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let casey = world.person("casey").await;
    let dispute = "INSERT INTO disputes (id, account_id, organization_id, operator_id, created_at) SELECT id, id, organization_id, $2, 0 FROM accounts WHERE id = $1";
    world.sql.run(dispute, values![casey.id, olivia.actor.account]).await;
    let text = "Name,Email\nCasey Other,casey@acme.example\n";
    let (job, done) = imports(world, &olivia, text).await;
    assert_eq!(done, counts(0, 0, 0, 1));
    let why = vec![(String::new(), Problem::DisputedAgainst)];
    assert_eq!(report(world, &olivia, job).await, [(2, RowOutcome::Refused, why)]);
}
