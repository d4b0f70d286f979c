//! Rekey in the browser: takes over what the server rendered, and nothing else.

/// Called by the page's script once the code is loaded.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    #[cfg(debug_assertions)]
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_lazy(app::App);
}
