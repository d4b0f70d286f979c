//! What stands before every page, form and file.

pub mod address;
pub mod headers;
pub mod origin;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::Arc,
};

use app::request::{DOOR_COOKIE, LANGUAGE_COOKIE, RequestFacts, THEME_COOKIE, Theme};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use futures_util::FutureExt;
use model::{account::Language, organization::SiteView};
use tokio::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

use crate::{Server, plain::Plain, rest};

/// The other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Who is asking, and what the request is called in answers and logs.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The client's address.
    pub address: IpAddr,
    /// The request's name.
    pub request_id: String,
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Around everything: names the request, finds the client's address, catches panics, adds the
/// security headers and writes one line to the log. The line holds the route's template and never
/// the path, which may hold a token.
pub async fn outer(
    State(server): State<Arc<Server>>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let peer = request.extensions().get::<Peer>().map_or(Ipv4Addr::LOCALHOST.into(), |p| p.0.ip());
    let caller = Caller {
        address: address::client(peer, request.headers(), &server.trusted_proxies),
        request_id: request_id(peer, &request, &server),
    };
    let method = request.method().clone();
    let is_api = is_api(request.uri());
    let is_program = rest::is_ours(request.uri());
    let language = language(request.headers(), Language::default());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("(none)", MatchedPath::as_str).to_owned();
    request.extensions_mut().insert(caller.clone());

    let span = tracing::info_span!("request", id = caller.request_id);
    let answer = next.run(request).instrument(span.clone());
    let answer = if matches!(method, Method::GET | Method::HEAD) {
        AssertUnwindSafe(answer).catch_unwind().await.ok()
    } else {
        // In a task of its own: a change that has begun ends, whether its client waits or not.
        server.changes.spawn(answer).await.ok()
    };
    let mut answer = answer.unwrap_or_else(|| {
        // The panic itself is in the log, written where it happened.
        tracing::error!(request_id = caller.request_id, route, "a request ended in a panic");
        let broken = Plain::Broken { reference: caller.request_id.clone() };
        match (is_program, is_api) {
            (true, _) => rest::broken(&caller.request_id),
            (false, true) => broken.for_script(),
            (false, false) => broken.page(language),
        }
    });
    headers::complete(&mut answer, server.is_https());
    if let Ok(id) = HeaderValue::from_str(&caller.request_id) {
        answer.headers_mut().insert(REQUEST_ID, id);
    }

    let took = started.elapsed();
    if let Some(requests) = &server.requests {
        requests.count(&route, answer.status(), took);
    }
    let _inside = span.enter();
    let status = answer.status().as_u16();
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let address = caller.address;
    if answer.status().is_server_error() {
        tracing::warn!(%method, route, status, milliseconds, %address, "answered");
    } else {
        tracing::info!(%method, route, status, milliseconds, %address, "answered");
    }
    answer
}

/// A trusted proxy may name the request; otherwise it gets a new name.
#[expect(clippy::disallowed_methods, reason = "a request's name decides nothing")]
fn request_id(peer: IpAddr, request: &Request, server: &Server) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let given = given.filter(|id| {
        address::is_trusted(peer, &server.trusted_proxies)
            && (1..=64).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    });
    given.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// Before pages, forms and links: checks `Host` and where the request was made, finds the site,
/// and leaves [`RequestFacts`] for what follows; or leads to where the site is.
pub async fn facts(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match read_facts(&server, &parts).await {
        Ok(Arrival::Here(facts)) => {
            parts.extensions.insert(*facts);
            next.run(Request::from_parts(parts, body)).await
        }
        Ok(Arrival::Elsewhere(to)) => Redirect::temporary(&to).into_response(),
        Err(plain) if is_api(&parts.uri) => plain.for_script(),
        Err(plain) => plain.page(language(&parts.headers, Language::default())),
    }
}

