//! `/keep-address/{link}` and `/new-address/{link}`: whoever reads the old mailbox keeps the address,
//! whoever reads the new one confirms it.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_params_map;
use model::{
    Refusal,
    email::{ConfirmEmailView, KeepEmailView},
    id::LinkId,
};

use crate::{
    api::{
        ApiError,
        email_change::{
            ConfirmEmailByLink, KeepEmailByLink, view_confirm_email_link, view_keep_email_link,
        },
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
    words::{asked_by, due},
};

/// The link that the address names.
fn use_link() -> Memo<Option<LinkId>> {
    let params = use_params_map();
    Memo::new(move |_| params.with(|params| params.get("link")?.parse::<LinkId>().ok()))
}

/// How a form ended: done, or by a link that cannot be used.
fn finished<S>(form: FormState<S>) -> Memo<Option<bool>>
where
    S: ServerFn<Output = (), Error = ApiError> + Clone + Send + Sync + 'static,
{
    Memo::new(move |_| match form.outcome.get() {
        Some(Ok(())) => Some(true),
        Some(Err(ApiError::Refused(Refusal::LinkUnusable))) => Some(false),
        _ => None,
    })
}

const UNUSABLE: ApiError = ApiError::Refused(Refusal::LinkUnusable);

/// The page by which the address is kept, whether its link can still be used or not.
#[component]
pub fn KeepAddress() -> impl IntoView {
    let id = use_link();
    let view = Resource::new_blocking(
        move || id.get(),
        |id| async move {
            match id {
                Some(id) => view_keep_email_link(id).await,
                None => Err(UNUSABLE),
            }
        },
    );
    let form = use_form::<KeepEmailByLink>();
    let finished = finished(form);
    let question = move || {
        Suspend::new(async move {
            match (id.get_untracked(), view.await) {
                (Some(id), Ok(view)) => view! { <Keep id view form /> }.into_any(),
                (None, _) | (_, Err(ApiError::Refused(_))) => {
                    view! { <Unusable hint=tr!(keep_email.unusable) /> }.into_any()
                }
                (_, Err(error)) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <PublicPage>
            {move || match finished.get() {
                Some(true) => view! { <Kept /> }.into_any(),
                Some(false) => view! { <Unusable hint=tr!(keep_email.unusable) /> }.into_any(),
                None => view! { <Suspense fallback=Loading>{question}</Suspense> }.into_any(),
            }}
        </PublicPage>
    }
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
    let id = use_link();
    let view = Resource::new_blocking(
        move || id.get(),
        |id| async move {
            match id {
                Some(id) => view_confirm_email_link(id).await,
                None => Err(UNUSABLE),
            }
        },
    );
    let form = use_form::<ConfirmEmailByLink>();
    let finished = finished(form);
    let question = move || {
        Suspend::new(async move {
            match (id.get_untracked(), view.await) {
                (Some(id), Ok(view)) => view! { <Confirm id view form /> }.into_any(),
                (None, _) | (_, Err(ApiError::Refused(_))) => {
                    view! { <Unusable hint=tr!(confirm_email.unusable) /> }.into_any()
                }
                (_, Err(error)) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <PublicPage>
            {move || match finished.get() {
                Some(true) => view! { <Confirmed /> }.into_any(),
                Some(false) => view! { <Unusable hint=tr!(confirm_email.unusable) /> }.into_any(),
                None => view! { <Suspense fallback=Loading>{question}</Suspense> }.into_any(),
            }}
        </PublicPage>
    }
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
