//! Words about downstream systems.

use model::connector::{Field, Found, ImportPlan, KeyEffect, Overview, Reason};

use super::{number, reason};
use crate::i18n::tr;

/// What a setting is called.
pub fn field(field: Field) -> &'static str {
    match field {
        Field::Address => tr!(connector.address),
        Field::User => tr!(connector.user),
        Field::Password => tr!(connector.password),
        Field::ApiKey => tr!(connector.api_key),
        Field::SigningSecret => tr!(connector.signing_secret),
        Field::Base => tr!(connector.base),
        Field::Attribute => tr!(connector.attribute),
        Field::Keys => tr!(connector.keys),
    }
}

/// What a new password does to encryption keys.
pub fn key_effect(keys: KeyEffect) -> &'static str {
    match keys {
        KeyEffect::Rewrapped => tr!(connector.keys_rewrapped),
        KeyEffect::NotChanged => tr!(connector.keys_not_changed),
        KeyEffect::NotKnown => tr!(connector.keys_not_known),
    }
}

/// What a look at a system found, or why nothing was.
pub fn outcome(outcome: &Result<Found, Reason>) -> String {
    match outcome {
        Ok(found) => self::found(found),
        Err(why) => reason(*why).to_owned(),
    }
}

fn found(found: &Found) -> String {
    match (found.accounts, found.resettable) {
        (Some(accounts), Some(allow)) => {
            tr!(connector.found_allowing, accounts = number(accounts), allow = number(allow))
        }
        (Some(accounts), None) => tr!(connector.found, accounts = number(accounts)),
        (None, _) => tr!(connector.answers).to_owned(),
    }
}

/// What would be done about an account.
pub fn plan(plan: &ImportPlan) -> String {
    match plan {
        ImportPlan::Linked(name) => tr!(connector.plan_linked, name = name.to_string()),
        ImportPlan::Link(_, name) => tr!(connector.plan_link, name = name.to_string()),
        ImportPlan::Ambiguous => tr!(connector.plan_ambiguous).to_owned(),
        ImportPlan::Create => tr!(connector.plan_create).to_owned(),
        ImportPlan::NoAddress => tr!(connector.plan_no_address).to_owned(),
        ImportPlan::Taken => tr!(connector.plan_taken).to_owned(),
    }
}

/// How much is stored, and how much may be.
pub fn stored(used: Option<u64>, quota: Option<u64>) -> Option<String> {
    Some(match (used, quota) {
        (Some(used), Some(quota)) => tr!(service.used_of, used = bytes(used), quota = bytes(quota)),
        (Some(used), None) => tr!(service.used, used = bytes(used)),
        (None, Some(quota)) => tr!(service.quota, quota = bytes(quota)),
        (None, None) => return None,
    })
}

/// How many devices there are, and how many there may be.
pub fn devices(overview: &Overview) -> String {
    let count = number(u32::try_from(overview.devices.len()).unwrap_or(u32::MAX));
    match overview.most_devices {
        Some(most) => tr!(service.devices_of, count = count, most = number(most)),
        None => count,
    }
}

/// An amount of data, with one digit after the point where that tells something.
fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KB", "MB", "GB", "TB", "PB"];
    let mut unit = 0;
    let mut tenths = u128::from(bytes) * 10;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths = tenths.div_ceil(1_024);
        unit += 1;
    }
    let (whole, tenth) = (tenths / 10, tenths % 10);
    if whole >= 100 || tenth == 0 {
        format!("{whole}\u{a0}{}", UNITS[unit])
    } else {
        format!("{whole}{}{tenth}\u{a0}{}", tr!(service.point), UNITS[unit])
    }
}
