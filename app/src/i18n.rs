//! The reader's language. Every text is in `locales/`; the server decides which one is used.
//!
//! The server writes its decision into `<html lang>`, and the browser reads it from there. A page
//! keeps its language for as long as it is open: choosing another one loads it anew. Texts are
//! therefore plain strings, not signals: `tr!(login.title)`, `tr!(words.wait, seconds = 5)`.

use model::account::Language;

/// One function for each text of `locales/`; `build.rs` writes them.
#[allow(
    clippy::all,
    clippy::pedantic,
    dead_code,
    missing_docs,
    non_camel_case_types,
    reason = "generated"
)]
pub(crate) mod texts {
    use model::account::Language;

    include!(concat!(env!("OUT_DIR"), "/texts.rs"));
}

/// A text in the reader's language: a `&'static str`, or a `String` when something is filled in.
macro_rules! tr {
    ($($text:tt)+) => {
        $crate::i18n::tr_in!($crate::i18n::language(), $($text)+)
    };
}
pub(crate) use tr;

/// The same in a language that is given.
macro_rules! tr_in {
    ($language:expr, $section:ident.$key:ident $(,)?) => {
        $crate::i18n::texts::$section::$key($language)
    };
    ($language:expr, $section:ident.$key:ident, $($gap:ident = $value:expr),+ $(,)?) => {
        $crate::i18n::texts::$section::$key { $($gap: &$value),+ }.text($language)
    };
}
pub(crate) use tr_in;

/// The reader's language.
#[cfg(feature = "ssr")]
pub fn language() -> Language {
    leptos::prelude::use_context::<crate::request::RequestFacts>()
        .map(|facts| facts.language)
        .unwrap_or_default()
}

/// The reader's language.
#[cfg(not(feature = "ssr"))]
pub fn language() -> Language {
    thread_local! {
        static LANGUAGE: Language = leptos::prelude::document()
            .document_element()
            .and_then(|html| html.get_attribute("lang"))
            .and_then(|tag| Language::from_tag(&tag))
            .unwrap_or_default();
    }
    LANGUAGE.with(|language| *language)
}
