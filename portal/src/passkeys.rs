//! Passkeys: keys that stay in somebody's device, which makes sure who holds it and signs for one
//! host only (WebAuthn Level 3). They are a second factor, and sign in without a password.
//!
//! A browser is asked a question and answers it signed. What the server has to remember of a
//! question travels with it, sealed, so that opening a page writes nothing; that a question was
//! answered is kept until it is over, so that none is answered twice.

use std::net::Ipv4Addr;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use model::{
    Moment, Refusal,
    audit::{AuditKind, Outcome},
    factor::{FactorKind, Factors, PasskeyDoor, PasskeyQuestion},
    id::{AccountId, FactorId, LinkId, SiteId},
    link::LinkPurpose,
    policy::{MOST_PASSKEYS, PASSKEY_QUESTION_LIFE, SIGN_IN_WINDOW, SIGN_INS_PER_PREFIX},
    refusal::Problem,
    text::Name,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;
use uuid::Uuid;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Webauthn, WebauthnBuilder, WebauthnError,
};

use crate::{
    Actor, Error, Halfway, Portal, Result, SignedIn, Visit,
    audit::{Event, occasion},
    codes::Checked,
    mail::FactorChange,
    problems::Problems,
    secrets::Secret,
    sign_in::entry_event,
    store::{Account, FactorRow, Stage, Tx},
    throttle::{Limit, prefix},
};

/// Longest answer that is looked at, in bytes.
const LONGEST_ANSWER: usize = 32 * 1024;

/// The form that adds a passkey.
#[derive(Debug, Clone)]
pub struct AddPasskey {
    /// What to call it.
    pub name: String,
    /// What the browser answered.
    pub answer: Secret,
}

/// Signing in without a password.
#[derive(Debug, Clone)]
pub struct PasskeySignIn {
    /// What the browser answered.
    pub answer: Secret,
    /// Whether to stay signed in on this device.
    pub keep: bool,
}

/// What a browser answers, as its script sends it.
#[derive(Deserialize)]
pub(crate) struct Answer {
    ticket: String,
    credential: serde_json::Value,
}

impl Answer {
    /// Reads it from where a code may stand as well.
    pub fn read(text: &Secret) -> Option<Self> {
        let text = text.reveal();
        if !text.starts_with('{') || text.len() > LONGEST_ANSWER {
            return None;
        }
        serde_json::from_str(text).ok()
    }
}

/// What the server has to remember of a question, sealed.
#[derive(Serialize, Deserialize)]
struct Ticket<T> {
    id: Uuid,
    expires_at: Moment,
    state: T,
}

/// A passkey that signed an answer, to be taken note of.
pub(crate) struct Signed {
    /// The passkey.
    pub factor: FactorId,
    /// Whose it is.
    pub account: AccountId,
    /// The passkey as it is after it, sealed.
    pub sealed: Vec<u8>,
    /// How often it has signed, as far as it counts.
    pub counter: i64,
    /// Whose it is by its own word.
    says: Option<Vec<u8>>,
    question: (Uuid, Moment),
}

/// What an answer is worth.
enum Seen {
    /// The question is over, or was answered.
    Over,
    /// Not signed by a passkey that is accepted here.
    Refused,
    /// Signed by a passkey of which there seem to be two: it counts less than it did before.
    Copied(FactorRow),
    /// Signed.
    Signed(Signed),
}

/// The host that is visited, as WebAuthn sees it.
struct Door {
    host: String,
    origin: Url,
}

impl Door {
    /// Of an origin that has the name of a host: browsers refuse passkeys at bare addresses.
    fn of(origin: &str) -> Option<Self> {
        let origin = Url::parse(origin).ok()?;
        let host = origin.domain()?.to_owned();
        Some(Self { host, origin })
    }

    fn ceremony(&self, name: &str) -> anyhow::Result<Webauthn> {
        Ok(WebauthnBuilder::new(&self.host, &self.origin)?.rp_name(name).build()?)
    }
}

/// Seals a passkey for its row.
pub(crate) fn row_purpose(account: AccountId, id: FactorId) -> String {
    format!("passkey:{account}:{id}")
}

/// Seals the question for a new passkey.
fn adding(account: AccountId) -> String {
    format!("passkey-add:{account}")
}

/// Seals the question that somebody answers whose account is known.
fn proving(account: AccountId) -> String {
    format!("passkey-prove:{account}")
}

/// Seals the question that anybody answers at a front door.
fn signing_in(site: SiteId) -> String {
    format!("passkey-sign-in:{site}")
}

