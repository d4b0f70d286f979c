//! What server functions have in common on the server: who asks, cookies, and where to go next.

use std::time::Duration;

use http::{
    HeaderValue, StatusCode,
    header::{LOCATION, SET_COOKIE},
};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use model::id::LinkId;
use portal::{Actor, Halfway, Newcomer, Portal, SignedIn, SteppedUp, Visit, secrets::Secret};

use super::ApiError;
use crate::request::RequestFacts;
pub use model::path::local_path;

/// The façade, the request and the visit that a server function works with.
pub fn asked() -> Result<(Portal, RequestFacts, Visit), ApiError> {
    let (Some(portal), Some(facts)) = (use_context::<Portal>(), use_context::<RequestFacts>())
    else {
        return Err(ApiError::broken("the server gave no portal or no facts of the request"));
    };
    let visit = visit(&facts);
    Ok((portal, facts, visit))
}

/// A request, as far as the portal cares.
fn visit(facts: &RequestFacts) -> Visit {
    Visit {
        site: facts.site.id,
        address: facts.address,
        user_agent: facts.user_agent.clone(),
        request_id: facts.request_id.clone(),
        origin: facts.origin.clone(),
        here: facts.here.clone(),
        language: facts.language,
        device: facts.cookies.get(&facts.device_cookie()).cloned().map(Secret::new),
    }
}

/// Who is signed in, for answers that are no page.
pub async fn actor_of(portal: &Portal, facts: &RequestFacts) -> portal::Result<Option<Actor>> {
    let token = facts.cookies.get(&facts.session_cookie()).cloned().map(Secret::new);
    match token {
        Some(token) => portal.actor(&visit(facts), &token).await,
        None => Ok(None),
    }
}

/// Who is signed in, if anybody is.
pub async fn actor() -> Result<(Portal, RequestFacts, Actor), ApiError> {
    signed_in_as(false).await
}

/// Who sets up a second factor of their own: somebody who is signed in, or who can do nothing else
/// before.
pub async fn owner() -> Result<(Portal, RequestFacts, Actor), ApiError> {
    signed_in_as(true).await
}

/// Asks for the context once, and before anything is waited for: it may not be there after that.
async fn signed_in_as(sets_up_factor: bool) -> Result<(Portal, RequestFacts, Actor), ApiError> {
    let (portal, facts, visit) = asked()?;
    let Some(token) = facts.cookies.get(&facts.session_cookie()).cloned().map(Secret::new) else {
        return Err(ApiError::SignedOut.told());
    };
    if let Some(actor) = portal.actor(&visit, &token).await? {
        return Ok((portal, facts, actor));
    }
    let error = if let Some(actor) = portal.actor_without_factor(&visit, &token).await? {
        if sets_up_factor {
            return Ok((portal, facts, actor));
        }
        ApiError::MustSetUpFactor
    } else if portal.newcomer(&visit, &token).await?.is_some() {
        ApiError::MustChange
    } else if portal.halfway(&visit, &token).await?.is_some() {
        ApiError::MustProve
    } else {
        ApiError::SignedOut
    };
    Err(error.told())
}

/// Who gave the right password and owes the second factor, if somebody does. That nobody does is no
/// answer by itself.
pub async fn halfway_if_any() -> Result<Option<(Portal, RequestFacts, Halfway)>, ApiError> {
    let (portal, facts, visit) = asked()?;
    let Some(token) = facts.cookies.get(&facts.session_cookie()).cloned().map(Secret::new) else {
        return Ok(None);
    };
    let found = portal.halfway(&visit, &token).await?;
    Ok(found.map(|halfway| (portal, facts, halfway)))
}

/// The same, where nobody else has anything to look for.
pub async fn halfway() -> Result<(Portal, RequestFacts, Halfway), ApiError> {
    halfway_if_any().await?.ok_or_else(|| ApiError::SignedOut.told())
}

