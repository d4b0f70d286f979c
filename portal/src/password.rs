//! Passwords: what a new one must be like, how it is hashed, and how many are hashed at once.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use anyhow::Context;
use argon2::{
    Algorithm, Argon2, Params, PasswordVerifier, Version, password_hash::phc::PasswordHash,
};
use model::{
    account::PasswordRules,
    policy::{LONGEST_PASSWORD, LONGEST_PASSWORD_BYTES, Policy, Rule},
    refusal::{FieldProblem, Problem},
};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::{
    Error, Result,
    clock::Randomness,
    config::Hashing,
    measures::HashingLoad,
    secrets::{Secret, hex},
};

mod threads;

use threads::{Memory, Threads};

/// Bytes of a hash.
const HASH_LENGTH: usize = Params::DEFAULT_OUTPUT_LEN;
/// Below this many guesses (as a power of ten) a password is among the first anyone would try.
/// It is zxcvbn's bound between "somewhat" and "safely unguessable".
const FEWEST_GUESSES_LOG10: f64 = 8.0;
/// zxcvbn's time grows with the square of the length; what makes a password guessable shows early.
const LOOKED_AT: usize = 100;

/// Hashes and verifies with argon2id (RFC 9106), a bounded number at once, off the async threads.
#[derive(Debug, Clone)]
pub struct Hasher {
    params: Params,
    random: Randomness,
    threads: Threads,
    /// One permit per hash being computed.
    running: Arc<Semaphore>,
    /// One permit per hash being computed or waiting.
    admitted: Arc<Semaphore>,
    /// How many permits there are of both.
    widths: (usize, usize),
    /// How many were refused, since too many waited.
    refused: Arc<AtomicU64>,
    /// Verified for accounts that are not there, at the same cost.
    dummy: Arc<str>,
}

impl Hasher {
    /// A hasher of the given cost and width.
    pub fn new(settings: &Hashing, random: Randomness) -> anyhow::Result<Self> {
        let params = Params::new(settings.memory_kib, settings.iterations, settings.lanes, None)
            .map_err(|error| anyhow::anyhow!("hashing settings: {error}"))?;
        let width = settings.permits.max(1) as usize;
        // Never matches, whatever is typed: no password has this output.
        let dummy = phc(&params, &random.bytes::<16>(), &random.bytes::<HASH_LENGTH>());
        Ok(Self {
            params,
            random,
            threads: Threads::start(width)?,
            running: Arc::new(Semaphore::new(width)),
            admitted: Arc::new(Semaphore::new(width + settings.queue as usize)),
            widths: (width, width + settings.queue as usize),
            refused: Arc::default(),
            dummy: dummy.into(),
        })
    }

    /// The hash of a new password, as a PHC string.
    pub async fn hash(&self, password: &Secret) -> Result<String> {
        let params = self.params.clone();
        let salt = self.random.bytes::<16>();
        let password = normalized(password);
        self.behind_the_gate(move |memory| {
            let mut hash = [0; HASH_LENGTH];
            compute(&params, password.as_bytes(), &salt, &mut hash, memory)
                .map(|()| phc(&params, &salt, &hash))
                .map_err(|error| anyhow::anyhow!("cannot hash a password: {error}"))
        })
        .await?
        .map_err(Error::Broken)
    }

    /// Whether `password` is the one that was hashed. Without a hash it takes as long, and is not.
    pub async fn verify(&self, password: &Secret, hash: Option<&str>) -> Result<bool> {
        let is_dummy = hash.is_none();
        let hash = hash.unwrap_or(&self.dummy).to_owned();
        let password = normalized(password);
        self.behind_the_gate(move |memory| {
            matches(password.as_bytes(), &hash, memory).unwrap_or(false) && !is_dummy
        })
        .await
    }

    /// Whether a hash was made at another cost than today's.
    pub fn is_outdated(&self, hash: &str) -> bool {
        PasswordHash::new(hash).ok().and_then(|hash| Params::try_from(&hash).ok()).is_none_or(
            |params| {
                (params.m_cost(), params.t_cost(), params.p_cost())
                    != (self.params.m_cost(), self.params.t_cost(), self.params.p_cost())
            },
        )
    }

    /// How busy it is.
    pub fn load(&self) -> HashingLoad {
        let (permits, admitted) = self.widths;
        let running = permits.saturating_sub(self.running.available_permits());
        let inside = admitted.saturating_sub(self.admitted.available_permits());
        let refused = self.refused.load(Ordering::Relaxed);
        HashingLoad { running, permits, waiting: inside.saturating_sub(running), refused }
    }

