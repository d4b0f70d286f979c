//! Customers as they are found, ordered and counted.
//!
//! A page of the list comes about in one of two ways. When few are looked for (by words, or by a
//! state), those few are *gathered* through the index of what is looked for, and then ordered.
//! When many are, one *walks* along the order and leaves out who does not fit, which is soon done
//! since many do.

use std::collections::BTreeSet;

use model::{
    Moment,
    account::{AccountState, Language, Lock},
    customer::{COUNTED, CustomerOrder, CustomerState},
    id::{AccountId, OrganizationId},
    text::{EmailAddress, Name, UserName},
};

use super::{
    Tx, on,
    statement::{Statement, Value, run},
};
use crate::fold;

/// More than so many in a state are not gathered: the index of a state gives them at once.
const FEW: i64 = 5_000;
/// More than so many with these words are not gathered: each costs a look at its text.
const FEW_HITS: i64 = 1_000;

/// Where a page begins: behind this place in the order.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// By name or by company.
    Text(String, AccountId),
    /// By the last sign-in.
    Moment(Moment, AccountId),
}

/// What is looked for.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    pub scope: OrganizationId,
    /// Parts of the searchable text ([`crate::fold::parts`]).
    pub parts: Vec<String>,
    pub state: Option<CustomerState>,
    pub order: CustomerOrder,
    pub descending: bool,
    pub behind: Option<Place>,
    pub limit: i64,
    pub now: Moment,
}

/// A customer in the list.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct CustomerListRow {
    pub id: AccountId,
    pub name: Name,
    pub company: Option<String>,
    pub email: EmailAddress,
    pub reference: Option<String>,
    pub organization: Name,
    pub state: AccountState,
    pub locked_by: Option<Lock>,
    pub locked_until: Option<Moment>,
    pub must_change_password: bool,
    pub resets_allowed_until: Moment,
    pub last_sign_in_at: Option<Moment>,
    pub user_name: Option<UserName>,
    pub language: Language,
    pub created_at: Moment,
}

/// All that is told of a customer.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct CustomerDetailRow {
    #[sqlx(flatten)]
    pub row: CustomerListRow,
    pub organization_id: OrganizationId,
    pub updated_at: Moment,
    pub password_changed_at: Option<Moment>,
    pub password_expires_at: Option<Moment>,
}

/// What a customer is ordered and found by.
struct Listing {
    name_key: String,
    company_key: String,
    text: String,
}

/// An organization in a scope.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ScopeRow {
    pub id: OrganizationId,
    pub parent_id: Option<OrganizationId>,
    pub name: Name,
    pub distance: i32,
}

/// The condition for a state, about `a`, an account. The words are those of the partial indexes.
fn state_condition(statement: &mut Statement, state: CustomerState, now: Moment) {
    let now = [Value::Number(now.0)];
    match state {
        CustomerState::Locked => statement.push(
            "a.locked_by IS NOT NULL AND (a.locked_until IS NULL OR a.locked_until > ?)",
            now,
        ),
        CustomerState::MustChangePassword => statement.push("a.must_change_password", []),
        CustomerState::NoConsent => statement.push("a.resets_allowed_until <= ?", now),
        CustomerState::NeverSignedIn => statement.push("a.last_sign_in_at IS NULL", []),
        CustomerState::Suspended => statement.push("a.state = 'suspended'", []),
    }
}

/// The index of a state.
fn state_index(state: CustomerState) -> &'static str {
    match state {
        CustomerState::Locked => "accounts_locked_by",
        CustomerState::MustChangePassword => "accounts_must_change",
        CustomerState::NoConsent => "accounts_consent",
        CustomerState::NeverSignedIn => "accounts_never_signed_in",
        CustomerState::Suspended => "accounts_suspended",
    }
}

/// What is selected of `a`, an account, and `o`, its organization.
const COLUMNS: &str = "a.id, a.name, a.company, a.email, a.reference, o.name AS organization, a.state, a.locked_by, a.locked_until, a.must_change_password, a.resets_allowed_until, a.last_sign_in_at, a.user_name, a.language, a.created_at";

