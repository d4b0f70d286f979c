//! Turns `locales/*.json` into code. A text that one language lacks, one that fills in something else
//! than the others, and, where texts are used, a misspelt one and a gap that is not filled, do not
//! compile. Why not with a library: `docs/decisions/0017-texts-are-plain-functions.md`.

use std::{collections::BTreeSet, env, error::Error, fmt::Write, fs, path::Path};

use serde_json::{Map, Value};

/// The first one says which texts there are. Each is a variant of `model::account::Language`.
const LANGUAGES: [(&str, &str); 4] = [("en", "En"), ("de", "De"), ("fr", "Fr"), ("es", "Es")];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=locales");
    let mut locales = Vec::new();
    for (tag, _) in LANGUAGES {
        let file = format!("locales/{tag}.json");
        let texts: Map<String, Value> = serde_json::from_str(&fs::read_to_string(&file)?)?;
        locales.push((file, texts));
    }
    let (_, first) = &locales[0];
    let mut code = String::new();
    for (section, texts) in first {
        let keys = object(texts);
        for (file, other) in &locales[1..] {
            let theirs = other.get(section).map(object).unwrap_or_default();
            for key in theirs.keys().filter(|key| !keys.contains_key(*key)) {
                println!("cargo::error={file}: {section}.{key} is nowhere else");
            }
        }
        writeln!(code, "pub mod {section} {{\nuse super::Language;")?;
        for key in keys.keys() {
            let mut told = Vec::new();
            for (file, texts) in &locales {
                match texts.get(section).and_then(|texts| texts.get(key)).and_then(Value::as_str) {
                    Some(text) => told.push(text),
                    None => println!("cargo::error={file}: {section}.{key} is missing"),
                }
            }
            let gaps: Vec<BTreeSet<&str>> = told.iter().map(|text| gaps(text)).collect();
            for ((file, _), theirs) in locales.iter().zip(&gaps) {
                if *theirs != gaps[0] {
                    println!("cargo::error={file}: {section}.{key} fills in {theirs:?}");
                }
            }
            function(&mut code, key, &told, &gaps[0])?;
        }
        code.push_str("}\n");
    }
    for (file, other) in &locales[1..] {
        for section in other.keys().filter(|section| !first.contains_key(*section)) {
            println!("cargo::error={file}: {section} is nowhere else");
        }
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("texts.rs"), code)?;
    Ok(())
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// The names in a text that something is filled in for: `{{ name }}`.
fn gaps(text: &str) -> BTreeSet<&str> {
    text.split("{{")
        .skip(1)
        .filter_map(|rest| rest.split_once("}}"))
        .map(|(gap, _)| gap.trim())
        .collect()
}

/// A function for a text; a struct of what is filled in, with one, where something is.
fn function(
    code: &mut String,
    key: &str,
    told: &[&str],
    gaps: &BTreeSet<&str>,
) -> Result<(), std::fmt::Error> {
    let arms = |code: &mut String, arm: &dyn Fn(&str) -> String| {
        for ((_, variant), text) in LANGUAGES.iter().zip(told) {
            writeln!(code, "Language::{variant} => {},", arm(text))?;
        }
        Ok(())
    };
    if gaps.is_empty() {
        writeln!(code, "pub fn {key}(language: Language) -> &'static str {{\nmatch language {{")?;
        arms(code, &|text| format!("{text:?}"))?;
        return writeln!(code, "}}\n}}");
    }
    writeln!(code, "pub struct {key}<'a> {{")?;
    for gap in gaps {
        writeln!(code, "pub {gap}: &'a dyn std::fmt::Display,")?;
    }
    let names = gaps.iter().copied().collect::<Vec<_>>().join(", ");
    writeln!(
        code,
        "}}\nimpl {key}<'_> {{\npub fn text(&self, language: Language) -> String {{\nlet Self {{ {names} }} = self;\nmatch language {{"
    )?;
    arms(code, &|text| format!("format!({:?})", pattern(text)))?;
    writeln!(code, "}}\n}}\n}}")
}

/// A text as `format!` wants it.
fn pattern(text: &str) -> String {
    let doubled = |text: &str| text.replace('{', "{{").replace('}', "}}");
    let mut parts = text.split("{{");
    let mut pattern = doubled(parts.next().unwrap_or_default());
    for part in parts {
        let (gap, rest) = part.split_once("}}").unwrap_or(("", part));
        pattern.extend(["{", gap.trim(), "}", &doubled(rest)]);
    }
    pattern
}
