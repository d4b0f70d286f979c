//! Webhooks for events: where an organization is told of what happens to accounts, its own and those
//! below it. Never a secret, and of whom it is about no more than an id and a reference.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    audit::{AuditKind, Outcome},
    connector::Reason,
    id::{AccountId, EventDeliveryId, EventHookId, OrganizationId},
    organization::Acting,
    wire::from_word,
};

/// Webhooks that an organization may have.
pub const MOST_HOOKS: usize = 10;
/// Deliveries on one page of the log.
pub const DELIVERIES_PER_PAGE: usize = 50;

/// What a webhook is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(type_name = "TEXT"))]
pub enum HookEvent {
    /// A password was changed.
    #[serde(rename = "reset.done")]
    #[cfg_attr(feature = "sqlx", sqlx(rename = "reset.done"))]
    ResetDone,
    /// A change of a password ended with something left to do.
    #[serde(rename = "reset.needs_attention")]
    #[cfg_attr(feature = "sqlx", sqlx(rename = "reset.needs_attention"))]
    ResetNeedsAttention,
    /// Too many wrong passwords locked an account.
    #[serde(rename = "account.locked")]
    #[cfg_attr(feature = "sqlx", sqlx(rename = "account.locked"))]
    AccountLocked,
    /// A customer changed what the reseller may do.
    #[serde(rename = "consent.changed")]
    #[cfg_attr(feature = "sqlx", sqlx(rename = "consent.changed"))]
    ConsentChanged,
    /// A second factor was added, replaced or removed.
    #[serde(rename = "factor.changed")]
    #[cfg_attr(feature = "sqlx", sqlx(rename = "factor.changed"))]
    FactorChanged,
    /// Somebody tries the webhook. Not a choice: whoever asks for it gets it.
    #[serde(rename = "test")]
    #[cfg_attr(feature = "sqlx", sqlx(rename = "test"))]
    Test,
}

impl HookEvent {
    /// Every event that can be chosen, in the order in which they are offered.
    pub const ALL: [Self; 5] = [
        Self::ResetDone,
        Self::ResetNeedsAttention,
        Self::AccountLocked,
        Self::ConsentChanged,
        Self::FactorChanged,
    ];

    /// The word in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::ResetDone => "reset.done",
            Self::ResetNeedsAttention => "reset.needs_attention",
            Self::AccountLocked => "account.locked",
            Self::ConsentChanged => "consent.changed",
            Self::FactorChanged => "factor.changed",
            Self::Test => "test",
        }
    }

    /// The event of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        from_word(word)
    }

    /// The name of the form field that chooses it.
    pub fn field(self) -> &'static str {
        match self {
            Self::ResetDone => "reset_done",
            Self::ResetNeedsAttention => "reset_needs_attention",
            Self::AccountLocked => "account_locked",
            Self::ConsentChanged => "consent_changed",
            Self::FactorChanged => "factor_changed",
            Self::Test => "test",
        }
    }

    /// What webhooks are told of when this is recorded.
    pub fn of(kind: AuditKind, outcome: Outcome) -> Option<Self> {
        if outcome != Outcome::Done {
            return None;
        }
        match kind {
            AuditKind::ResetDone
            | AuditKind::StaffPasswordSet
            | AuditKind::PasswordChanged
            | AuditKind::PasswordSetByCommand => Some(Self::ResetDone),
            AuditKind::ResetNeedsAttention => Some(Self::ResetNeedsAttention),
            AuditKind::Locked => Some(Self::AccountLocked),
            AuditKind::ConsentChanged => Some(Self::ConsentChanged),
            AuditKind::FactorAdded
            | AuditKind::FactorRemoved
            | AuditKind::FactorDropped
            | AuditKind::LostFactorRemoved
            | AuditKind::PasskeyAdded
            | AuditKind::PasskeyCopied
            | AuditKind::RecoveryCodesMade => Some(Self::FactorChanged),
            _ => None,
        }
    }
}

/// Whether a webhook is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum HookState {
    /// It is.
    Active,
    /// Staff switched it off.
    Off,
    /// It said that it wants no more (410), and was switched off.
    Gone,
}

impl HookState {
    /// The word in audit entries.
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Off => "off",
            Self::Gone => "gone",
        }
    }
}

