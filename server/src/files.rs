//! Files that people send and get: customers in, customers and reports out, which pass through piece
//! by piece, whatever their size; and pictures of front doors.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use app::{api, request::RequestFacts, words};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Extension, Path, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Limited};
use leptos::prelude::{Owner, provide_context};
use model::{
    brand::{LARGEST_PICTURE, PictureKind},
    customer::{CustomerOrder, CustomerQuery, CustomerState},
    id::{JobId, OrganizationId},
    job::{JobKind, LARGEST_FILE, RowResult},
    refusal::Problem,
};
use multer::{Multipart, parse_boundary};
use portal::{Actor, Upload, UploadError, csv_line};

use crate::{Server, forms, plain::Plain};

/// How long nothing may arrive of a file.
const PAUSE: Duration = Duration::from_secs(30);
/// How long a file may take to arrive.
const SLOWEST: Duration = Duration::from_mins(15);
/// How much more than the largest file is read and thrown away, so that a browser sees the answer
/// and not a closed connection.
const SWALLOWED: u64 = 50 * 1024 * 1024;
/// What may arrive before the file itself: the edges of the form, and its other fields.
const BEFORE: u64 = 64 * 1024;
/// So that spreadsheets read what follows as UTF-8.
const MARK: &str = "\u{feff}";

/// Where files leave.
pub fn router() -> Router<Arc<Server>> {
    Router::new()
        .route("/brand/{digest}", get(brand))
        .route("/organization/brand/picture", post(picture))
        .route("/customers/export/file", post(export))
        .route(
            "/customers/import/{job}/report",
            get(|state, facts, path| report(state, facts, path, (JobKind::Import, false))),
        )
        .route(
            "/customers/import/{job}/problems",
            get(|state, facts, path| report(state, facts, path, (JobKind::Import, true))),
        )
        .route(
            "/customers/links/{job}/report",
            get(|state, facts, path| report(state, facts, path, (JobKind::SendLinks, false))),
        )
        .route(
            "/organization/staff/passwords/{job}/report",
            get(|state, facts, path| report(state, facts, path, (JobKind::StaffLinks, false))),
        )
}

/// What is posted to the page on which files of customers arrive: a file, or one of its forms.
pub async fn import(State(server): State<Arc<Server>>, request: Request) -> Response {
    let Some(boundary) = boundary(request.headers()) else {
        return forms::post(State(server), request).await;
    };
    let Some(facts) = request.extensions().get::<RequestFacts>().cloned() else {
        return Plain::Malformed.page(model::account::Language::default());
    };
    let actor = match actor(&server, &facts, "/customers/import").await {
        Ok(actor) => actor,
        Err(answer) => return answer,
    };
    let upload = match server.portal.begin_upload(&actor).await {
        Ok(upload) => upload,
        Err(error) => return refused(error, &facts),
    };
    // Until the file begins, little may arrive: all of it is kept in memory.
    let room = Arc::new(AtomicU64::new(BEFORE));
    let (left, mut arrived) = (Arc::clone(&room), 0);
    let body = request.into_body().into_data_stream().map(move |piece| {
        let piece = piece.map_err(std::io::Error::other)?;
        // With the first piece the file may have begun already.
        if arrived > left.load(Ordering::Relaxed) {
            return Err(std::io::Error::other("more arrives than there is room for"));
        }
        arrived += piece.len() as u64;
        Ok(piece)
    });
    let arriving = arrive(Multipart::new(body, boundary), upload, &room);
    let (name, upload) = match tokio::time::timeout(SLOWEST, arriving).await {
        Ok(Ok(arrived)) => arrived,
        Ok(Err(Arrival::Problem(problem))) => return told(problem),
        Ok(Err(Arrival::Io(error))) => return refused(error.into(), &facts),
        Err(_) => return told(Problem::FileIncomplete),
    };
    match server.portal.receive_import(&actor, &name, upload).await {
        Ok(job) => see_other(&format!("/customers/import/{job}")),
        Err(portal::Error::Refused(model::Refusal::Fields(problems))) => {
            told(problems.first().map_or(Problem::NotACsv, |problem| problem.problem))
        }
        Err(error) => refused(error, &facts),
    }
}

