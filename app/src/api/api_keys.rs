//! Keys by which programs use the API.

use leptos::prelude::*;
use model::{
    api_key::{KeyMade, KeyRevoked, KeysView},
    id::{ApiKeyId, OrganizationId},
};

use super::ApiError;
#[cfg(feature = "ssr")]
use super::{actor, see_other_if_plain};

/// An organization's keys, and those of all below it.
#[server(prefix = "/api", endpoint = "organization/api-keys")]
pub async fn view_keys(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
) -> Result<KeysView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.api_keys(&actor, scope).await?)
}

/// Makes a key. It is in the answer, and nowhere else: the page is shown at once.
#[server(prefix = "/api", endpoint = "organization/make-api-key")]
pub async fn make_key(
    /// The scope.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// What it is called.
    name: String,
    /// Whether it reads about customers.
    #[server(default)]
    read_customers: bool,
    /// Whether it changes customers.
    #[server(default)]
    edit_customers: bool,
    /// Whether it mails links to new passwords.
    #[server(default)]
    send_link: bool,
    /// Whether it reads the audit log.
    #[server(default)]
    read_audit: bool,
    /// For how many days.
    #[server(default)]
    days: String,
) -> Result<KeyMade, ApiError> {
    use model::permission::Permission;

    let (portal, _, actor) = actor().await?;
    let permissions = [
        (Permission::ReadCustomers, read_customers),
        (Permission::EditCustomers, edit_customers),
        (Permission::SendLink, send_link),
        (Permission::ReadAudit, read_audit),
    ];
    let permissions = permissions.into_iter().filter_map(|(one, ticked)| ticked.then_some(one));
    let request = portal::MakeKey { scope, name, permissions: permissions.collect(), days };
    Ok(portal.make_api_key(&actor, request).await?)
}

/// Revokes a key.
#[server(prefix = "/api", endpoint = "organization/revoke-api-key")]
pub async fn revoke_key(
    /// Which one.
    key: ApiKeyId,
    /// Of which organization keys were looked at.
    #[server(default)]
    scope: Option<OrganizationId>,
) -> Result<KeyRevoked, ApiError> {
    let (portal, _, actor) = actor().await?;
    let revoked = portal.revoke_api_key(&actor, key).await?;
    let scope = scope.unwrap_or(revoked.organization);
    see_other_if_plain(&format!("/organization/api?scope={scope}&done=revoked"));
    Ok(revoked)
}
