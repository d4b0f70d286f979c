//! Links to new passwords for many customers: after an incident, say. Owners may have the passwords
//! that are in use stop working as well: then that is done first, for everybody, before the first
//! link goes.
//!
//! It needs no consent, as one link does not: only the customers learn their passwords. It goes at
//! a rate, and no faster than what the organizations whose customers they are allow within an hour:
//! when that is used up, it waits, and goes on by itself. The budget of the member of staff, which
//! ends a rampage, is left alone: what is done here was announced, counted, and confirmed with a
//! fresh proof. Where the policy says so, links to very many wait for a second person to agree, with
//! all that they need stored and sealed.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::Context;
use model::{
    Refusal,
    account::{AccountState, Role},
    approval::{ApprovalAction, ApprovalObstacle},
    audit::{AuditKind, Outcome},
    customer::CustomerQuery,
    id::{AccountId, JobId, OrganizationId},
    job::{
        JobKind, JobState, LinksView, MOST_LINKS, ManyView, OldPasswords, RATES, RowOutcome,
        RowResult,
    },
    permission::Permission,
    policy::{RESET_DAY, RESET_WINDOW, Rule},
    refusal::{FieldProblem, Problem},
    reset::Obstacle,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    Actor, Error, Portal, Result,
    doer::Doer,
    jobs::{Noted, ROWS_PURPOSE, Step},
    problems::Problems,
    reset_desk::SENT_TWICE_WITHIN,
    resets::Why,
    secrets::hex,
    store::{Account, BatchRow, JobRow, Tx},
    throttle::Limit,
};

/// Customers who are stored in one transaction.
const STORED_AT_ONCE: usize = 500;

/// Customers whose passwords are stopped in one transaction.
const STOPPED_AT_ONCE: usize = 50;

/// How much of a delay is caught up with; after a longer one the rate begins anew.
const CATCH_UP: Duration = Duration::from_secs(5);

/// What is not sent yet is no job.
const NO_JOB: JobId = JobId(Uuid::nil());

/// Who is meant: those who were picked, or all whom a query finds.
#[derive(Debug, Clone)]
pub enum Many {
    /// These.
    Picked(Vec<AccountId>),
    /// All of these, whatever the page.
    Found(CustomerQuery),
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
    /// Whether the passwords that are in use stop working, and everybody is signed out.
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
    /// So many batches at the beginning stop passwords.
    #[serde(default)]
    stopping: i64,
    /// Tells whom it is for from others.
    digest: String,
}

impl Portal {
    /// What the page shows before: how many they are.
    pub async fn many(&self, actor: &Actor, many: &Many) -> Result<ManyView> {
        let role = actor.may(Permission::EditCustomers)?;
        let (ids, organizations) = self.those_meant(actor, many).await?;
        let total = i64::try_from(ids.len()).unwrap_or(i64::MAX);
        let mut tx = self.db().read().await?;
        let policy = tx.policy(actor.organization).await?;
        Ok(ManyView {
            count: u32::try_from(ids.len()).unwrap_or(u32::MAX),
            most: MOST_LINKS,
            per_hour: policy.count(Rule::ResetsPerOrganization),
            sends_mail: self.sends_mail(&mut tx, actor.organization).await?,
            may_stop: role == Role::Owner,
            flagged: self
                .many_flagged(&mut tx, actor.account, (NO_JOB, total), &organizations)
                .await?,
            stepped_up: self.counts(tx.step_up_at(actor.session).await?),
        })
    }

    /// Who is meant, and may be: one more than [`MOST_LINKS`] at most; and whose customers they are,
    /// the actor's organization among them.
    async fn those_meant(
        &self,
        actor: &Actor,
        many: &Many,
    ) -> Result<(Vec<AccountId>, BTreeSet<OrganizationId>)> {
        let most = usize::try_from(MOST_LINKS).unwrap_or(usize::MAX);
        let mut organizations = BTreeSet::from([actor.organization]);
        match many {
            Many::Picked(picked) => {
                let mut tx = self.db().read().await?;
                let mut ids = Vec::new();
                for id in picked.iter().take(most + 1) {
                    organizations.insert(tx.customer_of(actor, *id).await?.organization_id);
                    if !ids.contains(id) {
                        ids.push(*id);
                    }
                }
                Ok((ids, organizations))
            }
            Many::Found(query) => {
                let mut found = self.found(actor, query).await?;
                let mut ids = Vec::new();
                while ids.len() <= most
                    && let Some(rows) = self.next_found(&mut found).await?
                {
                    organizations.extend(rows.iter().map(|row| row.organization_id));
                    ids.extend(rows.into_iter().map(|row| row.id));
                }
                ids.truncate(most + 1);
                Ok((ids, organizations))
            }
        }
    }

