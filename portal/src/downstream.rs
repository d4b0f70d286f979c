//! The middle of a reset: the new password goes to the customer's accounts in downstream systems,
//! before it takes effect here. They are what may fail; what is local can always be tried again.
//!
//! Each place is claimed in a transaction, asked outside of any, and settled in another one. Whoever
//! settles says which try it was: a worker that was thought dead writes nothing. What a crash leaves
//! is found as a place that is being tried, of which nobody knows whether it was: one sign-in with
//! the new password tells, else the same password is set again.
//!
//! One worker at a time is at a reset: the one whose [`Lease`] stands in its row. Two resets of one
//! customer are never tried at the same place at the same time, so that the newer one comes last.

use std::{collections::HashSet, time::Duration};

use model::{
    Moment,
    audit::{ActorKind, AuditKind, Outcome as Ended},
    connector::Reason,
    id::{ServiceAccountId, TargetId},
    policy::Rule,
    reset::{ResetState, TargetState},
};

use crate::{
    Error, Portal, Result,
    audit::{Event, Personal},
    connectors::{Change, Connector, Outcome, Told, Verified},
    failpoint,
    resets::{Lease, PASSWORD_PURPOSE},
    secrets::Secret,
    store::{Account, ConnectorRow, ResetRow, ServiceAccountRow, Superseded, TargetRow, Tx},
};

/// How long one place may take, with everything that is asked of it.
const ASKING: Duration = Duration::from_mins(1);
/// How long whoever asks has the reset to themselves: longer than that may take, with the wait for
/// one's turn.
const LEASE: Duration = Duration::from_secs(90);
/// After how long what is left is tried again.
const AGAIN: Duration = Duration::from_secs(20);
/// After how long one looks whether another reset is past the same account.
pub(crate) const BUSY: Duration = Duration::from_secs(2);

/// What is next for a reset, once its places were asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Every place was asked as far as that makes sense.
    GoOn,
    /// Nothing now: somebody else is at it, or it is over.
    Leave,
}

/// A place that was claimed.
struct Claimed {
    target: TargetRow,
    service: ServiceAccountRow,
    connector: ConnectorRow,
    password: Secret,
    is_temporary: bool,
}

/// Where a place stands once it was asked, and why.
struct Answer(TargetState, Option<Reason>);

enum Claim {
    Ask(Box<Claimed>),
    Settled(TargetId),
    Over(Next),
}

impl ResetRow {
    /// Whether the reset is refused as a whole when the first place refuses: whoever chose the
    /// password is asked for another one. What customers decide takes effect here in any case.
    fn insists(&self) -> bool {
        self.delivery.is_temporary()
    }

    /// Whether somebody is trying one of its places.
    pub(crate) fn is_worked_on(&self, targets: &[TargetRow], now: Moment) -> bool {
        self.lease_until.is_some_and(|until| until > now)
            && targets.iter().any(|target| target.state == TargetState::Applying)
    }

    /// Whether it ends with nothing changed, given where its places stand.
    pub(crate) fn is_refused(&self, targets: &[TargetRow]) -> bool {
        self.insists()
            && !targets.iter().any(TargetRow::is_touched)
            && targets
                .iter()
                .any(|target| matches!(target.state, TargetState::Refused | TargetState::NotSent))
    }
}

impl Portal {
    /// Asks the places of a reset, each once, in their order.
    pub(crate) async fn ask_systems(&self, lease: &mut Lease) -> Result<Next> {
        let mut asked = HashSet::new();
        loop {
            match self.claim_next(lease, &asked).await? {
                Claim::Over(next) => return Ok(next),
                Claim::Settled(target) => {
                    asked.insert(target);
                }
                Claim::Ask(claimed) => {
                    asked.insert(claimed.target.id);
                    failpoint::reach("target-claimed");
                    let answer = self.ask_system(&claimed).await;
                    failpoint::reach("target-asked");
                    self.settle(&claimed, answer).await?;
                    failpoint::reach("target-settled");
                }
            }
        }
    }

