//! Rekey's shared words.
//!
//! Everything here compiles for the server and for the browser and does no input or output.
//! A type that cannot be wrong is parsed once ([`text`]); what a person may be told when
//! something is refused is a [`refusal::Refusal`], which the interface turns into a translated
//! sentence.
//!
//! Conventions: times are [`Moment`]s (microseconds, UTC), ids are UUIDs with a type of their
//! own ([`id`]), and enums are stored and sent as `snake_case` words.

pub mod account;
pub mod api_key;
pub mod approval;
pub mod audit;
pub mod brand;
pub mod call;
pub mod connector;
pub mod consent;
pub mod customer;
pub mod email;
pub mod event_hook;
pub mod factor;
pub mod id;
pub mod job;
pub mod letter;
pub mod link;
pub mod mail;
pub mod moment;
pub mod organization;
pub mod overview;
pub mod path;
pub mod permission;
pub mod policy;
pub mod refusal;
pub mod reset;
pub mod rules;
pub mod slug;
pub mod staff;
pub mod text;
mod wire;

pub use moment::Moment;
pub use refusal::Refusal;
