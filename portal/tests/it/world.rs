//! The world that stories happen in: the demo's people in a database of their own, a clock that
//! stands still until it is moved, and mail that arrives in a folder.
//!
//! When a story has been told, nothing may be left undone (mail on its way, requests for links,
//! resets half-way), the audit chains must be whole, and no secret that anyone typed or was given
//! may stand anywhere in the database. A story for which one of these is not so says it.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use aho_corasick::AhoCorasick;
use model::{
    Moment, Refusal,
    account::Language,
    factor::KeepView,
    id::{AccountId, LinkId, OrganizationId, SessionId, SiteId},
    link::{LinkPurpose, LinkView},
};
use portal::{
    Actor, ChangePassword, DEMO_PASSWORD, Error, NewPassword, Portal, Result, SignIn, SignedIn,
    Visit,
    clock::{Clock, Randomness},
    config::{Database, Hashing, Settings},
    mail::{MailSettings, MailTls, MailTransport},
    secrets::Secret,
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    postgres::{self, Own},
    smtp::ReceivedMail,
    sql::{Sql, hex, values},
};

/// When stories begin: 2 March 2026, 9:00 UTC, a Monday. The demo's people are an hour older.
pub const START: Moment = Moment(1_772_442_000_000_000);
/// Where people find the default site.
pub const ORIGIN: &str = "https://portal.northwind.example";
/// A new password that every rule accepts.
pub const NEW: &str = "velvet orbit canyon";
/// Another one.
pub const OTHER: &str = "copper meadow skylark";
/// A wrong password.
pub const WRONG: &str = "certainly not this one";
/// A browser.
pub const FIREFOX: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// The same master key in every world, so that databases can be copied.
const MASTER_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";

/// Tells each story on SQLite and on PostgreSQL, as tests of their own. Stories that are about
/// one engine only come after its name.
macro_rules! stories {
    ($($both:ident),* $(,)? $(; sqlite: $($sqlite:ident),* $(,)?)? $(; postgres: $($postgres:ident),* $(,)?)?) => {
        mod sqlite {
            $(#[test] fn $both() {
                $crate::world::tell($crate::world::Engine::Sqlite, super::$both);
            })*
            $($(#[test] fn $sqlite() {
                $crate::world::tell($crate::world::Engine::Sqlite, super::$sqlite);
            })*)?
        }
        mod postgres {
            $(#[test] fn $both() {
                $crate::world::tell($crate::world::Engine::Postgres, super::$both);
            })*
            $($(#[test] fn $postgres() {
                $crate::world::tell($crate::world::Engine::Postgres, super::$postgres);
            })*)?
        }
    };
}
pub(crate) use stories;

/// Which database a story happens on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file in memory, where there is such a place.
    Sqlite,
    /// A server.
    Postgres,
}

/// Everything a story needs.
pub struct World {
    /// What is told of.
    pub portal: Portal,
    /// What it was opened with.
    pub settings: Settings,
    /// What time it is.
    pub clock: Clock,
    /// The database as it is.
    pub sql: Sql,
    /// Which one it is.
    pub engine: Engine,
    /// The default site.
    pub northwind: SiteId,
    /// The site under `/s/contoso`.
    pub contoso: SiteId,
    /// What stories may leave behind.
    pub leaves: Leaves,
    /// How long nodes that are started wait for an answer of a downstream system, unless as long as
    /// always.
    pub patience: Option<Duration>,
    folder: TempDir,
    databases: Vec<Own>,
    seed: u64,
    requests: AtomicU32,
    prefixes: AtomicU32,
    seen: Mutex<HashSet<PathBuf>>,
    secrets: Mutex<HashSet<String>>,
}

/// What a story may leave behind; nothing unless it says so.
#[derive(Debug, Default)]
pub struct Leaves {
    /// Mail that waits, requests for links, resets half-way.
    pub work: bool,
    /// An audit log that does not verify.
    pub broken_audit: bool,
    /// A secret that can be found.
    pub told_secret: bool,
}

/// Someone of the demo.
#[derive(Debug, Clone)]
pub struct Person {
    pub id: AccountId,
    pub email: String,
    pub site: SiteId,
}

