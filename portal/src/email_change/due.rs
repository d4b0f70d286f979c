//! Changes whose time has come. Between asking and now much may have happened: what entitled to the
//! change has to hold still, or the address stays.

use std::time::Duration;

use model::{
    account::AccountState,
    audit::{ActorKind, AuditKind, Outcome},
    email::EmailChangeState,
    link::{LinkOrigin, LinkPurpose},
    policy::DISPUTE_LINK_LIFE,
};

use crate::{
    Error, Portal, Result,
    audit::{Event, Personal},
    lost_factor::by_staff,
    mail::{EmailEnd, Letter},
    outbox,
    store::{Account, EmailChangeRow, LinkOf, Tx},
};

/// What audit lines of the worker have in the place of a request's id.
const REQUEST: &str = "email-change";
/// How long a change rests that cannot be carried out, so that it is in nobody's way.
const REST: Duration = Duration::from_mins(10);

/// What comes of a change whose time has come.
enum Verdict {
    /// The address is the new one.
    Done,
    /// It stays; the letter says why, unless it is better that none does.
    Stays(EmailChangeState, Option<EmailEnd>),
}

impl Portal {
    /// Carries out one change of an address whose time has come; whether there was one.
    pub(crate) async fn carry_out_email_change(&self) -> Result<bool> {
        let now = self.now();
        let Some(due) = self.db().read().await?.due_email_change(now).await? else {
            return Ok(false);
        };
        if let Err(error) = self.carry_out_email(&due).await {
            let Error::Broken(error) = error else { return Err(error) };
            // It might fail for ever, and everybody behind it would wait for ever.
            tracing::error!(error = format!("{error:#}"), change = %due.id, "an email address cannot be changed, will try again");
            let mut tx = self.db().write().await?;
            tx.postpone_email_change(due.id, now.plus(REST)).await?;
            tx.commit().await?;
        }
        Ok(true)
    }

    async fn carry_out_email(&self, due: &EmailChangeRow) -> Result<()> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        // In the order in which those who ask hold them. Whoever was deleted took it along.
        let Some(before) = tx.account(due.account_id).await? else { return Ok(()) };
        tx.hold_policy(before.organization_id).await?;
        let mut staff = Vec::new();
        if !due.is_own() {
            for id in [Some(due.asked_by), due.approved_by].into_iter().flatten() {
                staff.push(tx.lock_account(id).await?);
            }
        }
        let Some(account) = tx.lock_account(due.account_id).await? else { return Ok(()) };
        let row = tx.lock_email_change(due.id).await?;
        // Another node was quicker, or it ended, or somebody agreed to it just now.
        let Some(row) = row.filter(|row| row.state == due.state && row.due_at <= now) else {
            return Ok(());
        };
        match self.verdict(&mut tx, &account, &row, staff).await? {
            Verdict::Done => self.apply_email(&mut tx, &account, &row).await?,
            Verdict::Stays(state, why) => {
                if tx.close_email_change(row.id, state, now).await? {
                    tx.void_email_links(account.id, now).await?;
                    let told = why.map(|why| (why, by_staff(now)));
                    let event = of_system(&account, AuditKind::EmailChangeStopped);
                    self.note_email_end(&mut tx, &account, &row, told, event).await?;
                }
            }
        }
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// What comes of a change whose time has come. All that decides must be held, `staff` among it:
    /// who asked and who agreed, where it was staff.
    async fn verdict(
        &self,
        tx: &mut Tx,
        account: &Account,
        row: &EmailChangeRow,
        staff: Vec<Option<Account>>,
    ) -> Result<Verdict> {
        let stopped = |why| Verdict::Stays(EmailChangeState::Stopped, why);
        let expired = |why| Verdict::Stays(EmailChangeState::Expired, Some(why));
        if account.state == AccountState::Suspended
            || tx.is_suspended(account.organization_id).await?
        {
            // Perhaps because somebody else reads that mailbox.
            return Ok(stopped(None));
        }
        // A lock that opens by itself is anybody's doing who knows the name.
        if account.is_locked_for_good() {
            return Ok(stopped(Some(EmailEnd::Withdrawn)));
        }
        if row.state == EmailChangeState::Approval {
            return Ok(expired(EmailEnd::NotApproved));
        }
        if row.confirmed_at.is_none() {
            return Ok(expired(EmailEnd::NotConfirmed));
        }
        for member in staff {
            if self.asker_still(tx, member, account).await?.is_none() {
                return Ok(stopped(Some(EmailEnd::Withdrawn)));
            }
        }
        if tx.account_named(account.site_id, &row.new_key).await?.is_some() {
            return Ok(stopped(Some(EmailEnd::Unusable)));
        }
        Ok(Verdict::Done)
    }

    /// Gives an account that is held its new address. What went to the old one is worth nothing any
    /// more, nor is a proof that was given before. Password, factors and known devices stay; sessions
    /// end where it was staff who asked: somebody else may sit there, and the owner may not.
    async fn apply_email(
        &self,
        tx: &mut Tx,
        account: &Account,
        row: &EmailChangeRow,
    ) -> Result<()> {
        let now = self.now();
        tx.close_email_change(row.id, EmailChangeState::Done, now).await?;
        match tx.set_email(account.id, &row.new_email, &row.new_key, now).await {
            // Somebody of the site took the address at the same moment: next time that is seen.
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                return Err(Error::Busy { retry_after: 1 });
            }
            other => other?,
        }
        tx.void_email_links(account.id, now).await?;
        tx.void_reset_links(account.id, now).await?;
        tx.cancel_resets(account.id, now).await?;
        tx.void_calls(account.id, now).await?;
        tx.void_step_ups(account.id, None).await?;
        if !row.is_own() {
            tx.end_sessions(account.id, None, now).await?;
        }
        for here in [false, true] {
            let kind = (LinkPurpose::Dispute, LinkOrigin::Notice);
            let of = LinkOf::EmailChange(row.id);
            let dispute_link =
                self.make_link(tx, account, kind, of, DISPUTE_LINK_LIFE, &row.origin).await?;
            let letter = Letter::EmailChanged {
                name: account.name.clone(),
                here,
                old_email: account.email.masked(),
                new_email: row.new_email.masked(),
                at: now,
                dispute_link,
            };
            let email = if here { &row.new_email } else { &account.email };
            let reader = Account { email: email.clone(), ..account.clone() };
            tx.post(self, &reader, letter, outbox::PATIENCE).await?;
        }
        let event = of_system(account, AuditKind::EmailChanged);
        let personal = Personal { why: row.why(), changes: row.changes(account), ..event.personal };
        tx.record(self, Event { personal, ..event }).await
    }
}

/// What Rekey itself did to an account.
fn of_system(account: &Account, kind: AuditKind) -> Event<'static> {
    Event {
        organization: account.organization_id,
        kind,
        outcome: Outcome::Done,
        actor: (ActorKind::System, None),
        subject: Some(account.id),
        reset: None,
        request_id: REQUEST,
        personal: Personal::default(),
    }
}
