//! `/customers/{id}/password`: staff reset a customer's password. Proof of one's own password
//! first, then what will happen, then what did. The step shown follows from what the server knows,
//! so that loading the page again changes nothing.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use model::{
    Refusal,
    account::Lock,
    customer::CustomerView,
    id::{AccountId, ResetId},
    reset::ResetDesk,
};

use crate::{
    api::{
        ApiError,
        customers::{SendLink, view_reset_desk},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::{Area, Field, PasswordField},
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Absent, Failed, Loading, Notice, Tone},
        steps::Steps,
    },
    words,
};

/// The page.
#[component]
pub fn Password() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")?.parse::<AccountId>().ok()));
    let (proof, link) = (use_form::<StepUp>(), use_form::<SendLink>());
    // A proof that was just given, or that has run out meanwhile, is looked at again.
    let proven = Memo::new(move |_| {
        let over = link.error() == Some(ApiError::Refused(Refusal::StepUp));
        (proof.done().then(|| proof.version()), over.then(|| link.version()))
    });
    // Said by the form that was just sent, or by the address that it led to.
    let sent = Memo::new(move |_| {
        let here = link.outcome.with(|outcome| match outcome {
            Some(Ok(sent)) if id.get() == Some(sent.customer) => Some(sent.reset),
            _ => None,
        });
        here.or_else(|| query.with(|query| query.get_str("sent")?.parse::<ResetId>().ok()))
    });
    let desk = Resource::new_blocking(
        move || (id.get(), sent.get(), proven.get()),
        |(id, sent, _)| async move {
            match id {
                Some(id) => view_reset_desk(id, sent).await,
                None => Err(ApiError::Refused(Refusal::NotFound)),
            }
        },
    );
    let page = move || {
        Suspend::new(async move {
            match desk.await {
                Ok(desk) => {
                    if desk.stepped_up
                        && link.error_now() == Some(ApiError::Refused(Refusal::StepUp))
                    {
                        // With a fresh proof, what was said about the old one is over.
                        link.forget();
                    }
                    view! { <Wizard desk proof link /> }.into_any()
                }
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <div class="mx-auto max-w-xl">
            <Transition fallback=Loading>{page}</Transition>
        </div>
    }
}

#[component]
fn Wizard(desk: ResetDesk, proof: FormState<StepUp>, link: FormState<SendLink>) -> impl IntoView {
    let ResetDesk { customer, stepped_up, sent, link_minutes } = desk;
    let back = format!("/customers/{}", customer.id);
    let name = customer.name.to_string();
    let step = if sent {
        view! { <Done customer minutes=link_minutes /> }.into_any()
    } else if let Some(obstacle) = customer.link_obstacle {
        view! {
            <div class="mt-6"><Notice tone=Tone::Bad>{words::obstacle(obstacle)}</Notice></div>
        }
        .into_any()
    } else if stepped_up {
        view! { <Check customer minutes=link_minutes form=link /> }.into_any()
    } else {
        let over = link.error_now() == Some(ApiError::Refused(Refusal::StepUp));
        view! { <Prove customer form=proof over /> }.into_any()
    };
    let current = match (sent, stepped_up) {
        (true, _) => 3,
        (false, true) => 1,
        (false, false) => 0,
    };
    let names = vec![tr!(desk.step_prove), tr!(desk.step_check), tr!(desk.step_done)];
    view! {
        <a class="back" href=back>
            <Glyph icon=Icon::Back class="size-4" />
            {name.clone()}
        </a>
        <div class="panel mt-3 p-6 sm:p-8">
            <Steps names current />
            <PageTitle title=tr!(desk.title) hint=Some(tr!(desk.hint, name = name)) />
            {step}
        </div>
    }
}

/// One's own password, before anything is done with somebody else's.
#[component]
fn Prove(customer: CustomerView, form: FormState<StepUp>, over: bool) -> impl IntoView {
    view! {
        {over.then(|| view! { <div class="mt-4"><Notice tone=Tone::Plain>{tr!(error.step_up)}</Notice></div> })}
        <p class="mt-4 text-sm text-pretty">{tr!(desk.prove)}</p>
        <Form form>
            <input type="hidden" name="next" value=format!("/customers/{}/password", customer.id) />
            <PasswordField name="password" label=tr!(desk.own_password) autocomplete="current-password" />
            <Submit label=tr!(common.proceed) class="btn btn-primary w-full" />
        </Form>
    }
}

/// What will happen, and why it should.
#[component]
fn Check(customer: CustomerView, minutes: u32, form: FormState<SendLink>) -> impl IntoView {
    let locked = matches!(customer.standing.lock, Some(Lock::Failures | Lock::Staff));
    let replaced = !customer.open_links.is_empty();
    view! {
        <ul class="advice">
            <li>{tr!(desk.will_mail, email = customer.email.to_string())}</li>
            <li>{tr!(desk.will_work, count = minutes)}</li>
            {replaced.then(|| view! { <li>{tr!(desk.will_replace)}</li> })}
            {locked.then(|| view! { <li>{tr!(desk.will_unlock)}</li> })}
            <li>{tr!(desk.will_keep)}</li>
        </ul>
        <Form form>
            <input type="hidden" name="customer" value=customer.id.to_string() />
            <Area name="reason" label=tr!(desk.reason) hint=tr!(desk.reason_hint) />
            <Field name="ticket" label=tr!(desk.ticket) />
            <Submit label=tr!(desk.send) class="btn btn-primary w-full" />
        </Form>
    }
}

/// What happened.
#[component]
fn Done(customer: CustomerView, minutes: u32) -> impl IntoView {
    let back = format!("/customers/{}", customer.id);
    view! {
        <div class="mt-6 grid gap-5">
            <div role="status">
                <Notice tone=Tone::Good>
                    {tr!(desk.done, email = customer.email.to_string(), count = minutes)}
                </Notice>
            </div>
            <a class="btn btn-primary" href=back>{tr!(desk.back)}</a>
        </div>
    }
}
