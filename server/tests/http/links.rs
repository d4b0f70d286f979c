//! Mailed links: opening one changes nothing and leaves a clean address.

use axum::http::Method;

use crate::world::{get, world};

const ID: &str = "0198c1c1-0000-7000-8000-000000000000";
const TOKEN: &str = "Zm9vYmFyYmF6-_0123456789";

#[test]
fn a_link_becomes_a_cookie_and_a_clean_address() {
    for prefix in ["", "/s/contoso"] {
        for page in ["reset", "confirm", "keep", "keep-address", "new-address"] {
            let answer = world().ask(get(&format!("{prefix}/{page}/{ID}/{TOKEN}")));
            assert_eq!(answer.status, 303);
            assert_eq!(answer.header("location"), format!("{prefix}/{page}/{ID}"));
            let cookie =
                format!("rekey-link-{ID}={TOKEN}; Path=/; HttpOnly; SameSite=Lax; Max-Age=1800");
            assert_eq!(answer.cookies(), [cookie]);
            assert!(!answer.body.contains(TOKEN));
        }
    }
}

#[test]
fn looking_ahead_leaves_nothing() {
    let answer = world().ask(get(&format!("/reset/{ID}/{TOKEN}")).by(Method::HEAD));
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("location"), format!("/reset/{ID}"));
    assert_eq!(answer.cookies(), [""; 0]);
}

#[test]
fn what_is_no_link_goes_to_the_page_that_says_so() {
    const NONE: &str = "/reset/00000000-0000-0000-0000-000000000000";
    for (path, to) in [
        (format!("/reset/{ID}/short"), format!("/reset/{ID}")),
        (format!("/reset/{ID}/{}", "a".repeat(1000)), format!("/reset/{ID}")),
        (format!("/reset/{ID}/aaaaaaaaaaaaaaaaaaaa%3B%20Domain%3Devil"), format!("/reset/{ID}")),
        (format!("/reset/{ID}/aaaaaaaaaaaaaaaaaaaa%0D%0AX%3A%20y"), format!("/reset/{ID}")),
        (format!("/reset/{ID}/%FF%FEaaaaaaaaaaaaaaaaaaaa"), format!("/reset/{ID}")),
        (format!("/reset/nonsense/{TOKEN}"), NONE.into()),
        (format!("/reset/%2F%2Fevil.example/{TOKEN}"), NONE.into()),
        (format!("/reset/%FF/{TOKEN}"), NONE.into()),
    ] {
        let answer = world().ask(get(&path));
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, &*to), "{path}");
        assert_eq!(answer.cookies(), [""; 0], "{path}");
    }
}

#[test]
fn a_door_that_is_not_there_leads_to_no_other_one() {
    let answer = world().ask(get(&format!("/s/nobody/reset/{ID}/{TOKEN}")));
    assert_eq!(answer.header("location"), format!("/s/nobody/reset/{ID}"));
    assert_eq!(world().ask(get(answer.header("location"))).status, 404);
}
