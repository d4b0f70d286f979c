//! How a front door looks: its colour, its corners, its letters, and where its terms are.

use serde::{Deserialize, Serialize};

use crate::{
    account::Language,
    organization::{Acting, Door},
    refusal::Problem,
    text::Name,
};

/// Longest tagline, in characters: one line of the sign-in page.
pub const LONGEST_TAGLINE: usize = 120;
/// Longest address of a page of terms, in characters.
pub const LONGEST_LINK: usize = 300;

/// Least contrast of text with what is behind it (WCAG 2.2, 1.4.3, level AA).
pub const READABLE: f64 = 4.5;
/// What pages are in the light, where they are darkest: `--color-base-200` in `style/tokens.css`.
const PAPER: Colour = Colour([0xf5, 0xf7, 0xfb]);
/// What panels are in the dark, which are the lightest there: `--color-base-100`.
const SLATE: Colour = Colour([0x1b, 0x1f, 0x27]);
/// What is written on a colour in the light.
const WHITE: Colour = Colour([0xff; 3]);
/// What is written on a colour in the dark: `--color-primary-content` there.
const INK: Colour = Colour([0x06, 0x10, 0x27]);
const BLACK: Colour = Colour([0; 3]);

/// A colour that screens show, in sRGB: `#2a51b4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour([u8; 3]);

impl Colour {
    /// What Rekey itself looks like.
    pub const REKEY: Self = Self([0x2a, 0x51, 0xb4]);
    /// The same in the dark: `--color-primary` there, in `style/tokens.css`.
    pub const REKEY_IN_THE_DARK: Self = Self([0x84, 0xa9, 0xf7]);

    /// Reads `#2a51b4`, with or without `#`, in either case; `#25b` is short for `#2255bb`.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Problem::Required);
        }
        let digits: Vec<u8> = text
            .strip_prefix('#')
            .unwrap_or(text)
            .chars()
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect::<Option<_>>()
            .ok_or(Problem::NotAColour)?;
        let mut channels = [0; 3];
        match digits.len() {
            3 => channels.iter_mut().zip(&digits).for_each(|(to, digit)| *to = digit * 17),
            6 => {
                let pairs = digits.chunks_exact(2);
                channels.iter_mut().zip(pairs).for_each(|(to, pair)| *to = pair[0] * 16 + pair[1]);
            }
            _ => return Err(Problem::NotAColour),
        }
        Ok(Self(channels))
    }

    /// The colour of these channels: red, green and blue.
    pub const fn of(channels: [u8; 3]) -> Self {
        Self(channels)
    }

    /// How bright it is, from 0 to 1 (WCAG 2.2, relative luminance).
    fn luminance(self) -> f64 {
        let [r, g, b] = self.0.map(|channel| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// How well one is read on the other, from 1 to 21 (WCAG 2.2, contrast ratio).
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// The nearest lightness that has so much contrast with a ground; hue and saturation stay.
    #[must_use]
    pub fn readable(self, ground: Self, contrast: f64) -> Self {
        if self.contrast(ground) >= contrast {
            return self;
        }
        let (hue, saturation, lightness) = self.hsl();
        let end = if ground.luminance() > 0.5 { 0.0 } else { 1.0 };
        (1..=50)
            .map(|step| lightness + (end - lightness) * f64::from(step) / 50.0)
            .map(|lightness| Self::from_hsl(hue, saturation, lightness))
            .find(|colour| colour.contrast(ground) >= contrast)
            .unwrap_or(if end > 0.5 { WHITE } else { BLACK })
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

    /// Whether links and buttons of this colour are read well in the light.
    pub fn is_readable(self) -> bool {
        self.contrast(PAPER) >= READABLE
    }

    /// The same, if it is read well in the light; else the nearest darker one that is.
    #[must_use]
    pub fn in_the_light(self) -> Self {
        self.readable(PAPER, READABLE)
    }

    /// The same, if it is read well in the dark; else the nearest lighter one that is.
    #[must_use]
    pub fn in_the_dark(self) -> Self {
        self.readable(SLATE, READABLE)
    }

    /// What is written on it.
    #[must_use]
    pub fn ink(self) -> Self {
        if self.contrast(WHITE) >= self.contrast(INK) { WHITE } else { INK }
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

impl TryFrom<String> for Colour {
    type Error = Problem;
    fn try_from(text: String) -> Result<Self, Problem> {
        Self::parse(&text)
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$variant_doc])* $variant),+
        }

        impl $name {
            /// Every choice, in the order in which it is offered.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word in forms.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The choice that a word stands for.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|choice| choice.word() == word)
            }
        }
    )+};
}

