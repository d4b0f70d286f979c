//! Accounts and what belongs to their password.

use model::{
    Moment,
    account::{AccountKind, AccountState, Language, Lock, Role},
    id::{AccountId, OrganizationId, SiteId},
    text::{EmailAddress, Name, UserName},
};

use super::{Tx, locked, on};

/// An account.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Account {
    pub id: AccountId,
    pub site_id: SiteId,
    pub organization_id: OrganizationId,
    pub kind: AccountKind,
    pub role: Option<Role>,
    pub state: AccountState,
    pub email: EmailAddress,
    pub user_name: Option<UserName>,
    pub name: Name,
    pub language: Language,
    pub password_hash: Option<String>,
    pub password_changed_at: Option<Moment>,
    pub password_expires_at: Option<Moment>,
    pub must_change_password: bool,
    pub locked_by: Option<Lock>,
}

/// What is told of an account when it is created.
#[derive(Debug, Clone)]
pub(crate) struct NewAccount {
    pub id: AccountId,
    pub site_id: SiteId,
    pub organization_id: OrganizationId,
    pub kind: AccountKind,
    pub role: Option<Role>,
    pub email: EmailAddress,
    pub email_key: String,
    pub user_name: Option<UserName>,
    pub name: Name,
    pub company: Option<String>,
    pub reference: Option<String>,
    pub language: Language,
    pub password_hash: Option<String>,
    pub locked_by: Option<Lock>,
    pub last_sign_in_at: Option<Moment>,
}

impl Account {
    /// Whether a lock holds that does not open by itself, whatever the password.
    pub fn is_locked_for_good(&self) -> bool {
        matches!(self.locked_by, Some(Lock::Staff | Lock::Dispute))
    }
}

impl Tx {
    /// Adds an account.
    pub async fn add_account(&mut self, new: &NewAccount, now: Moment) -> sqlx::Result<()> {
        let changed_at = new.password_hash.is_some().then_some(now);
        on!(self, c => sqlx::query("INSERT INTO accounts (id, site_id, organization_id, kind, role, state, email, email_key, user_name, name, company, reference, language, allows_resets, password_hash, password_changed_at, must_change_password, locked_by, last_sign_in_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $20)")
            .bind(new.id).bind(new.site_id).bind(new.organization_id).bind(new.kind).bind(new.role).bind(AccountState::Active)
            .bind(&new.email).bind(&new.email_key).bind(&new.user_name).bind(&new.name)
            .bind(&new.company).bind(&new.reference).bind(new.language)
            .bind(false).bind(&new.password_hash).bind(changed_at).bind(false).bind(new.locked_by).bind(new.last_sign_in_at).bind(now)
            .execute(c).await.map(drop))?;
        self.relist(new.id).await
    }

    /// The account with this canonical sign-in name at this site.
    pub async fn account_named(
        &mut self,
        site: SiteId,
        key: &str,
    ) -> sqlx::Result<Option<Account>> {
        // PostgreSQL takes no NUL in text and calls the whole query wrong. Nobody is called so.
        if key.contains('\0') {
            return Ok(None);
        }
        // Two look-ups by unique index are quicker than one OR; a user name has no `@`.
        if key.contains('@') {
            on!(self, c => sqlx::query_as("SELECT id, site_id, organization_id, kind, role, state, email, user_name, name, language, password_hash, password_changed_at, password_expires_at, must_change_password, locked_by FROM accounts WHERE site_id = $1 AND email_key = $2").bind(site).bind(key).fetch_optional(c).await)
        } else {
            on!(self, c => sqlx::query_as("SELECT id, site_id, organization_id, kind, role, state, email, user_name, name, language, password_hash, password_changed_at, password_expires_at, must_change_password, locked_by FROM accounts WHERE site_id = $1 AND user_name = $2").bind(site).bind(key).fetch_optional(c).await)
        }
    }

    /// Accounts with this address, at any site.
    pub async fn accounts_with_email(&mut self, key: &str) -> sqlx::Result<Vec<Account>> {
        on!(self, c => sqlx::query_as("SELECT id, site_id, organization_id, kind, role, state, email, user_name, name, language, password_hash, password_changed_at, password_expires_at, must_change_password, locked_by FROM accounts WHERE email_key = $1").bind(key).fetch_all(c).await)
    }

    /// An account by id.
    pub async fn account(&mut self, id: AccountId) -> sqlx::Result<Option<Account>> {
        on!(self, c => sqlx::query_as("SELECT id, site_id, organization_id, kind, role, state, email, user_name, name, language, password_hash, password_changed_at, password_expires_at, must_change_password, locked_by FROM accounts WHERE id = $1").bind(id).fetch_optional(c).await)
    }

    /// An account by id, held until the commit.
    pub async fn lock_account(&mut self, id: AccountId) -> sqlx::Result<Option<Account>> {
        locked!(self, "SELECT id, site_id, organization_id, kind, role, state, email, user_name, name, language, password_hash, password_changed_at, password_expires_at, must_change_password, locked_by FROM accounts WHERE id = $1", query, c => sqlx::query_as(query).bind(id).fetch_optional(c).await)
    }

    /// Active staff of an organization.
    pub async fn staff_of(&mut self, organization: OrganizationId) -> sqlx::Result<Vec<Account>> {
        on!(self, c => sqlx::query_as("SELECT id, site_id, organization_id, kind, role, state, email, user_name, name, language, password_hash, password_changed_at, password_expires_at, must_change_password, locked_by FROM accounts WHERE organization_id = $1 AND kind = $2 AND state = $3 ORDER BY id")
            .bind(organization).bind(AccountKind::Staff).bind(AccountState::Active).fetch_all(c).await)
    }

