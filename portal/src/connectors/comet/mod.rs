//! Comet Backup: its server's admin API, which takes forms and answers in JSON
//! (`CometBackup/comet-go-sdk`, docs.cometbackup.com).
//!
//! A customer there decides with "Allow administrator to reset my password" whether a password can
//! be set at all, and no administrator can decide that for them. The keys of their vaults are
//! wrapped with the password, and wrapped anew when the server sets it.
//!
//! Messages come in the language of whoever asks, and are never looked at.

mod profile;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use model::{
    connector::{Field, Found, KeyEffect, Overview, Reason},
    refusal::Problem,
    text::EmailAddress,
};
use reqwest::header::ACCEPT;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use zeroize::Zeroizing;

use self::profile::Profile;
use super::{
    Account, Asked, Change, Connector, Kind, Outcome, Verified,
    http::{Place, Silence},
    problem,
};
use crate::secrets::Secret;

/// Comet Backup.
pub(super) static KIND: Kind = Kind {
    word: "comet",
    name: "Comet Backup",
    asks: &[
        Asked { field: Field::Address, optional: false, example: "https://backup.example:8060/" },
        Asked { field: Field::User, optional: false, example: "rekey" },
        Asked { field: Field::Password, optional: false, example: "" },
    ],
    lists: true,
    keys: Some(KeyEffect::Rewrapped),
    is_name,
    connect: |config, outside| {
        let place = match config.plain(Field::Address) {
            Some(text) => Place::parse(text, outside),
            None => Err(problem(Field::Address, Problem::Required)),
        };
        let user = config.plain(Field::User).ok_or(problem(Field::User, Problem::Required));
        let password =
            config.secret(Field::Password).ok_or(problem(Field::Password, Problem::Required));
        match (place, user, password) {
            (Ok(place), Ok(user), Ok(password)) => {
                Ok(Arc::new(Comet { place, user: user.to_owned(), password: password.clone() }))
            }
            (place, user, password) => {
                Err([place.err(), user.err(), password.err()].into_iter().flatten().collect())
            }
        }
    },
};

/// Fewest characters of a password.
const SHORTEST_PASSWORD: usize = 8;
/// How often a profile is written that somebody else keeps changing meanwhile.
const WRITES: u32 = 3;

/// A Comet server, and as whom Rekey signs in there.
struct Comet {
    place: Place,
    user: String,
    password: Secret,
}

/// By what somebody signs in.
#[derive(Clone, Copy)]
enum Proof<'a> {
    Password(&'a Secret),
    Session(&'a Secret),
}

/// Why a call did not do what it is for.
#[derive(Clone, Copy)]
enum Failure {
    /// Nobody heard it, for sure or perhaps; or what was said about it is no answer.
    Silent(Silence),
    /// The server said no, by this status (of HTTP, or one like it in the answer).
    No(u64),
}

/// What stands in answers that say how something went. Others may lack it, or have something else
/// under that name.
#[derive(Deserialize)]
struct Said {
    #[serde(rename = "Status", default)]
    status: Value,
}

/// The answer of what has nothing to tell but that it is done.
struct Done;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Session {
    session_key: Secret,
}

/// A profile, and by which another state of it is told.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Known<P> {
    profile_hash: String,
    profile: P,
}

#[async_trait]
impl Connector for Comet {
    async fn test(&self) -> Result<Found, Reason> {
        let Version { version } = self.version().await.map_err(Failure::plain_reason)?;
        let profiles = self.profiles().await?;
        let resettable = profiles.values().filter(|profile| profile.allows_resets()).count();
        Ok(Found {
            version: Some(format!("Comet Server {version}")),
            accounts: u32::try_from(profiles.len()).ok(),
            resettable: u32::try_from(resettable).ok(),
        })
    }

    async fn accounts(&self) -> Result<Vec<Account>, Reason> {
        let profiles = self.profiles().await?;
        Ok(profiles.into_iter().map(|(name, profile)| account(name, &profile)).collect())
    }

    async fn account(&self, name: &str) -> Result<Account, Reason> {
        let known = self.known::<Profile>(name).await?;
        Ok(account(name.to_owned(), &known.profile))
    }

    async fn preflight(&self, name: &str, fingerprint: Option<&str>) -> Result<(), Reason> {
        let known = self.known::<Profile>(name).await?;
        known.profile.obstacle(fingerprint).map_or(Ok(()), Err)
    }

    async fn overview(&self, name: &str) -> Result<Overview, Reason> {
        let known = self.known::<Profile>(name).await?;
        Ok(known.profile.overview())
    }

    fn accepts(&self, _account: &str, password: &Secret) -> Result<(), Reason> {
        let password = password.reveal();
        if password.chars().count() < SHORTEST_PASSWORD {
            return Err(Reason::PasswordTooShort);
        }
        if password.chars().any(char::is_control) {
            return Err(Reason::NotRepresentable);
        }
        Ok(())
    }