/// Someone signed in.
#[derive(Debug, Clone)]
pub struct Entered {
    pub person: Person,
    pub visit: Visit,
    pub actor: Actor,
    pub token: Secret,
    pub device: Secret,
}

/// A mail that arrived.
#[derive(Debug, Clone)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// A mailed link taken apart.
#[derive(Debug, Clone)]
pub struct Link {
    pub url: String,
    pub purpose: LinkPurpose,
    pub id: LinkId,
    pub token: Secret,
}

/// Tells a story and cleans up after it.
pub fn tell(engine: Engine, story: impl AsyncFnOnce(&mut World)) {
    let cluster = match engine {
        Engine::Sqlite => None,
        Engine::Postgres => {
            let Some(cluster) = postgres::cluster() else {
                eprintln!("SKIPPED: there is no PostgreSQL (REKEY_TEST_POSTGRES)");
                return;
            };
            Some(cluster)
        }
    };
    let runtime = runtime();
    let mut world = runtime.block_on(World::begin(cluster.as_deref()));
    let told = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(story(&mut world));
        runtime.block_on(world.check_what_is_left());
    }));
    runtime.block_on(world.end());
    if let Err(panic) = told {
        resume_unwind(panic);
    }
}

/// Two threads: enough for what happens at the same time.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// A folder that vanishes, in memory where there is such a place.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    builder.prefix("rekey-it-");
    builder.tempdir_in(memory).or_else(|_| builder.tempdir()).expect("a temporary folder")
}

/// Settings for tests: hashes that cost next to nothing, mail into a folder.
pub fn settings(folder: &Path, database: Database) -> Settings {
    Settings {
        origin: ORIGIN.parse().expect("an origin"),
        database,
        hashing: Hashing { memory_kib: 64, iterations: 1, lanes: 1, queue: 64, permits: 2 },
        mail: MailSettings {
            transport: MailTransport::Folder,
            from: "Rekey <rekey@rekey.example>".into(),
            folder: Some(folder.join("mail")),
            ..MailSettings::default()
        },
        ..Settings::in_folder(folder)
    }
}

/// Settings to send mail to a server on this machine.
pub fn smtp_settings(port: u16) -> MailSettings {
    MailSettings {
        transport: MailTransport::Smtp,
        host: "127.0.0.1".into(),
        port,
        tls: MailTls::None,
        from: "Rekey <rekey@rekey.example>".into(),
        timeout_seconds: 10,
        ..MailSettings::default()
    }
}

/// Makes tables and the demo's people in an empty database.
pub async fn seed(database: Database) {
    let folder = folder();
    std::fs::write(folder.path().join("master.key"), MASTER_KEY).unwrap();
    let settings = settings(folder.path(), database);
    let clock = Clock::fixed(START.minus(Duration::from_secs(3_600)));
    let portal = Portal::open_with(&settings, clock, Randomness::seeded(0)).await.unwrap();
    portal.seed_demo().await.unwrap();
    portal.close().await;
}

/// A database with the demo's people, made once for each build of the tests, since every test
/// runs in a process of its own. Whoever comes at the same moment makes one too; the last one stays.
async fn template() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let hash = |what: &dyn Fn(&mut DefaultHasher)| {
        let mut hasher = DefaultHasher::new();
        what(&mut hasher);
        hasher.finish()
    };
    let place = hash(&|hasher| tests.parent().hash(hasher));
    let build = hash(&|hasher| tests.metadata().unwrap().modified().unwrap().hash(hasher));
    let own = folder();
    let beside = own.path().parent().expect("where folders are made").to_owned();
    let prefix = format!("rekey-it-template-{place:016x}-");
    let name = format!("{prefix}{build:016x}.db");
    let path = beside.join(&name);
    if !path.exists() {
        // Those of builds before.
        for old in std::fs::read_dir(&beside).unwrap().flatten() {
            let old_name = old.file_name();
            if old_name.to_string_lossy().starts_with(&prefix) && old_name != *name {
                // Another process may have removed it, or still copies it.
                let _ = std::fs::remove_file(old.path());
            }
        }
        let made = own.path().join("rekey.db");
        seed(Database::Sqlite(made.clone())).await;
        std::fs::rename(made, &path).expect("the template in its place");
    }
    path
}

