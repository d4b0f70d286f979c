//! The last step: what happened, place by place.

use leptos::prelude::*;
use model::reset::{Delivery, DeskReset, ResetDesk, ResetState, TargetKind, TargetState};

use super::address;
use crate::{
    i18n::tr,
    ui::panel::{Notice, Tone},
    words,
};

/// The step.
#[component]
pub fn Done(
    /// The customer, and what holds now.
    desk: ResetDesk,
    /// What was begun.
    begun: DeskReset,
) -> impl IntoView {
    let DeskReset { delivery, state, targets, pin, audit, .. } = begun;
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
        (Delivery::Generated, ResetState::NeedsAttention) => {
            (Tone::Bad, tr!(desk.did_not_arrive, email = email))
        }
        (_, state) => (Tone::Plain, words::reset_state(state).to_owned()),
    };
    let waits = state == ResetState::WaitingForCustomer;
    let targets = (!waits).then(|| {
        let lines =
            targets.into_iter().map(|(kind, state)| view! { <Target kind state /> }).collect_view();
        view! { <dl class="facts">{lines}</dl> }
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
            <a class="btn btn-primary" href=back>{tr!(desk.back)}</a>
            {audit
                .map(|entry| view! { <a class="btn" href=format!("/audit/{entry}")>{tr!(desk.audit)}</a> })}
            {(!waits && state != ResetState::Done)
                .then(|| view! { <a class="btn" href=address(customer.id, None) rel="external">{tr!(desk.again)}</a> })}
        </div>
    }
}

/// One place, and whether it has the new password.
#[component]
fn Target(kind: TargetKind, state: TargetState) -> impl IntoView {
    let name = match kind {
        TargetKind::Portal => tr!(desk.portal),
        TargetKind::ServiceAccount => tr!(desk.service_account),
    };
    view! {
        <div class="fact">
            <dt class="hint">{name}</dt>
            <dd>{words::target_state(state)}</dd>
        </div>
    }
}
