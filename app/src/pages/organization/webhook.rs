//! `/organization/webhooks/{id}`: one webhook, what can be done about it, and what became of the
//! messages to it.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_params_map, use_query_map},
};
use model::{
    Refusal,
    event_hook::{DeliveryRow, DeliveryState, HookDeed, HookDone, HookRow, HookState, HookView},
    id::{EventDeliveryId, EventHookId},
};

use super::{
    done_of, failed, named,
    webhooks::{Events, Made, State},
    with_scope,
};
use crate::{
    api::{
        ApiError,
        session::StepUp,
        webhooks::{
            RemoveHook, RenewHookSecret, SendEventAgain, SetHook, SwitchHook, TestHook, view_hook,
        },
    },
    i18n::tr,
    ui::{
        field::Field,
        form::{Form, FormState, Submit, last_done, use_form},
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Empty, Loading, Notice, Panel, Tone},
        prove::{Prove, is_over, settled},
        time::Time,
    },
    words,
};

/// Every form of the page.
#[derive(Clone, Copy)]
struct Forms {
    proof: FormState<StepUp>,
    test: FormState<TestHook>,
    set: FormState<SetHook>,
    switch: FormState<SwitchHook>,
    renew: FormState<RenewHookSecret>,
    remove: FormState<RemoveHook>,
    again: FormState<SendEventAgain>,
}

impl Forms {
    /// How often each was answered, and what was answered last.
    fn answers(self) -> [(usize, Option<Result<HookDone, ApiError>>); 4] {
        [
            (self.test.version(), self.test.outcome.get()),
            (self.set.version(), self.set.outcome.get()),
            (self.switch.version(), self.switch.outcome.get()),
            (self.again.version(), self.again.outcome.get()),
        ]
    }

    /// Whether one was refused because the proof had run out.
    fn over(self, stepped_up: bool) -> bool {
        [
            is_over(self.test, stepped_up),
            is_over(self.set, stepped_up),
            is_over(self.switch, stepped_up),
            is_over(self.renew, stepped_up),
            is_over(self.remove, stepped_up),
            is_over(self.again, stepped_up),
        ]
        .contains(&true)
    }
}

/// The page.
#[component]
pub fn Webhook() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        let id = params.with(|params| params.get("id")?.parse::<EventHookId>().ok());
        let before = query.with(|query| query.get_str("before")?.parse::<EventDeliveryId>().ok());
        (id, before)
    });
    let forms = Forms {
        proof: use_form(),
        test: use_form(),
        set: use_form(),
        switch: use_form(),
        renew: use_form(),
        remove: use_form(),
        again: use_form(),
    };
    let settled = [
        settled(forms.proof),
        settled(forms.test),
        settled(forms.set),
        settled(forms.switch),
        settled(forms.renew),
        settled(forms.again),
    ];
    // The last thing that was done here, or that the address tells of.
    let done = last_done(move || forms.answers());
    let told = Memo::new(move |_| {
        let asked = || query.with(done_of).as_deref().and_then(HookDeed::from_word);
        done.get().map(|done| done.deed).or_else(asked)
    });
    let view = Resource::new_blocking(
        move || (asked.get(), settled.map(|settled| settled.get())),
        |((id, before), _)| async move {
            match id {
                Some(id) => view_hook(id, before).await,
                None => Err(ApiError::Refused(Refusal::NotFound)),
            }
        },
    );
    let navigate = use_navigate();
    Effect::new(move || {
        if let Some(Ok(done)) = forms.remove.outcome.get() {
            forms.remove.forget();
            let scope = done.organization;
            let to = format!("/organization/webhooks?scope={scope}&done=removed");
            navigate(&to, NavigateOptions::default());
        }
    });
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <Page view forms told /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

#[component]
fn Page(view: HookView, forms: Forms, told: Memo<Option<HookDeed>>) -> impl IntoView {
    let HookView { acting, hook, deliveries, older } = view;
    let back = with_scope("/organization/webhooks", named(&acting));
    let own_page = format!("/organization/webhooks/{}", hook.id);
    let older = older.map(|older| format!("{own_page}?before={older}"));
    let over = forms.over(acting.stepped_up);
    let may_change = acting.may_edit && acting.stepped_up;
    let actions = if !acting.may_edit {
        ().into_any()
    } else if acting.stepped_up {
        view! { <Actions hook=hook.clone() forms /> }.into_any()
    } else {
        view! {
            <Panel title=tr!(webhooks.change)>
                <div class="mt-4"><Prove proof=forms.proof next=own_page over /></div>
            </Panel>
        }
        .into_any()
    };
    let lines = deliveries
        .into_iter()
        .map(|delivery| view! { <Line delivery may_change again=forms.again /> })
        .collect::<Vec<_>>();
    let log = if lines.is_empty() {
        view! { <Empty icon=Icon::Clock text=tr!(webhooks.no_messages) /> }.into_any()
    } else {
        view! { <ul class="rows">{lines}</ul> }.into_any()
    };
    let events: Vec<String> =
        hook.events.iter().map(|event| words::hook_event(*event).to_owned()).collect();
    view! {
        <a class="back" href=back>
            <Glyph icon=Icon::Back class="size-4" />
            {tr!(webhooks.title)}
        </a>
        <div class="mt-3 flex flex-wrap items-start justify-between gap-4">
            <div class="min-w-0 wrap-anywhere">
                <PageTitle title=hook.address hint=Some(acting.name.to_string()) />
            </div>
            <State state=hook.state />
        </div>
        <div class="mt-6 grid grid-cols-1 gap-6">
            <div role="status" class="contents">
                {move || {
                    told.get().map(|deed| view! { <Notice tone=Tone::Good>{words::hook_deed(deed)}</Notice> })
                }}
                {move || match forms.renew.outcome.get() {
                    Some(Ok(made)) => Some(view! { <Made made /> }),
                    _ => None,
                }}
            </div>
            <Panel>
                <dl class="facts mt-0">
                    <div class="fact">
                        <dt class="hint">{tr!(webhooks.events)}</dt>
                        <dd class="min-w-0">{events.join(" · ")}</dd>
                    </div>
                    {hook
                        .previous_until
                        .map(|at| {
                            view! {
                                <div class="fact">
                                    <dt class="hint">{tr!(webhooks.previous_until)}</dt>
                                    <dd><Time at /></dd>
                                </div>
                            }
                        })}
                </dl>
            </Panel>
            {actions}
            <Panel title=tr!(webhooks.log) hint=tr!(webhooks.log_hint)>
                {log}
                {older
                    .map(|older| {
                        view! {
                            <nav class="mt-6 flex justify-end" aria-label=tr!(mail_log.pages)>
                                <a class="btn btn-sm" href=older>
                                    {tr!(mail_log.older)} <Glyph icon=Icon::Forward class="size-4" />
                                </a>
                            </nav>
                        }
                    })}
            </Panel>
        </div>
    }
}

