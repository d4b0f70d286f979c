//! Secrets: types that cannot be printed, tokens that are stored as hashes only, and seals for
//! what has to be read again.

use std::path::Path;

use anyhow::{Context, bail};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
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

/// The master key: seals what must be read again (mails on their way, passwords for downstream
/// systems) with XChaCha20-Poly1305. It lives outside the database.
pub struct Keys {
    cipher: XChaCha20Poly1305,
    id: [u8; 4],
    random: Randomness,
}

impl Keys {
    /// Bytes before the ciphertext: the key's id and the nonce.
    const HEAD: usize = 4 + 24;

    /// A key from its 32 bytes.
    pub fn new(key: &[u8; 32], random: Randomness) -> Self {
        let digest = Sha256::new_with_prefix(b"rekey key id\0").chain_update(key).finalize();
        Self {
            cipher: XChaCha20Poly1305::new(key.into()),
            id: [digest[0], digest[1], digest[2], digest[3]],
            random,
        }
    }

    /// Reads the key from its file, or makes file and key when there is none (mode 0600).
    pub fn from_file(path: &Path, random: Randomness) -> anyhow::Result<Self> {
        if let Some(keys) = Self::read(path, random.clone())? {
            return Ok(keys);
        }
        let name = path.display();
        let key = Zeroizing::new(random.bytes::<32>());
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(&key[..]));
        write_private(path, &text)
            .with_context(|| format!("cannot write a new master key to {name}"))?;
        tracing::info!(file = %name, "made a new master key: keep a copy apart from the database's backups");
        Ok(Self::new(&key, random))
    }

    /// Reads the master key from its file; `None` when there is none.
    pub fn read(path: &Path, random: Randomness) -> anyhow::Result<Option<Self>> {
        let name = path.display();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read the master key {name}"));
            }
        };
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.trim()).unwrap_or_default());
        let Ok(key) = <&[u8; 32]>::try_from(bytes.as_slice()) else {
            bail!(
                "the master key {name} is damaged: it should hold 43 letters; restore it from your copy"
            );
        };
        Ok(Some(Self::new(key, random)))
    }

    /// Seals `value`; only the same `purpose` opens it again.
    pub fn seal<T: Serialize>(&self, purpose: &str, value: &T) -> anyhow::Result<Vec<u8>> {
        let plain = Zeroizing::new(serde_json::to_vec(value).context("cannot seal")?);
        let nonce = self.random.bytes::<24>();
        let sealed = self
            .cipher
            .encrypt(&nonce.into(), Payload { msg: &plain, aad: purpose.as_bytes() })
            .map_err(|_| anyhow::anyhow!("cannot seal"))?;
        Ok([&self.id[..], &nonce[..], &sealed[..]].concat())
    }

    /// Opens what was sealed for `purpose`.
    pub fn open<T: DeserializeOwned>(&self, purpose: &str, sealed: &[u8]) -> anyhow::Result<T> {
        let (Some(id), Some(nonce), Some(text)) =
            (sealed.get(..4), sealed.get(4..Self::HEAD), sealed.get(Self::HEAD..))
        else {
            bail!("a seal is cut off");
        };
        if id != self.id {
            bail!("a seal was made with another master key");
        }
        let nonce = <[u8; 24]>::try_from(nonce).context("a seal is cut off")?;
        let plain = self
            .cipher
            .decrypt(&nonce.into(), Payload { msg: text, aad: purpose.as_bytes() })
            .map(Zeroizing::new)
            .map_err(|_| anyhow::anyhow!("a seal is broken, or was made for another purpose"))?;
        serde_json::from_slice(&plain).context("a seal holds something else")
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// Writes a file that only its owner can read, and fails when it is there already.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(byte: u8) -> Keys {
        Keys::new(&[byte; 32], Randomness::seeded(1))
    }

    #[test]
    fn a_seal_opens_with_its_key_and_purpose_only() {
        let sealed = keys(1).seal("mail", &"hunter2").expect("seals");
        assert!(!sealed.windows(7).any(|window| window == b"hunter2"));
        assert_eq!(keys(1).open::<String>("mail", &sealed).expect("opens"), "hunter2");
        assert!(keys(1).open::<String>("reset", &sealed).is_err());
        assert!(keys(2).open::<String>("mail", &sealed).is_err());
        let mut bent = sealed.clone();
        *bent.last_mut().expect("has bytes") ^= 1;
        assert!(keys(1).open::<String>("mail", &bent).is_err());
        assert!(keys(1).open::<String>("mail", &sealed[..20]).is_err());
    }

    #[test]
    fn a_key_file_is_made_once_and_only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = std::env::temp_dir().join(format!("rekey-key-{}", std::process::id()));
        let path = folder.join("master.key");
        let first = Keys::from_file(&path, Randomness::System).expect("makes a key");
        let sealed = first.seal("mail", &1).expect("seals");
        let again = Keys::from_file(&path, Randomness::System).expect("reads the key");
        assert_eq!(again.open::<i32>("mail", &sealed).expect("opens"), 1);
        let mode = std::fs::metadata(&path).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&path, "nonsense").expect("writes");
        let error = Keys::from_file(&path, Randomness::System).expect_err("refuses");
        assert!(error.to_string().contains("damaged"), "{error}");
        std::fs::remove_dir_all(folder).expect("cleans up");
    }

    #[test]
    fn secrets_do_not_print() {
        assert_eq!(format!("{:?}", Secret::new("hunter2".into())), "Secret(…)");
        assert_eq!(format!("{:?}", keys(1)), "Keys(…)");
    }
}
