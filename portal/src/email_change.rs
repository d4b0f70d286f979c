//! Changes of email addresses. Whoever reads a mailbox gets every link to a new password, so that an
//! address changes by one protocol only, whoever asks for it:
//!
//! 1. The owner asks after a fresh proof, or staff do ([`staff`]): after a verified call, or with a
//!    second member of staff who agrees.
//! 2. The old address and the account's sessions are told at once and can keep the address; the new
//!    one gets a link that confirms it. Whether somebody else of the site has that address shows in
//!    nothing but that mail: such a change is never confirmed.
//! 3. For a while all goes to the old address, and nobody but the owner sets a password.
//! 4. Then, if it was confirmed and all that entitled to it still holds, it takes effect ([`due`]).
//!
//! Each of them is a row; who decides about it holds the account first.

mod due;
mod staff;

pub use staff::{ApproveEmail, AskEmail};

use std::time::Duration;

use model::{
    Moment, Refusal,
    audit::{ActorKind, AuditChange, AuditKind, Outcome},
    email::{
        ConfirmEmailView, EmailChangeState, EmailObstacle, EmailStage, KeepEmailView, OwnEmail,
        WaitingEmail,
    },
    id::{AccountId, EmailChangeId, LinkId},
    link::{LinkOrigin, LinkPurpose},
    policy::{EMAIL_APPROVAL, EMAIL_CHANGE_WINDOW, EMAIL_CHANGES, EMAIL_HOLD},
    refusal::Problem,
    text::{EmailAddress, Name},
};

use crate::{
    Actor, Error, Portal, Result, Visit,
    audit::{Event, Personal, changed, occasion},
    mail::{EmailEnd, Letter, Occasion},
    outbox,
    reset_desk::SENT_TWICE_WITHIN,
    resets::Why,
    secrets::Secret,
    store::{Account, EmailChangeRow, LinkOf, Tx},
    throttle::{Limit, canonical},
};

/// How long the link works by which the address is kept: until the change ends, which takes it along.
const KEEP_LINK_LIFE: Duration = EMAIL_APPROVAL.saturating_add(EMAIL_HOLD.saturating_mul(2));

impl EmailChangeRow {
    /// Why staff asked for it.
    fn why(&self) -> Option<Why> {
        Some(Why { reason: self.reason.clone()?, ticket: self.ticket.clone() })
    }

    /// Whether the account's owner asked for it.
    fn is_own(&self) -> bool {
        self.asked_by == self.account_id
    }

    /// How far it has come.
    fn stage(&self) -> EmailStage {
        match (self.state, self.confirmed_at) {
            (EmailChangeState::Approval, _) => EmailStage::Approval,
            (_, None) => EmailStage::Unconfirmed,
            (_, Some(_)) => EmailStage::Confirmed,
        }
    }

    /// What it changes, for the audit log. Addresses are personal: they stand beside the chain.
    fn changes(&self, account: &Account) -> Vec<AuditChange> {
        vec![changed("email", Some(&account.email), Some(&self.new_email))]
    }
}

/// An address that somebody may have instead of the present one, and the form of it that is compared.
fn another_than(account: &Account, new: EmailAddress) -> Result<(EmailAddress, String)> {
    let key = canonical(new.as_str());
    if key == canonical(account.email.as_str()) {
        return Err(Error::field("email", Problem::EmailUnchanged));
    }
    Ok((new, key))
}

/// What whoever holds a link did about an address.
fn link_event<'a>(visit: &'a Visit, account: &Account, kind: AuditKind) -> Event<'a> {
    Event {
        organization: account.organization_id,
        kind,
        outcome: Outcome::Done,
        actor: (ActorKind::LinkHolder, None),
        subject: Some(account.id),
        reset: None,
        request_id: &visit.request_id,
        personal: Personal::of(visit),
    }
}

impl Portal {
    /// What the page on which one changes one's own address shows.
    pub async fn own_email(&self, actor: &Actor) -> Result<OwnEmail> {
        let mut tx = self.db().read().await?;
        let account = tx.account(actor.account).await?.ok_or(Refusal::NotFound)?;
        let proven = tx.step_up(actor.session).await?;
        Ok(OwnEmail {
            stepped_up: self.counts(proven),
            sends_mail: self.sends_mail(&mut tx, account.organization_id).await?,
            waiting: tx.waiting_email(account.id, EmailChangeRow::is_own).await?,
            hours: in_hours(EMAIL_HOLD),
            email: account.email,
        })
    }

