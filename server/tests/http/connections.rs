//! Connections: whoever is slow, says too much or hangs up, and the drain.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, middleware, routing};
use server::{
    guard,
    serve::{Limits, serve},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::task::TaskTracker;

use crate::world::world;

const SOON: Duration = Duration::from_millis(200);
const LATE: Duration = Duration::from_secs(20);

/// A server that is stopped by its sender.
async fn start(
    router: Router,
    changes: TaskTracker,
) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits =
        Limits { head_within: SOON, largest_head: 8192, most_headers: 20, ..Limits::default() };
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(serve(vec![listener], router, changes, limits, async {
        let _ = stopped.await;
    }));
    (address, stop, serving)
}

/// Sends this and reads until the server hangs up.
async fn talk(address: SocketAddr, words: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(words.as_bytes()).await.unwrap();
    listen(&mut stream).await
}

async fn listen(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    // A reset after the answer is an end like any other.
    let _ = timeout(LATE, stream.read_to_end(&mut heard)).await.expect("the server hangs up");
    String::from_utf8_lossy(&heard).into_owned()
}

#[test]
fn who_is_slow_or_says_too_much_is_let_go() {
    world().wait(async {
        let (address, _stop, _) = start(world().demo.clone(), TaskTracker::new()).await;
        // Half a head, and nothing at all.
        assert!(!talk(address, "GET /healthz HTTP/1.1\r\nHost: a").await.contains("200"));
        assert_eq!(talk(address, "").await, "");
        // A whole request, then nothing more on the same connection.
        let answer = talk(address, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok\n"), "{answer}");
        let long = format!("GET /healthz HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(9000));
        let answer = talk(address, &long).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
        let many = format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: a\r\n".repeat(30));
        let answer = talk(address, &many).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
        let nonsense = talk(address, "\u{16}\u{3}\u{1}\0nonsense\r\n\r\n").await;
        assert!(nonsense.starts_with("HTTP/1.1 400"), "{nonsense}");
    });
}

/// A route that takes a while and says when it is done.
fn slow(done: &Arc<AtomicBool>) -> Router {
    let done = Arc::clone(done);
    let work = async move || {
        sleep(SOON * 2).await;
        done.store(true, Ordering::SeqCst);
        "done"
    };
    let server = Arc::clone(&world().server);
    Router::new()
        .route("/slow", routing::get(work.clone()).post(work))
        .layer(middleware::from_fn_with_state(server, guard::outer))
}

#[test]
fn a_drain_finishes_what_is_under_way_and_accepts_nothing_more() {
    world().wait(async {
        let done = Arc::new(AtomicBool::new(false));
        let (address, stop, serving) = start(slow(&done), TaskTracker::new()).await;
        let asking =
            tokio::spawn(
                async move { talk(address, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await },
            );
        sleep(SOON / 2).await;
        stop.send(()).unwrap();
        sleep(SOON / 4).await;
        assert!(TcpStream::connect(address).await.is_err(), "the door is closed");
        timeout(LATE, serving).await.unwrap().unwrap();
        let answer = asking.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("done"), "{answer}");
    });
}

#[test]
fn a_change_that_has_begun_ends_though_its_client_hangs_up() {
    world().wait(async {
        let done = Arc::new(AtomicBool::new(false));
        let changes = world().server.changes();
        let (address, stop, serving) = start(slow(&done), changes).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let words = "POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(words.as_bytes()).await.unwrap();
        sleep(SOON / 2).await;
        drop(stream);
        stop.send(()).unwrap();
        timeout(LATE, serving).await.unwrap().unwrap();
        assert!(done.load(Ordering::SeqCst), "the drain waited for it");
    });
}
