//! Customers as they are found, ordered and counted.
//!
//! A page of the list comes about in one of two ways. When few are looked for (by words, or by a
//! state), those few are *gathered* through the index of what is looked for, and then ordered.
//! When many are, one *walks* along the order and leaves out who does not fit, which is soon done
//! since many do.

use model::{
    Moment,
    account::{AccountState, Language, Lock},
    customer::{COUNTED, CustomerOrder, CustomerState},
    id::{AccountId, ConnectorId, OrganizationId},
    organization::OrganizationState,
    text::{EmailAddress, Name, UserName},
};

use super::{
    Tx, on,
    statement::{Statement, Value, run},
};
use crate::{common::Wanted, fold};

/// More than so many, with these words or in this state, are not gathered: of so many some are met
/// soon by whoever walks.
const FEW: i64 = 5_000;

/// Steps of the golden ratio come near no place twice for as long as possible …
const GOLDEN: i64 = 61_797;
/// … and are taken around a prime: customers are often numbered, in tens and hundreds.
const PRIME: i64 = 99_991;

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
    /// What has to stand in the searchable text.
    pub wanted: Wanted,
    pub state: Option<CustomerState>,
    /// Only those with an account in this downstream system.
    pub connector: Option<ConnectorId>,
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
    pub organization_id: OrganizationId,
    pub state: AccountState,
    pub locked_by: Option<Lock>,
    pub locked_until: Option<Moment>,
    pub must_change_password: bool,
    pub has_factor: bool,
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
    scopes: String,
}

/// How many customers of a scope there are in all and in each state, none counted beyond a limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    pub all: i64,
    /// In the order of [`CustomerState::ALL`].
    pub in_state: [i64; CustomerState::ALL.len()],
}

/// An organization in a scope.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ScopeRow {
    pub id: OrganizationId,
    pub parent_id: Option<OrganizationId>,
    pub name: Name,
    pub state: OrganizationState,
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
        CustomerState::NoFactor => statement.push("a.has_factor = FALSE", []),
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
        CustomerState::NoFactor => "accounts_factor",
        CustomerState::Suspended => "accounts_suspended",
    }
}

/// The condition that an account has one in a downstream system. Counted, and not asked whether it
/// exists: a planner would make a join of that, and begin it with everybody who has.
fn has_service(statement: &mut Statement, connector: ConnectorId, account: &str) {
    statement.push(
        &format!(" AND (SELECT COUNT(*) FROM service_accounts v WHERE v.connector_id = ? AND v.account_id = {account}) > 0"),
        [Value::Id(connector.0)],
    );
}

/// Has a statement go on behind the place where a page begins, in order, and end after so many.
fn behind(
    statement: &mut Statement,
    search: &Search,
    gathers: bool,
    key: &str,
    limit: Option<i64>,
) {
    // Whose place is behind is compared last too, for the same reason.
    let (join, key) = if gathers {
        statement.push("), found AS MATERIALIZED (SELECT id, place FROM placed", []);
        (" WHERE", "place, id".to_owned())
    } else {
        (" AND", format!("{key}, l.account_id"))
    };
    if let Some(place) = &search.behind {
        let (place, id) = match place {
            Place::Text(text, id) => (Value::Text(text.clone()), id),
            Place::Moment(moment, id) => (Value::Number(moment.0), id),
        };
        let behind = if search.descending { "<" } else { ">" };
        statement.push(&format!("{join} ({key}) {behind} (?, ?)"), [place, Value::Id(id.0)]);
    }
    if let Some(limit) = limit {
        let direction = direction(search);
        statement.push(
            &format!(" ORDER BY place{direction}, id{direction} LIMIT ?"),
            [Value::Number(limit)],
        );
    }
}

fn direction(search: &Search) -> &'static str {
    if search.descending { " DESC" } else { "" }
}

/// What SQLite's index of texts is asked for: who has all of these.
fn asked_of_sqlite(wanted: &Wanted) -> String {
    let asked = wanted.rare.iter().chain(&wanted.scope);
    asked.map(|one| format!("\"{one}\"")).collect::<Vec<_>>().join(" AND ")
}