impl Tx {
    async fn list_customer(&mut self, id: AccountId, listing: &Listing) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO customer_listings (account_id, ancestor_id, name_key, company_key, last_sign_in_at) SELECT accounts.id, ancestor_id, $2, $3, COALESCE(last_sign_in_at, 0) FROM accounts JOIN organization_ancestors ON organization_ancestors.organization_id = accounts.organization_id WHERE accounts.id = $1 ON CONFLICT (account_id, ancestor_id) DO UPDATE SET name_key = excluded.name_key, company_key = excluded.company_key")
            .bind(id).bind(&listing.name_key).bind(&listing.company_key).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("INSERT INTO customer_texts (account_id, text) VALUES ($1, $2) ON CONFLICT (account_id) DO UPDATE SET text = excluded.text")
            .bind(id).bind(&listing.text).execute(c).await.map(drop))
    }

    /// Lists an account as what it is called now, if it is a customer.
    pub async fn relist(&mut self, id: AccountId) -> sqlx::Result<()> {
        #[derive(sqlx::FromRow)]
        struct Called {
            name: String,
            company: Option<String>,
            email: String,
            user_name: Option<String>,
            reference: Option<String>,
        }
        let called: Option<Called> = on!(self, c => sqlx::query_as("SELECT name, company, email, user_name, reference FROM accounts WHERE id = $1 AND kind = 'customer'").bind(id).fetch_optional(c).await)?;
        let Some(called) = called else { return Ok(()) };
        let texts = [
            Some(called.name.as_str()),
            called.company.as_deref(),
            Some(called.email.as_str()),
            called.user_name.as_deref(),
            called.reference.as_deref(),
        ];
        let listing = Listing {
            name_key: fold::key(Some(&called.name)),
            company_key: fold::key(called.company.as_deref()),
            text: fold::searchable(texts.into_iter().flatten()),
        };
        self.list_customer(id, &listing).await
    }

    /// Customers whom nobody finds yet, a few of them.
    pub async fn unlisted_customers(&mut self, limit: i64) -> sqlx::Result<Vec<AccountId>> {
        on!(self, c => sqlx::query_scalar("SELECT id FROM accounts WHERE kind = 'customer' AND NOT EXISTS (SELECT 1 FROM customer_texts WHERE account_id = accounts.id) ORDER BY id LIMIT $1").bind(limit).fetch_all(c).await)
    }

    /// Whether an organization is another one or below it.
    pub async fn is_within(
        &mut self,
        organization: OrganizationId,
        scope: OrganizationId,
    ) -> sqlx::Result<bool> {
        let found: i64 = on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM organization_ancestors WHERE organization_id = $1 AND ancestor_id = $2").bind(organization).bind(scope).fetch_one(c).await)?;
        Ok(found > 0)
    }

    /// An organization with all below it.
    pub async fn scopes(&mut self, top: OrganizationId) -> sqlx::Result<Vec<ScopeRow>> {
        on!(self, c => sqlx::query_as("SELECT id, parent_id, name, distance FROM organization_ancestors JOIN organizations ON id = organization_id WHERE ancestor_id = $1 ORDER BY distance, created_at, id").bind(top).fetch_all(c).await)
    }

    /// How many organizations there are in a scope.
    pub async fn count_scopes(&mut self, top: OrganizationId) -> sqlx::Result<i64> {
        on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM organization_ancestors WHERE ancestor_id = $1").bind(top).fetch_one(c).await)
    }

    /// A customer, whichever organization looks after them.
    pub async fn customer(&mut self, id: AccountId) -> sqlx::Result<Option<CustomerDetailRow>> {
        on!(self, c => sqlx::query_as("SELECT a.id, a.name, a.company, a.email, a.reference, o.name AS organization, a.state, a.locked_by, a.locked_until, a.must_change_password, a.resets_allowed_until, a.last_sign_in_at, a.organization_id, a.user_name, a.language, a.created_at, a.updated_at, a.password_changed_at, a.password_expires_at FROM accounts a JOIN organizations o ON o.id = a.organization_id WHERE a.id = $1 AND a.kind = 'customer'").bind(id).fetch_optional(c).await)
    }

    /// Where a customer stands in the order of a scope.
    pub async fn place(
        &mut self,
        id: AccountId,
        scope: OrganizationId,
        order: CustomerOrder,
    ) -> sqlx::Result<Option<Place>> {
        let row: Option<(String, String, Moment)> = on!(self, c => sqlx::query_as("SELECT name_key, company_key, last_sign_in_at FROM customer_listings WHERE account_id = $1 AND ancestor_id = $2").bind(id).bind(scope).fetch_optional(c).await)?;
        Ok(row.map(|(name, company, moment)| match order {
            CustomerOrder::Name => Place::Text(name, id),
            CustomerOrder::Company => Place::Text(company, id),
            CustomerOrder::LastSignIn => Place::Moment(moment, id),
        }))
    }

    /// How many customers there are in a scope, up to one more than [`COUNTED`].
    pub async fn count_customers(&mut self, scope: OrganizationId) -> sqlx::Result<i64> {
        on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM (SELECT 1 FROM customer_listings WHERE ancestor_id = $1 LIMIT $2) AS found")
            .bind(scope).bind(i64::from(COUNTED) + 1).fetch_one(c).await)
    }

    /// How many customers of a scope are in a state, up to `limit`.
    pub async fn count_in_state(
        &mut self,
        scope: OrganizationId,
        state: CustomerState,
        now: Moment,
        limit: i64,
    ) -> sqlx::Result<i64> {
        let mut statement = Statement::new();
        statement.push("SELECT COUNT(*) FROM (", []);
        self.in_state(&mut statement, "1", scope, state, now);
        statement.push(" LIMIT ?) AS found", [Value::Number(limit)]);
        run!(self, query_scalar, statement, fetch_one)
    }

    /// How many customers anywhere have these parts in their text, up to one more than are
    /// gathered.
    async fn count_hits(&mut self, parts: &[String]) -> sqlx::Result<i64> {
        let mut statement = Statement::new();
        statement.push("SELECT COUNT(*) FROM (", []);
        self.hits(&mut statement, "1", parts);
        statement.push(" LIMIT ?) AS found", [Value::Number(FEW_HITS + 1)]);
        run!(self, query_scalar, statement, fetch_one)
    }

    /// Those who have these parts in their text, through the index of trigrams.
    fn hits(&self, statement: &mut Statement, column: &str, parts: &[String]) {
        match self {
            Self::Sqlite(_) => {
                let trigrams: BTreeSet<String> = parts
                    .iter()
                    .flat_map(|part| {
                        let letters: Vec<char> = part.chars().collect();
                        letters
                            .windows(3)
                            .map(|three| format!("\"{}\"", three.iter().collect::<String>()))
                            .collect::<Vec<_>>()
                    })
                    .collect();
                let trigrams: Vec<String> = trigrams.into_iter().collect();
                statement.push(
                    &format!("SELECT {column} FROM customer_trigrams CROSS JOIN customer_texts AS t WHERE customer_trigrams MATCH ? AND t.number = customer_trigrams.rowid"),
                    [Value::Text(trigrams.join(" AND "))],
                );
                for part in parts {
                    statement.push(" AND instr(t.text, ?) > 0", [Value::Text(part.clone())]);
                }
            }
            Self::Postgres(_) => {
                statement.push(&format!("SELECT {column} FROM customer_texts AS t WHERE TRUE"), []);
                for part in parts {
                    statement.push(" AND t.text LIKE ?", [Value::Text(format!("%{part}%"))]);
                }
            }
        }
    }

    /// One page of customers of a scope.
    pub async fn find_customers(&mut self, search: &Search) -> sqlx::Result<Vec<CustomerListRow>> {
        let statement = self.found(search, true).await?;
        run!(self, query_as, statement, fetch_all)
    }

    /// How many customers there are on all pages from here on.
    pub async fn count_found(&mut self, search: &Search) -> sqlx::Result<i64> {
        let mut statement = self.found(search, false).await?;
        statement.text = format!("SELECT COUNT(*) FROM ({}) AS found", statement.text);
        run!(self, query_scalar, statement, fetch_one)
    }

    /// What finds customers: one page of them in order, or all.
    async fn found(&mut self, search: &Search, one_page: bool) -> sqlx::Result<Statement> {
        // What has no trigram is looked for on the way only.
        let indexed: Vec<String> =
            search.parts.iter().filter(|part| part.chars().count() >= 3).cloned().collect();
        if let Self::Postgres(tx) = self {
            // Otherwise a guess that many will be found makes it read everything.
            sqlx::query("SET LOCAL enable_seqscan = off").execute(&mut **tx).await?;
        }
        let few_hits = !indexed.is_empty() && self.count_hits(&indexed).await? <= FEW_HITS;
        let few_in_state = match search.state {
            Some(state) if !few_hits => {
                self.count_in_state(search.scope, state, search.now, FEW + 1).await? <= FEW
            }
            _ => false,
        };

        let mut statement = Statement::new();
        if few_hits {
            statement.push("WITH gathered AS MATERIALIZED (", []);
            self.hits(&mut statement, "t.account_id AS id", &indexed);
            statement.push(") ", []);
        } else if let Some(state) = search.state.filter(|_| few_in_state) {
            statement.push("WITH gathered AS MATERIALIZED (", []);
            self.in_state(&mut statement, "a.id", search.scope, state, search.now);
            statement.push(") ", []);
        }
        let gathers = few_hits || few_in_state;
        statement.push(&format!("SELECT {COLUMNS} FROM "), []);
        statement.push(if gathers { "gathered CROSS JOIN " } else { "" }, []);
        // The text before all else that is told: most of those walked by do not fit.
        let texts = if search.parts.is_empty() { "" } else { " CROSS JOIN customer_texts t" };
        statement.push(
            &format!("customer_listings l{texts} CROSS JOIN accounts a CROSS JOIN organizations o"),
            [],
        );
        statement.push(" WHERE l.ancestor_id = ?", [Value::Id(search.scope.0)]);
        statement.push(if gathers { " AND l.account_id = gathered.id" } else { "" }, []);
        statement.push(" AND a.id = l.account_id AND o.id = a.organization_id", []);
        if !search.parts.is_empty() {
            statement.push(" AND t.account_id = l.account_id", []);
        }
        for part in &search.parts {
            let contains = match self {
                Self::Sqlite(_) => " AND instr(t.text, ?) > 0",
                Self::Postgres(_) => " AND strpos(t.text, ?) > 0",
            };
            statement.push(contains, [Value::Text(part.clone())]);
        }
        if let Some(state) = search.state {
            statement.push(" AND ", []);
            state_condition(&mut statement, state, search.now);
            if state == CustomerState::NeverSignedIn {
                statement.push(" AND l.last_sign_in_at = 0", []);
            }
        }
        let key = match search.order {
            CustomerOrder::Name => "l.name_key",
            CustomerOrder::Company => "l.company_key",
            CustomerOrder::LastSignIn => "l.last_sign_in_at",
        };
        let (behind, direction) = if search.descending { ("<", " DESC") } else { (">", "") };
        if let Some(place) = &search.behind {
            let (place, id) = match place {
                Place::Text(text, id) => (Value::Text(text.clone()), id),
                Place::Moment(moment, id) => (Value::Number(moment.0), id),
            };
            statement.push(
                &format!(" AND ({key}, l.account_id) {behind} (?, ?)"),
                [place, Value::Id(id.0)],
            );
        }
        if one_page {
            statement.push(
                &format!(" ORDER BY {key}{direction}, l.account_id{direction} LIMIT ?"),
                [Value::Number(search.limit)],
            );
        }
        Ok(statement)
    }

    /// The customers of a scope who are in a state, through the index of that state. SQLite has to
    /// be told which: it prefers the one that has the kind of account in it, and reads them all.
    fn in_state(
        &self,
        statement: &mut Statement,
        column: &str,
        scope: OrganizationId,
        state: CustomerState,
        now: Moment,
    ) {
        let hint = match self {
            Self::Sqlite(_) => format!(" INDEXED BY {}", state_index(state)),
            Self::Postgres(_) => String::new(),
        };
        statement.push(
            &format!("SELECT {column} FROM organization_ancestors s CROSS JOIN accounts a{hint} WHERE s.ancestor_id = ? AND a.organization_id = s.organization_id AND a.kind = 'customer' AND "),
            [Value::Id(scope.0)],
        );
        state_condition(statement, state, now);
    }
}
