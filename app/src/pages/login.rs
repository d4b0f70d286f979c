//! `/login`: user name or email, and password; then `/login/factor`: the second factor of those who
//! have one; then, after a temporary password, `/login/change`: another one.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;
use model::{Refusal, account::ForcedChange, factor::FactorChoice};

use crate::{
    api::{
        ApiError,
        factor::AskPasskey,
        session::{
            AskPasskey as AskAnybody, ChoosePassword, ProveFactor, SignIn, SignOut, view_factor,
            view_forced_change,
        },
    },
    front_door::FrontDoor,
    i18n::tr,
    ui::{
        field::{Field, FieldProblem, PasswordField, Tick},
        form::{Form, FormState, Submit, use_form},
        go::{self, Go},
        new_password::{NewPassword, Suggest, WhosePassword, use_suggestion},
        page::{PageTitle, PublicPage},
        panel::{Failed, Loading, Notice, Tone},
        passkey::PasskeyButton,
        time::Time,
    },
};

/// The page.
#[component]
pub fn Login() -> impl IntoView {
    let site = FrontDoor::get().site;
    let form = use_form::<SignIn>();
    let next = use_query_map().with_untracked(|query| query.get("next")).unwrap_or_default();
    let forgot = site.path("/forgot");
    view! {
        <PublicPage>
            <PageTitle title=tr!(login.title) hint=site.tagline />
            <Form form>
                <input type="hidden" name="next" value=next />
                <Field name="name" label=tr!(common.user_name_or_email) autocomplete="username webauthn" first=true verbatim=true />
                <PasswordField
                    name="password"
                    label=tr!(common.password)
                    autocomplete="current-password"
                    beside=Box::new(move || {
                        view! { <a class="link text-sm" href=forgot>{tr!(login.forgot)}</a> }.into_any()
                    })
                />
                <Tick name="keep" label=tr!(login.keep) />
                <Submit label=tr!(login.submit) class="btn btn-primary w-full" />
                <PasskeyButton ask=AskAnybody::url() field="answer" label=tr!(passkey.sign_in) offered=true />
            </Form>
        </PublicPage>
    }
}

