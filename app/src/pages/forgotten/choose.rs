//! `/reset/{link}`: a new password; `/invitation/{link}`: the first one.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use model::{
    Refusal,
    id::LinkId,
    link::{LinkPurpose, LinkView},
};

use super::{Progress, Step, done::Done, unusable::Unusable};
use crate::{
    api::{
        ApiError,
        forgotten::{UseLink, link},
    },
    i18n::tr,
    ui::{
        field::Field,
        form::{Form, FormState, Submit, use_form},
        new_password::{NewPassword, Suggest, WhosePassword, use_suggestion},
        page::{PageTitle, PublicPage},
        panel::{Failed, Loading},
        prove::FactorFields,
        time::Time,
    },
};

/// The page of a link to a new password, whether it can still be used or not.
#[component]
pub fn Reset() -> impl IntoView {
    view! { <Page purpose=LinkPurpose::Reset /> }
}

/// The page of an invitation, whether it can still be used or not.
#[component]
pub fn Invitation() -> impl IntoView {
    view! { <Page purpose=LinkPurpose::Invitation /> }
}

#[component]
fn Page(purpose: LinkPurpose) -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("link")?.parse::<LinkId>().ok()));
    let view = Resource::new_blocking(
        move || id.get(),
        move |id| async move {
            match id {
                Some(id) => link(id, purpose).await,
                None => Err(ApiError::Refused(Refusal::LinkUnusable)),
            }
        },
    );
    let form = use_form::<UseLink>();
    let finished = Memo::new(move |_| match form.outcome.get() {
        Some(Ok(())) => Some(true),
        Some(Err(ApiError::Refused(Refusal::LinkUnusable))) => Some(false),
        _ => None,
    });
    let step = move || {
        Suspend::new(async move {
            match (id.get_untracked(), view.await) {
                (Some(id), Ok(view)) => view! { <Choose id view form purpose /> }.into_any(),
                (None, _) | (_, Err(ApiError::Refused(_))) => {
                    view! { <Unusable purpose /> }.into_any()
                }
                (_, Err(error)) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <PublicPage>
            {move || match finished.get() {
                Some(true) => view! { <Done /> }.into_any(),
                Some(false) => view! { <Unusable purpose /> }.into_any(),
                None => view! { <Suspense fallback=Loading>{step}</Suspense> }.into_any(),
            }}
        </PublicPage>
    }
}

/// The step.
#[component]
fn Choose(
    id: LinkId,
    view: LinkView,
    form: FormState<UseLink>,
    purpose: LinkPurpose,
) -> impl IntoView {
    let invited = purpose == LinkPurpose::Invitation;
    let suggestion = use_suggestion();
    let LinkView { email, sign_in_name, expires_at, rules, pin, factors } = view;
    let title = if invited { tr!(invitation.title) } else { tr!(reset.title) };
    let note = if invited { tr!(invitation.note) } else { tr!(reset.note) };
    view! {
        {(!invited).then(|| view! { <Progress step=Step::Choose /> })}
        <PageTitle title hint=Some(tr!(reset.hint, email = email, min = rules.shortest)) />
        <Form form>
            <input type="hidden" name="link" value=id.to_string() />
            {invited.then(|| view! { <input type="hidden" name="invitation" value="true" /> })}
            {sign_in_name.map(|name| view! { <WhosePassword name=name.into() /> })}
            {pin
                .then(|| {
                    view! {
                        <Field name="pin" label=tr!(reset.pin) hint=tr!(reset.pin_hint) autocomplete="one-time-code" verbatim=true keys="numeric" />
                    }
                })}
            <NewPassword rules suggestion />
            <FactorFields factors link=id hint=tr!(reset.code_hint) />
            <Submit label=tr!(reset.submit) class="btn btn-primary w-full" />
        </Form>
        <Suggest suggestion />
        <p class="hint mt-4 text-center text-pretty">
            {note} " " {tr!(reset.expires)} " " <Time at=expires_at /> "."
        </p>
    }
}
