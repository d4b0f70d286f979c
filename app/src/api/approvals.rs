//! What nobody does alone: asking a second person, and deciding as one.

use leptos::prelude::*;
use model::{
    approval::{ApprovalDone, ApprovalView},
    id::{AccountId, ApprovalId},
};

use super::ApiError;
#[cfg(feature = "ssr")]
use super::{actor, see_other_if_plain};

/// What the page shows on which one decides.
#[server(prefix = "/api", endpoint = "approvals/view")]
pub async fn view_approval(
    /// What is asked.
    approval: ApprovalId,
) -> Result<ApprovalView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.approval(&actor, approval).await?)
}

/// Asks a second person to agree.
#[server(prefix = "/api", endpoint = "approvals/ask")]
pub async fn ask_approval(
    /// The word of what they are to agree to.
    action: String,
    /// Whom it is about.
    account: AccountId,
    /// Why, in one's own words.
    reason: String,
    /// The number of a ticket; empty for none.
    ticket: String,
) -> Result<ApprovalDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    let request = portal::AskApproval { action, account, reason, ticket };
    Ok(shown(portal.ask_approval(&actor, request).await?))
}

/// Agrees.
#[server(prefix = "/api", endpoint = "approvals/agree")]
pub async fn agree_to_approval(
    /// What is asked.
    approval: ApprovalId,
    /// Why, in one's own words.
    reason: String,
) -> Result<ApprovalDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.agree_to_approval(&actor, approval, &reason).await?))
}

/// Does not agree.
#[server(prefix = "/api", endpoint = "approvals/refuse")]
pub async fn refuse_approval(
    /// What is asked.
    approval: ApprovalId,
    /// Why not; empty for no reason.
    #[server(default)]
    remark: String,
) -> Result<ApprovalDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.refuse_approval(&actor, approval, &remark).await?))
}

/// Does not ask any more.
#[server(prefix = "/api", endpoint = "approvals/withdraw")]
pub async fn withdraw_approval(
    /// What was asked.
    approval: ApprovalId,
) -> Result<ApprovalDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.withdraw_approval(&actor, approval).await?))
}

/// Leads to the page of what is asked.
#[cfg(feature = "ssr")]
fn shown(done: ApprovalDone) -> ApprovalDone {
    see_other_if_plain(&format!("/approvals/{}?done={}", done.id, done.deed.word()));
    done
}
