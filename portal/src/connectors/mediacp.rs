//! MediaCP, a panel for streaming media: classic XML-RPC at `/system/rpc.php` (mediacp.net, API
//! documentation; `modules/servers/mediacp` for WHMCS, which is made by the same people).
//!
//! Every call has one struct with the API key in it, and is answered with a struct that says
//! `success` or `failed`, or with a fault. A user is changed by number, and found by name through a
//! change of nothing. The panel takes no password but `SHA1(name + password)`, with which one signs
//! in as well as with the password: that is a secret, too.

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use dxr::{FaultResponse, MethodCall, MethodResponse, Value};
use model::{
    connector::{Field, Found, LONGEST_SERVICE_NAME, Overview, Reason},
    refusal::{FieldProblem, Problem},
};
use reqwest::{StatusCode, header::CONTENT_TYPE};
use sha1::{Digest, Sha1};

use super::{
    Account, Asked, Change, Config, Connector, Kind, Outcome, Outside, Verified,
    http::{Answer, Place, Silence},
    problem,
};
use crate::secrets::{Secret, hex};

/// Longest time for a call.
const PATIENCE: Duration = Duration::from_secs(10);
/// Shortest password, in characters.
const SHORTEST_PASSWORD: usize = 5;
/// Shortest API key, in characters.
const SHORTEST_KEY: u32 = 24;
/// Where calls go, below the panel's address.
const PATH: &str = "system/rpc.php";

/// The kind.
pub(super) static KIND: Kind = Kind {
    word: "mediacp",
    name: "MediaCP",
    asks: &[
        Asked { field: Field::Address, optional: false, example: "https://panel.example:2080" },
        Asked { field: Field::ApiKey, optional: false, example: "" },
    ],
    lists: false,
    // The panel says nothing of encryption, and there is nothing to be set up about it.
    keys: None,
    is_name,
    connect,
};

/// A name is spelled as it is there: it is a part of what the panel compares.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().count() <= LONGEST_SERVICE_NAME
        && name.trim() == name
        && !name.chars().any(char::is_control)
}

fn connect(config: &Config, outside: &Outside) -> Result<Arc<dyn Connector>, Vec<FieldProblem>> {
    MediaCp::new(config, outside, PATIENCE).map(|panel| Arc::new(panel) as Arc<dyn Connector>)
}

struct MediaCp {
    place: Place,
    key: Secret,
    patience: Duration,
}

/// Why a call did not do what it was to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// Nothing was sent.
    NotSent(Reason),
    /// The panel said no before it did anything.
    Refused(Reason),
    /// It answered `failed`.
    Failed,
    /// It answered with a fault.
    Fault,
    /// It may have been done.
    Unheard(Reason),
}

impl MediaCp {
    fn new(
        config: &Config,
        outside: &Outside,
        patience: Duration,
    ) -> Result<Self, Vec<FieldProblem>> {
        let place = match config.plain(Field::Address) {
            Some(address) => Place::parse(address, outside),
            None => Err(problem(Field::Address, Problem::Required)),
        };
        let key = match config.secret(Field::ApiKey) {
            None => Err(problem(Field::ApiKey, Problem::Required)),
            Some(key) if key.reveal().len() < SHORTEST_KEY as usize => {
                Err(problem(Field::ApiKey, Problem::KeyTooShort { min: SHORTEST_KEY }))
            }
            Some(key) => Ok(key.clone()),
        };
        match (place, key) {
            (Ok(place), Ok(key)) => Ok(Self { place, key, patience }),
            (place, key) => Err([place.err(), key.err()].into_iter().flatten().collect()),
        }
    }

    /// Calls a method; what a successful answer holds.
    async fn call(
        &self,
        method: &'static str,
        arguments: impl IntoIterator<Item = (&'static str, String)> + Send,
    ) -> Result<BTreeMap<String, Value>, Failure> {
        let auth = ("auth", self.key.reveal().to_owned());
        let arguments = arguments
            .into_iter()
            .chain([auth])
            .map(|(name, value)| (name.to_owned(), Value::String(value)))
            .collect();
        let call = MethodCall { name: method.into(), params: vec![Value::Struct(arguments)] };
        let body = call.to_xml().map_err(|_| Failure::NotSent(Reason::NotRepresentable))?;
        let body = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>{body}");
        let answer = self
            .place
            .send(|client| {
                client
                    .post(self.place.below(PATH))
                    .header(CONTENT_TYPE, "text/xml")
                    .timeout(self.patience)
                    .body(body)
            })
            .await;
        read(&answer?)
    }

    /// The number of a user.
    async fn number(&self, name: &str) -> Result<String, Failure> {
        let found = self.call("admin.user_update", [("username", name.to_owned())]).await;
        match found {
            Ok(members) => match members.get("id") {
                Some(Value::Integer(number)) => Ok(number.to_string()),
                Some(Value::String(number))
                    if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) =>
                {
                    Ok(number.clone())
                }
                _ => Err(Failure::Unheard(Reason::BadAnswer)),
            },
            Err(Failure::Failed) => Err(Failure::Refused(Reason::NoSuchAccount)),
            Err(failure) => Err(failure),
        }
    }

