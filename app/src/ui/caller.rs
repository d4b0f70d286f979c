//! Who is on the phone: a code that the caller reads back, and words by which they know who calls.

use leptos::prelude::*;
use model::{
    call::{CallAction, CallMethod, CallerCheck, CallerRule, OpenCheck},
    id::AccountId,
};

use super::{
    field::Field,
    form::{Form, FormState, Submit, use_form},
    panel::{Notice, Tone},
    time::Time,
};
use crate::{
    api::callers::{CheckCaller, VerifyCaller},
    i18n::tr,
};

/// The forms by which a caller is verified.
#[derive(Clone, Copy)]
pub struct CallerForms {
    check: FormState<CheckCaller>,
    verify: FormState<VerifyCaller>,
}

/// The forms, of which nothing was sent yet.
pub fn use_caller() -> CallerForms {
    CallerForms { check: use_form(), verify: use_form() }
}

impl CallerForms {
    /// Counts answers: what is known of the caller is asked for again.
    pub fn answered(self) -> Memo<(usize, usize)> {
        Memo::new(move |_| (self.check.version(), self.verify.version()))
    }
}

/// What is known of the caller, and how to know more. Nothing where the policy wants none of it.
#[component]
pub fn Caller(
    /// What is known.
    check: CallerCheck,
    /// Whose account it is about.
    account: AccountId,
    /// The local path of the page.
    next: String,
    /// Its forms.
    forms: CallerForms,
) -> impl IntoView {
    let action = check.action;
    if check.rule == CallerRule::Off {
        return ().into_any();
    }
    if let Some(until) = check.verified_until {
        let verified = match action {
            CallAction::SetPassword => tr!(caller.verified),
            CallAction::RemoveFactor => tr!(caller.verified_factor),
            CallAction::ChangeEmail => tr!(caller.verified_email),
        };
        return view! {
            <div class="mt-5" role="status">
                <Notice tone=Tone::Good>{verified} " " <Time at=until /> "."</Notice>
            </div>
        }
        .into_any();
    }
    let hint = match (action, check.rule) {
        (CallAction::RemoveFactor, _) => tr!(caller.required_factor),
        (CallAction::ChangeEmail, _) => tr!(caller.required_email),
        (CallAction::SetPassword, CallerRule::Required) => tr!(caller.required),
        (CallAction::SetPassword, _) => tr!(caller.offered),
    };
    let next = StoredValue::new(next);
    let about = move || {
        view! {
            <input type="hidden" name="account" value=account.to_string() />
            <input type="hidden" name="action" value=action.word() />
            <input type="hidden" name="next" value=next.get_value() />
        }
    };
    let step = check.open.map(|open| {
        let OpenCheck { method, words, expires_at } = open;
        let way = match method {
            CallMethod::Mail => tr!(caller.mailed, email = check.email),
            CallMethod::Account => tr!(caller.shown).to_owned(),
        };
        view! {
            <p class="text-sm">{way} " " {tr!(caller.until)} " " <Time at=expires_at /> "."</p>
            <p class="text-sm">
                {tr!(caller.words)} " " <strong class="select-all">{words}</strong>
            </p>
            <Form form=forms.verify class="flex items-end gap-2">
                {about()}
                <div class="grow">
                    <Field name="code" label=tr!(caller.code) autocomplete="one-time-code" verbatim=true keys="numeric" />
                </div>
                <Submit label=tr!(caller.verify) class="btn btn-primary" />
            </Form>
        }
    });
    let ways = action
        .methods()
        .iter()
        .filter(|method| check.mails || **method != CallMethod::Mail)
        .map(|method| {
            let label = match method {
                CallMethod::Mail => tr!(caller.mail),
                CallMethod::Account => tr!(caller.account),
            };
            view! {
                <Form form=forms.check class="grid">
                    {about()}
                    <input type="hidden" name="method" value=method.word() />
                    <Submit label class="btn btn-sm" />
                </Form>
            }
        })
        .collect_view();
    view! {
        <section class="caller">
            <h2 class="text-sm font-semibold">{tr!(caller.title)}</h2>
            <p class="hint">{hint}</p>
            {step}
            <div class="flex flex-wrap gap-2">{ways}</div>
        </section>
    }
    .into_any()
}
