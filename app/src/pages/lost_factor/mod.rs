//! `/customers/{id}/factor` and `/organization/staff/{id}/factor`: staff remove somebody's lost second
//! factor. Proof of one's own password, who calls, what will happen and why it should, then what did.
//! The step shown follows from what the server knows, so that loading the page again changes nothing.

mod check;
mod keep;

pub use keep::{Keep, KeepDone};

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use model::{
    Refusal,
    account::AccountKind,
    factor::{FactorDesk, RemovalDeed, RemovalObstacle, WaitingRemoval},
    id::AccountId,
};

use self::check::Check;
use crate::{
    api::{
        ApiError,
        lost_factor::{RemoveLostFactor, StopRemoval, view_factor_desk},
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
        second::{Agreed, SecondForms, SecondPerson, use_second},
        steps::Steps,
        time::Time,
    },
    words,
};

/// The forms of the page, and what is typed: it is there again after a proof or a call that had to
/// come in between.
#[derive(Clone, Copy)]
struct Forms {
    proof: FormState<StepUp>,
    caller: CallerForms,
    second: SecondForms,
    remove: FormState<RemoveLostFactor>,
    stop: FormState<StopRemoval>,
    reason: RwSignal<String>,
    ticket: RwSignal<String>,
}

impl Forms {
    fn new() -> Self {
        Self {
            proof: use_form(),
            caller: use_caller(),
            second: use_second(),
            remove: use_form(),
            stop: use_form(),
            reason: RwSignal::new(String::new()),
            ticket: RwSignal::new(String::new()),
        }
    }

    /// Counts answers after which the page is another one. What is wrong with a field leaves it as it
    /// is, with what was typed.
    fn settled(self) -> Memo<(usize, usize, usize)> {
        Memo::new(move |before: Option<&(usize, usize, usize)>| {
            let (proof, remove, _) = before.copied().unwrap_or_default();
            (
                if self.proof.done() { self.proof.version() } else { proof },
                if is_about_fields(self.remove.error().as_ref()) {
                    remove
                } else {
                    self.remove.version()
                },
                self.stop.version(),
            )
        })
    }

    /// What one of the forms has just done to this account.
    fn done(self, account: Option<AccountId>) -> Option<RemovalDeed> {
        [self.stop.outcome, self.remove.outcome].into_iter().find_map(|outcome| {
            outcome.with(|outcome| match outcome {
                Some(Ok(done)) if account == Some(done.account) => Some(done.deed),
                _ => None,
            })
        })
    }
}

fn is_about_fields(error: Option<&ApiError>) -> bool {
    matches!(error, Some(ApiError::Refused(Refusal::Fields(_))))
}

/// Of a customer.
#[component]
pub fn CustomerFactor() -> impl IntoView {
    view! { <LostFactor kind=AccountKind::Customer /> }
}

/// Of a member of staff.
#[component]
pub fn StaffFactor() -> impl IntoView {
    view! { <LostFactor kind=AccountKind::Staff /> }
}

