//! Consents: what customers let staff do with their passwords. Only they change it.

use std::sync::Arc;

use axum::extract::{Extension, Path, State};
use model::consent::{Consent, ConsentEntry, ConsentUse, ConsentView};
use serde::Serialize;
use utoipa::ToSchema;

use super::asking::{Answered, Asking, id, json, moment, word};
use crate::Server;

/// A customer's permission to set their password.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentInfo {
    /// How far it goes: `refused`, `once`, `until` or `always`.
    pub consent: String,
    /// Until when, for `until`.
    #[schema(format = DateTime)]
    pub until: Option<String>,
    /// Only mailed links, whatever the permission says.
    pub links_only: bool,
    /// What was entered, the latest first.
    pub ledger: Vec<ConsentItem>,
    /// When it was made use of, the latest first.
    pub uses: Vec<ConsentUseItem>,
}

/// A line of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentItem {
    /// When it was entered.
    #[schema(format = DateTime)]
    pub at: String,
    /// What holds since.
    pub consent: String,
    /// Until when, for `until`.
    #[schema(format = DateTime)]
    pub until: Option<String>,
    /// Where it came from: `creation`, `import`, `customer`, `used` or `returned`.
    pub source: String,
}

/// A reset for which the permission was needed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentUseItem {
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// How the password was set.
    pub delivery: String,
    /// Who did it; null when they are gone.
    pub by: Option<String>,
}

fn told(consent: Consent) -> (String, Option<String>) {
    match consent {
        Consent::Until(until) => ("until".into(), Some(moment(until))),
        other => (word(&other), None),
    }
}

impl From<ConsentView> for ConsentInfo {
    fn from(view: ConsentView) -> Self {
        let (consent, until) = told(view.consent);
        let line = |entry: ConsentEntry| {
            let (consent, until) = told(entry.consent);
            ConsentItem { at: moment(entry.at), consent, until, source: word(&entry.source) }
        };
        let used = |used: ConsentUse| ConsentUseItem {
            at: moment(used.at),
            delivery: word(&used.delivery),
            by: used.by.map(|name| name.to_string()),
        };
        Self {
            consent,
            until,
            links_only: view.links_only,
            ledger: view.ledger.into_iter().map(line).collect(),
            uses: view.uses.into_iter().map(used).collect(),
        }
    }
}

/// Read a customer’s permission to set their password
///
/// Takes the permission `read_customers`.
#[utoipa::path(
    get, path = "/api/v1/customers/{id}/consent", operation_id = "readConsent", tag = "consents",
    params(("id" = Uuid, Path, description = "The customer.")),
    responses((status = 200, description = "What holds, and what held before.", body = ConsentInfo))
)]
pub async fn view(
    State(server): State<Arc<Server>>,
    Extension(asking): Extension<Asking>,
    Path(customer): Path<String>,
) -> Answered {
    asking.query(&[])?;
    let view = server.portal.customer_consent(&asking.actor, id(&customer)?).await?;
    Ok(json(&ConsentInfo::from(view)))
}
