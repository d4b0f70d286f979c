//! A second person who has to agree: at the desk of whoever wants to do something, and in lists.

use leptos::prelude::*;
use model::{
    Refusal,
    approval::{ApprovalDesk, ApprovalLine, ApprovalState},
    id::{AccountId, ApprovalId},
};

use super::{
    field::{Area, Field},
    form::{Form, FormState, Submit, use_form},
    panel::{Notice, Panel, Tone},
    time::Time,
};
use crate::{
    api::{
        ApiError,
        approvals::{AskApproval, WithdrawApproval},
    },
    i18n::tr,
    words,
};

/// The forms of a desk at which a second person is asked, and what is typed.
#[derive(Clone, Copy)]
pub struct SecondForms {
    ask: FormState<AskApproval>,
    withdraw: FormState<WithdrawApproval>,
    reason: RwSignal<String>,
    ticket: RwSignal<String>,
}

/// The forms of a desk.
pub fn use_second() -> SecondForms {
    let empty = || RwSignal::new(String::new());
    SecondForms { ask: use_form(), withdraw: use_form(), reason: empty(), ticket: empty() }
}

impl SecondForms {
    /// Counts answers after which the page is another one. What is wrong with a field leaves it as it
    /// is, with what was typed.
    pub fn answered(self) -> Memo<(usize, usize)> {
        Memo::new(move |before: Option<&(usize, usize)>| {
            let (ask, _) = before.copied().unwrap_or_default();
            let is_about_fields =
                matches!(self.ask.error(), Some(ApiError::Refused(Refusal::Fields(_))));
            let ask = if is_about_fields { ask } else { self.ask.version() };
            (ask, self.withdraw.version())
        })
    }
}

/// Why a second person has to agree, what became of that, and the way to ask.
#[component]
pub fn SecondPerson(
    /// What is known of it.
    desk: ApprovalDesk,
    /// Whom it is about.
    account: AccountId,
    /// The forms.
    forms: SecondForms,
) -> impl IntoView {
    let ApprovalDesk { action, flagged, last, somebody } = desk;
    let (open, ended) = match last {
        Some(last) if last.state.is_open() => (Some(last), None),
        last => (None, last),
    };
    let ended = ended.and_then(|last| {
        let text = match last.state {
            ApprovalState::Refused => tr!(approval.refused, name = words::somebody(last.by)),
            ApprovalState::Expired => tr!(approval.expired).to_owned(),
            _ => return None,
        };
        let remark = last.remark.map(|text| {
            view! { <p class="mt-1 break-words">{tr!(approval.remark, text = text)}</p> }
        });
        Some(view! {
            <div class="mt-4"><Notice tone=Tone::Bad>{text} {remark}</Notice></div>
        })
    });
    let step = if let Some(open) = open {
        view! { <Waits id=open.id until=open.until form=forms.withdraw /> }.into_any()
    } else if somebody {
        view! {
            <p class="hint mt-4">{tr!(approval.how)}</p>
            <Form form=forms.ask>
                <input type="hidden" name="action" value=action.word() />
                <input type="hidden" name="account" value=account.to_string() />
                <Area name="reason" label=tr!(desk.reason) hint=tr!(approval.ask_hint) follows=forms.reason />
                <Field name="ticket" label=tr!(desk.ticket) follows=forms.ticket />
                <Submit label=tr!(approval.ask) class="btn btn-primary w-full" />
            </Form>
        }
        .into_any()
    } else {
        view! { <div class="mt-4"><Notice tone=Tone::Bad>{tr!(approval.nobody)}</Notice></div> }
            .into_any()
    };
    view! {
        <div class="mt-6"><Notice tone=Tone::Plain>{words::flagged(flagged)}</Notice></div>
        {ended}
        {step}
    }
}

/// What was asked, and nobody has decided about yet.
#[component]
fn Waits(id: ApprovalId, until: model::Moment, form: FormState<WithdrawApproval>) -> impl IntoView {
    view! {
        <div class="mt-4" role="status">
            <Notice tone=Tone::Plain>
                <p class="font-semibold">{tr!(approval.waits)} " " <Time at=until /> "."</p>
                <p class="mt-1">{tr!(approval.waits_hint)}</p>
                <p class="mt-1"><a class="link" href=format!("/approvals/{id}")>{tr!(approval.look)}</a></p>
            </Notice>
        </div>
        <Form form class="mt-3 grid gap-3">
            <input type="hidden" name="approval" value=id.to_string() />
            <Submit label=tr!(approval.withdraw) class="btn" />
        </Form>
    }
}

/// That a second person agreed, and until when one can go on; nothing otherwise.
#[component]
pub fn Agreed(
    /// What is known of it.
    desk: Option<ApprovalDesk>,
) -> impl IntoView {
    let open = desk.and_then(|desk| desk.open().cloned());
    open.filter(|open| open.state == ApprovalState::Approved).map(|open| {
        let name = words::somebody(open.by);
        let remark = open.remark.map(|text| {
            view! { <p class="mt-1 break-words">{tr!(approval.remark, text = text)}</p> }
        });
        view! {
            <div class="mt-4">
                <Notice tone=Tone::Good>
                    <p>{tr!(approval.agreed, name = name)} " " <Time at=open.until /> "."</p>
                    {remark}
                </Notice>
            </div>
        }
    })
}

/// What waits for a second person: the reader, or one whom the reader asked. Nothing for nothing.
#[component]
pub fn Approvals(
    /// It.
    lines: Vec<ApprovalLine>,
) -> impl IntoView {
    (!lines.is_empty()).then(|| {
        let lines = lines
            .into_iter()
            .map(|line| {
                let to = format!("/approvals/{}", line.id);
                let what = words::approval_action(line.action, line.subject.as_ref());
                let who = match (line.own, line.state) {
                    (true, ApprovalState::Approved) => tr!(approval.approved_line).to_owned(),
                    (true, _) => tr!(approval.own_line).to_owned(),
                    (false, _) => tr!(approval.by_line, name = words::somebody(line.by)),
                };
                view! {
                    <li class="row flex-wrap sm:flex-nowrap">
                        <span class="min-w-0 grow basis-full sm:basis-0">
                            <a class="link break-words" href=to>{what}</a>
                            <span class="hint block break-words">{who}</span>
                        </span>
                        <span class="hint"><Time at=line.until /></span>
                    </li>
                }
            })
            .collect_view();
        view! {
            <div class="mt-6">
                <Panel title=tr!(approval.list) hint=tr!(approval.list_hint)>
                    <ul class="rows">{lines}</ul>
                </Panel>
            </div>
        }
    })
}
