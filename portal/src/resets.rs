//! Resets: every change of a password goes through here.
//!
//! 1. The *decision*, one transaction: what entitles to the change is consumed (a link, the current
//!    password), the reset goes to `applying` with the hash to come, sessions end, links are void.
//! 2. Each target in turn, outside any transaction.
//! 3. The *last step*, one transaction: the hash takes effect, locks open, the notice goes out.
//!
//! What a crash leaves between them is finished by [`Portal::resume_reset`]: from the decision on
//! there is only forward.

use std::time::Duration;

use anyhow::Context;
use model::{
    Moment, Refusal,
    audit::{ActorKind, AuditKind, Outcome},
    connector::Reason,
    id::{AccountId, ResetId, ServiceAccountId, TargetId},
    link::{LinkOrigin, LinkPurpose},
    policy::{DISPUTE_LINK_LIFE, Rule, SEAL_LIFE},
    refusal::Problem,
    reset::{Delivery, ResetState, TargetState},
};

use crate::{
    Error, Portal, Result,
    audit::{Event, Personal},
    downstream::{BUSY, Next},
    failpoint,
    mail::MailedLink,
    password::{self, Words},
    secrets::Secret,
    sign_in::account_counter,
    step_up::current_counter,
    store::{Account, LinkOf, ResetRow, Superseded, TargetRow, Tx},
};

mod circumstances;

pub(crate) use circumstances::{Circumstances, Temporary, Why};

/// How long a worker may take for one reset before another one finishes it.
const LEASE: Duration = Duration::from_secs(10);
/// How long whoever set a password waits for downstream systems, before the page says that they take
/// their time.
const WAITED_FOR: Duration = Duration::from_secs(4);
/// The seal's purpose.
pub(crate) const PURPOSE: &str = "reset";
/// The purpose of the seal of a new password that waits for downstream systems: it opens for no
/// other reset.
pub(crate) fn password_purpose(reset: ResetId) -> String {
    format!("new-password:{reset}")
}

/// A new password that may be set.
pub(crate) struct Judged {
    /// Its hash.
    pub hash: String,
    /// Whether it is too short for one without a second factor.
    pub leans: bool,
}

/// A new password, as it was decided on.
pub(crate) struct NewOne {
    /// Its hash.
    pub hash: String,
    /// Itself, for downstream systems.
    pub password: Secret,
    /// The accounts there that it goes to as well.
    pub services: Vec<ServiceAccountId>,
}

/// Who asked for a reset.
#[derive(Debug, Clone)]
pub(crate) enum Asker {
    /// Somebody at the forgotten-password page.
    Visitor,
    /// A member of staff, who says why.
    Staff {
        id: AccountId,
        why: Why,
        /// The accounts in downstream systems that the new password goes to as well.
        services: Vec<ServiceAccountId>,
        /// The PIN that the link asks for too, sealed.
        pin: Option<Vec<u8>>,
    },
    /// A member of staff, who invites a customer or a colleague to choose the first password.
    Inviter(AccountId),
}

/// A reset that somebody has to themselves. Whoever takes it over writes another end of the lease,
/// by which the one before knows that it is not theirs any more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lease {
    /// The reset.
    pub reset: ResetId,
    /// Until when nobody takes it over.
    pub until: Moment,
}

impl Lease {
    /// Whether it is still theirs.
    pub(crate) fn holds(&self, reset: &ResetRow) -> bool {
        reset.lease_until == Some(self.until)
    }

    /// A lease from now on, which is not the one that stands.
    pub(crate) fn next(reset: &ResetRow, now: Moment) -> Self {
        let until = now.plus(LEASE);
        let until = reset.lease_until.map_or(until, |before| until.max(Moment(before.0 + 1)));
        Self { reset: reset.id, until }
    }
}

impl ResetRow {
    /// Why staff did it, if it was staff.
    pub(crate) fn why(&self) -> Option<Why> {
        let reason = self.reason.clone()?;
        Some(Why { reason, ticket: self.ticket.clone() })
    }

