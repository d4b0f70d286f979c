//! Ways to a server that are not gone, and what is told of those that are.

use std::{
    io::{self, Write},
    net::TcpListener,
    path::Path,
    sync::{Mutex, PoisonError},
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::*;

#[tokio::test]
async fn an_address_may_end_with_a_slash_and_have_a_path() {
    for (rest, path) in [
        ("", "/api/v1/admin/meta/version"),
        ("/", "/api/v1/admin/meta/version"),
        ("/backup", "/backup/api/v1/admin/meta/version"),
        ("/backup/", "/backup/api/v1/admin/meta/version"),
    ] {
        let address = |stand_in: &StandIn| here(stand_in) + rest;
        let config = |stand_in: &StandIn| config(&address(stand_in), "rekey", ADMIN_PASSWORD);
        let mut world = World::start_with(config, &outside());
        assert!(world.comet.test().await.is_ok());
        assert_eq!(world.calls()[0]["path"], path);
    }
}

#[test]
fn only_this_machine_is_spoken_to_without_encryption() {
    let problem = |address: &str| {
        let mut problems = problems(&config(address, "rekey", ADMIN_PASSWORD), &outside());
        assert_eq!((problems.len(), &*problems[0].field), (1, "address"));
        problems.remove(0).problem
    };
    let plain = Problem::PlainToThisMachineOnly;
    assert_eq!(problem("http://backup.example:8060/"), plain);
    assert_eq!(problem("http://203.0.114.7/"), plain);
    assert_eq!(problem("backup.example"), Problem::NotAnAddress);
    assert_eq!(problem("ftp://backup.example/"), Problem::NotAnAddress);
    assert_eq!(problem("https://rekey:pass@backup.example/"), Problem::NotAnAddress);
    assert_eq!(problem("https://10.1.2.3:8060/"), Problem::HostNotAllowed);
}

#[tokio::test]
async fn a_private_network_is_not_connected_to_unless_it_is_allowed() {
    let nowhere = Outside::new(Outbound::default(), None).expect("TLS");
    let name = |stand_in: &StandIn| {
        let address = format!("http://localhost:{}/", stand_in.port);
        config(&address, "rekey", ADMIN_PASSWORD)
    };
    let mut world = World::start_with(name, &nowhere);
    assert_eq!(world.comet.test().await, Err(Reason::AddressNotAllowed));
    assert_eq!(world.set("acme01").await, Outcome::NotSent(Reason::AddressNotAllowed));
    assert!(world.calls().is_empty());
    let world = World::start_with(name, &outside());
    assert!(world.comet.test().await.is_ok());
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let mut world = World::start();
    let elsewhere = StandIn::start("comet", &[]);
    let mut redirect = |endpoint: &str| {
        let to = format!("{}/api/v1/{endpoint}", here(&elsewhere));
        world.order(&json!({"do": "fault", "endpoint": endpoint, "kind": "redirect", "to": to}));
    };
    redirect("admin/meta/version");
    redirect("admin/reset-user-password");
    assert_eq!(world.comet.test().await, Err(Reason::BadAnswer));
    assert_eq!(world.set("acme01").await, Outcome::Unknown(Reason::BadAnswer));
    let elsewhere = World { stand_in: elsewhere, comet: Arc::clone(&world.comet) };
    let mut elsewhere = elsewhere;
    assert!(elsewhere.calls().is_empty());
}

#[tokio::test]
async fn a_server_that_is_not_there_was_sent_nothing() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("it").port();
    let config = config(&format!("http://127.0.0.1:{port}"), "rekey", ADMIN_PASSWORD);
    let comet = (KIND.connect)(&config, &outside()).expect("good settings");
    assert_eq!(comet.test().await, Err(Reason::Unreachable));
    assert_eq!(set(&*comet, "acme01", None).await, Outcome::NotSent(Reason::Unreachable));
    let unseen = Verified::NotSeen(Reason::Unreachable);
    assert_eq!(comet.verify("acme01", &secret(NEW)).await, unseen);
}

