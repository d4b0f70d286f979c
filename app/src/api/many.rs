//! Many customers at once: links to new passwords, and a file of them.

use leptos::prelude::*;
use model::{
    customer::CustomerState,
    id::{ConnectorId, JobId, OrganizationId},
    job::{ExportView, JobKind, LinksView, ManyView, StaffLinksView},
};

use super::ApiError;
#[cfg(feature = "ssr")]
use super::{actor, see_other};

/// How many customers are meant.
#[server(prefix = "/api", endpoint = "many/view")]
pub async fn view_many(
    /// Those who were picked, with spaces between them.
    #[server(default)]
    picked: String,
    /// Whether all are meant whom the rest finds.
    #[server(default)]
    all: bool,
    /// The scope; one's own organization when there is none.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// Words that all must be found.
    #[server(default)]
    text: String,
    /// Only those in this state.
    #[server(default)]
    state: Option<CustomerState>,
    /// Only those with an account in this downstream system.
    #[server(default)]
    connector: Option<ConnectorId>,
) -> Result<ManyView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.many(&actor, &meant(&picked, all, scope, text, state, connector)).await?)
}

/// Begins to mail them links to new passwords, and leads to how far that is.
#[server(prefix = "/api", endpoint = "many/send")]
pub async fn send_many(
    /// Those who were picked, with spaces between them.
    #[server(default)]
    picked: String,
    /// Whether all are meant whom the rest finds.
    #[server(default)]
    all: bool,
    /// The scope; one's own organization when there is none.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// Words that all must be found.
    #[server(default)]
    text: String,
    /// Only those in this state.
    #[server(default)]
    state: Option<CustomerState>,
    /// Only those with an account in this downstream system.
    #[server(default)]
    connector: Option<ConnectorId>,
    /// Why, in one's own words.
    reason: String,
    /// The number of a ticket; empty for none.
    ticket: String,
    /// Links a minute at most.
    per_minute: String,
    /// Whether the passwords that are in use stop working.
    #[server(default)]
    stop: bool,
    /// How many they are, typed to confirm.
    typed: String,
) -> Result<JobId, ApiError> {
    let (portal, _, actor) = actor().await?;
    let many = meant(&picked, all, scope, text, state, connector);
    let request = portal::SendMany { many, reason, ticket, per_minute, stop, typed };
    let job = portal.send_many(&actor, request).await?;
    see_other(&job_page(JobKind::SendLinks, job));
    Ok(job)
}

/// How many members of staff have a password that would be stopped.
#[server(prefix = "/api", endpoint = "many/staff")]
pub async fn view_staff_links(
    /// The scope; one's own organization when there is none.
    #[server(default)]
    scope: Option<OrganizationId>,
) -> Result<StaffLinksView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.staff_links(&actor, scope).await?)
}

/// Stops their passwords, mails them links to new ones, and leads to how far that is.
#[server(prefix = "/api", endpoint = "many/stop-staff")]
pub async fn stop_staff_passwords(
    /// The scope; one's own organization when there is none.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// Why, in one's own words.
    reason: String,
    /// The number of a ticket; empty for none.
    ticket: String,
    /// How many they are, typed to confirm.
    typed: String,
) -> Result<JobId, ApiError> {
    let (portal, _, actor) = actor().await?;
    let many = portal::Many::Staff(scope);
    // They are to come back soon: as fast as it goes.
    let per_minute = model::job::RATES.into_iter().max().unwrap_or_default().to_string();
    let request = portal::SendMany { many, reason, ticket, per_minute, stop: true, typed };
    let job = portal.send_many(&actor, request).await?;
    see_other(&job_page(JobKind::StaffLinks, job));
    Ok(job)
}

/// What the page of such a job shows.
#[server(prefix = "/api", endpoint = "many/job")]
pub async fn view_links_job(
    /// The job.
    job: JobId,
    /// What it does.
    kind: JobKind,
) -> Result<LinksView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.links_job(&actor, job, kind).await?)
}

/// The page of a job.
pub fn job_page(kind: JobKind, job: JobId) -> String {
    match kind {
        JobKind::Import => format!("/customers/import/{job}"),
        JobKind::SendLinks => format!("/customers/links/{job}"),
        JobKind::StaffLinks => format!("/organization/staff/passwords/{job}"),
    }
}

/// How many customers a file would hold.
#[server(prefix = "/api", endpoint = "customers/export")]
pub async fn view_export(
    /// The scope; one's own organization when there is none.
    #[server(default)]
    scope: Option<OrganizationId>,
    /// Words that all must be found.
    #[server(default)]
    text: String,
    /// Only those in this state.
    #[server(default)]
    state: Option<CustomerState>,
    /// Only those with an account in this downstream system.
    #[server(default)]
    connector: Option<ConnectorId>,
) -> Result<ExportView, ApiError> {
    let (portal, _, actor) = actor().await?;
    let query =
        model::customer::CustomerQuery { scope, text, state, connector, ..Default::default() };
    Ok(portal.export(&actor, &query).await?)
}

#[cfg(feature = "ssr")]
fn meant(
    picked: &str,
    all: bool,
    scope: Option<OrganizationId>,
    text: String,
    state: Option<CustomerState>,
    connector: Option<ConnectorId>,
) -> portal::Many {
    if all {
        let query =
            model::customer::CustomerQuery { scope, text, state, connector, ..Default::default() };
        portal::Many::Found(query)
    } else {
        // What is damaged is nobody.
        portal::Many::Picked(picked.split(' ').filter_map(|id| id.parse().ok()).collect())
    }
}