    /// What is recorded of it: as begun, and as done.
    fn recorded(&self) -> (AuditKind, AuditKind) {
        match self.delivery {
            Delivery::OwnChange => (AuditKind::ResetStarted, AuditKind::PasswordChanged),
            Delivery::CommandLine => (AuditKind::ResetStarted, AuditKind::PasswordSetByCommand),
            Delivery::EmailLink => (AuditKind::ResetStarted, AuditKind::ResetDone),
            Delivery::Typed | Delivery::Generated => {
                (AuditKind::StaffPasswordSet, AuditKind::StaffPasswordSet)
            }
        }
    }
}

impl Portal {
    /// Checks a new password against the rules, the account's names and its history, and hashes it.
    pub(crate) async fn judge_password(
        &self,
        account: &Account,
        new: &Secret,
        retype: &Secret,
    ) -> Result<Judged> {
        let mut tx = self.db().read().await?;
        let factor = tx.has_factor(account.id).await?;
        drop(tx);
        self.judge_words(account, factor, new, retype).await?;
        let mut tx = self.db().read().await?;
        let alone = tx.policy(account.organization_id).await?.count(Rule::PasswordLengthAlone);
        let keep = tx.policy(account.organization_id).await?.get(Rule::PasswordHistory);
        let mut earlier = tx.history(account.id, keep).await?;
        drop(tx);
        earlier.extend(account.password_hash.clone());
        for hash in &earlier {
            if self.hasher().verify(new, Some(hash)).await? {
                return Err(Error::field("new", Problem::PasswordUsedBefore));
            }
        }
        let hash = self.hasher().hash(new).await?;
        Ok(Judged { hash, leans: password::length(new) < alone })
    }

    /// Checks a new password against the rules, as one beside a second `factor` or alone, and the
    /// account's names. It says nothing about the passwords that were used before, which is nobody's
    /// business but the owner's.
    pub(crate) async fn judge_words(
        &self,
        account: &Account,
        factor: bool,
        new: &Secret,
        retype: &Secret,
    ) -> Result<()> {
        let mut tx = self.db().read().await?;
        let policy = tx.policy(account.organization_id).await?;
        let site = tx.site(account.site_id).await?.ok_or(Refusal::NotFound)?;
        let organization =
            tx.organization(account.organization_id).await?.ok_or(Refusal::NotFound)?;
        let (mut blocked, above) = tx.blocked_words(account.organization_id).await?;
        blocked.extend(above);
        drop(tx);
        let rules = password::rules(&policy, factor);
        let words = Words {
            personal: [Some(account.name.as_str()), Some(account.email.as_str())]
                .into_iter()
                .chain([account.user_name.as_ref().map(model::text::UserName::as_str)])
                .flatten()
                .map(str::to_owned)
                .collect(),
            ours: vec![site.name.to_string(), organization.name.to_string()],
            blocked,
        };
        let (judge, new_, retype) = (self.judge().clone(), new.clone(), retype.clone());
        let problems =
            tokio::task::spawn_blocking(move || judge.problems(rules, &words, &new_, &retype))
                .await
                .context("judging a password was interrupted")??;
        if !problems.is_empty() {
            return Err(Refusal::Fields(problems).into());
        }
        Ok(())
    }

    /// Adds a reset that waits for a link to be used.
    pub(crate) async fn add_waiting_reset(
        &self,
        tx: &mut Tx,
        account: &Account,
        asker: Asker,
    ) -> Result<ResetId> {
        let state = ResetState::WaitingForCustomer;
        let mut row = self.new_reset(tx, account, state, Delivery::EmailLink, None).await?;
        let mut chosen = Vec::new();
        match asker {
            Asker::Visitor => {}
            Asker::Staff { id, why, services, pin } => {
                chosen = services;
                row.requested_by = Some(id);
                row.reason = Some(why.reason);
                row.ticket = why.ticket;
                row.sealed_pin = pin;
            }
            Asker::Inviter(id) => row.requested_by = Some(id),
        }
        tx.add_reset(&row, TargetId(self.random().id(row.created_at))).await?;
        self.add_services(tx, row.id, &chosen).await?;
        Ok(row.id)
    }

