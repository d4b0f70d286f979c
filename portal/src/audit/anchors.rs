//! Anchors: the heads of the chains, written to a file apart from the database and to the log. A
//! chain alone cannot show that its end was cut off, or that all of it was made anew.
//!
//! Each node writes a file of its own, and remembers by itself what it has written: what the
//! database says of it could be changed with it.

use std::{
    collections::HashMap,
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
    sync::Mutex,
};

use anyhow::Context;
use model::id::OrganizationId;
use serde::{Deserialize, Serialize};

use super::verify::AuditReport;
use crate::{Portal, Result, secrets::hex, store::AuditHead};

/// Every hash that was written for a line: more than one is a contradiction, which is found.
pub(super) type Anchors = HashMap<(OrganizationId, i64), Vec<Vec<u8>>>;

/// Up to where the head of each chain was written.
#[derive(Debug, Default)]
pub(crate) struct Anchored(Mutex<HashMap<OrganizationId, i64>>);

/// A line of the file.
#[derive(Serialize, Deserialize)]
struct Anchor {
    organization: OrganizationId,
    position: i64,
    hash: String,
    at: String,
}

/// What a line of the file says.
enum Line {
    Anchor(OrganizationId, i64, Vec<u8>),
    /// The process ended while it was written.
    Torn,
    Damaged,
}

impl Anchored {
    /// What the file says already, if there is one.
    pub(crate) fn from_file(path: Option<&Path>) -> anyhow::Result<Self> {
        let mut positions = HashMap::new();
        let Some(path) = path.filter(|path| path.is_file()) else { return Ok(Self::default()) };
        for line in read(path)?.lines() {
            if let Line::Anchor(organization, position, _) = parse(line) {
                let known = positions.entry(organization).or_insert(position);
                *known = position.max(*known);
            }
        }
        Ok(Self(Mutex::new(positions)))
    }

    fn position(&self, organization: OrganizationId) -> i64 {
        let positions = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        positions.get(&organization).copied().unwrap_or_default()
    }

    fn set(&self, head: &AuditHead) {
        let mut positions = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        positions.insert(head.organization_id, head.position);
    }
}

impl Portal {
    /// Writes the heads of chains that grew by enough lines to the anchor file and to the log.
    pub(crate) async fn anchor_audit(&self) -> Result<()> {
        self.anchor_grown(i64::from(self.settings().audit.anchor_every)).await
    }

    /// Writes the heads of all chains that grew, before the process ends.
    pub async fn anchor_audit_at_last(&self) -> Result<()> {
        self.anchor_grown(1).await
    }

    async fn anchor_grown(&self, by: i64) -> Result<()> {
        let anchored = self.anchored();
        let mut tx = self.db().read().await?;
        let mut heads = tx.audit_heads().await?;
        drop(tx);
        // A chain that got shorter was cut off; what is written of it from here on tells as well.
        heads.retain(|head| (head.position - anchored.position(head.organization_id)).abs() >= by);
        if heads.is_empty() {
            return Ok(());
        }
        if let Some(path) = self.settings().audit.anchor_file.clone() {
            let at = self.now().rfc3339();
            let mut lines = String::new();
            for head in &heads {
                let anchor = Anchor {
                    organization: head.organization_id,
                    position: head.position,
                    hash: hex(&head.hash),
                    at: at.clone(),
                };
                lines += &serde_json::to_string(&anchor).context("an anchor")?;
                lines.push('\n');
            }
            tokio::task::spawn_blocking(move || {
                append(&path, &lines).with_context(|| format!("cannot write to {}", path.display()))
            })
            .await
            .context("writing anchors was interrupted")??;
        }
        for head in &heads {
            tracing::info!(organization = %head.organization_id, position = head.position, hash = hex(&head.hash), "audit head");
            anchored.set(head);
        }
        Ok(())
    }
}

/// Appends lines and has them on the disk when it returns.
fn append(path: &Path, lines: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).read(true).open(path)?;
    // After a line that was torn off a new one begins.
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    let begin = if last == *b"\n" { "" } else { "\n" };
    file.write_all(format!("{begin}{lines}").as_bytes())?;
    file.sync_all()
}

fn read(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path)
        .with_context(|| format!("cannot read the anchor file {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn parse(line: &str) -> Line {
    match serde_json::from_str::<Anchor>(line) {
        Ok(anchor) => match unhex(&anchor.hash) {
            Some(hash) => Line::Anchor(anchor.organization, anchor.position, hash),
            None => Line::Damaged,
        },
        Err(error) if error.is_eof() && !line.trim().is_empty() => Line::Torn,
        Err(_) => Line::Damaged,
    }
}

/// Every anchor of a file.
pub(super) fn read_anchors(path: &Path, report: &mut AuditReport) -> anyhow::Result<Anchors> {
    let mut anchors = Anchors::new();
    for (number, line) in read(path)?.lines().enumerate() {
        match parse(line) {
            Line::Anchor(organization, position, hash) => {
                report.anchors += 1;
                anchors.entry((organization, position)).or_default().push(hash);
            }
            Line::Torn => {}
            Line::Damaged => report.problems.push(format!(
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
