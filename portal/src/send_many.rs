//! Links to new passwords for many customers: after an incident, say. Owners may have the passwords
//! that are in use stop working as well: then that is done first, for everybody, before the first
//! link goes. The same is done with the passwords of staff, all of those of an organization and below
//! it but one's own.
//!
//! It needs no consent, as one link does not: only the customers learn their passwords. It goes at
//! a rate, and no faster than what the organizations whose customers they are allow within an hour:
//! when that is used up, it waits, and goes on by itself. The budget of the member of staff, which
//! ends a rampage, is left alone: what is done here was announced, counted, and confirmed with a
//! fresh proof. Where the policy says so, links to very many wait for a second person to agree, with
//! all that they need stored and sealed.
//!
//! Whom it is for is stored many to a row, under numbers below nought; each of them is one step of
//! the job nevertheless ([`steps`]), since each may have to wait, and leaves a result under its own.

mod steps;

use std::{collections::BTreeSet, time::Duration};

use anyhow::Context;
use model::{
    Refusal,
    account::Role,
    approval::{ApprovalAction, ApprovalObstacle},
    audit::Outcome,
    customer::CustomerQuery,
    id::{AccountId, JobId, OrganizationId},
    job::{
        JobKind, JobState, LinksView, MOST_LINKS, ManyView, OldPasswords, RATES, StaffLinksView,
    },
    policy::Rule,
    refusal::Problem,
    reset::Obstacle,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    Actor, Error, Portal, Result,
    doer::Doer,
    jobs::ROWS_PURPOSE,
    problems::Problems,
    reset_desk::SENT_TWICE_WITHIN,
    resets::Why,
    secrets::hex,
    store::{JobRow, Tx},
};

/// Rows that are stored in one transaction.
const STORED_AT_ONCE: usize = 500;

/// Within this time all rows of a job are stored, or a crash kept them from it.
const STORED_WITHIN: Duration = Duration::from_secs(60);

/// Of so many people one row tells; their passwords are stopped in one transaction.
const TOLD_AT_ONCE: usize = 50;

/// What is not sent yet is no job.
const NO_JOB: JobId = JobId(Uuid::nil());

/// Who is meant: customers who were picked, all whom a query finds, or staff.
#[derive(Debug, Clone)]
pub enum Many {
    /// These.
    Picked(Vec<AccountId>),
    /// All of these, whatever the page.
    Found(CustomerQuery),
    /// All staff of an organization and of those below it who have a password, but for who asks; of
    /// one's own organization when there is none.
    Staff(Option<OrganizationId>),
}

impl Many {
    /// What a job for them does.
    fn kind(&self) -> JobKind {
        match self {
            Self::Picked(_) | Self::Found(_) => JobKind::SendLinks,
            Self::Staff(_) => JobKind::StaffLinks,
        }
    }
}

/// The form.
#[derive(Debug, Clone)]
pub struct SendMany {
    /// To whom.
    pub many: Many,
    /// Why, in the operator's words.
    pub reason: String,
    /// The number of a ticket; empty for none.
    pub ticket: String,
    /// Links a minute at most: one of [`RATES`].
    pub per_minute: String,
    /// Whether the passwords that are in use stop working, and everybody is signed out; those of staff
    /// do in any case.
    pub stop: bool,
    /// How many they are, typed to confirm.
    pub typed: String,
}

/// What is to be done.
#[derive(Serialize, Deserialize)]
struct Plan {
    doer: Doer,
    why: Why,
    per_minute: u32,
    /// So many steps at the beginning stop passwords.
    #[serde(default)]
    stopping: i64,
    /// Tells whom it is for from others.
    digest: String,
}

impl Portal {
    /// What the page shows before: how many they are.
    pub async fn many(&self, actor: &Actor, many: &Many) -> Result<ManyView> {
        let role = actor.may_do(many.kind())?;
        let (count, organizations) = self.count_meant(actor, many).await?;
        let mut tx = self.db().read().await?;
        let policy = tx.policy(actor.organization).await?;
        let meant = (NO_JOB, many.kind(), count);
        Ok(ManyView {
            count: u32::try_from(count).unwrap_or(u32::MAX),
            most: MOST_LINKS,
            per_hour: policy.count(Rule::ResetsPerOrganization),
            sends_mail: self.sends_mail(&mut tx, actor.organization).await?,
            may_stop: role == Role::Owner,
            flagged: self.many_flagged(&mut tx, actor.account, meant, &organizations).await?,
            stepped_up: self.counts(tx.step_up_at(actor.session).await?),
        })
    }

