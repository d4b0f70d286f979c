//! Rekey's pages and server functions, compiled twice: for the server (`ssr`), which renders
//! every page, and for the browser (`hydrate`), which takes the rendered page over.
//!
//! - [`routes`]: every page and its path on one screen, and the document around them.
//! - [`pages`]: one file per page.
//! - [`ui`]: what pages are made of; classes live here and in `style/`.
//! - [`api`]: server functions, the only code here that names `portal`.
//! - [`i18n`] and [`words`]: every text a person reads, from `locales/`.
//!
//! The server gives as context: a `portal::Portal`, the request's [`request::RequestFacts`] and,
//! when it renders a page again after a plain post, a [`PlainPost`].

#![recursion_limit = "256"]

pub mod api;
pub mod front_door;
pub mod i18n;
pub mod pages;
pub mod request;
pub mod routes;
pub mod ui;
pub mod words;

pub use routes::App;
#[cfg(feature = "ssr")]
pub use routes::shell;
#[cfg(feature = "ssr")]
pub use ui::form::PlainPost;