/// Writes an authority's certificate, and a certificate from it with its key, into a folder.
fn certify(folder: &Path, host: &str) {
    let ca_key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec![]).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&ca_key).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(vec![host.to_owned()])
        .and_then(|of| of.signed_by(&key, &Issuer::new(params, ca_key)))
        .expect("a certificate");
    let files =
        [("ca", ca.pem()), ("certificate", certificate.pem()), ("key", key.serialize_pem())];
    for (name, text) in files {
        std::fs::write(folder.join(name), text).expect("a file");
    }
}

#[tokio::test]
async fn certificates_must_be_trusted_and_the_hosts_own() {
    for (host, reason) in
        [("localhost", None), ("other.example", Some(Reason::CertificateNotTrusted))]
    {
        let folder = tempfile::tempdir().expect("a folder");
        certify(folder.path(), host);
        let file = |name| folder.path().join(name).to_str().expect("a path").to_owned();
        let stand_in = StandIn::start("comet", &["--tls", &file("certificate"), &file("key")]);
        let address = format!("https://localhost:{}/", stand_in.port);
        let config = config(&address, "rekey", ADMIN_PASSWORD);

        let strange = (KIND.connect)(&config, &outside()).expect("good settings");
        assert_eq!(strange.test().await, Err(Reason::CertificateNotTrusted));
        let outcome = set(&*strange, "acme01", None).await;
        assert_eq!(outcome, Outcome::NotSent(Reason::CertificateNotTrusted));

        let outbound = outside().outbound;
        let trusting = Outside::new(outbound, Some(&folder.path().join("ca"))).expect("TLS");
        let known = (KIND.connect)(&config, &trusting).expect("good settings");
        assert_eq!(known.test().await.err(), reason, "{host}");
        let mut world = World { stand_in, comet: known };
        let expected = reason.map_or(Outcome::Applied, Outcome::NotSent);
        assert_eq!(world.set("acme01").await, expected, "{host}");
        assert_eq!(world.password("acme01") == NEW, reason.is_none(), "{host}");
    }
}

/// A log that is kept.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_logged_or_printed() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // For this thread, which is the one that this story happens on.
    let _guard = tracing::subscriber::set_default(subscriber);
    let settings = |stand_in: &StandIn| config(&here(stand_in), "rekey", ADMIN_PASSWORD);
    let mut world = World::start_with(settings, &outside());
    let mut said = vec![format!("{:?}", settings(&world.stand_in))];
    let mut secrets = vec![ADMIN_PASSWORD.to_owned(), NEW.to_owned(), "before-acme01".to_owned()];
    let mut keep = |user: &Value| {
        for text in [&user["recovery"], &user["profile"]["PasswordHash"]] {
            secrets.push(text.as_str().expect("text").to_owned());
        }
    };
    keep(&world.user("acme01"));
    for kind in ["500_after", "half_after", "garbage", "cut"] {
        for endpoint in ["admin/reset-user-password", "admin/set-user-profile-hash"] {
            world.fault(endpoint, kind);
        }
        said.push(format!("{:?}", world.set("acme01").await));
        said.push(format!("{:?}", world.comet.require_change("acme01").await));
        keep(&world.user("acme01"));
    }
    said.push(format!("{:?}", world.comet.overview("acme01").await));
    said.push(format!("{:?}", world.comet.accounts().await));
    world.order(&json!({"do": "set", "name": "acme06", "password": NEW}));
    world.fault("user/web/session/revoke", "500");
    said.push(format!("{:?}", world.comet.verify("acme06", &secret(NEW)).await));
    let revoke = world.calls().pop().expect("a call");
    secrets.push(revoke["parameters"]["SessionKey"].as_str().expect("a key").to_owned());

    let log = log.0.lock().unwrap_or_else(PoisonError::into_inner);
    said.push(String::from_utf8_lossy(&log).into_owned());
    let said = said.concat();
    assert!(said.contains("left to expire"), "the log was kept");
    assert!(said.contains("acme01"));
    for secret in secrets {
        assert!(!secret.is_empty() && !said.contains(&secret), "{secret}");
    }
}
