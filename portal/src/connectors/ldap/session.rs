//! One conversation with a directory: requests, answers, and what is known when there is none.

use std::{collections::HashSet, time::Duration};

use ldap3::{
    Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Mod, Scope, SearchEntry,
    SearchOptions, StdStream,
    controls::{PagedResults, RawControl},
    exop::PasswordModify,
};
use model::connector::Reason;
use tokio::{net::UnixStream, task::AbortHandle};
use zeroize::Zeroizing;

use super::{answers, ber, entry::Entry};
use crate::secrets::Secret;

/// The control of answers in pages (RFC 2696).
const PAGES: &str = "1.2.840.113556.1.4.319";

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The connection had ended before, and the request never left.
    NotSent,
    /// It may have been heard.
    Unheard(Reason),
}

impl Fault {
    /// Why, whether or not it was heard.
    pub fn reason(self) -> Reason {
        match self {
            Self::NotSent => Reason::Unreachable,
            Self::Unheard(reason) => reason,
        }
    }

    fn of(error: &LdapError) -> Self {
        match error {
            LdapError::OpSend { .. } => Self::NotSent,
            _ => Self::Unheard(Reason::NoAnswer),
        }
    }
}

/// What to look for.
pub(super) struct Search {
    /// Below which entry.
    pub base: String,
    /// Only that one, or all below it.
    pub scope: Scope,
    /// The filter (RFC 4515); what was typed by people is escaped in it.
    pub filter: String,
    /// Of what to tell.
    pub attributes: Vec<String>,
}

/// Some of what was found.
pub(super) struct Page {
    /// The entries.
    pub entries: Vec<Entry>,
    /// How the search ended.
    pub result: LdapResult,
    /// Where the next page begins; empty after the last one.
    pub cookie: Vec<u8>,
}

/// A connection that stands; it ends with this.
pub(super) struct Session {
    ldap: Ldap,
    driver: AbortHandle,
    /// Longest time for each answer.
    patience: Duration,
}

impl Session {
    /// Talks over a connection.
    pub async fn over(stream: UnixStream, patience: Duration) -> Result<Self, Reason> {
        let failed = || Reason::Unreachable;
        let stream = StdStream::Unix(stream.into_std().map_err(|_| failed())?);
        let settings = LdapConnSettings::new().set_std_stream(stream);
        let opened = LdapConnAsync::with_settings(settings, "ldapi:///").await;
        let (connection, ldap) = opened.map_err(|_| failed())?;
        // What ends a connection is seen by those who wait for an answer.
        let driver = tokio::spawn(async move { drop(connection.drive().await) });
        Ok(Self { ldap, driver: driver.abort_handle(), patience })
    }

    /// Asks one thing, in a task of its own: the library panics over answers that it does not
    /// understand.
    async fn ask<T, F>(&self, asked: impl FnOnce(Ldap) -> F + Send) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, LdapError>> + Send + 'static,
        T: Send + 'static,
    {
        let mut task = tokio::spawn(asked(self.ldap.clone()));
        match tokio::time::timeout(self.patience, &mut task).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(error))) => Err(Fault::of(&error)),
            Ok(Err(_panicked)) => Err(Fault::Unheard(Reason::BadAnswer)),
            Err(_elapsed) => {
                task.abort();
                Err(Fault::Unheard(Reason::NoAnswer))
            }
        }
    }

    /// Signs in with a name and a password, which must not be empty: without one a directory takes
    /// it for no sign-in at all, and is content (RFC 4513, 5.1.2).
    pub async fn sign_in(&self, dn: &str, password: &Secret) -> Result<LdapResult, Fault> {
        let (dn, password) = (dn.to_owned(), password.clone());
        self.ask(|mut ldap| async move {
            ldap.with_controls(vec![answers::ask_for_policy()]);
            ldap.simple_bind(&dn, password.reveal()).await
        })
        .await
    }

    /// Looks for a few entries: no more than `most`, and one by which it is seen that there are more.
    pub async fn find(&self, search: Search, most: u8) -> Result<Page, Fault> {
        let options = SearchOptions::new().sizelimit(i32::from(most) + 1);
        self.search(search, options, vec![]).await
    }

    /// A page of all that there is, beginning where the last one ended; all of it from a server
    /// that has no pages.
    pub async fn page(&self, search: Search, size: u16, cookie: Vec<u8>) -> Result<Page, Fault> {
        let paged = PagedResults { size: i32::from(size), cookie };
        self.search(search, SearchOptions::new(), vec![paged.into()]).await
    }

    async fn search(
        &self,
        search: Search,
        options: SearchOptions,
        controls: Vec<RawControl>,
    ) -> Result<Page, Fault> {
        self.ask(|mut ldap| async move {
            let Search { base, scope, filter, attributes } = search;
            ldap.with_search_options(options);
            if !controls.is_empty() {
                ldap.with_controls(controls);
            }
            // What it refers to elsewhere is left alone.
            let found = ldap.search(&base, scope, &filter, attributes).await?;
            let entries = found.0.into_iter().map(SearchEntry::construct).map(Entry::of).collect();
            Ok(Page { entries, cookie: cookie(&found.1).unwrap_or_default(), result: found.1 })
        })
        .await
    }

    /// Has an entry's password set by the extended operation for that (RFC 3062). The answer's own
    /// value is for passwords that a server makes up.
    pub async fn modify_password(&self, dn: &str, new: &Secret) -> Result<LdapResult, Fault> {
        let (dn, new) = (dn.to_owned(), new.clone());
        self.ask(|mut ldap| async move {
            ldap.with_controls(vec![answers::ask_for_policy()]);
            let request =
                PasswordModify { user_id: Some(&dn), old_pass: None, new_pass: Some(new.reveal()) };
            Ok(ldap.extended(request).await?.1)
        })
        .await
    }

    /// Replaces all values of an attribute with one.
    pub async fn replace(
        &self,
        dn: &str,
        attribute: &'static str,
        value: Zeroizing<Vec<u8>>,
    ) -> Result<LdapResult, Fault> {
        let dn = dn.to_owned();
        self.ask(|mut ldap| async move {
            let values = HashSet::from([&value[..]]);
            ldap.modify(&dn, vec![Mod::Replace(attribute.as_bytes(), values)]).await
        })
        .await
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Where the next page begins, as an answer says (RFC 2696, 2).
fn cookie(result: &LdapResult) -> Option<Vec<u8>> {
    let control = result.ctrls.iter().find(|control| control.1.ctype == PAGES)?;
    let (_, content, _) = ber::element(control.1.val.as_deref()?)?;
    let (_, _size, rest) = ber::element(content)?;
    let (_, cookie, _) = ber::element(rest)?;
    Some(cookie.to_vec())
}
