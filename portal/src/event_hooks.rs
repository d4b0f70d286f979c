//! Webhooks for events: an organization has systems of its own told of what happens to accounts,
//! its own and those of all organizations below it.
//!
//! What is recorded in the audit log is what is told: a message is written with the entry, in the
//! transaction of what happened, and sent later ([`delivery`]). It holds ids and words, never a
//! secret, and of the customer nothing but their id and reference.

mod delivery;

use std::time::Duration;

use model::{
    Moment, Refusal,
    audit::{ActorKind, AuditChange, AuditKind},
    connector::{LONGEST_SETTING, Reason},
    event_hook::{
        DELIVERIES_PER_PAGE, DeliveryRow, DeliveryState, HookDeed, HookDone, HookEvent, HookMade,
        HookRow, HookState, HookView, HooksView, MOST_HOOKS,
    },
    id::{EventDeliveryId, EventHookId, OrganizationId},
    permission::Permission,
    policy::{TEST_EVENT_WINDOW, TEST_EVENTS},
    refusal::{FieldProblem, Problem},
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{
    Actor, Portal, Result,
    audit::changed,
    connectors::Place,
    signing::SigningSecret,
    store::{AuditRow, EventDeliveryRow, EventHookRow, Tx},
    throttle::Limit,
};

/// How long a message is tried.
const PATIENCE: Duration = Duration::from_hours(3 * 24);
/// How long the secret before the newest one signs, too.
const OVERLAP: Duration = Duration::from_hours(24);

/// The form of a new webhook.
#[derive(Debug, Clone)]
pub struct AddHook {
    /// Whose; one's own organization's when there is none.
    pub scope: Option<OrganizationId>,
    /// Where messages go: a URL.
    pub address: String,
    /// What it is told of.
    pub events: Vec<HookEvent>,
}

/// The form of a webhook that is there.
#[derive(Debug, Clone)]
pub struct SetHook {
    /// Which one.
    pub hook: EventHookId,
    /// Where messages go: a URL.
    pub address: String,
    /// What it is told of.
    pub events: Vec<HookEvent>,
}

/// What the messages of a webhook are signed with, as it is sealed.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Secrets {
    current: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
}

impl Secrets {
    /// Those that sign now, the newest first.
    fn signing(&self, row: &EventHookRow, now: Moment) -> Vec<SigningSecret> {
        let overlaps = row.previous_until.is_some_and(|until| now < until);
        let previous = self.previous.as_deref().filter(|_| overlaps);
        [Some(self.current.as_str()), previous]
            .into_iter()
            .flatten()
            .filter_map(SigningSecret::parse)
            .collect()
    }
}

/// The purpose of the seal of a webhook's secrets: it opens for no other webhook.
pub(crate) fn purpose(id: EventHookId) -> String {
    format!("event-hook:{id}")
}

impl Portal {
    /// The webhooks of one's own organization, or of one below it.
    pub async fn event_hooks(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
    ) -> Result<HooksView> {
        let mut tx = self.db().read().await?;
        let acting = self.acting(&mut tx, actor, scope, Permission::EditConnectors).await?;
        let mut hooks = Vec::new();
        for row in tx.event_hooks_of(acting.id).await? {
            let last = tx.event_deliveries(row.id, None, 1).await?.pop();
            hooks.push(row.shown(last, self.now()));
        }
        Ok(HooksView { acting, hooks })
    }

    /// One webhook with a page of its log.
    pub async fn event_hook(
        &self,
        actor: &Actor,
        id: EventHookId,
        before: Option<EventDeliveryId>,
    ) -> Result<HookView> {
        actor.may(Permission::ReadSettings)?;
        let mut tx = self.db().read().await?;
        let row = tx.event_hook_of(actor, id).await?;
        let scope = Some(row.organization_id);
        let acting = self.acting(&mut tx, actor, scope, Permission::EditConnectors).await?;
        let limit = i64::try_from(DELIVERIES_PER_PAGE + 1).unwrap_or(i64::MAX);
        let mut found = tx.event_deliveries(id, before, limit).await?;
        let more = found.len() > DELIVERIES_PER_PAGE;
        found.truncate(DELIVERIES_PER_PAGE);
        let older = more.then(|| found.last().map(|delivery| delivery.id)).flatten();
        let deliveries = found.into_iter().map(EventDeliveryRow::shown).collect();
        let last = tx.event_deliveries(id, None, 1).await?.pop();
        Ok(HookView { acting, hook: row.shown(last, self.now()), deliveries, older })
    }

