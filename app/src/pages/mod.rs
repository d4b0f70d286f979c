//! One file per page; a wizard is a folder with a file per step.

pub mod forgot;
