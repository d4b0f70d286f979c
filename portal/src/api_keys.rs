//! Keys by which programs use the API: made and revoked by staff, found again when a program comes.
//!
//! A key acts in the name of whoever made it: with some of their permissions, in one organization and
//! below it, and for no longer than they may have keys. It is an [`Actor`] like somebody signed in,
//! so that every rule is the same one; only that making it took the fresh proof which others give
//! each time. What takes a person is not among the permissions of keys.
//!
//! Of a key the database holds what is public of it, and a hash.

use std::time::Duration;

use model::{
    Moment, Refusal,
    account::{AccountKind, AccountState, Role},
    api_key::{
        KEY_DAYS, KEYS_LISTED, KeyEnd, KeyMade, KeyRevoked, KeyRow, KeyState, KeysView,
        LONGEST_KEY_DAYS, MOST_KEYS,
    },
    audit::{ActorKind, AuditChange, AuditKind, Outcome},
    id::{AccountId, ApiKeyId, OrganizationId, SessionId, SiteId},
    permission::Permission,
    policy::{API_ATTEMPT_WINDOW, API_ATTEMPTS, API_REQUESTS, API_WINDOW},
    refusal::Problem,
    text::Name,
};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::{
    Actor, Error, Portal, Result, Visit,
    audit::{Event, Personal, changed},
    problems::Problems,
    secrets::{Secret, TokenHash, hex, new_token},
    sessions::SKEW,
    store::{Account, ApiKeyListRow, ApiKeyRow, Tx},
    throttle::{Left, Limit, prefix, wait_refusal},
};

/// How every key begins, so that scanners find one that was left lying about.
const BEGIN: &str = "rk_";
/// Digits of what is public of a key.
const PUBLIC_DIGITS: usize = 16;
/// How exact "last used" is: a write for every request would be too much.
const TOUCH: Duration = Duration::from_mins(1);

/// The form of a new key.
#[derive(Debug, Clone)]
pub struct MakeKey {
    /// Whose; one's own organization's when there is none.
    pub scope: Option<OrganizationId>,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub permissions: Vec<Permission>,
    /// For how many days; empty for the usual number.
    pub days: String,
}

/// A request by a program, before it is known whose.
#[derive(Debug, Clone)]
pub struct Knock {
    /// The client's network address.
    pub address: std::net::IpAddr,
    /// The program's `User-Agent`.
    pub user_agent: String,
    /// The request's id.
    pub request_id: String,
    /// What links in mails begin with.
    pub origin: String,
}

/// What a key has left of its allowance of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Requests within the span.
    pub requests: u32,
    /// The span, in seconds.
    pub window: u32,
    /// Requests that are left at once.
    pub left: u32,
    /// Seconds until all of them are.
    pub whole_after: u32,
}

/// What became of a knock.
#[derive(Debug)]
pub enum Admission {
    /// The key works: this is who asks.
    Admitted(Box<Actor>, Allowance),
    /// The key works, and has asked too often.
    Exhausted {
        /// Seconds until it may ask again.
        retry_after: u32,
        /// What is left.
        allowance: Allowance,
    },
    /// There is no such key, or it works no more: one answer for all of it.
    Refused,
    /// The same, and so often that there is no other answer for a while.
    Flooded {
        /// Seconds until another attempt makes sense.
        retry_after: u32,
    },
}

/// The key that an actor holds instead of a session.
#[derive(Debug, Clone)]
pub(crate) struct HeldKey {
    pub id: ApiKeyId,
    pub name: Name,
    permissions: Vec<Permission>,
}

impl HeldKey {
    /// Whether it was given a permission. Whoever made it must have it as well.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }
}

/// Whether a key may be used.
enum Backing {
    /// By whoever made it.
    Backed(Box<Account>, Role),
    /// Not now.
    Unusable,
    /// Never more.
    Over(KeyEnd),
}

impl ApiKeyRow {
    fn permissions(&self) -> Vec<Permission> {
        self.permissions.split(' ').filter_map(Permission::from_word).collect()
    }

    fn state(&self, now: Moment) -> KeyState {
        match self.ended_for {
            Some(end) => KeyState::Ended(end),
            None if self.expires_at <= now => KeyState::Ended(KeyEnd::Expired),
            None => KeyState::Works,
        }
    }

    fn held(&self) -> HeldKey {
        HeldKey { id: self.id, name: self.name.clone(), permissions: self.permissions() }
    }

    fn named(&self) -> AuditChange {
        changed("key", None::<String>, Some(&self.name))
    }

    /// That it ended by itself.
    fn ended(&self, why: KeyEnd) -> Event<'static> {
        let changes = vec![self.named(), changed("key_end", None::<String>, Some(why.word()))];
        Event {
            organization: self.organization_id,
            kind: AuditKind::ApiKeyEnded,
            outcome: Outcome::Done,
            actor: (ActorKind::System, None),
            subject: None,
            reset: None,
            request_id: "worker",
            personal: Personal { changes, ..Personal::default() },
        }
    }
}

