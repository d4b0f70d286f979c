//! Resets and their targets.

use model::{
    Moment,
    id::{AccountId, OrganizationId, ResetId, TargetId},
    reset::{Delivery, ResetState, TargetKind, TargetState},
    text::Name,
};

use super::{Tx, locked, on};

/// A reset.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct ResetRow {
    pub id: ResetId,
    pub account_id: AccountId,
    pub organization_id: OrganizationId,
    pub sequence: i64,
    pub state: ResetState,
    pub delivery: Delivery,
    pub requested_by: Option<AccountId>,
    pub reason: Option<String>,
    pub ticket: Option<String>,
    pub new_hash: Option<String>,
    pub sealed_context: Option<Vec<u8>>,
    pub sealed_pin: Option<Vec<u8>>,
    /// Until when whoever is at it has it to themselves, or from when on it is tried again.
    pub lease_until: Option<Moment>,
    pub created_at: Moment,
}

/// Whether a newer reset of the same account takes the place of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Superseded {
    /// There is none.
    No,
    /// There is one that may yet be refused, with nothing changed.
    Perhaps,
    /// It does.
    Yes,
}

impl Tx {
    /// The number after the last reset of an account; its account must be held.
    pub async fn next_reset(&mut self, account: AccountId) -> sqlx::Result<i64> {
        let last: Option<i64> = on!(self, c => sqlx::query_scalar("SELECT MAX(sequence) FROM resets WHERE account_id = $1").bind(account).fetch_one(c).await)?;
        Ok(last.unwrap_or(0) + 1)
    }

