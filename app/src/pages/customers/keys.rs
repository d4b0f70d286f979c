//! The list by keyboard: `/` to search, arrows from one customer to the next. Enter opens, as on
//! any link.

/// Follows the keyboard for as long as the page is open.
#[cfg(not(feature = "ssr"))]
pub fn listen() {
    use leptos::{ev, prelude::*};

    let handle = window_event_listener(ev::keydown, |event| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented() {
            return;
        }
        let done = match event.key().as_str() {
            "/" if !is_typing() => focus("#search"),
            "ArrowDown" => go(1),
            "ArrowUp" => go(-1),
            _ => false,
        };
        if done {
            event.prevent_default();
        }
    });
    on_cleanup(move || handle.remove());
}

/// There are no keys on the server.
#[cfg(feature = "ssr")]
pub fn listen() {}

/// Whether a key writes something.
#[cfg(not(feature = "ssr"))]
fn is_typing() -> bool {
    active().is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
    })
}

#[cfg(not(feature = "ssr"))]
fn active() -> Option<web_sys::Element> {
    leptos::prelude::document().active_element()
}

#[cfg(not(feature = "ssr"))]
fn focus(selector: &str) -> bool {
    let element = leptos::prelude::document().query_selector(selector).ok().flatten();
    focus_on(element)
}

#[cfg(not(feature = "ssr"))]
fn focus_on(element: Option<web_sys::Element>) -> bool {
    use leptos::wasm_bindgen::JsCast;

    element
        .and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok())
        .is_some_and(|element| element.focus().is_ok())
}

/// Moves the focus among the customers; from the search to the first one, and back.
#[cfg(not(feature = "ssr"))]
fn go(by: i32) -> bool {
    use leptos::wasm_bindgen::JsCast;

    let Some(active) = active() else { return false };
    let in_search = active.id() == "search";
    let on_row = active.has_attribute("data-row");
    let nowhere = active.tag_name() == "BODY" || active.tag_name() == "H1";
    if !(in_search || on_row || nowhere) {
        return false;
    }
    let Ok(rows) = leptos::prelude::document().query_selector_all("a[data-row]") else {
        return false;
    };
    let rows: Vec<web_sys::Element> =
        (0..rows.length()).filter_map(|n| rows.item(n)?.dyn_into().ok()).collect();
    let place = rows.iter().position(|row| *row == active);
    match (place, by) {
        (None, 1) => focus_on(rows.into_iter().next()),
        (Some(0), -1) => focus("#search"),
        (Some(place), 1) => focus_on(rows.into_iter().nth(place + 1)),
        (Some(place), _) => focus_on(rows.into_iter().nth(place.saturating_sub(1))),
        (None, _) => false,
    }
}