/// Where a request came in.
enum Arrival {
    /// Where it is answered.
    Here(Box<RequestFacts>),
    /// Elsewhere than its site is, which is at this address.
    Elsewhere(String),
}

async fn read_facts(server: &Server, request: &Parts) -> Result<Arrival, Plain> {
    let host = host_of(&request.headers, &request.uri).ok_or(Plain::Malformed)?;
    // With the dot at its end a name is the same one (RFC 1034, 3.1).
    let name = split_port(host).0.trim_end_matches('.').to_ascii_lowercase();
    // The server's own name is nobody else's, whatever was given before it had it.
    let is_servers = server.origins.iter().any(|origin| origin.host() == name);
    let own = if is_servers { None } else { found(server.portal.site_at_host(&name).await)? };
    let usual = server.origin(host);
    let here = if own.is_some() { usual.at(&name) } else { usual.clone() };
    // Over plain http a foreign name that was made to point here (DNS rebinding) would make a
    // foreign page one of ours; over https no such name has our certificate.
    if !here.is_https() && !here.authority().eq_ignore_ascii_case(host) {
        return Err(Plain::WrongHost { origin: here.to_string() });
    }
    if !origin::may_pass(&request.method, &request.headers, &here) {
        return Err(Plain::NotFromHere);
    }
    let cookies = cookies(&request.headers);
    let is_own = own.is_some();
    let site = match own {
        Some(site) => site,
        None => site(server, request, here.as_str(), &cookies).await?,
    };
    if let Some(to) = elsewhere(server, request, &site, is_own.then_some(&*name)).await? {
        return Ok(Arrival::Elsewhere(to));
    }
    let caller = request.extensions.get::<Caller>().cloned().ok_or(Plain::Malformed)?;
    let user_agent = request.headers.get(header::USER_AGENT);
    Ok(Arrival::Here(Box::new(RequestFacts {
        language: spoken_language(&cookies, &request.headers, &site),
        theme: theme(&cookies),
        site,
        origin: usual.to_string(),
        https: here.is_https(),
        here: here.to_string(),
        address: caller.address,
        user_agent: user_agent.and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned(),
        request_id: caller.request_id,
        cookies,
        demo: server.demo,
    })))
}

/// The site by the slug in the path. Server functions have one path for all sites: theirs is the site
/// of the page that calls, or of the door one came in by.
async fn site(
    server: &Server,
    request: &Parts,
    origin: &str,
    cookies: &BTreeMap<String, String>,
) -> Result<SiteView, Plain> {
    let calling = request.headers.get(header::REFERER).and_then(|v| v.to_str().ok());
    let calling = calling.and_then(|url| url.strip_prefix(origin));
    let door = cookies.get(DOOR_COOKIE).map(String::as_str);
    let own_path = !is_api(&request.uri);
    let path = if own_path { request.uri.path() } else { calling.or(door).unwrap_or_default() };
    if let Some(slug) = slug(path) {
        if let Some(site) = found(server.portal.site(Some(slug)).await)? {
            return Ok(site);
        }
        // A page draws itself as not found; nothing may be sent to a site that is not there.
        if own_path && !only_reads(request) {
            return Err(Plain::NotFound);
        }
    }
    found(server.portal.site(None).await)?.ok_or(Plain::NotSetUp)
}

