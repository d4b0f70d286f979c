//! The API over HTTP, on both databases: what is answered, and how; what counts and what does not.

use std::collections::BTreeSet;

use model::permission::Permission;
use serde_json::{Value, json};

use crate::{
    matrix::api::{ask, makes, problem},
    world::{Answer, World, get, post},
};

/// A program with a key of Northwind's owner that may do everything.
struct Program<'a> {
    world: &'a World,
    key: String,
    cookie: String,
}

impl<'a> Program<'a> {
    fn new(world: &'a World) -> Self {
        let session = |answer: &Answer| {
            let cookies = answer.cookies();
            let session = cookies.iter().find(|cookie| cookie.starts_with("rekey=")).unwrap();
            session.split(';').next().unwrap().to_owned()
        };
        let fields = [("name", "olivia@northwind.example"), ("password", portal::DEMO_PASSWORD)];
        let cookie = session(&world.ask(post("/api/session/sign-in", &fields)));
        let proof = post("/api/session/step-up", &[("password", portal::DEMO_PASSWORD)]);
        let cookie = session(&world.ask(proof.with("cookie", &cookie)));
        let key = makes(world, &cookie, None, &Permission::OF_KEYS).key;
        Self { world, key, cookie }
    }

    fn asks(&self, method: &str, path: &str, body: &str) -> Answer {
        self.world.ask(ask(method, path, &self.key, body))
    }

    fn reads(&self, path: &str) -> Value {
        let answer = self.asks("GET", path, "");
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        serde_json::from_str(&answer.body).unwrap()
    }

    fn creates(&self, email: &str) -> Answer {
        let body = new_customer(email);
        self.asks("POST", "/customers", &body)
    }
}

fn new_customer(email: &str) -> String {
    json!({ "name": "Nia Novak", "email": email, "language": "en", "first_password": "later" })
        .to_string()
}

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

fn tell(world: &World) {
    let program = Program::new(world);
    what_does_not_happen_is_told_as_a_problem(&program);
    a_key_counts_and_nothing_else(&program);
    every_answer_says_what_is_left(&program);
    the_same_request_is_answered_once(&program);
    a_change_is_meant_for_a_state(&program);
    a_reset_is_followed(&program);
    every_page_is_walked_once(&program);
}

fn what_does_not_happen_is_told_as_a_problem(program: &Program<'_>) {
    let large = format!(r#"{{"name":"{}"}}"#, "a".repeat(70_000));
    for (method, path, body, status, word) in [
        ("GET", "/nothing", "", 404, "not-found"),
        ("GET", "/customers/nobody", "", 404, "not-found"),
        ("PUT", "/customers", "", 405, "not-a-method"),
        ("OPTIONS", "/customers", "", 405, "not-a-method"),
        ("POST", "/customers", "{", 400, "malformed"),
        ("POST", "/customers", r#"{"name":1}"#, 400, "malformed"),
        ("POST", "/customers", r#"{"password":"x"}"#, 400, "malformed"),
        ("GET", "/customers?text=%ff", "", 400, "malformed"),
        ("POST", "/customers", &large, 413, "too-large"),
        ("GET", "/customers?stat=locked", "", 422, "invalid-fields"),
        ("GET", "/customers?state=tired", "", 422, "invalid-fields"),
        ("GET", "/customers?text=a&text=b", "", 422, "invalid-fields"),
        ("GET", "/audit?from=yesterday", "", 422, "invalid-fields"),
    ] {
        let answer = program.asks(method, path, body);
        assert_eq!(answer.status.as_u16(), status, "{method} {path}: {answer:?}");
        assert_eq!(problem(&answer), word, "{method} {path}: {answer:?}");
    }
    let answer = program.world.ask(
        ask("POST", "/customers", &program.key, "name=Nia")
            .instead("content-type", "application/x-www-form-urlencoded"),
    );
    assert_eq!((answer.status.as_u16(), &*problem(&answer)), (415, "not-json"));
    let answer = program.asks("PUT", "/customers", "");
    assert_eq!(answer.header("allow"), "GET,HEAD,POST");
    let body_of = |email: &str| new_customer(email).replace("Nia Novak", " ");
    let answer = program.asks("POST", "/customers", &body_of("nobody"));
    assert_eq!(problem(&answer), "invalid-fields");
    let errors = body(&answer)["errors"].clone();
    assert_eq!((&errors[0]["field"], &errors[0]["code"]), (&json!("name"), &json!("required")));
    assert_eq!(
        (&errors[1]["field"], &errors[1]["code"]),
        (&json!("email"), &json!("not_an_email"))
    );
    assert_eq!(errors[0]["detail"], "Please fill this in.");
}

fn a_key_counts_and_nothing_else(program: &Program<'_>) {
    let world = program.world;
    let with_cookie = || ask("GET", "/customers", "", "").with("cookie", &program.cookie);
    let answer = world.ask(with_cookie().with("sec-fetch-site", "same-origin"));
    assert_eq!((answer.status.as_u16(), &*problem(&answer)), (401, "key-needed"));
    for scheme in ["Basic", "Token"] {
        let authorization = format!("{scheme} {}", program.key);
        let answer =
            world.ask(ask("GET", "/customers", "", "").with("authorization", &authorization));
        assert_eq!(answer.status, 401);
    }
    let twice = ask("GET", "/customers", &program.key, "").with("authorization", "Bearer another");
    assert_eq!(world.ask(twice).status, 401);
    // No cookie counts, so that it does not matter where a request comes from; and no page of
    // another site reads the answer.
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        let email = format!("{name}@origins.example");
        let asking = ask("POST", "/customers", &program.key, &new_customer(&email));
        let answer = world.ask(asking.with(name, value));
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), "");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.cookies().is_empty());
    }
    let elsewhere = ask("GET", "/customers", &program.key, "").instead("host", "evil.example");
    let answer = world.ask(elsewhere);
    assert_eq!((answer.status.as_u16(), &*problem(&answer)), (421, "wrong-host"));
}

