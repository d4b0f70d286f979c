//! The conversation with a mail server, over TCP.

use std::{path::PathBuf, sync::Arc, time::Duration};

use model::{Moment, account::Language, id::MailId, text::EmailAddress};
use portal::{
    mail::{Delivery, LetterKind, MailSettings, MailTls, MailTransport, Mailer, Rendered},
    secrets::Secret,
};
use tokio_rustls::{TlsAcceptor, rustls};

use crate::{
    brand, letter,
    smtp::{At, Begin, Behaviour, Options, ScriptedSmtp, Stream, Upgrade},
};

const ID: &str = "0198c0de-7a5e-7000-8000-000000000001@rekey.example";

fn settings(port: u16) -> MailSettings {
    MailSettings {
        transport: MailTransport::Smtp,
        host: "127.0.0.1".into(),
        port,
        tls: MailTls::None,
        from: "Rekey <rekey@rekey.example>".into(),
        timeout_seconds: 5,
        ..MailSettings::default()
    }
}

fn casey() -> EmailAddress {
    EmailAddress::parse("casey@acme.example").unwrap()
}

fn rendered(mailer: &Mailer) -> Rendered {
    let (kind, data) = letter(LetterKind::ResetLink).into_parts().unwrap();
    mailer.render(kind, Language::De, &brand(), &data).unwrap()
}

async fn send(mailer: &Mailer) -> Delivery {
    mailer
        .send(
            &casey(),
            "Northwind Backup",
            None,
            ID,
            Moment(1_763_733_909_000_000),
            &rendered(mailer),
        )
        .await
}

fn later(delivery: &Delivery) -> &str {
    match delivery {
        Delivery::Later { answer } => answer,
        other => panic!("{other:?}"),
    }
}

