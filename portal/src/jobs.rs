//! Work of many steps that goes on beside requests, row by row.
//!
//! A job is a row, and so is each batch of at most [`ROWS_AT_ONCE`] of its rows. Whichever worker of
//! whichever node has the time takes the job for a while (a lease), does its next batch in one
//! transaction, and in the same transaction moves the job on, which works only from where it found
//! it. Killed before the commit, nothing of the batch happened and somebody else does it; killed
//! after it, the next one is due. Nothing is done twice, nothing is lost.
//!
//! The member of staff on whose behalf it happens is looked at anew with each batch: what was taken
//! away from them meanwhile ends the job.

use std::time::Duration;

use anyhow::Context;
use model::{
    Moment, Refusal,
    account::{AccountKind, AccountState},
    audit::{ActorKind, AuditKind, Outcome},
    id::{AccountId, JobId, OrganizationId, ResetId},
    job::{JobCounts, JobKind, JobState, JobView, PROBLEMS_SHOWN, RowOutcome, RowResult},
    text::Name,
};

use crate::{
    Actor, Portal, Result,
    audit::{Event, Personal},
    doer::Doer,
    failpoint,
    keys::Keys,
    resets::Why,
    store::{BatchRow, JobRow, Tx},
};

/// Rows that are done in one transaction.
pub(crate) const ROWS_AT_ONCE: usize = 100;
/// The purpose of the seal of rows.
pub(crate) const ROWS_PURPOSE: &str = "rows";
/// How long a worker may take for one batch before another one tries.
const LEASE: Duration = Duration::from_secs(60);
/// How long a batch that went wrong rests.
const RETRY: Duration = Duration::from_secs(5);
/// A rest that is not worth a word.
const SHORT_REST: Duration = Duration::from_secs(15);
/// How often a batch is tried before the job is given up.
const TRIES: i64 = 10;
/// Batches whose results are read at once.
const RESULTS_AT_ONCE: i64 = 20;
/// Jobs that a page lists.
const LISTED: i64 = 10;

/// Something that was done to a customer, to be recorded when the batch is complete: the head of
/// the audit log is held last, as everywhere.
pub(crate) struct Noted {
    pub organization: OrganizationId,
    pub customer: AccountId,
    pub kind: AuditKind,
    pub reset: Option<ResetId>,
    pub why: Option<Why>,
}

/// What came of a batch.
pub(crate) enum Step {
    /// It is done; the next one is due then.
    Done(Vec<RowResult>, Vec<Noted>, Moment),
    /// Nothing may be done before then.
    Wait(Moment),
    /// On whose behalf it happens may not do that any more.
    Stop,
}

/// What somebody wants of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobWish {
    /// To rest.
    Pause,
    /// To go on.
    Resume,
    /// To end.
    Stop,
}

impl JobWish {
    /// The wish of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "pause" => Some(Self::Pause),
            "resume" => Some(Self::Resume),
            "stop" => Some(Self::Stop),
            _ => None,
        }
    }
}

