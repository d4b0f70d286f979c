//! What the server promises over HTTP, whatever the page: the guards, the forms, the links, the
//! files. The whole router runs here in this process, on the demo's people; nothing is mocked.

mod approvals;
mod assets;
mod bad_input;
mod browser;
mod connections;
mod email_change;
mod exports;
mod files;
mod forms;
mod guards;
mod links;
mod lost_factor;
mod mailbox;
mod matrix;
mod metrics;
mod previews;
mod rest;
mod texts;
mod world;

#[path = "../../../portal/tests/it/postgres.rs"]
#[allow(dead_code, reason = "not every test program needs all of it")]
mod postgres;
#[path = "../../../portal/tests/it/sql.rs"]
#[allow(
    dead_code,
    unused_macros,
    unused_imports,
    reason = "not every test program needs all of it"
)]
mod sql;
