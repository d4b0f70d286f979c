//! "This wasn't me": the owner of an account did not change the password, the second factor, or the
//! email address.

use model::{
    Refusal,
    account::{AccountKind, Lock, Role},
    audit::{ActorKind, AuditKind, Outcome},
    id::{AccountId, DisputeId, LinkId},
    link::LinkPurpose,
    permission::Permission,
};

use crate::{
    Actor, Portal, Result, Visit,
    audit::{Event, Personal, occasion},
    mail::{Letter, MailedLink},
    outbox,
    resets::Why,
    secrets::Secret,
    store::{Account, DisputeRow, LinkOf, Tx},
};

/// The form by which an owner closes a dispute.
#[derive(Debug, Clone)]
pub struct CloseDispute {
    /// The dispute.
    pub dispute: DisputeId,
    /// What came of it, in the owner's words.
    pub reason: String,
}

impl Portal {
    /// Freezes the account of a notice's link: sessions and links end, and nobody signs in until a
    /// fresh link has set a new password. The owner and the staff who look after it get a mail.
    /// Said again right after, by a form that was sent twice, it is done already.
    pub async fn dispute(&self, visit: &Visit, id: LinkId, token: &Secret) -> Result<()> {
        let result = self.dispute_once(visit, id, token).await;
        self.or_just_done(result, visit, (id, LinkPurpose::Dispute), token).await
    }

    async fn dispute_once(&self, visit: &Visit, id: LinkId, token: &Secret) -> Result<()> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        let link = self.consume_link(&mut tx, visit, id, token, LinkPurpose::Dispute).await?;
        let account = tx.account(link.account_id).await?.ok_or(Refusal::LinkUnusable)?;
        tx.set_lock(account.id, Lock::Dispute, None, now).await?;
        tx.end_sessions(account.id, None, now).await?;
        tx.revoke_devices(account.id, None, now).await?;
        tx.void_links(account.id, now).await?;
        tx.cancel_resets(account.id, now).await?;
        // A password that its owner does not want goes nowhere else any more.
        tx.stop_resets(account.id).await?;
        let stopped = tx.end_removal(account.id, now).await?;
        let email_change = tx.end_email_change(account.id, now).await?;
        self.open_dispute(&mut tx, &account, link.of()).await?;

        let site = tx.site(account.site_id).await?.ok_or(Refusal::NotFound)?;
        let organization =
            tx.organization(account.organization_id).await?.ok_or(Refusal::NotFound)?;
        let (name, disputed) = (account.name.clone(), occasion(now, visit));
        let letter = match account.kind {
            AccountKind::Customer => Letter::DisputedToCustomer {
                name,
                disputed,
                forgot_link: MailedLink::new(site.url(&visit.origin, "/forgot")),
            },
            // Staff get no link without a second factor: somebody has to set them free.
            AccountKind::Staff => Letter::StaffFrozen { name, disputed },
        };
        tx.post(self, &account, letter, outbox::PATIENCE).await?;
        for staff in tx.staff_of(account.organization_id).await? {
            if staff.id == account.id {
                continue;
            }
            let (disputed, organization) = (occasion(now, visit), organization.name.clone());
            let letter = match account.kind {
                AccountKind::Customer if staff.role != Some(Role::Auditor) => {
                    Letter::DisputedToStaff {
                        staff_name: staff.name.clone(),
                        customer_name: account.name.clone(),
                        customer_email: account.email.masked(),
                        organization,
                        disputed,
                    }
                }
                // Of staff in dispute only owners hear: it may be an inside job.
                AccountKind::Staff if staff.role == Some(Role::Owner) => Letter::StaffDisputed {
                    owner_name: staff.name.clone(),
                    staff_name: account.name.clone(),
                    staff_email: account.email.masked(),
                    organization,
                    disputed,
                },
                _ => continue,
            };
            tx.post(self, &staff, letter, outbox::PATIENCE).await?;
        }
        let event = |kind| Event {
            organization: account.organization_id,
            kind,
            outcome: Outcome::Done,
            actor: (ActorKind::LinkHolder, None),
            subject: Some(account.id),
            reset: None,
            request_id: &visit.request_id,
            personal: Personal::of(visit),
        };
        for event in
            self.end_approvals_about(&mut tx, account.id, event(AuditKind::Disputed)).await?
        {
            tx.record(self, event).await?;
        }
        if stopped {
            tx.record(self, event(AuditKind::FactorRemovalStopped)).await?;
        }
        if email_change.is_some() {
            tx.record(self, event(AuditKind::EmailChangeStopped)).await?;
        }
        tx.record(self, event(AuditKind::Disputed)).await?;
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// What a customer disputes stands until an owner closes it. The member of staff who did it, if
    /// one did, does nothing for that customer before.
    async fn open_dispute(&self, tx: &mut Tx, account: &Account, of: LinkOf) -> Result<()> {
        if account.kind != AccountKind::Customer {
            return Ok(());
        }
        let now = self.now();
        let operator_id = match of {
            LinkOf::Reset(reset) => tx.reset(reset).await?.and_then(|reset| reset.requested_by),
            LinkOf::Removal(removal) => tx.removal(removal).await?.map(|row| row.asked_by),
            LinkOf::EmailChange(change) => tx.email_change(change).await?.map(|row| row.asked_by),
            LinkOf::Account => None,
        };
        let row = DisputeRow {
            id: DisputeId(self.random().id(now)),
            account_id: account.id,
            organization_id: account.organization_id,
            // One's own change is nobody's doing.
            operator_id: operator_id.filter(|operator| *operator != account.id),
            reset_id: of.reset(),
            created_at: now,
        };
        Ok(tx.add_dispute(&row).await?)
    }

    /// Closes what a customer disputed, with a reason. The account stays frozen until a fresh link
    /// has set a new password. Nobody closes what is about themselves.
    pub async fn close_dispute(&self, actor: &Actor, request: CloseDispute) -> Result<AccountId> {
        actor.may(Permission::CloseDisputes)?;
        let why = Why::told(&request.reason, "")?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        let dispute = tx.lock_dispute(request.dispute).await?.ok_or(Refusal::NotFound)?;
        let customer = tx.customer_of(actor, dispute.account_id).await?;
        tx.hold_reach(actor, customer.organization_id).await?;
        if !self.hold_staff(&mut tx, actor, Permission::CloseDisputes).await? {
            return Err(Refusal::StepUp.into());
        }
        if dispute.operator_id == Some(actor.account) {
            return Err(Refusal::NotAllowed.into());
        }
        if tx.close_dispute(dispute.id, actor.account, &why.reason, now).await? {
            let event = actor.event_about(&customer, AuditKind::DisputeClosed);
            let personal = Personal { why: Some(why), ..event.personal };
            tx.record(self, Event { reset: dispute.reset_id, personal, ..event }).await?;
        }
        tx.commit().await?;
        Ok(dispute.account_id)
    }
}
