//! The downstream systems of an organization: setting them up, trying them, taking them away.
//!
//! Settings are tried before they are kept, outside any transaction. What is secret among them goes
//! in and never comes out, and is sent nowhere but where it was typed for.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use model::{
    Moment, Refusal,
    audit::{AuditChange, AuditKind, Outcome},
    connector::{
        ConnectorChoice, ConnectorRow as Row, ConnectorView, ConnectorsView, Field, KeyEffect,
        LONGEST_SETTING, Reason, Tested,
    },
    id::{ConnectorId, OrganizationId},
    permission::Permission,
    policy::LONGEST_PASSWORD_BYTES,
    refusal::Problem,
    text::Name,
};

use crate::{
    Actor, Error, Portal, Result,
    audit::{Event, changed},
    connectors::{Config, Connector, KINDS, Kind},
    problems::Problems,
    secrets::Secret,
    store::{ConnectorRow, OrganizationRow, Tx},
    throttle::Limit,
};

/// How often an organization may have systems tried.
const TESTS: Limit = Limit { count: 30, window: Duration::from_mins(10) };
/// Links that are taken away in one unit of work.
const UNLINKED_AT_ONCE: i64 = 500;
/// Connectors that are offered at once, to narrow a list to.
const CHOICES: i64 = 20;

/// The form of a connector.
#[derive(Debug, Clone)]
pub struct SetConnector {
    /// Whose; one's own organization's when there is none. Of one that is there already its own
    /// organization counts.
    pub scope: Option<OrganizationId>,
    /// Which one; a new one when there is none.
    pub id: Option<ConnectorId>,
    /// The word of its kind. That of one that is there already stays.
    pub kind: String,
    /// What staff and customers call the system.
    pub name: String,
    /// What was typed into the fields that are no secrets; those that the kind does not ask for do
    /// not count.
    pub values: Vec<(Field, String)>,
    /// What was typed into those that are; empty to keep the one that is there.
    pub secrets: Vec<(Field, Secret)>,
}

/// Settings that were understood.
struct Parsed {
    name: Name,
    config: Config,
    connector: Arc<dyn Connector>,
}

impl SetConnector {
    /// What the form says, or what is wrong with its fields.
    fn parsed(&self, kind: &Kind, old: Option<&Config>, portal: &Portal) -> Result<Parsed> {
        let mut problems = Problems::default();
        let name = problems.check("name", Name::parse(&self.name));
        let mut config = Config::default();
        for asked in kind.asks.iter().filter(|asked| !asked.field.is_secret()) {
            let typed = self.values.iter().find(|(field, _)| *field == asked.field);
            let value = typed.map(|(_, value)| value.trim()).unwrap_or_default();
            if let Some(problem) = wrong_with(asked.field, value, asked.optional) {
                problems.add(asked.field.word(), problem);
            } else if !value.is_empty() {
                config.plain.insert(asked.field, value.to_owned());
            }
        }
        // A stored secret is for the system and the name it was typed for, and goes nowhere else.
        let same = |field| old.is_some_and(|old| old.plain(field) == config.plain(field));
        let kept = old.filter(|_| same(Field::Address) && same(Field::User));
        for asked in kind.asks.iter().filter(|asked| asked.field.is_secret()) {
            let field = asked.field;
            let typed = self.secrets.iter().find(|(typed, _)| *typed == field);
            let typed = typed.map(|(_, secret)| secret).filter(|typed| !typed.reveal().is_empty());
            let Some(secret) = typed.or_else(|| kept?.secret(field)) else {
                if !asked.optional {
                    problems.add(field.word(), Problem::Required);
                }
                continue;
            };
            if secret.reveal().len() > LONGEST_PASSWORD_BYTES {
                problems.add(field.word(), too_long(LONGEST_PASSWORD_BYTES));
            } else {
                config.secrets.insert(field, secret.clone());
            }
        }
        let connector = match (kind.connect)(&config, portal.outside()) {
            Ok(connector) => Some(connector),
            Err(found) => {
                for one in found {
                    if problems.0.iter().all(|known| known.field != one.field) {
                        problems.add(&one.field, one.problem);
                    }
                }
                None
            }
        };
        match (name, connector) {
            (Some(name), Some(connector)) if problems.0.is_empty() => {
                Ok(Parsed { name, config, connector })
            }
            _ => Err(Refusal::Fields(problems.0).into()),
        }
    }
}

