//! A link that cannot be used: what to do instead.

use leptos::prelude::*;
use model::link::LinkPurpose;

use crate::{
    front_door::FrontDoor,
    i18n::tr,
    ui::{go, icon::Icon, page::Sign},
};

/// What to do instead.
#[component]
pub fn Unusable(
    /// What it would have been for.
    purpose: LinkPurpose,
) -> impl IntoView {
    go::status(410);
    let site = FrontDoor::get().site;
    if purpose == LinkPurpose::Invitation {
        return view! {
            <Sign icon=Icon::Unlink title=tr!(unusable.title) hint=tr!(invitation.unusable)>
                <a class="btn btn-primary" href=site.path("/login")>{tr!(common.to_sign_in)}</a>
            </Sign>
        }
        .into_any();
    }
    view! {
        <Sign icon=Icon::Unlink title=tr!(unusable.title) hint=tr!(unusable.hint)>
            <a class="btn btn-primary" href=site.path("/forgot")>{tr!(unusable.again)}</a>
            <a class="btn btn-ghost" href=site.path("/login")>{tr!(common.to_sign_in)}</a>
        </Sign>
    }
    .into_any()
}
