//! `/organization/connectors`: the downstream systems of an organization.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::connector::{ConnectorRow, ConnectorsView};

use super::{Choices, Top, choices, done_of, failed, named, scope_of, with_scope};
use crate::{
    api::connectors::view_connectors,
    i18n::tr,
    ui::{
        icon::Icon,
        panel::{Empty, Loading, Notice, Panel, Tone},
        time::Time,
    },
    words::{self, connectors as said},
};

/// The page.
#[component]
pub fn Connectors() -> impl IntoView {
    let query = use_query_map();
    let scope = Memo::new(move |_| query.with(scope_of));
    let view = Resource::new_blocking(move || scope.get(), view_connectors);
    let removed = Memo::new(move |_| query.with(done_of).as_deref() == Some("removed"));
    let choices = choices();
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <List view removed choices /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

#[component]
fn List(view: ConnectorsView, removed: Memo<bool>, choices: Choices) -> impl IntoView {
    let ConnectorsView { acting, connectors, .. } = view;
    let add = acting.may_edit.then(|| {
        let to = with_scope("/organization/connectors/new", named(&acting));
        view! { <div class="mt-6"><a class="btn btn-primary" href=to>{tr!(connector.add)}</a></div> }
    });
    let lines = connectors.into_iter().map(|row| view! { <Line row /> }).collect::<Vec<_>>();
    let body = if lines.is_empty() {
        view! { <Empty icon=Icon::Plug text=tr!(connector.none) /> }.into_any()
    } else {
        view! { <ul class="rows mt-0">{lines}</ul> }.into_any()
    };
    view! {
        <Top title=tr!(connector.title) acting choices />
        <div class="mt-6 grid gap-6">
            <div role="status" class="contents">
                {move || {
                    removed.get().then(|| view! { <Notice tone=Tone::Good>{tr!(connector.removed)}</Notice> })
                }}
            </div>
            <Panel>{body} {add}</Panel>
        </div>
    }
}

/// One connector.
#[component]
fn Line(row: ConnectorRow) -> impl IntoView {
    let to = format!("/organization/connectors/{}", row.id);
    let linked = tr!(connector.linked, count = words::number(row.accounts));
    let tested = row.tested.as_ref().map(|tested| {
        view! {
            <p class="hint">{said::outcome(&tested.outcome)} " " <Time at=tested.at /></p>
        }
    });
    view! {
        <li class="row flex-wrap items-start sm:flex-nowrap">
            <div class="min-w-0 grow basis-full sm:basis-0">
                <p><a class="list-link inline" href=to>{row.name.to_string()}</a></p>
                <p class="hint">{row.kind.clone()} " · " {linked}</p>
                {tested}
            </div>
            <p class="sm:w-40 sm:text-right"><State row /></p>
        </li>
    }
}

/// How a connector stands.
#[component]
pub fn State(row: ConnectorRow) -> impl IntoView {
    let (class, text) = if !row.enabled {
        ("state state-quiet", tr!(connector.is_disabled))
    } else if row.rests_until.is_some() {
        ("state state-warn", tr!(connector.is_resting))
    } else if row.tested.is_some_and(|tested| tested.outcome.is_err()) {
        ("state state-bad", tr!(connector.is_failing))
    } else {
        ("state state-ok", tr!(connector.is_enabled))
    };
    view! { <span class=class>{text}</span> }
}
