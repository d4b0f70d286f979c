//! The demo's mailbox, and that it is the demo's only.

use crate::world::{get, post, world};

#[test]
fn mail_can_be_read_and_its_links_followed() {
    let world = world();
    assert!(world.ask(get("/demo/mail")).body.contains("Demo mailbox"));
    let fields = [("_form", "/api/forgotten/ask"), ("name", "freya@fjord.example")];
    assert_eq!(world.ask(post("/forgot", &fields)).status, 303);
    world.wait(world.portal.work_off()).unwrap();

    let list = world.ask(get("/demo/mail"));
    let (_, rest) = list.body.split_once("href=\"/demo/mail/").expect("a letter");
    let letter = format!("/demo/mail/{}", rest.split('"').next().unwrap());
    let page = world.ask(get(&letter));
    assert_eq!(page.status, 200);
    assert!(page.body.contains("freya@fjord.example"), "{}", page.body);
    assert!(page.body.contains("sandbox=\"allow-popups allow-top-navigation-by-user-activation\""));
    assert!(page.header("content-security-policy").contains("frame-src 'self'"));
    assert!(!page.body.contains("<script") && !page.body.contains("style=\""), "{}", page.body);

    let frame = world.ask(get(&format!("{letter}/html")));
    let policy = frame.header("content-security-policy");
    assert!(policy.contains("sandbox") && policy.contains("frame-ancestors 'self'"), "{policy}");
    assert!(!policy.contains("script-src"), "{policy}");
    assert!(frame.body.contains("<base target=\"_top\">"), "{}", frame.body);
}

#[test]
fn it_is_there_in_the_demo_only() {
    let answer =
        world().ask_at(&world().https, get("/demo/mail").instead("host", "portal.example"));
    assert_eq!(answer.status, 404);
    for name in ["nothing.eml", "..%2fmaster.key", "..%2f..%2fmaster.key", "nothing.eml/html"] {
        assert_eq!(world().ask(get(&format!("/demo/mail/{name}"))).status, 404, "{name}");
    }
    assert!(world().folder.path().join("master.key").exists());
}
