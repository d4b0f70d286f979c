//! What a directory's answers mean: result codes (RFC 4511, appendix A), password policy
//! (draft-behera-ldap-password-policy), and what Active Directory hides in its texts.

use ldap3::{LdapResult, controls::RawControl};
use model::connector::Reason;

use super::{Flavour, ber};
use crate::connectors::{Outcome, Verified};

/// The control by which a server tells what its policy objects to; the same in both directions.
const POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";

/// Asks for what a policy says.
pub(super) fn ask_for_policy() -> RawControl {
    RawControl { ctype: POLICY.to_owned(), crit: false, val: None }
}

/// What a policy objects to, by its number (section 6.2 of the draft).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Objection {
    Expired,
    Locked,
    MustChange,
    NotAllowed,
    OldPasswordMissing,
    Quality,
    TooShort,
    TooYoung,
    UsedBefore,
    TooLong,
}

impl Objection {
    fn of(result: &LdapResult) -> Option<Self> {
        let control = result.ctrls.iter().find(|control| control.1.ctype == POLICY)?;
        let (_, mut rest, _) = ber::element(control.1.val.as_deref()?)?;
        // Warnings come first and are no objections.
        while let Some((tag, content, after)) = ber::element(rest) {
            if tag == 0x81 {
                return Some(match content {
                    [0] => Self::Expired,
                    [1] => Self::Locked,
                    [2] => Self::MustChange,
                    [3] => Self::NotAllowed,
                    [4] => Self::OldPasswordMissing,
                    [5] => Self::Quality,
                    [6] => Self::TooShort,
                    [7] => Self::TooYoung,
                    [8] => Self::UsedBefore,
                    [9] => Self::TooLong,
                    _ => return None,
                });
            }
            rest = after;
        }
        None
    }
}

/// The error of Windows that an answer of Active Directory begins with, such as `0000052D`.
fn windows_error(text: &str) -> Option<u32> {
    u32::from_str_radix(text.get(..8)?, 16).ok()
}

/// Why Active Directory refused a sign-in: the number after `data` (MS-ADTS 5.1.1).
fn sign_in_error(text: &str) -> Option<u32> {
    let (_, after) = text.split_once(", data ")?;
    let digits = after.split(|c: char| !c.is_ascii_hexdigit()).next()?;
    u32::from_str_radix(digits, 16).ok()
}

/// What came of Rekey's own sign-in.
pub(super) fn of_own_sign_in(result: &LdapResult) -> Result<(), Reason> {
    match result.rc {
        0 => Ok(()),
        8 | 13 => Err(Reason::NotEncrypted),
        32 | 34 | 48 | 49 | 50 | 53 => Err(Reason::SignInRefused),
        _ => Err(of_trouble(result)),
    }
}

/// What came of a search.
pub(super) fn of_search(result: &LdapResult) -> Result<(), Reason> {
    match result.rc {
        0 => Ok(()),
        // A base that is not there, or is not to be seen, and limits that this sign-in has.
        3 | 4 | 11 | 32 | 50 => Err(Reason::NotPermitted),
        _ => Err(of_trouble(result)),
    }
}

fn of_trouble(result: &LdapResult) -> Reason {
    match result.rc {
        8 | 13 => Reason::NotEncrypted,
        50 => Reason::NotPermitted,
        51 => Reason::AskedToWait,
        52 => Reason::Unreachable,
        1 | 80 => Reason::ItsFault,
        _ => Reason::Refused,
    }
}

/// What came of asking for a new password.
pub(super) fn of_new_password(flavour: Flavour, result: &LdapResult) -> Outcome {
    let refused = match result.rc {
        0 => return Outcome::Applied,
        19 | 53 if flavour == Flavour::ActiveDirectory => match windows_error(&result.text) {
            Some(0x1f) => Reason::NotEncrypted,
            Some(0x5) => Reason::NotPermitted,
            // ERROR_PASSWORD_RESTRICTION, and whatever else a constraint may be about.
            Some(0x52d) => Reason::PasswordRefused,
            _ if result.rc == 19 => Reason::PasswordRefused,
            _ => Reason::Refused,
        },
        19 | 50 | 53 => match Objection::of(result) {
            Some(Objection::TooShort) => Reason::PasswordTooShort,
            Some(Objection::UsedBefore) => Reason::PasswordUsedBefore,
            Some(Objection::Quality | Objection::TooLong) => Reason::PasswordRefused,
            Some(Objection::TooYoung) => Reason::AskedToWait,
            Some(Objection::NotAllowed | Objection::OldPasswordMissing) => Reason::NotPermitted,
            _ if result.rc == 50 => Reason::NotPermitted,
            _ if result.rc == 19 => Reason::PasswordRefused,
            _ => Reason::Refused,
        },
        // Servers without the extended operation (RFC 3062).
        2 | 12 => Reason::NotOffered,
        32 => Reason::NoSuchAccount,
        _ => return of_other(result),
    };
    Outcome::Refused(refused)
}

