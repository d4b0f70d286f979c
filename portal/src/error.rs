//! Errors have two audiences: a [`Refusal`] is for the person, [`Error::Broken`] for the operator.

use model::{Refusal, refusal::Problem};

/// What a use case may end with instead of an answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The person may know why, and what to do next.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// Too much is going on; nothing happened, and it may work later.
    #[error("busy, to be tried again in {retry_after} s")]
    Busy {
        /// Seconds after which trying again makes sense.
        retry_after: u32,
    },
    /// Something is wrong that only the operator can mend.
    #[error(transparent)]
    Broken(anyhow::Error),
}

/// A use case's answer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A refusal about one field.
    pub fn field(field: &str, problem: Problem) -> Self {
        Self::Refused(Refusal::field(field, problem))
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

impl From<sqlx::Error> for Error {
    /// A database that is away or out of connections is busy, not broken: trying again helps.
    fn from(error: sqlx::Error) -> Self {
        if is_away(&error) {
            tracing::warn!(%error, "the database is not available");
            Self::Busy { retry_after: 5 }
        } else {
            Self::Broken(anyhow::Error::new(error).context("database"))
        }
    }
}

/// Whether trying again later may help: the database is away, restarting, full or locked.
pub(crate) fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        // SQLite: busy (5), locked (6), I/O (10), full (13) and their extended codes end in that
        // byte. PostgreSQL: connection (08), resources (53), operator intervention (57P),
        // serialization and deadlock (40).
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| match code.parse::<u32>() {
                Ok(number) if code.len() < 5 => matches!(number & 0xff, 5 | 6 | 10 | 13),
                _ => ["08", "53", "57P", "40"].iter().any(|class| code.starts_with(class)),
            })
        }
        _ => false,
    }
}
