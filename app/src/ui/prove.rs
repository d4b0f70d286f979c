//! Fresh proof of one's own password, before a page lets one change something.

use leptos::{prelude::*, server_fn::ServerFn};
use model::Refusal;

use super::{
    field::{Field, PasswordField},
    form::{Form, FormState, Submit},
    panel::{Notice, Tone},
};
use crate::{
    api::{
        ApiError,
        session::{SignedInView, StepUp},
    },
    i18n::tr,
};

/// Asks for one's own password.
#[component]
pub fn Prove(
    /// The state of its form.
    proof: FormState<StepUp>,
    /// The local path of the page that asks.
    next: String,
    /// Whether a proof was given and has run out meanwhile.
    over: bool,
) -> impl IntoView {
    view! {
        {over.then(|| view! { <Notice tone=Tone::Plain>{tr!(error.step_up)}</Notice> })}
        <p class="max-w-prose text-sm text-pretty">{tr!(organization.prove)}</p>
        <Form form=proof class="form mt-4 max-w-md">
            <input type="hidden" name="next" value=next />
            <ProofFields />
            <div><Submit label=tr!(common.proceed) /></div>
        </Form>
    }
}

/// What proves that it is oneself: the own password, and a code for those who have a second factor.
#[component]
pub fn ProofFields() -> impl IntoView {
    let SignedInView { me, .. } = expect_context();
    view! {
        <PasswordField name="password" label=tr!(desk.own_password) autocomplete="current-password" />
        {me.factor.then(|| view! { <CodeField /> })}
    }
}

/// A code of one's second factor, beside a password.
#[component]
pub fn CodeField() -> impl IntoView {
    view! {
        <Field
            name="code"
            label=tr!(prove.code)
            hint=tr!(prove.code_hint)
            autocomplete="one-time-code"
            verbatim=true
        />
    }
}

/// Counts what has the page asked for again: forms that were done, and proofs that had run out. What
/// was refused for another reason stays as it is, with what was typed.
pub fn settled<S>(form: FormState<S>) -> Memo<usize>
where
    S: ServerFn + 'static,
    S::Output: Send + Sync + 'static,
{
    Memo::new(move |before: Option<&usize>| {
        let version = form.version();
        let before = before.copied().unwrap_or_default();
        if form.done() || form.error() == Some(STEP_UP) { version } else { before }
    })
}

/// Counts proofs that had run out, for a form that changes nothing of what its page shows.
pub fn ran_out<S>(form: FormState<S>) -> Memo<usize>
where
    S: ServerFn + 'static,
    S::Output: Send + Sync + 'static,
{
    Memo::new(move |before: Option<&usize>| {
        let version = form.version();
        let before = before.copied().unwrap_or_default();
        if form.error() == Some(STEP_UP) { version } else { before }
    })
}

/// Whether a form was refused for want of a fresh proof, and what it said is over once there is one.
pub fn is_over<S>(form: FormState<S>, stepped_up: bool) -> bool
where
    S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    let over = form.error_now() == Some(STEP_UP);
    if over && stepped_up {
        form.forget();
    }
    over
}

const STEP_UP: ApiError = ApiError::Refused(Refusal::StepUp);
