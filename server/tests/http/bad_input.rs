//! Bad input: a clear message or a plain status, never a 500, never a word about the inside.

use std::collections::BTreeSet;

use leptos::server_fn::axum::server_fn_paths;

use crate::world::{Answer, encode, get, post, post_raw, world};

/// Pages that take forms, with a function that their forms name.
const FORMS: [(&str, &str); 7] = [
    ("/login", "/api/session/sign-in"),
    ("/forgot", "/api/forgotten/ask"),
    ("/s/contoso/forgot", "/api/forgotten/ask"),
    ("/reset/0198c1c1-0000-7000-8000-000000000000", "/api/forgotten/use"),
    ("/confirm/0198c1c1-0000-7000-8000-000000000000", "/api/forgotten/dispute"),
    ("/account", "/api/account/change-profile"),
    ("/account/security", "/api/account/change-password"),
];

fn is_clean(answer: &Answer, what: &str) {
    assert!(answer.status.as_u16() < 500, "{what}: {answer:?}");
    for inside in ["panicked", "sqlx", "SELECT ", "anyhow", "src/", "serde", "deserializ"] {
        assert!(!answer.body.contains(inside), "{what} shows `{inside}`: {answer:?}");
    }
}

#[test]
fn odd_forms_get_a_plain_status_on_every_page() {
    let long = "a".repeat(60_000);
    for (page, form) in FORMS {
        let named = format!("_form={}", form.replace('/', "%2F"));
        for (what, body, status) in [
            ("nothing", String::new(), Some(400)),
            ("no form named", "name=a".into(), Some(400)),
            ("a form that is not", "_form=%2Fapi%2Fnothing&name=a".into(), Some(400)),
            ("a form elsewhere", "_form=https%3A%2F%2Fevil.example%2Fapi&name=a".into(), Some(400)),
            ("a page as form", "_form=%2Flogin&name=a".into(), Some(400)),
            ("a form that only reads", "_form=%2Fapi%2Fsite&name=a".into(), None),
            ("two forms", format!("{named}&{named}"), Some(400)),
            ("a doubled field", format!("{named}&name=a&name=b"), Some(400)),
            ("a doubled unknown field", format!("{named}&x=a&x=b"), Some(400)),
            ("bytes that are no text", format!("{named}&name=%FF%FE"), Some(400)),
            ("a half escape", format!("{named}&name=%F"), None),
            ("fields missing", named.clone(), None),
            ("fields unknown", format!("{named}&name=a&colour=red&admin=true&role=owner"), None),
            ("nested fields", format!("{named}&name[a]=b&password[0]=c&link[x][y]=z"), None),
            (
                "everything wrong",
                format!(
                    "{named}&name=%00&password=%00&keep=maybe&link=x&next=//evil&language=xx&new=%0A&retype=&current=&user_name=%E2%80%AE"
                ),
                None,
            ),
            ("long fields", format!("{named}&name={long}"), None),
            ("long passwords", format!("{named}&name=a&password={long}&keep=true"), None),
            ("1 MiB", format!("{named}&name={}", "a".repeat(1024 * 1024)), Some(413)),
        ] {
            let what = format!("{what} to {page}");
            let asking = post_raw(page, body).with("sec-fetch-site", "same-origin");
            let answer = world().ask(asking);
            is_clean(&answer, &what);
            if let Some(status) = status {
                assert_eq!(answer.status, status, "{what}: {answer:?}");
            }
        }
        let bytes = [named.as_bytes(), b"&name=\xff\xfe\x00"].concat();
        let answer = world().ask(post_raw(page, bytes).with("sec-fetch-site", "same-origin"));
        assert_eq!(answer.status, 400);
        for kind in ["application/json", "multipart/form-data; boundary=x", "text/plain", ""] {
            let asking = post(page, &[("_form", form)]).instead("content-type", kind);
            assert_eq!(world().ask(asking).status, 415, "{kind}");
        }
    }
}

#[test]
fn odd_calls_get_a_plain_status_from_every_function() {
    let functions: BTreeSet<_> =
        server_fn_paths().map(|(path, method)| (path, method.to_string())).collect();
    assert!(functions.len() > 5, "{functions:?}");
    for (path, method) in functions {
        assert!(path.starts_with("/api/"), "{path}");
        // One that only reads might answer GET; there is none, so none can be mistaken for one.
        assert_eq!(method, "POST", "{path}");
        assert_eq!(world().ask(get(path)).status, 405, "{path}");
        for body in [
            b"".to_vec(),
            b"name=a&name=b".to_vec(),
            b"name=%FF&password=%FF&link=%FF".to_vec(),
            b"name=\xff".to_vec(),
            b"{\"name\":1}".to_vec(),
            b"link=nonsense&session=nonsense&before=nonsense&name[x]=y".to_vec(),
            vec![b'a'; 1024 * 1024],
        ] {
            let asking = post_raw(path, body).with("sec-fetch-site", "same-origin");
            let answer = world().ask(asking);
            is_clean(&answer, path);
            assert_eq!(answer.header("content-type"), "application/json", "{path}: {answer:?}");
        }
    }
}

#[test]
fn odd_addresses_headers_and_cookies_do_no_harm() {
    for path in [
        "/%00",
        "/%FF",
        "/..%2f..%2fetc/passwd",
        "//evil.example/",
        "/login?next=//evil.example",
        "/login?next=%FF&next=%00",
        "/reset/%00",
        "/reset/not-an-id",
        "/confirm/%2e%2e",
        "/s/%FF/login",
        "/account?x=[",
        "/demo/mail/..%2f..%2fmaster.key",
    ] {
        is_clean(&world().ask(get(path)), path);
    }
    for (name, value) in [
        ("cookie", "rekey=; rekey=a; =; ;;; rekey-device=\u{ff}"),
        ("cookie", "rekey=aaaa; rekey-language=xx; rekey-theme=neon; rekey-door=//evil"),
        ("accept-language", "*;q=x, de;q=nan,,,;"),
        ("user-agent", "<script>"),
        ("referer", "http://127.0.0.1:3000/s/nobody/login"),
        ("x-forwarded-for", "127.0.0.1"),
    ] {
        let bytes = axum::http::HeaderValue::from_bytes(value.as_bytes()).unwrap();
        for path in ["/login", "/account", "/"] {
            let mut asking = get(path);
            asking.0.headers_mut().insert(name, bytes.clone());
            is_clean(&world().ask(asking), value);
        }
    }
    let answer = world().ask(post("/forgot", &[("_form", "/api/forgotten/ask"), ("name", "<i>x")]));
    assert!(!answer.body.contains("<i>x"), "what was typed is escaped");
    assert!(encode(&[("a b", "ü")]) == "a+b=%C3%BC");
}
