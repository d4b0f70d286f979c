//! The organizations below one's own: the tree of them, and what becomes of each.

use leptos::prelude::*;
use model::{
    id::OrganizationId,
    organization::{NewOrganizationView, OrganizationDone, OrganizationTree, OrganizationView},
};

use super::ApiError;
#[cfg(feature = "ssr")]
use super::{actor, see_other, see_other_if_plain};

/// One's own organization and those below it.
#[server(prefix = "/api", endpoint = "organizations/list")]
pub async fn list_organizations(
    /// Words that the names have.
    #[server(default)]
    text: String,
) -> Result<OrganizationTree, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.organization_tree(&actor, &text).await?)
}

/// What the form of a new organization shows.
#[server(prefix = "/api", endpoint = "organizations/new")]
pub async fn view_new_organization(
    /// Below which one it would be.
    #[server(default)]
    scope: Option<OrganizationId>,
) -> Result<NewOrganizationView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.new_organization(&actor, scope).await?)
}

/// One organization.
#[server(prefix = "/api", endpoint = "organizations/view")]
pub async fn view_organization(
    /// Which one.
    organization: OrganizationId,
    /// Words that the names of those have below which it may be moved.
    #[server(default)]
    text: String,
) -> Result<OrganizationView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.organization_page(&actor, organization, &text).await?)
}

/// Adds an organization, and leads to it.
#[server(prefix = "/api", endpoint = "organizations/add")]
pub async fn add_organization(
    /// Below which one.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// What it is called.
    #[server(default)]
    name: String,
    /// `own` or `shared`.
    #[server(default)]
    door: String,
    /// The word of its own front door; empty for one made from the name.
    #[server(default)]
    slug: String,
) -> Result<OrganizationDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    let request = portal::AddOrganization { scope, name, door, slug };
    let done = portal.add_organization(&actor, request).await?;
    see_other(&format!("/organizations/{}?done={}", done.organization, done.deed));
    Ok(done)
}

/// Calls an organization otherwise.
#[server(prefix = "/api", endpoint = "organizations/rename")]
pub async fn rename_organization(
    /// Which one.
    organization: OrganizationId,
    /// What it is called from now on.
    #[server(default)]
    name: String,
) -> Result<OrganizationDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.rename_organization(&actor, organization, &name).await?))
}

/// Puts an organization below another one.
#[server(prefix = "/api", endpoint = "organizations/move")]
pub async fn move_organization(
    /// Which one.
    organization: OrganizationId,
    /// Below which one.
    to: OrganizationId,
) -> Result<OrganizationDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    let request = portal::MoveOrganization { organization, to };
    Ok(shown(portal.move_organization(&actor, request).await?))
}

/// Takes an organization out of use.
#[server(prefix = "/api", endpoint = "organizations/suspend")]
pub async fn suspend_organization(
    /// Which one.
    organization: OrganizationId,
) -> Result<OrganizationDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.suspend_organization(&actor, organization).await?))
}

/// Takes an organization into use again.
#[server(prefix = "/api", endpoint = "organizations/resume")]
pub async fn resume_organization(
    /// Which one.
    organization: OrganizationId,
) -> Result<OrganizationDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.resume_organization(&actor, organization).await?))
}

/// Gives an organization a front door of its own.
#[server(prefix = "/api", endpoint = "organizations/give-site")]
pub async fn give_site(
    /// Which one.
    organization: OrganizationId,
    /// The word of the front door.
    #[server(default)]
    slug: String,
) -> Result<OrganizationDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.give_site(&actor, organization, &slug).await?))
}

/// Gives the front door of an organization these host names.
#[server(prefix = "/api", endpoint = "organizations/set-hosts")]
pub async fn set_hosts(
    /// Which one.
    organization: OrganizationId,
    /// The names, with spaces between them; empty for none.
    #[server(default)]
    hosts: String,
) -> Result<OrganizationDone, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(shown(portal.set_hosts(&actor, organization, &hosts).await?))
}

/// Deletes an organization, and leads to the others.
#[server(prefix = "/api", endpoint = "organizations/delete")]
pub async fn delete_organization(
    /// Which one.
    organization: OrganizationId,
    /// Its name, typed to confirm.
    #[server(default)]
    typed: String,
) -> Result<OrganizationId, ApiError> {
    let (portal, _, actor) = actor().await?;
    let parent = portal.delete_organization(&actor, organization, &typed).await?;
    see_other("/organizations?done=deleted");
    Ok(parent)
}

/// Leads to the page of the one it was about.
#[cfg(feature = "ssr")]
fn shown(done: OrganizationDone) -> OrganizationDone {
    see_other_if_plain(&format!("/organizations/{}?done={}", done.organization, done.deed));
    done
}