fn never(delivery: &Delivery) -> &str {
    match delivery {
        Delivery::Never { answer } => answer,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_accepted(delivery: &Delivery) {
    assert!(matches!(delivery, Delivery::Accepted { .. }), "{delivery:?}");
}

#[tokio::test]
async fn an_accepted_letter_arrives_as_it_was_written() {
    let server = ScriptedSmtp::start(vec![]).await;
    let mailer = Mailer::new(&settings(server.port())).unwrap();
    let letter = rendered(&mailer);
    let support = EmailAddress::parse("support@northwind.example").unwrap();
    let date = Moment(1_763_733_909_000_000);
    let delivery =
        mailer.send(&casey(), "Northwind Bäckup", Some(&support), ID, date, &letter).await;
    assert_eq!(delivery, Delivery::Accepted { answer: "250 2.0.0 queued".into() });

    let mail = &server.wait_for(1).await[0];
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("rekey@rekey.example", &["casey@acme.example".to_owned()][..])
    );
    for (header, value) in [
        ("Message-ID", "<0198c0de-7a5e-7000-8000-000000000001@rekey.example>"),
        ("Date", "Fri, 21 Nov 2025 14:05:09 +0000"),
        ("From", "Northwind Bäckup <rekey@rekey.example>"),
        ("Reply-To", "support@northwind.example"),
        ("To", "casey@acme.example"),
        ("Subject", "Neues Passwort für Northwind Backup wählen"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
    ] {
        assert_eq!(mail.header(header).as_deref(), Some(value), "{header}");
    }
    assert_eq!(mail.text(), letter.text);
    assert_eq!(mail.html(), letter.html);
    assert!(mail.link().starts_with("https://portal.northwind.example/reset/"));
    assert!(mail.data.is_ascii());
    assert!(mail.data.lines().all(|line| line.len() <= 998));
    assert!(server.commands().contains(&"EHLO rekey.example".to_owned()));
}

#[tokio::test]
async fn the_same_letter_is_the_same_message_at_every_try() {
    let server = ScriptedSmtp::start(vec![Behaviour::Drop(At::Body)]).await;
    let mailer = Mailer::new(&settings(server.port())).unwrap();
    let answer = send(&mailer).await;
    assert!(later(&answer).contains("may have arrived"), "{answer:?}");
    assert_accepted(&send(&mailer).await);
    let mails = server.wait_for(2).await;
    assert_eq!(mails[0], mails[1]);
    let id = MailId("0198c0de-7a5e-7000-8000-000000000001".parse().unwrap());
    assert_eq!(mailer.message_id(id), ID);
}

#[tokio::test]
async fn refusals_for_good_are_told_from_refusals_for_now() {
    for (behaviour, for_good) in [
        (Behaviour::Answer(At::Connect, "421 4.3.2 too busy"), false),
        (Behaviour::Answer(At::Connect, "554 5.3.2 no service"), false),
        // The sender is refused whoever the letter is for; that will be mended.
        (Behaviour::Answer(At::Sender, "550 5.7.1 you may not send as that"), false),
        (Behaviour::Answer(At::Recipient, "450 4.2.0 greylisted"), false),
        (Behaviour::Answer(At::Recipient, "550 5.1.1 no such user"), true),
        (Behaviour::Answer(At::Recipient, "530 5.7.0 sign in first"), false),
        (Behaviour::Answer(At::Data, "451 4.3.0 not now"), false),
        (Behaviour::Answer(At::Data, "554 5.6.0 no"), true),
        (Behaviour::Answer(At::Body, "452 4.2.2 disk full"), false),
        (Behaviour::Answer(At::Body, "554 5.7.1 looks like spam"), true),
    ] {
        let server = ScriptedSmtp::start(vec![behaviour]).await;
        let mailer = Mailer::new(&settings(server.port())).unwrap();
        let delivery = send(&mailer).await;
        let answer = if for_good { never(&delivery) } else { later(&delivery) };
        let Behaviour::Answer(_, said) = behaviour else { unreachable!() };
        assert_eq!(answer, said);
        assert!(server.received().is_empty());
        // The next letter is none the worse.
        assert_accepted(&send(&mailer).await);
    }
}

#[tokio::test]
async fn a_server_that_hangs_holds_nobody_longer_than_the_timeout() {
    for at in [At::Connect, At::Sender, At::Recipient, At::Data, At::Body] {
        let server = ScriptedSmtp::start(vec![Behaviour::Hang(at)]).await;
        let mailer =
            Mailer::new(&MailSettings { timeout_seconds: 1, ..settings(server.port()) }).unwrap();
        let begun = tokio::time::Instant::now();
        let delivery = send(&mailer).await;
        assert!(begun.elapsed() < Duration::from_secs(3), "{at:?}");
        assert!(later(&delivery).starts_with("no answer within 1 s"), "{delivery:?}");
        assert_eq!(later(&delivery).contains("may have arrived"), at == At::Body);
        // What was given up is not taken up again by the next letter.
        assert_accepted(&send(&mailer).await);
        let mails = server.received();
        assert!(mails.iter().all(|mail| !mail.data.contains("NOOP")), "{at:?}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_is_asked_again_later() {
    for at in [At::Connect, At::Sender, At::Recipient, At::Data, At::Body] {
        let server = ScriptedSmtp::start(vec![Behaviour::Drop(at)]).await;
        let mailer = Mailer::new(&settings(server.port())).unwrap();
        let delivery = send(&mailer).await;
        assert_eq!(later(&delivery).contains("may have arrived"), at == At::Body, "{delivery:?}");
        assert_accepted(&send(&mailer).await);
    }
}

#[tokio::test]
async fn nobody_listening_is_for_later() {
    let server = ScriptedSmtp::start(vec![]).await;
    let port = server.port();
    drop(server);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mailer = Mailer::new(&settings(port)).unwrap();
    assert_eq!(later(&send(&mailer).await), "nothing listens there");
    let error = format!("{:#}", mailer.check().await.unwrap_err());
    assert!(error.contains("mail.host and mail.port"), "{error}");
}

#[tokio::test]
async fn connections_are_used_again_while_they_last() {
    let server = ScriptedSmtp::start(vec![]).await;
    let mailer = Mailer::new(&settings(server.port())).unwrap();
    for _ in 0..3 {
        assert_accepted(&send(&mailer).await);
    }
    assert_eq!(server.connections(), 1);
    // The server has enough of the connection, but nothing against the letter.
    server.script([Behaviour::Answer(At::Sender, "421 4.3.2 enough")]);
    assert_accepted(&send(&mailer).await);
    assert_eq!((server.connections(), server.received().len()), (2, 4));
    // Several at once, each on a connection of its own.
    let sends = (0..6).map(|_| {
        let mailer = mailer.clone();
        tokio::spawn(async move { send(&mailer).await })
    });
    for sent in sends.collect::<Vec<_>>() {
        assert_accepted(&sent.await.unwrap());
    }
    assert_eq!(server.received().len(), 10);
}

#[tokio::test]
async fn an_answer_that_quotes_the_letter_is_cut() {
    let quoting = "554 5.7.1 listed: https://portal.northwind.example/reset/\
                   0198c0de-7a5e-7000-8000-00000000c0de/Vm0wd2QyUXlVWGxXYTJoV1YwZG9WVmx0";
    let server = ScriptedSmtp::start(vec![Behaviour::Answer(At::Body, quoting)]).await;
    let mailer = Mailer::new(&settings(server.port())).unwrap();
    let delivery = send(&mailer).await;
    let answer = never(&delivery);
    assert!(answer.starts_with("554 5.7.1 listed:"), "{answer}");
    assert!(!answer.contains("Vm0wd2Qy"), "{answer}");
}

#[tokio::test]
async fn no_value_ends_a_header() {
    let server = ScriptedSmtp::start(vec![]).await;
    let mailer = Mailer::new(&settings(server.port())).unwrap();
    let odd = "Evil\r\nBcc: victim@evil.example\r\n\r\n<b>";
    let mut letter = rendered(&mailer);
    letter.subject = odd.into();
    letter.text = "first\r\n.\r\nMAIL FROM:<x@evil.example>\r\n..dots\n.".into();
    let delivery = mailer.send(&casey(), odd, None, ID, Moment(0), &letter).await;
    assert_accepted(&delivery);
    for broken in ["a\r\nBcc: x@evil.example@b", "<>", "", "a@b\r\n", "a b@c", "ä@b.example"] {
        let delivery = mailer.send(&casey(), "N", None, broken, Moment(0), &letter).await;
        assert_eq!(never(&delivery), "the Message-ID is not one", "{broken:?}");
    }
    let mails = server.received();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, ["casey@acme.example"]);
    assert_eq!(mails[0].header("Bcc"), None);
    assert_eq!(mails[0].header("Subject").unwrap(), "Evil Bcc: victim@evil.example <b>");
    assert!(mails[0].header("From").unwrap().ends_with("<rekey@rekey.example>"));
    assert_eq!(mails[0].text(), letter.text.replace("\r\n", "\n"));
    assert!(!server.commands().iter().any(|command| command.contains("evil")));
}

#[tokio::test]
async fn names_and_dates_at_the_edges_are_sent() {
    let server = ScriptedSmtp::start(vec![]).await;
    let mailer = Mailer::new(&settings(server.port())).unwrap();
    let letter = rendered(&mailer);
    let long = "Ü".repeat(300);
    for (name, date) in [
        ("", Moment(i64::MIN)),
        (long.as_str(), Moment(i64::MAX)),
        ("\u{0}\u{202e}", Moment(0)),
        ("Acme, \"Tools\" <x@evil.example>", Moment(0)),
    ] {
        assert_accepted(&mailer.send(&casey(), name, None, ID, date, &letter).await);
    }
    let mails = server.received();
    // Without a name, the one of the settings.
    assert_eq!(mails[0].header("From").unwrap(), "Rekey <rekey@rekey.example>");
    // A name with marks of its own is encoded, so that it is no second sender.
    let named = "Acme, \"Tools\" <x@evil.example> <rekey@rekey.example>";
    assert_eq!(mails[3].header("From").unwrap(), named);
    assert!(!mails[3].data.contains("x@evil.example"), "{}", mails[3].data);
    assert!(mails.iter().all(|mail| mail.data.lines().all(|line| line.len() <= 998)));
}

#[tokio::test]
async fn a_domain_with_umlauts_needs_no_smtputf8() {
    let server = ScriptedSmtp::start(vec![]).await;
    let mailer = Mailer::new(&settings(server.port())).unwrap();
    let to = EmailAddress::parse("info@müller.example").unwrap();
    let letter = rendered(&mailer);
    assert_accepted(&mailer.send(&to, "N", None, ID, Moment(0), &letter).await);
    assert_eq!(server.received()[0].to, ["info@xn--mller-kva.example"]);
}

#[tokio::test]
async fn signing_in() {
    let options = Options { credentials: Some(("rekey", "hunter2 hunter2")), ..Options::default() };
    let server = ScriptedSmtp::start_with(vec![], options).await;
    let with = |password: &str| {
        Mailer::new(&MailSettings {
            user: Some("rekey".into()),
            password: Some(Secret::new(password.into())),
            ..settings(server.port())
        })
        .unwrap()
    };
    let right = with("hunter2 hunter2");
    assert_accepted(&send(&right).await);
    right.check().await.unwrap();

    let wrong = with("hunter3 hunter3");
    assert_eq!(later(&send(&wrong).await), "535 5.7.8 wrong user or password");
    let error = format!("{:#}", wrong.check().await.unwrap_err());
    assert!(error.contains("mail.user and mail.password"), "{error}");
    assert!(!error.contains("hunter"));

    // No sign-in though one is wanted: wrong for every letter, so for later.
    let none = Mailer::new(&settings(server.port())).unwrap();
    assert_eq!(later(&send(&none).await), "530 5.7.0 sign in first");
    // A server that offers no sign-in.
    let open = ScriptedSmtp::start(vec![]).await;
    let mailer = Mailer::new(&MailSettings {
        user: Some("rekey".into()),
        password: Some(Secret::new("x".into())),
        ..settings(open.port())
    })
    .unwrap();
    assert!(later(&send(&mailer).await).contains("no way to sign in"));
}

/// An authority, and a server's certificate from it.
struct Authority {
    ca_file: PathBuf,
    upgrade: Upgrade,
    _folder: tempfile::TempDir,
}

fn authority(versions: &[&'static rustls::SupportedProtocolVersion]) -> Authority {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let ca_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&ca_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".into()])
        .unwrap()
        .signed_by(&key, &Issuer::new(params, ca_key))
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, ca.pem()).unwrap();
    let upgrade: Upgrade = Arc::new(move |stream| {
        let accepting = acceptor.accept(stream);
        Box::pin(async move { Ok(Box::new(accepting.await?) as Box<dyn Stream>) })
    });
    Authority { ca_file, upgrade, _folder: folder }
}

fn encrypted(authority: &Authority, port: u16, tls: MailTls) -> MailSettings {
    MailSettings {
        host: "localhost".into(),
        tls,
        ca_file: Some(authority.ca_file.clone()),
        ..settings(port)
    }
}

#[tokio::test]
async fn encryption_with_a_certificate_that_is_trusted() {
    for (begin, tls) in [(Begin::AtOnce, MailTls::Tls), (Begin::WhenAsked, MailTls::Starttls)] {
        for versions in [&[&rustls::version::TLS12], &[&rustls::version::TLS13]] {
            let authority = authority(versions);
            let options = Options {
                tls: Some((Arc::clone(&authority.upgrade), begin)),
                credentials: Some(("rekey", "hunter2")),
                ..Options::default()
            };
            let server = ScriptedSmtp::start_with(vec![], options).await;
            let mailer = Mailer::new(&MailSettings {
                user: Some("rekey".into()),
                password: Some(Secret::new("hunter2".into())),
                ..encrypted(&authority, server.port(), tls)
            })
            .unwrap();
            mailer.check().await.unwrap();
            assert_accepted(&send(&mailer).await);
            assert_eq!(server.received().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_gets_no_letter() {
    let (ours, theirs) = (authority(rustls::ALL_VERSIONS), authority(rustls::ALL_VERSIONS));
    for (begin, tls) in [(Begin::AtOnce, MailTls::Tls), (Begin::WhenAsked, MailTls::Starttls)] {
        let options =
            Options { tls: Some((Arc::clone(&theirs.upgrade), begin)), ..Options::default() };
        let server = ScriptedSmtp::start_with(vec![], options).await;
        // Somebody else's authority; no authority but the system's; the right one, another name.
        for settings in [
            encrypted(&ours, server.port(), tls),
            MailSettings { ca_file: None, ..encrypted(&theirs, server.port(), tls) },
            MailSettings { host: "127.0.0.1".into(), ..encrypted(&theirs, server.port(), tls) },
        ] {
            let mailer = Mailer::new(&settings).unwrap();
            let delivery = send(&mailer).await;
            assert!(
                later(&delivery).starts_with("the encrypted connection failed: "),
                "{delivery:?}"
            );
            let error = format!("{:#}", mailer.check().await.unwrap_err());
            assert!(error.contains("mail.ca_file"), "{error}");
        }
        assert!(server.received().is_empty());
        let said = server.commands().join(" ");
        assert!(!said.contains("MAIL") && !said.contains("AUTH"), "{said}");
    }
}

#[tokio::test]
async fn a_server_without_encryption_gets_no_letter() {
    let server = ScriptedSmtp::start(vec![]).await;
    let authority = authority(rustls::ALL_VERSIONS);
    let mailer = Mailer::new(&encrypted(&authority, server.port(), MailTls::Starttls)).unwrap();
    assert_eq!(later(&send(&mailer).await), "STARTTLS is not offered");
    assert!(mailer.check().await.is_err());
    let mailer = Mailer::new(&MailSettings {
        timeout_seconds: 1,
        ..encrypted(&authority, server.port(), MailTls::Tls)
    })
    .unwrap();
    later(&send(&mailer).await);
    assert!(!server.commands().iter().any(|command| command.starts_with("MAIL")));
}

/// An answer planted before the encryption begins must not make a refusal look like success.
#[tokio::test]
async fn answers_planted_before_the_encryption_deliver_nothing() {
    let authority = authority(rustls::ALL_VERSIONS);
    for planted in ["250 planted", "250-planted\r\n250 STARTTLS"] {
        let options = Options {
            tls: Some((Arc::clone(&authority.upgrade), Begin::WhenAsked)),
            planted,
            ..Options::default()
        };
        let refusing = vec![Behaviour::Answer(At::Body, "451 4.3.0 not now")];
        let server = ScriptedSmtp::start_with(refusing, options).await;
        let mailer = Mailer::new(&encrypted(&authority, server.port(), MailTls::Starttls)).unwrap();
        later(&send(&mailer).await);
    }
}

#[tokio::test]
async fn a_folder_gets_whole_letters() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail");
    let mailer = Mailer::new(&MailSettings {
        transport: MailTransport::Folder,
        from: "rekey@rekey.example".into(),
        folder: Some(path.clone()),
        ..MailSettings::default()
    })
    .unwrap();
    mailer.check().await.unwrap();
    assert_accepted(&send(&mailer).await);
    assert_accepted(&send(&mailer).await);
    let names: Vec<_> = std::fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names, ["0198c0de-7a5e-7000-8000-000000000001.eml"]);
    let file = path.join(&names[0]);
    assert!(std::fs::read_to_string(&file).unwrap().contains("Message-ID: <0198c0de"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // A folder that cannot be one.
    let blocked = Mailer::new(&MailSettings {
        transport: MailTransport::Folder,
        from: "rekey@rekey.example".into(),
        folder: Some(file.join("below")),
        ..MailSettings::default()
    })
    .unwrap();
    later(&send(&blocked).await);
    assert!(format!("{:#}", blocked.check().await.unwrap_err()).contains("mail.folder"));
}

#[tokio::test]
async fn without_a_mail_server_letters_wait() {
    let mailer = Mailer::new(&MailSettings::default()).unwrap();
    assert_eq!(later(&send(&mailer).await), "no mail server is configured");
    assert!(format!("{:#}", mailer.check().await.unwrap_err()).contains("mail.transport"));
}

#[test]
fn settings_that_cannot_work_are_refused_with_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let no_certificate = folder.path().join("no.pem");
    std::fs::write(&no_certificate, "nothing").unwrap();
    let bad_certificate = folder.path().join("bad.pem");
    std::fs::write(&bad_certificate, "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n")
        .unwrap();
    let good = || settings(25);
    let cases = [
        ("mail.host", MailSettings { host: String::new(), ..good() }),
        ("mail.host", MailSettings { host: "a b".into(), ..good() }),
        ("mail.tls", MailSettings { host: "mail.example".into(), ..good() }),
        ("mail.tls", MailSettings { host: "192.0.2.1".into(), ..good() }),
        ("mail.tls", MailSettings { host: "localhost.evil.example".into(), ..good() }),
        ("mail.from", MailSettings { from: String::new(), ..good() }),
        ("mail.from", MailSettings { from: "nobody".into(), ..good() }),
        ("mail.from", MailSettings { from: "a@b.example, c@d.example".into(), ..good() }),
        ("mail.from", MailSettings { from: "a@b.example\r\nBcc: c@d.example".into(), ..good() }),
        ("mail.hello_name", MailSettings { hello_name: Some("a\r\nQUIT".into()), ..good() }),
        ("mail.password", MailSettings { user: Some("u".into()), ..good() }),
        ("mail.user", MailSettings { password: Some(Secret::new("hunter2".into())), ..good() }),
        ("mail.timeout_seconds", MailSettings { timeout_seconds: 0, ..good() }),
        ("mail.timeout_seconds", MailSettings { timeout_seconds: 100_000, ..good() }),
        (
            "mail.ca_file",
            MailSettings { tls: MailTls::Tls, ca_file: Some("/nowhere/ca.pem".into()), ..good() },
        ),
        (
            "mail.ca_file",
            MailSettings { tls: MailTls::Tls, ca_file: Some(no_certificate), ..good() },
        ),
        (
            "mail.ca_file",
            MailSettings { tls: MailTls::Starttls, ca_file: Some(bad_certificate), ..good() },
        ),
        ("mail.folder", MailSettings { transport: MailTransport::Folder, ..good() }),
    ];
    for (setting, settings) in cases {
        let error = format!("{:#}", Mailer::new(&settings).expect_err(setting));
        assert!(error.starts_with(setting), "{setting}: {error}");
    }
    for host in ["localhost", "127.0.0.1", "127.8.8.8", "::1"] {
        Mailer::new(&MailSettings { host: host.into(), ..good() }).unwrap();
    }
}

#[test]
fn settings_never_show_the_password() {
    let settings =
        MailSettings { password: Some(Secret::new("hunter2".into())), ..MailSettings::default() };
    assert!(!format!("{settings:?}").contains("hunter2"));
    assert!(!serde_json::to_string(&settings).unwrap().contains("hunter2"));
    let unknown = serde_json::from_str::<MailSettings>("{\"hots\": \"mail.example\"}");
    assert!(unknown.unwrap_err().to_string().contains("hots"));
    let from_nothing: MailSettings = serde_json::from_str("{}").unwrap();
    assert_eq!((from_nothing.port, from_nothing.timeout_seconds), (587, 20));
}
