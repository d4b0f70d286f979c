//! `/customers/{id}/services`: the customer's accounts in other systems.

use leptos::prelude::*;
use model::Refusal;

use super::tabs::{Head, Tab, use_customer, view};
use crate::{
    api::ApiError,
    i18n::tr,
    ui::{
        icon::Icon,
        panel::{Absent, Empty, Failed, Loading, Panel},
    },
};

/// The page.
#[component]
pub fn CustomerServices() -> impl IntoView {
    let id = use_customer();
    let customer = Resource::new_blocking(move || id.get(), view);
    let page = move || {
        Suspend::new(async move {
            match customer.await {
                Ok(customer) => view! {
                    <Head customer tab=Tab::Services />
                    <div class="mt-6">
                        <Panel><Empty icon=Icon::Unlink text=tr!(customer.services_empty) /></Panel>
                    </div>
                }
                .into_any(),
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}