    /// Adds a webhook; its secret is told this once.
    pub async fn add_event_hook(&self, actor: &Actor, request: AddHook) -> Result<HookMade> {
        actor.may(Permission::EditConnectors)?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        let organization =
            self.hold_scope(&mut tx, actor, request.scope, Permission::EditConnectors).await?.id;
        let is_full = tx.event_hooks_of(organization).await?.len() >= MOST_HOOKS;
        let (address, events) = self.checked_hook(&request.address, &request.events, is_full)?;
        let id = EventHookId(self.random().id(now));
        let secret = SigningSecret::generate(self.random());
        let secrets = Secrets { current: secret.secret().reveal().to_owned(), previous: None };
        let row = EventHookRow {
            id,
            organization_id: organization,
            address,
            events,
            sealed: self.keys().seal(&purpose(id), &secrets)?,
            previous_until: None,
            state: HookState::Active,
            created_at: now,
            updated_at: now,
        };
        tx.add_event_hook(&row).await?;
        let changes = vec![
            changed("webhook", None::<String>, Some(&row.address)),
            changed("events", None::<String>, Some(&row.events)),
        ];
        tx.record(self, actor.event_on(organization, AuditKind::HookAdded, changes)).await?;
        tx.commit().await?;
        Ok(HookMade { hook: id, organization, secret: secret.secret().reveal().to_owned() })
    }

    /// Sends the messages of a webhook elsewhere, or tells it of other events. What waits for it goes
    /// to the new address; the secret stays.
    pub async fn set_event_hook(&self, actor: &Actor, request: SetHook) -> Result<HookDone> {
        let (mut tx, row) = self.hold_event_hook(actor, request.hook).await?;
        let (address, events) = self.checked_hook(&request.address, &request.events, false)?;
        let changes: Vec<AuditChange> =
            [("webhook", &row.address, &address), ("events", &row.events, &events)]
                .into_iter()
                .filter(|(_, old, new)| old != new)
                .map(|(what, old, new)| changed(what, Some(old), Some(new)))
                .collect();
        if !changes.is_empty() {
            tx.set_event_hook(row.id, &address, &events, self.now()).await?;
            let named = (address == row.address).then(|| row.named());
            let changes = named.into_iter().chain(changes).collect();
            let event = actor.event_on(row.organization_id, AuditKind::HookChanged, changes);
            tx.record(self, event).await?;
        }
        tx.commit().await?;
        self.wake();
        Ok(row.done(HookDeed::Changed))
    }

    /// Where a webhook is and what it is told of, as they are stored, if both can be taken.
    fn checked_hook(
        &self,
        address: &str,
        events: &[HookEvent],
        is_full: bool,
    ) -> Result<(String, String)> {
        let address = address.trim();
        let mut problems = Vec::new();
        let mut refuse = |field: &str, problem| {
            problems.push(FieldProblem { field: field.into(), problem });
        };
        if address.is_empty() {
            refuse("address", Problem::Required);
        } else if address.len() > LONGEST_SETTING {
            let max = u32::try_from(LONGEST_SETTING).unwrap_or(u32::MAX);
            refuse("address", Problem::TooLong { max });
        } else if let Err(FieldProblem { field, problem }) = Place::parse(address, self.outside()) {
            refuse(&field, problem);
        } else if is_full {
            let max = u32::try_from(MOST_HOOKS).unwrap_or(u32::MAX);
            refuse("address", Problem::TooManyHooks { max });
        }
        let events: Vec<&str> = HookEvent::ALL
            .into_iter()
            .filter(|event| events.contains(event))
            .map(HookEvent::word)
            .collect();
        if events.is_empty() {
            refuse("events", Problem::Required);
        }
        if problems.is_empty() {
            Ok((address.to_owned(), events.join(" ")))
        } else {
            Err(Refusal::Fields(problems).into())
        }
    }

    /// Switches a webhook on or off. While it is off it is told of nothing, and what waits for it
    /// goes on waiting.
    pub async fn switch_event_hook(
        &self,
        actor: &Actor,
        id: EventHookId,
        on: bool,
    ) -> Result<HookDone> {
        let (mut tx, row) = self.hold_event_hook(actor, id).await?;
        let state = match (on, row.state) {
            (true, _) => HookState::Active,
            (false, HookState::Active) => HookState::Off,
            (false, state) => state,
        };
        if state != row.state {
            tx.set_event_hook_state(id, state, self.now()).await?;
            let changes =
                vec![row.named(), changed("hook", Some(row.state.word()), Some(state.word()))];
            let event = actor.event_on(row.organization_id, AuditKind::HookChanged, changes);
            tx.record(self, event).await?;
        }
        tx.commit().await?;
        self.wake();
        Ok(row.done(if on { HookDeed::On } else { HookDeed::Off }))
    }

