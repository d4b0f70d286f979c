//! The first step: one's own password, before anything is done with somebody else's.

use leptos::prelude::*;

use crate::{
    api::session::StepUp,
    i18n::tr,
    ui::{
        field::PasswordField,
        form::{Form, FormState, Submit},
        panel::{Notice, Tone},
    },
};

/// The step.
#[component]
pub fn Prove(
    /// Where to go on.
    next: String,
    /// The form's state.
    form: FormState<StepUp>,
    /// Whether an earlier proof has run out meanwhile.
    over: bool,
) -> impl IntoView {
    view! {
        {over.then(|| view! { <div class="mt-4"><Notice tone=Tone::Plain>{tr!(error.step_up)}</Notice></div> })}
        <p class="mt-4 text-sm text-pretty">{tr!(desk.prove)}</p>
        <Form form>
            <input type="hidden" name="next" value=next />
            <PasswordField name="password" label=tr!(desk.own_password) autocomplete="current-password" />
            <Submit label=tr!(common.proceed) class="btn btn-primary w-full" />
        </Form>
    }
}
