//! The master key: seals what must be read again (mails on their way, shared secrets of second
//! factors, passwords for other systems) with XChaCha20-Poly1305. It lives outside the database.
//!
//! Its file holds a key on each line. The first one seals, all of them open: that is how a key gives
//! way to another one while people are served ([`crate::rotation`]). One that begins with `next:`
//! opens only, until its time comes. A running server sees within [`LOOK_AGAIN`] that the file
//! changed.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use anyhow::{Context, bail, ensure};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{Aead, Payload},
};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::clock::Randomness;

/// After this time at the latest a running server notices that the file of keys changed.
pub const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Marks a key that seals nothing yet.
const NEXT: &str = "next:";

/// By what a seal says which key made it: a piece of the key's hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 4]);

impl KeyId {
    /// Which key made a seal; nothing of what is too short for one.
    pub(crate) fn of_seal(sealed: &[u8]) -> Option<Self> {
        sealed.first_chunk().map(|id| Self(*id))
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::secrets::hex(&self.0))
    }
}

impl std::fmt::Debug for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// One key of the file.
struct Key {
    id: KeyId,
    cipher: XChaCha20Poly1305,
    text: Zeroizing<String>,
    is_next: bool,
}

impl Key {
    fn new(bytes: &[u8; 32]) -> Self {
        let digest = Sha256::new_with_prefix(b"rekey key id\0").chain_update(bytes).finalize();
        Self {
            id: KeyId([digest[0], digest[1], digest[2], digest[3]]),
            cipher: XChaCha20Poly1305::new(bytes.into()),
            text: Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes)),
            is_next: false,
        }
    }

    /// A key from its line in the file.
    fn read(line: &str) -> Option<Self> {
        let (is_next, text) = match line.strip_prefix(NEXT) {
            Some(text) => (true, text),
            None => (false, line),
        };
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
        Some(Self { is_next, ..Self::new(<&[u8; 32]>::try_from(bytes.as_slice()).ok()?) })
    }
}

/// What a file looked like when it was read.
type Stamp = (SystemTime, u64);

/// A seal by a key that is not in the file: it opens once the right file is there.
#[derive(Debug)]
pub(crate) struct MissingKey(KeyId);

impl std::fmt::Display for MissingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a seal was made with another master key ({})", self.0)
    }
}

impl std::error::Error for MissingKey {}

/// The keys as they were when the file was looked at last.
struct Ring {
    keys: Vec<Arc<Key>>,
    stamp: Option<Stamp>,
    looked_at: Instant,
    /// Whether it was told that the file cannot be taken as it is.
    is_told: bool,
}

impl Ring {
    fn of(keys: Vec<Arc<Key>>, stamp: Option<Stamp>) -> Self {
        Self { keys, stamp, looked_at: Instant::now(), is_told: false }
    }

    /// Takes the keys of the file as it is now. A file that shares no key with those before is not
    /// this database's: every change of the master key keeps one of them.
    fn take(&mut self, file: &Path) -> anyhow::Result<()> {
        let Some(keys) = read_keys(file)? else { return Ok(()) };
        ensure!(
            keys.iter().any(|new| self.keys.iter().any(|old| old.id == new.id)),
            "{} holds none of the keys from before",
            file.display()
        );
        self.keys = keys.into_iter().map(Arc::new).collect();
        Ok(())
    }
}

/// The keys by which things are sealed and opened.
pub struct Keys {
    file: PathBuf,
    ring: RwLock<Ring>,
    random: Randomness,
}

impl Keys {
    /// Bytes before the ciphertext: the key's id and the nonce.
    const HEAD: usize = 4 + 24;

    fn of(file: PathBuf, keys: Vec<Key>, stamp: Option<Stamp>, random: Randomness) -> Self {
        let keys = keys.into_iter().map(Arc::new).collect();
        Self { file, ring: RwLock::new(Ring::of(keys, stamp)), random }
    }

