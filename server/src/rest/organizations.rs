//! Organizations: the key's own, and the tree below it.

use std::sync::Arc;

use axum::extract::{Extension, Path, State};
use model::{organization::ListedOrganization, refusal};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    asking::{Answered, Asking, id, json, moment, word},
    problem::Problem,
};
use crate::Server;

/// An organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct Organization {
    /// The organization.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// The one directly above it; null for the key's own.
    pub parent: Option<Uuid>,
    /// `active`, or `suspended`: then nobody in it or below it can sign in.
    pub state: String,
    /// When it was created.
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// A page of organizations.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationList {
    /// The organizations, each directly above those below it.
    pub items: Vec<Organization>,
    /// What `after` is for the next page; null when there is none.
    pub next: Option<Uuid>,
}

/// From where on organizations are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is the description of what `Asking::query` reads")]
pub struct OrganizationParameters {
    /// The `next` of the page before.
    pub after: Option<Uuid>,
}

impl From<ListedOrganization> for Organization {
    fn from(line: ListedOrganization) -> Self {
        Self {
            id: line.id.0,
            name: line.name.to_string(),
            parent: line.parent.map(|id| id.0),
            state: word(&line.state),
            created_at: moment(line.created_at),
        }
    }
}

/// List the organizations that the key may see
///
/// Its own first, and the tree below it, in pages of 100. Takes the permission `read_customers`.
#[utoipa::path(
    get, path = "/api/v1/organizations", operation_id = "listOrganizations", tag = "organizations",
    params(OrganizationParameters),
    responses((status = 200, description = "A page of organizations.", body = OrganizationList))
)]
pub async fn list(
    State(server): State<Arc<Server>>,
    Extension(asking): Extension<Asking>,
) -> Answered {
    let after = asking.query(&["after"])?.id("after")?;
    let listed = server.portal.organizations_below(&asking.actor, after).await;
    let (lines, more) = match listed {
        // What the page before ended with is gone.
        Err(portal::Error::Refused(model::Refusal::NotFound)) => {
            return Err(Problem::field("after", refusal::Problem::NotAChoice));
        }
        other => other?,
    };
    let next = lines.last().filter(|_| more).map(|line| line.id.0);
    let items = lines.into_iter().map(Organization::from).collect();
    Ok(json(&OrganizationList { items, next }))
}

/// Read about an organization
///
/// Takes the permission `read_customers`.
#[utoipa::path(
    get, path = "/api/v1/organizations/{id}", operation_id = "readOrganization",
    tag = "organizations",
    params(("id" = Uuid, Path, description = "The organization.")),
    responses((status = 200, description = "The organization.", body = Organization))
)]
pub async fn view(
    State(server): State<Arc<Server>>,
    Extension(asking): Extension<Asking>,
    Path(organization): Path<String>,
) -> Answered {
    asking.query(&[])?;
    let line = server.portal.one_organization(&asking.actor, id(&organization)?).await?;
    Ok(json(&Organization::from(line)))
}
