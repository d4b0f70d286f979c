//! Consent: the customer's own permission that the reseller may set their password.

use serde::{Deserialize, Serialize};

use crate::{Moment, reset::Delivery, text::Name};

/// Lines of the ledger that are shown.
pub const LEDGER_SHOWN: usize = 50;

/// How far a permission goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Not at all.
    Refused,
    /// For the next reset.
    Once,
    /// Until this moment.
    Until(Moment),
    /// Until it is taken back.
    Always,
}

impl Consent {
    /// Whether somebody may do by this what they could not do by another permission.
    pub fn allows_more_than(self, other: Self) -> bool {
        match (self, other) {
            (Self::Refused, _) | (_, Self::Always) | (Self::Once, Self::Once) => false,
            (Self::Until(this), Self::Until(other)) => this > other,
            // One at any time, many for a while: each may be more than the other.
            _ => true,
        }
    }

    /// Until when resets are allowed, as it is stored: the first moment for not at all, the last
    /// one for no end.
    pub fn until(self) -> Moment {
        match self {
            Self::Refused => Moment(0),
            Self::Until(until) => until,
            Self::Once | Self::Always => Moment(i64::MAX),
        }
    }

    /// From what is stored, as it holds now.
    pub fn stored(until: Moment, once: bool, now: Moment) -> Self {
        match (until > now, once) {
            (false, _) => Self::Refused,
            (true, true) => Self::Once,
            (true, false) if until == Moment(i64::MAX) => Self::Always,
            (true, false) => Self::Until(until),
        }
    }
}

/// Where an entry of the consent ledger came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum ConsentSource {
    /// The form that created the customer.
    Creation,
    /// The import row that created the customer.
    Import,
    /// The customer's own choice.
    Customer,
    /// A permission for one reset that was made use of.
    Used,
    /// The reset that had used it up was refused by a downstream system, and nothing was changed.
    Returned,
}

/// One line of the consent ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentEntry {
    /// When it was entered.
    pub at: Moment,
    /// What holds since.
    pub consent: Consent,
    /// Where it came from.
    pub source: ConsentSource,
}

/// What a customer sees of their own permission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentView {
    /// What holds now.
    pub consent: Consent,
    /// Only mailed links, whatever the permission says.
    pub links_only: bool,
    /// What was entered, the latest first.
    pub ledger: Vec<ConsentEntry>,
    /// Who made use of it, the latest first.
    pub uses: Vec<ConsentUse>,
    /// Whether the reader proved who they are a short while ago, as it takes to allow more.
    pub stepped_up: bool,
}

/// A reset that a permission was needed for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentUse {
    /// When.
    pub at: Moment,
    /// How the password was set.
    pub delivery: Delivery,
    /// Who did it; unknown when they are gone.
    pub by: Option<Name>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_what_was_not_allowed_before() {
        let (soon, later) = (Consent::Until(Moment(1)), Consent::Until(Moment(2)));
        let (no, once, always) = (Consent::Refused, Consent::Once, Consent::Always);
        for (this, other) in [
            (once, no),
            (soon, no),
            (always, no),
            (soon, once),
            (once, soon),
            (later, soon),
            (always, later),
        ] {
            assert!(this.allows_more_than(other), "{this:?} {other:?}");
        }
        for (this, other) in [
            (no, no),
            (no, always),
            (once, once),
            (once, always),
            (soon, soon),
            (soon, later),
            (soon, always),
            (always, always),
        ] {
            assert!(!this.allows_more_than(other), "{this:?} {other:?}");
        }
    }

    #[test]
    fn what_is_stored_is_what_was_said() {
        let now = Moment(1_000);
        for consent in
            [Consent::Refused, Consent::Once, Consent::Until(Moment(1_001)), Consent::Always]
        {
            let once = consent == Consent::Once;
            assert_eq!(Consent::stored(consent.until(), once, now), consent);
        }
        assert_eq!(Consent::stored(Moment(1_000), false, now), Consent::Refused);
    }
}