impl FactorRow {
    /// Whether it is a passkey that is accepted at a host.
    fn is_passkey_at(&self, host: Option<&str>) -> bool {
        self.kind == FactorKind::Passkey
            && self.copied_at.is_none()
            && host.is_some()
            && self.host.as_deref() == host
    }
}

/// Of somebody's factors, what can be used at the origin that is visited.
pub(crate) fn usable(rows: &[FactorRow], origin: &str) -> Factors {
    let host = Door::of(origin).map(|door| door.host);
    Factors {
        any: !rows.is_empty(),
        app: rows.iter().any(|row| row.kind == FactorKind::Totp),
        passkey: rows.iter().any(|row| row.is_passkey_at(host.as_deref())),
    }
}

impl Tx {
    /// Which second factors an account has, as somebody sees who is asked for one.
    pub(crate) async fn factors_at(
        &mut self,
        account: AccountId,
        origin: &str,
    ) -> sqlx::Result<Factors> {
        Ok(usable(&self.factors(account).await?, origin))
    }

    /// Where passkeys of a site can be made.
    pub(crate) async fn passkey_door(
        &mut self,
        site: SiteId,
        visit: &Visit,
    ) -> sqlx::Result<PasskeyDoor> {
        let site = self.site(site).await?;
        if let Some(site) = site.filter(|site| site.host.is_some())
            && !visit.is_at_own_host()
        {
            return Ok(PasskeyDoor::Elsewhere(site.origin(&visit.origin)));
        }
        if let Some(door) = Door::of(&visit.here) {
            return Ok(PasskeyDoor::Here(door.host));
        }
        // This machine has a name of its own, which the server answers to as well.
        let local = Url::parse(&visit.here).ok().filter(|url| {
            let address = url.host_str().and_then(|host| host.parse::<Ipv4Addr>().ok());
            address.is_some_and(|address| address.is_loopback())
        });
        Ok(match local.and_then(|url| url.port()) {
            Some(port) => PasskeyDoor::Elsewhere(format!("http://localhost:{port}")),
            None => PasskeyDoor::Nowhere,
        })
    }
}

impl Portal {
    /// Asks the browser for a new passkey of the actor's.
    pub async fn begin_passkey(&self, actor: &Actor) -> Result<PasskeyQuestion> {
        let mut tx = self.db().write().await?;
        let account = self.hold_own(&mut tx, actor).await?;
        let rows = tx.factors(account.id).await?;
        let site = tx.site(account.site_id).await?.ok_or(Refusal::NotFound)?;
        tx.commit().await?;
        has_room(&rows)?;
        let door = Door::of(&actor.visit.here).ok_or(Refusal::NotFound)?;
        let there = rows.into_iter().filter_map(|row| row.credential_id).collect();
        let (options, state) = door
            .ceremony(site.name.as_str())?
            .start_passkey_registration(
                account.id.0,
                account.email.as_str(),
                account.name.as_str(),
                Some(there),
            )
            .map_err(anyhow::Error::from)?;
        let mut options = serde_json::to_value(options).map_err(anyhow::Error::from)?;
        // Whoever can keep it signs in without typing a name; who cannot has a second factor.
        let selection = &mut options["publicKey"]["authenticatorSelection"];
        selection["residentKey"] = json!("preferred");
        selection["requireResidentKey"] = json!(false);
        self.question(&adding(account.id), &options["publicKey"], state)
    }

