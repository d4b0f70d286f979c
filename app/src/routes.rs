//! Every page and its path, and the document around them.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::{
    Lazy, LazyRoute, MatchNestedRoutes, SsrMode,
    any_nested_route::IntoAnyNestedRoute,
    components::{Outlet, ParentRoute, Route, Router, Routes},
    hooks::use_params_map,
    lazy_route, path,
};

use crate::{front_door::FrontDoor, pages::not_found::NotFound, ui::preferences::provide_theme};

/// Each page is a piece of code of its own, which the browser fetches with the page: who forgot a
/// password does not wait for the code of the account.
mod lazy {
    use super::{LazyRoute, lazy_route};
    use crate::pages::{account, confirm, forgotten, home, login};
    use leptos::prelude::*;

    macro_rules! lazy {
        ($($module:ident::$page:ident)*) => {$(
            pub struct $page;

            #[lazy_route]
            impl LazyRoute for $page {
                fn data() -> Self {
                    Self
                }

                fn view(this: Self) -> AnyView {
                    let $page = this;
                    view! { <$module::$page /> }.into_any()
                }
            }
        )*};
    }

    lazy! {
        login::Login
        forgotten::Forgot
        forgotten::ForgotSent
        forgotten::Reset
        forgotten::ResetDone
        confirm::Confirm
        confirm::ConfirmDone
        account::SignedIn
        account::Account
        account::Profile
        account::Security
        account::Activity
        home::Home
    }
}

/// A page of [`lazy`].
fn page<T: LazyRoute>() -> Lazy<T> {
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
    // From here on what only code can do is shown (`.live-only`).
    Effect::new(|| {
        if let Some(html) = document().document_element() {
            // An attribute with this name can always be set.
            let _ = html.set_attribute("data-live", "");
        }
    });
    view! {
        <Router>
            <Routes fallback=NotFound>
                <PublicRoutes />
                <ParentRoute path=path!("/s/:slug") view=Door>
                    <PublicRoutes />
                </ParentRoute>
                <ParentRoute path=path!("") view={page::<lazy::SignedIn>()}>
                    <Route path=path!("/") view={page::<lazy::Home>()} ssr=SsrMode::Async />
                    <ParentRoute path=path!("/account") view={page::<lazy::Account>()}>
                        <Route path=path!("") view={page::<lazy::Profile>()} ssr=SsrMode::Async />
                        <Route path=path!("/security") view={page::<lazy::Security>()} ssr=SsrMode::Async />
                        <Route path=path!("/activity") view={page::<lazy::Activity>()} ssr=SsrMode::Async />
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
        <Route path=path!("/login") view={page::<lazy::Login>()} ssr=SsrMode::Async />
        <Route path=path!("/forgot") view={page::<lazy::Forgot>()} ssr=SsrMode::Async />
        <Route path=path!("/forgot/sent") view={page::<lazy::ForgotSent>()} ssr=SsrMode::Async />
        <Route path=path!("/reset/done") view={page::<lazy::ResetDone>()} ssr=SsrMode::Async />
        <Route path=path!("/reset/:link") view={page::<lazy::Reset>()} ssr=SsrMode::Async />
        <Route path=path!("/confirm/done") view={page::<lazy::ConfirmDone>()} ssr=SsrMode::Async />
        <Route path=path!("/confirm/:link") view={page::<lazy::Confirm>()} ssr=SsrMode::Async />
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
