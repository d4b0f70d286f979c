//! `/organization/connectors/{id}/import`: the accounts that a system has, beside the customers they
//! belong to; some of them are taken in, or all.

use leptos::prelude::*;
use leptos_router::{hooks::use_query_map, params::ParamsMap};
use model::{
    Refusal,
    connector::{ImportPage, ImportPlan, ImportRow, ImportView, Imported},
    id::ConnectorId,
};

use super::{connector::use_connector, failed};
use crate::{
    api::{
        ApiError,
        connectors::{ImportServices, view_import},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::Tick,
        form::{Form, FormState, Submit, use_form},
        go,
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Empty, Loading, Notice, Panel, Tone},
        prove::{Prove, is_over, settled},
    },
    words::{self, connectors as said},
};

/// What the address asks for, and tells.
#[derive(Debug, Clone, PartialEq)]
struct Asked {
    after: Option<String>,
    /// Whether all are being taken in.
    all: bool,
    /// What was done just now.
    done: Option<Imported>,
}

fn asked_for(query: &ParamsMap) -> Asked {
    let number = |name| query.get_str(name).and_then(|text| text.parse().ok());
    let after = query.get("after").filter(|after| !after.is_empty());
    let all = query.get_str("all").is_some();
    let done = number("linked").map(|linked| Imported {
        linked,
        created: number("created").unwrap_or_default(),
        left_out: number("left").unwrap_or_default(),
        next: after.clone().filter(|_| all),
    });
    Asked { after, all, done }
}