/// A node, with the patience of the caller's choice.
pub async fn node(
    settings: &Settings,
    clock: Clock,
    random: Randomness,
    patience: Option<Duration>,
) -> Portal {
    match patience {
        Some(answer) => Portal::open_impatient(settings, clock, random, answer).await,
        None => Portal::open_with(settings, clock, random).await,
    }
    .unwrap()
}

/// The path of this database, or its URL, as the settings take it.
pub fn written(database: &Database) -> String {
    match database {
        Database::Sqlite(path) => format!("sqlite:{}", path.display()),
        Database::Postgres(url) => url.reveal().to_owned(),
    }
}

impl World {
    async fn begin(cluster: Option<&str>) -> Self {
        let folder = folder();
        std::fs::write(folder.path().join("master.key"), MASTER_KEY).unwrap();
        let (engine, databases, database) = match cluster {
            None => {
                let path = folder.path().join("rekey.db");
                std::fs::copy(template().await, &path).expect("a copy of the template");
                (Engine::Sqlite, Vec::new(), Database::Sqlite(path))
            }
            Some(cluster) => {
                let own = Own::copied(cluster).await;
                let database = own.database();
                (Engine::Postgres, vec![own], database)
            }
        };
        let settings = settings(folder.path(), database);
        let clock = Clock::fixed(START);
        let mut hasher = DefaultHasher::new();
        std::thread::current().name().hash(&mut hasher);
        let seed = hasher.finish();
        let portal =
            Portal::open_with(&settings, clock.clone(), Randomness::seeded(seed)).await.unwrap();
        let sql = Sql::of(&settings.database);
        let site = async |slug: &str| {
            let id: Uuid =
                sql.one("SELECT id FROM sites WHERE COALESCE(slug, '') = $1", values![slug]).await;
            SiteId(id)
        };
        let (northwind, contoso) = (site("").await, site("contoso").await);
        Self {
            portal,
            settings,
            clock,
            sql,
            engine,
            northwind,
            contoso,
            leaves: Leaves::default(),
            patience: None,
            folder,
            databases,
            seed,
            requests: AtomicU32::new(0),
            prefixes: AtomicU32::new(0),
            seen: Mutex::default(),
            secrets: Mutex::new([DEMO_PASSWORD, NEW, OTHER, WRONG].map(String::from).into()),
        }
    }

    async fn end(self) {
        self.portal.close().await;
        self.sql.close().await;
        for database in self.databases {
            database.drop_it().await;
        }
    }

    /// A folder for a story's own files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A seed that was not used before.
    pub fn another_seed(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(1);
        self.seed
    }

    /// Randomness that repeats none of what was given out before.
    pub fn more_randomness(&mut self) -> Randomness {
        Randomness::seeded(self.another_seed())
    }

    /// Another node on the same database.
    pub async fn another_node(&mut self) -> Portal {
        let random = self.more_randomness();
        node(&self.settings, self.clock.clone(), random, self.patience).await
    }

    /// Stops and starts again, with other settings.
    pub async fn restart(&mut self, change: impl FnOnce(&mut Settings)) {
        self.portal.close().await;
        change(&mut self.settings);
        self.portal = self.another_node().await;
    }

    /// Settings for a Rekey that has not been started yet: an empty database, an empty folder.
    pub async fn empty_database(&mut self) -> Settings {
        let number = self.databases.len() + self.requests.fetch_add(1, Ordering::Relaxed) as usize;
        let folder = self.folder().join(format!("empty-{number}"));
        let database = match postgres::cluster().filter(|_| self.engine == Engine::Postgres) {
            None => Database::Sqlite(folder.join("rekey.db")),
            Some(cluster) => {
                let own = Own::empty(&cluster).await;
                let database = own.database();
                self.databases.push(own);
                database
            }
        };
        settings(&folder, database)
    }

    // --- time

    /// Now.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Lets time pass.
    pub fn seconds_pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Lets time pass.
    pub fn minutes_pass(&self, minutes: u64) {
        self.seconds_pass(minutes * 60);
    }

    /// Lets time pass.
    pub fn hours_pass(&self, hours: u64) {
        self.minutes_pass(hours * 60);
    }

