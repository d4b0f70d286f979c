//! Staff change a customer's address: after a verified call, or with a second member of staff who
//! agrees, where the caller cannot read the mailbox that is stored.

use model::{
    Refusal,
    account::{AccountState, Lock, Role},
    audit::AuditKind,
    call::CallAction,
    email::{EmailChangeState, EmailDeed, EmailDesk, EmailDone, EmailObstacle},
    id::{AccountId, EmailChangeId},
    permission::Permission,
    policy::{EMAIL_APPROVAL, EMAIL_ASK_WINDOW, EMAIL_ASKS, EMAIL_HOLD},
    text::EmailAddress,
};

use super::{another_than, in_hours};
use crate::{
    Actor, Portal, Result,
    audit::{Event, Personal},
    lost_factor::by_staff,
    mail::EmailEnd,
    problems::Problems,
    reset_desk::SENT_TWICE_WITHIN,
    resets::Why,
    store::{Account, EmailChangeRow, Tx},
    throttle::{Limit, canonical},
};

/// The form by which staff ask for another address of a customer.
#[derive(Debug, Clone)]
pub struct AskEmail {
    /// Whose.
    pub account: AccountId,
    /// The new address.
    pub email: String,
    /// Why, in the operator's words.
    pub reason: String,
    /// The number of a ticket; empty for none.
    pub ticket: String,
    /// Whether no caller was verified, and a second member of staff is to agree instead.
    pub second: bool,
}

/// The form by which a second member of staff agrees.
#[derive(Debug, Clone)]
pub struct ApproveEmail {
    /// Whose address.
    pub account: AccountId,
    /// The change that was seen: another one may have taken its place.
    pub change: EmailChangeId,
    /// Why, in the operator's words.
    pub reason: String,
    /// The number of a ticket; empty for none.
    pub ticket: String,
}

impl Portal {
    /// What the page on which staff change a customer's address shows.
    pub async fn email_desk(&self, actor: &Actor, id: AccountId) -> Result<EmailDesk> {
        let role = actor.may(Permission::ReadCustomers)?;
        let mut tx = self.db().read().await?;
        let customer = tx.customer_of(actor, id).await?;
        let account = tx.account(id).await?.ok_or(Refusal::NotFound)?;
        let proven = tx.step_up(actor.session).await?;
        let may_stop = role.may(Permission::ChangeEmail);
        let by = (actor.account, role);
        let open = tx.open_email_change(id).await?;
        let approval = match &open {
            Some(row) if row.state == EmailChangeState::Approval => {
                self.approval_obstacle(&mut tx, actor, by, (&account, row)).await?
            }
            _ => Some(EmailObstacle::NothingWaits),
        };
        let desk = EmailDesk {
            account: id,
            stepped_up: self.counts(proven),
            obstacle: self.email_obstacle(&mut tx, by, &account).await?,
            waiting: tx.waiting_email(id, |_| may_stop).await?,
            why: open
                .filter(|_| may_stop)
                .and_then(|row| row.why())
                .map(|why| (why.reason, why.ticket)),
            approval,
            may_stop,
            hours: in_hours(EMAIL_HOLD),
            caller: self.caller_check(&mut tx, actor, &account, CallAction::ChangeEmail).await?,
            organization: customer.row.organization.clone(),
            name: account.name,
            email: account.email,
        };
        drop(tx);
        self.note_view(actor, &customer).await?;
        Ok(desk)
    }

    /// Why somebody cannot ask for another address of a customer, if so. For an answer that decides,
    /// the customer must be held, and their organization.
    pub(crate) async fn email_obstacle(
        &self,
        tx: &mut Tx,
        (by, role): (AccountId, Role),
        account: &Account,
    ) -> Result<Option<EmailObstacle>> {
        let organization = account.organization_id;
        Ok(if !role.may(Permission::ChangeEmail) {
            Some(EmailObstacle::NotPermitted)
        } else if account.state == AccountState::Suspended || tx.is_suspended(organization).await? {
            Some(EmailObstacle::Suspended)
        } else if tx.is_disputed_against(account.id, by).await? {
            Some(EmailObstacle::DisputedAgainst)
        } else if account.locked_by == Some(Lock::Dispute)
            || !tx.open_disputes(account.id).await?.is_empty()
        {
            Some(EmailObstacle::Disputed)
        } else if !self.sends_mail(tx, organization).await? {
            Some(EmailObstacle::NoMail)
        } else {
            None
        })
    }

