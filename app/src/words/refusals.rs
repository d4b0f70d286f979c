//! Sentences for refusals that a page gets only when its code comes in a piece: who forgot a
//! password does not wait for those of the reseller's desk.

#[cfg(not(feature = "ssr"))]
use std::sync::OnceLock;

use model::{Refusal, refusal::Problem, reset::Obstacle};

use super::{
    approval_obstacle, email_obstacle, mail_obstacle, number, obstacle, organization_obstacle,
    removal_obstacle, span, staff_obstacle,
};
use crate::i18n::tr;

/// How such a refusal is said.
#[derive(Clone, Copy)]
pub struct Words {
    /// What is wrong with a field.
    pub problem: fn(Problem) -> String,
    /// Why something did not happen.
    pub refusal: fn(&Refusal) -> String,
}

const WORDS: Words = Words { problem, refusal };

#[cfg(not(feature = "ssr"))]
static HERE: OnceLock<Words> = OnceLock::new();

/// Called by each piece of code before it shows a page. Nothing else names the sentences, so they
/// come with the pieces.
#[cfg(not(feature = "ssr"))]
pub fn bring() {
    // They are the same whichever piece brought them first.
    _ = HERE.set(WORDS);
}

/// The server has all there is.
#[cfg(feature = "ssr")]
pub fn bring() {}

/// The sentences, once a piece of code brought them.
#[cfg(not(feature = "ssr"))]
pub fn words() -> Option<Words> {
    HERE.get().copied()
}

/// The sentences.
#[cfg(feature = "ssr")]
pub fn words() -> Option<Words> {
    Some(WORDS)
}

#[expect(clippy::too_many_lines, reason = "a line for each problem")]
fn problem(problem: Problem) -> String {
    match problem {
        Problem::NotAnEmail => tr!(problem.not_an_email).into(),
        Problem::NotAUserName => tr!(problem.not_a_user_name).into(),
        Problem::UserNameTaken => tr!(problem.user_name_taken).into(),
        Problem::EmailUnchanged => tr!(problem.email_unchanged).into(),
        Problem::EmailTaken => tr!(problem.email_taken).into(),
        Problem::DisputedAgainst => obstacle(Obstacle::DisputedAgainst).into(),
        Problem::AsksForPin => tr!(problem.asks_for_pin).into(),
        Problem::EmailOrReference => tr!(problem.email_or_reference).into(),
        Problem::NeedsConsent => tr!(problem.needs_consent).into(),
        Problem::NoMail => obstacle(Obstacle::NoMail).into(),
        Problem::ReferenceTaken => tr!(problem.reference_taken).into(),
        Problem::OrganizationSuspended => tr!(problem.organization_suspended).into(),
        Problem::OrganizationNameTaken => tr!(problem.organization_name_taken).into(),
        Problem::BelowItself => tr!(problem.below_itself).into(),
        Problem::NotASlug => tr!(problem.not_a_slug).into(),
        Problem::SlugReserved => tr!(problem.slug_reserved).into(),
        Problem::SlugTaken => tr!(problem.slug_taken).into(),
        Problem::PasswordIsBlocked => tr!(problem.password_is_blocked).into(),
        Problem::WordLength { min, max } => {
            tr!(problem.word_length, min = min.to_string(), max = max.to_string())
        }
        Problem::TooManyWords { max } => tr!(problem.too_many_words, max = max.to_string()),
        Problem::NotAPicture => tr!(problem.not_a_picture).into(),
        Problem::PictureTooWide { max } => tr!(problem.picture_too_wide, max = max.to_string()),
        Problem::PictureTooLarge => tr!(problem.picture_too_large).into(),
        Problem::NotAHostName => tr!(problem.not_a_host_name).into(),
        Problem::HostTaken => tr!(problem.host_taken).into(),
        Problem::HostIsServer => tr!(problem.host_is_server).into(),
        Problem::HostNotLocal => tr!(problem.host_not_local).into(),
        Problem::TooManyHosts { max } => tr!(problem.too_many_hosts, max = max.to_string()),
        Problem::NotAColour => tr!(problem.not_a_colour).into(),
        Problem::TooPale { better } => tr!(problem.too_pale, better = better.to_string()),
        Problem::NotAWebPage => tr!(problem.not_a_web_page).into(),
        Problem::LetterSyntax { line } => tr!(problem.letter_syntax, line = line.to_string()),
        Problem::LetterName { line } => tr!(problem.letter_name, line = line.to_string()),
        Problem::LetterHtml => tr!(problem.letter_html).into(),
        Problem::LetterLink => tr!(problem.letter_link).into(),
        Problem::LetterMarkup => tr!(problem.letter_markup).into(),
        Problem::LetterMissing(piece) => tr!(problem.letter_missing, piece = piece.line()),
        Problem::LetterNotAlone(piece) => tr!(problem.letter_not_alone, piece = piece.line()),
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
        Problem::TooManyRows { max } => tr!(problem.too_many_rows, max = number(max)),
        Problem::FileTooLarge => tr!(problem.file_too_large).into(),
        Problem::NoFile => tr!(problem.no_file).into(),
        Problem::FileIncomplete => tr!(problem.file_incomplete).into(),
        Problem::CustomerGone => tr!(problem.customer_gone).into(),
        Problem::CustomerSuspended => tr!(problem.customer_suspended).into(),
        Problem::StaffGone => tr!(problem.staff_gone).into(),
        Problem::StaffSuspended => tr!(problem.staff_suspended).into(),
        Problem::StaffFrozen => tr!(problem.staff_frozen).into(),
        Problem::NeedsApproval => tr!(problem.needs_approval).into(),
        Problem::NotAChoice => tr!(problem.not_a_choice).into(),
        Problem::CodeWrong => tr!(problem.code_wrong).into(),
        Problem::CodeOver => tr!(problem.code_over).into(),
        Problem::FactorRefused => tr!(problem.factor_refused).into(),
        Problem::PasskeyRefused => tr!(problem.passkey_refused).into(),
        Problem::PasskeyCopied => tr!(problem.passkey_copied).into(),
        Problem::PasskeyOver => tr!(problem.passkey_over).into(),
        Problem::PasskeyThere => tr!(problem.passkey_there).into(),
        Problem::TooManyPasskeys { max } => tr!(problem.too_many_passkeys, max = max),
        Problem::SetupCodeWrong => tr!(problem.setup_code_wrong).into(),
        Problem::SetupCodeUsed => tr!(problem.setup_code_used).into(),
        Problem::SetupCodeOld => tr!(problem.setup_code_old).into(),
        Problem::ClockOff { seconds } if seconds < 0 => {
            tr!(problem.clock_behind, count = seconds.unsigned_abs())
        }
        Problem::ClockOff { seconds } => {
            tr!(problem.clock_ahead, count = seconds.unsigned_abs())
        }
        Problem::SetupOver => tr!(problem.setup_over).into(),
        Problem::PinWrong => tr!(problem.pin_wrong).into(),
        Problem::NotANumber => tr!(problem.not_a_number).into(),
        Problem::OutOfBounds { min, max } => tr!(problem.out_of_bounds, min = min, max = max),
        Problem::ChangedMeanwhile => tr!(problem.changed_meanwhile).into(),
        Problem::NotAHost => tr!(problem.not_a_host).into(),
        Problem::NotAnAddress => tr!(problem.not_an_address).into(),
        Problem::NotADirectory => tr!(problem.not_a_directory).into(),
        Problem::NotAnAttribute => tr!(problem.not_an_attribute).into(),
        Problem::NotAServiceName => tr!(problem.not_a_service_name).into(),
        Problem::KeyTooShort { min } => tr!(problem.key_too_short, min = min.to_string()),
        Problem::TooManyHooks { max } => tr!(problem.too_many_hooks, max = max.to_string()),
        Problem::TooManyKeys { max } => tr!(problem.too_many_keys, max = max.to_string()),
        Problem::NotASigningSecret => tr!(problem.not_a_signing_secret).into(),
        Problem::ServiceTaken => tr!(problem.service_taken).into(),
        Problem::Service(reason) => super::reason(reason).into(),
        Problem::HostNotAllowed => tr!(problem.host_not_allowed).into(),
        Problem::PlainToThisMachineOnly => tr!(problem.plain_to_this_machine_only).into(),
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
        // Said without a piece of code, by `super::problem`.
        Problem::Required | Problem::TooLong { .. } | Problem::UnseenCharacters => {
            tr!(error.fields).into()
        }
    }
}

