//! Staff, as their superiors manage them: who works here, invitations, roles, setting aside, and a
//! link for whoever forgot the password.
//!
//! Nobody acts on themselves here. Owners are the business of owners, and the last one who can
//! sign in stays one: the organization is held alone while that is decided.

use std::time::Duration;

use model::{
    Refusal,
    account::{AccountKind, AccountState, Language, Role},
    audit::{AuditChange, AuditKind},
    id::{AccountId, OrganizationId},
    link::{LinkOrigin, LinkPurpose},
    permission::Permission,
    policy::{INVITATION_LIFE, Rule, STAFF_MAIL_WINDOW, STAFF_MAILS},
    refusal::{FieldProblem, Problem},
    staff::{StaffDeed, StaffDone, StaffList, StaffObstacle, StaffRow, StaffStanding, StaffView},
    text::{EmailAddress, Name},
};

use crate::{
    Actor, Error, Portal, Result,
    audit::{Event, Personal, changed},
    doer::Doer,
    forgotten::in_minutes,
    mail::{AccessChange, Letter},
    outbox,
    resets::{Asker, Why},
    store::{Account, LinkOf, NewAccount, StaffMember, Tx},
    throttle::{Limit, canonical},
};

/// The same form sent again within this time is one that was pressed twice.
const SENT_TWICE_WITHIN: Duration = Duration::from_secs(10);

/// The form by which somebody is invited to work for an organization.
#[derive(Debug, Clone)]
pub struct InviteStaff {
    /// For whom; one's own organization when there is none.
    pub scope: Option<OrganizationId>,
    /// What they are called.
    pub name: String,
    /// Where the invitation goes.
    pub email: String,
    /// The word of their role.
    pub role: String,
    /// The tag of the language that mails speak to them.
    pub language: String,
}

/// The form by which a superior mails a member of staff a link to a new password.
#[derive(Debug, Clone)]
pub struct SendStaffLink {
    /// Whose password.
    pub staff: AccountId,
    /// Why, in the superior's words.
    pub reason: String,
    /// The number of a ticket; empty for none.
    pub ticket: String,
}

/// A member of staff who is held, with those who decide about them.
struct Held {
    member: StaffMember,
    account: Account,
    /// The role of who acts, as it is now.
    by: Role,
}

impl Portal {
    /// Who works for one's own organization, or for one below it.
    pub async fn staff_page(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
    ) -> Result<StaffList> {
        let now = self.now();
        let mut tx = self.db().read().await?;
        let acting = self.acting(&mut tx, actor, scope, Permission::ManageStaff).await?;
        let mut rows: Vec<StaffRow> = tx
            .colleagues(acting.id, now)
            .await?
            .into_iter()
            .map(|member| member.shown(actor, now))
            .collect();
        rows.sort_by_key(|row| Role::ALL.iter().position(|role| *role == row.role));
        Ok(StaffList { acting, rows, roles: roles_given_by(actor.role) })
    }

    /// One member of staff, and what may be done about them.
    pub async fn staff_member(&self, actor: &Actor, id: AccountId) -> Result<StaffView> {
        let now = self.now();
        actor.may(Permission::ReadSettings)?;
        let mut tx = self.db().read().await?;
        let member = tx.colleague_of(actor, id, now).await?;
        let organization = member.organization_id;
        let acting =
            self.acting(&mut tx, actor, Some(organization), Permission::ManageStaff).await?;
        let policy = tx.policy(organization).await?;
        let last_owner = member.role == Role::Owner
            && member.can_sign_in()
            && tx.count_other_owners(organization, id).await? == 0;
        let role = actor.role.unwrap_or(Role::Auditor);
        Ok(StaffView {
            acting,
            created_at: member.created_at,
            open_links: tx.open_reset_links(id, now).await?,
            link_minutes: in_minutes(policy.minutes(Rule::LinkMinutes)),
            roles: roles_given_by(actor.role),
            obstacle: obstacle(actor, role, &member),
            last_owner,
            removal: self.waiting_removal(&mut tx, (id, AccountKind::Staff), &policy).await?,
            row: member.shown(actor, now),
        })
    }

