//! Fields of forms: label, input, hint and what is wrong, tied together for those who listen.

use leptos::prelude::*;

use super::{
    form::FormContext,
    icon::{Glyph, Icon},
    page::arrives_without_loading,
};
use crate::{i18n::tr, words};

/// A line of text.
#[component]
pub fn Field(
    /// The form field's name, and its id.
    name: &'static str,
    /// What it is called.
    label: &'static str,
    /// What to know before typing.
    #[prop(optional, into)]
    hint: Option<String>,
    /// What is in it at first.
    #[prop(optional, into)]
    value: Option<String>,
    /// What browsers and password managers may fill in.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// Whether the page begins here.
    #[prop(optional)]
    first: bool,
    /// Whether it is there to be read.
    #[prop(optional)]
    fixed: bool,
    /// Whether it is a name and not words: no capital letters, no corrections.
    #[prop(optional)]
    verbatim: bool,
    /// What kind of keys telephones show.
    #[prop(optional)]
    keys: Option<&'static str>,
    /// Keeps what is typed, for when the field is drawn anew.
    #[prop(optional)]
    follows: Option<RwSignal<String>>,
) -> impl IntoView {
    let form = expect_context::<FormContext>();
    let value = form.value(name).or_else(|| kept(follows)).or(value);
    let input = NodeRef::<leptos::html::Input>::new();
    if first && arrives_without_loading() {
        Effect::new(move || {
            if let Some(input) = input.get() {
                // A field that cannot take the focus leaves it on the title.
                let _ = input.focus();
            }
        });
    }
    view! {
        <div class="field">
            <label class="label-text" for=name>{label}</label>
            <input
                class="input w-full"
                type="text"
                id=name
                name=name
                value=value
                autocomplete=autocomplete
                autocapitalize=verbatim.then_some("none")
                spellcheck=verbatim.then_some("false")
                inputmode=keys
                node_ref=input
                autofocus=form.takes_focus(name, first)
                readonly=fixed
                aria-invalid=move || form.problem(name).map(|_| "true")
                aria-describedby=describedby(form, name, hint.is_some())
                on:input:target=move |event| {
                    form.edit(name);
                    if let Some(follows) = follows {
                        follows.set(event.target().value());
                    }
                }
            />
            {hint.map(|hint| view! { <p class="hint" id=format!("{name}-hint")>{hint}</p> })}
            <FieldProblem name />
        </div>
    }
}

/// A text of a few lines.
#[component]
pub fn Area(
    /// The form field's name, and its id.
    name: &'static str,
    /// What it is called.
    label: &'static str,
    /// What to know before typing.
    hint: &'static str,
    /// Keeps what is typed, for when the field is drawn anew.
    #[prop(optional)]
    follows: Option<RwSignal<String>>,
    /// How many lines are seen at once.
    #[prop(default = 2)]
    rows: u32,
) -> impl IntoView {
    let form = expect_context::<FormContext>();
    view! {
        <div class="field">
            <label class="label-text" for=name>{label}</label>
            <textarea
                class="textarea w-full"
                id=name
                name=name
                rows=rows.to_string()
                autocomplete="off"
                autofocus=form.takes_focus(name, false)
                aria-invalid=move || form.problem(name).map(|_| "true")
                aria-describedby=describedby(form, name, true)
                on:input:target=move |event| {
                    form.edit(name);
                    if let Some(follows) = follows {
                        follows.set(event.target().value());
                    }
                }
            >
                {form.value(name).or_else(|| kept(follows)).map(|text| raw_text(&text))}
            </textarea>
            <p class="hint" id=format!("{name}-hint")>{hint}</p>
            <FieldProblem name />
        </div>
    }
}

/// What was typed before a field was drawn anew.
fn kept(follows: Option<RwSignal<String>>) -> Option<String> {
    follows.map(|follows| follows.get_untracked()).filter(|text| !text.is_empty())
}

/// What stands in a `<textarea>`, which the server writes as it is: escaped, and with a line's end
/// that browsers take away again.
#[cfg(feature = "ssr")]
fn raw_text(text: &str) -> String {
    format!("\n{}", text.replace('&', "&amp;").replace('<', "&lt;"))
}

/// In the browser it is text from the beginning.
#[cfg(not(feature = "ssr"))]
fn raw_text(text: &str) -> String {
    text.to_owned()
}

