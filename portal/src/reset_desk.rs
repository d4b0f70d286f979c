//! The desk at which staff reset a customer's password.
//!
//! What decides (the operator's own permission, the step-up, the customer, the policy) is looked at
//! in the transaction of the write with its rows held; what the page said before does not count.

use std::time::Duration;

use model::{
    Refusal,
    account::{AccountKind, AccountState, Role},
    approval::ApprovalAction,
    audit::{AuditKind, Outcome},
    call::CallAction,
    consent::Consent,
    id::{AccountId, OrganizationId, ResetId, ServiceAccountId},
    link::LinkOrigin,
    permission::Permission,
    policy::{
        BURST_TOLD, PIN_DIGITS, Policy, RESET_BURST, RESET_BURST_WINDOW, RESET_DAY, RESET_WINDOW,
        Rule,
    },
    refusal::Problem,
    reset::{Delivery, DeskReset, Obstacle, ResetDesk},
};

use crate::{
    Actor, Error, Portal, Result,
    audit::{Event, Personal, occasion},
    doer::Doer,
    forgotten::{PIN_PURPOSE, in_minutes},
    mail::Letter,
    outbox, password,
    resets::{Asker, Why},
    sign_in::account_counter,
    store::{Account, Tx},
    throttle::{Limit, wait_refusal},
};

/// The same form sent again within this time is one that was pressed twice.
pub(crate) const SENT_TWICE_WITHIN: Duration = Duration::from_secs(10);

/// The form by which staff mail a link.
#[derive(Debug, Clone)]
pub struct SendLink {
    /// Whose password.
    pub customer: AccountId,
    /// Why, in the operator's words.
    pub reason: String,
    /// The number of a ticket; empty for none.
    pub ticket: String,
    /// Where else the new password goes: `portal` or nothing for nowhere, a service account, or `all`
    /// of them.
    pub places: String,
}

impl Portal {
    /// What the page on which a customer's password is reset shows.
    /// `begun` is the reset that the actor believes to have begun there.
    pub async fn reset_desk(
        &self,
        actor: &Actor,
        id: AccountId,
        begun: Option<ResetId>,
    ) -> Result<ResetDesk> {
        let customer = self.view_customer(actor, id).await?;
        let mut tx = self.db().read().await?;
        let detail = tx.customer_of(actor, id).await?;
        let policy = tx.policy(detail.organization_id).await?;
        let account = tx.account(id).await?.ok_or(Refusal::NotFound)?;
        let consent = tx.consent(id).await?.ok_or(Refusal::NotFound)?;
        let proven = tx.lock_step_up(actor.session).await?.flatten();
        let stepped_up = self.counts(proven);
        let begun = match begun {
            Some(begun) => self.own_reset(&mut tx, actor, id, begun, stepped_up).await?,
            None => None,
        };
        let caller = self.caller_check(&mut tx, actor, &account, CallAction::SetPassword).await?;
        let mut approvals = Vec::new();
        if let (Some(role), true) = (actor.role, stepped_up) {
            for action in [ApprovalAction::TypePassword, ApprovalAction::GeneratePassword] {
                let by = (actor.account, role);
                approvals.extend(self.approval_desk(&mut tx, by, &account, action).await?);
            }
        }
        drop(tx);
        // Once something was begun, it says itself how far it is there.
        let destinations = match &begun {
            None if stepped_up => self.destinations(id).await?,
            _ => Vec::new(),
        };
        Ok(ResetDesk {
            stepped_up,
            begun,
            link_minutes: in_minutes(policy.minutes(Rule::LinkMinutes)),
            temporary_hours: policy.count(Rule::TemporaryHours),
            split: policy.is_on(Rule::SplitDelivery),
            allowed_once: consent.consent(self.now()) == Consent::Once,
            rules: password::rules(&policy, false),
            caller,
            approvals,
            destinations,
            customer,
        })
    }

    /// A reset of a customer that the actor began. The PIN is for whoever has just proven to be
    /// the one who sent the link.
    async fn own_reset(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        customer: AccountId,
        id: ResetId,
        stepped_up: bool,
    ) -> Result<Option<DeskReset>> {
        let reset = tx.reset(id).await?.filter(|reset| {
            reset.account_id == customer && reset.requested_by == Some(actor.account)
        });
        let Some(reset) = reset else { return Ok(None) };
        let pin = match reset.sealed_pin.filter(|_| stepped_up) {
            Some(sealed) => Some(self.keys().open(PIN_PURPOSE, &sealed)?),
            None => None,
        };
        let audit = match actor.may(Permission::ReadAudit) {
            Ok(_) => tx.latest_audit_of_reset(customer, id).await?,
            Err(_) => None,
        };
        Ok(Some(DeskReset {
            id,
            audit,
            delivery: reset.delivery,
            state: reset.state,
            targets: tx.target_views(&[id]).await?.into_iter().map(|(_, target)| target).collect(),
            pin,
        }))
    }

