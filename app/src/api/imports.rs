//! Customers from a file, and what they have in common with other work of many steps.

use leptos::prelude::*;
use model::{
    id::{JobId, OrganizationId},
    job::{ImportView, JobKind, JobView},
};

use super::ApiError;
#[cfg(feature = "ssr")]
use super::{actor, see_other, see_other_if_plain};

/// The newest imports that one may see.
#[server(prefix = "/api", endpoint = "imports/list")]
pub async fn my_imports() -> Result<Vec<JobView>, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.jobs(&actor, JobKind::Import).await?)
}

/// What the page of an import shows.
#[server(prefix = "/api", endpoint = "imports/view")]
pub async fn view_import(
    /// The import.
    job: JobId,
) -> Result<ImportView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.import(&actor, job).await?)
}

/// Where a job stands.
#[server(prefix = "/api", endpoint = "jobs/progress")]
pub async fn job_progress(
    /// The job.
    job: JobId,
    /// What it does.
    kind: JobKind,
) -> Result<JobView, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.job_progress(&actor, job, kind).await?)
}

/// Says what the columns of a file mean, and has every row looked at.
#[server(prefix = "/api", endpoint = "imports/map")]
pub async fn map_import(
    /// The import.
    job: JobId,
    /// Whose customers they become.
    organization: OrganizationId,
    /// The column of each field, from 0 on; empty for none.
    reference: String,
    /// Likewise.
    name: String,
    /// Likewise.
    email: String,
    /// Likewise.
    company: String,
    /// Likewise.
    user_name: String,
    /// Likewise.
    language: String,
    /// Likewise.
    consent: String,
) -> Result<JobId, ApiError> {
    let (portal, _, actor) = actor().await?;
    // In the order of `ImportField::ALL`.
    let columns = vec![reference, name, email, company, user_name, language, consent];
    portal.map_import(&actor, portal::MapImport { job, organization, columns }).await?;
    see_other_if_plain(&format!("/customers/import/{job}"));
    Ok(job)
}

/// Goes back to what the columns mean.
#[server(prefix = "/api", endpoint = "imports/remap")]
pub async fn remap_import(
    /// The import.
    job: JobId,
) -> Result<JobId, ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.remap_import(&actor, job).await?;
    see_other_if_plain(&format!("/customers/import/{job}"));
    Ok(job)
}

/// Starts an import that was checked.
#[server(prefix = "/api", endpoint = "imports/start")]
pub async fn start_import(
    /// The import.
    job: JobId,
    /// Whether those who are created are invited.
    #[server(default)]
    invites: bool,
) -> Result<JobId, ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.start_import(&actor, portal::StartImport { job, invites }).await?;
    see_other_if_plain(&format!("/customers/import/{job}"));
    Ok(job)
}

/// Pauses, resumes or ends a job.
#[server(prefix = "/api", endpoint = "jobs/change")]
pub async fn change_job(
    /// The job.
    job: JobId,
    /// What it does.
    kind: JobKind,
    /// `pause`, `resume` or `stop`.
    wish: String,
) -> Result<JobId, ApiError> {
    let (portal, _, actor) = actor().await?;
    let wish = portal::JobWish::from_word(&wish).ok_or(ApiError::Malformed)?;
    let page = super::many::job_page(kind, job);
    match portal.change_job(&actor, job, kind, wish).await {
        // The proof is given on a page of its own, which leads back.
        Err(portal::Error::Refused(model::Refusal::StepUp)) => {
            see_other(&format!("/prove?next={page}"));
        }
        other => {
            other?;
            see_other_if_plain(&page);
        }
    }
    Ok(job)
}