/// What is wrong with a setting that is no secret.
fn wrong_with(field: Field, value: &str, optional: bool) -> Option<Problem> {
    if value.is_empty() {
        (!optional).then_some(Problem::Required)
    } else if value.len() > LONGEST_SETTING {
        Some(too_long(LONGEST_SETTING))
    } else if value.chars().any(char::is_control) {
        Some(Problem::UnseenCharacters)
    } else if field == Field::Keys && KeyEffect::from_word(value).is_none() {
        Some(Problem::NotAChoice)
    } else {
        None
    }
}

fn too_long(max: usize) -> Problem {
    Problem::TooLong { max: u32::try_from(max).unwrap_or(u32::MAX) }
}

/// The field that a reason is about, which a look at a system ended for.
fn field_of(reason: Reason, kind: &Kind) -> Field {
    let wanted: &[Field] = match reason {
        Reason::SignInRefused | Reason::NotPermitted => {
            &[Field::Password, Field::ApiKey, Field::SigningSecret, Field::User]
        }
        Reason::NoSuchAccount => &[Field::Base, Field::User],
        _ => &[],
    };
    let asks = |field: &&Field| kind.asks.iter().any(|asked| asked.field == **field);
    wanted.iter().find(asks).copied().unwrap_or(Field::Address)
}

impl Portal {
    /// The connectors of one's own organization, or of one below it.
    pub async fn connectors(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
    ) -> Result<ConnectorsView> {
        let mut tx = self.db().read().await?;
        let acting = self.acting(&mut tx, actor, scope, Permission::EditConnectors).await?;
        let now = self.now();
        let connectors = tx.connectors_of(acting.id).await?;
        let connectors = connectors.iter().map(|(row, count)| row.shown(*count, now)).collect();
        let kinds = KINDS.iter().map(|kind| kind.view()).collect();
        Ok(ConnectorsView { acting, connectors, kinds })
    }

    /// One connector, with its settings.
    pub async fn connector(&self, actor: &Actor, id: ConnectorId) -> Result<ConnectorView> {
        actor.may(Permission::ReadSettings)?;
        let mut tx = self.db().read().await?;
        let row = tx.connector(id).await?.ok_or(Refusal::NotFound)?;
        let scope = Some(row.organization_id);
        let acting = self.acting(&mut tx, actor, scope, Permission::EditConnectors).await?;
        let kind = row.kind()?;
        let config = Config::of(&row, self.keys())?;
        let settings = config.plain.into_iter().collect();
        let secrets = config.secrets.into_keys().collect();
        let count = tx.count_service_accounts(id).await?;
        let row = row.shown(count, self.now());
        Ok(ConnectorView { acting, row, kind: kind.view(), settings, secrets })
    }

