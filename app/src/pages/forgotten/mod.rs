//! A forgotten password, from `/forgot` to a new one: ask, check the mail, choose, done.
//!
//! Without WebAssembly every step is a page of its own; with it `/forgot` and `/reset/{link}` go
//! through their steps in place.

mod ask;
mod choose;
mod done;
mod invitation;
mod sent;
mod unusable;

pub use ask::Forgot;
pub use choose::Reset;
pub use done::ResetDone;
pub use invitation::{Invitation, InvitationDone};
pub use sent::ForgotSent;

use leptos::prelude::*;

use crate::{i18n::tr, ui::steps::Steps};

/// The steps after asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Mail,
    Choose,
    Done,
}

/// Where one is.
#[component]
fn Progress(step: Step) -> impl IntoView {
    let current = match step {
        Step::Mail => 0,
        Step::Choose => 1,
        // Nothing is left to do: the last step is done as well.
        Step::Done => 3,
    };
    view! { <Steps names=vec![tr!(reset.step_mail), tr!(reset.step_choose), tr!(reset.step_done)] current /> }
}
