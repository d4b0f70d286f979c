//! Customers from a file: what its columns mean, what would come of each row, and doing it.
//!
//! A customer is found by the organization's own reference, or, in rows without one, by the email
//! address. The same file again therefore changes nothing. Of a customer who is there, an import
//! changes name, company, user name and language; never the email address, which only its owner can
//! change, and never the permission, which is the customer's own. A row that tries is left out and
//! told.
//! What a row comes to is in `import_rows`.

use anyhow::Context;
use model::{
    Refusal,
    audit::{AuditKind, Outcome},
    id::{JobId, OrganizationId},
    job::{ImportField, ImportView, JobKind, JobState},
    permission::Permission,
    policy::{IMPORT_CHECK_WINDOW, IMPORT_CHECKS},
    refusal::Problem,
    reset::Obstacle,
};
use serde::{Deserialize, Serialize};

use crate::{
    Actor, Error, Portal, Result,
    audit::Event,
    doer::Doer,
    fold,
    import_file::{Piece, Place, Upload, UploadError},
    jobs::ROWS_PURPOSE,
    problems::Problems,
    store::{JobRow, Tx},
    throttle::Limit,
};

/// Batches that are stored in one transaction while a file arrives.
const STORED_AT_ONCE: usize = 10;
/// Pieces of a file that wait to be stored.
const WAITING: usize = 4;
/// Seconds after which whoever finds no room for a file tries again.
const UPLOAD_RETRY: u32 = 10;
/// The longest name of a file that is kept.
const LONGEST_FILE_NAME: usize = 120;

/// What an import is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub doer: Doer,
    file: String,
    headings: Vec<String>,
    pub organization: OrganizationId,
    /// The column of each field of [`ImportField::ALL`].
    pub columns: Vec<Option<u32>>,
    pub invites: bool,
}

/// The form that says what the columns of a file mean.
#[derive(Debug, Clone)]
pub struct MapImport {
    /// The import.
    pub job: JobId,
    /// Whose customers they become.
    pub organization: OrganizationId,
    /// The column of each field of [`ImportField::ALL`], from 0 on; empty for none.
    pub columns: Vec<String>,
}

/// The form that starts an import.
#[derive(Debug, Clone, Copy)]
pub struct StartImport {
    /// The import.
    pub job: JobId,
    /// Whether those who are created are invited.
    pub invites: bool,
}

impl Portal {
    /// Begins to take a file of customers in: one at a time of everybody, and only so many at once.
    pub async fn begin_upload(&self, actor: &Actor) -> Result<Upload> {
        actor.may(Permission::EditCustomers)?;
        let busy = Error::Busy { retry_after: UPLOAD_RETRY };
        let place = Place::taken(self.uploads(), actor.account).ok_or(busy)?;
        let folder = self.settings().data.clone();
        let made = tokio::task::spawn_blocking(move || Upload::new(&folder, place)).await;
        Ok(made.context("making a file was interrupted")?.context("cannot keep a file")?)
    }

    /// Stores the rows of a file that has arrived, as a job that waits for its columns to be
    /// named. What the same member of staff had begun before and not started is gone.
    pub async fn receive_import(
        &self,
        actor: &Actor,
        file_name: &str,
        upload: Upload,
    ) -> Result<JobId> {
        actor.may(Permission::EditCustomers)?;
        let now = self.now();
        let id = JobId(self.random().id(now));
        let file: String = file_name.chars().filter(|c| !c.is_control()).collect();
        let mut plan = Plan {
            doer: Doer::of(actor),
            file: file.chars().take(LONGEST_FILE_NAME).collect(),
            headings: Vec::new(),
            organization: actor.organization,
            columns: Vec::new(),
            invites: false,
        };
        let row = JobRow {
            id,
            kind: JobKind::Import,
            organization_id: actor.organization,
            created_by: actor.account,
            state: JobState::Receiving,
            plan: serde_json::to_string(&plan).context("a plan")?,
            total: 0,
            position: 0,
            created: 0,
            updated: 0,
            unchanged: 0,
            refused: 0,
            attempts: 0,
            due_at: now,
            created_at: now,
            finished_at: None,
        };
        let mut tx = self.db().write().await?;
        tx.hold_policy(actor.organization).await?;
        // Jobs before staff, as the workers do.
        tx.remove_drafts(actor.account, JobKind::Import).await?;
        self.hold_staff(&mut tx, actor, Permission::EditCustomers).await?;
        tx.add_job(&row).await?;
        tx.commit().await?;

        match self.store_rows(id, upload, &mut plan).await {
            Ok(total) => {
                let mut tx = self.db().write().await?;
                let plan = serde_json::to_string(&plan).context("a plan")?;
                if !tx.fill_job(id, &plan, i64::from(total), self.now()).await? {
                    return Err(Refusal::NotFound.into());
                }
                tx.commit().await?;
                Ok(id)
            }
            Err(error) => {
                // What is left of it would be tidied away; there is no need to wait for that.
                if let Ok(mut tx) = self.db().write().await
                    && tx.remove_job(id).await.is_ok()
                {
                    tx.commit().await?;
                }
                Err(error)
            }
        }
    }