/// Where a page of a site is that has a host of its own, unless it is asked for there. `host` is the
/// one at which it is asked for, where it is one of the site's.
async fn elsewhere(
    server: &Server,
    request: &Parts,
    site: &SiteView,
    host: Option<&str>,
) -> Result<Option<String>, Plain> {
    let Some(home) = site.host.as_deref() else { return Ok(None) };
    let path = request.uri.path();
    if is_api(&request.uri) {
        return Ok(None);
    }
    let slug = slug(path);
    // Somebody else's slug is no page here, and nothing may be sent to it.
    let is_ours = match (slug, host) {
        (Some(slug), Some(_)) => {
            let named = found(server.portal.site(Some(slug)).await)?;
            named.is_some_and(|named| named.id == site.id)
        }
        (Some(slug), None) => site.prefix == format!("/s/{slug}"),
        (None, _) => true,
    };
    if !only_reads(request) {
        return if is_ours { Ok(None) } else { Err(Plain::NotFound) };
    }
    let path = match slug {
        Some(slug) if is_ours => {
            path.strip_prefix("/s/").and_then(|rest| rest.strip_prefix(slug)).unwrap_or_default()
        }
        _ => path,
    };
    let is_there = match host {
        Some(host) => host == home && (slug.is_none() || !is_ours),
        // Whoever is signed in where they came in before stays there until they sign out.
        None => {
            if slug.is_some() {
                !is_ours
            } else {
                !app::routes::is_at_door(path)
            }
        }
    };
    if is_there {
        return Ok(None);
    }
    let path = if path.is_empty() { "/" } else { path };
    let query = request.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let origin = server.origins.first().map(|origin| origin.at(home));
    Ok(origin.map(|origin| format!("{origin}{path}{query}")))
}

fn only_reads(request: &Parts) -> bool {
    matches!(request.method, Method::GET | Method::HEAD)
}

/// What the portal found; what went wrong there is in the log.
fn found<T>(answer: portal::Result<T>) -> Result<T, Plain> {
    answer.map_err(|error| {
        if let portal::Error::Broken(error) = &error {
            tracing::error!(?error, "the site could not be read");
        }
        error.into()
    })
}

/// The slug of `/s/{slug}/…`; what cannot be one is left for the portal not to find.
fn slug(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/s/")?;
    Some(rest.split(['/', '?', '#']).next().unwrap_or_default())
}

/// The one `Host` of a request.
pub fn host_of<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    // A request line with a whole URL overrules the header (RFC 9112, 3.2.2).
    if let Some(authority) = uri.authority() {
        return Some(authority.as_str());
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    (hosts.next().is_none() && !host.is_empty()).then_some(host)
}

fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (name, Some(port)),
        _ => (host, None),
    }
}

/// Whether this is our own script asking, which reads JSON.
pub fn is_api(uri: &Uri) -> bool {
    uri.path().starts_with("/api/")
}

/// The request's cookies; of two with one name the first counts.
pub fn cookies(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut cookies = BTreeMap::new();
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    for (name, value) in lines.flat_map(|line| line.split(';')).filter_map(|c| c.split_once('=')) {
        cookies.entry(name.trim().to_owned()).or_insert_with(|| value.trim().to_owned());
    }
    cookies
}

/// The language that the reader chose.
pub fn chosen_language(cookies: &BTreeMap<String, String>) -> Option<Language> {
    cookies.get(LANGUAGE_COOKIE).and_then(|tag| Language::from_tag(tag))
}

/// Light or dark.
pub fn theme(cookies: &BTreeMap<String, String>) -> Theme {
    cookies.get(THEME_COOKIE).and_then(|word| Theme::from_word(word)).unwrap_or_default()
}

/// The language of a page: what the reader chose, what the browser asks for, or what is usual at the
/// site; one of those that the site speaks.
fn spoken_language(
    cookies: &BTreeMap<String, String>,
    headers: &HeaderMap,
    site: &SiteView,
) -> Language {
    let spoken = site.brand.spoken(site.language);
    let chosen = chosen_language(cookies).filter(|language| spoken.contains(language));
    chosen.unwrap_or_else(|| negotiated(headers, &spoken, site.language))
}

/// The language that the browser asks for.
fn language(headers: &HeaderMap, usual: Language) -> Language {
    negotiated(headers, &Language::ALL, usual)
}

fn negotiated(headers: &HeaderMap, spoken: &[Language], usual: Language) -> Language {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|line| line.to_str().ok());
    wanted.and_then(|line| Language::negotiate(line, spoken)).unwrap_or(usual)
}