    async fn claim_next(&self, lease: &mut Lease, asked: &HashSet<TargetId>) -> Result<Claim> {
        let (id, now) = (lease.reset, self.now());
        let mut tx = self.db().write().await?;
        let Some(owner) = tx.owner_of_reset(id).await? else {
            return Ok(Claim::Over(Next::Leave));
        };
        // The account first, as everywhere, so that two transactions never wait for each other.
        tx.lock_account(owner).await?;
        let Some(reset) = tx.lock_reset(id).await? else {
            return Ok(Claim::Over(Next::Leave));
        };
        let is_open = matches!(reset.state, ResetState::Applying | ResetState::NeedsAttention);
        if !is_open || !lease.holds(&reset) {
            return Ok(Claim::Over(Next::Leave));
        }
        match tx.superseded(&reset).await? {
            Superseded::No => {}
            Superseded::Yes => return Ok(Claim::Over(Next::GoOn)),
            Superseded::Perhaps => {
                tx.lease_reset(id, now.plus(BUSY)).await?;
                tx.commit().await?;
                return Ok(Claim::Over(Next::Leave));
            }
        }
        let targets = tx.service_targets(id).await?;
        let next = targets.iter().find(|target| target.is_open() && !asked.contains(&target.id));
        // What took effect here is not refused any more.
        let is_refused = reset.state == ResetState::Applying && reset.is_refused(&targets);
        let Some(target) = next.filter(|_| !is_refused) else {
            return Ok(Claim::Over(Next::GoOn));
        };
        let claim = self.claim(&mut tx, &reset, target, lease).await?;
        tx.commit().await?;
        Ok(claim)
    }

    async fn claim(
        &self,
        tx: &mut Tx,
        reset: &ResetRow,
        target: &TargetRow,
        lease: &mut Lease,
    ) -> Result<Claim> {
        let now = self.now();
        let (sealed, service, connector) = match self.way_to(tx, reset, target).await? {
            Ok(found) => found,
            Err(reason) => {
                // Nobody knows of what was being tried whether it was done.
                let without =
                    if target.is_touched() { TargetState::Unknown } else { TargetState::NotSent };
                tx.try_target(target, (without, Some(reason)), now).await?;
                return Ok(Claim::Settled(target.id));
            }
        };
        if tx.is_tried_elsewhere(service.id, reset.id, now.minus(LEASE)).await? {
            tx.lease_reset(reset.id, now.plus(BUSY)).await?;
            return Ok(Claim::Over(Next::Leave));
        }
        if !tx.try_target(target, (TargetState::Applying, None), now).await? {
            return Ok(Claim::Over(Next::Leave));
        }
        lease.until = now.plus(LEASE);
        tx.lease_reset(reset.id, lease.until).await?;
        let password = Secret::new(self.keys().open(PASSWORD_PURPOSE, &sealed)?);
        Ok(Claim::Ask(Box::new(Claimed {
            // As it was before, but for the number of this try.
            target: TargetRow { attempts: target.attempts + 1, ..target.clone() },
            service,
            connector,
            password,
            is_temporary: reset.delivery.is_temporary(),
        })))
    }

    /// The password that is kept for a reset, as it is, and where a place is; or why it cannot go there.
    async fn way_to(
        &self,
        tx: &mut Tx,
        reset: &ResetRow,
        target: &TargetRow,
    ) -> Result<std::result::Result<(Vec<u8>, ServiceAccountRow, ConnectorRow), Reason>> {
        let now = self.now();
        let kept = tx.kept_password(reset.id).await?.filter(|(_, until)| *until > now);
        let Some((sealed, _)) = kept else { return Ok(Err(Reason::TimeOver)) };
        let service = match target.service_account_id {
            Some(service) => tx.service_account(service).await?,
            None => None,
        };
        let Some(service) = service.filter(|service| service.account_id == reset.account_id) else {
            return Ok(Err(Reason::NoSuchAccount));
        };
        Ok(match tx.connector(service.connector_id).await? {
            Some(connector) if connector.enabled => Ok((sealed, service, connector)),
            Some(_) => Err(Reason::Disabled),
            None => Err(Reason::NoSuchAccount),
        })
    }

