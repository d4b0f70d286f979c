//! Server functions: what the browser may ask for.
//!
//! Each one is a public endpoint, a few lines over `portal::Portal`, which decides; nothing
//! else in this crate names `portal`. They answer to POST only. A function that a form names
//! ends with [`see_other`] or [`see_other_if_plain`], so that reloading the page that follows
//! does not send the form again.

pub mod account;
#[cfg_attr(
    feature = "ssr",
    expect(clippy::fn_params_excessive_bools, reason = "a form has as many boxes as it needs")
)]
pub mod api_keys;
pub mod approvals;
pub mod audit;
#[expect(clippy::too_many_arguments, reason = "a form has as many fields as it needs")]
pub mod brand;
pub mod callers;
#[expect(clippy::too_many_arguments, reason = "a form has as many fields as it needs")]
pub mod care;
#[expect(clippy::too_many_arguments, reason = "a form has as many fields as it needs")]
pub mod connectors;
#[expect(clippy::too_many_arguments, reason = "a list is narrowed in many ways")]
pub mod customers;
pub mod email_change;
mod error;
pub mod factor;
pub mod forgotten;
mod hidden;
#[expect(clippy::too_many_arguments, reason = "a form has as many fields as it needs")]
pub mod imports;
pub mod letters;
pub mod lost_factor;
pub mod mail;
#[expect(clippy::too_many_arguments, reason = "a form has as many fields as it needs")]
pub mod many;
#[expect(clippy::too_many_arguments, reason = "a form has as many fields as it needs")]
pub mod organization;
pub mod organizations;
pub mod overview;
pub mod password;
pub mod preferences;
pub mod session;
// What the browser calls has one argument.
#[cfg_attr(
    feature = "ssr",
    expect(clippy::fn_params_excessive_bools, reason = "a form has as many boxes as it needs")
)]
pub mod webhooks;

pub use error::ApiError;
pub use hidden::Hidden;

#[cfg(feature = "ssr")]
mod asking;
#[cfg(feature = "ssr")]
pub use asking::actor_of;
#[cfg(feature = "ssr")]
use asking::{
    Lifetime, actor, asked, forget_cookie, halfway, halfway_if_any, keep_for_a_second_press,
    link_token, local_path, newcomer, owner, remember, see_other, see_other_if_plain, set_cookie,
    signed_in, stepped_up,
};
#[cfg(feature = "ssr")]
pub(crate) use asking::{page_status, redirect_page};
