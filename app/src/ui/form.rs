//! One form, with and without JavaScript.
//!
//! Every form posts to its own page's URL and names its server function in `_form`. Without
//! WebAssembly the server runs that function and either leads on or renders the page again with a
//! [`PlainPost`] as context; with it the same form becomes an action and nothing reloads. Pages do
//! not notice: they see the outcome, and fields find their own values and problems.

use leptos::{
    context::Provider, form::FromFormData, prelude::*, server::codee::string::JsonSerdeCodec,
    server_fn::ServerFn,
};
use leptos_router::hooks::use_location;
use model::{
    Refusal,
    refusal::{FieldProblem, Problem},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    go,
    page::arrives_without_loading,
    panel::{Notice, Tone},
};
use crate::{api::ApiError, front_door::FrontDoor, i18n::tr, words};

/// What a plain post of a form came to; the server gives it as context when it renders the page
/// again.
#[cfg(feature = "ssr")]
#[derive(Debug, Clone, PartialEq)]
pub struct PlainPost {
    /// The path of the server function that the form named.
    pub form: String,
    /// What was typed, never the [`crate::request::SECRET_FIELDS`].
    pub values: Vec<(String, String)>,
    /// What the server function answered.
    pub outcome: Result<serde_json::Value, ApiError>,
}

/// A form whose submissions go to the server function `S`.
pub struct FormState<S>
where
    S: ServerFn + 'static,
    S::Output: Send + Sync + 'static,
{
    action: ServerAction<S>,
    /// What became of the last submission.
    pub outcome: Signal<Option<Result<S::Output, ApiError>>>,
    context: FormContext,
}

impl<S> Clone for FormState<S>
where
    S: ServerFn + 'static,
    S::Output: Send + Sync + 'static,
{
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for FormState<S>
where
    S: ServerFn + 'static,
    S::Output: Send + Sync + 'static,
{
}

/// What the parts of a form know of it, whatever it is for.
#[derive(Clone, Copy)]
pub struct FormContext {
    values: StoredValue<Vec<(String, String)>>,
    error: Signal<Option<ApiError>>,
    version: Signal<usize>,
    edited: RwSignal<Vec<&'static str>>,
    /// Whether a submission is on its way.
    pub pending: Signal<bool>,
}

impl FormContext {
    /// What was typed into a field before the page was rendered again.
    pub fn value(self, name: &str) -> Option<String> {
        self.values
            .with_value(|values| values.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()))
    }

    /// Whether nothing was sent yet: fields show what they begin with.
    pub fn is_fresh(self) -> bool {
        self.values.with_value(Vec::is_empty)
    }

    /// What is wrong with a field, until one goes to work on it.
    pub fn problem(self, name: &str) -> Option<Problem> {
        if self.edited.with(|edited| edited.contains(&name)) {
            return None;
        }
        self.problems(|problems| {
            problems.iter().find(|problem| problem.field == name).map(|problem| problem.problem)
        })
    }

    /// Takes note that a field has been changed since the last answer.
    pub fn edit(self, name: &'static str) {
        if !self.edited.with_untracked(|edited| edited.contains(&name)) {
            self.edited.update(|edited| edited.push(name));
        }
    }

    /// Whether the browser should put the focus into a field as it shows the page: the first one
    /// with something wrong, else the one where the page begins. A page that follows another one
    /// without being loaded moves the focus by code.
    pub fn takes_focus(self, name: &str, begins: bool) -> bool {
        let wrong = untrack(|| {
            self.problems(|problems| problems.first().map(|problem| problem.field == name))
        });
        !arrives_without_loading() && wrong.unwrap_or(begins)
    }

    fn problems<T>(self, look: impl FnOnce(&[FieldProblem]) -> Option<T>) -> Option<T> {
        self.error.with(|error| match error {
            Some(ApiError::Refused(Refusal::Fields(problems))) => look(problems),
            _ => None,
        })
    }
}

