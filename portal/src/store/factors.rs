//! Second factors, secrets that wait for their first code, and recovery codes.

use model::{
    Moment,
    factor::FactorKind,
    id::{AccountId, DeviceId, FactorId},
    text::Name,
};
use uuid::Uuid;

use super::{Tx, on};
use crate::secrets::TokenHash;

/// A second factor.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct FactorRow {
    pub id: FactorId,
    pub account_id: AccountId,
    pub kind: FactorKind,
    pub name: Name,
    pub sealed: Vec<u8>,
    pub last_step: i64,
    pub created_at: Moment,
    pub last_used_at: Option<Moment>,
    pub credential_id: Option<Vec<u8>>,
    pub host: Option<String>,
    pub copied_at: Option<Moment>,
}

/// A device that is spared the second factor.
#[derive(sqlx::FromRow)]
pub(crate) struct RememberedRow {
    pub id: DeviceId,
    pub user_agent: String,
    pub last_used_at: Moment,
    pub remembered_until: Moment,
}

impl Tx {
    /// The account's second factors, last used first.
    pub async fn factors(&mut self, account: AccountId) -> sqlx::Result<Vec<FactorRow>> {
        on!(self, c => sqlx::query_as("SELECT id, account_id, kind, name, sealed, last_step, created_at, last_used_at, credential_id, host, copied_at FROM factors WHERE account_id = $1 ORDER BY COALESCE(last_used_at, created_at) DESC, id")
            .bind(account).fetch_all(c).await)
    }

    /// The account's authenticator app.
    pub async fn app(&mut self, account: AccountId) -> sqlx::Result<Option<FactorRow>> {
        let rows = self.factors(account).await?;
        Ok(rows.into_iter().find(|row| row.kind == FactorKind::Totp))
    }

