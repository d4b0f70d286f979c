//! How an organization's mail is sent: through its own mail server, through that of the nearest
//! organization above it that has one, or as the server's settings say.

use std::sync::Arc;

use model::{
    Refusal,
    audit::{AuditChange, AuditKind},
    id::{MailId, OrganizationId},
    mail::{MailRoute, MailSecurity, MailTest, MailTested, MailView, OwnMail},
    permission::Permission,
    policy::{LONGEST_PASSWORD_BYTES, TEST_MAIL_WINDOW, TEST_MAILS},
    refusal::{FieldProblem, Problem},
    text::{EmailAddress, LONGEST_EMAIL, Name},
};

use crate::{
    Actor, Portal, Result,
    audit::changed,
    mail::{Letter, LetterKind, OwnServer, Parcel, Way, is_host, is_this_machine},
    secrets::Secret,
    store::{MailSettingsRow, SiteRow, Tx},
    throttle::Limit,
};

/// The form of an organization's mail server.
#[derive(Debug, Clone)]
pub struct SetMail {
    /// Whose; one's own organization's when there is none.
    pub scope: Option<OrganizationId>,
    /// `own`; anything else is no mail server of its own.
    pub source: String,
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: String,
    /// The word of how the connection is encrypted.
    pub security: String,
    /// The name to sign in with; empty for no sign-in.
    pub user: String,
    /// The password to sign in with; empty to keep the one that is there.
    pub password: Secret,
    /// The sender's address.
    pub from_email: String,
    /// The sender's name; empty for the site's.
    pub from_name: String,
    /// Where answers go; empty for whoever helps, as the brand says.
    pub reply_to: String,
}

impl Portal {
    /// How the mail of one's own organization is sent, or of one below it.
    pub async fn mail_page(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
    ) -> Result<MailView> {
        let mut tx = self.db().read().await?;
        let acting = self.acting(&mut tx, actor, scope, Permission::EditMail).await?;
        let own = tx.mail_settings(acting.id).await?;
        let parent = tx.organization(acting.id).await?.and_then(|row| row.parent_id);
        let inherited = match parent {
            Some(parent) => self.named_route(&mut tx, parent).await?,
            None => self.servers_route(),
        };
        let me = tx.account(actor.account).await?.ok_or(Refusal::NotFound)?;
        let route = if own.is_some() { MailRoute::Own } else { inherited.clone() };
        let dkim = tx.dkim_key(acting.id).await?.zip(own.as_ref()).map(|(key, own)| key.shown(own));
        let own = own.map(Into::into);
        Ok(MailView { acting, own, dkim, route, inherited, test_to: me.email })
    }

    /// Gives an organization a mail server of its own, or takes it away.
    pub async fn set_mail(&self, actor: &Actor, request: SetMail) -> Result<OrganizationId> {
        actor.may(Permission::EditMail)?;
        let mut tx = self.db().write().await?;
        let organization =
            self.hold_scope(&mut tx, actor, request.scope, Permission::EditMail).await?.id;
        let old = tx.mail_settings(organization).await?;
        let new = match request.source.as_str() {
            "own" => Some(self.parsed(organization, &request, old.as_ref())?),
            "inherited" => None,
            _ => return Err(Refusal::field("source", Problem::NotAChoice).into()),
        };
        let mut changes = differences(old.as_ref(), new.as_ref());
        let sealed =
            |row: Option<&MailSettingsRow>| row.and_then(|row| row.sealed_password.clone());
        if sealed(old.as_ref()) != sealed(new.as_ref()) {
            let told = |row: Option<&MailSettingsRow>, word| sealed(row).map(|_| word);
            let (old, new) = (told(old.as_ref(), "set"), told(new.as_ref(), "set anew"));
            changes.push(changed("password", old, new));
        }
        match &new {
            Some(row) => tx.set_mail_settings(row).await?,
            None => tx.remove_mail_settings(organization).await?,
        }
        if !changes.is_empty() {
            let event = actor.event_on(organization, AuditKind::MailSettingsChanged, changes);
            tx.record(self, event).await?;
        }
        tx.commit().await?;
        // What waited for a mail server may have one now.
        self.wake();
        Ok(organization)
    }