    /// Runs `work` on a hashing thread when its turn comes; refuses at once when too many wait.
    /// The permits go with the work, so a visitor who leaves neither frees one early nor keeps one.
    async fn behind_the_gate<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T> {
        let Ok(admitted) = Arc::clone(&self.admitted).try_acquire_owned() else {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(Error::Busy { retry_after: 5 });
        };
        let running = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .context("the hashing gate is closed")?;
        self.threads
            .run(move |memory| {
                let answer = work(memory);
                drop((running, admitted));
                answer
            })
            .await
            .map_err(Error::Broken)
    }
}

fn compute(
    params: &Params,
    password: &[u8],
    salt: &[u8],
    hash: &mut [u8],
    memory: &mut Memory,
) -> argon2::Result<()> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone()).hash_password_into_with_memory(
        password,
        salt,
        hash,
        memory.blocks(params),
    )
}

/// Whether a password is the one of a PHC string; `None` when that is none of ours.
fn matches(password: &[u8], phc: &str, memory: &mut Memory) -> Option<bool> {
    let phc = PasswordHash::new(phc).ok()?;
    let is_ours =
        phc.algorithm == Algorithm::Argon2id.ident() && phc.version == Some(Version::V0x13.into());
    let params = Params::try_from(&phc).ok().filter(|_| is_ours)?;
    let expected = phc.hash?;
    let mut hash = vec![0; expected.as_ref().len()];
    compute(&params, password, phc.salt?.as_ref(), &mut hash, memory).ok()?;
    Some(hash.ct_eq(expected.as_ref()).into())
}

/// A hash with all that is needed to make it again (the PHC string format).
fn phc(params: &Params, salt: &[u8], hash: &[u8]) -> String {
    let (memory, iterations, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
    let (salt, hash) = (base64_plain(salt), base64_plain(hash));
    format!("$argon2id$v=19$m={memory},t={iterations},p={lanes}${salt}${hash}")
}

/// Whether a password is the one that was hashed, with nothing around it: what benchmarks compare
/// with.
pub fn verify_raw(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// The standard alphabet without padding, as PHC strings have it.
fn base64_plain(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes)
}

/// NFC, so that the same letters typed on another keyboard are the same password.
fn normalized(password: &Secret) -> Zeroizing<String> {
    Zeroizing::new(password.reveal().nfc().collect())
}

/// How many characters a password has, as they are counted.
pub(crate) fn length(password: &Secret) -> u32 {
    u32::try_from(normalized(password).chars().count()).unwrap_or(u32::MAX)
}

/// What a person would put into their password, and therefore what is tried first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    /// Name, user name, email address of the person.
    pub personal: Vec<String>,
    /// Names of site and organization.
    pub ours: Vec<String>,
    /// What the organization and those above it block.
    pub blocked: Vec<String>,
}

/// What a new password must be like under `policy`.
pub(crate) fn rules(policy: &Policy, has_second_factor: bool) -> PasswordRules {
    let rule =
        if has_second_factor { Rule::PasswordLengthWithFactor } else { Rule::PasswordLengthAlone };
    PasswordRules { shortest: policy.count(rule), longest: LONGEST_PASSWORD }
}

/// Decides about new passwords.
#[derive(Debug, Clone, Default)]
pub struct Judge {
    /// A local copy of Pwned Passwords, sorted by hash.
    breached: Option<PathBuf>,
}

impl Judge {
    /// A judge who also looks into a copy of Pwned Passwords, when there is one.
    pub fn new(breached: Option<PathBuf>) -> Self {
        Self { breached }
    }

    /// The problems of a new password and its retype, by field. Blocking: reads a file.
    pub(crate) fn problems(
        &self,
        rules: PasswordRules,
        context: &Words,
        new: &Secret,
        retype: &Secret,
    ) -> anyhow::Result<Vec<FieldProblem>> {
        let mut problems = Vec::new();
        if let Some(problem) = self.problem(rules, context, new)? {
            problems.push(FieldProblem { field: "new".into(), problem });
        }
        if retype.reveal().is_empty() && !new.reveal().is_empty() {
            problems.push(FieldProblem { field: "retype".into(), problem: Problem::Required });
        } else if *normalized(new) != *normalized(retype) {
            problems.push(FieldProblem { field: "retype".into(), problem: Problem::RetypeDiffers });
        }
        Ok(problems)
    }

