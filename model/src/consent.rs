//! Consent: the customer's own permission that the reseller may set their password.

use serde::{Deserialize, Serialize};

/// Where an entry of the consent ledger came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum ConsentSource {
    /// The form that created the customer.
    Creation,
    /// The import row that created the customer.
    Import,
    /// The customer's own choice.
    Customer,
}
