//! Second factors: what else than a password proves who one is.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    account::{AccountKind, Device},
    approval::ApprovalDesk,
    call::CallerCheck,
    id::{AccountId, DeviceId, FactorId},
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
    /// A passkey: the device makes sure who holds it, and proves it to this host only (WebAuthn).
    Passkey,
}

/// Which second factors somebody has who is asked for one, at the host that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Factors {
    /// Whether there is any, wherever it works.
    pub any: bool,
    /// Whether there is an authenticator app.
    pub app: bool,
    /// Whether there is a passkey that works at this host.
    pub passkey: bool,
}

/// What the page of two-factor authentication shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TwoFactorView {
    /// The authenticator app, when there is one: then a code is required to sign in.
    pub app: Option<AppView>,
    /// The passkeys, last used first. Any of them is asked for as well.
    pub passkeys: Vec<PasskeyView>,
    /// Where passkeys can be made and used.
    pub door: PasskeyDoor,
    /// A new secret that waits for its first code. Only after a fresh proof.
    pub setup: Option<SetupView>,
    /// New recovery codes that their owner has not said to have saved. Only after a fresh proof.
    pub fresh_codes: Vec<String>,
    /// Recovery codes that can still be used.
    pub codes_left: u32,
    /// Whether one is needed, so that the last one cannot be removed.
    pub required: bool,
    /// Whether there is a fresh proof.
    pub stepped_up: bool,
    /// The name to sign in with, for the file of recovery codes.
    pub sign_in_name: EmailAddress,
}

/// An authenticator app that is in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppView {
    /// The factor.
    pub id: FactorId,
    /// What its owner calls the device.
    pub name: Name,
    /// Since when.
    pub added_at: Moment,
    /// When a code of it was last accepted.
    pub last_used_at: Option<Moment>,
}

/// A passkey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyView {
    /// The passkey.
    pub id: FactorId,
    /// What its owner calls it.
    pub name: Name,
    /// The host that it works at, and no other.
    pub host: String,
    /// Since when.
    pub added_at: Moment,
    /// When it was last accepted.
    pub last_used_at: Option<Moment>,
    /// Since when it is refused, because there seem to be two of it.
    pub copied_at: Option<Moment>,
}

/// Where passkeys can be made: browsers refuse them at bare addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PasskeyDoor {
    /// Here, at this host.
    Here(String),
    /// Not here, but there: the beginning of an address.
    Elsewhere(String),
    /// At no address of this site.
    Nowhere,
}

/// What a browser is asked, to make or to use a passkey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyQuestion {
    /// The options for the browser, as JSON (WebAuthn Level 3, 5.8).
    pub options: String,
    /// What only the server reads, to be sent back with the answer.
    pub ticket: String,
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
    /// Whether there is a passkey that works here.
    pub passkey: bool,
    /// Whether that was used last, and is offered first.
    pub passkey_first: bool,
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

/// Where the removal of a lost second factor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "sqlx",
    derive(sqlx::Type),
    sqlx(type_name = "TEXT", rename_all = "snake_case")
)]
#[serde(rename_all = "snake_case")]
pub enum RemovalState {
    /// Its time has not come; whoever has the factor can stop it.
    Waiting,
    /// The factor is gone.
    Done,
    /// The factor stays.
    Stopped,
}

/// Why somebody's second factor cannot be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemovalObstacle {
    /// The reader's role does not allow it.
    NotPermitted,
    /// It is the reader.
    Yourself,
    /// They are the last owner of their organization.
    LastOwner,
    /// They are an owner, and the reader is not.
    Owner,
    /// They are suspended, or their organization is.
    Suspended,
    /// They said "this wasn't me".
    Disputed,
    /// They dispute what the reader did.
    DisputedAgainst,
    /// There is none.
    NoFactor,
    /// One waits already.
    Waiting,
    /// No code can be mailed to them.
    NoMail,
    /// The caller has to be verified first.
    CallerUnknown,
    /// A second person has to agree first.
    SecondApprover,
}

/// The removal of a second factor that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingRemoval {
    /// Who asked for it, and for which organization they work, where that is still known.
    pub by: Option<(Name, Name)>,
    /// When they did.
    pub asked_at: Moment,
    /// When it takes effect.
    pub due_at: Moment,
}

/// What the page on which a lost second factor is removed shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorDesk {
    /// Whose factor.
    pub account: AccountId,
    /// Staff or customer.
    pub kind: AccountKind,
    /// What they are called.
    pub name: Name,
    /// Where mail goes.
    pub email: EmailAddress,
    /// Who looks after them, or for whom they work.
    pub organization: Name,
    /// Whether the reader proved their own password a short while ago.
    pub stepped_up: bool,
    /// Why it cannot be removed, if so.
    pub obstacle: Option<RemovalObstacle>,
    /// The removal that waits.
    pub waiting: Option<WaitingRemoval>,
    /// Whether the reader may stop it.
    pub may_stop: bool,
    /// Hours for which a removal waits.
    pub hours: u32,
    /// Whether they will have to set up another one at their next sign-in.
    pub needed: bool,
    /// What is known about the caller.
    pub caller: CallerCheck,
    /// The second person who has to agree, if one has to.
    pub approval: Option<ApprovalDesk>,
}

/// What became of a removal, for those who asked for it or stopped it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovalDone {
    /// Whose factor.
    pub account: AccountId,
    /// Staff or customer.
    pub kind: AccountKind,
    /// What was done.
    pub deed: RemovalDeed,
}

/// What was just done about a second factor, and by which name pages speak of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemovalDeed {
    /// It waits.
    Asked,
    /// The factor is gone.
    Removed,
    /// The factor stays.
    Stopped,
}

impl RemovalDeed {
    /// Every deed.
    pub const ALL: [Self; 3] = [Self::Asked, Self::Removed, Self::Stopped];

    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Removed => "removed",
            Self::Stopped => "stopped",
        }
    }

    /// The deed that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|deed| deed.word() == word)
    }
}

/// What the page of a link shows by which somebody keeps their second factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepView {
    /// The account's address, masked.
    pub email: String,
    /// What waits.
    pub removal: WaitingRemoval,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deeds_have_words() {
        for deed in RemovalDeed::ALL {
            assert_eq!(RemovalDeed::from_word(deed.word()), Some(deed));
        }
    }
}
