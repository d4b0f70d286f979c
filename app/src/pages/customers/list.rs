//! `/customers`: who one looks after, found in a few keystrokes. The address holds the whole view.

use std::time::Duration;

use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};
use model::{
    Refusal,
    connector::ConnectorChoice,
    customer::{CustomerOrder, CustomerPage, CustomerQuery, CustomerState, SHORTEST_SEARCH},
    permission::Permission,
};

use super::{address, asked_for, count, first_page, keys, state_name, table::Table};
use crate::{
    api::{ApiError, customers, session::SignedInView},
    i18n::tr,
    ui::{
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Absent, Empty, Failed, Loading, Notice, Tone},
        scopes::{Narrowed, Scopes},
    },
};

/// How long one types on before the list follows.
const PAUSE: Duration = Duration::from_millis(120);

/// The page.
#[component]
pub fn Customers() -> impl IntoView {
    let params = use_query_map();
    let query = Memo::new(move |_| params.with(asked_for));
    let page = Resource::new_blocking(
        move || query.get(),
        |query| async move {
            let CustomerQuery { scope, text, state, connector, order, descending, after, before } =
                query;
            customers::find_customers(
                scope, text, state, connector, order, descending, after, before,
            )
            .await
        },
    );
    let narrowed = Narrowed::ask();
    let SignedInView { me, .. } = expect_context();
    let may_edit = me.role.is_some_and(|role| role.may(Permission::EditCustomers));
    let deleted =
        Memo::new(move |_| params.with(|params| params.get_str("done") == Some("deleted")));
    keys::listen();
    let hint = move || {
        Suspend::new(async move {
            page.await.ok().map(|page| {
                let organization = page.scope.name.to_string();
                let hint = if page.has_several {
                    tr!(customers.hint_below, organization = organization)
                } else {
                    tr!(customers.hint, organization = organization)
                };
                view! { <p class="hint mt-1.5">{hint}</p> }
            })
        })
    };
    let scopes = move || {
        Suspend::new(async move {
            let page = page.await.ok().filter(|page| page.scopes > 1);
            page.map(|page| {
                let (chosen, name, number) =
                    (page.scope.id, page.scope.name.to_string(), page.scopes);
                let to = move |scope| {
                    let query = query.get_untracked();
                    address(&CustomerQuery { scope: Some(scope), ..first_page(&query) })
                };
                view! { <Scopes chosen name number narrowed to /> }
            })
        })
    };
    let states = move || {
        Suspend::new(async move { page.await.ok().map(|page| view! { <States page query /> }) })
    };
    let systems = move || {
        Suspend::new(async move { page.await.ok().map(|page| view! { <Systems page query /> }) })
    };
    let body = move || {
        Suspend::new(async move {
            match page.await {
                Ok(page) => {
                    view! { <Found page query=query.get_untracked() may_edit /> }.into_any()
                }
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <div class="flex flex-wrap items-start justify-between gap-4">
            <div class="min-w-0">
                <PageTitle title=tr!(customers.title) />
                <Transition>{hint}</Transition>
            </div>
            {may_edit.then(|| view! { <Ways query /> })}
        </div>
        <div role="status" class="contents">
            {move || {
                deleted
                    .get()
                    .then(|| view! { <div class="mt-5"><Notice tone=Tone::Good>{tr!(customers.deleted)}</Notice></div> })
            }}
        </div>
        <div class="mt-5 flex flex-wrap items-center gap-2">
            <Transition>{scopes}</Transition>
            <Search query />
            <Transition>{states}</Transition>
            <Transition>{systems}</Transition>
        </div>
        <Transition fallback=Loading>{body}</Transition>
    }
}

/// What staff who change customers do with the list, or beside it.
#[component]
fn Ways(query: Memo<CustomerQuery>) -> impl IntoView {
    // In the scope that one looks at.
    let new = move || match query.with(|query| query.scope) {
        Some(scope) => format!("/customers/new?scope={scope}"),
        None => "/customers/new".to_owned(),
    };
    let export = move || {
        query.with(|query| {
            address(&first_page(query)).replacen("/customers", "/customers/export", 1)
        })
    };
    view! {
        <div class="flex flex-wrap gap-2">
            <a class="btn" href="/customers/import">{tr!(customers.import)}</a>
            <a class="btn" href=export>{tr!(customers.export)}</a>
            <a class="btn btn-primary" href=new>{tr!(customers.create)}</a>
        </div>
    }
}

/// The states that somebody is in, with how many are.
#[component]
fn States(page: CustomerPage, query: Memo<CustomerQuery>) -> impl IntoView {
    let now = query.get_untracked();
    let chosen = now.state;
    let chip = |state: Option<CustomerState>, name: &'static str, number: String| {
        let to = address(&CustomerQuery { state, ..first_page(&now) });
        view! {
            <a class="chip" href=to aria-current=(chosen == state).then_some("true")>
                {name} " " <span class="num chip-count">{number}</span>
            </a>
        }
    };
    let chips = page
        .states
        .iter()
        .filter(|(state, count)| count.number > 0 || chosen == Some(*state))
        .map(|(state, number)| chip(Some(*state), state_name(*state), count(*number)))
        .collect_view();
    view! {
        <nav class="chips" aria-label=tr!(customers.states)>
            {chip(None, tr!(customers.all), count(page.total))} {chips}
        </nav>
    }
}

/// The downstream systems to whose customers the list can be narrowed.
#[component]
fn Systems(page: CustomerPage, query: Memo<CustomerQuery>) -> impl IntoView {
    let now = query.get_untracked();
    let chips = page
        .connectors
        .into_iter()
        .map(|ConnectorChoice { id, name }| {
            let chosen = now.connector == Some(id);
            // Chosen once more, it narrows nothing any more.
            let connector = (!chosen).then_some(id);
            let to = address(&CustomerQuery { connector, ..first_page(&now) });
            let text = tr!(customers.of_system, system = name.to_string());
            view! {
                <a class="chip max-w-full" href=to aria-current=chosen.then_some("true")>
                    <span class="truncate">{text}</span>
                </a>
            }
        })
        .collect::<Vec<_>>();
    (!chips.is_empty())
        .then(|| view! { <nav class="chips" aria-label=tr!(customers.systems)>{chips}</nav> })
}

/// The field that narrows the list as one types; without code, a form.
#[component]
fn Search(query: Memo<CustomerQuery>) -> impl IntoView {
    let now = query.get_untracked();
    let input = NodeRef::<leptos::html::Input>::new();
    let navigate = use_navigate();
    let follow = StoredValue::new(move |typed: String| {
        let before = query.get_untracked();
        // One character narrows nothing, and is not worth an entry.
        let text =
            if typed.trim().chars().count() < SHORTEST_SEARCH { String::new() } else { typed };
        if text != before.text {
            let to = address(&CustomerQuery { text, ..first_page(&before) });
            navigate(
                &to,
                NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() },
            );
        }
    });
    // Going back, the field shows what the list is narrowed by.
    Effect::new(move || {
        let text = query.with(|query| query.text.clone());
        if let Some(input) = input.get_untracked()
            && document().active_element().as_ref() != Some(input.as_ref())
        {
            input.set_value(&text);
        }
    });
    let pending = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(pending) = pending.try_update_value(Option::take).flatten() {
            pending.clear();
        }
    };
    on_cleanup(stop);
    let on_input = move |_| {
        stop();
        let later = set_timeout_with_handle(
            move || {
                if let Some(Some(input)) = input.try_get_untracked() {
                    follow.with_value(|follow| follow(input.value()));
                }
            },
            PAUSE,
        );
        pending.set_value(later.ok());
    };
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        stop();
        if let Some(input) = input.get_untracked() {
            follow.with_value(|follow| follow(input.value()));
        }
    };
    let kept = [
        ("scope", now.scope.map(|id| id.to_string())),
        ("state", now.state.map(|state| state.word().to_owned())),
        ("connector", now.connector.map(|id| id.to_string())),
        ("order", (now.order != CustomerOrder::default()).then(|| now.order.word().to_owned())),
        ("desc", now.descending.then(|| "1".to_owned())),
    ];
    let kept = kept
        .into_iter()
        .filter_map(|(name, value)| Some(view! { <input type="hidden" name=name value=value? /> }))
        .collect_view();
    view! {
        <form method="get" action="/customers" role="search" class="search" on:submit=on_submit>
            {kept}
            <input
                class="input w-full pr-11"
                type="search"
                id="search"
                name="q"
                value=now.text
                placeholder=tr!(customers.search_hint)
                aria-label=tr!(customers.search)
                aria-keyshortcuts="/"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                node_ref=input
                on:input=on_input
            />
            <button class="reveal" aria-label=tr!(customers.search) title=tr!(customers.search)>
                <Glyph icon=Icon::Search />
            </button>
        </form>
    }
}

