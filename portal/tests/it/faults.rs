//! What the world does to databases: full disks, crowds, servers that go away, odd schemas.

use std::{process::Command, sync::Arc, time::Duration};

use model::Refusal;
use portal::{DEMO_PASSWORD, Error, Found, Portal, SignIn, config::Database};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::{
    child::Part,
    sql::{Sql, Value, values},
    world::{NEW, World, assert_busy, new_password, secret, stories, until, written},
};

stories! {
    a_full_disk_leaves_no_half_reset,
    a_full_disk_leaves_no_half_sign_in,
    a_full_disk_keeps_nobody_from_reading,
    fifty_writers_at_once,
    a_database_of_a_newer_version_is_refused,
    an_interrupted_migration_is_refused,
    a_changed_migration_is_refused,
    migrating_needs_nothing_but_settings,
    looking_changes_nothing,
    ;
    sqlite:
    a_disk_that_is_really_full,
    a_database_that_somebody_else_holds,
    ;
    postgres:
    connections_that_the_server_ends,
    a_server_that_goes_away_and_comes_back,
    every_connection_is_in_use,
}

async fn a_full_disk_leaves_no_half_reset(world: &mut World) {
    let casey = world.person("casey").await;
    // What the decision writes: all of it or nothing.
    for table in ["links", "resets", "sessions", "audit_entries", "audit_personal", "audit_heads"] {
        let entered = world.enters("casey").await;
        let link = world.mailed_link(&casey).await;
        world.disk_is_full_for(table).await;
        let before = world.sql.everything().await;
        assert_busy(world.uses(&link, NEW).await);
        assert_eq!(world.sql.everything().await, before, "{table}");
        world.disk_has_room_again(table).await;
        assert!(world.holds(&entered).await, "{table}");
        world.opens(&link).await.unwrap();
        world.hours_pass(1);
        world.portal.tidy().await.unwrap();
    }
    // What the last step writes: it is finished as soon as there is room.
    for (table, new) in [
        ("reset_targets", "velvet orbit canyon 1"),
        ("accounts", "velvet orbit canyon 2"),
        ("outbox", "velvet orbit canyon 3"),
    ] {
        let link = world.mailed_link(&casey).await;
        world.disk_is_full_for(table).await;
        world.uses(&link, new).await.unwrap();
        world.disk_has_room_again(table).await;
        world.seconds_pass(11);
        world.portal.work_off().await.unwrap();
        assert!(world.lets_in(&casey, new).await, "{table}");
        world.notice_for(&casey).await;
        world.hours_pass(1);
    }
}

async fn a_full_disk_leaves_no_half_sign_in(world: &mut World) {
    for table in
        ["throttles", "sign_in_counters", "devices", "sessions", "audit_entries", "accounts"]
    {
        world.disk_is_full_for(table).await;
        let result = world.sign_in(&world.visit_from_anywhere(), "casey", DEMO_PASSWORD).await;
        assert_busy(result);
        let made: i64 = world.sql.one("SELECT COUNT(*) FROM sessions", []).await;
        let known: i64 = world.sql.one("SELECT COUNT(*) FROM devices", []).await;
        let recorded: i64 = world.sql.one("SELECT COUNT(*) FROM audit_entries", []).await;
        assert_eq!((made, known, recorded), (0, 0, 0), "{table}");
        world.disk_has_room_again(table).await;
        // Attempts that came to nothing are counted, which a success forgets.
        world.sql.run("DELETE FROM sign_in_counters", []).await;
    }
    world.enters("casey").await;
}

async fn a_full_disk_keeps_nobody_from_reading(world: &mut World) {
    let casey = world.enters("casey").await;
    world.minutes_pass(2);
    world.disk_is_full_for("sessions").await;
    assert!(world.holds(&casey).await);
    assert_eq!(world.portal.sessions(&casey.actor).await.unwrap().len(), 1);
    world.portal.profile(&casey.actor).await.unwrap();
    assert!(world.portal.ready().await);
    assert_busy(world.portal.sign_out(&casey.actor).await);
    world.disk_has_room_again("sessions").await;
    world.portal.sign_out(&casey.actor).await.unwrap();
}

