//! Resets: started by a mailed link, listed, followed to the last place, called off.

use std::sync::Arc;

use axum::{
    extract::{Extension, Path, State},
    http::{HeaderValue, StatusCode, header},
};
use model::{
    id::{AccountId, ResetId},
    overview::{AskedBy, ResetLine, ResetQuery},
    reset::{ResetState, TargetView},
};
use portal::SendLink;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::asking::{About, Answered, Asking, id, json, moment, word};
use crate::Server;

/// One place that a reset applies to.
#[derive(Debug, Serialize, ToSchema)]
pub struct Target {
    /// The place.
    pub id: Uuid,
    /// `portal` or `service_account`.
    pub kind: String,
    /// What the downstream system is called, as long as the account there is linked.
    pub system: Option<String>,
    /// The account’s name there.
    pub account: Option<String>,
    /// Where it stands: `waiting`, `applying`, `applied`, `refused`, `not_sent`, `unknown` or `given_up`.
    pub state: String,
    /// Why, where there is more to say.
    pub reason: Option<String>,
}

/// Who asked for a reset.
#[derive(Debug, Serialize, ToSchema)]
pub struct Origin {
    /// `visitor`, `customer`, `staff` or `operator`. What a key asks for is asked by whoever made it.
    pub kind: String,
    /// What staff are called; null when they are gone.
    pub name: Option<String>,
}

/// One change of a customer’s password.
#[derive(Debug, Serialize, ToSchema)]
pub struct Reset {
    /// The reset.
    pub id: Uuid,
    /// Whose password.
    pub customer: Uuid,
    /// What they are called.
    pub customer_name: String,
    /// The name of the organization that looks after them.
    pub organization: String,
    /// How the new password reaches them: `email_link`, `typed`, `generated`, `own_change` or
    /// `command_line`.
    pub delivery: String,
    /// Where it stands.
    pub state: String,
    /// Who asked for it.
    pub asked_by: Origin,
    /// Why, in the words of staff.
    pub reason: Option<String>,
    /// The number of a ticket.
    pub ticket: Option<String>,
    /// When it was asked for.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it ended.
    #[schema(format = DateTime)]
    pub finished_at: Option<String>,
    /// Where it applies, in the order in which it does.
    pub targets: Vec<Target>,
}

/// A page of resets.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResetList {
    /// The resets, the newest first.
    pub items: Vec<Reset>,
    /// What `after` is for the next page; null when there is none.
    pub next: Option<Uuid>,
}

/// What is asked for to reset a password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReset {
    /// How the new password reaches the customer: by a mailed link. Whoever asks for another way is
    /// told that it takes a person.
    #[serde(default = "email_link")]
    #[schema(default = "email_link")]
    pub delivery: String,
    /// Why: it stands in the audit log.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
    /// The number of a ticket.
    #[serde(default)]
    #[schema(max_length = 60)]
    pub ticket: Option<String>,
    /// Where the new password goes: `portal`, `all` for every downstream account as well, or the id
    /// of one of these.
    #[serde(default = "portal")]
    #[schema(default = "portal", max_length = 100)]
    pub places: String,
}

/// What became of a customer’s links.
#[derive(Debug, Serialize, ToSchema)]
pub struct CancelledLinks {
    /// How many open links there were.
    pub cancelled: u64,
}

/// Which resets are looked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is the description of what `Asking::query` reads")]
pub struct ResetParameters {
    /// The organization whose resets, and those of all below it, are looked at; the key's own when
    /// there is none.
    pub organization: Option<Uuid>,
    /// Only those in this state.
    pub state: Option<String>,
    /// The `next` of the page before.
    pub after: Option<Uuid>,
}

fn email_link() -> String {
    "email_link".into()
}

fn portal() -> String {
    "portal".into()
}

impl From<TargetView> for Target {
    fn from(view: TargetView) -> Self {
        Self {
            id: view.id.0,
            kind: word(&view.kind),
            system: view.system.map(|name| name.to_string()),
            account: view.account,
            state: word(&view.state),
            reason: view.reason.as_ref().map(word),
        }
    }
}

impl From<AskedBy> for Origin {
    fn from(by: AskedBy) -> Self {
        let (kind, name) = match by {
            AskedBy::Visitor => ("visitor", None),
            AskedBy::Customer => ("customer", None),
            AskedBy::Staff(name) => ("staff", name.map(|name| name.to_string())),
            AskedBy::Operator => ("operator", None),
        };
        Self { kind: kind.into(), name }
    }
}

