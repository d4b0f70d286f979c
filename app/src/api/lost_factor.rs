//! Second factors that somebody lost: staff remove them, and whoever still has one keeps it.

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use model::account::AccountKind;
use model::{
    factor::{FactorDesk, KeepView, RemovalDone},
    id::{AccountId, LinkId},
};

use super::ApiError;
#[cfg(feature = "ssr")]
use super::{actor, asked, keep_for_a_second_press, link_token, see_other_if_plain};

/// What the page on which somebody's lost second factor is removed shows.
#[server(prefix = "/api", endpoint = "lost-factor/view")]
pub async fn view_factor_desk(
    /// Whose.
    account: AccountId,
) -> Result<FactorDesk, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.factor_desk(&actor, account).await?)
}

/// Removes somebody's lost second factor, at once or after a while.
#[server(prefix = "/api", endpoint = "lost-factor/remove")]
pub async fn remove_lost_factor(
    /// Whose.
    account: AccountId,
    /// Why, in one's own words.
    reason: String,
    /// The number of a ticket; empty for none.
    ticket: String,
) -> Result<RemovalDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    let request = portal::RemoveFactor { account, reason, ticket };
    Ok(shown(portal.remove_lost_factor(&actor, request).await?))
}

/// Stops a removal that waits.
#[server(prefix = "/api", endpoint = "lost-factor/stop")]
pub async fn stop_removal(
    /// Whose factor stays.
    account: AccountId,
) -> Result<RemovalDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.stop_factor_removal(&actor, account).await?))
}

/// Leads to the page that it was done on.
#[cfg(feature = "ssr")]
fn shown(done: RemovalDone) -> RemovalDone {
    let page = match done.kind {
        AccountKind::Customer => format!("/customers/{}/factor", done.account),
        AccountKind::Staff => format!("/organization/staff/{}/factor", done.account),
    };
    see_other_if_plain(&format!("{page}?done={}", done.deed.word()));
    done
}

/// Keeps one's own second factor, which staff are about to remove.
#[server(prefix = "/api", endpoint = "lost-factor/keep")]
pub async fn keep_my_factor() -> Result<(), ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.keep_my_factor(&actor).await?;
    see_other_if_plain("/account/security?done=kept");
    Ok(())
}

/// What the page of a link shows by which one keeps one's second factor; changes nothing.
#[server(prefix = "/api", endpoint = "lost-factor/link")]
pub async fn view_keep_link(
    /// The link's public id.
    link: LinkId,
) -> Result<KeepView, ApiError> {
    let (portal, facts, visit) = asked()?;
    let token = link_token(&facts, link)?;
    Ok(portal.keep_view(&visit, link, &token).await?)
}

/// Keeps one's second factor by a link.
#[server(prefix = "/api", endpoint = "lost-factor/keep-by-link")]
pub async fn keep_by_link(
    /// The link's public id.
    link: LinkId,
) -> Result<(), ApiError> {
    let (portal, facts, visit) = asked()?;
    let token = link_token(&facts, link)?;
    portal.keep_factor(&visit, link, &token).await?;
    keep_for_a_second_press(&facts, link, &token);
    see_other_if_plain(&facts.site.path("/keep/done"));
    Ok(())
}
