//! What the audit log records, and how it is shown to those it concerns.

use serde::{Deserialize, Serialize};

use crate::{Moment, account::Device, id::AuditId};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum AuditKind {
    /// An account was created.
    AccountCreated,
    /// Signed in.
    SignedIn,
    /// A sign-in was refused.
    SignInRefused,
    /// Too many wrong passwords locked the account.
    Locked,
    /// Signed out.
    SignedOut,
    /// A session was ended from another one.
    SessionEnded,
    /// All sessions but the asking one were ended.
    OtherSessionsEnded,
    /// Somebody asked for a link to reset the password, and it was mailed.
    ResetLinkSent,
    /// Somebody asked for a link, and none could be sent; the mail explains why.
    ResetLinkExplained,
    /// A new password was accepted and is being applied.
    ResetStarted,
    /// The new password works everywhere it should.
    ResetDone,
    /// A reset was refused.
    ResetRefused,
    /// A reset ended with something left to do.
    ResetNeedsAttention,
    /// The password was changed by its owner.
    PasswordChanged,
    /// The password was set on the command line.
    PasswordSetByCommand,
    /// Name, user name or language was changed.
    ProfileChanged,
    /// The owner said "this wasn't me".
    Disputed,
    /// The customer changed what the reseller may do.
    ConsentChanged,
    /// Fresh proof of one's own password.
    SteppedUp,
    /// Staff mailed a customer a link to a new password.
    StaffLinkSent,
    /// Staff made a customer's open links worthless.
    LinksCancelled,
    /// A member of staff opened the page of a customer.
    CustomerViewed,
    /// Staff created a customer.
    CustomerCreated,
    /// Staff mailed a customer a link to a first password.
    InvitationSent,
    /// Staff changed what is known of a customer.
    CustomerChanged,
    /// Staff set a customer aside.
    CustomerSuspended,
    /// Staff brought a customer back who was set aside.
    CustomerResumed,
    /// Staff deleted a customer, with all that was personal.
    CustomerDeleted,
    /// Staff had customers taken in from a file.
    CustomersImported,
    /// Staff took customers away as a file.
    CustomersExported,
    /// Staff had links to new passwords mailed to many customers.
    ManyLinksSent,
    /// Personal values were erased.
    Erased,
    /// The database was restored from a backup; every session and link ended.
    Restored,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was begun; another entry tells how it ended.
    Begun,
    /// It happened.
    Done,
    /// It was refused.
    Refused,
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// An account of staff.
    Staff,
    /// A customer.
    Customer,
    /// Somebody not signed in.
    Visitor,
    /// Somebody with a mailed link.
    LinkHolder,
    /// The command line.
    CommandLine,
    /// Rekey itself.
    System,
}

/// Who did it, as the person it concerns reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The reader.
    You,
    /// A member of staff, by name where it is still known.
    Staff(Option<String>),
    /// The customer whom staff read about.
    Customer,
    /// Somebody with a link mailed to the reader.
    LinkHolder,
    /// Somebody not signed in.
    Visitor,
    /// The operator, on the command line.
    Operator,
    /// Rekey itself.
    System,
}

/// One line of the activity of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityEntry {
    /// The audit entry.
    pub id: AuditId,
    /// When it happened.
    pub at: Moment,
    /// What happened.
    pub kind: AuditKind,
    /// How it ended.
    pub outcome: Outcome,
    /// Who did it.
    pub who: Who,
    /// From which network address, unless erased.
    pub address: Option<String>,
    /// With which device, unless erased.
    pub device: Option<Device>,
    /// Why staff did it, for staff to read.
    pub reason: Option<String>,
    /// The number of a ticket, for staff to read.
    pub ticket: Option<String>,
}

/// One page of activity, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityPage {
    /// The lines.
    pub entries: Vec<ActivityEntry>,
    /// Where the next page begins, when there is one.
    pub older: Option<AuditId>,
}
