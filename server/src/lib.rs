//! Rekey's HTTP server and command line: composition only. It holds no rule and no SQL; what may
//! happen is decided in `portal`, what is shown in `app`.
//!
//! A request's way:
//!
//! 1. [`serve`]: the connection, with its time and size limits, and the drain at the end.
//! 2. [`guard::outer`]: request id, client address, panics, security headers, one line in the log.
//! 3. [`guard::facts`]: `Host`, where the request came from, which site it is for.
//! 4. [`router`]: a page ([`pages`]), a form ([`forms`]), a mailed link ([`links`]), the audit log as
//!    a file ([`exports`]), customers as a file ([`files`]), a file of our own ([`assets`]).
//!
//! Programs come in by another door, with keys instead of cookies: [`rest`].
//!
//! To notice: whatever is sent passes through [`guard::outer`], so that an answer cannot miss its
//! headers; nothing here reads a request's body but [`forms`] and [`files::import`], which know the
//! limits.

pub mod assets;
pub mod check;
pub mod cli;
pub mod demo;
pub mod exports;
pub mod files;
pub mod forms;
pub mod guard;
pub mod links;
mod memory;
pub mod metrics;
pub mod pages;
pub mod plain;
pub mod previews;
pub mod rest;
pub mod router;
pub mod serve;

use std::{collections::HashSet, path::PathBuf};

use ipnet::IpNet;
use portal::{
    Portal,
    config::{Origin, Settings},
};
use tokio_util::task::TaskTracker;

use assets::Assets;
use metrics::Requests;

/// What every request needs.
#[derive(Debug)]
pub struct Server {
    portal: Portal,
    origins: Vec<Origin>,
    trusted_proxies: Vec<IpNet>,
    assets: Assets,
    /// In the demo, the folder that mail goes to.
    mailbox: Option<PathBuf>,
    demo: bool,
    /// The paths of the server functions that change something.
    functions: HashSet<&'static str>,
    /// Changes on their way; a client that hangs up does not stop them, and a drain waits for them.
    changes: TaskTracker,
    /// What is counted of requests, when somebody measures.
    requests: Option<Requests>,
}

/// The origins that a server answers for: the one that was set, and the name of this very machine
/// beside its address, since browsers keep no passkeys for addresses.
fn names_of(origin: &Origin) -> Vec<Origin> {
    let text = origin.to_string();
    let name = text.strip_prefix("http://127.0.0.1").map(|port| format!("http://localhost{port}"));
    let name = name.and_then(|name| name.parse().ok());
    [origin.clone()].into_iter().chain(name).collect()
}

impl Server {
    /// A server for the site at `settings.origin`.
    pub fn new(portal: Portal, settings: &Settings, assets: Assets) -> Self {
        Self {
            portal,
            origins: names_of(&settings.origin),
            trusted_proxies: settings.trusted_proxies.clone(),
            assets,
            mailbox: None,
            demo: false,
            functions: forms::functions(),
            changes: TaskTracker::new(),
            requests: settings.metrics.listen.map(|_| Requests::default()),
        }
    }

    /// What is counted of requests, when somebody measures.
    pub fn requests(&self) -> Option<Requests> {
        self.requests.clone()
    }

    /// The same as a demo: on each of these origins, with mail that can be read in `mailbox`.
    #[must_use]
    pub fn demo(mut self, origins: Vec<Origin>, mailbox: Option<PathBuf>) -> Self {
        self.origins = origins;
        self.mailbox = mailbox;
        self.demo = true;
        self
    }

    /// Changes on their way, for the drain.
    pub fn changes(&self) -> TaskTracker {
        self.changes.clone()
    }

    /// The origin that a request with this `Host` header is answered for: one of the configured
    /// ones, never anything else.
    fn origin(&self, host: &str) -> &Origin {
        let named = self.origins.iter().find(|o| o.authority().eq_ignore_ascii_case(host));
        named.unwrap_or(&self.origins[0])
    }

    fn is_https(&self) -> bool {
        self.origins[0].is_https()
    }
}