    async fn new_reset(
        &self,
        tx: &mut Tx,
        account: &Account,
        state: ResetState,
        delivery: Delivery,
        requested_by: Option<AccountId>,
    ) -> Result<ResetRow> {
        let now = self.now();
        Ok(ResetRow {
            id: ResetId(self.random().id(now)),
            account_id: account.id,
            organization_id: account.organization_id,
            sequence: tx.next_reset(account.id).await?,
            state,
            delivery,
            requested_by,
            reason: None,
            ticket: None,
            new_hash: None,
            sealed_context: None,
            sealed_pin: None,
            lease_until: None,
            created_at: now,
        })
    }

    /// The decision for a change that needs no link: a new reset, at once `applying`.
    /// The account must be held, and what entitles to the change checked.
    pub(crate) async fn decide_now(
        &self,
        tx: &mut Tx,
        account: &Account,
        (delivery, why): (Delivery, Option<Why>),
        new: NewOne,
        context: &Circumstances,
    ) -> Result<Lease> {
        let mut row =
            self.new_reset(tx, account, ResetState::Applying, delivery, context.actor.1).await?;
        if let Some(why) = why {
            row.reason = Some(why.reason);
            row.ticket = why.ticket;
        }
        row.new_hash = Some(new.hash);
        row.sealed_context = Some(self.keys().seal(PURPOSE, context)?);
        let portal = TargetId(self.random().id(row.created_at));
        let lease = Lease { reset: row.id, until: row.created_at.plus(LEASE) };
        row.lease_until = Some(lease.until);
        tx.add_reset(&row, portal).await?;
        self.add_services(tx, row.id, &new.services).await?;
        self.keep_password(tx, row.id, &new.password).await?;
        self.close_doors(tx, &row, context).await?;
        Ok(lease)
    }

    /// Adds service accounts to the places of a reset that is new.
    async fn add_services(
        &self,
        tx: &mut Tx,
        reset: ResetId,
        services: &[ServiceAccountId],
    ) -> Result<()> {
        if services.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let services: Vec<(TargetId, ServiceAccountId)> =
            services.iter().map(|id| (TargetId(self.random().id(now)), *id)).collect();
        Ok(tx.add_targets(reset, &services, now).await?)
    }

    /// Keeps the new password, sealed, for the downstream systems of a reset, if there are any.
    async fn keep_password(&self, tx: &mut Tx, reset: ResetId, password: &Secret) -> Result<()> {
        if tx.service_targets(reset).await?.is_empty() {
            return Ok(());
        }
        let sealed = self.keys().seal(&password_purpose(reset), &password.reveal())?;
        Ok(tx.keep_password(reset, &sealed, self.now().plus(SEAL_LIFE)).await?)
    }

    /// The decision for a link that was used: its waiting reset goes to `applying`.
    /// The account must be held and the link consumed, in this transaction.
    pub(crate) async fn decide_waiting(
        &self,
        tx: &mut Tx,
        reset: ResetId,
        new: &NewOne,
        context: &Circumstances,
    ) -> Result<Lease> {
        let now = self.now();
        let sealed = self.keys().seal(PURPOSE, context)?;
        let lease = Lease { reset, until: now.plus(LEASE) };
        if !tx.apply_reset(reset, &new.hash, &sealed, lease.until, now).await? {
            return Err(Refusal::LinkUnusable.into());
        }
        let row = tx.lock_reset(reset).await?.context("a reset that was just applied")?;
        // A link from staff goes where they chose.
        if row.reason.is_none() {
            self.add_services(tx, reset, &new.services).await?;
        }
        self.keep_password(tx, reset, &new.password).await?;
        self.close_doors(tx, &row, context).await?;
        Ok(lease)
    }

    /// What ends with the decision: sessions, links, other resets that wait.
    async fn close_doors(
        &self,
        tx: &mut Tx,
        reset: &ResetRow,
        context: &Circumstances,
    ) -> Result<()> {
        let now = self.now();
        tx.end_sessions(reset.account_id, context.keep, now).await?;
        tx.void_links(reset.account_id, now).await?;
        tx.cancel_resets(reset.account_id, now).await?;
        tx.record(self, context.event(reset, reset.recorded().0, Outcome::Begun)).await
    }

