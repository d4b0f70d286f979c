//! A rendered letter as a message (RFC 5322, MIME).

use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};
use model::{Moment, text::EmailAddress};
use sha2::{Digest, Sha256};

use super::{Rendered, render};

/// Who writes to whom, and the letter's own marks.
pub(super) struct Envelope<'a> {
    pub(super) from: &'a Mailbox,
    pub(super) from_name: &'a str,
    pub(super) to: &'a EmailAddress,
    pub(super) reply_to: Option<&'a EmailAddress>,
    pub(super) message_id: &'a str,
    pub(super) date: Moment,
}

/// A message and the two addresses that the SMTP conversation names.
pub(super) struct Outgoing {
    pub(super) from: Address,
    pub(super) to: Address,
    /// All of it, in ASCII.
    pub(super) bytes: Vec<u8>,
}

impl Envelope<'_> {
    /// The same bytes for the same letter, so that a second try is the same message.
    pub(super) fn message(&self, rendered: &Rendered) -> anyhow::Result<Outgoing> {
        let id = self.message_id.trim_start_matches('<').trim_end_matches('>');
        ensure!(is_message_id(id), "the Message-ID is not one");
        let to = mailbox(self.to).context("not an address that mail can be sent to")?;
        let name = Some(render::one_line(self.from_name))
            .filter(|name| !name.is_empty())
            .or_else(|| self.from.name.clone());

        let mut message = Message::builder()
            .message_id(Some(format!("<{id}>")))
            .date(system_time(self.date))
            .from(Mailbox::new(name, self.from.email.clone()))
            .to(Mailbox::new(None, to.clone()))
            .subject(render::one_line(&rendered.subject));
        if let Some(reply_to) = self.reply_to {
            let reply_to = mailbox(reply_to).context("the reply address is none")?;
            message = message.reply_to(Mailbox::new(None, reply_to));
        }
        // RFC 3834: out-of-office replies and the like keep quiet.
        for (name, value) in [
            (HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated"),
            (HeaderName::new_from_ascii_str("X-Auto-Response-Suppress"), "All"),
        ] {
            message = message.raw_header(HeaderValue::new(name, value.to_owned()));
        }
        let message = message.multipart(
            MultiPart::alternative()
                .boundary(boundary(id))
                .singlepart(SinglePart::plain(rendered.text.clone()))
                .singlepart(SinglePart::html(rendered.html.clone())),
        )?;
        Ok(Outgoing { from: self.from.email.clone(), to, bytes: message.formatted() })
    }
}

/// An address whose domain is in ASCII, so that no mail server needs SMTPUTF8 for it.
pub(super) fn address(local: &str, domain: &str) -> anyhow::Result<Address> {
    let domain = idna::domain_to_ascii(domain).ok().context("the domain is not one")?;
    Ok(Address::new(local, domain)?)
}

fn mailbox(email: &EmailAddress) -> anyhow::Result<Address> {
    let (local, domain) = email.as_str().rsplit_once('@').context("there is no @ in it")?;
    address(local, domain)
}

/// `left@right` (RFC 5322, 3.6.4), of characters that end nothing.
fn is_message_id(id: &str) -> bool {
    let fits = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    id.len() <= 200 && id.split_once('@').is_some_and(|(left, right)| fits(left) && fits(right))
}

/// What stands between the parts: `=_` never occurs in quoted-printable or base64.
fn boundary(id: &str) -> String {
    use std::fmt::Write;
    let digest = Sha256::digest(id);
    digest.iter().take(12).fold("=_".to_owned(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// For the `Date` header, which knows the years 1970 to 9999.
fn system_time(moment: Moment) -> SystemTime {
    const LAST: u64 = 253_402_300_799;
    let seconds = u64::try_from(moment.unix_seconds()).unwrap_or_default().min(LAST);
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}
