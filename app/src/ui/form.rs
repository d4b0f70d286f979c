//! One form, with and without JavaScript.
//!
//! Every form posts to its own page's URL and names its server function in `_form`. Without
//! WebAssembly the server runs that function and renders the page again with a [`PlainPost`] as
//! context; with it the same form becomes an action and nothing reloads. Pages do not notice.

use leptos::{
    form::FromFormData, prelude::*, server::codee::string::JsonSerdeCodec, server_fn::ServerFn,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::api::ApiError;

/// What a plain post of a form came to; the server gives it as context when it renders the page
/// again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlainPost {
    /// The path of the server function that the form named.
    pub form: String,
    /// What was typed, never the [`crate::request::SECRET_FIELDS`].
    pub values: Vec<(String, String)>,
    /// What the server function answered.
    pub outcome: Result<serde_json::Value, ApiError>,
}

/// A form's outcome, and what was typed into it before the page was rendered again.
pub struct FormState<T: Send + Sync + 'static> {
    /// What became of the last submission.
    pub outcome: Signal<Option<Result<T, ApiError>>>,
    values: StoredValue<Vec<(String, String)>>,
}

impl<T: Send + Sync> Clone for FormState<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync> Copy for FormState<T> {}

impl<T: Send + Sync> FormState<T> {
    /// What was typed into a field before the page was rendered again.
    pub fn value(&self, name: &str) -> Option<String> {
        self.values
            .with_value(|values| values.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()))
    }
}

/// The state of a form whose submissions go to this action.
pub fn use_form<S>(action: ServerAction<S>) -> FormState<S::Output>
where
    S: ServerFn<Error = ApiError> + Clone + Send + Sync + 'static,
    S::Output: Clone + DeserializeOwned + Send + Sync + 'static,
{
    let plain = SharedValue::<Option<PlainPost>, JsonSerdeCodec>::new(use_context::<PlainPost>)
        .into_inner()
        .filter(|post| post.form == S::url());
    let values =
        StoredValue::new(plain.as_ref().map(|post| post.values.clone()).unwrap_or_default());
    let first = StoredValue::new(plain.and_then(|post| match post.outcome {
        Ok(value) => serde_json::from_value(value).ok().map(Ok),
        Err(error) => Some(Err(error)),
    }));
    let value = action.value();
    FormState { outcome: Signal::derive(move || value.get().or_else(|| first.get_value())), values }
}

/// A form: an action when WebAssembly is there, a post to the page's own URL when it is not.
#[component]
pub fn Form<S>(
    /// Takes the submissions.
    action: ServerAction<S>,
    /// The fields and the buttons.
    children: Children,
) -> impl IntoView
where
    S: ServerFn + DeserializeOwned + Clone + Send + Sync + 'static,
    S::Output: Send + Sync + 'static,
    S::Error: Send + Sync + 'static,
{
    let on_submit = move |event: leptos::ev::SubmitEvent| {
        if event.default_prevented() {
            return;
        }
        // What cannot be read here is left to the browser and the server.
        if let Ok(data) = S::from_event(&event) {
            event.prevent_default();
            action.dispatch(data);
        }
    };
    view! {
        <form method="post" on:submit=on_submit novalidate>
            <input type="hidden" name="_form" value=S::url() />
            {children()}
        </form>
    }
}
