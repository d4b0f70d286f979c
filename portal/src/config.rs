//! Settings: where they come from, what they mean, and what is said about a wrong one.
//!
//! Four sources, each overruling those before it: defaults, a TOML file, environment variables
//! (`REKEY_LISTEN`; a setting inside a table has two underscores: `REKEY_MAIL__HOST`), and flags of
//! the command line. An unknown or wrong setting is named with its place and with what would be
//! right. [`SETTINGS`] describes every one of them; `docs/operations.md` shows that table, and
//! tests hold the three together.
//!
//! A new setting: a field here, a row in [`SETTINGS`], then `UPDATE_DOCS=1 cargo test -p
//! rekey-portal config`.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
};

use figment::{
    Figment, Metadata, Profile, Provider,
    error::{Actual, Kind as Wrong},
    value::{Dict, Map, Value},
};
use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::{mail::MailSettings, secrets::Secret};

mod table;

pub use table::{Kind, SETTINGS, Setting, configuration_table};
use table::{PREFIX, find, variable};

/// Environment variables of that prefix that are not settings: one says where settings are, the
/// other is for tests.
const NOT_SETTINGS: [&str; 2] = ["REKEY_CONFIG", "REKEY_FAILPOINT"];
/// Where a settings file is looked for when none is named.
pub const USUAL_FILES: [&str; 2] = ["rekey.toml", "/etc/rekey/rekey.toml"];

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the server listens.
    pub listen: SocketAddr,
    /// Where people find the default site.
    pub origin: Origin,
    /// The folder of everything that Rekey keeps.
    pub data: PathBuf,
    /// Where the rows are.
    pub database: Database,
    /// The key that seals secrets at rest; made on first start.
    pub master_key_file: PathBuf,
    /// Peers whose word about the client's address is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// Networks that are not public, to which organizations may have this server connect.
    pub outgoing_allowed: Vec<IpNet>,
    /// More authorities whose certificates downstream systems may have.
    pub outgoing_ca_file: Option<PathBuf>,
    /// How mail leaves.
    pub mail: MailSettings,
    /// The site's folder; `None` to look beside the program.
    pub assets: Option<PathBuf>,
    /// What is worth a line in the log.
    pub log: LogLevel,
    /// How the log is written.
    pub log_format: LogFormat,
    /// What a password hash costs.
    pub hashing: Hashing,
    /// A local copy of Pwned Passwords, sorted by hash.
    pub breached_passwords: Option<PathBuf>,
    /// How the audit log is anchored.
    pub audit: AuditSettings,
    /// Whether this process sends mail and tidies up.
    pub workers: bool,
    /// Where the process is measured.
    pub metrics: MetricsSettings,
}

/// Where the process is measured.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsSettings {
    /// Where `/metrics` listens; nowhere when `None`.
    pub listen: Option<SocketAddr>,
    /// Whether other machines may reach it.
    pub allow_remote: bool,
}

/// How the audit log is anchored outside of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditSettings {
    /// Where the heads of the chains are written, apart from the database; only the log when `None`.
    pub anchor_file: Option<PathBuf>,
    /// After how many rows a head is written.
    pub anchor_every: u32,
}

/// What a password hash costs (argon2id), and how many may be made at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashing {
    /// Memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub iterations: u32,
    /// Lanes of one hash.
    pub lanes: u32,
    /// How many hashes may wait; beyond it the answer is "busy".
    pub queue: u32,
    /// How many hashes may be made at a time.
    pub permits: u32,
}

impl Default for Hashing {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let permits = u32::try_from(cores).unwrap_or(1);
        Self { memory_kib: 19_456, iterations: 2, lanes: 1, queue: 64, permits }
    }
}

/// Where the rows are.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// A file of SQLite's, made when it is not there.
    Sqlite(PathBuf),
    /// A PostgreSQL database, by its URL, which may hold a password.
    Postgres(SecretUrl),
}

