//! `/confirm/{link}`: "this wasn't me", from the mail that tells of a change.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use model::{
    Refusal,
    id::LinkId,
    link::{LinkPurpose, LinkView},
};

use crate::{
    api::{
        ApiError,
        forgotten::{Dispute, link},
    },
    front_door::FrontDoor,
    i18n::tr,
    ui::{
        form::{Form, FormState, Submit, use_form},
        go,
        icon::Icon,
        page::{PageTitle, PublicPage, Sign},
        panel::{Failed, Loading},
    },
};

/// The page of a link, whether it can still be used or not.
#[component]
pub fn Confirm() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("link")?.parse::<LinkId>().ok()));
    let view = Resource::new_blocking(
        move || id.get(),
        |id| async move {
            match id {
                Some(id) => link(id, LinkPurpose::Dispute).await,
                None => Err(ApiError::Refused(Refusal::LinkUnusable)),
            }
        },
    );
    let form = use_form::<Dispute>();
    let finished = Memo::new(move |_| match form.outcome.get() {
        Some(Ok(())) => Some(true),
        Some(Err(ApiError::Refused(Refusal::LinkUnusable))) => Some(false),
        _ => None,
    });
    let question = move || {
        Suspend::new(async move {
            match (id.get_untracked(), view.await) {
                (Some(id), Ok(view)) => view! { <Question id view form /> }.into_any(),
                (None, _) | (_, Err(ApiError::Refused(_))) => view! { <Unusable /> }.into_any(),
                (_, Err(error)) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <PublicPage>
            {move || match finished.get() {
                Some(true) => view! { <Done /> }.into_any(),
                Some(false) => view! { <Unusable /> }.into_any(),
                None => view! { <Suspense fallback=Loading>{question}</Suspense> }.into_any(),
            }}
        </PublicPage>
    }
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
