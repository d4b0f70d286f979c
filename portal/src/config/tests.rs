//! What is read, from where, and what is said about it when it is wrong.

use serde::de::Visitor;

use super::*;

fn sources(variables: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Sources {
    Sources {
        environment: variables.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
        flags: flags.iter().map(|(n, v)| (*n, (*v).into())).collect(),
        ..Sources::default()
    }
}

fn with_file(text: &str) -> (tempfile::TempDir, Sources) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rekey.toml");
    std::fs::write(&file, text).unwrap();
    (folder, Sources { file: Some(file), ..Sources::default() })
}

fn complaint(sources: &Sources) -> String {
    Settings::load(sources).expect_err("these settings are wrong").to_string()
}

#[test]
fn nothing_has_to_be_set() {
    let settings = Settings::load(&Sources::default()).unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:3000");
    assert_eq!(settings.origin.as_str(), "http://127.0.0.1:3000");
    assert_eq!(settings.database, Database::Sqlite("./data/rekey.db".into()));
    assert_eq!(settings.master_key_file, Path::new("./data/master.key"));
    assert_eq!(settings.hashing.memory_kib, 19_456);
    assert!(settings.workers);
}

#[test]
fn each_source_overrules_those_before_it() {
    let (_folder, mut sources) = with_file(
        "listen = '127.0.0.1:1'\nlog = 'warn'\ndata = '/file'\n[hashing]\nqueue = 9\nlanes = 3",
    );
    sources.environment =
        vec![("REKEY_LISTEN".into(), "127.0.0.1:2".into()), ("REKEY_DATA".into(), "/env".into())];
    sources.environment.push(("REKEY_HASHING__QUEUE".into(), "7".into()));
    sources.flags = vec![("listen", "127.0.0.1:3".into())];
    let settings = Settings::load(&sources).unwrap();
    assert_eq!(settings.listen.port(), 3);
    assert_eq!(settings.data, Path::new("/env"));
    assert_eq!(settings.log, LogLevel::Warn);
    assert_eq!((settings.hashing.queue, settings.hashing.lanes), (7, 3));
}

