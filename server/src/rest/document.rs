//! The description of the API (`OpenAPI` 3.1), made from the code that answers. What every request may
//! be answered is added here, and which words a text may be.

use std::sync::LazyLock;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use model::{
    account::Language,
    audit::AuditKind,
    customer::{CustomerOrder, CustomerState},
    reset::{Delivery, ResetState},
};
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::{
    asking::word,
    audit, consents, customers, organizations,
    problem::{self, Kind, ProblemDetails},
    resets,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rekey",
        description = "The API by which programs look after customers. It does what staff do at the portal, by the same rules, and every change stands in the audit log.",
        license(name = "AGPL-3.0-or-later", identifier = "AGPL-3.0-or-later"),
    ),
    servers((url = "/", description = "The portal that this description comes from.")),
    tags(
        (name = "customers", description = "Those who are looked after."),
        (name = "consents", description = "What customers let staff do with their passwords."),
        (name = "resets", description = "Changes of passwords."),
        (name = "audit", description = "What happened."),
        (name = "organizations", description = "Who looks after customers."),
    ),
    paths(
        customers::list,
        customers::create,
        customers::view,
        customers::change,
        customers::delete,
        customers::suspend,
        customers::resume,
        consents::view,
        resets::start,
        resets::cancel_links,
        resets::list,
        resets::view,
        audit::list,
        audit::view,
        organizations::list,
        organizations::view,
    ),
    components(schemas(ProblemDetails)),
)]
struct Described;

/// The description.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = serde_json::to_value(Described::openapi()).unwrap_or_default();
    document["info"]["version"] = json!("1");
    document["components"]["securitySchemes"] = json!({
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "A key, made at Organization → API: `Authorization: Bearer rk_…`",
        }
    });
    document["security"] = json!([{ "key": [] }]);
    add_headers(&mut document);
    for operation in operations(&mut document) {
        add_answers(operation);
    }
    add_words(&mut document);
    document
});

/// `/api/v1/openapi.json`.
pub async fn json() -> Response {
    static TEXT: LazyLock<String> =
        LazyLock::new(|| serde_json::to_string(&*DOCUMENT).unwrap_or_default());
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}

/// Each operation, with its method.
fn operations(document: &mut Value) -> Vec<(String, &mut Map<String, Value>)> {
    let paths = document["paths"].as_object_mut();
    paths
        .into_iter()
        .flat_map(|paths| paths.values_mut())
        .filter_map(Value::as_object_mut)
        .flatten()
        .filter_map(|(method, operation)| Some((method.clone(), operation.as_object_mut()?)))
        .collect()
}

fn add_headers(document: &mut Value) {
    let text =
        |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    let number = |description: &str| json!({ "description": description, "schema": { "type": "integer", "minimum": 0 } });
    document["components"]["headers"] = json!({
        "RateLimit": text("What is left of the allowance: `r` requests now, all of them in `t` seconds."),
        "RateLimit-Policy": text("The allowance: `q` requests in `w` seconds."),
        "Retry-After": number("Seconds after which trying again makes sense."),
        "X-Request-Id": text("The request’s name in the server’s log."),
    });
    document["components"]["parameters"] = json!({
        "Idempotency-Key": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "A name for this request, new for each. Sent again within a day, the request is answered as before, and nothing is done twice.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
        }
    });
}

