//! What is counted against guessing and floods; shared by every node.

use model::Moment;

use super::{Tx, on};

/// Failures in a row, and when the next attempt may pass.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(crate) struct Counter {
    pub failures: i32,
    pub open_at: Moment,
}

impl Tx {
    /// A counter, made when there is none, and held until the commit.
    pub async fn lock_counter(&mut self, name: &str, now: Moment) -> sqlx::Result<Counter> {
        // The update that changes nothing takes the row's lock on both engines.
        on!(self, c => sqlx::query_as("INSERT INTO sign_in_counters (name, failures, open_at, counted_at) VALUES ($1, 0, $2, $2) ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING failures, open_at")
            .bind(name).bind(now).fetch_one(c).await)
    }

    /// Stores a counter.
    pub async fn save_counter(
        &mut self,
        name: &str,
        counter: Counter,
        now: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE sign_in_counters SET failures = $2, open_at = $3, counted_at = $4 WHERE name = $1")
            .bind(name).bind(counter.failures).bind(counter.open_at).bind(now).execute(c).await.map(drop))
    }

    /// Has a counter as it was before an attempt, unless there was another one since.
    pub async fn restore_counter(
        &mut self,
        name: &str,
        now: Counter,
        before: Counter,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE sign_in_counters SET failures = $4, open_at = $5 WHERE name = $1 AND failures = $2 AND open_at = $3")
            .bind(name).bind(now.failures).bind(now.open_at).bind(before.failures).bind(before.open_at)
            .execute(c).await.map(drop))
    }

    /// Forgets a counter.
    pub async fn clear_counter(&mut self, name: &str) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM sign_in_counters WHERE name = $1").bind(name).execute(c).await.map(drop))
    }

    /// Forgets counters that nothing was added to since `before`.
    pub async fn prune_counters(&mut self, before: Moment, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM sign_in_counters WHERE counted_at < $1 AND open_at < $2").bind(before).bind(now).execute(c).await.map(drop))
    }

    /// When a throttle's whole allowance is there again; made when there is none, and held until
    /// the commit.
    pub async fn lock_throttle(&mut self, name: &str, now: Moment) -> sqlx::Result<Moment> {
        on!(self, c => sqlx::query_scalar("INSERT INTO throttles (name, full_at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING full_at")
            .bind(name).bind(now).fetch_one(c).await)
    }

    /// When a throttle's whole allowance is there again, if anything was ever taken from it.
    pub async fn throttle(&mut self, name: &str) -> sqlx::Result<Option<Moment>> {
        on!(self, c => sqlx::query_scalar("SELECT full_at FROM throttles WHERE name = $1").bind(name).fetch_optional(c).await)
    }

    /// Stores a throttle.
    pub async fn save_throttle(&mut self, name: &str, full_at: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE throttles SET full_at = $2 WHERE name = $1").bind(name).bind(full_at).execute(c).await.map(drop))
    }

    /// Forgets throttles whose whole allowance is there again.
    pub async fn prune_throttles(&mut self, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM throttles WHERE full_at < $1").bind(now).execute(c).await.map(drop))
    }
}
