use super::*;
use crate::{connectors::stand_in::StandIn, outbound::Outbound};

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const ANOTHER: &str = "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=";

/// A receiver that checks what it gets with the npm package `standardwebhooks`.
struct World {
    receiver: StandIn,
    hook: Hook,
}

impl World {
    fn new() -> Self {
        let receiver = StandIn::start("webhook", &[SECRET]);
        let address = format!("http://127.0.0.1:{}/passwords", receiver.port);
        let hook = Hook::new(&config(&address, SECRET), &inside(), PATIENCE);
        Self { hook: hook.map_err(drop).expect("settings"), receiver }
    }

    fn tell(&mut self, line: &str) {
        assert_eq!(self.receiver.ask(line), "done");
    }

    /// The password of acme01 there, and how often it was changed.
    fn account(&mut self) -> (Option<String>, u64) {
        let account = self.receiver.ask("account acme01");
        let account: serde_json::Value = serde_json::from_str(&account).expect("JSON");
        let password = account["password"].as_str().map(str::to_owned);
        (password, account["changes"].as_u64().expect("a number"))
    }

    fn received(&mut self) -> Vec<serde_json::Value> {
        serde_json::from_str(&self.receiver.ask("received")).expect("JSON")
    }

    async fn set(&self, key: &str, password: &str) -> Outcome {
        self.set_for("acme01", None, key, password).await
    }

    async fn set_for(
        &self,
        account: &str,
        fingerprint: Option<&str>,
        key: &str,
        password: &str,
    ) -> Outcome {
        let password = Secret::new(password.into());
        let change = Change { account, fingerprint, password: &password, key };
        self.hook.set_password(&change).await
    }
}

fn inside() -> Outside {
    let networks = ["127.0.0.0/8".parse().expect("a network")];
    Outside::new(Outbound::allowing(&networks), None).expect("TLS")
}

fn config(address: &str, secret: &str) -> Config {
    Config {
        plain: [(Field::Address, address.to_owned())].into(),
        secrets: [(Field::SigningSecret, Secret::new(secret.into()))].into(),
    }
}

fn password() -> Secret {
    Secret::new("correct horse".into())
}

#[tokio::test]
async fn a_receiver_that_checks_the_signature_takes_a_password() {
    let mut world = World::new();
    let found = world.hook.test().await.expect("it answers");
    assert_eq!(found.version.as_deref(), Some("stand-in 1"));
    let account = world.hook.account("acme01").await.expect("there");
    assert_eq!(account.fingerprint.as_deref(), Some("7"));
    assert_eq!(account.display_name.as_deref(), Some("Acme & Söhne"));
    assert_eq!(account.emails.len(), 1);
    assert_eq!(world.hook.preflight("acme01", Some("7")).await, Ok(()));
    assert_eq!(world.account(), (None, 0));

    assert_eq!(
        world.set_for("acme01", Some("7"), "change-1", "correct horse").await,
        Outcome::Applied
    );
    assert_eq!(world.account(), (Some("correct horse".into()), 1));
    assert_eq!(world.hook.verify("acme01", &password()).await, Verified::Yes);
    assert_eq!(world.hook.verify("acme01", &Secret::new("x".into())).await, Verified::No);
    assert_eq!(world.hook.unlock("acme01").await, Outcome::Applied);
    assert_eq!(world.hook.require_change("acme01").await, Outcome::Applied);

    let received = world.received();
    let kinds: Vec<_> = received.iter().map(|it| it["message"]["type"].as_str()).collect();
    assert_eq!(
        kinds.into_iter().flatten().collect::<Vec<_>>(),
        [
            "ping",
            "account.check",
            "account.check",
            "password.set",
            "password.verify",
            "password.verify",
            "account.unlock",
            "account.require_change"
        ]
    );
    assert!(received.iter().all(|it| it["verified"] == true), "{received:?}");
    assert_eq!(received[3]["id"], "change-1");
}

#[tokio::test]
async fn the_same_change_sent_again_is_known_by_its_id() {
    let mut world = World::new();
    world.tell("fault cut");
    assert_eq!(world.set("change-1", "correct horse").await, Outcome::Unknown(Reason::NoAnswer));
    assert_eq!(world.account(), (Some("correct horse".into()), 1));
    assert_eq!(world.set("change-1", "correct horse").await, Outcome::Applied);
    assert_eq!(world.account().1, 1, "it was the same one");
    let received = world.received();
    assert_eq!(received[0]["message"], received[1]["message"]);
    assert_eq!(world.set("change-2", "correct horse").await, Outcome::Applied);
    assert_eq!(world.account().1, 2);
    // What cannot stand in a header is not sent.
    let odd = world.set("a.b", "correct horse").await;
    assert_eq!(odd, Outcome::NotSent(Reason::NotRepresentable));
}

