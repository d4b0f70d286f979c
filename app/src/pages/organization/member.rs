//! `/organization/staff/{id}`: one member of staff, and what a superior may do about them.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use model::{
    Refusal,
    id::AccountId,
    permission::Permission,
    staff::{StaffDeed, StaffDone, StaffObstacle, StaffRow, StaffStanding, StaffView},
};

use super::{done_of, failed, invite::Roles, named, staff::Standing, with_scope};
use crate::{
    api::{
        ApiError,
        organization::{
            ChangeRole, InviteAgain, ResumeStaff, SendStaffLink, SuspendStaff, view_staff_member,
        },
        session::{SignedInView, StepUp},
    },
    i18n::tr,
    ui::{
        field::{Area, Field},
        form::{Form, FormState, Submit, last_done, use_form},
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Loading, Notice, Panel, Tone},
        prove::{Prove, is_over, settled},
        time::Time,
    },
    words,
};

/// Every form of the page.
#[derive(Clone, Copy)]
struct Forms {
    proof: FormState<StepUp>,
    again: FormState<InviteAgain>,
    role: FormState<ChangeRole>,
    suspend: FormState<SuspendStaff>,
    resume: FormState<ResumeStaff>,
    link: FormState<SendStaffLink>,
}

/// The page.
#[component]
pub fn Member() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")?.parse::<AccountId>().ok()));
    let forms = Forms {
        proof: use_form(),
        again: use_form(),
        role: use_form(),
        suspend: use_form(),
        resume: use_form(),
        link: use_form(),
    };
    let settled = [
        settled(forms.proof),
        settled(forms.again),
        settled(forms.role),
        settled(forms.suspend),
        settled(forms.resume),
        settled(forms.link),
    ];
    // The last thing that was done here, or that the address tells of.
    let done = last_done(move || forms.answers());
    let told = Memo::new(move |_| {
        let asked = || query.with(done_of).as_deref().and_then(StaffDeed::from_word);
        let here = done.get().filter(|done| Some(done.staff) == id.get());
        here.map(|done| done.deed).or_else(asked)
    });
    let view = Resource::new_blocking(
        move || (id.get(), settled.map(|settled| settled.get())),
        |(id, _)| async move {
            match id {
                Some(id) => view_staff_member(id).await,
                None => Err(ApiError::Refused(Refusal::NotFound)),
            }
        },
    );
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <Page view forms told /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

impl Forms {
    /// How often each was answered, and what was answered last.
    fn answers(self) -> [(usize, Option<Result<StaffDone, ApiError>>); 5] {
        [
            (self.again.version(), self.again.outcome.get()),
            (self.role.version(), self.role.outcome.get()),
            (self.suspend.version(), self.suspend.outcome.get()),
            (self.resume.version(), self.resume.outcome.get()),
            (self.link.version(), self.link.outcome.get()),
        ]
    }

    /// Whether one was refused because the proof had run out.
    fn over(self, stepped_up: bool) -> bool {
        [
            is_over(self.again, stepped_up),
            is_over(self.role, stepped_up),
            is_over(self.suspend, stepped_up),
            is_over(self.resume, stepped_up),
            is_over(self.link, stepped_up),
        ]
        .contains(&true)
    }
}