/// Those who were found, or why there are none.
#[component]
fn Found(page: CustomerPage, query: CustomerQuery, may_edit: bool) -> impl IntoView {
    if page.rows.is_empty() {
        let narrowed = !query.text.is_empty() || query.state.is_some() || query.connector.is_some();
        let text = if narrowed { tr!(customers.nobody_found) } else { tr!(customers.nobody) };
        let all = narrowed.then(|| {
            let to = address(&CustomerQuery { scope: query.scope, ..CustomerQuery::default() });
            view! { <a class="btn btn-sm" href=to>{tr!(customers.show_all)}</a> }
        });
        return view! {
            <div class="panel mt-4 flex flex-col items-center pb-8">
                <Empty icon=if narrowed { Icon::Nothing } else { Icon::Person } text />
                {all}
            </div>
        }
        .into_any();
    }
    // What leads nowhere is not there.
    let turn = move |to: CustomerQuery, name: &'static str, icon: Icon, first: bool| {
        view! {
            <a class="btn btn-sm" href=address(&to)>
                {first.then(|| view! { <Glyph icon class="size-4" /> })}
                {name}
                {(!first).then(|| view! { <Glyph icon class="size-4" /> })}
            </a>
        }
    };
    let anew = first_page(&query);
    let before = page.before.map(|before| CustomerQuery { before: Some(before), ..anew.clone() });
    let after = page.after.map(|after| CustomerQuery { after: Some(after), ..anew.clone() });
    let shown = page.rows.len();
    let several = page.has_several;
    let many = may_edit.then(|| {
        let path = address(&first_page(&query)).replacen("/customers", "/customers/links", 1);
        let more = if path.contains('?') { "&" } else { "?" };
        let all = format!("{path}{more}all=1");
        view! {
            <div class="flex flex-wrap items-center gap-2 border-t border-base-300 px-4 py-3">
                <button type="submit" class="btn btn-sm">{tr!(customers.send_picked)}</button>
                <a class="btn btn-sm btn-ghost" href=all>{tr!(customers.send_found)}</a>
            </div>
        }
    });
    view! {
        <form method="get" action="/customers/links" class="panel mt-4 overflow-hidden">
            <Table rows=page.rows several query picks=may_edit />
            {many}
            <nav class="flex items-center gap-2 border-t border-base-300 px-4 py-3" aria-label=tr!(customers.pages)>
                <p class="hint num mr-auto" role="status">{tr!(customers.shown, count = shown)}</p>
                {before.map(|to| turn(to, tr!(customers.previous), Icon::Back, true))}
                {after.map(|to| turn(to, tr!(customers.next), Icon::Forward, false))}
            </nav>
        </form>
    }
    .into_any()
}
