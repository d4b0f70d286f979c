//! Mailed links.

use serde::{Deserialize, Serialize};

use crate::{Moment, account::PasswordRules, factor::Factors, text::EmailAddress};

/// What a link is for. A link made for one flow is nothing in another (ASVS 6.6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// Choose a new password for a forgotten one.
    Reset,
    /// Choose the first password.
    Invitation,
    /// Say "this wasn't me".
    Dispute,
    /// Prove a new email address.
    ConfirmEmail,
    /// Stop a change of email address.
    CancelEmail,
    /// Keep the second factor that staff are about to remove.
    KeepFactor,
}

/// Where a link stands. Only an open one that has not expired can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Waiting to be used.
    Open,
    /// Used; it worked once.
    Used,
    /// Made worthless by something newer.
    Void,
    /// Was not used in time.
    Expired,
}

/// Who asked for a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum LinkOrigin {
    /// Somebody at the forgotten-password page.
    Anonymous,
    /// Staff.
    Staff,
    /// Rekey itself, in a notice.
    Notice,
}

/// What the page of a usable link shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkView {
    /// The account's address, masked.
    pub email: String,
    /// The name to sign in with, for password managers, where a password is chosen: who holds
    /// the link read it in that mailbox.
    pub sign_in_name: Option<EmailAddress>,
    /// When the link stops working.
    pub expires_at: Moment,
    /// What the new password must be like.
    pub rules: PasswordRules,
    /// Whether it also asks for the PIN that was read out.
    pub pin: bool,
    /// The account's second factors, if it also asks for one.
    pub factors: Factors,
}
