//! `/customers/{id}/activity`: what happened to a customer's account, for those who look after it.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{Refusal, id::AuditId};

use super::tabs::{Head, Tab, use_customer};
use crate::{
    api::{ApiError, care::customer_activity},
    i18n::tr,
    ui::{
        activity::ActivityList,
        panel::{Absent, Failed, Loading, Panel},
    },
};

/// The page.
#[component]
pub fn CustomerActivity() -> impl IntoView {
    let id = use_customer();
    let query = use_query_map();
    let before =
        Memo::new(move |_| query.with(|query| query.get("before")?.parse::<AuditId>().ok()));
    let asked = Resource::new_blocking(
        move || (id.get(), before.get()),
        |(id, before)| async move {
            match id {
                Some(id) => customer_activity(id, before).await,
                None => Err(ApiError::Refused(Refusal::NotFound)),
            }
        },
    );
    let page = move || {
        Suspend::new(async move {
            match asked.await {
                Ok((customer, page)) => {
                    let first = before.get_untracked().is_none();
                    let path = format!("/customers/{}/activity", customer.id);
                    view! {
                        <Head customer tab=Tab::Activity />
                        <div class="mt-6">
                            <Panel title=tr!(customer.activity) hint=tr!(customer.activity_hint)>
                                <ActivityList page first path empty=tr!(customer.activity_empty) />
                            </Panel>
                        </div>
                    }
                    .into_any()
                }
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}
