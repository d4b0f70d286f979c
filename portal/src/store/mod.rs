//! The database: SQLite or PostgreSQL behind one set of queries.
//!
//! Private to `portal`: use cases begin a unit of work ([`Db::write`], [`Db::read`]), call short
//! methods of [`Tx`], and commit out loud. Dropping a `Tx` rolls it back. There is one file of
//! methods per noun; a query that the engines spell differently is a `match` in its method.
//!
//! Conventions: `$1` placeholders, times bound from the `Clock`, no SQL functions that only one
//! engine has, columns by name (a `*` breaks the prepared statements of running nodes when a
//! migration adds a column). What decides something is read with [`locked!`], so that it still holds at commit.

mod accounts;
mod api_keys;
mod approvals;
mod audit;
mod calls;
mod connectors;
mod consents;
mod counters;
mod customer_care;
mod customers;
mod devices;
mod disputes;
mod email_changes;
mod event_hooks;
mod factors;
mod forgotten;
mod jobs;
mod letter_words;
mod links;
mod mail_settings;
mod measures;
mod meta;
mod organizations;
mod outbox;
mod overview;
mod removals;
mod resets;
mod seals;
mod service_accounts;
mod sessions;
mod staff;
mod statement;
mod targets;
mod tree;

use std::{str::FromStr, time::Duration};

