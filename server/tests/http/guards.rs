//! The guards: headers on every answer, requests of other sites refused, names and addresses.

use std::sync::Arc;

use axum::{Router, http::Method, middleware, routing};
use portal::Portal;
use server::{Server, assets::Assets, guard, router};

use crate::{
    sql::{Sql, values},
    world::{World, folder, get, post, post_raw, settings, world},
};

#[test]
fn every_answer_carries_the_security_headers() {
    let world = world();
    let broken = Router::new()
        .route("/broken", routing::get(broken).post(broken))
        .layer(middleware::from_fn_with_state(Arc::clone(&world.server), guard::outer));
    let away = away();
    let ask = "/api/forgotten/ask";
    for (status, answer) in [
        (200, world.ask(get("/login"))),
        (200, world.ask(get("/healthz"))),
        (200, world.ask(get("/pkg/unhashed.js"))),
        (200, world.ask(get("/demo/mail"))),
        (200, world.ask(post(ask, &[("name", "nobody")]))),
        (302, world.ask(get("/.well-known/change-password"))),
        (303, world.ask(get("/reset/0198c1c1-0000-7000-8000-000000000000/abcdefghijklmnopqrst"))),
        (400, world.ask(post(ask, &[]))),
        (400, world.ask(post("/login", &[("name", "no form is named")]))),
        (403, world.ask(post_raw("/login", "name=a"))),
        (404, world.ask(get("/nothing/here"))),
        (404, world.ask(get("/api/nothing"))),
        (404, world.ask(get("/pkg/nothing.js"))),
        (404, world.ask(get("/s/nobody/login"))),
        (405, world.ask(get(ask))),
        (405, world.ask(get("/pkg/unhashed.js").by(Method::POST))),
        (413, world.ask(post("/login", &[("name", &"a".repeat(100_000))]))),
        (415, world.ask(post(ask, &[]).instead("content-type", "application/json"))),
        (421, world.ask(get("/login").instead("host", "evil.example"))),
        (500, world.ask_at(&broken, get("/broken"))),
        (500, world.ask_at(&broken, get("/broken").by(Method::POST))),
        (503, world.ask_at(&away, get("/login"))),
        (503, world.ask_at(&away, get("/readyz"))),
        (503, world.ask_at(&away, post(ask, &[("name", "nobody")]))),
    ] {
        assert_eq!(answer.status, status, "{answer:?}");
        let policy = answer.header("content-security-policy");
        for directive in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(directive), "{directive}: {answer:?}");
        }
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        assert!(answer.header("permissions-policy").contains("camera=()"));
        assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
        assert_eq!(answer.header("x-request-id").len(), 36);
        assert!(!answer.body.contains("secret of the inside"), "{answer:?}");
        if status == 503 && !answer.body.starts_with("not ready") {
            assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
        }
    }
}

/// A fault in the code.
async fn broken() -> &'static str {
    panic!("a secret of the inside")
}

/// A server whose database is away.
fn away() -> Router {
    let world = world();
    let folder = folder();
    let settings = settings(folder.path());
    let portal = world.wait(async {
        let portal = Portal::open(&settings).await.unwrap();
        portal.seed_demo().await.unwrap();
        portal.close().await;
        portal
    });
    router::router(Arc::new(Server::new(portal, &settings, Assets::none())))
}

#[test]
fn scripts_run_by_a_nonce_that_is_new_each_time() {
    let nonce = || {
        let answer = world().ask(get("/login"));
        let policy = answer.header("content-security-policy").to_owned();
        let (_, rest) = policy.split_once("script-src 'self' 'nonce-").unwrap();
        let nonce = rest.split('\'').next().unwrap().to_owned();
        assert!(policy.contains("'wasm-unsafe-eval'"), "{policy}");
        assert!(answer.body.contains(&format!("nonce=\"{nonce}\"")), "{answer:?}");
        for script in answer.body.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap();
            // A file of this host runs by its place, what stands in the page by the nonce alone.
            let is_file = tag.contains(" src=\"/") && !tag.contains(" src=\"//");
            assert!(is_file || tag.contains(&nonce), "a script without the nonce: <script{tag}>");
        }
        assert!(!answer.body.contains(" style=\""), "the policy forbids style attributes");
        nonce
    };
    assert_ne!(nonce(), nonce());
}