/// What may be done.
#[component]
fn Actions(hook: HookRow, forms: Forms) -> impl IntoView {
    let id = hook.id;
    let which = move || view! { <input type="hidden" name="hook" value=id.to_string() /> };
    let is_on = hook.state == HookState::Active;
    let (switch_hint, switch_label) = match hook.state {
        HookState::Active => (tr!(webhooks.off_hint), tr!(webhooks.off)),
        HookState::Off => (tr!(webhooks.on_hint), tr!(webhooks.on)),
        HookState::Gone => (tr!(webhooks.gone_hint), tr!(webhooks.on)),
    };
    view! {
        <Panel title=tr!(webhooks.test_title) hint=tr!(webhooks.test_hint)>
            <Form form=forms.test class="form mt-4">
                {which()} <div><Submit label=tr!(webhooks.test) class="btn" /></div>
            </Form>
        </Panel>
        <Panel title=tr!(webhooks.change)>
            <div class="forms">
                <Form form=forms.set class="form max-w-lg">
                    {which()}
                    <Field
                        name="address"
                        label=tr!(webhooks.address)
                        hint=tr!(webhooks.set_hint)
                        value=hook.address
                        verbatim=true
                        keys="url"
                    />
                    <Events ticked=hook.events />
                    <div><Submit label=tr!(policy.submit) class="btn" /></div>
                </Form>
                <Form form=forms.switch class="form">
                    {which()}
                    {(!is_on).then(|| view! { <input type="hidden" name="on" value="true" /> })}
                    <p class="hint max-w-prose">{switch_hint}</p>
                    <div><Submit label=switch_label class="btn" /></div>
                </Form>
                <Form form=forms.renew class="form">
                    {which()} <p class="hint max-w-prose">{tr!(webhooks.renew_hint)}</p>
                    <div><Submit label=tr!(webhooks.renew) class="btn" /></div>
                </Form>
                <Form form=forms.remove class="form">
                    {which()} <p class="hint max-w-prose">{tr!(webhooks.remove_hint)}</p>
                    <div><Submit label=tr!(webhooks.remove) class="btn" /></div>
                </Form>
            </div>
        </Panel>
    }
}

/// One message.
#[component]
fn Line(
    delivery: DeliveryRow,
    may_change: bool,
    again: FormState<SendEventAgain>,
) -> impl IntoView {
    let DeliveryRow { id, event, happened_at, account, reference, state, .. } = delivery;
    let about = account.map(|account| {
        let name = reference.unwrap_or_else(|| account.to_string());
        view! { <p class="hint wrap-anywhere">{name}</p> }
    });
    let answer = match (delivery.status, delivery.trouble) {
        (Some(status), _) => Some(tr!(webhooks.answered, status = status.to_string())),
        (None, Some(reason)) => Some(words::reason(reason).to_owned()),
        (None, None) => None,
    };
    let class = match state {
        DeliveryState::Delivered => "state state-ok",
        DeliveryState::GivenUp => "state state-bad",
        DeliveryState::Waiting if delivery.attempts > 0 => "state state-warn",
        DeliveryState::Waiting => "state state-quiet",
    };
    let button = (may_change && state != DeliveryState::Waiting).then(|| {
        let label = tr!(webhooks.again_which, message = words::hook_event(event).to_owned());
        view! {
            <Form form=again class="shrink-0">
                <input type="hidden" name="message" value=id.to_string() />
                <button type="submit" class="btn btn-sm" aria-label=label>{tr!(webhooks.again)}</button>
            </Form>
        }
    });
    view! {
        <li class="row flex-wrap sm:flex-nowrap" data-message=event.word()>
            <div class="min-w-0 grow basis-full sm:basis-0">
                <p class="font-medium">{words::hook_event(event)}</p>
                {about}
                {answer.map(|answer| view! { <p class="hint">{answer}</p> })}
                {delivery
                    .due_at
                    .filter(|_| delivery.attempts > 0)
                    .map(|at| view! { <p class="hint">{tr!(mail_log.due)} " " <Time at /></p> })}
            </div>
            <p class="hint"><Time at=happened_at /></p>
            <p class="sm:w-36 sm:text-right">
                <span class=class>{words::delivery_state(state, delivery.attempts)}</span>
            </p>
            {button}
        </li>
    }
}