fn every_answer_says_what_is_left(program: &Program<'_>) {
    let left = |answer: &Answer| -> u32 {
        assert_eq!(answer.header("ratelimit-policy"), "\"requests\";q=600;w=60");
        let told = answer.header("ratelimit").strip_prefix("\"requests\";r=").unwrap();
        told.split(';').next().unwrap().parse().unwrap()
    };
    let first = left(&program.asks("GET", "/customers", ""));
    let second = left(&program.asks("GET", "/nothing", ""));
    assert!(second < 600 && second.abs_diff(first) < 10, "{first} {second}");
}

fn the_same_request_is_answered_once(program: &Program<'_>) {
    let world = program.world;
    let asks = |name: &str, body: &str| {
        let asking = ask("POST", "/customers", &program.key, body);
        world.ask(asking.with("idempotency-key", name))
    };
    let first = asks("order-1", &new_customer("once@orders.example"));
    assert_eq!(first.status, 201, "{first:?}");
    let again = asks("order-1", &new_customer("once@orders.example"));
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    for header in ["content-type", "location", "etag"] {
        assert!(!first.header(header).is_empty(), "{header}");
        assert_eq!(again.header(header), first.header(header));
    }
    assert_eq!(
        (first.header("idempotent-replayed"), again.header("idempotent-replayed")),
        ("", "true")
    );
    let other = asks("order-1", &new_customer("another@orders.example"));
    assert_eq!((other.status.as_u16(), &*problem(&other)), (422, "idempotency-key-reused"));
    // What a path does not know is never looked for among the answers.
    let unknown = ask("PATCH", "/customers", &program.key, "{}").with("idempotency-key", "order-1");
    assert_eq!(world.ask(unknown).status, 405);
    // A problem is answered again as well.
    let refused = asks("order-2", "{");
    let again = asks("order-2", "{");
    assert_eq!((again.status.as_u16(), &again.body), (400, &refused.body));
    // Without a name it is another request.
    assert_eq!(problem(&program.creates("once@orders.example")), "invalid-fields");
    let nameless = asks("", &new_customer("nameless@orders.example"));
    assert_eq!(problem(&nameless), "malformed");
    // Nothing is kept of what only reads.
    let read = || ask("GET", "/customers", &program.key, "").with("idempotency-key", "read-1");
    assert_eq!(world.ask(read()).header("idempotent-replayed"), "");
    assert_eq!(world.ask(read()).header("idempotent-replayed"), "");
}