    /// Adds the passkey that the browser made. From then on it is asked for.
    pub async fn add_passkey(&self, actor: &Actor, request: AddPasskey) -> Result<()> {
        let (now, visit) = (self.now(), &actor.visit);
        let mut tx = self.db().write().await?;
        let account = self.hold_own(&mut tx, actor).await?;
        let mut problems = Problems::default();
        let name = problems.check("name", Name::parse(&request.name));
        let Some(name) = name else { return Err(Refusal::Fields(problems.0).into()) };
        let refused = |problem| Err(Error::field("answer", problem));
        let Some(answer) = Answer::read(&request.answer) else {
            return refused(Problem::PasskeyOver);
        };
        let ticket = self.open_ticket::<PasskeyRegistration>(&adding(account.id), &answer);
        let Some(ticket) = ticket else { return refused(Problem::PasskeyOver) };
        if !tx.answer_question(ticket.id, ticket.expires_at).await? {
            return refused(Problem::PasskeyOver);
        }
        let rows = tx.factors(account.id).await?;
        has_room(&rows)?;
        let door = Door::of(&visit.here).ok_or(Refusal::NotFound)?;
        let made = serde_json::from_value::<RegisterPublicKeyCredential>(answer.credential)
            .map_err(anyhow::Error::from)
            .and_then(|made| {
                Ok(door.ceremony("Rekey")?.finish_passkey_registration(&made, &ticket.state)?)
            });
        let passkey = match made {
            Ok(passkey) => passkey,
            Err(error) => {
                tracing::info!(error = format!("{error:#}"), "a new passkey was refused");
                return refused(Problem::PasskeyRefused);
            }
        };
        let credential = passkey.cred_id().clone();
        if tx.passkey(&credential).await?.is_some() {
            return refused(Problem::PasskeyThere);
        }
        let id = FactorId(self.random().id(now));
        let row = FactorRow {
            id,
            account_id: account.id,
            kind: FactorKind::Passkey,
            name,
            sealed: self.keys().seal(&row_purpose(account.id, id), &passkey)?,
            last_step: 0,
            created_at: now,
            last_used_at: None,
            credential_id: Some(credential),
            host: Some(door.host),
            copied_at: None,
        };
        match tx.add_factor(&row).await {
            // Two forms with the same passkey at the same moment.
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                return refused(Problem::PasskeyThere);
            }
            other => other?,
        }
        if rows.is_empty() {
            self.begin_second_factor(&mut tx, actor, &account).await?;
        }
        let occasion = occasion(now, visit);
        let change = FactorChange::PasskeyAdded;
        self.tell_of_factor(&mut tx, &account, change, occasion, &visit.origin).await?;
        // Whoever sets up another one has not to be set free any more.
        let kept = actor.event(AuditKind::FactorRemovalStopped);
        self.stop_removal(&mut tx, &account, None, kept).await?;
        tx.record(self, actor.event(AuditKind::PasskeyAdded)).await?;
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// Asks for a passkey of the actor's, for a fresh proof.
    pub async fn ask_actor(&self, actor: &Actor) -> Result<PasskeyQuestion> {
        self.ask_account(&actor.visit, actor.account).await
    }

    /// Asks for a passkey as the second factor of signing in.
    pub async fn ask_halfway(&self, halfway: &Halfway) -> Result<PasskeyQuestion> {
        self.ask_account(&halfway.0.visit, halfway.0.account).await
    }

    /// Asks for a passkey beside a mailed link.
    pub async fn ask_link(
        &self,
        visit: &Visit,
        id: LinkId,
        token: &Secret,
    ) -> Result<PasskeyQuestion> {
        let (_, account) = self.usable_link(visit, id, token, LinkPurpose::Reset).await?;
        self.ask_account(visit, account.id).await
    }

    /// Asks for any passkey, to sign in with. Nothing is looked up: there is nothing to learn.
    #[expect(clippy::unused_async, reason = "asked like all others, whatever it takes to answer")]
    pub async fn ask_anybody(&self, visit: &Visit) -> Result<PasskeyQuestion> {
        let door = Door::of(&visit.here).ok_or(Refusal::NotFound)?;
        self.ask(&door, &signing_in(visit.site), &[])
    }

    async fn ask_account(&self, visit: &Visit, account: AccountId) -> Result<PasskeyQuestion> {
        let door = Door::of(&visit.here).ok_or(Refusal::NotFound)?;
        let rows = self.db().read().await?.factors(account).await?;
        let allowed: Vec<_> =
            rows.into_iter().filter(|row| row.is_passkey_at(Some(&door.host))).collect();
        if allowed.is_empty() {
            return Err(Refusal::NotFound.into());
        }
        self.ask(&door, &proving(account), &allowed)
    }

    /// One of these, or any at all.
    fn ask(&self, door: &Door, purpose: &str, allowed: &[FactorRow]) -> Result<PasskeyQuestion> {
        let (options, state) = door
            .ceremony("Rekey")?
            .start_discoverable_authentication()
            .map_err(anyhow::Error::from)?;
        let mut options = serde_json::to_value(options).map_err(anyhow::Error::from)?;
        options["publicKey"]["allowCredentials"] = allowed
            .iter()
            .filter_map(|row| row.credential_id.as_ref())
            .map(|id| json!({ "type": "public-key", "id": URL_SAFE_NO_PAD.encode(id) }))
            .collect();
        self.question(purpose, &options["publicKey"], state)
    }

