//! Staff, as those who manage them see them.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    account::{AccountState, Lock, Role},
    factor::WaitingRemoval,
    id::{AccountId, OrganizationId},
    organization::Acting,
    text::{EmailAddress, Name},
};

/// A member of staff, at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffRow {
    /// The account.
    pub id: AccountId,
    /// What they are called.
    pub name: Name,
    /// Where mail goes.
    pub email: EmailAddress,
    /// What they may do.
    pub role: Role,
    /// How they stand.
    pub standing: StaffStanding,
    /// When they last came.
    pub last_sign_in_at: Option<Moment>,
    /// Whether they sign in with more than a password.
    pub has_factor: bool,
    /// Whether it is the reader.
    pub you: bool,
}

/// How a member of staff stands: what is in the way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffStanding {
    /// Set aside by a superior.
    Suspended,
    /// Was invited and has not chosen a password; until when the invitation works, if it still does.
    Invited(Option<Moment>),
    /// Cannot sign in.
    Locked(Lock),
    /// Can sign in.
    Active,
}

impl StaffStanding {
    /// Of an account in this state.
    pub fn of(
        state: AccountState,
        has_password: bool,
        lock: Option<Lock>,
        invited_until: Option<Moment>,
    ) -> Self {
        match (state, lock) {
            (AccountState::Suspended, _) => Self::Suspended,
            (AccountState::Active, _) if !has_password => Self::Invited(invited_until),
            (AccountState::Active, Some(lock)) => Self::Locked(lock),
            (AccountState::Active, None) => Self::Active,
        }
    }
}

/// The staff of one organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffList {
    /// Whose staff.
    pub acting: Acting,
    /// All of them, by role and name.
    pub rows: Vec<StaffRow>,
    /// The roles that the reader may give.
    pub roles: Vec<Role>,
}

/// One member of staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffView {
    /// For whom they work.
    pub acting: Acting,
    /// Who they are.
    pub row: StaffRow,
    /// When the account was made.
    pub created_at: Moment,
    /// Until when links to a new password work that are open now.
    pub open_links: Vec<Moment>,
    /// Minutes for which a link to a new password would work.
    pub link_minutes: u32,
    /// The roles that the reader may give.
    pub roles: Vec<Role>,
    /// Why the reader may change nothing about them.
    pub obstacle: Option<StaffObstacle>,
    /// Whether they are the last owner who can sign in: they stay one.
    pub last_owner: bool,
    /// The removal of their second factor that waits.
    pub removal: Option<WaitingRemoval>,
}

/// Why somebody may change nothing about a member of staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffObstacle {
    /// The reader's role does not allow it.
    NotPermitted,
    /// It is the reader.
    Yourself,
    /// They are an owner, and the reader is not.
    Owner,
    /// They are the last owner who can sign in.
    LastOwner,
    /// They are suspended.
    Suspended,
    /// They have not accepted their invitation yet.
    NotThereYet,
    /// They have a password already.
    ThereAlready,
    /// There is no way for mail to go.
    NoMail,
}

/// What was just done to a member of staff, and by which name pages speak of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffDeed {
    /// An invitation is on its way.
    Invited,
    /// The role is another one.
    RoleChanged,
    /// Set aside.
    Suspended,
    /// In use again.
    Resumed,
    /// A link to a new password is on its way.
    LinkSent,
}

impl StaffDeed {
    /// Every deed.
    pub const ALL: [Self; 5] =
        [Self::Invited, Self::RoleChanged, Self::Suspended, Self::Resumed, Self::LinkSent];

    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::RoleChanged => "role",
            Self::Suspended => "suspended",
            Self::Resumed => "resumed",
            Self::LinkSent => "link",
        }
    }

    /// The deed that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|deed| deed.word() == word)
    }
}

/// What became of a form about a member of staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffDone {
    /// Whom it was about.
    pub staff: AccountId,
    /// For whom they work.
    pub organization: OrganizationId,
    /// What was done.
    pub deed: StaffDeed,
}
