//! How much there is of what, counted in indexes up to a limit.

use model::{Moment, reset::ResetState};

use super::{Db, Tx, on};
use crate::measures::PoolLoad;

impl Tx {
    /// Mails in a state, up to `limit`.
    pub async fn measure_mails(&mut self, state: &str, limit: i64) -> sqlx::Result<i64> {
        on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE state = $1 LIMIT $2) AS found").bind(state).bind(limit).fetch_one(c).await)
    }

    /// When the mail that has waited longest was written.
    pub async fn oldest_mail(&mut self) -> sqlx::Result<Option<Moment>> {
        on!(self, c => sqlx::query_scalar("SELECT MIN(created_at) FROM outbox WHERE state = 'waiting'").fetch_one(c).await)
    }

    /// Resets in a state, up to `limit`.
    pub async fn measure_resets(&mut self, state: ResetState, limit: i64) -> sqlx::Result<i64> {
        on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM (SELECT 1 FROM resets WHERE state = $1 LIMIT $2) AS found").bind(state).bind(limit).fetch_one(c).await)
    }

    /// Sessions that are open, up to `limit`.
    pub async fn measure_sessions(&mut self, now: Moment, limit: i64) -> sqlx::Result<i64> {
        on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM (SELECT 1 FROM sessions WHERE ended_at IS NULL AND idle_until > $1 LIMIT $2) AS found").bind(now).bind(limit).fetch_one(c).await)
    }
}

impl Db {
    /// How busy the connections are.
    pub fn pools(&self) -> Vec<PoolLoad> {
        macro_rules! load {
            ($name:literal, $pool:expr) => {
                PoolLoad {
                    name: $name,
                    open: $pool.size() as usize,
                    idle: $pool.num_idle(),
                    most: $pool.options().get_max_connections() as usize,
                }
            };
        }
        match self {
            Self::Sqlite { writer, readers } => {
                vec![load!("writer", writer), load!("readers", readers)]
            }
            Self::Postgres(pool) => vec![load!("all", pool)],
        }
    }
}