/// A password: hidden until one wants to see it.
#[component]
pub fn PasswordField(
    /// The form field's name, and its id.
    name: &'static str,
    /// What it is called.
    label: &'static str,
    /// `current-password` or `new-password`.
    autocomplete: &'static str,
    /// Whether the password is shown.
    #[prop(optional)]
    shown: RwSignal<bool>,
    /// Follows what is typed.
    #[prop(optional)]
    typed: Option<RwSignal<String>>,
    /// What is in it at first, on a page made without JavaScript.
    #[prop(optional_no_strip)]
    value: Option<String>,
    /// The input, for who fills it in.
    #[prop(optional)]
    input: NodeRef<leptos::html::Input>,
    /// Called when it gets the focus.
    #[prop(optional, into)]
    on_focus: Option<Callback<()>>,
    /// What else describes it, by id.
    #[prop(optional)]
    described_by: Option<&'static str>,
    /// Fewest characters, for browsers that make a password up.
    #[prop(optional)]
    shortest: Option<u32>,
    /// What stands at the end of the label's line.
    #[prop(optional)]
    beside: Option<Children>,
) -> impl IntoView {
    let form = expect_context::<FormContext>();
    let described = describedby(form, name, false);
    let described = move || {
        [described_by.map(str::to_owned), described()]
            .into_iter()
            .flatten()
            .reduce(|a, b| a + " " + &b)
    };
    let follow = move || {
        if let (Some(typed), Some(input)) = (typed, input.get_untracked()) {
            typed.set(input.value());
        }
    };
    // What was typed, filled in or suggested before the code was there.
    Effect::new(follow);
    view! {
        <div class="field">
            <div class="flex items-baseline justify-between gap-4">
                <label class="label-text" for=name>{label}</label>
                {beside.map(|beside| beside())}
            </div>
            <div class="relative">
                <input
                    class="input w-full pr-11"
                    type=move || if shown.get() { "text" } else { "password" }
                    id=name
                    name=name
                    value=value
                    autocomplete=autocomplete
                    autocapitalize="none"
                    spellcheck="false"
                    minlength=shortest
                    autofocus=form.takes_focus(name, false)
                    aria-invalid=move || form.problem(name).map(|_| "true")
                    aria-describedby=described
                    node_ref=input
                    on:input=move |_| {
                        form.edit(name);
                        follow();
                    }
                    on:focus=move |_| {
                        if let Some(on_focus) = on_focus {
                            on_focus.run(());
                        }
                    }
                />
                <button
                    type="button"
                    class="reveal live-only"
                    aria-controls=name
                    aria-pressed=move || shown.get().to_string()
                    aria-label=tr!(common.show_password)
                    title=move || if shown.get() { tr!(common.hide_password) } else { tr!(common.show_password) }
                    on:click=move |_| shown.update(|shown| *shown = !*shown)
                >
                    {move || {
                        let icon = if shown.get() { Icon::EyeOff } else { Icon::Eye };
                        view! { <Glyph icon /> }
                    }}
                </button>
            </div>
            <FieldProblem name />
        </div>
    }
}

/// A choice of one.
#[component]
pub fn Choice<T>(
    /// The form field's name, and its id.
    name: &'static str,
    /// What it is called.
    label: &'static str,
    /// The choices: value and name.
    options: Vec<(T, T)>,
    /// What is chosen at first.
    chosen: T,
) -> impl IntoView
where
    T: Into<String> + 'static,
{
    let form = expect_context::<FormContext>();
    let chosen = form.value(name).unwrap_or_else(|| chosen.into());
    let options = options
        .into_iter()
        .map(|(value, name)| (value.into(), name.into()))
        .map(|(value, name): (String, String)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{name}</option> }
        })
        .collect_view();
    view! {
        <div class="field">
            <label class="label-text" for=name>{label}</label>
            <select
                class="select w-full"
                id=name
                name=name
                autocomplete="off"
                aria-invalid=move || form.problem(name).map(|_| "true")
                aria-describedby=describedby(form, name, false)
                on:change=move |_| form.edit(name)
            >
                {options}
            </select>
            <FieldProblem name />
        </div>
    }
}

