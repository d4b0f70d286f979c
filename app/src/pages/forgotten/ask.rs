//! `/forgot`: whose password?

use leptos::prelude::*;

use super::sent::Sent;
use crate::{
    api::forgotten::AskForLink,
    front_door::FrontDoor,
    i18n::tr,
    ui::{
        field::Field,
        form::{Form, Submit, use_form},
        page::{PageTitle, PublicPage},
    },
};

/// The page; after asking, the same answer for everybody.
#[component]
pub fn Forgot() -> impl IntoView {
    let form = use_form::<AskForLink>();
    let login = FrontDoor::get().site.path("/login");
    let ask = move || {
        let login = login.clone();
        view! {
            <PageTitle title=tr!(forgot.title) hint=Some(tr!(forgot.hint).to_owned()) />
            <Form form>
                <Field name="name" label=tr!(common.user_name_or_email) autocomplete="username" first=true verbatim=true />
                <Submit label=tr!(forgot.submit) class="btn btn-primary w-full" />
            </Form>
            <p class="mt-4 text-center text-sm"><a class="link" href=login>{tr!(forgot.back)}</a></p>
        }
    };
    let sent = Memo::new(move |_| form.done());
    view! {
        <PublicPage>
            {move || if sent.get() { view! { <Sent /> }.into_any() } else { ask().into_any() }}
        </PublicPage>
    }
}
