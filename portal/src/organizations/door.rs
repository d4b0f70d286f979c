//! An organization that shares the front door of one above it gets one of its own. Its people move
//! there, with those of organizations below it that share the same one through it; nobody can have
//! their names there, since the new one is empty. Whoever comes to the old one and proves to be one of
//! them is shown to the new one; to everybody else they are nobody there.

use anyhow::Context;
use model::{
    Refusal,
    audit::AuditKind,
    id::{OrganizationId, SiteId},
    organization::{OrganizationDeed, OrganizationDone, OrganizationObstacle},
    permission::Permission,
    refusal::Problem,
    slug::Slug,
};

use super::{done, impossible};
use crate::{
    Actor, Error, Portal, Result, Visit,
    audit::changed,
    store::{Account, Tx},
};

impl Portal {
    /// Gives an organization a front door of its own, with this word.
    pub async fn give_site(
        &self,
        actor: &Actor,
        id: OrganizationId,
        slug: &str,
    ) -> Result<OrganizationDone> {
        actor.may(Permission::EditOrganizations)?;
        let slug = Slug::parse(slug).map_err(|problem: Problem| Error::field("slug", problem))?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        tx.hold_tree().await?;
        let row = self.hold_scope(&mut tx, actor, Some(id), Permission::EditOrganizations).await?;
        if id == actor.organization {
            return Err(impossible(OrganizationObstacle::Own));
        }
        let old = tx.site_of(id).await?.context("an organization without a site")?;
        let finished = done(id, OrganizationDeed::GotSite);
        if old.organization_id == id {
            // Pressed twice, without scripts.
            if old.slug.as_deref() == Some(slug.as_str()) {
                return Ok(finished);
            }
            return Err(impossible(OrganizationObstacle::HasSite));
        }
        let new = self.site_for(&row, &slug, &old);
        tx.open_site(&new).await?;
        let mut logs = Vec::new();
        for (one, _) in tx.users_of_site(id, old.id).await? {
            tx.change_site(one, (old.id, new.id), now).await?;
            logs.push((one, vec![changed("site", Some(&old.name), Some(&new.name))]));
        }
        self.record_in(&mut tx, actor, AuditKind::OrganizationGotSite, logs).await?;
        tx.commit().await?;
        Ok(finished)
    }
}

impl Tx {
    /// The account with this canonical sign-in name at a front door, or one that came through it
    /// before its organization had another one. Both are looked for, whatever the first look found:
    /// it takes as long for everybody.
    pub(crate) async fn account_at(&mut self, site: SiteId, key: &str) -> Result<Option<Account>> {
        let here = self.account_named(site, key).await?;
        let moved = self.moved_account_named(site, key).await?;
        Ok(here.or(moved))
    }

    /// Why somebody who has proven that an account is theirs does not come in with it here, if so:
    /// their organization is suspended, or they have another front door by now.
    pub(crate) async fn not_here(
        &mut self,
        account: &Account,
        visit: &Visit,
    ) -> Result<Option<Refusal>> {
        if let Some(whom) = self.whom_to_ask(account.organization_id).await? {
            return Ok(Some(Refusal::OrganizationSuspended(Box::new(whom))));
        }
        if account.site_id == visit.site {
            return Ok(None);
        }
        let site = self.site(account.site_id).await?.ok_or(Refusal::NotFound)?;
        Ok(Some(Refusal::Moved(Box::new(site.door(visit)))))
    }
}
