//! Many customers at once, for the staff who look after them: resets by state, and what needs
//! attention where they start.

use std::{collections::HashMap, time::Duration};

use model::{
    Moment, Refusal,
    account::Lock,
    customer::{COUNTED, Count, Scope},
    id::{AccountId, ResetId},
    job::JobKind,
    overview::{
        Coverage, DAYS_CHARTED, DayCount, FactorCoverage, HomeView, ORGANIZATIONS_CHARTED,
        RESETS_PER_PAGE, ResetLine, ResetPage, ResetQuery,
    },
    permission::Permission,
    reset::{ResetState, TargetView},
};
use uuid::Uuid;

use crate::{
    Actor, Portal, Result,
    audit::before_all_of,
    store::{ResetListRow, ResetSearch, Tx},
};

/// A day.
const DAY: Duration = Duration::from_hours(24);
/// Resets that the chart counts; reading so many in their index takes some tens of milliseconds.
const CHARTED: i64 = 100_000;
/// Customers who are named at home, for each matter.
const NAMED: usize = 6;
/// What waits for a second person, on the list of resets.
const LISTED_APPROVALS: i64 = 50;
/// Links to many, of each kind, on the list of resets.
const LISTED_JOBS: i64 = 3;
/// Customers whose permission is counted.
const COVERED: i64 = 1_000_000;

impl Portal {
    /// A page of the resets of a scope's customers.
    pub async fn resets(&self, actor: &Actor, query: &ResetQuery) -> Result<ResetPage> {
        actor.may(Permission::ReadCustomers)?;
        let mut tx = self.db().read().await?;
        let id = query.scope.unwrap_or(actor.organization);
        // Whose scope it is not learns nothing of it.
        if !tx.is_within(id, actor.organization).await? {
            return Err(Refusal::NotFound.into());
        }
        let name = tx.organization(id).await?.ok_or(Refusal::NotFound)?.name;
        let search = ResetSearch {
            scope: id,
            state: query.state,
            before: query.before.unwrap_or(ResetId(Uuid::max())),
            limit: RESETS_PER_PAGE + 1,
        };
        let mut rows = tx.find_resets(&search).await?;
        let more = rows.len() > RESETS_PER_PAGE;
        rows.truncate(RESETS_PER_PAGE);
        let older = rows.last().map(|row| row.id).filter(|_| more);

        let lines = tx.reset_lines(actor, rows).await?;
        let mut states = Vec::with_capacity(ResetState::ALL.len());
        for state in ResetState::ALL {
            let counted = tx.count_resets(id, *state, i64::from(COUNTED) + 1).await?;
            states.push((*state, Count::of(counted)));
        }
        // With what is waited for, on the first page alone.
        let shown = query.before.is_none()
            && matches!(query.state, None | Some(ResetState::WaitingForApproval));
        let approvals = if shown {
            self.approval_lines(&mut tx, actor, (id, LISTED_APPROVALS)).await?
        } else {
            Vec::new()
        };
        let mut jobs = Vec::new();
        if query.before.is_none() && query.state.is_none() {
            for kind in [JobKind::StaffLinks, JobKind::SendLinks] {
                if actor.may_do(kind).is_ok() {
                    for row in tx.jobs(id, kind, LISTED_JOBS).await? {
                        jobs.push(self.job_view(&mut tx, &row).await?);
                    }
                }
            }
        }
        Ok(ResetPage {
            lines,
            approvals,
            jobs,
            older,
            states,
            scope: Scope { id, name, depth: 0, suspended: tx.is_suspended(id).await? },
            has_several: tx.count_scopes(id).await? > 1,
        })
    }

    /// One reset of a customer, as the list of them tells of it.
    pub async fn one_reset(&self, actor: &Actor, id: ResetId) -> Result<ResetLine> {
        actor.may(Permission::ReadCustomers)?;
        let mut tx = self.db().read().await?;
        let search = ResetSearch {
            scope: actor.organization,
            state: None,
            // The first one that is not newer.
            before: ResetId(Uuid::from_u128(id.0.as_u128().saturating_add(1))),
            limit: 1,
        };
        let mut rows = tx.find_resets(&search).await?;
        rows.retain(|row| row.id == id);
        Ok(tx.reset_lines(actor, rows).await?.pop().ok_or(Refusal::NotFound)?)
    }

