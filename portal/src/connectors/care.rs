//! Care in asking downstream systems: only so many at a time of each, and none for a while of one
//! that fails again and again.
//!
//! Every call to a connector that is kept goes through [`Portal::ask_connector`]. How often a system failed in
//! a row, and until when it rests, stands in its row, so that nodes share it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use model::{Moment, connector::Reason, id::ConnectorId};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Connector, Outcome, Verified};
use crate::{Portal, Result, store::ConnectorRow};

/// Calls to one system that a node has under way at most.
const AT_A_TIME: usize = 8;
/// How long a call waits for others to the same system to end.
const TURN: Duration = Duration::from_secs(10);
/// Failures in a row after which a system rests.
const FAILURES: i64 = 5;
/// How long it does.
const REST: Duration = Duration::from_mins(1);

/// Whose turn it is, by system.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<ConnectorId, Arc<Semaphore>>>);

impl Turns {
    /// The turns of a system.
    fn of(&self, id: ConnectorId) -> Arc<Semaphore> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turns) = turns.get(&id) {
            return Arc::clone(turns);
        }
        // Those that nobody has or waits for are as good as new ones.
        turns.retain(|_, turns| Arc::strong_count(turns) > 1);
        Arc::clone(turns.entry(id).or_insert_with(|| Arc::new(Semaphore::new(AT_A_TIME))))
    }

    /// Waits for a turn, unless that takes too long.
    async fn take(&self, id: ConnectorId) -> Option<OwnedSemaphorePermit> {
        let turn = self.of(id).acquire_owned();
        tokio::time::timeout(TURN, turn).await.ok().and_then(std::result::Result::ok)
    }
}

/// What came of a call, as far as it tells how the system is.
pub(crate) trait Told {
    /// What is told when the system was not called.
    fn not_asked(reason: Reason) -> Self;

    /// Why it did not do what it was asked to, if so.
    fn trouble(&self) -> Option<Reason>;
}

impl<T> Told for std::result::Result<T, Reason> {
    fn not_asked(reason: Reason) -> Self {
        Err(reason)
    }

    fn trouble(&self) -> Option<Reason> {
        self.as_ref().err().copied()
    }
}

impl Told for Outcome {
    fn not_asked(reason: Reason) -> Self {
        Self::NotSent(reason)
    }

    fn trouble(&self) -> Option<Reason> {
        match self {
            Self::Applied => None,
            Self::Refused(reason) | Self::NotSent(reason) | Self::Unknown(reason) => Some(*reason),
        }
    }
}

impl Told for Verified {
    fn not_asked(reason: Reason) -> Self {
        Self::NotSeen(reason)
    }

    fn trouble(&self) -> Option<Reason> {
        match self {
            Self::Yes | Self::No => None,
            Self::NotSeen(reason) => Some(*reason),
        }
    }
}

/// Whether a system is down, for all that can be told, or does not say anything of use.
fn is_down(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::Unreachable
            | Reason::CertificateNotTrusted
            | Reason::NoAnswer
            | Reason::BadAnswer
            | Reason::ItsFault
    )
}

impl Portal {
    /// Asks a connector something, outside any transaction:
    ///
    /// ```text
    /// let outcome = portal.ask_connector(id, |system| async move { system.set_password(&change).await }).await?;
    /// ```
    ///
    /// It is not asked, and the answer says why, when it is disabled or gone, rests, or is so busy
    /// that its turn does not come within seconds.
    pub(crate) async fn ask_connector<T, F>(
        &self,
        id: ConnectorId,
        call: impl FnOnce(Arc<dyn Connector>) -> F + Send,
    ) -> Result<T>
    where
        T: Told + Send + Sync,
        F: Future<Output = T> + Send,
    {
        let Some(turn) = self.turns().take(id).await else {
            return Ok(T::not_asked(Reason::AskedToWait));
        };
        // As it is once it is one's turn: others may have found out that it is down.
        let row = self.db().read().await?.connector(id).await?;
        let Some(row) = row.filter(|row| row.enabled) else {
            return Ok(T::not_asked(Reason::Disabled));
        };
        let connector = match self.connector_allowed(&row)? {
            Ok(connector) => connector,
            Err(reason) => return Ok(T::not_asked(reason)),
        };
        if !self.may_try(&row).await? {
            return Ok(T::not_asked(Reason::Resting));
        }
        let told = call(connector).await;
        drop(turn);
        self.count(id, &told).await;
        Ok(told)
    }

