//! Customers, as the staff who look after them see them.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    account::{Language, Lock},
    connector::ConnectorChoice,
    email::WaitingEmail,
    factor::WaitingRemoval,
    id::{AccountId, ConnectorId, DisputeId, MailId, OrganizationId},
    reset::{Delivery, Obstacle, Way},
    text::{EmailAddress, Name, UserName},
};

/// Customers on one page of the list.
pub const CUSTOMERS_PER_PAGE: usize = 50;
/// Up to here customers are counted; more are "1,000+".
pub const COUNTED: u32 = 1_000;
/// Fewest characters that narrow the list.
pub const SHORTEST_SEARCH: usize = 2;

/// A state by which the list of customers is narrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerState {
    /// Cannot sign in, for too many wrong passwords, by staff or in dispute.
    Locked,
    /// Has a temporary password.
    MustChangePassword,
    /// Does not let the reseller set the password.
    NoConsent,
    /// Never came.
    NeverSignedIn,
    /// Signs in with the password alone.
    NoFactor,
    /// Set aside by staff.
    Suspended,
}

impl CustomerState {
    /// Every state, in the order they are shown.
    pub const ALL: [Self; 6] = [
        Self::Locked,
        Self::MustChangePassword,
        Self::NoConsent,
        Self::NeverSignedIn,
        Self::NoFactor,
        Self::Suspended,
    ];

    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::MustChangePassword => "must_change_password",
            Self::NoConsent => "no_consent",
            Self::NeverSignedIn => "never_signed_in",
            Self::NoFactor => "no_factor",
            Self::Suspended => "suspended",
        }
    }

    /// The state of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// What the list of customers is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerOrder {
    /// Their names.
    #[default]
    Name,
    /// Their companies.
    Company,
    /// When they signed in last.
    LastSignIn,
}

impl CustomerOrder {
    /// Every order.
    pub const ALL: [Self; 3] = [Self::Name, Self::Company, Self::LastSignIn];

    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Company => "company",
            Self::LastSignIn => "last_sign_in",
        }
    }

    /// The order of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.word() == word)
    }
}

/// Which customers are looked for, and from where on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct CustomerQuery {
    /// The organization whose customers, and those of all below it, are looked at; one's own when
    /// `None`.
    #[serde(default)]
    pub scope: Option<OrganizationId>,
    /// Words that all must be found: beginnings of words from two characters on, any part of a
    /// word from three on.
    #[serde(default)]
    pub text: String,
    /// Only those in this state.
    #[serde(default)]
    pub state: Option<CustomerState>,
    /// Only those with an account in this downstream system.
    #[serde(default)]
    pub connector: Option<ConnectorId>,
    /// In which order.
    #[serde(default)]
    pub order: CustomerOrder,
    /// Whether the order is turned round.
    #[serde(default)]
    pub descending: bool,
    /// The page after this customer.
    #[serde(default)]
    pub after: Option<AccountId>,
    /// The page before this customer; `after` wins.
    #[serde(default)]
    pub before: Option<AccountId>,
}

/// A number that is not counted further than [`COUNTED`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// How many, or [`COUNTED`] of them.
    pub number: u32,
    /// Whether there are more.
    pub more: bool,
}

impl Count {
    /// Of so many that were counted up to one more than [`COUNTED`].
    pub fn of(counted: i64) -> Self {
        let number = u32::try_from(counted).unwrap_or_default();
        Self { number: number.min(COUNTED), more: number > COUNTED }
    }
}

/// An organization as a scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The organization.
    pub id: OrganizationId,
    /// What it is called.
    pub name: Name,
    /// How far below one's own organization it is.
    pub depth: u32,
    /// Whether it is suspended, or one above it.
    pub suspended: bool,
}

/// What stands in a customer's way, and what staff may do, at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is there or not, whatever the others are")]
pub struct Standing {
    /// Set aside by staff.
    pub suspended: bool,
    /// Whether the organization is suspended, or one above it.
    pub organization_suspended: bool,
    /// The lock that holds.
    pub lock: Option<Lock>,
    /// When that lock opens by itself, if it does.
    pub locked_until: Option<Moment>,
    /// Has a temporary password.
    pub must_change_password: bool,
    /// Signs in with more than a password.
    pub has_factor: bool,
    /// Lets the reseller set the password.
    pub allows_resets: bool,
}

/// A customer in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRow {
    /// The customer.
    pub id: AccountId,
    /// What they are called.
    pub name: Name,
    /// Their company.
    pub company: Option<String>,
    /// Where mail goes.
    pub email: EmailAddress,
    /// What the reseller calls them in other books.
    pub reference: Option<String>,
    /// Who looks after them.
    pub organization: Name,
    /// How they stand.
    pub standing: Standing,
    /// When they signed in last.
    pub last_sign_in_at: Option<Moment>,
    /// The names of their accounts in the downstream system that the list is narrowed to.
    pub services: Vec<String>,
}

/// A page of the list of customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerPage {
    /// The customers.
    pub rows: Vec<CustomerRow>,
    /// The customer before whom the page before this one ends.
    pub before: Option<AccountId>,
    /// The customer after whom the next page begins.
    pub after: Option<AccountId>,
    /// How many there are in the scope, whatever is looked for.
    pub total: Count,
    /// How many of them are in which state.
    pub states: Vec<(CustomerState, Count)>,
    /// The scope that was looked at.
    pub scope: Scope,
    /// Whether the scope is more than one organization.
    pub has_several: bool,
    /// How many scopes the reader may choose from.
    pub scopes: u32,
    /// The downstream systems that the list may be narrowed to.
    pub connectors: Vec<ConnectorChoice>,
}

