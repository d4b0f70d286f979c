use super::*;
use crate::{connectors::stand_in::StandIn, outbound::Outbound};

const KEY: &str = "0123456789abcdef0123456789abcdef";

struct World {
    panel: StandIn,
    connector: MediaCp,
}

impl World {
    fn new() -> Self {
        let panel = StandIn::start("mediacp", &[]);
        let address = format!("http://127.0.0.1:{}", panel.port);
        let patience = Duration::from_secs(10);
        let connector = MediaCp::new(&config(&address, KEY), &inside(), patience);
        Self { connector: connector.map_err(drop).expect("settings"), panel }
    }

    /// What happens to the next change of a password.
    fn fault(&mut self, name: &str) {
        assert_eq!(self.panel.ask(&format!("fault {name}")), "done");
    }

    /// The hash of acme01, and how often it was set.
    fn hash(&mut self) -> String {
        self.panel.ask("hash 7")
    }

    async fn set(&self, password: &str) -> Outcome {
        self.set_for("acme01", None, password).await
    }

    async fn set_for(&self, name: &str, fingerprint: Option<&str>, password: &str) -> Outcome {
        let password = Secret::new(password.into());
        let change = Change { account: name, fingerprint, password: &password, key: "one" };
        self.connector.set_password(&change).await
    }
}

fn inside() -> Outside {
    let networks = ["127.0.0.0/8".parse().expect("a network")];
    Outside::new(Outbound::allowing(&networks), None).expect("TLS")
}

fn config(address: &str, key: &str) -> Config {
    Config {
        plain: [(Field::Address, address.to_owned())].into(),
        secrets: [(Field::ApiKey, Secret::new(key.into()))].into(),
    }
}

/// SHA-1 of `acme01` and `correct horse`, as sha1sum has it.
const HASHED: &str = "c95b8c6c67901b40d6225139e479f7e613525b6d";

#[tokio::test]
async fn a_password_arrives_as_the_panel_keeps_it() {
    let mut world = World::new();
    assert_eq!(
        world.connector.test().await,
        Ok(Found { version: None, accounts: None, resettable: None })
    );
    assert_eq!(world.connector.preflight("acme01", Some("7")).await, Ok(()));
    assert_eq!(
        world.connector.account("acme01").await.expect("there").fingerprint,
        Some("7".into())
    );
    assert_eq!(world.hash(), " 0", "looking changes nothing");

    assert_eq!(world.set("correct horse").await, Outcome::Applied);
    assert_eq!(world.hash(), format!("{HASHED} 1"));
    // The same change once more does no harm.
    assert_eq!(world.set("correct horse").await, Outcome::Applied);
    assert_eq!(world.hash(), format!("{HASHED} 2"));
    // Whether one can sign in cannot be seen.
    let seen = world.connector.verify("acme01", &Secret::new("correct horse".into())).await;
    assert_eq!(seen, Verified::NotSeen(Reason::NotOffered));
}

#[tokio::test]
async fn names_are_carried_whole() {
    let mut world = World::new();
    let name = "ünïcode & <co>";
    assert_eq!(world.set_for(name, Some("8"), "pass & <word>").await, Outcome::Applied);
    let hash = hash(name, &Secret::new("pass & <word>".into()));
    assert_eq!(world.panel.ask("hash 8"), format!("{} 1", hash.reveal()));
}

#[tokio::test]
async fn what_is_refused_changes_nothing() {
    let mut world = World::new();
    let refused = |reason| Outcome::Refused(reason);
    assert_eq!(world.set_for("nobody", None, "long enough").await, refused(Reason::NoSuchAccount));
    assert_eq!(world.connector.preflight("nobody", None).await, Err(Reason::NoSuchAccount));
    assert_eq!(
        world.set_for("acme01", Some("6"), "long enough").await,
        refused(Reason::AnotherAccount)
    );
    world.fault("refused");
    assert_eq!(world.set("long enough").await, refused(Reason::Refused));
    // A panel without a licence leads elsewhere, and is not followed.
    world.fault("redirect");
    assert_eq!(world.set("long enough").await, refused(Reason::Refused));
    // What cannot work is not sent.
    assert_eq!(world.set("four").await, Outcome::NotSent(Reason::PasswordTooShort));
    assert_eq!(world.set(" trimmed ").await, Outcome::NotSent(Reason::NotRepresentable));
    assert_eq!(world.hash(), " 0");
}

#[tokio::test]
async fn a_wrong_key_is_told_from_everything_else() {
    let mut world = World::new();
    assert_eq!(world.panel.ask("key another-key-of-24-or-more"), "done");
    assert_eq!(world.connector.test().await, Err(Reason::SignInRefused));
    assert_eq!(world.connector.preflight("acme01", None).await, Err(Reason::SignInRefused));
    assert_eq!(world.set("long enough").await, Outcome::Refused(Reason::SignInRefused));
    assert_eq!(world.hash(), " 0");
}

#[tokio::test]
async fn what_may_have_been_done_is_said_so() {
    let mut world = World::new();
    for (fault, reason, count) in [
        ("cut", Reason::NoAnswer, 1),
        ("garbage", Reason::BadAnswer, 2),
        ("broken", Reason::ItsFault, 3),
        ("fault", Reason::ItsFault, 4),
    ] {
        world.fault(fault);
        assert_eq!(world.set("correct horse").await, Outcome::Unknown(reason), "{fault}");
        assert_eq!(world.hash(), format!("{HASHED} {count}"), "{fault}");
    }
    world.connector.patience = Duration::from_millis(300);
    world.fault("hang");
    assert_eq!(world.set("correct horse").await, Outcome::Unknown(Reason::NoAnswer));
    world.connector.patience = PATIENCE;
    // The same change, sent again, settles it.
    assert_eq!(world.set("correct horse").await, Outcome::Applied);
    assert_eq!(world.hash(), format!("{HASHED} 6"));
}

#[tokio::test]
async fn a_panel_that_is_not_there_was_not_asked() {
    let mut world = World::new();
    let port = world.panel.port;
    world.panel = StandIn::start("mediacp", &[]);
    assert_ne!(world.panel.port, port);
    assert_eq!(world.connector.test().await, Err(Reason::Unreachable));
    assert_eq!(world.set("long enough").await, Outcome::NotSent(Reason::Unreachable));
}

#[test]
fn settings_are_looked_at() {
    let problems = |address: &str, key: &str| -> Vec<(String, Problem)> {
        let found = MediaCp::new(&config(address, key), &inside(), PATIENCE).err();
        found.unwrap_or_default().into_iter().map(|it| (it.field, it.problem)).collect()
    };
    assert_eq!(problems("https://panel.example:2080/", KEY), []);
    assert_eq!(
        problems("http://panel.example:2080", "short"),
        [
            ("address".into(), Problem::PlainToThisMachineOnly),
            ("api_key".into(), Problem::KeyTooShort { min: 24 })
        ]
    );
    assert_eq!(
        problems("", ""),
        [("address".into(), Problem::Required), ("api_key".into(), Problem::Required)]
    );
    assert!(is_name("acme01") && !is_name("") && !is_name(" acme01") && !is_name("a\nb"));
}
