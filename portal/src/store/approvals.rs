//! What a second person is asked to agree to.
//!
//! Those that are open have indexes of their own, which are used where their states stand in the query
//! as they do there.

use model::{
    Moment,
    approval::{ApprovalAction, ApprovalState},
    id::{AccountId, ApprovalId, JobId, OrganizationId},
    text::Name,
};
use uuid::Uuid;

use super::{Tx, locked, on};

/// What a second person is asked to agree to.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ApprovalRow {
    pub id: ApprovalId,
    /// Whose people it is about.
    pub organization_id: OrganizationId,
    pub action: ApprovalAction,
    /// Whom it is about; nobody where it is about many.
    pub account_id: Option<AccountId>,
    /// The links to many that wait for it.
    pub job_id: Option<JobId>,
    /// Who asked, and may be gone.
    pub asked_by: AccountId,
    pub reason: String,
    pub ticket: Option<String>,
    pub state: ApprovalState,
    pub asked_at: Moment,
    /// Until when it can be decided; once somebody agreed, until when it can be used.
    pub expires_at: Moment,
    /// Who decided, and may be gone.
    pub decided_by: Option<AccountId>,
    pub decided_at: Option<Moment>,
    pub remark: Option<String>,
}

/// The same in a list.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ApprovalListRow {
    pub id: ApprovalId,
    pub organization_id: OrganizationId,
    pub action: ApprovalAction,
    pub state: ApprovalState,
    pub account_id: Option<AccountId>,
    pub subject: Option<Name>,
    pub asked_by: AccountId,
    pub by: Option<Name>,
    pub expires_at: Moment,
}

