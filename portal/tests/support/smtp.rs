//! A mail server for tests that does as it is told: it speaks SMTP over TCP on this machine.
//!
//! ```ignore
//! let server = ScriptedSmtp::start(vec![
//!     Behaviour::Answer(At::Recipient, "450 4.2.0 later"), // what the first letter meets
//!     Behaviour::Drop(At::Body),                           // the second
//! ]).await;                                                // all others are accepted
//! … server.port() … server.wait_for(1).await[0].link() …
//! ```

// Every test binary uses a part of this.
#![allow(dead_code)]

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::{JoinHandle, JoinSet},
};

/// What a letter, or a connection, meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// The letter is accepted.
    Accept,
    /// This is answered at that point, such as `450 4.2.0 later`.
    Answer(At, &'static str),
    /// Nothing is ever answered at that point.
    Hang(At),
    /// The connection is cut at that point.
    Drop(At),
}

/// A point of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Before the greeting.
    Connect,
    /// At `MAIL FROM`.
    Sender,
    /// At `RCPT TO`.
    Recipient,
    /// At `DATA`.
    Data,
    /// After the final dot. A letter dropped or hung there counts as received.
    Body,
}

impl Behaviour {
    fn at(self, at: At) -> Option<Self> {
        match self {
            Self::Answer(here, _) | Self::Hang(here) | Self::Drop(here) if here == at => Some(self),
            _ => None,
        }
    }
}

/// A letter as it was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMail {
    /// The address in `MAIL FROM`.
    pub from: String,
    /// The addresses in `RCPT TO`.
    pub to: Vec<String>,
    /// The message: lines end in CR LF, dots are as they were written.
    pub data: String,
}

/// How a server differs from the plainest one.
#[derive(Clone, Default)]
pub struct Options {
    /// How a connection becomes an encrypted one, and whether it begins so.
    pub tls: Option<(Upgrade, Begin)>,
    /// Who may send; without it, everybody.
    pub credentials: Option<(&'static str, &'static str)>,
    /// Sent in clear together with the answer to STARTTLS, as an attacker would.
    pub planted: &'static str,
}

/// When the encryption begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// With the first byte.
    AtOnce,
    /// After `STARTTLS`.
    WhenAsked,
}

/// Encrypts a connection.
pub type Upgrade = Arc<
    dyn Fn(TcpStream) -> Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send>>
        + Send
        + Sync,
>;

/// A connection, encrypted or not.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The server; it stops when this is dropped.
pub struct ScriptedSmtp {
    port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

struct Shared {
    options: Options,
    script: Mutex<VecDeque<Behaviour>>,
    received: Mutex<Vec<ReceivedMail>>,
    commands: Mutex<Vec<String>>,
    connections: Mutex<usize>,
    changed: Notify,
}

impl ScriptedSmtp {
    /// Listens on a free port of 127.0.0.1.
    pub async fn start(script: Vec<Behaviour>) -> Self {
        Self::start_with(script, Options::default()).await
    }

