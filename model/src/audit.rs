//! What the audit log records, and how it is shown to those it concerns.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    account::{AccountKind, Device},
    customer::Scope,
    id::{AccountId, AuditId, OrganizationId, ResetId},
    text::Name,
    wire::from_word,
};

/// Entries on one page of the audit log.
pub const AUDIT_PER_PAGE: usize = 50;
/// People that a filter by name stands for at most.
pub const AUDIT_PEOPLE: usize = 20;

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
    /// A wrong PIN was typed at a mailed link.
    PinRefused,
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
    /// Staff set a customer's password, typed by them or generated.
    StaffPasswordSet,
    /// Staff had a code sent to a customer, for a caller to read back.
    CallerAsked,
    /// A caller read the code back; refused when it was a wrong one.
    CallerVerified,
    /// Resets were stopped: there were too many within a short time.
    ResetsStopped,
    /// What a customer disputed was closed by an owner.
    DisputeClosed,
    /// Staff made a customer's open links worthless.
    LinksCancelled,
    /// A member of staff opened the page of a customer.
    CustomerViewed,
    /// A rule of an organization was changed.
    PolicyChanged,
    /// An invitation to work for an organization was mailed.
    Invited,
    /// A member of staff got another role.
    RoleChanged,
    /// An account was set aside.
    Suspended,
    /// An account that had been set aside is in use again.
    Resumed,
    /// How an organization's mail is sent was changed.
    MailSettingsChanged,
    /// How a front door looks, or what it says, was changed.
    BrandChanged,
    /// What a letter says was changed, or is as it was delivered again.
    LetterChanged,
    /// The key by which an organization's mail is signed was made, switched or removed.
    DkimChanged,
    /// Somebody tried how an organization's mail is sent.
    MailTested,
    /// A mail that could not be delivered was sent again.
    MailSentAgain,
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
    /// Staff had a file of customers checked, which tells whose names are taken.
    ImportChecked,
    /// Staff had customers taken in from a file.
    CustomersImported,
    /// Staff took customers away as a file.
    CustomersExported,
    /// Staff had links to new passwords mailed to many customers.
    ManyLinksSent,
    /// An owner had the passwords of staff stopped, and links mailed to them.
    StaffPasswordsStopped,
    /// Somebody's password was stopped: only a new one lets them in.
    PasswordStopped,
    /// Personal values were erased.
    Erased,
    /// The database was restored from a backup; every session and link ended.
    Restored,
    /// Everything that is sealed was sealed anew with another master key.
    KeysRotated,
    /// Entries of the audit log were handed out as a file.
    AuditExported,
    /// The password was right; the second factor is asked for.
    PasswordAccepted,
    /// A code of a second factor was refused.
    FactorRefused,
    /// A second factor was set up, or replaced by another.
    FactorAdded,
    /// A second factor was turned off.
    FactorRemoved,
    /// New recovery codes took the place of those before.
    RecoveryCodesMade,
    /// A recovery code was used up.
    RecoveryCodeUsed,
    /// A device on which no second factor was asked for is asked again.
    DeviceForgotten,
    /// A passkey was added.
    PasskeyAdded,
    /// A second factor was removed beside which there is another.
    FactorDropped,
    /// A passkey was refused, and is from now on: there seem to be two of it.
    PasskeyCopied,
    /// Staff asked for the removal of a second factor that somebody lost: it waits.
    FactorRemovalAsked,
    /// A removal that waited was stopped: the factor stays.
    FactorRemovalStopped,
    /// Staff removed a second factor that somebody lost.
    LostFactorRemoved,
    /// Another email address was asked for, by the owner of the account or by staff.
    EmailChangeAsked,
    /// A second member of staff agreed to a change of an email address.
    EmailChangeApproved,
    /// Whoever reads the new mailbox confirmed a change of an email address.
    EmailConfirmed,
    /// A change of an email address ended: the address stays.
    EmailChangeStopped,
    /// The email address is another one.
    EmailChanged,
    /// Staff asked a second person to agree to what nobody does alone.
    ApprovalAsked,
    /// A second person agreed.
    ApprovalGiven,
    /// A second person did not agree.
    ApprovalRefused,
    /// What a second person was asked to agree to was withdrawn.
    ApprovalWithdrawn,
    /// No second person decided in time, or what they agreed to was not done in time.
    ApprovalExpired,
    /// A downstream system was set up.
    ConnectorAdded,
    /// The settings of a downstream system were changed.
    ConnectorChanged,
    /// A downstream system was removed.
    ConnectorRemoved,
    /// Somebody tried whether a downstream system answers.
    ConnectorTested,
    /// A customer was linked to an account in a downstream system.
    ServiceLinked,
    /// A customer's account in a downstream system was unlinked.
    ServiceUnlinked,
    /// The accounts of a downstream system were listed, to link or create customers.
    ServicesImported,
    /// Staff had a downstream system tried again.
    TargetRetried,
    /// Staff gave up on a downstream system: the password there stays another one.
    TargetGivenUp,
    /// A webhook for events was added.
    HookAdded,
    /// A webhook for events was switched on or off, or got a new secret.
    HookChanged,
    /// A webhook for events was removed.
    HookRemoved,
    /// Somebody tried whether a webhook for events answers.
    HookTested,
    /// Staff had a message to a webhook sent again.
    EventSentAgain,
    /// An organization was added.
    OrganizationAdded,
    /// An organization is called otherwise.
    OrganizationRenamed,
    /// An organization is below another one.
    OrganizationMoved,
    /// Nobody of an organization, or of one below it, can sign in.
    OrganizationSuspended,
    /// They can again.
    OrganizationResumed,
    /// An organization that shared a front door has one of its own.
    OrganizationGotSite,
    /// A front door has other host names.
    SiteHostsChanged,
    /// An organization was deleted.
    OrganizationDeleted,
    /// A key for the API was made.
    ApiKeyMade,
    /// A key for the API was revoked.
    ApiKeyRevoked,
    /// A key for the API ended by itself: whoever made it, or its organization, may not have one.
    ApiKeyEnded,
}

