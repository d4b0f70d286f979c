//! What a Comet server knows about one of its users, as far as it is looked at here.

use std::collections::BTreeMap;

use model::{
    Moment,
    connector::{Overview, Reason, Vault},
};
use serde::{Deserialize, Deserializer, de::IgnoredAny};

use crate::secrets::Secret;

/// A user's profile (`UserProfileConfig` in Comet's words).
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "they are what the server tells")]
pub(super) struct Profile {
    account_name: String,
    #[serde(deserialize_with = "list")]
    pub emails: Vec<String>,
    #[serde(rename = "CreationGUID")]
    creation_guid: String,
    is_suspended: bool,
    all_protected_items_quota_enabled: bool,
    all_protected_items_quota_bytes: i64,
    maximum_devices: i64,
    #[serde(deserialize_with = "map")]
    destinations: BTreeMap<String, Destination>,
    #[serde(deserialize_with = "map")]
    sources: BTreeMap<String, Source>,
    #[serde(deserialize_with = "map")]
    devices: BTreeMap<String, Device>,
    password_hash: Secret,
    password_recovery: Presence,
    allow_password_login: bool,
    require_password_change: bool,
    policy: Policy,
}

/// Whether there is text. What it says is a root of trust, and dropped as soon as it is read.
#[derive(Default)]
struct Presence(bool);

/// A storage vault.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Destination {
    description: String,
    storage_limit_enabled: bool,
    storage_limit_bytes: i64,
    statistics: DestinationStatistics,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct DestinationStatistics {
    client_provided_size: Size,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Size {
    /// In bytes.
    size: i64,
    /// In seconds since 1970; 0 for never.
    measure_completed: i64,
}

/// What is backed up: a protected item.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Source {
    statistics: SourceStatistics,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SourceStatistics {
    /// In seconds since 1970; 0 for never.
    #[serde(rename = "LastStartTime")]
    started: i64,
    #[serde(rename = "LastBackupJob")]
    last: Job,
    #[serde(rename = "LastSuccessfulBackupJob")]
    last_good: Job,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Job {
    /// In seconds since 1970; 0 for never.
    start_time: i64,
    /// The same; 0 while it runs.
    end_time: i64,
    /// In bytes.
    total_size: i64,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Device {
    friendly_name: String,
}

/// What a policy of the server holds a user to.
#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Policy {
    #[serde(rename = "PreventOpenWebUI")]
    prevent_open_web_ui: bool,
}

impl Profile {
    /// By which a user is known not to be another one of the same name.
    pub fn fingerprint(&self) -> Option<&str> {
        Some(&*self.creation_guid).filter(|guid| !guid.is_empty())
    }

    /// What whoever the account is for is called.
    pub fn display_name(&self) -> Option<String> {
        Some(self.account_name.trim()).filter(|name| !name.is_empty()).map(str::to_owned)
    }

    /// Whether the user lets administrators set the password.
    pub fn allows_resets(&self) -> bool {
        self.password_recovery.0
    }

    /// Why the password cannot be set, if so, for whoever knows the user by `fingerprint`.
    pub fn obstacle(&self, fingerprint: Option<&str>) -> Option<Reason> {
        if fingerprint.is_some() && fingerprint != self.fingerprint() {
            Some(Reason::AnotherAccount)
        } else if self.is_suspended {
            Some(Reason::Suspended)
        } else if !self.allows_resets() {
            Some(Reason::NoConsent)
        } else {
            None
        }
    }

    /// Why one could not sign in on the web even with the right password, if so.
    pub fn bars_sign_in(&self) -> Option<Reason> {
        if self.is_suspended {
            Some(Reason::Suspended)
        } else if !self.allow_password_login
            || self.require_password_change
            || self.policy.prevent_open_web_ui
        {
            Some(Reason::NotVerified)
        } else {
            None
        }
    }

    /// Whether this is the same user as before, with another password. The hash of the whole profile
    /// would not tell: statistics are in it, and change with every backup.
    pub fn has_another_password_than(&self, before: &Self) -> bool {
        let (now, then) = (self.password_hash.reveal(), before.password_hash.reveal());
        self.creation_guid == before.creation_guid && ![now, then].contains(&"") && now != then
    }

    /// What staff are shown.
    pub fn overview(&self) -> Overview {
        let limit = |enabled, bytes| if enabled { u64::try_from(bytes).ok() } else { None };
        let vaults = self.destinations.values().map(|vault| {
            let Size { size, measure_completed } = vault.statistics.client_provided_size;
            Vault {
                name: vault.description.clone(),
                quota: limit(vault.storage_limit_enabled, vault.storage_limit_bytes),
                used: limit(measure_completed > 0, size),
            }
        });
        let (mut vaults, mut devices): (Vec<_>, Vec<_>) = (
            vaults.collect(),
            self.devices.iter().map(|(id, device)| device.name(id).to_owned()).collect(),
        );
        vaults.sort_by(|one, other| one.name.cmp(&other.name));
        devices.sort();
        Overview {
            display_name: self.display_name(),
            quota: limit(
                self.all_protected_items_quota_enabled,
                self.all_protected_items_quota_bytes,
            ),
            used: self.used(),
            devices,
            most_devices: u32::try_from(self.maximum_devices).ok().filter(|most| *most > 0),
            vaults,
            last_seen: self.last_seen(),
            obstacle: self.obstacle(None),
        }
    }

    /// Bytes of all protected items, which is what the quota is about.
    fn used(&self) -> Option<u64> {
        let jobs = self.sources.values().map(|source| &source.statistics.last_good);
        let sizes = jobs.filter(|job| job.end_time > 0).map(|job| u64::try_from(job.total_size));
        sizes.flatten().reduce(u64::saturating_add)
    }

    /// When one of the user's devices last told something.
    fn last_seen(&self) -> Option<Moment> {
        let backups = self.sources.values().flat_map(|Source { statistics }| {
            let job = &statistics.last;
            [statistics.started, job.start_time, job.end_time]
        });
        let measured = self.destinations.values();
        let measured =
            measured.map(|vault| vault.statistics.client_provided_size.measure_completed);
        let last = backups.chain(measured).max().filter(|seconds| *seconds > 0)?;
        Some(Moment(last.checked_mul(1_000_000)?))
    }
}

impl Device {
    fn name<'a>(&'a self, id: &'a str) -> &'a str {
        if self.friendly_name.is_empty() { id } else { &self.friendly_name }
    }
}

impl<'de> Deserialize<'de> for Presence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<Secret>::deserialize(deserializer)?;
        Ok(Self(text.is_some_and(|text| !text.reveal().is_empty())))
    }
}

