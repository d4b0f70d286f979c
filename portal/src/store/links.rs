//! Mailed links.

use model::{
    Moment,
    id::{AccountId, EmailChangeId, LinkId, RemovalId, ResetId, SiteId},
    link::{LinkOrigin, LinkPurpose, LinkState},
};

use super::{Tx, on};
use crate::secrets::TokenHash;

/// A link; the token itself is in the mail only.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct LinkRow {
    pub id: LinkId,
    pub token_hash: TokenHash,
    pub account_id: AccountId,
    pub site_id: SiteId,
    pub reset_id: Option<ResetId>,
    pub removal_id: Option<RemovalId>,
    pub email_change_id: Option<EmailChangeId>,
    pub purpose: LinkPurpose,
    pub origin: LinkOrigin,
    pub state: LinkState,
    pub created_at: Moment,
    pub expires_at: Moment,
    /// When it was used or became worthless.
    pub closed_at: Option<Moment>,
}

/// What a link is a part of, by which one knows whose doing it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkOf {
    /// Of nothing but its account.
    Account,
    /// A change of the password.
    Reset(ResetId),
    /// The removal of a lost second factor.
    Removal(RemovalId),
    /// A change of the email address.
    EmailChange(EmailChangeId),
}

impl LinkOf {
    /// The reset, if it is one.
    pub fn reset(self) -> Option<ResetId> {
        match self {
            Self::Reset(id) => Some(id),
            _ => None,
        }
    }

    /// The removal, if it is one.
    pub fn removal(self) -> Option<RemovalId> {
        match self {
            Self::Removal(id) => Some(id),
            _ => None,
        }
    }

    /// The change of the address, if it is one.
    pub fn email_change(self) -> Option<EmailChangeId> {
        match self {
            Self::EmailChange(id) => Some(id),
            _ => None,
        }
    }
}

impl LinkRow {
    /// What it is a part of.
    pub fn of(&self) -> LinkOf {
        match (self.reset_id, self.removal_id, self.email_change_id) {
            (Some(id), ..) => LinkOf::Reset(id),
            (None, Some(id), _) => LinkOf::Removal(id),
            (None, None, Some(id)) => LinkOf::EmailChange(id),
            (None, None, None) => LinkOf::Account,
        }
    }
}

