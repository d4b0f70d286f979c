//! Changes of email addresses: confirmed at the new address, and held for a while in which whoever
//! reads the present one stops them.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    call::CallerCheck,
    id::{AccountId, EmailChangeId},
    text::{EmailAddress, Name},
};

/// Where a change of an email address stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum EmailChangeState {
    /// A second member of staff has to agree.
    Approval,
    /// On hold; the old address stops it, the new one confirms it.
    Waiting,
    /// The address is the new one.
    Done,
    /// The address stays.
    Stopped,
    /// Nobody agreed, or nobody confirmed it, in time.
    Expired,
}

/// How far a change that is under way has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailStage {
    /// A second member of staff has to agree first.
    Approval,
    /// Nobody has confirmed the new address yet.
    Unconfirmed,
    /// The new address was confirmed.
    Confirmed,
}

/// Why an address cannot be changed, or a change not be agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailObstacle {
    /// The reader's role does not allow it.
    NotPermitted,
    /// The customer is suspended, or their organization is.
    Suspended,
    /// The customer disputes what the reader did.
    DisputedAgainst,
    /// The customer said "this wasn't me".
    Disputed,
    /// No mail can be sent.
    NoMail,
    /// The caller has to be verified first, or a second member of staff to agree.
    CallerUnknown,
    /// There is nothing to agree to, or not what the reader has seen.
    NothingWaits,
    /// The reader asked for it, and another one has to agree.
    OwnAsk,
    /// Whoever asked stands above the reader.
    BelowAsker,
    /// Whoever asked may not ask for it any more; that has ended it.
    AskerGone,
}

/// A change of an email address that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingEmail {
    /// The change.
    pub id: EmailChangeId,
    /// The new address, masked for those who did not ask for it.
    pub email: String,
    /// How far it has come.
    pub stage: EmailStage,
    /// Whether the account's owner asked for it.
    pub own: bool,
    /// Who did otherwise, and for which organization they work, where that is still known.
    pub by: Option<(Name, Name)>,
    /// When they did.
    pub asked_at: Moment,
    /// When it takes effect; as long as a second one has to agree, until when they can.
    pub due_at: Moment,
}

/// What the page on which one changes one's own address shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnEmail {
    /// The address.
    pub email: EmailAddress,
    /// Whether the reader proved their own password a short while ago.
    pub stepped_up: bool,
    /// Whether mail can be sent, without which no address is confirmed.
    pub sends_mail: bool,
    /// The change that is under way.
    pub waiting: Option<WaitingEmail>,
    /// Hours for which a change is held.
    pub hours: u32,
}

/// What the page on which staff change a customer's address shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailDesk {
    /// Whose address.
    pub account: AccountId,
    /// What they are called.
    pub name: Name,
    /// Where mail goes.
    pub email: EmailAddress,
    /// Who looks after them.
    pub organization: Name,
    /// Whether the reader proved their own password a short while ago.
    pub stepped_up: bool,
    /// Why it cannot be changed, if so.
    pub obstacle: Option<EmailObstacle>,
    /// The change that is under way.
    pub waiting: Option<WaitingEmail>,
    /// Why staff asked for that, and the number of a ticket, for those who may agree to it.
    pub why: Option<(String, Option<String>)>,
    /// Why the reader cannot agree to it, if so.
    pub approval: Option<EmailObstacle>,
    /// Whether the reader may stop it.
    pub may_stop: bool,
    /// Hours for which a change is held.
    pub hours: u32,
    /// What is known about the caller.
    pub caller: CallerCheck,
}

/// What became of a change, for staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailDone {
    /// Whose address.
    pub account: AccountId,
    /// What was done.
    pub deed: EmailDeed,
}

/// What was just done about an email address, and by which name pages speak of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailDeed {
    /// It is on hold.
    Asked,
    /// It waits for a second one to agree.
    Second,
    /// A second one agreed, and it is on hold.
    Approved,
    /// The address stays.
    Stopped,
}

impl EmailDeed {
    /// Every deed.
    pub const ALL: [Self; 4] = [Self::Asked, Self::Second, Self::Approved, Self::Stopped];

    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Second => "second",
            Self::Approved => "approved",
            Self::Stopped => "stopped",
        }
    }

    /// The deed that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|deed| deed.word() == word)
    }
}

/// What the page of a link shows by which somebody keeps the address they have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepEmailView {
    /// The account's address, masked.
    pub email: String,
    /// What waits.
    pub change: WaitingEmail,
}

/// What the page of a link shows by which somebody confirms a new address. Whoever opens it may be a
/// stranger: of the account it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmEmailView {
    /// The new address, masked.
    pub email: String,
    /// When it takes effect.
    pub due_at: Moment,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deeds_have_words() {
        for deed in EmailDeed::ALL {
            assert_eq!(EmailDeed::from_word(deed.word()), Some(deed));
        }
    }
}