    /// Whether the account has a second factor.
    pub async fn has_factor(&mut self, account: AccountId) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM factors WHERE account_id = $1)").bind(account).fetch_one(c).await)
    }

    /// Keeps in the account whether it has a factor, by which it is listed.
    async fn note_factor(&mut self, account: AccountId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE accounts SET has_factor = EXISTS (SELECT 1 FROM factors WHERE factors.account_id = accounts.id) WHERE id = $1")
            .bind(account).execute(c).await.map(drop))
    }

    /// Adds a second factor.
    pub async fn add_factor(&mut self, row: &FactorRow) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO factors (id, account_id, kind, name, sealed, last_step, created_at, last_used_at, credential_id, host, copied_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
            .bind(row.id).bind(row.account_id).bind(row.kind).bind(&row.name).bind(&row.sealed).bind(row.last_step)
            .bind(row.created_at).bind(row.last_used_at).bind(&row.credential_id).bind(&row.host).bind(row.copied_at).execute(c).await.map(drop))?;
        self.note_factor(row.account_id).await
    }

    /// Removes the account's factors of a kind; whether there was one.
    pub async fn remove_factors(
        &mut self,
        account: AccountId,
        kind: FactorKind,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("DELETE FROM factors WHERE account_id = $1 AND kind = $2")
            .bind(account).bind(kind).execute(c).await.map(|done| done.rows_affected() > 0))
    }

    /// Removes all of the account's factors; whether there was one.
    pub async fn remove_all_factors(&mut self, account: AccountId) -> sqlx::Result<bool> {
        let removed = on!(self, c => sqlx::query("DELETE FROM factors WHERE account_id = $1")
            .bind(account).execute(c).await.map(|done| done.rows_affected() > 0))?;
        self.note_factor(account).await?;
        Ok(removed)
    }

    /// Removes one of the account's factors: of which kind it was.
    pub async fn remove_factor(
        &mut self,
        account: AccountId,
        id: FactorId,
    ) -> sqlx::Result<Option<FactorKind>> {
        let removed = on!(self, c => sqlx::query_scalar("DELETE FROM factors WHERE account_id = $1 AND id = $2 RETURNING kind")
            .bind(account).bind(id).fetch_optional(c).await)?;
        self.note_factor(account).await?;
        Ok(removed)
    }

    /// Takes the code of a step of time, which works once: whether nobody had taken it, nor one
    /// after it.
    pub async fn take_step(&mut self, id: FactorId, step: i64, now: Moment) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE factors SET last_step = $2, last_used_at = $3 WHERE id = $1 AND last_step < $2")
            .bind(id).bind(step).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    // --- passkeys

    /// The passkey with this id of its own, whosever it is.
    pub async fn passkey(&mut self, credential: &[u8]) -> sqlx::Result<Option<FactorRow>> {
        on!(self, c => sqlx::query_as("SELECT id, account_id, kind, name, sealed, last_step, created_at, last_used_at, credential_id, host, copied_at FROM factors WHERE credential_id = $1")
            .bind(credential).fetch_optional(c).await)
    }

    /// Notes that a passkey has signed: whether it is accepted still, and has not signed since as far
    /// as it counts.
    pub async fn take_passkey(
        &mut self,
        id: FactorId,
        sealed: &[u8],
        counter: i64,
        now: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE factors SET sealed = $2, last_step = $3, last_used_at = $4 WHERE id = $1 AND copied_at IS NULL AND (last_step < $3 OR last_step = 0 AND $3 = 0)")
            .bind(id).bind(sealed).bind(counter).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Refuses a passkey from now on; whether it was accepted until then.
    pub async fn set_passkey_aside(&mut self, id: FactorId, now: Moment) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE factors SET copied_at = $2 WHERE id = $1 AND copied_at IS NULL")
            .bind(id).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Notes that a question was answered; whether it was not before.
    pub async fn answer_question(&mut self, id: Uuid, expires_at: Moment) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("INSERT INTO answered_questions (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING")
            .bind(id).bind(expires_at).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Whether a question was answered.
    pub async fn is_answered(&mut self, id: Uuid) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM answered_questions WHERE id = $1)").bind(id).fetch_one(c).await)
    }

    /// Forgets answered questions that are over.
    pub async fn prune_answered_questions(&mut self, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM answered_questions WHERE expires_at <= $1").bind(now).execute(c).await.map(drop))
    }

    // --- a new secret

    /// Keeps a new secret, instead of one that waited before.
    pub async fn set_factor_setup(
        &mut self,
        account: AccountId,
        sealed: &[u8],
        expires_at: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO factor_setups (account_id, sealed, expires_at) VALUES ($1, $2, $3) ON CONFLICT (account_id) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at")
            .bind(account).bind(sealed).bind(expires_at).execute(c).await.map(drop))
    }

    /// The new secret that waits, and until when.
    pub async fn factor_setup(
        &mut self,
        account: AccountId,
        now: Moment,
    ) -> sqlx::Result<Option<(Vec<u8>, Moment)>> {
        on!(self, c => sqlx::query_as("SELECT sealed, expires_at FROM factor_setups WHERE account_id = $1 AND expires_at > $2")
            .bind(account).bind(now).fetch_optional(c).await)
    }

    /// Forgets the new secret.
    pub async fn end_factor_setup(&mut self, account: AccountId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM factor_setups WHERE account_id = $1").bind(account).execute(c).await.map(drop))
    }

    /// Forgets new secrets that waited for too long.
    pub async fn prune_factor_setups(&mut self, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM factor_setups WHERE expires_at <= $1").bind(now).execute(c).await.map(drop))
    }

    // --- recovery codes

    /// Recovery codes that can still be used.
    pub async fn recovery_codes_left(&mut self, account: AccountId) -> sqlx::Result<i64> {
        on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM recovery_codes WHERE account_id = $1 AND used_at IS NULL").bind(account).fetch_one(c).await)
    }

    /// Whether a recovery code can be used.
    pub async fn has_recovery_code(
        &mut self,
        account: AccountId,
        code: &TokenHash,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM recovery_codes WHERE account_id = $1 AND code_hash = $2 AND used_at IS NULL)")
            .bind(account).bind(code).fetch_one(c).await)
    }

    /// Uses a recovery code up, which works once: whether it could be.
    pub async fn take_recovery_code(
        &mut self,
        account: AccountId,
        code: &TokenHash,
        now: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE recovery_codes SET used_at = $3 WHERE account_id = $1 AND code_hash = $2 AND used_at IS NULL")
            .bind(account).bind(code).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Puts new recovery codes in the place of all others.
    pub async fn replace_recovery_codes(
        &mut self,
        account: AccountId,
        codes: &[TokenHash],
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM recovery_codes WHERE account_id = $1").bind(account).execute(c).await.map(drop))?;
        for code in codes {
            on!(self, c => sqlx::query("INSERT INTO recovery_codes (account_id, code_hash) VALUES ($1, $2)").bind(account).bind(code).execute(c).await.map(drop))?;
        }
        Ok(())
    }

    /// Keeps new recovery codes until their owner has saved them.
    pub async fn set_fresh_codes(
        &mut self,
        account: AccountId,
        sealed: &[u8],
        now: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO recovery_setups (account_id, sealed, created_at) VALUES ($1, $2, $3) ON CONFLICT (account_id) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at")
            .bind(account).bind(sealed).bind(now).execute(c).await.map(drop))
    }

    /// New recovery codes that their owner has not saved yet.
    pub async fn fresh_codes(&mut self, account: AccountId) -> sqlx::Result<Option<Vec<u8>>> {
        on!(self, c => sqlx::query_scalar("SELECT sealed FROM recovery_setups WHERE account_id = $1").bind(account).fetch_optional(c).await)
    }

    /// Forgets them.
    pub async fn end_fresh_codes(&mut self, account: AccountId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM recovery_setups WHERE account_id = $1").bind(account).execute(c).await.map(drop))
    }

    // --- devices that are spared

    /// Spares a device the second factor until then.
    pub async fn spare_device(&mut self, id: DeviceId, until: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE devices SET remembered_until = $2 WHERE id = $1").bind(id).bind(until).execute(c).await.map(drop))
    }

    /// The account's devices that are spared, last used first.
    pub async fn spared_devices(
        &mut self,
        account: AccountId,
        now: Moment,
    ) -> sqlx::Result<Vec<RememberedRow>> {
        on!(self, c => sqlx::query_as("SELECT id, user_agent, last_used_at, remembered_until FROM devices WHERE account_id = $1 AND revoked_at IS NULL AND expires_at > $2 AND remembered_until > $2 ORDER BY last_used_at DESC, id")
            .bind(account).bind(now).fetch_all(c).await)
    }

    /// Asks for the second factor again on one of the account's devices; whether it was spared.
    pub async fn unspare_device(
        &mut self,
        account: AccountId,
        id: DeviceId,
        now: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE devices SET remembered_until = NULL WHERE account_id = $1 AND id = $2 AND remembered_until > $3")
            .bind(account).bind(id).bind(now).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Asks for the second factor again on all of the account's devices.
    pub async fn unspare_devices(&mut self, account: AccountId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE devices SET remembered_until = NULL WHERE account_id = $1").bind(account).execute(c).await.map(drop))
    }

    // --- passwords that lean on a factor

    /// Notes whether the account's password is one that is too short without a second factor.
    pub async fn set_password_leans(&mut self, id: AccountId, leans: bool) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE accounts SET password_leans = $2 WHERE id = $1").bind(id).bind(leans).execute(c).await.map(drop))
    }

    /// Whether it is.
    pub async fn password_leans(&mut self, id: AccountId) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query_scalar("SELECT password_leans FROM accounts WHERE id = $1").bind(id).fetch_one(c).await)
    }

    /// The next sign-in leads to a change of the password.
    pub async fn demand_change(&mut self, id: AccountId, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE accounts SET must_change_password = TRUE, updated_at = $2 WHERE id = $1").bind(id).bind(now).execute(c).await.map(drop))
    }
}
