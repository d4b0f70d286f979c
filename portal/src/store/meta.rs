//! What the database knows about itself.

use super::{Tx, locked, on};

impl Tx {
    /// A value by name.
    pub async fn meta(&mut self, name: &str) -> sqlx::Result<Option<Vec<u8>>> {
        on!(self, c => sqlx::query_scalar("SELECT value FROM meta WHERE name = $1").bind(name).fetch_optional(c).await)
    }

    /// Sets a value that was not set; the first one stays.
    pub async fn add_meta(&mut self, name: &str, value: &[u8]) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(name).bind(value).execute(c).await.map(drop))
    }

    /// The same, which nobody else changes before the commit.
    pub async fn lock_meta(&mut self, name: &str) -> sqlx::Result<Option<Vec<u8>>> {
        locked!(self, "SELECT value FROM meta WHERE name = $1", sql, c => sqlx::query_scalar(sql).bind(name).fetch_optional(c).await)
    }

    /// Sets a value that was set before.
    pub async fn set_meta(&mut self, name: &str, value: &[u8]) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE meta SET value = $2 WHERE name = $1").bind(name).bind(value).execute(c).await.map(drop))
    }
}
