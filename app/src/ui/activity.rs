//! What happened to an account: the same lines for its owner and for those who look after it.

use leptos::prelude::*;
use model::audit::{ActivityEntry, ActivityPage, AuditKind, Outcome};

use super::{
    icon::{Glyph, Icon},
    panel::Empty,
    time::Time,
};
use crate::{i18n::tr, words};

/// A page of lines, and the ways to the others.
#[component]
pub fn ActivityList(
    /// The lines.
    page: ActivityPage,
    /// Whether it is the newest page.
    first: bool,
    /// The path that shows the newest page.
    path: String,
    /// What is said when there is none.
    empty: &'static str,
) -> impl IntoView {
    if page.entries.is_empty() {
        return view! { <Empty icon=Icon::Clock text=empty /> }.into_any();
    }
    let rows = page.entries.into_iter().map(|entry| view! { <Entry entry /> }).collect_view();
    let newest = (!first).then(|| {
        view! {
            <a class="btn btn-sm" href=path.clone()>
                <Glyph icon=Icon::Back class="size-4" />
                {tr!(activity.newest)}
            </a>
        }
    });
    let older = page.older.map(move |older| {
        view! {
            <a class="btn btn-sm ml-auto" href=format!("{path}?before={older}")>
                {tr!(activity.older)}
                <Glyph icon=Icon::Forward class="size-4" />
            </a>
        }
    });
    view! {
        <ol class="rows">{rows}</ol>
        <nav class="mt-4 flex justify-between gap-4" aria-label=tr!(activity.pages)>{newest} {older}</nav>
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
    let (state, outcome) = match entry.outcome {
        _ if bad => ("state state-bad", tr!(activity.refused)),
        Outcome::Begun => ("state state-quiet", tr!(audit.begun)),
        _ => ("state state-ok", tr!(activity.done)),
    };
    let from = [entry.device.as_ref().map(words::device), entry.address]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ");
    let why = [(tr!(customer.reason), entry.reason), (tr!(customer.ticket), entry.ticket)];
    let why = why
        .into_iter()
        .filter_map(|(name, text)| text.map(|text| format!("{name} {text}")))
        .map(|line| view! { <p class="hint break-words">{line}</p> })
        .collect_view();
    view! {
        <li class="row flex-wrap gap-y-1 sm:flex-nowrap">
            <div class="min-w-0 grow basis-full sm:basis-0">
                <p class="font-medium">{words::event(entry.kind, entry.outcome)}</p>
                <p class="hint break-words">{words::who(&entry.who)} {(!from.is_empty()).then(|| format!(" · {from}"))}</p>
                {why}
            </div>
            <p class="hint flex items-center gap-3">
                <span class=state>{outcome}</span>
                <Time at=entry.at />
            </p>
        </li>
    }
}
