//! Customers: found, read, created, changed, set aside and brought back, deleted.

use std::sync::Arc;

use axum::{
    extract::{Extension, Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use model::{
    Moment,
    customer::{CustomerOrder, CustomerQuery, CustomerRow, CustomerState, CustomerView, Standing},
    id::{AccountId, OrganizationId},
    permission::Permission,
    refusal,
};
use portal::{ChangeCustomer, CreateCustomer, DeleteCustomer};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    asking::{About, Answered, Asking, id, json, moment, word},
    problem::{Problem, ProblemDetails},
};
use crate::Server;

/// How a customer stands.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is there or not, whatever the others are")]
pub struct StandingInfo {
    /// Set aside by staff: nobody signs in.
    pub suspended: bool,
    /// Why the customer cannot sign in just now: `failures`, `staff` or `dispute`.
    pub lock: Option<String>,
    /// When that lock opens by itself, if it does.
    #[schema(format = DateTime)]
    pub locked_until: Option<String>,
    /// Has a temporary password.
    pub must_change_password: bool,
    /// Signs in with more than a password.
    pub has_second_factor: bool,
    /// Lets staff set the password.
    pub allows_resets: bool,
}

/// A customer in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerItem {
    /// The customer.
    pub id: Uuid,
    /// What they are called.
    pub name: String,
    /// Where mail goes.
    pub email: String,
    /// Their company.
    pub company: Option<String>,
    /// What you call them in your own books.
    pub reference: Option<String>,
    /// The name of the organization that looks after them.
    pub organization: String,
    /// How they stand.
    pub standing: StandingInfo,
    /// When they signed in last.
    #[schema(format = DateTime)]
    pub last_sign_in_at: Option<String>,
}

/// A page of customers.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerList {
    /// The customers.
    pub items: Vec<CustomerItem>,
    /// What `after` is for the next page; null when there is none.
    pub next: Option<Uuid>,
}

/// A customer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Customer {
    /// The customer.
    pub id: Uuid,
    /// What they are called.
    pub name: String,
    /// Where mail goes. It is changed at the portal only: the old and the new mailbox are asked.
    pub email: String,
    /// A second name to sign in with.
    pub user_name: Option<String>,
    /// Their company.
    pub company: Option<String>,
    /// What you call them in your own books.
    pub reference: Option<String>,
    /// The name of the organization that looks after them.
    pub organization: String,
    /// The language of pages and mails.
    pub language: String,
    /// How they stand.
    pub standing: StandingInfo,
    /// When they were created.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When they signed in last.
    #[schema(format = DateTime)]
    pub last_sign_in_at: Option<String>,
    /// When the password was set; null when there is none yet.
    #[schema(format = DateTime)]
    pub password_changed_at: Option<String>,
    /// Until when a temporary password works.
    #[schema(format = DateTime)]
    pub password_expires_at: Option<String>,
    /// When the open links to a new password end, the latest first.
    pub open_links: Vec<String>,
}

/// What is asked for to create a customer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCustomer {
    /// Who looks after them; the key's own organization unless it is another one below it.
    #[serde(default)]
    pub organization: Option<Uuid>,
    /// What they are called.
    #[schema(min_length = 1, max_length = 120)]
    pub name: String,
    /// Where mail goes, and what they sign in with.
    #[schema(format = Email, max_length = 254)]
    pub email: String,
    /// A second name to sign in with.
    #[serde(default)]
    #[schema(max_length = 32)]
    pub user_name: Option<String>,
    /// Their company.
    #[serde(default)]
    #[schema(max_length = 120)]
    pub company: Option<String>,
    /// What you call them in your own books; nobody else of the organization may have it.
    #[serde(default)]
    #[schema(max_length = 60)]
    pub reference: Option<String>,
    /// The language of pages and mails.
    pub language: String,
    /// Whether the customer has told you that staff may set their password. Later only they change it.
    #[serde(default)]
    #[schema(default = false)]
    pub allows_resets: bool,
    /// How they get their first password: by an invitation that is mailed now, or later.
    pub first_password: String,
}

/// What is to be changed of a customer. What is left out, or null, stays; an empty text removes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerChange {
    /// What they are called.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 120)]
    pub name: Option<String>,
    /// Their company.
    #[serde(default)]
    #[schema(max_length = 120)]
    pub company: Option<String>,
    /// What you call them in your own books.
    #[serde(default)]
    #[schema(max_length = 60)]
    pub reference: Option<String>,
    /// A second name to sign in with.
    #[serde(default)]
    #[schema(max_length = 32)]
    pub user_name: Option<String>,
    /// The language of pages and mails.
    #[serde(default)]
    pub language: Option<String>,
}

/// Why a customer is set aside.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Suspension {
    /// Why: it stands in the audit log.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// Which customers are looked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is the description of what `Asking::query` reads")]
pub struct CustomerParameters {
    /// The organization whose customers, and those of all below it, are looked at; the key's own
    /// when there is none.
    pub organization: Option<Uuid>,
    /// Words that all must be found in names, addresses, companies and references.
    pub text: Option<String>,
    /// Only those in this state.
    pub state: Option<String>,
    /// Only those with an account in this downstream system.
    pub connector: Option<Uuid>,
    /// In which order.
    pub order: Option<String>,
    /// Whether the order is turned round: `true` or `false`.
    pub descending: Option<bool>,
    /// The `next` of the page before.
    pub after: Option<Uuid>,
}