    /// Why no link can be mailed to a customer in this state, of this organization, if none can.
    pub(crate) async fn link_obstacle(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        (state, organization): (AccountState, OrganizationId),
    ) -> Result<Option<Obstacle>> {
        if actor.may(Permission::SendLink).is_err() {
            return Ok(Some(Obstacle::NotPermitted));
        }
        self.standing_obstacle(tx, (state, organization)).await
    }

    /// The same, whoever wants it.
    pub(crate) async fn standing_obstacle(
        &self,
        tx: &mut Tx,
        (state, organization): (AccountState, OrganizationId),
    ) -> Result<Option<Obstacle>> {
        Ok(if state == AccountState::Suspended || tx.is_suspended(organization).await? {
            Some(Obstacle::Suspended)
        } else if !self.sends_mail(tx, organization).await? {
            Some(Obstacle::NoMail)
        } else {
            None
        })
    }

    /// Mails a customer a link to a new password. It replaces every other open link, and opens a
    /// lock at once; it needs no consent, since only the customer learns the password.
    pub async fn send_link(&self, actor: &Actor, request: SendLink) -> Result<ResetId> {
        actor.may(Permission::SendLink)?;
        let why = Why::told(&request.reason, &request.ticket)?;
        let now = self.now();
        let mut tx = self.db().read().await?;
        // Whose customer it is not learns nothing from what systems say.
        tx.customer_of(actor, request.customer).await?;
        drop(tx);
        let services = self.chosen_services(request.customer, &request.places, false).await?;
        let mut tx = self.db().write().await?;
        // Before the step-up: whose customer it is not has nothing to step up for.
        let customer = tx.customer_of(actor, request.customer).await?;
        // The actor's organization is this one or above it, and held with it.
        tx.hold_reach(actor, customer.organization_id).await?;
        if !self.hold_staff(&mut tx, actor, Permission::SendLink).await? {
            return Err(Refusal::StepUp.into());
        }
        let account = tx.lock_account(request.customer).await?.ok_or(Refusal::NotFound)?;
        if account.organization_id != customer.organization_id {
            return Err(Refusal::NotFound.into());
        }
        if let Some(obstacle) = self.obstacle(&mut tx, actor, &account, Delivery::EmailLink).await?
        {
            let event = actor.event_about(&customer, AuditKind::StaffLinkSent);
            return self.refuse(tx, event, why, Refusal::ResetImpossible(obstacle)).await;
        }
        if tx.policy(account.organization_id).await?.is_on(Rule::SplitDelivery) {
            // Somebody reads the PIN out.
            actor.is_person()?;
        }
        // Pressed twice, without scripts: one link, one mail, one answer.
        if let Some(waiting) = tx.waiting_reset(account.id, actor.account).await?
            && waiting.reason.as_ref() == Some(&why.reason)
            && waiting.ticket == why.ticket
            && now.since(waiting.created_at) < SENT_TWICE_WITHIN
        {
            return Ok(waiting.id);
        }
        let mut tx = self.spend_budget(tx, actor, account.organization_id).await?;

        let by = (&Doer::of(actor), why.clone(), services);
        let reset = self.mail_link(&mut tx, &account, by).await?;
        let event = actor.event_about(&customer, AuditKind::StaffLinkSent);
        let personal = Personal { why: Some(why), ..event.personal };
        tx.record(self, Event { reset: Some(reset), personal, ..event }).await?;
        tx.commit().await?;
        self.wake();
        Ok(reset)
    }

    /// Resets a password in the way of a word, for a program: by a mailed link. In every other way
    /// somebody knows a password who is not its owner, and that takes a person.
    pub async fn reset_by_key(
        &self,
        actor: &Actor,
        delivery: &str,
        request: SendLink,
    ) -> Result<ResetId> {
        match Delivery::of_staff(delivery) {
            Some(Delivery::EmailLink) => self.send_link(actor, request).await,
            Some(_) => {
                actor.may(Permission::SendLink)?;
                self.db().read().await?.customer_of(actor, request.customer).await?;
                Err(Refusal::NeedsPerson.into())
            }
            None => Err(Error::field("delivery", Problem::NotAChoice)),
        }
    }

    /// Mails a customer, who is held, a link to a new password in the place of all others, and opens
    /// a lock.
    pub(crate) async fn mail_link(
        &self,
        tx: &mut Tx,
        account: &Account,
        (doer, why, services): (&Doer, Why, Vec<ServiceAccountId>),
    ) -> Result<ResetId> {
        let now = self.now();
        let organization =
            tx.organization(account.organization_id).await?.ok_or(Refusal::NotFound)?;
        let is_customer = account.kind == AccountKind::Customer;
        tx.void_reset_links(account.id, now).await?;
        tx.cancel_resets(account.id, now).await?;
        let split = tx.policy(account.organization_id).await?.is_on(Rule::SplitDelivery);
        let pin = if is_customer && split {
            Some(self.keys().seal(PIN_PURPOSE, &self.random().digits(PIN_DIGITS))?)
        } else {
            None
        };
        let asks_for_pin = pin.is_some();
        let asker = Asker::Staff { id: doer.id, why, services, pin };
        let reset = self.add_waiting_reset(tx, account, asker).await?;
        let from = (LinkOrigin::Staff, doer.origin.as_str());
        let (link, life) = self.make_reset_link(tx, account, reset, from).await?;
        tx.unlock(account.id, now).await?;
        tx.clear_counter(&account_counter(account)).await?;
        let letter = Letter::StaffResetLink {
            name: account.name.clone(),
            organization: organization.name,
            at: now,
            link,
            minutes: in_minutes(life),
            pin: asks_for_pin,
        };
        // A link that no longer works is not worth a mail.
        tx.post(self, account, letter, life).await?;
        Ok(reset)
    }

