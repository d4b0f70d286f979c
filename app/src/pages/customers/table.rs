//! The customers of one page: a table, on a narrow screen one card each.

use leptos::{ev::MouseEvent, prelude::*};
use leptos_router::hooks::use_navigate;
use model::customer::{CustomerOrder, CustomerQuery, CustomerRow};

use super::{State, address, first_page};
use crate::{
    i18n::tr,
    ui::{
        icon::{Glyph, Icon},
        time::Time,
    },
};

/// The table. Its parts say what they are: laid out as cards, browsers would forget.
#[component]
pub fn Table(
    rows: Vec<CustomerRow>,
    several: bool,
    query: CustomerQuery,
    /// Whether some of them may be picked.
    picks: bool,
) -> impl IntoView {
    let column = move |order: CustomerOrder, name: &'static str| {
        let current = query.order == order;
        // The latest first is what one wants to see; names begin at A.
        let natural = order == CustomerOrder::LastSignIn;
        let descending = if current { !query.descending } else { natural };
        let to = address(&CustomerQuery { order, descending, ..first_page(&query) });
        let sorted = current.then_some(if query.descending { "descending" } else { "ascending" });
        let icon = if query.descending { Icon::Down } else { Icon::Up };
        view! {
            <th role="columnheader" scope="col" aria-sort=sorted>
                <a class="sort" href=to>
                    {name} {current.then(|| view! { <Glyph icon class="size-3.5" /> })}
                </a>
            </th>
        }
    };
    let heads = view! {
        {column(CustomerOrder::Name, tr!(customers.customer))}
        {column(CustomerOrder::Company, tr!(customers.company))}
        <th role="columnheader" scope="col">{tr!(customers.state)}</th>
        {column(CustomerOrder::LastSignIn, tr!(customers.last_sign_in))}
        <th role="columnheader" scope="col"><span class="sr-only">{tr!(customers.manage)}</span></th>
    };
    let rows = rows.into_iter().map(|row| view! { <Row row several picks /> }).collect_view();
    view! {
        <table class="list-table" role="table" aria-label=tr!(customers.title)>
            <thead role="rowgroup"><tr role="row">{heads}</tr></thead>
            <tbody role="rowgroup">{rows}</tbody>
        </table>
    }
}

#[component]
fn Row(row: CustomerRow, several: bool, picks: bool) -> impl IntoView {
    let to = format!("/customers/{}", row.id);
    let navigate = use_navigate();
    let open = {
        let to = to.clone();
        move |_: MouseEvent| navigate(&to, leptos_router::NavigateOptions::default())
    };
    let name = row.name.to_string();
    let came = row.last_sign_in_at.is_some();
    let below = several.then(|| row.organization.to_string());
    let services = (!row.services.is_empty()).then(|| row.services.join(", "));
    let company = row.company.unwrap_or_default();
    let manage = tr!(customers.manage_whom, name = name.clone());
    let pick = picks.then(|| {
        let (id, label) = (row.id.to_string(), tr!(customers.pick, name = name.clone()));
        view! { <input class="checkbox checkbox-sm mt-0.5" type="checkbox" name="pick" value=id aria-label=label /> }
    });
    view! {
        <tr role="row" on:dblclick=open>
            <td role="cell" class="list-main">
                <div class="flex items-start gap-3">
                    {pick}
                    <div class="min-w-0">
                        <a class="list-link" data-row href=to.clone()>{name}</a>
                        <span class="hint block truncate">{row.email.to_string()}</span>
                        {services.map(|services| view! { <span class="block truncate font-mono text-xs">{services}</span> })}
                    </div>
                </div>
            </td>
            <td role="cell" class="list-company">
                <span class="block truncate">{company}</span>
                {below.map(|below| view! { <span class="hint block truncate">{below}</span> })}
            </td>
            <td role="cell" class="list-state"><State standing=row.standing came /></td>
            <td role="cell" class="list-when hint">
                {match row.last_sign_in_at {
                    Some(at) => view! { <Time at /> }.into_any(),
                    None => view! { <span class="max-md:hidden">"–"</span> }.into_any(),
                }}
            </td>
            <td role="cell" class="list-way">
                <a class="btn btn-sm" href=format!("{to}/password") aria-label=manage>{tr!(customers.manage)}</a>
            </td>
        </tr>
    }
}
