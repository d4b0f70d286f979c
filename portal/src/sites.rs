//! Front doors.

use model::{
    Refusal,
    organization::{Door, SiteView},
};

use crate::{Actor, Portal, Result, Visit, config::Origin, mail::Brand, store::SiteRow};

impl Portal {
    /// The site whose own host this is, if it is one's: there is nothing but that site then.
    pub async fn site_at_host(&self, host: &str) -> Result<Option<SiteView>> {
        if !is_plain(host) {
            return Ok(None);
        }
        let mut tx = self.db().read().await?;
        Ok(tx.site_at_host(host).await?.map(|site| site.view_at(String::new())))
    }

    /// The site that is found elsewhere by this slug; without one, the default site. `None` when there
    /// is no such slug, or no site at all yet.
    pub async fn site(&self, slug: Option<&str>) -> Result<Option<SiteView>> {
        let mut tx = self.db().read().await?;
        Ok(match slug {
            Some(slug) if !is_plain(slug) => None,
            Some(slug) => tx.site_named(slug).await?.map(|site| site.view_at(format!("/s/{slug}"))),
            None => tx.default_site().await?.map(|site| site.view_at(String::new())),
        })
    }

    /// The site of somebody who is signed in, whichever way they came in.
    pub async fn own_site(&self, actor: &Actor) -> Result<SiteView> {
        let mut tx = self.db().read().await?;
        let site = tx.site(actor.site).await?.ok_or(Refusal::NotFound)?;
        let at_home = actor.visit.is_at_own_host();
        let prefix = if at_home { String::new() } else { site.prefix() };
        Ok(site.view_at(prefix))
    }
}

/// Whether a text can be part of an address at all. What cannot is not worth a question, which one of
/// the two engines would not even take.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}

impl SiteRow {
    /// What public paths begin with when the host alone does not lead here.
    fn prefix(&self) -> String {
        match &self.slug {
            Some(slug) if !self.is_default => format!("/s/{slug}"),
            _ => String::new(),
        }
    }

    /// The site as visitors see it whose public paths begin with this.
    fn view_at(self, prefix: String) -> SiteView {
        SiteView {
            brand: self.look(),
            id: self.id,
            name: self.name,
            tagline: self.tagline,
            support_email: self.support_email,
            prefix,
            host: self.host,
            language: self.language,
        }
    }

    /// Scheme, host and port at which it is found: its own, or those that were given.
    pub(crate) fn origin(&self, usual: &str) -> String {
        let Some(host) = &self.host else { return usual.to_owned() };
        match usual.parse::<Origin>() {
            Ok(usual) => usual.at(host).to_string(),
            Err(_) => format!("https://{host}"),
        }
    }

    /// A public page of this site, whole, for a mail.
    pub(crate) fn url(&self, usual: &str, path: &str) -> String {
        let prefix = if self.host.is_some() { String::new() } else { self.prefix() };
        format!("{}{prefix}{path}", self.origin(usual))
    }

    /// Where it is, for those who are shown to it.
    pub(crate) fn door(&self, visit: &Visit) -> Door {
        let href = if self.host.is_some() || visit.is_at_own_host() {
            self.url(&visit.origin, "/login")
        } else {
            format!("{}/login", self.prefix())
        };
        Door { name: self.name.clone(), href }
    }

    /// The site as its mails look.
    pub(crate) fn mail_brand(&self, usual: &Origin) -> Brand {
        let look = self.look();
        let logo = look
            .logo
            .as_ref()
            .map(|logo| format!("{}{}", self.origin(usual.as_str()), logo.path()));
        Brand {
            name: self.name.to_string(),
            support_email: self.support_email.clone(),
            primary: look.colour(false),
            logo_url: logo,
        }
    }
}