    /// Lets time pass.
    pub fn days_pass(&self, days: u64) {
        self.hours_pass(days * 24);
    }

    // --- people

    /// The one of the demo whose address begins so.
    pub async fn person(&self, who: &str) -> Person {
        let mut found: Vec<(Uuid, String, Uuid)> = self
            .sql
            .rows(
                "SELECT id, email, site_id FROM accounts WHERE email LIKE $1 || '@%'",
                values![who],
            )
            .await;
        assert_eq!(found.len(), 1, "people called {who}");
        let (id, email, site) = found.remove(0);
        Person { id: AccountId(id), email, site: SiteId(site) }
    }

    /// The first customer of an organization.
    pub async fn customer_of(&self, organization: &str) -> Person {
        let mut found: Vec<(Uuid, String, Uuid)> = self
            .sql
            .rows(
                "SELECT id, email, site_id FROM accounts WHERE kind = 'customer' AND locked_by IS NULL AND organization_id = (SELECT id FROM organizations WHERE name = $1) ORDER BY email LIMIT 1",
                values![organization],
            )
            .await;
        let (id, email, site) = found.remove(0);
        Person { id: AccountId(id), email, site: SiteId(site) }
    }

    /// The organization of this name.
    pub async fn organization(&self, name: &str) -> OrganizationId {
        OrganizationId(
            self.sql.one("SELECT id FROM organizations WHERE name = $1", values![name]).await,
        )
    }

    /// Sets an organization's own rule.
    pub async fn sets_rule(
        &self,
        organization: &str,
        rule: &str,
        value: Option<i64>,
        ceiling: Option<i64>,
    ) {
        let organization = self.organization(organization).await;
        self.sql
            .run(
                "INSERT INTO policies (organization_id, rule) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                values![organization, rule],
            )
            .await;
        for (sql, number) in [
            ("UPDATE policies SET value = $3 WHERE organization_id = $1 AND rule = $2", value),
            ("UPDATE policies SET ceiling = $3 WHERE organization_id = $1 AND rule = $2", ceiling),
        ] {
            if let Some(number) = number {
                self.sql.run(sql, values![organization, rule, number]).await;
            }
        }
    }

    /// Suspends an account.
    pub async fn suspends(&self, person: &Person) {
        let sql = "UPDATE accounts SET state = 'suspended' WHERE id = $1";
        assert_eq!(self.sql.run(sql, values![person.id]).await, 1);
    }

    /// Suspends an organization.
    pub async fn suspends_organization(&self, name: &str) {
        let sql = "UPDATE organizations SET state = 'suspended' WHERE name = $1";
        assert_eq!(self.sql.run(sql, values![name]).await, 1);
    }

    // --- visits

    /// Somebody comes to the default site.
    pub fn visit(&self) -> Visit {
        self.visit_from("192.0.2.1")
    }

    /// Somebody comes to the default site from this address.
    pub fn visit_from(&self, address: &str) -> Visit {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        Visit {
            site: self.northwind,
            address: address.parse().expect("an address"),
            user_agent: FIREFOX.into(),
            request_id: format!("request-{number}"),
            origin: ORIGIN.into(),
            here: ORIGIN.into(),
            language: Language::En,
            device: None,
        }
    }

    /// Somebody comes from where nobody came from before.
    pub fn visit_from_anywhere(&self) -> Visit {
        let number = self.prefixes.fetch_add(1, Ordering::Relaxed);
        let [_, high, middle, low] = number.to_be_bytes();
        let address = IpAddr::from([10 + high, middle, low, 7]);
        self.visit_from(&address.to_string())
    }

    /// Somebody comes to another site.
    pub fn visit_at(&self, site: SiteId) -> Visit {
        Visit { site, ..self.visit_from_anywhere() }
    }

    // --- signing in

    /// Tries to sign in.
    pub async fn sign_in(&self, visit: &Visit, name: &str, password: &str) -> Result<SignedIn> {
        self.sign_in_and_keep(visit, name, password, false).await
    }

