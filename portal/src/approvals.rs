//! What nobody does alone, where the policy says so ([`model::policy::Rule::SecondApprover`]): the
//! removal of a second factor of staff, a password that staff give a customer whose address was changed
//! a short while ago, and links to many customers.
//!
//! 1. Whoever wants to do it asks, with a reason. No password is typed before.
//! 2. A second person agrees, or says no: after a fresh proof, with the permission that it takes
//!    themselves, beside or above whoever asked by role and by organization, so that nobody can be
//!    told to agree, and never about themselves.
//! 3. Whoever asked goes on within a short while. That uses it up, in the transaction of the action;
//!    all that entitled both of them is looked at once more then ([`needs`]). Links to many begin by
//!    themselves as soon as somebody agrees.
//!
//! Each of them is a row; who decides about it holds whom it is about first, or the job.

mod due;
mod lists;
mod needs;

pub(crate) use needs::Second;

use model::{
    Refusal,
    approval::{ApprovalAction, ApprovalDeed, ApprovalDone, ApprovalObstacle, ApprovalState},
    audit::{AuditKind, Outcome},
    id::{AccountId, ApprovalId},
    job::JobState,
    policy::{APPROVAL_ASK_WINDOW, APPROVAL_ASKS, APPROVAL_LIFE, APPROVAL_WAIT},
    refusal::Problem,
};

use crate::{
    Actor, Error, Portal, Result,
    audit::{Event, changed},
    doer::Doer,
    resets::Why,
    store::{Account, ApprovalRow, JobRow, Tx},
    throttle::Limit,
};

/// The form by which somebody asks a second person to agree.
#[derive(Debug, Clone)]
pub struct AskApproval {
    /// The word of what they are to agree to.
    pub action: String,
    /// Whom it is about.
    pub account: AccountId,
    /// Why, in the operator's words.
    pub reason: String,
    /// The number of a ticket; empty for none.
    pub ticket: String,
}

/// What is asked, held with all that decides about it.
struct Held {
    row: ApprovalRow,
    /// The reader, as they are now.
    second: Account,
    /// Whom it is about; nobody where it is about many.
    account: Option<Account>,
    /// The links that wait for it.
    job: Option<JobRow>,
    /// Whether the reader proved their own password a short while ago.
    proven: bool,
}

impl ApprovalRow {
    fn done(&self, deed: ApprovalDeed) -> ApprovalDone {
        ApprovalDone { id: self.id, deed }
    }

    /// That something happened to it, for the audit log: like `event`, but for what it says itself.
    fn told<'a>(&self, event: Event<'a>, kind: AuditKind, why: Option<Why>) -> Event<'a> {
        let mut event = event;
        event.kind = kind;
        event.organization = self.organization_id;
        event.subject = self.account_id;
        event.personal.changes = vec![changed("approval", None::<&str>, Some(self.action.word()))];
        event.personal.why = why;
        event
    }
}

fn impossible(obstacle: ApprovalObstacle) -> Error {
    Refusal::ApprovalImpossible(obstacle).into()
}

impl Actor {
    /// What they did about something that was asked.
    fn event_of(&self, row: &ApprovalRow, kind: AuditKind, why: Option<Why>) -> Event<'_> {
        let event = self.event_on(row.organization_id, kind, Vec::new());
        row.told(event, kind, why)
    }
}

impl Portal {
    /// Something that the actor asks others to agree to from now on.
    fn new_approval(
        &self,
        actor: &Actor,
        action: ApprovalAction,
        (account, job): (Option<&Account>, Option<&JobRow>),
        why: &Why,
    ) -> ApprovalRow {
        let now = self.now();
        let of_account = account.map(|account| account.organization_id);
        let of_job = job.map(|job| job.organization_id);
        ApprovalRow {
            id: ApprovalId(self.random().id(now)),
            organization_id: of_account.or(of_job).unwrap_or(actor.organization),
            action,
            account_id: account.map(|account| account.id),
            job_id: job.map(|job| job.id),
            asked_by: actor.account,
            reason: why.reason.clone(),
            ticket: why.ticket.clone(),
            state: ApprovalState::Asked,
            asked_at: now,
            expires_at: now.plus(APPROVAL_WAIT),
            decided_by: None,
            decided_at: None,
            remark: None,
        }
    }

