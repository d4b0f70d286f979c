//! What the letters of a front door say: the words that an organization chose, or those that they are
//! delivered with.

use anyhow::Context;
use model::{
    Refusal,
    account::Language,
    audit::{AuditChange, AuditKind},
    id::OrganizationId,
    letter::{LetterRow, LetterView, LettersView},
    permission::Permission,
    refusal::FieldProblem,
};
use serde_json::Value;

use crate::{
    Actor, Portal, Result,
    audit::changed,
    mail::{Brand, LetterKind, OwnWords, Rendered, own, sample},
    store::{OrganizationRow, SiteRow},
};

/// Which letter is meant, and whose.
#[derive(Debug, Clone)]
pub struct WhichLetter {
    /// The organization; one's own when there is none.
    pub scope: Option<OrganizationId>,
    /// The word of its kind.
    pub kind: String,
    /// The tag of its language.
    pub language: String,
}

impl WhichLetter {
    fn parsed(&self) -> Result<(LetterKind, Language)> {
        let kind = LetterKind::from_word(&self.kind);
        let language = Language::from_tag(&self.language);
        kind.zip(language).ok_or_else(|| Refusal::NotFound.into())
    }
}

/// A letter as the preview needs it: nobody in it exists.
struct Sample {
    brand: Brand,
    data: Value,
    /// What its words may name.
    seen: Value,
}

impl Portal {
    /// The letters of a front door.
    pub async fn letters(
        &self,
        actor: &Actor,
        scope: Option<OrganizationId>,
    ) -> Result<LettersView> {
        let mut tx = self.db().read().await?;
        let acting = self.acting(&mut tx, actor, scope, Permission::EditBrand).await?;
        let site = tx.site_of(acting.id).await?.context("an organization without a site")?;
        let door = site.door(&actor.visit);
        let rows = if site.organization_id == acting.id {
            let own = tx.own_letters(site.id).await?;
            let row = |kind: LetterKind| LetterRow {
                kind: kind.as_str().to_owned(),
                own: own
                    .iter()
                    .filter(|(of, _)| of == kind.as_str())
                    .map(|(_, language)| *language)
                    .collect(),
            };
            Some(LetterKind::ALL.into_iter().map(row).collect())
        } else {
            None
        };
        Ok(LettersView { acting, door, rows })
    }

    /// A letter of a front door in one language, to be written anew; one that is shared, to be read.
    pub async fn letter(&self, actor: &Actor, which: &WhichLetter) -> Result<LetterView> {
        let (kind, language) = which.parsed()?;
        let mut tx = self.db().read().await?;
        let mut acting = self.acting(&mut tx, actor, which.scope, Permission::EditBrand).await?;
        let site = tx.site_of(acting.id).await?.context("an organization without a site")?;
        acting.may_edit &= site.organization_id == acting.id;
        let chosen = tx.letter_words(site.id, (kind, language)).await?;
        let organization = tx.organization(acting.id).await?.ok_or(Refusal::NotFound)?;
        let sample = self.sample(&organization, &site, (kind, language))?;
        let own = chosen.is_some();
        let data = &sample.data;
        let shown = self.worded((kind, language), &sample.brand, data, chosen.as_ref())?;
        let words = chosen.unwrap_or_else(|| OwnWords::delivered(kind, language));
        Ok(LetterView {
            shown: shown.subject.clone(),
            acting,
            kind: kind.as_str().to_owned(),
            language,
            own,
            subject: words.subject,
            text: words.text,
            pieces: own::pieces(kind),
            names: own::names(&sample.seen),
        })
    }

    /// Chooses the words of a letter. What is typed as it is delivered is as it is delivered.
    pub async fn set_letter(
        &self,
        actor: &Actor,
        which: &WhichLetter,
        words: OwnWords,
    ) -> Result<OrganizationId> {
        let (kind, language) = which.parsed()?;
        actor.may(Permission::EditBrand)?;
        let mut tx = self.db().write().await?;
        let organization =
            self.hold_scope(&mut tx, actor, which.scope, Permission::EditBrand).await?;
        let site = tx.own_site(organization.id).await?;
        let words = words.trimmed();
        let sample = self.sample(&organization, &site, (kind, language))?;
        refuse(&words, kind, &sample)?;
        let delivered = OwnWords::delivered(kind, language);
        let new = Some(words).filter(|words| *words != delivered);
        let old = tx.letter_words(site.id, (kind, language)).await?;
        if old != new {
            tx.set_letter_words(site.id, (kind, language), new.as_ref()).await?;
            let changes = differences((kind, language), old.as_ref(), new.as_ref());
            let event = actor.event_on(organization.id, AuditKind::LetterChanged, changes);
            tx.record(self, event).await?;
        }
        tx.commit().await?;
        Ok(organization.id)
    }

