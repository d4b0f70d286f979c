//! Removals whose time has come. Between asking and now much may have changed: what entitled to the
//! removal has to hold still, or the factor stays.

use std::time::Duration;

use model::{
    account::AccountKind,
    audit::{ActorKind, AuditKind, Outcome},
    factor::{RemovalObstacle, RemovalState},
};

use super::by_staff;
use crate::{
    Error, Portal, Result,
    audit::{Event, Personal},
    store::{Account, RemovalRow, Tx},
};

/// What audit lines of the worker have in the place of a request's id.
const REQUEST: &str = "factor-removal";
/// How long a removal rests that cannot be carried out, so that it is in nobody's way.
const REST: Duration = Duration::from_mins(10);

impl Portal {
    /// Carries out one removal whose time has come; whether there was one.
    pub(crate) async fn carry_out_removal(&self) -> Result<bool> {
        let now = self.now();
        let Some(due) = self.db().read().await?.due_removal(now).await? else { return Ok(false) };
        if let Err(error) = self.carry_out(&due).await {
            let Error::Broken(error) = error else { return Err(error) };
            // It might fail for ever, and everybody behind it would wait for ever.
            tracing::error!(error = format!("{error:#}"), removal = %due.id, "a second factor cannot be removed, will try again");
            let mut tx = self.db().write().await?;
            tx.postpone_removal(due.id, now.plus(REST)).await?;
            tx.commit().await?;
        }
        Ok(true)
    }

    async fn carry_out(&self, due: &RemovalRow) -> Result<()> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        // In the order in which those who ask hold them. Whoever was deleted took it along.
        let Some(before) = tx.account(due.account_id).await? else { return Ok(()) };
        if before.kind == AccountKind::Staff {
            tx.hold_organization(before.organization_id).await?;
        }
        tx.hold_policy(before.organization_id).await?;
        let used = tx.approval_used_for(due.id.0).await?;
        let agreed = used.and_then(|used| used.decided_by);
        tx.lock_accounts(&[Some(due.asked_by), agreed].into_iter().flatten().collect::<Vec<_>>())
            .await?;
        let asker = tx.account(due.asked_by).await?;
        let Some(account) = tx.lock_account(due.account_id).await? else { return Ok(()) };
        let row = tx.lock_removal(due.id).await?;
        // Another node was quicker, or somebody kept the factor.
        let Some(row) = row.filter(|row| row.state == RemovalState::Waiting) else {
            return Ok(());
        };
        let policy = tx.policy(account.organization_id).await?;
        let until = row.due_under(&policy, account.kind);
        match self.still_entitled(&mut tx, asker, (&account, &row)).await? {
            None => {
                let told = Some((by_staff(now), row.origin.as_str()));
                let event = of_system(&account, AuditKind::FactorRemovalStopped);
                self.stop_removal(&mut tx, &account, told, event).await?;
            }
            Some(_) if until > now => tx.postpone_removal(row.id, until).await?,
            Some(asker) => {
                tx.close_removal(row.id, RemovalState::Done, now).await?;
                let event = of_system(&account, AuditKind::LostFactorRemoved);
                let event = Event {
                    actor: (ActorKind::Staff, Some(asker.id)),
                    personal: Personal {
                        staff: Some(asker.name.to_string()),
                        why: Some(row.why()),
                        ..Personal::default()
                    },
                    ..event
                };
                self.take_factor_away(&mut tx, &account, &row, event).await?;
            }
        }
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// Whoever asked for a removal, if they could ask for it now, with a second person where it takes
    /// one. All that decides must be held.
    async fn still_entitled(
        &self,
        tx: &mut Tx,
        asker: Option<Account>,
        (account, row): (&Account, &RemovalRow),
    ) -> Result<Option<Account>> {
        let still = tx.acts_still(asker, account.organization_id).await?;
        let Some((asker, role)) = still else { return Ok(None) };
        let obstacle = self.removal_obstacle(tx, (asker.id, role), account).await?;
        Ok(match obstacle {
            // This is the one that waits; and the letter about it waits for a mail server.
            None | Some(RemovalObstacle::Waiting | RemovalObstacle::NoMail) => {
                self.removal_is_agreed(tx, row, account).await?.then_some(asker)
            }
            Some(_) => None,
        })
    }
}

/// What Rekey itself did to an account.
fn of_system(account: &Account, kind: AuditKind) -> Event<'static> {
    Event {
        organization: account.organization_id,
        kind,
        outcome: Outcome::Done,
        actor: (ActorKind::System, None),
        subject: Some(account.id),
        reset: None,
        request_id: REQUEST,
        personal: Personal::default(),
    }
}
