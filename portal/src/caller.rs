//! Who is on the phone: a code goes to the one whose account it is by a way that only they have, and
//! the caller reads it back. Who does gets the operator a receipt, which one write uses up. The other
//! way round, words that both sides see tell them who calls.
//!
//! Codes and receipts are for one action ([`CallAction`]): what a caller was verified for by one write
//! is nothing to another. What verifying takes, and by which way a code goes, depends on the action;
//! [`Portal::hold_called`] is where an action says whom it can be about.

use model::{
    Moment, Refusal,
    account::{AccountKind, AccountState},
    audit::{AuditKind, Outcome},
    call::{CallAction, CallMethod, Caller, CallerCheck, CallerRule, OpenCheck},
    id::{AccountId, ReceiptId, VerificationId},
    policy::{
        CALLER_CHECKS_PER_ACCOUNT, CALLER_CODE_DIGITS, CALLER_CODE_FAILURES, CALLER_CODE_LIFE,
        CALLER_WINDOW, RECEIPT_LIFE,
    },
    refusal::Problem,
    reset::Obstacle,
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{
    Actor, Error, Portal, Result,
    audit::Event,
    forgotten::in_minutes,
    mail::{Letter, MailedPassword},
    password,
    reset_desk::SENT_TWICE_WITHIN,
    secrets::Secret,
    sessions::SKEW,
    store::{Account, ReceiptRow, Tx, VerificationRow},
    throttle::Limit,
};

/// The seal's purpose.
pub(crate) const PURPOSE: &str = "caller";

/// What is sealed of a call.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Known {
    code: String,
    words: String,
}

/// The form by which an operator has a code sent to whoever is called.
#[derive(Debug, Clone)]
pub struct CheckCaller {
    /// Whose account it is about.
    pub account: AccountId,
    /// The word of what the caller is verified for.
    pub action: String,
    /// `mail` or `account`.
    pub method: String,
}

/// The form by which an operator enters what a caller has read back.
#[derive(Debug, Clone)]
pub struct VerifyCaller {
    /// Whose account it is about.
    pub account: AccountId,
    /// The word of what the caller is verified for.
    pub action: String,
    /// The code.
    pub code: Secret,
}

/// What a form says that a caller is verified for.
fn action_of(word: &str) -> Result<CallAction> {
    CallAction::from_word(word).ok_or_else(|| Error::field("action", Problem::NotAChoice))
}

impl Portal {
    /// What a desk shows about the caller.
    pub(crate) async fn caller_check(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        account: &Account,
        action: CallAction,
    ) -> Result<CallerCheck> {
        let now = self.now();
        let rule = action.rule(&tx.policy(account.organization_id).await?);
        let open = tx.open_verification(actor.account, account.id, action, now).await?;
        let open = match open {
            Some(VerificationRow { method, sealed: Some(sealed), expires_at, .. }) => {
                let known: Known = self.keys().open(PURPOSE, &sealed)?;
                Some(OpenCheck { method, words: known.words.clone(), expires_at })
            }
            _ => None,
        };
        let receipt = self.receipt(tx, actor, account.id, action).await?;
        Ok(CallerCheck {
            action,
            rule,
            email: account.email.masked(),
            mails: self.sends_mail(tx, account.organization_id).await?,
            open,
            verified_until: receipt.map(|receipt| receipt.expires_at),
        })
    }

    /// The receipt for an action about somebody that the actor may use now.
    pub(crate) async fn receipt(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        account: AccountId,
        action: CallAction,
    ) -> Result<Option<ReceiptRow>> {
        let now = self.now();
        let when = (now, now.plus(SKEW));
        Ok(tx.usable_receipt(actor.account, account, action, when).await?)
    }

    /// An account about which the actor may verify callers for an action, held with all that decides
    /// that; fresh proof of the actor's own password is given.
    async fn hold_called(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: AccountId,
        action: CallAction,
    ) -> Result<Account> {
        let permission = action.permission();
        actor.may(permission)?;
        match action {
            CallAction::SetPassword | CallAction::ChangeEmail => {
                drop(tx.customer_of(actor, id).await?);
            }
            CallAction::RemoveFactor => {}
        }
        match self.hold_account(tx, actor, id, permission).await? {
            (account, true) => Ok(account),
            (_, false) => Err(Refusal::StepUp.into()),
        }
    }

    /// That a code can be sent to somebody for an action. All that decides must be held.
    async fn may_be_called(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        account: &Account,
        (action, method): (CallAction, CallMethod),
    ) -> Result<()> {
        if action.rule(&tx.policy(account.organization_id).await?) == CallerRule::Off {
            return Err(Refusal::NotAllowed.into());
        }
        match action {
            CallAction::SetPassword => {
                if account.state == AccountState::Suspended
                    || tx.is_suspended(account.organization_id).await?
                {
                    return Err(Refusal::ResetImpossible(Obstacle::Suspended).into());
                }
                if method == CallMethod::Mail
                    && !self.sends_mail(tx, account.organization_id).await?
                {
                    return Err(Refusal::ResetImpossible(Obstacle::NoMail).into());
                }
            }
            CallAction::RemoveFactor => {
                let role = tx.role_now(actor).await?;
                let by = (actor.account, role);
                if let Some(obstacle) = self.factor_obstacle(tx, by, account).await? {
                    return Err(Refusal::RemovalImpossible(obstacle).into());
                }
            }
            CallAction::ChangeEmail => {
                let by = (actor.account, tx.role_now(actor).await?);
                if let Some(obstacle) = self.email_obstacle(tx, by, account).await? {
                    return Err(Refusal::EmailImpossible(obstacle).into());
                }
            }
        }
        Ok(())
    }

