//! `/approvals/{id}`: what somebody asks a second person to agree to, and the decision. Proof of one's
//! own password comes before that.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use model::{
    Refusal,
    account::AccountKind,
    approval::{ApprovalAction, ApprovalDeed, ApprovalState, ApprovalSubject, ApprovalView},
    id::ApprovalId,
    job::JobKind,
};

use crate::{
    api::{
        ApiError,
        approvals::{AgreeToApproval, RefuseApproval, WithdrawApproval, view_approval},
        many::job_page,
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::Area,
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        job::number,
        page::PageTitle,
        panel::{Absent, Failed, Loading, Notice, Tone},
        prove::{Prove, is_over},
        time::Time,
    },
    words,
};

/// The forms of the page, and what is typed: it is there again after a proof that had to come in
/// between.
#[derive(Clone, Copy)]
struct Forms {
    proof: FormState<StepUp>,
    agree: FormState<AgreeToApproval>,
    refuse: FormState<RefuseApproval>,
    withdraw: FormState<WithdrawApproval>,
    reason: RwSignal<String>,
    remark: RwSignal<String>,
}

impl Forms {
    fn new() -> Self {
        let empty = || RwSignal::new(String::new());
        Self {
            proof: use_form(),
            agree: use_form(),
            refuse: use_form(),
            withdraw: use_form(),
            reason: empty(),
            remark: empty(),
        }
    }

    /// Counts answers after which the page is another one. What is wrong with a field leaves it as it
    /// is, with what was typed.
    fn settled(self) -> Memo<[usize; 4]> {
        Memo::new(move |before: Option<&[usize; 4]>| {
            let [proof, agree, refuse, _] = before.copied().unwrap_or_default();
            let unless = |stays: bool, before: usize, now: usize| if stays { before } else { now };
            [
                unless(!self.proof.done(), proof, self.proof.version()),
                unless(is_about_fields(self.agree.error().as_ref()), agree, self.agree.version()),
                unless(
                    is_about_fields(self.refuse.error().as_ref()),
                    refuse,
                    self.refuse.version(),
                ),
                self.withdraw.version(),
            ]
        })
    }

    /// What one of the forms has just done.
    fn done(self, id: Option<ApprovalId>) -> Option<ApprovalDeed> {
        [self.withdraw.outcome, self.refuse.outcome, self.agree.outcome].into_iter().find_map(
            |outcome| {
                outcome.with(|outcome| match outcome {
                    Some(Ok(done)) if id == Some(done.id) => Some(done.deed),
                    _ => None,
                })
            },
        )
    }
}

fn is_about_fields(error: Option<&ApiError>) -> bool {
    matches!(error, Some(ApiError::Refused(Refusal::Fields(_))))
}

