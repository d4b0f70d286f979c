//! `/developers`: the description of the API, for people. It is drawn here from the document that
//! programs get, without a script, and in English like it.

use axum::response::{Html, IntoResponse, Response};
use leptos::prelude::*;
use model::account::Language;
use serde_json::Value;

use super::{document::DOCUMENT, problem::Kind};
use crate::plain;

/// The page.
pub async fn page() -> Response {
    let title = "API reference";
    let empty = serde_json::Map::new();
    let tags = DOCUMENT["tags"].as_array().cloned().unwrap_or_default();
    let operations: Vec<(String, String, &Value)> = DOCUMENT["paths"]
        .as_object()
        .unwrap_or(&empty)
        .iter()
        .flat_map(|(path, item)| {
            let item = item.as_object().into_iter().flatten();
            item.map(move |(method, operation)| (path.clone(), method.to_uppercase(), operation))
        })
        .collect();
    let contents = tags
        .iter()
        .map(|tag| {
            let name = text(&tag["name"]);
            let lines = operations
                .iter()
                .filter(|(_, _, operation)| operation["tags"][0] == tag["name"])
                .map(|(_, _, operation)| {
                    let to = format!("#{}", text(&operation["operationId"]));
                    view! { <li><a href=to>{text(&operation["summary"])}</a></li> }
                })
                .collect_view();
            view! { <li>{capital(&name)} <ul>{lines}</ul></li> }
        })
        .collect_view();
    let sections = tags
        .iter()
        .map(|tag| {
            let name = text(&tag["name"]);
            let shown = operations
                .iter()
                .filter(|(_, _, operation)| operation["tags"][0] == tag["name"])
                .map(|(path, method, operation)| described(path, method, operation))
                .collect_view();
            view! {
                <section>
                    <h2 class="noun" id=name.clone()>{capital(&name)}</h2>
                    <p class="quiet">{text(&tag["description"])}</p>
                    {shown}
                </section>
            }
        })
        .collect_view();
    let schemas = DOCUMENT["components"]["schemas"]
        .as_object()
        .unwrap_or(&empty)
        .iter()
        .map(|(name, schema)| {
            view! {
                <h3 id=format!("schema-{name}")>{name.clone()}</h3>
                <p class="quiet">{text(&schema["description"])}</p>
                {fields(schema)}
            }
        })
        .collect_view();
    let body = view! {
        <h1>{title}</h1>
        <p>{text(&DOCUMENT["info"]["description"])}</p>
        <p>
            "Programs send a key with each request: "
            <code>"Authorization: Bearer rk_…"</code>
            ". Keys are made at the portal, at " <a href="/organization/api">"Organization → API"</a>
            ". The same description for programs: "
            <a href="/api/v1/openapi.json">"openapi.json"</a> " (OpenAPI 3.1)."
        </p>
        <nav aria-label="Contents">
            <ul class="contents">
                {contents} <li><a href="#problems">"Problems"</a></li>
                <li><a href="#schemas">"Schemas"</a></li>
            </ul>
        </nav>
        {sections}
        <section>
            <h2 class="noun" id="problems">"Problems"</h2>
            <p class="quiet">
                "What does not happen is answered as application/problem+json (RFC 9457). Programs tell problems apart by "
                <code>"type"</code> ", which ends with one of these words."
            </p>
            <dl class="fields">{problems()}</dl>
        </section>
        <section>
            <h2 class="noun" id="schemas">"Schemas"</h2>
            {schemas}
        </section>
    };
    Html(plain::document(Language::En, title, body)).into_response()
}

/// Every problem, by the word that programs tell it by.
fn problems() -> AnyView {
    Kind::ALL
        .into_iter()
        .map(|kind| {
            view! {
                <dt id=kind.word()>
                    <code>{kind.word()}</code>
                    {format!(" {} · {}", kind.status().as_u16(), kind.title())}
                </dt>
                <dd>{kind.advice()}</dd>
            }
        })
        .collect_view()
        .into_any()
}