#[test]
fn https_is_remembered_and_cookies_are_tied_to_the_host() {
    let world = world();
    assert_eq!(world.ask(get("/login")).header("strict-transport-security"), "", "plain http");
    let link = "/reset/0198c1c1-0000-7000-8000-000000000000/abcdefghijklmnopqrst";
    let answer = world.ask_at(&world.https, get(link).instead("host", "portal.example"));
    assert!(answer.header("strict-transport-security").starts_with("max-age=63072000"));
    assert_eq!(
        answer.cookies(),
        [
            "__Host-rekey-link-0198c1c1-0000-7000-8000-000000000000=abcdefghijklmnopqrst; Path=/; HttpOnly; SameSite=Lax; Max-Age=1800; Secure"
        ]
    );
}

#[test]
fn forms_and_functions_of_other_sites_are_refused() {
    let world = world();
    let fields = "_form=%2Fapi%2Fforgotten%2Fask&name=nobody";
    for (headers, passes) in [
        (&[("sec-fetch-site", "same-origin")][..], true),
        (&[("sec-fetch-site", "same-site")], false),
        (&[("sec-fetch-site", "cross-site")], false),
        (&[("sec-fetch-site", "none")], false),
        (&[("sec-fetch-site", "cross-site"), ("origin", "http://127.0.0.1:3000")], false),
        (&[("origin", "http://127.0.0.1:3000")], true),
        // Also the demo, yet not the origin in use.
        (&[("origin", "http://localhost:3000")], false),
        (&[("origin", "http://127.0.0.1:3001")], false),
        (&[("origin", "https://127.0.0.1:3000")], false),
        (&[("origin", "https://evil.example")], false),
        (&[("origin", "null")], false),
        (&[("referer", "http://127.0.0.1:3000/forgot")], false),
        (&[], false),
    ] {
        for path in ["/forgot", "/api/forgotten/ask", "/s/contoso/forgot", "/nothing"] {
            let asking = post_raw(path, fields);
            let asking = headers.iter().fold(asking, |asking, (n, v)| asking.with(n, v));
            let status = world.ask(asking).status;
            assert_eq!(status != 403, passes, "{path} {headers:?}: {status}");
        }
        for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
            let asking = post_raw("/forgot", "").by(method);
            let asking = headers.iter().fold(asking, |asking, (n, v)| asking.with(n, v));
            let status = world.ask(asking).status;
            assert_eq!(status != 403, passes, "{headers:?}: {status}");
        }
    }
}

#[test]
fn the_demo_answers_on_both_names_and_no_other() {
    let world = world();
    let at = |host: &str| world.ask(get("/login").instead("host", host)).status;
    assert_eq!(at("127.0.0.1:3000"), 200);
    assert_eq!(at("localhost:3000"), 200);
    assert_eq!(at("LOCALHOST:3000"), 200);
    for host in ["evil.example", "evil.example:3000", "127.0.0.1", "localhost:3001", "[::1]:3000"] {
        assert_eq!(at(host), 421, "{host}");
    }
    assert_eq!(world.ask(get("/login").with("host", "localhost:3000")).status, 400, "two hosts");
    assert_eq!(world.ask(get("/login").without("host")).status, 400);
    let from_localhost = post_raw("/forgot", "_form=%2Fapi%2Fforgotten%2Fask&name=nobody")
        .instead("host", "localhost:3000")
        .with("origin", "http://localhost:3000");
    assert_eq!(world.ask(from_localhost).status, 303);
}