impl From<Standing> for StandingInfo {
    fn from(standing: Standing) -> Self {
        Self {
            suspended: standing.suspended,
            lock: standing.lock.as_ref().map(word),
            locked_until: standing.locked_until.map(moment),
            must_change_password: standing.must_change_password,
            has_second_factor: standing.has_factor,
            allows_resets: standing.allows_resets,
        }
    }
}

impl From<CustomerRow> for CustomerItem {
    fn from(row: CustomerRow) -> Self {
        Self {
            id: row.id.0,
            name: row.name.to_string(),
            email: row.email.to_string(),
            company: row.company,
            reference: row.reference,
            organization: row.organization.to_string(),
            standing: row.standing.into(),
            last_sign_in_at: row.last_sign_in_at.map(moment),
        }
    }
}

impl From<CustomerView> for Customer {
    fn from(view: CustomerView) -> Self {
        Self {
            id: view.id.0,
            name: view.name.to_string(),
            email: view.email.to_string(),
            user_name: view.user_name.map(|name| name.to_string()),
            company: view.company,
            reference: view.reference,
            organization: view.organization.to_string(),
            language: view.language.tag().to_owned(),
            standing: view.standing.into(),
            created_at: moment(view.created_at),
            last_sign_in_at: view.last_sign_in_at.map(moment),
            password_changed_at: view.password_changed_at.map(moment),
            password_expires_at: view.password_expires_at.map(moment),
            open_links: view.open_links.into_iter().map(moment).collect(),
        }
    }
}

/// Find customers
///
/// In pages of 50. Takes the permission `read_customers`.
#[utoipa::path(
    get, path = "/api/v1/customers", operation_id = "findCustomers", tag = "customers",
    params(CustomerParameters),
    responses((status = 200, description = "A page of customers.", body = CustomerList))
)]
pub async fn list(
    State(server): State<Arc<Server>>,
    Extension(asking): Extension<Asking>,
) -> Answered {
    let query = asking.query(&[
        "organization",
        "text",
        "state",
        "connector",
        "order",
        "descending",
        "after",
    ])?;
    let after: Option<AccountId> = query.id("after")?;
    let wanted = CustomerQuery {
        scope: query.id("organization")?,
        text: query.text("text").unwrap_or_default().to_owned(),
        state: query.word("state", CustomerState::from_word)?,
        connector: query.id("connector")?,
        order: query.word("order", CustomerOrder::from_word)?.unwrap_or_default(),
        descending: query.word("descending", |text| text.parse().ok())?.unwrap_or_default(),
        after,
        before: None,
    };
    let page = server.portal.find_customers(&asking.actor, &wanted).await?;
    // Whoever is gone has no place, and people begin anew; a program would go round in circles.
    if after.is_some() && page.before.is_none() {
        return Err(Problem::field("after", refusal::Problem::CustomerGone));
    }
    let items = page.rows.into_iter().map(CustomerItem::from).collect();
    Ok(json(&CustomerList { items, next: page.after.map(|id| id.0) }))
}

/// Read about a customer
///
/// That it was read stands in the audit log. Takes the permission `read_customers`.
#[utoipa::path(
    get, path = "/api/v1/customers/{id}", operation_id = "readCustomer", tag = "customers",
    params(("id" = Uuid, Path, description = "The customer.")),
    responses((status = 200, description = "The customer.", body = Customer,
        headers(("ETag" = String, description = "The state that this is, for `If-Match`."))))
)]
pub async fn view(
    State(server): State<Arc<Server>>,
    Extension(asking): Extension<Asking>,
    Path(customer): Path<String>,
) -> Answered {
    asking.query(&[])?;
    shown(&server, &asking, id(&customer)?).await
}

/// Create a customer
///
/// Takes the permission `edit_customers`.
#[utoipa::path(
    post, path = "/api/v1/customers", operation_id = "createCustomer", tag = "customers",
    request_body = NewCustomer,
    responses((status = 201, description = "The customer that was created.", body = Customer,
        headers(
            ("Location" = String, description = "Where the customer is found."),
            ("ETag" = String, description = "The state that this is, for `If-Match`."),
        )))
)]
pub async fn create(
    State(server): State<Arc<Server>>,
    Extension(asking): Extension<Asking>,
) -> Answered {
    asking.query(&[])?;
    let new: NewCustomer = asking.json()?;
    // The other ways go on at a page, where somebody types or sees a password.
    if !["invitation", "later"].contains(&new.first_password.as_str()) {
        return Err(Problem::field("first_password", refusal::Problem::NotAChoice));
    }
    let request = CreateCustomer {
        organization: new.organization.map(OrganizationId),
        name: new.name,
        email: new.email,
        user_name: new.user_name.unwrap_or_default(),
        company: new.company.unwrap_or_default(),
        reference: new.reference.unwrap_or_default(),
        language: new.language,
        allows_resets: new.allows_resets,
        first_password: new.first_password,
    };
    let customer = server.portal.create_customer(&asking.actor, request).await?;
    let mut answer = shown(&server, &asking, customer).await?;
    *answer.status_mut() = StatusCode::CREATED;
    if let Ok(place) = HeaderValue::try_from(format!("/api/v1/customers/{customer}")) {
        answer.headers_mut().insert(header::LOCATION, place);
    }
    Ok(answer)
}

