//! Many customers at once, for staff: resets by state, and what needs attention.

use leptos::prelude::*;
use model::{
    id::{ResetId, TargetId},
    overview::{HomeView, ResetPage, ResetQuery},
    reset::ResetProgress,
};

use super::ApiError;
#[cfg(feature = "ssr")]
use super::{actor, see_other_if_plain};

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

/// How far a reset is, place by place.
#[server(prefix = "/api", endpoint = "resets/progress")]
pub async fn view_reset_progress(
    /// The reset.
    reset: ResetId,
) -> Result<ResetProgress, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.reset_progress(&actor, reset).await?)
}

/// Tries a place again that a new password has not reached.
#[server(prefix = "/api", endpoint = "resets/retry")]
pub async fn retry_place(
    /// The reset.
    reset: ResetId,
    /// The place.
    target: TargetId,
) -> Result<(), ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.retry_target(&actor, portal::Place { reset, target }).await?;
    see_other_if_plain(&format!("/resets/{reset}?done=retried"));
    Ok(())
}

/// Leaves a place as it is that a new password has not reached.
#[server(prefix = "/api", endpoint = "resets/give-up")]
pub async fn give_up_place(
    /// The reset.
    reset: ResetId,
    /// The place.
    target: TargetId,
    /// Why, in one's own words.
    reason: String,
) -> Result<(), ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.give_up_target(&actor, portal::Place { reset, target }, &reason).await?;
    see_other_if_plain(&format!("/resets/{reset}?done=given_up"));
    Ok(())
}

/// What needs attention, and how things stand.
#[server(prefix = "/api", endpoint = "home")]
pub async fn home() -> Result<HomeView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.home(&actor).await?)
}
