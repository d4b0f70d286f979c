//! The desk at which staff reset a customer's password.
//!
//! What decides (the operator's own permission, the step-up, the customer, the policy) is looked at
//! in the transaction of the write with its rows held; what the page said before does not count.

use model::{
    Refusal,
    account::AccountState,
    audit::AuditKind,
    id::{AccountId, OrganizationId, ResetId},
    link::LinkOrigin,
    permission::Permission,
    policy::{RESET_BURST, RESET_BURST_WINDOW, RESET_WINDOW, Rule},
    refusal::{FieldProblem, Problem},
    reset::{Obstacle, ResetDesk},
    text::{LONGEST_REASON, LONGEST_TICKET, remark},
};

use crate::{
    Actor, Portal, Result,
    audit::{Event, Personal},
    forgotten::in_minutes,
    mail::Letter,
    resets::{Asker, Why},
    sign_in::account_counter,
    store::Tx,
    throttle::Limit,
};

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
    pub async fn reset_desk(&self, actor: &Actor, id: AccountId) -> Result<ResetDesk> {
        let customer = self.view_customer(actor, id).await?;
        let mut tx = self.db().read().await?;
        let detail = tx.customer_of(actor, id).await?;
        let policy = tx.policy(detail.organization_id).await?;
        Ok(ResetDesk {
            stepped_up: self.has_stepped_up(&mut tx, actor).await?,
            link_obstacle: self.link_obstacle(actor, detail.row.state),
            link_minutes: in_minutes(policy.minutes(Rule::LinkMinutes)),
            customer,
        })
    }

    /// Why no link can be mailed, if none can.
    pub(crate) fn link_obstacle(&self, actor: &Actor, state: AccountState) -> Option<Obstacle> {
        if actor.may(Permission::SendLink).is_err() {
            Some(Obstacle::NotPermitted)
        } else if state == AccountState::Suspended {
            Some(Obstacle::Suspended)
        } else if !self.mailer().sends() {
            Some(Obstacle::NoMail)
        } else {
            None
        }
    }

    /// Mails a customer a link to a new password. It replaces every other open link, and opens a
    /// lock at once; it needs no consent, since only the customer learns the password.
    pub async fn send_link(&self, actor: &Actor, request: SendLink) -> Result<ResetId> {
        actor.may(Permission::SendLink)?;
        let why = request.why()?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        self.hold_staff(&mut tx, actor, Permission::SendLink).await?;
        // Before the step-up: whose customer it is not has nothing to step up for.
        let customer = tx.customer_of(actor, request.customer).await?;
        if !self.has_stepped_up(&mut tx, actor).await? {
            return Err(Refusal::StepUp.into());
        }
        let account = tx.lock_account(request.customer).await?.ok_or(Refusal::NotFound)?;
        if let Some(obstacle) = self.link_obstacle(actor, account.state) {
            return Err(Refusal::ResetImpossible(obstacle).into());
        }
        tx.hold_policy(account.organization_id).await?;
        let mut tx = self.spend_budget(tx, actor, account.organization_id).await?;

        tx.void_reset_links(account.id, now).await?;
        tx.cancel_resets(account.id, now).await?;
        let asker = Asker::Staff { id: actor.account, why: why.clone() };
        let reset = self.add_waiting_reset(&mut tx, &account, asker).await?;
        let from = (LinkOrigin::Staff, actor.visit.origin.as_str());
        let (link, life) = self.make_reset_link(&mut tx, &account, reset, from).await?;
        tx.unlock(account.id, now).await?;
        tx.clear_counter(&account_counter(&account)).await?;
        let letter = Letter::StaffResetLink {
            name: account.name.clone(),
            organization: customer.row.organization.clone(),
            at: now,
            link,
            minutes: in_minutes(life),
        };
        // A link that no longer works is not worth a mail.
        tx.post(self, &account, letter, life).await?;
        let event = actor.event_about(&customer, AuditKind::StaffLinkSent);
        let personal = Personal { why: Some(why), ..event.personal };
        tx.record(self, Event { reset: Some(reset), personal, ..event }).await?;
        tx.commit().await?;
        self.wake();
        Ok(reset)
    }

    /// Makes every open link of a customer worthless; how many there were.
    pub async fn cancel_links(&self, actor: &Actor, id: AccountId) -> Result<u64> {
        actor.may(Permission::SendLink)?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        self.hold_staff(&mut tx, actor, Permission::SendLink).await?;
        let customer = tx.customer_of(actor, id).await?;
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
    async fn spend_budget(
        &self,
        tx: Tx,
        actor: &Actor,
        organization: OrganizationId,
    ) -> Result<Tx> {
        let mut tx = tx;
        let now = self.now();
        let policy = tx.policy(organization).await?;
        let per_hour = |rule| Limit { count: policy.count(rule), window: RESET_WINDOW };
        let burst = Limit { count: RESET_BURST, window: RESET_BURST_WINDOW };
        for (name, limit) in [
            (format!("resets-burst:{}", actor.account), burst),
            (format!("resets:{}", actor.account), per_hour(Rule::ResetsPerOperator)),
            (format!("resets-of:{organization}"), per_hour(Rule::ResetsPerOrganization)),
        ] {
            tx = tx.take_or_refuse(&name, limit, now).await?;
        }
        Ok(tx)
    }
}
