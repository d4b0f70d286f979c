//! Resets: one change of an account's password, from request to last target.

use serde::{Deserialize, Serialize};

use crate::{
    customer::CustomerView,
    id::{AccountId, ResetId},
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
}

/// A link that staff sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentLink {
    /// To whom.
    pub customer: AccountId,
    /// The reset that waits for it to be used.
    pub reset: ResetId,
}

/// What the page on which staff reset a customer's password shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetDesk {
    /// The customer.
    pub customer: CustomerView,
    /// Whether the reader proved their own password a short while ago.
    pub stepped_up: bool,
    /// Whether the link that the reader asks about is on its way to this customer.
    pub sent: bool,
    /// Minutes for which a link would work.
    pub link_minutes: u32,
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
