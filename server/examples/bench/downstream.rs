//! Very many new passwords at once that go to three downstream systems, of which one does not
//! answer: what others notice, and whether the other two systems are slowed.

use std::{
    path::Path,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use portal::config::{Database, Settings};
use sqlx::SqlitePool;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    task::JoinSet,
    time::Instant,
};
use uuid::Uuid;

use crate::{Client, Figure, PASSWORD, Server, seed};

/// How many systems there are, and how many passwords go to each at once.
const SYSTEMS: usize = 3;
const EACH: usize = 67;
/// What the customers choose.
const NEW: &str = "velvet+tractor+umbrella+nine";
/// Somebody who looks at a page does so this often.
const LOOK: Duration = Duration::from_millis(10);
/// After this long nobody waits for a system any more.
const AT_MOST: Duration = Duration::from_mins(2);

/// A Comet Backup stand-in, as portal's tests have it.
struct System {
    _child: Child,
    address: String,
}

impl System {
    async fn start() -> Result<Self> {
        let program =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../portal/tests/stand_ins/comet.py");
        let mut child = Command::new("python3")
            .arg(program)
            .args(["--users", "200"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("python3")?;
        let output = child.stdout.take().context("its output")?;
        let port = BufReader::new(output).lines().next_line().await?.context("its port")?;
        Ok(Self { _child: child, address: format!("127.0.0.1:{port}") })
    }

    /// Nothing is answered that sets a password.
    async fn hangs(&self) -> Result<()> {
        let order = r#"{"do": "fault", "endpoint": "admin/reset-user-password", "kind": "hang", "times": 1000}"#;
        let answer = Client::connect(&self.address).await?.post("/__stand_in", order, "").await?;
        ensure!(answer.status == 200, "a stand-in answered {}", answer.status);
        Ok(())
    }
}

/// What one round took.
struct Round {
    /// Of the pages that others looked at, in milliseconds.
    p95: f64,
    /// Until the last password was where it should be, for systems that answer.
    span: f64,
}

/// The figures.
pub async fn figures(folder: &Path) -> Result<Vec<Figure>> {
    let data = folder.join("downstream");
    println!("{} passwords at once through {SYSTEMS} systems …", SYSTEMS * EACH);
    let (_, password) = seed(&data).await?;
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let flags =
        [("REKEY_TRUSTED_PROXIES", "127.0.0.1/32"), ("REKEY_OUTGOING_ALLOWED", "127.0.0.1")];
    let server = Server::start(&["serve", "--listen", &free], &data, &flags).await?;
    let mut owner = Client::connect(&server.address).await?;
    let session = owner.session("owner@bench.example", password.reveal()).await?;
    let mut systems = Vec::new();
    let mut connectors = Vec::new();
    for number in 1..=SYSTEMS {
        let system = System::start().await?;
        let form = format!(
            "kind=comet&name=System+{number}&address=http%3A%2F%2F{}%2F&user=rekey&password=let-rekey-in",
            system.address.replace(':', "%3A")
        );
        let mut owner = Client::connect(&server.address).await?.with_cookie(&session);
        let id = owner.call("/api/connectors/set", &form).await?;
        connectors.push(id.as_str().context("a connector")?.parse::<Uuid>()?);
        systems.push(system);
    }
    let Database::Sqlite(path) = &Settings::in_folder(&data).database else {
        bail!("the bench runs on SQLite")
    };
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let database = SqlitePool::connect_with(options).await?;
    sqlx::query(
        "INSERT INTO policies (organization_id, rule, value) SELECT id, 'keep_in_step', 1 FROM organizations",
    )
    .execute(&database)
    .await?;

    // Customers by number: a first round of whose passwords nothing leaves this server, a second one
    // in which every system answers, a third one in which one does not.
    let [alone, answered, hanging] = [0, 1, 2].map(|round| round * SYSTEMS * EACH);
    for (round, first) in [answered, hanging].into_iter().enumerate() {
        for (place, connector) in connectors.iter().enumerate() {
            link(&database, *connector, first + place * EACH, round * EACH).await?;
        }
    }
    let at = Some((&database, &connectors[..]));
    let local = round(&server, &session, alone, None).await?;
    let all = round(&server, &session, answered, at).await?;
    systems[0].hangs().await?;
    let others = Some((&database, &connectors[1..]));
    let one_hangs = round(&server, &session, hanging, others).await?;
    database.close().await;
    server.stop().await?;
    for (what, round) in
        [("none leaves", &local), ("all answer", &all), ("one does not answer", &one_hangs)]
    {
        println!("  {what}: pages p95 {:.1} ms, done in {:.1} s", round.p95, round.span);
    }
    let (pages, spans) = (one_hangs.p95 / local.p95, one_hangs.span / all.span);
    Ok(vec![
        Figure {
            what: "p95 of pages, 1 of 3 systems hangs ÷ none",
            value: format!("{pages:.2}"),
            bound: "≤ 1.5".into(),
            holds: pages <= 1.5,
        },
        Figure {
            what: "other systems' time, 1 of 3 hangs ÷ none",
            value: format!("{spans:.2}"),
            bound: "≤ 1.5".into(),
            holds: spans <= 1.5,
        },
    ])
}

/// Links customers, from `first` on, with accounts of a system that allow it.
async fn link(database: &SqlitePool, connector: Uuid, first: usize, from: usize) -> Result<()> {
    for n in 0..EACH {
        // Every tenth of them does not allow resets.
        let account = (from + n) / 9 * 10 + (from + n) % 9 + 1;
        sqlx::query(
            "INSERT INTO service_accounts (id, account_id, connector_id, name, created_at)
             SELECT randomblob(16), id, $1, $2, 1 FROM accounts WHERE email = $3",
        )
        .bind(connector)
        .bind(format!("many{account:05}"))
        .bind(format!("user{}@bench.example", first + n))
        .execute(database)
        .await?;
    }
    Ok(())
}

/// Many customers change their passwords at once, while others look at pages; waits for those that
/// go to the systems `at`.
async fn round(
    server: &Server,
    session: &str,
    first: usize,
    at: Option<(&SqlitePool, &[Uuid])>,
) -> Result<Round> {
    let address = |n: usize| format!("10.{}.{}.7", 128 + n / 256, n % 256);
    let mut customers = Vec::new();
    for n in first..first + SYSTEMS * EACH {
        let mut client = Client::connect(&server.address).await?;
        let name = format!("user{n}@bench.example");
        let cookie = client.sign_in(&name, PASSWORD, &address(n)).await?;
        customers.push((client.with_cookie(&cookie), address(n)));
    }
    let stop = Arc::new(AtomicBool::new(false));
    let mut lookers = JoinSet::new();
    for (path, cookie) in [("/login", ""), ("/customers", session)] {
        let stop = Arc::clone(&stop);
        let mut client = Client::connect(&server.address).await?.with_cookie(cookie);
        lookers.spawn(async move {
            let mut spans = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let begin = Instant::now();
                let answer = client.get(path).await?;
                ensure!(answer.status == 200, "{path} answered {}", answer.status);
                spans.push(begin.elapsed().as_secs_f64() * 1_000.0);
                tokio::time::sleep(LOOK).await;
            }
            Ok(spans)
        });
    }
    let begin = Instant::now();
    let mut changes = JoinSet::new();
    for (mut client, from) in customers {
        changes.spawn(async move {
            let form =
                format!("current={}&new={NEW}&retype={NEW}&code=", PASSWORD.replace(' ', "+"));
            loop {
                let answer = client.post("/api/account/change-password", &form, &from).await?;
                match answer.status {
                    200 | 302 => return Ok(()),
                    // Nothing happened; one tries again.
                    503 => tokio::time::sleep(Duration::from_millis(200)).await,
                    status => bail!("{status}: {}", String::from_utf8_lossy(&answer.decoded()?)),
                }
            }
        });
    }
    let mut span = None;
    if let Some((database, connectors)) = at {
        loop {
            let mut applied = 0;
            for connector in connectors {
                applied += sqlx::query_scalar::<_, i64>(
                    "SELECT COUNT(*) FROM reset_targets JOIN service_accounts ON service_accounts.id = reset_targets.service_account_id
                     JOIN accounts ON accounts.id = service_accounts.account_id
                     WHERE connector_id = $1 AND reset_targets.state = 'applied' AND CAST(substr(email, 5) AS INTEGER) BETWEEN $2 AND $3",
                )
                .bind(connector)
                .bind(i64::try_from(first)?)
                .bind(i64::try_from(first + SYSTEMS * EACH - 1)?)
                .fetch_one(database)
                .await?;
            }
            if usize::try_from(applied)? == connectors.len() * EACH {
                span = Some(begin.elapsed());
                break;
            }
            ensure!(begin.elapsed() < AT_MOST, "only {applied} passwords arrived");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    while let Some(change) = changes.join_next().await {
        change??;
    }
    let span = span.unwrap_or_else(|| begin.elapsed()).as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    let mut spans = Vec::new();
    while let Some(looker) = lookers.join_next().await {
        spans.extend(looker??);
    }
    spans.sort_by(f64::total_cmp);
    Ok(Round { p95: spans[spans.len() * 95 / 100], span })
}
