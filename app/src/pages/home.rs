//! `/`: where staff start: what needs attention, and how things stand.

use leptos::prelude::*;
use model::{
    Moment,
    account::{AccountKind, Lock},
    customer::Count,
    id::AccountId,
    overview::{Coverage, DAYS_CHARTED, FactorCoverage, HomeView},
    permission::Permission,
    reset::Delivery,
    text::Name,
};

use super::resets::delivery_name;
use crate::{
    api::{overview::home, session::SignedInView},
    i18n::tr,
    ui::{
        chart::{Bars, Columns, Series, Share},
        go::Go,
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Failed, Loading, Notice, Panel, Tone},
        second::Approvals,
        time::Time,
    },
    words,
};

/// The page. Customers have no home but their account.
#[component]
pub fn Home() -> impl IntoView {
    let SignedInView { me, .. } = expect_context();
    if me.kind == AccountKind::Customer {
        return view! { <Go to="/account".to_owned() /> }.into_any();
    }
    let hint = match me.role {
        Some(role) => tr!(
            home.hint_role,
            role = words::role(role),
            organization = me.organization.to_string()
        ),
        None => me.organization.to_string(),
    };
    let view = Resource::new_blocking(|| (), |()| home());
    let overview = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <Overview view /> }.into_any(),
                Err(error) => view! { <div class="mt-6"><Failed error /></div> }.into_any(),
            }
        })
    };
    view! {
        <PageTitle title=tr!(home.title, name = me.name.to_string()) hint=Some(hint) />
        <Suspense fallback=Loading>{overview}</Suspense>
        <h2 class="mt-8">{tr!(home.ways)}</h2>
        <div class="mt-3 grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
            <Way to="/customers" icon=Icon::People title=tr!(customers.title) hint=tr!(home.customers) />
            <Way to="/resets" icon=Icon::Key title=tr!(resets.title) hint=tr!(home.resets) />
            {me.role
                .filter(|role| role.may(Permission::ReadSettings))
                .map(|_| {
                    view! { <Way to="/organization/policy" icon=Icon::Building title=tr!(organization.title) hint=tr!(home.organization) /> }
                })}
            <Way to="/account" icon=Icon::Person title=tr!(account.profile) hint=tr!(home.profile) />
            <Way to="/account/security" icon=Icon::Shield title=tr!(account.security) hint=tr!(home.security) />
            <Way to="/account/activity" icon=Icon::Clock title=tr!(account.activity) hint=tr!(home.activity) />
        </div>
    }
    .into_any()
}

/// What needs attention, and the charts.
#[component]
fn Overview(view: HomeView) -> impl IntoView {
    let all_locks = view.locks.iter().fold(Count { number: 0, more: false }, |sum, (_, lock)| {
        let counted = sum.number.saturating_add(lock.number);
        Count {
            more: sum.more || lock.more || Count::of(counted.into()).more,
            ..Count::of(counted.into())
        }
    });
    let Coverage { part: allow, whole: customers } = view.consent;
    let without = Count::of(i64::from(customers.saturating_sub(allow)));
    let items = [
        (view.resets, Some("/resets?state=needs_attention"), tr!(home.attention_resets), true),
        (view.disputed, None, tr!(home.attention_disputes), true),
        (view.agreeable, None, tr!(home.attention_emails), true),
        (view.approvable, Some("/resets"), tr!(home.attention_approvals), true),
        (
            view.mails,
            view.reads_mail.then_some("/organization/mail?state=dead"),
            if view.reads_mail {
                tr!(home.attention_mails)
            } else {
                tr!(home.attention_mails_agent)
            },
            true,
        ),
        (all_locks, Some("/customers?state=locked"), tr!(home.attention_locked), false),
        (without, Some("/customers?state=no_consent"), tr!(home.attention_no_consent), false),
    ];
    let is_calm = items.iter().all(|(count, _, _, urgent)| !urgent || count.number == 0);
    let items = items
        .into_iter()
        .filter(|(count, ..)| count.number > 0)
        .map(|(count, to, text, urgent)| view! { <Item count to text urgent /> })
        .collect_view();
    let locks = view
        .locks
        .iter()
        .map(|(lock, count)| {
            let name = match lock {
                Lock::Failures => tr!(home.lock_failures),
                Lock::Staff => tr!(home.lock_staff),
                Lock::Dispute => tr!(home.lock_dispute),
            };
            (name, *count)
        })
        .collect();
    let (disputes, agreements) = (view.disputes.clone(), view.agreements.clone());
    let approvals = view.approvals.clone();
    let (factors, more_factors) = (view.factors.clone(), view.more_factors);
    let percent = u64::from(allow) * 100 / u64::from(customers.max(1));
    let coverage = if customers == 0 {
        tr!(home.consent_nobody).to_owned()
    } else {
        tr!(
            home.consent_share,
            allow = words::number(allow),
            customers = words::number(customers),
            percent = percent
        )
    };
    view! {
        <section aria-labelledby="attention">
            <h2 class="mt-8" id="attention">{tr!(home.attention)}</h2>
            {is_calm.then(|| view! { <div class="mt-3"><Notice tone=Tone::Good>{tr!(home.calm)}</Notice></div> })}
            <ul class="mt-3 grid gap-3 sm:grid-cols-2 lg:grid-cols-3">{items}</ul>
            <Named people=disputes page="" title=tr!(home.disputes) hint=tr!(home.disputes_hint) />
            <Named people=agreements page="/email" title=tr!(home.emails) hint=tr!(home.emails_hint) />
            <Approvals lines=approvals />
        </section>
        <div class="mt-8 grid grid-cols-1 items-start gap-6 lg:grid-cols-[minmax(0,1fr)_22rem]">
            <Panel title=tr!(home.chart_resets) hint=tr!(home.chart_resets_hint, days = DAYS_CHARTED)>
                <ResetsByDay view=view.clone() />
            </Panel>
            <div class="grid grid-cols-1 gap-6">
                <Panel title=tr!(home.chart_locked)>
                    <Bars bars=locks />
                </Panel>
                <Panel title=tr!(home.chart_consent)>
                    <p class="mt-3 text-sm">{coverage}</p>
                    <Share part=allow whole=customers />
                </Panel>
            </div>
        </div>
        <div class="mt-6">
            <Panel title=tr!(home.chart_factors) hint=tr!(home.chart_factors_hint)>
                <Factors factors />
                {more_factors.then(|| view! { <p class="hint mt-4">{tr!(home.chart_factors_more)}</p> })}
            </Panel>
        </div>
    }
}

