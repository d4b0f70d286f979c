//! Changes of email addresses.
//!
//! Those under way have indexes of their own, which are used where their states stand in the query as
//! they do there.

use model::{
    Moment,
    email::EmailChangeState,
    id::{AccountId, EmailChangeId, OrganizationId},
    text::{EmailAddress, Name},
};

use super::{Tx, locked, on};

/// A change of an email address.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct EmailChangeRow {
    pub id: EmailChangeId,
    pub account_id: AccountId,
    /// Who asked for it: the account itself, or staff, who may be gone.
    pub asked_by: AccountId,
    /// Why staff asked for it.
    pub reason: Option<String>,
    pub ticket: Option<String>,
    /// Who agreed, where a second one had to, and may be gone.
    pub approved_by: Option<AccountId>,
    pub new_email: EmailAddress,
    /// The same as signing in compares it.
    pub new_key: String,
    /// What links in mails about it begin with.
    pub origin: String,
    pub state: EmailChangeState,
    pub confirmed_at: Option<Moment>,
    pub created_at: Moment,
    pub due_at: Moment,
}

impl Tx {
    /// Adds a change that is under way. The account must be held: there is only one at a time.
    pub async fn add_email_change(&mut self, row: &EmailChangeRow) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO email_changes (id, account_id, asked_by, reason, ticket, new_email, new_key, origin, state, created_at, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
            .bind(row.id).bind(row.account_id).bind(row.asked_by).bind(&row.reason).bind(&row.ticket).bind(&row.new_email).bind(&row.new_key)
            .bind(&row.origin).bind(row.state).bind(row.created_at).bind(row.due_at).execute(c).await.map(drop))
    }

    /// The change that is under way for an account. For an answer that decides, the account must be
    /// held.
    pub async fn open_email_change(
        &mut self,
        account: AccountId,
    ) -> sqlx::Result<Option<EmailChangeRow>> {
        on!(self, c => sqlx::query_as("SELECT id, account_id, asked_by, reason, ticket, approved_by, new_email, new_key, origin, state, confirmed_at, created_at, due_at FROM email_changes WHERE account_id = $1 AND state IN ('approval', 'waiting')")
            .bind(account).fetch_optional(c).await)
    }

    /// A change, whatever became of it.
    pub async fn email_change(
        &mut self,
        id: EmailChangeId,
    ) -> sqlx::Result<Option<EmailChangeRow>> {
        on!(self, c => sqlx::query_as("SELECT id, account_id, asked_by, reason, ticket, approved_by, new_email, new_key, origin, state, confirmed_at, created_at, due_at FROM email_changes WHERE id = $1")
            .bind(id).fetch_optional(c).await)
    }

    /// A change, held until the commit. Its account must be held before.
    pub async fn lock_email_change(
        &mut self,
        id: EmailChangeId,
    ) -> sqlx::Result<Option<EmailChangeRow>> {
        locked!(self, "SELECT id, account_id, asked_by, reason, ticket, approved_by, new_email, new_key, origin, state, confirmed_at, created_at, due_at FROM email_changes WHERE id = $1", query, c =>
            sqlx::query_as(query).bind(id).fetch_optional(c).await)
    }

    /// Who asked for a change, and for whom they work, where that is still known.
    pub async fn email_asker(&mut self, id: EmailChangeId) -> sqlx::Result<Option<(Name, Name)>> {
        on!(self, c => sqlx::query_as("SELECT accounts.name, organizations.name FROM email_changes JOIN accounts ON accounts.id = email_changes.asked_by JOIN organizations ON organizations.id = accounts.organization_id WHERE email_changes.id = $1")
            .bind(id).fetch_optional(c).await)
    }

    /// A change whose time has come. It is not held: its account is, first.
    pub async fn due_email_change(&mut self, now: Moment) -> sqlx::Result<Option<EmailChangeRow>> {
        on!(self, c => sqlx::query_as("SELECT id, account_id, asked_by, reason, ticket, approved_by, new_email, new_key, origin, state, confirmed_at, created_at, due_at FROM email_changes WHERE state IN ('approval', 'waiting') AND due_at <= $1 ORDER BY due_at, id LIMIT 1")
            .bind(now).fetch_optional(c).await)
    }

    /// A second one agrees to a change that waits for that; whether it did.
    pub async fn approve_email_change(
        &mut self,
        id: EmailChangeId,
        by: AccountId,
        due_at: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE email_changes SET state = $4, approved_by = $2, due_at = $3 WHERE id = $1 AND state = $5")
            .bind(id).bind(by).bind(due_at).bind(EmailChangeState::Waiting).bind(EmailChangeState::Approval).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Whoever reads the new mailbox confirms a change; exactly one caller is told so.
    pub async fn confirm_email_change(
        &mut self,
        id: EmailChangeId,
        now: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE email_changes SET confirmed_at = $2 WHERE id = $1 AND state = $3 AND confirmed_at IS NULL")
            .bind(id).bind(now).bind(EmailChangeState::Waiting).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Ends a change that is under way; exactly one caller is told so.
    pub async fn close_email_change(
        &mut self,
        id: EmailChangeId,
        state: EmailChangeState,
        now: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE email_changes SET state = $2, closed_at = $3 WHERE id = $1 AND state IN ($4, $5)")
            .bind(id).bind(state).bind(now).bind(EmailChangeState::Approval).bind(EmailChangeState::Waiting).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Lets a change rest that cannot be carried out.
    pub async fn postpone_email_change(
        &mut self,
        id: EmailChangeId,
        due_at: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE email_changes SET due_at = $2 WHERE id = $1 AND state IN ($3, $4) AND due_at < $2")
            .bind(id).bind(due_at).bind(EmailChangeState::Approval).bind(EmailChangeState::Waiting).execute(c).await.map(drop))
    }

    /// Ends every change that is under way; returns how many.
    pub async fn stop_all_email_changes(&mut self, now: Moment) -> sqlx::Result<u64> {
        on!(self, c => sqlx::query("UPDATE email_changes SET state = $2, closed_at = $1 WHERE state IN ($3, $4)")
            .bind(now).bind(EmailChangeState::Stopped).bind(EmailChangeState::Approval).bind(EmailChangeState::Waiting).execute(c).await.map(|done| done.rows_affected()))
    }

    /// Forgets changes that ended before `before`.
    pub async fn prune_email_changes(&mut self, before: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM email_changes WHERE closed_at < $1").bind(before).execute(c).await.map(drop))
    }

    /// Gives an account another address, and lists it under that.
    pub async fn set_email(
        &mut self,
        id: AccountId,
        email: &EmailAddress,
        key: &str,
        now: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE accounts SET email = $2, email_key = $3, contact_changed_at = $4, updated_at = $4 WHERE id = $1")
            .bind(id).bind(email).bind(key).bind(now).execute(c).await.map(drop))?;
        self.relist(id).await
    }

    /// Customers of an organization and below it whose address somebody other than `reader` wants to
    /// change, which a second one has to agree to; each with until when, the first to end first.
    pub async fn email_changes_to_agree_to(
        &mut self,
        scope: OrganizationId,
        reader: AccountId,
        now: Moment,
        most: i64,
    ) -> sqlx::Result<Vec<(AccountId, Name, Moment)>> {
        on!(self, c => sqlx::query_as("SELECT accounts.id, accounts.name, email_changes.due_at FROM email_changes JOIN accounts ON accounts.id = email_changes.account_id JOIN organization_ancestors o ON o.organization_id = accounts.organization_id AND o.ancestor_id = $1 WHERE email_changes.state IN ('approval', 'waiting') AND email_changes.state = 'approval' AND email_changes.due_at > $2 AND email_changes.asked_by <> $3 ORDER BY email_changes.due_at, email_changes.id LIMIT $4")
            .bind(scope).bind(now).bind(reader).bind(most).fetch_all(c).await)
    }
}
