//! A system that takes new passwords by a message of ours: for what has an interface of its own, or
//! none. What it must be able to do is written down in `docs/connectors.md`.
//!
//! Messages are signed ([`crate::signing`]) and are answered at once, with a status and, where there
//! is something to tell, an object of JSON. The id of the message that carries a password is the
//! key of the change, so that a receiver tells the same change from another one.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use model::{
    connector::{Field, Found, LONGEST_SERVICE_NAME, Overview, Reason},
    refusal::{FieldProblem, Problem},
    text::EmailAddress,
};
use reqwest::{StatusCode, header::RETRY_AFTER};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Account, Asked, Change, Config, Connector, Kind, Outcome, Outside, Verified,
    http::{Answer, Place, Silence},
    problem,
};
use crate::{
    secrets::Secret,
    signing::{Signed, SigningSecret},
};

/// Longest time for a message and its answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Longest text that is taken from an answer, in characters.
const LONGEST_TEXT: usize = 200;

/// The kind.
pub(super) static KIND: Kind = Kind {
    word: "webhook",
    name: "Webhook",
    asks: &[
        Asked {
            field: Field::Address,
            optional: false,
            example: "https://hooks.example/passwords",
        },
        Asked { field: Field::SigningSecret, optional: false, example: "whsec_…" },
        Asked { field: Field::Keys, optional: true, example: "" },
    ],
    lists: false,
    keys: None,
    is_name,
    connect,
};

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().count() <= LONGEST_SERVICE_NAME
        && !name.chars().any(char::is_control)
}

fn connect(config: &Config, outside: &Outside) -> Result<Arc<dyn Connector>, Vec<FieldProblem>> {
    Hook::new(config, outside, PATIENCE).map(|hook| Arc::new(hook) as Arc<dyn Connector>)
}

struct Hook {
    outside: Outside,
    place: Place,
    /// The newest first. Two while one gives way to the other.
    secrets: Vec<SigningSecret>,
    patience: Duration,
}

/// A message.
#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    data: Data<'a>,
}

/// What a message is about.
#[derive(Serialize, Default)]
struct Data<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
}

/// What answers `ping`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Pong {
    version: Option<String>,
}

/// What answers `account.check`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Checked {
    id: Option<String>,
    name: Option<String>,
    email: Option<String>,
}

/// What answers `password.verify`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Tried {
    verified: Option<bool>,
}

/// What answers anything that is refused.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Why {
    reason: Option<String>,
}

/// What came of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// Nothing was sent.
    NotSent(Reason),
    /// The receiver said no.
    Refused(Reason),
    /// It may have done what it was asked to.
    Unheard(Reason),
}

impl Hook {
    fn new(
        config: &Config,
        outside: &Outside,
        patience: Duration,
    ) -> Result<Self, Vec<FieldProblem>> {
        let place = match config.plain(Field::Address) {
            Some(address) => Place::parse(address, outside),
            None => Err(problem(Field::Address, Problem::Required)),
        };
        let secrets = match config.secret(Field::SigningSecret) {
            None => Err(problem(Field::SigningSecret, Problem::Required)),
            Some(typed) => {
                let words: Vec<&str> = typed.reveal().split_whitespace().collect();
                let secrets: Option<Vec<_>> = words.into_iter().map(SigningSecret::parse).collect();
                secrets
                    .filter(|secrets| (1..=2).contains(&secrets.len()))
                    .ok_or_else(|| problem(Field::SigningSecret, Problem::NotASigningSecret))
            }
        };
        match (place, secrets) {
            (Ok(place), Ok(secrets)) => {
                Ok(Self { outside: outside.clone(), place, secrets, patience })
            }
            (place, secrets) => Err([place.err(), secrets.err()].into_iter().flatten().collect()),
        }
    }

    /// Sends a message; the answer, when it says that it was done.
    async fn send(
        &self,
        kind: &'static str,
        key: Option<&str>,
        data: Data<'_>,
    ) -> Result<Answer, Failure> {
        let now = self.outside.clock.now();
        let made = format!("msg_{}", self.outside.random.id(now).simple());
        let id = key.unwrap_or(&made);
        let is_an_id = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if !id.bytes().all(is_an_id) {
            return Err(Failure::NotSent(Reason::NotRepresentable));
        }
        let message = Message { kind, id, data };
        let body = serde_json::to_string(&message)
            .map_err(|_| Failure::NotSent(Reason::NotRepresentable))?;
        let signed = Signed::new(&self.secrets, id, now, body);
        let answer = self
            .place
            .send(|client| {
                let request = client.post(self.place.base().clone()).timeout(self.patience);
                signed.put_into(request)
            })
            .await?;
        if answer.status.is_success() { Ok(answer) } else { Err(refused(kind, &answer)) }
    }

    async fn check(&self, name: &str, fingerprint: Option<&str>) -> Result<Checked, Reason> {
        let data = Data { account: Some(name), fingerprint, password: None };
        match self.send("account.check", None, data).await {
            Ok(answer) => Ok(answer.read().unwrap_or_default()),
            // Then every name is taken at its word.
            Err(Failure::Refused(Reason::NotOffered)) => Ok(Checked::default()),
            Err(failure) => Err(failure.reason()),
        }
    }

    async fn ask_for(&self, kind: &'static str, name: &str) -> Outcome {
        let data = Data { account: Some(name), ..Data::default() };
        self.send(kind, None, data).await.into()
    }
}

