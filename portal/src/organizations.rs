//! The organizations below one's own: the tree of them, one after another on a page of its own,
//! new ones, and what becomes of those that are there.
//!
//! What is above what decides about rules, reach and mail, so it changes by one at a time
//! ([`Tx::hold_tree`]), with the organization held alone and all above it as they are. Nobody does
//! any of it to their own, but for its name.

mod door;
mod hosts;
mod suspension;

use std::time::Duration;

use anyhow::Context;
use model::{
    Refusal,
    account::Role,
    audit::{AuditChange, AuditKind},
    customer::{COUNTED, Count, Scope},
    id::{OrganizationId, SiteId},
    organization::{
        ListedOrganization, NewOrganizationView, ORGANIZATIONS_PER_PAGE, ORGANIZATIONS_SHOWN,
        OrganizationDeed, OrganizationDone, OrganizationLine, OrganizationObstacle,
        OrganizationStanding, OrganizationState, OrganizationTree, OrganizationView,
    },
    permission::Permission,
    refusal::{FieldProblem, Problem},
    slug::Slug,
    text::Name,
};

use crate::{
    Actor, Error, Portal, Result,
    audit::{Event, changed},
    customers::tree,
    fold,
    store::{OrganizationRow, ScopeRow, SiteRow, Tx},
    throttle::canonical,
};

/// The same form sent again within this time is one that was pressed twice.
const SENT_TWICE_WITHIN: Duration = Duration::from_secs(10);
/// Words for a front door that are tried when the first one is taken.
const MOST_NUMBERS: u32 = 99;

/// The form of a new organization.
#[derive(Debug, Clone)]
pub struct AddOrganization {
    /// Below which one; one's own when there is none.
    pub scope: Option<OrganizationId>,
    /// What it is called.
    pub name: String,
    /// `own` for a front door of its own, `shared` for that of the one above.
    pub door: String,
    /// The word of its own front door; empty for one made from the name.
    pub slug: String,
}

/// The form that moves an organization.
#[derive(Debug, Clone, Copy)]
pub struct MoveOrganization {
    /// Which one.
    pub organization: OrganizationId,
    /// Below which one.
    pub to: OrganizationId,
}

impl Portal {
    /// One's own organization and those below it; only those whose name has all of these words, when
    /// there are any.
    pub async fn organization_tree(&self, actor: &Actor, text: &str) -> Result<OrganizationTree> {
        let role = actor.may(Permission::ReadSettings)?;
        let mut tx = self.db().read().await?;
        let own = tx.organization(actor.organization).await?.ok_or(Refusal::NotFound)?;
        let mut rows = tree(tx.scopes(own.id).await?);
        let wanted = fold::words(text);
        rows.retain(|(row, _)| {
            let name = fold::searchable([row.name.as_str()]);
            wanted.iter().all(|word| name.contains(&format!(" {word}")))
        });
        let found = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let mut lines = Vec::new();
        for (row, standing) in rows.into_iter().take(ORGANIZATIONS_SHOWN) {
            lines.push(tx.organization_line(actor, row, standing).await?);
        }
        let may_edit = role.may(Permission::EditOrganizations);
        Ok(OrganizationTree { own: own.name, lines, found, may_edit })
    }

    /// A page of the actor's own organization and those below it, in the order of the tree, from the
    /// one after `after` on; and whether there are more.
    pub async fn organizations_below(
        &self,
        actor: &Actor,
        after: Option<OrganizationId>,
    ) -> Result<(Vec<ListedOrganization>, bool)> {
        actor.may(Permission::ReadCustomers)?;
        let mut tx = self.db().read().await?;
        let rows = tree(tx.scopes(actor.organization).await?);
        let from = match after {
            Some(after) => {
                let place = rows.iter().position(|(row, _)| row.id == after);
                place.ok_or(Refusal::NotFound)? + 1
            }
            None => 0,
        };
        let more = rows.len() > from + ORGANIZATIONS_PER_PAGE;
        let mut lines = Vec::new();
        for (row, _) in rows.into_iter().skip(from).take(ORGANIZATIONS_PER_PAGE) {
            lines.push(tx.listed_organization(actor, row.id).await?);
        }
        Ok((lines, more))
    }

    /// The actor's own organization, or one below it.
    pub async fn one_organization(
        &self,
        actor: &Actor,
        id: OrganizationId,
    ) -> Result<ListedOrganization> {
        actor.may(Permission::ReadCustomers)?;
        let mut tx = self.db().read().await?;
        tx.listed_organization(actor, id).await
    }

