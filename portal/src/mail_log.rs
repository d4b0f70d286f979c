//! The log of an organization's mail: what was sent, what waits, what was given up. Never what it
//! says. What was given up can be sent again: with a link of its own, the old one being void.

use model::{
    Refusal,
    account::{AccountKind, AccountState},
    audit::AuditKind,
    id::{MailId, OrganizationId},
    link::{LinkOrigin, LinkPurpose},
    mail::{MAILS_PER_PAGE, MailDetail, MailObstacle, MailPage, MailRow, MailSentAgain, MailState},
    permission::Permission,
    policy::{DISPUTE_LINK_LIFE, INVITATION_LIFE, STAFF_MAIL_WINDOW, STAFF_MAILS},
    reset::Delivery,
    staff::StaffObstacle,
};

use crate::{
    Actor, Portal, Result,
    audit::{Personal, changed},
    colleagues,
    forgotten::in_minutes,
    mail::MailedLink,
    outbox::{self, KEPT, Kept},
    resets::{Asker, Why},
    store::{Account, LinkOf, LoggedMail, MailSearch, Tx},
    throttle::Limit,
};

/// The form by which a mail that was given up is sent again.
#[derive(Debug, Clone)]
pub struct SendMailAgain {
    /// Which one.
    pub mail: MailId,
    /// Why, when it holds a link to a new password.
    pub reason: String,
}

impl Portal {
    /// A page of the mail of one's own organization, or of one below it.
    pub async fn mail_log(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
        state: Option<MailState>,
        before: Option<MailId>,
    ) -> Result<MailPage> {
        let mut tx = self.db().read().await?;
        let acting = self.acting(&mut tx, actor, scope, Permission::EditMail).await?;
        // What is not of this organization is no place in its log: one begins anew.
        let place = match before {
            Some(before) => tx.logged_mail(before).await?,
            None => None,
        };
        let behind = place
            .filter(|mail| mail.organization_id == acting.id)
            .map(|mail| (mail.created_at, mail.id));
        let limit = i64::try_from(MAILS_PER_PAGE + 1).unwrap_or(i64::MAX);
        let search = MailSearch { organization: acting.id, state, behind, limit };
        let mut rows = tx.find_mails(&search).await?;
        let more = rows.len() > MAILS_PER_PAGE;
        rows.truncate(MAILS_PER_PAGE);
        let older = more.then(|| rows.last().map(|mail| mail.id)).flatten();
        Ok(MailPage { acting, rows: rows.into_iter().map(LoggedMail::shown).collect(), older })
    }

    /// One mail of the log.
    pub async fn mail_detail(&self, actor: &Actor, id: MailId) -> Result<MailDetail> {
        actor.may(Permission::ReadSettings)?;
        let mut tx = self.db().read().await?;
        let mail = tx.mail_of(actor, id).await?;
        let scope = Some(mail.organization_id);
        let acting = self.acting(&mut tx, actor, scope, Permission::EditMail).await?;
        let account = match mail.account_id {
            Some(account) => tx.account(account).await?,
            None => None,
        };
        let obstacle = if !acting.may_edit {
            Some(MailObstacle::NotPermitted)
        } else if !acting.sends_mail {
            Some(MailObstacle::NoMail)
        } else {
            obstacle(&mail, account.as_ref())
        };
        let purpose = match &mail.kept {
            Some(kept) => self.keys().open::<Kept>(KEPT, kept)?.purpose(),
            None => None,
        };
        Ok(MailDetail {
            acting,
            obstacle,
            new_link: purpose.is_some(),
            needs_reason: purpose == Some(LinkPurpose::Reset),
            row: mail.shown(),
        })
    }

