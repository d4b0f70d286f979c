//! Signing in with a name and a password: one answer whatever failed.
//!
//! The attempt is counted before the password is looked at, in a transaction of its own, so that
//! neither a crash nor a hundred attempts at once get around the counting. Names that exist and
//! names that do not are counted, delayed, hashed and recorded alike.

use std::time::Duration;

use model::{
    Moment, Refusal,
    account::{AccountKind, Lock},
    audit::{ActorKind, AuditKind, Outcome},
    id::{DeviceId, OrganizationId, SessionId},
    policy::{
        DELAYS, FAILURES_BEFORE_DELAY, FAILURES_FOR_GOOD, FORCED_CHANGE_LIFE, HALF_SESSION_LIFE,
        KEPT_SESSION_LIFE, KNOWN_DEVICE_LIFE, LONGEST_PASSWORD_BYTES, Policy, Rule, SIGN_IN_WINDOW,
        SIGN_INS_PER_PREFIX,
    },
    refusal::{FieldProblem, Problem},
    text::LONGEST_EMAIL,
};
use sha2::{Digest, Sha256};

use crate::{
    Error, Portal, Result, Visit,
    audit::{Event, Personal, occasion},
    device,
    mail::{Letter, MailedLink},
    outbox,
    secrets::{Secret, TokenHash, hex, new_token},
    store::{Account, Counter, DeviceRow, SessionRow, Stage, Tx},
    throttle::{Limit, canonical, prefix, wait_refusal},
};

/// The form.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// Email address or user name.
    pub name: String,
    /// The password.
    pub password: Secret,
    /// Whether to stay signed in on this device.
    pub keep: bool,
}

/// What a browser is given once it is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The session's token.
    pub token: Secret,
    /// How long the browser keeps it; until it is closed when `None`.
    pub max_age: Option<Duration>,
    /// The token by which this device is known from now on, if it is.
    pub device: Option<Secret>,
    /// How long the browser keeps that.
    pub device_max_age: Duration,
    /// Staff or customer: they land on different pages.
    pub kind: AccountKind,
    /// What can be done in this session.
    pub reached: Reached,
}

/// How far somebody has come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// All the way.
    Everything,
    /// The password was right; all that can be done is to give the second factor.
    Factor,
    /// All that can be done is to choose another password.
    Change,
}

impl From<Stage> for Reached {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Full => Self::Everything,
            Stage::Half => Self::Factor,
            Stage::Change => Self::Change,
        }
    }
}

/// Who tried, as far as the first look told.
struct Attempt {
    account: Option<Account>,
    device: Option<DeviceRow>,
    counted: Counted,
    organization: OrganizationId,
    policy: Policy,
}

/// An attempt that was counted before anybody looked whether it is right.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    name: String,
    before: Counter,
    counter: Counter,
}

impl Tx {
    /// Counts an attempt as one more failure, which it is until it turns out to be right.
    pub(crate) async fn count_guess(
        &mut self,
        name: String,
        before: Counter,
        policy: &Policy,
        now: Moment,
    ) -> Result<Counted> {
        let counter = failed_once_more(before, policy, now);
        self.save_counter(&name, counter, now).await?;
        Ok(Counted { name, before, counter })
    }
}

impl Portal {
    /// Whether a password is the one that was hashed; the attempt is counted already. A server that is
    /// too busy to look has learned nothing and told nothing, and asks to try again: then the attempt
    /// is given back, or a flood of others would lock out whoever does. Unless there was another one
    /// since.
    pub(crate) async fn verify_counted(
        &self,
        counted: &Counted,
        password: &Secret,
        hash: Option<&str>,
    ) -> Result<bool> {
        let verified = self.hasher().verify(password, hash).await;
        if matches!(verified, Err(Error::Busy { .. })) {
            let Counted { name, before, counter } = counted;
            let mut tx = self.db().write().await?;
            tx.restore_counter(name, *counter, *before).await?;
            tx.commit().await?;
        }
        verified
    }

