//! Customers, for the staff who look after them: the tree of scopes, the list, the page of one.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use model::{
    Moment, Refusal,
    account::{AccountKind, AccountState, Role},
    audit::AuditKind,
    customer::{
        CUSTOMERS_PER_PAGE, Count, CustomerPage, CustomerQuery, CustomerRow, CustomerState,
        CustomerView, Dispute, Scope, Standing, Undelivered,
    },
    id::{AccountId, OrganizationId},
    job::JobKind,
    organization::{OrganizationStanding, OrganizationState},
    permission::Permission,
    reset::{Delivery, Way},
};
use uuid::Uuid;

use crate::{
    Actor, Portal, Result,
    audit::{Event, Personal},
    fold,
    store::{Account, CustomerDetailRow, CustomerListRow, ScopeRow, Search, Tx},
    throttle::Limit,
};

/// Scopes that are offered at once; whoever has more narrows them by typing.
const SCOPES: usize = 100;
/// Looking at a customer again within this time is no second view.
const VIEW_AGAIN: Duration = Duration::from_mins(10);
/// Under which the database notes that every customer is listed, and by which rules.
const LISTED: &str = "customers_listed_3";
/// Customers listed in one unit of work.
const LISTED_AT_ONCE: i64 = 1_000;

impl Actor {
    /// That they are staff, with a permission. To customers there is nothing here.
    pub fn may(&self, permission: Permission) -> Result<Role> {
        let role =
            self.role.filter(|_| self.kind == AccountKind::Staff).ok_or(Refusal::NotFound)?;
        let may = role.may(permission) && self.key.as_ref().is_none_or(|key| key.may(permission));
        if may { Ok(role) } else { Err(Refusal::NotAllowed.into()) }
    }

    /// That they are staff who may have such a job done.
    pub(crate) fn may_do(&self, kind: JobKind) -> Result<Role> {
        let role = self.may(kind.permission())?;
        if kind.is_for(role) { Ok(role) } else { Err(Refusal::NotAllowed.into()) }
    }

    /// What they did to somebody, for the audit log of that one's organization.
    pub(crate) fn event_about(&self, whom: &impl Whom, kind: AuditKind) -> Event<'_> {
        let (organization, id) = whom.whom();
        Event {
            organization,
            subject: Some(id),
            personal: Personal { staff: Some(self.called()), ..Personal::of(&self.visit) },
            ..self.event(kind)
        }
    }
}

/// Somebody to whom staff do something: their organization, and who it is.
pub(crate) trait Whom {
    fn whom(&self) -> (OrganizationId, AccountId);
}

impl Whom for CustomerDetailRow {
    fn whom(&self) -> (OrganizationId, AccountId) {
        (self.organization_id, self.row.id)
    }
}

impl Whom for Account {
    fn whom(&self) -> (OrganizationId, AccountId) {
        (self.organization_id, self.id)
    }
}

impl Portal {
    /// The actor's own organization and those below it, as a tree written down line by line; only
    /// those whose name has all of these words, when there are any.
    pub async fn scopes(&self, actor: &Actor, text: &str) -> Result<Vec<Scope>> {
        actor.may(Permission::ReadCustomers)?;
        let mut tx = self.db().read().await?;
        let rows = tx.scopes(actor.organization).await?;
        let wanted = fold::words(text);
        let fits = |row: &ScopeRow| {
            let name = fold::searchable([row.name.as_str()]);
            wanted.iter().all(|word| name.contains(&format!(" {word}")))
        };
        let rows = tree(rows).into_iter().filter(|(row, _)| fits(row)).take(SCOPES);
        Ok(rows.map(|(row, standing)| row.scope(standing)).collect())
    }

