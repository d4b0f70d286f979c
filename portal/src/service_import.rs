//! The accounts of a downstream system beside the customers of the organization that set it up:
//! which belong to whom, linking them, creating customers for others.
//!
//! A system lists all it has each time; what is looked at and done at once is a page of it, by name.
//! What was done before is found done, so that nobody is created twice.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use model::{
    Refusal,
    audit::AuditKind,
    connector::{
        IMPORTED_PER_PAGE, ImportPage, ImportPlan, ImportRow, ImportView, Imported,
        LONGEST_SERVICE_NAME, Reason,
    },
    consent::ConsentSource,
    id::{ConnectorId, OrganizationId},
    permission::Permission,
    text::Name,
};

use crate::{
    Actor, Error, Portal, Result,
    audit::changed,
    connectors::Account,
    doer::Doer,
    new_customer::{NewCustomer, is_unique_violation},
    store::{ConnectorRow, Tx},
    throttle::canonical,
};

/// The form by which accounts of a system are linked and customers created.
#[derive(Debug, Clone)]
pub struct ImportServices {
    /// From which system.
    pub connector: ConnectorId,
    /// The names of the accounts that were chosen; `None` for all, from `after` on.
    pub names: Option<Vec<String>>,
    /// Only accounts after this name, when all are meant.
    pub after: Option<String>,
    /// Whether those are linked that belong to one customer.
    pub link: bool,
    /// Whether customers are created for those that belong to none.
    pub create: bool,
}

impl Portal {
    /// Some of the accounts that a system has, by name, and what would be done about each.
    pub async fn import_view(
        &self,
        actor: &Actor,
        id: ConnectorId,
        after: Option<&str>,
    ) -> Result<ImportView> {
        actor.may(Permission::EditConnectors)?;
        let mut tx = self.db().read().await?;
        let row = tx.connector(id).await?.ok_or(Refusal::NotFound)?;
        let scope = Some(row.organization_id);
        let acting = self.acting(&mut tx, actor, scope, Permission::EditConnectors).await?;
        let connector = row.shown(tx.count_service_accounts(id).await?, self.now());
        drop(tx);
        if !acting.stepped_up {
            return Ok(ImportView { acting, connector, listed: None });
        }
        let listed = match self.listed(&row).await? {
            Ok(accounts) => Ok(self.preview(&row, &accounts, after).await?),
            Err(reason) => Err(reason),
        };
        Ok(ImportView { acting, connector, listed: Some(listed) })
    }

    /// Links accounts of a system to the customers they belong to, and creates customers for those
    /// that belong to none; so many at once.
    pub async fn import_services(
        &self,
        actor: &Actor,
        request: ImportServices,
    ) -> Result<Imported> {
        actor.may(Permission::EditCustomers)?;
        let mut tx = self.db().write().await?;
        let (_, row) = self.hold_connector(&mut tx, actor, request.connector).await?;
        tx.commit().await?;
        let accounts = match self.listed(&row).await? {
            Ok(accounts) => accounts,
            Err(reason) => {
                let problem = model::refusal::Problem::Service(reason);
                return Err(Error::field("connector", problem));
            }
        };
        let chosen: Vec<&Account> = match &request.names {
            Some(names) => {
                let names: BTreeSet<&String> = names.iter().take(IMPORTED_PER_PAGE).collect();
                names.into_iter().filter_map(|name| accounts.get(name)).collect()
            }
            None => from(&accounts, request.after.as_deref()).take(IMPORTED_PER_PAGE).collect(),
        };
        let last = chosen.last().map(|account| account.name.as_str());
        let next = last
            .filter(|last| request.names.is_none() && from(&accounts, Some(last)).next().is_some());
        match self.take_in(actor, &request, &chosen).await {
            Ok(done) => Ok(Imported { next: next.map(str::to_owned), ..done }),
            // Somebody wanted the same name at the same moment: once more, and it is taken.
            Err(Error::Broken(error)) if is_unique_violation(&error) => {
                Err(Error::Busy { retry_after: 1 })
            }
            Err(error) => Err(error),
        }
    }

