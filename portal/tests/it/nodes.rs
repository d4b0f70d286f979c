//! Several nodes on one PostgreSQL: what one knows, all know.

use std::{collections::HashSet, time::Duration};

use model::Refusal;
use portal::{DEMO_PASSWORD, Portal, SignIn, clock::Clock, mail::MailTransport};
use tokio::sync::watch;

use crate::{
    links::one_of_fifty_wins,
    smtp::ScriptedSmtp,
    world::{NEW, OTHER, WRONG, World, refusal, secret, smtp_settings, stories, wait},
};

stories! {
    ;
    postgres:
    limits_count_for_all_nodes,
    failures_count_for_all_nodes,
    a_session_holds_and_ends_everywhere,
    a_link_has_one_winner_on_all_nodes,
    a_mail_is_sent_by_one_node,
    a_request_is_answered_by_one_node,
    an_interrupted_reset_is_finished_by_one_node,
    the_audit_log_is_one_chain,
    nodes_that_start_at_once,
    clocks_may_differ_a_little,
}

fn form(name: &str, password: &str) -> SignIn {
    SignIn { name: name.into(), password: secret(password), keep: false }
}

async fn limits_count_for_all_nodes(world: &mut World) {
    let nodes = [world.portal.clone(), world.another_node().await];
    for number in 0..60 {
        let visit = world.visit_from(&format!("198.51.100.{number}"));
        let name = format!("nobody-{number}");
        let result = nodes[number % 2].sign_in(&visit, form(&name, WRONG)).await;
        assert_eq!(refusal(result), Refusal::SignInFailed);
    }
    for node in &nodes {
        let visit = world.visit_from("198.51.100.77");
        assert_eq!(wait(node.sign_in(&visit, form("casey", DEMO_PASSWORD)).await), 5);
    }
    for number in 0..20 {
        let visit = world.visit_from("203.0.113.5");
        nodes[number % 2].ask_for_link(&visit, "nobody").await.unwrap();
    }
    for node in &nodes {
        assert_eq!(wait(node.ask_for_link(&world.visit_from("203.0.113.6"), "casey").await), 180);
    }
    nodes[1].work_off().await.unwrap();
    nodes[1].close().await;
}

async fn failures_count_for_all_nodes(world: &mut World) {
    let nodes = [world.portal.clone(), world.another_node().await];
    let mut attempts = tokio::task::JoinSet::new();
    for number in 0..20 {
        let (node, visit) = (nodes[number % 2].clone(), world.visit_from_anywhere());
        attempts.spawn(async move { refusal(node.sign_in(&visit, form("casey", WRONG)).await) });
    }
    let answers = attempts.join_all().await;
    let compared = answers.iter().filter(|answer| **answer == Refusal::SignInFailed).count();
    assert_eq!(compared, 5);
    for node in &nodes {
        wait(node.sign_in(&world.visit_from_anywhere(), form("casey", DEMO_PASSWORD)).await);
    }
    nodes[1].close().await;
}

async fn a_session_holds_and_ends_everywhere(world: &mut World) {
    let other = world.another_node().await;
    let (desk, phone) = (world.enters("casey").await, world.enters("casey").await);
    let there = async |entered: &crate::world::Entered| {
        other.actor(&entered.visit, &entered.token).await.unwrap().is_some()
    };
    assert!(there(&desk).await && there(&phone).await);
    world.portal.end_session(&desk.actor, phone.session()).await.unwrap();
    assert!(there(&desk).await && !there(&phone).await);
    world.resets(&desk.person, NEW).await;
    assert!(!there(&desk).await);
    let visit = world.visit();
    let signed_in = other.sign_in(&visit, form("casey", NEW)).await.unwrap();
    assert!(world.portal.actor(&visit, &signed_in.token).await.unwrap().is_some());
    world.mails().await;
    other.close().await;
}

async fn a_link_has_one_winner_on_all_nodes(world: &mut World) {
    let nodes = [world.portal.clone(), world.another_node().await];
    let casey = world.person("casey").await;
    let link = world.mailed_link(&casey).await;
    let winner = one_of_fifty_wins(world, &nodes, &link).await;
    assert!(world.lets_in(&casey, &winner).await);
    world.notice_for(&casey).await;
    nodes[1].close().await;
}