fn refusal(refusal: &Refusal) -> String {
    match refusal {
        Refusal::SignInFailed => tr!(error.sign_in_failed).into(),
        Refusal::Budget { seconds } => tr!(error.budget, span = span(*seconds)),
        Refusal::LinkUnusable => tr!(error.link_unusable).into(),
        Refusal::NotFound => tr!(error.not_found).into(),
        Refusal::NotAllowed => tr!(error.not_allowed).into(),
        Refusal::StepUp => tr!(error.step_up).into(),
        Refusal::NeedsPerson => tr!(error.needs_person).into(),
        Refusal::ResetImpossible(why) => obstacle(*why).into(),
        Refusal::StaffImpossible(why) => staff_obstacle(*why).into(),
        Refusal::RemovalImpossible(why) => removal_obstacle(*why).into(),
        Refusal::ApprovalImpossible(why) => approval_obstacle(*why).into(),
        Refusal::EmailImpossible(why) => email_obstacle(*why).into(),
        Refusal::MailImpossible(why) => mail_obstacle(*why).into(),
        Refusal::ChangedMeanwhile(_) => tr!(error.changed_meanwhile).into(),
        Refusal::HasPassword => tr!(error.has_password).into(),
        Refusal::SignInOver => tr!(error.sign_in_over).into(),
        Refusal::FactorNeeded => tr!(error.factor_needed).into(),
        Refusal::PasskeyFailed => tr!(error.passkey_failed).into(),
        Refusal::OrganizationSuspended(whom) => {
            let name = whom.name.to_string();
            match whom.email.clone() {
                Some(email) => tr!(error.organization_suspended_write, name = name, email = email),
                None => tr!(error.organization_suspended, name = name),
            }
        }
        Refusal::Moved(door) => tr!(error.moved, name = door.name.to_string()),
        Refusal::OrganizationImpossible(obstacle) => organization_obstacle(*obstacle).into(),
        // Said without a piece of code, by `super::error`.
        Refusal::Wait { .. } | Refusal::Fields(_) => tr!(error.fields).into(),
    }
}
