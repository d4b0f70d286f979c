//! Many resets and customers at once: lists by state, and counts that stay cheap.
//!
//! What is counted is capped, or stands in an index that holds all that is needed to count it.

use model::{
    Moment,
    account::Lock,
    id::{AccountId, AuditId, OrganizationId, ResetId},
    overview::AskedBy,
    reset::{Delivery, ResetState},
    text::{EmailAddress, Name},
};

use super::{
    Tx, on,
    statement::{Statement, Value, one_of, run},
};

/// Resets that are looked for.
#[derive(Debug, Clone)]
pub(crate) struct ResetSearch {
    /// Of the customers of this organization and of all below it.
    pub scope: OrganizationId,
    /// Only in this state.
    pub state: Option<ResetState>,
    /// Older than this.
    pub before: ResetId,
    /// Not more than so many.
    pub limit: usize,
}

/// A reset in a list.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ResetListRow {
    pub id: ResetId,
    pub account_id: AccountId,
    pub name: Name,
    pub email: EmailAddress,
    pub organization: Name,
    pub delivery: Delivery,
    pub state: ResetState,
    pub requested_by: Option<AccountId>,
    pub staff: Option<Name>,
    pub reason: Option<String>,
    pub ticket: Option<String>,
    pub created_at: Moment,
    pub finished_at: Option<Moment>,
}

/// How many of an organization have a second factor.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct FactorCountRow {
    pub organization_id: OrganizationId,
    pub name: Name,
    pub customers: i64,
    pub customers_with: i64,
    pub staff: i64,
    pub staff_with: i64,
}

impl ResetListRow {
    /// Who asked for it.
    pub fn asked_by(&self) -> AskedBy {
        match (self.delivery, self.requested_by) {
            (Delivery::OwnChange, _) => AskedBy::Customer,
            (Delivery::CommandLine, _) => AskedBy::Operator,
            (_, Some(by)) if by == self.account_id => AskedBy::Customer,
            (_, Some(_)) => AskedBy::Staff(self.staff.clone()),
            (_, None) => AskedBy::Visitor,
        }
    }
}

/// That `a`, an account, is a customer of a scope: somebody who went elsewhere is nobody's here.
const OF_SCOPE: &str = "a.kind = 'customer' AND EXISTS (SELECT 1 FROM organization_ancestors t WHERE t.organization_id = a.organization_id AND t.ancestor_id = ?)";

impl Tx {
    /// Resets that are looked for, newest first: merged from those of each organization of the
    /// scope, as audit entries are ([`Tx::find_audit`]).
    pub async fn find_resets(&mut self, search: &ResetSearch) -> sqlx::Result<Vec<ResetListRow>> {
        let limit = i64::try_from(search.limit).unwrap_or(i64::MAX);
        let mut statement = Statement::new();
        statement.push("SELECT id, newest FROM (SELECT s.organization_id AS id, (SELECT r.id FROM resets r WHERE r.organization_id = s.organization_id", []);
        bounds(&mut statement, search);
        statement.push(
            " ORDER BY r.id DESC LIMIT 1) AS newest FROM organization_ancestors s WHERE s.ancestor_id = ?) AS organizations WHERE newest IS NOT NULL ORDER BY newest DESC",
            [Value::Id(search.scope.0)],
        );
        let newest: Vec<(OrganizationId, ResetId)> = run!(self, query_as, statement, fetch_all)?;
        let mut found: Vec<ResetListRow> = Vec::new();
        for (organization, newest) in newest {
            let is_full = found.len() >= search.limit;
            if is_full && found.last().is_some_and(|oldest| oldest.id > newest) {
                break;
            }
            let mut statement = Statement::new();
            statement.push(
                "SELECT r.id, r.account_id, a.name, a.email, o.name AS organization, r.delivery, r.state, r.requested_by, b.name AS staff, r.reason, r.ticket, r.created_at, r.finished_at FROM resets r CROSS JOIN accounts a LEFT JOIN organizations o ON o.id = r.organization_id LEFT JOIN accounts b ON b.id = r.requested_by AND b.kind = 'staff' WHERE r.organization_id = ?",
                [Value::Id(organization.0)],
            );
            bounds(&mut statement, search);
            // Whichever index is walked, nothing is in the way of the first one.
            statement.push(" AND r.id <= ?", [Value::Id(newest.0)]);
            statement.push(" AND a.id = r.account_id AND ", []);
            statement.push(OF_SCOPE, [Value::Id(search.scope.0)]);
            statement.push(" ORDER BY r.id DESC LIMIT ?", [Value::Number(limit)]);
            let rows: Vec<ResetListRow> = run!(self, query_as, statement, fetch_all)?;
            found.extend(rows);
            found.sort_by_key(|reset| std::cmp::Reverse(reset.id));
            found.truncate(search.limit);
        }
        Ok(found)
    }

    /// How many resets of a scope's customers are in a state, up to `limit`.
    pub async fn count_resets(
        &mut self,
        scope: OrganizationId,
        state: ResetState,
        limit: i64,
    ) -> sqlx::Result<i64> {
        let mut statement = Statement::new();
        statement.push(
            "SELECT COUNT(*) FROM (SELECT 1 FROM organization_ancestors s CROSS JOIN resets r CROSS JOIN accounts a WHERE s.ancestor_id = ? AND r.organization_id = s.organization_id AND r.state = ? AND a.id = r.account_id AND ",
            [Value::Id(scope.0), Value::Text(state.to_string())],
        );
        statement.push(OF_SCOPE, [Value::Id(scope.0)]);
        statement.push(" LIMIT ?) AS found", [Value::Number(limit)]);
        run!(self, query_scalar, statement, fetch_one)
    }

