//! Work of many steps that goes on beside requests: imports, links to many customers.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    account::Role,
    approval::Flagged,
    customer::Scope,
    id::{AccountId, ApprovalId, JobId, OrganizationId},
    organization::Acting,
    permission::Permission,
    refusal::FieldProblem,
    text::Name,
};

/// Most rows of one import.
pub const MOST_ROWS: u32 = 100_000;
/// The largest file of an import, in bytes.
pub const LARGEST_FILE: u64 = 50 * 1024 * 1024;
/// Problems of rows that a page shows; the file with all of them has the rest.
pub const PROBLEMS_SHOWN: usize = 50;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Customers from a file.
    Import,
    /// Links to new passwords for many customers.
    SendLinks,
    /// The passwords of staff stop working, and each of them is mailed a link to a new one.
    StaffLinks,
}

impl JobKind {
    /// The word in forms, in the database and on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::SendLinks => "send_links",
            Self::StaffLinks => "staff_links",
        }
    }

    /// What whoever begins, follows or ends it must be allowed.
    pub fn permission(self) -> Permission {
        match self {
            Self::Import | Self::SendLinks => Permission::EditCustomers,
            Self::StaffLinks => Permission::ManageStaff,
        }
    }

    /// Whether it is for somebody in this role, as far as roles decide that.
    pub fn is_for(self, role: Role) -> bool {
        role.may(self.permission()) && (self != Self::StaffLinks || role == Role::Owner)
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Its rows are on their way.
    Receiving,
    /// Its rows are there; what they mean is to be said.
    Draft,
    /// Every row is looked at, and nothing is changed.
    Checking,
    /// It can be started.
    Checked,
    /// It is done, row by row.
    Running,
    /// A second person has to agree before it begins.
    Approval,
    /// It waits to be resumed.
    Paused,
    /// Every row is done.
    Done,
    /// It was ended before every row was done.
    Stopped,
}

impl JobState {
    /// Whether it goes on by itself.
    pub fn is_moving(self) -> bool {
        matches!(self, Self::Receiving | Self::Checking | Self::Running)
    }
}

/// How many rows ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JobCounts {
    /// Customers created, or links sent.
    pub created: u32,
    /// Customers changed.
    pub updated: u32,
    /// Customers who were as the row says.
    pub unchanged: u32,
    /// Rows that were left out.
    pub refused: u32,
}

impl JobCounts {
    /// All of them.
    pub fn done(self) -> u32 {
        self.created + self.updated + self.unchanged + self.refused
    }
}

/// A job, as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobView {
    /// The job.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// Where it stands.
    pub state: JobState,
    /// Its rows.
    pub total: u32,
    /// Those that are done.
    pub counts: JobCounts,
    /// Who began it.
    pub by: Name,
    /// When it was begun.
    pub created_at: Moment,
    /// When it ended.
    pub finished_at: Option<Moment>,
    /// Until when it rests, when it does.
    pub rests_until: Option<Moment>,
}

/// How one row ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowOutcome {
    /// A customer was created, or a link sent.
    Created,
    /// A customer was changed.
    Updated,
    /// There was nothing to do.
    Unchanged,
    /// It was left out.
    Refused,
}

impl RowOutcome {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

/// What came of one row. It holds nothing personal: it outlives the rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowResult {
    /// The line of the file; the number of the customer in other jobs.
    pub line: u32,
    /// How it ended.
    pub outcome: RowOutcome,
    /// Why it was left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<FieldProblem>,
    /// The customer whom it is about, when that is known before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<AccountId>,
}

/// What a column of an import may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportField {
    /// What the reseller calls the customer in other books: by it customers are found.
    Reference,
    /// What the customer is called.
    Name,
    /// Where mail goes.
    Email,
    /// The customer's company.
    Company,
    /// A second name to sign in with.
    UserName,
    /// The language of pages and mails.
    Language,
    /// Whether the reseller may set the password.
    Consent,
}

impl ImportField {
    /// Every field.
    pub const ALL: [Self; 7] = [
        Self::Reference,
        Self::Name,
        Self::Email,
        Self::Company,
        Self::UserName,
        Self::Language,
        Self::Consent,
    ];

