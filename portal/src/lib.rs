//! All that happens in Rekey: use cases, storage, mail. No web framework, no pages.
//!
//! [`Portal`] is the façade. A use case is a method on it, in the file named after what it is
//! about; each takes an [`Actor`] (somebody signed in) or a [`Visit`] (anybody), decides inside the
//! transaction of its write with the deciding rows held, and answers with a [`Result`] whose
//! refusals people may read.
//!
//! How to extend it: put the new words into `model`, the queries as short methods of `Tx` into
//! `store`, the use case into its own file here, and its story into `tests/it`, where it runs on
//! both engines.
//!
//! Conventions: time and randomness come from [`clock`]; secrets are [`secrets::Secret`]s; mail
//! goes through the outbox, in the transaction of what causes it; what happened is recorded in the
//! audit log in that transaction too, last.

mod account;
mod api_answers;
mod api_keys;
mod approvals;
mod attention;
mod audit;
mod brand;
mod caller;
pub mod clock;
mod codes;
mod colleagues;
mod common;
pub mod config;
mod connector_settings;
mod connectors;
mod consent;
mod customer_care;
mod customers;
mod demo;
mod destinations;
mod device;
mod dispute;
mod dkim;
mod doer;
mod downstream;
mod email_change;
mod error;
mod event_hooks;
mod export;
mod failpoint;
mod fold;
mod forced_change;
mod forgotten;
mod import;
mod import_file;
mod import_rows;
mod jobs;
mod keys;
mod letters;
mod lost_factor;
pub mod mail;
mod mail_log;
mod mail_settings;
mod measures;
mod new_customer;
mod organization;
mod organizations;
mod outbound;
mod outbox;
mod overview;
mod passkeys;
pub mod password;
mod pictures;
mod policies;
mod problems;
mod reset_desk;
mod resets;
mod restored;
mod rotation;
mod second_step;
pub mod secrets;
mod send_many;
mod service_accounts;
mod service_import;
mod sessions;
mod set_password;
mod sign_in;
mod signing;
mod sites;
mod staff;
mod step_up;
mod store;
mod table;
mod throttle;
mod two_factor;
mod work;

use std::{net::IpAddr, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use model::{Moment, account::Language, id::SiteId};
use tokio::sync::Notify;

pub use account::{ChangePassword, ChangeProfile};
pub use api_answers::{Asked, KeptAnswer, Pending};
pub use api_keys::{Admission, Allowance, Knock, MakeKey};
pub use approvals::AskApproval;
pub use attention::Place;
pub use audit::{AuditExport, AuditFormat, AuditReport};
pub use brand::SetBrand;
pub use caller::{CheckCaller, VerifyCaller};
pub use colleagues::{InviteStaff, SendStaffLink};
pub use connector_settings::SetConnector;
pub use consent::SetConsent;
pub use customer_care::{ChangeCustomer, DeleteCustomer};
pub use demo::DEMO_PASSWORD;
pub use dispute::CloseDispute;
pub use email_change::{ApproveEmail, AskEmail};
pub use error::{Error, Result};
pub use event_hooks::{AddHook, SetHook};
pub use export::Export;
pub use forced_change::Newcomer;
pub use forgotten::NewPassword;
pub use import::{MapImport, StartImport};
pub use import_file::{Upload, UploadError};
pub use jobs::JobWish;
pub use keys::{KeyId, LOOK_AGAIN};
pub use letters::WhichLetter;
pub use lost_factor::RemoveFactor;
pub use mail_log::SendMailAgain;
pub use mail_settings::SetMail;
pub use measures::{HashingLoad, Measures, PoolLoad};
pub use new_customer::CreateCustomer;
pub use organizations::{AddOrganization, MoveOrganization};
pub use passkeys::{AddPasskey, PasskeySignIn};
pub use policies::SetRule;
pub use reset_desk::SendLink;
pub use restored::RestoredReport;
pub use rotation::{KeyUse, RotationReport};
pub use second_step::{Halfway, ProveFactor};
pub use send_many::{Many, SendMany};
pub use service_accounts::LinkService;
pub use service_import::ImportServices;
pub use sessions::Actor;
pub use set_password::{SetPassword, StaffPassword};
pub use sign_in::{Reached, SignIn, SignedIn};
pub use staff::CreateStaff;
pub use step_up::SteppedUp;
pub use table::csv_line;
pub use two_factor::ConfirmApp;

use audit::Anchored;
use clock::{Clock, Randomness};
use common::Common;
use config::Settings;
use connectors::{Outside, Patience, Turns};
use keys::Keys;
use mail::Mailer;
use measures::SignInCounts;
use outbound::Outbound;
use password::{Hasher, Judge};
use secrets::Secret;
use store::Db;

/// One request, as far as use cases care.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The site whose door it came through.
    pub site: SiteId,
    /// The client's network address.
    pub address: IpAddr,
    /// The browser's `User-Agent`.
    pub user_agent: String,
    /// The request's id, in every log line and audit row about it.
    pub request_id: String,
    /// Scheme, host and port that links begin with, unless they are to a front door with a host of
    /// its own: from the settings, never from a header.
    pub origin: String,
    /// Where the browser is: the same, or that of the front door at whose own host it came in.
    pub here: String,
    /// The language to speak.
    pub language: Language,
    /// The token by which the device is known, if it brought one.
    pub device: Option<Secret>,
}

