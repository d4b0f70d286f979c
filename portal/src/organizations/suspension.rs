//! Taking an organization out of use, with all below it: nobody signs in any more, whoever is signed
//! in is out, and links are void. Whoever proves to be somebody there is told whom to ask.

use model::{
    Refusal,
    audit::AuditKind,
    id::OrganizationId,
    organization::{
        OrganizationDeed, OrganizationDone, OrganizationObstacle, OrganizationState, WhomToAsk,
    },
    permission::Permission,
    text::EmailAddress,
};

use super::{done, impossible, is_out};
use crate::{Actor, Portal, Result, audit::changed, store::Tx};

impl Portal {
    /// Takes an organization out of use.
    pub async fn suspend_organization(
        &self,
        actor: &Actor,
        id: OrganizationId,
    ) -> Result<OrganizationDone> {
        self.switch_organization(actor, id, OrganizationState::Suspended).await
    }

    /// Takes it into use again, as it was; people sign in anew.
    pub async fn resume_organization(
        &self,
        actor: &Actor,
        id: OrganizationId,
    ) -> Result<OrganizationDone> {
        self.switch_organization(actor, id, OrganizationState::Active).await
    }

    async fn switch_organization(
        &self,
        actor: &Actor,
        id: OrganizationId,
        state: OrganizationState,
    ) -> Result<OrganizationDone> {
        actor.may(Permission::EditOrganizations)?;
        let mut tx = self.db().write().await?;
        let row = self.hold_scope(&mut tx, actor, Some(id), Permission::EditOrganizations).await?;
        if id == actor.organization {
            return Err(impossible(OrganizationObstacle::Own));
        }
        let (kind, deed) = match state {
            OrganizationState::Active => {
                (AuditKind::OrganizationResumed, OrganizationDeed::Resumed)
            }
            OrganizationState::Suspended => {
                (AuditKind::OrganizationSuspended, OrganizationDeed::Suspended)
            }
        };
        let finished = done(id, deed);
        if row.state == state {
            return Ok(finished);
        }
        tx.set_organization_state(id, state).await?;
        if state == OrganizationState::Suspended {
            tx.shut_out(id, self.now()).await?;
        }
        let word = |state| match state {
            OrganizationState::Active => "active",
            OrganizationState::Suspended => "suspended",
        };
        let changes = vec![changed("state", Some(word(row.state)), Some(word(state)))];
        tx.record(self, actor.event_on(id, kind, changes)).await?;
        tx.commit().await?;
        Ok(finished)
    }
}

impl Tx {
    /// Whom people of an organization ask that is suspended, or below one that is: the nearest one
    /// above that is not. Nobody when it is in use.
    pub(crate) async fn whom_to_ask(
        &mut self,
        organization: OrganizationId,
    ) -> Result<Option<WhomToAsk>> {
        let mut above = self.line_above(organization).await?;
        let Some(highest) = above.iter().rposition(is_out) else { return Ok(None) };
        // Above the operator there is nobody: then it is they who are asked.
        let nearest = (highest + 1).min(above.len() - 1);
        let row = above.swap_remove(nearest);
        let site = self.site_of(row.id).await?.ok_or(Refusal::NotFound)?;
        // What is no mailbox is nothing to write to.
        let email = site.support_email.filter(|email| EmailAddress::parse(email).is_ok());
        Ok(Some(WhomToAsk { name: row.name, email }))
    }
}