choices! {
    /// How round the corners of fields and panels are.
    Corners {
        /// Not at all.
        Square = "square",
        /// A little, as Rekey's own.
        #[default]
        Soft = "soft",
        /// Very.
        Round = "round",
    }

    /// The letters of pages. Each is there already on the reader's machine: nothing is fetched.
    Letters {
        /// As the system writes.
        #[default]
        System = "system",
        /// Open and friendly.
        Humanist = "humanist",
        /// With round ends.
        Rounded = "rounded",
        /// As books are printed.
        Serif = "serif",
    }
}

impl Letters {
    /// The families to look for, the likeliest first, as `font-family` has them (the stacks of
    /// modern-font-stacks, which are found on nearly all machines).
    pub fn stack(self) -> &'static str {
        match self {
            Self::System => "ui-sans-serif,system-ui,'Segoe UI',sans-serif",
            Self::Humanist => {
                "Seravek,'Gill Sans Nova',Ubuntu,Calibri,'DejaVu Sans',source-sans-pro,sans-serif"
            }
            Self::Rounded => {
                "ui-rounded,'Hiragino Maru Gothic ProN',Quicksand,Comfortaa,Manjari,'Arial Rounded MT Bold',Calibri,source-sans-pro,sans-serif"
            }
            Self::Serif => "Charter,'Bitstream Charter','Sitka Text',Cambria,'DejaVu Serif',serif",
        }
    }
}

/// Pages elsewhere that a front door leads to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LegalLinks {
    /// Who answers for it.
    pub imprint: Option<String>,
    /// What becomes of personal data.
    pub privacy: Option<String>,
    /// What one agrees to.
    pub terms: Option<String>,
}

/// Largest file of a picture, in bytes.
pub const LARGEST_PICTURE: usize = 2 * 1024 * 1024;
/// Widest and highest picture that is looked at, in pixels.
pub const WIDEST_PICTURE: u32 = 4_000;
/// How high logos are shown at most, in CSS pixels.
const LOGO_HEIGHT: u32 = 32;
/// How wide logos are shown at most, in CSS pixels.
const LOGO_WIDTH: u32 = 200;

choices! {
    /// What a picture is for.
    PictureKind {
        /// Stands above the pages instead of mark and name.
        #[default]
        Logo = "logo",
        /// Stands for the site among a browser's tabs and on a telephone.
        Icon = "icon",
    }
}

/// A picture of a front door, which is a PNG that was encoded here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// The beginning of the SHA-256 of its content, in hex.
    pub digest: String,
    /// Its width, in pixels.
    pub width: u32,
    /// Its height, in pixels.
    pub height: u32,
}

impl Picture {
    /// Where it is, at every host. What is there never changes.
    pub fn path(&self) -> String {
        format!("/brand/{}", self.digest)
    }

    /// How wide and how high it is shown as a logo, in CSS pixels.
    pub fn shown(&self) -> (u32, u32) {
        let (width, height) = (self.width.max(1), self.height.max(1));
        let shown = LOGO_HEIGHT.min(height);
        let wide = (width * shown / height).max(1);
        if wide <= LOGO_WIDTH {
            (wide, shown)
        } else {
            (LOGO_WIDTH, (height * LOGO_WIDTH / width).max(1))
        }
    }
}