#[test]
fn a_trusted_proxy_may_name_the_request_and_nobody_else() {
    let world = world();
    let named = |peer: &str, id: &str| {
        let asking = get("/healthz").from(peer).with("x-request-id", id);
        world.ask_at(&world.https, asking).header("x-request-id").to_owned()
    };
    assert_eq!(named("10.1.2.3:1", "proxy-4711_a.b"), "proxy-4711_a.b");
    for (peer, id) in [
        ("192.0.2.1:1", "proxy-4711"),
        ("10.1.2.3:1", "two words"),
        ("10.1.2.3:1", ""),
        ("10.1.2.3:1", &"a".repeat(65)),
        ("10.1.2.3:1", "<script>"),
    ] {
        let name = named(peer, id);
        assert_ne!(name, id);
        assert_eq!(name.len(), 36, "{name}");
    }
}

#[test]
fn health_is_told_to_anybody_by_any_name() {
    let world = world();
    for host in ["10.0.0.7:3000", "probe"] {
        assert_eq!(world.ask(get("/healthz").instead("host", host)).body, "ok\n");
        assert_eq!(world.ask(get("/readyz").instead("host", host)).body, "ready\n");
    }
}

#[test]
fn a_site_is_found_by_its_slug() {
    let world = world();
    assert!(world.ask(get("/login")).body.contains("Northwind"));
    assert!(world.ask(get("/s/contoso/login")).body.contains("Contoso"));
    for path in ["/s/nobody/login", "/s//login", "/s/CONTOSO/login", "/s/"] {
        assert_eq!(world.ask(get(path)).status, 404, "{path}");
    }
    let german = post("/s/nobody/login", &[]).with("accept-language", "de-AT,en;q=0.5");
    let german = world.ask(german);
    assert_eq!(german.status, 404);
    assert!(german.body.contains("Seite nicht gefunden"), "{german:?}");
    assert_eq!(world.ask(get("/account/nothing")).status, 404);
    assert_eq!(world.ask(get("/login/nothing")).status, 404);
}

