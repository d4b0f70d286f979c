//! Signing in.

use std::{pin::Pin, time::Duration};

use model::{
    Refusal,
    account::AccountKind,
    refusal::{FieldProblem, Problem},
};
use portal::{
    DEMO_PASSWORD, Error, SignIn, Visit, clock::Randomness, config::Hashing, password::Hasher,
};

use crate::{
    sql::values,
    world::{NEW, Person, START, WRONG, World, assert_busy, refusal, secret, stories, wait},
};

stories! {
    by_email_or_by_user_name,
    staff_and_customers_are_told_apart,
    other_spellings_of_a_name_are_the_same_name,
    other_spellings_of_a_password_are_the_same_password,
    every_failure_is_the_same_refusal,
    what_is_missing_is_said,
    a_temporary_password_works_until_its_time,
    attempts_slow_down_then_lock_then_open_by_themselves,
    a_lock_is_told_to_the_owner_once,
    both_sign_in_names_feed_one_counter,
    unknown_names_are_answered_like_known_ones,
    a_hundred_failures_lock_until_a_reset,
    success_forgets_failures,
    a_known_device_is_not_shut_out_by_a_flood,
    a_known_device_has_its_own_delays,
    a_device_is_known_for_its_own_account_only,
    sixty_attempts_in_five_minutes_from_one_prefix,
    attempts_at_once_are_all_counted,
    a_hash_of_yesterdays_cost_is_made_anew,
    a_policy_may_lock_sooner_and_longer,
    too_many_at_once_are_told_to_come_back,
    a_server_too_busy_to_look_holds_nothing_against_anybody,
    who_leaves_neither_frees_a_place_nor_keeps_one,
    every_attempt_is_recorded,
    a_clock_that_was_ahead_locks_nobody_for_long,
}

async fn by_email_or_by_user_name(world: &mut World) {
    for name in ["casey@acme.example", "casey"] {
        let visit = world.visit();
        let signed_in = world.sign_in(&visit, name, DEMO_PASSWORD).await.unwrap();
        assert_eq!(signed_in.max_age, None);
        let actor = world.portal.actor(&visit, &signed_in.token).await.unwrap().unwrap();
        assert_eq!(actor.account, world.person("casey").await.id);
        assert_eq!(actor.name.as_str(), "Casey Thornton");
        assert_eq!(actor.site, world.northwind);
        let me = world.portal.me(&actor).await.unwrap();
        assert_eq!(
            (me.name.as_str(), me.organization.as_str()),
            ("Casey Thornton", "Northwind Backup")
        );
    }
}

async fn staff_and_customers_are_told_apart(world: &mut World) {
    let kept = world.sign_in_and_keep(&world.visit(), "casey", DEMO_PASSWORD, true).await.unwrap();
    assert_eq!(kept.kind, AccountKind::Customer);
    assert_eq!(kept.max_age, Some(Duration::from_secs(14 * 86_400)));
    // Staff are never kept signed in.
    let email = "olivia@northwind.example";
    let staff = world.sign_in_and_keep(&world.visit(), email, DEMO_PASSWORD, true).await.unwrap();
    assert_eq!((staff.kind, staff.max_age), (AccountKind::Staff, None));
}

async fn other_spellings_of_a_name_are_the_same_name(world: &mut World) {
    for name in [" Casey@ACME.Example ", "CASEY", "ｃａｓｅｙ", "ⓒasey@acme.example", "casey\t"]
    {
        world.sign_in(&world.visit(), name, DEMO_PASSWORD).await.expect(name);
    }
}

async fn other_spellings_of_a_password_are_the_same_password(world: &mut World) {
    let casey = world.person("casey").await;
    let composed = "f\u{fc}nf gro\u{df}e M\u{f6}wen";
    let decomposed = "fu\u{308}nf gro\u{df}e Mo\u{308}wen";
    assert_ne!(composed, decomposed);
    world.resets(&casey, decomposed).await;
    assert!(world.lets_in(&casey, composed).await);
    assert!(world.lets_in(&casey, decomposed).await);
    assert!(!world.lets_in(&casey, "F\u{fc}nf gro\u{df}e M\u{f6}wen").await);
    world.mails().await;
}