impl From<ResetLine> for Reset {
    fn from(line: ResetLine) -> Self {
        Self {
            id: line.id.0,
            customer: line.customer.0,
            customer_name: line.name.to_string(),
            organization: line.organization.to_string(),
            delivery: word(&line.delivery),
            state: word(&line.state),
            asked_by: line.asked_by.into(),
            reason: line.reason,
            ticket: line.ticket,
            created_at: moment(line.created_at),
            finished_at: line.finished_at.map(moment),
            targets: line.targets.into_iter().map(Target::from).collect(),
        }
    }
}

/// List resets
///
/// The newest first, in pages of 50. Takes the permission `read_customers`.
#[utoipa::path(
    get, path = "/api/v1/resets", operation_id = "listResets", tag = "resets",
    params(ResetParameters),
    responses((status = 200, description = "A page of resets.", body = ResetList))
)]
pub async fn list(
    State(server): State<Arc<Server>>,
    Extension(asking): Extension<Asking>,
) -> Answered {
    let query = asking.query(&["organization", "state", "after"])?;
    let wanted = ResetQuery {
        scope: query.id("organization")?,
        state: query.word("state", ResetState::from_word)?,
        before: query.id("after")?,
    };
    let page = server.portal.resets(&asking.actor, &wanted).await?;
    let items = page.lines.into_iter().map(Reset::from).collect();
    Ok(json(&ResetList { items, next: page.older.map(|id| id.0) }))
}

/// Read where a reset stands
///
/// Place by place. Takes the permission `read_customers`.
#[utoipa::path(
    get, path = "/api/v1/resets/{id}", operation_id = "readReset", tag = "resets",
    params(("id" = Uuid, Path, description = "The reset.")),
    responses((status = 200, description = "The reset.", body = Reset))
)]
pub async fn view(
    State(server): State<Arc<Server>>,
    Extension(asking): Extension<Asking>,
    Path(reset): Path<String>,
) -> Answered {
    asking.query(&[])?;
    let reset: ResetId = id(&reset)?;
    Ok(json(&Reset::from(server.portal.one_reset(&asking.actor, reset).await?)))
}

/// Mail a customer a link to a new password
///
/// It replaces every other open link. Only the customer learns the password. Takes the permission
/// `send_link`.
#[utoipa::path(
    post, path = "/api/v1/customers/{id}/resets", operation_id = "startReset", tag = "resets",
    params(("id" = Uuid, Path, description = "The customer.")),
    request_body = NewReset,
    responses((status = 201, description = "The reset, which waits for the customer.", body = Reset,
        headers(("Location" = String, description = "Where the reset is followed."))))
)]
pub async fn start(
    State(server): State<Arc<Server>>,
    Extension(asking): Extension<Asking>,
    Path(customer): Path<String>,
) -> Answered {
    asking.query(&[])?;
    let customer: AccountId = id(&customer)?;
    let new: NewReset = asking.json()?;
    let request = SendLink {
        customer,
        reason: new.reason,
        ticket: new.ticket.unwrap_or_default(),
        places: new.places,
    };
    let reset = server.portal.reset_by_key(&asking.actor, &new.delivery, request).await?;
    let line = server.portal.one_reset(&asking.actor, reset).await?;
    let mut answer = json(&Reset::from(line));
    *answer.status_mut() = StatusCode::CREATED;
    if let Ok(place) = HeaderValue::try_from(format!("/api/v1/resets/{reset}")) {
        answer.headers_mut().insert(header::LOCATION, place);
    }
    answer.extensions_mut().insert(About(customer));
    Ok(answer)
}

/// Make every open link of a customer worthless
///
/// Resets that wait for the customer are cancelled with them. Takes the permission `send_link`.
#[utoipa::path(
    delete, path = "/api/v1/customers/{id}/links", operation_id = "cancelLinks", tag = "resets",
    params(("id" = Uuid, Path, description = "The customer.")),
    responses((status = 200, description = "How many there were.", body = CancelledLinks))
)]
pub async fn cancel_links(
    State(server): State<Arc<Server>>,
    Extension(asking): Extension<Asking>,
    Path(customer): Path<String>,
) -> Answered {
    asking.query(&[])?;
    let cancelled = server.portal.cancel_links(&asking.actor, id(&customer)?).await?;
    Ok(json(&CancelledLinks { cancelled }))
}
