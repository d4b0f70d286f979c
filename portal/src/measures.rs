//! What operators measure: how much there is of what, and how busy it is. Numbers alone: no names,
//! no addresses, nothing of anybody in particular.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use model::{Refusal, reset::ResetState};

use crate::{Error, PasskeySignIn, Portal, Result, SignIn, SignedIn, Visit};

/// More of one kind than this are not counted: a measurement must cost next to nothing.
pub const MEASURED: i64 = 100_000;
/// The states that a mail may be in.
const MAIL_STATES: [&str; 4] = ["waiting", "sent", "dead", "expired"];

/// Sign-ins since the process began.
#[derive(Debug, Default)]
pub(crate) struct SignInCounts {
    done: AtomicU64,
    refused: AtomicU64,
    slowed_down: AtomicU64,
    busy: AtomicU64,
    broken: AtomicU64,
}

/// What is measured at one moment.
#[derive(Debug, Clone)]
pub struct Measures {
    /// Sign-ins of this process since it began, by how they ended.
    pub sign_ins: Vec<(&'static str, u64)>,
    /// The hashing gate of this process.
    pub hashing: HashingLoad,
    /// Mails by state, as far as they are counted.
    pub mails: Vec<(&'static str, i64)>,
    /// How long the oldest mail has waited.
    pub oldest_mail: Duration,
    /// Resets by state, as far as they are counted.
    pub resets: Vec<(String, i64)>,
    /// Sessions that are open.
    pub sessions: i64,
    /// The connections of this process to the database.
    pub pools: Vec<PoolLoad>,
}

/// How busy hashing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashingLoad {
    /// Hashes that are being made.
    pub running: usize,
    /// Hashes that may be made at a time.
    pub permits: usize,
    /// Hashes that wait for their turn.
    pub waiting: usize,
    /// Hashes that were refused since the process began, since too many waited.
    pub refused: u64,
}

/// How busy connections to the database are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolLoad {
    /// What they are for.
    pub name: &'static str,
    /// Those that are open.
    pub open: usize,
    /// Those of them that do nothing.
    pub idle: usize,
    /// How many there may be.
    pub most: usize,
}

impl SignInCounts {
    fn count(&self, result: &Result<SignedIn>) {
        let counter = match result {
            Ok(_) => &self.done,
            Err(Error::Refused(Refusal::Wait { .. })) => &self.slowed_down,
            Err(Error::Refused(_)) => &self.refused,
            Err(Error::Busy { .. }) => &self.busy,
            Err(Error::Broken(_)) => &self.broken,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> Vec<(&'static str, u64)> {
        [
            ("done", &self.done),
            ("refused", &self.refused),
            ("slowed_down", &self.slowed_down),
            ("busy", &self.busy),
            ("broken", &self.broken),
        ]
        .map(|(name, counter)| (name, counter.load(Ordering::Relaxed)))
        .into()
    }
}

impl Portal {
    /// Signs in.
    pub async fn sign_in(&self, visit: &Visit, request: SignIn) -> Result<SignedIn> {
        let result = self.try_sign_in(visit, request).await;
        self.sign_in_counts().count(&result);
        result
    }

    /// Signs in with a passkey instead of name and password. There is one refusal, whatever is wrong.
    pub async fn sign_in_with_passkey(
        &self,
        visit: &Visit,
        request: PasskeySignIn,
    ) -> Result<SignedIn> {
        let result = self.try_passkey(visit, request).await;
        self.sign_in_counts().count(&result);
        result
    }

    /// What is measured now.
    pub async fn measures(&self) -> Result<Measures> {
        let now = self.now();
        let mut tx = self.db().read().await?;
        let mut mails = Vec::with_capacity(MAIL_STATES.len());
        for state in MAIL_STATES {
            mails.push((state, tx.measure_mails(state, MEASURED).await?));
        }
        let mut resets = Vec::with_capacity(ResetState::ALL.len());
        for state in ResetState::ALL {
            resets.push((state.to_string(), tx.measure_resets(*state, MEASURED).await?));
        }
        let oldest_mail =
            tx.oldest_mail().await?.map_or(Duration::ZERO, |created| now.since(created));
        Ok(Measures {
            sign_ins: self.sign_in_counts().read(),
            hashing: self.hasher().load(),
            mails,
            oldest_mail,
            resets,
            sessions: tx.measure_sessions(now, MEASURED).await?,
            pools: self.db().pools(),
        })
    }
}
