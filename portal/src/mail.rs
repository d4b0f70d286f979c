//! Outgoing mail: what the letters say ([`letter`], `portal/emails/`) and how they leave
//! ([`Mailer`]).
//!
//! The outbox decides when something is sent and keeps what came of it; nothing here touches the
//! database. A letter crosses the outbox as its kind and sealed JSON ([`Letter::into_parts`]) and
//! is rendered only when it leaves, so that links exist in clear for as short as possible.
//!
//! What holds: only typed mailboxes reach a header or the SMTP conversation; certificates are
//! always verified; plain connections go to this machine only; whatever the server does, a send
//! ends within [`MailSettings::timeout_seconds`]; what is told to staff ([`Delivery`]) never
//! contains a piece of the letter.

mod color;
pub(crate) mod dkim;
mod folder;
pub mod letter;
mod message;
pub(crate) mod own;
mod render;
mod samples;
mod smtp;

use std::{net::IpAddr, path::PathBuf, sync::Arc};

use anyhow::{Context, bail, ensure};
use lettre::message::Mailbox;
use model::{
    Moment,
    account::Language,
    id::MailId,
    mail::{MailSecurity, MailTest},
    text::EmailAddress,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::{outbound::Outbound, secrets::Secret};

use dkim::Signer;
use folder::Folder;
pub use letter::{
    AccessChange, Brand, ChangedHow, EmailEnd, FactorChange, Letter, LetterKind, MailedLink,
    MailedPassword, Occasion,
};
pub use own::OwnWords;
use render::Templates;
pub use samples::sample;
use smtp::Smtp;

/// Settings of the outgoing mail: the table `[mail]`, or `REKEY_MAIL_…` in the environment.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailSettings {
    /// How letters leave.
    pub transport: MailTransport,
    /// Host name of the mail server, as its certificate names it.
    pub host: String,
    /// Its port: usually 587 with `starttls`, 465 with `tls`.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: MailTls,
    /// Name to sign in to the mail server with; without it there is no sign-in.
    pub user: Option<String>,
    /// Password to sign in to the mail server with.
    #[serde(skip_serializing)]
    pub password: Option<Secret>,
    /// The sender: `rekey@example.com` or `Rekey <rekey@example.com>`. A site's own name takes
    /// the place of the one given here.
    pub from: String,
    /// The name to greet the mail server with; the domain of `from` when not given.
    pub hello_name: Option<String>,
    /// Certificates (PEM) to trust besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// Seconds after which a send is given up, whatever the server does: 1 to 600.
    pub timeout_seconds: u64,
    /// Where letters are written to by the transport `folder`.
    pub folder: Option<PathBuf>,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            transport: MailTransport::None,
            host: String::new(),
            port: 587,
            tls: MailTls::Starttls,
            user: None,
            password: None,
            from: String::new(),
            hello_name: None,
            ca_file: None,
            timeout_seconds: 20,
            folder: None,
        }
    }
}

/// How letters leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailTransport {
    /// They do not: they wait in the outbox until there is a mail server.
    None,
    /// Through a mail server.
    Smtp,
    /// Into a folder, one `.eml` file each: for trying things out.
    Folder,
}

/// How the connection to the mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailTls {
    /// It begins in clear and must change to TLS before anything is said.
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// Not at all; to this machine only.
    None,
}

/// What came of a try to send. `answer` is one short line for staff: the server's words or ours,
/// never a piece of the letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The server answers for it from here on.
    Accepted {
        /// What the server said.
        answer: String,
    },
    /// Not now: trying the same letter again makes sense. It may have arrived nevertheless, so
    /// that the same `Message-ID` must be used again.
    Later {
        /// What is in the way.
        answer: String,
    },
    /// The server refuses this letter for good.
    Never {
        /// Why.
        answer: String,
    },
}

/// A letter in the words of its reader, with everything that is secret about it.
#[derive(Clone, Zeroize)]
#[zeroize(drop)]
pub struct Rendered {
    /// One line, no control characters.
    pub subject: String,
    /// The part without markup: lines of at most 76 characters, but for links.
    pub text: String,
    /// The part with markup: a whole HTML document.
    pub html: String,
}