async fn fifty_writers_at_once(world: &mut World) {
    let mut writers = JoinSet::new();
    for number in 0..50 {
        let (portal, visit) = (world.portal.clone(), world.visit_from_anywhere());
        writers.spawn(async move {
            if number % 2 == 0 {
                let request =
                    SignIn { name: "casey".into(), password: secret(DEMO_PASSWORD), keep: false };
                portal.sign_in(&visit, request).await.map(drop)
            } else {
                portal.ask_for_link(&visit, "casey").await
            }
        });
    }
    // Delays for one name are what keeps sign-ins apart; nothing else is in the way.
    for result in writers.join_all().await {
        assert!(
            matches!(
                result,
                Ok(()) | Err(Error::Refused(Refusal::Wait { .. }) | Error::Busy { .. })
            ),
            "{result:?}"
        );
    }
    world.seconds_pass(3_600);
    assert!(world.lets_in(&world.person("casey").await, DEMO_PASSWORD).await);
    assert_eq!(world.mails().await.len(), 1);
}

/// Starting, migrating and looking are refused alike.
async fn refused(world: &mut World, says: &str) {
    world.portal.close().await;
    let settings = world.settings.clone();
    let random = world.more_randomness();
    let opened = Portal::open_with(&settings, world.clock.clone(), random).await.map(drop);
    let looked = Portal::look(&settings).await.map(drop);
    for result in [opened, Portal::migrate(&settings).await, looked] {
        let error = format!("{:#}", result.unwrap_err());
        assert!(error.contains(says), "{error}");
        assert!(!error.contains(&password(&written(&settings.database))), "{error}");
    }
}

/// The password in a database's URL.
fn password(url: &str) -> String {
    let inside = url.split_once("//").and_then(|(_, rest)| rest.rsplit_once('@'));
    let password = inside.and_then(|(user, _)| user.split_once(':')).map(|(_, password)| password);
    password.filter(|password| !password.is_empty()).unwrap_or("no password").to_owned()
}

async fn a_database_of_a_newer_version_is_refused(world: &mut World) {
    world
        .sql
        .run(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99990101000000, 'of tomorrow', TRUE, $1, 1)",
            values![vec![0u8; 48]],
        )
        .await;
    refused(
        world,
        "the database was changed by a newer version of Rekey (migration 99990101000000 is not known here)",
    )
    .await;
    world.sql.run("DELETE FROM _sqlx_migrations WHERE version = 99990101000000", []).await;
    world.restart(|_| {}).await;
}

async fn an_interrupted_migration_is_refused(world: &mut World) {
    world.sql.run("UPDATE _sqlx_migrations SET success = FALSE", []).await;
    refused(world, "was interrupted: restore the backup made before the upgrade").await;
    world.sql.run("UPDATE _sqlx_migrations SET success = TRUE", []).await;
    world.restart(|_| {}).await;
}

async fn a_changed_migration_is_refused(world: &mut World) {
    let before: Vec<u8> = world
        .sql
        .column("SELECT checksum FROM _sqlx_migrations ORDER BY version", [])
        .await
        .remove(0);
    let change = "UPDATE _sqlx_migrations SET checksum = $1 WHERE version = 1";
    world.sql.run(change, values![vec![0u8; 48]]).await;
    refused(world, "differs from this version's").await;
    world.sql.run(change, values![before]).await;
    world.restart(|_| {}).await;
}

async fn looking_changes_nothing(world: &mut World) {
    // Before the first start, and before the first use of a database that was only migrated.
    let settings = world.empty_database().await;
    assert!(matches!(Portal::look(&settings).await.unwrap(), Found::Nothing));
    assert!(!settings.data.exists());
    Portal::migrate(&settings).await.unwrap();
    assert!(matches!(Portal::look(&settings).await.unwrap(), Found::Nothing));
    assert!(!settings.master_key_file.exists());

    let settings = world.settings.clone();
    let Found::Current(portal) = Portal::look(&settings).await.unwrap() else {
        panic!("it is up to date");
    };
    assert!(portal.site(None).await.unwrap().is_some());
    portal.close().await;

    // With the database of an older version.
    let last: i64 = world.sql.one("SELECT MAX(version) FROM _sqlx_migrations", []).await;
    let done: Vec<(String, Vec<u8>)> = world
        .sql
        .rows(
            "SELECT description, checksum FROM _sqlx_migrations WHERE version = $1",
            values![last],
        )
        .await;
    world.sql.run("DELETE FROM _sqlx_migrations WHERE version = $1", values![last]).await;
    assert!(matches!(Portal::look(&settings).await.unwrap(), Found::Older(1)));
    for (description, checksum) in done {
        world
            .sql
            .run(
                "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES ($1, $2, TRUE, $3, 1)",
                values![last, description.as_str(), checksum],
            )
            .await;
    }
}