    /// Sets the password in one system, and makes sure that it is the new one.
    async fn ask_system(&self, claimed: &Claimed) -> Answer {
        // What was tried before may have been done.
        let was_touched = claimed.target.is_touched();
        let asking = self.ask_connector(claimed.connector.id, |system| async move {
            let asking = set_and_verify(&*system, claimed, was_touched);
            let answer = tokio::time::timeout(ASKING, asking).await;
            answer.unwrap_or(Answer(TargetState::Unknown, Some(Reason::NoAnswer)))
        });
        let answer = asking.await.unwrap_or_else(|error| {
            tracing::error!(
                connector = %claimed.connector.id,
                error = format!("{error:#}"),
                "a connector could not be asked"
            );
            Answer(TargetState::NotSent, Some(not_asked_for(&error)))
        });
        match answer {
            Answer(TargetState::Refused | TargetState::NotSent, reason) if was_touched => {
                Answer(TargetState::Unknown, reason)
            }
            answer => answer,
        }
    }

    async fn settle(&self, claimed: &Claimed, Answer(state, reason): Answer) -> Result<()> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        if tx.settle_target(&claimed.target, (state, reason), now).await? {
            tracing::info!(
                connector = %claimed.connector.id,
                target = %claimed.target.id,
                ?state,
                ?reason,
                "a downstream system was asked for a new password"
            );
        }
        Ok(tx.commit().await?)
    }

    /// Goes on with a reset that took effect here, and of which places were left: settles it, or says
    /// when they are tried again.
    pub(crate) async fn retry_reset(&self, mut lease: Lease) -> Result<()> {
        if self.ask_systems(&mut lease).await? == Next::Leave {
            return Ok(());
        }
        let (id, now) = (lease.reset, self.now());
        let mut tx = self.db().write().await?;
        let Some(owner) = tx.owner_of_reset(id).await? else { return Ok(()) };
        tx.lock_account(owner).await?;
        let Some(reset) = tx.lock_reset(id).await? else { return Ok(()) };
        if reset.state != ResetState::NeedsAttention || !lease.holds(&reset) {
            return Ok(());
        }
        match tx.superseded(&reset).await? {
            Superseded::No => {}
            Superseded::Yes => {
                tx.end_tries(id).await?;
                return Ok(tx.commit().await?);
            }
            Superseded::Perhaps => {
                tx.lease_reset(id, now.plus(BUSY)).await?;
                return Ok(tx.commit().await?);
            }
        }
        let targets = tx.service_targets(id).await?;
        self.note_differences(&mut tx, &targets, now).await?;
        self.settle_attention(&mut tx, &reset, &targets, now).await?;
        Ok(tx.commit().await?)
    }

    /// What becomes of a reset that needs attention, given where its places stand.
    pub(crate) async fn settle_attention(
        &self,
        tx: &mut Tx,
        reset: &ResetRow,
        targets: &[TargetRow],
        now: Moment,
    ) -> Result<()> {
        if !targets.iter().any(TargetRow::differs) {
            if tx.attended_reset(reset.id, ResetState::Done, now).await? {
                tx.record(self, reset.of_system(AuditKind::ResetDone)).await?;
            }
        } else if targets.iter().any(TargetRow::is_open) {
            tx.lease_reset(reset.id, now.plus(AGAIN)).await?;
        } else {
            tx.let_reset_rest(reset.id).await?;
        }
        Ok(())
    }

    /// Keeps, for each service account, whether it has another password than the portal.
    pub(crate) async fn note_differences(
        &self,
        tx: &mut Tx,
        targets: &[TargetRow],
        now: Moment,
    ) -> Result<()> {
        for target in targets {
            let Some(service) = target.service_account_id else { continue };
            match target.state {
                TargetState::Applied => tx.set_differs(service, None).await?,
                // What staff leave as it is stays so.
                TargetState::GivenUp => {}
                _ => tx.set_differs(service, Some(now)).await?,
            }
        }
        Ok(())
    }

    /// From when on places that are left are tried again, if that may help.
    pub(crate) fn again_at(targets: &[TargetRow], now: Moment) -> Option<Moment> {
        targets.iter().any(TargetRow::is_open).then(|| now.plus(AGAIN))
    }

    /// The service accounts that a customer's own choice of a password goes to as well.
    pub(crate) async fn services_in_step(
        &self,
        tx: &mut Tx,
        account: &Account,
    ) -> Result<Vec<ServiceAccountId>> {
        let mut services = if account.must_change_password {
            tx.services_of_temporary(account.id).await?
        } else {
            Vec::new()
        };
        if tx.policy(account.organization_id).await?.is_on(Rule::KeepInStep) {
            for service in tx.services_in_use(account.id).await? {
                if !services.contains(&service) {
                    services.push(service);
                }
            }
        }
        Ok(services)
    }
}