impl Portal {
    /// Does the next batch of a job that is due; whether there was one.
    pub(crate) async fn work_on_job(&self) -> Result<bool> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        let Some(job) = tx.take_job(now, now.plus(LEASE)).await? else { return Ok(false) };
        if job.attempts > TRIES {
            tracing::error!(job = %job.id, "a job cannot be finished and is given up");
            self.end_job(&mut tx, &job, JobState::Stopped, &Doer::of_job(&job)?).await?;
            tx.commit().await?;
            return Ok(true);
        }
        tx.commit().await?;
        failpoint::reach("job-taken");
        if let Err(error) = self.do_batch(&job).await {
            tracing::warn!(job = %job.id, error = format!("{error:#}"), "a batch will be tried again");
            let mut tx = self.db().write().await?;
            tx.rest_job(job.id, self.now().plus(RETRY), job.attempts).await?;
            tx.commit().await?;
        }
        Ok(true)
    }

    async fn do_batch(&self, job: &JobRow) -> Result<()> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        let batch = match job.kind {
            JobKind::Import => tx.job_batch(job.id, job.position).await?,
            JobKind::SendLinks | JobKind::StaffLinks => self.links_batch(&mut tx, job).await?,
        };
        let Some(batch) = batch else {
            let end = if job.state == JobState::Checking {
                self.seen().lock().await.forget(job.id);
                JobState::Checked
            } else {
                JobState::Done
            };
            self.end_job(&mut tx, job, end, &Doer::of_job(job)?).await?;
            return Ok(tx.commit().await?);
        };
        // First of all: whoever comes second is not let past, and waits for the first one's commit.
        if !tx.move_job(job, now).await? {
            return Ok(());
        }
        let step = match (job.kind, job.state) {
            (JobKind::Import, JobState::Checking) => self.check_rows(&mut tx, job, &batch).await?,
            (JobKind::Import, _) => self.import_rows(&mut tx, job, &batch).await?,
            (JobKind::SendLinks | JobKind::StaffLinks, _) => {
                self.send_links_to(&mut tx, job, &batch).await?
            }
        };
        match step {
            Step::Done(results, noted, due_at) => {
                let doer = Doer::of_job(job)?;
                let mut counts = JobCounts::default();
                for result in &results {
                    match result.outcome {
                        RowOutcome::Created => counts.created += 1,
                        RowOutcome::Updated => counts.updated += 1,
                        RowOutcome::Unchanged => counts.unchanged += 1,
                        RowOutcome::Refused => counts.refused += 1,
                    }
                }
                let refused = i64::from(counts.refused);
                let result = serde_json::to_string(&results).context("results")?;
                let wipe = job.state == JobState::Running;
                tx.finish_batch((job.id, batch.number), &result, refused, wipe).await?;
                tx.count_job(job.id, counts, due_at).await?;
                tx.record_noted(self, &doer, noted).await?;
                failpoint::reach("job-before-commit");
                tx.commit().await?;
                failpoint::reach("job-committed");
                self.wake();
            }
            Step::Wait(until) => {
                // As if it had never been taken.
                drop(tx);
                let mut tx = self.db().write().await?;
                tx.rest_job(job.id, until, 0).await?;
                tx.commit().await?;
            }
            Step::Stop => {
                drop(tx);
                let mut tx = self.db().write().await?;
                tracing::warn!(job = %job.id, "a job ends: its owner may not do that any more");
                self.end_job(&mut tx, job, JobState::Stopped, &Doer::of_job(job)?).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }

    /// Ends a job, or its check. What it did is recorded; rows that were not done are gone.
    pub(crate) async fn end_job(
        &self,
        tx: &mut Tx,
        job: &JobRow,
        end: JobState,
        by: &Doer,
    ) -> Result<()> {
        if !tx.set_job_state(job.id, job.state, end, self.now()).await? || end == JobState::Checked
        {
            return Ok(());
        }
        tx.wipe_rows(job.id).await?;
        if matches!(job.state, JobState::Running | JobState::Paused) {
            let outcome = if end == JobState::Done { Outcome::Done } else { Outcome::Refused };
            tx.record(self, by.event_of_job(job, outcome)).await?;
        }
        Ok(())
    }

    /// A job that staff may see, with the right to do what it does.
    pub(crate) async fn job_of(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: JobId,
        kind: JobKind,
    ) -> Result<JobRow> {
        actor.may_do(kind)?;
        let job = tx.job(id).await?.filter(|job| job.kind == kind).ok_or(Refusal::NotFound)?;
        if tx.is_within(job.organization_id, actor.organization).await? {
            Ok(job)
        } else {
            Err(Refusal::NotFound.into())
        }
    }

    /// A job to be changed: held, with the actor's right to do so; and whether they proved their
    /// own password a short while ago.
    pub(crate) async fn hold_job(
        &self,
        actor: &Actor,
        id: JobId,
        kind: JobKind,
    ) -> Result<(Tx, JobRow, bool)> {
        let mut tx = self.db().write().await?;
        let job = self.job_of(&mut tx, actor, id, kind).await?;
        tx.hold_policy(job.organization_id).await?;
        // Before the staff, as the workers do.
        let job = tx.lock_job(job.id).await?.ok_or(Refusal::NotFound)?;
        let proven = self.hold_staff(&mut tx, actor, kind.permission()).await?;
        if kind.is_for(tx.role_now(actor).await?) {
            Ok((tx, job, proven))
        } else {
            Err(Refusal::NotAllowed.into())
        }
    }

    /// Pauses, resumes or ends a job; to resume one takes a fresh proof, as to start it did. What it
    /// is past already is no wish to refuse.
    pub async fn change_job(
        &self,
        actor: &Actor,
        id: JobId,
        kind: JobKind,
        wish: JobWish,
    ) -> Result<()> {
        let (mut tx, job, proven) = self.hold_job(actor, id, kind).await?;
        let by = Doer::of(actor);
        let now = self.now();
        // Those whose passwords are to stop may be the ones who want it to end.
        if kind == JobKind::StaffLinks && !proven {
            return Err(Refusal::StepUp.into());
        }
        match wish {
            JobWish::Pause => {
                tx.set_job_state(id, JobState::Running, JobState::Paused, now).await?;
            }
            JobWish::Resume if job.state == JobState::Paused && !proven => {
                return Err(Refusal::StepUp.into());
            }
            JobWish::Resume => {
                if !self.waits_for_second(&mut tx, actor, &job).await?
                    && tx.set_job_state(id, JobState::Paused, JobState::Running, now).await?
                {
                    tx.record(self, by.event_of_job(&job, Outcome::Begun)).await?;
                }
            }
            JobWish::Stop => match job.state {
                JobState::Done | JobState::Stopped => {}
                // Nothing was done yet, so that nothing has to be told.
                JobState::Receiving | JobState::Draft | JobState::Checking | JobState::Checked => {
                    tx.remove_job(id).await?;
                }
                JobState::Approval => self.withdraw_job(&mut tx, actor, &job).await?,
                JobState::Running | JobState::Paused => {
                    self.end_job(&mut tx, &job, JobState::Stopped, &by).await?;
                }
            },
        }
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// The newest jobs of a kind that the actor may see.
    pub async fn jobs(&self, actor: &Actor, kind: JobKind) -> Result<Vec<JobView>> {
        actor.may_do(kind)?;
        let mut tx = self.db().read().await?;
        let rows = tx.jobs(actor.organization, kind, LISTED).await?;
        let mut views = Vec::with_capacity(rows.len());
        for row in rows {
            views.push(self.job_view(&mut tx, &row).await?);
        }
        Ok(views)
    }

    /// Where a job stands, and nothing else: asked for again and again while it goes on.
    pub async fn job_progress(&self, actor: &Actor, id: JobId, kind: JobKind) -> Result<JobView> {
        let mut tx = self.db().read().await?;
        let job = self.job_of(&mut tx, actor, id, kind).await?;
        self.job_view(&mut tx, &job).await
    }

    pub(crate) async fn job_view(&self, tx: &mut Tx, job: &JobRow) -> Result<JobView> {
        let by = match tx.name_of(job.created_by).await? {
            Some(name) => name,
            None => Doer::of_job(job)?.name,
        };
        let rests = job.state == JobState::Running && job.due_at > self.now().plus(SHORT_REST);
        Ok(JobView {
            id: job.id,
            kind: job.kind,
            state: job.state,
            total: u32::try_from(job.total).unwrap_or(u32::MAX),
            counts: job.counts(),
            by,
            created_at: job.created_at,
            finished_at: job.finished_at,
            rests_until: rests.then_some(job.due_at),
        })
    }

    /// What came of a job's rows, some at a time: those from a place on, and where the next begin.
    pub async fn job_results(
        &self,
        actor: &Actor,
        id: JobId,
        kind: JobKind,
        (from, refused_only): (i64, bool),
    ) -> Result<(Vec<RowResult>, Option<i64>)> {
        let mut tx = self.db().read().await?;
        self.job_of(&mut tx, actor, id, kind).await?;
        let batches = tx.job_results(id, from, refused_only, RESULTS_AT_ONCE).await?;
        let next = batches.last().map(|batch| batch.number + 1);
        let mut results = Vec::new();
        for batch in &batches {
            results.extend(batch.results()?);
        }
        if refused_only {
            results.retain(|result| result.outcome == RowOutcome::Refused);
        }
        Ok((results, next))
    }

    /// The first rows of a job that were left out.
    pub(crate) async fn first_problems(&self, tx: &mut Tx, id: JobId) -> Result<Vec<RowResult>> {
        let shown = i64::try_from(PROBLEMS_SHOWN).unwrap_or(i64::MAX);
        let mut problems = Vec::new();
        for batch in tx.job_results(id, 0, true, shown).await? {
            let refused = batch.results()?.into_iter();
            problems.extend(refused.filter(|result| result.outcome == RowOutcome::Refused));
            if problems.len() >= PROBLEMS_SHOWN {
                break;
            }
        }
        problems.truncate(PROBLEMS_SHOWN);
        Ok(problems)
    }

    /// Whether the one on whose behalf a job happens may still do that: held until the commit.
    /// So is the organization that it is about, with those above it, and the staff whom it is about.
    pub(crate) async fn may_go_on(
        &self,
        tx: &mut Tx,
        job: &JobRow,
        (doer, organization): (&Doer, OrganizationId),
        staff: &[AccountId],
    ) -> Result<bool> {
        tx.hold_policy(organization).await?;
        // Whoever agreed to it, where a second person did, must be able to still.
        let agreed = tx.approval_used_for(job.id.0).await?;
        let second = agreed.as_ref().and_then(|agreed| agreed.decided_by);
        let held: Vec<AccountId> = staff.iter().copied().chain([doer.id]).chain(second).collect();
        tx.lock_accounts(&held).await?;
        if let Some(second) = second {
            let second = tx.account(second).await?;
            let still = tx.acts_still(second, job.organization_id).await?;
            let could = |role| agreed.as_ref().is_some_and(|agreed| agreed.action.is_for(role));
            if still.is_none_or(|(_, role)| !could(role)) {
                return Ok(false);
            }
        }
        let Some(account) = tx.account(doer.id).await? else { return Ok(false) };
        Ok(account.kind == AccountKind::Staff
            && account.role.is_some_and(|role| job.kind.is_for(role))
            && account.state == AccountState::Active
            && !account.is_locked_for_good()
            && tx.is_within(job.organization_id, account.organization_id).await?
            && !tx.is_suspended(account.organization_id).await?)
    }
}

impl BatchRow {
    /// What came of its rows.
    pub(crate) fn results(&self) -> Result<Vec<RowResult>> {
        let text = self.result.as_deref().unwrap_or("[]");
        Ok(serde_json::from_str(text).context("results of a batch")?)
    }

    /// Its rows.
    pub(crate) fn rows<T: serde::de::DeserializeOwned>(&self, keys: &Keys) -> Result<Vec<T>> {
        let sealed = self.content.as_deref().context("rows that are done already")?;
        // The cause may quote a row.
        let rows = keys.open(ROWS_PURPOSE, sealed);
        Ok(rows.map_err(|_| anyhow::anyhow!("rows that cannot be read"))?)
    }
}

/// What every plan begins with.
#[derive(serde::Serialize, serde::Deserialize)]
struct AnyPlan {
    doer: Doer,
}

impl Doer {
    /// The one on whose behalf a job happens.
    pub(crate) fn of_job(job: &JobRow) -> Result<Self> {
        let plan: AnyPlan = serde_json::from_str(&job.plan).context("a job's plan")?;
        Ok(plan.doer)
    }

    /// What a job did, for the audit log of its organization.
    pub(crate) fn event_of_job(&self, job: &JobRow, outcome: Outcome) -> Event<'_> {
        let kind = match job.kind {
            JobKind::Import => AuditKind::CustomersImported,
            JobKind::SendLinks => AuditKind::ManyLinksSent,
            JobKind::StaffLinks => AuditKind::StaffPasswordsStopped,
        };
        Event {
            organization: job.organization_id,
            kind,
            outcome,
            actor: (ActorKind::Staff, Some(self.id)),
            subject: None,
            reset: None,
            request_id: &self.request_id,
            personal: Personal {
                address: self.address,
                device: self.device.clone(),
                staff: Some(Name::to_string(&self.name)),
                count: u32::try_from(job.total).ok(),
                ..Personal::default()
            },
        }
    }
}
