//! Looking through the chains: whether every line is as it was written.

use std::{collections::HashMap, path::Path};

use model::{
    Refusal,
    audit::{AuditCheck, AuditFault, AuditProblem},
    id::OrganizationId,
    permission::Permission,
};
use uuid::Uuid;

use super::{
    anchors::{Anchors, read_anchors},
    line_hash, personal_digest,
};
use crate::{Actor, Portal, Result, store::Tx};

/// Lines that are read at once.
const AT_ONCE: i64 = 500;
/// Lines that are looked at in one piece, on the page.
const PIECE: u64 = 10_000;
/// Chains that are looked at in one piece.
const CHAINS: i64 = 500;
/// Problems that are told of one piece; more than that say nothing new.
const TOLD: usize = 20;

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

/// A chain on the way through it.
struct Chain {
    organization: OrganizationId,
    /// The line that was looked at last.
    position: i64,
    /// Lines looked at.
    entries: u64,
    problems: Vec<AuditProblem>,
}

impl Chain {
    fn wrong(&mut self, position: i64, fault: AuditFault) {
        self.problems.push(AuditProblem { organization: self.organization, position, fault });
    }
}

impl Tx {
    /// Looks through a chain, `most` lines further and no more. Whether its end was reached.
    async fn look_through(
        &mut self,
        chain: &mut Chain,
        most: u64,
        anchors: &mut Anchors,
    ) -> anyhow::Result<bool> {
        let organization = chain.organization;
        let mut hash = match chain.position {
            0 => Some(vec![0; 32]),
            // It was looked at before; should it be gone by now, the next one says so.
            position => self.audit_hash(organization, position).await?,
        };
        let last = chain.entries.saturating_add(most);
        loop {
            let rows = match self.audit_after(organization, chain.position, AT_ONCE).await {
                Err(sqlx::Error::ColumnDecode { .. }) => {
                    chain.wrong(chain.position, AuditFault::Unreadable);
                    return Ok(true);
                }
                other => other?,
            };
            if rows.is_empty() {
                break;
            }
            for read in rows {
                let row = read.row;
                chain.entries += 1;
                if row.position != chain.position + 1 || hash.is_none() {
                    chain.wrong(row.position, AuditFault::LinesMissing);
                } else if hash.is_some_and(|hash| row.previous != hash) {
                    chain.wrong(row.position, AuditFault::DoesNotFollow);
                }
                if line_hash(&row)? != row.hash {
                    chain.wrong(row.position, AuditFault::Edited);
                }
                if let (Some(salt), Some(content)) = (read.salt, read.content)
                    && personal_digest(&salt, &content) != row.personal_digest
                {
                    chain.wrong(row.position, AuditFault::PersonalEdited);
                }
                let known = anchors.remove(&(organization, row.position)).unwrap_or_default();
                if known.iter().any(|anchored| *anchored != row.hash) {
                    chain.wrong(row.position, AuditFault::NotAsAnchored);
                }
                chain.position = row.position;
                hash = Some(row.hash);
            }
            if chain.entries >= last {
                return Ok(false);
            }
        }
        match self.audit_head(organization).await? {
            Some(head)
                if head.position != chain.position || hash.is_none_or(|hash| hash != head.hash) =>
            {
                chain.wrong(chain.position, AuditFault::EndsEarly { head: head.position });
            }
            None if chain.position > 0 => chain.wrong(chain.position, AuditFault::HeadMissing),
            Some(_) | None => {}
        }
        Ok(true)
    }
}

