//! What pages are made of. Classes live here and in `style/`; pages compose.

pub mod activity;
pub mod field;
pub mod form;
pub mod go;
pub mod icon;
pub mod job;
pub mod new_password;
pub mod page;
pub mod panel;
pub mod preferences;
pub mod signed_in;
pub mod steps;
pub mod strength;
pub mod time;
