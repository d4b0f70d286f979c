//! What a program asks for: parameters and a body, read once and strictly. What nobody knows is
//! refused, so that a mistyped filter does not find everything.

use std::str::FromStr;

use axum::{
    body::Bytes,
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use model::{Moment, id::AccountId, refusal};
use portal::Actor;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::problem::{Kind, Problem};
use crate::forms;

/// A request by a program whose key works.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The one who asks.
    pub actor: Actor,
    /// Where it was sent to, below what every path begins with.
    pub uri: Uri,
    /// What came with it.
    pub headers: HeaderMap,
    /// What was sent.
    pub body: Bytes,
}

/// What a handler ends with.
pub type Answered = Result<Response, Problem>;

/// Whom an answer is about: it is forgotten with them.
#[derive(Debug, Clone, Copy)]
pub struct About(pub AccountId);

/// Parameters, each of them known and there once.
pub struct Query(Vec<(String, String)>);

impl Asking {
    /// Its parameters, none of which may be another than these.
    pub fn query(&self, known: &[&str]) -> Result<Query, Problem> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for pair in self.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty())
        {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (forms::decode(name.as_bytes())?, forms::decode(value.as_bytes())?);
            if !known.contains(&name.as_str()) || fields.iter().any(|(other, _)| *other == name) {
                return Err(Problem::field(&name, refusal::Problem::NotAChoice));
            }
            fields.push((name, value));
        }
        Ok(Query(fields))
    }

    /// Its body.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let kind = self.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(Problem::of(Kind::NotJson));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            // Which field it is about, or where; what was sent is not sent back.
            let what = error.to_string();
            let names_field =
                ["missing field", "unknown field"].iter().any(|it| what.starts_with(it));
            Problem::told(
                Kind::Malformed,
                if names_field {
                    what
                } else {
                    format!(
                        "The body does not fit the description: line {}, column {}.",
                        error.line(),
                        error.column()
                    )
                },
            )
        })
    }

    /// The state of the thing for which a change is meant (`If-Match`); `None` for any.
    pub fn stamp(&self) -> Result<Option<Moment>, Problem> {
        let Some(tag) = self.headers.get(header::IF_MATCH) else { return Ok(None) };
        match tag.as_bytes() {
            b"*" => Ok(None),
            tag => std::str::from_utf8(tag)
                .ok()
                .and_then(|tag| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok())
                .map(|stamp| Some(Moment(stamp)))
                .ok_or_else(|| Problem::of(Kind::Changed)),
        }
    }
}

impl Query {
    /// A parameter as it came; nothing for an empty one.
    pub fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A parameter that is one of a few words.
    pub fn word<T>(
        &self,
        name: &str,
        of: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let value = of(text).ok_or_else(|| Problem::field(name, refusal::Problem::NotAChoice))?;
        Ok(Some(value))
    }

    /// A parameter that is an id.
    pub fn id<T: FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        self.word(name, |text| text.parse().ok())
    }

    /// A parameter that is a day; empty for none.
    pub fn day(&self, name: &str) -> Result<String, Problem> {
        let text = self.text(name).unwrap_or_default();
        if text.is_empty() || Moment::begin_of_day(text).is_some() {
            Ok(text.to_owned())
        } else {
            Err(Problem::field(name, refusal::Problem::NotADate))
        }
    }
}

/// The id in a path; what is none is not found.
pub fn id<T: From<IdInPath>>(text: &str) -> Result<T, Problem> {
    let id: Uuid = text.parse().map_err(|_| Problem::of(Kind::NotFound))?;
    Ok(IdInPath(id).into())
}

/// An id in a path.
pub struct IdInPath(Uuid);

macro_rules! ids {
    ($($name:ident),*) => {$(
        impl From<IdInPath> for model::id::$name {
            fn from(id: IdInPath) -> Self {
                Self(id.0)
            }
        }
    )*};
}
ids!(AccountId, ResetId, AuditId, OrganizationId);

/// An answer with something to read.
pub fn json(body: &impl Serialize) -> Response {
    match serde_json::to_string(body) {
        Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer of the API cannot be written");
            Problem::of(Kind::Broken).into_response()
        }
    }
}

/// A moment as programs read it.
pub fn moment(at: Moment) -> String {
    at.rfc3339()
}

/// The word by which a value is known on the wire.
pub fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
