//! `/customers/{id}/email`: staff change a customer's email address, or agree to a change that a
//! colleague asked for. Proof of one's own password, who calls, the new address with what will happen
//! and why it should, then what did. The step shown follows from what the server knows, so that
//! loading the page again changes nothing. The owner's own page, and those of links, are beside it.

mod check;
mod links;
mod own;

pub use links::{KeepAddress, KeepAddressDone, NewAddress, NewAddressDone};
pub use own::OwnAddress;

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use model::{
    Refusal,
    email::{EmailDeed, EmailDesk, EmailObstacle, EmailStage, WaitingEmail},
    id::AccountId,
};

use self::check::{Agree, Check};
use crate::{
    api::{
        ApiError,
        email_change::{ApproveEmail, AskForEmail, StopEmail, view_email_desk},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        caller::{Caller, CallerForms, use_caller},
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Absent, Failed, Loading, Notice, Tone},
        prove::{Prove, is_over},
        steps::Steps,
        time::Time,
    },
    words::{self, asked_by, due},
};

/// The forms of the page, and what is typed: it is there again after a proof or a call that had to
/// come in between.
#[derive(Clone, Copy)]
struct Forms {
    proof: FormState<StepUp>,
    caller: CallerForms,
    ask: FormState<AskForEmail>,
    approve: FormState<ApproveEmail>,
    stop: FormState<StopEmail>,
    email: RwSignal<String>,
    reason: RwSignal<String>,
    ticket: RwSignal<String>,
}

impl Forms {
    fn new() -> Self {
        let empty = || RwSignal::new(String::new());
        Self {
            proof: use_form(),
            caller: use_caller(),
            ask: use_form(),
            approve: use_form(),
            stop: use_form(),
            email: empty(),
            reason: empty(),
            ticket: empty(),
        }
    }

    /// Counts answers after which the page is another one. What is wrong with a field leaves it as it
    /// is, with what was typed.
    fn settled(self) -> Memo<[usize; 4]> {
        Memo::new(move |before: Option<&[usize; 4]>| {
            let [proof, ask, approve, _] = before.copied().unwrap_or_default();
            let unless = |stays: bool, before: usize, now: usize| if stays { before } else { now };
            [
                unless(!self.proof.done(), proof, self.proof.version()),
                unless(is_about_fields(self.ask.error().as_ref()), ask, self.ask.version()),
                unless(
                    is_about_fields(self.approve.error().as_ref()),
                    approve,
                    self.approve.version(),
                ),
                self.stop.version(),
            ]
        })
    }

    /// What one of the forms has just done to this account.
    fn done(self, account: Option<AccountId>) -> Option<EmailDeed> {
        [self.stop.outcome, self.approve.outcome, self.ask.outcome].into_iter().find_map(
            |outcome| {
                outcome.with(|outcome| match outcome {
                    Some(Ok(done)) if account == Some(done.account) => Some(done.deed),
                    _ => None,
                })
            },
        )
    }

    /// Why one of the forms was refused, where that is about the change as a whole.
    fn refused(self) -> Option<EmailObstacle> {
        [self.ask.error_now(), self.approve.error_now()].into_iter().find_map(|error| match error {
            Some(ApiError::Refused(Refusal::EmailImpossible(obstacle))) => Some(obstacle),
            _ => None,
        })
    }
}

fn is_about_fields(error: Option<&ApiError>) -> bool {
    matches!(error, Some(ApiError::Refused(Refusal::Fields(_))))
}

