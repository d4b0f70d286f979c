//! Staff give a customer a password: typed by them, or generated and mailed. Either is a temporary
//! one, and needs the policy's leave and the customer's own permission.

use std::time::Duration;

use model::{
    Moment, Refusal,
    account::{Lock, Role},
    approval::ApprovalAction,
    audit::{ActorKind, AuditKind},
    call::{CallAction, CallerRule},
    consent::{Consent, ConsentSource},
    id::{AccountId, ConsentId, ResetId},
    permission::Permission,
    policy::Rule,
    refusal::Problem,
    reset::{Delivery, Obstacle, ResetState},
};

use crate::{
    Actor, Error, Portal, Result,
    approvals::Second,
    mail::{ChangedHow, MailedPassword},
    password,
    reset_desk::SENT_TWICE_WITHIN,
    resets::{Circumstances, NewOne, Temporary, Why},
    secrets::Secret,
    store::{Account, ResetRow, Tx},
    throttle::wait_refusal,
};

/// The form by which staff set a customer's password.
#[derive(Debug, Clone)]
pub struct SetPassword {
    /// Whose password.
    pub customer: AccountId,
    /// The password.
    pub password: StaffPassword,
    /// Why, in the operator's words.
    pub reason: String,
    /// The number of a ticket; empty for none.
    pub ticket: String,
    /// Where else it goes: `portal` or nothing for nowhere, a service account, or `all` of them.
    pub places: String,
}

/// A password that staff give a customer.
#[derive(Debug, Clone)]
pub enum StaffPassword {
    /// Typed, and typed again.
    Typed {
        /// The password.
        new: Secret,
        /// The same again.
        retype: Secret,
    },
    /// Generated and mailed: no member of staff sees it.
    Generated,
}

impl StaffPassword {
    fn delivery(&self) -> Delivery {
        match self {
            Self::Typed { .. } => Delivery::Typed,
            Self::Generated => Delivery::Generated,
        }
    }
}

impl Portal {
    /// Why staff cannot reset the password of a customer in a way, if so. For an answer that
    /// decides, policy and account must be held.
    pub(crate) async fn obstacle(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        customer: &Account,
        delivery: Delivery,
    ) -> Result<Option<Obstacle>> {
        if tx.is_disputed_against(customer.id, actor.account).await? {
            return Ok(Some(Obstacle::DisputedAgainst));
        }
        let Some(action) = ApprovalAction::of_delivery(delivery) else {
            let about = (customer.state, customer.organization_id);
            return self.link_obstacle(tx, actor, about).await;
        };
        let Ok(role) = actor.may(Permission::SetPassword) else {
            return Ok(Some(Obstacle::NotPermitted));
        };
        let by = (actor.account, role);
        if let Some(obstacle) = self.password_obstacle(tx, by, customer, delivery).await? {
            return Ok(Some(obstacle));
        }
        if matches!(self.second(tx, by, customer, action).await?, Second::Missing) {
            return Ok(Some(Obstacle::SecondApprover));
        }
        let policy = tx.policy(customer.organization_id).await?;
        let call = CallAction::SetPassword;
        let unknown = call.rule(&policy) == CallerRule::Required
            && self.receipt(tx, actor, customer.id, call).await?.is_none();
        Ok(unknown.then_some(Obstacle::CallerUnknown))
    }

