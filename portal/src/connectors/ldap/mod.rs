//! Directories: LDAP servers that know how to set a password (RFC 3062), and Active Directory.
//!
//! Rekey signs in as a user of its own, looks for the account by its name below a base, and has the
//! password of the entry set that was found. Names of entries are never put together: they are
//! those that the directory gave. Referrals are not followed.

mod answers;
mod ber;
mod entry;
mod place;
mod session;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use ldap3::{Scope, ldap_escape};
use model::{
    connector::{Field, Found, KeyEffect, LONGEST_SERVICE_NAME, Overview, Reason},
    refusal::{FieldProblem, Problem},
};
use tokio::time::Instant;
use zeroize::Zeroizing;

use self::{
    entry::Entry,
    place::Place,
    session::{Fault, Page, Search, Session},
};
use super::{Account, Asked, Change, Config, Connector, Kind, Outcome, Outside, Verified, problem};
use crate::secrets::Secret;

/// The extended operation that sets passwords (RFC 3062).
const PASSWORD_MODIFY: &str = "1.3.6.1.4.1.4203.1.11.1";
/// Entries in a page of a list; servers seldom give more than 1,000.
const PAGE: u16 = 500;
/// Most accounts in a list.
const MOST_ACCOUNTS: usize = 50_000;
/// What answers about one account may cost, in bytes ([`ber::message`]).
const SMALL: usize = 4 * 1024 * 1024;
/// The same for a list.
const LARGE: usize = 256 * 1024 * 1024;
/// Longest password that Active Directory takes, in units of UTF-16.
const LONGEST_UNICODE_PWD: usize = 256;

/// LDAP servers that set passwords by the extended operation for that.
pub(super) static LDAP: Kind = Kind {
    word: "ldap",
    name: "LDAP",
    asks: &[
        asked(Field::Address, "ldaps://directory.acme.example"),
        asked(Field::User, "cn=rekey,ou=services,dc=acme,dc=example"),
        asked(Field::Password, ""),
        asked(Field::Base, "ou=people,dc=acme,dc=example"),
        optional(Field::Attribute, "uid"),
        optional(Field::Keys, "not_changed"),
    ],
    lists: true,
    keys: None,
    is_name,
    connect: |config, outside| Directory::connect(Flavour::Ldap, config, outside),
};

/// Active Directory.
pub(super) static ACTIVE_DIRECTORY: Kind = Kind {
    word: "active_directory",
    name: "Active Directory",
    asks: &[
        asked(Field::Address, "ldaps://dc1.acme.example"),
        asked(Field::User, "rekey@acme.example"),
        asked(Field::Password, ""),
        asked(Field::Base, "ou=Customers,dc=acme,dc=example"),
        optional(Field::Attribute, "sAMAccountName"),
        optional(Field::Keys, "not_changed"),
    ],
    lists: true,
    keys: None,
    is_name,
    connect: |config, outside| Directory::connect(Flavour::ActiveDirectory, config, outside),
};

const fn asked(field: Field, example: &'static str) -> Asked {
    Asked { field, optional: false, example }
}

const fn optional(field: Field, example: &'static str) -> Asked {
    Asked { field, optional: true, example }
}

/// Every character may stand in a name, but for those that nobody sees.
fn is_name(name: &str) -> bool {
    !name.trim().is_empty()
        && name.chars().count() <= LONGEST_SERVICE_NAME
        && !name.chars().any(char::is_control)
}

/// In which of two ways passwords are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flavour {
    /// By an extended operation.
    Ldap,
    /// As an attribute.
    ActiveDirectory,
}

/// How long a directory is waited for.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// Until a connection stands and is encrypted.
    connect: Duration,
    /// For each answer.
    answer: Duration,
    /// For a whole list.
    list: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(10),
            list: Duration::from_secs(30),
        }
    }
}

/// A directory, as it is configured.
struct Directory {
    flavour: Flavour,
    place: Place,
    user: String,
    password: Secret,
    base: String,
    /// What an account's name is kept under.
    attribute: String,
    patience: Patience,
    /// Entries that are asked for at once in a list.
    page: u16,
}