    /// Tries to sign in, and to stay so.
    pub async fn sign_in_and_keep(
        &self,
        visit: &Visit,
        name: &str,
        password: &str,
        keep: bool,
    ) -> Result<SignedIn> {
        let request = SignIn { name: name.into(), password: secret(password), keep };
        let signed_in = self.portal.sign_in(visit, request).await?;
        self.are_secret(&signed_in);
        Ok(signed_in)
    }

    fn are_secret(&self, signed_in: &SignedIn) {
        for secret in std::iter::once(&signed_in.token).chain(&signed_in.device) {
            self.is_secret(secret);
        }
    }

    /// Whether this password lets the person in, from a device and an address of no history.
    pub async fn lets_in(&self, person: &Person, password: &str) -> bool {
        match self.sign_in(&self.visit_at(person.site), &person.email, password).await {
            Ok(_) => true,
            Err(Error::Refused(Refusal::SignInFailed | Refusal::OrganizationSuspended(_))) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Signs somebody of the demo in, with the demo's password.
    pub async fn enters(&self, who: &str) -> Entered {
        self.enters_with(who, DEMO_PASSWORD).await
    }

    /// Signs somebody in with this password.
    pub async fn enters_with(&self, who: &str, password: &str) -> Entered {
        let person = self.person(who).await;
        let visit = self.visit_at(person.site);
        let signed_in = self.sign_in(&visit, &person.email, password).await.unwrap();
        self.came_in(person, visit, signed_in).await
    }

    /// Somebody who was just let in.
    pub async fn came_in(&self, person: Person, visit: Visit, signed_in: SignedIn) -> Entered {
        let actor = self.portal.actor(&visit, &signed_in.token).await.unwrap().expect("signed in");
        let device = signed_in.device.expect("a device that is known from now on");
        Entered { person, visit, actor, token: signed_in.token, device }
    }

    /// Somebody proves their own password; the session goes on under a new token.
    pub async fn proves(&self, entered: &Entered) -> Entered {
        let password = secret(DEMO_PASSWORD);
        let done = self.portal.step_up(&entered.actor, &password, &secret("")).await.unwrap();
        let token = done.token;
        self.is_secret(&token);
        Entered { token, ..entered.clone() }
    }

    /// Whether a session still holds.
    pub async fn holds(&self, entered: &Entered) -> bool {
        self.portal.actor(&entered.visit, &entered.token).await.unwrap().is_some()
    }

    /// Changes one's own password.
    pub async fn change_password(
        &self,
        entered: &Entered,
        current: &str,
        new: &str,
    ) -> Result<SignedIn> {
        let request = ChangePassword {
            current: secret(current),
            new: secret(new),
            retype: secret(new),
            code: secret(""),
        };
        let signed_in = self.portal.change_password(&entered.actor, request).await?;
        self.are_secret(&signed_in);
        Ok(signed_in)
    }

    // --- links

    /// Somebody asks for a link, and the work behind it is done.
    pub async fn asks_for_link(&self, visit: &Visit, name: &str) {
        self.portal.ask_for_link(visit, name).await.unwrap();
        self.portal.work_off().await.unwrap();
    }

    /// Asks for a link and finds it in the mail.
    pub async fn mailed_link(&self, person: &Person) -> Link {
        self.new_mails().await;
        self.asks_for_link(&self.visit_at(person.site), &person.email).await;
        let mails = self.new_mails().await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert_eq!(mails[0].to, person.email);
        self.link_in(&mails[0])
    }

    /// Asks for a link and finds it among other mails.
    pub async fn mailed_link_among(&self, person: &Person) -> Link {
        self.asks_for_link(&self.visit_at(person.site), &person.email).await;
        let mails = self.new_mails().await;
        let mail =
            mails.iter().find(|mail| mail.to == person.email && mail.text.contains("/reset/"));
        self.link_in(mail.expect("a link"))
    }

    /// The link of a mail.
    pub fn link_in(&self, mail: &Mail) -> Link {
        let url = mail.text.lines().find(|line| line.starts_with("http"));
        let url = url.unwrap_or_else(|| panic!("no link in {}", mail.text)).to_owned();
        let mut words = url.rsplit('/');
        let token = secret(words.next().expect("a token"));
        let id = words.next().and_then(|word| word.parse().ok()).expect("an id");
        let purpose = match words.next() {
            Some("reset") => LinkPurpose::Reset,
            Some("invitation") => LinkPurpose::Invitation,
            Some("confirm") => LinkPurpose::Dispute,
            Some("keep") => LinkPurpose::KeepFactor,
            Some("new-address") => LinkPurpose::ConfirmEmail,
            Some("keep-address") => LinkPurpose::CancelEmail,
            other => panic!("{other:?} in {url}"),
        };
        self.is_secret(&token);
        Link { url, purpose, id, token }
    }

    /// Opens a link.
    pub async fn opens(&self, link: &Link) -> Result<LinkView> {
        let visit = self.visit_at(self.site_of(link));
        self.portal.link(&visit, link.id, &link.token, link.purpose).await
    }

    /// Sets a new password with a link.
    pub async fn uses(&self, link: &Link, new: &str) -> Result<()> {
        let visit = self.visit_at(self.site_of(link));
        let new = new_password(new);
        if link.purpose == LinkPurpose::Invitation {
            self.portal.accept_invitation(&visit, link.id, &link.token, new).await
        } else {
            self.portal.use_link(&visit, link.id, &link.token, new).await
        }
    }

    /// Says "this wasn't me" with a link.
    pub async fn disputes(&self, link: &Link) -> Result<()> {
        let visit = self.visit_at(self.site_of(link));
        self.portal.dispute(&visit, link.id, &link.token).await
    }

    /// Keeps a second factor with a link.
    pub async fn keeps(&self, link: &Link) -> Result<()> {
        let visit = self.visit_at(self.site_of(link));
        self.portal.keep_factor(&visit, link.id, &link.token).await
    }

    /// Opens such a link.
    pub async fn opens_to_keep(&self, link: &Link) -> Result<KeepView> {
        let visit = self.visit_at(self.site_of(link));
        self.portal.keep_view(&visit, link.id, &link.token).await
    }

    /// Confirms a new address with a link.
    pub async fn confirms_address(&self, link: &Link) -> Result<()> {
        let visit = self.visit_at(self.site_of(link));
        self.portal.confirm_email(&visit, link.id, &link.token).await
    }

    /// Keeps the address with a link.
    pub async fn keeps_address(&self, link: &Link) -> Result<()> {
        let visit = self.visit_at(self.site_of(link));
        self.portal.keep_email(&visit, link.id, &link.token).await
    }

    fn site_of(&self, link: &Link) -> SiteId {
        if link.url.contains("/s/contoso/") { self.contoso } else { self.northwind }
    }

    /// Sets a new password with a fresh link.
    pub async fn resets(&self, person: &Person, new: &str) {
        let link = self.mailed_link(person).await;
        self.uses(&link, new).await.unwrap();
    }

    /// The notice that the last change of a password was mailed with, and its link.
    pub async fn notice_for(&self, person: &Person) -> Link {
        let mails = self.new_mails().await;
        let mut mails =
            mails.iter().filter(|mail| mail.to == person.email && mail.text.contains("/confirm/"));
        let link = self.link_in(mails.next().expect("a notice"));
        assert!(mails.next().is_none(), "more than one notice");
        link
    }

    // --- mail

    /// Every mail so far, after all work is done; oldest first.
    pub async fn mails(&self) -> Vec<Mail> {
        self.portal.work_off().await.unwrap();
        self.files().into_iter().map(|(_, mail)| mail).collect()
    }

    /// The mails that nobody has looked at, after all work is done; oldest first.
    pub async fn new_mails(&self) -> Vec<Mail> {
        self.portal.work_off().await.unwrap();
        let mut seen = self.seen.lock().unwrap();
        self.files()
            .into_iter()
            .filter_map(|(path, mail)| seen.insert(path).then_some(mail))
            .collect()
    }

    fn files(&self) -> Vec<(PathBuf, Mail)> {
        let Ok(folder) = std::fs::read_dir(self.folder().join("mail")) else { return Vec::new() };
        let mut files: Vec<_> = folder
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "eml"))
            .map(|path| {
                let arrived = path.metadata().and_then(|file| file.modified()).unwrap();
                (arrived, path)
            })
            .collect();
        files.sort();
        files
            .into_iter()
            .map(|(_, path)| {
                let data = std::fs::read_to_string(&path).unwrap();
                let mail = ReceivedMail { from: String::new(), to: Vec::new(), data };
                let mail = Mail {
                    to: mail.header("To").expect("a recipient"),
                    subject: mail.header("Subject").expect("a subject"),
                    // What keeps a line together, or keeps programs from making a link, is not
                    // to be seen.
                    text: mail.text().replace('\u{a0}', " ").replace('\u{2060}', ""),
                    html: mail.html(),
                };
                (path, mail)
            })
            .collect()
    }

