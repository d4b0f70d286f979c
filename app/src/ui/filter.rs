//! Forms that narrow what is shown. They change nothing: what is asked for stands in the address,
//! with and without JavaScript.

use leptos::{ev::SubmitEvent, form::form_data_from_event, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

/// The form. With WebAssembly the page follows without being loaded anew.
#[component]
pub fn Filter(
    /// Where it leads.
    to: &'static str,
    /// What it does, for those who listen.
    label: &'static str,
    /// The fields, by the names they have in the address.
    children: Children,
) -> impl IntoView {
    let navigate = use_navigate();
    let on_submit = move |event: SubmitEvent| {
        // What cannot be read here is left to the browser.
        let Ok(data) = form_data_from_event(&event) else { return };
        let Ok(query) = web_sys::UrlSearchParams::new_with_str_sequence_sequence(&data) else {
            return;
        };
        event.prevent_default();
        navigate(&format!("{to}?{}", String::from(query.to_string())), NavigateOptions::default());
    };
    view! {
        <form method="get" action=to class="filter" role="search" aria-label=label on:submit=on_submit>
            {children()}
        </form>
    }
}

/// A line of text in it.
#[component]
pub fn FilterText(
    /// Its name in the address, and its id.
    name: &'static str,
    /// What it is called.
    label: &'static str,
    /// What is in it.
    value: String,
    /// `text` or `date`.
    #[prop(default = "text")]
    kind: &'static str,
    /// What may be typed.
    #[prop(optional)]
    hint: Option<&'static str>,
) -> impl IntoView {
    view! {
        <div class="field">
            <label class="label-text" for=name>{label}</label>
            <input
                class="input w-full"
                type=kind
                id=name
                name=name
                value=value
                placeholder=hint
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
            />
        </div>
    }
}

/// A choice in it; the empty one stands for all.
#[component]
pub fn FilterChoice(
    /// Its name in the address, and its id.
    name: &'static str,
    /// What it is called.
    label: &'static str,
    /// The choices: value and name.
    options: Vec<(String, String)>,
    /// What is chosen.
    chosen: String,
) -> impl IntoView {
    let chosen = Some(chosen);
    let options = options
        .into_iter()
        .map(move |(value, name)| {
            let selected = chosen.as_deref() == Some(value.as_str());
            view! { <option value=value selected=selected>{name}</option> }
        })
        .collect_view();
    view! {
        <div class="field">
            <label class="label-text" for=name>{label}</label>
            <select class="select w-full" id=name name=name autocomplete="off">
                {options}
            </select>
        </div>
    }
}
