//! `/customers/{id}`: one customer, and whether a reset is possible.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{
    Moment, Refusal,
    account::Lock,
    connector::ServiceView,
    customer::{CustomerView, Dispute, Standing, Undelivered},
    id::AccountId,
    reset::{Delivery, Obstacle},
};

use super::{
    prove::Prove,
    service::{Service, services_of},
    tabs::{Address, Fact, Factor, Head, Tab, or_none, use_customer, view},
};
use crate::{
    api::{
        ApiError,
        care::InviteAgain,
        customers::{CancelLinks, CloseDispute},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::Area,
        form::{Form, FormState, Submit, use_form},
        panel::{Absent, Failed, Loading, Notice, Panel, Tone},
        time::Time,
    },
    words,
};

/// The page.
#[component]
pub fn Customer() -> impl IntoView {
    let id = use_customer();
    let query = use_query_map();
    let (cancel, invite) = (use_form::<CancelLinks>(), use_form::<InviteAgain>());
    let closing =
        Closing { close: use_form(), proof: use_form(), reason: RwSignal::new(String::new()) };
    provide_context(closing);
    // Of this customer, and still so.
    let cancelled = Memo::new(move |_| {
        let here = cancel.outcome.with(|outcome| match outcome {
            Some(Ok(customer)) => id.get() == Some(*customer),
            _ => false,
        });
        here || cancel.error().is_none()
            && query.with(|query| query.get_str("done") == Some("cancelled"))
    });
    // Of this customer.
    let said = Memo::new(move |_| {
        let here = invite.outcome.with(|outcome| match outcome {
            Some(Ok(customer)) => id.get() == Some(*customer),
            _ => false,
        });
        if here {
            return Some("invited".to_owned());
        }
        query.with(|query| query.get("done")).filter(|_| invite.error().is_none())
    });
    let customer = Resource::new_blocking(
        move || (id.get(), cancel.version(), invite.version(), closing.close.version()),
        |(id, ..)| view(id),
    );
    let services = Resource::new_blocking(move || id.get(), services_of);
    let page = move || {
        Suspend::new(async move {
            match customer.await {
                Ok(customer) => {
                    // The page is there without them.
                    let services = services.await.map(|view| view.services).unwrap_or_default();
                    view! { <Overview customer services cancel cancelled invite said /> }.into_any()
                }
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

/// That mail does not reach the customer, and where it says why.
#[component]
fn NotReached(undelivered: Undelivered) -> impl IntoView {
    let Undelivered { at, mail } = undelivered;
    let why = mail.map(|mail| {
        let to = format!("/organization/mail/{mail}");
        view! { <p class="mt-1"><a class="link" href=to>{tr!(customer.undelivered_why)}</a></p> }
    });
    view! {
        <div class="mt-5">
            <Notice tone=Tone::Bad>
                <p>{tr!(customer.undelivered)} " " <Time at /></p>
                {why}
            </Notice>
        </div>
    }
}

#[component]
fn Overview(
    customer: CustomerView,
    services: Vec<ServiceView>,
    cancel: FormState<CancelLinks>,
    cancelled: Memo<bool>,
    invite: FormState<InviteAgain>,
    said: Memo<Option<String>>,
) -> impl IntoView {
    let id = customer.id;
    let (head, of_factor, address) = (customer.clone(), customer.clone(), customer.clone());
    let link_obstacle = customer.obstacle(Delivery::EmailLink);
    let (may_send_link, has_a_way) = (link_obstacle.is_none(), customer.has_a_way());
    let generates = customer.obstacle(Delivery::Generated).is_none();
    let set_obstacle = set_obstacle(&customer);
    let both_off = customer.obstacle(Delivery::Typed) == Some(Obstacle::ManualEntryOff)
        && customer.obstacle(Delivery::Generated) == Some(Obstacle::GeneratedOff);
    let invitable = customer.password_changed_at.is_none() && may_send_link;
    let has_links = !customer.open_links.is_empty();
    let manage = format!("/customers/{id}/password");
    let standing = customer.standing;
    let services = services
        .into_iter()
        .map(|service| view! { <Service customer=id service part="" /> })
        .collect_view();
    view! {
        <Head customer=head tab=Tab::Overview />
        <Said said />
        {customer.undelivered.map(|undelivered| view! { <NotReached undelivered /> })}
        // One at a time is closed: the latest.
        {customer.disputes.iter().enumerate().map(|(place, dispute)| view! { <Disputed customer=id dispute=dispute.clone() closes=place == 0 /> }).collect_view()}
        <div class="mt-6 grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_22rem]">
            <Panel title=tr!(customer.account)>
                <dl class="facts">
                    <Address customer=address />
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
            <div class="grid min-w-0 gap-6">
            <Panel title=tr!(customer.password)>
                <dl class="facts">
                    <Fact name=tr!(customer.password_set)>
                        {match customer.password_changed_at {
                            Some(at) => view! { <Time at /> }.into_any(),
                            None => tr!(customer.password_none).into_any(),
                        }}
                    </Fact>
                    <Factor customer=of_factor />
                    {customer
                        .password_expires_at
                        .map(|at| view! { <Fact name=tr!(customer.password_expires)><Time at /></Fact> })}
                    <Fact name=tr!(customer.open_links)>
                        {if customer.open_links.is_empty() {
                            tr!(customer.no_links).into_any()
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
                    <Possible standing obstacle=set_obstacle may_send_link both_off />
                    {link_obstacle
                        .filter(|obstacle| Some(*obstacle) != set_obstacle)
                        .map(|obstacle| view! { <Notice tone=Tone::Plain>{words::obstacle(obstacle)}</Notice> })}
                    {invitable.then(|| view! { <Invite id form=invite /> })}
                    {has_a_way
                        .then(|| {
                            let class = if invitable { "btn" } else { "btn btn-primary" };
                            view! { <a class=class href=manage.clone()>{tr!(customer.manage_password)}</a> }
                        })}
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
            {services}
            </div>
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
fn Disputed(customer: AccountId, dispute: Dispute, closes: bool) -> impl IntoView {
    let Closing { close, proof, reason } = expect_context();
    let next = format!("/customers/{customer}");
    let asks = move || {
        (close.error() == Some(ApiError::Refused(Refusal::StepUp)) && !proof.done())
            .then(|| view! { <Prove next=next.clone() form=proof why=tr!(desk.prove) /> })
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
            {if may_close && !closes {
                ().into_any()
            } else if may_close {
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

/// The way to the first password.
#[component]
fn Invite(id: AccountId, form: FormState<InviteAgain>) -> impl IntoView {
    view! {
        <p class="hint">{tr!(customer.invite_hint)}</p>
        <Form form class="grid gap-3">
            <input type="hidden" name="customer" value=id.to_string() />
            <Submit label=tr!(customer.invite) class="btn btn-primary" />
        </Form>
    }
}

/// What was just done.
#[component]
fn Said(said: Memo<Option<String>>) -> impl IntoView {
    let notice = move || {
        let text = match said.get().as_deref() {
            Some("created") => vec![tr!(customer.created_done), tr!(customer.created_later)],
            Some("created_invited") => vec![tr!(customer.created_done), tr!(customer.created_hint)],
            Some("invited") => vec![tr!(customer.invited)],
            _ => return None,
        };
        let text = text.into_iter().map(|text| view! { <p>{text}</p> }).collect_view();
        Some(view! { <div class="mt-6"><Notice tone=Tone::Good>{text}</Notice></div> })
    };
    view! { <div role="status" class="contents">{notice}</div> }
}

/// Whether the password can be set here, and what to do when it cannot.
#[component]
fn Possible(
    standing: Standing,
    obstacle: Option<Obstacle>,
    may_send_link: bool,
    /// Whether the policy lets staff neither type nor generate passwords.
    both_off: bool,
) -> impl IntoView {
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
    } else if standing.organization_suspended {
        (Tone::Bad, tr!(organizations.customers_out))
    } else {
        match obstacle {
            None => (Tone::Good, tr!(customer.may_set)),
            Some(_) if both_off && may_send_link => (Tone::Plain, tr!(customer.setting_off)),
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