    /// Reads a file piece by piece and stores its rows; how many there were.
    async fn store_rows(&self, job: JobId, upload: Upload, plan: &mut Plan) -> Result<u32> {
        let (send, mut pieces) = tokio::sync::mpsc::channel(WAITING);
        let reading = tokio::task::spawn_blocking(move || {
            upload.read(|piece| send.blocking_send(piece).is_ok())
        });
        let mut number = 0;
        let mut open: Option<(Tx, usize)> = None;
        while let Some(piece) = pieces.recv().await {
            match piece {
                Piece::Headings(headings) => {
                    plan.columns = guessed(&headings);
                    plan.headings = headings;
                }
                Piece::Rows(rows) => {
                    // Whatever columns a file has: passwords from elsewhere may be among them.
                    let content = self.keys().seal(ROWS_PURPOSE, &rows)?;
                    let (mut tx, stored) = match open.take() {
                        Some(open) => open,
                        None => (self.db().write().await?, 0),
                    };
                    tx.add_job_batch(job, number, &content).await?;
                    number += 1;
                    // Others want to write as well.
                    if stored + 1 < STORED_AT_ONCE {
                        open = Some((tx, stored + 1));
                    } else {
                        tx.commit().await?;
                    }
                }
            }
        }
        if let Some((tx, _)) = open {
            tx.commit().await?;
        }
        match reading.await.context("reading a file was interrupted")? {
            Ok(total) => Ok(total),
            Err(UploadError::Problem(problem)) => Err(Error::field("file", problem)),
            Err(UploadError::Io(error)) => {
                Err(anyhow::Error::new(error).context("cannot read a file back").into())
            }
        }
    }

    /// What the page of an import shows.
    pub async fn import(&self, actor: &Actor, id: JobId) -> Result<ImportView> {
        let mut tx = self.db().read().await?;
        let job = self.job_of(&mut tx, actor, id, JobKind::Import).await?;
        let plan = Plan::of(&job)?;
        let problems = match job.state {
            JobState::Receiving | JobState::Draft => Vec::new(),
            _ => self.first_problems(&mut tx, id).await?,
        };
        let stepped_up = self.counts(tx.step_up_at(actor.session).await?);
        let job = self.job_view(&mut tx, &job).await?;
        let sends_mail = self.sends_mail(&mut tx, plan.organization).await?;
        drop(tx);
        let organizations = match job.state {
            JobState::Draft => {
                self.new_customer(actor, Some(plan.organization)).await?.organizations
            }
            _ => Vec::new(),
        };
        Ok(ImportView {
            job,
            file: plan.file,
            headings: plan.headings,
            columns: plan.columns,
            organizations,
            organization: plan.organization,
            invites: plan.invites,
            sends_mail,
            problems,
            stepped_up,
        })
    }

    /// Says what the columns of a file mean, and has every row looked at.
    pub async fn map_import(&self, actor: &Actor, request: MapImport) -> Result<()> {
        let (mut tx, job, _) = self.hold_job(actor, request.job, JobKind::Import).await?;
        if !matches!(job.state, JobState::Draft | JobState::Checked) {
            return Ok(());
        }
        // Whoever sees the job sees what its check finds.
        if !tx.is_within(request.organization, actor.organization).await?
            || !tx.is_within(request.organization, job.organization_id).await?
        {
            return Err(Refusal::NotFound.into());
        }
        let mut plan = Plan::of(&job)?;
        plan.columns = request.columns(plan.headings.len())?;
        if tx.is_suspended(request.organization).await? {
            return Err(Error::field("organization", Problem::OrganizationSuspended));
        }
        plan.organization = request.organization;
        // Each check tells of many names whether they are taken: there are only so many, and each
        // is recorded.
        let limit = Limit { count: IMPORT_CHECKS, window: IMPORT_CHECK_WINDOW };
        let name = format!("import-checks:{}", actor.organization);
        let mut tx = tx.take_or_refuse(&name, limit, self.now()).await?;
        let doer = Doer::of(actor);
        let event = plan_event(&job, &doer);
        tx.record(self, Event { kind: AuditKind::ImportChecked, outcome: Outcome::Done, ..event })
            .await?;
        let plan = serde_json::to_string(&plan).context("a plan")?;
        tx.restart_job(job.id, JobState::Checking, &plan, self.now()).await?;
        tx.commit().await?;
        self.wake();
        Ok(())
    }

