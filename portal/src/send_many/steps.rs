//! The steps of links to many: rows of people whose passwords stop, then one person after the other
//! who is mailed a link.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::Context;
use model::{
    Moment,
    account::{AccountKind, AccountState, Lock, Role},
    audit::AuditKind,
    id::{AccountId, OrganizationId},
    job::{JobKind, RowOutcome, RowResult},
    policy::{RESET_DAY, RESET_WINDOW, Rule},
    refusal::{FieldProblem, Problem},
};

use super::{Plan, TOLD_AT_ONCE, stored_under};
use crate::{
    Portal, Result,
    jobs::{Noted, Step},
    store::{Account, BatchRow, JobRow, Tx},
    throttle::Limit,
};

/// How much of a delay is caught up with; after a longer one the rate begins anew.
const CATCH_UP: Duration = Duration::from_secs(5);

/// What a step does, by its number: numbers of rows first where passwords stop, then those of people.
enum Place {
    /// The passwords stop of all of whom this row tells.
    Stop {
        /// It.
        row: i64,
    },
    /// One is mailed a link.
    Link {
        /// The row that tells of them.
        row: i64,
        /// Where in it.
        index: usize,
        /// As how many-th of all of them, from one on.
        line: u32,
    },
}

impl Place {
    /// The place of a step, as long as there is one.
    fn of(job: &JobRow, plan: &Plan, step: i64) -> Option<Self> {
        if step < plan.stopping {
            return Some(Self::Stop { row: step });
        }
        let person = step - plan.stopping;
        let at_once = i64::try_from(TOLD_AT_ONCE).unwrap_or(i64::MAX);
        (person < job.total).then(|| Self::Link {
            row: person / at_once,
            index: usize::try_from(person % at_once).unwrap_or_default(),
            line: u32::try_from(person + 1).unwrap_or(u32::MAX),
        })
    }

    fn row(&self) -> i64 {
        match self {
            Self::Stop { row } | Self::Link { row, .. } => *row,
        }
    }
}

impl Portal {
    /// Whom the next step of links to many is about, with the others of their row.
    pub(crate) async fn links_batch(&self, tx: &mut Tx, job: &JobRow) -> Result<Option<BatchRow>> {
        let plan = Plan::of(job)?;
        let Some(place) = Place::of(job, &plan, job.position) else { return Ok(None) };
        let stored = tx.job_batch(job.id, stored_under(place.row())).await?;
        // Never taken for the end: somebody would go without a link.
        let row = stored.context("a row of people is missing")?;
        Ok(Some(BatchRow { number: job.position, ..row }))
    }

    /// Does the next step.
    pub(crate) async fn send_links_to(
        &self,
        tx: &mut Tx,
        job: &JobRow,
        batch: &BatchRow,
    ) -> Result<Step> {
        let plan = Plan::of(job)?;
        let ids = batch.rows::<AccountId>(self.keys())?;
        let (row, index, line) = match Place::of(job, &plan, batch.number) {
            None => return Ok(Step::Done(Vec::new(), Vec::new(), self.now())),
            Some(Place::Stop { .. }) => return self.stop_passwords(tx, job, &plan, ids).await,
            Some(Place::Link { row, index, line }) => (row, index, line),
        };
        let Some(id) = ids.get(index).copied() else {
            return Ok(Step::Done(Vec::new(), Vec::new(), self.now()));
        };
        let (outcome, why, noted) = match self.send_link_to(tx, job, &plan, id).await? {
            Sent::Link(noted) => (RowOutcome::Created, Vec::new(), vec![noted]),
            Sent::LeftOut(problem) => {
                let why = vec![FieldProblem { field: String::new(), problem }];
                (RowOutcome::Refused, why, Vec::new())
            }
            Sent::Wait(until) => return Ok(Step::Wait(until)),
            Sent::Stop => return Ok(Step::Stop),
        };
        if index + 1 == ids.len() {
            tx.wipe_batch(job.id, stored_under(row)).await?;
        }
        // From when this one was due, not from now: workers look every other second, and what they are
        // late by is caught up with.
        let pause = Duration::from_mins(1) / plan.per_minute.max(1);
        let due_at = job.due_at.plus(pause).max(self.now().minus(CATCH_UP));
        let result = RowResult { line, outcome, why, customer: Some(id) };
        Ok(Step::Done(vec![result], noted, due_at))
    }