/// The page.
#[component]
pub fn Approval() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")?.parse::<ApprovalId>().ok()));
    let forms = Forms::new();
    provide_context(forms);
    let settled = forms.settled();
    // Said by the form that was just sent, or by the address that it led to.
    let told = Memo::new(move |_| {
        let asked = || query.with(|query| ApprovalDeed::from_word(query.get_str("done")?));
        forms.done(id.get()).or_else(asked)
    });
    let asked = Resource::new_blocking(
        move || (id.get(), settled.get()),
        |(id, _)| async move {
            match id {
                Some(id) => view_approval(id).await,
                None => Err(ApiError::Refused(Refusal::NotFound)),
            }
        },
    );
    let page = move || {
        Suspend::new(async move {
            match asked.await {
                Ok(view) => {
                    let told = untrack(|| told.get());
                    view! { <Page view told /> }.into_any()
                }
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <div class="mx-auto max-w-xl">
            <a class="back" href="/resets">
                <Glyph icon=Icon::Back class="size-4" />
                {tr!(resets.title)}
            </a>
            <div class="panel mt-3 p-6 sm:p-8"><Transition fallback=Loading>{page}</Transition></div>
        </div>
    }
}

/// Whether what an address tells can be so: it may be an old one.
fn holds(deed: ApprovalDeed, view: &ApprovalView) -> bool {
    match deed {
        ApprovalDeed::Asked => view.own && view.state == ApprovalState::Asked,
        ApprovalDeed::Agreed => {
            matches!(view.state, ApprovalState::Approved | ApprovalState::Used)
        }
        ApprovalDeed::Refused => view.state == ApprovalState::Refused,
        ApprovalDeed::Withdrawn => view.state == ApprovalState::Withdrawn,
    }
}

/// Where whoever asked goes on.
fn desk_of(action: ApprovalAction, subject: &ApprovalSubject) -> String {
    let id = subject.id;
    match (action.delivery(), subject.kind) {
        (Some(way), _) => format!("/customers/{id}/password?how={}", way.word()),
        (None, AccountKind::Staff) => format!("/organization/staff/{id}/factor"),
        (None, AccountKind::Customer) => format!("/customers/{id}/factor"),
    }
}

#[component]
fn Page(view: ApprovalView, told: Option<ApprovalDeed>) -> impl IntoView {
    let forms = expect_context::<Forms>();
    let id = view.id;
    let name = view.subject.as_ref().map(|subject| subject.name.clone());
    let title = words::approval_action(view.action, name.as_ref());
    let said = told.filter(|deed| holds(*deed, &view)).map(|deed| {
        let text = words::approval_deed(deed);
        view! { <div class="mt-5" role="status"><Notice tone=Tone::Good>{text}</Notice></div> }
    });
    let is_open = view.state.is_open();
    let over = is_over(forms.agree, view.stepped_up) | is_over(forms.refuse, view.stepped_up);
    let step = if view.own && is_open {
        let on = view.subject.as_ref().filter(|_| view.state == ApprovalState::Approved);
        let on = on.map(|subject| {
            let to = desk_of(view.action, subject);
            view! { <a class="btn btn-primary mt-4 w-full" href=to>{tr!(approval.go_on)}</a> }
        });
        view! {
            {on}
            <Form form=forms.withdraw class="mt-4 grid gap-3">
                <input type="hidden" name="approval" value=id.to_string() />
                <Submit label=tr!(approval.withdraw) class="btn" />
            </Form>
        }
        .into_any()
    } else if view.state != ApprovalState::Asked {
        ().into_any()
    } else if !view.may_refuse
        && let Some(obstacle) = view.obstacle
    {
        let why = words::approval_obstacle(obstacle);
        view! { <p class="hint mt-4">{why}</p> }.into_any()
    } else if !view.stepped_up {
        let next = format!("/approvals/{id}");
        view! {
            <div class="mt-6"><Prove proof=forms.proof next over why=tr!(approval.prove) /></div>
        }
        .into_any()
    } else {
        view! { <Decide view=view.clone() /> }.into_any()
    };
    view! {
        <PageTitle title=tr!(approval.title) hint=Some(title) />
        {said}
        <Facts view />
        {step}
    }
}

/// What is asked, by whom, and how it stands.
#[component]
fn Facts(view: ApprovalView) -> impl IntoView {
    let by = view.by.map_or_else(
        || words::somebody(None),
        |(name, organization)| format!("{name} · {organization}"),
    );
    let about = match (view.subject, view.job) {
        (Some(subject), _) => {
            let to = match subject.kind {
                AccountKind::Customer => format!("/customers/{}", subject.id),
                AccountKind::Staff => format!("/organization/staff/{}", subject.id),
            };
            let email = subject.email.to_string();
            view! {
                <a class="link" href=to>{subject.name.to_string()}</a>
                <span class="hint block">{email} " · " {view.organization.to_string()}</span>
            }
            .into_any()
        }
        (None, Some((job, count))) => {
            let (count, organization) = (number(count), view.organization.to_string());
            let (text, kind) = if view.action == ApprovalAction::StopStaffPasswords {
                let text = tr!(approval.of_staff, count = count, organization = organization);
                (text, JobKind::StaffLinks)
            } else {
                let text = tr!(approval.of_many, count = count, organization = organization);
                (text, JobKind::SendLinks)
            };
            view! {
                {text}
                <a class="link block" href=job_page(kind, job)>{tr!(approval.links)}</a>
            }
            .into_any()
        }
        (None, None) => ().into_any(),
    };
    let ticket = view.ticket.map(|ticket| {
        view! { <span class="hint block">{tr!(customer.ticket)} " " {ticket}</span> }
    });
    let (state, tone) = words::approval_state(view.state);
    let until = view.state == ApprovalState::Approved;
    let until = until.then(|| view! { " " <Time at=view.until /> "." });
    let decided = view.decided.map(|(by, at, remark)| {
        let remark = remark.map(|text| {
            view! { <p class="mt-1 break-words">{tr!(approval.remark, text = text)}</p> }
        });
        view! {
            <p class="mt-1">{tr!(approval.decided_by, name = words::somebody(by))} " " <Time at /></p>
            {remark}
        }
    });
    let tone = if tone { Tone::Good } else { Tone::Plain };
    let open = (view.state == ApprovalState::Asked).then(|| {
        view! {
            <div class="fact">
                <dt class="hint">{tr!(approval.until)}</dt>
                <dd><Time at=view.until /></dd>
            </div>
        }
    });
    view! {
        <dl class="facts">
            <div class="fact">
                <dt class="hint">{tr!(approval.about)}</dt>
                <dd class="min-w-0 break-words">{about}</dd>
            </div>
            <div class="fact">
                <dt class="hint">{tr!(approval.who)}</dt>
                <dd class="min-w-0 break-words">{by}</dd>
            </div>
            <div class="fact">
                <dt class="hint">{tr!(desk.reason)}</dt>
                <dd class="min-w-0 break-words">{view.reason} {ticket}</dd>
            </div>
            <div class="fact">
                <dt class="hint">{tr!(approval.asked_at)}</dt>
                <dd><Time at=view.asked_at /></dd>
            </div>
            {open}
        </dl>
        {view
            .flagged
            .map(|flagged| view! { <p class="mt-4 text-sm text-pretty">{words::flagged(flagged)}</p> })}
        <div class="mt-4">
            <Notice tone>
                <p>{state} {until}</p>
                {decided}
            </Notice>
        </div>
    }
}

/// What will happen, and the decision.
#[component]
fn Decide(view: ApprovalView) -> impl IntoView {
    let forms = expect_context::<Forms>();
    let id = view.id;
    let name = words::somebody(view.by.clone().map(|(name, _)| name));
    let whom = words::somebody(view.subject.clone().map(|subject| subject.name));
    let count = number(view.job.map_or(0, |(_, count)| count));
    let mut lines: Vec<String> = match view.action {
        ApprovalAction::RemoveFactor => vec![tr!(approval.will_remove, name = name, whom = whom)],
        ApprovalAction::TypePassword => vec![
            tr!(approval.will_type, name = name, whom = whom),
            tr!(approval.will_end).to_owned(),
        ],
        ApprovalAction::GeneratePassword => vec![
            tr!(approval.will_generate, name = name, whom = whom),
            tr!(approval.will_end).to_owned(),
        ],
        ApprovalAction::SendLinks => vec![tr!(approval.will_send, count = count)],
        ApprovalAction::StopPasswords => {
            vec![tr!(approval.will_stop).to_owned(), tr!(approval.will_send, count = count)]
        }
        ApprovalAction::StopStaffPasswords => {
            vec![tr!(approval.will_stop_staff, count = count), tr!(many.staff_link).to_owned()]
        }
    };
    if view.hours > 0 {
        lines.push(tr!(approval.will_wait, count = view.hours));
    }
    lines.push(tr!(approval.will_record).to_owned());
    let lines = lines.into_iter().map(|line| view! { <li>{line}</li> }).collect_view();
    let agree = match view.obstacle {
        Some(obstacle) => {
            let why = words::approval_obstacle(obstacle);
            view! { <p class="hint mt-4">{why}</p> }.into_any()
        }
        None => view! {
            <p class="mt-6 text-sm font-medium">{tr!(approval.intro)}</p>
            <ul class="advice">{lines}</ul>
            <Form form=forms.agree>
                <input type="hidden" name="approval" value=id.to_string() />
                <Area name="reason" label=tr!(desk.reason) hint=tr!(approval.agree_hint) follows=forms.reason />
                <Submit label=tr!(approval.agree) class="btn btn-primary w-full" />
            </Form>
        }
        .into_any(),
    };
    view! {
        {agree}
        <Form form=forms.refuse class="form mt-6">
            <input type="hidden" name="approval" value=id.to_string() />
            <Area name="remark" label=tr!(approval.refuse_why) hint=tr!(approval.refuse_hint) follows=forms.remark />
            <Submit label=tr!(approval.refuse) class="btn w-full" />
        </Form>
    }
}
