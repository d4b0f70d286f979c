//! A forgotten password: asking for a link, and using it; and saying that a change was not one's
//! own.
//!
//! A link's token came once, in the mailed address, and lies in a cookie since. Pages and forms
//! name the link by its public id.

use leptos::prelude::*;
use model::{
    factor::PasskeyQuestion,
    id::LinkId,
    link::{LinkPurpose, LinkView},
};

use super::{ApiError, Hidden};
#[cfg(feature = "ssr")]
use super::{asked, keep_for_a_second_press, link_token, see_other_if_plain};

/// Asks for a link to a new password. The answer is the same for everybody.
#[server(prefix = "/api", endpoint = "forgotten/ask")]
pub async fn ask_for_link(
    /// Email address or user name.
    name: String,
) -> Result<(), ApiError> {
    let (portal, facts, visit) = asked()?;
    portal.ask_for_link(&visit, &name).await?;
    see_other_if_plain(&facts.site.path("/forgot/sent"));
    Ok(())
}

/// What the page of a link shows; changes nothing.
#[server(prefix = "/api", endpoint = "forgotten/link")]
pub async fn link(
    /// The link's public id.
    link: LinkId,
    /// What it must be for.
    purpose: LinkPurpose,
) -> Result<LinkView, ApiError> {
    let (portal, facts, visit) = asked()?;
    let token = link_token(&facts, link)?;
    Ok(portal.link(&visit, link, &token, purpose).await?)
}

/// Sets a new password with a link, or the first one with an invitation.
#[server(prefix = "/api", endpoint = "forgotten/use")]
pub async fn use_link(
    /// The link's public id.
    link: LinkId,
    /// The new password.
    new: Hidden,
    /// The new password again.
    retype: Hidden,
    /// The PIN that was read out, for a link that asks for it.
    #[server(default)]
    pin: Hidden,
    /// A code of the account's second factor, if it has one.
    #[server(default)]
    code: Hidden,
    /// Whether the link is an invitation.
    #[server(default)]
    invitation: bool,
) -> Result<(), ApiError> {
    let (portal, facts, visit) = asked()?;
    let token = link_token(&facts, link)?;
    let request = portal::NewPassword {
        new: new.into(),
        retype: retype.into(),
        pin: pin.into(),
        code: code.into(),
    };
    if invitation {
        portal.accept_invitation(&visit, link, &token, request).await?;
    } else {
        portal.use_link(&visit, link, &token, request).await?;
    }
    keep_for_a_second_press(&facts, link, &token);
    see_other_if_plain(&facts.site.path("/reset/done"));
    Ok(())
}

/// Asks the browser for a passkey of the account that a link is for.
#[server(prefix = "/api", endpoint = "forgotten/ask-passkey")]
pub async fn ask_passkey(
    /// The link's public id.
    link: LinkId,
) -> Result<PasskeyQuestion, ApiError> {
    let (portal, facts, visit) = asked()?;
    let token = link_token(&facts, link)?;
    Ok(portal.ask_link(&visit, link, &token).await?)
}

/// Says "this wasn't me": freezes the account until its owner sets a new password with a link.
#[server(prefix = "/api", endpoint = "forgotten/dispute")]
pub async fn dispute(
    /// The link's public id.
    link: LinkId,
) -> Result<(), ApiError> {
    let (portal, facts, visit) = asked()?;
    let token = link_token(&facts, link)?;
    portal.dispute(&visit, link, &token).await?;
    keep_for_a_second_press(&facts, link, &token);
    see_other_if_plain(&facts.site.path("/confirm/done"));
    Ok(())
}
