//! One master key gives way to another one, while people are served.
//!
//! The file of keys says which one seals ([`crate::keys`]). Here it is told to, and everything in
//! the database that an older key sealed is sealed anew, a few rows at a time, so that nobody waits
//! for long. The database's own mark goes last: as long as it bears the older key, the work is not
//! done, and goes on where it was left when it is begun again.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use model::{
    audit::AuditKind,
    id::{AccountId, ConnectorId, EventHookId, FactorId, OrganizationId, ResetId},
};
use uuid::Uuid;

use crate::{
    KEY_CHECK, Portal,
    audit::Event,
    caller, codes, connectors, dkim, event_hooks, failpoint, forgotten, jobs,
    keys::{KeyId, LOOK_AGAIN},
    mail_settings, outbox, passkeys, resets,
    store::{SealRow, SealedIn, Tx},
    two_factor,
};

/// Rows that are looked at in one transaction.
const ROWS_AT_ONCE: i64 = 100;
/// How often everything is looked through: others may have sealed with the older key meanwhile.
const ROUNDS: usize = 3;

/// A key, and how much it sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUse {
    /// The key.
    pub id: KeyId,
    /// Whether it is in the file; else nothing that it sealed can be read.
    pub is_known: bool,
    /// Whether it waits to become the first.
    pub is_next: bool,
    /// Seals in the database.
    pub seals: u64,
}

/// What came of sealing everything anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotationReport {
    /// The key that seals from now on.
    pub key: KeyId,
    /// Seals that were made anew.
    pub sealed: u64,
    /// Whether nothing is sealed with an older key any more. Else a server goes on doing so, whose
    /// file of keys was not changed.
    pub is_done: bool,
    /// Seals that no key of the file opens, by table and column.
    pub broken: BTreeMap<(&'static str, &'static str), u64>,
}

/// What came of one look at everything.
struct Round {
    /// Seals by an older key that were found.
    older: u64,
    sealed: u64,
    broken: BTreeMap<(&'static str, &'static str), u64>,
}

impl Portal {
    /// Which keys there are, the one that seals first, and how much each of them sealed.
    pub async fn keys_in_use(&self) -> anyhow::Result<Vec<KeyUse>> {
        let next = self.keys().next();
        let known = self.keys().ids();
        let mut counts = self.seals_by_key().await?;
        let mut keys: Vec<KeyUse> = known
            .into_iter()
            .map(|id| KeyUse {
                id,
                is_known: true,
                is_next: next == Some(id),
                seals: counts.remove(&id).unwrap_or_default(),
            })
            .collect();
        let unknown = counts.into_iter();
        keys.extend(unknown.map(|(id, seals)| KeyUse {
            id,
            is_known: false,
            is_next: false,
            seals,
        }));
        Ok(keys)
    }

    /// Adds a key to the file that seals nothing yet, so that the file can be copied to every node
    /// before [`Portal::rotate_keys`] uses it.
    pub async fn add_key(&self) -> anyhow::Result<KeyId> {
        let mut tx = self.db().write().await?;
        tx.lock_meta(KEY_CHECK).await?;
        self.keys().add_next()
    }

    /// Seals everything with a new master key: the one that waits in the file, or else one that is
    /// made now. Begun again after it was interrupted, it goes on. `progress` hears how many seals
    /// were looked at, and how many there are.
    pub async fn rotate_keys(
        &self,
        mut progress: impl FnMut(u64, u64),
    ) -> anyhow::Result<RotationReport> {
        let (first, is_under_way) = self.rotation_under_way().await?;
        if let Some(first) = first {
            let report = self.seal_with(first, &mut progress).await?;
            // Only what no key opens was left.
            if is_under_way || report.sealed > 0 || !report.is_done {
                return Ok(report);
            }
        }
        let mut tx = self.db().write().await?;
        // Held, so that two who begin at once make one key.
        let mark = tx.lock_meta(KEY_CHECK).await?.context("the mark of the master key")?;
        let first = self.keys().ids()[0];
        let is_mine = KeyId::of_seal(&mark) == Some(first);
        let key = if is_mine { self.keys().promote_next()? } else { first };
        drop(tx);
        failpoint::reach("rotation-begun");
        self.seal_with(key, &mut progress).await
    }

    /// The key with which everything is to be sealed anew that still is not, and whether a rotation
    /// has not come to its end.
    async fn rotation_under_way(&self) -> anyhow::Result<(Option<KeyId>, bool)> {
        let mark = self.db().read().await?.meta(KEY_CHECK).await?;
        let mark = mark.context("the mark of the master key")?;
        let (known, next) = (self.keys().ids(), self.keys().next());
        let is_under_way = KeyId::of_seal(&mark) != Some(known[0]);
        ensure!(
            next.is_none() || KeyId::of_seal(&mark) != next,
            "this node's file of keys is older than another's, which was used already: put that one here"
        );
        let counts = self.seals_by_key().await?;
        let is_older = |id: &&KeyId| **id != known[0] && next != Some(**id);
        let is_left = known.iter().filter(is_older).any(|id| counts.contains_key(id));
        Ok(((is_under_way || is_left).then_some(known[0]), is_under_way))
    }

    async fn seal_with(
        &self,
        key: KeyId,
        progress: &mut impl FnMut(u64, u64),
    ) -> anyhow::Result<RotationReport> {
        // By then every server with this file seals with that key.
        tokio::time::sleep(LOOK_AGAIN).await;
        let mut sealed = 0;
        let mut rounds = 0;
        let (is_done, broken) = loop {
            let round = self.seal_all_anew(key, progress).await?;
            sealed += round.sealed;
            rounds += 1;
            // The second one should find nothing: only a server that does not know seals so yet.
            if round.older == 0 || rounds == ROUNDS {
                break (round.older == 0, round.broken);
            }
        };
        if is_done {
            self.end_rotation(key).await?;
        }
        Ok(RotationReport { key, sealed, is_done, broken })
    }

