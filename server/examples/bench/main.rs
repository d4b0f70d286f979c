//! `make bench`: the figures that Rekey is held to, measured in one run on this machine.
//!
//! * sign-ins per second ÷ raw argon2id verifications per second at the same cost on all cores:
//!   what everything around the hash costs. The two are measured in turn, several times, and the
//!   median of the ratios counts, so that a machine whose speed drifts does not decide.
//! * memory of the idle server, and of the same server after that load;
//! * time from start to `Ready` on an empty folder;
//! * how long others wait for a page while sign-ins are flooded, and what the flood takes of memory;
//! * pages a second;
//! * memory while a hundred thousand customers are imported, and that a server killed meanwhile
//!   loses nobody;
//! * finding customers among a million of them, and how much longer it takes than among ten thousand;
//! * what others notice while very many new passwords go to three downstream systems, one of which
//!   does not answer, and whether the other two are slowed;
//! * bytes that a first visit to `/forgot` transfers.
//!
//! Guards are on: 10,000 accounts on SQLite on disk, clients behind a trusted proxy, each from an
//! address of its own.

mod customers;
mod downstream;
mod flood;
mod import;

use std::{
    collections::{BTreeSet, VecDeque},
    io::Read,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use model::account::Role;
use portal::{
    CreateStaff, Portal,
    clock::Randomness,
    config::{Database, Settings},
    password::Hasher,
    secrets::Secret,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::Instant,
};

const ACCOUNTS: usize = 10_000;
const PASSWORD: &str = "harbour lantern mosaic";
/// Length of one stretch of either measurement.
const STRETCH: Duration = Duration::from_secs(5);
/// Stretches of each measurement.
const ROUNDS: usize = 5;
/// Connections that sign in at once, per core: enough that a core never waits for one.
const CONNECTIONS_PER_CORE: usize = 4;

/// After this long without requests a server is idle.
const REST: Duration = Duration::from_secs(2);

/// A figure with its bound.
struct Figure {
    what: &'static str,
    value: String,
    bound: String,
    holds: bool,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    // One part alone, while one works on it: `server`, `import`, `customers` or `downstream`.
    let part = std::env::args().nth(1);
    let wants = |name: &str| part.as_deref().is_none_or(|part| part == name);
    let folder = tempfile::tempdir_in(target()).context("a folder to work in")?;
    let postgres = std::env::var("BENCH_POSTGRES").ok();
    let mut figures = Vec::new();
    if wants("server") {
        figures.extend(of_a_server(folder.path()).await?);
    }
    if wants("import") {
        figures.extend(import::figures(folder.path(), postgres.as_deref()).await?);
    }
    if wants("customers") {
        figures.extend(customers::figures(folder.path(), postgres.as_deref()).await?);
    }
    if wants("downstream") {
        figures.extend(downstream::figures(folder.path()).await?);
    }
    ensure!(!figures.is_empty(), "the parts are server, import, customers and downstream");

    println!();
    for figure in &figures {
        let mark = if figure.holds { "ok  " } else { "MISS" };
        println!("{mark}  {:<40} {:>12}   {}", figure.what, figure.value, figure.bound);
    }
    let missed = figures.iter().filter(|figure| !figure.holds).count();
    if missed > 0 {
        eprintln!("error: {missed} of {} figures are out of bounds", figures.len());
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// What a server takes: to start, to rest, to sign people in, to show pages, to be flooded.
async fn of_a_server(folder: &Path) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    println!("Start to Ready, {ROUNDS} times on empty folders …");
    let mut starts = Vec::new();
    let mut idle = Vec::new();
    for round in 0..ROUNDS {
        let data = folder.join(format!("start-{round}"));
        let server = Server::start(&["demo", "--listen", "127.0.0.1:0"], &data, &[]).await?;
        starts.push(server.ready_after.as_secs_f64());
        tokio::time::sleep(REST).await;
        idle.push(server.memory_mib()?);
        if round == 0 {
            figures.push(transfer(&server).await?);
        }
        server.stop().await?;
    }
    let (start, memory) = (median(&mut starts), median(&mut idle));
    figures.push(Figure {
        what: "start to Ready",
        value: format!("{start:.2} s"),
        bound: "≤ 1 s".into(),
        holds: start <= 1.0,
    });
    figures.push(Figure {
        what: "memory idle",
        value: format!("{memory:.1} MiB"),
        bound: "≤ 30 MB".into(),
        holds: memory * 1.048_576 <= 30.0,
    });

    let data = folder.join("load");
    println!("Seeding {ACCOUNTS} accounts …");
    let (hasher, password) = seed(&data).await?;
    let flags = [("REKEY_TRUSTED_PROXIES", "127.0.0.1/32")];
    // The origin of links is made from this address, so the port must be known before.
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let server = Server::start(&["serve", "--listen", &free], &data, &flags).await?;
    let cores = std::thread::available_parallelism()?.get();
    println!(
        "Sign-ins against raw verifications, {ROUNDS} stretches of {STRETCH:?} each, {cores} cores …"
    );
    let next = Arc::new(AtomicUsize::new(0));
    sign_ins(&server, cores, Duration::from_secs(2), &next).await?;
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let before = raw(&hasher, cores, STRETCH / 2).await?;
        let signed_in = sign_ins(&server, cores, STRETCH, &next).await?;
        let after = raw(&hasher, cores, STRETCH / 2).await?;
        let verified = f64::midpoint(before, after);
        println!(
            "  {round}: {signed_in:.1} sign-ins/s, {verified:.1} verifications/s, ratio {:.3}",
            signed_in / verified
        );
        ratios.push(signed_in / verified);
    }
    let ratio = median(&mut ratios);
    figures.push(Figure {
        what: "sign-ins ÷ raw argon2id verifications",
        value: format!("{ratio:.3}"),
        bound: "≥ 0.9".into(),
        holds: ratio >= 0.9,
    });
    tokio::time::sleep(REST).await;
    println!("Memory idle again after the load: {:.1} MiB", server.memory_mib()?);
    figures.extend(flood::figures(&server, cores, &next).await?);
    println!("Pages a second, {cores} cores shared with who asks …");
    let mut client = Client::connect(&server.address).await?;
    let cookie = client.session("owner@bench.example", password.reveal()).await?;
    flood::pages(&server, cores, &cookie).await?;
    tokio::time::sleep(REST).await;
    println!("Memory idle again after all that: {:.1} MiB", server.memory_mib()?);
    server.stop().await?;
    Ok(figures)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The workspace's `target` folder: the disk that a server would use, unlike `/tmp` in memory.
fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target")
}

/// Fills a database with one operator and many customers who share a password; their hasher, and
/// the operator's password.
async fn seed(data: &Path) -> Result<(Hasher, Secret)> {
    let settings = Settings::in_folder(data);
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
    let hasher = Hasher::new(&settings.hashing, Randomness::System)?;
    let hash = hasher.hash(&Secret::new(PASSWORD.into())).await?;
    let Database::Sqlite(path) = &settings.database else { bail!("the bench runs on SQLite") };
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let pool = sqlx::SqlitePool::connect_with(options).await?;
    sqlx::query(
        "WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < $1)
         INSERT INTO accounts (id, site_id, organization_id, kind, state, email, email_key, name,
             language, allows_resets, password_hash, must_change_password, created_at, updated_at)
         SELECT randomblob(16), accounts.site_id, accounts.organization_id, 'customer', 'active',
             'user' || n || '@bench.example', 'user' || n || '@bench.example', 'User ' || n,
             'en', 0, $2, 0, 0, 0
         FROM n, accounts WHERE accounts.kind = 'staff'",
    )
    .bind(i64::try_from(ACCOUNTS)?)
    .bind(&hash)
    .execute(&pool)
    .await?;
    // The next start lists them, as those of an older version.
    sqlx::query("DELETE FROM meta WHERE name LIKE 'customers_listed%'").execute(&pool).await?;
    pool.close().await;
    Ok((hasher, password))
}

/// Verifications per second on all cores with nothing around them.
async fn raw(hasher: &Hasher, cores: usize, span: Duration) -> Result<f64> {
    let hash: Arc<str> = hasher.hash(&Secret::new(PASSWORD.into())).await?.into();
    let (done, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let start = Instant::now();
    let workers: Vec<_> = (0..cores)
        .map(|_| {
            let (hash, done, stop) = (Arc::clone(&hash), Arc::clone(&done), Arc::clone(&stop));
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    assert!(portal::password::verify_raw(PASSWORD, &hash), "verifies");
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    tokio::time::sleep(span).await;
    stop.store(true, Ordering::Relaxed);
    tokio::task::spawn_blocking(move || {
        for worker in workers {
            worker.join().expect("ends");
        }
    })
    .await?;
    Ok(per_second(done.load(Ordering::Relaxed), start))
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn per_second(count: u64, since: Instant) -> f64 {
    count as f64 / since.elapsed().as_secs_f64()
}

/// Sign-ins per second over kept connections, each with an account and an address of its own.
async fn sign_ins(
    server: &Server,
    cores: usize,
    span: Duration,
    next: &Arc<AtomicUsize>,
) -> Result<f64> {
    let (done, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let start = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..cores * CONNECTIONS_PER_CORE {
        let (done, stop, next) = (Arc::clone(&done), Arc::clone(&stop), Arc::clone(next));
        let mut client = Client::connect(&server.address).await?;
        clients.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let n = next.fetch_add(1, Ordering::Relaxed);
                let user = n * 7 % ACCOUNTS;
                let form =
                    format!("name=user{user}%40bench.example&password=harbour+lantern+mosaic");
                // A network of its own each time: limits are by network.
                let from = format!("10.{}.{}.7", n / 256 % 256, n % 256);
                let answer = client.post("/api/session/sign-in", &form, &from).await?;
                ensure!(
                    matches!(answer.status, 200 | 302)
                        && answer.head.contains("set-cookie: rekey="),
                    "a sign-in answered {}: {}",
                    answer.status,
                    String::from_utf8_lossy(&answer.body)
                );
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
    }
    tokio::time::sleep(span).await;
    stop.store(true, Ordering::Relaxed);
    let rate = per_second(done.load(Ordering::Relaxed), start);
    while let Some(client) = clients.join_next().await {
        client??;
    }
    Ok(rate)
}

/// What a first visit to `/forgot` transfers: the page and every style, script and module it names.
async fn transfer(server: &Server) -> Result<Figure> {
    let mut client = Client::connect(&server.address).await?;
    let page = client.get("/forgot").await?;
    let html = String::from_utf8(page.decoded()?).context("the page")?;
    let mut files: VecDeque<String> = html
        .split(['"', '\''])
        .filter(|text| text.starts_with("/pkg/"))
        .map(str::to_owned)
        .collect();
    let mut seen = BTreeSet::new();
    let mut total = page.body.len();
    println!("Transfer of /forgot: HTML {} B", page.body.len());
    while let Some(file) = files.pop_front() {
        if !seen.insert(file.clone()) {
            continue;
        }
        let answer = client.get(&file).await?;
        ensure!(answer.status == 200, "{file} answered {}", answer.status);
        ensure!(answer.head.contains("content-encoding: br"), "{file} is not compressed");
        ensure!(answer.head.contains("immutable"), "{file} may not be kept");
        println!("  {file} {} B", answer.body.len());
        total += answer.body.len();
        // What a script imports comes with it.
        if answer.head.contains("javascript") {
            let script = String::from_utf8(answer.decoded()?).context("a script")?;
            files.extend(
                script
                    .split("from\"./")
                    .skip(1)
                    .filter_map(|rest| rest.split('"').next())
                    .map(|name| format!("/pkg/{name}")),
            );
        }
    }
    ensure!(seen.len() >= 4, "style, script, its import and WebAssembly: {seen:?}");
    Ok(Figure {
        what: "transfer of /forgot",
        value: format!("{:.1} kB", f64::from(u32::try_from(total)?) / 1_000.0),
        bound: "≤ 280 kB".into(),
        holds: total <= 280_000,
    })
}

/// A server of the release build, as its own process.
struct Server {
    child: Child,
    address: String,
    ready_after: Duration,
}

impl Server {
    async fn start(arguments: &[&str], data: &Path, settings: &[(&str, &str)]) -> Result<Self> {
        let start = Instant::now();
        let mut child = Command::new(target().join("release/rekey"))
            .args(arguments)
            .arg("--data")
            .arg(data)
            .env("REKEY_LOG", "warn")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .context("target/release/rekey (make bench builds it)")?;
        let output = child.stdout.take().context("its output")?;
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await? {
            if let Some(address) = line.strip_prefix("Ready: http://") {
                let ready_after = start.elapsed();
                let address = address.trim_end_matches('/').to_owned();
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Ok(Self { child, address, ready_after });
            }
        }
        bail!("the server ended before it was ready: {}", child.wait().await?)
    }

    /// Resident memory, in MiB.
    fn memory_mib(&self) -> Result<f64> {
        let id = self.child.id().context("the server has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let kib: u32 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .context("VmRSS")?
            .parse()?;
        Ok(f64::from(kib) / 1_024.0)
    }

    /// Ends it as a power cut would.
    async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    async fn stop(mut self) -> Result<()> {
        let id = self.child.id().context("the server has ended")?;
        Command::new("kill").arg(id.to_string()).status().await?;
        tokio::time::timeout(Duration::from_secs(40), self.child.wait()).await??;
        Ok(())
    }
}

/// One kept HTTP/1.1 connection that costs next to nothing, so that the server has the cores.
struct Client {
    stream: BufReader<TcpStream>,
    host: String,
    /// The line of a header, or nothing.
    cookie: String,
}

struct Answer {
    status: u16,
    /// Status line and headers, in lower case.
    head: String,
    /// The same as it was sent.
    as_sent: String,
    body: Vec<u8>,
}

impl Answer {
    /// The body as it was before brotli, if it was compressed.
    fn decoded(&self) -> Result<Vec<u8>> {
        if !self.head.contains("content-encoding: br") {
            return Ok(self.body.clone());
        }
        let mut plain = Vec::new();
        brotli::Decompressor::new(&self.body[..], 4_096)
            .read_to_end(&mut plain)
            .context("brotli")?;
        Ok(plain)
    }
}

/// The cookie of the session that an answer begins.
fn session_of(answer: &Answer) -> Result<String> {
    let line = answer.as_sent.lines().find(|line| line.contains("rekey="));
    let line = line.and_then(|line| line.split_once(": ")).context("a session")?.1;
    Ok(line.split(';').next().unwrap_or_default().to_owned())
}

impl Client {
    async fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (stream, host) = (BufReader::new(stream), address.to_owned());
        Ok(Self { stream, host, cookie: String::new() })
    }

    /// With a session.
    fn with_cookie(mut self, cookie: &str) -> Self {
        if !cookie.is_empty() {
            self.cookie = format!("cookie: {cookie}\r\n");
        }
        self
    }

    /// Signs in; the cookie of the session.
    async fn sign_in(&mut self, name: &str, password: &str, from: &str) -> Result<String> {
        let password = password.replace(' ', "+");
        let form = format!("name={}&password={password}", name.replace('@', "%40"));
        session_of(&self.post("/api/session/sign-in", &form, from).await?)
    }

    /// Signs in and gives fresh proof of the password; the cookie of the session.
    async fn session(&mut self, name: &str, password: &str) -> Result<String> {
        let first = self.sign_in(name, password, "127.0.0.1").await?;
        self.cookie = format!("cookie: {first}\r\n");
        let form = format!("password={}", password.replace(' ', "+"));
        session_of(&self.post("/api/session/step-up", &form, "127.0.0.1").await?)
    }

    /// Calls a function; what it answers.
    async fn call(&mut self, path: &str, form: &str) -> Result<serde_json::Value> {
        let answer = self.post(path, form, "127.0.0.1").await?;
        let body = String::from_utf8(answer.decoded()?).context("an answer")?;
        ensure!(answer.status == 200, "{path} answered {}: {body}", answer.status);
        serde_json::from_str(&body).with_context(|| format!("{path} answered {body}"))
    }

    /// Sends a file as a form does; the last part of the address that it leads to.
    async fn upload(&mut self, path: &str, name: &str, file: &str) -> Result<String> {
        let body = format!(
            "--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\ncontent-type: text/csv\r\n\r\n{file}\r\n--edge--\r\n"
        );
        let (host, cookie, length) = (&self.host, &self.cookie, body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\n{cookie}sec-fetch-site: same-origin\r\ncontent-type: multipart/form-data; boundary=edge\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let answer = self.ask(&request).await?;
        let to = answer.as_sent.lines().find_map(|line| line.strip_prefix("location: "));
        let to = to.with_context(|| format!("{path} answered {}", answer.head))?;
        Ok(to.rsplit('/').next().unwrap_or_default().to_owned())
    }

    async fn get(&mut self, path: &str) -> Result<Answer> {
        let (host, cookie) = (&self.host, &self.cookie);
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\n{cookie}accept: text/html\r\naccept-encoding: br\r\n\r\n"
        );
        self.ask(&request).await
    }

    async fn post(&mut self, path: &str, form: &str, from: &str) -> Result<Answer> {
        let (host, cookie, length) = (&self.host, &self.cookie, form.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\n{cookie}accept: application/json\r\nsec-fetch-site: same-origin\r\nx-forwarded-for: {from}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{form}"
        );
        self.ask(&request).await
    }

    async fn ask(&mut self, request: &str) -> Result<Answer> {
        self.stream.get_mut().write_all(request.as_bytes()).await?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            ensure!(self.stream.read_line(&mut head).await? > 0, "the server hung up");
        }
        let (as_sent, head) = (head.clone(), head.to_ascii_lowercase());
        let status = head.split(' ').nth(1).context("a status")?.parse()?;
        let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
        let mut body = Vec::new();
        if let Some(length) = header("content-length: ") {
            body.resize(length.trim().parse()?, 0);
            self.stream.read_exact(&mut body).await?;
        } else if header("transfer-encoding: chunked").is_some() {
            loop {
                let mut size = String::new();
                self.stream.read_line(&mut size).await?;
                let size = usize::from_str_radix(size.trim(), 16)?;
                let mut chunk = vec![0; size + 2];
                self.stream.read_exact(&mut chunk).await?;
                if size == 0 {
                    break;
                }
                body.extend_from_slice(&chunk[..size]);
            }
        }
        Ok(Answer { status, head, as_sent, body })
    }
}