    // --- what is written

    /// The kinds of audit lines about a person, oldest first, with their outcomes.
    pub async fn recorded(&self, person: &Person) -> Vec<String> {
        self.sql
            .column(
                "SELECT kind || ' ' || outcome FROM audit_entries WHERE subject_id = $1 ORDER BY position",
                values![person.id],
            )
            .await
    }

    /// How many audit lines of a kind there are about a person.
    pub async fn count_recorded(&self, person: &Person, kind: &str) -> i64 {
        self.sql
            .one(
                "SELECT COUNT(*) FROM audit_entries WHERE subject_id = $1 AND kind = $2",
                values![person.id, kind],
            )
            .await
    }

    /// The stored hash of a person's password.
    pub async fn hash_of(&self, person: &Person) -> Option<String> {
        self.sql.one("SELECT password_hash FROM accounts WHERE id = $1", values![person.id]).await
    }

    /// The states of a person's links for a reset, oldest first.
    pub async fn link_states(&self, person: &Person) -> Vec<String> {
        self.sql
            .column(
                "SELECT state FROM links WHERE account_id = $1 AND purpose = 'reset' ORDER BY created_at, id",
                values![person.id],
            )
            .await
    }

    /// The states of a person's resets, oldest first.
    pub async fn reset_states(&self, person: &Person) -> Vec<String> {
        self.sql
            .column(
                "SELECT state FROM resets WHERE account_id = $1 ORDER BY sequence",
                values![person.id],
            )
            .await
    }