impl<S> FormState<S>
where
    S: ServerFn + 'static,
    S::Output: Send + Sync + 'static,
{
    /// Whether the last submission did what it should.
    pub fn done(self) -> bool {
        self.outcome.with(|outcome| matches!(outcome, Some(Ok(_))))
    }

    /// Why the last submission did not.
    pub fn error(self) -> Option<ApiError> {
        self.context.error.get()
    }

    /// The same, once, for what is drawn anew anyway.
    pub fn error_now(self) -> Option<ApiError> {
        untrack(|| self.context.error.get())
    }

    /// What was typed into a field before the page was rendered again.
    pub fn typed(self, name: &str) -> Option<String> {
        self.context.value(name)
    }

    /// Counts submissions that were answered: what they change is asked for again.
    pub fn version(self) -> usize {
        self.context.version.get()
    }
}

impl<S> FormState<S>
where
    S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    /// Sends a request of the code's own, as if somebody had pressed the button.
    pub fn send(self, request: S) {
        self.action.dispatch(request);
    }

    /// What the last submission came to is over, and not shown any more.
    pub fn forget(self) {
        self.action.value().set(None);
    }
}

/// A [`PlainPost`] of one form, as the browser gets it with the page.
#[derive(Serialize, Deserialize)]
struct Posted<T> {
    values: Vec<(String, String)>,
    outcome: Result<T, ApiError>,
}

/// What a plain post of this form came to, when that is what the page is rendered for.
#[cfg(feature = "ssr")]
fn posted<S>() -> Option<Posted<S::Output>>
where
    S: ServerFn<Error = ApiError>,
    S::Output: DeserializeOwned,
{
    let post = use_context::<PlainPost>().filter(|post| post.form == S::url())?;
    let outcome = match post.outcome {
        Ok(answer) => Ok(serde_json::from_value(answer).ok()?),
        Err(error) => Err(error),
    };
    Some(Posted { values: post.values, outcome })
}

/// In the browser it comes with the page.
#[cfg(not(feature = "ssr"))]
fn posted<S: ServerFn>() -> Option<Posted<S::Output>> {
    None
}

/// What the forms of a page did last while it is open, as their answers come. Of each form: how often
/// it was answered, and the answer.
pub fn last_done<T, const N: usize>(
    answers: impl Fn() -> [(usize, Option<Result<T, ApiError>>); N] + 'static,
) -> RwSignal<Option<T>>
where
    T: Send + Sync + 'static,
{
    let done = RwSignal::new(None);
    Effect::new(move |before: Option<[usize; N]>| {
        let mut versions = [0; N];
        for (place, (version, outcome)) in answers().into_iter().enumerate() {
            versions[place] = version;
            let is_new = before.is_some_and(|before| before[place] != version);
            if let (true, Some(Ok(last))) = (is_new, outcome) {
                done.set(Some(last));
            }
        }
        versions
    });
    done
}

/// The state of a form.
pub fn use_form<S>() -> FormState<S>
where
    S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
    S::Output: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    let action = ServerAction::<S>::new();
    let posted = SharedValue::<Option<Posted<S::Output>>, JsonSerdeCodec>::new(posted::<S>);
    let (values, first) = match posted.into_inner() {
        Some(Posted { values, outcome }) => (values, Some(outcome)),
        None => (Vec::new(), None),
    };
    let (values, first) = (StoredValue::new(values), StoredValue::new(first));
    let value = action.value();
    let outcome = Signal::derive(move || value.get().or_else(|| first.get_value()));
    let error = Signal::derive(move || {
        outcome.with(|outcome| outcome.as_ref().and_then(|outcome| outcome.as_ref().err().cloned()))
    });
    // A session that has ended meanwhile: sign in, and come back here.
    if let Some(door) = use_context::<FrontDoor>() {
        let location = use_location();
        Effect::new(move || {
            let back = location.pathname.get_untracked();
            if let Some(to) = error.get().and_then(|error| go::missing(&error, &door.door, &back)) {
                go::load(&to);
            }
        });
    }
    let context = FormContext {
        values,
        error,
        version: action.version().into(),
        edited: RwSignal::new(Vec::new()),
        pending: action.pending().into(),
    };
    FormState { action, outcome, context }
}

