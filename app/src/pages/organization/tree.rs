//! `/organizations`: one's own organization and those below it.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::organization::{OrganizationLine, OrganizationStanding, OrganizationTree};

use super::{done_of, failed};
use crate::{
    api::organizations::list_organizations,
    i18n::tr,
    ui::{
        icon::Icon,
        page::PageTitle,
        panel::{Empty, Loading, Notice, Panel, Tone},
        scopes::{FindScopes, MANY},
    },
    words,
};

/// The page.
#[component]
pub fn Organizations() -> impl IntoView {
    let query = use_query_map();
    let text = Memo::new(move |_| query.with(|query| query.get("q")).unwrap_or_default());
    let view = Resource::new_blocking(move || text.get(), list_organizations);
    let deleted = Memo::new(move |_| query.with(done_of).as_deref() == Some("deleted"));
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(tree) => view! { <Tree tree text=text.get_untracked() deleted /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

#[component]
fn Tree(tree: OrganizationTree, text: String, deleted: Memo<bool>) -> impl IntoView {
    let OrganizationTree { own, lines, found, may_edit } = tree;
    let searches = found >= MANY || !text.is_empty();
    let shown = lines.len();
    let more = (usize::try_from(found).is_ok_and(|found| found > shown)).then(|| {
        let text = tr!(organizations.more, shown = shown, found = words::number(found));
        view! { <p class="hint mt-4">{text}</p> }
    });
    let body = if lines.is_empty() {
        view! { <Empty icon=Icon::Nothing text=tr!(organizations.nothing) /> }.into_any()
    } else {
        let lines = lines.into_iter().map(|line| view! { <Line line /> }).collect_view();
        view! { <ul class="rows mt-0">{lines}</ul> }.into_any()
    };
    let add = may_edit.then(|| {
        view! { <a class="btn btn-primary" href="/organizations/new">{tr!(organizations.add)}</a> }
    });
    let search = searches.then(|| view! { <FindScopes name="q" typed=text /> });
    let hint = tr!(customers.hint_below, organization = own.to_string());
    view! {
        <div class="flex flex-wrap items-start justify-between gap-4">
            <div class="min-w-0"><PageTitle title=tr!(organizations.title) hint=Some(hint) /></div>
            {add}
        </div>
        {search}
        <div class="mt-6 grid gap-6">
            <div role="status" class="contents">
                {move || {
                    deleted.get().then(|| view! { <Notice tone=Tone::Good>{tr!(organizations.deleted)}</Notice> })
                }}
            </div>
            <Panel>{body} {more}</Panel>
        </div>
    }
}

/// One organization.
#[component]
fn Line(line: OrganizationLine) -> impl IntoView {
    let to = format!("/organizations/{}", line.id);
    // What is below stands further in.
    let class = match line.depth {
        0 => "row flex-wrap items-start sm:flex-nowrap",
        1 => "row flex-wrap items-start pl-4 sm:flex-nowrap",
        2 => "row flex-wrap items-start pl-8 sm:flex-nowrap",
        _ => "row flex-wrap items-start pl-12 sm:flex-nowrap",
    };
    let people = people(&line);
    let door = door(&line);
    view! {
        <li class=class>
            <div class="min-w-0 grow basis-full sm:basis-0">
                <p><a class="list-link inline wrap-anywhere" href=to>{line.name.to_string()}</a></p>
                <p class="hint">{people}</p>
                <p class="hint wrap-anywhere">{door}</p>
            </div>
            <p class="sm:w-44 sm:text-right"><Standing standing=line.standing /></p>
        </li>
    }
}

/// How many belong to an organization itself.
pub fn people(line: &OrganizationLine) -> String {
    let (customers, staff) = (words::count(line.customers), words::count(line.staff));
    tr!(organizations.people, customers = customers, staff = staff)
}

/// Where its people sign in.
pub fn door(line: &OrganizationLine) -> String {
    let path = line.door.href.clone();
    if line.shares {
        tr!(organizations.shares, name = line.door.name.to_string(), path = path)
    } else {
        tr!(organizations.own_door, path = path)
    }
}

/// How an organization stands.
#[component]
pub fn Standing(standing: OrganizationStanding) -> impl IntoView {
    let class = match standing {
        OrganizationStanding::Active => "state state-ok",
        OrganizationStanding::Suspended | OrganizationStanding::SuspendedAbove => "state state-bad",
    };
    view! { <span class=class>{words::organization_standing(standing)}</span> }
}
