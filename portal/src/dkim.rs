//! Keys by which an organization's mail is signed: made here, published by those whose domain it is,
//! and in use from when they say that it is published.

use anyhow::Context;
use model::{
    Refusal,
    audit::AuditKind,
    id::OrganizationId,
    mail::DkimView,
    permission::Permission,
    policy::{DKIM_KEYS, DKIM_WINDOW},
};

use crate::{
    Actor, Portal, Result,
    audit::changed,
    mail::dkim::{Signer, new_key},
    secrets::{Secret, hex},
    store::{DkimRow, MailSettingsRow},
    throttle::Limit,
};

/// The purpose of a key's seal: it opens for no other organization.
pub(crate) fn purpose(organization: OrganizationId) -> String {
    format!("dkim:{organization}")
}

/// The domain of an address, as the DNS knows it.
fn domain(settings: &MailSettingsRow) -> Option<String> {
    let (_, domain) = settings.from_email.as_str().rsplit_once('@')?;
    idna::domain_to_ascii(domain).ok()
}

impl Portal {
    /// Makes a key for the domain that an organization's mail is sent from. The one before it is gone;
    /// the new one signs nothing yet.
    pub async fn make_dkim_key(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
    ) -> Result<OrganizationId> {
        actor.may(Permission::EditMail)?;
        // A key takes a core for a while: nobody has many made, and nobody has one who may not.
        let mut tx = self.db().write().await?;
        let organization = self.hold_scope(&mut tx, actor, scope, Permission::EditMail).await?.id;
        tx.mail_settings(organization).await?.ok_or(Refusal::NotFound)?;
        let limit = Limit { count: DKIM_KEYS, window: DKIM_WINDOW };
        let name = format!("dkim-keys:{organization}");
        tx.take_or_refuse(&name, limit, self.now()).await?.commit().await?;
        let seed = self.random().bytes();
        let made = tokio::task::spawn_blocking(move || new_key(seed)).await;
        let (private, public_key) = made.context("making a key was interrupted")??;
        let mut tx = self.db().write().await?;
        let organization = self.hold_scope(&mut tx, actor, scope, Permission::EditMail).await?.id;
        let settings = tx.mail_settings(organization).await?.ok_or(Refusal::NotFound)?;
        let old = tx.dkim_key(organization).await?;
        let row = DkimRow {
            organization_id: organization,
            domain: domain(&settings).context("an address without a domain")?,
            selector: format!("rekey-{}", hex(&self.random().bytes::<4>())),
            sealed: self.keys().seal(&purpose(organization), &private.reveal())?,
            public_key,
            active: false,
            created_at: self.now(),
        };
        tx.set_dkim_key(&row).await?;
        let changes = vec![changed("dkim", old.map(|old| old.name()), Some(row.name()))];
        tx.record(self, actor.event_on(organization, AuditKind::DkimChanged, changes)).await?;
        tx.commit().await?;
        Ok(organization)
    }

    /// Signs an organization's mail from now on, or leaves it.
    pub async fn switch_dkim_key(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
        on: bool,
    ) -> Result<OrganizationId> {
        actor.may(Permission::EditMail)?;
        let mut tx = self.db().write().await?;
        let organization = self.hold_scope(&mut tx, actor, scope, Permission::EditMail).await?.id;
        let key = tx.dkim_key(organization).await?.ok_or(Refusal::NotFound)?;
        if key.active != on {
            tx.switch_dkim_key(organization, on).await?;
            let word = |on| Some(if on { "on" } else { "off" });
            let changes = vec![changed("dkim", word(key.active), word(on))];
            tx.record(self, actor.event_on(organization, AuditKind::DkimChanged, changes)).await?;
        }
        tx.commit().await?;
        Ok(organization)
    }

    /// Takes an organization's key away: its mail is not signed any more.
    pub async fn remove_dkim_key(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
    ) -> Result<OrganizationId> {
        actor.may(Permission::EditMail)?;
        let mut tx = self.db().write().await?;
        let organization = self.hold_scope(&mut tx, actor, scope, Permission::EditMail).await?.id;
        // Pressed twice, it is gone already.
        if let Some(key) = tx.dkim_key(organization).await? {
            tx.remove_dkim_key(organization).await?;
            let changes = vec![changed("dkim", Some(key.name()), None::<String>)];
            tx.record(self, actor.event_on(organization, AuditKind::DkimChanged, changes)).await?;
        }
        tx.commit().await?;
        Ok(organization)
    }

    /// Signs with a key.
    pub(crate) fn signer(&self, row: &DkimRow) -> anyhow::Result<Signer> {
        let key: String = self.keys().open(&purpose(row.organization_id), &row.sealed)?;
        let (domain, selector) = (row.domain.clone(), row.selector.clone());
        Signer::new(domain, selector, &Secret::new(key), self.random().bytes())
    }
}

impl DkimRow {
    /// The name of its record in the DNS (RFC 6376, 3.6.2.1).
    fn name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// What those see who publish it.
    pub(crate) fn shown(self, settings: &MailSettingsRow) -> DkimView {
        DkimView {
            name: self.name(),
            value: format!("v=DKIM1; k=rsa; p={}", self.public_key),
            active: self.active,
            fits: domain(settings).is_some_and(|domain| domain == self.domain),
            domain: self.domain,
        }
    }
}
