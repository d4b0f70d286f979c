//! What holds for every rule.

use proptest::prelude::*;

use super::*;

fn looser_or_equal(rule: Rule, a: i64, b: i64) -> bool {
    rule.stricter(a, b) == b
}

#[test]
fn words_are_those_of_the_wire() {
    for rule in Rule::ALL {
        let wire = serde_json::to_value(rule).expect("serializes");
        assert_eq!(wire, rule.word());
        assert_eq!(Rule::from_word(rule.word()), Some(rule));
    }
}

/// Every rule as a table of Markdown.
fn table() -> String {
    let head = "| Rule | Default | From (loosest) | To (strictest) | Meaning |\n";
    let lines = Rule::ALL.map(|rule| {
        let RuleFacts { value, loosest, strictest, meaning, .. } = rule.facts();
        format!("| `{}` | {value} | {loosest} | {strictest} | {meaning} |\n", rule.word())
    });
    format!("{head}| --- | --- | --- | --- | --- |\n{}", lines.concat())
}

#[test]
fn the_documentation_shows_every_rule() {
    const BEGIN: &str = "<!-- rules: made from model/src/policy.rs -->\n";
    const END: &str = "<!-- end of rules -->";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md");
    let text = std::fs::read_to_string(&path).expect("the documentation");
    let (before, rest) = text.split_once(BEGIN).expect("a place for the table");
    let (shown, after) = rest.split_once(END).expect("an end of the table");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let text = format!("{before}{BEGIN}{}{END}{after}", table());
        std::fs::write(&path, text).expect("the documentation");
    } else {
        assert_eq!(
            shown,
            table(),
            "docs/operations.md is old: run UPDATE_DOCS=1 cargo test -p rekey-model policy"
        );
    }
}

#[test]
fn defaults_lie_within_their_bounds() {
    for rule in Rule::ALL {
        let facts = rule.facts();
        assert!(looser_or_equal(rule, facts.loosest, facts.value), "{rule:?}");
        assert!(looser_or_equal(rule, facts.value, facts.strictest), "{rule:?}");
    }
}

fn settings() -> impl Strategy<Value = Vec<Vec<RuleSetting>>> {
    let one = (0..Rule::ALL.len(), prop::option::of(0..5_000i64), prop::option::of(0..5_000i64))
        .prop_map(|(place, value, ceiling)| RuleSetting { rule: Rule::ALL[place], value, ceiling });
    prop::collection::vec(prop::collection::vec(one, 0..6), 0..6)
}

proptest! {
    #[test]
    fn no_value_is_looser_than_a_ceiling_above_it(levels in settings()) {
        for depth in 1..=levels.len() {
            let policy = Policy::in_force(levels[..depth].iter().map(Vec::as_slice));
            for above in &levels[..depth - 1] {
                for rule in Rule::ALL {
                    let ceiling = above.iter().find(|setting| setting.rule == rule).and_then(|setting| setting.ceiling);
                    if let Some(ceiling) = ceiling {
                        prop_assert!(looser_or_equal(rule, ceiling, policy.get(rule)));
                    }
                }
            }
            for rule in Rule::ALL {
                prop_assert!(looser_or_equal(rule, rule.facts().loosest, policy.get(rule)));
            }
        }
    }
}