impl Tx {
    /// Adds what somebody asks. The account or the job must be held: of each there is one at a time.
    pub async fn add_approval(&mut self, row: &ApprovalRow) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO approvals (id, organization_id, action, account_id, job_id, asked_by, reason, ticket, state, asked_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
            .bind(row.id).bind(row.organization_id).bind(row.action).bind(row.account_id).bind(row.job_id).bind(row.asked_by)
            .bind(&row.reason).bind(&row.ticket).bind(row.state).bind(row.asked_at).bind(row.expires_at).execute(c).await.map(drop))
    }

    /// One of them, whatever became of it.
    pub async fn approval(&mut self, id: ApprovalId) -> sqlx::Result<Option<ApprovalRow>> {
        on!(self, c => sqlx::query_as("SELECT id, organization_id, action, account_id, job_id, asked_by, reason, ticket, state, asked_at, expires_at, decided_by, decided_at, remark FROM approvals WHERE id = $1")
            .bind(id).fetch_optional(c).await)
    }

    /// The same, held until the commit. Whom it is about must be held before.
    pub async fn lock_approval(&mut self, id: ApprovalId) -> sqlx::Result<Option<ApprovalRow>> {
        locked!(self, "SELECT id, organization_id, action, account_id, job_id, asked_by, reason, ticket, state, asked_at, expires_at, decided_by, decided_at, remark FROM approvals WHERE id = $1", query, c =>
            sqlx::query_as(query).bind(id).fetch_optional(c).await)
    }

    /// What somebody asked last for an action about an account: what is open, if anything is. For an answer that decides, the
    /// account must be held.
    pub async fn last_approval(
        &mut self,
        asked_by: AccountId,
        account: AccountId,
        action: ApprovalAction,
    ) -> sqlx::Result<Option<ApprovalRow>> {
        on!(self, c => sqlx::query_as("SELECT id, organization_id, action, account_id, job_id, asked_by, reason, ticket, state, asked_at, expires_at, decided_by, decided_at, remark FROM approvals WHERE account_id = $1 AND asked_by = $2 AND action = $3 ORDER BY CASE WHEN state IN ('asked', 'approved') THEN 0 ELSE 1 END, asked_at DESC, id DESC LIMIT 1")
            .bind(account).bind(asked_by).bind(action).fetch_optional(c).await)
    }

    /// What was asked last for the links of a job: what is open, if anything is.
    pub async fn approval_of_job(&mut self, job: JobId) -> sqlx::Result<Option<ApprovalRow>> {
        on!(self, c => sqlx::query_as("SELECT id, organization_id, action, account_id, job_id, asked_by, reason, ticket, state, asked_at, expires_at, decided_by, decided_at, remark FROM approvals WHERE job_id = $1 ORDER BY CASE WHEN state IN ('asked', 'approved') THEN 0 ELSE 1 END, asked_at DESC, id DESC LIMIT 1")
            .bind(job).fetch_optional(c).await)
    }

    /// What was used for a removal, a reset or a job.
    pub async fn approval_used_for(&mut self, used_for: Uuid) -> sqlx::Result<Option<ApprovalRow>> {
        on!(self, c => sqlx::query_as("SELECT id, organization_id, action, account_id, job_id, asked_by, reason, ticket, state, asked_at, expires_at, decided_by, decided_at, remark FROM approvals WHERE used_for = $1 AND state = $2")
            .bind(used_for).bind(ApprovalState::Used).fetch_optional(c).await)
    }

    /// Everything about an account that is open. For an answer that decides, the account must be held.
    pub async fn open_approvals_about(
        &mut self,
        account: AccountId,
    ) -> sqlx::Result<Vec<ApprovalRow>> {
        on!(self, c => sqlx::query_as("SELECT id, organization_id, action, account_id, job_id, asked_by, reason, ticket, state, asked_at, expires_at, decided_by, decided_at, remark FROM approvals WHERE account_id = $1 AND state IN ('asked', 'approved') ORDER BY id")
            .bind(account).fetch_all(c).await)
    }

    /// Somebody decides about what is asked; exactly one caller is told that they did.
    pub async fn decide_approval(
        &mut self,
        id: ApprovalId,
        state: ApprovalState,
        (by, remark): (AccountId, Option<&str>),
        (now, expires_at): (Moment, Moment),
    ) -> sqlx::Result<bool> {
        let closed_at = (!state.is_open()).then_some(now);
        on!(self, c => sqlx::query("UPDATE approvals SET state = $2, decided_by = $3, remark = $4, decided_at = $5, expires_at = $6, closed_at = $7 WHERE id = $1 AND state = $8")
            .bind(id).bind(state).bind(by).bind(remark).bind(now).bind(expires_at).bind(closed_at).bind(ApprovalState::Asked).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Uses what was agreed to; exactly one caller is told that they did.
    pub async fn use_approval(
        &mut self,
        id: ApprovalId,
        used_for: Uuid,
        now: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE approvals SET state = $2, used_for = $3, closed_at = $4 WHERE id = $1 AND state = $5 AND expires_at > $4")
            .bind(id).bind(ApprovalState::Used).bind(used_for).bind(now).bind(ApprovalState::Approved).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// What was used for a reset that changed nothing is there again.
    pub async fn return_approval(&mut self, used_for: Uuid) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE approvals SET state = $2, used_for = NULL, closed_at = NULL WHERE used_for = $1 AND state = $3")
            .bind(used_for).bind(ApprovalState::Approved).bind(ApprovalState::Used).execute(c).await.map(drop))
    }

    /// Ends one that is open; exactly one caller is told that they did.
    pub async fn close_approval(
        &mut self,
        id: ApprovalId,
        state: ApprovalState,
        now: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE approvals SET state = $2, closed_at = $3 WHERE id = $1 AND state IN ($4, $5)")
            .bind(id).bind(state).bind(now).bind(ApprovalState::Asked).bind(ApprovalState::Approved).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// One whose time is over. It is not held: whom it is about is, first.
    pub async fn due_approval(&mut self, now: Moment) -> sqlx::Result<Option<ApprovalRow>> {
        on!(self, c => sqlx::query_as("SELECT id, organization_id, action, account_id, job_id, asked_by, reason, ticket, state, asked_at, expires_at, decided_by, decided_at, remark FROM approvals WHERE state IN ('asked', 'approved') AND expires_at <= $1 ORDER BY expires_at, id LIMIT 1")
            .bind(now).fetch_optional(c).await)
    }

    /// Ends everything that is open; returns how many.
    pub async fn end_all_approvals(&mut self, now: Moment) -> sqlx::Result<u64> {
        on!(self, c => sqlx::query("UPDATE approvals SET state = $2, closed_at = $1 WHERE state IN ($3, $4)")
            .bind(now).bind(ApprovalState::Expired).bind(ApprovalState::Asked).bind(ApprovalState::Approved).execute(c).await.map(|done| done.rows_affected()))
    }

    /// Forgets those that ended before `before`, but for those by which links still go.
    pub async fn prune_approvals(&mut self, before: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM approvals WHERE closed_at < $1 AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = approvals.job_id AND jobs.finished_at IS NULL)").bind(before).execute(c).await.map(drop))
    }

    /// Everything that is open about people of an organization and those below it, the first to end
    /// first.
    pub async fn open_approvals(
        &mut self,
        scope: OrganizationId,
        now: Moment,
        most: i64,
    ) -> sqlx::Result<Vec<ApprovalListRow>> {
        on!(self, c => sqlx::query_as("SELECT approvals.id, approvals.organization_id, approvals.action, approvals.state, approvals.account_id, subject.name AS subject, approvals.asked_by, asker.name AS by, approvals.expires_at FROM approvals JOIN organization_ancestors o ON o.organization_id = approvals.organization_id AND o.ancestor_id = $1 LEFT JOIN accounts subject ON subject.id = approvals.account_id LEFT JOIN accounts asker ON asker.id = approvals.asked_by WHERE approvals.state IN ('asked', 'approved') AND approvals.expires_at > $2 ORDER BY approvals.expires_at, approvals.id LIMIT $3")
            .bind(scope).bind(now).bind(most).fetch_all(c).await)
    }

    /// Customers to whom somebody had links to many sent since then, without a second person: the
    /// job that is meant is left out.
    pub async fn customers_of_jobs_since(
        &mut self,
        by: AccountId,
        since: Moment,
        but: JobId,
    ) -> sqlx::Result<i64> {
        on!(self, c => sqlx::query_scalar("SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM jobs WHERE created_by = $1 AND kind = 'send_links' AND created_at > $2 AND id <> $3 AND NOT EXISTS (SELECT 1 FROM approvals WHERE approvals.job_id = jobs.id)")
            .bind(by).bind(since).bind(but).fetch_one(c).await)
    }

    /// When an account's email address or user name became another one.
    pub async fn contact_changed_at(&mut self, id: AccountId) -> sqlx::Result<Option<Moment>> {
        on!(self, c => sqlx::query_scalar("SELECT contact_changed_at FROM accounts WHERE id = $1").bind(id).fetch_optional(c).await.map(Option::flatten))
    }

    /// Holds accounts until the commit, always in the same order.
    pub async fn lock_accounts(&mut self, ids: &[AccountId]) -> sqlx::Result<()> {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            self.lock_account(id).await?;
        }
        Ok(())
    }
}
