//! The audit log: what is in it, and that nobody changes it unnoticed.

use std::{path::PathBuf, time::Duration};

use model::{
    account::Device,
    audit::{AuditKind, Outcome, Who},
    id::AuditId,
};
use portal::DEMO_PASSWORD;
use uuid::Uuid;

use crate::{
    sql::values,
    world::{NEW, OTHER, WRONG, World, stories},
};

stories! {
    every_line_follows_from_the_one_before,
    an_edited_line_is_found,
    edited_personal_values_are_found,
    a_removed_line_is_found,
    a_removed_chain_is_found,
    a_cut_off_chain_is_found_with_the_anchor_file,
    a_rewritten_chain_is_found_with_the_anchor_file,
    heads_are_anchored_every_so_often,
    each_node_has_a_file_of_its_own,
    without_a_file_heads_go_to_the_log_alone,
    an_anchor_file_may_be_damaged_or_missing,
    erasing_personal_values_keeps_the_chain_whole,
    lines_written_at_once_are_in_one_order,
    it_verifies_while_people_are_at_work,
    activity_says_who_did_what_from_where,
    activity_is_read_page_by_page,
    activity_is_ones_own,
    lines_of_one_moment_are_in_their_order,
}

/// Some things happen to Casey and to somebody at Contoso.
async fn things_happen(world: &World) {
    let casey = world.person("casey").await;
    world.sign_in(&world.visit_from_anywhere(), "casey", WRONG).await.unwrap_err();
    let entered = world.enters("casey").await;
    world.portal.sign_out(&entered.actor).await.unwrap();
    world.resets(&casey, NEW).await;
    world.hours_pass(1);
    world.resets(&casey, DEMO_PASSWORD).await;
    world.enters("carla").await;
    world.mails().await;
}

async fn problems(world: &World, anchor: Option<&PathBuf>) -> Vec<String> {
    world.portal.verify_audit(anchor.map(PathBuf::as_path)).await.unwrap().problems
}

async fn every_line_follows_from_the_one_before(world: &mut World) {
    things_happen(world).await;
    let report = world.portal.verify_audit(None).await.unwrap();
    assert_eq!((report.chains, report.entries, report.anchors), (2, 10, 0));
    assert_eq!(report.problems, [""; 0]);
}

async fn an_edited_line_is_found(world: &mut World) {
    things_happen(world).await;
    world.leaves.broken_audit = true;
    for (edit, back) in [
        (
            "UPDATE audit_entries SET kind = 'signed_in' WHERE kind = 'sign_in_refused'",
            "UPDATE audit_entries SET kind = 'sign_in_refused' WHERE outcome = 'refused'",
        ),
        (
            "UPDATE audit_entries SET outcome = 'refused' WHERE kind = 'signed_out'",
            "UPDATE audit_entries SET outcome = 'done' WHERE kind = 'signed_out'",
        ),
        (
            "UPDATE audit_entries SET at = at + 1 WHERE kind = 'signed_out'",
            "UPDATE audit_entries SET at = at - 1 WHERE kind = 'signed_out'",
        ),
        (
            "UPDATE audit_entries SET subject_id = organization_id WHERE kind = 'signed_out'",
            "UPDATE audit_entries SET subject_id = actor_id WHERE kind = 'signed_out'",
        ),
        (
            "UPDATE audit_entries SET actor_id = NULL WHERE kind = 'signed_out'",
            "UPDATE audit_entries SET actor_id = subject_id WHERE kind = 'signed_out'",
        ),
        (
            "UPDATE audit_entries SET reset_id = subject_id WHERE kind = 'signed_out'",
            "UPDATE audit_entries SET reset_id = NULL WHERE kind = 'signed_out'",
        ),
        (
            "UPDATE audit_entries SET actor_kind = 'staff' WHERE kind = 'signed_out'",
            "UPDATE audit_entries SET actor_kind = 'customer' WHERE kind = 'signed_out'",
        ),
        (
            "UPDATE audit_entries SET request_id = request_id || 'x' WHERE kind = 'signed_out'",
            "UPDATE audit_entries SET request_id = REPLACE(request_id, 'x', '') WHERE kind = 'signed_out'",
        ),
    ] {
        assert_eq!(world.sql.run(edit, []).await, 1, "{edit}");
        let found = problems(world, None).await;
        assert_eq!(found.len(), 1, "{edit}: {found:?}");
        assert!(found[0].ends_with("it was edited"), "{found:?}");
        world.sql.run(back, []).await;
        assert_eq!(problems(world, None).await, [""; 0], "{back}");
    }
    // A line whose own hash fits again does not fit the next one.
    world.sql.run("UPDATE audit_entries SET previous = hash WHERE kind = 'signed_out'", []).await;
    assert_eq!(problems(world, None).await.len(), 2);
    // A kind that there never was is an edit too.
    world.sql.run("UPDATE audit_entries SET kind = 'nonsense' WHERE kind = 'signed_out'", []).await;
    assert!(!problems(world, None).await.is_empty());
}

