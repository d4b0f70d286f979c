//! `/organization/webhooks`: which systems are told of what happens.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::event_hook::{HookEvent, HookMade, HookRow, HookState, HooksView};

use super::{Choices, Top, choices, done_of, failed, named, scope_of, with_scope};
use crate::{
    api::{
        session::StepUp,
        webhooks::{AddHook, view_hooks},
    },
    i18n::tr,
    ui::{
        field::{Field, RadioGroup, Tick},
        form::{Form, FormState, Submit, use_form},
        icon::Icon,
        panel::{Empty, Loading, Notice, Panel, Tone},
        prove::{Prove, is_over, settled},
    },
    words,
};

/// The page.
#[component]
pub fn Webhooks() -> impl IntoView {
    let query = use_query_map();
    let scope = Memo::new(move |_| query.with(scope_of));
    let (proof, form) = (use_form::<StepUp>(), use_form::<AddHook>());
    let (proven, added) = (settled(proof), settled(form));
    let view = Resource::new_blocking(
        move || (scope.get(), proven.get(), added.get()),
        |(scope, ..)| view_hooks(scope),
    );
    let removed = Memo::new(move |_| {
        form.outcome.with(Option::is_none) && query.with(done_of).as_deref() == Some("removed")
    });
    let choices = choices();
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <Page view proof form removed choices /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

#[component]
fn Page(
    view: HooksView,
    proof: FormState<StepUp>,
    form: FormState<AddHook>,
    removed: Memo<bool>,
    choices: Choices,
) -> impl IntoView {
    let HooksView { acting, hooks } = view;
    let over = is_over(form, acting.stepped_up);
    let next = with_scope("/organization/webhooks", named(&acting));
    let organization = acting.id;
    let list = if hooks.is_empty() {
        view! { <Empty icon=Icon::Spark text=tr!(webhooks.empty) /> }.into_any()
    } else {
        let lines = hooks.into_iter().map(|hook| view! { <Line hook /> }).collect_view();
        view! { <ul class="rows mt-0">{lines}</ul> }.into_any()
    };
    let add = if !acting.may_edit {
        ().into_any()
    } else if acting.stepped_up {
        view! {
            <Panel title=tr!(webhooks.add_title) hint=tr!(webhooks.add_hint)>
                <Form form emptied=true class="form mt-4 max-w-lg">
                    <input type="hidden" name="scope" value=organization.to_string() />
                    <Field
                        name="address"
                        label=tr!(webhooks.address)
                        hint=tr!(webhooks.address_hint)
                        verbatim=true
                        keys="url"
                    />
                    <Events ticked=HookEvent::ALL.to_vec() />
                    <div><Submit label=tr!(webhooks.add) /></div>
                </Form>
            </Panel>
        }
        .into_any()
    } else {
        view! {
            <Panel title=tr!(webhooks.add_title)>
                <div class="mt-4"><Prove proof next over /></div>
            </Panel>
        }
        .into_any()
    };
    view! {
        <Top title=tr!(webhooks.title) acting choices />
        <p class="hint mt-2 max-w-prose">{tr!(webhooks.hint)}</p>
        <div class="mt-6 grid grid-cols-1 gap-6">
            <div role="status" class="contents">
                {move || removed.get().then(|| view! { <Notice tone=Tone::Good>{tr!(webhooks.removed)}</Notice> })}
                {move || match form.outcome.get() {
                    Some(Ok(made)) => Some(view! { <Made made /> }),
                    _ => None,
                }}
            </div>
            <Panel>{list}</Panel>
            {add}
        </div>
    }
}

/// What a webhook is told of.
#[component]
pub fn Events(
    /// Those that are chosen at first.
    ticked: Vec<HookEvent>,
) -> impl IntoView {
    let one = move |event: HookEvent| {
        let is_ticked = ticked.contains(&event);
        view! { <Tick name=event.field() label=words::hook_event(event) ticked=is_ticked /> }
    };
    view! {
        <RadioGroup name="events" label=tr!(webhooks.events)>
            {HookEvent::ALL.into_iter().map(one).collect_view()}
        </RadioGroup>
    }
}

/// A new secret, to be copied now.
#[component]
pub fn Made(
    /// What was made.
    made: HookMade,
) -> impl IntoView {
    view! {
        <Notice tone=Tone::Good>
            <p>{tr!(webhooks.made)}</p>
            <p class="mt-2 font-mono text-sm font-semibold wrap-anywhere select-all" id="webhook-secret">
                {made.secret}
            </p>
        </Notice>
    }
}

/// One webhook.
#[component]
fn Line(hook: HookRow) -> impl IntoView {
    let to = format!("/organization/webhooks/{}", hook.id);
    let events: Vec<String> =
        hook.events.iter().map(|event| words::hook_event(*event).to_owned()).collect();
    view! {
        <li class="row flex-wrap sm:flex-nowrap" data-webhook>
            <div class="min-w-0 grow basis-full sm:basis-0">
                <p class="wrap-anywhere"><a class="list-link inline" href=to>{hook.address}</a></p>
                <p class="hint">{events.join(" · ")}</p>
            </div>
            <p class="sm:w-36 sm:text-right"><State state=hook.state /></p>
        </li>
    }
}

/// Whether a webhook is told.
#[component]
pub fn State(
    /// Whether.
    state: HookState,
) -> impl IntoView {
    let class = match state {
        HookState::Active => "state state-ok",
        HookState::Off => "state state-quiet",
        HookState::Gone => "state state-bad",
    };
    view! { <span class=class>{words::hook_state(state)}</span> }
}
