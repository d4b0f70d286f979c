//! Signed-in browsers.

use model::{
    Moment,
    account::{AccountKind, AccountState, Language, Lock, Role},
    id::{AccountId, DeviceId, OrganizationId, SessionId, SiteId},
    text::Name,
};

use super::{Tx, locked, on};
use crate::secrets::TokenHash;

/// What a session is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub(crate) enum Stage {
    /// Everything.
    Full,
    /// Giving the second factor, and nothing else: the password is proven.
    Half,
    /// Choosing another password in place of a temporary one, and nothing else.
    Change,
}

/// A session.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct SessionRow {
    pub id: SessionId,
    pub account_id: AccountId,
    pub site_id: SiteId,
    pub device_id: Option<DeviceId>,
    pub stage: Stage,
    pub kept: bool,
    pub address: String,
    pub user_agent: String,
    pub created_at: Moment,
    pub last_used_at: Moment,
    pub idle_until: Moment,
    pub expires_at: Moment,
}

/// A session with what decides about its account.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ActorRow {
    #[sqlx(flatten)]
    pub session: SessionRow,
    pub kind: AccountKind,
    pub role: Option<Role>,
    pub state: AccountState,
    pub locked_by: Option<Lock>,
    pub organization_id: OrganizationId,
    pub name: Name,
    pub language: Language,
}