impl Directory {
    fn connect(
        flavour: Flavour,
        config: &Config,
        outside: &Outside,
    ) -> Result<Arc<dyn Connector>, Vec<FieldProblem>> {
        let directory = Self::parse(flavour, config, outside)?;
        Ok(Arc::new(directory))
    }

    fn parse(
        flavour: Flavour,
        config: &Config,
        outside: &Outside,
    ) -> Result<Self, Vec<FieldProblem>> {
        let mut problems = Vec::new();
        let mut text = |field, usual: &str| {
            let text = config.plain(field).map_or(usual, str::trim);
            if text.is_empty() {
                problems.push(problem(field, Problem::Required));
            } else if text.chars().any(char::is_control) {
                problems.push(problem(field, Problem::UnseenCharacters));
            }
            text.to_owned()
        };
        let address = text(Field::Address, "");
        let user = text(Field::User, "");
        let base = text(Field::Base, "");
        let attribute = text(
            Field::Attribute,
            match flavour {
                Flavour::Ldap => "uid",
                Flavour::ActiveDirectory => "sAMAccountName",
            },
        );
        if problems.iter().all(|found| found.field != Field::Attribute.word())
            && !is_attribute(&attribute)
        {
            problems.push(problem(Field::Attribute, Problem::NotAnAttribute));
        }
        if config.plain(Field::Keys).is_some_and(|word| KeyEffect::from_word(word).is_none()) {
            problems.push(problem(Field::Keys, Problem::NotAChoice));
        }
        let password = config.secret(Field::Password).cloned();
        if password.is_none() {
            problems.push(problem(Field::Password, Problem::Required));
        }
        let place = if address.is_empty() {
            None
        } else {
            Place::parse(&address, outside).map_err(|found| problems.push(found)).ok()
        };
        match (place, password) {
            (Some(place), Some(password)) if problems.is_empty() => Ok(Self {
                flavour,
                place,
                user,
                password,
                base,
                attribute,
                patience: Patience::default(),
                page: PAGE,
            }),
            _ => Err(problems),
        }
    }

    /// Connects and signs in as Rekey.
    async fn signed_in(&self, budget: usize) -> Result<Session, Reason> {
        let stream = self.place.open(budget, self.patience.connect).await?;
        let session = Session::over(stream, self.patience.answer).await?;
        let answer = session.sign_in(&self.user, &self.password).await;
        answers::of_own_sign_in(&answer.map_err(Fault::reason)?)?;
        Ok(session)
    }

    /// A search below the base.
    fn search(&self, value: &str) -> Search {
        let name = format!("({}={value})", self.attribute);
        let filter = match self.flavour {
            Flavour::Ldap => name,
            // People, not computers.
            Flavour::ActiveDirectory => {
                format!("(&(objectCategory=person)(objectClass=user){name})")
            }
        };
        let attributes = self.flavour.attributes().iter().copied().chain([&*self.attribute]);
        Search {
            base: self.base.clone(),
            scope: Scope::Subtree,
            filter,
            attributes: attributes.map(str::to_owned).collect(),
        }
    }

    /// The one entry of an account, and the connection on which it was found.
    async fn find(&self, name: &str) -> Result<(Session, Entry), Reason> {
        if !is_name(name) {
            return Err(Reason::NoSuchAccount);
        }
        let session = self.signed_in(SMALL).await?;
        let page = session.find(self.search(&ldap_escape(name)), 1).await;
        let Page { mut entries, result, .. } = page.map_err(Fault::reason)?;
        // Which of two is meant, nobody knows.
        if entries.len() > 1 {
            return Err(Reason::AnotherAccount);
        }
        answers::of_search(&result)?;
        let entry = entries.pop().ok_or(Reason::NoSuchAccount)?;
        Ok((session, entry))
    }

