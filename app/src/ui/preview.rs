//! A sign-in page in small, as it would look: drawn with attributes alone, which a page whose styles
//! come from its server alone may have.

use leptos::prelude::*;
use model::brand::{Brand, Corners};

/// Characters of a line that fit.
const FIT: usize = 30;

/// Grounds and words of the two themes, as `style/tokens.css` has them.
struct Theme {
    page: &'static str,
    panel: &'static str,
    line: &'static str,
    ink: &'static str,
    faint: &'static str,
}

const LIGHT: Theme =
    Theme { page: "#f5f7fb", panel: "#ffffff", line: "#dfe3ea", ink: "#1a2230", faint: "#566072" };
const DARK: Theme =
    Theme { page: "#0f131a", panel: "#1b1f27", line: "#30363f", ink: "#e6e9ef", faint: "#a9b0bc" };

/// What the words of the picture are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The brand's name.
    pub name: String,
    /// The line under the title.
    pub tagline: String,
    /// Where people write to who need help.
    pub support: String,
}

/// A sign-in page in small.
#[component]
pub fn Preview(
    /// How it looks.
    #[prop(into)]
    brand: Signal<Brand>,
    /// What it says.
    #[prop(into)]
    words: Signal<Words>,
    /// Whether it is dark.
    #[prop(optional)]
    dark: bool,
    /// What the picture shows, for those who do not see it.
    label: &'static str,
) -> impl IntoView {
    let theme = if dark { DARK } else { LIGHT };
    let colour = move || brand.with(|brand| brand.colour(dark));
    let primary = move || colour().to_string();
    let on_primary = move || colour().ink().to_string();
    let round = move |square: &'static str, soft: &'static str, round: &'static str| {
        brand.with(|brand| match brand.corners {
            Corners::Square => square,
            Corners::Soft => soft,
            Corners::Round => round,
        })
    };
    let letters = move || brand.with(|brand| brand.letters.stack());
    let line = move |of: fn(&Words) -> &str| words.with(|words| cut(of(words)));
    // A logo, or a mark and the name.
    let head = move || {
        match brand.with(|brand| brand.logo.clone()) {
        Some(logo) => {
            let (width, height) = logo.shown();
            view! {
            {dark.then(|| view! { <rect x="36" y="14" width=width + 8 height=height + 8 rx="6" fill="#f0f0f1" /> })}
            <image href=logo.path() x="40" y="18" width=width height=height />
        }
        .into_any()
        }
        None => view! {
            <rect x="40" y="22" width="24" height="24" rx=move || round("0", "6", "10") fill=primary />
            <path
                d="M48 38l5-5m-1 1 3 3m1-7a4 4 0 1 1-1-1"
                fill="none"
                stroke=on_primary
                stroke-width="1.6"
                stroke-linecap="round"
            />
            <text x="73" y="39" font-size="14" font-weight="600" fill=theme.ink>
                {move || line(|words| &words.name)}
            </text>
        }
        .into_any(),
    }
    };
    view! {
        <svg viewBox="0 0 320 300" role="img" aria-label=label class="preview" font-family=letters>
            <rect width="320" height="300" fill=theme.page />
            {head}
            <rect
                x="40.5"
                y="58.5"
                width="239"
                height="204"
                rx=move || round("0", "10", "20")
                fill=theme.panel
                stroke=theme.line
            />
            <rect x="58" y="80" width="74" height="11" rx="2" fill=theme.ink />
            <text x="58" y="108" font-size="10" fill=theme.faint>
                {move || line(|words| &words.tagline)}
            </text>
            <rect
                x="58.5"
                y="122.5"
                width="203"
                height="26"
                rx=move || round("0", "6", "13")
                fill="none"
                stroke=theme.faint
            />
            <rect
                x="58.5"
                y="160.5"
                width="203"
                height="26"
                rx=move || round("0", "6", "13")
                fill="none"
                stroke=theme.faint
            />
            <rect
                x="58"
                y="202"
                width="204"
                height="28"
                rx=move || round("0", "6", "14")
                fill=primary
            />
            <rect x="132" y="212" width="56" height="8" rx="2" fill=on_primary />
            <rect x="58" y="243" width="110" height="6" rx="2" fill=primary />
            <text x="160" y="284" font-size="10" text-anchor="middle" fill=theme.faint>
                {move || line(|words| &words.support)}
            </text>
        </svg>
    }
}

/// As much of a line as fits.
fn cut(text: &str) -> String {
    if text.chars().count() <= FIT {
        text.to_owned()
    } else {
        text.chars().take(FIT - 1).chain(['…']).collect()
    }
}
