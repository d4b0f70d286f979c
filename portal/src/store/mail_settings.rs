//! How organizations' mail is sent.

use model::{
    Moment,
    id::OrganizationId,
    mail::MailSecurity,
    text::{EmailAddress, Name},
};

use super::{Tx, on};

/// An organization's own mail server.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct MailSettingsRow {
    pub organization_id: OrganizationId,
    pub host: String,
    pub port: i64,
    pub security: MailSecurity,
    pub user_name: Option<String>,
    pub sealed_password: Option<Vec<u8>>,
    pub from_email: EmailAddress,
    pub from_name: Option<Name>,
    pub reply_to: Option<EmailAddress>,
    pub updated_at: Moment,
    /// The key that its mail is signed with.
    #[sqlx(skip)]
    pub dkim: Option<DkimRow>,
}

/// A key that mail is signed with.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct DkimRow {
    pub organization_id: OrganizationId,
    pub domain: String,
    pub selector: String,
    pub sealed: Vec<u8>,
    pub public_key: String,
    pub active: bool,
    pub created_at: Moment,
}

impl Tx {
    /// An organization's own mail server.
    pub async fn mail_settings(
        &mut self,
        organization: OrganizationId,
    ) -> sqlx::Result<Option<MailSettingsRow>> {
        on!(self, c => sqlx::query_as("SELECT organization_id, host, port, security, user_name, sealed_password, from_email, from_name, reply_to, updated_at FROM mail_settings WHERE organization_id = $1").bind(organization).fetch_optional(c).await)
    }

    /// The mail server through which an organization's mail goes: its own, or that of the nearest
    /// one above it that has one.
    pub async fn mail_route(
        &mut self,
        organization: OrganizationId,
    ) -> sqlx::Result<Option<MailSettingsRow>> {
        let route: Option<MailSettingsRow> = on!(self, c => sqlx::query_as("SELECT mail_settings.organization_id, host, port, security, user_name, sealed_password, from_email, from_name, reply_to, updated_at FROM organization_ancestors JOIN mail_settings ON mail_settings.organization_id = ancestor_id WHERE organization_ancestors.organization_id = $1 ORDER BY distance LIMIT 1").bind(organization).fetch_optional(c).await)?;
        let Some(mut route) = route else { return Ok(None) };
        route.dkim = self.dkim_key(route.organization_id).await?.filter(|key| key.active);
        Ok(Some(route))
    }

    /// The key that an organization's mail is signed with, whether it is in use or not.
    pub async fn dkim_key(
        &mut self,
        organization: OrganizationId,
    ) -> sqlx::Result<Option<DkimRow>> {
        on!(self, c => sqlx::query_as("SELECT organization_id, domain, selector, sealed, public_key, active, created_at FROM dkim_keys WHERE organization_id = $1").bind(organization).fetch_optional(c).await)
    }

    /// Gives an organization a key to sign mail with, instead of the one it had.
    pub async fn set_dkim_key(&mut self, row: &DkimRow) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO dkim_keys (organization_id, domain, selector, sealed, public_key, active, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (organization_id) DO UPDATE SET domain = excluded.domain, selector = excluded.selector, sealed = excluded.sealed, public_key = excluded.public_key, active = excluded.active, created_at = excluded.created_at")
            .bind(row.organization_id).bind(&row.domain).bind(&row.selector).bind(&row.sealed).bind(&row.public_key).bind(row.active).bind(row.created_at)
            .execute(c).await.map(drop))
    }

    /// Signs mail with an organization's key, or leaves it.
    pub async fn switch_dkim_key(
        &mut self,
        organization: OrganizationId,
        on: bool,
    ) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("UPDATE dkim_keys SET active = $2 WHERE organization_id = $1").bind(organization).bind(on).execute(c).await.map(drop))
    }

    /// Takes an organization's key away.
    pub async fn remove_dkim_key(&mut self, organization: OrganizationId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM dkim_keys WHERE organization_id = $1").bind(organization).execute(c).await.map(drop))
    }

    /// Gives an organization a mail server of its own, instead of the one it had.
    pub async fn set_mail_settings(&mut self, row: &MailSettingsRow) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("INSERT INTO mail_settings (organization_id, host, port, security, user_name, sealed_password, from_email, from_name, reply_to, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (organization_id) DO UPDATE SET host = excluded.host, port = excluded.port, security = excluded.security, user_name = excluded.user_name, sealed_password = excluded.sealed_password, from_email = excluded.from_email, from_name = excluded.from_name, reply_to = excluded.reply_to, updated_at = excluded.updated_at")
            .bind(row.organization_id).bind(&row.host).bind(row.port).bind(row.security).bind(&row.user_name)
            .bind(&row.sealed_password).bind(&row.from_email).bind(&row.from_name).bind(&row.reply_to).bind(row.updated_at)
            .execute(c).await.map(drop))
    }

    /// Takes an organization's own mail server away.
    pub async fn remove_mail_settings(&mut self, organization: OrganizationId) -> sqlx::Result<()> {
        on!(self, c => sqlx::query("DELETE FROM mail_settings WHERE organization_id = $1").bind(organization).execute(c).await.map(drop))
    }
}
