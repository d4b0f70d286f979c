//! What staff do to a customer beside passwords: change what is known of them, set them aside and
//! bring them back, delete them, read what happened.

use model::{
    Moment, Refusal,
    account::{AccountState, Language},
    audit::{ActivityPage, AuditKind},
    customer::CustomerDetails,
    id::{AccountId, AuditId},
    permission::Permission,
    refusal::{ChangedMeanwhile, Problem},
    reset::Obstacle,
    text::{LONGEST_NAME, LONGEST_REFERENCE, Name, UserName, remark},
};

use crate::{
    Actor, Error, Portal, Result,
    audit::{Event, Personal, Reader},
    problems::Problems,
    resets::Why,
    sign_in::account_counter,
    step_up::current_counter,
    store::{Account, CustomerDetailRow, Tx},
};

/// The form that changes what is known of a customer. The email address has a protocol of its own.
#[derive(Debug, Clone)]
pub struct ChangeCustomer {
    /// Who.
    pub customer: AccountId,
    /// What they are called.
    pub name: String,
    /// Their company; empty for none.
    pub company: String,
    /// What the reseller calls them in other books; empty for none.
    pub reference: String,
    /// A second name to sign in with; empty for none.
    pub user_name: String,
    /// The tag of the language of pages and mails.
    pub language: String,
    /// The state that the form was drawn from.
    pub stamp: Moment,
}

/// The form that deletes a customer.
#[derive(Debug, Clone)]
pub struct DeleteCustomer {
    /// Who.
    pub customer: AccountId,
    /// The customer's name, typed to confirm. A program, which types nothing, names the id alone.
    pub typed: String,
}

impl ChangeCustomer {
    fn parsed(&self) -> Result<CustomerDetails> {
        let mut problems = Problems::default();
        let name = problems.check("name", Name::parse(&self.name));
        let company = problems.check("company", remark(&self.company, LONGEST_NAME));
        let reference = problems.check("reference", remark(&self.reference, LONGEST_REFERENCE));
        let user_name = problems.check_optional("user_name", &self.user_name, UserName::parse);
        let language = Language::from_tag(&self.language).ok_or(Problem::NotAChoice);
        let language = problems.check("language", language);
        match (name, company, reference, language) {
            (Some(name), Some(company), Some(reference), Some(language))
                if problems.0.is_empty() =>
            {
                Ok(CustomerDetails { name, company, reference, user_name, language })
            }
            _ => Err(Refusal::Fields(problems.0).into()),
        }
    }
}

impl CustomerDetailRow {
    /// What staff may change of it.
    pub(crate) fn details(&self) -> CustomerDetails {
        CustomerDetails {
            name: self.row.name.clone(),
            company: self.row.company.clone(),
            reference: self.row.reference.clone(),
            user_name: self.row.user_name.clone(),
            language: self.row.language,
        }
    }

    /// What is stored when it changes now: later than before, also when the clock stands still.
    pub(crate) fn next_stamp(&self, now: Moment) -> Moment {
        now.max(Moment(self.updated_at.0.saturating_add(1)))
    }
}

