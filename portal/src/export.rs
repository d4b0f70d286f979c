//! Customers as a file: all whom a query finds, page by page, so that a million take no more memory
//! than a few.

use model::{
    Refusal,
    account::AccountState,
    audit::{AuditKind, Outcome},
    customer::CustomerQuery,
    id::OrganizationId,
    job::ExportView,
    permission::Permission,
};

use crate::{
    Actor, Portal, Result,
    audit::{Event, Personal},
    store::{CustomerListRow, Place, Search, Tx},
    table::csv_line,
};

/// Customers who are read at once.
const AT_ONCE: i64 = 500;
/// What the columns are called: an import understands them.
const HEADINGS: [&str; 11] = [
    "reference",
    "name",
    "email",
    "company",
    "user_name",
    "language",
    "consent",
    "organization",
    "state",
    "last_sign_in",
    "created",
];

/// Those whom a query finds, from a place on.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    scope: OrganizationId,
    query: CustomerQuery,
    behind: Option<Place>,
    over: bool,
}

/// A file that is being written.
#[derive(Debug)]
pub struct Export {
    found: Found,
    begun: bool,
}

impl Portal {
    /// All whom a query finds, whatever page of them it asks for.
    pub(crate) async fn found(&self, actor: &Actor, query: &CustomerQuery) -> Result<Found> {
        actor.may(Permission::ReadCustomers)?;
        let scope = query.scope.unwrap_or(actor.organization);
        // Whose scope it is not learns nothing of it.
        let mut tx = self.db().read().await?;
        if !tx.is_within(scope, actor.organization).await? {
            return Err(Refusal::NotFound.into());
        }
        if let Some(connector) = query.connector {
            tx.connector_seen_by(actor, connector).await?;
        }
        Ok(Found { scope, query: query.clone(), behind: None, over: false })
    }

    pub(crate) async fn search(&self, tx: &mut Tx, found: &Found) -> Result<Search> {
        Ok(Search {
            scope: found.scope,
            wanted: self.wanted(tx, found.scope, &found.query.text).await?,
            state: found.query.state,
            connector: found.query.connector,
            order: found.query.order,
            descending: found.query.descending,
            behind: found.behind.clone(),
            limit: AT_ONCE,
            now: self.now(),
        })
    }

    /// The next of them; nothing when there are no more.
    pub(crate) async fn next_found(
        &self,
        found: &mut Found,
    ) -> Result<Option<Vec<CustomerListRow>>> {
        if found.over {
            return Ok(None);
        }
        let mut tx = self.db().read().await?;
        let search = self.search(&mut tx, found).await?;
        let rows = tx.find_customers(&search).await?;
        found.behind = match rows.last() {
            Some(last) => tx.place(last.id, found.scope, found.query.order).await?,
            None => None,
        };
        // One who is gone at once has no place, and nobody after them can be found.
        found.over = found.behind.is_none() || i64::try_from(rows.len()) != Ok(AT_ONCE);
        Ok((!rows.is_empty()).then_some(rows))
    }

    /// What the page shows before: how many they are.
    pub async fn export(&self, actor: &Actor, query: &CustomerQuery) -> Result<ExportView> {
        actor.may(Permission::EditCustomers)?;
        let found = self.found(actor, query).await?;
        let mut tx = self.db().read().await?;
        let search = self.search(&mut tx, &found).await?;
        let count = tx.count_found(&search).await?;
        Ok(ExportView {
            count: u32::try_from(count).unwrap_or(u32::MAX),
            stepped_up: self.counts(tx.step_up_at(actor.session).await?),
        })
    }

    /// Begins to write a file of all whom a query finds. That it was done, and how many they were,
    /// is recorded before the first of them leaves.
    pub async fn begin_export(&self, actor: &Actor, query: &CustomerQuery) -> Result<Export> {
        let view = self.export(actor, query).await?;
        let found = self.found(actor, query).await?;
        let mut tx = self.db().write().await?;
        tx.hold_policy(actor.organization).await?;
        if !self.hold_staff(&mut tx, actor, Permission::EditCustomers).await? {
            return Err(Refusal::StepUp.into());
        }
        let event = actor.event(AuditKind::CustomersExported);
        let staff = Some(actor.name.to_string());
        let personal = Personal { staff, count: Some(view.count), ..event.personal };
        let event = Event {
            organization: found.scope,
            outcome: Outcome::Done,
            subject: None,
            personal,
            ..event
        };
        tx.record(self, event).await?;
        tx.commit().await?;
        Ok(Export { found, begun: false })
    }

    /// The next lines of the file; nothing when it is complete.
    pub async fn export_more(&self, export: &mut Export) -> Result<Option<String>> {
        let mut text = String::new();
        if !export.begun {
            export.begun = true;
            text += &csv_line(HEADINGS);
        }
        let now = self.now();
        match self.next_found(&mut export.found).await? {
            Some(rows) => {
                for row in rows {
                    text += &line(&row, now);
                }
            }
            None if text.is_empty() => return Ok(None),
            None => {}
        }
        Ok(Some(text))
    }
}

fn line(row: &CustomerListRow, now: model::Moment) -> String {
    let consent = if row.resets_allowed_until > now { "yes" } else { "no" };
    let state = match row.state {
        AccountState::Active => "active",
        AccountState::Suspended => "suspended",
    };
    csv_line([
        row.reference.as_deref().unwrap_or_default(),
        row.name.as_str(),
        row.email.as_str(),
        row.company.as_deref().unwrap_or_default(),
        row.user_name.as_ref().map(model::text::UserName::as_str).unwrap_or_default(),
        row.language.tag(),
        consent,
        row.organization.as_str(),
        state,
        &row.last_sign_in_at.map(model::Moment::rfc3339).unwrap_or_default(),
        &row.created_at.rfc3339(),
    ])
}
