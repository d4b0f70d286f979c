//! `/invitation/{link}`: the first password.

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
        forgotten::{AcceptInvitation, link},
    },
    front_door::FrontDoor,
    i18n::tr,
    ui::{
        form::{Form, FormState, Submit, use_form},
        go,
        icon::Icon,
        new_password::{NewPassword, Suggest, WhosePassword, use_suggestion},
        page::{PageTitle, PublicPage, Sign},
        panel::{Failed, Loading},
        time::Time,
    },
};

/// The page of an invitation, whether it can still be used or not.
#[component]
pub fn Invitation() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("link")?.parse::<LinkId>().ok()));
    let view = Resource::new_blocking(
        move || id.get(),
        |id| async move {
            match id {
                Some(id) => link(id, LinkPurpose::Invitation).await,
                None => Err(ApiError::Refused(Refusal::LinkUnusable)),
            }
        },
    );
    let form = use_form::<AcceptInvitation>();
    let finished = Memo::new(move |_| match form.outcome.get() {
        Some(Ok(())) => Some(true),
        Some(Err(ApiError::Refused(Refusal::LinkUnusable))) => Some(false),
        _ => None,
    });
    let step = move || {
        Suspend::new(async move {
            match (id.get_untracked(), view.await) {
                (Some(id), Ok(view)) => view! { <Choose id view form /> }.into_any(),
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
                None => view! { <Suspense fallback=Loading>{step}</Suspense> }.into_any(),
            }}
        </PublicPage>
    }
}

#[component]
fn Choose(id: LinkId, view: LinkView, form: FormState<AcceptInvitation>) -> impl IntoView {
    let suggestion = use_suggestion();
    let LinkView { email, sign_in_name, expires_at, rules } = view;
    let hint = Some(tr!(invitation.hint, email = email, min = rules.shortest));
    view! {
        <PageTitle title=tr!(invitation.title) hint />
        <Form form>
            <input type="hidden" name="link" value=id.to_string() />
            {sign_in_name.map(|name| view! { <WhosePassword name=name.into() /> })}
            <NewPassword rules suggestion />
            <Submit label=tr!(invitation.submit) class="btn btn-primary w-full" />
        </Form>
        <Suggest suggestion />
        <p class="hint mt-4 text-center text-pretty">
            {tr!(invitation.note)} " " {tr!(reset.expires)} " " <Time at=expires_at /> "."
        </p>
    }
}

/// `/invitation/done`.
#[component]
pub fn InvitationDone() -> impl IntoView {
    view! { <PublicPage><Done /></PublicPage> }
}

#[component]
fn Done() -> impl IntoView {
    let site = FrontDoor::get().site;
    view! {
        <Sign icon=Icon::Check good=true title=tr!(invitation.done_title) hint=tr!(invitation.done_hint)>
            <p class="text-sm text-pretty">{tr!(invitation.done_consent)}</p>
            <a class="btn btn-primary" href=site.path("/login")>{tr!(common.to_sign_in)}</a>
        </Sign>
    }
}

#[component]
fn Unusable() -> impl IntoView {
    go::status(410);
    let site = FrontDoor::get().site;
    view! {
        <Sign icon=Icon::Unlink title=tr!(unusable.title) hint=tr!(invitation.unusable)>
            <a class="btn btn-primary" href=site.path("/forgot")>{tr!(unusable.again)}</a>
            <a class="btn btn-ghost" href=site.path("/login")>{tr!(common.to_sign_in)}</a>
        </Sign>
    }
}
