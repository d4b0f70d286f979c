//! Letters in an organization's own words.
//!
//! What they may write is little, on purpose ([0021](../../../docs/decisions/0021-their-words-our-links.md)):
//! paragraphs, lists, headings and emphasis in Markdown; names of what the letter tells
//! (`{{ name }}`); `{% if %}`. No HTML, and no links: those of a letter are Rekey's, as is every
//! password and code. They stand where the text says ([`Piece`]) and are put there afterwards, so that
//! nothing that is secret is ever known to words that somebody typed. What tells when and from where
//! something happened, and what to do if it was somebody else, is always added.

use std::fmt::Write;

use anyhow::Context;
use minijinja::{
    AutoEscape, Environment, Output, State, UndefinedBehavior, syntax::SyntaxConfig, value::Serde,
};
use model::{
    account::Language,
    letter::{LONGEST_LETTER, LONGEST_SUBJECT, Piece},
    refusal::Problem,
    text::EmailAddress,
};
use pulldown_cmark::{Event, Parser, Tag, TagEnd, TextMergeStream};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    letter::{LetterKind, WORDS},
    render::{COLUMNS, one_line, without_links},
};

/// Instructions that the words of one letter may take: what may be written takes a few hundred.
const FUEL: u64 = 10_000;

/// Names, texts and signs in one condition at most, and conditions within one another: what reads them
/// goes one step deeper with each.
const LONGEST_CONDITION: usize = 20;
const DEEPEST_CONDITION: u32 = 5;
const MOST_BRANCHES: u32 = 60;
/// Lists within one another.
const DEEPEST_LIST: usize = 3;
/// What the words of a letter may come to, in bytes of HTML: mail programs cut what is very long, and what
/// is Rekey's stands below them.
const LARGEST_BODY: usize = 24_000;
/// Longest subject once it is filled in, and longest word in it: mail servers refuse lines that cannot be
/// folded (RFC 5322, 2.1.1).
const LONGEST_FILLED_SUBJECT: usize = 200;
const LONGEST_WORD_OF_SUBJECT: usize = 100;

/// What a letter holds that its words never see.
const KEPT_BACK: [&str; 7] =
    ["link", "dispute_link", "forgot_link", "login_link", "password", "code", "word_pair"];

/// The words of one letter in one language, as somebody typed them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnWords {
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
}

/// A field of the form with what is wrong with it.
pub(crate) type Fault = (&'static str, Problem);

/// A part of a letter.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Part {
    /// The word of a piece; empty for words.
    piece: &'static str,
    html: String,
    text: String,
}

/// What the words of a letter become before Rekey's own is added.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Body {
    /// The subject of the mail; the heading of the letter stays Rekey's.
    #[serde(skip)]
    pub subject: String,
    parts: Vec<Part>,
    facts: bool,
    safety: bool,
}

/// A piece of a letter's text: words, or what stands for a [`Piece`].
enum Segment<'a> {
    Words(&'a str),
    Piece(Piece),
}

/// What has to stand in the text of a letter.
pub(crate) fn pieces(kind: LetterKind) -> Vec<Piece> {
    Piece::ALL.into_iter().filter(|piece| has_block(kind, piece.word())).collect()
}

/// Whether the words of a letter as they are delivered have a block of this name.
fn has_block(kind: LetterKind, block: &str) -> bool {
    part_of(kind, Language::En, "text.txt").contains(&format!("{{% block {block} %}}"))
}

/// A part of the words of a letter as they are delivered.
fn part_of(kind: LetterKind, language: Language, part: &str) -> &'static str {
    let name = format!("{}/{}/{part}", kind.as_str(), language.tag());
    WORDS.iter().find(|(word, _)| *word == name).map_or("", |(_, text)| text)
}

