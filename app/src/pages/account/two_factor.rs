//! `/account/security/two-factor`: a second factor, step by step. Which step it is, the server
//! knows: a page that is loaded again, or opened on another device, goes on where one was.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;
use model::{
    factor::{AppView, PasskeyDoor, SetupView, TwoFactorView},
    path::local_path,
};

use super::{
    passkeys::Add,
    security::{CodesLeft, SECURITY},
};
use crate::{
    api::{
        factor::{
            AddPasskey, BeginApp, CancelApp, ConfirmApp, MakeCodes, RemoveFactor, SaveCodes,
            TurnOff, my_two_factor,
        },
        session::{SignOut, StepUp},
    },
    front_door::FrontDoor,
    i18n::tr,
    ui::{
        field::{Field, Radio, RadioGroup, Tick},
        form::{Form, FormState, Submit, use_form},
        go::{self, Go},
        icon::{Glyph, Icon},
        page::{PageTitle, PublicPage},
        panel::{Failed, Loading, Notice, Panel, Tone},
        prove::{ProofFields, settled},
        steps::Steps,
        time::Time,
    },
};

/// This page.
const HERE: &str = "/account/security/two-factor";

/// The forms of all steps: they outlive the step that shows them.
#[derive(Clone, Copy)]
struct Forms {
    proof: FormState<StepUp>,
    begin: FormState<BeginApp>,
    cancel: FormState<CancelApp>,
    confirm: FormState<ConfirmApp>,
    make: FormState<MakeCodes>,
    save: FormState<SaveCodes>,
    remove: FormState<RemoveFactor>,
    add: FormState<AddPasskey>,
    off: FormState<TurnOff>,
}

/// The page.
#[component]
pub fn TwoFactor() -> impl IntoView {
    let updated = use_query_map().with_untracked(|query| query.get_str("done") == Some("app"));
    view! {
        <PageTitle title=tr!(two_factor.title) hint=Some(tr!(two_factor.hint).to_owned()) />
        <Wizard here=HERE.to_owned() after=None updated />
        <p class="mt-6"><a class="link text-sm" href=SECURITY>{tr!(two_factor.back)}</a></p>
    }
}

/// `/login/setup`: the same for somebody who has to have a second factor before anything else.
#[component]
pub fn SetUpFactor() -> impl IntoView {
    let next = use_query_map().with_untracked(|query| query.get("next")).unwrap_or_default();
    // Whoever sent the link to this page does not decide where it leads.
    let next = local_path(&next).unwrap_or("/").to_owned();
    let here = go::setup_path(&FrontDoor::get().door, &next);
    view! {
        <PublicPage wide=true>
            <PageTitle title=tr!(two_factor.needed_title) hint=Some(tr!(two_factor.needed_hint).to_owned()) />
            <Wizard here after=Some(next) updated=false />
            <form method="post" class="mt-4">
                <input type="hidden" name="_form" value=SignOut::url() />
                <button class="btn btn-ghost w-full">{tr!(login.change_later)}</button>
            </form>
        </PublicPage>
    }
}

