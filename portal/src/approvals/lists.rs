//! What pages show of what a second person is asked to agree to.

use model::{
    Refusal,
    account::{AccountKind, Role},
    approval::{
        ApprovalAction, ApprovalLine, ApprovalObstacle, ApprovalState, ApprovalSubject,
        ApprovalView, Flagged,
    },
    id::{ApprovalId, OrganizationId},
    permission::Permission,
    policy::Rule,
};

use super::Held;
use crate::{
    Actor, Portal, Result,
    store::{ApprovalListRow, ApprovalRow, Tx},
};

impl Portal {
    /// What somebody asks, for staff of the organization that it is about, or above it. Another
    /// organization's and none at all are the same.
    pub(super) async fn approval_of(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: ApprovalId,
    ) -> Result<ApprovalRow> {
        actor.may(Permission::ReadCustomers)?;
        let row = tx.approval(id).await?.ok_or(Refusal::NotFound)?;
        if tx.is_within(row.organization_id, actor.organization).await? {
            Ok(row)
        } else {
            Err(Refusal::NotFound.into())
        }
    }

    /// What the page shows on which one agrees, for those who may do what it is about.
    pub async fn approval(&self, actor: &Actor, id: ApprovalId) -> Result<ApprovalView> {
        let mut tx = self.db().read().await?;
        let row = self.approval_of(&mut tx, actor, id).await?;
        actor.may(row.action.permission())?;
        let account = match row.account_id {
            Some(account) => Some(tx.account(account).await?.ok_or(Refusal::NotFound)?),
            None => None,
        };
        let job = match row.job_id {
            Some(job) => Some(tx.job(job).await?.ok_or(Refusal::NotFound)?),
            None => None,
        };
        let policy = tx.policy(row.organization_id).await?;
        let flagged = match (&account, &job) {
            (Some(account), _) => self.flagged(&mut tx, account, row.action).await?,
            (None, Some(_)) if row.action == ApprovalAction::StopStaffPasswords => {
                Some(Flagged::StaffPasswords)
            }
            (None, Some(_)) => {
                Some(Flagged::Many { up_to: policy.count(Rule::SecondApproverFrom) })
            }
            (None, None) => None,
        };
        let organization = tx.organization(row.organization_id).await?.ok_or(Refusal::NotFound)?;
        let by = match tx.account(row.asked_by).await? {
            Some(asker) => {
                let theirs = tx.organization(asker.organization_id).await?;
                theirs.map(|theirs| (asker.name, theirs.name))
            }
            None => None,
        };
        let decider = match row.decided_by {
            Some(by) => tx.name_of(by).await?,
            None => None,
        };
        let proven = tx.step_up(actor.session).await?;
        let second = tx.account(actor.account).await?.ok_or(Refusal::NotFound)?;
        let stepped_up = self.counts(proven);
        let held = Held { row, second, account, job, proven: stepped_up };
        let obstacle = match actor.is_person() {
            Ok(()) => self.agreeing_obstacle(&mut tx, &held).await?,
            Err(_) => Some(ApprovalObstacle::NotPermitted),
        };
        let may_refuse = self.refusing_obstacle(&mut tx, &held).await?.is_none();
        let Held { row, account, job, .. } = held;
        let is_over = row.state.is_open() && row.expires_at <= self.now();
        let view = ApprovalView {
            id,
            action: row.action,
            // The worker may not have come to it yet.
            state: if is_over { ApprovalState::Expired } else { row.state },
            flagged,
            hours: match account.as_ref().map(|account| account.kind) {
                Some(AccountKind::Staff) => policy.count(Rule::StaffCoolingOffHours),
                _ => 0,
            },
            subject: account.map(|account| ApprovalSubject {
                id: account.id,
                kind: account.kind,
                name: account.name,
                email: account.email,
            }),
            job: job.map(|job| (job.id, u32::try_from(job.total).unwrap_or(u32::MAX))),
            organization: organization.name,
            by,
            reason: row.reason,
            ticket: row.ticket,
            asked_at: row.asked_at,
            until: row.expires_at,
            decided: row.decided_at.map(|at| (decider, at, row.remark)),
            own: row.asked_by == actor.account,
            obstacle,
            may_refuse,
            stepped_up,
        };
        let customer = match &view.subject {
            Some(subject) if subject.kind == AccountKind::Customer => {
                Some(tx.customer_of(actor, subject.id).await?)
            }
            _ => None,
        };
        drop(tx);
        if let Some(customer) = customer {
            self.note_view(actor, &customer).await?;
        }
        Ok(view)
    }

    /// What waits for the actor to agree, in an organization and below it, and what the actor asked
    /// others to agree to.
    pub(crate) async fn approval_lines(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        (scope, most): (OrganizationId, i64),
    ) -> Result<Vec<ApprovalLine>> {
        let (Some(role), Ok(())) = (actor.role, actor.is_person()) else { return Ok(Vec::new()) };
        let mut lines = Vec::new();
        for row in tx.open_approvals(scope, self.now(), most).await? {
            let own = row.asked_by == actor.account;
            if own || tx.is_theirs_to_decide(actor, role, &row).await? {
                lines.push(ApprovalLine {
                    id: row.id,
                    action: row.action,
                    state: row.state,
                    subject: row.subject,
                    by: row.by,
                    own,
                    until: row.expires_at,
                });
            }
        }
        Ok(lines)
    }
}

impl Tx {
    /// Whether somebody's role lets them decide about what waits; the page says whether they can.
    async fn is_theirs_to_decide(
        &mut self,
        actor: &Actor,
        role: Role,
        row: &ApprovalListRow,
    ) -> Result<bool> {
        let concerns = row.state == ApprovalState::Asked
            && row.account_id != Some(actor.account)
            && row.action.is_for(role);
        let for_agents = role != Role::Agent
            || row.action == ApprovalAction::RemoveFactor
            || self.policy(row.organization_id).await?.is_on(Rule::AgentsSetPasswords);
        Ok(concerns && for_agents)
    }
}
