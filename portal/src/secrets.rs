//! Secrets: types that cannot be printed, and tokens that are stored as hashes only. What has to be
//! read again is sealed ([`crate::keys`]).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::clock::Randomness;

/// Text that must never reach a log, an error, a URL or an audit row.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text; the caller answers for where it goes.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Bytes as text: two small hexadecimal digits each.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;

    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes all that is written");
        text
    })
}

/// What the database keeps of a token: without the token it opens nothing.
#[derive(Clone, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub(crate) struct TokenHash(pub Vec<u8>);

impl TokenHash {
    /// The hash of a token as it came in; anything else than a token's hash finds nothing.
    /// A fast hash is enough: a token has 256 bits of its own.
    pub fn of(token: &Secret) -> Self {
        Self(Sha256::digest(token.reveal().as_bytes()).to_vec())
    }
}

/// Makes a token of 256 bits, as text for a URL or a cookie, and its hash.
pub(crate) fn new_token(random: &Randomness) -> (Secret, TokenHash) {
    let bytes = Zeroizing::new(random.bytes::<32>());
    let token = Secret::new(URL_SAFE_NO_PAD.encode(&bytes[..]));
    let hash = TokenHash::of(&token);
    (token, hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_print() {
        assert_eq!(format!("{:?}", Secret::new("hunter2".into())), "Secret(…)");
    }
}
