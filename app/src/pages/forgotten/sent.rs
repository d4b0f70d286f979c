//! `/forgot/sent`: what to do next, whether or not there is such an account.

use leptos::prelude::*;

use super::{Progress, Step};
use crate::{
    front_door::FrontDoor,
    i18n::tr,
    ui::{
        page::{PageTitle, PublicPage},
        panel::{Notice, Tone},
    },
};

/// The page that a plain post leads to.
#[component]
pub fn ForgotSent() -> impl IntoView {
    view! { <PublicPage><Sent /></PublicPage> }
}

/// The step.
#[component]
pub fn Sent() -> impl IntoView {
    let FrontDoor { site, demo, .. } = FrontDoor::get();
    view! {
        <Progress step=Step::Mail />
        <PageTitle title=tr!(sent.title) hint=Some(tr!(sent.hint).to_owned()) />
        <ul class="advice">
            <li>{tr!(sent.open)}</li>
            <li>{tr!(sent.spam)}</li>
            <li>{tr!(sent.nothing)}</li>
        </ul>
        {demo
            .then(|| {
                view! {
                    <div class="mt-5">
                        <Notice tone=Tone::Plain>
                            {tr!(sent.demo)} " "
                            <a class="link" href="/demo/mail" rel="external">{tr!(sent.demo_link)}</a>
                        </Notice>
                    </div>
                }
            })}
        <div class="mt-6 grid gap-2">
            <a class="btn" href=site.path("/login")>{tr!(common.to_sign_in)}</a>
            <a class="btn btn-ghost" href=site.path("/forgot") rel="external">{tr!(sent.again)}</a>
        </div>
    }
}