/// Change what is known of a customer
///
/// With `If-Match` only while they are in that state. Takes the permission `edit_customers`.
#[utoipa::path(
    patch, path = "/api/v1/customers/{id}", operation_id = "changeCustomer", tag = "customers",
    params(
        ("id" = Uuid, Path, description = "The customer."),
        ("If-Match" = Option<String>, Header, description = "The state for which the change is meant: an `ETag`."),
    ),
    request_body = CustomerChange,
    responses(
        (status = 200, description = "The customer as they are now.", body = Customer,
            headers(("ETag" = String, description = "The state that this is, for `If-Match`."))),
        (status = 412, description = "Somebody else changed the customer meanwhile.",
            body = ProblemDetails, content_type = "application/problem+json"),
    )
)]
pub async fn change(
    State(server): State<Arc<Server>>,
    Extension(asking): Extension<Asking>,
    Path(customer): Path<String>,
) -> Answered {
    asking.query(&[])?;
    let customer = id(&customer)?;
    let change: CustomerChange = asking.json()?;
    let stamp = asking.stamp()?;
    // Who may not change anybody learns nothing of whom.
    asking.actor.may(Permission::EditCustomers)?;
    let now = server.portal.view_customer(&asking.actor, customer).await?;
    let request = ChangeCustomer {
        customer,
        name: change.name.unwrap_or_else(|| now.name.to_string()),
        company: change.company.or(now.company).unwrap_or_default(),
        reference: change.reference.or(now.reference).unwrap_or_default(),
        user_name: change
            .user_name
            .or(now.user_name.map(|name| name.to_string()))
            .unwrap_or_default(),
        language: change.language.unwrap_or_else(|| now.language.tag().to_owned()),
        stamp: stamp.unwrap_or(now.stamp),
    };
    server.portal.change_customer(&asking.actor, request).await?;
    shown(&server, &asking, customer).await
}

/// Set a customer aside
///
/// Nobody signs in any more, and links are void. Takes the permission `edit_customers`.
#[utoipa::path(
    post, path = "/api/v1/customers/{id}/suspend", operation_id = "suspendCustomer", tag = "customers",
    params(("id" = Uuid, Path, description = "The customer.")),
    request_body = Suspension,
    responses((status = 200, description = "The customer as they are now.", body = Customer,
        headers(("ETag" = String, description = "The state that this is, for `If-Match`."))))
)]
pub async fn suspend(
    State(server): State<Arc<Server>>,
    Extension(asking): Extension<Asking>,
    Path(customer): Path<String>,
) -> Answered {
    asking.query(&[])?;
    let customer = id(&customer)?;
    let Suspension { reason } = asking.json()?;
    server.portal.suspend_customer(&asking.actor, customer, &reason).await?;
    shown(&server, &asking, customer).await
}

/// Bring a customer back who was set aside
///
/// Takes the permission `edit_customers`.
#[utoipa::path(
    post, path = "/api/v1/customers/{id}/resume", operation_id = "resumeCustomer", tag = "customers",
    params(("id" = Uuid, Path, description = "The customer.")),
    responses((status = 200, description = "The customer as they are now.", body = Customer,
        headers(("ETag" = String, description = "The state that this is, for `If-Match`."))))
)]
pub async fn resume(
    State(server): State<Arc<Server>>,
    Extension(asking): Extension<Asking>,
    Path(customer): Path<String>,
) -> Answered {
    asking.query(&[])?;
    let customer = id(&customer)?;
    server.portal.resume_customer(&asking.actor, customer).await?;
    shown(&server, &asking, customer).await
}

/// Delete a customer
///
/// With all that is personal, for good. Takes the permission `edit_customers`.
#[utoipa::path(
    delete, path = "/api/v1/customers/{id}", operation_id = "deleteCustomer", tag = "customers",
    params(("id" = Uuid, Path, description = "The customer.")),
    responses((status = 204, description = "The customer is deleted."))
)]
pub async fn delete(
    State(server): State<Arc<Server>>,
    Extension(asking): Extension<Asking>,
    Path(customer): Path<String>,
) -> Answered {
    asking.query(&[])?;
    let request = DeleteCustomer { customer: id(&customer)?, typed: String::new() };
    server.portal.delete_customer(&asking.actor, request).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn shown(server: &Server, asking: &Asking, customer: AccountId) -> Result<Response, Problem> {
    let view = server.portal.view_customer(&asking.actor, customer).await?;
    let Moment(stamp) = view.stamp;
    let mut answer = json(&Customer::from(view));
    if let Ok(tag) = HeaderValue::try_from(format!("\"{stamp}\"")) {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    answer.extensions_mut().insert(About(customer));
    Ok(answer)
}
