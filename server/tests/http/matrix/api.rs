//! The same for programs: every operation of the API, asked with a key for each permission of each
//! organization, for what is its own, below it, above it and beside it, for what does not exist; and
//! with keys that are none. The table is held against the description that the API gives of itself.

use std::collections::BTreeSet;

use axum::http::Method;
use model::{api_key::KeyMade, permission::Permission};
use serde_json::Value;
use uuid::Uuid;

use super::{
    EditCustomers, Matrix, NONE, ORGANIZATIONS, ReadAudit, ReadCustomers, SendLink, Thing,
    is_within,
};
use crate::world::{Answer, Asking, get, post};

/// An operation: its method and path, what it takes, what it names and where, and a body with which
/// it would do something.
struct Operation {
    method: &'static str,
    path: &'static str,
    takes: Permission,
    about: Option<Thing>,
    body: &'static str,
}

const fn reads(path: &'static str, takes: Permission, about: Option<Thing>) -> Operation {
    Operation { method: "GET", path, takes, about, body: "" }
}

const fn writes(
    method: &'static str,
    path: &'static str,
    takes: Permission,
    about: Option<Thing>,
    body: &'static str,
) -> Operation {
    Operation { method, path, takes, about, body }
}

const CUSTOMER: Option<Thing> = Some(Thing::Customer);
const ORGANIZATION: Option<Thing> = Some(Thing::Organization);

