//! What the server tells the browser once, with the page.

use leptos::{prelude::*, server::codee::string::JsonSerdeCodec};
use model::{id::SiteId, organization::SiteView, text::Name};
use serde::{Deserialize, Serialize};

use crate::request::Theme;

/// The front door that the page was opened at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrontDoor {
    /// The site.
    pub site: SiteView,
    /// What the path of the sign-in page begins with: by the door one came in, one leaves.
    pub door: String,
    /// Light or dark, as it was when the page was opened.
    pub theme: Theme,
    /// Whether this is the demo.
    pub demo: bool,
}

impl FrontDoor {
    /// The front door of this page.
    pub fn get() -> Self {
        expect_context()
    }

    /// Makes the front door known to all of the page.
    pub fn provide() {
        let door = SharedValue::<Self, JsonSerdeCodec>::new(Self::of_request).into_inner();
        provide_context(door);
    }

    #[cfg(feature = "ssr")]
    fn of_request() -> Self {
        use crate::request::{DOOR_COOKIE, RequestFacts};

        let Some(facts) = use_context::<RequestFacts>() else {
            return Self::nowhere();
        };
        let slug = |prefix: &str| {
            prefix.strip_prefix("/s/").is_some_and(|slug| {
                !slug.is_empty() && slug.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            })
        };
        let door = facts.cookies.get(DOOR_COOKIE).filter(|prefix| slug(prefix));
        Self {
            door: door.cloned().unwrap_or_else(|| facts.site.prefix.clone()),
            site: facts.site,
            theme: facts.theme,
            demo: facts.demo,
        }
    }

    #[cfg(not(feature = "ssr"))]
    fn of_request() -> Self {
        Self::nowhere()
    }

    /// While routes are listed there is no request, and nothing is shown.
    fn nowhere() -> Self {
        Self {
            site: SiteView {
                id: SiteId(uuid::Uuid::nil()),
                name: Name::parse("Rekey").expect("the product's name is a name"),
                tagline: None,
                support_email: None,
                prefix: String::new(),
                host: None,
                language: model::account::Language::default(),
                brand: model::brand::Brand::default(),
            },
            door: String::new(),
            theme: Theme::System,
            demo: false,
        }
    }
}
