//! Buttons that have the browser use or make a passkey. A script does it (`public/passkeys.js`), without
//! WebAssembly as well, and puts the answer into the form that the button is in.

use leptos::prelude::*;

use crate::i18n::tr;

/// The button, what it says when it failed, and why there is none where there is none.
#[component]
pub fn PasskeyButton(
    /// The path of the server function that asks.
    ask: &'static str,
    /// The field that the answer goes into.
    field: &'static str,
    /// What it does.
    label: &'static str,
    /// The link by which one comes, when one is not signed in.
    #[prop(optional_no_strip)]
    link: Option<String>,
    /// Whether the browser may offer passkeys by itself, among the names that it fills in. Then
    /// nothing is said where there are none.
    #[prop(optional)]
    offered: bool,
    /// Whether the form has no other button: sending it is pressing this one.
    #[prop(optional)]
    only: bool,
    /// Its weight.
    #[prop(default = "btn w-full")]
    class: &'static str,
) -> impl IntoView {
    view! {
        <div class="passkey">
            <button
                type="button"
                class=class
                data-passkey=ask
                data-passkey-offer=offered.then_some("")
                data-passkey-only=only.then_some("")
                data-field=field
                data-link=link
                data-failed=tr!(passkey.failed)
                data-there=tr!(problem.passkey_there)
            >
                {label}
            </button>
            <p class="field-error mt-2 empty:hidden" role="alert" data-passkey-said=""></p>
            {(!offered)
                .then(|| {
                    view! {
                        <p class="passkey-off hint" data-why="script">{tr!(passkey.needs_script)}</p>
                        <p class="passkey-off hint" data-why="browser">{tr!(passkey.needs_browser)}</p>
                        <p class="passkey-off hint" data-why="name">{tr!(passkey.needs_name)}</p>
                    }
                })}
        </div>
        <script type="module" src=concat!("/passkeys.js?", env!("CARGO_PKG_VERSION"))></script>
    }
}