    /// Sets a connector up, or changes it, once its settings have proven themselves.
    pub async fn set_connector(&self, actor: &Actor, request: SetConnector) -> Result<ConnectorId> {
        actor.may(Permission::EditConnectors)?;
        let mut tx = self.db().write().await?;
        let (organization, old) = self.hold_settings(&mut tx, actor, &request).await?;
        let kind = match &old {
            Some(old) => old.kind()?,
            None => Kind::of(&request.kind).ok_or(Refusal::field("kind", Problem::NotAChoice))?,
        };
        let known = match &old {
            Some(old) => Some(Config::of(old, self.keys())?),
            None => None,
        };
        let Parsed { name, config, connector } = request.parsed(kind, known.as_ref(), self)?;
        let types = |(field, secret): &(Field, Secret)| {
            !secret.reveal().is_empty() && config.secret(*field).is_some()
        };
        let is_same = known.is_some_and(|known| known.plain == config.plain)
            && !request.secrets.iter().any(types);
        let tested = if is_same {
            old.as_ref().and_then(|old| old.tested.clone())
        } else {
            tx = tx.take_or_refuse(&throttle(organization.id), TESTS, self.now()).await?;
            tx.commit().await?;
            let outcome = connector.test().await;
            if let Err(reason) = outcome {
                self.note_test(actor, &organization, &name, Some(reason)).await?;
                let field = field_of(reason, kind).word();
                return Err(Error::field(field, Problem::Service(reason)));
            }
            tx = self.db().write().await?;
            let (_, now) = self.hold_settings(&mut tx, actor, &request).await?;
            let stamp = |row: &Option<ConnectorRow>| row.as_ref().map(|row| row.updated_at);
            if stamp(&now) != stamp(&old) {
                return Err(Error::field("name", Problem::ChangedMeanwhile));
            }
            Some(to_text(&Tested { at: self.now(), outcome })?)
        };
        let now = self.now();
        let id = old.as_ref().map_or_else(|| ConnectorId(self.random().id(now)), |old| old.id);
        let plain = config.to_plain()?;
        let sealed = match &old {
            Some(old) if is_same => old.sealed.clone(),
            _ => config.to_sealed(id, self.keys())?,
        };
        let mut row = ConnectorRow {
            id,
            organization_id: organization.id,
            kind: kind.word.to_owned(),
            name,
            enabled: old.as_ref().is_none_or(|old| old.enabled),
            settings: plain,
            sealed,
            tested,
            failures: 0,
            rests_until: None,
            created_at: old.as_ref().map_or(now, |old| old.created_at),
            updated_at: old.as_ref().map_or(now, |old| next_stamp(old.updated_at, now)),
        };
        if let Some(old) = old.as_ref().filter(|_| is_same) {
            (row.failures, row.rests_until) = (old.failures, old.rests_until);
        }
        let changes = self.differences(old.as_ref(), &row, &request)?;
        tx.set_connector(&row).await?;
        if !changes.is_empty() {
            let kind =
                if old.is_some() { AuditKind::ConnectorChanged } else { AuditKind::ConnectorAdded };
            tx.record(self, actor.event_on(organization.id, kind, changes)).await?;
        }
        tx.commit().await?;
        Ok(id)
    }

    /// Has a look at a system, and tells what was found there.
    pub async fn test_connector(&self, actor: &Actor, id: ConnectorId) -> Result<Tested> {
        let mut tx = self.db().write().await?;
        let (organization, row) = self.hold_connector(&mut tx, actor, id).await?;
        let tx = tx.take_or_refuse(&throttle(organization.id), TESTS, self.now()).await?;
        tx.commit().await?;
        let outcome =
            self.ask_connector_anyway(&row, |system| async move { system.test().await }).await?;
        let tested = Tested { at: self.now(), outcome };
        let mut tx = self.db().write().await?;
        tx.set_tested(id, &to_text(&tested)?).await?;
        tx.commit().await?;
        let trouble = tested.outcome.as_ref().err().copied();
        self.note_test(actor, &organization, &row.name, trouble).await?;
        Ok(tested)
    }

    /// Takes a connector out of use, or into use again.
    pub async fn switch_connector(
        &self,
        actor: &Actor,
        id: ConnectorId,
        enabled: bool,
    ) -> Result<()> {
        let mut tx = self.db().write().await?;
        let (organization, mut row) = self.hold_connector(&mut tx, actor, id).await?;
        if row.enabled == enabled {
            return Ok(());
        }
        let word = |enabled| Some(if enabled { "active" } else { "disabled" });
        let changes = vec![
            changed("connector", Some(&row.name), Some(&row.name)),
            changed("state", word(row.enabled), word(enabled)),
        ];
        row.enabled = enabled;
        row.updated_at = next_stamp(row.updated_at, self.now());
        tx.set_connector(&row).await?;
        let event = actor.event_on(organization.id, AuditKind::ConnectorChanged, changes);
        tx.record(self, event).await?;
        Ok(tx.commit().await?)
    }

