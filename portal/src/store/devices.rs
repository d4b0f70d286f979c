//! Browsers that have signed in before.

use model::{
    Moment,
    id::{AccountId, DeviceId},
};

use super::{Tx, on};
use crate::secrets::TokenHash;

/// A known device.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct DeviceRow {
    pub id: DeviceId,
    pub account_id: AccountId,
    /// Until when no second factor is asked for on it.
    pub remembered_until: Option<Moment>,
}

impl DeviceRow {
    /// One that is known from now on.
    pub fn new(id: DeviceId, account_id: AccountId) -> Self {
        Self { id, account_id, remembered_until: None }
    }
}

impl Tx {
    /// The account's device with this token, when it is still good.
    pub async fn known_device(
        &mut self,
        account: AccountId,
        token: &TokenHash,
        now: Moment,
    ) -> sqlx::Result<Option<DeviceRow>> {
        on!(self, c => sqlx::query_as("SELECT id, account_id, remembered_until FROM devices WHERE token_hash = $1 AND account_id = $2 AND revoked_at IS NULL AND expires_at > $3")
            .bind(token).bind(account).bind(now).fetch_optional(c).await)
    }

    /// Adds a device.
    pub async fn add_device(
        &mut self,
        row: &DeviceRow,
        token: &TokenHash,
        user_agent: &str,
        now: Moment,
        expires_at: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO devices (id, account_id, token_hash, user_agent, created_at, last_used_at, expires_at) VALUES ($1, $2, $3, $4, $5, $5, $6)")
            .bind(row.id).bind(row.account_id).bind(token).bind(user_agent).bind(now).bind(expires_at).execute(c).await.map(drop))
    }

    /// Gives a device a new token and a new span of life.
    pub async fn renew_device(
        &mut self,
        id: DeviceId,
        token: &TokenHash,
        now: Moment,
        expires_at: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE devices SET token_hash = $2, last_used_at = $3, expires_at = $4 WHERE id = $1")
            .bind(id).bind(token).bind(now).bind(expires_at).execute(c).await.map(drop))
    }

    /// Forgets that an account's devices are known, but for one.
    pub async fn revoke_devices(
        &mut self,
        account: AccountId,
        keep: Option<DeviceId>,
        now: Moment,
    ) -> sqlx::Result<()> {
        let revoked: Vec<DeviceId> = on!(self, c => sqlx::query_scalar("UPDATE devices SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL AND ($3 IS NULL OR id <> $3) RETURNING id")
            .bind(account).bind(now).bind(keep).fetch_all(c).await)?;
        for device in revoked {
            self.clear_counter(&format!("device:{device}")).await?;
        }
        Ok(())
    }

    /// Forgets devices that were revoked or expired before `before`, once no session names them.
    pub async fn prune_devices(&mut self, before: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM devices WHERE (revoked_at < $1 OR expires_at < $1) AND NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.device_id = devices.id)")
            .bind(before).execute(c).await.map(drop))
    }

    /// Forgets that any device is known; returns how many there were.
    pub async fn revoke_all_devices(&mut self, now: Moment) -> sqlx::Result<u64> {
        on!(self, c => sqlx::query("UPDATE devices SET revoked_at = $1 WHERE revoked_at IS NULL").bind(now).execute(c).await.map(|done| done.rows_affected()))
    }
}
