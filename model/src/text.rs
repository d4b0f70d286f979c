//! Text that cannot be wrong once it is parsed.

use serde::{Deserialize, Serialize};

use crate::refusal::Problem;

/// Longest accepted email address (RFC 5321, 4.5.3.1.3, less the angle brackets).
pub const LONGEST_EMAIL: usize = 254;
/// Longest accepted user name, in characters.
pub const LONGEST_USER_NAME: usize = 32;
/// Shortest accepted user name, in characters.
pub const SHORTEST_USER_NAME: usize = 3;
/// Longest accepted name of a person or an organization, in characters.
pub const LONGEST_NAME: usize = 120;

macro_rules! parsed_text {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text as it was parsed.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Problem;
            fn try_from(text: String) -> Result<Self, Problem> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> String {
                text.0
            }
        }
    )*};
}

parsed_text! {
    /// An email address: one mailbox, nothing that could end a mail header or name a second one.
    EmailAddress;
    /// A user name: lower-case letters, digits and `. _ -`, never an `@`, so that it cannot be
    /// taken for an email address.
    UserName;
    /// What a person or an organization is called.
    Name;
}

impl EmailAddress {
    /// Trims and checks; the letters stay as they were typed.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Problem::Required);
        }
        if text.len() > LONGEST_EMAIL {
            return Err(Problem::TooLong { max: 254 });
        }
        let (local, domain) = text.rsplit_once('@').ok_or(Problem::NotAnEmail)?;
        let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-.".contains(c);
        let local_fits = (1..=64).contains(&local.len())
            && local.chars().all(atom)
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        let label_fits = |label: &str| {
            (1..=63).contains(&label.len())
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if local_fits && domain.contains('.') && domain.split('.').all(label_fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Problem::NotAnEmail)
        }
    }

    /// Enough to recognise one's own address, too little to learn another's:
    /// `casey@acme.example` becomes `c•••y@acme.example`.
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let mut letters = local.chars();
        let first = letters.next().unwrap_or('•');
        match letters.next_back() {
            Some(last) if local.chars().count() > 3 => format!("{first}•••{last}@{domain}"),
            _ => format!("{first}•••@{domain}"),
        }
    }
}

impl UserName {
    /// Trims, lower-cases and checks.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim().to_lowercase();
        if text.is_empty() {
            return Err(Problem::Required);
        }
        let fits = (SHORTEST_USER_NAME..=LONGEST_USER_NAME).contains(&text.len())
            && text
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c))
            && text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if fits { Ok(Self(text)) } else { Err(Problem::NotAUserName) }
    }
}

impl Name {
    /// Trims and checks; refuses characters that cannot be seen or that end a line.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Problem::Required);
        }
        if text.chars().count() > LONGEST_NAME {
            return Err(Problem::TooLong { max: 120 });
        }
        if text.chars().any(is_unseen) {
            return Err(Problem::UnseenCharacters);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Longest reason, in characters.
pub const LONGEST_REASON: usize = 500;
/// Longest number of a ticket, in characters.
pub const LONGEST_TICKET: usize = 60;
/// Longest reference of a customer, in characters.
pub const LONGEST_REFERENCE: usize = 60;

/// A remark of one line: trimmed, without characters that cannot be seen; `None` when there is
/// none.
pub fn remark(text: &str, longest: usize) -> Result<Option<String>, Problem> {
    // What ends a line in a field of several is a space here.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() > longest {
        return Err(Problem::TooLong { max: u32::try_from(longest).unwrap_or(u32::MAX) });
    }
    if text.chars().any(is_unseen) {
        return Err(Problem::UnseenCharacters);
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// U+2028/9 end lines; U+202A–E and U+2066–9 reorder the text around them.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The one form of a sign-in name (email address or user name) that finds and counts:
/// trimmed and lower-cased. `portal` normalises it to NFKC before.
pub fn canonical_sign_in_name(text: &str) -> String {
    text.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accepts_real_addresses() {
        for text in [
            "casey@acme.example",
            "  Casey.O'Neil+tag@mail.acme.example ",
            "info@müller.example",
            "x@xn--mller-kva.example",
        ] {
            assert_eq!(EmailAddress::parse(text).map(String::from), Ok(text.trim().to_owned()));
        }
    }

    #[test]
    fn refuses_what_is_no_mailbox() {
        for text in [
            "casey",
            "@acme.example",
            "casey@",
            "casey@acme",
            "a b@acme.example",
            "a@b@acme.example",
            ".a@acme.example",
            "a..b@acme.example",
            "a@-acme.example",
            "a@acme..example",
            "a,b@acme.example",
            "<a@acme.example>",
            "\"a b\"@acme.example",
            "a@acme.example\r\nBcc: b@acme.example",
            "a\0@acme.example",
        ] {
            assert_eq!(EmailAddress::parse(text), Err(Problem::NotAnEmail), "{text:?}");
        }
        assert_eq!(EmailAddress::parse("  "), Err(Problem::Required));
        let long = format!("a@{}.example", "b.".repeat(150));
        assert_eq!(EmailAddress::parse(&long), Err(Problem::TooLong { max: 254 }));
    }

    #[test]
    fn a_remark_is_one_line() {
        assert_eq!(remark("  lost  the\r\nphone ", 500), Ok(Some("lost the phone".to_owned())));
        assert_eq!(remark(" \n ", 500), Ok(None));
        assert_eq!(remark("a\0b", 500), Err(Problem::UnseenCharacters));
        assert_eq!(remark("\u{202e}drowssap", 500), Err(Problem::UnseenCharacters));
        assert_eq!(remark(&"x".repeat(501), 500), Err(Problem::TooLong { max: 500 }));
    }

    #[test]
    fn masks_the_middle() {
        let masked = |text: &str| EmailAddress::parse(text).map(|email| email.masked());
        assert_eq!(masked("casey@acme.example").as_deref(), Ok("c•••y@acme.example"));
        assert_eq!(masked("bo@acme.example").as_deref(), Ok("b•••@acme.example"));
    }

    proptest! {
        #[test]
        fn a_parsed_address_stays_parsed_and_is_one_header_safe_line(text in "\\PC{0,40}@\\PC{0,40}") {
            if let Ok(email) = EmailAddress::parse(&text) {
                prop_assert_eq!(EmailAddress::parse(email.as_str()), Ok(email.clone()));
                prop_assert!(!email.as_str().contains(|c: char| c.is_control() || c.is_whitespace() || "<>,;:\"".contains(c)));
                prop_assert_eq!(email.as_str().matches('@').count(), 1);
            }
        }

        #[test]
        fn a_user_name_is_its_own_canonical_form(text in "[ A-Za-z0-9._@-]{0,40}") {
            if let Ok(name) = UserName::parse(&text) {
                prop_assert_eq!(canonical_sign_in_name(name.as_str()), name.as_str());
                prop_assert!(!name.as_str().contains('@'));
            }
        }

        #[test]
        fn a_name_has_no_unseen_characters(text in "(?s).{0,150}") {
            if let Ok(name) = Name::parse(&text) {
                prop_assert!(!name.as_str().chars().any(char::is_control));
                prop_assert!(name.as_str().chars().count() <= LONGEST_NAME);
            }
        }
    }
}
