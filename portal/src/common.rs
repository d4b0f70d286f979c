//! What most customers have in what they are found by. An index that is asked for it as well reads
//! long lists to leave nobody out, so it is asked for what is rare only; what was left out is
//! compared in the texts of those that it names.
//!
//! A guess from a small sample, which each process makes for itself now and then: it decides how
//! long an answer takes, never which one it is.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use model::{Moment, id::OrganizationId};

use crate::{Portal, Result, fold, store::Tx};

/// How long a sample is good for.
const FRESH: Duration = Duration::from_mins(10);
/// From so many texts on a sample is taken: fewer are read as quickly as looked up.
const WORTH_SAMPLING: i64 = 5_000;
/// A sample is so many stretches of the list of texts …
const STRETCHES: i64 = 100;
/// … of so many texts each.
const STRETCH: i64 = 10;
/// What fewer have is always asked for, and of no lesser share the sample tells.
const SELDOM: f64 = 0.02;
/// What more have narrows little: a scope of so many is compared, not asked for.
const COMMON: f64 = 0.2;
/// What more have narrows nothing.
const EVERYWHERE: f64 = 0.7;
/// To read the text of one who is left takes as long as so many entries of a list.
const ENTRIES_PER_TEXT: f64 = 300.0;
/// An index is asked for so many things at most: others narrow little any more.
const MOST: usize = 12;

/// What is looked for in the texts of a scope's customers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// What has to stand in a text ([`fold::parts`]).
    pub parts: Vec<String>,
    /// Three letters in a row that an index is asked for: in the parts, and rare. None when no part
    /// has three.
    pub rare: BTreeSet<String>,
    /// The scope's word, when the index is asked for that too.
    pub scope: Option<String>,
}

/// The last sample: how often that was found which is common.
#[derive(Debug, Default)]
pub(crate) struct Common(Mutex<Sample>);

#[derive(Debug, Default)]
struct Sample {
    taken: Option<Moment>,
    shares: Arc<Shares>,
}

/// Which share of all texts has something, from 0 to 1; what is seldom is not in it.
type Shares = HashMap<String, f64>;

impl Portal {
    /// What is meant by what somebody typed, among the customers of a scope.
    pub(crate) async fn wanted(
        &self,
        tx: &mut Tx,
        scope: OrganizationId,
        typed: &str,
    ) -> Result<Wanted> {
        let parts = fold::parts(typed);
        if parts.is_empty() {
            return Ok(Wanted::default());
        }
        let shares = self.shares(tx).await?;
        let word = fold::scope(scope);
        let in_scope = share(&shares, &word);
        let threes = parts.iter().flat_map(|part| fold::threes(part)).collect();
        let rare = worth_asking(threes, in_scope, &shares);
        let scope = (in_scope <= COMMON).then_some(word);
        Ok(Wanted { parts, rare, scope })
    }

    async fn shares(&self, tx: &mut Tx) -> Result<Arc<Shares>> {
        let now = self.now();
        {
            let mut last = self.common().0.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh = |taken: Moment| taken <= now && now < taken.plus(FRESH);
            if last.taken.is_some_and(fresh) {
                return Ok(Arc::clone(&last.shares));
            }
            // Whoever comes meanwhile goes by the one before.
            last.taken = Some(now);
        }
        let texts = tx.some_customer_texts(STRETCHES, STRETCH, WORTH_SAMPLING).await?;
        let shares = Arc::new(shares_of(&texts));
        let mut last = self.common().0.lock().unwrap_or_else(PoisonError::into_inner);
        last.shares = Arc::clone(&shares);
        Ok(shares)
    }
}

fn share(shares: &Shares, what: &str) -> f64 {
    shares.get(what).copied().unwrap_or(SELDOM)
}

/// Of what stands in a text, what an index is asked for: all that is seldom, and of the rest no more
/// than it takes to be left with few.
fn worth_asking(mut threes: Vec<String>, in_scope: f64, shares: &Shares) -> BTreeSet<String> {
    threes.sort_by(|a, b| share(shares, a).total_cmp(&share(shares, b)).then_with(|| a.cmp(b)));
    threes.dedup();
    let mut left = in_scope;
    let mut asked = BTreeSet::new();
    for three in threes.into_iter().take(MOST) {
        let share = share(shares, &three);
        // Those whom it leaves out are not read, but it is a list to read itself.
        let spares_more = left * (1.0 - share) * ENTRIES_PER_TEXT > share;
        // Of what everybody has, one is better than nothing.
        let is_worth_it =
            share <= SELDOM || (share <= EVERYWHERE && spares_more) || asked.is_empty();
        if is_worth_it {
            left *= share;
            asked.insert(three);
        }
    }
    asked
}

/// Which share of these texts has what.
fn shares_of(texts: &[(String, String)]) -> Shares {
    let mut counts: HashMap<String, u32> = HashMap::new();
    for (text, scopes) in texts {
        let mut all: Vec<String> = fold::threes(text).collect();
        all.extend(scopes.split(' ').map(str::to_owned));
        all.sort_unstable();
        all.dedup();
        for one in all {
            *counts.entry(one).or_default() += 1;
        }
    }
    let all = f64::from(u32::try_from(texts.len()).unwrap_or(u32::MAX));
    let shares = counts.into_iter().map(|(what, count)| (what, f64::from(count) / all));
    shares.filter(|(_, share)| *share > SELDOM).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> Vec<(String, String)> {
        (0..100)
            .map(|n| {
                let rare = if n % 20 == 0 { " harbour" } else { "" };
                let half = if n % 2 == 0 { " lantern" } else { "" };
                (format!(" user {n} bench{rare}{half}"), "abc".into())
            })
            .collect()
    }

    #[test]
    fn a_sample_tells_what_many_have() {
        let shares = shares_of(&texts());
        for (what, share) in [("use", 1.0), (" be", 1.0), ("abc", 1.0), ("lan", 0.5), ("har", 0.05)]
        {
            assert!((shares[what] - share).abs() < 1e-9, "{what}");
        }
        assert_eq!(shares.get("42 "), None, "one in a hundred");
        assert_eq!(shares_of(&[]), HashMap::new());
    }

    #[test]
    fn an_index_is_asked_for_what_narrows() {
        let shares = shares_of(&texts());
        let asked = |words: &[&str], in_scope| {
            let threes = words.iter().flat_map(|word| fold::threes(word)).collect();
            let asked = worth_asking(threes, in_scope, &shares);
            asked.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(asked(&["harbour"], 1.0), ["arb", "bou", "har"], "three of them leave few");
        // What everybody has is left out beside it, and what half of them have once few are left.
        assert_eq!(asked(&["user", "harb"], 1.0), ["arb", "har"]);
        assert_eq!(asked(&["har", "lan"], 1.0), ["har", "lan"]);
        assert_eq!(asked(&["har", "lan"], 0.01), ["har"]);
        assert_eq!(asked(&["xyz", "uvw", "lan"], 1.0), ["uvw", "xyz"]);
        assert_eq!(asked(&["lan"], 0.0001), ["lan"], "one is better than nothing");
        assert_eq!(asked(&["user"], 1.0), ["ser"]);
        assert_eq!(asked(&[], 1.0), Vec::<String>::new());
    }
}
