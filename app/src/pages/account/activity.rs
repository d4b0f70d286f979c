//! `/account/activity`: what happened to the account, and who did it.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{
    audit::{ActivityEntry, ActivityPage, AuditKind, Outcome},
    id::AuditId,
};

use crate::{
    api::account::my_activity,
    i18n::tr,
    ui::{
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Empty, Failed, Loading, Panel},
        time::Time,
    },
    words,
};

/// The page.
#[component]
pub fn Activity() -> impl IntoView {
    let query = use_query_map();
    let before =
        Memo::new(move |_| query.with(|query| query.get("before")?.parse::<AuditId>().ok()));
    let page = Resource::new_blocking(move || before.get(), my_activity);
    let list = move || {
        Suspend::new(async move {
            match page.await {
                Ok(page) => {
                    view! { <List page first=before.get_untracked().is_none() /> }.into_any()
                }
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <PageTitle title=tr!(account.activity) hint=Some(tr!(activity.hint).to_owned()) />
        <div class="mt-6">
            <Panel>
                <Transition fallback=Loading>{list}</Transition>
            </Panel>
        </div>
    }
}

#[component]
fn List(page: ActivityPage, first: bool) -> impl IntoView {
    if page.entries.is_empty() {
        return view! { <Empty icon=Icon::Clock text=tr!(activity.empty) /> }.into_any();
    }
    let rows = page.entries.into_iter().map(|entry| view! { <Entry entry /> }).collect_view();
    view! {
        <ol class="rows">{rows}</ol>
        <nav class="mt-4 flex justify-between gap-4" aria-label=tr!(activity.pages)>
            {(!first)
                .then(|| {
                    view! {
                        <a class="btn btn-sm" href="/account/activity">
                            <Glyph icon=Icon::Back class="size-4" />
                            {tr!(activity.newest)}
                        </a>
                    }
                })}
            {page
                .older
                .map(|older| {
                    view! {
                        <a class="btn btn-sm ml-auto" href=format!("/account/activity?before={older}")>
                            {tr!(activity.older)}
                            <Glyph icon=Icon::Forward class="size-4" />
                        </a>
                    }
                })}
        </nav>
    }
    .into_any()
}

#[component]
fn Entry(entry: ActivityEntry) -> impl IntoView {
    let bad = entry.outcome == Outcome::Refused
        || matches!(
            entry.kind,
            AuditKind::Disputed
                | AuditKind::Locked
                | AuditKind::SignInRefused
                | AuditKind::ResetNeedsAttention
        );
    let state = if bad { "state state-bad" } else { "state state-ok" };
    let from = [entry.device.as_ref().map(words::device), entry.address]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ");
    view! {
        <li class="row flex-wrap gap-y-1 sm:flex-nowrap">
            <div class="min-w-0 grow basis-full sm:basis-0">
                <p class="font-medium">{words::event(entry.kind, entry.outcome)}</p>
                <p class="hint break-words">{words::who(&entry.who)} {(!from.is_empty()).then(|| format!(" · {from}"))}</p>
            </div>
            <p class="hint flex items-center gap-3">
                <span class=state>{if bad { tr!(activity.refused) } else { tr!(activity.done) }}</span>
                <Time at=entry.at />
            </p>
        </li>
    }
}
