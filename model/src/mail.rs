//! Mail, as those who look after it see it.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    id::{MailId, OrganizationId},
    organization::Acting,
    text::{EmailAddress, Name},
};

/// Mails on one page of the log.
pub const MAILS_PER_PAGE: usize = 50;

/// How the connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum MailSecurity {
    /// It begins in clear and must change to TLS before anything is said.
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// Not at all; to this machine only.
    None,
}

impl MailSecurity {
    /// Every choice, in the order in which it is offered.
    pub const ALL: [Self; 3] = [Self::Starttls, Self::Tls, Self::None];

    /// The word in forms.
    pub fn word(self) -> &'static str {
        match self {
            Self::Starttls => "starttls",
            Self::Tls => "tls",
            Self::None => "none",
        }
    }

    /// The choice that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|security| security.word() == word)
    }
}

/// The mail server of an organization. The password goes in and never comes out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnMail {
    /// Its host, as its certificate names it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: MailSecurity,
    /// The name to sign in with.
    pub user: Option<String>,
    /// Whether there is a password.
    pub has_password: bool,
    /// The sender's address.
    pub from_email: EmailAddress,
    /// The sender's name; the site's when there is none.
    pub from_name: Option<Name>,
    /// Where answers go; to whoever helps when there is none.
    pub reply_to: Option<EmailAddress>,
}

/// Through what an organization's mail goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailRoute {
    /// Its own mail server.
    Own,
    /// That of an organization above it.
    Inherited(Name),
    /// What the server's settings say.
    Server,
    /// There is none: mail waits.
    Nothing,
}

/// A key by which mail is signed (DKIM, RFC 6376), as those see it who publish its public half.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DkimView {
    /// Whose mail it signs: a domain.
    pub domain: String,
    /// The name of the record in the DNS.
    pub name: String,
    /// What stands in that record.
    pub value: String,
    /// Whether mail is signed.
    pub active: bool,
    /// Whether mail is sent from that domain.
    pub fits: bool,
}

/// How an organization's mail is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailView {
    /// Whose mail.
    pub acting: Acting,
    /// Its own mail server, if it has one.
    pub own: Option<OwnMail>,
    /// The key that its mail is signed with, if it has one.
    pub dkim: Option<DkimView>,
    /// Through what mail goes now.
    pub route: MailRoute,
    /// Through what it would go without a mail server of its own.
    pub inherited: MailRoute,
    /// Where a test mail goes: the reader's own address.
    pub test_to: EmailAddress,
}

/// How far a test mail came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailTest {
    /// The mail server took it.
    Accepted,
    /// There is no way for mail to go.
    NoRoute,
    /// The host's name has no address.
    NotResolved,
    /// The host's address is private, and the operator allows none of that.
    NotAllowed,
    /// Nothing listens there, or nothing that answers in time.
    NotReached,
    /// The connection could not be encrypted, or the certificate is not to be trusted.
    NotEncrypted,
    /// The sign-in was refused.
    SignInRefused,
    /// The sender was refused.
    SenderRefused,
    /// The recipient was refused.
    RecipientRefused,
    /// The letter was refused.
    LetterRefused,
    /// The time was over before all was said.
    TooSlow,
}

/// What became of a test mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailTested {
    /// How far it came.
    pub outcome: MailTest,
    /// What the mail server said, or what was in the way, on one line.
    pub answer: String,
    /// Where it went.
    pub to: EmailAddress,
}

/// Where a mail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum MailState {
    /// On its way; it may have been tried already.
    Waiting,
    /// A mail server took it.
    Sent,
    /// It was given up.
    Dead,
    /// Its time was over.
    Expired,
    /// It was given up, and sent again as another one.
    Replaced,
}

impl MailState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Waiting, Self::Sent, Self::Dead, Self::Expired, Self::Replaced];

    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Dead => "dead",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
        }
    }

    /// The state that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A mail in the log. What it says is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRow {
    /// The mail.
    pub id: MailId,
    /// To whom.
    pub recipient: EmailAddress,
    /// What it is about: the word of its kind.
    pub kind: String,
    /// Where it stands.
    pub state: MailState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was written.
    pub created_at: Moment,
    /// When it is tried next, as long as it waits.
    pub due_at: Option<Moment>,
    /// When it came to its end.
    pub finished_at: Option<Moment>,
    /// What the mail server said last.
    pub answer: Option<String>,
}

/// One page of the log, the newest mail first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailPage {
    /// Whose mail.
    pub acting: Acting,
    /// The mails.
    pub rows: Vec<MailRow>,
    /// Where the next page begins, when there is one.
    pub older: Option<MailId>,
}

/// One mail of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailDetail {
    /// Whose mail.
    pub acting: Acting,
    /// The mail.
    pub row: MailRow,
    /// Whether it would be sent again with a new link.
    pub new_link: bool,
    /// Whether that is a link to a new password, which takes a reason.
    pub needs_reason: bool,
    /// Why it cannot be sent again.
    pub obstacle: Option<MailObstacle>,
}

/// Why a mail cannot be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailObstacle {
    /// The reader's role does not allow it.
    NotPermitted,
    /// It was not given up.
    NotDead,
    /// Nothing was kept of it from which it could be written anew.
    NothingKept,
    /// Its reader is suspended or gone.
    ReaderGone,
    /// There is no way for mail to go.
    NoMail,
}

/// A mail that was sent again, and as which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailSentAgain {
    /// The one that was given up.
    pub old: MailId,
    /// The one on its way.
    pub new: MailId,
    /// Whose mail.
    pub organization: OrganizationId,
}
