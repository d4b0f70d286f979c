//! What a directory tells of an account.

use std::collections::HashMap;

use ldap3::SearchEntry;
use model::{
    Moment,
    connector::{Overview, Reason},
    text::EmailAddress,
};

use super::Flavour;
use crate::{connectors::Account, secrets::hex};

/// `ADS_UF_ACCOUNTDISABLE`, in `userAccountControl` (MS-ADTS 2.2.16).
const DISABLED: u64 = 2;
/// When `pwdAccountLockedTime` says this, somebody locked the account for good.
const LOCKED_FOR_GOOD: &str = "000001010000Z";
/// From the beginning of 1601 to that of 1970, in microseconds.
const WINDOWS_EPOCH: i64 = 11_644_473_600_000_000;

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name (RFC 4514), as the directory writes it.
    pub dn: String,
    /// Values by attribute, in small letters: names of attributes have no case.
    values: HashMap<String, Vec<Vec<u8>>>,
}

impl Flavour {
    /// What is asked of an account's entry, beside the attribute with its name.
    pub(super) fn attributes(self) -> &'static [&'static str] {
        match self {
            Self::Ldap => &[
                "displayName",
                "cn",
                "mail",
                "entryUUID",
                "nsUniqueId",
                "pwdAccountLockedTime",
                "nsAccountLock",
                "pwdLastSuccess",
                "authTimestamp",
            ],
            Self::ActiveDirectory => &[
                "displayName",
                "cn",
                "mail",
                "objectGUID",
                "userAccountControl",
                "lastLogonTimestamp",
            ],
        }
    }
}

impl Entry {
    /// An entry as it was found.
    pub fn of(found: SearchEntry) -> Self {
        let texts = found.attrs.into_iter().map(|(name, values)| {
            (name, values.into_iter().map(String::into_bytes).collect::<Vec<_>>())
        });
        let values = texts.chain(found.bin_attrs);
        let values = values.map(|(name, values)| (name.to_ascii_lowercase(), values)).collect();
        Self { dn: found.dn, values }
    }

