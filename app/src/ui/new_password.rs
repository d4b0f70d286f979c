//! Choosing a new password: typed twice, or suggested.

use leptos::prelude::*;
use model::account::PasswordRules;

use super::{
    field::PasswordField,
    form::{Form, FormState, use_form},
    icon::{Glyph, Icon},
    panel::{Notice, Tone},
    strength::Strength,
};
use crate::{api::password::SuggestPassword, i18n::tr};

/// The form that asks for a suggestion; the page puts [`Suggest`] behind its own form.
pub fn use_suggestion() -> FormState<SuggestPassword> {
    use_form()
}

/// Tells password managers whose password is chosen in this form.
#[component]
pub fn WhosePassword(
    /// The name to sign in with.
    name: String,
) -> impl IntoView {
    // Managers find it by `autocomplete`; without a `name` of its own it is never sent.
    view! {
        <input
            class="hidden"
            type="text"
            autocomplete="username"
            value=name
            readonly
            tabindex="-1"
            aria-hidden="true"
        />
    }
}

/// The new password and its retype, with what they must be like.
#[component]
pub fn NewPassword(
    /// What the password must be like.
    rules: PasswordRules,
    /// Where suggestions come from.
    suggestion: FormState<SuggestPassword>,
) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let retyped = RwSignal::new(String::new());
    let wanted = RwSignal::new(false);
    let (new, retype) =
        (NodeRef::<leptos::html::Input>::new(), NodeRef::<leptos::html::Input>::new());
    let suggested = move || match suggestion.outcome.get() {
        Some(Ok(password)) => Some(password),
        _ => None,
    };
    // A suggestion is there to be read.
    let first = untrack(suggested);
    let shown = RwSignal::new(first.is_some());
    Effect::new(move |answered: Option<usize>| {
        let version = suggestion.version();
        if answered.is_some_and(|before| before != version)
            && let Some(password) = suggested()
        {
            for (input, signal) in [(new, typed), (retype, retyped)] {
                if let Some(input) = input.get_untracked() {
                    input.set_value(&password);
                }
                signal.set(password.clone());
            }
            shown.set(true);
            wanted.set(true);
        }
        version
    });
    // Only once both are there: nobody likes to be told while still typing.
    let differs = Memo::new(move |_| {
        typed.with(|typed| {
            retyped.with(|retyped| !retyped.is_empty() && !typed.starts_with(retyped.as_str()))
        })
    });
    view! {
        {move || {
            suggested()
                .map(|password| {
                    view! {
                        <Notice tone=Tone::Plain>
                            <p>{tr!(new_password.suggested)}</p>
                            <p class="mt-1 font-mono text-base font-semibold break-words select-all">
                                {password}
                            </p>
                        </Notice>
                    }
                })
        }}
        <div>
            <PasswordField
                name="new"
                label=tr!(new_password.new)
                autocomplete="new-password"
                shown
                typed
                value=first.clone()
                input=new
                on_focus=move || wanted.set(true)
                described_by="new-strength"
                shortest=rules.shortest
            />
            <Strength typed rules wanted />
        </div>
        <div>
            <PasswordField
                name="retype"
                label=tr!(new_password.retype)
                autocomplete="new-password"
                shown
                typed=retyped
                value=first
                input=retype
                described_by="retype-live"
            />
            <p class="retype-text" id="retype-live" aria-live="polite">
                {move || differs.get().then(|| tr!(new_password.differs))}
            </p>
        </div>
    }
}

/// The button that asks for a suggestion. A form of its own: it stands behind the other one.
#[component]
pub fn Suggest(
    /// Where suggestions come from.
    suggestion: FormState<SuggestPassword>,
) -> impl IntoView {
    view! {
        <Form form=suggestion class="mt-2">
            <button type="submit" class="btn btn-ghost w-full">
                <Glyph icon=Icon::Spark class="size-4" />
                {tr!(new_password.suggest)}
            </button>
        </Form>
    }
}