impl Tx {
    /// Adds an open link.
    pub async fn add_link(&mut self, row: &LinkRow) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO links (id, token_hash, account_id, site_id, reset_id, removal_id, email_change_id, purpose, origin, state, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
            .bind(row.id).bind(&row.token_hash).bind(row.account_id).bind(row.site_id).bind(row.reset_id).bind(row.removal_id).bind(row.email_change_id)
            .bind(row.purpose).bind(row.origin).bind(row.state).bind(row.created_at).bind(row.expires_at).execute(c).await.map(drop))
    }

    /// A link by its public id.
    pub async fn link(&mut self, id: LinkId) -> sqlx::Result<Option<LinkRow>> {
        on!(self, c => sqlx::query_as("SELECT id, token_hash, account_id, site_id, reset_id, removal_id, email_change_id, purpose, origin, state, created_at, expires_at, closed_at FROM links WHERE id = $1").bind(id).fetch_optional(c).await)
    }

    /// Marks an open link used; exactly one caller is told so.
    pub async fn use_link(
        &mut self,
        id: LinkId,
        token: &TokenHash,
        now: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE links SET state = $4, closed_at = $3 WHERE id = $1 AND token_hash = $2 AND state = $5 AND expires_at > $3")
            .bind(id).bind(token).bind(now).bind(LinkState::Used).bind(LinkState::Open)
            .execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Counts a wrong PIN; how many there were at this link.
    pub async fn count_wrong_pin(&mut self, id: LinkId) -> sqlx::Result<i32> {
        on!(self, c => sqlx::query_scalar("UPDATE links SET pin_failures = pin_failures + 1 WHERE id = $1 RETURNING pin_failures").bind(id).fetch_one(c).await)
    }

    /// Makes every open link of an account worthless, but for those that keep a second factor or are
    /// about the email address: they end with the removal or the change that they are a part of.
    pub async fn void_links(&mut self, account: AccountId, now: Moment) -> sqlx::Result<u64> {
        on!(self, c => sqlx::query("UPDATE links SET state = $3, closed_at = $2 WHERE account_id = $1 AND state = $4 AND purpose NOT IN ($5, $6, $7)")
            .bind(account).bind(now).bind(LinkState::Void).bind(LinkState::Open).bind(LinkPurpose::KeepFactor).bind(LinkPurpose::ConfirmEmail).bind(LinkPurpose::CancelEmail).execute(c).await.map(|done| done.rows_affected()))
    }

    /// Makes one link worthless, if it is open.
    pub async fn void_link(&mut self, id: LinkId, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE links SET state = $3, closed_at = $2 WHERE id = $1 AND state = $4")
            .bind(id).bind(now).bind(LinkState::Void).bind(LinkState::Open).execute(c).await.map(drop))
    }

    /// Makes every open link of an account for one purpose worthless; returns how many.
    pub async fn void_links_for(
        &mut self,
        account: AccountId,
        purpose: LinkPurpose,
        now: Moment,
    ) -> sqlx::Result<u64> {
        on!(self, c => sqlx::query("UPDATE links SET state = $3, closed_at = $2 WHERE account_id = $1 AND state = $4 AND purpose = $5")
            .bind(account).bind(now).bind(LinkState::Void).bind(LinkState::Open).bind(purpose).execute(c).await.map(|done| done.rows_affected()))
    }

    /// Makes every open link to a password of an account worthless; returns how many.
    pub async fn void_reset_links(&mut self, account: AccountId, now: Moment) -> sqlx::Result<u64> {
        on!(self, c => sqlx::query("UPDATE links SET state = $3, closed_at = $2 WHERE account_id = $1 AND state = $4 AND purpose IN ($5, $6)")
            .bind(account).bind(now).bind(LinkState::Void).bind(LinkState::Open).bind(LinkPurpose::Reset).bind(LinkPurpose::Invitation).execute(c).await.map(|done| done.rows_affected()))
    }

    /// When the open links of an account that visitors asked for were made, newest first. Those made
    /// after `latest` have seen another clock and open nothing.
    pub async fn open_forgot_links(
        &mut self,
        account: AccountId,
        latest: Moment,
        now: Moment,
    ) -> sqlx::Result<Vec<Moment>> {
        on!(self, c => sqlx::query_scalar("SELECT created_at FROM links WHERE account_id = $1 AND state = $2 AND purpose = $3 AND origin = $4 AND expires_at > $5 AND created_at <= $6 ORDER BY created_at DESC")
            .bind(account).bind(LinkState::Open).bind(LinkPurpose::Reset).bind(LinkOrigin::Anonymous).bind(now).bind(latest).fetch_all(c).await)
    }

    /// When the open links to a password of an account end, the latest first.
    pub async fn open_reset_links(
        &mut self,
        account: AccountId,
        now: Moment,
    ) -> sqlx::Result<Vec<Moment>> {
        on!(self, c => sqlx::query_scalar("SELECT expires_at FROM links WHERE account_id = $1 AND state = $2 AND purpose IN ($3, $5) AND expires_at > $4 ORDER BY expires_at DESC")
            .bind(account).bind(LinkState::Open).bind(LinkPurpose::Reset).bind(now).bind(LinkPurpose::Invitation).fetch_all(c).await)
    }

    /// Marks links whose time is over, so that no clock can bring them back.
    pub async fn expire_links(&mut self, now: Moment) -> sqlx::Result<u64> {
        on!(self, c => sqlx::query("UPDATE links SET state = $2, closed_at = $1 WHERE state = $3 AND expires_at <= $1")
            .bind(now).bind(LinkState::Expired).bind(LinkState::Open).execute(c).await.map(|done| done.rows_affected()))
    }

    /// Makes every open link worthless; returns how many.
    pub async fn void_all_links(&mut self, now: Moment) -> sqlx::Result<u64> {
        on!(self, c => sqlx::query("UPDATE links SET state = $2, closed_at = $1 WHERE state = $3")
            .bind(now).bind(LinkState::Void).bind(LinkState::Open).execute(c).await.map(|done| done.rows_affected()))
    }

    /// Forgets links that closed before `before`.
    pub async fn prune_links(&mut self, before: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM links WHERE closed_at < $1").bind(before).execute(c).await.map(drop))
    }
}