    /// Invites somebody to work for an organization: an account without a password, and a link by
    /// which they choose one.
    pub async fn invite_staff(&self, actor: &Actor, request: InviteStaff) -> Result<StaffDone> {
        actor.may(Permission::ManageStaff)?;
        let mut problems = Vec::new();
        let mut refuse = |field: &str, problem| {
            problems.push(FieldProblem { field: field.into(), problem });
        };
        let name = Name::parse(&request.name).map_err(|problem| refuse("name", problem)).ok();
        let email =
            EmailAddress::parse(&request.email).map_err(|problem| refuse("email", problem)).ok();
        let role = Role::from_word(&request.role);
        if role.is_none() {
            refuse("role", Problem::NotAChoice);
        }
        let language = Language::from_tag(&request.language);
        if language.is_none() {
            refuse("language", Problem::NotAChoice);
        }
        let (Some(name), Some(email), Some(role), Some(language)) = (name, email, role, language)
        else {
            return Err(Refusal::Fields(problems).into());
        };

        let now = self.now();
        let mut tx = self.db().write().await?;
        let organization =
            self.hold_scope(&mut tx, actor, request.scope, Permission::ManageStaff).await?;
        if !tx.role_now(actor).await?.manages(role) {
            return Err(Refusal::StaffImpossible(StaffObstacle::Owner).into());
        }
        // Nobody could sign in there.
        if tx.is_suspended(organization.id).await? {
            return Err(Refusal::StaffImpossible(StaffObstacle::Suspended).into());
        }
        if !self.sends_mail(&mut tx, organization.id).await? {
            return Err(Refusal::StaffImpossible(StaffObstacle::NoMail).into());
        }
        let site = tx.site_of(organization.id).await?.ok_or(Refusal::NotFound)?;
        let email_key = canonical(email.as_str());
        if let Some(taken) = tx.account_named(site.id, &email_key).await? {
            // Pressed twice, without scripts: one invitation, one answer.
            let member = tx.colleague(taken.id, now).await?;
            let just_made = member.is_some_and(|member| {
                member.organization_id == organization.id
                    && (member.role, &member.name) == (role, &name)
                    && now.since(member.created_at) < SENT_TWICE_WITHIN
            });
            if just_made {
                return Ok(done(taken.id, organization.id, StaffDeed::Invited));
            }
            return Err(Error::field("email", Problem::EmailTaken));
        }
        let mut tx = spend_staff_mail(self, tx, actor).await?;
        let new = NewAccount {
            id: AccountId(self.random().id(now)),
            site_id: site.id,
            organization_id: organization.id,
            kind: AccountKind::Staff,
            role: Some(role),
            email,
            email_key,
            user_name: None,
            name,
            company: None,
            reference: None,
            language,
            password_hash: None,
            locked_by: None,
            last_sign_in_at: None,
        };
        match tx.add_account(&new, now).await {
            // Somebody else of this site took the address at the same moment.
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                return Err(Error::field("email", Problem::EmailTaken));
            }
            other => other?,
        }
        let account = tx.lock_account(new.id).await?.ok_or(Refusal::NotFound)?;
        self.mail_invitation(&mut tx, actor, &account, &organization.name).await?;
        let changes = vec![changed("role", None::<String>, Some(role.word()))];
        let event = actor.event_about_staff(&account, AuditKind::Invited, changes);
        tx.record(self, event).await?;
        tx.commit().await?;
        self.wake();
        Ok(done(new.id, organization.id, StaffDeed::Invited))
    }

    /// Mails an invitation once more, with a new link; the one before is void.
    pub async fn invite_again(&self, actor: &Actor, id: AccountId) -> Result<StaffDone> {
        let mut tx = self.db().write().await?;
        let Held { member, account, .. } = self.hold_colleague(&mut tx, actor, id).await?;
        if member.has_password {
            return Err(Refusal::StaffImpossible(StaffObstacle::ThereAlready).into());
        }
        self.may_be_mailed(&mut tx, &account).await?;
        let mut tx = spend_staff_mail(self, tx, actor).await?;
        let organization =
            tx.organization(account.organization_id).await?.ok_or(Refusal::NotFound)?;
        self.mail_invitation(&mut tx, actor, &account, &organization.name).await?;
        let event = actor.event_about_staff(&account, AuditKind::Invited, Vec::new());
        tx.record(self, event).await?;
        tx.commit().await?;
        self.wake();
        Ok(done(id, organization.id, StaffDeed::Invited))
    }

    /// Gives a member of staff another role, and tells them.
    pub async fn change_role(&self, actor: &Actor, id: AccountId, role: &str) -> Result<StaffDone> {
        actor.may(Permission::ManageStaff)?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        let Held { member, account, by } = self.hold_colleague(&mut tx, actor, id).await?;
        let Some(role) = Role::from_word(role) else {
            return Err(Error::field("role", Problem::NotAChoice));
        };
        if !by.manages(role) {
            return Err(Refusal::StaffImpossible(StaffObstacle::Owner).into());
        }
        let finished = done(id, member.organization_id, StaffDeed::RoleChanged);
        if role == member.role {
            return Ok(finished);
        }
        if role != Role::Owner {
            keeps_an_owner(&mut tx, &member).await?;
        }
        tx.set_role(id, role, now).await?;
        if !role.may(Permission::EditApiKeys) {
            tx.end_api_keys_of(self, id).await?;
        }
        let change = AccessChange::Role(role);
        self.tell(&mut tx, actor, &account, change).await?;
        let changes = vec![changed("role", Some(member.role.word()), Some(role.word()))];
        let event = actor.event_about_staff(&account, AuditKind::RoleChanged, changes);
        tx.record(self, event).await?;
        tx.commit().await?;
        self.wake();
        Ok(finished)
    }

    /// Sets a member of staff aside: every session ends at once, every link is void.
    pub async fn suspend_staff(&self, actor: &Actor, id: AccountId) -> Result<StaffDone> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        let Held { member, account, .. } = self.hold_colleague(&mut tx, actor, id).await?;
        let finished = done(id, member.organization_id, StaffDeed::Suspended);
        if account.state == AccountState::Suspended {
            return Ok(finished);
        }
        keeps_an_owner(&mut tx, &member).await?;
        tx.set_state(id, AccountState::Suspended, now).await?;
        tx.end_sessions(id, None, now).await?;
        tx.revoke_devices(id, None, now).await?;
        tx.void_links(id, now).await?;
        tx.cancel_resets(id, now).await?;
        let email_change = tx.end_email_change(id, now).await?;
        tx.end_api_keys_of(self, id).await?;
        self.tell(&mut tx, actor, &account, AccessChange::Suspended).await?;
        if email_change.is_some() {
            let kind = AuditKind::EmailChangeStopped;
            tx.record(self, actor.event_about_staff(&account, kind, Vec::new())).await?;
        }
        let changes = vec![changed("state", Some("active"), Some("suspended"))];
        let event = actor.event_about_staff(&account, AuditKind::Suspended, changes);
        tx.record(self, event).await?;
        tx.commit().await?;
        self.wake();
        Ok(finished)
    }

    /// Takes a member of staff who was set aside into use again, as they were.
    pub async fn resume_staff(&self, actor: &Actor, id: AccountId) -> Result<StaffDone> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        let Held { member, account, .. } = self.hold_colleague(&mut tx, actor, id).await?;
        let finished = done(id, member.organization_id, StaffDeed::Resumed);
        if account.state == AccountState::Active {
            return Ok(finished);
        }
        tx.set_state(id, AccountState::Active, now).await?;
        self.tell(&mut tx, actor, &account, AccessChange::Resumed).await?;
        let changes = vec![changed("state", Some("suspended"), Some("active"))];
        let event = actor.event_about_staff(&account, AuditKind::Resumed, changes);
        tx.record(self, event).await?;
        tx.commit().await?;
        self.wake();
        Ok(finished)
    }

    /// Mails a member of staff a link to a new password: the way back for who has no second
    /// factor. It replaces every other link, and opens a lock that failures or staff caused.
    pub async fn send_staff_link(
        &self,
        actor: &Actor,
        request: SendStaffLink,
    ) -> Result<StaffDone> {
        actor.may(Permission::ManageStaff)?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        let Held { member, account, .. } =
            self.hold_colleague(&mut tx, actor, request.staff).await?;
        let why = Why::told(&request.reason, &request.ticket)?;
        if !member.has_password {
            return Err(Refusal::StaffImpossible(StaffObstacle::NotThereYet).into());
        }
        self.may_be_mailed(&mut tx, &account).await?;
        let finished = done(account.id, member.organization_id, StaffDeed::LinkSent);
        // Pressed twice, without scripts: one link, one mail, one answer.
        if let Some(waiting) = tx.waiting_reset(account.id, actor.account).await?
            && waiting.reason.as_ref() == Some(&why.reason)
            && waiting.ticket == why.ticket
            && now.since(waiting.created_at) < SENT_TWICE_WITHIN
        {
            return Ok(finished);
        }
        let mut tx = spend_staff_mail(self, tx, actor).await?;
        let by = (&Doer::of(actor), why.clone(), Vec::new());
        let reset = self.mail_link(&mut tx, &account, by).await?;
        let event = actor.event_about_staff(&account, AuditKind::StaffLinkSent, Vec::new());
        let personal = Personal { why: Some(why), ..event.personal };
        tx.record(self, Event { reset: Some(reset), personal, ..event }).await?;
        tx.commit().await?;
        self.wake();
        Ok(finished)
    }

    /// Holds a member of staff whom the actor may manage, with their organization alone.
    async fn hold_colleague(&self, tx: &mut Tx, actor: &Actor, id: AccountId) -> Result<Held> {
        actor.may(Permission::ManageStaff)?;
        let now = self.now();
        // Before the step-up: whose colleague it is not has nothing to step up for.
        let before = tx.colleague_of(actor, id, now).await?;
        let scope = Some(before.organization_id);
        self.hold_scope(tx, actor, scope, Permission::ManageStaff).await?;
        let account = tx.lock_account(id).await?.ok_or(Refusal::NotFound)?;
        let member = tx.colleague(id, now).await?.ok_or(Refusal::NotFound)?;
        if member.organization_id != before.organization_id {
            return Err(Refusal::NotFound.into());
        }
        let by = tx.role_now(actor).await?;
        match obstacle(actor, by, &member) {
            Some(obstacle) => Err(Refusal::StaffImpossible(obstacle).into()),
            None => Ok(Held { member, account, by }),
        }
    }

    /// That mail with a link would reach them and help them.
    async fn may_be_mailed(&self, tx: &mut Tx, account: &Account) -> Result<()> {
        let suspended = account.state == AccountState::Suspended
            || tx.is_suspended(account.organization_id).await?;
        let obstacle = if suspended {
            StaffObstacle::Suspended
        } else if !self.sends_mail(tx, account.organization_id).await? {
            StaffObstacle::NoMail
        } else {
            return Ok(());
        };
        Err(Refusal::StaffImpossible(obstacle).into())
    }

    /// Mails the link to a first password; those before are void.
    async fn mail_invitation(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        account: &Account,
        organization: &Name,
    ) -> Result<()> {
        let now = self.now();
        tx.void_links_for(account.id, LinkPurpose::Invitation, now).await?;
        tx.cancel_resets(account.id, now).await?;
        let asker = Asker::Inviter(actor.account);
        let reset = self.add_waiting_reset(tx, account, asker).await?;
        let kind = (LinkPurpose::Invitation, LinkOrigin::Staff);
        let origin = &actor.visit.origin;
        let link = self
            .make_link(tx, account, kind, LinkOf::Reset(reset), INVITATION_LIFE, origin)
            .await?;
        let letter = Letter::StaffInvitation {
            name: account.name.clone(),
            organization: organization.clone(),
            inviter: actor.name.clone(),
            at: now,
            link,
            minutes: in_minutes(INVITATION_LIFE),
        };
        tx.post(self, account, letter, INVITATION_LIFE).await
    }

    /// Tells a member of staff what a superior changed.
    async fn tell(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        account: &Account,
        change: AccessChange,
    ) -> Result<()> {
        let organization =
            tx.organization(account.organization_id).await?.ok_or(Refusal::NotFound)?;
        let letter = Letter::AccessChanged {
            name: account.name.clone(),
            organization: organization.name,
            by: actor.name.clone(),
            at: self.now(),
            change,
        };
        tx.post(self, account, letter, outbox::PATIENCE).await
    }
}

