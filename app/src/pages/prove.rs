//! `/prove`: fresh proof of one's own password, for what is no page of its own. It leads on to
//! where one came from.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::path::local_path;

use crate::{
    api::session::StepUp,
    i18n::tr,
    ui::{
        form::{Form, Submit, use_form},
        go,
        page::PageTitle,
        prove::ProofFields,
    },
};

/// The page.
#[component]
pub fn Prove() -> impl IntoView {
    let query = use_query_map();
    let next = query.with_untracked(|query| query.get("next")).unwrap_or_default();
    // Only to where the server would lead as well.
    let next = local_path(&next).unwrap_or("/").to_owned();
    let form = use_form::<StepUp>();
    Effect::new({
        let next = next.clone();
        move || {
            if form.done() {
                go::load(&next);
            }
        }
    });
    view! {
        <div class="panel mx-auto max-w-md p-6 sm:p-8">
            <PageTitle title=tr!(prove.title) hint=Some(tr!(prove.hint).to_owned()) />
            <Form form>
                <input type="hidden" name="next" value=next />
                <ProofFields />
                <Submit label=tr!(common.proceed) class="btn btn-primary w-full" />
            </Form>
            <p class="hint mt-4" role="status">{move || form.done().then_some(tr!(prove.done))}</p>
        </div>
    }
}