    /// The audit entries of these resets of these accounts, as far as they are of a scope, oldest
    /// first.
    pub async fn entries_of(
        &mut self,
        resets: &[ResetId],
        subjects: &[AccountId],
        scope: OrganizationId,
    ) -> sqlx::Result<Vec<(ResetId, AuditId)>> {
        let mut statement = Statement::new();
        statement.push("SELECT e.reset_id, e.id FROM audit_entries e WHERE e.subject_id IN (", []);
        one_of(&mut statement, subjects.iter().map(|id| Value::Id(id.0)));
        statement.push(") AND e.reset_id IN (", []);
        one_of(&mut statement, resets.iter().map(|id| Value::Id(id.0)));
        statement.push(
            ") AND EXISTS (SELECT 1 FROM organization_ancestors s WHERE s.organization_id = e.organization_id AND s.ancestor_id = ?) ORDER BY e.id",
            [Value::Id(scope.0)],
        );
        run!(self, query_as, statement, fetch_all)
    }

    /// Resets of a scope from one on, by day since 1970 and by kind. All of it is in one index.
    pub async fn resets_by_day(
        &mut self,
        scope: OrganizationId,
        from: ResetId,
        limit: i64,
    ) -> sqlx::Result<Vec<(i64, Delivery, i64)>> {
        on!(self, c => sqlx::query_as("SELECT day, delivery, COUNT(*) FROM (SELECT r.created_at / 86400000000 AS day, r.delivery AS delivery FROM organization_ancestors s CROSS JOIN resets r WHERE s.ancestor_id = $1 AND r.organization_id = s.organization_id AND r.id >= $2 LIMIT $3) AS found GROUP BY day, delivery ORDER BY day, delivery")
            .bind(scope).bind(from).bind(limit).fetch_all(c).await)
    }

    /// The organizations of a scope with the most customers: how many these and their staff are, and
    /// how many of them have a second factor.
    pub async fn count_factors(
        &mut self,
        scope: OrganizationId,
        limit: i64,
    ) -> sqlx::Result<Vec<FactorCountRow>> {
        on!(self, c => sqlx::query_as("SELECT o.id AS organization_id, o.name, COALESCE(c.whole, 0) AS customers, COALESCE(c.part, 0) AS customers_with, COALESCE(w.whole, 0) AS staff, COALESCE(w.part, 0) AS staff_with FROM organization_ancestors s JOIN organizations o ON o.id = s.organization_id LEFT JOIN (SELECT a.organization_id, COUNT(*) AS whole, COUNT(*) FILTER (WHERE a.has_factor) AS part FROM organization_ancestors t CROSS JOIN accounts a WHERE t.ancestor_id = $1 AND a.organization_id = t.organization_id AND a.kind = 'customer' GROUP BY a.organization_id) c ON c.organization_id = o.id LEFT JOIN (SELECT a.organization_id, COUNT(*) AS whole, COUNT(*) FILTER (WHERE a.has_factor) AS part FROM organization_ancestors t CROSS JOIN accounts a WHERE t.ancestor_id = $1 AND a.organization_id = t.organization_id AND a.kind = 'staff' AND a.state = 'active' GROUP BY a.organization_id) w ON w.organization_id = o.id WHERE s.ancestor_id = $1 ORDER BY COALESCE(c.whole, 0) DESC, o.name, o.id LIMIT $2")
            .bind(scope).bind(limit).fetch_all(c).await)
    }

    /// Customers of a scope who are locked by this, up to `limit`.
    pub async fn count_locked_by(
        &mut self,
        scope: OrganizationId,
        lock: Lock,
        now: Moment,
        limit: i64,
    ) -> sqlx::Result<i64> {
        on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM (SELECT 1 FROM organization_ancestors s CROSS JOIN accounts a WHERE s.ancestor_id = $1 AND a.organization_id = s.organization_id AND a.kind = 'customer' AND a.locked_by IS NOT NULL AND a.locked_by = $2 AND (a.locked_until IS NULL OR a.locked_until > $3) LIMIT $4) AS found")
            .bind(scope).bind(lock).bind(now).bind(limit).fetch_one(c).await)
    }

    /// Customers of a scope whose permission ends after a moment, up to `limit`; all of them when
    /// that lies before all time. Counted in an index alone.
    pub async fn count_allowing_after(
        &mut self,
        scope: OrganizationId,
        moment: Moment,
        limit: i64,
    ) -> sqlx::Result<i64> {
        on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM (SELECT 1 FROM organization_ancestors s CROSS JOIN accounts a WHERE s.ancestor_id = $1 AND a.organization_id = s.organization_id AND a.kind = 'customer' AND a.resets_allowed_until > $2 LIMIT $3) AS found")
            .bind(scope).bind(moment).bind(limit).fetch_one(c).await)
    }

    /// Mails of a scope that were given up, up to `limit`.
    pub async fn count_dead_mails(
        &mut self,
        scope: OrganizationId,
        limit: i64,
    ) -> sqlx::Result<i64> {
        on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM (SELECT 1 FROM organization_ancestors s CROSS JOIN outbox m WHERE s.ancestor_id = $1 AND m.organization_id = s.organization_id AND m.state = 'dead' LIMIT $2) AS found")
            .bind(scope).bind(limit).fetch_one(c).await)
    }
}

fn bounds(statement: &mut Statement, search: &ResetSearch) {
    statement.push(" AND r.id < ?", [Value::Id(search.before.0)]);
    if let Some(state) = search.state {
        statement.push(" AND r.state = ?", [Value::Text(state.to_string())]);
    }
}
