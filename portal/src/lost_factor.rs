//! Lost second factors: staff remove what somebody cannot sign in without any more.
//!
//! Whoever asks has proven who they are, has verified the caller by a code that went to the stored
//! address, whatever the policy says about callers, and says why. Where the policy wants it, the
//! removal waits, the one whose factor it is is told at once, and whoever still has the factor stops
//! it: by a link in that mail, on any page they are signed in to, or by using the factor. When its
//! time has come ([`due`]), everything that entitled to it is looked at once more.

mod due;

use std::time::Duration;

use model::{
    Moment, Refusal,
    account::{AccountKind, AccountState, Device, Lock, Role},
    approval::ApprovalAction,
    audit::{ActorKind, AuditKind, Outcome},
    call::CallAction,
    factor::{
        FactorDesk, KeepView, RemovalDeed, RemovalDone, RemovalObstacle, RemovalState,
        WaitingRemoval,
    },
    id::{AccountId, LinkId, RemovalId},
    link::{LinkOrigin, LinkPurpose},
    permission::Permission,
    policy::{FACTOR_REMOVAL_WINDOW, FACTOR_REMOVALS, LONGEST_COOLING_OFF, Policy, Rule},
};

use crate::{
    Actor, Portal, Result, Visit,
    approvals::Second,
    audit::{Event, Personal, occasion},
    mail::{FactorChange, Letter, Occasion},
    reset_desk::SENT_TWICE_WITHIN,
    resets::Why,
    secrets::Secret,
    sessions::factor_due,
    store::{Account, LinkOf, RemovalRow, Tx},
    throttle::Limit,
};

/// The form by which staff remove somebody's lost second factor.
#[derive(Debug, Clone)]
pub struct RemoveFactor {
    /// Whose.
    pub account: AccountId,
    /// Why, in the operator's words.
    pub reason: String,
    /// The number of a ticket; empty for none.
    pub ticket: String,
}

/// The rule by which a removal waits.
fn cooling_off(kind: AccountKind) -> Rule {
    match kind {
        AccountKind::Customer => Rule::CustomerCoolingOffHours,
        AccountKind::Staff => Rule::StaffCoolingOffHours,
    }
}

/// Why somebody in this role has no say about a second factor, if so.
fn has_no_say((by, role): (AccountId, Role), account: &Account) -> Option<RemovalObstacle> {
    if !role.may(Permission::RemoveFactors) {
        Some(RemovalObstacle::NotPermitted)
    } else if by == account.id {
        Some(RemovalObstacle::Yourself)
    } else if account.role.is_some_and(|theirs| !role.manages(theirs)) {
        Some(RemovalObstacle::Owner)
    } else {
        None
    }
}

impl RemovalRow {
    /// Why it was asked for.
    fn why(&self) -> Why {
        Why { reason: self.reason.clone(), ticket: self.ticket.clone() }
    }

    /// When it takes effect under these rules: not before the moment that was told, and not before
    /// they allow it.
    fn due_under(&self, policy: &Policy, kind: AccountKind) -> Moment {
        due_under((self.created_at, self.due_at), policy, kind)
    }
}

fn due_under((asked, told): (Moment, Moment), policy: &Policy, kind: AccountKind) -> Moment {
    told.max(asked.plus(policy.hours(cooling_off(kind))))
}

/// That staff did something, for letters: where they sit is nothing to those they look after.
pub(crate) fn by_staff(at: Moment) -> Occasion {
    Occasion { at, address: None, device: Device::default() }
}

