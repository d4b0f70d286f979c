//! Line icons on a 24 px grid, stroke 1.75.

use leptos::prelude::*;

/// What an icon stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// A key: the brand's mark.
    Key,
    /// Shown.
    Eye,
    /// Hidden.
    EyeOff,
    /// Done.
    Check,
    /// Home.
    Home,
    /// A person.
    Person,
    /// Security.
    Shield,
    /// What happened.
    Clock,
    /// Signing out.
    Leave,
    /// Something is wrong.
    Alert,
    /// Worth knowing.
    Info,
    /// Mail.
    Mail,
    /// A computer.
    Computer,
    /// A telephone.
    Phone,
    /// Onwards.
    Forward,
    /// Back.
    Back,
    /// A suggestion.
    Spark,
    /// A link that leads nowhere.
    Unlink,
    /// Searching in vain.
    Nothing,
    /// Light.
    Sun,
    /// Dark.
    Moon,
    /// As the system says.
    Contrast,
    /// A lock.
    Lock,
    /// Searching.
    Search,
    /// Downwards.
    Down,
    /// Upwards.
    Up,
    /// Several people.
    People,
    /// An organization.
    Building,
    /// How something looks.
    Palette,
    /// Another system.
    Plug,
    /// A sheet with words on it.
    Letter,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Key => {
                "M10.5 13.5 19 5m-3.5 3.5L18 11m-1-4 2.5 2.5M12 16a4 4 0 1 1-8 0 4 4 0 0 1 8 0Z"
            }
            Self::Eye => {
                "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM15 12a3 3 0 1 1-6 0 3 3 0 0 1 6 0Z"
            }
            Self::EyeOff => {
                "m4 4 16 16M10 5.7a8.6 8.6 0 0 1 2-.2c6 0 9.5 6.5 9.5 6.5a16.5 16.5 0 0 1-2.7 3.4M6.3 7.2A15.6 15.6 0 0 0 2.5 12s3.5 6.5 9.5 6.5a9 9 0 0 0 4.2-1M9.9 9.9a3 3 0 0 0 4.2 4.2"
            }
            Self::Check => "m5 12.5 4.5 4.5L19 7.5",
            Self::Home => {
                "M4 11.5 12 4.5l8 7V19a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1v-7.5ZM9.5 20v-5.5h5V20"
            }
            Self::Person => {
                "M16 8a4 4 0 1 1-8 0 4 4 0 0 1 8 0ZM4.5 20c.6-3.7 3.6-6 7.5-6s6.9 2.3 7.5 6"
            }
            Self::Shield => {
                "M12 3.5 5 6v5.5c0 4.3 2.9 7.3 7 9 4.1-1.7 7-4.7 7-9V6l-7-2.5Zm-3 8.3 2.2 2.2 3.9-4"
            }
            Self::Clock => "M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0ZM12 7.5V12l3 2",
            Self::Leave => {
                "M14 7.5V6a1.5 1.5 0 0 0-1.5-1.5h-6A1.5 1.5 0 0 0 5 6v12a1.5 1.5 0 0 0 1.5 1.5h6A1.5 1.5 0 0 0 14 18v-1.5M10 12h10.5m0 0L17 8.5m3.5 3.5L17 15.5"
            }
            Self::Alert => {
                "M12 9v4.5m0 3v.1M10.7 4.3 2.9 17.7A1.5 1.5 0 0 0 4.2 20h15.6a1.5 1.5 0 0 0 1.3-2.3L13.3 4.3a1.5 1.5 0 0 0-2.6 0Z"
            }
            Self::Info => "M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0ZM12 11v5m0-8.5v.1",
            Self::Mail => {
                "M5 5.5h14A1.5 1.5 0 0 1 20.5 7v10a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 17V7A1.5 1.5 0 0 1 5 5.5Zm-1 1.6 8 6.4 8-6.4"
            }
            Self::Computer => {
                "M5.5 5h13A1.5 1.5 0 0 1 20 6.5V15H4V6.5A1.5 1.5 0 0 1 5.5 5ZM2.5 18.5h19"
            }
            Self::Phone => {
                "M8.5 3.5h7A1.5 1.5 0 0 1 17 5v14a1.5 1.5 0 0 1-1.5 1.5h-7A1.5 1.5 0 0 1 7 19V5a1.5 1.5 0 0 1 1.5-1.5ZM11 17.5h2"
            }
            Self::Forward => "m9.5 6 6 6-6 6",
            Self::Back => "m14.5 6-6 6 6 6",
            Self::Spark => {
                "M11 4.5 12.8 10l5.7 1.8-5.7 1.8L11 19.5l-1.8-5.9-5.7-1.8L9.2 10 11 4.5Zm8-1.5v4m2-2h-4"
            }
            Self::Unlink => {
                "M9.5 14.5 8 16a3.5 3.5 0 0 1-5-5l2.5-2.5m4-1L12 5m2.5 4.5L16 8a3.5 3.5 0 0 1 5 5l-2.5 2.5M4 4l16 16"
            }
            Self::Nothing => {
                "M16 10.5a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0Zm-1.5 4L20 20M8.5 10.5h4"
            }
            Self::Sun => {
                "M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0ZM12 3v1.5m0 15V21M3 12h1.5m15 0H21M5.6 5.6l1.1 1.1m10.6 10.6 1.1 1.1m0-12.8-1.1 1.1M6.7 17.3l-1.1 1.1"
            }
            Self::Moon => "M20 14.2A8.3 8.3 0 0 1 9.8 4a8.3 8.3 0 1 0 10.2 10.2Z",
            Self::Contrast => {
                "M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0ZM12 3.5v17m3-16v15m2.8-13v11"
            }
            Self::Search => "M16.5 11a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0Zm-1.5 4 5 5",
            Self::Down => "m6 9.5 6 6 6-6",
            Self::Up => "m6 14.5 6-6 6 6",
            Self::People => {
                "M12.5 8.5a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0ZM2.5 19.5c.5-3.2 3-5 6.5-5s6 1.8 6.5 5M15.5 5.3a3.5 3.5 0 0 1 0 6.4M17.5 14.9c2.2.6 3.6 2.2 4 4.6"
            }
            Self::Building => {
                "M5.5 20V5.5A1.5 1.5 0 0 1 7 4h6a1.5 1.5 0 0 1 1.5 1.5V20m0-10H18a1.5 1.5 0 0 1 1.5 1.5V20M3.5 20h17M8.5 8h3m-3 4h3m-3 4h3"
            }
            Self::Palette => {
                "M12 3.5a8.5 8.5 0 0 0 0 17c1.2 0 1.8-.8 1.8-1.7 0-1.5-1.3-1.6-1.3-2.9 0-1 .8-1.6 1.9-1.6h1.9a4.2 4.2 0 0 0 4.2-4.2c0-3.7-3.8-6.6-8.5-6.6ZM7.6 12h.01M9.6 8h.01M14.4 8h.01"
            }
            Self::Plug => "M9 4v4.5m6-4.5v4.5M6.5 8.5h11V12a5.5 5.5 0 0 1-11 0V8.5ZM12 17.5V21",
            Self::Letter => {
                "M7 3.5h7.5l4 4V19a1.5 1.5 0 0 1-1.5 1.5H7A1.5 1.5 0 0 1 5.5 19V5A1.5 1.5 0 0 1 7 3.5Zm7.5 0v4h4M9 12h6m-6 4h4"
            }
            Self::Lock => {
                "M6.5 10.5h11A1.5 1.5 0 0 1 19 12v6.5a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 18.5V12a1.5 1.5 0 0 1 1.5-1.5ZM8 10.5V8a4 4 0 0 1 8 0v2.5"
            }
        }
    }
}

/// An icon for the eye only: the words beside it say the same.
#[component]
pub fn Glyph(
    /// What it stands for.
    icon: Icon,
    /// Size and colour.
    #[prop(default = "size-5")]
    class: &'static str,
) -> impl IntoView {
    view! {
        <svg
            class=format!("{class} shrink-0")
            viewBox="0 0 24 24"
            fill="none"
            stroke="currentColor"
            stroke-width="1.75"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
        >
            <path d=icon.path() />
        </svg>
    }
}
