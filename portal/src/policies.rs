//! An organization's rules: what is in force and why, and how they are changed.
//!
//! One rule at a time, and of it only what the form changed: whoever saves at the same moment loses
//! nothing to somebody else.

use model::{
    Refusal,
    audit::AuditKind,
    id::OrganizationId,
    permission::Permission,
    policy::{AT_ONCE, NEVER, Rule, RuleKind, day_number},
    refusal::{FieldProblem, Problem},
    rules::{PolicyView, RuleView},
};

use crate::{Actor, Portal, Result, audit::changed};

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
        Ok(PolicyView { acting, rules })
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
