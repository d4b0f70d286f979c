//! On which organization the pages under `/organization` act: one's own, or one below it. Who may
//! read them, who may change something there, and what is held meanwhile.

use model::{
    Refusal,
    audit::{AuditChange, AuditKind},
    id::OrganizationId,
    organization::Acting,
    permission::Permission,
};

use crate::{
    Actor, Portal, Result,
    audit::{Event, Personal},
    store::{OrganizationRow, Tx},
};

impl Actor {
    /// What they changed about an organization, for its audit log.
    pub(crate) fn event_on(
        &self,
        organization: OrganizationId,
        kind: AuditKind,
        changes: Vec<AuditChange>,
    ) -> Event<'_> {
        Event {
            organization,
            subject: None,
            personal: Personal { staff: Some(self.called()), changes, ..Personal::of(&self.visit) },
            ..self.event(kind)
        }
    }
}

impl Portal {
    /// What every page under `/organization` shows of whom it is about. `permission` is what
    /// changing something takes; reading takes less.
    pub(crate) async fn acting(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        scope: Option<OrganizationId>,
        permission: Permission,
    ) -> Result<Acting> {
        let role = actor.may(Permission::ReadSettings)?;
        let organization = tx.scope_of(actor, scope).await?;
        let proven = tx.lock_step_up(actor.session).await?.flatten();
        let scopes = tx.count_scopes(actor.organization).await?;
        Ok(Acting {
            id: organization.id,
            below: organization.id != actor.organization,
            scopes: u32::try_from(scopes).unwrap_or(u32::MAX),
            may_edit: role.may(permission),
            stepped_up: self.counts(proven),
            sends_mail: self.sends_mail(tx, organization.id).await?,
            name: organization.name,
        })
    }

    /// Holds an organization alone and all above it as they are, and makes sure until the commit
    /// that the actor may change it and proved their own password a short while ago.
    pub(crate) async fn hold_scope(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        scope: Option<OrganizationId>,
        permission: Permission,
    ) -> Result<OrganizationRow> {
        actor.may(permission)?;
        let organization = tx.scope_of(actor, scope).await?;
        tx.hold_organization(organization.id).await?;
        // The actor's own is this one or above it, and held with it.
        tx.hold_reach(actor, organization.id).await?;
        if self.hold_staff(tx, actor, permission).await? {
            Ok(organization)
        } else {
            Err(Refusal::StepUp.into())
        }
    }

    /// Whether there is a way for the mail of an organization to go.
    pub(crate) async fn sends_mail(&self, tx: &mut Tx, id: OrganizationId) -> Result<bool> {
        Ok(self.mailer().sends() || tx.mail_route(id).await?.is_some())
    }
}

impl Tx {
    /// Holds an organization and all above it as they are until the commit, and makes sure that the
    /// actor's own is still among them: it may have been moved to somebody else meanwhile.
    pub(crate) async fn hold_reach(
        &mut self,
        actor: &Actor,
        organization: OrganizationId,
    ) -> Result<()> {
        self.hold_policy(organization).await?;
        if self.is_within(organization, actor.organization).await? {
            Ok(())
        } else {
            Err(Refusal::NotFound.into())
        }
    }

    /// The organization to act on: the actor's own unless another one is asked for. One that is
    /// not below it and none at all are the same.
    pub(crate) async fn scope_of(
        &mut self,
        actor: &Actor,
        scope: Option<OrganizationId>,
    ) -> Result<OrganizationRow> {
        let id = scope.unwrap_or(actor.organization);
        if !self.is_within(id, actor.organization).await? {
            return Err(Refusal::NotFound.into());
        }
        Ok(self.organization(id).await?.ok_or(Refusal::NotFound)?)
    }
}
