//! `/organization/templates/{kind}`: what one letter says, in one language.

use std::time::Duration;

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};
use leptos_router::hooks::{use_params_map, use_query_map};
use model::{
    Refusal,
    account::Language,
    letter::{LetterView, Piece},
};

use super::{Choices, Top, choices, done_of, failed, named, scope_of, templates::address};
use crate::{
    api::{
        ApiError,
        letters::{LookAtLetter, RestoreLetter, SetLetter, view_letter},
        session::StepUp,
    },
    i18n::tr,
    ui::{
        field::{Area, Field},
        form::{Form, FormState, Submit, use_form},
        icon::{Glyph, Icon},
        panel::{Loading, Notice, Panel, Tone},
        prove::{Prove, is_over, settled},
    },
    words,
};

/// How long nothing is typed before the preview follows.
const PAUSE: Duration = Duration::from_millis(500);

/// The page.
#[component]
pub fn Template() -> impl IntoView {
    let (query, params) = (use_query_map(), use_params_map());
    let asked = Memo::new(move |_| {
        let kind = params.with(|params| params.get("kind")).unwrap_or_default();
        query.with(|query| {
            let language = query.get_str("language").and_then(Language::from_tag);
            (scope_of(query), kind, language.unwrap_or_else(crate::i18n::language))
        })
    });
    let forms = Forms { proof: use_form(), words: use_form(), restore: use_form() };
    let versions = [settled(forms.proof), settled(forms.words), settled(forms.restore)];
    let view = Resource::new_blocking(
        move || (asked.get(), versions.map(|version| version.get())),
        |((scope, kind, language), _)| view_letter(scope, kind, language.tag().to_owned()),
    );
    let done = Memo::new(move |_| {
        let told = || query.with(done_of).as_deref() == Some("saved");
        forms.words.done() || forms.restore.done() || forms.words.error().is_none() && told()
    });
    let choices = choices();
    let page = move || {
        Suspend::new(async move {
            match view.await {
                Ok(view) => view! { <Page view forms done choices /> }.into_any(),
                Err(error) => failed(error),
            }
        })
    };
    view! { <Transition fallback=Loading>{page}</Transition> }
}

/// Every form of the page.
#[derive(Clone, Copy)]
struct Forms {
    proof: FormState<StepUp>,
    words: FormState<SetLetter>,
    restore: FormState<RestoreLetter>,
}

#[component]
fn Page(view: LetterView, forms: Forms, done: Memo<bool>, choices: Choices) -> impl IntoView {
    let LetterView { acting, kind, language, own, subject, shown, text, pieces, names } = view;
    let over = is_over(forms.words, acting.stepped_up) || is_over(forms.restore, acting.stepped_up);
    let scope = named(&acting);
    let whose = acting.id.to_string();
    let (name, about) = words::letter(&kind);
    let look = Look::new();
    let preview = preview_of(&whose, &kind, language);
    let which = Which { scope: whose, kind: kind.clone(), language };
    let languages = Language::ALL
        .into_iter()
        .map(|one| {
            let current = (one == language).then_some("page");
            view! {
                <a class="chip" lang=one.tag() href=address(&kind, Some(one), scope) aria-current=current>
                    {one.own_name()}
                </a>
            }
        })
        .collect_view();
    let editor = if !acting.may_edit {
        ().into_any()
    } else if acting.stepped_up {
        let of_restore = which.clone();
        let restore = own.then(move || {
            view! {
                <Form form=forms.restore class="">
                    <Hidden which=of_restore />
                    <Submit label=tr!(templates.restore) class="btn" />
                </Form>
            }
        });
        view! {
            <Panel title=tr!(templates.words)>
                <Words form=forms.words which subject text look restore=forms.restore />
                {restore.map(|restore| view! { <div class="mt-3">{restore}</div> })}
            </Panel>
        }
        .into_any()
    } else {
        view! {
            <Panel title=tr!(templates.words)>
                <div class="mt-4"><Prove proof=forms.proof next=address(&kind, Some(language), scope) over /></div>
            </Panel>
        }
        .into_any()
    };
    let back = super::with_scope("/organization/templates", scope);
    let may_write = acting.may_edit && acting.stepped_up;
    view! {
        <Top title=tr!(templates.title) acting choices />
        <p class="mt-4 text-sm">
            <a class="link inline-flex items-center gap-1" href=back>
                <Glyph icon=Icon::Back class="size-4" /> {tr!(templates.all)}
            </a>
        </p>
        <h2 class="mt-4 text-lg font-semibold">{name}</h2>
        <p class="hint max-w-prose">{about}</p>
        <nav class="chips mt-4" aria-label=tr!(templates.languages)>{languages}</nav>
        <div class="mt-5 grid gap-6">
            <div role="status" class="contents">
                {move || done.get().then(|| view! { <Notice tone=Tone::Good>{tr!(templates.done)}</Notice> })}
            </div>
            {editor}
            <Panel title=tr!(templates.preview) hint=tr!(templates.preview_hint)>
                <Letter src=preview subject=shown look />
            </Panel>
            {may_write.then(|| view! { <Names pieces names /> })}
        </div>
    }
}

/// What can stand in the text.
#[component]
fn Names(pieces: Vec<Piece>, names: Vec<(String, String)>) -> impl IntoView {
    let of_pieces = pieces.into_iter().map(|piece| (piece.line(), words::piece(piece).to_owned()));
    let of_values = names.into_iter().map(|(name, value)| (format!("{{{{ {name} }}}}"), value));
    let line = |(name, means): (String, String)| {
        view! {
            <div class="fact">
                <dt class="font-mono text-xs select-all">{name}</dt>
                <dd class="min-w-0 hint wrap-anywhere">{means}</dd>
            </div>
        }
    };
    view! {
        <Panel title=tr!(templates.names) hint=tr!(templates.names_hint)>
            <dl class="facts">{of_pieces.chain(of_values).map(line).collect_view()}</dl>
        </Panel>
    }
}

