//! `/organizations/{id}`: one organization: where it is in the tree, how it stands, and what may be
//! done about it.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use model::{
    Refusal,
    id::OrganizationId,
    organization::{
        OrganizationDeed, OrganizationDone, OrganizationObstacle, OrganizationStanding,
        OrganizationView,
    },
};

use super::{
    done_of, failed,
    tree::{Standing, door, people},
};
use crate::{
    api::{
        ApiError,
        organizations::{
            DeleteOrganization, GiveSite, MoveOrganization, RenameOrganization, ResumeOrganization,
            SetHosts, SuspendOrganization, view_organization,
        },
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::{Choice, Field},
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Loading, Notice, Panel, Tone},
        prove::{Prove, is_over, settled},
        scopes::FindScopes,
    },
    words,
};

/// From so many places on, they can be narrowed by a name.
const MANY_PLACES: usize = 20;

/// Every form of the page.
#[derive(Clone, Copy)]
struct Forms {
    proof: FormState<StepUp>,
    rename: FormState<RenameOrganization>,
    place: FormState<MoveOrganization>,
    suspend: FormState<SuspendOrganization>,
    resume: FormState<ResumeOrganization>,
    site: FormState<GiveSite>,
    hosts: FormState<SetHosts>,
    end: FormState<DeleteOrganization>,
}

impl Forms {
    /// How often each was answered, and what was answered last.
    fn answers(self) -> [(usize, Option<Result<OrganizationDone, ApiError>>); 6] {
        [
            (self.rename.version(), self.rename.outcome.get()),
            (self.place.version(), self.place.outcome.get()),
            (self.suspend.version(), self.suspend.outcome.get()),
            (self.resume.version(), self.resume.outcome.get()),
            (self.site.version(), self.site.outcome.get()),
            (self.hosts.version(), self.hosts.outcome.get()),
        ]
    }

    /// Whether one was refused because the proof had run out.
    fn over(self, stepped_up: bool) -> bool {
        [
            is_over(self.rename, stepped_up),
            is_over(self.place, stepped_up),
            is_over(self.suspend, stepped_up),
            is_over(self.resume, stepped_up),
            is_over(self.site, stepped_up),
            is_over(self.hosts, stepped_up),
            is_over(self.end, stepped_up),
        ]
        .contains(&true)
    }
}

/// The page.
#[component]
pub fn OneOrganization() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let id =
        Memo::new(move |_| params.with(|params| params.get("id")?.parse::<OrganizationId>().ok()));
    let find = Memo::new(move |_| query.with(|query| query.get("find")).unwrap_or_default());
    let forms = Forms {
        proof: use_form(),
        rename: use_form(),
        place: use_form(),
        suspend: use_form(),
        resume: use_form(),
        site: use_form(),
        hosts: use_form(),
        end: use_form(),
    };
    // One that was just deleted is not asked for again.
    let settled = [
        settled(forms.proof),
        settled(forms.rename),
        settled(forms.place),
        settled(forms.suspend),
        settled(forms.resume),
        settled(forms.site),
        settled(forms.hosts),
    ];
    // The last thing that was done here, or that the address tells of.
    let done = RwSignal::new(None::<OrganizationDeed>);
    Effect::new(move |before: Option<[usize; 6]>| {
        let answers = forms.answers();
        let versions = answers.clone().map(|(version, _)| version);
        for (place, (version, outcome)) in answers.into_iter().enumerate() {
            let is_new = before.is_some_and(|before| before[place] != version);
            if let (true, Some(Ok(last))) = (is_new, outcome) {
                done.set(Some(last.deed).filter(|_| Some(last.organization) == id.get_untracked()));
            }
        }
        versions
    });
    let told = Memo::new(move |_| {
        let asked = || query.with(done_of).as_deref().and_then(OrganizationDeed::from_word);
        done.get().or_else(asked)
    });
    let view = Resource::new_blocking(
        move || (id.get(), find.get(), settled.map(|settled| settled.get())),
        |(id, find, _)| async move {
            match id {
                Some(id) => view_organization(id, find).await,
                None => Err(ApiError::Refused(Refusal::NotFound)),
            }
        },
    );
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <Page view forms told find=find.get_untracked() /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

