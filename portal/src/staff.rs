//! Staff, from the command line: the way in on an empty database, and the way back in when every
//! other one is shut.

use anyhow::{Context, anyhow, bail};
use model::{
    account::{AccountKind, Device, Language, Role},
    audit::{ActorKind, AuditKind, Outcome},
    id::{AccountId, OrganizationId, SiteId},
    organization::OrganizationState,
    reset::Delivery,
    text::{EmailAddress, Name},
};

use crate::{
    Portal,
    audit::{Event, Personal},
    mail::{ChangedHow, Occasion},
    password,
    resets::{Circumstances, NewOne},
    secrets::Secret,
    store::{Account, NewAccount, OrganizationRow, SiteRow, Tx},
    throttle::canonical,
    two_factor::TURNED_OFF,
};

/// What is told of new staff.
#[derive(Debug, Clone)]
pub struct CreateStaff {
    /// The organization's name. On an empty database it is created, as the operator.
    pub organization: String,
    /// The email address.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// Their role.
    pub role: Role,
}

/// What audit rows of the command line have in the place of a request's id.
const REQUEST: &str = "command-line";

impl Portal {
    /// Creates a member of staff and returns the password they sign in with.
    pub async fn create_staff(&self, request: CreateStaff) -> anyhow::Result<Secret> {
        let email = EmailAddress::parse(&request.email)
            .map_err(|_| anyhow!("{:?} is not an email address", request.email))?;
        let name = Name::parse(&request.name)
            .map_err(|_| anyhow!("{:?} cannot be the name of a person", request.name))?;
        let password = password::suggest(self.random());
        let hash = self.hasher().hash(&password).await?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        let (organization, site) = self.organization_for(&mut tx, &request.organization).await?;
        let email_key = canonical(email.as_str());
        if tx.account_named(site, &email_key).await?.is_some() {
            bail!(
                "{email} has an account at this site already; use `rekey staff reset-password {email}` to give it a new password"
            );
        }
        let account = NewAccount {
            id: AccountId(self.random().id(now)),
            site_id: site,
            organization_id: organization,
            kind: AccountKind::Staff,
            role: Some(request.role),
            email,
            email_key,
            user_name: None,
            name,
            company: None,
            reference: None,
            language: Language::En,
            password_hash: Some(hash),
            locked_by: None,
            last_sign_in_at: None,
        };
        tx.add_account(&account, now).await?;
        let event = Event {
            organization,
            kind: AuditKind::AccountCreated,
            outcome: Outcome::Done,
            actor: (ActorKind::CommandLine, None),
            subject: Some(account.id),
            reset: None,
            request_id: REQUEST,
            personal: Personal::default(),
        };
        tx.record(self, event).await?;
        tx.commit().await?;
        Ok(password)
    }

    /// The organization of this name with the site it uses; the operator on an empty database.
    async fn organization_for(
        &self,
        tx: &mut Tx,
        wanted: &str,
    ) -> anyhow::Result<(OrganizationId, SiteId)> {
        if tx.organizations().await?.is_empty() {
            let name = Name::parse(wanted)
                .map_err(|_| anyhow!("{wanted:?} cannot be the name of an organization"))?;
            let now = self.now();
            let organization = OrganizationRow {
                id: OrganizationId(self.random().id(now)),
                parent_id: None,
                name: name.clone(),
                state: OrganizationState::Active,
                created_at: now,
            };
            let site = SiteRow {
                id: SiteId(self.random().id(now)),
                organization_id: organization.id,
                slug: None,
                is_default: true,
                name,
                tagline: None,
                support_email: None,
                language: Language::En,
                brand: "{}".into(),
                host: None,
                created_at: now,
            };
            tx.add_organization(&organization).await?;
            tx.add_site(&site).await?;
            tx.use_site(organization.id, site.id).await?;
            return Ok((organization.id, site.id));
        }
        // Compared here: databases know different letters.
        let wanted_key = canonical(wanted);
        let mut all = tx.organizations().await?;
        let names: Vec<String> = all.iter().map(|row| row.name.to_string()).collect();
        all.retain(|row| canonical(row.name.as_str()) == wanted_key);
        let organization = match all.as_slice() {
            [one] => one.id,
            [] => bail!("there is no organization {wanted:?}; there are: {}", names.join(", ")),
            _ => bail!("there are {} organizations called {wanted:?}", all.len()),
        };
        let site = tx.site_of(organization).await?.context("an organization without a site")?;
        Ok((organization, site.id))
    }