async fn edited_personal_values_are_found(world: &mut World) {
    things_happen(world).await;
    world.leaves.broken_audit = true;
    let sql = "UPDATE audit_personal SET content = REPLACE(content, 'Firefox', 'Netscape') WHERE audit_id = (SELECT id FROM audit_entries WHERE kind = 'signed_out')";
    assert_eq!(world.sql.run(sql, []).await, 1);
    let found = problems(world, None).await;
    assert_eq!(found.len(), 1);
    assert!(found[0].ends_with("its personal values were edited"), "{found:?}");
}

async fn a_removed_line_is_found(world: &mut World) {
    things_happen(world).await;
    world.leaves.broken_audit = true;
    let northwind = world.organization("Northwind Backup").await;
    let remove = "DELETE FROM audit_entries WHERE organization_id = $1 AND position = $2";
    for (position, says) in [
        (1, "line 2: one or more lines before it are missing"),
        (4, "line 5: one or more lines before it are missing"),
        (9, "the chain ends at line 8, its head is at line 9"),
    ] {
        assert_eq!(world.sql.run(remove, values![northwind, position]).await, 1);
        let found = problems(world, None).await;
        assert!(found.iter().any(|problem| problem.contains(says)), "{found:?}");
    }
}

async fn a_removed_chain_is_found(world: &mut World) {
    things_happen(world).await;
    world.leaves.broken_audit = true;
    let northwind = world.organization("Northwind Backup").await;
    world.sql.run("DELETE FROM audit_heads WHERE organization_id = $1", values![northwind]).await;
    let found = problems(world, None).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("its head is missing"), "{found:?}");
}

/// Everything that happened so far goes to the anchor file.
async fn anchored(world: &mut World) -> PathBuf {
    let file = world.folder().join("anchors.jsonl");
    world
        .restart(|settings| {
            settings.audit.anchor_file = Some(file.clone());
            settings.audit.anchor_every = 1;
        })
        .await;
    world.portal.tidy().await.unwrap();
    file
}

/// Cuts the chain of Northwind off after a line, with its head, so that it looks whole.
async fn cut_off(world: &World, position: i64) {
    let northwind = world.organization("Northwind Backup").await;
    for sql in [
        "DELETE FROM audit_entries WHERE organization_id = $1 AND position > $2",
        "UPDATE audit_heads SET position = $2, anchored = 0, hash = (SELECT hash FROM audit_entries WHERE organization_id = $1 AND position = $2) WHERE organization_id = $1",
    ] {
        assert!(world.sql.run(sql, values![northwind, position]).await > 0);
    }
}

async fn a_cut_off_chain_is_found_with_the_anchor_file(world: &mut World) {
    things_happen(world).await;
    let file = anchored(world).await;
    let report = world.portal.verify_audit(Some(&file)).await.unwrap();
    assert_eq!((report.anchors, report.problems.len()), (2, 0));
    cut_off(world, 5).await;
    // By itself it looks as if nothing had ever been there.
    assert_eq!(problems(world, None).await, [""; 0]);
    let found = problems(world, Some(&file)).await;
    assert_eq!(found.len(), 1);
    assert!(found[0].ends_with("line 9, which the anchor file knows, is missing"), "{found:?}");
}

async fn a_rewritten_chain_is_found_with_the_anchor_file(world: &mut World) {
    things_happen(world).await;
    let file = anchored(world).await;
    cut_off(world, 5).await;
    for _ in 0..4 {
        world.enters("casey").await;
    }
    assert_eq!(problems(world, None).await, [""; 0]);
    let found = problems(world, Some(&file)).await;
    assert_eq!(found.len(), 1);
    assert!(
        found[0].ends_with("line 9: it is not the line that the anchor file knows"),
        "{found:?}"
    );
    // Nor does it help to have the new head anchored as well.
    world.portal.tidy().await.unwrap();
    let found = problems(world, Some(&file)).await;
    assert!(
        found
            .iter()
            .any(|problem| problem
                .ends_with("line 9: it is not the line that the anchor file knows")),
        "{found:?}"
    );
}

