//! `/account/email`: one's own email address, and the change of it that is under way.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::email::{EmailStage, OwnEmail, WaitingEmail};

use crate::{
    api::{
        email_change::{AskForMyEmail, KeepMyEmail, my_email},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::Field,
        form::{Form, FormState, Submit, use_form},
        go,
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Failed, Loading, Notice, Panel, Tone},
        prove::{Prove, is_over, settled},
        time::Time,
    },
    words::{self, asked_by, due},
};

/// The forms of the page, and what is typed: it is there again after a proof that had to come in
/// between.
#[derive(Clone, Copy)]
struct Forms {
    proof: FormState<StepUp>,
    ask: FormState<AskForMyEmail>,
    keep: FormState<KeepMyEmail>,
    email: RwSignal<String>,
}

/// The page.
#[component]
pub fn OwnAddress() -> impl IntoView {
    let forms = Forms {
        proof: use_form(),
        ask: use_form(),
        keep: use_form(),
        email: RwSignal::new(String::new()),
    };
    let query = use_query_map();
    let told = Memo::new(move |_| query.with(|query| query.get("done")));
    let (proven, asked) = (settled(forms.proof), settled(forms.ask));
    let view = Resource::new_blocking(move || (proven.get(), asked.get()), |_| my_email());
    // Every page tells of a change that is under way: this one and what is around it are made anew.
    Effect::new(move || {
        if forms.ask.done() {
            go::load("/account/email?done=asked");
        }
        if forms.keep.done() {
            go::load("/account/email?done=kept");
        }
    });
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <Page view forms told /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! {
        <a class="back" href="/account">
            <Glyph icon=Icon::Back class="size-4" />
            {tr!(account.profile)}
        </a>
        <div class="mt-3">
            <PageTitle title=tr!(own_email.title) hint=Some(tr!(own_email.hint).to_owned()) />
        </div>
        <div class="mt-6 grid gap-6">
            <Transition fallback=Loading>{page}</Transition>
        </div>
    }
}

#[component]
fn Page(view: OwnEmail, forms: Forms, told: Memo<Option<String>>) -> impl IntoView {
    let OwnEmail { email, stepped_up, sends_mail, waiting, hours } = view;
    let waits = waiting.is_some();
    let said = move || {
        let text = match told.get().as_deref() {
            Some("asked") if waits => tr!(own_email.asked),
            Some("kept") if !waits => tr!(own_email.kept),
            _ => return None,
        };
        Some(view! { <Notice tone=Tone::Good>{text}</Notice> })
    };
    let over = is_over(forms.ask, stepped_up);
    let step = if let Some(change) = waiting {
        view! { <Waits change form=forms.keep /> }.into_any()
    } else if !sends_mail {
        view! { <Notice tone=Tone::Plain>{words::email_obstacle(model::email::EmailObstacle::NoMail)}</Notice> }
            .into_any()
    } else if !stepped_up {
        let next = "/account/email".to_owned();
        view! { <Prove proof=forms.proof next over why=tr!(own_email.prove) /> }.into_any()
    } else {
        view! {
            <ul class="advice">
                <li>{tr!(own_email.will_confirm)}</li>
                <li>{tr!(own_email.will_wait, count = hours)}</li>
                <li>{tr!(own_email.will_tell, email = email.to_string())}</li>
                <li>{tr!(own_email.will_keep)}</li>
            </ul>
            <Form form=forms.ask class="form mt-4 max-w-md">
                <Field
                    name="email"
                    label=tr!(new_email.email)
                    autocomplete="email"
                    keys="email"
                    verbatim=true
                    follows=forms.email
                />
                <div><Submit label=tr!(own_email.submit) /></div>
            </Form>
        }
        .into_any()
    };
    view! {
        <div role="status" class="contents">{said}</div>
        <Panel title=tr!(own_email.present)>
            <p class="font-medium break-words">{email.to_string()}</p>
            <div class="mt-4">{step}</div>
        </Panel>
    }
}

/// What is under way, what happens when, and the way to stop it.
#[component]
fn Waits(change: WaitingEmail, form: FormState<KeepMyEmail>) -> impl IntoView {
    let (stage, due_at) = (change.stage, change.due_at);
    let next = match stage {
        EmailStage::Approval => tr!(own_email.waits_approval),
        EmailStage::Unconfirmed => tr!(own_email.waits_unconfirmed),
        EmailStage::Confirmed => tr!(own_email.waits_confirmed),
    };
    view! {
        <Notice tone=Tone::Plain>
            <p class="font-semibold break-words">{tr!(own_email.waits, email = change.email.clone())}</p>
            <p class="mt-1">{asked_by(&change)} " " <span class="hint"><Time at=change.asked_at /></span></p>
        </Notice>
        <ul class="advice">
            <li>{next}</li>
            <li>{due(stage)} " " <Time at=due_at /> "."</li>
            <li>{tr!(own_email.waits_old)}</li>
        </ul>
        <Form form class="mt-4 grid gap-3 sm:justify-start">
            <Submit label=tr!(new_email.keep) class="btn" />
        </Form>
    }
}
