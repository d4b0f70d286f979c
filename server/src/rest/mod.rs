//! The API for programs, under `/api/v1`: a file for each noun, each a few lines over `portal`, which
//! decides. What it answers is described by the code that answers ([`document`]), and shown to people
//! at `/developers` ([`reference`]).
//!
//! A request's way: [`enter`] checks the name of the server, admits the key, reads the body, looks for
//! an answer that is there already, and gives the handler an [`Asking`]. No cookie counts here, so
//! that it does not matter which site a request comes from; and a page of another site reads no answer,
//! since none allows it to.

#![expect(unused_qualifications, reason = "utoipa writes the path of a type before its name")]

mod asking;
mod audit;
mod consents;
mod customers;
pub mod document;
mod organizations;
mod problem;
mod reference;
mod resets;

use std::sync::Arc;

use axum::{
    Extension, Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{MethodRouter, delete, get, post},
};
use portal::{Actor, Admission, Allowance, Asked, KeptAnswer, Knock, Pending, secrets::Secret};

use crate::{
    Server, forms,
    guard::{self, Caller},
};
use asking::{About, Asking};
use problem::{Kind, Problem};

/// What every path of the API begins with.
const BEGIN: &str = "/api/v1";
/// By which a request says that it may be the same as one before.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Says that an answer was there already.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// The largest answer that is kept.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// Everything under `/api/v1`, and the page that explains it.
pub fn router(server: &Arc<Server>) -> Router<Arc<Server>> {
    // Around methods that a path knows, and no others: what it does not know is never kept.
    let once = |methods: MethodRouter<Arc<Server>>| {
        methods.route_layer(middleware::from_fn_with_state(Arc::clone(server), once))
    };
    let customer = get(customers::view).patch(customers::change).delete(customers::delete);
    let for_keys = Router::new()
        .route("/customers", once(get(customers::list).post(customers::create)))
        .route("/customers/{id}", once(customer))
        .route("/customers/{id}/suspend", once(post(customers::suspend)))
        .route("/customers/{id}/resume", once(post(customers::resume)))
        .route("/customers/{id}/consent", get(consents::view))
        .route("/customers/{id}/resets", once(post(resets::start)))
        .route("/customers/{id}/links", once(delete(resets::cancel_links)))
        .route("/resets", get(resets::list))
        .route("/resets/{id}", get(resets::view))
        .route("/audit", get(audit::list))
        .route("/audit/{id}", get(audit::view))
        .route("/organizations", get(organizations::list))
        .route("/organizations/{id}", get(organizations::view))
        .fallback(async || Problem::of(Kind::NotFound))
        .method_not_allowed_fallback(async || Problem::of(Kind::NotAMethod))
        .layer(middleware::from_fn_with_state(Arc::clone(server), enter));
    let for_all =
        Router::new().route("/", get(to_reference)).route("/openapi.json", get(document::json));
    Router::new()
        .nest(BEGIN, for_keys.merge(for_all))
        .route("/api/v1/", get(to_reference))
        .route("/developers", get(reference::page))
}

/// Whoever looks around finds the description.
async fn to_reference() -> Redirect {
    Redirect::to("/developers")
}

/// Whether a program asks.
pub fn is_ours(uri: &Uri) -> bool {
    uri.path().strip_prefix(BEGIN).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What a program is told when a request ended in a panic.
pub fn broken(request_id: &str) -> Response {
    Problem::of(Kind::Broken).answer(request_id)
}

/// Before every handler, and around it.
async fn enter(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Some(caller) = parts.extensions.get::<Caller>().cloned() else {
        return broken("");
    };
    let id = caller.request_id.clone();
    let (actor, allowance) = match admitted(&server, caller, &parts.headers, &parts.uri).await {
        Ok(admitted) => admitted,
        Err((problem, allowance)) => {
            let mut answer = problem.answer(&id);
            if let Some(allowance) = allowance {
                tell(&mut answer, allowance);
            }
            return answer;
        }
    };
    let mut answer = match forms::collect_in_time(body).await {
        Ok(body) => {
            let asking =
                Asking { actor, uri: parts.uri.clone(), headers: parts.headers.clone(), body };
            let mut request = Request::from_parts(parts, Body::empty());
            request.extensions_mut().insert(asking);
            finish(next.run(request).await, &id)
        }
        Err(plain) => Problem::from(plain).answer(&id),
    };
    tell(&mut answer, allowance);
    answer
}

/// Whose key came with a request.
async fn admitted(
    server: &Server,
    caller: Caller,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<(Actor, Allowance), (Problem, Option<Allowance>)> {
    let host = guard::host_of(headers, uri).ok_or((Problem::of(Kind::Malformed), None))?;
    let origin = server.origin(host);
    // As for pages: links in mails begin with it.
    if !origin.is_https() && !origin.authority().eq_ignore_ascii_case(host) {
        return Err((Problem::of(Kind::WrongHost), None));
    }
    let user_agent = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok());
    let knock = Knock {
        address: caller.address,
        user_agent: user_agent.unwrap_or_default().to_owned(),
        request_id: caller.request_id,
        origin: origin.to_string(),
    };
    let admission = server.portal.admit(&knock, bearer(headers).as_ref()).await;
    match admission.map_err(|error| (Problem::from(error), None))? {
        Admission::Admitted(actor, allowance) => Ok((*actor, allowance)),
        Admission::Exhausted { retry_after, allowance } => {
            Err((Problem::of(Kind::TooMany).after(retry_after), Some(allowance)))
        }
        Admission::Refused => Err((Problem::of(Kind::KeyNeeded), None)),
        Admission::Flooded { retry_after } => {
            Err((Problem::of(Kind::TooMany).after(retry_after), None))
        }
    }
}

/// The one key that a request brings.
fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let (scheme, key) = lines.next()?.to_str().ok()?.split_once(' ')?;
    let is_one = lines.next().is_none() && scheme.eq_ignore_ascii_case("bearer");
    is_one.then(|| Secret::new(key.trim().to_owned()))
}