    /// Asks a connector because somebody insists: though it rests, or is disabled.
    pub(crate) async fn ask_connector_anyway<T, F>(
        &self,
        row: &ConnectorRow,
        call: impl FnOnce(Arc<dyn Connector>) -> F + Send,
    ) -> Result<T>
    where
        T: Told + Send + Sync,
        F: Future<Output = T> + Send,
    {
        let connector = match self.connector_allowed(row)? {
            Ok(connector) => connector,
            Err(reason) => return Ok(T::not_asked(reason)),
        };
        let Some(turn) = self.turns().take(row.id).await else {
            return Ok(T::not_asked(Reason::AskedToWait));
        };
        let told = call(connector).await;
        drop(turn);
        self.count(row.id, &told).await;
        Ok(told)
    }

    /// Whether a connector that is kept may be asked. One that has rested is tried by one caller,
    /// of all nodes; what that one hears decides for the others.
    async fn may_try(&self, row: &ConnectorRow) -> Result<bool> {
        let Some(until) = row.rests_until else { return Ok(true) };
        let now = self.now();
        if until > now {
            return Ok(false);
        }
        let mut tx = self.db().write().await?;
        let mine = tx.prolong_rest(row.id, until, now.plus(REST)).await?;
        tx.commit().await?;
        Ok(mine)
    }

    /// Counts what was heard of a system. That this fails takes nothing back of what was heard.
    async fn count(&self, id: ConnectorId, told: &(impl Told + Sync)) {
        if let Err(error) = self.heard(id, told).await {
            tracing::warn!(connector = %id, error = format!("{error:#}"), "how it is is not counted");
        }
    }

    async fn heard(&self, id: ConnectorId, told: &(impl Told + Sync)) -> Result<()> {
        if told.trouble().is_some_and(is_down) {
            let rests_until = self.now().plus(REST);
            let mut tx = self.db().write().await?;
            tx.count_failure(id, FAILURES, rests_until).await?;
            return Ok(tx.commit().await?);
        }
        // Most calls go well after others that did, and need no writer.
        let row = self.db().read().await?.connector(id).await?;
        if row.is_some_and(|row| row.failures > 0 || row.rests_until.is_some()) {
            let mut tx = self.db().write().await?;
            tx.forget_failures(id).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

impl ConnectorRow {
    /// Until when it is left alone, if it is.
    pub fn resting(&self, now: Moment) -> Option<Moment> {
        self.rests_until.filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_system_that_hangs_takes_no_turns_of_others() {
        let (turns, [one, other]) =
            (Turns::default(), [1, 2].map(Uuid::from_u128).map(ConnectorId));
        let mut taken: Vec<_> = (0..AT_A_TIME)
            .map(|_| turns.of(one).try_acquire_owned().expect("there is a turn"))
            .collect();
        assert!(turns.of(one).try_acquire_owned().is_err(), "so many at a time");
        assert!(turns.of(other).try_acquire_owned().is_ok());
        assert!(turns.of(one).try_acquire_owned().is_err(), "nobody forgot those under way");
        taken.pop();
        assert!(turns.of(one).try_acquire_owned().is_ok());
    }

    #[test]
    fn an_answer_is_an_answer_whatever_it_says() {
        let down = |trouble: Option<Reason>| trouble.is_some_and(is_down);
        assert!(down(Outcome::Unknown(Reason::NoAnswer).trouble()));
        assert!(down(Verified::NotSeen(Reason::Unreachable).trouble()));
        assert!(!down(Outcome::Refused(Reason::NoConsent).trouble()));
        assert!(!down(Verified::No.trouble()));
        assert!(!down(Err::<(), _>(Reason::SignInRefused).trouble()));
        assert!(!down(Ok::<(), Reason>(()).trouble()));
    }
}