/// The conditions on a text, `t`, that PostgreSQL's index of texts answers. Three letters that
/// follow upon others are asked for in one piece.
fn ask_postgres(statement: &mut Statement, wanted: &Wanted) {
    for part in &wanted.parts {
        let mut piece = String::new();
        for three in fold::threes(part).map(Some).chain([None]) {
            match three.filter(|three| wanted.rare.contains(three)) {
                Some(three) if piece.is_empty() => piece = three,
                Some(three) => piece.extend(three.chars().last()),
                None if piece.is_empty() => {}
                None => {
                    let like = Value::Text(format!("%{}%", std::mem::take(&mut piece)));
                    statement.push(" AND t.text LIKE ?", [like]);
                }
            }
        }
    }
    if let Some(scope) = &wanted.scope {
        statement
            .push(" AND string_to_array(t.scopes, ' ') @> ARRAY[?]", [Value::Text(scope.clone())]);
    }
}

/// What is selected of `a`, an account, and `o`, its organization.
const COLUMNS: &str = "a.id, a.name, a.company, a.email, a.reference, o.name AS organization, a.organization_id, a.state, a.locked_by, a.locked_until, a.must_change_password, a.has_factor, a.resets_allowed_until, a.last_sign_in_at, a.user_name, a.language, a.created_at";

