//! Organizations and their front doors.

use serde::{Deserialize, Serialize};

use crate::{
    account::Language,
    id::{OrganizationId, SiteId},
    text::Name,
};

/// Whether an organization is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationState {
    /// In use.
    Active,
    /// Nobody in it or below it can sign in.
    Suspended,
}

/// On which organization a page under `/organization` acts, and how far.
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acting {
    /// The organization.
    pub id: OrganizationId,
    /// What it is called.
    pub name: Name,
    /// Whether it is not the reader's own but one below it.
    pub below: bool,
    /// How many organizations the reader may choose from.
    pub scopes: u32,
    /// Whether the reader may change what the page shows.
    pub may_edit: bool,
    /// Whether the reader proved their own password a short while ago.
    pub stepped_up: bool,
    /// Whether its mail can be sent at all.
    pub sends_mail: bool,
}

/// A site as its visitors see it: enough to draw the front door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteView {
    /// The site.
    pub id: SiteId,
    /// The brand's name.
    pub name: Name,
    /// One line under the title of the sign-in page.
    pub tagline: Option<String>,
    /// Where people who need help write to.
    pub support_email: Option<String>,
    /// What public paths begin with: empty, or `/s/{slug}`.
    pub prefix: String,
    /// The language when neither the visitor nor the browser says another.
    pub language: Language,
}

impl SiteView {
    /// A public path of this site: `/login` becomes `/s/contoso/login`.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }
}