    /// Finishes a reset that was just decided. The decision stands whatever happens now, and nobody
    /// could take it a second time: what is in the way is for the worker to get past.
    pub(crate) async fn finish_decided(&self, lease: Lease) {
        self.finish_meanwhile(lease, async |portal, lease| portal.finish_reset(lease).await).await;
    }

    /// Does what is left to do for a reset in a task of its own, and waits for it only so long:
    /// systems that take their time, and whoever does not wait for them, interrupt nothing. Beyond
    /// that the page says that the password is on its way.
    pub(crate) async fn finish_meanwhile<F>(
        &self,
        lease: Lease,
        finish: impl FnOnce(Self, Lease) -> F,
    ) where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let finishing = finish(self.clone(), lease);
        let finishing = tokio::spawn(async move {
            if let Err(error) = finishing.await {
                tracing::warn!(reset = %lease.reset, error = format!("{error:#}"), "a reset will be finished later");
            }
        });
        drop(tokio::time::timeout(WAITED_FOR, finishing).await);
    }

    /// Brings a reset that is `applying` to its end. Does nothing when somebody else did.
    pub(crate) async fn finish_reset(&self, mut lease: Lease) -> Result<()> {
        failpoint::reach("reset-decided");
        if self.ask_systems(&mut lease).await? == Next::Leave {
            return Ok(());
        }
        let (id, now) = (lease.reset, self.now());
        let mut tx = self.db().write().await?;
        let Some(owner) = tx.owner_of_reset(id).await? else { return Ok(()) };
        // The account first, as everywhere, so that two transactions never wait for each other.
        let account = tx.lock_account(owner).await?.context("a reset's account")?;
        let reset = tx.lock_reset(id).await?.context("a reset that was there")?;
        if reset.state != ResetState::Applying || !lease.holds(&reset) {
            return Ok(());
        }
        let hash = reset.new_hash.as_deref().context("a reset without its new hash")?;
        let sealed = reset.sealed_context.as_deref().context("a reset without its context")?;
        let circumstances: Circumstances = self.keys().open(PURPOSE, sealed)?;
        let targets = tx.service_targets(id).await?;
        let unchanged = match tx.superseded(&reset).await? {
            Superseded::Perhaps => {
                tx.lease_reset(id, now.plus(BUSY)).await?;
                return Ok(tx.commit().await?);
            }
            Superseded::Yes => Some(ResetState::Cancelled),
            // Begun before all passwords were stopped, maybe by whom they were stopped for.
            Superseded::No if tx.is_stopped_since(account.id, reset.created_at).await? => {
                Some(ResetState::Cancelled)
            }
            Superseded::No => reset.is_refused(&targets).then_some(ResetState::Refused),
        };
        if let Some(state) = unchanged {
            tx.finish_reset(id, state, now).await?;
            self.leave_targets(&mut tx, id, now).await?;
            if state == ResetState::Refused {
                self.give_back(&mut tx, &reset, now).await?;
            }
            tx.record(self, circumstances.event(&reset, AuditKind::ResetRefused, Outcome::Refused))
                .await?;
            tx.commit().await?;
            return Ok(());
        }
        let needs_attention = targets.iter().any(TargetRow::differs);
        if needs_attention {
            tx.attend_reset(id, Self::again_at(&targets, now), now).await?;
        } else {
            tx.finish_reset(id, ResetState::Done, now).await?;
        }
        tx.settle_portal(id, TargetState::Applied, now).await?;
        self.note_differences(&mut tx, &targets, now).await?;
        tx.supersede_resets(&reset, now).await?;

        let keep = tx.policy(account.organization_id).await?.get(Rule::PasswordHistory);
        if let Some(old) = account.password_hash.as_deref().filter(|_| keep > 0) {
            tx.retire_hash(account.id, old, now).await?;
        }
        tx.trim_history(account.id, keep).await?;
        let until = circumstances.temporary.as_ref().map(|temporary| temporary.until);
        tx.set_password(account.id, hash, until, now).await?;
        tx.set_password_leans(account.id, circumstances.leans).await?;
        if circumstances.leans && !tx.has_factor(account.id).await? {
            // The factor that it leaned on was turned off since it was judged.
            tx.demand_change(account.id, now).await?;
        }
        tx.clear_counter(&account_counter(&account)).await?;
        tx.clear_counter(&current_counter(account.id)).await?;
        // Whoever got in between decision and last step is out again.
        tx.end_sessions(account.id, circumstances.keep, now).await?;
        tx.revoke_devices(account.id, None, now).await?;

        let kind = (LinkPurpose::Dispute, LinkOrigin::Notice);
        let origin = &circumstances.origin;
        let dispute_link = self
            .make_link(&mut tx, &account, kind, LinkOf::Reset(id), DISPUTE_LINK_LIFE, origin)
            .await?;
        let site = tx.site(account.site_id).await?.ok_or(Refusal::NotFound)?;
        let login_link = MailedLink::new(site.url(origin, "/login"));
        let (letter, life) = circumstances.notice(&account, dispute_link, login_link, now);
        tx.post_for(self, &account, letter, life, reset.delivery.is_temporary().then_some(id))
            .await?;
        tx.record(self, circumstances.event(&reset, reset.recorded().1, Outcome::Done)).await?;
        if needs_attention {
            tx.record(self, reset.of_system(AuditKind::ResetNeedsAttention)).await?;
        }
        failpoint::reach("reset-before-commit");
        tx.commit().await?;
        self.wake();
        failpoint::reach("reset-done");
        Ok(())
    }

    /// Places of a reset that ends without them: what was not tried is not.
    async fn leave_targets(&self, tx: &mut Tx, id: ResetId, now: Moment) -> Result<()> {
        for target in tx.service_targets(id).await? {
            match target.state {
                // A newer reset has set another password in the portal.
                TargetState::Applied | TargetState::Applying | TargetState::Unknown => {
                    if target.state == TargetState::Applying {
                        let answer = (TargetState::Unknown, Some(Reason::NoAnswer));
                        tx.settle_target(&target, answer, now).await?;
                    }
                    if let Some(service) = target.service_account_id
                        && !tx.is_decided_for(service, id).await?
                    {
                        tx.set_differs(service, Some(now)).await?;
                    }
                }
                TargetState::Waiting => {
                    tx.settle_target(&target, (TargetState::NotSent, None), now).await?;
                }
                _ => {}
            }
        }
        Ok(tx.settle_portal(id, TargetState::NotSent, now).await?)
    }

    /// The mail with a generated password was given up: nobody knows the password, and somebody has
    /// to do something about it. A notice that says nothing but that it happened changes nothing.
    pub(crate) async fn password_did_not_arrive(&self, tx: &mut Tx, id: ResetId) -> Result<()> {
        let now = self.now();
        let Some(reset) = tx.reset(id).await? else { return Ok(()) };
        if reset.delivery == Delivery::Generated && tx.reopen_reset(id, now).await? {
            let event = Event {
                organization: reset.organization_id,
                kind: AuditKind::ResetNeedsAttention,
                outcome: Outcome::Done,
                actor: (ActorKind::System, None),
                subject: Some(reset.account_id),
                reset: Some(id),
                request_id: "mail",
                personal: Personal::default(),
            };
            tx.record(self, event).await?;
        }
        Ok(())
    }

    /// Takes over one reset that its worker did not finish; whether there was one.
    pub(crate) async fn resume_reset(&self) -> Result<bool> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        let until = now.plus(LEASE);
        if let Some(reset) = tx.take_unfinished_reset(ResetState::Applying, now, until).await? {
            tx.commit().await?;
            tracing::warn!(%reset, "finishing a reset that was interrupted");
            self.finish_reset(Lease { reset, until }).await?;
            return Ok(true);
        }
        let left = ResetState::NeedsAttention;
        if let Some(reset) = tx.take_unfinished_reset(left, now, until).await? {
            tx.commit().await?;
            self.retry_reset(Lease { reset, until }).await?;
            return Ok(true);
        }
        Ok(false)
    }
}
