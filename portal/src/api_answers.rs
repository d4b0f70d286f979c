//! Requests to the API that may be sent again: under a name that the program chooses (an idempotency
//! key) something is done once, however often it is asked for within a day.

use std::time::Duration;

use model::id::{AccountId, ApiKeyId};
use sha2::{Digest, Sha256};

use crate::{Actor, Error, Portal, Result, store::ApiAnswerRow};

/// How long an answer is kept.
pub(crate) const KEPT: Duration = Duration::from_hours(24);
/// After which a request that was never answered died with its node.
const GIVEN_UP: Duration = Duration::from_mins(5);
/// The longest name of a request, in bytes.
const LONGEST_NAME: usize = 255;

/// An answer that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Status.
    pub status: u16,
    /// `Location`.
    pub location: Option<String>,
    /// `ETag`.
    pub etag: Option<String>,
    /// The body.
    pub body: String,
}

/// A request that is under way, under the name that it has.
#[derive(Debug)]
pub struct Pending {
    key: ApiKeyId,
    name: String,
    row: ApiAnswerRow,
}

/// What is known of a request.
#[derive(Debug)]
pub enum Asked {
    /// Nothing: it is to be carried out now.
    New(Box<Pending>),
    /// It was answered: like this.
    Answered(KeptAnswer),
    /// Its first sending is still being carried out.
    Running,
    /// Another request had this name.
    Differs,
    /// No name that a request may have.
    BadName,
}

impl Portal {
    /// Looks for a request that a key has sent before under this name; `parts` tell one from another.
    pub async fn begin_request(&self, actor: &Actor, name: &str, parts: &[&[u8]]) -> Result<Asked> {
        let fits = (1..=LONGEST_NAME).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
        let Some(key) = actor.api_key().filter(|_| fits) else { return Ok(Asked::BadName) };
        let now = self.now();
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let request_hash = hash.finalize().to_vec();
        let mut tx = self.db().write().await?;
        let mut is_new = tx.begin_api_answer(key, name, &request_hash, now).await?;
        if !is_new {
            let row = tx.lock_api_answer(key, name).await?.ok_or(Error::Busy { retry_after: 1 })?;
            let age = now.since(row.begun_at);
            let is_over = age >= KEPT || (row.status.is_none() && age >= GIVEN_UP);
            if !is_over {
                return Ok(if row.request_hash != request_hash {
                    Asked::Differs
                } else if let Some(answer) = KeptAnswer::of(row) {
                    Asked::Answered(answer)
                } else {
                    Asked::Running
                });
            }
            tx.forget_api_answer(key, name).await?;
            is_new = tx.begin_api_answer(key, name, &request_hash, now).await?;
        }
        tx.commit().await?;
        if !is_new {
            return Err(Error::Busy { retry_after: 1 });
        }
        let row = ApiAnswerRow {
            request_hash,
            begun_at: now,
            status: None,
            location: None,
            etag: None,
            body: None,
        };
        Ok(Asked::New(Box::new(Pending { key, name: name.to_owned(), row })))
    }

    /// Keeps what was answered to a request, and about whom; or forgets it when there was no answer
    /// that would be the same again.
    pub async fn end_request(
        &self,
        pending: Pending,
        answer: Option<KeptAnswer>,
        account: Option<AccountId>,
    ) -> Result<()> {
        let Pending { key, name, row } = pending;
        let mut tx = self.db().write().await?;
        match answer {
            Some(answer) => {
                let row = ApiAnswerRow {
                    status: Some(i64::from(answer.status)),
                    location: answer.location,
                    etag: answer.etag,
                    body: Some(answer.body),
                    ..row
                };
                tx.end_api_answer(key, &name, &row, account).await?;
            }
            None => tx.forget_api_answer(key, &name).await?,
        }
        Ok(tx.commit().await?)
    }
}

impl KeptAnswer {
    fn of(row: ApiAnswerRow) -> Option<Self> {
        let status = row.status.and_then(|status| u16::try_from(status).ok())?;
        let ApiAnswerRow { location, etag, body, .. } = row;
        Some(Self { status, location, etag, body: body.unwrap_or_default() })
    }
}