impl Portal {
    /// What the page on which somebody's lost second factor is removed shows.
    pub async fn factor_desk(&self, actor: &Actor, id: AccountId) -> Result<FactorDesk> {
        let role = actor.may(Permission::ReadCustomers)?;
        let now = self.now();
        let mut tx = self.db().read().await?;
        let account = tx.account_of(actor, id).await?;
        let customer = match account.kind {
            AccountKind::Customer => Some(tx.customer_of(actor, id).await?),
            AccountKind::Staff => {
                actor.may(Permission::ReadSettings)?;
                None
            }
        };
        let organization =
            tx.organization(account.organization_id).await?.ok_or(Refusal::NotFound)?;
        let policy = tx.policy(account.organization_id).await?;
        let by = (actor.account, role);
        let proven = tx.step_up(actor.session).await?;
        let desk = FactorDesk {
            account: id,
            kind: account.kind,
            stepped_up: self.counts(proven),
            obstacle: self.factor_obstacle(&mut tx, by, &account).await?,
            waiting: self.waiting_removal(&mut tx, (id, account.kind), &policy).await?,
            may_stop: has_no_say(by, &account).is_none(),
            hours: policy.count(cooling_off(account.kind)),
            needed: factor_due(&policy, account.kind).is_some_and(|due| due <= now),
            caller: self.caller_check(&mut tx, actor, &account, CallAction::RemoveFactor).await?,
            approval: self
                .approval_desk(&mut tx, by, &account, ApprovalAction::RemoveFactor)
                .await?,
            organization: organization.name,
            name: account.name,
            email: account.email,
        };
        drop(tx);
        if let Some(customer) = customer {
            self.note_view(actor, &customer).await?;
        }
        Ok(desk)
    }

    /// The removal of an account's second factor that waits, as people are shown it.
    pub(crate) async fn waiting_removal(
        &self,
        tx: &mut Tx,
        (id, kind): (AccountId, AccountKind),
        policy: &Policy,
    ) -> Result<Option<WaitingRemoval>> {
        let row = tx.waiting_removal(id).await?;
        Ok(row.map(|row| WaitingRemoval {
            by: row.operator.zip(row.organization),
            asked_at: row.created_at,
            due_at: due_under((row.created_at, row.due_at), policy, kind),
        }))
    }

    /// Why somebody cannot remove a second factor, if so. For an answer that decides, the account
    /// must be held, and its organization: alone, if it is one of staff.
    pub(crate) async fn removal_obstacle(
        &self,
        tx: &mut Tx,
        by: (AccountId, Role),
        account: &Account,
    ) -> Result<Option<RemovalObstacle>> {
        let organization = account.organization_id;
        let no_say = has_no_say(by, account);
        if matches!(no_say, Some(RemovalObstacle::NotPermitted | RemovalObstacle::Yourself)) {
            return Ok(no_say);
        }
        // Before what an owner could do: there is no other one.
        if account.role == Some(Role::Owner)
            && tx.count_other_owners(organization, account.id).await? == 0
        {
            return Ok(Some(RemovalObstacle::LastOwner));
        }
        Ok(if no_say.is_some() {
            no_say
        } else if account.state == AccountState::Suspended || tx.is_suspended(organization).await? {
            Some(RemovalObstacle::Suspended)
        } else if tx.is_disputed_against(account.id, by.0).await? {
            Some(RemovalObstacle::DisputedAgainst)
        } else if tx.is_in_dispute(account).await? {
            Some(RemovalObstacle::Disputed)
        } else if !tx.has_factor(account.id).await? {
            Some(RemovalObstacle::NoFactor)
        } else if tx.waiting_removal(account.id).await?.is_some() {
            Some(RemovalObstacle::Waiting)
        } else if !self.sends_mail(tx, organization).await? {
            Some(RemovalObstacle::NoMail)
        } else {
            None
        })
    }

    /// The same, with a second person who has to agree where the policy says so.
    pub(crate) async fn factor_obstacle(
        &self,
        tx: &mut Tx,
        by: (AccountId, Role),
        account: &Account,
    ) -> Result<Option<RemovalObstacle>> {
        if let Some(obstacle) = self.removal_obstacle(tx, by, account).await? {
            return Ok(Some(obstacle));
        }
        Ok(match self.second(tx, by, account, ApprovalAction::RemoveFactor).await? {
            Second::Missing => Some(RemovalObstacle::SecondApprover),
            Second::NotNeeded | Second::Agreed(_) => None,
        })
    }

