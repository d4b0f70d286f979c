//! The words of letters: which of them an organization may choose, and what stays Rekey's.

use serde::{Deserialize, Serialize};

use crate::{
    account::Language,
    organization::{Acting, Door},
};

/// Longest subject of a letter, as it is typed, in characters.
pub const LONGEST_SUBJECT: usize = 1_500;
/// Longest text of a letter, as it is typed, in characters.
pub const LONGEST_LETTER: usize = 6_000;

/// What a letter is for: it stands in the text on a line of its own, and Rekey puts it there when the
/// letter is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// The link that is to be followed.
    Link,
    /// A password.
    Password,
    /// A code to read out.
    Code,
    /// The two words by which a caller is known.
    WordPair,
}

impl Piece {
    /// Every piece.
    pub const ALL: [Self; 4] = [Self::Link, Self::Password, Self::Code, Self::WordPair];

    /// The name that stands for it in the text.
    pub fn word(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Password => "password",
            Self::Code => "code",
            Self::WordPair => "word_pair",
        }
    }

    /// The piece that a name stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|piece| piece.word() == word)
    }

    /// The line that it is in the text.
    pub fn line(self) -> String {
        format!("{{{{ {} }}}}", self.word())
    }
}

/// The letters of a front door, and which of them have words of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LettersView {
    /// The organization, and what the viewer may do there.
    pub acting: Acting,
    /// Where the front door is.
    pub door: Door,
    /// The letters; `None` if the front door is another organization's.
    pub rows: Option<Vec<LetterRow>>,
}

/// One letter of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterRow {
    /// The word of its kind.
    pub kind: String,
    /// The languages in which it has words of the organization's own.
    pub own: Vec<Language>,
}

/// How a letter would look, with sample data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterLook {
    /// Its subject.
    pub subject: String,
    /// Its HTML.
    pub html: String,
}

/// A letter in one language, to be written anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterView {
    /// The organization, and what the viewer may do there.
    pub acting: Acting,
    /// The word of its kind.
    pub kind: String,
    /// In which language.
    pub language: Language,
    /// Whether it has words of the organization's own.
    pub own: bool,
    /// Its subject, as it is typed.
    pub subject: String,
    /// The same as it is in the preview.
    pub shown: String,
    /// Its text, as it is typed.
    pub text: String,
    /// What has to stand in the text.
    pub pieces: Vec<Piece>,
    /// What may stand in it, each with what it is in the preview.
    pub names: Vec<(String, String)>,
}