    /// Goes back from what a check has found to what the columns mean.
    pub async fn remap_import(&self, actor: &Actor, id: JobId) -> Result<()> {
        let (mut tx, job, _) = self.hold_job(actor, id, JobKind::Import).await?;
        if matches!(job.state, JobState::Checking | JobState::Checked) {
            tx.restart_job(job.id, JobState::Draft, &job.plan, self.now()).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Starts an import that was checked.
    pub async fn start_import(&self, actor: &Actor, request: StartImport) -> Result<()> {
        let (mut tx, job, proven) = self.hold_job(actor, request.job, JobKind::Import).await?;
        if job.state != JobState::Checked {
            // Pressed twice. Let go of at once: a worker passes by what somebody holds.
            return Ok(tx.commit().await?);
        }
        if !proven {
            return Err(Refusal::StepUp.into());
        }
        let mut plan = Plan::of(&job)?;
        if request.invites && !self.sends_mail(&mut tx, plan.organization).await? {
            return Err(Refusal::ResetImpossible(Obstacle::NoMail).into());
        }
        plan.invites = request.invites;
        // Whoever starts it answers for it.
        plan.doer = Doer::of(actor);
        let plan = serde_json::to_string(&plan).context("a plan")?;
        tx.restart_job(job.id, JobState::Running, &plan, self.now()).await?;
        tx.record(self, plan_event(&job, &Doer::of(actor))).await?;
        tx.commit().await?;
        self.wake();
        Ok(())
    }
}

impl Plan {
    pub fn of(job: &JobRow) -> Result<Self> {
        Ok(serde_json::from_str(&job.plan).context("the plan of an import")?)
    }
}

impl MapImport {
    fn columns(&self, headings: usize) -> Result<Vec<Option<u32>>> {
        let mut problems = Problems::default();
        let mut columns = Vec::new();
        for (place, field) in ImportField::ALL.into_iter().enumerate() {
            let chosen = self.columns.get(place).map_or("", String::as_str);
            let column = problems.check_optional(field.word(), chosen, |chosen| {
                let column: u32 = chosen.parse().map_err(|_| Problem::NotAChoice)?;
                let is_there = usize::try_from(column).is_ok_and(|column| column < headings);
                if is_there { Ok(column) } else { Err(Problem::NotAChoice) }
            });
            if column.is_some() && columns.contains(&column) {
                problems.add(field.word(), Problem::ColumnTwice);
            }
            columns.push(column);
        }
        // Without either of them nobody could be found, and nobody created.
        let has = |field: ImportField| {
            ImportField::ALL
                .iter()
                .position(|one| *one == field)
                .is_some_and(|at| columns[at].is_some())
        };
        if !has(ImportField::Email) && !has(ImportField::Reference) {
            problems.add("email", Problem::EmailOrReference);
        }
        if problems.0.is_empty() { Ok(columns) } else { Err(Refusal::Fields(problems.0).into()) }
    }
}

/// An import begins.
fn plan_event<'a>(job: &JobRow, doer: &'a Doer) -> Event<'a> {
    doer.event_of_job(job, Outcome::Begun)
}

/// The column of each field, as far as the headings tell.
fn guessed(headings: &[String]) -> Vec<Option<u32>> {
    let folded: Vec<String> = headings.iter().map(|name| fold::words(name).concat()).collect();
    ImportField::ALL
        .into_iter()
        .map(|field| {
            // The heading that is meant most of all comes first in the list.
            let found = field
                .headings()
                .iter()
                .find_map(|wanted| folded.iter().position(|heading| heading == wanted));
            found.and_then(|column| u32::try_from(column).ok())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_say_what_columns_mean() {
        let columns = |names: &[&str]| {
            guessed(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(
            columns(&["E-Mail", "Full name", "Customer no.", "Shoe size"]),
            [Some(2), Some(1), Some(0), None, None, None, None]
        );
        assert_eq!(
            columns(&[
                "Kunden-Nr.",
                "Firma",
                "Name",
                "E-Mail-Adresse",
                "Benutzername",
                "Sprache",
                "Erlaubnis"
            ]),
            [Some(0), Some(2), Some(3), Some(1), Some(4), Some(5), Some(6)]
        );
        // The better one wins, wherever it stands.
        assert_eq!(columns(&["ID", "Reference"])[0], Some(1));
    }
}
