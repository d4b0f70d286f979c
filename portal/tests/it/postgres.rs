//! A database of each test's own in the PostgreSQL cluster that `REKEY_TEST_POSTGRES` names.
//!
//! The tables and the demo's people are made once for each build of the tests, in a template that
//! every test's database is a copy of: copying takes some milliseconds. Tests run in processes of
//! their own, so an advisory lock decides who makes the template.

use std::{
    env,
    hash::{DefaultHasher, Hash, Hasher},
    str::FromStr,
    sync::atomic::{AtomicU32, Ordering},
};

use portal::config::Database;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};

use crate::world;

/// Where the cluster is: the URL of any database of it whose owner may make others.
const VARIABLE: &str = "REKEY_TEST_POSTGRES";
/// Who holds this lock makes the template.
const LOCK: i64 = 0x7265_6b65_7901;

/// A database that is there until [`Own::drop_it`].
pub struct Own {
    cluster: String,
    name: String,
    connection: PgConnection,
}

/// The cluster's URL. `None` when there is none and none is demanded.
pub fn cluster() -> Option<String> {
    let url = env::var(VARIABLE).ok().filter(|url| !url.is_empty());
    let demanded = env::var("CI").is_ok_and(|ci| ci == "true")
        || env::var_os("REKEY_REQUIRE_POSTGRES").is_some();
    assert!(
        url.is_some() || !demanded,
        "{VARIABLE} is not set: start a cluster with `scripts/postgres.sh start DIR` and set it to the URL that prints"
    );
    url
}

/// The URL of another database of the same cluster.
pub fn with_name(cluster: &str, name: &str) -> String {
    let (address, options) = cluster.split_once('?').unwrap_or((cluster, ""));
    let (server, _) = address.rsplit_once('/').expect("a URL with a database's name");
    let mark = if options.is_empty() { "" } else { "?" };
    format!("{server}/{name}{mark}{options}")
}

async fn connect(url: &str) -> PgConnection {
    let options =
        PgConnectOptions::from_str(url).expect("a database URL").disable_statement_logging();
    PgConnection::connect_with(&options)
        .await
        .unwrap_or_else(|error| panic!("{VARIABLE} leads to no server: {error}"))
}

async fn run(connection: &mut PgConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql.clone()))
        .execute(connection)
        .await
        .unwrap_or_else(|error| panic!("{error}\n{sql}"));
}

impl Own {
    /// A copy of the template.
    pub async fn copied(cluster: &str) -> Self {
        let mut connection = connect(cluster).await;
        let template = template(cluster, &mut connection).await;
        Self::made(cluster, connection, &format!("TEMPLATE {template}")).await
    }

    /// An empty one.
    pub async fn empty(cluster: &str) -> Self {
        Self::made(cluster, connect(cluster).await, "").await
    }

    async fn made(cluster: &str, mut connection: PgConnection, how: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rekey_it_{}_{number}", std::process::id());
        // One that a killed test left behind under the same number.
        run(&mut connection, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        run(&mut connection, format!("CREATE DATABASE {name} {how}")).await;
        Self { cluster: cluster.to_owned(), name, connection }
    }

    /// Where it is.
    pub fn database(&self) -> Database {
        with_name(&self.cluster, &self.name).parse().expect("a database URL")
    }

    /// Removes it, whoever is still connected.
    pub async fn drop_it(mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        run(&mut self.connection, drop).await;
    }
}

/// The template of this build of the tests, made when it is not there.
async fn template(cluster: &str, connection: &mut PgConnection) -> String {
    let exe = env::current_exe().expect("this program's path");
    let built = exe.metadata().expect("this program");
    let mut hasher = DefaultHasher::new();
    exe.hash(&mut hasher);
    let build = format!("rekey_template_{:016x}", hasher.finish());
    (built.len(), built.modified().expect("a time")).hash(&mut hasher);
    let name = format!("{build}_{:016x}", hasher.finish());

    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut *connection).await.unwrap();
    let there: Vec<String> =
        sqlx::query_scalar("SELECT datname::text FROM pg_database WHERE datname LIKE $1 || '%'")
            .bind(&build)
            .fetch_all(&mut *connection)
            .await
            .unwrap();
    if !there.contains(&name) {
        for old in there {
            run(connection, format!("DROP DATABASE {old} WITH (FORCE)")).await;
        }
        let half = format!("{build}_half_made");
        run(connection, format!("CREATE DATABASE {half}")).await;
        let database = with_name(cluster, &half).parse().expect("a database URL");
        world::seed(database).await;
        run(connection, format!("ALTER DATABASE {half} RENAME TO {name}")).await;
    }
    sqlx::query("SELECT pg_advisory_unlock($1)").bind(LOCK).execute(connection).await.unwrap();
    name
}
