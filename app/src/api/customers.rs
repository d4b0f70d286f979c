//! Customers, for the staff who look after them.

use leptos::prelude::*;
use model::{
    customer::{CustomerOrder, CustomerPage, CustomerState, CustomerView, Scope},
    id::{AccountId, OrganizationId, ResetId},
    reset::{ResetDesk, SentLink},
};

use super::ApiError;
#[cfg(feature = "ssr")]
use super::{actor, see_other_if_plain};

/// A page of the customers of a scope.
#[server(prefix = "/api", endpoint = "customers/find")]
pub async fn find_customers(
    /// The scope; one's own organization when there is none.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// Words that all must be found.
    #[server(default)]
    text: String,
    /// Only those in this state.
    #[server(default)]
    state: Option<CustomerState>,
    /// In which order.
    #[server(default)]
    order: CustomerOrder,
    /// Whether the order is turned round.
    #[server(default)]
    descending: bool,
    /// The page after this customer.
    #[server(default)]
    after: Option<AccountId>,
    /// The page before this customer.
    #[server(default)]
    before: Option<AccountId>,
) -> Result<CustomerPage, ApiError> {
    let (portal, _, actor) = actor().await?;
    let query =
        model::customer::CustomerQuery { scope, text, state, order, descending, after, before };
    Ok(portal.find_customers(&actor, &query).await?)
}

/// One's own organization and those below it.
#[server(prefix = "/api", endpoint = "customers/scopes")]
pub async fn scopes(
    /// Words that all must be in the name.
    #[server(default)]
    text: String,
) -> Result<Vec<Scope>, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.scopes(&actor, &text).await?)
}

/// All about one customer.
#[server(prefix = "/api", endpoint = "customers/view")]
pub async fn view_customer(
    /// The customer.
    customer: AccountId,
) -> Result<CustomerView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.view_customer(&actor, customer).await?)
}

/// What the page on which a customer's password is reset shows.
#[server(prefix = "/api", endpoint = "customers/reset-desk")]
pub async fn view_reset_desk(
    /// The customer.
    customer: AccountId,
    /// The reset that one believes to have begun there.
    #[server(default)]
    sent: Option<ResetId>,
) -> Result<ResetDesk, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.reset_desk(&actor, customer, sent).await?)
}

/// Mails a customer a link to a new password.
#[server(prefix = "/api", endpoint = "customers/send-link")]
pub async fn send_link(
    /// The customer.
    customer: AccountId,
    /// Why, in one's own words.
    reason: String,
    /// The number of a ticket; empty for none.
    ticket: String,
) -> Result<SentLink, ApiError> {
    let (portal, _, actor) = actor().await?;
    let request = portal::SendLink { customer, reason, ticket };
    let reset = portal.send_link(&actor, request).await?;
    see_other_if_plain(&format!("/customers/{customer}/password?sent={reset}"));
    Ok(SentLink { customer, reset })
}

/// Makes a customer's open links worthless.
#[server(prefix = "/api", endpoint = "customers/cancel-links")]
pub async fn cancel_links(
    /// The customer.
    customer: AccountId,
) -> Result<AccountId, ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.cancel_links(&actor, customer).await?;
    see_other_if_plain(&format!("/customers/{customer}?done=cancelled"));
    Ok(customer)
}
