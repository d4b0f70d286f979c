//! `/customers/import`: a file of customers arrives; and what was imported before.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{Refusal, job::JobView, refusal::Problem};

use crate::{
    api::{ApiError, imports::my_imports},
    i18n::tr,
    ui::{
        icon::{Glyph, Icon},
        job::{number, state_name},
        page::PageTitle,
        panel::{Absent, Empty, Failed, Loading, Notice, Panel, Tone},
        time::Time,
    },
    words,
};

/// The page.
#[component]
pub fn Imports() -> impl IntoView {
    let query = use_query_map();
    let problem = move || query.with(|query| query.get_str("problem").and_then(Problem::of_file));
    let asked = Resource::new_blocking(|| (), |()| my_imports());
    let page = move || {
        Suspend::new(async move {
            match asked.await {
                Ok(imports) => view! { <Page imports problem=untrack(problem) /> }.into_any(),
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error @ ApiError::Refused(Refusal::NotAllowed)) => {
                    view! { <Notice tone=Tone::Plain>{words::error(&error)}</Notice> }.into_any()
                }
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <div class="mx-auto max-w-2xl">
            <a class="back" href="/customers">
                <Glyph icon=Icon::Back class="size-4" />
                {tr!(customers.title)}
            </a>
            <div class="mt-3"><PageTitle title=tr!(import.title) hint=Some(tr!(import.hint).to_owned()) /></div>
            <Transition fallback=Loading>{page}</Transition>
        </div>
    }
}

#[component]
fn Page(imports: Vec<JobView>, problem: Option<Problem>) -> impl IntoView {
    let told = problem.map(|problem| {
        view! {
            <div role="alert" class="mt-5"><Notice tone=Tone::Bad>{words::problem(problem)}</Notice></div>
        }
    });
    let lines = imports.into_iter().map(|import| view! { <Line import /> }).collect_view();
    let none = lines.is_empty();
    view! {
        <div class="mt-6 grid gap-6">
            <Panel title=tr!(import.upload)>
                <ul class="advice">
                    <li>{tr!(import.what_file)}</li>
                    <li>{tr!(import.what_columns)}</li>
                    <li>{tr!(import.what_known)}</li>
                    <li>{tr!(import.what_empty)}</li>
                </ul>
                {told}
                // Files go as they are, with code and without it.
                <form method="post" enctype="multipart/form-data" class="form">
                    <div class="field">
                        <label class="label-text" for="file">{tr!(import.file)}</label>
                        <input
                            class="input w-full"
                            type="file"
                            id="file"
                            name="file"
                            accept=".csv,.txt,.tsv,text/csv"
                            required
                        />
                        <p class="hint">{tr!(import.file_hint)}</p>
                    </div>
                    <div><button type="submit" class="btn btn-primary">{tr!(import.send)}</button></div>
                </form>
            </Panel>
            <Panel title=tr!(import.before)>
                {if none {
                    view! { <Empty icon=Icon::Clock text=tr!(import.before_none) /> }.into_any()
                } else {
                    view! { <ol class="rows">{lines}</ol> }.into_any()
                }}
            </Panel>
        </div>
    }
}

#[component]
fn Line(import: JobView) -> impl IntoView {
    let to = format!("/customers/import/{}", import.id);
    let rows = tr!(import.rows, count = number(import.total));
    view! {
        <li class="row flex-wrap gap-y-1 sm:flex-nowrap">
            <div class="min-w-0 grow basis-full sm:basis-0">
                <p><a class="link" href=to>{rows}</a></p>
                <p class="hint">{import.by.to_string()}</p>
            </div>
            <p class="hint flex items-center gap-3">
                <span>{state_name(import.state)}</span>
                <Time at=import.created_at />
            </p>
        </li>
    }
}