async fn migrating_needs_nothing_but_settings(world: &mut World) {
    let settings = world.empty_database().await;
    assert!(!settings.data.exists());
    Portal::migrate(&settings).await.unwrap();
    Portal::migrate(&settings).await.unwrap();
    let sql = Sql::of(&settings.database);
    assert_eq!(sql.tables().await, world.sql.tables().await);
    sql.close().await;
}

async fn a_disk_that_is_really_full(world: &mut World) {
    let Database::Sqlite(path) = &world.settings.database else { unreachable!() };
    // Everything goes into the file, so that its size says how much room there is.
    world.sql.script("PRAGMA wal_checkpoint(TRUNCATE)".into()).await;
    let room = path.metadata().unwrap().len() + 200_000;
    let part = Part::FillTheDisk { site: world.northwind };
    let mut child = world.child_with_little_room(part, room);
    child.says("the disk is full");
    let limit = format!("--fsize={}", "unlimited:unlimited");
    let raised =
        Command::new("prlimit").args(["--pid", &child.id().to_string(), &limit]).status().unwrap();
    assert!(raised.success());
    child.goes_on();
    child.ends();
    let whole: String = world.sql.one("PRAGMA integrity_check", []).await;
    assert_eq!(whole, "ok");
    world.sql.run("DELETE FROM forgotten_requests", []).await;
    assert!(world.lets_in(&world.person("casey").await, DEMO_PASSWORD).await);
}

async fn a_database_that_somebody_else_holds(world: &mut World) {
    let Sql::Sqlite(pool) = &world.sql else { unreachable!() };
    let casey = world.enters("casey").await;
    let holder = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let (first, second, third) = tokio::join!(
        world.portal.ask_for_link(&casey.visit, "casey"),
        world.sign_in(&casey.visit, "casey", DEMO_PASSWORD),
        world.portal.sign_out(&casey.actor),
    );
    assert_busy(first);
    assert_busy(second);
    assert_busy(third);
    assert!(world.holds(&casey).await);
    holder.rollback().await.unwrap();
    world.portal.sign_out(&casey.actor).await.unwrap();
}

/// People come and go until they are told to stop; how many were served. Whoever cannot be served
/// is told to come back.
fn traffic(world: &World, stop: &watch::Receiver<bool>) -> Vec<JoinHandle<u32>> {
    (0..4)
        .map(|_| {
            let (portal, visit, stop) =
                (world.portal.clone(), world.visit_from_anywhere(), stop.clone());
            tokio::spawn(async move {
                let mut served = 0;
                while !*stop.borrow() {
                    let site = portal.site(Some("contoso")).await;
                    let asked = portal.ask_for_link(&visit, "nobody").await;
                    for result in [site.map(drop), asked] {
                        match result {
                            Ok(()) => served += 1,
                            Err(Error::Busy { .. } | Error::Refused(Refusal::Wait { .. })) => {}
                            Err(error) => panic!("{error:?}"),
                        }
                    }
                }
                served
            })
        })
        .collect()
}

async fn connections_that_the_server_ends(world: &mut World) {
    let (stop, stopped) = watch::channel(false);
    let people = traffic(world, &stopped);
    for _ in 0..20 {
        let ended: Vec<bool> = world
            .sql
            .column(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
                [] as [Value; 0],
            )
            .await;
        let _ = ended.len();
        tokio::task::yield_now().await;
    }
    stop.send(true).unwrap();
    for person in people {
        assert!(person.await.unwrap() > 0);
    }
    assert!(world.portal.ready().await);
    assert!(world.lets_in(&world.person("casey").await, DEMO_PASSWORD).await);
    world.portal.work_off().await.unwrap();
}

