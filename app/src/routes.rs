//! Every page and its path, and the document around them.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{
    Lazy, LazyRoute, MatchNestedRoutes, SsrMode,
    any_nested_route::IntoAnyNestedRoute,
    components::{Outlet, ParentRoute, Route, Router, Routes},
    hooks::use_params_map,
    path,
};

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

    use super::LazyRoute;
    use crate::pages::{
        account::{Account, Activity, Consent, Profile, Security, SignedIn},
        audit::{Audit, AuditEntry},
        confirm::{Confirm, ConfirmDone},
        customers::{
            Customer, CustomerAccount, CustomerActivity, CustomerServices, Customers,
            DeleteCustomer, Export, Import, Imports, LinksJob, NewCustomer, Password, SendLinks,
        },
        forgotten::{Invitation, Reset, ResetDone},
        home::Home,
        login::{ForcedChangePage, Login},
        organization::{
            EditRule, Email, Invite, LoggedMail, MailLog, Member, Organization, Policy, Staff,
        },
        prove::Prove,
        resets::Resets,
    };

    macro_rules! pieces {
        ($($piece:ident ($preload:ident): $($page:ident)+;)+) => {
            $(
                #[lazy]
                fn $piece(page: &'static str) -> AnyView {
                    match page {
                        $(stringify!($page) => view! { <$page /> }.into_any(),)+
                        _ => ().into_any(),
                    }
                }
            )+

            /// Pages, each in its piece.
            pub mod page {
                use super::{AnyView, LazyRoute};

                $($(
                    pub struct $page;

                    impl LazyRoute for $page {
                        fn data() -> Self {
                            Self
                        }

                        async fn view(_: Self) -> AnyView {
                            super::$piece(stringify!($page)).await
                        }

                        // What the server rendered is taken over at once, or not at all: the code
                        // must be there before.
                        async fn preload() {
                            #[cfg(not(feature = "ssr"))]
                            super::$preload().await;
                        }
                    }
                )+)+
            }
        };
    }

    pieces! {
        entry (__preload_entry): Login;
        links (__preload_links): Reset ResetDone Invitation Confirm ConfirmDone ForcedChangePage;
        account (__preload_account): SignedIn Account Profile Security Consent Activity;
        staff (__preload_staff): Home Customers Customer CustomerAccount CustomerServices CustomerActivity
            NewCustomer DeleteCustomer Imports Import Export SendLinks LinksJob Password Resets Audit AuditEntry Prove
            Organization Policy EditRule Staff Invite Member Email MailLog LoggedMail;
    }
}

/// A page whose code is in a piece of its own.
fn lazy<T: LazyRoute>() -> Lazy<T> {
    Lazy::new()
}

