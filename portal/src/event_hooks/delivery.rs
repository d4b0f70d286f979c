//! Messages on their way to webhooks: at least once, under the same id, for three days.

use std::time::Duration;

use anyhow::Context;
use model::{
    Moment,
    account::AccountKind,
    audit::{ActorKind, AuditKind},
    connector::Reason,
    event_hook::{DeliveryState, HookState},
    id::{AccountId, AuditId, EventDeliveryId, OrganizationId, ResetId},
};
use reqwest::StatusCode;
use serde::Serialize;

use super::{Secrets, purpose};
use crate::{
    Portal, Result,
    audit::{Event, Personal, changed},
    connectors::Place,
    signing::{Signed, retry_after},
    store::{EventDeliveryRow, EventHookRow, Tx},
};

/// Seconds until the next try, by tries so far: the last one is within the three days.
const BACK_OFF: [u64; 9] =
    [5, 5 * 60, 30 * 60, 2 * 3_600, 5 * 3_600, 10 * 3_600, 14 * 3_600, 20 * 3_600, 20 * 3_600];
/// How long a worker has for one message before another one tries.
const LEASE: Duration = Duration::from_secs(60);
/// How long a webhook is left alone that is overloaded and does not say for how long.
const REST: Duration = Duration::from_mins(1);
/// The longest that a webhook may ask for.
const LONGEST_REST: Duration = Duration::from_hours(24);

/// What a message says.
#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    event: &'static str,
    /// When it happened: the same in every try.
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    /// The audit entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<AuditId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<AuditKind>,
    organization: OrganizationId,
    by: ActorKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<About<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reset: Option<ResetId>,
}

#[derive(Serialize)]
struct About<'a> {
    id: AccountId,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<AccountKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
}

/// How a try ended.
enum Came {
    /// It was answered, and asks for patience maybe.
    Answered(StatusCode, Option<Duration>),
    /// It was not, and why, where that is a matter of the webhook.
    Silent(Option<Reason>),
}