    /// What the form of a new organization needs to know. `scope` is the one that it would be below.
    pub async fn new_organization(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
    ) -> Result<NewOrganizationView> {
        actor.may(Permission::EditOrganizations)?;
        let mut parents = self.scopes(actor, "").await?;
        parents.retain(|parent| !parent.suspended);
        let mut tx = self.db().read().await?;
        let acting = self.acting(&mut tx, actor, scope, Permission::EditOrganizations).await?;
        // Of very many organizations only the first are listed; the chosen one always is.
        if !parents.iter().any(|one| one.id == acting.id) {
            let suspended = tx.is_suspended(acting.id).await?;
            let name = acting.name.clone();
            parents.push(Scope { id: acting.id, name, depth: 0, suspended });
        }
        let site = tx.site_of(acting.id).await?.context("an organization without a site")?;
        Ok(NewOrganizationView { acting, parents, door: site.door(&actor.visit) })
    }

    /// One organization, and what may be done about it. `text` narrows where it may be moved.
    pub async fn organization_page(
        &self,
        actor: &Actor,
        id: OrganizationId,
        text: &str,
    ) -> Result<OrganizationView> {
        let role = actor.may(Permission::ReadSettings)?;
        let mut places = self.scopes(actor, text).await?;
        let mut tx = self.db().read().await?;
        let acting = self.acting(&mut tx, actor, Some(id), Permission::EditOrganizations).await?;
        let row = tx.organization(id).await?.ok_or(Refusal::NotFound)?;
        let below = tx.scope_ids(id).await?;
        let mut above: Vec<_> = tx.line_above(id).await?;
        let suspended_above = above.iter().skip(1).any(is_out);
        // Of what is above oneself one sees nothing.
        let depth = above.iter().position(|one| one.id == actor.organization).unwrap_or_default();
        above.truncate(depth + 1);
        places.retain(|place| !below.contains(&place.id) && Some(place.id) != row.parent_id);
        let site = tx.site_of(id).await?.context("an organization without a site")?;
        let sharers = tx.users_of_site(id, site.id).await?;
        let standing = match row.state {
            OrganizationState::Suspended => OrganizationStanding::Suspended,
            OrganizationState::Active if suspended_above => OrganizationStanding::SuspendedAbove,
            OrganizationState::Active => OrganizationStanding::Active,
        };
        let not_mine = if acting.may_edit {
            (!acting.below).then_some(OrganizationObstacle::Own)
        } else {
            Some(OrganizationObstacle::NotPermitted)
        };
        let has_site = (site.organization_id == id).then_some(OrganizationObstacle::HasSite);
        let no_end = match not_mine {
            None => tx.end_obstacle(id).await?,
            obstacle => obstacle,
        };
        let slug = match not_mine.or(has_site) {
            None => tx.free_slug(&row.name).await?,
            Some(_) => None,
        };
        // Names of hosts are given by those who run the server: they alone have their certificates.
        let is_own = site.organization_id == id;
        let hosts = match tx.organization(actor.organization).await? {
            Some(own) if own.parent_id.is_none() && not_mine.is_none() && is_own => {
                Some(tx.hosts_of(site.id).await?)
            }
            _ => None,
        };
        let distance = i32::try_from(depth).unwrap_or_default();
        let scope =
            ScopeRow { id, parent_id: row.parent_id, name: row.name, state: row.state, distance };
        Ok(OrganizationView {
            line: tx.organization_line(actor, scope, standing).await?,
            above: above.into_iter().skip(1).rev().map(|one| (one.id, one.name)).collect(),
            below: Count::of(i64::try_from(below.len() - 1).unwrap_or(i64::MAX)),
            no_name: if acting.below { not_mine } else { own_name(role, acting.may_edit) },
            no_move: not_mine,
            places,
            no_suspension: not_mine,
            no_site: not_mine.or(has_site),
            sharers: sharers.into_iter().filter(|(one, _)| *one != id).map(|(_, n)| n).collect(),
            slug,
            hosts,
            no_end,
            acting,
        })
    }

