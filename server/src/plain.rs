//! Answers of the server itself, for when there is no page to say it: short, in the reader's
//! language, and without a word about the inside.

use app::api::ApiError;
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
        let Words { title, sentence, home } = self.words(language);
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

    fn words(&self, language: Language) -> Words {
        let (title, sentence) = match language {
            Language::En => self.english(),
            Language::De => self.german(),
        };
        let home = match language {
            Language::En => "To the start page",
            Language::De => "Zur Startseite",
        };
        Words { title, sentence, home }
    }

    fn english(&self) -> (&'static str, String) {
        let (title, sentence) = match self {
            Self::Malformed => (
                "That was not understood",
                "Parts of the form were missing, doubled or damaged, so nothing was changed. Go back, reload the page and try again.",
            ),
            Self::NotFromHere => (
                "That came from another site",
                "For your safety, forms are accepted only from this site's own pages. Nothing was changed. Open the page again and repeat what you did.",
            ),
            Self::NotFound => {
                ("Page not found", "There is nothing at this address. It may have been mistyped.")
            }
            Self::TooSlow => (
                "That took too long",
                "The form did not arrive in time, so nothing was changed. Check your connection and send it again.",
            ),
            Self::TooLarge => (
                "That is too large",
                "A form may hold 64 KiB at most. Nothing was changed. Go back and shorten what you entered.",
            ),
            Self::NotAForm => (
                "That was not understood",
                "Only forms are accepted here. Nothing was changed. Go back, reload the page and try again.",
            ),
            Self::WrongHost { origin } => {
                let sentence = format!("This server is found at {origin} and under no other name.");
                return ("Wrong address", sentence);
            }
            Self::NotSetUp => (
                "Nobody is here yet",
                "This server has just been installed. Its operator creates the first account with “rekey staff create”.",
            ),
            Self::Busy { .. } => {
                ("Too busy at the moment", "Nothing was changed. Wait a few seconds and try again.")
            }
            Self::Broken { reference } => {
                let sentence = "Something went wrong on the server. Try again; if it happens again, tell your support";
                return ("Something went wrong", with_reference(sentence, reference));
            }
        };
        (title, sentence.to_owned())
    }

    fn german(&self) -> (&'static str, String) {
        let (title, sentence) = match self {
            Self::Malformed => (
                "Das wurde nicht verstanden",
                "Teile des Formulars fehlten, kamen doppelt oder beschädigt an; geändert wurde nichts. Gehen Sie zurück, laden Sie die Seite neu und versuchen Sie es noch einmal.",
            ),
            Self::NotFromHere => (
                "Das kam von einer anderen Website",
                "Zu Ihrer Sicherheit werden Formulare nur von den eigenen Seiten angenommen. Geändert wurde nichts. Öffnen Sie die Seite neu und wiederholen Sie Ihre Eingabe.",
            ),
            Self::NotFound => (
                "Seite nicht gefunden",
                "Unter dieser Adresse gibt es nichts. Vielleicht ist sie falsch geschrieben.",
            ),
            Self::TooSlow => (
                "Das hat zu lange gedauert",
                "Das Formular kam nicht rechtzeitig an; geändert wurde nichts. Prüfen Sie Ihre Verbindung und senden Sie es noch einmal.",
            ),
            Self::TooLarge => (
                "Das ist zu groß",
                "Ein Formular darf höchstens 64 KiB groß sein. Geändert wurde nichts. Gehen Sie zurück und kürzen Sie Ihre Eingabe.",
            ),
            Self::NotAForm => (
                "Das wurde nicht verstanden",
                "Hier werden nur Formulare angenommen. Geändert wurde nichts. Gehen Sie zurück, laden Sie die Seite neu und versuchen Sie es noch einmal.",
            ),
            Self::WrongHost { origin } => {
                let sentence = format!(
                    "Dieser Server ist unter {origin} zu finden und unter keinem anderen Namen."
                );
                return ("Falsche Adresse", sentence);
            }
            Self::NotSetUp => (
                "Hier ist noch niemand",
                "Dieser Server ist eben erst eingerichtet worden. Sein Betreiber legt das erste Konto mit „rekey staff create“ an.",
            ),
            Self::Busy { .. } => (
                "Im Moment zu viel zu tun",
                "Geändert wurde nichts. Warten Sie einige Sekunden und versuchen Sie es noch einmal.",
            ),
            Self::Broken { reference } => {
                let sentence = "Auf dem Server ist etwas schiefgegangen. Versuchen Sie es noch einmal; wenn es wieder geschieht, sagen Sie es Ihrem Support";
                return ("Etwas ist schiefgegangen", with_reference(sentence, reference));
            }
        };
        (title, sentence.to_owned())
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

struct Words {
    title: &'static str,
    sentence: String,
    home: &'static str,
}

fn with_reference(sentence: &str, reference: &str) -> String {
    if reference.is_empty() { format!("{sentence}.") } else { format!("{sentence}: {reference}") }
}