    fn question<T: Serialize>(
        &self,
        purpose: &str,
        options: &serde_json::Value,
        state: T,
    ) -> Result<PasskeyQuestion> {
        let now = self.now();
        let expires_at = now.plus(PASSKEY_QUESTION_LIFE);
        let ticket = Ticket { id: self.random().id(now), expires_at, state };
        let sealed = self.keys().seal(purpose, &ticket)?;
        Ok(PasskeyQuestion { options: options.to_string(), ticket: URL_SAFE_NO_PAD.encode(sealed) })
    }

    /// The question that an answer is for, if it was asked for this purpose and is not over.
    fn open_ticket<T: DeserializeOwned>(
        &self,
        purpose: &str,
        answer: &Answer,
    ) -> Option<Ticket<T>> {
        let sealed = URL_SAFE_NO_PAD.decode(&answer.ticket).ok()?;
        let ticket: Ticket<T> = self.keys().open(purpose, &sealed).ok()?;
        (self.now() < ticket.expires_at).then_some(ticket)
    }

    /// Looks at an answer, and takes no note of it.
    async fn look_at(&self, visit: &Visit, purpose: &str, answer: Answer) -> Result<Seen> {
        let ticket = self.open_ticket::<DiscoverableAuthentication>(purpose, &answer);
        let Some(ticket) = ticket else { return Ok(Seen::Over) };
        let credential = serde_json::from_value::<PublicKeyCredential>(answer.credential);
        let (Ok(credential), Some(door)) = (credential, Door::of(&visit.here)) else {
            return Ok(Seen::Refused);
        };
        let mut tx = self.db().read().await?;
        let row = tx.passkey(&credential.raw_id).await?;
        // Looked up after the passkey: the same answer sent twice has counted already in the row,
        // and is no copy.
        if tx.is_answered(ticket.id).await? {
            return Ok(Seen::Over);
        }
        drop(tx);
        let Some(row) = row.filter(|row| row.is_passkey_at(Some(&door.host))) else {
            return Ok(Seen::Refused);
        };
        let purpose = row_purpose(row.account_id, row.id);
        let mut passkey: Passkey = self.keys().open(&purpose, &row.sealed)?;
        let ceremony = door.ceremony("Rekey")?;
        let signed =
            ceremony.finish_discoverable_authentication_v2(&credential, ticket.state, &passkey);
        match signed {
            Ok(signed) if signed.user_verified() => {
                passkey.update_credential(&signed);
                Ok(Seen::Signed(Signed {
                    factor: row.id,
                    account: row.account_id,
                    sealed: self.keys().seal(&purpose, &passkey)?,
                    counter: i64::from(signed.counter()),
                    says: credential.get_user_unique_id().map(<[u8]>::to_vec),
                    question: (ticket.id, ticket.expires_at),
                }))
            }
            Err(WebauthnError::CredentialPossibleCompromise) => Ok(Seen::Copied(row)),
            Ok(_) | Err(_) => Ok(Seen::Refused),
        }
    }

    /// Looks at a passkey that is given as the second factor of an account, and takes no note of it.
    pub(crate) async fn check_passkey(
        &self,
        visit: &Visit,
        account: &Account,
        answer: Answer,
        refused: Event<'_>,
    ) -> Result<Checked> {
        let problem = match self.look_at(visit, &proving(account.id), answer).await? {
            Seen::Signed(signed) if signed.account == account.id => {
                return Ok(Checked::Passkey(signed));
            }
            // Nothing was tried: the same answer twice, or a page that was open for long.
            Seen::Over => return Err(Error::field("code", Problem::PasskeyOver)),
            Seen::Copied(row) if row.account_id == account.id => {
                self.set_aside(visit, account, row.id, refused).await?;
                return Err(Error::field("code", Problem::PasskeyCopied));
            }
            Seen::Signed(_) | Seen::Copied(_) | Seen::Refused => Problem::PasskeyRefused,
        };
        let mut tx = self.db().write().await?;
        let event = Event { kind: AuditKind::FactorRefused, outcome: Outcome::Refused, ..refused };
        tx.record(self, event).await?;
        tx.commit().await?;
        Err(Error::field("code", problem))
    }

    /// Takes note of an answer, in the transaction of what it allows, with the account held; whether
    /// it was the first one to its question and is the last one of its passkey.
    pub(crate) async fn take_answer(&self, tx: &mut Tx, signed: &Signed) -> Result<bool> {
        let (question, expires_at) = signed.question;
        Ok(tx.answer_question(question, expires_at).await?
            && tx.take_passkey(signed.factor, &signed.sealed, signed.counter, self.now()).await?)
    }