#[component]
fn Page(view: StaffView, forms: Forms, told: Memo<Option<StaffDeed>>) -> impl IntoView {
    let (stepped_up, may_edit) = (view.acting.stepped_up, view.acting.may_edit);
    let back = with_scope("/organization/staff", named(&view.acting));
    let over = forms.over(stepped_up);
    let email = view.row.email.clone();
    let hint = format!("{} · {}", words::role_name(view.row.role), view.acting.name);
    let next = format!("/organization/staff/{}", view.row.id);
    let SignedInView { me, .. } = expect_context();
    let may_remove = me.role.is_some_and(|role| role.may(Permission::RemoveFactors));
    let factor_page = format!("{next}/factor");
    let actions = match view.obstacle {
        Some(obstacle) => {
            view! { <Notice tone=Tone::Plain>{words::staff_obstacle(obstacle)}</Notice> }.into_any()
        }
        None if !may_edit => ().into_any(),
        None if stepped_up => view! { <Actions view=view.clone() forms /> }.into_any(),
        None => view! {
            <Panel title=tr!(staff.manage)>
                <div class="mt-4"><Prove proof=forms.proof next over /></div>
            </Panel>
        }
        .into_any(),
    };
    let StaffView { row, created_at, open_links, removal, .. } = view;
    let has_factor = row.has_factor;
    view! {
        <a class="back" href=back>
            <Glyph icon=Icon::Back class="size-4" />
            {tr!(staff.title)}
        </a>
        <div class="mt-3 flex flex-wrap items-start justify-between gap-4">
            <div class="min-w-0"><PageTitle title=row.name.to_string() hint=Some(hint) /></div>
            <Standing standing=row.standing />
        </div>
        <div class="mt-6 grid gap-6">
            <div role="status" class="contents">
                {move || {
                    told.get()
                        .map(|deed| {
                            let said = words::staff_deed(deed, &email);
                            view! { <Notice tone=Tone::Good>{said}</Notice> }
                        })
                }}
            </div>
            <Panel>
                <dl class="facts mt-0">
                    <div class="fact">
                        <dt class="hint">{tr!(customer.email)}</dt>
                        <dd class="min-w-0 wrap-anywhere">{row.email.to_string()}</dd>
                    </div>
                    <div class="fact">
                        <dt class="hint">{tr!(customer.created)}</dt>
                        <dd><Time at=created_at /></dd>
                    </div>
                    <div class="fact">
                        <dt class="hint">{tr!(customers.last_sign_in)}</dt>
                        <dd>
                            {match row.last_sign_in_at {
                                Some(at) => view! { <Time at /> }.into_any(),
                                None => tr!(customers.never_signed_in).into_any(),
                            }}
                        </dd>
                    </div>
                    <div class="fact">
                        <dt class="hint">{tr!(customer.factor)}</dt>
                        <dd>
                            <span class="block">
                                {if has_factor { tr!(customer.factor_on) } else { tr!(customer.factor_off) }}
                            </span>
                            {removal
                                .map(|removal| {
                                    view! {
                                        <span class="block">
                                            {tr!(lost_factor.waits_until)} " " <Time at=removal.due_at />
                                        </span>
                                    }
                                })}
                            {(has_factor && may_remove)
                                .then(|| {
                                    view! { <a class="link block" href=factor_page>{tr!(customer.factor_lost)}</a> }
                                })}
                        </dd>
                    </div>
                    {match row.standing {
                        StaffStanding::Invited(Some(at)) => {
                            Some(
                                view! {
                                    <div class="fact">
                                        <dt class="hint">{tr!(staff.invitation_until)}</dt>
                                        <dd><Time at /></dd>
                                    </div>
                                },
                            )
                        }
                        _ => None,
                    }}
                    {(!open_links.is_empty())
                        .then(|| {
                            let links = open_links
                                .into_iter()
                                .map(|at| view! { <span class="block"><Time at /></span> })
                                .collect_view();
                            view! {
                                <div class="fact">
                                    <dt class="hint">{tr!(staff.links_until)}</dt>
                                    <dd>{links}</dd>
                                </div>
                            }
                        })}
                </dl>
            </Panel>
            {actions}
        </div>
    }
}

/// What may be done.
#[component]
fn Actions(view: StaffView, forms: Forms) -> impl IntoView {
    let StaffView { row, roles, link_minutes, last_owner, acting, .. } = view;
    let StaffRow { id, role, standing, .. } = row;
    let whom = move || view! { <input type="hidden" name="staff" value=id.to_string() /> };
    let first = match standing {
        StaffStanding::Suspended => view! {
            <Panel title=tr!(staff.resume_title) hint=tr!(staff.resume_hint)>
                <Form form=forms.resume class="form mt-4">
                    {whom()} <div><Submit label=tr!(staff.resume) /></div>
                </Form>
            </Panel>
        }
        .into_any(),
        _ if !acting.sends_mail => {
            view! { <Notice tone=Tone::Bad>{tr!(staff.no_mail)}</Notice> }.into_any()
        }
        StaffStanding::Invited(_) => view! {
            <Panel title=tr!(staff.again_title) hint=tr!(staff.again_hint)>
                <Form form=forms.again class="form mt-4">
                    {whom()} <div><Submit label=tr!(staff.again) /></div>
                </Form>
            </Panel>
        }
        .into_any(),
        StaffStanding::Active | StaffStanding::Locked(_) => view! {
            <Panel title=tr!(staff.link_title) hint=tr!(staff.link_hint, count = link_minutes)>
                <Form form=forms.link class="form mt-4 max-w-md">
                    {whom()}
                    <Area name="reason" label=tr!(desk.reason) hint=tr!(staff.reason_hint) />
                    <Field name="ticket" label=tr!(desk.ticket) />
                    <div><Submit label=tr!(staff.link) /></div>
                </Form>
            </Panel>
        }
        .into_any(),
    };
    let rest = if last_owner {
        let why = words::staff_obstacle(StaffObstacle::LastOwner);
        view! { <Notice tone=Tone::Plain>{why}</Notice> }.into_any()
    } else {
        let suspend = (standing != StaffStanding::Suspended).then(|| {
            view! {
                <Panel title=tr!(staff.suspend_title) hint=tr!(staff.suspend_hint)>
                    <Form form=forms.suspend class="form mt-4">
                        {whom()} <div><Submit label=tr!(staff.suspend) class="btn" /></div>
                    </Form>
                </Panel>
            }
        });
        view! {
            <Panel>
                <Form form=forms.role class="form mt-0 max-w-md">
                    {whom()} <Roles roles chosen=role.word() />
                    <div><Submit label=tr!(staff.role_submit) class="btn" /></div>
                </Form>
            </Panel>
            {suspend}
        }
        .into_any()
    };
    view! {
        {first}
        {rest}
    }
}
