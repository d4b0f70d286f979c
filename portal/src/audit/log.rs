//! The audit log as staff read it: of their organization and all below it, newest first.
//!
//! An entry's id begins with its moment, so that ids are the order, the place of a page, and the
//! bounds of a span of time.

use std::collections::HashMap;

use model::{
    Moment, Refusal,
    account::Device,
    audit::{
        AUDIT_PEOPLE, AUDIT_PER_PAGE, AuditEntryView, AuditLine, AuditPage, AuditPerson, AuditQuery,
    },
    customer::{CustomerOrder, Scope},
    id::{AccountId, AuditId, OrganizationId},
    permission::Permission,
};
use uuid::Uuid;

use super::Personal;
use crate::{
    Actor, Portal, Result, fold,
    secrets::hex,
    store::{AuditReadRow, AuditSearch, PersonRow, Search, Tx},
};

/// Members of staff among whom a name is looked for.
const STAFF: i64 = 10_000;
/// Entries of one reset that are shown beside each other.
const RELATED: i64 = 50;
/// Entries that are counted as new at a time.
const NEW: usize = 100;

/// What a query stands for.
pub(super) struct Meant {
    pub search: AuditSearch,
    pub scope: Scope,
    pub many_people: bool,
}

/// Those whom entries are about, each looked up once.
pub(super) struct People {
    /// Only of this organization and below it; of others there is no more than what was recorded.
    top: OrganizationId,
    known: HashMap<AccountId, Option<PersonRow>>,
}

impl People {
    pub fn new(actor: &Actor) -> Self {
        Self { top: actor.organization, known: HashMap::new() }
    }

    async fn find(&mut self, tx: &mut Tx, id: AccountId) -> Result<Option<PersonRow>> {
        if let Some(known) = self.known.get(&id) {
            return Ok(known.clone());
        }
        // What is exported may be about everybody there is.
        if self.known.len() > 10_000 {
            self.known.clear();
        }
        let found = tx.person_of(id, self.top).await?;
        self.known.insert(id, found.clone());
        Ok(found)
    }

    /// An entry as it is shown.
    pub async fn line(&mut self, tx: &mut Tx, read: AuditReadRow) -> Result<AuditLine> {
        let AuditReadRow { row, organization, content } = read;
        let personal = content.and_then(|content| serde_json::from_str::<Personal>(&content).ok());
        let erased = personal.is_none();
        let Personal { address, device, staff, why, changes, count } = personal.unwrap_or_default();
        let actor = match row.actor_id {
            Some(id) => {
                let found = self.find(tx, id).await?;
                // As they were called then.
                let person = person(id, found);
                Some(AuditPerson { name: staff.or(person.name), ..person })
            }
            None => None,
        };
        let subject = match row.subject_id {
            Some(id) => Some(person(id, self.find(tx, id).await?)),
            None => None,
        };
        let (reason, ticket) = why.map_or((None, None), |why| (Some(why.reason), why.ticket));
        Ok(AuditLine {
            id: row.id,
            at: row.at,
            organization,
            kind: row.kind,
            outcome: row.outcome,
            actor_kind: row.actor_kind,
            actor,
            subject,
            address: address.map(|address| address.to_string()),
            device: Some(device).filter(|device| *device != Device::default()),
            reason,
            ticket,
            erased,
            reset: row.reset_id,
            changes,
            count,
        })
    }

    pub async fn lines(&mut self, tx: &mut Tx, rows: Vec<AuditReadRow>) -> Result<Vec<AuditLine>> {
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows {
            lines.push(self.line(tx, row).await?);
        }
        Ok(lines)
    }
}

fn person(id: AccountId, found: Option<PersonRow>) -> AuditPerson {
    match found {
        Some(PersonRow { name, email, kind, .. }) => AuditPerson {
            id,
            name: Some(name.to_string()),
            email: Some(email.to_string()),
            kind: Some(kind),
        },
        None => AuditPerson { id, name: None, email: None, kind: None },
    }
}

/// The id before every one of this moment and later.
pub(crate) fn before_all_of(at: Moment) -> AuditId {
    super::line_id(Moment(at.0.max(0)), 0, [0; 4])
}

impl Portal {
    /// A page of the audit log of a scope.
    pub async fn audit_log(&self, actor: &Actor, query: &AuditQuery) -> Result<AuditPage> {
        actor.may(Permission::ReadAudit)?;
        let scopes = match actor.may(Permission::ReadCustomers) {
            Ok(_) => self.scopes(actor, "").await?,
            Err(_) => Vec::new(),
        };
        let mut tx = self.db().read().await?;
        let Meant { mut search, scope, many_people } = self.meant(&mut tx, actor, query).await?;
        search.limit = AUDIT_PER_PAGE + 1;
        let mut rows = tx.find_audit(&search).await?;
        let more = rows.len() > AUDIT_PER_PAGE;
        rows.truncate(AUDIT_PER_PAGE);
        let older = rows.last().map(|read| read.row.id).filter(|_| more);
        let now = before_all_of(self.now());
        let newest = rows.first().map_or(now, |read| read.row.id);
        let lines = People::new(actor).lines(&mut tx, rows).await?;
        Ok(AuditPage { lines, older, newest, scope, scopes, many_people })
    }

