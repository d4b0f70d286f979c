//! Rekey in the browser: takes over what the server rendered, and nothing else.

use leptos::{
    mount::hydrate_from_async,
    prelude::{document, window},
    wasm_bindgen::{JsCast, closure::Closure},
    web_sys::{Event, HtmlElement},
};

/// Called by the page's script once the code is loaded.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    #[cfg(debug_assertions)]
    console_error_panic_hook::set_once();
    let Some(body) = document().body() else { return };
    let links = leave_links_to_the_browser();
    wasm_bindgen_futures::spawn_local(take_over(body, links));
}

async fn take_over(body: HtmlElement, links: Closure<dyn Fn(Event)>) {
    Box::pin(hydrate_from_async(body, app::App)).await.forget();
    let listener = links.as_ref().unchecked_ref();
    // What is not there any more needs no removing.
    _ = window().remove_event_listener_with_callback_and_bool("click", listener, true);
    // From here on what only code can do is shown (`.live-only`).
    if let Some(html) = document().document_element() {
        // An attribute with this name can always be set.
        _ = html.set_attribute("data-live", "");
    }
}

/// The router listens before the pages do: what one follows between would change the address and
/// show nothing. Until all of the page is taken over, a link is the browser's.
fn leave_links_to_the_browser() -> Closure<dyn Fn(Event)> {
    let listener = Closure::<dyn Fn(Event)>::new(|event: Event| event.stop_propagation());
    let callback = listener.as_ref().unchecked_ref();
    // Without it, all is as it would have been.
    _ = window().add_event_listener_with_callback_and_bool("click", callback, true);
    listener
}
