//! Sentences for what the server answers in codes.

use model::{
    Moment, Refusal,
    account::{Device, Language, Role},
    audit::{AuditKind, Outcome, Who},
    job::ImportField,
    refusal::{FieldProblem, Problem},
    reset::Obstacle,
};

use crate::{
    api::ApiError,
    i18n::{language, tr},
};

/// What is wrong with a field, and what to do.
pub fn problem(problem: Problem) -> String {
    match problem {
        Problem::Required => tr!(problem.required).into(),
        Problem::TooLong { max } => tr!(problem.too_long, max = max),
        Problem::NotAnEmail => tr!(problem.not_an_email).into(),
        Problem::NotAUserName => tr!(problem.not_a_user_name).into(),
        Problem::UserNameTaken => tr!(problem.user_name_taken).into(),
        Problem::EmailTaken => tr!(problem.email_taken).into(),
        Problem::ReferenceTaken => tr!(problem.reference_taken).into(),
        Problem::OrganizationSuspended => tr!(problem.organization_suspended).into(),
        Problem::NameDiffers => tr!(problem.name_differs).into(),
        Problem::CountDiffers => tr!(problem.count_differs).into(),
        Problem::EmailIsTheirs => tr!(problem.email_is_theirs).into(),
        Problem::ConsentIsTheirs => tr!(problem.consent_is_theirs).into(),
        Problem::TwiceInFile => tr!(problem.twice_in_file).into(),
        Problem::ColumnTwice => tr!(problem.column_twice).into(),
        Problem::NotYesOrNo => tr!(problem.not_yes_or_no).into(),
        Problem::MoreCellsThanHeadings => tr!(problem.more_cells).into(),
        Problem::NotUtf8 => tr!(problem.not_utf8).into(),
        Problem::NotACsv => tr!(problem.not_a_csv).into(),
        Problem::NoRows => tr!(problem.no_rows).into(),
        Problem::TooManyRows { max } => tr!(problem.too_many_rows, max = max),
        Problem::FileTooLarge => tr!(problem.file_too_large).into(),
        Problem::NoFile => tr!(problem.no_file).into(),
        Problem::FileIncomplete => tr!(problem.file_incomplete).into(),
        Problem::CustomerGone => tr!(problem.customer_gone).into(),
        Problem::CustomerSuspended => tr!(problem.customer_suspended).into(),
        Problem::UnseenCharacters => tr!(problem.unseen_characters).into(),
        Problem::NotAChoice => tr!(problem.not_a_choice).into(),
        Problem::NotADate => tr!(problem.not_a_date).into(),
        Problem::InThePast => tr!(problem.in_the_past).into(),
        Problem::CurrentPasswordWrong => tr!(problem.current_password_wrong).into(),
        Problem::RetypeDiffers => tr!(problem.retype_differs).into(),
        Problem::PasswordTooShort { min, have } => {
            tr!(problem.password_too_short, min = min, missing = min.saturating_sub(have))
        }
        Problem::PasswordTooLong { max } => tr!(problem.password_too_long, max = max),
        Problem::PasswordGuessable => tr!(problem.password_guessable).into(),
        Problem::PasswordBreached => tr!(problem.password_breached).into(),
        Problem::PasswordIsPersonal => tr!(problem.password_is_personal).into(),
        Problem::PasswordIsOurName => tr!(problem.password_is_our_name).into(),
        Problem::PasswordUsedBefore => tr!(problem.password_used_before).into(),
    }
}

/// What a column of an import holds.
pub fn import_field(field: ImportField) -> &'static str {
    match field {
        ImportField::Reference => tr!(import_field.reference),
        ImportField::Name => tr!(import_field.name),
        ImportField::Email => tr!(import_field.email),
        ImportField::Company => tr!(import_field.company),
        ImportField::UserName => tr!(import_field.user_name),
        ImportField::Language => tr!(import_field.language),
        ImportField::Consent => tr!(import_field.consent),
    }
}

/// Why a row was left out, a sentence for each reason.
pub fn row_problems(problems: &[FieldProblem]) -> Vec<String> {
    problems
        .iter()
        .map(|one| {
            let field = ImportField::ALL.into_iter().find(|field| field.word() == one.field);
            match field {
                Some(field) => format!("{}: {}", import_field(field), problem(one.problem)),
                None => problem(one.problem),
            }
        })
        .collect()
}

/// Why something did not happen, and what to do next.
pub fn error(error: &ApiError) -> String {
    match error {
        ApiError::Refused(Refusal::SignInFailed) => tr!(error.sign_in_failed).into(),
        ApiError::Refused(Refusal::Wait { seconds }) => {
            tr!(error.wait, span = span(*seconds))
        }
        ApiError::Refused(Refusal::Fields(_)) => tr!(error.fields).into(),
        ApiError::Refused(Refusal::LinkUnusable) => tr!(error.link_unusable).into(),
        ApiError::Refused(Refusal::NotFound) => tr!(error.not_found).into(),
        ApiError::Refused(Refusal::NotAllowed) => tr!(error.not_allowed).into(),
        ApiError::Refused(Refusal::StepUp) => tr!(error.step_up).into(),
        ApiError::Refused(Refusal::ResetImpossible(why)) => obstacle(*why).into(),
        ApiError::Refused(Refusal::ChangedMeanwhile(_)) => tr!(error.changed_meanwhile).into(),
        ApiError::Refused(Refusal::HasPassword) => tr!(error.has_password).into(),
        ApiError::SignedOut => tr!(error.signed_out).into(),
        ApiError::Busy { retry_after } => tr!(error.busy, span = span(*retry_after)),
        ApiError::Malformed => tr!(error.malformed).into(),
        ApiError::Broken { reference } => tr!(error.broken, reference = reference.clone()),
        ApiError::Unreachable => tr!(error.unreachable).into(),
    }
}