/// A choice of yes or no.
#[component]
pub fn Tick(
    /// The form field's name, and its id; sent with the value `true` when ticked.
    name: &'static str,
    /// What it says.
    #[prop(into)]
    label: String,
    /// What it means.
    #[prop(optional)]
    hint: &'static str,
    /// Whether it is ticked at first.
    #[prop(optional)]
    ticked: bool,
) -> impl IntoView {
    let form = expect_context::<FormContext>();
    let ticked = form.value(name).is_some() || ticked && form.is_fresh();
    let hinted = !hint.is_empty();
    view! {
        <div>
            <label class="flex cursor-pointer items-start gap-2.5 py-1 text-sm">
                <input
                    class="checkbox checkbox-sm"
                    type="checkbox"
                    id=name
                    name=name
                    value="true"
                    checked=ticked
                    aria-invalid=move || form.problem(name).map(|_| "true")
                    aria-describedby=describedby(form, name, hinted)
                    on:change=move |_| form.edit(name)
                />
                <span class="min-w-0">{label}</span>
            </label>
            {hinted.then(|| view! { <p class="hint mt-1" id=format!("{name}-hint")>{hint}</p> })}
            <FieldProblem name />
        </div>
    }
}

/// Several choices, all to be seen.
#[component]
pub fn RadioGroup(
    /// The form field's name.
    name: &'static str,
    /// What one chooses.
    label: &'static str,
    /// The choices.
    children: Children,
) -> impl IntoView {
    let form = expect_context::<FormContext>();
    view! {
        <fieldset class="grid min-w-0 gap-2" aria-describedby=describedby(form, name, false)>
            <legend class="label-text mb-2">{label}</legend>
            {children()}
            <FieldProblem name />
        </fieldset>
    }
}

/// One of several choices.
#[component]
pub fn Radio(
    /// The form field's name.
    name: &'static str,
    /// What is sent when it is chosen.
    value: &'static str,
    /// Which one is chosen at first.
    chosen: &'static str,
    /// What it says.
    label: &'static str,
    /// What it means, or why it cannot be chosen.
    #[prop(into)]
    hint: String,
    /// Whether it cannot be chosen.
    #[prop(optional)]
    disabled: bool,
) -> impl IntoView {
    let form = expect_context::<FormContext>();
    let chosen = form.value(name).map_or(chosen == value, |sent| sent == value) && !disabled;
    let id = format!("{name}-{value}");
    view! {
        <label class="option" for=id.clone()>
            <input
                class="radio radio-sm mt-0.5"
                type="radio"
                id=id.clone()
                name=name
                value=value
                checked=chosen
                disabled=disabled
                aria-invalid=move || form.problem(name).map(|_| "true")
                aria-describedby=format!("{id}-hint")
                on:change=move |_| form.edit(name)
            />
            <span class="min-w-0">
                <span class="block text-sm font-medium">{label}</span>
                <span class="hint block" id=format!("{id}-hint")>{hint}</span>
            </span>
        </label>
    }
}

/// A day.
#[component]
pub fn Day(
    /// The form field's name, and its id.
    name: &'static str,
    /// What it is called.
    label: &'static str,
    /// What is in it at first.
    #[prop(optional_no_strip)]
    value: Option<String>,
) -> impl IntoView {
    let form = expect_context::<FormContext>();
    let value = form.value(name).or(value);
    view! {
        <div class="field">
            <label class="label-text" for=name>{label}</label>
            <input
                class="input w-full sm:w-48"
                type="date"
                id=name
                name=name
                value=value
                autofocus=form.takes_focus(name, false)
                aria-invalid=move || form.problem(name).map(|_| "true")
                aria-describedby=describedby(form, name, false)
                on:input=move |_| form.edit(name)
            />
            <FieldProblem name />
        </div>
    }
}

/// What is wrong with a field, under it.
#[component]
pub fn FieldProblem(
    /// The field's name.
    name: &'static str,
) -> impl IntoView {
    let form = expect_context::<FormContext>();
    move || {
        form.problem(name).map(|problem| {
            view! {
                <p class="field-error" id=format!("{name}-problem")>
                    <Glyph icon=Icon::Alert class="size-4 mt-0.5" />
                    <span>{words::problem(problem)}</span>
                </p>
            }
        })
    }
}

/// The ids of what describes a field.
fn describedby(
    form: FormContext,
    name: &'static str,
    hinted: bool,
) -> impl Fn() -> Option<String> + Clone + Send + Sync + 'static {
    move || match (hinted, form.problem(name).is_some()) {
        (false, false) => None,
        (true, false) => Some(format!("{name}-hint")),
        (false, true) => Some(format!("{name}-problem")),
        (true, true) => Some(format!("{name}-problem {name}-hint")),
    }
}
