//! Keys for the API, and what was answered to requests that are sent again.

use model::{
    Moment,
    api_key::KeyEnd,
    id::{AccountId, ApiKeyId, OrganizationId},
    text::Name,
};

use super::{Tx, locked, on};
use crate::secrets::TokenHash;

/// A key.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct ApiKeyRow {
    pub id: ApiKeyId,
    pub organization_id: OrganizationId,
    pub made_by: AccountId,
    pub name: Name,
    /// Words with a space between them.
    pub permissions: String,
    pub public_id: String,
    pub secret_hash: TokenHash,
    pub created_at: Moment,
    pub expires_at: Moment,
    pub last_used_at: Option<Moment>,
    pub ended_for: Option<KeyEnd>,
}

/// A key with the names of its organization and of who made it.
#[derive(sqlx::FromRow)]
pub(crate) struct ApiKeyListRow {
    #[sqlx(flatten)]
    pub key: ApiKeyRow,
    pub organization: Name,
    pub maker: Name,
}

/// What was answered to a request, or that nothing was yet.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ApiAnswerRow {
    pub request_hash: Vec<u8>,
    pub begun_at: Moment,
    pub status: Option<i64>,
    pub location: Option<String>,
    pub etag: Option<String>,
    pub body: Option<String>,
}

/// The columns of a key.
macro_rules! key {
    () => {
        "k.id, k.organization_id, k.made_by, k.name, k.permissions, k.public_id, k.secret_hash, k.created_at, k.expires_at, k.last_used_at, k.ended_for"
    };
}