    /// Sends a mail that was given up once more, to the address that is stored now. What held a
    /// link gets a new one.
    pub async fn send_mail_again(
        &self,
        actor: &Actor,
        request: SendMailAgain,
    ) -> Result<MailSentAgain> {
        actor.may(Permission::EditMail)?;
        let now = self.now();
        let mut tx = self.db().write().await?;
        let organization = tx.mail_of(actor, request.mail).await?.organization_id;
        self.hold_scope(&mut tx, actor, Some(organization), Permission::EditMail).await?;
        let reader = tx.mail_of(actor, request.mail).await?.account_id;
        let account = match reader {
            Some(reader) => tx.lock_account(reader).await?,
            None => None,
        };
        let mail = tx.lock_logged_mail(request.mail).await?.ok_or(Refusal::NotFound)?;
        if let Some(obstacle) = obstacle(&mail, account.as_ref()) {
            return Err(Refusal::MailImpossible(obstacle).into());
        }
        let account = account.ok_or(Refusal::MailImpossible(MailObstacle::ReaderGone))?;
        if !tx.is_within(account.organization_id, actor.organization).await? {
            return Err(Refusal::MailImpossible(MailObstacle::ReaderGone).into());
        }
        if !self.sends_mail(&mut tx, organization).await? {
            return Err(Refusal::MailImpossible(MailObstacle::NoMail).into());
        }
        let kept =
            mail.kept.as_deref().ok_or(Refusal::MailImpossible(MailObstacle::NothingKept))?;
        let kept: Kept = self.keys().open(KEPT, kept)?;
        let purpose = kept.purpose();
        let why = match purpose {
            Some(LinkPurpose::Reset) => Some(Why::told(&request.reason, "")?),
            _ => None,
        };
        self.may_send_links(&mut tx, actor, &account, purpose).await?;

        let limit = Limit { count: STAFF_MAILS, window: STAFF_MAIL_WINDOW };
        let name = format!("mails-again:{}", actor.account);
        let mut tx = tx.take_or_refuse(&name, limit, now).await?;
        if let (Some(LinkPurpose::Reset), AccountKind::Customer) = (purpose, account.kind) {
            tx = self.spend_budget(tx, actor, account.organization_id).await?;
        }
        let (link, life) = match purpose {
            Some(purpose) => {
                let asker = match why.clone() {
                    Some(why) => {
                        let services = tx.services_of_link(mail.link_id).await?;
                        Asker::Staff { id: actor.account, why, services, pin: None }
                    }
                    None => Asker::Visitor,
                };
                let of = (mail.link_id, purpose);
                let (link, life) = self.renewed_link(&mut tx, actor, &account, of, asker).await?;
                // A notice is worth its reading also when its link is not.
                let life = if purpose == LinkPurpose::Dispute { outbox::PATIENCE } else { life };
                (Some(link), life)
            }
            None => (None, outbox::PATIENCE),
        };
        let data = kept.renewed(link, in_minutes(life))?;
        let new = tx.post_parts(self, &account, (mail.kind, data), life, None).await?;
        tx.replace_mail(mail.id).await?;
        let changes = vec![changed("mail", Some(mail.kind.as_str()), Some(new))];
        let event = actor.event_on(organization, AuditKind::MailSentAgain, changes);
        let personal = Personal { why, ..event.personal };
        let event = crate::audit::Event { subject: Some(account.id), personal, ..event };
        tx.record(self, event).await?;
        tx.commit().await?;
        self.wake();
        Ok(MailSentAgain { old: mail.id, new, organization })
    }

    /// That the actor may mail this reader such a link at all: sending a mail again is no way around
    /// what the desk and the page of staff refuse.
    async fn may_send_links(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        account: &Account,
        purpose: Option<LinkPurpose>,
    ) -> Result<()> {
        if !matches!(purpose, Some(LinkPurpose::Reset | LinkPurpose::Invitation)) {
            return Ok(());
        }
        match account.kind {
            AccountKind::Customer => {
                match self.obstacle(tx, actor, account, Delivery::EmailLink).await? {
                    Some(obstacle) => Err(Refusal::ResetImpossible(obstacle).into()),
                    None if purpose == Some(LinkPurpose::Invitation)
                        && account.password_changed_at.is_some() =>
                    {
                        Err(Refusal::HasPassword.into())
                    }
                    None => Ok(()),
                }
            }
            AccountKind::Staff => {
                let member = tx.colleague(account.id, self.now()).await?;
                let member = member.ok_or(Refusal::NotFound)?;
                let by = tx.role_now(actor).await?;
                if let Some(obstacle) = colleagues::obstacle(actor, by, &member) {
                    return Err(Refusal::StaffImpossible(obstacle).into());
                }
                if purpose == Some(LinkPurpose::Invitation) && member.has_password {
                    return Err(Refusal::StaffImpossible(StaffObstacle::ThereAlready).into());
                }
                Ok(())
            }
        }
    }