    /// What the page shows on which the passwords of staff are stopped.
    pub async fn staff_links(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
    ) -> Result<StaffLinksView> {
        let many = self.many(actor, &Many::Staff(scope)).await?;
        let mut tx = self.db().read().await?;
        let permission = JobKind::StaffLinks.permission();
        let acting = self.acting(&mut tx, actor, scope, permission).await?;
        Ok(StaffLinksView { acting, many })
    }

    /// How many are meant, and may be; and whose they are, the actor's organization among them.
    async fn count_meant(
        &self,
        actor: &Actor,
        many: &Many,
    ) -> Result<(i64, BTreeSet<OrganizationId>)> {
        let Many::Found(query) = many else {
            let (ids, organizations) = self.those_meant(actor, many).await?;
            return Ok((i64::try_from(ids.len()).unwrap_or(i64::MAX), organizations));
        };
        let found = self.found(actor, query).await?;
        let mut tx = self.db().read().await?;
        let search = self.search(&mut tx, &found).await?;
        let counts = tx.count_found_by_organization(&search).await?;
        let total = counts.iter().map(|(_, count)| count).sum();
        let organizations = counts.into_iter().map(|(organization, _)| organization);
        Ok((total, organizations.chain([actor.organization]).collect()))
    }

    /// Who is meant, and may be; and whose they are, the actor's organization among them.
    async fn those_meant(
        &self,
        actor: &Actor,
        many: &Many,
    ) -> Result<(Vec<AccountId>, BTreeSet<OrganizationId>)> {
        let rows = match many {
            Many::Picked(picked) => {
                let most = usize::try_from(MOST_LINKS).unwrap_or(usize::MAX);
                let mut tx = self.db().read().await?;
                let mut rows: Vec<(AccountId, OrganizationId)> = Vec::new();
                for id in picked.iter().take(most + 1) {
                    let organization = tx.customer_of(actor, *id).await?.organization_id;
                    if rows.iter().all(|(other, _)| other != id) {
                        rows.push((*id, organization));
                    }
                }
                rows
            }
            Many::Found(query) => {
                let found = self.found(actor, query).await?;
                let mut tx = self.db().read().await?;
                let search = self.search(&mut tx, &found).await?;
                tx.ids_found(&search).await?
            }
            Many::Staff(scope) => {
                let mut tx = self.db().read().await?;
                let scope = tx.scope_of(actor, *scope).await?.id;
                let mut rows = tx.staff_with_passwords(scope).await?;
                rows.retain(|(id, _)| *id != actor.account);
                rows
            }
        };
        let organizations = rows.iter().map(|(_, organization)| *organization);
        let organizations = organizations.chain([actor.organization]).collect();
        Ok((rows.into_iter().map(|(id, _)| id).collect(), organizations))
    }

