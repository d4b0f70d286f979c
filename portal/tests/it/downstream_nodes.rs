//! Passwords on their way to downstream systems, with several nodes on one PostgreSQL; and very many
//! at once.

use portal::{ChangePassword, DEMO_PASSWORD, Portal, Result, SignIn, SignedIn};
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    child::Part,
    downstream_world::{BEFORE, SET, System, systems_in_step},
    sql::values,
    world::{NEW, Person, World, new_password, secret, stories, until},
};

stories! {
    one_that_hangs_holds_up_no_other;
    postgres:
    a_node_that_dies_leaves_it_to_another,
    two_nodes_at_once_set_a_password_once,
    whoever_lost_a_reset_writes_nothing,
}

async fn a_link_is_used_up_to(world: &mut World, point: &str) {
    let link = world.mailed_link(&world.casey().await).await;
    let part = Part::UseLink {
        site: world.northwind,
        link: link.id,
        token: link.token.reveal().to_owned(),
        new: NEW.into(),
    };
    let mut child = world.child(part, None, point);
    child.says(&format!("failpoint: {point}"));
    child.dies();
}

async fn it_was_done_once(world: &World, system: &System) {
    let casey = world.casey().await;
    assert_eq!(world.reset_states(&casey).await, ["done"]);
    assert_eq!(world.count_recorded(&casey, "reset_started").await, 1);
    assert_eq!(world.count_recorded(&casey, "reset_done").await, 1);
    assert_eq!(world.kept_passwords().await, 0);
    world.casey_comes_in_with(NEW, DEMO_PASSWORD).await;
    system.has(NEW, BEFORE);
    world.notice_for(&casey).await;
}

async fn a_node_that_dies_leaves_it_to_another(world: &mut World) {
    let [mut system] = systems_in_step::<1>(world).await;
    // This node goes on while the other one dies, between asking and writing the answer down.
    a_link_is_used_up_to(world, "target-asked").await;
    world.portal.work_off().await.unwrap();
    assert_eq!(world.work_left().await.2, 1, "it may still be at it, as far as anybody knows");
    world.seconds_pass(91);
    world.portal.work_off().await.unwrap();
    assert_eq!(system.sets(), 1, "it was looked at, and found done");
    it_was_done_once(world, &system).await;
}

async fn two_nodes_at_once_set_a_password_once(world: &mut World) {
    let [mut system] = systems_in_step::<1>(world).await;
    let other = world.another_node().await;
    a_link_is_used_up_to(world, "reset-decided").await;
    world.seconds_pass(11);
    let mut workers = JoinSet::new();
    for node in [&world.portal, &other, &world.portal, &other] {
        let node = node.clone();
        workers.spawn(async move { node.work_off().await });
    }
    for worked in workers.join_all().await {
        worked.unwrap();
    }
    assert_eq!(system.sets(), 1);
    it_was_done_once(world, &system).await;
    other.close().await;
}

async fn whoever_lost_a_reset_writes_nothing(world: &mut World) {
    let [mut system] = systems_in_step::<1>(world).await;
    let slow = world.another_node().await;
    let link = world.mailed_link(&world.casey().await).await;
    system.fault(SET, "hang", 1);
    let (visit, node) = (world.visit(), slow.clone());
    tokio::spawn(
        async move { node.use_link(&visit, link.id, &link.token, new_password(NEW)).await },
    );
    until("it is asked", async || system.sets() == 1).await;
    // It takes so long that another one takes over.
    world.seconds_pass(91);
    world.portal.work_off().await.unwrap();
    assert_eq!(world.reset_states(&world.casey().await).await, ["done"]);
    let target = "SELECT state || ' ' || attempts || ' ' || updated_at FROM reset_targets WHERE kind = 'service_account'";
    let before: String = world.sql.one(target, []).await;
    assert!(before.starts_with("applied 2 "), "{before}");
    world.seconds_pass(1);
    system.order(&json!({"do": "forget"}));
    system.calm();
    // It looks whether one gets in, and one does.
    until("the slow one has looked", async || {
        let calls = system.order(&json!({"do": "calls"}));
        let calls = calls["calls"].as_array().unwrap().clone();
        calls.iter().any(|call| call["endpoint"] == "user/web/session/revoke")
    })
    .await;
    slow.close().await;
    assert_eq!(world.sql.one::<String>(target, []).await, before);
    assert_eq!(system.sets(), 0, "it was not set again");
    it_was_done_once(world, &system).await;
}

/// A customer who changes the password, in a browser of their own.
async fn changes(portal: Portal, signed_in: SignedIn, visit: portal::Visit) -> Result<SignedIn> {
    let actor = portal.actor(&visit, &signed_in.token).await?.expect("signed in");
    loop {
        let request = ChangePassword {
            current: secret(DEMO_PASSWORD),
            new: secret(NEW),
            retype: secret(NEW),
            code: secret(""),
        };
        match portal.change_password(&actor, request).await {
            // Nothing happened: one tries again.
            Err(portal::Error::Busy { .. }) => tokio::task::yield_now().await,
            result => return result,
        }
    }
}

