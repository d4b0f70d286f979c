//! The last step: what happened, place by place.

use leptos::prelude::*;
use model::reset::{Delivery, DeskReset, ResetDesk, ResetProgress, ResetState, TargetView};

use super::{PORTAL, address};
use crate::{
    i18n::tr,
    ui::{
        panel::{Notice, Tone},
        places::{LiveReset, Places},
    },
    words,
};

/// The step.
#[component]
pub fn Done(
    /// The customer, and what holds now.
    desk: ResetDesk,
    /// What was begun.
    begun: DeskReset,
    /// What follows it.
    live: LiveReset,
) -> impl IntoView {
    let DeskReset { id, delivery, state, targets, pin, audit } = begun;
    let ResetDesk { customer, link_minutes, temporary_hours, .. } = desk;
    let back = format!("/customers/{}", customer.id);
    let email = customer.email.to_string();
    let (tone, text) = match (delivery, state) {
        (Delivery::EmailLink, ResetState::WaitingForCustomer) => {
            (Tone::Good, tr!(desk.done, email = email, count = link_minutes))
        }
        (Delivery::EmailLink, ResetState::Done) => (Tone::Good, tr!(desk.link_used).to_owned()),
        (Delivery::Typed, ResetState::Done) => {
            (Tone::Good, tr!(desk.done_typed, count = temporary_hours))
        }
        (Delivery::Generated, ResetState::Done) => {
            (Tone::Good, tr!(desk.done_generated, email = email, count = temporary_hours))
        }
        (_, ResetState::Applying) => (Tone::Plain, tr!(desk.applying).to_owned()),
        (_, ResetState::NeedsAttention) if targets.iter().any(TargetView::is_left) => {
            (Tone::Bad, tr!(places.left_desk).to_owned())
        }
        (_, ResetState::Refused) => (Tone::Bad, tr!(places.refused_desk).to_owned()),
        (Delivery::Generated, ResetState::NeedsAttention) => {
            (Tone::Bad, tr!(desk.did_not_arrive, email = email))
        }
        (_, state) => (Tone::Plain, words::reset_state(state).to_owned()),
    };
    let waits = state == ResetState::WaitingForCustomer;
    let goes_on = format!("/resets/{id}");
    let is_left = targets.iter().any(TargetView::is_left);
    let needs = state == ResetState::NeedsAttention && is_left;
    let targets = (!waits).then(|| {
        // Whether the password is still kept is found out by the first look.
        let progress = ResetProgress {
            customer: customer.id,
            name: customer.name.clone(),
            state,
            targets,
            kept: needs,
        };
        let path = format!("/customers/{}/password?begun={id}", customer.id);
        view! { <Places reset=id progress live path /> }
    });
    view! {
        <div class="mt-6 grid gap-5">
            <div role="status">
                <Notice tone>
                    {(delivery != Delivery::EmailLink && state == ResetState::Done)
                        .then(|| view! { <p class="font-semibold">{tr!(desk.updated)}</p> })}
                    <p>{text}</p>
                </Notice>
            </div>
            {pin
                .map(|pin| {
                    view! {
                        <div class="pin">
                            <p class="label-text">{tr!(desk.pin)}</p>
                            <p class="pin-digits num" id="pin">{pin}</p>
                            <p class="hint">{tr!(desk.pin_hint)}</p>
                        </div>
                    }
                })}
            {targets}
            {needs
                .then(|| view! { <a class="btn btn-primary" href=goes_on>{tr!(places.manage)}</a> })}
            <a class="btn btn-primary" href=back>{tr!(desk.back)}</a>
            {audit
                .map(|entry| view! { <a class="btn" href=format!("/audit/{entry}")>{tr!(desk.audit)}</a> })}
            {(!waits && state != ResetState::Done)
                .then(|| view! { <a class="btn" href=address(customer.id, None, PORTAL) rel="external">{tr!(desk.again)}</a> })}
        </div>
    }
}