#[test]
fn the_environment_is_text_whatever_it_looks_like() {
    let settings = Settings::load(&sources(
        &[
            ("REKEY_DATA", "1234"),
            ("REKEY_TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
            ("REKEY_WORKERS", "false"),
            ("REKEY_LOG_FORMAT", "json"),
            ("REKEY_BREACHED_PASSWORDS", ""),
            ("REKEY_CONFIG", "elsewhere.toml"),
            ("HOME", "/"),
        ],
        &[],
    ))
    .unwrap();
    assert_eq!(settings.data, Path::new("1234"));
    assert_eq!(settings.trusted_proxies.len(), 2);
    assert_eq!(settings.log_format, LogFormat::Json);
    assert!(!settings.workers);
    assert_eq!(settings.breached_passwords, None);
}

#[test]
fn a_wrong_variable_or_flag_is_named_with_what_would_be_right() {
    for (variables, flags, message) in [
        (
            &[("REKEY_LISTEN", "everywhere")][..],
            &[][..],
            "environment variable REKEY_LISTEN is `everywhere`, and invalid socket address syntax; it must be an address and a port, such as 127.0.0.1:3000",
        ),
        (
            &[("REKEY_LISTNE", "127.0.0.1:1")],
            &[],
            "environment variable REKEY_LISTNE is not a setting; `REKEY_LISTEN` is",
        ),
        (
            &[("REKEY_HASHING__QUEUE", "many")],
            &[],
            "environment variable REKEY_HASHING__QUEUE is `many`; it must be a number from 1 to 100000",
        ),
        (
            &[("REKEY_HASHING__MEMORY_KIB", "64")],
            &[],
            "environment variable REKEY_HASHING__MEMORY_KIB is not right: 64 is out of bounds; it must be a number from 19456 to 4194304",
        ),
        (
            &[("REKEY_ORIGIN", "https://a.example/portal")],
            &[],
            "environment variable REKEY_ORIGIN is `https://a.example/portal`, and nothing may follow the host and port; it must be a scheme and a host without a path, such as https://portal.example.com",
        ),
        (
            &[("REKEY_TRUSTED_PROXIES", "10.0.0.0/8,proxy")],
            &[],
            "environment variable REKEY_TRUSTED_PROXIES is not right: `proxy` is not one; it must be a list of addresses or networks, such as [\"10.0.0.0/8\", \"::1\"]",
        ),
        (
            &[("REKEY_LOG", "loud")],
            &[],
            "environment variable REKEY_LOG is `loud`; it must be one of error, warn, info, debug, trace",
        ),
        (
            &[("REKEY_DATABASE", "mysql://root:hunter2@db/rekey")],
            &[],
            "environment variable REKEY_DATABASE is not right; it must be sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE",
        ),
        (
            &[],
            &[("listen", "3000")],
            "flag --listen is `3000`, and invalid socket address syntax; it must be an address and a port, such as 127.0.0.1:3000",
        ),
    ] {
        assert_eq!(complaint(&sources(variables, flags)), message);
    }
}

#[test]
fn a_wrong_line_of_the_file_is_named_with_what_would_be_right() {
    for (text, message) in [
        ("lisen = '127.0.0.1:1'", "FILE: `lisen` is not a setting; `listen` is"),
        (
            "[hashing]\nmemory = 1",
            "FILE: `hashing.memory` is not a setting; `hashing.memory_kib` is",
        ),
        (
            "colour = 'red'\n[mial]\nhost = 'x'",
            "FILE: `colour` is not a setting; docs/operations.md lists them all\nFILE: `mial` is not a setting; docs/operations.md lists them all",
        ),
        (
            "[hashing]\nqueue = 'many'",
            "FILE: `hashing.queue` is `many`; it must be a number from 1 to 100000",
        ),
        ("workers = 1", "FILE: `workers` is 1; it must be true or false"),
        ("data = ['a']", "FILE: `data` is a list; it must be the path of a folder"),
        (
            "database = 5",
            "FILE: `database` is not right; it must be sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE",
        ),
        ("log = 'info'\ndatabase = \"postgres://u:hunter2@db", "FILE, line 2: this is not TOML: "),
    ] {
        let (_folder, sources) = with_file(text);
        let file = sources.file.as_ref().unwrap().display().to_string();
        let complaint = complaint(&sources).replace(&file, "FILE");
        assert!(complaint.starts_with(message), "{complaint}\n{message}");
        assert!(!complaint.contains("hunter2"), "{complaint}");
    }
}

#[test]
fn a_file_that_was_named_must_be_there_and_a_usual_one_need_not() {
    let missing = PathBuf::from("/nowhere/rekey.toml");
    let sources = Sources { file: Some(missing.clone()), ..Sources::default() };
    assert!(complaint(&sources).contains("/nowhere/rekey.toml: the settings file cannot be read"));
    let sources = Sources { usual_files: vec![missing], ..Sources::default() };
    assert!(Settings::load(&sources).is_ok());
}

#[test]
fn secrets_are_never_printed() {
    let settings = Settings::load(&sources(
        &[("REKEY_DATABASE", "postgres://rekey:hunt@er/2@db.example:5432/rekey?sslkey=hunter3")],
        &[],
    ))
    .unwrap();
    let printed = format!("{settings:?} {}", settings.database);
    assert!(!printed.contains("hunt"), "{printed}");
    assert!(printed.contains("postgres://db.example:5432/rekey"), "{printed}");
}

#[test]
fn origins_are_as_browsers_write_them() {
    for (text, origin) in [
        ("https://Portal.Example.com/", "https://portal.example.com"),
        ("https://portal.example.com:443", "https://portal.example.com"),
        ("http://localhost:80", "http://localhost"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("http://[::1]", "http://[::1]"),
    ] {
        assert_eq!(text.parse::<Origin>().map(|o| o.to_string()), Ok(origin.to_owned()));
    }
    for text in [
        "portal.example.com",
        "ftp://a",
        "https://",
        "https://a/b",
        "https://a:x",
        "https://a:0",
        "https://u@a",
        "https://a b",
        "https://[::g]",
        "https://a?b",
        "https://:3000",
        "//a",
    ] {
        assert!(text.parse::<Origin>().is_err(), "{text}");
    }
    for (text, loopback) in [
        ("http://localhost:1", true),
        ("http://127.8.0.1", true),
        ("http://[::1]:3", true),
        ("http://localhost.example", false),
        ("http://10.0.0.1", false),
    ] {
        assert_eq!(text.parse::<Origin>().unwrap().is_loopback(), loopback, "{text}");
    }
}

#[test]
fn what_measures_listens_here_unless_it_may_be_reached() {
    let listen = |address| sources(&[("REKEY_METRICS__LISTEN", address)], &[]);
    assert_eq!(Settings::load(&Sources::default()).unwrap().metrics.listen, None);
    for here in ["127.0.0.1:9464", "[::1]:9464"] {
        assert!(Settings::load(&listen(here)).unwrap().metrics.listen.is_some());
    }
    for elsewhere in ["0.0.0.0:9464", "192.0.2.1:9464", "[::]:9464"] {
        let said = complaint(&listen(elsewhere));
        assert!(said.contains("set metrics.allow_remote to true"), "{said}");
        let allowed =
            [("REKEY_METRICS__LISTEN", elsewhere), ("REKEY_METRICS__ALLOW_REMOTE", "true")];
        assert!(Settings::load(&sources(&allowed, &[])).is_ok());
    }
}

#[test]
fn the_table_names_every_setting_and_no_other() {
    let mut fields = fields::<Written>("");
    fields.retain(|name| !["audit", "hashing", "mail", "metrics"].contains(&name.as_str()));
    fields.extend(self::fields::<WrittenAudit>("audit."));
    fields.extend(self::fields::<WrittenHashing>("hashing."));
    fields.extend(self::fields::<MailSettings>("mail."));
    fields.extend(self::fields::<MetricsSettings>("metrics."));
    fields.sort();
    let mut named: Vec<_> = SETTINGS.iter().map(|s| s.name.to_owned()).collect();
    named.sort();
    assert_eq!(fields, named);
}

#[test]
fn the_documentation_shows_the_table() {
    const BEGIN: &str = "<!-- settings: made from portal/src/config.rs -->\n";
    const END: &str = "<!-- end of settings -->";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("a place for the table");
    let (table, after) = rest.split_once(END).expect("an end of the table");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let table = configuration_table();
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
    } else {
        assert_eq!(
            table,
            configuration_table(),
            "docs/operations.md is old: run UPDATE_DOCS=1 cargo test -p rekey-portal config"
        );
    }
}

/// The names of the fields that a type reads.
fn fields<'de, T: Deserialize<'de>>(before: &str) -> Vec<String> {
    let mut names: &[&str] = &[];
    drop(T::deserialize(Ask(&mut names)));
    names.iter().map(|name| format!("{before}{name}")).collect()
}

/// A deserializer that answers nothing and notes which fields it is asked for.
struct Ask<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Ask<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(Self::Error::custom("only asking"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = names;
        Err(Self::Error::custom("noted"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        option unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier
        ignored_any
    }
}