/// How many of the resets that go to a system stand so.
macro_rules! count {
    ($world:expr, $system:expr, $so:literal) => {
        $world
            .sql
            .one::<i64>(
                concat!(
                    "SELECT COUNT(*) FROM reset_targets JOIN service_accounts ON service_accounts.id = reset_targets.service_account_id JOIN resets ON resets.id = reset_targets.reset_id WHERE service_accounts.connector_id = $1 AND ",
                    $so
                ),
                values![$system.connector],
            )
            .await
    };
}

async fn one_that_hangs_holds_up_no_other(world: &mut World) {
    const EACH: usize = 67;
    let mut systems = systems_in_step::<3>(world).await;
    let casey = world.casey().await;
    world.sql.run("DELETE FROM service_accounts WHERE account_id = $1", values![casey.id]).await;
    let customers: Vec<(Uuid, String)> = world
        .sql
        .rows("SELECT id, email FROM accounts WHERE kind = 'customer' AND site_id = $1 AND locked_by IS NULL ORDER BY email", values![world.northwind])
        .await;
    let customers: Vec<_> = customers.into_iter().take(3 * EACH).collect();
    assert_eq!(customers.len(), 3 * EACH);
    for (number, (account, _)) in customers.iter().enumerate() {
        let name = format!("many{:05}", number / 3 + 1);
        world.sql.run("INSERT INTO service_accounts (id, account_id, connector_id, name, created_at) VALUES ($1, $2, $3, $4, $5)", values![Uuid::from_u128(number as u128 + 1), *account, systems[number % 3].connector, &*name, world.now()]).await;
        systems[number % 3].order(&json!({"do": "set", "name": name, "consent": true}));
    }
    let mut sessions = Vec::new();
    for (account, email) in &customers {
        let person = Person {
            id: model::id::AccountId(*account),
            email: email.clone(),
            site: world.northwind,
        };
        let visit = world.visit_at(person.site);
        let request = SignIn { name: person.email, password: secret(DEMO_PASSWORD), keep: false };
        sessions.push((world.portal.sign_in(&visit, request).await.unwrap(), visit));
    }
    let [hangs, others @ ..] = &mut systems;
    hangs.fault("*", "hang", 9_999);
    let mut changing = JoinSet::new();
    for (signed_in, visit) in sessions {
        changing.spawn(changes(world.portal.clone(), signed_in, visit));
    }
    let each = i64::try_from(EACH).unwrap();
    // The others are done while the one that hangs has not yet said a word.
    until("the others are done", async || {
        let mut all = true;
        for system in others.iter() {
            all &= count!(world, system, "resets.state = 'done'") == each;
        }
        all
    })
    .await;
    assert_eq!(count!(world, hangs, "resets.state = 'done'"), 0);
    assert!(count!(world, hangs, "reset_targets.state = 'applying'") > 0, "it hangs");
    for system in others.iter() {
        assert_eq!(count!(world, system, "reset_targets.attempts = 1"), each);
    }
    // Pages go on.
    let olivia = world.enters("olivia").await;
    for _ in 0..20 {
        world.portal.home(&olivia.actor).await.unwrap();
        world.portal.resets(&olivia.actor, &model::overview::ResetQuery::default()).await.unwrap();
    }
    assert!(count!(world, hangs, "reset_targets.state = 'applying'") > 0, "it still does");
    // Those who waited for it were told that it takes its time, and hear no failure.
    for changed in changing.join_all().await {
        world.is_secret(&changed.unwrap().token);
    }
    // What hangs ends without a word, again and again: it is left alone for a while.
    until("everything is over", async || {
        hangs.order(&json!({"do": "calm"}));
        hangs.fault("*", "hang", 9_999);
        world.work_left().await.2 == 0
    })
    .await;
    assert_eq!(count!(world, hangs, "resets.state = 'needs_attention'"), each);
    let connectors = world.portal.connectors(&olivia.actor, None).await.unwrap().connectors;
    let resting = connectors.iter().filter(|connector| connector.rests_until.is_some());
    assert_eq!(resting.map(|connector| connector.id).collect::<Vec<_>>(), [hangs.connector]);
    assert!(count!(world, hangs, "reset_targets.reason = 'resting'") > 0);
    hangs.order(&json!({"do": "forget"}));
    world.seconds_pass(21);
    world.portal.work_off().await.unwrap();
    assert_eq!(hangs.order(&json!({"do": "calls"}))["calls"], json!([]), "it rests");
    // Once it is back, all is done by itself.
    hangs.calm();
    world.seconds_pass(61);
    world.mails().await;
    assert_eq!(count!(world, hangs, "resets.state = 'done'"), each);
    assert_eq!(hangs.user("many00001")["password"], json!(NEW));
    assert_eq!(world.kept_passwords().await, 0);
}
