//! `/organization/mail`: what was sent, what waits, what was given up.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{
    id::{MailId, OrganizationId},
    mail::{MailPage, MailRow, MailState},
};

use super::{Choices, Top, choices, failed, named, scope_of, with_scope};
use crate::{
    api::mail::view_mail_log,
    i18n::tr,
    ui::{
        icon::{Glyph, Icon},
        panel::{Empty, Loading},
        time::Time,
    },
    words,
};

/// The page.
#[component]
pub fn MailLog() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        query.with(|query| {
            let state = query.get_str("state").and_then(MailState::from_word);
            let before = query.get_str("before").and_then(|id| id.parse::<MailId>().ok());
            (scope_of(query), state, before)
        })
    });
    let view = Resource::new_blocking(
        move || asked.get(),
        |(scope, state, before)| view_mail_log(scope, state, before),
    );
    let choices = choices();
    let page = move || {
        Suspend::new(async move {
            let state = asked.get_untracked().1;
            match view.await {
                Ok(page) => view! { <Log page state choices /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

/// The address of a page of the log.
fn address(
    scope: Option<OrganizationId>,
    state: Option<MailState>,
    before: Option<MailId>,
) -> String {
    let parts = [
        scope.map(|id| format!("scope={id}")),
        state.map(|state| format!("state={}", state.word())),
        before.map(|id| format!("before={id}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        "/organization/mail".into()
    } else {
        format!("/organization/mail?{}", parts.join("&"))
    }
}

#[component]
fn Log(page: MailPage, state: Option<MailState>, choices: Choices) -> impl IntoView {
    let MailPage { acting, rows, older } = page;
    let scope = named(&acting);
    let chip = |of: Option<MailState>, name: &'static str| {
        view! {
            <a class="chip" href=address(scope, of, None) aria-current=(state == of).then_some("true")>
                {name}
            </a>
        }
    };
    let chips = MailState::ALL
        .into_iter()
        .map(|state| chip(Some(state), words::mail_state(state)))
        .collect_view();
    let lines = rows.into_iter().map(|row| view! { <Line row /> }).collect::<Vec<_>>();
    let body = if lines.is_empty() {
        view! { <Empty icon=Icon::Mail text=tr!(mail_log.empty) /> }.into_any()
    } else {
        view! { <ul class="rows mt-0">{lines}</ul> }.into_any()
    };
    view! {
        <Top title=tr!(mail_log.title) acting choices />
        <nav class="chips mt-5" aria-label=tr!(customers.states)>
            {chip(None, tr!(customers.all))} {chips}
        </nav>
        <section class="panel mt-4 p-5 sm:p-8">
            {body}
            {older
                .map(|older| {
                    view! {
                        <nav class="mt-6 flex justify-end" aria-label=tr!(mail_log.pages)>
                            <a class="btn btn-sm" href=address(scope, state, Some(older))>
                                {tr!(mail_log.older)} <Glyph icon=Icon::Forward class="size-4" />
                            </a>
                        </nav>
                    }
                })}
        </section>
    }
}

/// One mail.
#[component]
fn Line(row: MailRow) -> impl IntoView {
    let to = with_scope(&format!("/organization/mail/{}", row.id), None);
    view! {
        <li class="row flex-wrap sm:flex-nowrap" data-mail=row.state.word()>
            <div class="min-w-0 grow basis-full sm:basis-0">
                <p><a class="list-link inline" href=to>{words::mail_kind(&row.kind)}</a></p>
                <p class="hint wrap-anywhere">{row.recipient.to_string()}</p>
                {row.answer.map(|answer| view! { <p class="hint wrap-anywhere">{answer}</p> })}
            </div>
            <p class="hint"><Time at=row.created_at /></p>
            <p class="sm:w-36 sm:text-right"><State state=row.state attempts=row.attempts /></p>
        </li>
    }
}

/// Where a mail stands.
#[component]
pub fn State(
    /// Where.
    state: MailState,
    /// How often it was tried.
    attempts: u32,
) -> impl IntoView {
    let (class, text) = match state {
        MailState::Sent => ("state state-ok", words::mail_state(state)),
        MailState::Dead => ("state state-bad", words::mail_state(state)),
        MailState::Waiting if attempts > 0 => ("state state-warn", tr!(mail_log.tried)),
        MailState::Waiting | MailState::Expired | MailState::Replaced => {
            ("state state-quiet", words::mail_state(state))
        }
    };
    view! { <span class=class>{text}</span> }
}
