//! Keys by which programs use the API.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    id::{ApiKeyId, OrganizationId},
    organization::Acting,
    permission::Permission,
    text::Name,
    wire::from_word,
};

/// Days that a key works when nobody says otherwise.
pub const KEY_DAYS: u32 = 90;
/// Days that a key works at most.
pub const LONGEST_KEY_DAYS: u32 = 365;
/// Keys that work, of one organization.
pub const MOST_KEYS: usize = 50;
/// Keys that are listed at once.
pub const KEYS_LISTED: usize = 200;

impl Permission {
    /// What a key may be given: nothing that takes a person. In the order in which it is offered.
    pub const OF_KEYS: [Self; 4] =
        [Self::ReadCustomers, Self::EditCustomers, Self::SendLink, Self::ReadAudit];

    /// The permission of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        from_word(word)
    }
}

impl std::fmt::Display for Permission {
    /// The word on the wire.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(f)
    }
}

/// Why a key works no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum KeyEnd {
    /// Its time was over.
    Expired,
    /// Staff revoked it.
    Revoked,
    /// Whoever made it was suspended, or may make keys no more.
    Maker,
    /// The organization, or one above it, was suspended.
    Organization,
    /// The database was restored from a backup.
    Restored,
}

impl KeyEnd {
    /// The end of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        from_word(word)
    }

    /// The word in audit entries.
    pub fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Maker => "maker",
            Self::Organization => "organization",
            Self::Restored => "restored",
        }
    }
}

/// Whether a key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// It does.
    Works,
    /// Not any more.
    Ended(KeyEnd),
}

/// A key, as staff see it. It never holds the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRow {
    /// The key.
    pub id: ApiKeyId,
    /// What it is called.
    pub name: Name,
    /// How it begins: enough to tell it from others.
    pub shown: String,
    /// Of which organization, and all below it.
    pub organization: Name,
    /// What it may do.
    pub permissions: Vec<Permission>,
    /// Who made it.
    pub made_by: Name,
    /// When it was made.
    pub created_at: Moment,
    /// When its time is over.
    pub expires_at: Moment,
    /// When it was used last, give or take a minute.
    pub last_used_at: Option<Moment>,
    /// Whether it works.
    pub state: KeyState,
}

/// The keys of an organization and of all below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysView {
    /// Whose.
    pub acting: Acting,
    /// The keys: those that work first, the newest of them first.
    pub keys: Vec<KeyRow>,
    /// What the reader may give to a key.
    pub choices: Vec<Permission>,
}

/// A key that was made. It is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyMade {
    /// The key.
    pub id: ApiKeyId,
    /// Whose.
    pub organization: OrganizationId,
    /// What programs send.
    pub key: String,
}

impl std::fmt::Debug for KeyMade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyMade").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A key that was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRevoked {
    /// The key.
    pub id: ApiKeyId,
    /// Whose.
    pub organization: OrganizationId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_wire() {
        for permission in Permission::ALL {
            assert_eq!(Permission::from_word(&permission.to_string()), Some(permission));
        }
        for end in [
            KeyEnd::Expired,
            KeyEnd::Revoked,
            KeyEnd::Maker,
            KeyEnd::Organization,
            KeyEnd::Restored,
        ] {
            assert_eq!(serde_json::to_value(end).expect("serializes"), end.word());
        }
    }

    #[test]
    fn no_key_sets_a_password_or_minds_other_peoples_business() {
        for permission in [
            Permission::SetPassword,
            Permission::VerifyCallers,
            Permission::CloseDisputes,
            Permission::ManageStaff,
            Permission::RemoveFactors,
            Permission::ChangeEmail,
            Permission::EditApiKeys,
        ] {
            assert!(!Permission::OF_KEYS.contains(&permission));
        }
    }

    #[test]
    fn keys_do_not_print() {
        let id = uuid::Uuid::nil();
        let made = KeyMade {
            id: ApiKeyId(id),
            organization: OrganizationId(id),
            key: "rk_0_hunter2".into(),
        };
        assert!(!format!("{made:?}").contains("hunter2"));
    }
}