    /// Mails somebody a link, if they are still to have one. Everything is held before it is looked
    /// at, in the order in which all do: the rules, the staff, the customer, and last of all what is
    /// counted.
    async fn send_link_to(
        &self,
        tx: &mut Tx,
        job: &JobRow,
        plan: &Plan,
        id: AccountId,
    ) -> Result<Sent> {
        let before = tx.account(id).await?.filter(|account| account.kind == kind_of(job));
        let organization =
            before.as_ref().map_or(job.organization_id, |account| account.organization_id);
        let staff = staff_among(job, &[id]);
        if !self.may_go_on(tx, job, (&plan.doer, organization), &staff).await? {
            return Ok(Sent::Stop);
        }
        let account = tx.lock_account(id).await?;
        let is_theirs = tx.is_within(organization, job.organization_id).await?;
        let account = account.filter(|account| {
            before.is_some() && is_theirs && account.organization_id == organization
        });
        let gone = match job.kind {
            JobKind::StaffLinks => Problem::StaffGone,
            _ => Problem::CustomerGone,
        };
        let Some(account) = account else { return Ok(Sent::LeftOut(gone)) };
        if !self.many_agreed(tx, job, organization).await? {
            return Ok(Sent::LeftOut(Problem::NeedsApproval));
        }
        if let Some(problem) = self.left_out(tx, &account, plan).await? {
            return Ok(Sent::LeftOut(problem));
        }
        if account.kind == AccountKind::Customer
            && let Some(until) = self.budget_waits(tx, organization).await?
        {
            return Ok(Sent::Wait(until));
        }
        let by = (&plan.doer, plan.why.clone(), Vec::new());
        let reset = self.mail_link(tx, &account, by).await?;
        Ok(Sent::Link(Noted {
            organization,
            customer: id,
            kind: AuditKind::StaffLinkSent,
            reset: Some(reset),
            why: Some(plan.why.clone()),
        }))
    }

    /// Until when links to customers of an organization wait, if they do. A part of what the desk may
    /// do is left to the desk.
    async fn budget_waits(
        &self,
        tx: &mut Tx,
        organization: OrganizationId,
    ) -> Result<Option<Moment>> {
        let now = self.now();
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
                return Ok(Some(now.plus(wait)));
            }
        }
        Ok(None)
    }

    /// Stops the passwords of the people of a row: nothing but a new one lets them in, and they are
    /// signed out everywhere. Links that are open would have been asked for by whoever knows the old
    /// mailbox or the old password: they end too.
    async fn stop_passwords(
        &self,
        tx: &mut Tx,
        job: &JobRow,
        plan: &Plan,
        ids: Vec<AccountId>,
    ) -> Result<Step> {
        let now = self.now();
        let mut noted = Vec::new();
        let mut people = BTreeMap::new();
        for id in ids {
            let account = tx.account(id).await?.filter(|account| account.kind == kind_of(job));
            if let Some(account) = account {
                people.insert(id, account.organization_id);
            }
        }
        // In the order in which everybody holds things: rules, staff, customers.
        let organizations: BTreeSet<OrganizationId> = people.values().copied().collect();
        for organization in &organizations {
            tx.hold_policy(*organization).await?;
        }
        let staff = staff_among(job, &people.keys().copied().collect::<Vec<_>>());
        for organization in organizations {
            if !self.may_go_on(tx, job, (&plan.doer, organization), &staff).await? {
                return Ok(Step::Stop);
            }
        }
        let doer = tx.account(plan.doer.id).await?;
        if doer.is_none_or(|doer| doer.role != Some(Role::Owner)) {
            return Ok(Step::Stop);
        }
        for (id, organization) in people {
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
        // The heads of audit logs are held in one order, whoever writes to them.
        noted.sort_by_key(|noted| noted.organization);
        Ok(Step::Done(Vec::new(), noted, now))
    }

    /// Why somebody, who is held, gets no link: what the desk refuses, many letters at once do not
    /// get around.
    async fn left_out(
        &self,
        tx: &mut Tx,
        account: &Account,
        plan: &Plan,
    ) -> Result<Option<Problem>> {
        let organization = account.organization_id;
        let is_customer = account.kind == AccountKind::Customer;
        Ok(if account.state == AccountState::Suspended || tx.is_suspended(organization).await? {
            let of = if is_customer { Problem::CustomerSuspended } else { Problem::StaffSuspended };
            Some(of)
        } else if !is_customer && account.locked_by == Some(Lock::Dispute) {
            // Whoever reads their mailbox would set them free. Somebody does that who knows of it.
            Some(Problem::StaffFrozen)
        } else if tx.is_disputed_against(account.id, plan.doer.id).await? {
            Some(Problem::DisputedAgainst)
        } else if is_customer && tx.policy(organization).await?.is_on(Rule::SplitDelivery) {
            Some(Problem::AsksForPin)
        } else if !self.sends_mail(tx, organization).await? {
            Some(Problem::NoMail)
        } else {
            None
        })
    }
}

/// What came of one who was to get a link.
enum Sent {
    /// It is on its way.
    Link(Noted),
    /// They get none.
    LeftOut(Problem),
    /// They get theirs later.
    Wait(Moment),
    /// Whoever sends may not do that any more.
    Stop,
}

/// What those are to whom a job sends links.
fn kind_of(job: &JobRow) -> AccountKind {
    match job.kind {
        JobKind::StaffLinks => AccountKind::Staff,
        JobKind::Import | JobKind::SendLinks => AccountKind::Customer,
    }
}

/// Staff among those whom a step is about: they are held together with whoever does it.
fn staff_among(job: &JobRow, ids: &[AccountId]) -> Vec<AccountId> {
    match kind_of(job) {
        AccountKind::Staff => ids.to_vec(),
        AccountKind::Customer => Vec::new(),
    }
}
