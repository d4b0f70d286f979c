//! Every page and its path, and the document around them.

use leptos::{prelude::*, tachys::view::iterators::StaticVec};
use leptos_meta::provide_meta_context;
use leptos_router::{
    ChooseView, NestedRoute, PossibleRouteMatch, SsrMode,
    any_nested_route::{AnyNestedRoute, IntoAnyNestedRoute},
    components::{Outlet, Router, Routes},
    hooks::use_params_map,
    path,
};

use self::lazy::Lazy;
use crate::{
    front_door::FrontDoor,
    pages::{
        forgotten::{Forgot, ForgotSent},
        not_found::NotFound,
    },
    ui::preferences::provide_theme,
};

/// Code that the browser fetches with the pages that need it: who forgot a password does not wait
/// for the account's. One piece for pages that are seen together: of many small ones each would
/// share something with every other one, in pieces again. What fetches a piece ahead of its use has
/// the name that `#[lazy]` gives it.
mod lazy {
    use leptos::prelude::*;
    use leptos_router::ChooseView;

    use crate::{
        pages::{
            account::{
                Account, Activity, Consent, Passkeys, Profile, Security, SetUpFactor, SignedIn,
                TwoFactor,
            },
            approval::Approval,
            audit::{Audit, AuditEntry},
            confirm::{Confirm, ConfirmDone},
            customers::{
                Customer, CustomerAccount, CustomerActivity, CustomerServices, Customers,
                DeleteCustomer, Export, Import, Imports, LinksJob, NewCustomer, Password,
                SendLinks,
            },
            email_change::{
                CustomerAddress, KeepAddress, KeepAddressDone, NewAddress, NewAddressDone,
                OwnAddress,
            },
            forgotten::{Invitation, Reset, ResetDone},
            home::Home,
            login::{ForcedChangePage, Login, SecondStep},
            lost_factor::{CustomerFactor, Keep, KeepDone, StaffFactor},
            organization::{
                ApiKeys, Brand, Connector, Connectors, EditRule, Email, ImportServices, Invite,
                LoggedMail, MailLog, Member, NewConnector, NewOrganization, OneOrganization,
                Organization, Organizations, Policy, Staff, StaffLinks, StaffLinksJob, Template,
                Templates, Webhook, Webhooks,
            },
            progress::Progress,
            prove::Prove,
            resets::Resets,
        },
        words::refusals,
    };

    macro_rules! pieces {
        ($($piece:ident ($preload:ident): $($page:ident)+;)+) => {
            /// A page whose code is in a piece of its own. One type for all of them: what the
            /// router makes of a route is compiled for each type of view anew.
            #[derive(Clone, Copy)]
            pub enum Lazy {
                $($($page,)+)+
            }

            $(
                #[lazy]
                fn $piece(page: Lazy) -> AnyView {
                    refusals::bring();
                    match page {
                        $(Lazy::$page => view! { <$page /> }.into_any(),)+
                        _ => ().into_any(),
                    }
                }
            )+

            impl ChooseView for Lazy {
                async fn choose(self) -> AnyView {
                    match self {
                        $($(Self::$page)|+ => $piece(self).await,)+
                    }
                }

                // What the server rendered is taken over at once, or not at all: the code must be
                // there before.
                async fn preload(&self) {
                    #[cfg(not(feature = "ssr"))]
                    match self {
                        $($(Self::$page)|+ => $preload().await,)+
                    }
                }
            }
        };
    }

    pieces! {
        entry (__preload_entry): Login;
        links (__preload_links): Reset ResetDone Invitation Confirm ConfirmDone Keep KeepDone KeepAddress
            KeepAddressDone NewAddress NewAddressDone ForcedChangePage SecondStep;
        account (__preload_account): SignedIn Account Profile OwnAddress Security TwoFactor SetUpFactor Passkeys Consent Activity;
        staff (__preload_staff): Home Customers Customer CustomerAccount CustomerServices CustomerActivity
            NewCustomer DeleteCustomer Imports Import Export SendLinks LinksJob Password Progress CustomerFactor CustomerAddress Resets Approval Audit
            AuditEntry Prove
            Organization Policy EditRule Staff StaffLinks StaffLinksJob Invite Member StaffFactor Email MailLog LoggedMail
            Connectors NewConnector Connector ImportServices Webhooks Webhook ApiKeys Brand Templates Template
            Organizations NewOrganization OneOrganization;
    }
}

