//! The second step: how the new password reaches the customer, and where it applies.

use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::hooks::use_navigate;
use model::{
    id::AccountId,
    reset::{Delivery, ResetDesk, Way},
};

use super::address;
use crate::{i18n::tr, words};

/// The step: a form that leads to an address, and changes nothing.
#[component]
pub fn How(
    /// What is possible.
    desk: ResetDesk,
    /// The way that is chosen at first; the default when there is none.
    how: Option<Delivery>,
) -> impl IntoView {
    let ResetDesk { customer, .. } = desk;
    let id: AccountId = customer.id;
    let first = how.or_else(|| {
        customer.ways.iter().find(|way| way.obstacle.is_none()).map(|way| way.delivery)
    });
    let chosen = RwSignal::new(first);
    let ways = customer.ways.into_iter();
    let options = ways.map(|way| view! { <Option_ way chosen /> }).collect_view();
    let navigate = use_navigate();
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        navigate(&address(id, chosen.get_untracked()), leptos_router::NavigateOptions::default());
    };
    view! {
        <form method="get" class="form" on:submit=on_submit>
            <fieldset class="grid gap-2">
                <legend class="label-text mb-2">{tr!(desk.how)}</legend>
                {options}
            </fieldset>
            <div class="field">
                <label class="label-text" for="where">{tr!(desk.where_)}</label>
                <select class="select w-full" id="where" name="where" autocomplete="off" aria-describedby="where-hint">
                    <option value="portal">{tr!(desk.portal_only)}</option>
                </select>
                <p class="hint" id="where-hint">{tr!(desk.where_hint)}</p>
            </div>
            <button type="submit" class="btn btn-primary w-full">{tr!(common.proceed)}</button>
        </form>
    }
}

/// One way, or why it is none.
#[component]
fn Option_(way: Way, chosen: RwSignal<Option<Delivery>>) -> impl IntoView {
    let Way { delivery, obstacle } = way;
    let (label, hint) = match delivery {
        Delivery::Typed => (tr!(desk.type_), tr!(desk.type_hint)),
        Delivery::Generated => (tr!(desk.generate), tr!(desk.generate_hint)),
        _ => (tr!(desk.send), tr!(desk.send_hint)),
    };
    let word = delivery.word();
    let id = format!("how-{word}");
    let hint = obstacle.map_or(hint, words::obstacle);
    view! {
        <label class="option" class:option-off=obstacle.is_some() for=id.clone()>
            <input
                class="radio radio-sm mt-0.5"
                type="radio"
                id=id.clone()
                name="how"
                value=word
                checked=untrack(|| chosen.get() == Some(delivery))
                disabled=obstacle.is_some()
                aria-describedby=format!("{id}-hint")
                on:change=move |_| chosen.set(Some(delivery))
            />
            <span class="min-w-0">
                <span class="block text-sm font-medium">{label}</span>
                <span class="hint block" id=format!("{id}-hint")>{hint}</span>
            </span>
        </label>
    }
}
