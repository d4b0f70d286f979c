//! `/account/security`: password and sessions.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::account::{PasswordView, SessionView};

use crate::{
    api::account::{ChangePassword, EndOtherSessions, EndSession, my_password, my_sessions},
    i18n::tr,
    ui::{
        field::PasswordField,
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        new_password::{NewPassword, Suggest, WhosePassword, use_suggestion},
        page::PageTitle,
        panel::{Failed, Loading, Notice, Panel, Tone},
        time::Time,
    },
    words,
};

/// The page.
#[component]
pub fn Security() -> impl IntoView {
    let change = use_form::<ChangePassword>();
    let end = use_form::<EndSession>();
    let end_others = use_form::<EndOtherSessions>();
    let password = Resource::new_blocking(move || change.version(), |_| my_password());
    let sessions = Resource::new_blocking(
        move || (change.version(), end.version(), end_others.version()),
        |_| my_sessions(),
    );
    let password = move || {
        Suspend::new(async move {
            match password.await {
                Ok(password) => view! { <Password password form=change /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    let sessions = move || {
        Suspend::new(async move {
            match sessions.await {
                Ok(sessions) => view! { <Sessions sessions end end_others /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <PageTitle title=tr!(account.security) hint=Some(tr!(security.hint).to_owned()) />
        <div class="mt-6 grid gap-6">
            <Outcome change end end_others />
            <Panel title=tr!(common.password)>
                <Transition fallback=Loading>{password}</Transition>
            </Panel>
            <Panel title=tr!(sessions.title) hint=tr!(sessions.hint)>
                <Transition fallback=Loading>{sessions}</Transition>
            </Panel>
        </div>
    }
}

/// What was just done, told by this page's own actions or by the path that a plain post led to.
#[component]
fn Outcome(
    change: FormState<ChangePassword>,
    end: FormState<EndSession>,
    end_others: FormState<EndOtherSessions>,
) -> impl IntoView {
    let query = use_query_map();
    let text = move || {
        let failed =
            change.error().is_some() || end.error().is_some() || end_others.error().is_some();
        let from_path = query.with(|query| query.get("done")).filter(|_| !failed);
        let is = |done: bool, word: &str| done || from_path.as_deref() == Some(word);
        if is(change.done(), "password") {
            Some(tr!(password.done))
        } else if is(end_others.done(), "sessions") {
            Some(tr!(sessions.others_ended))
        } else if is(end.done(), "session") {
            Some(tr!(sessions.ended))
        } else {
            None
        }
    };
    view! {
        <div role="status" class="contents">
            {move || text().map(|text| view! { <Notice tone=Tone::Good>{text}</Notice> })}
        </div>
    }
}

#[component]
fn Password(password: PasswordView, form: FormState<ChangePassword>) -> impl IntoView {
    let suggestion = use_suggestion();
    let PasswordView { sign_in_name, changed_at, rules } = password;
    view! {
        <p class="hint mt-1">
            {match changed_at {
                Some(at) => view! { {tr!(password.changed_at)} " " <Time at /> }.into_any(),
                None => tr!(password.never_changed).into_any(),
            }}
        </p>
        <div class="max-w-md">
            <Form form emptied=true>
                <WhosePassword name=sign_in_name.into() />
                <PasswordField name="current" label=tr!(password.current) autocomplete="current-password" />
                <NewPassword rules suggestion />
                <p class="hint">{tr!(password.note)}</p>
                <Submit label=tr!(password.submit) class="btn btn-primary w-full sm:w-auto" />
            </Form>
            <Suggest suggestion />
        </div>
    }
}

#[component]
fn Sessions(
    sessions: Vec<SessionView>,
    end: FormState<EndSession>,
    end_others: FormState<EndOtherSessions>,
) -> impl IntoView {
    let others = sessions.len() > 1;
    let rows = sessions.into_iter().map(|session| view! { <Session session end /> }).collect_view();
    view! {
        <ul class="rows">{rows}</ul>
        {others
            .then(|| {
                view! {
                    <Form form=end_others class="mt-4 flex justify-end">
                        <Submit label=tr!(sessions.end_others) class="btn" />
                    </Form>
                }
            })}
    }
}

#[component]
fn Session(session: SessionView, end: FormState<EndSession>) -> impl IntoView {
    let device = words::device(&session.device);
    let handheld =
        matches!(session.device.system.as_deref(), Some("Android" | "iOS" | "iPhone" | "iPad"));
    let icon = if handheld { Icon::Phone } else { Icon::Computer };
    view! {
        <li class="row">
            <span class="badge-icon"><Glyph icon /></span>
            <div class="min-w-0 flex-1">
                <p class="flex flex-wrap items-center gap-x-3 gap-y-1 font-medium">
                    {device.clone()}
                    {session.current.then(|| view! { <span class="state state-ok">{tr!(sessions.current)}</span> })}
                </p>
                <p class="hint">
                    {session.address} " · " {tr!(sessions.last_used)} " " <Time at=session.last_used_at />
                </p>
                <p class="hint">{tr!(sessions.signed_in)} " " <Time at=session.signed_in_at /></p>
            </div>
            {(!session.current)
                .then(|| {
                    view! {
                        <Form form=end class="shrink-0">
                            <input type="hidden" name="session" value=session.id.to_string() />
                            <button type="submit" class="btn btn-sm" aria-label=tr!(sessions.end_named, device = device)>
                                {tr!(sessions.end)}
                            </button>
                        </Form>
                    }
                })}
        </li>
    }
}