/// One operation.
fn described(path: &str, method: &str, operation: &Value) -> AnyView {
    let parameters: Vec<(String, String, AnyView)> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(followed)
        .map(|parameter| {
            let note = match (text(&parameter["in"]).as_str(), parameter["required"] == true) {
                (place, true) => format!("{place}, required"),
                (place, false) => place.to_owned(),
            };
            (text(&parameter["name"]), note, meant(&parameter["schema"], &parameter["description"]))
        })
        .collect();
    let parameters =
        (!parameters.is_empty()).then(|| view! { <h4>"Parameters"</h4> {listed(parameters)} });
    let body = operation["requestBody"]["content"]["application/json"]["schema"].as_object().map(
        |schema| {
            let schema = Value::Object(schema.clone());
            view! { <h4>"Body"</h4> <p>{kind_of(&schema)}</p> }
        },
    );
    let answers: Vec<(String, String, AnyView)> = operation["responses"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(status, answer)| {
            let content = answer["content"].as_object().into_iter().flatten().next();
            let kind = content
                .filter(|_| status.starts_with('2'))
                .map(|(_, content)| view! { " " {kind_of(&content["schema"])} });
            let said = view! { {marked(&text(&answer["description"]))} {kind} }.into_any();
            (status.clone(), String::new(), said)
        })
        .collect();
    view! {
        <article>
            <h3 id=text(&operation["operationId"])>{text(&operation["summary"])}</h3>
            <p class="call"><strong>{method.to_owned()}</strong> " " <code>{path.to_owned()}</code></p>
            <p>{marked(&text(&operation["description"]))}</p>
            {parameters}
            {body}
            <details>
                <summary>"Answers"</summary>
                {listed(answers)}
            </details>
        </article>
    }
    .into_any()
}

/// The fields of a schema.
fn fields(schema: &Value) -> AnyView {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let lines = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, property)| {
            let is_required = required.iter().any(|one| one == name);
            let note = if is_required { "required" } else { "" };
            (name.clone(), note.to_owned(), meant(property, &property["description"]))
        })
        .collect();
    listed(lines)
}

/// Names, notes, and what is to be said about them.
fn listed(lines: Vec<(String, String, AnyView)>) -> AnyView {
    let lines = lines
        .into_iter()
        .map(|(name, note, said)| {
            let note = (!note.is_empty()).then(|| view! { <span>{format!(" {note}")}</span> });
            view! {
                <dt><code>{name}</code> {note}</dt>
                <dd>{said}</dd>
            }
        })
        .collect_view();
    view! { <dl class="fields">{lines}</dl> }.into_any()
}

/// What a value is, and what it stands for.
fn meant(schema: &Value, description: &Value) -> AnyView {
    let words = schema["enum"].as_array().filter(|words| words.len() > 1).map(|words| {
        let words: Vec<String> = words.iter().filter(|word| !word.is_null()).map(text).collect();
        let many = words.len() > 8;
        let words = words.join(" · ");
        if many {
            view! {
                <details>
                    <summary>"One of these words"</summary>
                    <code>{words}</code>
                </details>
            }
            .into_any()
        } else {
            view! { " One of: " <code>{words}</code> }.into_any()
        }
    });
    view! { <span>{kind_of(schema)} " · "</span> {marked(&text(description))} {words} }.into_any()
}

/// The kind of a value; where it is described elsewhere, with the way there.
fn kind_of(schema: &Value) -> AnyView {
    if let Some(to) = schema["$ref"].as_str() {
        let name = to.rsplit('/').next().unwrap_or_default().to_owned();
        return view! { <a href=format!("#schema-{name}")>{name.clone()}</a> }.into_any();
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let is_known = |choice: &&Value| choice["$ref"].is_string();
        let known = choices.iter().find(is_known).map(kind_of);
        return view! { {known} " or null" }.into_any();
    }
    if schema["items"].is_object() {
        return view! { "list of " {kind_of(&schema["items"])} }.into_any();
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
        kind => text(kind),
    };
    let format = schema["format"].as_str().map(|format| format!(" ({format})"));
    view! { {kinds} {format} }.into_any()
}

/// A parameter, where it is described elsewhere.
fn followed(parameter: &Value) -> &Value {
    let place = parameter["$ref"].as_str().and_then(|to| to.strip_prefix('#'));
    place.and_then(|place| DOCUMENT.pointer(place)).unwrap_or(parameter)
}

/// Text in which what stands between backticks is code.
fn marked(text: &str) -> Vec<AnyView> {
    let pieces = text.split('`').enumerate();
    pieces
        .map(|(place, piece)| {
            let piece = piece.to_owned();
            if place % 2 == 1 {
                view! { <code>{piece}</code> }.into_any()
            } else {
                piece.into_any()
            }
        })
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