impl Told for Answer {
    fn not_asked(reason: Reason) -> Self {
        Self(TargetState::NotSent, Some(reason))
    }

    fn trouble(&self) -> Option<Reason> {
        match self.0 {
            TargetState::Applied => None,
            _ => self.1,
        }
    }
}

/// Sets the password, and looks whether one gets in with it. A place that was tried before is looked
/// at first.
async fn set_and_verify(system: &dyn Connector, claimed: &Claimed, was_touched: bool) -> Answer {
    let Claimed { target, service, password, .. } = claimed;
    let name = service.name.as_str();
    let gets_in = async || system.verify(name, password).await == Verified::Yes;
    if was_touched && gets_in().await {
        return after(system, claimed, true).await;
    }
    let key = target.id.to_string();
    let change =
        Change { account: name, fingerprint: service.fingerprint.as_deref(), password, key: &key };
    let mut outcome = system.set_password(&change).await;
    if let Outcome::Unknown(_) = outcome {
        if gets_in().await {
            return after(system, claimed, true).await;
        }
        // The same password once more does no harm, and tells.
        outcome = match system.set_password(&change).await {
            // A refusal may be of what was done already: used before, for one.
            Outcome::Refused(reason) | Outcome::NotSent(reason) => Outcome::Unknown(reason),
            outcome => outcome,
        };
    }
    match outcome {
        Outcome::Applied => after(system, claimed, gets_in().await).await,
        Outcome::Refused(reason) => Answer(TargetState::Refused, Some(reason)),
        Outcome::NotSent(reason) => Answer(TargetState::NotSent, Some(reason)),
        Outcome::Unknown(reason) => Answer(TargetState::Unknown, Some(reason)),
    }
}

/// What follows once a system has the new password, whether or not it was seen to let in: a lock
/// opens, and whoever got a temporary one is asked for another there too, where there is such a
/// thing. None of that takes the password back.
async fn after(system: &dyn Connector, claimed: &Claimed, gets_in: bool) -> Answer {
    let name = claimed.service.name.as_str();
    let mut outcomes = vec![system.unlock(name).await];
    if claimed.is_temporary {
        outcomes.push(system.require_change(name).await);
    }
    for outcome in outcomes {
        let is_usual = matches!(
            outcome,
            Outcome::Applied
                | Outcome::Refused(Reason::NotOffered)
                | Outcome::NotSent(Reason::NotOffered)
        );
        if !is_usual {
            tracing::info!(connector = %claimed.connector.id, ?outcome, "not done after a reset");
        }
    }
    Answer(TargetState::Applied, (!gets_in).then_some(Reason::NotVerified))
}

/// Why a system was not asked, when that failed on this side: what is only busy now passes.
pub(crate) fn not_asked_for(error: &Error) -> Reason {
    match error {
        Error::Busy { .. } => Reason::AskedToWait,
        Error::Refused(_) | Error::Broken(_) => Reason::Disabled,
    }
}

impl ResetRow {
    /// What happened to it without anybody's doing.
    pub(crate) fn of_system(&self, kind: AuditKind) -> Event<'static> {
        Event {
            organization: self.organization_id,
            kind,
            outcome: Ended::Done,
            actor: (ActorKind::System, None),
            subject: Some(self.account_id),
            reset: Some(self.id),
            request_id: "downstream",
            personal: Personal::default(),
        }
    }
}
