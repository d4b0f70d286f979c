//! `/organization/mail/{id}`: one mail of the log, and sending it again.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_params_map, use_query_map},
};
use model::{
    Refusal,
    id::MailId,
    mail::{MailDetail, MailObstacle},
};

use super::{done_of, failed, mail_log::State, named, with_scope};
use crate::{
    api::{
        ApiError,
        mail::{SendMailAgain, view_logged_mail},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::Area,
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Loading, Notice, Panel, Tone},
        prove::{Prove, is_over, settled},
        time::Time,
    },
    words,
};

/// The page.
#[component]
pub fn LoggedMail() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")?.parse::<MailId>().ok()));
    let (proof, form) = (use_form::<StepUp>(), use_form::<SendMailAgain>());
    let (proven, over) = (settled(proof), settled(form));
    let sent = Memo::new(move |_| query.with(done_of).as_deref() == Some("again"));
    let view = Resource::new_blocking(
        move || (id.get(), proven.get(), over.get()),
        |(id, ..)| async move {
            match id {
                Some(id) => view_logged_mail(id).await,
                None => Err(ApiError::Refused(Refusal::NotFound)),
            }
        },
    );
    let navigate = use_navigate();
    Effect::new(move || {
        if let Some(Ok(done)) = form.outcome.get() {
            form.forget();
            let to = format!("/organization/mail/{}?done=again", done.new);
            navigate(&to, NavigateOptions::default());
        }
    });
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(mail) => view! { <Page mail proof form sent /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

#[component]
fn Page(
    mail: MailDetail,
    proof: FormState<StepUp>,
    form: FormState<SendMailAgain>,
    sent: Memo<bool>,
) -> impl IntoView {
    let MailDetail { acting, row, new_link, needs_reason, obstacle } = mail;
    let over = is_over(form, acting.stepped_up);
    let back = with_scope("/organization/mail", named(&acting));
    let id = row.id.to_string();
    let action = match obstacle {
        // What needs nothing is not worth a word.
        Some(MailObstacle::NotDead) => ().into_any(),
        Some(obstacle) => {
            view! { <Notice tone=Tone::Plain>{words::mail_obstacle(obstacle)}</Notice> }.into_any()
        }
        None if !acting.stepped_up => view! {
            <Panel title=tr!(mail_log.again)>
                <div class="mt-4"><Prove proof next=format!("/organization/mail/{id}") over /></div>
            </Panel>
        }
        .into_any(),
        None => view! {
            <Panel
                title=tr!(mail_log.again)
                hint=if new_link { tr!(mail_log.again_link) } else { tr!(mail_log.again_hint) }
            >
                <Form form class="form mt-4 max-w-md">
                    <input type="hidden" name="mail" value=id />
                    {needs_reason
                        .then(|| view! { <Area name="reason" label=tr!(desk.reason) hint=tr!(desk.reason_hint) /> })}
                    <div><Submit label=tr!(mail_log.again) /></div>
                </Form>
            </Panel>
        }
        .into_any(),
    };
    view! {
        <a class="back" href=back>
            <Glyph icon=Icon::Back class="size-4" />
            {tr!(mail_log.title)}
        </a>
        <div class="mt-3 flex flex-wrap items-start justify-between gap-4">
            <div class="min-w-0">
                <PageTitle title=words::mail_kind(&row.kind) hint=Some(row.recipient.to_string()) />
            </div>
            <State state=row.state attempts=row.attempts />
        </div>
        <div class="mt-6 grid gap-6">
            <div role="status" class="contents">
                {move || sent.get().then(|| view! { <Notice tone=Tone::Good>{tr!(mail_log.sent_again)}</Notice> })}
            </div>
            <Panel>
                <dl class="facts mt-0">
                    <div class="fact">
                        <dt class="hint">{tr!(mail_log.written)}</dt>
                        <dd><Time at=row.created_at /></dd>
                    </div>
                    <div class="fact">
                        <dt class="hint">{tr!(mail_log.attempts)}</dt>
                        <dd class="num">{row.attempts}</dd>
                    </div>
                    {row.due_at
                        .map(|at| {
                            view! {
                                <div class="fact">
                                    <dt class="hint">{tr!(mail_log.due)}</dt>
                                    <dd><Time at /></dd>
                                </div>
                            }
                        })}
                    {row.finished_at
                        .map(|at| {
                            view! {
                                <div class="fact">
                                    <dt class="hint">{tr!(mail_log.finished)}</dt>
                                    <dd><Time at /></dd>
                                </div>
                            }
                        })}
                    {row.answer
                        .map(|answer| {
                            view! {
                                <div class="fact">
                                    <dt class="hint">{tr!(mail_log.answer)}</dt>
                                    <dd class="min-w-0 font-mono text-xs wrap-anywhere">{answer}</dd>
                                </div>
                            }
                        })}
                </dl>
            </Panel>
            {action}
        </div>
    }
}
