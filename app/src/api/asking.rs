//! What server functions have in common on the server: who asks, cookies, and where to go next.

use std::time::Duration;

use http::{
    HeaderValue, StatusCode,
    header::{LOCATION, SET_COOKIE},
};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use portal::{Actor, Portal, SignedIn, Visit, secrets::Secret};

use super::ApiError;
use crate::request::RequestFacts;

/// The façade, the request and the visit that a server function works with.
pub fn asked() -> Result<(Portal, RequestFacts, Visit), ApiError> {
    let (Some(portal), Some(facts)) = (use_context::<Portal>(), use_context::<RequestFacts>())
    else {
        return Err(ApiError::broken("the server gave no portal or no facts of the request"));
    };
    let visit = visit(&facts);
    Ok((portal, facts, visit))
}

/// A request, as far as use cases care.
pub fn visit(facts: &RequestFacts) -> Visit {
    Visit {
        site: facts.site.id,
        address: facts.address,
        user_agent: facts.user_agent.clone(),
        request_id: facts.request_id.clone(),
        origin: facts.origin.clone(),
        language: facts.language,
        device: facts.cookies.get(&facts.device_cookie()).cloned().map(Secret::new),
    }
}

/// Who is signed in, if anybody is.
pub async fn actor() -> Result<(Portal, RequestFacts, Actor), ApiError> {
    let (portal, facts, visit) = asked()?;
    let Some(token) = facts.cookies.get(&facts.session_cookie()).cloned().map(Secret::new) else {
        return Err(ApiError::SignedOut.told());
    };
    match portal.actor(&visit, &token).await? {
        Some(actor) => Ok((portal, facts, actor)),
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
    set_cookie(facts, &facts.device_cookie(), signed_in.device.reveal(), known);
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

/// A path of this very site, or nothing: `//evil.example`, `/\evil.example` and full addresses
/// lead elsewhere.
pub fn local_path(path: &str) -> Option<&str> {
    let local = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= 2_000
        && path.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    local.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn only_local_paths_are_followed() {
        for path in ["/", "/account", "/account/security?done=password#x", "/s/contoso/login"] {
            assert_eq!(local_path(path), Some(path));
        }
        for path in [
            "",
            "account",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a b",
            "/\t/evil.example",
            "/a\r\nSet-Cookie: b=c",
            "javascript:alert(1)",
            "/ä",
        ] {
            assert_eq!(local_path(path), None, "{path:?}");
        }
    }
}
