//! One's own account, and what is around every page of those who are signed in. All of it is
//! fetched by the browser only when somebody signs in.

mod activity;
mod consent;
mod passkeys;
mod profile;
mod security;
mod two_factor;

pub use activity::Activity;
pub use consent::Consent;
pub use passkeys::Passkeys;
pub use profile::Profile;
pub use security::Security;
pub use two_factor::{SetUpFactor, TwoFactor};

use leptos::{context::Provider, either::EitherOf3, prelude::*};
use leptos_router::{
    components::{A, Outlet},
    hooks::use_location,
};

use model::{
    account::AccountKind,
    call::{CallAction, Caller},
};

use crate::{
    api::{
        account::my_calls,
        session::{SignedInView, who_is_signed_in},
    },
    front_door::FrontDoor,
    i18n::{language, tr},
    ui::{
        go::{self, Go},
        icon::{Glyph, Icon},
        page::PublicPage,
        panel::{Failed, Loading, Notice, Tone},
        signed_in::Frame,
        time::Time,
    },
};

/// Around everything that needs somebody to be signed in: who is not is sent to sign in, and
/// comes back here after it.
#[component]
pub fn SignedIn() -> impl IntoView {
    let view = Resource::new_blocking(|| (), |()| who_is_signed_in());
    let location = use_location();
    // As it is and not as a function, which the server would call several times over: everything in
    // it, down to what the page asks the database, would be made as often, and what the browser is
    // given with the page could be older than what stands on it.
    let frame = Suspend::new(async move {
        match view.await {
            Ok(view) => EitherOf3::A(view! { <Inside view /> }),
            Err(error) => {
                let back = location.pathname.get_untracked();
                match go::missing(&error, &FrontDoor::get().door, &back) {
                    Some(to) => EitherOf3::B(view! { <Go to /> }),
                    None => EitherOf3::C(view! { <PublicPage><Failed error /></PublicPage> }),
                }
            }
        }
    });
    view! { <Suspense fallback=Loading>{frame}</Suspense> }
}

/// The frame, and the page in it.
#[component]
fn Inside(view: SignedInView) -> impl IntoView {
    if view.language != language() {
        // Somebody signed in who reads another language than this page was made in.
        go::reload();
    }
    let site = view.site.clone();
    let signed_in = view.clone();
    // An outlet is a function: what is around it would call it to see what it waits for, and again to
    // write it. So it stands there only when it is written.
    let page = Unsuspend::new(|| view! { <Outlet /> });
    view! {
        <Provider value=signed_in>
            <Provider value=site>
                <Frame view>{page}</Frame>
            </Provider>
        </Provider>
    }
}

/// Around the pages of the account: the way from one to the other.
#[component]
pub fn Account() -> impl IntoView {
    let SignedInView { me, .. } = expect_context();
    let is_customer = me.kind == AccountKind::Customer;
    view! {
        <div class="mx-auto grid max-w-5xl gap-6 md:grid-cols-[12rem_minmax(0,1fr)] md:gap-8">
            <nav class="side" aria-label=tr!(account.title)>
                <Entry to="/account" icon=Icon::Person name=tr!(account.profile) />
                <Entry to="/account/security" icon=Icon::Shield name=tr!(account.security) />
                {is_customer
                    .then(|| view! { <Entry to="/account/consent" icon=Icon::Key name=tr!(consent.title) /> })}
                <Entry to="/account/activity" icon=Icon::Clock name=tr!(account.activity) />
            </nav>
            <div class="min-w-0">
                {is_customer.then(|| view! { <Calls /> })}
                <Outlet />
            </div>
        </div>
    }
}

/// Who says to be on the phone with the reader, and how to know whether it is true.
#[component]
fn Calls() -> impl IntoView {
    let calls = Resource::new_blocking(|| (), |()| my_calls());
    let notices = move || {
        Suspend::new(async move {
            let calls = calls.await.unwrap_or_default();
            calls.into_iter().map(|call| view! { <Call call /> }).collect_view()
        })
    };
    view! { <Suspense>{notices}</Suspense> }
}

#[component]
fn Call(call: Caller) -> impl IntoView {
    let Caller { action, operator, organization, words, code, expires_at, .. } = call;
    let good_for = match action {
        CallAction::SetPassword => None,
        CallAction::RemoveFactor => Some(tr!(calls.for_factor)),
        CallAction::ChangeEmail => Some(tr!(calls.for_email)),
    };
    let (operator, organization) = (operator.to_string(), organization.to_string());
    view! {
        <div class="mb-6">
            <Notice tone=Tone::Plain>
                <p class="font-semibold">
                    {tr!(calls.title, operator = operator, organization = organization)}
                </p>
                <p class="mt-1">{tr!(calls.words)} " " <strong class="select-all">{words}</strong></p>
                {code
                    .map(|code| {
                        view! { <p class="mt-1">{tr!(calls.code)} " " <strong class="num select-all">{code}</strong></p> }
                    })}
                {good_for.map(|text| view! { <p class="mt-1">{text}</p> })}
                <p class="mt-1">{tr!(calls.hint)} " " {tr!(calls.until)} " " <Time at=expires_at /> "."</p>
            </Notice>
        </div>
    }
}

/// One page of the account.
#[component]
fn Entry(to: &'static str, icon: Icon, name: &'static str) -> impl IntoView {
    view! {
        <A href=to exact=to == "/account">
            <Glyph icon class="size-4.5" />
            {name}
        </A>
    }
}