    fn problem(
        &self,
        rules: PasswordRules,
        context: &Words,
        new: &Secret,
    ) -> anyhow::Result<Option<Problem>> {
        if new.reveal().is_empty() {
            return Ok(Some(Problem::Required));
        }
        if new.reveal().len() > LONGEST_PASSWORD_BYTES {
            return Ok(Some(Problem::PasswordTooLong { max: rules.longest }));
        }
        let password = normalized(new);
        let have = u32::try_from(password.chars().count()).unwrap_or(u32::MAX);
        if have < rules.shortest {
            return Ok(Some(Problem::PasswordTooShort { min: rules.shortest, have }));
        }
        if have > rules.longest {
            return Ok(Some(Problem::PasswordTooLong { max: rules.longest }));
        }
        if is_mostly(&password, &context.personal) {
            return Ok(Some(Problem::PasswordIsPersonal));
        }
        if is_mostly(&password, &context.ours) {
            return Ok(Some(Problem::PasswordIsOurName));
        }
        if is_mostly(&password, &context.blocked) {
            return Ok(Some(Problem::PasswordIsBlocked));
        }
        let looked_at: Zeroizing<String> =
            Zeroizing::new(password.chars().take(LOOKED_AT).collect());
        let words: Vec<&str> = [&context.personal, &context.ours, &context.blocked]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        if zxcvbn::zxcvbn(&looked_at, &words).guesses_log10() < FEWEST_GUESSES_LOG10 {
            return Ok(Some(Problem::PasswordGuessable));
        }
        if let Some(file) = &self.breached
            && is_breached(file, &password)?
        {
            return Ok(Some(Problem::PasswordBreached));
        }
        Ok(None)
    }
}

/// Whether less than eight characters are left of a password without these words.
fn is_mostly(password: &str, words: &[String]) -> bool {
    let mut rest = Zeroizing::new(password.to_lowercase());
    let before = rest.len();
    let mut parts: Vec<String> = words
        .iter()
        .flat_map(|word| {
            let word = word.to_lowercase();
            let parts = word.split(|c: char| !c.is_alphanumeric()).map(str::to_owned);
            parts.collect::<Vec<_>>()
        })
        .filter(|part| part.chars().count() >= 4)
        .collect();
    // The longest first: a part of a word is not to save the rest of it.
    parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
    for part in parts {
        *rest = rest.replace(&part, "");
    }
    rest.len() < before && rest.chars().filter(|c| c.is_alphanumeric()).count() < 8
}

/// Looks a password up in a Pwned Passwords file: lines `SHA-1 in hex:count`, sorted.
fn is_breached(path: &Path, password: &str) -> anyhow::Result<bool> {
    const LINE: u64 = 128;
    let name = || format!("cannot search the breached passwords in {}", path.display());
    let wanted = hex(&Sha1::digest(password.as_bytes())).to_uppercase();
    let mut file = std::fs::File::open(path).with_context(name)?;
    let (mut low, mut high) = (0, file.metadata().with_context(name)?.len());
    // Invariant: the wanted line, if there, starts at or after `low` and before `high`.
    while low < high {
        let middle = low + (high - low) / 2;
        let start = middle.saturating_sub(LINE);
        file.seek(SeekFrom::Start(start)).with_context(name)?;
        let mut chunk = Vec::new();
        (&file).take(3 * LINE).read_to_end(&mut chunk).with_context(name)?;
        let at = usize::try_from(middle - start).unwrap_or_default();
        let line_start = chunk[..at].iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        let line_end = chunk[at..].iter().position(|b| *b == b'\n').map_or(chunk.len(), |n| at + n);
        let line = &chunk[line_start..line_end];
        let hash = line.split(|b| *b == b':').next().unwrap_or_default().to_ascii_uppercase();
        match hash.as_slice().cmp(wanted.as_bytes()) {
            std::cmp::Ordering::Equal => return Ok(true),
            std::cmp::Ordering::Less => low = start + line_end as u64 + 1,
            std::cmp::Ordering::Greater => high = start + line_start as u64,
        }
    }
    Ok(false)
}

/// A passphrase of six words from a list of 7,776 (the EFF's long list): 77.5 bits.
pub(crate) fn suggest(random: &Randomness) -> Secret {
    Secret::new(words(random, 6))
}

