//! The conversation with the mail server.
//!
//! lettre speaks SMTP; the steps are taken one by one here instead of by its transport for three
//! reasons. Which step was refused decides whether trying again makes sense. A send that is given
//! up half-way must never go back to a pool, where the next letter would land in the middle of
//! this one. And what was already handed over when the time ran out is worth telling.

use std::{
    error::Error as _,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use lettre::{
    message::Mailbox,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, Certificate, TlsParameters, TlsVersion},
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
        response::Response,
    },
};

use model::mail::MailTest;

use super::{
    Delivery, MailSettings, MailTls, Rendered, is_this_machine, message::Outgoing, render::one_line,
};
use crate::outbound::{Outbound, Unreachable, resolve};

/// Connections kept open for the next letter.
const MOST_IDLE: usize = 4;
/// How long they are kept; mail servers wait for at least 5 minutes (RFC 5321, 4.5.3.2.7).
const IDLE: Duration = Duration::from_secs(30);
/// How long saying goodbye may take; nothing waits for it.
const GOODBYE: Duration = Duration::from_secs(5);
/// Longest answer shown to staff, in characters.
const LONGEST_ANSWER: usize = 200;

/// A mail server and the connections to it.
pub(super) struct Smtp {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<Credentials>,
    hello: ClientId,
    /// Where it may be, when an organization says where it is.
    guard: Option<Outbound>,
    /// For one letter, from the first to the last word.
    timeout: Duration,
    idle: Mutex<Vec<(u64, AsyncSmtpConnection)>>,
    parked: AtomicU64,
}

enum Tls {
    Off,
    Starttls(TlsParameters),
    FromTheStart(TlsParameters),
}

/// How far a conversation got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Step {
    Resolve,
    Connect,
    Encrypt,
    SignIn,
    Sender,
    Recipient,
    Data,
    Body,
}

/// What stopped a conversation: the step, and a line about it.
#[derive(Debug)]
pub(super) struct Fault {
    step: Step,
    /// The server's answer code, if it was an answer.
    code: Option<u16>,
    answer: String,
    /// What there is to say beyond the step.
    why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// As the step says.
    Step,
    /// The host's addresses are inside.
    Inside,
    /// The time was over.
    Slow,
}

impl Smtp {
    pub(super) fn new(settings: &MailSettings, from: &Mailbox) -> anyhow::Result<Self> {
        let MailSettings { host, port, timeout_seconds, .. } = settings;
        ensure!(
            (1..=600).contains(timeout_seconds),
            "mail.timeout_seconds must be between 1 and 600"
        );
        ensure!(!host.is_empty(), "mail.host is missing: the name of the mail server");
        ensure!(
            host.parse::<std::net::IpAddr>().is_ok() || is_host_name(host),
            "mail.host = {host:?} is not a host name or an address"
        );
        let tls = match settings.tls {
            MailTls::None => {
                ensure!(
                    is_this_machine(host),
                    "mail.tls = \"none\" would send passwords and links in clear to {host}: it is \
                     for a mail server on this machine only. Use \"starttls\" (port 587) or \
                     \"tls\" (port 465)"
                );
                Tls::Off
            }
            MailTls::Starttls => Tls::Starttls(tls_parameters(settings)?),
            MailTls::Tls => Tls::FromTheStart(tls_parameters(settings)?),
        };
        let credentials = match (&settings.user, &settings.password) {
            (None, None) => None,
            (Some(user), Some(password)) => {
                Some(Credentials::new(user.clone(), password.reveal().to_owned()))
            }
            (Some(_), None) => bail!("mail.password is missing, though mail.user is given"),
            (None, Some(_)) => bail!("mail.user is missing, though mail.password is given"),
        };
        let hello = settings.hello_name.as_deref().unwrap_or(from.email.domain());
        ensure!(is_host_name(hello), "mail.hello_name = {hello:?} is not a host name");
        Ok(Self {
            host: host.clone(),
            port: *port,
            tls,
            credentials,
            hello: ClientId::Domain(hello.to_owned()),
            guard: None,
            timeout: Duration::from_secs(*timeout_seconds),
            idle: Mutex::default(),
            parked: AtomicU64::new(0),
        })
    }

