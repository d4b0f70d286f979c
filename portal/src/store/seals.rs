//! Everything that is sealed, wherever it lies.

use uuid::Uuid;

use super::{Tx, on};

/// A column of seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SealedIn {
    /// Mails on their way.
    Mails,
    /// What is kept of mails that were given up.
    KeptMails,
    /// What was asked for at the forgotten-password page.
    Forgotten,
    /// What the last step of a reset needs to know.
    Resets,
    /// PINs that go with links.
    Pins,
    /// Rows of jobs.
    Batches,
    /// Codes on their way to customers.
    Callers,
    /// Passwords of mail servers.
    MailPasswords,
    /// Shared secrets of authenticator apps.
    Apps,
    /// Passkeys.
    Passkeys,
    /// Shared secrets that wait for their first code.
    FactorSetups,
    /// Recovery codes that wait to be saved.
    RecoverySetups,
    /// Secrets of connectors.
    Connectors,
    /// New passwords on their way to downstream systems.
    NewPasswords,
    /// Secrets of webhooks for events.
    EventHooks,
    /// Keys that sign mail.
    DkimKeys,
}

/// A seal, and whose it is.
#[derive(sqlx::FromRow)]
pub(crate) struct SealRow {
    /// The row's id; with `number`, where several rows share it.
    pub id: Uuid,
    pub number: i64,
    /// Whose it is, where a seal is bound to somebody.
    pub owner: Uuid,
    pub sealed: Vec<u8>,
}

/// How a column of seals is found.
struct Names {
    table: &'static str,
    column: &'static str,
    id: &'static str,
    number: &'static str,
    owner: &'static str,
    /// Which rows.
    only: &'static str,
}

impl SealedIn {
    /// Every column.
    pub const ALL: [Self; 16] = [
        Self::Mails,
        Self::KeptMails,
        Self::Forgotten,
        Self::Resets,
        Self::Pins,
        Self::Batches,
        Self::Callers,
        Self::MailPasswords,
        Self::Apps,
        Self::Passkeys,
        Self::FactorSetups,
        Self::RecoverySetups,
        Self::Connectors,
        Self::NewPasswords,
        Self::EventHooks,
        Self::DkimKeys,
    ];

    fn names(self) -> Names {
        let plain = |table, column| Names {
            table,
            column,
            id: "id",
            number: "CAST(0 AS BIGINT)",
            owner: "id",
            only: "TRUE",
        };
        let of_account =
            |table| Names { id: "account_id", owner: "account_id", ..plain(table, "sealed") };
        match self {
            Self::Mails => plain("outbox", "sealed"),
            Self::KeptMails => plain("outbox", "kept"),
            Self::Forgotten => plain("forgotten_requests", "sealed"),
            Self::Resets => plain("resets", "sealed_context"),
            Self::Pins => plain("resets", "sealed_pin"),
            Self::Batches => Names {
                id: "job_id",
                number: "number",
                owner: "job_id",
                ..plain("job_batches", "content")
            },
            Self::Callers => plain("verifications", "sealed"),
            Self::MailPasswords => Names {
                id: "organization_id",
                owner: "organization_id",
                ..plain("mail_settings", "sealed_password")
            },
            Self::Apps => {
                Names { owner: "account_id", only: "kind = 'totp'", ..plain("factors", "sealed") }
            }
            Self::Passkeys => Names {
                owner: "account_id",
                only: "kind = 'passkey'",
                ..plain("factors", "sealed")
            },
            Self::FactorSetups => of_account("factor_setups"),
            Self::RecoverySetups => of_account("recovery_setups"),
            Self::Connectors => plain("connectors", "sealed"),
            Self::NewPasswords => plain("resets", "sealed_password"),
            Self::EventHooks => plain("event_hooks", "sealed"),
            Self::DkimKeys => Names {
                id: "organization_id",
                owner: "organization_id",
                ..plain("dkim_keys", "sealed")
            },
        }
    }

    /// Its table and name.
    pub fn place(self) -> (&'static str, &'static str) {
        let Names { table, column, .. } = self.names();
        (table, column)
    }
}

impl Tx {
    /// Some seals of a column, those after a row.
    pub async fn seals_after(
        &mut self,
        place: SealedIn,
        (id, number): (Uuid, i64),
        count: i64,
    ) -> sqlx::Result<Vec<SealRow>> {
        let Names { table, column, id: key, number: order, owner, only } = place.names();
        let sql = format!(
            "SELECT {key} AS id, {order} AS number, {owner} AS owner, {column} AS sealed FROM {table} WHERE {only} AND {column} IS NOT NULL AND ({key}, {order}) > ($1, $2) ORDER BY 1, 2 LIMIT $3"
        );
        on!(self, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).bind(number).bind(count).fetch_all(c).await)
    }

    /// How many seals a column holds.
    pub async fn count_seals(&mut self, place: SealedIn) -> sqlx::Result<i64> {
        let Names { table, column, only, .. } = place.names();
        let sql = format!("SELECT count({column}) FROM {table} WHERE {only}");
        on!(self, c => sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(c).await)
    }

    /// Puts a seal in the place of another, unless that is gone by now.
    pub async fn replace_seal(
        &mut self,
        place: SealedIn,
        row: &SealRow,
        new: &[u8],
    ) -> sqlx::Result<bool> {
        let Names { table, column, id, number, .. } = place.names();
        let sql = format!(
            "UPDATE {table} SET {column} = $1 WHERE {id} = $2 AND {number} = $3 AND {column} = $4"
        );
        on!(self, c => sqlx::query(sqlx::AssertSqlSafe(sql)).bind(new).bind(row.id).bind(row.number).bind(&row.sealed).execute(c).await.map(|done| done.rows_affected() > 0))
    }
}
