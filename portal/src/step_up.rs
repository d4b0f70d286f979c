//! Step-up: fresh proof of one's own password, before what must not be done with a session that
//! somebody else sits at. It counts for a while, in the session in which it was given.

use std::time::Duration;

use model::{
    Moment, Refusal,
    account::{AccountKind, AccountState, Role},
    audit::{AuditKind, Outcome},
    id::{AccountId, OrganizationId},
    permission::Permission,
    policy::{KEPT_SESSION_LIFE, LONGEST_PASSWORD_BYTES, STEP_UP_LIFE},
    refusal::Problem,
};

use crate::{
    Actor, Error, Portal, Result,
    audit::Event,
    secrets::{Secret, new_token},
    sessions::SKEW,
    store::{Account, Tx},
    throttle::wait_refusal,
};

/// A session that goes on under a new token.
#[derive(Debug, Clone)]
pub struct SteppedUp {
    /// The token.
    pub token: Secret,
    /// How long the browser keeps it; until it is closed when `None`.
    pub max_age: Option<Duration>,
}

/// Counts wrong passwords of somebody who is signed in.
pub(crate) fn current_counter(account: AccountId) -> String {
    format!("current:{account}")
}

impl Portal {
    /// Proves one's own password, and the second factor of those who have one. The session goes on
    /// under a new token.
    pub async fn step_up(
        &self,
        actor: &Actor,
        password: &Secret,
        code: &Secret,
    ) -> Result<SteppedUp> {
        let account =
            self.prove_password(actor, "password", password, AuditKind::SteppedUp).await?;
        let refused = actor.event(AuditKind::FactorRefused);
        let checked = self.check_code_if_any(&actor.visit, &account, code, refused).await?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        let held = tx.lock_account(actor.account).await?.ok_or(Refusal::NotAllowed)?;
        self.use_code_if_any(&mut tx, &actor.visit, &held, checked.as_ref()).await?;
        // It may have ended while the password was looked at.
        let kept = tx.open_session_is_kept(actor.session).await?.ok_or(Refusal::NotAllowed)?;
        let (token, hash) = new_token(self.random());
        tx.rotate_session(actor.session, &hash, now).await?;
        let event = actor.event(AuditKind::RecoveryCodeUsed);
        self.note_code(&mut tx, &actor.visit, &held, checked.as_ref(), event).await?;
        tx.record(self, actor.event(AuditKind::SteppedUp)).await?;
        tx.commit().await?;
        self.wake();
        Ok(SteppedUp { token, max_age: kept.then_some(KEPT_SESSION_LIFE) })
    }

    /// Whether a proof of the password at this moment still counts.
    pub(crate) fn counts(&self, proven: Option<Moment>) -> bool {
        let now = self.now();
        proven.is_some_and(|at| now.since(at) < STEP_UP_LIFE && at <= now.plus(SKEW))
    }

    /// Checks the actor's own password. Whoever took over a session may not try passwords without
    /// end: the attempt is counted before the password is looked at.
    pub(crate) async fn prove_password(
        &self,
        actor: &Actor,
        field: &str,
        password: &Secret,
        refused: AuditKind,
    ) -> Result<Account> {
        if password.reveal().is_empty() {
            return Err(Error::field(field, Problem::Required));
        }
        let now = self.now();
        let counter_name = current_counter(actor.account);
        let mut tx = self.db().write().await?;
        let policy = tx.policy(actor.organization).await?;
        let counter = tx.counter(&counter_name, &policy, now).await?;
        if counter.open_at > now {
            tx.commit().await?;
            return Err(wait_refusal(counter.open_at.since(now)).into());
        }
        let counted = tx.count_guess(counter_name.clone(), counter, &policy, now).await?;
        let account = tx.account(actor.account).await?.ok_or(Refusal::NotFound)?;
        tx.commit().await?;

        let stored = account.password_hash.as_deref();
        let fits = password.reveal().len() <= LONGEST_PASSWORD_BYTES;
        let nothing = Secret::default();
        let password = if fits { password } else { &nothing };
        let is_right = self.verify_counted(&counted, password, stored.filter(|_| fits)).await?;
        let mut tx = self.db().write().await?;
        if is_right {
            tx.clear_counter(&counter_name).await?;
            tx.commit().await?;
            return Ok(account);
        }
        let event = actor.event(refused);
        tx.record(self, Event { outcome: Outcome::Refused, ..event }).await?;
        tx.commit().await?;
        Err(Error::field(field, Problem::CurrentPasswordWrong))
    }