    /// Signs in; [`Portal::sign_in`] counts how it ends.
    pub(crate) async fn try_sign_in(&self, visit: &Visit, request: SignIn) -> Result<SignedIn> {
        let mut missing = Vec::new();
        for (field, is_empty) in [
            ("name", request.name.trim().is_empty()),
            ("password", request.password.reveal().is_empty()),
        ] {
            if is_empty {
                missing.push(FieldProblem { field: field.into(), problem: Problem::Required });
            }
        }
        if !missing.is_empty() {
            return Err(Refusal::Fields(missing).into());
        }
        let attempt = self.count_attempt(visit, &request.name).await?;
        let stored = attempt.account.as_ref().and_then(|account| account.password_hash.as_deref());
        // Too long to be anyone's: as much work as any other wrong one, and no more.
        let fits = request.password.reveal().len() <= LONGEST_PASSWORD_BYTES;
        let nothing = Secret::default();
        let password = if fits { &request.password } else { &nothing };
        let matches =
            self.verify_counted(&attempt.counted, password, stored.filter(|_| fits)).await?;
        match (&attempt.account, matches) {
            (Some(account), true) => self.let_in(visit, &request, &attempt, account).await,
            _ => self.turn_away(visit, &attempt).await,
        }
    }

    /// Counts the attempt, and refuses it when it comes too soon.
    async fn count_attempt(&self, visit: &Visit, name: &str) -> Result<Attempt> {
        let now = self.now();
        let name = canonical(name);
        let tx = self.db().write().await?;
        let limit = Limit { count: SIGN_INS_PER_PREFIX, window: SIGN_IN_WINDOW };
        let throttle = format!("sign-in:{}", prefix(visit.address));
        let mut tx = tx.take_or_refuse(&throttle, limit, now).await?;
        let account = if name.len() <= LONGEST_EMAIL {
            tx.account_at(visit.site, &name).await?
        } else {
            None
        };
        let organization = match &account {
            Some(account) => account.organization_id,
            None => tx.site(visit.site).await?.ok_or(Refusal::NotFound)?.organization_id,
        };
        let policy = tx.policy(organization).await?;
        let device = match (&account, &visit.device) {
            (Some(account), Some(token)) => {
                tx.known_device(account.id, &TokenHash::of(token), now).await?
            }
            _ => None,
        };
        let counter_name = match (&account, &device) {
            // A known device has a counter of its own: a flood never shuts the owner out.
            (_, Some(device)) => device_counter(device.id),
            (Some(account), None) => account_counter(account),
            (None, None) => unknown_counter(visit, &name),
        };
        let before = tx.counter(&counter_name, &policy, now).await?;
        if before.open_at > now {
            // The whole of it counts against the address, but is no further failure.
            tx.commit().await?;
            return Err(wait_refusal(before.open_at.since(now)).into());
        }
        let counted = tx.count_guess(counter_name, before, &policy, now).await?;
        tx.commit().await?;
        Ok(Attempt { account, device, counted, organization, policy })
    }

