//! The second step of signing in: whoever gave the right password gets a session in which nothing
//! can be done but give the second factor. Every other use case takes an [`Actor`], whom such a
//! session does not make.

use model::{
    Moment, Refusal,
    account::AccountKind,
    audit::AuditKind,
    factor::{FactorChoice, FactorKind},
    policy::{
        HALF_SESSION_FAILURES, HALF_SESSION_LIFE, KEPT_SESSION_LIFE, KNOWN_DEVICE_LIFE, Policy,
        Rule,
    },
    refusal::Problem,
};

use crate::{
    Actor, Error, Portal, Result, SignedIn, Visit,
    codes::Checked,
    passkeys,
    secrets::{Secret, new_token},
    sessions::SKEW,
    sign_in::stage_spans,
    store::{DeviceRow, Stage},
};

/// Somebody who gave the right password and owes the second factor. Made by [`Portal::halfway`]
/// only.
#[derive(Debug, Clone)]
pub struct Halfway(pub(crate) Actor);

/// The form.
#[derive(Debug, Clone)]
pub struct ProveFactor {
    /// A code of the authenticator app, or a recovery code.
    pub code: Secret,
    /// Whether this device is spared the second factor for a while.
    pub remember: bool,
}

impl DeviceRow {
    /// Whether no second factor is asked for on it. The policy may have become stricter since that
    /// was promised.
    pub(crate) fn is_spared(&self, kind: AccountKind, policy: &Policy, now: Moment) -> bool {
        let longest = now.plus(policy.days(remember_rule(kind)));
        self.remembered_until
            .is_some_and(|until| now < until && until <= longest.plus(SKEW) && longest > now)
    }
}

/// Whether something was tried that did not fit.
fn is_wrong(problem: Problem) -> bool {
    matches!(problem, Problem::FactorRefused | Problem::PasskeyRefused | Problem::PasskeyCopied)
}

fn remember_rule(kind: AccountKind) -> Rule {
    match kind {
        AccountKind::Customer => Rule::CustomerRememberDays,
        AccountKind::Staff => Rule::StaffRememberDays,
    }
}

impl Portal {
    /// Who has to give a second factor in this session, if that is what it is for.
    pub async fn halfway(&self, visit: &Visit, token: &Secret) -> Result<Option<Halfway>> {
        Ok(self.holder(visit, token, Stage::Half).await?.map(Halfway))
    }

    /// What the second step shows.
    pub async fn factor_choice(&self, Halfway(actor): &Halfway) -> Result<FactorChoice> {
        let mut tx = self.db().read().await?;
        let policy = tx.policy(actor.organization).await?;
        let factors = tx.factors(actor.account).await?;
        let usable = passkeys::usable(&factors, &actor.visit.here);
        // Last used first.
        let passkey_first =
            usable.passkey && factors.first().is_some_and(|row| row.kind == FactorKind::Passkey);
        let begun = tx.session_begun(actor.session).await?.ok_or(Refusal::SignInOver)?;
        Ok(FactorChoice {
            app: factors.into_iter().find(|row| row.kind == FactorKind::Totp).map(|row| row.name),
            passkey: usable.passkey,
            passkey_first,
            recovery: tx.recovery_codes_left(actor.account).await? > 0,
            remember_days: policy.count(remember_rule(actor.kind)),
            expires_at: begun.plus(HALF_SESSION_LIFE),
        })
    }

    /// Gives the second factor. From then on the session is good for everything, or for the forced
    /// change after a temporary password, under a new token. A few wrong codes end it.
    pub async fn prove_factor(
        &self,
        Halfway(actor): &Halfway,
        request: ProveFactor,
    ) -> Result<SignedIn> {
        let account = self.db().read().await?.account(actor.account).await?;
        let account = account.ok_or(Refusal::SignInOver)?;
        let refused = actor.event(AuditKind::FactorRefused);
        let checked = self.check_code(&actor.visit, &account, &request.code, refused).await;
        let done = match checked {
            Ok(checked) => self.let_through(actor, &checked, request.remember).await,
            Err(error) => Err(error),
        };
        let was_wrong = matches!(
            &done,
            Err(Error::Refused(Refusal::Fields(problems)))
                if problems.iter().any(|problem| is_wrong(problem.problem))
        );
        if was_wrong && self.was_one_too_many(actor).await? {
            return Err(Refusal::SignInOver.into());
        }
        done
    }

    /// Counts a wrong code in its sign-in; whether that ended with it.
    async fn was_one_too_many(&self, actor: &Actor) -> Result<bool> {
        let mut tx = self.db().write().await?;
        let is_over =
            tx.count_code(actor.session).await?.is_none_or(|count| count >= HALF_SESSION_FAILURES);
        if is_over {
            tx.end_session(actor.account, actor.session, self.now()).await?;
        }
        tx.commit().await?;
        Ok(is_over)
    }

    async fn let_through(
        &self,
        actor: &Actor,
        checked: &Checked,
        remember: bool,
    ) -> Result<SignedIn> {
        let (now, visit) = (self.now(), &actor.visit);
        let mut tx = self.db().write().await?;
        let account = tx.lock_account(actor.account).await?.ok_or(Refusal::SignInOver)?;
        let kept = tx.open_session_is_kept(actor.session).await?;
        // Suspended, locked or reset since the password: one signs in again, with what holds now.
        let may_enter =
            account.may_sign_in(now) && !tx.is_suspended(account.organization_id).await?;
        let Some(kept) = kept.filter(|_| may_enter) else {
            return Err(Refusal::SignInOver.into());
        };
        self.use_code(&mut tx, visit, &account, checked).await?;
        let policy = tx.policy(account.organization_id).await?;
        let stage = if account.must_change_password { Stage::Change } else { Stage::Full };
        let (idle, whole) = stage_spans(stage, &policy, account.kind, kept);
        let (token, hash) = new_token(self.random());
        let spans = (now.plus(idle), now.plus(whole));
        if !tx.promote_session(actor.session, &hash, (Stage::Half, stage), spans).await? {
            return Err(Refusal::SignInOver.into());
        }
        let mut device_token = None;
        if stage == Stage::Full {
            let known = tx.device_of(visit, account.id, now).await?;
            let (device, token) =
                self.know_device(&mut tx, visit, &account, known.as_ref()).await?;
            let span = policy.days(remember_rule(account.kind));
            if remember && !span.is_zero() {
                tx.spare_device(device, now.plus(span)).await?;
            }
            device_token = Some(token);
        }
        tx.note_sign_in(account.id, now).await?;
        let event = actor.event(AuditKind::RecoveryCodeUsed);
        self.note_code(&mut tx, visit, &account, Some(checked), event).await?;
        tx.record(self, actor.event(AuditKind::SignedIn)).await?;
        tx.commit().await?;
        self.wake();
        Ok(SignedIn {
            token,
            max_age: kept.then_some(KEPT_SESSION_LIFE).filter(|_| stage == Stage::Full),
            device: device_token,
            device_max_age: KNOWN_DEVICE_LIFE,
            kind: account.kind,
            reached: stage.into(),
        })
    }

    /// Ends the session without a second factor.
    pub async fn leave_halfway(&self, Halfway(actor): &Halfway) -> Result<()> {
        let mut tx = self.db().write().await?;
        if tx.end_session(actor.account, actor.session, self.now()).await? {
            tx.record(self, actor.event(AuditKind::SignedOut)).await?;
        }
        Ok(tx.commit().await?)
    }
}