/// How a front door looks, beside its name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Brand {
    /// The colour of buttons, links and marks; Rekey's own when there is none.
    pub primary: Option<Colour>,
    /// The corners.
    pub corners: Corners,
    /// The letters.
    pub letters: Letters,
    /// What it links to at the foot.
    pub links: LegalLinks,
    /// Its logo, in place of a mark and the name.
    pub logo: Option<Picture>,
    /// Its icon, in place of Rekey's own.
    pub icon: Option<Picture>,
    /// The languages that it speaks beside its usual one; all of them when it was never asked.
    pub languages: Option<Vec<Language>>,
}

impl Brand {
    /// The languages that are spoken, in the order in which they are offered; `usual` always is.
    pub fn spoken(&self, usual: Language) -> Vec<Language> {
        let is_spoken = |one: &Language| {
            *one == usual || self.languages.as_ref().is_none_or(|spoken| spoken.contains(one))
        };
        Language::ALL.into_iter().filter(is_spoken).collect()
    }

    /// A language that somebody wants, if it is spoken, else the usual one.
    pub fn speaks(&self, wanted: Language, usual: Language) -> Language {
        if self.spoken(usual).contains(&wanted) { wanted } else { usual }
    }

    /// The picture of a kind.
    pub fn picture(&self, kind: PictureKind) -> Option<&Picture> {
        match kind {
            PictureKind::Logo => self.logo.as_ref(),
            PictureKind::Icon => self.icon.as_ref(),
        }
    }

    /// The place of the picture of a kind.
    pub fn picture_mut(&mut self, kind: PictureKind) -> &mut Option<Picture> {
        match kind {
            PictureKind::Logo => &mut self.logo,
            PictureKind::Icon => &mut self.icon,
        }
    }

    /// The colour that its pages have, in the light or in the dark.
    pub fn colour(&self, dark: bool) -> Colour {
        match (self.primary, dark) {
            (Some(primary), false) => primary.in_the_light(),
            (Some(primary), true) => primary.in_the_dark(),
            (None, false) => Colour::REKEY,
            (None, true) => Colour::REKEY_IN_THE_DARK,
        }
    }

    /// Whether pages look as Rekey's own.
    pub fn is_plain(&self) -> bool {
        self.primary.is_none()
            && self.corners == Corners::default()
            && self.letters == Letters::default()
    }

    /// What of its style sheet is the same in the light and in the dark, and what is not: custom
    /// properties with their values.
    fn properties(&self) -> [String; 3] {
        let coloured = |colour: Colour| {
            format!("--color-primary:{colour};--color-primary-content:{};", colour.ink())
        };
        let mut both = String::new();
        match self.corners {
            Corners::Square => {
                both += "--radius-selector:0;--radius-field:0;--radius-box:0;";
            }
            Corners::Soft => {}
            Corners::Round => {
                both += "--radius-selector:.5rem;--radius-field:1.25rem;--radius-box:1.5rem;";
            }
        }
        if self.letters != Letters::default() {
            both.extend(["--font-sans:", self.letters.stack(), ";"]);
        }
        let [light, dark] =
            [false, true].map(|dark| self.primary.is_some().then(|| coloured(self.colour(dark))));
        [both, light.unwrap_or_default(), dark.unwrap_or_default()]
    }

    /// The style sheet of its pages: in the light, in the dark as the system has it, and in the
    /// dark as the reader chose it.
    pub fn style_sheet(&self) -> String {
        let [both, light, dark] = self.properties();
        format!(
            ":root{{{both}{light}}}@media (prefers-color-scheme:dark){{:root:not([data-theme=rekey]){{{dark}}}}}:root[data-theme=rekey-dark]{{{dark}}}"
        )
    }
}

/// What an organization decides about its front door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnDoor {
    /// The brand's name.
    pub name: Name,
    /// One line under the title of the sign-in page.
    pub tagline: Option<String>,
    /// Where people who need help write to.
    pub support_email: Option<String>,
    /// The language when neither the visitor nor the browser says another.
    pub language: Language,
    /// How it looks.
    pub brand: Brand,
}