/// A form: an action when WebAssembly is there, a post to the page's own URL when it is not.
#[component]
pub fn Form<S>(
    /// Its state.
    form: FormState<S>,
    /// Whether the fields are emptied once it is done.
    #[prop(optional)]
    emptied: bool,
    /// Size and place.
    #[prop(default = "form")]
    class: &'static str,
    /// The fields and the buttons.
    children: Children,
) -> impl IntoView
where
    S: ServerFn<Error = ApiError> + DeserializeOwned + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    let element = NodeRef::<leptos::html::Form>::new();
    let FormState { action, context, .. } = form;
    let on_submit = move |event: leptos::ev::SubmitEvent| {
        if event.default_prevented() || leads_elsewhere(&event) {
            return;
        }
        if context.pending.get_untracked() {
            // Pressed twice: once is enough.
            event.prevent_default();
        } else if let Ok(data) = S::from_event(&event) {
            event.prevent_default();
            action.dispatch(data);
        }
        // What cannot be read here is left to the browser and the server.
    };
    Effect::new(move |answered: Option<usize>| {
        let version = context.version.get();
        if answered.is_some_and(|before| before != version) {
            context.edited.set(Vec::new());
            // Fields learn of their problems in the same turn; the focus goes there after it.
            let error = context.error.get_untracked();
            request_animation_frame(move || after_answer(element, error.as_ref(), emptied));
        }
        version
    });
    view! {
        <form method="post" class=class node_ref=element on:submit=on_submit novalidate>
            <input type="hidden" name="_form" value=S::url() />
            <div role="alert" class="contents">
                {move || context.error.get().map(|error| view! { <Summary error /> })}
            </div>
            <Provider value=context>{children()}</Provider>
        </form>
    }
}

/// Whether the button that was pressed sends the form to another place than its own.
fn leads_elsewhere(event: &leptos::ev::SubmitEvent) -> bool {
    event.submitter().is_some_and(|button| button.has_attribute("formaction"))
}

/// Puts the focus where the person has to go on.
fn after_answer(element: NodeRef<leptos::html::Form>, error: Option<&ApiError>, emptied: bool) {
    use leptos::wasm_bindgen::JsCast;

    // With its page, the form may have gone meanwhile.
    let Some(Some(form)) = element.try_get_untracked() else { return };
    let wrong = match error {
        None if emptied => return form.reset(),
        Some(ApiError::Refused(Refusal::Fields(_))) => "[aria-invalid=true]",
        Some(ApiError::Refused(Refusal::SignInFailed)) => "input[autocomplete=current-password]",
        _ => return,
    };
    if let Ok(Some(field)) = form.query_selector(wrong)
        && let Ok(field) = field.dyn_into::<web_sys::HtmlElement>()
    {
        // A field that has gone meanwhile needs no focus.
        let _ = field.focus();
    }
}

/// What went wrong, on top of the form. Problems of fields stand beside them; here they are told
/// to those who do not see them.
#[component]
fn Summary(error: ApiError) -> impl IntoView {
    match error {
        ApiError::Refused(Refusal::Fields(problems)) => {
            let problems: Vec<String> =
                problems.iter().map(|problem| words::problem(problem.problem)).collect();
            view! { <p class="sr-only">{words::error(&error_of_fields())} " " {problems.join(" ")}</p> }
                .into_any()
        }
        ApiError::Refused(Refusal::Moved(door)) => {
            let to = door.href.clone();
            let text = words::error(&ApiError::Refused(Refusal::Moved(door)));
            view! {
                <Notice tone=Tone::Plain>
                    <p>{text}</p>
                    <p class="mt-1"><a class="link" href=to rel="external">{tr!(login.new_door)}</a></p>
                </Notice>
            }
            .into_any()
        }
        error => view! { <Notice tone=Tone::Bad>{words::error(&error)}</Notice> }.into_any(),
    }
}

fn error_of_fields() -> ApiError {
    ApiError::Refused(Refusal::Fields(Vec::new()))
}

/// The button that sends the form; turns while the answer is on its way.
#[component]
pub fn Submit(
    /// What it does.
    label: &'static str,
    /// Weight and width.
    #[prop(default = "btn btn-primary")]
    class: &'static str,
) -> impl IntoView {
    let pending = expect_context::<FormContext>().pending;
    view! {
        <button type="submit" class=class aria-busy=move || pending.get().then_some("true")>
            {move || {
                pending
                    .get()
                    .then(|| {
                        view! {
                            <span class="spinner size-4" aria-hidden="true"></span>
                        }
                    })
            }}
            {label}
        </button>
    }
}
