//! The tree of organizations as it grows, moves and shrinks, and who sits at which front door.

use model::{
    Moment,
    account::AccountKind,
    id::{AccountId, OrganizationId, SiteId},
    link::{LinkPurpose, LinkState},
    organization::OrganizationState,
    reset::ResetState,
    text::Name,
};

use super::{Account, OrganizationRow, Tx, on};
use crate::fold;

/// Under which one transaction at a time changes what is above what.
const TREE: &str = "organization_tree";

/// An organization directly below another one.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ChildRow {
    pub id: OrganizationId,
    pub name: Name,
    pub created_at: Moment,
}

impl Tx {
    /// Lets nobody else move, add or delete an organization until the commit: two that are moved
    /// below each other at the same moment would be above nothing any more.
    pub async fn hold_tree(&mut self) -> sqlx::Result<()> {
        self.add_meta(TREE, &[]).await?;
        self.lock_meta(TREE).await.map(drop)
    }

    /// The organizations directly below one.
    pub async fn children(&mut self, id: OrganizationId) -> sqlx::Result<Vec<ChildRow>> {
        on!(self, c => sqlx::query_as("SELECT id, name, created_at FROM organizations WHERE parent_id = $1 ORDER BY created_at, id").bind(id).fetch_all(c).await)
    }

    /// An organization and all above it, the nearest first.
    pub async fn line_above(&mut self, id: OrganizationId) -> sqlx::Result<Vec<OrganizationRow>> {
        on!(self, c => sqlx::query_as("SELECT id, parent_id, name, state, created_at FROM organization_ancestors JOIN organizations ON id = ancestor_id WHERE organization_id = $1 ORDER BY distance").bind(id).fetch_all(c).await)
    }

    /// How many customers and staff an organization has itself, counted up to `most` each.
    pub async fn count_people(
        &mut self,
        id: OrganizationId,
        most: i64,
    ) -> sqlx::Result<(i64, i64)> {
        on!(self, c => sqlx::query_as("SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM accounts WHERE organization_id = $1 AND kind = $2 LIMIT $4) AS customers), (SELECT COUNT(*) FROM (SELECT 1 FROM accounts WHERE organization_id = $1 AND kind = $3 LIMIT $4) AS staff)")
            .bind(id).bind(AccountKind::Customer).bind(AccountKind::Staff).bind(most).fetch_one(c).await)
    }

    /// Whether an organization has downstream systems.
    pub async fn has_connectors(&mut self, id: OrganizationId) -> sqlx::Result<bool> {
        let found: i64 = on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM (SELECT 1 FROM connectors WHERE organization_id = $1 LIMIT 1) AS found").bind(id).fetch_one(c).await)?;
        Ok(found > 0)
    }