impl Tx {
    async fn list_customer(&mut self, id: AccountId, listing: &Listing) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO customer_listings (account_id, ancestor_id, name_key, company_key, last_sign_in_at) SELECT accounts.id, ancestor_id, $2, $3, COALESCE(last_sign_in_at, 0) FROM accounts JOIN organization_ancestors ON organization_ancestors.organization_id = accounts.organization_id WHERE accounts.id = $1 ON CONFLICT (account_id, ancestor_id) DO UPDATE SET name_key = excluded.name_key, company_key = excluded.company_key")
            .bind(id).bind(&listing.name_key).bind(&listing.company_key).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("INSERT INTO customer_texts (account_id, text, scopes) VALUES ($1, $2, $3) ON CONFLICT (account_id) DO UPDATE SET text = excluded.text, scopes = excluded.scopes")
            .bind(id).bind(&listing.text).bind(&listing.scopes).execute(c).await.map(drop))?;
        on!(self, c => sqlx::query("UPDATE accounts SET name_key = $2, company_key = $3 WHERE id = $1 AND (name_key <> $2 OR company_key <> $3)")
            .bind(id).bind(&listing.name_key).bind(&listing.company_key).execute(c).await.map(drop))
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
            organization_id: OrganizationId,
        }
        let called: Option<Called> = on!(self, c => sqlx::query_as("SELECT name, company, email, user_name, reference, organization_id FROM accounts WHERE id = $1 AND kind = 'customer'").bind(id).fetch_optional(c).await)?;
        let Some(called) = called else { return Ok(()) };
        let scopes: Vec<OrganizationId> = on!(self, c => sqlx::query_scalar("SELECT ancestor_id FROM organization_ancestors WHERE organization_id = $1 ORDER BY distance").bind(called.organization_id).fetch_all(c).await)?;
        // As whom other systems know them, too.
        let services: Vec<String> = on!(self, c => sqlx::query_scalar("SELECT name FROM service_accounts WHERE account_id = $1 ORDER BY created_at, id").bind(id).fetch_all(c).await)?;
        let texts = [
            Some(called.name.as_str()),
            called.company.as_deref(),
            Some(called.email.as_str()),
            called.user_name.as_deref(),
            called.reference.as_deref(),
        ];
        let texts = texts.into_iter().flatten().chain(services.iter().map(String::as_str));
        let listing = Listing {
            name_key: fold::key(Some(&called.name)),
            company_key: fold::key(called.company.as_deref()),
            text: fold::searchable(texts),
            scopes: scopes.into_iter().map(fold::scope).collect::<Vec<_>>().join(" "),
        };
        self.list_customer(id, &listing).await
    }

    /// Customers after this one whom nobody finds yet, a few of them.
    pub async fn unlisted_customers(
        &mut self,
        after: AccountId,
        limit: i64,
    ) -> sqlx::Result<Vec<AccountId>> {
        on!(self, c => sqlx::query_scalar("SELECT id FROM accounts WHERE id > $1 AND kind = 'customer' AND (name_key = '' OR NOT EXISTS (SELECT 1 FROM customer_texts WHERE account_id = accounts.id AND scopes <> '')) ORDER BY id LIMIT $2").bind(after).bind(limit).fetch_all(c).await)
    }

    /// What some customers are found by, with the words of their scopes: so many stretches of so
    /// many, spread over all there are so that numbers which repeat themselves do not fall in with
    /// it; none when there are fewer than `least`.
    pub async fn some_customer_texts(
        &mut self,
        stretches: i64,
        each: i64,
        least: i64,
    ) -> sqlx::Result<Vec<(String, String)>> {
        let last: Option<i64> = on!(self, c => sqlx::query_scalar("SELECT MAX(number) FROM customer_texts").fetch_one(c).await)?;
        let last = last.unwrap_or_default();
        if last < least {
            return Ok(Vec::new());
        }
        let mut statement = Statement::new();
        for stretch in 0..stretches {
            statement.push(if stretch > 0 { " UNION ALL " } else { "" }, []);
            statement.push(
                "SELECT text, scopes FROM (SELECT text, scopes FROM customer_texts WHERE number >= ? ORDER BY number LIMIT ?) AS one",
                [Value::Number(last * (stretch * GOLDEN % PRIME) / PRIME), Value::Number(each)],
            );
        }
        run!(self, query_as, statement, fetch_all)
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
        on!(self, c => sqlx::query_as("SELECT id, parent_id, name, state, distance FROM organization_ancestors JOIN organizations ON id = organization_id WHERE ancestor_id = $1 ORDER BY distance, created_at, id").bind(top).fetch_all(c).await)
    }

    /// How many organizations there are in a scope.
    pub async fn count_scopes(&mut self, top: OrganizationId) -> sqlx::Result<i64> {
        on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM organization_ancestors WHERE ancestor_id = $1").bind(top).fetch_one(c).await)
    }

    /// A customer, whichever organization looks after them.
    pub async fn customer(&mut self, id: AccountId) -> sqlx::Result<Option<CustomerDetailRow>> {
        on!(self, c => sqlx::query_as("SELECT a.id, a.name, a.company, a.email, a.reference, o.name AS organization, a.state, a.locked_by, a.locked_until, a.must_change_password, a.has_factor, a.resets_allowed_until, a.last_sign_in_at, a.organization_id, a.user_name, a.language, a.created_at, a.updated_at, a.password_changed_at, a.password_expires_at FROM accounts a JOIN organizations o ON o.id = a.organization_id WHERE a.id = $1 AND a.kind = 'customer'").bind(id).fetch_optional(c).await)
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

    /// How many customers of a scope there are in all and in each state, each counted up to one
    /// more than [`COUNTED`].
    pub async fn count_customers(
        &mut self,
        scope: OrganizationId,
        now: Moment,
    ) -> sqlx::Result<Counts> {
        let limit = i64::from(COUNTED) + 1;
        let mut statement = Statement::new();
        statement.push(
            "SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM customer_listings WHERE ancestor_id = ? LIMIT ?) AS found)",
            [Value::Id(scope.0), Value::Number(limit)],
        );
        for state in CustomerState::ALL {
            statement.push(", (SELECT COUNT(*) FROM (", []);
            self.in_state(&mut statement, "1", "", scope, state, now);
            statement.push(" LIMIT ?) AS found)", [Value::Number(limit)]);
        }
        let (all, locked, must_change, no_consent, never, no_factor, suspended) =
            run!(self, query_as, statement, fetch_one)?;
        let in_state = [locked, must_change, no_consent, never, no_factor, suspended];
        Ok(Counts { all, in_state })
    }

    /// Whether few customers of a scope are in a state.
    async fn few_in_state(
        &mut self,
        scope: OrganizationId,
        state: CustomerState,
        now: Moment,
    ) -> sqlx::Result<bool> {
        let mut statement = Statement::new();
        statement.push("SELECT COUNT(*) FROM (", []);
        self.in_state(&mut statement, "1", "", scope, state, now);
        statement.push(" LIMIT ?) AS found", [Value::Number(FEW + 1)]);
        let count: i64 = run!(self, query_scalar, statement, fetch_one)?;
        Ok(count <= FEW)
    }

    /// Whether few accounts are linked through a connector.
    async fn few_linked(&mut self, connector: ConnectorId) -> sqlx::Result<bool> {
        let count: i64 = on!(self, c => sqlx::query_scalar("SELECT COUNT(*) FROM (SELECT 1 FROM service_accounts WHERE connector_id = $1 LIMIT $2) AS found").bind(connector).bind(FEW + 1).fetch_one(c).await)?;
        Ok(count <= FEW)
    }

    /// The numbers of the texts that the index of texts names, if these are few.
    async fn few_hits(&mut self, wanted: &Wanted) -> sqlx::Result<Option<Vec<i64>>> {
        let mut statement = Statement::new();
        match self {
            Self::Sqlite(_) => statement.push(
                "SELECT rowid FROM customer_trigrams WHERE customer_trigrams MATCH ?",
                [Value::Text(asked_of_sqlite(wanted))],
            ),
            Self::Postgres(_) => {
                statement.push("SELECT t.number FROM customer_texts AS t WHERE TRUE", []);
                ask_postgres(&mut statement, wanted);
            }
        }
        statement.push(" LIMIT ?", [Value::Number(FEW + 1)]);
        let numbers: Vec<i64> = run!(self, query_scalar, statement, fetch_all)?;
        Ok(i64::try_from(numbers.len()).is_ok_and(|count| count <= FEW).then_some(numbers))
    }

    /// Texts by their numbers, as a table `n` with one column, `value`.
    fn numbered(&self, statement: &mut Statement, numbers: &[i64]) {
        let list = numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        let table = match self {
            Self::Sqlite(_) => "json_each(?) AS n",
            Self::Postgres(_) => {
                "(SELECT CAST(j AS bigint) AS value FROM json_array_elements_text(CAST(? AS json)) AS j) AS n"
            }
        };
        statement.push(table, [Value::Text(format!("[{list}]"))]);
    }

    /// The condition that a text, `t`, has all that is wanted.
    fn has_all(&self, statement: &mut Statement, wanted: &Wanted) {
        let contains = match self {
            Self::Sqlite(_) => " AND instr(t.text, ?) > 0",
            Self::Postgres(_) => " AND strpos(t.text, ?) > 0",
        };
        for part in &wanted.parts {
            statement.push(contains, [Value::Text(part.clone())]);
        }
    }

    /// One page of customers of a scope.
    pub async fn find_customers(&mut self, search: &Search) -> sqlx::Result<Vec<CustomerListRow>> {
        let direction = direction(search);
        let mut statement = self.found(search, Some(search.limit)).await?;
        statement.push(
            &format!(" SELECT {COLUMNS} FROM found CROSS JOIN accounts a CROSS JOIN organizations o WHERE a.id = found.id AND o.id = a.organization_id ORDER BY found.place{direction}, found.id{direction}"),
            [],
        );
        run!(self, query_as, statement, fetch_all)
    }

    /// How many customers there are on all pages from here on.
    pub async fn count_found(&mut self, search: &Search) -> sqlx::Result<i64> {
        let mut statement = self.found(search, None).await?;
        statement.push(" SELECT COUNT(*) FROM found", []);
        run!(self, query_scalar, statement, fetch_one)
    }

    /// All of them with their organizations, oldest first, whatever the order of a page.
    pub async fn ids_found(
        &mut self,
        search: &Search,
    ) -> sqlx::Result<Vec<(AccountId, OrganizationId)>> {
        let mut statement = self.found(search, None).await?;
        statement.push(
            " SELECT a.id, a.organization_id FROM found CROSS JOIN accounts a WHERE a.id = found.id",
            [],
        );
        // Not ordered there: PostgreSQL, which is told to sort nothing, would walk along all accounts.
        let mut rows: Vec<(AccountId, OrganizationId)> =
            run!(self, query_as, statement, fetch_all)?;
        rows.sort_unstable();
        Ok(rows)
    }

    /// How many customers they are in each organization.
    pub async fn count_found_by_organization(
        &mut self,
        search: &Search,
    ) -> sqlx::Result<Vec<(OrganizationId, i64)>> {
        let mut statement = self.found(search, None).await?;
        statement.push(
            " SELECT a.organization_id, COUNT(*) FROM found CROSS JOIN accounts a WHERE a.id = found.id GROUP BY a.organization_id",
            [],
        );
        run!(self, query_as, statement, fetch_all)
    }

    /// The beginning of a statement in which `found` are customers with their places: so many in
    /// order, or all.
    async fn found(&mut self, search: &Search, limit: Option<i64>) -> sqlx::Result<Statement> {
        if let Self::Postgres(tx) = self {
            // Tables are gone through in the order written here, as SQLite does, by their indexes:
            // where it guesses itself, and where it plans before it knows what is looked for, it
            // reads all of a table sooner or later, or compiles what takes longer to compile than to run.
            sqlx::query("SELECT set_config('join_collapse_limit', '1', TRUE), set_config('enable_seqscan', 'off', TRUE), set_config('enable_hashjoin', 'off', TRUE), set_config('enable_mergejoin', 'off', TRUE), set_config('enable_sort', 'off', TRUE), set_config('jit', 'off', TRUE), set_config('plan_cache_mode', 'force_custom_plan', TRUE)")
                .execute(&mut **tx)
                .await?;
        }
        let Search { scope, wanted, state, connector, now, .. } = search;
        let hits = if wanted.rare.is_empty() { None } else { self.few_hits(wanted).await? };
        let few_linked = match connector {
            Some(connector) if hits.is_none() => self.few_linked(*connector).await?,
            _ => false,
        };
        let few_in_state = match state {
            Some(state) if hits.is_none() && !few_linked => {
                self.few_in_state(*scope, *state, *now).await?
            }
            _ => false,
        };
        // Whose state has few stand in that state's index with what they are ordered by.
        let key = match (few_in_state, search.order) {
            (false, CustomerOrder::Name) => "l.name_key",
            (false, CustomerOrder::Company) => "l.company_key",
            (false, CustomerOrder::LastSignIn) => "l.last_sign_in_at",
            (true, CustomerOrder::Name) => "a.name_key",
            (true, CustomerOrder::Company) => "a.company_key",
            (true, CustomerOrder::LastSignIn) => "COALESCE(a.last_sign_in_at, 0)",
        };
        let gathers = few_in_state || few_linked || hits.is_some();
        let mut statement = Statement::new();
        // Those who were gathered are all taken before they are ordered: a planner that sees an
        // order rather walks along it, and compares each whom it meets with all of them.
        let name = if gathers { "placed" } else { "found" };
        statement.push(&format!("WITH {name} AS MATERIALIZED ("), []);
        if let Some(state) = state.filter(|_| few_in_state) {
            let sees_texts = !wanted.parts.is_empty();
            let texts = if sees_texts { " CROSS JOIN customer_texts t" } else { "" };
            let columns = format!("a.id, {key} AS place");
            self.in_state(&mut statement, &columns, texts, *scope, state, *now);
            if sees_texts {
                statement.push(" AND t.account_id = a.id", []);
                self.has_all(&mut statement, wanted);
            }
            if let Some(connector) = connector {
                has_service(&mut statement, *connector, "a.id");
            }
        } else {
            statement.push(&format!("SELECT l.account_id AS id, {key} AS place FROM "), []);
            let sees_texts = !wanted.parts.is_empty();
            if let Some(numbers) = &hits {
                self.numbered(&mut statement, numbers);
                statement.push(" CROSS JOIN customer_texts t CROSS JOIN customer_listings l", []);
            } else if let Some(connector) = connector.filter(|_| few_linked) {
                let texts = if sees_texts { " CROSS JOIN customer_texts t" } else { "" };
                statement.push(
                    &format!("(SELECT DISTINCT account_id FROM service_accounts WHERE connector_id = ?) AS v CROSS JOIN customer_listings l{texts}"),
                    [Value::Id(connector.0)],
                );
            } else {
                // The text before the account: most of those walked by do not fit.
                let texts = if sees_texts { " CROSS JOIN customer_texts t" } else { "" };
                statement.push(&format!("customer_listings l{texts}"), []);
            }
            statement.push(if state.is_some() { " CROSS JOIN accounts a" } else { "" }, []);
            statement.push(" WHERE l.ancestor_id = ?", [Value::Id(scope.0)]);
            if sees_texts {
                statement.push(" AND l.account_id = t.account_id", []);
                self.has_all(&mut statement, wanted);
            }
            statement.push(if hits.is_some() { " AND t.number = n.value" } else { "" }, []);
            match connector {
                Some(_) if few_linked => {
                    statement.push(" AND l.account_id = v.account_id", []);
                }
                Some(connector) => has_service(&mut statement, *connector, "l.account_id"),
                None => {}
            }
            if let Some(state) = *state {
                statement.push(" AND a.id = l.account_id AND ", []);
                state_condition(&mut statement, state, *now);
                if !gathers && state == CustomerState::NeverSignedIn {
                    statement.push(" AND l.last_sign_in_at = 0", []);
                }
            }
        }
        behind(&mut statement, search, gathers, key, limit);
        statement.push(")", []);
        Ok(statement)
    }

    /// The customers of a scope who are in a state, through the index of that state; `further` is what
    /// else they are joined with. SQLite has to
    /// be told which: it prefers the one that has the kind of account in it, and reads them all.
    fn in_state(
        &self,
        statement: &mut Statement,
        columns: &str,
        further: &str,
        scope: OrganizationId,
        state: CustomerState,
        now: Moment,
    ) {
        let hint = match self {
            Self::Sqlite(_) => format!(" INDEXED BY {}", state_index(state)),
            Self::Postgres(_) => String::new(),
        };
        statement.push(
            &format!("SELECT {columns} FROM organization_ancestors s CROSS JOIN accounts a{hint}{further} WHERE s.ancestor_id = ? AND a.organization_id = s.organization_id AND a.kind = 'customer' AND "),
            [Value::Id(scope.0)],
        );
        state_condition(statement, state, now);
    }
}
