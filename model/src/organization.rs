//! Organizations and their front doors.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    account::Language,
    brand::Brand,
    customer::{Count, Scope},
    id::{OrganizationId, SiteId},
    slug::Slug,
    text::Name,
    wire::from_word,
};

/// Organizations on one page of the tree; whoever has more narrows them by their names.
pub const ORGANIZATIONS_SHOWN: usize = 100;

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

/// Organizations on one page of a list.
pub const ORGANIZATIONS_PER_PAGE: usize = 100;

/// An organization as programs are told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedOrganization {
    /// The organization.
    pub id: OrganizationId,
    /// What it is called.
    pub name: Name,
    /// The one directly above it, unless that is nothing to the reader.
    pub parent: Option<OrganizationId>,
    /// Whether it is in use, with all above it.
    pub state: OrganizationState,
    /// When it was created.
    pub created_at: Moment,
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
    /// The host name of its own that links lead to, where it has one.
    pub host: Option<String>,
    /// The language when neither the visitor nor the browser says another.
    pub language: Language,
    /// How it looks.
    pub brand: Brand,
}

impl SiteView {
    /// A public path of this site: `/login` becomes `/s/contoso/login`.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }
}

/// A front door, for those who are shown to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Door {
    /// The brand's name.
    pub name: Name,
    /// Where its sign-in page is: a path at the host that is visited, or a whole address elsewhere.
    pub href: String,
}

/// Whom those ask whose organization is suspended: the nearest one above it that is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhomToAsk {
    /// What it is called.
    pub name: Name,
    /// Where people write to who need its help.
    pub email: Option<String>,
}

/// How an organization stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationStanding {
    /// In use.
    Active,
    /// Suspended itself.
    Suspended,
    /// In use itself, and below one that is suspended.
    SuspendedAbove,
}

impl OrganizationStanding {
    /// Whether its people can sign in.
    pub fn is_active(self) -> bool {
        self == Self::Active
    }
}

/// An organization in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationLine {
    /// The organization.
    pub id: OrganizationId,
    /// What it is called.
    pub name: Name,
    /// How far below the reader's own it is.
    pub depth: u32,
    /// How it stands.
    pub standing: OrganizationStanding,
    /// Its own customers.
    pub customers: Count,
    /// Its own staff.
    pub staff: Count,
    /// Where its people sign in.
    pub door: Door,
    /// Whether that is the front door of one above it.
    pub shares: bool,
}

/// The organizations that somebody may look after: their own, and those below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationTree {
    /// The reader's own.
    pub own: Name,
    /// Each with those directly below it, by name; only some of them when there are very many, or
    /// when they were looked for.
    pub lines: Vec<OrganizationLine>,
    /// How many there are, or were found.
    pub found: u32,
    /// Whether the reader may add organizations.
    pub may_edit: bool,
}

/// What the form of a new organization shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOrganizationView {
    /// Below which one it is to be.
    pub acting: Acting,
    /// Below which ones it may be.
    pub parents: Vec<Scope>,
    /// The front door of that one.
    pub door: Door,
}

/// One organization, and what the reader may do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationView {
    /// On which one the page acts.
    pub acting: Acting,
    /// The organization.
    pub line: OrganizationLine,
    /// Those above it, from the reader's own on down.
    pub above: Vec<(OrganizationId, Name)>,
    /// How many are below it, at any depth.
    pub below: Count,
    /// Why the reader cannot rename it.
    pub no_name: Option<OrganizationObstacle>,
    /// Why it cannot be moved.
    pub no_move: Option<OrganizationObstacle>,
    /// Below which ones it may be moved; only some of them when there are very many.
    pub places: Vec<Scope>,
    /// Why it cannot be suspended.
    pub no_suspension: Option<OrganizationObstacle>,
    /// Why it cannot get a front door of its own.
    pub no_site: Option<OrganizationObstacle>,
    /// Those below it that share its front door, and would go with it.
    pub sharers: Vec<Name>,
    /// A word for a front door of its own that is free.
    pub slug: Option<Slug>,
    /// The host names of its front door, for those who may set them.
    pub hosts: Option<Vec<String>>,
    /// Why it cannot be deleted.
    pub no_end: Option<OrganizationObstacle>,
}

/// Why something cannot be done to an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationObstacle {
    /// The reader's role does not allow it.
    NotPermitted,
    /// It is the reader's own: those above it do that.
    Own,
    /// It is the reader's own, and they are not an owner.
    OwnName,
    /// There are organizations below it.
    HasOrganizations,
    /// It has customers or staff.
    HasAccounts,
    /// It has downstream systems.
    HasConnectors,
    /// Those who come to no other front door come to its.
    HasDefaultSite,
    /// It has a front door of its own already.
    HasSite,
    /// It shares the front door of those above it, and would not be below them any more.
    SharesSite,
    /// Customers are linked to downstream systems of organizations that would not be above any more.
    LinkedAbove,
}

/// What was done to an organization, and by which word addresses speak of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationDeed {
    /// It was added.
    Added,
    /// It is called otherwise.
    Renamed,
    /// It is below another one.
    Moved,
    /// Nobody can sign in there.
    Suspended,
    /// They can again.
    Resumed,
    /// It has a front door of its own.
    GotSite,
    /// Its front door has other host names.
    HostsSet,
}

impl OrganizationDeed {
    /// The deed of a word in an address.
    pub fn from_word(word: &str) -> Option<Self> {
        from_word(word)
    }
}

impl std::fmt::Display for OrganizationDeed {
    /// The word in addresses: the one on the wire.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(f)
    }
}

/// What became of a form about an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationDone {
    /// Which one it was about.
    pub organization: OrganizationId,
    /// What was done.
    pub deed: OrganizationDeed,
}
