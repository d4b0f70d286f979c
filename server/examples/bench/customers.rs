//! Finding customers among ten thousand and among a million, on SQLite and on PostgreSQL: a page in
//! the middle of each order, and what a few words or a state find.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use model::{
    account::Language,
    account::Role,
    customer::{CustomerOrder, CustomerQuery, CustomerState},
};
use portal::{
    Actor, CreateStaff, Portal, SignIn, Visit,
    config::{Database, Settings},
    secrets::Secret,
};
use sqlx::{AssertSqlSafe, Executor};
use tokio::time::Instant;

use crate::Figure;

/// How many there are in the small and in the large list.
const SIZES: [u32; 2] = [10_000, 1_000_000];
/// Resellers below the operator, each with as many customers.
const RESELLERS: u32 = 100;
/// Times that each question is asked: of fewer, what else the machine does decides the p95.
const ASKED: usize = 300;

const FIRST: [&str; 8] = ["Amara", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hugo"];
const LAST: [&str; 16] = [
    "Abend",
    "Bellweather",
    "Castellan",
    "Drummel",
    "Eastlake",
    "Fennimore",
    "Garrowby",
    "Hollander",
    "Ivanek",
    "Juniper",
    "Kestrel",
    "Lindqvist",
    "Marchetti",
    "Natarajan",
    "Okonedo",
    "Pemberly",
];

/// The figures, one for each engine.
pub async fn figures(folder: &Path, postgres: Option<&str>) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for engine in ["SQLite", "PostgreSQL"] {
        let mut slowest = Vec::new();
        for size in SIZES {
            let data = folder.join(format!("customers-{engine}-{size}"));
            let mut settings = Settings::in_folder(&data);
            if engine == "PostgreSQL" {
                let Some(url) = postgres else { continue };
                settings.database = own_database(url, &size.to_string()).await?;
            }
            println!("Finding customers among {size} on {engine} …");
            let portal = Portal::open(&settings).await?;
            let password = portal
                .create_staff(CreateStaff {
                    organization: "Bench".into(),
                    email: "owner@bench.example".into(),
                    name: "Bench Owner".into(),
                    role: Role::Owner,
                })
                .await?;
            portal.close().await;
            // The first customer of each reseller is listed by the program itself, as those of an
            // older version are; the others after that one's pattern, which is quicker by far.
            fill(&settings.database, &first_customers()).await?;
            let portal = Portal::open(&settings).await?;
            fill(&settings.database, &other_customers(size)).await?;
            let actor = owner(&portal, password).await?;
            slowest.push(ask(&portal, &actor, size).await?);
            portal.close().await;
        }
        let &[small, large] = slowest.as_slice() else {
            println!("  not measured: BENCH_POSTGRES names no server");
            continue;
        };
        let (small, large) = (milliseconds(small), milliseconds(large));
        figures.push(Figure {
            what: match engine {
                "SQLite" => "customers of a million, p95, SQLite",
                _ => "customers of a million, p95, PostgreSQL",
            },
            value: format!("{large:.1} ms"),
            bound: "≤ 30 ms".into(),
            holds: large <= 30.0,
        });
        figures.push(Figure {
            what: match engine {
                "SQLite" => "a million ÷ ten thousand, SQLite",
                _ => "a million ÷ ten thousand, PostgreSQL",
            },
            value: format!("{:.2}", large / small),
            bound: "≤ 1.5".into(),
            holds: large / small <= 1.5,
        });
    }
    Ok(figures)
}

fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1_000.0
}

/// An empty database in this cluster.
pub async fn own_database(url: &str, what: &str) -> Result<Database> {
    let (server, _) = url.rsplit_once('/').context("a URL with a database's name")?;
    let name = format!("rekey_bench_{what}");
    let pool = sqlx::PgPool::connect(url).await.context("BENCH_POSTGRES")?;
    // As on servers that people run: how a question is answered follows a table as it grows. The
    // server for tests does without.
    pool.execute("ALTER SYSTEM SET autovacuum = on").await?;
    pool.execute("SELECT pg_reload_conf()").await?;
    pool.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name}"))).await?;
    pool.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
    pool.close().await;
    format!("{server}/{name}").parse().map_err(|error| anyhow::anyhow!("{error}"))
}

async fn owner(portal: &Portal, password: Secret) -> Result<Actor> {
    let site = portal.site(None).await?.context("the site")?;
    let visit = Visit {
        site: site.id,
        address: std::net::IpAddr::from([127, 0, 0, 1]),
        user_agent: String::new(),
        request_id: "bench".into(),
        origin: "http://127.0.0.1".into(),
        here: "http://127.0.0.1".into(),
        language: Language::En,
        device: None,
    };
    let request = SignIn { name: "owner@bench.example".into(), password, keep: false };
    let signed_in = portal.sign_in(&visit, request).await?;
    portal.actor(&visit, &signed_in.token).await?.context("signed in")
}