    /// Begins to send links.
    pub async fn send_many(&self, actor: &Actor, request: SendMany) -> Result<JobId> {
        let kind = request.many.kind();
        let role = actor.may_do(kind)?;
        let stops = request.stop || kind == JobKind::StaffLinks;
        if stops && role != Role::Owner {
            return Err(Refusal::NotAllowed.into());
        }
        if kind == JobKind::StaffLinks {
            actor.is_person()?;
        }
        let (count, _) = self.count_meant(actor, &request.many).await?;
        if count > i64::from(MOST_LINKS) {
            return Err(Error::field("typed", Problem::CountDiffers));
        }
        let (ids, organizations) = self.those_meant(actor, &request.many).await?;
        let mut problems = Problems::default();
        let why = Why::checked(&mut problems, &request.reason, &request.ticket);
        let rate = request.per_minute.parse().ok().filter(|rate| RATES.contains(rate));
        let rate = problems.check("per_minute", rate.ok_or(Problem::NotAChoice));
        let typed: String = request.typed.chars().filter(char::is_ascii_digit).collect();
        if request.typed.trim().is_empty() {
            problems.add("typed", Problem::Required);
        } else if typed.parse() != Ok(ids.len()) {
            problems.add("typed", Problem::CountDiffers);
        }
        let (Some(why), Some(per_minute), true) = (why, rate, problems.0.is_empty()) else {
            return Err(Refusal::Fields(problems.0).into());
        };
        let total = i64::try_from(ids.len()).unwrap_or(i64::MAX);
        if ids.is_empty() {
            return Err(Error::field("typed", Problem::CountDiffers));
        }
        let now = self.now();
        let id = JobId(self.random().id(now));
        let whom = ids.iter().fold(Sha256::new(), |digest, id| digest.chain_update(id.0));
        let rows: Vec<&[AccountId]> = ids.chunks(TOLD_AT_ONCE).collect();
        let stopping = if stops { i64::try_from(rows.len()).unwrap_or(i64::MAX) } else { 0 };
        let digest = hex(&whom.finalize());
        let plan = Plan { doer: Doer::of(actor), why, per_minute, stopping, digest };
        let row = JobRow {
            id,
            kind,
            organization_id: actor.organization,
            created_by: actor.account,
            state: JobState::Receiving,
            plan: serde_json::to_string(&plan).context("a plan")?,
            total,
            position: 0,
            created: 0,
            updated: 0,
            unchanged: 0,
            refused: 0,
            attempts: 0,
            due_at: now,
            created_at: now,
            finished_at: None,
        };
        let action = plan.action(kind);
        let mut tx = self.db().write().await?;
        self.hold_sender(&mut tx, actor, (kind, &organizations)).await?;
        if !self.sends_mail(&mut tx, actor.organization).await? {
            return Err(Refusal::ResetImpossible(Obstacle::NoMail).into());
        }
        // Pressed twice, without scripts: one job, one link for each.
        if let Some(last) = tx.last_job(actor.account, actor.organization, kind).await? {
            // The first one may take a while to be stored. What a crash left half stored is no job.
            let within = match last.state {
                JobState::Receiving => STORED_WITHIN,
                _ => SENT_TWICE_WITHIN,
            };
            if now.since(last.created_at) < within && Plan::of(&last)?.is_as(&plan) {
                return Ok(last.id);
            }
        }
        let meant = ((id, kind, total), &organizations);
        if self.second_for_many(&mut tx, (actor, role, action), meant).await? {
            tx = self.spend_asking(tx, actor).await?;
        }
        tx.add_job(&row).await?;
        tx.commit().await?;
        // What a crash leaves half stored was never begun, and is tidied away.
        let mut number = 0;
        for some in rows.chunks(STORED_AT_ONCE) {
            let mut tx = self.db().write().await?;
            for row in some {
                let content = self.keys().seal(ROWS_PURPOSE, row)?;
                tx.add_job_batch(id, stored_under(number), &content).await?;
                number += 1;
            }
            tx.commit().await?;
        }
        let begun = self.begin_many(actor, role, (&row, &plan), &organizations).await;
        if begun.is_err() {
            // Asked again, it is another one.
            let mut tx = self.db().write().await?;
            tx.remove_job(id).await?;
            tx.commit().await?;
        }
        begun?;
        self.wake();
        Ok(id)
    }

    /// Begins a job that is stored, or has a second person asked. All that decides is looked at again:
    /// it is only now that it begins.
    async fn begin_many(
        &self,
        actor: &Actor,
        role: Role,
        (row, plan): (&JobRow, &Plan),
        organizations: &BTreeSet<OrganizationId>,
    ) -> Result<()> {
        let (id, kind, now) = (row.id, row.kind, self.now());
        let action = plan.action(kind);
        let mut tx = self.db().write().await?;
        self.hold_sender(&mut tx, actor, (kind, organizations)).await?;
        let meant = ((id, kind, row.total), organizations);
        if self.second_for_many(&mut tx, (actor, role, action), meant).await? {
            self.ask_for_job(&mut tx, actor, row, (action, plan.why.clone())).await?;
        } else if tx.set_job_state(id, JobState::Receiving, JobState::Running, now).await? {
            tx.record(self, plan.doer.event_of_job(row, Outcome::Begun)).await?;
        } else {
            return Err(Refusal::NotFound.into());
        }
        Ok(tx.commit().await?)
    }