    /// The same, but only where an organization may have this server connect to.
    pub(super) fn guarded_by(self, guard: Outbound) -> Self {
        Self { guard: Some(guard), ..self }
    }

    /// Sends one message, taking no longer than the timeout.
    pub(super) async fn send(self: &Arc<Self>, message: &Outgoing) -> Result<String, Fault> {
        let step = AtomicU8::new(Step::Resolve as u8);
        if let Ok(result) = tokio::time::timeout(self.timeout, self.converse(message, &step)).await
        {
            return result;
        }
        let seconds = self.timeout.as_secs();
        let handed_over = step.load(Ordering::Relaxed) == Step::Body as u8;
        let (step, answer) = if handed_over {
            let answer = format!(
                "no answer within {seconds} s after the letter was handed over; it may have arrived"
            );
            (Step::Body, answer)
        } else {
            (Step::Connect, format!("no answer within {seconds} s"))
        };
        Err(Fault { why: Why::Slow, ..Fault::ours(step, &answer) })
    }

    /// Connects, encrypts, signs in and says nothing further.
    pub(super) async fn check(&self) -> anyhow::Result<()> {
        let server = format!("{}:{}", self.host, self.port);
        let step = AtomicU8::new(Step::Resolve as u8);
        let checked = tokio::time::timeout(self.timeout, async {
            let mut connection = self.connect(&step).await?;
            let alive = connection.test_connected().await;
            goodbye(connection);
            if alive { Ok(()) } else { Err(Fault::ours(Step::Sender, "NOOP was refused")) }
        });
        let fault = match checked.await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(fault)) => fault,
            Err(_) => bail!(
                "the mail server {server} did not answer within {} s: check mail.host and \
                 mail.port, and that no firewall is in between. Port 465 wants mail.tls = \"tls\", \
                 port 587 \"starttls\"",
                self.timeout.as_secs()
            ),
        };
        let mend = match fault.step {
            Step::Resolve | Step::Connect => {
                "check mail.host and mail.port, and that no firewall is in between"
            }
            Step::Encrypt => {
                "check that mail.tls fits the port (465: \"tls\", 587: \"starttls\"), that \
                 mail.host is the name in the server's certificate, and that mail.ca_file names \
                 the authority that issued it, if that is not a public one"
            }
            Step::SignIn => "check mail.user and mail.password",
            _ => "ask whoever runs the mail server",
        };
        bail!("the mail server {server}: {}: {mend}", fault.answer)
    }

    async fn converse(
        self: &Arc<Self>,
        message: &Outgoing,
        step: &AtomicU8,
    ) -> Result<String, Fault> {
        let sender = || Mail::new(Some(message.from.clone()), Vec::new());
        let mut ready = None;
        if let Some(mut kept) = self.kept().await {
            step.store(Step::Sender as u8, Ordering::Relaxed);
            match kept.command(sender()).await {
                Ok(_) => ready = Some(kept),
                // It had enough of this connection (421) or hung up; that says nothing about the
                // letter. Anything else, a new connection will hear again.
                Err(_) => goodbye(kept),
            }
        }
        let mut connection = if let Some(kept) = ready {
            kept
        } else {
            let mut connection = self.connect(step).await?;
            if let Err(error) = enter(step, Step::Sender, connection.command(sender())).await {
                goodbye(connection);
                return Err(error);
            }
            connection
        };
        match hand_over(&mut connection, message, step).await {
            Ok(response) => {
                // An organization's server is asked for anew each time, and so is where it is.
                if self.guard.is_none() {
                    self.keep(connection);
                } else {
                    goodbye(connection);
                }
                Ok(shown(&spoken(&response)))
            }
            Err(fault) => {
                goodbye(connection);
                Err(fault)
            }
        }
    }

    /// A connection that is encrypted and signed in as configured.
    async fn connect(&self, step: &AtomicU8) -> Result<AsyncSmtpConnection, Fault> {
        let from_the_start = match &self.tls {
            Tls::FromTheStart(parameters) => Some(parameters.clone()),
            Tls::Off | Tls::Starttls(_) => None,
        };
        // The connection goes to the very addresses that were looked at; the certificate must
        // bear the host's name all the same.
        let addresses = self.addresses().await?;
        let connecting = AsyncSmtpConnection::connect_tokio1(
            &addresses[..],
            // Of several addresses, the first must not use up all the time.
            Some(self.timeout / 2),
            &self.hello,
            from_the_start,
            None,
        );
        let mut connection = enter(step, Step::Connect, connecting).await?;
        if let Tls::Starttls(parameters) = &self.tls {
            if !connection.can_starttls() {
                goodbye(connection);
                return Err(Fault::ours(Step::Encrypt, "STARTTLS is not offered"));
            }
            let encrypting = connection.starttls(parameters.clone(), &self.hello);
            enter(step, Step::Encrypt, encrypting).await?;
        }
        if let Some(credentials) = &self.credentials {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            let signing_in = connection.auth(&mechanisms, credentials);
            if let Err(fault) = enter(step, Step::SignIn, signing_in).await {
                goodbye(connection);
                return Err(fault);
            }
        }
        Ok(connection)
    }

    /// Where the host is.
    async fn addresses(&self) -> Result<Vec<SocketAddr>, Fault> {
        let found = match &self.guard {
            Some(guard) => guard.resolve(&self.host, self.port).await,
            None => resolve(&self.host, self.port).await,
        };
        let found = found.map_err(|unreachable| match unreachable {
            Unreachable::NotResolved => {
                Fault::ours(Step::Resolve, "the host's name has no address")
            }
            Unreachable::NotAllowed => Fault {
                why: Why::Inside,
                ..Fault::ours(Step::Resolve, "the host's address is private and not allowed here")
            },
        })?;
        // Whatever a name says: in clear only to this very machine.
        let in_clear = matches!(self.tls, Tls::Off);
        if in_clear && !found.iter().all(|address| address.ip().to_canonical().is_loopback()) {
            return Err(Fault::ours(Step::Encrypt, "in clear only to this machine"));
        }
        Ok(found)
    }

    /// A kept connection that still answers.
    async fn kept(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let (_, mut connection) =
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            let asking = tokio::time::timeout(self.timeout / 4, connection.test_connected());
            if asking.await == Ok(true) {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for the next letter, for a while.
    fn keep(self: &Arc<Self>, connection: AsyncSmtpConnection) {
        let number = self.parked.fetch_add(1, Ordering::Relaxed);
        {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() >= MOST_IDLE {
                drop(idle);
                goodbye(connection);
                return;
            }
            idle.push((number, connection));
        }
        let server = Arc::downgrade(self);
        tokio::spawn(async move {
            tokio::time::sleep(IDLE).await;
            let Some(server) = server.upgrade() else { return };
            let mut idle = server.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = idle.iter().position(|(kept, _)| *kept == number) {
                goodbye(idle.swap_remove(place).1);
            }
        });
    }
}

/// RCPT, DATA and the letter itself.
async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    message: &Outgoing,
    step: &AtomicU8,
) -> Result<Response, Fault> {
    let recipient = Rcpt::new(message.to.clone(), Vec::new());
    enter(step, Step::Recipient, connection.command(recipient)).await?;
    let go_ahead = enter(step, Step::Data, connection.command(Data)).await?;
    // Also what tells that answers and commands are still in step: one answer too many, planted
    // before TLS began, would make every later one an answer to the command before.
    if !go_ahead.has_code(354) {
        return Err(Fault::ours(Step::Data, "the mail server answered DATA with something else"));
    }
    let response = enter(step, Step::Body, connection.message(&message.bytes)).await?;
    if response.has_code(250) {
        Ok(response)
    } else {
        Err(Fault::ours(Step::Body, "the mail server answered the letter with something else"))
    }
}

