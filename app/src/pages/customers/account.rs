//! `/customers/{id}/account`: what is known of a customer, to be read and changed; suspend, resume
//! and the way to delete.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{
    Refusal,
    account::Language,
    customer::{CustomerDetails, CustomerView},
    reset::Delivery,
};

use super::tabs::{Address, Fact, Factor, Head, Tab, or_none, use_customer, view};
use crate::{
    api::{
        ApiError,
        care::{ChangeCustomer, ResumeCustomer, SuspendCustomer},
    },
    i18n::tr,
    ui::{
        field::{Area, Choice, Field},
        form::{Form, FormState, Submit, use_form},
        panel::{Absent, Failed, Loading, Notice, Panel, Tone},
    },
    words,
};

/// The forms of the page.
#[derive(Clone, Copy)]
struct Forms {
    change: FormState<ChangeCustomer>,
    suspend: FormState<SuspendCustomer>,
    resume: FormState<ResumeCustomer>,
}

/// The page.
#[component]
pub fn CustomerAccount() -> impl IntoView {
    let id = use_customer();
    let query = use_query_map();
    let editing = Memo::new(move |_| query.with(|query| query.get_str("edit").is_some()));
    let forms = Forms { change: use_form(), suspend: use_form(), resume: use_form() };
    // What was refused leaves the form as it is, with all that was typed.
    let versions = move || {
        let Forms { change, suspend, resume } = forms;
        (
            change.done().then(|| change.version()),
            suspend.done().then(|| suspend.version()),
            resume.done().then(|| resume.version()),
        )
    };
    let customer = Resource::new_blocking(move || (id.get(), versions()), |(id, _)| view(id));
    let done = Memo::new(move |_| query.with(|query| query.get("done")));
    let page = move || {
        Suspend::new(async move {
            match customer.await {
                Ok(customer) => view! { <Page customer editing forms done /> }.into_any(),
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

#[component]
fn Page(
    customer: CustomerView,
    editing: Memo<bool>,
    forms: Forms,
    done: Memo<Option<String>>,
) -> impl IntoView {
    let CustomerView { id, may_edit, standing, .. } = customer;
    let reset = match customer.obstacle(Delivery::EmailLink) {
        Some(obstacle) if !customer.has_a_way() => {
            view! { <Notice tone=Tone::Plain>{words::obstacle(obstacle)}</Notice> }.into_any()
        }
        _ => view! {
            <a class="btn btn-primary" href=format!("/customers/{id}/password")>{tr!(care.reset_password)}</a>
        }
        .into_any(),
    };
    let suspended = standing.suspended;
    let said = move || {
        let Forms { change, suspend, resume } = forms;
        let refused =
            change.error().is_some() || suspend.error().is_some() || resume.error().is_some();
        let text = match done.get().as_deref() {
            _ if refused => None,
            _ if suspended && suspend.done() => Some(tr!(care.suspended)),
            _ if !suspended && resume.done() => Some(tr!(care.resumed)),
            Some("changed") => Some(tr!(care.changed)),
            Some("suspended") if suspended => Some(tr!(care.suspended)),
            Some("resumed") if !suspended => Some(tr!(care.resumed)),
            _ => None,
        };
        text.map(|text| view! { <Notice tone=Tone::Good>{text}</Notice> })
    };
    let (shown, of_factor) = (customer.clone(), customer.clone());
    let details = move || {
        let customer = shown.clone();
        if editing.get() && may_edit {
            view! { <Edit customer form=forms.change /> }.into_any()
        } else {
            view! { <Read customer /> }.into_any()
        }
    };
    view! {
        <Head customer tab=Tab::Account />
        <div class="mt-6 grid gap-6">
            <div role="status" class="contents">{said}</div>
            <div class="grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_22rem]">
                <Panel title=tr!(care.details)>{details}</Panel>
                <Panel title=tr!(care.access)>
                    <dl class="facts"><Factor customer=of_factor /></dl>
                    <div class="mt-5 grid gap-3">
                        {reset}
                    </div>
                    {may_edit.then(|| view! { <Danger id suspended forms /> })}
                </Panel>
            </div>
        </div>
    }
}

/// What is known.
#[component]
fn Read(customer: CustomerView) -> impl IntoView {
    let edit = format!("/customers/{}/account?edit=1", customer.id);
    let may_edit = customer.may_edit;
    let address = customer.clone();
    let details = CustomerDetails {
        name: customer.name,
        company: customer.company,
        reference: customer.reference,
        user_name: customer.user_name,
        language: customer.language,
    };
    view! {
        <dl class="facts">
            <Address customer=address />
            <Known details />
        </dl>
        {may_edit.then(|| view! { <a class="btn mt-6" href=edit>{tr!(care.edit)}</a> })}
    }
}

/// What staff may change, to be read.
#[component]
fn Known(details: CustomerDetails) -> impl IntoView {
    view! {
        <Fact name=tr!(customer.name)>{details.name.to_string()}</Fact>
        <Fact name=tr!(customer.company)>{or_none(details.company)}</Fact>
        <Fact name=tr!(customer.reference)>{or_none(details.reference)}</Fact>
        <Fact name=tr!(customer.user_name)>{or_none(details.user_name.map(Into::into))}</Fact>
        <Fact name=tr!(customer.language)>{details.language.own_name()}</Fact>
    }
}

/// What is known, to be changed.
#[component]
fn Edit(customer: CustomerView, form: FormState<ChangeCustomer>) -> impl IntoView {
    let languages = Language::ALL.into_iter().map(|one| (one.tag(), one.own_name())).collect();
    let back = format!("/customers/{}/account", customer.id);
    let address = format!("/customers/{}/email", customer.id);
    let drawn_from = customer.stamp.0;
    let meanwhile = move || match form.error() {
        Some(ApiError::Refused(Refusal::ChangedMeanwhile(meanwhile))) => Some(*meanwhile),
        _ => None,
    };
    // Whoever has seen what was changed meanwhile goes on from there, whatever is refused next.
    let stamp = Memo::new(move |before: Option<&i64>| {
        let before = before.copied().unwrap_or(drawn_from);
        meanwhile().map_or(before, |meanwhile| meanwhile.stamp.0)
    });
    view! {
        <Form form class="form mt-4 max-w-md">
            {move || {
                meanwhile()
                    .map(|meanwhile| {
                        view! {
                            <Notice tone=Tone::Plain>
                                <p>{tr!(care.stored_now)}</p>
                                <dl class="facts"><Known details=meanwhile.details /></dl>
                            </Notice>
                        }
                    })
            }}
            <input type="hidden" name="customer" value=customer.id.to_string() />
            <input type="hidden" name="stamp" value=move || stamp.get().to_string() />
            <Field name="name" label=tr!(customer.name) value=customer.name.to_string() />
            <Field name="company" label=tr!(customer.company) value=customer.company.unwrap_or_default() />
            <Field
                name="reference"
                label=tr!(customer.reference)
                value=customer.reference.unwrap_or_default()
                verbatim=true
            />
            <Field
                name="user_name"
                label=tr!(customer.user_name)
                value=customer.user_name.map(|name| name.to_string()).unwrap_or_default()
                verbatim=true
            />
            <Choice name="language" label=tr!(customer.language) options=languages chosen=customer.language.tag() />
            <Field
                name="email"
                label=tr!(customer.email)
                hint=tr!(care.email_fixed)
                value=customer.email.to_string()
                fixed=true
            />
            {customer
                .may_change_email
                .then(|| view! { <a class="link text-sm" href=address>{tr!(customer.email_change)}</a> })}
            <div class="flex flex-wrap gap-2">
                <Submit label=tr!(care.save) />
                <a class="btn btn-ghost" href=back>{tr!(care.cancel)}</a>
            </div>
        </Form>
    }
}

/// What takes the account away from its owner, for a while or for good.
#[component]
fn Danger(id: model::id::AccountId, suspended: bool, forms: Forms) -> impl IntoView {
    let Forms { suspend, resume, .. } = forms;
    let delete = format!("/customers/{id}/delete");
    let first = if suspended {
        view! {
            <p class="hint">{tr!(care.resume_hint)}</p>
            <Form form=resume class="mt-3 grid gap-3">
                <input type="hidden" name="customer" value=id.to_string() />
                <Submit label=tr!(care.resume) class="btn" />
            </Form>
        }
        .into_any()
    } else {
        view! {
            <details class="more" open=suspend.error_now().is_some()>
                <summary class="btn w-full">{tr!(care.suspend)}</summary>
                <p class="hint mt-3">{tr!(care.suspend_hint)}</p>
                <Form form=suspend class="form">
                    <input type="hidden" name="customer" value=id.to_string() />
                    <Area name="reason" label=tr!(desk.reason) hint=tr!(care.suspend_reason_hint) />
                    <Submit label=tr!(care.suspend) class="btn btn-error w-full" />
                </Form>
            </details>
        }
        .into_any()
    };
    view! {
        <div class="mt-6 border-t border-base-300 pt-6">{first}</div>
        <div class="mt-6 grid gap-3 border-t border-base-300 pt-6">
            <p class="hint">{tr!(care.delete_hint)}</p>
            <a class="btn" href=delete>{tr!(care.delete)}</a>
        </div>
    }
}