    /// What needs attention among the actor's customers, and how things stand. Every number is
    /// capped, or counted in an index alone.
    pub async fn home(&self, actor: &Actor) -> Result<HomeView> {
        actor.may(Permission::ReadCustomers)?;
        let now = self.now();
        let scope = actor.organization;
        let most = i64::from(COUNTED) + 1;
        let mut tx = self.db().read().await?;
        let resets = tx.count_resets(scope, ResetState::NeedsAttention, most).await?;
        let mails = tx.count_dead_mails(scope, most).await?;
        let mut disputes = tx.disputing(scope, most).await?;
        let disputed = Count::of(i64::try_from(disputes.len()).unwrap_or(most));
        disputes.truncate(NAMED);
        let mut agreements = match actor.may(Permission::ChangeEmail) {
            Ok(_) => tx.email_changes_to_agree_to(scope, actor.account, now, most).await?,
            Err(_) => Vec::new(),
        };
        let agreeable = Count::of(i64::try_from(agreements.len()).unwrap_or(most));
        agreements.truncate(NAMED);
        let mut approvals = self.approval_lines(&mut tx, actor, (scope, most)).await?;
        let for_them = approvals.iter().filter(|line| !line.own).count();
        let approvable = Count::of(i64::try_from(for_them).unwrap_or(most));
        approvals.truncate(NAMED);
        let mut locks = Vec::new();
        for lock in [Lock::Dispute, Lock::Failures, Lock::Staff] {
            let counted = tx.count_locked_by(scope, lock, now, most).await?;
            locks.push((lock, Count::of(counted)));
        }
        let customers = tx.count_allowing_after(scope, Moment(-1), COVERED).await?;
        let allow = tx.count_allowing_after(scope, now, COVERED).await?;

        let limit = i64::try_from(ORGANIZATIONS_CHARTED).unwrap_or(1) + 1;
        let mut counted = tx.count_factors(scope, limit).await?;
        let more_factors = counted.len() > ORGANIZATIONS_CHARTED;
        counted.truncate(ORGANIZATIONS_CHARTED);
        let factors = counted
            .into_iter()
            .map(|row| FactorCoverage {
                id: row.organization_id,
                name: row.name,
                customers: Coverage {
                    part: as_number(row.customers_with),
                    whole: as_number(row.customers),
                },
                staff: Coverage { part: as_number(row.staff_with), whole: as_number(row.staff) },
            })
            .collect();

        let today = now.0.div_euclid(micros(DAY));
        let back = i64::try_from(DAYS_CHARTED).unwrap_or(1) - 1;
        let first_day = Moment((today - back) * micros(DAY));
        let from = ResetId(before_all_of(first_day).0);
        let counted = tx.resets_by_day(scope, from, CHARTED).await?;
        let is_part = counted.iter().map(|(_, _, count)| count).sum::<i64>() >= CHARTED;
        let days = counted
            .into_iter()
            .filter_map(|(day, delivery, count)| {
                // A clock that was ahead made some for days to come.
                let day = u32::try_from(day - (today - back)).ok()?;
                let is_charted = usize::try_from(day).is_ok_and(|day| day < DAYS_CHARTED);
                is_charted.then(|| DayCount { day, delivery, count: as_number(count) })
            })
            .collect();
        Ok(HomeView {
            resets: Count::of(resets),
            mails: Count::of(mails),
            reads_mail: actor.may(Permission::ReadSettings).is_ok(),
            disputed,
            disputes,
            agreeable,
            agreements,
            approvable,
            approvals,
            locks,
            consent: Coverage { part: as_number(allow), whole: as_number(customers) },
            factors,
            more_factors,
            first_day,
            days,
            is_part,
        })
    }
}

impl Tx {
    /// Resets as they are shown to the actor.
    async fn reset_lines(
        &mut self,
        actor: &Actor,
        rows: Vec<ResetListRow>,
    ) -> Result<Vec<ResetLine>> {
        let ids: Vec<ResetId> = rows.iter().map(|row| row.id).collect();
        let mut targets: HashMap<ResetId, Vec<TargetView>> = HashMap::new();
        let mut entries = HashMap::new();
        if !ids.is_empty() {
            for (reset, target) in self.target_views(&ids).await? {
                targets.entry(reset).or_default().push(target);
            }
            if actor.may(Permission::ReadAudit).is_ok() {
                let subjects: Vec<AccountId> = rows.iter().map(|row| row.account_id).collect();
                for (reset, entry) in self.entries_of(&ids, &subjects, actor.organization).await? {
                    entries.entry(reset).or_insert(entry);
                }
            }
        }
        Ok(rows
            .into_iter()
            .map(|row| ResetLine {
                asked_by: row.asked_by(),
                targets: targets.remove(&row.id).unwrap_or_default(),
                audit: entries.get(&row.id).copied(),
                id: row.id,
                customer: row.account_id,
                name: row.name,
                email: row.email,
                organization: row.organization,
                delivery: row.delivery,
                state: row.state,
                reason: row.reason,
                ticket: row.ticket,
                created_at: row.created_at,
                finished_at: row.finished_at,
            })
            .collect())
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

fn as_number(count: i64) -> u32 {
    u32::try_from(count).unwrap_or_default()
}
