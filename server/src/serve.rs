//! Connections: their limits while they live, and the drain at the end.
//!
//! axum sets no limits of its own, so hyper is driven directly: whoever is slow to say what is
//! wanted, says too much of it, or stops reading the answer is let go.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use axum::{Router, body::Body};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{Instant, timeout_at},
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::guard::Peer;

/// What a connection may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long the head of a request may take, from the first byte or from the end of the last
    /// answer: how long a connection may be idle, too.
    pub head_within: Duration,
    /// How long a peer may read nothing of what it is sent.
    pub read_within: Duration,
    /// The largest head of a request, in bytes. Links leave a cookie each, for half an hour.
    pub largest_head: usize,
    /// The most header lines of a request.
    pub most_headers: usize,
    /// How many connections are served at a time; others wait to be accepted.
    pub most_connections: usize,
    /// How long a drain may take.
    pub drain_within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_within: Duration::from_secs(10),
            read_within: Duration::from_secs(30),
            largest_head: 32 * 1024,
            most_headers: 100,
            most_connections: 4096,
            drain_within: Duration::from_secs(30),
        }
    }
}

/// Serves `router` on these listeners until `stop` comes; then accepts nothing more, finishes what
/// is under way, `changes` included, and returns.
pub async fn serve(
    listeners: Vec<TcpListener>,
    router: Router,
    changes: TaskTracker,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let drain = Arc::new(GracefulShutdown::new());
    let (stopping, stopped) = watch::channel(false);
    let room = Arc::new(Semaphore::new(limits.most_connections));
    let mut doors = JoinSet::new();
    for listener in listeners {
        let door = Door {
            router: router.clone(),
            limits,
            room: Arc::clone(&room),
            drain: Arc::clone(&drain),
        };
        doors.spawn(door.open(listener, stopped.clone()));
    }
    stop.await;
    tracing::info!("stopping: finishing what is under way");
    let deadline = Instant::now() + limits.drain_within;
    stopping.send_replace(true);
    while doors.join_next().await.is_some() {}
    let drained = match Arc::into_inner(drain) {
        Some(drain) => timeout_at(deadline, drain.shutdown()).await,
        // A door that panicked still holds it; its connections end with the process.
        None => Ok(()),
    };
    changes.close();
    let finished = timeout_at(deadline, changes.wait()).await;
    if drained.is_err() || finished.is_err() {
        tracing::warn!(
            "some requests were not finished within {} s",
            limits.drain_within.as_secs()
        );
    }
}

/// What a connection needs.
struct Door {
    router: Router,
    limits: Limits,
    room: Arc<Semaphore>,
    drain: Arc<GracefulShutdown>,
}

impl Door {
    /// Accepts connections until stopped.
    async fn open(self, listener: TcpListener, mut stopped: watch::Receiver<bool>) {
        loop {
            let permit = tokio::select! {
                permit = Arc::clone(&self.room).acquire_owned() => permit,
                _ = stopped.changed() => return,
            };
            let Ok(permit) = permit else { return };
            tokio::select! {
                biased;
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => self.serve(stream, peer, permit),
                    // The peer is gone already, or there are no file handles left: it passes.
                    Err(error) => {
                        tracing::debug!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
                // Only when nobody is waiting at the door.
                _ = stopped.changed() => return,
            }
        }
    }

    fn serve(&self, stream: TcpStream, peer: SocketAddr, permit: OwnedSemaphorePermit) {
        // Small answers leave at once.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.limits.read_within));
        let router = self.router.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            router.clone().oneshot(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head_within)
            .max_buf_size(self.limits.largest_head)
            .max_headers(self.limits.most_headers)
            .serve_connection(TokioIo::new(Box::pin(stream)), service);
        let connection = self.drain.watch(connection);
        tokio::spawn(async move {
            // How a connection ended is the peer's business.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(permit);
        });
    }
}

/// Listens on an address, or says what is in the way.
pub async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: choose another address and port with --listen, or stop what is using it")
    })
}

/// Listens on both loopback addresses at one port, as browsers may look for `localhost` at either.
/// A machine without IPv6 has one.
pub async fn listen_on_loopback(port: u16) -> anyhow::Result<Vec<TcpListener>> {
    let first = listen(([127, 0, 0, 1], port).into()).await?;
    let second = SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, first.local_addr()?.port()));
    match TcpListener::bind(second).await {
        Ok(second) => Ok(vec![first, second]),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Err(error).with_context(|| format!("cannot listen on {second}: choose another port with --listen, or stop what is using it"))
        }
        Err(_) => Ok(vec![first]),
    }
}

/// Ends with the signal to stop: SIGTERM from a service manager, SIGINT from a keyboard.
pub fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