impl Portal {
    /// Changes what is known of a customer, unless somebody else did meanwhile.
    pub async fn change_customer(&self, actor: &Actor, request: ChangeCustomer) -> Result<()> {
        actor.may(Permission::EditCustomers)?;
        let wanted = request.parsed()?;
        let (mut tx, customer, _) = self.hold_customer(actor, request.customer).await?;
        let stored = customer.details();
        if stored == wanted {
            return Ok(());
        }
        if customer.updated_at != request.stamp {
            let meanwhile = ChangedMeanwhile { details: stored, stamp: customer.updated_at };
            return Err(Refusal::ChangedMeanwhile(Box::new(meanwhile)).into());
        }
        let problems = tx.details_taken(&customer, &wanted).await?;
        if !problems.0.is_empty() {
            return Err(Refusal::Fields(problems.0).into());
        }
        let stamp = customer.next_stamp(self.now());
        match tx.set_details(customer.row.id, &wanted, stamp).await {
            // Two people wanted the same name at the same moment.
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                return Err(Error::Busy { retry_after: 1 });
            }
            other => other?,
        }
        tx.record(self, actor.event_about(&customer, AuditKind::CustomerChanged)).await?;
        Ok(tx.commit().await?)
    }

    /// Sets a customer aside: nobody signs in any more, whoever is signed in is out, and links are
    /// void. No mail tells of it: it may be done because somebody else reads that mailbox. Who asks
    /// for a link is told then.
    pub async fn suspend_customer(&self, actor: &Actor, id: AccountId, reason: &str) -> Result<()> {
        actor.may(Permission::EditCustomers)?;
        let why = Some(Why::told(reason, "")?);
        let now = self.now();
        let (mut tx, customer, account) = self.hold_customer(actor, id).await?;
        if account.state == AccountState::Suspended {
            return Ok(());
        }
        tx.set_state(id, AccountState::Suspended, customer.next_stamp(now)).await?;
        tx.end_sessions(id, None, now).await?;
        // By which the customer says that something was not theirs, still works.
        tx.void_reset_links(id, now).await?;
        tx.cancel_resets(id, now).await?;
        if tx.end_email_change(id, now).await?.is_some() {
            let event = actor.event_about(&customer, AuditKind::EmailChangeStopped);
            tx.record(self, event).await?;
        }
        let event = actor.event_about(&customer, AuditKind::CustomerSuspended);
        let personal = Personal { why, ..event.personal };
        tx.record(self, Event { personal, ..event }).await?;
        Ok(tx.commit().await?)
    }

    /// Brings a customer back who was set aside.
    pub async fn resume_customer(&self, actor: &Actor, id: AccountId) -> Result<()> {
        actor.may(Permission::EditCustomers)?;
        let (mut tx, customer, account) = self.hold_customer(actor, id).await?;
        if account.state == AccountState::Active {
            return Ok(());
        }
        tx.set_state(id, AccountState::Active, customer.next_stamp(self.now())).await?;
        tx.record(self, actor.event_about(&customer, AuditKind::CustomerResumed)).await?;
        Ok(tx.commit().await?)
    }

    /// Deletes a customer with all that was personal. The audit log keeps that it happened, and
    /// stays whole: what was personal in it stood beside the chain.
    pub async fn delete_customer(&self, actor: &Actor, request: DeleteCustomer) -> Result<()> {
        actor.may(Permission::EditCustomers)?;
        let mut tx = self.db().write().await?;
        let id = request.customer;
        let customer = tx.customer_of(actor, id).await?;
        tx.hold_reach(actor, customer.organization_id).await?;
        if !self.hold_staff(&mut tx, actor, Permission::EditCustomers).await? {
            return Err(Refusal::StepUp.into());
        }
        let account = tx.lock_account(id).await?.ok_or(Refusal::NotFound)?;
        if account.organization_id != customer.organization_id {
            return Err(Refusal::NotFound.into());
        }
        tx.is_undisputed(actor, id).await?;
        let typed = request.typed.split_whitespace().collect::<Vec<_>>().join(" ");
        let name = account.name.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
        let is_person = actor.is_person().is_ok();
        if is_person && typed.is_empty() {
            return Err(Error::field("typed", Problem::Required));
        }
        if is_person && typed != name {
            return Err(Error::field("typed", Problem::NameDiffers));
        }
        tx.clear_counter(&account_counter(&account)).await?;
        tx.clear_counter(&current_counter(id)).await?;
        tx.erase_account(id).await?;
        let event = actor.event_about(&customer, AuditKind::CustomerDeleted);
        // Of the customer nothing personal is left; who did it stands in the line itself.
        tx.record(self, Event { personal: Personal::default(), ..event }).await?;
        Ok(tx.commit().await?)
    }

    /// What happened to a customer, newest first.
    pub async fn customer_activity(
        &self,
        actor: &Actor,
        id: AccountId,
        before: Option<AuditId>,
    ) -> Result<ActivityPage> {
        actor.may(Permission::ReadCustomers)?;
        let customer = self.db().read().await?.customer_of(actor, id).await?;
        self.note_view(actor, &customer).await?;
        self.activity_of(id, before, Reader::Staff(actor.account)).await
    }

    /// Whether the actor proved their own password a short while ago.
    pub async fn has_stepped_up(&self, actor: &Actor) -> Result<bool> {
        let mut tx = self.db().read().await?;
        Ok(self.counts(tx.step_up_at(actor.session).await?))
    }

    /// Begins to write about a customer, who is held with their organization and the actor.
    async fn hold_customer(
        &self,
        actor: &Actor,
        id: AccountId,
    ) -> Result<(Tx, CustomerDetailRow, Account)> {
        let mut tx = self.db().write().await?;
        let customer = tx.customer_of(actor, id).await?;
        tx.hold_reach(actor, customer.organization_id).await?;
        self.hold_staff(&mut tx, actor, Permission::EditCustomers).await?;
        let account = tx.lock_account(id).await?.ok_or(Refusal::NotFound)?;
        if account.organization_id != customer.organization_id {
            return Err(Refusal::NotFound.into());
        }
        tx.is_undisputed(actor, id).await?;
        // Again, since it is held only now.
        let customer = tx.customer(id).await?.ok_or(Refusal::NotFound)?;
        Ok((tx, customer, account))
    }
}

impl Tx {
    /// Refuses whoever did what the customer says was not theirs, until an owner has closed that.
    /// The customer must be held.
    pub(crate) async fn is_undisputed(&mut self, actor: &Actor, customer: AccountId) -> Result<()> {
        if self.is_disputed_against(customer, actor.account).await? {
            return Err(Refusal::ResetImpossible(Obstacle::DisputedAgainst).into());
        }
        Ok(())
    }

    /// Which names that a customer is to have are somebody else's.
    pub(crate) async fn details_taken(
        &mut self,
        customer: &CustomerDetailRow,
        wanted: &CustomerDetails,
    ) -> Result<Problems> {
        let mut problems = Problems::default();
        let id = customer.row.id;
        let site = self.account(id).await?.ok_or(Refusal::NotFound)?.site_id;
        if let Some(name) = &wanted.user_name
            && self.account_named(site, name.as_str()).await?.is_some_and(|other| other.id != id)
        {
            problems.add("user_name", Problem::UserNameTaken);
        }
        if let Some(reference) = &wanted.reference
            && self
                .referenced(customer.organization_id, reference)
                .await?
                .is_some_and(|other| other != id)
        {
            problems.add("reference", Problem::ReferenceTaken);
        }
        Ok(problems)
    }
}
