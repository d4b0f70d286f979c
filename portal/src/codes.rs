//! Codes that prove a second factor: those of an authenticator app, and recovery codes. What a
//! [passkey](crate::passkeys) signed comes the same way.
//!
//! An attempt is counted before the code is looked at, in a transaction of its own, and a code is
//! used up in the transaction of what it allows. In between lies whatever else may be refused, so
//! that a code is not wasted on a password that is too short.

use model::{
    Moment,
    audit::{AuditKind, Outcome},
    factor::FactorKind,
    id::{AccountId, DeviceId, FactorId},
    link::{LinkOrigin, LinkPurpose},
    policy::DISPUTE_LINK_LIFE,
    refusal::Problem,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    Error, Portal, Result, Visit,
    audit::{Event, occasion},
    clock::Randomness,
    keys::Keys,
    mail::{FactorChange, Letter, Occasion},
    outbox,
    passkeys::{Answer, Signed},
    secrets::{Secret, TokenHash},
    sign_in::failed_once_more,
    store::{Account, DeviceRow, FactorRow, LinkOf, Tx},
    throttle::wait_refusal,
};

/// Seconds for which one code is shown (RFC 6238, 5.2).
const STEP: u64 = 30;
/// Digits of a code.
const DIGITS: usize = 6;
/// How many steps a clock may be off for set-up to say by how much.
const FAR_OFF: u64 = 20;
/// Bytes of a shared secret: as long as the hash (RFC 4226, 4).
const SEED_LENGTH: usize = 20;
/// Letters of a recovery code, five bits each.
const RECOVERY_LENGTH: usize = 16;
/// Crockford's base32, in small letters: nothing in it is taken for something else in it.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Longest text that is looked at as a code, in bytes.
const LONGEST_CODE: usize = 200;

/// What codes are counted as.
const APP: &str = "app";
const RECOVERY: &str = "recovery";

/// The counter of an account's codes of one kind.
fn code_counter(what: &str, account: AccountId) -> String {
    format!("code-{what}:{account}")
}

/// The same for those from a known device.
fn device_code_counter(what: &str, device: DeviceId) -> String {
    format!("code-{what}-device:{device}")
}

impl Tx {
    /// The known device that a visit comes from, if the account has it.
    pub(crate) async fn device_of(
        &mut self,
        visit: &Visit,
        account: AccountId,
        now: Moment,
    ) -> Result<Option<DeviceRow>> {
        Ok(match &visit.device {
            Some(token) => self.known_device(account, &TokenHash::of(token), now).await?,
            None => None,
        })
    }

    /// Forgets the wrong codes of an app that is there no more.
    pub(crate) async fn clear_app_codes(&mut self, account: AccountId) -> Result<()> {
        Ok(self.clear_counter(&code_counter(APP, account)).await?)
    }

    /// Forgets the wrong recovery codes, of which there are others now, or none.
    pub(crate) async fn clear_recovery_codes(&mut self, account: AccountId) -> Result<()> {
        Ok(self.clear_counter(&code_counter(RECOVERY, account)).await?)
    }
}

/// A shared secret of an authenticator app.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Seed([u8; SEED_LENGTH]);

impl Seed {
    /// A new one.
    pub fn new(random: &Randomness) -> Self {
        Self(random.bytes())
    }

    /// Opens the one that was sealed for this account.
    pub fn open(keys: &Keys, account: AccountId, sealed: &[u8]) -> anyhow::Result<Self> {
        keys.open(&purpose(account), sealed)
    }

    /// Seals it for this account.
    pub fn seal(&self, keys: &Keys, account: AccountId) -> anyhow::Result<Vec<u8>> {
        keys.seal(&purpose(account), self)
    }

