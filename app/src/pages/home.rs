//! `/`: where staff start.

use leptos::prelude::*;
use model::{account::AccountKind, permission::Permission};

use crate::{
    api::session::SignedInView,
    i18n::tr,
    ui::{
        go::Go,
        icon::{Glyph, Icon},
        page::PageTitle,
    },
    words,
};

/// The page. Customers have no home but their account.
#[component]
pub fn Home() -> impl IntoView {
    let SignedInView { me, .. } = expect_context();
    if me.kind == AccountKind::Customer {
        return view! { <Go to="/account".to_owned() /> }.into_any();
    }
    let hint = match me.role {
        Some(role) => tr!(
            home.hint_role,
            role = words::role(role),
            organization = me.organization.to_string()
        ),
        None => me.organization.to_string(),
    };
    view! {
        <PageTitle title=tr!(home.title, name = me.name.to_string()) hint=Some(hint) />
        <div class="mt-6 grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
            <Way to="/customers" icon=Icon::People title=tr!(customers.title) hint=tr!(home.customers) />
            {me.role
                .filter(|role| role.may(Permission::ReadSettings))
                .map(|_| {
                    view! { <Way to="/organization/policy" icon=Icon::Building title=tr!(organization.title) hint=tr!(home.organization) /> }
                })}
            <Way to="/account" icon=Icon::Person title=tr!(account.profile) hint=tr!(home.profile) />
            <Way to="/account/security" icon=Icon::Shield title=tr!(account.security) hint=tr!(home.security) />
            <Way to="/account/activity" icon=Icon::Clock title=tr!(account.activity) hint=tr!(home.activity) />
        </div>
        <p class="hint mt-8 max-w-prose">{tr!(home.coming)}</p>
    }
    .into_any()
}

/// A way onwards.
#[component]
fn Way(to: &'static str, icon: Icon, title: &'static str, hint: &'static str) -> impl IntoView {
    view! {
        <a class="panel way" href=to>
            <span class="badge-icon"><Glyph icon /></span>
            <span class="min-w-0">
                <span class="block font-semibold">{title}</span>
                <span class="hint mt-1 block">{hint}</span>
            </span>
        </a>
    }
}
