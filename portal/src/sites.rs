//! Front doors.

use model::{id::SiteId, organization::SiteView};
use serde::Deserialize;

use crate::{Portal, Result, mail::Brand, store::SiteRow};

/// The accent colour when a brand has none.
const PRIMARY: &str = "#2a51b4";

/// What a site's brand column holds.
#[derive(Default, Deserialize)]
#[serde(default)]
struct BrandColumn {
    primary: Option<String>,
    logo_url: Option<String>,
}

impl Portal {
    /// The site for a request: the one whose host it is, else the one of the slug, else the
    /// default one. `None` when there is no such slug, or no site at all yet.
    pub async fn site(&self, host: &str, slug: Option<&str>) -> Result<Option<SiteView>> {
        let mut tx = self.db().read().await?;
        let sites = tx.sites().await?;
        if let Some(slug) = slug {
            let site = sites.into_iter().find(|site| site.slug.as_deref() == Some(slug));
            return Ok(site.map(|site| SiteView { prefix: format!("/s/{slug}"), ..site.view() }));
        }
        let hosts = tx.site_hosts().await?;
        let own = hosts.into_iter().find(|(name, _)| name == host).map(|(_, id)| id);
        let site = match own {
            Some(id) => sites.into_iter().find(|site| site.id == id),
            None => sites.into_iter().find(|site| site.is_default),
        };
        Ok(site.map(|site| SiteView { prefix: String::new(), ..site.view() }))
    }

    /// A site by id, as those who are signed in at it see it.
    pub async fn site_by_id(&self, id: SiteId) -> Result<Option<SiteView>> {
        let mut tx = self.db().read().await?;
        Ok(tx.site(id).await?.map(|site| site.view()))
    }
}

impl SiteRow {
    /// What public paths begin with when the host alone does not lead here.
    fn prefix(&self) -> String {
        match &self.slug {
            Some(slug) if !self.is_default => format!("/s/{slug}"),
            _ => String::new(),
        }
    }

    /// The site as visitors see it.
    pub(crate) fn view(&self) -> SiteView {
        SiteView {
            id: self.id,
            name: self.name.clone(),
            tagline: self.tagline.clone(),
            support_email: self.support_email.clone(),
            prefix: self.prefix(),
            language: self.language,
        }
    }

    /// A public page of this site, whole, for a mail.
    pub(crate) fn url(&self, origin: &str, path: &str) -> String {
        format!("{origin}{}{path}", self.prefix())
    }

    /// The site as its mails look.
    pub(crate) fn mail_brand(&self) -> Brand {
        let brand: BrandColumn = serde_json::from_str(&self.brand).unwrap_or_default();
        Brand {
            name: self.name.to_string(),
            support_email: self.support_email.clone(),
            primary: brand.primary.unwrap_or_else(|| PRIMARY.into()),
            logo_url: brand.logo_url,
        }
    }
}
