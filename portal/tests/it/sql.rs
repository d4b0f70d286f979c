//! The database as it is, past every use case: to arrange what no use case does yet, and to see
//! what was really written.

use std::fmt::Write;

use portal::config::Database;
use sqlx::{
    AssertSqlSafe, FromRow, PgPool, SqlitePool,
    postgres::{PgPoolOptions, PgRow},
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteRow},
};
use uuid::Uuid;

/// A connection of the test's own.
pub enum Sql {
    /// To the file.
    Sqlite(SqlitePool),
    /// To the server.
    Postgres(PgPool),
}

/// A value for a `$1`.
#[derive(Debug, Clone)]
pub enum Value {
    /// Text.
    Text(String),
    /// A number or a moment.
    Number(i64),
    /// An id.
    Id(Uuid),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<Uuid> for Value {
    fn from(id: Uuid) -> Self {
        Self::Id(id)
    }
}

impl From<model::Moment> for Value {
    fn from(moment: model::Moment) -> Self {
        Self::Number(moment.0)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

macro_rules! ids {
    ($($id:ident),*) => {$(
        impl From<model::id::$id> for Value {
            fn from(id: model::id::$id) -> Self {
                Self::Id(id.0)
            }
        }
    )*};
}
ids!(AccountId, AuditId, ConnectorId, JobId, LinkId, OrganizationId, ResetId, SiteId);

/// Values for `$1`, `$2` and so on.
macro_rules! values {
    ($($value:expr),* $(,)?) => { [$($crate::sql::Value::from($value)),*] };
}
pub(crate) use values;

macro_rules! bound {
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match value.clone() {
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
                Value::Id(id) => query.bind(id),
                Value::Bytes(bytes) => query.bind(bytes),
            };
        }
        query
    }};
}

impl Sql {
    /// Connects as soon as something is asked.
    pub fn of(database: &Database) -> Self {
        match database {
            Database::Sqlite(path) => {
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .foreign_keys(true)
                    .busy_timeout(std::time::Duration::from_secs(10));
                Self::Sqlite(SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options))
            }
            Database::Postgres(url) => Self::Postgres(
                PgPoolOptions::new()
                    .max_connections(2)
                    .connect_lazy(url.reveal())
                    .expect("a database URL"),
            ),
        }
    }

    /// Runs a statement; how many rows it changed.
    pub async fn run(&self, sql: &'static str, values: impl AsRef<[Value]>) -> u64 {
        match self {
            Self::Sqlite(pool) => bound!(sqlx::query(sql), values.as_ref())
                .execute(pool)
                .await
                .map(|done| done.rows_affected()),
            Self::Postgres(pool) => bound!(sqlx::query(sql), values.as_ref())
                .execute(pool)
                .await
                .map(|done| done.rows_affected()),
        }
        .unwrap_or_else(|error| panic!("{error}\n{sql}"))
    }

    /// Runs statements without values, such as those that change tables.
    pub async fn script(&self, sql: String) {
        match self {
            Self::Sqlite(pool) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.map(drop),
            Self::Postgres(pool) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.map(drop),
        }
        .unwrap_or_else(|error| panic!("{error}"));
    }

    /// Every row of an answer.
    pub async fn rows<R>(&self, sql: &'static str, values: impl AsRef<[Value]>) -> Vec<R>
    where
        R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        match self {
            Self::Sqlite(pool) => {
                bound!(sqlx::query_as(sql), values.as_ref()).fetch_all(pool).await
            }
            Self::Postgres(pool) => {
                bound!(sqlx::query_as(sql), values.as_ref()).fetch_all(pool).await
            }
        }
        .unwrap_or_else(|error| panic!("{error}\n{sql}"))
    }

    /// The only column of every row of an answer.
    pub async fn column<T>(&self, sql: &'static str, values: impl AsRef<[Value]>) -> Vec<T>
    where
        (T,): for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        self.rows::<(T,)>(sql, values).await.into_iter().map(|(value,)| value).collect()
    }

    /// The only column of the only row of an answer.
    pub async fn one<T>(&self, sql: &'static str, values: impl AsRef<[Value]>) -> T
    where
        (T,): for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let mut column = self.column(sql, values).await;
        assert_eq!(column.len(), 1, "rows of {sql}");
        column.remove(0)
    }

    /// The names of all tables but that of the migrations.
    pub async fn tables(&self) -> Vec<String> {
        self.column(
            match self {
                Self::Sqlite(_) => {
                    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations' ORDER BY name"
                }
                Self::Postgres(_) => {
                    "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations' ORDER BY table_name::text"
                }
            },
            [],
        )
        .await
    }

    /// Everything but what the audit log has of it.
    pub async fn everything_done(&self) -> String {
        let all = self.everything().await;
        all.lines().filter(|line| !line.starts_with("audit_")).collect::<Vec<_>>().join("\n")
    }

    /// Every value of every table as text, bytes in hexadecimal, with the table's name before it.
    pub async fn everything(&self) -> String {
        let mut all = String::new();
        for table in self.tables().await {
            let rows: Vec<String> = match self {
                Self::Sqlite(pool) => {
                    let columns: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!(
                        "SELECT name FROM pragma_table_info('{table}')"
                    )))
                    .fetch_all(pool)
                    .await
                    .unwrap();
                    let quoted: Vec<String> =
                        columns.iter().map(|column| format!("quote({column})")).collect();
                    let sql = format!("SELECT {} FROM {table}", quoted.join(" || ' ' || "));
                    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap()
                }
                Self::Postgres(pool) => {
                    let sql = format!("SELECT one::text FROM {table} AS one");
                    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap()
                }
            };
            for row in rows {
                writeln!(all, "{table} {row}").unwrap();
            }
        }
        all
    }

    /// Disconnects.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Bytes in hexadecimal, lower case.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