impl std::fmt::Debug for Rendered {
    /// The body holds links that sign someone's password over.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rendered").field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// Renders letters and sends them. Cheap to clone; built once.
#[derive(Clone)]
pub struct Mailer(Arc<Inner>);

struct Inner {
    templates: Templates,
    /// `None` as long as no way is configured.
    way: Option<Arc<Way>>,
    /// What ways have in common, whose mail server it may be.
    ca_file: Option<PathBuf>,
    timeout_seconds: u64,
}

/// A way for letters to leave, and who they are from.
pub(crate) struct Way {
    from: Mailbox,
    means: Means,
    /// Signs what is sent from its domain.
    signer: Option<Signer>,
}

enum Means {
    Server(Arc<Smtp>),
    Folder(Folder),
}

/// A letter's addresses and marks.
pub(crate) struct Parcel<'a> {
    /// To whom it goes.
    pub to: &'a EmailAddress,
    /// The brand's name.
    pub from_name: &'a str,
    /// Where answers go.
    pub reply_to: Option<&'a EmailAddress>,
    /// The same at every try.
    pub message_id: &'a str,
    /// When it was written.
    pub date: Moment,
}

/// An organization's own mail server.
pub(crate) struct OwnServer {
    pub host: String,
    pub port: u16,
    pub tls: MailTls,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub from: String,
    pub signer: Option<Signer>,
}

impl From<MailSecurity> for MailTls {
    fn from(security: MailSecurity) -> Self {
        match security {
            MailSecurity::Starttls => Self::Starttls,
            MailSecurity::Tls => Self::Tls,
            MailSecurity::None => Self::None,
        }
    }
}

impl Way {
    /// The `Message-ID` of a letter, without angle brackets: the same whenever it is sent this way.
    pub(crate) fn message_id(&self, mail: MailId) -> String {
        format!("{mail}@{}", self.from.email.domain())
    }

    /// Tries once to send a letter, for no longer than the configured timeout.
    pub(crate) async fn send(&self, parcel: &Parcel<'_>, rendered: &Rendered) -> Delivery {
        let message = match self.message(parcel, rendered) {
            Ok(message) => message,
            // Nothing that a later try would mend.
            Err(error) => return Delivery::Never { answer: format!("{error:#}") },
        };
        match &self.means {
            Means::Folder(folder) => folder.keep(parcel.message_id, &message.bytes).await,
            Means::Server(server) => {
                let delivery = match server.send(&message).await {
                    Ok(answer) => Delivery::Accepted { answer },
                    Err(fault) => fault.into_delivery(),
                };
                smtp::without_secrets(delivery, rendered)
            }
        }
    }

    /// The same, told by how far it came.
    pub(crate) async fn test(
        &self,
        parcel: &Parcel<'_>,
        rendered: &Rendered,
    ) -> (MailTest, String) {
        let message = match self.message(parcel, rendered) {
            Ok(message) => message,
            Err(error) => return (MailTest::LetterRefused, format!("{error:#}")),
        };
        match &self.means {
            Means::Folder(folder) => match folder.keep(parcel.message_id, &message.bytes).await {
                Delivery::Accepted { answer } => (MailTest::Accepted, answer),
                Delivery::Later { answer } | Delivery::Never { answer } => {
                    (MailTest::LetterRefused, answer)
                }
            },
            Means::Server(server) => match server.send(&message).await {
                Ok(answer) => (MailTest::Accepted, answer),
                Err(fault) => fault.into_test(),
            },
        }
    }

    fn message(
        &self,
        parcel: &Parcel<'_>,
        rendered: &Rendered,
    ) -> anyhow::Result<message::Outgoing> {
        let Parcel { to, from_name, reply_to, message_id, date } = *parcel;
        let from = &self.from;
        let envelope = message::Envelope { from, from_name, to, reply_to, message_id, date };
        let mut message = envelope.message(rendered)?;
        if let Some(signer) = &self.signer
            && signer.domain.eq_ignore_ascii_case(from.email.domain())
        {
            let mut signed = signer.header(&message.bytes, date)?.into_bytes();
            signed.append(&mut message.bytes);
            message.bytes = signed;
        }
        Ok(message)
    }
}

impl Mailer {
    /// Checks the settings and reads the certificates they name; connects to nothing yet.
    pub fn new(settings: &MailSettings) -> anyhow::Result<Self> {
        let way = match settings.transport {
            MailTransport::None => None,
            MailTransport::Smtp => {
                let from = sender(settings)?;
                let server = Smtp::new(settings, &from)?;
                Some(Way { from, means: Means::Server(Arc::new(server)), signer: None })
            }
            MailTransport::Folder => {
                let Some(folder) = settings.folder.clone() else {
                    bail!("mail.folder is missing: mail.transport = \"folder\" needs it");
                };
                let means = Means::Folder(Folder::new(folder));
                Some(Way { from: sender(settings)?, means, signer: None })
            }
        };
        Ok(Self(Arc::new(Inner {
            templates: Templates::new()?,
            way: way.map(Arc::new),
            ca_file: settings.ca_file.clone(),
            timeout_seconds: settings.timeout_seconds,
        })))
    }

    /// The way that the settings say, if they say one.
    pub(crate) fn way(&self) -> Option<Arc<Way>> {
        self.0.way.clone()
    }