    /// The states of a person's mails, oldest first.
    pub async fn mail_states(&self, person: &Person) -> Vec<String> {
        self.sql
            .column(
                "SELECT state FROM outbox WHERE account_id = $1 ORDER BY created_at, id",
                values![person.id],
            )
            .await
    }

    // --- faults

    /// From now on nothing can be changed in a table: the database says that the disk is full.
    pub async fn disk_is_full_for(&self, table: &str) {
        let script = match self.engine {
            // A table whose last number is taken is full, and is said to be so with the same code.
            Engine::Sqlite => format!(
                "CREATE TABLE full_{table} (number INTEGER PRIMARY KEY AUTOINCREMENT);
                 INSERT INTO full_{table} VALUES (9223372036854775807);
                 CREATE TRIGGER full_{table}_insert BEFORE INSERT ON {table}
                 BEGIN INSERT INTO full_{table} (number) VALUES (NULL); END;
                 CREATE TRIGGER full_{table}_update BEFORE UPDATE ON {table}
                 BEGIN INSERT INTO full_{table} (number) VALUES (NULL); END;"
            ),
            Engine::Postgres => format!(
                "CREATE FUNCTION full_{table}() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$;
                 CREATE TRIGGER full_{table} BEFORE INSERT OR UPDATE ON {table}
                 FOR EACH ROW EXECUTE FUNCTION full_{table}();"
            ),
        };
        self.sql.script(script).await;
    }

    /// Ends [`World::disk_is_full_for`].
    pub async fn disk_has_room_again(&self, table: &str) {
        let script = match self.engine {
            Engine::Sqlite => format!(
                "DROP TRIGGER full_{table}_insert; DROP TRIGGER full_{table}_update; DROP TABLE full_{table};"
            ),
            Engine::Postgres => {
                format!("DROP TRIGGER full_{table} ON {table}; DROP FUNCTION full_{table};")
            }
        };
        self.sql.script(script).await;
    }

    // --- what must hold in the end

    /// Nobody may find this in the database.
    pub fn is_secret(&self, secret: &Secret) {
        self.secrets.lock().unwrap().insert(secret.reveal().to_owned());
    }

