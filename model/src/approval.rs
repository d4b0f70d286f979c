//! Somebody else who agrees: what the policy says that nobody does alone waits for a second person
//! with the same permission.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    account::{AccountKind, Role},
    factor::RemovalObstacle,
    id::{AccountId, ApprovalId, JobId},
    permission::Permission,
    reset::{Delivery, Obstacle},
    text::{EmailAddress, Name},
};

/// What a second person agrees to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalAction {
    /// The second factor of a member of staff is removed.
    RemoveFactor,
    /// A password is typed for a customer.
    TypePassword,
    /// A password is generated for a customer, and mailed.
    GeneratePassword,
    /// Many customers are mailed a link to a new password.
    SendLinks,
    /// The same, after the passwords that are in use have stopped working.
    StopPasswords,
    /// The passwords of staff stop working, and they are mailed links.
    StopStaffPasswords,
}

impl ApprovalAction {
    /// Every action.
    pub const ALL: [Self; 6] = [
        Self::RemoveFactor,
        Self::TypePassword,
        Self::GeneratePassword,
        Self::SendLinks,
        Self::StopPasswords,
        Self::StopStaffPasswords,
    ];

    /// The word in forms and in the audit log.
    pub fn word(self) -> &'static str {
        match self {
            Self::RemoveFactor => "remove_factor",
            Self::TypePassword => "type_password",
            Self::GeneratePassword => "generate_password",
            Self::SendLinks => "send_links",
            Self::StopPasswords => "stop_passwords",
            Self::StopStaffPasswords => "stop_staff_passwords",
        }
    }

    /// The action that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }

    /// The action by which a customer is given a password in this way; a link is none.
    pub fn of_delivery(delivery: Delivery) -> Option<Self> {
        match delivery {
            Delivery::Typed => Some(Self::TypePassword),
            Delivery::Generated => Some(Self::GeneratePassword),
            Delivery::EmailLink | Delivery::OwnChange | Delivery::CommandLine => None,
        }
    }

    /// Whether it is about many at once, customers or staff.
    pub fn is_about_many(self) -> bool {
        matches!(self, Self::SendLinks | Self::StopPasswords | Self::StopStaffPasswords)
    }

    /// The way in which a customer is given a password, where that is what it does.
    pub fn delivery(self) -> Option<Delivery> {
        match self {
            Self::TypePassword => Some(Delivery::Typed),
            Self::GeneratePassword => Some(Delivery::Generated),
            Self::RemoveFactor
            | Self::SendLinks
            | Self::StopPasswords
            | Self::StopStaffPasswords => None,
        }
    }

    /// What whoever does it must be allowed, and whoever agrees to it.
    pub fn permission(self) -> Permission {
        match self {
            Self::RemoveFactor => Permission::RemoveFactors,
            Self::TypePassword | Self::GeneratePassword => Permission::SetPassword,
            Self::SendLinks | Self::StopPasswords => Permission::EditCustomers,
            Self::StopStaffPasswords => Permission::ManageStaff,
        }
    }

    /// Whether somebody in this role may do it, as far as roles decide that.
    pub fn is_for(self, role: Role) -> bool {
        let for_owners = matches!(self, Self::StopPasswords | Self::StopStaffPasswords);
        role.may(self.permission()) && (!for_owners || role == Role::Owner)
    }
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// Nobody has decided yet.
    Asked,
    /// Somebody agreed; whoever asked may go on.
    Approved,
    /// Somebody said no.
    Refused,
    /// Whoever asked has gone on: it is good for nothing else.
    Used,
    /// Whoever asked does not want it any more, or may not do it any more.
    Withdrawn,
    /// Nobody decided in time, or it was not used in time.
    Expired,
}

impl ApprovalState {
    /// Whether something may come of it still.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Asked | Self::Approved)
    }
}

/// Why something waits for a second person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flagged {
    /// It removes the second factor of a member of staff.
    StaffFactor,
    /// The customer's email address or user name was changed a short while ago, then.
    ContactChanged(Moment),
    /// It is about more customers within a day than one person may decide about.
    Many {
        /// To so many it takes nobody else.
        up_to: u32,
    },
    /// It stops the passwords of staff.
    StaffPasswords,
}

/// Why nobody can be asked to agree, or somebody not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalObstacle {
    /// It takes nobody else.
    NotNeeded,
    /// There is nobody else who could agree.
    NobodyElse,
    /// It was decided, withdrawn or used already, or its time is over.
    NotOpen,
    /// The reader asked for it, and another one has to agree.
    OwnAsk,
    /// It is about the reader.
    Yourself,
    /// The reader's role does not allow it.
    NotPermitted,
    /// Whoever asked stands above the reader.
    BelowAsker,
    /// Whoever asked may not do it any more; that has ended it.
    AskerGone,
    /// The second factor could not be removed by the reader either.
    Factor(RemovalObstacle),
    /// The password could not be set by the reader either.
    Password(Obstacle),
}

