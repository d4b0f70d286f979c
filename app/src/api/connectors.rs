//! Downstream systems: how they are set up, and customers' accounts in them.

use leptos::prelude::*;
use model::{
    connector::{ConnectorView, ConnectorsView, ImportView, Imported, ServiceView, ServicesView},
    id::{AccountId, ConnectorId, OrganizationId, ServiceAccountId},
};

use super::{ApiError, Hidden};
#[cfg(feature = "ssr")]
use super::{actor, see_other, see_other_if_plain};
#[cfg(feature = "ssr")]
use crate::ui::go;

/// The connectors of an organization.
#[server(prefix = "/api", endpoint = "connectors/list")]
pub async fn view_connectors(
    /// The scope; one's own organization when there is none.
    #[server(default)]
    scope: Option<OrganizationId>,
) -> Result<ConnectorsView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.connectors(&actor, scope).await?)
}

/// One connector, with its settings.
#[server(prefix = "/api", endpoint = "connectors/view")]
pub async fn view_connector(
    /// Which one.
    connector: ConnectorId,
) -> Result<ConnectorView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.connector(&actor, connector).await?)
}

/// Tries settings, keeps them when they work, and leads to the connector.
#[server(prefix = "/api", endpoint = "connectors/set")]
pub async fn set_connector(
    /// The scope of a new one.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// Which one; a new one when there is none.
    #[server(default)]
    connector: Option<ConnectorId>,
    /// The word of the kind of a new one.
    #[server(default)]
    kind: String,
    /// What the system is called.
    #[server(default)]
    name: String,
    /// Where it is.
    #[server(default)]
    address: String,
    /// As whom Rekey signs in there.
    #[server(default)]
    user: String,
    /// The password; empty to keep the one that is there.
    #[server(default)]
    password: Hidden,
    /// The key; empty to keep the one that is there.
    #[server(default)]
    api_key: Hidden,
    /// What messages are signed with; empty to keep what is there.
    #[server(default)]
    signing_secret: Hidden,
    /// Below which entry accounts are looked for.
    #[server(default)]
    base: String,
    /// What an account's name is kept under.
    #[server(default)]
    attribute: String,
    /// What a new password does to encryption keys.
    #[server(default)]
    keys: String,
) -> Result<ConnectorId, ApiError> {
    use model::connector::Field;

    let (portal, _, actor) = actor().await?;
    let request = portal::SetConnector {
        scope,
        id: connector,
        kind,
        name,
        values: vec![
            (Field::Address, address),
            (Field::User, user),
            (Field::Base, base),
            (Field::Attribute, attribute),
            (Field::Keys, keys),
        ],
        secrets: vec![
            (Field::Password, password.into()),
            (Field::ApiKey, api_key.into()),
            (Field::SigningSecret, signing_secret.into()),
        ],
    };
    let id = portal.set_connector(&actor, request).await?;
    let done = if connector.is_some() { "saved" } else { "added" };
    see_other(&format!("/organization/connectors/{id}?done={done}"));
    Ok(id)
}

/// Has a look at a system.
#[server(prefix = "/api", endpoint = "connectors/test")]
pub async fn test_connector(
    /// Which one.
    connector: ConnectorId,
) -> Result<ConnectorId, ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.test_connector(&actor, connector).await?;
    see_other(&format!("/organization/connectors/{connector}?done=tested"));
    Ok(connector)
}

/// Takes a connector out of use, or into use again.
#[server(prefix = "/api", endpoint = "connectors/switch")]
pub async fn switch_connector(
    /// Which one.
    connector: ConnectorId,
    /// Whether it is in use from now on.
    #[server(default)]
    enabled: bool,
) -> Result<ConnectorId, ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.switch_connector(&actor, connector, enabled).await?;
    let done = if enabled { "enabled" } else { "disabled" };
    see_other(&format!("/organization/connectors/{connector}?done={done}"));
    Ok(connector)
}