    /// Why somebody in this role cannot give a customer a password in a way, if so, but for a second
    /// person and the caller.
    pub(crate) async fn password_obstacle(
        &self,
        tx: &mut Tx,
        (by, role): (AccountId, Role),
        customer: &Account,
        delivery: Delivery,
    ) -> Result<Option<Obstacle>> {
        let (rule, off) = match delivery {
            Delivery::Typed => (Rule::AllowManualEntry, Obstacle::ManualEntryOff),
            _ => (Rule::AllowGenerated, Obstacle::GeneratedOff),
        };
        if tx.is_disputed_against(customer.id, by).await? {
            return Ok(Some(Obstacle::DisputedAgainst));
        }
        if !role.may(Permission::SetPassword) {
            return Ok(Some(Obstacle::NotPermitted));
        }
        let about = (customer.state, customer.organization_id);
        match self.standing_obstacle(tx, about).await? {
            // What is typed needs no mail to be told.
            Some(Obstacle::NoMail) if delivery == Delivery::Typed => {}
            Some(obstacle) => return Ok(Some(obstacle)),
            None => {}
        }
        let policy = tx.policy(customer.organization_id).await?;
        let consent = tx.consent(customer.id).await?.ok_or(Refusal::NotFound)?;
        Ok(if !policy.is_on(rule) {
            Some(off)
        } else if role == Role::Agent && !policy.is_on(Rule::AgentsSetPasswords) {
            Some(Obstacle::NotByAgents)
        } else if customer.locked_by == Some(Lock::Dispute) {
            Some(Obstacle::Disputed)
        } else if tx.open_email_change(customer.id).await?.is_some() {
            Some(Obstacle::EmailChanging)
        } else if consent.links_only {
            Some(Obstacle::LinksOnly)
        } else if consent.consent(self.now()) == Consent::Refused {
            Some(Obstacle::NoConsent)
        } else {
            None
        })
    }

    /// Gives a customer a temporary password. Sessions end, links are void, a lock opens, and the
    /// customer is told; a permission for one reset is used up by it.
    pub async fn set_customer_password(
        &self,
        actor: &Actor,
        request: SetPassword,
    ) -> Result<ResetId> {
        actor.may(Permission::SetPassword)?;
        let delivery = request.password.delivery();
        // First of all, and without a word about the password: whose customer it is, and whether
        // it is still the operator who sits there.
        let mut tx = self.db().read().await?;
        tx.customer_of(actor, request.customer).await?;
        let proven = tx.lock_step_up(actor.session).await?.flatten();
        let account = tx.account(request.customer).await?.ok_or(Refusal::NotFound)?;
        drop(tx);
        if !self.counts(proven) {
            return Err(Refusal::StepUp.into());
        }
        let (why, new) = self.read_form(&account, &request).await?;
        let services = self.chosen_services(account.id, &request.places, true).await?;
        self.check_systems_rules(&services, &new).await?;
        let hash = self.hasher().hash(&new).await?;

        let now = self.now();
        let mut tx = self.db().write().await?;
        let customer = tx.customer_of(actor, request.customer).await?;
        tx.hold_reach(actor, customer.organization_id).await?;
        let action = match delivery {
            Delivery::Typed => ApprovalAction::TypePassword,
            _ => ApprovalAction::GeneratePassword,
        };
        let others = self.who_agreed(&mut tx, actor, (request.customer, action)).await?;
        tx.lock_accounts(&[&[actor.account], &*others].concat()).await?;
        if !self.hold_staff(&mut tx, actor, Permission::SetPassword).await? {
            return Err(Refusal::StepUp.into());
        }
        let account = tx.lock_account(request.customer).await?.ok_or(Refusal::NotFound)?;
        if account.organization_id != customer.organization_id {
            return Err(Refusal::NotFound.into());
        }
        if let Some(last) = tx.last_reset(account.id).await?
            && is_repeated(&last, actor, delivery, &why)
            && let age = now.since(last.created_at)
            && age < SENT_TWICE_WITHIN
        {
            drop(tx);
            return self.answer_again(&last, &account, &request, &new, age).await;
        }
        if let Some(obstacle) = self.obstacle(&mut tx, actor, &account, delivery).await? {
            let event = actor.event_about(&customer, AuditKind::StaffPasswordSet);
            return self.refuse(tx, event, why, Refusal::ResetImpossible(obstacle)).await;
        }
        let call = CallAction::SetPassword;
        let receipt = self.receipt(&mut tx, actor, account.id, call).await?;
        let by = (actor.account, tx.role_now(actor).await?);
        let second = self.second(&mut tx, by, &account, action).await?;
        let mut tx = self.spend_budget(tx, actor, account.organization_id).await?;
        if tx.consent(account.id).await?.is_some_and(|row| row.consent(now) == Consent::Once) {
            let id = ConsentId(self.random().id(now));
            let used = (ConsentSource::Used, Some(actor.account));
            tx.add_consent(id, account.id, Consent::Refused, used, now).await?;
        }
        let life = tx.policy(account.organization_id).await?.hours(Rule::TemporaryHours);
        let circumstances = Circumstances {
            staff: Some(actor.name.to_string()),
            temporary: Some(Temporary {
                until: now.plus(life),
                organization: customer.row.organization.clone(),
                mailed: (delivery == Delivery::Generated).then(|| MailedPassword::of(&new)),
            }),
            ..Circumstances::of(
                &actor.visit,
                (ActorKind::Staff, Some(actor.account)),
                ChangedHow::Staff,
            )
        };
        let how = (delivery, Some(why));
        // Unlinked meanwhile, an account is nobody's.
        let linked = tx.services_in_use(account.id).await?;
        if !services.iter().all(|service| linked.contains(service)) {
            return Err(Error::field("where", Problem::NotAChoice));
        }
        let new = NewOne { hash, password: new, services };
        let lease = self.decide_now(&mut tx, &account, how, new, &circumstances).await?;
        // Whoever was verified is acted for once, also where it is not required.
        if let Some(receipt) = receipt
            && !tx.use_receipt(receipt.id, Some(lease.reset), now).await?
        {
            return Err(Refusal::ResetImpossible(Obstacle::CallerUnknown).into());
        }
        if !second.use_for(&mut tx, lease.reset.0, now).await? {
            return Err(Refusal::ResetImpossible(Obstacle::SecondApprover).into());
        }
        tx.commit().await?;
        self.finish_decided(lease).await;
        Ok(lease.reset)
    }

