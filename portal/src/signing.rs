//! Messages that whoever gets them can check: Standard Webhooks 1.0.0
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).
//!
//! A message has an id, which stays the same however often it is sent, the time at which it is sent,
//! and one signature for each secret: while one gives way to another, both sign.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use model::Moment;
use reqwest::{
    RequestBuilder,
    header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER},
};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook,
};
use zeroize::Zeroizing;

use crate::{clock::Randomness, secrets::Secret};

/// What secrets begin with.
const PREFIX: &str = "whsec_";
/// Bytes of a secret, by the specification.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Bytes of the secrets that are made here.
const OUR_BYTES: usize = 32;

/// What messages are signed with.
#[derive(Clone, Debug)]
pub(crate) struct SigningSecret(Secret);

impl SigningSecret {
    /// A secret as it was typed.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = Zeroizing::new(STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?);
        BYTES.contains(&bytes.len()).then(|| Self(Secret::new(text.to_owned())))
    }

    /// A new one.
    pub fn generate(random: &Randomness) -> Self {
        let bytes = Zeroizing::new(random.bytes::<OUR_BYTES>());
        Self(Secret::new(format!("{PREFIX}{}", STANDARD.encode(&bytes[..]))))
    }

    /// The secret itself.
    pub fn secret(&self) -> &Secret {
        &self.0
    }
}

/// A message on its way.
#[derive(Debug)]
pub(crate) struct Signed<'a> {
    id: &'a str,
    at: i64,
    signatures: String,
    body: String,
}

impl<'a> Signed<'a> {
    /// Signs a message with each of these secrets.
    pub fn new(secrets: &[SigningSecret], id: &'a str, at: Moment, body: String) -> Self {
        let at = at.unix_seconds();
        let signatures: Vec<String> = secrets
            .iter()
            .map(|secret| {
                Webhook::new(secret.0.reveal())
                    .and_then(|webhook| webhook.sign(id, at, body.as_bytes()))
                    .expect("the secret was parsed, and text is UTF-8")
            })
            .collect();
        Self { id, at, signatures: signatures.join(" "), body }
    }

    /// Puts it into a request.
    pub fn put_into(self, request: RequestBuilder) -> RequestBuilder {
        request
            .header(HEADER_WEBHOOK_ID, self.id)
            .header(HEADER_WEBHOOK_TIMESTAMP, self.at)
            .header(HEADER_WEBHOOK_SIGNATURE, self.signatures)
            .header(CONTENT_TYPE, "application/json")
            .body(self.body)
    }
}

/// How long an answer asks for patience (RFC 9110, 10.2.3): in seconds, or until a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: Moment) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => http_date(text).map(|at| at.since(now)),
    }
}

/// A date such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7; the obsolete forms are not
/// read).
fn http_date(text: &str) -> Option<Moment> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, rest) = text.split_once(", ")?;
    let parts: Vec<&str> = rest.split(' ').collect();
    let [day, month, year, time, "GMT"] = parts[..] else { return None };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let begin = Moment::begin_of_day(&format!("{year}-{month:02}-{day}"))?;
    let time: Vec<u64> = time.split(':').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [hours @ 0..24, minutes @ 0..60, seconds @ 0..=60] = time[..] else { return None };
    Some(begin.plus(Duration::from_secs(hours * 3_600 + minutes * 60 + seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const SIGNATURE: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";

    fn signed(secrets: &[SigningSecret]) -> Signed<'static> {
        let body = r#"{"email":"test@example.com","username":"test_user"}"#;
        let at = Moment(1_649_367_553_000_000);
        Signed::new(secrets, "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", at, body.into())
    }

    #[test]
    fn signatures_are_those_of_the_specification() {
        let secret = SigningSecret::parse(SECRET).expect("a secret");
        assert_eq!(signed(std::slice::from_ref(&secret)).signatures, SIGNATURE);
        let another = SigningSecret::generate(&Randomness::seeded(1));
        let both = signed(&[another, secret]).signatures;
        let parts: Vec<&str> = both.split(' ').collect();
        assert!(parts.len() == 2 && parts[0].starts_with("v1,") && parts[1] == SIGNATURE);
    }

    #[test]
    fn secrets_have_their_form() {
        let made = SigningSecret::generate(&Randomness::seeded(2));
        assert!(SigningSecret::parse(made.secret().reveal()).is_some());
        assert!(SigningSecret::parse(&format!(" {SECRET}\n")).is_some());
        for wrong in
            ["", "whsec_", "whsec_c2hvcnQ=", "C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "whsec_%%"]
        {
            assert!(SigningSecret::parse(wrong).is_none(), "{wrong}");
        }
        let long = format!("whsec_{}", STANDARD.encode([0; 65]));
        assert!(SigningSecret::parse(&long).is_none());
        assert_eq!(format!("{made:?}"), "SigningSecret(Secret(…))");
    }

    #[test]
    fn patience_is_asked_for_in_seconds_or_until_a_date() {
        let now = Moment(784_111_777_000_000);
        let asked = |text: &str| {
            let value = text.parse().expect("a header");
            retry_after(&[(RETRY_AFTER, value)].into_iter().collect(), now)
        };
        assert_eq!(asked("120"), Some(Duration::from_secs(120)));
        assert_eq!(asked("Sun, 06 Nov 1994 08:50:37 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:00 GMT"), Some(Duration::ZERO));
        for nonsense in
            ["soon", "-1", "Sun, 06 Nov 1994 25:00:00 GMT", "Sun, 06 Nix 1994 08:49:37 GMT"]
        {
            assert_eq!(asked(nonsense), None, "{nonsense}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