    fn bytes(&self, attribute: &str) -> &[Vec<u8>] {
        self.values.get(&attribute.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// The values of an attribute that are text.
    pub fn texts(&self, attribute: &str) -> impl Iterator<Item = &str> {
        self.bytes(attribute).iter().filter_map(|value| std::str::from_utf8(value).ok())
    }

    /// An attribute's first value, if there is something to read in it.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        self.texts(attribute).map(str::trim).find(|text| !text.is_empty())
    }

    /// What no other account has, not even one of the same name after this one is gone.
    pub fn fingerprint(&self) -> Option<String> {
        let guid = self.bytes("objectGUID").first().map(|guid| hex(guid));
        guid.or_else(|| self.text("entryUUID").or(self.text("nsUniqueId")).map(str::to_lowercase))
    }

    /// Why its password must not be set, if so: a new one would open what somebody closed.
    pub fn obstacle(&self, fingerprint: Option<&str>) -> Option<Reason> {
        if fingerprint.is_some() && fingerprint != self.fingerprint().as_deref() {
            return Some(Reason::AnotherAccount);
        }
        let control: u64 =
            self.text("userAccountControl").and_then(|n| n.parse().ok()).unwrap_or(0);
        let suspended = control & DISABLED != 0
            || self.text("nsAccountLock").is_some_and(|word| word.eq_ignore_ascii_case("true"))
            || self.text("pwdAccountLockedTime") == Some(LOCKED_FOR_GOOD);
        suspended.then_some(Reason::Suspended)
    }

    /// Whether it was locked after wrong passwords, and maybe still is.
    pub fn is_locked(&self) -> bool {
        self.text("pwdAccountLockedTime").is_some()
    }

    /// The account of an entry whose name is kept under an attribute.
    pub fn account(&self, attribute: &str) -> Option<Account> {
        Some(Account {
            name: self.text(attribute)?.to_owned(),
            fingerprint: self.fingerprint(),
            display_name: self.display_name(),
            emails: self.texts("mail").filter_map(|text| EmailAddress::parse(text).ok()).collect(),
        })
    }

    fn display_name(&self) -> Option<String> {
        self.text("displayName").or(self.text("cn")).map(str::to_owned)
    }

    /// What is shown of it.
    pub fn overview(&self) -> Overview {
        let windows = self.text("lastLogonTimestamp").and_then(of_windows_time);
        let last = ["pwdLastSuccess", "authTimestamp"];
        let last = last.iter().find_map(|name| of_generalized_time(self.text(name)?));
        Overview {
            display_name: self.display_name(),
            last_seen: windows.or(last),
            obstacle: self.obstacle(None),
            ..Overview::default()
        }
    }
}

/// Tenths of microseconds since the beginning of 1601 (FILETIME, MS-DTYP 2.3.3); 0 is never.
fn of_windows_time(text: &str) -> Option<Moment> {
    let tenths: i64 = text.parse().ok()?;
    (tenths > 0).then(|| Moment(tenths / 10 - WINDOWS_EPOCH))
}

/// A time in UTC, such as `20260807120000Z` or `20260807120000.123456Z` (RFC 4517, 3.3.13).
fn of_generalized_time(text: &str) -> Option<Moment> {
    let digits = text.strip_suffix('Z')?.split('.').next()?;
    if digits.len() != 14 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (date, time) = digits.split_at(8);
    let day = Moment::begin_of_day(&format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]))?;
    let part = |at: usize| time[at..at + 2].parse::<i64>().unwrap_or(0);
    let seconds = part(0) * 3_600 + part(2) * 60 + part(4);
    Some(Moment(day.0 + seconds * 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(values: &[(&str, &[u8])]) -> Entry {
        let mut entry =
            Entry { dn: "cn=Robin Example,dc=acme,dc=example".into(), values: HashMap::new() };
        for (name, value) in values {
            entry.values.entry(name.to_ascii_lowercase()).or_default().push(value.to_vec());
        }
        entry
    }

    #[test]
    fn times_of_both_kinds_are_understood() {
        let known = Moment(1_786_104_000_000_000);
        assert_eq!(known.rfc3339(), "2026-08-07T12:00:00Z");
        assert_eq!(of_generalized_time("20260807120000Z"), Some(known));
        assert_eq!(of_generalized_time("20260807120000.987654Z"), Some(known));
        assert_eq!(of_windows_time("134305776000000000"), Some(known));
        for other in ["", "20260807120000", "2026080712Z", "20261307120000Z", "2026ÄÄÄÄ1200Z"] {
            assert_eq!(of_generalized_time(other), None, "{other}");
        }
        assert_eq!(of_windows_time("0"), None);
        assert_eq!(of_windows_time("soon"), None);
    }

    #[test]
    fn an_account_of_active_directory_is_known_by_its_guid() {
        let guid: Vec<u8> = (0xf0..=0xff).collect();
        let robin = entry(&[
            ("sAMAccountName", b"robin"),
            ("displayName", "Robin Bäcker".as_bytes()),
            ("mail", b"robin@acme.example"),
            ("objectGUID", &guid),
            ("userAccountControl", b"512"),
            ("lastLogonTimestamp", b"134305776000000000"),
        ]);
        let account = robin.account("SAMACCOUNTNAME").expect("an account");
        assert_eq!(account.name, "robin");
        assert_eq!(account.display_name.as_deref(), Some("Robin Bäcker"));
        assert_eq!(account.fingerprint.as_deref(), Some("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"));
        assert_eq!(account.emails[0].as_str(), "robin@acme.example");
        assert_eq!(robin.overview().last_seen, Some(Moment(1_786_104_000_000_000)));
        assert_eq!(robin.obstacle(account.fingerprint.as_deref()), None);
        assert_eq!(robin.obstacle(Some("f0")), Some(Reason::AnotherAccount));
    }

    #[test]
    fn what_somebody_closed_stays_closed() {
        let suspended = |name: &str, value: &str| {
            entry(&[(name, value.as_bytes())]).obstacle(None) == Some(Reason::Suspended)
        };
        assert!(suspended("userAccountControl", "514"));
        assert!(suspended("nsAccountLock", "TRUE"));
        assert!(suspended("pwdAccountLockedTime", "000001010000Z"));
        assert!(!suspended("userAccountControl", "66048"));
        assert!(!suspended("pwdAccountLockedTime", "20260807120000Z"));
        assert!(entry(&[("pwdAccountLockedTime", b"20260807120000Z")]).is_locked());
    }

    #[test]
    fn an_entry_without_what_is_asked_for_is_no_account() {
        assert_eq!(entry(&[("cn", b"Printers")]).account("uid"), None);
        assert_eq!(entry(&[("uid", b" ")]).account("uid"), None);
        let plain = entry(&[("uid", b"sam")]).account("uid").expect("an account");
        assert_eq!((plain.fingerprint, plain.display_name, plain.emails), (None, None, vec![]));
    }
}
