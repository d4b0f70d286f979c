//! New customers: created by the staff who will look after them, and invited to choose a password.
//!
//! The reseller may enter the customer's permission here and nowhere else; the ledger says so, and
//! so does the invitation. What an import adds goes the same way.

use anyhow::Context;
use model::{
    Refusal,
    account::{AccountKind, Language},
    audit::AuditKind,
    consent::{Consent, ConsentSource},
    customer::{FirstPassword, NewCustomerView, Scope},
    id::{AccountId, ConsentId, OrganizationId},
    link::{LinkOrigin, LinkPurpose},
    permission::Permission,
    policy::{INVITATION_LIFE, Rule},
    refusal::{FieldProblem, Problem},
    reset::{Delivery, Obstacle},
    text::{EmailAddress, LONGEST_NAME, LONGEST_REFERENCE, Name, UserName, remark},
};

use crate::{
    Actor, Portal, Result,
    audit::{Event, Personal},
    doer::Doer,
    jobs::Noted,
    mail::Letter,
    problems::Problems,
    resets::Asker,
    store::{Account, LinkOf, NewAccount, Tx},
    throttle::canonical,
};

/// The form for a new customer.
#[derive(Debug, Clone)]
pub struct CreateCustomer {
    /// Who looks after the customer; the actor's own organization when `None`.
    pub organization: Option<OrganizationId>,
    /// What they are called.
    pub name: String,
    /// Where mail goes.
    pub email: String,
    /// A second name to sign in with; empty for none.
    pub user_name: String,
    /// Their company; empty for none.
    pub company: String,
    /// What the reseller calls them in other books; empty for none.
    pub reference: String,
    /// The tag of the language of pages and mails.
    pub language: String,
    /// Whether the reseller may set the password.
    pub allows_resets: bool,
    /// The word of a [`FirstPassword`].
    pub first_password: String,
}

/// A customer to be, as far as that can be told without looking at others.
#[derive(Debug, Clone)]
pub(crate) struct NewCustomer {
    pub name: Name,
    pub email: EmailAddress,
    pub user_name: Option<UserName>,
    pub company: Option<String>,
    pub reference: Option<String>,
    pub language: Language,
    pub allows_resets: bool,
}

impl CreateCustomer {
    fn parsed(&self) -> Result<(NewCustomer, FirstPassword)> {
        let mut problems = Problems::default();
        let name = problems.check("name", Name::parse(&self.name));
        let email = problems.check("email", EmailAddress::parse(&self.email));
        let user_name = problems.check_optional("user_name", &self.user_name, UserName::parse);
        let company = problems.check("company", remark(&self.company, LONGEST_NAME));
        let reference = problems.check("reference", remark(&self.reference, LONGEST_REFERENCE));
        let language = Language::from_tag(&self.language).ok_or(Problem::NotAChoice);
        let language = problems.check("language", language);
        let way = FirstPassword::from_word(&self.first_password).ok_or(Problem::NotAChoice);
        let way = problems.check("first_password", way);
        match (name, email, company, reference, language, way) {
            (
                Some(name),
                Some(email),
                Some(company),
                Some(reference),
                Some(language),
                Some(way),
            ) if problems.0.is_empty() => {
                let allows_resets = self.allows_resets;
                let new = NewCustomer {
                    name,
                    email,
                    user_name,
                    company,
                    reference,
                    language,
                    allows_resets,
                };
                Ok((new, way))
            }
            _ => Err(Refusal::Fields(problems.0).into()),
        }
    }
}

impl Portal {
    /// What the form for a new customer needs to know. `scope` is the organization one looked at.
    pub async fn new_customer(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
    ) -> Result<NewCustomerView> {
        actor.may(Permission::EditCustomers)?;
        let mut organizations = self.scopes(actor, "").await?;
        let mut tx = self.db().read().await?;
        let chosen = scope.unwrap_or(actor.organization);
        if !tx.is_within(chosen, actor.organization).await? {
            return Err(Refusal::NotFound.into());
        }
        // Of very many organizations only the first are listed; the chosen one always is.
        if !organizations.iter().any(|one| one.id == chosen) {
            let row = tx.organization(chosen).await?.ok_or(Refusal::NotFound)?;
            let suspended = tx.is_suspended(chosen).await?;
            organizations.push(Scope { id: chosen, name: row.name, depth: 0, suspended });
        }
        let site = tx.site_of(chosen).await?.context("an organization without a site")?;
        let typed = self.first_obstacle(&mut tx, chosen, FirstPassword::Typed).await?;
        let generated = self.first_obstacle(&mut tx, chosen, FirstPassword::Generated).await?;
        Ok(NewCustomerView {
            typed,
            generated,
            organizations,
            chosen,
            language: site.language,
            invitation_days: in_days(),
            sends_mail: self.sends_mail(&mut tx, chosen).await?,
        })
    }

