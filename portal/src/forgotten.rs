//! Forgotten passwords: somebody asks, the owner gets a mail, the link in it sets a new password.
//!
//! Asking only stores what was asked; the answer is the same, also in time, whether the account
//! exists. A worker looks for the account afterwards. Opening a link changes nothing.

use std::time::Duration;

use model::{
    Moment, Refusal,
    account::{AccountKind, AccountState},
    audit::{ActorKind, AuditKind, Outcome},
    factor::Factors,
    id::{LinkId, ResetId, SiteId},
    link::{LinkOrigin, LinkPurpose, LinkState, LinkView},
    policy::{
        FORGOT_AGAIN_AFTER, FORGOT_PER_ACCOUNT, FORGOT_PER_PREFIX, FORGOT_PER_SITE, FORGOT_WINDOW,
        OPEN_FORGOT_LINKS, PIN_FAILURES, Rule, SENT_AGAIN, SENT_AGAIN_WITHIN,
    },
    refusal::Problem,
    reset::ResetState,
    text::LONGEST_EMAIL,
};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::{
    Error, Portal, Result, Visit,
    audit::{Event, Personal},
    device, failpoint,
    mail::{ChangedHow, Letter, MailedLink, Occasion},
    outbox, password,
    resets::{Asker, Circumstances, Judged, NewOne},
    secrets::{Secret, TokenHash, new_token},
    sessions::SKEW,
    store::{Account, ForgottenRow, LinkOf, LinkRow, Tx},
    throttle::{Limit, canonical, prefix},
};

/// The seal's purpose.
pub(crate) const PURPOSE: &str = "forgotten";
/// The purpose of the seal of a link's PIN.
pub(crate) const PIN_PURPOSE: &str = "pin";

/// The form behind a link.
#[derive(Debug, Clone, Default)]
pub struct NewPassword {
    /// The new password.
    pub new: Secret,
    /// The same again.
    pub retype: Secret,
    /// The PIN that staff read out, for a link that asks for it.
    pub pin: Secret,
    /// A code of the account's second factor, if it has one.
    pub code: Secret,
}

/// What a worker needs to know of somebody who asked.
#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    name: String,
    address: std::net::IpAddr,
    user_agent: String,
    request_id: String,
    origin: String,
}