/// What a reader's own desk shows of a second person who has to agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalDesk {
    /// To what.
    pub action: ApprovalAction,
    /// Why.
    pub flagged: Flagged,
    /// What the reader asked for last, as long as it says something.
    pub last: Option<OwnApproval>,
    /// Whether there is somebody else who could agree.
    pub somebody: bool,
}

impl ApprovalDesk {
    /// What the reader asked for, if somebody may still decide about it or it can be used.
    pub fn open(&self) -> Option<&OwnApproval> {
        self.last.as_ref().filter(|last| last.state.is_open())
    }
}

/// What became of what somebody asked for, for themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnApproval {
    /// It.
    pub id: ApprovalId,
    /// Where it stands.
    pub state: ApprovalState,
    /// Until when somebody can decide, or it can be used.
    pub until: Moment,
    /// Who decided, where that is still known.
    pub by: Option<Name>,
    /// What they said.
    pub remark: Option<String>,
}

/// Somebody about whom one is asked to agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalSubject {
    /// Who.
    pub id: AccountId,
    /// Staff or customer.
    pub kind: AccountKind,
    /// What they are called.
    pub name: Name,
    /// Where mail goes.
    pub email: EmailAddress,
}

/// What the page shows on which one agrees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalView {
    /// What is asked.
    pub id: ApprovalId,
    /// To what.
    pub action: ApprovalAction,
    /// Where it stands.
    pub state: ApprovalState,
    /// Why it waits for a second person, as far as that holds still.
    pub flagged: Option<Flagged>,
    /// Whom it is about; nobody where it is about many.
    pub subject: Option<ApprovalSubject>,
    /// The links that wait, and to how many they go.
    pub job: Option<(JobId, u32)>,
    /// The organization whose people it is about.
    pub organization: Name,
    /// Who asks, and for whom they work, where that is still known.
    pub by: Option<(Name, Name)>,
    /// Why, in their words.
    pub reason: String,
    /// The number of a ticket.
    pub ticket: Option<String>,
    /// When they asked.
    pub asked_at: Moment,
    /// Until when somebody can decide, or it can be used.
    pub until: Moment,
    /// Who decided, where that is still known, when, and what they said.
    pub decided: Option<(Option<Name>, Moment, Option<String>)>,
    /// Hours for which a removal waits then.
    pub hours: u32,
    /// Whether the reader asked for it.
    pub own: bool,
    /// Why the reader cannot agree, if so.
    pub obstacle: Option<ApprovalObstacle>,
    /// Whether the reader may say no.
    pub may_refuse: bool,
    /// Whether the reader proved their own password a short while ago.
    pub stepped_up: bool,
}

/// Something that waits for a second person, in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalLine {
    /// What is asked.
    pub id: ApprovalId,
    /// To what.
    pub action: ApprovalAction,
    /// Where it stands.
    pub state: ApprovalState,
    /// Whom it is about; nobody where it is about many.
    pub subject: Option<Name>,
    /// Who asks, where that is still known.
    pub by: Option<Name>,
    /// Whether it was the reader.
    pub own: bool,
    /// Until when somebody can decide, or it can be used.
    pub until: Moment,
}

/// What was just done about it, and by which name pages speak of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalDeed {
    /// Somebody else is asked.
    Asked,
    /// The reader agreed.
    Agreed,
    /// The reader said no.
    Refused,
    /// The reader does not ask any more.
    Withdrawn,
}

impl ApprovalDeed {
    /// Every deed.
    pub const ALL: [Self; 4] = [Self::Asked, Self::Agreed, Self::Refused, Self::Withdrawn];

    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Agreed => "agreed",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The deed that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|deed| deed.word() == word)
    }
}

/// What became of it, for those who asked or decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalDone {
    /// It.
    pub id: ApprovalId,
    /// What was done.
    pub deed: ApprovalDeed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_and_deeds_have_words() {
        for action in ApprovalAction::ALL {
            assert_eq!(ApprovalAction::from_word(action.word()), Some(action));
            assert_eq!(serde_json::to_value(action).expect("serializes"), action.word());
            let way = action.delivery();
            assert_eq!(way.and_then(ApprovalAction::of_delivery), way.map(|_| action));
        }
        for deed in ApprovalDeed::ALL {
            assert_eq!(ApprovalDeed::from_word(deed.word()), Some(deed));
        }
    }

    #[test]
    fn passwords_of_many_are_stopped_by_owners_alone() {
        for role in Role::ALL {
            assert_eq!(ApprovalAction::StopPasswords.is_for(role), role == Role::Owner);
            for action in ApprovalAction::ALL {
                assert!(!action.is_for(role) || role.may(action.permission()));
            }
        }
    }
}