    /// The number of the user that is meant.
    async fn number_of(&self, name: &str, fingerprint: Option<&str>) -> Result<String, Failure> {
        let number = self.number(name).await?;
        match fingerprint {
            Some(known) if known != number => Err(Failure::Refused(Reason::AnotherAccount)),
            _ => Ok(number),
        }
    }
}

/// What an answer says. None of it is repeated anywhere: it may quote what was sent.
fn read(answer: &Answer) -> Result<BTreeMap<String, Value>, Failure> {
    match answer.status {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            return Err(Failure::Refused(Reason::SignInRefused));
        }
        StatusCode::TOO_MANY_REQUESTS => return Err(Failure::Refused(Reason::AskedToWait)),
        StatusCode::NOT_FOUND => return Err(Failure::Refused(Reason::BadAnswer)),
        // A panel without a licence leads to where one is entered.
        status if status.is_redirection() || status.is_client_error() => {
            return Err(Failure::Refused(Reason::Refused));
        }
        status if status.is_server_error() => return Err(Failure::Unheard(Reason::ItsFault)),
        _ => return Err(Failure::Unheard(Reason::BadAnswer)),
    }
    let unheard = Failure::Unheard(Reason::BadAnswer);
    let text = std::str::from_utf8(&answer.body).map_err(|_| unheard)?;
    let Ok(MethodResponse { value: Value::Struct(members) }) = MethodResponse::from_xml(text)
    else {
        return Err(FaultResponse::from_xml(text).map_or(unheard, |_| Failure::Fault));
    };
    match members.get("status") {
        Some(Value::String(status)) if status == "success" => Ok(members),
        Some(Value::String(status)) if status == "failed" => Err(Failure::Failed),
        _ => Err(unheard),
    }
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
            Self::Failed => Reason::Refused,
            // A wrong key, or one that may not call from here.
            Self::Fault => Reason::SignInRefused,
        }
    }
}

#[async_trait]
impl Connector for MediaCp {
    async fn test(&self) -> Result<Found, Reason> {
        self.call("admin.service_usage", []).await.map_err(Failure::reason)?;
        Ok(Found { version: None, accounts: None, resettable: None })
    }

    async fn accounts(&self) -> Result<Vec<Account>, Reason> {
        Err(Reason::NotOffered)
    }

    async fn account(&self, name: &str) -> Result<Account, Reason> {
        let number = self.number(name).await.map_err(Failure::reason)?;
        Ok(Account {
            name: name.to_owned(),
            fingerprint: Some(number),
            display_name: None,
            emails: Vec::new(),
        })
    }

    async fn preflight(&self, name: &str, fingerprint: Option<&str>) -> Result<(), Reason> {
        self.number_of(name, fingerprint).await.map(drop).map_err(Failure::reason)
    }

    async fn overview(&self, name: &str) -> Result<Overview, Reason> {
        self.number(name).await.map_err(Failure::reason)?;
        Ok(Overview::default())
    }

    fn accepts(&self, _: &str, password: &Secret) -> Result<(), Reason> {
        let password = password.reveal();
        if password.chars().count() < SHORTEST_PASSWORD {
            Err(Reason::PasswordTooShort)
        } else if password.trim() != password || password.chars().any(char::is_control) {
            // Whoever signs in there has it trimmed.
            Err(Reason::NotRepresentable)
        } else {
            Ok(())
        }
    }

    async fn set_password(&self, change: &Change<'_>) -> Outcome {
        if let Err(reason) = self.accepts(change.account, change.password) {
            return Outcome::NotSent(reason);
        }
        // Finding the user changes nothing, whatever came of it.
        let number = match self.number_of(change.account, change.fingerprint).await {
            Ok(number) => number,
            Err(failure @ (Failure::Refused(_) | Failure::Fault)) => {
                return Outcome::Refused(failure.reason());
            }
            Err(failure) => return Outcome::NotSent(failure.reason()),
        };
        let hash = hash(change.account, change.password);
        let arguments = [("userid", number), ("hash", hash.reveal().to_owned())];
        match self.call("admin.user_update", arguments).await {
            Ok(_) => Outcome::Applied,
            Err(Failure::NotSent(reason)) => Outcome::NotSent(reason),
            Err(Failure::Unheard(reason)) => Outcome::Unknown(reason),
            // The key was right a moment ago: something else broke, before or after the change.
            Err(Failure::Fault) => Outcome::Unknown(Reason::ItsFault),
            Err(failure @ (Failure::Refused(_) | Failure::Failed)) => {
                Outcome::Refused(failure.reason())
            }
        }
    }

    async fn verify(&self, _: &str, _: &Secret) -> Verified {
        Verified::NotSeen(Reason::NotOffered)
    }

    async fn require_change(&self, _: &str) -> Outcome {
        Outcome::NotSent(Reason::NotOffered)
    }

    async fn unlock(&self, _: &str) -> Outcome {
        Outcome::NotSent(Reason::NotOffered)
    }
}

/// What the panel keeps instead of a password, and takes for one.
fn hash(name: &str, password: &Secret) -> Secret {
    Secret::new(hex(&Sha1::new_with_prefix(name).chain_update(password.reveal()).finalize()))
}
