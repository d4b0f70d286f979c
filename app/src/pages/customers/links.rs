//! `/customers/links/{job}`: how far links to many customers are; and what that page shares with the one
//! of links to staff.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_params_map;
use model::{
    Moment, Refusal,
    id::{ApprovalId, JobId},
    job::{JobCounts, JobKind, JobState, JobView, LinksView},
};

use crate::{
    api::{
        ApiError,
        imports::ChangeJob,
        many::{job_page, view_links_job},
    },
    i18n::tr,
    ui::{
        form::{FormState, use_form},
        icon::{Glyph, Icon},
        job::{Counts, LiveJob, Problems, Progress},
        page::PageTitle,
        panel::{Absent, Failed, Loading, Notice, Panel, Tone},
        time::Time,
    },
    words,
};

/// The page.
#[component]
pub fn LinksJob() -> impl IntoView {
    view! {
        <div class="mx-auto max-w-2xl">
            <a class="back" href="/customers">
                <Glyph icon=Icon::Back class="size-4" />
                {tr!(customers.title)}
            </a>
            <div class="mt-3"><LinksUnderWay kind=JobKind::SendLinks /></div>
        </div>
    }
}

/// The job that the address names, followed while it goes on.
#[component]
pub fn LinksUnderWay(
    /// To whom they go.
    kind: JobKind,
) -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("job")?.parse::<JobId>().ok()));
    let change = use_form::<ChangeJob>();
    let live = LiveJob::unknown();
    let asked = Resource::new_blocking(
        move || (id.get(), change.version(), live.turned.get()),
        move |(id, ..)| async move {
            match id {
                Some(id) => view_links_job(id, kind).await,
                None => Err(ApiError::Refused(Refusal::NotFound)),
            }
        },
    );
    live.follow(move || asked.get().and_then(Result::ok).map(|view| view.job));
    let page = move || {
        Suspend::new(async move {
            match asked.await {
                Ok(view) => view! { <Page view live change /> }.into_any(),
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error @ ApiError::Refused(Refusal::NotAllowed)) => {
                    view! { <Notice tone=Tone::Plain>{words::error(&error)}</Notice> }.into_any()
                }
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! { <div class="panel p-6 sm:p-8"><Transition fallback=Loading>{page}</Transition></div> }
}

/// That a second person has to agree first.
#[component]
fn Waits(id: ApprovalId, until: Moment) -> impl IntoView {
    view! {
        <div class="mt-5">
            <Notice tone=Tone::Plain>
                <p class="font-semibold">{tr!(approval.waits)} " " <Time at=until /> "."</p>
                <p class="mt-1">{tr!(approval.waits_hint)}</p>
                <p class="mt-1"><a class="link" href=format!("/approvals/{id}")>{tr!(approval.look)}</a></p>
            </Notice>
        </div>
    }
}

#[component]
fn Page(view: LinksView, live: LiveJob, change: FormState<ChangeJob>) -> impl IntoView {
    let LinksView { job: first, per_minute, old_passwords, approval, problems } = view;
    let waits = approval.map(|(id, until)| view! { <Waits id until /> });
    let (id, kind, state) = (first.id, first.kind, first.state);
    let job = live.now(first);
    let path = job_page(kind, id);
    let of_staff = kind == JobKind::StaffLinks;
    let title = if of_staff { tr!(many.staff_title) } else { tr!(many.title) };
    let wish = |wish: &'static str, name: &'static str| {
        view! {
            <form method="post" class="contents">
                <input type="hidden" name="_form" value=ChangeJob::url() />
                <input type="hidden" name="job" value=id.to_string() />
                <input type="hidden" name="kind" value=kind.word() />
                <input type="hidden" name="wish" value=wish />
                <button type="submit" class="btn">{name}</button>
            </form>
        }
    };
    let wishes = match state {
        JobState::Running => vec![wish("pause", tr!(job.pause)), wish("stop", tr!(job.stop))],
        JobState::Approval => vec![wish("stop", tr!(job.stop))],
        JobState::Paused => vec![wish("resume", tr!(job.resume)), wish("stop", tr!(job.stop))],
        _ => Vec::new(),
    };
    let said = match state {
        JobState::Done => Some((Tone::Good, tr!(many.done))),
        JobState::Stopped => Some((Tone::Plain, tr!(many.stopped))),
        _ => None,
    };
    let error = change.error_now();
    let error = error.map(|error| view! { <Notice tone=Tone::Bad>{words::error(&error)}</Notice> });
    let count = |of: fn(JobCounts) -> u32| {
        let job = job.clone();
        ArcSignal::derive(move || job.with(|job: &JobView| of(job.counts)))
    };
    let lines = vec![
        (tr!(many.sent), count(|counts| counts.created)),
        (tr!(many.left_out), count(|counts| counts.refused)),
    ];
    let report = format!("{path}/report");
    view! {
        <PageTitle title hint=Some(tr!(many.rate, count = per_minute)) />
        {error}
        {waits}
        {words::old_passwords(old_passwords)
            .map(|text| view! { <div class="mt-5"><Notice tone=Tone::Plain>{text}</Notice></div> })}
        <Progress job path />
        <div role="status" class="mt-5 grid">
            {said.map(|(tone, text)| view! { <Notice tone>{text}</Notice> })}
        </div>
        <Counts lines />
        <div class="mt-5 flex flex-wrap gap-2">
            {wishes}
            {(!state.is_moving() && state != JobState::Approval)
                .then(|| view! { <a class="btn" href=report rel="external" download>{tr!(import.report)}</a> })}
        </div>
        {(!problems.is_empty())
            .then(|| {
                view! {
                    <div class="mt-8">
                        <Panel title=tr!(many.problems)><Problems rows=problems kind /></Panel>
                    </div>
                }
            })}
    }
}
