//! The audit log as staff read it, verify it, and take it with them.

use std::time::Duration;

use model::{
    Refusal,
    account::Role,
    audit::{AuditCheck, AuditFault, AuditKind, AuditLine, AuditPage, AuditQuery, Outcome},
    id::{AuditId, OrganizationId},
};
use portal::{AuditFormat, DEMO_PASSWORD, Portal, SendLink};
use uuid::Uuid;

use crate::{
    sql::values,
    world::{Entered, Person, WRONG, World, refusal, secret, stories},
};

stories! {
    an_entry_says_who_did_what_to_whom_and_why,
    it_is_narrowed_by_time_actor_customer_and_kind,
    a_name_that_nobody_has_finds_nothing,
    it_is_read_page_by_page_across_organizations,
    a_scope_holds_its_own_entries_and_those_below,
    another_resellers_entries_are_as_good_as_none,
    who_may_read_it,
    customers_see_nothing_of_it,
    what_is_new_is_counted,
    what_was_erased_is_shown_as_erased,
    an_export_takes_a_fresh_proof_and_is_recorded,
    an_export_holds_what_is_shown,
    no_cell_of_an_export_is_a_formula,
    an_export_is_made_piece_by_piece,
    the_chains_of_a_scope_are_looked_through_in_pieces,
    many_organizations_are_one_order,
}

async fn proves(world: &World, entered: Entered) -> Entered {
    let password = secret(DEMO_PASSWORD);
    let token = world.portal.step_up(&entered.actor, &password, &secret("")).await.unwrap().token;
    world.is_secret(&token);
    Entered { token, ..entered }
}

async fn sends(world: &World, operator: &Entered, customer: &Person, reason: &str) {
    let request = SendLink {
        customer: customer.id,
        reason: reason.into(),
        ticket: "T-1029".into(),
        places: String::new(),
    };
    world.portal.send_link(&operator.actor, request).await.unwrap();
    world.mails().await;
}

async fn log(world: &World, who: &Entered, query: &AuditQuery) -> AuditPage {
    world.portal.audit_log(&who.actor, query).await.unwrap()
}

fn kinds(page: &AuditPage) -> Vec<AuditKind> {
    page.lines.iter().map(|line| line.kind).collect()
}

fn everything() -> AuditQuery {
    AuditQuery::default()
}

async fn an_entry_says_who_did_what_to_whom_and_why(world: &mut World) {
    let arun = world.enters("arun").await;
    let arun = proves(world, arun).await;
    let casey = world.person("casey").await;
    world.seconds_pass(1);
    sends(world, &arun, &casey, "Called, knows the last invoice").await;
    let ada = world.enters("ada").await;
    let page = log(world, &ada, &everything()).await;
    let line = page.lines.iter().find(|line| line.kind == AuditKind::StaffLinkSent).unwrap();
    let actor = line.actor.as_ref().unwrap();
    assert_eq!(actor.name.as_deref(), Some("Arun Velder"));
    let subject = line.subject.as_ref().unwrap();
    assert_eq!(subject.id, casey.id);
    assert_eq!(subject.email.as_deref(), Some("casey@acme.example"));
    assert_eq!(line.reason.as_deref(), Some("Called, knows the last invoice"));
    assert_eq!(line.ticket.as_deref(), Some("T-1029"));
    assert_eq!(line.outcome, Outcome::Done);
    assert_eq!(line.organization.as_str(), "Northwind Backup");
    assert_eq!(line.address, Some(arun.visit.address.to_string()));
    assert!(line.device.is_some() && !line.erased);

    // The entry has a page of its own, with what belongs to the same reset.
    let link = world.link_in(world.mails().await.last().unwrap());
    world.uses(&link, crate::world::NEW).await.unwrap();
    world.mails().await;
    let view = world.portal.audit_entry(&ada.actor, line.id).await.unwrap();
    assert_eq!(&view.line, line);
    let related: Vec<AuditKind> = view.related.iter().map(|line| line.kind).collect();
    assert_eq!(related, [AuditKind::ResetStarted, AuditKind::ResetDone]);
    assert_eq!(view.hash.len(), 64);
    assert!(view.position > 0 && view.request_id.starts_with("request-"));
}

