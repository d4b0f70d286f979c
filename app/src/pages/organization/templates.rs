//! `/organization/templates`: the letters that Rekey writes in an organization's name.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{
    account::Language,
    letter::{LetterRow, LettersView},
};

use super::{Choices, Top, choices, failed, named, scope_of};
use crate::{
    api::letters::view_letters,
    i18n::tr,
    ui::panel::{Loading, Panel},
    words,
};

/// The page.
#[component]
pub fn Templates() -> impl IntoView {
    let query = use_query_map();
    let scope = Memo::new(move |_| query.with(scope_of));
    let view = Resource::new_blocking(move || scope.get(), view_letters);
    let choices = choices();
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <List view choices /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

/// Where a letter is written anew.
pub(super) fn address(
    kind: &str,
    language: Option<Language>,
    scope: Option<model::id::OrganizationId>,
) -> String {
    let parts = [
        language.map(|language| format!("language={}", language.tag())),
        scope.map(|scope| format!("scope={scope}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let query = if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) };
    format!("/organization/templates/{kind}{query}")
}

#[component]
fn List(view: LettersView, choices: Choices) -> impl IntoView {
    let LettersView { acting, door, rows } = view;
    let scope = named(&acting);
    let inner = match rows {
        None => view! {
            <Panel>
                <p class="text-sm max-w-prose">{tr!(templates.shared, door = door.name.to_string())}</p>
                <p class="hint mt-2 max-w-prose">{tr!(templates.shared_hint)}</p>
            </Panel>
        }
        .into_any(),
        Some(rows) => {
            let group = |staff: bool, title: &'static str, rows: &[LetterRow]| {
                let lines = rows
                    .iter()
                    .filter(|row| words::is_for_staff(&row.kind) == staff)
                    .map(|row| view! { <Line row=row.clone() scope /> })
                    .collect::<Vec<_>>();
                view! { <Panel title><ul class="rows">{lines}</ul></Panel> }
            };
            view! {
                {group(false, tr!(templates.for_customers), &rows)}
                {group(true, tr!(templates.for_staff), &rows)}
            }
            .into_any()
        }
    };
    view! {
        <Top title=tr!(templates.title) acting choices />
        <p class="hint mt-2 max-w-prose text-pretty">{tr!(templates.about)}</p>
        <div class="mt-6 grid gap-6">{inner}</div>
    }
}

/// One letter.
#[component]
fn Line(row: LetterRow, scope: Option<model::id::OrganizationId>) -> impl IntoView {
    let LetterRow { kind, own } = row;
    let (name, about) = words::letter(&kind);
    let state = if own.is_empty() {
        view! { <span class="hint">{tr!(templates.delivered)}</span> }.into_any()
    } else {
        let languages =
            own.iter().map(|language| language.own_name()).collect::<Vec<_>>().join(", ");
        view! { <span class="state state-ok">{tr!(templates.own, languages = languages)}</span> }
            .into_any()
    };
    let language = own.first().copied();
    view! {
        <li class="row flex-wrap sm:flex-nowrap" data-letter=kind.clone()>
            <div class="min-w-0 grow basis-full sm:basis-0">
                <p><a class="list-link inline whitespace-normal" href=address(&kind, language, scope)>{name}</a></p>
                <p class="hint">{about}</p>
            </div>
            <p class="text-sm sm:max-w-56 sm:text-right">{state}</p>
        </li>
    }
}
