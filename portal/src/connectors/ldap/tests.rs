//! What people see of a directory, told with a real one.

mod proxy;
#[path = "../../../tests/support/slapd.rs"]
mod slapd;

use ldap3::{LdapConnAsync, LdapConnSettings};
use model::Moment;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use self::{
    proxy::{BIND, EXTENDED, Proxy, SEARCH, Trouble},
    slapd::{
        FIRST_PASSWORD, MOST_FAILURES, ONLOOKER, PEOPLE, Person, SERVICE, SERVICE_PASSWORD, SUFFIX,
        Slapd,
    },
};
use super::{ber::tests::nested, *};
use crate::{connectors::KINDS, outbound::Outbound};

const ROBIN: Person = Person {
    uid: "robin",
    rdn: "uid=robin",
    lines: "cn: Robin\ndisplayName: Robin Bäcker\nmail: robin@acme.example\nmail: r.b@acme.example\n",
};
const SAM: Person = Person { uid: "sam", rdn: "uid=sam", lines: "cn: Sam Example\n" };
const NEW: &str = "a horse reads the news";

fn outside(ca_file: Option<&Slapd>) -> Outside {
    let networks = ["127.0.0.0/8", "::1/128"].map(|text| text.parse().unwrap());
    let ca_file = ca_file.map(Slapd::ca_file);
    Outside::new(Outbound::allowing(&networks), ca_file.as_deref()).unwrap()
}

fn config(address: &str) -> Config {
    let plain = [(Field::Address, address), (Field::User, SERVICE), (Field::Base, PEOPLE)];
    let secret = |text: &str| Secret::new(text.to_owned());
    Config {
        plain: plain.map(|(field, text)| (field, text.to_owned())).into(),
        secrets: [(Field::Password, secret(SERVICE_PASSWORD))].into(),
    }
}

fn at(server: &Slapd, address: &str) -> Directory {
    Directory::parse(Flavour::Ldap, &config(address), &outside(Some(server))).unwrap()
}

fn over_tls(server: &Slapd) -> Directory {
    at(server, &format!("ldaps://127.0.0.1:{}", server.tls_port))
}

fn impatient(directory: Directory) -> Directory {
    let moment = Duration::from_millis(300);
    Directory { patience: Patience { connect: moment, answer: moment, list: moment }, ..directory }
}

async fn set(directory: &Directory, account: &str, password: &str) -> Outcome {
    let password = Secret::new(password.to_owned());
    let change = Change { account, fingerprint: None, password: &password, key: "the same" };
    directory.set_password(&change).await
}

async fn verified(directory: &Directory, account: &str, password: &str) -> Verified {
    directory.verify(account, &Secret::new(password.to_owned())).await
}

/// A connection of one's own, by the library alone.
async fn connection(server: &Slapd) -> ldap3::Ldap {
    let settings = LdapConnSettings::new().set_config(outside(Some(server)).tls);
    let url = format!("ldaps://localhost:{}", server.tls_port);
    let (connection, ldap) = LdapConnAsync::with_settings(settings, &url).await.unwrap();
    tokio::spawn(connection.drive());
    ldap
}

/// How a sign-in ends, tried by hand.
async fn sign_in(server: &Slapd, dn: &str, password: &str) -> u32 {
    connection(server).await.simple_bind(dn, password).await.unwrap().rc
}

fn entry_of(person: Person) -> String {
    format!("{},{PEOPLE}", person.rdn)
}

#[tokio::test]
async fn a_new_password_replaces_the_old_one() {
    let server = Slapd::start(&[ROBIN, SAM]).await;
    for (address, account, entry) in [
        (format!("ldap://127.0.0.1:{}", server.port), "robin", entry_of(ROBIN)),
        (format!("ldaps://localhost:{}", server.tls_port), "sam", entry_of(SAM)),
    ] {
        let directory = at(&server, &address);
        assert_eq!(verified(&directory, account, FIRST_PASSWORD).await, Verified::Yes);
        assert_eq!(verified(&directory, account, NEW).await, Verified::No);
        assert_eq!(set(&directory, account, NEW).await, Outcome::Applied, "{address}");
        assert_eq!(sign_in(&server, &entry, NEW).await, 0);
        assert_eq!(sign_in(&server, &entry, FIRST_PASSWORD).await, 49);
        assert_eq!(verified(&directory, account, NEW).await, Verified::Yes);
        assert_eq!(verified(&directory, account, FIRST_PASSWORD).await, Verified::No);
        assert_eq!(verified(&directory, account, "").await, Verified::No);
    }
}