    /// Begins to send links.
    pub async fn send_many(&self, actor: &Actor, request: SendMany) -> Result<JobId> {
        let role = actor.may(Permission::EditCustomers)?;
        if request.stop && role != Role::Owner {
            return Err(Refusal::NotAllowed.into());
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
        if ids.is_empty() || total > i64::from(MOST_LINKS) {
            return Err(Error::field("typed", Problem::CountDiffers));
        }
        let now = self.now();
        let id = JobId(self.random().id(now));
        let whom = ids.iter().fold(Sha256::new(), |digest, id| digest.chain_update(id.0));
        let to_stop: &[AccountId] = if request.stop { &ids } else { &[] };
        let stopping = i64::try_from(to_stop.chunks(STOPPED_AT_ONCE).len()).unwrap_or(i64::MAX);
        let digest = hex(&whom.finalize());
        let plan = Plan { doer: Doer::of(actor), why, per_minute, stopping, digest };
        let row = JobRow {
            id,
            kind: JobKind::SendLinks,
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
        let action =
            if request.stop { ApprovalAction::StopPasswords } else { ApprovalAction::SendLinks };
        let mut tx = self.db().write().await?;
        self.hold_sender(&mut tx, actor, &organizations).await?;
        if !self.sends_mail(&mut tx, actor.organization).await? {
            return Err(Refusal::ResetImpossible(Obstacle::NoMail).into());
        }
        // Pressed twice, without scripts: one job, one link for each.
        for last in tx.jobs(actor.organization, JobKind::SendLinks, 1).await? {
            if Plan::of(&last)?.is_as(&plan) && now.since(last.created_at) < SENT_TWICE_WITHIN {
                return Ok(last.id);
            }
        }
        let meant = ((id, total), &organizations);
        if self.second_for_many(&mut tx, (actor, role, action), meant).await? {
            tx = self.spend_asking(tx, actor).await?;
        }
        tx.add_job(&row).await?;
        tx.commit().await?;
        // A link to one customer is one batch, since each may have to wait. What a crash leaves half
        // stored was never begun, and is tidied away.
        let batches: Vec<&[AccountId]> =
            to_stop.chunks(STOPPED_AT_ONCE).chain(ids.chunks(1)).collect();
        let mut number = 0;
        for some in batches.chunks(STORED_AT_ONCE) {
            let mut tx = self.db().write().await?;
            for batch in some {
                let content = self.keys().seal(ROWS_PURPOSE, batch)?;
                tx.add_job_batch(id, number, &content).await?;
                number += 1;
            }
            tx.commit().await?;
        }
        let mut tx = self.db().write().await?;
        // Again: it is only now that it begins.
        self.hold_sender(&mut tx, actor, &organizations).await?;
        if self.second_for_many(&mut tx, (actor, role, action), meant).await? {
            self.ask_for_job(&mut tx, actor, &row, (action, plan.why.clone())).await?;
        } else if tx.set_job_state(id, JobState::Receiving, JobState::Running, now).await? {
            tx.record(self, plan.doer.event_of_job(&row, Outcome::Begun)).await?;
        } else {
            return Err(Refusal::NotFound.into());
        }
        tx.commit().await?;
        self.wake();
        Ok(id)
    }

    /// Holds whoever sends to many, with the rules of everybody whose customers they are; fresh proof
    /// of their own password is given.
    async fn hold_sender(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        organizations: &BTreeSet<OrganizationId>,
    ) -> Result<()> {
        for organization in organizations {
            tx.hold_policy(*organization).await?;
        }
        if self.hold_staff(tx, actor, Permission::EditCustomers).await? {
            Ok(())
        } else {
            Err(Refusal::StepUp.into())
        }
    }

    /// Whether links to many wait for a second person; refused where there is none. All that decides
    /// must be held.
    async fn second_for_many(
        &self,
        tx: &mut Tx,
        (actor, role, action): (&Actor, Role, ApprovalAction),
        (job, organizations): ((JobId, i64), &BTreeSet<OrganizationId>),
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
        if job.kind != JobKind::SendLinks || job.state != JobState::Paused || agreed {
            return Ok(false);
        }
        let plan = Plan::of(job)?;
        let role = tx.role_now(actor).await?;
        let action = match plan.stopping {
            0 => ApprovalAction::SendLinks,
            _ => ApprovalAction::StopPasswords,
        };
        let organizations = BTreeSet::from([job.organization_id]);
        let meant = ((job.id, job.total), &organizations);
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
    pub async fn links_job(&self, actor: &Actor, id: JobId) -> Result<LinksView> {
        let mut tx = self.db().read().await?;
        let job = self.job_of(&mut tx, actor, id, JobKind::SendLinks).await?;
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
            old_passwords: match plan.stopping {
                0 => OldPasswords::Kept,
                stopping if job.position < stopping => OldPasswords::Stopping,
                _ => OldPasswords::Stopped,
            },
            job: self.job_view(&mut tx, &job).await?,
        })
    }

    /// Mails the next customers a link.
    pub(crate) async fn send_links_to(
        &self,
        tx: &mut Tx,
        job: &JobRow,
        batch: &BatchRow,
    ) -> Result<Step> {
        let plan = Plan::of(job)?;
        let now = self.now();
        if batch.number < plan.stopping {
            return self.stop_passwords(tx, job, &plan, batch).await;
        }
        let (mut results, mut noted) = (Vec::new(), Vec::new());
        let mut line = u32::try_from(batch.number - plan.stopping).unwrap_or(u32::MAX);
        for id in batch.rows::<AccountId>(self.keys())? {
            line = line.saturating_add(1);
            let refused = |problem| RowResult {
                line,
                outcome: RowOutcome::Refused,
                why: vec![FieldProblem { field: String::new(), problem }],
                customer: Some(id),
            };
            let customer = tx.customer(id).await?;
            let organization =
                customer.as_ref().map_or(job.organization_id, |customer| customer.organization_id);
            // Everything is held before it is looked at, in the order in which all do: the rules,
            // the staff, the customer, and last of all what is counted.
            if !self.may_go_on(tx, job, (&plan.doer, organization)).await? {
                return Ok(Step::Stop);
            }
            let account = tx.lock_account(id).await?;
            let is_theirs = tx.is_within(organization, job.organization_id).await?;
            let (Some(customer), Some(account), true) = (customer, account, is_theirs) else {
                results.push(refused(Problem::CustomerGone));
                continue;
            };
            if account.organization_id != organization {
                results.push(refused(Problem::CustomerGone));
                continue;
            }
            if !self.many_agreed(tx, job, organization).await? {
                results.push(refused(Problem::NeedsApproval));
                continue;
            }
            if let Some(problem) = self.left_out(tx, &account, &plan).await? {
                results.push(refused(problem));
                continue;
            }
            // A part of what the desk may do is left to the desk.
            let policy = tx.policy(organization).await?;
            let an_hour = policy.count(Rule::ResetsPerOrganization);
            let a_day = policy.count(Rule::ResetsPerOrganizationDay);
            for (name, count, window) in [
                (format!("resets-of-jobs:{organization}"), (an_hour / 2).max(1), RESET_WINDOW),
                (format!("resets-of-jobs-day:{organization}"), (a_day / 2).max(1), RESET_DAY),
                (format!("resets-of:{organization}"), an_hour, RESET_WINDOW),
                (format!("resets-of-day:{organization}"), a_day, RESET_DAY),
            ] {
                if let Some(wait) = tx.take(&name, Limit { count, window }, now).await? {
                    return Ok(Step::Wait(now.plus(wait)));
                }
            }
            let why = plan.why.clone();
            let by = (&plan.doer, why, Vec::new());
            let reset = self.mail_link(tx, &account, &customer, by).await?;
            noted.push(Noted {
                organization,
                customer: id,
                kind: AuditKind::StaffLinkSent,
                reset: Some(reset),
                why: Some(plan.why.clone()),
            });
            let (outcome, why, customer) = (RowOutcome::Created, Vec::new(), Some(id));
            results.push(RowResult { line, outcome, why, customer });
        }
        // From when this one was due, not from now: workers look every other second, and what they are
        // late by is caught up with.
        let pause = Duration::from_mins(1) / plan.per_minute.max(1);
        let due_at = job.due_at.plus(pause).max(now.minus(CATCH_UP));
        Ok(Step::Done(results, noted, due_at))
    }
}

impl Portal {
    /// Stops the passwords of the next customers: nothing but a new one lets them in, and they are
    /// signed out everywhere. Links that are open would have been asked for by whoever knows the old
    /// mailbox or the old password: they end too.
    async fn stop_passwords(
        &self,
        tx: &mut Tx,
        job: &JobRow,
        plan: &Plan,
        batch: &BatchRow,
    ) -> Result<Step> {
        let now = self.now();
        let mut noted = Vec::new();
        let mut customers = BTreeMap::new();
        for id in batch.rows::<AccountId>(self.keys())? {
            if let Some(customer) = tx.customer(id).await? {
                customers.insert(id, customer.organization_id);
            }
        }
        // In the order in which everybody holds things: rules, staff, customers.
        let organizations: BTreeSet<OrganizationId> = customers.values().copied().collect();
        for organization in &organizations {
            tx.hold_policy(*organization).await?;
        }
        for organization in organizations {
            if !self.may_go_on(tx, job, (&plan.doer, organization)).await? {
                return Ok(Step::Stop);
            }
        }
        let doer = tx.account(plan.doer.id).await?;
        if doer.is_none_or(|doer| doer.role != Some(Role::Owner)) {
            return Ok(Step::Stop);
        }
        for (id, organization) in customers {
            let is_theirs = tx.is_within(organization, job.organization_id).await?;
            let is_agreed = self.many_agreed(tx, job, organization).await?;
            let account = tx.lock_account(id).await?.filter(|account| {
                is_theirs
                    && is_agreed
                    && account.organization_id == organization
                    && account.password_hash.is_some()
            });
            // Whoever disputes what this owner did is not theirs to touch, at the desk or here.
            if account.is_none() || tx.is_disputed_against(id, plan.doer.id).await? {
                continue;
            }
            tx.stop_password(id, now).await?;
            tx.end_sessions(id, None, now).await?;
            tx.revoke_devices(id, None, now).await?;
            tx.void_links(id, now).await?;
            tx.cancel_resets(id, now).await?;
            // What somebody with the old password may have begun: a password on its way elsewhere,
            // another address, the end of a second factor.
            tx.stop_resets(id).await?;
            let email_change = tx.end_email_change(id, now).await?.is_some();
            let removal = tx.end_removal(id, now).await?;
            let ended = [
                (email_change, AuditKind::EmailChangeStopped),
                (removal, AuditKind::FactorRemovalStopped),
                (true, AuditKind::PasswordStopped),
            ];
            noted.extend(ended.into_iter().filter(|(is, _)| *is).map(|(_, kind)| Noted {
                organization,
                customer: id,
                kind,
                reset: None,
                why: Some(plan.why.clone()),
            }));
        }
        Ok(Step::Done(Vec::new(), noted, now))
    }

    /// Why a customer, who is held, gets no link: what the desk refuses, many letters at once do
    /// not get around.
    async fn left_out(
        &self,
        tx: &mut Tx,
        account: &Account,
        plan: &Plan,
    ) -> Result<Option<Problem>> {
        let organization = account.organization_id;
        Ok(if account.state == AccountState::Suspended || tx.is_suspended(organization).await? {
            Some(Problem::CustomerSuspended)
        } else if tx.is_disputed_against(account.id, plan.doer.id).await? {
            Some(Problem::DisputedAgainst)
        } else if tx.policy(organization).await?.is_on(Rule::SplitDelivery) {
            Some(Problem::AsksForPin)
        } else if !self.sends_mail(tx, organization).await? {
            Some(Problem::NoMail)
        } else {
            None
        })
    }
}

impl Plan {
    /// Whether the same member of staff wants the same.
    fn is_as(&self, other: &Self) -> bool {
        let wanted = |plan: &Self| (plan.doer.id, plan.per_minute, plan.stopping);
        wanted(self) == wanted(other) && self.why == other.why && self.digest == other.digest
    }

    fn of(job: &JobRow) -> Result<Self> {
        Ok(serde_json::from_str(&job.plan).context("the plan of links to many")?)
    }
}