/// What the words of a letter may name, with what it is in this one.
pub(crate) fn names(values: &Value) -> Vec<(String, String)> {
    let Value::Object(values) = values else { return Vec::new() };
    let mut names = Vec::new();
    for (name, value) in values {
        match value {
            Value::Object(inner) => names.extend(
                inner.iter().map(|(field, value)| (format!("{name}.{field}"), plain(value))),
            ),
            value => names.push((name.clone(), plain(value))),
        }
    }
    names
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace('\u{2060}', ""),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// What the words of a letter see of it: `told` are its moments and spans, in words.
pub(super) fn seen(values: &Map<String, Value>, told: Map<String, Value>) -> Value {
    let is_occasion = |value: &Value| value.get("device").is_some();
    let mut seen: Map<String, Value> = values
        .iter()
        .filter(|(name, value)| !KEPT_BACK.contains(&name.as_str()) && !is_occasion(value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    // What is not there in every case can be asked for in every case.
    if let Some(Value::Object(change)) = seen.get_mut("change") {
        change.entry("role").or_insert(Value::Null);
    }
    seen.extend(told);
    if let Some(brand) = values.get("brand") {
        let named = json!({ "name": brand["name"], "support_email": brand["support_email"] });
        seen.insert("brand".into(), named);
    }
    seen.remove("language");
    Value::Object(seen)
}

/// What letters hold in some cases only.
const OPTIONAL: [&str; 4] = ["company", "by", "organization", "role"];

/// The same letter in other cases: without what may be missing, with what may be there, with each yes a no.
fn cases(values: &Value) -> Vec<Value> {
    let Value::Object(usual) = values else { return vec![values.clone()] };
    let without = |(name, value): (&String, &Value)| match value {
        _ if OPTIONAL.contains(&name.as_str()) => (name.clone(), Value::Null),
        Value::Bool(is) => (name.clone(), Value::Bool(!is)),
        Value::Null => (name.clone(), json!({ "name": "Rekey", "email": "help@rekey.example" })),
        Value::Object(fields) if name == "change" => {
            let other = fields.keys().map(|field| (field.clone(), Value::Null)).collect();
            (name.clone(), Value::Object(other))
        }
        value => (name.clone(), value.clone()),
    };
    vec![values.clone(), Value::Object(usual.iter().map(without).collect())]
}

impl OwnWords {
    /// The words of a letter as they are delivered, as they would be typed: what everybody begins with.
    pub(crate) fn delivered(kind: LetterKind, language: Language) -> Self {
        let text = part_of(kind, language, "text.txt");
        let body = text.split_once("{% block body %}\n").map_or(text, |(_, body)| body);
        let body =
            body.rsplit_once("{% endblock %}\n{% block why %}").map_or(body, |(body, _)| body);
        let mut lines: Vec<String> = Vec::new();
        let mut inside: Option<&str> = None;
        for line in body.lines() {
            if let Some(block) =
                line.strip_prefix("{% block ").and_then(|it| it.strip_suffix(" %}"))
            {
                inside = Some(block);
                if let Some(piece) = Piece::from_word(block) {
                    lines.push(String::new());
                    lines.push(piece.line());
                    lines.push(String::new());
                }
            } else if line == "{% endblock %}" {
                inside = None;
            } else if inside.is_none() {
                lines.push(line.to_owned());
            }
        }
        // Some subjects say a span in words, and import those.
        let subject = part_of(kind, language, "subject.txt").trim();
        let subject = subject.lines().last().unwrap_or_default();
        Self { subject: typed(subject), text: unfilled(&typed(&lines.join("\n"))) }
    }

    /// Whether such words can be those of a letter that sees these values. All that is found wrong.
    pub(crate) fn check(&self, kind: LetterKind, values: &Value) -> Vec<Fault> {
        let mut faults = Vec::new();
        if let Err(problem) = self.check_subject(values) {
            faults.push(("subject", problem));
        }
        if let Err(problem) = self.check_text(kind, values) {
            faults.push(("text", problem));
        }
        faults
    }

    fn check_subject(&self, values: &Value) -> Result<(), Problem> {
        has_length(&self.subject, LONGEST_SUBJECT)?;
        if self.subject.trim().contains(['\n', '\r']) {
            return Err(Problem::UnseenCharacters);
        }
        has_no_links(&self.subject)?;
        let found = scan(&self.subject, values)?;
        if let Some((piece, _)) = found.into_iter().next() {
            return Err(Problem::LetterNotAlone(piece));
        }
        for case in cases(values) {
            let subject = self.subject(&case).map_err(|line| Problem::LetterSyntax { line })?;
            fits_a_line(&subject)?;
        }
        Ok(())
    }

    fn check_text(&self, kind: LetterKind, values: &Value) -> Result<(), Problem> {
        has_length(&self.text, LONGEST_LETTER)?;
        has_no_links(&self.text)?;
        let found = scan(&self.text, values)?;
        let needed = pieces(kind);
        for (piece, alone) in &found {
            let times = found.iter().filter(|(other, _)| other == piece).count();
            if !needed.contains(piece) {
                let line = self.text.lines().position(|line| line.contains(piece.word()));
                let line = line.and_then(|line| u32::try_from(line + 1).ok()).unwrap_or(1);
                return Err(Problem::LetterName { line });
            }
            if !alone || times > 1 {
                return Err(Problem::LetterNotAlone(*piece));
            }
        }
        if let Some(piece) = needed.iter().find(|piece| !found.iter().any(|it| it.0 == **piece)) {
            return Err(Problem::LetterMissing(*piece));
        }
        // Whatever is the case when it is sent: all of its words at once, and in cases that there are.
        for segment in self.segments() {
            if let Segment::Words(words) = segment {
                written(&without_tags(words))?;
            }
        }
        cases(values).iter().try_for_each(|case| self.parts(case).map(drop))
    }

    /// The text, taken apart.
    fn segments(&self) -> Vec<Segment<'_>> {
        let text = self.text.as_str();
        let mut segments = Vec::new();
        let (mut begin, mut at) = (0, 0);
        for line in text.split_inclusive('\n') {
            if let Some(piece) = piece_of_line(line) {
                segments.push(Segment::Words(&text[begin..at]));
                segments.push(Segment::Piece(piece));
                begin = at + line.len();
            }
            at += line.len();
        }
        segments.push(Segment::Words(&text[begin..]));
        segments
    }

    /// The subject in a letter that sees these values; the line in which it cannot be had.
    fn subject(&self, values: &Value) -> Result<String, u32> {
        filled(self.subject.trim(), values, false).map(|subject| unlinked(&one_line(&subject)))
    }

    /// The parts of a letter that sees these values, if they can be had.
    fn parts(&self, values: &Value) -> Result<Vec<Part>, Problem> {
        let mut parts = Vec::new();
        for segment in self.segments() {
            match segment {
                Segment::Piece(piece) => parts.push(Part {
                    piece: piece.word(),
                    html: String::new(),
                    text: String::new(),
                }),
                Segment::Words(words) => {
                    let filled = filled(words, values, true)
                        .map_err(|line| Problem::LetterSyntax { line })?;
                    let (html, text) = written(&filled)?;
                    if !text.trim().is_empty() {
                        parts.push(Part { piece: "", html, text });
                    }
                }
            }
        }
        let size: usize = parts.iter().map(|part| part.html.len().max(part.text.len())).sum();
        if size > LARGEST_BODY {
            let max = u32::try_from(LONGEST_LETTER / 2).unwrap_or(u32::MAX);
            return Err(Problem::TooLong { max });
        }
        Ok(parts)
    }

    /// What the words become in a letter that sees these values.
    pub(super) fn body(&self, kind: LetterKind, values: &Value) -> anyhow::Result<Body> {
        let subject = self.subject(values).ok().context("its subject cannot be filled in")?;
        fits_a_line(&subject).ok().context("its subject is empty, or too long")?;
        let parts = self.parts(values).ok().context("its text cannot be used")?;
        for piece in pieces(kind) {
            let times = parts.iter().filter(|part| part.piece == piece.word()).count();
            anyhow::ensure!(times == 1, "{} has to stand in it once", piece.line());
        }
        let (facts, safety) = (has_block(kind, "facts"), has_block(kind, "safety"));
        Ok(Body { subject, parts, facts, safety })
    }
}

/// Words as they are delivered, with the names that are seen instead of what only ours may use.
fn typed(text: &str) -> String {
    let mut text = text.to_owned();
    for (ours, theirs) in [
        ("words.span(minutes)", "life"),
        ("words.moment(at)", "at"),
        ("words.moment(until)", "until"),
        ("words.roles[change.role]", "role"),
    ] {
        text = text.replace(ours, theirs);
    }
    text
}

/// A text whose paragraphs are lines, as one types them.
fn unfilled(text: &str) -> String {
    let is_tag = |line: &str| line.starts_with("{%") && line.ends_with("%}");
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let is_item = line.trim_start().starts_with("* ");
        match lines.last_mut() {
            None if line.is_empty() => {}
            Some(last) if line.is_empty() && last.is_empty() => {}
            Some(last)
                if !(line.is_empty()
                    || last.is_empty()
                    || is_item
                    || is_tag(line)
                    || is_tag(last)) =>
            {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => lines.push(if is_item { line.trim() } else { line }.to_owned()),
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.join("\n") + "\n"
}

fn has_length(text: &str, most: usize) -> Result<(), Problem> {
    if text.trim().is_empty() {
        Err(Problem::Required)
    } else if text.chars().count() > most {
        Err(Problem::TooLong { max: u32::try_from(most).unwrap_or(u32::MAX) })
    } else if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        Err(Problem::UnseenCharacters)
    } else {
        Ok(())
    }
}

/// Whether a subject that is filled in can be one.
fn fits_a_line(subject: &str) -> Result<(), Problem> {
    let longest = subject.split_whitespace().map(|word| word.chars().count()).max();
    if subject.is_empty() {
        Err(Problem::Required)
    } else if subject.chars().count() > LONGEST_FILLED_SUBJECT
        || longest.is_some_and(|longest| longest > LONGEST_WORD_OF_SUBJECT)
    {
        Err(Problem::TooLong { max: u32::try_from(LONGEST_FILLED_SUBJECT).unwrap_or(u32::MAX) })
    } else {
        Ok(())
    }
}

/// Mail programs make links of these by themselves.
fn has_no_links(text: &str) -> Result<(), Problem> {
    let text = text.to_lowercase();
    let found = ["://", "www.", "mailto:"].iter().any(|sign| text.contains(sign));
    if found { Err(Problem::LetterLink) } else { Ok(()) }
}

/// The piece that a line stands for.
fn piece_of_line(line: &str) -> Option<Piece> {
    let inner = line.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    Piece::from_word(inner.trim())
}

/// Goes through all that stands in braces, and refuses what is more than names and `if`. The pieces
/// that are named, each with whether it stands on a line of its own and in any case.
///
/// There are no loops, macros, filters and operators that make long texts of short ones: nothing that
/// can take long or much, whatever values it meets.
fn scan(text: &str, values: &Value) -> Result<Vec<(Piece, bool)>, Problem> {
    let mut found = Vec::new();
    let (mut depth, mut branches) = (0_u32, 0_u32);
    let mut at = 0;
    while let Some(open) = text[at..].find('{').map(|open| at + open) {
        let line = u32::try_from(text[..open].matches('\n').count() + 1).unwrap_or(u32::MAX);
        let wrong = Problem::LetterSyntax { line };
        let close = match text.as_bytes().get(open + 1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => return Err(wrong),
            _ => {
                at = open + 1;
                continue;
            }
        };
        let begin = open + 2;
        let end = begin + text[begin..].find(close).ok_or(wrong)?;
        let inner = &text[begin..end];
        at = end + 2;
        if close == "}}" {
            if let Some(piece) = Piece::from_word(inner.trim()) {
                let start = text[..open].rfind('\n').map_or(0, |newline| newline + 1);
                let stop = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
                let alone = piece_of_line(&text[start..stop]).is_some() && depth == 0;
                found.push((piece, alone));
            } else {
                named(inner.trim(), values, line)?;
            }
            continue;
        }
        branches += 1;
        if branches > MOST_BRANCHES {
            return Err(wrong);
        }
        let (word, rest) =
            inner.trim().split_once(char::is_whitespace).unwrap_or((inner.trim(), ""));
        match word {
            "if" if depth < DEEPEST_CONDITION => {
                expression(rest, values, line)?;
                depth += 1;
            }
            "elif" if depth > 0 => expression(rest, values, line)?,
            "else" if depth > 0 && rest.is_empty() => {}
            "endif" if depth > 0 && rest.is_empty() => depth -= 1,
            _ => return Err(wrong),
        }
    }
    let lines = u32::try_from(text.lines().count().max(1)).unwrap_or(u32::MAX);
    if depth > 0 { Err(Problem::LetterSyntax { line: lines }) } else { Ok(found) }
}

/// Refuses what is more than a name that there is.
fn named(path: &str, values: &Value, line: u32) -> Result<(), Problem> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    if path.is_empty() || !path.chars().all(is_part) {
        Err(Problem::LetterSyntax { line })
    } else if is_named(path, values) {
        Ok(())
    } else {
        Err(Problem::LetterName { line })
    }
}

/// Refuses what is not made of names that there are, texts, numbers and comparisons.
fn expression(text: &str, values: &Value, line: u32) -> Result<(), Problem> {
    let wrong = Problem::LetterSyntax { line };
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong);
    }
    let mut pieces = 0;
    while let Some(first) = rest.chars().next() {
        pieces += 1;
        if pieces > LONGEST_CONDITION {
            return Err(wrong);
        }
        let length = if first.is_ascii_alphabetic() || first == '_' {
            let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
            let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let path = &rest[..length];
            let is_word = matches!(path, "and" | "or" | "not" | "true" | "false" | "none");
            if !is_word && !is_named(path, values) {
                return Err(Problem::LetterName { line });
            }
            length
        } else if first.is_ascii_digit() {
            rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())
        } else if first == '"' || first == '\'' {
            let length = rest[1..].find(first).ok_or(wrong)? + 2;
            if rest[..length].contains('\\') {
                return Err(wrong);
            }
            length
        } else {
            ["==", "!=", "<=", ">=", "<", ">"]
                .iter()
                .find(|sign| rest.starts_with(**sign))
                .map(|sign| sign.len())
                .ok_or(wrong)?
        };
        rest = rest[length..].trim_start();
    }
    Ok(())
}