    /// Break-glass: gives a member of staff a new password, which is returned and works at once.
    /// `site` is the slug of a site, for an address that signs in at several.
    pub async fn reset_staff_password(
        &self,
        email: &str,
        site: Option<&str>,
    ) -> anyhow::Result<Secret> {
        let password = password::suggest(self.random());
        let hash = self.hasher().hash(&password).await?;
        let mut tx = self.db().write().await?;
        let account = staff_with(&mut tx, email, site).await?;
        let held = tx.lock_account(account.id).await?.context("the account was deleted")?;
        let circumstances = Circumstances {
            address: None,
            user_agent: String::new(),
            request_id: REQUEST.into(),
            origin: self.settings().origin.to_string(),
            actor: (ActorKind::CommandLine, None),
            how: ChangedHow::CommandLine,
            keep: None,
            staff: None,
            temporary: None,
            leans: false,
        };
        let new = NewOne { hash, password: password.clone(), services: Vec::new() };
        let lease = self
            .decide_now(&mut tx, &held, (Delivery::CommandLine, None), new, &circumstances)
            .await?;
        tx.commit().await?;
        self.finish_decided(lease).await;
        Ok(password)
    }

    /// Break-glass: turns off the second factor of a member of staff who lost it; whether there was
    /// one. Their sessions end, and they are told. `site` is the slug of a site, for an address that
    /// signs in at several.
    pub async fn reset_staff_factor(
        &self,
        email: &str,
        site: Option<&str>,
    ) -> anyhow::Result<bool> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        let account = staff_with(&mut tx, email, site).await?;
        let held = tx.lock_account(account.id).await?.context("the account was deleted")?;
        let origin = self.settings().origin.to_string();
        let occasion = Occasion { at: now, address: None, device: Device::default() };
        if !self.remove_second_factor(&mut tx, &held, TURNED_OFF, occasion, &origin).await? {
            return Ok(false);
        }
        tx.end_sessions(held.id, None, now).await?;
        let event = Event {
            organization: held.organization_id,
            kind: AuditKind::FactorRemoved,
            outcome: Outcome::Done,
            actor: (ActorKind::CommandLine, None),
            subject: Some(held.id),
            reset: None,
            request_id: REQUEST,
            personal: Personal::default(),
        };
        tx.record(self, event).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// The one member of staff with this address.
async fn staff_with(tx: &mut Tx, email: &str, site: Option<&str>) -> anyhow::Result<Account> {
    let mut found: Vec<Account> = tx.accounts_with_email(&canonical(email)).await?;
    found.retain(|account| account.kind == AccountKind::Staff);
    let slugs: Vec<(SiteId, String)> = tx
        .sites()
        .await?
        .into_iter()
        .map(|site| (site.id, site.slug.unwrap_or_else(|| "default".into())))
        .collect();
    let slug_of = |id: SiteId| {
        slugs.iter().find(|(site, _)| *site == id).map_or("", |(_, slug)| slug.as_str())
    };
    if let Some(wanted) = site {
        if !slugs.iter().any(|(_, slug)| slug == wanted) {
            let known: Vec<&str> = slugs.iter().map(|(_, slug)| slug.as_str()).collect();
            bail!("there is no site {wanted:?}; there are: {}", known.join(", "));
        }
        found.retain(|account| slug_of(account.site_id) == wanted);
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => bail!(
            "no member of staff has the address {email:?}; customers reset their own password at /forgot"
        ),
        _ => {
            let known: Vec<&str> = found.iter().map(|account| slug_of(account.site_id)).collect();
            bail!(
                "{email:?} signs in at several sites; add --site with one of: {}",
                known.join(", ")
            )
        }
    }
}