    /// How many entries there are of what is looked for that are newer than one of them; no more
    /// than a hundred are counted.
    pub async fn audit_since(
        &self,
        actor: &Actor,
        query: &AuditQuery,
        newest: AuditId,
    ) -> Result<u32> {
        actor.may(Permission::ReadAudit)?;
        let mut tx = self.db().read().await?;
        let Meant { search, .. } = self.meant(&mut tx, actor, query).await?;
        let after = search.after.max(newest);
        let rows = tx.find_audit(&AuditSearch { after, limit: NEW, ..search }).await?;
        Ok(u32::try_from(rows.len()).unwrap_or_default())
    }

    /// One entry with all that is known of it.
    pub async fn audit_entry(&self, actor: &Actor, id: AuditId) -> Result<AuditEntryView> {
        actor.may(Permission::ReadAudit)?;
        let mut tx = self.db().read().await?;
        let read = tx.audit_entry(id, actor.organization).await?.ok_or(Refusal::NotFound)?;
        let row = read.row.clone();
        let mut people = People::new(actor);
        let related = match (row.reset_id, row.subject_id) {
            (Some(reset), Some(subject)) => {
                let mut rows =
                    tx.audit_of_reset(reset, subject, actor.organization, RELATED).await?;
                rows.retain(|related| related.row.id != id);
                people.lines(&mut tx, rows).await?
            }
            _ => Vec::new(),
        };
        Ok(AuditEntryView {
            line: people.line(&mut tx, read).await?,
            position: row.position,
            hash: hex(&row.hash),
            request_id: row.request_id,
            related,
        })
    }

    /// What a query stands for. What is damaged in it asks for nothing; a name that nobody has finds
    /// nothing.
    pub(super) async fn meant(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        query: &AuditQuery,
    ) -> Result<Meant> {
        let id = query.scope.unwrap_or(actor.organization);
        // Whose scope it is not learns nothing of it.
        if !tx.is_within(id, actor.organization).await? {
            return Err(Refusal::NotFound.into());
        }
        let name = tx.organization(id).await?.ok_or(Refusal::NotFound)?.name;
        let begin = Moment::end_of_day(query.from.trim())
            .map(|end| before_all_of(end.minus(std::time::Duration::from_secs(86_400))));
        let end = Moment::end_of_day(query.to.trim()).map(before_all_of);
        let subjects = self.named(tx, id, &query.customer, false).await?;
        let actors = self.named(tx, id, &query.actor, true).await?;
        let many = |people: &Option<Vec<AccountId>>| {
            people.as_ref().is_some_and(|people| people.len() > AUDIT_PEOPLE)
        };
        let many_people = many(&subjects) || many(&actors);
        let few = |people: Option<Vec<AccountId>>| {
            people.map(|mut people| {
                people.truncate(AUDIT_PEOPLE);
                people
            })
        };
        let before = [end, query.before].into_iter().flatten().min();
        Ok(Meant {
            search: AuditSearch {
                scope: id,
                actors: few(actors),
                subjects: few(subjects),
                kind: query.kind,
                after: begin.unwrap_or(AuditId(Uuid::nil())),
                before: before.unwrap_or(AuditId(Uuid::max())),
                limit: AUDIT_PER_PAGE,
            },
            scope: Scope { id, name, depth: 0, suspended: tx.is_suspended(id).await? },
            many_people,
        })
    }

    /// Those whom a name, an address or an id stands for, one more than are looked for at most;
    /// `None` when nothing was typed.
    async fn named(
        &self,
        tx: &mut Tx,
        scope: OrganizationId,
        typed: &str,
        with_staff: bool,
    ) -> Result<Option<Vec<AccountId>>> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Ok(None);
        }
        // Also of somebody who is gone.
        if let Ok(id) = typed.parse::<AccountId>() {
            return Ok(Some(vec![id]));
        }
        let wanted = self.wanted(tx, scope, typed).await?;
        if wanted.parts.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let mut people = Vec::new();
        if with_staff {
            let fits = |person: &PersonRow| {
                // Of those above one knows the name, not the address.
                let email = if person.within { person.email.as_str() } else { "" };
                let text = fold::searchable([person.name.as_str(), email]);
                wanted.parts.iter().all(|part| text.contains(part))
            };
            let staff = tx.staff_around(scope, STAFF).await?;
            people.extend(staff.iter().filter(|person| fits(person)).map(|person| person.id));
        }
        let search = Search {
            scope,
            wanted,
            state: None,
            connector: None,
            order: CustomerOrder::Name,
            descending: false,
            behind: None,
            limit: i64::try_from(AUDIT_PEOPLE + 1).unwrap_or(i64::MAX),
            now: self.now(),
        };
        people.extend(tx.find_customers(&search).await?.into_iter().map(|row| row.id));
        people.truncate(AUDIT_PEOPLE + 1);
        Ok(Some(people))
    }
}
