//! What a reset does, and what it does not.

use model::{Refusal, refusal::Problem};
use portal::DEMO_PASSWORD;

use crate::{
    sql::values,
    world::{NEW, OTHER, WRONG, World, refusal, stories, wait},
};

stories! {
    it_ends_every_session,
    it_forgets_every_device,
    it_signs_nobody_in,
    it_opens_every_lock,
    it_forgets_failures_and_their_delays,
    it_ends_what_was_temporary,
    it_mails_a_notice_with_a_way_to_object,
    it_is_recorded_as_a_pair,
    a_policy_may_keep_a_history,
    without_a_policy_no_history_is_kept,
    from_the_decision_on_there_is_only_forward,
    a_newer_reset_overtakes_one_that_was_held_up,
    a_session_of_the_interval_ends_too,
}

async fn it_ends_every_session(world: &mut World) {
    let sessions = [world.enters("casey").await, world.enters("casey").await];
    let drew = world.enters("drew").await;
    let link = world.mailed_link(&sessions[0].person).await;
    for session in &sessions {
        assert!(world.holds(session).await);
    }
    world.uses(&link, NEW).await.unwrap();
    for session in &sessions {
        assert!(!world.holds(session).await);
    }
    assert!(world.holds(&drew).await);
    world.mails().await;
}

async fn it_forgets_every_device(world: &mut World) {
    let casey = world.enters("casey").await;
    world.resets(&casey.person, NEW).await;
    for _ in 0..5 {
        world.sign_in(&world.visit_from_anywhere(), "casey", WRONG).await.unwrap_err();
    }
    wait(world.sign_in(&casey.known_visit(), "casey", NEW).await);
    world.mails().await;
}

async fn it_signs_nobody_in(world: &mut World) {
    let casey = world.person("casey").await;
    world.resets(&casey, NEW).await;
    world.mails().await;
    assert_eq!(world.sql.one::<i64>("SELECT COUNT(*) FROM sessions", []).await, 0);
    assert_eq!(world.sql.one::<i64>("SELECT COUNT(*) FROM devices", []).await, 0);
    assert_eq!(world.count_recorded(&casey, "signed_in").await, 0);
}

async fn it_opens_every_lock(world: &mut World) {
    let casey = world.person("casey").await;
    let mut passwords = [NEW, OTHER, DEMO_PASSWORD].into_iter();
    for lock in ["staff", "dispute", "failures"] {
        let sql = "UPDATE accounts SET locked_by = $2, locked_until = $3 WHERE id = $1";
        world.sql.run(sql, values![casey.id, lock, world.now()]).await;
        let password = passwords.next().unwrap();
        world.resets(&casey, password).await;
        assert!(world.lets_in(&casey, password).await, "{lock}");
        let locked: (Option<String>, Option<i64>) = world
            .sql
            .rows("SELECT locked_by, locked_until FROM accounts WHERE id = $1", values![casey.id])
            .await
            .remove(0);
        assert_eq!(locked, (None, None));
        world.hours_pass(1);
    }
    world.mails().await;
}

async fn it_forgets_failures_and_their_delays(world: &mut World) {
    let casey = world.person("casey").await;
    for _ in 0..10 {
        let result = world.sign_in(&world.visit_from_anywhere(), "casey", WRONG).await;
        assert_eq!(refusal(result), Refusal::SignInFailed);
        world.seconds_pass(10);
    }
    wait(world.sign_in(&world.visit_from_anywhere(), "casey", DEMO_PASSWORD).await);
    let link = world.mailed_link_among(&casey).await;
    // Not the request: it would empty the lock for anybody.
    wait(world.sign_in(&world.visit_from_anywhere(), "casey", DEMO_PASSWORD).await);
    world.uses(&link, NEW).await.unwrap();
    assert!(world.lets_in(&casey, NEW).await);
    for _ in 0..4 {
        assert!(!world.lets_in(&casey, WRONG).await);
    }
    world.mails().await;
}