    /// As authenticator apps have it: SHA-1, six digits, 30 seconds, which all of them know.
    pub fn totp(&self, issuer: &str, account: &str) -> anyhow::Result<totp_rs::Totp> {
        // A colon is what separates the two.
        let (issuer, account) = (issuer.replace(':', " "), account.replace(':', " "));
        totp_rs::Builder::new()
            .with_secret(self.0)
            .with_skew(0)
            .with_issuer(Some(issuer))
            .with_account_name(account)
            .build()
            .map_err(|error| anyhow::anyhow!("a shared secret: {error}"))
    }

    /// The step of time that shows a code: now, or the one before.
    pub fn step_of(&self, code: &str, now: Moment) -> anyhow::Result<Option<i64>> {
        let totp = self.totp("Rekey", "code")?;
        let now = seconds(now);
        let step = totp.check(code, now).or_else(|| totp.check(code, now.checked_sub(STEP)?));
        Ok(step.and_then(|step| i64::try_from(step).ok()))
    }

    /// By how many seconds the clock is ahead that shows a code, as far as it is not off by much.
    pub fn ahead_by(&self, code: &str, now: Moment) -> anyhow::Result<Option<i32>> {
        let totp = self.totp("Rekey", "code")?;
        let now = seconds(now);
        // The nearest first: of two that fit it is the likelier.
        for steps in 1..=FAR_OFF {
            for (time, sign) in
                [(now.checked_add(steps * STEP), 1), (now.checked_sub(steps * STEP), -1)]
            {
                if time.is_some_and(|time| totp.check(code, time).is_some()) {
                    let seconds = i32::try_from(steps * STEP).unwrap_or(i32::MAX);
                    return Ok(Some(sign * seconds));
                }
            }
        }
        Ok(None)
    }
}

pub(crate) fn purpose(account: AccountId) -> String {
    format!("totp:{account}")
}

fn seconds(moment: Moment) -> u64 {
    u64::try_from(moment.0 / 1_000_000).unwrap_or_default()
}

/// Makes a recovery code of 80 bits: four groups of four letters.
pub(crate) fn new_recovery_code(random: &Randomness) -> String {
    let mut code = String::with_capacity(RECOVERY_LENGTH + 3);
    for place in 0..RECOVERY_LENGTH {
        if place > 0 && place % 4 == 0 {
            code.push('-');
        }
        let letter = usize::try_from(random.below(32)).unwrap_or_default();
        code.push(char::from(ALPHABET[letter]));
    }
    code
}

/// What somebody typed.
pub(crate) enum Typed {
    /// Nothing.
    Nothing,
    /// Six digits.
    App(Zeroizing<String>),
    /// Anything else: a recovery code, or nothing that is accepted.
    Recovery(TokenHash),
}

impl Typed {
    /// Reads a code as people write it: with spaces and hyphens, in capitals, with their own digits.
    pub fn read(account: AccountId, code: &Secret) -> Self {
        let text = code.reveal();
        let text: Zeroizing<String> = Zeroizing::new(if text.len() > LONGEST_CODE {
            "-".repeat(LONGEST_CODE)
        } else {
            text.nfkc().map(own_digit).filter(char::is_ascii_graphic).collect()
        });
        if text.is_empty() {
            return Self::Nothing;
        }
        let bare: Zeroizing<String> = Zeroizing::new(
            text.chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|letter| letter.to_ascii_lowercase())
                .collect(),
        );
        if bare.len() == DIGITS && bare.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::App(bare);
        }
        Self::Recovery(recovery_hash(account, &bare))
    }
}

/// The digit that a digit of another script is: phones show codes in their owner's own.
fn own_digit(letter: char) -> char {
    const ZEROS: [char; 4] = ['\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}'];
    let value = ZEROS.into_iter().find_map(|zero| {
        u32::from(letter).checked_sub(u32::from(zero)).filter(|value| *value < 10)
    });
    value.and_then(|value| char::from_digit(value, 10)).unwrap_or(letter)
}

