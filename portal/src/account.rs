//! One's own account: profile and password.

use model::{
    Refusal,
    account::{Language, PasswordView, Profile},
    audit::AuditKind,
    id::DeviceId,
    policy::{KEPT_SESSION_LIFE, KNOWN_DEVICE_LIFE},
    refusal::{FieldProblem, Problem},
    reset::Delivery,
    text::{Name, UserName},
};

use crate::{
    Actor, Error, Portal, Reached, Result, SignedIn, device,
    mail::ChangedHow,
    password,
    resets::{Circumstances, Judged, NewOne},
    secrets::{Secret, new_token},
    store::DeviceRow,
};

/// The profile's form.
#[derive(Debug, Clone)]
pub struct ChangeProfile {
    /// What one is called.
    pub name: String,
    /// A second name to sign in with; none when empty.
    pub user_name: String,
    /// The tag of the language of pages and mails.
    pub language: String,
}

/// The form for changing one's password.
#[derive(Debug, Clone)]
pub struct ChangePassword {
    /// The password in use.
    pub current: Secret,
    /// The new one.
    pub new: Secret,
    /// The new one again.
    pub retype: Secret,
    /// A code of the second factor, of those who have one.
    pub code: Secret,
}

impl Portal {
    /// The actor's own profile.
    pub async fn profile(&self, actor: &Actor) -> Result<Profile> {
        let mut tx = self.db().read().await?;
        let account = tx.account(actor.account).await?.ok_or(Refusal::NotFound)?;
        Ok(Profile {
            name: account.name,
            email: account.email,
            user_name: account.user_name,
            language: account.language,
        })
    }

    /// Changes the actor's own profile; the email address has a protocol of its own.
    pub async fn change_profile(&self, actor: &Actor, request: ChangeProfile) -> Result<Profile> {
        let mut problems = Vec::new();
        let mut keep = |field: &str, problem| {
            problems.push(FieldProblem { field: field.into(), problem });
        };
        let name = Name::parse(&request.name).map_err(|problem| keep("name", problem)).ok();
        let user_name = if request.user_name.trim().is_empty() {
            None
        } else {
            UserName::parse(&request.user_name).map_err(|problem| keep("user_name", problem)).ok()
        };
        let language = Language::from_tag(&request.language);
        if language.is_none() {
            keep("language", Problem::NotAChoice);
        }
        let (Some(name), Some(language), true) = (name, language, problems.is_empty()) else {
            return Err(Refusal::Fields(problems).into());
        };
        let now = self.now();
        let mut tx = self.db().write().await?;
        let account = tx.lock_account(actor.account).await?.ok_or(Refusal::NotFound)?;
        if let Some(wanted) = &user_name
            && let Some(other) = tx.account_named(account.site_id, wanted.as_str()).await?
            && other.id != account.id
        {
            return Err(Error::field("user_name", Problem::UserNameTaken));
        }
        match tx.set_profile(account.id, &name, user_name.as_ref(), language, now).await {
            // Two people wanted the same name at the same moment.
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                return Err(Error::field("user_name", Problem::UserNameTaken));
            }
            other => other?,
        }
        tx.record(self, actor.event(AuditKind::ProfileChanged)).await?;
        tx.commit().await?;
        Ok(Profile { name, email: account.email, user_name, language })
    }

    /// What the security page shows of the actor's password.
    pub async fn password_view(&self, actor: &Actor) -> Result<PasswordView> {
        let mut tx = self.db().read().await?;
        let account = tx.account(actor.account).await?.ok_or(Refusal::NotFound)?;
        let policy = tx.policy(account.organization_id).await?;
        let factors = tx.factors_at(account.id, &actor.visit.here).await?;
        Ok(PasswordView {
            sign_in_name: account.email,
            changed_at: account.password_changed_at,
            rules: password::rules(&policy, factors.any),
            factors,
        })
    }

    /// Changes the actor's own password, which they prove to know. All other sessions and devices
    /// end; this session goes on under a new token.
    pub async fn change_password(
        &self,
        actor: &Actor,
        request: ChangePassword,
    ) -> Result<SignedIn> {
        let account = self
            .prove_password(actor, "current", &request.current, AuditKind::PasswordChanged)
            .await?;
        let refused = actor.event(AuditKind::FactorRefused);
        let checked =
            self.check_code_if_any(&actor.visit, &account, &request.code, refused).await?;
        let Judged { hash, leans } =
            self.judge_password(&account, &request.new, &request.retype).await?;
        self.check_rules_in_step(&account, &request.new).await?;

        let now = self.now();
        let mut tx = self.db().write().await?;
        let held = tx.lock_account(actor.account).await?.ok_or(Refusal::NotFound)?;
        // Somebody else's change may have come in between: the password is another one, or will
        // be as soon as that change is finished, and has ended this session.
        let kept = tx.open_session_is_kept(actor.session).await?;
        let Some(kept) = kept.filter(|_| held.password_hash == account.password_hash) else {
            return Err(Error::field("current", Problem::CurrentPasswordWrong));
        };
        self.use_code_if_any(&mut tx, &actor.visit, &held, checked.as_ref()).await?;
        let circumstances = Circumstances {
            keep: Some(actor.session),
            leans,
            ..Circumstances::of(
                &actor.visit,
                (held.actor_kind(), Some(held.id)),
                ChangedHow::SignedIn,
            )
        };
        let services = self.services_in_step(&mut tx, &held).await?;
        let new = NewOne { hash, password: request.new, services };
        let lease = self
            .decide_now(&mut tx, &held, (Delivery::OwnChange, None), new, &circumstances)
            .await?;
        let (token, token_hash) = new_token(self.random());
        tx.rotate_session(actor.session, &token_hash, now).await?;
        let event = actor.event(AuditKind::RecoveryCodeUsed);
        self.note_code(&mut tx, &actor.visit, &held, checked.as_ref(), event).await?;
        tx.commit().await?;
        self.finish_decided(lease).await;
        let device = self.know_again(actor).await;
        Ok(SignedIn {
            token,
            max_age: kept.then_some(KEPT_SESSION_LIFE),
            device: Some(device),
            device_max_age: KNOWN_DEVICE_LIFE,
            kind: actor.kind,
            reached: Reached::Everything,
        })
    }

    /// The devices that were known are not any more; the actor's is the first that is again. When
    /// that cannot be stored, it stays unknown: the change itself is done.
    pub(crate) async fn know_again(&self, actor: &Actor) -> Secret {
        let now = self.now();
        let (token, hash) = new_token(self.random());
        let row = DeviceRow::new(DeviceId(self.random().id(now)), actor.account);
        let user_agent = device::shortened(&actor.visit.user_agent);
        let stored: Result<()> = async {
            let mut tx = self.db().write().await?;
            tx.add_device(&row, &hash, user_agent, now, now.plus(KNOWN_DEVICE_LIFE)).await?;
            Ok(tx.commit().await?)
        }
        .await;
        if let Err(error) = stored {
            tracing::warn!(error = format!("{error:#}"), "a device stays unknown");
        }
        token
    }
}