    /// The same, with encryption or sign-in.
    pub async fn start_with(script: Vec<Behaviour>, options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a bound listener").port();
        let shared = Arc::new(Shared {
            options,
            script: Mutex::new(script.into()),
            received: Mutex::default(),
            commands: Mutex::default(),
            connections: Mutex::default(),
            changed: Notify::new(),
        });
        let serving = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            let mut conversations = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                *serving.connections.lock().unwrap() += 1;
                let serving = Arc::clone(&serving);
                // How a conversation ends is up to the client.
                conversations.spawn(async move { drop(serve(stream, &serving).await) });
            }
        });
        Self { port, shared, accepting }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Says what the next letters meet, instead of what was said before.
    pub fn script(&self, script: impl IntoIterator<Item = Behaviour>) {
        *self.shared.script.lock().unwrap() = script.into_iter().collect();
    }

    /// The letters so far.
    pub fn received(&self) -> Vec<ReceivedMail> {
        self.shared.received.lock().unwrap().clone()
    }

    /// The letters so far, as soon as there are that many; panics when they do not come.
    pub async fn wait_for(&self, letters: usize) -> Vec<ReceivedMail> {
        let waiting = async {
            loop {
                let changed = self.shared.changed.notified();
                let received = self.received();
                if received.len() >= letters {
                    return received;
                }
                changed.await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
        waited.unwrap_or_else(|_| panic!("{} of {letters} letters came", self.received().len()))
    }

    /// Every line that clients sent but letters and passwords.
    pub fn commands(&self) -> Vec<String> {
        self.shared.commands.lock().unwrap().clone()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        *self.shared.connections.lock().unwrap()
    }
}

impl Drop for ScriptedSmtp {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(tcp: TcpStream, shared: &Shared) -> io::Result<()> {
    match &shared.options.tls {
        Some((upgrade, Begin::AtOnce)) => {
            let stream = upgrade(tcp).await?;
            talk(BufReader::new(stream), shared, true, false).await?;
        }
        Some((upgrade, Begin::WhenAsked)) => {
            if let Some(tcp) = talk(BufReader::new(tcp), shared, true, true).await? {
                let stream = upgrade(tcp).await?;
                talk(BufReader::new(stream), shared, false, false).await?;
            }
        }
        None => {
            talk(BufReader::new(tcp), shared, true, false).await?;
        }
    }
    Ok(())
}

/// One conversation; the stream comes back when the client asked for STARTTLS.
async fn talk<S: Stream>(
    mut stream: BufReader<S>,
    shared: &Shared,
    greet: bool,
    starttls: bool,
) -> io::Result<Option<S>> {
    macro_rules! act {
        ($behaviour:expr, $at:expr, $usual:expr) => {
            match $behaviour.at($at) {
                Some(Behaviour::Answer(_, answer)) => {
                    say(&mut stream, answer).await?;
                    answer.starts_with(['2', '3'])
                }
                Some(Behaviour::Hang(_)) => std::future::pending().await,
                Some(_) => return Ok(None),
                None => {
                    say(&mut stream, $usual).await?;
                    true
                }
            }
        };
    }

    if greet {
        let behaviour = next(shared, |behaviour| behaviour.at(At::Connect).is_some());
        act!(behaviour.unwrap_or(Behaviour::Accept), At::Connect, "220 scripted.example ready");
    }
    let mut signed_in = shared.options.credentials.is_none();
    let mut behaviour = Behaviour::Accept;
    let mut from = None;
    let mut to = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let line = line.trim_end();
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let verb = verb.to_ascii_uppercase();
        shared.commands.lock().unwrap().push(match verb.as_str() {
            "AUTH" => "AUTH …".to_owned(),
            _ => line.to_owned(),
        });
        match verb.as_str() {
            "EHLO" => say(&mut stream, &extensions(shared, starttls)).await?,
            "STARTTLS" if starttls => {
                let mut answer = String::from("220 go ahead");
                if !shared.options.planted.is_empty() {
                    answer = format!("{answer}\r\n{}", shared.options.planted);
                }
                say(&mut stream, &answer).await?;
                return Ok(Some(stream.into_inner()));
            }
            "AUTH" => {
                signed_in = proves(shared, rest);
                let answer =
                    if signed_in { "235 welcome" } else { "535 5.7.8 wrong user or password" };
                say(&mut stream, answer).await?;
            }
            "MAIL" if !signed_in => say(&mut stream, "530 5.7.0 sign in first").await?,
            "MAIL" => {
                // What a connection is to meet waits for the next connection.
                let waits = shared.script.lock().unwrap().front().copied();
                if waits.is_some_and(|behaviour| behaviour.at(At::Connect).is_some()) {
                    say(&mut stream, "421 4.3.2 enough on this connection").await?;
                    return Ok(None);
                }
                behaviour = next(shared, |_| true).unwrap_or(Behaviour::Accept);
                to.clear();
                from = act!(behaviour, At::Sender, "250 ok").then(|| address(rest));
            }
            "RCPT" if from.is_some() => {
                if act!(behaviour, At::Recipient, "250 ok") {
                    to.push(address(rest));
                }
            }
            "DATA" if !to.is_empty() => {
                if act!(behaviour, At::Data, "354 go ahead") {
                    let data = letter(&mut stream).await?;
                    let refused = matches!(
                        behaviour,
                        Behaviour::Answer(At::Body, answer) if !answer.starts_with('2')
                    );
                    if !refused {
                        let mail = ReceivedMail {
                            from: from.take().unwrap_or_default(),
                            to: std::mem::take(&mut to),
                            data,
                        };
                        shared.received.lock().unwrap().push(mail);
                        shared.changed.notify_waiters();
                    }
                    act!(behaviour, At::Body, "250 2.0.0 queued");
                }
                from = None;
                to.clear();
            }
            "NOOP" | "RSET" => say(&mut stream, "250 ok").await?,
            "QUIT" => {
                say(&mut stream, "221 bye").await?;
                return Ok(None);
            }
            _ => say(&mut stream, "503 5.5.1 not now").await?,
        }
    }
}

/// The answer to EHLO.
fn extensions(shared: &Shared, starttls: bool) -> String {
    let mut answer = String::from("250-scripted.example\r\n");
    if starttls {
        answer += "250-STARTTLS\r\n";
    }
    if shared.options.credentials.is_some() {
        answer += "250-AUTH PLAIN\r\n";
    }
    answer + "250 8BITMIME"
}

/// Whether `AUTH`'s words are the right user and password (RFC 4616).
fn proves(shared: &Shared, words: &str) -> bool {
    let (user, password) = shared.options.credentials.unwrap_or_default();
    let proof = words.strip_prefix("PLAIN ").map(from_base64).unwrap_or_default();
    proof == format!("\0{user}\0{password}").as_bytes()
}

fn next(shared: &Shared, wanted: impl Fn(Behaviour) -> bool) -> Option<Behaviour> {
    let mut script = shared.script.lock().unwrap();
    if script.front().copied().is_some_and(wanted) { script.pop_front() } else { None }
}

async fn say<S: Stream>(stream: &mut BufReader<S>, answer: &str) -> io::Result<()> {
    stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    stream.flush().await
}

/// Everything up to the dot on a line of its own, dots as they were before the client doubled
/// them (RFC 5321, 4.5.2).
async fn letter<S: Stream>(stream: &mut BufReader<S>) -> io::Result<String> {
    let mut data = String::new();
    loop {
        let mut line = String::new();
        if stream.take(1 << 20).read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

/// The address in `FROM:<a@b> …` or `TO:<a@b>`.
fn address(rest: &str) -> String {
    let inside = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(address, _)| address.to_owned()).unwrap_or_default()
}

impl ReceivedMail {
    /// A header's value: one line, encoded words decoded.
    pub fn header(&self, name: &str) -> Option<String> {
        header(&self.data, name).map(|value| decoded_words(&value))
    }

    /// The text part.
    pub fn text(&self) -> String {
        self.part("text/plain")
    }

    /// The HTML part.
    pub fn html(&self) -> String {
        self.part("text/html")
    }

    /// The first link of the text part: links stand on lines of their own.
    pub fn link(&self) -> String {
        let text = self.text();
        let link = text.lines().find(|line| line.starts_with("http"));
        link.unwrap_or_else(|| panic!("no link in {text}")).to_owned()
    }

    fn part(&self, wanted: &str) -> String {
        let kind = header(&self.data, "Content-Type").unwrap_or_default();
        let boundary = kind.split_once("boundary=").expect("a multipart").1.trim_matches('"');
        let between = format!("--{boundary}");
        for part in self.data.split(&between) {
            let part = part.strip_prefix("\r\n").unwrap_or(part);
            if header(part, "Content-Type").is_some_and(|kind| kind.starts_with(wanted)) {
                let body = part.split_once("\r\n\r\n").expect("a body").1;
                let body = body.strip_suffix("\r\n").unwrap_or(body);
                let bytes = match header(part, "Content-Transfer-Encoding").as_deref() {
                    Some("base64") => from_base64(body),
                    Some("quoted-printable") => from_quoted(&body.replace("=\r\n", ""), '='),
                    _ => body.as_bytes().to_vec(),
                };
                return String::from_utf8(bytes).expect("UTF-8").replace("\r\n", "\n");
            }
        }
        panic!("no {wanted} in\n{}", self.data)
    }
}

/// A header of a message or of a part, unfolded.
fn header(message: &str, name: &str) -> Option<String> {
    let head = message.split("\r\n\r\n").next()?.replace("\r\n ", " ").replace("\r\n\t", " ");
    head.split("\r\n").find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

/// RFC 2047: `=?utf-8?b?…?=` and `=?utf-8?q?…?=`; the space between two of them goes.
fn decoded_words(value: &str) -> String {
    let value = value.replace("?= =?", "?==?");
    let mut rest = value.as_str();
    let mut decoded = String::new();
    while let Some((before, word)) = rest.split_once("=?") {
        decoded.push_str(before);
        let mut parts = word.splitn(3, '?');
        let (_, kind) = (parts.next(), parts.next().unwrap_or_default());
        let (text, after) = parts.next().and_then(|rest| rest.split_once("?=")).expect("a word");
        let bytes = match kind {
            "b" | "B" => from_base64(text),
            _ => from_quoted(&text.replace('_', " "), '='),
        };
        decoded.push_str(&String::from_utf8_lossy(&bytes));
        rest = after;
    }
    decoded + rest
}

fn from_quoted(text: &str, mark: char) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(mark) {
        bytes.extend_from_slice(before.as_bytes());
        let (code, after) = after.split_at(2);
        bytes.push(u8::from_str_radix(code, 16).expect("two hexadecimal digits"));
        rest = after;
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

fn from_base64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut have) = (0_u32, 0);
    for byte in text.bytes() {
        let Some(value) = LETTERS.iter().position(|letter| *letter == byte) else { continue };
        bits = bits << 6 | u32::try_from(value).expect("below 64");
        have += 6;
        if have >= 8 {
            have -= 8;
            bytes.push((bits >> have & 0xff) as u8);
        }
    }
    bytes
}