impl Visit {
    /// Whether it came in at the own host of a front door, where there is nothing but that one.
    pub(crate) fn is_at_own_host(&self) -> bool {
        self.here != self.origin
    }
}

/// Everything Rekey does. Cheap to clone.
#[derive(Clone)]
pub struct Portal(Arc<Rooms>);

struct Rooms {
    settings: Settings,
    clock: Clock,
    random: Randomness,
    db: Db,
    keys: Keys,
    hasher: Hasher,
    judge: Judge,
    mailer: Mailer,
    anchored: Anchored,
    sign_ins: SignInCounts,
    outside: Outside,
    turns: Turns,
    common: Common,
    work: Notify,
    seen: tokio::sync::Mutex<import_rows::Seen>,
    uploads: import_file::Uploads,
    /// Pictures that are looked at at once: each takes memory.
    pictures: tokio::sync::Semaphore,
}

/// What [`Portal::look`] found.
#[derive(Debug)]
pub enum Found {
    /// Nothing has been begun: the first start does.
    Nothing,
    /// A database that lacks so many migrations, which the next start makes up for.
    Older(usize),
    /// A database that can be served as it is.
    Current(Portal),
}

/// Under which the database keeps a seal that only its own master key opens.
const KEY_CHECK: &str = "master_key";

impl Portal {
    /// Opens everything the settings name; brings the database up to date.
    pub async fn open(settings: &Settings) -> anyhow::Result<Self> {
        Self::open_with(settings, Clock::System, Randomness::System).await
    }

    /// Like [`Portal::open`], with a clock and randomness of the caller's choice.
    pub async fn open_with(
        settings: &Settings,
        clock: Clock,
        random: Randomness,
    ) -> anyhow::Result<Self> {
        Self::open_waiting(settings, clock, random, Patience::default()).await
    }

    /// Like [`Portal::open_with`], for tests of systems that give no answer: none is waited for
    /// longer than this.
    pub async fn open_impatient(
        settings: &Settings,
        clock: Clock,
        random: Randomness,
        answer: Duration,
    ) -> anyhow::Result<Self> {
        let patience = Patience { whole: answer, ..Patience::default() };
        Self::open_waiting(settings, clock, random, patience).await
    }