    /// The actor's own account, held, in a session that has not ended and in which they proved who
    /// they are a short while ago.
    pub(crate) async fn hold_own(&self, tx: &mut Tx, actor: &Actor) -> Result<Account> {
        let account = tx.lock_account(actor.account).await?.ok_or(Refusal::NotAllowed)?;
        if account.state != AccountState::Active || account.is_locked_for_good() {
            return Err(Refusal::NotAllowed.into());
        }
        match tx.lock_step_up(actor.session).await? {
            Some(proven) if self.counts(proven) => Ok(account),
            Some(_) => Err(Refusal::StepUp.into()),
            None => Err(Refusal::NotAllowed.into()),
        }
    }

    /// An account of the actor's organization or of one below it, held until the commit with what
    /// decides about it: the actor, who is staff with a permission *now*, and its organization, alone
    /// where it is one of staff, so that whoever is an owner stays so. Whether the actor proved their
    /// password a short while ago.
    pub(crate) async fn hold_account(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: AccountId,
        permission: Permission,
    ) -> Result<(Account, bool)> {
        self.hold_account_with(tx, actor, id, (permission, &[])).await
    }

    /// The same with other staff who are held, too: in one order for everybody.
    pub(crate) async fn hold_account_with(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: AccountId,
        (permission, others): (Permission, &[AccountId]),
    ) -> Result<(Account, bool)> {
        // Before the step-up: whose account it is not has nothing to step up for.
        let before = tx.account_of(actor, id).await?;
        if before.kind == AccountKind::Staff {
            tx.hold_organization(before.organization_id).await?;
        }
        // The actor's own is this one or above it, and held with it.
        tx.hold_reach(actor, before.organization_id).await?;
        if !others.is_empty() {
            tx.lock_accounts(&[&[actor.account], others].concat()).await?;
        }
        let proven = self.hold_staff(tx, actor, permission).await?;
        let account = tx.lock_account(id).await?.ok_or(Refusal::NotFound)?;
        if account.organization_id != before.organization_id {
            return Err(Refusal::NotFound.into());
        }
        Ok((account, proven))
    }

    /// Makes sure, until the commit, that the actor is staff with a permission *now*, in a session
    /// that has not ended. Whether they proved their password a short while ago. Their organization
    /// must be held. A program is asked for its key instead.
    pub(crate) async fn hold_staff(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        permission: Permission,
    ) -> Result<bool> {
        actor.may(permission)?;
        if let Some(key) = &actor.key {
            // What a key is for was proven when it was made.
            self.hold_key(tx, actor, (key, permission)).await?;
            return Ok(true);
        }
        let account = tx.lock_account(actor.account).await?.ok_or(Refusal::NotAllowed)?;
        let may_still = account.role.is_some_and(|role| role.may(permission))
            && account.kind == AccountKind::Staff
            && account.state == AccountState::Active
            && !account.is_locked_for_good()
            && account.organization_id == actor.organization
            && !tx.is_suspended(account.organization_id).await?;
        match tx.lock_step_up(actor.session).await? {
            Some(proven) if may_still => Ok(self.counts(proven)),
            _ => Err(Refusal::NotAllowed.into()),
        }
    }
}

impl Tx {
    /// A member of staff, who is held, with their role, if they could act for an organization now.
    pub(crate) async fn acts_still(
        &mut self,
        staff: Option<Account>,
        organization: OrganizationId,
    ) -> Result<Option<(Account, Role)>> {
        let Some(staff) = staff else { return Ok(None) };
        let Some(role) = staff.role.filter(|_| staff.kind == AccountKind::Staff) else {
            return Ok(None);
        };
        let acts = staff.state == AccountState::Active
            && !staff.is_locked_for_good()
            && self.is_within(organization, staff.organization_id).await?
            && !self.is_suspended(staff.organization_id).await?;
        Ok(acts.then_some((staff, role)))
    }
}