    /// Removes a connector and every link to accounts in its system; nothing changes there.
    pub async fn remove_connector(
        &self,
        actor: &Actor,
        id: ConnectorId,
        typed: &str,
    ) -> Result<OrganizationId> {
        let mut tx = self.db().write().await?;
        let (_, mut row) = self.hold_connector(&mut tx, actor, id).await?;
        let typed = typed.split_whitespace().collect::<Vec<_>>().join(" ");
        let name = row.name.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
        if typed.is_empty() {
            return Err(Error::field("typed", Problem::Required));
        }
        if typed != name {
            return Err(Error::field("typed", Problem::NameDiffers));
        }
        let count = tx.count_service_accounts(id).await?;
        // From now on nobody is linked through it any more.
        row.enabled = false;
        tx.set_connector(&row).await?;
        tx.commit().await?;
        // A few at a time, so that nobody waits for all of them.
        loop {
            let mut tx = self.db().write().await?;
            let some = tx.some_service_accounts(id, UNLINKED_AT_ONCE).await?;
            for (account, link) in &some {
                tx.remove_service_account(*account, *link).await?;
            }
            tx.commit().await?;
            if some.is_empty() {
                break;
            }
        }
        let mut tx = self.db().write().await?;
        let (organization, row) = self.hold_connector(&mut tx, actor, id).await?;
        tx.remove_connector(id).await?;
        let changes = vec![
            changed("connector", Some(&row.name), None::<&str>),
            changed("linked", Some(count), None::<&str>),
        ];
        let event = actor.event_on(organization.id, AuditKind::ConnectorRemoved, changes);
        tx.record(self, event).await?;
        tx.commit().await?;
        Ok(organization.id)
    }

    /// Holds an organization with the connector of it that a form is about, if that is there.
    async fn hold_settings(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        request: &SetConnector,
    ) -> Result<(OrganizationRow, Option<ConnectorRow>)> {
        if let Some(id) = request.id {
            let (organization, row) = self.hold_connector(tx, actor, id).await?;
            return Ok((organization, Some(row)));
        }
        let permission = Permission::EditConnectors;
        Ok((self.hold_scope(tx, actor, request.scope, permission).await?, None))
    }

    /// Holds a connector that the actor may set up, and its organization.
    pub(crate) async fn hold_connector(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: ConnectorId,
    ) -> Result<(OrganizationRow, ConnectorRow)> {
        actor.may(Permission::EditConnectors)?;
        let row = tx.connector(id).await?.ok_or(Refusal::NotFound)?;
        let scope = Some(row.organization_id);
        let held = self.hold_scope(tx, actor, scope, Permission::EditConnectors).await?;
        let row = tx.lock_connector(id).await?.ok_or(Refusal::NotFound)?;
        Ok((held, row))
    }

    /// Records that somebody tried a system, and how that ended.
    async fn note_test(
        &self,
        actor: &Actor,
        organization: &OrganizationRow,
        name: &Name,
        trouble: Option<Reason>,
    ) -> Result<()> {
        let told = trouble.map_or_else(|| "found".to_owned(), |reason| reason.to_string());
        let changes = vec![
            changed("connector", None::<&str>, Some(name)),
            changed("outcome", None::<&str>, Some(told)),
        ];
        let event = actor.event_on(organization.id, AuditKind::ConnectorTested, changes);
        let outcome = if trouble.is_none() { Outcome::Done } else { Outcome::Refused };
        let mut tx = self.db().write().await?;
        tx.record(self, Event { outcome, ..event }).await?;
        Ok(tx.commit().await?)
    }