async fn every_failure_is_the_same_refusal(world: &mut World) {
    let [drew, casey] = [world.person("drew").await, world.person("casey").await];
    let contoso_customer = world.customer_of("Contoso Cloud").await;
    let fjord_customer = world.customer_of("Fjord IT").await;
    world.suspends(&drew).await;
    let no_password = world.person("ada").await;
    let sql = "UPDATE accounts SET password_hash = NULL WHERE id = $1";
    world.sql.run(sql, values![no_password.id]).await;

    let long_password = "x".repeat(1_025);
    let longest_password = "ü".repeat(512);
    let enormous_name = "a".repeat(1 << 20);
    for (name, password) in [
        (casey.email.as_str(), WRONG),
        ("casey", WRONG),
        ("casey", long_password.as_str()),
        ("casey", longest_password.as_str()),
        ("nobody@acme.example", DEMO_PASSWORD),
        ("nobody", DEMO_PASSWORD),
        ("not a name at all", DEMO_PASSWORD),
        ("casey@acme.example\0", DEMO_PASSWORD),
        (enormous_name.as_str(), DEMO_PASSWORD),
        // Locked by staff.
        ("lou@lakeside.example", DEMO_PASSWORD),
        // Suspended.
        (drew.email.as_str(), DEMO_PASSWORD),
        // Another site's.
        (contoso_customer.email.as_str(), DEMO_PASSWORD),
        ("carla@contoso.example", DEMO_PASSWORD),
        // Has no password yet.
        (no_password.email.as_str(), DEMO_PASSWORD),
    ] {
        let result = world.sign_in(&world.visit_from_anywhere(), name, password).await;
        let name = &name[..name.len().min(40)];
        assert_eq!(refusal(result), Refusal::SignInFailed, "{name}");
    }
    let at_contoso = world.visit_at(world.contoso);
    let result = world.sign_in(&at_contoso, &casey.email, DEMO_PASSWORD).await;
    assert_eq!(refusal(result), Refusal::SignInFailed);

    // An organization, and one above it.
    assert!(world.lets_in(&fjord_customer, DEMO_PASSWORD).await);
    world.suspends_organization("Northwind Backup").await;
    for person in [&casey, &fjord_customer] {
        assert!(!world.lets_in(person, DEMO_PASSWORD).await);
    }
    assert!(world.lets_in(&contoso_customer, DEMO_PASSWORD).await);
}

async fn what_is_missing_is_said(world: &mut World) {
    let missing = |field: &str| FieldProblem { field: field.into(), problem: Problem::Required };
    for (name, password, problems) in [
        ("", "", vec![missing("name"), missing("password")]),
        (" \t", "x", vec![missing("name")]),
        ("casey", "", vec![missing("password")]),
    ] {
        let result = world.sign_in(&world.visit(), name, password).await;
        assert_eq!(refusal(result), Refusal::Fields(problems));
    }
}

async fn a_temporary_password_works_until_its_time(world: &mut World) {
    let casey = world.person("casey").await;
    let until = world.now().plus(Duration::from_secs(86_400));
    let sql = "UPDATE accounts SET password_expires_at = $2 WHERE id = $1";
    world.sql.run(sql, values![casey.id, until]).await;
    world.seconds_pass(86_399);
    assert!(world.lets_in(&casey, DEMO_PASSWORD).await);
    world.seconds_pass(1);
    assert!(!world.lets_in(&casey, DEMO_PASSWORD).await);
}

/// Fails once; how long the next attempt has to wait.
async fn fails(world: &World, name: &str) -> u32 {
    let result = world.sign_in(&world.visit_from_anywhere(), name, WRONG).await;
    assert_eq!(refusal(result), Refusal::SignInFailed);
    match world.sign_in(&world.visit_from_anywhere(), name, "").await {
        Err(Error::Refused(Refusal::Fields(_))) => {}
        other => panic!("{other:?}"),
    }
    let open_at: Vec<i64> = world
        .sql
        .column("SELECT open_at FROM sign_in_counters WHERE open_at > $1", values![world.now()])
        .await;
    match open_at.as_slice() {
        [] => 0,
        // Nobody passes before, not even with the right password.
        [_] => wait(world.sign_in(&world.visit_from_anywhere(), name, DEMO_PASSWORD).await),
        more => panic!("{more:?}"),
    }
}