    /// A page of the customers of a scope.
    pub async fn find_customers(
        &self,
        actor: &Actor,
        query: &CustomerQuery,
    ) -> Result<CustomerPage> {
        actor.may(Permission::ReadCustomers)?;
        let now = self.now();
        let mut tx = self.db().read().await?;
        let id = query.scope.unwrap_or(actor.organization);
        // Whose scope it is not learns nothing of it.
        if !tx.is_within(id, actor.organization).await? {
            return Err(Refusal::NotFound.into());
        }
        if let Some(connector) = query.connector {
            tx.connector_seen_by(actor, connector).await?;
        }
        let scope = tx.organization(id).await?.ok_or(Refusal::NotFound)?;
        let suspended = tx.is_suspended(id).await?;
        let scope = Scope { id, name: scope.name, depth: 0, suspended };

        let (from, backwards) = match (query.after, query.before) {
            (Some(after), _) => (Some(after), false),
            (None, before) => (before, before.is_some()),
        };
        // Whoever is gone meanwhile has no place: one begins anew.
        let behind = match from {
            Some(from) => tx.place(from, id, query.order).await?,
            None => None,
        };
        let backwards = backwards && behind.is_some();
        let search = Search {
            scope: id,
            wanted: self.wanted(&mut tx, id, &query.text).await?,
            state: query.state,
            connector: query.connector,
            order: query.order,
            descending: query.descending != backwards,
            behind: behind.clone(),
            limit: i64::try_from(CUSTOMERS_PER_PAGE + 1).unwrap_or(i64::MAX),
            now,
        };
        let mut rows = tx.find_customers(&search).await?;
        // Those around the place have moved meanwhile: one begins anew.
        let (behind, backwards) = if rows.is_empty() && behind.is_some() {
            let descending = query.descending;
            rows = tx.find_customers(&Search { behind: None, descending, ..search }).await?;
            (None, false)
        } else {
            (behind, backwards)
        };
        let more = rows.len() > CUSTOMERS_PER_PAGE;
        rows.truncate(CUSTOMERS_PER_PAGE);
        if backwards {
            rows.reverse();
        }
        let (first, last) = (rows.first().map(|row| row.id), rows.last().map(|row| row.id));
        let (before, after) = if backwards {
            (first.filter(|_| more), last)
        } else {
            (first.filter(|_| behind.is_some()), last.filter(|_| more))
        };

        let suspended = tx.suspended_among(rows.iter().map(|row| row.organization_id)).await?;
        let shown = |row: CustomerListRow| {
            let is_suspended = suspended.contains(&row.organization_id);
            row.shown(is_suspended, now)
        };
        let mut rows: Vec<_> = rows.into_iter().map(shown).collect();
        if let Some(connector) = query.connector {
            for row in &mut rows {
                row.services = tx.service_names(row.id, connector).await?;
            }
        }
        let counts = tx.count_customers(id, now).await?;
        let in_state = CustomerState::ALL.into_iter().zip(counts.in_state.map(Count::of));
        Ok(CustomerPage {
            rows,
            before,
            after,
            total: Count::of(counts.all),
            states: in_state.collect(),
            has_several: tx.count_scopes(id).await? > 1,
            scopes: u32::try_from(tx.count_scopes(actor.organization).await?).unwrap_or(u32::MAX),
            connectors: tx.connector_choices(actor, query.connector).await?,
            scope,
        })
    }

    /// All about one customer. That staff looked is recorded, once for each sitting.
    pub async fn view_customer(&self, actor: &Actor, id: AccountId) -> Result<CustomerView> {
        actor.may(Permission::ReadCustomers)?;
        let now = self.now();
        let mut tx = self.db().read().await?;
        let customer = tx.customer_of(actor, id).await?;
        let open_links = tx.open_reset_links(id, now).await?;
        let account = tx.account(id).await?.ok_or(Refusal::NotFound)?;
        let mut ways = Vec::with_capacity(Delivery::BY_STAFF.len());
        for delivery in Delivery::BY_STAFF {
            let obstacle = self.obstacle(&mut tx, actor, &account, delivery).await?;
            ways.push(Way { delivery, obstacle });
        }
        let disputes = tx.open_disputes(id).await?;
        let may_read_mail = actor.may(Permission::ReadSettings).is_ok();
        let given_up = tx.last_mail_given_up(id, &account.email).await?;
        let undelivered =
            given_up.map(|(mail, at)| Undelivered { at, mail: may_read_mail.then_some(mail) });
        let policy = tx.policy(account.organization_id).await?;
        let removal = self.waiting_removal(&mut tx, (id, account.kind), &policy).await?;
        let suspended = tx.is_suspended(account.organization_id).await?;
        let may_change_email = actor.may(Permission::ChangeEmail).is_ok();
        let email_change = tx.waiting_email(id, |_| may_change_email).await?;
        drop(tx);
        let may_close = actor.may(Permission::CloseDisputes).is_ok();
        let disputes = disputes
            .into_iter()
            .map(|(id, at, by, operator)| {
                let may_close = may_close && by != Some(actor.account);
                Dispute { id, at, operator, may_close }
            })
            .collect();
        self.note_view(actor, &customer).await?;
        let standing = customer.row.standing(suspended, now);
        Ok(CustomerView {
            id,
            name: customer.row.name,
            company: customer.row.company,
            email: customer.row.email,
            user_name: customer.row.user_name,
            reference: customer.row.reference,
            organization: customer.row.organization,
            language: customer.row.language,
            standing,
            created_at: customer.row.created_at,
            last_sign_in_at: customer.row.last_sign_in_at,
            password_changed_at: customer.password_changed_at,
            password_expires_at: customer.password_expires_at,
            open_links,
            disputes,
            undelivered,
            ways,
            stamp: customer.updated_at,
            may_edit: actor.may(Permission::EditCustomers).is_ok(),
            removal,
            email_change,
            may_change_email,
        })
    }

