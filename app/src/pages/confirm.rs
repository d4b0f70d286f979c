//! `/confirm/{link}`: "this wasn't me", from the mail that tells of a change.

use leptos::prelude::*;
use model::{
    id::LinkId,
    link::{LinkPurpose, LinkView},
};

use crate::{
    api::forgotten::{Dispute, link},
    front_door::FrontDoor,
    i18n::tr,
    ui::{
        form::{Form, FormState, Submit},
        go,
        icon::Icon,
        mailed_link::LinkPage,
        page::{PageTitle, PublicPage, Sign},
    },
};

/// The page of a link, whether it can still be used or not.
#[component]
pub fn Confirm() -> impl IntoView {
    LinkPage {
        look: |id| link(id, LinkPurpose::Dispute),
        question: |id, view, form| view! { <Question id view form /> }.into_any(),
        done: || view! { <Done /> }.into_any(),
        unusable: || view! { <Unusable /> }.into_any(),
    }
    .show()
}

/// What will happen, before it does.
#[component]
fn Question(id: LinkId, view: LinkView, form: FormState<Dispute>) -> impl IntoView {
    let login = FrontDoor::get().site.path("/login");
    view! {
        <PageTitle title=tr!(confirm.title) hint=Some(tr!(confirm.hint, email = view.email)) />
        <ul class="advice">
            <li>{tr!(confirm.sessions)}</li>
            <li>{tr!(confirm.frozen)}</li>
            <li>{tr!(confirm.links)}</li>
            <li>{tr!(confirm.told)}</li>
        </ul>
        <Form form>
            <input type="hidden" name="link" value=id.to_string() />
            <Submit label=tr!(confirm.submit) class="btn btn-error w-full" />
        </Form>
        <a class="btn btn-ghost mt-2 w-full" href=login>{tr!(confirm.cancel)}</a>
    }
}

/// The page that a plain post leads to.
#[component]
pub fn ConfirmDone() -> impl IntoView {
    view! { <PublicPage><Done /></PublicPage> }
}

#[component]
fn Done() -> impl IntoView {
    let site = FrontDoor::get().site;
    view! {
        <Sign icon=Icon::Lock good=true title=tr!(confirm_done.title) hint=tr!(confirm_done.hint)>
            <a class="btn btn-primary" href=site.path("/forgot")>{tr!(confirm_done.again)}</a>
        </Sign>
    }
}

#[component]
fn Unusable() -> impl IntoView {
    go::status(410);
    let site = FrontDoor::get().site;
    view! {
        <Sign icon=Icon::Unlink title=tr!(unusable.title) hint=tr!(confirm.unusable)>
            <a class="btn btn-primary" href=site.path("/forgot")>{tr!(confirm_done.again)}</a>
            <a class="btn btn-ghost" href=site.path("/login")>{tr!(common.to_sign_in)}</a>
        </Sign>
    }
}