/// The document: what is the same on every page.
#[cfg(feature = "ssr")]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let facts = use_context::<crate::request::RequestFacts>();
    let theme = facts.and_then(|facts| facts.theme.attribute());
    let (look, nonce) = (crate::api::session::look(), use_nonce());
    // Without a style sheet there is nothing that a brand could change.
    let is_styled = !options.output_name.is_empty();
    let brand = Suspend::new(async move {
        let look = look.await.unwrap_or_default();
        let style = (is_styled && !look.is_plain())
            .then(|| view! { <style nonce=nonce>{look.style_sheet()}</style> });
        view! {
            <Icons icon=look.icon />
            {style}
        }
    });
    // Without a site folder the name is empty: there is neither style nor script.
    let assets = (!options.output_name.is_empty()).then(|| {
        view! {
            <leptos_meta::HashedStylesheet options=options.clone() />
            <AutoReload options=options.clone() />
            <HydrationScripts options />
        }
    });
    view! {
        <!DOCTYPE html>
        <html lang=crate::i18n::language().tag() data-theme=theme>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                {assets}
                {brand}
                <leptos_meta::MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The icons of a front door, or the usual ones.
#[cfg(feature = "ssr")]
#[component]
fn Icons(icon: Option<model::brand::Picture>) -> impl IntoView {
    match icon {
        Some(icon) => view! {
            <link rel="icon" href=icon.path() type="image/png" />
            <link rel="apple-touch-icon" href=icon.path() />
        }
        .into_any(),
        None => view! {
            <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
            <link rel="icon" href="/favicon.ico" sizes="32x32" />
            <link rel="apple-touch-icon" href="/apple-touch-icon.png" />
        }
        .into_any(),
    }
}

/// The application: the page that the address names.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    FrontDoor::provide();
    provide_theme();
    view! {
        <Router>
            <Routes fallback=NotFound>
                <Pages />
            </Routes>
        </Router>
    }
}

/// Every page. Public pages exist twice: at the site's own host, and below `/s/{slug}`.
#[component(transparent)]
fn Pages() -> AnyNestedRoute {
    let mut pages = public();
    pages.push(within(path!("/s/:slug"), Door, public()));
    pages.push(within(
        path!(""),
        Lazy::SignedIn,
        vec![
            page(path!("/"), Lazy::Home),
            page(path!("/customers"), Lazy::Customers),
            page(path!("/customers/new"), Lazy::NewCustomer),
            page(path!("/customers/import"), Lazy::Imports),
            page(path!("/customers/import/:job"), Lazy::Import),
            page(path!("/customers/export"), Lazy::Export),
            page(path!("/customers/links"), Lazy::SendLinks),
            page(path!("/customers/links/:job"), Lazy::LinksJob),
            page(path!("/customers/:id"), Lazy::Customer),
            page(path!("/customers/:id/account"), Lazy::CustomerAccount),
            page(path!("/customers/:id/services"), Lazy::CustomerServices),
            page(path!("/customers/:id/activity"), Lazy::CustomerActivity),
            page(path!("/customers/:id/delete"), Lazy::DeleteCustomer),
            page(path!("/customers/:id/password"), Lazy::Password),
            page(path!("/customers/:id/factor"), Lazy::CustomerFactor),
            page(path!("/customers/:id/email"), Lazy::CustomerAddress),
            page(path!("/resets"), Lazy::Resets),
            page(path!("/resets/:id"), Lazy::Progress),
            page(path!("/approvals/:id"), Lazy::Approval),
            page(path!("/audit"), Lazy::Audit),
            page(path!("/audit/:id"), Lazy::AuditEntry),
            page(path!("/prove"), Lazy::Prove),
            within(
                path!("/organization"),
                Lazy::Organization,
                vec![
                    page(path!("/policy"), Lazy::Policy),
                    page(path!("/policy/:rule"), Lazy::EditRule),
                    page(path!("/staff"), Lazy::Staff),
                    page(path!("/staff/new"), Lazy::Invite),
                    page(path!("/staff/passwords"), Lazy::StaffLinks),
                    page(path!("/staff/passwords/:job"), Lazy::StaffLinksJob),
                    page(path!("/connectors"), Lazy::Connectors),
                    page(path!("/connectors/new"), Lazy::NewConnector),
                    page(path!("/connectors/:id"), Lazy::Connector),
                    page(path!("/connectors/:id/import"), Lazy::ImportServices),
                    page(path!("/brand"), Lazy::Brand),
                    page(path!("/email"), Lazy::Email),
                    page(path!("/templates"), Lazy::Templates),
                    page(path!("/templates/:kind"), Lazy::Template),
                    page(path!("/mail"), Lazy::MailLog),
                    page(path!("/mail/:id"), Lazy::LoggedMail),
                    page(path!("/webhooks"), Lazy::Webhooks),
                    page(path!("/webhooks/:id"), Lazy::Webhook),
                    page(path!("/api"), Lazy::ApiKeys),
                    page(path!("/staff/:id"), Lazy::Member),
                    page(path!("/staff/:id/factor"), Lazy::StaffFactor),
                ],
            ),
            within(
                path!("/organizations"),
                Lazy::Organization,
                vec![
                    page(path!(""), Lazy::Organizations),
                    page(path!("/new"), Lazy::NewOrganization),
                    page(path!("/:id"), Lazy::OneOrganization),
                ],
            ),
            within(
                path!("/account"),
                Lazy::Account,
                vec![
                    page(path!(""), Lazy::Profile),
                    page(path!("/email"), Lazy::OwnAddress),
                    page(path!("/security"), Lazy::Security),
                    page(path!("/security/two-factor"), Lazy::TwoFactor),
                    page(path!("/security/passkeys"), Lazy::Passkeys),
                    page(path!("/consent"), Lazy::Consent),
                    page(path!("/activity"), Lazy::Activity),
                ],
            ),
        ],
    ));
    StaticVec::from(pages).into_any_nested_route()
}