async fn attempts_slow_down_then_lock_then_open_by_themselves(world: &mut World) {
    let casey = world.person("casey").await;
    let mut waits = Vec::new();
    for _ in 0..10 {
        let seconds = fails(world, "casey").await;
        waits.push(seconds);
        world.seconds_pass(u64::from(seconds).min(899));
    }
    assert_eq!(waits, [0, 0, 0, 0, 1, 3, 5, 10, 10, 900]);
    let locked: (Option<String>, Option<i64>) = world
        .sql
        .rows("SELECT locked_by, locked_until FROM accounts WHERE id = $1", values![casey.id])
        .await
        .remove(0);
    let opens = world.now().plus(Duration::from_secs(1));
    assert_eq!(locked, (Some("failures".into()), Some(opens.0)));
    // One second too early.
    assert_eq!(wait(world.sign_in(&world.visit(), "casey", DEMO_PASSWORD).await), 1);
    world.seconds_pass(1);
    world.sign_in(&world.visit(), "casey", DEMO_PASSWORD).await.unwrap();
    let locked: Option<String> =
        world.sql.one("SELECT locked_by FROM accounts WHERE id = $1", values![casey.id]).await;
    assert_eq!(locked, None);
    assert_eq!(fails(world, "casey").await, 0);
    world.mails().await;
}

async fn a_lock_is_told_to_the_owner_once(world: &mut World) {
    let casey = world.person("casey").await;
    for _ in 0..10 {
        let seconds = fails(world, "casey").await;
        world.seconds_pass(seconds.into());
    }
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, casey.email);
    assert!(mails[0].says("15 minutes"), "{}", mails[0].text);
    assert!(mails[0].text.contains("https://portal.northwind.example/forgot\n"));
    assert_eq!(world.count_recorded(&casey, "locked").await, 1);

    // Each further failure locks again, but is no news; the account says until when.
    for _ in 0..3 {
        assert_eq!(fails(world, "casey").await, 900);
        let until: Option<i64> = world
            .sql
            .one("SELECT locked_until FROM accounts WHERE id = $1", values![casey.id])
            .await;
        assert_eq!(until, Some(world.now().plus(Duration::from_secs(900)).0));
        world.seconds_pass(900);
    }
    assert_eq!(world.new_mails().await.len(), 0);
    assert_eq!(world.count_recorded(&casey, "locked").await, 1);
}

async fn both_sign_in_names_feed_one_counter(world: &mut World) {
    for name in ["casey", "casey@acme.example", "CASEY", "Casey@Acme.Example"] {
        assert_eq!(fails(world, name).await, 0);
    }
    assert_eq!(fails(world, "casey").await, 1);
    assert_eq!(wait(world.sign_in(&world.visit(), "casey@acme.example", DEMO_PASSWORD).await), 1);
}

async fn unknown_names_are_answered_like_known_ones(world: &mut World) {
    let mut told = Vec::new();
    for name in ["casey", "casey@acme.example", "nobody", "nobody@acme.example"] {
        // Only one counter at a time is looked at.
        world.sql.run("DELETE FROM sign_in_counters", []).await;
        let mut waits = Vec::new();
        for _ in 0..12 {
            let seconds = fails(world, name).await;
            world.seconds_pass(seconds.into());
            waits.push(seconds);
        }
        told.push(waits);
    }
    assert!(told.iter().all(|waits| *waits == told[0]), "{told:?}");
    // What was typed as a name may have been a password.
    let counters: Vec<String> = world.sql.column("SELECT name FROM sign_in_counters", []).await;
    assert!(counters.iter().all(|name| !name.contains("nobody")), "{counters:?}");
    world.mails().await;
}

async fn a_hundred_failures_lock_until_a_reset(world: &mut World) {
    let casey = world.person("casey").await;
    for _ in 0..99 {
        let result = world.sign_in(&world.visit_from_anywhere(), "casey", WRONG).await;
        assert_eq!(refusal(result), Refusal::SignInFailed);
        world.minutes_pass(15);
    }
    // The last chance.
    let result = world.sign_in(&world.visit(), "casey", WRONG).await;
    assert_eq!(refusal(result), Refusal::SignInFailed);
    for _ in 0..3 {
        world.days_pass(1_000);
        world.portal.tidy().await.unwrap();
        wait(world.sign_in(&world.visit(), "casey", DEMO_PASSWORD).await);
    }
    // Told twice: at the first lock, and at the last one.
    assert_eq!(world.count_recorded(&casey, "locked").await, 2);
    world.resets(&casey, NEW).await;
    assert!(world.lets_in(&casey, NEW).await);
    world.mails().await;
}

