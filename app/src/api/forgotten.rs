//! A forgotten password: asking for a link, and using it.

use leptos::prelude::*;

use super::ApiError;
#[cfg(feature = "ssr")]
use super::asked;

/// Asks for a link to a new password. The answer is the same for everybody.
#[server(prefix = "/api", endpoint = "forgotten/ask")]
pub async fn ask_for_link(name: String) -> Result<(), ApiError> {
    let (portal, _, visit) = asked()?;
    Ok(portal.ask_for_link(&visit, &name).await?)
}
