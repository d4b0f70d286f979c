//! Where a new password could go besides the portal: the customer's accounts in downstream systems,
//! and what stands in the way there, asked before anything is decided.

use std::time::Duration;

use model::{
    Refusal,
    connector::{Destination, KeyEffect, Reason},
    id::{AccountId, ServiceAccountId},
    refusal::Problem,
};
use tokio::task::JoinSet;

use crate::{
    Error, Portal, Result,
    connectors::Config,
    downstream::not_asked_for,
    secrets::Secret,
    store::{Account, ConnectorRow, LinkRow, ServiceAccountRow},
};

/// How long a page waits for what systems say.
const PATIENCE: Duration = Duration::from_secs(4);
/// Accounts of one customer that a password goes to at most.
const MOST: usize = 10;
/// The choice of the portal alone.
const PORTAL: &str = "portal";
/// The choice of every account.
const ALL: &str = "all";

impl Portal {
    /// The accounts of a customer in downstream systems, with what each system says about setting a
    /// password there. All are asked at the same time.
    pub(crate) async fn destinations(&self, customer: AccountId) -> Result<Vec<Destination>> {
        let rows = self.services_with_connectors(customer).await?;
        let asked = rows.iter().map(|(service, connector)| (service.clone(), connector.clone()));
        let answers = self.preflights(asked.collect()).await;
        Ok(rows
            .into_iter()
            .zip(answers)
            .map(|((service, connector), obstacle)| Destination {
                keys: self.key_effect(&connector),
                id: service.id,
                system: connector.name,
                name: service.name,
                obstacle,
            })
            .collect())
    }

    async fn services_with_connectors(
        &self,
        customer: AccountId,
    ) -> Result<Vec<(ServiceAccountRow, ConnectorRow)>> {
        let mut tx = self.db().read().await?;
        let mut rows = Vec::new();
        for service in tx.service_accounts(customer).await?.into_iter().take(MOST) {
            if let Some(connector) = tx.connector(service.connector_id).await? {
                rows.push((service, connector));
            }
        }
        Ok(rows)
    }

    fn key_effect(&self, connector: &ConnectorRow) -> KeyEffect {
        let config = Config::of(connector, self.keys()).unwrap_or_default();
        crate::connectors::Kind::of(&connector.kind)
            .map_or(KeyEffect::NotKnown, |kind| kind.key_effect(&config))
    }

    /// What stands in the way at each of these, in their order.
    async fn preflights(
        &self,
        asked: Vec<(ServiceAccountRow, ConnectorRow)>,
    ) -> Vec<Option<Reason>> {
        let mut answers = vec![Some(Reason::NoAnswer); asked.len()];
        let mut asking = JoinSet::new();
        for (place, (service, connector)) in asked.into_iter().enumerate() {
            let portal = self.clone();
            asking.spawn(async move { (place, portal.preflight(&service, &connector).await) });
        }
        let end = tokio::time::sleep(PATIENCE);
        tokio::pin!(end);
        loop {
            tokio::select! {
                answer = asking.join_next() => match answer {
                    Some(Ok((place, answer))) => answers[place] = answer.err(),
                    Some(Err(_)) => {}
                    None => return answers,
                },
                () = &mut end => {
                    // They go on: what a system that takes its time is like counts all the same.
                    asking.detach_all();
                    return answers;
                }
            }
        }
    }

    async fn preflight(
        &self,
        service: &ServiceAccountRow,
        connector: &ConnectorRow,
    ) -> Result<(), Reason> {
        let (name, fingerprint) = (service.name.as_str(), service.fingerprint.as_deref());
        let asking = self.ask_connector(connector.id, |system| async move {
            system.preflight(name, fingerprint).await
        });
        asking.await.unwrap_or_else(|error| {
            tracing::error!(
                connector = %connector.id,
                error = format!("{error:#}"),
                "a connector cannot be used"
            );
            Err(not_asked_for(&error))
        })
    }

    /// The accounts that the field `where` of a form chooses, once their systems were asked whether a
    /// password could be set there. `insists` where nothing may stand in the way now; else only what
    /// does not pass by itself.
    pub(crate) async fn chosen_services(
        &self,
        customer: AccountId,
        choice: &str,
        insists: bool,
    ) -> Result<Vec<ServiceAccountId>> {
        if choice.is_empty() || choice == PORTAL {
            return Ok(Vec::new());
        }
        let mut rows = self.services_with_connectors(customer).await?;
        if choice != ALL {
            let id: ServiceAccountId =
                choice.parse().map_err(|_| Error::field("where", Problem::NotAChoice))?;
            rows.retain(|(service, _)| service.id == id);
        }
        if rows.is_empty() {
            return Err(Error::field("where", Problem::NotAChoice));
        }
        let ids = rows.iter().map(|(service, _)| service.id).collect();
        let obstacles = self.preflights(rows).await.into_iter().flatten();
        if let Some(reason) = obstacles.into_iter().find(|reason| insists || !reason.may_pass()) {
            return Err(Error::field("where", Problem::Service(reason)));
        }
        Ok(ids)
    }

    /// Whether the rules of these accounts' systems, as far as they are known here, take a password.
    pub(crate) async fn check_systems_rules(
        &self,
        services: &[ServiceAccountId],
        password: &Secret,
    ) -> Result<()> {
        for id in services {
            let mut tx = self.db().read().await?;
            let Some(service) = tx.service_account(*id).await? else { continue };
            let Some(row) = tx.connector(service.connector_id).await? else { continue };
            drop(tx);
            let (_, system) = self.connector_of(&row)?;
            if let Err(reason) = system.accepts(&service.name, password) {
                return Err(Refusal::field("new", Problem::Service(reason)).into());
            }
        }
        Ok(())
    }

    /// The same for the accounts that a customer's own choice of a password goes to.
    pub(crate) async fn check_rules_in_step(
        &self,
        account: &Account,
        password: &Secret,
    ) -> Result<()> {
        let mut tx = self.db().read().await?;
        let services = self.services_in_step(&mut tx, account).await?;
        drop(tx);
        self.check_systems_rules(&services, password).await
    }

    /// The same for those that a password goes to which is chosen with a link.
    pub(crate) async fn check_rules_of_link(
        &self,
        account: &Account,
        link: &LinkRow,
        password: &Secret,
    ) -> Result<()> {
        let mut tx = self.db().read().await?;
        let mut services = self.services_in_step(&mut tx, account).await?;
        if let Some(reset) = link.reset_id {
            let chosen = tx.service_targets(reset).await?;
            services.extend(chosen.iter().filter_map(|target| target.service_account_id));
        }
        drop(tx);
        self.check_systems_rules(&services, password).await
    }
}
