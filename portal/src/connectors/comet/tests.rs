//! Against a stand-in for a Comet server, a program of its own: `portal/tests/stand_ins/comet.py`.

mod answers;
mod ways;

use std::{sync::Arc, time::Duration};

use model::{
    Moment,
    connector::{Field, Found, Overview, Reason, Vault},
    refusal::{FieldProblem, Problem},
};
use serde_json::{Value, json};

use super::{KIND, is_name};
use crate::{
    connectors::{
        Change, Config, Connector, Kind, Outcome, Outside, Verified, outside::Patience,
        stand_in::StandIn,
    },
    outbound::Outbound,
    secrets::Secret,
};

const ADMIN_PASSWORD: &str = "let-rekey-in";
const NEW: &str = "new sheets, 3 pillows & more";
const GIB: u64 = 1 << 30;

/// A server, and Rekey's way to it.
struct World {
    stand_in: StandIn,
    comet: Arc<dyn Connector>,
}

impl World {
    fn start() -> Self {
        Self::start_with(|stand_in| config(&here(stand_in), "rekey", ADMIN_PASSWORD), &outside())
    }

    fn start_with(config: impl Fn(&StandIn) -> Config, outside: &Outside) -> Self {
        let stand_in = StandIn::start("comet", &[]);
        let comet = (KIND.connect)(&config(&stand_in), outside).expect("good settings");
        Self { stand_in, comet }
    }

    /// With little patience: some of what is asked is never answered.
    fn impatient() -> Self {
        let patience = Patience { whole: Duration::from_secs(2), ..Patience::default() };
        let outside = Outside { patience, ..outside() };
        Self::start_with(|stand_in| config(&here(stand_in), "rekey", ADMIN_PASSWORD), &outside)
    }

    /// Has the stand-in do something.
    fn order(&mut self, order: &Value) -> Value {
        let answer = self.stand_in.ask(&order.to_string());
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer.get("error"), None, "{order}");
        answer
    }

    /// What happens to the next call of an endpoint.
    fn fault(&mut self, endpoint: &str, kind: &str) {
        self.order(&json!({"do": "fault", "endpoint": endpoint, "kind": kind}));
    }

    fn user(&mut self, name: &str) -> Value {
        self.order(&json!({"do": "user", "name": name}))
    }

    fn password(&mut self, name: &str) -> String {
        self.user(name)["password"].as_str().expect("text").to_owned()
    }

    /// The calls since this was asked last.
    fn calls(&mut self) -> Vec<Value> {
        let calls = self.order(&json!({"do": "calls"}))["calls"].as_array().expect("all").clone();
        self.order(&json!({"do": "forget"}));
        calls
    }

    fn endpoints(&mut self) -> Vec<String> {
        let text = |call: &Value| call["endpoint"].as_str().expect("text").to_owned();
        self.calls().iter().map(text).collect()
    }

    async fn set(&self, name: &str) -> Outcome {
        set(&*self.comet, name, None).await
    }
}