#[component]
fn Page(
    view: OrganizationView,
    forms: Forms,
    told: Memo<Option<OrganizationDeed>>,
    find: String,
) -> impl IntoView {
    let (stepped_up, may_edit) = (view.acting.stepped_up, view.acting.may_edit);
    let over = forms.over(stepped_up);
    let id = view.line.id;
    let next = format!("/organizations/{id}");
    let add = may_edit.then(|| {
        let to = format!("/organizations/new?scope={id}");
        view! { <a class="btn" href=to>{tr!(organizations.add_below)}</a> }
    });
    let customers = format!("/customers?scope={id}");
    let settings = format!("/organization/policy?scope={id}");
    let standing = view.line.standing;
    let title = view.line.name.to_string();
    let facts = view! { <Facts view=view.clone() /> };
    let actions = match view.no_name {
        _ if !may_edit => {
            let why = words::organization_obstacle(OrganizationObstacle::NotPermitted);
            view! { <Notice tone=Tone::Plain>{why}</Notice> }.into_any()
        }
        // Nothing of one's own but its name can be changed here, and that by owners.
        Some(obstacle) if !view.acting.below => {
            let why = words::organization_obstacle(obstacle);
            view! { <Notice tone=Tone::Plain>{why}</Notice> }.into_any()
        }
        _ if stepped_up => view! { <Actions view forms find /> }.into_any(),
        _ => view! {
            <Panel title=tr!(organizations.manage)>
                <div class="mt-4"><Prove proof=forms.proof next over /></div>
            </Panel>
        }
        .into_any(),
    };
    view! {
        <a class="back" href="/organizations">
            <Glyph icon=Icon::Back class="size-4" />
            {tr!(organizations.title)}
        </a>
        <div class="mt-3 flex flex-wrap items-start justify-between gap-4">
            <div class="min-w-0 wrap-anywhere"><PageTitle title /></div>
            <Standing standing />
        </div>
        <div class="mt-6 grid gap-6">
            <div role="status" class="contents">
                {move || {
                    told.get()
                        .map(|deed| {
                            view! { <Notice tone=Tone::Good>{words::organization_deed(deed)}</Notice> }
                        })
                }}
            </div>
            <Panel>
                {facts}
                <div class="mt-5 flex flex-wrap gap-2">
                    <a class="btn" href=customers>{tr!(customers.title)}</a>
                    <a class="btn" href=settings>{tr!(organizations.settings)}</a>
                    {add}
                </div>
            </Panel>
            {actions}
        </div>
    }
}

/// Where it is, and who belongs to it.
#[component]
fn Facts(view: OrganizationView) -> impl IntoView {
    let above = view
        .above
        .iter()
        .map(|(id, name)| {
            let to = format!("/organizations/{id}");
            view! { <a class="link" href=to>{name.to_string()}</a> " › " }
        })
        .collect_view();
    let below = words::count(view.below);
    let (people, door) = (people(&view.line), door(&view.line));
    view! {
        <dl class="facts mt-0">
            <div class="fact">
                <dt class="hint">{tr!(organizations.place)}</dt>
                <dd class="min-w-0 wrap-anywhere">{above} {view.line.name.to_string()}</dd>
            </div>
            <div class="fact">
                <dt class="hint">{tr!(organizations.belong)}</dt>
                <dd>{people}</dd>
            </div>
            <div class="fact">
                <dt class="hint">{tr!(organizations.below_it)}</dt>
                <dd class="num">{below}</dd>
            </div>
            <div class="fact">
                <dt class="hint">{tr!(organizations.door)}</dt>
                <dd class="min-w-0 wrap-anywhere">{door}</dd>
            </div>
        </dl>
    }
}

/// What may be done.
#[component]
fn Actions(view: OrganizationView, forms: Forms, find: String) -> impl IntoView {
    let id = view.line.id;
    let which = move || view! { <input type="hidden" name="organization" value=id.to_string() /> };
    let (name, is_called) = (view.line.name.to_string(), view.line.name.to_string());
    let rename = view.no_name.is_none().then(|| {
        view! {
            <Panel title=tr!(organizations.rename) hint=tr!(organizations.rename_hint)>
                <Form form=forms.rename class="form mt-4 max-w-md">
                    {which()}
                    <Field name="name" label=tr!(profile.name) value=is_called />
                    <div><Submit label=tr!(organizations.rename_submit) class="btn" /></div>
                </Form>
            </Panel>
        }
    });
    let place =
        view.no_move.is_none().then(|| view! { <Place view=view.clone() form=forms.place find /> });
    let site =
        view.no_site.is_none().then(|| view! { <OwnSite view=view.clone() form=forms.site /> });
    let hosts = view.hosts.clone().map(|hosts| view! { <Hosts id hosts form=forms.hosts /> });
    let state = view.no_suspension.is_none().then(|| match view.line.standing {
        OrganizationStanding::Suspended => view! {
            <Panel title=tr!(organizations.resume) hint=tr!(organizations.resume_hint)>
                <Form form=forms.resume class="form mt-4">
                    {which()} <div><Submit label=tr!(organizations.resume_submit) /></div>
                </Form>
            </Panel>
        }
        .into_any(),
        OrganizationStanding::Active | OrganizationStanding::SuspendedAbove => view! {
            <Panel title=tr!(organizations.suspend) hint=tr!(organizations.suspend_hint)>
                <Form form=forms.suspend class="form mt-4">
                    {which()} <div><Submit label=tr!(organizations.suspend_submit) class="btn" /></div>
                </Form>
            </Panel>
        }
        .into_any(),
    });
    let end = match view.no_end {
        None => {
            let hint = tr!(care.delete_typed_hint, name = name);
            view! {
                <Panel title=tr!(organizations.delete) hint=tr!(organizations.delete_hint)>
                    <Form form=forms.end class="form mt-4 max-w-md">
                        {which()}
                        <Field name="typed" label=tr!(care.delete_typed) hint verbatim=true />
                        <div><Submit label=tr!(organizations.delete_submit) class="btn btn-error" /></div>
                    </Form>
                </Panel>
            }
            .into_any()
        }
        Some(OrganizationObstacle::Own) => ().into_any(),
        Some(obstacle) => {
            let why = words::organization_obstacle(obstacle).to_owned();
            view! {
                <Panel title=tr!(organizations.delete)>
                    <p class="hint mt-1 max-w-prose">{why}</p>
                </Panel>
            }
            .into_any()
        }
    };
    view! {
        {rename}
        {place}
        {site}
        {hosts}
        {state}
        {end}
    }
}