/// A URL with a password in it, perhaps; printed without.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// The whole of it; the caller answers for where it goes.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretUrl {
    /// Scheme, host, port and database; no user, no password, no options.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("postgres", ""));
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        // A password may hold an unescaped `/` or `@`: what follows the last `@` is safe.
        let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        write!(f, "{scheme}://{rest}")
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Database {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(SecretUrl(text.to_owned())));
        }
        let path = text.strip_prefix("sqlite:").ok_or("neither sqlite: nor postgres://")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.contains(['?', '#']) {
            return Err("no path of a file after sqlite:");
        }
        Ok(Self::Sqlite(path.into()))
    }
}

/// Scheme, host and port of a site, as browsers write it in `Origin`: lower case, no default
/// port, no path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    text: String,
    host: String,
}

impl Origin {
    /// Whole, without a slash at the end: `https://portal.example.com`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host without port; an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Host and port as in a `Host` header.
    pub fn authority(&self) -> &str {
        self.text.split_once("://").map_or("", |(_, authority)| authority)
    }

    /// The same at another host: a front door that has one of its own.
    #[must_use]
    pub fn at(&self, host: &str) -> Self {
        let scheme = if self.is_https() { "https" } else { "http" };
        let port = self.authority().strip_prefix(&*self.host).unwrap_or_default();
        Self { text: format!("{scheme}://{host}{port}"), host: host.to_owned() }
    }

    /// Whether connections are encrypted.
    pub fn is_https(&self) -> bool {
        self.text.starts_with("https:")
    }

    /// Whether it can only be reached on the same machine.
    pub fn is_loopback(&self) -> bool {
        let address = self.host.trim_start_matches('[').trim_end_matches(']');
        self.host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Origin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lower = text.trim_end_matches('/').to_ascii_lowercase();
        let (scheme, authority) =
            lower.split_once("://").ok_or("it does not begin with https://")?;
        let usual_port = match scheme {
            "https" => "443",
            "http" => "80",
            _ => return Err("it does not begin with https://"),
        };
        if authority.contains(['/', '?', '#']) {
            return Err("nothing may follow the host and port");
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        if let Some(port) = port
            && !port.parse::<u16>().is_ok_and(|port| port > 0)
        {
            return Err("its port is not a number from 1 to 65535");
        }
        let is_address = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok());
        let is_name = !host.is_empty()
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
        if !is_address && !is_name {
            return Err("its host is not a host name");
        }
        let text = match port.filter(|port| *port != usual_port) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        };
        Ok(Self { text, host: host.to_owned() })
    }
}

/// What is worth a line in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What the operator must mend.
    Error,
    /// And what may turn into it.
    Warn,
    /// And one line per request and per mail.
    #[default]
    Info,
    /// And what helps to find a fault.
    Debug,
    /// And everything else.
    Trace,
}