impl ApiKeyListRow {
    fn shown(self, now: Moment) -> KeyRow {
        let Self { key, organization, maker } = self;
        KeyRow {
            permissions: key.permissions(),
            state: key.state(now),
            shown: format!("{BEGIN}{}", key.public_id),
            id: key.id,
            name: key.name,
            organization,
            made_by: maker,
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
        }
    }
}

impl MakeKey {
    /// What the form means, for somebody in this role.
    fn parsed(&self, role: Role) -> (Problems, Option<Name>, Vec<Permission>, u32) {
        let mut problems = Problems::default();
        let name = problems.check("name", Name::parse(&self.name));
        // Never more than whoever makes it has.
        let is_offered = |permission: &Permission| {
            Permission::OF_KEYS.contains(permission) && role.may(*permission)
        };
        let mut wanted = self.permissions.clone();
        if wanted.is_empty() {
            problems.add("permissions", Problem::Required);
        } else if !wanted.iter().all(is_offered) {
            problems.add("permissions", Problem::NotAChoice);
        }
        // Whoever does something to customers reads about them.
        if wanted.iter().any(|one| matches!(one, Permission::EditCustomers | Permission::SendLink))
        {
            wanted.push(Permission::ReadCustomers);
        }
        let permissions =
            Permission::OF_KEYS.into_iter().filter(|one| wanted.contains(one)).collect();
        let days = match self.days.trim() {
            "" => KEY_DAYS,
            typed => match typed.parse::<u32>() {
                Ok(days) if (1..=LONGEST_KEY_DAYS).contains(&days) => days,
                Ok(_) => {
                    let max = i64::from(LONGEST_KEY_DAYS);
                    problems.add("days", Problem::OutOfBounds { min: 1, max });
                    KEY_DAYS
                }
                Err(_) => {
                    problems.add("days", Problem::NotANumber);
                    KEY_DAYS
                }
            },
        };
        (problems, name, permissions, days)
    }
}

impl Portal {
    /// The keys of one's own organization, or of one below it, with those of all below that.
    pub async fn api_keys(&self, actor: &Actor, scope: Option<OrganizationId>) -> Result<KeysView> {
        let mut tx = self.db().read().await?;
        let acting = self.acting(&mut tx, actor, scope, Permission::EditApiKeys).await?;
        let now = self.now();
        let limit = i64::try_from(KEYS_LISTED).unwrap_or(i64::MAX);
        let rows = tx.api_keys_of(acting.id, now, limit).await?;
        let is_offered = |permission: &Permission| {
            acting.may_edit && actor.role.is_some_and(|role| role.may(*permission))
        };
        Ok(KeysView {
            keys: rows.into_iter().map(|row| row.shown(now)).collect(),
            choices: Permission::OF_KEYS.into_iter().filter(is_offered).collect(),
            acting,
        })
    }

    /// Makes a key; it is told this once.
    pub async fn make_api_key(&self, actor: &Actor, request: MakeKey) -> Result<KeyMade> {
        actor.may(Permission::EditApiKeys)?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        let organization =
            self.hold_scope(&mut tx, actor, request.scope, Permission::EditApiKeys).await?.id;
        let role = tx.role_now(actor).await?;
        let (mut problems, name, permissions, days) = request.parsed(role);
        if tx.is_suspended(organization).await? {
            problems.add("name", Problem::OrganizationSuspended);
        } else if tx.count_api_keys(organization, now).await?
            >= i64::try_from(MOST_KEYS).unwrap_or(i64::MAX)
        {
            let max = u32::try_from(MOST_KEYS).unwrap_or(u32::MAX);
            problems.add("name", Problem::TooManyKeys { max });
        }
        let name = match name {
            Some(name) if problems.0.is_empty() => name,
            _ => return Err(Refusal::Fields(problems.0).into()),
        };
        let (secret, secret_hash) = new_token(self.random());
        let words: Vec<String> = permissions.iter().map(Permission::to_string).collect();
        let row = ApiKeyRow {
            id: ApiKeyId(self.random().id(now)),
            organization_id: organization,
            made_by: actor.account,
            name,
            permissions: words.join(" "),
            public_id: hex(&self.random().bytes::<{ PUBLIC_DIGITS / 2 }>()),
            secret_hash,
            created_at: now,
            expires_at: now.plus(Duration::from_hours(24 * u64::from(days))),
            last_used_at: None,
            ended_for: None,
        };
        tx.add_api_key(&row).await?;
        let changes = vec![
            row.named(),
            changed("permissions", None::<String>, Some(&row.permissions)),
            changed("days", None::<String>, Some(days)),
        ];
        tx.record(self, actor.event_on(organization, AuditKind::ApiKeyMade, changes)).await?;
        tx.commit().await?;
        let key = format!("{BEGIN}{}_{}", row.public_id, secret.reveal());
        Ok(KeyMade { id: row.id, organization, key })
    }