async fn it_ends_what_was_temporary(world: &mut World) {
    let casey = world.person("casey").await;
    let sql =
        "UPDATE accounts SET password_expires_at = $2, must_change_password = TRUE WHERE id = $1";
    world.sql.run(sql, values![casey.id, world.now()]).await;
    world.resets(&casey, NEW).await;
    let row: (Option<i64>, bool, Option<i64>) = world
        .sql
        .rows(
            "SELECT password_expires_at, must_change_password, password_changed_at FROM accounts WHERE id = $1",
            values![casey.id],
        )
        .await
        .remove(0);
    assert_eq!(row, (None, false, Some(world.now().0)));
    assert!(world.lets_in(&casey, NEW).await);
    world.mails().await;
}

async fn it_mails_a_notice_with_a_way_to_object(world: &mut World) {
    let casey = world.person("casey").await;
    world.resets(&casey, NEW).await;
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (&mails[0].to, mails[0].subject.as_str()),
        (&casey.email, "Your password was changed")
    );
    let link = world.link_in(&mails[0]);
    world.days_pass(6);
    world.opens(&link).await.unwrap();
    world.days_pass(1);
    assert_eq!(refusal(world.opens(&link).await), Refusal::LinkUnusable);
}

async fn it_is_recorded_as_a_pair(world: &mut World) {
    let casey = world.person("casey").await;
    world.resets(&casey, NEW).await;
    assert_eq!(
        world.recorded(&casey).await,
        ["reset_link_sent done", "reset_started begun", "reset_done done"]
    );
    let about: Vec<(String, i64)> = world
        .sql
        .rows(
            "SELECT actor_kind, COUNT(*) FROM audit_entries WHERE reset_id = (SELECT id FROM resets) GROUP BY actor_kind ORDER BY actor_kind",
            [],
        )
        .await;
    assert_eq!(about, [("link_holder".into(), 2), ("visitor".into(), 1)]);
    let kept: Vec<(Option<String>, Option<Vec<u8>>)> =
        world.sql.rows("SELECT new_hash, sealed_context FROM resets", []).await;
    assert_eq!(kept, [(None, None)]);
    world.mails().await;
}

async fn a_policy_may_keep_a_history(world: &mut World) {
    let casey = world.person("casey").await;
    world.sets_rule("Northwind Backup", "password_history", Some(2), None).await;
    let passwords = [NEW, OTHER, "first of May, by the sea", "second of May, uphill"];
    for password in passwords {
        world.is_secret(&crate::world::secret(password));
        world.resets(&casey, password).await;
        world.hours_pass(1);
    }
    // In use, the one before, and the one before that.
    for password in &passwords[1..] {
        let link = world.mailed_link(&casey).await;
        let result = world.uses(&link, password).await;
        assert_eq!(
            refusal(result),
            Refusal::field("new", Problem::PasswordUsedBefore),
            "{password}"
        );
        world.hours_pass(1);
    }
    let kept: i64 = world
        .sql
        .one("SELECT COUNT(*) FROM password_history WHERE account_id = $1", values![casey.id])
        .await;
    assert_eq!(kept, 2);
    // One's own change asks the same.
    let entered = world.enters_with("casey", passwords[3]).await;
    let result = world.change_password(&entered, passwords[3], passwords[2]).await;
    assert_eq!(refusal(result), Refusal::field("new", Problem::PasswordUsedBefore));
    world.change_password(&entered, passwords[3], NEW).await.unwrap();
    world.mails().await;
}

async fn without_a_policy_no_history_is_kept(world: &mut World) {
    let casey = world.person("casey").await;
    for password in [NEW, OTHER, NEW, OTHER] {
        world.resets(&casey, password).await;
        world.hours_pass(1);
    }
    let kept: i64 = world.sql.one("SELECT COUNT(*) FROM password_history", []).await;
    assert_eq!(kept, 0);
    world.mails().await;
}