impl Tx {
    /// Adds a session.
    pub async fn add_session(&mut self, row: &SessionRow, token: &TokenHash) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO sessions (id, token_hash, account_id, site_id, device_id, stage, kept, address, user_agent, created_at, last_used_at, idle_until, expires_at) VALUES ($1, $2, $3, $4, $5, $13, $6, $7, $8, $9, $10, $11, $12)")
            .bind(row.id).bind(token).bind(row.account_id).bind(row.site_id).bind(row.device_id).bind(row.kept)
            .bind(&row.address).bind(&row.user_agent).bind(row.created_at).bind(row.last_used_at).bind(row.idle_until).bind(row.expires_at)
            .bind(row.stage).execute(c).await.map(drop))
    }

    /// The session with this token, unless it has ended.
    pub async fn actor(&mut self, token: &TokenHash) -> sqlx::Result<Option<ActorRow>> {
        on!(self, c => sqlx::query_as("SELECT sessions.id, sessions.account_id, sessions.site_id, sessions.device_id, sessions.stage, sessions.kept, sessions.address, sessions.user_agent, sessions.created_at, sessions.last_used_at, sessions.idle_until, sessions.expires_at, accounts.kind, accounts.role, accounts.state, accounts.locked_by, accounts.organization_id, accounts.name, accounts.language FROM sessions JOIN accounts ON accounts.id = sessions.account_id WHERE sessions.token_hash = $1 AND sessions.ended_at IS NULL")
            .bind(token).fetch_optional(c).await)
    }

    /// Notes that a session is in use.
    pub async fn touch_session(
        &mut self,
        id: SessionId,
        address: &str,
        now: Moment,
        idle_until: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE sessions SET last_used_at = $2, idle_until = $3, address = $4 WHERE id = $1 AND ended_at IS NULL")
            .bind(id).bind(now).bind(idle_until).bind(address).execute(c).await.map(drop))
    }

    /// When one's own password was last proven in a session, if it ever was; nothing for a session
    /// that has ended. Held until the commit.
    pub async fn lock_step_up(&mut self, id: SessionId) -> sqlx::Result<Option<Option<Moment>>> {
        locked!(self, "SELECT stepped_up_at FROM sessions WHERE id = $1 AND ended_at IS NULL", query, c => sqlx::query_scalar(query).bind(id).fetch_optional(c).await)
    }

    /// When one's own password was last proven in a session that has not ended, if it ever was.
    pub async fn step_up(&mut self, id: SessionId) -> sqlx::Result<Option<Moment>> {
        let proven: Option<Option<Moment>> = on!(self, c => sqlx::query_scalar("SELECT stepped_up_at FROM sessions WHERE id = $1 AND ended_at IS NULL").bind(id).fetch_optional(c).await)?;
        Ok(proven.flatten())
    }

    /// Forgets what was proven in the account's sessions, but for one that is kept.
    pub async fn void_step_ups(
        &mut self,
        account: AccountId,
        keep: Option<SessionId>,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE sessions SET stepped_up_at = NULL WHERE account_id = $1 AND ($2 IS NULL OR id <> $2) AND ended_at IS NULL").bind(account).bind(keep).execute(c).await.map(drop))
    }

    /// When a session that has not ended began.
    pub async fn session_begun(&mut self, id: SessionId) -> sqlx::Result<Option<Moment>> {
        on!(self, c => sqlx::query_scalar("SELECT created_at FROM sessions WHERE id = $1 AND ended_at IS NULL").bind(id).fetch_optional(c).await)
    }

    /// Gives a session a new token: a password was proven in it.
    pub async fn rotate_session(
        &mut self,
        id: SessionId,
        token: &TokenHash,
        now: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE sessions SET token_hash = $2, stepped_up_at = $3 WHERE id = $1 AND ended_at IS NULL")
            .bind(id).bind(token).bind(now).execute(c).await.map(drop))
    }

    /// A session that was good for one thing only is good for another from now on, under a new token.
    /// Whether it was there, had not ended, and was like that.
    pub async fn promote_session(
        &mut self,
        id: SessionId,
        token: &TokenHash,
        (from, to): (Stage, Stage),
        (idle_until, expires_at): (Moment, Moment),
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE sessions SET stage = $5, token_hash = $2, idle_until = $3, expires_at = $4 WHERE id = $1 AND stage = $6 AND ended_at IS NULL")
            .bind(id).bind(token).bind(idle_until).bind(expires_at).bind(to).bind(from)
            .execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Counts a code in a sign-in that waits for a second factor: how many there were with it;
    /// `None` when it does not wait any more.
    pub async fn count_code(&mut self, id: SessionId) -> sqlx::Result<Option<i32>> {
        on!(self, c => sqlx::query_scalar("UPDATE sessions SET wrong_codes = wrong_codes + 1 WHERE id = $1 AND stage = $2 AND ended_at IS NULL RETURNING wrong_codes")
            .bind(id).bind(Stage::Half).fetch_optional(c).await)
    }

    /// The account's sessions that have not ended, last used first.
    pub async fn sessions(
        &mut self,
        account: AccountId,
        now: Moment,
    ) -> sqlx::Result<Vec<SessionRow>> {
        on!(self, c => sqlx::query_as("SELECT id, account_id, site_id, device_id, stage, kept, address, user_agent, created_at, last_used_at, idle_until, expires_at FROM sessions WHERE account_id = $1 AND stage = $3 AND ended_at IS NULL AND idle_until > $2 AND expires_at > $2 ORDER BY last_used_at DESC, id")
            .bind(account).bind(now).bind(Stage::Full).fetch_all(c).await)
    }

    /// Ends one session of an account; whether there was one to end.
    pub async fn end_session(
        &mut self,
        account: AccountId,
        id: SessionId,
        now: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE sessions SET ended_at = $3 WHERE id = $2 AND account_id = $1 AND ended_at IS NULL")
            .bind(account).bind(id).bind(now).execute(c).await.map(|done| done.rows_affected() > 0))
    }

    /// Ends every session of an account, but for one; returns how many.
    pub async fn end_sessions(
        &mut self,
        account: AccountId,
        keep: Option<SessionId>,
        now: Moment,
    ) -> sqlx::Result<u64> {
        on!(self, c => sqlx::query("UPDATE sessions SET ended_at = $2 WHERE account_id = $1 AND ended_at IS NULL AND ($3 IS NULL OR id <> $3)")
            .bind(account).bind(now).bind(keep).execute(c).await.map(|done| done.rows_affected()))
    }

    /// Ends sessions whose time is over, so that no clock can bring them back.
    pub async fn end_stale_sessions(&mut self, now: Moment) -> sqlx::Result<u64> {
        on!(self, c => sqlx::query("UPDATE sessions SET ended_at = $1 WHERE ended_at IS NULL AND (idle_until <= $1 OR expires_at <= $1)").bind(now).execute(c).await.map(|done| done.rows_affected()))
    }

    /// Ends every session; returns how many.
    pub async fn end_all_sessions(&mut self, now: Moment) -> sqlx::Result<u64> {
        on!(self, c => sqlx::query("UPDATE sessions SET ended_at = $1 WHERE ended_at IS NULL").bind(now).execute(c).await.map(|done| done.rows_affected()))
    }

    /// Ends every session at a site.
    pub async fn end_site_sessions(&mut self, site: SiteId, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE sessions SET ended_at = $2 WHERE site_id = $1 AND ended_at IS NULL").bind(site).bind(now).execute(c).await.map(drop))
    }

    /// Forgets sessions that ended before `before`.
    pub async fn prune_sessions(&mut self, before: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM sessions WHERE ended_at < $1").bind(before).execute(c).await.map(drop))
    }

    /// Whether a session is kept when the browser is closed; `None` when it has ended.
    pub async fn open_session_is_kept(&mut self, id: SessionId) -> sqlx::Result<Option<bool>> {
        on!(self, c => sqlx::query_scalar("SELECT kept FROM sessions WHERE id = $1 AND ended_at IS NULL").bind(id).fetch_optional(c).await)
    }
}