impl LogLevel {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What is wrong with the settings: one line for each, with its place and what would be right.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct WrongSettings(pub Vec<String>);

impl From<String> for WrongSettings {
    fn from(line: String) -> Self {
        Self(vec![line])
    }
}

/// Where settings come from besides the defaults.
#[derive(Debug, Default)]
pub struct Sources {
    /// The settings file named on the command line.
    pub file: Option<PathBuf>,
    /// Looked for in turn when no file is named; none has to be there.
    pub usual_files: Vec<PathBuf>,
    /// The environment's variables; others than `REKEY_*` are passed over.
    pub environment: Vec<(String, String)>,
    /// Flags of the command line, by the setting's name.
    pub flags: Vec<(&'static str, String)>,
}

impl Sources {
    /// The process's environment, the file that was named or else the usual ones, and these flags.
    pub fn usual(file: Option<PathBuf>, flags: Vec<(&'static str, String)>) -> Self {
        let usual_files = USUAL_FILES.map(PathBuf::from).to_vec();
        // A variable that is not Unicode cannot be one of ours; its name could not match.
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { file, usual_files, environment, flags }
    }
}

impl Settings {
    /// Defaults, then file, environment and flags.
    pub fn load(sources: &Sources) -> Result<Self, WrongSettings> {
        let layers = [
            read_file(sources)?,
            Some(read_texts(
                sources.environment.iter().filter_map(|(variable, value)| {
                    let is_setting = !NOT_SETTINGS.contains(&variable.as_str());
                    let name = variable.strip_prefix(PREFIX).filter(|_| is_setting)?;
                    let name = name.replace("__", ".").to_ascii_lowercase();
                    Some((format!("environment variable {variable}"), name, value.as_str()))
                }),
                "environment variable",
            )?),
            Some(read_texts(
                sources.flags.iter().map(|(name, value)| {
                    (format!("flag {}", flag(name)), (*name).to_owned(), value.as_str())
                }),
                "flag",
            )?),
        ];
        let figment = layers.into_iter().flatten().fold(Figment::new(), Figment::merge);
        match figment.extract::<Written>() {
            Ok(written) => written.complete(),
            Err(errors) => Err(WrongSettings(
                errors.into_iter().map(|error| explain(&figment, &error)).collect(),
            )),
        }
    }

    /// The defaults, with everything in this folder.
    #[expect(clippy::missing_panics_doc, reason = "the defaults are right, as a test says")]
    pub fn in_folder(data: &Path) -> Self {
        let written = Written { data: Some(data.to_owned()), ..Written::default() };
        written.complete().expect("the defaults are right")
    }
}

/// The settings as they are written: what is not there has its default.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    listen: Option<SocketAddr>,
    #[serde(deserialize_with = "parsed")]
    origin: Option<Origin>,
    data: Option<PathBuf>,
    #[serde(deserialize_with = "parsed")]
    database: Option<Database>,
    master_key_file: Option<PathBuf>,
    #[serde(deserialize_with = "networks")]
    trusted_proxies: Vec<IpNet>,
    #[serde(deserialize_with = "networks")]
    outgoing_allowed: Vec<IpNet>,
    outgoing_ca_file: Option<PathBuf>,
    mail: MailSettings,
    assets: Option<PathBuf>,
    log: LogLevel,
    log_format: LogFormat,
    hashing: WrittenHashing,
    breached_passwords: Option<PathBuf>,
    audit: WrittenAudit,
    workers: Option<bool>,
    metrics: MetricsSettings,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenAudit {
    anchor_file: Option<PathBuf>,
    anchor_every: Option<Between<1, 1_000_000>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenHashing {
    memory_kib: Option<Between<19_456, 4_194_304>>,
    iterations: Option<Between<2, 100>>,
    lanes: Option<Between<1, 64>>,
    queue: Option<Between<1, 100_000>>,
    permits: Option<Between<1, 1024>>,
}

impl Written {
    fn complete(self) -> Result<Settings, WrongSettings> {
        let listen = self.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 3000)));
        let origin = match self.origin {
            Some(origin) => origin,
            None => format!("http://{listen}").parse().map_err(|_| {
                format!("listen is {listen}, from which no origin can be made: set origin as well")
            })?,
        };
        if let Some(listen) = self.metrics.listen
            && !listen.ip().is_loopback()
            && !self.metrics.allow_remote
        {
            return Err(format!(
                "metrics.listen is {listen}, which other machines can reach, and what is there asks nobody for a password: use 127.0.0.1 and a port, or set metrics.allow_remote to true where only your monitoring gets to it"
            )
            .into());
        }
        let data = self.data.unwrap_or_else(|| "./data".into());
        let usual = Hashing::default();
        let hashing = Hashing {
            memory_kib: self.hashing.memory_kib.map_or(usual.memory_kib, |n| n.0),
            iterations: self.hashing.iterations.map_or(usual.iterations, |n| n.0),
            lanes: self.hashing.lanes.map_or(usual.lanes, |n| n.0),
            queue: self.hashing.queue.map_or(usual.queue, |n| n.0),
            permits: self.hashing.permits.map_or(usual.permits, |n| n.0),
        };
        Ok(Settings {
            listen,
            origin,
            database: self.database.unwrap_or_else(|| Database::Sqlite(data.join("rekey.db"))),
            master_key_file: self.master_key_file.unwrap_or_else(|| data.join("master.key")),
            trusted_proxies: self.trusted_proxies,
            outgoing_allowed: self.outgoing_allowed,
            outgoing_ca_file: self.outgoing_ca_file,
            mail: self.mail,
            assets: self.assets,
            log: self.log,
            log_format: self.log_format,
            hashing,
            breached_passwords: self.breached_passwords,
            audit: AuditSettings {
                anchor_file: self.audit.anchor_file,
                anchor_every: self.audit.anchor_every.map_or(100, |n| n.0),
            },
            workers: self.workers.unwrap_or(true),
            metrics: self.metrics,
            data,
        })
    }
}

/// A number within limits.
struct Between<const MIN: u32, const MAX: u32>(u32);

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Between<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u32::deserialize(deserializer)?;
        if (MIN..=MAX).contains(&number) {
            return Ok(Self(number));
        }
        Err(D::Error::custom(format_args!("{number} is out of bounds")))
    }
}