async fn heads_are_anchored_every_so_often(world: &mut World) {
    let file = world.folder().join("anchors.jsonl");
    world
        .restart(|settings| {
            settings.audit.anchor_file = Some(file.clone());
            settings.audit.anchor_every = 3;
        })
        .await;
    let lines = || std::fs::read_to_string(&file).unwrap_or_default().lines().count();
    let mut written = Vec::new();
    for _ in 0..7 {
        world.enters("casey").await;
        world.portal.tidy().await.unwrap();
        world.portal.tidy().await.unwrap();
        written.push(lines());
    }
    assert_eq!(written, [0, 0, 1, 1, 1, 2, 2]);
    let text = std::fs::read_to_string(&file).unwrap();
    let northwind = world.organization("Northwind Backup").await;
    let begin = format!("{{\"organization\":\"{northwind}\",\"position\":3,\"hash\":\"");
    assert!(text.starts_with(&begin), "{text}");
    assert!(text.lines().all(|line| line.ends_with("\",\"at\":\"2026-03-02T09:00:00Z\"}")));
    assert!(!text.contains("casey"));
    let report = world.portal.verify_audit(Some(&file)).await.unwrap();
    assert_eq!((report.anchors, report.problems), (2, vec![]));
    // The next start goes on from there; the last lines are written when the process ends.
    world.restart(|_| {}).await;
    world.portal.tidy().await.unwrap();
    assert_eq!(lines(), 2);
    world.portal.anchor_audit_at_last().await.unwrap();
    assert_eq!(lines(), 3);
    world.portal.anchor_audit_at_last().await.unwrap();
    assert_eq!(lines(), 3);
    // Where it cannot be written to, tidying up says so, and tries again.
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    for _ in 0..3 {
        world.enters("casey").await;
    }
    let error = world.portal.tidy().await.unwrap_err();
    assert!(format!("{error:#}").contains("cannot write to"), "{error:#}");
    std::fs::remove_dir(&file).unwrap();
    world.portal.tidy().await.unwrap();
    assert_eq!(lines(), 1);
}

/// What one node has written does not keep another one from writing it, whatever the database says.
async fn each_node_has_a_file_of_its_own(world: &mut World) {
    things_happen(world).await;
    let first = anchored(world).await;
    let second = world.folder().join("anchors-2.jsonl");
    world.restart(|settings| settings.audit.anchor_file = Some(second.clone())).await;
    world.portal.tidy().await.unwrap();
    assert_eq!(std::fs::read_to_string(&first).unwrap(), std::fs::read_to_string(&second).unwrap());
    cut_off(world, 5).await;
    for file in [first, second] {
        assert_eq!(problems(world, Some(&file)).await.len(), 1);
    }
}

async fn without_a_file_heads_go_to_the_log_alone(world: &mut World) {
    assert_eq!(world.settings.audit.anchor_file, None);
    world.restart(|settings| settings.audit.anchor_every = 1).await;
    let files = || std::fs::read_dir(world.folder()).unwrap().count();
    let before = files();
    world.enters("casey").await;
    world.portal.tidy().await.unwrap();
    world.portal.anchor_audit_at_last().await.unwrap();
    assert_eq!(files(), before);
}

async fn an_anchor_file_may_be_damaged_or_missing(world: &mut World) {
    things_happen(world).await;
    let file = anchored(world).await;
    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{whole}half a li")).unwrap();
    let report = world.portal.verify_audit(Some(&file)).await.unwrap();
    assert_eq!(report.anchors, 2);
    assert_eq!(report.problems.len(), 1);
    assert!(report.problems[0].starts_with("line 3 of "), "{:?}", report.problems);
    for damaged in ["\n\n", "ä ä ä ä", "{}", "[1]"] {
        std::fs::write(&file, damaged).unwrap();
        assert!(!problems(world, Some(&file)).await.is_empty(), "{damaged:?}");
    }
    // The process may end while it writes: a torn line is none, and the next one stands by itself.
    let torn = whole.len() - 30;
    std::fs::write(&file, &whole[..torn]).unwrap();
    let report = world.portal.verify_audit(Some(&file)).await.unwrap();
    assert_eq!((report.anchors, report.problems), (1, vec![]));
    world.restart(|_| {}).await;
    world.enters("casey").await;
    world.enters("carla").await;
    world.portal.tidy().await.unwrap();
    let report = world.portal.verify_audit(Some(&file)).await.unwrap();
    assert_eq!((report.anchors, report.problems), (3, vec![]));
    std::fs::remove_file(&file).unwrap();
    let error = world.portal.verify_audit(Some(&file)).await.unwrap_err();
    assert!(format!("{error:#}").contains("cannot read the anchor file"), "{error:#}");
}

