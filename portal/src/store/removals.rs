//! Removals of lost second factors.

use model::{
    Moment,
    factor::RemovalState,
    id::{AccountId, RemovalId},
    text::Name,
};

use super::{Tx, locked, on};

/// A removal.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct RemovalRow {
    pub id: RemovalId,
    pub account_id: AccountId,
    /// Who asked for it, and may be gone.
    pub asked_by: AccountId,
    pub reason: String,
    pub ticket: Option<String>,
    /// What links in mails about it begin with.
    pub origin: String,
    pub state: RemovalState,
    pub created_at: Moment,
    pub due_at: Moment,
}

/// A removal that waits, with who asked for it and for whom they work.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct WaitingRow {
    pub id: RemovalId,
    pub operator: Option<Name>,
    pub organization: Option<Name>,
    pub created_at: Moment,
    pub due_at: Moment,
}

impl Tx {
    /// Adds a removal. The account must be held: only one waits at a time.
    pub async fn add_removal(&mut self, row: &RemovalRow) -> sqlx::Result<()> {
        let closed_at = (row.state != RemovalState::Waiting).then_some(row.created_at);
        on!(self, c => sqlx::query("INSERT INTO factor_removals (id, account_id, asked_by, reason, ticket, origin, state, created_at, due_at, closed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
            .bind(row.id).bind(row.account_id).bind(row.asked_by).bind(&row.reason).bind(&row.ticket).bind(&row.origin)
            .bind(row.state).bind(row.created_at).bind(row.due_at).bind(closed_at).execute(c).await.map(drop))
    }

    /// A removal, whatever became of it.
    pub async fn removal(&mut self, id: RemovalId) -> sqlx::Result<Option<RemovalRow>> {
        on!(self, c => sqlx::query_as("SELECT id, account_id, asked_by, reason, ticket, origin, state, created_at, due_at FROM factor_removals WHERE id = $1")
            .bind(id).fetch_optional(c).await)
    }

    /// A removal, held until the commit. Its account must be held before.
    pub async fn lock_removal(&mut self, id: RemovalId) -> sqlx::Result<Option<RemovalRow>> {
        locked!(self, "SELECT id, account_id, asked_by, reason, ticket, origin, state, created_at, due_at FROM factor_removals WHERE id = $1", query, c =>
            sqlx::query_as(query).bind(id).fetch_optional(c).await)
    }

    /// The removal of an account's factor that was asked for last.
    pub async fn last_removal(&mut self, account: AccountId) -> sqlx::Result<Option<RemovalRow>> {
        on!(self, c => sqlx::query_as("SELECT id, account_id, asked_by, reason, ticket, origin, state, created_at, due_at FROM factor_removals WHERE account_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1")
            .bind(account).fetch_optional(c).await)
    }

    /// The removal of an account's factor that waits.
    pub async fn waiting_removal(
        &mut self,
        account: AccountId,
    ) -> sqlx::Result<Option<WaitingRow>> {
        on!(self, c => sqlx::query_as("SELECT factor_removals.id, accounts.name AS operator, organizations.name AS organization, factor_removals.created_at, factor_removals.due_at FROM factor_removals LEFT JOIN accounts ON accounts.id = factor_removals.asked_by LEFT JOIN organizations ON organizations.id = accounts.organization_id WHERE factor_removals.account_id = $1 AND factor_removals.state = 'waiting'")
            .bind(account).fetch_optional(c).await)
    }

    /// A removal whose time has come. It is not held: its account is, first.
    pub async fn due_removal(&mut self, now: Moment) -> sqlx::Result<Option<RemovalRow>> {
        on!(self, c => sqlx::query_as("SELECT id, account_id, asked_by, reason, ticket, origin, state, created_at, due_at FROM factor_removals WHERE state = 'waiting' AND due_at <= $1 ORDER BY due_at, id LIMIT 1")
            .bind(now).fetch_optional(c).await)
    }

    /// Ends a removal that waits; exactly one caller is told so.
    pub async fn close_removal(
        &mut self,
        id: RemovalId,
        state: RemovalState,
        now: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE factor_removals SET state = $2, closed_at = $3 WHERE id = $1 AND state = $4")
            .bind(id).bind(state).bind(now).bind(RemovalState::Waiting).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Lets a removal wait for longer.
    pub async fn postpone_removal(&mut self, id: RemovalId, due_at: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE factor_removals SET due_at = $2 WHERE id = $1 AND state = $3 AND due_at < $2")
            .bind(id).bind(due_at).bind(RemovalState::Waiting).execute(c).await.map(drop))
    }

    /// Stops every removal that waits; returns how many.
    pub async fn stop_all_removals(&mut self, now: Moment) -> sqlx::Result<u64> {
        on!(self, c => sqlx::query("UPDATE factor_removals SET state = $2, closed_at = $1 WHERE state = $3")
            .bind(now).bind(RemovalState::Stopped).bind(RemovalState::Waiting).execute(c).await.map(|done| done.rows_affected()))
    }

    /// Forgets removals that ended before `before`.
    pub async fn prune_removals(&mut self, before: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM factor_removals WHERE closed_at < $1").bind(before).execute(c).await.map(drop))
    }
}
