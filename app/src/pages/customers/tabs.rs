//! What the pages of one customer have in common: who it is, and the ways from one to the other.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use model::{Refusal, customer::CustomerView, id::AccountId, permission::Permission};

use super::State;
use crate::{
    api::{ApiError, customers::view_customer, session::SignedInView},
    i18n::tr,
    ui::{
        icon::{Glyph, Icon},
        page::PageTitle,
        time::Time,
    },
};

/// One of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    Overview,
    Account,
    Services,
    Activity,
}

/// The customer that the address names.
pub fn use_customer() -> Memo<Option<AccountId>> {
    let params = use_params_map();
    Memo::new(move |_| params.with(|params| params.get("id")?.parse::<AccountId>().ok()))
}

/// All about a customer whom an address may name.
pub async fn view(id: Option<AccountId>) -> Result<CustomerView, ApiError> {
    match id {
        Some(id) => view_customer(id).await,
        None => Err(ApiError::Refused(Refusal::NotFound)),
    }
}

/// The way back, the name, the state, and the tabs.
#[component]
pub fn Head(customer: CustomerView, tab: Tab) -> impl IntoView {
    let CustomerView { id, name, company, organization, standing, last_sign_in_at, .. } = customer;
    let came = last_sign_in_at.is_some();
    let hint = match company {
        Some(company) => format!("{company} · {organization}"),
        None => organization.into(),
    };
    let way = move |to: Tab, path: &str, name: &'static str| {
        let href = format!("/customers/{id}{path}");
        view! { <a href=href aria-current=(to == tab).then_some("page")>{name}</a> }
    };
    view! {
        <a class="back" href="/customers">
            <Glyph icon=Icon::Back class="size-4" />
            {tr!(customers.title)}
        </a>
        <div class="mt-3 flex flex-wrap items-start justify-between gap-4">
            <div class="min-w-0"><PageTitle title=name.to_string() hint=Some(hint) /></div>
            <State standing came />
        </div>
        <nav class="tabs-line" aria-label=tr!(customer.tabs)>
            {way(Tab::Overview, "", tr!(customer.overview))}
            {way(Tab::Account, "/account", tr!(customer.account))}
            {way(Tab::Services, "/services", tr!(customer.services))}
            {way(Tab::Activity, "/activity", tr!(customer.activity))}
        </nav>
    }
}

/// A name with its value.
#[component]
pub fn Fact(name: &'static str, children: Children) -> impl IntoView {
    view! {
        <div class="fact">
            <dt class="hint">{name}</dt>
            <dd class="min-w-0 break-words">{children()}</dd>
        </div>
    }
}

/// What is known of a customer's second factor, and the way for whoever may remove one that was lost.
#[component]
pub fn Factor(customer: CustomerView) -> impl IntoView {
    let SignedInView { me, .. } = expect_context();
    let may = me.role.is_some_and(|role| role.may(Permission::RemoveFactors));
    let to = format!("/customers/{}/factor", customer.id);
    let way = customer.standing.has_factor.then(|| {
        if may {
            view! { <a class="link block" href=to>{tr!(customer.factor_lost)}</a> }.into_any()
        } else {
            view! { <span class="hint block">{tr!(customer.factor_by_others)}</span> }.into_any()
        }
    });
    let waits = customer.removal.map(|removal| {
        view! {
            <span class="block">{tr!(lost_factor.waits_until)} " " <Time at=removal.due_at /></span>
        }
    });
    view! {
        <Fact name=tr!(customer.factor)>
            <span class="block">
                {if customer.standing.has_factor { tr!(customer.factor_on) } else { tr!(customer.factor_off) }}
            </span>
            {waits}
            {way}
        </Fact>
    }
}

/// A customer's email address, the change of it that is under way, and the way for whoever may ask for
/// one.
#[component]
pub fn Address(customer: CustomerView) -> impl IntoView {
    let to = format!("/customers/{}/email", customer.id);
    let waits = customer.email_change.is_some();
    let way = if customer.may_change_email || waits {
        let text = if waits { tr!(new_email.look) } else { tr!(customer.email_change) };
        view! { <a class="link block" href=to>{text}</a> }.into_any()
    } else {
        view! { <span class="hint block">{tr!(customer.email_by_others)}</span> }.into_any()
    };
    let waits = customer.email_change.map(|change| {
        view! {
            <span class="block">
                {tr!(customer.email_waits)} " " {change.email}
            </span>
        }
    });
    view! {
        <Fact name=tr!(customer.email)>
            <span class="block">{customer.email.to_string()}</span>
            {waits}
            {way}
        </Fact>
    }
}

/// A text, or that there is none.
pub fn or_none(text: Option<String>) -> String {
    text.unwrap_or_else(|| tr!(customer.none).to_owned())
}
