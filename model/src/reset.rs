//! Resets: one change of an account's password, from request to last target.

use serde::{Deserialize, Serialize};

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