#[test]
fn a_front_door_speaks_what_it_offers() {
    let world = World::new(None);
    let sql = world.wait(async { Sql::of(&world.database) });
    let in_words = |wanted: &str, cookie: &str| {
        let asking = get("/s/contoso/login").with("accept-language", wanted).with("cookie", cookie);
        let body = world.ask(asking).body;
        let tag = body.split("<html lang=\"").nth(1).unwrap_or_else(|| panic!("{body}"));
        let offered: Vec<&str> = ["en", "de", "fr", "es"]
            .into_iter()
            .filter(|tag| body.contains(&format!("value=\"{tag}\"")))
            .collect();
        (tag[..2].to_owned(), offered.join(" "))
    };
    assert_eq!(in_words("fr, en;q=0.5", ""), ("fr".into(), "en de fr es".into()));
    for (languages, wanted, cookie, spoken) in [
        (r#"["en","de"]"#, "fr, de;q=0.5", "", ("de", "en de")),
        (r#"["en","de"]"#, "fr", "rekey-language=fr", ("en", "en de")),
        (r#"["en","de"]"#, "fr", "rekey-language=de", ("de", "en de")),
        // One language is no choice.
        ("[]", "fr, de", "", ("en", "")),
    ] {
        let brand = format!("{{\"languages\":{languages}}}");
        world.wait(
            sql.run("UPDATE sites SET brand = $1 WHERE slug = 'contoso'", values![brand.as_str()]),
        );
        let expected = (spoken.0.to_owned(), spoken.1.to_owned());
        assert_eq!(in_words(wanted, cookie), expected, "{languages} {wanted} {cookie}");
    }
}

#[test]
fn a_front_door_with_a_host_of_its_own_is_alone_there() {
    const OWN: &str = "contoso.localhost:3000";
    const USUAL: &str = "127.0.0.1:3000";
    let world = world();
    let sql = world.wait(async { Sql::of(&world.database) });
    world.wait(sql.run(
        "INSERT INTO site_hosts (host, site_id, is_primary) SELECT 'contoso.localhost', id, TRUE FROM sites WHERE slug = 'contoso' UNION ALL SELECT 'old.localhost', id, FALSE FROM sites WHERE slug = 'contoso'",
        values![],
    ));
    let at = |host: &str, path: &str| world.ask(get(path).instead("host", host));
    let login = at(OWN, "/login");
    assert_eq!(login.status, 200);
    assert!(login.body.contains("Contoso Cloud"), "{}", login.body);
    // Others are not there, nor anything that says who they are.
    for path in ["/login", "/forgot", "/nothing/here", "/s/operator/login", "/s/nobody/login"] {
        let answer = at(OWN, path);
        assert_eq!(
            answer.status,
            if path.contains("/s/") || path.contains("nothing") { 404 } else { 200 },
            "{path}"
        );
        for other in ["Northwind", "Rekey Operations"] {
            assert!(!answer.body.contains(other), "{other} at {path}: {}", answer.body);
        }
    }
    // By its word, by an older name and by an old link one comes to the first name, with all that the
    // address said.
    let link = "/reset/0198c1c1-0000-7000-8000-000000000000/abcdefghijklmnopqrst";
    for (host, path, to) in [
        ("old.localhost:3000", "/login?next=%2Faccount", "/login?next=%2Faccount"),
        ("old.localhost:3000", "/s/contoso/forgot", "/forgot"),
        (OWN, "/s/contoso/forgot?x=1", "/forgot?x=1"),
        (OWN, "/s/contoso", "/"),
        (USUAL, "/s/contoso/login", "/login"),
        ("localhost:3000", "/s/contoso/login", "/login"),
        (USUAL, &format!("/s/contoso{link}"), link),
    ] {
        let answer = at(host, path);
        assert_eq!(answer.status, 307, "{host} {path}: {answer:?}");
        assert_eq!(answer.header("location"), format!("http://{OWN}{to}"), "{host} {path}");
        assert!(answer.cookies().is_empty(), "{host} {path}");
    }
    // The others stay where they were.
    assert_eq!(at(USUAL, "/login").status, 200);
    assert_eq!(at(USUAL, "/s/operator/login").status, 200);
    for host in ["contoso.localhost", "contoso.localhost:3001", "evil.contoso.localhost:3000"] {
        assert_eq!(at(host, "/login").status, 421, "{host}");
    }
    // Forms pass from pages at that very host.
    let ask = |path: &str, host: &str, origin: &str| {
        let form = post_raw(path, "_form=%2Fapi%2Fforgotten%2Fask&name=nobody");
        world.ask(form.instead("host", host).instead("origin", origin)).status
    };
    assert_eq!(ask("/forgot", OWN, "http://contoso.localhost:3000"), 303);
    assert_eq!(ask("/forgot", OWN, "http://127.0.0.1:3000"), 403);
    assert_eq!(ask("/forgot", USUAL, "http://contoso.localhost:3000"), 403);
    assert_eq!(ask("/s/operator/forgot", OWN, "http://contoso.localhost:3000"), 404);
    // Whoever is signed in elsewhere, as somebody of another brand, is nobody here.
    let fields = [("name", "olivia@northwind.example"), ("password", portal::DEMO_PASSWORD)];
    let answer = world.ask(post("/api/session/sign-in", &fields));
    let cookies = answer.cookies();
    let session = cookies.iter().find(|cookie| cookie.starts_with("rekey=")).unwrap();
    let session = session.split(';').next().unwrap();
    let asked =
        |host: &str| world.ask(get("/customers").instead("host", host).with("cookie", session));
    assert_eq!(asked(USUAL).status, 200);
    let answer = asked(OWN);
    assert!(answer.header("location").starts_with("/login"), "{answer:?}");
}

#[test]
fn managers_find_where_passwords_are_changed() {
    let answer = world().ask(get("/.well-known/change-password"));
    assert_eq!((answer.status.as_u16(), answer.header("location")), (302, "/account/security"));
}
