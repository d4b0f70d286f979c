//! `/organization/staff/new`: somebody is invited to work for an organization.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};
use model::{
    account::{Language, Role},
    staff::StaffList,
};

use super::{failed, named, scope_of, with_scope};
use crate::{
    api::{
        organization::{InviteStaff, view_staff},
        session::StepUp,
    },
    i18n::{language, tr},
    ui::{
        field::{Choice, Field, Radio, RadioGroup},
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Loading, Notice, Panel, Tone},
        prove::{Prove, is_over, settled},
    },
    words,
};

/// The page.
#[component]
pub fn Invite() -> impl IntoView {
    let query = use_query_map();
    let scope = Memo::new(move |_| query.with(scope_of));
    let (proof, form) = (use_form::<StepUp>(), use_form::<InviteStaff>());
    let (proven, over) = (settled(proof), settled(form));
    let view = Resource::new_blocking(
        move || (scope.get(), proven.get(), over.get()),
        |(scope, ..)| view_staff(scope),
    );
    let navigate = use_navigate();
    Effect::new(move || {
        if let Some(Ok(done)) = form.outcome.get() {
            let to = format!("/organization/staff/{}?done={}", done.staff, done.deed.word());
            navigate(&to, NavigateOptions::default());
        }
    });
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(list) => view! { <Page list proof form /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

#[component]
fn Page(list: StaffList, proof: FormState<StepUp>, form: FormState<InviteStaff>) -> impl IntoView {
    let StaffList { acting, roles, .. } = list;
    let over = is_over(form, acting.stepped_up);
    let scope = named(&acting);
    let hint = tr!(organization.of, organization = acting.name.to_string());
    let inner = if !acting.may_edit {
        view! { <Notice tone=Tone::Plain>{tr!(staff.not_permitted)}</Notice> }.into_any()
    } else if !acting.sends_mail {
        view! { <Notice tone=Tone::Bad>{tr!(staff.no_mail)}</Notice> }.into_any()
    } else if acting.stepped_up {
        view! { <Fields scope=acting.id.to_string() roles form /> }.into_any()
    } else {
        view! { <Prove proof next=with_scope("/organization/staff/new", scope) over /> }.into_any()
    };
    view! {
        <a class="back" href=with_scope("/organization/staff", scope)>
            <Glyph icon=Icon::Back class="size-4" />
            {tr!(staff.title)}
        </a>
        <div class="mt-3"><PageTitle title=tr!(staff.invite_title) hint=Some(hint) /></div>
        <div class="mt-6"><Panel>{inner}</Panel></div>
    }
}

#[component]
fn Fields(scope: String, roles: Vec<Role>, form: FormState<InviteStaff>) -> impl IntoView {
    let languages = Language::ALL.into_iter().map(|one| (one.tag(), one.own_name())).collect();
    view! {
        <Form form class="form mt-0 max-w-md">
            <input type="hidden" name="scope" value=scope />
            <Field name="name" label=tr!(profile.name) />
            <Field name="email" label=tr!(profile.email) hint=tr!(staff.email_hint) verbatim=true />
            <Roles roles chosen="agent" />
            <Choice name="language" label=tr!(common.language) options=languages chosen=language().tag() />
            <div><Submit label=tr!(staff.invite_submit) /></div>
        </Form>
    }
}

/// The choice of a role, with what each may do.
#[component]
pub fn Roles(
    /// Those that the reader may give.
    roles: Vec<Role>,
    /// The one that is chosen at first.
    chosen: &'static str,
) -> impl IntoView {
    let choices = roles
        .into_iter()
        .map(|role| {
            let (label, hint) = (words::role_name(role), words::role_hint(role));
            view! { <Radio name="role" value=role.word() chosen label hint /> }
        })
        .collect_view();
    view! { <RadioGroup name="role" label=tr!(staff.role)>{choices}</RadioGroup> }
}
