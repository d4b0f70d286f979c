//! `/customers/{id}/password`: staff reset a customer's password. Proof of one's own password
//! first, then how, then what will happen, then what did. The step shown follows from the address
//! and from what the server knows, so that loading the page again changes nothing.

mod check;
mod done;
mod how;

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use model::{
    Refusal,
    approval::{ApprovalAction, ApprovalDesk},
    id::{AccountId, ResetId, ServiceAccountId},
    reset::{Delivery, Obstacle, ResetDesk},
};

use self::{check::Check, done::Done, how::How};
use super::prove::Prove;
use crate::{
    api::{
        ApiError,
        customers::{GeneratePassword, SendLink, TypePassword, view_reset_desk},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        caller::{Caller, CallerForms, use_caller},
        form::{FormState, use_form},
        icon::{Glyph, Icon},
        new_password::use_suggestion,
        page::PageTitle,
        panel::{Absent, Failed, Loading, Notice, Tone},
        places::LiveReset,
        second::{Agreed, SecondForms, SecondPerson, use_second},
        steps::Steps,
    },
    words,
};

/// The forms of the page, one for each way, and what is typed into all of them alike: it is there
/// again after a proof that had to be given in between.
#[derive(Clone, Copy)]
struct Forms {
    proof: FormState<StepUp>,
    link: FormState<SendLink>,
    typed: FormState<TypePassword>,
    generated: FormState<GeneratePassword>,
    caller: CallerForms,
    second: SecondForms,
    suggestion: FormState<crate::api::password::SuggestPassword>,
    reason: RwSignal<String>,
    ticket: RwSignal<String>,
}

impl Forms {
    fn new() -> Self {
        Self {
            proof: use_form(),
            link: use_form(),
            typed: use_form(),
            generated: use_form(),
            caller: use_caller(),
            second: use_second(),
            suggestion: use_suggestion(),
            reason: RwSignal::new(String::new()),
            ticket: RwSignal::new(String::new()),
        }
    }

    /// What the last answer was to, and which one of its kind it is, when it asks for a proof.
    fn asks_for_proof(self) -> Option<(Delivery, usize)> {
        let step_up = Some(ApiError::Refused(Refusal::StepUp));
        if self.link.error() == step_up {
            Some((Delivery::EmailLink, self.link.version()))
        } else if self.typed.error() == step_up {
            Some((Delivery::Typed, self.typed.version()))
        } else if self.generated.error() == step_up {
            Some((Delivery::Generated, self.generated.version()))
        } else {
            None
        }
    }

    /// With a fresh proof, what was said about the old one is over.
    fn forget_that_proof_was_asked_for(self) {
        match untrack(|| self.asks_for_proof()) {
            Some((Delivery::EmailLink, _)) => self.link.forget(),
            Some((Delivery::Typed, _)) => self.typed.forget(),
            Some(_) => self.generated.forget(),
            None => {}
        }
    }

    /// The reset of this customer that one of the forms has just begun.
    fn begun(self, customer: Option<AccountId>) -> Option<ResetId> {
        [self.link.outcome, self.typed.outcome, self.generated.outcome].into_iter().find_map(
            |outcome| {
                outcome.with(|outcome| match outcome {
                    Some(Ok(begun)) if customer == Some(begun.customer) => Some(begun.reset),
                    _ => None,
                })
            },
        )
    }
}

