//! Limits on how often, shared by every node through the database.

use std::{net::IpAddr, time::Duration};

use model::{Moment, Refusal};
use unicode_normalization::UnicodeNormalization;

use crate::{Result, store::Tx};

/// At most `count` within `window`, coming back evenly (GCRA: one moment is all that is stored).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub count: u32,
    pub window: Duration,
}

/// What is left of an allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// How many could be taken at once.
    pub count: u32,
    /// How long it takes until all of it is there again.
    pub whole_after: Duration,
}

impl Left {
    fn of(full_at: Moment, limit: Limit, now: Moment) -> Self {
        let whole_after = full_at.since(now);
        let each = limit.window / limit.count.max(1);
        let there = limit.window.saturating_sub(whole_after);
        let count = there.as_micros() / each.as_micros().max(1);
        Self { count: u32::try_from(count).unwrap_or(u32::MAX), whole_after }
    }
}

impl Tx {
    /// Takes one from an allowance; `Some(wait)` when there is none left.
    pub(crate) async fn take(
        &mut self,
        name: &str,
        limit: Limit,
        now: Moment,
    ) -> Result<Option<Duration>> {
        Ok(self.take_telling(name, limit, now).await?.0)
    }

    /// The same, and what is left afterwards.
    pub(crate) async fn take_telling(
        &mut self,
        name: &str,
        limit: Limit,
        now: Moment,
    ) -> Result<(Option<Duration>, Left)> {
        let stored = self.lock_throttle(name, now).await?;
        let (wait, full_at) = spend(stored, limit, now);
        if full_at != stored {
            self.save_throttle(name, full_at).await?;
        }
        Ok((wait, Left::of(full_at, limit, now)))
    }

    /// Takes one from an allowance and goes on, or refuses, which ends the unit of work.
    pub(crate) async fn take_or_refuse(
        mut self,
        name: &str,
        limit: Limit,
        now: Moment,
    ) -> Result<Self> {
        let Some(wait) = self.take(name, limit, now).await? else { return Ok(self) };
        // What was spent before this one stays spent, and so does what a clock that was ahead had
        // set too high: were it not stored, everybody would wait until the time it showed.
        self.commit().await?;
        Err(wait_refusal(wait).into())
    }
}

/// How long to wait, if at all, and when the allowance is whole again after spending one.
fn spend(full_at: Moment, limit: Limit, now: Moment) -> (Option<Duration>, Moment) {
    let each = limit.window / limit.count.max(1);
    // A clock that went back must not keep anyone waiting for longer than one window.
    let full_at = full_at.clamp(now, now.plus(limit.window));
    let after = full_at.plus(each);
    let latest = now.plus(limit.window);
    if after > latest { (Some(after.since(latest)), full_at) } else { (None, after) }
}

/// A refusal that tells how long to wait, in whole seconds and at least one.
pub(crate) fn wait_refusal(wait: Duration) -> Refusal {
    let seconds = u32::try_from(wait.as_micros().div_ceil(1_000_000)).unwrap_or(u32::MAX);
    Refusal::Wait { seconds: seconds.max(1) }
}

/// The part of an address that one household or office shares: /24 or /48.
pub(crate) fn prefix(address: IpAddr) -> String {
    let length = if address.to_canonical().is_ipv4() { 24 } else { 48 };
    ipnet::IpNet::new(address.to_canonical(), length)
        .map_or_else(|_| address.to_string(), |net| net.trunc().to_string())
}

/// The one form of a sign-in name that finds and counts: NFKC, trimmed, lower case.
pub(crate) fn canonical(name: &str) -> String {
    let normalized: String = name.nfkc().collect();
    model::text::canonical_sign_in_name(&normalized)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { count: 3, window: Duration::from_hours(1) };

    #[test]
    fn an_allowance_comes_back_evenly() {
        let start = Moment(1_000_000_000);
        let mut full_at = Moment(0);
        for _ in 0..3 {
            let (wait, next) = spend(full_at, LIMIT, start);
            assert_eq!(wait, None);
            full_at = next;
        }
        let (wait, same) = spend(full_at, LIMIT, start);
        assert_eq!((wait, same), (Some(Duration::from_mins(20)), full_at));
        let later = start.plus(Duration::from_mins(20));
        assert_eq!(spend(full_at, LIMIT, later).0, None);
    }

    #[test]
    fn what_is_left_is_told() {
        let start = Moment(1_000_000_000);
        let mut full_at = Moment(0);
        for left in [2, 1, 0] {
            let (_, next) = spend(full_at, LIMIT, start);
            let whole_after = Duration::from_mins(20) * (3 - left);
            assert_eq!(Left::of(next, LIMIT, start), Left { count: left, whole_after });
            full_at = next;
        }
        let later = start.plus(Duration::from_mins(39));
        assert_eq!(Left::of(full_at, LIMIT, later).count, 1);
    }

    #[test]
    fn a_clock_that_goes_back_keeps_nobody_out_for_long() {
        let far = Moment(i64::MAX / 2);
        let (wait, _) = spend(far, LIMIT, Moment(0));
        assert!(wait.expect("waits") <= LIMIT.window);
    }

    #[test]
    fn neighbours_share_a_prefix() {
        let of = |text: &str| prefix(text.parse().expect("an address"));
        assert_eq!(of("192.0.2.1"), of("192.0.2.254"));
        assert_ne!(of("192.0.2.1"), of("192.0.3.1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.9"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:ffff::1"));
        assert_ne!(of("2001:db8:1::1"), of("2001:db8:2::1"));
    }

    #[test]
    fn lookalike_spellings_of_a_name_are_one_name() {
        assert_eq!(canonical(" Casey@ACME.example "), "casey@acme.example");
        assert_eq!(canonical("ｃａｓｅｙ"), "casey");
    }
}