impl Portal {
    /// Recomputes every chain, and compares it with the heads in the anchor file.
    pub async fn verify_audit(&self, anchor: Option<&Path>) -> anyhow::Result<AuditReport> {
        let mut report = AuditReport::default();
        let mut anchors = match anchor {
            Some(path) => read_anchors(path, &mut report)?,
            None => HashMap::new(),
        };
        // Of one moment: people go on working meanwhile.
        let mut tx = self.db().snapshot().await?;
        let headless = tx.audit_headless().await?;
        let mut organizations: Vec<OrganizationId> =
            tx.audit_heads().await?.into_iter().map(|head| head.organization_id).collect();
        report.chains = organizations.len();
        organizations.extend(headless);
        let mut problems = Vec::new();
        for organization in organizations {
            let mut chain = Chain { organization, position: 0, entries: 0, problems: Vec::new() };
            tx.look_through(&mut chain, u64::MAX, &mut anchors).await?;
            report.entries += chain.entries;
            problems.append(&mut chain.problems);
        }
        let mut cut_off: Vec<_> = anchors.into_keys().collect();
        cut_off.sort_unstable();
        for (organization, position) in cut_off {
            problems.push(AuditProblem { organization, position, fault: AuditFault::CutOff });
        }
        report.problems.extend(problems.iter().map(sentence));
        Ok(report)
    }

    /// Looks through the chains of a scope, a bounded piece of them: from where the piece before
    /// ended (`so_far`), or from the beginning.
    pub async fn check_audit(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
        so_far: AuditCheck,
    ) -> Result<AuditCheck> {
        actor.may(Permission::ReadAudit)?;
        let scope = scope.unwrap_or(actor.organization);
        let mut tx = self.db().snapshot().await?;
        // Whose scope it is not learns nothing of it.
        if !tx.is_within(scope, actor.organization).await? {
            return Err(Refusal::NotFound.into());
        }
        let (begin, position) = so_far.next.unwrap_or((OrganizationId(Uuid::nil()), 0));
        let organizations = tx.scope_from(scope, begin, CHAINS + 1).await?;
        let mut check = AuditCheck { found: Vec::new(), next: None, ..so_far };
        let mut left = PIECE;
        let mut nothing = Anchors::new();
        for (number, (organization, name)) in (0_i64..).zip(organizations) {
            if left == 0 || number == CHAINS {
                check.next = Some((organization, 0));
                break;
            }
            let position = if organization == begin { position.max(0) } else { 0 };
            let mut chain = Chain { organization, position, entries: 0, problems: Vec::new() };
            let is_done = tx.look_through(&mut chain, left, &mut nothing).await?;
            left = left.saturating_sub(chain.entries);
            check.entries = check.entries.saturating_add(chain.entries);
            let problems = u32::try_from(chain.problems.len()).unwrap_or(u32::MAX);
            check.problems = check.problems.saturating_add(problems);
            let room = TOLD.saturating_sub(check.found.len());
            let told = chain.problems.into_iter().take(room);
            check.found.extend(told.map(|problem| (name.clone(), problem)));
            if is_done {
                check.chains = check.chains.saturating_add(u32::from(chain.position > 0));
            } else {
                check.next = Some((organization, chain.position));
                break;
            }
        }
        Ok(check)
    }
}

/// What is wrong, on the command line.
fn sentence(problem: &AuditProblem) -> String {
    let AuditProblem { organization, position, fault } = problem;
    match fault {
        AuditFault::HeadMissing => format!("organization {organization}: its head is missing"),
        AuditFault::Unreadable => format!(
            "organization {organization}: one of the lines after line {position} was edited: it holds what no version writes"
        ),
        AuditFault::LinesMissing => {
            format!(
                "organization {organization}, line {position}: one or more lines before it are missing"
            )
        }
        AuditFault::DoesNotFollow => {
            format!(
                "organization {organization}, line {position}: it does not follow from the line before it"
            )
        }
        AuditFault::Edited => {
            format!("organization {organization}, line {position}: it was edited")
        }
        AuditFault::PersonalEdited => {
            format!("organization {organization}, line {position}: its personal values were edited")
        }
        AuditFault::NotAsAnchored => format!(
            "organization {organization}, line {position}: it is not the line that the anchor file knows"
        ),
        AuditFault::CutOff => format!(
            "organization {organization}: line {position}, which the anchor file knows, is missing"
        ),
        AuditFault::EndsEarly { head } => format!(
            "organization {organization}: the chain ends at line {position}, its head is at line {head}"
        ),
    }
}