/// A list; Go writes one that was never made as nothing.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A map; Go writes one that was never made as nothing, PHP one that is empty as a list.
fn map<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written<T> {
        Map(BTreeMap<String, T>),
        Empty([IgnoredAny; 0]),
        Nothing(()),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::Map(map) => map,
        Written::Empty(_) | Written::Nothing(()) => BTreeMap::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(text: &str) -> Profile {
        serde_json::from_str(text).expect("a profile")
    }

    #[test]
    fn what_is_empty_is_written_in_several_ways() {
        for empty in [
            r"{}",
            r#"{"Devices": {}, "Destinations": {}, "Sources": {}, "Emails": [], "Policy": {}}"#,
            r#"{"Devices": [], "Destinations": [], "Sources": [], "Emails": [], "Policy": []}"#,
            r#"{"Devices": null, "Destinations": null, "Sources": null, "Emails": null}"#,
        ] {
            let overview = profile(empty).overview();
            let nothing = Overview { obstacle: Some(Reason::NoConsent), ..Overview::default() };
            assert_eq!(overview, nothing, "{empty}");
        }
        // Something else is not nothing.
        assert!(serde_json::from_str::<Profile>(r#"{"Devices": ["one"]}"#).is_err());
    }

    #[test]
    fn consent_is_there_or_not() {
        for (text, there) in [
            (r#"{"PasswordRecovery": "a root of trust"}"#, true),
            (r#"{"PasswordRecovery": ""}"#, false),
            (r#"{"PasswordRecovery": null}"#, false),
            (r"{}", false),
        ] {
            assert_eq!(profile(text).allows_resets(), there, "{text}");
        }
    }

    #[test]
    fn another_password_is_told_by_its_hash() {
        let with = |guid: &str, hash: &str| {
            profile(&format!(r#"{{"CreationGUID": "{guid}", "PasswordHash": "{hash}"}}"#))
        };
        let before = with("one", "before");
        assert!(with("one", "after").has_another_password_than(&before));
        assert!(!with("one", "before").has_another_password_than(&before));
        // Another user, and hashes that are not told.
        assert!(!with("two", "after").has_another_password_than(&before));
        assert!(!with("one", "").has_another_password_than(&before));
        assert!(!with("one", "after").has_another_password_than(&with("one", "")));
    }
}