/// Moving it below another one.
#[component]
fn Place(view: OrganizationView, form: FormState<MoveOrganization>, find: String) -> impl IntoView {
    let id = view.line.id;
    let narrows = view.places.len() >= MANY_PLACES || !find.is_empty();
    let search = narrows.then(|| view! { <FindScopes name="find" typed=find /> });
    let options: Vec<(String, String)> =
        view.places.iter().map(|place| (place.id.to_string(), words::scope_line(place))).collect();
    let first = options.first().map(|(id, _)| id.clone());
    let inner = match first {
        None => view! { <p class="hint mt-4">{tr!(organizations.no_place)}</p> }.into_any(),
        Some(chosen) => view! {
            <Form form class="form mt-4 max-w-md">
                <input type="hidden" name="organization" value=id.to_string() />
                <Choice name="to" label=tr!(organizations.below) options chosen />
                <div><Submit label=tr!(organizations.move_submit) class="btn" /></div>
            </Form>
        }
        .into_any(),
    };
    view! {
        <Panel title=tr!(organizations.move_title) hint=tr!(organizations.move_hint)>
            {search} {inner}
        </Panel>
    }
}

/// Giving it a front door of its own: what will happen, and the word for it.
#[component]
fn OwnSite(view: OrganizationView, form: FormState<GiveSite>) -> impl IntoView {
    let id = view.line.id;
    let sharers = (!view.sharers.is_empty()).then(|| {
        let names = view.sharers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        view! { <li class="wrap-anywhere">{tr!(organizations.site_sharers, names = names)}</li> }
    });
    let slug = view.slug.map(|slug| slug.to_string()).unwrap_or_default();
    let old = view.line.door.name.to_string();
    view! {
        <Panel title=tr!(organizations.site)>
            <ul class="advice">
                <li>{tr!(organizations.site_moves, people = people(&view.line))}</li>
                {sharers}
                <li>{tr!(organizations.site_sessions)}</li>
                <li>{tr!(organizations.site_old_door, name = old)}</li>
                <li>{tr!(organizations.site_links)}</li>
                <li>{tr!(organizations.site_devices)}</li>
                <li>{tr!(organizations.site_passkeys)}</li>
            </ul>
            <Form form class="form mt-4 max-w-md">
                <input type="hidden" name="organization" value=id.to_string() />
                <Field
                    name="slug"
                    label=tr!(organizations.slug)
                    hint=tr!(organizations.slug_hint)
                    value=slug
                    verbatim=true
                />
                <div><Submit label=tr!(organizations.site_submit) class="btn" /></div>
            </Form>
        </Panel>
    }
}

/// The host names of its front door: what will happen, and the names.
#[component]
fn Hosts(id: OrganizationId, hosts: Vec<String>, form: FormState<SetHosts>) -> impl IntoView {
    view! {
        <Panel title=tr!(organizations.hosts)>
            <ul class="advice">
                <li>{tr!(organizations.hosts_reach)}</li>
                <li>{tr!(organizations.hosts_lead)}</li>
                <li>{tr!(organizations.site_sessions)}</li>
                <li>{tr!(organizations.hosts_passkeys)}</li>
            </ul>
            <Form form class="form mt-4 max-w-md">
                <input type="hidden" name="organization" value=id.to_string() />
                <Field
                    name="hosts"
                    label=tr!(organizations.hosts_label)
                    hint=tr!(organizations.hosts_hint)
                    value=hosts.join(" ")
                    verbatim=true
                />
                <div><Submit label=tr!(organizations.hosts_submit) class="btn" /></div>
            </Form>
        </Panel>
    }
}