    /// Asks for another address of one's own.
    pub async fn ask_own_email_change(&self, actor: &Actor, email: &str) -> Result<()> {
        let new = EmailAddress::parse(email).map_err(|problem| Error::field("email", problem))?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        let account = self.hold_own(&mut tx, actor).await?;
        if !self.sends_mail(&mut tx, account.organization_id).await? {
            return Err(Refusal::EmailImpossible(EmailObstacle::NoMail).into());
        }
        let wanted = another_than(&account, new)?;
        // Pressed twice, without scripts: one change, one mail each, one answer.
        if let Some(open) = tx.open_email_change(account.id).await?
            && open.is_own()
            && open.new_key == wanted.1
            && now.since(open.created_at) < SENT_TWICE_WITHIN
        {
            return Ok(());
        }
        let mut tx = self.spend_email_change(tx, account.id).await?;
        let row = self.new_email_change(&account, actor, wanted, None);
        let told = (None, occasion(now, &actor.visit));
        let event = actor.event(AuditKind::EmailChangeAsked);
        self.begin_email_change(&mut tx, &account, &row, told, event).await?;
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// Takes one change from the allowance of an account.
    async fn spend_email_change(&self, tx: Tx, account: AccountId) -> Result<Tx> {
        let limit = Limit { count: EMAIL_CHANGES, window: EMAIL_CHANGE_WINDOW };
        tx.take_or_refuse(&format!("email-changes:{account}"), limit, self.now()).await
    }

    /// A change that is on hold from now on.
    fn new_email_change(
        &self,
        account: &Account,
        actor: &Actor,
        (new_email, new_key): (EmailAddress, String),
        why: Option<Why>,
    ) -> EmailChangeRow {
        let now = self.now();
        let (reason, ticket) = why.map_or((None, None), |why| (Some(why.reason), why.ticket));
        EmailChangeRow {
            id: EmailChangeId(self.random().id(now)),
            account_id: account.id,
            asked_by: actor.account,
            reason,
            ticket,
            approved_by: None,
            new_email,
            new_key,
            origin: actor.visit.origin.clone(),
            state: EmailChangeState::Waiting,
            confirmed_at: None,
            created_at: now,
            due_at: now.plus(EMAIL_HOLD),
        }
    }

    /// Puts a change in the place of the one that is under way for an account, which is held, and
    /// tells of it. Recorded like `event`, last in a unit of work.
    async fn begin_email_change(
        &self,
        tx: &mut Tx,
        account: &Account,
        row: &EmailChangeRow,
        told: (Option<(Name, Name)>, Occasion),
        event: Event<'_>,
    ) -> Result<()> {
        let replaced = tx.end_email_change(account.id, self.now()).await?;
        tx.add_email_change(row).await?;
        self.announce_email_change(tx, account, row, told).await?;
        if let Some(replaced) = replaced {
            let personal =
                Personal { changes: replaced.changes(account), ..event.personal.clone() };
            let kind = AuditKind::EmailChangeStopped;
            tx.record(self, Event { kind, personal, ..event.clone() }).await?;
        }
        let personal = Personal { changes: row.changes(account), ..event.personal };
        tx.record(self, Event { personal, ..event }).await
    }

    /// Tells the old address of a change, and how to keep it; and the new one, once nobody has to
    /// agree any more, how to confirm it.
    async fn announce_email_change(
        &self,
        tx: &mut Tx,
        account: &Account,
        row: &EmailChangeRow,
        (by, asked): (Option<(Name, Name)>, Occasion),
    ) -> Result<()> {
        let second = row.state == EmailChangeState::Approval;
        let of = LinkOf::EmailChange(row.id);
        let kind = (LinkPurpose::CancelEmail, LinkOrigin::Notice);
        let link = self.make_link(tx, account, kind, of, KEEP_LINK_LIFE, &row.origin).await?;
        let (by, organization) = by.unzip();
        let at = asked.at;
        let letter = Letter::EmailChangeAsked {
            name: account.name.clone(),
            by,
            organization,
            asked,
            new_email: row.new_email.masked(),
            second,
            until: row.due_at,
            link,
        };
        let life = row.due_at.since(self.now());
        tx.post(self, account, letter, life).await?;
        if second {
            return Ok(());
        }
        // The same rows whether somebody of the site has the address or not: only who reads that
        // mailbox gets to know it, and knew it before.
        let taken = tx.account_named(account.site_id, &row.new_key).await?.is_some();
        let kind = (LinkPurpose::ConfirmEmail, LinkOrigin::Notice);
        let link = self.make_link(tx, account, kind, of, life, &row.origin).await?;
        let there = Account { email: row.new_email.clone(), ..account.clone() };
        let letter = Letter::EmailConfirm { at, until: row.due_at, taken, link };
        tx.post(self, &there, letter, life).await
    }

    /// Ends the change that is under way for an account, which is held: whether there was one. The
    /// address that stays is told why, and on which occasion, unless another letter tells. Recorded
    /// like `event`, last in a unit of work.
    pub(crate) async fn stop_email_change(
        &self,
        tx: &mut Tx,
        account: &Account,
        told: Option<(EmailEnd, Occasion)>,
        event: Event<'_>,
    ) -> Result<bool> {
        let Some(row) = tx.end_email_change(account.id, self.now()).await? else {
            return Ok(false);
        };
        self.note_email_end(tx, account, &row, told, event).await?;
        Ok(true)
    }

    /// Tells of a change that has ended, and records it like `event`.
    async fn note_email_end(
        &self,
        tx: &mut Tx,
        account: &Account,
        row: &EmailChangeRow,
        told: Option<(EmailEnd, Occasion)>,
        event: Event<'_>,
    ) -> Result<()> {
        if let Some((why, ended)) = told {
            let letter = Letter::EmailChangeEnded {
                name: account.name.clone(),
                new_email: row.new_email.masked(),
                why,
                ended,
            };
            tx.post(self, account, letter, outbox::PATIENCE).await?;
        }
        let (kind, outcome) = (AuditKind::EmailChangeStopped, Outcome::Done);
        let personal = Personal { changes: row.changes(account), ..event.personal };
        tx.record(self, Event { kind, outcome, personal, ..event }).await
    }

    /// Whoever is signed in keeps the address they have. Said again, it is done already.
    pub async fn keep_my_email(&self, actor: &Actor) -> Result<()> {
        let mut tx = self.db().write().await?;
        let account = tx.lock_account(actor.account).await?.ok_or(Refusal::NotAllowed)?;
        if tx.lock_step_up(actor.session).await?.is_none() {
            return Err(Refusal::NotAllowed.into());
        }
        let told = Some((EmailEnd::Kept, occasion(self.now(), &actor.visit)));
        let event = actor.event(AuditKind::EmailChangeStopped);
        self.stop_email_change(&mut tx, &account, told, event).await?;
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// What the page of a link shows by which somebody keeps the address they have. Changes nothing.
    pub async fn keep_email_view(
        &self,
        visit: &Visit,
        id: LinkId,
        token: &Secret,
    ) -> Result<KeepEmailView> {
        let purpose = LinkPurpose::CancelEmail;
        let (_, account) = self.usable_link(visit, id, token, purpose).await?;
        let mut tx = self.db().read().await?;
        let change = tx.waiting_email(account.id, |_| false).await?;
        let change = change.ok_or(Refusal::LinkUnusable)?;
        Ok(KeepEmailView { email: account.email.masked(), change })
    }

    /// Whoever holds the link that went to the old address keeps it. Said again right after, by a
    /// form that was sent twice, it is done already.
    pub async fn keep_email(&self, visit: &Visit, id: LinkId, token: &Secret) -> Result<()> {
        let result = self.keep_email_once(visit, id, token).await;
        self.or_just_done(result, visit, (id, LinkPurpose::CancelEmail), token).await
    }

    async fn keep_email_once(&self, visit: &Visit, id: LinkId, token: &Secret) -> Result<()> {
        let mut tx = self.db().write().await?;
        let purpose = LinkPurpose::CancelEmail;
        let link = self.consume_link(&mut tx, visit, id, token, purpose).await?;
        let account = tx.account(link.account_id).await?.ok_or(Refusal::LinkUnusable)?;
        let event = link_event(visit, &account, AuditKind::EmailChangeStopped);
        let told = Some((EmailEnd::Kept, occasion(self.now(), visit)));
        if !self.stop_email_change(&mut tx, &account, told, event).await? {
            return Err(Refusal::LinkUnusable.into());
        }
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// What the page of a link shows by which somebody confirms a new address. Changes nothing.
    pub async fn confirm_email_view(
        &self,
        visit: &Visit,
        id: LinkId,
        token: &Secret,
    ) -> Result<ConfirmEmailView> {
        let purpose = LinkPurpose::ConfirmEmail;
        let (link, _) = self.usable_link(visit, id, token, purpose).await?;
        let change = link.of().email_change().ok_or(Refusal::LinkUnusable)?;
        let row = self.db().read().await?.email_change(change).await?;
        let row = row.filter(|row| row.stage() == EmailStage::Unconfirmed);
        let row = row.ok_or(Refusal::LinkUnusable)?;
        Ok(ConfirmEmailView { email: row.new_email.masked(), due_at: row.due_at })
    }

    /// Whoever holds the link that went to a new address confirms that. Said again right after, by a
    /// form that was sent twice, it is done already.
    pub async fn confirm_email(&self, visit: &Visit, id: LinkId, token: &Secret) -> Result<()> {
        let result = self.confirm_email_once(visit, id, token).await;
        self.or_just_done(result, visit, (id, LinkPurpose::ConfirmEmail), token).await
    }

    async fn confirm_email_once(&self, visit: &Visit, id: LinkId, token: &Secret) -> Result<()> {
        let mut tx = self.db().write().await?;
        let purpose = LinkPurpose::ConfirmEmail;
        let link = self.consume_link(&mut tx, visit, id, token, purpose).await?;
        let account = tx.account(link.account_id).await?.ok_or(Refusal::LinkUnusable)?;
        let change = link.of().email_change().ok_or(Refusal::LinkUnusable)?;
        if !tx.confirm_email_change(change, self.now()).await? {
            return Err(Refusal::LinkUnusable.into());
        }
        tx.record(self, link_event(visit, &account, AuditKind::EmailConfirmed)).await?;
        tx.commit().await?;
        Ok(())
    }
}

impl Tx {
    /// The change of an account's address that is under way, as people are shown it: in full to those
    /// for whom `in_full` says so.
    pub(crate) async fn waiting_email(
        &mut self,
        account: AccountId,
        in_full: impl FnOnce(&EmailChangeRow) -> bool,
    ) -> Result<Option<WaitingEmail>> {
        let Some(row) = self.open_email_change(account).await? else { return Ok(None) };
        let by = if row.is_own() { None } else { self.email_asker(row.id).await? };
        let email = if in_full(&row) { row.new_email.to_string() } else { row.new_email.masked() };
        Ok(Some(WaitingEmail {
            id: row.id,
            email,
            stage: row.stage(),
            own: row.is_own(),
            by,
            asked_at: row.created_at,
            due_at: row.due_at,
        }))
    }

    /// Ends the change that is under way for an account, which is held, with its links: the one that
    /// was.
    pub(crate) async fn end_email_change(
        &mut self,
        account: AccountId,
        now: Moment,
    ) -> Result<Option<EmailChangeRow>> {
        let Some(open) = self.open_email_change(account).await? else { return Ok(None) };
        self.void_email_links(account, now).await?;
        let ended = self.close_email_change(open.id, EmailChangeState::Stopped, now).await?;
        Ok(ended.then_some(open))
    }

    /// Makes every link about a change of an account's address worthless.
    async fn void_email_links(&mut self, account: AccountId, now: Moment) -> Result<()> {
        self.void_links_for(account, LinkPurpose::CancelEmail, now).await?;
        self.void_links_for(account, LinkPurpose::ConfirmEmail, now).await?;
        Ok(())
    }
}

/// A span in whole hours, for pages.
fn in_hours(span: Duration) -> u32 {
    u32::try_from(span.as_secs() / 3_600).unwrap_or(u32::MAX)
}