#[tokio::test]
async fn a_password_against_the_policy_is_refused_and_changes_nothing() {
    let server = Slapd::start(&[ROBIN]).await;
    let directory = over_tls(&server);
    let refused = |reason| Outcome::Refused(reason);
    assert_eq!(set(&directory, "robin", "short").await, refused(Reason::PasswordTooShort));
    assert_eq!(set(&directory, "robin", "").await, refused(Reason::PasswordTooShort));
    assert_eq!(set(&directory, "robin", "with a \0").await, refused(Reason::NotRepresentable));
    assert_eq!(verified(&directory, "robin", FIRST_PASSWORD).await, Verified::Yes);

    assert_eq!(set(&directory, "robin", NEW).await, Outcome::Applied);
    let again = set(&directory, "robin", FIRST_PASSWORD).await;
    assert_eq!(again, refused(Reason::PasswordUsedBefore));
    assert_eq!(sign_in(&server, &entry_of(ROBIN), NEW).await, 0);
    // The one that is valid has been used, too, and there is nothing to be done about it.
    assert_eq!(set(&directory, "robin", NEW).await, Outcome::Applied);
}

#[tokio::test]
async fn who_may_not_and_what_is_not_there_is_told_apart() {
    let server = Slapd::start(&[ROBIN]).await;
    let good = over_tls(&server);
    let nobody = set(&good, "nobody", NEW).await;
    assert_eq!(nobody, Outcome::Refused(Reason::NoSuchAccount));
    assert_eq!(good.preflight("nobody", None).await, Err(Reason::NoSuchAccount));
    let unseen = verified(&good, "nobody", NEW).await;
    assert_eq!(unseen, Verified::NotSeen(Reason::NoSuchAccount));

    let onlooker = Directory { user: ONLOOKER.to_owned(), ..over_tls(&server) };
    assert_eq!(onlooker.preflight("robin", None).await, Ok(()));
    assert_eq!(set(&onlooker, "robin", NEW).await, Outcome::Refused(Reason::NotPermitted));
    let forced = onlooker.require_change("robin").await;
    assert_eq!(forced, Outcome::Refused(Reason::NotPermitted));

    let password = Secret::new("not this one".to_owned());
    let stranger = Directory { password, ..over_tls(&server) };
    assert_eq!(set(&stranger, "robin", NEW).await, Outcome::NotSent(Reason::SignInRefused));
    assert_eq!(stranger.test().await, Err(Reason::SignInRefused));
    for user in ["not a name", "cn=nobody,dc=acme,dc=example"] {
        let stranger = Directory { user: user.to_owned(), ..over_tls(&server) };
        assert_eq!(stranger.test().await, Err(Reason::SignInRefused), "{user}");
    }

    let lost = Directory { base: "ou=nowhere,dc=acme,dc=example".into(), ..over_tls(&server) };
    assert_eq!(lost.test().await, Err(Reason::NotPermitted));
    assert_eq!(sign_in(&server, &entry_of(ROBIN), FIRST_PASSWORD).await, 0);
}

#[tokio::test]
async fn a_new_password_opens_a_lock() {
    let server = Slapd::start(&[ROBIN]).await;
    let directory = over_tls(&server);
    for _ in 0..MOST_FAILURES {
        assert_eq!(sign_in(&server, &entry_of(ROBIN), "a wrong guess").await, 49);
    }
    assert_eq!(sign_in(&server, &entry_of(ROBIN), FIRST_PASSWORD).await, 49);
    // Whether the password is another one cannot be seen through a lock, which is no obstacle.
    let unseen = Verified::NotSeen(Reason::NotVerified);
    assert_eq!(verified(&directory, "robin", FIRST_PASSWORD).await, unseen);
    assert_eq!(directory.preflight("robin", None).await, Ok(()));
    assert_eq!(directory.overview("robin").await.unwrap().obstacle, None);
    assert_eq!(directory.unlock("robin").await, Outcome::NotSent(Reason::NotOffered));

    assert_eq!(set(&directory, "robin", NEW).await, Outcome::Applied);
    assert_eq!(sign_in(&server, &entry_of(ROBIN), NEW).await, 0);
    assert_eq!(verified(&directory, "robin", NEW).await, Verified::Yes);
}