    /// Adds an organization below one's own, or below one that is.
    pub async fn add_organization(
        &self,
        actor: &Actor,
        request: AddOrganization,
    ) -> Result<OrganizationDone> {
        actor.may(Permission::EditOrganizations)?;
        let mut problems = Vec::new();
        let mut refuse = |field: &str, problem| {
            problems.push(FieldProblem { field: field.into(), problem });
        };
        let name = Name::parse(&request.name).map_err(|problem| refuse("name", problem)).ok();
        let own_door = match request.door.as_str() {
            "own" => true,
            "shared" => false,
            _ => {
                refuse("door", Problem::NotAChoice);
                false
            }
        };
        let slug = match request.slug.trim() {
            "" => None,
            _ if !own_door => None,
            text => Slug::parse(text).map_err(|problem| refuse("slug", problem)).ok(),
        };
        let Some(name) = name.filter(|_| problems.is_empty()) else {
            return Err(Refusal::Fields(problems).into());
        };

        let now = self.now();
        let mut tx = self.db().write().await?;
        tx.hold_tree().await?;
        let parent =
            self.hold_scope(&mut tx, actor, request.scope, Permission::EditOrganizations).await?;
        if tx.is_suspended(parent.id).await? {
            return Err(Error::field("scope", Problem::OrganizationSuspended));
        }
        if let Some((id, created_at)) = tx.child_called(parent.id, &name).await? {
            // Pressed twice, without scripts: one organization, one answer.
            if now.since(created_at) < SENT_TWICE_WITHIN {
                return Ok(done(id, OrganizationDeed::Added));
            }
            return Err(Error::field("name", Problem::OrganizationNameTaken));
        }
        let row = OrganizationRow {
            id: OrganizationId(self.random().id(now)),
            parent_id: Some(parent.id),
            name,
            state: OrganizationState::Active,
            created_at: now,
        };
        tx.add_organization(&row).await?;
        let above = tx.site_of(parent.id).await?.context("an organization without a site")?;
        let site = if own_door {
            let slug = if slug.is_some() { slug } else { tx.free_slug(&row.name).await? };
            let slug = slug.ok_or(Refusal::field("slug", Problem::Required))?;
            let site = self.site_for(&row, &slug, &above);
            tx.open_site(&SiteRow { support_email: None, ..site.clone() }).await?;
            site.id
        } else {
            above.id
        };
        tx.use_site(row.id, site).await?;
        let changes = vec![
            changed("organization", None::<String>, Some(&row.name)),
            changed("parent", None::<String>, Some(&parent.name)),
        ];
        let logs = [(row.id, changes.clone()), (parent.id, changes)];
        self.record_in(&mut tx, actor, AuditKind::OrganizationAdded, logs.into()).await?;
        tx.commit().await?;
        Ok(done(row.id, OrganizationDeed::Added))
    }

    /// Calls an organization otherwise; one's own only as one of its owners.
    pub async fn rename_organization(
        &self,
        actor: &Actor,
        id: OrganizationId,
        name: &str,
    ) -> Result<OrganizationDone> {
        actor.may(Permission::EditOrganizations)?;
        let name = Name::parse(name).map_err(|problem| Error::field("name", problem))?;
        let mut tx = self.db().write().await?;
        tx.hold_tree().await?;
        let row = self.hold_scope(&mut tx, actor, Some(id), Permission::EditOrganizations).await?;
        if id == actor.organization
            && let Some(obstacle) = own_name(tx.role_now(actor).await?, true)
        {
            return Err(Refusal::OrganizationImpossible(obstacle).into());
        }
        let finished = done(id, OrganizationDeed::Renamed);
        if row.name == name {
            return Ok(finished);
        }
        if let Some(parent) = row.parent_id
            && tx.child_called(parent, &name).await?.is_some_and(|(other, _)| other != id)
        {
            return Err(Error::field("name", Problem::OrganizationNameTaken));
        }
        tx.rename_organization(id, &name).await?;
        let changes = vec![changed("organization", Some(&row.name), Some(&name))];
        tx.record(self, actor.event_on(id, AuditKind::OrganizationRenamed, changes)).await?;
        tx.commit().await?;
        Ok(finished)
    }

