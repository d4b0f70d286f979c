//! `/keep/{link}`: whoever still has the second factor that staff are about to remove keeps it.

use leptos::prelude::*;
use model::{factor::KeepView, id::LinkId};

use crate::{
    api::lost_factor::{KeepByLink, view_keep_link},
    front_door::FrontDoor,
    i18n::tr,
    ui::{
        form::{Form, FormState, Submit},
        go,
        icon::Icon,
        mailed_link::LinkPage,
        page::{PageTitle, PublicPage, Sign},
        time::Time,
    },
};

/// The page of a link, whether it can still be used or not.
#[component]
pub fn Keep() -> impl IntoView {
    LinkPage {
        look: view_keep_link,
        question: |id, view, form| view! { <Question id view form /> }.into_any(),
        done: || view! { <Done /> }.into_any(),
        unusable: || view! { <Unusable /> }.into_any(),
    }
    .show()
}

/// What waits, and what keeping it does.
#[component]
fn Question(id: LinkId, view: KeepView, form: FormState<KeepByLink>) -> impl IntoView {
    let login = FrontDoor::get().site.path("/login");
    let KeepView { email, removal } = view;
    let by = removal.by.map(|(operator, organization)| {
        let (operator, organization) = (operator.to_string(), organization.to_string());
        view! { <li>{tr!(lost_factor.waits_by, operator = operator, organization = organization)}</li> }
    });
    view! {
        <PageTitle title=tr!(keep.title) hint=Some(tr!(keep.hint, email = email)) />
        <ul class="advice">
            {by}
            <li>{tr!(keep.on)} " " <Time at=removal.due_at /> "."</li>
            <li>{tr!(keep.stays)}</li>
            <li>{tr!(keep.told)}</li>
        </ul>
        <Form form>
            <input type="hidden" name="link" value=id.to_string() />
            <Submit label=tr!(keep.submit) class="btn btn-primary w-full" />
        </Form>
        <a class="btn btn-ghost mt-2 w-full" href=login>{tr!(keep.cancel)}</a>
    }
}

/// The page that a plain post leads to.
#[component]
pub fn KeepDone() -> impl IntoView {
    view! { <PublicPage><Done /></PublicPage> }
}

#[component]
fn Done() -> impl IntoView {
    let login = FrontDoor::get().site.path("/login");
    view! {
        <Sign icon=Icon::Shield good=true title=tr!(keep.done_title) hint=tr!(keep.done_hint)>
            <a class="btn btn-primary" href=login>{tr!(common.to_sign_in)}</a>
        </Sign>
    }
}

#[component]
fn Unusable() -> impl IntoView {
    go::status(410);
    let login = FrontDoor::get().site.path("/login");
    view! {
        <Sign icon=Icon::Unlink title=tr!(unusable.title) hint=tr!(keep.unusable)>
            <a class="btn btn-primary" href=login>{tr!(common.to_sign_in)}</a>
        </Sign>
    }
}
