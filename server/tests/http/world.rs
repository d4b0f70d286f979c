//! One server for all tests of this program, and a way of asking it.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU16, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, Response, StatusCode, header},
};
use portal::{
    Portal,
    config::{Database, Settings},
    mail::{MailSettings, MailTransport},
};
use server::{Server, assets::Assets, guard::Peer, router};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// Where the demo answers in these tests.
pub const ORIGIN: &str = "http://127.0.0.1:3000";

/// A server with the demo's people, in a folder of its own.
pub struct World {
    runtime: Runtime,
    /// The demo on http.
    pub demo: Router,
    /// The same people served on `https://portal.example`, behind a proxy at 10.0.0.0/8.
    pub https: Router,
    /// What both work with.
    pub portal: Portal,
    /// The server behind `https`.
    pub server: Arc<Server>,
    /// Where the demo's mail goes.
    pub folder: TempDir,
    /// Where everything is stored.
    pub database: Database,
}

/// The world; made once.
pub fn world() -> &'static World {
    static WORLD: LazyLock<World> = LazyLock::new(|| World::new(None));
    &WORLD
}

impl World {
    /// One of its own, in a database that is given, or in its folder.
    pub fn new(database: Option<Database>) -> Self {
        let runtime = runtime();
        let folder = folder();
        let mut settings = settings(folder.path());
        settings.database = database.unwrap_or(settings.database);
        let database = settings.database.clone();
        let portal = runtime.block_on(async {
            let portal = Portal::open(&settings).await.unwrap();
            portal.seed_demo().await.unwrap();
            portal
        });
        let assets = Assets::find(&settings).unwrap();
        let origins = [ORIGIN, "http://localhost:3000"].map(|origin| origin.parse().unwrap());
        let demo = Server::new(portal.clone(), &settings, assets.clone())
            .demo(origins.to_vec(), settings.mail.folder.clone());
        settings.origin = "https://portal.example".parse().unwrap();
        settings.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        let server = Arc::new(Server::new(portal.clone(), &settings, assets));
        Self {
            runtime,
            demo: router::router(Arc::new(demo)),
            https: router::router(Arc::clone(&server)),
            portal,
            server,
            folder,
            database,
        }
    }

    /// Asks the demo.
    pub fn ask(&self, asking: Asking) -> Answer {
        self.ask_at(&self.demo, asking)
    }

    /// Asks any router.
    pub fn ask_at(&self, router: &Router, asking: Asking) -> Answer {
        self.runtime.block_on(async {
            let answer = router.clone().oneshot(asking.0).await.unwrap();
            Answer::of(answer).await
        })
    }

    /// Waits for something to end.
    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }
}

/// What waits for things to end.
pub fn runtime() -> Runtime {
    Runtime::new().unwrap()
}

/// Fills a database with the demo's people.
pub async fn seed(database: Database) {
    let folder = folder();
    let settings = Settings { database, ..settings(folder.path()) };
    let portal = Portal::open(&settings).await.unwrap();
    portal.seed_demo().await.unwrap();
    portal.close().await;
}

/// A folder in memory where there is one.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// Settings with everything in this folder: mail, and a site as cargo-leptos leaves it.
pub fn settings(folder: &Path) -> Settings {
    let site = folder.join("site");
    let package = site.join("pkg");
    std::fs::create_dir_all(&package).unwrap();
    for (name, content) in [
        (
            "site/hash.txt",
            "js: AAAAAAAAAAAAAAAAAAAAAA\nwasm: BBBBBBBBBBBBBBBBBBBBBB\ncss: CCCCCCCCCCCCCCCCCCCCCC\n",
        ),
        ("site/.built", "somebody else's"),
        ("site/favicon.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("site/pkg/rekey.AAAAAAAAAAAAAAAAAAAAAA.js", "plain script"),
        ("site/pkg/rekey.AAAAAAAAAAAAAAAAAAAAAA.js.br", "brotli script"),
        ("site/pkg/rekey.AAAAAAAAAAAAAAAAAAAAAA.js.gz", "gzip script"),
        ("site/pkg/rekey.BBBBBBBBBBBBBBBBBBBBBB.wasm", "\0asm"),
        ("site/pkg/rekey.CCCCCCCCCCCCCCCCCCCCCC.css", "body{}"),
        ("site/pkg/unhashed.js", "unhashed"),
    ] {
        std::fs::write(folder.join(name), content).unwrap();
    }
    let mut settings = Settings::in_folder(folder);
    settings.assets = Some(site);
    settings.mail = MailSettings {
        transport: MailTransport::Folder,
        folder: Some(folder.join("mail")),
        from: "Rekey <rekey@rekey.example>".into(),
        ..MailSettings::default()
    };
    settings
}

/// A request in the making.
pub struct Asking(pub Request<Body>);

/// Somebody at a network that nobody asked from before, so that no limit is met by accident.
fn stranger() -> String {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let [high, low] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    format!("198.{}.{low}.1:50000", 18 + high)
}

/// A page or a file.
pub fn get(path: &str) -> Asking {
    let request = Request::get(path).header(header::HOST, "127.0.0.1:3000");
    Asking(request.body(Body::empty()).unwrap()).from(&stranger())
}

/// A form, sent by a page of this site.
pub fn post(path: &str, fields: &[(&str, &str)]) -> Asking {
    post_raw(path, encode(fields)).with("sec-fetch-site", "same-origin")
}

/// A form as it stands, from nowhere in particular.
pub fn post_raw(path: &str, body: impl Into<Body>) -> Asking {
    let request = Request::post(path)
        .header(header::HOST, "127.0.0.1:3000")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    Asking(request.body(body.into()).unwrap()).from(&stranger())
}

/// Fields as browsers send them.
pub fn encode(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| {
        let escaped = text.bytes().map(|b| match b {
            b' ' => "+".to_owned(),
            b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        });
        escaped.collect::<String>()
    };
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

impl Asking {
    /// With one more header line.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.0.headers_mut().append(name, value.parse().unwrap());
        self
    }

    /// With this header instead of the usual one.
    pub fn instead(mut self, name: &'static str, value: &str) -> Self {
        self.0.headers_mut().insert(name, value.parse().unwrap());
        self
    }

    /// Without this header.
    pub fn without(mut self, name: &'static str) -> Self {
        self.0.headers_mut().remove(name);
        self
    }

    /// By another method.
    pub fn by(mut self, method: Method) -> Self {
        *self.0.method_mut() = method;
        self
    }

    /// From this address.
    pub fn from(mut self, peer: &str) -> Self {
        let peer: SocketAddr = peer.parse().unwrap();
        self.0.extensions_mut().insert(Peer(peer));
        self
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body; bytes that are no text are replaced.
    pub body: String,
}

impl Answer {
    async fn of(answer: Response<Body>) -> Self {
        let (parts, body) = answer.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Self {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// A header's one value, empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        assert!(self.headers.get_all(name).iter().count() <= 1, "{name} is there twice");
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The cookies it sets, whole.
    pub fn cookies(&self) -> Vec<&str> {
        let lines = self.headers.get_all(header::SET_COOKIE).iter();
        lines.map(|line| line.to_str().unwrap()).collect()
    }
}
