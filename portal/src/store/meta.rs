//! What the database knows about itself.

use super::{Tx, on};

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
}