/// So many words from the same list, with spaces between them.
pub(crate) fn words(random: &Randomness, count: usize) -> String {
    let words = diceware_wordlists::EFF_LONG_WORDLIST;
    let mut phrase = String::with_capacity(64);
    for place in 0..count {
        if place > 0 {
            phrase.push(' ');
        }
        let index = random.below(words.len() as u64);
        phrase.push_str(words[usize::try_from(index).unwrap_or_default()]);
    }
    phrase
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> Option<Problem> {
        let context = Words {
            personal: vec!["Casey Thornton".into(), "casey@acme.example".into()],
            ours: vec!["Northwind Backup".into()],
            blocked: vec!["ligh".into(), "lighthouse".into(), "blue whale".into()],
        };
        Judge::default()
            .problem(rules(&Policy::default(), false), &context, &Secret::new(text.into()))
            .expect("judges")
    }

    #[test]
    fn hashes_are_what_everybody_calls_argon2id() {
        let (mut memory, params) = (Memory::default(), Params::new(64, 2, 1, None).unwrap());
        let mut hash = [0; HASH_LENGTH];
        // What the memory holds from before does not matter.
        for (password, wrong) in [("one password", "another"), ("a second one", "one password")] {
            compute(&params, password.as_bytes(), b"some salt of ours", &mut hash, &mut memory)
                .unwrap();
            let text = phc(&params, b"some salt of ours", &hash);
            assert!(verify_raw(password, &text) && !verify_raw(wrong, &text));
            assert_eq!(matches(password.as_bytes(), &text, &mut memory), Some(true));
            assert_eq!(matches(wrong.as_bytes(), &text, &mut memory), Some(false));
            for other in ["", "$argon2id$", &text.replace("argon2id", "argon2i")] {
                assert_eq!(matches(password.as_bytes(), other, &mut memory), None, "{other}");
            }
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_password() {
        assert_eq!(problem(""), Some(Problem::Required));
        assert_eq!(problem("short"), Some(Problem::PasswordTooShort { min: 15, have: 5 }));
        assert_eq!(problem(&"x".repeat(257)), Some(Problem::PasswordTooLong { max: 256 }));
        assert_eq!(problem(&"ü".repeat(600)), Some(Problem::PasswordTooLong { max: 256 }));
        assert_eq!(problem("passwordpassword"), Some(Problem::PasswordGuessable));
        assert_eq!(problem("aaaaaaaaaaaaaaaaaaaa"), Some(Problem::PasswordGuessable));
        assert_eq!(problem("1234567890123456"), Some(Problem::PasswordGuessable));
        assert_eq!(problem("CaseyThornton2026"), Some(Problem::PasswordIsPersonal));
        assert_eq!(problem("northwind-backup-1"), Some(Problem::PasswordIsOurName));
        assert_eq!(problem("Lighthouse-2026!"), Some(Problem::PasswordIsBlocked));
        assert_eq!(problem("BLUE whale 12345"), Some(Problem::PasswordIsBlocked));
        assert_eq!(problem("lighthouse velvet canyon"), None, "enough is left without it");
        assert_eq!(problem("velvet orbit canyon"), None);
        assert_eq!(problem("Füße über dem Fjord"), None);
        assert_eq!(problem(&"velvet orbit canyon ".repeat(12)), None);
    }

    #[test]
    fn suggestions_pass_and_differ() {
        let random = Randomness::seeded(7);
        let (one, two) = (suggest(&random), suggest(&random));
        assert_ne!(one.reveal(), two.reveal());
        assert_eq!(one.reveal().split(' ').count(), 6);
        assert_eq!(problem(one.reveal()), None);
    }

    #[test]
    fn finds_breached_passwords_in_a_sorted_file() {
        let hash = |text: &str| hex(&Sha1::digest(text.as_bytes())).to_uppercase();
        let known: Vec<String> = (0..500).map(|n| format!("breached password {n}")).collect();
        let mut lines: Vec<String> =
            known.iter().enumerate().map(|(n, text)| format!("{}:{n}", hash(text))).collect();
        lines.sort();
        let path = std::env::temp_dir().join(format!("rekey-pwned-{}", std::process::id()));
        for end in ["\n", "\r\n"] {
            std::fs::write(&path, lines.join(end) + end).expect("writes");
            for text in &known {
                assert!(is_breached(&path, text).expect("searches"), "{text}");
            }
            for n in 0..500 {
                assert!(!is_breached(&path, &format!("unknown {n}")).expect("searches"));
            }
        }
        std::fs::write(&path, "").expect("writes");
        assert!(!is_breached(&path, "anything").expect("searches"));
        std::fs::remove_file(path).expect("cleans up");
    }
}
