//! Connectors: the downstream systems that an organization has configured, and what is known of the
//! customers' accounts there.
//!
//! Nothing here belongs to one vendor. A kind of system describes itself ([`KindView`]): its proper
//! name, and which of the [`Field`]s it asks for.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    id::{AccountId, ConnectorId, ServiceAccountId},
    organization::Acting,
    text::{EmailAddress, Name},
    wire::from_word,
};

/// Longest name of an account in a downstream system, in characters.
pub const LONGEST_SERVICE_NAME: usize = 256;
/// Longest value of a setting, in bytes.
pub const LONGEST_SETTING: usize = 1_024;
/// Accounts of a downstream system on one page of an import.
pub const IMPORTED_PER_PAGE: usize = 100;

/// Something that a kind of connector asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Where the system is: a URL.
    Address,
    /// As whom Rekey signs in there.
    User,
    /// The password that goes with it.
    Password,
    /// A key instead of both.
    ApiKey,
    /// What messages are signed with.
    SigningSecret,
    /// Below which entry of a directory accounts are looked for.
    Base,
    /// What an account's name is kept under in a directory.
    Attribute,
    /// What a new password does to encryption keys there: a [`KeyEffect`].
    Keys,
}

impl Field {
    /// Every field, in the order in which they are asked for.
    pub const ALL: [Self; 8] = [
        Self::Address,
        Self::User,
        Self::Password,
        Self::ApiKey,
        Self::SigningSecret,
        Self::Base,
        Self::Attribute,
        Self::Keys,
    ];

    /// The word in forms and in stored settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::User => "user",
            Self::Password => "password",
            Self::ApiKey => "api_key",
            Self::SigningSecret => "signing_secret",
            Self::Base => "base",
            Self::Attribute => "attribute",
            Self::Keys => "keys",
        }
    }

    /// The field of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        from_word(word)
    }

    /// Whether it is sealed, and never shown again.
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Password | Self::ApiKey | Self::SigningSecret)
    }
}

/// What a new password does to encryption keys in a downstream system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyEffect {
    /// They are wrapped anew, and what is stored can be read with the new password.
    Rewrapped,
    /// They stay as they are: what was encrypted opens with the password of that time.
    NotChanged,
    /// Nobody said.
    NotKnown,
}

impl KeyEffect {
    /// Every effect.
    pub const ALL: [Self; 3] = [Self::Rewrapped, Self::NotChanged, Self::NotKnown];

    /// The word in forms and in stored settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rewrapped => "rewrapped",
            Self::NotChanged => "not_changed",
            Self::NotKnown => "not_known",
        }
    }

    /// The effect of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        from_word(word)
    }
}

/// One thing that a kind of connector asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedView {
    /// What.
    pub field: Field,
    /// Whether it may be left empty.
    pub optional: bool,
    /// What an answer looks like.
    pub example: String,
}

/// A kind of connector, as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindView {
    /// Its word in forms.
    pub word: String,
    /// Its proper name, the same in every language.
    pub name: String,
    /// What it asks for.
    pub asks: Vec<AskedView>,
    /// Whether it can tell which accounts there are.
    pub lists: bool,
}

/// Why a downstream system does not do what it is asked to, or may not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It could not be reached.
    Unreachable,
    /// Its address is on a network that the operator has not allowed.
    AddressNotAllowed,
    /// Its certificate is not trusted.
    CertificateNotTrusted,
    /// The connection would not have been encrypted.
    NotEncrypted,
    /// It did not take Rekey's own sign-in.
    SignInRefused,
    /// Rekey's own sign-in lacks the right.
    NotPermitted,
    /// It has no such account.
    NoSuchAccount,
    /// Another account has this name by now.
    AnotherAccount,
    /// The account is suspended there.
    Suspended,
    /// The customer has not allowed resets there.
    NoConsent,
    /// The password does not keep to its rules.
    PasswordRefused,
    /// The password is too short for it.
    PasswordTooShort,
    /// The password was used there before.
    PasswordUsedBefore,
    /// It cannot take such a password, or name, at all: characters that it has no way to carry.
    NotRepresentable,
    /// It failed too often just now, and is left alone for a while.
    Resting,
    /// The connector is disabled.
    Disabled,
    /// It gave no answer in time, or the connection broke.
    NoAnswer,
    /// Its answer makes no sense.
    BadAnswer,
    /// It said that something broke on its side.
    ItsFault,
    /// It asked for patience.
    AskedToWait,
    /// The time was over in which the new password was kept for it.
    TimeOver,
    /// Something else that it refused.
    Refused,
    /// It has the new password; whether one can sign in with it could not be seen.
    NotVerified,
    /// It cannot do that at all.
    NotOffered,
}

impl Reason {
    /// The reason of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        from_word(word)
    }

    /// Whether the customer, or staff, can do something about it by trying again later.
    pub fn may_pass(self) -> bool {
        matches!(
            self,
            Self::Unreachable
                | Self::Resting
                | Self::NoAnswer
                | Self::BadAnswer
                | Self::ItsFault
                | Self::AskedToWait
        )
    }
}

impl std::fmt::Display for Reason {
    /// The word in the database: the one on the wire.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(f)
    }
}

/// What a look at a system found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// What it says it is: product and version.
    pub version: Option<String>,
    /// Accounts there.
    pub accounts: Option<u32>,
    /// Those among them that allow resets, where that is a choice.
    pub resettable: Option<u32>,
}

/// How the last look at a system ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tested {
    /// When.
    pub at: Moment,
    /// What was found, or why nothing was.
    pub outcome: Result<Found, Reason>,
}

