//! One file per page; a wizard is a folder with a file per step.

pub mod account;
pub mod approval;
pub mod audit;
pub mod confirm;
pub mod customers;
pub mod email_change;
pub mod forgotten;
pub mod home;
pub mod login;
pub mod lost_factor;
pub mod not_found;
pub mod organization;
pub mod progress;
pub mod prove;
pub mod resets;
