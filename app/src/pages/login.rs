//! `/login`: user name or email, and password.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::session::SignIn,
    front_door::FrontDoor,
    i18n::tr,
    ui::{
        field::{Field, PasswordField, Tick},
        form::{Form, Submit, use_form},
        page::{PageTitle, PublicPage},
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
