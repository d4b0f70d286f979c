//! Files that are handed out: the audit log as a table or as JSON Lines. Written as they are read,
//! so that the largest takes no more memory than the smallest.

use std::sync::Arc;

use app::{
    api::{actor_of, audit::asked_for},
    request::RequestFacts,
};
use axum::{
    Router,
    body::Body,
    extract::{Extension, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use model::Refusal;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use portal::{AuditExport, AuditFormat, Error};

use crate::{Server, forms, plain::Plain};

/// What stands as it is in the value of a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// `/audit/export`. It is recorded, so that it takes a form of our own pages, and not a link.
pub fn router() -> Router<Arc<Server>> {
    Router::new().route("/audit/export", post(audit))
}

async fn audit(
    State(server): State<Arc<Server>>,
    Extension(facts): Extension<RequestFacts>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let fields = match forms::read(&parts.headers, body).await {
        Ok(form) => form.fields,
        Err(plain) => return plain.page(facts.language),
    };
    let value = |name: &str| {
        fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    };
    let (format, kind, name) = match value("format") {
        Some("csv") => (AuditFormat::Csv, "text/csv; charset=utf-8; header=present", "audit.csv"),
        Some("jsonl") => {
            (AuditFormat::JsonLines, "application/jsonl; charset=utf-8", "audit.jsonl")
        }
        _ => return Plain::Malformed.page(facts.language),
    };
    let query = asked_for(value);
    let shown: Vec<String> = fields
        .iter()
        .filter(|(name, value)| name != "format" && !value.is_empty())
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    let shown = format!("/audit?{}", shown.join("&"));
    let export = match actor_of(&server.portal, &facts).await {
        Ok(Some(actor)) => server.portal.export_audit(&actor, &query, format).await,
        Ok(None) => {
            return see_other(&format!("{}?next={}", facts.site.path("/login"), encode(&shown)));
        }
        Err(error) => Err(error),
    };
    match export {
        Ok(export) => {
            let headers = [
                (header::CONTENT_TYPE, kind.to_owned()),
                (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
            ];
            (headers, streamed(export)).into_response()
        }
        Err(Error::Refused(Refusal::StepUp)) => {
            see_other(&format!("/prove?next={}", encode(&shown)))
        }
        // The page says why.
        Err(Error::Refused(_)) => see_other(&shown),
        Err(Error::Broken(error)) => {
            tracing::error!(request_id = facts.request_id, ?error, "an export failed");
            Plain::Broken { reference: facts.request_id }.page(facts.language)
        }
        Err(error) => Plain::from(error).page(facts.language),
    }
}

/// The file, piece by piece. One that cannot be finished ends as a broken connection, which no
/// browser takes for a whole file.
fn streamed(export: AuditExport) -> Body {
    Body::from_stream(futures_util::stream::try_unfold(export, async |mut export| {
        match export.next_piece().await {
            Ok(piece) => Ok(piece.map(|piece| (piece, export))),
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "an export was cut short");
                Err(std::io::Error::other("cut short"))
            }
        }
    }))
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

fn see_other(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let to = HeaderValue::try_from(to).unwrap_or_else(|_| HeaderValue::from_static("/audit"));
    response.headers_mut().insert(header::LOCATION, to);
    response
}
