//! Calls: proof that a caller is the customer, and proof for the customer of who calls.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    id::VerificationId,
    permission::Permission,
    policy::{Policy, Rule},
    text::Name,
};

/// What a caller is verified for. A receipt for one thing is none for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum CallAction {
    /// A typed or generated password.
    SetPassword,
    /// The removal of a second factor that was lost.
    RemoveFactor,
    /// A new email address.
    ChangeEmail,
}

impl CallAction {
    /// Every action.
    pub const ALL: [Self; 3] = [Self::SetPassword, Self::RemoveFactor, Self::ChangeEmail];

    /// The word in forms.
    pub fn word(self) -> &'static str {
        match self {
            Self::SetPassword => "set_password",
            Self::RemoveFactor => "remove_factor",
            Self::ChangeEmail => "change_email",
        }
    }

    /// The action that is meant by a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }

    /// What verifying a caller for it takes.
    pub fn permission(self) -> Permission {
        match self {
            Self::SetPassword => Permission::VerifyCallers,
            Self::RemoveFactor => Permission::RemoveFactors,
            Self::ChangeEmail => Permission::ChangeEmail,
        }
    }

    /// Whether callers are verified for it, under these rules.
    pub fn rule(self, policy: &Policy) -> CallerRule {
        match self {
            Self::SetPassword => CallerRule::of(policy.get(Rule::CallerVerification)),
            // Without the factor nothing but a password, or a mailbox, stands in the way; whoever
            // reads another mailbox gets every link from then on.
            Self::RemoveFactor | Self::ChangeEmail => CallerRule::Required,
        }
    }

    /// The ways in which a code for it reaches the one who is called.
    pub fn methods(self) -> &'static [CallMethod] {
        match self {
            Self::SetPassword | Self::ChangeEmail => &[CallMethod::Mail, CallMethod::Account],
            // Whoever is signed in has the factor, or sits at somebody else's browser.
            Self::RemoveFactor => &[CallMethod::Mail],
        }
    }
}

/// How the code that the caller reads back reaches the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum CallMethod {
    /// By mail to the stored address.
    Mail,
    /// On the account's own pages, for somebody who is signed in.
    Account,
}

impl CallMethod {
    /// The word in forms.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Account => "account",
        }
    }

    /// The method that is meant by a word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Mail, Self::Account].into_iter().find(|method| method.word() == word)
    }
}

/// Whether callers are verified, as the policy wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallerRule {
    /// Not here.
    Off,
    /// Whoever wants to.
    Offered,
    /// Before it is done.
    Required,
}

impl CallerRule {
    /// From the value of [`crate::policy::Rule::CallerVerification`].
    pub fn of(value: i64) -> Self {
        match value {
            ..=0 => Self::Off,
            1 => Self::Offered,
            2.. => Self::Required,
        }
    }
}

/// What the desk knows about the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerCheck {
    /// What the caller is verified for.
    pub action: CallAction,
    /// What the policy wants.
    pub rule: CallerRule,
    /// The stored address, masked.
    pub email: String,
    /// Whether a code can be mailed.
    pub mails: bool,
    /// The code that is on its way, if one is.
    pub open: Option<OpenCheck>,
    /// Until when the caller counts as verified, if they do.
    pub verified_until: Option<Moment>,
}

/// A code on its way to the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCheck {
    /// How it reaches them.
    pub method: CallMethod,
    /// Words by which the customer knows who calls.
    pub words: String,
    /// Until when it can be read back.
    pub expires_at: Moment,
}

/// Somebody who says to be on the phone with the reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Which call.
    pub id: VerificationId,
    /// What it is about.
    pub action: CallAction,
    /// Who it is.
    pub operator: Name,
    /// Whom they work for.
    pub organization: Name,
    /// Words that they know, too.
    pub words: String,
    /// The code to read out, when it is not mailed.
    pub code: Option<String>,
    /// Until when it can be read back.
    pub expires_at: Moment,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_ordered_by_strictness() {
        let rules: Vec<CallerRule> = (-1..4).map(CallerRule::of).collect();
        assert!(rules.is_sorted());
        assert_eq!(rules[1..4], [CallerRule::Off, CallerRule::Offered, CallerRule::Required]);
    }

    #[test]
    fn actions_have_words_and_ways() {
        for action in CallAction::ALL {
            assert_eq!(CallAction::from_word(action.word()), Some(action));
            assert_eq!(serde_json::to_value(action).expect("serializes"), action.word());
            assert!(action.methods().contains(&CallMethod::Mail));
        }
    }

    #[test]
    fn methods_have_words() {
        for method in [CallMethod::Mail, CallMethod::Account] {
            assert_eq!(CallMethod::from_word(method.word()), Some(method));
        }
    }
}