    /// A new link instead of one that never arrived, and how long it works.
    async fn renewed_link(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        account: &Account,
        (old, purpose): (Option<model::id::LinkId>, LinkPurpose),
        asker: Asker,
    ) -> Result<(MailedLink, std::time::Duration)> {
        let now = self.now();
        let origin = actor.visit.origin.as_str();
        match purpose {
            LinkPurpose::Reset => {
                tx.void_reset_links(account.id, now).await?;
                tx.cancel_resets(account.id, now).await?;
                let reset = self.add_waiting_reset(tx, account, asker).await?;
                self.make_reset_link(tx, account, reset, (LinkOrigin::Staff, origin)).await
            }
            LinkPurpose::Invitation => {
                tx.void_links_for(account.id, purpose, now).await?;
                tx.cancel_resets(account.id, now).await?;
                let asker = Asker::Inviter(actor.account);
                let reset = self.add_waiting_reset(tx, account, asker).await?;
                let kind = (purpose, LinkOrigin::Staff);
                let link = self
                    .make_link(tx, account, kind, LinkOf::Reset(reset), INVITATION_LIFE, origin)
                    .await?;
                Ok((link, INVITATION_LIFE))
            }
            LinkPurpose::Dispute
            | LinkPurpose::ConfirmEmail
            | LinkPurpose::CancelEmail
            | LinkPurpose::KeepFactor => {
                // Whose doing it was is known by what the link is a part of.
                let old = old.ok_or(Refusal::MailImpossible(MailObstacle::NothingKept))?;
                let about = tx.link(old).await?;
                let about = about.ok_or(Refusal::MailImpossible(MailObstacle::NothingKept))?;
                tx.void_link(old, now).await?;
                let (kind, of) = ((purpose, LinkOrigin::Notice), about.of());
                let link = self.make_link(tx, account, kind, of, DISPUTE_LINK_LIFE, origin).await?;
                Ok((link, DISPUTE_LINK_LIFE))
            }
        }
    }
}

impl Tx {
    /// A mail of the actor's organization or of one below it. Another organization's and one that
    /// does not exist are the same.
    async fn mail_of(&mut self, actor: &Actor, id: MailId) -> Result<LoggedMail> {
        let mail = self.logged_mail(id).await?.ok_or(Refusal::NotFound)?;
        if self.is_within(mail.organization_id, actor.organization).await? {
            Ok(mail)
        } else {
            Err(Refusal::NotFound.into())
        }
    }
}

impl LoggedMail {
    fn shown(self) -> MailRow {
        let waits = self.state == MailState::Waiting;
        MailRow {
            id: self.id,
            recipient: self.recipient,
            kind: self.kind.as_str().to_owned(),
            state: self.state,
            attempts: u32::try_from(self.attempts).unwrap_or_default(),
            created_at: self.created_at,
            due_at: waits.then_some(self.due_at),
            finished_at: self.finished_at,
            answer: self.answer.filter(|answer| !answer.is_empty()),
        }
    }
}

/// Why a mail cannot be sent again, as far as it and its reader tell.
fn obstacle(mail: &LoggedMail, reader: Option<&Account>) -> Option<MailObstacle> {
    let reader_is_here = reader.is_some_and(|reader| reader.state == AccountState::Active);
    if mail.state != MailState::Dead {
        Some(MailObstacle::NotDead)
    } else if mail.kept.is_none() {
        Some(MailObstacle::NothingKept)
    } else if !reader_is_here {
        Some(MailObstacle::ReaderGone)
    } else {
        None
    }
}
