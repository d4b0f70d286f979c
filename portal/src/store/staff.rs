//! Staff, as those who manage them need them.

use model::{
    Moment,
    account::{AccountKind, AccountState, Lock, Role},
    id::{AccountId, OrganizationId},
    link::{LinkPurpose, LinkState},
    text::{EmailAddress, Name},
};

use super::{Tx, on};

/// A member of staff.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct StaffMember {
    pub id: AccountId,
    pub organization_id: OrganizationId,
    pub name: Name,
    pub email: EmailAddress,
    pub role: Role,
    pub state: AccountState,
    pub has_password: bool,
    pub locked_by: Option<Lock>,
    pub locked_until: Option<Moment>,
    pub last_sign_in_at: Option<Moment>,
    pub created_at: Moment,
    /// Whether they sign in with more than a password.
    pub has_factor: bool,
    /// Until when an open invitation works.
    pub invited_until: Option<Moment>,
}

impl Tx {
    /// Everybody who works for an organization.
    pub async fn colleagues(
        &mut self,
        organization: OrganizationId,
        now: Moment,
    ) -> sqlx::Result<Vec<StaffMember>> {
        on!(self, c => sqlx::query_as("SELECT id, organization_id, name, email, role, state, password_hash IS NOT NULL AS has_password, locked_by, locked_until, last_sign_in_at, created_at, has_factor, (SELECT MAX(expires_at) FROM links WHERE account_id = accounts.id AND links.state = $3 AND purpose = $4 AND expires_at > $5) AS invited_until FROM accounts WHERE organization_id = $1 AND kind = $2 AND role IS NOT NULL ORDER BY name, id")
            .bind(organization).bind(AccountKind::Staff).bind(LinkState::Open).bind(LinkPurpose::Invitation).bind(now).fetch_all(c).await)
    }

    /// A member of staff, whomever they work for.
    pub async fn colleague(
        &mut self,
        id: AccountId,
        now: Moment,
    ) -> sqlx::Result<Option<StaffMember>> {
        on!(self, c => sqlx::query_as("SELECT id, organization_id, name, email, role, state, password_hash IS NOT NULL AS has_password, locked_by, locked_until, last_sign_in_at, created_at, has_factor, (SELECT MAX(expires_at) FROM links WHERE account_id = accounts.id AND links.state = $3 AND purpose = $4 AND expires_at > $5) AS invited_until FROM accounts WHERE id = $1 AND kind = $2 AND role IS NOT NULL")
            .bind(id).bind(AccountKind::Staff).bind(LinkState::Open).bind(LinkPurpose::Invitation).bind(now).fetch_optional(c).await)
    }

    /// How many owners of an organization but one can sign in. The organization must be held: who
    /// makes or unmakes an owner holds it.
    pub async fn count_other_owners(
        &mut self,
        organization: OrganizationId,
        but: AccountId,
    ) -> sqlx::Result<i64> {
        on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM accounts WHERE organization_id = $1 AND kind = $2 AND role = $3 AND state = $4 AND password_hash IS NOT NULL AND (locked_by IS NULL OR locked_by = $5) AND id <> $6")
            .bind(organization).bind(AccountKind::Staff).bind(Role::Owner).bind(AccountState::Active).bind(Lock::Failures).bind(but).fetch_one(c).await)
    }

    /// Gives a member of staff another role.
    pub async fn set_role(&mut self, id: AccountId, role: Role, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE accounts SET role = $2, updated_at = $3 WHERE id = $1").bind(id).bind(role).bind(now).execute(c).await.map(drop))
    }
}
