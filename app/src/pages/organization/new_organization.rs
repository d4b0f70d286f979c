//! `/organizations/new`: an organization is added below one's own, or below one that is.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{organization::NewOrganizationView, slug::Slug};

use super::{failed, named, scope_of, with_scope};
use crate::{
    api::{
        organizations::{AddOrganization, view_new_organization},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::{Choice, Field, Radio, RadioGroup},
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Loading, Panel},
        prove::{Prove, is_over, ran_out, settled},
    },
    words,
};

/// The page.
#[component]
pub fn NewOrganization() -> impl IntoView {
    let query = use_query_map();
    let scope = Memo::new(move |_| query.with(scope_of));
    let (proof, form) = (use_form::<StepUp>(), use_form::<AddOrganization>());
    // What was typed, for when the form is drawn anew.
    let name = RwSignal::new(String::new());
    let (proven, over) = (settled(proof), ran_out(form));
    let view = Resource::new_blocking(
        move || (scope.get(), proven.get(), over.get()),
        |(scope, ..)| view_new_organization(scope),
    );
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <Page view proof form name /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

#[component]
fn Page(
    view: NewOrganizationView,
    proof: FormState<StepUp>,
    form: FormState<AddOrganization>,
    name: RwSignal<String>,
) -> impl IntoView {
    let over = is_over(form, view.acting.stepped_up);
    let next = with_scope("/organizations/new", named(&view.acting));
    let inner = if view.acting.stepped_up {
        view! { <Fields view form name /> }.into_any()
    } else {
        view! { <Prove proof next over /> }.into_any()
    };
    view! {
        <a class="back" href="/organizations">
            <Glyph icon=Icon::Back class="size-4" />
            {tr!(organizations.title)}
        </a>
        <div class="mt-3">
            <PageTitle title=tr!(organizations.add) hint=Some(tr!(organizations.add_hint).to_owned()) />
        </div>
        <div class="mt-6"><Panel>{inner}</Panel></div>
    }
}

#[component]
fn Fields(
    view: NewOrganizationView,
    form: FormState<AddOrganization>,
    name: RwSignal<String>,
) -> impl IntoView {
    let NewOrganizationView { acting, parents, .. } = view;
    let options =
        parents.iter().map(|scope| (scope.id.to_string(), words::scope_line(scope))).collect();
    // What an empty word comes to, as one types the name.
    let proposed = move || match Slug::proposed(&name.read()) {
        Some(slug) => tr!(organizations.slug_proposed, slug = slug.to_string()),
        None => tr!(organizations.slug_hint).to_owned(),
    };
    view! {
        <Form form class="form mt-0 max-w-md">
            <Field name="name" label=tr!(profile.name) first=true follows=name />
            <Choice name="scope" label=tr!(organizations.below) options chosen=acting.id.to_string() />
            <RadioGroup name="door" label=tr!(organizations.door)>
                <Radio
                    name="door"
                    value="own"
                    chosen="own"
                    label=tr!(organizations.door_own)
                    hint=tr!(organizations.door_own_hint)
                />
                <Radio
                    name="door"
                    value="shared"
                    chosen="own"
                    label=tr!(organizations.door_shared)
                    hint=tr!(organizations.door_shared_hint)
                />
            </RadioGroup>
            <div>
                <Field name="slug" label=tr!(organizations.slug) verbatim=true />
                <p class="hint mt-1.5 wrap-anywhere">{proposed}</p>
            </div>
            <div><Submit label=tr!(organizations.add_submit) /></div>
        </Form>
    }
}
