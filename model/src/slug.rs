//! The word by which an address names a front door: `/s/{slug}`.

use serde::{Deserialize, Serialize};

use crate::refusal::Problem;

/// Fewest characters.
pub const SHORTEST_SLUG: usize = 3;
/// Most characters.
pub const LONGEST_SLUG: usize = 40;

/// Words that would be taken for something else: for a part of the product, for the site that has
/// no word, or for those who run the server.
const RESERVED: [&str; 22] = [
    "account",
    "admin",
    "api",
    "assets",
    "audit",
    "customers",
    "default",
    "demo",
    "forgot",
    "health",
    "help",
    "login",
    "metrics",
    "organization",
    "organizations",
    "public",
    "rekey",
    "reset",
    "resets",
    "static",
    "support",
    "www",
];

/// Lower-case letters, digits and hyphens, 3 to 40 of them, with no hyphen at either end, and none
/// of the words that mean something else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

impl Slug {
    /// Trims, lower-cases and checks.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim().to_lowercase();
        if text.is_empty() {
            return Err(Problem::Required);
        }
        let fits = (SHORTEST_SLUG..=LONGEST_SLUG).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if !fits {
            Err(Problem::NotASlug)
        } else if RESERVED.contains(&text.as_str()) {
            Err(Problem::SlugReserved)
        } else {
            Ok(Self(text))
        }
    }

    /// A word made from a name, if there are enough letters in it that addresses have.
    pub fn proposed(name: &str) -> Option<Self> {
        let mut text = String::new();
        for letter in name.to_lowercase().chars() {
            match plain(letter) {
                Some(plain) => text.push_str(plain),
                None if letter.is_ascii_alphanumeric() => text.push(letter),
                // One hyphen between words, whatever stands there.
                None if text.ends_with('-') || text.is_empty() => {}
                None => text.push('-'),
            }
        }
        // What was made of letters is ASCII.
        text.truncate(LONGEST_SLUG);
        Self::parse(text.trim_end_matches('-')).ok()
    }

    /// The same word with a number behind it, for when somebody else has it.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        let end = format!("-{number}");
        let room = LONGEST_SLUG - end.len();
        let begin = &self.0[..self.0.len().min(room)];
        Self(format!("{}{end}", begin.trim_end_matches('-')))
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How letters are written where there are only those of ASCII.
fn plain(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à' | 'á' | 'â' | 'ã' | 'ą' => "a",
        'ä' | 'æ' => "ae",
        'å' => "aa",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ě' | 'ę' => "e",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'ł' | 'ľ' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ő' => "o",
        'ö' | 'ø' | 'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ş' => "s",
        'ß' => "ss",
        'ť' | 'ţ' => "t",
        'ù' | 'ú' | 'û' | 'ů' | 'ű' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        // A word is not torn apart by what stands within it.
        '\'' | '’' => "",
        _ => return None,
    })
}

impl std::fmt::Display for Slug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Slug {
    type Error = Problem;
    fn try_from(text: String) -> Result<Self, Problem> {
        Self::parse(&text)
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_an_address_can_begin_with() {
        for text in ["contoso", "fjord-it", " Fjord-IT ", "abc", "4you", &"a".repeat(40)] {
            assert!(Slug::parse(text).is_ok(), "{text}");
        }
        for text in ["ab", "a b c", "-abc", "abc-", "fjörd", "a/b/c", "..", &"a".repeat(41)] {
            assert_eq!(Slug::parse(text), Err(Problem::NotASlug), "{text}");
        }
        assert_eq!(Slug::parse(" "), Err(Problem::Required));
        for text in RESERVED {
            assert_eq!(Slug::parse(text), Err(Problem::SlugReserved), "{text}");
        }
    }

    #[test]
    fn a_word_is_made_from_a_name() {
        let proposed = |name| Slug::proposed(name).map(String::from);
        for (name, word) in [
            ("Fjord IT", "fjord-it"),
            ("  Müller & Söhne GmbH ", "mueller-soehne-gmbh"),
            ("O’Brien’s Backup", "obriens-backup"),
            ("Café (Łódź)", "cafe-lodz"),
        ] {
            assert_eq!(proposed(name).as_deref(), Some(word));
        }
        for name in ["", "東京", "IT", "Support", "- - -"] {
            assert_eq!(proposed(name), None, "{name}");
        }
        let long = proposed(&"harbour ".repeat(20)).unwrap();
        assert!(long.len() <= LONGEST_SLUG && !long.ends_with('-'), "{long}");
    }

    #[test]
    fn a_number_keeps_it_a_word() {
        let slug = Slug::parse(&"a".repeat(40)).unwrap();
        for number in [2, 99, u32::MAX] {
            let numbered = slug.numbered(number);
            assert_eq!(Slug::parse(numbered.as_str()), Ok(numbered));
        }
        assert_eq!(Slug::parse("fjord-it").unwrap().numbered(2).as_str(), "fjord-it-2");
    }
}
