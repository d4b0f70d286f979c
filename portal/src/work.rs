//! What goes on beside requests: mail, requests for links, interrupted resets, work of many steps,
//! second factors that are to be removed, email addresses that are to change, what nobody agreed to in
//! time, messages to webhooks, tidying up.
//!
//! Every piece of work is a row; nodes share them by leases and skipped locks. A change that makes
//! work wakes this node's workers; other nodes look again every other second.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{Instant, interval, timeout},
};

use crate::{Portal, Result, api_answers::KEPT, sessions::SKEW};

/// How long a worker rests when nobody wakes it.
const REST: Duration = Duration::from_secs(2);
/// Between two rounds of tidying up.
const TIDY: Duration = Duration::from_mins(1);
/// Mails sent at a time.
const SENDERS: usize = 4;
/// Resets finished at a time: a downstream system that takes its time holds up no other.
const RESETTERS: usize = 4;
/// Messages to webhooks that are sent at a time, each to another one.
const TELLERS: usize = 4;
/// How long what is over is kept before it is forgotten.
const KEEP: Duration = Duration::from_hours(90 * 24);
/// How long files are kept whose import nobody has started.
const KEEP_DRAFTS: Duration = Duration::from_hours(24);
/// How long a job waits to be resumed.
const KEEP_PAUSED: Duration = Duration::from_hours(14 * 24);
/// How long failures are remembered that nothing was added to.
const KEEP_COUNTERS: Duration = Duration::from_hours(30 * 24);

impl Portal {
    /// Wakes this node's workers.
    pub(crate) fn wake(&self) {
        self.0.work.notify_waiters();
        self.0.work.notify_one();
    }

    /// Works until `stop` turns true, or nobody is left who could turn it, then finishes what is
    /// under way.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..SENDERS {
            tasks.spawn(self.clone().work("mail", stop.clone(), Self::send_next_mail));
        }
        for _ in 0..TELLERS {
            tasks.spawn(self.clone().work("events", stop.clone(), Self::send_next_event));
        }
        tasks.spawn(self.clone().work("forgotten", stop.clone(), Self::serve_forgotten));
        for _ in 0..RESETTERS {
            tasks.spawn(self.clone().work("resets", stop.clone(), Self::resume_reset));
        }
        tasks.spawn(self.clone().work("jobs", stop.clone(), Self::work_on_job));
        tasks.spawn(self.clone().work("removals", stop.clone(), Self::carry_out_removal));
        tasks.spawn(self.clone().work("emails", stop.clone(), Self::carry_out_email_change));
        tasks.spawn(self.clone().work("approvals", stop.clone(), Self::expire_approval));
        tasks.spawn(self.clone().tidy_now_and_then(stop));
        while tasks.join_next().await.is_some() {}
    }

    /// Does every piece of work that is due, then returns: for tests and for commands.
    pub async fn work_off(&self) -> Result<()> {
        loop {
            let worked = self.serve_forgotten().await?
                | self.resume_reset().await?
                | self.work_on_job().await?
                | self.carry_out_removal().await?
                | self.carry_out_email_change().await?
                | self.expire_approval().await?
                | self.send_next_mail().await?
                | self.send_next_event().await?;
            if !worked {
                return Ok(());
            }
        }
    }

    async fn work<W>(self, name: &'static str, mut stop: watch::Receiver<bool>, one: W)
    where
        W: AsyncFn(&Self) -> Result<bool>,
    {
        while !*stop.borrow() {
            // Asked for before looking, so that no wake-up falls between looking and resting.
            let woken = self.0.work.notified();
            match one(&self).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(worker = name, error = format!("{error:#}"), "will try again");
                }
            }
            tokio::select! {
                _ = timeout(REST, woken) => {}
                changed = stop.changed() => if changed.is_err() { return },
            }
        }
    }

    async fn tidy_now_and_then(self, mut stop: watch::Receiver<bool>) {
        let mut beat = interval(TIDY);
        beat.reset_at(Instant::now() + Duration::from_secs(5));
        while !*stop.borrow() {
            tokio::select! {
                _ = beat.tick() => {
                    if let Err(error) = self.tidy().await {
                        tracing::warn!(error = format!("{error:#}"), "cannot tidy up, will try again");
                    }
                }
                changed = stop.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Marks what is over, so that no clock can bring it back, and forgets what is long over.
    pub async fn tidy(&self) -> Result<()> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        tx.end_stale_sessions(now).await?;
        tx.expire_links(now).await?;
        tx.expire_resets(now).await?;
        tx.wipe_old_seals(now).await?;
        for reset in tx.expire_mails(now).await? {
            self.password_did_not_arrive(&mut tx, reset).await?;
        }
        tx.prune_sessions(now.minus(KEEP)).await?;
        tx.prune_devices(now.minus(KEEP)).await?;
        tx.expire_verifications(now).await?;
        tx.prune_calls(now.minus(KEEP)).await?;
        tx.prune_links(now.minus(KEEP)).await?;
        tx.prune_removals(now.minus(KEEP)).await?;
        tx.prune_email_changes(now.minus(KEEP)).await?;
        tx.prune_approvals(now.minus(KEEP)).await?;
        tx.prune_mails(now.minus(KEEP)).await?;
        tx.expire_event_deliveries(now).await?;
        tx.prune_event_deliveries(now.minus(KEEP)).await?;
        tx.expire_api_keys(now).await?;
        tx.prune_api_keys(now.minus(KEEP)).await?;
        tx.prune_api_answers(now.minus(KEPT)).await?;
        tx.end_paused_jobs(now.minus(KEEP_PAUSED), now).await?;
        tx.prune_jobs(now.minus(KEEP), now.minus(KEEP_DRAFTS)).await?;
        tx.commit().await?;
        // Apart: others hold limits while they wait for links and sessions.
        let mut tx = self.db().write().await?;
        tx.prune_throttles(now).await?;
        tx.prune_factor_setups(now).await?;
        tx.prune_answered_questions(now.minus(SKEW)).await?;
        tx.prune_counters(now.minus(KEEP_COUNTERS), now).await?;
        tx.commit().await?;
        self.forget_old_hook_secrets().await?;
        self.anchor_audit().await
    }
}