/// The page.
#[component]
pub fn Password() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")?.parse::<AccountId>().ok()));
    let how = Memo::new(move |_| query.with(|query| Delivery::of_staff(query.get_str("how")?)));
    let places = Memo::new(move |_| chosen(query.with(|query| query.get("where"))));
    let live = LiveReset::unknown();
    let forms = Forms::new();
    provide_context(forms);
    // A proof that was just given, or that has run out meanwhile, is looked at again.
    let proven = Memo::new(move |_| {
        (forms.proof.done().then(|| forms.proof.version()), forms.asks_for_proof())
    });
    let checked = forms.caller.answered();
    let decided = forms.second.answered();
    // Said by the form that was just sent, or by the address that it led to.
    let begun = Memo::new(move |_| {
        forms
            .begun(id.get())
            .or_else(|| query.with(|query| query.get_str("begun")?.parse::<ResetId>().ok()))
    });
    // Whoever was just created, and has no password yet.
    let fresh = Memo::new(move |_| {
        begun.get().is_none() && query.with(|query| query.get_str("new").is_some())
    });
    let desk = Resource::new_blocking(
        move || {
            let answered = (checked.get(), decided.get());
            (id.get(), begun.get(), proven.get(), answered, live.turned.get())
        },
        |(id, begun, ..)| async move {
            match id {
                Some(id) => view_reset_desk(id, begun).await,
                None => Err(ApiError::Refused(Refusal::NotFound)),
            }
        },
    );
    let page = move || {
        let (how, places) = (how.get(), places.get());
        Suspend::new(async move {
            match desk.await {
                Ok(desk) => {
                    if desk.stepped_up {
                        forms.forget_that_proof_was_asked_for();
                    }
                    view! { <Wizard desk how places live /> }.into_any()
                }
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <div class="mx-auto max-w-xl">
            <div role="status">
                {move || {
                    fresh.get()
                        .then(|| view! { <div class="mb-6"><Notice tone=Tone::Good>{tr!(desk.created)}</Notice></div> })
                }}
            </div>
            <Transition fallback=Loading>{page}</Transition>
        </div>
    }
}

/// The choice of the portal alone.
const PORTAL: &str = "portal";
/// The choice of every account in other systems.
const ALL: &str = "all";

/// What an address, or a form, may choose: nothing else gets into either.
fn chosen(word: Option<String>) -> String {
    word.filter(|word| word == ALL || word.parse::<ServiceAccountId>().is_ok())
        .unwrap_or_else(|| PORTAL.to_owned())
}

/// The address of the wizard of a customer, at a way, and where the new password goes.
fn address(customer: AccountId, how: Option<Delivery>, places: &str) -> String {
    match how {
        Some(how) => format!("/customers/{customer}/password?how={}&where={places}", how.word()),
        None => format!("/customers/{customer}/password"),
    }
}

/// What is known of a second person who has to agree to a way.
fn second(desk: &ResetDesk, how: Delivery) -> Option<ApprovalDesk> {
    let action = ApprovalAction::of_delivery(how)?;
    desk.approvals.iter().find(|approval| approval.action == action).cloned()
}

/// What is known of the caller; nothing where only a link is possible anyway.
#[component]
fn WhoCalls(desk: ResetDesk) -> impl IntoView {
    let forms = expect_context::<Forms>();
    let account = desk.customer.id;
    let concerns = [Delivery::Typed, Delivery::Generated]
        .into_iter()
        .any(|way| matches!(desk.customer.obstacle(way), None | Some(Obstacle::CallerUnknown)));
    concerns.then(|| {
        let next = address(account, None, PORTAL);
        view! { <Caller check=desk.caller account next forms=forms.caller /> }
    })
}

#[component]
fn Wizard(
    desk: ResetDesk,
    how: Option<Delivery>,
    places: String,
    live: LiveReset,
) -> impl IntoView {
    let forms = expect_context::<Forms>();
    let id = desk.customer.id;
    let name = desk.customer.name.to_string();
    let (current, title, step) = if let Some(begun) = desk.begun.clone() {
        (4, tr!(desk.title), view! { <Done desk begun live /> }.into_any())
    } else if !desk.customer.has_a_way() {
        let why = desk.customer.obstacle(Delivery::EmailLink).map(words::obstacle);
        let step = view! { <div class="mt-6"><Notice tone=Tone::Bad>{why}</Notice></div> };
        (0, tr!(desk.title), step.into_any())
    } else if !desk.stepped_up {
        let over = untrack(|| forms.asks_for_proof()).is_some();
        let step = view! { <Prove next=address(id, how, &places) form=forms.proof over why=tr!(desk.prove) /> };
        (0, tr!(desk.title), step.into_any())
    } else {
        match how.map(|how| (how, desk.customer.obstacle(how))) {
            Some((how, None)) => {
                let agreed = view! { <Agreed desk=second(&desk, how) /> };
                (2, tr!(desk.title), view! { {agreed} <Check desk how places /> }.into_any())
            }
            Some((how, Some(Obstacle::SecondApprover))) => {
                let second = second(&desk, how).map(|desk| {
                    view! { <SecondPerson desk account=id forms=forms.second /> }
                });
                let step = view! {
                    {second}
                    <p class="mt-4 text-center">
                        <a class="link text-sm" href=address(id, None, PORTAL)>{tr!(desk.another_way)}</a>
                    </p>
                };
                (2, tr!(desk.title), step.into_any())
            }
            // What was offered is not any more; what is, one sees there.
            Some((_, Some(obstacle))) => {
                let step = view! {
                    <div class="mt-4"><Notice tone=Tone::Bad>{words::obstacle(obstacle)}</Notice></div>
                    <WhoCalls desk=desk.clone() />
                    <How desk how=None />
                };
                (1, tr!(desk.title), step.into_any())
            }
            None => {
                let step = view! {
                    <WhoCalls desk=desk.clone() />
                    <How desk how=None />
                };
                (1, tr!(desk.set_title), step.into_any())
            }
        }
    };
    let names =
        vec![tr!(desk.step_prove), tr!(desk.step_how), tr!(desk.step_check), tr!(desk.step_done)];
    view! {
        <a class="back" href=format!("/customers/{id}")>
            <Glyph icon=Icon::Back class="size-4" />
            {name.clone()}
        </a>
        <div class="panel mt-3 p-6 sm:p-8">
            <Steps names current />
            <PageTitle title hint=Some(tr!(desk.hint, name = name)) />
            {step}
        </div>
    }
}
