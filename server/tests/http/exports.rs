//! Files that are handed out.

use crate::world::{get, post, world};

const ADA: &str = "ada@northwind.example";

/// The session of somebody who signs in, as a `Cookie` header says it.
fn session(email: &str) -> String {
    let fields = [("name", email), ("password", portal::DEMO_PASSWORD)];
    let answer = world().ask(post("/api/session/sign-in", &fields));
    let cookies = answer.cookies();
    let session = cookies.iter().find(|cookie| cookie.starts_with("rekey=")).expect("a session");
    session.split(';').next().unwrap_or_default().to_owned()
}

#[test]
fn an_export_takes_a_form_of_our_own_pages() {
    let world = world();
    let cookie = session(ADA);
    let form = [("format", "csv"), ("kind", "signed_in")];
    // A link, and a form of another site, start nothing.
    let answer = world.ask(get("/audit/export?format=csv").with("cookie", &cookie));
    assert_eq!(answer.status, 405);
    let foreign = post("/audit/export", &form).with("cookie", &cookie);
    let answer = world.ask(foreign.instead("sec-fetch-site", "cross-site"));
    assert_eq!(answer.status, 403);
    // Without a fresh proof one is asked for it, and comes back to what one looked at.
    let answer = world.ask(post("/audit/export", &form).with("cookie", &cookie));
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("location"), "/prove?next=%2Faudit%3Fkind%3Dsigned_in");
    // Nobody who is signed in: to the door.
    let answer = world.ask(post("/audit/export", &form));
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("location"), "/login?next=%2Faudit%3Fkind%3Dsigned_in");
    let answer = world.ask(post("/audit/export", &[("format", "exe")]).with("cookie", &cookie));
    assert_eq!(answer.status, 400);
}

#[test]
fn an_export_is_a_file() {
    let world = world();
    let cookie = session(ADA);
    let proof = [("password", portal::DEMO_PASSWORD)];
    let answer = world.ask(post("/api/session/step-up", &proof).with("cookie", &cookie));
    let cookies = answer.cookies();
    let cookie = cookies[0].split(';').next().unwrap_or_default().to_owned();
    for (format, kind, name, begins) in [
        ("csv", "text/csv; charset=utf-8; header=present", "audit.csv", "at,organization,action,"),
        ("jsonl", "application/jsonl; charset=utf-8", "audit.jsonl", "{\"at\":\""),
    ] {
        let answer =
            world.ask(post("/audit/export", &[("format", format)]).with("cookie", &cookie));
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-type"), kind);
        let disposition = format!("attachment; filename=\"{name}\"");
        assert_eq!(answer.header("content-disposition"), disposition);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.body.starts_with(begins), "{}", answer.body);
        assert!(answer.body.contains("Ada Quist"), "{}", answer.body);
    }
}
