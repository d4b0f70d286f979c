//! Customers, for the staff who look after them.

use leptos::prelude::*;
use model::{
    customer::{CustomerOrder, CustomerPage, CustomerState, CustomerView, Scope},
    id::{AccountId, ConnectorId, DisputeId, OrganizationId, ResetId},
    reset::{Begun, ResetDesk},
};

use super::{ApiError, Hidden};
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
    /// Only those with an account in this downstream system.
    #[server(default)]
    connector: Option<ConnectorId>,
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
    let query = model::customer::CustomerQuery {
        scope,
        text,
        state,
        connector,
        order,
        descending,
        after,
        before,
    };
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
    begun: Option<ResetId>,
) -> Result<ResetDesk, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.reset_desk(&actor, customer, begun).await?)
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
    /// Where else the new password goes: nowhere, a service account, or all of them.
    #[server(default)]
    places: String,
) -> Result<Begun, ApiError> {
    let (portal, _, actor) = actor().await?;
    let request = portal::SendLink { customer, reason, ticket, places };
    let reset = portal.send_link(&actor, request).await?;
    Ok(begun(customer, reset))
}

/// Sets a customer's password to what was typed: a temporary one.
#[server(prefix = "/api", endpoint = "customers/type-password")]
pub async fn type_password(
    /// The customer.
    customer: AccountId,
    /// The new password.
    new: Hidden,
    /// The new password again.
    retype: Hidden,
    /// Why, in one's own words.
    reason: String,
    /// The number of a ticket; empty for none.
    ticket: String,
    /// Where else it goes: nowhere, a service account, or all of them.
    #[server(default)]
    places: String,
) -> Result<Begun, ApiError> {
    let (portal, _, actor) = actor().await?;
    let password = portal::StaffPassword::Typed { new: new.into(), retype: retype.into() };
    let request = portal::SetPassword { customer, password, reason, ticket, places };
    let reset = portal.set_customer_password(&actor, request).await?;
    Ok(begun(customer, reset))
}

/// Sets a customer's password to a generated one, which is mailed to them: a temporary one.
#[server(prefix = "/api", endpoint = "customers/generate-password")]
pub async fn generate_password(
    /// The customer.
    customer: AccountId,
    /// Why, in one's own words.
    reason: String,
    /// The number of a ticket; empty for none.
    ticket: String,
    /// Where else it goes: nowhere, a service account, or all of them.
    #[server(default)]
    places: String,
) -> Result<Begun, ApiError> {
    let (portal, _, actor) = actor().await?;
    let password = portal::StaffPassword::Generated;
    let request = portal::SetPassword { customer, password, reason, ticket, places };
    let reset = portal.set_customer_password(&actor, request).await?;
    Ok(begun(customer, reset))
}

/// Closes what a customer disputed.
#[server(prefix = "/api", endpoint = "customers/close-dispute")]
pub async fn close_dispute(
    /// The dispute.
    dispute: DisputeId,
    /// What came of it.
    reason: String,
) -> Result<AccountId, ApiError> {
    let (portal, _, actor) = actor().await?;
    let customer = portal.close_dispute(&actor, portal::CloseDispute { dispute, reason }).await?;
    see_other_if_plain(&format!("/customers/{customer}?done=dispute"));
    Ok(customer)
}

/// A reset that was begun: the page that tells what becomes of it.
#[cfg(feature = "ssr")]
fn begun(customer: AccountId, reset: ResetId) -> Begun {
    see_other_if_plain(&format!("/customers/{customer}/password?begun={reset}"));
    Begun { customer, reset }
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