#[tokio::test]
async fn a_new_password_opens_nothing_that_somebody_closed() {
    let closed = Person { lines: "cn: Robin\npwdAccountLockedTime: 000001010000Z\n", ..ROBIN };
    let server = Slapd::start(&[closed]).await;
    let directory = over_tls(&server);
    assert_eq!(directory.preflight("robin", None).await, Err(Reason::Suspended));
    assert_eq!(set(&directory, "robin", NEW).await, Outcome::Refused(Reason::Suspended));
    let overview = directory.overview("robin").await.unwrap();
    assert_eq!(overview.obstacle, Some(Reason::Suspended));
}

#[tokio::test]
async fn the_owner_is_asked_for_another_password() {
    let server = Slapd::start(&[ROBIN]).await;
    let directory = over_tls(&server);
    assert_eq!(directory.require_change("robin").await, Outcome::Applied);
    assert_eq!(directory.require_change("nobody").await, Outcome::Refused(Reason::NoSuchAccount));
    // They can sign in, and do nothing before they have changed it.
    assert_eq!(verified(&directory, "robin", FIRST_PASSWORD).await, Verified::Yes);
    let mut robin = connection(&server).await;
    robin.simple_bind(&entry_of(ROBIN), FIRST_PASSWORD).await.unwrap().success().unwrap();
    let found = robin.search(SUFFIX, Scope::Base, "(objectClass=*)", vec!["dc"]).await.unwrap();
    assert_eq!(found.1.rc, 50);
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_that_is_not_trusted() {
    let server = Slapd::start(&[ROBIN]).await;
    for address in [
        format!("ldap://127.0.0.1:{}", server.port),
        format!("ldaps://127.0.0.1:{}", server.tls_port),
    ] {
        let directory = Directory::parse(Flavour::Ldap, &config(&address), &outside(None)).unwrap();
        let outcome = set(&directory, "robin", NEW).await;
        assert_eq!(outcome, Outcome::NotSent(Reason::CertificateNotTrusted), "{address}");
    }
    // Nor to one whose certificate is for another name, or that has none.
    let named_otherwise =
        Proxy::start(&server, &outside(Some(&server)).tls, 0, Trouble::Keep).await;
    let address = format!("ldaps://[::ffff:127.0.0.1]:{}", named_otherwise.port);
    let outcome = set(&at(&server, &address), "robin", NEW).await;
    assert_eq!(outcome, Outcome::NotSent(Reason::CertificateNotTrusted));
    let plain = at(&server, &format!("ldaps://127.0.0.1:{}", server.port));
    assert!(matches!(set(&plain, "robin", NEW).await, Outcome::NotSent(_)));
    assert_eq!(sign_in(&server, &entry_of(ROBIN), FIRST_PASSWORD).await, 0);
}

#[tokio::test]
async fn a_server_that_wants_encryption_is_not_talked_to_without() {
    let server = Slapd::start(&[ROBIN]).await;
    let directory = at(&server, &format!("ldap+plain://127.0.0.1:{}", server.port));
    assert_eq!(directory.test().await, Err(Reason::NotEncrypted));
}

#[tokio::test]
async fn an_answer_that_gets_lost_is_looked_for() {
    let server = Slapd::start(&[ROBIN]).await;
    let tls = outside(Some(&server)).tls;
    let directly = over_tls(&server);
    let through = |proxy: &Proxy| at(&server, &format!("ldaps://127.0.0.1:{}", proxy.port));

    // Before the request: nothing was sent.
    for kind in [BIND, SEARCH] {
        let proxy = Proxy::start(&server, &tls, kind, Trouble::CutBefore).await;
        let outcome = set(&through(&proxy), "robin", NEW).await;
        assert_eq!(outcome, Outcome::NotSent(Reason::NoAnswer));
    }
    // With the request, on its way there: nobody knows, and it was not done.
    let proxy = Proxy::start(&server, &tls, EXTENDED, Trouble::CutBefore).await;
    let outcome = set(&through(&proxy), "robin", NEW).await;
    assert_eq!(outcome, Outcome::Unknown(Reason::NoAnswer));
    assert_eq!(verified(&directly, "robin", NEW).await, Verified::No);
    // On its way back: nobody knows, and it was.
    let proxy = Proxy::start(&server, &tls, EXTENDED, Trouble::CutAfter).await;
    let outcome = set(&through(&proxy), "robin", NEW).await;
    assert_eq!(outcome, Outcome::Unknown(Reason::NoAnswer));
    assert_eq!(verified(&directly, "robin", NEW).await, Verified::Yes);
    // Trying again does no harm.
    assert_eq!(set(&directly, "robin", NEW).await, Outcome::Applied);
    assert_eq!(verified(&directly, "robin", NEW).await, Verified::Yes);
}

#[tokio::test]
async fn a_server_that_dies_in_the_middle_has_done_it_or_not() {
    let mut server = Slapd::start(&[ROBIN]).await;
    let tls = outside(Some(&server)).tls;
    let proxy = Proxy::start(&server, &tls, EXTENDED, Trouble::Keep).await;
    let directory = at(&server, &format!("ldaps://127.0.0.1:{}", proxy.port));
    let setting = tokio::spawn(async move { set(&directory, "robin", NEW).await });
    proxy.begun.notified().await;
    server.kill();
    assert_eq!(setting.await.unwrap(), Outcome::Unknown(Reason::NoAnswer));

    let directory = over_tls(&server);
    assert_eq!(set(&directory, "robin", NEW).await, Outcome::NotSent(Reason::Unreachable));
    let unseen = verified(&directory, "robin", NEW).await;
    assert_eq!(unseen, Verified::NotSeen(Reason::Unreachable));
    server.restart().await;
    assert_eq!(verified(&directory, "robin", NEW).await, Verified::Yes);
}

#[tokio::test]
async fn a_server_that_hangs_is_not_waited_for() {
    let server = Slapd::start(&[ROBIN]).await;
    let tls = outside(Some(&server)).tls;
    // It takes connections, and says nothing.
    let mute = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = mute.local_addr().unwrap().port();
    for address in [format!("ldap://127.0.0.1:{port}"), format!("ldaps://127.0.0.1:{port}")] {
        let directory = impatient(at(&server, &address));
        let outcome = set(&directory, "robin", NEW).await;
        assert_eq!(outcome, Outcome::NotSent(Reason::Unreachable), "{address}");
    }
    for (kind, expected) in [
        (SEARCH, Outcome::NotSent(Reason::NoAnswer)),
        (EXTENDED, Outcome::Unknown(Reason::NoAnswer)),
    ] {
        let proxy = Proxy::start(&server, &tls, kind, Trouble::Keep).await;
        let address = format!("ldaps://127.0.0.1:{}", proxy.port);
        let directory = impatient(at(&server, &address));
        assert_eq!(set(&directory, "robin", NEW).await, expected);
    }
}

#[tokio::test]
async fn answers_that_make_no_sense_break_nothing() {
    let server = Slapd::start(&[ROBIN]).await;
    let tls = outside(Some(&server)).tls;
    for answer in [
        // Elements in one another, enough for the end of a stack.
        nested(100_000),
        // Announces two gigabytes.
        b"\x30\x84\x7f\xff\xff\xff\x02\x01\x01".to_vec(),
        // An answer to message 3 that has no result in it, and a message that is none.
        b"\x30\x05\x02\x01\x03\x78\x00".to_vec(),
        b"\x30\x00".to_vec(),
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
    ] {
        let proxy = Proxy::start(&server, &tls, EXTENDED, Trouble::Say(answer.clone())).await;
        let directory = at(&server, &format!("ldaps://127.0.0.1:{}", proxy.port));
        let outcome = set(&directory, "robin", NEW).await;
        let begin = &answer[..answer.len().min(12)];
        assert!(matches!(outcome, Outcome::Unknown(_)), "{begin:?}: {outcome:?}");
    }
    assert_eq!(sign_in(&server, &entry_of(ROBIN), FIRST_PASSWORD).await, 0);
}

#[tokio::test]
async fn a_server_that_refuses_starttls_hears_no_password() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("ldap://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let heard = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let request = ber::message(&mut tcp).await.unwrap().unwrap().0;
        // "Protocol error", and a bind that was answered before it was asked for.
        let refusal = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00";
        let planted = b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00";
        tcp.write_all(&[&refusal[..], planted].concat()).await.unwrap();
        // Neither a message nor the beginning of TLS follows. (What was planted and not read may
        // make the end a rough one.)
        (request, tcp.read(&mut [0; 1]).await.unwrap_or(0))
    });
    let directory = Directory::parse(Flavour::Ldap, &config(&address), &outside(None)).unwrap();
    assert_eq!(set(&directory, "robin", NEW).await, Outcome::NotSent(Reason::NotEncrypted));
    let (request, after) = heard.await.unwrap();
    assert!(String::from_utf8_lossy(&request).ends_with("1.3.6.1.4.1.1466.20037"));
    assert_eq!(after, 0);
}