async fn it_is_narrowed_by_time_actor_customer_and_kind(world: &mut World) {
    use AuditKind::{SignInRefused, SignedIn, StaffLinkSent, SteppedUp};

    let arun = world.enters("arun").await;
    let arun = proves(world, arun).await;
    let (casey, drew) = (world.person("casey").await, world.person("drew").await);
    sends(world, &arun, &casey, "First").await;
    world.days_pass(1);
    let arun = world.enters("arun").await;
    let arun = proves(world, arun).await;
    sends(world, &arun, &drew, "Second").await;
    world.sign_in(&world.visit_from_anywhere(), "casey", WRONG).await.unwrap_err();
    let olivia = world.enters("olivia").await;
    let narrowed = async |query: AuditQuery| kinds(&log(world, &olivia, &query).await);

    let text = |text: &str| text.to_owned();
    let only = |kind| AuditQuery { kind: Some(kind), ..everything() };
    assert_eq!(narrowed(only(StaffLinkSent)).await, [StaffLinkSent; 2]);
    assert_eq!(narrowed(only(AuditKind::Disputed)).await, []);
    for casey_is_called in ["casey", "Thornton casey", "acme", &casey.id.to_string()] {
        let query = AuditQuery { customer: casey_is_called.into(), ..everything() };
        assert_eq!(narrowed(query).await, [SignInRefused, StaffLinkSent], "{casey_is_called}");
    }
    for arun_is_called in ["arun", "velder", "arun@northwind.example", &arun.person.id.to_string()]
    {
        let query = AuditQuery { actor: arun_is_called.into(), ..everything() };
        let found = narrowed(query).await;
        let day = [StaffLinkSent, SteppedUp, SignedIn];
        assert_eq!(found, [day, day].concat(), "{arun_is_called}");
    }
    let both = AuditQuery { actor: text("arun"), customer: text("drew"), ..everything() };
    assert_eq!(narrowed(both).await, [StaffLinkSent]);
    let neither = AuditQuery { actor: text("ada"), customer: text("drew"), ..everything() };
    assert_eq!(narrowed(neither).await, []);
    let first_day = AuditQuery { to: text("2026-03-02"), ..only(StaffLinkSent) };
    let page = log(world, &olivia, &first_day).await;
    assert_eq!(page.lines.len(), 1);
    assert_eq!(page.lines[0].reason.as_deref(), Some("First"));
    let later = AuditQuery { from: text("2026-03-03"), ..only(StaffLinkSent) };
    let page = log(world, &olivia, &later).await;
    assert_eq!(page.lines[0].reason.as_deref(), Some("Second"));
    assert_eq!(page.lines.len(), 1);
    let none = AuditQuery { from: text("2026-03-04"), ..everything() };
    assert_eq!(narrowed(none).await, []);
    // What is no day asks for nothing.
    let damaged = AuditQuery { from: text("yesterday"), ..only(StaffLinkSent) };
    assert_eq!(narrowed(damaged).await.len(), 2);
}

async fn a_name_that_nobody_has_finds_nothing(world: &mut World) {
    let olivia = world.enters("olivia").await;
    for typed in ["nobody is called so", "x", "%", "carla", "c-1220"] {
        for query in [
            AuditQuery { actor: typed.into(), ..everything() },
            AuditQuery { customer: typed.into(), ..everything() },
        ] {
            assert_eq!(log(world, &olivia, &query).await.lines, [], "{typed}");
        }
    }
    // Many have it: so it is said.
    let many = AuditQuery { customer: "example".into(), ..everything() };
    assert!(log(world, &olivia, &many).await.many_people);
}

/// Every page of a query.
async fn all(world: &World, who: &Entered, query: &AuditQuery) -> Vec<AuditLine> {
    let mut query = query.clone();
    let mut lines = Vec::new();
    loop {
        let page = log(world, who, &query).await;
        assert!(page.lines.len() <= 50);
        lines.extend(page.lines);
        query.before = page.older;
        if query.before.is_none() {
            return lines;
        }
    }
}

