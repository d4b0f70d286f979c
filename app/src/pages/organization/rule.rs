//! `/organization/policy/{rule}`: one rule is changed.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_params_map, use_query_map},
};
use model::{
    policy::{AT_ONCE, NEVER, Rule, RuleKind, Unit, day_text},
    rules::{PolicyView, RuleView},
};

use super::{failed, named, scope_of, with_scope};
use crate::{
    api::{
        ApiError,
        organization::{SetRule, view_policy},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::{Choice, Field},
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Loading, Panel},
        prove::{Prove, is_over, settled},
    },
    words,
};

/// The choices of rules that are no numbers to be typed, as forms send them.
const CHOICES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// The page.
#[component]
pub fn EditRule() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let rule = Memo::new(move |_| params.with(|params| Rule::from_word(params.get_str("rule")?)));
    let scope = Memo::new(move |_| query.with(scope_of));
    let (proof, form) = (use_form::<StepUp>(), use_form::<SetRule>());
    let (proven, over) = (settled(proof), settled(form));
    let view = Resource::new_blocking(
        move || (scope.get(), proven.get(), over.get()),
        |(scope, ..)| view_policy(scope),
    );
    let navigate = use_navigate();
    Effect::new(move || {
        if let Some(Ok(organization)) = form.outcome.get()
            && let Some(rule) = rule.get_untracked()
        {
            let to = format!("/organization/policy?scope={organization}&done={}", rule.word());
            navigate(&to, NavigateOptions::default());
        }
    });
    let page = move || {
        Suspend::new(async move {
            let rule = rule.get_untracked();
            match view.await {
                Ok(PolicyView { acting, rules, .. }) => {
                    let found = rules.into_iter().find(|view| Some(view.rule) == rule);
                    match found {
                        Some(rule) => {
                            let stepped_up = acting.stepped_up;
                            let over = is_over(form, stepped_up);
                            let scope = named(&acting);
                            let organization = acting.name.to_string();
                            let may_edit = acting.may_edit;
                            let path = format!("/organization/policy/{}", rule.rule.word());
                            let next = with_scope(&path, scope);
                            let inner = if !may_edit {
                                ().into_any()
                            } else if stepped_up {
                                view! { <Fields rule=rule.clone() scope=acting.id.to_string() form /> }.into_any()
                            } else {
                                view! { <Prove proof next over /> }.into_any()
                            };
                            view! {
                                <Frame rule organization back=with_scope("/organization/policy", scope)>
                                    {inner}
                                </Frame>
                            }
                            .into_any()
                        }
                        None => failed(ApiError::Refused(model::Refusal::NotFound)),
                    }
                }
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

/// What the rule means and how it stands.
#[component]
fn Frame(rule: RuleView, organization: String, back: String, children: Children) -> impl IntoView {
    let (name, hint) = words::rule(rule.rule);
    let of = rule.rule;
    let value = move |value: i64| words::rule_value(of, value);
    let allowed = match rule.rule.kind() {
        RuleKind::Number(_) | RuleKind::Day => {
            let (least, most) = rule.bounds();
            tr!(policy.from_to, least = value(least), most = value(most))
        }
        RuleKind::Switch | RuleKind::Choice => {
            let (least, most) = rule.bounds();
            (least..=most).map(value).collect::<Vec<_>>().join(", ")
        }
    };
    let by = rule.limit_by.as_ref().map(|by| tr!(policy.limit_by, organization = by.to_string()));
    view! {
        <a class="back" href=back>
            <Glyph icon=Icon::Back class="size-4" />
            {tr!(policy.title)}
        </a>
        <div class="mt-3"><PageTitle title=name hint=Some(hint.to_owned()) /></div>
        <div class="mt-6 grid gap-6">
            <Panel>
                <dl class="facts mt-0">
                    <div class="fact">
                        <dt class="hint">{tr!(policy.organization)}</dt>
                        <dd>{organization}</dd>
                    </div>
                    <div class="fact">
                        <dt class="hint">{tr!(policy.in_force)}</dt>
                        <dd>
                            <span class="font-semibold">{value(rule.value)}</span>
                            <span class="hint block">{words::rule_source(&rule.source)}</span>
                        </dd>
                    </div>
                    <div class="fact">
                        <dt class="hint">{tr!(policy.allowed)}</dt>
                        <dd>{allowed} {by.map(|by| view! { <span class="hint block">{by}</span> })}</dd>
                    </div>
                </dl>
            </Panel>
            <Panel title=tr!(policy.change)>
                <div class="mt-4">{children()}</div>
            </Panel>
        </div>
    }
}

/// The form.
#[component]
fn Fields(rule: RuleView, scope: String, form: FormState<SetRule>) -> impl IntoView {
    let text = |number: Option<i64>| match (number, rule.rule.kind()) {
        (None, _) => String::new(),
        (Some(NEVER), RuleKind::Day) => "off".to_owned(),
        (Some(AT_ONCE), RuleKind::Day) => "now".to_owned(),
        (Some(number), RuleKind::Day) => day_text(number).unwrap_or_default(),
        (Some(number), _) => number.to_string(),
    };
    let (own, ceiling) = (text(rule.own), text(rule.ceiling));
    let inherit = tr!(policy.inherit, value = words::rule_value(rule.rule, rule.inherited));
    let word = rule.rule.word();
    let (was_value, was_ceiling) = (own.clone(), ceiling.clone());
    // Fields belong to the form they are drawn in.
    let fields = move || match rule.rule.kind() {
        RuleKind::Number(unit) => {
            let unit = unit_name(unit);
            view! {
                <Field
                    name="value"
                    label=tr!(policy.own_value)
                    hint=format!("{unit}. {inherit}")
                    value=own.clone()
                    verbatim=true
                />
                <Field
                    name="ceiling"
                    label=tr!(policy.ceiling)
                    hint=format!("{unit}. {}", tr!(policy.ceiling_hint))
                    value=ceiling.clone()
                    verbatim=true
                />
            }
            .into_any()
        }
        RuleKind::Day => view! {
            <Day
                names=("value", "value_day")
                label=tr!(policy.own_value)
                nothing=tr!(policy.inherits)
                own=own.clone()
                hint=inherit.clone()
            />
            <Day
                names=("ceiling", "ceiling_day")
                label=tr!(policy.ceiling)
                nothing=tr!(policy.no_ceiling)
                own=ceiling.clone()
                hint=tr!(policy.ceiling_hint).to_owned()
            />
        }
        .into_any(),
        RuleKind::Switch | RuleKind::Choice => {
            let chosen = |text: &str| CHOICES.into_iter().find(|one| *one == text).unwrap_or("");
            view! {
                <div>
                    <Choice
                        name="value"
                        label=tr!(policy.own_value)
                        options=options(&rule, tr!(policy.inherits))
                        chosen=chosen(&own)
                    />
                    <p class="hint mt-1.5">{inherit}</p>
                </div>
                <div>
                    <Choice
                        name="ceiling"
                        label=tr!(policy.ceiling)
                        options=options(&rule, tr!(policy.no_ceiling))
                        chosen=chosen(&ceiling)
                    />
                    <p class="hint mt-1.5">{tr!(policy.ceiling_hint)}</p>
                </div>
            }
            .into_any()
        }
    };
    view! {
        <Form form class="form mt-0 max-w-md">
            <input type="hidden" name="scope" value=scope />
            <input type="hidden" name="rule" value=word />
            <input type="hidden" name="was_value" value=was_value />
            <input type="hidden" name="was_ceiling" value=was_ceiling />
            {fields()}
            <p class="hint">{tr!(policy.note)}</p>
            <div><Submit label=tr!(policy.submit) /></div>
        </Form>
    }
}

/// A day on which a rule begins, or one of two words.
#[component]
fn Day(
    names: (&'static str, &'static str),
    label: &'static str,
    nothing: &'static str,
    own: String,
    hint: String,
) -> impl IntoView {
    let (name, day) = names;
    let chosen = match own.as_str() {
        "" => "",
        "off" => "off",
        "now" => "now",
        _ => "day",
    };
    let options = vec![
        ("", nothing),
        ("off", tr!(unit.off)),
        ("now", tr!(unit.already)),
        ("day", tr!(unit.from_a_day)),
    ];
    let own = if chosen == "day" { own } else { String::new() };
    view! {
        <div>
            <Choice name label options chosen />
            <p class="hint mt-1.5">{hint}</p>
        </div>
        <Field name=day label=tr!(unit.which_day) hint=tr!(unit.which_day_hint) value=own verbatim=true />
    }
}

/// Nothing, and what may be chosen here.
fn options(rule: &RuleView, nothing: &'static str) -> Vec<(&'static str, &'static str)> {
    let (least, most) = rule.bounds();
    let allowed = (0_i64..).zip(CHOICES).filter(|(value, _)| (least..=most).contains(value));
    let named = allowed.map(|(value, text)| (text, words::rule_choice(rule.rule, value)));
    std::iter::once(("", nothing)).chain(named).collect()
}

fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Characters => tr!(unit.characters_name),
        Unit::Passwords => tr!(unit.passwords_name),
        Unit::Attempts => tr!(unit.attempts_name),
        Unit::Minutes => tr!(unit.minutes_name),
        Unit::Hours => tr!(unit.hours_name),
        Unit::Days => tr!(unit.days_name),
        Unit::ResetsAnHour => tr!(unit.resets_name),
        Unit::ResetsADay => tr!(unit.resets_a_day_name),
        Unit::Customers => tr!(unit.customers_name),
    }
}
