//! Who is signed in, and with what.

use std::time::Duration;

use model::{
    Moment, Refusal,
    account::{AccountKind, AccountState, FactorDue, Language, Lock, Me, Role, SessionView},
    audit::{AuditKind, Outcome},
    id::{AccountId, OrganizationId, SessionId, SiteId},
    policy::{Policy, Rule},
    text::Name,
};

use crate::{
    Portal, Result, Visit,
    api_keys::HeldKey,
    audit::{Event, Personal},
    device,
    secrets::{Secret, TokenHash},
    sign_in::session_spans,
    store::{ActorRow, SessionRow, Stage},
};

/// How exact "last used" is: a write for every request would be too much.
const TOUCH: Duration = Duration::from_mins(1);
/// How far the clocks of nodes may differ before a moment counts as lying in the future.
pub(crate) const SKEW: Duration = Duration::from_mins(2);

/// Somebody signed in, or a program with a key, as this request found them. Made by [`Portal::actor`]
/// and [`Portal::admit`] only.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The account; for a program, that of whoever made its key.
    pub account: AccountId,
    /// The session; none that there is for a program.
    pub session: SessionId,
    /// Staff or customer.
    pub kind: AccountKind,
    /// The role of staff.
    pub role: Option<Role>,
    /// The organization they belong to, or the key does.
    pub organization: OrganizationId,
    /// The site they signed in at.
    pub site: SiteId,
    /// What they are called.
    pub name: Name,
    /// The language they chose.
    pub language: Language,
    /// The request.
    pub visit: Visit,
    /// Whether a second factor is needed and there is none: then there is nothing to do but to set
    /// one up.
    pub(crate) owes_factor: bool,
    /// The key of a program: then there is no session, and nobody who could prove anything.
    pub(crate) key: Option<HeldKey>,
}

impl Actor {
    pub(crate) fn event(&self, kind: AuditKind) -> Event<'_> {
        let actor = match self.kind {
            AccountKind::Staff if self.key.is_some() => model::audit::ActorKind::ApiKey,
            AccountKind::Staff => model::audit::ActorKind::Staff,
            AccountKind::Customer => model::audit::ActorKind::Customer,
        };
        Event {
            organization: self.organization,
            kind,
            outcome: Outcome::Done,
            actor: (actor, Some(self.account)),
            subject: Some(self.account),
            reset: None,
            request_id: &self.visit.request_id,
            personal: Personal::of(&self.visit),
        }
    }
}

impl ActorRow {
    /// Whether the session still holds at `now`. One that was last used in the future has seen
    /// another clock: nothing may revive, so it ends.
    fn holds(&self, now: Moment) -> bool {
        now < self.session.idle_until
            && now < self.session.expires_at
            && self.session.last_used_at <= now.plus(SKEW)
            && self.state == AccountState::Active
            && !matches!(self.locked_by, Some(Lock::Staff | Lock::Dispute))
    }
}

/// From when on somebody needs a second factor; `None` for never.
pub(crate) fn factor_due(policy: &Policy, kind: AccountKind) -> Option<Moment> {
    policy.begins(match kind {
        AccountKind::Customer => Rule::CustomerFactorFrom,
        AccountKind::Staff => Rule::StaffFactorFrom,
    })
}

impl Portal {
    /// Who holds this session's token, if it still holds and is good for everything.
    pub async fn actor(&self, visit: &Visit, token: &Secret) -> Result<Option<Actor>> {
        Ok(self.holder(visit, token, Stage::Full).await?.filter(|actor| !actor.owes_factor))
    }

    /// The same for somebody who needs a second factor and has none: for what sets one up, and for
    /// nothing else.
    pub async fn actor_without_factor(
        &self,
        visit: &Visit,
        token: &Secret,
    ) -> Result<Option<Actor>> {
        Ok(self.holder(visit, token, Stage::Full).await?.filter(|actor| actor.owes_factor))
    }