    async fn take_in(
        &self,
        actor: &Actor,
        request: &ImportServices,
        accounts: &[&Account],
    ) -> Result<Imported> {
        let mut tx = self.db().write().await?;
        let (organization, connector) =
            self.hold_connector(&mut tx, actor, request.connector).await?;
        self.hold_staff(&mut tx, actor, Permission::EditCustomers).await?;
        let creates = request.create && !tx.is_suspended(organization.id).await?;
        let (doer, mut noted) = (Doer::of(actor), Vec::new());
        let (mut done, mut linked) = (Imported::default(), Vec::new());
        for account in accounts {
            let customer = match self.plan(&mut tx, &connector, account).await? {
                (ImportPlan::Link(id, _), _) if request.link => {
                    done.linked += 1;
                    id
                }
                (ImportPlan::Create, Some(new)) if creates => {
                    done.created += 1;
                    let by = (&doer, ConsentSource::Import);
                    self.add_customer(&mut tx, organization.id, &new, by, &mut noted).await?.id
                }
                _ => {
                    done.left_out += 1;
                    continue;
                }
            };
            tx.lock_account(customer).await?;
            let customer = tx.customer(customer).await?.context("a customer")?;
            linked.push((customer, *account));
        }
        tx.record_noted(self, &doer, noted).await?;
        for (customer, account) in linked {
            self.link_account(&mut tx, actor, &customer, &connector, account).await?;
        }
        if done.linked + done.created > 0 {
            let changes = vec![
                changed("connector", None::<&str>, Some(&connector.name)),
                changed("linked", None::<&str>, Some(done.linked)),
                changed("created", None::<&str>, Some(done.created)),
            ];
            let event = actor.event_on(organization.id, AuditKind::ServicesImported, changes);
            tx.record(self, event).await?;
        }
        tx.commit().await?;
        Ok(done)
    }

    /// The accounts that a system has, by name, but for names that no account here can be linked by.
    async fn listed(
        &self,
        row: &ConnectorRow,
    ) -> Result<std::result::Result<BTreeMap<String, Account>, Reason>> {
        let kind = row.kind()?;
        let accounts =
            self.ask_connector(row.id, |system| async move { system.accounts().await }).await?;
        let fits =
            |name: &str| name.chars().count() <= LONGEST_SERVICE_NAME && (kind.is_name)(name);
        Ok(accounts.map(|accounts| {
            let accounts = accounts.into_iter().filter(|account| fits(&account.name));
            accounts.map(|account| (account.name.clone(), account)).collect()
        }))
    }

    async fn preview(
        &self,
        row: &ConnectorRow,
        accounts: &BTreeMap<String, Account>,
        after: Option<&str>,
    ) -> Result<ImportPage> {
        let mut tx = self.db().read().await?;
        let mut rows = Vec::new();
        let mut following = from(accounts, after);
        for account in following.by_ref().take(IMPORTED_PER_PAGE) {
            let (plan, _) = self.plan(&mut tx, row, account).await?;
            rows.push(ImportRow {
                name: account.name.clone(),
                display_name: account.display_name.clone(),
                email: account.emails.first().cloned(),
                plan,
            });
        }
        let left = following.count();
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Ok(ImportPage {
            total: number(accounts.len()),
            before: number(accounts.len() - left - rows.len()),
            next: rows.last().filter(|_| left > 0).map(|row| row.name.clone()),
            rows,
        })
    }

    /// What is done about an account; and the customer that is created for it, if one is.
    async fn plan(
        &self,
        tx: &mut Tx,
        connector: &ConnectorRow,
        account: &Account,
    ) -> Result<(ImportPlan, Option<NewCustomer>)> {
        let organization = connector.organization_id;
        if let Some((_, name)) = tx.linked_customer(connector.id, &account.name).await? {
            return Ok((ImportPlan::Linked(name), None));
        }
        let keys: Vec<String> =
            account.emails.iter().map(|email| canonical(email.as_str())).collect();
        let mut alike = tx.customers_like(organization, &keys, &account.name).await?;
        Ok(match (alike.pop(), alike.is_empty()) {
            (Some((id, name)), true) => (ImportPlan::Link(id, name), None),
            (Some(_), false) => (ImportPlan::Ambiguous, None),
            (None, _) => match self.new_for(tx, organization, account).await? {
                None => (ImportPlan::NoAddress, None),
                Some(new) if tx.taken(organization, &new, None).await?.is_empty() => {
                    (ImportPlan::Create, Some(new))
                }
                Some(_) => (ImportPlan::Taken, None),
            },
        })
    }

    /// A customer for an account. That an account is there allows nobody to set its password here.
    async fn new_for(
        &self,
        tx: &mut Tx,
        organization: OrganizationId,
        account: &Account,
    ) -> Result<Option<NewCustomer>> {
        let Some(email) = account.emails.first() else { return Ok(None) };
        let site = tx.site_of(organization).await?.context("an organization without a site")?;
        let called = account.display_name.as_deref().and_then(|name| Name::parse(name).ok());
        let Some(name) = called.or_else(|| Name::parse(&account.name).ok()) else {
            return Ok(None);
        };
        Ok(Some(NewCustomer {
            name,
            email: email.clone(),
            user_name: None,
            company: None,
            reference: None,
            language: site.language,
            allows_resets: false,
        }))
    }
}

/// The accounts after a name.
fn from<'a>(
    accounts: &'a BTreeMap<String, Account>,
    after: Option<&str>,
) -> impl Iterator<Item = &'a Account> + use<'a> {
    use std::ops::Bound;

    let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
    accounts.range::<str, _>((begin, Bound::Unbounded)).map(|(_, account)| account)
}