impl Portal {
    /// Somebody forgot a password: the same answer for everybody.
    pub async fn ask_for_link(&self, visit: &Visit, name: &str) -> Result<()> {
        let name = canonical(name);
        if name.is_empty() {
            return Err(Error::field("name", Problem::Required));
        }
        let now = self.now();
        let asked = Asked {
            // Longer than any name: nobody's, and not worth keeping.
            name: if name.len() <= LONGEST_EMAIL { name } else { "-".into() },
            address: visit.address,
            user_agent: device::shortened(&visit.user_agent).to_owned(),
            request_id: visit.request_id.clone(),
            origin: visit.origin.clone(),
        };
        let tx = self.db().write().await?;
        let limit = |count| Limit { count, window: FORGOT_WINDOW };
        let by_prefix = format!("forgot:{}", prefix(visit.address));
        let tx = tx.take_or_refuse(&by_prefix, limit(FORGOT_PER_PREFIX), now).await?;
        let by_site = format!("forgot:{}", visit.site);
        let mut tx = tx.take_or_refuse(&by_site, limit(FORGOT_PER_SITE), now).await?;
        let row = ForgottenRow {
            id: self.random().id(now),
            site_id: visit.site,
            sealed: self.keys().seal(PURPOSE, &asked)?,
            requested_at: now,
        };
        tx.add_forgotten(&row).await?;
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// Works off one request; whether there was one.
    pub(crate) async fn serve_forgotten(&self) -> Result<bool> {
        let mut tx = self.db().write().await?;
        let Some(row) = tx.take_forgotten().await? else { return Ok(false) };
        let asked: Asked = match self.keys().open(PURPOSE, &row.sealed) {
            Ok(asked) => asked,
            Err(error) => {
                tracing::error!(%error, request = %row.id, "a request for a link cannot be read and is dropped");
                tx.commit().await?;
                return Ok(true);
            }
        };
        if let Err(error) = self.answer(&mut tx, row.site_id, &asked).await {
            let Error::Broken(error) = error else { return Err(error) };
            drop(tx);
            // It would fail for ever, and everybody behind it would wait for ever.
            tracing::error!(error = format!("{error:#}"), request = %row.id, "a request for a link cannot be answered and is dropped");
            let mut tx = self.db().write().await?;
            tx.remove_forgotten(row.id).await?;
            tx.commit().await?;
            return Ok(true);
        }
        failpoint::reach("forgotten-before-commit");
        tx.commit().await?;
        self.wake();
        Ok(true)
    }

    /// Mails the owner of an account somebody asked for: a link, or why there is none.
    async fn answer(&self, tx: &mut Tx, site: SiteId, asked: &Asked) -> Result<()> {
        let now = self.now();
        let Some(account) = tx.account_at(site, &asked.name).await? else { return Ok(()) };
        // Held, so that two nodes do not both find room for one more link.
        let Some(account) = tx.lock_account(account.id).await? else { return Ok(()) };
        let limit = Limit { count: FORGOT_PER_ACCOUNT, window: FORGOT_WINDOW };
        let throttle = format!("forgot:{}", account.id);
        let open = tx.open_forgot_links(account.id, now.plus(SKEW), now).await?;
        let too_soon = open.first().is_some_and(|at| now.since(*at) < FORGOT_AGAIN_AFTER);
        if too_soon
            || i64::try_from(open.len()).is_ok_and(|open| open >= OPEN_FORGOT_LINKS)
            || tx.take(&throttle, limit, now).await?.is_some()
        {
            return Ok(());
        }
        let asked_when = Occasion {
            at: now,
            address: Some(asked.address),
            device: device::describe(&asked.user_agent),
        };
        let name = account.name.clone();
        let whom = tx.whom_to_ask(account.organization_id).await?;
        let suspended = account.state == AccountState::Suspended || whom.is_some();
        let (kind, reset) = if suspended {
            let letter = Letter::SuspendedNoReset { name, asked: asked_when, whom };
            tx.post(self, &account, letter, outbox::PATIENCE).await?;
            (AuditKind::ResetLinkExplained, None)
        } else if account.kind == AccountKind::Staff && !tx.has_factor(account.id).await? {
            // Staff need a second factor beside the mailed link, and have none.
            let letter = Letter::StaffNoFactor { name, asked: asked_when };
            tx.post(self, &account, letter, outbox::PATIENCE).await?;
            (AuditKind::ResetLinkExplained, None)
        } else {
            let reset = self.add_waiting_reset(tx, &account, Asker::Visitor).await?;
            let from = (LinkOrigin::Anonymous, asked.origin.as_str());
            let (link, life) = self.make_reset_link(tx, &account, reset, from).await?;
            let letter =
                Letter::ResetLink { name, asked: asked_when, link, minutes: in_minutes(life) };
            // A link that no longer works is not worth a mail.
            tx.post(self, &account, letter, life).await?;
            (AuditKind::ResetLinkSent, Some(reset))
        };
        let event = Event {
            organization: account.organization_id,
            kind,
            outcome: Outcome::Done,
            actor: (ActorKind::Visitor, None),
            subject: Some(account.id),
            reset,
            request_id: &asked.request_id,
            personal: Personal {
                address: Some(asked.address),
                device: device::describe(&asked.user_agent),
                ..Personal::default()
            },
        };
        tx.record(self, event).await
    }

    /// Makes a link to a new password: its address below an origin, and how long it works.
    pub(crate) async fn make_reset_link(
        &self,
        tx: &mut Tx,
        account: &Account,
        reset: ResetId,
        (origin, address): (LinkOrigin, &str),
    ) -> Result<(MailedLink, Duration)> {
        let life = tx.policy(account.organization_id).await?.minutes(Rule::LinkMinutes);
        let kind = (LinkPurpose::Reset, origin);
        let of = LinkOf::Reset(reset);
        let link = self.make_link(tx, account, kind, of, life, address).await?;
        Ok((link, life))
    }

    /// Makes an open link with a token of its own: its address below an origin.
    pub(crate) async fn make_link(
        &self,
        tx: &mut Tx,
        account: &Account,
        (purpose, origin): (LinkPurpose, LinkOrigin),
        of: LinkOf,
        life: Duration,
        address: &str,
    ) -> Result<MailedLink> {
        let now = self.now();
        let (token, token_hash) = new_token(self.random());
        let link = LinkRow {
            id: LinkId(self.random().id(now)),
            token_hash,
            account_id: account.id,
            site_id: account.site_id,
            reset_id: of.reset(),
            removal_id: of.removal(),
            email_change_id: of.email_change(),
            purpose,
            origin,
            state: LinkState::Open,
            created_at: now,
            expires_at: now.plus(life),
            closed_at: None,
        };
        tx.add_link(&link).await?;
        let site = tx.site(account.site_id).await?.ok_or(Refusal::NotFound)?;
        let page = match purpose {
            LinkPurpose::Reset => "reset",
            LinkPurpose::Invitation => "invitation",
            LinkPurpose::Dispute => "confirm",
            LinkPurpose::KeepFactor => "keep",
            LinkPurpose::ConfirmEmail => "new-address",
            LinkPurpose::CancelEmail => "keep-address",
        };
        let path = format!("/{page}/{}/{}", link.id, token.reveal());
        Ok(MailedLink::new(site.url(address, &path)))
    }

    /// What the page of a link shows. Changes nothing, however often it is opened.
    pub async fn link(
        &self,
        visit: &Visit,
        id: LinkId,
        token: &Secret,
        purpose: LinkPurpose,
    ) -> Result<LinkView> {
        let (link, account) = self.usable_link(visit, id, token, purpose).await?;
        let mut tx = self.db().read().await?;
        let policy = tx.policy(account.organization_id).await?;
        let factors = tx.factors_at(account.id, &visit.here).await?;
        Ok(LinkView {
            email: account.email.masked(),
            sign_in_name: matches!(purpose, LinkPurpose::Reset | LinkPurpose::Invitation)
                .then_some(account.email),
            expires_at: link.expires_at,
            rules: password::rules(&policy, factors.any),
            factors: if purpose == LinkPurpose::Reset { factors } else { Factors::default() },
            pin: match link.reset_id {
                Some(reset) => tx.reset(reset).await?.is_some_and(|row| row.sealed_pin.is_some()),
                None => false,
            },
        })
    }

    /// Sets a new password with a link, which works once. The same form sent again right after it
    /// is answered alike: without scripts, whoever presses twice sees the second answer only.
    pub async fn use_link(
        &self,
        visit: &Visit,
        id: LinkId,
        token: &Secret,
        request: NewPassword,
    ) -> Result<()> {
        self.use_link_for(visit, (id, LinkPurpose::Reset), token, &request).await
    }

    /// Sets the first password with an invitation, which works once.
    pub async fn accept_invitation(
        &self,
        visit: &Visit,
        id: LinkId,
        token: &Secret,
        request: NewPassword,
    ) -> Result<()> {
        self.use_link_for(visit, (id, LinkPurpose::Invitation), token, &request).await
    }

    async fn use_link_for(
        &self,
        visit: &Visit,
        link: (LinkId, LinkPurpose),
        token: &Secret,
        request: &NewPassword,
    ) -> Result<()> {
        match self.use_open_link(visit, link, token, request).await {
            Err(Error::Refused(Refusal::LinkUnusable))
                if self.has_just_set(visit, link, token, request).await? =>
            {
                Ok(())
            }
            result => result,
        }
    }

    async fn use_open_link(
        &self,
        visit: &Visit,
        (id, purpose): (LinkId, LinkPurpose),
        token: &Secret,
        request: &NewPassword,
    ) -> Result<()> {
        let (link, account) = self.usable_link(visit, id, token, purpose).await?;
        // Before the password is looked at: whoever has the mail only learns nothing from it.
        self.check_pin(visit, &link, &request.pin).await?;
        let refused = link_event(visit, &account);
        let checked = self.check_code_if_any(visit, &account, &request.code, refused).await?;
        let Judged { hash, leans } =
            self.judge_password(&account, &request.new, &request.retype).await?;
        self.check_rules_of_link(&account, &link, &request.new).await?;
        let mut tx = self.db().write().await?;
        let link = self.consume_link(&mut tx, visit, id, token, purpose).await?;
        self.use_code_if_any(&mut tx, visit, &account, checked.as_ref()).await?;
        let reset = link.reset_id.ok_or(Refusal::LinkUnusable)?;
        let circumstances = Circumstances {
            leans,
            ..Circumstances::of(visit, (ActorKind::LinkHolder, None), ChangedHow::Link)
        };
        let services = self.services_in_step(&mut tx, &account).await?;
        let new = NewOne { hash, password: request.new.clone(), services };
        let lease = self.decide_waiting(&mut tx, reset, &new, &circumstances).await?;
        let event = link_event(visit, &account);
        self.note_code(&mut tx, visit, &account, checked.as_ref(), event).await?;
        failpoint::reach("reset-before-decision");
        tx.commit().await?;
        self.finish_decided(lease).await;
        Ok(())
    }

    /// Checks the PIN of a link that asks for one. A few wrong ones make the link worthless.
    async fn check_pin(&self, visit: &Visit, link: &LinkRow, typed: &Secret) -> Result<()> {
        let Some(reset) = link.reset_id else { return Ok(()) };
        let now = self.now();
        let mut tx = self.db().write().await?;
        // Held, so that many tries at once are counted one after another.
        let account = tx.lock_account(link.account_id).await?.ok_or(Refusal::LinkUnusable)?;
        let row = tx.lock_reset(reset).await?.ok_or(Refusal::LinkUnusable)?;
        let is_open = tx.link(link.id).await?.is_some_and(|now| now.state == LinkState::Open);
        if !is_open || row.state != ResetState::WaitingForCustomer {
            return Err(Refusal::LinkUnusable.into());
        }
        let Some(sealed) = row.sealed_pin else { return Ok(()) };
        let pin: String = self.keys().open(PIN_PURPOSE, &sealed)?;
        let typed: String = typed.reveal().chars().filter(|c| !c.is_whitespace()).collect();
        if typed.is_empty() {
            return Err(Error::field("pin", Problem::Required));
        }
        if bool::from(pin.as_bytes().ct_eq(typed.as_bytes())) {
            return Ok(());
        }
        let failures = tx.count_wrong_pin(link.id).await?;
        if failures >= PIN_FAILURES {
            tx.void_reset_links(account.id, now).await?;
            tx.cancel_resets(account.id, now).await?;
        }
        let event = Event {
            organization: account.organization_id,
            kind: AuditKind::PinRefused,
            outcome: Outcome::Refused,
            actor: (ActorKind::LinkHolder, None),
            subject: Some(account.id),
            reset: Some(reset),
            request_id: &visit.request_id,
            personal: Personal::of(visit),
        };
        tx.record(self, event).await?;
        tx.commit().await?;
        Err(if failures >= PIN_FAILURES {
            Refusal::LinkUnusable.into()
        } else {
            Error::field("pin", Problem::PinWrong)
        })
    }

    /// Whether this very link has just set this very password.
    async fn has_just_set(
        &self,
        visit: &Visit,
        (id, purpose): (LinkId, LinkPurpose),
        token: &Secret,
        request: &NewPassword,
    ) -> Result<bool> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        let Some(link) = tx.link(id).await? else { return Ok(false) };
        if !link.was_just_used(visit, token, purpose, now) {
            return Ok(false);
        }
        // Whoever reads the mail after its owner must not try passwords here; over an hour, so that
        // no try comes back within the minute.
        let limit = Limit { count: SENT_AGAIN, window: FORGOT_WINDOW };
        if tx.take(&format!("again:{id}"), limit, now).await?.is_some() {
            return Ok(false);
        }
        let account = tx.account(link.account_id).await?;
        let reset = match link.reset_id {
            Some(reset) => tx.lock_reset(reset).await?,
            None => None,
        };
        // What somebody set after it is nothing this link may be asked about.
        if let Some(reset) = &reset
            && tx.is_superseded(reset).await?
        {
            return Ok(false);
        }
        tx.commit().await?;
        let hash = reset.and_then(|reset| match reset.state {
            ResetState::Applying => reset.new_hash,
            ResetState::Done | ResetState::NeedsAttention => account?.password_hash,
            _ => None,
        });
        Ok(hash.is_some() && self.hasher().verify(&request.new, hash.as_deref()).await?)
    }