/// What came of asking for another change of an account.
pub(super) fn of_change(result: &LdapResult) -> Outcome {
    match result.rc {
        0 => Outcome::Applied,
        // No such attribute, none of that kind here, or none that may be written.
        16 | 17 | 18 | 21 | 65 => Outcome::Refused(Reason::NotOffered),
        19 | 53 => Outcome::Refused(Reason::Refused),
        32 => Outcome::Refused(Reason::NoSuchAccount),
        _ => of_other(result),
    }
}

fn of_other(result: &LdapResult) -> Outcome {
    match (result.rc, of_trouble(result)) {
        // Busy and unavailable servers have done nothing, and may later.
        (51 | 52, reason) => Outcome::NotSent(reason),
        // Something broke there, after who knows what.
        (3 | 80, _) => Outcome::Unknown(Reason::ItsFault),
        (_, reason) => Outcome::Refused(reason),
    }
}

/// What a sign-in as the account's owner shows. `locked`: whether the account looked locked, which
/// is answered in the same words as a wrong password.
pub(super) fn of_sign_in(flavour: Flavour, result: &LdapResult, locked: bool) -> Verified {
    if result.rc == 0 {
        return Verified::Yes;
    }
    if flavour == Flavour::ActiveDirectory && result.rc == 49 {
        return match sign_in_error(&result.text) {
            Some(0x525) => Verified::NotSeen(Reason::NoSuchAccount),
            Some(0x52e) => Verified::No,
            // The right one: expired, or to be changed first.
            Some(0x532 | 0x773) => Verified::Yes,
            Some(0x533) => Verified::NotSeen(Reason::Suspended),
            // Locked, expired as a whole, at the wrong hour, or from the wrong machine.
            _ => Verified::NotSeen(Reason::NotVerified),
        };
    }
    match (result.rc, Objection::of(result)) {
        (49 | 53, Some(Objection::Expired | Objection::MustChange)) => Verified::Yes,
        (49, None) if !locked => Verified::No,
        // An account without any password.
        (48, _) => Verified::No,
        (8 | 13 | 51 | 52 | 80, _) => Verified::NotSeen(of_trouble(result)),
        _ => Verified::NotSeen(Reason::NotVerified),
    }
}

#[cfg(test)]
mod tests {
    use ldap3::controls::Control;

    use super::*;

    fn said(rc: u32, text: &str, policy: Option<&[u8]>) -> LdapResult {
        let control = |value: &[u8]| {
            Control(None, RawControl { val: Some(value.to_vec()), ..ask_for_policy() })
        };
        LdapResult {
            rc,
            matched: String::new(),
            text: text.to_owned(),
            refs: vec![],
            ctrls: policy.map(control).into_iter().collect(),
        }
    }

    #[test]
    fn codes_and_policies_of_directories_become_reasons() {
        let policy = |error: u8| vec![0x30, 3, 0x81, 1, error];
        // A warning (78 days until the end) before the objection.
        let warned = [0x30, 8, 0xa0, 3, 0x80, 1, 78, 0x81, 1, 6];
        for (rc, control, outcome) in [
            (0, None, Outcome::Applied),
            (19, Some(policy(6)), Outcome::Refused(Reason::PasswordTooShort)),
            (19, Some(warned.to_vec()), Outcome::Refused(Reason::PasswordTooShort)),
            (19, Some(policy(8)), Outcome::Refused(Reason::PasswordUsedBefore)),
            (19, Some(policy(5)), Outcome::Refused(Reason::PasswordRefused)),
            (19, Some(policy(7)), Outcome::Refused(Reason::AskedToWait)),
            (19, Some(vec![0x30, 0x84]), Outcome::Refused(Reason::PasswordRefused)),
            (19, None, Outcome::Refused(Reason::PasswordRefused)),
            (50, Some(policy(3)), Outcome::Refused(Reason::NotPermitted)),
            (50, None, Outcome::Refused(Reason::NotPermitted)),
            (32, None, Outcome::Refused(Reason::NoSuchAccount)),
            (53, None, Outcome::Refused(Reason::Refused)),
            (2, None, Outcome::Refused(Reason::NotOffered)),
            (10, None, Outcome::Refused(Reason::Refused)),
            (13, None, Outcome::Refused(Reason::NotEncrypted)),
            (51, None, Outcome::NotSent(Reason::AskedToWait)),
            (52, None, Outcome::NotSent(Reason::Unreachable)),
            (80, None, Outcome::Unknown(Reason::ItsFault)),
        ] {
            let result = said(rc, "", control.as_deref());
            assert_eq!(of_new_password(Flavour::Ldap, &result), outcome, "{rc} {control:?}");
        }
        assert_eq!(of_change(&said(17, "", None)), Outcome::Refused(Reason::NotOffered));
        assert_eq!(of_change(&said(50, "", None)), Outcome::Refused(Reason::NotPermitted));
    }

