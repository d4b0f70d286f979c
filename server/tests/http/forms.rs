//! Forms without JavaScript: their own page answers them.

use portal::DEMO_PASSWORD;

use crate::world::{Answer, get, post, world};

const SIGN_IN: (&str, &str) = ("_form", "/api/session/sign-in");

/// Signs in and gives the `Cookie` line of the browser from then on.
fn signed_in(name: &str) -> String {
    let form = [SIGN_IN, ("name", name), ("password", DEMO_PASSWORD)];
    let answer = world().ask(post("/login", &form));
    assert_eq!(answer.status, 303, "{answer:?}");
    jar(&answer)
}

fn jar(answer: &Answer) -> String {
    let pairs = answer.cookies().into_iter().map(|cookie| cookie.split(';').next().unwrap());
    pairs.collect::<Vec<_>>().join("; ")
}

#[test]
fn a_refused_form_shows_its_page_again_with_what_was_typed_but_no_password() {
    let form =
        [SIGN_IN, ("name", "käthe <b>"), ("password", "never shown again"), ("keep", "true")];
    let answer = world().ask(post("/login?next=%2Faccount", &form));
    assert_eq!(answer.status, 422, "{answer:?}");
    assert!(answer.body.contains(r#"value="käthe &lt;b&gt;""#), "{}", answer.body);
    assert!(!answer.body.contains("never shown again"), "{}", answer.body);
    assert!(answer.body.contains("<form"), "the form is there to be sent again");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("content-security-policy").contains("nonce-"));
}

#[test]
fn a_done_form_leads_on_with_its_cookies() {
    let form = [SIGN_IN, ("name", "casey@acme.example"), ("password", DEMO_PASSWORD)];
    let answer = world().ask(post("/login", &form));
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/account"));
    for name in ["rekey=", "rekey-device="] {
        let cookies = answer.cookies();
        let cookie = cookies.iter().find(|cookie| cookie.starts_with(name)).unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        assert!(cookie.contains("Path=/") && !cookie.contains("Domain"), "{cookie}");
    }
    let account = world().ask(get("/account").with("cookie", &jar(&answer)));
    assert_eq!(account.status, 200);
    assert!(account.body.contains("Casey"), "{}", account.body);

    let elsewhere = [("next", "//evil.example"), form[0], form[1], form[2]];
    assert_eq!(world().ask(post("/login", &elsewhere)).header("location"), "/account");
    let inside = [("next", "/account/security"), form[0], form[1], form[2]];
    assert_eq!(world().ask(post("/login", &inside)).header("location"), "/account/security");
}

#[test]
fn a_form_that_sets_cookies_shows_its_page_with_them() {
    let cookie = signed_in("olivia@northwind.example");
    let fields = [("_form", "/api/preferences/set"), ("language", "de"), ("theme", "dark")];
    let answer = world().ask(post("/account/security", &fields).with("cookie", &cookie));
    let answer = match answer.status.as_u16() {
        303 => world().ask(
            get(answer.header("location")).with("cookie", &format!("{}; {cookie}", jar(&answer))),
        ),
        _ => answer,
    };
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.contains(r#"<html lang="de""#), "{}", &answer.body[..300]);
}

#[test]
fn who_is_not_signed_in_is_led_to_the_front_door() {
    for page in ["/", "/account", "/account/security", "/account/activity"] {
        let answer = world().ask(get(page));
        assert_eq!(answer.status, 303, "{page}: {answer:?}");
        assert!(answer.header("location").starts_with("/login"), "{page}: {answer:?}");
    }
    let profile = [("_form", "/api/account/change-profile"), ("name", "Mallory")];
    let answer = world().ask(post("/account", &profile));
    assert!([303, 401].contains(&answer.status.as_u16()), "{answer:?}");
}

#[test]
fn an_own_password_is_changed_and_the_page_shows_it_with_the_new_session() {
    let before = signed_in("arun@northwind.example");
    let new = "three quiet green lanterns";
    let fields = [
        ("_form", "/api/account/change-password"),
        ("current", DEMO_PASSWORD),
        ("new", new),
        ("retype", new),
    ];
    let answer = world().ask(post("/account/security", &fields).with("cookie", &before));
    assert!([200, 303].contains(&answer.status.as_u16()), "{answer:?}");
    let after = jar(&answer);
    assert!(after.contains("rekey="), "{answer:?}");
    assert_eq!(world().ask(get("/account").with("cookie", &after)).status, 200);
    assert_eq!(world().ask(get("/account").with("cookie", &before)).status, 303);
    assert!(!answer.body.contains(new));
}

#[test]
fn a_function_called_by_script_never_redirects_to_where_it_was_called_from() {
    let answer = world().ask(
        post("/api/forgotten/ask", &[("name", "nobody")])
            .with("accept", "text/html")
            .with("referer", "http://127.0.0.1:3000/forgot"),
    );
    assert_eq!((answer.status.as_u16(), answer.header("location")), (200, "/forgot/sent"));
}

#[test]
fn a_function_called_by_script_is_for_the_site_of_its_page() {
    // Carla is Contoso's, so only its door lets her in.
    let form = [("name", "carla@contoso.example"), ("password", DEMO_PASSWORD)];
    let at = |referer: &str| {
        let asking = post("/api/session/sign-in", &form).with("referer", referer);
        world().ask(asking).status.as_u16()
    };
    assert_eq!(at("http://127.0.0.1:3000/s/contoso/login"), 200);
    assert_eq!(at("http://127.0.0.1:3000/login"), 422);
    assert_eq!(at("http://evil.example/s/contoso/login"), 422);
    let by_cookie = post("/api/session/sign-in", &form).with("cookie", "rekey-door=/s/contoso");
    assert_eq!(world().ask(by_cookie).status, 200);
    let plain = [SIGN_IN, form[0], form[1]];
    assert_eq!(world().ask(post("/s/contoso/login", &plain)).status, 303);
}
