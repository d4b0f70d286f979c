//! What nobody decided about in time, or nobody did in time.

use model::{
    approval::ApprovalState,
    audit::{ActorKind, AuditKind, Outcome},
};

use crate::{
    Portal, Result,
    audit::{Event, Personal},
};

/// What audit lines of the worker have in the place of a request's id.
const REQUEST: &str = "approval";

impl Portal {
    /// Ends one request whose time is over, with the links that wait for it; whether there was one.
    pub(crate) async fn expire_approval(&self) -> Result<bool> {
        let now = self.now();
        let Some(due) = self.db().read().await?.due_approval(now).await? else { return Ok(false) };
        let mut tx = self.db().write().await?;
        // In the order in which those who decide hold them. Whoever was deleted took it along.
        let job = match due.job_id {
            Some(job) => tx.lock_job(job).await?,
            None => None,
        };
        if let Some(account) = due.account_id {
            tx.lock_account(account).await?;
        }
        let row = tx.lock_approval(due.id).await?;
        // Another node was quicker, or somebody decided about it just now.
        let Some(row) = row.filter(|row| row.state.is_open() && row.expires_at <= now) else {
            return Ok(true);
        };
        tx.close_approval(row.id, ApprovalState::Expired, now).await?;
        self.stop_waiting_job(&mut tx, job.as_ref()).await?;
        let event = Event {
            organization: row.organization_id,
            kind: AuditKind::ApprovalExpired,
            outcome: Outcome::Done,
            actor: (ActorKind::System, None),
            subject: row.account_id,
            reset: None,
            request_id: REQUEST,
            personal: Personal::default(),
        };
        tx.record(self, row.told(event, AuditKind::ApprovalExpired, None)).await?;
        tx.commit().await?;
        Ok(true)
    }
}
