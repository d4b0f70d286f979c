//! Sentences for what the server answers in codes.

use model::{
    Moment, Refusal,
    account::{Device, Language, Role},
    audit::{AuditKind, Outcome, Who},
    customer::Count,
    refusal::Problem,
    reset::{Obstacle, ResetState, TargetState},
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
        Problem::UnseenCharacters => tr!(problem.unseen_characters).into(),
        Problem::NotAChoice => tr!(problem.not_a_choice).into(),
        Problem::CodeWrong => tr!(problem.code_wrong).into(),
        Problem::CodeOver => tr!(problem.code_over).into(),
        Problem::PinWrong => tr!(problem.pin_wrong).into(),
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

/// Why something did not happen, and what to do next.
pub fn error(error: &ApiError) -> String {
    match error {
        ApiError::Refused(Refusal::SignInFailed) => tr!(error.sign_in_failed).into(),
        ApiError::Refused(Refusal::Wait { seconds }) => {
            tr!(error.wait, span = span(*seconds))
        }
        ApiError::Refused(Refusal::Budget { seconds }) => {
            tr!(error.budget, span = span(*seconds))
        }
        ApiError::Refused(Refusal::Fields(_)) => tr!(error.fields).into(),
        ApiError::Refused(Refusal::LinkUnusable) => tr!(error.link_unusable).into(),
        ApiError::Refused(Refusal::NotFound) => tr!(error.not_found).into(),
        ApiError::Refused(Refusal::NotAllowed) => tr!(error.not_allowed).into(),
        ApiError::Refused(Refusal::StepUp) => tr!(error.step_up).into(),
        ApiError::Refused(Refusal::ResetImpossible(why)) => obstacle(*why).into(),
        ApiError::SignedOut => tr!(error.signed_out).into(),
        ApiError::MustChange => tr!(error.must_change).into(),
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
        Obstacle::ManualEntryOff => tr!(obstacle.manual_entry_off),
        Obstacle::GeneratedOff => tr!(obstacle.generated_off),
        Obstacle::NotByAgents => tr!(obstacle.not_by_agents),
        Obstacle::NoConsent => tr!(obstacle.no_consent),
        Obstacle::LinksOnly => tr!(obstacle.links_only),
        Obstacle::Disputed => tr!(obstacle.disputed),
        Obstacle::DisputedAgainst => tr!(obstacle.disputed_against),
        Obstacle::CallerUnknown => tr!(obstacle.caller_unknown),
    }
}

/// Where a reset stands, and what to do.
pub fn reset_state(state: ResetState) -> &'static str {
    match state {
        ResetState::Draft => tr!(reset_state.draft),
        ResetState::WaitingForCustomer => tr!(reset_state.waiting_for_customer),
        ResetState::WaitingForApproval => tr!(reset_state.waiting_for_approval),
        ResetState::Applying => tr!(reset_state.applying),
        ResetState::Done => tr!(reset_state.done),
        ResetState::Refused => tr!(reset_state.refused),
        ResetState::NeedsAttention => tr!(reset_state.needs_attention),
        ResetState::Expired => tr!(reset_state.expired),
        ResetState::Cancelled => tr!(reset_state.cancelled),
    }
}

/// Where one target of a reset stands.
pub fn target_state(state: TargetState) -> &'static str {
    match state {
        TargetState::Waiting => tr!(target_state.waiting),
        TargetState::Applying => tr!(target_state.applying),
        TargetState::Applied => tr!(target_state.applied),
        TargetState::Refused => tr!(target_state.refused),
        TargetState::NotSent => tr!(target_state.not_sent),
        TargetState::Unknown => tr!(target_state.unknown),
        TargetState::GivenUp => tr!(target_state.given_up),
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
        (AuditKind::PinRefused, _) => tr!(event.pin_refused),
        (AuditKind::CallerAsked, _) => tr!(event.caller_asked),
        (AuditKind::CallerVerified, Outcome::Refused) => tr!(event.caller_refused),
        (AuditKind::CallerVerified, _) => tr!(event.caller_verified),
        (AuditKind::ResetsStopped, _) => tr!(event.resets_stopped),
        (AuditKind::DisputeClosed, _) => tr!(event.dispute_closed),
        (AuditKind::StaffPasswordSet, Outcome::Refused) => tr!(event.staff_password_refused),
        (AuditKind::StaffLinkSent, Outcome::Refused) => tr!(event.staff_link_refused),
        (AuditKind::StaffPasswordSet, Outcome::Begun) => tr!(event.staff_password_begun),
        (AuditKind::StaffPasswordSet, _) => tr!(event.staff_password_set),
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
        (AuditKind::Erased, _) => tr!(event.erased),
        (AuditKind::Restored, _) => tr!(event.restored),
        (AuditKind::AuditExported, _) => tr!(event.audit_exported),
    }
}

/// Who did it.
pub fn who(who: &Who) -> String {
    match who {
        Who::You => tr!(who.you).into(),
        Who::Staff(Some(name)) => tr!(who.staff_named, name = name.clone()),
        Who::Staff(None) => tr!(who.staff).into(),
        Who::LinkHolder => tr!(who.link_holder).into(),
        Who::Visitor => tr!(who.visitor).into(),
        Who::Operator => tr!(who.operator).into(),
        Who::System => tr!(who.system).into(),
    }
}

/// A moment in UTC: what is shown until the browser shows it in its own time zone.
pub fn moment(at: Moment) -> String {
    let day = day(at);
    let at = at.civil();
    format!("{day} {}, {:02}:{:02} UTC", at.year, at.hour, at.minute)
}

/// A day in UTC, without its year.
pub fn day(at: Moment) -> String {
    const EN: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"];
    const DE: [&str; 12] = [
        "Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.",
        "Dez.",
    ];
    let at = at.civil();
    let month = usize::from(at.month.clamp(1, 12) - 1);
    match language() {
        Language::En => format!("{} {}", at.day, EN[month]),
        Language::De => format!("{}. {}", at.day, DE[month]),
    }
}

/// A number as people write it.
pub fn number(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + 4);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push_str(tr!(common.thousands));
        }
        text.push(digit);
    }
    text
}

/// The same, with a plus when there are more.
pub fn count(count: Count) -> String {
    let more = if count.more { "+" } else { "" };
    format!("{}{more}", number(count.number))
}

/// The letters that stand for a person: first of the first and of the last name.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().next());
    let first = words.next();
    first.into_iter().chain(words.next_back()).flat_map(char::to_uppercase).collect()
}
