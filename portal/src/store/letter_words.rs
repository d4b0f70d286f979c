//! Words of letters that somebody chose.

use model::{account::Language, id::SiteId};

use super::{Tx, on};
use crate::mail::{LetterKind, OwnWords};

impl Tx {
    /// The words that somebody chose for a letter of a site.
    pub async fn letter_words(
        &mut self,
        site: SiteId,
        (kind, language): (LetterKind, Language),
    ) -> sqlx::Result<Option<OwnWords>> {
        let found: Option<(String, String)> = on!(self, c => sqlx::query_as("SELECT subject, body FROM letter_words WHERE site_id = $1 AND kind = $2 AND language = $3")
            .bind(site).bind(kind).bind(language).fetch_optional(c).await)?;
        Ok(found.map(|(subject, text)| OwnWords { subject, text }))
    }

    /// Which letters of a site have words that somebody chose, by the words of their kinds.
    pub async fn own_letters(&mut self, site: SiteId) -> sqlx::Result<Vec<(String, Language)>> {
        on!(self, c => sqlx::query_as("SELECT kind, language FROM letter_words WHERE site_id = $1 ORDER BY kind, language")
            .bind(site).fetch_all(c).await)
    }

    /// Gives a letter of a site other words, or those that it is delivered with.
    pub async fn set_letter_words(
        &mut self,
        site: SiteId,
        (kind, language): (LetterKind, Language),
        words: Option<&OwnWords>,
    ) -> sqlx::Result<()> {
        match words {
            Some(words) => {
                on!(self, c => sqlx::query("INSERT INTO letter_words (site_id, kind, language, subject, body) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (site_id, kind, language) DO UPDATE SET subject = excluded.subject, body = excluded.body")
                    .bind(site).bind(kind).bind(language).bind(&words.subject).bind(&words.text).execute(c).await.map(drop))
            }
            None => {
                on!(self, c => sqlx::query("DELETE FROM letter_words WHERE site_id = $1 AND kind = $2 AND language = $3")
                    .bind(site).bind(kind).bind(language).execute(c).await.map(drop))
            }
        }
    }
}