/// The document: what is the same on every page.
#[cfg(feature = "ssr")]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let facts = use_context::<crate::request::RequestFacts>();
    let theme = facts.and_then(|facts| facts.theme.attribute());
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
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="icon" href="/favicon.ico" sizes="32x32" />
                <link rel="apple-touch-icon" href="/apple-touch-icon.png" />
                {assets}
                <leptos_meta::MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Every page. Public pages exist twice: at the site's own host, and below `/s/{slug}`.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    FrontDoor::provide();
    provide_theme();
    view! {
        <Router>
            <Routes fallback=NotFound>
                <PublicRoutes />
                <ParentRoute path=path!("/s/:slug") view=Door>
                    <PublicRoutes />
                </ParentRoute>
                <ParentRoute path=path!("") view={lazy::<lazy::page::SignedIn>()}>
                    <Route path=path!("/") view={lazy::<lazy::page::Home>()} ssr=SsrMode::Async />
                    <Route path=path!("/customers") view={lazy::<lazy::page::Customers>()} ssr=SsrMode::Async />
                    <Route path=path!("/customers/new") view={lazy::<lazy::page::NewCustomer>()} ssr=SsrMode::Async />
                    <Route path=path!("/customers/import") view={lazy::<lazy::page::Imports>()} ssr=SsrMode::Async />
                    <Route path=path!("/customers/import/:job") view={lazy::<lazy::page::Import>()} ssr=SsrMode::Async />
                    <Route path=path!("/customers/export") view={lazy::<lazy::page::Export>()} ssr=SsrMode::Async />
                    <Route path=path!("/customers/links") view={lazy::<lazy::page::SendLinks>()} ssr=SsrMode::Async />
                    <Route path=path!("/customers/links/:job") view={lazy::<lazy::page::LinksJob>()} ssr=SsrMode::Async />
                    <Route path=path!("/customers/:id") view={lazy::<lazy::page::Customer>()} ssr=SsrMode::Async />
                    <Route path=path!("/customers/:id/account") view={lazy::<lazy::page::CustomerAccount>()} ssr=SsrMode::Async />
                    <Route path=path!("/customers/:id/services") view={lazy::<lazy::page::CustomerServices>()} ssr=SsrMode::Async />
                    <Route path=path!("/customers/:id/activity") view={lazy::<lazy::page::CustomerActivity>()} ssr=SsrMode::Async />
                    <Route path=path!("/customers/:id/delete") view={lazy::<lazy::page::DeleteCustomer>()} ssr=SsrMode::Async />
                    <Route path=path!("/customers/:id/password") view={lazy::<lazy::page::Password>()} ssr=SsrMode::Async />
                    <Route path=path!("/resets") view={lazy::<lazy::page::Resets>()} ssr=SsrMode::Async />
                    <Route path=path!("/audit") view={lazy::<lazy::page::Audit>()} ssr=SsrMode::Async />
                    <Route path=path!("/audit/:id") view={lazy::<lazy::page::AuditEntry>()} ssr=SsrMode::Async />
                    <Route path=path!("/prove") view={lazy::<lazy::page::Prove>()} ssr=SsrMode::Async />
                    <ParentRoute path=path!("/organization") view={lazy::<lazy::page::Organization>()}>
                        <Route path=path!("/policy") view={lazy::<lazy::page::Policy>()} ssr=SsrMode::Async />
                        <Route path=path!("/policy/:rule") view={lazy::<lazy::page::EditRule>()} ssr=SsrMode::Async />
                        <Route path=path!("/staff") view={lazy::<lazy::page::Staff>()} ssr=SsrMode::Async />
                        <Route path=path!("/staff/new") view={lazy::<lazy::page::Invite>()} ssr=SsrMode::Async />
                        <Route path=path!("/email") view={lazy::<lazy::page::Email>()} ssr=SsrMode::Async />
                        <Route path=path!("/mail") view={lazy::<lazy::page::MailLog>()} ssr=SsrMode::Async />
                        <Route path=path!("/mail/:id") view={lazy::<lazy::page::LoggedMail>()} ssr=SsrMode::Async />
                        <Route path=path!("/staff/:id") view={lazy::<lazy::page::Member>()} ssr=SsrMode::Async />
                    </ParentRoute>
                    <ParentRoute path=path!("/account") view={lazy::<lazy::page::Account>()}>
                        <Route path=path!("") view={lazy::<lazy::page::Profile>()} ssr=SsrMode::Async />
                        <Route path=path!("/security") view={lazy::<lazy::page::Security>()} ssr=SsrMode::Async />
                        <Route path=path!("/consent") view={lazy::<lazy::page::Consent>()} ssr=SsrMode::Async />
                        <Route path=path!("/activity") view={lazy::<lazy::page::Activity>()} ssr=SsrMode::Async />
                    </ParentRoute>
                </ParentRoute>
            </Routes>
        </Router>
    }
}

/// The pages for everybody.
#[component(transparent)]
fn PublicRoutes() -> impl MatchNestedRoutes + Clone {
    view! {
        <Route path=path!("/login") view={lazy::<lazy::page::Login>()} ssr=SsrMode::Async />
        <Route path=path!("/login/change") view={lazy::<lazy::page::ForcedChangePage>()} ssr=SsrMode::Async />
        <Route path=path!("/forgot") view=Forgot ssr=SsrMode::Async />
        <Route path=path!("/forgot/sent") view=ForgotSent ssr=SsrMode::Async />
        <Route path=path!("/reset/done") view={lazy::<lazy::page::ResetDone>()} ssr=SsrMode::Async />
        <Route path=path!("/reset/:link") view={lazy::<lazy::page::Reset>()} ssr=SsrMode::Async />
        <Route path=path!("/invitation/:link") view={lazy::<lazy::page::Invitation>()} ssr=SsrMode::Async />
        <Route path=path!("/confirm/done") view={lazy::<lazy::page::ConfirmDone>()} ssr=SsrMode::Async />
        <Route path=path!("/confirm/:link") view={lazy::<lazy::page::Confirm>()} ssr=SsrMode::Async />
    }
    .into_inner()
    .into_any_nested_route()
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