#[tokio::test]
async fn what_a_receiver_says_is_understood() {
    let mut world = World::new();
    let refused = Outcome::Refused;
    let set = world.set_for("nobody", None, "c", "correct horse").await;
    assert_eq!(set, refused(Reason::NoSuchAccount));
    let set = world.set_for("frozen", None, "c", "correct horse").await;
    assert_eq!(set, refused(Reason::NoConsent));
    let set = world.set_for("acme01", Some("6"), "c", "correct horse").await;
    assert_eq!(set, refused(Reason::AnotherAccount));
    assert_eq!(world.set("c", "short").await, refused(Reason::PasswordTooShort));
    assert_eq!(world.hook.preflight("nobody", None).await, Err(Reason::NoSuchAccount));
    assert_eq!(world.hook.preflight("frozen", None).await, Err(Reason::NoConsent));
    let overview = world.hook.overview("frozen").await.expect("there is one");
    assert_eq!(overview.obstacle, Some(Reason::NoConsent));
    for (answer, outcome) in [
        ("400", refused(Reason::Refused)),
        ("403", refused(Reason::NotPermitted)),
        ("422", refused(Reason::PasswordRefused)),
        (r#"409 {"body": {"reason": "suspended"}}"#, refused(Reason::Suspended)),
        // No word of a reason that is not a receiver's to give, nor of any other.
        (r#"403 {"body": {"reason": "resting"}}"#, refused(Reason::NotPermitted)),
        (r#"403 {"body": {"reason": 5}}"#, refused(Reason::NotPermitted)),
        (r#"429 {"headers": {"Retry-After": "60"}}"#, refused(Reason::AskedToWait)),
        (r#"503 {"headers": {"Retry-After": "60"}}"#, refused(Reason::AskedToWait)),
        ("410", refused(Reason::Refused)),
        ("501", refused(Reason::NotOffered)),
        // It is not followed, wherever it leads.
        (r#"307 {"headers": {"Location": "/elsewhere"}}"#, refused(Reason::Refused)),
        ("500", Outcome::Unknown(Reason::ItsFault)),
        ("503", Outcome::Unknown(Reason::ItsFault)),
        ("504", Outcome::Unknown(Reason::ItsFault)),
    ] {
        world.tell(&format!("answer {answer}"));
        assert_eq!(world.set("c", "correct horse").await, outcome, "{answer}");
    }
    assert_eq!(world.account(), (None, 0));
}

#[tokio::test]
async fn what_a_receiver_does_not_offer_is_not_missed() {
    let mut world = World::new();
    world.tell("lacks account.check password.verify account.unlock");
    assert_eq!(world.hook.preflight("anybody", None).await, Ok(()));
    assert_eq!(world.hook.account("anybody").await.map(|it| it.name), Ok("anybody".into()));
    let verified = world.hook.verify("acme01", &password()).await;
    assert_eq!(verified, Verified::NotSeen(Reason::NotOffered));
    assert_eq!(world.hook.unlock("acme01").await, Outcome::Refused(Reason::NotOffered));
    // Nor is "yes" to everything taken for a sign-in.
    world.tell("lacks nothing");
    world.tell("answer 200");
    let verified = world.hook.verify("acme01", &password()).await;
    assert_eq!(verified, Verified::NotSeen(Reason::NotOffered));
}

#[tokio::test]
async fn messages_without_the_right_signature_are_refused() {
    let mut world = World::new();
    world.tell(&format!("secrets {ANOTHER}"));
    assert_eq!(world.hook.test().await, Err(Reason::SignInRefused));
    assert_eq!(world.set("c", "correct horse").await, Outcome::Refused(Reason::SignInRefused));
    assert_eq!(world.account(), (None, 0));
    // While one secret gives way to another, both sign.
    let address = format!("http://127.0.0.1:{}/", world.receiver.port);
    let both = config(&address, &format!("{ANOTHER} {SECRET}"));
    world.hook = Hook::new(&both, &inside(), PATIENCE).map_err(drop).expect("settings");
    assert!(world.hook.test().await.is_ok());
    world.tell(&format!("secrets {SECRET}"));
    assert!(world.hook.test().await.is_ok());
    // What is too old is refused, whoever signed it.
    world.tell("now 4000000000");
    assert_eq!(world.hook.test().await, Err(Reason::SignInRefused));
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let mut world = World::new();
    world.hook.patience = Duration::from_millis(300);
    world.tell("fault hang");
    assert_eq!(world.set("c", "correct horse").await, Outcome::Unknown(Reason::NoAnswer));
    world.hook.patience = PATIENCE;
    let gone = world.receiver.port;
    world.receiver = StandIn::start("webhook", &[SECRET]);
    assert_ne!(world.receiver.port, gone);
    assert_eq!(world.set("c", "correct horse").await, Outcome::NotSent(Reason::Unreachable));
}

#[tokio::test]
async fn nobody_inside_is_reached() {
    let nowhere = Outside::new(Outbound::default(), None).expect("TLS");
    let problems = |address: &str, secret: &str, outside: &Outside| -> Vec<(String, Problem)> {
        let found = Hook::new(&config(address, secret), outside, PATIENCE).err();
        found.unwrap_or_default().into_iter().map(|it| (it.field, it.problem)).collect()
    };
    let at = |problem| vec![("address".to_owned(), problem)];
    assert_eq!(problems("https://hooks.example/", SECRET, &nowhere), []);
    for (address, problem) in [
        ("https://10.0.0.1/", Problem::HostNotAllowed),
        ("https://[::ffff:169.254.169.254]/", Problem::HostNotAllowed),
        ("http://hooks.example/", Problem::PlainToThisMachineOnly),
        ("ftp://hooks.example/", Problem::NotAnAddress),
        ("https://user:password@hooks.example/", Problem::NotAnAddress),
    ] {
        assert_eq!(problems(address, SECRET, &nowhere), at(problem), "{address}");
    }
    for wrong in ["hunter2", "whsec_c2hvcnQ=", &format!("{SECRET} {SECRET} {SECRET}")] {
        assert_eq!(
            problems("https://hooks.example/", wrong, &nowhere),
            [("signing_secret".to_owned(), Problem::NotASigningSecret)]
        );
    }
    // A name that leads inside is found out when it is looked up.
    let receiver = StandIn::start("webhook", &[SECRET]);
    let address = format!("http://localhost:{}/", receiver.port);
    let hook = Hook::new(&config(&address, SECRET), &nowhere, PATIENCE).map_err(drop);
    assert_eq!(hook.expect("settings").test().await, Err(Reason::AddressNotAllowed));
}