/// What is stored of a recovery code. A fast hash is enough for 80 bits.
pub(crate) fn recovery_hash(account: AccountId, code: &str) -> TokenHash {
    let mut digest = Sha256::new_with_prefix(b"rekey recovery code\0").chain_update(account.0);
    for letter in code.bytes().filter(u8::is_ascii_alphanumeric) {
        // Letters that are not in the alphabet look like digits that are.
        digest.update([match letter.to_ascii_lowercase() {
            b'o' => b'0',
            b'i' | b'l' => b'1',
            other => other,
        }]);
    }
    TokenHash(digest.finalize().to_vec())
}

/// A code that was right when it was looked at, to be used up.
pub(crate) enum Checked {
    /// A step of time of an authenticator app.
    App(FactorId, i64),
    /// A recovery code.
    Recovery(TokenHash),
    /// What a passkey signed.
    Passkey(Signed),
}

impl Portal {
    /// Looks at a code of an account and does not use it up. A wrong one is recorded as `refused`,
    /// in one answer for all that can be wrong with it.
    pub(crate) async fn check_code(
        &self,
        visit: &Visit,
        account: &Account,
        code: &Secret,
        refused: Event<'_>,
    ) -> Result<Checked> {
        if let Some(answer) = Answer::read(code) {
            return self.check_passkey(visit, account, answer, refused).await;
        }
        let typed = Typed::read(account.id, code);
        let counter = match &typed {
            Typed::Nothing => return Err(Error::field("code", Problem::Required)),
            Typed::App(_) => self.count_code(visit, account, APP).await?,
            // Of their own: whoever floods the app's codes keeps nobody from those.
            Typed::Recovery(_) => self.count_code(visit, account, RECOVERY).await?,
        };
        let now = self.now();
        let mut tx = self.db().read().await?;
        let checked = match typed {
            Typed::App(code) => self.find_step(&mut tx, account.id, &code, now).await?,
            Typed::Recovery(hash) => {
                tx.has_recovery_code(account.id, &hash).await?.then_some(Checked::Recovery(hash))
            }
            Typed::Nothing => None,
        };
        drop(tx);
        let mut tx = self.db().write().await?;
        if let Some(checked) = checked {
            tx.clear_counter(&counter).await?;
            tx.commit().await?;
            return Ok(checked);
        }
        let event = Event { kind: AuditKind::FactorRefused, outcome: Outcome::Refused, ..refused };
        tx.record(self, event).await?;
        tx.commit().await?;
        Err(Error::field("code", Problem::FactorRefused))
    }

    /// The same for an account that may have no second factor: `None` then.
    pub(crate) async fn check_code_if_any(
        &self,
        visit: &Visit,
        account: &Account,
        code: &Secret,
        refused: Event<'_>,
    ) -> Result<Option<Checked>> {
        if !self.db().read().await?.has_factor(account.id).await? {
            return Ok(None);
        }
        self.check_code(visit, account, code, refused).await.map(Some)
    }

    /// Uses it up, in the transaction of what it allows. The account must be held: a factor that was
    /// set up meanwhile is asked for.
    pub(crate) async fn use_code_if_any(
        &self,
        tx: &mut Tx,
        visit: &Visit,
        account: &Account,
        checked: Option<&Checked>,
    ) -> Result<()> {
        match checked {
            Some(checked) => self.use_code(tx, visit, account, checked).await,
            None if tx.has_factor(account.id).await? => {
                Err(Error::field("code", Problem::Required))
            }
            None => Ok(()),
        }
    }

    async fn find_step(
        &self,
        tx: &mut Tx,
        account: AccountId,
        code: &str,
        now: Moment,
    ) -> Result<Option<Checked>> {
        for row in tx.factors(account).await? {
            if row.kind != FactorKind::Totp {
                continue;
            }
            let seed = Seed::open(self.keys(), account, &row.sealed)?;
            if let Some(step) = seed.step_of(code, now)?.filter(|step| *step > row.last_step) {
                return Ok(Some(Checked::App(row.id, step)));
            }
        }
        Ok(None)
    }

