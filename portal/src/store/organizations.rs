//! Organizations, their sites and their policies.

use model::{
    Moment,
    account::Language,
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
        on!(self, c => sqlx::query_as("SELECT sites.id, sites.organization_id, slug, is_default, name, tagline, support_email, language, brand, created_at FROM sites JOIN organization_sites ON site_id = sites.id WHERE organization_sites.organization_id = $1")
            .bind(organization).fetch_optional(c).await)
    }

    /// A site by id.
    pub async fn site(&mut self, id: SiteId) -> sqlx::Result<Option<SiteRow>> {
        on!(self, c => sqlx::query_as("SELECT id, organization_id, slug, is_default, name, tagline, support_email, language, brand, created_at FROM sites WHERE id = $1").bind(id).fetch_optional(c).await)
    }

    /// Every site.
    pub async fn sites(&mut self) -> sqlx::Result<Vec<SiteRow>> {
        on!(self, c => sqlx::query_as("SELECT id, organization_id, slug, is_default, name, tagline, support_email, language, brand, created_at FROM sites").fetch_all(c).await)
    }

    /// Every host name with its site.
    pub async fn site_hosts(&mut self) -> sqlx::Result<Vec<(String, SiteId)>> {
        on!(self, c => sqlx::query_as("SELECT host, site_id FROM site_hosts").fetch_all(c).await)
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