/// Takes one step, noting that it was begun.
async fn enter<T>(
    at: &AtomicU8,
    step: Step,
    doing: impl Future<Output = Result<T, Error>>,
) -> Result<T, Fault> {
    at.store(step as u8, Ordering::Relaxed);
    doing.await.map_err(|error| Fault::of(step, &error))
}

impl Fault {
    fn ours(step: Step, answer: &str) -> Self {
        Self { step, code: None, answer: answer.to_owned(), why: Why::Step }
    }

    fn of(step: Step, error: &Error) -> Self {
        if let Some(code) = error.status() {
            let text = error.source().map(ToString::to_string).unwrap_or_default();
            return Self {
                step,
                code: code.to_string().parse().ok(),
                answer: shown(&format!("{code} {text}")),
                why: Why::Step,
            };
        }
        let io = io_kind(error);
        // rustls reports what it does not like as invalid data.
        let tls = error.is_tls() || io == Some(std::io::ErrorKind::InvalidData);
        let step = if tls && step == Step::Connect { Step::Encrypt } else { step };
        let answer = if tls {
            shown(&format!("the encrypted connection failed: {}", root(error)))
        } else if error.is_response() && step == Step::Body {
            "the connection ended after the letter was handed over; it may have arrived".into()
        } else if error.is_response() {
            "the mail server hung up, or gave an answer that is not SMTP".into()
        } else if error.is_client() && step == Step::SignIn {
            "the mail server offers no way to sign in that is known here (PLAIN, LOGIN)".into()
        } else {
            match io {
                Some(std::io::ErrorKind::ConnectionRefused) => "nothing listens there".into(),
                Some(std::io::ErrorKind::TimedOut) => "no answer to the connection".into(),
                _ if step == Step::Body => shown(&format!(
                    "the connection broke while the letter was handed over ({}); it may have \
                     arrived",
                    root(error)
                )),
                _ => shown(&format!("the connection failed: {}", root(error))),
            }
        };
        Self { step, code: None, answer, why: Why::Step }
    }

