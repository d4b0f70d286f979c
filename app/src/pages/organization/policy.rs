//! `/organization/policy`: what holds in an organization, and why.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{
    organization::Acting,
    policy::Rule,
    rules::{PolicyView, RuleView},
};

use super::{Choices, Top, choices, done_of, failed, named, scope_of, with_scope};
use crate::{
    api::{
        organization::{SetBlockedWords, view_policy},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::Area,
        form::{Form, FormState, Submit, use_form},
        panel::{Loading, Notice, Panel, Tone},
        prove::{Prove, is_over, settled},
    },
    words,
};

/// The page.
#[component]
pub fn Policy() -> impl IntoView {
    let query = use_query_map();
    let scope = Memo::new(move |_| query.with(scope_of));
    let forms = Forms { proof: use_form(), words: use_form() };
    let versions = [settled(forms.proof), settled(forms.words)];
    let saved = Memo::new(move |_| {
        let rule = || query.with(done_of).as_deref().and_then(Rule::from_word);
        rule().map(|rule| words::rule(rule).0).or_else(|| {
            let told = || query.with(done_of).as_deref() == Some("words");
            let are_saved = forms.words.done() || forms.words.error().is_none() && told();
            are_saved.then(|| tr!(policy.blocked))
        })
    });
    let view = Resource::new_blocking(
        move || (scope.get(), versions.map(|version| version.get())),
        |(scope, _)| view_policy(scope),
    );
    let choices = choices();
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <Rules view saved forms choices /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

/// The forms of the page.
#[derive(Clone, Copy)]
struct Forms {
    proof: FormState<StepUp>,
    words: FormState<SetBlockedWords>,
}

#[component]
fn Rules(
    view: PolicyView,
    saved: Memo<Option<&'static str>>,
    forms: Forms,
    choices: Choices,
) -> impl IntoView {
    let PolicyView { acting, rules, blocked, blocked_above } = view;
    let blocked = view! { <Blocked acting=acting.clone() own=blocked above=blocked_above forms /> };
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
                            let saved = tr!(policy.saved, rule = rule);
                            view! { <Notice tone=Tone::Good>{saved}</Notice> }
                        })
                }}
            </div>
            <Panel hint=tr!(policy.hint)>
                <ul class="rows">{lines}</ul>
            </Panel>
            {blocked}
        </div>
    }
}

/// Words that no password is made of.
#[component]
fn Blocked(acting: Acting, own: Vec<String>, above: Vec<String>, forms: Forms) -> impl IntoView {
    let over = is_over(forms.words, acting.stepped_up);
    let next = with_scope("/organization/policy", named(&acting));
    let inherited = (!above.is_empty())
        .then(|| view! { <p class="hint mt-3 wrap-anywhere">{tr!(policy.blocked_above, words = above.join(", "))}</p> });
    let inner = if !acting.may_edit {
        let words =
            if own.is_empty() { tr!(policy.blocked_none).to_owned() } else { own.join(", ") };
        view! { <p class="mt-3 text-sm wrap-anywhere">{words}</p> }.into_any()
    } else if acting.stepped_up {
        let follows = RwSignal::new(own.join("\n"));
        view! {
            <Form form=forms.words class="form mt-4 max-w-md">
                <input type="hidden" name="scope" value=acting.id.to_string() />
                <Area
                    name="words"
                    label=tr!(policy.blocked_label)
                    hint=tr!(policy.blocked_field_hint)
                    follows
                />
                <div><Submit label=tr!(policy.submit) class="btn" /></div>
            </Form>
        }
        .into_any()
    } else {
        let shown = (!own.is_empty())
            .then(|| view! { <p class="mt-3 text-sm wrap-anywhere">{own.join(", ")}</p> });
        view! {
            {shown}
            <div class="mt-4"><Prove proof=forms.proof next over /></div>
        }
        .into_any()
    };
    view! {
        <Panel title=tr!(policy.blocked) hint=tr!(policy.blocked_hint)>
            {inherited}
            {inner}
        </Panel>
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
