//! `/login`: user name or email, and password; then, after a temporary one, `/login/change`: another
//! password.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;
use model::account::ForcedChange;

use crate::{
    api::{
        ApiError,
        session::{ChoosePassword, SignIn, SignOut, view_forced_change},
    },
    front_door::FrontDoor,
    i18n::tr,
    ui::{
        field::{Field, PasswordField, Tick},
        form::{Form, FormState, Submit, use_form},
        go::{self, Go},
        new_password::{NewPassword, Suggest, WhosePassword, use_suggestion},
        page::{PageTitle, PublicPage},
        panel::{Failed, Loading},
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
                <Field name="name" label=tr!(common.user_name_or_email) autocomplete="username" first=true verbatim=true />
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
            </Form>
        </PublicPage>
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
