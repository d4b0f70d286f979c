//! `/resets`: what runs, waits, needs attention, or has ended. The address holds the whole view.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{
    Refusal,
    customer::Count,
    overview::{AskedBy, ResetLine, ResetPage, ResetQuery},
    reset::{Delivery, ResetState, TargetState},
};

use crate::{
    api::{ApiError, overview::find_resets},
    i18n::tr,
    ui::{
        icon::{Glyph, Icon},
        job::LinkJobs,
        page::PageTitle,
        panel::{Absent, Empty, Failed, Loading, Panel},
        places::place_name,
        second::Approvals,
        time::Time,
    },
    words,
};

/// The page.
#[component]
pub fn Resets() -> impl IntoView {
    let params = use_query_map();
    // What is damaged in an address asks for nothing.
    let query = Memo::new(move |_| {
        params.with(|params| ResetQuery {
            scope: params.get_str("scope").and_then(|id| id.parse().ok()),
            state: params.get_str("state").and_then(ResetState::from_word),
            before: params.get_str("before").and_then(|id| id.parse().ok()),
        })
    });
    let page = Resource::new_blocking(move || query.get(), find_resets);
    let body = move || {
        Suspend::new(async move {
            match page.await {
                Ok(page) => view! { <Found page query=query.get_untracked() /> }.into_any(),
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    let hint = move || {
        Suspend::new(async move {
            page.await.ok().map(|page| {
                let organization = page.scope.name.to_string();
                let hint = if page.has_several {
                    tr!(customers.hint_below, organization = organization)
                } else {
                    tr!(customers.hint, organization = organization)
                };
                view! { <p class="hint mt-1.5">{hint}</p> }
            })
        })
    };
    view! {
        <PageTitle title=tr!(resets.title) />
        <Transition>{hint}</Transition>
        <Transition fallback=Loading>{body}</Transition>
    }
}

/// The address that asks for this.
fn address(query: &ResetQuery) -> String {
    let parts = [
        query.scope.map(|id| format!("scope={id}")),
        query.state.map(|state| format!("state={state}")),
        query.before.map(|id| format!("before={id}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "/resets".into() } else { format!("/resets?{}", parts.join("&")) }
}

#[component]
fn Found(page: ResetPage, query: ResetQuery) -> impl IntoView {
    let anew = ResetQuery { before: None, ..query };
    let chip = move |state: Option<ResetState>, name: &'static str, number: Option<Count>| {
        let to = address(&ResetQuery { state, ..anew });
        let number = number.map(|number| {
            view! { " " <span class="num chip-count">{words::count(number)}</span> }
        });
        view! {
            <a class="chip" href=to aria-current=(query.state == state).then_some("true")>
                {name} {number}
            </a>
        }
    };
    let chips = page
        .states
        .iter()
        .filter(|(state, count)| count.number > 0 || query.state == Some(*state))
        .map(|(state, number)| chip(Some(*state), state_name(*state), Some(*number)))
        .collect_view();
    let lines = if page.lines.is_empty() {
        let text = if query.state.is_some() { tr!(resets.nothing) } else { tr!(resets.empty) };
        view! { <Empty icon=Icon::Key text /> }.into_any()
    } else {
        let lines = page.lines.into_iter().map(|line| view! { <Line line /> }).collect_view();
        view! { <ol class="rows mt-0">{lines}</ol> }.into_any()
    };
    let older = page.older.map(|older| address(&ResetQuery { before: Some(older), ..anew }));
    // What leads nowhere is not there.
    let pages = (query.before.is_some() || older.is_some()).then(|| {
        view! {
                <nav class="mt-4 flex justify-between gap-4" aria-label=tr!(resets.pages)>
                    {query
                        .before
                        .map(|_| {
                            view! {
                                <a class="btn btn-sm" href=address(&anew)>
                                    <Glyph icon=Icon::Back class="size-4" />
                                    {tr!(resets.newest)}
                                </a>
                            }
                        })}
                    {older
                        .map(|to| {
                            view! {
                                <a class="btn btn-sm ml-auto" href=to>
                                    {tr!(resets.older)}
                                    <Glyph icon=Icon::Forward class="size-4" />
                                </a>
                            }
                        })}
                </nav>
        }
    });
    view! {
        <nav class="chips mt-5" aria-label=tr!(resets.states)>
            {chip(None, tr!(resets.all), None)} {chips}
        </nav>
        <Approvals lines=page.approvals />
        <LinkJobs jobs=page.jobs />
        <div class="mt-4">
            <Panel>
                {lines}
                {pages}
            </Panel>
        </div>
    }
}

#[component]
fn Line(line: ResetLine) -> impl IntoView {
    let customer = format!("/customers/{}", line.customer);
    let class = match line.state {
        ResetState::NeedsAttention | ResetState::Refused => "state state-bad",
        ResetState::Applying | ResetState::WaitingForApproval | ResetState::WaitingForCustomer => {
            "state state-warn"
        }
        ResetState::Done => "state state-ok",
        ResetState::Draft | ResetState::Expired | ResetState::Cancelled => "state state-quiet",
    };
    let ticket = line.ticket.map(|ticket| tr!(audit.ticket_of, ticket = ticket));
    let why: Vec<String> = line.reason.into_iter().chain(ticket).collect();
    let facts = [
        delivery_name(line.delivery).to_owned(),
        asked_by(&line.asked_by),
        line.organization.to_string(),
    ];
    // One that has all of it, or nothing, is told by its state.
    let is_mixed = line.targets.len() > 1 || line.state == ResetState::NeedsAttention;
    let targets = is_mixed.then(|| {
        let targets: Vec<String> = line
            .targets
            .iter()
            .map(|target| format!("{}: {}", place_name(target), target_state(target.state)))
            .collect();
        view! { <p class="hint break-words">{targets.join(" · ")}</p> }
    });
    let progress = (line.targets.len() > 1).then(|| {
        let to = format!("/resets/{}", line.id);
        view! { <p class="mt-1 text-sm"><a class="link" href=to>{tr!(places.look)}</a></p> }
    });
    let next = next(line.state);
    let entry = line.audit.map(|id| {
        let name = line.name.to_string();
        view! {
            <a class="link" href=format!("/audit/{id}") aria-label=tr!(resets.entry_of, name = name)>
                {tr!(resets.entry)}
            </a>
        }
    });
    view! {
        <li class="row flex-wrap gap-y-2 md:flex-nowrap">
            <div class="min-w-0 grow basis-full md:basis-0">
                <p><a class="list-way-in" href=customer>{line.name.to_string()}</a></p>
                <p class="hint break-words">{line.email.to_string()}</p>
                <p class="hint mt-1 break-words">{facts.join(" · ")}</p>
                {(!why.is_empty()).then(|| view! { <p class="mt-0.5 text-sm break-words">{why.join(" · ")}</p> })}
                {targets}
            </div>
            <div class="min-w-0 grow basis-full md:max-w-sm md:basis-0">
                <p><span class=class>{state_name(line.state)}</span></p>
                {next.map(|next| view! { <p class="hint mt-0.5">{next}</p> })}
                <p class="hint mt-1">
                    {tr!(resets.asked)} " " <Time at=line.created_at />
                    {line
                        .finished_at
                        .map(|at| view! { <span class="block">{tr!(resets.ended)} " " <Time at /></span> })}
                </p>
                {progress}
                {entry.map(|entry| view! { <p class="mt-1 text-sm">{entry}</p> })}
            </div>
        </li>
    }
}

/// A state's name.
fn state_name(state: ResetState) -> &'static str {
    match state {
        ResetState::Draft => tr!(resets.draft),
        ResetState::WaitingForCustomer => tr!(resets.waiting_for_customer),
        ResetState::WaitingForApproval => tr!(resets.waiting_for_approval),
        ResetState::Applying => tr!(resets.applying),
        ResetState::Done => tr!(resets.done),
        ResetState::Refused => tr!(resets.refused),
        ResetState::NeedsAttention => tr!(resets.needs_attention),
        ResetState::Expired => tr!(resets.expired),
        ResetState::Cancelled => tr!(resets.cancelled),
    }
}

/// What to do next; nothing when all is done.
fn next(state: ResetState) -> Option<&'static str> {
    match state {
        ResetState::Draft => Some(tr!(resets.draft_next)),
        ResetState::WaitingForCustomer => Some(tr!(resets.waiting_for_customer_next)),
        ResetState::WaitingForApproval => Some(tr!(resets.waiting_for_approval_next)),
        ResetState::Applying => Some(tr!(resets.applying_next)),
        ResetState::Done => None,
        ResetState::Refused => Some(tr!(resets.refused_next)),
        ResetState::NeedsAttention => Some(tr!(resets.needs_attention_next)),
        ResetState::Expired => Some(tr!(resets.expired_next)),
        ResetState::Cancelled => Some(tr!(resets.cancelled_next)),
    }
}

/// How the new password reaches the customer.
pub fn delivery_name(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::EmailLink => tr!(resets.email_link),
        Delivery::Typed => tr!(resets.typed),
        Delivery::Generated => tr!(resets.generated),
        Delivery::OwnChange => tr!(resets.own_change),
        Delivery::CommandLine => tr!(resets.command_line),
    }
}

fn asked_by(who: &AskedBy) -> String {
    match who {
        AskedBy::Visitor => tr!(resets.by_visitor).into(),
        AskedBy::Customer => tr!(resets.by_customer).into(),
        AskedBy::Staff(Some(name)) => tr!(resets.by_staff, name = name.to_string()),
        AskedBy::Staff(None) => tr!(resets.by_staff_gone).into(),
        AskedBy::Operator => tr!(resets.by_operator).into(),
    }
}

fn target_state(state: TargetState) -> &'static str {
    match state {
        TargetState::Waiting => tr!(resets.target_waiting),
        TargetState::Applying => tr!(resets.target_applying),
        TargetState::Applied => tr!(resets.target_applied),
        TargetState::Refused => tr!(resets.target_refused),
        TargetState::NotSent => tr!(resets.target_not_sent),
        TargetState::Unknown => tr!(resets.target_unknown),
        TargetState::GivenUp => tr!(resets.target_given_up),
    }
}
