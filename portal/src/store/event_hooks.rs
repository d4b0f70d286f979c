//! Webhooks for events, and messages to them.

use model::{
    Moment,
    account::AccountKind,
    audit::{ActorKind, AuditKind},
    event_hook::{DeliveryState, HookEvent, HookState},
    id::{AccountId, AuditId, EventDeliveryId, EventHookId, OrganizationId, ResetId},
};
use sqlx::AssertSqlSafe;

use super::{Tx, on};

/// A webhook.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct EventHookRow {
    pub id: EventHookId,
    pub organization_id: OrganizationId,
    pub address: String,
    /// Words with a space between them.
    pub events: String,
    pub sealed: Vec<u8>,
    pub previous_until: Option<Moment>,
    pub state: HookState,
    pub created_at: Moment,
    pub updated_at: Moment,
}

/// A message to one.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct EventDeliveryRow {
    pub id: EventDeliveryId,
    pub hook_id: EventHookId,
    pub event: HookEvent,
    pub audit_id: Option<AuditId>,
    pub cause: Option<AuditKind>,
    pub happened_at: Moment,
    pub organization_id: OrganizationId,
    pub actor_kind: ActorKind,
    pub account_id: Option<AccountId>,
    pub account_kind: Option<AccountKind>,
    pub reference: Option<String>,
    pub reset_id: Option<ResetId>,
    pub state: DeliveryState,
    pub attempts: i64,
    pub due_at: Moment,
    pub expires_at: Moment,
    pub finished_at: Option<Moment>,
    pub status: Option<i64>,
    pub trouble: Option<String>,
}

/// The columns of a message.
macro_rules! delivery {
    () => {
        "id, hook_id, event, audit_id, cause, happened_at, organization_id, actor_kind, account_id, account_kind, reference, reset_id, state, attempts, due_at, expires_at, finished_at, status, trouble"
    };
}

/// The columns of a webhook.
macro_rules! hook {
    () => {
        "id, organization_id, address, events, sealed, previous_until, state, created_at, updated_at"
    };
}

