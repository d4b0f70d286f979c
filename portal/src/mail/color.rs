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
        let link = fill.readable(WHITE, 4.5);
        let dark = fill.readable(DARK_PANEL, 6.5);
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

    /// The nearest lightness that stands out enough `against` a surface; hue and saturation stay.
    fn readable(self, against: Self, contrast: f64) -> Self {
        let (hue, saturation, lightness) = self.hsl();
        let end = if against.luminance() > 0.5 { 0.0 } else { 1.0 };
        (0..=50)
            .map(|step| lightness + (end - lightness) * f64::from(step) / 50.0)
            .map(|lightness| Self::from_hsl(hue, saturation, lightness))
            .find(|color| color.contrast(against) >= contrast)
            .unwrap_or(if end > 0.5 { WHITE } else { BLACK })
    }

    /// The text colour that is easier to read on this.
    fn ink(self) -> Self {
        if self.contrast(WHITE) >= self.contrast(INK) { WHITE } else { INK }
    }

    /// Hue in sixths of the circle, saturation and lightness from 0 to 1.
    fn hsl(self) -> (f64, f64, f64) {
        let [red, green, blue] = self.0.map(|channel| f64::from(channel) / 255.0);
        let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
        let (range, lightness) = (most - least, f64::midpoint(most, least));
        if range <= 0.0 {
            return (0.0, 0.0, lightness);
        }
        let hue = if red >= most {
            ((green - blue) / range).rem_euclid(6.0)
        } else if green >= most {
            (blue - red) / range + 2.0
        } else {
            (red - green) / range + 4.0
        };
        (hue, range / (1.0 - (2.0 * lightness - 1.0).abs()), lightness)
    }

    fn from_hsl(hue: f64, saturation: f64, lightness: f64) -> Self {
        let spread = saturation * lightness.min(1.0 - lightness);
        Self([0.0, 4.0, 2.0].map(|offset| {
            // How far from the channel's own sixths the hue is: the usual closed form.
            let distance = (hue * 2.0 + offset * 2.0).rem_euclid(12.0);
            let channel =
                lightness - spread * (distance - 3.0).min(9.0 - distance).clamp(-1.0, 1.0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "clamped to what fits"
            )]
            let channel = (channel.clamp(0.0, 1.0) * 255.0).round() as u8;
            channel
        }))
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
    fn what_is_readable_keeps_its_hue() {
        for text in ["#2a53b3", "#ffd400", "#0b6e4f", "#c81e5a", "#808080"] {
            let color = Color::parse(text).unwrap();
            let (hue, saturation, lightness) = color.hsl();
            assert_eq!(Color::from_hsl(hue, saturation, lightness), color, "{text}");
        }
        assert_eq!(Accent::of("#2a53b3").link, "#2a53b3");
    }

    #[test]
    fn contrast_is_what_wcag_says() {
        assert!((WHITE.contrast(BLACK) - 21.0).abs() < 1e-9);
        assert!((Color([0x77; 3]).contrast(WHITE) - 4.48).abs() < 0.01);
    }
}
