//! Mail on its way: a row written with the change that causes it, sent later, at least once.
//!
//! What a letter says is sealed, since it may hold a link; the seal is wiped when the letter has
//! been sent, is given up or has expired. Every try has the same `Message-ID`.

use std::time::Duration;

use anyhow::Context;
use model::{
    account::Language,
    id::{MailId, ResetId},
    link::LinkPurpose,
    text::EmailAddress,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Portal, Result,
    keys::MissingKey,
    mail::{Delivery, Letter, LetterKind, MailedLink, OwnWords, Parcel, Rendered, nowhere},
    store::{Account, MailSettingsRow, OutboxRow, SiteRow, Tx},
};

/// Seconds until the next try, by tries so far.
const BACK_OFF: [u64; 9] = [5, 30, 120, 600, 1_800, 3_600, 6 * 3_600, 12 * 3_600, 24 * 3_600];
/// How much longer than the mail server's own limit a worker may take for one mail before another
/// one tries.
const LEASE_BEYOND_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a letter that nothing else ends is tried.
pub(crate) const PATIENCE: Duration = Duration::from_hours(3 * 24);
/// The seal's purpose.
pub(crate) const PURPOSE: &str = "mail";
/// The purpose of the seal of what is kept of a dead letter.
pub(crate) const KEPT: &str = "mail-kept";
/// The fields of letters that hold a link with a token, which nobody keeps.
const LINKS: [&str; 2] = ["link", "dispute_link"];

/// What is kept of a dead letter: all that its words need, but for its link.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    data: Value,
    /// The field that the link was in, and what it was for.
    link: Option<(String, LinkPurpose)>,
}

impl Kept {
    /// What its link was for, if it had one.
    pub fn purpose(&self) -> Option<LinkPurpose> {
        self.link.as_ref().map(|(_, purpose)| *purpose)
    }