/// The page of the second factor. Who has not given the password is sent to sign in.
#[component]
pub fn SecondStep() -> impl IntoView {
    let view = Resource::new_blocking(|| (), |()| view_factor());
    let form = use_form::<ProveFactor>();
    let query = use_query_map();
    let next = query.with_untracked(|query| query.get("next")).unwrap_or_default();
    let next = StoredValue::new(next);
    // Remembered: the form is not drawn anew for every wrong code.
    let is_over = Memo::new(move |_| form.error() == Some(ApiError::Refused(Refusal::SignInOver)));
    let step = move || {
        let is_over = is_over.get();
        let recovery = query.with(|query| query.get_str("with") == Some("recovery"));
        Suspend::new(async move {
            match view.await {
                // What it came to is said before one is sent away.
                _ if is_over => view! { <Over next=next.get_value() /> }.into_any(),
                Ok(view) => view! { <Prove view form recovery next=next.get_value() /> }.into_any(),
                Err(ApiError::SignedOut) => {
                    let to = go::login_path(&FrontDoor::get().door, &next.get_value());
                    view! { <Go to /> }.into_any()
                }
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! { <PublicPage><Suspense fallback=Loading>{step}</Suspense></PublicPage> }
}

/// The form.
#[component]
fn Prove(
    view: FactorChoice,
    form: FormState<ProveFactor>,
    recovery: bool,
    next: String,
) -> impl IntoView {
    let FactorChoice {
        app,
        passkey,
        passkey_first,
        recovery: has_codes,
        remember_days,
        expires_at,
    } = view;
    let path = go::factor_path(&FrontDoor::get().door, &next);
    let has_app = app.is_some();
    // Who has no app but passkeys is asked for one of those, and may use a recovery code.
    let recovery = recovery || !has_app && !passkey;
    let (hint, label) = match app {
        _ if recovery => (tr!(login.recovery_hint).to_owned(), tr!(login.recovery_code)),
        Some(_) if passkey => (tr!(login.either_hint).to_owned(), tr!(login.code)),
        Some(name) => (tr!(login.factor_hint, name = name.to_string()), tr!(login.code)),
        None => (tr!(login.passkey_hint).to_owned(), tr!(login.code)),
    };
    let other = if recovery {
        (has_app || passkey)
            .then(|| (path, if has_app { tr!(login.use_app) } else { tr!(login.use_passkey) }))
    } else {
        has_codes.then(|| (format!("{path}&with=recovery"), tr!(login.use_recovery)))
    };
    let asks_for_code = recovery || has_app;
    let passkey = passkey && !recovery;
    // Last used first.
    let first = passkey && (passkey_first || !has_app);
    let button = move |class| {
        view! { <PasskeyButton ask=AskPasskey::url() field="code" label=tr!(passkey.use_one) class /> }
    };
    view! {
        <PageTitle title=tr!(login.factor_title) hint=Some(hint) />
        <Form form>
            <input type="hidden" name="next" value=next />
            {first.then(|| button("btn btn-primary w-full"))}
            {if recovery {
                view! { <Field name="code" label autocomplete="off" first=true verbatim=true /> }.into_any()
            } else if asks_for_code {
                view! {
                    <Field name="code" label autocomplete="one-time-code" first=true verbatim=true keys="numeric" />
                }
                    .into_any()
            } else {
                view! { <FieldProblem name="code" /> }.into_any()
            }}
            {(remember_days > 0)
                .then(|| view! { <Tick name="remember" label=tr!(login.remember, count = remember_days) /> })}
            {asks_for_code
                .then(|| {
                    let class = if first { "btn w-full" } else { "btn btn-primary w-full" };
                    view! { <Submit label=tr!(login.factor_submit) class /> }
                })}
            {(passkey && !first).then(|| button("btn w-full"))}
        </Form>
        {other
            .map(|(path, text)| {
                view! { <a class="btn btn-ghost mt-2 w-full" href=path rel="external">{text}</a> }
            })}
        <form method="post" class="mt-2">
            <input type="hidden" name="_form" value=SignOut::url() />
            <button class="btn btn-ghost w-full">{tr!(login.factor_leave)}</button>
        </form>
        <p class="hint mt-4 text-center">{tr!(login.factor_until)} " " <Time at=expires_at /> "."</p>
    }
}

/// A sign-in that was ended by too many wrong codes.
#[component]
fn Over(next: String) -> impl IntoView {
    let to = go::login_path(&FrontDoor::get().door, &next);
    view! {
        <PageTitle title=tr!(login.factor_title) />
        <div role="alert" class="mt-4">
            <Notice tone=Tone::Bad>{tr!(error.sign_in_over)}</Notice>
        </div>
        <a class="btn btn-primary mt-6 w-full" href=to rel="external">{tr!(login.title)}</a>
    }
}

/// The page of the forced change. Who is not half-way signed in is sent to sign in.
#[component]
pub fn ForcedChangePage() -> impl IntoView {
    let view = Resource::new_blocking(|| (), |()| view_forced_change());
    let form = use_form::<ChoosePassword>();
    let next = use_query_map().with_untracked(|query| query.get("next")).unwrap_or_default();
    let next = StoredValue::new(next);
    let step = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <Choose view form next=next.get_value() /> }.into_any(),
                Err(ApiError::SignedOut) => {
                    let to = go::login_path(&FrontDoor::get().door, &next.get_value());
                    view! { <Go to /> }.into_any()
                }
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! { <PublicPage><Suspense fallback=Loading>{step}</Suspense></PublicPage> }
}

/// The form.
#[component]
fn Choose(view: ForcedChange, form: FormState<ChoosePassword>, next: String) -> impl IntoView {
    let suggestion = use_suggestion();
    let ForcedChange { sign_in_name, rules } = view;
    let name = sign_in_name.to_string();
    view! {
        <PageTitle title=tr!(login.change_title) hint=Some(tr!(login.change_hint, min = rules.shortest)) />
        <Form form>
            <input type="hidden" name="next" value=next />
            <WhosePassword name />
            <NewPassword rules suggestion />
            <Submit label=tr!(login.change_submit) class="btn btn-primary w-full" />
        </Form>
        <Suggest suggestion />
        <form method="post" class="mt-2">
            <input type="hidden" name="_form" value=SignOut::url() />
            <button class="btn btn-ghost w-full">{tr!(login.change_later)}</button>
        </form>
    }
}