async fn success_forgets_failures(world: &mut World) {
    for _ in 0..3 {
        for _ in 0..4 {
            assert_eq!(fails(world, "casey").await, 0);
        }
        world.sign_in(&world.visit(), "casey", DEMO_PASSWORD).await.unwrap();
    }
}

async fn a_known_device_is_not_shut_out_by_a_flood(world: &mut World) {
    let casey = world.enters("casey").await;
    for _ in 0..20 {
        let result = world.sign_in(&world.visit_from_anywhere(), "casey", WRONG).await;
        refusal(result);
    }
    wait(world.sign_in(&world.visit_from_anywhere(), "casey", DEMO_PASSWORD).await);
    let again = world.sign_in(&casey.known_visit(), "casey", DEMO_PASSWORD).await.unwrap();
    // The device has a new token, and the old one is nobody's.
    wait(world.sign_in(&casey.known_visit(), "casey", DEMO_PASSWORD).await);
    let visit = Visit { device: again.device, ..casey.visit.clone() };
    world.sign_in(&visit, "casey@acme.example", DEMO_PASSWORD).await.unwrap();
    // The flood is still held off.
    wait(world.sign_in(&world.visit_from_anywhere(), "casey", DEMO_PASSWORD).await);
    world.mails().await;
}

async fn a_known_device_has_its_own_delays(world: &mut World) {
    let casey = world.enters("casey").await;
    for _ in 0..5 {
        let result = world.sign_in(&casey.known_visit(), "casey", WRONG).await;
        assert_eq!(refusal(result), Refusal::SignInFailed);
    }
    assert_eq!(wait(world.sign_in(&casey.known_visit(), "casey", DEMO_PASSWORD).await), 1);
    // Others are not slowed down by it.
    assert!(world.lets_in(&casey.person, DEMO_PASSWORD).await);
    for seconds in [1, 3, 5, 10, 10] {
        world.seconds_pass(seconds);
        let result = world.sign_in(&casey.known_visit(), "casey", WRONG).await;
        assert_eq!(refusal(result), Refusal::SignInFailed);
    }
    assert_eq!(wait(world.sign_in(&casey.known_visit(), "casey", DEMO_PASSWORD).await), 900);
    assert!(world.lets_in(&casey.person, DEMO_PASSWORD).await);
    assert_eq!(world.count_recorded(&casey.person, "locked").await, 0);
}

async fn a_device_is_known_for_its_own_account_only(world: &mut World) {
    let drew = world.enters("drew").await;
    for _ in 0..5 {
        assert_eq!(
            refusal(world.sign_in(&drew.known_visit(), "casey", WRONG).await),
            Refusal::SignInFailed
        );
    }
    assert_eq!(wait(world.sign_in(&world.visit(), "casey", DEMO_PASSWORD).await), 1);
    // After a year it is unknown again.
    world.days_pass(365);
    for _ in 0..5 {
        refusal(world.sign_in(&drew.known_visit(), &drew.person.email, WRONG).await);
    }
    assert_eq!(wait(world.sign_in(&world.visit(), &drew.person.email, DEMO_PASSWORD).await), 1);
}

async fn sixty_attempts_in_five_minutes_from_one_prefix(world: &mut World) {
    for number in 0..60 {
        let visit = world.visit_from(&format!("198.51.100.{number}"));
        let result = world.sign_in(&visit, &format!("nobody-{number}"), WRONG).await;
        assert_eq!(refusal(result), Refusal::SignInFailed);
    }
    let neighbour = world.visit_from("198.51.100.200");
    assert_eq!(wait(world.sign_in(&neighbour, "casey", DEMO_PASSWORD).await), 5);
    world.sign_in(&world.visit_from("198.51.101.1"), "casey", DEMO_PASSWORD).await.unwrap();
    world.seconds_pass(5);
    world.sign_in(&neighbour, "casey", DEMO_PASSWORD).await.unwrap();
    assert_eq!(wait(world.sign_in(&neighbour, "casey", DEMO_PASSWORD).await), 5);
    // What was held off is no failure of anybody's.
    assert!(world.lets_in(&world.person("casey").await, DEMO_PASSWORD).await);

    for number in 0..60 {
        let visit = world.visit_from(&format!("2001:db8:1:{number:x}::1"));
        refusal(world.sign_in(&visit, &format!("none-{number}"), WRONG).await);
    }
    wait(world.sign_in(&world.visit_from("2001:db8:1:ffff::2"), "casey", DEMO_PASSWORD).await);
    world.sign_in(&world.visit_from("2001:db8:2::2"), "casey", DEMO_PASSWORD).await.unwrap();
}

