//! Front doors with host names of their own. Those who run the server give them, since it is they who
//! have the certificates and the entries in the DNS; a reseller who could claim any name would claim
//! that of another one.

use anyhow::Context;
use model::{
    Refusal,
    audit::AuditKind,
    id::OrganizationId,
    organization::{OrganizationDeed, OrganizationDone, OrganizationObstacle},
    permission::Permission,
    refusal::Problem,
};
use reqwest::Url;

use super::{done, impossible};
use crate::{Actor, Error, Portal, Result, audit::changed, config::Origin};

/// Most host names of one front door.
const MOST_HOSTS: usize = 10;
/// Longest host name, in bytes (RFC 1035, 2.3.4).
const LONGEST_HOST: usize = 253;
/// Longest part of one between dots, in bytes (the same).
const LONGEST_LABEL: usize = 63;

impl Portal {
    /// Gives the front door of an organization below the operator's these host names, with spaces or
    /// commas between them, instead of those that it has; none for none. Links in mails lead to the
    /// first, and so do the others; when that is another one, everybody is signed out.
    pub async fn set_hosts(
        &self,
        actor: &Actor,
        id: OrganizationId,
        text: &str,
    ) -> Result<OrganizationDone> {
        actor.may(Permission::EditOrganizations)?;
        let mut tx = self.db().write().await?;
        let own = tx.organization(actor.organization).await?.ok_or(Refusal::NotFound)?;
        if own.parent_id.is_some() {
            // What is not there for them is not there, before what they may not.
            tx.scope_of(actor, Some(id)).await?;
            return Err(Refusal::NotAllowed.into());
        }
        tx.hold_tree().await?;
        self.hold_scope(&mut tx, actor, Some(id), Permission::EditOrganizations).await?;
        if id == actor.organization {
            return Err(impossible(OrganizationObstacle::Own));
        }
        let site = tx.site_of(id).await?.context("an organization without a site")?;
        if site.organization_id != id {
            return Err(Refusal::NotFound.into());
        }
        let new = host_names(text, &self.settings().origin)
            .map_err(|problem| Error::field("hosts", problem))?;
        let old = tx.hosts_of(site.id).await?;
        let finished = done(id, OrganizationDeed::HostsSet);
        if old == new {
            return Ok(finished);
        }
        let taken = || Error::field("hosts", Problem::HostTaken);
        for host in &new {
            if tx.site_at_host(host).await?.is_some_and(|other| other.id != site.id) {
                return Err(taken());
            }
        }
        match tx.set_hosts(site.id, &new).await {
            // Somebody else gave it to another one at the same moment.
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                return Err(taken());
            }
            other => other?,
        }
        if old.first() != new.first() {
            // Where they are, there is nothing of theirs any more.
            tx.end_site_sessions(site.id, self.now()).await?;
        }
        let told = |hosts: &[String]| (!hosts.is_empty()).then(|| hosts.join(", "));
        let changes = vec![changed("hosts", told(&old), told(&new))];
        tx.record(self, actor.event_on(id, AuditKind::SiteHostsChanged, changes)).await?;
        tx.commit().await?;
        Ok(finished)
    }
}

/// The host names of a text, each once.
fn host_names(text: &str, server: &Origin) -> Result<Vec<String>, Problem> {
    let mut hosts: Vec<String> = Vec::new();
    for word in text.split([' ', ',', '\t', '\r', '\n']).filter(|word| !word.is_empty()) {
        let host = host_name(word).ok_or(Problem::NotAHostName)?;
        if host == server.host() {
            return Err(Problem::HostIsServer);
        }
        if !server.is_https() && !host.ends_with(".localhost") {
            return Err(Problem::HostNotLocal);
        }
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    if hosts.len() > MOST_HOSTS {
        return Err(Problem::TooManyHosts { max: u32::try_from(MOST_HOSTS).unwrap_or(u32::MAX) });
    }
    Ok(hosts)
}

/// A host name as browsers send it, letters of other alphabets in the form for the DNS (RFC 5891).
fn host_name(text: &str) -> Option<String> {
    // What follows a host in an address is no part of its name.
    if text.contains(['/', ':', '@', '?', '#', '\\', '%', '[']) {
        return None;
    }
    let page = Url::parse(&format!("https://{text}/")).ok()?;
    let host = page.domain()?.trim_end_matches('.').to_owned();
    let is_label = |label: &str| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let fits = host.len() <= LONGEST_HOST && host.contains('.') && host.split('.').all(is_label);
    fits.then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(server: &str, text: &str) -> Result<Vec<String>, Problem> {
        host_names(text, &server.parse().unwrap())
    }

    #[test]
    fn host_names_are_as_browsers_send_them() {
        let read = |text: &str| at("https://portal.example", text);
        assert_eq!(read(" Login.Northwind.example ").unwrap(), ["login.northwind.example"]);
        assert_eq!(read("b.example, a.example\nb.example.").unwrap(), ["b.example", "a.example"]);
        assert_eq!(read("bücher.example").unwrap(), ["xn--bcher-kva.example"]);
        assert_eq!(read(" ").unwrap(), [""; 0]);
        for text in [
            "northwind",
            "localhost",
            "127.0.0.1",
            "[::1]",
            "0x7f.1",
            "login.northwind.example:8443",
            "https://login.northwind.example",
            "login.northwind.example/login",
            "user@northwind.example",
            "*.northwind.example",
            "-a.example",
            "a..example",
            "a_b.example",
            &format!("{}.example", "a".repeat(64)),
            &"a.".repeat(130),
        ] {
            assert_eq!(read(text), Err(Problem::NotAHostName), "{text}");
        }
        assert_eq!(read("PORTAL.example"), Err(Problem::HostIsServer));
        let many: Vec<String> = (0..11).map(|n| format!("h{n}.example")).collect();
        assert_eq!(read(&many.join(" ")), Err(Problem::TooManyHosts { max: 10 }));
    }

    #[test]
    fn without_encryption_names_are_those_of_this_machine() {
        let read = |text: &str| at("http://127.0.0.1:3000", text);
        assert_eq!(read("northwind.localhost").unwrap(), ["northwind.localhost"]);
        assert_eq!(read("northwind.example"), Err(Problem::HostNotLocal));
        assert_eq!(read("localhost.evil.example"), Err(Problem::HostNotLocal));
    }
}
