//! An organization's rules as its page shows them: what is in force, and why.

use serde::{Deserialize, Serialize};

use crate::{
    organization::Acting,
    policy::{Rule, RuleSetting},
    text::Name,
};

/// One organization on the way from the root, with its own entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLevel {
    /// What it is called.
    pub name: Name,
    /// What it chose itself.
    pub settings: Vec<RuleSetting>,
}

/// Where the value of a rule comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleSource {
    /// Nobody chose otherwise.
    Default,
    /// The organization's own choice.
    Own,
    /// The choice of an organization above it.
    Inherited(Name),
    /// What was chosen is looser than an organization above allows: its ceiling holds instead.
    HeldDown(Name),
}

/// One rule as it stands for one organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleView {
    /// The rule.
    pub rule: Rule,
    /// The value in force.
    pub value: i64,
    /// Where it comes from.
    pub source: RuleSource,
    /// What the organization chose itself.
    pub own: Option<i64>,
    /// What would hold if it chose nothing.
    pub inherited: i64,
    /// The loosest value that it may choose.
    pub limit: i64,
    /// Whose ceiling that is; nobody's where it is the same for everybody.
    pub limit_by: Option<Name>,
    /// The ceiling that it gives those below it.
    pub ceiling: Option<i64>,
}

impl RuleView {
    /// Every rule as it stands for the last of these, given all of them from the root down.
    pub fn all(root_to_leaf: &[PolicyLevel]) -> Vec<Self> {
        Rule::ALL.into_iter().map(|rule| Self::of(rule, root_to_leaf)).collect()
    }

    /// One rule as it stands for the last of these, given all of them from the root down.
    pub fn of(rule: Rule, root_to_leaf: &[PolicyLevel]) -> Self {
        let facts = rule.facts();
        let mut view = Self {
            rule,
            value: facts.value,
            source: RuleSource::Default,
            own: None,
            inherited: facts.value,
            limit: facts.loosest,
            limit_by: None,
            ceiling: None,
        };
        let mut above: Option<&PolicyLevel> = None;
        for level in root_to_leaf {
            if let Some(above) = above {
                view.pass_down(above);
            }
            let own = level.settings.iter().find(|setting| setting.rule == rule);
            view.enter(own);
            above = Some(level);
        }
        view
    }

    /// What holds one level further down, before anything is chosen there.
    fn pass_down(&mut self, above: &PolicyLevel) {
        if self.source == RuleSource::Own {
            self.source = RuleSource::Inherited(above.name.clone());
        }
        if let Some(ceiling) = self.ceiling {
            let limit = self.rule.stricter(self.limit, ceiling);
            if limit != self.limit {
                self.limit = limit;
                self.limit_by = Some(above.name.clone());
            }
        }
    }

    /// What holds with one organization's own entry.
    fn enter(&mut self, own: Option<&RuleSetting>) {
        self.own = own.and_then(|own| own.value);
        self.ceiling = own.and_then(|own| own.ceiling);
        self.inherited = self.rule.stricter(self.value, self.limit);
        let chosen = self.own.unwrap_or(self.value);
        self.value = self.rule.stricter(chosen, self.limit);
        if self.own.is_some() {
            self.source = RuleSource::Own;
        }
        if let Some(by) = self.limit_by.as_ref().filter(|_| self.value != chosen) {
            self.source = RuleSource::HeldDown(by.clone());
        }
    }

    /// The least and the greatest value that may be chosen here.
    pub fn bounds(&self) -> (i64, i64) {
        let strictest = self.rule.facts().strictest;
        (strictest.min(self.limit), strictest.max(self.limit))
    }
}

/// The rules of one organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyView {
    /// Whose rules.
    pub acting: Acting,
    /// All of them.
    pub rules: Vec<RuleView>,
    /// Words that no password is made of: the organization's own.
    pub blocked: Vec<String>,
    /// And those of the organizations above it.
    pub blocked_above: Vec<String>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::policy::Policy;

    fn level(name: &str, rule: Rule, value: Option<i64>, ceiling: Option<i64>) -> PolicyLevel {
        PolicyLevel {
            name: Name::parse(name).expect("a name"),
            settings: vec![RuleSetting { rule, value, ceiling }],
        }
    }

    fn name(text: &str) -> Name {
        Name::parse(text).expect("a name")
    }

    #[test]
    fn a_value_says_where_it_comes_from() {
        let rule = Rule::LinkMinutes;
        let of = |levels: &[PolicyLevel]| {
            let view = RuleView::of(rule, levels);
            (view.value, view.source, view.limit, view.limit_by)
        };
        let root = level("Root", rule, None, None);
        let top = rule.facts().loosest;
        assert_eq!(of(&[]), (30, RuleSource::Default, top, None));
        assert_eq!(of(std::slice::from_ref(&root)), (30, RuleSource::Default, top, None));
        let middle = level("Middle", rule, Some(60), Some(45));
        assert_eq!(of(&[root.clone(), middle.clone()]), (60, RuleSource::Own, top, None));
        let held = RuleSource::HeldDown(name("Middle"));
        let by = Some(name("Middle"));
        // Inherited, and too loose for those below; so is their own choice.
        let leaf = level("Leaf", rule, None, None);
        assert_eq!(of(&[root.clone(), middle.clone(), leaf]), (45, held.clone(), 45, by.clone()));
        let leaf = level("Leaf", rule, Some(50), None);
        assert_eq!(of(&[root.clone(), middle.clone(), leaf]), (45, held, 45, by.clone()));
        let leaf = level("Leaf", rule, Some(20), None);
        assert_eq!(
            of(&[root.clone(), middle.clone(), leaf.clone()]),
            (20, RuleSource::Own, 45, by)
        );
        let last = level("Last", rule, None, None);
        let from = RuleSource::Inherited(name("Leaf"));
        assert_eq!(of(&[root, middle, leaf, last]).1, from);
    }

    fn levels() -> impl Strategy<Value = Vec<PolicyLevel>> {
        let one =
            (0..Rule::ALL.len(), prop::option::of(0..5_000i64), prop::option::of(0..5_000i64))
                .prop_map(|(place, value, ceiling)| RuleSetting {
                    rule: Rule::ALL[place],
                    value,
                    ceiling,
                });
        let settings = prop::collection::vec(one, 0..6);
        let level = settings.prop_map(|settings| PolicyLevel { name: name("Somebody"), settings });
        prop::collection::vec(level, 0..6)
    }

    proptest! {
        #[test]
        fn the_page_shows_what_is_in_force(levels in levels()) {
            let policy = Policy::in_force(levels.iter().map(|level| level.settings.as_slice()));
            for view in RuleView::all(&levels) {
                prop_assert_eq!(view.value, policy.get(view.rule));
                let (least, greatest) = view.bounds();
                prop_assert!(view.rule.stricter(view.value, view.limit) == view.value);
                prop_assert!(least <= greatest);
            }
        }
    }
}
