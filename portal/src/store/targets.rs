//! Where resets apply, one row for each place, and where each of these stands.

use model::{
    Moment,
    connector::Reason,
    id::{AccountId, LinkId, ResetId, ServiceAccountId, TargetId},
    reset::{ResetState, TargetKind, TargetState, TargetView},
    text::Name,
};

use super::{
    Tx, on,
    statement::{Statement, Value, one_of, run},
};

/// A place in a downstream system that a reset applies to.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct TargetRow {
    pub id: TargetId,
    /// Without one where the account was unlinked meanwhile.
    pub service_account_id: Option<ServiceAccountId>,
    pub state: TargetState,
    pub reason: Option<String>,
    /// How often it was tried: whoever writes how a try ended says which one it was.
    pub attempts: i32,
}

#[derive(sqlx::FromRow)]
struct TargetViewRow {
    reset_id: ResetId,
    id: TargetId,
    kind: TargetKind,
    system: Option<Name>,
    account: Option<String>,
    state: TargetState,
    reason: Option<String>,
}

impl TargetRow {
    /// Why it stands where it does.
    pub fn reason(&self) -> Option<Reason> {
        Reason::from_word(self.reason.as_deref()?)
    }

    /// Whether trying it (again) may help.
    pub fn is_open(&self) -> bool {
        match self.state {
            TargetState::Waiting | TargetState::Applying | TargetState::Unknown => {
                self.reason() != Some(Reason::TimeOver)
            }
            TargetState::NotSent => self.reason().is_some_and(Reason::may_pass),
            TargetState::Applied | TargetState::Refused | TargetState::GivenUp => false,
        }
    }

    /// Whether the new password is there, or may be.
    pub fn is_touched(&self) -> bool {
        matches!(self.state, TargetState::Applied | TargetState::Applying | TargetState::Unknown)
    }

    /// Whether another password is there than in the portal, or may be.
    pub fn differs(&self) -> bool {
        !matches!(self.state, TargetState::Applied | TargetState::GivenUp)
    }
}

impl Tx {
    /// Adds places to a reset that applies to the portal only so far: they come before it.
    pub async fn add_targets(
        &mut self,
        reset: ResetId,
        services: &[(TargetId, ServiceAccountId)],
        now: Moment,
    ) -> sqlx::Result<()> {
        let count = i32::try_from(services.len()).unwrap_or(i32::MAX);
        on!(self, c => sqlx::query("UPDATE reset_targets SET position = $2 WHERE reset_id = $1 AND kind = $3")
            .bind(reset).bind(count).bind(TargetKind::Portal).execute(c).await.map(drop))?;
        for (position, (target, service)) in (0i32..).zip(services) {
            on!(self, c => sqlx::query("INSERT INTO reset_targets (id, reset_id, kind, service_account_id, position, state, attempts, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 0, $7)")
                .bind(target).bind(reset).bind(TargetKind::ServiceAccount).bind(service).bind(position)
                .bind(TargetState::Waiting).bind(now).execute(c).await.map(drop))?;
        }
        Ok(())
    }

    /// The places of a reset in downstream systems, in their order.
    pub async fn service_targets(&mut self, reset: ResetId) -> sqlx::Result<Vec<TargetRow>> {
        on!(self, c => sqlx::query_as("SELECT id, service_account_id, state, reason, attempts FROM reset_targets WHERE reset_id = $1 AND kind = $2 ORDER BY position")
            .bind(reset).bind(TargetKind::ServiceAccount).fetch_all(c).await)
    }