    /// A link that may be used now, with its account. Everything else is one refusal.
    pub(crate) async fn usable_link(
        &self,
        visit: &Visit,
        id: LinkId,
        token: &Secret,
        purpose: LinkPurpose,
    ) -> Result<(LinkRow, Account)> {
        let mut tx = self.db().read().await?;
        let link = tx.link(id).await?.ok_or(Refusal::LinkUnusable)?;
        link.check(visit, token, purpose, self.now())?;
        let account = tx.account(link.account_id).await?.ok_or(Refusal::LinkUnusable)?;
        may_use_links(&mut tx, &account, purpose).await?;
        Ok((link, account))
    }

    /// What became of a link, also for a form that was sent twice: refused, it is done already when
    /// this very link has just done it.
    pub(crate) async fn or_just_done(
        &self,
        result: Result<()>,
        visit: &Visit,
        (id, purpose): (LinkId, LinkPurpose),
        token: &Secret,
    ) -> Result<()> {
        if let Err(Error::Refused(Refusal::LinkUnusable)) = &result {
            let link = self.db().read().await?.link(id).await?;
            if link.is_some_and(|link| link.was_just_used(visit, token, purpose, self.now())) {
                return Ok(());
            }
        }
        result
    }

    /// Uses a link up, with its account held: exactly one caller gets past here.
    pub(crate) async fn consume_link(
        &self,
        tx: &mut Tx,
        visit: &Visit,
        id: LinkId,
        token: &Secret,
        purpose: LinkPurpose,
    ) -> Result<LinkRow> {
        let now = self.now();
        let link = tx.link(id).await?.ok_or(Refusal::LinkUnusable)?;
        link.check(visit, token, purpose, now)?;
        // The account first, as everywhere, so that two transactions never wait for each other.
        let account = tx.lock_account(link.account_id).await?.ok_or(Refusal::LinkUnusable)?;
        may_use_links(tx, &account, purpose).await?;
        if !tx.use_link(id, &link.token_hash, now).await? {
            return Err(Refusal::LinkUnusable.into());
        }
        Ok(link)
    }
}

