//! Linking customers to their accounts in downstream systems, and what is known of those.

use model::{
    Moment,
    id::{AccountId, ConnectorId, OrganizationId, ServiceAccountId},
    text::Name,
};

use super::{ServiceAccountRow, Tx, on};

impl Tx {
    /// Accounts that are linked through a connector.
    pub async fn count_service_accounts(&mut self, connector: ConnectorId) -> sqlx::Result<i64> {
        on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM service_accounts WHERE connector_id = $1").bind(connector).fetch_one(c).await)
    }

    /// Links a customer to an account, unless somebody is linked to it; whether that was done.
    pub async fn add_service_account(&mut self, row: &ServiceAccountRow) -> sqlx::Result<bool> {
        let rows = on!(self, c => sqlx::query("INSERT INTO service_accounts (id, account_id, connector_id, name, fingerprint, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (connector_id, name) DO NOTHING")
            .bind(row.id).bind(row.account_id).bind(row.connector_id).bind(&row.name).bind(&row.fingerprint).bind(row.created_at)
            .execute(c).await.map(|done| done.rows_affected()))?;
        if rows == 1 {
            self.relist(row.account_id).await?;
        }
        Ok(rows == 1)
    }

    /// Unlinks a customer from an account.
    pub async fn remove_service_account(
        &mut self,
        account: AccountId,
        id: ServiceAccountId,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM service_accounts WHERE id = $1").bind(id).execute(c).await.map(drop))?;
        self.relist(account).await
    }

    /// Some of the accounts that are linked through a connector: the customer, and the link.
    pub async fn some_service_accounts(
        &mut self,
        connector: ConnectorId,
        limit: i64,
    ) -> sqlx::Result<Vec<(AccountId, ServiceAccountId)>> {
        on!(self, c => sqlx::query_as("SELECT account_id, id FROM service_accounts WHERE connector_id = $1 ORDER BY account_id LIMIT $2").bind(connector).bind(limit).fetch_all(c).await)
    }

    /// Who is linked to an account of a system, and what they are called.
    pub async fn linked_customer(
        &mut self,
        connector: ConnectorId,
        name: &str,
    ) -> sqlx::Result<Option<(AccountId, Name)>> {
        on!(self, c => sqlx::query_as("SELECT a.id, a.name FROM service_accounts s JOIN accounts a ON a.id = s.account_id WHERE s.connector_id = $1 AND s.name = $2").bind(connector).bind(name).fetch_optional(c).await)
    }

    /// The customers of a scope who have one of these as email address, or this name as user name or
    /// reference.
    pub async fn customers_like(
        &mut self,
        scope: OrganizationId,
        email_keys: &[String],
        name: &str,
    ) -> sqlx::Result<Vec<(AccountId, Name)>> {
        let mut found: Vec<(AccountId, Name)> = Vec::new();
        for key in email_keys {
            // Site by site, since that is how addresses are found.
            let same: Vec<(AccountId, Name)> = on!(self, c => sqlx::query_as("SELECT a.id, a.name FROM sites t CROSS JOIN accounts a CROSS JOIN organization_ancestors s WHERE a.site_id = t.id AND a.email_key = $2 AND a.kind = 'customer' AND s.organization_id = a.organization_id AND s.ancestor_id = $1").bind(scope).bind(key).fetch_all(c).await)?;
            found.extend(same);
        }
        let same: Vec<(AccountId, Name)> = on!(self, c => sqlx::query_as("SELECT a.id, a.name FROM sites t CROSS JOIN accounts a CROSS JOIN organization_ancestors s WHERE a.site_id = t.id AND a.user_name = $2 AND a.kind = 'customer' AND s.organization_id = a.organization_id AND s.ancestor_id = $1").bind(scope).bind(name.to_lowercase()).fetch_all(c).await)?;
        found.extend(same);
        let same: Vec<(AccountId, Name)> = on!(self, c => sqlx::query_as("SELECT a.id, a.name FROM organization_ancestors s CROSS JOIN accounts a WHERE s.ancestor_id = $1 AND a.organization_id = s.organization_id AND a.reference = $2 AND a.kind = 'customer'").bind(scope).bind(name).fetch_all(c).await)?;
        found.extend(same);
        found.sort_by_key(|(id, _)| *id);
        found.dedup_by_key(|(id, _)| *id);
        Ok(found)
    }

    /// The names that a customer's accounts have in one system.
    pub async fn service_names(
        &mut self,
        account: AccountId,
        connector: ConnectorId,
    ) -> sqlx::Result<Vec<String>> {
        on!(self, c => sqlx::query_scalar("SELECT name FROM service_accounts WHERE connector_id = $1 AND account_id = $2 ORDER BY name").bind(connector).bind(account).fetch_all(c).await)
    }

    /// Keeps what a system told of an account.
    pub async fn set_overview(
        &mut self,
        id: ServiceAccountId,
        overview: &str,
        at: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE service_accounts SET overview = $2, overview_at = $3, trouble = NULL, trouble_at = NULL WHERE id = $1").bind(id).bind(overview).bind(at).execute(c).await.map(drop))
    }

    /// Keeps why a system could not be asked about an account.
    pub async fn set_trouble(
        &mut self,
        id: ServiceAccountId,
        trouble: &str,
        at: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE service_accounts SET trouble = $2, trouble_at = $3 WHERE id = $1").bind(id).bind(trouble).bind(at).execute(c).await.map(drop))
    }
}