    /// Counts an attempt, and refuses it when it comes too soon after wrong ones. A known device has
    /// counters of its own: a flood never shuts the owner out.
    async fn count_code(&self, visit: &Visit, account: &Account, what: &str) -> Result<String> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        let name = match tx.device_of(visit, account.id, now).await? {
            Some(device) => device_code_counter(what, device.id),
            None => code_counter(what, account.id),
        };
        let policy = tx.policy(account.organization_id).await?;
        let before = tx.counter(&name, &policy, now).await?;
        if before.open_at == Moment(i64::MAX) {
            // For good: there is nothing to wait for, and other ways are left.
            tx.commit().await?;
            return Err(Error::field("code", Problem::FactorRefused));
        }
        if before.open_at > now {
            tx.commit().await?;
            return Err(wait_refusal(before.open_at.since(now)).into());
        }
        tx.save_counter(&name, failed_once_more(before, &policy, now), now).await?;
        tx.commit().await?;
        Ok(name)
    }

    /// Uses a code up, in the transaction of what it allows, with the account held. Somebody else may
    /// have used it meanwhile: then it is refused as any other.
    pub(crate) async fn use_code(
        &self,
        tx: &mut Tx,
        visit: &Visit,
        account: &Account,
        checked: &Checked,
    ) -> Result<()> {
        let now = self.now();
        let is_used = match checked {
            Checked::App(id, step) => tx.take_step(*id, *step, now).await?,
            Checked::Recovery(hash) => tx.take_recovery_code(account.id, hash, now).await?,
            Checked::Passkey(signed) => self.take_answer(tx, signed).await?,
        };
        if !is_used {
            let problem = match checked {
                Checked::Passkey(_) => Problem::PasskeyOver,
                Checked::App(..) | Checked::Recovery(_) => Problem::FactorRefused,
            };
            return Err(Error::field("code", problem));
        }
        if let Checked::Recovery(_) = checked {
            // Whoever has one proves more than a flood of codes took away.
            tx.clear_counter(&code_counter(APP, account.id)).await?;
            if let Some(device) = tx.device_of(visit, account.id, now).await? {
                tx.clear_counter(&device_code_counter(APP, device.id)).await?;
            }
            let (change, occasion) = (FactorChange::CodeUsed, occasion(now, visit));
            self.tell_of_factor(tx, account, change, occasion, &visit.origin).await?;
        }
        Ok(())
    }

    /// What goes with a code that was used up: that it was a recovery code is recorded, and whoever
    /// used the factor itself has not lost it. With what it allowed, last in a unit of work.
    pub(crate) async fn note_code(
        &self,
        tx: &mut Tx,
        visit: &Visit,
        account: &Account,
        checked: Option<&Checked>,
        event: Event<'_>,
    ) -> Result<()> {
        match checked {
            None => Ok(()),
            Some(Checked::Recovery(_)) => {
                let kind = AuditKind::RecoveryCodeUsed;
                tx.record(self, Event { kind, outcome: Outcome::Done, ..event }).await
            }
            Some(Checked::App(..) | Checked::Passkey(_)) => {
                self.keep_used_factor(tx, visit, account, event).await
            }
        }
    }

    /// Mails the owner what happened to a second factor of theirs.
    pub(crate) async fn tell_of_factor(
        &self,
        tx: &mut Tx,
        account: &Account,
        change: FactorChange,
        changed: Occasion,
        origin: &str,
    ) -> Result<()> {
        let how = (change, LinkOf::Account);
        self.tell_how_factor(tx, account, how, changed, origin).await
    }

    /// The same, of a change by which one knows whose doing it was.
    pub(crate) async fn tell_how_factor(
        &self,
        tx: &mut Tx,
        account: &Account,
        (change, of): (FactorChange, LinkOf),
        changed: Occasion,
        origin: &str,
    ) -> Result<()> {
        let left = tx.recovery_codes_left(account.id).await?;
        let kind = (LinkPurpose::Dispute, LinkOrigin::Notice);
        let dispute_link = self.make_link(tx, account, kind, of, DISPUTE_LINK_LIFE, origin).await?;
        let letter = Letter::FactorChanged {
            name: account.name.clone(),
            changed,
            change,
            codes_left: u32::try_from(left).unwrap_or_default(),
            dispute_link,
        };
        tx.post(self, account, letter, outbox::PATIENCE).await
    }

    /// Checks the first code of a new secret: its step, or what is wrong with the code.
    pub(crate) fn check_first_code(
        &self,
        seed: &Seed,
        old: Option<&FactorRow>,
        account: AccountId,
        code: &Secret,
    ) -> Result<i64> {
        let now = self.now();
        let refused = |problem| Err(Error::field("code", problem));
        let code = match Typed::read(account, code) {
            Typed::Nothing => return refused(Problem::Required),
            Typed::Recovery(_) => return refused(Problem::SetupCodeWrong),
            Typed::App(code) => code,
        };
        if let Some(step) = seed.step_of(&code, now)? {
            return Ok(step);
        }
        if let Some(seconds) = seed.ahead_by(&code, now)? {
            return refused(Problem::ClockOff { seconds });
        }
        if let Some(old) = old
            && Seed::open(self.keys(), account, &old.sealed)?.step_of(&code, now)?.is_some()
        {
            return refused(Problem::SetupCodeOld);
        }
        refused(Problem::SetupCodeWrong)
    }
}

