//! Puts letters into words: the templates of `portal/emails/`, compiled in.
//!
//! A letter's folder holds `subject.txt`, `text.txt` and `body.html` per language. What letters
//! share is in `layout.html`, `parts.html`, `layout.txt` and `words/{language}.txt`. An undefined
//! variable is an error, and what a value contains is never taken for a template.

use anyhow::Context;
use minijinja::{
    AutoEscape, Environment, Output, State, UndefinedBehavior, syntax::SyntaxConfig, value::Serde,
};
use model::{Moment, account::Language, text::EmailAddress};
use serde_json::{Map, Value, json};

use super::{
    Rendered,
    color::Accent,
    letter::{Brand, Letter, LetterKind, WORDS},
    own::{self, OwnWords},
};

/// What letters share.
const SHARED: &[(&str, &str)] = &[
    ("layout.html", include_str!("../../emails/layout.html")),
    ("parts.html", include_str!("../../emails/parts.html")),
    ("layout.txt", include_str!("../../emails/layout.txt")),
    ("own.html", include_str!("../../emails/own.html")),
    ("own.txt", include_str!("../../emails/own.txt")),
    ("words/en.txt", include_str!("../../emails/words/en.txt")),
    ("words/de.txt", include_str!("../../emails/words/de.txt")),
    ("words/fr.txt", include_str!("../../emails/words/fr.txt")),
    ("words/es.txt", include_str!("../../emails/words/es.txt")),
];

/// Instructions a template may take: about twenty times what the longest letter needs.
const FUEL: u64 = 50_000;

/// Longest line of the text part, in characters; links and facts may be longer.
pub(super) const COLUMNS: usize = 76;

/// Values that are to be taken as they are; all others pass [`without_links`].
const VERBATIM: [&str; 5] = ["link", "dispute_link", "forgot_link", "login_link", "address"];

/// The templates, as text. Those of one letter are compiled when it is written, and forgotten with it:
/// all of them together, compiled, would be eight megabytes that an idle server holds.
pub(super) struct Templates(SyntaxConfig);

impl Templates {
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?))
    }

    /// A letter as it is delivered, or in an organization's own words.
    pub(super) fn render(
        &self,
        kind: LetterKind,
        language: Language,
        brand: &Brand,
        data: &Value,
        words: Option<&OwnWords>,
    ) -> anyhow::Result<Rendered> {
        let folder = format!("{}/{}/", kind.as_str(), language.tag());
        let environment = self.of_letter(&folder, language)?;
        let mut values = context(language, brand, kind, data)?;
        let Some(words) = words else {
            let values = minijinja::Value::from(Serde(values));
            let part = |part: &str| rendered(&environment, &format!("{folder}{part}"), &values);
            return Ok(Rendered {
                subject: one_line(&part("subject.txt")?),
                text: reflowed(&part("text.txt")?),
                html: part("body.html")?,
            });
        };
        let body = words.body(kind, &seen(&environment, language, &values)?)?;
        let subject = body.subject.clone();
        // What the letter is about is said by its heading, which the part without markup lacks.
        let title = title(&environment, &format!("{folder}body.html"), &values)?;
        values.insert("title".into(), title.into());
        values.insert("own".into(), serde_json::to_value(body).context("own words")?);
        let mut part = |of: &str, part: &str| {
            values.insert("base".into(), format!("{folder}{of}").into());
            rendered(&environment, part, &minijinja::Value::from(Serde(&values)))
        };
        let text = reflowed(&part("text.txt", "own.txt")?);
        Ok(Rendered { subject, text, html: part("body.html", "own.html")? })
    }

    /// What the words of a letter may name, and what that is in this one.
    pub(super) fn seen(
        &self,
        kind: LetterKind,
        language: Language,
        brand: &Brand,
        data: &Value,
    ) -> anyhow::Result<Value> {
        let environment = self.of_letter("-", language)?;
        seen(&environment, language, &context(language, brand, kind, data)?)
    }

    /// The templates of one letter, and what it shares with others in its language.
    fn of_letter(&self, folder: &str, language: Language) -> anyhow::Result<Environment<'static>> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_syntax(self.0.clone());
        environment.set_formatter(format);
        environment.add_filter("civil", civil);
        environment.add_filter("pad", pad);
        let words = format!("words/{}.txt", language.tag());
        let shared =
            SHARED.iter().filter(|(name, _)| !name.starts_with("words/") || *name == words);
        let own = WORDS.iter().filter(|(name, _)| name.starts_with(folder));
        for (name, text) in shared.chain(own) {
            environment.add_template(name, text).with_context(|| format!("emails/{name}"))?;
        }
        Ok(environment)
    }
}

