//! `/customers/{id}`: one customer, and whether a reset is possible.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use model::{
    Moment, Refusal,
    account::Lock,
    customer::{CustomerView, Dispute, Standing},
    id::AccountId,
    reset::{Delivery, Obstacle},
};

use super::{State, password::prove::Prove};
use crate::{
    api::{
        ApiError,
        customers::{CancelLinks, CloseDispute, view_customer},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::Area,
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Absent, Failed, Loading, Notice, Panel, Tone},
        time::Time,
    },
    words,
};

/// The page.
#[component]
pub fn Customer() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")?.parse::<AccountId>().ok()));
    let query = use_query_map();
    let cancel = use_form::<CancelLinks>();
    let closing =
        Closing { close: use_form(), proof: use_form(), reason: RwSignal::new(String::new()) };
    // Of this customer, and still so.
    let cancelled = Memo::new(move |_| {
        let here = cancel.outcome.with(|outcome| match outcome {
            Some(Ok(customer)) => id.get() == Some(*customer),
            _ => false,
        });
        here || cancel.error().is_none()
            && query.with(|query| query.get_str("done") == Some("cancelled"))
    });
    let view = Resource::new_blocking(
        move || (id.get(), cancel.version(), closing.close.version()),
        |(id, ..)| async move {
            match id {
                Some(id) => view_customer(id).await,
                None => Err(ApiError::Refused(Refusal::NotFound)),
            }
        },
    );
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(customer) => view! { <Overview customer cancel cancelled closing /> }.into_any(),
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

#[component]
fn Overview(
    customer: CustomerView,
    cancel: FormState<CancelLinks>,
    cancelled: Memo<bool>,
    closing: Closing,
) -> impl IntoView {
    let id = customer.id;
    let link_obstacle = customer.obstacle(Delivery::EmailLink);
    let (may_send_link, has_a_way) = (link_obstacle.is_none(), customer.has_a_way());
    let generates = customer.obstacle(Delivery::Generated).is_none();
    let set_obstacle = set_obstacle(&customer);
    let has_links = !customer.open_links.is_empty();
    let manage = format!("/customers/{id}/password");
    let came = customer.last_sign_in_at.is_some();
    let hint = match &customer.company {
        Some(company) => format!("{company} · {}", customer.organization),
        None => customer.organization.to_string(),
    };
    let standing = customer.standing;
    view! {
        <a class="back" href="/customers">
            <Glyph icon=Icon::Back class="size-4" />
            {tr!(customers.title)}
        </a>
        <div class="mt-3 flex flex-wrap items-start justify-between gap-4">
            <div class="min-w-0"><PageTitle title=customer.name.to_string() hint=Some(hint) /></div>
            <State standing came />
        </div>
        {customer.disputes.iter().map(|dispute| view! { <Disputed customer=id dispute=dispute.clone() closing /> }).collect_view()}
        <div class="mt-6 grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_22rem]">
            <Panel title=tr!(customer.account)>
                <dl class="facts">
                    <Fact name=tr!(customer.email)>{customer.email.to_string()}</Fact>
                    <Fact name=tr!(customer.user_name)>{or_none(customer.user_name.map(Into::into))}</Fact>
                    <Fact name=tr!(customer.reference)>{or_none(customer.reference)}</Fact>
                    <Fact name=tr!(customer.created)><Time at=customer.created_at /></Fact>
                    <Fact name=tr!(customers.last_sign_in)>
                        {match customer.last_sign_in_at {
                            Some(at) => view! { <Time at /> }.into_any(),
                            None => tr!(customers.never_signed_in).into_any(),
                        }}
                    </Fact>
                </dl>
            </Panel>
            <Panel title=tr!(customer.password)>
                <dl class="facts">
                    <Fact name=tr!(customer.password_set)>
                        {match customer.password_changed_at {
                            Some(at) => view! { <Time at /> }.into_any(),
                            None => tr!(customer.password_none).into_any(),
                        }}
                    </Fact>
                    {customer
                        .password_expires_at
                        .map(|at| view! { <Fact name=tr!(customer.password_expires)><Time at /></Fact> })}
                    <Fact name=tr!(customer.open_links)>
                        {if customer.open_links.is_empty() {
                            tr!(customer.none).into_any()
                        } else {
                            customer
                                .open_links
                                .into_iter()
                                .map(|at| {
                                    view! { <span class="block">{tr!(customer.until)} " " <Time at /></span> }
                                })
                                .collect_view()
                                .into_any()
                        }}
                    </Fact>
                </dl>
                <div class="mt-5 grid gap-3">
                    <div role="status" class="contents">
                        {move || {
                            (!has_links && cancelled.get())
                                .then(|| view! { <Notice tone=Tone::Good>{tr!(customer.cancelled)}</Notice> })
                        }}
                    </div>
                    <Possible standing obstacle=set_obstacle may_send_link />
                    {link_obstacle
                        .filter(|obstacle| Some(*obstacle) != set_obstacle)
                        .map(|obstacle| view! { <Notice tone=Tone::Plain>{words::obstacle(obstacle)}</Notice> })}
                    {has_a_way
                        .then(|| view! { <a class="btn btn-primary" href=manage.clone()>{tr!(customer.manage_password)}</a> })}
                    {generates
                        .then(|| {
                            let to = format!("{manage}?how={}&where=portal", Delivery::Generated.word());
                            view! { <a class="btn" href=to>{tr!(customer.reset_and_mail)}</a> }
                        })}
                    {(may_send_link && has_links)
                        .then(|| {
                            view! {
                                <Form form=cancel class="grid">
                                    <input type="hidden" name="customer" value=id.to_string() />
                                    <Submit label=tr!(customer.cancel_links) class="btn" />
                                </Form>
                            }
                        })}
                </div>
            </Panel>
        </div>
    }
}