    /// Who holds the token of a session that is good for just this.
    pub(crate) async fn holder(
        &self,
        visit: &Visit,
        token: &Secret,
        stage: Stage,
    ) -> Result<Option<Actor>> {
        let now = self.now();
        let mut tx = self.db().read().await?;
        let row = tx.actor(&TokenHash::of(token)).await?;
        let Some(row) = row.filter(|row| row.session.stage == stage) else { return Ok(None) };
        // At the own host of a front door nobody of another one is signed in, whatever they bring.
        if visit.is_at_own_host() && row.session.site_id != visit.site {
            return Ok(None);
        }
        let organization = row.organization_id;
        if !row.holds(now) || tx.is_suspended(organization).await? {
            drop(tx);
            // For good: neither a clock that goes back nor the end of a lock revives it.
            if let Err(error) = self.put_out(&row.session).await {
                tracing::warn!(error = format!("{error:#}"), "cannot end a session that is over");
            }
            return Ok(None);
        }
        let policy = tx.policy(organization).await?;
        let is_due = factor_due(&policy, row.kind).is_some_and(|due| due <= now);
        let owes_factor =
            is_due && stage == Stage::Full && !tx.has_factor(row.session.account_id).await?;
        drop(tx);
        if stage == Stage::Full && now.since(row.session.last_used_at) >= TOUCH {
            let (idle, _) = session_spans(&policy, row.kind, row.session.kept);
            // A disk that is full must not keep anyone from reading a page.
            if let Err(error) = self.touch(visit, row.session.id, now.plus(idle)).await {
                tracing::warn!(error = format!("{error:#}"), "cannot note the use of a session");
            }
        }
        Ok(Some(Actor {
            account: row.session.account_id,
            session: row.session.id,
            kind: row.kind,
            role: row.role,
            organization,
            site: row.session.site_id,
            name: row.name,
            language: row.language,
            visit: Visit { site: row.session.site_id, ..visit.clone() },
            owes_factor,
            key: None,
        }))
    }

    async fn put_out(&self, session: &SessionRow) -> Result<()> {
        let mut tx = self.db().write().await?;
        tx.end_session(session.account_id, session.id, self.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn touch(&self, visit: &Visit, id: SessionId, idle_until: Moment) -> Result<()> {
        let mut tx = self.db().write().await?;
        tx.touch_session(id, &visit.address.to_string(), self.now(), idle_until).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What every page shows of the one who is signed in.
    pub async fn me(&self, actor: &Actor) -> Result<Me> {
        let mut tx = self.db().read().await?;
        let organization = tx.organization(actor.organization).await?.ok_or(Refusal::NotFound)?;
        let factors = tx.factors_at(actor.account, &actor.visit.here).await?;
        let policy = tx.policy(actor.organization).await?;
        let due = factor_due(&policy, actor.kind);
        Ok(Me {
            removal: self.waiting_removal(&mut tx, (actor.account, actor.kind), &policy).await?,
            email_change: tx.waiting_email(actor.account, |_| false).await?,
            differing: match actor.kind {
                AccountKind::Customer => tx.differing_services(actor.account).await?,
                AccountKind::Staff => Vec::new(),
            },
            factor_due: due.filter(|_| !factors.any).map(|from| FactorDue {
                from,
                days: from.since(self.now()).as_secs().div_ceil(24 * 3_600),
            }),
            factors,
            id: actor.account,
            kind: actor.kind,
            role: actor.role,
            name: actor.name.clone(),
            organization: organization.name,
            language: actor.language,
        })
    }

    /// Ends the actor's session.
    pub async fn sign_out(&self, actor: &Actor) -> Result<()> {
        let mut tx = self.db().write().await?;
        if tx.end_session(actor.account, actor.session, self.now()).await? {
            tx.record(self, actor.event(AuditKind::SignedOut)).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Where the actor is signed in.
    pub async fn sessions(&self, actor: &Actor) -> Result<Vec<SessionView>> {
        let mut tx = self.db().read().await?;
        let rows = tx.sessions(actor.account, self.now()).await?;
        Ok(rows
            .into_iter()
            .map(|row| SessionView {
                id: row.id,
                current: row.id == actor.session,
                device: device::describe(&row.user_agent),
                address: row.address,
                signed_in_at: row.created_at,
                last_used_at: row.last_used_at,
            })
            .collect())
    }

    /// Ends one of the actor's sessions.
    pub async fn end_session(&self, actor: &Actor, session: SessionId) -> Result<()> {
        let mut tx = self.db().write().await?;
        if !tx.end_session(actor.account, session, self.now()).await? {
            return Err(Refusal::NotFound.into());
        }
        tx.record(self, actor.event(AuditKind::SessionEnded)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends all of the actor's sessions but the one that asks; returns how many.
    pub async fn end_other_sessions(&self, actor: &Actor) -> Result<u32> {
        let mut tx = self.db().write().await?;
        let ended = tx.end_sessions(actor.account, Some(actor.session), self.now()).await?;
        if ended > 0 {
            tx.record(self, actor.event(AuditKind::OtherSessionsEnded)).await?;
        }
        tx.commit().await?;
        Ok(u32::try_from(ended).unwrap_or(u32::MAX))
    }
}
