//! Ids: UUIDs, each with a type of its own so that they cannot be mixed up.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// An organization.
    OrganizationId;
    /// A branded front door.
    SiteId;
    /// Someone who signs in.
    AccountId;
    /// A signed-in browser.
    SessionId;
    /// A browser that has signed in before.
    DeviceId;
    /// A mailed link; public, unlike its token.
    LinkId;
    /// One change of an account's password, from request to last target.
    ResetId;
    /// One place a reset applies to.
    TargetId;
    /// Proof that a caller was verified.
    ReceiptId;
    /// One code that a caller reads back.
    VerificationId;
    /// Something that a customer disputes.
    DisputeId;
    /// One mail on its way.
    MailId;
    /// One line of the audit log.
    AuditId;
    /// One line of the consent ledger.
    ConsentId;
    /// Work of many steps.
    JobId;
    /// One second factor of an account.
    FactorId;
    /// One removal of a lost second factor.
    RemovalId;
    /// One change of an email address.
    EmailChangeId;
    /// A downstream system that an organization has configured.
    ConnectorId;
    /// A customer's account in a downstream system.
    ServiceAccountId;
    /// A webhook that is told of events.
    EventHookId;
    /// One message to a webhook.
    EventDeliveryId;
    /// A key by which a program uses the API.
    ApiKeyId;
    /// Something that a second person is asked to agree to.
    ApprovalId;
}
