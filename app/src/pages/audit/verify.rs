//! Looking through the chains: a piece for each request, until all was looked at. Without
//! JavaScript a button goes on; with it nobody has to press it again.

use leptos::prelude::*;
use model::{
    audit::{AuditCheck, AuditQuery},
    id::OrganizationId,
};

use super::words;
use crate::{
    api::audit::VerifyAudit,
    i18n::tr,
    ui::{
        form::{Form, FormState, Submit, use_form},
        panel::{Notice, Panel, Tone},
    },
};

/// The state of the form. Made with the page, like every form's.
pub fn use_verify(query: Memo<AuditQuery>) -> FormState<VerifyAudit> {
    let form = use_form::<VerifyAudit>();
    // What a plain post came to goes on when its button is pressed, or when code takes over.
    Effect::new(move || {
        if let Some(Ok(check)) = form.outcome.get()
            && let Some(next) = check.next
        {
            form.send(go_on(query.with_untracked(|query| query.scope), &check, next));
        }
    });
    form
}

fn go_on(
    scope: Option<OrganizationId>,
    check: &AuditCheck,
    (organization, position): (OrganizationId, i64),
) -> VerifyAudit {
    let AuditCheck { entries, chains, problems, .. } = *check;
    VerifyAudit { scope, organization: Some(organization), position, entries, chains, problems }
}

/// The panel.
#[component]
pub fn Verify(form: FormState<VerifyAudit>, query: Memo<AuditQuery>) -> impl IntoView {
    let outcome = move || form.outcome.get().and_then(Result::ok);
    let fields = move || {
        let scope = query.with(|query| query.scope);
        let check = outcome().filter(|check| check.next.is_some());
        let next = check.as_ref().and_then(|check| check.next);
        let hidden = |name: &'static str, value: Option<String>| {
            value.map(|value| view! { <input type="hidden" name=name value=value /> })
        };
        let count = |of: fn(&AuditCheck) -> String| check.as_ref().map(of);
        view! {
            {hidden("scope", scope.map(|id| id.to_string()))}
            {hidden("organization", next.map(|(id, _)| id.to_string()))}
            {hidden("position", next.map(|(_, position)| position.to_string()))}
            {hidden("entries", count(|check| check.entries.to_string()))}
            {hidden("chains", count(|check| check.chains.to_string()))}
            {hidden("problems", count(|check| check.problems.to_string()))}
        }
    };
    let button = move || {
        let label = if outcome().is_some_and(|check| check.next.is_some()) {
            tr!(audit.verify_on)
        } else {
            tr!(audit.verify)
        };
        view! { <Submit label class="btn" /> }
    };
    view! {
        <Panel title=tr!(audit.verify_title) hint=tr!(audit.verify_hint)>
            <div role="status" class="mt-4 grid gap-3 empty:hidden">
                {move || outcome().map(|check| view! { <Found check /> })}
            </div>
            <Form form class="mt-4 grid justify-start gap-3">
                {fields}
                {button}
            </Form>
        </Panel>
    }
}

/// What was found so far.
#[component]
fn Found(check: AuditCheck) -> impl IntoView {
    let AuditCheck { entries, chains, problems, found, next } = check;
    let so_far = (next.is_some() && problems == 0).then(
        || view! { <Notice tone=Tone::Plain>{tr!(audit.verify_so_far, count = entries)}</Notice> },
    );
    let good = (next.is_none() && problems == 0).then(|| {
        view! {
            <Notice tone=Tone::Good>
                {tr!(audit.verify_good, count = entries, chains = chains)}
            </Notice>
        }
    });
    let bad = (problems > 0).then(|| {
        let lines = found
            .iter()
            .map(|(name, problem)| {
                view! { <li class="break-words">{format!("{name}, {}", words::problem(problem))}</li> }
            })
            .collect_view();
        view! {
            <Notice tone=Tone::Bad>
                <p>{tr!(audit.verify_bad, problems = problems, count = entries)}</p>
                <ul class="mt-2 list-disc pl-5">{lines}</ul>
            </Notice>
        }
    });
    view! { {so_far} {good} {bad} }
}