/// All of it, at a path. `after` is where it leads in the end, when not back to "Security".
#[component]
fn Wizard(here: String, after: Option<String>, updated: bool) -> impl IntoView {
    let forms = Forms {
        proof: use_form(),
        begin: use_form(),
        cancel: use_form(),
        confirm: use_form(),
        make: use_form(),
        save: use_form(),
        remove: use_form(),
        add: use_form(),
        off: use_form(),
    };
    let changes = [
        settled(forms.proof),
        settled(forms.begin),
        settled(forms.confirm),
        settled(forms.make),
        settled(forms.add),
    ];
    // Of these only a proof that ran out is to be seen here; what they did is told elsewhere.
    let leaves =
        [settled(forms.cancel), settled(forms.save), settled(forms.off), settled(forms.remove)];
    let view = Resource::new_blocking(
        move || (changes.map(|change| change.get()), leaves.map(|change| change.get())),
        |_| my_two_factor(),
    );
    let (here, after) = (StoredValue::new(here), StoredValue::new(after));
    let first = RwSignal::new(false);
    Effect::new(move || {
        if forms.cancel.done() {
            go::load(&after.get_value().map_or_else(|| SECURITY.to_owned(), |_| here.get_value()));
        } else if forms.save.done() {
            let done = if first.get_untracked() { "codes" } else { "new_codes" };
            go::load(&after.get_value().unwrap_or_else(|| format!("{SECURITY}?done={done}")));
        } else if forms.remove.done() {
            go::load(&format!("{SECURITY}?done=removed"));
        } else if forms.off.done() {
            go::load(&format!("{SECURITY}?done=off"));
        }
    });
    let step = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => {
                    first.set(view.codes_left == 0);
                    view! { <Step view forms here=here.get_value() /> }.into_any()
                }
                Err(error) => match go::missing(&error, &FrontDoor::get().door, HERE) {
                    Some(to) => view! { <Go to /> }.into_any(),
                    None => view! { <Failed error /> }.into_any(),
                },
            }
        })
    };
    let updated = move || forms.confirm.done() || forms.confirm.error().is_none() && updated;
    view! {
        <div class="mt-6 grid gap-6">
            <div role="status" class="contents">
                {move || updated().then(|| view! { <Notice tone=Tone::Good>{tr!(two_factor.updated)}</Notice> })}
            </div>
            <Transition fallback=Loading>{step}</Transition>
        </div>
    }
}

/// What is to be done now.
#[component]
fn Step(view: TwoFactorView, forms: Forms, here: String) -> impl IntoView {
    let TwoFactorView {
        app,
        passkeys,
        door,
        setup,
        fresh_codes,
        codes_left,
        required,
        stepped_up,
        sign_in_name,
    } = view;
    let passkeys = passkeys.len();
    let place = match (stepped_up, &setup, fresh_codes.is_empty()) {
        (false, ..) => 0,
        (true, _, false) => 3,
        (true, Some(_), true) => 2,
        (true, None, true) => 1,
    };
    let has_factor = app.is_some() || passkeys > 0;
    let is_managed = has_factor && place == 1;
    let content = match (place, setup, app) {
        (0, ..) => view! { <Proof proof=forms.proof here /> }.into_any(),
        (3, ..) => {
            view! { <Codes codes=fresh_codes first=codes_left == 0 name=sign_in_name.to_string() save=forms.save /> }
                .into_any()
        }
        (2, Some(setup), _) => view! { <Connect setup forms /> }.into_any(),
        (_, _, app) if is_managed => {
            view! { <Manage app passkeys codes_left required forms /> }.into_any()
        }
        _ => view! { <Start forms door required /> }.into_any(),
    };
    let names = vec![
        tr!(two_factor.step_prove),
        tr!(two_factor.step_start),
        tr!(two_factor.step_app),
        tr!(two_factor.step_codes),
    ];
    view! {
        {(!(is_managed || has_factor && place == 0)).then(|| view! { <Steps names current=place /> })}
        {content}
    }
}

/// Fresh proof, before anything is shown or changed.
#[component]
fn Proof(proof: FormState<StepUp>, here: String) -> impl IntoView {
    view! {
        <Panel>
            <p class="max-w-prose text-sm text-pretty">{tr!(two_factor.prove)}</p>
            <Form form=proof class="form mt-4 max-w-md">
                <input type="hidden" name="next" value=here />
                <ProofFields />
                <div><Submit label=tr!(common.proceed) /></div>
            </Form>
        </Panel>
    }
}

/// Turning it on: what is wanted, and what it means for other devices; or a passkey instead.
#[component]
fn Start(forms: Forms, door: PasskeyDoor, required: bool) -> impl IntoView {
    let chosen = if required { "yes" } else { "no" };
    view! {
        <Panel>
            <Form form=forms.begin class="form mt-0 max-w-lg">
                {if required {
                    view! {
                        <input type="hidden" name="require" value="yes" />
                        <p class="text-sm text-pretty">{tr!(two_factor.yes_hint)}</p>
                    }
                        .into_any()
                } else {
                    view! {
                        <RadioGroup name="require" label=tr!(two_factor.require)>
                            <Radio name="require" value="no" chosen label=tr!(two_factor.no) hint=tr!(two_factor.no_hint) />
                            <Radio name="require" value="yes" chosen label=tr!(two_factor.yes) hint=tr!(two_factor.yes_hint) />
                        </RadioGroup>
                    }
                        .into_any()
                }}
                <Tick name="replaces" label=tr!(two_factor.replaces) hint=tr!(two_factor.replaces_hint) />
                <div><Submit label=tr!(two_factor.generate) /></div>
            </Form>
        </Panel>
        {(required && matches!(door, PasskeyDoor::Here(_)))
            .then(|| view! { <Add form=forms.add /> })}
    }
}

