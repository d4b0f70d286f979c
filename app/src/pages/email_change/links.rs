//! `/keep-address/{link}` and `/new-address/{link}`: whoever reads the old mailbox keeps the address,
//! whoever reads the new one confirms it.

use leptos::prelude::*;
use model::{
    email::{ConfirmEmailView, KeepEmailView},
    id::LinkId,
};

use crate::{
    api::email_change::{
        ConfirmEmailByLink, KeepEmailByLink, view_confirm_email_link, view_keep_email_link,
    },
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
    words::{asked_by, due},
};

/// The page by which the address is kept, whether its link can still be used or not.
#[component]
pub fn KeepAddress() -> impl IntoView {
    LinkPage {
        look: view_keep_email_link,
        question: |id, view, form| view! { <Keep id view form /> }.into_any(),
        done: || view! { <Kept /> }.into_any(),
        unusable: || view! { <Unusable hint=tr!(keep_email.unusable) /> }.into_any(),
    }
    .show()
}

/// What waits, and what keeping the address does.
#[component]
fn Keep(id: LinkId, view: KeepEmailView, form: FormState<KeepEmailByLink>) -> impl IntoView {
    let login = FrontDoor::get().site.path("/login");
    let KeepEmailView { email, change } = view;
    view! {
        <PageTitle
            title=tr!(keep_email.title)
            hint=Some(tr!(keep_email.hint, email = email, new = change.email.clone()))
        />
        <ul class="advice">
            <li>{asked_by(&change)}</li>
            <li>{due(change.stage)} " " <Time at=change.due_at /> "."</li>
            <li>{tr!(keep_email.stays)}</li>
        </ul>
        <Form form>
            <input type="hidden" name="link" value=id.to_string() />
            <Submit label=tr!(keep_email.submit) class="btn btn-primary w-full" />
        </Form>
        <a class="btn btn-ghost mt-2 w-full" href=login>{tr!(keep_email.cancel)}</a>
    }
}

/// The page that a plain post leads to.
#[component]
pub fn KeepAddressDone() -> impl IntoView {
    view! { <PublicPage><Kept /></PublicPage> }
}

#[component]
fn Kept() -> impl IntoView {
    let login = FrontDoor::get().site.path("/login");
    view! {
        <Sign icon=Icon::Shield good=true title=tr!(keep_email.done_title) hint=tr!(keep_email.done_hint)>
            <a class="btn btn-primary" href=login>{tr!(common.to_sign_in)}</a>
        </Sign>
    }
}

/// The page by which a new address is confirmed, whether its link can still be used or not.
#[component]
pub fn NewAddress() -> impl IntoView {
    LinkPage {
        look: view_confirm_email_link,
        question: |id, view, form| view! { <Confirm id view form /> }.into_any(),
        done: || view! { <Confirmed /> }.into_any(),
        unusable: || view! { <Unusable hint=tr!(confirm_email.unusable) /> }.into_any(),
    }
    .show()
}

/// What confirming does.
#[component]
fn Confirm(
    id: LinkId,
    view: ConfirmEmailView,
    form: FormState<ConfirmEmailByLink>,
) -> impl IntoView {
    let ConfirmEmailView { email, due_at } = view;
    view! {
        <PageTitle title=tr!(confirm_email.title) hint=Some(tr!(confirm_email.hint, email = email)) />
        <ul class="advice">
            <li>{tr!(new_email.due)} " " <Time at=due_at /> "."</li>
            <li>{tr!(confirm_email.until)}</li>
            <li>{tr!(confirm_email.stranger)}</li>
        </ul>
        <Form form>
            <input type="hidden" name="link" value=id.to_string() />
            <Submit label=tr!(confirm_email.submit) class="btn btn-primary w-full" />
        </Form>
    }
}

/// The page that a plain post leads to.
#[component]
pub fn NewAddressDone() -> impl IntoView {
    view! { <PublicPage><Confirmed /></PublicPage> }
}

#[component]
fn Confirmed() -> impl IntoView {
    let login = FrontDoor::get().site.path("/login");
    view! {
        <Sign icon=Icon::Shield good=true title=tr!(confirm_email.done_title) hint=tr!(confirm_email.done_hint)>
            <a class="btn btn-primary" href=login>{tr!(common.to_sign_in)}</a>
        </Sign>
    }
}

#[component]
fn Unusable(hint: &'static str) -> impl IntoView {
    go::status(410);
    let login = FrontDoor::get().site.path("/login");
    view! {
        <Sign icon=Icon::Unlink title=tr!(unusable.title) hint>
            <a class="btn btn-primary" href=login>{tr!(common.to_sign_in)}</a>
        </Sign>
    }
}
