//! `/keep/{link}`: whoever still has the second factor that staff are about to remove keeps it.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use model::{Refusal, factor::KeepView, id::LinkId};

use crate::{
    api::{
        ApiError,
        lost_factor::{KeepByLink, view_keep_link},
    },
    front_door::FrontDoor,
    i18n::tr,
    ui::{
        form::{Form, FormState, Submit, use_form},
        go,
        icon::Icon,
        page::{PageTitle, PublicPage, Sign},
        panel::{Failed, Loading},
        time::Time,
    },
};

/// The page of a link, whether it can still be used or not.
#[component]
pub fn Keep() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("link")?.parse::<LinkId>().ok()));
    let view = Resource::new_blocking(
        move || id.get(),
        |id| async move {
            match id {
                Some(id) => view_keep_link(id).await,
                None => Err(ApiError::Refused(Refusal::LinkUnusable)),
            }
        },
    );
    let form = use_form::<KeepByLink>();
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
