//! Accounts: those who sign in.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    email::WaitingEmail,
    factor::{Factors, WaitingRemoval},
    id::{AccountId, SessionId},
    text::{EmailAddress, Name, UserName},
};

/// Whose side an account is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// Works for an organization.
    Staff,
    /// Is looked after by one.
    Customer,
}

/// What a member of staff may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, including other owners.
    Owner,
    /// Everything but owners.
    Admin,
    /// The help desk: customers and their resets.
    Agent,
    /// Reads.
    Auditor,
}

/// Whether an account is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// In use.
    Active,
    /// Set aside by staff; a reset does not bring it back.
    Suspended,
}

/// Why an account is locked. A reset opens every lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum Lock {
    /// Too many wrong passwords; opens by itself.
    Failures,
    /// Staff locked it; stays until a reset.
    Staff,
    /// Its owner said "this wasn't me"; stays until a reset.
    Dispute,
}

/// A language that Rekey speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
}

impl Language {
    /// Every language, the first one being the fallback.
    pub const ALL: [Self; 4] = [Self::En, Self::De, Self::Fr, Self::Es];

    /// The language tag (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
            Self::Es => "es",
        }
    }

    /// Its own name for itself.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::De => "Deutsch",
            Self::Fr => "Français",
            Self::Es => "Español",
        }
    }

    /// The language of a tag such as `de-AT`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?.trim();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The best one of some languages for an `Accept-Language` header (RFC 9110, 12.5.4).
    pub fn negotiate(header: &str, spoken: &[Self]) -> Option<Self> {
        let mut wanted: Vec<(f32, usize, Self)> = header
            .split(',')
            .take(32)
            .enumerate()
            .filter_map(|(place, item)| {
                let mut parts = item.split(';');
                let language = Self::from_tag(parts.next()?)?;
                let quality = parts
                    .find_map(|part| part.trim().strip_prefix("q="))
                    .map_or(Some(1.0), |q| q.parse().ok())?;
                let is_one = quality > 0.0 && spoken.contains(&language);
                is_one.then_some((quality, place, language))
            })
            .collect();
        wanted.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        wanted.first().map(|(_, _, language)| *language)
    }
}

/// Who is signed in, as much as every page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The account.
    pub id: AccountId,
    /// Staff or customer.
    pub kind: AccountKind,
    /// The role of staff.
    pub role: Option<Role>,
    /// What they are called.
    pub name: Name,
    /// What their organization is called.
    pub organization: Name,
    /// The language they chose.
    pub language: Language,
    /// Their second factors, one of which a proof of theirs needs then.
    pub factors: Factors,
    /// When they have none and need one from a day on.
    pub factor_due: Option<FactorDue>,
    /// The removal of their second factor that staff asked for, as long as it waits.
    pub removal: Option<WaitingRemoval>,
    /// The change of their email address that is under way.
    pub email_change: Option<WaitingEmail>,
    /// Their accounts in other systems that have another password than this portal, or may have: what
    /// the system is called, and the account's name there.
    pub differing: Vec<(Name, String)>,
}

/// From when on somebody needs a second factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorDue {
    /// The beginning of that day.
    pub from: Moment,
    /// Days until then, begun ones counted whole.
    pub days: u64,
}

/// One's own profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// What one is called.
    pub name: Name,
    /// Where mail goes; changed by its own protocol only.
    pub email: EmailAddress,
    /// A second name to sign in with.
    pub user_name: Option<UserName>,
    /// The language of pages and mails.
    pub language: Language,
}

/// One browser one is signed in with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// The session.
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub current: bool,
    /// Browser and system, as far as the browser told.
    pub device: Device,
    /// Network address of the last use.
    pub address: String,
    /// When it began.
    pub signed_in_at: Moment,
    /// When it was last used, to the minute.
    pub last_used_at: Moment,
}

/// Browser and system of a device, both possibly unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Device {
    /// Such as `Firefox`.
    pub browser: Option<String>,
    /// Such as `Windows`.
    pub system: Option<String>,
}

/// What security pages show of one's password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordView {
    /// The name to sign in with, for password managers.
    pub sign_in_name: EmailAddress,
    /// When it was last changed; `None` for an account that never had one.
    pub changed_at: Option<Moment>,
    /// What a new one must be like.
    pub rules: PasswordRules,
    /// The second factors, one of which changing it needs as well.
    pub factors: Factors,
}

/// What the page of a forced change shows: a temporary password was typed, and another one must
/// take its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForcedChange {
    /// The name to sign in with, for password managers.
    pub sign_in_name: EmailAddress,
    /// What the new one must be like.
    pub rules: PasswordRules,
}

/// What a new password must be like, as told before one types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordRules {
    /// Fewest characters.
    pub shortest: u32,
    /// Most characters.
    pub longest: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_wanted_language_wins() {
        for (header, language) in [
            ("de", Some(Language::De)),
            ("de-AT,de;q=0.9,en;q=0.8", Some(Language::De)),
            ("it,en;q=0.5,de;q=0.7", Some(Language::De)),
            ("fr-CA,en;q=0.5", Some(Language::Fr)),
            ("es-MX", Some(Language::Es)),
            ("en-GB,de", Some(Language::En)),
            ("de;q=0,en;q=0.1", Some(Language::En)),
            ("it, *", None),
            (";;q=,de;q=x", None),
            ("", None),
        ] {
            assert_eq!(Language::negotiate(header, &Language::ALL), language, "{header:?}");
        }
    }
}