async fn a_mail_is_sent_by_one_node(world: &mut World) {
    let people: Vec<String> = world
        .sql
        .column(
            "SELECT email FROM accounts WHERE kind = 'customer' AND state = 'active' ORDER BY email LIMIT 25",
            [],
        )
        .await;
    world.restart(|settings| settings.mail.transport = MailTransport::None).await;
    for email in &people {
        for site in [world.northwind, world.contoso] {
            world.portal.ask_for_link(&world.visit_at(site), email).await.unwrap();
        }
    }
    world.portal.work_off().await.unwrap();
    world.seconds_pass(5);
    let server = ScriptedSmtp::start(vec![]).await;
    let port = server.port();
    world.restart(|settings| settings.mail = smtp_settings(port)).await;
    let nodes = [world.portal.clone(), world.another_node().await];
    let (stop, stopped) = watch::channel(false);
    let working: Vec<_> =
        nodes.iter().map(|node| tokio::spawn(Portal::run(node.clone(), stopped.clone()))).collect();
    server.wait_for(people.len()).await;
    stop.send(true).unwrap();
    for worker in working {
        worker.await.unwrap();
    }
    let mails = server.received();
    let ids: HashSet<_> = mails.iter().map(|mail| mail.header("Message-ID").unwrap()).collect();
    assert_eq!((mails.len(), ids.len()), (people.len(), people.len()));
    let tries: i64 = world.sql.one("SELECT CAST(MAX(attempts) AS BIGINT) FROM outbox", []).await;
    assert_eq!(tries, 2);
    nodes[1].close().await;
}

async fn a_request_is_answered_by_one_node(world: &mut World) {
    let other = world.another_node().await;
    for who in
        ["casey", "drew@blueberry.example", "lou@lakeside.example", "olivia@northwind.example"]
    {
        world.portal.ask_for_link(&world.visit_from_anywhere(), who).await.unwrap();
        // A second one within two minutes, for the other node to find.
        world.portal.ask_for_link(&world.visit_from_anywhere(), who).await.unwrap();
    }
    let (first, second) =
        tokio::join!(async { world.portal.work_off().await }, async { other.work_off().await });
    first.and(second).unwrap();
    // Staff get no link, so nothing keeps them from hearing it twice.
    let mut to: Vec<String> = world.new_mails().await.into_iter().map(|mail| mail.to).collect();
    to.sort();
    to.dedup();
    assert_eq!(to.len(), 4);
    let open: Vec<i64> = world
        .sql
        .column("SELECT COUNT(*) FROM links WHERE state = 'open' GROUP BY account_id", [])
        .await;
    assert_eq!(open, [1, 1, 1]);
    other.close().await;
}

async fn an_interrupted_reset_is_finished_by_one_node(world: &mut World) {
    let nodes = [world.portal.clone(), world.another_node().await];
    let casey = world.person("casey").await;
    let link = world.mailed_link(&casey).await;
    world.disk_is_full_for("accounts").await;
    world.uses(&link, NEW).await.unwrap();
    world.disk_has_room_again("accounts").await;
    world.seconds_pass(11);
    let (first, second) = tokio::join!(nodes[0].work_off(), nodes[1].work_off());
    first.and(second).unwrap();
    assert_eq!(world.reset_states(&casey).await, ["done"]);
    assert_eq!(world.count_recorded(&casey, "reset_done").await, 1);
    world.notice_for(&casey).await;
    nodes[1].close().await;
}

async fn the_audit_log_is_one_chain(world: &mut World) {
    let nodes = [world.portal.clone(), world.another_node().await];
    let mut attempts = tokio::task::JoinSet::new();
    for number in 0..20 {
        let (node, visit) = (nodes[number % 2].clone(), world.visit_from_anywhere());
        let name = format!("nobody-{number}");
        attempts.spawn(async move { refusal(node.sign_in(&visit, form(&name, WRONG)).await) });
    }
    attempts.join_all().await;
    for node in &nodes {
        let report = node.verify_audit(None).await.unwrap();
        assert_eq!((report.entries, report.problems), (20, vec![]));
    }
    nodes[1].close().await;
}

async fn nodes_that_start_at_once(world: &mut World) {
    let settings = world.empty_database().await;
    std::fs::create_dir_all(&settings.data).unwrap();
    std::fs::copy(&world.settings.master_key_file, &settings.master_key_file).unwrap();
    let mut starting = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (settings, clock, random) =
            (settings.clone(), world.clock.clone(), world.more_randomness());
        starting.spawn(async move { Portal::open_with(&settings, clock, random).await });
    }
    for node in starting.join_all().await {
        let node = node.unwrap();
        assert!(node.ready().await);
        node.close().await;
    }
}

async fn clocks_may_differ_a_little(world: &mut World) {
    let ahead = Clock::fixed(world.now().plus(Duration::from_secs(60)));
    let random = world.more_randomness();
    let other = Portal::open_with(&world.settings, ahead, random).await.unwrap();
    // What the one ahead makes, holds at the one behind.
    let casey = world.person("casey").await;
    let visit = world.visit();
    let signed_in = other.sign_in(&visit, form("casey", DEMO_PASSWORD)).await.unwrap();
    assert!(world.portal.actor(&visit, &signed_in.token).await.unwrap().is_some());
    other.ask_for_link(&world.visit(), "casey").await.unwrap();
    other.work_off().await.unwrap();
    let mails = world.new_mails().await;
    let link = world.link_in(&mails[0]);
    world.uses(&link, OTHER).await.unwrap();
    assert!(world.lets_in(&casey, OTHER).await);
    world.seconds_pass(60);
    world.mails().await;
    other.close().await;
}