fn rendered(
    environment: &Environment<'_>,
    name: &str,
    values: &minijinja::Value,
) -> anyhow::Result<String> {
    // The error's chain could quote values; its kind and place do not.
    environment.get_template(name)?.render(values).map_err(|error| {
        anyhow::anyhow!(
            "emails/{}, line {}: {}",
            error.name().unwrap_or(name),
            error.line().unwrap_or_default(),
            error.kind()
        )
    })
}

/// The heading of a letter, as text.
fn title(
    environment: &Environment<'_>,
    name: &str,
    values: &Map<String, Value>,
) -> anyhow::Result<String> {
    let title = environment
        .get_template(name)?
        .render_captured(minijinja::Value::from(Serde(values)))
        .and_then(|mut letter| letter.with_state_mut(|state| state.render_block("title")))
        .map_err(|error| anyhow::anyhow!("the heading of emails/{name}: {}", error.kind()))?;
    // As `format` escapes it.
    let signs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    Ok(one_line(&signs.iter().fold(title, |title, (from, to)| title.replace(from, to))))
}

/// What a template sees.
fn context(
    language: Language,
    brand: &Brand,
    kind: LetterKind,
    data: &Value,
) -> anyhow::Result<Map<String, Value>> {
    // Whatever the outbox kept, the templates meet a letter that is one.
    let (_, data) = Letter::from_parts(kind, data)?.into_parts()?;
    let mut values = match shown(&data) {
        Value::Object(values) => values,
        _ => Map::new(),
    };
    let name = without_links(&one_line(&brand.name));
    values.insert(
        "brand".into(),
        json!({
            "name": name,
            "initial": name.chars().find(|c| c.is_alphanumeric()).map(|c| c.to_uppercase().to_string()),
            "support_email": brand.support_email.as_deref().filter(|email| EmailAddress::parse(email).is_ok()),
            "logo_url": brand.logo_url.as_deref().filter(|url| is_logo(url)),
            "accent": Accent::of(brand.primary),
        }),
    );
    values.insert("language".into(), language.tag().into());
    Ok(values)
}

/// What an organization's own words see of a letter.
fn seen(
    environment: &Environment<'_>,
    language: Language,
    values: &Map<String, Value>,
) -> anyhow::Result<Value> {
    let mut told = Map::new();
    let mut tell = |name: &str, expression: &str, there: bool| {
        if there {
            let import = format!("{{% import \"words/{}.txt\" as words %}}", language.tag());
            let context = minijinja::Value::from(Serde(values));
            let text = environment
                .render_str(&format!("{import}{{{{ {expression} }}}}"), context)
                .map_err(|error| anyhow::anyhow!("{name} in words: {}", error.kind()))?;
            told.insert(name.into(), one_line(&text).into());
        }
        anyhow::Ok(())
    };
    let is_moment = |name: &str| values.get(name).is_some_and(Value::is_number);
    tell("at", "words.moment(at)", is_moment("at"))?;
    tell("until", "words.moment(until)", is_moment("until"))?;
    tell("life", "words.span(minutes)", values.contains_key("minutes"))?;
    let change = values.get("change").is_some_and(Value::is_object);
    let role = values.get("change").is_some_and(|change| change.get("role").is_some());
    tell("role", if role { "words.roles[change.role]" } else { "\"\"" }, change)?;
    Ok(own::seen(values, told))
}

/// Every text in a value on one line, without control characters, and nothing that looks like a
/// link but links.
fn shown(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(without_links(&one_line(text))),
        Value::Array(values) => values.iter().map(shown).collect(),
        Value::Object(values) => {
            let values = values.iter().map(|(key, value)| match value {
                Value::String(text) if VERBATIM.contains(&key.as_str()) => {
                    (key.clone(), Value::String(one_line(text)))
                }
                value => (key.clone(), shown(value)),
            });
            Value::Object(values.collect())
        }
        other => other.clone(),
    }
}

/// One line: every run of white space and control characters becomes a space, and characters
/// that reorder the text around them vanish.
pub(super) fn one_line(text: &str) -> String {
    let seen: String = text
        .chars()
        .filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name that mail programs will not turn into a link: somebody who calls themselves
/// `evil.example/login` must not get that link into a letter of ours. U+2060 (word joiner) is
/// invisible and ends what such programs look for.
pub(super) fn without_links(name: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        safe.push(letter);
        let inside = letters.peek().is_some_and(|next| !next.is_whitespace());
        if inside && matches!(letter, '.' | '@' | ':' | '/' | '。' | '．' | '｡') {
            safe.push('\u{2060}');
        }
    }
    safe
}

/// An `https` URL, or an `http` one of this machine, without anything that ends an attribute.
fn is_logo(url: &str) -> bool {
    ["https://", "http://127.0.0.1", "http://localhost"].iter().any(|start| url.starts_with(start))
        && url.chars().all(|c| c.is_ascii_graphic() && !"\"'<>\\`".contains(c))
}