/// What is known of a request that has an idempotency key.
enum Known {
    Pending(Box<Pending>),
    Answered(KeptAnswer),
}

/// Around every handler that changes something: answers a request that was sent before as it was
/// answered then.
async fn once(
    State(server): State<Arc<Server>>,
    Extension(caller): Extension<Caller>,
    Extension(asking): Extension<Asking>,
    request: Request,
    next: Next,
) -> Response {
    match known(&server, &asking, request.method().clone()).await {
        Ok(None) => next.run(request).await,
        Ok(Some(Known::Pending(pending))) => {
            let answer = finish(next.run(request).await, &caller.request_id);
            keep(&server, *pending, answer).await
        }
        Ok(Some(Known::Answered(answer))) => again(answer),
        Err(problem) => problem.into_response(),
    }
}

async fn known(server: &Server, asking: &Asking, method: Method) -> Result<Option<Known>, Problem> {
    let Asking { actor, uri, headers, body } = asking;
    let changes = matches!(method, Method::POST | Method::PATCH | Method::DELETE);
    let mut names = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(name) = names.next().filter(|_| changes) else { return Ok(None) };
    let name = name.to_str().unwrap_or_default();
    let place = uri.path_and_query().map_or("", |place| place.as_str());
    // Nested routers see the rest of a path: what they see differs where the whole does.
    let state = headers.get(header::IF_MATCH).map_or(&[][..], HeaderValue::as_bytes);
    let parts = [method.as_str().as_bytes(), place.as_bytes(), state, body];
    Ok(match server.portal.begin_request(actor, name, &parts).await? {
        Asked::New(pending) => Some(Known::Pending(pending)),
        Asked::Answered(answer) => Some(Known::Answered(answer)),
        Asked::Running => return Err(Problem::of(Kind::Running).after(1)),
        Asked::Differs => return Err(Problem::of(Kind::KeyReused)),
        Asked::BadName => {
            let detail = "Idempotency-Key holds 1 to 255 visible ASCII characters.";
            return Err(Problem::told(Kind::Malformed, detail));
        }
    })
}

/// Keeps an answer for whoever sends the same request again, and passes it on. What may be answered
/// otherwise the next time is not kept.
async fn keep(server: &Server, pending: Pending, answer: Response) -> Response {
    let (parts, body) = answer.into_parts();
    let body = axum::body::to_bytes(body, LARGEST_ANSWER).await.unwrap_or_default();
    let line = |name| {
        let value: Option<&HeaderValue> = parts.headers.get(name);
        value.and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let is_kept = !parts.status.is_server_error() && !matches!(parts.status.as_u16(), 408 | 429);
    let kept = is_kept.then(|| KeptAnswer {
        status: parts.status.as_u16(),
        location: line(header::LOCATION),
        etag: line(header::ETAG),
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    let about = parts.extensions.get::<About>().map(|about| about.0);
    if let Err(error) = server.portal.end_request(pending, kept, about).await {
        tracing::warn!(error = format!("{error:#}"), "cannot keep an answer of the API");
    }
    Response::from_parts(parts, Body::from(body))
}

/// An answer that was kept.
fn again(kept: KeptAnswer) -> Response {
    let status = axum::http::StatusCode::from_u16(kept.status).unwrap_or_default();
    let mut answer = (status, kept.body).into_response();
    let headers = answer.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    let kind = match status.is_success() {
        _ if status == axum::http::StatusCode::NO_CONTENT => None,
        true => Some("application/json"),
        false => Some(problem::MEDIA_TYPE),
    };
    if let Some(kind) = kind {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, value) in [(header::LOCATION, kept.location), (header::ETAG, kept.etag)] {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    answer
}

/// Gives a problem its words, now that the request's name is known.
fn finish(mut answer: Response, request_id: &str) -> Response {
    let Some(problem) = answer.extensions_mut().remove::<Problem>() else { return answer };
    let mut whole = problem.answer(request_id);
    // The methods that a path knows.
    if let Some(allow) = answer.headers_mut().remove(header::ALLOW) {
        whole.headers_mut().insert(header::ALLOW, allow);
    }
    whole
}

/// Tells how often the key may ask (draft-ietf-httpapi-ratelimit-headers).
fn tell(answer: &mut Response, allowance: Allowance) {
    let Allowance { requests, window, left, whole_after } = allowance;
    for (name, value) in [
        (RATE_LIMIT_POLICY, format!("\"requests\";q={requests};w={window}")),
        (RATE_LIMIT, format!("\"requests\";r={left};t={whole_after}")),
    ] {
        if let Ok(value) = HeaderValue::try_from(value) {
            answer.headers_mut().insert(name, value);
        }
    }
}
