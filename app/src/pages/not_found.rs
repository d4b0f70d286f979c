//! Any path that is no page.

use leptos::prelude::*;

use crate::{
    front_door::FrontDoor,
    i18n::tr,
    ui::{
        go,
        icon::Icon,
        page::{PublicPage, Sign},
    },
};

/// The page.
#[component]
pub fn NotFound() -> impl IntoView {
    go::status(404);
    let home = FrontDoor::get().site.path("/login");
    view! {
        <PublicPage>
            <Sign icon=Icon::Nothing title=tr!(not_found.title) hint=tr!(not_found.hint)>
                <a class="btn btn-primary" href=home>{tr!(not_found.back)}</a>
            </Sign>
        </PublicPage>
    }
}
