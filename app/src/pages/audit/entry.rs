//! `/audit/{id}`: one entry, with all that is known of it.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use model::{
    Refusal,
    account::AccountKind,
    audit::{AuditChange, AuditEntryView, AuditPerson, Outcome},
    id::AuditId,
};

use super::{Line, words};
use crate::{
    api::{ApiError, audit::audit_entry},
    i18n::tr,
    ui::{
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Absent, Failed, Loading, Panel},
        time::Time,
    },
    words as common,
};

/// The page.
#[component]
pub fn AuditEntry() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")?.parse::<AuditId>().ok()));
    let view = Resource::new_blocking(
        move || id.get(),
        |id| async move {
            match id {
                Some(id) => audit_entry(id).await,
                None => Err(ApiError::Refused(Refusal::NotFound)),
            }
        },
    );
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(entry) => view! { <Entry entry /> }.into_any(),
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <div class="mx-auto max-w-3xl">
            <Transition fallback=Loading>{page}</Transition>
        </div>
    }
}

#[component]
fn Entry(entry: AuditEntryView) -> impl IntoView {
    let AuditEntryView { line, position, hash, request_id, related } = entry;
    let outcome = match line.outcome {
        Outcome::Refused => tr!(audit.refused),
        Outcome::Begun => tr!(audit.begun),
        Outcome::Done => tr!(audit.done),
    };
    let sentence = words::sentence(&line);
    let who = words::who(&line);
    // What was erased is told apart from what there never was.
    let missing = if line.erased { tr!(audit.erased) } else { tr!(audit.none) };
    let or_missing = move |text: Option<String>| text.unwrap_or_else(|| missing.to_owned());
    let actor = line.actor.clone();
    let subject = line.subject.clone();
    let changes =
        (!line.changes.is_empty()).then(|| view! { <Changes changes=line.changes.clone() /> });
    let related = (!related.is_empty()).then(|| {
        let lines = related.into_iter().map(|line| view! { <Line line /> }).collect_view();
        view! {
            <Panel title=tr!(audit.related)>
                <ol class="rows">{lines}</ol>
            </Panel>
        }
    });
    view! {
        <a class="back" href="/audit">
            <Glyph icon=Icon::Back class="size-4" />
            {tr!(audit.back)}
        </a>
        <div class="mt-3"><PageTitle title=tr!(audit.entry) hint=Some(sentence) /></div>
        <div class="mt-6 grid gap-6">
            <Panel>
                <dl class="facts mt-0">
                    <Fact name=tr!(audit.time)><Time at=line.at /></Fact>
                    <Fact name=tr!(audit.outcome)>{outcome}</Fact>
                    <Fact name=tr!(audit.actor_is)><Person person=actor name=who /></Fact>
                    {subject
                        .map(|subject| {
                            let name = subject.name.clone();
                            let name = name.unwrap_or_else(|| tr!(audit.erased).to_owned());
                            let title = match subject.kind {
                                Some(AccountKind::Customer) => tr!(audit.customer_is),
                                _ => tr!(audit.about),
                            };
                            view! { <Fact name=title><Person person=Some(subject) name /></Fact> }
                        })}
                    <Fact name=tr!(audit.organization)>{line.organization.to_string()}</Fact>
                    {line
                        .count
                        .map(|count| view! { <Fact name=tr!(audit.count)><span class="num">{count}</span></Fact> })}
                    <Fact name=tr!(audit.reason)>{or_missing(line.reason)}</Fact>
                    <Fact name=tr!(audit.ticket)>{or_missing(line.ticket)}</Fact>
                    <Fact name=tr!(audit.address)>{or_missing(line.address)}</Fact>
                    <Fact name=tr!(audit.device)>{or_missing(line.device.as_ref().map(common::device))}</Fact>
                    <Fact name=tr!(audit.position)><span class="num">{position}</span></Fact>
                    <Fact name=tr!(audit.request)><span class="break-all">{request_id}</span></Fact>
                    <Fact name=tr!(audit.hash)><code class="text-xs break-all">{hash}</code></Fact>
                </dl>
            </Panel>
            {changes}
            {related}
        </div>
    }
}

/// What was changed, from what to what.
#[component]
fn Changes(changes: Vec<AuditChange>) -> impl IntoView {
    let lines = changes
        .into_iter()
        .map(|AuditChange { what, old, new }| {
            let (old, new) = (words::changed_value(&what, old), words::changed_value(&what, new));
            view! {
                <tr>
                    <th scope="row" class="font-medium">{words::changed(&what)}</th>
                    <td class="break-words">{old}</td>
                    <td class="break-words">{new}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Panel title=tr!(audit.changes)>
            <div class="overflow-x-auto">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">{tr!(audit.what)}</th>
                            <th scope="col">{tr!(audit.before)}</th>
                            <th scope="col">{tr!(audit.after)}</th>
                        </tr>
                    </thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
        </Panel>
    }
}

/// Somebody, with the way to their page if they have one.
#[component]
fn Person(#[prop(optional_no_strip)] person: Option<AuditPerson>, name: String) -> impl IntoView {
    let Some(AuditPerson { id, email, kind, .. }) = person else {
        return name.into_any();
    };
    let name = match kind {
        Some(AccountKind::Customer) => {
            view! { <a class="link" href=format!("/customers/{id}")>{name}</a> }.into_any()
        }
        _ => name.into_any(),
    };
    view! {
        {name}
        {email.map(|email| view! { <span class="hint block break-all">{email}</span> })}
    }
    .into_any()
}

/// A name with its value.
#[component]
fn Fact(name: &'static str, children: Children) -> impl IntoView {
    view! {
        <div class="fact">
            <dt class="hint">{name}</dt>
            <dd class="min-w-0 break-words">{children()}</dd>
        </div>
    }
}