    /// Sends the actor a mail of no consequence, as the organization's mail would go, and tells
    /// how far it came.
    pub async fn test_mail(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
    ) -> Result<MailTested> {
        actor.may(Permission::EditMail)?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        let organization = self.hold_scope(&mut tx, actor, scope, Permission::EditMail).await?.id;
        let limit = Limit { count: TEST_MAILS, window: TEST_MAIL_WINDOW };
        let name = format!("test-mails:{organization}");
        let mut tx = tx.take_or_refuse(&name, limit, now).await?;
        let site = tx.site_of(organization).await?.ok_or(Refusal::NotFound)?;
        let me = tx.account(actor.account).await?.ok_or(Refusal::NotFound)?;
        let route = tx.mail_route(organization).await?;
        let language = site.look().speaks(me.language, site.language);
        let words = tx.letter_words(site.id, (LetterKind::Test, language)).await?;
        let (name, reply_to) = tx.sender(route.as_ref(), &site).await?;
        tx.commit().await?;

        let (outcome, answer) = match self.way(route.as_ref()) {
            Ok(Some(way)) => {
                let (kind, data) = Letter::Test {}.into_parts()?;
                let brand = site.mail_brand(&self.settings().origin);
                let rendered = self.worded((kind, language), &brand, &data, words.as_ref())?;
                let message_id = way.message_id(MailId(self.random().id(now)));
                let parcel = Parcel {
                    to: &me.email,
                    from_name: &name,
                    reply_to: reply_to.as_ref(),
                    message_id: &message_id,
                    date: now,
                };
                way.test(&parcel, &rendered).await
            }
            Ok(None) => (MailTest::NoRoute, String::new()),
            Err(error) => (MailTest::NotReached, format!("{error:#}")),
        };
        let mut tx = self.db().write().await?;
        let word = serde_json::to_value(outcome).map_err(anyhow::Error::from)?;
        let word = word.as_str().map(str::to_owned);
        let changes = vec![changed("outcome", None::<String>, word)];
        let event = actor.event_on(organization, AuditKind::MailTested, changes);
        tx.record(self, event).await?;
        tx.commit().await?;
        Ok(MailTested { outcome, answer, to: me.email })
    }

    /// The way that mail goes: through this mail server, or as the server's settings say.
    pub(crate) fn way(&self, route: Option<&MailSettingsRow>) -> anyhow::Result<Option<Arc<Way>>> {
        let Some(row) = route else { return Ok(self.mailer().way()) };
        let password = match &row.sealed_password {
            Some(sealed) => Some(Secret::new(self.keys().open(&purpose(row), sealed)?)),
            None => None,
        };
        let own = OwnServer {
            host: row.host.clone(),
            port: u16::try_from(row.port)?,
            tls: row.security.into(),
            user: row.user_name.clone(),
            password,
            from: row.from_email.to_string(),
            signer: row.dkim.as_ref().map(|key| self.signer(key)).transpose()?,
        };
        self.mailer().through(own, self.outbound()).map(Arc::new).map(Some)
    }

    fn servers_route(&self) -> MailRoute {
        if self.mailer().sends() { MailRoute::Server } else { MailRoute::Nothing }
    }

    async fn named_route(&self, tx: &mut Tx, id: OrganizationId) -> Result<MailRoute> {
        let Some(row) = tx.mail_route(id).await? else { return Ok(self.servers_route()) };
        let whose = tx.organization(row.organization_id).await?.ok_or(Refusal::NotFound)?;
        Ok(MailRoute::Inherited(whose.name))
    }

