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
/// A sample is so many stretches of the list of texts, from the first to the last …
const STRETCHES: i64 = 40;
/// … of so many texts each.
const STRETCH: i64 = 25;
/// What more than one in so many has is common.
const ONE_IN: u32 = 5;
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
    shares: Arc<HashMap<String, u32>>,
}

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
        let share = |what: &String| shares.get(what).copied().unwrap_or_default();
        let mut threes: Vec<String> = parts.iter().flat_map(|part| fold::threes(part)).collect();
        threes.sort_by_cached_key(|three| (share(three), three.clone()));
        threes.dedup();
        threes.truncate(MOST);
        let rarest = threes.first().cloned();
        let mut rare: BTreeSet<String> =
            threes.into_iter().filter(|three| share(three) == 0).collect();
        // Of what is all common, the rarest is better than nothing.
        rare.extend(rarest);
        let word = fold::scope(scope);
        let scope = (share(&word) == 0).then_some(word);
        Ok(Wanted { parts, rare, scope })
    }

    async fn shares(&self, tx: &mut Tx) -> Result<Arc<HashMap<String, u32>>> {
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
        let shares = Arc::new(common_in(&texts));
        let mut last = self.common().0.lock().unwrap_or_else(PoisonError::into_inner);
        last.shares = Arc::clone(&shares);
        Ok(shares)
    }
}

/// What is common in these texts, and in how many of them it is.
fn common_in(texts: &[(String, String)]) -> HashMap<String, u32> {
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
    let many = u32::try_from(texts.len()).unwrap_or(u32::MAX) / ONE_IN;
    counts.retain(|_, count| *count > many);
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_in_five_has_is_common() {
        let texts: Vec<(String, String)> = (0..100)
            .map(|n| {
                let rare = if n % 10 == 0 { " harbour" } else { "" };
                (format!(" user {n} bench{rare}"), "abc".into())
            })
            .collect();
        let common = common_in(&texts);
        for what in [" us", "use", "ser", "nch", "abc"] {
            assert_eq!(common.get(what), Some(&100), "{what}");
        }
        for what in ["har", "our", " ha"] {
            assert_eq!(common.get(what), None, "{what}");
        }
        assert_eq!(common_in(&[]), HashMap::new());
    }
}