#[tokio::test]
async fn names_are_names_and_nothing_else() {
    let odd = Person {
        uid: "a,b+c=\"d\"*(e)\\;<f>",
        rdn: r#"uid=a\,b\+c\=\"d\"*(e)\\\;\<f\>"#,
        lines: "cn: Odd\n",
    };
    let server = Slapd::start(&[ROBIN, SAM, odd]).await;
    let directory = over_tls(&server);
    for name in [
        "*",
        "*)(uid=*",
        "robin)(uid=*",
        "rob*",
        "robin)(|(uid=*",
        r"\72obin",
        "uid=robin,ou=people,dc=acme,dc=example",
        "robin\0",
        "",
        " ",
    ] {
        assert_eq!(directory.account(name).await, Err(Reason::NoSuchAccount), "{name:?}");
        let outcome = set(&directory, name, NEW).await;
        assert_eq!(outcome, Outcome::Refused(Reason::NoSuchAccount), "{name:?}");
    }
    assert_eq!(directory.account(odd.uid).await.unwrap().name, odd.uid);
    assert_eq!(set(&directory, odd.uid, NEW).await, Outcome::Applied);
    assert_eq!(verified(&directory, odd.uid, NEW).await, Verified::Yes);
    for person in [ROBIN, SAM] {
        assert_eq!(sign_in(&server, &entry_of(person), FIRST_PASSWORD).await, 0);
    }
}