    /// Creates a customer, and invites them if that is wanted.
    pub async fn create_customer(
        &self,
        actor: &Actor,
        request: CreateCustomer,
    ) -> Result<AccountId> {
        actor.may(Permission::EditCustomers)?;
        let (new, way) = request.parsed()?;
        let organization = request.organization.unwrap_or(actor.organization);
        match self.create_parsed(actor, organization, &new, way).await {
            // Two people wanted the same name at the same moment: what is there now says which.
            Err(crate::Error::Broken(error)) if is_unique_violation(&error) => {
                let mut tx = self.db().read().await?;
                match tx.taken(organization, &new, None).await? {
                    problems if problems.is_empty() => Err(crate::Error::Busy { retry_after: 1 }),
                    problems => Err(Refusal::Fields(problems).into()),
                }
            }
            other => other,
        }
    }

    async fn create_parsed(
        &self,
        actor: &Actor,
        organization: OrganizationId,
        new: &NewCustomer,
        way: FirstPassword,
    ) -> Result<AccountId> {
        let mut tx = self.db().write().await?;
        // Whose organization it is not learns nothing of it.
        if !tx.is_within(organization, actor.organization).await? {
            return Err(Refusal::NotFound.into());
        }
        tx.hold_reach(actor, organization).await?;
        self.hold_staff(&mut tx, actor, Permission::EditCustomers).await?;
        if tx.is_suspended(organization).await? {
            return Err(crate::Error::field("organization", Problem::OrganizationSuspended));
        }
        if let Some(obstacle) = self.first_obstacle(&mut tx, organization, way).await? {
            return Err(Refusal::ResetImpossible(obstacle).into());
        }
        // As ever, staff know a customer's password only with the customer's leave.
        if way.delivery().is_some() && !new.allows_resets {
            return Err(crate::Error::field("first_password", Problem::NeedsConsent));
        }
        let problems = tx.taken(organization, new, None).await?;
        if !problems.is_empty() {
            return Err(Refusal::Fields(problems).into());
        }
        let (doer, mut noted) = (Doer::of(actor), Vec::new());
        let by = (&doer, ConsentSource::Creation);
        let account = self.add_customer(&mut tx, organization, new, by, &mut noted).await?;
        if way == FirstPassword::Invitation {
            self.invite(&mut tx, &account, &doer, &mut noted).await?;
        }
        tx.record_noted(self, &doer, noted).await?;
        tx.commit().await?;
        self.wake();
        Ok(account.id)
    }

    /// Why customers of an organization cannot get their first password in a way, if so.
    async fn first_obstacle(
        &self,
        tx: &mut Tx,
        organization: OrganizationId,
        way: FirstPassword,
    ) -> Result<Option<Obstacle>> {
        let policy = tx.policy(organization).await?;
        Ok(match way {
            FirstPassword::Typed if !policy.is_on(Rule::AllowManualEntry) => {
                Some(Obstacle::ManualEntryOff)
            }
            FirstPassword::Generated if !policy.is_on(Rule::AllowGenerated) => {
                Some(Obstacle::GeneratedOff)
            }
            FirstPassword::Invitation | FirstPassword::Generated
                if !self.sends_mail(tx, organization).await? =>
            {
                Some(Obstacle::NoMail)
            }
            _ => None,
        })
    }

    /// Adds a customer whose names are free; their organization must be held.
    pub(crate) async fn add_customer(
        &self,
        tx: &mut Tx,
        organization: OrganizationId,
        new: &NewCustomer,
        (doer, source): (&Doer, ConsentSource),
        noted: &mut Vec<Noted>,
    ) -> Result<Account> {
        let now = self.now();
        let site = tx.site_of(organization).await?.context("an organization without a site")?;
        let account = NewAccount {
            id: AccountId(self.random().id(now)),
            site_id: site.id,
            organization_id: organization,
            kind: AccountKind::Customer,
            role: None,
            email_key: canonical(new.email.as_str()),
            email: new.email.clone(),
            user_name: new.user_name.clone(),
            name: new.name.clone(),
            company: new.company.clone(),
            reference: new.reference.clone(),
            language: new.language,
            password_hash: None,
            locked_by: None,
            last_sign_in_at: None,
        };
        tx.add_account(&account, now).await?;
        if new.allows_resets {
            let id = ConsentId(self.random().id(now));
            tx.add_consent(id, account.id, Consent::Always, (source, Some(doer.id)), now).await?;
        }
        noted.push(Noted {
            organization,
            customer: account.id,
            kind: AuditKind::CustomerCreated,
            reset: None,
            why: None,
        });
        Ok(tx.lock_account(account.id).await?.context("an account that was just added")?)
    }

