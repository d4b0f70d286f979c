//! Jobs and their rows.

use model::{
    Moment,
    id::{AccountId, JobId, OrganizationId},
    job::{JobCounts, JobKind, JobState},
    text::Name,
};

use super::{Tx, locked, on};

/// A job.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct JobRow {
    pub id: JobId,
    pub kind: JobKind,
    pub organization_id: OrganizationId,
    pub created_by: AccountId,
    pub state: JobState,
    pub plan: String,
    pub total: i64,
    pub position: i64,
    pub created: i64,
    pub updated: i64,
    pub unchanged: i64,
    pub refused: i64,
    pub attempts: i64,
    pub due_at: Moment,
    pub created_at: Moment,
    pub finished_at: Option<Moment>,
}

/// Some rows of a job.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct BatchRow {
    pub number: i64,
    pub content: Option<Vec<u8>>,
    pub result: Option<String>,
}

impl JobRow {
    /// How many rows ended how.
    pub fn counts(&self) -> JobCounts {
        let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
        JobCounts {
            created: count(self.created),
            updated: count(self.updated),
            unchanged: count(self.unchanged),
            refused: count(self.refused),
        }
    }
}

impl Tx {
    /// Adds a job without rows.
    pub async fn add_job(&mut self, row: &JobRow) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO jobs (id, kind, organization_id, created_by, state, plan, total, position, created, updated, unchanged, refused, attempts, due_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0, 0, 0, $8, $8, $8)")
            .bind(row.id).bind(row.kind).bind(row.organization_id).bind(row.created_by).bind(row.state).bind(&row.plan).bind(row.total).bind(row.created_at)
            .execute(c).await.map(drop))
    }

    /// Adds rows to a job.
    pub async fn add_job_batch(
        &mut self,
        job: JobId,
        number: i64,
        content: &[u8],
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO job_batches (job_id, number, content, refused) VALUES ($1, $2, $3, 0)")
            .bind(job).bind(number).bind(content).execute(c).await.map(drop))
    }

    /// A job.
    pub async fn job(&mut self, id: JobId) -> sqlx::Result<Option<JobRow>> {
        on!(self, c => sqlx::query_as("SELECT id, kind, organization_id, created_by, state, plan, total, position, created, updated, unchanged, refused, attempts, due_at, created_at, finished_at FROM jobs WHERE id = $1").bind(id).fetch_optional(c).await)
    }

    /// A job, held until the commit.
    pub async fn lock_job(&mut self, id: JobId) -> sqlx::Result<Option<JobRow>> {
        locked!(self, "SELECT id, kind, organization_id, created_by, state, plan, total, position, created, updated, unchanged, refused, attempts, due_at, created_at, finished_at FROM jobs WHERE id = $1", query, c => sqlx::query_as(query).bind(id).fetch_optional(c).await)
    }

    /// The newest jobs of a kind in a scope, with the names of those who began them.
    pub async fn jobs(
        &mut self,
        scope: OrganizationId,
        kind: JobKind,
        limit: i64,
    ) -> sqlx::Result<Vec<JobRow>> {
        on!(self, c => sqlx::query_as("SELECT id, kind, jobs.organization_id, created_by, state, plan, total, position, created, updated, unchanged, refused, attempts, due_at, created_at, finished_at FROM jobs JOIN organization_ancestors ON organization_ancestors.organization_id = jobs.organization_id WHERE ancestor_id = $1 AND kind = $2 AND state <> 'receiving' ORDER BY created_at DESC, id LIMIT $3")
            .bind(scope).bind(kind).bind(limit).fetch_all(c).await)
    }

    /// The last job of a kind that somebody began, though its rows may still be on their way.
    pub async fn last_job(
        &mut self,
        by: AccountId,
        organization: OrganizationId,
        kind: JobKind,
    ) -> sqlx::Result<Option<JobRow>> {
        on!(self, c => sqlx::query_as("SELECT id, kind, organization_id, created_by, state, plan, total, position, created, updated, unchanged, refused, attempts, due_at, created_at, finished_at FROM jobs WHERE organization_id = $2 AND kind = $3 AND created_by = $1 ORDER BY created_at DESC, id LIMIT 1")
            .bind(by).bind(organization).bind(kind).fetch_optional(c).await)
    }

    /// What somebody is called, as long as they are there.
    pub async fn name_of(&mut self, id: AccountId) -> sqlx::Result<Option<Name>> {
        on!(self, c => sqlx::query_scalar("SELECT name FROM accounts WHERE id = $1").bind(id).fetch_optional(c).await)
    }

    /// Takes a job that is due; nobody else gets it before `lease_until`.
    pub async fn take_job(
        &mut self,
        now: Moment,
        lease_until: Moment,
    ) -> sqlx::Result<Option<JobRow>> {
        match self {
            Self::Sqlite(tx) => sqlx::query_as("UPDATE jobs SET lease_until = $2, attempts = attempts + 1 WHERE id = (SELECT id FROM jobs WHERE state IN ('checking', 'running') AND due_at <= $1 AND (lease_until IS NULL OR lease_until < $1) ORDER BY due_at, id LIMIT 1) RETURNING id, kind, organization_id, created_by, state, plan, total, position, created, updated, unchanged, refused, attempts, due_at, created_at, finished_at")
                .bind(now).bind(lease_until).fetch_optional(&mut **tx).await,
            Self::Postgres(tx) => sqlx::query_as("UPDATE jobs SET lease_until = $2, attempts = attempts + 1 WHERE id = (SELECT id FROM jobs WHERE state IN ('checking', 'running') AND due_at <= $1 AND (lease_until IS NULL OR lease_until < $1) ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, kind, organization_id, created_by, state, plan, total, position, created, updated, unchanged, refused, attempts, due_at, created_at, finished_at")
                .bind(now).bind(lease_until).fetch_optional(&mut **tx).await,
        }
    }

    /// The rows at a place of a job.
    pub async fn job_batch(&mut self, job: JobId, number: i64) -> sqlx::Result<Option<BatchRow>> {
        on!(self, c => sqlx::query_as("SELECT number, content, result FROM job_batches WHERE job_id = $1 AND number = $2").bind(job).bind(number).fetch_optional(c).await)
    }

    /// What came of rows, a few batches at a time; only of those with rows that were left out, when
    /// that is all one asks for.
    pub async fn job_results(
        &mut self,
        job: JobId,
        from: i64,
        refused_only: bool,
        limit: i64,
    ) -> sqlx::Result<Vec<BatchRow>> {
        on!(self, c => sqlx::query_as("SELECT number, NULL AS content, result FROM job_batches WHERE job_id = $1 AND number >= $2 AND result IS NOT NULL AND (refused > 0 OR NOT $3) ORDER BY number LIMIT $4")
            .bind(job).bind(from).bind(refused_only).bind(limit).fetch_all(c).await)
    }

    /// Moves a job on by one batch, if it is still where this worker found it; the job is then held
    /// until the commit. Exactly one worker is told so.
    pub async fn move_job(&mut self, job: &JobRow, now: Moment) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE jobs SET position = position + 1, attempts = 0, lease_until = NULL, updated_at = $4 WHERE id = $1 AND position = $2 AND state = $3")
            .bind(job.id).bind(job.position).bind(job.state).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Counts what came of a batch, and says when the next one is due.
    pub async fn count_job(
        &mut self,
        id: JobId,
        counts: JobCounts,
        due_at: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE jobs SET created = created + $2, updated = updated + $3, unchanged = unchanged + $4, refused = refused + $5, due_at = $6 WHERE id = $1")
            .bind(id).bind(i64::from(counts.created)).bind(i64::from(counts.updated)).bind(i64::from(counts.unchanged)).bind(i64::from(counts.refused)).bind(due_at)
            .execute(c).await.map(drop))
    }

    /// Stores what came of rows; they themselves are gone when they are done.
    pub async fn finish_batch(
        &mut self,
        (job, number): (JobId, i64),
        result: &str,
        refused: i64,
        wipe: bool,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO job_batches (job_id, number, result, refused) VALUES ($1, $2, $3, $4) ON CONFLICT (job_id, number) DO UPDATE SET result = excluded.result, refused = excluded.refused, content = CASE WHEN $5 THEN NULL ELSE job_batches.content END")
            .bind(job).bind(number).bind(result).bind(refused).bind(wipe).execute(c).await.map(drop))
    }

    /// A job's worker lets it go, to be taken up again later.
    pub async fn rest_job(&mut self, id: JobId, due_at: Moment, attempts: i64) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE jobs SET lease_until = NULL, due_at = $2, attempts = $3 WHERE id = $1").bind(id).bind(due_at).bind(attempts).execute(c).await.map(drop))
    }

    /// Begins a job anew at its first row, in a state and with a plan.
    pub async fn restart_job(
        &mut self,
        id: JobId,
        state: JobState,
        plan: &str,
        now: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE jobs SET state = $2, plan = $3, position = 0, created = 0, updated = 0, unchanged = 0, refused = 0, attempts = 0, due_at = $4, lease_until = NULL, updated_at = $4 WHERE id = $1")
            .bind(id).bind(state).bind(plan).bind(now).execute(c).await.map(drop))
    }

    /// Sets where a job stands, if it stands in this state; whether it did.
    pub async fn set_job_state(
        &mut self,
        id: JobId,
        from: JobState,
        to: JobState,
        now: Moment,
    ) -> sqlx::Result<bool> {
        let finished = matches!(to, JobState::Done | JobState::Stopped).then_some(now);
        on!(self, c => sqlx::query("UPDATE jobs SET state = $3, due_at = $4, lease_until = NULL, attempts = 0, updated_at = $4, finished_at = $5 WHERE id = $1 AND state = $2")
            .bind(id).bind(from).bind(to).bind(now).bind(finished).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Every row of a job has arrived.
    pub async fn fill_job(
        &mut self,
        id: JobId,
        plan: &str,
        total: i64,
        now: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE jobs SET state = 'draft', plan = $2, total = $3, updated_at = $4 WHERE id = $1 AND state = 'receiving'")
            .bind(id).bind(plan).bind(total).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Wipes rows that are done.
    pub async fn wipe_batch(&mut self, job: JobId, number: i64) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE job_batches SET content = NULL WHERE job_id = $1 AND number = $2").bind(job).bind(number).execute(c).await.map(drop))
    }

    /// Wipes rows that will never be done.
    pub async fn wipe_rows(&mut self, id: JobId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE job_batches SET content = NULL WHERE job_id = $1 AND content IS NOT NULL").bind(id).execute(c).await.map(drop))
    }

    /// Removes a job with its rows.
    pub async fn remove_job(&mut self, id: JobId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM jobs WHERE id = $1").bind(id).execute(c).await.map(drop))
    }

    /// Removes what somebody began and never started.
    pub async fn remove_drafts(&mut self, by: AccountId, kind: JobKind) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM jobs WHERE created_by = $1 AND kind = $2 AND state IN ('receiving', 'draft', 'checking', 'checked')").bind(by).bind(kind).execute(c).await.map(drop))
    }

    /// Ends jobs that were paused before `before`, with their rows.
    pub async fn end_paused_jobs(&mut self, before: Moment, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM job_batches WHERE job_id IN (SELECT id FROM jobs WHERE state = 'paused' AND updated_at < $1) AND result IS NULL").bind(before).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("UPDATE job_batches SET content = NULL WHERE content IS NOT NULL AND job_id IN (SELECT id FROM jobs WHERE state = 'paused' AND updated_at < $1)").bind(before).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("UPDATE jobs SET state = 'stopped', finished_at = $2, updated_at = $2 WHERE state = 'paused' AND updated_at < $1").bind(before).bind(now).execute(c).await.map(drop))
    }

    /// Pauses every job that goes on by itself, or waits for a second person; how many there were.
    pub async fn pause_all_jobs(&mut self, now: Moment) -> sqlx::Result<u64> {
        on!(self, c => sqlx::query("UPDATE jobs SET state = CASE state WHEN 'checking' THEN 'draft' ELSE 'paused' END, position = CASE state WHEN 'checking' THEN 0 ELSE position END, lease_until = NULL, attempts = 0, updated_at = $1 WHERE state IN ('checking', 'running', 'approval')")
            .bind(now).execute(c).await.map(|done| done.rows_affected()))
    }

    /// Forgets jobs that ended before `before`, and those that nobody started since `drafts`.
    pub async fn prune_jobs(&mut self, before: Moment, drafts: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM jobs WHERE finished_at < $1 OR (state IN ('receiving', 'draft', 'checking', 'checked') AND updated_at < $2)")
            .bind(before).bind(drafts).execute(c).await.map(drop))
    }
}
