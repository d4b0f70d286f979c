//! `/account`: name, user name and language.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::account::Profile as ProfileView;

use crate::{
    api::account::{ChangeProfile, my_profile},
    front_door::FrontDoor,
    i18n::{language, tr},
    ui::{
        field::{Choice, Field},
        form::{Form, FormState, Submit, use_form},
        go,
        page::PageTitle,
        panel::{Failed, Loading, Notice, Panel, Tone},
    },
};

/// The page.
#[component]
pub fn Profile() -> impl IntoView {
    let profile = Resource::new_blocking(|| (), |()| my_profile());
    let form = use_form::<ChangeProfile>();
    let query = use_query_map();
    let done = move || {
        form.done()
            || form.error().is_none()
                && query.with(|query| query.get_str("done") == Some("profile"))
    };
    // The page is made anew in the language that was just chosen.
    Effect::new(move || {
        if let Some(Ok(profile)) = form.outcome.get()
            && profile.language != language()
        {
            go::load("/account?done=profile");
        }
    });
    let fields = move || {
        Suspend::new(async move {
            match profile.await {
                Ok(profile) => view! { <Fields profile form /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <PageTitle title=tr!(account.profile) hint=Some(tr!(profile.hint).to_owned()) />
        <div class="mt-6 grid gap-6">
            <div role="status" class="contents">
                {move || done().then(|| view! { <Notice tone=Tone::Good>{tr!(profile.done)}</Notice> })}
            </div>
            <Panel>
                <Suspense fallback=Loading>{fields}</Suspense>
            </Panel>
        </div>
    }
}

#[component]
fn Fields(profile: ProfileView, form: FormState<ChangeProfile>) -> impl IntoView {
    // What was chosen before stays a choice.
    let site = FrontDoor::get().site;
    let mut languages = site.brand.spoken(site.language);
    if !languages.contains(&profile.language) {
        languages.push(profile.language);
    }
    let languages = languages.into_iter().map(|one| (one.tag(), one.own_name())).collect();
    view! {
        <Form form class="form mt-0 max-w-md">
            <Field name="name" label=tr!(profile.name) value=profile.name.to_string() autocomplete="name" />
            <Field
                name="user_name"
                label=tr!(profile.user_name)
                hint=tr!(profile.user_name_hint)
                value=profile.user_name.map(|name| name.to_string()).unwrap_or_default()
                autocomplete="username"
                verbatim=true
            />
            <Choice name="language" label=tr!(common.language) options=languages chosen=profile.language.tag() />
            <Field
                name="email"
                label=tr!(profile.email)
                hint=tr!(profile.email_hint)
                value=profile.email.to_string()
                fixed=true
            />
            <a class="link text-sm" href="/account/email">{tr!(profile.email_change)}</a>
            <div><Submit label=tr!(profile.submit) /></div>
        </Form>
    }
}
