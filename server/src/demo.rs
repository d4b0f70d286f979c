//! The demo's mailbox, `/demo/mail`: every mail that was sent, readable without a mail server.
//! It is never there when people are served.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use app::{
    request::RequestFacts,
    words::own::{Mailbox, mailbox},
};
use axum::{
    Router,
    extract::{Extension, Path as Segments},
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use leptos::prelude::*;
use mail_parser::{Message, MessageParser};
use model::account::Language;

use crate::{
    Server,
    plain::{self, Plain},
};

/// How many letters the list shows, the newest first.
const SHOWN: usize = 200;

/// The mailbox of this folder.
pub fn router(folder: PathBuf) -> Router<Arc<Server>> {
    let folder: Arc<Path> = folder.into();
    let (of_list, of_letter, of_html) = (Arc::clone(&folder), Arc::clone(&folder), folder);
    Router::new()
        .route(
            "/demo/mail",
            get(async move |Extension(facts): Extension<RequestFacts>| {
                list(&of_list, facts.language).await
            }),
        )
        .route(
            "/demo/mail/{name}",
            get(
                async move |Segments(name): Segments<String>,
                            Extension(facts): Extension<RequestFacts>| {
                    letter(&of_letter, &name, facts.language).await
                },
            ),
        )
        .route(
            "/demo/mail/{name}/html",
            get(
                async move |Segments(name): Segments<String>,
                            Extension(facts): Extension<RequestFacts>| {
                    html_part(&of_html, &name, facts.language).await
                },
            ),
        )
}

async fn list(folder: &Path, language: Language) -> Response {
    let Mailbox { title, explanation, empty, again, leave, to, .. } = mailbox(language);
    let mut letters = Vec::new();
    for (name, bytes) in newest(folder).await {
        if let Some(message) = MessageParser::default().parse(&bytes) {
            letters.push((name, Envelope::of(&message)));
        }
    }
    let letters = if letters.is_empty() {
        view! { <p>{empty}</p> }.into_any()
    } else {
        let line = |(name, envelope): (String, Envelope)| {
            view! {
                <li>
                    <a href=format!("/demo/mail/{name}")>
                        <strong>{envelope.subject}</strong>
                        <span>{format!("{to} {} · {}", envelope.to, envelope.date)}</span>
                    </a>
                </li>
            }
        };
        view! { <ul class="letters">{letters.into_iter().map(line).collect_view()}</ul> }.into_any()
    };
    let body = view! {
        <h1>{title}</h1>
        <p class="quiet">{explanation}</p>
        <p>
            <a href="/demo/mail">{again}</a>
            {" · "}
            <a href="/">{leave}</a>
        </p>
        {letters}
    };
    Html(plain::document(language, title, body)).into_response()
}

async fn letter(folder: &Path, name: &str, language: Language) -> Response {
    let Mailbox { back, to, with_markup, without_markup, .. } = mailbox(language);
    let Some(bytes) = read(folder, name).await else { return Plain::NotFound.page(language) };
    let Some(message) = MessageParser::default().parse(&bytes) else {
        return Plain::NotFound.page(language);
    };
    let envelope = Envelope::of(&message);
    let text = message.body_text(0).unwrap_or_default().into_owned();
    let has_html = message.html_part(0).is_some_and(mail_parser::MessagePart::is_text_html);
    let title = envelope.subject.clone();
    let body = view! {
        <p>
            <a href="/demo/mail">{back}</a>
        </p>
        <h1>{envelope.subject}</h1>
        <p class="quiet">{format!("{to} {} · {}", envelope.to, envelope.date)}</p>
        {has_html
            .then(|| {
                view! {
                    <h2>{with_markup}</h2>
                    <iframe
                        title=with_markup
                        src=format!("/demo/mail/{name}/html")
                        sandbox="allow-popups allow-top-navigation-by-user-activation"
                    ></iframe>
                }
            })}
        <h2>{without_markup}</h2>
        <pre>{with_links(&text)}</pre>
    };
    let mut response = Html(plain::document(language, &title, body)).into_response();
    policy(
        &mut response,
        "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    response
}

/// The HTML part alone, for the frame: it may show itself and nothing else.
async fn html_part(folder: &Path, name: &str, language: Language) -> Response {
    let Some(bytes) = read(folder, name).await else { return Plain::NotFound.page(language) };
    let message = MessageParser::default().parse(&bytes);
    let Some(html) = message.as_ref().and_then(|message| message.body_html(0)) else {
        return Plain::NotFound.page(language);
    };
    // Links open in place of the whole mailbox: our pages refuse to be framed.
    let base = r#"<base target="_top">"#;
    let html = match html.find("<head>") {
        Some(at) => format!("{}{base}{}", &html[..at + 6], &html[at + 6..]),
        None => format!("{base}{html}"),
    };
    let mut response = Html(html).into_response();
    policy(
        &mut response,
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-top-navigation-by-user-activation",
    );
    // What a link leads to must not learn which letter it was in.
    let quiet = HeaderName::from_static("referrer-policy");
    response.headers_mut().insert(quiet, HeaderValue::from_static("no-referrer"));
    response
}

fn policy(response: &mut Response, policy: &'static str) {
    let policy = HeaderValue::from_static(policy);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
}

/// What stands on a letter.
struct Envelope {
    subject: String,
    to: String,
    date: String,
}

impl Envelope {
    fn of(message: &Message<'_>) -> Self {
        let to = message.to().and_then(|to| to.first()).and_then(|to| to.address());
        let date = message.date().map(|date| {
            format!(
                "{}-{:02}-{:02} {:02}:{:02}:{:02} UTC",
                date.year, date.month, date.day, date.hour, date.minute, date.second
            )
        });
        Self {
            subject: message.subject().unwrap_or("…").to_owned(),
            to: to.unwrap_or("…").to_owned(),
            date: date.unwrap_or_default(),
        }
    }
}

/// The newest letters, with their names.
async fn newest(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut names: Vec<(SystemTime, String)> = Vec::new();
    // Before the first letter there is no folder.
    if let Ok(mut entries) = tokio::fs::read_dir(folder).await {
        while let Ok(Some(entry)) = entries.next_entry().await {
            let written = entry.metadata().await.and_then(|metadata| metadata.modified());
            if let (Ok(name), Ok(written)) = (entry.file_name().into_string(), written)
                && is_letter(&name)
            {
                names.push((written, name));
            }
        }
    }
    names.sort_by(|a, b| b.cmp(a));
    names.truncate(SHOWN);
    let mut letters = Vec::with_capacity(names.len());
    for (_, name) in names {
        if let Some(bytes) = read(folder, &name).await {
            letters.push((name, bytes));
        }
    }
    letters
}

async fn read(folder: &Path, name: &str) -> Option<Vec<u8>> {
    if !is_letter(name) {
        return None;
    }
    tokio::fs::read(folder.join(name)).await.ok()
}

/// A plain file name as the mail folder writes them; nothing that leads out of the folder.
fn is_letter(name: &str) -> bool {
    name.strip_suffix(".eml").is_some_and(|stem| {
        !stem.is_empty()
            && stem.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    })
}

/// The text with its links made clickable.
fn with_links(text: &str) -> Vec<AnyView> {
    let mut views = Vec::new();
    let mut rest = text;
    while let Some(at) = ["https://", "http://"].iter().filter_map(|s| rest.find(s)).min() {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"'));
        let link = &from[..end.unwrap_or(from.len())];
        // A full stop ends the sentence, not the link.
        let link = link.trim_end_matches(['.', ',', ')', ';', ':', '!', '?']);
        views.push(before.to_owned().into_any());
        views.push(view! { <a href=link.to_owned()>{link.to_owned()}</a> }.into_any());
        rest = &from[link.len()..];
    }
    views.push(rest.to_owned().into_any());
    views
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_letters_are_read() {
        assert!(is_letter("0198-ab_c.eml"));
        for name in
            ["../master.key", "a/b.eml", ".eml", ".part.eml", "a.eml.txt", "%2e.eml", "a\\b.eml"]
        {
            assert!(!is_letter(name), "{name}");
        }
    }

    #[test]
    fn links_in_text_can_be_followed() {
        let html = with_links("See <http://localhost:3000/reset/1/t>.\nOr https://a.example/b.")
            .into_iter()
            .map(RenderHtml::to_html)
            .collect::<String>()
            // What tells pieces apart for the browser that takes the page over.
            .replace("<!>", "");
        assert!(
            html.contains(
                r#"<a href="http://localhost:3000/reset/1/t">http://localhost:3000/reset/1/t</a>"#
            ),
            "{html}"
        );
        assert!(
            html.contains(r#"<a href="https://a.example/b">https://a.example/b</a>."#),
            "{html}"
        );
        assert!(html.contains("See &lt;"), "{html}");
    }
}
