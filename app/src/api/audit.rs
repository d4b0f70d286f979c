//! The audit log, for staff.

use leptos::prelude::*;
use model::{
    audit::{AuditCheck, AuditEntryView, AuditKind, AuditPage, AuditQuery},
    id::{AuditId, OrganizationId},
};

use super::ApiError;
#[cfg(feature = "ssr")]
use super::actor;

/// A page of the audit log.
#[server(prefix = "/api", endpoint = "audit/find")]
pub async fn audit_log(
    /// What is looked for.
    query: AuditQuery,
) -> Result<AuditPage, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.audit_log(&actor, &query).await?)
}

/// How many entries are newer than one of them.
#[server(prefix = "/api", endpoint = "audit/since")]
pub async fn audit_since(
    /// What is looked for.
    query: AuditQuery,
    /// The newest entry that one knows.
    newest: AuditId,
) -> Result<u32, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.audit_since(&actor, &query, newest).await?)
}

/// One entry.
#[server(prefix = "/api", endpoint = "audit/entry")]
pub async fn audit_entry(
    /// The entry.
    entry: AuditId,
) -> Result<AuditEntryView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.audit_entry(&actor, entry).await?)
}

/// Looks through the chains of a scope, a piece of them.
#[server(prefix = "/api", endpoint = "audit/verify")]
pub async fn verify_audit(
    /// The scope; one's own organization when there is none.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// In whose chain to go on; from the beginning when there is none.
    #[server(default)]
    organization: Option<OrganizationId>,
    /// After which line.
    #[server(default)]
    position: i64,
    /// Lines that were looked at before.
    #[server(default)]
    entries: u64,
    /// Chains that were looked at before.
    #[server(default)]
    chains: u32,
    /// Faults that were found before.
    #[server(default)]
    problems: u32,
) -> Result<AuditCheck, ApiError> {
    let (portal, _, actor) = actor().await?;
    let next = organization.map(|organization| (organization, position));
    let so_far = AuditCheck { entries, chains, problems, next, found: Vec::new() };
    Ok(portal.check_audit(&actor, scope, so_far).await?)
}

/// What a query's form asks for. What is damaged in it asks for nothing.
pub fn asked_for<'a>(value: impl Fn(&str) -> Option<&'a str>) -> AuditQuery {
    let text = |name: &str| value(name).unwrap_or_default().trim().to_owned();
    AuditQuery {
        scope: value("scope").and_then(|id| id.parse().ok()),
        from: text("from"),
        to: text("to"),
        actor: text("actor"),
        customer: text("customer"),
        kind: value("kind").and_then(AuditKind::from_word),
        before: value("before").and_then(|id| id.parse().ok()),
    }
}
