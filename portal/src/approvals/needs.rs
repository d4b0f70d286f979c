//! When a second person has to agree, who can, and whether one did.

use std::{collections::BTreeSet, time::Duration};

use model::{
    Moment,
    account::{AccountKind, Role},
    approval::{
        ApprovalAction, ApprovalDesk, ApprovalObstacle, ApprovalState, Flagged, OwnApproval,
    },
    factor::RemovalObstacle,
    id::{AccountId, JobId, OrganizationId},
    job::{JobKind, JobState},
    policy::{CONTACT_WATCH, Policy, RESET_DAY, Rule},
};
use uuid::Uuid;

use super::Held;
use crate::{
    Actor, Portal, Result,
    sessions::SKEW,
    store::{Account, ApprovalRow, JobRow, RemovalRow, Tx},
};

/// How long the desk tells what became of what somebody asked.
const TOLD: Duration = Duration::from_hours(24);

/// What a second person has to say about an action.
pub(crate) enum Second {
    /// It takes nobody else.
    NotNeeded,
    /// One agreed, and it can be used.
    Agreed(Box<ApprovalRow>),
    /// One has to agree first.
    Missing,
}

impl Second {
    /// Uses up what a second person agreed to, for a removal or a reset: whether that may go on.
    pub(crate) async fn use_for(self, tx: &mut Tx, id: Uuid, now: Moment) -> Result<bool> {
        match self {
            Self::NotNeeded => Ok(true),
            Self::Agreed(row) => Ok(tx.use_approval(row.id, id, now).await?),
            Self::Missing => Ok(false),
        }
    }
}

impl Portal {
    /// Why an action about somebody waits for a second person, if it does.
    pub(super) async fn flagged(
        &self,
        tx: &mut Tx,
        account: &Account,
        action: ApprovalAction,
    ) -> Result<Option<Flagged>> {
        if !tx.policy(account.organization_id).await?.is_on(Rule::SecondApprover) {
            return Ok(None);
        }
        match (action, account.kind) {
            (ApprovalAction::RemoveFactor, AccountKind::Staff) => Ok(Some(Flagged::StaffFactor)),
            (
                ApprovalAction::TypePassword | ApprovalAction::GeneratePassword,
                AccountKind::Customer,
            ) => {
                let changed = tx.contact_changed_at(account.id).await?;
                // A clock that went back makes no change an old one.
                let is_recent = |at: &Moment| self.now().since(*at) < CONTACT_WATCH;
                Ok(changed.filter(is_recent).map(Flagged::ContactChanged))
            }
            _ => Ok(None),
        }
    }

    /// Why somebody cannot do something to somebody, but for the second person and the caller.
    async fn doing_obstacle(
        &self,
        tx: &mut Tx,
        by: (AccountId, Role),
        account: &Account,
        action: ApprovalAction,
    ) -> Result<Option<ApprovalObstacle>> {
        Ok(match action.delivery() {
            Some(delivery) => self
                .password_obstacle(tx, by, account, delivery)
                .await?
                .map(ApprovalObstacle::Password),
            None => self.removal_obstacle(tx, by, account).await?.map(ApprovalObstacle::Factor),
        })
    }

    /// Why somebody cannot ask a second person to agree, if so. For an answer that decides, whom it is
    /// about must be held.
    pub(super) async fn asking_obstacle(
        &self,
        tx: &mut Tx,
        by: (AccountId, Role),
        account: &Account,
        action: ApprovalAction,
    ) -> Result<Option<ApprovalObstacle>> {
        if self.flagged(tx, account, action).await?.is_none() {
            return Ok(Some(ApprovalObstacle::NotNeeded));
        }
        if let Some(obstacle) = self.doing_obstacle(tx, by, account, action).await? {
            return Ok(Some(obstacle));
        }
        let somebody = self.somebody_could(tx, by, (Some(account), action)).await?;
        Ok((!somebody).then_some(ApprovalObstacle::NobodyElse))
    }