    /// Gives a letter the words back that it is delivered with.
    pub async fn restore_letter(
        &self,
        actor: &Actor,
        which: &WhichLetter,
    ) -> Result<OrganizationId> {
        let (kind, language) = which.parsed()?;
        self.set_letter(actor, which, OwnWords::delivered(kind, language)).await
    }

    /// A letter as it would be sent, with sample data: in words that somebody is typing, or in those
    /// that it has.
    ///
    /// # Errors
    ///
    /// The words cannot be used; the problem names the field.
    pub async fn preview_letter(
        &self,
        actor: &Actor,
        which: &WhichLetter,
        typed: Option<OwnWords>,
    ) -> Result<Rendered> {
        let (kind, language) = which.parsed()?;
        let mut tx = self.db().read().await?;
        let acting = self.acting(&mut tx, actor, which.scope, Permission::EditBrand).await?;
        let site = tx.site_of(acting.id).await?.context("an organization without a site")?;
        let organization = tx.organization(acting.id).await?.ok_or(Refusal::NotFound)?;
        let words = match typed {
            // Those who may not write it have nothing to look at.
            Some(_) if !acting.may_edit => return Err(Refusal::NotAllowed.into()),
            Some(_) if site.organization_id != acting.id => return Err(Refusal::NotFound.into()),
            Some(words) => Some(words.trimmed()),
            None => tx.letter_words(site.id, (kind, language)).await?,
        };
        drop(tx);
        let sample = self.sample(&organization, &site, (kind, language))?;
        if let Some(words) = &words {
            refuse(words, kind, &sample)?;
        }
        let mailer = self.mailer();
        let mut shown = match words.filter(|words| *words != OwnWords::delivered(kind, language)) {
            Some(words) => {
                mailer.render_own(kind, language, &sample.brand, &sample.data, &words)?
            }
            None => mailer.render(kind, language, &sample.brand, &sample.data)?,
        };
        // Its links lead nowhere: the frame may not leave for a page of its own, nor lead all of it away.
        shown.html = shown.html.replacen("<head>", "<head>\n<base target=\"_top\">", 1);
        Ok(shown)
    }

    /// A letter in the words that somebody chose for it, if there are any.
    pub(crate) fn worded(
        &self,
        (kind, language): (LetterKind, Language),
        brand: &Brand,
        data: &Value,
        words: Option<&OwnWords>,
    ) -> anyhow::Result<Rendered> {
        if let Some(words) = words {
            match self.mailer().render_own(kind, language, brand, data, words) {
                Ok(rendered) => return Ok(rendered),
                // Whatever is wrong with somebody's words: the letter itself has to arrive.
                Err(error) => tracing::warn!(
                    kind = kind.as_str(),
                    language = language.tag(),
                    "own words left out: {error:#}"
                ),
            }
        }
        self.mailer().render(kind, language, brand, data)
    }

    fn sample(
        &self,
        organization: &OrganizationRow,
        site: &SiteRow,
        (kind, language): (LetterKind, Language),
    ) -> Result<Sample> {
        let usual = &self.settings().origin;
        let brand = site.mail_brand(usual);
        let (_, data) =
            sample(kind, &organization.name, &site.origin(usual.as_str()))?.into_parts()?;
        let seen = self.mailer().seen(kind, language, &brand, &data)?;
        Ok(Sample { brand, data, seen })
    }
}

impl OwnWords {
    /// What browsers add to what is typed does not count.
    fn trimmed(self) -> Self {
        let text = self.text.replace("\r\n", "\n");
        Self { subject: self.subject.trim().to_owned(), text: text.trim().to_owned() + "\n" }
    }
}

/// Refuses words that cannot be a letter's.
fn refuse(words: &OwnWords, kind: LetterKind, sample: &Sample) -> Result<()> {
    let faults = words.check(kind, &sample.seen);
    if faults.is_empty() {
        return Ok(());
    }
    let told = faults
        .into_iter()
        .map(|(field, problem)| FieldProblem { field: field.to_owned(), problem })
        .collect();
    Err(Refusal::Fields(told).into())
}

/// What is another one now, for the audit log: whoever is told something else by a letter can be told
/// to do something else.
fn differences(
    (kind, language): (LetterKind, Language),
    old: Option<&OwnWords>,
    new: Option<&OwnWords>,
) -> Vec<AuditChange> {
    let delivered = OwnWords::delivered(kind, language);
    let (before, after) = (old.unwrap_or(&delivered), new.unwrap_or(&delivered));
    let mut changes = vec![changed(
        "letter",
        None::<&str>,
        Some(format!("{} ({})", kind.as_str(), language.tag())),
    )];
    if before.subject != after.subject {
        changes.push(changed("subject", Some(&before.subject), Some(&after.subject)));
    }
    if before.text != after.text {
        changes.push(changed("text", Some(&before.text), Some(&after.text)));
    }
    changes
}