    /// The password does not fit, or there is none to fit.
    async fn turn_away(&self, visit: &Visit, attempt: &Attempt) -> Result<SignedIn> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        let subject = attempt.account.as_ref().map(|account| account.id);
        let lock = Some(attempt.counted.counter)
            .filter(|counter| attempt.device.is_none() && is_locked(*counter, &attempt.policy));
        // One letter and one line a lock, not one for each further attempt.
        let locks_now = lock.is_some_and(|counter| locks_at(counter, &attempt.policy));
        if let (Some(account), Some(counter)) = (&attempt.account, lock) {
            let until = (counter.open_at < Moment(i64::MAX)).then_some(counter.open_at);
            tx.set_lock(account.id, Lock::Failures, until, now).await?;
        }
        if let Some(account) = attempt.account.as_ref().filter(|_| locks_now) {
            let site = tx.site(account.site_id).await?.ok_or(Refusal::NotFound)?;
            let letter = Letter::AccountLocked {
                name: account.name.clone(),
                locked: occasion(now, visit),
                minutes: attempt.policy.count(Rule::LockMinutes),
                for_good: lock.is_some_and(|counter| counter.open_at == Moment(i64::MAX)),
                forgot_link: MailedLink::new(site.url(&visit.origin, "/forgot")),
            };
            tx.post(self, account, letter, outbox::PATIENCE).await?;
        }
        let event = |kind| Event {
            organization: attempt.organization,
            kind,
            outcome: Outcome::Refused,
            actor: (ActorKind::Visitor, None),
            subject,
            reset: None,
            request_id: &visit.request_id,
            personal: Personal::of(visit),
        };
        tx.record(self, event(AuditKind::SignInRefused)).await?;
        if locks_now && subject.is_some() {
            tx.record(self, Event { outcome: Outcome::Done, ..event(AuditKind::Locked) }).await?;
        }
        tx.commit().await?;
        self.wake();
        Err(Refusal::SignInFailed.into())
    }

    /// The password fits: decides with the rows held, and makes the session.
    async fn let_in(
        &self,
        visit: &Visit,
        request: &SignIn,
        attempt: &Attempt,
        seen: &Account,
    ) -> Result<SignedIn> {
        let outdated = seen.password_hash.as_deref().filter(|hash| self.hasher().is_outdated(hash));
        let fresh_hash = match outdated {
            Some(_) => Some(self.hasher().hash(&request.password).await?),
            None => None,
        };
        let now = self.now();
        let mut tx = self.db().write().await?;
        let account = tx.lock_account(seen.id).await?;
        let account = account.filter(|account| {
            // The password may have been changed while it was being verified.
            account.password_hash == seen.password_hash && account.may_sign_in(now)
        });
        let Some(account) = account else {
            drop(tx);
            return self.turn_away(visit, attempt).await;
        };
        tx.clear_counter(&attempt.counted.name).await?;
        if let Some(refusal) = tx.not_here(&account, visit).await? {
            // Whoever knows the password may know why it does not open this door.
            let event = Event {
                kind: AuditKind::SignInRefused,
                outcome: Outcome::Refused,
                actor: (ActorKind::Visitor, None),
                ..entry_event(visit, &account)
            };
            tx.record(self, event).await?;
            tx.commit().await?;
            return Err(refusal.into());
        }
        if let (Some(old), Some(new)) = (outdated, &fresh_hash) {
            tx.replace_hash(account.id, old, new).await?;
        }
        let is_spared = attempt
            .device
            .as_ref()
            .is_some_and(|device| device.is_spared(account.kind, &attempt.policy, now));
        let stage = if tx.has_factor(account.id).await? && !is_spared {
            Stage::Half
        } else if account.must_change_password {
            Stage::Change
        } else {
            Stage::Full
        };
        let begun = (stage, attempt.device.as_ref(), request.keep);
        let done = self.enter(&mut tx, visit, &account, begun, &attempt.policy).await?;
        let event = entry_event(visit, &account);
        let kind = if stage == Stage::Half { AuditKind::PasswordAccepted } else { event.kind };
        tx.record(self, Event { kind, ..event }).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Makes the session of somebody who may enter, as far as `stage`.
    pub(crate) async fn enter(
        &self,
        tx: &mut Tx,
        visit: &Visit,
        account: &Account,
        (stage, known, keep): (Stage, Option<&DeviceRow>, bool),
        policy: &Policy,
    ) -> Result<SignedIn> {
        // Whoever knows no more than a password that others know too is not known again.
        let (device, device_token) = if stage == Stage::Full {
            let (id, token) = self.know_device(tx, visit, account, known).await?;
            (Some(id), Some(token))
        } else {
            (None, None)
        };
        let kept = keep && account.kind == AccountKind::Customer;
        let token = self.begin_session(tx, visit, account, (stage, device, kept), policy).await?;
        if stage != Stage::Half {
            tx.note_sign_in(account.id, self.now()).await?;
        }
        Ok(SignedIn {
            token,
            max_age: kept.then_some(KEPT_SESSION_LIFE).filter(|_| stage == Stage::Full),
            device: device_token,
            device_max_age: KNOWN_DEVICE_LIFE,
            kind: account.kind,
            reached: stage.into(),
        })
    }

    /// Knows the device again from now on, by a new token.
    pub(crate) async fn know_device(
        &self,
        tx: &mut Tx,
        visit: &Visit,
        account: &Account,
        known: Option<&DeviceRow>,
    ) -> Result<(DeviceId, Secret)> {
        let now = self.now();
        let (token, hash) = new_token(self.random());
        let expires_at = now.plus(KNOWN_DEVICE_LIFE);
        let id = if let Some(device) = known {
            tx.renew_device(device.id, &hash, now, expires_at).await?;
            device.id
        } else {
            let row = DeviceRow::new(DeviceId(self.random().id(now)), account.id);
            let user_agent = device::shortened(&visit.user_agent);
            tx.add_device(&row, &hash, user_agent, now, expires_at).await?;
            row.id
        };
        Ok((id, token))
    }

    async fn begin_session(
        &self,
        tx: &mut Tx,
        visit: &Visit,
        account: &Account,
        (stage, device, kept): (Stage, Option<DeviceId>, bool),
        policy: &Policy,
    ) -> Result<Secret> {
        let now = self.now();
        let (idle, whole) = stage_spans(stage, policy, account.kind, kept);
        let (token, hash) = new_token(self.random());
        let row = SessionRow {
            id: SessionId(self.random().id(now)),
            account_id: account.id,
            site_id: account.site_id,
            device_id: device,
            stage,
            kept,
            address: visit.address.to_string(),
            user_agent: device::shortened(&visit.user_agent).to_owned(),
            created_at: now,
            last_used_at: now,
            idle_until: now.plus(idle),
            expires_at: now.plus(whole),
        };
        tx.add_session(&row, &hash).await?;
        Ok(token)
    }
}