    /// Removes somebody's lost second factor: at once, or after a while in which they are told and
    /// can keep it.
    pub async fn remove_lost_factor(
        &self,
        actor: &Actor,
        request: RemoveFactor,
    ) -> Result<RemovalDone> {
        let permission = Permission::RemoveFactors;
        actor.may(permission)?;
        let why = Why::told(&request.reason, &request.ticket)?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        let about = (request.account, ApprovalAction::RemoveFactor);
        let others = self.who_agreed(&mut tx, actor, about).await?;
        let (account, proven) =
            self.hold_account_with(&mut tx, actor, request.account, (permission, &others)).await?;
        if !proven {
            return Err(Refusal::StepUp.into());
        }
        let done = |deed| RemovalDone { account: account.id, kind: account.kind, deed };
        // Pressed twice, without scripts: one removal, one mail, one answer.
        if let Some(last) = tx.last_removal(account.id).await?
            && (last.asked_by, last.why()) == (actor.account, why.clone())
            && now.since(last.created_at) < SENT_TWICE_WITHIN
        {
            match last.state {
                RemovalState::Waiting => return Ok(done(RemovalDeed::Asked)),
                RemovalState::Done => return Ok(done(RemovalDeed::Removed)),
                RemovalState::Stopped => {}
            }
        }
        let by = (actor.account, tx.role_now(actor).await?);
        let receipt = self.receipt(&mut tx, actor, account.id, CallAction::RemoveFactor).await?;
        let obstacle = match self.factor_obstacle(&mut tx, by, &account).await? {
            None if receipt.is_none() => Some(RemovalObstacle::CallerUnknown),
            obstacle => obstacle,
        };
        let (Some(receipt), None) = (receipt, obstacle) else {
            let event = actor.event_about(&account, AuditKind::FactorRemovalAsked);
            let obstacle = obstacle.unwrap_or(RemovalObstacle::CallerUnknown);
            return self.refuse(tx, event, why, Refusal::RemovalImpossible(obstacle)).await;
        };
        let second = self.second(&mut tx, by, &account, about.1).await?;
        let limit = Limit { count: FACTOR_REMOVALS, window: FACTOR_REMOVAL_WINDOW };
        let name = format!("factor-removals:{}", actor.account);
        let mut tx = tx.take_or_refuse(&name, limit, now).await?;
        if !tx.use_receipt(receipt.id, None, now).await? {
            return Err(Refusal::RemovalImpossible(RemovalObstacle::CallerUnknown).into());
        }

        let wait = tx.policy(account.organization_id).await?.hours(cooling_off(account.kind));
        let at_once = wait.is_zero();
        let row = RemovalRow {
            id: RemovalId(self.random().id(now)),
            account_id: account.id,
            asked_by: actor.account,
            reason: why.reason.clone(),
            ticket: why.ticket.clone(),
            origin: actor.visit.origin.clone(),
            state: if at_once { RemovalState::Done } else { RemovalState::Waiting },
            created_at: now,
            due_at: now.plus(wait),
        };
        tx.add_removal(&row).await?;
        if !second.use_for(&mut tx, row.id.0, now).await? {
            return Err(Refusal::RemovalImpossible(RemovalObstacle::SecondApprover).into());
        }
        let event = actor.event_about(&account, AuditKind::FactorRemovalAsked);
        let personal = Personal { why: Some(why), ..event.personal };
        let event = Event { personal, ..event };
        let deed = if at_once {
            self.take_factor_away(&mut tx, &account, &row, event).await?;
            RemovalDeed::Removed
        } else {
            self.announce_removal(&mut tx, actor, &account, (&row, wait)).await?;
            tx.record(self, event).await?;
            RemovalDeed::Asked
        };
        tx.commit().await?;
        self.wake();
        Ok(done(deed))
    }