    /// Revokes a key: its next request is refused.
    pub async fn revoke_api_key(&self, actor: &Actor, id: ApiKeyId) -> Result<KeyRevoked> {
        actor.may(Permission::EditApiKeys)?;
        let mut tx = self.db().write().await?;
        let row = tx.api_key(id).await?.ok_or(Refusal::NotFound)?;
        let organization = row.organization_id;
        self.hold_scope(&mut tx, actor, Some(organization), Permission::EditApiKeys).await?;
        if tx.end_api_key(id, KeyEnd::Revoked, self.now()).await? {
            let changes = vec![row.named()];
            let event = actor.event_on(organization, AuditKind::ApiKeyRevoked, changes);
            tx.record(self, event).await?;
        }
        tx.commit().await?;
        Ok(KeyRevoked { id, organization })
    }

    /// Finds out whose key a program has sent, and takes one request from its allowance. Whoever
    /// has a key that works is not kept out by those beside them who have none.
    pub async fn admit(&self, knock: &Knock, sent: Option<&Secret>) -> Result<Admission> {
        let now = self.now();
        let mut tx = self.db().read().await?;
        let row = match sent.and_then(taken_apart) {
            Some((public_id, hash)) => tx
                .api_key_named(public_id)
                .await?
                .filter(|row| bool::from(row.secret_hash.0.ct_eq(&hash.0))),
            None => None,
        };
        let Some(row) = row else { return self.refuse_knock(knock).await };
        let (maker, role) = match self.backing(&mut tx, &row, None).await? {
            Backing::Backed(maker, role) => (maker, role),
            Backing::Unusable => return self.refuse_knock(knock).await,
            Backing::Over(why) => {
                drop(tx);
                self.put_key_out(&row, why).await?;
                return self.refuse_knock(knock).await;
            }
        };
        let site = tx.site_of(row.organization_id).await?;
        let site = site.map_or(SiteId(Uuid::nil()), |site| site.id);
        drop(tx);
        let (wait, left) = self.spend_request(&row, now).await?;
        let allowance = Allowance {
            requests: API_REQUESTS,
            window: whole_seconds(API_WINDOW),
            left: left.count,
            whole_after: whole_seconds(left.whole_after),
        };
        if let Some(wait) = wait {
            return Ok(Admission::Exhausted { retry_after: whole_seconds(wait).max(1), allowance });
        }
        let actor = Actor {
            account: row.made_by,
            // None that there is: what takes a session is not for keys.
            session: SessionId(row.id.0),
            kind: AccountKind::Staff,
            role: Some(role),
            organization: row.organization_id,
            site,
            name: maker.name,
            language: maker.language,
            visit: Visit {
                site,
                address: knock.address,
                user_agent: knock.user_agent.clone(),
                request_id: knock.request_id.clone(),
                origin: knock.origin.clone(),
                here: knock.origin.clone(),
                language: maker.language,
                device: None,
            },
            owes_factor: false,
            key: Some(row.held()),
        };
        Ok(Admission::Admitted(Box::new(actor), allowance))
    }

    /// Takes a request from a key's allowance, and notes now and then that the key is used.
    async fn spend_request(
        &self,
        row: &ApiKeyRow,
        now: Moment,
    ) -> Result<(Option<Duration>, Left)> {
        let mut tx = self.db().write().await?;
        let limit = Limit { count: API_REQUESTS, window: API_WINDOW };
        let spent = tx.take_telling(&format!("api:{}", row.id), limit, now).await?;
        if row.last_used_at.is_none_or(|last| now.since(last) >= TOUCH) {
            tx.touch_api_key(row.id, now).await?;
        }
        tx.commit().await?;
        Ok(spent)
    }

    /// Counts an attempt without a key that works.
    async fn refuse_knock(&self, knock: &Knock) -> Result<Admission> {
        let limit = Limit { count: API_ATTEMPTS, window: API_ATTEMPT_WINDOW };
        let name = format!("api-attempts:{}", prefix(knock.address));
        let mut tx = self.db().write().await?;
        let wait = tx.take(&name, limit, self.now()).await?;
        tx.commit().await?;
        Ok(match wait.map(wait_refusal) {
            Some(Refusal::Wait { seconds }) => Admission::Flooded { retry_after: seconds },
            _ => Admission::Refused,
        })
    }

