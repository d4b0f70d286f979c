//! Forms: read within their limits, and, posted without JavaScript, answered with their own page.

use std::{collections::HashSet, sync::Arc, time::Duration};

use app::{
    PlainPost,
    api::ApiError,
    request::{RequestFacts, SECRET_FIELDS},
};
use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt, Limited};
use leptos::server_fn;
use percent_encoding::percent_decode;

use crate::{Server, guard, pages, plain::Plain};

/// The largest body of a form, in bytes (product.md, "Defaults").
pub const LARGEST: usize = 64 * 1024;
/// How much more is read and thrown away, so that a browser sees the answer and not a closed
/// connection.
pub(crate) const SWALLOWED: usize = 4 * 1024 * 1024;
/// How long a form's body may take to arrive.
const SLOWEST: Duration = Duration::from_secs(30);
/// The largest answer of a server function.
const LARGEST_ANSWER: usize = 1024 * 1024;
/// The hidden field by which a form names its server function.
const FORM: &str = "_form";

/// The paths of the server functions that change something: those that a form may name.
pub fn functions() -> HashSet<&'static str> {
    let all = server_fn::axum::server_fn_paths();
    all.filter(|(_, method)| method == Method::POST).map(|(path, _)| path).collect()
}

/// A form: its body as it came, and its fields.
#[derive(Debug)]
pub struct Form {
    /// As it came.
    pub body: Bytes,
    /// Names and values, each name once.
    pub fields: Vec<(String, String)>,
}

/// Reads a form. What is too large, too slow, not a form, not UTF-8, or holds a field twice is
/// refused.
pub async fn read(headers: &HeaderMap, body: Body) -> Result<Form, Plain> {
    if !is_form(headers) {
        return Err(Plain::NotAForm);
    }
    let body = collect_in_time(body).await?;
    let fields = fields(&body)?;
    Ok(Form { body, fields })
}

/// Names and values of a form or of a query, each name once.
pub(crate) fn fields(text: &[u8]) -> Result<Vec<(String, String)>, Plain> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for pair in text.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
        let mut halves = pair.splitn(2, |b| *b == b'=');
        let name = decode(halves.next().unwrap_or_default())?;
        let value = decode(halves.next().unwrap_or_default())?;
        if fields.iter().any(|(known, _)| *known == name) {
            return Err(Plain::Malformed);
        }
        fields.push((name, value));
    }
    Ok(fields)
}