async fn erasing_personal_values_keeps_the_chain_whole(world: &mut World) {
    things_happen(world).await;
    let entered = world.enters("casey").await;
    world.sql.run("DELETE FROM audit_personal", []).await;
    assert_eq!(problems(world, None).await, [""; 0]);
    let page = world.portal.activity(&entered.actor, None).await.unwrap();
    assert_eq!(page.entries.len(), 10);
    assert!(page.entries.iter().all(|entry| entry.address.is_none() && entry.device.is_none()));
}

async fn lines_written_at_once_are_in_one_order(world: &mut World) {
    let mut attempts = tokio::task::JoinSet::new();
    for number in 0..12 {
        let (portal, visit) = (world.portal.clone(), world.visit_from_anywhere());
        attempts.spawn(async move {
            let request = portal::SignIn {
                name: format!("nobody-{number}"),
                password: crate::world::secret(WRONG),
                keep: false,
            };
            portal.sign_in(&visit, request).await.unwrap_err();
        });
    }
    attempts.join_all().await;
    let positions: Vec<i64> =
        world.sql.column("SELECT position FROM audit_entries ORDER BY position", []).await;
    assert_eq!(positions, (1..=12).collect::<Vec<_>>());
    assert_eq!(problems(world, None).await, [""; 0]);
}

async fn it_verifies_while_people_are_at_work(world: &mut World) {
    let working = (0..4).map(|worker| {
        let (portal, visits) = (
            world.portal.clone(),
            (0..15).map(|_| world.visit_from_anywhere()).collect::<Vec<_>>(),
        );
        tokio::spawn(async move {
            for (number, visit) in visits.into_iter().enumerate() {
                let request = portal::SignIn {
                    name: format!("nobody-{worker}-{number}"),
                    password: crate::world::secret(WRONG),
                    keep: false,
                };
                portal.sign_in(&visit, request).await.unwrap_err();
            }
        })
    });
    let working: Vec<_> = working.collect();
    while !working.iter().all(tokio::task::JoinHandle::is_finished) {
        assert_eq!(problems(world, None).await, [""; 0]);
    }
    for worker in working {
        worker.await.unwrap();
    }
}