    /// What the form says, or what is wrong with its fields.
    fn parsed(
        &self,
        organization: OrganizationId,
        request: &SetMail,
        old: Option<&MailSettingsRow>,
    ) -> Result<MailSettingsRow> {
        let mut problems = Vec::new();
        let mut refuse = |field: &str, problem| {
            problems.push(FieldProblem { field: field.into(), problem });
        };
        let host = request.host.trim().to_ascii_lowercase();
        let address = host.parse::<std::net::IpAddr>().ok();
        let inside = address.is_some_and(|address| !self.outbound().allows(address));
        if host.is_empty() {
            refuse("host", Problem::Required);
        } else if !is_host(&host) {
            refuse("host", Problem::NotAHost);
        } else if inside {
            refuse("host", Problem::HostNotAllowed);
        }
        let port = match request.port.trim() {
            "" => Err(Problem::Required),
            text => text.parse::<i64>().map_err(|_| Problem::NotANumber),
        };
        let bounds = Problem::OutOfBounds { min: 1, max: i64::from(u16::MAX) };
        let port = port
            .and_then(|port| if (1..=65_535).contains(&port) { Ok(port) } else { Err(bounds) })
            .map_err(|problem| refuse("port", problem))
            .ok();
        let security = MailSecurity::from_word(&request.security);
        match security {
            None => refuse("security", Problem::NotAChoice),
            Some(MailSecurity::None) if !is_this_machine(&host) => {
                refuse("security", Problem::PlainToThisMachineOnly);
            }
            Some(_) => {}
        }
        let user = request.user.trim();
        if user.chars().any(char::is_control) {
            refuse("user", Problem::UnseenCharacters);
        } else if user.chars().count() > LONGEST_EMAIL {
            let max = u32::try_from(LONGEST_EMAIL).unwrap_or(u32::MAX);
            refuse("user", Problem::TooLong { max });
        }
        let user_name = Some(user.to_owned()).filter(|user| !user.is_empty());
        let from_email = EmailAddress::parse(&request.from_email)
            .map_err(|problem| refuse("from_email", problem))
            .ok();
        let from_name = match request.from_name.trim() {
            "" => None,
            name => Name::parse(name).map_err(|problem| refuse("from_name", problem)).ok(),
        };
        let reply_to = match request.reply_to.trim() {
            "" => None,
            email => EmailAddress::parse(email).map_err(|problem| refuse("reply_to", problem)).ok(),
        };
        // A stored password is for the server it was typed for, and goes nowhere else.
        let kept = old.filter(|old| {
            old.host == host
                && Some(old.port) == port
                && Some(old.security) == security
                && old.user_name == user_name
        });
        let typed = request.password.reveal();
        if user_name.is_some()
            && typed.is_empty()
            && kept.is_none_or(|old| old.sealed_password.is_none())
        {
            refuse("smtp_password", Problem::Required);
        } else if typed.len() > LONGEST_PASSWORD_BYTES {
            let max = u32::try_from(LONGEST_PASSWORD_BYTES).unwrap_or(u32::MAX);
            refuse("smtp_password", Problem::TooLong { max });
        }
        let (Some(port), Some(security), Some(from_email), true) =
            (port, security, from_email, problems.is_empty())
        else {
            return Err(Refusal::Fields(problems).into());
        };
        let mut row = MailSettingsRow {
            organization_id: organization,
            host,
            port,
            security,
            user_name,
            sealed_password: None,
            from_email,
            from_name,
            reply_to,
            updated_at: self.now(),
            dkim: None,
        };
        row.sealed_password = match (&row.user_name, kept) {
            (None, _) => None,
            (Some(_), Some(old)) if typed.is_empty() => old.sealed_password.clone(),
            (Some(_), _) => Some(self.keys().seal(&purpose(&row), &typed)?),
        };
        Ok(row)
    }
}

/// The purpose of the password's seal: it opens for no other organization, server or name.
pub(crate) fn purpose(row: &MailSettingsRow) -> String {
    let MailSettingsRow { organization_id, host, port, security, user_name, .. } = row;
    let user = user_name.as_deref().unwrap_or_default();
    format!("mail-password:{organization_id}:{host}:{port}:{}:{user}", security.word())
}

impl Tx {
    /// The name that mail bears, and where answers to it go: what was given with the mail server, else
    /// what the site says. A site bears no name of those above it, through whose server its mail goes.
    pub(crate) async fn sender(
        &mut self,
        route: Option<&MailSettingsRow>,
        site: &SiteRow,
    ) -> Result<(String, Option<EmailAddress>)> {
        let own = match route {
            Some(row) if self.is_within(row.organization_id, site.organization_id).await? => route,
            _ => None,
        };
        let name = own.and_then(|row| row.from_name.as_ref()).unwrap_or(&site.name).to_string();
        let helps =
            || site.support_email.as_deref().and_then(|text| EmailAddress::parse(text).ok());
        Ok((name, own.and_then(|row| row.reply_to.clone()).or_else(helps)))
    }
}

/// What differs between two mail servers, but for the password.
fn differences(old: Option<&MailSettingsRow>, new: Option<&MailSettingsRow>) -> Vec<AuditChange> {
    let told = |row: Option<&MailSettingsRow>| -> Vec<(&'static str, Option<String>)> {
        vec![
            ("host", row.map(|row| row.host.clone())),
            ("port", row.map(|row| row.port.to_string())),
            ("security", row.map(|row| row.security.word().to_owned())),
            ("user", row.and_then(|row| row.user_name.clone())),
            ("from_email", row.map(|row| row.from_email.to_string())),
            ("from_name", row.and_then(|row| row.from_name.as_ref()).map(ToString::to_string)),
            ("reply_to", row.and_then(|row| row.reply_to.as_ref()).map(ToString::to_string)),
        ]
    };
    told(old)
        .into_iter()
        .zip(told(new))
        .filter(|((_, old), (_, new))| old != new)
        .map(|((what, old), (_, new))| changed(what, old, new))
        .collect()
}

impl From<MailSettingsRow> for OwnMail {
    fn from(row: MailSettingsRow) -> Self {
        Self {
            host: row.host,
            port: u16::try_from(row.port).unwrap_or_default(),
            security: row.security,
            user: row.user_name,
            has_password: row.sealed_password.is_some(),
            from_email: row.from_email,
            from_name: row.from_name,
            reply_to: row.reply_to,
        }
    }
}
