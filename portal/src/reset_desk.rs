//! The desk at which staff reset a customer's password.
//!
//! What decides (the operator's own permission, the step-up, the customer, the policy) is looked at
//! in the transaction of the write with its rows held; what the page said before does not count.

use std::time::Duration;

use model::{
    Refusal,
    account::AccountState,
    audit::AuditKind,
    id::{AccountId, OrganizationId, ResetId},
    link::LinkOrigin,
    permission::Permission,
    policy::{Policy, RESET_BURST, RESET_BURST_WINDOW, RESET_WINDOW, Rule},
    refusal::{FieldProblem, Problem},
    reset::{Obstacle, ResetDesk},
    text::{LONGEST_REASON, LONGEST_TICKET, remark},
};

use crate::{
    Actor, Portal, Result,
    audit::{Event, Personal},
    forgotten::in_minutes,
    mail::Letter,
    new_customer::Doer,
    resets::{Asker, Why},
    sign_in::account_counter,
    store::{Account, CustomerDetailRow, Tx},
    throttle::Limit,
};

/// The same form sent again within this time is one that was pressed twice.
const SENT_TWICE_WITHIN: Duration = Duration::from_secs(10);

/// The form by which staff mail a link.
#[derive(Debug, Clone)]
pub struct SendLink {
    /// Whose password.
    pub customer: AccountId,
    /// Why, in the operator's words.
    pub reason: String,
    /// The number of a ticket; empty for none.
    pub ticket: String,
}

impl SendLink {
    fn why(&self) -> Result<Why> {
        let mut problems = Vec::new();
        let mut refuse = |field: &str, problem| {
            problems.push(FieldProblem { field: field.into(), problem });
            None
        };
        let reason = match remark(&self.reason, LONGEST_REASON) {
            Ok(Some(reason)) => Some(reason),
            Ok(None) => refuse("reason", Problem::Required),
            Err(problem) => refuse("reason", problem),
        };
        let ticket = remark(&self.ticket, LONGEST_TICKET)
            .unwrap_or_else(|problem| refuse("ticket", problem));
        match reason {
            Some(reason) if problems.is_empty() => Ok(Why { reason, ticket }),
            _ => Err(Refusal::Fields(problems).into()),
        }
    }
}

impl Portal {
    /// What the page on which a customer's password is reset shows.
    /// `sent` is the reset that the actor believes to have begun there.
    pub async fn reset_desk(
        &self,
        actor: &Actor,
        id: AccountId,
        sent: Option<ResetId>,
    ) -> Result<ResetDesk> {
        let customer = self.view_customer(actor, id).await?;
        let mut tx = self.db().read().await?;
        let detail = tx.customer_of(actor, id).await?;
        let policy = tx.policy(detail.organization_id).await?;
        let waiting = tx.waiting_reset(id, actor.account).await?;
        let proven = tx.lock_step_up(actor.session).await?.flatten();
        Ok(ResetDesk {
            stepped_up: self.counts(proven),
            sent: waiting.is_some_and(|waiting| sent == Some(waiting.id)),
            link_minutes: in_minutes(policy.minutes(Rule::LinkMinutes)),
            customer,
        })
    }

    /// Why no link can be mailed to a customer in this state, of this organization, if none can.
    pub(crate) async fn link_obstacle(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        (state, organization): (AccountState, OrganizationId),
    ) -> Result<Option<Obstacle>> {
        Ok(if actor.may(Permission::SendLink).is_err() {
            Some(Obstacle::NotPermitted)
        } else if state == AccountState::Suspended || tx.is_suspended(organization).await? {
            Some(Obstacle::Suspended)
        } else if !self.mailer().sends() {
            Some(Obstacle::NoMail)
        } else {
            None
        })
    }

    /// Mails a customer a link to a new password. It replaces every other open link, and opens a
    /// lock at once; it needs no consent, since only the customer learns the password.
    pub async fn send_link(&self, actor: &Actor, request: SendLink) -> Result<ResetId> {
        actor.may(Permission::SendLink)?;
        let why = request.why()?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        // Before the step-up: whose customer it is not has nothing to step up for.
        let customer = tx.customer_of(actor, request.customer).await?;
        // The actor's organization is this one or above it, and held with it.
        tx.hold_policy(customer.organization_id).await?;
        if !self.hold_staff(&mut tx, actor, Permission::SendLink).await? {
            return Err(Refusal::StepUp.into());
        }
        let account = tx.lock_account(request.customer).await?.ok_or(Refusal::NotFound)?;
        if account.organization_id != customer.organization_id {
            return Err(Refusal::NotFound.into());
        }
        let about = (account.state, account.organization_id);
        if let Some(obstacle) = self.link_obstacle(&mut tx, actor, about).await? {
            return Err(Refusal::ResetImpossible(obstacle).into());
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

        let by = (&Doer::of(actor), why.clone());
        let reset = self.mail_link(&mut tx, &account, &customer, by).await?;
        let event = actor.event_about(&customer, AuditKind::StaffLinkSent);
        let personal = Personal { why: Some(why), ..event.personal };
        tx.record(self, Event { reset: Some(reset), personal, ..event }).await?;
        tx.commit().await?;
        self.wake();
        Ok(reset)
    }

    /// Mails a customer, who is held, a link to a new password in the place of all others, and opens
    /// a lock.
    pub(crate) async fn mail_link(
        &self,
        tx: &mut Tx,
        account: &Account,
        customer: &CustomerDetailRow,
        (doer, why): (&Doer, Why),
    ) -> Result<ResetId> {
        let now = self.now();
        tx.void_reset_links(account.id, now).await?;
        tx.cancel_resets(account.id, now).await?;
        let asker = Asker::Staff { id: doer.id, why };
        let reset = self.add_waiting_reset(tx, account, asker).await?;
        let from = (LinkOrigin::Staff, doer.origin.as_str());
        let (link, life) = self.make_reset_link(tx, account, reset, from).await?;
        tx.unlock(account.id, now).await?;
        tx.clear_counter(&account_counter(account)).await?;
        let letter = Letter::StaffResetLink {
            name: account.name.clone(),
            organization: customer.row.organization.clone(),
            at: now,
            link,
            minutes: in_minutes(life),
        };
        // A link that no longer works is not worth a mail.
        tx.post(self, account, letter, life).await?;
        Ok(reset)
    }

    /// Makes every open link of a customer worthless; how many there were.
    pub async fn cancel_links(&self, actor: &Actor, id: AccountId) -> Result<u64> {
        actor.may(Permission::SendLink)?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        let customer = tx.customer_of(actor, id).await?;
        tx.hold_policy(customer.organization_id).await?;
        self.hold_staff(&mut tx, actor, Permission::SendLink).await?;
        let account = tx.lock_account(id).await?.ok_or(Refusal::NotFound)?;
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
        let per_hour =
            |policy: &Policy, rule| Limit { count: policy.count(rule), window: RESET_WINDOW };
        let burst = Limit { count: RESET_BURST, window: RESET_BURST_WINDOW };
        for (name, limit) in [
            (format!("resets-burst:{}", actor.account), burst),
            (format!("resets:{}", actor.account), per_hour(&own, Rule::ResetsPerOperator)),
            (format!("resets-of:{organization}"), per_hour(&theirs, Rule::ResetsPerOrganization)),
        ] {
            tx = tx.take_or_refuse(&name, limit, now).await?;
        }
        Ok(tx)
    }
}
