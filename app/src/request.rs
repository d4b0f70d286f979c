//! What a request says that pages and server functions need.

use serde::{Deserialize, Serialize};

/// The reader's choice of light and dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the browser or the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// Every choice, in the order in which it is offered.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The word in forms and in the cookie.
    pub fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The choice that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.word() == word)
    }

    /// The value of `data-theme`; none lets the system decide.
    pub fn attribute(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("rekey"),
            Self::Dark => Some("rekey-dark"),
        }
    }
}

/// The cookie that remembers the reader's language; its value is a language tag.
pub const LANGUAGE_COOKIE: &str = "rekey-language";
/// The cookie that remembers light or dark; its value is a [`Theme::word`].
pub const THEME_COOKIE: &str = "rekey-theme";
/// The cookie that remembers by which front door one came in, so that one leaves by it too;
/// its value is the prefix of the site's public paths.
pub const DOOR_COOKIE: &str = "rekey-door";

/// Fields of forms that are never shown again, whatever became of the form.
pub const SECRET_FIELDS: [&str; 10] = [
    "password",
    "new",
    "retype",
    "current",
    "pin",
    "code",
    "answer",
    "smtp_password",
    "api_key",
    "signing_secret",
];

#[cfg(feature = "ssr")]
mod facts {
    use std::{collections::BTreeMap, net::IpAddr};

    use model::{account::Language, id::LinkId, organization::SiteView};

    use super::Theme;

    /// One request, read once by the server and given to pages and server functions as context.
    #[derive(Debug, Clone)]
    pub struct RequestFacts {
        /// The front door: by host, else by the path's slug, else the default site.
        pub site: SiteView,
        /// The origin that links are built on, never taken from the request unchecked.
        pub origin: String,
        /// The origin at which the browser is: the same, or that of a site with a host of its own.
        pub here: String,
        /// Whether the browser came over https.
        pub https: bool,
        /// The client's address: the peer's, or what a trusted proxy says.
        pub address: IpAddr,
        /// The `User-Agent` header, empty when missing.
        pub user_agent: String,
        /// Names this request in answers and logs.
        pub request_id: String,
        /// The reader's language: cookie, `Accept-Language`, the site's.
        pub language: Language,
        /// Light or dark: cookie, else as the system says.
        pub theme: Theme,
        /// The request's cookies by name; of two with one name the first counts.
        pub cookies: BTreeMap<String, String>,
        /// Whether this is the demo, with mail readable at `/demo/mail`.
        pub demo: bool,
    }

    impl RequestFacts {
        /// A cookie's name as this request's scheme wants it: over https the `__Host-` prefix ties
        /// it to this very host.
        pub fn host_cookie(&self, name: &str) -> String {
            if self.https { format!("__Host-{name}") } else { name.to_owned() }
        }

        /// The cookie that holds the session's token.
        pub fn session_cookie(&self) -> String {
            self.host_cookie("rekey")
        }

        /// The cookie that says that this browser has signed in before.
        pub fn device_cookie(&self) -> String {
            self.host_cookie("rekey-device")
        }

        /// The cookie that holds the token of a mailed link.
        pub fn link_cookie(&self, link: LinkId) -> String {
            self.host_cookie(&format!("rekey-link-{link}"))
        }
    }
}

#[cfg(feature = "ssr")]
pub use facts::RequestFacts;