/// Why a reset is not possible, and what to do.
pub fn obstacle(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::NotPermitted => tr!(obstacle.not_permitted),
        Obstacle::Suspended => tr!(obstacle.suspended),
        Obstacle::NoMail => tr!(obstacle.no_mail),
    }
}

/// A span of time, rounded up to what people say.
fn span(seconds: u32) -> String {
    match seconds {
        0 | 1 => tr!(span.second).into(),
        2..=90 => tr!(span.seconds, count = seconds),
        _ => tr!(span.minutes, count = seconds.div_ceil(60)),
    }
}

/// A role's name.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => tr!(role.owner),
        Role::Admin => tr!(role.admin),
        Role::Agent => tr!(role.agent),
        Role::Auditor => tr!(role.auditor),
    }
}

/// Browser and system, as one says it.
pub fn device(device: &Device) -> String {
    match (device.browser.clone(), device.system.clone()) {
        (Some(browser), Some(system)) => tr!(device.both, browser = browser, system = system),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => tr!(device.unknown).into(),
    }
}

/// What happened, from the reader's point of view.
pub fn event(kind: AuditKind, outcome: Outcome) -> &'static str {
    match (kind, outcome) {
        (AuditKind::AccountCreated, _) => tr!(event.account_created),
        (AuditKind::SignedIn, _) => tr!(event.signed_in),
        (AuditKind::SignInRefused, _) => tr!(event.sign_in_refused),
        (AuditKind::Locked, _) => tr!(event.locked),
        (AuditKind::SignedOut, _) => tr!(event.signed_out),
        (AuditKind::SessionEnded, _) => tr!(event.session_ended),
        (AuditKind::OtherSessionsEnded, _) => tr!(event.other_sessions_ended),
        (AuditKind::ResetLinkSent, _) => tr!(event.reset_link_sent),
        (AuditKind::ResetLinkExplained, _) => tr!(event.reset_link_explained),
        (AuditKind::ResetStarted, _) => tr!(event.reset_started),
        (AuditKind::ResetDone, _) => tr!(event.reset_done),
        (AuditKind::ResetRefused, _) => tr!(event.reset_refused),
        (AuditKind::ResetNeedsAttention, _) => tr!(event.reset_needs_attention),
        (AuditKind::PasswordChanged, Outcome::Refused) => tr!(event.password_change_refused),
        (AuditKind::PasswordChanged, _) => tr!(event.password_changed),
        (AuditKind::PasswordSetByCommand, _) => tr!(event.password_set_by_command),
        (AuditKind::ProfileChanged, _) => tr!(event.profile_changed),
        (AuditKind::Disputed, _) => tr!(event.disputed),
        (AuditKind::ConsentChanged, _) => tr!(event.consent_changed),
        (AuditKind::SteppedUp, Outcome::Refused) => tr!(event.step_up_refused),
        (AuditKind::SteppedUp, _) => tr!(event.stepped_up),
        (AuditKind::StaffLinkSent, _) => tr!(event.staff_link_sent),
        (AuditKind::LinksCancelled, _) => tr!(event.links_cancelled),
        (AuditKind::CustomerViewed, _) => tr!(event.customer_viewed),
        (AuditKind::CustomerCreated, _) => tr!(event.customer_created),
        (AuditKind::InvitationSent, _) => tr!(event.invitation_sent),
        (AuditKind::CustomerChanged, _) => tr!(event.customer_changed),
        (AuditKind::CustomerSuspended, _) => tr!(event.customer_suspended),
        (AuditKind::CustomerResumed, _) => tr!(event.customer_resumed),
        (AuditKind::CustomerDeleted, _) => tr!(event.customer_deleted),
        (AuditKind::CustomersImported, _) => tr!(event.customers_imported),
        (AuditKind::CustomersExported, _) => tr!(event.customers_exported),
        (AuditKind::ManyLinksSent, _) => tr!(event.many_links_sent),
        (AuditKind::Erased, _) => tr!(event.erased),
        (AuditKind::Restored, _) => tr!(event.restored),
    }
}

/// Who did it.
pub fn who(who: &Who) -> String {
    match who {
        Who::You => tr!(who.you).into(),
        Who::Staff(Some(name)) => tr!(who.staff_named, name = name.clone()),
        Who::Staff(None) => tr!(who.staff).into(),
        Who::Customer => tr!(who.customer).into(),
        Who::LinkHolder => tr!(who.link_holder).into(),
        Who::Visitor => tr!(who.visitor).into(),
        Who::Operator => tr!(who.operator).into(),
        Who::System => tr!(who.system).into(),
    }
}

/// A moment in UTC: what is shown until the browser shows it in its own time zone.
pub fn moment(at: Moment) -> String {
    const EN: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"];
    const DE: [&str; 12] = [
        "Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.",
        "Dez.",
    ];
    let at = at.civil();
    let month = usize::from(at.month.clamp(1, 12) - 1);
    match language() {
        Language::En => {
            format!("{} {} {}, {:02}:{:02} UTC", at.day, EN[month], at.year, at.hour, at.minute)
        }
        Language::De => {
            format!("{}. {} {}, {:02}:{:02} UTC", at.day, DE[month], at.year, at.hour, at.minute)
        }
    }
}

/// The letters that stand for a person: first of the first and of the last name.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().next());
    let first = words.next();
    first.into_iter().chain(words.next_back()).flat_map(char::to_uppercase).collect()
}