/// Words of the two engines.
struct Dialect {
    id: &'static str,
    id_column: &'static str,
    numbers: fn(u32, u32) -> String,
}

const SQLITE: Dialect = Dialect {
    id: "randomblob(16)",
    id_column: "BLOB",
    numbers: |from, to| {
        format!(
            "(WITH RECURSIVE n(n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM n WHERE n + 1 < {to}) SELECT n FROM n)"
        )
    },
};

const POSTGRES: Dialect = Dialect {
    id: "gen_random_uuid()",
    id_column: "UUID",
    numbers: |from, to| format!("(SELECT generate_series({from}, {to} - 1)::bigint AS n)"),
};

fn customers(dialect: &Dialect, from: u32, to: u32) -> String {
    let (id, numbers) = (dialect.id, (dialect.numbers)(from, to));
    let name = format!("f.w || ' ' || l.w || ' ' || (n.n / {})", FIRST.len() * LAST.len());
    let (first, last) = (FIRST.len(), LAST.len());
    format!(
        "INSERT INTO accounts (id, site_id, organization_id, kind, state, email, email_key, name, name_key, company, company_key, reference, language, allows_resets, resets_allowed_until, must_change_password, locked_by, has_factor, last_sign_in_at, created_at, updated_at)
            SELECT {id}, s.id, r.id, 'customer', CASE WHEN n.n % 500 = 1 THEN 'suspended' ELSE 'active' END, 'user' || n.n || '@bench.example', 'user' || n.n || '@bench.example', {name}, lower({name}), l.w || ' Works', lower(l.w) || ' works', 'C-' || (100000 + n.n), 'en', n.n % 5 <> 3, CASE WHEN n.n % 5 <> 3 THEN 9223372036854775807 ELSE 0 END, n.n % 97 = 1, CASE WHEN n.n % 1000 = 7 THEN 'staff' END, n.n % 3 = 0, CASE WHEN n.n % 13 <> 5 THEN 1 + n.n * 7919 % 1000003 END, 0, 0
            FROM {numbers} AS n JOIN bench_first f ON f.i = n.n % {first} JOIN bench_last l ON l.i = n.n / {first} % {last} JOIN bench_resellers r ON r.i = n.n % {RESELLERS}, sites s"
    )
}

/// Resellers below the operator with a customer each, whom nobody has listed.
fn first_customers() -> impl Fn(&Dialect) -> Vec<String> {
    |dialect| {
        let words = |list: &[&str]| {
            let values: Vec<String> =
                list.iter().enumerate().map(|(n, word)| format!("({n}, '{word}')")).collect();
            values.join(", ")
        };
        let (first, last) = (words(&FIRST), words(&LAST));
        let (id, id_column, resellers) =
            (dialect.id, dialect.id_column, (dialect.numbers)(0, RESELLERS));
        vec![
            format!("CREATE TABLE bench_first (i BIGINT PRIMARY KEY, w TEXT NOT NULL); INSERT INTO bench_first VALUES {first}"),
            format!("CREATE TABLE bench_last (i BIGINT PRIMARY KEY, w TEXT NOT NULL); INSERT INTO bench_last VALUES {last}"),
            format!("CREATE TABLE bench_resellers (i BIGINT PRIMARY KEY, id {id_column} NOT NULL)"),
            format!("INSERT INTO bench_resellers SELECT n.n, {id} FROM {resellers} AS n"),
            "INSERT INTO organizations (id, parent_id, name, state, created_at) SELECT r.id, o.id, 'Reseller ' || r.i, 'active', 0 FROM bench_resellers r, organizations o WHERE o.parent_id IS NULL".into(),
            "INSERT INTO organization_ancestors (organization_id, ancestor_id, distance) SELECT r.id, o.id, 1 FROM bench_resellers r, organizations o WHERE o.parent_id IS NULL".into(),
            "INSERT INTO organization_ancestors (organization_id, ancestor_id, distance) SELECT id, id, 0 FROM bench_resellers".into(),
            customers(dialect, 0, RESELLERS),
            "DELETE FROM meta WHERE name LIKE 'customers_listed%'".into(),
        ]
    }
}