    /// The database bears the new key from now on.
    async fn end_rotation(&self, key: KeyId) -> anyhow::Result<()> {
        let mut tx = self.db().write().await?;
        let mark = tx.lock_meta(KEY_CHECK).await?.context("the mark of the master key")?;
        if KeyId::of_seal(&mark) == Some(key) {
            return Ok(());
        }
        tx.set_meta(KEY_CHECK, &self.keys().seal_anew(KEY_CHECK, &mark)?).await?;
        for organization in tx.organizations().await? {
            tx.record(self, Event::of_command(organization.id, AuditKind::KeysRotated)).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Takes the older keys out of the file, once nothing needs them; how many there were.
    pub async fn drop_old_keys(&self) -> anyhow::Result<usize> {
        let mut tx = self.db().write().await?;
        let mark = tx.lock_meta(KEY_CHECK).await?.context("the mark of the master key")?;
        let (known, next) = (self.keys().ids(), self.keys().next());
        let old: Vec<KeyId> = known[1..].iter().copied().filter(|id| next != Some(*id)).collect();
        let needed: u64 = self
            .seals_by_key()
            .await?
            .into_iter()
            .filter(|(id, _)| old.contains(id))
            .map(|(_, seals)| seals)
            .sum();
        ensure!(
            needed == 0 && KeyId::of_seal(&mark) == Some(known[0]),
            "{needed} seals still need the older keys: run `rekey keys rotate` first"
        );
        if !old.is_empty() {
            self.keys().drop_old()?;
        }
        Ok(old.len())
    }

    /// How much each key sealed.
    async fn seals_by_key(&self) -> anyhow::Result<BTreeMap<KeyId, u64>> {
        let mut counts = BTreeMap::new();
        let mut tx = self.db().read().await?;
        for place in SealedIn::ALL {
            let mut last = (Uuid::nil(), -1);
            loop {
                let rows = tx.seals_after(place, last, ROWS_AT_ONCE).await?;
                let Some(row) = rows.last() else { break };
                last = (row.id, row.number);
                for row in &rows {
                    if let Some(id) = KeyId::of_seal(&row.sealed) {
                        *counts.entry(id).or_default() += 1;
                    }
                }
            }
        }
        Ok(counts)
    }

    /// Looks at every seal once, and makes those anew that another key made.
    async fn seal_all_anew(
        &self,
        key: KeyId,
        progress: &mut impl FnMut(u64, u64),
    ) -> anyhow::Result<Round> {
        let mut total = 0;
        let mut tx = self.db().read().await?;
        for place in SealedIn::ALL {
            total += u64::try_from(tx.count_seals(place).await?)?;
        }
        drop(tx);
        let (mut looked_at, mut round) =
            (0, Round { older: 0, sealed: 0, broken: BTreeMap::new() });
        for place in SealedIn::ALL {
            let mut last = (Uuid::nil(), -1);
            loop {
                progress(looked_at, total.max(looked_at));
                let rows = self.db().read().await?.seals_after(place, last, ROWS_AT_ONCE).await?;
                let Some(row) = rows.last() else { break };
                last = (row.id, row.number);
                looked_at += u64::try_from(rows.len())?;
                let old: Vec<&SealRow> =
                    rows.iter().filter(|row| KeyId::of_seal(&row.sealed) != Some(key)).collect();
                if old.is_empty() {
                    continue;
                }
                let mut tx = self.db().write().await?;
                for row in old {
                    let purpose = purpose(&mut tx, place, row).await?;
                    match self.keys().seal_anew(&purpose, &row.sealed) {
                        Ok(new) => {
                            round.older += 1;
                            round.sealed += u64::from(tx.replace_seal(place, row, &new).await?);
                        }
                        Err(_) => *round.broken.entry(place.place()).or_default() += 1,
                    }
                }
                tx.commit().await?;
                failpoint::reach("rotation-half-way");
            }
        }
        progress(total.max(looked_at), total.max(looked_at));
        Ok(round)
    }
}

/// What a seal is for: it opens for nothing else.
async fn purpose(tx: &mut Tx, place: SealedIn, row: &SealRow) -> anyhow::Result<String> {
    let account = AccountId(row.owner);
    Ok(match place {
        SealedIn::Mails => outbox::PURPOSE.into(),
        SealedIn::KeptMails => outbox::KEPT.into(),
        SealedIn::Forgotten => forgotten::PURPOSE.into(),
        SealedIn::Resets => resets::PURPOSE.into(),
        SealedIn::Pins => forgotten::PIN_PURPOSE.into(),
        SealedIn::Batches => jobs::ROWS_PURPOSE.into(),
        SealedIn::Callers => caller::PURPOSE.into(),
        SealedIn::MailPasswords => tx
            .mail_settings(OrganizationId(row.owner))
            .await?
            .map(|settings| mail_settings::purpose(&settings))
            .unwrap_or_default(),
        SealedIn::Apps | SealedIn::FactorSetups => codes::purpose(account),
        SealedIn::Passkeys => passkeys::row_purpose(account, FactorId(row.id)),
        SealedIn::RecoverySetups => two_factor::codes_purpose(account),
        SealedIn::Connectors => connectors::purpose(ConnectorId(row.id)),
        SealedIn::NewPasswords => resets::password_purpose(ResetId(row.id)),
        SealedIn::EventHooks => event_hooks::purpose(EventHookId(row.id)),
        SealedIn::DkimKeys => dkim::purpose(OrganizationId(row.owner)),
    })
}