    /// The word in forms and in problems.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Name => "name",
            Self::Email => "email",
            Self::Company => "company",
            Self::UserName => "user_name",
            Self::Language => "language",
            Self::Consent => "consent",
        }
    }

    /// Headings that mean it: folded, without spaces and punctuation.
    pub fn headings(self) -> &'static [&'static str] {
        match self {
            Self::Reference => &[
                "reference",
                "ref",
                "customernumber",
                "customerno",
                "customerid",
                "number",
                "id",
                "externalid",
                "kennzeichen",
                "kundennummer",
                "kundennr",
                "nummer",
                "referenz",
            ],
            Self::Name => &[
                "name",
                "fullname",
                "displayname",
                "customername",
                "contact",
                "kundenname",
                "ansprechpartner",
                "vollername",
            ],
            Self::Email => &["email", "emailaddress", "mail", "emailadresse", "mailadresse"],
            Self::Company => {
                &["company", "companyname", "organization", "organisation", "firma", "unternehmen"]
            }
            Self::UserName => &["username", "login", "loginname", "benutzername", "benutzer"],
            Self::Language => &["language", "lang", "locale", "sprache"],
            Self::Consent => &[
                "consent",
                "allowresets",
                "allowsresets",
                "allowresetsbyyourreseller",
                "resetsallowed",
                "permission",
                "erlaubnis",
                "zustimmung",
                "einwilligung",
            ],
        }
    }
}

/// An import, as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportView {
    /// The job.
    pub job: JobView,
    /// The name of the file.
    pub file: String,
    /// The first line of the file.
    pub headings: Vec<String>,
    /// The column of each field of [`ImportField::ALL`], from 0 on.
    pub columns: Vec<Option<u32>>,
    /// Organizations whose customers they may become.
    pub organizations: Vec<Scope>,
    /// The one that is chosen.
    pub organization: OrganizationId,
    /// Whether those who are created are invited.
    pub invites: bool,
    /// Whether mail can be sent at all.
    pub sends_mail: bool,
    /// The first rows that were, or would be, left out.
    pub problems: Vec<RowResult>,
    /// Whether the reader proved their own password a short while ago.
    pub stepped_up: bool,
}

/// Customers of one job of links at most.
pub const MOST_LINKS: u32 = 1_000_000;
/// Links a minute that one may choose from.
pub const RATES: [u32; 4] = [10, 30, 60, 300];

/// Many customers, or staff, before links are sent to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManyView {
    /// How many they are, or one more than `most`.
    pub count: u32,
    /// Most that one job takes.
    pub most: u32,
    /// Links that the reader's organization allows within an hour.
    pub per_hour: u32,
    /// Whether mail can be sent at all.
    pub sends_mail: bool,
    /// Whether the reader may also stop the passwords that are in use: owners may.
    pub may_stop: bool,
    /// Why a second person has to agree, if one has to.
    pub flagged: Option<Flagged>,
    /// Whether the reader proved their own password a short while ago.
    pub stepped_up: bool,
}

/// Staff, before their passwords are stopped and links are sent to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffLinksView {
    /// Whose staff: of this organization and of those below it.
    pub acting: Acting,
    /// How many they are.
    pub many: ManyView,
}

/// Whether links to many customers come with the end of the passwords that were in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OldPasswords {
    /// They work until new ones are chosen.
    Kept,
    /// They are stopped now; some of them still work.
    Stopping,
    /// Some of them do not work any more, and nothing goes on by itself.
    Partly,
    /// None of them works any more.
    Stopped,
}

/// Customers, before they leave as a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportView {
    /// How many they are.
    pub count: u32,
    /// Whether the reader proved their own password a short while ago.
    pub stepped_up: bool,
}

/// Links to many customers, as their page shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinksView {
    /// The job.
    pub job: JobView,
    /// Links a minute at most.
    pub per_minute: u32,
    /// What becomes of the passwords that were in use.
    pub old_passwords: OldPasswords,
    /// What a second person is asked to agree to, and until when they can, while it waits for that.
    pub approval: Option<(ApprovalId, Moment)>,
    /// The first customers who were left out.
    pub problems: Vec<RowResult>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_wire() {
        for field in ImportField::ALL {
            assert_eq!(serde_json::to_value(field).expect("serializes"), field.word());
        }
        for outcome in
            [RowOutcome::Created, RowOutcome::Updated, RowOutcome::Unchanged, RowOutcome::Refused]
        {
            assert_eq!(serde_json::to_value(outcome).expect("serializes"), outcome.word());
        }
    }

    #[test]
    fn no_heading_means_two_things() {
        let mut all: Vec<&str> =
            ImportField::ALL.into_iter().flat_map(ImportField::headings).copied().collect();
        let many = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), many);
    }
}
