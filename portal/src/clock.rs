//! Time and randomness arrive as arguments, so that tests can hold them still.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::Moment;
use rand::{Rng, SeedableRng, TryRng, rngs::StdRng};
use uuid::Uuid;

/// What time it is.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The system's clock.
    System,
    /// A clock that tests set.
    Fixed(Arc<Mutex<Moment>>),
}

impl Clock {
    /// A clock that stands still at `moment` until it is moved.
    pub fn fixed(moment: Moment) -> Self {
        Self::Fixed(Arc::new(Mutex::new(moment)))
    }

    /// Now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    pub fn now(&self) -> Moment {
        match self {
            Self::System => Moment(
                std::time::SystemTime::now()
                    .duration_since(std::time::UNIX_EPOCH)
                    .map_or(0, |span| i64::try_from(span.as_micros()).unwrap_or(i64::MAX)),
            ),
            Self::Fixed(moment) => *moment.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves a fixed clock forward; the system's clock cannot be moved.
    pub fn advance(&self, span: Duration) {
        if let Self::Fixed(moment) = self {
            let mut moment = moment.lock().unwrap_or_else(PoisonError::into_inner);
            *moment = moment.plus(span);
        }
    }

    /// Sets a fixed clock; the system's clock cannot be set.
    pub fn set(&self, to: Moment) {
        if let Self::Fixed(moment) = self {
            *moment.lock().unwrap_or_else(PoisonError::into_inner) = to;
        }
    }
}

/// Where unguessable bytes come from.
#[derive(Debug, Clone)]
pub enum Randomness {
    /// The operating system.
    System,
    /// A seed, for tests.
    Seeded(Arc<Mutex<StdRng>>),
}

impl Randomness {
    /// The same bytes in the same order for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// Fills `bytes`.
    ///
    /// # Panics
    /// When the operating system has no randomness: nothing safe can be done without it.
    pub fn fill(&self, bytes: &mut [u8]) {
        match self {
            Self::System => {
                rand::rngs::SysRng.try_fill_bytes(bytes).expect("the system gives random bytes");
            }
            Self::Seeded(rng) => {
                rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
            }
        }
    }

    /// `N` unguessable bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// So many digits, each as likely as the others.
    pub fn digits(&self, count: u32) -> String {
        let number = self.below(10_u64.pow(count));
        format!("{number:0width$}", width = count as usize)
    }

    /// A number below `bound`, each as likely as the others.
    pub fn below(&self, bound: u64) -> u64 {
        // Values from the last, incomplete run of `bound` numbers would favour the small ones.
        let limit = u64::MAX - u64::MAX % bound;
        loop {
            let number = u64::from_le_bytes(self.bytes());
            if number < limit {
                return number % bound;
            }
        }
    }

    /// A new id (UUID version 7: sorted by time, the rest random).
    pub fn id(&self, now: Moment) -> Uuid {
        let millis = u64::try_from(now.0.div_euclid(1_000)).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }
}
