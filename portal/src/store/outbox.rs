//! Mail on its way.

use model::{
    Moment,
    account::Language,
    id::{AccountId, LinkId, MailId, OrganizationId, ResetId, SiteId},
    mail::MailState,
    text::EmailAddress,
};

use sqlx::AssertSqlSafe;

use super::{Tx, locked, on};
use crate::mail::LetterKind;

/// Mails of one organization that are sent at once.
const AT_ONCE: i64 = 3;

/// A mail.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct OutboxRow {
    pub id: MailId,
    pub site_id: SiteId,
    pub organization_id: OrganizationId,
    pub account_id: Option<AccountId>,
    /// The reset whose password it carries.
    pub reset_id: Option<ResetId>,
    pub kind: LetterKind,
    pub language: Language,
    pub recipient: EmailAddress,
    pub sealed: Option<Vec<u8>>,
    /// The link it holds.
    pub link_id: Option<LinkId>,
    pub attempts: i32,
    pub expires_at: Moment,
    pub created_at: Moment,
}

/// A mail of the log.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct LoggedMail {
    pub id: MailId,
    pub organization_id: OrganizationId,
    pub account_id: Option<AccountId>,
    pub recipient: EmailAddress,
    pub kind: LetterKind,
    pub state: MailState,
    pub attempts: i32,
    pub created_at: Moment,
    pub due_at: Moment,
    pub finished_at: Option<Moment>,
    pub answer: Option<String>,
    pub link_id: Option<LinkId>,
    /// What it takes to write it anew, sealed, when it was given up.
    pub kept: Option<Vec<u8>>,
}

/// Which page of the log.
pub(crate) struct MailSearch {
    pub organization: OrganizationId,
    pub state: Option<MailState>,
    /// Behind which mail it begins.
    pub behind: Option<(Moment, MailId)>,
    pub limit: i64,
}

impl Tx {
    /// The last mail to an account at this address, and when it ended, if it was given up.
    pub async fn last_mail_given_up(
        &mut self,
        account: AccountId,
        recipient: &EmailAddress,
    ) -> sqlx::Result<Option<(MailId, Moment)>> {
        let last: Option<(MailId, Moment, String)> = on!(self, c => sqlx::query_as("SELECT id, finished_at, state FROM outbox WHERE account_id = $1 AND recipient = $2 AND state IN ('sent', 'dead') AND finished_at IS NOT NULL ORDER BY finished_at DESC, id DESC LIMIT 1")
            .bind(account).bind(recipient).fetch_optional(c).await)?;
        Ok(last.filter(|(_, _, state)| state == "dead").map(|(id, at, _)| (id, at)))
    }