/// The pages for everybody.
fn public() -> Vec<AnyNestedRoute> {
    vec![
        page(path!("/login"), Lazy::Login),
        page(path!("/login/change"), Lazy::ForcedChangePage),
        page(path!("/login/factor"), Lazy::SecondStep),
        page(path!("/login/setup"), Lazy::SetUpFactor),
        page(path!("/forgot"), Forgot),
        page(path!("/forgot/sent"), ForgotSent),
        page(path!("/reset/done"), Lazy::ResetDone),
        page(path!("/reset/:link"), Lazy::Reset),
        page(path!("/invitation/:link"), Lazy::Invitation),
        page(path!("/confirm/done"), Lazy::ConfirmDone),
        page(path!("/confirm/:link"), Lazy::Confirm),
        page(path!("/keep/done"), Lazy::KeepDone),
        page(path!("/keep/:link"), Lazy::Keep),
        page(path!("/keep-address/done"), Lazy::KeepAddressDone),
        page(path!("/keep-address/:link"), Lazy::KeepAddress),
        page(path!("/new-address/done"), Lazy::NewAddressDone),
        page(path!("/new-address/:link"), Lazy::NewAddress),
    ]
}

/// Whether a page belongs to the front door that it is at, whoever is signed in: one for everybody.
#[cfg(feature = "ssr")]
pub fn is_at_door(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    matches!(
        first,
        "s" | "login"
            | "forgot"
            | "reset"
            | "invitation"
            | "confirm"
            | "keep"
            | "keep-address"
            | "new-address"
    )
}

/// The route of a page. All routes are of one type: what the router makes of routes is compiled for
/// each type of them anew, and everybody downloads it.
fn page(
    path: impl PossibleRouteMatch + Clone + Send + 'static,
    view: impl ChooseView,
) -> AnyNestedRoute {
    NestedRoute::new(path, view).ssr_mode(SsrMode::Async).into_any_nested_route()
}

/// The route of pages that are shown within another.
fn within(
    path: impl PossibleRouteMatch + Clone + Send + 'static,
    view: impl ChooseView,
    pages: Vec<AnyNestedRoute>,
) -> AnyNestedRoute {
    NestedRoute::new(path, view).child(StaticVec::from(pages)).into_any_nested_route()
}

/// Below `/s/{slug}`: the site that the server found for it, or nothing.
#[component]
fn Door() -> impl IntoView {
    let slug = use_params_map().with_untracked(|params| params.get("slug")).unwrap_or_default();
    if FrontDoor::get().site.prefix == format!("/s/{slug}") {
        view! { <Outlet /> }.into_any()
    } else {
        view! { <NotFound /> }.into_any()
    }
}