/// `/organization/brand`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrandView {
    /// On which organization the page acts.
    pub acting: Acting,
    /// The front door that its people sign in at.
    pub door: Door,
    /// What it has decided, unless the door is that of an organization above it.
    pub own: Option<OwnDoor>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        Colour::parse(text).unwrap()
    }

    #[test]
    fn colours_are_read_as_people_write_them() {
        for text in ["#2a51b4", "2A51B4", " #2a51b4 "] {
            assert_eq!(colour(text), Colour::REKEY, "{text}");
        }
        assert_eq!(colour("#25b").to_string(), "#2255bb");
        assert_eq!(Colour::parse(" "), Err(Problem::Required));
        for text in ["blue", "#12", "#12345", "#1234567", "rgb(1,2,3)", "#+1+2+3", "#ééé"] {
            assert_eq!(Colour::parse(text), Err(Problem::NotAColour), "{text}");
        }
    }

    #[test]
    fn contrast_is_what_the_guidelines_say() {
        let close = |one: f64, other: f64| (one - other).abs() < 0.01;
        assert!(close(BLACK.contrast(WHITE), 21.0));
        assert!(close(WHITE.contrast(WHITE), 1.0));
        // The lightest grey that passes on white, as everybody knows it.
        assert!(close(colour("#767676").contrast(WHITE), 4.54));
        assert!(close(WHITE.contrast(colour("#767676")), 4.54));
        assert!(colour("#777777").contrast(WHITE) < READABLE);
    }

    #[test]
    fn what_is_readable_keeps_its_hue() {
        for text in ["#2a53b3", "#ffd400", "#0b6e4f", "#c81e5a", "#808080"] {
            let (hue, saturation, lightness) = colour(text).hsl();
            assert_eq!(Colour::from_hsl(hue, saturation, lightness), colour(text), "{text}");
        }
    }

    #[test]
    fn whatever_colour_it_is_pages_are_readable() {
        for r in (0..=255).step_by(15) {
            for g in (0..=255).step_by(15) {
                for b in (0..=255).step_by(15) {
                    let colour = Colour([r, g, b]);
                    let (light, dark) = (colour.in_the_light(), colour.in_the_dark());
                    assert!(light.is_readable(), "{colour}: {light}");
                    assert!(dark.contrast(SLATE) >= READABLE, "{colour}: {dark}");
                    for one in [light, dark] {
                        assert!(one.ink().contrast(one) >= READABLE, "{colour}: {one}");
                    }
                    assert_eq!(colour.is_readable(), light == colour);
                    let brand = Brand { primary: Some(colour), ..Brand::default() };
                    assert_eq!([brand.colour(false), brand.colour(true)], [light, dark]);
                }
            }
        }
    }

    #[test]
    fn a_style_sheet_is_made_of_nothing_that_was_typed() {
        let brand = Brand { primary: Some(colour("#ffcc00")), ..Brand::default() };
        let sheet = brand.style_sheet();
        assert!(
            sheet.contains(&format!("--color-primary:{}", brand.primary.unwrap().in_the_light()))
        );
        assert!(sheet.contains("--color-primary:#ffcc00"), "in the dark it is bright enough");
        assert!(Brand::default().is_plain() && !brand.is_plain());
        let own = [false, true].map(|dark| Brand::default().colour(dark));
        assert!(own[0].is_readable() && own[1].contrast(SLATE) >= READABLE);
    }

    #[test]
    fn a_logo_keeps_its_shape() {
        let shown = |width, height| Picture { digest: String::new(), width, height }.shown();
        assert_eq!(shown(480, 120), (128, 32));
        assert_eq!(shown(480, 40), (200, 16));
        assert_eq!(shown(24, 24), (24, 24));
        assert_eq!(shown(2, 480), (1, 32));
        assert_eq!(shown(0, 0), (1, 1));
    }

    #[test]
    fn what_is_stored_is_read_by_every_version() {
        let old: Brand =
            serde_json::from_str(r##"{"primary": "#2a51b4", "logo_url": null}"##).unwrap();
        assert_eq!(old.primary, Some(Colour::REKEY));
        assert_eq!(old.corners, Corners::Soft);
        let text = serde_json::to_string(&old).unwrap();
        assert_eq!(serde_json::from_str::<Brand>(&text).unwrap(), old);
    }
}
