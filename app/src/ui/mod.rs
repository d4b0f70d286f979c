//! What pages are made of. Classes live here and in `style/`; pages compose.

pub mod activity;
pub mod caller;
pub mod chart;
pub mod field;
pub mod filter;
pub mod form;
pub mod go;
pub mod icon;
pub mod job;
pub mod mailed_link;
pub mod new_password;
pub mod page;
pub mod panel;
pub mod passkey;
pub mod places;
pub mod preferences;
pub mod preview;
pub mod prove;
pub mod scopes;
pub mod second;
pub mod signed_in;
pub mod steps;
pub mod strength;
pub mod time;
