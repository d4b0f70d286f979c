//! What staff change of a customer, and what goes with one who is deleted.

use model::{
    Moment,
    account::AccountState,
    customer::CustomerDetails,
    id::{AccountId, OrganizationId, SessionId},
};

use super::{Tx, on};

impl Tx {
    /// The customer of an organization with this reference.
    pub async fn referenced(
        &mut self,
        organization: OrganizationId,
        reference: &str,
    ) -> sqlx::Result<Option<AccountId>> {
        on!(self, c => sqlx::query_scalar("SELECT id FROM accounts WHERE organization_id = $1 AND reference = $2").bind(organization).bind(reference).fetch_optional(c).await)
    }

    /// Changes what is known of a customer.
    pub async fn set_details(
        &mut self,
        id: AccountId,
        details: &CustomerDetails,
        stamp: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE accounts SET name = $2, company = $3, reference = $4, user_name = $5, language = $6, contact_changed_at = CASE WHEN user_name IS DISTINCT FROM $5 THEN $7 ELSE contact_changed_at END, updated_at = $7 WHERE id = $1")
            .bind(id).bind(&details.name).bind(&details.company).bind(&details.reference).bind(&details.user_name).bind(details.language).bind(stamp)
            .execute(c).await.map(drop))?;
        self.relist(id).await
    }

    /// Sets an account aside, or takes it into use again.
    pub async fn set_state(
        &mut self,
        id: AccountId,
        state: AccountState,
        stamp: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE accounts SET state = $2, updated_at = $3 WHERE id = $1").bind(id).bind(state).bind(stamp).execute(c).await.map(drop))
    }

    /// Removes an account with all that hangs on it, its mails, and what is personal in the audit
    /// lines about it.
    pub async fn erase_account(&mut self, id: AccountId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM audit_personal WHERE audit_id IN (SELECT id FROM audit_entries WHERE subject_id = $1)").bind(id).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("DELETE FROM outbox WHERE account_id = $1").bind(id).execute(c).await.map(drop))?;
        self.forget_event_reference(id).await?;
        self.forget_api_answers_about(id).await?;
        // Before the devices they name, which the account takes along.
        on!(self, c => sqlx::query("DELETE FROM sessions WHERE account_id = $1").bind(id).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("DELETE FROM accounts WHERE id = $1").bind(id).execute(c).await.map(drop))
    }

    /// When one's own password was last proven in a session that has not ended.
    pub async fn step_up_at(&mut self, id: SessionId) -> sqlx::Result<Option<Moment>> {
        on!(self, c => sqlx::query_scalar("SELECT stepped_up_at FROM sessions WHERE id = $1 AND ended_at IS NULL").bind(id).fetch_optional(c).await.map(Option::flatten))
    }
}
