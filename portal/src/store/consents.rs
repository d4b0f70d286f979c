//! Permissions of customers and their ledger.

use model::{
    Moment,
    consent::{Consent, ConsentSource},
    id::{AccountId, ConsentId},
};

use super::{Tx, on};

/// What holds for an account.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(crate) struct ConsentRow {
    pub resets_allowed_until: Moment,
    pub resets_allowed_once: bool,
    pub links_only: bool,
}

/// A line of the ledger.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(crate) struct LedgerRow {
    pub at: Moment,
    pub granted: bool,
    pub once: bool,
    pub until: Option<Moment>,
    pub source: ConsentSource,
}

impl ConsentRow {
    /// The permission as it holds now.
    pub fn consent(self, now: Moment) -> Consent {
        Consent::stored(self.resets_allowed_until, self.resets_allowed_once, now)
    }
}

impl Tx {
    /// What an account allows.
    pub async fn consent(&mut self, account: AccountId) -> sqlx::Result<Option<ConsentRow>> {
        on!(self, c => sqlx::query_as("SELECT resets_allowed_until, resets_allowed_once, links_only FROM accounts WHERE id = $1").bind(account).fetch_optional(c).await)
    }

    /// The newest lines of an account's ledger, the latest first.
    pub async fn consents(
        &mut self,
        account: AccountId,
        limit: i64,
    ) -> sqlx::Result<Vec<LedgerRow>> {
        on!(self, c => sqlx::query_as("SELECT at, granted, once, until, source FROM consents WHERE account_id = $1 ORDER BY at DESC, id DESC LIMIT $2").bind(account).bind(limit).fetch_all(c).await)
    }

    /// Adds a line to the ledger; from then on it holds.
    pub async fn add_consent(
        &mut self,
        id: ConsentId,
        account: AccountId,
        consent: Consent,
        (source, actor): (ConsentSource, Option<AccountId>),
        now: Moment,
    ) -> sqlx::Result<()> {
        let granted = consent != Consent::Refused;
        let once = consent == Consent::Once;
        let until = match consent {
            Consent::Until(until) => Some(until),
            _ => None,
        };
        on!(self, c => sqlx::query("INSERT INTO consents (id, account_id, granted, source, actor_id, at, once, until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
            .bind(id).bind(account).bind(granted).bind(source).bind(actor).bind(now).bind(once).bind(until).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("UPDATE accounts SET allows_resets = $2, resets_allowed_until = $3, resets_allowed_once = $4 WHERE id = $1")
            .bind(account).bind(granted).bind(consent.until()).bind(once).execute(c).await.map(drop))
    }

    /// Whether only mailed links are possible, whatever the permission says.
    pub async fn set_links_only(&mut self, account: AccountId, only: bool) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE accounts SET links_only = $2 WHERE id = $1").bind(account).bind(only).execute(c).await.map(drop))
    }
}