impl AuditKind {
    /// Every kind, in the order in which they are offered.
    pub const ALL: &'static [Self] = &[
        Self::SignedIn,
        Self::SignInRefused,
        Self::Locked,
        Self::SignedOut,
        Self::SessionEnded,
        Self::OtherSessionsEnded,
        Self::SteppedUp,
        Self::ResetLinkSent,
        Self::ResetLinkExplained,
        Self::StaffLinkSent,
        Self::LinksCancelled,
        Self::ResetStarted,
        Self::ResetDone,
        Self::ResetRefused,
        Self::ResetNeedsAttention,
        Self::PasswordChanged,
        Self::PasswordSetByCommand,
        Self::Disputed,
        Self::ConsentChanged,
        Self::ProfileChanged,
        Self::CustomerViewed,
        Self::AccountCreated,
        Self::Erased,
        Self::Restored,
        Self::KeysRotated,
        Self::AuditExported,
        Self::StaffPasswordSet,
        Self::CallerAsked,
        Self::CallerVerified,
        Self::PinRefused,
        Self::ResetsStopped,
        Self::DisputeClosed,
        Self::PolicyChanged,
        Self::Invited,
        Self::RoleChanged,
        Self::Suspended,
        Self::Resumed,
        Self::MailSettingsChanged,
        Self::BrandChanged,
        Self::LetterChanged,
        Self::DkimChanged,
        Self::MailTested,
        Self::MailSentAgain,
        Self::CustomerCreated,
        Self::InvitationSent,
        Self::CustomerChanged,
        Self::CustomerSuspended,
        Self::CustomerResumed,
        Self::CustomerDeleted,
        Self::ImportChecked,
        Self::CustomersImported,
        Self::CustomersExported,
        Self::ManyLinksSent,
        Self::StaffPasswordsStopped,
        Self::PasswordStopped,
        Self::PasswordAccepted,
        Self::FactorRefused,
        Self::FactorAdded,
        Self::FactorRemoved,
        Self::RecoveryCodesMade,
        Self::RecoveryCodeUsed,
        Self::DeviceForgotten,
        Self::PasskeyAdded,
        Self::FactorDropped,
        Self::PasskeyCopied,
        Self::FactorRemovalAsked,
        Self::FactorRemovalStopped,
        Self::LostFactorRemoved,
        Self::EmailChangeAsked,
        Self::EmailChangeApproved,
        Self::EmailConfirmed,
        Self::EmailChangeStopped,
        Self::EmailChanged,
        Self::ApprovalAsked,
        Self::ApprovalGiven,
        Self::ApprovalRefused,
        Self::ApprovalWithdrawn,
        Self::ApprovalExpired,
        Self::ConnectorAdded,
        Self::ConnectorChanged,
        Self::ConnectorRemoved,
        Self::ConnectorTested,
        Self::ServiceLinked,
        Self::ServiceUnlinked,
        Self::ServicesImported,
        Self::TargetRetried,
        Self::TargetGivenUp,
        Self::HookAdded,
        Self::HookChanged,
        Self::HookRemoved,
        Self::HookTested,
        Self::EventSentAgain,
        Self::OrganizationAdded,
        Self::OrganizationRenamed,
        Self::OrganizationMoved,
        Self::OrganizationSuspended,
        Self::OrganizationResumed,
        Self::OrganizationGotSite,
        Self::SiteHostsChanged,
        Self::OrganizationDeleted,
        Self::ApiKeyMade,
        Self::ApiKeyRevoked,
        Self::ApiKeyEnded,
    ];

    /// The kind of a word in an address.
    pub fn from_word(word: &str) -> Option<Self> {
        from_word(word)
    }
}

impl std::fmt::Display for AuditKind {
    /// The word in addresses and in files: the one on the wire.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(f)
    }
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

impl std::fmt::Display for Outcome {
    /// The word on the wire.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(f)
    }
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
    /// A program with a key for the API, which the account that is named made.
    ApiKey,
}

