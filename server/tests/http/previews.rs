//! Letters are looked at in a frame of our own pages, and do nothing there.

use crate::{
    files::proven,
    world::{get, post, world},
};

const TO: &str = "/organization/template-preview";

#[test]
fn a_letter_is_looked_at_and_does_nothing() {
    let olivia = proven("olivia@northwind.example");
    let asked = |query: &str, cookie: &str| {
        world().ask(get(&format!("{TO}?{query}")).with("cookie", cookie))
    };
    let stored = asked("kind=reset_link&language=fr", &olivia);
    assert_eq!(stored.status, 200);
    assert!(stored.body.contains("<html lang=\"fr\""), "{}", stored.body);
    assert!(stored.body.contains("Casey Thornton"), "{}", stored.body);
    let policy = stored.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && policy.ends_with("; sandbox allow-same-origin"),
        "{policy}"
    );
    assert!(policy.contains("frame-ancestors 'self'") && !policy.contains("script"), "{policy}");
    assert_eq!(stored.header("cache-control"), "no-store");
    for odd in [
        "",
        "kind=own&language=en",
        "kind=reset_link&language=tlh",
        "kind=reset_link&language=en&scope=mine",
    ] {
        assert_eq!(asked(odd, &olivia).status, 404, "{odd}");
    }
    for nobody in ["", &proven("arun@northwind.example")] {
        assert_eq!(asked("kind=reset_link&language=en", nobody).status, 404);
    }
    // Those who share the door read what their customers are told.
    assert_eq!(asked("kind=reset_link&language=en", &proven("freya@fjord.example")).status, 200);
}

#[test]
fn words_are_looked_at_while_they_are_typed() {
    let olivia = proven("olivia@northwind.example");
    let typed = |text: &str| {
        let fields = [
            ("kind", "reset_link"),
            ("language", "en"),
            ("subject", "For {{ name }}"),
            ("text", text),
            ("scope", ""),
        ];
        post(TO, &fields).with("cookie", &olivia)
    };
    let shown = world().ask(typed("Mind the *step*.\r\n\r\n{{ link }}"));
    assert_eq!(shown.status, 200);
    assert!(shown.body.contains("Mind the <em>step</em>."), "{}", shown.body);
    assert!(shown.body.contains("Choose a new password</h1>"), "{}", shown.body);
    // What an auditor could type is nothing to look at.
    let auditor = typed("Hello\n\n{{ link }}").instead("cookie", &proven("ada@northwind.example"));
    assert_eq!(world().ask(auditor).status, 404);
    let told = world().ask(typed("<script>alert(1)</script>\n\n{{ link }}"));
    assert_eq!(told.status, 200);
    assert!(told.body.contains("HTML is not possible here."), "{}", told.body);
    assert!(!told.body.contains("alert(1)"), "{}", told.body);
    assert!(told.header("content-security-policy").ends_with("; sandbox allow-same-origin"));
    // Another site's form shows nothing.
    let foreign = typed("Hello\n\n{{ link }}").instead("sec-fetch-site", "cross-site");
    assert_eq!(world().ask(foreign).status, 403);
}