#[tokio::test]
async fn two_accounts_of_one_name_are_none() {
    let twin = Person { rdn: "cn=Another Robin", lines: "cn: Another Robin\n", ..ROBIN };
    let server = Slapd::start(&[ROBIN, twin]).await;
    let directory = over_tls(&server);
    assert_eq!(set(&directory, "robin", NEW).await, Outcome::Refused(Reason::AnotherAccount));
    for person in [ROBIN, twin] {
        assert_eq!(sign_in(&server, &entry_of(person), FIRST_PASSWORD).await, 0);
    }
}

#[tokio::test]
async fn an_account_is_known_to_be_the_same_one() {
    let server = Slapd::start(&[ROBIN, SAM]).await;
    let directory = over_tls(&server);
    let robin = directory.account("ROBIN").await.unwrap();
    let fingerprint = robin.fingerprint.as_deref().unwrap();
    assert_eq!(directory.preflight("robin", Some(fingerprint)).await, Ok(()));
    assert_eq!(directory.preflight("sam", Some(fingerprint)).await, Err(Reason::AnotherAccount));
    let password = Secret::new(NEW.to_owned());
    let mut change = Change {
        account: "sam",
        fingerprint: robin.fingerprint.as_deref(),
        password: &password,
        key: "the same",
    };
    let outcome = directory.set_password(&change).await;
    assert_eq!(outcome, Outcome::Refused(Reason::AnotherAccount));
    change.account = "robin";
    assert_eq!(directory.set_password(&change).await, Outcome::Applied);
}