/// A body that is neither too large nor too slow.
pub(crate) async fn collect_in_time(body: Body) -> Result<Bytes, Plain> {
    tokio::time::timeout(SLOWEST, collect(body)).await.map_err(|_| Plain::TooSlow)?
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

async fn collect(body: Body) -> Result<Bytes, Plain> {
    let mut body = Limited::new(body, LARGEST + SWALLOWED);
    let mut read = Vec::new();
    let mut too_large = false;
    while let Some(frame) = body.frame().await {
        // An error is a client that went away, or the end of what is swallowed.
        let Ok(frame) = frame else {
            return Err(if too_large { Plain::TooLarge } else { Plain::Malformed });
        };
        if let Some(data) = frame.data_ref() {
            too_large |= read.len() + data.len() > LARGEST;
            if !too_large {
                read.extend_from_slice(data);
            }
        }
    }
    if too_large { Err(Plain::TooLarge) } else { Ok(read.into()) }
}

/// A name or a value (`application/x-www-form-urlencoded`).
pub(crate) fn decode(text: &[u8]) -> Result<String, Plain> {
    let spaced: Vec<u8> = text.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
    let decoded = percent_decode(&spaced).decode_utf8().map_err(|_| Plain::Malformed)?;
    Ok(decoded.into_owned())
}

/// A server function, called by our own script.
pub async fn call(State(server): State<Arc<Server>>, request: Request) -> Response {
    if request.method() != Method::POST {
        return run(&server, request).await;
    }
    let (parts, body) = request.into_parts();
    match read(&parts.headers, body).await {
        Ok(form) => run(&server, Request::from_parts(parts, Body::from(form.body))).await,
        Err(plain) => plain.for_script(),
    }
}

async fn run(server: &Server, mut request: Request) -> Response {
    // Asked for HTML, a server function would answer with a redirect to wherever `Referer` says.
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    let context = pages::context(server, request.extensions().get::<RequestFacts>().cloned());
    leptos_axum::handle_server_fns_with_context(context, request).await.into_response()
}

/// A form posted to its own page, as browsers do without JavaScript: runs the server function that
/// it names, then shows the page again with what came of it, or goes where the function says.
pub async fn post(State(server): State<Arc<Server>>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(facts) = parts.extensions.get::<RequestFacts>().cloned() else {
        return Plain::Malformed.page(model::account::Language::default());
    };
    let refuse = |plain: Plain| plain.page(facts.language);
    let Form { body, mut fields } = match read(&parts.headers, body).await {
        Ok(form) => form,
        Err(plain) => return refuse(plain),
    };
    let named = fields.iter().position(|(name, _)| name == FORM).map(|at| fields.remove(at).1);
    let Some(form) = named.filter(|path| server.functions.contains(path.as_str())) else {
        return refuse(Plain::Malformed);
    };

    let answer = run(&server, inner_request(&parts, &form, body)).await;
    let (answered, answer) = answer.into_parts();
    let cookies: Vec<HeaderValue> =
        answered.headers.get_all(header::SET_COOKIE).iter().cloned().collect();
    if let Some(to) = answered.headers.get(header::LOCATION) {
        let mut response = StatusCode::SEE_OTHER.into_response();
        response.headers_mut().insert(header::LOCATION, local(to));
        set_cookies(&mut response, cookies);
        return response;
    }
    let answer = axum::body::to_bytes(answer, LARGEST_ANSWER).await.unwrap_or_default();
    let outcome = if answered.status.is_success() {
        serde_json::from_slice(&answer).map_err(|_| broken(&facts))
    } else {
        Err(serde_json::from_slice(&answer).unwrap_or_else(|_| broken(&facts)))
    };
    let succeeded = outcome.is_ok();
    fields.retain(|(name, _)| !SECRET_FIELDS.contains(&name.as_str()));
    let post = PlainPost { form, values: fields, outcome };

    // The page is drawn as the browser would ask for it now: with the cookies just set.
    let facts = with_cookies(facts, &cookies);
    parts.headers.insert(header::COOKIE, cookie_line(&facts));
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.method = Method::GET;
    parts.extensions.insert(facts);
    let page = Request::from_parts(parts, Body::empty());
    let mut response = pages::render(&server, page, Some(post)).await;
    if response.status().is_redirection() {
        // What browsers follow with a GET, whatever was asked for before.
        *response.status_mut() = StatusCode::SEE_OTHER;
    } else if !succeeded {
        *response.status_mut() = answered.status;
        if let Some(wait) = answered.headers.get(header::RETRY_AFTER) {
            response.headers_mut().insert(header::RETRY_AFTER, wait.clone());
        }
    }
    set_cookies(&mut response, cookies);
    response
}

/// The call of the server function, with everything that is known of the request.
fn inner_request(parts: &Parts, form: &str, body: Bytes) -> Request {
    let mut inner = Request::new(Body::from(body));
    *inner.method_mut() = Method::POST;
    *inner.uri_mut() = form.parse().unwrap_or_else(|_| Uri::from_static("/"));
    inner.headers_mut().clone_from(&parts.headers);
    inner.extensions_mut().clone_from(&parts.extensions);
    inner
}

/// Where a server function may send the browser: on this site only.
fn local(to: &HeaderValue) -> HeaderValue {
    let is_local = to
        .to_str()
        .is_ok_and(|to| to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\t']));
    if is_local { to.clone() } else { HeaderValue::from_static("/") }
}

fn broken(facts: &RequestFacts) -> ApiError {
    ApiError::Broken { reference: facts.request_id.clone() }
}

fn set_cookies(response: &mut Response, cookies: Vec<HeaderValue>) {
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The facts as they will be at the browser's next request.
fn with_cookies(mut facts: RequestFacts, cookies: &[HeaderValue]) -> RequestFacts {
    for cookie in cookies.iter().filter_map(|cookie| cookie.to_str().ok()) {
        let mut parts = cookie.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            continue;
        };
        if value.is_empty() || parts.any(|part| part.eq_ignore_ascii_case("max-age=0")) {
            facts.cookies.remove(name);
        } else {
            facts.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
    if let Some(chosen) = guard::chosen_language(&facts.cookies) {
        facts.language = facts.site.brand.speaks(chosen, facts.site.language);
    }
    facts.theme = guard::theme(&facts.cookies);
    facts
}

fn cookie_line(facts: &RequestFacts) -> HeaderValue {
    let pairs = facts.cookies.iter().map(|(name, value)| format!("{name}={value}"));
    HeaderValue::try_from(pairs.collect::<Vec<_>>().join("; "))
        .unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fields(body: &'static [u8]) -> Result<Vec<(String, String)>, Plain> {
        let mut headers = HeaderMap::new();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded; charset=UTF-8");
        headers.insert(header::CONTENT_TYPE, kind);
        read(&headers, Body::from(body)).await.map(|form| form.fields)
    }

    #[tokio::test]
    async fn what_is_not_a_clean_form_is_refused() {
        let read = |name: &str, value: &str| Ok(vec![(name.to_owned(), value.to_owned())]);
        assert_eq!(fields(b"name=K%C3%A4the+B").await, read("name", "Käthe B"));
        assert_eq!(fields(b"&&name&").await, read("name", ""));
        assert_eq!(fields(b"name=a=b").await, read("name", "a=b"));
        assert_eq!(fields(b"").await, Ok(vec![]));
        assert_eq!(fields(b"name=%FF").await, Err(Plain::Malformed));
        assert_eq!(fields(b"na\xffme=x").await, Err(Plain::Malformed));
        assert_eq!(fields(b"name=a&name=b").await, Err(Plain::Malformed));
        assert_eq!(fields(b"name=a&n%61me=b").await, Err(Plain::Malformed));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_given_up() {
        let mut headers = HeaderMap::new();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, kind);
        let nothing = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let form = read(&headers, Body::from_stream(nothing)).await;
        assert_eq!(form.map(|form| form.fields), Err(Plain::TooSlow));
    }

    #[test]
    fn redirects_stay_on_this_site() {
        for (to, goes) in [
            ("/account", "/account"),
            ("/login?next=%2Faccount", "/login?next=%2Faccount"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("account", "/"),
        ] {
            assert_eq!(local(&HeaderValue::from_static(to)), goes);
        }
    }
}
