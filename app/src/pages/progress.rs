//! `/resets/{id}`: how far one reset is, place by place, and what staff may do about
//! a place that was left.

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use model::{
    Refusal,
    id::ResetId,
    permission::Permission,
    reset::{ResetProgress, ResetState, TargetView},
};

use crate::{
    api::{
        ApiError,
        overview::{GiveUpPlace, RetryPlace, view_reset_progress},
        session::{SignedInView, StepUp},
    },
    i18n::tr,
    ui::{
        field::{Area, FieldProblem},
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Absent, Failed, Loading, Notice, Panel, Tone},
        places::{LiveReset, Places, place_name},
        prove::Prove,
    },
    words,
};

/// The forms of the page, and what is typed into them.
#[derive(Clone, Copy)]
struct Forms {
    proof: FormState<StepUp>,
    retry: FormState<RetryPlace>,
    give_up: FormState<GiveUpPlace>,
    reason: RwSignal<String>,
}

/// The page.
#[component]
pub fn Progress() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let reset = Memo::new(move |_| params.with(|params| params.get("id")?.parse::<ResetId>().ok()));
    let forms = Forms {
        proof: use_form(),
        retry: use_form(),
        give_up: use_form(),
        reason: RwSignal::new(String::new()),
    };
    provide_context(forms);
    let live = LiveReset::unknown();
    let done = Memo::new(move |_| {
        if forms.retry.done() {
            return Some("retried".to_owned());
        }
        if forms.give_up.done() {
            return Some("given_up".to_owned());
        }
        query.with(|query| query.get("done"))
    });
    let progress = Resource::new_blocking(
        move || {
            let forms = (forms.retry.version(), forms.give_up.version(), forms.proof.version());
            (reset.get(), live.turned.get(), forms)
        },
        |(reset, ..)| async move {
            match reset {
                Some(reset) => Ok((reset, view_reset_progress(reset).await?)),
                None => Err(ApiError::Refused(Refusal::NotFound)),
            }
        },
    );
    let page = move || {
        let done = done.get();
        Suspend::new(async move {
            match progress.await {
                Ok((reset, progress)) => view! { <Page reset progress live done /> }.into_any(),
                Err(ApiError::Refused(Refusal::NotFound)) => view! { <Absent /> }.into_any(),
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    view! { <div class="mx-auto max-w-xl"><Transition fallback=Loading>{page}</Transition></div> }
}

#[component]
fn Page(
    reset: ResetId,
    progress: ResetProgress,
    live: LiveReset,
    done: Option<String>,
) -> impl IntoView {
    let forms = expect_context::<Forms>();
    let SignedInView { me, .. } = expect_context();
    let may = |permission| me.role.is_some_and(|role| role.may(permission));
    let (may_retry, may_give_up) = (may(Permission::SendLink), may(Permission::SetPassword));
    let (customer, name) = (progress.customer, progress.name.to_string());
    let path = format!("/resets/{reset}");
    let needs = progress.state == ResetState::NeedsAttention;
    let (tone, text) = match progress.state {
        ResetState::NeedsAttention if progress.kept => (Tone::Bad, tr!(places.left_kept)),
        ResetState::NeedsAttention => (Tone::Bad, tr!(places.left)),
        ResetState::Refused => (Tone::Bad, tr!(places.refused)),
        ResetState::Applying => (Tone::Plain, tr!(places.applying)),
        ResetState::Done => (Tone::Good, tr!(places.all_done)),
        state => (Tone::Plain, words::reset_state(state)),
    };
    let said = match done.as_deref() {
        Some("retried") if needs => Some((Tone::Plain, tr!(places.retried))),
        Some("given_up") => Some((Tone::Good, tr!(places.is_given_up))),
        _ => None,
    };
    let kept = progress.kept;
    let left: Vec<TargetView> =
        progress.targets.iter().filter(|target| needs && target.is_left()).cloned().collect();
    let next = path.clone();
    let proof = move || {
        let step_up = Some(ApiError::Refused(Refusal::StepUp));
        let asked = forms.retry.error() == step_up || forms.give_up.error() == step_up;
        (asked && !forms.proof.done())
            .then(|| view! { <Prove proof=forms.proof next=next.clone() over=true why=tr!(desk.prove) /> })
    };
    let left = left
        .into_iter()
        .map(|target| {
            let field = move || {
                view! {
                    <input type="hidden" name="reset" value=reset.to_string() />
                    <input type="hidden" name="target" value=target.id.to_string() />
                }
            };
            let title = place_name(&target);
            view! {
                <Panel title=title>
                    {(may_retry && kept)
                        .then(|| {
                            view! {
                                <Form form=forms.retry class="form mt-4">
                                    {field()}
                                    <FieldProblem name="target" />
                                    <div><Submit label=tr!(places.retry) class="btn btn-primary" /></div>
                                </Form>
                            }
                        })}
                    {may_give_up
                        .then(|| {
                            view! {
                                <Form form=forms.give_up class="form mt-4">
                                    {field()}
                                    <p class="text-sm text-pretty">{tr!(places.give_up_means)}</p>
                                    <Area name="reason" label=tr!(desk.reason) hint=tr!(places.give_up_reason) follows=forms.reason />
                                    <FieldProblem name="target" />
                                    <div><Submit label=tr!(places.give_up) class="btn" /></div>
                                </Form>
                            }
                        })}
                </Panel>
            }
        })
        .collect_view();
    view! {
        <a class="back" href=format!("/customers/{customer}")>
            <Glyph icon=Icon::Back class="size-4" />
            {name.clone()}
        </a>
        <div class="mt-3"><PageTitle title=tr!(places.title) hint=Some(tr!(desk.hint, name = name)) /></div>
        <div class="mt-6 grid gap-6">
            <div role="status" class="contents">
                {said.map(|(tone, text)| view! { <Notice tone>{text}</Notice> })}
                <Notice tone>{text}</Notice>
            </div>
            <Panel><Places reset progress live path=path.clone() /></Panel>
            {proof}
            {left}
            {needs
                .then(|| {
                    view! {
                        <a class="btn" href=format!("/customers/{customer}/password")>{tr!(places.reset_again)}</a>
                    }
                })}
        </div>
    }
}