/// Writes a value, escaped where the template is HTML. The usual way, but it leaves `/` alone:
/// links stay legible in the source, also for scanners that decode no entities.
fn format(
    out: &mut Output,
    state: &mut State,
    value: &minijinja::Value,
) -> Result<(), minijinja::Error> {
    let escaped = match value.as_str() {
        Some(text) if !value.is_safe() && matches!(state.auto_escape(), AutoEscape::Html) => {
            let mut escaped = String::with_capacity(text.len());
            for letter in text.chars() {
                match letter {
                    '&' => escaped.push_str("&amp;"),
                    '<' => escaped.push_str("&lt;"),
                    '>' => escaped.push_str("&gt;"),
                    '"' => escaped.push_str("&quot;"),
                    '\'' => escaped.push_str("&#39;"),
                    letter => escaped.push(letter),
                }
            }
            escaped
        }
        _ => return minijinja::escape_formatter(out, state, value),
    };
    Ok(out.write_str(&escaped)?)
}

/// Filter: a moment taken apart in UTC, two digits for hours and minutes.
fn civil(micros: i64) -> minijinja::Value {
    let civil = Moment(micros).civil();
    minijinja::Value::from(Serde(json!({
        "year": civil.year,
        "month": civil.month,
        "day": civil.day,
        "hour": format!("{:02}", civil.hour),
        "minute": format!("{:02}", civil.minute),
    })))
}

/// Filter: filled up with spaces to a width, in characters.
fn pad(text: &str, width: usize) -> String {
    format!("{text:width$}")
}

/// The text part with its paragraphs filled to [`COLUMNS`]. Lines that are a link, begin with
/// two spaces or with `--` stay as they are.
fn reflowed(text: &str) -> String {
    let as_is =
        |line: &str| ["  ", "--", "http://", "https://"].iter().any(|s| line.starts_with(s));
    let mut lines: Vec<String> = Vec::new();
    let mut filling = false;
    for line in text.lines() {
        // The space after the dashes is part of the mark (RFC 3676, 4.3).
        let line = if line == "-- " { line } else { line.trim_end() };
        if line.is_empty() {
            filling = false;
            if lines.last().is_some_and(|last| !last.is_empty()) {
                lines.push(String::new());
            }
        } else if as_is(line) {
            filling = false;
            lines.push(line.to_owned());
        } else {
            // No-break spaces hold together what they stand between.
            for word in line.split_ascii_whitespace() {
                match lines.last_mut() {
                    Some(last)
                        if filling
                            && last.chars().count() + 1 + word.chars().count() <= COLUMNS =>
                    {
                        last.push(' ');
                        last.push_str(word);
                    }
                    _ => lines.push(word.to_owned()),
                }
                filling = true;
            }
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_paragraphs_and_leaves_links_and_facts() {
        let link = format!("https://portal.example/reset/{}", "x".repeat(90));
        let text = format!(
            "\n\nHello Casey,\n\nSomebody asked for a new password for your account,\nand that is \
             why this line is far too long.\n{link}\nShort.\n\n\n  When   now\n  From   here\n-- \nBrand\n\n"
        );
        let shown = reflowed(&text);
        assert!(shown.starts_with("Hello Casey,\n\nSomebody"), "{shown}");
        assert!(
            shown.contains(&format!(
                "\n{link}\nShort.\n\n  When   now\n  From   here\n-- \nBrand\n"
            ))
        );
        assert!(!shown.contains("\n\n\n"));
        assert!(shown.lines().all(|line| line == link || line.chars().count() <= COLUMNS));
    }

    #[test]
    fn one_line_is_one_line() {
        assert_eq!(
            one_line(" a\r\nBcc: b@c.example\u{85}\u{2028}c\0d\te "),
            "a Bcc: b@c.example c d e"
        );
        assert_eq!(one_line("a\u{202e}b\u{2066}"), "ab");
    }

    #[test]
    fn names_are_no_links() {
        assert_eq!(
            without_links("https://evil.example/x"),
            "https:\u{2060}/\u{2060}/\u{2060}evil.\u{2060}example/\u{2060}x"
        );
        assert_eq!(without_links("Dr. Casey Thornton"), "Dr. Casey Thornton");
        assert_eq!(without_links("Acme Inc."), "Acme Inc.");
    }

    #[test]
    fn a_logo_is_a_plain_url() {
        assert!(is_logo("https://cdn.example/logo.png?v=2"));
        assert!(is_logo("http://127.0.0.1:3000/logo.png"));
        for url in [
            "http://cdn.example/x.png",
            "javascript:alert(1)",
            "https://a.example/\" onload=\"x",
            "data:image/png;base64,AA",
            "",
        ] {
            assert!(!is_logo(url), "{url}");
        }
    }
}
