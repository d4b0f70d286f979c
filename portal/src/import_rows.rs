//! The rows of an import: what each says, whom it means, what it comes to, and doing it.
//!
//! The check looks at every row as the import will, and what it left out the import leaves out: a
//! name that two rows of one file want is found there, where all rows are seen in one go.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use anyhow::Context;
use model::{
    account::Language,
    audit::AuditKind,
    consent::ConsentSource,
    customer::CustomerDetails,
    id::{JobId, OrganizationId},
    job::{ImportField, RowOutcome, RowResult},
    refusal::{FieldProblem, Problem},
    text::{EmailAddress, LONGEST_NAME, LONGEST_REFERENCE, Name, UserName, remark},
};

use crate::{
    Portal, Result, fold,
    import::Plan,
    import_file::FileRow,
    jobs::{Noted, Step},
    new_customer::NewCustomer,
    problems::Problems,
    store::{BatchRow, CustomerDetailRow, JobRow, Tx},
    throttle::canonical,
};

/// Checks that one node keeps in mind at once.
const CHECKS: usize = 8;

/// The names that the rows of files want whose checks are under way, as far as those have come. It
/// is in memory only: whoever takes a check up reads again what was looked at before.
#[derive(Debug, Default)]
pub(crate) struct Seen(HashMap<JobId, Names>);

impl Seen {
    /// A check has come to its end.
    pub fn forget(&mut self, job: JobId) {
        self.0.remove(&job);
    }
}

/// The names of one file, up to a batch.
#[derive(Debug, Default)]
struct Names {
    next: i64,
    names: HashSet<u64>,
}

/// A row that was understood.
struct Parsed {
    reference: Option<String>,
    name: Option<Name>,
    email: Option<EmailAddress>,
    company: Option<String>,
    user_name: Option<UserName>,
    language: Option<Language>,
    consent: Option<bool>,
}

/// What a row comes to.
enum Fate {
    Create(NewCustomer),
    Update(Box<CustomerDetailRow>, CustomerDetails),
    Unchanged,
    Refused(Vec<FieldProblem>),
}

impl Portal {
    /// Looks at rows and changes nothing.
    pub(crate) async fn check_rows(
        &self,
        tx: &mut Tx,
        job: &JobRow,
        batch: &BatchRow,
    ) -> Result<Step> {
        let plan = Plan::of(job)?;
        if !self.may_go_on(tx, job, (&plan.doer, plan.organization), &[]).await? {
            return Ok(Step::Stop);
        }
        let mut names = self.names_before(tx, job, &plan, batch.number).await?;
        let mut results = Vec::new();
        for row in batch.rows::<FileRow>(self.keys())? {
            let fate = match plan.parsed(&row) {
                Ok(parsed) => match names.twice(&parsed) {
                    problems if problems.is_empty() => self.fate(tx, &plan, parsed).await?,
                    problems => Fate::Refused(problems),
                },
                Err(problems) => Fate::Refused(problems),
            };
            results.push(fate.result(row.line));
        }
        names.next = batch.number + 1;
        let mut seen = self.seen().lock().await;
        // The one that takes least to read again makes room.
        if seen.0.len() >= CHECKS
            && let Some(least) =
                seen.0.iter().min_by_key(|(_, names)| names.next).map(|(id, _)| *id)
        {
            seen.0.remove(&least);
        }
        seen.0.insert(job.id, names);
        Ok(Step::Done(results, Vec::new(), self.now()))
    }

    /// The names that the rows before a batch want: kept in mind, or read again. Taken out of mind,
    /// so that a batch that fails leaves none of its own behind.
    async fn names_before(
        &self,
        tx: &mut Tx,
        job: &JobRow,
        plan: &Plan,
        number: i64,
    ) -> Result<Names> {
        let known = self.seen().lock().await.0.remove(&job.id);
        if let Some(names) = known.filter(|names| names.next == number && number > 0) {
            return Ok(names);
        }
        let mut names = Names::default();
        for before in 0..number {
            let batch = tx.job_batch(job.id, before).await?.context("rows that were looked at")?;
            for row in batch.rows::<FileRow>(self.keys())? {
                if let Ok(parsed) = plan.parsed(&row) {
                    names.twice(&parsed);
                }
            }
        }
        Ok(names)
    }

