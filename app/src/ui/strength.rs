//! How hard a password is to guess.
//!
//! The estimate is large (word lists), so it is a piece of code of its own that the browser
//! fetches when a password field gets the focus. Typing never waits for it.

use leptos::prelude::*;
use model::account::PasswordRules;

use super::icon::{Glyph, Icon};
use crate::i18n::tr;

/// Bars and a sentence about the password being typed. The room for both is there from the start.
#[component]
pub fn Strength(
    /// What is typed.
    typed: RwSignal<String>,
    /// What the password must be like.
    rules: PasswordRules,
    /// Whether the field has had the focus.
    wanted: RwSignal<bool>,
) -> impl IntoView {
    // 0 to 4; none while nothing is typed or the estimate is on its way.
    let score = RwSignal::new(None::<u8>);
    #[cfg(feature = "hydrate")]
    estimate::follow(typed, wanted, score);
    #[cfg(not(feature = "hydrate"))]
    let _ = wanted;

    let missing = Memo::new(move |_| {
        let have = typed.with(|typed| typed.chars().count());
        let shortest = usize::try_from(rules.shortest).unwrap_or(usize::MAX);
        if have == 0 { None } else { Some(shortest.saturating_sub(have)) }
    });
    let verdict = move || match (missing.get(), score.get()) {
        (None, _) => (None, tr!(strength.rule, min = rules.shortest)),
        (Some(1), _) => (Some(false), tr!(strength.missing_last).to_owned()),
        (Some(missing @ 2..), _) => (Some(false), tr!(strength.missing, count = missing)),
        (Some(0), None) => (None, tr!(strength.estimating).to_owned()),
        (Some(0), Some(0 | 1)) => (Some(false), tr!(strength.weak).to_owned()),
        (Some(0), Some(2)) => (Some(false), tr!(strength.fair).to_owned()),
        (Some(0), Some(3)) => (Some(true), tr!(strength.strong).to_owned()),
        (Some(0), Some(_)) => (Some(true), tr!(strength.very_strong).to_owned()),
    };
    // Told to those who listen once typing pauses, not with every letter.
    let spoken = RwSignal::new(String::new());
    #[cfg(feature = "hydrate")]
    {
        let text = Signal::derive(move || verdict().1);
        estimate::speak(typed, text, spoken);
    }
    let level = move || match score.get() {
        None => "strength",
        Some(0) => "strength strength-0",
        Some(1) => "strength strength-1",
        Some(2) => "strength strength-2",
        Some(3) => "strength strength-3",
        Some(_) => "strength strength-4",
    };
    view! {
        <div class=level aria-hidden="true">
            <span></span>
            <span></span>
            <span></span>
            <span></span>
        </div>
        <p class="strength-text" id="new-strength">
            {move || {
                let (good, text) = verdict();
                let icon = match good {
                    Some(true) => view! { <Glyph icon=Icon::Check class="size-4 mt-0.5 text-success" /> }.into_any(),
                    Some(false) => view! { <span class="dot mt-1.5" aria-hidden="true"></span> }.into_any(),
                    None => ().into_any(),
                };
                view! { {icon} <span>{text}</span> }
            }}
        </p>
        <p class="sr-only" aria-live="polite">{spoken}</p>
    }
}

#[cfg(feature = "hydrate")]
mod estimate {
    use std::time::Duration;

    use leptos::{prelude::*, task::spawn_local};

    /// How long typing must pause before an estimate is made.
    const PAUSE: Duration = Duration::from_millis(120);
    /// How long typing must pause before the verdict is read out.
    const LULL: Duration = Duration::from_millis(800);
    /// The first characters are enough to be strong; more would only take time.
    const LOOKED_AT: usize = 100;

    /// Repeats a text after typing has paused for a while.
    pub fn speak(typed: RwSignal<String>, text: Signal<String>, spoken: RwSignal<String>) {
        Effect::new(move |last: Option<Option<TimeoutHandle>>| {
            if let Some(Some(last)) = last {
                last.clear();
            }
            let text = text.get();
            if typed.with_untracked(String::is_empty) {
                return None;
            }
            let say = move || {
                spoken.try_set(text);
            };
            set_timeout_with_handle(say, LULL).ok()
        });
    }

    /// Estimates what is typed, after it has been typed.
    pub fn follow(typed: RwSignal<String>, wanted: RwSignal<bool>, score: RwSignal<Option<u8>>) {
        // Fetched before the first letter.
        Effect::new(move || {
            if wanted.get() {
                spawn_local(async {
                    estimate(String::new()).await;
                });
            }
        });
        Effect::new(move |last: Option<Option<TimeoutHandle>>| {
            if let Some(Some(last)) = last {
                last.clear();
            }
            let password: String = typed.with(|typed| typed.chars().take(LOOKED_AT).collect());
            if password.is_empty() {
                score.set(None);
                return None;
            }
            let start = move || {
                spawn_local(async move {
                    let estimate = estimate(password.clone()).await;
                    // Typing went on meanwhile: another estimate is on its way.
                    if typed.try_with_untracked(|typed| typed.starts_with(&password)) == Some(true)
                    {
                        score.try_set(Some(estimate));
                    }
                });
            };
            set_timeout_with_handle(start, PAUSE).ok()
        });
    }

    /// 0 (guessed at once) to 4 (not in a lifetime).
    #[lazy]
    fn estimate(password: String) -> u8 {
        zxcvbn::zxcvbn(&password, &[]).score().into()
    }
}
