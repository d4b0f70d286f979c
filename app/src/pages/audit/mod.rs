//! The audit log: the list, and the page of one entry.

mod entry;
mod list;
mod verify;
mod words;

pub use entry::AuditEntry;
pub use list::Audit;

use leptos::prelude::*;
use model::audit::{AuditLine, AuditQuery, Outcome};

use crate::{
    i18n::tr,
    ui::{go, time::Time},
    words as common,
};

/// The address that asks for this.
fn address(query: &AuditQuery, live: bool) -> String {
    let text =
        |name: &str, text: &str| (!text.is_empty()).then(|| format!("{name}={}", go::encode(text)));
    let parts = [
        query.scope.map(|id| format!("scope={id}")),
        text("from", &query.from),
        text("to", &query.to),
        text("actor", &query.actor),
        text("customer", &query.customer),
        query.kind.map(|kind| format!("kind={kind}")),
        query.before.map(|id| format!("before={id}")),
        live.then(|| "live=1".to_owned()),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "/audit".into() } else { format!("/audit?{}", parts.join("&")) }
}

/// An entry in a list.
#[component]
fn Line(line: AuditLine) -> impl IntoView {
    let (state, outcome) = match line.outcome {
        Outcome::Refused => ("state state-bad", tr!(audit.refused)),
        Outcome::Begun => ("state state-quiet", tr!(audit.begun)),
        Outcome::Done => ("state state-ok", tr!(audit.done)),
    };
    let to = format!("/audit/{}", line.id);
    let from = if line.erased {
        vec![tr!(audit.erased).to_owned()]
    } else {
        [line.device.as_ref().map(common::device), line.address.clone()]
            .into_iter()
            .flatten()
            .collect()
    };
    // Whose sentence names them already is not named by address as well.
    let about = line
        .subject
        .as_ref()
        .filter(|subject| line.actor.as_ref().is_none_or(|actor| actor.id != subject.id));
    let about = about.and_then(|subject| subject.email.clone());
    let ticket = line.ticket.clone().map(|ticket| tr!(audit.ticket_of, ticket = ticket));
    let facts: Vec<String> =
        about.into_iter().chain(from).chain([line.organization.to_string()]).collect();
    let why: Vec<String> = line.reason.clone().into_iter().chain(ticket).collect();
    view! {
        <li class="row flex-wrap gap-y-1 md:flex-nowrap" id=line.id.to_string()>
            <div class="min-w-0 grow basis-full md:basis-0">
                <p><a class="list-way-in" href=to>{words::sentence(&line)}</a></p>
                {(!why.is_empty()).then(|| view! { <p class="mt-0.5 text-sm break-words">{why.join(" · ")}</p> })}
                <p class="hint break-words">{facts.join(" · ")}</p>
            </div>
            <p class="hint flex shrink-0 items-center gap-3">
                <span class=state>{outcome}</span>
                <Time at=line.at />
            </p>
        </li>
    }
}