    /// Whether another reset, over or not, is just trying the same service account: has begun to since.
    pub async fn is_tried_elsewhere(
        &mut self,
        service: ServiceAccountId,
        reset: ResetId,
        since: Moment,
    ) -> sqlx::Result<bool> {
        let others: i64 = on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM reset_targets JOIN resets ON resets.id = reset_targets.reset_id WHERE resets.account_id = (SELECT account_id FROM resets WHERE id = $2) AND reset_targets.service_account_id = $1 AND reset_targets.reset_id <> $2 AND reset_targets.state = $3 AND reset_targets.updated_at > $4")
            .bind(service).bind(reset).bind(TargetState::Applying).bind(since).fetch_one(c).await)?;
        Ok(others > 0)
    }

    /// Begins another try of a place, or leaves it out with a reason; whether nobody else has meanwhile.
    pub async fn try_target(
        &mut self,
        target: &TargetRow,
        (state, reason): (TargetState, Option<Reason>),
        now: Moment,
    ) -> sqlx::Result<bool> {
        let reason = reason.map(|reason| reason.to_string());
        on!(self, c => sqlx::query("UPDATE reset_targets SET state = $3, reason = $4, attempts = attempts + 1, updated_at = $5 WHERE id = $1 AND attempts = $2")
            .bind(target.id).bind(target.attempts).bind(state).bind(reason).bind(now)
            .execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Keeps how the try of a place ended; whether it was still the latest one.
    pub async fn settle_target(
        &mut self,
        target: &TargetRow,
        (state, reason): (TargetState, Option<Reason>),
        now: Moment,
    ) -> sqlx::Result<bool> {
        let reason = reason.map(|reason| reason.to_string());
        on!(self, c => sqlx::query("UPDATE reset_targets SET state = $3, reason = $4, updated_at = $5 WHERE id = $1 AND attempts = $2")
            .bind(target.id).bind(target.attempts).bind(state).bind(reason).bind(now)
            .execute(c).await.map(|done| done.rows_affected() == 1))
    }

    /// Whether a newer reset of the same account, once decided, goes to this service account as well.
    pub async fn is_decided_for(
        &mut self,
        service: ServiceAccountId,
        reset: ResetId,
    ) -> sqlx::Result<bool> {
        let newer: i64 = on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM resets newer JOIN resets this ON this.account_id = newer.account_id AND newer.sequence > this.sequence JOIN reset_targets ON reset_targets.reset_id = newer.id WHERE this.id = $1 AND reset_targets.service_account_id = $2 AND newer.state IN ($3, $4, $5)")
            .bind(reset).bind(service).bind(ResetState::Applying).bind(ResetState::Done).bind(ResetState::NeedsAttention)
            .fetch_one(c).await)?;
        Ok(newer > 0)
    }

    /// Sets where the portal itself stands in a reset.
    pub async fn settle_portal(
        &mut self,
        reset: ResetId,
        state: TargetState,
        now: Moment,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE reset_targets SET state = $2, attempts = attempts + 1, updated_at = $3 WHERE reset_id = $1 AND kind = $4")
            .bind(reset).bind(state).bind(now).bind(TargetKind::Portal).execute(c).await.map(drop))
    }

    /// Keeps since when a service account has, or may have, another password than the portal;
    /// `None` once it has the same.
    pub async fn set_differs(
        &mut self,
        service: ServiceAccountId,
        since: Option<Moment>,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE service_accounts SET differs_since = CASE WHEN $2 IS NULL THEN NULL ELSE COALESCE(differs_since, $2) END WHERE id = $1")
            .bind(service).bind(since).execute(c).await.map(drop))
    }

    /// The service accounts of the last reset of an account that set a temporary password.
    pub async fn services_of_temporary(
        &mut self,
        account: AccountId,
    ) -> sqlx::Result<Vec<ServiceAccountId>> {
        on!(self, c => sqlx::query_scalar("SELECT service_accounts.id FROM reset_targets JOIN service_accounts ON service_accounts.id = reset_targets.service_account_id JOIN connectors ON connectors.id = service_accounts.connector_id WHERE connectors.enabled AND reset_targets.reset_id = (SELECT id FROM resets WHERE account_id = $1 AND delivery IN ('typed', 'generated') AND state IN ('done', 'needs_attention') ORDER BY sequence DESC LIMIT 1) ORDER BY reset_targets.position")
            .bind(account).fetch_all(c).await)
    }

    /// The service accounts that a new password goes to which is chosen with a link.
    pub async fn services_of_link(
        &mut self,
        link: Option<LinkId>,
    ) -> sqlx::Result<Vec<ServiceAccountId>> {
        on!(self, c => sqlx::query_scalar("SELECT service_accounts.id FROM links JOIN reset_targets ON reset_targets.reset_id = links.reset_id JOIN service_accounts ON service_accounts.id = reset_targets.service_account_id WHERE links.id = $1 ORDER BY reset_targets.position").bind(link).fetch_all(c).await)
    }

    /// The service accounts of a customer whose connectors are in use.
    pub async fn services_in_use(
        &mut self,
        account: AccountId,
    ) -> sqlx::Result<Vec<ServiceAccountId>> {
        on!(self, c => sqlx::query_scalar("SELECT service_accounts.id FROM service_accounts JOIN connectors ON connectors.id = service_accounts.connector_id WHERE service_accounts.account_id = $1 AND connectors.enabled ORDER BY service_accounts.created_at, service_accounts.id")
            .bind(account).fetch_all(c).await)
    }

    /// The service accounts of a customer that have, or may have, another password than the portal: each
    /// with the name of its system.
    pub async fn differing_services(
        &mut self,
        account: AccountId,
    ) -> sqlx::Result<Vec<(Name, String)>> {
        on!(self, c => sqlx::query_as("SELECT connectors.name, service_accounts.name FROM service_accounts JOIN connectors ON connectors.id = service_accounts.connector_id WHERE service_accounts.account_id = $1 AND service_accounts.differs_since IS NOT NULL ORDER BY service_accounts.created_at, service_accounts.id").bind(account).fetch_all(c).await)
    }

    /// Every place of these resets, each in its order, as people are told of them.
    pub async fn target_views(
        &mut self,
        resets: &[ResetId],
    ) -> sqlx::Result<Vec<(ResetId, TargetView)>> {
        let mut statement = Statement::new();
        statement.push("SELECT t.reset_id, t.id, t.kind, c.name AS system, s.name AS account, t.state, t.reason FROM reset_targets t LEFT JOIN service_accounts s ON s.id = t.service_account_id LEFT JOIN connectors c ON c.id = s.connector_id WHERE t.reset_id IN (", []);
        one_of(&mut statement, resets.iter().map(|id| Value::Id(id.0)));
        statement.push(") ORDER BY t.reset_id, t.position", []);
        let rows: Vec<TargetViewRow> = run!(self, query_as, statement, fetch_all)?;
        Ok(rows.into_iter().map(TargetViewRow::view).collect())
    }
}

impl TargetViewRow {
    fn view(self) -> (ResetId, TargetView) {
        let Self { reset_id, id, kind, system, account, state, reason } = self;
        let reason = reason.as_deref().and_then(Reason::from_word);
        (reset_id, TargetView { id, kind, system, account, state, reason })
    }
}