impl Portal {
    /// Sends one message to a webhook that is due; whether there was one.
    pub(crate) async fn send_next_event(&self) -> Result<bool> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        let Some(message) = tx.take_event_delivery(now, now.plus(LEASE)).await? else {
            return Ok(false);
        };
        self.send_event(tx, message).await?;
        Ok(true)
    }

    /// Sends this message, unless somebody does already.
    pub(super) async fn send_this_event(&self, id: EventDeliveryId) -> Result<()> {
        let mut tx = self.db().write().await?;
        let lease_until = self.now().plus(LEASE);
        match tx.take_this_event_delivery(id, lease_until).await? {
            Some(message) => self.send_event(tx, message).await,
            None => Ok(()),
        }
    }

    async fn send_event(&self, mut tx: Tx, message: EventDeliveryRow) -> Result<()> {
        let hook = tx.event_hook(message.hook_id).await?;
        tx.commit().await?;
        crate::failpoint::reach("event-taken");
        // Removed meanwhile, and tidied up after.
        let Some(hook) = hook else { return Ok(()) };
        let came = if message.expires_at <= self.now() {
            Came::Silent(None)
        } else {
            match self.try_event(&hook, &message).await {
                Ok(came) => came,
                Err(error) => {
                    // Whoever runs the server may mend it: a key that is missing, say.
                    tracing::error!(hook = %hook.id, error = format!("{error:#}"), "cannot tell a webhook");
                    Came::Silent(None)
                }
            }
        };
        crate::failpoint::reach("event-sent");
        self.end_event(&hook, &message, came).await
    }

    /// Sends a message once.
    async fn try_event(
        &self,
        hook: &EventHookRow,
        message: &EventDeliveryRow,
    ) -> anyhow::Result<Came> {
        let now = self.now();
        // What the operator allows may have changed since it was added.
        let Ok(place) = Place::parse(&hook.address, self.outside()) else {
            return Ok(Came::Silent(Some(Reason::AddressNotAllowed)));
        };
        let secrets: Secrets = self.keys().open(&purpose(hook.id), &hook.sealed)?;
        let secrets = secrets.signing(hook, now);
        anyhow::ensure!(!secrets.is_empty(), "there is no secret to sign with");
        let id = format!("msg_{}", message.id.0.simple());
        let body = serde_json::to_string(&message.told()).context("a message")?;
        let signed = Signed::new(&secrets, &id, now, body);
        let address = place.base().clone();
        let answer = place.knock(|client| signed.put_into(client.post(address))).await;
        Ok(match answer {
            Ok((status, headers)) => Came::Answered(status, retry_after(&headers, now)),
            Err(silence) => Came::Silent(Some(silence.reason())),
        })
    }

    /// Keeps how a try ended, and what follows from it.
    async fn end_event(
        &self,
        hook: &EventHookRow,
        message: &EventDeliveryRow,
        came: Came,
    ) -> Result<()> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        let (status, trouble, wait) = match came {
            Came::Answered(status, wait) => {
                (Some(status), None, wait.map(|wait| wait.min(LONGEST_REST)))
            }
            Came::Silent(reason) => (None, reason, None),
        };
        let is_gone = status == Some(StatusCode::GONE);
        let told = (status.map(|status| status.as_u16().into()), trouble.map(|it| it.to_string()));
        let (state, due_at) = if status.is_some_and(|status| status.is_success()) {
            (DeliveryState::Delivered, message.due_at)
        } else {
            match next_try(message, wait, now) {
                Some(due_at) if !is_gone => (DeliveryState::Waiting, due_at),
                _ => (DeliveryState::GivenUp, message.due_at),
            }
        };
        tracing::info!(
            hook = %hook.id,
            message = %message.id,
            event = message.event.word(),
            tries = message.attempts,
            status = status.map(|status| status.as_u16()),
            trouble = trouble.map(tracing::field::display),
            ?state,
            "webhook told"
        );
        if is_gone {
            tx.hold_organization(hook.organization_id).await?;
        }
        tx.end_event_try(message, (state, due_at), told, now).await?;
        if status.is_some_and(is_overloaded) {
            tx.rest_event_hook(hook.id, now.plus(wait.unwrap_or(REST))).await?;
        }
        let hook = if is_gone { tx.event_hook(hook.id).await? } else { None };
        if let Some(hook) = hook.filter(|hook| hook.state == HookState::Active) {
            tx.set_event_hook_state(hook.id, HookState::Gone, now).await?;
            tx.give_up_event_deliveries(hook.id, now).await?;
            let (old, new) = (hook.state.word(), HookState::Gone.word());
            let changes = vec![hook.named(), changed("hook", Some(old), Some(new))];
            let event = Event {
                actor: (ActorKind::System, None),
                request_id: "webhook",
                personal: Personal { changes, ..Personal::default() },
                ..Event::of_command(hook.organization_id, AuditKind::HookChanged)
            };
            tx.record(self, event).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Whether an answer means that there is too much to do (Standard Webhooks, "Delivery"), for what
/// answers or for what stands before it.
fn is_overloaded(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// When a message is tried again that was not taken; never, once its time is over.
fn next_try(message: &EventDeliveryRow, wait: Option<Duration>, now: Moment) -> Option<Moment> {
    let tries = usize::try_from(message.attempts).unwrap_or(1).max(1);
    let seconds = BACK_OFF.get(tries - 1)?;
    let due_at = now.plus(Duration::from_secs(*seconds).max(wait.unwrap_or_default()));
    (due_at < message.expires_at).then_some(due_at)
}

impl EventDeliveryRow {
    fn told(&self) -> Message<'_> {
        Message {
            event: self.event.word(),
            timestamp: self.happened_at.rfc3339(),
            data: Data {
                entry: self.audit_id,
                cause: self.cause,
                organization: self.organization_id,
                by: self.actor_kind,
                account: self.account_id.map(|id| About {
                    id,
                    kind: self.account_kind,
                    reference: self.reference.as_deref(),
                }),
                reset: self.reset_id,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_try_is_within_three_days() {
        let whole: u64 = BACK_OFF.iter().sum();
        assert!(whole < super::super::PATIENCE.as_secs());
        assert!(whole > super::super::PATIENCE.as_secs() - 3_600);
    }
}