/// Stands between Rekey and its database, and can be taken away.
struct Between {
    port: u16,
    to: (String, u16),
    listening: Option<JoinHandle<()>>,
}

impl Between {
    async fn start(to: (String, u16)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut this = Self { port, to, listening: None };
        this.listen(listener);
        this
    }

    fn listen(&mut self, listener: TcpListener) {
        let to = Arc::new(self.to.clone());
        self.listening = Some(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let to = Arc::clone(&to);
                connections.spawn(async move {
                    let mut far = TcpStream::connect((to.0.as_str(), to.1)).await.unwrap();
                    // How it ends is up to both sides.
                    drop(tokio::io::copy_bidirectional(&mut near, &mut far).await);
                });
            }
        }));
    }

    async fn goes_away(&mut self) {
        let listening = self.listening.take().unwrap();
        listening.abort();
        assert!(listening.await.unwrap_err().is_cancelled());
    }

    async fn comes_back(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.listen(listener);
    }
}

async fn a_server_that_goes_away_and_comes_back(world: &mut World) {
    let url = written(&world.settings.database);
    let (before, rest) = url.rsplit_once('@').unwrap();
    let (server, name) = rest.split_once('/').unwrap();
    let (host, port) = server.split_once(':').unwrap_or((server, "5432"));
    let mut between = Between::start((host.to_owned(), port.parse().unwrap())).await;
    let through = format!("{before}@127.0.0.1:{}/{name}", between.port);
    world.restart(|settings| settings.database = through.parse().unwrap()).await;
    let casey = world.enters("casey").await;
    let link = world.mailed_link(&casey.person).await;

    between.goes_away().await;
    let visit = world.visit();
    let (ready, signed_in, asked, used, actor) = tokio::join!(
        world.portal.ready(),
        world.sign_in(&visit, "casey", DEMO_PASSWORD),
        world.portal.ask_for_link(&visit, "casey"),
        world.portal.use_link(&visit, link.id, &link.token, new_password(NEW)),
        world.portal.actor(&casey.visit, &casey.token),
    );
    assert!(!ready);
    assert_busy(signed_in);
    assert_busy(asked);
    assert_busy(used);
    assert_busy(actor);

    between.comes_back().await;
    until("it is ready again", async || world.portal.ready().await).await;
    assert!(world.holds(&casey).await);
    world.uses(&link, NEW).await.unwrap();
    assert!(world.lets_in(&casey.person, NEW).await);
    world.notice_for(&casey.person).await;
}

async fn every_connection_is_in_use(world: &mut World) {
    let Sql::Postgres(pool) = &world.sql else { unreachable!() };
    let visit = world.visit_from("198.51.100.1");
    world.portal.ask_for_link(&visit, "nobody").await.unwrap();
    let mut holder = pool.begin().await.unwrap();
    sqlx::query("SELECT * FROM throttles FOR UPDATE").execute(&mut *holder).await.unwrap();
    // Each of these waits for the row with a connection in its hand.
    let mut waiting = JoinSet::new();
    for _ in 0..16 {
        let (portal, visit) = (world.portal.clone(), visit.clone());
        waiting.spawn(async move { portal.ask_for_link(&visit, "nobody").await });
    }
    let locked = async || -> i64 {
        world
            .sql
            .one(
                "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
                [] as [Value; 0],
            )
            .await
    };
    until("all connections wait", async || locked().await == 16).await;
    assert_busy(world.sign_in(&world.visit_from_anywhere(), "casey", DEMO_PASSWORD).await);
    assert!(!world.portal.ready().await);
    holder.rollback().await.unwrap();
    for result in waiting.join_all().await {
        result.unwrap();
    }
    assert!(world.lets_in(&world.person("casey").await, DEMO_PASSWORD).await);
    tokio::time::timeout(Duration::from_secs(20), world.portal.work_off()).await.unwrap().unwrap();
}
