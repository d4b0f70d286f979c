//! Answers of the server itself, for when there is no page to say it: short, in the reader's
//! language, and without a word about the inside.

use app::{
    api::ApiError,
    words::own::{self, Said},
};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use leptos::prelude::*;
use model::account::Language;

/// What the server itself may have to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plain {
    /// The request cannot be understood.
    Malformed,
    /// The request was made by another site, or it cannot be told.
    NotFromHere,
    /// Nothing is here.
    NotFound,
    /// The body did not arrive in time.
    TooSlow,
    /// The body is too large.
    TooLarge,
    /// The body is not a form.
    NotAForm,
    /// The server is not known by that name.
    WrongHost {
        /// Where it is known.
        origin: String,
    },
    /// There is no organization yet.
    NotSetUp,
    /// Too much is going on.
    Busy {
        /// Seconds after which trying again makes sense.
        retry_after: u32,
    },
    /// Something is wrong here.
    Broken {
        /// Finds the cause in the log.
        reference: String,
    },
}

impl From<portal::Error> for Plain {
    /// For errors that the log has already.
    fn from(error: portal::Error) -> Self {
        match error {
            portal::Error::Busy { retry_after } => Self::Busy { retry_after },
            portal::Error::Refused(_) => Self::NotFound,
            portal::Error::Broken(_) => Self::Broken { reference: String::new() },
        }
    }
}

impl Plain {
    /// The status that goes with it.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::NotFromHere => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotAForm => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::WrongHost { .. } => StatusCode::MISDIRECTED_REQUEST,
            Self::NotSetUp | Self::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The same for our own script in the browser, as server functions say it.
    pub fn for_script(&self) -> Response {
        let error = match self {
            Self::Busy { retry_after } => ApiError::Busy { retry_after: *retry_after },
            Self::Broken { reference } => ApiError::Broken { reference: reference.clone() },
            Self::NotFound => ApiError::Refused(model::Refusal::NotFound),
            _ => ApiError::Malformed,
        };
        let body = serde_json::to_string(&error).unwrap_or_default();
        self.with(([(header::CONTENT_TYPE, "application/json")], body).into_response())
    }

    /// A small page that needs no script and no database.
    pub fn page(&self, language: Language) -> Response {
        let Said { title, sentence } = self.said(language);
        let home = own::home(language);
        let start = match self {
            Self::WrongHost { origin } => origin.clone(),
            _ => "/".to_owned(),
        };
        let body = view! {
            <h1>{title}</h1>
            <p>{sentence}</p>
            <p>
                <a href=start>{home}</a>
            </p>
        };
        self.with(Html(document(language, title, body)).into_response())
    }

    fn with(&self, mut response: Response) -> Response {
        *response.status_mut() = self.status();
        if let Self::Busy { retry_after } = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*retry_after));
        }
        response
    }

    fn said(&self, language: Language) -> Said {
        match self {
            Self::Malformed => own::malformed(language),
            Self::NotFromHere => own::not_from_here(language),
            Self::NotFound => own::not_found(language),
            Self::TooSlow => own::too_slow(language),
            Self::TooLarge => own::too_large(language),
            Self::NotAForm => own::not_a_form(language),
            Self::WrongHost { origin } => own::wrong_host(language, origin),
            Self::NotSetUp => own::not_set_up(language),
            Self::Busy { .. } => own::busy(language),
            Self::Broken { reference } => own::broken(language, reference),
        }
    }
}

/// The style of the server's own pages, which does not depend on what was built beside it.
pub const STYLE: &str = include_str!("server.css");
/// Where it is served.
pub const STYLE_PATH: &str = "/server.css";

/// A document of the server's own.
pub fn document(language: Language, title: &str, body: impl IntoView) -> String {
    let document = view! {
        <html lang=language.tag()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <title>{title.to_owned()}</title>
                <link rel="stylesheet" href=STYLE_PATH />
            </head>
            <body>
                <main>{body.into_view()}</main>
            </body>
        </html>
    };
    format!("<!DOCTYPE html>{}", document.to_html())
}
