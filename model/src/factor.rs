//! Second factors: what else than a password proves who one is.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    account::Device,
    id::DeviceId,
    text::{EmailAddress, Name},
};

/// What kind of second factor it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// An authenticator app that shows a code of six digits, another one every 30 seconds
    /// (RFC 6238).
    Totp,
}

/// What the page of two-factor authentication shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TwoFactorView {
    /// The authenticator app, when there is one: then a code is required to sign in.
    pub app: Option<AppView>,
    /// A new secret that waits for its first code. Only after a fresh proof.
    pub setup: Option<SetupView>,
    /// New recovery codes that their owner has not said to have saved. Only after a fresh proof.
    pub fresh_codes: Vec<String>,
    /// Recovery codes that can still be used.
    pub codes_left: u32,
    /// Whether there is a fresh proof.
    pub stepped_up: bool,
    /// The name to sign in with, for the file of recovery codes.
    pub sign_in_name: EmailAddress,
}

/// An authenticator app that is in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppView {
    /// What its owner calls the device.
    pub name: Name,
    /// Since when.
    pub added_at: Moment,
    /// When a code of it was last accepted.
    pub last_used_at: Option<Moment>,
}

/// A secret on its way into an authenticator app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupView {
    /// The QR code, an SVG image.
    pub qr: String,
    /// The secret as text (base32), for devices without a camera.
    pub secret: String,
    /// The `otpauth:` link, which opens an app on the same device.
    pub link: String,
    /// Until when it waits.
    pub expires_at: Moment,
}

/// What the second step of signing in shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorChoice {
    /// What the owner calls the device with the authenticator app.
    pub app: Option<Name>,
    /// Whether there are recovery codes.
    pub recovery: bool,
    /// Days for which this device may be spared the second factor; 0 when it may not.
    pub remember_days: u32,
    /// Until when the sign-in waits.
    pub expires_at: Moment,
}

/// A device on which no second factor is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedDevice {
    /// The device.
    pub id: DeviceId,
    /// Browser and system, as far as the browser told.
    pub device: Device,
    /// When it was last signed in with.
    pub last_used_at: Moment,
    /// Until when it is spared.
    pub until: Moment,
}