    /// Gives a webhook a new secret, told this once. The one before it signs, too, for a day.
    pub async fn renew_event_hook_secret(
        &self,
        actor: &Actor,
        id: EventHookId,
    ) -> Result<HookMade> {
        let (mut tx, row) = self.hold_event_hook(actor, id).await?;
        let now = self.now();
        let mut old: Secrets = self.keys().open(&purpose(id), &row.sealed)?;
        let secret = SigningSecret::generate(self.random());
        let secrets = Secrets {
            current: secret.secret().reveal().to_owned(),
            previous: Some(std::mem::take(&mut old.current)),
        };
        let sealed = self.keys().seal(&purpose(id), &secrets)?;
        tx.set_event_hook_secrets(id, &sealed, Some(now.plus(OVERLAP)), now).await?;
        let changes = vec![row.named(), changed("secret", Some("set"), Some("set anew"))];
        let event = actor.event_on(row.organization_id, AuditKind::HookChanged, changes);
        tx.record(self, event).await?;
        tx.commit().await?;
        Ok(HookMade {
            hook: id,
            organization: row.organization_id,
            secret: secret.secret().reveal().to_owned(),
        })
    }

    /// Removes a webhook, with its log.
    pub async fn remove_event_hook(&self, actor: &Actor, id: EventHookId) -> Result<HookDone> {
        let (mut tx, row) = self.hold_event_hook(actor, id).await?;
        tx.remove_event_hook(id).await?;
        let changes = vec![changed("webhook", Some(&row.address), None::<String>)];
        let event = actor.event_on(row.organization_id, AuditKind::HookRemoved, changes);
        tx.record(self, event).await?;
        tx.commit().await?;
        Ok(row.done(HookDeed::Removed))
    }

    /// Sends a webhook a message of no consequence, at once, whether or not it is switched on; what
    /// came of it stands in its log.
    pub async fn test_event_hook(&self, actor: &Actor, id: EventHookId) -> Result<HookDone> {
        let (tx, row) = self.hold_event_hook(actor, id).await?;
        let now = self.now();
        let limit = Limit { count: TEST_EVENTS, window: TEST_EVENT_WINDOW };
        let name = format!("test-events:{}", row.organization_id);
        let mut tx = tx.take_or_refuse(&name, limit, now).await?;
        let message = EventDeliveryRow {
            id: EventDeliveryId(self.random().id(now)),
            hook_id: id,
            event: HookEvent::Test,
            audit_id: None,
            cause: None,
            happened_at: now,
            organization_id: row.organization_id,
            actor_kind: ActorKind::Staff,
            account_id: None,
            account_kind: None,
            reference: None,
            reset_id: None,
            state: DeliveryState::Waiting,
            attempts: 0,
            due_at: now,
            expires_at: now.plus(PATIENCE),
            finished_at: None,
            status: None,
            trouble: None,
        };
        tx.add_event_delivery(&message).await?;
        let changes = vec![row.named()];
        let event = actor.event_on(row.organization_id, AuditKind::HookTested, changes);
        tx.record(self, event).await?;
        tx.commit().await?;
        self.send_this_event(message.id).await?;
        Ok(row.done(HookDeed::Tested))
    }

    /// Sends a message again that was taken or given up, under the id that it had.
    pub async fn send_event_again(&self, actor: &Actor, id: EventDeliveryId) -> Result<HookDone> {
        actor.may(Permission::EditConnectors)?;
        let mut tx = self.db().read().await?;
        let hook = tx.event_delivery(id).await?.ok_or(Refusal::NotFound)?.hook_id;
        drop(tx);
        let (tx, row) = self.hold_event_hook(actor, hook).await?;
        let now = self.now();
        let limit = Limit { count: TEST_EVENTS, window: TEST_EVENT_WINDOW };
        let name = format!("events-again:{}", row.organization_id);
        let mut tx = tx.take_or_refuse(&name, limit, now).await?;
        let message = tx.event_delivery(id).await?.ok_or(Refusal::NotFound)?;
        if message.state != DeliveryState::Waiting {
            tx.revive_event_delivery(id, now, now.plus(PATIENCE)).await?;
            let told = changed("event", Some(message.event.word()), Some(id));
            let event = actor.event_on(
                row.organization_id,
                AuditKind::EventSentAgain,
                vec![row.named(), told],
            );
            tx.record(self, event).await?;
        }
        tx.commit().await?;
        self.wake();
        Ok(row.done(HookDeed::Again))
    }