    /// Sends somebody a code for the caller to read back. One that was on its way before, by the same
    /// operator and for the same action, is over.
    pub async fn check_caller(&self, actor: &Actor, request: CheckCaller) -> Result<()> {
        let action = action_of(&request.action)?;
        let method = CallMethod::from_word(&request.method)
            .filter(|method| action.methods().contains(method));
        let now = self.now();
        let mut tx = self.db().write().await?;
        let account = self.hold_called(&mut tx, actor, request.account, action).await?;
        let method = method.ok_or_else(|| Error::field("method", Problem::NotAChoice))?;
        self.may_be_called(&mut tx, actor, &account, (action, method)).await?;
        if let Some(open) = tx.open_verification(actor.account, account.id, action, now).await?
            && open.method == method
            && now.since(open.created_at) < SENT_TWICE_WITHIN
        {
            // Pressed twice, without scripts.
            return Ok(());
        }
        // Of all operators together: nobody's mailbox is filled, and codes are not guessed.
        let limit = Limit { count: CALLER_CHECKS_PER_ACCOUNT, window: CALLER_WINDOW };
        let mut tx = tx.take_or_refuse(&format!("caller:{}", account.id), limit, now).await?;
        tx.close_verifications(actor.account, account.id, action, now).await?;
        let known = Known {
            code: self.random().digits(CALLER_CODE_DIGITS),
            words: password::words(self.random(), 2),
        };
        let row = VerificationRow {
            id: VerificationId(self.random().id(now)),
            operator_id: actor.account,
            account_id: account.id,
            action,
            method,
            sealed: Some(self.keys().seal(PURPOSE, &known)?),
            created_at: now,
            expires_at: now.plus(CALLER_CODE_LIFE),
        };
        tx.add_verification(&row).await?;
        if method == CallMethod::Mail {
            let organization =
                tx.organization(account.organization_id).await?.ok_or(Refusal::NotFound)?;
            let letter = Letter::CallerCode {
                name: account.name.clone(),
                operator: actor.name.clone(),
                action,
                organization: organization.name,
                code: MailedPassword::of(&Secret::new(known.code.clone())),
                word_pair: known.words.clone(),
                minutes: in_minutes(CALLER_CODE_LIFE),
            };
            tx.post(self, &account, letter, CALLER_CODE_LIFE).await?;
        }
        tx.record(self, actor.event_about(&account, AuditKind::CallerAsked)).await?;
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// The caller has read a code back. The right one is worth a receipt; a few wrong ones end it.
    pub async fn verify_caller(&self, actor: &Actor, request: VerifyCaller) -> Result<()> {
        let action = action_of(&request.action)?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        // Held, so that many tries at once are counted one after another.
        let account = self.hold_called(&mut tx, actor, request.account, action).await?;
        let typed: String = request.code.reveal().chars().filter(char::is_ascii_digit).collect();
        if typed.is_empty() {
            return Err(Error::field("code", Problem::Required));
        }
        let open = tx.open_verification(actor.account, account.id, action, now).await?;
        let Some(VerificationRow { id, sealed: Some(sealed), .. }) = open.clone() else {
            return Err(Error::field("code", Problem::CodeOver));
        };
        let known: Known = self.keys().open(PURPOSE, &sealed)?;
        if bool::from(known.code.as_bytes().ct_eq(typed.as_bytes())) {
            tx.close_verifications(actor.account, account.id, action, now).await?;
            let receipt = ReceiptId(self.random().id(now));
            if let Some(open) = &open {
                tx.add_receipt(receipt, open, now, now.plus(RECEIPT_LIFE)).await?;
            }
            tx.record(self, actor.event_about(&account, AuditKind::CallerVerified)).await?;
            return Ok(tx.commit().await?);
        }
        let failures = tx.count_wrong_code(id).await?;
        let is_over = failures >= CALLER_CODE_FAILURES;
        if is_over {
            tx.close_verifications(actor.account, account.id, action, now).await?;
        }
        let event = actor.event_about(&account, AuditKind::CallerVerified);
        tx.record(self, Event { outcome: Outcome::Refused, ..event }).await?;
        tx.commit().await?;
        let problem = if is_over { Problem::CodeOver } else { Problem::CodeWrong };
        Err(Error::field("code", problem))
    }

    /// Who says to be on the phone with the actor, a customer.
    pub async fn calls(&self, actor: &Actor) -> Result<Vec<Caller>> {
        if actor.kind != AccountKind::Customer {
            return Err(Refusal::NotFound.into());
        }
        let now: Moment = self.now();
        let mut tx = self.db().read().await?;
        let rows = tx.calls_to(actor.account, now).await?;
        let mut calls = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(sealed) = row.sealed else { continue };
            let known: Known = self.keys().open(PURPOSE, &sealed)?;
            calls.push(Caller {
                id: row.id,
                action: row.action,
                operator: row.operator,
                organization: row.organization,
                words: known.words.clone(),
                code: (row.method == CallMethod::Account).then(|| known.code.clone()),
                expires_at: row.expires_at,
            });
        }
        Ok(calls)
    }
}