async fn activity_says_who_did_what_from_where(world: &mut World) {
    let casey = world.person("casey").await;
    let firefox = Device { browser: Some("Firefox".into()), system: Some("Windows".into()) };
    world.sign_in(&world.visit_from("203.0.113.1"), "casey", WRONG).await.unwrap_err();
    world.seconds_pass(1);
    world.asks_for_link(&world.visit_from("203.0.113.2"), "casey").await;
    let link = world.link_in(&world.new_mails().await[0]);
    world.seconds_pass(1);
    let visit = world.visit_from("2001:db8::3");
    world
        .portal
        .use_link(&visit, link.id, &link.token, crate::world::new_password(NEW))
        .await
        .unwrap();
    world.seconds_pass(1);
    let visit = world.visit_from("203.0.113.4");
    let signed_in = world.sign_in(&visit, "casey", NEW).await.unwrap();
    let entered = world.came_in(casey, visit, signed_in).await;
    world.seconds_pass(1);
    world.change_password(&entered, NEW, OTHER).await.unwrap();

    let page = world.portal.activity(&entered.actor, None).await.unwrap();
    assert_eq!(page.older, None);
    let lines: Vec<_> = page
        .entries
        .iter()
        .map(|entry| {
            assert_eq!(entry.device.as_ref(), Some(&firefox));
            (entry.kind, entry.outcome, entry.who.clone(), entry.address.clone().unwrap())
        })
        .collect();
    let line = |kind, outcome, who, address: &str| (kind, outcome, who, address.to_owned());
    assert_eq!(
        lines,
        [
            line(AuditKind::PasswordChanged, Outcome::Done, Who::You, "203.0.113.4"),
            line(AuditKind::ResetStarted, Outcome::Begun, Who::You, "203.0.113.4"),
            line(AuditKind::SignedIn, Outcome::Done, Who::You, "203.0.113.4"),
            line(AuditKind::ResetDone, Outcome::Done, Who::LinkHolder, "2001:db8::3"),
            line(AuditKind::ResetStarted, Outcome::Begun, Who::LinkHolder, "2001:db8::3"),
            line(AuditKind::ResetLinkSent, Outcome::Done, Who::Visitor, "203.0.113.2"),
            line(AuditKind::SignInRefused, Outcome::Refused, Who::Visitor, "203.0.113.1"),
        ]
    );
    assert_eq!(page.entries[0].at, world.now());

    // The command line has no address.
    let arun = world.person("arun").await;
    let password = world.portal.reset_staff_password(&arun.email, None).await.unwrap();
    let entered = world.enters_with("arun", password.reveal()).await;
    let page = world.portal.activity(&entered.actor, None).await.unwrap();
    let set = &page.entries[1];
    assert_eq!((set.kind, &set.who), (AuditKind::PasswordSetByCommand, &Who::Operator));
    assert_eq!((&set.address, &set.device), (&None, &Some(Device::default())));

    // Staff are named, as long as the name is there.
    for (content, who) in [
        (
            Some(r#"{"device":{"browser":null,"system":null},"staff":"Olivia Berg"}"#),
            Who::Staff(Some("Olivia Berg".into())),
        ),
        (Some(r"{}"), Who::Staff(None)),
        (Some("not JSON"), Who::Staff(None)),
        (None, Who::Staff(None)),
    ] {
        world.leaves.broken_audit = true;
        world
            .sql
            .run(
                "UPDATE audit_entries SET actor_kind = 'staff', actor_id = $2 WHERE id = $1",
                values![set.id, world.person("olivia").await.id],
            )
            .await;
        match content {
            Some(content) => {
                let sql = "UPDATE audit_personal SET content = $2 WHERE audit_id = $1";
                world.sql.run(sql, values![set.id, content]).await
            }
            None => {
                world
                    .sql
                    .run("DELETE FROM audit_personal WHERE audit_id = $1", values![set.id])
                    .await
            }
        };
        let page = world.portal.activity(&entered.actor, None).await.unwrap();
        assert_eq!(page.entries[1].who, who);
    }
    world.mails().await;
}

async fn activity_is_read_page_by_page(world: &mut World) {
    let mut last = None;
    for _ in 0..60 {
        last = Some(world.enters("casey").await);
        world.seconds_pass(1);
    }
    let entered = last.unwrap();
    let (mut before, mut sizes, mut ids) = (None, Vec::new(), Vec::new());
    loop {
        let page = world.portal.activity(&entered.actor, before).await.unwrap();
        sizes.push(page.entries.len());
        ids.extend(page.entries.iter().map(|entry| (entry.at, entry.id)));
        before = page.older;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [25, 25, 10]);
    assert!(ids.is_sorted_by(|newer, older| newer > older));
}

async fn activity_is_ones_own(world: &mut World) {
    let (casey, drew) = (world.enters("casey").await, world.enters("drew").await);
    let casey_page = world.portal.activity(&casey.actor, None).await.unwrap();
    let drew_page = world.portal.activity(&drew.actor, None).await.unwrap();
    assert_eq!((casey_page.entries.len(), drew_page.entries.len()), (1, 1));
    // Another's line is a place in time, and no more.
    let page = world.portal.activity(&casey.actor, Some(drew_page.entries[0].id)).await.unwrap();
    assert!(page.entries.iter().all(|entry| entry.id == casey_page.entries[0].id));
    let nothing = world.portal.activity(&casey.actor, Some(AuditId(Uuid::nil()))).await.unwrap();
    assert_eq!(nothing.entries, []);
}

async fn lines_of_one_moment_are_in_their_order(world: &mut World) {
    let casey = world.person("casey").await;
    for password in [NEW, OTHER, NEW, OTHER, DEMO_PASSWORD] {
        world.resets(&casey, password).await;
        world.clock.set(world.now().plus(Duration::from_secs(1_200)));
    }
    let entered = world.enters("casey").await;
    for _ in 0..6 {
        world.enters("casey").await;
    }
    let positions: Vec<Uuid> = world
        .sql
        .column(
            "SELECT id FROM audit_entries WHERE subject_id = $1 ORDER BY position DESC",
            values![casey.id],
        )
        .await;
    let page = world.portal.activity(&entered.actor, None).await.unwrap();
    let shown: Vec<Uuid> = page.entries.iter().map(|entry| entry.id.0).collect();
    assert_eq!(shown, positions);
    world.mails().await;
}