/// What every operation may answer beside what it is there for.
fn add_answers((method, operation): (String, &mut Map<String, Value>)) {
    let changes = method != "get";
    let has_body = operation.contains_key("requestBody");
    if changes {
        let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
        if let Some(parameters) = parameters.as_array_mut() {
            parameters.push(json!({ "$ref": "#/components/parameters/Idempotency-Key" }));
        }
    }
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else {
        return;
    };
    let applies = |kind: &Kind| match kind {
        Kind::NotAMethod | Kind::Changed => false,
        Kind::NotPossible | Kind::Running => changes,
        Kind::NotJson => has_body,
        _ => true,
    };
    for kind in Kind::ALL.into_iter().filter(applies) {
        let status = kind.status().as_u16().to_string();
        let answer = responses.entry(status).or_insert_with(|| {
            json!({
                "description": "",
                "content": {
                    problem::MEDIA_TYPE: {
                        "schema": { "$ref": "#/components/schemas/ProblemDetails" }
                    }
                }
            })
        });
        let said = answer["description"].as_str().unwrap_or_default();
        let separator = if said.is_empty() { "" } else { " " };
        let said = format!("{said}{separator}{} (`{}`).", kind.title(), kind.word());
        answer["description"] = json!(said);
    }
    for (status, answer) in responses {
        let Some(headers) = answer.as_object_mut().and_then(|answer| {
            answer.entry("headers").or_insert_with(|| json!({})).as_object_mut()
        }) else {
            continue;
        };
        let mut names = vec!["X-Request-Id"];
        // Whoever has no key that works has no allowance either.
        if !["401", "421", "429", "500", "503"].contains(&status.as_str()) {
            names.extend(["RateLimit", "RateLimit-Policy"]);
        }
        if ["429", "503"].contains(&status.as_str()) {
            names.push("Retry-After");
        }
        for name in names {
            headers.insert(name.into(), json!({ "$ref": format!("#/components/headers/{name}") }));
        }
    }
}

/// Which words a text may be.
fn add_words(document: &mut Value) {
    fn all<T: serde::Serialize>(values: &[T]) -> Vec<String> {
        values.iter().map(word).collect()
    }
    let languages: Vec<String> =
        Language::ALL.iter().map(|language| language.tag().to_owned()).collect();
    let first: Vec<String> = ["invitation", "later"].map(str::to_owned).to_vec();
    let parameters = [
        ("state", "findCustomers", all(&CustomerState::ALL)),
        ("order", "findCustomers", all(&CustomerOrder::ALL)),
        ("state", "listResets", all(ResetState::ALL)),
        ("kind", "readAudit", all(AuditKind::ALL)),
    ];
    for (_, operation) in operations(document) {
        let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
        let listed = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in listed.into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            // What is left out is not sent as nothing.
            if parameter["in"] == "query"
                && let Some(kind) = parameter["schema"].get_mut("type")
                && let Some(kinds) = kind.as_array()
            {
                *kind = kinds.iter().find(|kind| *kind != "null").cloned().unwrap_or_default();
            }
            for (known, operation, words) in &parameters {
                if name == *known && id == *operation {
                    parameter["schema"]["enum"] = json!(words);
                }
            }
        }
    }
    for (schema, property, words) in [
        ("NewCustomer", "language", &languages),
        ("NewCustomer", "first_password", &first),
        ("Customer", "language", &languages),
        ("NewReset", "delivery", &all(&Delivery::BY_STAFF)),
        ("Reset", "state", &all(ResetState::ALL)),
        ("AuditEntry", "kind", &all(AuditKind::ALL)),
    ] {
        document["components"]["schemas"][schema]["properties"][property]["enum"] = json!(words);
    }
    let mut with_none: Vec<Value> = languages.iter().map(|tag| json!(tag)).collect();
    with_none.push(Value::Null);
    document["components"]["schemas"]["CustomerChange"]["properties"]["language"]["enum"] =
        json!(with_none);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        fn check(value: &Value) {
            match value {
                Value::Object(fields) => {
                    if let Some(Value::String(to)) = fields.get("$ref") {
                        let place = to.strip_prefix('#').unwrap();
                        assert!(DOCUMENT.pointer(place).is_some(), "{to}");
                    }
                    fields.values().for_each(check);
                }
                Value::Array(items) => items.iter().for_each(check),
                _ => {}
            }
        }
        check(&DOCUMENT);
        assert_eq!(DOCUMENT["openapi"], "3.1.0");
    }

    #[test]
    fn every_operation_says_what_it_does_and_what_may_come_of_it() {
        let mut document = DOCUMENT.clone();
        let operations = operations(&mut document);
        assert!(operations.len() >= 16);
        for (method, operation) in operations {
            let id = operation["operationId"].as_str().unwrap();
            assert!(operation["summary"].is_string(), "{id}");
            let responses = operation["responses"].as_object().unwrap();
            for status in ["400", "401", "403", "404", "422", "429", "500", "503"] {
                assert!(responses.contains_key(status), "{id}: {status}");
            }
            assert_eq!(responses.contains_key("409"), method != "get", "{id}");
        }
    }
}