impl Tx {
    /// A member of staff of the actor's organization or of one below it. Another organization's and
    /// one that does not exist are the same.
    async fn colleague_of(
        &mut self,
        actor: &Actor,
        id: AccountId,
        now: model::Moment,
    ) -> Result<StaffMember> {
        let member = self.colleague(id, now).await?.ok_or(Refusal::NotFound)?;
        if self.is_within(member.organization_id, actor.organization).await? {
            Ok(member)
        } else {
            Err(Refusal::NotFound.into())
        }
    }

    /// The role of the actor, who is held, as it is now.
    pub(crate) async fn role_now(&mut self, actor: &Actor) -> Result<Role> {
        let account = self.account(actor.account).await?.ok_or(Refusal::NotAllowed)?;
        Ok(account.role.ok_or(Refusal::NotAllowed)?)
    }
}

impl Actor {
    /// What they did to a member of staff, for the audit log of that one's organization.
    fn event_about_staff(
        &self,
        account: &Account,
        kind: AuditKind,
        changes: Vec<AuditChange>,
    ) -> Event<'_> {
        let subject = Some(account.id);
        Event { subject, ..self.event_on(account.organization_id, kind, changes) }
    }
}

impl StaffMember {
    /// Whether nothing but a lock that opens by itself keeps them out.
    fn can_sign_in(&self) -> bool {
        self.state == AccountState::Active
            && self.has_password
            && !matches!(
                self.locked_by,
                Some(model::account::Lock::Staff | model::account::Lock::Dispute)
            )
    }

