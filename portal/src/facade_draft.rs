//! The façade, before its rooms are built.
#![allow(missing_docs, unused_variables, clippy::unused_async)]
use std::{net::IpAddr, sync::Arc, time::Duration};
use model::{account::{AccountKind, Language, Me, PasswordView, Profile, Role, SessionView}, audit::ActivityPage, id::{AccountId, AuditId, LinkId, OrganizationId, SessionId, SiteId}, link::{LinkPurpose, LinkView}, organization::SiteView};
use crate::{Result, secrets::Secret};
#[derive(Clone)] pub struct Portal(Arc<()>);
#[derive(Debug, Clone)] pub struct Visit { pub site: SiteId, pub address: IpAddr, pub user_agent: String, pub request_id: String, pub origin: String, pub language: Language, pub device: Option<Secret> }
#[derive(Debug, Clone)] pub struct Actor { pub account: AccountId, pub session: SessionId, pub kind: AccountKind, pub role: Option<Role>, pub organization: OrganizationId, pub site: SiteId, pub language: Language, pub visit: Visit }
#[derive(Debug, Clone)] pub struct SignIn { pub name: String, pub password: Secret, pub keep: bool }
#[derive(Debug, Clone)] pub struct SignedIn { pub token: Secret, pub max_age: Option<Duration>, pub device: Secret, pub device_max_age: Duration, pub kind: AccountKind }
#[derive(Debug, Clone)] pub struct ChangeProfile { pub name: String, pub user_name: String, pub language: String }
#[derive(Debug, Clone)] pub struct ChangePassword { pub current: Secret, pub new: Secret, pub retype: Secret }
#[derive(Debug, Clone)] pub struct NewPassword { pub new: Secret, pub retype: Secret }
impl Portal {
    pub async fn site(&self, host: &str, slug: Option<&str>) -> Result<Option<SiteView>> { Err(anyhow::anyhow!("not built").into()) }
    pub async fn site_by_id(&self, id: SiteId) -> Result<Option<SiteView>> { Err(anyhow::anyhow!("not built").into()) }
    pub async fn sign_in(&self, visit: &Visit, request: SignIn) -> Result<SignedIn> { Err(anyhow::anyhow!("not built").into()) }
    pub async fn actor(&self, visit: &Visit, token: &Secret) -> Result<Option<Actor>> { Err(anyhow::anyhow!("not built").into()) }
    pub async fn sign_out(&self, actor: &Actor) -> Result<()> { Err(anyhow::anyhow!("not built").into()) }
    pub async fn me(&self, actor: &Actor) -> Result<Me> { Err(anyhow::anyhow!("not built").into()) }
    pub async fn profile(&self, actor: &Actor) -> Result<Profile> { Err(anyhow::anyhow!("not built").into()) }
    pub async fn change_profile(&self, actor: &Actor, request: ChangeProfile) -> Result<Profile> { Err(anyhow::anyhow!("not built").into()) }
    pub async fn password_view(&self, actor: &Actor) -> Result<PasswordView> { Err(anyhow::anyhow!("not built").into()) }
    pub async fn change_password(&self, actor: &Actor, request: ChangePassword) -> Result<SignedIn> { Err(anyhow::anyhow!("not built").into()) }
    pub async fn sessions(&self, actor: &Actor) -> Result<Vec<SessionView>> { Err(anyhow::anyhow!("not built").into()) }
    pub async fn end_session(&self, actor: &Actor, session: SessionId) -> Result<()> { Err(anyhow::anyhow!("not built").into()) }
    pub async fn end_other_sessions(&self, actor: &Actor) -> Result<u32> { Err(anyhow::anyhow!("not built").into()) }
    pub async fn activity(&self, actor: &Actor, before: Option<AuditId>) -> Result<ActivityPage> { Err(anyhow::anyhow!("not built").into()) }
    pub async fn ask_for_link(&self, visit: &Visit, name: &str) -> Result<()> { Err(anyhow::anyhow!("not built").into()) }
    pub async fn link(&self, visit: &Visit, id: LinkId, token: &Secret, purpose: LinkPurpose) -> Result<LinkView> { Err(anyhow::anyhow!("not built").into()) }
    pub async fn use_link(&self, visit: &Visit, id: LinkId, token: &Secret, request: NewPassword) -> Result<()> { Err(anyhow::anyhow!("not built").into()) }
    pub async fn dispute(&self, visit: &Visit, id: LinkId, token: &Secret) -> Result<()> { Err(anyhow::anyhow!("not built").into()) }
    pub fn suggest_password(&self) -> Secret { Secret::new("six words".into()) }
    pub async fn ready(&self) -> bool { false }
    pub async fn run(self, stop: tokio::sync::watch::Receiver<bool>) {}
}