async fn it_is_read_page_by_page_across_organizations(world: &mut World) {
    for _ in 0..40 {
        world.enters("casey").await;
        world.enters("freya").await;
        world.seconds_pass(1);
        world.enters("carla").await;
    }
    let operator = world.enters("operator").await;
    let lines = all(world, &operator, &everything()).await;
    assert_eq!(lines.len(), 121);
    assert!(lines.is_sorted_by(|newer, older| (newer.at, newer.id) > (older.at, older.id)));
    let names: std::collections::BTreeSet<_> =
        lines.iter().map(|line| line.organization.to_string()).collect();
    assert_eq!(names.len(), 4);
    let signed_in = AuditQuery { kind: Some(AuditKind::SignedIn), ..everything() };
    assert_eq!(all(world, &operator, &signed_in).await, lines);
}

async fn a_scope_holds_its_own_entries_and_those_below(world: &mut World) {
    world.enters("casey").await;
    world.enters("freya").await;
    world.enters("carla").await;
    let olivia = world.enters("olivia").await;
    let page = log(world, &olivia, &everything()).await;
    assert_eq!(page.lines.len(), 3);
    assert_eq!(page.scope.name.as_str(), "Northwind Backup");
    assert_eq!(page.scopes.len(), 2);
    let fjord = world.organization("Fjord IT").await;
    let page = log(world, &olivia, &AuditQuery { scope: Some(fjord), ..everything() }).await;
    assert_eq!(page.lines.len(), 1);
    assert_eq!(page.lines[0].actor.as_ref().unwrap().name.as_deref(), Some("Freya Nordahl"));
    // Below one sees nothing of what is above.
    let freya = world.enters("freya").await;
    assert_eq!(log(world, &freya, &everything()).await.lines.len(), 2);
}

async fn another_resellers_entries_are_as_good_as_none(world: &mut World) {
    let carla = world.enters("carla").await;
    let olivia = world.enters("olivia").await;
    let entry = log(world, &carla, &everything()).await.lines[0].id;
    let contoso = world.organization("Contoso Cloud").await;
    for id in [entry, AuditId(Uuid::nil())] {
        let view = world.portal.audit_entry(&olivia.actor, id).await;
        assert_eq!(refusal(view), Refusal::NotFound);
    }
    for scope in [contoso, OrganizationId(Uuid::nil())] {
        let query = AuditQuery { scope: Some(scope), ..everything() };
        let (actor, portal) = (&olivia.actor, &world.portal);
        assert_eq!(refusal(portal.audit_log(actor, &query).await), Refusal::NotFound);
        let since = portal.audit_since(actor, &query, entry).await;
        assert_eq!(refusal(since), Refusal::NotFound);
        let export = portal.export_audit(actor, &query, AuditFormat::Csv).await;
        assert_eq!(refusal(export.map(drop)), Refusal::NotFound);
        let check = portal.check_audit(actor, Some(scope), AuditCheck::default()).await;
        assert_eq!(refusal(check), Refusal::NotFound);
    }
    // Not by a place within it either.
    let start = AuditCheck { next: Some((contoso, 0)), ..AuditCheck::default() };
    let check = world.portal.check_audit(&olivia.actor, None, start).await.unwrap();
    assert!(check.entries <= 1, "{check:?}");
    // Nor by the id of somebody there.
    let query = AuditQuery { actor: carla.person.id.to_string(), ..everything() };
    assert_eq!(log(world, &olivia, &query).await.lines, []);
    // Somebody who went elsewhere is no longer shown by name.
    let casey = world.person("casey").await;
    world.enters("casey").await;
    let sql = "UPDATE accounts SET organization_id = $2, site_id = $3 WHERE id = $1";
    world.sql.run(sql, values![casey.id, contoso, world.contoso]).await;
    let page = log(world, &olivia, &everything()).await;
    let line = page.lines.iter().find(|line| line.subject.as_ref().unwrap().id == casey.id);
    let person = line.unwrap().subject.clone().unwrap();
    assert_eq!((person.name, person.email, person.kind), (None, None, None));
}

