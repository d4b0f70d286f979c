//! Resets of which a place was left: the new password is in the portal, and is not, or may not be, in
//! a downstream system. They are tried again by themselves as long as the new password is kept;
//! staff have them tried at once, or leave a system as it is.

use model::{
    Refusal,
    audit::AuditKind,
    connector::Reason,
    id::{ResetId, TargetId},
    permission::Permission,
    refusal::Problem,
    reset::{ResetProgress, ResetState, TargetState},
};

use crate::{
    Actor, Error, Portal, Result,
    audit::{Event, Personal},
    resets::{Lease, Why},
    store::{CustomerDetailRow, ResetRow, TargetRow, Tx},
};

/// One place of one reset.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The reset.
    pub reset: ResetId,
    /// The place.
    pub target: TargetId,
}

/// A place that is held, with all that decides about it.
struct Held {
    tx: Tx,
    customer: CustomerDetailRow,
    reset: ResetRow,
    target: TargetRow,
}

impl Portal {
    /// How far a reset of a customer is, place by place.
    pub async fn reset_progress(&self, actor: &Actor, id: ResetId) -> Result<ResetProgress> {
        actor.may(Permission::ReadCustomers)?;
        let mut tx = self.db().read().await?;
        let reset = tx.reset(id).await?.ok_or(Refusal::NotFound)?;
        let customer = tx.customer_of(actor, reset.account_id).await?;
        let now = self.now();
        let kept = tx.kept_password(id).await?.is_some_and(|(_, until)| until > now);
        let targets = tx.target_views(&[id]).await?.into_iter().map(|(_, target)| target).collect();
        Ok(ResetProgress {
            customer: reset.account_id,
            name: customer.row.name,
            state: reset.state,
            targets,
            kept,
        })
    }

    /// Tries a place again, at once, with the password that is kept for it.
    pub async fn retry_target(&self, actor: &Actor, place: Place) -> Result<()> {
        let held = self.hold_place(actor, place, Permission::SendLink).await?;
        let Held { mut tx, customer, reset, target } = held;
        let now = self.now();
        if tx.kept_password(reset.id).await?.is_none_or(|(_, until)| until <= now) {
            return Err(Error::field("target", Problem::Service(Reason::TimeOver)));
        }
        let state = match target.state {
            // It may have it already, and that is looked at first.
            TargetState::Unknown => TargetState::Unknown,
            _ => TargetState::Waiting,
        };
        tx.settle_target(&target, (state, None), now).await?;
        // Whoever is at it just now comes to this place as well, or it is tried again soon.
        let is_at_work = reset.is_worked_on(&tx.service_targets(reset.id).await?, now);
        let lease = Lease::next(&reset, now);
        if !is_at_work {
            tx.lease_reset(reset.id, lease.until).await?;
        }
        let event = actor.event_about(&customer, AuditKind::TargetRetried);
        tx.record(self, Event { reset: Some(reset.id), ..event }).await?;
        tx.commit().await?;
        if !is_at_work {
            self.finish_meanwhile(lease, async |portal, lease| portal.retry_reset(lease).await)
                .await;
        }
        Ok(())
    }

    /// Leaves a place as it is: the password there stays another one, which the customer's page goes
    /// on to tell.
    pub async fn give_up_target(&self, actor: &Actor, place: Place, reason: &str) -> Result<()> {
        let why = Why::told(reason, "")?;
        let held = self.hold_place(actor, place, Permission::SetPassword).await?;
        let Held { mut tx, customer, reset, target } = held;
        let now = self.now();
        tx.settle_target(&target, (TargetState::GivenUp, target.reason()), now).await?;
        let targets = tx.service_targets(reset.id).await?;
        // Whoever is at the other places just now settles all of it.
        if !reset.is_worked_on(&targets, now) {
            self.settle_attention(&mut tx, &reset, &targets, now).await?;
        }
        let event = actor.event_about(&customer, AuditKind::TargetGivenUp);
        let personal = Personal { why: Some(why), ..event.personal };
        tx.record(self, Event { reset: Some(reset.id), personal, ..event }).await?;
        Ok(tx.commit().await?)
    }

    /// Holds a place that was left, with the actor's right to do something about it and a fresh proof.
    async fn hold_place(
        &self,
        actor: &Actor,
        place: Place,
        permission: Permission,
    ) -> Result<Held> {
        actor.may(permission)?;
        let mut tx = self.db().write().await?;
        // Before the step-up: whose customer it is not has nothing to step up for.
        let owner = tx.owner_of_reset(place.reset).await?.ok_or(Refusal::NotFound)?;
        let customer = tx.customer_of(actor, owner).await?;
        tx.hold_reach(actor, customer.organization_id).await?;
        if !self.hold_staff(&mut tx, actor, permission).await? {
            return Err(Refusal::StepUp.into());
        }
        tx.lock_account(owner).await?.ok_or(Refusal::NotFound)?;
        tx.is_undisputed(actor, owner).await?;
        let reset = tx.lock_reset(place.reset).await?.ok_or(Refusal::NotFound)?;
        let targets = tx.service_targets(reset.id).await?;
        let target = targets.into_iter().find(|target| target.id == place.target);
        let target = target.ok_or(Refusal::NotFound)?;
        let is_left = matches!(
            target.state,
            TargetState::Refused | TargetState::NotSent | TargetState::Unknown
        );
        // Somebody else, or the system by itself, was quicker.
        if reset.state != ResetState::NeedsAttention || !is_left {
            return Err(Error::field("target", Problem::ChangedMeanwhile));
        }
        Ok(Held { tx, customer, reset, target })
    }
}