/// Where a message to a webhook stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is on its way.
    Waiting,
    /// It was taken.
    Delivered,
    /// It was tried for three days, or the webhook wants no more.
    GivenUp,
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookRow {
    /// The webhook.
    pub id: EventHookId,
    /// Where messages go: a URL.
    pub address: String,
    /// What it is told of.
    pub events: Vec<HookEvent>,
    /// Whether it is told.
    pub state: HookState,
    /// Until when the secret before this one signs, too.
    pub previous_until: Option<Moment>,
    /// How the last message ended, or how the last try of it did.
    pub last: Option<DeliveryRow>,
}

/// A message to a webhook, of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRow {
    /// The message.
    pub id: EventDeliveryId,
    /// What it tells of.
    pub event: HookEvent,
    /// When that happened.
    pub happened_at: Moment,
    /// To whom.
    pub account: Option<AccountId>,
    /// The reference of that customer.
    pub reference: Option<String>,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub due_at: Option<Moment>,
    /// When it was taken, or given up.
    pub finished_at: Option<Moment>,
    /// The status of the last answer (RFC 9110, 15).
    pub status: Option<u16>,
    /// Why there was none.
    pub trouble: Option<Reason>,
}

/// The webhooks of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HooksView {
    /// Whose.
    pub acting: Acting,
    /// The webhooks, the oldest first.
    pub hooks: Vec<HookRow>,
}

/// One webhook, with its log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookView {
    /// Whose.
    pub acting: Acting,
    /// The webhook.
    pub hook: HookRow,
    /// A page of its log, newest first.
    pub deliveries: Vec<DeliveryRow>,
    /// Where the next page begins, when there is one.
    pub older: Option<EventDeliveryId>,
}

/// What was done to a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookDeed {
    /// It was sent a test message.
    Tested,
    /// It was switched on.
    On,
    /// It was switched off.
    Off,
    /// It is elsewhere, or told of other events.
    Changed,
    /// A message to it goes out again.
    Again,
    /// It was removed.
    Removed,
}

impl HookDeed {
    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tested => "tested",
            Self::On => "on",
            Self::Off => "off",
            Self::Changed => "changed",
            Self::Again => "again",
            Self::Removed => "removed",
        }
    }

    /// The deed of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        from_word(word)
    }
}

/// What was done, and to which webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookDone {
    /// The webhook.
    pub hook: EventHookId,
    /// Whose.
    pub organization: OrganizationId,
    /// What was done.
    pub deed: HookDeed,
}

/// A webhook that was added, or got a new secret. It is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookMade {
    /// The webhook.
    pub hook: EventHookId,
    /// Whose.
    pub organization: OrganizationId,
    /// What its messages are signed with.
    pub secret: String,
}

impl std::fmt::Debug for HookMade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HookMade").field("hook", &self.hook).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_wire() {
        for event in HookEvent::ALL.into_iter().chain([HookEvent::Test]) {
            assert_eq!(HookEvent::from_word(event.word()), Some(event));
            assert_eq!(event.word().replace('.', "_"), event.field());
        }
        for deed in
            [HookDeed::Tested, HookDeed::On, HookDeed::Off, HookDeed::Again, HookDeed::Removed]
        {
            assert_eq!(HookDeed::from_word(deed.word()), Some(deed));
        }
    }

    #[test]
    fn only_what_happened_is_told() {
        assert_eq!(
            HookEvent::of(AuditKind::ConsentChanged, Outcome::Done),
            Some(HookEvent::ConsentChanged)
        );
        assert_eq!(HookEvent::of(AuditKind::StaffPasswordSet, Outcome::Begun), None);
        assert_eq!(HookEvent::of(AuditKind::SignedIn, Outcome::Done), None);
        for event in HookEvent::ALL {
            let told = |kind: &&AuditKind| HookEvent::of(**kind, Outcome::Done) == Some(event);
            assert!(AuditKind::ALL.iter().any(|kind| told(&kind)), "{event:?}");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let id = EventHookId(uuid::Uuid::nil());
        let made = HookMade {
            hook: id,
            organization: OrganizationId(id.0),
            secret: "whsec_hunter2".into(),
        };
        assert!(!format!("{made:?}").contains("hunter2"));
    }
}
