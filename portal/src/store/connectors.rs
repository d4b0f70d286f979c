//! Downstream systems, and customers' accounts in them.

use model::{
    Moment,
    id::{AccountId, ConnectorId, OrganizationId, ServiceAccountId},
    text::Name,
};

use super::{Tx, locked, on};

/// A downstream system that an organization has configured.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct ConnectorRow {
    pub id: ConnectorId,
    pub organization_id: OrganizationId,
    pub kind: String,
    pub name: Name,
    pub enabled: bool,
    pub settings: String,
    pub sealed: Option<Vec<u8>>,
    pub tested: Option<String>,
    pub failures: i64,
    pub rests_until: Option<Moment>,
    pub created_at: Moment,
    pub updated_at: Moment,
}

/// A customer's account in one.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct ServiceAccountRow {
    pub id: ServiceAccountId,
    pub account_id: AccountId,
    pub connector_id: ConnectorId,
    pub name: String,
    pub fingerprint: Option<String>,
    pub overview: Option<String>,
    pub overview_at: Option<Moment>,
    pub trouble: Option<String>,
    pub trouble_at: Option<Moment>,
    pub differs_since: Option<Moment>,
    pub created_at: Moment,
}

impl Tx {
    /// A connector.
    pub async fn connector(&mut self, id: ConnectorId) -> sqlx::Result<Option<ConnectorRow>> {
        on!(self, c => sqlx::query_as("SELECT id, organization_id, kind, name, enabled, settings, sealed, tested, failures, rests_until, created_at, updated_at FROM connectors WHERE id = $1").bind(id).fetch_optional(c).await)
    }

    /// The connectors of an organization, by name, each with how many accounts are linked.
    pub async fn connectors_of(
        &mut self,
        organization: OrganizationId,
    ) -> sqlx::Result<Vec<(ConnectorRow, i64)>> {
        let rows: Vec<ConnectorRow> = on!(self, c => sqlx::query_as("SELECT id, organization_id, kind, name, enabled, settings, sealed, tested, failures, rests_until, created_at, updated_at FROM connectors WHERE organization_id = $1 ORDER BY name, id").bind(organization).fetch_all(c).await)?;
        let mut counted = Vec::with_capacity(rows.len());
        for row in rows {
            let count = self.count_service_accounts(row.id).await?;
            counted.push((row, count));
        }
        Ok(counted)
    }

    /// A connector, held until the commit.
    pub async fn lock_connector(&mut self, id: ConnectorId) -> sqlx::Result<Option<ConnectorRow>> {
        locked!(self, "SELECT id, organization_id, kind, name, enabled, settings, sealed, tested, failures, rests_until, created_at, updated_at FROM connectors WHERE id = $1", query, c => sqlx::query_as(query).bind(id).fetch_optional(c).await)
    }

    /// Keeps a connector as it is now; that it failed before is forgotten.
    pub async fn set_connector(&mut self, row: &ConnectorRow) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO connectors (id, organization_id, kind, name, enabled, settings, sealed, tested, failures, rests_until, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO UPDATE SET name = excluded.name, enabled = excluded.enabled, settings = excluded.settings, sealed = excluded.sealed, tested = excluded.tested, failures = excluded.failures, rests_until = excluded.rests_until, updated_at = excluded.updated_at")
            .bind(row.id).bind(row.organization_id).bind(&row.kind).bind(&row.name).bind(row.enabled).bind(&row.settings).bind(&row.sealed).bind(&row.tested).bind(row.failures).bind(row.rests_until).bind(row.created_at).bind(row.updated_at)
            .execute(c).await.map(drop))
    }

    /// Keeps how the last look at a connector ended.
    pub async fn set_tested(&mut self, id: ConnectorId, tested: &str) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE connectors SET tested = $2 WHERE id = $1").bind(id).bind(tested).execute(c).await.map(drop))
    }

    /// Removes a connector.
    pub async fn remove_connector(&mut self, id: ConnectorId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM connectors WHERE id = $1").bind(id).execute(c).await.map(drop))
    }

    /// The connectors that customers of an organization may have accounts in, by name: its own, and
    /// those of the organizations above it.
    pub async fn connectors_serving(
        &mut self,
        organization: OrganizationId,
    ) -> sqlx::Result<Vec<(ConnectorId, Name, OrganizationId)>> {
        on!(self, c => sqlx::query_as("SELECT id, name, connectors.organization_id FROM organization_ancestors JOIN connectors ON connectors.organization_id = ancestor_id WHERE organization_ancestors.organization_id = $1 ORDER BY name, id").bind(organization).fetch_all(c).await)
    }

    /// The connectors of the organizations below one, and of itself, by name; so many of them.
    pub async fn connectors_below(
        &mut self,
        top: OrganizationId,
        limit: i64,
    ) -> sqlx::Result<Vec<(ConnectorId, Name)>> {
        on!(self, c => sqlx::query_as("SELECT id, name FROM connectors JOIN organization_ancestors ON organization_ancestors.organization_id = connectors.organization_id WHERE ancestor_id = $1 ORDER BY name, id LIMIT $2").bind(top).bind(limit).fetch_all(c).await)
    }

    /// Counts a failure of a connector; from so many in a row on it rests until then.
    pub async fn count_failure(
        &mut self,
        id: ConnectorId,
        most: i64,
        rests_until: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE connectors SET failures = failures + 1, rests_until = CASE WHEN failures + 1 >= $2 THEN $3 ELSE rests_until END WHERE id = $1").bind(id).bind(most).bind(rests_until).execute(c).await.map(drop))
    }

    /// Has a connector rest longer, whose rest is over, for whoever comes after the one that tries
    /// it; whether that is the caller.
    pub async fn prolong_rest(
        &mut self,
        id: ConnectorId,
        from: Moment,
        until: Moment,
    ) -> sqlx::Result<bool> {
        let rows = on!(self, c => sqlx::query("UPDATE connectors SET rests_until = $3 WHERE id = $1 AND rests_until = $2").bind(id).bind(from).bind(until).execute(c).await.map(|done| done.rows_affected()))?;
        Ok(rows == 1)
    }

    /// A connector did not fail, or is another one now.
    pub async fn forget_failures(&mut self, id: ConnectorId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE connectors SET failures = 0, rests_until = NULL WHERE id = $1").bind(id).execute(c).await.map(drop))
    }

    /// The accounts of a customer in downstream systems, in the order in which they were linked.
    pub async fn service_accounts(
        &mut self,
        account: AccountId,
    ) -> sqlx::Result<Vec<ServiceAccountRow>> {
        on!(self, c => sqlx::query_as("SELECT id, account_id, connector_id, name, fingerprint, overview, overview_at, trouble, trouble_at, differs_since, created_at FROM service_accounts WHERE account_id = $1 ORDER BY created_at, id").bind(account).fetch_all(c).await)
    }

    /// One of them.
    pub async fn service_account(
        &mut self,
        id: ServiceAccountId,
    ) -> sqlx::Result<Option<ServiceAccountRow>> {
        on!(self, c => sqlx::query_as("SELECT id, account_id, connector_id, name, fingerprint, overview, overview_at, trouble, trouble_at, differs_since, created_at FROM service_accounts WHERE id = $1").bind(id).fetch_optional(c).await)
    }
}
