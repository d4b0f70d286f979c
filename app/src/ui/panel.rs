//! Panels, notices, and what is shown instead of content.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::{
    go::{self, Go},
    icon::{Glyph, Icon},
};
use crate::{api::ApiError, front_door::FrontDoor, i18n::tr, words};

/// One thing on its own ground.
#[component]
pub fn Panel(
    /// What it is about.
    #[prop(optional, into)]
    title: Option<String>,
    /// One line under the title.
    #[prop(optional, into)]
    hint: Option<String>,
    /// The content.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="panel p-5 sm:p-8">
            {title.map(|title| view! { <h2>{title}</h2> })}
            {hint.map(|hint| view! { <p class="hint mt-1 max-w-prose">{hint}</p> })}
            {children()}
        </section>
    }
}

/// How a notice is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something worked.
    Good,
    /// Worth knowing.
    Plain,
    /// Something did not work.
    Bad,
}

/// A sentence or two that must not be missed.
#[component]
pub fn Notice(
    /// How it is meant.
    tone: Tone,
    /// The sentences.
    children: Children,
) -> impl IntoView {
    let (class, icon) = match tone {
        Tone::Good => ("notice notice-good", Icon::Check),
        Tone::Plain => ("notice", Icon::Info),
        Tone::Bad => ("notice notice-bad", Icon::Alert),
    };
    view! {
        <div class=class>
            <Glyph icon class="size-5 mt-px" />
            <div class="min-w-0">{children()}</div>
        </div>
    }
}

/// What is shown where there is nothing to show.
#[component]
pub fn Empty(
    /// Says it at a glance.
    icon: Icon,
    /// What is not there, and why that is fine.
    text: &'static str,
) -> impl IntoView {
    view! {
        <div class="flex flex-col items-center gap-3 py-10 text-center">
            <span class="badge-icon"><Glyph icon class="size-6" /></span>
            <p class="hint max-w-prose">{text}</p>
        </div>
    }
}

/// What is shown where there is no page for the reader.
#[component]
pub fn Absent() -> impl IntoView {
    go::status(404);
    view! {
        <div class="panel mx-auto flex max-w-md flex-col gap-4 p-8">
            <span class="badge-icon"><Glyph icon=Icon::Nothing class="size-6" /></span>
            <div>
                <h2>{tr!(not_found.title)}</h2>
                <p class="hint mt-1.5">{tr!(not_found.absent)}</p>
            </div>
            <a class="btn btn-primary" href="/">{tr!(not_found.start)}</a>
        </div>
    }
}

/// What is shown while content is on its way.
#[component]
pub fn Loading() -> impl IntoView {
    view! {
        <div class="flex items-center justify-center gap-3 py-16" role="status">
            <span class="spinner size-5" aria-hidden="true"></span>
            <span class="hint">{tr!(common.loading)}</span>
        </div>
    }
}

/// What is shown where content could not be had.
#[component]
pub fn Failed(
    /// Why.
    error: ApiError,
) -> impl IntoView {
    // A session that has ended meanwhile: sign in, and come back here.
    if error == ApiError::SignedOut {
        let back = use_location().pathname.get_untracked();
        return view! { <Go to=go::login_path(&FrontDoor::get().door, &back) /> }.into_any();
    }
    view! {
        <div role="alert">
            <Notice tone=Tone::Bad>
                <p>{words::error(&error)}</p>
                <p class="mt-1"><a class="link" href="" rel="external">{tr!(common.reload)}</a></p>
            </Notice>
        </div>
    }
    .into_any()
}