async fn set(comet: &dyn Connector, name: &str, fingerprint: Option<&str>) -> Outcome {
    let password = secret(NEW);
    let change = Change { account: name, fingerprint, password: &password, key: "reset-1" };
    comet.set_password(&change).await
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn here(stand_in: &StandIn) -> String {
    format!("http://127.0.0.1:{}", stand_in.port)
}

fn config(address: &str, user: &str, password: &str) -> Config {
    Config {
        plain: [(Field::Address, address.to_owned()), (Field::User, user.to_owned())].into(),
        secrets: [(Field::Password, secret(password))].into(),
    }
}

/// This machine may be connected to.
fn outside() -> Outside {
    let networks = ["127.0.0.0/8", "::1/128"].map(|text| text.parse().expect("a network"));
    Outside::new(Outbound::allowing(&networks), None).expect("TLS")
}

fn problems(config: &Config, outside: &Outside) -> Vec<FieldProblem> {
    (KIND.connect)(config, outside).err().expect("problems")
}

#[tokio::test]
async fn a_look_tells_how_many_allow_resets() {
    let mut world = World::start();
    let found = Found {
        version: Some("Comet Server 24.9.4".into()),
        accounts: Some(6),
        resettable: Some(5),
    };
    assert_eq!(world.comet.test().await, Ok(found));
    for call in world.calls() {
        let parameters =
            json!({"Username": "rekey", "AuthType": "Password", "Password": ADMIN_PASSWORD});
        assert_eq!(call["parameters"], parameters);
        assert_eq!(call["headers"]["content-type"], "application/x-www-form-urlencoded");
        assert_eq!(call["headers"].get("accept-language"), None);
    }
    assert_eq!(Kind::of("comet").expect("it is among them").name, "Comet Backup");
}

#[tokio::test]
async fn accounts_are_listed_and_found_by_name() {
    let mut world = World::start();
    let accounts = world.comet.accounts().await.expect("accounts");
    let names: Vec<_> = accounts.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(names, ["acme01", "acme02", "acme03", "acme04", "acme05", "acme06"]);
    let first = &accounts[0];
    assert_eq!(first.fingerprint.as_deref(), world.user("acme01")["guid"].as_str());
    assert_eq!(first.display_name.as_deref(), Some("Acme Dental, front desk"));
    assert_eq!(first.emails[0].as_str(), "acme01@acme.example");
    let last = &accounts[5];
    assert_eq!((last.display_name.as_deref(), last.emails.len()), (None, 0));
    assert_eq!(world.comet.account("acme01").await.as_ref(), Ok(first));
    assert_eq!(world.comet.account("nobody").await, Err(Reason::NoSuchAccount));
    // A list has users where other answers have how it went.
    world.order(&json!({"do": "add", "name": "Status"}));
    world.order(&json!({"do": "add", "name": "Message"}));
    assert_eq!(world.comet.accounts().await.expect("accounts").len(), 8);
}

#[tokio::test]
async fn the_new_password_signs_in_the_old_one_does_not_and_vaults_still_open() {
    let mut world = World::start();
    let before = world.user("acme01");
    let guid = before["guid"].as_str();
    assert_eq!(world.comet.preflight("acme01", guid).await, Ok(()));
    let old = secret("before-acme01");
    assert_eq!(world.comet.verify("acme01", &old).await, Verified::Yes);
    world.calls();

    assert_eq!(set(&*world.comet, "acme01", guid).await, Outcome::Applied);
    let calls = world.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[1]["endpoint"], "admin/reset-user-password");
    let parameters = json!({
        "Username": "rekey", "AuthType": "Password", "Password": ADMIN_PASSWORD,
        "TargetUser": "acme01", "NewPassword": NEW,
    });
    assert_eq!(calls[1]["parameters"], parameters);

    assert_eq!(world.comet.verify("acme01", &secret(NEW)).await, Verified::Yes);
    assert_eq!(world.comet.verify("acme01", &old).await, Verified::No);
    assert_eq!(world.order(&json!({"do": "calls"}))["sessions"], 0, "what it opened is closed");
    let after = world.user("acme01");
    assert_eq!(after["password"], NEW);
    assert_eq!(after["opens_vaults"], true);
    assert_ne!(after["recovery"], before["recovery"]);
    // Nobody else has got another one.
    assert_eq!(world.password("acme06"), "before-acme06");
    // Tried again, it stays what it is.
    assert_eq!(set(&*world.comet, "acme01", guid).await, Outcome::Applied);
    assert_eq!(world.password("acme01"), NEW);
}

#[tokio::test]
async fn what_stands_in_the_way_is_known_before() {
    let mut world = World::start();
    let cases = [
        ("acme02", Reason::NoConsent),
        ("acme03", Reason::Suspended),
        ("nobody", Reason::NoSuchAccount),
        // Names differ by capital letters.
        ("ACME01", Reason::NoSuchAccount),
        ("no body", Reason::NoSuchAccount),
    ];
    // Messages are in the server's language, and the status of what is missing is its own affair.
    for (language, missing) in [("en", 404), ("de", 400), ("de", 500)] {
        world.order(&json!({"do": "language", "to": language}));
        world.order(&json!({"do": "missing", "status": missing}));
        for (name, reason) in cases {
            assert_eq!(world.comet.preflight(name, None).await, Err(reason), "{name}");
            assert_eq!(world.set(name).await, Outcome::Refused(reason), "{name}");
        }
    }
    assert!(!world.endpoints().contains(&"admin/reset-user-password".into()));
    assert_eq!(world.password("acme02"), "before-acme02");
    // Consent given, and withdrawn.
    world.order(&json!({"do": "set", "name": "acme02", "consent": true}));
    assert_eq!(world.comet.preflight("acme02", None).await, Ok(()));
    world.order(&json!({"do": "set", "name": "acme02", "consent": false}));
    assert_eq!(world.comet.preflight("acme02", None).await, Err(Reason::NoConsent));
}