async fn who_may_read_it(world: &mut World) {
    for (who, may) in [("olivia", true), ("ada", true), ("arun", false), ("operator", true)] {
        let entered = world.enters(who).await;
        let page = world.portal.audit_log(&entered.actor, &everything()).await;
        assert_eq!(page.is_ok(), may, "{who}");
        assert_eq!(entered.actor.role.is_some_and(|role| role == Role::Agent), !may);
        if !may {
            assert_eq!(refusal(page), Refusal::NotAllowed);
            let (actor, all) = (&entered.actor, everything());
            let export = world.portal.export_audit(actor, &all, AuditFormat::Csv).await;
            assert_eq!(refusal(export.map(drop)), Refusal::NotAllowed);
            let check = world.portal.check_audit(&entered.actor, None, AuditCheck::default());
            assert_eq!(refusal(check.await), Refusal::NotAllowed);
        }
    }
}

async fn customers_see_nothing_of_it(world: &mut World) {
    let casey = world.enters("casey").await;
    let entry: Uuid = world.sql.one("SELECT id FROM audit_entries", []).await;
    let (portal, actor) = (&world.portal, &casey.actor);
    assert_eq!(refusal(portal.audit_log(actor, &everything()).await), Refusal::NotFound);
    assert_eq!(refusal(portal.audit_entry(actor, AuditId(entry)).await), Refusal::NotFound);
    let since = portal.audit_since(actor, &everything(), AuditId(entry)).await;
    assert_eq!(refusal(since), Refusal::NotFound);
    let export = portal.export_audit(actor, &everything(), AuditFormat::JsonLines).await;
    assert_eq!(refusal(export.map(drop)), Refusal::NotFound);
    let check = portal.check_audit(actor, None, AuditCheck::default()).await;
    assert_eq!(refusal(check), Refusal::NotFound);
}

async fn what_is_new_is_counted(world: &mut World) {
    let ada = world.enters("ada").await;
    let page = log(world, &ada, &everything()).await;
    let refused = AuditQuery { kind: Some(AuditKind::SignInRefused), ..everything() };
    let empty = log(world, &ada, &refused).await;
    let new = async |query: &AuditQuery, newest| {
        world.portal.audit_since(&ada.actor, query, newest).await.unwrap()
    };
    assert_eq!(new(&everything(), page.newest).await, 0);
    world.seconds_pass(1);
    world.sign_in(&world.visit_from_anywhere(), "casey", WRONG).await.unwrap_err();
    world.enters("freya").await;
    assert_eq!(new(&everything(), page.newest).await, 2);
    assert_eq!(new(&refused, empty.newest).await, 1);
    world.enters("carla").await;
    assert_eq!(new(&everything(), page.newest).await, 2);
}

async fn what_was_erased_is_shown_as_erased(world: &mut World) {
    world.enters("casey").await;
    let ada = world.enters("ada").await;
    world.sql.run("DELETE FROM audit_personal", []).await;
    let page = log(world, &ada, &everything()).await;
    assert!(page.lines.iter().all(|line| line.erased && line.address.is_none()));
    assert!(page.lines.iter().all(|line| line.device.is_none()));
    assert_eq!(page.lines.len(), 2);
}

async fn an_export_takes_a_fresh_proof_and_is_recorded(world: &mut World) {
    let ada = world.enters("ada").await;
    let export = world.portal.export_audit(&ada.actor, &everything(), AuditFormat::Csv).await;
    assert_eq!(refusal(export.map(drop)), Refusal::StepUp);
    assert_eq!(world.count_recorded(&ada.person, "audit_exported").await, 0);
    assert!(!world.portal.has_stepped_up(&ada.actor).await.unwrap());
    let ada = proves(world, ada).await;
    assert!(world.portal.has_stepped_up(&ada.actor).await.unwrap());
    world.portal.export_audit(&ada.actor, &everything(), AuditFormat::Csv).await.unwrap();
    assert_eq!(world.count_recorded(&ada.person, "audit_exported").await, 1);
    // What was taken away meanwhile counts.
    world.sql.run("UPDATE accounts SET role = 'agent' WHERE id = $1", values![ada.person.id]).await;
    let export = world.portal.export_audit(&ada.actor, &everything(), AuditFormat::Csv).await;
    assert_eq!(refusal(export.map(drop)), Refusal::NotAllowed);
}

