//! Every text that a person reads goes through the translation layer: nothing in the markup of pages
//! is written in one language.

use std::{fs, path::Path};

/// Attributes that people read, or hear read.
const READ: [&str; 8] =
    ["aria-label", "alt", "hint", "label", "placeholder", "text", "title", "why"];

/// A word of a human language, as far as one can tell.
fn is_worded(text: &str) -> bool {
    text.split(|c: char| !c.is_alphabetic()).any(|word| word.chars().count() > 1)
}

/// The texts that stand in the markup of a file, each with its line.
fn written_out(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (begin, _) in source.match_indices("view! {") {
        let from = begin + "view! {".len();
        let mut depth = 1;
        let mut before = String::new();
        let mut rest = source[from..].char_indices();
        while let Some((place, c)) = rest.next() {
            let line = || source[..from + place].lines().count();
            // What stands before it, without the spaces between.
            let last = before.trim_end();
            let closes_tag = last.ends_with('>') && !last.ends_with("=>") && !last.ends_with("->");
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                '"' => {
                    let mut text = String::new();
                    while let Some((_, c)) = rest.next() {
                        match c {
                            '\\' => drop(rest.next()),
                            '"' => break,
                            c => text.push(c),
                        }
                    }
                    let name = last.strip_suffix('=').map(|last| {
                        let at = last.rfind(|c: char| c != '-' && !c.is_alphanumeric());
                        last[at.map_or(0, |at| at + 1)..].to_owned()
                    });
                    let is_read = match &name {
                        Some(name) => READ.contains(&name.as_str()),
                        None => closes_tag || last.ends_with('}') || last.ends_with('"'),
                    };
                    if is_read && is_worded(&text) {
                        found.push((line(), text));
                    }
                    before.push_str("\"\"");
                    continue;
                }
                c if c.is_alphabetic() && closes_tag && before.ends_with(char::is_whitespace) => {
                    found.push((line(), source[from + place..].chars().take(20).collect()));
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
            before.push(c);
        }
    }
    found
}

fn look(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // Developers read of the API in one language, that of the description it is drawn from.
        if path.ends_with("rest/reference.rs") {
            continue;
        }
        if path.is_dir() {
            look(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            let texts = written_out(&source);
            found.extend(
                texts.iter().map(|(line, text)| format!("{}:{line}: {text}", path.display())),
            );
        }
    }
}

#[test]
fn no_text_of_a_page_is_written_out_in_one_language() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    look(&root.join("app/src"), &mut found);
    look(&root.join("server/src"), &mut found);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn what_is_written_out_is_found() {
    let page = r#"view! { <p title="Hello there" class="big">"Good morning"</p> <b> Bye </b> {tr!(a.b)} " · " }"#;
    let texts: Vec<String> = written_out(page).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts.len(), 3, "{texts:?}");
}