    /// Asks a second person to agree to what the actor wants to do to somebody. Asked again while it
    /// waits, it is the same.
    pub async fn ask_approval(&self, actor: &Actor, request: AskApproval) -> Result<ApprovalDone> {
        let action = ApprovalAction::from_word(&request.action)
            .filter(|action| !action.is_about_many())
            .ok_or_else(|| Error::field("action", Problem::NotAChoice))?;
        let permission = action.permission();
        actor.may(permission)?;
        actor.is_person()?;
        let why = Why::told(&request.reason, &request.ticket)?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        if action.delivery().is_some() {
            tx.customer_of(actor, request.account).await?;
        }
        let (account, proven) =
            self.hold_account(&mut tx, actor, request.account, permission).await?;
        if !proven {
            return Err(Refusal::StepUp.into());
        }
        let last = tx.last_approval(actor.account, account.id, action).await?;
        if let Some(open) = last.filter(|last| last.state.is_open()) {
            if open.expires_at > now {
                return Ok(open.done(ApprovalDeed::Asked));
            }
            // The worker has not come to it yet.
            tx.close_approval(open.id, ApprovalState::Expired, now).await?;
        }
        let by = (actor.account, tx.role_now(actor).await?);
        let row = self.new_approval(actor, action, (Some(&account), None), &why);
        if let Some(obstacle) = self.asking_obstacle(&mut tx, by, &account, action).await? {
            let event = actor.event_of(&row, AuditKind::ApprovalAsked, None);
            return self.refuse(tx, event, why, Refusal::ApprovalImpossible(obstacle)).await;
        }
        let mut tx = self.spend_asking(tx, actor).await?;
        tx.add_approval(&row).await?;
        tx.record(self, actor.event_of(&row, AuditKind::ApprovalAsked, Some(why))).await?;
        tx.commit().await?;
        Ok(row.done(ApprovalDeed::Asked))
    }

    /// Takes one request from the allowance of the actor.
    pub(crate) async fn spend_asking(&self, tx: Tx, actor: &Actor) -> Result<Tx> {
        let limit = Limit { count: APPROVAL_ASKS, window: APPROVAL_ASK_WINDOW };
        tx.take_or_refuse(&format!("approval-asks:{}", actor.account), limit, self.now()).await
    }

    /// Has a job, which is held, wait for a second person. Recorded last in a unit of work.
    pub(crate) async fn ask_for_job(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        job: &JobRow,
        (action, why): (ApprovalAction, Why),
    ) -> Result<()> {
        actor.is_person()?;
        let row = self.new_approval(actor, action, (None, Some(job)), &why);
        tx.add_approval(&row).await?;
        if !tx.set_job_state(job.id, job.state, JobState::Approval, self.now()).await? {
            return Err(Refusal::NotFound.into());
        }
        let mut event = actor.event_of(&row, AuditKind::ApprovalAsked, Some(why));
        event.personal.count = u32::try_from(job.total).ok();
        tx.record(self, event).await
    }

