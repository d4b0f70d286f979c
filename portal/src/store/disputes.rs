//! What customers disputed.

use model::{
    Moment,
    id::{AccountId, DisputeId, OrganizationId, ResetId},
    text::Name,
};

use super::{Tx, locked, on};

/// A dispute.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct DisputeRow {
    pub id: DisputeId,
    pub account_id: AccountId,
    pub organization_id: OrganizationId,
    pub operator_id: Option<AccountId>,
    pub reset_id: Option<ResetId>,
    pub created_at: Moment,
}

impl Tx {
    /// Adds an open dispute.
    pub async fn add_dispute(&mut self, row: &DisputeRow) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO disputes (id, account_id, organization_id, operator_id, reset_id, created_at) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(row.id).bind(row.account_id).bind(row.organization_id).bind(row.operator_id).bind(row.reset_id).bind(row.created_at)
            .execute(c).await.map(drop))
    }

    /// A dispute, held until the commit.
    pub async fn lock_dispute(&mut self, id: DisputeId) -> sqlx::Result<Option<DisputeRow>> {
        locked!(self, "SELECT id, account_id, organization_id, operator_id, reset_id, created_at FROM disputes WHERE id = $1", query, c =>
            sqlx::query_as(query).bind(id).fetch_optional(c).await)
    }

    /// The open disputes of a customer, the latest first, each with the name of the operator whose
    /// doing it is about.
    pub async fn open_disputes(
        &mut self,
        account: AccountId,
    ) -> sqlx::Result<Vec<(DisputeId, Moment, Option<AccountId>, Option<Name>)>> {
        on!(self, c => sqlx::query_as("SELECT disputes.id, disputes.created_at, disputes.operator_id, accounts.name FROM disputes LEFT JOIN accounts ON accounts.id = disputes.operator_id WHERE disputes.account_id = $1 AND disputes.closed_at IS NULL ORDER BY disputes.created_at DESC")
            .bind(account).fetch_all(c).await)
    }

    /// Customers of an organization and below it who dispute something, the latest first, with since
    /// when.
    pub async fn disputing(
        &mut self,
        scope: OrganizationId,
        most: i64,
    ) -> sqlx::Result<Vec<(AccountId, Name, Moment)>> {
        on!(self, c => sqlx::query_as("SELECT accounts.id, accounts.name, MAX(disputes.created_at) AS at FROM disputes JOIN organization_ancestors o ON o.organization_id = disputes.organization_id AND o.ancestor_id = $1 JOIN accounts ON accounts.id = disputes.account_id AND accounts.kind = 'customer' WHERE disputes.closed_at IS NULL GROUP BY accounts.id, accounts.name ORDER BY at DESC LIMIT $2")
            .bind(scope).bind(most).fetch_all(c).await)
    }

    /// Whether a customer disputes something that this operator did.
    pub async fn is_disputed_against(
        &mut self,
        account: AccountId,
        operator: AccountId,
    ) -> sqlx::Result<bool> {
        let open: i64 = on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM disputes WHERE account_id = $1 AND closed_at IS NULL AND operator_id = $2")
            .bind(account).bind(operator).fetch_one(c).await)?;
        Ok(open > 0)
    }

    /// Closes a dispute; whether it was open.
    pub async fn close_dispute(
        &mut self,
        id: DisputeId,
        by: AccountId,
        reason: &str,
        now: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE disputes SET closed_at = $4, closed_by = $2, reason = $3 WHERE id = $1 AND closed_at IS NULL")
            .bind(id).bind(by).bind(reason).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
    }
}
