//! Help with choosing a password.

#![cfg_attr(
    feature = "ssr",
    expect(clippy::unused_async, reason = "server functions are async, whether they wait or not")
)]

use leptos::prelude::*;

use super::ApiError;
#[cfg(feature = "ssr")]
use super::asked;

/// A password that nobody would guess, and that can be typed.
#[server(prefix = "/api", endpoint = "password/suggest")]
pub async fn suggest_password() -> Result<String, ApiError> {
    let (portal, _, _) = asked()?;
    Ok(portal.suggest_password().reveal().to_owned())
}
