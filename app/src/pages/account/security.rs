//! `/account/security`: second factor, password and sessions.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{
    account::{PasswordView, SessionView},
    factor::{RememberedDevice, TwoFactorView},
    policy::FEW_RECOVERY_CODES,
};

use crate::{
    api::{
        account::{ChangePassword, EndOtherSessions, EndSession, my_password, my_sessions},
        factor::{ForgetDevice, my_devices, my_two_factor},
    },
    i18n::tr,
    ui::{
        field::PasswordField,
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        new_password::{NewPassword, Suggest, WhosePassword, use_suggestion},
        page::PageTitle,
        panel::{Failed, Loading, Notice, Panel, Tone},
        prove::FactorFields,
        time::Time,
    },
    words,
};

/// This page.
pub const SECURITY: &str = "/account/security";

/// The page.
#[component]
pub fn Security() -> impl IntoView {
    let change = use_form::<ChangePassword>();
    let end = use_form::<EndSession>();
    let end_others = use_form::<EndOtherSessions>();
    let forget = use_form::<ForgetDevice>();
    let factor = Resource::new_blocking(|| (), |()| my_two_factor());
    let devices =
        Resource::new_blocking(move || (change.version(), forget.version()), |_| my_devices());
    let password = Resource::new_blocking(move || change.version(), |_| my_password());
    let sessions = Resource::new_blocking(
        move || (change.version(), end.version(), end_others.version()),
        |_| my_sessions(),
    );
    let factor = move || {
        Suspend::new(async move {
            match factor.await {
                Ok(factor) => view! { <Factor factor /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    let devices = move || {
        Suspend::new(async move {
            let devices = devices.await.unwrap_or_default();
            (!devices.is_empty()).then(|| view! { <Devices devices forget /> })
        })
    };
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
            <Outcome change end end_others forget />
            <Panel title=tr!(two_factor.title)>
                <Suspense fallback=Loading>{factor}</Suspense>
            </Panel>
            <Panel title=tr!(common.password)>
                <Transition fallback=Loading>{password}</Transition>
            </Panel>
            <Panel title=tr!(sessions.title) hint=tr!(sessions.hint)>
                <Transition fallback=Loading>{sessions}</Transition>
            </Panel>
            <Transition>{devices}</Transition>
        </div>
    }
}

/// What was just done, told by this page's own actions or by the path that a plain post led to.
#[component]
fn Outcome(
    change: FormState<ChangePassword>,
    end: FormState<EndSession>,
    end_others: FormState<EndOtherSessions>,
    forget: FormState<ForgetDevice>,
) -> impl IntoView {
    let query = use_query_map();
    let text = move || {
        let failed = change.error().is_some()
            || end.error().is_some()
            || end_others.error().is_some()
            || forget.error().is_some();
        let from_path = query.with(|query| query.get("done")).filter(|_| !failed);
        let is = |done: bool, word: &str| done || from_path.as_deref() == Some(word);
        if is(change.done(), "password") {
            Some(tr!(password.done))
        } else if is(end_others.done(), "sessions") {
            Some(tr!(sessions.others_ended))
        } else if is(end.done(), "session") {
            Some(tr!(sessions.ended))
        } else if is(forget.done(), "device") {
            Some(tr!(two_factor.forgotten))
        } else if is(false, "codes") {
            Some(tr!(two_factor.updated))
        } else if is(false, "new_codes") {
            Some(tr!(two_factor.codes_updated))
        } else if is(false, "removed") {
            Some(tr!(passkey.removed))
        } else if is(false, "off") {
            Some(tr!(two_factor.off_done))
        } else if is(false, "kept") {
            Some(tr!(lost_factor.kept))
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

/// Whether a second factor is asked for, and where that is changed.
#[component]
fn Factor(factor: TwoFactorView) -> impl IntoView {
    let TwoFactorView { app, passkeys, codes_left, .. } = factor;
    let is_on = app.is_some() || !passkeys.is_empty();
    let copied = passkeys.iter().any(|passkey| passkey.copied_at.is_some());
    let keys = match passkeys.len() {
        0 => tr!(passkey.no_keys).to_owned(),
        1 => tr!(passkey.one_key).to_owned(),
        count => tr!(passkey.keys, count = count),
    };
    let (state, label) = if is_on {
        ("state state-ok", tr!(two_factor.enabled))
    } else {
        ("state", tr!(two_factor.disabled))
    };
    let button = if is_on { "btn" } else { "btn btn-primary" };
    view! {
        <div class="row mt-4 flex-wrap gap-y-4 sm:flex-nowrap">
            <span class="badge-icon"><Glyph icon=if is_on { Icon::Lock } else { Icon::Shield } /></span>
            <div class="min-w-0 flex-1 basis-40">
                <p><span class=state>{label}</span></p>
                {if is_on {
                    view! {
                        {app
                            .map(|app| {
                                view! {
                                    <p class="mt-1.5 font-medium break-words">
                                        {tr!(two_factor.app_named, name = app.name.to_string())}
                                    </p>
                                }
                            })}
                        <CodesLeft left=codes_left />
                    }
                        .into_any()
                } else {
                    view! { <p class="hint mt-1.5 text-pretty">{tr!(two_factor.none)} " " {tr!(two_factor.hint)}</p> }.into_any()
                }}
            </div>
            <a class=button href="/account/security/two-factor">
                {if is_on { tr!(two_factor.manage) } else { tr!(two_factor.configure) }}
            </a>
        </div>
        <div class="row mt-6 flex-wrap gap-y-4 border-t border-base-300 pt-6 sm:flex-nowrap">
            <span class="badge-icon"><Glyph icon=Icon::Key /></span>
            <div class="min-w-0 flex-1 basis-40">
                <h3 class="font-medium">{tr!(passkey.title)}</h3>
                <p class="hint mt-0.5 text-pretty">{keys} " " {tr!(passkey.hint)}</p>
                {copied
                    .then(|| {
                        view! {
                            <p class="field-error">
                                <Glyph icon=Icon::Alert class="size-4 mt-0.5" />
                                <span>{tr!(passkey.one_copied)}</span>
                            </p>
                        }
                    })}
            </div>
            <a class="btn" href="/account/security/passkeys" aria-label=tr!(passkey.manage_named)>{tr!(two_factor.manage)}</a>
        </div>
    }
}

/// How many recovery codes are left, and when there are too few.
#[component]
pub fn CodesLeft(
    /// How many.
    left: u32,
) -> impl IntoView {
    let text = match left {
        0 => tr!(two_factor.no_codes_left).to_owned(),
        1 => tr!(two_factor.one_code_left).to_owned(),
        left if left < FEW_RECOVERY_CODES => tr!(two_factor.few_codes_left, count = left),
        left => tr!(two_factor.codes_left, count = left),
    };
    if left < FEW_RECOVERY_CODES {
        view! { <p class="field-error"><Glyph icon=Icon::Alert class="size-4 mt-0.5" /><span>{text}</span></p> }.into_any()
    } else {
        view! { <p class="hint mt-0.5">{text}</p> }.into_any()
    }
}

/// Devices on which no second factor is asked for.
#[component]
fn Devices(devices: Vec<RememberedDevice>, forget: FormState<ForgetDevice>) -> impl IntoView {
    let rows = devices
        .into_iter()
        .map(|row| {
            let device = words::device(&row.device);
            view! {
                <li class="row">
                    <span class="badge-icon"><Glyph icon=Icon::Computer /></span>
                    <div class="min-w-0 flex-1">
                        <p class="font-medium">{device.clone()}</p>
                        <p class="hint">
                            {tr!(sessions.last_used)} " " <Time at=row.last_used_at /> " · "
                            {tr!(two_factor.until)} " " <Time at=row.until />
                        </p>
                    </div>
                    <Form form=forget class="shrink-0">
                        <input type="hidden" name="device" value=row.id.to_string() />
                        <button type="submit" class="btn btn-sm" aria-label=tr!(two_factor.forget_named, device = device)>
                            {tr!(two_factor.forget)}
                        </button>
                    </Form>
                </li>
            }
        })
        .collect_view();
    view! {
        <Panel title=tr!(two_factor.devices) hint=tr!(two_factor.devices_hint)>
            <ul class="rows">{rows}</ul>
        </Panel>
    }
}

#[component]
fn Password(password: PasswordView, form: FormState<ChangePassword>) -> impl IntoView {
    let suggestion = use_suggestion();
    let PasswordView { sign_in_name, changed_at, rules, factors } = password;
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
                <FactorFields factors />
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
