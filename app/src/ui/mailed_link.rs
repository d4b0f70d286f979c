//! Pages that a mailed link leads to: what will happen, before it does; what came of it; or that the
//! link cannot be used.

use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_params_map;
use model::{Refusal, id::LinkId};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    form::{FormState, use_form},
    page::PublicPage,
    panel::{Failed, Loading},
};
use crate::api::ApiError;

const UNUSABLE: ApiError = ApiError::Refused(Refusal::LinkUnusable);

/// The parts of such a page.
pub struct LinkPage<S, V, F>
where
    S: ServerFn<Output = ()> + 'static,
{
    /// What the link is about, as long as it can be used.
    pub look: fn(LinkId) -> F,
    /// What will happen, with the form that does it.
    pub question: fn(LinkId, V, FormState<S>) -> AnyView,
    /// It is done.
    pub done: fn() -> AnyView,
    /// The link cannot be used, or not any more.
    pub unusable: fn() -> AnyView,
}

impl<S, V, F> LinkPage<S, V, F>
where
    S: ServerFn<Output = (), Error = ApiError> + Clone + Send + Sync + 'static,
    V: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    F: Future<Output = Result<V, ApiError>> + Send + 'static,
{
    /// The page, about the link that the address names.
    pub fn show(self) -> impl IntoView {
        let Self { look, question, done, unusable } = self;
        let params = use_params_map();
        let id =
            Memo::new(move |_| params.with(|params| params.get("link")?.parse::<LinkId>().ok()));
        let view = Resource::new_blocking(
            move || id.get(),
            move |id| async move {
                match id {
                    Some(id) => look(id).await,
                    None => Err(UNUSABLE),
                }
            },
        );
        let form = use_form::<S>();
        let finished = Memo::new(move |_| match form.outcome.get() {
            Some(Ok(())) => Some(true),
            Some(Err(UNUSABLE)) => Some(false),
            _ => None,
        });
        let asked = move || {
            Suspend::new(async move {
                match (id.get_untracked(), view.await) {
                    (Some(id), Ok(view)) => question(id, view, form),
                    (None, _) | (_, Err(ApiError::Refused(_))) => unusable(),
                    (_, Err(error)) => view! { <Failed error /> }.into_any(),
                }
            })
        };
        view! {
            <PublicPage>
                {move || match finished.get() {
                    Some(true) => done(),
                    Some(false) => unusable(),
                    None => view! { <Suspense fallback=Loading>{asked}</Suspense> }.into_any(),
                }}
            </PublicPage>
        }
    }
}