fn parsed<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = &'static str>,
{
    let text = Secret::deserialize(deserializer)?;
    text.reveal().parse().map(Some).map_err(D::Error::custom)
}

/// Networks; an address alone is a network of one.
fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let network = |text: &String| {
        let text = text.trim();
        let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map_err(|_| D::Error::custom(format_args!("`{text}` is not one")))
    };
    texts.iter().map(network).collect()
}

/// One source's values, under the name that messages give it.
struct Layer {
    place: String,
    values: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.place.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

fn read_file(sources: &Sources) -> Result<Option<Layer>, WrongSettings> {
    let named = sources.file.as_ref();
    let Some(path) = named.or_else(|| sources.usual_files.iter().find(|path| path.exists())) else {
        return Ok(None);
    };
    let place = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        format!("{place}: the settings file cannot be read ({error}); name another with --config")
    })?;
    let values: Dict = toml::from_str(&text).map_err(|error| {
        // Only the position: the line itself may hold a password.
        let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        format!("{place}, line {line}: this is not TOML: {}", error.message())
    })?;
    let mut unknown = Vec::new();
    find_unknown(&values, "", &mut |name| unknown.push(unknown_setting(&place, &name)));
    if unknown.is_empty() { Ok(Some(Layer { place, values })) } else { Err(WrongSettings(unknown)) }
}

/// Values that come as text, each with its place and its setting's name.
fn read_texts<'a>(
    texts: impl Iterator<Item = (String, String, &'a str)>,
    place: &str,
) -> Result<Layer, WrongSettings> {
    let mut values = Dict::new();
    let mut wrong = Vec::new();
    for (place, name, text) in texts {
        let Some(setting) = find(&name) else {
            wrong.push(unknown_setting(&place, &name));
            continue;
        };
        // What a wrapper script leaves empty is not set.
        if text.trim().is_empty() {
            continue;
        }
        let value = match setting.kind {
            Kind::Text | Kind::Secret => Some(Value::from(text)),
            Kind::Number => text.trim().parse::<u32>().ok().map(Value::from),
            Kind::Switch => text.trim().parse::<bool>().ok().map(Value::from),
            Kind::List => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Some(Value::from(items.map(Value::from).collect::<Vec<_>>()))
            }
        };
        match value {
            Some(value) => insert(&mut values, &name, value),
            None => wrong.push(format!("{place} is `{text}`; it must be {}", setting.right)),
        }
    }
    if wrong.is_empty() {
        Ok(Layer { place: place.to_owned(), values })
    } else {
        Err(WrongSettings(wrong))
    }
}