/// The page.
#[component]
pub fn CustomerAddress() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")?.parse::<AccountId>().ok()));
    let second = Memo::new(move |_| query.with(|query| query.get_str("second").is_some()));
    let forms = Forms::new();
    provide_context(forms);
    let (settled, answered) = (forms.settled(), forms.caller.answered());
    // Said by the form that was just sent, or by the address that it led to.
    let told = Memo::new(move |_| {
        let asked = || query.with(|query| EmailDeed::from_word(query.get_str("done")?));
        forms.done(id.get()).or_else(asked)
    });
    let desk = Resource::new_blocking(
        move || (id.get(), settled.get(), answered.get()),
        |(id, ..)| async move {
            match id {
                Some(id) => view_email_desk(id).await,
                None => Err(ApiError::Refused(Refusal::NotFound)),
            }
        },
    );
    let page = move || {
        let second = second.get();
        Suspend::new(async move {
            match desk.await {
                Ok(desk) => {
                    let told = untrack(|| told.get());
                    view! { <Wizard desk told second /> }.into_any()
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

/// Whether what an address tells can be so: it may be an old one.
fn holds(deed: EmailDeed, desk: &EmailDesk) -> bool {
    let stage = desk.waiting.as_ref().map(|change| change.stage);
    match deed {
        EmailDeed::Asked | EmailDeed::Approved => {
            stage.is_some_and(|stage| stage != EmailStage::Approval)
        }
        EmailDeed::Second => stage == Some(EmailStage::Approval),
        EmailDeed::Stopped => stage.is_none(),
    }
}

#[component]
fn Wizard(desk: EmailDesk, told: Option<EmailDeed>, second: bool) -> impl IntoView {
    let forms = expect_context::<Forms>();
    let (account, name) = (desk.account, desk.name.to_string());
    let back = format!("/customers/{account}/account");
    let page = format!("/customers/{account}/email");
    let without = format!("{page}?second=1");
    let next = if second { without.clone() } else { page.clone() };
    let over = is_over(forms.ask, desk.stepped_up) | is_over(forms.approve, desk.stepped_up);
    let refused = forms.refused().map(|obstacle| {
        view! { <div class="mt-4" role="alert"><Notice tone=Tone::Bad>{words::email_obstacle(obstacle)}</Notice></div> }
    });
    let prove = |why: &'static str, next: String| {
        view! { <div class="mt-4"><Prove proof=forms.proof next over why /></div> }
    };
    let caller = {
        let (check, next) = (desk.caller.clone(), page.clone());
        move || view! { <Caller check account next forms=forms.caller /> }
    };
    let waiting = desk.waiting.clone();
    let waits = waiting.clone().map(|change| {
        let (why, may_stop) = (desk.why.clone(), desk.may_stop);
        view! { <Waits account change why may_stop /> }
    });
    let (current, step) = if let Some(deed) = told.filter(|deed| holds(*deed, &desk)) {
        let said = words::email_deed(deed, &desk.email);
        let step = view! {
            <div class="mt-6" role="status"><Notice tone=Tone::Good>{said}</Notice></div>
            {waits}
            <a class="btn mt-6 w-full" href=back.clone()>{tr!(common.proceed)}</a>
        };
        (Some(4), step.into_any())
    } else if let Some(change) = waiting {
        let agree = match desk.approval {
            _ if change.stage != EmailStage::Approval => ().into_any(),
            Some(obstacle) => {
                let why = words::email_obstacle(obstacle);
                view! { <p class="hint mt-4">{why}</p> }.into_any()
            }
            None if desk.stepped_up => {
                let check = tr!(new_email.agree_check, email = change.email);
                view! { <Agree account change=change.id check hours=desk.hours /> }.into_any()
            }
            None => prove(tr!(new_email.prove_agree), page.clone()).into_any(),
        };
        (None, view! { {refused} {waits} {agree} }.into_any())
    } else if let Some(obstacle) = desk.obstacle {
        let why = words::email_obstacle(obstacle);
        (None, view! { <div class="mt-6"><Notice tone=Tone::Bad>{why}</Notice></div> }.into_any())
    } else if !desk.stepped_up {
        (Some(0), prove(tr!(new_email.prove), next).into_any())
    } else if second {
        let step = view! {
            {refused}
            <Check desk second=true />
            <a class="link mt-4 block text-sm" href=page>{tr!(new_email.with_caller)}</a>
        };
        (Some(2), step.into_any())
    } else if desk.caller.verified_until.is_none() {
        let step = view! {
            {refused}
            {caller()}
            <p class="hint mt-4">
                {tr!(new_email.without_hint)} " "
                <a class="link" href=without>{tr!(new_email.without)}</a>
            </p>
        };
        (Some(1), step.into_any())
    } else {
        (Some(2), view! { {refused} {caller()} <Check desk second=false /> }.into_any())
    };
    let names = vec![
        tr!(desk.step_prove),
        tr!(lost_factor.step_caller),
        tr!(new_email.step_address),
        tr!(desk.step_done),
    ];
    view! {
        <a class="back" href=back>
            <Glyph icon=Icon::Back class="size-4" />
            {name.clone()}
        </a>
        <div class="panel mt-3 p-6 sm:p-8">
            {current.map(|current| view! { <Steps names current /> })}
            <PageTitle title=tr!(new_email.title) hint=Some(tr!(lost_factor.hint, name = name)) />
            {step}
        </div>
    }
}

/// A change that is under way, and the way to stop it.
#[component]
fn Waits(
    account: AccountId,
    change: WaitingEmail,
    /// Why staff asked for it, and the number of a ticket.
    why: Option<(String, Option<String>)>,
    may_stop: bool,
) -> impl IntoView {
    let forms = expect_context::<Forms>();
    let stage = match change.stage {
        EmailStage::Approval => tr!(new_email.stage_approval),
        EmailStage::Unconfirmed => tr!(new_email.stage_unconfirmed),
        EmailStage::Confirmed => tr!(new_email.stage_confirmed),
    };
    let why = why.map(|(reason, ticket)| {
        let ticket = ticket.map(|ticket| {
            view! { <span class="block"><span class="hint">{tr!(customer.ticket)}</span> " " {ticket}</span> }
        });
        view! {
            <p class="mt-1 break-words">
                <span class="hint">{tr!(customer.reason)}</span> " " {reason} {ticket}
            </p>
        }
    });
    view! {
        <div class="mt-6">
            <Notice tone=Tone::Plain>
                <p class="font-semibold break-words">{tr!(new_email.waits, email = change.email.clone())}</p>
                <p class="mt-1">{asked_by(&change)} " " <span class="hint"><Time at=change.asked_at /></span></p>
                {why}
                <p class="mt-1">{stage} " " {due(change.stage)} " " <Time at=change.due_at /> "."</p>
            </Notice>
        </div>
        {may_stop
            .then(|| {
                view! {
                    <Form form=forms.stop class="mt-3 grid gap-3">
                        <input type="hidden" name="account" value=account.to_string() />
                        <Submit label=tr!(new_email.stop) class="btn" />
                    </Form>
                }
            })}
    }
}
