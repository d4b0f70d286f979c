//! The circumstances of a reset: who decided on it, from where and why. What the last step, which
//! may come after a crash, needs to know of the visit that took the decision.

use std::{net::IpAddr, time::Duration};

use model::{
    Moment, Refusal,
    audit::{ActorKind, AuditKind, Outcome},
    id::{AccountId, SessionId},
    policy::GENERATED_MAIL_LIFE,
    refusal::Problem,
    text::{LONGEST_REASON, LONGEST_TICKET, Name, remark},
};
use serde::{Deserialize, Serialize};

use crate::{
    Result, Visit,
    audit::{Event, Personal},
    device,
    mail::{ChangedHow, Letter, MailedLink, MailedPassword, Occasion},
    outbox,
    problems::Problems,
    store::{Account, ResetRow},
};

/// What the last step needs to know of the visit that took the decision.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Circumstances {
    pub address: Option<IpAddr>,
    pub user_agent: String,
    pub request_id: String,
    pub origin: String,
    pub actor: (ActorKind, Option<AccountId>),
    pub how: ChangedHow,
    /// The session that goes on: the one in which the owner changed the password.
    pub keep: Option<SessionId>,
    /// The name of the member of staff who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff: Option<String>,
    /// What makes the new password a temporary one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporary: Option<Temporary>,
    /// Whether the new password is too short for one without a second factor.
    #[serde(default)]
    pub leans: bool,
}

/// A password that its owner did not choose: it works for a while, and leads to a change.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Temporary {
    /// Until when it works.
    pub until: Moment,
    /// The organization whose customer it is for.
    pub organization: Name,
    /// The password, when it is to be mailed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mailed: Option<MailedPassword>,
}

/// Why staff do something to a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Why {
    /// In their words.
    pub reason: String,
    /// The number of a ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

impl Why {
    /// What staff said in the fields `reason`, which has to be given, and `ticket`.
    pub fn told(reason: &str, ticket: &str) -> Result<Self> {
        let mut problems = Problems::default();
        let why = Self::checked(&mut problems, reason, ticket);
        why.ok_or_else(|| Refusal::Fields(problems.0).into())
    }

    /// The same among other fields of a form.
    pub fn checked(problems: &mut Problems, reason: &str, ticket: &str) -> Option<Self> {
        let reason = remark(reason, LONGEST_REASON);
        let reason =
            problems.check("reason", reason.and_then(|reason| reason.ok_or(Problem::Required)));
        let ticket = problems.check("ticket", remark(ticket, LONGEST_TICKET));
        Some(Self { reason: reason?, ticket: ticket? })
    }
}

impl Circumstances {
    /// What a visit tells.
    pub fn of(visit: &Visit, actor: (ActorKind, Option<AccountId>), how: ChangedHow) -> Self {
        Self {
            address: Some(visit.address),
            user_agent: device::shortened(&visit.user_agent).to_owned(),
            request_id: visit.request_id.clone(),
            origin: visit.origin.clone(),
            actor,
            how,
            keep: None,
            staff: None,
            temporary: None,
            leans: false,
        }
    }

    /// What is recorded of it.
    pub fn event(&self, reset: &ResetRow, kind: AuditKind, outcome: Outcome) -> Event<'_> {
        Event {
            organization: reset.organization_id,
            kind,
            outcome,
            actor: self.actor,
            subject: Some(reset.account_id),
            reset: Some(reset.id),
            request_id: &self.request_id,
            personal: Personal {
                address: self.address,
                device: device::describe(&self.user_agent),
                staff: self.staff.clone(),
                why: reset.why().filter(|_| reset.delivery.is_temporary()),
                ..Personal::default()
            },
        }
    }

    /// What the owner is told of it, and for how long that is worth sending.
    pub fn notice(
        &self,
        account: &Account,
        dispute_link: MailedLink,
        login_link: MailedLink,
        now: Moment,
    ) -> (Letter, Duration) {
        let name = account.name.clone();
        let Some(Temporary { until, organization, mailed }) = self.temporary.clone() else {
            let changed = Occasion {
                at: now,
                address: self.address,
                device: device::describe(&self.user_agent),
            };
            let how = self.how;
            let letter = Letter::PasswordChanged { name, changed, how, dispute_link };
            return (letter, outbox::PATIENCE);
        };
        let first = account.password_hash.is_none();
        let at = now;
        match mailed {
            Some(password) => (
                Letter::GeneratedPassword {
                    first,
                    name,
                    organization,
                    at,
                    password,
                    until,
                    login_link,
                    dispute_link,
                },
                GENERATED_MAIL_LIFE,
            ),
            None => (
                Letter::TypedPassword {
                    first,
                    name,
                    organization,
                    at,
                    until,
                    login_link,
                    dispute_link,
                },
                outbox::PATIENCE,
            ),
        }
    }
}
