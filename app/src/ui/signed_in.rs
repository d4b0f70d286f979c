//! What is around every page of those who are signed in.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::{components::A, hooks::use_location};
use model::{
    account::{AccountKind, FactorDue, Role},
    email::WaitingEmail,
    factor::WaitingRemoval,
    permission::Permission,
    text::Name,
};

use super::{
    form::{Form, Submit, use_form},
    go,
    icon::{Glyph, Icon},
    page::{Brand, Legal},
    panel::{Notice, Tone},
    preferences::Preferences,
    time::Time,
};
use crate::{
    api::{
        email_change::KeepMyEmail,
        lost_factor::KeepMyFactor,
        session::{SignOut, SignedInView, home},
    },
    i18n::tr,
    words::{self, asked_by, due},
};

/// Top bar, content and foot.
#[component]
pub fn Frame(
    /// Who is signed in.
    view: SignedInView,
    /// The page.
    children: Children,
) -> impl IntoView {
    let SignedInView { me, site, .. } = view;
    let home = home(me.kind);
    let support = site.support_email.clone();
    let links = site.brand.links.clone();
    let name = me.name.to_string();
    view! {
        <a class="skip" href="#content" rel="external">{tr!(common.skip)}</a>
        <div class="flex min-h-dvh flex-col">
            <header class="border-b border-base-300 bg-base-100">
                <div class="mx-auto flex min-h-16 max-w-7xl items-center gap-1 px-4 max-sm:flex-wrap max-sm:pt-2 sm:gap-2 sm:px-6">
                    <div class="min-w-0 max-sm:flex-1"><Brand site to=home /></div>
                    <div class="mr-auto min-w-0 max-sm:order-last max-sm:w-full max-sm:pb-1">
                        {me.role.filter(|_| me.kind == AccountKind::Staff).map(|role| view! { <Ways role /> })}
                    </div>
                    <a class="btn btn-ghost btn-square" href=home aria-label=tr!(common.home) title=tr!(common.home)>
                        <Glyph icon=Icon::Home />
                    </a>
                    <a class="btn btn-ghost px-2 sm:px-3" href="/account" title=tr!(account.title)>
                        <span class="avatar-letters" aria-hidden="true">{words::initials(&name)}</span>
                        <span class="sr-only max-w-48 truncate sm:not-sr-only">{name}</span>
                    </a>
                    <form method="post">
                        <input type="hidden" name="_form" value=SignOut::url() />
                        <button class="btn btn-ghost btn-square" aria-label=tr!(common.sign_out) title=tr!(common.sign_out)>
                            <Glyph icon=Icon::Leave />
                        </button>
                    </form>
                </div>
            </header>
            <main id="content" class="mx-auto w-full max-w-7xl flex-1 px-4 py-8 sm:px-6">
                {me.removal.map(|removal| view! { <Removal removal /> })}
                {me.email_change.map(|change| view! { <NewAddress change /> })}
                {me.factor_due.map(|due| view! { <Due due /> })}
                {(!me.differing.is_empty()).then(|| view! { <Differing places=me.differing /> })}
                {children()}
            </main>
            <footer class="flex flex-col items-center gap-4 px-4 pb-6">
                {support
                    .map(|support| {
                        view! {
                            <p class="hint text-center">
                                {tr!(common.need_help)} " "
                                <a class="link" href=format!("mailto:{support}") rel="external">{support.clone()}</a>
                            </p>
                        }
                    })}
                <Legal links />
                <Preferences />
            </footer>
        </div>
    }
}

/// Tells that staff are about to remove one's second factor, and lets one keep it.
#[component]
fn Removal(removal: WaitingRemoval) -> impl IntoView {
    let form = use_form::<KeepMyFactor>();
    let by = match removal.by {
        Some((operator, organization)) => tr!(
            lost_factor.banner_by,
            operator = operator.to_string(),
            organization = organization.to_string()
        ),
        None => tr!(lost_factor.banner_by_somebody).to_owned(),
    };
    let due_at = removal.due_at;
    let banner = move || {
        if form.done() {
            return view! { <Notice tone=Tone::Good>{tr!(lost_factor.kept)}</Notice> }.into_any();
        }
        let by = by.clone();
        view! {
            <Notice tone=Tone::Bad>
                <p class="font-semibold">{tr!(lost_factor.banner)}</p>
                <p class="mt-1">{by} " " {tr!(lost_factor.waits)} " " <Time at=due_at /> "."</p>
                <Form form class="mt-3 grid gap-3 sm:justify-start">
                    <Submit label=tr!(lost_factor.keep) class="btn btn-sm" />
                </Form>
            </Notice>
        }
        .into_any()
    };
    view! { <div class="mb-6" role="status">{banner}</div> }
}