    /// Whether customers of an organization, or of one below it, are linked to downstream systems of
    /// organizations that would not be above them any more if it were below `to`.
    pub async fn is_linked_above(
        &mut self,
        id: OrganizationId,
        to: OrganizationId,
    ) -> sqlx::Result<bool> {
        let found: i64 = on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM (SELECT 1 FROM organization_ancestors u JOIN connectors n ON n.organization_id = u.ancestor_id JOIN service_accounts v ON v.connector_id = n.id JOIN accounts a ON a.id = v.account_id JOIN organization_ancestors s ON s.organization_id = a.organization_id AND s.ancestor_id = $1 WHERE u.organization_id = $1 AND u.distance > 0 AND u.ancestor_id NOT IN (SELECT ancestor_id FROM organization_ancestors WHERE organization_id = $2) LIMIT 1) AS found")
            .bind(id).bind(to).fetch_one(c).await)?;
        Ok(found > 0)
    }

    /// Calls an organization otherwise.
    pub async fn rename_organization(
        &mut self,
        id: OrganizationId,
        name: &Name,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE organizations SET name = $2 WHERE id = $1").bind(id).bind(name).execute(c).await.map(drop))
    }

    /// Takes an organization out of use, or into use again.
    pub async fn set_organization_state(
        &mut self,
        id: OrganizationId,
        state: OrganizationState,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE organizations SET state = $2 WHERE id = $1").bind(id).bind(state).execute(c).await.map(drop))
    }

    /// Ends every session of an organization and all below it, makes every link to a password
    /// worthless, and ends what waits for one.
    pub async fn shut_out(&mut self, top: OrganizationId, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE sessions SET ended_at = $2 WHERE ended_at IS NULL AND account_id IN (SELECT a.id FROM organization_ancestors s JOIN accounts a ON a.organization_id = s.organization_id WHERE s.ancestor_id = $1)")
            .bind(top).bind(now).execute(c).await.map(drop))?;
        // By which people keep what is theirs, still works.
        on!(self, c => sqlx::query("UPDATE links SET state = $3, closed_at = $2 WHERE state = $4 AND purpose IN ($5, $6) AND account_id IN (SELECT a.id FROM organization_ancestors s JOIN accounts a ON a.organization_id = s.organization_id WHERE s.ancestor_id = $1)")
            .bind(top).bind(now).bind(LinkState::Void).bind(LinkState::Open).bind(LinkPurpose::Reset).bind(LinkPurpose::Invitation).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("UPDATE resets SET state = $3, sealed_pin = NULL, updated_at = $2, finished_at = $2 WHERE state IN ($4, $5, $6) AND organization_id IN (SELECT organization_id FROM organization_ancestors WHERE ancestor_id = $1)")
            .bind(top).bind(now).bind(ResetState::Cancelled).bind(ResetState::Draft).bind(ResetState::WaitingForCustomer).bind(ResetState::WaitingForApproval).execute(c).await.map(drop))
    }

    /// Puts an organization, with all below it, below another one; its customers are found from
    /// there from now on, and from nowhere else.
    pub async fn move_organization(
        &mut self,
        id: OrganizationId,
        to: OrganizationId,
    ) -> sqlx::Result<()> {
        if let Self::Postgres(tx) = self {
            // Whoever lists one of them anew meanwhile would do so where they were before.
            sqlx::query("SELECT 1 FROM accounts WHERE kind = 'customer' AND organization_id IN (SELECT organization_id FROM organization_ancestors WHERE ancestor_id = $1) FOR UPDATE")
                .bind(id).execute(&mut **tx).await?;
        }
        on!(self, c => sqlx::query("DELETE FROM customer_listings WHERE account_id IN (SELECT a.id FROM organization_ancestors s JOIN accounts a ON a.organization_id = s.organization_id WHERE s.ancestor_id = $1 AND a.kind = 'customer') AND ancestor_id NOT IN (SELECT organization_id FROM organization_ancestors WHERE ancestor_id = $1)")
            .bind(id).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("INSERT INTO customer_listings (account_id, ancestor_id, name_key, company_key, last_sign_in_at) SELECT a.id, u.ancestor_id, a.name_key, a.company_key, COALESCE(a.last_sign_in_at, 0) FROM organization_ancestors s JOIN accounts a ON a.organization_id = s.organization_id JOIN organization_ancestors u ON u.organization_id = $2 WHERE s.ancestor_id = $1 AND a.kind = 'customer'")
            .bind(id).bind(to).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("DELETE FROM organization_ancestors WHERE organization_id IN (SELECT organization_id FROM organization_ancestors WHERE ancestor_id = $1) AND ancestor_id NOT IN (SELECT organization_id FROM organization_ancestors WHERE ancestor_id = $1)")
            .bind(id).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("INSERT INTO organization_ancestors (organization_id, ancestor_id, distance) SELECT s.organization_id, u.ancestor_id, s.distance + u.distance + 1 FROM organization_ancestors s CROSS JOIN organization_ancestors u WHERE s.ancestor_id = $1 AND u.organization_id = $2")
            .bind(id).bind(to).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("UPDATE organizations SET parent_id = $2 WHERE id = $1").bind(id).bind(to).execute(c).await.map(drop))?;
        for one in self.scope_ids(id).await? {
            let scopes: Vec<OrganizationId> = on!(self, c => sqlx::query_scalar("SELECT ancestor_id FROM organization_ancestors WHERE organization_id = $1 ORDER BY distance").bind(one).fetch_all(c).await)?;
            let words = scopes.into_iter().map(fold::scope).collect::<Vec<_>>().join(" ");
            on!(self, c => sqlx::query("UPDATE customer_texts SET scopes = $2 WHERE account_id IN (SELECT id FROM accounts WHERE organization_id = $1 AND kind = 'customer')").bind(one).bind(&words).execute(c).await.map(drop))?;
        }
        Ok(())
    }

    /// An organization and all below it, by id.
    pub async fn scope_ids(&mut self, top: OrganizationId) -> sqlx::Result<Vec<OrganizationId>> {
        on!(self, c => sqlx::query_scalar("SELECT organization_id FROM organization_ancestors WHERE ancestor_id = $1 ORDER BY organization_id").bind(top).fetch_all(c).await)
    }

    /// Removes an organization that nobody belongs to, with its front doors and all that it set up.
    /// Its audit log stays.
    pub async fn remove_organization(&mut self, id: OrganizationId) -> sqlx::Result<()> {
        // Mail to those who came through its front door and have another one by now.
        on!(self, c => sqlx::query("UPDATE outbox SET site_id = (SELECT u.site_id FROM organization_sites u WHERE u.organization_id = outbox.organization_id) WHERE organization_id <> $1 AND site_id IN (SELECT id FROM sites WHERE organization_id = $1)").bind(id).execute(c).await.map(drop))?;
        for of_site in [
            "DELETE FROM forgotten_requests WHERE site_id IN (SELECT id FROM sites WHERE organization_id = $1)",
            "DELETE FROM sessions WHERE site_id IN (SELECT id FROM sites WHERE organization_id = $1)",
            "DELETE FROM links WHERE site_id IN (SELECT id FROM sites WHERE organization_id = $1)",
            "DELETE FROM site_moves WHERE from_site_id IN (SELECT id FROM sites WHERE organization_id = $1)",
            "DELETE FROM site_pictures WHERE site_id IN (SELECT id FROM sites WHERE organization_id = $1)",
            "DELETE FROM letter_words WHERE site_id IN (SELECT id FROM sites WHERE organization_id = $1)",
            "DELETE FROM site_hosts WHERE site_id IN (SELECT id FROM sites WHERE organization_id = $1)",
            "DELETE FROM event_deliveries WHERE hook_id IN (SELECT id FROM event_hooks WHERE organization_id = $1)",
            "DELETE FROM site_moves WHERE organization_id = $1",
            "DELETE FROM outbox WHERE organization_id = $1",
            "DELETE FROM event_hooks WHERE organization_id = $1",
            "DELETE FROM api_keys WHERE organization_id = $1",
            "DELETE FROM approvals WHERE organization_id = $1",
            "DELETE FROM jobs WHERE organization_id = $1",
            "DELETE FROM mail_settings WHERE organization_id = $1",
            "DELETE FROM dkim_keys WHERE organization_id = $1",
            "DELETE FROM policies WHERE organization_id = $1",
            "DELETE FROM blocked_words WHERE organization_id = $1",
            "DELETE FROM organization_sites WHERE organization_id = $1",
            "DELETE FROM sites WHERE organization_id = $1",
            "DELETE FROM organization_ancestors WHERE organization_id = $1",
            "DELETE FROM organizations WHERE id = $1",
        ] {
            on!(self, c => sqlx::query(of_site).bind(id).execute(c).await.map(drop))?;
        }
        Ok(())
    }

    /// Whether a front door has this word.
    pub async fn is_slug_taken(&mut self, slug: &str) -> sqlx::Result<bool> {
        let found: i64 = on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM sites WHERE slug = $1").bind(slug).fetch_one(c).await)?;
        Ok(found > 0)
    }

    /// An organization and those below it that use a front door, by id.
    pub async fn users_of_site(
        &mut self,
        top: OrganizationId,
        site: SiteId,
    ) -> sqlx::Result<Vec<(OrganizationId, Name)>> {
        on!(self, c => sqlx::query_as("SELECT o.id, o.name FROM organization_ancestors s JOIN organization_sites u ON u.organization_id = s.organization_id AND u.site_id = $2 JOIN organizations o ON o.id = s.organization_id WHERE s.ancestor_id = $1 ORDER BY o.id")
            .bind(top).bind(site).fetch_all(c).await)
    }

    /// Gives an organization another front door, with everybody who belongs to it: they sign in anew,
    /// and whoever comes to the old one is shown to the new one.
    pub async fn change_site(
        &mut self,
        organization: OrganizationId,
        (from, to): (SiteId, SiteId),
        now: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE organization_sites SET site_id = $2 WHERE organization_id = $1").bind(organization).bind(to).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("UPDATE accounts SET site_id = $3 WHERE organization_id = $1 AND site_id = $2").bind(organization).bind(from).bind(to).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("UPDATE sessions SET ended_at = $2 WHERE ended_at IS NULL AND account_id IN (SELECT id FROM accounts WHERE organization_id = $1)").bind(organization).bind(now).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("INSERT INTO site_moves (organization_id, from_site_id, moved_at) VALUES ($1, $2, $3) ON CONFLICT (from_site_id, organization_id) DO UPDATE SET moved_at = excluded.moved_at")
            .bind(organization).bind(from).bind(now).execute(c).await.map(drop))
    }

    /// The account with this canonical sign-in name, of those whose organization came through this
    /// front door before it had another one; of several, of the one that moved last.
    pub async fn moved_account_named(
        &mut self,
        from: SiteId,
        key: &str,
    ) -> sqlx::Result<Option<Account>> {
        if key.contains('\0') {
            return Ok(None);
        }
        let id: Option<AccountId> = if key.contains('@') {
            on!(self, c => sqlx::query_scalar("SELECT a.id FROM site_moves m JOIN organization_sites u ON u.organization_id = m.organization_id JOIN accounts a ON a.site_id = u.site_id AND a.email_key = $2 WHERE m.from_site_id = $1 AND a.organization_id = m.organization_id AND a.site_id <> $1 ORDER BY m.moved_at DESC, a.id LIMIT 1").bind(from).bind(key).fetch_optional(c).await)?
        } else {
            on!(self, c => sqlx::query_scalar("SELECT a.id FROM site_moves m JOIN organization_sites u ON u.organization_id = m.organization_id JOIN accounts a ON a.site_id = u.site_id AND a.user_name = $2 WHERE m.from_site_id = $1 AND a.organization_id = m.organization_id AND a.site_id <> $1 ORDER BY m.moved_at DESC, a.id LIMIT 1").bind(from).bind(key).fetch_optional(c).await)?
        };
        match id {
            Some(id) => self.account(id).await,
            None => Ok(None),
        }
    }

    /// Whether an organization came through this front door before it had another one.
    pub async fn has_moved_from(
        &mut self,
        organization: OrganizationId,
        site: SiteId,
    ) -> sqlx::Result<bool> {
        let found: i64 = on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM site_moves WHERE organization_id = $1 AND from_site_id = $2").bind(organization).bind(site).fetch_one(c).await)?;
        Ok(found > 0)
    }
}
