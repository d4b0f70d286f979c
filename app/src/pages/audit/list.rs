//! `/audit`: what happened, newest first, narrowed by a form. The address holds the whole view.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{
    Refusal,
    audit::{AuditKind, AuditPage, AuditQuery},
    customer::Scope,
    id::AuditId,
};

use super::{
    Line, address,
    verify::{Verify, use_verify},
};
use crate::{
    api::{ApiError, audit},
    i18n::tr,
    ui::{
        filter::{Filter, FilterChoice, FilterText},
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Absent, Empty, Failed, Loading, Notice, Panel, Tone},
    },
    words,
};

/// How often one looks for what is new.
const BEAT: Duration = Duration::from_secs(4);
/// How often one does before somebody has to ask again: looking keeps a session open.
const BEATS: u32 = 150;

/// The page.
#[component]
pub fn Audit() -> impl IntoView {
    let params = use_query_map();
    let query =
        Memo::new(move |_| params.with(|params| audit::asked_for(|name| params.get_str(name))));
    let live = Memo::new(move |_| params.with(|params| params.get_str("live").is_some()));
    let page = Resource::new_blocking(move || query.get(), audit::audit_log);
    let verify = use_verify(query);
    let newest = RwSignal::new(None::<AuditId>);
    let paused = follow(query, live, newest, page);
    let body = move || {
        // It changes without the page being fetched again.
        let live = live.get();
        Suspend::new(async move {
            match page.await {
                Ok(page) => {
                    newest.set(Some(page.newest));
                    let query_now = query.get_untracked();
                    view! { <Found page query=query_now live /> }.into_any()
                }
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    let hint = move || {
        Suspend::new(async move {
            page.await.ok().map(|page| {
                let organization = page.scope.name.to_string();
                view! { <p class="hint mt-1.5">{tr!(audit.hint, organization = organization)}</p> }
            })
        })
    };
    // Whoever may not read it has nothing to verify either.
    let below = move || {
        Suspend::new(async move { page.await.ok().map(|_| view! { <Verify form=verify query /> }) })
    };
    view! {
        <PageTitle title=tr!(audit.title) />
        <Transition>{hint}</Transition>
        <div role="status" class="contents">
            {move || {
                paused
                    .get()
                    .then(|| view! { <div class="mt-4"><Notice tone=Tone::Plain>{tr!(audit.paused)}</Notice></div> })
            }}
        </div>
        <Transition fallback=Loading>{body}</Transition>
        <div class="mt-6"><Transition>{below}</Transition></div>
    }
}

/// Looks for what is new every few seconds, for a while, and fetches the page again when there is
/// something. Whether one has stopped.
fn follow(
    query: Memo<AuditQuery>,
    live: Memo<bool>,
    newest: RwSignal<Option<AuditId>>,
    page: Resource<Result<AuditPage, ApiError>>,
) -> RwSignal<bool> {
    let paused = RwSignal::new(false);
    let beats = StoredValue::new(0_u32);
    let look = Action::new_local(move |(): &()| async move {
        let (query, newest) = (query.get_untracked(), newest.get_untracked());
        if let Some(newest) = newest
            && audit::audit_since(query, newest).await.is_ok_and(|new| new > 0)
        {
            page.refetch();
        }
    });
    Effect::new(move || {
        paused.set(false);
        beats.set_value(0);
        // On an older page nothing new ever comes.
        if !live.get() || query.with(|query| query.before.is_some()) {
            return;
        }
        let beat = move || {
            beats.update_value(|beats| *beats += 1);
            if beats.get_value() > BEATS {
                paused.set(true);
            } else if !look.pending().get_untracked() {
                look.dispatch_local(());
            }
        };
        if let Ok(handle) = set_interval_with_handle(beat, BEAT) {
            on_cleanup(move || handle.clear());
        }
    });
    paused
}

/// What was found, and what can be done with it.
#[component]
fn Found(page: AuditPage, query: AuditQuery, live: bool) -> impl IntoView {
    let anew = AuditQuery { before: None, ..query.clone() };
    let narrowed = anew != AuditQuery { scope: query.scope, ..AuditQuery::default() };
    let first = query.before.is_none();
    let many = page.many_people.then(
        || view! { <div class="mt-4"><Notice tone=Tone::Plain>{tr!(audit.many)}</Notice></div> },
    );
    let older = page.older.map(|older| AuditQuery { before: Some(older), ..anew.clone() });
    // What leads nowhere is not there.
    let pages = (!first || older.is_some()).then(|| {
        view! {
            <nav class="mt-4 flex justify-between gap-4" aria-label=tr!(audit.pages)>
                {(!first)
                    .then(|| {
                        view! {
                            <a class="btn btn-sm" href=address(&anew, false)>
                                <Glyph icon=Icon::Back class="size-4" />
                                {tr!(audit.newest)}
                            </a>
                        }
                    })}
                {older
                    .map(|older| {
                        view! {
                            <a class="btn btn-sm ml-auto" href=address(&older, false)>
                                {tr!(audit.older)}
                                <Glyph icon=Icon::Forward class="size-4" />
                            </a>
                        }
                    })}
            </nav>
        }
    });
    let lines = if page.lines.is_empty() {
        let text = if narrowed { tr!(audit.nothing) } else { tr!(audit.empty) };
        view! { <Empty icon=Icon::Clock text /> }.into_any()
    } else {
        let lines = page.lines.into_iter().map(|line| view! { <Line line /> }).collect_view();
        view! { <ol class="rows mt-0">{lines}</ol> }.into_any()
    };
    let mut scopes = page.scopes;
    // One that is chosen can be chosen, however many there are.
    if !scopes.iter().any(|scope| scope.id == page.scope.id) {
        scopes.push(Scope { depth: 1, ..page.scope });
    }
    view! {
        <Narrow query=query.clone() scopes narrowed />
        {many}
        <div class="mt-4 flex flex-wrap items-center gap-2">
            <Follow query=anew.clone() live first />
            <Export query=anew.clone() />
        </div>
        <p class="hint mt-2 max-w-prose">{tr!(audit.export_hint)}</p>
        <div class="mt-4">
            <Panel>
                {lines}
                {pages}
            </Panel>
        </div>
    }
}

/// The form that narrows the log.
#[component]
fn Narrow(query: AuditQuery, scopes: Vec<Scope>, narrowed: bool) -> impl IntoView {
    let kinds = AuditKind::ALL.iter().map(|kind| {
        let name = words::event(*kind, model::audit::Outcome::Done);
        (kind.to_string(), name.to_owned())
    });
    let kinds: Vec<(String, String)> =
        std::iter::once((String::new(), tr!(audit.any).to_owned())).chain(kinds).collect();
    let kind = query.kind.map(|kind| kind.to_string()).unwrap_or_default();
    // One's own organization needs no choice.
    let scope = (scopes.len() > 1).then(|| {
        let options = scopes
            .into_iter()
            .map(|scope| {
                let value = if scope.depth == 0 { String::new() } else { scope.id.to_string() };
                (value, words::scope_line(&scope))
            })
            .collect();
        let chosen = query.scope.map(|id| id.to_string()).unwrap_or_default();
        view! { <FilterChoice name="scope" label=tr!(audit.scope) options chosen /> }
    });
    view! {
        <div class="panel mt-5 p-4 sm:p-5">
            <Filter to="/audit" label=tr!(audit.filter)>
                <FilterText name="from" label=tr!(audit.from) value=query.from kind="date" />
                <FilterText name="to" label=tr!(audit.to) value=query.to kind="date" />
                <FilterText name="actor" label=tr!(audit.actor) value=query.actor hint=tr!(audit.person_hint) />
                <FilterText name="customer" label=tr!(audit.customer) value=query.customer hint=tr!(audit.person_hint) />
                <FilterChoice name="kind" label=tr!(audit.kind) options=kinds chosen=kind />
                {scope}
                <div class="flex flex-wrap items-end gap-2">
                    <button class="btn btn-primary">{tr!(audit.show)}</button>
                    {narrowed
                        .then(|| view! { <a class="btn btn-ghost" href="/audit">{tr!(audit.clear)}</a> })}
                </div>
            </Filter>
        </div>
    }
}

/// The switch that follows what happens, and what there is instead without code.
#[component]
fn Follow(query: AuditQuery, live: bool, first: bool) -> impl IntoView {
    let follows = live && first;
    let to = address(&query, !follows);
    view! {
        {follows
            .then(|| view! { <span class="state state-ok live-only mr-1" role="status">{tr!(audit.following)}</span> })}
        <a class="chip live-only" href=to>
            <Glyph icon=Icon::Clock class="size-4" />
            {if follows { tr!(audit.stop) } else { tr!(audit.follow) }}
        </a>
        <a class="chip" href=address(&query, live) rel="external">{tr!(audit.reload)}</a>
    }
}

/// The form that takes what is shown away as a file: an answer of the server's own.
#[component]
fn Export(query: AuditQuery) -> impl IntoView {
    let fields = [
        ("scope", query.scope.map(|id| id.to_string()).unwrap_or_default()),
        ("from", query.from),
        ("to", query.to),
        ("actor", query.actor),
        ("customer", query.customer),
        ("kind", query.kind.map(|kind| kind.to_string()).unwrap_or_default()),
    ];
    let fields = fields
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
        .collect_view();
    view! {
        <form method="post" action="/audit/export" class="flex flex-wrap gap-2 sm:ml-auto">
            {fields}
            <button class="chip cursor-pointer" name="format" value="csv">{tr!(audit.export_csv)}</button>
            <button class="chip cursor-pointer" name="format" value="jsonl">{tr!(audit.export_jsonl)}</button>
        </form>
    }
}