    /// Tells somebody that their second factor is about to be removed, and how they keep it.
    async fn announce_removal(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        account: &Account,
        (row, wait): (&RemovalRow, Duration),
    ) -> Result<()> {
        let kind = (LinkPurpose::KeepFactor, LinkOrigin::Notice);
        // It ends with the removal, however long the policy comes to let that wait.
        let life = wait + LONGEST_COOLING_OFF;
        let of = LinkOf::Removal(row.id);
        let link = self.make_link(tx, account, kind, of, life, &row.origin).await?;
        let organization = tx.organization(actor.organization).await?.ok_or(Refusal::NotFound)?;
        let letter = Letter::FactorRemovalAsked {
            name: account.name.clone(),
            by: actor.name.clone(),
            organization: organization.name,
            at: row.created_at,
            until: row.due_at,
            link,
        };
        // Once the factor is gone, there is another letter.
        tx.post(self, account, letter, wait).await
    }

    /// Removes the factor of an account that is held, with all that leaned on it. It signs nobody in
    /// and leaves the password as it is. Recorded like `event`, last in a unit of work.
    async fn take_factor_away(
        &self,
        tx: &mut Tx,
        account: &Account,
        row: &RemovalRow,
        event: Event<'_>,
    ) -> Result<()> {
        let now = self.now();
        let how = (FactorChange::RemovedByStaff, LinkOf::Removal(row.id));
        self.remove_second_factor(tx, account, how, by_staff(now), &row.origin).await?;
        // What asked for the factor as well must not do without it from now on.
        tx.void_reset_links(account.id, now).await?;
        tx.cancel_resets(account.id, now).await?;
        tx.void_links_for(account.id, LinkPurpose::KeepFactor, now).await?;
        tx.end_sessions(account.id, None, now).await?;
        tx.revoke_devices(account.id, None, now).await?;
        tx.record(self, Event { kind: AuditKind::LostFactorRemoved, ..event }).await
    }

    /// Stops the removal that waits for an account, which is held: whether one did. The owner is told
    /// on which occasion, unless another letter tells. Recorded like `event`, last in a unit of work.
    pub(crate) async fn stop_removal(
        &self,
        tx: &mut Tx,
        account: &Account,
        told: Option<(Occasion, &str)>,
        event: Event<'_>,
    ) -> Result<bool> {
        if !tx.end_removal(account.id, self.now()).await? {
            return Ok(false);
        }
        if let Some((occasion, origin)) = told {
            self.tell_of_factor(tx, account, FactorChange::Kept, occasion, origin).await?;
        }
        let (kind, outcome) = (AuditKind::FactorRemovalStopped, Outcome::Done);
        tx.record(self, Event { kind, outcome, ..event }).await?;
        Ok(true)
    }

    /// Somebody used their second factor: they have not lost it. Recorded like `event`, last in a
    /// unit of work.
    pub(crate) async fn keep_used_factor(
        &self,
        tx: &mut Tx,
        visit: &Visit,
        account: &Account,
        event: Event<'_>,
    ) -> Result<()> {
        let told = Some((occasion(self.now(), visit), visit.origin.as_str()));
        self.stop_removal(tx, account, told, event).await.map(drop)
    }

    /// Stops a removal on behalf of those who may ask for one.
    pub async fn stop_factor_removal(&self, actor: &Actor, id: AccountId) -> Result<RemovalDone> {
        let permission = Permission::RemoveFactors;
        actor.may(permission)?;
        let mut tx = self.db().write().await?;
        // Without a fresh proof: it gives nobody anything.
        let (account, _) = self.hold_account(&mut tx, actor, id, permission).await?;
        let by = (actor.account, tx.role_now(actor).await?);
        if let Some(obstacle) = has_no_say(by, &account) {
            return Err(Refusal::RemovalImpossible(obstacle).into());
        }
        let told = Some((by_staff(self.now()), actor.visit.origin.as_str()));
        let event = actor.event_about(&account, AuditKind::FactorRemovalStopped);
        self.stop_removal(&mut tx, &account, told, event).await?;
        tx.commit().await?;
        self.wake();
        Ok(RemovalDone { account: account.id, kind: account.kind, deed: RemovalDeed::Stopped })
    }

