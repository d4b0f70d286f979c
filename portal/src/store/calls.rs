//! Calls: codes that callers read back, and receipts for those who did.

use model::{
    Moment,
    call::{CallAction, CallMethod},
    id::{AccountId, ReceiptId, ResetId, VerificationId},
    text::Name,
};

use super::{Tx, on};

/// A code on its way to whoever is called.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct VerificationRow {
    pub id: VerificationId,
    pub operator_id: AccountId,
    pub account_id: AccountId,
    pub action: CallAction,
    pub method: CallMethod,
    pub sealed: Option<Vec<u8>>,
    pub created_at: Moment,
    pub expires_at: Moment,
}

/// A call as the customer sees it.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct CallRow {
    pub id: VerificationId,
    pub action: CallAction,
    pub method: CallMethod,
    pub sealed: Option<Vec<u8>>,
    pub expires_at: Moment,
    pub operator: Name,
    pub organization: Name,
}

/// Proof that a caller was verified.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(crate) struct ReceiptRow {
    pub id: ReceiptId,
    pub expires_at: Moment,
}

impl Tx {
    /// Adds a code that is on its way.
    pub async fn add_verification(&mut self, row: &VerificationRow) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO verifications (id, operator_id, account_id, action, method, sealed, failures, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8)")
            .bind(row.id).bind(row.operator_id).bind(row.account_id).bind(row.action).bind(row.method)
            .bind(&row.sealed).bind(row.created_at).bind(row.expires_at).execute(c).await.map(drop))
    }

    /// The code that an operator waits for from somebody, for an action. The account must be held where
    /// it decides.
    pub async fn open_verification(
        &mut self,
        operator: AccountId,
        account: AccountId,
        action: CallAction,
        now: Moment,
    ) -> sqlx::Result<Option<VerificationRow>> {
        on!(self, c => sqlx::query_as("SELECT id, operator_id, account_id, action, method, sealed, created_at, expires_at FROM verifications WHERE account_id = $2 AND operator_id = $1 AND action = $3 AND closed_at IS NULL AND expires_at > $4 ORDER BY created_at DESC LIMIT 1")
            .bind(operator).bind(account).bind(action).bind(now).fetch_optional(c).await)
    }

    /// Who waits for a code of this account, the latest first.
    pub async fn calls_to(
        &mut self,
        account: AccountId,
        now: Moment,
    ) -> sqlx::Result<Vec<CallRow>> {
        on!(self, c => sqlx::query_as("SELECT verifications.id, verifications.action, verifications.method, verifications.sealed, verifications.expires_at, accounts.name AS operator, organizations.name AS organization FROM verifications JOIN accounts ON accounts.id = verifications.operator_id JOIN organizations ON organizations.id = accounts.organization_id WHERE verifications.account_id = $1 AND verifications.closed_at IS NULL AND verifications.expires_at > $2 ORDER BY verifications.created_at DESC")
            .bind(account).bind(now).fetch_all(c).await)
    }

    /// Ends what an operator waits for from somebody, for an action; code and words are wiped.
    pub async fn close_verifications(
        &mut self,
        operator: AccountId,
        account: AccountId,
        action: CallAction,
        now: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE verifications SET closed_at = $3, sealed = NULL WHERE account_id = $2 AND operator_id = $1 AND action = $4 AND closed_at IS NULL")
            .bind(operator).bind(account).bind(now).bind(action).execute(c).await.map(drop))
    }

    /// Counts a wrong code; how many there were.
    pub async fn count_wrong_code(&mut self, id: VerificationId) -> sqlx::Result<i32> {
        on!(self, c => sqlx::query_scalar("UPDATE verifications SET failures = failures + 1 WHERE id = $1 RETURNING failures").bind(id).fetch_one(c).await)
    }

    /// Ends every call about an account: codes that went to its address, and what they earned, for good.
    pub async fn void_calls(&mut self, account: AccountId, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE verifications SET closed_at = $2, sealed = NULL WHERE account_id = $1 AND closed_at IS NULL").bind(account).bind(now).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("UPDATE receipts SET used_at = COALESCE(used_at, $2), reset_id = NULL WHERE account_id = $1").bind(account).bind(now).execute(c).await.map(drop))
    }

    /// Ends codes whose time is over, and wipes them.
    pub async fn expire_verifications(&mut self, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE verifications SET closed_at = $1, sealed = NULL WHERE closed_at IS NULL AND expires_at <= $1").bind(now).execute(c).await.map(drop))
    }

    /// Forgets codes and receipts that were over before `before`.
    pub async fn prune_calls(&mut self, before: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM verifications WHERE closed_at < $1").bind(before).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("DELETE FROM receipts WHERE expires_at < $1").bind(before).execute(c).await.map(drop))
    }

    /// Adds a receipt.
    pub async fn add_receipt(
        &mut self,
        id: ReceiptId,
        of: &VerificationRow,
        now: Moment,
        expires_at: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO receipts (id, operator_id, account_id, action, method, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)")
            .bind(id).bind(of.operator_id).bind(of.account_id).bind(of.action).bind(of.method)
            .bind(now).bind(expires_at).execute(c).await.map(drop))
    }

    /// The receipt an operator has for somebody and an action, if it can still be used. One that
    /// was made after `latest` has seen another clock.
    pub async fn usable_receipt(
        &mut self,
        operator: AccountId,
        account: AccountId,
        action: CallAction,
        (now, latest): (Moment, Moment),
    ) -> sqlx::Result<Option<ReceiptRow>> {
        on!(self, c => sqlx::query_as("SELECT id, expires_at FROM receipts WHERE account_id = $2 AND operator_id = $1 AND action = $3 AND used_at IS NULL AND expires_at > $4 AND created_at <= $5 ORDER BY expires_at DESC LIMIT 1")
            .bind(operator).bind(account).bind(action).bind(now).bind(latest).fetch_optional(c).await)
    }

    /// Uses a receipt up, for a reset where it is one; exactly one caller is told so.
    pub async fn use_receipt(
        &mut self,
        id: ReceiptId,
        reset: Option<ResetId>,
        now: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE receipts SET used_at = $3, reset_id = $2 WHERE id = $1 AND used_at IS NULL AND expires_at > $3")
            .bind(id).bind(reset).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Gives back the receipt that a reset used up; its time goes on as before.
    pub async fn return_receipt(&mut self, reset: ResetId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE receipts SET used_at = NULL, reset_id = NULL WHERE reset_id = $1").bind(reset).execute(c).await.map(drop))
    }
}
