//! Fresh proof of one's own password, before a page lets one change something.

use leptos::{prelude::*, server_fn::ServerFn};
use model::{Refusal, factor::Factors, id::LinkId};

use super::{
    field::{Field, PasswordField},
    form::{Form, FormState, Submit},
    panel::{Notice, Tone},
    passkey::PasskeyButton,
};
use crate::{
    api::{
        ApiError,
        factor::AskPasskey,
        forgotten::AskPasskey as ForgottenAsk,
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
    /// Why it is asked for, where that is not what the organization's pages are about.
    #[prop(optional)]
    why: Option<&'static str>,
) -> impl IntoView {
    let why = why.unwrap_or(tr!(organization.prove));
    view! {
        {over.then(|| view! { <Notice tone=Tone::Plain>{tr!(error.step_up)}</Notice> })}
        <p class="max-w-prose text-sm text-pretty">{why}</p>
        <Form form=proof class="form mt-4 max-w-md">
            <input type="hidden" name="next" value=next />
            <ProofFields />
            <div><Submit label=tr!(common.proceed) /></div>
        </Form>
    }
}

/// What proves that it is oneself: the own password, and the second factor of those who have one.
#[component]
pub fn ProofFields() -> impl IntoView {
    // Who needs a factor and has none is shown no page of those who are signed in.
    let factors = use_context::<SignedInView>().map(|view| view.me.factors).unwrap_or_default();
    view! {
        <PasswordField name="password" label=tr!(desk.own_password) autocomplete="current-password" />
        <FactorFields factors />
    }
}

/// One's second factor, beside a password: a code, or a passkey. Nothing for those who have none.
#[component]
pub fn FactorFields(
    /// Which there are.
    factors: Factors,
    /// The link by which one comes, when one is not signed in.
    #[prop(optional)]
    link: Option<LinkId>,
    /// What else is said of the code.
    #[prop(optional)]
    hint: Option<&'static str>,
) -> impl IntoView {
    factors.any.then(|| {
        let (label, usual) = match factors {
            Factors { app: true, .. } => (tr!(prove.code), tr!(prove.code_hint)),
            Factors { passkey: true, .. } => (tr!(login.recovery_code), tr!(prove.recovery_hint)),
            _ => (tr!(login.recovery_code), tr!(prove.elsewhere_hint)),
        };
        let hint = hint.unwrap_or(usual);
        let ask = if link.is_some() { ForgottenAsk::url() } else { AskPasskey::url() };
        view! {
            <Field name="code" label hint autocomplete="one-time-code" verbatim=true />
            {factors
                .passkey
                .then(|| {
                    view! {
                        <PasskeyButton ask field="code" label=tr!(passkey.instead) link=link.map(|link| link.to_string()) />
                    }
                })}
        }
    })
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