/// What is stored in a vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vault {
    /// What it is called.
    pub name: String,
    /// Bytes that may be in it, where there is a limit.
    pub quota: Option<u64>,
    /// Bytes that are in it, where that is known.
    pub used: Option<u64>,
}

/// What a system tells of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// What it calls whoever the account is for.
    pub display_name: Option<String>,
    /// Bytes that may be stored, where there is a limit.
    pub quota: Option<u64>,
    /// Bytes that are stored.
    pub used: Option<u64>,
    /// Devices, by name.
    pub devices: Vec<String>,
    /// Devices that there may be.
    pub most_devices: Option<u32>,
    /// Where things are stored.
    pub vaults: Vec<Vault>,
    /// When somebody or something was last there.
    pub last_seen: Option<Moment>,
    /// Why its password cannot be set, if so.
    pub obstacle: Option<Reason>,
}

/// A connector among those of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorRow {
    /// The connector.
    pub id: ConnectorId,
    /// What staff and customers call the system.
    pub name: Name,
    /// The proper name of its kind.
    pub kind: String,
    /// Whether it is in use.
    pub enabled: bool,
    /// How the last look at it ended.
    pub tested: Option<Tested>,
    /// Until when it is left alone, after failing too often.
    pub rests_until: Option<Moment>,
    /// Linked accounts.
    pub accounts: u32,
}

/// The list of an organization's connectors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorsView {
    /// Whose.
    pub acting: Acting,
    /// The connectors.
    pub connectors: Vec<ConnectorRow>,
    /// What could be added.
    pub kinds: Vec<KindView>,
}

/// One connector, with its settings; secrets are never shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorView {
    /// Whose.
    pub acting: Acting,
    /// The connector.
    pub row: ConnectorRow,
    /// Its kind.
    pub kind: KindView,
    /// Its settings, by field.
    pub settings: Vec<(Field, String)>,
    /// The secrets that are set.
    pub secrets: Vec<Field>,
}

/// What a customer has in a downstream system, on the page about them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceView {
    /// The service account.
    pub id: ServiceAccountId,
    /// The connector.
    pub connector: ConnectorId,
    /// What the system is called.
    pub system: Name,
    /// The account's name there.
    pub name: String,
    /// Whether the connector is in use.
    pub enabled: bool,
    /// What the system told last, and when it was asked.
    pub overview: Option<(Overview, Moment)>,
    /// Why it could not be asked last, and when that was.
    pub trouble: Option<(Reason, Moment)>,
    /// Since when the password there is another one than here, or may be.
    pub differs_since: Option<Moment>,
}

/// A service account as a place where a new password could go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// The service account.
    pub id: ServiceAccountId,
    /// What the system is called.
    pub system: Name,
    /// The account's name there.
    pub name: String,
    /// Why the password cannot be set there, if so.
    pub obstacle: Option<Reason>,
    /// What happens to encryption keys there.
    pub keys: KeyEffect,
}

/// An account that a downstream system has, and what would be done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRow {
    /// Its name there.
    pub name: String,
    /// What it calls whoever the account is for.
    pub display_name: Option<String>,
    /// Their address there.
    pub email: Option<EmailAddress>,
    /// What would be done.
    pub plan: ImportPlan,
}

/// What is done about an account of a downstream system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportPlan {
    /// It is linked already.
    Linked(Name),
    /// It is linked to a customer who has its address, or its name as user name or reference.
    Link(AccountId, Name),
    /// Several customers could be meant.
    Ambiguous,
    /// A customer is created for it.
    Create,
    /// There is no customer, and none can be created without an address.
    NoAddress,
    /// None can be created: somebody else signs in with its address.
    Taken,
}

/// Accounts of a downstream system beside the customers they belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportView {
    /// Whose.
    pub acting: Acting,
    /// The connector.
    pub connector: ConnectorRow,
    /// The accounts, or why they could not be listed; `None` as long as a fresh proof is needed.
    pub listed: Option<Result<ImportPage, Reason>>,
}

/// Some of the accounts of a downstream system, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportPage {
    /// The accounts.
    pub rows: Vec<ImportRow>,
    /// How many there are in all.
    pub total: u32,
    /// How many of them come before these.
    pub before: u32,
    /// The name of the last one of these, if others follow.
    pub next: Option<String>,
}

/// What became of some of the accounts of a downstream system.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Accounts that were linked to customers.
    pub linked: u32,
    /// Accounts that customers were created for.
    pub created: u32,
    /// Accounts that stay as they are: several customers, or none, could be meant, or a name is
    /// taken.
    pub left_out: u32,
    /// The name of the last account that was looked at, if others follow.
    pub next: Option<String>,
}

/// A connector to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorChoice {
    /// The connector.
    pub id: ConnectorId,
    /// What the system is called.
    pub name: Name,
}

/// What a customer has in downstream systems, and what the reader may do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicesView {
    /// The service accounts.
    pub services: Vec<ServiceView>,
    /// The connectors through which the reader may link further ones.
    pub choices: Vec<ConnectorChoice>,
    /// Whether the reader may unlink them.
    pub may_unlink: bool,
    /// Whether the reader proved their own password a short while ago.
    pub stepped_up: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_wire() {
        for field in Field::ALL {
            assert_eq!(Field::from_word(field.word()), Some(field));
        }
        for keys in KeyEffect::ALL {
            assert_eq!(KeyEffect::from_word(keys.word()), Some(keys));
        }
        assert_eq!(Reason::NoConsent.to_string(), "no_consent");
        assert_eq!(Reason::from_word("no_consent"), Some(Reason::NoConsent));
    }
}