/// Every operation there is; what is named stands where `{id}` does.
const OPERATIONS: [Operation; 20] = [
    reads("/customers", ReadCustomers, None),
    reads("/customers?organization={id}", ReadCustomers, ORGANIZATION),
    reads("/customers/{id}", ReadCustomers, CUSTOMER),
    reads("/customers/{id}/consent", ReadCustomers, CUSTOMER),
    reads("/resets", ReadCustomers, None),
    reads("/resets?organization={id}", ReadCustomers, ORGANIZATION),
    reads("/resets/{id}", ReadCustomers, Some(Thing::Reset)),
    reads("/audit", ReadAudit, None),
    reads("/audit?organization={id}", ReadAudit, ORGANIZATION),
    reads("/audit/{id}", ReadAudit, Some(Thing::Entry)),
    reads("/organizations", ReadCustomers, None),
    reads("/organizations/{id}", ReadCustomers, ORGANIZATION),
    writes(
        "POST",
        "/customers",
        EditCustomers,
        ORGANIZATION,
        r#"{"organization":"{id}","name":"Nia","email":"{new}@new.example","language":"en","first_password":"later"}"#,
    ),
    writes("PATCH", "/customers/{id}", EditCustomers, CUSTOMER, r#"{"company":"{new}"}"#),
    writes(
        "POST",
        "/customers/{id}/suspend",
        EditCustomers,
        CUSTOMER,
        r#"{"reason":"They asked"}"#,
    ),
    writes("POST", "/customers/{id}/resume", EditCustomers, CUSTOMER, ""),
    writes("POST", "/customers/{id}/resets", SendLink, CUSTOMER, r#"{"reason":"They asked"}"#),
    writes(
        "POST",
        "/customers/{id}/resets",
        SendLink,
        CUSTOMER,
        r#"{"reason":"They asked","delivery":"typed"}"#,
    ),
    writes("DELETE", "/customers/{id}/links", SendLink, CUSTOMER, ""),
    writes("DELETE", "/customers/{id}", EditCustomers, CUSTOMER, ""),
];

/// A request of a program.
pub fn ask(method: &str, path: &str, key: &str, body: &str) -> Asking {
    let method: Method = method.parse().unwrap();
    let asking = get(&format!("/api/v1{path}")).by(method);
    let asking = if key.is_empty() {
        asking
    } else {
        asking.with("authorization", &format!("Bearer {key}"))
    };
    if body.is_empty() {
        asking
    } else {
        let mut asking = asking.with("content-type", "application/json");
        *asking.0.body_mut() = body.to_owned().into();
        asking
    }
}

/// A problem as the API tells it.
#[track_caller]
pub fn problem(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
    let problem: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(problem["status"], answer.status.as_u16());
    assert_eq!(problem["instance"], answer.header("x-request-id"));
    let kind = problem["type"].as_str().unwrap();
    kind.strip_prefix("/developers#").unwrap().to_owned()
}

/// Makes a key, by the form of the page.
pub fn makes(
    world: &crate::world::World,
    cookie: &str,
    scope: Option<Uuid>,
    permissions: &[Permission],
) -> KeyMade {
    let scope = scope.map(|id| id.to_string());
    let words: Vec<String> = permissions.iter().map(Permission::to_string).collect();
    let mut fields = vec![("name", "Matrix")];
    fields.extend(scope.as_deref().map(|scope| ("scope", scope)));
    fields.extend(words.iter().map(|word| (word.as_str(), "true")));
    let answer = world.ask(post("/api/organization/make-api-key", &fields).with("cookie", cookie));
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

/// What the table leaves out of what the API says of itself, and the other way round.
fn every_operation_is_there(matrix: &Matrix) {
    let described = matrix.world.ask(get("/api/v1/openapi.json"));
    let described: Value = serde_json::from_str(&described.body).unwrap();
    let there: BTreeSet<String> = described["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let path = path.strip_prefix("/api/v1").unwrap().to_owned();
            let methods: Vec<String> = item.as_object().unwrap().keys().cloned().collect();
            methods.into_iter().map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let known: BTreeSet<String> = OPERATIONS
        .iter()
        .filter(|operation| !operation.path.contains('?'))
        .map(|operation| format!("{} {}", operation.method, operation.path))
        .collect();
    assert_eq!(known, there, "each operation is in the table, and nothing else is");
}

/// Asks everything. What would be changed for good comes last, for each organization once.
pub(super) fn ask_the_api(matrix: &Matrix) {
    every_operation_is_there(matrix);
    let world = &matrix.world;
    let mut number = 0;
    let mut call = |operation: &Operation, key: &str, id: Uuid| {
        number += 1;
        let id = id.to_string();
        let path = operation.path.replace("{id}", &id);
        let body = operation.body.replace("{id}", &id).replace("{new}", &format!("new-{number}"));
        world.ask(ask(operation.method, &path, key, &body))
    };
    let mut keys = Vec::new();
    for (organization, _) in ORGANIZATIONS {
        let owner = matrix
            .askers
            .iter()
            .find(|asker| asker.staff == Some((model::account::Role::Owner, organization)))
            .unwrap();
        for permission in Permission::OF_KEYS {
            let made = makes(world, &owner.cookie, None, &[permission]);
            keys.push((organization, permission, made.key));
        }
    }
    let seen_by = |takes: Permission, given: Permission| {
        takes == given || takes == ReadCustomers && matches!(given, EditCustomers | SendLink)
    };
    let before = matrix.stored_but_throttles();
    for operation in &OPERATIONS {
        let what = format!("{} {}", operation.method, operation.path);
        for none in ["", "rk_0123456789abcdef_AAAA", "nonsense"] {
            let answer = call(operation, none, NONE);
            assert_eq!((answer.status.as_u16(), &*problem(&answer)), (401, "key-needed"), "{what}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    assert_eq!(before, matrix.stored_but_throttles(), "whoever has no key changes nothing");
    for operation in &OPERATIONS {
        let what = format!("{} {}", operation.method, operation.path);
        for (own, given, key) in &keys {
            let who = format!("a key of {own} to {given} at {what}");
            let may = seen_by(operation.takes, *given);
            let Some(thing) = operation.about else {
                let answer = call(operation, key, NONE);
                let expected = if may { 200 } else { 403 };
                assert_eq!(answer.status.as_u16(), expected, "{who}: {answer:?}");
                continue;
            };
            let missing = call(operation, key, NONE);
            let told = problem(&missing);
            assert_eq!(told, if may { "not-found" } else { "not-permitted" }, "{who}: {missing:?}");
            for (organization, _) in ORGANIZATIONS {
                let id = matrix.things[&(organization, thing)];
                if !is_within(organization, own) {
                    let foreign = call(operation, key, id);
                    assert_eq!(problem(&foreign), told, "{who}, of {organization}: {foreign:?}");
                } else if !may {
                    let refused = call(operation, key, id);
                    assert_eq!(problem(&refused), "not-permitted", "{who}, of {organization}");
                } else if operation.method == "DELETE" && operation.path == "/customers/{id}" {
                    // Once each, by its own organization: afterwards there is nothing to ask about.
                    if organization == *own && *given == EditCustomers {
                        assert_eq!(call(operation, key, id).status, 204, "{who}");
                    }
                } else if operation.body.contains("typed") {
                    let refused = call(operation, key, id);
                    assert_eq!(problem(&refused), "person-needed", "{who}, of {organization}");
                } else {
                    let answer = call(operation, key, id);
                    // A day's work of many keys may be more than a budget holds.
                    let is_done = answer.status.is_success()
                        || operation.takes == SendLink && answer.status == 429;
                    assert!(is_done, "{who}, of {organization}: {answer:?}");
                }
            }
        }
    }
}