    /// Records what was refused, with its reason, and refuses it.
    pub(crate) async fn refuse<T>(
        &self,
        tx: Tx,
        event: Event<'_>,
        why: Why,
        refusal: Refusal,
    ) -> Result<T> {
        let mut tx = tx;
        let personal = Personal { why: Some(why), ..event.personal };
        tx.record(self, Event { outcome: Outcome::Refused, personal, ..event }).await?;
        tx.commit().await?;
        Err(refusal.into())
    }

    /// Makes every open link of a customer worthless; how many there were.
    pub async fn cancel_links(&self, actor: &Actor, id: AccountId) -> Result<u64> {
        actor.may(Permission::SendLink)?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        let customer = tx.customer_of(actor, id).await?;
        tx.hold_reach(actor, customer.organization_id).await?;
        self.hold_staff(&mut tx, actor, Permission::SendLink).await?;
        let account = tx.lock_account(id).await?.ok_or(Refusal::NotFound)?;
        tx.is_undisputed(actor, id).await?;
        let cancelled = tx.void_reset_links(account.id, now).await?;
        if cancelled > 0 {
            tx.cancel_resets(account.id, now).await?;
            tx.record(self, actor.event_about(&customer, AuditKind::LinksCancelled)).await?;
        }
        tx.commit().await?;
        Ok(cancelled)
    }

    /// Takes one reset from the budgets of the operator and of the customer's organization.
    pub(crate) async fn spend_budget(
        &self,
        tx: Tx,
        actor: &Actor,
        organization: OrganizationId,
    ) -> Result<Tx> {
        let mut tx = tx;
        let now = self.now();
        // What one's staff may do is one's own to say; what is done to one's customers as well.
        let own = tx.policy(actor.organization).await?;
        let theirs = tx.policy(organization).await?;
        let within = |window, policy: &Policy, rule| Limit { count: policy.count(rule), window };
        let burst = Limit { count: RESET_BURST, window: RESET_BURST_WINDOW };
        for (name, limit) in [
            (format!("resets-burst:{}", actor.account), burst),
            (
                format!("resets:{}", actor.account),
                within(RESET_WINDOW, &own, Rule::ResetsPerOperator),
            ),
            (
                format!("resets-day:{}", actor.account),
                within(RESET_DAY, &own, Rule::ResetsPerOperatorDay),
            ),
            (
                format!("resets-of:{organization}"),
                within(RESET_WINDOW, &theirs, Rule::ResetsPerOrganization),
            ),
            (
                format!("resets-of-day:{organization}"),
                within(RESET_DAY, &theirs, Rule::ResetsPerOrganizationDay),
            ),
        ] {
            if let Some(wait) = tx.take(&name, limit, now).await? {
                // What was spent before this one stays spent.
                self.stop_resets(&mut tx, actor, organization).await?;
                tx.commit().await?;
                self.wake();
                let Refusal::Wait { seconds } = wait_refusal(wait) else {
                    return Err(Refusal::NotAllowed.into());
                };
                return Err(Refusal::Budget { seconds }.into());
            }
        }
        Ok(tx)
    }

    /// Records that an operator is stopped, and tells the owners of the organization they work for
    /// and of the one whose customers it is about; once an hour, not once a try.
    async fn stop_resets(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        organization: OrganizationId,
    ) -> Result<()> {
        let now = self.now();
        let event = Event {
            organization,
            outcome: Outcome::Refused,
            subject: None,
            ..actor.event(AuditKind::ResetsStopped)
        };
        let staff = Some(actor.called());
        let personal = Personal { staff, ..Personal::of(&actor.visit) };
        tx.record(self, Event { personal, ..event }).await?;
        let once = Limit { count: 1, window: BURST_TOLD };
        if tx.take(&format!("resets-told:{}", actor.account), once, now).await?.is_some() {
            return Ok(());
        }
        let mut concerned = vec![organization];
        if actor.organization != organization {
            concerned.push(actor.organization);
        }
        for organization in concerned {
            let name = tx.organization(organization).await?.ok_or(Refusal::NotFound)?.name;
            for owner in tx.staff_of(organization).await? {
                if owner.role != Some(Role::Owner) {
                    continue;
                }
                let letter = Letter::ResetsStopped {
                    owner_name: owner.name.clone(),
                    staff_name: actor.name.clone(),
                    organization: name.clone(),
                    stopped: occasion(now, &actor.visit),
                };
                tx.post(self, &owner, letter, outbox::PATIENCE).await?;
            }
        }
        Ok(())
    }
}
