//! `/reset/done`: the new password works.

use leptos::prelude::*;

use super::{Progress, Step};
use crate::{
    front_door::FrontDoor,
    i18n::tr,
    ui::page::{PageTitle, PublicPage},
};

/// The page that a plain post leads to.
#[component]
pub fn ResetDone() -> impl IntoView {
    view! { <PublicPage><Done /></PublicPage> }
}

/// The step.
#[component]
pub fn Done() -> impl IntoView {
    let login = FrontDoor::get().site.path("/login");
    view! {
        <Progress step=Step::Done />
        <PageTitle title=tr!(reset_done.title) hint=Some(tr!(reset_done.hint).to_owned()) />
        <ul class="advice">
            <li>{tr!(reset_done.everywhere)}</li>
            <li>{tr!(reset_done.unlocked)}</li>
            <li>{tr!(reset_done.mailed)}</li>
        </ul>
        <a class="btn btn-primary mt-6 w-full" href=login>{tr!(login.submit)}</a>
    }
}
