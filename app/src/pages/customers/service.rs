//! A customer's account in a downstream system: what is known of it, and what it says when asked.

use leptos::{prelude::*, server_fn::ServerFn, task::spawn_local};
use model::{
    Refusal,
    connector::{Overview, ServiceView, ServicesView, Vault},
    id::AccountId,
};

use super::tabs::Fact;
use crate::{
    api::{
        ApiError,
        connectors::{LookAtService, look_at_service, view_services},
    },
    i18n::tr,
    ui::{
        panel::{Notice, Tone},
        time::Time,
    },
    words::{self, connectors as said},
};

/// What a customer has in other systems whom an address may name.
pub async fn services_of(id: Option<AccountId>) -> Result<ServicesView, ApiError> {
    match id {
        Some(id) => view_services(id).await,
        None => Err(ApiError::Refused(Refusal::NotFound)),
    }
}

/// What is known of it. With code, the system is asked once the page is there.
#[component]
pub fn Service(
    /// Whose.
    customer: AccountId,
    /// What is known so far.
    service: ServiceView,
    /// The part of the customer's pages on which it is shown.
    part: &'static str,
    /// What else can be done about it.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let id = service.id;
    let title = tr!(service.title, system = service.system.to_string());
    let (known, asking) = (RwSignal::new(service), RwSignal::new(false));
    let ask = move |insists: bool| {
        if asking.get_untracked() {
            return;
        }
        asking.set(true);
        spawn_local(async move {
            let told = look_at_service(customer, id, insists, String::new()).await;
            // The page may be gone meanwhile.
            let _ = asking.try_set(false);
            if let Ok(told) = told {
                let _ = known.try_set(told);
            }
        });
    };
    Effect::new(move || ask(false));
    let on_submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        ask(true);
    };
    let asked = move || {
        let service = known.get();
        match (asking.get(), service.overview.as_ref().map(|(_, at)| *at)) {
            (true, _) => tr!(service.asking).into_any(),
            (false, Some(at)) => view! { {tr!(service.as_of)} " " <Time at /> }.into_any(),
            (false, None) => tr!(service.not_asked).into_any(),
        }
    };
    view! {
        <section class="panel p-5 sm:p-8" aria-busy=move || asking.get().to_string()>
            <h2 class="wrap-anywhere">{title}</h2>
            {move || view! { <Known customer service=known.get() /> }}
            <div class="mt-5 flex flex-wrap items-center gap-x-4 gap-y-2">
                <p class="hint mr-auto" role="status">{asked}</p>
                <form method="post" class="contents" on:submit=on_submit>
                    <input type="hidden" name="_form" value=LookAtService::url() />
                    <input type="hidden" name="customer" value=customer.to_string() />
                    <input type="hidden" name="service" value=id.to_string() />
                    <input type="hidden" name="insists" value="true" />
                    <input type="hidden" name="part" value=part />
                    <button type="submit" class="btn btn-sm">{tr!(service.ask)}</button>
                </form>
                {children.map(|children| children())}
            </div>
        </section>
    }
}

#[component]
fn Known(customer: AccountId, service: ServiceView) -> impl IntoView {
    let ServiceView { name, overview, trouble, enabled, differs_since, .. } = service;
    let overview = overview.map(|(overview, _)| overview);
    let obstacle = overview.as_ref().and_then(|overview| overview.obstacle);
    let known = overview.is_some();
    let manage = format!("/customers/{customer}/password");
    let may = match obstacle {
        _ if !enabled => tr!(service.disabled),
        Some(reason) => words::reason(reason),
        None if known => tr!(service.may_set),
        None => tr!(service.may_set_unknown),
    };
    view! {
        {differs_since
            .map(|since| {
                view! {
                    <div class="mt-4">
                        <Notice tone=Tone::Bad>
                            {tr!(service.differs)} " " <span class="hint"><Time at=since /></span>
                        </Notice>
                    </div>
                }
            })}
        {trouble
            .filter(|_| enabled)
            .map(|(reason, at)| {
                view! {
                    <div class="mt-4">
                        <Notice tone=Tone::Plain>
                            {words::reason(reason)} " " <span class="hint"><Time at /></span>
                        </Notice>
                    </div>
                }
            })}
        <dl class="facts">
            <Fact name=tr!(service.account)><span class="font-mono text-sm">{name}</span></Fact>
            <Fact name=tr!(customer.password)>
                <span class="block">{may}</span>
                <a class="link" href=manage>{tr!(service.manage)}</a>
            </Fact>
            {overview.map(|overview| view! { <Told overview /> })}
        </dl>
    }
}

/// What the system told.
#[component]
fn Told(overview: Overview) -> impl IntoView {
    let devices = said::devices(&overview);
    let Overview { display_name, quota, used, vaults, last_seen, .. } = overview;
    let names = overview.devices.join(", ");
    let vaults = vaults
        .into_iter()
        .map(|Vault { name, quota, used }| {
            let label = name.clone();
            view! {
                <div class="mt-1 first:mt-0">
                    <span class="block">{name}</span>
                    <Use label used quota />
                </div>
            }
        })
        .collect::<Vec<_>>();
    view! {
        {display_name.map(|name| view! { <Fact name=tr!(service.name)>{name}</Fact> })}
        {(used.is_some() || quota.is_some())
            .then(|| {
                let label = tr!(service.storage).to_owned();
                view! { <Fact name=tr!(service.storage)><Use label used quota /></Fact> }
            })}
        <Fact name=tr!(service.devices)>
            <span class="num block">{devices}</span>
            <span class="hint block">{names}</span>
        </Fact>
        {(!vaults.is_empty()).then(|| view! { <Fact name=tr!(service.vaults)>{vaults}</Fact> })}
        {last_seen.map(|at| view! { <Fact name=tr!(service.last_seen)><Time at /></Fact> })}
    }
}

/// How much is stored, as a bar where there is a limit, and in words.
#[component]
fn Use(label: String, used: Option<u64>, quota: Option<u64>) -> impl IntoView {
    let text = said::stored(used, quota);
    let bar = used.zip(quota).map(|(used, quota)| {
        view! {
            <progress
                class="progress-line mt-1"
                value=used.min(quota).to_string()
                max=quota.max(1).to_string()
                aria-label=label
            ></progress>
        }
    });
    view! {
        {text.map(|text| view! { <span class="hint num block">{text}</span> })}
        {bar}
    }
}