#[tokio::test]
async fn another_user_of_the_same_name_is_left_alone() {
    let mut world = World::start();
    let account = world.comet.account("acme01").await.expect("an account");
    let known = account.fingerprint.as_deref();
    world.order(&json!({"do": "recreate", "name": "acme01"}));
    let refused = Err(Reason::AnotherAccount);
    assert_eq!(world.comet.preflight("acme01", known).await, refused);
    let outcome = set(&*world.comet, "acme01", known).await;
    assert_eq!(outcome, Outcome::Refused(Reason::AnotherAccount));
    assert_eq!(world.password("acme01"), "before-acme01");
}

#[tokio::test]
async fn a_sign_in_that_is_not_taken_differs_from_a_right_that_is_missing() {
    let mut world = World::start();
    world.order(&json!({"do": "admin", "password": "another one"}));
    let refused = Reason::SignInRefused;
    assert_eq!(world.comet.test().await, Err(refused));
    assert_eq!(world.endpoints(), ["admin/meta/version"], "it is not tried again");
    assert_eq!(world.comet.accounts().await, Err(refused));
    assert_eq!(world.comet.preflight("acme01", None).await, Err(refused));
    assert_eq!(world.set("acme01").await, Outcome::Refused(refused));

    let looker = |stand_in: &StandIn| config(&here(stand_in), "looker", ADMIN_PASSWORD);
    let mut world = World::start_with(looker, &outside());
    let refused = Reason::NotPermitted;
    assert_eq!(world.comet.test().await, Err(refused));
    assert_eq!(world.comet.overview("acme01").await, Err(refused));
    assert_eq!(world.set("acme01").await, Outcome::Refused(refused));
    assert_eq!(world.password("acme01"), "before-acme01");
}

#[tokio::test]
async fn the_overview_shows_quota_devices_vaults_and_what_is_in_the_way() {
    let mut world = World::start();
    let overview = Overview {
        display_name: Some("Acme Dental, front desk".into()),
        quota: Some(500 * GIB),
        used: Some(120 * GIB),
        devices: vec!["FRONT-DESK".into(), "LAPTOP-7".into()],
        most_devices: Some(5),
        vaults: vec![
            Vault { name: "Cloud vault".into(), quota: Some(400 * GIB), used: Some(120 * GIB) },
            Vault { name: "Office NAS".into(), quota: None, used: None },
        ],
        last_seen: Some(Moment(1_750_000_000_000_000)),
        obstacle: None,
    };
    assert_eq!(world.comet.overview("acme01").await, Ok(overview));
    let without = Overview::default();
    assert_eq!(world.comet.overview("acme06").await, Ok(without));
    let obstacle = world.comet.overview("acme02").await.expect("an overview").obstacle;
    assert_eq!(obstacle, Some(Reason::NoConsent));
    world.order(&json!({"do": "remove", "name": "acme02"}));
    assert_eq!(world.comet.overview("acme02").await, Err(Reason::NoSuchAccount));
}

#[test]
fn names_and_passwords_keep_to_its_rules() {
    assert!(["a", "Casey.W_1@acme-dental.example"].into_iter().all(is_name));
    assert!(!["", "a b", "käse", "a/b", "a\n", "a+b"].into_iter().any(is_name));
    let comet =
        (KIND.connect)(&config("https://backup.example/", "rekey", "x"), &outside()).expect("good");
    let accepts = |text| comet.accepts("acme01", &secret(text));
    assert_eq!(accepts("seven77"), Err(Reason::PasswordTooShort));
    assert_eq!(accepts("äöüäöüä"), Err(Reason::PasswordTooShort));
    assert_eq!(accepts("eight888"), Ok(()));
    assert_eq!(accepts("two lines\nof text"), Err(Reason::NotRepresentable));
    assert_eq!(accepts("two lines\r"), Err(Reason::NotRepresentable));
}

#[test]
fn settings_that_are_missing_are_named() {
    let found = problems(&Config::default(), &outside());
    let fields: Vec<_> = found.iter().map(|found| (&*found.field, &found.problem)).collect();
    let required = &Problem::Required;
    assert_eq!(fields, [("address", required), ("user", required), ("password", required)]);
}
