//! Ways to another page.

use leptos::prelude::*;

use crate::api::ApiError;

/// Leads to another page at once: the server answers with the way there, the browser loads the
/// page anew, so that nothing of the old one stays.
#[component]
pub fn Go(
    /// A path of this site.
    to: String,
) -> impl IntoView {
    #[cfg(feature = "ssr")]
    crate::api::redirect_page(&to);
    #[cfg(not(feature = "ssr"))]
    load(&to);
    view! { <p class="hint p-8 text-center"><a class="link" href=to>{crate::i18n::tr!(common.proceed)}</a></p> }
}

/// Loads a page anew.
#[cfg(not(feature = "ssr"))]
pub fn load(path: &str) {
    // A browser that refuses to navigate leaves its reader where they are, with a link.
    let _ = window().location().assign(path);
}

/// Loads a page anew; on the server there is none to load.
#[cfg(feature = "ssr")]
pub fn load(_: &str) {}

/// Sets the status of the page that is being answered.
#[cfg(feature = "ssr")]
pub fn status(code: u16) {
    crate::api::page_status(code);
}

/// In the browser there is none to set.
#[cfg(not(feature = "ssr"))]
pub fn status(_: u16) {}

/// The sign-in page's path below a prefix, with the way back.
pub fn login_path(prefix: &str, back: &str) -> String {
    if back == "/" || back.is_empty() {
        format!("{prefix}/login")
    } else {
        format!("{prefix}/login?next={}", encode(back))
    }
}

/// The path of the page on which a temporary password is replaced, with the way back.
pub fn change_path(prefix: &str, back: &str) -> String {
    format!("{prefix}/login/change?next={}", encode(back))
}

/// The path of the page on which the second factor is given, with the way back.
pub fn factor_path(prefix: &str, back: &str) -> String {
    format!("{prefix}/login/factor?next={}", encode(back))
}

/// The path of the page on which a second factor is set up that is needed, with the way back.
pub fn setup_path(prefix: &str, back: &str) -> String {
    format!("{prefix}/login/setup?next={}", encode(back))
}

/// Where what is missing is made up for, before one comes back; `None` when nothing is.
pub fn missing(error: &ApiError, prefix: &str, back: &str) -> Option<String> {
    let path = match error {
        ApiError::SignedOut => login_path,
        ApiError::MustChange => change_path,
        ApiError::MustProve => factor_path,
        ApiError::MustSetUpFactor => setup_path,
        _ => return None,
    };
    Some(path(prefix, back))
}

/// Encodes text for the value of a query.
pub fn encode(text: &str) -> String {
    use std::fmt::Write;

    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a String takes all that is written");
        }
    }
    encoded
}

/// Loads this page anew.
pub fn reload() {
    #[cfg(not(feature = "ssr"))]
    // A browser that refuses leaves its reader where they are.
    let _ = window().location().reload();
}