    /// Whoever is signed in keeps their own second factor.
    pub async fn keep_my_factor(&self, actor: &Actor) -> Result<()> {
        let mut tx = self.db().write().await?;
        let account = tx.lock_account(actor.account).await?.ok_or(Refusal::NotAllowed)?;
        if tx.lock_step_up(actor.session).await?.is_none() {
            return Err(Refusal::NotAllowed.into());
        }
        let event = actor.event(AuditKind::FactorRemovalStopped);
        self.keep_used_factor(&mut tx, &actor.visit, &account, event).await?;
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// What the page of a link shows by which somebody keeps their second factor. Changes nothing.
    pub async fn keep_view(&self, visit: &Visit, id: LinkId, token: &Secret) -> Result<KeepView> {
        let purpose = LinkPurpose::KeepFactor;
        let (_, account) = self.usable_link(visit, id, token, purpose).await?;
        let mut tx = self.db().read().await?;
        let policy = tx.policy(account.organization_id).await?;
        let who = (account.id, account.kind);
        let removal = self.waiting_removal(&mut tx, who, &policy).await?;
        let removal = removal.ok_or(Refusal::LinkUnusable)?;
        Ok(KeepView { email: account.email.masked(), removal })
    }

    /// Whoever holds the link of the notice keeps the second factor. Said again right after, by a
    /// form that was sent twice, it is done already.
    pub async fn keep_factor(&self, visit: &Visit, id: LinkId, token: &Secret) -> Result<()> {
        let result = self.keep_factor_once(visit, id, token).await;
        self.or_just_done(result, visit, (id, LinkPurpose::KeepFactor), token).await
    }

    async fn keep_factor_once(&self, visit: &Visit, id: LinkId, token: &Secret) -> Result<()> {
        let mut tx = self.db().write().await?;
        let purpose = LinkPurpose::KeepFactor;
        let link = self.consume_link(&mut tx, visit, id, token, purpose).await?;
        let account = tx.account(link.account_id).await?.ok_or(Refusal::LinkUnusable)?;
        let event = Event {
            organization: account.organization_id,
            kind: AuditKind::FactorRemovalStopped,
            outcome: Outcome::Done,
            actor: (ActorKind::LinkHolder, None),
            subject: Some(account.id),
            reset: None,
            request_id: &visit.request_id,
            personal: Personal::of(visit),
        };
        let told = Some((occasion(self.now(), visit), visit.origin.as_str()));
        if !self.stop_removal(&mut tx, &account, told, event).await? {
            return Err(Refusal::LinkUnusable.into());
        }
        tx.commit().await?;
        self.wake();
        Ok(())
    }
}

impl Tx {
    /// Ends the removal that waits for an account, which is held, with its link: whether one did.
    pub(crate) async fn end_removal(&mut self, account: AccountId, now: Moment) -> Result<bool> {
        let Some(waiting) = self.waiting_removal(account).await? else { return Ok(false) };
        self.void_links_for(account, LinkPurpose::KeepFactor, now).await?;
        Ok(self.close_removal(waiting.id, RemovalState::Stopped, now).await?)
    }

    /// Whether the owner of an account said "this wasn't me", and nobody has looked into it. Of
    /// customers an owner of their organization closes that; staff are set free by a fresh link.
    async fn is_in_dispute(&mut self, account: &Account) -> Result<bool> {
        Ok(match account.kind {
            AccountKind::Customer => !self.open_disputes(account.id).await?.is_empty(),
            AccountKind::Staff => account.locked_by == Some(Lock::Dispute),
        })
    }
}