impl Tx {
    /// Adds a webhook.
    pub async fn add_event_hook(&mut self, row: &EventHookRow) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO event_hooks (id, organization_id, address, events, sealed, previous_until, state, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
            .bind(row.id).bind(row.organization_id).bind(&row.address).bind(&row.events).bind(&row.sealed).bind(row.previous_until)
            .bind(row.state).bind(row.created_at).bind(row.updated_at).execute(c).await.map(drop))
    }

    /// A webhook.
    pub async fn event_hook(&mut self, id: EventHookId) -> sqlx::Result<Option<EventHookRow>> {
        on!(self, c => sqlx::query_as(concat!("SELECT ", hook!(), " FROM event_hooks WHERE id = $1")).bind(id).fetch_optional(c).await)
    }

    /// The webhooks of an organization, the oldest first.
    pub async fn event_hooks_of(
        &mut self,
        organization: OrganizationId,
    ) -> sqlx::Result<Vec<EventHookRow>> {
        on!(self, c => sqlx::query_as(concat!("SELECT ", hook!(), " FROM event_hooks WHERE organization_id = $1 ORDER BY created_at, id")).bind(organization).fetch_all(c).await)
    }

    /// Changes where a webhook is and what it is told of.
    pub async fn set_event_hook(
        &mut self,
        id: EventHookId,
        address: &str,
        events: &str,
        now: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE event_hooks SET address = $2, events = $3, rests_until = NULL, updated_at = $4 WHERE id = $1")
            .bind(id).bind(address).bind(events).bind(now).execute(c).await.map(drop))
    }

    /// Switches a webhook on or off; whatever it had asked for, it is not left alone any more.
    pub async fn set_event_hook_state(
        &mut self,
        id: EventHookId,
        state: HookState,
        now: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE event_hooks SET state = $2, rests_until = NULL, updated_at = $3 WHERE id = $1").bind(id).bind(state).bind(now).execute(c).await.map(drop))
    }

    /// Gives a webhook other secrets.
    pub async fn set_event_hook_secrets(
        &mut self,
        id: EventHookId,
        sealed: &[u8],
        previous_until: Option<Moment>,
        now: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE event_hooks SET sealed = $2, previous_until = $3, updated_at = $4 WHERE id = $1").bind(id).bind(sealed).bind(previous_until).bind(now).execute(c).await.map(drop))
    }

    /// A webhook is left alone for a while.
    pub async fn rest_event_hook(&mut self, id: EventHookId, until: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE event_hooks SET rests_until = $2 WHERE id = $1").bind(id).bind(until).execute(c).await.map(drop))
    }

    /// Removes a webhook with its messages.
    pub async fn remove_event_hook(&mut self, id: EventHookId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM event_deliveries WHERE hook_id = $1").bind(id).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("DELETE FROM event_hooks WHERE id = $1").bind(id).execute(c).await.map(drop))
    }

    /// The webhooks whose older secret is over.
    pub async fn event_hooks_with_old_secrets(
        &mut self,
        now: Moment,
    ) -> sqlx::Result<Vec<EventHookRow>> {
        on!(self, c => sqlx::query_as(concat!("SELECT ", hook!(), " FROM event_hooks WHERE previous_until <= $1 ORDER BY id")).bind(now).fetch_all(c).await)
    }

    /// The webhooks that are told of an event in an organization: its own, and those of all above it.
    pub async fn event_hooks_for(
        &mut self,
        organization: OrganizationId,
        event: HookEvent,
    ) -> sqlx::Result<Vec<EventHookId>> {
        on!(self, c => sqlx::query_scalar("SELECT h.id FROM organization_ancestors a JOIN event_hooks h ON h.organization_id = a.ancestor_id WHERE a.organization_id = $1 AND h.state = $2 AND ' ' || h.events || ' ' LIKE $3 ORDER BY h.id")
            .bind(organization).bind(HookState::Active).bind(format!("% {} %", event.word())).fetch_all(c).await)
    }

    /// Whether an account is staff's or a customer's, and the customer's reference.
    pub async fn event_account(
        &mut self,
        id: AccountId,
    ) -> sqlx::Result<Option<(AccountKind, Option<String>)>> {
        on!(self, c => sqlx::query_as("SELECT kind, reference FROM accounts WHERE id = $1").bind(id).fetch_optional(c).await)
    }

    /// Adds a message.
    pub async fn add_event_delivery(&mut self, row: &EventDeliveryRow) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO event_deliveries (id, hook_id, event, audit_id, cause, happened_at, organization_id, actor_kind, account_id, account_kind, reference, reset_id, state, attempts, due_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)")
            .bind(row.id).bind(row.hook_id).bind(row.event).bind(row.audit_id).bind(row.cause).bind(row.happened_at).bind(row.organization_id)
            .bind(row.actor_kind).bind(row.account_id).bind(row.account_kind).bind(&row.reference).bind(row.reset_id).bind(row.state)
            .bind(row.attempts).bind(row.due_at).bind(row.expires_at).execute(c).await.map(drop))
    }

    /// A message.
    pub async fn event_delivery(
        &mut self,
        id: EventDeliveryId,
    ) -> sqlx::Result<Option<EventDeliveryRow>> {
        on!(self, c => sqlx::query_as(concat!("SELECT ", delivery!(), " FROM event_deliveries WHERE id = $1")).bind(id).fetch_optional(c).await)
    }

    /// One page of the messages to a webhook, the newest first.
    pub async fn event_deliveries(
        &mut self,
        hook: EventHookId,
        before: Option<EventDeliveryId>,
        limit: i64,
    ) -> sqlx::Result<Vec<EventDeliveryRow>> {
        // Greater than any that there is.
        let before = before.unwrap_or(EventDeliveryId(uuid::Uuid::max()));
        on!(self, c => sqlx::query_as(concat!("SELECT ", delivery!(), " FROM event_deliveries WHERE hook_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"))
            .bind(hook).bind(before).bind(limit).fetch_all(c).await)
    }

    /// Takes a message that is due to a webhook that is told, one at a time for each webhook; nobody
    /// else gets it before `lease_until`.
    pub async fn take_event_delivery(
        &mut self,
        now: Moment,
        lease_until: Moment,
    ) -> sqlx::Result<Option<EventDeliveryRow>> {
        let locked =
            if matches!(self, Self::Postgres(_)) { "FOR UPDATE OF d SKIP LOCKED" } else { "" };
        let sql = AssertSqlSafe(format!(
            concat!(
                "UPDATE event_deliveries SET lease_until = $2, attempts = attempts + 1 WHERE id = (SELECT d.id FROM event_deliveries d JOIN event_hooks h ON h.id = d.hook_id WHERE d.state = 'waiting' AND d.due_at <= $1 AND (d.lease_until IS NULL OR d.lease_until < $1) AND h.state = 'active' AND (h.rests_until IS NULL OR h.rests_until <= $1) AND NOT EXISTS (SELECT 1 FROM event_deliveries o WHERE o.hook_id = d.hook_id AND o.lease_until IS NOT NULL AND o.lease_until >= $1) ORDER BY d.due_at, d.id LIMIT 1 {}) RETURNING ",
                delivery!()
            ),
            locked
        ));
        on!(self, c => sqlx::query_as(sql).bind(now).bind(lease_until).fetch_optional(c).await)
    }

    /// Takes this message, whether or not its webhook is told of anything.
    pub async fn take_this_event_delivery(
        &mut self,
        id: EventDeliveryId,
        lease_until: Moment,
    ) -> sqlx::Result<Option<EventDeliveryRow>> {
        on!(self, c => sqlx::query_as(concat!("UPDATE event_deliveries SET lease_until = $2, attempts = attempts + 1 WHERE id = $1 AND state = 'waiting' AND lease_until IS NULL RETURNING ", delivery!()))
            .bind(id).bind(lease_until).fetch_optional(c).await)
    }

    /// How a try ended: with the status of an answer, or a word of why there was none. The message
    /// goes out again at `due_at`, or is finished.
    pub async fn end_event_try(
        &mut self,
        row: &EventDeliveryRow,
        (state, due_at): (DeliveryState, Moment),
        (status, trouble): (Option<i64>, Option<String>),
        now: Moment,
    ) -> sqlx::Result<()> {
        let finished_at = (state != DeliveryState::Waiting).then_some(now);
        on!(self, c => sqlx::query("UPDATE event_deliveries SET state = $2, due_at = $3, status = $4, trouble = $5, finished_at = $6, lease_until = NULL WHERE id = $1 AND state = 'waiting'")
            .bind(row.id).bind(state).bind(due_at).bind(status).bind(trouble).bind(finished_at).execute(c).await.map(drop))
    }

    /// Sends a message again, as if it had never been tried.
    pub async fn revive_event_delivery(
        &mut self,
        id: EventDeliveryId,
        now: Moment,
        expires_at: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE event_deliveries SET state = 'waiting', attempts = 0, due_at = $2, expires_at = $3, lease_until = NULL, finished_at = NULL, status = NULL, trouble = NULL WHERE id = $1 AND state <> 'waiting'")
            .bind(id).bind(now).bind(expires_at).execute(c).await.map(drop))
    }

    /// Gives up what waits for a webhook and nobody is sending.
    pub async fn give_up_event_deliveries(
        &mut self,
        hook: EventHookId,
        now: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE event_deliveries SET state = 'given_up', lease_until = NULL, finished_at = $2 WHERE hook_id = $1 AND state = 'waiting' AND (lease_until IS NULL OR lease_until < $2)")
            .bind(hook).bind(now).execute(c).await.map(drop))
    }

    /// Gives up messages whose time is over and that nobody is sending.
    pub async fn expire_event_deliveries(&mut self, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE event_deliveries SET state = 'given_up', lease_until = NULL, finished_at = $1 WHERE state = 'waiting' AND expires_at <= $1 AND (lease_until IS NULL OR lease_until < $1)")
            .bind(now).execute(c).await.map(drop))
    }

    /// Forgets messages that were finished before `before`, and those whose webhook was removed while
    /// they were written.
    pub async fn prune_event_deliveries(&mut self, before: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM event_deliveries WHERE finished_at < $1 OR (state = 'waiting' AND NOT EXISTS (SELECT 1 FROM event_hooks h WHERE h.id = event_deliveries.hook_id))").bind(before).execute(c).await.map(drop))
    }

    /// Forgets the reference of a customer who is deleted.
    pub async fn forget_event_reference(&mut self, account: AccountId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE event_deliveries SET reference = NULL WHERE account_id = $1 AND reference IS NOT NULL").bind(account).execute(c).await.map(drop))
    }
}
