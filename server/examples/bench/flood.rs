//! What others notice while sign-ins are flooded, and what the flood takes of memory; and how many
//! pages a second the server makes when nobody floods it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use tokio::{task::JoinSet, time::Instant};

use crate::{ACCOUNTS, CONNECTIONS_PER_CORE, Client, Figure, Server, per_second};

/// How long the flood lasts.
const FLOOD: Duration = Duration::from_secs(15);
/// Connections that sign in at once, per core: many times of what is let in.
const FLOODERS_PER_CORE: usize = 32;
/// Somebody who looks at a page does so this often.
const LOOK: Duration = Duration::from_millis(10);
/// How long pages are counted.
const SPAN: Duration = Duration::from_secs(5);
/// Memory that a server may take beside what its hashes take, in megabytes.
const BASE: f64 = 40.0;

/// The figures of a flood.
pub async fn figures(
    server: &Server,
    cores: usize,
    next: &Arc<AtomicUsize>,
) -> Result<Vec<Figure>> {
    println!("{FLOOD:?} of flooded sign-ins, {} connections …", cores * FLOODERS_PER_CORE);
    let stop = Arc::new(AtomicBool::new(false));
    let mut flooders = JoinSet::new();
    let counts: [Arc<AtomicU64>; 2] = Default::default();
    for _ in 0..cores * FLOODERS_PER_CORE {
        let (stop, next, counts) = (Arc::clone(&stop), Arc::clone(next), counts.clone());
        let mut client = Client::connect(&server.address).await?;
        flooders.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let n = next.fetch_add(1, Ordering::Relaxed);
                let user = n * 7 % ACCOUNTS;
                let form =
                    format!("name=user{user}%40bench.example&password=harbour+lantern+mosaic");
                let from = format!("10.{}.{}.7", n / 256 % 256, n % 256);
                let answer = client.post("/api/session/sign-in", &form, &from).await?;
                // Whoever is not let in is told so at once.
                ensure!(matches!(answer.status, 200 | 302 | 503), "{}", answer.status);
                counts[usize::from(answer.status == 503)].fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
    }
    let mut lookers = JoinSet::new();
    for path in ["/healthz", "/login"] {
        let stop = Arc::clone(&stop);
        let mut client = Client::connect(&server.address).await?;
        lookers.spawn(async move {
            let mut spans = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let begin = Instant::now();
                let answer = client.get(path).await?;
                ensure!(answer.status == 200, "{path} answered {}", answer.status);
                spans.push(begin.elapsed().as_secs_f64() * 1_000.0);
                tokio::time::sleep(LOOK).await;
            }
            Ok((path, spans))
        });
    }
    let begin = Instant::now();
    let mut most = 0_f64;
    while begin.elapsed() < FLOOD {
        tokio::time::sleep(Duration::from_millis(20)).await;
        most = most.max(server.memory_mib()? * 1.048_576);
    }
    stop.store(true, Ordering::Relaxed);
    while let Some(flooder) = flooders.join_next().await {
        flooder??;
    }
    let [in_, out] = counts.map(|count| count.load(Ordering::Relaxed));
    println!("  {in_} signed in, {out} were told to come back");
    let mut figures = Vec::new();
    while let Some(looker) = lookers.join_next().await {
        let (path, mut spans) = looker??;
        spans.sort_by(f64::total_cmp);
        let at = |percent: usize| spans[(spans.len() * percent / 100).min(spans.len() - 1)];
        println!("  {path}: {} times, p50 {:.1} ms, p95 {:.1} ms", spans.len(), at(50), at(95));
        let p99 = at(99);
        figures.push(Figure {
            what: if path == "/healthz" {
                "p99 of /healthz in a flood of sign-ins"
            } else {
                "p99 of /login in a flood of sign-ins"
            },
            value: format!("{p99:.1} ms"),
            bound: "≤ 50 ms".into(),
            holds: p99 <= 50.0,
        });
    }
    // One permit for each core, each with the memory of one hash.
    let hashes = f64::from(portal::config::Hashing::default().memory_kib)
        * f64::from(u32::try_from(cores)?)
        * 1_024.0
        / 1_000_000.0;
    figures.push(Figure {
        what: "memory in a flood of sign-ins",
        value: format!("{most:.1} MB"),
        bound: format!("≤ {:.1} MB", BASE + hashes),
        holds: most <= BASE + hashes,
    });
    Ok(figures)
}

/// Pages a second, of the sign-in page and of a list of customers, on the cores that are shared
/// with whoever asks. No bounds: they are written down, beside what a page takes.
pub async fn pages(server: &Server, cores: usize, cookie: &str) -> Result<()> {
    for (path, cookie) in [("/healthz", ""), ("/login", ""), ("/customers", cookie)] {
        let (done, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let mut clients = JoinSet::new();
        let begin = Instant::now();
        for _ in 0..cores * CONNECTIONS_PER_CORE {
            let (done, stop) = (Arc::clone(&done), Arc::clone(&stop));
            let mut client = Client::connect(&server.address).await?.with_cookie(cookie);
            clients.spawn(async move {
                let mut bytes = 0;
                while !stop.load(Ordering::Relaxed) {
                    let answer = client.get(path).await?;
                    ensure!(answer.status == 200, "{path} answered {}", answer.status);
                    bytes = answer.body.len();
                    done.fetch_add(1, Ordering::Relaxed);
                }
                Ok(bytes)
            });
        }
        tokio::time::sleep(SPAN).await;
        stop.store(true, Ordering::Relaxed);
        let rate = per_second(done.load(Ordering::Relaxed), begin);
        let mut bytes = 0;
        while let Some(client) = clients.join_next().await {
            bytes = client.context("a client")??;
        }
        println!("  {path:<12} {rate:>9.0} a second, {bytes} B each");
    }
    Ok(())
}