    /// The way through an organization's own mail server: wherever it says, but not inside.
    pub(crate) fn through(&self, own: OwnServer, outbound: &Outbound) -> anyhow::Result<Way> {
        let settings = MailSettings {
            transport: MailTransport::Smtp,
            host: own.host,
            port: own.port,
            tls: own.tls,
            user: own.user,
            password: own.password,
            from: own.from,
            ca_file: self.0.ca_file.clone(),
            timeout_seconds: self.0.timeout_seconds,
            ..MailSettings::default()
        };
        let from = sender(&settings)?;
        let server = Smtp::new(&settings, &from)?.guarded_by(outbound.clone());
        Ok(Way { from, means: Means::Server(Arc::new(server)), signer: own.signer })
    }

    /// Puts a letter into words. `data` is what [`Letter::into_parts`] made of it.
    pub fn render(
        &self,
        kind: LetterKind,
        language: Language,
        brand: &Brand,
        data: &serde_json::Value,
    ) -> anyhow::Result<Rendered> {
        self.0.templates.render(kind, language, brand, data, None)
    }

    /// Puts a letter into words that somebody chose.
    ///
    /// # Errors
    ///
    /// They cannot be used; the letter as it is delivered always can.
    pub fn render_own(
        &self,
        kind: LetterKind,
        language: Language,
        brand: &Brand,
        data: &serde_json::Value,
        words: &OwnWords,
    ) -> anyhow::Result<Rendered> {
        self.0.templates.render(kind, language, brand, data, Some(words))
    }

    /// What the words of a letter may name, and what that is in this one.
    pub(crate) fn seen(
        &self,
        kind: LetterKind,
        language: Language,
        brand: &Brand,
        data: &serde_json::Value,
    ) -> anyhow::Result<serde_json::Value> {
        self.0.templates.seen(kind, language, brand, data)
    }

    /// The `Message-ID` of a letter, without angle brackets: the same whenever it is sent.
    pub fn message_id(&self, mail: MailId) -> String {
        // RFC 2606: the other name never exists.
        let way = self.0.way.as_ref();
        way.map_or_else(|| format!("{mail}@rekey.invalid"), |way| way.message_id(mail))
    }

    /// Tries once to send a letter, for no longer than the configured timeout.
    ///
    /// `from_name` is the brand's name; `message_id` and `date` are the letter's own and the
    /// same at every try.
    pub async fn send(
        &self,
        to: &EmailAddress,
        from_name: &str,
        reply_to: Option<&EmailAddress>,
        message_id: &str,
        date: Moment,
        rendered: &Rendered,
    ) -> Delivery {
        let Some(way) = &self.0.way else { return nowhere() };
        way.send(&Parcel { to, from_name, reply_to, message_id, date }, rendered).await
    }

    /// Whether there is a way for mail to go.
    pub fn sends(&self) -> bool {
        self.0.way.is_some()
    }

    /// Tries the configured way without sending anything. The error says how to mend it.
    pub async fn check(&self) -> anyhow::Result<()> {
        match self.0.way.as_ref().map(|way| &way.means) {
            None => bail!(
                "no mail server is configured, so no reset link can be sent: set mail.transport = \
                 \"smtp\" with mail.host and mail.from"
            ),
            Some(Means::Folder(folder)) => folder.check().await,
            Some(Means::Server(server)) => server.check().await,
        }
    }
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let way = match self.0.way.as_ref().map(|way| &way.means) {
            None => "none",
            Some(Means::Server(_)) => "smtp",
            Some(Means::Folder(_)) => "folder",
        };
        f.debug_struct("Mailer").field("transport", &way).finish_non_exhaustive()
    }
}

/// The configured sender, its domain in the letters that every mail server takes.
fn sender(settings: &MailSettings) -> anyhow::Result<Mailbox> {
    ensure!(!settings.from.is_empty(), "mail.from is missing: the address that mail is sent from");
    let mailbox: Mailbox = settings.from.parse().ok().with_context(|| {
        format!(
            "mail.from = {:?} is not a mailbox: write rekey@example.com or Rekey <rekey@example.com>",
            settings.from
        )
    })?;
    let email = message::address(mailbox.email.user(), mailbox.email.domain())
        .context("mail.from is not an address that mail can be sent from")?;
    Ok(Mailbox::new(mailbox.name, email))
}

/// What becomes of a letter as long as there is no way for it to go.
pub(crate) fn nowhere() -> Delivery {
    Delivery::Later { answer: "no mail server is configured".into() }
}

/// Whether this can be a mail server's host: a name, or an address.
pub(crate) fn is_host(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || smtp::is_host_name(text)
}

/// Whether a host is this machine, so that nothing in between can listen.
pub(crate) fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
