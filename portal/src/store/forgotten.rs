//! What was asked for at the forgotten-password page and not worked off yet.

use model::{Moment, id::SiteId};
use uuid::Uuid;

use super::{Tx, on};

/// A request, with what was typed sealed.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ForgottenRow {
    pub id: Uuid,
    pub site_id: SiteId,
    pub sealed: Vec<u8>,
    pub requested_at: Moment,
}

impl Tx {
    /// Adds a request.
    pub async fn add_forgotten(&mut self, row: &ForgottenRow) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO forgotten_requests (id, site_id, sealed, requested_at) VALUES ($1, $2, $3, $4)")
            .bind(row.id).bind(row.site_id).bind(&row.sealed).bind(row.requested_at).execute(c).await.map(drop))
    }

    /// Takes the oldest request that no other node is working on; it is gone with the commit.
    pub async fn take_forgotten(&mut self) -> sqlx::Result<Option<ForgottenRow>> {
        match self {
            Self::Sqlite(tx) => sqlx::query_as("DELETE FROM forgotten_requests WHERE id = (SELECT id FROM forgotten_requests ORDER BY requested_at, id LIMIT 1) RETURNING id, site_id, sealed, requested_at").fetch_optional(&mut **tx).await,
            Self::Postgres(tx) => sqlx::query_as("DELETE FROM forgotten_requests WHERE id = (SELECT id FROM forgotten_requests ORDER BY requested_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, site_id, sealed, requested_at").fetch_optional(&mut **tx).await,
        }
    }

    /// Forgets one request.
    pub async fn remove_forgotten(&mut self, id: Uuid) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM forgotten_requests WHERE id = $1").bind(id).execute(c).await.map(drop))
    }

    /// Forgets every request.
    pub async fn clear_forgotten(&mut self) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM forgotten_requests").execute(c).await.map(drop))
    }
}