#[cfg(test)]
mod tests {
    use model::id::AccountId;
    use uuid::Uuid;

    use super::*;

    const WHO: AccountId = AccountId(Uuid::from_u128(7));

    fn app(text: &str) -> Option<String> {
        match Typed::read(WHO, &Secret::new(text.into())) {
            Typed::App(code) => Some(code.to_string()),
            _ => None,
        }
    }

    /// RFC 6238, appendix B, in six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let seed = Seed(*b"12345678901234567890");
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let at = |seconds: i64| Moment(seconds * 1_000_000);
            let step = Some(time / 30);
            assert_eq!(seed.step_of(code, at(time)).unwrap(), step);
            assert_eq!(seed.step_of(code, at(time + 30)).unwrap(), step, "the step before");
            assert_eq!(seed.step_of(code, at(time + 60)).unwrap(), None);
            assert_eq!(seed.step_of(code, at(time - 30)).unwrap(), None, "a step to come");
            assert_eq!(seed.ahead_by(code, at(time + 90)).unwrap(), Some(-90));
            assert_eq!(seed.ahead_by(code, at(time - 30)).unwrap(), Some(30));
        }
    }

    #[test]
    fn codes_are_read_as_people_write_them() {
        for text in ["123456", " 123 456 ", "123-456", "１２３４５６", "١٢٣٤٥٦", "۱۲۳۴۵۶", "१२३४५६"]
        {
            assert_eq!(app(text).as_deref(), Some("123456"), "{text}");
        }
        for text in ["", "12345", "1234567", "12345a", &"1".repeat(300)] {
            assert_eq!(app(text), None, "{text}");
        }
        assert!(matches!(Typed::read(WHO, &Secret::new(" ".into())), Typed::Nothing));
    }

    #[test]
    fn recovery_codes_differ_and_are_forgiving() {
        let random = Randomness::seeded(3);
        let codes: Vec<String> = (0..100).map(|_| new_recovery_code(&random)).collect();
        let distinct: std::collections::HashSet<_> = codes.iter().collect();
        assert_eq!(distinct.len(), 100);
        for code in &codes {
            assert_eq!(code.len(), 19, "{code}");
            let hash = recovery_hash(WHO, code);
            let typed = code.to_uppercase().replace('-', " ").replace('0', "O").replace('1', "l");
            match Typed::read(WHO, &Secret::new(typed)) {
                Typed::Recovery(other) => assert!(other == hash),
                _ => panic!("{code}"),
            }
            assert!(recovery_hash(AccountId(Uuid::from_u128(8)), code) != hash);
        }
    }
}