/// The page.
#[component]
pub fn ImportServices() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(asked_for));
    let id = use_connector();
    let (proof, form) = (use_form::<StepUp>(), use_form::<ImportServices>());
    let (proven, over) = (settled(proof), settled(form));
    let view = Resource::new_blocking(
        move || (id.get(), asked.get().after, proven.get(), over.get()),
        |(id, after, ..)| async move {
            match id {
                Some(id) => view_import(id, after).await,
                None => Err(ApiError::Refused(Refusal::NotFound)),
            }
        },
    );
    // Once begun, one part follows the other, as long as the page is open and all goes well.
    Effect::new(move || {
        let Asked { after: Some(after), all: true, done: Some(_) } = asked.get() else { return };
        let Some(connector) = id.get_untracked() else { return };
        if form.error().is_none() {
            let (link, create) = (true, true);
            form.send(ImportServices { connector, picks: vec![], all: true, after, link, create });
        }
    });
    let page = move || {
        let asked = asked.get_untracked();
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <Page view asked proof form /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

#[component]
fn Page(
    view: ImportView,
    asked: Asked,
    proof: FormState<StepUp>,
    form: FormState<ImportServices>,
) -> impl IntoView {
    let ImportView { acting, connector, listed } = view;
    let over = is_over(form, acting.stepped_up);
    let id = connector.id;
    let path = format!("/organization/connectors/{id}/import");
    let back = format!("/organization/connectors/{id}");
    let name = connector.name.to_string();
    let hint = tr!(connector.import_hint, organization = acting.name.to_string());
    let inner = match listed {
        None => view! { <Panel><Prove proof next=path over /></Panel> }.into_any(),
        Some(Err(reason)) => {
            view! { <Notice tone=Tone::Bad>{words::reason(reason)}</Notice> }.into_any()
        }
        Some(Ok(page)) if page.rows.is_empty() && page.before == 0 => {
            view! { <Panel><Empty icon=Icon::Plug text=tr!(connector.import_none) /></Panel> }
                .into_any()
        }
        Some(Ok(page)) => view! { <Accounts id page asked form /> }.into_any(),
    };
    view! {
        <a class="back" href=back>
            <Glyph icon=Icon::Back class="size-4" />
            {name}
        </a>
        <div class="mt-3"><PageTitle title=tr!(connector.import_title) hint=Some(hint) /></div>
        <div class="mt-6 grid gap-6">{inner}</div>
    }
}

#[component]
fn Accounts(
    id: ConnectorId,
    page: ImportPage,
    asked: Asked,
    form: FormState<ImportServices>,
) -> impl IntoView {
    let ImportPage { rows, total, before, next } = page;
    let Asked { after, all, done } = asked;
    let path = format!("/organization/connectors/{id}/import");
    let shown = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let range = tr!(
        connector.import_range,
        first = words::number(before + 1),
        last = words::number(before + shown),
        total = words::number(total)
    );
    let goes_on = all && done.as_ref().is_some_and(|done| done.next.is_some());
    let done = done.map(|done| {
        let told = tr!(
            connector.import_done,
            linked = words::number(done.linked),
            created = words::number(done.created),
            left = words::number(done.left_out)
        );
        view! { <Notice tone=Tone::Good>{told}</Notice> }
    });
    let first = before > 0;
    let start = path.clone();
    let next = next.map(|next| format!("{path}?after={}", go::encode(&next)));
    let lines = rows
        .into_iter()
        .enumerate()
        .map(|(place, row)| view! { <Line place row /> })
        .collect_view();
    let behind = after.clone().unwrap_or_default();
    view! {
        <div role="status" class="contents">{done}</div>
        {if goes_on {
            let percent = u64::from(before) * 100 / u64::from(total.max(1));
            let progress = tr!(
                job.progress,
                done = words::number(before),
                total = words::number(total),
                percent = percent
            );
            view! {
                <Panel>
                    <p class="text-sm" id="progress-label">{tr!(connector.import_running)}</p>
                    <progress
                        class="progress-line mt-3"
                        value=before
                        max=total.max(1)
                        aria-labelledby="progress-label"
                    ></progress>
                    <p class="hint num mt-2">{progress}</p>
                    <Form form class="form mt-4">
                        <All id after=after.unwrap_or_default() />
                        <div class="flex flex-wrap gap-2">
                            <a class="btn" href=start.clone() rel="external">{tr!(job.stop)}</a>
                            <span class="plain-only"><Submit label=tr!(connector.import_go_on) /></span>
                        </div>
                    </Form>
                </Panel>
            }
            .into_any()
        } else {
            view! {
                <Panel>
                    <Form form class="form mt-0">
                        <input type="hidden" name="connector" value=id.to_string() />
                        <input type="hidden" name="after" value=behind />
                        <Tick name="link" label=tr!(connector.import_link) ticked=true />
                        <Tick
                            name="create"
                            label=tr!(connector.import_create)
                            hint=tr!(connector.import_create_hint)
                            ticked=true
                        />
                        <ul class="rows">{lines}</ul>
                        <div class="mt-2 flex flex-wrap items-center gap-2">
                            <Submit label=tr!(connector.import_picked) />
                            <p class="hint num">{range}</p>
                            <span class="ml-auto flex gap-2">
                                {first.then(|| view! { <a class="btn btn-sm" href=start.clone()>{tr!(connector.import_first)}</a> })}
                                {next.map(|next| view! { <a class="btn btn-sm" href=next>{tr!(customers.next)}</a> })}
                            </span>
                        </div>
                    </Form>
                </Panel>
                <Panel title=tr!(connector.import_all_title) hint=tr!(connector.import_all_hint)>
                    <Form form class="form mt-4">
                        <All id after=String::new() />
                        <div>
                            <Submit label=tr!(connector.import_all) class="btn" />
                        </div>
                    </Form>
                </Panel>
            }
            .into_any()
        }}
    }
}

/// What asks for all accounts from one on.
#[component]
fn All(id: ConnectorId, after: String) -> impl IntoView {
    view! {
        <input type="hidden" name="connector" value=id.to_string() />
        <input type="hidden" name="all" value="true" />
        <input type="hidden" name="after" value=after />
        <input type="hidden" name="link" value="true" />
        <input type="hidden" name="create" value="true" />
    }
}

/// One account.
#[component]
fn Line(
    /// Which one of the page: each has a name of its own in the form.
    place: usize,
    row: ImportRow,
) -> impl IntoView {
    let ImportRow { name, display_name, email, plan } = row;
    let can = matches!(plan, ImportPlan::Link(..) | ImportPlan::Create);
    let class = match plan {
        ImportPlan::Linked(_) => "state state-ok",
        ImportPlan::Link(..) | ImportPlan::Create => "state state-quiet",
        ImportPlan::Ambiguous | ImportPlan::NoAddress | ImportPlan::Taken => "state state-warn",
    };
    let about = [display_name, email.map(String::from)].into_iter().flatten();
    let about = about.collect::<Vec<_>>().join(" · ");
    let label = tr!(customers.pick, name = name.clone());
    let pick = if can {
        view! { <input class="checkbox checkbox-sm mt-0.5" type="checkbox" name=format!("picks[{place}]") value=name.clone() checked=true aria-label=label /> }
            .into_any()
    } else {
        view! { <span class="size-5 shrink-0"></span> }.into_any()
    };
    view! {
        <li class="row flex-wrap sm:flex-nowrap">
            <div class="flex min-w-0 grow basis-full items-start gap-3 sm:basis-0">
                {pick}
                <div class="min-w-0">
                    <p class="font-mono text-sm wrap-anywhere">{name}</p>
                    <p class="hint wrap-anywhere">{about}</p>
                </div>
            </div>
            <p class="pl-8 sm:w-72 sm:pl-0">
                <span class=class><span class="whitespace-normal">{said::plan(&plan)}</span></span>
            </p>
        </li>
    }
}
