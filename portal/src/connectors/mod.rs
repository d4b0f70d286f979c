//! Downstream systems: the one seam with many sides.
//!
//! A kind of system is one file here: a [`Kind`] that says what it asks for, and a [`Connector`]
//! that does what is asked of it. No vendor's word stands anywhere else; what a system says becomes
//! an [`Outcome`] or a [`Reason`].
//!
//! To add one: its file, and a line in [`KINDS`]. Connectors never touch the database, and are never
//! called inside a transaction.

mod care;
mod comet;
mod configured;
mod http;
mod ldap;
mod mediacp;
mod outside;
#[cfg(test)]
#[path = "../../tests/support/stand_in.rs"]
mod stand_in;
mod webhook;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use model::{
    connector::{AskedView, Field, Found, KeyEffect, KindView, Overview, Reason},
    refusal::{FieldProblem, Problem},
    text::EmailAddress,
};

use crate::secrets::Secret;

pub(crate) use care::{Told, Turns};
pub(crate) use configured::purpose;
pub(crate) use http::Place;
pub(crate) use outside::{Outside, Patience};

/// Every kind of system.
pub(crate) static KINDS: &[&Kind] =
    &[&comet::KIND, &ldap::LDAP, &ldap::ACTIVE_DIRECTORY, &mediacp::KIND, &webhook::KIND];

/// A kind of downstream system.
pub(crate) struct Kind {
    /// The word in the database and in forms.
    pub word: &'static str,
    /// Its proper name, the same in every language.
    pub name: &'static str,
    /// What it asks for.
    pub asks: &'static [Asked],
    /// Whether it can tell which accounts there are.
    pub lists: bool,
    /// What a new password does to encryption keys; what [`Field::Keys`] says where it depends on
    /// how the system is set up.
    pub keys: Option<KeyEffect>,
    /// Whether an account there may have this name.
    pub is_name: fn(&str) -> bool,
    /// Makes one of its settings; what is wrong with them stands next to the fields.
    pub connect: Connect,
}

/// Makes a connector of settings, or says what is wrong with them.
pub(crate) type Connect = fn(&Config, &Outside) -> Result<Arc<dyn Connector>, Vec<FieldProblem>>;

/// One thing that a kind asks for.
pub(crate) struct Asked {
    /// What.
    pub field: Field,
    /// Whether it may be left empty.
    pub optional: bool,
    /// What an answer looks like.
    pub example: &'static str,
}

/// The settings of a connector, without and with what is sealed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    /// By field; an empty value is none.
    pub plain: BTreeMap<Field, String>,
    /// The secrets, by field.
    pub secrets: BTreeMap<Field, Secret>,
}

/// A new password, and for which account.
pub(crate) struct Change<'a> {
    /// The account's name there.
    pub account: &'a str,
    /// By which the account is known not to be another one of the same name, if the system has that.
    pub fingerprint: Option<&'a str>,
    /// The password.
    pub password: &'a Secret,
    /// The same for the same change, however often it is tried.
    pub key: &'a str,
}

/// What came of asking a system for a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is done.
    Applied,
    /// It said no, and nothing changed.
    Refused(Reason),
    /// It was not asked: nothing was sent, and nothing changed.
    NotSent(Reason),
    /// It may have been done.
    Unknown(Reason),
}

/// Whether one can sign in with a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verified {
    /// One can.
    Yes,
    /// One cannot: the password is another one.
    No,
    /// That could not be found out.
    NotSeen(Reason),
}

/// An account that a system has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// Its name there.
    pub name: String,
    /// By which it is known not to be another one of the same name.
    pub fingerprint: Option<String>,
    /// What the system calls whoever the account is for.
    pub display_name: Option<String>,
    /// Their addresses, the first one first.
    pub emails: Vec<EmailAddress>,
}

/// A downstream system, as it is configured.
///
/// Every method ends within seconds: a connector bounds each connection and each answer. None of
/// them panics, logs a secret, or follows where the system leads.
#[async_trait]
pub(crate) trait Connector: Send + Sync {
    /// Signs in as Rekey, and looks around. Changes nothing.
    async fn test(&self) -> Result<Found, Reason>;

    /// The accounts that there are; [`Reason::NotOffered`] where they cannot be listed.
    async fn accounts(&self) -> Result<Vec<Account>, Reason>;

    /// One account, by its name; [`Reason::NoSuchAccount`] where there is none.
    async fn account(&self, name: &str) -> Result<Account, Reason>;

    /// Whether the password of an account could be set now. Changes nothing.
    async fn preflight(&self, name: &str, fingerprint: Option<&str>) -> Result<(), Reason>;

    /// What the system tells of an account.
    async fn overview(&self, name: &str) -> Result<Overview, Reason>;

    /// Whether the system's rules take a password, as far as that is known without asking it.
    fn accepts(&self, account: &str, password: &Secret) -> Result<(), Reason>;

    /// Sets the password of an account. Asked again with the same key it does no harm. Where an
    /// answer got lost and the system tells by other signs that it was done, the outcome says so.
    async fn set_password(&self, change: &Change<'_>) -> Outcome;

    /// Whether one can sign in with a password, found out by doing so once; what that opened is
    /// closed again.
    async fn verify(&self, name: &str, password: &Secret) -> Verified;

    /// Has the account's owner asked for a new password at the next sign-in;
    /// [`Reason::NotOffered`] where there is no such thing.
    async fn require_change(&self, name: &str) -> Outcome;

    /// Opens a lock; [`Reason::NotOffered`] where a new password does that by itself.
    async fn unlock(&self, name: &str) -> Outcome;
}

impl Kind {
    /// The kind of a word.
    pub fn of(word: &str) -> Option<&'static Self> {
        KINDS.iter().copied().find(|kind| kind.word == word)
    }

    /// How it describes itself.
    pub fn view(&self) -> KindView {
        KindView {
            word: self.word.to_owned(),
            name: self.name.to_owned(),
            asks: self
                .asks
                .iter()
                .map(|asked| AskedView {
                    field: asked.field,
                    optional: asked.optional,
                    example: asked.example.to_owned(),
                })
                .collect(),
            lists: self.lists,
        }
    }

    /// What a new password does to encryption keys.
    pub fn key_effect(&self, config: &Config) -> KeyEffect {
        self.keys
            .or_else(|| KeyEffect::from_word(config.plain(Field::Keys)?))
            .unwrap_or(KeyEffect::NotKnown)
    }
}

impl Config {
    /// What a field says, unless that is nothing.
    pub fn plain(&self, field: Field) -> Option<&str> {
        self.plain.get(&field).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A field's secret, unless that is nothing.
    pub fn secret(&self, field: Field) -> Option<&Secret> {
        self.secrets.get(&field).filter(|secret| !secret.reveal().is_empty())
    }
}

/// A problem with one field.
fn problem(field: Field, problem: Problem) -> FieldProblem {
    FieldProblem { field: field.word().into(), problem }
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Kind").field(&self.word).finish()
    }
}
