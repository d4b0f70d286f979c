//! The customer's own permission that the reseller may set their password. After the customer was
//! created nobody else changes it; every change is a line of a ledger.

use model::{
    Moment, Refusal,
    account::AccountKind,
    audit::AuditKind,
    consent::{Consent, ConsentEntry, ConsentSource, ConsentUse, ConsentView, LEDGER_SHOWN},
    id::{AccountId, ConsentId},
    permission::Permission,
    refusal::Problem,
};

use crate::{Actor, Error, Portal, Result, store::Tx};

/// The form.
#[derive(Debug, Clone)]
pub struct SetConsent {
    /// `no`, `once`, `until` or `always`.
    pub choice: String,
    /// For `until`: the last day, as `2026-12-31`.
    pub until: String,
    /// Only mailed links, whatever the permission says.
    pub links_only: bool,
}

impl Actor {
    /// That they are a customer: staff have nobody who looks after them like that.
    fn is_customer(&self) -> Result<()> {
        if self.kind == AccountKind::Customer { Ok(()) } else { Err(Refusal::NotFound.into()) }
    }
}

impl SetConsent {
    fn parsed(&self, now: Moment) -> Result<Consent> {
        match self.choice.as_str() {
            "no" => Ok(Consent::Refused),
            "once" => Ok(Consent::Once),
            "always" => Ok(Consent::Always),
            "until" if self.until.trim().is_empty() => {
                Err(Error::field("until", Problem::Required))
            }
            "until" => match Moment::end_of_day(self.until.trim()) {
                None => Err(Error::field("until", Problem::NotADate)),
                Some(until) if until <= now => Err(Error::field("until", Problem::InThePast)),
                Some(until) => Ok(Consent::Until(until)),
            },
            _ => Err(Error::field("choice", Problem::NotAChoice)),
        }
    }
}

impl Portal {
    /// The actor's own permission with its ledger.
    pub async fn consent(&self, actor: &Actor) -> Result<ConsentView> {
        actor.is_customer()?;
        let now = self.now();
        let mut tx = self.db().read().await?;
        let stepped_up = self.counts(tx.step_up_at(actor.session).await?);
        Ok(ConsentView { stepped_up, ..tx.consent_of(actor.account, now).await? })
    }

    /// A customer's permission with its ledger, for staff who look after them.
    pub async fn customer_consent(&self, actor: &Actor, id: AccountId) -> Result<ConsentView> {
        actor.may(Permission::ReadCustomers)?;
        let mut tx = self.db().read().await?;
        let customer = tx.customer_of(actor, id).await?;
        let consent = tx.consent_of(id, self.now()).await?;
        drop(tx);
        self.note_view(actor, &customer).await?;
        Ok(consent)
    }

    /// Changes the actor's own permission. What allows more than before takes a fresh proof;
    /// nothing stands between a customer and taking it back.
    pub async fn set_consent(&self, actor: &Actor, request: SetConsent) -> Result<()> {
        actor.is_customer()?;
        let now = self.now();
        let consent = request.parsed(now)?;
        let mut tx = self.db().write().await?;
        tx.lock_account(actor.account).await?.ok_or(Refusal::NotFound)?;
        let before = tx.consent(actor.account).await?.ok_or(Refusal::NotFound)?;
        let was = before.consent(now);
        let changes = was != consent;
        let allows_more = consent.allows_more_than(was) || before.links_only && !request.links_only;
        if allows_more {
            let proven = tx.lock_step_up(actor.session).await?.ok_or(Refusal::NotAllowed)?;
            if !self.counts(proven) {
                return Err(Refusal::StepUp.into());
            }
        }
        if changes {
            let id = ConsentId(self.random().id(now));
            let from = (ConsentSource::Customer, Some(actor.account));
            tx.add_consent(id, actor.account, consent, from, now).await?;
        }
        if before.links_only != request.links_only {
            tx.set_links_only(actor.account, request.links_only).await?;
        }
        if changes || before.links_only != request.links_only {
            tx.record(self, actor.event(AuditKind::ConsentChanged)).await?;
        }
        Ok(tx.commit().await?)
    }
}

impl Tx {
    /// A customer's permission with its ledger.
    async fn consent_of(&mut self, id: AccountId, now: Moment) -> Result<ConsentView> {
        let row = self.consent(id).await?.ok_or(Refusal::NotFound)?;
        let shown = i64::try_from(LEDGER_SHOWN).unwrap_or(i64::MAX);
        let ledger = self.consents(id, shown).await?;
        let uses = self.resets_by_staff(id, shown).await?;
        Ok(ConsentView {
            consent: row.consent(now),
            links_only: row.links_only,
            stepped_up: false,
            ledger: ledger
                .into_iter()
                .map(|line| ConsentEntry {
                    at: line.at,
                    // As it was said, also when it is long over.
                    consent: match (line.granted, line.once, line.until) {
                        (false, ..) => Consent::Refused,
                        (true, true, _) => Consent::Once,
                        (true, false, Some(until)) => Consent::Until(until),
                        (true, false, None) => Consent::Always,
                    },
                    source: line.source,
                })
                .collect(),
            uses: uses
                .into_iter()
                .map(|(at, delivery, by)| ConsentUse { at, delivery, by })
                .collect(),
        })
    }
}