/// Customers about whom there is something to do, each with a moment. Nothing for nobody.
#[component]
fn Named(
    people: Vec<(AccountId, Name, Moment)>,
    /// Which of the customer's pages that is done on.
    page: &'static str,
    title: &'static str,
    hint: &'static str,
) -> impl IntoView {
    (!people.is_empty()).then(|| {
        let lines = people
            .into_iter()
            .map(|(id, name, at)| {
                view! {
                    <li class="row">
                        <a class="link min-w-0 break-words" href=format!("/customers/{id}{page}")>{name.to_string()}</a>
                        <span class="hint"><Time at /></span>
                    </li>
                }
            })
            .collect_view();
        view! {
            <div class="mt-6">
                <Panel title hint>
                    <ul class="rows">{lines}</ul>
                </Panel>
            </div>
        }
    })
}

/// How many passwords were reset, day by day.
#[component]
fn ResetsByDay(view: HomeView) -> impl IntoView {
    if view.days.is_empty() {
        return view! { <p class="hint mt-4">{tr!(home.chart_resets_none)}</p> }.into_any();
    }
    let kinds = [
        Delivery::EmailLink,
        Delivery::OwnChange,
        Delivery::Typed,
        Delivery::Generated,
        Delivery::CommandLine,
    ];
    let series = kinds
        .into_iter()
        .map(|kind| {
            let mut values = vec![0; DAYS_CHARTED];
            for day in view.days.iter().filter(|day| day.delivery == kind) {
                let place = usize::try_from(day.day).ok().and_then(|place| values.get_mut(place));
                if let Some(value) = place {
                    *value += day.count;
                }
            }
            Series { name: delivery_name(kind), values }
        })
        .collect();
    let places = (0..DAYS_CHARTED)
        .map(|day| {
            let days = u64::try_from(day).unwrap_or_default();
            words::day(view.first_day.plus(std::time::Duration::from_hours(24 * days)))
        })
        .collect();
    view! {
        {view.is_part.then(|| view! { <p class="hint mt-3">{tr!(home.chart_part)}</p> })}
        <Columns series places place=tr!(home.chart_day) label=tr!(home.chart_resets) />
    }
    .into_any()
}

/// Who has a second factor, organization by organization.
#[component]
fn Factors(factors: Vec<FactorCoverage>) -> impl IntoView {
    let told = |Coverage { part, whole }: Coverage| {
        let percent = u64::from(part) * 100 / u64::from(whole.max(1));
        tr!(
            home.factor_share,
            part = words::number(part),
            whole = words::number(whole),
            percent = percent
        )
    };
    let of = move |name: &'static str, of: Coverage| {
        (of.whole > 0).then(|| {
            view! {
                <div>
                    <p class="flex flex-wrap justify-between gap-x-4 text-sm">
                        <span class="hint">{name}</span>
                        <span class="num">{told(of)}</span>
                    </p>
                    <Share part=of.part whole=of.whole class="bar mt-1.5" />
                </div>
            }
        })
    };
    let rows = factors
        .into_iter()
        .map(|FactorCoverage { id, name, customers, staff }| {
            let to = format!("/customers?scope={id}&state=no_factor");
            view! {
                <li class="grid gap-x-8 gap-y-2 py-4 first:pt-0 last:pb-0 sm:grid-cols-[minmax(0,1fr)_minmax(0,1fr)_minmax(0,1fr)]">
                    <div class="min-w-0">
                        <p class="font-medium break-words">{name.to_string()}</p>
                        {(customers.part < customers.whole)
                            .then(|| view! { <a class="link text-sm" href=to>{tr!(home.factor_without)}</a> })}
                    </div>
                    {of(tr!(home.factor_customers), customers)}
                    {of(tr!(home.factor_staff), staff)}
                </li>
            }
        })
        .collect_view();
    view! { <ul class="mt-4 divide-y divide-base-300">{rows}</ul> }
}

/// Something that is to be looked at, with the way to where it is listed.
#[component]
fn Item(count: Count, to: Option<&'static str>, text: &'static str, urgent: bool) -> impl IntoView {
    let number = if urgent { "attention-number text-error" } else { "attention-number" };
    let inner = view! {
        <span class=number>{words::count(count)}</span>
        <span class="min-w-0 text-sm">{text}</span>
    };
    let item = match to {
        Some(to) => {
            view! { <a class="panel attention attention-way" href=to>{inner}</a> }.into_any()
        }
        None => view! { <p class="panel attention">{inner}</p> }.into_any(),
    };
    view! { <li>{item}</li> }
}

/// A way onwards.
#[component]
fn Way(to: &'static str, icon: Icon, title: &'static str, hint: &'static str) -> impl IntoView {
    view! {
        <a class="panel way" href=to>
            <span class="badge-icon"><Glyph icon /></span>
            <span class="min-w-0">
                <span class="block font-semibold">{title}</span>
                <span class="hint mt-1 block">{hint}</span>
            </span>
        </a>
    }
}