impl Answer {
    /// What the body says; nothing where it says something else.
    fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// What an answer means that is not "done".
fn refused(kind: &str, answer: &Answer) -> Failure {
    let status = answer.status;
    let asks_to_wait = status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::SERVICE_UNAVAILABLE && answer.headers.contains_key(RETRY_AFTER);
    if asks_to_wait {
        return Failure::Refused(Reason::AskedToWait);
    }
    if status == StatusCode::NOT_IMPLEMENTED {
        return Failure::Refused(Reason::NotOffered);
    }
    if status.is_server_error() {
        return Failure::Unheard(Reason::ItsFault);
    }
    if status.is_client_error()
        && let Some(said) = answer.read::<Why>().and_then(|why| reason_of(&why.reason?))
    {
        return Failure::Refused(said);
    }
    Failure::Refused(match status {
        StatusCode::UNAUTHORIZED => Reason::SignInRefused,
        StatusCode::FORBIDDEN => Reason::NotPermitted,
        StatusCode::NOT_FOUND if kind != "ping" => Reason::NoSuchAccount,
        StatusCode::CONFLICT => Reason::AnotherAccount,
        StatusCode::UNPROCESSABLE_ENTITY if kind == "password.set" => Reason::PasswordRefused,
        _ => Reason::Refused,
    })
}

/// The reasons that a receiver may give.
fn reason_of(word: &str) -> Option<Reason> {
    let reason = Reason::from_word(word)?;
    matches!(
        reason,
        Reason::NotPermitted
            | Reason::NoSuchAccount
            | Reason::AnotherAccount
            | Reason::Suspended
            | Reason::NoConsent
            | Reason::PasswordRefused
            | Reason::PasswordTooShort
            | Reason::PasswordUsedBefore
            | Reason::NotRepresentable
            | Reason::NotOffered
    )
    .then_some(reason)
}

impl From<Silence> for Failure {
    fn from(silence: Silence) -> Self {
        match silence {
            Silence::NotSent(reason) => Self::NotSent(reason),
            Silence::Unheard(reason) => Self::Unheard(reason),
        }
    }
}

impl Failure {
    fn reason(self) -> Reason {
        match self {
            Self::NotSent(reason) | Self::Refused(reason) | Self::Unheard(reason) => reason,
        }
    }
}

impl From<Result<Answer, Failure>> for Outcome {
    fn from(result: Result<Answer, Failure>) -> Self {
        match result {
            Ok(_) => Self::Applied,
            Err(Failure::NotSent(reason)) => Self::NotSent(reason),
            Err(Failure::Refused(reason)) => Self::Refused(reason),
            Err(Failure::Unheard(reason)) => Self::Unknown(reason),
        }
    }
}

/// Text of an answer, unless it is none that people should see.
fn shown(text: Option<String>) -> Option<String> {
    text.filter(|text| {
        !text.trim().is_empty()
            && text.chars().count() <= LONGEST_TEXT
            && !text.chars().any(char::is_control)
    })
}

#[async_trait]
impl Connector for Hook {
    async fn test(&self) -> Result<Found, Reason> {
        let answer = self.send("ping", None, Data::default()).await.map_err(Failure::reason)?;
        let pong: Pong = answer.read().unwrap_or_default();
        Ok(Found { version: shown(pong.version), accounts: None, resettable: None })
    }

    async fn accounts(&self) -> Result<Vec<Account>, Reason> {
        Err(Reason::NotOffered)
    }

    async fn account(&self, name: &str) -> Result<Account, Reason> {
        let checked = self.check(name, None).await?;
        Ok(Account {
            name: name.to_owned(),
            fingerprint: shown(checked.id),
            display_name: shown(checked.name),
            emails: checked
                .email
                .and_then(|text| EmailAddress::parse(&text).ok())
                .into_iter()
                .collect(),
        })
    }

    async fn preflight(&self, name: &str, fingerprint: Option<&str>) -> Result<(), Reason> {
        self.check(name, fingerprint).await.map(drop)
    }

    async fn overview(&self, name: &str) -> Result<Overview, Reason> {
        let (display_name, obstacle) = match self.check(name, None).await {
            Ok(checked) => (shown(checked.name), None),
            Err(reason @ (Reason::NoConsent | Reason::Suspended | Reason::NotPermitted)) => {
                (None, Some(reason))
            }
            Err(reason) => return Err(reason),
        };
        Ok(Overview { display_name, obstacle, ..Overview::default() })
    }

    fn accepts(&self, _: &str, _: &Secret) -> Result<(), Reason> {
        Ok(())
    }

    async fn set_password(&self, change: &Change<'_>) -> Outcome {
        let Change { account, fingerprint, password, key } = *change;
        let password = Some(password.reveal());
        let data = Data { account: Some(account), fingerprint, password };
        self.send("password.set", Some(key), data).await.into()
    }

    async fn verify(&self, name: &str, password: &Secret) -> Verified {
        let password = Some(password.reveal());
        let data = Data { account: Some(name), fingerprint: None, password };
        match self.send("password.verify", None, data).await {
            Ok(answer) => match answer.read::<Tried>().and_then(|tried| tried.verified) {
                Some(true) => Verified::Yes,
                Some(false) => Verified::No,
                None => Verified::NotSeen(Reason::NotOffered),
            },
            Err(failure) => Verified::NotSeen(failure.reason()),
        }
    }

    async fn require_change(&self, name: &str) -> Outcome {
        self.ask_for("account.require_change", name).await
    }

    async fn unlock(&self, name: &str) -> Outcome {
        self.ask_for("account.unlock", name).await
    }
}