    /// Whether a key may be used now. Its maker is read, unless they are held already.
    async fn backing(
        &self,
        tx: &mut Tx,
        row: &ApiKeyRow,
        held: Option<Account>,
    ) -> Result<Backing> {
        let now = self.now();
        // One that was used in the future has seen another clock.
        let fits_the_clock = row.last_used_at.is_none_or(|last| last <= now.plus(SKEW));
        if row.state(now) != KeyState::Works || !fits_the_clock {
            return Ok(Backing::Unusable);
        }
        if tx.is_suspended(row.organization_id).await? {
            return Ok(Backing::Over(KeyEnd::Organization));
        }
        let maker = match held {
            Some(maker) => Some(maker),
            None => tx.account(row.made_by).await?,
        };
        let Some(maker) = maker else { return Ok(Backing::Unusable) };
        let role = maker.role.filter(|role| role.may(Permission::EditApiKeys));
        let is_within = tx.is_within(row.organization_id, maker.organization_id).await?;
        Ok(match role {
            Some(role)
                if maker.kind == AccountKind::Staff
                    && maker.state == AccountState::Active
                    && is_within =>
            {
                if maker.is_locked_for_good() {
                    Backing::Unusable
                } else {
                    Backing::Backed(Box::new(maker), role)
                }
            }
            _ => Backing::Over(KeyEnd::Maker),
        })
    }

    /// Makes sure, until the commit, that a key may do something *now*. The organization of the
    /// customer it is about must be held: the key's is that one or above it.
    pub(crate) async fn hold_key(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        (key, permission): (&HeldKey, Permission),
    ) -> Result<()> {
        let maker = tx.lock_account(actor.account).await?.ok_or(Refusal::NotAllowed)?;
        let row = tx.lock_api_key(key.id).await?.ok_or(Refusal::NotAllowed)?;
        match self.backing(tx, &row, Some(maker)).await? {
            Backing::Backed(_, role) if role.may(permission) && row.held().may(permission) => {
                Ok(())
            }
            _ => Err(Refusal::NotAllowed.into()),
        }
    }

    /// Ends a key whose time has not come.
    async fn put_key_out(&self, row: &ApiKeyRow, why: KeyEnd) -> Result<()> {
        let mut tx = self.db().write().await?;
        if tx.end_api_key(row.id, why, self.now()).await? {
            tx.record(self, row.ended(why)).await?;
        }
        Ok(tx.commit().await?)
    }
}

impl Tx {
    /// Ends the keys of somebody who may have none any more.
    pub(crate) async fn end_api_keys_of(
        &mut self,
        portal: &Portal,
        maker: AccountId,
    ) -> Result<()> {
        for row in self.api_keys_made_by(maker).await? {
            if self.end_api_key(row.id, KeyEnd::Maker, portal.now()).await? {
                self.record(portal, row.ended(KeyEnd::Maker)).await?;
            }
        }
        Ok(())
    }
}

/// What is public of a key, and the hash of what is not; `None` for what is no key.
fn taken_apart(sent: &Secret) -> Option<(&str, TokenHash)> {
    let (public_id, secret) = sent.reveal().strip_prefix(BEGIN)?.split_once('_')?;
    let is_public = public_id.len() == PUBLIC_DIGITS
        && public_id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    is_public.then(|| (public_id, TokenHash::of(&Secret::new(secret.to_owned()))))
}

fn whole_seconds(span: Duration) -> u32 {
    u32::try_from(span.as_micros().div_ceil(1_000_000)).unwrap_or(u32::MAX)
}

impl Actor {
    /// What the audit log calls them: by their own name, or by that of their key.
    pub(crate) fn called(&self) -> String {
        self.key.as_ref().map_or(&self.name, |key| &key.name).to_string()
    }

    /// That it takes a person: refuses keys.
    pub(crate) fn is_person(&self) -> Result<()> {
        if self.key.is_none() { Ok(()) } else { Err(Error::Refused(Refusal::NeedsPerson)) }
    }

    /// The key, for those who have one.
    pub fn api_key(&self) -> Option<ApiKeyId> {
        self.key.as_ref().map(|key| key.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_a_key_is_looked_for() {
        let secret = "a-b_cdefghijklmnopqrstuvwxyz0123456789ABCDE";
        let sent = |text: &str| taken_apart(&Secret::new(text.to_owned())).is_some();
        assert!(sent(&format!("rk_0123456789abcdef_{secret}")));
        for text in [
            "",
            "rk_",
            "rk_0123456789abcdef",
            &format!("0123456789abcdef_{secret}"),
            &format!("rk_0123456789ABCDEF_{secret}"),
            &format!("rk_0123456789abcde_{secret}"),
            &format!("rk_0123456789abcdefa_{secret}"),
            &format!("RK_0123456789abcdef_{secret}"),
        ] {
            assert!(!sent(text), "{text}");
        }
    }
}
