//! Customers: the list, a new one, the pages of one, and what is done to many.

mod account;
mod activity;
mod customer;
mod delete;
mod export;
mod import;
mod imports;
mod keys;
mod links;
mod list;
mod many;
mod new;
mod password;
mod prove;
mod service;
mod services;
mod table;
mod tabs;

pub use account::CustomerAccount;
pub use activity::CustomerActivity;
pub use customer::Customer;
pub use delete::DeleteCustomer;
pub use export::Export;
pub use import::Import;
pub use imports::Imports;
pub use links::{LinksJob, LinksUnderWay};
pub use list::Customers;
pub use many::SendLinks;
pub use new::NewCustomer;
pub use password::Password;
pub use services::CustomerServices;

use leptos::prelude::*;
use leptos_router::params::ParamsMap;
use model::{
    account::Lock,
    customer::{CustomerOrder, CustomerQuery, CustomerState, Standing},
};

use crate::{i18n::tr, ui::go, words::count};

/// What an address asks for. What is damaged in it asks for nothing.
fn asked_for(query: &ParamsMap) -> CustomerQuery {
    CustomerQuery {
        scope: query.get_str("scope").and_then(|id| id.parse().ok()),
        text: query.get("q").unwrap_or_default(),
        state: query.get_str("state").and_then(CustomerState::from_word),
        connector: query.get_str("connector").and_then(|id| id.parse().ok()),
        order: query.get_str("order").and_then(CustomerOrder::from_word).unwrap_or_default(),
        descending: query.get_str("desc").is_some(),
        after: query.get_str("after").and_then(|id| id.parse().ok()),
        before: query.get_str("before").and_then(|id| id.parse().ok()),
    }
}

/// The address that asks for this.
fn address(query: &CustomerQuery) -> String {
    let parts = [
        query.scope.map(|id| format!("scope={id}")),
        (!query.text.is_empty()).then(|| format!("q={}", go::encode(&query.text))),
        query.state.map(|state| format!("state={}", state.word())),
        query.connector.map(|id| format!("connector={id}")),
        (query.order != CustomerOrder::default()).then(|| format!("order={}", query.order.word())),
        query.descending.then(|| "desc=1".to_owned()),
        query.after.map(|id| format!("after={id}")),
        query.before.map(|id| format!("before={id}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "/customers".into() } else { format!("/customers?{}", parts.join("&")) }
}

/// The same from its first page on.
fn first_page(query: &CustomerQuery) -> CustomerQuery {
    CustomerQuery { after: None, before: None, ..query.clone() }
}

/// A state's name.
fn state_name(state: CustomerState) -> &'static str {
    match state {
        CustomerState::Locked => tr!(customers.locked),
        CustomerState::MustChangePassword => tr!(customers.must_change),
        CustomerState::NoConsent => tr!(customers.no_consent),
        CustomerState::NeverSignedIn => tr!(customers.never_signed_in),
        CustomerState::NoFactor => tr!(customers.no_factor),
        CustomerState::Suspended => tr!(customers.suspended),
    }
}

/// The one thing to know about a customer: what stands in the way first.
#[component]
fn State(
    /// How they stand.
    standing: Standing,
    /// Whether they ever signed in.
    came: bool,
) -> impl IntoView {
    let (class, text) = if standing.suspended {
        ("state state-bad", tr!(customers.suspended))
    } else if standing.organization_suspended {
        ("state state-bad", tr!(organizations.is_suspended))
    } else if let Some(lock) = standing.lock {
        let text = match lock {
            Lock::Failures | Lock::Staff => tr!(customers.locked),
            Lock::Dispute => tr!(customers.disputed),
        };
        ("state state-bad", text)
    } else if standing.must_change_password {
        ("state state-warn", tr!(customers.must_change))
    } else if !standing.allows_resets {
        ("state state-quiet", tr!(customers.no_consent))
    } else if !came {
        ("state state-quiet", tr!(customers.never_signed_in))
    } else {
        ("state state-ok", tr!(customers.allows_resets))
    };
    view! { <span class=class>{text}</span> }
}
