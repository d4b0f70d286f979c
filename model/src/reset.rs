//! Resets: one change of an account's password, from request to last target.

use serde::{Deserialize, Serialize};

use crate::{
    account::PasswordRules,
    approval::ApprovalDesk,
    call::CallerCheck,
    connector::{Destination, Reason},
    customer::CustomerView,
    id::{AccountId, AuditId, ResetId, TargetId},
    text::Name,
};

/// Where a reset stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum ResetState {
    /// Being filled in.
    Draft,
    /// A link is with the customer.
    WaitingForCustomer,
    /// A second member of staff has to agree.
    WaitingForApproval,
    /// The new password is on its way to the targets.
    Applying,
    /// Every target has the new password.
    Done,
    /// The first target refused; nothing changed.
    Refused,
    /// Some targets have the new password, some do not or may not.
    NeedsAttention,
    /// Nobody used the link in time.
    Expired,
    /// Called off.
    Cancelled,
}

/// How the new password reaches the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// A mailed link; nobody but the customer learns the password.
    EmailLink,
    /// Typed by staff.
    Typed,
    /// Generated and mailed.
    Generated,
    /// Changed by its owner, who knew the old one.
    OwnChange,
    /// Set on the command line.
    CommandLine,
}

impl Delivery {
    /// The ways in which staff may reset a customer's password, the default first.
    pub const BY_STAFF: [Self; 3] = [Self::EmailLink, Self::Typed, Self::Generated];

    /// The word in addresses and forms.
    pub fn word(self) -> &'static str {
        match self {
            Self::EmailLink => "email_link",
            Self::Typed => "typed",
            Self::Generated => "generated",
            Self::OwnChange => "own_change",
            Self::CommandLine => "command_line",
        }
    }

    /// The way of staff that is meant by a word.
    pub fn of_staff(word: &str) -> Option<Self> {
        Self::BY_STAFF.into_iter().find(|way| way.word() == word)
    }

    /// Whether somebody but the customer learns the password, so that it works for a while only.
    pub fn is_temporary(self) -> bool {
        matches!(self, Self::Typed | Self::Generated)
    }
}

/// Why a customer's password cannot be reset in some way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// The reader's role does not allow it.
    NotPermitted,
    /// The account is suspended.
    Suspended,
    /// No mail can be sent: there are no settings for it.
    NoMail,
    /// The policy does not let staff type passwords.
    ManualEntryOff,
    /// The policy does not let staff have passwords generated.
    GeneratedOff,
    /// The policy leaves it to owners and admins.
    NotByAgents,
    /// The customer does not allow it.
    NoConsent,
    /// The customer wants nothing but mailed links.
    LinksOnly,
    /// The customer said "this wasn't me": only a mailed link brings them back.
    Disputed,
    /// The customer disputes what the reader did; others look after them until that is closed.
    DisputedAgainst,
    /// The caller has to be verified first.
    CallerUnknown,
    /// The email address is about to change: links go to the old one, and nothing else is possible.
    EmailChanging,
    /// A second person has to agree first: the address or the user name was changed a short while
    /// ago.
    SecondApprover,
}

/// A reset that staff began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// Whose password.
    pub customer: AccountId,
    /// The reset.
    pub reset: ResetId,
}

/// What became of a reset, told to the member of staff who began it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskReset {
    /// The reset.
    pub id: ResetId,
    /// How the password reaches the customer.
    pub delivery: Delivery,
    /// Where it stands.
    pub state: ResetState,
    /// Each place it applies to, with where that stands.
    pub targets: Vec<TargetView>,
    /// The PIN to read out, as long as the link waits for it.
    pub pin: Option<String>,
    /// The latest entry about it in the audit log, for readers of that.
    pub audit: Option<AuditId>,
}

/// A way to reset a password, as it is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// The way.
    pub delivery: Delivery,
    /// Why it is not possible, if so.
    pub obstacle: Option<Obstacle>,
}

/// What the page on which staff reset a customer's password shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetDesk {
    /// The customer.
    pub customer: CustomerView,
    /// Whether the reader proved their own password a short while ago.
    pub stepped_up: bool,
    /// The reset that the reader asks about, if it is theirs.
    pub begun: Option<DeskReset>,
    /// Minutes for which a link would work.
    pub link_minutes: u32,
    /// Hours for which a typed or generated password would work.
    pub temporary_hours: u32,
    /// Whether a link would ask for a PIN too.
    pub split: bool,
    /// Whether the customer's permission ends with the next use.
    pub allowed_once: bool,
    /// What a typed password must be like.
    pub rules: PasswordRules,
    /// What is known about the caller.
    pub caller: CallerCheck,
    /// The ways to which a second person has to agree.
    pub approvals: Vec<ApprovalDesk>,
    /// The customer's accounts in other systems, to which the new password could go as well.
    pub destinations: Vec<Destination>,
}

/// What kind of place a reset applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// Rekey itself.
    Portal,
    /// An account in a downstream system.
    ServiceAccount,
}

/// One place that a reset applies to, as people are told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetView {
    /// The place.
    pub id: TargetId,
    /// What kind of place.
    pub kind: TargetKind,
    /// What the downstream system is called, as long as the account there is linked.
    pub system: Option<Name>,
    /// The account's name there.
    pub account: Option<String>,
    /// Where it stands.
    pub state: TargetState,
    /// Why, where there is more to say.
    pub reason: Option<Reason>,
}

impl TargetView {
    /// Whether there is another password there than in the portal, or may be, and nobody is at it.
    pub fn is_left(&self) -> bool {
        self.kind == TargetKind::ServiceAccount
            && matches!(
                self.state,
                TargetState::Refused | TargetState::NotSent | TargetState::Unknown
            )
    }
}

/// How far a reset is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetProgress {
    /// Whose.
    pub customer: AccountId,
    /// What they are called.
    pub name: Name,
    /// Where it stands as a whole.
    pub state: ResetState,
    /// Each place it applies to.
    pub targets: Vec<TargetView>,
    /// Whether the new password is still kept for places that are left, so that they can be tried
    /// again.
    pub kept: bool,
}

/// Where one target of a reset stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum TargetState {
    /// Not tried yet.
    Waiting,
    /// Being tried.
    Applying,
    /// Has the new password.
    Applied,
    /// Said no.
    Refused,
    /// Was never reached.
    NotSent,
    /// May or may not have the new password.
    Unknown,
    /// Staff gave up on it.
    GivenUp,
}
