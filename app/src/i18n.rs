//! The reader's language. Every text is in `locales/`; the server decides which one is used.
//!
//! The server writes its decision into `<html lang>`, and the browser reads it from there. A page
//! keeps its language for as long as it is open: choosing another one loads it anew. Texts are
//! therefore plain strings, not signals: `tr!(login.title)`, `tr!(words.wait, seconds = 5)`.

#[allow(clippy::all, dead_code, unused_imports, reason = "generated")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/i18n.rs"));
}

use model::account::Language;

pub use generated::i18n::Locale;

/// A text in the reader's language: a `&'static str`, or a `String` when something is filled in.
macro_rules! tr {
    ($($key:tt)+) => {
        leptos_i18n::td_string!($crate::i18n::locale(), $($key)+)
    };
}
pub(crate) use tr;

/// The reader's language, as the locales' code wants it.
pub fn locale() -> Locale {
    locale_of(language())
}

/// A language, as the locales' code wants it.
pub fn locale_of(language: Language) -> Locale {
    match language {
        Language::En => Locale::en,
        Language::De => Locale::de,
        Language::Fr => Locale::fr,
        Language::Es => Locale::es,
    }
}

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