fn a_change_is_meant_for_a_state(program: &Program<'_>) {
    let created = program.creates("state@states.example");
    let place = created.header("location").strip_prefix("/api/v1").unwrap().to_owned();
    let seen = created.header("etag").to_owned();
    let change = |tag: &str, company: &str| {
        let asking = ask("PATCH", &place, &program.key, &json!({ "company": company }).to_string());
        program.world.ask(asking.with("if-match", tag))
    };
    let first = change(&seen, "Novak Optics");
    assert_eq!(first.status, 200, "{first:?}");
    assert_ne!(first.header("etag"), seen);
    let stale = change(&seen, "Somebody else's");
    assert_eq!((stale.status.as_u16(), &*problem(&stale)), (412, "changed-meanwhile"));
    assert_eq!(change("nonsense", "Nobody's").status, 412);
    assert_eq!(change("*", "Novak").status, 200);
    // What is left out stays; an empty text removes.
    let answer = program.asks("PATCH", &place, r#"{"company":"","language":"de"}"#);
    let now = body(&answer);
    assert_eq!((&now["company"], &now["language"]), (&Value::Null, &json!("de")));
    assert_eq!(now["name"], "Nia Novak");
    let answer = program.asks("POST", &format!("{place}/suspend"), r#"{"reason":"They asked"}"#);
    assert_eq!(body(&answer)["standing"]["suspended"], true);
    let answer = program.asks("POST", &format!("{place}/resets"), r#"{"reason":"They asked"}"#);
    assert_eq!((answer.status.as_u16(), &*problem(&answer)), (409, "not-possible"));
    assert_eq!(body(&answer)["code"], "suspended");
    let answer = program.asks("POST", &format!("{place}/resume"), "");
    assert_eq!(body(&answer)["standing"]["suspended"], false);
    assert_eq!(program.reads(&format!("{place}/consent"))["consent"], "refused");
    assert_eq!(program.asks("DELETE", &place, "").status, 204);
    assert_eq!(problem(&program.asks("GET", &place, "")), "not-found");
}

fn every_page_is_walked_once(program: &Program<'_>) {
    for (path, more_than) in
        [("/customers", 50), ("/audit", 50), ("/organizations", 1), ("/resets", 0)]
    {
        let (mut seen, mut count, mut next) = (BTreeSet::new(), 0, String::new());
        loop {
            let page = program.reads(&format!("{path}?after={next}"));
            for item in page["items"].as_array().unwrap() {
                seen.insert(item["id"].as_str().unwrap().to_owned());
                count += 1;
            }
            match page["next"].as_str() {
                Some(id) => id.clone_into(&mut next),
                None => break,
            }
        }
        assert_eq!(seen.len(), count, "{path}");
        assert!(count > more_than, "{path}: {count}");
        if path == "/customers" {
            // Whoever is looked at has that in the log: more than a page of it.
            for id in seen.iter().take(60) {
                program.reads(&format!("/customers/{id}"));
            }
        }
    }
    // Whoever a page ended with is gone: nobody goes round in circles.
    let gone = "/customers?after=0198c1c1-0000-7000-8000-000000000000";
    assert_eq!(problem(&program.asks("GET", gone, "")), "invalid-fields");
}

fn a_reset_is_followed(program: &Program<'_>) {
    let customer = body(&program.creates("reset@resets.example"));
    let place = format!("/customers/{}", customer["id"].as_str().unwrap());
    let started = program.asks("POST", &format!("{place}/resets"), r#"{"reason":"They asked"}"#);
    assert_eq!(started.status, 201, "{started:?}");
    let reset = started.header("location").strip_prefix("/api/v1").unwrap();
    let told = program.reads(reset);
    assert_eq!(
        (&told["state"], &told["reason"]),
        (&json!("waiting_for_customer"), &json!("They asked"))
    );
    assert_eq!(told["targets"][0]["kind"], "portal");
    let cancelled = program.asks("DELETE", &format!("{place}/links"), "");
    assert_eq!(body(&cancelled), json!({ "cancelled": 1 }));
    assert_eq!(program.reads(reset)["state"], "cancelled");
    for delivery in ["typed", "generated"] {
        let wish = json!({ "reason": "They asked", "delivery": delivery }).to_string();
        let answer = program.asks("POST", &format!("{place}/resets"), &wish);
        assert_eq!((answer.status.as_u16(), &*problem(&answer)), (403, "person-needed"));
    }
}

#[test]
fn programs_on_sqlite() {
    tell(&World::new(None));
}

#[test]
fn programs_on_postgres() {
    let Some(cluster) = crate::postgres::cluster() else {
        eprintln!("SKIPPED: there is no PostgreSQL (REKEY_TEST_POSTGRES)");
        return;
    };
    let runtime = crate::world::runtime();
    let own = runtime.block_on(crate::postgres::Own::empty(&cluster));
    let world = World::new(Some(own.database()));
    tell(&world);
    drop(world);
    runtime.block_on(own.drop_it());
}

#[test]
fn the_reference_is_a_page_without_scripts() {
    let world = crate::world::world();
    let page = world.ask(get("/developers"));
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("<script") && !page.body.contains(" style=\""));
    let document = world.ask(get("/api/v1/openapi.json"));
    let document: Value = serde_json::from_str(&document.body).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(page.body.contains(&format!("id=\"{id}\"")), "{path}: {id}");
        }
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(page.body.contains(&format!("id=\"schema-{name}\"")), "{name}");
    }
    // Where problems lead to.
    assert!(page.body.contains("id=\"person-needed\""));
    for path in ["/api/v1", "/api/v1/"] {
        let answer = world.ask(get(path));
        assert!(answer.status.is_redirection(), "{path}: {answer:?}");
        assert_eq!(answer.header("location"), "/developers");
    }
}