    /// What nobody may find.
    pub fn secrets(&self) -> Vec<String> {
        self.secrets.lock().unwrap().iter().cloned().collect()
    }

    /// No secret stands in the database: not as text, not as bytes, and on SQLite not anywhere in
    /// the files either.
    pub async fn check_that_secrets_are_kept(&self) {
        assert_eq!(self.told_secret().await, None);
    }

    /// A secret that stands somewhere, and where.
    pub async fn told_secret(&self) -> Option<String> {
        let secrets = self.secrets();
        let bytes = secrets.iter().map(|secret| hex(secret.as_bytes()));
        // PostgreSQL writes bytes in small letters, SQLite in capitals.
        let looked_for: Vec<String> = bytes
            .flat_map(|bytes| [bytes.to_uppercase(), bytes])
            .chain(secrets.iter().cloned())
            .collect();
        let any = AhoCorasick::new(&looked_for).unwrap();
        let in_it = |place: &str, content: &[u8]| {
            let found = any.find(content)?;
            Some(format!("{} stands in {place}", looked_for[found.pattern()]))
        };
        let mut told = in_it("the database", self.sql.everything().await.as_bytes());
        if let Database::Sqlite(path) = &self.settings.database {
            for end in ["", "-wal"] {
                let file = std::fs::read(format!("{}{end}", path.display())).unwrap_or_default();
                told = told.or_else(|| in_it("the file of the database", &file));
            }
        }
        told
    }

    /// How much work is left: mails that wait, requests for links, resets half-way.
    pub async fn work_left(&self) -> (i64, i64, i64) {
        (
            self.sql.one("SELECT COUNT(*) FROM outbox WHERE state = 'waiting'", []).await,
            self.sql.one("SELECT COUNT(*) FROM forgotten_requests", []).await,
            self.sql.one("SELECT COUNT(*) FROM resets WHERE state = 'applying'", []).await,
        )
    }

    async fn check_what_is_left(&self) {
        if !self.leaves.work {
            let (mails, requests, resets) = self.work_left().await;
            assert_eq!(
                (mails, requests, resets),
                (0, 0, 0),
                "mails, requests for links and resets are left over"
            );
        }
        if !self.leaves.broken_audit {
            let report = self.portal.verify_audit(None).await.unwrap();
            assert_eq!(report.problems, Vec::<String>::new());
        }
        if !self.leaves.told_secret {
            self.check_that_secrets_are_kept().await;
        }
    }
}

impl Mail {
    /// Whether the text says this, wherever its lines end.
    pub fn says(&self, words: &str) -> bool {
        let text: Vec<&str> = self.text.split_whitespace().collect();
        text.join(" ").contains(words)
    }
}

impl Entered {
    /// The session.
    pub fn session(&self) -> SessionId {
        self.actor.session
    }

    /// The same browser, some time later.
    pub fn known_visit(&self) -> Visit {
        Visit { device: Some(self.device.clone()), ..self.visit.clone() }
    }
}

impl Link {
    /// The part of the URL after the origin.
    pub fn path(&self) -> &str {
        self.url.strip_prefix(ORIGIN).expect("the site's origin")
    }
}

/// A secret.
pub fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

/// The form of a new password, typed twice alike.
pub fn new_password(text: &str) -> NewPassword {
    NewPassword { new: secret(text), retype: secret(text), ..NewPassword::default() }
}

/// Why something was refused.
#[track_caller]
pub fn refusal<T: std::fmt::Debug>(result: Result<T>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// How long one has to wait, in seconds.
#[track_caller]
pub fn wait<T: std::fmt::Debug>(result: Result<T>) -> u32 {
    match refusal(result) {
        Refusal::Wait { seconds } | Refusal::Budget { seconds } => seconds,
        other => panic!("{other:?}"),
    }
}

/// Makes sure that there was too much going on.
#[track_caller]
pub fn assert_busy<T: std::fmt::Debug>(result: Result<T>) {
    match result {
        Err(Error::Busy { retry_after }) => assert!((1..=60).contains(&retry_after)),
        other => panic!("not busy: {other:?}"),
    }
}

/// Waits until something is so; panics when it does not become so.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..3_000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}
