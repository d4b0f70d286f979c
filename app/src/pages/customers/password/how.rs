//! The second step: how the new password reaches the customer, and where it applies.

use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::hooks::use_navigate;
use model::{
    connector::Destination,
    id::AccountId,
    reset::{Delivery, Obstacle, ResetDesk, Way},
};

use super::{ALL, PORTAL, address};
use crate::{i18n::tr, words};

/// The step: a form that leads to an address, and changes nothing.
#[component]
pub fn How(
    /// What is possible.
    desk: ResetDesk,
    /// The way that is chosen at first; the default when there is none.
    how: Option<Delivery>,
) -> impl IntoView {
    let ResetDesk { customer, destinations, .. } = desk;
    let id: AccountId = customer.id;
    let first = how.or_else(|| {
        customer.ways.iter().find(|way| way.obstacle.is_none()).map(|way| way.delivery)
    });
    let chosen = RwSignal::new(first);
    let ways = customer.ways.into_iter();
    let options = ways.map(|way| view! { <Option_ way chosen /> }).collect_view();
    // Passwords that are the same everywhere are what people expect; where that is possible.
    let place = RwSignal::new(usual(&destinations));
    let navigate = use_navigate();
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        let to = address(id, chosen.get_untracked(), &place.get_untracked());
        navigate(&to, leptos_router::NavigateOptions::default());
    };
    view! {
        <form method="get" class="form" on:submit=on_submit>
            <fieldset class="grid gap-2">
                <legend class="label-text mb-2">{tr!(desk.how)}</legend>
                {options}
            </fieldset>
            <Where destinations place />
            <button type="submit" class="btn btn-primary w-full">{tr!(common.proceed)}</button>
        </form>
    }
}

/// Where the new password goes at first: everywhere that it can.
fn usual(destinations: &[Destination]) -> String {
    let mut possible = destinations.iter().filter(|place| place.obstacle.is_none());
    match (possible.next(), possible.next()) {
        (Some(only), None) => only.id.to_string(),
        (Some(_), Some(_)) if destinations.iter().all(|place| place.obstacle.is_none()) => {
            ALL.into()
        }
        _ => PORTAL.into(),
    }
}

/// Where else the new password goes, and what each system says about that.
#[component]
fn Where(destinations: Vec<Destination>, place: RwSignal<String>) -> impl IntoView {
    let chosen = untrack(|| place.get());
    let several = destinations.len() > 1;
    let all_possible = destinations.iter().all(|place| place.obstacle.is_none());
    let option = |value: String, text: String, possible: bool| {
        let selected = value == chosen;
        view! { <option value=value selected=selected disabled=!possible>{text}</option> }
    };
    let options = destinations
        .iter()
        .map(|place| {
            let (system, account) = (place.system.to_string(), place.name.clone());
            let text = if several {
                tr!(places.also_named, system = system, account = account)
            } else {
                tr!(places.also, system = system)
            };
            option(place.id.to_string(), text, place.obstacle.is_none())
        })
        .collect_view();
    let all = several.then(|| option(ALL.into(), tr!(places.also_all).into(), all_possible));
    let portal = option(PORTAL.into(), tr!(desk.portal_only).into(), true);
    let hint = if destinations.is_empty() { tr!(desk.where_hint) } else { tr!(places.hint) };
    let lines = destinations
        .into_iter()
        .map(|place| {
            let Destination { system, name, obstacle, .. } = place;
            let text = obstacle.map_or(tr!(places.can), words::reason);
            view! {
                <li class="hint break-words">
                    <span class="font-medium">{tr!(places.named, system = system.to_string(), account = name)}</span>
                    " · " {text}
                </li>
            }
        })
        .collect_view();
    view! {
        <div class="field">
            <label class="label-text" for="where">{tr!(desk.where_)}</label>
            <select
                class="select w-full"
                id="where"
                name="where"
                autocomplete="off"
                aria-describedby="where-hint"
                on:change:target=move |event| place.set(event.target().value())
            >
                {portal} {options} {all}
            </select>
            <div id="where-hint">
                <p class="hint">{hint}</p>
                <ul class="mt-1 grid gap-1">{lines}</ul>
            </div>
        </div>
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
    // It is where a second person is asked.
    let is_off = obstacle.is_some_and(|why| why != Obstacle::SecondApprover);
    view! {
        <label class="option" class:option-off=is_off for=id.clone()>
            <input
                class="radio radio-sm mt-0.5"
                type="radio"
                id=id.clone()
                name="how"
                value=word
                checked=untrack(|| chosen.get() == Some(delivery))
                disabled=is_off
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