    /// A letter is given up only when the server refused the recipient or the letter for good.
    /// What is wrong with the connection, the sign-in or the sender is wrong for every letter
    /// and will be mended.
    pub(super) fn into_delivery(self) -> Delivery {
        let about_the_letter = matches!(self.step, Step::Recipient | Step::Data | Step::Body);
        // 530, 534, 535, 538: sign in first, or otherwise.
        let for_good = self.code.is_some_and(|code| {
            (500..600).contains(&code) && ![530, 534, 535, 538].contains(&code)
        });
        if about_the_letter && for_good {
            Delivery::Never { answer: self.answer }
        } else {
            Delivery::Later { answer: self.answer }
        }
    }
}

impl Fault {
    /// How far a test mail came, and the line about it.
    pub(super) fn into_test(self) -> (MailTest, String) {
        let outcome = match (self.why, self.step) {
            (Why::Inside, _) => MailTest::NotAllowed,
            (Why::Slow, _) => MailTest::TooSlow,
            (Why::Step, Step::Resolve) => MailTest::NotResolved,
            (Why::Step, Step::Connect) => MailTest::NotReached,
            (Why::Step, Step::Encrypt) => MailTest::NotEncrypted,
            (Why::Step, Step::SignIn) => MailTest::SignInRefused,
            (Why::Step, Step::Sender) => MailTest::SenderRefused,
            (Why::Step, Step::Recipient) => MailTest::RecipientRefused,
            (Why::Step, Step::Data | Step::Body) => MailTest::LetterRefused,
        };
        (outcome, self.answer)
    }
}

/// Ends a connection politely, without anything waiting for it.
fn goodbye(mut connection: AsyncSmtpConnection) {
    tokio::spawn(async move {
        // Whether it is heard does not matter.
        let _ = tokio::time::timeout(GOODBYE, connection.abort()).await;
    });
}

fn io_kind(error: &Error) -> Option<std::io::ErrorKind> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return Some(io.kind());
        }
        cause = error.source();
    }
    None
}

fn root(error: &Error) -> String {
    let mut cause = error.source();
    let mut text = error.to_string();
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    text
}

