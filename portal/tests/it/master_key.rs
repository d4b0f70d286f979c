//! The master key: made once, and never taken for another one.

use std::{path::Path, time::Duration};

use portal::{Portal, config::Settings};

use crate::{
    sql::{Sql, Value},
    world::{World, stories, until},
};

stories! {
    it_is_made_on_first_start,
    a_missing_one_is_not_made_anew,
    another_one_is_refused,
    a_damaged_one_is_refused,
    ;
    postgres:
    two_nodes_that_start_with_two_keys_at_once,
}

async fn start(world: &mut World, settings: &Settings) -> anyhow::Result<Portal> {
    let random = world.more_randomness();
    Portal::open_with(settings, world.clock.clone(), random).await
}

/// Refused, with a message that names the file.
async fn refused(world: &mut World, says: &str) {
    world.portal.close().await;
    let settings = world.settings.clone();
    let error = start(world, &settings).await.expect_err("refused");
    let error = format!("{error:#}");
    assert!(error.contains(says), "{error}");
    assert!(error.contains(&settings.master_key_file.display().to_string()), "{error}");
}

async fn it_is_made_on_first_start(world: &mut World) {
    use std::os::unix::fs::PermissionsExt;
    let settings = world.empty_database().await;
    let portal = start(world, &settings).await.unwrap();
    portal.close().await;
    let file = settings.master_key_file.metadata().unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&settings.master_key_file).unwrap();
    let again = start(world, &settings).await.unwrap();
    again.close().await;
    assert_eq!(std::fs::read_to_string(&settings.master_key_file).unwrap(), text);
}

async fn a_missing_one_is_not_made_anew(world: &mut World) {
    let file = world.settings.master_key_file.clone();
    let kept = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    refused(world, "is missing: this database was begun with one; put your copy of it there").await;
    assert!(!file.exists());
    std::fs::write(&file, kept).unwrap();
    world.restart(|_| {}).await;
    assert!(world.lets_in(&world.person("casey").await, portal::DEMO_PASSWORD).await);
}

async fn another_one_is_refused(world: &mut World) {
    let other = "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg";
    let kept = replace(&world.settings.master_key_file, other);
    refused(world, "is not the one this database was begun with").await;
    replace(&world.settings.master_key_file, &kept);
    world.restart(|_| {}).await;
}

async fn a_damaged_one_is_refused(world: &mut World) {
    for damaged in ["", "short", "ä", &"A".repeat(44), &"A".repeat(1_000)] {
        let kept = replace(&world.settings.master_key_file, damaged);
        refused(world, "is damaged: it should hold 43 letters").await;
        replace(&world.settings.master_key_file, &kept);
        world.restart(|_| {}).await;
    }
    // White space around it is nobody's fault.
    let kept = replace(&world.settings.master_key_file, "");
    replace(&world.settings.master_key_file, &format!("{kept}\r\n"));
    world.restart(|_| {}).await;
}

fn replace(file: &Path, text: &str) -> String {
    let before = std::fs::read_to_string(file).unwrap();
    std::fs::write(file, text).unwrap();
    before
}

async fn two_nodes_that_start_with_two_keys_at_once(world: &mut World) {
    let settings = world.empty_database().await;
    Portal::migrate(&settings).await.unwrap();
    let sql = Sql::of(&settings.database);
    // The first node is about to commit its mark.
    let mark: Vec<u8> = world.sql.one("SELECT value FROM meta WHERE name = 'master_key'", []).await;
    let Sql::Postgres(pool) = &sql else { unreachable!() };
    let mut first = pool.begin().await.unwrap();
    sqlx::query("INSERT INTO meta (name, value) VALUES ('master_key', $1)")
        .bind(mark)
        .execute(&mut *first)
        .await
        .unwrap();
    // The second one has seen none.
    let second = {
        let (settings, clock, random) =
            (settings.clone(), world.clock.clone(), world.more_randomness());
        tokio::spawn(async move { Portal::open_with(&settings, clock, random).await })
    };
    until("the second node waits for the first", async || {
        let waiting: i64 = world
            .sql
            .one(
                "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO meta%'",
                [] as [Value; 0],
            )
            .await;
        waiting > 0
    })
    .await;
    first.commit().await.unwrap();
    let second = tokio::time::timeout(Duration::from_secs(20), second).await.unwrap().unwrap();
    let error = format!("{:#}", second.expect_err("refused"));
    assert!(error.contains("is not the one this database was begun with"), "{error}");
    sql.close().await;
}