impl Tx {
    /// Adds a key.
    pub async fn add_api_key(&mut self, row: &ApiKeyRow) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO api_keys (id, organization_id, made_by, name, permissions, public_id, secret_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
            .bind(row.id).bind(row.organization_id).bind(row.made_by).bind(&row.name).bind(&row.permissions).bind(&row.public_id)
            .bind(&row.secret_hash.0).bind(row.created_at).bind(row.expires_at).execute(c).await.map(drop))
    }

    /// A key.
    pub async fn api_key(&mut self, id: ApiKeyId) -> sqlx::Result<Option<ApiKeyRow>> {
        on!(self, c => sqlx::query_as(concat!("SELECT ", key!(), " FROM api_keys k WHERE k.id = $1")).bind(id).fetch_optional(c).await)
    }

    /// A key by what is public of it.
    pub async fn api_key_named(&mut self, public_id: &str) -> sqlx::Result<Option<ApiKeyRow>> {
        on!(self, c => sqlx::query_as(concat!("SELECT ", key!(), " FROM api_keys k WHERE k.public_id = $1")).bind(public_id).fetch_optional(c).await)
    }

    /// A key that nobody else may change before the commit.
    pub async fn lock_api_key(&mut self, id: ApiKeyId) -> sqlx::Result<Option<ApiKeyRow>> {
        locked!(self, "SELECT k.id, k.organization_id, k.made_by, k.name, k.permissions, k.public_id, k.secret_hash, k.created_at, k.expires_at, k.last_used_at, k.ended_for FROM api_keys k WHERE k.id = $1",
            sql, c => sqlx::query_as(sql).bind(id).fetch_optional(c).await)
    }

    /// The keys of an organization and of all below it: those that work first, the newest of them
    /// first.
    pub async fn api_keys_of(
        &mut self,
        organization: OrganizationId,
        now: Moment,
        limit: i64,
    ) -> sqlx::Result<Vec<ApiKeyListRow>> {
        on!(self, c => sqlx::query_as(concat!("SELECT ", key!(), ", o.name AS organization, m.name AS maker FROM organization_ancestors a JOIN api_keys k ON k.organization_id = a.organization_id JOIN organizations o ON o.id = k.organization_id JOIN accounts m ON m.id = k.made_by WHERE a.ancestor_id = $1 ORDER BY CASE WHEN k.ended_at IS NULL AND k.expires_at > $2 THEN 0 ELSE 1 END, k.created_at DESC, k.id LIMIT $3"))
            .bind(organization).bind(now).bind(limit).fetch_all(c).await)
    }

    /// How many keys of an organization work.
    pub async fn count_api_keys(
        &mut self,
        organization: OrganizationId,
        now: Moment,
    ) -> sqlx::Result<i64> {
        on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM api_keys WHERE organization_id = $1 AND ended_at IS NULL AND expires_at > $2")
            .bind(organization).bind(now).fetch_one(c).await)
    }

    /// The keys that somebody made and that have not ended.
    pub async fn api_keys_made_by(&mut self, maker: AccountId) -> sqlx::Result<Vec<ApiKeyRow>> {
        on!(self, c => sqlx::query_as(concat!("SELECT ", key!(), " FROM api_keys k WHERE k.made_by = $1 AND k.ended_at IS NULL ORDER BY k.id")).bind(maker).fetch_all(c).await)
    }

    /// Ends a key for good; whether it had not ended before.
    pub async fn end_api_key(
        &mut self,
        id: ApiKeyId,
        why: KeyEnd,
        now: Moment,
    ) -> sqlx::Result<bool> {
        let ended = on!(self, c => sqlx::query("UPDATE api_keys SET ended_at = $3, ended_for = $2 WHERE id = $1 AND ended_at IS NULL")
            .bind(id).bind(why).bind(now).execute(c).await.map(|done| done.rows_affected()))?;
        Ok(ended == 1)
    }

    /// Ends keys whose time is over.
    pub async fn expire_api_keys(&mut self, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE api_keys SET ended_at = $2, ended_for = $1 WHERE ended_at IS NULL AND expires_at <= $2")
            .bind(KeyEnd::Expired).bind(now).execute(c).await.map(drop))
    }

    /// Ends every key for good; how many there were.
    pub async fn end_all_api_keys(&mut self, now: Moment) -> sqlx::Result<u64> {
        on!(self, c => sqlx::query("UPDATE api_keys SET ended_at = $2, ended_for = $1 WHERE ended_at IS NULL")
            .bind(KeyEnd::Restored).bind(now).execute(c).await.map(|done| done.rows_affected()))
    }

    /// Notes that a key was used.
    pub async fn touch_api_key(&mut self, id: ApiKeyId, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE api_keys SET last_used_at = $2 WHERE id = $1").bind(id).bind(now).execute(c).await.map(drop))
    }

    /// Forgets keys that ended before `before`.
    pub async fn prune_api_keys(&mut self, before: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM api_keys WHERE ended_at < $1").bind(before).execute(c).await.map(drop))
    }

    /// Begins a request under a name that is new to a key; whether it is.
    pub async fn begin_api_answer(
        &mut self,
        key: ApiKeyId,
        name: &str,
        request_hash: &[u8],
        now: Moment,
    ) -> sqlx::Result<bool> {
        let begun = on!(self, c => sqlx::query("INSERT INTO api_answers (key_id, name, request_hash, begun_at) VALUES ($1, $2, $3, $4) ON CONFLICT (key_id, name) DO NOTHING")
            .bind(key).bind(name).bind(request_hash).bind(now).execute(c).await.map(|done| done.rows_affected()))?;
        Ok(begun == 1)
    }

    /// What is known of a request, which nobody else may change before the commit.
    pub async fn lock_api_answer(
        &mut self,
        key: ApiKeyId,
        name: &str,
    ) -> sqlx::Result<Option<ApiAnswerRow>> {
        locked!(self, "SELECT request_hash, begun_at, status, location, etag, body FROM api_answers WHERE key_id = $1 AND name = $2",
            sql, c => sqlx::query_as(sql).bind(key).bind(name).fetch_optional(c).await)
    }

    /// Stores what was answered to a request, and about whom.
    pub async fn end_api_answer(
        &mut self,
        key: ApiKeyId,
        name: &str,
        answer: &ApiAnswerRow,
        account: Option<AccountId>,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE api_answers SET status = $3, location = $4, etag = $5, body = $6, account_id = $7 WHERE key_id = $1 AND name = $2 AND request_hash = $8 AND begun_at = $9 AND status IS NULL")
            .bind(key).bind(name).bind(answer.status).bind(&answer.location).bind(&answer.etag).bind(&answer.body).bind(account)
            .bind(&answer.request_hash).bind(answer.begun_at).execute(c).await.map(drop))
    }

    /// Forgets a request.
    pub async fn forget_api_answer(&mut self, key: ApiKeyId, name: &str) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM api_answers WHERE key_id = $1 AND name = $2").bind(key).bind(name).execute(c).await.map(drop))
    }

    /// Forgets requests that were begun before `before`.
    pub async fn prune_api_answers(&mut self, before: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM api_answers WHERE begun_at < $1").bind(before).execute(c).await.map(drop))
    }

    /// Forgets what was answered about somebody who is deleted.
    pub async fn forget_api_answers_about(&mut self, account: AccountId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM api_answers WHERE account_id = $1").bind(account).execute(c).await.map(drop))
    }
}
