//! An organization's rules: what is in force and why, and how they are changed.
//!
//! One rule at a time, and of it only what the form changed: whoever saves at the same moment loses
//! nothing to somebody else.

use model::{
    Refusal,
    audit::AuditKind,
    id::OrganizationId,
    permission::Permission,
    policy::{
        AT_ONCE, LONGEST_BLOCKED_WORD, MOST_BLOCKED_WORDS, NEVER, Rule, RuleKind,
        SHORTEST_BLOCKED_WORD, day_number,
    },
    refusal::{FieldProblem, Problem},
    rules::{PolicyView, RuleView},
};

use crate::{Actor, Error, Portal, Result, audit::changed};

/// The form of one rule. An empty field is no choice.
#[derive(Debug, Clone)]
pub struct SetRule {
    /// Whose rule; one's own organization's when there is none.
    pub scope: Option<OrganizationId>,
    /// The rule's word.
    pub rule: String,
    /// The organization's own value.
    pub value: String,
    /// The loosest value that those below may choose.
    pub ceiling: String,
    /// The value that the page showed.
    pub was_value: String,
    /// The ceiling that the page showed.
    pub was_ceiling: String,
}

/// What one field asks for.
enum Wish {
    /// It is as the page showed it.
    Unchanged,
    /// It is to be this.
    Changed(Option<i64>),
}

impl Portal {
    /// The rules of one's own organization, or of one below it.
    pub async fn policy_page(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
    ) -> Result<PolicyView> {
        let mut tx = self.db().read().await?;
        let acting = self.acting(&mut tx, actor, scope, Permission::EditPolicy).await?;
        let rules = RuleView::all(&tx.policy_levels(acting.id).await?);
        let (blocked, blocked_above) = tx.blocked_words(acting.id).await?;
        Ok(PolicyView { acting, rules, blocked, blocked_above })
    }

    /// Sets the words that no password is made of, one on a line or with commas between them. They
    /// count for everybody below as well: nobody there can do without them.
    pub async fn set_blocked_words(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
        text: &str,
    ) -> Result<OrganizationId> {
        actor.may(Permission::EditPolicy)?;
        let new = blocked_words(text).map_err(|problem| Error::field("words", problem))?;
        let mut tx = self.db().write().await?;
        let organization = self.hold_scope(&mut tx, actor, scope, Permission::EditPolicy).await?.id;
        let (old, _) = tx.blocked_words(organization).await?;
        if old != new {
            tx.set_blocked_words(organization, &new).await?;
            let told = |words: &[String]| (!words.is_empty()).then(|| words.join(", "));
            let changes = vec![changed("blocked_words", told(&old), told(&new))];
            let event = actor.event_on(organization, AuditKind::PolicyChanged, changes);
            tx.record(self, event).await?;
        }
        tx.commit().await?;
        Ok(organization)
    }

    /// Changes a rule. A lower ceiling tightens everyone below at once; a higher one loosens nobody
    /// by itself.
    pub async fn set_rule(&self, actor: &Actor, request: SetRule) -> Result<OrganizationId> {
        actor.may(Permission::EditPolicy)?;
        let rule = Rule::from_word(&request.rule).ok_or(Refusal::NotFound)?;
        let mut tx = self.db().write().await?;
        let organization =
            self.hold_scope(&mut tx, actor, request.scope, Permission::EditPolicy).await?;
        let view = RuleView::of(rule, &tx.policy_levels(organization.id).await?);
        let bounds = view.bounds();
        let mut problems = Vec::new();
        let mut look = |field: &str, typed: &str, shown: &str, stored: Option<i64>| {
            wish(rule, typed, shown, stored, bounds).unwrap_or_else(|problem| {
                problems.push(FieldProblem { field: field.into(), problem });
                Wish::Unchanged
            })
        };
        let value = look("value", &request.value, &request.was_value, view.own);
        let ceiling = look("ceiling", &request.ceiling, &request.was_ceiling, view.ceiling);
        if !problems.is_empty() {
            return Err(Refusal::Fields(problems).into());
        }
        let mut changes = Vec::new();
        if let Wish::Changed(value) = value {
            tx.set_rule_value(organization.id, rule, value).await?;
            changes.push(changed(rule.word(), view.own, value));
        }
        if let Wish::Changed(ceiling) = ceiling {
            tx.set_rule_ceiling(organization.id, rule, ceiling).await?;
            let what = format!("{}.ceiling", rule.word());
            changes.push(changed(&what, view.ceiling, ceiling));
        }
        if !changes.is_empty() {
            let event = actor.event_on(organization.id, AuditKind::PolicyChanged, changes);
            tx.record(self, event).await?;
        }
        tx.commit().await?;
        Ok(organization.id)
    }
}

/// The words of a text, each once.
fn blocked_words(text: &str) -> Result<Vec<String>, Problem> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(['\n', ',']) {
        let word: String = word.chars().filter(|c| c.is_whitespace() || !c.is_control()).collect();
        let word = word.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        if word.is_empty() {
            continue;
        }
        let length = |part: &str| u32::try_from(part.chars().count()).unwrap_or(u32::MAX);
        let longest_part = word.split(|c: char| !c.is_alphanumeric()).map(length).max();
        if longest_part.is_none_or(|longest| longest < SHORTEST_BLOCKED_WORD)
            || length(&word) > LONGEST_BLOCKED_WORD
        {
            return Err(Problem::WordLength {
                min: SHORTEST_BLOCKED_WORD,
                max: LONGEST_BLOCKED_WORD,
            });
        }
        if !words.contains(&word) {
            words.push(word);
        }
    }
    if u32::try_from(words.len()).unwrap_or(u32::MAX) > MOST_BLOCKED_WORDS {
        return Err(Problem::TooManyWords { max: MOST_BLOCKED_WORDS });
    }
    Ok(words)
}

/// What a field asks for, given what the page showed and what is stored by now.
fn wish(
    rule: Rule,
    typed: &str,
    shown: &str,
    stored: Option<i64>,
    (min, max): (i64, i64),
) -> Result<Wish, Problem> {
    let number = |text: &str| match (text.trim(), rule.kind()) {
        ("", _) => Ok(None),
        ("off", RuleKind::Day) => Ok(Some(NEVER)),
        ("now", RuleKind::Day) => Ok(Some(AT_ONCE)),
        (text, RuleKind::Day) => day_number(text).map(Some).ok_or(Problem::NotADate),
        (text, _) => text.parse::<i64>().map(Some).map_err(|_| Problem::NotANumber),
    };
    let wanted = number(typed)?;
    // What is damaged in what the page showed was not changed by whoever filled it in.
    let shown = number(shown).unwrap_or(wanted);
    if wanted == shown || wanted == stored {
        return Ok(Wish::Unchanged);
    }
    if stored != shown {
        return Err(Problem::ChangedMeanwhile);
    }
    match wanted {
        Some(wanted) if !(min..=max).contains(&wanted) => Err(Problem::OutOfBounds { min, max }),
        wanted => Ok(Wish::Changed(wanted)),
    }
}