/// Removes a connector, and leads to the list.
#[server(prefix = "/api", endpoint = "connectors/remove")]
pub async fn remove_connector(
    /// Which one.
    connector: ConnectorId,
    /// Its name, typed to confirm.
    #[server(default)]
    typed: String,
) -> Result<OrganizationId, ApiError> {
    let (portal, _, actor) = actor().await?;
    let organization = portal.remove_connector(&actor, connector, &typed).await?;
    see_other(&format!("/organization/connectors?scope={organization}&done=removed"));
    Ok(organization)
}

/// Some of the accounts that a system has, beside the customers they belong to.
#[server(prefix = "/api", endpoint = "connectors/accounts")]
pub async fn view_import(
    /// Which one.
    connector: ConnectorId,
    /// Only accounts after this name.
    #[server(default)]
    after: Option<String>,
) -> Result<ImportView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.import_view(&actor, connector, after.as_deref()).await?)
}

/// Links accounts to customers and creates customers for others, and leads to what comes next.
#[server(prefix = "/api", endpoint = "connectors/import")]
pub async fn import_services(
    /// Which one.
    connector: ConnectorId,
    /// The accounts that were chosen.
    #[server(default)]
    picks: Vec<String>,
    /// Whether all are meant, from `after` on.
    #[server(default)]
    all: bool,
    /// The name after which the page, or what is left of all, begins.
    #[server(default)]
    after: String,
    /// Whether accounts of customers are linked.
    #[server(default)]
    link: bool,
    /// Whether customers are created for others.
    #[server(default)]
    create: bool,
) -> Result<Imported, ApiError> {
    let (portal, _, actor) = actor().await?;
    let behind = Some(after).filter(|after| !after.is_empty());
    let request = portal::ImportServices {
        connector,
        names: (!all).then_some(picks),
        after: behind.clone(),
        link,
        create,
    };
    let done = portal.import_services(&actor, request).await?;
    let Imported { linked, created, left_out, next } = &done;
    let told = format!("linked={linked}&created={created}&left={left_out}");
    let more = match next {
        Some(next) => format!("&all=1&after={}", go::encode(next)),
        None if all => String::new(),
        None => behind.map(|after| format!("&after={}", go::encode(&after))).unwrap_or_default(),
    };
    see_other(&format!("/organization/connectors/{connector}/import?{told}{more}"));
    Ok(done)
}

/// What a customer has in downstream systems.
#[server(prefix = "/api", endpoint = "services/view")]
pub async fn view_services(
    /// The customer.
    customer: AccountId,
) -> Result<ServicesView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.services(&actor, customer).await?)
}

/// Asks a system about a customer's account there.
#[server(prefix = "/api", endpoint = "services/look")]
pub async fn look_at_service(
    /// The customer.
    customer: AccountId,
    /// The account.
    service: ServiceAccountId,
    /// Whether an answer of just now is not good enough.
    #[server(default)]
    insists: bool,
    /// The part of the customer's pages on which it is shown.
    #[server(default)]
    part: String,
) -> Result<ServiceView, ApiError> {
    let (portal, _, actor) = actor().await?;
    let view = portal.look_at_service(&actor, customer, service, insists).await?;
    let part = if part == "services" { "/services" } else { "" };
    see_other_if_plain(&format!("/customers/{customer}{part}"));
    Ok(view)
}

/// Links a customer to an account in a downstream system.
#[server(prefix = "/api", endpoint = "services/link")]
pub async fn link_service(
    /// The customer.
    customer: AccountId,
    /// Through which connector.
    connector: ConnectorId,
    /// The account's name there.
    #[server(default)]
    service: String,
) -> Result<AccountId, ApiError> {
    let (portal, _, actor) = actor().await?;
    let request = portal::LinkService { customer, connector, name: service };
    portal.link_service(&actor, request).await?;
    see_other_if_plain(&format!("/customers/{customer}/services?done=linked"));
    Ok(customer)
}

/// Unlinks a customer from an account in a downstream system.
#[server(prefix = "/api", endpoint = "services/unlink")]
pub async fn unlink_service(
    /// The customer.
    customer: AccountId,
    /// The account.
    service: ServiceAccountId,
) -> Result<AccountId, ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.unlink_service(&actor, customer, service).await?;
    see_other_if_plain(&format!("/customers/{customer}/services?done=unlinked"));
    Ok(customer)
}