use anyhow::Context;
use sqlx::{
    PgPool, Postgres, Sqlite, SqlitePool, Transaction,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::config::Database;

pub(crate) use accounts::{Account, NewAccount};
pub(crate) use api_keys::{ApiAnswerRow, ApiKeyListRow, ApiKeyRow};
pub(crate) use approvals::{ApprovalListRow, ApprovalRow};
pub(crate) use audit::{AuditHead, AuditReadRow, AuditRow, AuditSearch, PersonRow};
pub(crate) use calls::{ReceiptRow, VerificationRow};
pub(crate) use connectors::{ConnectorRow, ServiceAccountRow};
pub(crate) use counters::Counter;
pub(crate) use customers::{CustomerDetailRow, CustomerListRow, Place, ScopeRow, Search};
pub(crate) use devices::DeviceRow;
pub(crate) use disputes::DisputeRow;
pub(crate) use email_changes::EmailChangeRow;
pub(crate) use event_hooks::{EventDeliveryRow, EventHookRow};
pub(crate) use factors::FactorRow;
pub(crate) use forgotten::ForgottenRow;
pub(crate) use jobs::{BatchRow, JobRow};
pub(crate) use links::{LinkOf, LinkRow};
pub(crate) use mail_settings::{DkimRow, MailSettingsRow};
pub(crate) use organizations::{OrganizationRow, SiteRow};
pub(crate) use outbox::{LoggedMail, MailSearch, OutboxRow};
pub(crate) use overview::{ResetListRow, ResetSearch};
pub(crate) use removals::RemovalRow;
pub(crate) use resets::{ResetRow, Superseded};
pub(crate) use seals::{SealRow, SealedIn};
pub(crate) use sessions::{ActorRow, SessionRow, Stage};
pub(crate) use staff::StaffMember;
pub(crate) use targets::TargetRow;

/// Runs the same body against whichever engine `$tx` holds.
macro_rules! on {
    ($tx:expr, $c:ident => $body:expr) => {
        match $tx {
            $crate::store::Tx::Sqlite(tx) => {
                let $c = &mut **tx;
                $body
            }
            $crate::store::Tx::Postgres(tx) => {
                let $c = &mut **tx;
                $body
            }
        }
    };
}
pub(crate) use on;

/// Like [`on!`] for a query whose rows nobody else may change before the commit. SQLite has one
/// writer, which holds the lock already; PostgreSQL is told.
macro_rules! locked {
    ($tx:expr, $sql:literal, $query:ident, $c:ident => $body:expr) => {
        match $tx {
            $crate::store::Tx::Sqlite(tx) => {
                let ($query, $c) = ($sql, &mut **tx);
                $body
            }
            $crate::store::Tx::Postgres(tx) => {
                let ($query, $c) = (concat!($sql, " FOR UPDATE"), &mut **tx);
                $body
            }
        }
    };
}
pub(crate) use locked;

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// Longest wait for a connection. Pages answer 503 after it, so it stays short.
const ACQUIRE: Duration = Duration::from_secs(3);

/// What connections to SQLite keep of the file for themselves, in KiB (negative, as SQLite has it): a
/// quarter of its default for the one that writes, a tenth for those that read. The system keeps the
/// file in memory anyway, for all of them together, and among a million customers nothing is slower.
const WRITER_CACHE: &str = "-500";
const READER_CACHE: &str = "-200";

/// The database.
#[derive(Debug, Clone)]
pub(crate) enum Db {
    /// One file; one writer, several readers.
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    /// A server that several nodes share.
    Postgres(PgPool),
}

/// A unit of work. Dropping it rolls back; `commit` is said out loud.
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Db {
    /// Connects; makes the SQLite file when there is none.
    pub async fn connect(database: &Database) -> anyhow::Result<Self> {
        let describe = || format!("cannot open the database {database}");
        match database {
            Database::Sqlite(path) => {
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder).with_context(describe)?;
                }
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .busy_timeout(Duration::from_secs(5));
                let writer = SqlitePoolOptions::new()
                    .max_connections(1)
                    .acquire_timeout(ACQUIRE)
                    .connect_with(options.clone().pragma("cache_size", WRITER_CACHE))
                    .await
                    .with_context(describe)?;
                let options = options.read_only(true).create_if_missing(false);
                let readers = SqlitePoolOptions::new()
                    .max_connections(4)
                    .acquire_timeout(ACQUIRE)
                    .connect_lazy_with(options.pragma("cache_size", READER_CACHE));
                Ok(Self::Sqlite { writer, readers })
            }
            Database::Postgres(url) => {
                // The URL may hold a password: no error repeats it.
                let options = PgConnectOptions::from_str(url.reveal()).map_err(|_| {
                    anyhow::anyhow!("the database URL cannot be read; it should look like postgres://user:password@host:5432/name")
                })?;
                let pool = PgPoolOptions::new()
                    .max_connections(16)
                    .acquire_timeout(ACQUIRE)
                    .connect_with(options)
                    .await
                    .with_context(describe)?;
                Ok(Self::Postgres(pool))
            }
        }
    }

    /// Connects to what is there already; `None` when there is no SQLite file.
    pub async fn connect_existing(database: &Database) -> anyhow::Result<Option<Self>> {
        match database {
            Database::Sqlite(path) if !path.exists() => Ok(None),
            _ => Self::connect(database).await.map(Some),
        }
    }

    /// How many migrations the tables lack; `None` when there are no tables at all. Refuses what
    /// [`Db::migrate`] would refuse.
    pub async fn behind(&self) -> anyhow::Result<Option<usize>> {
        let (begun, known) = match self {
            Self::Sqlite { .. } => (
                "SELECT count(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'",
                &SQLITE_MIGRATIONS,
            ),
            Self::Postgres(_) => {
                ("SELECT to_regclass('_sqlx_migrations') IS NOT NULL", &POSTGRES_MIGRATIONS)
            }
        };
        let mut tx = self.read().await?;
        if !on!(&mut tx, c => sqlx::query_scalar::<_, bool>(begun).fetch_one(c).await)? {
            return Ok(None);
        }
        let done = "SELECT version, checksum, success FROM _sqlx_migrations ORDER BY version";
        let done: Vec<(i64, Vec<u8>, bool)> =
            on!(&mut tx, c => sqlx::query_as(done).fetch_all(c).await)?;
        for (version, checksum, success) in &done {
            let wrong = match known.iter().find(|migration| migration.version == *version) {
                None => MigrateError::VersionMissing(*version),
                Some(_) if !success => MigrateError::Dirty(*version),
                Some(known) if known.checksum[..] != checksum[..] => {
                    MigrateError::VersionMismatch(*version)
                }
                Some(_) => continue,
            };
            return Err(refusal(wrong));
        }
        Ok(Some(known.iter().count().saturating_sub(done.len())))
    }

    /// Brings the tables up to date. Refuses a database that a newer version has changed.
    pub async fn migrate(&self) -> anyhow::Result<()> {
        let result = match self {
            Self::Sqlite { writer, .. } => SQLITE_MIGRATIONS.run(writer).await,
            Self::Postgres(pool) => POSTGRES_MIGRATIONS.run(pool).await,
        };
        result.map_err(refusal)
    }

    /// Begins a unit of work that may write.
    pub async fn write(&self) -> sqlx::Result<Tx> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Tx::Sqlite(begin_immediate(writer).await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Begins a unit of work that only reads.
    pub async fn read(&self) -> sqlx::Result<Tx> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Begins a unit of work that sees one moment of the database, however long it reads.
    pub async fn snapshot(&self) -> sqlx::Result<Tx> {
        Ok(match self {
            // Every transaction of SQLite's does.
            Self::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await?),
            Self::Postgres(pool) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
                Tx::Postgres(pool.begin_with(begin).await?)
            }
        })
    }

    /// Whether the database answers.
    pub async fn answers(&self) -> bool {
        match self.read().await {
            Ok(mut tx) => {
                on!(&mut tx, c => sqlx::query("SELECT 1").execute(c).await.map(drop)).is_ok()
            }
            Err(_) => false,
        }
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Why tables cannot be brought up to date, and what helps.
fn refusal(error: MigrateError) -> anyhow::Error {
    match error {
        MigrateError::VersionMissing(version) => anyhow::anyhow!(
            "the database was changed by a newer version of Rekey (migration {version} is not known here): start that version, or restore the backup made before the upgrade"
        ),
        MigrateError::VersionMismatch(version) => anyhow::anyhow!(
            "migration {version} in the database differs from this version's: start the version that made it, or restore a backup"
        ),
        MigrateError::Dirty(version) => anyhow::anyhow!(
            "migration {version} was interrupted: restore the backup made before the upgrade and start again"
        ),
        other => anyhow::Error::new(other).context("cannot bring the database up to date"),
    }
}

/// Begins to write. A deferred transaction that turns into a writer bypasses the busy timeout.
async fn begin_immediate(writer: &SqlitePool) -> sqlx::Result<Transaction<'static, Sqlite>> {
    let begin = "BEGIN IMMEDIATE";
    match writer.begin_with(begin).await {
        // When the disk is full or fails, SQLite ends a transaction by itself. sqlx believes it to
        // be open, and its connection, the only one that writes, would never begin another one.
        Err(sqlx::Error::InvalidSavePointStatement) => {
            if let Err(error) = writer.acquire().await?.close().await {
                tracing::warn!(%error, "cannot close a connection to the database");
            }
            writer.begin_with(begin).await
        }
        other => other,
    }
}

impl Tx {
    /// Makes everything since the beginning true.
    pub async fn commit(self) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
    }
}
