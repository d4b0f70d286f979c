//! `/organization/staff`: who works for an organization.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{
    account::Role,
    permission::Permission,
    staff::{StaffList, StaffRow, StaffStanding},
};

use super::{
    Choices, Top, choices, failed, named, scope_of, staff_links::AfterIncident, with_scope,
};
use crate::{
    api::organization::view_staff,
    i18n::tr,
    ui::{
        icon::{Glyph, Icon},
        panel::{Loading, Panel},
        time::Time,
    },
    words,
};

/// The page.
#[component]
pub fn Staff() -> impl IntoView {
    let query = use_query_map();
    let scope = Memo::new(move |_| query.with(scope_of));
    let view = Resource::new_blocking(move || scope.get(), view_staff);
    let choices = choices();
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(list) => view! { <List list choices /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

#[component]
fn List(list: StaffList, choices: Choices) -> impl IntoView {
    let StaffList { acting, rows, .. } = list;
    let invite = acting.may_edit.then(|| {
        let to = with_scope("/organization/staff/new", named(&acting));
        view! { <a class="btn btn-primary" href=to>{tr!(staff.invite)}</a> }
    });
    let scope = named(&acting);
    let lines = rows.into_iter().map(|row| view! { <Line row /> }).collect_view();
    view! {
        <Top title=tr!(staff.title) acting choices />
        <div class="mt-6 grid gap-6">
            <Panel>
                <ul class="rows mt-0">{lines}</ul>
                {invite.map(|invite| view! { <div class="mt-6">{invite}</div> })}
            </Panel>
            <Permissions />
            <AfterIncident scope />
        </div>
    }
}

/// What each role may do. On a phone each permission is followed by the roles that have it.
#[component]
fn Permissions() -> impl IntoView {
    let heads = Role::ALL
        .into_iter()
        .map(|role| {
            view! { <th role="columnheader" scope="col" class="may-cell">{words::role_name(role)}</th> }
        })
        .collect_view();
    let cell = |role: Role, permission| {
        if role.may(permission) {
            view! {
                <td role="cell" class="may-cell may-yes">
                    <Glyph icon=Icon::Check class="size-4.5 max-sm:hidden" />
                    <span class="sm:sr-only">{words::role_name(role)}</span>
                </td>
            }
            .into_any()
        } else {
            view! { <td role="cell" class="may-cell hint max-sm:hidden">"–"</td> }.into_any()
        }
    };
    let rows = Permission::ALL
        .into_iter()
        .map(|permission| {
            let cells = Role::ALL.map(|role| cell(role, permission)).into_iter().collect_view();
            view! {
                <tr role="row">
                    <th role="rowheader" scope="row">{words::permission(permission)}</th>
                    {cells}
                </tr>
            }
        })
        .collect_view();
    view! {
        <Panel title=tr!(permission.title) hint=tr!(permission.hint)>
            <table class="may-table" role="table" aria-label=tr!(permission.title)>
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">
                            <span class="sr-only">{tr!(permission.what)}</span>
                        </th>
                        {heads}
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
        </Panel>
    }
}

/// One member of staff.
#[component]
fn Line(row: StaffRow) -> impl IntoView {
    let to = format!("/organization/staff/{}", row.id);
    let signs_in_with = match row.standing {
        StaffStanding::Invited(_) => None,
        _ if row.has_factor => Some(tr!(staff.with_factor)),
        _ => Some(tr!(staff.password_only)),
    };
    let you = row.you.then(|| view! { " " <span class="hint">{tr!(staff.you)}</span> });
    view! {
        <li class="row flex-wrap items-center sm:flex-nowrap">
            <div class="min-w-0 grow basis-full sm:basis-0">
                <p><a class="list-link inline" href=to>{row.name.to_string()}</a> {you}</p>
                <p class="hint wrap-anywhere">{row.email.to_string()}</p>
                <p class="hint">
                    {match row.last_sign_in_at {
                        Some(at) => view! { {tr!(staff.last_came)} " " <Time at /> }.into_any(),
                        None => tr!(customers.never_signed_in).into_any(),
                    }} {signs_in_with.map(|with| view! { " · " {with} })}
                </p>
            </div>
            <p class="text-sm sm:w-28">{words::role_name(row.role)}</p>
            <p class="sm:w-40 sm:text-right"><Standing standing=row.standing /></p>
        </li>
    }
}

/// How a member of staff stands.
#[component]
pub fn Standing(standing: StaffStanding) -> impl IntoView {
    let class = match standing {
        StaffStanding::Suspended | StaffStanding::Locked(_) => "state state-bad",
        StaffStanding::Invited(Some(_)) => "state state-quiet",
        StaffStanding::Invited(None) => "state state-warn",
        StaffStanding::Active => "state state-ok",
    };
    view! { <span class=class>{words::staff_standing(standing)}</span> }
}