    /// Every account, page by page.
    async fn list(&self) -> Result<Vec<Account>, Reason> {
        let session = self.signed_in(LARGE).await?;
        let begin = Instant::now();
        let (mut accounts, mut cookie) = (Vec::new(), Vec::new());
        loop {
            let page = session.page(self.search("*"), self.page, cookie).await;
            let page = page.map_err(Fault::reason)?;
            answers::of_search(&page.result)?;
            accounts.extend(page.entries.iter().filter_map(|entry| entry.account(&self.attribute)));
            if page.cookie.is_empty() {
                return Ok(accounts);
            }
            // Some of them would pass for all of them.
            if accounts.len() > MOST_ACCOUNTS || begin.elapsed() > self.patience.list {
                tracing::warn!(
                    found = accounts.len(),
                    "a directory has more accounts than can be listed; a narrower base helps"
                );
                return Err(Reason::BadAnswer);
            }
            cookie = page.cookie;
        }
    }

    /// What the server says it is, if it says so; and that it sets passwords, or at least does not
    /// say that it does not.
    async fn version(&self) -> Result<Option<String>, Reason> {
        let session = self.signed_in(SMALL).await?;
        let attributes = ["vendorName", "vendorVersion", "objectClass", "supportedExtension"];
        let root = Search {
            base: String::new(),
            scope: Scope::Base,
            filter: "(objectClass=*)".to_owned(),
            attributes: attributes.map(str::to_owned).to_vec(),
        };
        let page = session.find(root, 1).await.map_err(Fault::reason)?;
        let Some(root) = page.entries.first() else { return Ok(None) };
        if self.flavour == Flavour::Ldap
            && root.text("supportedExtension").is_some()
            && root.texts("supportedExtension").all(|oid| oid != PASSWORD_MODIFY)
        {
            return Err(Reason::NotOffered);
        }
        let open_ldap = root.texts("objectClass").any(|class| class == "OpenLDAProotDSE");
        let vendor = [root.text("vendorName"), root.text("vendorVersion")];
        let vendor = vendor.into_iter().flatten().collect::<Vec<_>>().join(" ");
        Ok(match (vendor.is_empty(), open_ldap) {
            (false, _) => Some(vendor.chars().take(100).collect()),
            (true, true) => Some("OpenLDAP".to_owned()),
            (true, false) => None,
        })
    }

    /// Signs in as an account's owner, in place of whoever was signed in.
    async fn sign_in_as(&self, session: &Session, entry: &Entry, password: &Secret) -> Verified {
        match session.sign_in(&entry.dn, password).await {
            Ok(result) => answers::of_sign_in(self.flavour, &result, entry.is_locked()),
            Err(fault) => Verified::NotSeen(fault.reason()),
        }
    }

    /// Replaces one attribute of an account.
    async fn replace(&self, name: &str, attribute: &'static str, value: &str) -> Outcome {
        let (session, entry) = match self.find(name).await {
            Ok(found) => found,
            Err(reason) => return before(reason),
        };
        let value = Zeroizing::new(value.as_bytes().to_vec());
        outcome(session.replace(&entry.dn, attribute, value).await, answers::of_change)
    }
}

/// What it means that something went wrong before a change was asked for.
fn before(reason: Reason) -> Outcome {
    match reason {
        Reason::NoSuchAccount | Reason::AnotherAccount => Outcome::Refused(reason),
        _ => Outcome::NotSent(reason),
    }
}

fn outcome<T>(answer: Result<T, Fault>, of: impl FnOnce(&T) -> Outcome) -> Outcome {
    match answer {
        Ok(result) => of(&result),
        Err(Fault::NotSent) => Outcome::NotSent(Fault::NotSent.reason()),
        Err(Fault::Unheard(reason)) => Outcome::Unknown(reason),
    }
}

/// A name of an attribute (RFC 4512, 2.5), without options.
fn is_attribute(text: &str) -> bool {
    let word = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 64
        && (text.starts_with(|c: char| c.is_ascii_alphabetic()) && word(text)
            || text.split('.').all(number))
}