    async fn open_waiting(
        settings: &Settings,
        clock: Clock,
        random: Randomness,
        patience: Patience,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&settings.data)
            .with_context(|| format!("cannot make the data folder {}", settings.data.display()))?;
        let db = Db::connect(&settings.database).await?;
        db.migrate().await?;
        let keys = keys_for(&db, settings, &random).await?;
        let around = (clock, random, patience);
        let portal = Self::furnish(settings, around, db, keys)?;
        portal.list_everybody().await.context("cannot list the customers")?;
        Ok(portal)
    }

    /// Looks at the database and the master key, and changes nothing.
    pub async fn look(settings: &Settings) -> anyhow::Result<Found> {
        let Some(db) = Db::connect_existing(&settings.database).await? else {
            return Ok(Found::Nothing);
        };
        let seal = match db.behind().await? {
            Some(0) => db.read().await?.meta(KEY_CHECK).await?,
            behind => {
                db.close().await;
                return Ok(behind.map_or(Found::Nothing, Found::Older));
            }
        };
        let Some(seal) = seal else {
            db.close().await;
            return Ok(Found::Nothing);
        };
        let random = Randomness::System;
        let path = &settings.master_key_file;
        let Some(keys) = Keys::read(path, random.clone())? else { bail!(missing_key(path)) };
        must_open(&keys, &seal, path)?;
        Ok(Found::Current(Self::furnish(
            settings,
            (Clock::System, random, Patience::default()),
            db,
            keys,
        )?))
    }

    fn furnish(
        settings: &Settings,
        (clock, random, patience): (Clock, Randomness, Patience),
        db: Db,
        keys: Keys,
    ) -> anyhow::Result<Self> {
        let mailer = Mailer::new(&settings.mail).context("mail settings")?;
        let outside = Outside {
            clock: clock.clone(),
            random: random.clone(),
            patience,
            ..Outside::new(
                Outbound::allowing(&settings.outgoing_allowed),
                settings.outgoing_ca_file.as_deref(),
            )?
        };
        Ok(Self(Arc::new(Rooms {
            hasher: Hasher::new(&settings.hashing, random.clone())?,
            judge: Judge::new(settings.breached_passwords.clone()),
            settings: settings.clone(),
            clock,
            random,
            db,
            keys,
            mailer,
            anchored: Anchored::from_file(settings.audit.anchor_file.as_deref())?,
            sign_ins: SignInCounts::default(),
            outside,
            turns: Turns::default(),
            common: Common::default(),
            work: Notify::new(),
            seen: tokio::sync::Mutex::default(),
            uploads: import_file::Uploads::default(),
            pictures: tokio::sync::Semaphore::new(1),
        })))
    }

    /// Brings the database up to date, and nothing else.
    pub async fn migrate(settings: &Settings) -> anyhow::Result<()> {
        let db = Db::connect(&settings.database).await?;
        let result = db.migrate().await;
        db.close().await;
        result
    }

    /// Whether requests can be served: the database answers.
    pub async fn ready(&self) -> bool {
        self.0.db.answers().await
    }

    /// Closes the database; what is open ends first.
    pub async fn close(&self) {
        self.0.db.close().await;
    }

    /// Six words from a list of 7,776, for people who would rather not think of a password.
    pub fn suggest_password(&self) -> Secret {
        password::suggest(&self.0.random)
    }

    /// The settings it was opened with.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// What sends mail, for checking whether it can.
    pub fn mailer(&self) -> &Mailer {
        &self.0.mailer
    }

    /// What connectors need of the world.
    fn outside(&self) -> &Outside {
        &self.0.outside
    }

    /// Whose turn it is to ask a connector.
    fn turns(&self) -> &Turns {
        &self.0.turns
    }

    fn outbound(&self) -> &Outbound {
        &self.0.outside.outbound
    }

    fn db(&self) -> &Db {
        &self.0.db
    }

    fn now(&self) -> Moment {
        self.0.clock.now()
    }

    fn random(&self) -> &Randomness {
        &self.0.random
    }

    fn keys(&self) -> &Keys {
        &self.0.keys
    }

    fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    fn common(&self) -> &Common {
        &self.0.common
    }

    fn sign_in_counts(&self) -> &SignInCounts {
        &self.0.sign_ins
    }

    fn anchored(&self) -> &Anchored {
        &self.0.anchored
    }

    /// The names that the files want whose checks this node has under way.
    fn seen(&self) -> &tokio::sync::Mutex<import_rows::Seen> {
        &self.0.seen
    }

    /// Those whose files are arriving on this node.
    fn uploads(&self) -> &import_file::Uploads {
        &self.0.uploads
    }

    fn judge(&self) -> &Judge {
        &self.0.judge
    }
}

impl std::fmt::Debug for Portal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Portal")
            .field("database", &self.0.settings.database)
            .finish_non_exhaustive()
    }
}

/// The master key, which must be the one the database was begun with.
async fn keys_for(db: &Db, settings: &Settings, random: &Randomness) -> anyhow::Result<Keys> {
    let path = &settings.master_key_file;
    let mut tx = db.write().await?;
    let check = tx.meta(KEY_CHECK).await?;
    if check.is_some() && !path.exists() {
        bail!(missing_key(path));
    }
    let keys = Keys::from_file(path, random.clone())?;
    if check.is_none() {
        tx.add_meta(KEY_CHECK, &keys.seal(KEY_CHECK, &true)?).await?;
    }
    // Read again: another node may have begun the database at the same moment, with its own key.
    let seal = tx.meta(KEY_CHECK).await?.context("the mark of the master key")?;
    must_open(&keys, &seal, path)?;
    tx.commit().await?;
    Ok(keys)
}

fn must_open(keys: &Keys, seal: &[u8], path: &Path) -> anyhow::Result<()> {
    keys.open::<bool>(KEY_CHECK, seal).map(drop).map_err(|_| {
        anyhow::anyhow!(
            "the master key {} is not the one this database was begun with: put your copy of that one there",
            path.display()
        )
    })
}

fn missing_key(path: &Path) -> String {
    format!(
        "the master key {} is missing: this database was begun with one; put your copy of it there",
        path.display()
    )
}
