//! `/customers/{id}/services`: the customer's accounts in other systems.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;
use model::{
    Refusal,
    connector::{ConnectorChoice, ServicesView},
    customer::CustomerView,
    id::AccountId,
};

use super::{
    prove::Prove,
    service::{Service, services_of},
    tabs::{Head, Tab, use_customer, view},
};
use crate::{
    api::{
        ApiError,
        connectors::{LinkService, UnlinkService},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::{Choice, Field},
        form::{Form, FormState, Submit, use_form},
        icon::Icon,
        panel::{Absent, Empty, Failed, Loading, Notice, Panel, Tone},
        prove::{is_over, settled},
    },
    words,
};

/// The forms of the page.
#[derive(Clone, Copy)]
struct Forms {
    proof: FormState<StepUp>,
    link: FormState<LinkService>,
    unlink: FormState<UnlinkService>,
}

/// The page.
#[component]
pub fn CustomerServices() -> impl IntoView {
    let id = use_customer();
    let query = use_query_map();
    let forms = Forms { proof: use_form(), link: use_form(), unlink: use_form() };
    let settled = [settled(forms.proof), settled(forms.link), settled(forms.unlink)];
    let done = Memo::new(move |_| {
        let here = |outcome: Signal<Option<Result<AccountId, ApiError>>>| {
            outcome.with(|outcome| matches!(outcome, Some(Ok(_))))
        };
        if forms.link.error().is_some() || forms.unlink.error().is_some() {
            None
        } else if here(forms.unlink.outcome) {
            Some("unlinked".to_owned())
        } else if here(forms.link.outcome) {
            Some("linked".to_owned())
        } else {
            query.with(|query| query.get("done"))
        }
    });
    let customer = Resource::new_blocking(move || id.get(), view);
    let services = Resource::new_blocking(
        move || (id.get(), settled.map(|settled| settled.get())),
        |(id, _)| services_of(id),
    );
    let page = move || {
        Suspend::new(async move {
            match (customer.await, services.await) {
                (Ok(customer), Ok(services)) => {
                    view! { <Page customer services forms done /> }.into_any()
                }
                (Err(ApiError::Refused(Refusal::NotFound)), _)
                | (_, Err(ApiError::Refused(Refusal::NotFound))) => view! { <Absent /> }.into_any(),
                (Err(error), _) | (_, Err(error)) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

#[component]
fn Page(
    customer: CustomerView,
    services: ServicesView,
    forms: Forms,
    done: Memo<Option<String>>,
) -> impl IntoView {
    let ServicesView { services, choices, may_unlink, stepped_up } = services;
    let over = [is_over(forms.link, stepped_up), is_over(forms.unlink, stepped_up)].contains(&true);
    let id = customer.id;
    let next = format!("/customers/{id}/services");
    let is_empty = services.is_empty();
    let unlinks = may_unlink && stepped_up;
    let lines = services
        .into_iter()
        .map(|service| {
            let account = service.id.to_string();
            let text = tr!(service.unlink_whom, name = service.name.clone());
            view! {
                <Service customer=id service part="services">
                    {unlinks
                        .then(|| {
                            view! {
                                <form method="post" class="contents">
                                    <input type="hidden" name="_form" value=UnlinkService::url() />
                                    <input type="hidden" name="customer" value=id.to_string() />
                                    <input type="hidden" name="service" value=account />
                                    <button type="submit" class="btn btn-sm" aria-label=text>
                                        {tr!(service.unlink)}
                                    </button>
                                </form>
                            }
                        })}
                </Service>
            }
        })
        .collect_view();
    let has_choices = !choices.is_empty();
    let error = forms.unlink.error_now();
    let error = error
        .filter(|error| *error != ApiError::Refused(Refusal::StepUp))
        .map(|error| view! { <Notice tone=Tone::Bad>{words::error(&error)}</Notice> });
    let told = move || {
        let text = match done.get().as_deref() {
            Some("linked") => tr!(service.done_linked),
            Some("unlinked") => tr!(service.done_unlinked),
            _ => return None,
        };
        Some(view! { <Notice tone=Tone::Good>{text}</Notice> })
    };
    view! {
        <Head customer tab=Tab::Services />
        <div class="mt-6 grid max-w-3xl gap-6">
            <div role="status" class="contents">{told}</div>
            {error}
            {if is_empty {
                view! { <Panel><Empty icon=Icon::Unlink text=tr!(customer.services_empty) /></Panel> }
                    .into_any()
            } else {
                lines.into_any()
            }}
            {(has_choices || may_unlink && !is_empty)
                .then(|| {
                    if !stepped_up {
                        view! {
                            <Panel title=tr!(service.link_title)>
                                <div class="max-w-md">
                                    <Prove form=forms.proof next over why=tr!(service.prove) />
                                </div>
                            </Panel>
                        }
                        .into_any()
                    } else if has_choices {
                        view! { <Link customer=id choices form=forms.link /> }.into_any()
                    } else {
                        ().into_any()
                    }
                })}
        </div>
    }
}

/// Links one more account.
#[component]
fn Link(
    customer: AccountId,
    choices: Vec<ConnectorChoice>,
    form: FormState<LinkService>,
) -> impl IntoView {
    let first = choices.first().map(|choice| choice.id.to_string()).unwrap_or_default();
    let options = choices
        .into_iter()
        .map(|choice| (choice.id.to_string(), choice.name.to_string()))
        .collect();
    view! {
        <Panel title=tr!(service.link_title) hint=tr!(service.link_hint)>
            <Form form emptied=true class="form mt-4 max-w-md">
                <input type="hidden" name="customer" value=customer.to_string() />
                <Choice name="connector" label=tr!(service.system) options chosen=first />
                <Field name="service" label=tr!(service.account_name) hint=tr!(service.account_hint) verbatim=true />
                <div><Submit label=tr!(service.link) /></div>
            </Form>
        </Panel>
    }
}
