//! What will happen, and why it should.

use leptos::prelude::*;
use model::factor::FactorDesk;

use super::Forms;
use crate::{
    i18n::tr,
    ui::{
        field::{Area, Field},
        form::{Form, Submit},
    },
};

/// The step.
#[component]
pub fn Check(
    /// What is possible.
    desk: FactorDesk,
) -> impl IntoView {
    let forms = expect_context::<Forms>();
    let account = desk.account;
    let submit =
        if desk.hours > 0 { tr!(lost_factor.submit_wait) } else { tr!(lost_factor.submit_now) };
    view! {
        <Consequences desk />
        <Form form=forms.remove>
            <input type="hidden" name="account" value=account.to_string() />
            <Area name="reason" label=tr!(desk.reason) hint=tr!(lost_factor.reason_hint) follows=forms.reason />
            <Field name="ticket" label=tr!(desk.ticket) follows=forms.ticket />
            <Submit label=submit class="btn btn-error w-full" />
        </Form>
    }
}

/// What will happen, in words.
#[component]
fn Consequences(desk: FactorDesk) -> impl IntoView {
    let email = desk.email.to_string();
    let mut lines: Vec<String> = Vec::new();
    match desk.hours {
        0 => lines.push(tr!(lost_factor.will_now).into()),
        hours => {
            lines.push(match hours {
                1 => tr!(lost_factor.will_wait_one, email = email.clone()),
                hours => tr!(lost_factor.will_wait, count = hours, email = email.clone()),
            });
            lines.push(tr!(lost_factor.will_stop).into());
            lines.push(tr!(lost_factor.will_then).into());
        }
    }
    lines.push(tr!(lost_factor.will_end).into());
    lines.push(tr!(lost_factor.will_alone).into());
    if desk.needed {
        lines.push(tr!(lost_factor.will_enrol).into());
    }
    lines.push(tr!(lost_factor.will_tell, email = email));
    let lines = lines.into_iter().map(|line| view! { <li>{line}</li> }).collect_view();
    view! {
        <p class="mt-5 text-sm font-medium">{tr!(lost_factor.intro)}</p>
        <ul class="advice">{lines}</ul>
    }
}