fn spoken(response: &Response) -> String {
    format!("{} {}", response.code(), response.message().collect::<Vec<_>>().join(" "))
}

/// A server's words on one line of bearable length.
fn shown(text: &str) -> String {
    let line = one_line(text);
    match line.char_indices().nth(LONGEST_ANSWER) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The answer without anything that stands in the letter: spam filters quote links.
pub(super) fn without_secrets(delivery: Delivery, rendered: &Rendered) -> Delivery {
    let clean = |answer: String| quoting_nothing(&answer, rendered);
    match delivery {
        Delivery::Accepted { answer } => Delivery::Accepted { answer: clean(answer) },
        Delivery::Later { answer } => Delivery::Later { answer: clean(answer) },
        Delivery::Never { answer } => Delivery::Never { answer: clean(answer) },
    }
}

/// Replaces every run of 12 or more URL characters that the letter contains, in any case.
fn quoting_nothing(answer: &str, rendered: &Rendered) -> String {
    let letter = rendered.text.to_ascii_lowercase();
    let in_token = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut clean = String::with_capacity(answer.len());
    let mut rest = answer;
    while let Some(start) = rest.find(in_token) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !in_token(c)).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        clean.push_str(before);
        let quoted = run.len() >= 12 && letter.contains(&run.to_ascii_lowercase());
        clean.push_str(if quoted { "[…]" } else { run });
        rest = after;
    }
    clean.push_str(rest);
    clean
}

fn tls_parameters(settings: &MailSettings) -> anyhow::Result<TlsParameters> {
    let mut builder =
        TlsParameters::builder(settings.host.clone()).set_min_tls_version(TlsVersion::Tlsv12);
    if let Some(path) = &settings.ca_file {
        let pem = std::fs::read(path)
            .with_context(|| format!("mail.ca_file = {} cannot be read", path.display()))?;
        let marker: &[u8] = b"-----BEGIN CERTIFICATE-----";
        ensure!(
            pem.windows(marker.len()).any(|window| window == marker),
            "mail.ca_file = {} holds no certificate in PEM form",
            path.display()
        );
        let certificate = Certificate::from_pem(&pem).with_context(|| {
            format!("mail.ca_file = {} holds a certificate that is none", path.display())
        })?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build_rustls().context("mail.ca_file or the system's certificates cannot be used")
}

/// Letters, digits, `-` and `.`: nothing that could end an SMTP command.
pub(super) fn is_host_name(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
        && !text.starts_with(['-', '.'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_quotes_nothing_of_the_letter() {
        let rendered = Rendered {
            subject: String::new(),
            text: "https://portal.example/reset/0198/Tm90LWEtcmVhbC10b2tlbg\n".into(),
            html: String::new(),
        };
        for (answer, clean) in [
            (
                "554 blocked: https://portal.example/reset/0198/Tm90LWEtcmVhbC10b2tlbg, sorry",
                "554 blocked: https://portal.example/reset/0198/[…], sorry",
            ),
            ("554 tm90lwetcmvhbc10b2tlbg", "554 […]"),
            ("554 tm90lwetcmvhbc10b2 (cut off)", "554 […] (cut off)"),
            ("250 2.0.0 queued as 4XyZ1234567890abcd", "250 2.0.0 queued as 4XyZ1234567890abcd"),
            ("", ""),
        ] {
            assert_eq!(quoting_nothing(answer, &rendered), clean);
        }
    }

    #[test]
    fn answers_are_one_short_line() {
        assert_eq!(shown("550-no\r\n550 such\tuser"), "550-no 550 such user");
        assert_eq!(shown(&"ä".repeat(500)).chars().count(), LONGEST_ANSWER + 1);
    }

    #[test]
    fn host_names_end_no_command() {
        for name in ["mail.example", "localhost", "xn--mller-kva.example"] {
            assert!(is_host_name(name));
        }
        for name in ["", "a b", "a\r\nQUIT", ".a", "-a", "müller.example", "a/b"] {
            assert!(!is_host_name(name), "{name:?}");
        }
    }
}
