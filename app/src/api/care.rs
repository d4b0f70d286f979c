//! What staff do to customers beside passwords: create, invite, change, suspend, delete.

use leptos::prelude::*;
use model::{
    audit::ActivityPage,
    customer::{CustomerView, NewCustomerView},
    id::{AccountId, AuditId, OrganizationId},
};

use super::ApiError;
#[cfg(feature = "ssr")]
use super::{actor, see_other, see_other_if_plain};

/// What the form for a new customer needs to know.
#[server(prefix = "/api", endpoint = "customers/new")]
pub async fn new_customer(
    /// The organization one looked at; one's own when there is none.
    #[server(default)]
    scope: Option<OrganizationId>,
) -> Result<NewCustomerView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.new_customer(&actor, scope).await?)
}

/// Creates a customer, and leads to their page.
#[server(prefix = "/api", endpoint = "customers/create")]
pub async fn create_customer(
    /// Who looks after the customer.
    #[server(default)]
    organization: Option<OrganizationId>,
    /// What they are called.
    name: String,
    /// Where mail goes.
    email: String,
    /// A second name to sign in with; empty for none.
    user_name: String,
    /// Their company; empty for none.
    company: String,
    /// What they are called in other books; empty for nothing.
    reference: String,
    /// The language's tag.
    language: String,
    /// Whether the reseller may set the password.
    #[server(default)]
    allows_resets: bool,
    /// How the customer gets the first password.
    #[server(default)]
    first_password: String,
) -> Result<AccountId, ApiError> {
    let (portal, _, actor) = actor().await?;
    let request = portal::CreateCustomer {
        organization,
        name,
        email,
        user_name,
        company,
        reference,
        language,
        allows_resets,
        first_password,
    };
    let way = model::customer::FirstPassword::from_word(&request.first_password);
    let id = portal.create_customer(&actor, request).await?;
    // Where staff give customers passwords all is asked for that it takes.
    see_other(&match way.and_then(model::customer::FirstPassword::delivery) {
        Some(delivery) => {
            format!("/customers/{id}/password?how={}&where=portal&new=1", delivery.word())
        }
        None if way == Some(model::customer::FirstPassword::Invitation) => {
            format!("/customers/{id}?done=created_invited")
        }
        None => format!("/customers/{id}?done=created"),
    });
    Ok(id)
}

/// Invites a customer again to choose a first password.
#[server(prefix = "/api", endpoint = "customers/invite")]
pub async fn invite_again(
    /// The customer.
    customer: AccountId,
) -> Result<AccountId, ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.invite_customer_again(&actor, customer).await?;
    see_other_if_plain(&format!("/customers/{customer}?done=invited"));
    Ok(customer)
}

/// Changes what is known of a customer, and leads back to it.
#[server(prefix = "/api", endpoint = "customers/change")]
pub async fn change_customer(
    /// The customer.
    customer: AccountId,
    /// What they are called.
    name: String,
    /// Their company; empty for none.
    company: String,
    /// What they are called in other books; empty for nothing.
    reference: String,
    /// A second name to sign in with; empty for none.
    user_name: String,
    /// The language's tag.
    language: String,
    /// The state that the form was drawn from.
    stamp: i64,
) -> Result<AccountId, ApiError> {
    let (portal, _, actor) = actor().await?;
    let stamp = model::Moment(stamp);
    let request =
        portal::ChangeCustomer { customer, name, company, reference, user_name, language, stamp };
    portal.change_customer(&actor, request).await?;
    see_other(&format!("/customers/{customer}/account?done=changed"));
    Ok(customer)
}

/// Sets a customer aside.
#[server(prefix = "/api", endpoint = "customers/suspend")]
pub async fn suspend_customer(
    /// The customer.
    customer: AccountId,
    /// Why, in one's own words.
    reason: String,
) -> Result<AccountId, ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.suspend_customer(&actor, customer, &reason).await?;
    see_other_if_plain(&format!("/customers/{customer}/account?done=suspended"));
    Ok(customer)
}

/// Brings a customer back who was set aside.
#[server(prefix = "/api", endpoint = "customers/resume")]
pub async fn resume_customer(
    /// The customer.
    customer: AccountId,
) -> Result<AccountId, ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.resume_customer(&actor, customer).await?;
    see_other_if_plain(&format!("/customers/{customer}/account?done=resumed"));
    Ok(customer)
}

/// Deletes a customer, and leads to the list.
#[server(prefix = "/api", endpoint = "customers/delete")]
pub async fn delete_customer(
    /// The customer.
    customer: AccountId,
    /// The customer's name, typed to confirm.
    typed: String,
) -> Result<(), ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.delete_customer(&actor, portal::DeleteCustomer { customer, typed }).await?;
    see_other("/customers?done=deleted");
    Ok(())
}

/// A customer, and what happened to them, a page of it.
#[server(prefix = "/api", endpoint = "customers/activity")]
pub async fn customer_activity(
    /// The customer.
    customer: AccountId,
    /// Only what is older than this entry.
    #[server(default)]
    before: Option<AuditId>,
) -> Result<(CustomerView, ActivityPage), ApiError> {
    let (portal, _, actor) = actor().await?;
    let view = portal.view_customer(&actor, customer).await?;
    Ok((view, portal.customer_activity(&actor, customer, before).await?))
}

/// A customer who may be deleted, and whether one proved one's own password a short while ago.
#[server(prefix = "/api", endpoint = "customers/deletion")]
pub async fn view_deletion(
    /// The customer.
    customer: AccountId,
) -> Result<(CustomerView, bool), ApiError> {
    let (portal, _, actor) = actor().await?;
    let view = portal.view_customer(&actor, customer).await?;
    if !view.may_edit {
        return Err(ApiError::Refused(model::Refusal::NotFound).told());
    }
    Ok((view, portal.has_stepped_up(&actor).await?))
}