/// The page.
#[component]
fn LostFactor(
    /// Whose page it is a part of.
    kind: AccountKind,
) -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")?.parse::<AccountId>().ok()));
    let forms = Forms::new();
    provide_context(forms);
    let (settled, answered) = (forms.settled(), forms.caller.answered());
    let decided = forms.second.answered();
    // Said by the form that was just sent, or by the address that it led to.
    let told = Memo::new(move |_| {
        let asked = || query.with(|query| RemovalDeed::from_word(query.get_str("done")?));
        forms.done(id.get()).or_else(asked)
    });
    let desk = Resource::new_blocking(
        move || (id.get(), settled.get(), answered.get(), decided.get()),
        |(id, ..)| async move {
            match id {
                Some(id) => view_factor_desk(id).await,
                None => Err(ApiError::Refused(Refusal::NotFound)),
            }
        },
    );
    let page = move || {
        Suspend::new(async move {
            match desk.await {
                Ok(desk) if desk.kind == kind => {
                    let told = untrack(|| told.get());
                    view! { <Wizard desk told /> }.into_any()
                }
                Ok(_) | Err(ApiError::Refused(Refusal::NotFound)) => {
                    view! { <Absent /> }.into_any()
                }
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
fn holds(deed: RemovalDeed, desk: &FactorDesk) -> bool {
    match deed {
        RemovalDeed::Asked => desk.waiting.is_some(),
        RemovalDeed::Removed => desk.obstacle == Some(RemovalObstacle::NoFactor),
        RemovalDeed::Stopped => desk.waiting.is_none(),
    }
}

#[component]
fn Wizard(desk: FactorDesk, told: Option<RemovalDeed>) -> impl IntoView {
    let forms = expect_context::<Forms>();
    let (account, name) = (desk.account, desk.name.to_string());
    let back = match desk.kind {
        AccountKind::Customer => format!("/customers/{account}"),
        AccountKind::Staff => format!("/organization/staff/{account}"),
    };
    let next = format!("{back}/factor");
    let over = is_over(forms.remove, desk.stepped_up);
    let refused = match forms.remove.error_now() {
        Some(ApiError::Refused(Refusal::RemovalImpossible(obstacle))) => Some(obstacle),
        _ => None,
    };
    let refused = refused.map(|obstacle| {
        view! { <div class="mt-4" role="alert"><Notice tone=Tone::Bad>{words::removal_obstacle(obstacle)}</Notice></div> }
    });
    let (waiting, may_stop) = (desk.waiting.clone(), desk.may_stop);
    let waits = waiting.map(|removal| view! { <Waits account removal may_stop /> });
    let caller = {
        let (check, next) = (desk.caller.clone(), next.clone());
        move || view! { <Caller check account next forms=forms.caller /> }
    };
    let (current, step) = if let Some(deed) = told.filter(|deed| holds(*deed, &desk)) {
        let said = words::removal_deed(deed, &desk.email);
        let step = view! {
            <div class="mt-6" role="status"><Notice tone=Tone::Good>{said}</Notice></div>
            {waits}
            <a class="btn mt-6 w-full" href=back.clone()>{tr!(common.proceed)}</a>
        };
        (Some(4), step.into_any())
    } else if waits.is_some() {
        (None, waits.into_any())
    } else if let Some(obstacle) =
        desk.obstacle.filter(|why| *why != RemovalObstacle::SecondApprover)
    {
        let why = words::removal_obstacle(obstacle);
        (None, view! { <div class="mt-6"><Notice tone=Tone::Bad>{why}</Notice></div> }.into_any())
    } else if !desk.stepped_up {
        let why = match desk.obstacle {
            Some(_) => tr!(approval.prove_ask),
            None => tr!(lost_factor.prove),
        };
        let step = view! {
            <div class="mt-4">
                <Prove proof=forms.proof next over why />
            </div>
        };
        (Some(0), step.into_any())
    } else if desk.obstacle.is_some() {
        let second = desk.approval.map(|desk| {
            view! { <SecondPerson desk account forms=forms.second /> }
        });
        (None, view! { {refused} {second} }.into_any())
    } else if desk.caller.verified_until.is_none() {
        let step = view! { {refused} <Agreed desk=desk.approval.clone() /> {caller()} };
        (Some(1), step.into_any())
    } else {
        let agreed = view! { <Agreed desk=desk.approval.clone() /> };
        (Some(2), view! { {agreed} {caller()} <Check desk /> }.into_any())
    };
    let names = vec![
        tr!(desk.step_prove),
        tr!(lost_factor.step_caller),
        tr!(desk.step_check),
        tr!(desk.step_done),
    ];
    view! {
        <a class="back" href=back>
            <Glyph icon=Icon::Back class="size-4" />
            {name.clone()}
        </a>
        <div class="panel mt-3 p-6 sm:p-8">
            {current.map(|current| view! { <Steps names current /> })}
            <PageTitle title=tr!(lost_factor.title) hint=Some(tr!(lost_factor.hint, name = name)) />
            {step}
        </div>
    }
}

/// A removal that waits, and the way to stop it.
#[component]
fn Waits(account: AccountId, removal: WaitingRemoval, may_stop: bool) -> impl IntoView {
    let forms = expect_context::<Forms>();
    let by = match removal.by {
        Some((operator, organization)) => tr!(
            lost_factor.waits_by,
            operator = operator.to_string(),
            organization = organization.to_string()
        ),
        None => tr!(lost_factor.waits_by_somebody).to_owned(),
    };
    view! {
        <div class="mt-6">
            <Notice tone=Tone::Plain>
                <p class="font-semibold">{tr!(lost_factor.waits)} " " <Time at=removal.due_at /> "."</p>
                <p class="mt-1">{by} " " <span class="hint"><Time at=removal.asked_at /></span></p>
            </Notice>
        </div>
        {may_stop
            .then(|| {
                view! {
                    <p class="hint mt-4">{tr!(lost_factor.stop_hint)}</p>
                    <Form form=forms.stop class="mt-3 grid gap-3">
                        <input type="hidden" name="account" value=account.to_string() />
                        <Submit label=tr!(lost_factor.stop) class="btn" />
                    </Form>
                }
            })}
    }
}
