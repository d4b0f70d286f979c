//! A hundred thousand customers from a file, through the pages, into a server that is killed half
//! way: what it takes of memory, and that nobody is lost or there twice. On both engines.

use std::{fmt::Write, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use model::account::Role;
use portal::{
    CreateStaff, Portal,
    config::{Database, Settings},
};
use serde_json::Value;
use tokio::time::Instant;

use crate::{Client, Figure, Server, customers::own_database};

const ROWS: usize = 100_000;
/// How often one looks how far it is.
const LOOK: Duration = Duration::from_millis(100);
/// Memory that a server may take while it imports, in megabytes.
const MOST: f64 = 100.0;

/// The figures, one for each engine.
pub async fn figures(folder: &Path, postgres: Option<&str>) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for engine in ["SQLite", "PostgreSQL"] {
        let data = folder.join(format!("import-{engine}"));
        let mut settings = Settings::in_folder(&data);
        if engine == "PostgreSQL" {
            let Some(url) = postgres else { continue };
            settings.database = own_database(url, "import").await?;
        }
        let most = import(&data, &settings, engine).await?;
        figures.push(Figure {
            what: match engine {
                "SQLite" => "memory while importing 100,000, SQLite",
                _ => "memory while importing 100,000, PostgreSQL",
            },
            value: format!("{most:.1} MB"),
            bound: format!("≤ {MOST:.0} MB"),
            holds: most <= MOST,
        });
    }
    Ok(figures)
}

/// Imports; the most memory that was taken meanwhile, in megabytes.
async fn import(data: &Path, settings: &Settings, engine: &str) -> Result<f64> {
    println!("Importing {ROWS} customers on {engine} …");
    let portal = Portal::open(settings).await?;
    let password = portal
        .create_staff(CreateStaff {
            organization: "Bench".into(),
            email: "owner@bench.example".into(),
            name: "Bench Owner".into(),
            role: Role::Owner,
        })
        .await?;
    portal.close().await;
    let database = match &settings.database {
        Database::Sqlite(path) => format!("sqlite:{}", path.display()),
        Database::Postgres(url) => url.reveal().to_owned(),
    };
    let flags = [("REKEY_DATABASE", database.as_str())];
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let arguments = ["serve", "--listen", &free];
    let mut server = Server::start(&arguments, data, &flags).await?;
    let mut most = 0_f64;
    let mut client = Client::connect(&server.address).await?;
    let cookie = client.session("owner@bench.example", password.reveal()).await?;
    client = client.with_cookie(&cookie);

    let begin = Instant::now();
    let job = client.upload("/customers/import", "customers.csv", &file()).await?;
    println!("  sent after {:.1} s", begin.elapsed().as_secs_f64());
    let organization = one(settings, "SELECT id FROM organizations").await?;
    let columns = format!(
        "job={job}&organization={organization}&reference=0&name=1&email=2&company=3&user_name=&language=&consent=4"
    );
    client.call("/api/imports/map", &columns).await?;
    until(&mut client, &server, &mut most, &job, |view| view["state"] == "checked").await?;
    println!("  checked after {:.1} s", begin.elapsed().as_secs_f64());
    client.call("/api/imports/start", &format!("job={job}")).await?;
    let half = |view: &Value| view["counts"]["created"].as_u64() >= Some(ROWS as u64 / 2);
    until(&mut client, &server, &mut most, &job, half).await?;
    println!("  killed half way after {:.1} s", begin.elapsed().as_secs_f64());
    server.kill().await?;
    server = Server::start(&arguments, data, &flags).await?;
    client = Client::connect(&server.address).await?.with_cookie(&cookie);
    until(&mut client, &server, &mut most, &job, |view| view["state"] == "done").await?;
    println!("  done after {:.1} s", begin.elapsed().as_secs_f64());
    let view = client.call("/api/jobs/progress", &format!("job={job}&kind=import")).await?;
    ensure!(view["counts"]["created"] == ROWS, "{view}");
    server.stop().await?;
    let all = one(settings, "SELECT COUNT(*) FROM accounts WHERE kind = 'customer'").await?;
    let different =
        one(settings, "SELECT COUNT(DISTINCT reference) FROM accounts WHERE kind = 'customer'")
            .await?;
    ensure!(
        (all.as_str(), different.as_str()) == (&*ROWS.to_string(), &*ROWS.to_string()),
        "{all} customers with {different} references"
    );
    Ok(most)
}

fn file() -> String {
    let mut text = String::from("Reference,Name,Email,Company,Permission\n");
    for n in 0..ROWS {
        writeln!(
            text,
            "R-{n},Person Number {n},person{n}@import.example,Works {},{}",
            n % 500,
            if n % 3 == 0 { "yes" } else { "no" }
        )
        .expect("a String takes all that is written");
    }
    text
}

/// Looks how far a job is, and how much memory is taken, until it is far enough.
async fn until(
    client: &mut Client,
    server: &Server,
    most: &mut f64,
    job: &str,
    far_enough: impl Fn(&Value) -> bool,
) -> Result<()> {
    loop {
        *most = most.max(server.memory_mib()? * 1.048_576);
        let view = client.call("/api/jobs/progress", &format!("job={job}&kind=import")).await?;
        if far_enough(&view) {
            return Ok(());
        }
        ensure!(view["state"] != "stopped" && view["state"] != "paused", "{view}");
        tokio::time::sleep(LOOK).await;
    }
}

/// The only value of an answer, as text.
async fn one(settings: &Settings, sql: &'static str) -> Result<String> {
    match &settings.database {
        Database::Sqlite(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let pool = sqlx::SqlitePool::connect_with(options).await?;
            let text = format!(
                "SELECT CASE typeof(v) WHEN 'blob' THEN lower(hex(v)) ELSE CAST(v AS TEXT) END FROM (SELECT ({sql}) AS v)"
            );
            let found: String =
                sqlx::query_scalar(sqlx::AssertSqlSafe(text)).fetch_one(&pool).await?;
            pool.close().await;
            Ok(found)
        }
        Database::Postgres(url) => {
            let pool = sqlx::PgPool::connect(url.reveal()).await?;
            let text = format!("SELECT ({sql})::text");
            let found = sqlx::query_scalar(sqlx::AssertSqlSafe(text)).fetch_one(&pool).await;
            pool.close().await;
            found.context("a value")
        }
    }
}
