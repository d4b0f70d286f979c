//! Changes of email addresses: by their owner, by staff, and by mailed links.

use leptos::prelude::*;
use model::{
    email::{ConfirmEmailView, EmailDesk, EmailDone, KeepEmailView, OwnEmail},
    id::{AccountId, EmailChangeId, LinkId},
};

use super::ApiError;
#[cfg(feature = "ssr")]
use super::{actor, asked, keep_for_a_second_press, link_token, see_other_if_plain};

/// What the page on which one changes one's own address shows.
#[server(prefix = "/api", endpoint = "email-change/own")]
pub async fn my_email() -> Result<OwnEmail, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.own_email(&actor).await?)
}

/// Asks for another address of one's own.
#[server(prefix = "/api", endpoint = "email-change/ask-own")]
pub async fn ask_for_my_email(
    /// The new address.
    email: String,
) -> Result<(), ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.ask_own_email_change(&actor, &email).await?;
    see_other_if_plain("/account/email?done=asked");
    Ok(())
}

/// Keeps the address that one has.
#[server(prefix = "/api", endpoint = "email-change/keep-own")]
pub async fn keep_my_email() -> Result<(), ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.keep_my_email(&actor).await?;
    see_other_if_plain("/account/email?done=kept");
    Ok(())
}

/// What the page on which staff change a customer's address shows.
#[server(prefix = "/api", endpoint = "email-change/desk")]
pub async fn view_email_desk(
    /// Whose.
    account: AccountId,
) -> Result<EmailDesk, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.email_desk(&actor, account).await?)
}

/// Asks for another address of a customer.
#[server(prefix = "/api", endpoint = "email-change/ask")]
pub async fn ask_for_email(
    /// Whose.
    account: AccountId,
    /// The new address.
    email: String,
    /// Why, in one's own words.
    reason: String,
    /// The number of a ticket; empty for none.
    ticket: String,
    /// Whether no caller was verified, and a second member of staff is to agree instead.
    #[server(default)]
    second: bool,
) -> Result<EmailDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    let request = portal::AskEmail { account, email, reason, ticket, second };
    Ok(shown(portal.ask_email_change(&actor, request).await?))
}

/// Agrees to a change that a colleague asked for.
#[server(prefix = "/api", endpoint = "email-change/approve")]
pub async fn approve_email(
    /// Whose address.
    account: AccountId,
    /// The change that was seen.
    change: EmailChangeId,
    /// Why, in one's own words.
    reason: String,
    /// The number of a ticket; empty for none.
    ticket: String,
) -> Result<EmailDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    let request = portal::ApproveEmail { account, change, reason, ticket };
    Ok(shown(portal.approve_email_change(&actor, request).await?))
}

/// Stops the change of a customer's address.
#[server(prefix = "/api", endpoint = "email-change/stop")]
pub async fn stop_email(
    /// Whose address stays.
    account: AccountId,
) -> Result<EmailDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.stop_customer_email_change(&actor, account).await?))
}

/// Leads to the page that it was done on.
#[cfg(feature = "ssr")]
fn shown(done: EmailDone) -> EmailDone {
    see_other_if_plain(&format!("/customers/{}/email?done={}", done.account, done.deed.word()));
    done
}

/// What the page of a link shows by which one keeps one's address; changes nothing.
#[server(prefix = "/api", endpoint = "email-change/keep-link")]
pub async fn view_keep_email_link(
    /// The link's public id.
    link: LinkId,
) -> Result<KeepEmailView, ApiError> {
    let (portal, facts, visit) = asked()?;
    let token = link_token(&facts, link)?;
    Ok(portal.keep_email_view(&visit, link, &token).await?)
}

/// Keeps one's address by a link.
#[server(prefix = "/api", endpoint = "email-change/keep-by-link")]
pub async fn keep_email_by_link(
    /// The link's public id.
    link: LinkId,
) -> Result<(), ApiError> {
    let (portal, facts, visit) = asked()?;
    let token = link_token(&facts, link)?;
    portal.keep_email(&visit, link, &token).await?;
    keep_for_a_second_press(&facts, link, &token);
    see_other_if_plain(&facts.site.path("/keep-address/done"));
    Ok(())
}

/// What the page of a link shows by which one confirms a new address; changes nothing.
#[server(prefix = "/api", endpoint = "email-change/confirm-link")]
pub async fn view_confirm_email_link(
    /// The link's public id.
    link: LinkId,
) -> Result<ConfirmEmailView, ApiError> {
    let (portal, facts, visit) = asked()?;
    let token = link_token(&facts, link)?;
    Ok(portal.confirm_email_view(&visit, link, &token).await?)
}

/// Confirms a new address by a link.
#[server(prefix = "/api", endpoint = "email-change/confirm-by-link")]
pub async fn confirm_email_by_link(
    /// The link's public id.
    link: LinkId,
) -> Result<(), ApiError> {
    let (portal, facts, visit) = asked()?;
    let token = link_token(&facts, link)?;
    portal.confirm_email(&visit, link, &token).await?;
    keep_for_a_second_press(&facts, link, &token);
    see_other_if_plain(&facts.site.path("/new-address/done"));
    Ok(())
}