#[tokio::test]
async fn accounts_are_listed_with_what_is_known_of_them() {
    let crowd = ["ada", "ben", "cleo", "dan", "eve", "finn", "gus", "hal"];
    let crowd = crowd.map(|uid| Person {
        uid,
        rdn: Box::leak(format!("uid={uid}").into_boxed_str()),
        lines: "cn: Somebody\n",
    });
    let server = Slapd::start(&[&[ROBIN][..], &crowd].concat()).await;
    let directory = over_tls(&server);
    let accounts = directory.accounts().await.unwrap();
    assert_eq!(accounts.len(), 9);
    // A page after the other, and all at once, are the same.
    let paged = Directory { page: 4, ..over_tls(&server) };
    assert_eq!(paged.accounts().await.as_ref(), Ok(&accounts));
    let robin = accounts.iter().find(|account| account.name == "robin").unwrap();
    assert_eq!(robin.display_name.as_deref(), Some("Robin Bäcker"));
    let emails: Vec<&str> = robin.emails.iter().map(model::text::EmailAddress::as_str).collect();
    assert_eq!(emails, ["robin@acme.example", "r.b@acme.example"]);
    assert_eq!(directory.account("robin").await.as_ref(), Ok(robin));

    let found = directory.test().await.unwrap();
    assert_eq!((found.version.as_deref(), found.accounts), (Some("OpenLDAP"), Some(9)));
    // Those whom the server gives no more than a few would take them for all.
    let onlooker = Directory { user: ONLOOKER.to_owned(), ..over_tls(&server) };
    assert_eq!(onlooker.accounts().await, Err(Reason::NotPermitted));
}

#[tokio::test]
async fn an_overview_tells_who_it_is_and_when_they_were_there() {
    let server = Slapd::start(&[ROBIN]).await;
    let directory = over_tls(&server);
    let before = directory.overview("robin").await.unwrap();
    assert_eq!(before.display_name.as_deref(), Some("Robin Bäcker"));
    assert_eq!((before.last_seen, before.obstacle), (None, None));
    assert_eq!(sign_in(&server, &entry_of(ROBIN), FIRST_PASSWORD).await, 0);
    let after = directory.overview("robin").await.unwrap();
    assert!(after.last_seen > Moment::begin_of_day("2020-01-01"));
    assert_eq!(directory.overview("nobody").await, Err(Reason::NoSuchAccount));
}

/// With slapd in its place: it shows what is asked for, not what would come of it.
#[tokio::test]
async fn active_directory_is_asked_in_its_own_way() {
    let robin = Person {
        lines: "objectClass: user
cn: Robin
sAMAccountName: robin
objectCategory: person
objectGUID:: 8PHy8/T19vf4+fr7/P3+/w==
userAccountControl: 512
lastLogonTimestamp: 134305776000000000
lockoutTime: 134305776000000000
pwdLastSet: 134305776000000000
",
        ..ROBIN
    };
    let disabled = Person {
        lines: "objectClass: user
cn: Sam
sAMAccountName: sam
objectCategory: person
userAccountControl: 514
",
        ..SAM
    };
    let computer = Person {
        uid: "pc",
        rdn: "uid=pc",
        lines: "objectClass: user
cn: pc
sAMAccountName: PC$
objectCategory: computer
",
    };
    let server = Slapd::start(&[robin, disabled, computer]).await;
    let config = config(&format!("ldaps://localhost:{}", server.tls_port));
    let outside = outside(Some(&server));
    let directory = Directory::parse(Flavour::ActiveDirectory, &config, &outside).unwrap();

    let mut names: Vec<String> =
        directory.accounts().await.unwrap().into_iter().map(|account| account.name).collect();
    names.sort();
    assert_eq!(names, ["robin", "sam"]);
    let account = directory.account("robin").await.unwrap();
    assert_eq!(account.fingerprint.as_deref(), Some("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"));
    let seen = directory.overview("robin").await.unwrap().last_seen.unwrap();
    assert_eq!(seen.rfc3339(), "2026-08-07T12:00:00Z");
    assert_eq!(directory.preflight("sam", None).await, Err(Reason::Suspended));

    assert_eq!(set(&directory, "robin", "Grüße").await, Outcome::Applied);
    assert_eq!(directory.unlock("robin").await, Outcome::Applied);
    assert_eq!(directory.require_change("robin").await, Outcome::Applied);
    let mut service = connection(&server).await;
    service.simple_bind(SERVICE, SERVICE_PASSWORD).await.unwrap().success().unwrap();
    let wanted = vec!["unicodePwd", "lockoutTime", "pwdLastSet"];
    let found = service.search(&entry_of(ROBIN), Scope::Base, "(objectClass=*)", wanted).await;
    let (mut entries, _) = found.unwrap().success().unwrap();
    let entry = ldap3::SearchEntry::construct(entries.pop().unwrap());
    assert_eq!(entry.bin_attrs["unicodePwd"], [b"\"\0G\0r\0\xfc\0\xdf\0e\0\"\0"]);
    assert_eq!(entry.attrs["lockoutTime"], ["0"]);
    assert_eq!(entry.attrs["pwdLastSet"], ["0"]);
}

