//! Names as they are looked for and ordered by: without case, accents and punctuation.

use model::{customer::SHORTEST_SEARCH, id::OrganizationId};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The words of a text: letters without accents in lower case, and digits.
pub(crate) fn words(text: &str) -> Vec<String> {
    let plain: String = text.nfkd().filter(|c| !is_combining_mark(*c)).collect();
    plain
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// What a text is ordered by. What is missing comes last.
pub(crate) fn key(text: Option<&str>) -> String {
    let words = words(text.unwrap_or_default());
    if words.is_empty() { "\u{10ffff}".to_owned() } else { words.join(" ") }
}

/// What somebody is found by: every word of these texts, each with a space before it.
pub(crate) fn searchable<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    texts.into_iter().flat_map(words).fold(String::new(), |all, word| all + " " + &word)
}

/// What has to stand in a searchable text for what somebody typed, a part for each word: the
/// beginning of a word for one or two characters, any part of a word for more. None of fewer than
/// two characters, nor of single letters.
pub(crate) fn parts(typed: &str) -> Vec<String> {
    let typed: String = typed.chars().take(LONGEST_TYPED).collect();
    let parts: Vec<String> = words(&typed)
        .into_iter()
        .take(MOST_WORDS)
        .map(|word| word.chars().take(LONGEST_WORD).collect::<String>())
        .map(|word| if word.chars().count() < 3 { format!(" {word}") } else { word })
        .collect();
    // Letters alone are in no index: one would read everything.
    let narrows = |part: &String| part.chars().count() > SHORTEST_SEARCH;
    if parts.iter().any(narrows) { parts } else { Vec::new() }
}

/// Every three letters in a row of a text: what an index of texts is asked for.
pub(crate) fn threes(text: &str) -> impl Iterator<Item = String> {
    let letters: Vec<char> = text.chars().collect();
    (2..letters.len()).map(move |last| letters[last - 2..=last].iter().collect())
}

/// The word of a scope in an index of texts: three characters that no text has, since they are for
/// private use (Unicode, U+E000 to U+F8FF). Of 6,400³ words two scopes may share one, so what is found
/// by it is compared with the scope itself all the same.
pub(crate) fn scope(id: OrganizationId) -> String {
    const PRIVATE: u128 = 0xF900 - 0xE000;
    let mut rest = id.0.as_u128();
    let mut word = String::new();
    for _ in 0..3 {
        let one = u32::try_from(rest % PRIVATE).unwrap_or_default();
        word.extend(char::from_u32(0xE000 + one));
        rest /= PRIVATE;
    }
    word
}

/// More words than this narrow nothing any more.
const MOST_WORDS: usize = 8;
/// Nobody's name has a longer word; what is longer only costs.
const LONGEST_WORD: usize = 64;
/// Nobody types more.
const LONGEST_TYPED: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_to_type_accents_or_capitals() {
        assert_eq!(words("Zoë MÜLLER-Łukasz, Ångström"), ["zoe", "muller", "łukasz", "angstrom"]);
        assert_eq!(key(Some("Émile  d'Arc")), "emile d arc");
        assert!(key(None) > key(Some("žluťoučký")));
    }

    #[test]
    fn beginnings_of_words_and_parts_of_them_are_both_parts_of_the_text() {
        let text = searchable(["Casey Thornton", "casey@acme.example", "AC-1029"]);
        assert_eq!(text, " casey thornton casey acme example ac 1029");
        for typed in ["ca", "Th", "orn", "CASEY acme", "ac-10", "casey@acme.example", "a thorn"] {
            let parts = parts(typed);
            assert!(!parts.is_empty(), "{typed}");
            assert!(parts.iter().all(|part| text.contains(part)), "{typed}");
        }
        for typed in ["or", "sey thorx", "xy"] {
            assert!(!parts(typed).iter().all(|part| text.contains(part)), "{typed}");
        }
        for typed in ["", "a", " - ", "ä", "a b c"] {
            assert_eq!(parts(typed), Vec::<String>::new(), "{typed}");
        }
    }
}
