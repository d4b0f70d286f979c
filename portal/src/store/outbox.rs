//! Mail on its way.

use model::{
    Moment,
    account::Language,
    id::{AccountId, MailId, OrganizationId, ResetId, SiteId},
    text::EmailAddress,
};

use super::{Tx, on};
use crate::mail::LetterKind;

/// A mail.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct OutboxRow {
    pub id: MailId,
    pub site_id: SiteId,
    pub organization_id: OrganizationId,
    pub account_id: Option<AccountId>,
    /// The reset whose password it carries.
    pub reset_id: Option<ResetId>,
    pub kind: LetterKind,
    pub language: Language,
    pub recipient: EmailAddress,
    pub sealed: Option<Vec<u8>>,
    pub attempts: i32,
    pub expires_at: Moment,
    pub created_at: Moment,
}

impl Tx {
    /// Adds a mail that is due at once.
    pub async fn add_mail(&mut self, row: &OutboxRow) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO outbox (id, site_id, organization_id, account_id, kind, language, recipient, sealed, state, attempts, due_at, expires_at, created_at, reset_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', 0, $10, $9, $10, $11)")
            .bind(row.id).bind(row.site_id).bind(row.organization_id).bind(row.account_id).bind(row.kind).bind(row.language)
            .bind(&row.recipient).bind(&row.sealed).bind(row.expires_at).bind(row.created_at).bind(row.reset_id).execute(c).await.map(drop))
    }

    /// Takes a mail that is due; nobody else gets it before `lease_until`.
    pub async fn take_mail(
        &mut self,
        now: Moment,
        lease_until: Moment,
    ) -> sqlx::Result<Option<OutboxRow>> {
        match self {
            Self::Sqlite(tx) => sqlx::query_as("UPDATE outbox SET lease_until = $2, attempts = attempts + 1 WHERE id = (SELECT id FROM outbox WHERE state = 'waiting' AND due_at <= $1 AND (lease_until IS NULL OR lease_until < $1) ORDER BY due_at, id LIMIT 1) RETURNING id, site_id, organization_id, account_id, reset_id, kind, language, recipient, sealed, attempts, expires_at, created_at")
                .bind(now).bind(lease_until).fetch_optional(&mut **tx).await,
            Self::Postgres(tx) => sqlx::query_as("UPDATE outbox SET lease_until = $2, attempts = attempts + 1 WHERE id = (SELECT id FROM outbox WHERE state = 'waiting' AND due_at <= $1 AND (lease_until IS NULL OR lease_until < $1) ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, site_id, organization_id, account_id, reset_id, kind, language, recipient, sealed, attempts, expires_at, created_at")
                .bind(now).bind(lease_until).fetch_optional(&mut **tx).await,
        }
    }

    /// A mail goes out again at `due_at`.
    pub async fn postpone_mail(
        &mut self,
        id: MailId,
        due_at: Moment,
        answer: &str,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE outbox SET due_at = $2, lease_until = NULL, answer = $3 WHERE id = $1 AND state = 'waiting'").bind(id).bind(due_at).bind(answer).execute(c).await.map(drop))
    }

    /// A mail is `sent`, `dead` or `expired`; its content is wiped. Whether it was on its way.
    pub async fn finish_mail(
        &mut self,
        id: MailId,
        state: &str,
        answer: &str,
        now: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE outbox SET state = $2, answer = $3, sealed = NULL, lease_until = NULL, finished_at = $4 WHERE id = $1 AND state = 'waiting'")
            .bind(id).bind(state).bind(answer).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Wipes mails whose time is over and that nobody is sending; the resets whose passwords they
    /// carried.
    pub async fn expire_mails(&mut self, now: Moment) -> sqlx::Result<Vec<ResetId>> {
        let expired: Vec<Option<ResetId>> = on!(self, c => sqlx::query_scalar("UPDATE outbox SET state = 'expired', sealed = NULL, lease_until = NULL, finished_at = $1 WHERE state = 'waiting' AND expires_at <= $1 AND (lease_until IS NULL OR lease_until < $1) RETURNING reset_id")
            .bind(now).fetch_all(c).await)?;
        Ok(expired.into_iter().flatten().collect())
    }

    /// Wipes every mail that is on its way; returns how many.
    pub async fn wipe_mails(&mut self, now: Moment) -> sqlx::Result<u64> {
        on!(self, c => sqlx::query("UPDATE outbox SET state = 'expired', sealed = NULL, lease_until = NULL, finished_at = $1 WHERE state = 'waiting'").bind(now).execute(c).await.map(|done| done.rows_affected()))
    }

    /// How many mails are in a state.
    pub async fn count_mails(&mut self, state: &str) -> sqlx::Result<i64> {
        on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM outbox WHERE state = $1").bind(state).fetch_one(c).await)
    }

    /// Forgets mails that were finished before `before`; dead letters stay.
    pub async fn prune_mails(&mut self, before: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM outbox WHERE finished_at < $1 AND state <> 'dead'").bind(before).execute(c).await.map(drop))
    }
}