    /// Puts an organization, with all below it, below another one of one's reach. What the rules of
    /// that one and of those above it demand holds at once.
    pub async fn move_organization(
        &self,
        actor: &Actor,
        request: MoveOrganization,
    ) -> Result<OrganizationDone> {
        actor.may(Permission::EditOrganizations)?;
        let MoveOrganization { organization: id, to } = request;
        let mut tx = self.db().write().await?;
        tx.hold_tree().await?;
        // Whose reach it is not has nothing to step up for.
        tx.scope_of(actor, Some(to)).await?;
        let row = self.hold_scope(&mut tx, actor, Some(id), Permission::EditOrganizations).await?;
        tx.hold_reach(actor, to).await?;
        let to = tx.organization(to).await?.ok_or(Refusal::NotFound)?;
        if id == actor.organization {
            return Err(impossible(OrganizationObstacle::Own));
        }
        if tx.is_within(to.id, id).await? {
            return Err(Error::field("to", Problem::BelowItself));
        }
        let finished = done(id, OrganizationDeed::Moved);
        let parent = row.parent_id.ok_or(Refusal::NotFound)?;
        if parent == to.id {
            return Ok(finished);
        }
        if tx.child_called(to.id, &row.name).await?.is_some() {
            return Err(Error::field("to", Problem::OrganizationNameTaken));
        }
        let site = tx.site_of(id).await?.context("an organization without a site")?;
        let above = tx.site_of(to.id).await?.context("an organization without a site")?;
        if site.organization_id != id && site.id != above.id {
            return Err(impossible(OrganizationObstacle::SharesSite));
        }
        if tx.is_linked_above(id, to.id).await? {
            return Err(impossible(OrganizationObstacle::LinkedAbove));
        }
        let from = tx.organization(parent).await?.ok_or(Refusal::NotFound)?;
        tx.move_organization(id, to.id).await?;
        let nothing = None::<&Name>;
        let what = || changed("organization", nothing, Some(&row.name));
        // Where it was before, nobody learns where it went; nor the other way round.
        let logs = vec![
            (id, vec![what(), changed("parent", Some(&from.name), Some(&to.name))]),
            (from.id, vec![what(), changed("parent", Some(&from.name), nothing)]),
            (to.id, vec![what(), changed("parent", nothing, Some(&to.name))]),
        ];
        self.record_in(&mut tx, actor, AuditKind::OrganizationMoved, logs).await?;
        tx.commit().await?;
        // What waited for a mail server may have one now.
        self.wake();
        Ok(finished)
    }

    /// Deletes an organization that nobody belongs to; its name is typed to confirm. Answers which
    /// one it was below.
    pub async fn delete_organization(
        &self,
        actor: &Actor,
        id: OrganizationId,
        typed: &str,
    ) -> Result<OrganizationId> {
        actor.may(Permission::EditOrganizations)?;
        let mut tx = self.db().write().await?;
        tx.hold_tree().await?;
        let row = self.hold_scope(&mut tx, actor, Some(id), Permission::EditOrganizations).await?;
        let parent = row.parent_id.filter(|_| id != actor.organization);
        let parent = parent.ok_or_else(|| impossible(OrganizationObstacle::Own))?;
        if let Some(obstacle) = tx.end_obstacle(id).await? {
            return Err(impossible(obstacle));
        }
        match spaced(typed) {
            typed if typed.is_empty() => return Err(Error::field("typed", Problem::Required)),
            typed if typed != spaced(row.name.as_str()) => {
                return Err(Error::field("typed", Problem::NameDiffers));
            }
            _ => {}
        }
        tx.remove_organization(id).await?;
        let changes = vec![changed("organization", Some(&row.name), None::<String>)];
        let logs = vec![(id, changes.clone()), (parent, changes)];
        self.record_in(&mut tx, actor, AuditKind::OrganizationDeleted, logs).await?;
        tx.commit().await?;
        Ok(parent)
    }

    /// Records the same in several logs; they are held in one order, whoever writes to them.
    async fn record_in(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        kind: AuditKind,
        mut logs: Vec<(OrganizationId, Vec<AuditChange>)>,
    ) -> Result<()> {
        logs.sort_by_key(|(id, _)| *id);
        for (id, changes) in logs {
            let event: Event<'_> = actor.event_on(id, kind, changes);
            tx.record(self, event).await?;
        }
        Ok(())
    }

    /// A front door of an organization's own, which looks after people as the one above does.
    fn site_for(&self, row: &OrganizationRow, slug: &Slug, above: &SiteRow) -> SiteRow {
        let now = self.now();
        SiteRow {
            id: SiteId(self.random().id(now)),
            organization_id: row.id,
            slug: Some(slug.to_string()),
            is_default: false,
            name: row.name.clone(),
            tagline: None,
            support_email: above.support_email.clone(),
            language: above.language,
            brand: "{}".into(),
            host: None,
            created_at: now,
        }
    }
}