/// A picture of a front door, for whoever sees that one.
async fn brand(
    State(server): State<Arc<Server>>,
    Extension(facts): Extension<RequestFacts>,
    Path(digest): Path<String>,
) -> Response {
    let only = (facts.here != facts.origin).then_some(facts.site.id);
    match server.portal.picture(&digest, only).await {
        Ok(Some(content)) => {
            let headers = [
                (header::CONTENT_TYPE, "image/png"),
                // What is at an address never changes.
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
                // Mails show it as well, and some are read in a browser.
                (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
            ];
            (headers, content).into_response()
        }
        Ok(None) => Plain::NotFound.page(facts.language),
        Err(error) => refused(error, &facts),
    }
}

/// A logo or an icon that is sent to the page of the brand.
async fn picture(
    State(server): State<Arc<Server>>,
    Extension(facts): Extension<RequestFacts>,
    request: Request,
) -> Response {
    const PAGE: &str = "/organization/brand";
    let query = request.uri().query().unwrap_or_default().to_owned();
    let asked =
        |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let scope = asked("scope").filter(|scope| !scope.is_empty());
    let (Ok(scope), Some(kind)) = (
        scope.map(str::parse::<OrganizationId>).transpose(),
        asked("picture").and_then(PictureKind::from_word),
    ) else {
        return Plain::NotFound.page(facts.language);
    };
    let shown = |organization: Option<OrganizationId>, what: &str| {
        let scope = organization.map(|scope| format!("scope={scope}&")).unwrap_or_default();
        see_other(&format!("{PAGE}?{scope}{what}"))
    };
    let told = |problem: Problem| {
        shown(scope, &format!("problem={}", problem.word_of_file().unwrap_or("picture")))
    };
    let actor = match actor(&server, &facts, PAGE).await {
        Ok(actor) => actor,
        Err(answer) => return answer,
    };
    // Whoever may not send one is told so before it is read; so is whoever has to prove who they are.
    match server.portal.may_set_picture(&actor, scope).await {
        Ok(_) => {}
        Err(portal::Error::Refused(model::Refusal::StepUp)) => {
            return shown(scope, "problem=proof");
        }
        Err(error) => return refused(error, &facts),
    }
    let Some(boundary) = boundary(request.headers()) else {
        return Plain::NotAForm.page(facts.language);
    };
    let arriving = small_file(request.into_body(), boundary);
    let file = match tokio::time::timeout(PAUSE, arriving).await {
        Ok(Ok(file)) => file,
        Ok(Err(problem)) => return told(problem),
        Err(_) => return told(Problem::FileIncomplete),
    };
    match server.portal.set_picture(&actor, scope, kind, file).await {
        Ok(organization) => shown(Some(organization), "done=saved"),
        Err(portal::Error::Refused(model::Refusal::Fields(problems))) => {
            told(problems.first().map_or(Problem::NotAPicture, |problem| problem.problem))
        }
        Err(portal::Error::Refused(model::Refusal::StepUp)) => shown(scope, "problem=proof"),
        Err(error) => refused(error, &facts),
    }
}

/// The file of a form, as far as it is no larger than a picture is. More than that is read and thrown
/// away, so that a browser sees the answer.
async fn small_file(body: Body, boundary: String) -> Result<Vec<u8>, Problem> {
    let body = Limited::new(body, forms::LARGEST + LARGEST_PICTURE + forms::SWALLOWED);
    let mut form = Multipart::new(body.into_data_stream(), boundary);
    let mut file = Vec::new();
    loop {
        let next = form.next_field().await.map_err(|_| Problem::FileIncomplete)?;
        let Some(mut field) = next else { return Err(Problem::NoFile) };
        if field.name() != Some("file") {
            continue;
        }
        let mut size = 0;
        loop {
            let chunk = match field.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(_) if size > LARGEST_PICTURE => return Err(Problem::PictureTooLarge),
                Err(_) => return Err(Problem::FileIncomplete),
            };
            size += chunk.len();
            if size <= LARGEST_PICTURE {
                file.extend_from_slice(&chunk);
            }
        }
        return match size {
            // Browsers send an empty file when none was chosen.
            0 => Err(Problem::NoFile),
            size if size > LARGEST_PICTURE => Err(Problem::PictureTooLarge),
            _ => Ok(file),
        };
    }
}

/// Why a file did not arrive.
enum Arrival {
    Problem(Problem),
    Io(anyhow::Error),
}

/// Takes the file of a form in; what else the form holds is nothing to us.
async fn arrive(
    mut form: Multipart<'_>,
    mut upload: Upload,
    room: &AtomicU64,
) -> Result<(String, Upload), Arrival> {
    let incomplete = |_| Arrival::Problem(Problem::FileIncomplete);
    loop {
        let next = tokio::time::timeout(PAUSE, form.next_field()).await;
        let next = next.map_err(|_| Arrival::Problem(Problem::FileIncomplete))?;
        let Some(mut field) = next.map_err(incomplete)? else {
            return Err(Arrival::Problem(Problem::NoFile));
        };
        if field.name() != Some("file") {
            continue;
        }
        room.store(BEFORE + LARGEST_FILE + SWALLOWED, Ordering::Relaxed);
        let name = field.file_name().unwrap_or_default().to_owned();
        let mut size = 0_u64;
        let mut problem = None;
        loop {
            let chunk = tokio::time::timeout(PAUSE, field.chunk()).await;
            let chunk = chunk.map_err(|_| Arrival::Problem(Problem::FileIncomplete))?;
            let Some(chunk) = chunk.map_err(incomplete)? else { break };
            size += chunk.len() as u64;
            if problem.is_some() {
                if size > LARGEST_FILE + SWALLOWED {
                    break;
                }
                continue;
            }
            match upload.write(&chunk) {
                Ok(()) => {}
                Err(UploadError::Problem(found)) => problem = Some(found),
                Err(UploadError::Io(error)) => {
                    return Err(Arrival::Io(
                        anyhow::Error::new(error).context("cannot keep a file that arrives"),
                    ));
                }
            }
        }
        // Browsers send an empty file when none was chosen.
        if size == 0 {
            return Err(Arrival::Problem(Problem::NoFile));
        }
        return problem.map_or(Ok((name, upload)), |problem| Err(Arrival::Problem(problem)));
    }
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    parse_boundary(kind).ok()
}

