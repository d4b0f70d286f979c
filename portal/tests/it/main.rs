//! Stories of what people do with Rekey, each told on SQLite and on PostgreSQL.
//!
//! A story is an `async fn` that is given a [`world::World`]; its file's first lines list it under
//! `stories!`. Time stands still unless a story lets it pass. PostgreSQL is where the variable
//! `REKEY_TEST_POSTGRES` says (`scripts/postgres.sh start DIR` prints it).

mod child;
mod downstream_world;
mod postgres;
#[path = "../support/smtp.rs"]
mod smtp;
mod sql;
#[path = "../support/stand_in.rs"]
mod stand_in;
mod world;

mod api_keys;
mod approvals;
mod audit;
mod audit_log;
mod brand;
mod caller;
mod change_password;
mod colleagues;
mod connector_settings;
mod consent;
mod crashes;
mod customer_care;
mod customers;
mod demo;
mod dispute;
mod disputed_staff;
mod dkim;
mod downstream;
mod downstream_attention;
mod downstream_crashes;
mod downstream_nodes;
mod email_change;
mod email_change_ends;
mod email_change_second;
mod enforcement;
mod event_hooks;
mod export;
mod faults;
mod forgotten;
mod import;
mod letters;
mod links;
mod lost_factor;
mod lost_factor_waits;
mod mail_log;
mod mail_settings;
mod master_key;
mod new_customers;
mod nodes;
mod organizations;
mod outbox;
mod overview;
mod passkeys;
mod policies;
mod profile;
mod promises;
mod reset_desk;
mod resets;
mod restored;
mod rotation;
mod rules;
mod schema;
mod second_step;
mod secrecy;
mod send_many;
mod service_accounts;
mod service_import;
mod sessions;
mod set_password;
mod sign_in;
mod sites;
mod staff;
mod staff_links;
mod two_factor;