/// Signing in, as the audit log says it.
pub(crate) fn entry_event<'a>(visit: &'a Visit, account: &Account) -> Event<'a> {
    Event {
        organization: account.organization_id,
        kind: AuditKind::SignedIn,
        outcome: Outcome::Done,
        actor: (account.actor_kind(), Some(account.id)),
        subject: Some(account.id),
        reset: None,
        request_id: &visit.request_id,
        personal: Personal::of(visit),
    }
}

/// How long a session may rest, and how long it lasts, by what it is good for.
pub(crate) fn stage_spans(
    stage: Stage,
    policy: &Policy,
    kind: AccountKind,
    kept: bool,
) -> (Duration, Duration) {
    match stage {
        Stage::Full => session_spans(policy, kind, kept),
        Stage::Half => (HALF_SESSION_LIFE, HALF_SESSION_LIFE),
        Stage::Change => (FORCED_CHANGE_LIFE, FORCED_CHANGE_LIFE),
    }
}

/// How long a session may rest, and how long it lasts.
pub(crate) fn session_spans(
    policy: &Policy,
    kind: AccountKind,
    kept: bool,
) -> (Duration, Duration) {
    match (kind, kept) {
        (AccountKind::Customer, true) => (KEPT_SESSION_LIFE, KEPT_SESSION_LIFE),
        (AccountKind::Customer, false) => (
            policy.minutes(Rule::CustomerIdleMinutes),
            policy.minutes(Rule::CustomerSessionMinutes),
        ),
        (AccountKind::Staff, _) => {
            (policy.minutes(Rule::StaffIdleMinutes), policy.minutes(Rule::StaffSessionMinutes))
        }
    }
}

