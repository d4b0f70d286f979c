//! Customers' accounts in downstream systems: what they are linked to, and what is known of it.
//!
//! Pages show what the database knows. A system is asked beside them, outside any transaction, and
//! what it tells is kept with its time, as is why it could not be asked.
//!
//! A link decides where a customer's new password goes. Only those link who may set the connector
//! up: others could take an account that is not their customer's.

use std::time::Duration;

use anyhow::Context;
use model::{
    Refusal,
    audit::AuditKind,
    connector::{
        ConnectorChoice, LONGEST_SERVICE_NAME, Overview, Reason, ServiceView, ServicesView,
    },
    id::{AccountId, ConnectorId, ServiceAccountId},
    permission::Permission,
    refusal::Problem,
};

use crate::{
    Actor, Error, Portal, Result,
    audit::{Event, Personal, changed},
    connectors::Account,
    store::{ConnectorRow, CustomerDetailRow, ServiceAccountRow, Tx},
};

/// An answer of a system that is younger than this is shown again, unless somebody insists.
const FRESH: Duration = Duration::from_secs(30);

/// The form that links a customer to an account.
#[derive(Debug, Clone)]
pub struct LinkService {
    /// Whom.
    pub customer: AccountId,
    /// In which system.
    pub connector: ConnectorId,
    /// The account's name there.
    pub name: String,
}

/// What a system told of an account, as far as it did.
struct Looked(Overview);

impl Portal {
    /// What a customer has in downstream systems, as far as it is known here.
    pub async fn services(&self, actor: &Actor, customer: AccountId) -> Result<ServicesView> {
        actor.may(Permission::ReadCustomers)?;
        let mut tx = self.db().read().await?;
        let customer = tx.customer_of(actor, customer).await?;
        let mut services = Vec::new();
        for row in tx.service_accounts(customer.row.id).await? {
            let connector = tx.connector(row.connector_id).await?.context("a connector")?;
            services.push(row.shown(&connector));
        }
        let may_edit = actor.may(Permission::EditConnectors).is_ok();
        let mut choices = Vec::new();
        if may_edit {
            for (id, name, whose) in tx.connectors_serving(customer.organization_id).await? {
                if tx.is_within(whose, actor.organization).await? {
                    choices.push(ConnectorChoice { id, name });
                }
            }
        }
        let stepped_up = self.counts(tx.step_up_at(actor.session).await?);
        Ok(ServicesView { services, choices, may_unlink: may_edit, stepped_up })
    }

    /// Asks a system about a customer's account there, and keeps what it tells; or why it could not
    /// be asked. An answer of just now is good enough, unless somebody insists.
    pub async fn look_at_service(
        &self,
        actor: &Actor,
        customer: AccountId,
        id: ServiceAccountId,
        insists: bool,
    ) -> Result<ServiceView> {
        actor.may(Permission::ReadCustomers)?;
        let mut tx = self.db().read().await?;
        tx.customer_of(actor, customer).await?;
        let row = tx.service_of(customer, id).await?;
        let connector = tx.connector(row.connector_id).await?.context("a connector")?;
        drop(tx);
        let asked = row.overview_at.max(row.trouble_at);
        let is_fresh = asked.is_some_and(|at| at.plus(FRESH) > self.now());
        if !is_fresh || insists {
            let (name, fingerprint) = (row.name.as_str(), row.fingerprint.as_deref());
            let looked = self
                .ask_connector(row.connector_id, |system| async move {
                    let mut overview = match system.overview(name).await {
                        Ok(overview) => overview,
                        Err(Reason::NotOffered) => Overview::default(),
                        Err(reason) => return Err(reason),
                    };
                    if overview.obstacle.is_none() {
                        overview.obstacle = system.preflight(name, fingerprint).await.err();
                    }
                    Ok(Looked(overview))
                })
                .await?;
            let now = self.now();
            let mut tx = self.db().write().await?;
            match looked {
                Ok(Looked(overview)) => {
                    let text = serde_json::to_string(&overview).context("an overview")?;
                    tx.set_overview(id, &text, now).await?;
                }
                Err(reason) => tx.set_trouble(id, &reason.to_string(), now).await?,
            }
            tx.commit().await?;
        }
        let mut tx = self.db().read().await?;
        Ok(tx.service_of(customer, id).await?.shown(&connector))
    }

    /// Links a customer to an account in a downstream system, which must have it.
    pub async fn link_service(
        &self,
        actor: &Actor,
        request: LinkService,
    ) -> Result<ServiceAccountId> {
        let (mut tx, customer, connector) = self.hold_linking(actor, &request).await?;
        let kind = connector.kind()?;
        let name = request.name.trim();
        if name.is_empty() {
            return Err(Error::field("service", Problem::Required));
        }
        if name.chars().count() > LONGEST_SERVICE_NAME {
            let max = u32::try_from(LONGEST_SERVICE_NAME).unwrap_or(u32::MAX);
            return Err(Error::field("service", Problem::TooLong { max }));
        }
        if !(kind.is_name)(name) {
            return Err(Error::field("service", Problem::NotAServiceName));
        }
        if tx.linked_customer(connector.id, name).await?.is_some() {
            return Err(Error::field("service", Problem::ServiceTaken));
        }
        tx.commit().await?;
        let account = self
            .ask_connector(connector.id, |system| async move { system.account(name).await })
            .await?;
        let account = match account {
            Ok(account) => account,
            // Where nobody can tell, the name has to do.
            Err(Reason::NotOffered) => Account {
                name: name.to_owned(),
                fingerprint: None,
                display_name: None,
                emails: Vec::new(),
            },
            Err(reason) => return Err(Error::field("service", Problem::Service(reason))),
        };
        let (mut tx, held, connector) = self.hold_linking(actor, &request).await?;
        if held.organization_id != customer.organization_id {
            return Err(Refusal::NotFound.into());
        }
        match self.link_account(&mut tx, actor, &held, &connector, &account).await? {
            Some(id) => {
                tx.commit().await?;
                Ok(id)
            }
            None => Err(Error::field("service", Problem::ServiceTaken)),
        }
    }