    async fn set_password(&self, change: &Change<'_>) -> Outcome {
        if let Err(reason) = self.accepts(change.account, change.password) {
            return Outcome::NotSent(reason);
        }
        let before = match self.known::<Profile>(change.account).await {
            Ok(before) => before.profile,
            Err(reason) => return not_asked(reason),
        };
        if let Some(obstacle) = before.obstacle(change.fingerprint) {
            return Outcome::Refused(obstacle);
        }
        let parameters =
            [("TargetUser", change.account), ("NewPassword", change.password.reveal())];
        match self.call::<Done>("admin/reset-user-password", &parameters).await {
            Ok(Done) => Outcome::Applied,
            Err(Failure::Silent(Silence::NotSent(reason))) => Outcome::NotSent(reason),
            Err(Failure::Silent(Silence::Unheard(reason))) => {
                match self.known::<Profile>(change.account).await {
                    Ok(after) if after.profile.has_another_password_than(&before) => {
                        Outcome::Applied
                    }
                    _ => Outcome::Unknown(reason),
                }
            }
            Err(failure @ Failure::No(_)) => Outcome::Refused(self.reason(failure).await),
        }
    }

    async fn verify(&self, name: &str, password: &Secret) -> Verified {
        let who = (name, Proof::Password(password));
        let started = self.ask::<Session>(who, "user/web/session/start", &[]).await;
        match started {
            Ok(Session { session_key }) => {
                let who = (name, Proof::Session(&session_key));
                if self.ask::<Done>(who, "user/web/session/revoke", &[]).await.is_err() {
                    tracing::warn!("a session opened to try a password at Comet is left to expire");
                }
                Verified::Yes
            }
            // What a wrong password is answered with, but not only that.
            Err(Failure::No(401 | 403)) => match self.known::<Profile>(name).await {
                Ok(known) => known.profile.bars_sign_in().map_or(Verified::No, Verified::NotSeen),
                Err(reason) => Verified::NotSeen(reason),
            },
            Err(Failure::No(_)) => Verified::NotSeen(Reason::NotVerified),
            Err(Failure::Silent(silence)) => Verified::NotSeen(silence.reason()),
        }
    }

    async fn require_change(&self, name: &str) -> Outcome {
        let mut outcome = self.require_change_once(name).await;
        for _ in 1..WRITES {
            // Another look tells whether it was done, or that somebody else changed the profile.
            let next = match outcome {
                Outcome::Unknown(_) | Outcome::Refused(Reason::Refused) => {
                    self.require_change_once(name).await
                }
                outcome => return outcome,
            };
            outcome = match (outcome, next) {
                (_, Outcome::Applied) => Outcome::Applied,
                (Outcome::Unknown(reason), _) => Outcome::Unknown(reason),
                (_, next) => next,
            };
        }
        outcome
    }

    async fn unlock(&self, _name: &str) -> Outcome {
        Outcome::NotSent(Reason::NotOffered)
    }
}

impl Comet {
    /// Calls the API as whom Rekey signs in.
    async fn call<T: Answered>(
        &self,
        endpoint: &str,
        parameters: &[(&str, &str)],
    ) -> Result<T, Failure> {
        self.ask((&self.user, Proof::Password(&self.password)), endpoint, parameters).await
    }

