//! Signing in and out.

use leptos::prelude::*;
use model::{
    account::{AccountKind, ForcedChange, Language, Me},
    factor::{FactorChoice, PasskeyQuestion},
    organization::SiteView,
};
use serde::{Deserialize, Serialize};

use super::{ApiError, Hidden};
#[cfg(feature = "ssr")]
use super::{
    actor, asked, forget_cookie, halfway, local_path, newcomer, owner, remember, see_other,
    set_cookie, signed_in, stepped_up,
};
#[cfg(feature = "ssr")]
use crate::request::{DOOR_COOKIE, LANGUAGE_COOKIE};

/// Who is signed in, and at which site: what every signed-in page needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignedInView {
    /// The reader.
    pub me: Me,
    /// The site of the reader's organization, whichever host or path was asked for.
    pub site: SiteView,
    /// The language that this browser has chosen, or the reader's own.
    pub language: Language,
}

/// Where one starts: customers at their account, staff at home.
pub fn home(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Customer => "/account",
        AccountKind::Staff => "/",
    }
}

/// Signs in and leads to where one wanted to go. There is one refusal, whatever is wrong.
#[server(prefix = "/api", endpoint = "session/sign-in")]
pub async fn sign_in(
    /// Email address or user name.
    #[server(default)]
    name: String,
    /// The password.
    #[server(default)]
    password: Hidden,
    /// What the browser answered with a passkey: then it needs neither name nor password.
    #[server(default)]
    answer: Hidden,
    /// Whether the browser stays signed in after it is closed.
    #[server(default)]
    keep: bool,
    /// The local path to go to, empty for where one starts.
    #[server(default)]
    next: String,
) -> Result<(), ApiError> {
    let (portal, facts, visit) = asked()?;
    let done = if answer.is_empty() {
        let request = portal::SignIn { name, password: password.into(), keep };
        portal.sign_in(&visit, request).await?
    } else {
        let request = portal::PasskeySignIn { answer: answer.into(), keep };
        portal.sign_in_with_passkey(&visit, request).await?
    };
    signed_in(&facts, &done);
    set_cookie(&facts, DOOR_COOKIE, &facts.site.prefix, super::Lifetime::Session);
    lead_on(&portal, &facts, &visit, (&done, &next)).await
}

/// Asks the browser for a passkey, to sign in with.
#[server(prefix = "/api", endpoint = "session/ask-passkey")]
pub async fn ask_passkey() -> Result<PasskeyQuestion, ApiError> {
    let (portal, _, visit) = asked()?;
    Ok(portal.ask_anybody(&visit).await?)
}

/// Leads to what is still missing, or to where one wanted to go, in one's own language.
#[cfg(feature = "ssr")]
async fn lead_on(
    portal: &portal::Portal,
    facts: &crate::request::RequestFacts,
    visit: &portal::Visit,
    (done, next): (&portal::SignedIn, &str),
) -> Result<(), ApiError> {
    use portal::Reached;

    if !facts.cookies.contains_key(LANGUAGE_COOKIE)
        && let Some(actor) = portal.actor(visit, &done.token).await?
    {
        remember(facts, LANGUAGE_COOKIE, actor.language.tag());
    }
    let next = local_path(next).unwrap_or(home(done.kind));
    let prefix = &facts.site.prefix;
    see_other(&match done.reached {
        Reached::Everything => next.to_owned(),
        Reached::Factor => crate::ui::go::factor_path(prefix, next),
        Reached::Change => crate::ui::go::change_path(prefix, next),
    });
    Ok(())
}

/// What the second step of signing in shows.
#[server(prefix = "/api", endpoint = "session/factor")]
pub async fn view_factor() -> Result<FactorChoice, ApiError> {
    let (portal, _, halfway) = halfway().await?;
    Ok(portal.factor_choice(&halfway).await?)
}

/// Gives the second factor, and leads to where one wanted to go.
#[server(prefix = "/api", endpoint = "session/prove-factor")]
pub async fn prove_factor(
    /// A code of the authenticator app, or a recovery code.
    code: Hidden,
    /// Whether this device is spared the second factor for a while.
    #[server(default)]
    remember: bool,
    /// The local path to go to, empty for where one starts.
    #[server(default)]
    next: String,
) -> Result<(), ApiError> {
    let (portal, facts, halfway) = halfway().await?;
    let request = portal::ProveFactor { code: code.into(), remember };
    let done = portal.prove_factor(&halfway, request).await?;
    signed_in(&facts, &done);
    let (_, _, visit) = asked()?;
    lead_on(&portal, &facts, &visit, (&done, &next)).await
}

