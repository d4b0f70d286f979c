//! The new address, what will happen, and why it should.

use leptos::prelude::*;
use model::{
    email::EmailDesk,
    id::{AccountId, EmailChangeId},
};

use super::Forms;
use crate::{
    i18n::tr,
    ui::{
        field::{Area, Field},
        form::{Form, Submit},
        panel::{Notice, Tone},
    },
};

/// The step.
#[component]
pub fn Check(
    /// What is possible.
    desk: EmailDesk,
    /// Whether a second member of staff has to agree.
    second: bool,
) -> impl IntoView {
    let forms = expect_context::<Forms>();
    let account = desk.account;
    let submit = if second { tr!(new_email.submit_second) } else { tr!(new_email.submit) };
    view! {
        {second
            .then(|| view! { <div class="mt-5"><Notice tone=Tone::Plain>{tr!(new_email.second)}</Notice></div> })}
        <Consequences desk second />
        <Form form=forms.ask>
            <input type="hidden" name="account" value=account.to_string() />
            {second.then(|| view! { <input type="hidden" name="second" value="true" /> })}
            <Field
                name="email"
                label=tr!(new_email.email)
                keys="email"
                verbatim=true
                follows=forms.email
            />
            <Area name="reason" label=tr!(desk.reason) hint=tr!(new_email.reason_hint) follows=forms.reason />
            <Field name="ticket" label=tr!(desk.ticket) follows=forms.ticket />
            <Submit label=submit class="btn btn-primary w-full" />
        </Form>
    }
}

/// What will happen, in words.
#[component]
fn Consequences(desk: EmailDesk, second: bool) -> impl IntoView {
    let email = desk.email.to_string();
    let mut lines: Vec<String> = Vec::new();
    if second {
        lines.push(tr!(new_email.will_ask_second, email = email.clone()));
        lines.push(tr!(new_email.will_then, count = desk.hours));
    } else {
        lines.push(tr!(new_email.will_wait, count = desk.hours, email = email.clone()));
    }
    lines.push(tr!(new_email.will_confirm).into());
    lines.push(tr!(new_email.will_stop).into());
    lines.push(tr!(new_email.will_refuse, email = email));
    lines.push(tr!(new_email.will_end).into());
    let lines = lines.into_iter().map(|line| view! { <li>{line}</li> }).collect_view();
    view! {
        <p class="mt-5 text-sm font-medium">{tr!(lost_factor.intro)}</p>
        <ul class="advice">{lines}</ul>
    }
}

/// What a second member of staff agrees to, and why they do.
#[component]
pub fn Agree(
    /// Whose address.
    account: AccountId,
    /// The change that waits for that.
    change: EmailChangeId,
    /// What to make sure of, with the new address.
    check: String,
    /// Hours for which it is held then.
    hours: u32,
) -> impl IntoView {
    let forms = expect_context::<Forms>();
    view! {
        <p class="mt-6 text-sm font-medium">{tr!(new_email.agree_intro)}</p>
        <ul class="advice">
            <li>{check}</li>
            <li>{tr!(new_email.agree_then, count = hours)}</li>
        </ul>
        <Form form=forms.approve>
            <input type="hidden" name="account" value=account.to_string() />
            <input type="hidden" name="change" value=change.to_string() />
            <Area name="reason" label=tr!(desk.reason) hint=tr!(new_email.agree_hint) follows=forms.reason />
            <Field name="ticket" label=tr!(desk.ticket) follows=forms.ticket />
            <Submit label=tr!(new_email.agree) class="btn btn-primary w-full" />
        </Form>
    }
}