    /// Whoever staff asked for a change, if they could ask for it now. All that decides must be held.
    pub(super) async fn asker_still(
        &self,
        tx: &mut Tx,
        asker: Option<Account>,
        account: &Account,
    ) -> Result<Option<(Account, Role)>> {
        let still = tx.acts_still(asker, account.organization_id).await?;
        let Some((asker, role)) = still else { return Ok(None) };
        Ok(match self.email_obstacle(tx, (asker.id, role), account).await? {
            // Letters wait for a mail server.
            None | Some(EmailObstacle::NoMail) => Some((asker, role)),
            Some(_) => None,
        })
    }

    /// Why somebody cannot agree to a change that waits for that, if so: they need the same
    /// permission, and stand beside or above who asked, both by their role and by their organization,
    /// so that nobody can be told to agree.
    async fn approval_obstacle(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        (by, role): (AccountId, Role),
        (account, row): (&Account, &EmailChangeRow),
    ) -> Result<Option<EmailObstacle>> {
        if let Some(obstacle) = self.email_obstacle(tx, (by, role), account).await? {
            return Ok(Some(obstacle));
        }
        if row.asked_by == by {
            return Ok(Some(EmailObstacle::OwnAsk));
        }
        let asker = tx.account(row.asked_by).await?;
        let Some((asker, theirs)) = self.asker_still(tx, asker, account).await? else {
            return Ok(Some(EmailObstacle::AskerGone));
        };
        let reaches = tx.is_within(asker.organization_id, actor.organization).await?;
        Ok((!role.manages(theirs) || !reaches).then_some(EmailObstacle::BelowAsker))
    }

    /// Asks for another address of a customer: after a verified call, or for a second member of staff
    /// to agree to.
    pub async fn ask_email_change(&self, actor: &Actor, request: AskEmail) -> Result<EmailDone> {
        let permission = Permission::ChangeEmail;
        actor.may(permission)?;
        let mut problems = Problems::default();
        let new = problems.check("email", EmailAddress::parse(&request.email));
        let why = Why::checked(&mut problems, &request.reason, &request.ticket);
        let (Some(new), Some(why)) = (new, why) else {
            return Err(Refusal::Fields(problems.0).into());
        };
        let now = self.now();
        let mut tx = self.db().write().await?;
        let account = self.hold_customer_email(&mut tx, actor, request.account).await?;
        let (state, deed) = if request.second {
            (EmailChangeState::Approval, EmailDeed::Second)
        } else {
            (EmailChangeState::Waiting, EmailDeed::Asked)
        };
        let done = EmailDone { account: account.id, deed };
        // Pressed twice, without scripts: one change, one mail each, one answer.
        if let Some(open) = tx.open_email_change(account.id).await?
            && (open.asked_by, open.state) == (actor.account, state)
            && open.new_key == canonical(new.as_str())
            && open.why().as_ref() == Some(&why)
            && now.since(open.created_at) < SENT_TWICE_WITHIN
        {
            return Ok(done);
        }
        let by = (actor.account, tx.role_now(actor).await?);
        let receipt = self.receipt(&mut tx, actor, account.id, CallAction::ChangeEmail).await?;
        let receipt = receipt.filter(|_| !request.second);
        let obstacle = match self.email_obstacle(&mut tx, by, &account).await? {
            None if !request.second && receipt.is_none() => Some(EmailObstacle::CallerUnknown),
            obstacle => obstacle,
        };
        if let Some(obstacle) = obstacle {
            let event = actor.event_about(&account, AuditKind::EmailChangeAsked);
            return self.refuse(tx, event, why, Refusal::EmailImpossible(obstacle)).await;
        }
        let wanted = another_than(&account, new)?;
        let limit = Limit { count: EMAIL_ASKS, window: EMAIL_ASK_WINDOW };
        let tx = tx.take_or_refuse(&format!("email-asks:{}", actor.account), limit, now).await?;
        let mut tx = self.spend_email_change(tx, account.id).await?;
        if let Some(receipt) = receipt
            && !tx.use_receipt(receipt.id, None, now).await?
        {
            return Err(Refusal::EmailImpossible(EmailObstacle::CallerUnknown).into());
        }
        let mut row = self.new_email_change(&account, actor, wanted, Some(why.clone()));
        if request.second {
            row.state = state;
            row.due_at = now.plus(EMAIL_APPROVAL);
        }
        let organization = tx.organization(actor.organization).await?.ok_or(Refusal::NotFound)?;
        let told = (Some((actor.name.clone(), organization.name)), by_staff(now));
        let event = actor.event_about(&account, AuditKind::EmailChangeAsked);
        let personal = Personal { why: Some(why), ..event.personal };
        let event = Event { personal, ..event };
        self.begin_email_change(&mut tx, &account, &row, told, event).await?;
        tx.commit().await?;
        self.wake();
        Ok(done)
    }