/// Whether there is such a name.
fn is_named(path: &str, values: &Value) -> bool {
    let (name, field) = path.split_once('.').map_or((path, None), |(name, it)| (name, Some(it)));
    match (values.get(name), field) {
        (Some(Value::Object(fields)), Some(field)) => fields.contains_key(field),
        // Whom to ask, when it is not the account but its organization.
        (Some(Value::Null), Some(field)) => name == "whom" && ["name", "email"].contains(&field),
        (Some(_), None) => true,
        _ => false,
    }
}

/// A text without what stands in braces: names become a word, all else is left out.
fn without_tags(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(open) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let close = if rest[open..].starts_with("{{") { "}}" } else { "%}" };
        plain.push_str(&rest[..open]);
        if close == "}}" {
            plain.push('x');
        }
        rest = rest[open..].split_once(close).map_or("", |(_, rest)| rest);
        if close == "%}" {
            rest = rest.strip_prefix('\n').unwrap_or(rest);
        }
    }
    plain + rest
}

/// Fills values in; the line in which that is not possible. In Markdown what a value contains is never
/// taken for markup.
fn filled(text: &str, values: &Value, markdown: bool) -> Result<String, u32> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_formatter(if markdown { as_text } else { as_it_is });
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.map_err(|_| 1_u32)?);
    environment
        .render_str(text, minijinja::Value::from(Serde(values)))
        .map_err(|error| error.line().and_then(|line| u32::try_from(line).ok()).unwrap_or(1))
}

