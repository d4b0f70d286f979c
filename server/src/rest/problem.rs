//! What the API answers instead of what was asked for: problem details (RFC 9457).

use app::{api::ApiError, words};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use model::Refusal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::plain::Plain;

/// The media type of problem details.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What kind of problem it is. Programs tell them apart by `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request cannot be read.
    Malformed,
    /// No key that works came with it.
    KeyNeeded,
    /// The key may not do that.
    NotPermitted,
    /// No key may do that.
    PersonNeeded,
    /// There is no such thing, or none that the key may see.
    NotFound,
    /// The path does not know the method.
    NotAMethod,
    /// The body did not arrive in time.
    TooSlow,
    /// Things stand in a way that does not allow it.
    NotPossible,
    /// The first sending of the same request is still being carried out.
    Running,
    /// Somebody else changed it meanwhile.
    Changed,
    /// The body is too large.
    TooLarge,
    /// The body is not JSON.
    NotJson,
    /// The server is not known by that name.
    WrongHost,
    /// Some fields need another value.
    InvalidFields,
    /// Another request had the same idempotency key.
    KeyReused,
    /// Too many requests.
    TooMany,
    /// Something is wrong on the server.
    Broken,
    /// Too much is going on.
    Busy,
}

impl Kind {
    /// Every kind, by status.
    pub const ALL: [Self; 18] = [
        Self::Malformed,
        Self::KeyNeeded,
        Self::NotPermitted,
        Self::PersonNeeded,
        Self::NotFound,
        Self::NotAMethod,
        Self::TooSlow,
        Self::NotPossible,
        Self::Running,
        Self::Changed,
        Self::TooLarge,
        Self::NotJson,
        Self::WrongHost,
        Self::InvalidFields,
        Self::KeyReused,
        Self::TooMany,
        Self::Broken,
        Self::Busy,
    ];

    /// The last part of `type`, which never changes.
    pub fn word(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::KeyNeeded => "key-needed",
            Self::NotPermitted => "not-permitted",
            Self::PersonNeeded => "person-needed",
            Self::NotFound => "not-found",
            Self::NotAMethod => "not-a-method",
            Self::TooSlow => "too-slow",
            Self::NotPossible => "not-possible",
            Self::Running => "running",
            Self::Changed => "changed-meanwhile",
            Self::TooLarge => "too-large",
            Self::NotJson => "not-json",
            Self::WrongHost => "wrong-host",
            Self::InvalidFields => "invalid-fields",
            Self::KeyReused => "idempotency-key-reused",
            Self::TooMany => "too-many-requests",
            Self::Broken => "broken",
            Self::Busy => "busy",
        }
    }

    /// The status that goes with it.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::KeyNeeded => StatusCode::UNAUTHORIZED,
            Self::NotPermitted | Self::PersonNeeded => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NotAMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NotPossible | Self::Running => StatusCode::CONFLICT,
            Self::Changed => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::WrongHost => StatusCode::MISDIRECTED_REQUEST,
            Self::InvalidFields | Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What it is, in a few words that do not change either.
    pub fn title(self) -> &'static str {
        match self {
            Self::Malformed => "The request cannot be read",
            Self::KeyNeeded => "A key that works is needed",
            Self::NotPermitted => "The key does not have this permission",
            Self::PersonNeeded => "This takes a person",
            Self::NotFound => "There is no such thing",
            Self::NotAMethod => "The path does not know this method",
            Self::TooSlow => "The body did not arrive in time",
            Self::NotPossible => "That is not possible as things stand",
            Self::Running => "The same request is still being carried out",
            Self::Changed => "It was changed meanwhile",
            Self::TooLarge => "The body is too large",
            Self::NotJson => "The body is not JSON",
            Self::WrongHost => "The server has another name",
            Self::InvalidFields => "Some fields need another value",
            Self::KeyReused => "Another request had this idempotency key",
            Self::TooMany => "Too many requests",
            Self::Broken => "Something is wrong on the server",
            Self::Busy => "Too much is going on",
        }
    }

    /// What to do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Malformed => {
                "Send JSON that fits the description of the request, and parameters that are percent-encoded UTF-8."
            }
            Self::KeyNeeded => {
                "Send the header “Authorization: Bearer rk_…” with a key that was neither revoked nor expired."
            }
            Self::NotPermitted => "Use a key that has the permission.",
            Self::PersonNeeded => {
                "A person does this at the portal: it needs fresh proof of their own password, or a verified caller, or they would learn a password."
            }
            Self::NotFound => {
                "Check the id and the path. What belongs to another organization is not found either."
            }
            Self::NotAMethod => "The header “Allow” names those that it knows.",
            Self::TooSlow => "Send it again.",
            Self::NotPossible => {
                "“code” says what stands in the way, “detail” what helps. The same request will not work before that has changed."
            }
            Self::Running => "Wait a moment and send it again, with the same idempotency key.",
            Self::Changed => {
                "Get it again, look at what changed, and send the change for that state."
            }
            Self::TooLarge => "A body may hold 64 KiB.",
            Self::NotJson => "Send “Content-Type: application/json”.",
            Self::WrongHost => "Use the address that the portal is found at.",
            Self::InvalidFields => "“errors” names each field, and what is wrong with it.",
            Self::KeyReused => {
                "Choose a new idempotency key for every request; the same one is for sending the same request again."
            }
            Self::TooMany => "Wait for as many seconds as the header “Retry-After” says.",
            Self::Broken => {
                "Try again; when it happens again, tell your support what “instance” says."
            }
            Self::Busy => {
                "Nothing happened. Wait for as many seconds as the header “Retry-After” says."
            }
        }
    }

    /// Where it is explained: `type`, relative to the address that was asked.
    pub fn address(self) -> String {
        format!("/developers#{}", self.word())
    }
}