/// A whole export as one text.
async fn export(
    portal: &Portal,
    who: &Entered,
    query: &AuditQuery,
    format: AuditFormat,
) -> (String, usize) {
    let mut export = portal.export_audit(&who.actor, query, format).await.unwrap();
    let (mut text, mut pieces) = (String::new(), 0);
    while let Some(piece) = export.next_piece().await.unwrap() {
        assert!(piece.len() < 1_000_000);
        text += &piece;
        pieces += 1;
    }
    (text, pieces)
}

async fn an_export_holds_what_is_shown(world: &mut World) {
    let arun = world.enters("arun").await;
    let arun = proves(world, arun).await;
    sends(world, &arun, &world.person("casey").await, "Called, \"twice\"").await;
    world.enters("carla").await;
    let ada = world.enters("ada").await;
    let ada = proves(world, ada).await;
    world.seconds_pass(1);
    let shown = all(world, &ada, &everything()).await;
    let (text, _) = export(&world.portal, &ada, &everything(), AuditFormat::JsonLines).await;
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids = |lines: &[serde_json::Value]| -> Vec<String> {
        lines.iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect()
    };
    let all_ids: Vec<String> = shown.iter().map(|line| line.id.to_string()).collect();
    // The entry of the export itself came later.
    assert_eq!(ids(&lines), all_ids);
    let sent = lines.iter().find(|line| line["action"] == "staff_link_sent").unwrap();
    for (name, value) in [
        ("actor", "Arun Velder"),
        ("customer", "Casey Thornton"),
        ("customer_email", "casey@acme.example"),
        ("reason", "Called, \"twice\""),
        ("ticket", "T-1029"),
        ("outcome", "done"),
        ("organization", "Northwind Backup"),
    ] {
        assert_eq!(sent[name], value, "{name}");
    }
    assert!(!text.contains("Contoso") && !text.contains("Carla"));
    // And what it is narrowed by holds for the file, wherever the page was.
    let query = AuditQuery {
        kind: Some(AuditKind::StaffLinkSent),
        before: Some(shown.last().unwrap().id),
        ..everything()
    };
    world.seconds_pass(1);
    let (text, _) = export(&world.portal, &ada, &query, AuditFormat::Csv).await;
    let rows: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(rows.len(), 3, "{text}");
    assert!(rows[0].starts_with("at,organization,action,outcome,"));
    assert!(rows[1].contains(",\"Called, \"\"twice\"\"\",T-1029,false,"), "{}", rows[1]);
    assert_eq!(rows[2], "");
}

async fn no_cell_of_an_export_is_a_formula(world: &mut World) {
    let casey = world.person("casey").await;
    let sql = "UPDATE accounts SET name = $2 WHERE id = $1";
    world.sql.run(sql, values![casey.id, "=HYPERLINK(\"https://evil.example\")"]).await;
    let arun = world.enters("arun").await;
    let arun = proves(world, arun).await;
    sends(world, &arun, &casey, "@SUM(A1:A9)").await;
    let ada = world.enters("ada").await;
    let ada = proves(world, ada).await;
    world.seconds_pass(1);
    let (text, _) = export(&world.portal, &ada, &everything(), AuditFormat::Csv).await;
    assert!(text.contains(",\"'=HYPERLINK(\"\"https://evil.example\"\")\","), "{text}");
    assert!(text.contains(",'@SUM(A1:A9),"), "{text}");
}

async fn an_export_is_made_piece_by_piece(world: &mut World) {
    for number in 0..1_020 {
        let id = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number);
        let northwind = world.organization("Northwind Backup").await;
        world.leaves.broken_audit = true;
        world
            .sql
            .run(
                "INSERT INTO audit_entries (organization_id, position, id, at, kind, outcome, actor_kind, request_id, personal_digest, previous, hash) VALUES ($1, $2, $3, $2, 'signed_in', 'done', 'visitor', 'r', $4, $4, $4)",
                values![northwind, 1_000_000 + i64::try_from(number).unwrap(), AuditId(id), vec![0u8; 32]],
            )
            .await;
    }
    let ada = world.enters("ada").await;
    let ada = proves(world, ada).await;
    world.seconds_pass(1);
    let (text, pieces) = export(&world.portal, &ada, &everything(), AuditFormat::JsonLines).await;
    assert_eq!((text.lines().count(), pieces), (1_022, 3));
}