/// Who signed in with a temporary password, if somebody did.
pub async fn newcomer() -> Result<(Portal, RequestFacts, Newcomer), ApiError> {
    let (portal, facts, visit) = asked()?;
    let token = facts.cookies.get(&facts.session_cookie()).cloned().map(Secret::new);
    let found = match token {
        Some(token) => portal.newcomer(&visit, &token).await?,
        None => None,
    };
    match found {
        Some(newcomer) => Ok((portal, facts, newcomer)),
        None => Err(ApiError::SignedOut.told()),
    }
}

/// How long a browser keeps a cookie.
#[derive(Clone, Copy)]
pub enum Lifetime {
    /// Until the browser is closed.
    Session,
    /// As long as this.
    Span(Duration),
}

/// Sets a cookie for the whole host that scripts cannot read. Values are ours: tokens and words.
pub fn set_cookie(facts: &RequestFacts, name: &str, value: &str, lifetime: Lifetime) {
    let max_age = match lifetime {
        Lifetime::Session => String::new(),
        Lifetime::Span(span) => format!("; Max-Age={}", span.as_secs()),
    };
    let secure = if facts.https { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{max_age}{secure}");
    if let (Some(response), Ok(cookie)) =
        (use_context::<ResponseOptions>(), HeaderValue::from_str(&cookie))
    {
        response.append_header(SET_COOKIE, cookie);
    }
}

/// Takes a cookie back.
pub fn forget_cookie(facts: &RequestFacts, name: &str) {
    set_cookie(facts, name, "", Lifetime::Span(Duration::ZERO));
}

/// Keeps a choice for a year.
pub fn remember(facts: &RequestFacts, name: &str, value: &str) {
    set_cookie(facts, name, value, Lifetime::Span(Duration::from_hours(24 * 365)));
}

/// Gives the browser its session, and the token by which it is known from now on.
pub fn signed_in(facts: &RequestFacts, signed_in: &SignedIn) {
    let lifetime = signed_in.max_age.map_or(Lifetime::Session, Lifetime::Span);
    set_cookie(facts, &facts.session_cookie(), signed_in.token.reveal(), lifetime);
    let known = Lifetime::Span(signed_in.device_max_age);
    if let Some(device) = &signed_in.device {
        set_cookie(facts, &facts.device_cookie(), device.reveal(), known);
    }
}

/// Gives the browser the token under which a session goes on after a fresh proof.
pub fn stepped_up(facts: &RequestFacts, done: &SteppedUp) {
    let lifetime = done.max_age.map_or(Lifetime::Session, Lifetime::Span);
    set_cookie(facts, &facts.session_cookie(), done.token.reveal(), lifetime);
}

/// The token that came with a mailed link. Without it, the link is as good as none.
pub fn link_token(facts: &RequestFacts, link: LinkId) -> Result<Secret, ApiError> {
    let token = facts.cookies.get(&facts.link_cookie(link)).cloned().map(Secret::new);
    token.ok_or_else(|| ApiError::Refused(model::Refusal::LinkUnusable).told())
}

/// Keeps the token of a link that was used: without scripts, a form that was sent twice needs it once
/// more.
pub fn keep_for_a_second_press(facts: &RequestFacts, link: LinkId, token: &Secret) {
    let lifetime = Lifetime::Span(model::policy::SENT_AGAIN_WITHIN);
    set_cookie(facts, &facts.link_cookie(link), token.reveal(), lifetime);
}

/// Sends the reader to another page, however the form was sent.
pub fn see_other(path: &str) {
    leptos_axum::redirect(path);
}

/// Sends the reader to another page if the form was sent without JavaScript; with it the page
/// that is open shows what happened.
pub fn see_other_if_plain(path: &str) {
    if let (Some(response), Ok(path)) =
        (use_context::<ResponseOptions>(), HeaderValue::from_str(path))
    {
        response.insert_header(LOCATION, path);
    }
}

/// Answers a page's own request with the way to another page.
pub fn redirect_page(path: &str) {
    see_other_if_plain(path);
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(StatusCode::SEE_OTHER);
    }
}

/// Sets the status of the page that is being answered.
pub fn page_status(code: u16) {
    if let (Some(response), Ok(code)) =
        (use_context::<ResponseOptions>(), StatusCode::from_u16(code))
    {
        response.set_status(code);
    }
}