    /// Calls the API as somebody.
    async fn ask<T: Answered>(
        &self,
        (user, proof): (&str, Proof<'_>),
        endpoint: &str,
        parameters: &[(&str, &str)],
    ) -> Result<T, Failure> {
        let proof = match proof {
            Proof::Password(password) => {
                [("AuthType", "Password"), ("Password", password.reveal())]
            }
            Proof::Session(key) => [("AuthType", "SessionKey"), ("SessionKey", key.reveal())],
        };
        let form = [&[("Username", user)][..], &proof, parameters].concat();
        let url = self.place.below(&format!("api/v1/{endpoint}"));
        let answer = self
            .place
            .send(|client| client.post(url).header(ACCEPT, "application/json").form(&form))
            .await
            .map_err(Failure::Silent)?;
        // Profiles are in it, with what opens them.
        let body = Zeroizing::new(answer.body);
        judge(u64::from(answer.status.as_u16()))?;
        let said = serde_json::from_slice(&body).ok().and_then(|Said { status }| status.as_u64());
        if let Some(status) = said {
            judge(status)?;
        }
        T::of(said, &body).ok_or(Failure::Silent(Silence::Unheard(Reason::BadAnswer)))
    }

    /// Writes a profile back with one thing changed, unless it was another one meanwhile.
    async fn require_change_once(&self, name: &str) -> Outcome {
        // As a whole: what this program knows nothing of goes back as it came.
        let Known { profile_hash, mut profile } = match self.known::<Value>(name).await {
            Ok(known) => known,
            Err(reason) => return not_asked(reason),
        };
        let Some(entries) = profile.as_object_mut() else {
            return Outcome::NotSent(Reason::BadAnswer);
        };
        let before = entries.insert("RequirePasswordChange".into(), Value::Bool(true));
        if before == Some(Value::Bool(true)) {
            return Outcome::Applied;
        }
        let profile = Zeroizing::new(profile.to_string());
        let parameters =
            [("TargetUser", name), ("ProfileData", &**profile), ("RequireHash", &*profile_hash)];
        match self.call::<Done>("admin/set-user-profile-hash", &parameters).await {
            Ok(Done) => Outcome::Applied,
            Err(Failure::Silent(Silence::NotSent(reason))) => Outcome::NotSent(reason),
            Err(Failure::Silent(Silence::Unheard(reason))) => Outcome::Unknown(reason),
            Err(failure @ Failure::No(_)) => Outcome::Refused(self.reason(failure).await),
        }
    }

    /// Which version the server is of, for whoever may sign in.
    async fn version(&self) -> Result<Version, Failure> {
        self.call("admin/meta/version", &[]).await
    }

    /// Every profile, by user name.
    async fn profiles(&self) -> Result<BTreeMap<String, Profile>, Reason> {
        match self.call("admin/list-users-full", &[]).await {
            Ok(profiles) => Ok(profiles),
            Err(failure) => Err(self.reason(failure).await),
        }
    }

    /// One profile, as it is now.
    async fn known<P: DeserializeOwned>(&self, name: &str) -> Result<Known<P>, Reason>
    where
        Known<P>: Answered,
    {
        if !is_name(name) {
            return Err(Reason::NoSuchAccount);
        }
        let parameters = [("TargetUser", name)];
        let failure = match self.call("admin/get-user-profile-and-hash", &parameters).await {
            Ok(known) => return Ok(known),
            Err(failure) => failure,
        };
        let answered = match failure {
            Failure::No(status) => !matches!(status, 401 | 403 | 429),
            Failure::Silent(silence) => silence.reason() == Reason::ItsFault,
        };
        // That there is no such user has no status of its own; the list of names is beyond doubt.
        if answered
            && let Ok(names) = self.call::<Vec<String>>("admin/list-users", &[]).await
            && names.iter().all(|other| other != name)
        {
            return Err(Reason::NoSuchAccount);
        }
        Err(self.reason(failure).await)
    }

    /// Why a call failed. A sign-in that is refused and a right that is missing look the same; the
    /// version is told to everybody who can sign in.
    async fn reason(&self, failure: Failure) -> Reason {
        match failure {
            Failure::No(401 | 403) => match self.version().await {
                Ok(_) => Reason::NotPermitted,
                // It said no, and then no more.
                Err(Failure::Silent(_)) => Reason::Refused,
                Err(failure) => failure.plain_reason(),
            },
            failure => failure.plain_reason(),
        }
    }
}

impl Failure {
    /// Why a call failed that everybody may make who can sign in.
    fn plain_reason(self) -> Reason {
        match self {
            Self::Silent(silence) => silence.reason(),
            Self::No(401 | 403) => Reason::SignInRefused,
            Self::No(429) => Reason::AskedToWait,
            Self::No(_) => Reason::Refused,
        }
    }
}

/// What a status means, of HTTP or of the API, which lends its statuses from there.
fn judge(status: u64) -> Result<(), Failure> {
    let unheard = |reason| Err(Failure::Silent(Silence::Unheard(reason)));
    match status {
        200..300 => Ok(()),
        // Something in between gave up waiting for the server.
        408 => unheard(Reason::NoAnswer),
        400..500 => Err(Failure::No(status)),
        500..600 => unheard(Reason::ItsFault),
        _ => unheard(Reason::BadAnswer),
    }
}

/// What a call is answered with when it went well.
trait Answered: Sized {
    /// Reads an answer, with the status that stands in it if one does.
    fn of(said: Option<u64>, body: &[u8]) -> Option<Self>;
}

impl Answered for Done {
    fn of(said: Option<u64>, _body: &[u8]) -> Option<Self> {
        said.map(|_| Self)
    }
}

/// Reads JSON. What is wrong with it is not told: errors quote what they are about.
macro_rules! answered {
    ($($answer:ty),*) => {$(
        impl Answered for $answer {
            fn of(_said: Option<u64>, body: &[u8]) -> Option<Self> {
                serde_json::from_slice(body).ok()
            }
        }
    )*};
}
answered!(Version, Session, Known<Profile>, Known<Value>, Vec<String>, BTreeMap<String, Profile>);

/// The outcome of a change that did not come to be asked for.
fn not_asked(reason: Reason) -> Outcome {
    match reason {
        Reason::NoSuchAccount | Reason::SignInRefused | Reason::NotPermitted | Reason::Refused => {
            Outcome::Refused(reason)
        }
        reason => Outcome::NotSent(reason),
    }
}

fn account(name: String, profile: &Profile) -> Account {
    Account {
        name,
        fingerprint: profile.fingerprint().map(str::to_owned),
        emails: profile.emails.iter().filter_map(|text| EmailAddress::parse(text).ok()).collect(),
        display_name: profile.display_name(),
    }
}

/// Whether a user may have this name.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.@-".contains(c);
    !text.is_empty() && text.chars().all(fits)
}