    pub(crate) async fn note_view(
        &self,
        actor: &Actor,
        customer: &CustomerDetailRow,
    ) -> Result<()> {
        let limit = Limit { count: 1, window: VIEW_AGAIN };
        let reader = actor.api_key().map_or(actor.account.0, |key| key.0);
        let name = format!("view:{reader}:{}", customer.row.id);
        // Most looks are none that is recorded, and need no writer.
        if self.db().read().await?.throttle(&name).await?.is_some_and(|full| full > self.now()) {
            return Ok(());
        }
        let mut tx = self.db().write().await?;
        if tx.take(&name, limit, self.now()).await?.is_none() {
            let event = actor.event_about(customer, AuditKind::CustomerViewed);
            tx.record(self, event).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Makes every customer one who is found, once: those of a version that had no list.
    pub(crate) async fn list_everybody(&self) -> Result<()> {
        if self.db().read().await?.meta(LISTED).await?.is_some() {
            return Ok(());
        }
        let mut listed = 0_usize;
        let mut last = AccountId(Uuid::nil());
        loop {
            let mut tx = self.db().write().await?;
            let some = tx.unlisted_customers(last, LISTED_AT_ONCE).await?;
            let Some(until) = some.last() else {
                tx.add_meta(LISTED, &[]).await?;
                tx.commit().await?;
                return Ok(());
            };
            last = *until;
            for customer in &some {
                tx.lock_account(*customer).await?;
                tx.relist(*customer).await?;
            }
            tx.commit().await?;
            listed += some.len();
            tracing::info!(listed, "listing customers, so that they are found");
        }
    }
}

impl Tx {
    /// An account of the actor's organization, or of one below it. Another organization's and one
    /// that does not exist are the same.
    pub(crate) async fn account_of(&mut self, actor: &Actor, id: AccountId) -> Result<Account> {
        let account = self.account(id).await?.ok_or(Refusal::NotFound)?;
        if self.is_within(account.organization_id, actor.organization).await? {
            Ok(account)
        } else {
            Err(Refusal::NotFound.into())
        }
    }

    /// A customer whom the actor may look after: of their organization, or of one below it.
    /// Another organization's and one that does not exist are the same.
    pub(crate) async fn customer_of(
        &mut self,
        actor: &Actor,
        id: AccountId,
    ) -> Result<CustomerDetailRow> {
        let customer = self.customer(id).await?.ok_or(Refusal::NotFound)?;
        if self.is_within(customer.organization_id, actor.organization).await? {
            Ok(customer)
        } else {
            Err(Refusal::NotFound.into())
        }
    }
}

impl CustomerListRow {
    fn standing(&self, organization_suspended: bool, now: Moment) -> Standing {
        let holds = self.locked_until.is_none_or(|until| until > now);
        let lock = self.locked_by.filter(|_| holds);
        Standing {
            suspended: self.state == AccountState::Suspended,
            organization_suspended,
            lock,
            locked_until: self.locked_until.filter(|_| lock.is_some()),
            must_change_password: self.must_change_password,
            has_factor: self.has_factor,
            allows_resets: self.resets_allowed_until > now,
        }
    }

    fn shown(self, organization_suspended: bool, now: Moment) -> CustomerRow {
        let standing = self.standing(organization_suspended, now);
        CustomerRow {
            id: self.id,
            name: self.name,
            company: self.company,
            email: self.email,
            reference: self.reference,
            organization: self.organization,
            standing,
            last_sign_in_at: self.last_sign_in_at,
            services: Vec::new(),
        }
    }
}

impl Tx {
    /// Those of these organizations that are suspended, or are below one that is.
    async fn suspended_among(
        &mut self,
        organizations: impl Iterator<Item = OrganizationId>,
    ) -> Result<HashSet<OrganizationId>> {
        let mut suspended = HashSet::new();
        for id in organizations.collect::<HashSet<_>>() {
            if self.is_suspended(id).await? {
                suspended.insert(id);
            }
        }
        Ok(suspended)
    }
}

impl ScopeRow {
    pub(crate) fn depth(&self) -> u32 {
        u32::try_from(self.distance).unwrap_or_default()
    }

    pub(crate) fn scope(self, standing: OrganizationStanding) -> Scope {
        let (depth, suspended) = (self.depth(), !standing.is_active());
        Scope { id: self.id, name: self.name, depth, suspended }
    }
}

/// Organizations with each directly above those below it, by name, and how they stand. Whoever reads
/// them belongs to the first one, so none above that is suspended.
pub(crate) fn tree(rows: Vec<ScopeRow>) -> Vec<(ScopeRow, OrganizationStanding)> {
    let mut tops = Vec::new();
    let mut below: HashMap<OrganizationId, Vec<ScopeRow>> = HashMap::new();
    for row in rows {
        match row.parent_id.filter(|_| row.distance > 0) {
            Some(parent) => below.entry(parent).or_default().push(row),
            None => tops.push((row, OrganizationStanding::Active)),
        }
    }
    for siblings in below.values_mut() {
        // The last one is taken first.
        siblings.sort_by_cached_key(|row| std::cmp::Reverse(fold::key(Some(row.name.as_str()))));
    }
    let mut lines = Vec::new();
    while let Some((row, above)) = tops.pop() {
        let standing = match row.state {
            OrganizationState::Suspended => OrganizationStanding::Suspended,
            OrganizationState::Active => above,
        };
        let passed_on =
            if standing.is_active() { standing } else { OrganizationStanding::SuspendedAbove };
        let children = below.remove(&row.id).unwrap_or_default();
        tops.extend(children.into_iter().map(|child| (child, passed_on)));
        lines.push((row, standing));
    }
    lines
}
