//! Many customers at once, for staff: resets by state, and what needs attention.

use leptos::prelude::*;
use model::overview::{HomeView, ResetPage, ResetQuery};

use super::ApiError;
#[cfg(feature = "ssr")]
use super::actor;

/// A page of resets.
#[server(prefix = "/api", endpoint = "resets/find")]
pub async fn find_resets(
    /// What is looked for.
    #[server(default)]
    query: ResetQuery,
) -> Result<ResetPage, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.resets(&actor, &query).await?)
}

/// What needs attention, and how things stand.
#[server(prefix = "/api", endpoint = "home")]
pub async fn home() -> Result<HomeView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.home(&actor).await?)
}