    /// Staff of an organization and of those below it who have a password, with whose they are.
    pub async fn staff_with_passwords(
        &mut self,
        scope: OrganizationId,
    ) -> sqlx::Result<Vec<(AccountId, OrganizationId)>> {
        on!(self, c => sqlx::query_as("SELECT accounts.id, accounts.organization_id FROM organization_ancestors JOIN accounts ON accounts.organization_id = organization_ancestors.organization_id WHERE ancestor_id = $1 AND kind = $2 AND password_hash IS NOT NULL ORDER BY accounts.id")
            .bind(scope).bind(AccountKind::Staff).fetch_all(c).await)
    }

    /// Sets the password and opens every lock. One that works until `temporary` only leads to a
    /// change.
    pub async fn set_password(
        &mut self,
        id: AccountId,
        hash: &str,
        temporary: Option<Moment>,
        now: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE accounts SET password_hash = $2, password_changed_at = $3, password_expires_at = $5, must_change_password = $4, locked_by = NULL, locked_until = NULL, updated_at = $3 WHERE id = $1")
            .bind(id).bind(hash).bind(now).bind(temporary.is_some()).bind(temporary).execute(c).await.map(drop))
    }

    /// Stops the password: as a temporary one whose time is over, it lets nobody in and cannot be
    /// chosen again.
    pub async fn stop_password(&mut self, id: AccountId, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE accounts SET must_change_password = TRUE, password_expires_at = $2, password_stopped_at = $2, updated_at = $2 WHERE id = $1")
            .bind(id).bind(now).execute(c).await.map(drop))
    }

    /// Whether the password was stopped later than this.
    pub async fn is_stopped_since(&mut self, id: AccountId, since: Moment) -> sqlx::Result<bool> {
        let stopped: i64 = on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM accounts WHERE id = $1 AND password_stopped_at > $2").bind(id).bind(since).fetch_one(c).await)?;
        Ok(stopped > 0)
    }

    /// Replaces a hash by one of the same password at today's cost, unless it has changed since.
    pub async fn replace_hash(&mut self, id: AccountId, old: &str, new: &str) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE accounts SET password_hash = $3 WHERE id = $1 AND password_hash = $2").bind(id).bind(old).bind(new).execute(c).await.map(drop))
    }

    /// Keeps an earlier hash for the password history.
    pub async fn retire_hash(
        &mut self,
        id: AccountId,
        hash: &str,
        now: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO password_history (account_id, retired_at, password_hash) VALUES ($1, $2, $3) ON CONFLICT (account_id, retired_at) DO NOTHING")
            .bind(id).bind(now).bind(hash).execute(c).await.map(drop))
    }

    /// Forgets all but the newest `keep` earlier hashes.
    pub async fn trim_history(&mut self, id: AccountId, keep: i64) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM password_history WHERE account_id = $1 AND retired_at NOT IN (SELECT retired_at FROM password_history WHERE account_id = $1 ORDER BY retired_at DESC LIMIT $2)")
            .bind(id).bind(keep).execute(c).await.map(drop))
    }

    /// The newest `keep` earlier hashes.
    pub async fn history(&mut self, id: AccountId, keep: i64) -> sqlx::Result<Vec<String>> {
        on!(self, c => sqlx::query_scalar("SELECT password_hash FROM password_history WHERE account_id = $1 ORDER BY retired_at DESC LIMIT $2").bind(id).bind(keep).fetch_all(c).await)
    }

    /// Locks an account. A lock by staff or dispute is never replaced by a weaker one.
    pub async fn set_lock(
        &mut self,
        id: AccountId,
        lock: Lock,
        until: Option<Moment>,
        now: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE accounts SET locked_by = $2, locked_until = $3, updated_at = $4 WHERE id = $1 AND (locked_by IS NULL OR locked_by = $5 OR $2 <> $5)")
            .bind(id).bind(lock).bind(until).bind(now).bind(Lock::Failures).execute(c).await.map(drop))
    }

    /// Opens a lock that failures or staff caused. What its owner froze stays frozen.
    pub async fn unlock(&mut self, id: AccountId, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE accounts SET locked_by = NULL, locked_until = NULL, updated_at = $2 WHERE id = $1 AND locked_by IN ($3, $4)")
            .bind(id).bind(now).bind(Lock::Failures).bind(Lock::Staff).execute(c).await.map(drop))
    }

    /// Notes a sign-in; opens a lock that failures caused.
    pub async fn note_sign_in(&mut self, id: AccountId, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE accounts SET last_sign_in_at = $2, locked_by = NULL, locked_until = NULL WHERE id = $1").bind(id).bind(now).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("UPDATE customer_listings SET last_sign_in_at = $2 WHERE account_id = $1").bind(id).bind(now).execute(c).await.map(drop))
    }

    /// Changes what one may change oneself.
    pub async fn set_profile(
        &mut self,
        id: AccountId,
        name: &Name,
        user_name: Option<&UserName>,
        language: Language,
        now: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE accounts SET name = $2, user_name = $3, language = $4, contact_changed_at = CASE WHEN user_name IS DISTINCT FROM $3 THEN $5 ELSE contact_changed_at END, updated_at = $5 WHERE id = $1")
            .bind(id).bind(name).bind(user_name).bind(language).bind(now).execute(c).await.map(drop))?;
        self.relist(id).await
    }
}
