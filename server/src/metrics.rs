//! `/metrics`, on a listener of its own, for Prometheus and what reads the same (`OpenMetrics` text).
//!
//! Labels are few and known: route templates, classes of statuses, words for states. Nothing in them
//! comes from a request or names anybody.

use std::{fmt::Debug, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use portal::{Measures, Portal};
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeMetric, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::{ConstGauge, Gauge},
        histogram::Histogram,
    },
    registry::{Registry, Unit},
};

/// Bounds of the histogram of latencies, in seconds.
const SECONDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    /// The template, never the path.
    route: String,
    /// `2xx` and the like.
    status: &'static str,
}

/// A label with this name, as it stands in the text.
type Labels = [(&'static str, String); 1];

/// Requests since the process began.
#[derive(Debug, Clone)]
pub struct Requests(Family<RequestLabels, Histogram, fn() -> Histogram>);

impl Default for Requests {
    fn default() -> Self {
        Self(Family::new_with_constructor(|| Histogram::new(SECONDS)))
    }
}

impl Requests {
    /// Counts an answer.
    pub fn count(&self, route: &str, status: StatusCode, took: Duration) {
        let status = match status.as_u16() / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        let labels = RequestLabels { route: route.to_owned(), status };
        self.0.get_or_create(&labels).observe(took.as_secs_f64());
    }
}

/// The only page of that listener.
pub fn router(portal: Portal, requests: Requests) -> Router {
    Router::new().route("/metrics", get(measured)).with_state(Arc::new((portal, requests)))
}

async fn measured(State(sources): State<Arc<(Portal, Requests)>>) -> Response {
    let (portal, requests) = &*sources;
    let measures = portal.measures().await.inspect_err(|error| {
        tracing::warn!(error = format!("{error:#}"), "the database could not be measured");
    });
    // What is measured without the database is worth having when that is away.
    let registry = registry(measures.ok().as_ref(), requests);
    let mut text = String::new();
    if encode(&mut text, &registry).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

fn registry(measures: Option<&Measures>, requests: &Requests) -> Registry {
    let mut registry = Registry::with_prefix("rekey");
    registry.register_with_unit(
        "http_request",
        "Answers by route template and class of status",
        Unit::Seconds,
        requests.0.clone(),
    );
    let build = [("version", env!("CARGO_PKG_VERSION").to_owned())];
    gauge(&mut registry, "build", "What is running; always 1", [(build, 1)]);
    if let Some(bytes) = memory() {
        let help = "Memory of the process that is in use";
        registry.register_with_unit(
            "process_resident_memory",
            help,
            Unit::Bytes,
            ConstGauge::new(bytes),
        );
    }
    one(&mut registry, "database_up", "Whether the database answers", measures.is_some().into());
    let Some(measures) = measures else { return registry };

    let sign_ins = Family::<Labels, Counter>::default();
    for (outcome, count) in &measures.sign_ins {
        sign_ins.get_or_create(&[("outcome", (*outcome).to_owned())]).inc_by(*count);
    }
    registry.register("sign_ins", "Sign-ins of this process by outcome", sign_ins);
    let hashing = measures.hashing;
    for (name, help, value) in [
        ("hashing_running", "Password hashes being made", hashing.running),
        ("hashing_permits", "Password hashes that may be made at a time", hashing.permits),
        ("hashing_waiting", "Password hashes that wait for their turn", hashing.waiting),
    ] {
        one(&mut registry, name, help, as_number(value));
    }
    let refused = Counter::<u64>::default();
    refused.inc_by(hashing.refused);
    registry.register("hashing_refused", "Hashes refused since too many waited", refused);
    let label = |name: &'static str, value: &str| [(name, value.to_owned())];
    let mails = measures.mails.iter().map(|(state, count)| (label("state", state), *count));
    gauge(&mut registry, "mails", "Mails by state, 100,000 at most", mails);
    registry.register_with_unit(
        "oldest_mail_waiting",
        "How long the oldest mail has waited",
        Unit::Seconds,
        ConstGauge::new(measures.oldest_mail.as_secs_f64()),
    );
    let resets = measures.resets.iter().map(|(state, count)| (label("state", state), *count));
    gauge(&mut registry, "resets", "Resets by state, 100,000 at most", resets);
    one(&mut registry, "sessions", "Sessions that are open, 100,000 at most", measures.sessions);
    for (name, help, read) in [
        (
            "database_connections",
            "Open connections",
            (|pool| pool.open) as fn(&portal::PoolLoad) -> usize,
        ),
        ("database_connections_idle", "Open connections that do nothing", |pool| pool.idle),
        ("database_connections_most", "Connections that may be open", |pool| pool.most),
    ] {
        let pools =
            measures.pools.iter().map(|pool| (label("pool", pool.name), as_number(read(pool))));
        gauge(&mut registry, name, help, pools);
    }
    registry
}

fn gauge(
    registry: &mut Registry,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels, i64)>,
) {
    let family = Family::<Labels, Gauge>::default();
    for (labels, value) in values {
        family.get_or_create(&labels).set(value);
    }
    register(registry, name, help, family);
}

fn one(registry: &mut Registry, name: &str, help: &str, value: i64) {
    register(registry, name, help, ConstGauge::new(value));
}

fn register(
    registry: &mut Registry,
    name: &str,
    help: &str,
    metric: impl EncodeMetric + Debug + Send + Sync + 'static,
) {
    registry.register(name, help, metric);
}

fn as_number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Memory that the process has in use, in bytes, where the system tells (proc(5)).
fn memory() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