    /// Agrees to a change that a colleague asked for: only now it is on hold, and the new address is
    /// told.
    pub async fn approve_email_change(
        &self,
        actor: &Actor,
        request: ApproveEmail,
    ) -> Result<EmailDone> {
        actor.may(Permission::ChangeEmail)?;
        let why = Why::told(&request.reason, &request.ticket)?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        let account = self.hold_customer_email(&mut tx, actor, request.account).await?;
        let done = EmailDone { account: account.id, deed: EmailDeed::Approved };
        let nothing = Refusal::EmailImpossible(EmailObstacle::NothingWaits);
        let open = tx.open_email_change(account.id).await?;
        let mut row = open.filter(|row| row.id == request.change).ok_or(nothing.clone())?;
        if row.state == EmailChangeState::Waiting && row.approved_by == Some(actor.account) {
            // Pressed twice, without scripts.
            return Ok(done);
        }
        if row.state != EmailChangeState::Approval || row.due_at <= now {
            return Err(nothing.into());
        }
        let by = (actor.account, tx.role_now(actor).await?);
        let event = actor.event_about(&account, AuditKind::EmailChangeApproved);
        match self.approval_obstacle(&mut tx, actor, by, (&account, &row)).await? {
            None => {}
            Some(obstacle) => {
                if obstacle == EmailObstacle::AskerGone {
                    let told = Some((EmailEnd::Withdrawn, by_staff(now)));
                    self.stop_email_change(&mut tx, &account, told, event.clone()).await?;
                }
                let refusal = Refusal::EmailImpossible(obstacle);
                let refused = self.refuse(tx, event, why, refusal).await;
                self.wake();
                return refused;
            }
        }
        row.state = EmailChangeState::Waiting;
        row.due_at = now.plus(EMAIL_HOLD);
        if !tx.approve_email_change(row.id, actor.account, row.due_at).await? {
            return Err(nothing.into());
        }
        let told = (tx.email_asker(row.id).await?, by_staff(now));
        self.announce_email_change(&mut tx, &account, &row, told).await?;
        let personal =
            Personal { why: Some(why), changes: row.changes(&account), ..event.personal };
        tx.record(self, Event { personal, ..event }).await?;
        tx.commit().await?;
        self.wake();
        Ok(done)
    }

    /// Stops the change of a customer's address on behalf of those who may ask for one. Without a
    /// fresh proof: it gives nobody anything.
    pub async fn stop_customer_email_change(
        &self,
        actor: &Actor,
        id: AccountId,
    ) -> Result<EmailDone> {
        let permission = Permission::ChangeEmail;
        actor.may(permission)?;
        let mut tx = self.db().write().await?;
        tx.customer_of(actor, id).await?;
        let (account, _) = self.hold_account(&mut tx, actor, id, permission).await?;
        let told = Some((EmailEnd::ByStaff, by_staff(self.now())));
        let event = actor.event_about(&account, AuditKind::EmailChangeStopped);
        self.stop_email_change(&mut tx, &account, told, event).await?;
        tx.commit().await?;
        self.wake();
        Ok(EmailDone { account: account.id, deed: EmailDeed::Stopped })
    }

    /// A customer whose address the actor may change, held with all that decides about it; fresh
    /// proof of the actor's own password is given.
    async fn hold_customer_email(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: AccountId,
    ) -> Result<Account> {
        // Staff change their own.
        tx.customer_of(actor, id).await?;
        match self.hold_account(tx, actor, id, Permission::ChangeEmail).await? {
            (account, true) => Ok(account),
            (_, false) => Err(Refusal::StepUp.into()),
        }
    }
}