async fn the_chains_of_a_scope_are_looked_through_in_pieces(world: &mut World) {
    world.enters("casey").await;
    world.enters("freya").await;
    world.enters("carla").await;
    let olivia = world.enters("olivia").await;
    let check = async |so_far| world.portal.check_audit(&olivia.actor, None, so_far).await.unwrap();
    let done = check(AuditCheck::default()).await;
    assert_eq!((done.entries, done.chains, done.problems, done.next), (3, 2, 0, None));
    // From the middle of a chain on, as after a piece.
    let northwind = world.organization("Northwind Backup").await;
    let middle = AuditCheck { entries: 1, next: Some((northwind, 1)), ..AuditCheck::default() };
    let rest = check(middle.clone()).await;
    assert_eq!((rest.problems, rest.next), (0, None));
    assert!(rest.entries >= 2);

    world.leaves.broken_audit = true;
    let sql =
        "UPDATE audit_entries SET outcome = 'refused' WHERE organization_id = $1 AND position = 2";
    world.sql.run(sql, values![northwind]).await;
    for begin in [AuditCheck::default(), middle.clone()] {
        let found = check(begin).await;
        assert_eq!(found.problems, 1);
        let (name, problem) = &found.found[0];
        assert_eq!(name.as_str(), "Northwind Backup");
        assert_eq!((problem.position, problem.fault), (2, AuditFault::Edited));
    }
    world
        .sql
        .run(
            "DELETE FROM audit_entries WHERE organization_id = $1 AND position = 1",
            values![northwind],
        )
        .await;
    let found = check(middle).await;
    assert!(found.found.iter().any(|(_, problem)| problem.fault == AuditFault::LinesMissing));
    // Of Contoso's chain one learns nothing.
    world.sql.run("UPDATE audit_entries SET outcome = 'refused'", []).await;
    let found = check(AuditCheck::default()).await;
    assert!(found.found.iter().all(|(name, _)| name.as_str() != "Contoso Cloud"));
}

/// More organizations than lines on a page, each with lines at other moments.
async fn many_organizations_are_one_order(world: &mut World) {
    let northwind = world.organization("Northwind Backup").await;
    world.leaves.broken_audit = true;
    for number in 0..120_u128 {
        let organization = OrganizationId(Uuid::from_u128(number + 1));
        for sql in [
            "INSERT INTO organizations (id, parent_id, name, state, created_at) VALUES ($1, $2, 'Small', 'active', 0)",
            "INSERT INTO organization_ancestors (organization_id, ancestor_id, distance) VALUES ($1, $2, 1)",
        ] {
            world.sql.run(sql, values![organization, northwind]).await;
        }
        for line in 0..3_u128 {
            let millis = (line * 120 + number * 53 % 120) << 80;
            let id = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + millis);
            world
                .sql
                .run(
                    "INSERT INTO audit_entries (organization_id, position, id, at, kind, outcome, actor_kind, request_id, personal_digest, previous, hash) VALUES ($1, $2, $3, $2, 'signed_in', 'done', 'visitor', 'r', $4, $4, $4)",
                    values![organization, 1 + i64::try_from(line).unwrap(), AuditId(id), vec![0u8; 32]],
                )
                .await;
        }
    }
    world.clock.set(world.now().plus(Duration::from_secs(1)));
    let ada = world.enters("ada").await;
    let lines = all(world, &ada, &everything()).await;
    let mut ids: Vec<Uuid> = world.sql.column("SELECT id FROM audit_entries", []).await;
    ids.sort();
    ids.reverse();
    let shown: Vec<Uuid> = lines.iter().map(|line| line.id.0).collect();
    assert_eq!(shown, ids);
    assert_eq!(shown.len(), 361);
}