    /// Whether there is somebody besides who asks who could agree.
    pub(crate) async fn somebody_could(
        &self,
        tx: &mut Tx,
        (by, role): (AccountId, Role),
        (account, action): (Option<&Account>, ApprovalAction),
    ) -> Result<bool> {
        let Some(asker) = tx.account(by).await? else { return Ok(false) };
        for organization in tx.line_above(asker.organization_id).await? {
            for one in tx.staff_of(organization.id).await? {
                let could = one.password_hash.is_some() && !one.is_locked_for_good();
                if !could || one.id == by {
                    continue;
                }
                let asked = (&asker, role);
                let obstacle = match account {
                    Some(account) => {
                        self.second_obstacle(tx, &one, asked, (account, action)).await?
                    }
                    None => tx.standing_obstacle(&one, asked, action).await?,
                };
                if obstacle.is_none() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Why a second person cannot agree to what somebody asks about an account, if so.
    async fn second_obstacle(
        &self,
        tx: &mut Tx,
        second: &Account,
        asker: (&Account, Role),
        (account, action): (&Account, ApprovalAction),
    ) -> Result<Option<ApprovalObstacle>> {
        if second.id == account.id {
            return Ok(Some(ApprovalObstacle::Yourself));
        }
        if let Some(obstacle) = tx.standing_obstacle(second, asker, action).await? {
            return Ok(Some(obstacle));
        }
        let Some(role) = second.role else { return Ok(Some(ApprovalObstacle::NotPermitted)) };
        self.doing_obstacle(tx, (second.id, role), account, action).await
    }

    /// Why the reader cannot agree, if so. All that decides must be held.
    pub(super) async fn agreeing_obstacle(
        &self,
        tx: &mut Tx,
        held: &Held,
    ) -> Result<Option<ApprovalObstacle>> {
        if let Some(obstacle) = self.refusing_obstacle(tx, held).await? {
            return Ok(Some(obstacle));
        }
        let Held { row, second, account, job, .. } = held;
        let asker = tx.account(row.asked_by).await?;
        let still = tx.acts_still(asker, row.organization_id).await?;
        let Some((asker, role)) = still.filter(|(_, role)| row.action.is_for(*role)) else {
            return Ok(Some(ApprovalObstacle::AskerGone));
        };
        let asked = (&asker, role);
        match (account, job) {
            (Some(account), _) => {
                let second = self.second_obstacle(tx, second, asked, (account, row.action)).await?;
                if second.is_some() {
                    return Ok(second);
                }
                let by = (asker.id, role);
                let asker = self.doing_obstacle(tx, by, account, row.action).await?;
                Ok(asker.map(|_| ApprovalObstacle::AskerGone))
            }
            (None, Some(job)) if job.state == JobState::Approval => {
                tx.standing_obstacle(second, asked, row.action).await
            }
            _ => Ok(Some(ApprovalObstacle::NotOpen)),
        }
    }

    /// Why the reader cannot say no, if so.
    pub(super) async fn refusing_obstacle(
        &self,
        tx: &mut Tx,
        held: &Held,
    ) -> Result<Option<ApprovalObstacle>> {
        let Held { row, second, job, .. } = held;
        let now = self.now();
        let is_open = row.state == ApprovalState::Asked
            && now < row.expires_at
            && row.asked_at <= now.plus(SKEW);
        if !is_open {
            return Ok(Some(ApprovalObstacle::NotOpen));
        }
        // Nor to what one began, and somebody else had resumed.
        let began = job.as_ref().is_some_and(|job| job.created_by == second.id);
        if row.asked_by == second.id || began {
            return Ok(Some(ApprovalObstacle::OwnAsk));
        }
        if row.account_id == Some(second.id) {
            return Ok(Some(ApprovalObstacle::Yourself));
        }
        // Whoever asked and is gone stands above nobody.
        let asker = tx.account(row.asked_by).await?;
        match asker.as_ref().and_then(|asker| Some((asker, asker.role?))) {
            Some(asker) => tx.standing_obstacle(second, asker, row.action).await,
            None => Ok(None),
        }
    }

    /// What a second person has to say about something that somebody is about to do. All that decides
    /// must be held.
    pub(crate) async fn second(
        &self,
        tx: &mut Tx,
        by: (AccountId, Role),
        account: &Account,
        action: ApprovalAction,
    ) -> Result<Second> {
        let Some(flagged) = self.flagged(tx, account, action).await? else {
            return Ok(Second::NotNeeded);
        };
        let last = tx.last_approval(by.0, account.id, action).await?;
        let Some(row) = last.filter(|row| self.is_usable(row, flagged)) else {
            return Ok(Second::Missing);
        };
        let asker = tx.account(by.0).await?;
        let second = match row.decided_by {
            Some(second) => tx.account(second).await?,
            None => None,
        };
        let second = tx.acts_still(second, account.organization_id).await?;
        let (Some(asker), Some((second, _))) = (asker, second) else { return Ok(Second::Missing) };
        let about = (account, action);
        Ok(match self.second_obstacle(tx, &second, (&asker, by.1), about).await? {
            None => Second::Agreed(Box::new(row)),
            Some(_) => Second::Missing,
        })
    }

    /// Whether what somebody agreed to can be used now. What was changed since it was asked, nobody
    /// has looked at.
    fn is_usable(&self, row: &ApprovalRow, flagged: Flagged) -> bool {
        let now = self.now();
        let is_known = match flagged {
            Flagged::ContactChanged(at) => at <= row.asked_at,
            Flagged::StaffFactor | Flagged::Many { .. } | Flagged::StaffPasswords => true,
        };
        is_known
            && row.state == ApprovalState::Approved
            && now < row.expires_at
            && row.decided_at.is_some_and(|at| at <= now.plus(SKEW))
    }

    /// Who has to be held beside the actor who is about to do something: whoever agreed to it.
    pub(crate) async fn who_agreed(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        (account, action): (AccountId, ApprovalAction),
    ) -> Result<Vec<AccountId>> {
        let last = tx.last_approval(actor.account, account, action).await?;
        Ok(last.and_then(|row| row.decided_by).into_iter().collect())
    }

    /// Whether nobody has to agree to a removal whose time has come, or somebody did who still could.
    /// All that decides must be held.
    pub(crate) async fn removal_is_agreed(
        &self,
        tx: &mut Tx,
        row: &RemovalRow,
        account: &Account,
    ) -> Result<bool> {
        let action = ApprovalAction::RemoveFactor;
        if self.flagged(tx, account, action).await?.is_none() {
            return Ok(true);
        }
        let used = tx.approval_used_for(row.id.0).await?;
        let second = match used.and_then(|used| used.decided_by) {
            Some(second) => tx.account(second).await?,
            None => None,
        };
        let still = tx.acts_still(second, account.organization_id).await?;
        let Some((second, role)) = still else { return Ok(false) };
        Ok(match self.removal_obstacle(tx, (second.id, role), account).await? {
            // This is the one that waits; and the letter about it waits for a mail server.
            None | Some(RemovalObstacle::Waiting | RemovalObstacle::NoMail) => true,
            Some(_) => false,
        })
    }

    /// Why links to so many customers, or to staff, of these organizations, wait for a second person,
    /// if they do.
    pub(crate) async fn many_flagged(
        &self,
        tx: &mut Tx,
        by: AccountId,
        (job, kind, total): (JobId, JobKind, i64),
        organizations: &BTreeSet<OrganizationId>,
    ) -> Result<Option<Flagged>> {
        if kind == JobKind::StaffLinks {
            for organization in organizations {
                if tx.policy(*organization).await?.is_on(Rule::SecondApprover) {
                    return Ok(Some(Flagged::StaffPasswords));
                }
            }
            return Ok(None);
        }
        let mut strictest = None;
        for organization in organizations {
            let limit = many_limit(&tx.policy(*organization).await?);
            strictest = match (strictest, limit) {
                (Some(a), Some(b)) => Some(std::cmp::min(a, b)),
                (a, b) => a.or(b),
            };
        }
        let Some(up_to) = strictest else { return Ok(None) };
        let since = self.now().minus(RESET_DAY);
        let before = tx.customers_of_jobs_since(by, since, job).await?;
        let flagged = before.saturating_add(total) > i64::from(up_to);
        Ok(flagged.then_some(Flagged::Many { up_to }))
    }

    /// Whether the links of a job may go to people of an organization: nobody has to agree to so many
    /// there, or somebody did.
    pub(crate) async fn many_agreed(
        &self,
        tx: &mut Tx,
        job: &JobRow,
        organization: OrganizationId,
    ) -> Result<bool> {
        let limit = many_limit(&tx.policy(organization).await?);
        let is_enough = |up_to| job.kind != JobKind::StaffLinks && job.total <= i64::from(up_to);
        Ok(limit.is_none_or(is_enough) || tx.job_is_agreed(job.id).await?)
    }

    /// What the desk of somebody shows about a second person for an action; nothing where it takes
    /// none.
    pub(crate) async fn approval_desk(
        &self,
        tx: &mut Tx,
        by: (AccountId, Role),
        account: &Account,
        action: ApprovalAction,
    ) -> Result<Option<ApprovalDesk>> {
        if !action.is_for(by.1) {
            return Ok(None);
        }
        let Some(flagged) = self.flagged(tx, account, action).await? else { return Ok(None) };
        let now = self.now();
        let last = tx.last_approval(by.0, account.id, action).await?;
        let last = last.filter(|row| {
            if row.state.is_open() { now < row.expires_at } else { now.since(row.asked_at) < TOLD }
        });
        let last = match last {
            Some(row) => Some(OwnApproval {
                id: row.id,
                state: row.state,
                until: row.expires_at,
                by: match row.decided_by {
                    Some(by) => tx.name_of(by).await?,
                    None => None,
                },
                remark: row.remark,
            }),
            None => None,
        };
        let somebody = self.somebody_could(tx, by, (Some(account), action)).await?;
        Ok(Some(ApprovalDesk { action, flagged, last, somebody }))
    }
}

impl Tx {
    /// Why somebody's standing does not let them agree to what somebody asks, if so: they may do it
    /// themselves, and stand beside or above who asks, both by their role and by their organization.
    async fn standing_obstacle(
        &mut self,
        second: &Account,
        (asker, theirs): (&Account, Role),
        action: ApprovalAction,
    ) -> Result<Option<ApprovalObstacle>> {
        if second.id == asker.id {
            return Ok(Some(ApprovalObstacle::OwnAsk));
        }
        let Some(role) = second.role.filter(|role| action.is_for(*role)) else {
            return Ok(Some(ApprovalObstacle::NotPermitted));
        };
        let reaches = self.is_within(asker.organization_id, second.organization_id).await?;
        let is_below = !role.is_beside_or_above(theirs) || !reaches;
        Ok(is_below.then_some(ApprovalObstacle::BelowAsker))
    }

    /// Whether a second person agreed to the links of a job.
    pub(crate) async fn job_is_agreed(&mut self, job: JobId) -> Result<bool> {
        Ok(self.approval_used_for(job.0).await?.is_some())
    }
}

/// To how many customers one person sends links, where a second one has to agree to more.
fn many_limit(policy: &Policy) -> Option<u32> {
    policy.is_on(Rule::SecondApprover).then(|| policy.count(Rule::SecondApproverFrom))
}