    fn shown(self, actor: &Actor, now: model::Moment) -> StaffRow {
        let holds = self.locked_until.is_none_or(|until| until > now);
        let lock = self.locked_by.filter(|_| holds);
        StaffRow {
            id: self.id,
            name: self.name,
            email: self.email,
            role: self.role,
            standing: StaffStanding::of(self.state, self.has_password, lock, self.invited_until),
            last_sign_in_at: self.last_sign_in_at,
            has_factor: self.has_factor,
            you: self.id == actor.account,
        }
    }
}

/// Why somebody in this role may change nothing about a member of staff.
pub(crate) fn obstacle(actor: &Actor, role: Role, member: &StaffMember) -> Option<StaffObstacle> {
    if !role.may(Permission::ManageStaff) {
        Some(StaffObstacle::NotPermitted)
    } else if member.id == actor.account {
        Some(StaffObstacle::Yourself)
    } else if !role.manages(member.role) {
        Some(StaffObstacle::Owner)
    } else {
        None
    }
}

/// That an organization is not left without an owner who can sign in. It must be held alone.
async fn keeps_an_owner(tx: &mut Tx, member: &StaffMember) -> Result<()> {
    if member.role == Role::Owner
        && member.can_sign_in()
        && tx.count_other_owners(member.organization_id, member.id).await? == 0
    {
        return Err(Refusal::StaffImpossible(StaffObstacle::LastOwner).into());
    }
    Ok(())
}

/// The roles that somebody in this role may give.
fn roles_given_by(role: Option<Role>) -> Vec<Role> {
    Role::ALL.into_iter().filter(|given| role.is_some_and(|role| role.manages(*given))).collect()
}

async fn spend_staff_mail(portal: &Portal, tx: Tx, actor: &Actor) -> Result<Tx> {
    let limit = Limit { count: STAFF_MAILS, window: STAFF_MAIL_WINDOW };
    let name = format!("staff-mails:{}", actor.account);
    tx.take_or_refuse(&name, limit, portal.now()).await
}

fn done(staff: AccountId, organization: OrganizationId, deed: StaffDeed) -> StaffDone {
    StaffDone { staff, organization, deed }
}
