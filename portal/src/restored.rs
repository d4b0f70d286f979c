//! After a restore from a backup: what the backup still knew must not live again.

use model::{Moment, audit::AuditKind};

use crate::{Portal, Result, audit::Event};

/// What [`Portal::restored`] ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RestoredReport {
    /// Sessions.
    pub sessions: u64,
    /// Mailed links.
    pub links: u64,
    /// Known devices.
    pub devices: u64,
    /// Mails that were on their way, with their seals.
    pub mails: u64,
    /// Sealed passwords for downstream systems.
    pub seals: u64,
    /// Removals of second factors that waited.
    pub removals: u64,
    /// Changes of email addresses that were under way.
    pub email_changes: u64,
    /// What second persons were asked to agree to, or had agreed to.
    pub approvals: u64,
    /// Keys for the API: one that was revoked since would work again.
    pub api_keys: u64,
    /// Imports and links to many that were under way; they wait to be resumed.
    pub jobs: u64,
}

impl Portal {
    /// The last step of a restore: ends every session and step-up, voids every link, forgets every
    /// device, wipes every seal, stops every removal of a second factor and every change of an email
    /// address, ends what second persons agreed to, ends every key for the API, pauses every job. All
    /// in one transaction.
    pub async fn restored(&self) -> Result<RestoredReport> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        let report = RestoredReport {
            sessions: tx.end_all_sessions(now).await?,
            links: tx.void_all_links(now).await?,
            devices: tx.revoke_all_devices(now).await?,
            mails: tx.wipe_mails(now).await?,
            seals: tx.wipe_seals().await?,
            removals: tx.stop_all_removals(now).await?,
            email_changes: tx.stop_all_email_changes(now).await?,
            approvals: tx.end_all_approvals(now).await?,
            api_keys: tx.end_all_api_keys(now).await?,
            jobs: tx.pause_all_jobs(now).await?,
        };
        tx.expire_resets(now).await?;
        tx.clear_forgotten().await?;
        // Secrets that nobody has proven.
        tx.prune_factor_setups(Moment(i64::MAX)).await?;
        for organization in tx.organizations().await? {
            tx.record(self, Event::of_command(organization.id, AuditKind::Restored)).await?;
        }
        tx.commit().await?;
        Ok(report)
    }
}
