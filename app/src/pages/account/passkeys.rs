//! `/account/security/passkeys`: keys in one's devices, which sign in without a password and prove who
//! one is wherever a second factor is asked for.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;
use model::factor::{PasskeyDoor, PasskeyView, TwoFactorView};

use super::security::SECURITY;
use crate::{
    api::{
        factor::{AddPasskey, BeginPasskey, RemoveFactor, my_two_factor},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::{Field, FieldProblem},
        form::{Form, FormState, use_form},
        go,
        icon::{Glyph, Icon},
        page::PageTitle,
        panel::{Failed, Loading, Notice, Panel, Tone},
        passkey::PasskeyButton,
        prove::{Prove, ran_out, settled},
        time::Time,
    },
};

/// This page.
const HERE: &str = "/account/security/passkeys";

/// The forms, which outlive what shows them.
#[derive(Clone, Copy)]
struct Forms {
    proof: FormState<StepUp>,
    add: FormState<AddPasskey>,
    remove: FormState<RemoveFactor>,
}

/// The page.
#[component]
pub fn Passkeys() -> impl IntoView {
    let forms = Forms { proof: use_form(), add: use_form(), remove: use_form() };
    let changes = [settled(forms.proof), settled(forms.add), settled(forms.remove)];
    let view =
        Resource::new_blocking(move || changes.map(|change| change.get()), |_| my_two_factor());
    let over = ran_out(forms.add);
    let list = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) if !view.fresh_codes.is_empty() && forms.add.done() => {
                    // With the first factor come recovery codes, to be saved before anything else.
                    go::load("/account/security/two-factor");
                    ().into_any()
                }
                Ok(view) => {
                    let over = over.get_untracked() > 0;
                    view! { <Here view forms over /> }.into_any()
                }
                Err(error) => view! { <Failed error /> }.into_any(),
            }
        })
    };
    let query = use_query_map();
    let text = move || {
        let failed = forms.add.error().is_some() || forms.remove.error().is_some();
        let told = query.with(|query| query.get("done")).filter(|_| !failed);
        let is = |done: bool, word: &str| done || told.as_deref() == Some(word);
        if is(forms.remove.done(), "removed") {
            Some(tr!(passkey.removed))
        } else if is(forms.add.done(), "added") {
            Some(tr!(passkey.added))
        } else {
            None
        }
    };
    view! {
        <PageTitle title=tr!(passkey.title) hint=Some(tr!(passkey.hint).to_owned()) />
        <div class="mt-6 grid gap-6">
            <div role="status" class="contents">
                {move || text().map(|text| view! { <Notice tone=Tone::Good>{text}</Notice> })}
            </div>
            <Transition fallback=Loading>{list}</Transition>
        </div>
        <p class="mt-6"><a class="link text-sm" href=SECURITY>{tr!(two_factor.back)}</a></p>
    }
}

#[component]
fn Here(view: TwoFactorView, forms: Forms, over: bool) -> impl IntoView {
    let TwoFactorView { passkeys, door, stepped_up, fresh_codes, .. } = view;
    let can_change = stepped_up;
    let rows = passkeys
        .into_iter()
        .map(|passkey| view! { <Row passkey door=door.clone() remove=can_change.then_some(forms.remove) /> })
        .collect_view();
    let is_empty = rows.is_empty();
    view! {
        {(!fresh_codes.is_empty())
            .then(|| {
                view! {
                    <Notice tone=Tone::Plain>
                        {tr!(passkey.codes_wait)} " " <a class="link" href="/account/security/two-factor">{tr!(two_factor.codes_title)}</a>
                    </Notice>
                }
            })}
        <Panel title=tr!(passkey.yours)>
            {if is_empty {
                view! { <p class="hint mt-3">{tr!(passkey.none)}</p> }.into_any()
            } else {
                view! { <ul class="rows">{rows}</ul> }.into_any()
            }}
        </Panel>
        {match door {
            PasskeyDoor::Here(_) if can_change => view! { <Add form=forms.add /> }.into_any(),
            PasskeyDoor::Here(_) => {
                view! { <Panel><Prove proof=forms.proof next=HERE.to_owned() over /></Panel> }.into_any()
            }
            PasskeyDoor::Elsewhere(start) => {
                let to = format!("{start}{HERE}");
                let href = to.clone();
                view! {
                    <Notice tone=Tone::Plain>
                        <p>{tr!(passkey.elsewhere)}</p>
                        <p class="mt-1"><a class="link break-all" href=href rel="external">{to}</a></p>
                    </Notice>
                }
                    .into_any()
            }
            PasskeyDoor::Nowhere => view! { <Notice tone=Tone::Plain>{tr!(passkey.nowhere)}</Notice> }.into_any(),
        }}
    }
}

/// One passkey.
#[component]
fn Row(
    passkey: PasskeyView,
    door: PasskeyDoor,
    remove: Option<FormState<RemoveFactor>>,
) -> impl IntoView {
    let PasskeyView { id, name, host, added_at, last_used_at, copied_at } = passkey;
    let is_elsewhere = !matches!(&door, PasskeyDoor::Here(here) if *here == host);
    view! {
        <li class="row flex-wrap sm:flex-nowrap">
            <span class="badge-icon"><Glyph icon=Icon::Key /></span>
            <div class="min-w-0 flex-1 basis-40">
                <p class="font-medium break-words">{name.to_string()}</p>
                <p class="hint">
                    {tr!(passkey.since)} " " <Time at=added_at /> " · "
                    {match last_used_at {
                        Some(at) => view! { {tr!(two_factor.last_used)} " " <Time at /> }.into_any(),
                        None => tr!(two_factor.never_used).into_any(),
                    }}
                </p>
                {is_elsewhere.then(|| view! { <p class="hint break-words">{tr!(passkey.works_at, host = host)}</p> })}
                {copied_at
                    .map(|at| {
                        view! {
                            <p class="field-error">
                                <Glyph icon=Icon::Alert class="size-4 mt-0.5" />
                                <span>{tr!(passkey.copied)} " " <Time at /> "."</span>
                            </p>
                        }
                    })}
            </div>
            {remove
                .map(|form| {
                    view! {
                        <Form form class="shrink-0">
                            <input type="hidden" name="factor" value=id.to_string() />
                            <button
                                type="submit"
                                class="btn btn-sm"
                                aria-label=tr!(passkey.remove_named, name = name.to_string())
                            >
                                {tr!(passkey.remove)}
                            </button>
                        </Form>
                    }
                })}
        </li>
    }
}

/// A new one.
#[component]
pub fn Add(
    /// The state of its form.
    form: FormState<AddPasskey>,
) -> impl IntoView {
    view! {
        <Panel title=tr!(passkey.add_title) hint=tr!(passkey.add_hint)>
            <Form form class="form mt-4 max-w-md" emptied=true>
                <Field name="name" label=tr!(passkey.name) hint=tr!(passkey.name_hint) value=tr!(passkey.name_value) />
                <FieldProblem name="answer" />
                <PasskeyButton
                    ask=BeginPasskey::url()
                    field="answer"
                    label=tr!(passkey.add)
                    only=true
                    class="btn btn-primary justify-self-start"
                />
            </Form>
        </Panel>
    }
}