    /// Reads the keys from their file, or makes the file with a key when there is none (mode 0600).
    pub fn from_file(path: &Path, random: Randomness) -> anyhow::Result<Self> {
        if let Some(keys) = Self::read(path, random.clone())? {
            return Ok(keys);
        }
        let name = path.display();
        let key = Key::new(&Zeroizing::new(random.bytes::<32>()));
        write_private(path, &key.text)
            .with_context(|| format!("cannot write a new master key to {name}"))?;
        tracing::info!(file = %name, "made a new master key: keep a copy apart from the database's backups");
        Ok(Self::of(path.to_owned(), vec![key], stamp(path), random))
    }

    /// Reads the keys from their file; `None` when there is none.
    pub fn read(path: &Path, random: Randomness) -> anyhow::Result<Option<Self>> {
        let stamp = stamp(path);
        let keys = read_keys(path)?;
        Ok(keys.map(|keys| Self::of(path.to_owned(), keys, stamp, random)))
    }

    /// The key that seals.
    fn first(&self) -> Arc<Key> {
        self.look(false);
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&ring.keys[0])
    }

    /// A key by its id, if it is in the file.
    fn find(&self, id: KeyId) -> Option<Arc<Key>> {
        let known = || {
            let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
            ring.keys.iter().find(|key| key.id == id).cloned()
        };
        known().or_else(|| {
            // Another process may have begun to seal with a new one.
            self.look(true);
            known()
        })
    }

    /// Reads the file again when it changed; what cannot be read changes nothing.
    fn look(&self, at_once: bool) {
        let file = &self.file;
        let looked_at = self.ring.read().unwrap_or_else(PoisonError::into_inner).looked_at;
        if !at_once && looked_at.elapsed() < LOOK_AGAIN {
            return;
        }
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        ring.looked_at = Instant::now();
        let stamp = stamp(file);
        if stamp.is_none() || stamp == ring.stamp {
            return;
        }
        match ring.take(file) {
            Ok(()) => {
                ring.stamp = stamp;
                ring.is_told = false;
                tracing::info!(first = %ring.keys[0].id, "the master key changed");
            }
            // Looked at again: rights may be given without the file changing.
            Err(error) if !ring.is_told => {
                ring.is_told = true;
                tracing::error!(
                    error = format!("{error:#}"),
                    "the master key goes on as it was read before"
                );
            }
            Err(_) => {}
        }
    }

    /// Seals `value`; only the same `purpose` opens it again.
    pub fn seal<T: Serialize>(&self, purpose: &str, value: &T) -> anyhow::Result<Vec<u8>> {
        let plain = Zeroizing::new(serde_json::to_vec(value).context("cannot seal")?);
        self.seal_bytes(purpose, &plain)
    }

    fn seal_bytes(&self, purpose: &str, plain: &[u8]) -> anyhow::Result<Vec<u8>> {
        let key = self.first();
        let nonce = self.random.bytes::<24>();
        let sealed = key
            .cipher
            .encrypt(&nonce.into(), Payload { msg: plain, aad: purpose.as_bytes() })
            .map_err(|_| anyhow::anyhow!("cannot seal"))?;
        Ok([&key.id.0[..], &nonce[..], &sealed[..]].concat())
    }

    /// Opens what was sealed for `purpose`.
    pub fn open<T: DeserializeOwned>(&self, purpose: &str, sealed: &[u8]) -> anyhow::Result<T> {
        let plain = self.open_bytes(purpose, sealed)?;
        serde_json::from_slice(&plain).context("a seal holds something else")
    }

    fn open_bytes(&self, purpose: &str, sealed: &[u8]) -> anyhow::Result<Zeroizing<Vec<u8>>> {
        let (Some(id), Some(nonce), Some(text)) =
            (KeyId::of_seal(sealed), sealed.get(4..Self::HEAD), sealed.get(Self::HEAD..))
        else {
            bail!("a seal is cut off");
        };
        let Some(key) = self.find(id) else { return Err(MissingKey(id).into()) };
        let nonce = <[u8; 24]>::try_from(nonce).context("a seal is cut off")?;
        key.cipher
            .decrypt(&nonce.into(), Payload { msg: text, aad: purpose.as_bytes() })
            .map(Zeroizing::new)
            .map_err(|_| anyhow::anyhow!("a seal is broken, or was made for another purpose"))
    }

    /// Seals with the first key what another one sealed.
    pub(crate) fn seal_anew(&self, purpose: &str, sealed: &[u8]) -> anyhow::Result<Vec<u8>> {
        let plain = self.open_bytes(purpose, sealed)?;
        self.seal_bytes(purpose, &plain)
    }

    /// The keys of the file as it is now: the one that seals first.
    pub(crate) fn ids(&self) -> Vec<KeyId> {
        self.look(true);
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        ring.keys.iter().map(|key| key.id).collect()
    }

    /// The key that waits to become the first, if one does.
    pub(crate) fn next(&self) -> Option<KeyId> {
        self.look(true);
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        ring.keys.iter().find(|key| key.is_next).map(|key| key.id)
    }

    /// Adds a new key that opens but seals nothing yet, unless one waits already.
    pub(crate) fn add_next(&self) -> anyhow::Result<KeyId> {
        if let Some(waiting) = self.next() {
            return Ok(waiting);
        }
        let known = self.ids();
        let new = loop {
            let key = Key::new(&Zeroizing::new(self.random.bytes::<32>()));
            if !known.contains(&key.id) {
                break Key { is_next: true, ..key };
            }
        };
        let id = new.id;
        self.rewrite(|keys| keys.push(Arc::new(new)))?;
        Ok(id)
    }

    /// Makes the key that waits, or else a new one, the first.
    pub(crate) fn promote_next(&self) -> anyhow::Result<KeyId> {
        let id = self.add_next()?;
        self.rewrite(|keys| {
            let (mut now, others): (Vec<_>, Vec<_>) = keys.drain(..).partition(|key| key.id == id);
            // Without the mark that it waits.
            keys.extend(now.pop().and_then(|key| Key::read(&key.text)).map(Arc::new));
            keys.extend(others);
        })?;
        Ok(id)
    }

    /// Keeps the first key, and one that waits.
    pub(crate) fn drop_old(&self) -> anyhow::Result<()> {
        self.rewrite(|keys| {
            let first = keys[0].id;
            keys.retain(|key| key.id == first || key.is_next);
        })
    }

    /// Writes the file anew: whoever reads it meanwhile sees all of the old one or all of the new.
    fn rewrite(&self, change: impl FnOnce(&mut Vec<Arc<Key>>)) -> anyhow::Result<()> {
        let file = &self.file;
        let name = file.display();
        let mut keys: Vec<_> = read_keys(file)?
            .with_context(|| format!("the master key {name} is gone"))?
            .into_iter()
            .map(Arc::new)
            .collect();
        change(&mut keys);
        ensure!(!keys.is_empty(), "a file of keys without one");
        let mut text = Zeroizing::new(String::new());
        for key in &keys {
            if key.is_next {
                text.push_str(NEXT);
            }
            text.push_str(&key.text);
            text.push('\n');
        }
        let mut beside = file.clone().into_os_string();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        let written = (|| {
            match std::fs::remove_file(&beside) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            write_private(&beside, &text)?;
            belongs_like(&beside, file)?;
            std::fs::rename(&beside, file)?;
            match file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                Some(folder) => std::fs::File::open(folder)?.sync_all(),
                None => Ok(()),
            }
        })();
        written.with_context(|| format!("cannot write the master key {name}"))?;
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        *ring = Ring::of(keys, stamp(file));
        Ok(())
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// What the file looks like, if it is there.
fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// The keys in a file, at least one; `None` when there is no file.
fn read_keys(path: &Path) -> anyhow::Result<Option<Vec<Key>>> {
    let name = path.display();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read the master key {name}"));
        }
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let keys: Option<Vec<Key>> = lines.map(Key::read).collect();
    match keys {
        Some(keys) if keys.first().is_some_and(|first| !first.is_next) => Ok(Some(keys)),
        _ => bail!(
            "the master key {name} is damaged: it should hold 43 letters, on each line; restore it from your copy"
        ),
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

/// Gives a file the owner, the group and the mode of another one: who serves reads it, whoever
/// changes it.
fn belongs_like(file: &Path, other: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, chown};
        let (new, old) = (std::fs::metadata(file)?, std::fs::metadata(other)?);
        if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
            chown(file, Some(old.uid()), Some(old.gid()))?;
        }
        std::fs::set_permissions(file, old.permissions())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(byte: u8) -> Keys {
        let key = Key::new(&[byte; 32]);
        Keys::of("nowhere".into(), vec![key], None, Randomness::seeded(1))
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

    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn folder(name: &str) -> Folder {
        Folder(std::env::temp_dir().join(format!("rekey-{name}-{}", std::process::id())))
    }

    #[test]
    fn a_key_file_is_made_once_and_only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = folder("key");
        let path = folder.0.join("master.key");
        let first = Keys::from_file(&path, Randomness::System).expect("makes a key");
        let sealed = first.seal("mail", &1).expect("seals");
        let again = Keys::from_file(&path, Randomness::System).expect("reads the key");
        assert_eq!(again.open::<i32>("mail", &sealed).expect("opens"), 1);
        first.promote_next().expect("changes");
        let mode = std::fs::metadata(&path).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&path, "nonsense").expect("writes");
        let error = Keys::from_file(&path, Randomness::System).expect_err("refuses");
        assert!(error.to_string().contains("damaged"), "{error}");
    }

    #[test]
    fn a_key_gives_way_while_another_process_serves() {
        let folder = folder("keys");
        let path = folder.0.join("master.key");
        let here = Keys::from_file(&path, Randomness::System).expect("makes a key");
        let there = Keys::from_file(&path, Randomness::System).expect("reads the key");
        let old = here.seal("mail", &1).expect("seals");

        // One that waits seals nothing, and is not made twice.
        let next = here.add_next().expect("adds");
        assert_eq!(here.add_next().expect("is there"), next);
        assert_eq!(here.next(), Some(next));
        assert_eq!(KeyId::of_seal(&here.seal("mail", &2).expect("seals")), KeyId::of_seal(&old));

        assert_eq!(here.promote_next().expect("changes"), next);
        assert_eq!((here.ids().len(), here.next()), (2, None));
        let new = here.seal("mail", &3).expect("seals");
        assert_eq!(KeyId::of_seal(&new), Some(next));
        // Whoever does not know the key yet looks for it.
        assert_eq!(there.open::<i32>("mail", &new).expect("opens"), 3);
        assert_eq!(there.open::<i32>("mail", &old).expect("opens"), 1);
        let anew = here.seal_anew("mail", &old).expect("seals");
        assert_eq!(KeyId::of_seal(&anew), Some(next));
        assert!(here.seal_anew("reset", &old).is_err(), "a purpose stays");

        // What cannot be read changes nothing for who serves.
        let text = std::fs::read(&path).expect("is there");
        std::fs::write(&path, "nonsense").expect("writes");
        assert_eq!(there.ids(), here.ids());
        assert_eq!(there.open::<i32>("mail", &anew).expect("opens"), 1);
        // Nor does a file that is another database's.
        std::fs::write(&path, format!("{}\n", URL_SAFE_NO_PAD.encode([7; 32]))).expect("writes");
        assert_eq!(there.ids(), here.ids());
        std::fs::write(&path, text).expect("writes");
        // As a group may read it, so it stays.
        let shared = std::os::unix::fs::PermissionsExt::from_mode(0o640);
        std::fs::set_permissions(&path, shared).expect("sets");

        here.drop_old().expect("drops");
        assert_eq!(here.ids(), [next]);
        let error = here.open::<i32>("mail", &old).expect_err("its key is gone");
        assert!(error.is::<MissingKey>());
        let mode = std::fs::metadata(&path).expect("is there").permissions();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o640);
        assert_eq!(here.open::<i32>("mail", &anew).expect("opens"), 1);
    }

    #[test]
    fn keys_do_not_print() {
        assert_eq!(format!("{:?}", keys(1)), "Keys(…)");
    }
}