impl Tx {
    /// The actor's own organization, or one below it. What is above it is nothing to the actor.
    async fn listed_organization(
        &mut self,
        actor: &Actor,
        id: OrganizationId,
    ) -> Result<ListedOrganization> {
        let row = self.scope_of(actor, Some(id)).await?;
        Ok(ListedOrganization {
            id,
            name: row.name,
            parent: row.parent_id.filter(|_| id != actor.organization),
            state: if self.is_suspended(id).await? {
                OrganizationState::Suspended
            } else {
                OrganizationState::Active
            },
            created_at: row.created_at,
        })
    }

    /// An organization as the tree shows it.
    async fn organization_line(
        &mut self,
        actor: &Actor,
        row: ScopeRow,
        standing: OrganizationStanding,
    ) -> Result<OrganizationLine> {
        let (customers, staff) = self.count_people(row.id, i64::from(COUNTED) + 1).await?;
        let site = self.site_of(row.id).await?.context("an organization without a site")?;
        Ok(OrganizationLine {
            depth: row.depth(),
            id: row.id,
            name: row.name,
            standing,
            customers: Count::of(customers),
            staff: Count::of(staff),
            shares: site.organization_id != row.id,
            door: site.door(&actor.visit),
        })
    }

    /// The organization directly below one that has this name, however it is written, and since when
    /// it is there.
    async fn child_called(
        &mut self,
        parent: OrganizationId,
        name: &Name,
    ) -> Result<Option<(OrganizationId, model::Moment)>> {
        // Compared here: databases know different letters.
        let key = |name: &Name| canonical(&spaced(name.as_str()));
        let children = self.children(parent).await?;
        let found = children.into_iter().find(|child| key(&child.name) == key(name));
        Ok(found.map(|child| (child.id, child.created_at)))
    }

    /// Why an organization cannot be deleted, if so.
    async fn end_obstacle(&mut self, id: OrganizationId) -> Result<Option<OrganizationObstacle>> {
        let is_default = self.default_site().await?.is_some_and(|site| site.organization_id == id);
        Ok(if !self.children(id).await?.is_empty() {
            Some(OrganizationObstacle::HasOrganizations)
        } else if self.count_people(id, 1).await? != (0, 0) {
            Some(OrganizationObstacle::HasAccounts)
        } else if self.has_connectors(id).await? {
            Some(OrganizationObstacle::HasConnectors)
        } else if is_default {
            Some(OrganizationObstacle::HasDefaultSite)
        } else {
            None
        })
    }

    /// A word for a front door that is made from a name and that no other one has.
    async fn free_slug(&mut self, name: &Name) -> Result<Option<Slug>> {
        let Some(first) = Slug::proposed(name.as_str()) else { return Ok(None) };
        if !self.is_slug_taken(first.as_str()).await? {
            return Ok(Some(first));
        }
        for number in 2..=MOST_NUMBERS {
            let slug = first.numbered(number);
            if !self.is_slug_taken(slug.as_str()).await? {
                return Ok(Some(slug));
            }
        }
        Ok(None)
    }

    /// Adds a front door whose word must be free.
    async fn open_site(&mut self, site: &SiteRow) -> Result<()> {
        let taken = || Error::field("slug", Problem::SlugTaken);
        if let Some(slug) = &site.slug
            && self.is_slug_taken(slug).await?
        {
            return Err(taken());
        }
        match self.add_site(site).await {
            // Somebody else took the word at the same moment.
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Err(taken()),
            other => Ok(other?),
        }
    }
}

/// Why somebody in this role cannot give their own organization another name, if so.
fn own_name(role: Role, may_edit: bool) -> Option<OrganizationObstacle> {
    match role {
        Role::Owner => None,
        _ if may_edit => Some(OrganizationObstacle::OwnName),
        _ => Some(OrganizationObstacle::NotPermitted),
    }
}

/// A text with one space wherever there is any.
fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_out(row: &OrganizationRow) -> bool {
    row.state == OrganizationState::Suspended
}

fn impossible(obstacle: OrganizationObstacle) -> Error {
    Refusal::OrganizationImpossible(obstacle).into()
}

fn done(organization: OrganizationId, deed: OrganizationDeed) -> OrganizationDone {
    OrganizationDone { organization, deed }
}
