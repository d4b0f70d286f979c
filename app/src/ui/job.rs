//! Work of many steps: how far it is, and what came of it.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use model::{
    id::JobId,
    job::{JobKind, JobState, JobView, RowResult},
};

use super::{panel::Panel, time::Time};
use crate::{
    api::{imports::job_progress, many::job_page},
    i18n::tr,
    words,
};

/// How often one looks how far a job is.
const LOOK: Duration = Duration::from_secs(1);

/// A job that may go on while one looks at it.
#[derive(Clone, Copy)]
pub struct LiveJob {
    live: RwSignal<Option<JobView>>,
    /// Counts up when the job has got into another state: the rest of the page is asked for again.
    pub turned: RwSignal<u32>,
}

impl LiveJob {
    /// One of which nothing is known yet.
    pub fn unknown() -> Self {
        Self { live: RwSignal::new(None), turned: RwSignal::new(0) }
    }

    /// Follows what a page shows, and looks again and again while it moves. Without code nothing
    /// moves, and the page says how to look again.
    pub fn follow(self, shown: impl Fn() -> Option<JobView> + 'static) {
        let Self { live, .. } = self;
        Effect::new(move || {
            if let Some(job) = shown() {
                live.set(Some(job));
            }
        });
        let moving = Memo::new(move |_| {
            live.with(|job| {
                job.as_ref().filter(|job| job.state.is_moving()).map(|job| (job.id, job.kind))
            })
        });
        Effect::new(move || {
            let Some((id, kind)) = moving.get() else { return };
            let look = move || spawn_local(async move { self.look(id, kind).await });
            if let Ok(handle) = set_interval_with_handle(look, LOOK) {
                on_cleanup(move || handle.clear());
            }
        });
    }

    async fn look(self, id: JobId, kind: JobKind) {
        // An answer that does not come is asked for again in a second.
        let Ok(job) = job_progress(id, kind).await else { return };
        let before = self.live.try_get_untracked().flatten().map(|job| job.state);
        let now = job.state;
        // The page may have gone meanwhile.
        if self.live.try_set(Some(job)).is_none() && before != Some(now) {
            self.turned.try_update(|turned| *turned += 1);
        }
    }

    /// The job as it stands, beginning with what the page was made with. It outlives the part of the
    /// page that shows it, which is made anew when the job gets into another state.
    pub fn now(self, first: JobView) -> ArcSignal<JobView> {
        let Self { live, .. } = self;
        ArcSignal::derive(move || {
            live.get().filter(|job| job.id == first.id).unwrap_or_else(|| first.clone())
        })
    }
}

/// How far a job is.
#[component]
pub fn Progress(
    /// The job.
    job: ArcSignal<JobView>,
    /// The page itself, to be loaded again where no code does it.
    path: String,
) -> impl IntoView {
    let [told, state, done, total, rests] = std::array::from_fn(|_| job.clone());
    let moving = job;
    let told = move || {
        told.with(|job| {
            let (done, total) = (job.counts.done(), job.total);
            let percent = u64::from(done) * 100 / u64::from(total.max(1));
            tr!(job.progress, done = number(done), total = number(total), percent = percent)
        })
    };
    view! {
        <div class="mt-5 grid gap-2">
            <div class="flex flex-wrap items-baseline justify-between gap-2 text-sm">
                <span class="font-medium" id="progress-label" role="status">
                    {move || state_name(state.with(|job| job.state))}
                </span>
                <span class="hint num">{told}</span>
            </div>
            <progress
                class="progress-line"
                value=move || done.with(|job| job.counts.done())
                max=move || total.with(|job| job.total.max(1))
                aria-labelledby="progress-label"
            ></progress>
            {move || {
                rests.with(|job| job.rests_until)
                    .map(|until| view! { <p class="hint">{tr!(job.rests)} " " <Time at=until /></p> })
            }}
            {move || {
                let path = path.clone();
                moving.with(|job| job.state.is_moving())
                    .then(|| view! { <p class="hint plain-only"><a class="link" href=path rel="external">{tr!(job.look_again)}</a></p> })
            }}
        </div>
    }
}

