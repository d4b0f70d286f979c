//! The third step: what will happen, and why it should; a typed password is entered here, in the
//! only request that carries it.

use leptos::prelude::*;
use model::{
    account::Lock,
    connector::{Destination, KeyEffect},
    reset::{Delivery, ResetDesk},
};

use super::{ALL, Forms, PORTAL, address};
use crate::{
    i18n::tr,
    ui::{
        field::{Area, Field, FieldProblem},
        form::{Form, Submit},
        new_password::{NewPassword, Suggest},
    },
};

/// The step.
#[component]
pub fn Check(
    /// What is possible.
    desk: ResetDesk,
    /// The way.
    how: Delivery,
    /// Where else the new password goes.
    places: String,
) -> impl IntoView {
    let forms = expect_context::<Forms>();
    let ResetDesk { customer, rules, .. } = &desk;
    let (id, rules) = (customer.id, *rules);
    let to = places.clone();
    let customer_field = move || {
        view! {
            <input type="hidden" name="customer" value=id.to_string() />
            <input type="hidden" name="places" value=to.clone() />
            <FieldProblem name="where" />
        }
    };
    let why = move || {
        view! {
            <Area name="reason" label=tr!(desk.reason) hint=tr!(desk.reason_hint) follows=forms.reason />
            <Field name="ticket" label=tr!(desk.ticket) follows=forms.ticket />
        }
    };
    let form = match how {
        Delivery::Typed => view! {
            <Form form=forms.typed>
                {customer_field()}
                <NewPassword rules suggestion=forms.suggestion />
                {why()}
                <Submit label=tr!(desk.set) class="btn btn-primary w-full" />
            </Form>
            <Suggest suggestion=forms.suggestion />
        }
        .into_any(),
        Delivery::Generated => view! {
            <Form form=forms.generated>
                {customer_field()}
                {why()}
                <Submit label=tr!(desk.generate) class="btn btn-primary w-full" />
            </Form>
        }
        .into_any(),
        _ => view! {
            <Form form=forms.link>
                {customer_field()}
                {why()}
                <Submit label=tr!(desk.send) class="btn btn-primary w-full" />
            </Form>
        }
        .into_any(),
    };
    view! {
        <Consequences desk how places />
        {form}
        <p class="mt-4 text-center">
            <a class="link text-sm" href=address(id, None, PORTAL)>{tr!(desk.another_way)}</a>
        </p>
    }
}

/// What will happen, in words.
#[component]
fn Consequences(desk: ResetDesk, how: Delivery, places: String) -> impl IntoView {
    let ResetDesk {
        customer,
        link_minutes,
        temporary_hours,
        split,
        allowed_once,
        destinations,
        ..
    } = desk;
    let email = customer.email.to_string();
    let locked = matches!(customer.standing.lock, Some(Lock::Failures | Lock::Staff));
    let replaced = !customer.open_links.is_empty();
    let had_one = customer.password_changed_at.is_some();
    let mut lines: Vec<String> = Vec::new();
    if how == Delivery::EmailLink {
        lines.push(tr!(desk.will_mail, email = email));
        lines.push(tr!(desk.will_work, count = link_minutes));
        if split {
            lines.push(tr!(desk.will_ask_pin).into());
        }
    } else {
        lines.push(if how == Delivery::Typed {
            tr!(desk.will_type, email = email)
        } else {
            tr!(desk.will_generate, email = email)
        });
        lines.push(tr!(desk.will_expire, count = temporary_hours));
        if had_one {
            lines.push(tr!(desk.will_end_sessions).into());
        }
        if how == Delivery::Generated {
            lines.push(tr!(desk.will_be_wiped).into());
        }
        if allowed_once {
            lines.push(tr!(desk.will_use_up).into());
        }
    }
    let goes_to = |place: &&Destination| places == ALL || places == place.id.to_string();
    for place in destinations.iter().filter(goes_to) {
        let (system, account) = (place.system.to_string(), place.name.clone());
        lines.push(tr!(places.will_also, system = system, account = account));
        lines.push(
            match place.keys {
                KeyEffect::Rewrapped => tr!(places.keys_rewrapped),
                KeyEffect::NotChanged => tr!(places.keys_not_changed),
                KeyEffect::NotKnown => tr!(places.keys_not_known),
            }
            .into(),
        );
        if how.is_temporary() {
            lines.push(tr!(places.will_not_expire).into());
        }
    }
    if replaced {
        lines.push(tr!(desk.will_replace).into());
    }
    if locked {
        lines.push(tr!(desk.will_unlock).into());
    }
    if how == Delivery::EmailLink {
        lines.push(if had_one { tr!(desk.will_keep) } else { tr!(desk.will_be_first) }.into());
    }
    let lines = lines.into_iter().map(|line| view! { <li>{line}</li> }).collect_view();
    view! { <ul class="advice">{lines}</ul> }
}