/// A counter after one more failure: how many, and from when on the next attempt passes.
pub(crate) fn failed_once_more(before: Counter, policy: &Policy, now: Moment) -> Counter {
    let failures = u32::try_from(before.failures).unwrap_or_default().saturating_add(1);
    let open_at = if failures >= FAILURES_FOR_GOOD {
        Moment(i64::MAX)
    } else if failures >= policy.count(Rule::FailuresBeforeLock) {
        now.plus(policy.minutes(Rule::LockMinutes))
    } else if failures >= FAILURES_BEFORE_DELAY {
        let step = usize::try_from(failures - FAILURES_BEFORE_DELAY).unwrap_or(usize::MAX);
        let seconds = DELAYS.get(step).or(DELAYS.last()).copied().unwrap_or(10);
        now.plus(Duration::from_secs(u64::from(seconds)))
    } else {
        now
    };
    Counter { failures: i32::try_from(failures).unwrap_or(i32::MAX), open_at }
}

/// Whether a counter has reached a lock.
fn is_locked(counter: Counter, policy: &Policy) -> bool {
    u32::try_from(counter.failures)
        .is_ok_and(|failures| failures >= policy.count(Rule::FailuresBeforeLock))
}

/// Whether a counter has just reached a lock.
fn locks_at(counter: Counter, policy: &Policy) -> bool {
    u32::try_from(counter.failures).is_ok_and(|failures| {
        failures == FAILURES_FOR_GOOD || failures == policy.count(Rule::FailuresBeforeLock)
    })
}

/// The counter of an account: both of its sign-in names feed it.
pub(crate) fn account_counter(account: &Account) -> String {
    format!("account:{}", account.id)
}

/// The counter of a known device.
pub(crate) fn device_counter(device: DeviceId) -> String {
    format!("device:{device}")
}

/// The counter of a name that nobody has; hashed, since a password may have been typed there.
fn unknown_counter(visit: &Visit, name: &str) -> String {
    let digest = Sha256::new_with_prefix(visit.site.0.as_bytes()).chain_update(name).finalize();
    format!("name:{}", hex(&digest))
}

impl Account {
    /// Whether the account's own state lets it in with the right password.
    pub(crate) fn may_sign_in(&self, now: Moment) -> bool {
        self.state == model::account::AccountState::Active
            && !self.is_locked_for_good()
            && self.password_expires_at.is_none_or(|until| now < until)
    }

    /// Staff or customer, as the audit log says it.
    pub(crate) fn actor_kind(&self) -> ActorKind {
        match self.kind {
            AccountKind::Staff => ActorKind::Staff,
            AccountKind::Customer => ActorKind::Customer,
        }
    }
}

impl Tx {
    /// A counter, held until the commit. One that was counted by a clock that was ahead keeps nobody
    /// waiting for longer than a lock lasts, from now on; commit also when it is not open.
    pub(crate) async fn counter(
        &mut self,
        name: &str,
        policy: &Policy,
        now: Moment,
    ) -> Result<Counter> {
        let mut counter = self.lock_counter(name, now).await?;
        let latest = now.plus(policy.minutes(Rule::LockMinutes));
        if counter.open_at > latest && counter.open_at < Moment(i64::MAX) {
            counter.open_at = latest;
            self.save_counter(name, counter, now).await?;
        }
        Ok(counter)
    }

    /// The rules in force for an organization.
    pub(crate) async fn policy(&mut self, organization: OrganizationId) -> Result<Policy> {
        let levels = self.policy_settings(organization).await?;
        Ok(Policy::in_force(levels.iter().map(Vec::as_slice)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_slow_down_then_lock_then_lock_for_good() {
        let policy = Policy::default();
        let mut counter = Counter { failures: 0, open_at: Moment(0) };
        let mut waits = Vec::new();
        for _ in 0..100 {
            counter = failed_once_more(counter, &policy, Moment(0));
            waits.push(counter.open_at.0 / 1_000_000);
        }
        assert_eq!(waits[..10], [0, 0, 0, 0, 1, 3, 5, 10, 10, 900]);
        assert_eq!(waits[98], 900);
        assert_eq!(waits[99], i64::MAX / 1_000_000);
    }
}