/// Where a job stands, in words.
pub fn state_name(state: JobState) -> &'static str {
    match state {
        JobState::Receiving => tr!(job.receiving),
        JobState::Draft => tr!(job.draft),
        JobState::Checking => tr!(job.checking),
        JobState::Checked => tr!(job.checked),
        JobState::Running => tr!(job.running),
        JobState::Approval => tr!(job.approval),
        JobState::Paused => tr!(job.paused),
        JobState::Done => tr!(job.done),
        JobState::Stopped => tr!(job.stopped),
    }
}

/// A number as people write it.
pub fn number(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text += tr!(common.thousands);
        }
        text.push(digit);
    }
    text
}

/// How many rows ended how, each count with its name.
#[component]
pub fn Counts(
    /// The counts, as they stand.
    lines: Vec<(&'static str, ArcSignal<u32>)>,
) -> impl IntoView {
    let lines = lines
        .into_iter()
        .map(|(name, count)| {
            view! {
                <div class="fact">
                    <dt class="hint">{name}</dt>
                    <dd class="num">{move || number(count.get())}</dd>
                </div>
            }
        })
        .collect_view();
    view! { <dl class="facts">{lines}</dl> }
}

/// Links to many that were begun last.
#[component]
pub fn LinkJobs(
    /// They.
    jobs: Vec<JobView>,
) -> impl IntoView {
    let any = !jobs.is_empty();
    let line = |job: JobView| {
        let count = number(job.total);
        let name = match job.kind {
            JobKind::StaffLinks => tr!(job.to_staff, count = count),
            _ => tr!(job.to_customers, count = count),
        };
        let done = tr!(job.of_all, done = number(job.counts.done()), total = number(job.total));
        view! {
            <li class="row flex-wrap gap-y-1 sm:flex-nowrap">
                <div class="min-w-0 grow basis-full sm:basis-0">
                    <p><a class="link" href=job_page(job.kind, job.id)>{name}</a></p>
                    <p class="hint">{job.by.to_string()} " · " <Time at=job.created_at /></p>
                </div>
                <p class="hint num sm:text-right">{state_name(job.state)} " · " {done}</p>
            </li>
        }
    };
    let lines = jobs.into_iter().map(line).collect_view();
    any.then(|| {
        view! {
            <div class="mt-4">
                <Panel title=tr!(job.links_title)><ol class="rows">{lines}</ol></Panel>
            </div>
        }
    })
}

/// Rows that were left out, with the reasons.
#[component]
pub fn Problems(
    /// The rows.
    rows: Vec<RowResult>,
    /// Of what they are rows.
    kind: JobKind,
) -> impl IntoView {
    let (page, numbered): (_, fn(String) -> String) = match kind {
        JobKind::StaffLinks => ("/organization/staff", |line| tr!(job.staff_numbered, line = line)),
        _ => ("/customers", |line| tr!(job.customer_numbered, line = line)),
    };
    let rows = rows
        .into_iter()
        .map(|row| {
            let why = words::row_problems(&row.why)
                .into_iter()
                .map(|text| view! { <span class="block text-pretty">{text}</span> })
                .collect_view();
            let place = match row.customer {
                Some(customer) => view! {
                    <a class="link w-20 shrink-0" href=format!("{page}/{customer}")>
                        {numbered(number(row.line))}
                    </a>
                }
                .into_any(),
                None => view! {
                    <span class="hint num w-20 shrink-0">{tr!(job.line, line = number(row.line))}</span>
                }
                .into_any(),
            };
            view! {
                <li class="row">
                    {place} <span class="min-w-0 break-words text-sm">{why}</span>
                </li>
            }
        })
        .collect_view();
    view! { <ol class="rows">{rows}</ol> }
}
