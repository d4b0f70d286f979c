//! Where one is in a wizard.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::i18n::tr;

/// Numbered steps; on a narrow screen only the current one is named.
#[component]
pub fn Steps(
    /// The steps' names.
    names: Vec<&'static str>,
    /// The current step, from 0; behind the last one when all is done.
    current: usize,
) -> impl IntoView {
    let steps = names
        .into_iter()
        .enumerate()
        .map(|(place, name)| {
            let state = match place {
                _ if place < current => "step step-done",
                _ if place == current => "step step-current",
                _ => "step",
            };
            let mark = if place < current {
                view! {
                    <Glyph icon=Icon::Check class="size-4" />
                    <span class="sr-only">{tr!(common.step_done)}</span>
                }
                .into_any()
            } else {
                (place + 1).into_any()
            };
            view! {
                <li class=state aria-current=(place == current).then_some("step")>
                    <span class="step-mark num">{mark}</span>
                    <span class="step-name">{name}</span>
                </li>
            }
        })
        .collect_view();
    view! { <ol class="steps-line">{steps}</ol> }
}