/// What the page of the forced change shows.
#[server(prefix = "/api", endpoint = "session/forced-change")]
pub async fn view_forced_change() -> Result<ForcedChange, ApiError> {
    let (portal, _, newcomer) = newcomer().await?;
    Ok(portal.forced_change(&newcomer).await?)
}

/// Chooses another password in place of a temporary one, and leads to where one wanted to go.
#[server(prefix = "/api", endpoint = "session/choose-password")]
pub async fn choose_password(
    /// The new password.
    new: Hidden,
    /// The new password again.
    retype: Hidden,
    /// The local path to go to, empty for where one starts.
    #[server(default)]
    next: String,
) -> Result<(), ApiError> {
    let (portal, facts, newcomer) = newcomer().await?;
    let request =
        portal::NewPassword { new: new.into(), retype: retype.into(), ..Default::default() };
    let done = portal.choose_password(&newcomer, request).await?;
    signed_in(&facts, &done);
    see_other(local_path(&next).unwrap_or(home(done.kind)));
    Ok(())
}

/// Signs out and leads to the front door. Works as well for a session that has ended already.
#[server(prefix = "/api", endpoint = "session/sign-out")]
pub async fn sign_out() -> Result<(), ApiError> {
    let (_, facts, _) = asked()?;
    let door = match owner().await {
        Ok((portal, _, actor)) => {
            portal.sign_out(&actor).await?;
            Some(portal.own_site(&actor).await?.path("/login"))
        }
        Err(ApiError::MustChange) => {
            let (portal, _, newcomer) = newcomer().await?;
            portal.leave(&newcomer).await?;
            None
        }
        Err(ApiError::MustProve) => {
            let (portal, _, halfway) = halfway().await?;
            portal.leave_halfway(&halfway).await?;
            None
        }
        Err(ApiError::SignedOut) => None,
        Err(error) => return Err(error),
    };
    forget_cookie(&facts, &facts.session_cookie());
    see_other(&door.unwrap_or_else(|| facts.site.path("/login")));
    Ok(())
}

/// Proves one's own password, for what needs a fresh proof.
#[server(prefix = "/api", endpoint = "session/step-up")]
pub async fn step_up(
    /// One's own password.
    password: Hidden,
    /// A code of one's second factor, if one has any.
    #[server(default)]
    code: Hidden,
    /// The local path to go on to.
    #[server(default)]
    next: String,
) -> Result<(), ApiError> {
    let (portal, facts, actor) = owner().await?;
    let done = portal.step_up(&actor, &password.into(), &code.into()).await?;
    stepped_up(&facts, &done);
    super::see_other_if_plain(local_path(&next).unwrap_or(home(actor.kind)));
    Ok(())
}

/// How the page looks that is asked for: as the front door that it is at; elsewhere than there, as that
/// of whoever is signed in.
#[cfg(feature = "ssr")]
pub(crate) fn look() -> impl Future<Output = Option<model::brand::Brand>> {
    // The context may not be there after the first wait.
    let asked = asked().ok();
    let at_door = use_context::<http::request::Parts>()
        .is_none_or(|parts| crate::routes::is_at_door(parts.uri.path()));
    async move {
        let (portal, facts, visit) = asked?;
        if !at_door
            && let Some(token) = facts.cookies.get(&facts.session_cookie()).cloned()
            && let Ok(Some(actor)) =
                portal.actor(&visit, &portal::secrets::Secret::new(token)).await
            && let Ok(site) = portal.own_site(&actor).await
        {
            return Some(site.brand);
        }
        Some(facts.site.brand)
    }
}

/// Who is signed in.
#[server(prefix = "/api", endpoint = "session/me")]
pub async fn who_is_signed_in() -> Result<SignedInView, ApiError> {
    let (portal, facts, actor) = actor().await?;
    let me = portal.me(&actor).await?;
    let site = portal.own_site(&actor).await?;
    Ok(SignedInView { me, site, language: facts.language })
}