/// Nothing for what is not there.
fn as_it_is(
    out: &mut Output,
    _: &mut State,
    value: &minijinja::Value,
) -> Result<(), minijinja::Error> {
    if !value.is_none() {
        out.write_str(&value.to_string())?;
    }
    Ok(())
}

/// The same with a stroke before all that could be markup (`CommonMark` 0.31, 2.4).
fn as_text(
    out: &mut Output,
    _: &mut State,
    value: &minijinja::Value,
) -> Result<(), minijinja::Error> {
    if value.is_none() {
        return Ok(());
    }
    for letter in value.to_string().chars() {
        if letter.is_ascii_punctuation() {
            out.write_char('\\')?;
        }
        out.write_char(letter)?;
    }
    Ok(())
}

/// Markdown as HTML and as text, if it is made of what letters have.
fn written(markdown: &str) -> Result<(String, String), Problem> {
    let mut page = Page::default();
    for event in TextMergeStream::new(Parser::new(markdown)) {
        page.take(event)?;
    }
    Ok((page.html, page.text))
}

/// What is written so far.
#[derive(Default)]
struct Page {
    html: String,
    text: String,
    /// The line that is being written, without markup.
    line: String,
    /// The lists that one is in, each with the number of its next item, if it counts.
    lists: Vec<Option<u64>>,
    /// What the first line of an item begins with.
    mark: Option<String>,
    /// Whether something can be seen of what was begun last: what cannot only pushes away what is below it.
    seen: bool,
}

