//! Mail on its way: a row written with the change that causes it, sent later, at least once.
//!
//! What a letter says is sealed, since it may hold a link; the seal is wiped when the letter has
//! been sent, is given up or has expired. Every try has the same `Message-ID`.

use std::time::Duration;

use anyhow::Context;
use model::id::{MailId, ResetId};

use crate::{
    Portal, Result,
    mail::{Delivery, Letter, Rendered},
    store::{Account, OutboxRow, SiteRow, Tx},
};

/// Seconds until the next try, by tries so far.
const BACK_OFF: [u64; 9] = [5, 30, 120, 600, 1_800, 3_600, 6 * 3_600, 12 * 3_600, 24 * 3_600];
/// How much longer than the mail server's own limit a worker may take for one mail before another
/// one tries.
const LEASE_BEYOND_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a letter that nothing else ends is tried.
pub(crate) const PATIENCE: Duration = Duration::from_hours(3 * 24);
/// The seal's purpose.
const PURPOSE: &str = "mail";

impl Tx {
    /// Puts a letter to an account's stored address into the outbox; worthless after `life`.
    /// [`Portal::wake`] after the commit sends it at once.
    pub(crate) async fn post(
        &mut self,
        portal: &Portal,
        to: &Account,
        letter: Letter,
        life: Duration,
    ) -> Result<()> {
        self.post_for(portal, to, letter, life, None).await
    }

    /// Like [`Tx::post`], for a reset that needs attention when the letter does not arrive.
    pub(crate) async fn post_for(
        &mut self,
        portal: &Portal,
        to: &Account,
        letter: Letter,
        life: Duration,
        reset: Option<ResetId>,
    ) -> Result<()> {
        let now = portal.now();
        let (kind, data) = letter.into_parts()?;
        let row = OutboxRow {
            id: MailId(portal.random().id(now)),
            site_id: to.site_id,
            organization_id: to.organization_id,
            account_id: Some(to.id),
            reset_id: reset,
            kind,
            language: to.language,
            recipient: to.email.clone(),
            sealed: Some(portal.keys().seal(PURPOSE, &data)?),
            attempts: 0,
            expires_at: now.plus(life),
            created_at: now,
        };
        self.add_mail(&row).await?;
        Ok(())
    }
}

impl Portal {
    /// Sends one mail that is due; whether there was one.
    pub(crate) async fn send_next_mail(&self) -> Result<bool> {
        let now = self.now();
        let mut tx = self.db().write().await?;
        let timeout = Duration::from_secs(self.settings().mail.timeout_seconds);
        let lease_until = now.plus(timeout + LEASE_BEYOND_TIMEOUT);
        let Some(mail) = tx.take_mail(now, lease_until).await? else { return Ok(false) };
        let site = tx.site(mail.site_id).await?.context("a mail's site")?;
        tx.commit().await?;
        crate::failpoint::reach("mail-taken");

        let delivery = if mail.expires_at <= now {
            None
        } else {
            Some(match self.rendered(&mail, &site) {
                Ok(rendered) => self.deliver(&mail, &site, &rendered).await,
                Err(error) => Delivery::Never { answer: format!("{error:#}") },
            })
        };
        crate::failpoint::reach("mail-sent");

        let now = self.now();
        let mut tx = self.db().write().await?;
        let (state, answer) = match delivery {
            None => ("expired", "not sent in time".to_owned()),
            Some(Delivery::Accepted { answer }) => ("sent", answer),
            Some(Delivery::Never { answer }) => ("dead", answer),
            Some(Delivery::Later { answer }) => {
                let tries = usize::try_from(mail.attempts).unwrap_or(1).max(1);
                match BACK_OFF.get(tries - 1) {
                    Some(seconds) => {
                        let due_at = now.plus(Duration::from_secs(*seconds));
                        tracing::info!(mail = %mail.id, kind = mail.kind.as_str(), tries, answer, "mail postponed");
                        tx.postpone_mail(mail.id, due_at, &answer).await?;
                        tx.commit().await?;
                        return Ok(true);
                    }
                    None => ("dead", answer),
                }
            }
        };
        tracing::info!(mail = %mail.id, kind = mail.kind.as_str(), state, answer, "mail finished");
        if tx.finish_mail(mail.id, state, &answer, now).await?
            && state != "sent"
            && let Some(reset) = mail.reset_id
        {
            self.password_did_not_arrive(&mut tx, reset).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    fn rendered(&self, mail: &OutboxRow, site: &SiteRow) -> anyhow::Result<Rendered> {
        let sealed = mail.sealed.as_deref().context("the letter was wiped")?;
        let data: serde_json::Value = self.keys().open(PURPOSE, sealed)?;
        self.mailer().render(mail.kind, mail.language, &site.mail_brand(), &data)
    }

    async fn deliver(&self, mail: &OutboxRow, site: &SiteRow, rendered: &Rendered) -> Delivery {
        let reply_to = site
            .support_email
            .as_deref()
            .and_then(|text| model::text::EmailAddress::parse(text).ok());
        let message_id = self.mailer().message_id(mail.id);
        self.mailer()
            .send(
                &mail.recipient,
                site.name.as_str(),
                reply_to.as_ref(),
                &message_id,
                mail.created_at,
                rendered,
            )
            .await
    }

    /// How many mails wait, and how many were given up, for `rekey check` and operators.
    pub async fn mail_backlog(&self) -> Result<(i64, i64)> {
        let mut tx = self.db().read().await?;
        Ok((tx.count_mails("waiting").await?, tx.count_mails("dead").await?))
    }
}