/// The new secret, and its first code.
#[component]
fn Connect(setup: SetupView, forms: Forms) -> impl IntoView {
    let SetupView { qr, secret, link, expires_at } = setup;
    let spaced = secret
        .as_bytes()
        .chunks(4)
        .map(|group| String::from_utf8_lossy(group).into_owned())
        .collect::<Vec<_>>()
        .join(" ");
    view! {
        <Panel title=tr!(two_factor.scan) hint=tr!(two_factor.scan_hint)>
            <div class="mt-5 grid gap-6 sm:grid-cols-[auto_minmax(0,1fr)] sm:gap-8">
                <div class="qr" role="img" aria-label=tr!(two_factor.qr) inner_html=qr></div>
                <div class="min-w-0 content-start">
                    <p class="text-sm">{tr!(two_factor.by_hand)}</p>
                    <p class="mt-1 font-mono text-base font-semibold break-words select-all" id="secret">{spaced}</p>
                    <p class="hint mt-1">{tr!(two_factor.facts)}</p>
                    <p class="mt-4"><a class="btn btn-sm" href=link rel="external">{tr!(two_factor.open_app)}</a></p>
                    <p class="hint mt-4">{tr!(two_factor.waits)} " " <Time at=expires_at /> "."</p>
                </div>
            </div>
            <Form form=forms.confirm class="form mt-6 max-w-md">
                <Field name="name" label=tr!(two_factor.name) hint=tr!(two_factor.name_hint) value=tr!(two_factor.name_value) />
                <Field name="code" label=tr!(two_factor.code) autocomplete="one-time-code" verbatim=true keys="numeric" />
                <div><Submit label=tr!(two_factor.confirm) /></div>
            </Form>
            <Form form=forms.cancel class="mt-2">
                <button type="submit" class="btn btn-ghost">{tr!(two_factor.cancel)}</button>
            </Form>
        </Panel>
    }
}

/// New recovery codes, until they are saved.
#[component]
fn Codes(
    codes: Vec<String>,
    first: bool,
    name: String,
    save: FormState<SaveCodes>,
) -> impl IntoView {
    let site = use_context::<model::organization::SiteView>().map(|site| site.name.to_string());
    let text = format!("{}\n{name}\n\n{}\n", site.unwrap_or_default(), codes.join("\n"));
    // Saving a file needs no script; copying and printing do.
    let file = format!("data:text/plain;charset=utf-8,{}", go::encode(&text));
    let ready = RwSignal::new(false);
    let copied = RwSignal::new(false);
    Effect::new(move || ready.set(true));
    let to_copy = codes.join("\n");
    let copy = move |_| {
        copy_text(&to_copy);
        copied.set(true);
    };
    let lines = codes
        .into_iter()
        .map(|code| view! { <li class="recovery-code">{code}</li> })
        .collect_view();
    view! {
        <Panel title=tr!(two_factor.codes_title) hint=tr!(two_factor.codes_hint)>
            <ul class="recovery-codes" id="recovery-codes">{lines}</ul>
            <div class="mt-4 flex flex-wrap gap-2">
                <a class="btn btn-sm" href=file download=tr!(two_factor.file) rel="external">{tr!(two_factor.download)}</a>
                <button type="button" class="btn btn-sm" class:invisible=move || !ready.get() on:click=copy>
                    {move || if copied.get() { tr!(two_factor.copied) } else { tr!(two_factor.copy) }}
                </button>
                <button type="button" class="btn btn-sm" class:invisible=move || !ready.get() on:click=move |_| print()>
                    {tr!(two_factor.print)}
                </button>
            </div>
            <Form form=save class="form mt-6">
                {first.then(|| view! { <input type="hidden" name="first" value="true" /> })}
                <p class="hint max-w-prose">{tr!(two_factor.codes_wait)}</p>
                <div><Submit label=tr!(two_factor.saved) /></div>
            </Form>
        </Panel>
    }
}

