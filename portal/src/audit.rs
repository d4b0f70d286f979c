//! The audit log: one chain of lines per organization, written in the transaction of what they
//! record.
//!
//! A line's hash covers the line before it, its ids, and a salted digest of its personal values
//! (names, addresses, devices). Those stand in a side table that erasure can empty: the chain stays
//! whole, and the digest without its salt tells nothing. The heads of the chains also go to a file
//! and to the log ([`anchors`]), so that a chain that was cut off or rewritten as a whole is found
//! out ([`verify`]). Staff read the log in [`log`] and take it with them in [`export`].

mod anchors;
mod export;
mod log;
mod verify;

pub(crate) use anchors::Anchored;
pub use export::{AuditExport, AuditFormat};
pub(crate) use log::before_all_of;
pub use verify::AuditReport;

use std::net::IpAddr;

use crate::{
    Actor, Portal, Result, Visit, device,
    resets::Why,
    store::{AuditRow, Tx},
};
use anyhow::Context;
use model::{
    Moment,
    account::Device,
    audit::{ActivityEntry, ActivityPage, ActorKind, AuditChange, AuditKind, Outcome, Who},
    id::{AccountId, AuditId, OrganizationId, ResetId},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Lines of activity on one page.
const PAGE: usize = 25;

/// What is said of one event; the rest follows from the moment and the chain.
#[derive(Clone)]
pub(crate) struct Event<'a> {
    pub organization: OrganizationId,
    pub kind: AuditKind,
    pub outcome: Outcome,
    pub actor: (ActorKind, Option<AccountId>),
    pub subject: Option<AccountId>,
    pub reset: Option<ResetId>,
    pub request_id: &'a str,
    pub personal: Personal,
}

impl Event<'static> {
    /// What somebody did to a whole organization on the command line.
    pub fn of_command(organization: OrganizationId, kind: AuditKind) -> Self {
        Self {
            organization,
            kind,
            outcome: Outcome::Done,
            actor: (ActorKind::CommandLine, None),
            subject: None,
            reset: None,
            request_id: "command-line",
            personal: Personal::default(),
        }
    }
}

/// The personal values of a line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Personal {
    /// Network address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    /// Browser and system.
    #[serde(default)]
    pub device: Device,
    /// The name of the member of staff who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff: Option<String>,
    /// Why they did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
    /// What was changed, from what to what; never secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<AuditChange>,
    /// How many customers it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
}

/// A value that was changed.
pub(crate) fn changed(
    what: &str,
    old: Option<impl ToString>,
    new: Option<impl ToString>,
) -> AuditChange {
    AuditChange {
        what: what.to_owned(),
        old: old.map(|old| old.to_string()),
        new: new.map(|new| new.to_string()),
    }
}

impl Personal {
    /// What is personal about a visit.
    pub fn of(visit: &Visit) -> Self {
        Self {
            address: Some(visit.address),
            device: device::describe(&visit.user_agent),
            ..Self::default()
        }
    }
}

/// Who reads what happened to an account.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reader {
    /// Whose account it is.
    Owner,
    /// A member of staff who looks after it.
    Staff(AccountId),
}

impl Reader {
    fn account(self, owner: AccountId) -> AccountId {
        match self {
            Self::Owner => owner,
            Self::Staff(id) => id,
        }
    }
}

impl Tx {
    /// Appends an event to its organization's chain, and has webhooks told of it. Call it last in a unit of work: it holds the
    /// chain's head until the commit.
    pub(crate) async fn record(&mut self, portal: &Portal, event: Event<'_>) -> Result<()> {
        let now = portal.now();
        let head = self.lock_audit_head(event.organization).await?;
        let salt = portal.random().bytes::<16>();
        let content = serde_json::to_string(&event.personal).context("personal values")?;
        let mut row = AuditRow {
            organization_id: event.organization,
            position: head.position + 1,
            id: line_id(now, head.position + 1, portal.random().bytes()),
            at: now,
            kind: event.kind,
            outcome: event.outcome,
            actor_kind: event.actor.0,
            actor_id: event.actor.1,
            subject_id: event.subject,
            reset_id: event.reset,
            request_id: event.request_id.to_owned(),
            personal_digest: personal_digest(&salt, &content),
            previous: head.hash,
            hash: Vec::new(),
        };
        row.hash = line_hash(&row)?;
        self.add_audit(&row, &salt, &content).await?;
        self.tell_event_hooks(portal, &row).await
    }
}

