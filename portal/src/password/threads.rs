//! The threads that hash.
//!
//! They are apart from those that serve, and give way to them: while every core hashes, a page or a
//! query that has a moment's work must not queue behind hashes of some 30 ms. Each thread keeps the
//! memory that argon2 fills from one hash to the next, since getting it anew from the system costs
//! a tenth of the work, and gives it back when there is nothing to do.

use std::{panic::AssertUnwindSafe, time::Duration};

use anyhow::Context;
use argon2::{Block, Params};
use zeroize::Zeroize;

/// By how much serving comes first (nice(2)); the same throughput when nothing else has work.
const GIVES_WAY: i32 = 10;
/// How long a thread keeps its memory without work.
const KEEPS_MEMORY: Duration = Duration::from_secs(1);
/// Blocks of 1 KiB in the smallest memory that is asked for (only what is used is taken): allocators
/// give that much back to the system for certain (with glibc, from 32 MiB on).
const GIVEN_BACK: usize = 33 * 1_024;

type Job = Box<dyn FnOnce(&mut Memory) + Send>;

/// What argon2 fills.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

impl Memory {
    /// As much as hashing with these parameters takes. What it holds does not matter.
    pub fn blocks(&mut self, params: &Params) -> &mut [Block] {
        let count = params.block_count();
        if self.0.len() < count {
            self.give_back();
            self.0.reserve_exact(count.max(GIVEN_BACK));
            self.0.resize(count, Block::default());
        }
        &mut self.0[..count]
    }

    fn give_back(&mut self) {
        self.0.iter_mut().zeroize();
        self.0 = Vec::new();
    }
}

/// A fixed number of threads that hash; they end when the last clone is dropped.
#[derive(Debug, Clone)]
pub(super) struct Threads(flume::Sender<Job>);

impl Threads {
    /// Starts them.
    pub fn start(count: usize) -> anyhow::Result<Self> {
        let (sender, jobs) = flume::unbounded();
        for _ in 0..count {
            let jobs = jobs.clone();
            std::thread::Builder::new()
                .name("hashing".into())
                .spawn(move || work_off(&jobs))
                .context("cannot start a thread that hashes")?;
        }
        Ok(Self(sender))
    }

    /// Runs `work` on the next free thread.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> anyhow::Result<T> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let job: Job = Box::new(move |memory| {
            // Whoever asked may be gone.
            let _ = answer.send(work(memory));
        });
        self.0.send(job).ok().context("the hashing threads have ended")?;
        answered.await.context("hashing was interrupted")
    }
}

fn work_off(jobs: &flume::Receiver<Job>) {
    if let Err(error) = rustix::process::nice(GIVES_WAY) {
        tracing::warn!(%error, "hashing cannot give way to serving");
    }
    let mut memory = Memory::default();
    loop {
        let job = match jobs.recv_timeout(KEEPS_MEMORY) {
            Ok(job) => Ok(job),
            Err(flume::RecvTimeoutError::Timeout) => {
                memory.give_back();
                jobs.recv()
            }
            Err(flume::RecvTimeoutError::Disconnected) => return,
        };
        let Ok(job) = job else { return };
        // The caller learns of a panic by getting no answer; the thread goes on.
        if std::panic::catch_unwind(AssertUnwindSafe(|| job(&mut memory))).is_err() {
            memory.give_back();
        }
    }
}