    #[test]
    fn active_directory_says_in_its_texts_what_it_objects_to() {
        let svc = ": SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0\n\0";
        let att = ": AtrErr: DSID-03191083, #1:\n\t0: 0000052D: DSID-03191083, problem 1005 (CONSTRAINT_ATT_TYPE), data 0, Att 9005a (unicodePwd)\n\0";
        for (rc, error, rest, reason) in [
            (53, "0000052D", svc, Reason::PasswordRefused),
            (19, "0000052D", att, Reason::PasswordRefused),
            (53, "0000001F", svc, Reason::NotEncrypted),
            (53, "00000005", svc, Reason::NotPermitted),
            (19, "0000202F", att, Reason::PasswordRefused),
            (53, "00002035", svc, Reason::Refused),
            (53, "ÄÖÜ", "", Reason::Refused),
            (50, "00000005", svc, Reason::NotPermitted),
            (32, "0000208D", svc, Reason::NoSuchAccount),
        ] {
            let result = said(rc, &format!("{error}{rest}"), None);
            let outcome = of_new_password(Flavour::ActiveDirectory, &result);
            assert_eq!(outcome, Outcome::Refused(reason), "{rc} {error}");
        }
    }

    #[test]
    fn active_directory_says_why_a_sign_in_failed() {
        for (data, verified) in [
            ("52e", Verified::No),
            ("532", Verified::Yes),
            ("773", Verified::Yes),
            ("533", Verified::NotSeen(Reason::Suspended)),
            ("525", Verified::NotSeen(Reason::NoSuchAccount)),
            ("775", Verified::NotSeen(Reason::NotVerified)),
            ("701", Verified::NotSeen(Reason::NotVerified)),
            ("", Verified::NotSeen(Reason::NotVerified)),
        ] {
            let text = format!(
                "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {data}, v2580\0"
            );
            let found = of_sign_in(Flavour::ActiveDirectory, &said(49, &text, None), false);
            assert_eq!(found, verified, "{data}");
        }
        let unclear = of_sign_in(Flavour::ActiveDirectory, &said(49, "no", None), false);
        assert_eq!(unclear, Verified::NotSeen(Reason::NotVerified));
    }

    #[test]
    fn a_refused_sign_in_means_another_password_only_where_nothing_else_could_be_meant() {
        let policy = |error: u8| [0x30, 3, 0x81, 1, error];
        let sign_in = |rc, control: Option<&[u8]>, locked| {
            of_sign_in(Flavour::Ldap, &said(rc, "", control), locked)
        };
        let unclear = Verified::NotSeen(Reason::NotVerified);
        assert_eq!(sign_in(0, Some(&policy(2)), false), Verified::Yes);
        assert_eq!(sign_in(49, None, false), Verified::No);
        assert_eq!(sign_in(49, None, true), unclear);
        assert_eq!(sign_in(49, Some(&policy(1)), false), unclear);
        assert_eq!(sign_in(49, Some(&policy(0)), false), Verified::Yes);
        assert_eq!(sign_in(52, None, false), Verified::NotSeen(Reason::Unreachable));
    }

    #[test]
    fn ones_own_sign_in_is_another_matter() {
        for (rc, outcome) in [
            (0, Ok(())),
            (49, Err(Reason::SignInRefused)),
            (34, Err(Reason::SignInRefused)),
            (13, Err(Reason::NotEncrypted)),
            (51, Err(Reason::AskedToWait)),
        ] {
            assert_eq!(of_own_sign_in(&said(rc, "", None)), outcome, "{rc}");
        }
        assert_eq!(of_search(&said(32, "", None)), Err(Reason::NotPermitted));
        assert_eq!(of_search(&said(4, "", None)), Err(Reason::NotPermitted));
    }
}