impl Page {
    fn take(&mut self, event: Event<'_>) -> Result<(), Problem> {
        match event {
            Event::Start(tag) => self.begin(&tag)?,
            Event::End(tag) => self.end(tag)?,
            Event::Text(text) => {
                self.seen |= text.chars().any(is_seen);
                self.line.push_str(&text);
                let mut shown = unlinked(&text);
                // Emphasis may begin within a word.
                if shown.ends_with(LINKING) {
                    shown.push(JOINER);
                }
                self.html.push_str(&escaped(&shown));
            }
            Event::SoftBreak => {
                self.html.push('\n');
                self.line.push(' ');
            }
            // Lines of nothing push away what is below them, too.
            Event::HardBreak if !self.line.chars().any(is_seen) => {
                return Err(Problem::LetterMarkup);
            }
            Event::HardBreak => {
                self.html.push_str("<br>\n");
                self.end_line();
            }
            Event::Html(_) | Event::InlineHtml(_) => return Err(Problem::LetterHtml),
            _ => return Err(Problem::LetterMarkup),
        }
        Ok(())
    }

    fn begin(&mut self, tag: &Tag<'_>) -> Result<(), Problem> {
        if matches!(tag, Tag::Paragraph | Tag::Heading { .. } | Tag::Item) {
            self.seen = false;
        }
        if matches!(tag, Tag::List(_)) && self.lists.len() >= DEEPEST_LIST {
            return Err(Problem::LetterMarkup);
        }
        let html = match tag {
            Tag::Paragraph => "<p style=\"margin:0 0 16px\">",
            Tag::Heading { .. } => {
                "<h2 class=\"ink\" style=\"margin:0 0 8px;font-size:16px;line-height:24px;font-weight:600;color:#1a2230\">"
            }
            Tag::Strong => "<strong>",
            Tag::Emphasis => "<em>",
            Tag::List(first) => {
                self.end_line();
                self.lists.push(*first);
                match first {
                    Some(_) => "<ol style=\"margin:0 0 16px;padding:0 0 0 24px\">\n",
                    None => "<ul style=\"margin:0 0 16px;padding:0 0 0 24px\">\n",
                }
            }
            Tag::Item => {
                let depth = 2 * self.lists.len();
                self.mark = self.lists.last_mut().map(|list| match list {
                    Some(number) => {
                        *number += 1;
                        format!("{:depth$}{}. ", "", *number - 1)
                    }
                    None => format!("{:depth$}* ", ""),
                });
                "<li style=\"margin:0 0 8px\">"
            }
            Tag::HtmlBlock => return Err(Problem::LetterHtml),
            Tag::Link { .. } | Tag::Image { .. } => return Err(Problem::LetterLink),
            _ => return Err(Problem::LetterMarkup),
        };
        self.html.push_str(html);
        Ok(())
    }

