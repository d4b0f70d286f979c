//! The audit chains.

use model::{
    Moment,
    account::AccountKind,
    audit::{ActorKind, AuditKind, Outcome},
    id::{AccountId, AuditId, OrganizationId, ResetId},
    text::{EmailAddress, Name},
};

use super::{
    Tx, on,
    statement::{Statement, Value, run},
};

/// The last line of an organization's chain.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct AuditHead {
    pub organization_id: OrganizationId,
    pub position: i64,
    pub hash: Vec<u8>,
}

/// A line of a chain.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct AuditRow {
    pub organization_id: OrganizationId,
    pub position: i64,
    pub id: AuditId,
    pub at: Moment,
    pub kind: AuditKind,
    pub outcome: Outcome,
    pub actor_kind: ActorKind,
    pub actor_id: Option<AccountId>,
    pub subject_id: Option<AccountId>,
    pub reset_id: Option<ResetId>,
    pub request_id: String,
    pub personal_digest: Vec<u8>,
    pub previous: Vec<u8>,
    pub hash: Vec<u8>,
}

/// A line as it is looked through.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct AuditCheckRow {
    #[sqlx(flatten)]
    pub row: AuditRow,
    pub salt: Option<Vec<u8>>,
    pub content: Option<String>,
}

/// A line as it is read.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct AuditReadRow {
    #[sqlx(flatten)]
    pub row: AuditRow,
    /// The name of its organization.
    pub organization: Name,
    /// Its personal values, unless erased.
    pub content: Option<String>,
}

/// Somebody whom lines may be about.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct PersonRow {
    pub id: AccountId,
    pub name: Name,
    pub email: EmailAddress,
    pub kind: AccountKind,
    /// Whether they are within the scope, and not above it.
    pub within: bool,
}

/// Lines that are looked for.
#[derive(Debug, Clone)]
pub(crate) struct AuditSearch {
    /// Of this organization and all below it.
    pub scope: OrganizationId,
    /// Done by one of these, when there is a choice.
    pub actors: Option<Vec<AccountId>>,
    /// Done to one of these, when there is a choice.
    pub subjects: Option<Vec<AccountId>>,
    /// What was done.
    pub kind: Option<AuditKind>,
    /// Newer than this.
    pub after: AuditId,
    /// Older than this.
    pub before: AuditId,
    /// Not more than so many.
    pub limit: usize,
}

/// Lines that stand in one index by time.
enum Walk {
    /// Of an organization.
    Organization(OrganizationId),
    /// By an account.
    Actor(AccountId),
    /// To an account.
    Subject(AccountId),
}

/// What is read of `e`, an entry, `p`, its personal values, and `o`, its organization.
const READ: &str = "SELECT e.organization_id, e.position, e.id, e.at, e.kind, e.outcome, e.actor_kind, e.actor_id, e.subject_id, e.reset_id, e.request_id, e.personal_digest, e.previous, e.hash, o.name AS organization, p.content FROM audit_entries e LEFT JOIN audit_personal p ON p.audit_id = e.id LEFT JOIN organizations o ON o.id = e.organization_id WHERE ";
/// That an entry is of a scope.
const IN_SCOPE: &str = "EXISTS (SELECT 1 FROM organization_ancestors s WHERE s.organization_id = e.organization_id AND s.ancestor_id = ?)";

/// The personal values of a line.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct PersonalRow {
    pub content: String,
}

impl Tx {
    /// The head of a chain, made when there is none, and held until the commit.
    pub async fn lock_audit_head(
        &mut self,
        organization: OrganizationId,
    ) -> sqlx::Result<AuditHead> {
        on!(self, c => sqlx::query_as("INSERT INTO audit_heads (organization_id, position, hash, anchored) VALUES ($1, 0, $2, 0) ON CONFLICT (organization_id) DO UPDATE SET position = audit_heads.position RETURNING organization_id, position, hash")
            .bind(organization).bind(&[0u8; 32][..]).fetch_one(c).await)
    }

