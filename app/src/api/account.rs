//! One's own account.

use leptos::prelude::*;
use model::{
    account::{PasswordView, Profile, SessionView},
    audit::ActivityPage,
    call::Caller,
    consent::ConsentView,
    id::{AuditId, SessionId},
};

use super::{ApiError, Hidden};
#[cfg(feature = "ssr")]
use model::Refusal;
#[cfg(feature = "ssr")]
use portal::Error;

#[cfg(feature = "ssr")]
use super::{actor, remember, see_other_if_plain, signed_in, stepped_up};

/// One's profile.
#[server(prefix = "/api", endpoint = "account/profile")]
pub async fn my_profile() -> Result<Profile, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.profile(&actor).await?)
}

/// Changes one's profile, but for the email address.
#[server(prefix = "/api", endpoint = "account/change-profile")]
pub async fn change_profile(
    /// What one is called.
    name: String,
    /// A second name to sign in with; empty for none.
    user_name: String,
    /// The language's tag.
    language: String,
) -> Result<Profile, ApiError> {
    let (portal, facts, actor) = actor().await?;
    let request = portal::ChangeProfile { name, user_name, language };
    let profile = portal.change_profile(&actor, request).await?;
    remember(&facts, crate::request::LANGUAGE_COOKIE, profile.language.tag());
    see_other_if_plain("/account?done=profile");
    Ok(profile)
}

/// What the security page shows of one's password.
#[server(prefix = "/api", endpoint = "account/password")]
pub async fn my_password() -> Result<PasswordView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.password_view(&actor).await?)
}

/// Changes one's password; ends every other session.
#[server(prefix = "/api", endpoint = "account/change-password")]
pub async fn change_password(
    /// The password in use.
    current: Hidden,
    /// The new one.
    new: Hidden,
    /// The new one again.
    retype: Hidden,
    /// A code of one's second factor, if one has any.
    #[server(default)]
    code: Hidden,
) -> Result<(), ApiError> {
    let (portal, facts, actor) = actor().await?;
    let request = portal::ChangePassword {
        current: current.into(),
        new: new.into(),
        retype: retype.into(),
        code: code.into(),
    };
    signed_in(&facts, &portal.change_password(&actor, request).await?);
    see_other_if_plain("/account/security?done=password");
    Ok(())
}

/// The browsers one is signed in with.
#[server(prefix = "/api", endpoint = "account/sessions")]
pub async fn my_sessions() -> Result<Vec<SessionView>, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.sessions(&actor).await?)
}

/// Ends one of one's sessions.
#[server(prefix = "/api", endpoint = "account/end-session")]
pub async fn end_session(
    /// The session.
    session: SessionId,
) -> Result<(), ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.end_session(&actor, session).await?;
    see_other_if_plain("/account/security?done=session");
    Ok(())
}

/// Ends all of one's sessions but this one.
#[server(prefix = "/api", endpoint = "account/end-other-sessions")]
pub async fn end_other_sessions() -> Result<(), ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.end_other_sessions(&actor).await?;
    see_other_if_plain("/account/security?done=sessions");
    Ok(())
}

/// What happened to one's account, a page of it.
#[server(prefix = "/api", endpoint = "account/activity")]
pub async fn my_activity(
    /// Only what is older than this entry.
    #[server(default)]
    before: Option<AuditId>,
) -> Result<ActivityPage, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.activity(&actor, before).await?)
}

/// Who says to be on the phone with the reader.
#[server(prefix = "/api", endpoint = "account/calls")]
pub async fn my_calls() -> Result<Vec<Caller>, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.calls(&actor).await?)
}

/// What one allows those who look after one's account.
#[server(prefix = "/api", endpoint = "account/consent")]
pub async fn my_consent() -> Result<ConsentView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.consent(&actor).await?)
}

/// Changes what one allows those who look after one's account.
#[server(prefix = "/api", endpoint = "account/set-consent")]
pub async fn set_consent(
    /// `no`, `once`, `until` or `always`.
    #[server(default)]
    choice: String,
    /// For `until`: the last day, as `2026-12-31`.
    #[server(default)]
    until: String,
    /// Only mailed links, whatever the permission says.
    #[server(default)]
    links_only: bool,
    /// Whether the form asks for a proof, which it takes to allow more than before.
    #[server(default)]
    proves: bool,
    /// One's own password.
    #[server(default)]
    password: Hidden,
    /// A code of one's second factor, if one has any.
    #[server(default)]
    code: Hidden,
) -> Result<(), ApiError> {
    let (portal, facts, actor) = actor().await?;
    let request = portal::SetConsent { choice, until, links_only };
    // What else is wrong is said first: with the proof the session goes on under a new token, and a
    // page that is made again for the old one would show nobody.
    match portal.set_consent(&actor, request.clone()).await {
        Err(Error::Refused(Refusal::StepUp)) if proves => {
            let done = portal.step_up(&actor, &password.into(), &code.into()).await?;
            stepped_up(&facts, &done);
            portal.set_consent(&actor, request).await?;
        }
        other => other?,
    }
    see_other_if_plain("/account/consent?done=consent");
    Ok(())
}
