//! The brand's colour in letters, readable on light and on dark.

use model::brand::{Colour, READABLE};
use serde::Serialize;

/// What letters stand on in the light.
const PAPER: Colour = Colour::of([0xff; 3]);
/// What they stand on in the dark (`emails/layout.html`).
const DARK_PANEL: Colour = Colour::of([0x18, 0x1d, 0x26]);
/// The contrast of the product's own accent in the dark.
const DARK_CONTRAST: f64 = 6.5;

/// The accent colours of a letter, each `#rrggbb`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Accent {
    /// Filled surfaces in the light theme.
    fill: String,
    /// Text on those.
    on_fill: String,
    /// Links in the light theme.
    link: String,
    /// Filled surfaces and links in the dark theme.
    dark: String,
    /// Text on those surfaces.
    on_dark: String,
}

impl Accent {
    /// From the brand's colour.
    pub(super) fn of(fill: Colour) -> Self {
        let link = fill.readable(PAPER, READABLE);
        let dark = fill.readable(DARK_PANEL, DARK_CONTRAST);
        Self {
            fill: fill.to_string(),
            on_fill: fill.ink().to_string(),
            link: link.to_string(),
            dark: dark.to_string(),
            on_dark: dark.ink().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_brand_colour_stays_readable() {
        for primary in ["#2a53b3", "#ffd400", "#ffffff", "#000000", "#ff0000", "#808080", "#0B6E4F"]
        {
            let accent = Accent::of(Colour::parse(primary).unwrap());
            let colour = |text: &str| Colour::parse(text).unwrap();
            assert!(colour(&accent.link).contrast(PAPER) >= 4.5, "{primary}: {accent:?}");
            assert!(colour(&accent.dark).contrast(DARK_PANEL) >= 4.5, "{primary}: {accent:?}");
            for (ink, ground) in [(&accent.on_fill, &accent.fill), (&accent.on_dark, &accent.dark)]
            {
                assert!(colour(ink).contrast(colour(ground)) >= 4.5, "{primary}: {accent:?}");
            }
        }
    }
}