    /// Does what rows say.
    pub(crate) async fn import_rows(
        &self,
        tx: &mut Tx,
        job: &JobRow,
        batch: &BatchRow,
    ) -> Result<Step> {
        let plan = Plan::of(job)?;
        if !self.may_go_on(tx, job, (&plan.doer, plan.organization), &[]).await?
            || !tx.is_within(plan.organization, job.organization_id).await?
            || tx.is_suspended(plan.organization).await?
        {
            return Ok(Step::Stop);
        }
        let checked = batch.results()?;
        let (mut results, mut noted) = (Vec::new(), Vec::new());
        let rows = batch.rows::<FileRow>(self.keys())?;
        for (row, checked) in rows.into_iter().zip(checked) {
            // What the check left out stays out.
            if checked.outcome == RowOutcome::Refused {
                results.push(checked);
                continue;
            }
            let fate = match plan.parsed(&row) {
                Ok(parsed) => {
                    // Held before it is looked at: what changes meanwhile is not undone.
                    if let Some(customer) = tx.meant_by(plan.organization, &parsed).await? {
                        tx.lock_account(customer.row.id).await?;
                    }
                    self.fate(tx, &plan, parsed).await?
                }
                Err(problems) => Fate::Refused(problems),
            };
            match &fate {
                Fate::Create(new) => {
                    let by = (&plan.doer, ConsentSource::Import);
                    let account =
                        self.add_customer(tx, plan.organization, new, by, &mut noted).await?;
                    if plan.invites {
                        self.invite(tx, &account, &plan.doer, &mut noted).await?;
                    }
                }
                Fate::Update(customer, details) => {
                    let stamp = customer.next_stamp(self.now());
                    tx.set_details(customer.row.id, details, stamp).await?;
                    noted.push(Noted {
                        organization: customer.organization_id,
                        customer: customer.row.id,
                        kind: AuditKind::CustomerChanged,
                        reset: None,
                        why: None,
                    });
                }
                Fate::Unchanged | Fate::Refused(_) => {}
            }
            results.push(fate.result(row.line));
        }
        Ok(Step::Done(results, noted, self.now()))
    }

    /// What a row comes to, as things stand.
    async fn fate(&self, tx: &mut Tx, plan: &Plan, row: Parsed) -> Result<Fate> {
        let mut problems = Problems::default();
        let Some(customer) = tx.meant_by(plan.organization, &row).await? else {
            if row.name.is_none() {
                problems.add("name", Problem::Required);
            }
            if row.email.is_none() {
                problems.add("email", Problem::Required);
            }
            let (Some(name), Some(email)) = (row.name, row.email) else {
                return Ok(Fate::Refused(problems.0));
            };
            let language = if let Some(language) = row.language {
                language
            } else {
                let site = tx.site_of(plan.organization).await?;
                site.context("an organization without a site")?.language
            };
            let new = NewCustomer {
                name,
                email,
                user_name: row.user_name,
                company: row.company,
                reference: row.reference,
                language,
                allows_resets: row.consent == Some(true),
            };
            let taken = tx.taken(plan.organization, &new, None).await?;
            return Ok(if taken.is_empty() { Fate::Create(new) } else { Fate::Refused(taken) });
        };
        // A file gets around it no more than a page does.
        if tx.is_disputed_against(customer.row.id, plan.doer.id).await? {
            problems.add("", Problem::DisputedAgainst);
            return Ok(Fate::Refused(problems.0));
        }
        if row.email.is_some_and(|email| {
            canonical(email.as_str()) != canonical(customer.row.email.as_str())
        }) {
            problems.add("email", Problem::EmailIsTheirs);
        }
        let allows = customer.row.resets_allowed_until > self.now();
        if row.consent.is_some_and(|consent| consent != allows) {
            problems.add("consent", Problem::ConsentIsTheirs);
        }
        // An empty cell leaves what is there.
        let stored = customer.details();
        let wanted = CustomerDetails {
            name: row.name.unwrap_or_else(|| stored.name.clone()),
            company: row.company.or_else(|| stored.company.clone()),
            reference: row.reference.or_else(|| stored.reference.clone()),
            user_name: row.user_name.or_else(|| stored.user_name.clone()),
            language: row.language.unwrap_or(stored.language),
        };
        if problems.0.is_empty() && wanted != stored {
            problems = tx.details_taken(&customer, &wanted).await?;
        }
        Ok(if !problems.0.is_empty() {
            Fate::Refused(problems.0)
        } else if wanted == stored {
            Fate::Unchanged
        } else {
            Fate::Update(Box::new(customer), wanted)
        })
    }
}

impl Tx {
    /// The customer whom a row means, if there is one.
    async fn meant_by(
        &mut self,
        organization: OrganizationId,
        row: &Parsed,
    ) -> Result<Option<CustomerDetailRow>> {
        if let Some(reference) = &row.reference {
            return match self.referenced(organization, reference).await? {
                Some(id) => Ok(self.customer(id).await?),
                None => Ok(None),
            };
        }
        let Some(email) = &row.email else { return Ok(None) };
        let site = self.site_of(organization).await?.context("an organization without a site")?;
        let Some(account) = self.account_named(site.id, &canonical(email.as_str())).await? else {
            return Ok(None);
        };
        // Somebody else's customer is nobody here.
        let customer = self.customer(account.id).await?;
        Ok(customer.filter(|customer| customer.organization_id == organization))
    }
}