/// A UUID of version 7 that sorts by time and, within one moment, by place in the chain.
pub(crate) fn line_id(now: Moment, position: i64, random: [u8; 4]) -> AuditId {
    let millis = u64::try_from(now.0.div_euclid(1_000)).unwrap_or_default();
    let micros = u16::try_from(now.0.rem_euclid(1_000)).unwrap_or_default();
    // The builder puts version and variant into the first bits of both.
    let place = u32::try_from(position & 0x3fff_ffff).unwrap_or_default();
    let mut rest = [0; 10];
    rest[..2].copy_from_slice(&micros.to_be_bytes());
    rest[2..6].copy_from_slice(&place.to_be_bytes());
    rest[6..].copy_from_slice(&random);
    AuditId(uuid::Builder::from_unix_timestamp_millis(millis, &rest).into_uuid())
}

fn personal_digest(salt: &[u8], content: &str) -> Vec<u8> {
    Sha256::new_with_prefix(salt).chain_update(content).finalize().to_vec()
}

/// The hash of a line: over every column but itself, each with its length before it.
fn line_hash(row: &AuditRow) -> anyhow::Result<Vec<u8>> {
    let mut hash = Sha256::new_with_prefix(b"rekey audit 1");
    let mut add = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    let id = |id: Option<AccountId>| id.map(|id| id.0.into_bytes());
    add(&row.previous);
    add(row.organization_id.0.as_bytes());
    add(&row.position.to_be_bytes());
    add(row.id.0.as_bytes());
    add(&row.at.0.to_be_bytes());
    let words = serde_json::to_string(&(row.kind, row.outcome, row.actor_kind))?;
    add(words.as_bytes());
    add(id(row.actor_id).as_ref().map_or(&[][..], |id| id));
    add(id(row.subject_id).as_ref().map_or(&[][..], |id| id));
    add(row.reset_id.map(|id| id.0.into_bytes()).as_ref().map_or(&[][..], |id| id));
    add(row.request_id.as_bytes());
    add(&row.personal_digest);
    Ok(hash.finalize().to_vec())
}

impl Portal {
    /// What happened to the actor's own account, newest first.
    pub async fn activity(&self, actor: &Actor, before: Option<AuditId>) -> Result<ActivityPage> {
        self.activity_of(actor.account, before, Reader::Owner).await
    }

    /// What happened to an account, newest first, as a reader may know it.
    pub(crate) async fn activity_of(
        &self,
        account: AccountId,
        before: Option<AuditId>,
        reader: Reader,
    ) -> Result<ActivityPage> {
        let mut tx = self.db().read().await?;
        let mut rows =
            tx.audit_about(account, before, i64::try_from(PAGE + 1).unwrap_or(26)).await?;
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let older = more.then(|| rows.last().map(|row| row.id)).flatten();
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            let personal = tx
                .audit_personal(row.id)
                .await?
                .and_then(|personal| serde_json::from_str::<Personal>(&personal.content).ok());
            let staff = || personal.as_ref().and_then(|personal| personal.staff.clone());
            let who = match row.actor_kind {
                ActorKind::ApiKey => Who::ApiKey(staff()),
                _ if row.actor_id == Some(reader.account(account)) => Who::You,
                _ if row.actor_id == Some(account) => Who::Customer,
                ActorKind::Staff | ActorKind::Customer => Who::Staff(staff()),
                ActorKind::LinkHolder => Who::LinkHolder,
                ActorKind::Visitor => Who::Visitor,
                ActorKind::CommandLine => Who::Operator,
                ActorKind::System => Who::System,
            };
            // Where staff sit, and what they say among themselves, is nothing to their customers.
            let is_owner = matches!(reader, Reader::Owner);
            let why = personal.as_ref().and_then(|p| p.why.clone()).filter(|_| !is_owner);
            let is_theirs = matches!(who, Who::Staff(_) | Who::ApiKey(_));
            let personal = personal.filter(|_| !is_owner || !is_theirs);
            entries.push(ActivityEntry {
                id: row.id,
                at: row.at,
                kind: row.kind,
                outcome: row.outcome,
                who,
                address: personal.as_ref().and_then(|p| p.address).map(|a| a.to_string()),
                device: personal.map(|personal| personal.device),
                reason: why.as_ref().map(|why| why.reason.clone()),
                ticket: why.and_then(|why| why.ticket),
            });
        }
        Ok(ActivityPage { entries, older })
    }
}

/// When an event happened, for letters.
pub(crate) fn occasion(at: Moment, visit: &Visit) -> crate::mail::Occasion {
    crate::mail::Occasion {
        at,
        address: Some(visit.address),
        device: device::describe(&visit.user_agent),
    }
}