    /// Adds a mail that is due at once.
    pub async fn add_mail(&mut self, row: &OutboxRow) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO outbox (id, site_id, organization_id, account_id, kind, language, recipient, sealed, link_id, state, attempts, due_at, expires_at, created_at, reset_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $11, 'waiting', 0, $10, $9, $10, $12)")
            .bind(row.id).bind(row.site_id).bind(row.organization_id).bind(row.account_id).bind(row.kind).bind(row.language)
            .bind(&row.recipient).bind(&row.sealed).bind(row.expires_at).bind(row.created_at).bind(row.link_id).bind(row.reset_id).execute(c).await.map(drop))
    }

    /// Takes a mail that is due; nobody else gets it before `lease_until`. Those that somebody waits
    /// for go first, and no organization has more than a few under way.
    pub async fn take_mail(
        &mut self,
        now: Moment,
        lease_until: Moment,
    ) -> sqlx::Result<Option<OutboxRow>> {
        // Each with an index of its own: letters that somebody waits for, then all.
        for urgent in ["AND kind <> 'invitation'", ""] {
            let locked =
                if matches!(self, Self::Postgres(_)) { "FOR UPDATE SKIP LOCKED" } else { "" };
            let sql = AssertSqlSafe(format!(
                "UPDATE outbox SET lease_until = $2, attempts = attempts + 1 WHERE id = (SELECT id FROM outbox WHERE state = 'waiting' {urgent} AND due_at <= $1 AND (lease_until IS NULL OR lease_until < $1) AND organization_id NOT IN (SELECT organization_id FROM outbox WHERE state = 'waiting' AND lease_until IS NOT NULL AND lease_until >= $1 GROUP BY organization_id HAVING COUNT(*) >= $3) ORDER BY due_at, id LIMIT 1 {locked}) RETURNING id, site_id, organization_id, account_id, reset_id, kind, language, recipient, sealed, link_id, attempts, expires_at, created_at"
            ));
            let taken: Option<OutboxRow> = on!(self, c => sqlx::query_as(sql).bind(now).bind(lease_until).bind(AT_ONCE).fetch_optional(c).await)?;
            if taken.is_some() {
                return Ok(taken);
            }
        }
        Ok(None)
    }

    /// A mail goes out again at `due_at`.
    pub async fn postpone_mail(
        &mut self,
        id: MailId,
        due_at: Moment,
        answer: &str,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE outbox SET due_at = $2, lease_until = NULL, answer = $3 WHERE id = $1 AND state = 'waiting'").bind(id).bind(due_at).bind(answer).execute(c).await.map(drop))
    }

    /// A mail is `sent`, `dead` or `expired`; its content is wiped. Of one that is dead, what it
    /// takes to write it anew may be kept. Whether it was on its way.
    pub async fn finish_mail(
        &mut self,
        id: MailId,
        (state, answer): (&str, &str),
        kept: Option<&[u8]>,
        now: Moment,
    ) -> sqlx::Result<bool> {
        on!(self, c => sqlx::query("UPDATE outbox SET state = $2, answer = $3, sealed = NULL, kept = $5, lease_until = NULL, finished_at = $4 WHERE id = $1 AND state = 'waiting'")
            .bind(id).bind(state).bind(answer).bind(now).bind(kept).execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Wipes mails whose time is over and that nobody is sending; the resets whose passwords they
    /// carried.
    pub async fn expire_mails(&mut self, now: Moment) -> sqlx::Result<Vec<ResetId>> {
        let expired: Vec<Option<ResetId>> = on!(self, c => sqlx::query_scalar("UPDATE outbox SET state = 'expired', sealed = NULL, lease_until = NULL, finished_at = $1 WHERE state = 'waiting' AND expires_at <= $1 AND (lease_until IS NULL OR lease_until < $1) RETURNING reset_id")
            .bind(now).fetch_all(c).await)?;
        Ok(expired.into_iter().flatten().collect())
    }

    /// Whether the mail that carried the password of a reset was given up.
    pub async fn is_undelivered(&mut self, reset: ResetId) -> sqlx::Result<bool> {
        let mails: i64 = on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM outbox WHERE reset_id = $1 AND state IN ('dead', 'expired')").bind(reset).fetch_one(c).await)?;
        Ok(mails > 0)
    }

    /// Wipes every mail that is on its way, and what is kept of dead ones; returns how many were on
    /// their way.
    pub async fn wipe_mails(&mut self, now: Moment) -> sqlx::Result<u64> {
        on!(self, c => sqlx::query("UPDATE outbox SET kept = NULL WHERE kept IS NOT NULL").execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("UPDATE outbox SET state = 'expired', sealed = NULL, lease_until = NULL, finished_at = $1 WHERE state = 'waiting'").bind(now).execute(c).await.map(|done| done.rows_affected()))
    }

    /// How many mails are in a state.
    pub async fn count_mails(&mut self, state: &str) -> sqlx::Result<i64> {
        on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM outbox WHERE state = $1").bind(state).fetch_one(c).await)
    }

    /// Forgets mails that were finished before `before`; dead letters stay.
    pub async fn prune_mails(&mut self, before: Moment) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM outbox WHERE finished_at < $1 AND state <> 'dead'").bind(before).execute(c).await.map(drop))
    }

    /// A mail of the log.
    pub async fn logged_mail(&mut self, id: MailId) -> sqlx::Result<Option<LoggedMail>> {
        on!(self, c => sqlx::query_as("SELECT id, organization_id, account_id, recipient, kind, state, attempts, created_at, due_at, finished_at, answer, link_id, kept FROM outbox WHERE id = $1").bind(id).fetch_optional(c).await)
    }

    /// A mail of the log, held until the commit.
    pub async fn lock_logged_mail(&mut self, id: MailId) -> sqlx::Result<Option<LoggedMail>> {
        locked!(self, "SELECT id, organization_id, account_id, recipient, kind, state, attempts, created_at, due_at, finished_at, answer, link_id, kept FROM outbox WHERE id = $1", query, c => sqlx::query_as(query).bind(id).fetch_optional(c).await)
    }

    /// One page of an organization's mail, the newest first: a walk along an index, whether of all
    /// states or of one.
    pub async fn find_mails(&mut self, search: &MailSearch) -> sqlx::Result<Vec<LoggedMail>> {
        // Greater than any place that there is.
        let (at, id) = search.behind.unwrap_or((Moment(i64::MAX), MailId(uuid::Uuid::max())));
        match search.state {
            Some(state) => {
                on!(self, c => sqlx::query_as("SELECT id, organization_id, account_id, recipient, kind, state, attempts, created_at, due_at, finished_at, answer, link_id, kept FROM outbox WHERE organization_id = $1 AND state = $2 AND (created_at, id) < ($3, $4) ORDER BY created_at DESC, id DESC LIMIT $5")
                    .bind(search.organization).bind(state).bind(at).bind(id).bind(search.limit).fetch_all(c).await)
            }
            None => {
                on!(self, c => sqlx::query_as("SELECT id, organization_id, account_id, recipient, kind, state, attempts, created_at, due_at, finished_at, answer, link_id, kept FROM outbox WHERE organization_id = $1 AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $4")
                    .bind(search.organization).bind(at).bind(id).bind(search.limit).fetch_all(c).await)
            }
        }
    }

    /// A dead mail was sent again as another one: what was kept of it is wiped.
    pub async fn replace_mail(&mut self, id: MailId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE outbox SET state = $2, kept = NULL WHERE id = $1 AND state = $3")
            .bind(id).bind(MailState::Replaced).bind(MailState::Dead).execute(c).await.map(drop))
    }
}
