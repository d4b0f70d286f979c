//! The audit log: one chain of lines per organization, written in the transaction of what they
//! record.
//!
//! A line's hash covers the line before it, its ids, and a salted digest of its personal values
//! (names, addresses, devices). Those stand in a side table that erasure can empty: the chain stays
//! whole, and the digest without its salt tells nothing. The heads of the chains also go to a file
//! and to the log, so that a chain that was cut off or rewritten as a whole is found out.

use std::{collections::HashMap, net::IpAddr, path::Path};

use anyhow::Context;
use model::{
    Moment,
    account::Device,
    audit::{ActivityEntry, ActivityPage, ActorKind, AuditKind, Outcome, Who},
    id::{AccountId, AuditId, OrganizationId, ResetId},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use crate::{
    Actor, Portal, Result, Visit, device,
    resets::Why,
    secrets::hex,
    store::{AuditRow, Tx},
};

/// Lines of activity on one page.
const PAGE: usize = 25;

/// What is said of one event; the rest follows from the moment and the chain.
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
    /// How many customers it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
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

/// What [`Portal::verify_audit`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Chains looked at.
    pub chains: usize,
    /// Lines looked at.
    pub entries: u64,
    /// Lines of the anchor file that were compared.
    pub anchors: usize,
    /// What is wrong, a sentence each; empty when all is well.
    pub problems: Vec<String>,
}

impl Tx {
    /// Appends an event to its organization's chain. Call it last in a unit of work: it holds the
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
        Ok(())
    }
}

/// A UUID of version 7 that sorts by time and, within one moment, by place in the chain.
fn line_id(now: Moment, position: i64, random: [u8; 4]) -> AuditId {
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
            let who = match row.actor_kind {
                _ if row.actor_id == Some(reader.account(account)) => Who::You,
                _ if row.actor_id == Some(account) => Who::Customer,
                ActorKind::Staff | ActorKind::Customer => {
                    Who::Staff(personal.as_ref().and_then(|personal| personal.staff.clone()))
                }
                ActorKind::LinkHolder => Who::LinkHolder,
                ActorKind::Visitor => Who::Visitor,
                ActorKind::CommandLine => Who::Operator,
                ActorKind::System => Who::System,
            };
            // Where staff sit, and what they say among themselves, is nothing to their customers.
            let is_owner = matches!(reader, Reader::Owner);
            let why = personal.as_ref().and_then(|p| p.why.clone()).filter(|_| !is_owner);
            let personal = personal.filter(|_| !is_owner || !matches!(who, Who::Staff(_)));
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

    /// Recomputes every chain, and compares it with the heads in the anchor file.
    pub async fn verify_audit(&self, anchor: Option<&Path>) -> anyhow::Result<AuditReport> {
        let mut report = AuditReport::default();
        let mut anchors = match anchor {
            Some(path) => read_anchors(path, &mut report)?,
            None => HashMap::new(),
        };
        // Of one moment: people go on working meanwhile.
        let mut tx = self.db().snapshot().await?;
        for organization in tx.audit_headless().await? {
            report.problems.push(format!("organization {organization}: its head is missing"));
        }
        'chains: for head in tx.audit_heads().await? {
            let organization = head.organization_id;
            report.chains += 1;
            let (mut position, mut hash) = (0, vec![0; 32]);
            loop {
                let rows = match tx.audit_after(organization, position, 500).await {
                    Err(sqlx::Error::ColumnDecode { .. }) => {
                        report.problems.push(format!(
                            "organization {organization}: one of the lines after line {position} was edited: it holds what no version writes"
                        ));
                        continue 'chains;
                    }
                    other => other?,
                };
                let Some(last) = rows.last() else { break };
                let last = last.position;
                for row in rows {
                    report.entries += 1;
                    let mut wrong = |what: &str| {
                        report.problems.push(format!(
                            "organization {organization}, line {}: {what}",
                            row.position
                        ));
                    };
                    if row.position != position + 1 {
                        wrong("one or more lines before it are missing");
                    } else if row.previous != hash {
                        wrong("it does not follow from the line before it");
                    }
                    if line_hash(&row)? != row.hash {
                        wrong("it was edited");
                    }
                    if let Some(personal) = tx.audit_personal(row.id).await?
                        && personal_digest(&personal.salt, &personal.content) != row.personal_digest
                    {
                        wrong("its personal values were edited");
                    }
                    let known = anchors.remove(&(organization, row.position)).unwrap_or_default();
                    if known.iter().any(|anchored| *anchored != row.hash) {
                        wrong("it is not the line that the anchor file knows");
                    }
                    (position, hash) = (row.position, row.hash);
                }
                position = position.max(last);
            }
            if (position, &hash) != (head.position, &head.hash) {
                report.problems.push(format!(
                    "organization {organization}: the chain ends at line {position}, its head is at line {}",
                    head.position
                ));
            }
        }
        let mut cut_off: Vec<_> = anchors.into_keys().collect();
        cut_off.sort_unstable();
        for (organization, position) in cut_off {
            report.problems.push(format!(
                "organization {organization}: line {position}, which the anchor file knows, is missing"
            ));
        }
        Ok(report)
    }

    /// Writes the heads of chains that grew by enough lines to the anchor file and to the log.
    pub(crate) async fn anchor_audit(&self) -> Result<()> {
        let every = i64::from(self.settings().audit_anchor_every);
        let mut tx = self.db().read().await?;
        let heads: Vec<_> = tx
            .audit_heads()
            .await?
            .into_iter()
            .filter(|head| head.position - head.anchored >= every)
            .collect();
        drop(tx);
        if heads.is_empty() {
            return Ok(());
        }
        let now = self.now().rfc3339();
        let mut lines = String::new();
        for head in &heads {
            let line =
                format!("{now} {} {} {}\n", head.organization_id, head.position, hex(&head.hash));
            tracing::info!(organization = %head.organization_id, position = head.position, hash = hex(&head.hash), "audit head");
            lines.push_str(&line);
        }
        let path = &self.settings().audit_anchor;
        let write = async {
            let mut file =
                tokio::fs::OpenOptions::new().create(true).append(true).open(path).await?;
            file.write_all(lines.as_bytes()).await?;
            file.sync_all().await
        };
        write.await.with_context(|| format!("cannot write to {}", path.display()))?;
        let mut tx = self.db().write().await?;
        for head in heads {
            tx.set_anchored(head.organization_id, head.position).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Every hash that was written for a line: more than one is a contradiction, which is found.
type Anchors = HashMap<(OrganizationId, i64), Vec<Vec<u8>>>;

fn read_anchors(path: &Path, report: &mut AuditReport) -> anyhow::Result<Anchors> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the anchor file {}", path.display()))?;
    let mut anchors = Anchors::new();
    for (number, line) in text.lines().enumerate() {
        let mut words = line.split(' ').skip(1);
        let parsed = (|| {
            let organization = words.next()?.parse().ok()?;
            let position = words.next()?.parse().ok()?;
            Some(((organization, position), unhex(words.next()?)?))
        })();
        match parsed {
            Some((key, hash)) => {
                report.anchors += 1;
                anchors.entry(key).or_default().push(hash);
            }
            None => report.problems.push(format!(
                "line {} of {} is damaged",
                number + 1,
                path.display()
            )),
        }
    }
    Ok(anchors)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

/// When an event happened, for letters.
pub(crate) fn occasion(at: Moment, visit: &Visit) -> crate::mail::Occasion {
    crate::mail::Occasion {
        at,
        address: Some(visit.address),
        device: device::describe(&visit.user_agent),
    }
}
