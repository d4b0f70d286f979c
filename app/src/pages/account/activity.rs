//! `/account/activity`: what happened to the account, and who did it.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::id::AuditId;

use crate::{
    api::account::my_activity,
    i18n::tr,
    ui::{
        activity::ActivityList,
        page::PageTitle,
        panel::{Failed, Loading, Panel},
    },
};

/// The page.
#[component]
pub fn Activity() -> impl IntoView {
    let query = use_query_map();
    let before =
        Memo::new(move |_| query.with(|query| query.get("before")?.parse::<AuditId>().ok()));
    let page = Resource::new_blocking(move || before.get(), my_activity);
    let list = move || {
        Suspend::new(async move {
            match page.await {
                Ok(page) => {
                    let first = before.get_untracked().is_none();
                    let path = "/account/activity".to_owned();
                    view! { <ActivityList page first path empty=tr!(activity.empty) /> }.into_any()
                }
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <PageTitle title=tr!(account.activity) hint=Some(tr!(activity.hint).to_owned()) />
        <div class="mt-6">
            <Panel>
                <Transition fallback=Loading>{list}</Transition>
            </Panel>
        </div>
    }
}