/// Tells that one's email address is about to change, and lets one keep it; but for the page that is
/// about nothing else.
#[component]
fn NewAddress(change: WaitingEmail) -> impl IntoView {
    let form = use_form::<KeepMyEmail>();
    let path = use_location().pathname;
    // Every page tells of it: what is around them is made anew.
    Effect::new(move || {
        if form.done() {
            go::load("/account/email?done=kept");
        }
    });
    let tone = if change.own { Tone::Plain } else { Tone::Bad };
    let banner = move || {
        if path.with(|path| path == "/account/email") {
            return ().into_any();
        }
        let change = change.clone();
        view! {
            <div class="mb-6">
                <Notice tone>
                    <p class="font-semibold break-words">{tr!(new_email.banner, email = change.email.clone())}</p>
                    <p class="mt-1">
                        {asked_by(&change)} " " {due(change.stage)} " " <Time at=change.due_at /> ". "
                        <a class="link" href="/account/email">{tr!(new_email.look)}</a>
                    </p>
                    <Form form class="mt-3 grid gap-3 sm:justify-start">
                        <Submit label=tr!(new_email.keep) class="btn btn-sm" />
                    </Form>
                </Notice>
            </div>
        }
        .into_any()
    };
    view! { <div role="status" class="contents">{banner}</div> }
}

/// Tells in which other systems one's password may still be an earlier one.
#[component]
fn Differing(places: Vec<(Name, String)>) -> impl IntoView {
    let places = places
        .into_iter()
        .map(|(system, account)| {
            let text = tr!(places.named, system = system.to_string(), account = account);
            view! { <li class="break-words">{text}</li> }
        })
        .collect_view();
    view! {
        <div class="mb-6">
            <Notice tone=Tone::Bad>
                <p class="font-semibold">{tr!(places.yours_differ)}</p>
                <ul class="mt-1 list-disc pl-5">{places}</ul>
                <p class="mt-1">{tr!(places.yours_differ_do)}</p>
            </Notice>
        </div>
    }
}

/// Counts the days until a second factor is needed.
#[component]
fn Due(due: FactorDue) -> impl IntoView {
    let FactorDue { from, days } = due;
    let left = match days {
        0 | 1 => tr!(two_factor.due_tomorrow).to_owned(),
        days => tr!(two_factor.due_days, count = days),
    };
    view! {
        <div class="mb-6">
            <Notice tone=Tone::Plain>
                {tr!(two_factor.due, day = words::date(from))} " " {left} " "
                <a class="link" href="/account/security/two-factor">{tr!(two_factor.due_do)}</a>
            </Notice>
        </div>
    }
}

/// Where staff go.
#[component]
fn Ways(
    /// As what the reader works.
    role: Role,
) -> impl IntoView {
    let reads_audit = role.may(Permission::ReadAudit);
    let path = use_location().pathname;
    let set_up = move || path.with(|path| path.starts_with("/organization")).then_some("page");
    view! {
        <nav class="ways" aria-label=tr!(common.ways)>
            <A href="/customers">
                {tr!(customers.title)}
            </A>
            <A href="/resets">
                {tr!(resets.title)}
            </A>
            {reads_audit
                .then(|| {
                    view! {
                        <A href="/audit">
                            {tr!(audit.title)}
                        </A>
                    }
                })}
            {role
                .may(Permission::ReadSettings)
                .then(|| {
                    view! {
                        <a href="/organization/policy" aria-current=set_up>
                            {tr!(organization.title)}
                        </a>
                    }
                })}
        </nav>
    }
}