    /// A downstream system refused what staff had typed, and nothing was changed: what entitled to
    /// it is there again, for the next one. The account must be held.
    pub(crate) async fn give_back(&self, tx: &mut Tx, reset: &ResetRow, now: Moment) -> Result<()> {
        tx.return_receipt(reset.id).await?;
        tx.return_approval(reset.id.0).await?;
        // Whatever the customer has entered since holds.
        let last = tx.consents(reset.account_id, 1).await?;
        if last.first().is_some_and(|line| line.source == ConsentSource::Used) {
            let id = ConsentId(self.random().id(now));
            let returned = (ConsentSource::Returned, None);
            tx.add_consent(id, reset.account_id, Consent::Once, returned, now).await?;
        }
        Ok(())
    }

    /// The reason and the password, or everything that is wrong with them at once.
    async fn read_form(&self, account: &Account, request: &SetPassword) -> Result<(Why, Secret)> {
        let why = Why::told(&request.reason, &request.ticket);
        let new = match &request.password {
            StaffPassword::Generated => Ok(password::suggest(self.random())),
            StaffPassword::Typed { new, retype } => {
                self.judge_words(account, false, new, retype).await.map(|()| new.clone())
            }
        };
        match (why, new) {
            (Ok(why), Ok(new)) => Ok((why, new)),
            (
                Err(Error::Refused(Refusal::Fields(mut problems))),
                Err(Error::Refused(Refusal::Fields(more))),
            ) => {
                problems.extend(more);
                Err(Refusal::Fields(problems).into())
            }
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    /// Pressed twice, without scripts: one reset, one mail, one answer. Whoever typed another
    /// password this soon is asked to wait, so that nobody believes in one that was not set.
    async fn answer_again(
        &self,
        last: &ResetRow,
        account: &Account,
        request: &SetPassword,
        new: &Secret,
        age: Duration,
    ) -> Result<ResetId> {
        let hash = match last.state {
            ResetState::Applying => last.new_hash.as_deref(),
            _ => account.password_hash.as_deref(),
        };
        let is_the_same = match request.password {
            StaffPassword::Generated => true,
            StaffPassword::Typed { .. } => self.hasher().verify(new, hash).await?,
        };
        if is_the_same {
            Ok(last.id)
        } else {
            Err(wait_refusal(SENT_TWICE_WITHIN.saturating_sub(age)).into())
        }
    }
}

/// Whether a reset is what this very form asks for.
fn is_repeated(last: &ResetRow, actor: &Actor, delivery: Delivery, why: &Why) -> bool {
    matches!(last.state, ResetState::Applying | ResetState::Done | ResetState::NeedsAttention)
        && last.delivery == delivery
        && last.requested_by == Some(actor.account)
        && last.why().as_ref() == Some(why)
}
