//! Who is on the phone, whatever they call about.

use leptos::prelude::*;
use model::id::AccountId;

use super::{ApiError, Hidden};
#[cfg(feature = "ssr")]
use super::{actor, local_path, see_other_if_plain};

/// Sends somebody a code, for whoever called to read back.
#[server(prefix = "/api", endpoint = "callers/check")]
pub async fn check_caller(
    /// Whose account it is about.
    account: AccountId,
    /// The word of what the caller is verified for.
    action: String,
    /// `mail` or `account`.
    method: String,
    /// The page to go back to.
    #[server(default)]
    next: String,
) -> Result<(), ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.check_caller(&actor, portal::CheckCaller { account, action, method }).await?;
    see_other_if_plain(local_path(&next).unwrap_or("/customers"));
    Ok(())
}

/// Enters the code that a caller has read back.
#[server(prefix = "/api", endpoint = "callers/verify")]
pub async fn verify_caller(
    /// Whose account it is about.
    account: AccountId,
    /// The word of what the caller is verified for.
    action: String,
    /// The code.
    code: Hidden,
    /// The page to go back to.
    #[server(default)]
    next: String,
) -> Result<(), ApiError> {
    let (portal, _, actor) = actor().await?;
    let request = portal::VerifyCaller { account, action, code: code.into() };
    portal.verify_caller(&actor, request).await?;
    see_other_if_plain(local_path(&next).unwrap_or("/customers"));
    Ok(())
}