/// What whoever holds a link did with a code.
fn link_event<'a>(visit: &'a Visit, account: &Account) -> Event<'a> {
    Event {
        organization: account.organization_id,
        kind: AuditKind::FactorRefused,
        outcome: Outcome::Refused,
        actor: (ActorKind::LinkHolder, None),
        subject: Some(account.id),
        reset: None,
        request_id: &visit.request_id,
        personal: Personal::of(visit),
    }
}

/// A span in whole minutes, for letters.
pub(crate) fn in_minutes(span: Duration) -> u32 {
    u32::try_from(span.as_secs() / 60).unwrap_or(u32::MAX)
}

/// A suspended account stays as it is, whatever link is around; and keeps what it has, too.
async fn may_use_links(tx: &mut Tx, account: &Account, purpose: LinkPurpose) -> Result<()> {
    if matches!(purpose, LinkPurpose::KeepFactor | LinkPurpose::CancelEmail) {
        return Ok(());
    }
    if account.state == AccountState::Suspended || tx.is_suspended(account.organization_id).await? {
        return Err(Refusal::LinkUnusable.into());
    }
    Ok(())
}

impl LinkRow {
    /// Whether it was used within the last minute, by somebody who knew its token as this one does.
    fn was_just_used(
        &self,
        visit: &Visit,
        token: &Secret,
        purpose: LinkPurpose,
        now: Moment,
    ) -> bool {
        let token_fits: bool = self.token_hash.0.ct_eq(&TokenHash::of(token).0).into();
        let is_recent = self
            .closed_at
            .is_some_and(|at| at.minus(SKEW) <= now && now.since(at) < SENT_AGAIN_WITHIN);
        let was_used = self.state == LinkState::Used && self.purpose == purpose;
        token_fits && is_recent && was_used && self.site_id == visit.site
    }

    fn check(
        &self,
        visit: &Visit,
        token: &Secret,
        purpose: LinkPurpose,
        now: Moment,
    ) -> Result<()> {
        let token_fits: bool = self.token_hash.0.ct_eq(&TokenHash::of(token).0).into();
        // Before its own beginning, a link has seen another clock: nothing may revive.
        let in_time = now < self.expires_at && self.created_at <= now.plus(SKEW);
        let is_open = self.state == LinkState::Open && self.purpose == purpose;
        if token_fits && in_time && is_open && self.site_id == visit.site {
            Ok(())
        } else {
            Err(Refusal::LinkUnusable.into())
        }
    }
}
