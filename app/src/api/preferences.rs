//! What this browser remembers of its reader's taste.

#![cfg_attr(
    feature = "ssr",
    expect(clippy::unused_async, reason = "server functions are async, whether they wait or not")
)]

use leptos::prelude::*;

use super::ApiError;
#[cfg(feature = "ssr")]
use super::{asked, local_path, remember, see_other_if_plain};
#[cfg(feature = "ssr")]
use crate::request::{LANGUAGE_COOKIE, THEME_COOKIE, Theme};

/// Sets language or theme; what is no choice changes nothing.
#[server(prefix = "/api", endpoint = "preferences/set")]
pub async fn set_preferences(
    /// The language's tag.
    #[server(default)]
    language: String,
    /// The theme's word.
    #[server(default)]
    theme: String,
    /// The page to return to.
    #[server(default)]
    here: String,
) -> Result<(), ApiError> {
    let (_, facts, _) = asked()?;
    if let Some(language) = model::account::Language::from_tag(&language) {
        remember(&facts, LANGUAGE_COOKIE, language.tag());
    }
    if let Some(theme) = Theme::from_word(&theme) {
        remember(&facts, THEME_COOKIE, theme.word());
    }
    see_other_if_plain(local_path(&here).unwrap_or("/"));
    Ok(())
}