/// Which letter a form is about.
#[derive(Clone)]
struct Which {
    scope: String,
    kind: String,
    language: Language,
}

/// The same, for the server.
#[component]
fn Hidden(which: Which) -> impl IntoView {
    view! {
        <input type="hidden" name="scope" value=which.scope />
        <input type="hidden" name="kind" value=which.kind />
        <input type="hidden" name="language" value=which.language.tag() />
    }
}

/// Where a letter is seen as it is now.
fn preview_of(scope: &str, kind: &str, language: Language) -> String {
    format!("{PREVIEW}?scope={scope}&kind={kind}&language={}", language.tag())
}

/// Where letters are looked at; the server answers there, outside of all pages.
const PREVIEW: &str = "/organization/template-preview";
/// The frame in which that is.
const FRAME: &str = "letter-preview";

/// Asks how what is being typed would look.
type Look = ServerAction<LookAtLetter>;

/// The letter as it would be sent. Nothing in the frame runs; where there is code, ours puts into it what
/// is being typed, so that no step of the browser's way back comes of it.
#[component]
fn Letter(src: String, subject: String, look: Look) -> impl IntoView {
    let frame = NodeRef::<leptos::html::Iframe>::new();
    let value = look.value();
    Effect::new(move || {
        let html = value.with(|value| match value {
            Some(Ok(look)) => Some(look.html.clone()),
            _ => None,
        });
        let page = frame.get_untracked().and_then(|frame| frame.content_document());
        if let (Some(html), Some(root)) = (html, page.and_then(|page| page.document_element())) {
            root.set_inner_html(&html);
        }
    });
    let shown = RwSignal::new(subject);
    Effect::new(move || {
        if let Some(Ok(look)) = value.get() {
            shown.set(look.subject);
        }
    });
    let not_yet = move || {
        value.with(|value| match value {
            Some(Err(ApiError::Refused(Refusal::Fields(problems)))) => problems
                .first()
                .map(|problem| tr!(templates.not_shown, why = words::problem(problem.problem))),
            _ => None,
        })
    };
    view! {
        <div role="status" class="contents">
            {move || not_yet().map(|not_yet| view! { <p class="mt-3 max-w-prose text-sm">{not_yet}</p> })}
        </div>
        <p class="mt-4 text-sm wrap-anywhere">
            <span class="hint">{format!("{}: ", tr!(templates.subject))}</span>
            <span class="font-semibold">{shown}</span>
        </p>
        <iframe
            class="mt-3 h-[38rem] w-full rounded-lg border border-base-300 bg-base-200"
            name=FRAME
            title=tr!(templates.preview)
            src=src
            sandbox="allow-same-origin"
            node_ref=frame
        ></iframe>
    }
}

/// The form.
#[component]
fn Words(
    form: FormState<SetLetter>,
    which: Which,
    subject: String,
    text: String,
    look: Look,
    restore: FormState<RestoreLetter>,
) -> impl IntoView {
    let (subject, text) = (RwSignal::new(subject), RwSignal::new(text));
    let Which { scope, kind, language } = which.clone();
    let shown = move || {
        look.dispatch(LookAtLetter {
            scope: scope.parse().ok(),
            kind: kind.clone(),
            language: language.tag().to_owned(),
            subject: subject.get_untracked(),
            text: text.get_untracked(),
        });
    };
    let show = StoredValue::new(shown);
    follow(subject, text, move || show.with_value(|show| show()));
    // With the words that it is delivered with again, fields and preview forget what was typed.
    if untrack(|| restore.done()) {
        Effect::new(move || {
            fill("subject", &subject.get_untracked());
            fill("text", &text.get_untracked());
            show.with_value(|show| show());
        });
    }
    view! {
        <Form form class="form mt-4">
            <Hidden which />
            <Field
                name="subject"
                label=tr!(templates.subject)
                hint=tr!(templates.subject_hint)
                follows=subject
            />
            <Area
                name="text"
                label=tr!(templates.text)
                hint=tr!(templates.text_hint)
                rows=16
                follows=text
            />
            <div class="flex flex-wrap gap-2">
                <Submit label=tr!(policy.submit) />
                // Without code it leads into the frame.
                <button
                    class="btn"
                    type="submit"
                    formaction=PREVIEW
                    formtarget=FRAME
                    on:click=move |event| {
                        event.prevent_default();
                        show.with_value(|show| show());
                    }
                >
                    {tr!(templates.show)}
                </button>
            </div>
        </Form>
    }
}

/// Has a field show something, whatever was typed into it.
fn fill(id: &str, value: &str) {
    use leptos::wasm_bindgen::JsCast;

    let Some(field) = document().get_element_by_id(id) else { return };
    if let Some(line) = field.dyn_ref::<web_sys::HtmlInputElement>() {
        line.set_value(value);
    } else if let Some(area) = field.dyn_ref::<web_sys::HtmlTextAreaElement>() {
        area.set_value(value);
    }
}

/// Shows what was typed once nothing more is typed for a while.
fn follow(
    subject: RwSignal<String>,
    text: RwSignal<String>,
    show: impl Fn() + Copy + Send + Sync + 'static,
) {
    let pending = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(pending) = pending.try_update_value(Option::take).flatten() {
            pending.clear();
        }
    };
    on_cleanup(stop);
    Effect::new(move |before: Option<()>| {
        subject.track();
        text.track();
        if before.is_some() {
            stop();
            pending.set_value(set_timeout_with_handle(show, PAUSE).ok());
        }
    });
}