/// The page of files says what is wrong with one.
fn told(problem: Problem) -> Response {
    see_other(&format!("/customers/import?problem={}", problem.word_of_file().unwrap_or("format")))
}

/// Customers as a file. A fresh proof that has run out is asked for on its page.
async fn export(State(server): State<Arc<Server>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(facts) = parts.extensions.get::<RequestFacts>().cloned() else {
        return Plain::Malformed.page(model::account::Language::default());
    };
    let fields = match forms::read(&parts.headers, body).await {
        Ok(form) => form.fields,
        Err(plain) => return plain.page(facts.language),
    };
    let field = |name: &str| {
        fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    };
    let query = CustomerQuery {
        scope: field("scope").and_then(|id| id.parse().ok()),
        text: field("q").unwrap_or_default().to_owned(),
        state: field("state").and_then(CustomerState::from_word),
        connector: field("connector").and_then(|id| id.parse().ok()),
        order: field("order").and_then(CustomerOrder::from_word).unwrap_or_default(),
        descending: field("desc").is_some(),
        ..CustomerQuery::default()
    };
    let actor = match actor(&server, &facts, "/customers").await {
        Ok(actor) => actor,
        Err(answer) => return answer,
    };
    let export = match server.portal.begin_export(&actor, &query).await {
        Ok(export) => export,
        Err(portal::Error::Refused(model::Refusal::StepUp)) => {
            return see_other("/customers/export");
        }
        Err(error) => return refused(error, &facts),
    };
    let portal = server.portal.clone();
    let begin = (portal, export, true);
    let lines = stream::try_unfold(begin, |(portal, mut export, first)| async move {
        let more = portal.export_more(&mut export).await.map_err(|error| broken_off(&error))?;
        let mark = if first { MARK } else { "" };
        Ok::<_, std::io::Error>(
            more.map(|text| (Bytes::from(format!("{mark}{text}")), (portal, export, false))),
        )
    });
    file("customers.csv", Body::from_stream(Box::pin(lines)))
}

/// What came of the rows of a job.
async fn report(
    State(server): State<Arc<Server>>,
    Extension(facts): Extension<RequestFacts>,
    Path(job): Path<String>,
    (kind, refused_only): (JobKind, bool),
) -> Response {
    let Ok(job) = job.parse::<JobId>() else { return Plain::NotFound.page(facts.language) };
    let actor = match actor(&server, &facts, "/customers").await {
        Ok(actor) => actor,
        Err(answer) => return answer,
    };
    // Whoever may not see it gets an answer, not a file that breaks off.
    let page = (0, refused_only);
    if let Err(error) = server.portal.job_results(&actor, job, kind, page).await {
        return refused(error, &facts);
    }
    let begin = (server.portal.clone(), actor, facts, Some(0_i64), true);
    let lines = stream::try_unfold(begin, move |(portal, actor, facts, from, first)| async move {
        let Some(from) = from else { return Ok::<_, std::io::Error>(None) };
        let results = portal.job_results(&actor, job, kind, (from, refused_only)).await;
        let (results, next) = results.map_err(|error| broken_off(&error))?;
        let mut text = String::new();
        if first {
            text += MARK;
            text += &csv_line(["line", "outcome", "why"]);
        }
        for result in &results {
            text += &line(&facts, result);
        }
        Ok(Some((Bytes::from(text), (portal, actor, facts, next, false))))
    });
    file("report.csv", Body::from_stream(Box::pin(lines)))
}

/// A line of a report, in the reader's language.
fn line(facts: &RequestFacts, result: &RowResult) -> String {
    let why = Owner::new().with(|| {
        provide_context(facts.clone());
        words::row_problems(&result.why).join(" ")
    });
    let place = result.customer.map_or_else(|| result.line.to_string(), |id| id.to_string());
    csv_line([place.as_str(), result.outcome.word(), why.as_str()])
}

/// Who is signed in; who is not is led to the front door, and comes back.
async fn actor(server: &Server, facts: &RequestFacts, back: &str) -> Result<Actor, Response> {
    match api::actor_of(&server.portal, facts).await {
        Ok(Some(actor)) => Ok(actor),
        Ok(None) => Err(see_other(&format!("/login?next={back}"))),
        Err(error) => Err(refused(error, facts)),
    }
}

fn refused(error: portal::Error, facts: &RequestFacts) -> Response {
    if let portal::Error::Broken(error) = &error {
        tracing::error!(request_id = facts.request_id, ?error, "a file failed");
        return Plain::Broken { reference: facts.request_id.clone() }.page(facts.language);
    }
    Plain::from(error).page(facts.language)
}

/// The reader's browser tells that the file is not complete.
fn broken_off(error: &portal::Error) -> std::io::Error {
    tracing::warn!(%error, "a file broke off");
    std::io::Error::other("the file broke off")
}

fn see_other(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

fn file(name: &str, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