    /// Refuses a passkey from now on, of which there seem to be two, and tells its owner.
    async fn set_aside(
        &self,
        visit: &Visit,
        account: &Account,
        id: FactorId,
        refused: Event<'_>,
    ) -> Result<()> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        let account = tx.lock_account(account.id).await?.ok_or(Refusal::NotFound)?;
        if tx.set_passkey_aside(id, now).await? {
            let change = FactorChange::PasskeyCopied;
            let occasion = occasion(now, visit);
            self.tell_of_factor(&mut tx, &account, change, occasion, &visit.origin).await?;
            let (kind, outcome) = (AuditKind::PasskeyCopied, Outcome::Done);
            tx.record(self, Event { kind, outcome, ..refused }).await?;
        }
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// Signs in with a passkey; [`Portal::sign_in_with_passkey`] counts how it ends.
    pub(crate) async fn try_passkey(
        &self,
        visit: &Visit,
        request: PasskeySignIn,
    ) -> Result<SignedIn> {
        let tx = self.db().write().await?;
        let limit = Limit { count: SIGN_INS_PER_PREFIX, window: SIGN_IN_WINDOW };
        let throttle = format!("sign-in:{}", prefix(visit.address));
        tx.take_or_refuse(&throttle, limit, self.now()).await?.commit().await?;
        let Some(answer) = Answer::read(&request.answer) else {
            return Err(Refusal::PasskeyFailed.into());
        };
        match self.look_at(visit, &signing_in(visit.site), answer).await? {
            // A device that finds the key by itself says whose it is (WebAuthn Level 3, 7.2).
            Seen::Signed(signed) if signed.says.as_deref() == Some(signed.account.0.as_bytes()) => {
                self.let_in_by_passkey(visit, &signed, request.keep).await
            }
            Seen::Copied(row) => {
                let mut tx = self.db().read().await?;
                if let Some(account) = tx.account(row.account_id).await?
                    && account.site_id == visit.site
                {
                    drop(tx);
                    let event = entry_event(visit, &account);
                    self.set_aside(visit, &account, row.id, event).await?;
                }
                Err(Refusal::PasskeyFailed.into())
            }
            Seen::Over | Seen::Refused | Seen::Signed(_) => Err(Refusal::PasskeyFailed.into()),
        }
    }

    async fn let_in_by_passkey(
        &self,
        visit: &Visit,
        signed: &Signed,
        keep: bool,
    ) -> Result<SignedIn> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        let account = tx.lock_account(signed.account).await?;
        let Some(account) = account else { return Err(Refusal::PasskeyFailed.into()) };
        // A key of another front door at the same host opens nothing here, and says nothing either,
        // unless it opened this one once.
        if account.site_id != visit.site
            && !tx.has_moved_from(account.organization_id, visit.site).await?
        {
            return Err(Refusal::PasskeyFailed.into());
        }
        let event = entry_event(visit, &account);
        let refusal = if account.may_sign_in(now) && self.take_answer(&mut tx, signed).await? {
            tx.not_here(&account, visit).await?
        } else {
            Some(Refusal::PasskeyFailed)
        };
        if let Some(refusal) = refusal {
            let (kind, outcome) = (AuditKind::SignInRefused, Outcome::Refused);
            tx.record(self, Event { kind, outcome, ..event }).await?;
            tx.commit().await?;
            return Err(refusal.into());
        }
        let policy = tx.policy(account.organization_id).await?;
        let known = tx.device_of(visit, account.id, now).await?;
        let stage = if account.must_change_password { Stage::Change } else { Stage::Full };
        let done =
            self.enter(&mut tx, visit, &account, (stage, known.as_ref(), keep), &policy).await?;
        let kept = entry_event(visit, &account);
        self.keep_used_factor(&mut tx, visit, &account, kept).await?;
        tx.record(self, event).await?;
        tx.commit().await?;
        self.wake();
        Ok(done)
    }
}

/// Refuses one more passkey than there may be.
fn has_room(rows: &[FactorRow]) -> Result<()> {
    let have = rows.iter().filter(|row| row.kind == FactorKind::Passkey).count();
    if have >= MOST_PASSKEYS as usize {
        return Err(Error::field("name", Problem::TooManyPasskeys { max: MOST_PASSKEYS }));
    }
    Ok(())
}