    /// Appends a line; the head must be held.
    pub async fn add_audit(
        &mut self,
        row: &AuditRow,
        salt: &[u8],
        content: &str,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO audit_entries (organization_id, position, id, at, kind, outcome, actor_kind, actor_id, subject_id, reset_id, request_id, personal_digest, previous, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)")
            .bind(row.organization_id).bind(row.position).bind(row.id).bind(row.at).bind(row.kind).bind(row.outcome).bind(row.actor_kind)
            .bind(row.actor_id).bind(row.subject_id).bind(row.reset_id).bind(&row.request_id).bind(&row.personal_digest).bind(&row.previous).bind(&row.hash)
            .execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("INSERT INTO audit_personal (audit_id, salt, content) VALUES ($1, $2, $3)").bind(row.id).bind(salt).bind(content).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("UPDATE audit_heads SET position = $2, hash = $3 WHERE organization_id = $1")
            .bind(row.organization_id).bind(row.position).bind(&row.hash).execute(c).await.map(drop))
    }

    /// Every head.
    pub async fn audit_heads(&mut self) -> sqlx::Result<Vec<AuditHead>> {
        on!(self, c => sqlx::query_as("SELECT organization_id, position, hash FROM audit_heads ORDER BY organization_id").fetch_all(c).await)
    }

    /// The head of one chain.
    pub async fn audit_head(
        &mut self,
        organization: OrganizationId,
    ) -> sqlx::Result<Option<AuditHead>> {
        on!(self, c => sqlx::query_as("SELECT organization_id, position, hash FROM audit_heads WHERE organization_id = $1").bind(organization).fetch_optional(c).await)
    }

    /// The hash of a line, as it is stored.
    pub async fn audit_hash(
        &mut self,
        organization: OrganizationId,
        position: i64,
    ) -> sqlx::Result<Option<Vec<u8>>> {
        on!(self, c => sqlx::query_scalar("SELECT hash FROM audit_entries WHERE organization_id = $1 AND position = $2").bind(organization).bind(position).fetch_optional(c).await)
    }

    /// Organizations that have lines and no head.
    pub async fn audit_headless(&mut self) -> sqlx::Result<Vec<OrganizationId>> {
        on!(self, c => sqlx::query_scalar("SELECT DISTINCT organization_id FROM audit_entries WHERE organization_id NOT IN (SELECT organization_id FROM audit_heads) ORDER BY organization_id").fetch_all(c).await)
    }

    /// Up to `limit` lines of a chain after `position`, each with its personal values unless they
    /// were erased.
    pub async fn audit_after(
        &mut self,
        organization: OrganizationId,
        position: i64,
        limit: i64,
    ) -> sqlx::Result<Vec<AuditCheckRow>> {
        on!(self, c => sqlx::query_as("SELECT e.organization_id, e.position, e.id, e.at, e.kind, e.outcome, e.actor_kind, e.actor_id, e.subject_id, e.reset_id, e.request_id, e.personal_digest, e.previous, e.hash, p.salt, p.content FROM audit_entries e LEFT JOIN audit_personal p ON p.audit_id = e.id WHERE e.organization_id = $1 AND e.position > $2 ORDER BY e.position LIMIT $3")
            .bind(organization).bind(position).bind(limit).fetch_all(c).await)
    }

    /// The personal values of a line, unless erased.
    pub async fn audit_personal(&mut self, id: AuditId) -> sqlx::Result<Option<PersonalRow>> {
        on!(self, c => sqlx::query_as("SELECT content FROM audit_personal WHERE audit_id = $1").bind(id).fetch_optional(c).await)
    }

    /// The latest entry about a reset of an account.
    pub async fn latest_audit_of_reset(
        &mut self,
        subject: AccountId,
        reset: ResetId,
    ) -> sqlx::Result<Option<AuditId>> {
        on!(self, c => sqlx::query_scalar("SELECT id FROM audit_entries WHERE subject_id = $1 AND reset_id = $2 ORDER BY id DESC LIMIT 1")
            .bind(subject).bind(reset).fetch_optional(c).await)
    }

    /// Up to `limit` lines about an account, newest first, older than `before`.
    pub async fn audit_about(
        &mut self,
        subject: AccountId,
        before: Option<AuditId>,
        limit: i64,
    ) -> sqlx::Result<Vec<AuditRow>> {
        on!(self, c => sqlx::query_as("SELECT organization_id, position, id, at, kind, outcome, actor_kind, actor_id, subject_id, reset_id, request_id, personal_digest, previous, hash FROM audit_entries WHERE subject_id = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3")
            .bind(subject).bind(before).bind(limit).fetch_all(c).await)
    }

    /// Lines that are looked for, newest first.
    ///
    /// Each organization, actor and subject has its lines in an index by time. Those of several are
    /// merged: in the order of their newest line, until no other one can have anything newer than
    /// what was found. For a scope of many organizations that is one look into the index for each of
    /// them, then a page from a few, however many lines there are.
    pub async fn find_audit(&mut self, search: &AuditSearch) -> sqlx::Result<Vec<AuditReadRow>> {
        let walks: Vec<(AuditId, Walk)> = match (&search.subjects, &search.actors) {
            (Some(subjects), _) => {
                subjects.iter().map(|id| (search.before, Walk::Subject(*id))).collect()
            }
            (None, Some(actors)) => {
                actors.iter().map(|id| (search.before, Walk::Actor(*id))).collect()
            }
            (None, None) => {
                let newest = self.newest_audit(search).await?;
                newest.into_iter().map(|(id, newest)| (newest, Walk::Organization(id))).collect()
            }
        };
        let mut found: Vec<AuditReadRow> = Vec::new();
        for (newest, walk) in walks {
            let is_full = found.len() >= search.limit;
            if is_full && found.last().is_some_and(|oldest| oldest.row.id > newest) {
                break;
            }
            found.extend(self.walk_audit(&walk, newest, search).await?);
            found.sort_by_key(|line| std::cmp::Reverse(line.row.id));
            found.truncate(search.limit);
        }
        Ok(found)
    }

    /// The organizations of a scope that have what is looked for, each with its newest line: those
    /// with the newest ones, the newest first.
    async fn newest_audit(
        &mut self,
        search: &AuditSearch,
    ) -> sqlx::Result<Vec<(OrganizationId, AuditId)>> {
        let mut statement = Statement::new();
        statement.push("SELECT id, newest FROM (SELECT s.organization_id AS id, (SELECT e.id FROM audit_entries e WHERE e.organization_id = s.organization_id", []);
        within_bounds(&mut statement, search);
        statement.push(
            " ORDER BY e.id DESC LIMIT 1) AS newest FROM organization_ancestors s WHERE s.ancestor_id = ?) AS organizations WHERE newest IS NOT NULL ORDER BY newest DESC LIMIT ?",
            [Value::Id(search.scope.0), Value::Number(as_limit(search.limit))],
        );
        run!(self, query_as, statement, fetch_all)
    }

    async fn walk_audit(
        &mut self,
        walk: &Walk,
        newest: AuditId,
        search: &AuditSearch,
    ) -> sqlx::Result<Vec<AuditReadRow>> {
        let mut statement = Statement::new();
        statement.push(READ, []);
        match walk {
            Walk::Organization(id) => statement.push("e.organization_id = ?", [Value::Id(id.0)]),
            Walk::Actor(id) => statement.push("e.actor_id = ?", [Value::Id(id.0)]),
            Walk::Subject(id) => statement.push("e.subject_id = ?", [Value::Id(id.0)]),
        }
        within_bounds(&mut statement, search);
        // Whichever index is walked, nothing is in the way of the first one.
        statement.push(" AND e.id <= ?", [Value::Id(newest.0)]);
        if !matches!(walk, Walk::Organization(_)) {
            statement.push(&format!(" AND {IN_SCOPE}"), [Value::Id(search.scope.0)]);
        }
        if let (Walk::Subject(_), Some(actors)) = (walk, &search.actors) {
            let places = vec!["?"; actors.len()].join(", ");
            let actors = actors.iter().map(|id| Value::Id(id.0));
            // Nobody at all is nobody, and not everybody.
            let condition = if places.is_empty() {
                "FALSE".into()
            } else {
                format!("e.actor_id IN ({places})")
            };
            statement.push(&format!(" AND {condition}"), actors);
        }
        statement.push(" ORDER BY e.id DESC LIMIT ?", [Value::Number(as_limit(search.limit))]);
        run!(self, query_as, statement, fetch_all)
    }

    /// One line of a scope.
    pub async fn audit_entry(
        &mut self,
        id: AuditId,
        scope: OrganizationId,
    ) -> sqlx::Result<Option<AuditReadRow>> {
        let mut statement = Statement::new();
        statement.push(READ, []);
        statement.push(&format!("e.id = ? AND {IN_SCOPE}"), [Value::Id(id.0), Value::Id(scope.0)]);
        run!(self, query_as, statement, fetch_optional)
    }

    /// The lines of a reset, as far as they are of a scope, oldest first.
    pub async fn audit_of_reset(
        &mut self,
        reset: ResetId,
        subject: AccountId,
        scope: OrganizationId,
        limit: i64,
    ) -> sqlx::Result<Vec<AuditReadRow>> {
        let mut statement = Statement::new();
        statement.push(READ, []);
        statement.push(
            &format!("e.subject_id = ? AND e.reset_id = ? AND {IN_SCOPE} ORDER BY e.id LIMIT ?"),
            [Value::Id(subject.0), Value::Id(reset.0), Value::Id(scope.0), Value::Number(limit)],
        );
        run!(self, query_as, statement, fetch_all)
    }

    /// Somebody, if they are of a scope.
    pub async fn person_of(
        &mut self,
        id: AccountId,
        scope: OrganizationId,
    ) -> sqlx::Result<Option<PersonRow>> {
        on!(self, c => sqlx::query_as("SELECT a.id, a.name, a.email, a.kind, TRUE AS within FROM accounts a JOIN organization_ancestors s ON s.organization_id = a.organization_id WHERE a.id = $1 AND s.ancestor_id = $2")
            .bind(id).bind(scope).fetch_optional(c).await)
    }

    /// The staff of a scope and of the organizations above it.
    pub async fn staff_around(
        &mut self,
        scope: OrganizationId,
        limit: i64,
    ) -> sqlx::Result<Vec<PersonRow>> {
        on!(self, c => sqlx::query_as("SELECT a.id, a.name, a.email, a.kind, EXISTS (SELECT 1 FROM organization_ancestors s WHERE s.organization_id = a.organization_id AND s.ancestor_id = $1) AS within FROM accounts a WHERE a.kind = 'staff' AND a.organization_id IN (SELECT organization_id FROM organization_ancestors WHERE ancestor_id = $1 UNION SELECT ancestor_id FROM organization_ancestors WHERE organization_id = $1) ORDER BY a.id LIMIT $2")
            .bind(scope).bind(limit).fetch_all(c).await)
    }

    /// The organizations of a scope from one on, by id.
    pub async fn scope_from(
        &mut self,
        scope: OrganizationId,
        from: OrganizationId,
        limit: i64,
    ) -> sqlx::Result<Vec<(OrganizationId, Name)>> {
        on!(self, c => sqlx::query_as("SELECT o.id, o.name FROM organization_ancestors s JOIN organizations o ON o.id = s.organization_id WHERE s.ancestor_id = $1 AND s.organization_id >= $2 ORDER BY o.id LIMIT $3")
            .bind(scope).bind(from).bind(limit).fetch_all(c).await)
    }
}

fn within_bounds(statement: &mut Statement, search: &AuditSearch) {
    statement.push(
        " AND e.id > ? AND e.id < ?",
        [Value::Id(search.after.0), Value::Id(search.before.0)],
    );
    if let Some(kind) = search.kind {
        statement.push(" AND e.kind = ?", [Value::Text(kind.to_string())]);
    }
}

fn as_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