/// A problem, before the request's name is known.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: Kind,
    detail: String,
    code: Option<String>,
    errors: Vec<FieldError>,
    retry_after: Option<u32>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldError {
    /// The field of the body, or the parameter.
    pub field: String,
    /// What is wrong with it, in a word for programs.
    pub code: String,
    /// The same for people.
    pub detail: String,
}

/// Why something did not happen (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemDetails {
    /// What kind of problem it is; never changes. Leads to where it is explained.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference")]
    pub kind: String,
    /// What it is, in a few words.
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What happened here, and what helps.
    pub detail: String,
    /// The request's name, as in `X-Request-Id`: it finds the request in the server's log.
    pub instance: String,
    /// What stands in the way, in a word for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code: Option<String>,
    /// What is wrong with each field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// A problem with the usual advice.
    pub fn of(kind: Kind) -> Self {
        Self::told(kind, kind.advice())
    }

    /// A problem with something to say.
    pub fn told(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), code: None, errors: Vec::new(), retry_after: None }
    }

    /// To be tried again after so many seconds.
    #[must_use]
    pub fn after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// Something is wrong with a parameter.
    pub fn field(field: &str, problem: model::refusal::Problem) -> Self {
        portal::Error::field(field, problem).into()
    }

    /// The whole answer.
    pub fn answer(self, request_id: &str) -> Response {
        let status = self.kind.status();
        let details = ProblemDetails {
            kind: self.kind.address(),
            title: self.kind.title().to_owned(),
            status: status.as_u16(),
            detail: self.detail,
            instance: request_id.to_owned(),
            code: self.code,
            errors: self.errors,
        };
        let body = serde_json::to_string(&details).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.kind == Kind::KeyNeeded {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl IntoResponse for Problem {
    /// Without a body, which [`super::finish`] adds once it knows the request's name.
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<portal::Error> for Problem {
    fn from(error: portal::Error) -> Self {
        match error {
            portal::Error::Refused(refusal) => Self::refused(refusal),
            portal::Error::Busy { retry_after } => Self::of(Kind::Busy).after(retry_after),
            portal::Error::Broken(error) => {
                tracing::error!(?error, "a request to the API failed");
                Self::of(Kind::Broken)
            }
        }
    }
}

impl From<Plain> for Problem {
    fn from(plain: Plain) -> Self {
        Self::of(match plain {
            Plain::TooSlow => Kind::TooSlow,
            Plain::TooLarge => Kind::TooLarge,
            Plain::NotFound => Kind::NotFound,
            _ => Kind::Malformed,
        })
    }
}

impl Problem {
    fn refused(refusal: Refusal) -> Self {
        let kind = match &refusal {
            Refusal::NotFound => Kind::NotFound,
            Refusal::NotAllowed => Kind::NotPermitted,
            Refusal::StepUp | Refusal::NeedsPerson => Kind::PersonNeeded,
            Refusal::Wait { .. } | Refusal::Budget { .. } => Kind::TooMany,
            Refusal::Fields(_) => Kind::InvalidFields,
            Refusal::ChangedMeanwhile(_) => Kind::Changed,
            _ => Kind::NotPossible,
        };
        let refused = (kind == Kind::NotPossible).then(|| code(&refusal));
        match refusal {
            Refusal::Wait { seconds } | Refusal::Budget { seconds } => {
                let detail = words::error(&ApiError::Refused(refusal));
                Self::told(kind, detail).after(seconds)
            }
            Refusal::Fields(problems) => {
                let errors = problems.into_iter().map(|one| FieldError {
                    field: one.field,
                    code: code(&one.problem),
                    detail: words::problem(one.problem),
                });
                Self { errors: errors.collect(), ..Self::of(kind) }
            }
            // What is said of these to people is about pages.
            _ if kind != Kind::NotPossible => Self::of(kind),
            other => {
                Self { code: refused, ..Self::told(kind, words::error(&ApiError::Refused(other))) }
            }
        }
    }
}

/// The innermost word by which something is known on the wire: that of the obstacle, not that it is
/// one.
fn code(of: &impl Serialize) -> String {
    match serde_json::to_value(of) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(serde_json::Value::Object(fields)) => {
            let field = fields.into_iter().next();
            field.map_or_else(String::new, |(word, data)| match data {
                serde_json::Value::String(inner) => inner,
                _ => word,
            })
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use model::{refusal, reset::Obstacle};

    use super::*;

    #[test]
    fn kinds_are_told_apart_by_their_words() {
        let words: BTreeSet<&str> = Kind::ALL.into_iter().map(Kind::word).collect();
        assert_eq!(words.len(), Kind::ALL.len());
        assert!(Kind::ALL.is_sorted_by_key(|kind| kind.status().as_u16()));
    }

    #[test]
    fn refusals_keep_their_words() {
        assert_eq!(code(&Refusal::HasPassword), "has_password");
        assert_eq!(code(&Refusal::ResetImpossible(Obstacle::Suspended)), "suspended");
        assert_eq!(code(&refusal::Problem::TooLong { max: 3 }), "too_long");
        let problem = Problem::field("name", refusal::Problem::Required);
        assert_eq!(problem.kind, Kind::InvalidFields);
        assert_eq!((&*problem.errors[0].field, &*problem.errors[0].code), ("name", "required"));
        assert!(problem.errors[0].detail.ends_with('.'), "{problem:?}");
    }
}