/// All others, listed as the first of their reseller is.
fn other_customers(size: u32) -> impl Fn(&Dialect) -> Vec<String> {
    move |dialect| {
        vec![
            "CREATE TABLE bench_scopes AS SELECT a.organization_id, t.scopes FROM customer_texts t JOIN accounts a ON a.id = t.account_id".into(),
            "CREATE UNIQUE INDEX bench_scopes_organization ON bench_scopes (organization_id)".into(),
            customers(dialect, RESELLERS, size),
            "INSERT INTO customer_listings (account_id, ancestor_id, name_key, company_key, last_sign_in_at)
                SELECT a.id, s.ancestor_id, lower(a.name), lower(a.company), COALESCE(a.last_sign_in_at, 0) FROM accounts a JOIN organization_ancestors s ON s.organization_id = a.organization_id WHERE a.kind = 'customer' ON CONFLICT DO NOTHING".into(),
            "INSERT INTO customer_texts (account_id, text, scopes) SELECT id, ' ' || lower(name) || ' ' || lower(company) || ' ' || replace(replace(email, '@', ' '), '.', ' ') || ' c ' || substr(reference, 3), scopes FROM accounts a JOIN bench_scopes b ON b.organization_id = a.organization_id WHERE kind = 'customer' ON CONFLICT DO NOTHING".into(),
            "DROP TABLE bench_first".into(),
            "DROP TABLE bench_last".into(),
            "DROP TABLE bench_resellers".into(),
            "DROP TABLE bench_scopes".into(),
        ]
    }
}

/// Runs statements past every use case, and leaves the database as a busy one is.
async fn fill(database: &Database, script: &impl Fn(&Dialect) -> Vec<String>) -> Result<()> {
    match database {
        Database::Sqlite(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let pool = sqlx::SqlitePool::connect_with(options).await?;
            for sql in script(&SQLITE) {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&pool).await?;
            }
            sqlx::raw_sql("PRAGMA optimize = 0x10002; PRAGMA wal_checkpoint(TRUNCATE)")
                .execute(&pool)
                .await?;
            pool.close().await;
        }
        Database::Postgres(url) => {
            let pool = sqlx::PgPool::connect(url.reveal()).await?;
            for sql in script(&POSTGRES) {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&pool).await?;
            }
            // As autovacuum would by and by.
            sqlx::raw_sql("VACUUM ANALYZE").execute(&pool).await?;
            pool.close().await;
        }
    }
    Ok(())
}

/// Asks each question many times; the slowest question's p95.
async fn ask(portal: &Portal, actor: &Actor, size: u32) -> Result<Duration> {
    let scopes = portal.scopes(actor, "reseller 42").await?;
    let scope = scopes.first().map(|scope| scope.id);
    ensure!(scope.is_some(), "a reseller");
    let words = |text: String| CustomerQuery { text, ..CustomerQuery::default() };
    let ordered =
        |order, descending| CustomerQuery { order, descending, ..CustomerQuery::default() };
    let number = size / 2 + 42;
    let mut slowest = Duration::ZERO;
    for (what, query) in [
        ("by name", ordered(CustomerOrder::Name, false)),
        ("by company", ordered(CustomerOrder::Company, true)),
        ("by last sign-in", ordered(CustomerOrder::LastSignIn, true)),
        ("of one reseller", CustomerQuery { scope, ..CustomerQuery::default() }),
        ("an address", words(format!("user{number}@bench"))),
        ("a reference", words(format!("c-{}", 100_000 + number))),
        ("a name", words(format!("gre kest {}", size / 200))),
        ("part of an address", words(format!("r{}", number / 10))),
        ("nobody", words("zzyzx".into())),
        (
            "of one reseller, a name",
            CustomerQuery { scope, text: "dmitri kes 7".into(), ..CustomerQuery::default() },
        ),
        (
            "locked",
            CustomerQuery { state: Some(CustomerState::Locked), ..CustomerQuery::default() },
        ),
        (
            "without consent",
            CustomerQuery { state: Some(CustomerState::NoConsent), ..CustomerQuery::default() },
        ),
        (
            "without a second factor",
            CustomerQuery { state: Some(CustomerState::NoFactor), ..CustomerQuery::default() },
        ),
        (
            "never signed in, by sign-in",
            CustomerQuery {
                state: Some(CustomerState::NeverSignedIn),
                ..ordered(CustomerOrder::LastSignIn, true)
            },
        ),
    ] {
        // Some pages further on, where there are any: an offset would be slower with each.
        let mut query = query;
        for _ in 0..3 {
            let page = portal.find_customers(actor, &query).await?;
            query.after = page.after.or(query.after);
        }
        let mut spans = Vec::with_capacity(ASKED);
        let mut found = 0;
        for _ in 0..ASKED {
            let start = Instant::now();
            found = portal.find_customers(actor, &query).await?.rows.len();
            spans.push(start.elapsed());
        }
        spans.sort();
        let p95 = spans[ASKED * 95 / 100];
        println!("  {what:<28} {found:>3} found, p95 {:>6.1} ms", milliseconds(p95));
        slowest = slowest.max(p95);
    }
    Ok(slowest)
}
