//! The audit log, as whoever made the key may read it.

use std::sync::Arc;

use axum::extract::{Extension, Path, State};
use model::audit::{AuditChange, AuditKind, AuditLine, AuditPerson, AuditQuery};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::asking::{Answered, Asking, id, json, moment, word};
use crate::Server;

/// Somebody whom an entry is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct Person {
    /// The account.
    pub id: Uuid,
    /// What they are, or were, called; null when that was erased. Of a key, what it is called.
    pub name: Option<String>,
    /// Where mail to them goes; null when that was erased, or is nothing to you.
    pub email: Option<String>,
    /// `staff` or `customer`; null when the account is gone.
    pub kind: Option<String>,
}

/// A value that was changed; never a secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct Change {
    /// Which one.
    pub what: String,
    /// What it was.
    pub old: Option<String>,
    /// What it is now.
    pub new: Option<String>,
}

/// An entry of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    /// The entry.
    pub id: Uuid,
    /// When it happened.
    #[schema(format = DateTime)]
    pub at: String,
    /// The name of the organization in whose log it stands.
    pub organization: String,
    /// What happened.
    pub kind: String,
    /// How it ended: `begun`, `done` or `refused`.
    pub outcome: String,
    /// What did it: `staff`, `customer`, `visitor`, `link_holder`, `command_line`, `system` or `api_key`.
    pub actor_kind: String,
    /// Who did it; for a key, who made it.
    pub actor: Option<Person>,
    /// Whose account it was done to.
    pub subject: Option<Person>,
    /// From which network address.
    pub address: Option<String>,
    /// Why, in the words of who did it.
    pub reason: Option<String>,
    /// The number of a ticket.
    pub ticket: Option<String>,
    /// Whether addresses, names and reasons were erased.
    pub erased: bool,
    /// The reset that it belongs to.
    pub reset: Option<Uuid>,
    /// What was changed, from what to what.
    pub changes: Vec<Change>,
    /// How many customers it was about, where it was about many.
    pub count: Option<u32>,
}

/// A page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditList {
    /// The entries, the newest first.
    pub items: Vec<AuditEntry>,
    /// What `after` is for the next page; null when there is none.
    pub next: Option<Uuid>,
    /// Whether `actor` or `customer` fits so many that only some of them were looked for.
    pub many_people: bool,
}

/// An entry with its place in the chain.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditDetail {
    /// The entry.
    pub entry: AuditEntry,
    /// Its place in its organization’s chain.
    pub position: i64,
    /// Its hash, in hexadecimal digits.
    pub hash: String,
    /// The name of the request that caused it.
    pub request_id: String,
    /// Other entries of the same reset.
    pub related: Vec<AuditEntry>,
}

/// Which entries are looked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is the description of what `Asking::query` reads")]
pub struct AuditParameters {
    /// The organization whose entries, and those of all below it, are looked at; the key's own when
    /// there is none.
    pub organization: Option<Uuid>,
    /// The first day (UTC), as `2026-12-31`.
    #[param(format = Date)]
    pub from: Option<String>,
    /// The last day (UTC).
    #[param(format = Date)]
    pub to: Option<String>,
    /// Who did it: words of a name or an address, or the id of an account.
    pub actor: Option<String>,
    /// To which customer: words of a name or an address, or the id of an account.
    pub customer: Option<String>,
    /// What was done.
    pub kind: Option<String>,
    /// The `next` of the page before.
    pub after: Option<Uuid>,
}

impl From<AuditPerson> for Person {
    fn from(person: AuditPerson) -> Self {
        Self {
            id: person.id.0,
            name: person.name,
            email: person.email,
            kind: person.kind.as_ref().map(word),
        }
    }
}

impl From<AuditLine> for AuditEntry {
    fn from(line: AuditLine) -> Self {
        let change = |AuditChange { what, old, new }: AuditChange| Change { what, old, new };
        Self {
            id: line.id.0,
            at: moment(line.at),
            organization: line.organization.to_string(),
            kind: word(&line.kind),
            outcome: word(&line.outcome),
            actor_kind: word(&line.actor_kind),
            actor: line.actor.map(Person::from),
            subject: line.subject.map(Person::from),
            address: line.address,
            reason: line.reason,
            ticket: line.ticket,
            erased: line.erased,
            reset: line.reset.map(|id| id.0),
            changes: line.changes.into_iter().map(change).collect(),
            count: line.count,
        }
    }
}

/// Read the audit log
///
/// The newest entries first, in pages of 50. Takes the permission `read_audit`.
#[utoipa::path(
    get, path = "/api/v1/audit", operation_id = "readAudit", tag = "audit",
    params(AuditParameters),
    responses((status = 200, description = "A page of entries.", body = AuditList))
)]
pub async fn list(
    State(server): State<Arc<Server>>,
    Extension(asking): Extension<Asking>,
) -> Answered {
    let query =
        asking.query(&["organization", "from", "to", "actor", "customer", "kind", "after"])?;
    let wanted = AuditQuery {
        scope: query.id("organization")?,
        from: query.day("from")?,
        to: query.day("to")?,
        actor: query.text("actor").unwrap_or_default().to_owned(),
        customer: query.text("customer").unwrap_or_default().to_owned(),
        kind: query.word("kind", AuditKind::from_word)?,
        before: query.id("after")?,
    };
    let page = server.portal.audit_log(&asking.actor, &wanted).await?;
    let items = page.lines.into_iter().map(AuditEntry::from).collect();
    let next = page.older.map(|id| id.0);
    Ok(json(&AuditList { items, next, many_people: page.many_people }))
}

/// Read an entry of the audit log
///
/// Takes the permission `read_audit`.
#[utoipa::path(
    get, path = "/api/v1/audit/{id}", operation_id = "readAuditEntry", tag = "audit",
    params(("id" = Uuid, Path, description = "The entry.")),
    responses((status = 200, description = "The entry.", body = AuditDetail))
)]
pub async fn view(
    State(server): State<Arc<Server>>,
    Extension(asking): Extension<Asking>,
    Path(entry): Path<String>,
) -> Answered {
    asking.query(&[])?;
    let view = server.portal.audit_entry(&asking.actor, id(&entry)?).await?;
    Ok(json(&AuditDetail {
        entry: view.line.into(),
        position: view.position,
        hash: view.hash,
        request_id: view.request_id,
        related: view.related.into_iter().map(AuditEntry::from).collect(),
    }))
}
