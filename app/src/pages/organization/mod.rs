//! `/organization/…`: how an organization is set up. One's own, or with `?scope=` one below it.
//! `/organizations/…`: which ones there are.

mod api_keys;
mod brand;
mod connector;
mod connector_form;
mod connector_import;
mod connectors;
mod email;
mod invite;
mod mail_item;
mod mail_log;
mod member;
mod new_organization;
mod one;
mod policy;
mod rule;
mod staff;
mod staff_links;
mod template;
mod templates;
mod tree;
mod webhook;
mod webhooks;

pub use api_keys::ApiKeys;
pub use brand::Brand;
pub use connector::Connector;
pub use connector_form::NewConnector;
pub use connector_import::ImportServices;
pub use connectors::Connectors;
pub use email::Email;
pub use invite::Invite;
pub use mail_item::LoggedMail;
pub use mail_log::MailLog;
pub use member::Member;
pub use new_organization::NewOrganization;
pub use one::OneOrganization;
pub use policy::Policy;
pub use rule::EditRule;
pub use staff::Staff;
pub use staff_links::{StaffLinks, StaffLinksJob};
pub use template::Template;
pub use templates::Templates;
pub use tree::Organizations;
pub use webhook::Webhook;
pub use webhooks::Webhooks;

use leptos::prelude::*;
use leptos_router::{
    components::Outlet,
    hooks::{use_location, use_query_map},
    params::ParamsMap,
};
use model::{id::OrganizationId, organization::Acting, permission::Permission};

use crate::{
    api::{ApiError, session::SignedInView},
    i18n::tr,
    ui::{
        go,
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Absent, Failed, Notice, Tone},
        scopes::{MANY, Narrowed, Scopes},
    },
    words,
};

/// The pages with a tab of their own: path, icon.
const TABS: [(&str, Icon); 10] = [
    ("/organization/policy", Icon::Shield),
    ("/organization/staff", Icon::People),
    ("/organization/connectors", Icon::Plug),
    ("/organization/brand", Icon::Palette),
    ("/organization/email", Icon::Mail),
    ("/organization/templates", Icon::Letter),
    ("/organization/mail", Icon::Clock),
    ("/organization/webhooks", Icon::Spark),
    ("/organization/api", Icon::Key),
    ("/organizations", Icon::Building),
];

fn tab_name(path: &str) -> &'static str {
    match path {
        "/organization/policy" => tr!(policy.title),
        "/organization/connectors" => tr!(connector.title),
        "/organization/brand" => tr!(brand.title),
        "/organization/email" => tr!(email.title),
        "/organization/templates" => tr!(templates.title),
        "/organization/mail" => tr!(mail_log.title),
        "/organization/webhooks" => tr!(webhooks.title),
        "/organizations" => tr!(organizations.title),
        "/organization/api" => tr!(api_keys.title),
        _ => tr!(staff.title),
    }
}

/// Around the pages: the way from one to the other, and the choice of whom they are about.
#[component]
pub fn Organization() -> impl IntoView {
    let SignedInView { me, .. } = expect_context();
    match me.role {
        None => return view! { <Absent /> }.into_any(),
        Some(role) if !role.may(Permission::ReadSettings) => {
            go::status(403);
            let error = ApiError::Refused(model::Refusal::NotAllowed);
            return view! { <Failed error /> }.into_any();
        }
        Some(_) => {}
    }
    let query = use_query_map();
    let path = use_location().pathname;
    let scope = Memo::new(move |_| query.with(scope_of));
    let tabs = move || {
        let scope = scope.get();
        let path = path.get();
        TABS.into_iter()
            .map(|(tab, icon)| {
                let current = match path.strip_prefix(tab) {
                    Some("") => Some("page"),
                    Some(rest) if rest.starts_with('/') => Some("true"),
                    _ => None,
                };
                view! {
                    <a href=with_scope(tab, scope) aria-current=current>
                        <Glyph icon class="size-4.5" />
                        {tab_name(tab)}
                    </a>
                }
            })
            .collect_view()
    };
    view! {
        <div class="mx-auto grid max-w-5xl gap-6 md:grid-cols-[12rem_minmax(0,1fr)] md:gap-8">
            <nav class="side" aria-label=tr!(organization.title)>{tabs}</nav>
            <div class="min-w-0"><Outlet /></div>
        </div>
    }
    .into_any()
}

/// The scope that an address asks for.
fn scope_of(query: &ParamsMap) -> Option<OrganizationId> {
    query.get_str("scope").and_then(|id| id.parse().ok())
}

/// A path with its scope.
fn with_scope(path: &str, scope: Option<OrganizationId>) -> String {
    match scope {
        Some(scope) => format!("{path}?scope={scope}"),
        None => path.to_owned(),
    }
}

/// The scope that addresses name: none for one's own organization.
fn named(acting: &Acting) -> Option<OrganizationId> {
    acting.below.then_some(acting.id)
}

/// What an address says was done.
fn done_of(query: &ParamsMap) -> Option<String> {
    query.get("done").filter(|done| !done.is_empty())
}

/// The organizations to choose from, asked for with the page.
type Choices = Narrowed;

/// Asks for the organizations to choose from.
fn choices() -> Choices {
    Narrowed::ask()
}

/// The title of a page that acts on an organization, and the choice of which one.
#[component]
fn Top(
    /// What the page is about.
    title: &'static str,
    /// Whom it acts on.
    acting: Acting,
    /// The organizations to choose from.
    choices: Choices,
) -> impl IntoView {
    let hint = tr!(organization.of, organization = acting.name.to_string());
    let chosen = acting.id;
    let path = use_location().pathname;
    let many = (acting.scopes >= MANY).then(|| {
        let (name, number) = (acting.name.to_string(), acting.scopes);
        let to = move |scope| with_scope(&path.get_untracked(), Some(scope));
        view! { <Scopes chosen name number narrowed=choices to /> }
    });
    let selector = (1 < acting.scopes && acting.scopes < MANY).then(|| {
        let options = move || {
            Suspend::new(async move {
                let option = |scope: model::customer::Scope| {
                    let name = words::scope_line(&scope);
                    view! {
                        <option value=scope.id.to_string() selected=scope.id == chosen>{name}</option>
                    }
                };
                choices.found.await.unwrap_or_default().into_iter().map(option).collect_view()
            })
        };
        view! {
            <form method="get" class="flex items-center gap-2" data-scopes>
                <select class="select w-full sm:w-56" name="scope" aria-label=tr!(customers.scope)>
                    <Transition>{options}</Transition>
                </select>
                <button class="btn menu-button">{tr!(organization.show)}</button>
            </form>
        }
    });
    let no_mail = (!acting.sends_mail)
        .then(|| view! { <div class="mt-4"><Notice tone=Tone::Bad>{tr!(organization.no_mail)}</Notice></div> });
    view! {
        <div class="flex flex-wrap items-start justify-between gap-4">
            <div class="min-w-0"><PageTitle title hint=Some(hint) /></div>
            {selector} {many}
        </div>
        {no_mail}
    }
}

/// What stands where content could not be had.
fn failed(error: ApiError) -> AnyView {
    match error {
        ApiError::Refused(model::Refusal::NotFound) => view! { <Absent /> }.into_any(),
        error => view! { <Failed error /> }.into_any(),
    }
}
