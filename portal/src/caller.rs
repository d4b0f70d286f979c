//! Who is on the phone: a code goes to the customer by a way that only the customer has, and the
//! caller reads it back. Who does gets the operator a receipt, which one write uses up. The other
//! way round, words that both sides see tell the customer who calls.

use model::{
    Moment, Refusal,
    account::{AccountKind, AccountState},
    audit::{AuditKind, Outcome},
    call::{CallAction, CallMethod, Caller, CallerCheck, CallerRule, OpenCheck},
    id::{AccountId, ReceiptId, VerificationId},
    permission::Permission,
    policy::{
        CALLER_CHECKS_PER_ACCOUNT, CALLER_CODE_DIGITS, CALLER_CODE_FAILURES, CALLER_CODE_LIFE,
        CALLER_WINDOW, RECEIPT_LIFE, Rule,
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

/// The form by which an operator has a code sent to the customer.
#[derive(Debug, Clone)]
pub struct CheckCaller {
    /// Whose customer page it is.
    pub customer: AccountId,
    /// `mail` or `account`.
    pub method: String,
}

impl Portal {
    /// What the desk shows about the caller.
    pub(crate) async fn caller_check(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        customer: &Account,
    ) -> Result<CallerCheck> {
        let now = self.now();
        let rule = tx.policy(customer.organization_id).await?.get(Rule::CallerVerification);
        let action = CallAction::SetPassword;
        let open = tx.open_verification(actor.account, customer.id, action, now).await?;
        let open = match open {
            Some(VerificationRow { method, sealed: Some(sealed), expires_at, .. }) => {
                let known: Known = self.keys().open(PURPOSE, &sealed)?;
                Some(OpenCheck { method, words: known.words.clone(), expires_at })
            }
            _ => None,
        };
        let receipt = self.receipt(tx, actor, customer.id).await?;
        Ok(CallerCheck {
            rule: CallerRule::of(rule),
            email: customer.email.masked(),
            mails: self.sends_mail(tx, customer.organization_id).await?,
            open,
            verified_until: receipt.map(|receipt| receipt.expires_at),
        })
    }

    /// The receipt for setting a customer's password that the actor may use now.
    pub(crate) async fn receipt(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        customer: AccountId,
    ) -> Result<Option<ReceiptRow>> {
        let now = self.now();
        let when = (now, now.plus(SKEW));
        Ok(tx.usable_receipt(actor.account, customer, CallAction::SetPassword, when).await?)
    }

    /// Sends the customer a code for the caller to read back. One that was on its way before, by
    /// the same operator, is over.
    pub async fn check_caller(&self, actor: &Actor, request: CheckCaller) -> Result<()> {
        actor.may(Permission::VerifyCallers)?;
        let method = CallMethod::from_word(&request.method)
            .ok_or_else(|| Error::field("method", Problem::NotAChoice))?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        let customer = tx.customer_of(actor, request.customer).await?;
        tx.hold_policy(customer.organization_id).await?;
        if !self.hold_staff(&mut tx, actor, Permission::VerifyCallers).await? {
            return Err(Refusal::StepUp.into());
        }
        let account = tx.lock_account(request.customer).await?.ok_or(Refusal::NotFound)?;
        if account.organization_id != customer.organization_id {
            return Err(Refusal::NotFound.into());
        }
        let rule = tx.policy(account.organization_id).await?.get(Rule::CallerVerification);
        if CallerRule::of(rule) == CallerRule::Off {
            return Err(Refusal::NotAllowed.into());
        }
        if account.state == AccountState::Suspended
            || tx.is_suspended(account.organization_id).await?
        {
            return Err(Refusal::ResetImpossible(Obstacle::Suspended).into());
        }
        if method == CallMethod::Mail && !self.sends_mail(&mut tx, account.organization_id).await? {
            return Err(Refusal::ResetImpossible(Obstacle::NoMail).into());
        }
        let action = CallAction::SetPassword;
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
        tx.close_verifications(actor.account, account.id, now).await?;
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
            let letter = Letter::CallerCode {
                name: account.name.clone(),
                operator: actor.name.clone(),
                organization: customer.row.organization.clone(),
                code: MailedPassword::of(&Secret::new(known.code.clone())),
                word_pair: known.words.clone(),
                minutes: in_minutes(CALLER_CODE_LIFE),
            };
            tx.post(self, &account, letter, CALLER_CODE_LIFE).await?;
        }
        tx.record(self, actor.event_about(&customer, AuditKind::CallerAsked)).await?;
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// The caller has read a code back. The right one is worth a receipt; a few wrong ones end it.
    pub async fn verify_caller(
        &self,
        actor: &Actor,
        customer: AccountId,
        code: &Secret,
    ) -> Result<()> {
        actor.may(Permission::VerifyCallers)?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        let customer = tx.customer_of(actor, customer).await?;
        tx.hold_policy(customer.organization_id).await?;
        if !self.hold_staff(&mut tx, actor, Permission::VerifyCallers).await? {
            return Err(Refusal::StepUp.into());
        }
        let typed: String = code.reveal().chars().filter(char::is_ascii_digit).collect();
        if typed.is_empty() {
            return Err(Error::field("code", Problem::Required));
        }
        // Held, so that many tries at once are counted one after another.
        let account = tx.lock_account(customer.row.id).await?.ok_or(Refusal::NotFound)?;
        let action = CallAction::SetPassword;
        let open = tx.open_verification(actor.account, account.id, action, now).await?;
        let Some(VerificationRow { id, sealed: Some(sealed), .. }) = open.clone() else {
            return Err(Error::field("code", Problem::CodeOver));
        };
        let known: Known = self.keys().open(PURPOSE, &sealed)?;
        if bool::from(known.code.as_bytes().ct_eq(typed.as_bytes())) {
            tx.close_verifications(actor.account, account.id, now).await?;
            let receipt = ReceiptId(self.random().id(now));
            if let Some(open) = &open {
                tx.add_receipt(receipt, open, now, now.plus(RECEIPT_LIFE)).await?;
            }
            tx.record(self, actor.event_about(&customer, AuditKind::CallerVerified)).await?;
            return Ok(tx.commit().await?);
        }
        let failures = tx.count_wrong_code(id).await?;
        let is_over = failures >= CALLER_CODE_FAILURES;
        if is_over {
            tx.close_verifications(actor.account, account.id, now).await?;
        }
        let event = actor.event_about(&customer, AuditKind::CallerVerified);
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