    /// What differs between two states of a connector; of secrets, that they were typed.
    fn differences(
        &self,
        old: Option<&ConnectorRow>,
        new: &ConnectorRow,
        request: &SetConnector,
    ) -> Result<Vec<AuditChange>> {
        let mut changes = Vec::new();
        let name = old.map(|old| &old.name);
        if name != Some(&new.name) {
            changes.push(changed("connector", name, Some(&new.name)));
        }
        let was = match old {
            Some(old) => Config::of(old, self.keys())?,
            None => Config::default(),
        };
        let is = Config::of(new, self.keys())?;
        for field in Field::ALL {
            let (was, is) = (was.plain(field), is.plain(field));
            if was != is {
                changes.push(changed(field.word(), was, is));
            }
        }
        for field in Field::ALL {
            let typed = request.secrets.iter().any(|(typed, secret)| {
                *typed == field && !secret.reveal().is_empty() && is.secret(field).is_some()
            });
            if typed {
                let set = |config: &Config, word| config.secret(field).map(|_| word);
                changes.push(changed(field.word(), set(&was, "set"), set(&is, "set anew")));
            }
        }
        // Which one it was, beside what was changed of it.
        if !changes.is_empty() && name == Some(&new.name) {
            changes.insert(0, changed("connector", name, name));
        }
        Ok(changes)
    }
}

impl ConnectorRow {
    /// Its kind.
    pub fn kind(&self) -> Result<&'static Kind> {
        let unknown = || format!("connector {} is of the unknown kind {}", self.id, self.kind);
        Ok(Kind::of(&self.kind).with_context(unknown)?)
    }

    /// How it is shown, with so many linked accounts.
    pub fn shown(&self, accounts: i64, now: Moment) -> Row {
        let tested = self.tested.as_deref().and_then(|text| serde_json::from_str(text).ok());
        Row {
            id: self.id,
            name: self.name.clone(),
            kind: Kind::of(&self.kind).map_or(&*self.kind, |kind| kind.name).to_owned(),
            enabled: self.enabled,
            tested,
            rests_until: self.resting(now),
            accounts: u32::try_from(accounts).unwrap_or(u32::MAX),
        }
    }
}

impl Tx {
    /// Makes sure that the actor may know of a connector: of one of their own organization, of one
    /// below it, or of one above it, which serves their customers. Another one and none at all are
    /// the same.
    pub(crate) async fn connector_seen_by(
        &mut self,
        actor: &Actor,
        id: ConnectorId,
    ) -> Result<ConnectorRow> {
        let row = self.connector(id).await?.ok_or(Refusal::NotFound)?;
        let (whose, own) = (row.organization_id, actor.organization);
        if self.is_within(whose, own).await? || self.is_within(own, whose).await? {
            Ok(row)
        } else {
            Err(Refusal::NotFound.into())
        }
    }

    /// The connectors to which the actor may narrow a list of customers, with the one that it is
    /// narrowed to.
    pub(crate) async fn connector_choices(
        &mut self,
        actor: &Actor,
        chosen: Option<ConnectorId>,
    ) -> Result<Vec<ConnectorChoice>> {
        let above = self.connectors_serving(actor.organization).await?;
        let mut choices: Vec<_> = above.into_iter().map(|(id, name, _)| (id, name)).collect();
        choices.extend(self.connectors_below(actor.organization, CHOICES).await?);
        if let Some(id) = chosen {
            choices.push((id, self.connector_seen_by(actor, id).await?.name));
        }
        choices.sort_by(|(id, a), (other, b)| a.as_str().cmp(b.as_str()).then(id.cmp(other)));
        choices.dedup();
        Ok(choices.into_iter().map(|(id, name)| ConnectorChoice { id, name }).collect())
    }
}

/// The name of the limit on how often an organization has systems tried.
fn throttle(organization: OrganizationId) -> String {
    format!("connector-tests:{organization}")
}

/// Later than before, also when the clock stands still.
fn next_stamp(before: Moment, now: Moment) -> Moment {
    now.max(Moment(before.0.saturating_add(1)))
}

fn to_text(tested: &Tested) -> anyhow::Result<String> {
    serde_json::to_string(tested).context("the result of a test")
}