    fn end(&mut self, tag: TagEnd) -> Result<(), Problem> {
        if matches!(tag, TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item) && !self.seen {
            return Err(Problem::LetterMarkup);
        }
        let html = match tag {
            TagEnd::Paragraph => "</p>\n",
            TagEnd::Heading(_) => "</h2>\n",
            TagEnd::Strong => "</strong>",
            TagEnd::Emphasis => "</em>",
            TagEnd::Item => "</li>\n",
            TagEnd::List(true) => "</ol>\n",
            TagEnd::List(false) => "</ul>\n",
            _ => "",
        };
        self.html.push_str(html);
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) => {
                self.end_line();
                if self.lists.is_empty() {
                    self.text.push('\n');
                }
            }
            TagEnd::Item => self.end_line(),
            TagEnd::List(_) => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.text.push('\n');
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Ends a line of the text. In lists it is filled here, since lines that begin with spaces are left
    /// as they are later on.
    fn end_line(&mut self) {
        let line = unlinked(&std::mem::take(&mut self.line));
        if line.trim().is_empty() {
            return;
        }
        let indent = 2 * self.lists.len();
        if indent == 0 {
            self.text.push_str(line.trim());
            self.text.push('\n');
            return;
        }
        let first = self.mark.take().unwrap_or_else(|| " ".repeat(indent + 2));
        let further = " ".repeat(first.chars().count());
        let mut filled = first;
        let mut is_new = true;
        for word in line.split_ascii_whitespace() {
            let length = filled.lines().last().map_or(0, |last| last.chars().count());
            if !is_new && length + 1 + word.chars().count() > COLUMNS {
                filled.push('\n');
                filled.push_str(&further);
            } else if !is_new {
                filled.push(' ');
            }
            filled.push_str(word);
            is_new = false;
        }
        self.text.push_str(&filled);
        self.text.push('\n');
    }
}

/// What mail programs look for where a link may be, and what hides it from them.
const LINKING: [char; 7] = ['.', '@', ':', '/', '。', '．', '｡'];
const JOINER: char = '\u{2060}';

/// Whether a character can be seen.
fn is_seen(letter: char) -> bool {
    let is_blank = matches!(
        letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}'
    );
    !letter.is_whitespace() && !letter.is_control() && !is_blank
}

/// A text of which mail programs make no links; plain addresses that one may write to stay as they are.
fn unlinked(text: &str) -> String {
    let is_plain = |word: &str| {
        word.chars().all(|c| c.is_ascii_alphanumeric() || "@._+-".contains(c))
            && EmailAddress::parse(word).is_ok()
    };
    text.split_inclusive(char::is_whitespace)
        .map(|word| {
            let bare = word.trim_matches(|c: char| c.is_whitespace() || ",.;:!?()".contains(c));
            if is_plain(bare) { word.to_owned() } else { without_links(word) }
        })
        .collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
