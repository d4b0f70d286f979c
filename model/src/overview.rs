//! What staff see of many customers at once: resets by state, and what needs attention at home.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    account::Lock,
    approval::ApprovalLine,
    customer::{Count, Scope},
    id::{AccountId, AuditId, OrganizationId, ResetId},
    job::JobView,
    reset::{Delivery, ResetState, TargetView},
    text::{EmailAddress, Name},
    wire::from_word,
};

/// Resets on one page of the list.
pub const RESETS_PER_PAGE: usize = 50;
/// Days that the chart at home looks back, today included.
pub const DAYS_CHARTED: usize = 30;
/// Organizations whose second factors are charted at home.
pub const ORGANIZATIONS_CHARTED: usize = 8;

impl ResetState {
    /// Every state, in the order in which they are offered: what there is to do first.
    pub const ALL: &'static [Self] = &[
        Self::NeedsAttention,
        Self::Applying,
        Self::WaitingForApproval,
        Self::WaitingForCustomer,
        Self::Draft,
        Self::Refused,
        Self::Done,
        Self::Expired,
        Self::Cancelled,
    ];

    /// The state of a word in an address.
    pub fn from_word(word: &str) -> Option<Self> {
        from_word(word)
    }
}

impl std::fmt::Display for ResetState {
    /// The word on the wire.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(f)
    }
}

/// Which resets are looked for, and from where on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ResetQuery {
    /// The organization whose resets, and those of all below it, are looked at; one's own when
    /// `None`.
    #[serde(default)]
    pub scope: Option<OrganizationId>,
    /// Only those in this state.
    #[serde(default)]
    pub state: Option<ResetState>,
    /// Only what is older than this reset.
    #[serde(default)]
    pub before: Option<ResetId>,
}

/// Who asked for a reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedBy {
    /// Somebody at the forgotten-password page.
    Visitor,
    /// The customer, who knew the password.
    Customer,
    /// A member of staff; `None` when the account is gone.
    Staff(Option<Name>),
    /// The operator, on the command line.
    Operator,
}

/// A reset in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetLine {
    /// The reset.
    pub id: ResetId,
    /// Whose password.
    pub customer: AccountId,
    /// What they are called.
    pub name: Name,
    /// Where mail to them goes.
    pub email: EmailAddress,
    /// Who looks after them.
    pub organization: Name,
    /// How the new password reaches them.
    pub delivery: Delivery,
    /// Where it stands.
    pub state: ResetState,
    /// Who asked for it.
    pub asked_by: AskedBy,
    /// Why, in the words of staff.
    pub reason: Option<String>,
    /// The number of a ticket.
    pub ticket: Option<String>,
    /// When it was asked for.
    pub created_at: Moment,
    /// When it ended.
    pub finished_at: Option<Moment>,
    /// Where it applies, in the order in which it does.
    pub targets: Vec<TargetView>,
    /// Its first entry in the audit log, for those who may read that.
    pub audit: Option<AuditId>,
}

/// A page of resets, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetPage {
    /// The resets.
    pub lines: Vec<ResetLine>,
    /// Where the next page begins, when there is one.
    pub older: Option<ResetId>,
    /// What waits for a second person to agree: the reader, or one whom the reader asked. On the first
    /// page alone.
    pub approvals: Vec<ApprovalLine>,
    /// Links to many that were begun last, as far as the reader may send such. On the first page alone.
    pub jobs: Vec<JobView>,
    /// How many are in which state.
    pub states: Vec<(ResetState, Count)>,
    /// The scope that was looked at.
    pub scope: Scope,
    /// Whether there are several organizations in it.
    pub has_several: bool,
}

/// How many of many: customers who let their reseller set their password, accounts that have a second
/// factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Coverage {
    /// Those who do.
    pub part: u32,
    /// All of them.
    pub whole: u32,
}

/// Who has a second factor in an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorCoverage {
    /// The organization.
    pub id: OrganizationId,
    /// What it is called.
    pub name: Name,
    /// Its customers.
    pub customers: Coverage,
    /// Its staff.
    pub staff: Coverage,
}

/// Resets of one kind on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCount {
    /// The day: its number among those that are charted, 0 is the first.
    pub day: u32,
    /// Which kind.
    pub delivery: Delivery,
    /// How many.
    pub count: u32,
}

/// What staff see where they start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeView {
    /// Resets that somebody has to look at.
    pub resets: Count,
    /// Mails that were given up.
    pub mails: Count,
    /// Whether the reader may look at them.
    pub reads_mail: bool,
    /// How many customers dispute something that nobody has closed yet.
    pub disputed: Count,
    /// The latest of them, each with since when.
    pub disputes: Vec<(AccountId, Name, Moment)>,
    /// How many changes of an email address wait for the reader, or another second one, to agree.
    pub agreeable: Count,
    /// The customers whom the first of them are about, each with until when.
    pub agreements: Vec<(AccountId, Name, Moment)>,
    /// How much waits for the reader, or another second one, to agree.
    pub approvable: Count,
    /// The first of it, and what the reader asked others to agree to.
    pub approvals: Vec<ApprovalLine>,
    /// Customers who are locked, by what locked them.
    pub locks: Vec<(Lock, Count)>,
    /// Who allows setting the password.
    pub consent: Coverage,
    /// Who has a second factor, by organization: those with the most customers.
    pub factors: Vec<FactorCoverage>,
    /// Whether there are more organizations.
    pub more_factors: bool,
    /// When the first day that is charted begins (UTC).
    pub first_day: Moment,
    /// Resets by day and kind.
    pub days: Vec<DayCount>,
    /// Whether there were more resets than are counted: the chart shows a part of them.
    pub is_part: bool,
}

impl HomeView {
    /// How many customers are locked by this.
    pub fn locked_by(&self, lock: Lock) -> Count {
        let found = self.locks.iter().find(|(known, _)| *known == lock);
        found.map_or(Count { number: 0, more: false }, |(_, count)| *count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_offered_and_has_a_word() {
        for state in ResetState::ALL {
            assert_eq!(ResetState::from_word(&state.to_string()), Some(*state));
        }
        assert_eq!(ResetState::NeedsAttention.to_string(), "needs_attention");
    }
}