    /// Mails a customer who never had a password a link to choose one. It replaces those that were
    /// mailed before. The account must be held.
    pub(crate) async fn invite(
        &self,
        tx: &mut Tx,
        account: &Account,
        doer: &Doer,
        noted: &mut Vec<Noted>,
    ) -> Result<()> {
        let now = self.now();
        tx.void_reset_links(account.id, now).await?;
        tx.cancel_resets(account.id, now).await?;
        let reset = self.add_waiting_reset(tx, account, Asker::Inviter(doer.id)).await?;
        let kind = (LinkPurpose::Invitation, LinkOrigin::Staff);
        let life = INVITATION_LIFE;
        let link =
            self.make_link(tx, account, kind, LinkOf::Reset(reset), life, &doer.origin).await?;
        let customer = tx.customer(account.id).await?.context("a customer")?;
        let letter = Letter::Invitation {
            name: account.name.clone(),
            company: customer.row.company,
            organization: customer.row.organization,
            by: doer.name.clone(),
            at: now,
            allows_resets: customer.row.resets_allowed_until > now,
            link,
            days: in_days(),
        };
        // A link that no longer works is not worth a mail.
        tx.post(self, account, letter, life).await?;
        noted.push(Noted {
            organization: account.organization_id,
            customer: account.id,
            kind: AuditKind::InvitationSent,
            reset: Some(reset),
            why: None,
        });
        Ok(())
    }

    /// Invites a customer again, as long as nobody ever set a password. It gives staff nothing, and
    /// there is no password yet that anybody could lose by it: no fresh proof is asked for.
    pub async fn invite_customer_again(&self, actor: &Actor, id: AccountId) -> Result<()> {
        actor.may(Permission::SendLink)?;
        let mut tx = self.db().write().await?;
        let customer = tx.customer_of(actor, id).await?;
        tx.hold_reach(actor, customer.organization_id).await?;
        self.hold_staff(&mut tx, actor, Permission::SendLink).await?;
        let account = tx.lock_account(id).await?.ok_or(Refusal::NotFound)?;
        if let Some(obstacle) = self.obstacle(&mut tx, actor, &account, Delivery::EmailLink).await?
        {
            return Err(Refusal::ResetImpossible(obstacle).into());
        }
        if account.password_changed_at.is_some() {
            return Err(Refusal::HasPassword.into());
        }
        let mut tx = self.spend_budget(tx, actor, account.organization_id).await?;
        let (doer, mut noted) = (Doer::of(actor), Vec::new());
        self.invite(&mut tx, &account, &doer, &mut noted).await?;
        tx.record_noted(self, &doer, noted).await?;
        tx.commit().await?;
        self.wake();
        Ok(())
    }
}

impl Tx {
    /// Records what was done to customers: last of all, as everywhere.
    pub(crate) async fn record_noted(
        &mut self,
        portal: &Portal,
        doer: &Doer,
        noted: Vec<Noted>,
    ) -> Result<()> {
        for Noted { organization, customer, kind, reset, why } in noted {
            let event = doer.event(organization, customer, kind);
            let personal = Personal { why, ..event.personal };
            self.record(portal, Event { reset, personal, ..event }).await?;
        }
        Ok(())
    }

    /// Which names of a customer of an organization are somebody else's.
    ///
    /// Sign-in names are unique within a site, which several organizations may share, so whoever
    /// creates customers there can find out that an address has an account. More than that it does
    /// not tell: not whose customer it is, nor whether it is one at all; and only those who may
    /// create customers come here.
    pub(crate) async fn taken(
        &mut self,
        organization: OrganizationId,
        new: &NewCustomer,
        but: Option<AccountId>,
    ) -> Result<Vec<FieldProblem>> {
        let site = self.site_of(organization).await?.context("an organization without a site")?;
        let mut problems = Problems::default();
        let others = |account: Option<Account>| account.is_some_and(|one| Some(one.id) != but);
        if others(self.account_named(site.id, &canonical(new.email.as_str())).await?) {
            problems.add("email", Problem::EmailTaken);
        }
        if let Some(name) = &new.user_name
            && others(self.account_named(site.id, name.as_str()).await?)
        {
            problems.add("user_name", Problem::UserNameTaken);
        }
        if let Some(reference) = &new.reference
            && self.referenced(organization, reference).await?.is_some_and(|id| Some(id) != but)
        {
            problems.add("reference", Problem::ReferenceTaken);
        }
        Ok(problems.0)
    }
}

/// Whether two rows wanted what only one may have.
pub(crate) fn is_unique_violation(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<sqlx::Error>().is_some_and(
            |error| matches!(error, sqlx::Error::Database(error) if error.is_unique_violation()),
        )
    })
}

/// How long an invitation works, in days.
fn in_days() -> u32 {
    u32::try_from(INVITATION_LIFE.as_secs() / (24 * 3_600)).unwrap_or(u32::MAX)
}