    /// Holds a webhook's organization, which holds its webhooks, for one who may change them.
    async fn hold_event_hook(&self, actor: &Actor, id: EventHookId) -> Result<(Tx, EventHookRow)> {
        actor.may(Permission::EditConnectors)?;
        let mut tx = self.db().write().await?;
        let organization = tx.event_hook_of(actor, id).await?.organization_id;
        self.hold_scope(&mut tx, actor, Some(organization), Permission::EditConnectors).await?;
        // It may be gone by now.
        let row = tx.event_hook_of(actor, id).await?;
        Ok((tx, row))
    }

    /// Forgets secrets that have given way to others.
    pub(crate) async fn forget_old_hook_secrets(&self) -> Result<()> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        for hook in tx.event_hooks_with_old_secrets(now).await? {
            tx.hold_organization(hook.organization_id).await?;
            let Some(hook) = tx.event_hook(hook.id).await? else { continue };
            if hook.previous_until.is_none_or(|until| now < until) {
                continue;
            }
            // What no key opens is told when something is to be signed with it.
            let Ok(mut secrets) = self.keys().open::<Secrets>(&purpose(hook.id), &hook.sealed)
            else {
                continue;
            };
            secrets.previous.zeroize();
            secrets.previous = None;
            let sealed = self.keys().seal(&purpose(hook.id), &secrets)?;
            tx.set_event_hook_secrets(hook.id, &sealed, None, hook.updated_at).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

impl Tx {
    /// Writes a message of what was recorded to each webhook that is told of it.
    pub(crate) async fn tell_event_hooks(
        &mut self,
        portal: &Portal,
        entry: &AuditRow,
    ) -> Result<()> {
        let Some(event) = HookEvent::of(entry.kind, entry.outcome) else { return Ok(()) };
        let hooks = self.event_hooks_for(entry.organization_id, event).await?;
        if hooks.is_empty() {
            return Ok(());
        }
        let account = match entry.subject_id {
            Some(id) => self.event_account(id).await?,
            None => None,
        };
        let (account_kind, reference) = account.map_or((None, None), |(kind, it)| (Some(kind), it));
        for hook_id in hooks {
            self.add_event_delivery(&EventDeliveryRow {
                id: EventDeliveryId(portal.random().id(entry.at)),
                hook_id,
                event,
                audit_id: Some(entry.id),
                cause: Some(entry.kind),
                happened_at: entry.at,
                organization_id: entry.organization_id,
                actor_kind: entry.actor_kind,
                account_id: entry.subject_id,
                account_kind,
                reference: reference.clone(),
                reset_id: entry.reset_id,
                state: DeliveryState::Waiting,
                attempts: 0,
                due_at: entry.at,
                expires_at: entry.at.plus(PATIENCE),
                finished_at: None,
                status: None,
                trouble: None,
            })
            .await?;
        }
        Ok(())
    }

    /// A webhook of the actor's organization or of one below it. Another organization's and one that
    /// does not exist are the same.
    async fn event_hook_of(&mut self, actor: &Actor, id: EventHookId) -> Result<EventHookRow> {
        let row = self.event_hook(id).await?.ok_or(Refusal::NotFound)?;
        if self.is_within(row.organization_id, actor.organization).await? {
            Ok(row)
        } else {
            Err(Refusal::NotFound.into())
        }
    }
}

impl EventHookRow {
    fn named(&self) -> AuditChange {
        changed("webhook", None::<String>, Some(&self.address))
    }

    fn done(&self, deed: HookDeed) -> HookDone {
        HookDone { hook: self.id, organization: self.organization_id, deed }
    }

    fn shown(self, last: Option<EventDeliveryRow>, now: Moment) -> HookRow {
        HookRow {
            id: self.id,
            events: self.events.split(' ').filter_map(HookEvent::from_word).collect(),
            address: self.address,
            state: self.state,
            previous_until: self.previous_until.filter(|until| now < *until),
            last: last.map(EventDeliveryRow::shown),
        }
    }
}

impl EventDeliveryRow {
    fn shown(self) -> DeliveryRow {
        let waits = self.state == DeliveryState::Waiting;
        DeliveryRow {
            id: self.id,
            event: self.event,
            happened_at: self.happened_at,
            account: self.account_id,
            reference: self.reference,
            state: self.state,
            attempts: u32::try_from(self.attempts).unwrap_or_default(),
            due_at: waits.then_some(self.due_at),
            finished_at: self.finished_at,
            status: self.status.and_then(|status| u16::try_from(status).ok()),
            trouble: self.trouble.as_deref().and_then(Reason::from_word),
        }
    }
}
