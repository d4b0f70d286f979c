//! One's own second factors.

use leptos::prelude::*;
use model::{
    factor::{PasskeyQuestion, RememberedDevice, TwoFactorView},
    id::{DeviceId, FactorId},
};

use super::{ApiError, Hidden};
#[cfg(feature = "ssr")]
use super::{actor, halfway_if_any, owner, see_other_if_plain};

#[cfg(feature = "ssr")]
const PAGE: &str = "/account/security/two-factor";
#[cfg(feature = "ssr")]
const PASSKEYS: &str = "/account/security/passkeys";

/// What the page of two-factor authentication shows.
#[server(prefix = "/api", endpoint = "factor/view")]
pub async fn my_two_factor() -> Result<TwoFactorView, ApiError> {
    let (portal, _, actor) = owner().await?;
    Ok(portal.two_factor(&actor).await?)
}

/// Makes a new secret for an authenticator app.
#[server(prefix = "/api", endpoint = "factor/begin")]
pub async fn begin_app(
    /// `yes`: two-factor authentication is wanted.
    #[server(default)]
    require: String,
    /// Whether one knows that other devices are replaced.
    #[server(default)]
    replaces: bool,
) -> Result<(), ApiError> {
    let (portal, _, actor) = owner().await?;
    let mut missing = Vec::new();
    for (field, is_there) in [("require", require == "yes"), ("replaces", replaces)] {
        if !is_there {
            missing.push(model::refusal::FieldProblem {
                field: field.into(),
                problem: model::refusal::Problem::Required,
            });
        }
    }
    if !missing.is_empty() {
        return Err(ApiError::Refused(model::Refusal::Fields(missing)).told());
    }
    portal.begin_app(&actor).await?;
    see_other_if_plain(PAGE);
    Ok(())
}

/// Forgets a new secret that was not proven.
#[server(prefix = "/api", endpoint = "factor/cancel")]
pub async fn cancel_app() -> Result<(), ApiError> {
    let (portal, _, actor) = owner().await?;
    portal.cancel_app(&actor).await?;
    see_other_if_plain("/account/security");
    Ok(())
}

/// Proves a new secret with its first code.
#[server(prefix = "/api", endpoint = "factor/confirm")]
pub async fn confirm_app(
    /// What to call the device.
    name: String,
    /// The code that it shows.
    code: Hidden,
) -> Result<(), ApiError> {
    let (portal, _, actor) = owner().await?;
    portal.confirm_app(&actor, portal::ConfirmApp { name, code: code.into() }).await?;
    see_other_if_plain("/account/security/two-factor?done=app");
    Ok(())
}

/// Makes new recovery codes, to be saved.
#[server(prefix = "/api", endpoint = "factor/make-codes")]
pub async fn make_codes() -> Result<(), ApiError> {
    let (portal, _, actor) = owner().await?;
    portal.make_recovery_codes(&actor).await?;
    see_other_if_plain(PAGE);
    Ok(())
}

/// One has saved the new recovery codes.
#[server(prefix = "/api", endpoint = "factor/save-codes")]
pub async fn save_codes(
    /// Whether they are the first ones.
    #[server(default)]
    first: bool,
) -> Result<(), ApiError> {
    let (portal, _, actor) = owner().await?;
    portal.save_recovery_codes(&actor).await?;
    let done = if first { "codes" } else { "new_codes" };
    see_other_if_plain(&format!("/account/security?done={done}"));
    Ok(())
}

/// Asks the browser for a passkey of one's own: as a fresh proof, or as the second step of signing
/// in.
#[server(prefix = "/api", endpoint = "factor/ask-passkey")]
pub async fn ask_passkey() -> Result<PasskeyQuestion, ApiError> {
    if let Some((portal, _, halfway)) = halfway_if_any().await? {
        return Ok(portal.ask_halfway(&halfway).await?);
    }
    let (portal, _, actor) = actor().await?;
    Ok(portal.ask_actor(&actor).await?)
}

/// Asks the browser for a new passkey.
#[server(prefix = "/api", endpoint = "factor/begin-passkey")]
pub async fn begin_passkey() -> Result<PasskeyQuestion, ApiError> {
    let (portal, _, actor) = owner().await?;
    Ok(portal.begin_passkey(&actor).await?)
}

/// Adds the passkey that the browser made.
#[server(prefix = "/api", endpoint = "factor/add-passkey")]
pub async fn add_passkey(
    /// What to call it.
    name: String,
    /// What the browser answered.
    #[server(default)]
    answer: Hidden,
) -> Result<(), ApiError> {
    let (portal, _, actor) = owner().await?;
    let request = portal::AddPasskey { name, answer: answer.into() };
    portal.add_passkey(&actor, request).await?;
    see_other_if_plain(&format!("{PASSKEYS}?done=added"));
    Ok(())
}

/// Removes one of one's factors.
#[server(prefix = "/api", endpoint = "factor/remove")]
pub async fn remove_factor(
    /// The factor.
    factor: FactorId,
) -> Result<(), ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.remove_factor(&actor, factor).await?;
    see_other_if_plain("/account/security?done=removed");
    Ok(())
}

/// Turns two-factor authentication off.
#[server(prefix = "/api", endpoint = "factor/turn-off")]
pub async fn turn_off() -> Result<(), ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.turn_off_two_factor(&actor).await?;
    see_other_if_plain("/account/security?done=off");
    Ok(())
}

/// The devices on which one is not asked for the second factor.
#[server(prefix = "/api", endpoint = "factor/devices")]
pub async fn my_devices() -> Result<Vec<RememberedDevice>, ApiError> {
    let (portal, _, actor) = actor().await?;
    Ok(portal.remembered_devices(&actor).await?)
}

/// Asks for the second factor again on one of them.
#[server(prefix = "/api", endpoint = "factor/forget-device")]
pub async fn forget_device(
    /// The device.
    device: DeviceId,
) -> Result<(), ApiError> {
    let (portal, _, actor) = actor().await?;
    portal.forget_device(&actor, device).await?;
    see_other_if_plain("/account/security?done=device");
    Ok(())
}
