//! Pages, drawn by `app`.

use std::sync::Arc;

use app::{PlainPost, request::RequestFacts};
use axum::{
    extract::{Request, State},
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_axum::ResponseOptions;
use model::account::Language;

use crate::{Server, guard, plain::Plain};

/// What `app` finds as context, in pages and in server functions alike.
pub(crate) fn context(
    server: &Server,
    facts: Option<RequestFacts>,
) -> impl Fn() + Clone + Send + Sync + 'static {
    let portal = server.portal.clone();
    move || {
        provide_context(portal.clone());
        if let Some(facts) = &facts {
            provide_context(facts.clone());
        }
    }
}

/// A page.
pub async fn page(State(server): State<Arc<Server>>, request: Request) -> Response {
    render(&server, request, None).await
}

/// What stands where nothing is.
pub async fn not_found(State(server): State<Arc<Server>>, request: Request) -> Response {
    if guard::is_api(request.uri()) {
        return Plain::NotFound.for_script();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let facts = request.extensions().get::<RequestFacts>();
        let language = facts.map_or(Language::default(), |facts| facts.language);
        return Plain::NotFound.page(language);
    }
    let mut response = render(&server, request, None).await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

/// Draws a page, after a plain post with what came of it.
pub(crate) async fn render(server: &Server, request: Request, post: Option<PlainPost>) -> Response {
    let context = context(server, request.extensions().get::<RequestFacts>().cloned());
    let context = move || {
        context();
        if let Some(post) = &post {
            provide_context(post.clone());
        }
        if let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) {
            response
                .insert_header(header::CONTENT_SECURITY_POLICY, guard::headers::for_page(&nonce));
        }
    };
    let options = server.assets.options();
    let shell = move || app::shell(options.clone());
    let render = leptos_axum::render_app_async_with_context(context, shell);
    let mut response = render(request).await.into_response();
    if response.headers().contains_key(header::LOCATION) && !response.status().is_redirection() {
        // One part of the page leads elsewhere, and another one set a status after it.
        *response.status_mut() = StatusCode::SEE_OTHER;
    }
    response
}
