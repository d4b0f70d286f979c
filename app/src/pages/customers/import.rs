//! `/customers/import/{job}`: what the columns mean, what would come of each row, and doing it. The
//! step shown follows from what the server knows, so that loading the page again changes nothing.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_params_map;
use model::{
    Refusal,
    id::JobId,
    job::{ImportField, ImportView, JobCounts, JobKind, JobState, JobView},
};

use super::prove::Prove;
use crate::{
    api::{
        ApiError,
        imports::{ChangeJob, MapImport, RemapImport, StartImport, view_import},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::{Choice, Tick},
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        job::{Counts, LiveJob, Problems, Progress, number},
        page::PageTitle,
        panel::{Absent, Failed, Loading, Notice, Panel, Tone},
        steps::Steps,
    },
    words,
};

/// The forms of the page.
#[derive(Clone, Copy)]
struct Forms {
    map: FormState<MapImport>,
    remap: FormState<RemapImport>,
    start: FormState<StartImport>,
    change: FormState<ChangeJob>,
    proof: FormState<StepUp>,
}

/// The page.
#[component]
pub fn Import() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("job")?.parse::<JobId>().ok()));
    let forms = Forms {
        map: use_form(),
        remap: use_form(),
        start: use_form(),
        change: use_form(),
        proof: use_form(),
    };
    let live = LiveJob::unknown();
    let versions = move || {
        let Forms { map, remap, start, change, proof } = forms;
        let over = start.error() == Some(ApiError::Refused(Refusal::StepUp));
        (
            (map.done().then(|| map.version()), remap.version(), change.version()),
            (start.done() || over).then(|| start.version()),
            proof.done().then(|| proof.version()),
        )
    };
    let asked = Resource::new_blocking(
        move || (id.get(), versions(), live.turned.get()),
        |(id, ..)| async move {
            match id {
                Some(id) => view_import(id).await,
                None => Err(ApiError::Refused(Refusal::NotFound)),
            }
        },
    );
    live.follow(move || asked.get().and_then(Result::ok).map(|import| import.job));
    let page = move || {
        Suspend::new(async move {
            match asked.await {
                Ok(import) => view! { <Page import forms live /> }.into_any(),
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <div class="mx-auto max-w-2xl">
            <a class="back" href="/customers/import">
                <Glyph icon=Icon::Back class="size-4" />
                {tr!(import.title)}
            </a>
            <div class="panel mt-3 p-6 sm:p-8"><Transition fallback=Loading>{page}</Transition></div>
        </div>
    }
}

#[component]
fn Page(import: ImportView, forms: Forms, live: LiveJob) -> impl IntoView {
    let job = live.now(import.job.clone());
    let state = import.job.state;
    let current = match state {
        JobState::Receiving | JobState::Draft => 1,
        JobState::Checking | JobState::Checked => 2,
        JobState::Running | JobState::Approval | JobState::Paused => 3,
        JobState::Done | JobState::Stopped => 4,
    };
    let names = vec![
        tr!(import.step_file),
        tr!(import.step_columns),
        tr!(import.step_check),
        tr!(import.step_run),
    ];
    let hint = format!("{} · {}", import.file, tr!(import.rows, count = number(import.job.total)));
    let path = format!("/customers/import/{}", import.job.id);
    let step = match state {
        JobState::Receiving => view! { <Progress job path=path.clone() /> }.into_any(),
        JobState::Draft => view! { <Columns import=import.clone() form=forms.map /> }.into_any(),
        JobState::Checking => view! {
            <p class="mt-5 text-sm">{tr!(import.checking_hint)}</p>
            <Progress job path=path.clone() />
        }
        .into_any(),
        JobState::Checked => view! { <Checked import=import.clone() forms /> }.into_any(),
        _ => view! { <Run import=import.clone() job form=forms.change path=path.clone() /> }
            .into_any(),
    };
    view! {
        <Steps names current />
        <PageTitle title=tr!(import.title) hint=Some(hint) />
        {step}
        <Found import />
    }
}

/// What the columns mean.
#[component]
fn Columns(import: ImportView, form: FormState<MapImport>) -> impl IntoView {
    let columns: Vec<(String, String)> =
        std::iter::once((String::new(), tr!(import.no_column).to_owned()))
            .chain(import.headings.iter().enumerate().map(|(place, name)| {
                let name = if name.is_empty() {
                    tr!(import.nameless, number = place + 1)
                } else {
                    name.clone()
                };
                (place.to_string(), name)
            }))
            .collect();
    let chosen = import.columns;
    let field = move |(place, field): (usize, ImportField)| {
        let chosen = chosen.get(place).copied().flatten();
        let chosen = chosen.map(|column| column.to_string()).unwrap_or_default();
        let label = words::import_field(field);
        view! { <Choice name=field.word() label options=columns.clone() chosen /> }
    };
    let organizations: Vec<(String, String)> = import
        .organizations
        .iter()
        .map(|scope| (scope.id.to_string(), words::scope_line(scope)))
        .collect();
    view! {
        <p class="mt-5 text-sm text-pretty">{tr!(import.columns_hint)}</p>
        <Form form>
            <input type="hidden" name="job" value=import.job.id.to_string() />
            <Choice
                name="organization"
                label=tr!(new_customer.organization)
                options=organizations
                chosen=import.organization.to_string()
            />
            <div class="grid gap-4 sm:grid-cols-2">
                {ImportField::ALL.into_iter().enumerate().map(field).collect_view()}
            </div>
            <p class="hint">{tr!(import.consent_hint)}</p>
            <Submit label=tr!(import.check) class="btn btn-primary w-full" />
        </Form>
    }
}

/// What would come of it, and the start.
#[component]
fn Checked(import: ImportView, forms: Forms) -> impl IntoView {
    let id = import.job.id;
    let counts = import.job.counts;
    let over = forms.start.error_now() == Some(ApiError::Refused(Refusal::StepUp));
    let nothing = counts.created + counts.updated == 0;
    let start = if nothing {
        view! { <Notice tone=Tone::Plain>{tr!(import.nothing)}</Notice> }.into_any()
    } else if import.stepped_up {
        if over {
            // With a fresh proof, what was said about the old one is over.
            forms.start.forget();
        }
        let invites = import.sends_mail && counts.created > 0;
        view! {
            <Form form=forms.start>
                <input type="hidden" name="job" value=id.to_string() />
                {invites
                    .then(|| {
                        view! {
                            <Tick name="invites" label=tr!(import.invites) hint=tr!(import.invites_hint) />
                        }
                    })}
                <Submit label=tr!(import.start) class="btn btn-primary w-full" />
            </Form>
        }
        .into_any()
    } else {
        let next = format!("/customers/import/{id}");
        view! { <Prove form=forms.proof next over why=tr!(care.prove) /> }.into_any()
    };
    view! {
        <p class="mt-5 text-sm font-medium">{tr!(import.would)}</p>
        <Ended job=ArcSignal::stored(import.job.clone()) />
        {start}
        <Form form=forms.remap class="mt-3 grid">
            <input type="hidden" name="job" value=id.to_string() />
            <Submit label=tr!(import.remap) class="btn btn-ghost w-full" />
        </Form>
    }
}

/// How far it is, or how it ended.
#[component]
fn Run(
    import: ImportView,
    job: ArcSignal<JobView>,
    form: FormState<ChangeJob>,
    path: String,
) -> impl IntoView {
    let state = import.job.state;
    let id = import.job.id;
    let wish = |wish: &'static str, name: &'static str| {
        view! {
            <form method="post" class="contents">
                <input type="hidden" name="_form" value=ChangeJob::url() />
                <input type="hidden" name="job" value=id.to_string() />
                <input type="hidden" name="kind" value="import" />
                <input type="hidden" name="wish" value=wish />
                <button type="submit" class="btn">{name}</button>
            </form>
        }
    };
    let wishes = match state {
        JobState::Running => vec![wish("pause", tr!(job.pause)), wish("stop", tr!(job.stop))],
        JobState::Paused => vec![wish("resume", tr!(job.resume)), wish("stop", tr!(job.stop))],
        _ => Vec::new(),
    };
    let said = match state {
        JobState::Done => Some((Tone::Good, tr!(import.done))),
        JobState::Stopped => Some((Tone::Plain, tr!(import.stopped))),
        _ => None,
    };
    let error = form.error_now().map(|error| {
        view! { <Notice tone=Tone::Bad>{words::error(&error)}</Notice> }
    });
    view! {
        {error}
        <Progress job=job.clone() path />
        <div role="status" class="mt-5 grid">
            {said.map(|(tone, text)| view! { <Notice tone>{text}</Notice> })}
        </div>
        <Ended job />
        <div class="mt-5 flex flex-wrap gap-2">
            {wishes}
            {(!state.is_moving())
                .then(|| {
                    view! {
                        <a class="btn" href=format!("/customers/import/{id}/report") rel="external" download>
                            {tr!(import.report)}
                        </a>
                    }
                })}
        </div>
    }
}

/// How many rows would end, or ended, how.
#[component]
fn Ended(job: ArcSignal<JobView>) -> impl IntoView {
    let count = |of: fn(JobCounts) -> u32| {
        let job = job.clone();
        ArcSignal::derive(move || job.with(|job| of(job.counts)))
    };
    let lines = vec![
        (tr!(import.created), count(|counts| counts.created)),
        (tr!(import.updated), count(|counts| counts.updated)),
        (tr!(import.unchanged), count(|counts| counts.unchanged)),
        (tr!(import.refused), count(|counts| counts.refused)),
    ];
    view! { <Counts lines /> }
}

/// The first rows that were left out.
#[component]
fn Found(import: ImportView) -> impl IntoView {
    let many = import.job.counts.refused;
    let shown = import.problems.len();
    let all = format!("/customers/import/{}/problems", import.job.id);
    let more =
        usize::try_from(many).is_ok_and(|many| many > shown) && !import.job.state.is_moving();
    (shown > 0).then(|| {
        view! {
            <div class="mt-8">
                <Panel title=tr!(import.problems)>
                    <Problems rows=import.problems kind=JobKind::Import />
                    {more
                        .then(|| {
                            view! {
                                <p class="mt-4">
                                    <a class="btn btn-sm" href=all rel="external" download>
                                        {tr!(import.all_problems, count = number(many))}
                                    </a>
                                </p>
                            }
                        })}
                </Panel>
            </div>
        }
    })
}