    /// Unlinks a customer from an account in a downstream system; nothing changes there.
    pub async fn unlink_service(
        &self,
        actor: &Actor,
        customer: AccountId,
        id: ServiceAccountId,
    ) -> Result<()> {
        let (mut tx, customer) = self.hold_customer_to_link(actor, customer).await?;
        let row = tx.service_of(customer.row.id, id).await?;
        let connector = tx.connector(row.connector_id).await?.context("a connector")?;
        tx.remove_service_account(customer.row.id, id).await?;
        let event = actor.event_about(&customer, AuditKind::ServiceUnlinked);
        let changes = vec![
            changed("connector", Some(&connector.name), None::<&str>),
            changed("service", Some(&row.name), None::<&str>),
        ];
        let personal = Personal { changes, ..event.personal };
        tx.record(self, Event { personal, ..event }).await?;
        Ok(tx.commit().await?)
    }

    /// Links a customer, who must be held, to an account that the system has, and records it; `None`
    /// when somebody is linked to it already.
    pub(crate) async fn link_account(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        customer: &CustomerDetailRow,
        connector: &ConnectorRow,
        account: &Account,
    ) -> Result<Option<ServiceAccountId>> {
        let now = self.now();
        let row = ServiceAccountRow {
            id: ServiceAccountId(self.random().id(now)),
            account_id: customer.row.id,
            connector_id: connector.id,
            name: account.name.clone(),
            fingerprint: account.fingerprint.clone(),
            overview: None,
            overview_at: None,
            trouble: None,
            trouble_at: None,
            differs_since: None,
            created_at: now,
        };
        if !tx.add_service_account(&row).await? {
            return Ok(None);
        }
        let event = actor.event_about(customer, AuditKind::ServiceLinked);
        let changes = vec![
            changed("connector", None::<&str>, Some(&connector.name)),
            changed("service", None::<&str>, Some(&row.name)),
        ];
        let personal = Personal { changes, ..event.personal };
        tx.record(self, Event { personal, ..event }).await?;
        Ok(Some(row.id))
    }

    /// Begins to link a customer through a connector that serves them and that the actor may set up.
    async fn hold_linking(
        &self,
        actor: &Actor,
        request: &LinkService,
    ) -> Result<(Tx, CustomerDetailRow, ConnectorRow)> {
        let (mut tx, customer) = self.hold_customer_to_link(actor, request.customer).await?;
        let row = tx.connector(request.connector).await?.ok_or(Refusal::NotFound)?;
        if tx.is_within(row.organization_id, actor.organization).await?
            && tx.is_within(customer.organization_id, row.organization_id).await?
        {
            Ok((tx, customer, row))
        } else {
            Err(Refusal::NotFound.into())
        }
    }

    /// Begins to write about a customer's links: the customer is held with their organization and
    /// the actor, who proved their own password a short while ago.
    async fn hold_customer_to_link(
        &self,
        actor: &Actor,
        id: AccountId,
    ) -> Result<(Tx, CustomerDetailRow)> {
        actor.may(Permission::EditConnectors)?;
        let mut tx = self.db().write().await?;
        let customer = tx.customer_of(actor, id).await?;
        tx.hold_reach(actor, customer.organization_id).await?;
        if !self.hold_staff(&mut tx, actor, Permission::EditConnectors).await? {
            return Err(Refusal::StepUp.into());
        }
        let account = tx.lock_account(id).await?.ok_or(Refusal::NotFound)?;
        if account.organization_id != customer.organization_id {
            return Err(Refusal::NotFound.into());
        }
        tx.is_undisputed(actor, id).await?;
        Ok((tx, customer))
    }
}

impl Tx {
    /// A service account of a customer. Another customer's and none at all are the same.
    async fn service_of(
        &mut self,
        customer: AccountId,
        id: ServiceAccountId,
    ) -> Result<ServiceAccountRow> {
        let row = self.service_account(id).await?.filter(|row| row.account_id == customer);
        Ok(row.ok_or(Refusal::NotFound)?)
    }
}

impl ServiceAccountRow {
    /// How it is shown.
    fn shown(self, connector: &ConnectorRow) -> ServiceView {
        let overview = self.overview.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let trouble = self.trouble.as_deref().and_then(Reason::from_word);
        ServiceView {
            id: self.id,
            connector: self.connector_id,
            system: connector.name.clone(),
            name: self.name,
            enabled: connector.enabled,
            overview: overview.zip(self.overview_at),
            trouble: trouble.zip(self.trouble_at),
            differs_since: self.differs_since,
        }
    }
}
