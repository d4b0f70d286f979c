//! The forced change: who signs in with a password that others know too gets a session in which
//! nothing can be done but choose another one. Every other use case takes an [`Actor`], whom such a
//! session does not make.

use model::{
    Refusal,
    account::ForcedChange,
    audit::AuditKind,
    policy::{KEPT_SESSION_LIFE, KNOWN_DEVICE_LIFE},
    reset::Delivery,
};

use crate::{
    Actor, NewPassword, Portal, Reached, Result, SignedIn, Visit,
    mail::ChangedHow,
    password,
    resets::{Circumstances, Judged, NewOne},
    secrets::{Secret, new_token},
    sign_in::session_spans,
    store::Stage,
};

/// Somebody who signed in with a temporary password. Made by [`Portal::newcomer`] only.
#[derive(Debug, Clone)]
pub struct Newcomer(Actor);

impl Portal {
    /// Who has to choose another password in this session, if that is what it is for.
    pub async fn newcomer(&self, visit: &Visit, token: &Secret) -> Result<Option<Newcomer>> {
        Ok(self.holder(visit, token, Stage::Change).await?.map(Newcomer))
    }

    /// What the page of the forced change shows.
    pub async fn forced_change(&self, Newcomer(actor): &Newcomer) -> Result<ForcedChange> {
        let mut tx = self.db().read().await?;
        let account = tx.account(actor.account).await?.ok_or(Refusal::NotFound)?;
        let policy = tx.policy(account.organization_id).await?;
        let factor = tx.has_factor(account.id).await?;
        Ok(ForcedChange { sign_in_name: account.email, rules: password::rules(&policy, factor) })
    }

    /// Chooses another password in place of the temporary one. From then on the session is good for
    /// everything, under a new token.
    pub async fn choose_password(
        &self,
        Newcomer(actor): &Newcomer,
        request: NewPassword,
    ) -> Result<SignedIn> {
        let mut tx = self.db().read().await?;
        let account = tx.account(actor.account).await?.ok_or(Refusal::NotFound)?;
        drop(tx);
        let Judged { hash, leans } =
            self.judge_password(&account, &request.new, &request.retype).await?;
        self.check_rules_in_step(&account, &request.new).await?;

        let now = self.now();
        let mut tx = self.db().write().await?;
        let held = tx.lock_account(actor.account).await?.ok_or(Refusal::NotFound)?;
        let kept = tx.open_session_is_kept(actor.session).await?;
        // Somebody may have reset the password meanwhile, suspended the account, or let the time of
        // the temporary password pass: then one signs in again, with what holds now.
        let holds = held.password_hash == account.password_hash
            && held.must_change_password
            && held.may_sign_in(now)
            && !tx.is_suspended(held.organization_id).await?;
        let Some(kept) = kept.filter(|_| holds) else {
            return Err(Refusal::SignInFailed.into());
        };
        let circumstances = Circumstances {
            keep: Some(actor.session),
            leans,
            ..Circumstances::of(
                &actor.visit,
                (held.actor_kind(), Some(held.id)),
                ChangedHow::SignedIn,
            )
        };
        let delivery = (Delivery::OwnChange, None);
        let services = self.services_in_step(&mut tx, &held).await?;
        let new = NewOne { hash, password: request.new, services };
        let lease = self.decide_now(&mut tx, &held, delivery, new, &circumstances).await?;
        let policy = tx.policy(held.organization_id).await?;
        let (idle, whole) = session_spans(&policy, held.kind, kept);
        let (token, token_hash) = new_token(self.random());
        if !tx
            .promote_session(
                actor.session,
                &token_hash,
                (Stage::Change, Stage::Full),
                (now.plus(idle), now.plus(whole)),
            )
            .await?
        {
            return Err(Refusal::SignInFailed.into());
        }
        tx.commit().await?;
        self.finish_decided(lease).await;
        Ok(SignedIn {
            token,
            max_age: kept.then_some(KEPT_SESSION_LIFE),
            device: Some(self.know_again(actor).await),
            device_max_age: KNOWN_DEVICE_LIFE,
            kind: actor.kind,
            reached: Reached::Everything,
        })
    }

    /// Ends the session without a change: the temporary password works on.
    pub async fn leave(&self, Newcomer(actor): &Newcomer) -> Result<()> {
        let mut tx = self.db().write().await?;
        if tx.end_session(actor.account, actor.session, self.now()).await? {
            tx.record(self, actor.event(AuditKind::SignedOut)).await?;
        }
        Ok(tx.commit().await?)
    }
}