    /// Holds whoever sends to many, with the rules of everybody whose they are; fresh proof of their
    /// own password is given.
    async fn hold_sender(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        (kind, organizations): (JobKind, &BTreeSet<OrganizationId>),
    ) -> Result<()> {
        for organization in organizations {
            tx.hold_policy(*organization).await?;
        }
        if !self.hold_staff(tx, actor, kind.permission()).await? {
            return Err(Refusal::StepUp.into());
        }
        if kind.is_for(tx.role_now(actor).await?) {
            Ok(())
        } else {
            Err(Refusal::NotAllowed.into())
        }
    }

    /// Whether links to many wait for a second person; refused where there is none. All that decides
    /// must be held.
    async fn second_for_many(
        &self,
        tx: &mut Tx,
        (actor, role, action): (&Actor, Role, ApprovalAction),
        (job, organizations): ((JobId, JobKind, i64), &BTreeSet<OrganizationId>),
    ) -> Result<bool> {
        if self.many_flagged(tx, actor.account, job, organizations).await?.is_none() {
            return Ok(false);
        }
        actor.is_person()?;
        if self.somebody_could(tx, (actor.account, role), (None, action)).await? {
            Ok(true)
        } else {
            Err(Refusal::ApprovalImpossible(ApprovalObstacle::NobodyElse).into())
        }
    }

    /// Whether links that were paused, whose job is held, wait for a second person from now on instead
    /// of going on: those to which none agreed before, and to which one has to agree by now.
    pub(crate) async fn waits_for_second(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        job: &JobRow,
    ) -> Result<bool> {
        let agreed = tx.job_is_agreed(job.id).await?;
        if job.kind == JobKind::Import || job.state != JobState::Paused || agreed {
            return Ok(false);
        }
        let plan = Plan::of(job)?;
        let role = tx.role_now(actor).await?;
        let action = plan.action(job.kind);
        let organizations = BTreeSet::from([job.organization_id]);
        let meant = ((job.id, job.kind, job.total), &organizations);
        let waits = self.second_for_many(tx, (actor, role, action), meant).await?;
        if waits {
            // Nobody agrees to what whoever asks could not do alone either.
            if !action.is_for(role) {
                return Err(Refusal::NotAllowed.into());
            }
            self.ask_for_job(tx, actor, job, (action, plan.why)).await?;
        }
        Ok(waits)
    }

    /// What the page of such a job shows.
    pub async fn links_job(&self, actor: &Actor, id: JobId, kind: JobKind) -> Result<LinksView> {
        if kind == JobKind::Import {
            return Err(Refusal::NotFound.into());
        }
        let mut tx = self.db().read().await?;
        let job = self.job_of(&mut tx, actor, id, kind).await?;
        let plan = Plan::of(&job)?;
        Ok(LinksView {
            approval: match job.state {
                JobState::Approval => {
                    tx.approval_of_job(id).await?.map(|row| (row.id, row.expires_at))
                }
                _ => None,
            },
            problems: self.first_problems(&mut tx, id).await?,
            per_minute: plan.per_minute,
            old_passwords: plan.old_passwords(&job),
            job: self.job_view(&mut tx, &job).await?,
        })
    }
}

impl Plan {
    /// Whether the same member of staff wants the same.
    fn is_as(&self, other: &Self) -> bool {
        let wanted = |plan: &Self| (plan.doer.id, plan.per_minute, plan.stopping);
        wanted(self) == wanted(other) && self.why == other.why && self.digest == other.digest
    }

    /// What has become of the passwords that were in use.
    fn old_passwords(&self, job: &JobRow) -> OldPasswords {
        match (job.state, job.position) {
            _ if self.stopping == 0 => OldPasswords::Kept,
            (_, step) if step >= self.stopping => OldPasswords::Stopped,
            (JobState::Running, _) => OldPasswords::Stopping,
            (_, 0) => OldPasswords::Kept,
            _ => OldPasswords::Partly,
        }
    }

    /// What a second person would agree to.
    fn action(&self, kind: JobKind) -> ApprovalAction {
        match (kind, self.stopping) {
            (JobKind::StaffLinks, _) => ApprovalAction::StopStaffPasswords,
            (_, 0) => ApprovalAction::SendLinks,
            _ => ApprovalAction::StopPasswords,
        }
    }

    fn of(job: &JobRow) -> Result<Self> {
        Ok(serde_json::from_str(&job.plan).context("the plan of links to many")?)
    }
}

/// The number under which a row of people is stored.
fn stored_under(row: i64) -> i64 {
    -1 - row
}