/// The forms by which an owner closes a dispute, and what is typed into them.
#[derive(Clone, Copy)]
struct Closing {
    close: FormState<CloseDispute>,
    proof: FormState<StepUp>,
    reason: RwSignal<String>,
}

/// What the customer says was not theirs, until an owner has looked into it.
#[component]
fn Disputed(customer: AccountId, dispute: Dispute, closing: Closing) -> impl IntoView {
    let Closing { close, proof, reason } = closing;
    let next = format!("/customers/{customer}");
    let asks = move || {
        (close.error() == Some(ApiError::Refused(Refusal::StepUp)) && !proof.done())
            .then(|| view! { <Prove next=next.clone() form=proof over=false /> })
    };
    let Dispute { id, at, operator, may_close } = dispute;
    let text = match operator {
        Some(operator) => tr!(dispute.by_staff, operator = operator.to_string()),
        None => tr!(dispute.by_somebody).to_owned(),
    };
    view! {
        <section class="panel dispute mt-6 p-5 sm:p-6">
            <h2>{tr!(dispute.title)}</h2>
            <p class="mt-1 text-sm text-pretty">{text} " " <span class="hint"><Time at /></span></p>
            {if may_close {
                view! {
                    <Form form=close class="form mt-4 max-w-xl">
                        <input type="hidden" name="dispute" value=id.to_string() />
                        <Area name="reason" label=tr!(dispute.reason) hint=tr!(dispute.reason_hint) follows=reason />
                        <div><Submit label=tr!(dispute.close) class="btn" /></div>
                    </Form>
                    <div class="max-w-xl">{asks}</div>
                }
                .into_any()
            } else {
                view! { <p class="hint mt-2">{tr!(dispute.owners)}</p> }.into_any()
            }}
        </section>
    }
}

/// Whether the password can be set here, and what to do when it cannot.
#[component]
fn Possible(standing: Standing, obstacle: Option<Obstacle>, may_send_link: bool) -> impl IntoView {
    let lock = standing.lock.map(|lock| match lock {
        Lock::Failures if standing.locked_until.is_none_or(|until| until == Moment(i64::MAX)) => {
            tr!(customer.locked_for_good)
        }
        Lock::Failures => tr!(customer.locked_by_failures),
        Lock::Staff => tr!(customer.locked_by_staff),
        Lock::Dispute => tr!(customer.locked_by_dispute),
    });
    let (tone, text) = if standing.suspended {
        (Tone::Bad, tr!(customer.is_suspended))
    } else {
        match obstacle {
            None => (Tone::Good, tr!(customer.may_set)),
            Some(Obstacle::NoConsent) if may_send_link => {
                (Tone::Plain, tr!(customer.may_not_set_but_link))
            }
            Some(Obstacle::NoConsent) => (Tone::Plain, tr!(customer.may_not_set)),
            Some(obstacle) => (Tone::Plain, words::obstacle(obstacle)),
        }
    };
    view! {
        <div class="grid gap-3">
            {lock.map(|lock| view! { <Notice tone=Tone::Bad>{lock}</Notice> })}
            <Notice tone>{text}</Notice>
        </div>
    }
}

/// Why the reader can neither type a password nor have one generated, if so.
fn set_obstacle(customer: &CustomerView) -> Option<Obstacle> {
    let typed = customer.obstacle(Delivery::Typed)?;
    let generated = customer.obstacle(Delivery::Generated)?;
    // What the customer says weighs more than what the policy leaves open.
    Some(if typed == Obstacle::ManualEntryOff { generated } else { typed })
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

fn or_none(text: Option<String>) -> String {
    text.unwrap_or_else(|| tr!(customer.none).to_owned())
}