    /// The letter's data with a new link, which works for so many minutes.
    pub fn renewed(self, link: Option<MailedLink>, minutes: u32) -> anyhow::Result<Value> {
        let Self { mut data, link: place } = self;
        if let (Some((field, _)), Some(link)) = (place, link) {
            data[field] = serde_json::to_value(&link)?;
            if data.get("minutes").is_some() {
                data["minutes"] = minutes.into();
            }
        }
        Ok(data)
    }
}

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
        self.post_parts(portal, to, letter.into_parts()?, life, reset).await.map(drop)
    }

    /// The same for a letter that was taken apart; its id.
    pub(crate) async fn post_parts(
        &mut self,
        portal: &Portal,
        to: &Account,
        (kind, data): (LetterKind, Value),
        life: Duration,
        reset: Option<ResetId>,
    ) -> Result<MailId> {
        let now = portal.now();
        let link_id = LINKS.iter().find_map(|field| {
            let url = data.get(field)?.as_str()?;
            // …/{id}/{token}
            url.rsplit('/').nth(1)?.parse().ok()
        });
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
            link_id,
            attempts: 0,
            expires_at: now.plus(life),
            created_at: now,
        };
        self.add_mail(&row).await?;
        Ok(row.id)
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
        let route = tx.mail_route(mail.organization_id).await?;
        let language = site.look().speaks(mail.language, site.language);
        let words = tx.letter_words(mail.site_id, (mail.kind, language)).await?;
        let sender = tx.sender(route.as_ref(), &site).await?;
        let is_void = mail.kind.lets_in() && tx.is_suspended(mail.organization_id).await?;
        tx.commit().await?;
        crate::failpoint::reach("mail-taken");

        let delivery = if mail.expires_at <= now || is_void {
            None
        } else {
            Some(match self.rendered(&mail, language, &site, words.as_ref()) {
                Ok(rendered) => self.deliver(&mail, &sender, route.as_ref(), &rendered).await,
                // It can be read once the right file of keys is there.
                Err(error) if error.is::<MissingKey>() => {
                    Delivery::Later { answer: error.to_string() }
                }
                Err(error) => Delivery::Never { answer: format!("{error:#}") },
            })
        };
        crate::failpoint::reach("mail-sent");

        let now = self.now();
        let mut tx = self.db().write().await?;
        let (state, answer) = match delivery {
            None if is_void => ("expired", "the organization is suspended".to_owned()),
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
        let kept = if state == "dead" { self.kept(&mut tx, &mail).await? } else { None };
        if tx.finish_mail(mail.id, (state, &answer), kept.as_deref(), now).await?
            && state != "sent"
            && let Some(reset) = mail.reset_id
        {
            self.password_did_not_arrive(&mut tx, reset).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    fn rendered(
        &self,
        mail: &OutboxRow,
        language: Language,
        site: &SiteRow,
        words: Option<&OwnWords>,
    ) -> anyhow::Result<Rendered> {
        let sealed = mail.sealed.as_deref().context("the letter was wiped")?;
        let data: Value = self.keys().open(PURPOSE, sealed)?;
        let brand = site.mail_brand(&self.settings().origin);
        self.worded((mail.kind, language), &brand, &data, words)
    }

    /// What it takes to write a letter anew that is given up, sealed, without its link.
    async fn kept(&self, tx: &mut Tx, mail: &OutboxRow) -> Result<Option<Vec<u8>>> {
        // A password or a code is nobody's to keep: the reset is begun anew.
        if matches!(mail.kind, LetterKind::GeneratedPassword | LetterKind::CallerCode) {
            return Ok(None);
        }
        // It went where mail to the account does not go, and is sent again to where it does.
        if let Some(account) = mail.account_id
            && tx.account(account).await?.is_none_or(|account| account.email != mail.recipient)
        {
            return Ok(None);
        }
        let Some(sealed) = mail.sealed.as_deref() else { return Ok(None) };
        // What cannot be opened is nothing to be kept.
        let Ok(mut data) = self.keys().open::<Value>(PURPOSE, sealed) else { return Ok(None) };
        let Some(fields) = data.as_object_mut() else { return Ok(None) };
        // The PIN that goes with a link is with whoever sent it: that is begun anew, too.
        if fields.get("pin").and_then(Value::as_bool) == Some(true) {
            return Ok(None);
        }
        let field = LINKS.into_iter().find(|field| fields.contains_key(*field));
        for field in LINKS {
            fields.remove(field);
        }
        let link = match (field, mail.link_id) {
            (None, _) => None,
            (Some(field), Some(link)) => match tx.link(link).await?.map(|link| link.purpose) {
                Some(
                    purpose @ (LinkPurpose::Reset | LinkPurpose::Invitation | LinkPurpose::Dispute),
                ) => Some((field.to_owned(), purpose)),
                // Other links are a part of something that has to be begun anew.
                _ => return Ok(None),
            },
            (Some(_), None) => return Ok(None),
        };
        Ok(Some(self.keys().seal(KEPT, &Kept { data, link })?))
    }

    /// Sends a letter the way its organization's mail goes.
    async fn deliver(
        &self,
        mail: &OutboxRow,
        (from_name, reply_to): &(String, Option<EmailAddress>),
        route: Option<&MailSettingsRow>,
        rendered: &Rendered,
    ) -> Delivery {
        let way = match self.way(route) {
            Ok(Some(way)) => way,
            Ok(None) => return nowhere(),
            // Whoever set it up may mend it.
            Err(error) => return Delivery::Later { answer: format!("{error:#}") },
        };
        let parcel = Parcel {
            to: &mail.recipient,
            from_name,
            reply_to: reply_to.as_ref(),
            message_id: &way.message_id(mail.id),
            date: mail.created_at,
        };
        way.send(&parcel, rendered).await
    }

    /// How many mails wait, and how many were given up, for `rekey check` and operators.
    pub async fn mail_backlog(&self) -> Result<(i64, i64)> {
        let mut tx = self.db().read().await?;
        Ok((tx.count_mails("waiting").await?, tx.count_mails("dead").await?))
    }
}
