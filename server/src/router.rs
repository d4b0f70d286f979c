//! Every route.

use std::sync::Arc;

use app::App;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    middleware,
    response::IntoResponse,
    routing::{MethodFilter, get, on},
};
use leptos::server_fn::axum::server_fn_paths;

use crate::{Server, demo, exports, files, forms, guard, links, pages, plain, previews, rest};

/// The whole site.
pub fn router(server: Arc<Server>) -> Router {
    let mut guarded = Router::new()
        .merge(exports::router())
        .merge(links::router())
        .merge(files::router())
        .merge(previews::router())
        .route("/.well-known/change-password", get(change_password));
    // Every page answers a form posted to itself.
    for route in leptos_axum::generate_route_list(App) {
        let page = get(pages::page);
        // One page takes a file as well.
        let page = match route.path() {
            "/customers/import" => page.post(files::import),
            _ => page.post(forms::post),
        };
        guarded = guarded.route(route.path(), page);
    }
    for (path, method) in server_fn_paths() {
        if let Ok(filter) = MethodFilter::try_from(method) {
            guarded = guarded.route(path, on(filter, forms::call));
        }
    }
    if let Some(mailbox) = server.mailbox.clone() {
        guarded = guarded.merge(demo::router(mailbox));
    }
    let guarded = guarded
        .fallback(pages::not_found)
        .layer(middleware::from_fn_with_state(Arc::clone(&server), guard::facts));

    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route(plain::STYLE_PATH, get(style))
        .merge(server.assets.router().with_state(()))
        .merge(rest::router(&server))
        .merge(guarded)
        .layer(middleware::from_fn_with_state(Arc::clone(&server), guard::outer))
        .with_state(server)
}

/// Where password managers look for the page (W3C, "A Well-Known URL for Changing Passwords").
async fn change_password() -> impl IntoResponse {
    (StatusCode::FOUND, [(header::LOCATION, "/account/security")])
}

/// Whether requests can be served: for load balancers.
async fn ready(State(server): State<Arc<Server>>) -> impl IntoResponse {
    if server.portal.ready().await {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready: the log says why\n")
    }
}

/// The style of the server's own pages.
async fn style() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, plain::STYLE)
}
