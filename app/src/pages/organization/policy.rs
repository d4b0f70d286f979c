//! `/organization/policy`: what holds in an organization, and why.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{
    policy::Rule,
    rules::{PolicyView, RuleView},
};

use super::{Choices, Top, choices, done_of, failed, named, scope_of, with_scope};
use crate::{
    api::organization::view_policy,
    i18n::tr,
    ui::panel::{Loading, Notice, Panel, Tone},
    words,
};

/// The page.
#[component]
pub fn Policy() -> impl IntoView {
    let query = use_query_map();
    let scope = Memo::new(move |_| query.with(scope_of));
    let saved = Memo::new(move |_| query.with(done_of).as_deref().and_then(Rule::from_word));
    let view = Resource::new_blocking(move || scope.get(), view_policy);
    let choices = choices();
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <Rules view saved choices /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

#[component]
fn Rules(view: PolicyView, saved: Memo<Option<Rule>>, choices: Choices) -> impl IntoView {
    let PolicyView { acting, rules } = view;
    let may_edit = acting.may_edit;
    let scope = named(&acting);
    let lines = rules
        .into_iter()
        .map(|rule| {
            let to = with_scope(&format!("/organization/policy/{}", rule.rule.word()), scope);
            view! { <Line rule may_edit to /> }
        })
        .collect_view();
    view! {
        <Top title=tr!(policy.title) acting choices />
        <div class="mt-6 grid gap-6">
            <div role="status" class="contents">
                {move || {
                    saved
                        .get()
                        .map(|rule| {
                            let saved = tr!(policy.saved, rule = words::rule(rule).0);
                            view! { <Notice tone=Tone::Good>{saved}</Notice> }
                        })
                }}
            </div>
            <Panel hint=tr!(policy.hint)>
                <ul class="rows">{lines}</ul>
            </Panel>
        </div>
    }
}

/// One rule.
#[component]
fn Line(rule: RuleView, may_edit: bool, to: String) -> impl IntoView {
    let (name, _) = words::rule(rule.rule);
    let source = words::rule_source(&rule.source);
    let ceiling = rule
        .ceiling
        .map(|ceiling| tr!(policy.ceiling_is, value = words::rule_value(rule.rule, ceiling)));
    view! {
        <li class="row flex-wrap sm:flex-nowrap" data-rule=rule.rule.word()>
            <div class="min-w-0 grow basis-full sm:basis-0">
                <p class="font-medium">{name}</p>
                <p class="hint">{source}</p>
                {ceiling.map(|ceiling| view! { <p class="hint">{ceiling}</p> })}
            </div>
            <p class="num grow font-semibold sm:grow-0 sm:text-right">{words::rule_value(rule.rule, rule.value)}</p>
            {may_edit
                .then(|| {
                    view! {
                        <a class="btn btn-sm" href=to aria-label=tr!(policy.change_which, rule = name)>
                            {tr!(policy.change)}
                        </a>
                    }
                })}
        </li>
    }
}