async fn attempts_at_once_are_all_counted(world: &mut World) {
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (portal, visit) = (world.portal.clone(), world.visit_from_anywhere());
        attempts.spawn(async move {
            let request = SignIn { name: "casey".into(), password: secret(WRONG), keep: false };
            refusal(portal.sign_in(&visit, request).await)
        });
    }
    let answers = attempts.join_all().await;
    let compared = answers.iter().filter(|answer| **answer == Refusal::SignInFailed).count();
    let waited = answers.iter().filter(|answer| **answer == Refusal::Wait { seconds: 1 }).count();
    assert_eq!((compared, waited), (5, 7));
}

async fn a_hash_of_yesterdays_cost_is_made_anew(world: &mut World) {
    let casey = world.person("casey").await;
    let before = world.hash_of(&casey).await.unwrap();
    assert!(before.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{before}");
    // The cost that is used when nothing is set.
    world.restart(|settings| settings.hashing = Hashing::default()).await;
    assert!(!world.lets_in(&casey, WRONG).await);
    assert_eq!(world.hash_of(&casey).await.unwrap(), before);
    assert!(world.lets_in(&casey, DEMO_PASSWORD).await);
    let after = world.hash_of(&casey).await.unwrap();
    assert!(after.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{after}");
    assert!(world.lets_in(&casey, DEMO_PASSWORD).await);
    assert_eq!(world.hash_of(&casey).await.unwrap(), after);
}

async fn a_policy_may_lock_sooner_and_longer(world: &mut World) {
    world.sets_rule("Northwind Backup", "failures_before_lock", Some(5), None).await;
    world.sets_rule("Northwind Backup", "lock_minutes", Some(60), None).await;
    for _ in 0..4 {
        assert_eq!(fails(world, "casey").await, 0);
    }
    assert_eq!(fails(world, "casey").await, 3_600);
    let mails = world.new_mails().await;
    assert!(mails[0].says("1 hour"), "{}", mails[0].text);
}

fn heavy() -> Hashing {
    Hashing { memory_kib: 64 * 1_024, iterations: 4, lanes: 1, queue: 1, permits: 1 }
}

async fn too_many_at_once_are_told_to_come_back(world: &mut World) {
    world.restart(|settings| settings.hashing = heavy()).await;
    let people: Vec<Person> = vec![world.person("casey").await, world.person("drew").await];
    let mut attempts = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (portal, visit) = (world.portal.clone(), world.visit_from_anywhere());
        let name = format!("nobody-{number}");
        attempts.spawn(async move {
            let request = SignIn { name, password: secret(WRONG), keep: false };
            portal.sign_in(&visit, request).await
        });
    }
    let answers = attempts.join_all().await;
    let (mut compared, mut busy) = (0, 0);
    for answer in answers {
        match answer {
            Err(Error::Refused(Refusal::SignInFailed)) => compared += 1,
            other => {
                assert_busy(other);
                busy += 1;
            }
        }
    }
    assert!(compared >= 2 && busy >= 1, "{compared} were compared, {busy} were sent away");
    for person in &people {
        assert!(world.lets_in(person, DEMO_PASSWORD).await);
    }
}

async fn a_server_too_busy_to_look_holds_nothing_against_anybody(world: &mut World) {
    let casey = world.enters("casey").await;
    world.restart(|settings| settings.hashing = heavy()).await;
    let failures = async |world: &World| -> i64 {
        let sum = "SELECT CAST(COALESCE(SUM(failures), 0) AS BIGINT) FROM sign_in_counters WHERE name NOT LIKE 'name:%'";
        world.sql.one(sum, []).await
    };
    assert_eq!(failures(world).await, 0);
    // Strangers take all the room there is, again and again; Casey tries both ways to be let on.
    let (mut sent_away, mut came, mut strangers) = (0, 0, tokio::task::JoinSet::new());
    while sent_away < 12 {
        while strangers.len() < 4 {
            let (portal, visit) = (world.portal.clone(), world.visit_from_anywhere());
            came += 1;
            let name = format!("nobody-{came}");
            strangers.spawn(async move {
                let request = SignIn { name, password: secret(WRONG), keep: false };
                _ = portal.sign_in(&visit, request).await;
            });
        }
        let visit = world.visit_from_anywhere();
        let answers = [
            world.sign_in(&visit, "casey", DEMO_PASSWORD).await.err(),
            world.portal.step_up(&casey.actor, &secret(DEMO_PASSWORD), &secret("")).await.err(),
        ];
        for error in answers.into_iter().flatten() {
            assert_busy::<()>(Err(error));
            sent_away += 1;
        }
        while strangers.try_join_next().is_some() {}
    }
    strangers.join_all().await;
    assert_eq!(failures(world).await, 0, "after being sent away {sent_away} times");
    assert!(world.lets_in(&casey.person, DEMO_PASSWORD).await);
}

async fn who_leaves_neither_frees_a_place_nor_keeps_one(_: &mut World) {
    let hasher = Hasher::new(&heavy(), Randomness::seeded(1)).unwrap();
    let password = secret("some password");
    for _ in 0..3 {
        let mut running = Box::pin(hasher.hash(&password));
        begin(&mut running).await;
        let mut waiting = Box::pin(hasher.hash(&password));
        begin(&mut waiting).await;
        assert_busy(hasher.hash(&password).await);
        // The client is gone; the work goes on, and so the place is still taken.
        drop(running);
        assert_busy(hasher.hash(&password).await);
        // The one who waits is next.
        waiting.await.unwrap();
    }
    // One who leaves while waiting makes room at once.
    let mut running = Box::pin(hasher.hash(&password));
    begin(&mut running).await;
    for _ in 0..3 {
        let mut waiting = Box::pin(hasher.hash(&password));
        begin(&mut waiting).await;
        drop(waiting);
    }
    let (one, two) = tokio::join!(running, hasher.hash(&password));
    one.unwrap();
    two.unwrap();
}

/// Gets something going without waiting for its end.
async fn begin<T>(work: &mut Pin<Box<impl Future<Output = T>>>) {
    tokio::select! {
        biased;
        _ = work => panic!("it ended at once"),
        () = std::future::ready(()) => {}
    }
}

async fn every_attempt_is_recorded(world: &mut World) {
    let casey = world.person("casey").await;
    world.sign_in(&world.visit(), "casey", WRONG).await.unwrap_err();
    world.sign_in(&world.visit(), "casey", DEMO_PASSWORD).await.unwrap();
    world.sign_in(&world.visit(), "nobody", WRONG).await.unwrap_err();
    assert_eq!(world.recorded(&casey).await, ["sign_in_refused refused", "signed_in done"]);
    let refused: Vec<(String, String)> = world
        .sql
        .rows(
            "SELECT actor_kind, request_id FROM audit_entries WHERE kind = 'sign_in_refused' AND subject_id IS NULL AND actor_id IS NULL",
            [],
        )
        .await;
    assert_eq!(refused, [("visitor".into(), "request-2".into())]);
}

async fn a_clock_that_was_ahead_locks_nobody_for_long(world: &mut World) {
    let casey = world.person("casey").await;
    world.days_pass(365);
    for _ in 0..10 {
        let result = world.sign_in(&world.visit_from_anywhere(), "casey", WRONG).await;
        assert_eq!(refusal(result), Refusal::SignInFailed);
        world.seconds_pass(10);
    }
    // The clock is set right.
    world.clock.set(START);
    let result = world.sign_in(&world.visit_from_anywhere(), "casey", DEMO_PASSWORD).await;
    assert_eq!(wait(result), 900);
    world.minutes_pass(15);
    assert!(world.lets_in(&casey, DEMO_PASSWORD).await);
    world.days_pass(365);
    world.mails().await;
}
