//! The headers that every answer carries.

use std::sync::LazyLock;

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::Response,
};
use leptos::nonce::Nonce;

/// For an answer without scripts: nothing may be loaded but our own style and pictures.
const WITHOUT_SCRIPTS: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// What every answer says unless it says something of its own.
const ALWAYS: [(HeaderName, HeaderValue); 8] = [
    (header::CONTENT_SECURITY_POLICY, WITHOUT_SCRIPTS),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
        ),
    ),
    // Old browsers' own filters do more harm than good.
    (header::X_XSS_PROTECTION, HeaderValue::from_static("0")),
];

/// Two years, as browsers' preload lists ask for.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// Adds what is missing.
pub fn complete(response: &mut Response, https: bool) {
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(value);
    }
    if https {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(HSTS);
    }
}

/// A page's policy: its own scripts run, by their nonce.
pub fn for_page(nonce: &Nonce) -> HeaderValue {
    // `cargo leptos watch` reloads pages through a socket on another port.
    static RELOAD: LazyLock<&str> = LazyLock::new(|| {
        let watched = cfg!(debug_assertions) && std::env::var_os("LEPTOS_WATCH").is_some();
        if watched { " ws://127.0.0.1:3001 ws://localhost:3001" } else { "" }
    });
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'{}; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'",
        *RELOAD
    );
    HeaderValue::try_from(policy).unwrap_or(WITHOUT_SCRIPTS)
}
