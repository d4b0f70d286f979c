//! Every setting with its meaning, for messages and for the documentation.

use std::fmt::Write as _;

/// What the environment variables begin with.
pub(super) const PREFIX: &str = "REKEY_";

/// What a setting's value is, so that an environment variable and a flag can be read as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// Text that is never repeated in a message.
    Secret,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Switch,
    /// Several texts; in an environment variable with commas between them.
    List,
}

/// One setting, as the documentation shows it.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name in the file; a dot stands before a setting inside a table.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// What holds when it is not set.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
    /// What a right value is: the end of the sentence "it must be …".
    pub right: &'static str,
}

const fn setting(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    meaning: &'static str,
    right: &'static str,
) -> Setting {
    Setting { name, kind, default, meaning, right }
}

/// Every setting.
pub const SETTINGS: &[Setting] = &[
    setting(
        "listen",
        Kind::Text,
        "127.0.0.1:3000",
        "Where the server listens for HTTP. Encryption is a reverse proxy's work.",
        "an address and a port, such as 127.0.0.1:3000",
    ),
    setting(
        "origin",
        Kind::Text,
        "http:// and `listen`",
        "Where people find the default site; links in mails begin with it. `rekey serve` accepts http:// for this machine only.",
        "a scheme and a host without a path, such as https://portal.example.com",
    ),
    setting(
        "data",
        Kind::Text,
        "./data",
        "The folder of everything that Rekey keeps.",
        "the path of a folder",
    ),
    setting(
        "database",
        Kind::Secret,
        "sqlite: and `rekey.db` in `data`",
        "Where the rows are: a file of SQLite's, or a PostgreSQL database, which several nodes can share.",
        "sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE",
    ),
    setting(
        "master_key_file",
        Kind::Text,
        "`master.key` in `data`",
        "The key that seals secrets at rest. Made on first start, readable by its owner only. Keep a copy apart from the database's.",
        "the path of a file",
    ),
    setting(
        "trusted_proxies",
        Kind::List,
        "none",
        "Reverse proxies whose `X-Forwarded-For` or `Forwarded` header, and request id, are believed.",
        "a list of addresses or networks, such as [\"10.0.0.0/8\", \"::1\"]",
    ),
    setting(
        "outgoing_allowed",
        Kind::List,
        "none",
        "Networks that are not public, to which organizations may have this server connect, such as for mail servers of their own. `mail.host` may be anywhere.",
        "a list of addresses or networks, such as [\"10.20.0.0/16\"]",
    ),
    setting(
        "outgoing_ca_file",
        Kind::Text,
        "none",
        "Certificates of authorities (PEM) that downstream systems may have theirs from, beside those the system trusts.",
        "the path of a file",
    ),
    setting(
        "mail.transport",
        Kind::Text,
        "none",
        "How mail leaves: through a mail server, into a folder (for trying things out), or not at all: then it waits in the outbox.",
        "smtp, folder or none",
    ),
    setting(
        "mail.host",
        Kind::Text,
        "none",
        "Host name of the mail server, as its certificate names it.",
        "a host name, such as smtp.example.com",
    ),
    setting(
        "mail.port",
        Kind::Number,
        "587",
        "Port of the mail server.",
        "a number from 1 to 65535",
    ),
    setting(
        "mail.tls",
        Kind::Text,
        "starttls",
        "How the connection is encrypted: after it began in clear, from the first byte (port 465), or not at all, which goes to this machine only.",
        "starttls, tls or none",
    ),
    setting(
        "mail.user",
        Kind::Text,
        "none",
        "Name to sign in to the mail server with; without it there is no sign-in.",
        "text",
    ),
    setting(
        "mail.password",
        Kind::Secret,
        "none",
        "Password to sign in to the mail server with.",
        "text",
    ),
    setting(
        "mail.from",
        Kind::Text,
        "none",
        "The sender. A site's own name takes the place of the one given here.",
        "an address, such as rekey@example.com or Rekey <rekey@example.com>",
    ),
    setting(
        "mail.hello_name",
        Kind::Text,
        "the domain of `mail.from`",
        "The name to greet the mail server with.",
        "a host name",
    ),
    setting(
        "mail.ca_file",
        Kind::Text,
        "none",
        "Certificates (PEM) to trust besides those of the system.",
        "the path of a file",
    ),
    setting(
        "mail.timeout_seconds",
        Kind::Number,
        "20",
        "Seconds after which a send is given up, whatever the mail server does.",
        "a number from 1 to 600",
    ),
    setting(
        "mail.folder",
        Kind::Text,
        "none",
        "Where mail is written to by the transport `folder`, one `.eml` file each.",
        "the path of a folder",
    ),
    setting(
        "assets",
        Kind::Text,
        "beside the program, or in `../share/rekey/site`",
        "The folder of style sheets, scripts and pictures.",
        "the path of the folder that holds pkg/",
    ),
    setting(
        "log",
        Kind::Text,
        "info",
        "What is worth a line in the log.",
        "one of error, warn, info, debug, trace",
    ),
    setting(
        "log_format",
        Kind::Text,
        "text",
        "How the log is written: lines for people, or one JSON object a line.",
        "text or json",
    ),
    setting(
        "hashing.memory_kib",
        Kind::Number,
        "19456",
        "Memory of one password hash (argon2id), in KiB. Older hashes are renewed when their owners sign in.",
        "a number from 19456 to 4194304",
    ),
    setting(
        "hashing.iterations",
        Kind::Number,
        "2",
        "Passes over that memory.",
        "a number from 2 to 100",
    ),
    setting("hashing.lanes", Kind::Number, "1", "Lanes of one hash.", "a number from 1 to 64"),
    setting(
        "hashing.queue",
        Kind::Number,
        "64",
        "How many password hashes may wait their turn; beyond it the answer is 503.",
        "a number from 1 to 100000",
    ),
    setting(
        "hashing.permits",
        Kind::Number,
        "one per core",
        "How many password hashes are made at a time.",
        "a number from 1 to 1024",
    ),
    setting(
        "breached_passwords",
        Kind::Text,
        "none",
        "A local copy of Pwned Passwords (SHA-1, sorted by hash); passwords in it are refused.",
        "the path of a file",
    ),
    setting(
        "audit.anchor_file",
        Kind::Text,
        "none",
        "Where this node writes the heads of the audit chains, apart from the database, best on another machine's disk: `rekey audit verify --anchor` finds cut-off rows by it. Each node needs a file of its own.",
        "the path of a file",
    ),
    setting(
        "audit.anchor_every",
        Kind::Number,
        "100",
        "After how many audit rows a head is written, to that file and to the log; all heads are when the process ends.",
        "a number from 1 to 1000000",
    ),
    setting(
        "workers",
        Kind::Switch,
        "true",
        "Whether this process sends mail and tidies up. At least one node must.",
        "true or false",
    ),
    setting(
        "metrics.listen",
        Kind::Text,
        "none",
        "Where `/metrics` listens, for Prometheus: a listener of its own, without passwords and without encryption.",
        "an address and a port, such as 127.0.0.1:9464",
    ),
    setting(
        "metrics.allow_remote",
        Kind::Switch,
        "false",
        "Whether `metrics.listen` may be an address that other machines reach. Only where a firewall lets nobody but your monitoring get to it.",
        "true or false",
    ),
];

/// The table of settings for the documentation, in Markdown.
pub fn configuration_table() -> String {
    let mut table = String::from(
        "| Setting | Environment variable | Default | Meaning |\n| --- | --- | --- | --- |\n",
    );
    for setting in SETTINGS {
        let Setting { name, default, meaning, right, .. } = setting;
        let variable = variable(name);
        writeln!(table, "| `{name}` | `{variable}` | {default} | {meaning} It must be {right}. |")
            .expect("writing to a string cannot fail");
    }
    table
}

/// The environment variable of a setting.
pub(super) fn variable(name: &str) -> String {
    format!("{PREFIX}{}", name.replace('.', "__").to_ascii_uppercase())
}

/// The setting of that name.
pub(super) fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}
