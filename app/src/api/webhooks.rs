//! Webhooks that are told of events.

use leptos::prelude::*;
use model::{
    event_hook::{HookDone, HookMade, HookView, HooksView},
    id::{EventDeliveryId, EventHookId, OrganizationId},
};

use super::ApiError;
#[cfg(feature = "ssr")]
use super::{actor, see_other_if_plain};

/// An organization's webhooks.
#[server(prefix = "/api", endpoint = "organization/webhooks")]
pub async fn view_hooks(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
) -> Result<HooksView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.event_hooks(&actor, scope).await?)
}

/// One webhook, with a page of its log.
#[server(prefix = "/api", endpoint = "organization/webhook")]
pub async fn view_hook(
    /// Which one.
    hook: EventHookId,
    /// Only messages that are older than this one.
    #[server(default)]
    before: Option<EventDeliveryId>,
) -> Result<HookView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.event_hook(&actor, hook, before).await?)
}

/// Adds a webhook. Its secret is in the answer, and nowhere else: the page is shown at once.
#[server(prefix = "/api", endpoint = "organization/add-webhook")]
pub async fn add_hook(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// Where messages go.
    address: String,
    /// Whether it is told of new passwords.
    #[server(default)]
    reset_done: bool,
    /// Whether it is told of resets that need attention.
    #[server(default)]
    reset_needs_attention: bool,
    /// Whether it is told of locked accounts.
    #[server(default)]
    account_locked: bool,
    /// Whether it is told of changes of consent.
    #[server(default)]
    consent_changed: bool,
    /// Whether it is told of changes of second factors.
    #[server(default)]
    factor_changed: bool,
) -> Result<HookMade, ApiError> {
    let (portal, _, actor) = actor().await?;
    let events =
        [reset_done, reset_needs_attention, account_locked, consent_changed, factor_changed];
    let request = portal::AddHook { scope, address, events: chosen(events) };
    Ok(portal.add_event_hook(&actor, request).await?)
}

/// Sends the messages of a webhook elsewhere, or tells it of other events.
#[server(prefix = "/api", endpoint = "organization/set-webhook")]
pub async fn set_hook(
    /// Which one.
    hook: EventHookId,
    /// Where messages go.
    #[server(default)]
    address: String,
    /// Whether it is told of new passwords.
    #[server(default)]
    reset_done: bool,
    /// Whether it is told of resets that need attention.
    #[server(default)]
    reset_needs_attention: bool,
    /// Whether it is told of locked accounts.
    #[server(default)]
    account_locked: bool,
    /// Whether it is told of changes of consent.
    #[server(default)]
    consent_changed: bool,
    /// Whether it is told of changes of second factors.
    #[server(default)]
    factor_changed: bool,
) -> Result<HookDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    let events =
        [reset_done, reset_needs_attention, account_locked, consent_changed, factor_changed];
    let request = portal::SetHook { hook, address, events: chosen(events) };
    Ok(shown(portal.set_event_hook(&actor, request).await?))
}

/// The events whose boxes are ticked, which stand in this order.
#[cfg(feature = "ssr")]
fn chosen(ticked: [bool; 5]) -> Vec<model::event_hook::HookEvent> {
    use model::event_hook::HookEvent;

    let events = [
        HookEvent::ResetDone,
        HookEvent::ResetNeedsAttention,
        HookEvent::AccountLocked,
        HookEvent::ConsentChanged,
        HookEvent::FactorChanged,
    ];
    events.into_iter().zip(ticked).filter_map(|(event, is)| is.then_some(event)).collect()
}

/// Sends a webhook a test message.
#[server(prefix = "/api", endpoint = "organization/test-webhook")]
pub async fn test_hook(
    /// Which one.
    hook: EventHookId,
) -> Result<HookDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.test_event_hook(&actor, hook).await?))
}

/// Switches a webhook on or off.
#[server(prefix = "/api", endpoint = "organization/switch-webhook")]
pub async fn switch_hook(
    /// Which one.
    hook: EventHookId,
    /// Whether it is on from now on.
    #[server(default)]
    on: bool,
) -> Result<HookDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.switch_event_hook(&actor, hook, on).await?))
}

/// Gives a webhook a new secret, which is in the answer, and nowhere else.
#[server(prefix = "/api", endpoint = "organization/renew-webhook-secret")]
pub async fn renew_hook_secret(
    /// Which one.
    hook: EventHookId,
) -> Result<HookMade, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.renew_event_hook_secret(&actor, hook).await?)
}

/// Removes a webhook, with its log.
#[server(prefix = "/api", endpoint = "organization/remove-webhook")]
pub async fn remove_hook(
    /// Which one.
    hook: EventHookId,
) -> Result<HookDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    let done = portal.remove_event_hook(&actor, hook).await?;
    let organization = done.organization;
    see_other_if_plain(&format!("/organization/webhooks?scope={organization}&done=removed"));
    Ok(done)
}

/// Sends a message again.
#[server(prefix = "/api", endpoint = "organization/send-event-again")]
pub async fn send_event_again(
    /// Which one.
    message: EventDeliveryId,
) -> Result<HookDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.send_event_again(&actor, message).await?))
}

/// Leads to the page of the one it was about.
#[cfg(feature = "ssr")]
fn shown(done: HookDone) -> HookDone {
    see_other_if_plain(&format!("/organization/webhooks/{}?done={}", done.hook, done.deed.word()));
    done
}