    /// Adds a reset with the portal as its last target.
    pub async fn add_reset(&mut self, row: &ResetRow, portal: TargetId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO resets (id, account_id, organization_id, sequence, state, delivery, requested_by, new_hash, sealed_context, lease_until, created_at, updated_at, reason, ticket, sealed_pin) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13, $14)")
            .bind(row.id).bind(row.account_id).bind(row.organization_id).bind(row.sequence).bind(row.state).bind(row.delivery)
            .bind(row.requested_by).bind(&row.new_hash).bind(&row.sealed_context).bind(row.lease_until).bind(row.created_at)
            .bind(&row.reason).bind(&row.ticket).bind(&row.sealed_pin)
            .execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("INSERT INTO reset_targets (id, reset_id, kind, position, state, attempts, updated_at) VALUES ($1, $2, $3, 0, $4, 0, $5)")
            .bind(portal).bind(row.id).bind(TargetKind::Portal).bind(TargetState::Waiting).bind(row.created_at).execute(c).await.map(drop))
    }

    /// Whose password a reset changes.
    pub async fn owner_of_reset(&mut self, id: ResetId) -> sqlx::Result<Option<AccountId>> {
        on!(self, c => sqlx::query_scalar("SELECT account_id FROM resets WHERE id = $1").bind(id).fetch_optional(c).await)
    }

    /// Whether a newer reset of the same account has been decided.
    pub async fn is_superseded(&mut self, reset: &ResetRow) -> sqlx::Result<bool> {
        let newer: i64 = on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM resets WHERE account_id = $1 AND sequence > $2 AND state IN ($3, $4, $5)")
            .bind(reset.account_id).bind(reset.sequence)
            .bind(ResetState::Applying).bind(ResetState::Done).bind(ResetState::NeedsAttention)
            .fetch_one(c).await)?;
        Ok(newer > 0)
    }

    /// Whether a newer reset of the same account takes the place of this one. One that staff decided
    /// on may still be refused as a whole, until a downstream system has its password, or may have.
    pub async fn superseded(&mut self, reset: &ResetRow) -> sqlx::Result<Superseded> {
        let newer: Vec<(ResetState, Delivery, i64, i64)> = on!(self, c => sqlx::query_as("SELECT state, delivery, (SELECT COUNT(*) FROM reset_targets WHERE reset_targets.reset_id = resets.id AND kind = $6), (SELECT COUNT(*) FROM reset_targets WHERE reset_targets.reset_id = resets.id AND kind = $6 AND reset_targets.state IN ($7, $8)) FROM resets WHERE account_id = $1 AND sequence > $2 AND state IN ($3, $4, $5)")
            .bind(reset.account_id).bind(reset.sequence)
            .bind(ResetState::Applying).bind(ResetState::Done).bind(ResetState::NeedsAttention)
            .bind(TargetKind::ServiceAccount).bind(TargetState::Applied).bind(TargetState::Unknown)
            .fetch_all(c).await)?;
        let may_be_refused = |(state, delivery, places, touched): &(_, Delivery, _, _)| {
            *state == ResetState::Applying
                && delivery.is_temporary()
                && *places > 0
                && *touched == 0
        };
        Ok(if newer.is_empty() {
            Superseded::No
        } else if newer.iter().all(may_be_refused) {
            Superseded::Perhaps
        } else {
            Superseded::Yes
        })
    }

    /// A reset, held until the commit.
    pub async fn lock_reset(&mut self, id: ResetId) -> sqlx::Result<Option<ResetRow>> {
        locked!(self, "SELECT id, account_id, organization_id, sequence, state, delivery, requested_by, reason, ticket, new_hash, sealed_context, sealed_pin, lease_until, created_at FROM resets WHERE id = $1", query, c =>
            sqlx::query_as(query).bind(id).fetch_optional(c).await)
    }

    /// A reset as it stands.
    pub async fn reset(&mut self, id: ResetId) -> sqlx::Result<Option<ResetRow>> {
        on!(self, c => sqlx::query_as("SELECT id, account_id, organization_id, sequence, state, delivery, requested_by, reason, ticket, new_hash, sealed_context, sealed_pin, lease_until, created_at FROM resets WHERE id = $1")
            .bind(id).fetch_optional(c).await)
    }

    /// The last reset of an account.
    pub async fn last_reset(&mut self, account: AccountId) -> sqlx::Result<Option<ResetRow>> {
        on!(self, c => sqlx::query_as("SELECT id, account_id, organization_id, sequence, state, delivery, requested_by, reason, ticket, new_hash, sealed_context, sealed_pin, lease_until, created_at FROM resets WHERE account_id = $1 ORDER BY sequence DESC LIMIT 1")
            .bind(account).fetch_optional(c).await)
    }

    /// Passwords of an account that staff set, the latest first: when, how, and by whom.
    pub async fn resets_by_staff(
        &mut self,
        account: AccountId,
        limit: i64,
    ) -> sqlx::Result<Vec<(Moment, Delivery, Option<Name>)>> {
        on!(self, c => sqlx::query_as("SELECT resets.created_at, resets.delivery, accounts.name FROM resets LEFT JOIN accounts ON accounts.id = resets.requested_by WHERE resets.account_id = $1 AND resets.delivery IN ($2, $3) ORDER BY resets.sequence DESC LIMIT $4")
            .bind(account).bind(Delivery::Typed).bind(Delivery::Generated).bind(limit).fetch_all(c).await)
    }

    /// A reset that was done is not done after all; whether it was.
    pub async fn reopen_reset(&mut self, id: ResetId, now: Moment) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE resets SET state = $3, updated_at = $2 WHERE id = $1 AND state = $4")
            .bind(id).bind(now).bind(ResetState::NeedsAttention).bind(ResetState::Done)
            .execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// The reset of an account that waits for its owner at the request of this member of staff.
    pub async fn waiting_reset(
        &mut self,
        account: AccountId,
        by: AccountId,
    ) -> sqlx::Result<Option<ResetRow>> {
        on!(self, c => sqlx::query_as("SELECT id, account_id, organization_id, sequence, state, delivery, requested_by, reason, ticket, new_hash, sealed_context, sealed_pin, lease_until, created_at FROM resets WHERE account_id = $1 AND state = $2 AND requested_by = $3 ORDER BY sequence DESC LIMIT 1")
            .bind(account).bind(ResetState::WaitingForCustomer).bind(by).fetch_optional(c).await)
    }

    /// A link was used: the reset goes from waiting to applying. Whether it was waiting.
    pub async fn apply_reset(
        &mut self,
        id: ResetId,
        hash: &str,
        context: &[u8],
        lease_until: Moment,
        now: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE resets SET state = $2, new_hash = $3, sealed_context = $4, sealed_pin = NULL, lease_until = $5, updated_at = $6 WHERE id = $1 AND state = $7")
            .bind(id).bind(ResetState::Applying).bind(hash).bind(context).bind(lease_until).bind(now).bind(ResetState::WaitingForCustomer)
            .execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// A reset that was being applied is finished; what it held for the last step is wiped.
    /// Whether it was being applied.
    pub async fn finish_reset(
        &mut self,
        id: ResetId,
        state: ResetState,
        now: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE resets SET state = $2, new_hash = NULL, sealed_password = NULL, seal_expires_at = NULL, sealed_context = NULL, sealed_pin = NULL, lease_until = NULL, updated_at = $3, finished_at = $3 WHERE id = $1 AND state = $4")
            .bind(id).bind(state).bind(now).bind(ResetState::Applying).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Calls off resets of an account that wait for somebody.
    pub async fn cancel_resets(&mut self, account: AccountId, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE resets SET state = $3, sealed_pin = NULL, updated_at = $2, finished_at = $2 WHERE account_id = $1 AND state IN ($4, $5, $6)")
            .bind(account).bind(now).bind(ResetState::Cancelled)
            .bind(ResetState::Draft).bind(ResetState::WaitingForCustomer).bind(ResetState::WaitingForApproval)
            .execute(c).await.map(drop))
    }

    /// Marks waiting resets none of whose links is open any more.
    pub async fn expire_resets(&mut self, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE resets SET state = $2, sealed_pin = NULL, updated_at = $1, finished_at = $1 WHERE state = $3 AND NOT EXISTS (SELECT 1 FROM links WHERE links.reset_id = resets.id AND links.state = 'open')")
            .bind(now).bind(ResetState::Expired).bind(ResetState::WaitingForCustomer).execute(c).await.map(drop))
    }

    /// Takes over a reset whose worker has not finished it in time, or one whose places are to be
    /// tried again.
    pub async fn take_unfinished_reset(
        &mut self,
        state: ResetState,
        now: Moment,
        lease_until: Moment,
    ) -> sqlx::Result<Option<ResetId>> {
        match self {
            Self::Sqlite(tx) => sqlx::query_scalar("UPDATE resets SET lease_until = $2 WHERE id = (SELECT id FROM resets WHERE state = $3 AND lease_until < $1 ORDER BY created_at LIMIT 1) RETURNING id")
                .bind(now).bind(lease_until).bind(state).fetch_optional(&mut **tx).await,
            Self::Postgres(tx) => sqlx::query_scalar("UPDATE resets SET lease_until = $2 WHERE id = (SELECT id FROM resets WHERE state = $3 AND lease_until < $1 ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id")
                .bind(now).bind(lease_until).bind(state).fetch_optional(&mut **tx).await,
        }
    }

    /// Says until when whoever is at a reset has it to themselves, or from when on it is tried again.
    pub async fn lease_reset(&mut self, id: ResetId, until: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE resets SET lease_until = $2 WHERE id = $1").bind(id).bind(until).execute(c).await.map(drop))
    }

    /// Keeps the new password of a reset, sealed, for downstream systems.
    pub async fn keep_password(
        &mut self,
        id: ResetId,
        sealed: &[u8],
        until: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE resets SET sealed_password = $2, seal_expires_at = $3 WHERE id = $1").bind(id).bind(sealed).bind(until).execute(c).await.map(drop))
    }

    /// The new password of a reset as it is kept, and until when.
    pub async fn kept_password(&mut self, id: ResetId) -> sqlx::Result<Option<(Vec<u8>, Moment)>> {
        on!(self, c => sqlx::query_as("SELECT sealed_password, seal_expires_at FROM resets WHERE id = $1 AND sealed_password IS NOT NULL AND seal_expires_at IS NOT NULL").bind(id).fetch_optional(c).await)
    }

    /// A reset that was being applied is finished as far as the portal goes; the new password is kept
    /// for the places that are left, which are tried again from a moment on. Whether it was being applied.
    pub async fn attend_reset(
        &mut self,
        id: ResetId,
        again_at: Option<Moment>,
        now: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE resets SET state = $2, new_hash = NULL, sealed_context = NULL, sealed_pin = NULL, lease_until = $3, updated_at = $4 WHERE id = $1 AND state = $5")
            .bind(id).bind(ResetState::NeedsAttention).bind(again_at).bind(now).bind(ResetState::Applying).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Nothing is left to do for a reset that needed attention; whether it did.
    pub async fn attended_reset(
        &mut self,
        id: ResetId,
        state: ResetState,
        now: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE resets SET state = $2, sealed_password = NULL, seal_expires_at = NULL, lease_until = NULL, updated_at = $3, finished_at = $3 WHERE id = $1 AND state = $4")
            .bind(id).bind(state).bind(now).bind(ResetState::NeedsAttention).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Nothing is tried again by itself for a reset. What is kept for it stays for its time: staff
    /// may have it tried, once they have put right what is in the way.
    pub async fn let_reset_rest(&mut self, id: ResetId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE resets SET lease_until = NULL WHERE id = $1").bind(id).execute(c).await.map(drop))
    }

    /// Nothing is tried again for the resets of an account that took effect here: what was kept for
    /// that is wiped.
    pub async fn stop_resets(&mut self, account: AccountId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE resets SET sealed_password = NULL, seal_expires_at = NULL, lease_until = NULL WHERE account_id = $1 AND state = $2").bind(account).bind(ResetState::NeedsAttention).execute(c).await.map(drop))
    }

    /// Nothing is ever tried again for a reset: what was kept for that is wiped.
    pub async fn end_tries(&mut self, id: ResetId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE resets SET sealed_password = NULL, seal_expires_at = NULL, lease_until = NULL WHERE id = $1").bind(id).execute(c).await.map(drop))
    }

    /// Older resets of an account that needed attention for the sake of downstream systems are
    /// superseded.
    pub async fn supersede_resets(&mut self, newer: &ResetRow, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE resets SET state = $3, sealed_password = NULL, seal_expires_at = NULL, lease_until = NULL, updated_at = $4, finished_at = $4 WHERE account_id = $1 AND sequence < $2 AND state = $5 AND EXISTS (SELECT 1 FROM reset_targets WHERE reset_targets.reset_id = resets.id AND reset_targets.service_account_id IS NOT NULL AND reset_targets.state NOT IN ('applied', 'given_up'))")
            .bind(newer.account_id).bind(newer.sequence).bind(ResetState::Cancelled).bind(now).bind(ResetState::NeedsAttention)
            .execute(c).await.map(drop))
    }

    /// Wipes the sealed passwords whose time is over.
    pub async fn wipe_old_seals(&mut self, now: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE resets SET sealed_password = NULL, seal_expires_at = NULL WHERE seal_expires_at <= $1").bind(now).execute(c).await.map(drop))
    }

    /// Wipes every sealed password; returns how many there were.
    pub async fn wipe_seals(&mut self) -> sqlx::Result<u64> {
        on!(self, c => sqlx::query("UPDATE resets SET sealed_password = NULL, seal_expires_at = NULL WHERE sealed_password IS NOT NULL").execute(c).await.map(|done| done.rows_affected()))
    }
}
