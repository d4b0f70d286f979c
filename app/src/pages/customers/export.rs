//! `/customers/export?…`: the customers that the list shows, as a file.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{Refusal, customer::CustomerQuery, job::ExportView};

use super::{address, asked_for, first_page, prove::Prove};
use crate::{
    api::{ApiError, many::view_export, session::StepUp},
    i18n::tr,
    ui::{
        form::use_form,
        icon::{Glyph, Icon},
        job::number,
        page::PageTitle,
        panel::{Absent, Failed, Loading, Notice, Tone},
    },
    words,
};

/// The page.
#[component]
pub fn Export() -> impl IntoView {
    let params = use_query_map();
    let query = Memo::new(move |_| params.with(|params| first_page(&asked_for(params))));
    let proof = use_form::<StepUp>();
    let asked = Resource::new_blocking(
        move || (query.get(), proof.done().then(|| proof.version())),
        |(query, _)| async move {
            let CustomerQuery { scope, text, state, connector, .. } = query;
            view_export(scope, text, state, connector).await
        },
    );
    let page = move || {
        Suspend::new(async move {
            let query = query.get_untracked();
            match asked.await {
                Ok(ExportView { stepped_up: false, .. }) => {
                    let next = address(&query).replacen("/customers", "/customers/export", 1);
                    view! { <Prove form=proof next why=tr!(care.prove) /> }.into_any()
                }
                Ok(view) => view! { <Check view query /> }.into_any(),
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error @ ApiError::Refused(Refusal::NotAllowed)) => {
                    view! { <Notice tone=Tone::Plain>{words::error(&error)}</Notice> }.into_any()
                }
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <div class="mx-auto max-w-xl">
            <a class="back" href=move || address(&query.get())>
                <Glyph icon=Icon::Back class="size-4" />
                {tr!(customers.title)}
            </a>
            <div class="panel mt-3 p-6 sm:p-8">
                <PageTitle title=tr!(export.title) hint=Some(tr!(export.hint).to_owned()) />
                <Transition fallback=Loading>{page}</Transition>
            </div>
        </div>
    }
}

/// What will leave.
#[component]
fn Check(view: ExportView, query: CustomerQuery) -> impl IntoView {
    let fields = [
        ("scope", query.scope.map(|id| id.to_string())),
        ("q", Some(query.text.clone()).filter(|text| !text.is_empty())),
        ("state", query.state.map(|state| state.word().to_owned())),
        ("connector", query.connector.map(|id| id.to_string())),
        ("order", Some(query.order.word().to_owned())),
        ("desc", query.descending.then(|| "1".to_owned())),
    ];
    let fields = fields
        .into_iter()
        .filter_map(|(name, value)| Some(view! { <input type="hidden" name=name value=value? /> }))
        .collect_view();
    view! {
        <ul class="advice">
            <li>{tr!(export.will_hold, count = number(view.count))}</li>
            <li>{tr!(export.will_record)}</li>
            <li>{tr!(export.will_text)}</li>
        </ul>
        <form method="post" action="/customers/export/file" class="form">
            {fields}
            <button type="submit" class="btn btn-primary w-full">{tr!(export.submit)}</button>
        </form>
    }
}