impl std::fmt::Display for ActorKind {
    /// The word on the wire.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(f)
    }
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
    /// A program with a key for the API, by the key's name where it is still known.
    ApiKey(Option<String>),
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

/// Which entries of the audit log are looked for, and from where on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct AuditQuery {
    /// The organization whose entries, and those of all below it, are looked at; one's own when
    /// `None`.
    #[serde(default)]
    pub scope: Option<OrganizationId>,
    /// The first day (UTC), as `2026-12-31`; empty for no bound.
    #[serde(default)]
    pub from: String,
    /// The last day (UTC).
    #[serde(default)]
    pub to: String,
    /// Who did it: words of a name or an address, or the id of an account.
    #[serde(default)]
    pub actor: String,
    /// To which customer: words of a name or an address, or the id of an account.
    #[serde(default)]
    pub customer: String,
    /// What was done.
    #[serde(default)]
    pub kind: Option<AuditKind>,
    /// Only what is older than this entry.
    #[serde(default)]
    pub before: Option<AuditId>,
}

/// Somebody whom an entry is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPerson {
    /// The account.
    pub id: AccountId,
    /// What they are, or were, called; `None` when that was erased.
    pub name: Option<String>,
    /// Where mail to them goes; `None` when that was erased or is nothing to the reader.
    pub email: Option<String>,
    /// Staff or customer; `None` when the account is gone.
    pub kind: Option<AccountKind>,
}

/// An entry of the audit log, as staff read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLine {
    /// The entry.
    pub id: AuditId,
    /// When it happened.
    pub at: Moment,
    /// In which organization's log it stands.
    pub organization: Name,
    /// What happened.
    pub kind: AuditKind,
    /// How it ended.
    pub outcome: Outcome,
    /// What kind of actor it was.
    pub actor_kind: ActorKind,
    /// Who did it, if that is an account.
    pub actor: Option<AuditPerson>,
    /// Whose account it was done to.
    pub subject: Option<AuditPerson>,
    /// From which network address.
    pub address: Option<String>,
    /// With which device.
    pub device: Option<Device>,
    /// Why, in the words of who did it.
    pub reason: Option<String>,
    /// The number of a ticket.
    pub ticket: Option<String>,
    /// Whether address, device, names and reason were erased.
    pub erased: bool,
    /// The reset that it belongs to.
    pub reset: Option<ResetId>,
    /// What was changed, from what to what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<AuditChange>,
    /// How many customers it was about, where it was about many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
}

/// One value that was changed; never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditChange {
    /// Which one.
    pub what: String,
    /// What it was; nothing for what was not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// What it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

/// A page of the audit log, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// The entries.
    pub lines: Vec<AuditLine>,
    /// Where the next page begins, when there is one.
    pub older: Option<AuditId>,
    /// What is newer than this was not there yet.
    pub newest: AuditId,
    /// The scope that was looked at.
    pub scope: Scope,
    /// The scopes that can be looked at.
    pub scopes: Vec<Scope>,
    /// More people have that name than are looked for: some entries are not shown.
    pub many_people: bool,
}

/// One entry with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntryView {
    /// The entry.
    pub line: AuditLine,
    /// Its number in the log of its organization.
    pub position: i64,
    /// Its hash, in hexadecimal.
    pub hash: String,
    /// The request that caused it, as the server's log names it.
    pub request_id: String,
    /// The other entries of the same reset, oldest first.
    pub related: Vec<AuditLine>,
}

/// What is wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditFault {
    /// The chain has lines and no head.
    HeadMissing,
    /// One of the next lines holds what no version writes.
    Unreadable,
    /// Lines before this one are missing.
    LinesMissing,
    /// The line does not follow from the one before it.
    DoesNotFollow,
    /// The line was edited.
    Edited,
    /// The personal values of the line were edited.
    PersonalEdited,
    /// The line is not the one that the anchor file knows.
    NotAsAnchored,
    /// The line that the anchor file knows is missing.
    CutOff,
    /// The chain ends before its head says.
    EndsEarly {
        /// Where the head says that the chain ends.
        head: i64,
    },
}

/// Something wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditProblem {
    /// Whose chain.
    pub organization: OrganizationId,
    /// The number of the line.
    pub position: i64,
    /// What is wrong.
    pub fault: AuditFault,
}

/// What a piece of looking through the chains came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditCheck {
    /// Lines looked at, all pieces together.
    pub entries: u64,
    /// Chains looked at to their end.
    pub chains: u32,
    /// How many problems were found, all pieces together.
    pub problems: u32,
    /// Those of this piece, with the names of the organizations; the first ones.
    pub found: Vec<(Name, AuditProblem)>,
    /// Where to go on: the organization, and the line that was looked at last; nothing is left when
    /// `None`.
    pub next: Option<(OrganizationId, i64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        for kind in AuditKind::ALL {
            assert_eq!(AuditKind::from_word(&kind.to_string()), Some(*kind));
        }
        assert_eq!(AuditKind::SignInRefused.to_string(), "sign_in_refused");
        assert_eq!(AuditKind::from_word("nonsense"), None);
    }
}
