//! Organizations, their sites and their policies.

use model::{
    Moment,
    account::Language,
    brand::{OwnDoor, PictureKind},
    id::{OrganizationId, SiteId},
    organization::OrganizationState,
    policy::{Rule, RuleSetting},
    rules::PolicyLevel,
    text::Name,
};

use super::{Tx, on};

/// An organization.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct OrganizationRow {
    pub id: OrganizationId,
    pub parent_id: Option<OrganizationId>,
    pub name: Name,
    pub state: OrganizationState,
    pub created_at: Moment,
}

/// A site.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct SiteRow {
    pub id: SiteId,
    pub organization_id: OrganizationId,
    pub slug: Option<String>,
    pub is_default: bool,
    pub name: Name,
    pub tagline: Option<String>,
    pub support_email: Option<String>,
    pub language: Language,
    pub brand: String,
    /// The host name of its own that links lead to, where it has one.
    pub host: Option<String>,
    pub created_at: Moment,
}

#[derive(sqlx::FromRow)]
struct PolicyRow {
    organization_id: OrganizationId,
    name: Name,
    rule: Option<String>,
    value: Option<i64>,
    ceiling: Option<i64>,
}

impl Tx {
    /// Adds an organization, below its parent when it has one, using `site`.
    pub async fn add_organization(&mut self, row: &OrganizationRow) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO organizations (id, parent_id, name, state, created_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(row.id).bind(row.parent_id).bind(&row.name).bind(row.state).bind(row.created_at)
            .execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("INSERT INTO organization_ancestors (organization_id, ancestor_id, distance) SELECT $1, ancestor_id, distance + 1 FROM organization_ancestors WHERE organization_id = $2")
            .bind(row.id).bind(row.parent_id).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("INSERT INTO organization_ancestors (organization_id, ancestor_id, distance) VALUES ($1, $1, 0)")
            .bind(row.id).execute(c).await.map(drop))
    }

    /// Adds a site.
    pub async fn add_site(&mut self, row: &SiteRow) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO sites (id, organization_id, slug, is_default, name, tagline, support_email, language, brand, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
            .bind(row.id).bind(row.organization_id).bind(&row.slug).bind(row.is_default).bind(&row.name)
            .bind(&row.tagline).bind(&row.support_email).bind(row.language).bind(&row.brand).bind(row.created_at)
            .execute(c).await.map(drop))
    }

    /// Changes how a site looks and what it says; `brand` is its look, as JSON.
    pub async fn set_brand(&mut self, id: SiteId, door: &OwnDoor, brand: &str) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE sites SET name = $2, tagline = $3, support_email = $4, language = $5, brand = $6 WHERE id = $1")
            .bind(id).bind(&door.name).bind(&door.tagline).bind(&door.support_email).bind(door.language).bind(brand)
            .execute(c).await.map(drop))
    }

    /// Changes how a site looks, which is JSON.
    pub async fn set_look(&mut self, id: SiteId, brand: &str) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE sites SET brand = $2 WHERE id = $1").bind(id).bind(brand).execute(c).await.map(drop))
    }

    /// Gives a site a picture, by its address, instead of the one that it has, or takes it away.
    pub async fn set_picture(
        &mut self,
        site: SiteId,
        kind: PictureKind,
        new: Option<(String, Vec<u8>)>,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM site_pictures WHERE site_id = $1 AND kind = $2")
            .bind(site).bind(kind.word()).execute(c).await.map(drop))?;
        let Some((digest, content)) = new else { return Ok(()) };
        on!(self, c => sqlx::query("INSERT INTO site_pictures (site_id, kind, digest, png) VALUES ($1, $2, $3, $4)")
            .bind(site).bind(kind.word()).bind(&digest).bind(&content).execute(c).await.map(drop))
    }

    /// The content of a picture, by its address; of any site, or of one and those of organizations below
    /// its own.
    pub async fn picture(
        &mut self,
        digest: &str,
        only: Option<SiteId>,
    ) -> sqlx::Result<Option<Vec<u8>>> {
        match only {
            Some(site) => {
                on!(self, c => sqlx::query_scalar("SELECT png FROM site_pictures p JOIN sites s ON s.id = p.site_id WHERE p.digest = $1 AND EXISTS (SELECT 1 FROM organization_ancestors a JOIN sites top ON top.organization_id = a.ancestor_id WHERE a.organization_id = s.organization_id AND top.id = $2) LIMIT 1")
                .bind(digest).bind(site).fetch_optional(c).await)
            }
            None => {
                on!(self, c => sqlx::query_scalar("SELECT png FROM site_pictures WHERE digest = $1 LIMIT 1")
                .bind(digest).fetch_optional(c).await)
            }
        }
    }

    /// Makes an organization use a site.
    pub async fn use_site(
        &mut self,
        organization: OrganizationId,
        site: SiteId,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO organization_sites (organization_id, site_id) VALUES ($1, $2)")
            .bind(organization).bind(site).execute(c).await.map(drop))
    }

    /// The site an organization uses.
    pub async fn site_of(&mut self, organization: OrganizationId) -> sqlx::Result<Option<SiteRow>> {
        on!(self, c => sqlx::query_as("SELECT sites.id, sites.organization_id, slug, is_default, name, tagline, support_email, language, brand, (SELECT host FROM site_hosts WHERE site_id = sites.id AND is_primary) AS host, created_at FROM sites JOIN organization_sites ON site_id = sites.id WHERE organization_sites.organization_id = $1")
            .bind(organization).fetch_optional(c).await)
    }

    /// A site by id.
    pub async fn site(&mut self, id: SiteId) -> sqlx::Result<Option<SiteRow>> {
        on!(self, c => sqlx::query_as("SELECT id, organization_id, slug, is_default, name, tagline, support_email, language, brand, (SELECT host FROM site_hosts WHERE site_id = sites.id AND is_primary) AS host, created_at FROM sites WHERE id = $1").bind(id).fetch_optional(c).await)
    }

    /// Every site.
    pub async fn sites(&mut self) -> sqlx::Result<Vec<SiteRow>> {
        on!(self, c => sqlx::query_as("SELECT id, organization_id, slug, is_default, name, tagline, support_email, language, brand, (SELECT host FROM site_hosts WHERE site_id = sites.id AND is_primary) AS host, created_at FROM sites").fetch_all(c).await)
    }

    /// The site that is found by a slug.
    pub async fn site_named(&mut self, slug: &str) -> sqlx::Result<Option<SiteRow>> {
        on!(self, c => sqlx::query_as("SELECT id, organization_id, slug, is_default, name, tagline, support_email, language, brand, (SELECT host FROM site_hosts WHERE site_id = sites.id AND is_primary) AS host, created_at FROM sites WHERE slug = $1").bind(slug).fetch_optional(c).await)
    }

    /// The site for whoever comes without a slug.
    pub async fn default_site(&mut self) -> sqlx::Result<Option<SiteRow>> {
        on!(self, c => sqlx::query_as("SELECT id, organization_id, slug, is_default, name, tagline, support_email, language, brand, (SELECT host FROM site_hosts WHERE site_id = sites.id AND is_primary) AS host, created_at FROM sites WHERE is_default").fetch_optional(c).await)
    }

    /// The site with this host name.
    pub async fn site_at_host(&mut self, host: &str) -> sqlx::Result<Option<SiteRow>> {
        on!(self, c => sqlx::query_as("SELECT id, organization_id, slug, is_default, name, tagline, support_email, language, brand, (SELECT host FROM site_hosts WHERE site_id = sites.id AND is_primary) AS host, created_at FROM sites WHERE id = (SELECT site_id FROM site_hosts h WHERE h.host = $1)").bind(host).fetch_optional(c).await)
    }

    /// The host names of a site, the one that links lead to first.
    pub async fn hosts_of(&mut self, site: SiteId) -> sqlx::Result<Vec<String>> {
        on!(self, c => sqlx::query_scalar("SELECT host FROM site_hosts WHERE site_id = $1 ORDER BY is_primary DESC, host").bind(site).fetch_all(c).await)
    }

    /// Gives a site these host names instead of those that it has; links lead to the first.
    pub async fn set_hosts(&mut self, site: SiteId, hosts: &[String]) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM site_hosts WHERE site_id = $1").bind(site).execute(c).await.map(drop))?;
        for (place, host) in hosts.iter().enumerate() {
            on!(self, c => sqlx::query("INSERT INTO site_hosts (host, site_id, is_primary) VALUES ($1, $2, $3)")
                .bind(host).bind(site).bind(place == 0).execute(c).await.map(drop))?;
        }
        Ok(())
    }

    /// An organization by id.
    pub async fn organization(
        &mut self,
        id: OrganizationId,
    ) -> sqlx::Result<Option<OrganizationRow>> {
        on!(self, c => sqlx::query_as("SELECT id, parent_id, name, state, created_at FROM organizations WHERE id = $1").bind(id).fetch_optional(c).await)
    }

    /// Every organization, as far as there are not more than some thousands.
    pub async fn organizations(&mut self) -> sqlx::Result<Vec<OrganizationRow>> {
        on!(self, c => sqlx::query_as("SELECT id, parent_id, name, state, created_at FROM organizations ORDER BY created_at, id").fetch_all(c).await)
    }

    /// Whether an organization or one above it is suspended.
    pub async fn is_suspended(&mut self, id: OrganizationId) -> sqlx::Result<bool> {
        let suspended: i64 = on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM organization_ancestors JOIN organizations ON organizations.id = ancestor_id WHERE organization_id = $1 AND organizations.state = $2")
            .bind(id).bind(OrganizationState::Suspended).fetch_one(c).await)?;
        Ok(suspended > 0)
    }

    /// Sets an organization's own value of a rule.
    pub async fn set_rule(
        &mut self,
        organization: OrganizationId,
        rule: Rule,
        value: i64,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO policies (organization_id, rule, value) VALUES ($1, $2, $3) ON CONFLICT (organization_id, rule) DO UPDATE SET value = excluded.value")
            .bind(organization).bind(rule.word()).bind(value).execute(c).await.map(drop))
    }

    /// The words that no password is made of: an organization's own, and those of all above it.
    pub async fn blocked_words(
        &mut self,
        organization: OrganizationId,
    ) -> sqlx::Result<(Vec<String>, Vec<String>)> {
        let rows: Vec<(OrganizationId, String)> = on!(self, c => sqlx::query_as("SELECT b.organization_id, b.words FROM blocked_words b JOIN organization_ancestors a ON a.ancestor_id = b.organization_id WHERE a.organization_id = $1 ORDER BY a.distance")
            .bind(organization).fetch_all(c).await)?;
        let (mut own, mut above) = (Vec::new(), Vec::new());
        for (whose, words) in rows {
            let to = if whose == organization { &mut own } else { &mut above };
            to.extend(words.lines().map(str::to_owned));
        }
        Ok((own, above))
    }

    /// Sets an organization's own words that no password is made of.
    pub async fn set_blocked_words(
        &mut self,
        organization: OrganizationId,
        words: &[String],
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO blocked_words (organization_id, words) VALUES ($1, $2) ON CONFLICT (organization_id) DO UPDATE SET words = excluded.words")
            .bind(organization).bind(words.join("\n")).execute(c).await.map(drop))
    }

    /// Holds an organization and all above it as they are until the commit. Who changes a policy
    /// holds its organization alone before.
    pub async fn hold_policy(&mut self, id: OrganizationId) -> sqlx::Result<()> {
        match self {
            // There is one writer.
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(tx) => loop {
                let held: Vec<OrganizationId> = sqlx::query_scalar("SELECT organizations.id FROM organizations JOIN organization_ancestors ON ancestor_id = organizations.id WHERE organization_id = $1 FOR SHARE OF organizations")
                    .bind(id).fetch_all(&mut **tx).await?;
                let above: Vec<OrganizationId> = sqlx::query_scalar(
                    "SELECT ancestor_id FROM organization_ancestors WHERE organization_id = $1",
                )
                .bind(id)
                .fetch_all(&mut **tx)
                .await?;
                // While this waited, it may have been moved below others.
                if above.iter().all(|one| held.contains(one)) {
                    return Ok(());
                }
            },
        }
    }

    /// Holds an organization alone until the commit: its rules, its staff and its mail settings
    /// are changed by one at a time. Nobody decides anything by them meanwhile.
    pub async fn hold_organization(&mut self, id: OrganizationId) -> sqlx::Result<()> {
        match self {
            // There is one writer.
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(tx) => {
                sqlx::query("SELECT 1 FROM organizations WHERE id = $1 FOR NO KEY UPDATE")
                    .bind(id)
                    .execute(&mut **tx)
                    .await
                    .map(drop)
            }
        }
    }

    /// The settings of an organization and all above it, from the root down; there is a level for
    /// each of them, also for one that chose nothing: it is held within the ceilings above it.
    pub async fn policy_settings(
        &mut self,
        id: OrganizationId,
    ) -> sqlx::Result<Vec<Vec<RuleSetting>>> {
        Ok(self.policy_levels(id).await?.into_iter().map(|level| level.settings).collect())
    }

    /// The same with everybody's name.
    pub async fn policy_levels(&mut self, id: OrganizationId) -> sqlx::Result<Vec<PolicyLevel>> {
        let rows: Vec<PolicyRow> = on!(self, c => sqlx::query_as("SELECT ancestor_id AS organization_id, name, rule, value, ceiling FROM organization_ancestors JOIN organizations ON organizations.id = ancestor_id LEFT JOIN policies ON policies.organization_id = ancestor_id WHERE organization_ancestors.organization_id = $1 ORDER BY distance DESC, rule")
            .bind(id).fetch_all(c).await)?;
        let mut levels: Vec<(OrganizationId, PolicyLevel)> = Vec::new();
        for row in rows {
            if levels.last().is_none_or(|(organization, _)| *organization != row.organization_id) {
                let level = PolicyLevel { name: row.name, settings: Vec::new() };
                levels.push((row.organization_id, level));
            }
            // A rule that a newer version knows is nothing to this one.
            if let (Some(rule), Some((_, level))) =
                (row.rule.as_deref().and_then(Rule::from_word), levels.last_mut())
            {
                let (value, ceiling) = (row.value, row.ceiling);
                level.settings.push(RuleSetting { rule, value, ceiling });
            }
        }
        Ok(levels.into_iter().map(|(_, level)| level).collect())
    }

    /// Sets an organization's own value of a rule; nothing, to inherit it.
    pub async fn set_rule_value(
        &mut self,
        organization: OrganizationId,
        rule: Rule,
        value: Option<i64>,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO policies (organization_id, rule, value) VALUES ($1, $2, $3) ON CONFLICT (organization_id, rule) DO UPDATE SET value = excluded.value")
            .bind(organization).bind(rule.word()).bind(value).execute(c).await.map(drop))
    }

    /// Sets the ceiling of a rule for those below an organization; nothing, for none.
    pub async fn set_rule_ceiling(
        &mut self,
        organization: OrganizationId,
        rule: Rule,
        ceiling: Option<i64>,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO policies (organization_id, rule, ceiling) VALUES ($1, $2, $3) ON CONFLICT (organization_id, rule) DO UPDATE SET ceiling = excluded.ceiling")
            .bind(organization).bind(rule.word()).bind(ceiling).execute(c).await.map(drop))
    }
}
