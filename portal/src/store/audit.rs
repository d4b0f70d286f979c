//! The audit chains.

use model::{
    Moment,
    audit::{ActorKind, AuditKind, Outcome},
    id::{AccountId, AuditId, OrganizationId, ResetId},
};

use super::{Tx, on};

/// The last line of an organization's chain.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct AuditHead {
    pub organization_id: OrganizationId,
    pub position: i64,
    pub hash: Vec<u8>,
    pub anchored: i64,
}

/// A line of a chain.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct AuditRow {
    pub organization_id: OrganizationId,
    pub position: i64,
    pub id: AuditId,
    pub at: Moment,
    pub kind: AuditKind,
    pub outcome: Outcome,
    pub actor_kind: ActorKind,
    pub actor_id: Option<AccountId>,
    pub subject_id: Option<AccountId>,
    pub reset_id: Option<ResetId>,
    pub request_id: String,
    pub personal_digest: Vec<u8>,
    pub previous: Vec<u8>,
    pub hash: Vec<u8>,
}

/// The personal values of a line.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct PersonalRow {
    pub salt: Vec<u8>,
    pub content: String,
}

impl Tx {
    /// The head of a chain, made when there is none, and held until the commit.
    pub async fn lock_audit_head(
        &mut self,
        organization: OrganizationId,
    ) -> sqlx::Result<AuditHead> {
        on!(self, c => sqlx::query_as("INSERT INTO audit_heads (organization_id, position, hash, anchored) VALUES ($1, 0, $2, 0) ON CONFLICT (organization_id) DO UPDATE SET position = audit_heads.position RETURNING organization_id, position, hash, anchored")
            .bind(organization).bind(&[0u8; 32][..]).fetch_one(c).await)
    }

    /// Appends a line; the head must be held.
    pub async fn add_audit(
        &mut self,
        row: &AuditRow,
        salt: &[u8],
        content: &str,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO audit_entries (organization_id, position, id, at, kind, outcome, actor_kind, actor_id, subject_id, reset_id, request_id, personal_digest, previous, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)")
            .bind(row.organization_id).bind(row.position).bind(row.id).bind(row.at).bind(row.kind).bind(row.outcome).bind(row.actor_kind)
            .bind(row.actor_id).bind(row.subject_id).bind(row.reset_id).bind(&row.request_id).bind(&row.personal_digest).bind(&row.previous).bind(&row.hash)
            .execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("INSERT INTO audit_personal (audit_id, salt, content) VALUES ($1, $2, $3)").bind(row.id).bind(salt).bind(content).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("UPDATE audit_heads SET position = $2, hash = $3 WHERE organization_id = $1")
            .bind(row.organization_id).bind(row.position).bind(&row.hash).execute(c).await.map(drop))
    }

    /// Every head.
    pub async fn audit_heads(&mut self) -> sqlx::Result<Vec<AuditHead>> {
        on!(self, c => sqlx::query_as("SELECT organization_id, position, hash, anchored FROM audit_heads ORDER BY organization_id").fetch_all(c).await)
    }

    /// Organizations that have lines and no head.
    pub async fn audit_headless(&mut self) -> sqlx::Result<Vec<OrganizationId>> {
        on!(self, c => sqlx::query_scalar("SELECT DISTINCT organization_id FROM audit_entries WHERE organization_id NOT IN (SELECT organization_id FROM audit_heads) ORDER BY organization_id").fetch_all(c).await)
    }

    /// Notes up to where a head has gone to the anchor file.
    pub async fn set_anchored(
        &mut self,
        organization: OrganizationId,
        position: i64,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE audit_heads SET anchored = $2 WHERE organization_id = $1 AND anchored < $2").bind(organization).bind(position).execute(c).await.map(drop))
    }

    /// Up to `limit` lines of a chain after `position`.
    pub async fn audit_after(
        &mut self,
        organization: OrganizationId,
        position: i64,
        limit: i64,
    ) -> sqlx::Result<Vec<AuditRow>> {
        on!(self, c => sqlx::query_as("SELECT organization_id, position, id, at, kind, outcome, actor_kind, actor_id, subject_id, reset_id, request_id, personal_digest, previous, hash FROM audit_entries WHERE organization_id = $1 AND position > $2 ORDER BY position LIMIT $3")
            .bind(organization).bind(position).bind(limit).fetch_all(c).await)
    }

    /// The personal values of a line, unless erased.
    pub async fn audit_personal(&mut self, id: AuditId) -> sqlx::Result<Option<PersonalRow>> {
        on!(self, c => sqlx::query_as("SELECT salt, content FROM audit_personal WHERE audit_id = $1").bind(id).fetch_optional(c).await)
    }

    /// Up to `limit` lines about an account, newest first, older than `before`.
    pub async fn audit_about(
        &mut self,
        subject: AccountId,
        before: Option<AuditId>,
        limit: i64,
    ) -> sqlx::Result<Vec<AuditRow>> {
        on!(self, c => sqlx::query_as("SELECT organization_id, position, id, at, kind, outcome, actor_kind, actor_id, subject_id, reset_id, request_id, personal_digest, previous, hash FROM audit_entries WHERE subject_id = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3")
            .bind(subject).bind(before).bind(limit).fetch_all(c).await)
    }
}