#[test]
fn settings_are_told_what_is_wrong_with_them() {
    let problems = |config: &Config| {
        let kind = Kind::of("ldap").unwrap();
        match (kind.connect)(config, &outside(None)) {
            Ok(_) => vec![],
            Err(problems) => {
                problems.into_iter().map(|found| (found.field, found.problem)).collect()
            }
        }
    };
    assert_eq!(problems(&config("ldaps://directory.acme.example")), vec![]);
    let missing = |field: Field| (field.word().to_owned(), Problem::Required);
    let expected = [Field::Address, Field::User, Field::Base, Field::Password].map(missing);
    assert_eq!(problems(&Config::default()), expected);
    for (field, text, problem) in [
        (Field::Address, "https://acme.example", Problem::NotADirectory),
        (Field::Address, "ldap+plain://acme.example", Problem::PlainToThisMachineOnly),
        (Field::Address, "ldaps://192.168.1.2", Problem::HostNotAllowed),
        (Field::Base, "dc=acme\n,dc=example", Problem::UnseenCharacters),
        (Field::Attribute, "uid=*)(cn", Problem::NotAnAttribute),
        (Field::Attribute, "cn;lang-de", Problem::NotAnAttribute),
        (Field::Attribute, "1..2", Problem::NotAnAttribute),
        (Field::Keys, "molten", Problem::NotAChoice),
    ] {
        let mut config = config("ldaps://directory.acme.example");
        config.plain.insert(field, text.to_owned());
        assert_eq!(problems(&config), [(field.word().to_owned(), problem)], "{text}");
    }
    for attribute in ["mail", "x-custom-1", "0.9.2342.19200300.100.1.1"] {
        let mut config = config("ldaps://directory.acme.example");
        config.plain.insert(Field::Attribute, attribute.to_owned());
        assert_eq!(problems(&config), vec![], "{attribute}");
    }
}

#[tokio::test]
async fn private_networks_are_not_reached_unless_they_are_allowed() {
    let outside = Outside::new(Outbound::default(), None).unwrap();
    for address in ["ldaps://localhost", "ldap://localhost", "ldap+plain://localhost"] {
        let directory = Directory::parse(Flavour::Ldap, &config(address), &outside).unwrap();
        let outcome = set(&directory, "robin", NEW).await;
        assert_eq!(outcome, Outcome::NotSent(Reason::AddressNotAllowed), "{address}");
    }
}

#[test]
fn active_directory_takes_quoted_passwords_in_utf_16() {
    let encoded = unicode_pwd(&Secret::new("Grüße 🔑".to_owned()));
    let units: Vec<u16> =
        encoded.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    assert_eq!(String::from_utf16(&units).unwrap(), "\"Grüße 🔑\"");
    // As in MS-ADTS 3.1.1.3.1.5.1.
    let new = unicode_pwd(&Secret::new("new".to_owned()));
    assert_eq!(&new[..], b"\"\0n\0e\0w\0\"\0");
}

#[test]
fn active_directory_has_its_own_words_for_things() {
    let outside = outside(None);
    let config = config("ldaps://dc1.acme.example");
    let directory = Directory::parse(Flavour::ActiveDirectory, &config, &outside).unwrap();
    assert_eq!(
        directory.search(&ldap_escape("rob*")).filter,
        r"(&(objectCategory=person)(objectClass=user)(sAMAccountName=rob\2a))"
    );
    let accepts = |text: &str| directory.accepts("robin", &Secret::new(text.to_owned()));
    assert_eq!(accepts(&"🔑".repeat(128)), Ok(()));
    assert_eq!(accepts(&"🔑".repeat(129)), Err(Reason::NotRepresentable));
    assert_eq!(accepts(""), Err(Reason::PasswordTooShort));
    let kinds: Vec<_> = KINDS.iter().map(|kind| kind.word).collect();
    assert!(kinds.contains(&"ldap") && kinds.contains(&"active_directory"));
}
