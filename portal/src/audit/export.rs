//! The audit log as a file: all that a query finds, a piece at a time, so that a million entries
//! take no more memory than a page of them.

use model::{
    Refusal,
    audit::{AuditKind, AuditLine, AuditQuery},
    permission::Permission,
};
use serde::Serialize;

use super::log::{Meant, People, before_all_of};
use crate::{
    Actor, Portal, Result,
    secrets::hex,
    store::{AuditReadRow, AuditSearch},
    table::csv_line,
};

/// Entries in one piece.
const PIECE: usize = 500;

/// What the file looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditFormat {
    /// A table: comma-separated values (RFC 4180) with a head.
    Csv,
    /// A JSON object a line.
    JsonLines,
}

/// A file on its way.
pub struct AuditExport {
    portal: Portal,
    search: AuditSearch,
    people: People,
    format: AuditFormat,
    begun: bool,
    ended: bool,
}

/// An entry in the file.
#[derive(Serialize)]
struct Row {
    at: String,
    organization: String,
    action: String,
    outcome: String,
    actor_kind: String,
    actor: String,
    actor_id: String,
    customer: String,
    customer_email: String,
    customer_id: String,
    address: String,
    browser: String,
    system: String,
    reason: String,
    ticket: String,
    erased: bool,
    reset_id: String,
    request_id: String,
    id: String,
    position: i64,
    hash: String,
}

/// The table's head.
const HEAD: &str = "at,organization,action,outcome,actor_kind,actor,actor_id,customer,customer_email,customer_id,address,browser,system,reason,ticket,erased,reset_id,request_id,id,position,hash\r\n";

impl Row {
    fn of(line: AuditLine, position: i64, hash: &[u8], request_id: String) -> Self {
        let (actor, actor_id) = line.actor.map_or_else(Default::default, |person| {
            (person.name.unwrap_or_default(), person.id.to_string())
        });
        let (customer, customer_email, customer_id) =
            line.subject.map_or_else(Default::default, |person| {
                let email = person.email.unwrap_or_default();
                (person.name.unwrap_or_default(), email, person.id.to_string())
            });
        let device = line.device.unwrap_or_default();
        Self {
            at: line.at.rfc3339(),
            organization: line.organization.to_string(),
            action: line.kind.to_string(),
            outcome: line.outcome.to_string(),
            actor_kind: line.actor_kind.to_string(),
            actor,
            actor_id,
            customer,
            customer_email,
            customer_id,
            address: line.address.unwrap_or_default(),
            browser: device.browser.unwrap_or_default(),
            system: device.system.unwrap_or_default(),
            reason: line.reason.unwrap_or_default(),
            ticket: line.ticket.unwrap_or_default(),
            erased: line.erased,
            reset_id: line.reset.map(|id| id.to_string()).unwrap_or_default(),
            request_id,
            id: line.id.to_string(),
            position,
            hash: hex(hash),
        }
    }

    fn csv(&self) -> String {
        csv_line([
            self.at.as_str(),
            &self.organization,
            &self.action,
            &self.outcome,
            &self.actor_kind,
            &self.actor,
            &self.actor_id,
            &self.customer,
            &self.customer_email,
            &self.customer_id,
            &self.address,
            &self.browser,
            &self.system,
            &self.reason,
            &self.ticket,
            if self.erased { "true" } else { "false" },
            &self.reset_id,
            &self.request_id,
            &self.id,
            &self.position.to_string(),
            &self.hash,
        ])
    }
}

impl Portal {
    /// Begins to export what a query finds. It takes a fresh proof of the actor's password, and is
    /// recorded.
    pub async fn export_audit(
        &self,
        actor: &Actor,
        query: &AuditQuery,
        format: AuditFormat,
    ) -> Result<AuditExport> {
        actor.may(Permission::ReadAudit)?;
        let mut tx = self.db().write().await?;
        // All of it, wherever the page was.
        let query = AuditQuery { before: None, ..query.clone() };
        let Meant { search, .. } = self.meant(&mut tx, actor, &query).await?;
        tx.hold_policy(actor.organization).await?;
        if !self.hold_staff(&mut tx, actor, Permission::ReadAudit).await? {
            return Err(Refusal::StepUp.into());
        }
        tx.record(self, actor.event(AuditKind::AuditExported)).await?;
        tx.commit().await?;
        // What happens from now on is not in it: it comes to an end.
        let before = search.before.min(before_all_of(self.now()));
        Ok(AuditExport {
            portal: self.clone(),
            search: AuditSearch { before, limit: PIECE, ..search },
            people: People::new(actor),
            format,
            begun: false,
            ended: false,
        })
    }
}

impl AuditExport {
    /// The next piece of the file, newest entries first; `None` when it has come to its end.
    pub async fn next_piece(&mut self) -> Result<Option<String>> {
        let mut piece = String::new();
        if !self.begun && self.format == AuditFormat::Csv {
            piece.push_str(HEAD);
        }
        self.begun = true;
        if self.ended {
            return Ok(Some(piece).filter(|piece| !piece.is_empty()));
        }
        let mut tx = self.portal.db().read().await?;
        let rows = tx.find_audit(&self.search).await?;
        self.ended = rows.len() < PIECE;
        self.search.before = rows.last().map_or(self.search.before, |read| read.row.id);
        for read in rows {
            piece += &self.written(&mut tx, read).await?;
        }
        Ok(Some(piece).filter(|piece| !piece.is_empty()))
    }

    async fn written(&mut self, tx: &mut crate::store::Tx, read: AuditReadRow) -> Result<String> {
        let (position, hash) = (read.row.position, read.row.hash.clone());
        let request_id = read.row.request_id.clone();
        let line = self.people.line(tx, read).await?;
        let row = Row::of(line, position, &hash, request_id);
        Ok(match self.format {
            AuditFormat::Csv => row.csv(),
            AuditFormat::JsonLines => {
                serde_json::to_string(&row).map_err(anyhow::Error::from)? + "\n"
            }
        })
    }
}
