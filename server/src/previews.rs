//! Letters as they would be sent, for the page on which their words are chosen: in a frame, since a
//! letter brings styles of its own, which no page of ours may.

use std::sync::Arc;

use app::{api, request::RequestFacts, words};
use axum::{
    Router,
    extract::{Extension, Request, State},
    http::{HeaderName, HeaderValue, Uri, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use leptos::prelude::*;
use model::{Refusal, id::OrganizationId, refusal::FieldProblem};
use portal::{WhichLetter, mail::OwnWords};

use crate::{
    Server, forms,
    plain::{self, Plain},
};

/// It shows itself, in our own pages, and does nothing: no script runs, and no form is sent. Its pictures are
/// the front door's logo, from wherever that is. The page around it may put another letter into it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin";
/// The same for what is said instead of it.
const POLICY_OF_WORDS: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin";

/// Where letters are looked at: as they are, or, as a form, in words that are being typed.
pub fn router() -> Router<Arc<Server>> {
    Router::new().route("/organization/template-preview", get(stored).post(typed))
}

async fn stored(
    State(server): State<Arc<Server>>,
    Extension(facts): Extension<RequestFacts>,
    uri: Uri,
) -> Response {
    match forms::fields(uri.query().unwrap_or_default().as_bytes()) {
        Ok(fields) => letter(&server, &facts, &fields, false).await,
        Err(plain) => plain.page(facts.language),
    }
}

async fn typed(
    State(server): State<Arc<Server>>,
    Extension(facts): Extension<RequestFacts>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    match forms::read(&parts.headers, body).await {
        Ok(form) => letter(&server, &facts, &form.fields, true).await,
        Err(plain) => plain.page(facts.language),
    }
}

async fn letter(
    server: &Server,
    facts: &RequestFacts,
    fields: &[(String, String)],
    typed: bool,
) -> Response {
    let value = |name: &str| {
        let found = fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let scope = Some(value("scope")).filter(|scope| !scope.is_empty());
    let Ok(scope) = scope.map(|scope| scope.parse::<OrganizationId>()).transpose() else {
        return Plain::NotFound.page(facts.language);
    };
    let which = WhichLetter { scope, kind: value("kind"), language: value("language") };
    let words = typed.then(|| OwnWords { subject: value("subject"), text: value("text") });
    let actor = match api::actor_of(&server.portal, facts).await {
        Ok(Some(actor)) => actor,
        Ok(None) => return Plain::NotFound.page(facts.language),
        Err(error) => return refused(error, facts),
    };
    match server.portal.preview_letter(&actor, &which, words).await {
        Ok(letter) => with(Html(letter.html.clone()).into_response(), POLICY),
        Err(portal::Error::Refused(Refusal::Fields(problems))) => not_yet(facts, &problems),
        Err(error) => refused(error, facts),
    }
}

/// What is in the way of what is being typed.
fn not_yet(facts: &RequestFacts, problems: &[FieldProblem]) -> Response {
    let page = Owner::new().with(|| {
        provide_context(facts.clone());
        let (title, fields) = words::own::not_yet(facts.language);
        let lines = problems
            .iter()
            .map(|FieldProblem { field, problem }| {
                let field = if field == "subject" { fields.0 } else { fields.1 };
                view! { <p><strong>{format!("{field}: ")}</strong> {words::problem(*problem)}</p> }
            })
            .collect_view();
        plain::document(facts.language, title, view! { <h1>{title}</h1> {lines} })
    });
    // No failure, which browsers would note: what is being typed is seldom whole.
    with(Html(page).into_response(), POLICY_OF_WORDS)
}

fn refused(error: portal::Error, facts: &RequestFacts) -> Response {
    if let portal::Error::Broken(error) = &error {
        tracing::error!(request_id = facts.request_id, ?error, "a letter cannot be shown");
        return Plain::Broken { reference: facts.request_id.clone() }.page(facts.language);
    }
    Plain::from(error).page(facts.language)
}

fn with(mut response: Response, policy: &'static str) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    // What its pictures lead to must not learn who looks at it.
    let quiet = HeaderName::from_static("referrer-policy");
    headers.insert(quiet, HeaderValue::from_static("no-referrer"));
    response
}
