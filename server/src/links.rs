//! The landing of mailed links: the token travels in the path once, becomes a short cookie of its
//! own, and the address bar is clean from then on. Nothing else changes by opening a link.

use std::sync::Arc;

use app::request::RequestFacts;
use axum::{
    Router,
    extract::{Extension, Request},
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use model::id::LinkId;

use crate::Server;

/// How long the cookie of a link lives at most, in seconds.
const COOKIE_LIFE: u32 = 30 * 60;
/// The longest token that is taken for one.
const LONGEST_TOKEN: usize = 128;

/// Pages that a mailed link leads to.
const PAGES: [&str; 6] =
    ["/reset", "/invitation", "/confirm", "/keep", "/keep-address", "/new-address"];

/// `/reset/{link}/{token}` and the others, also below `/s/{slug}`.
pub fn router() -> Router<Arc<Server>> {
    PAGES.into_iter().fold(Router::new(), |router, page| {
        let land = get(async move |facts, request: Request| land(facts, &request));
        router
            .route(&format!("{page}/{{link}}/{{token}}"), land.clone())
            .route(&format!("/s/{{slug}}{page}/{{link}}/{{token}}"), land)
    })
}

/// Goes on to the page without the token. What is no link goes there too: the page says that it
/// cannot be used.
fn land(Extension(facts): Extension<RequestFacts>, request: &Request) -> Response {
    // As they stand: neither an id nor a token needs escapes.
    let (before, token) = request.uri().path().rsplit_once('/').unwrap_or_default();
    let (before, link) = before.rsplit_once('/').unwrap_or_default();
    let link = link.parse::<LinkId>().ok();
    // A well-formed id that no link has, for what is not even an id. At the same door: where there
    // is none, the page says so.
    let shown = link.unwrap_or(LinkId(uuid::Uuid::nil()));
    let to = format!("{before}/{shown}");
    let mut response = StatusCode::SEE_OTHER.into_response();
    let Ok(to) = HeaderValue::try_from(to) else { return response };
    response.headers_mut().insert(header::LOCATION, to);
    let is_token = (16..=LONGEST_TOKEN).contains(&token.len())
        && token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    // HEAD comes from scanners and previews.
    if let Some(link) = link.filter(|_| is_token && request.method() == Method::GET) {
        let name = facts.link_cookie(link);
        let secure = if facts.https { "; Secure" } else { "" };
        let cookie = format!(
            "{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={COOKIE_LIFE}{secure}"
        );
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
    }
    response
}
