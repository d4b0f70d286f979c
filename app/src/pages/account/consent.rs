//! `/account/consent`: what customers allow those who look after their accounts.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{
    Refusal,
    consent::{Consent as Permission, ConsentEntry, ConsentSource, ConsentUse, ConsentView},
    reset::Delivery,
};

use crate::{
    api::{
        ApiError,
        account::{SetConsent, my_consent},
        session::SignedInView,
    },
    i18n::tr,
    ui::{
        field::{Day, Radio, RadioGroup, Tick},
        form::{Form, FormState, Submit, use_form},
        icon::Icon,
        page::PageTitle,
        panel::{Absent, Empty, Failed, Loading, Notice, Panel, Tone},
        prove::ProofFields,
        time::Time,
    },
};

/// The page.
#[component]
pub fn Consent() -> impl IntoView {
    let SignedInView { me, .. } = expect_context();
    let form = use_form::<SetConsent>();
    let view =
        Resource::new_blocking(move || form.done().then(|| form.version()), |_| my_consent());
    let query = use_query_map();
    let done = move || {
        form.done()
            || form.error().is_none()
                && query.with(|query| query.get_str("done") == Some("consent"))
    };
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <Page view form /> }.into_any(),
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    let hint = tr!(consent.hint, organization = me.organization.to_string());
    view! {
        <PageTitle title=tr!(consent.title) hint=Some(hint) />
        <div class="mt-6 grid gap-6">
            <div role="status" class="contents">
                {move || done().then(|| view! { <Notice tone=Tone::Good>{tr!(consent.done)}</Notice> })}
            </div>
            <Transition fallback=Loading>{page}</Transition>
        </div>
    }
}

#[component]
fn Page(view: ConsentView, form: FormState<SetConsent>) -> impl IntoView {
    let ConsentView { consent, links_only, ledger, uses, stepped_up } = view;
    let (chosen, until) = match consent {
        Permission::Refused => ("no", None),
        Permission::Once => ("once", None),
        // The last day that is still within.
        Permission::Until(until) => {
            let day = until.minus(std::time::Duration::from_secs(1)).rfc3339();
            ("until", day.get(..10).map(str::to_owned))
        }
        Permission::Always => ("always", None),
    };
    // Asked for from the start, or once a proof has run out while the page was open.
    let proves = Memo::new(move |before: Option<&bool>| {
        before == Some(&true)
            || !stepped_up
            || form.error() == Some(ApiError::Refused(Refusal::StepUp))
    });
    let lines = ledger.into_iter().map(|entry| view! { <Line entry /> }).collect::<Vec<_>>();
    let uses = uses.into_iter().map(|one| view! { <Use one /> }).collect::<Vec<_>>();
    view! {
        <Panel>
            <Form form class="form mt-0 max-w-lg">
                <RadioGroup name="choice" label=tr!(consent.question)>
                    <Radio name="choice" value="no" chosen label=tr!(consent.no) hint=tr!(consent.no_hint) />
                    <Radio name="choice" value="once" chosen label=tr!(consent.once) hint=tr!(consent.once_hint) />
                    <Radio name="choice" value="until" chosen label=tr!(consent.until) hint=tr!(consent.until_hint) />
                    <Radio name="choice" value="always" chosen label=tr!(consent.always) hint=tr!(consent.always_hint) />
                </RadioGroup>
                <Day name="until" label=tr!(consent.day) value=until />
                <Tick name="links_only" label=tr!(consent.links_only) hint=tr!(consent.links_only_hint) ticked=links_only />
                {move || {
                    proves
                        .get()
                        .then(|| {
                            view! {
                                <div class="form m-0 border-t border-base-300 pt-5">
                                    <input type="hidden" name="proves" value="true" />
                                    <p class="hint max-w-prose">{tr!(consent.prove)}</p>
                                    <ProofFields />
                                </div>
                            }
                        })
                }}
                <div><Submit label=tr!(consent.submit) /></div>
            </Form>
        </Panel>
        <Panel title=tr!(consent.uses) hint=tr!(consent.uses_hint)>
            {if uses.is_empty() {
                view! { <Empty icon=Icon::Key text=tr!(consent.uses_empty) /> }.into_any()
            } else {
                view! { <ol class="rows">{uses}</ol> }.into_any()
            }}
        </Panel>
        <Panel title=tr!(consent.ledger) hint=tr!(consent.ledger_hint)>
            {if lines.is_empty() {
                view! { <Empty icon=Icon::Clock text=tr!(consent.ledger_empty) /> }.into_any()
            } else {
                view! { <ol class="rows">{lines}</ol> }.into_any()
            }}
        </Panel>
    }
}

/// Somebody who made use of the permission.
#[component]
fn Use(one: ConsentUse) -> impl IntoView {
    let said = match one.delivery {
        Delivery::Generated => tr!(consent.used_generated),
        _ => tr!(consent.used_typed),
    };
    let by = match one.by {
        Some(name) => tr!(who.staff_named, name = name.to_string()),
        None => tr!(who.staff).to_owned(),
    };
    view! {
        <li class="row flex-wrap gap-y-1 sm:flex-nowrap">
            <div class="min-w-0 grow basis-full sm:basis-0">
                <p class="font-medium">{said}</p>
                <p class="hint">{by}</p>
            </div>
            <p class="hint"><Time at=one.at /></p>
        </li>
    }
}

/// A line of the ledger.
#[component]
fn Line(entry: ConsentEntry) -> impl IntoView {
    let source = match entry.source {
        ConsentSource::Creation => tr!(consent.by_creation),
        ConsentSource::Import => tr!(consent.by_import),
        ConsentSource::Customer => tr!(consent.by_you),
        ConsentSource::Used => tr!(consent.by_use),
        ConsentSource::Returned => tr!(consent.by_return),
    };
    let said = match entry.consent {
        Permission::Refused => tr!(consent.no).into_any(),
        Permission::Once => tr!(consent.once).into_any(),
        Permission::Always => tr!(consent.always).into_any(),
        Permission::Until(until) => {
            view! { {tr!(consent.until)} ": " <Time at=until /> }.into_any()
        }
    };
    view! {
        <li class="row flex-wrap gap-y-1 sm:flex-nowrap">
            <div class="min-w-0 grow basis-full sm:basis-0">
                <p class="font-medium">{said}</p>
                <p class="hint">{source}</p>
            </div>
            <p class="hint"><Time at=entry.at /></p>
        </li>
    }
}