/// A customer, on the page about them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerView {
    /// The customer.
    pub id: AccountId,
    /// What they are called.
    pub name: Name,
    /// Their company.
    pub company: Option<String>,
    /// Where mail goes.
    pub email: EmailAddress,
    /// A second name to sign in with.
    pub user_name: Option<UserName>,
    /// What the reseller calls them in other books.
    pub reference: Option<String>,
    /// Who looks after them.
    pub organization: Name,
    /// The language of pages and mails.
    pub language: Language,
    /// How they stand.
    pub standing: Standing,
    /// When they were created.
    pub created_at: Moment,
    /// When they signed in last.
    pub last_sign_in_at: Option<Moment>,
    /// When the password was set; `None` when there is none yet.
    pub password_changed_at: Option<Moment>,
    /// Until when a temporary password works.
    pub password_expires_at: Option<Moment>,
    /// When the open links to a new password end, the latest first.
    pub open_links: Vec<Moment>,
    /// What the customer disputes, the latest first.
    pub disputes: Vec<Dispute>,
    /// The last mail to the customer, if no mail server took it for their address.
    pub undelivered: Option<Undelivered>,
    /// The ways in which the reader may reset the password, or why not.
    pub ways: Vec<Way>,
    /// Changes whenever what is known of the customer does: who changes it says from which state.
    pub stamp: Moment,
    /// Whether the reader may change, suspend and delete customers.
    pub may_edit: bool,
    /// The removal of the customer's second factor that waits.
    pub removal: Option<WaitingRemoval>,
    /// The change of the customer's email address that is under way.
    pub email_change: Option<WaitingEmail>,
    /// Whether the reader may ask for such a change, and stop one.
    pub may_change_email: bool,
}

/// A mail that was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undelivered {
    /// When.
    pub at: Moment,
    /// The mail, for those who may read of it in the mail log.
    pub mail: Option<MailId>,
}

/// A reset that the customer says was not theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// The dispute.
    pub id: DisputeId,
    /// When they said so.
    pub at: Moment,
    /// Whose doing it was, when it was a member of staff.
    pub operator: Option<Name>,
    /// Whether the reader may close it.
    pub may_close: bool,
}

impl CustomerView {
    /// Why a way to reset the password is not possible, if so.
    pub fn obstacle(&self, delivery: Delivery) -> Option<Obstacle> {
        self.ways.iter().find(|way| way.delivery == delivery).and_then(|way| way.obstacle)
    }

    /// Whether there is any way at all.
    pub fn has_a_way(&self) -> bool {
        self.ways.iter().any(|way| way.obstacle.is_none())
    }
}

/// What is known of a customer and staff may change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerDetails {
    /// What they are called.
    pub name: Name,
    /// Their company.
    pub company: Option<String>,
    /// What the reseller calls them in other books.
    pub reference: Option<String>,
    /// A second name to sign in with.
    pub user_name: Option<UserName>,
    /// The language of pages and mails.
    pub language: Language,
}

/// How a new customer gets the first password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstPassword {
    /// Chosen by the customer, with a link that is mailed at once.
    Invitation,
    /// Typed by staff, on the page where they reset it.
    Typed,
    /// Generated and mailed, from the page where staff reset it.
    Generated,
    /// Not yet: the customer is invited later.
    Later,
}

impl FirstPassword {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::Invitation, Self::Typed, Self::Generated, Self::Later];

    /// The word in forms.
    pub fn word(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Typed => "typed",
            Self::Generated => "generated",
            Self::Later => "later",
        }
    }

    /// The way of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.word() == word)
    }

    /// What staff do next to give the customer a password, if they do.
    pub fn delivery(self) -> Option<Delivery> {
        match self {
            Self::Typed => Some(Delivery::Typed),
            Self::Generated => Some(Delivery::Generated),
            Self::Invitation | Self::Later => None,
        }
    }
}

/// What the form for a new customer needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCustomerView {
    /// Organizations that may be chosen, each directly above those below it.
    pub organizations: Vec<Scope>,
    /// The one that is chosen at first.
    pub chosen: OrganizationId,
    /// The language that is chosen at first.
    pub language: Language,
    /// Days for which an invitation works.
    pub invitation_days: u32,
    /// Why the chosen organization's policy lets nobody type a password, if so.
    pub typed: Option<Obstacle>,
    /// Why none can be generated and mailed, if so.
    pub generated: Option<Obstacle>,
    /// Whether mail can be sent at all.
    pub sends_mail: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_wire() {
        for state in CustomerState::ALL {
            assert_eq!(serde_json::to_value(state).expect("serializes"), state.word());
            assert_eq!(CustomerState::from_word(state.word()), Some(state));
        }
        for order in CustomerOrder::ALL {
            assert_eq!(serde_json::to_value(order).expect("serializes"), order.word());
            assert_eq!(CustomerOrder::from_word(order.word()), Some(order));
        }
        for way in FirstPassword::ALL {
            assert_eq!(serde_json::to_value(way).expect("serializes"), way.word());
            assert_eq!(FirstPassword::from_word(way.word()), Some(way));
        }
    }

    #[test]
    fn counting_stops_at_a_thousand() {
        assert_eq!(Count::of(999), Count { number: 999, more: false });
        assert_eq!(Count::of(1_000), Count { number: 1_000, more: false });
        assert_eq!(Count::of(1_001), Count { number: 1_000, more: true });
    }
}
