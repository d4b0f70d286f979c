//! One's own password, before what must not be done with a session that somebody else sits at.

use leptos::prelude::*;

use crate::{
    api::session::StepUp,
    i18n::tr,
    ui::{
        form::{Form, FormState, Submit},
        panel::{Notice, Tone},
        prove::ProofFields,
    },
};

/// The form.
#[component]
pub fn Prove(
    /// Its state.
    form: FormState<StepUp>,
    /// The page that one is on.
    next: String,
    /// Why it is asked for.
    why: &'static str,
    /// Whether an earlier proof has run out meanwhile.
    #[prop(optional)]
    over: bool,
) -> impl IntoView {
    view! {
        {over.then(|| view! { <div class="mt-4"><Notice tone=Tone::Plain>{tr!(error.step_up)}</Notice></div> })}
        <p class="mt-4 text-sm text-pretty">{why}</p>
        <Form form>
            <input type="hidden" name="next" value=next />
            <ProofFields />
            <Submit label=tr!(common.proceed) class="btn btn-primary w-full" />
        </Form>
    }
}
