//! Who is on the phone: a code that the caller reads back, and words by which they know who calls.

use leptos::prelude::*;
use model::{
    call::{CallMethod, CallerRule, OpenCheck},
    id::AccountId,
    reset::{Delivery, Obstacle, ResetDesk},
};

use super::{Forms, address};
use crate::{
    i18n::tr,
    ui::{
        field::Field,
        form::{Form, Submit},
        panel::{Notice, Tone},
        time::Time,
    },
};

/// What is known of the caller, and how to know more. Nothing where the policy wants none of it, or
/// where only a link is possible anyway.
#[component]
pub fn Caller(
    /// What is possible.
    desk: ResetDesk,
) -> impl IntoView {
    let forms = expect_context::<Forms>();
    let id = desk.customer.id;
    let concerns = [Delivery::Typed, Delivery::Generated]
        .into_iter()
        .any(|way| matches!(desk.customer.obstacle(way), None | Some(Obstacle::CallerUnknown)));
    let check = desk.caller;
    if check.rule == CallerRule::Off || !concerns {
        return ().into_any();
    }
    if let Some(until) = check.verified_until {
        return view! {
            <div class="mt-5" role="status">
                <Notice tone=Tone::Good>{tr!(caller.verified)} " " <Time at=until /> "."</Notice>
            </div>
        }
        .into_any();
    }
    let hint = match check.rule {
        CallerRule::Required => tr!(caller.required),
        _ => tr!(caller.offered),
    };
    let step = match check.open {
        Some(open) => view! { <ReadBack id open email=check.email.clone() /> }.into_any(),
        None => ().into_any(),
    };
    let again = |method: CallMethod, label: &'static str| {
        view! {
            <Form form=forms.check class="grid">
                <input type="hidden" name="customer" value=id.to_string() />
                <input type="hidden" name="method" value=method.word() />
                <input type="hidden" name="next" value=address(id, None) />
                <Submit label class="btn btn-sm" />
            </Form>
        }
    };
    view! {
        <section class="caller">
            <h2 class="text-sm font-semibold">{tr!(caller.title)}</h2>
            <p class="hint">{hint}</p>
            {step}
            <div class="flex flex-wrap gap-2">
                {check.mails.then(|| again(CallMethod::Mail, tr!(caller.mail)))}
                {again(CallMethod::Account, tr!(caller.account))}
            </div>
        </section>
    }
    .into_any()
}

/// The code is on its way: what to say, and where to enter what comes back.
#[component]
fn ReadBack(id: AccountId, open: OpenCheck, email: String) -> impl IntoView {
    let forms = expect_context::<Forms>();
    let OpenCheck { method, words, expires_at } = open;
    let way = match method {
        CallMethod::Mail => tr!(caller.mailed, email = email),
        CallMethod::Account => tr!(caller.shown).to_owned(),
    };
    view! {
        <p class="text-sm">{way} " " {tr!(caller.until)} " " <Time at=expires_at /> "."</p>
        <p class="text-sm">
            {tr!(caller.words)} " " <strong class="select-all">{words}</strong>
        </p>
        <Form form=forms.verify class="flex items-end gap-2">
            <input type="hidden" name="customer" value=id.to_string() />
            <input type="hidden" name="next" value=address(id, None) />
            <div class="grow">
                <Field name="code" label=tr!(caller.code) autocomplete="one-time-code" verbatim=true keys="numeric" />
            </div>
            <Submit label=tr!(caller.verify) class="btn btn-primary" />
        </Form>
    }
}
