//! The brand's colour, made readable on light and on dark.

use serde::Serialize;

/// A colour of the sRGB space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Color([u8; 3]);

const WHITE: Color = Color([0xff; 3]);
const BLACK: Color = Color([0; 3]);
/// The product's own accent (`--color-primary`).
const OWN: Color = Color([0x2a, 0x53, 0xb3]);
/// Panels of the dark theme (`--color-base-100`).
const DARK_PANEL: Color = Color([0x18, 0x1d, 0x26]);
/// Ink on light surfaces (`--color-primary-content` of the dark theme).
const INK: Color = Color([0x06, 0x10, 0x27]);

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
    /// From the brand's colour; from the product's own if that is none.
    pub(super) fn of(primary: &str) -> Self {
        let fill = Color::parse(primary).unwrap_or(OWN);
        // 4.5 is what WCAG 2.2 (1.4.3) asks of text; the dark theme's own accent has 6.6.
        let link = fill.until(BLACK, WHITE, 4.5);
        let dark = fill.until(WHITE, DARK_PANEL, 6.5);
        Self {
            fill: fill.to_string(),
            on_fill: fill.ink().to_string(),
            link: link.to_string(),
            dark: dark.to_string(),
            on_dark: dark.ink().to_string(),
        }
    }
}

impl Color {
    /// Exactly `#rrggbb`, so that nothing else gets into a style.
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?;
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let channel = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        Some(Self([channel(0)?, channel(2)?, channel(4)?]))
    }

    /// The first mixture of this with `towards` that stands out enough `against` a surface.
    fn until(self, towards: Self, against: Self, contrast: f64) -> Self {
        (0..=20)
            .map(|step| self.mixed(towards, f64::from(step) / 20.0))
            .find(|color| color.contrast(against) >= contrast)
            .unwrap_or(towards)
    }

    /// The text colour that is easier to read on this.
    fn ink(self) -> Self {
        if self.contrast(WHITE) >= self.contrast(INK) { WHITE } else { INK }
    }

    fn mixed(self, other: Self, part: f64) -> Self {
        let mut channels = self.0;
        for (own, other) in channels.iter_mut().zip(other.0) {
            let mixed = f64::from(*own) * (1.0 - part) + f64::from(other) * part;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between two channels, so between 0 and 255"
            )]
            let rounded = mixed.round() as u8;
            *own = rounded;
        }
        Self(channels)
    }

    /// Contrast ratio, 1 to 21 (WCAG 2.2, "contrast ratio").
    fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Relative luminance, 0 to 1 (WCAG 2.2, "relative luminance").
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|channel| {
            let channel = f64::from(channel) / 255.0;
            if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl std::fmt::Display for Color {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_brand_colour_stays_readable() {
        for primary in ["#2a53b3", "#ffd400", "#ffffff", "#000000", "#ff0000", "#808080", "#0B6E4F"]
        {
            let accent = Accent::of(primary);
            let color = |text: &str| Color::parse(text).unwrap();
            assert!(color(&accent.link).contrast(WHITE) >= 4.5, "{primary}: {accent:?}");
            assert!(color(&accent.dark).contrast(DARK_PANEL) >= 4.5, "{primary}: {accent:?}");
            for (ink, ground) in [(&accent.on_fill, &accent.fill), (&accent.on_dark, &accent.dark)]
            {
                assert!(color(ink).contrast(color(ground)) >= 4.5, "{primary}: {accent:?}");
            }
        }
    }

    #[test]
    fn what_is_no_colour_becomes_the_products_own() {
        for text in ["", "red", "#12345", "#1234567", "#12345g", "#ffffff;x:1", "#+12345", "#€fff"]
        {
            assert_eq!(Accent::of(text), Accent::of("#2a53b3"), "{text:?}");
        }
    }

    #[test]
    fn contrast_is_what_wcag_says() {
        assert!((WHITE.contrast(BLACK) - 21.0).abs() < 1e-9);
        assert!((Color([0x77; 3]).contrast(WHITE) - 4.48).abs() < 0.01);
    }
}
