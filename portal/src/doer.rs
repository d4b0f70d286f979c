//! On whose behalf something is done to customers, now or by a job later.

use std::net::IpAddr;

use model::{
    account::Device,
    audit::{ActorKind, AuditKind, Outcome},
    id::{AccountId, OrganizationId},
    text::Name,
};
use serde::{Deserialize, Serialize};

use crate::{
    Actor,
    audit::{Event, Personal},
    device,
};

/// The member of staff on whose behalf something is done to customers: somebody at a browser, one who
/// has left work to be done, or one who made the key of a program.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Doer {
    pub id: AccountId,
    pub name: Name,
    pub request_id: String,
    pub address: Option<IpAddr>,
    pub device: Device,
    /// What links in mails begin with.
    pub origin: String,
    /// What the key is called that a program used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Name>,
}

impl Doer {
    /// The one who asks.
    pub fn of(actor: &Actor) -> Self {
        Self {
            id: actor.account,
            name: actor.name.clone(),
            request_id: actor.visit.request_id.clone(),
            address: Some(actor.visit.address),
            device: device::describe(&actor.visit.user_agent),
            origin: actor.visit.origin.clone(),
            key: actor.key.as_ref().map(|key| key.name.clone()),
        }
    }

    /// What was done to a customer, for the audit log of the customer's organization.
    pub fn event(
        &self,
        organization: OrganizationId,
        customer: AccountId,
        kind: AuditKind,
    ) -> Event<'_> {
        let actor = if self.key.is_some() { ActorKind::ApiKey } else { ActorKind::Staff };
        Event {
            organization,
            kind,
            outcome: Outcome::Done,
            actor: (actor, Some(self.id)),
            subject: Some(customer),
            reset: None,
            request_id: &self.request_id,
            personal: Personal {
                address: self.address,
                device: self.device.clone(),
                staff: Some(self.key.as_ref().unwrap_or(&self.name).to_string()),
                ..Personal::default()
            },
        }
    }
}
