//! `/organization/staff/passwords`: after an incident, every password of staff stops working and each
//! of them is mailed a link to a new one. Proof of one's own password first, then what will happen,
//! and how many they are, typed to confirm. `/organization/staff/passwords/{job}`: how far that is.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{
    Refusal,
    account::Role,
    id::OrganizationId,
    job::{JobKind, StaffLinksView},
};

use super::{failed, named, scope_of, with_scope};
use crate::{
    api::{
        ApiError,
        many::{StopStaffPasswords, view_staff_links},
        session::{SignedInView, StepUp},
    },
    i18n::tr,
    pages::customers::LinksUnderWay,
    ui::{
        field::{Area, Field},
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        job::number,
        page::PageTitle,
        panel::{Loading, Notice, Panel, Tone},
        prove::{Prove, is_over, settled},
    },
    words,
};

/// Where the page is.
const PAGE: &str = "/organization/staff/passwords";

/// The page.
#[component]
pub fn StaffLinks() -> impl IntoView {
    let query = use_query_map();
    let scope = Memo::new(move |_| query.with(scope_of));
    let (proof, form) = (use_form::<StepUp>(), use_form::<StopStaffPasswords>());
    let (proven, over) = (settled(proof), settled(form));
    let view = Resource::new_blocking(
        move || (scope.get(), proven.get(), over.get()),
        |(scope, ..)| view_staff_links(scope),
    );
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <Page view proof form /> }.into_any(),
                Err(error @ ApiError::Refused(Refusal::NotAllowed)) => {
                    view! { <Notice tone=Tone::Plain>{words::error(&error)}</Notice> }.into_any()
                }
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

#[component]
fn Page(
    view: StaffLinksView,
    proof: FormState<StepUp>,
    form: FormState<StopStaffPasswords>,
) -> impl IntoView {
    let StaffLinksView { acting, many } = view;
    let over = is_over(form, acting.stepped_up);
    let scope = named(&acting);
    let organization = acting.name.to_string();
    let inner = if many.count == 0 {
        view! { <Notice tone=Tone::Plain>{tr!(many.staff_nobody)}</Notice> }.into_any()
    } else if !acting.sends_mail {
        view! { <Notice tone=Tone::Bad>{tr!(staff.no_mail)}</Notice> }.into_any()
    } else if !acting.stepped_up {
        view! { <Prove proof next=with_scope(PAGE, scope) over /> }.into_any()
    } else {
        let count = number(many.count);
        let submit =
            if many.flagged.is_some() { tr!(approval.ask) } else { tr!(many.staff_submit) };
        let flagged = many.flagged.map(|flagged| {
            view! { <div class="mt-5"><Notice tone=Tone::Plain>{words::flagged(flagged)}</Notice></div> }
        });
        view! {
            <ul class="advice mt-0">
                <li>{tr!(many.staff_stop, count = count.clone(), organization = organization.clone())}</li>
                <li>{tr!(many.staff_out)}</li>
                <li>{tr!(many.staff_link)}</li>
                <li>{tr!(many.staff_keys)}</li>
            </ul>
            {flagged}
            <Form form>
                <input type="hidden" name="scope" value=acting.id.to_string() />
                <Area name="reason" label=tr!(desk.reason) hint=tr!(many.staff_reason_hint) />
                <Field name="ticket" label=tr!(desk.ticket) />
                <Field
                    name="typed"
                    label=tr!(many.typed)
                    hint=tr!(many.typed_hint, count = count)
                    verbatim=true
                />
                <div><Submit label=submit /></div>
            </Form>
        }
        .into_any()
    };
    view! {
        <a class="back" href=with_scope("/organization/staff", scope)>
            <Glyph icon=Icon::Back class="size-4" />
            {tr!(staff.title)}
        </a>
        <div class="mt-3">
            <PageTitle title=tr!(many.staff_title) hint=Some(tr!(organization.of, organization = organization)) />
        </div>
        <div class="mt-6"><Panel>{inner}</Panel></div>
    }
}

/// The page of how far it is.
#[component]
pub fn StaffLinksJob() -> impl IntoView {
    view! {
        <a class="back" href="/organization/staff">
            <Glyph icon=Icon::Back class="size-4" />
            {tr!(staff.title)}
        </a>
        <div class="mt-3"><LinksUnderWay kind=JobKind::StaffLinks /></div>
    }
}

/// The way here, for owners.
#[component]
pub fn AfterIncident(
    /// The scope that addresses name.
    scope: Option<OrganizationId>,
) -> impl IntoView {
    let SignedInView { me, .. } = expect_context();
    (me.role == Some(Role::Owner)).then(|| {
        view! {
            <Panel title=tr!(many.incident) hint=tr!(many.incident_hint)>
                <a class="btn mt-4" href=with_scope(PAGE, scope)>{tr!(many.incident_go)}</a>
            </Panel>
        }
    })
}