fn insert(values: &mut Dict, name: &str, value: Value) {
    let Some((table, rest)) = name.split_once('.') else {
        values.insert(name.to_owned(), value);
        return;
    };
    let inner = values.entry(table.to_owned()).or_insert_with(|| Value::from(Dict::new()));
    if let Value::Dict(_, inner) = inner {
        insert(inner, rest, value);
    }
}

/// Tells the names of values that are no settings.
fn find_unknown(values: &Dict, before: &str, tell: &mut impl FnMut(String)) {
    for (key, value) in values {
        let name = format!("{before}{key}");
        let table = format!("{name}.");
        match value {
            _ if find(&name).is_some() => {}
            Value::Dict(_, inner) if SETTINGS.iter().any(|s| s.name.starts_with(&table)) => {
                find_unknown(inner, &table, tell);
            }
            // A value where a table belongs is a wrong value, which extraction tells.
            _ if SETTINGS.iter().any(|s| s.name.starts_with(&table)) => {}
            _ => tell(name),
        }
    }
}

fn unknown_setting(place: &str, name: &str) -> String {
    let in_file = !place.starts_with("environment") && !place.starts_with("flag");
    let spell = |name: &str| if in_file { name.to_owned() } else { variable(name) };
    let subject = if in_file { format!("{place}: `{name}`") } else { place.to_owned() };
    let nearest = SETTINGS.iter().map(|s| (distance(name, s.name), s.name)).min();
    match nearest {
        Some((far, nearest)) if far <= 1 + name.len() / 4 => {
            format!("{subject} is not a setting; `{}` is", spell(nearest))
        }
        _ => format!("{subject} is not a setting; docs/operations.md lists them all"),
    }
}

/// How many letters differ (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn flag(name: &str) -> String {
    format!("--{}", name.replace(['_', '.'], "-"))
}

/// One wrong value: its place, what it is unless it is secret, and what would be right.
fn explain(figment: &Figment, error: &figment::Error) -> String {
    let path: Vec<&str> = error.path.iter().map(String::as_str).collect();
    // A list's items have numbers for names.
    let name = (1..=path.len())
        .map(|n| path[..n].join("."))
        .find(|name| find(name).is_some())
        .unwrap_or_else(|| path.join("."));
    let place = figment.find_metadata(&name).map_or("settings", |metadata| &metadata.name);
    let subject = match place {
        "environment variable" => format!("environment variable {}", variable(&name)),
        "flag" => format!("flag {}", flag(&name)),
        file => format!("{file}: `{name}`"),
    };
    let Some(setting) = find(&name) else {
        return format!("{subject} is not right; docs/operations.md says what it takes");
    };
    let found = match &error.kind {
        _ if setting.kind == Kind::Secret => String::from("not right"),
        Wrong::InvalidType(found, _) | Wrong::InvalidValue(found, _) => show(found),
        Wrong::UnknownVariant(found, _) => format!("`{found}`"),
        Wrong::Message(reason) => match figment.find_value(&name).ok() {
            Some(value) if value.as_str().is_some() => {
                format!("`{}`, and {reason}", value.as_str().unwrap_or_default())
            }
            _ => format!("not right: {reason}"),
        },
        _ => String::from("not right"),
    };
    format!("{subject} is {found}; it must be {}", setting.right)
}

fn show(found: &Actual) -> String {
    match found {
        Actual::Str(text) => format!("`{text}`"),
        Actual::Bool(value) => value.to_string(),
        Actual::Unsigned(number) => number.to_string(),
        Actual::Signed(number) => number.to_string(),
        Actual::Float(number) => number.to_string(),
        Actual::Seq => String::from("a list"),
        Actual::Map => String::from("a table"),
        _ => String::from("not right"),
    }
}

#[cfg(test)]
mod tests;