/// What can be done once it is on.
#[component]
fn Manage(
    app: Option<AppView>,
    passkeys: usize,
    codes_left: u32,
    required: bool,
    forms: Forms,
) -> impl IntoView {
    let has_app = app.is_some();
    // The last factor is turned off, with all that belongs to it.
    let removable = app.as_ref().filter(|_| passkeys > 0).map(|app| app.id);
    let keys = match passkeys {
        0 => None,
        1 => Some(tr!(passkey.one_key).to_owned()),
        count => Some(tr!(passkey.keys, count = count)),
    };
    let (title, hint) = if has_app {
        (tr!(two_factor.replace_title), tr!(two_factor.replace_hint))
    } else {
        (tr!(two_factor.add_title), tr!(two_factor.add_hint))
    };
    view! {
        <Panel>
            <div class="row">
                <span class="badge-icon"><Glyph icon=if has_app { Icon::Phone } else { Icon::Key } /></span>
                <div class="min-w-0 flex-1">
                    <p><span class="state state-ok">{tr!(two_factor.enabled)}</span></p>
                    {app
                        .map(|AppView { name, added_at, last_used_at, .. }| {
                            view! {
                                <p class="mt-1.5 font-medium break-words">
                                    {tr!(two_factor.app_named, name = name.to_string())}
                                </p>
                                <p class="hint">
                                    {tr!(two_factor.added)} " " <Time at=added_at /> " · "
                                    {match last_used_at {
                                        Some(at) => view! { {tr!(two_factor.last_used)} " " <Time at /> }.into_any(),
                                        None => tr!(two_factor.never_used).into_any(),
                                    }}
                                </p>
                            }
                        })}
                    {keys
                        .map(|keys| {
                            view! {
                                <p class="mt-1.5">
                                    {keys} " " <a class="link" href="/account/security/passkeys">{tr!(passkey.manage_named)}</a>
                                </p>
                            }
                        })}
                    <CodesLeft left=codes_left />
                </div>
            </div>
        </Panel>
        <Panel title=tr!(two_factor.codes_new) hint=tr!(two_factor.codes_new_hint)>
            <Form form=forms.make class="mt-4"><Submit label=tr!(two_factor.make_codes) class="btn" /></Form>
        </Panel>
        <Panel title hint>
            <Form form=forms.begin class="form mt-4 max-w-lg">
                <input type="hidden" name="require" value="yes" />
                {if has_app {
                    view! { <Tick name="replaces" label=tr!(two_factor.replaces) /> }.into_any()
                } else {
                    view! { <input type="hidden" name="replaces" value="true" /> }.into_any()
                }}
                <div><Submit label=tr!(two_factor.generate) class="btn" /></div>
            </Form>
        </Panel>
        {removable
            .map(|id| {
                view! {
                    <Panel title=tr!(two_factor.remove_title) hint=tr!(two_factor.remove_hint)>
                        <Form form=forms.remove class="mt-4">
                            <input type="hidden" name="factor" value=id.to_string() />
                            <Submit label=tr!(two_factor.remove) class="btn" />
                        </Form>
                    </Panel>
                }
            })}
        {if required {
            view! { <Notice tone=Tone::Plain>{tr!(two_factor.required)}</Notice> }.into_any()
        } else {
            view! {
                <Panel title=tr!(two_factor.off_title) hint=tr!(two_factor.off_hint)>
                    <Form form=forms.off class="mt-4"><Submit label=tr!(two_factor.turn_off) class="btn btn-error" /></Form>
                </Panel>
            }
                .into_any()
        }}
    }
}

/// Puts text where it can be pasted from.
#[cfg(not(feature = "ssr"))]
fn copy_text(text: &str) {
    // A browser that refuses leaves the codes to be marked by hand.
    let _ = window().navigator().clipboard().write_text(text);
}

#[cfg(feature = "ssr")]
fn copy_text(_: &str) {}

/// Prints the page.
#[cfg(not(feature = "ssr"))]
fn print() {
    // A browser that cannot print says so itself.
    let _ = window().print();
}

#[cfg(feature = "ssr")]
fn print() {}
