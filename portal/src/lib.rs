//! All that happens in Rekey.

pub mod error;
pub mod secrets;
mod facade_draft;

pub use error::{Error, Result};
pub use facade_draft::*;