impl Plan {
    /// What a row says, or what is wrong with it.
    fn parsed(&self, row: &FileRow) -> Result<Parsed, Vec<FieldProblem>> {
        if let Some(problem) = row.problem {
            return Err(vec![FieldProblem { field: String::new(), problem }]);
        }
        let mut problems = Problems::default();
        let cell = |field: ImportField| {
            let place = ImportField::ALL.iter().position(|one| *one == field).unwrap_or_default();
            let column = self.columns.get(place).copied().flatten();
            let column = column.and_then(|column| usize::try_from(column).ok());
            column.and_then(|column| row.cells.get(column)).map_or("", |cell| cell.trim())
        };
        let text = |longest| move |text: &str| remark(text, longest).map(Option::unwrap_or_default);
        let parsed = Parsed {
            reference: problems.check_optional(
                "reference",
                cell(ImportField::Reference),
                text(LONGEST_REFERENCE),
            ),
            name: problems.check_optional("name", cell(ImportField::Name), Name::parse),
            email: problems.check_optional("email", cell(ImportField::Email), EmailAddress::parse),
            company: problems.check_optional(
                "company",
                cell(ImportField::Company),
                text(LONGEST_NAME),
            ),
            user_name: problems.check_optional(
                "user_name",
                cell(ImportField::UserName),
                UserName::parse,
            ),
            language: problems.check_optional("language", cell(ImportField::Language), language),
            consent: problems.check_optional("consent", cell(ImportField::Consent), yes_or_no),
        };
        if problems.0.is_empty() { Ok(parsed) } else { Err(problems.0) }
    }
}

impl Names {
    /// Which names of a row an earlier one wants as well. Its own count from now on.
    fn twice(&mut self, row: &Parsed) -> Vec<FieldProblem> {
        let email = row.email.as_ref().map(|email| canonical(email.as_str()));
        let user_name = row.user_name.as_ref().map(ToString::to_string);
        let wants =
            [("reference", row.reference.clone()), ("email", email), ("user_name", user_name)];
        let wants: Vec<(&str, u64)> = wants
            .into_iter()
            .filter_map(|(field, name)| Some((field, name?)))
            .map(|(field, name)| {
                let mut hasher = DefaultHasher::new();
                (field, name).hash(&mut hasher);
                (field, hasher.finish())
            })
            .collect();
        let mut problems = Problems::default();
        for (field, name) in &wants {
            if self.names.contains(name) {
                problems.add(field, Problem::TwiceInFile);
            }
        }
        if problems.0.is_empty() {
            self.names.extend(wants.into_iter().map(|(_, name)| name));
        }
        problems.0
    }
}

impl Fate {
    fn result(self, line: u32) -> RowResult {
        let (outcome, why) = match self {
            Self::Create(_) => (RowOutcome::Created, Vec::new()),
            Self::Update(..) => (RowOutcome::Updated, Vec::new()),
            Self::Unchanged => (RowOutcome::Unchanged, Vec::new()),
            Self::Refused(why) => (RowOutcome::Refused, why),
        };
        RowResult { line, outcome, why, customer: None }
    }
}

fn language(text: &str) -> Result<Language, Problem> {
    let folded = |text: &str| fold::words(text).concat();
    let typed = folded(text);
    let by_name = Language::ALL.into_iter().find(|language| {
        let names = match language {
            Language::En => ["English", "Englisch", "anglais", "inglés"],
            Language::De => ["German", "Deutsch", "allemand", "alemán"],
            Language::Fr => ["French", "Französisch", "français", "francés"],
            Language::Es => ["Spanish", "Spanisch", "espagnol", "español"],
        };
        names.into_iter().any(|name| folded(name) == typed)
    });
    by_name.or_else(|| Language::from_tag(text)).ok_or(Problem::NotAChoice)
}

fn yes_or_no(text: &str) -> Result<bool, Problem> {
    match fold::words(text).concat().as_str() {
        "yes" | "y" | "true" | "1" | "x" | "ja" | "j" | "wahr" | "oui" | "o" | "vrai" | "si"
        | "s" | "verdadero" => Ok(true),
        "no" | "n" | "false" | "0" | "nein" | "falsch" | "non" | "faux" | "falso" => Ok(false),
        _ => Err(Problem::NotYesOrNo),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_say_yes_and_no_in_many_ways() {
        for yes in ["Yes", "ja", "TRUE", "1", " x ", "Oui", "sí"] {
            assert_eq!(yes_or_no(yes), Ok(true), "{yes}");
        }
        for no in ["No", "nein", "false", "0", "non"] {
            assert_eq!(yes_or_no(no), Ok(false), "{no}");
        }
        assert_eq!(yes_or_no("perhaps"), Err(Problem::NotYesOrNo));
        assert_eq!(language("Deutsch"), Ok(Language::De));
        assert_eq!(language("francais"), Ok(Language::Fr));
        assert_eq!(language("Español"), Ok(Language::Es));
        assert_eq!(language("en-GB"), Ok(Language::En));
        assert_eq!(language("Klingon"), Err(Problem::NotAChoice));
    }
}