async fn from_the_decision_on_there_is_only_forward(world: &mut World) {
    let casey = world.person("casey").await;
    let link = world.mailed_link(&casey).await;
    let entered = world.enters("casey").await;
    // The password cannot be written just now.
    world.disk_is_full_for("accounts").await;
    world.uses(&link, NEW).await.unwrap();
    assert_eq!(world.reset_states(&casey).await, ["applying"]);
    assert!(!world.holds(&entered).await);
    assert!(world.portal.work_off().await.is_ok());
    world.disk_has_room_again("accounts").await;
    // Nobody else takes it over while it may still be in work.
    world.seconds_pass(10);
    world.portal.work_off().await.unwrap();
    assert_eq!(world.reset_states(&casey).await, ["applying"]);
    assert!(world.lets_in(&casey, DEMO_PASSWORD).await);
    world.seconds_pass(1);
    world.portal.work_off().await.unwrap();
    assert_eq!(world.reset_states(&casey).await, ["done"]);
    assert!(world.lets_in(&casey, NEW).await);
    assert_eq!(world.count_recorded(&casey, "reset_started").await, 1);
    assert_eq!(world.count_recorded(&casey, "reset_done").await, 1);
    world.notice_for(&casey).await;

    // The same for one's own change, and from the command line.
    let entered = world.enters_with("casey", NEW).await;
    world.disk_is_full_for("accounts").await;
    let changed = world.change_password(&entered, NEW, OTHER).await.unwrap();
    let staff = world.portal.reset_staff_password("olivia@northwind.example", None).await.unwrap();
    world.disk_has_room_again("accounts").await;
    assert!(world.portal.actor(&entered.visit, &changed.token).await.unwrap().is_some());
    world.seconds_pass(11);
    world.portal.work_off().await.unwrap();
    assert!(world.lets_in(&casey, OTHER).await);
    assert!(world.lets_in(&world.person("olivia").await, staff.reveal()).await);
    assert!(world.portal.actor(&entered.visit, &changed.token).await.unwrap().is_some());
    world.mails().await;
}

async fn a_newer_reset_overtakes_one_that_was_held_up(world: &mut World) {
    let casey = world.person("casey").await;
    let link = world.mailed_link(&casey).await;
    world.disk_is_full_for("accounts").await;
    world.uses(&link, NEW).await.unwrap();
    world.disk_has_room_again("accounts").await;
    assert_eq!(world.reset_states(&casey).await, ["applying"]);
    world.resets(&casey, OTHER).await;
    assert!(world.lets_in(&casey, OTHER).await);
    world.seconds_pass(11);
    world.portal.work_off().await.unwrap();
    assert_eq!(world.reset_states(&casey).await, ["cancelled", "done"]);
    assert!(world.lets_in(&casey, OTHER).await);
    assert_eq!(
        world
            .recorded(&casey)
            .await
            .iter()
            .filter(|line| line.starts_with("reset_"))
            .collect::<Vec<_>>(),
        [
            "reset_link_sent done",
            "reset_started begun",
            "reset_link_sent done",
            "reset_started begun",
            "reset_done done",
            "reset_refused refused"
        ]
    );
    let targets: Vec<String> = world
        .sql
        .column("SELECT reset_targets.state FROM reset_targets JOIN resets ON resets.id = reset_id ORDER BY sequence", [])
        .await;
    assert_eq!(targets, ["not_sent", "applied"]);
    world.mails().await;
}

async fn a_session_of_the_interval_ends_too(world: &mut World) {
    let casey = world.person("casey").await;
    let link = world.mailed_link(&casey).await;
    world.disk_is_full_for("accounts").await;
    world.uses(&link, NEW).await.unwrap();
    world.disk_has_room_again("accounts").await;
    // The old password still works here, for somebody quick.
    let quick = world.enters("casey").await;
    world.seconds_pass(11);
    world.portal.work_off().await.unwrap();
    assert!(!world.holds(&quick).await);
    world.mails().await;
}