    /// What is asked, held with all that decides about it, for somebody who may decide such things.
    async fn hold_approval(&self, tx: &mut Tx, actor: &Actor, id: ApprovalId) -> Result<Held> {
        let before = self.approval_of(tx, actor, id).await?;
        let permission = before.action.permission();
        actor.may(permission)?;
        actor.is_person()?;
        // In the order in which everybody holds things: organizations, jobs, staff, whom it is about.
        if before.action == ApprovalAction::RemoveFactor {
            tx.hold_organization(before.organization_id).await?;
        }
        tx.hold_reach(actor, before.organization_id).await?;
        let job = match before.job_id {
            Some(job) => Some(tx.lock_job(job).await?.ok_or(Refusal::NotFound)?),
            None => None,
        };
        tx.lock_accounts(&[actor.account, before.asked_by]).await?;
        let proven = self.hold_staff(tx, actor, permission).await?;
        let second = tx.account(actor.account).await?.ok_or(Refusal::NotAllowed)?;
        let account = match before.account_id {
            Some(account) => Some(tx.lock_account(account).await?.ok_or(Refusal::NotFound)?),
            None => None,
        };
        let row = tx.lock_approval(id).await?.ok_or(Refusal::NotFound)?;
        Ok(Held { row, second, account, job, proven })
    }

    /// Agrees to what somebody else asked for. Links to many begin.
    pub async fn agree_to_approval(
        &self,
        actor: &Actor,
        id: ApprovalId,
        reason: &str,
    ) -> Result<ApprovalDone> {
        let why = Why::told(reason, "");
        let now = self.now();
        let mut tx = self.db().write().await?;
        let held = self.hold_approval(&mut tx, actor, id).await?;
        if !held.proven {
            return Err(Refusal::StepUp.into());
        }
        let why = why?;
        let row = &held.row;
        let is_mine = row.decided_by == Some(actor.account);
        if is_mine && matches!(row.state, ApprovalState::Approved | ApprovalState::Used) {
            // Pressed twice, without scripts.
            return Ok(row.done(ApprovalDeed::Agreed));
        }
        if let Some(obstacle) = self.agreeing_obstacle(&mut tx, &held).await? {
            if obstacle == ApprovalObstacle::AskerGone {
                self.end_approval(&mut tx, &held, ApprovalState::Withdrawn).await?;
                let event = actor.event_of(row, AuditKind::ApprovalWithdrawn, None);
                tx.record(self, event).await?;
            }
            let event = actor.event_of(row, AuditKind::ApprovalGiven, None);
            return self.refuse(tx, event, why, Refusal::ApprovalImpossible(obstacle)).await;
        }
        let (state, remark) = (ApprovalState::Approved, Some(why.reason.as_str()));
        let until = now.plus(APPROVAL_LIFE);
        if !tx.decide_approval(id, state, (actor.account, remark), (now, until)).await? {
            return Err(impossible(ApprovalObstacle::NotOpen));
        }
        if let Some(job) = &held.job {
            self.begin_approved(&mut tx, row, job).await?;
        }
        tx.record(self, actor.event_of(row, AuditKind::ApprovalGiven, Some(why))).await?;
        if let Some(job) = &held.job {
            tx.record(self, Doer::of_job(job)?.event_of_job(job, Outcome::Begun)).await?;
        }
        tx.commit().await?;
        self.wake();
        Ok(row.done(ApprovalDeed::Agreed))
    }

    /// A job, which is held, begins: what was agreed to is used up by it.
    async fn begin_approved(&self, tx: &mut Tx, row: &ApprovalRow, job: &JobRow) -> Result<()> {
        let now = self.now();
        let begins = tx.use_approval(row.id, job.id.0, now).await?
            && tx.set_job_state(job.id, JobState::Approval, JobState::Running, now).await?;
        if begins { Ok(()) } else { Err(impossible(ApprovalObstacle::NotOpen)) }
    }