/// A password as Active Directory wants it: quoted, in UTF-16 (MS-ADTS 3.1.1.3.1.5.1).
fn unicode_pwd(password: &Secret) -> Zeroizing<Vec<u8>> {
    // All of it at once: a growing one would leave parts of it behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(4 + 2 * password.reveal().len()));
    for unit in std::iter::once(u16::from(b'"'))
        .chain(password.reveal().encode_utf16())
        .chain([u16::from(b'"')])
    {
        bytes.extend_from_slice(&unit.to_le_bytes());
    }
    bytes
}

#[async_trait]
impl Connector for Directory {
    async fn test(&self) -> Result<Found, Reason> {
        let version = self.version().await?;
        let accounts = u32::try_from(self.list().await?.len()).ok();
        Ok(Found { version, accounts, resettable: None })
    }

    async fn accounts(&self) -> Result<Vec<Account>, Reason> {
        self.list().await
    }

    async fn account(&self, name: &str) -> Result<Account, Reason> {
        let (_session, entry) = self.find(name).await?;
        entry.account(&self.attribute).ok_or(Reason::NoSuchAccount)
    }

    async fn preflight(&self, name: &str, fingerprint: Option<&str>) -> Result<(), Reason> {
        let (_session, entry) = self.find(name).await?;
        entry.obstacle(fingerprint).map_or(Ok(()), Err)
    }

    async fn overview(&self, name: &str) -> Result<Overview, Reason> {
        let (_session, entry) = self.find(name).await?;
        Ok(entry.overview())
    }

    fn accepts(&self, _account: &str, password: &Secret) -> Result<(), Reason> {
        let text = password.reveal();
        let too_long = self.flavour == Flavour::ActiveDirectory
            && text.encode_utf16().count() > LONGEST_UNICODE_PWD;
        if text.is_empty() {
            Err(Reason::PasswordTooShort)
        } else if too_long || text.chars().any(char::is_control) {
            Err(Reason::NotRepresentable)
        } else {
            Ok(())
        }
    }

    async fn set_password(&self, change: &Change<'_>) -> Outcome {
        if let Err(reason) = self.accepts(change.account, change.password) {
            return Outcome::Refused(reason);
        }
        let (session, entry) = match self.find(change.account).await {
            Ok(found) => found,
            Err(reason) => return before(reason),
        };
        if let Some(reason) = entry.obstacle(change.fingerprint) {
            return Outcome::Refused(reason);
        }
        let answer = match self.flavour {
            Flavour::Ldap => session.modify_password(&entry.dn, change.password).await,
            Flavour::ActiveDirectory => {
                session.replace(&entry.dn, "unicodePwd", unicode_pwd(change.password)).await
            }
        };
        let outcome = outcome(answer, |result| answers::of_new_password(self.flavour, result));
        // Asked again after an answer got lost, a server that remembers passwords finds the new
        // one among them: as the one that is valid.
        let may_be_done = outcome == Outcome::Refused(Reason::PasswordUsedBefore);
        if may_be_done && self.sign_in_as(&session, &entry, change.password).await == Verified::Yes
        {
            return Outcome::Applied;
        }
        outcome
    }

    async fn verify(&self, name: &str, password: &Secret) -> Verified {
        // A sign-in without a password would succeed, as nobody.
        if password.reveal().is_empty() {
            return Verified::No;
        }
        match self.find(name).await {
            Ok((session, entry)) => self.sign_in_as(&session, &entry, password).await,
            Err(reason) => Verified::NotSeen(reason),
        }
    }

    async fn require_change(&self, name: &str) -> Outcome {
        match self.flavour {
            Flavour::Ldap => self.replace(name, "pwdReset", "TRUE").await,
            Flavour::ActiveDirectory => self.replace(name, "pwdLastSet", "0").await,
        }
    }

    async fn unlock(&self, name: &str) -> Outcome {
        match self.flavour {
            Flavour::Ldap => Outcome::NotSent(Reason::NotOffered),
            Flavour::ActiveDirectory => self.replace(name, "lockoutTime", "0").await,
        }
    }
}