    /// Says no to what somebody else asked for; a reason may be given.
    pub async fn refuse_approval(
        &self,
        actor: &Actor,
        id: ApprovalId,
        reason: &str,
    ) -> Result<ApprovalDone> {
        let why = if reason.trim().is_empty() { Ok(None) } else { Why::told(reason, "").map(Some) };
        let now = self.now();
        let mut tx = self.db().write().await?;
        let held = self.hold_approval(&mut tx, actor, id).await?;
        if !held.proven {
            return Err(Refusal::StepUp.into());
        }
        let why = why?;
        let row = &held.row;
        if row.state == ApprovalState::Refused && row.decided_by == Some(actor.account) {
            // Pressed twice, without scripts.
            return Ok(row.done(ApprovalDeed::Refused));
        }
        if let Some(obstacle) = self.refusing_obstacle(&mut tx, &held).await? {
            return Err(impossible(obstacle));
        }
        let remark = why.as_ref().map(|why| why.reason.as_str());
        let by = (actor.account, remark);
        if !tx.decide_approval(id, ApprovalState::Refused, by, (now, row.expires_at)).await? {
            return Err(impossible(ApprovalObstacle::NotOpen));
        }
        self.stop_waiting_job(&mut tx, held.job.as_ref()).await?;
        tx.record(self, actor.event_of(row, AuditKind::ApprovalRefused, why)).await?;
        tx.commit().await?;
        Ok(row.done(ApprovalDeed::Refused))
    }

    /// Whoever asked does not ask any more, nor uses what was agreed to. Without a fresh proof: it
    /// gives nobody anything.
    pub async fn withdraw_approval(&self, actor: &Actor, id: ApprovalId) -> Result<ApprovalDone> {
        let mut tx = self.db().write().await?;
        let held = self.hold_approval(&mut tx, actor, id).await?;
        let row = &held.row;
        if row.asked_by != actor.account {
            return Err(Refusal::NotAllowed.into());
        }
        if self.end_approval(&mut tx, &held, ApprovalState::Withdrawn).await? {
            tx.record(self, actor.event_of(row, AuditKind::ApprovalWithdrawn, None)).await?;
        }
        tx.commit().await?;
        Ok(row.done(ApprovalDeed::Withdrawn))
    }

    /// Ends what is open, with the links that wait for it: whether it was.
    async fn end_approval(&self, tx: &mut Tx, held: &Held, state: ApprovalState) -> Result<bool> {
        let ended = tx.close_approval(held.row.id, state, self.now()).await?;
        if ended {
            self.stop_waiting_job(tx, held.job.as_ref()).await?;
        }
        Ok(ended)
    }

    /// Links that nobody agreed to are never sent; whom they were for is wiped.
    async fn stop_waiting_job(&self, tx: &mut Tx, job: Option<&JobRow>) -> Result<()> {
        match job.filter(|job| job.state == JobState::Approval) {
            Some(job) => self.end_job(tx, job, JobState::Stopped, &Doer::of_job(job)?).await,
            None => Ok(()),
        }
    }

    /// Somebody stops links, whose job is held, that wait for a second person. Recorded like `event`.
    pub(crate) async fn withdraw_job(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        job: &JobRow,
    ) -> Result<()> {
        let open = tx.approval_of_job(job.id).await?.filter(|row| row.state.is_open());
        self.stop_waiting_job(tx, Some(job)).await?;
        let Some(row) = open else { return Ok(()) };
        if tx.close_approval(row.id, ApprovalState::Withdrawn, self.now()).await? {
            tx.record(self, actor.event_of(&row, AuditKind::ApprovalWithdrawn, None)).await?;
        }
        Ok(())
    }

    /// Ends everything that somebody was asked to agree to, or agreed to, about an account, which is
    /// held. Each is to be recorded.
    pub(crate) async fn end_approvals_about<'a>(
        &self,
        tx: &mut Tx,
        account: AccountId,
        event: Event<'a>,
    ) -> Result<Vec<Event<'a>>> {
        let mut ended = Vec::new();
        for row in tx.open_approvals_about(account).await? {
            if tx.close_approval(row.id, ApprovalState::Withdrawn, self.now()).await? {
                ended.push(row.told(event.clone(), AuditKind::ApprovalWithdrawn, None));
            }
        }
        Ok(ended)
    }
}
