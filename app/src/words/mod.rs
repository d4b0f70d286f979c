//! Sentences for what the server answers in codes.

use model::{
    Moment, Refusal,
    account::{Device, Language, Role},
    api_key::KeyEnd,
    audit::{AuditKind, Outcome, Who},
    brand::{Corners, Letters, PictureKind},
    connector::Reason,
    customer::{Count, Scope},
    email::{EmailDeed, EmailObstacle, EmailStage, WaitingEmail},
    event_hook::{DeliveryState, HookDeed, HookEvent, HookState},
    factor::{RemovalDeed, RemovalObstacle},
    job::{ImportField, OldPasswords},
    mail::{MailObstacle, MailRoute, MailSecurity, MailState, MailTest},
    organization::{OrganizationDeed, OrganizationObstacle, OrganizationStanding},
    permission::Permission,
    policy::{AT_ONCE, NEVER, Rule, RuleKind, Unit, day_text},
    refusal::{FieldProblem, Problem},
    reset::{Obstacle, ResetState, TargetState},
    rules::RuleSource,
    staff::{StaffDeed, StaffObstacle, StaffStanding},
    text::EmailAddress,
};

mod approvals;
pub mod connectors;
mod letters;
#[cfg(feature = "ssr")]
pub mod own;
pub mod refusals;

pub use approvals::{
    approval_action, approval_deed, approval_obstacle, approval_state, flagged, somebody,
};
pub use letters::{is_for_staff, letter, mail_kind, piece};

use crate::{
    api::ApiError,
    i18n::{language, tr},
};

/// What is wrong with a field, and what to do.
pub fn problem(problem: Problem) -> String {
    match problem {
        Problem::Required => tr!(problem.required).into(),
        Problem::TooLong { max } => tr!(problem.too_long, max = max),
        Problem::UnseenCharacters => tr!(problem.unseen_characters).into(),
        other => refusals::words()
            .map_or_else(|| tr!(error.fields).into(), |words| (words.problem)(other)),
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
                Some(field @ ImportField::Language) if one.problem == Problem::NotAChoice => {
                    format!("{}: {}", import_field(field), tr!(problem.not_a_language))
                }
                Some(field) => format!("{}: {}", import_field(field), problem(one.problem)),
                None => problem(one.problem),
            }
        })
        .collect()
}

/// Why something did not happen, and what to do next.
pub fn error(error: &ApiError) -> String {
    match error {
        ApiError::Refused(Refusal::Wait { seconds }) => {
            tr!(error.wait, span = span(*seconds))
        }
        ApiError::Refused(Refusal::Fields(_)) => tr!(error.fields).into(),
        ApiError::Refused(other) => refusals::words()
            .map_or_else(|| tr!(error.malformed).into(), |words| (words.refusal)(other)),
        ApiError::SignedOut => tr!(error.signed_out).into(),
        ApiError::MustChange => tr!(error.must_change).into(),
        ApiError::MustProve => tr!(error.must_prove).into(),
        ApiError::MustSetUpFactor => tr!(error.must_set_up_factor).into(),
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
        Obstacle::EmailChanging => tr!(obstacle.email_changing),
        Obstacle::SecondApprover => tr!(obstacle.second_approver),
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

/// A role's name, at the beginning of a line.
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Owner => tr!(role_name.owner),
        Role::Admin => tr!(role_name.admin),
        Role::Agent => tr!(role_name.agent),
        Role::Auditor => tr!(role_name.auditor),
    }
}

/// What a role may do.
pub fn role_hint(role: Role) -> &'static str {
    match role {
        Role::Owner => tr!(role_hint.owner),
        Role::Admin => tr!(role_hint.admin),
        Role::Agent => tr!(role_hint.agent),
        Role::Auditor => tr!(role_hint.auditor),
    }
}

/// How a member of staff stands.
pub fn staff_standing(standing: StaffStanding) -> &'static str {
    match standing {
        StaffStanding::Suspended => tr!(customers.suspended),
        StaffStanding::Invited(Some(_)) => tr!(staff.invited),
        StaffStanding::Invited(None) => tr!(staff.invitation_over),
        StaffStanding::Locked(model::account::Lock::Dispute) => tr!(customers.disputed),
        StaffStanding::Locked(_) => tr!(customers.locked),
        StaffStanding::Active => tr!(staff.active),
    }
}

/// Why somebody may change nothing about a member of staff, and what to do.
pub fn staff_obstacle(obstacle: StaffObstacle) -> &'static str {
    match obstacle {
        StaffObstacle::NotPermitted => tr!(staff.not_permitted),
        StaffObstacle::Yourself => tr!(staff.yourself),
        StaffObstacle::Owner => tr!(staff.owner_only),
        StaffObstacle::LastOwner => tr!(staff.last_owner),
        StaffObstacle::Suspended => tr!(obstacle.suspended),
        StaffObstacle::NotThereYet => tr!(staff.not_there_yet),
        StaffObstacle::ThereAlready => tr!(staff.there_already),
        StaffObstacle::NoMail => tr!(staff.no_mail),
    }
}

/// An organization to choose, as a line of a list of options: what is below stands further in, since
/// options have no style.
pub fn scope_line(scope: &Scope) -> String {
    let indent = "\u{2003}".repeat(usize::try_from(scope.depth).unwrap_or_default().min(6));
    let mark = if scope.suspended { tr!(organizations.suspended_mark) } else { "" };
    format!("{indent}{} {mark}", scope.name).trim_end().to_owned()
}

/// Why something cannot be done to an organization, and what to do.
pub fn organization_obstacle(obstacle: OrganizationObstacle) -> &'static str {
    match obstacle {
        OrganizationObstacle::NotPermitted => tr!(organizations.not_permitted),
        OrganizationObstacle::Own => tr!(organizations.own),
        OrganizationObstacle::OwnName => tr!(organizations.own_name),
        OrganizationObstacle::HasOrganizations => tr!(organizations.has_organizations),
        OrganizationObstacle::HasAccounts => tr!(organizations.has_accounts),
        OrganizationObstacle::HasConnectors => tr!(organizations.has_connectors),
        OrganizationObstacle::HasDefaultSite => tr!(organizations.has_default_site),
        OrganizationObstacle::HasSite => tr!(organizations.has_site),
        OrganizationObstacle::SharesSite => tr!(organizations.shares_site),
        OrganizationObstacle::LinkedAbove => tr!(organizations.linked_above),
    }
}

/// How an organization stands.
pub fn organization_standing(standing: OrganizationStanding) -> &'static str {
    match standing {
        OrganizationStanding::Active => tr!(organizations.active),
        OrganizationStanding::Suspended => tr!(customers.suspended),
        OrganizationStanding::SuspendedAbove => tr!(organizations.suspended_above),
    }
}

/// What was done to an organization.
pub fn organization_deed(deed: OrganizationDeed) -> &'static str {
    match deed {
        OrganizationDeed::Added => tr!(organizations.done_added),
        OrganizationDeed::Renamed => tr!(organizations.done_renamed),
        OrganizationDeed::Moved => tr!(organizations.done_moved),
        OrganizationDeed::Suspended => tr!(organizations.done_suspended),
        OrganizationDeed::Resumed => tr!(organizations.done_resumed),
        OrganizationDeed::GotSite => tr!(organizations.done_got_site),
        OrganizationDeed::HostsSet => tr!(organizations.done_hosts_set),
    }
}

/// What was done to a member of staff.
pub fn staff_deed(deed: StaffDeed, email: &EmailAddress) -> String {
    match deed {
        StaffDeed::Invited => tr!(staff.done_invited, email = email),
        StaffDeed::RoleChanged => tr!(staff.done_role).into(),
        StaffDeed::Suspended => tr!(staff.done_suspended).into(),
        StaffDeed::Resumed => tr!(staff.done_resumed).into(),
        StaffDeed::LinkSent => tr!(staff.done_link, email = email),
    }
}

/// Why somebody's second factor cannot be removed, and what to do.
pub fn removal_obstacle(obstacle: RemovalObstacle) -> &'static str {
    match obstacle {
        RemovalObstacle::NotPermitted => tr!(lost_factor.not_permitted),
        RemovalObstacle::Yourself => tr!(lost_factor.yourself),
        RemovalObstacle::LastOwner => tr!(lost_factor.last_owner),
        RemovalObstacle::Owner => tr!(lost_factor.owner_only),
        RemovalObstacle::Suspended => tr!(lost_factor.suspended),
        RemovalObstacle::Disputed => tr!(lost_factor.disputed),
        RemovalObstacle::DisputedAgainst => tr!(lost_factor.disputed_against),
        RemovalObstacle::NoFactor => tr!(lost_factor.no_factor),
        RemovalObstacle::Waiting => tr!(lost_factor.waiting),
        RemovalObstacle::NoMail => tr!(lost_factor.no_mail),
        RemovalObstacle::CallerUnknown => tr!(lost_factor.caller_unknown),
        RemovalObstacle::SecondApprover => tr!(lost_factor.second_approver),
    }
}

/// What was done about somebody's second factor.
pub fn removal_deed(deed: RemovalDeed, email: &EmailAddress) -> String {
    match deed {
        RemovalDeed::Asked => tr!(lost_factor.done_asked, email = email),
        RemovalDeed::Removed => tr!(lost_factor.done_removed, email = email),
        RemovalDeed::Stopped => tr!(lost_factor.done_stopped, email = email),
    }
}

/// Why an email address cannot be changed, or that not be agreed to, and what to do.
pub fn email_obstacle(obstacle: EmailObstacle) -> &'static str {
    match obstacle {
        EmailObstacle::NotPermitted => tr!(new_email.not_permitted),
        EmailObstacle::Suspended => tr!(new_email.suspended),
        EmailObstacle::DisputedAgainst => tr!(new_email.disputed_against),
        EmailObstacle::Disputed => tr!(new_email.disputed),
        EmailObstacle::NoMail => tr!(new_email.no_mail),
        EmailObstacle::CallerUnknown => tr!(new_email.caller_unknown),
        EmailObstacle::NothingWaits => tr!(new_email.nothing_waits),
        EmailObstacle::OwnAsk => tr!(new_email.own_ask),
        EmailObstacle::BelowAsker => tr!(new_email.below_asker),
        EmailObstacle::AskerGone => tr!(new_email.asker_gone),
    }
}

/// Who asked for a change of an email address.
pub fn asked_by(change: &WaitingEmail) -> String {
    match &change.by {
        _ if change.own => tr!(new_email.by_owner).into(),
        Some((operator, organization)) => tr!(
            lost_factor.waits_by,
            operator = operator.to_string(),
            organization = organization.to_string()
        ),
        None => tr!(lost_factor.waits_by_somebody).into(),
    }
}

/// What the moment is that a change is told with.
pub fn due(stage: EmailStage) -> &'static str {
    match stage {
        EmailStage::Approval => tr!(new_email.due_approval),
        EmailStage::Unconfirmed | EmailStage::Confirmed => tr!(new_email.due),
    }
}

/// What was done about somebody's email address.
pub fn email_deed(deed: EmailDeed, email: &EmailAddress) -> String {
    match deed {
        EmailDeed::Asked => tr!(new_email.done_asked, email = email),
        EmailDeed::Second => tr!(new_email.done_second, email = email),
        EmailDeed::Approved => tr!(new_email.done_approved, email = email),
        EmailDeed::Stopped => tr!(new_email.done_stopped, email = email),
    }
}

/// Why a mail cannot be sent again, and what to do.
pub fn mail_obstacle(obstacle: MailObstacle) -> &'static str {
    match obstacle {
        MailObstacle::NotPermitted => tr!(mail_log.not_permitted),
        MailObstacle::NotDead => tr!(mail_log.not_dead),
        MailObstacle::NothingKept => tr!(mail_log.nothing_kept),
        MailObstacle::ReaderGone => tr!(mail_log.reader_gone),
        MailObstacle::NoMail => tr!(organization.no_mail),
    }
}

/// Through what mail goes.
pub fn mail_route(route: &MailRoute) -> String {
    match route {
        MailRoute::Own => tr!(email.route_own).into(),
        MailRoute::Inherited(name) => tr!(email.route_inherited, organization = name.to_string()),
        MailRoute::Server => tr!(email.route_server).into(),
        MailRoute::Nothing => tr!(email.route_nothing).into(),
    }
}

/// Through what mail would go without a mail server of one's own.
pub fn mail_inherited(route: &MailRoute) -> &'static str {
    match route {
        MailRoute::Own | MailRoute::Inherited(_) => tr!(email.inherited_above),
        MailRoute::Server => tr!(email.inherited_server),
        MailRoute::Nothing => tr!(email.inherited_nothing),
    }
}

/// How the connection to a mail server is encrypted.
pub fn mail_security(security: MailSecurity) -> &'static str {
    match security {
        MailSecurity::Starttls => tr!(email.starttls),
        MailSecurity::Tls => tr!(email.tls),
        MailSecurity::None => tr!(email.plain),
    }
}

/// How far a test mail came, and what to do.
pub fn mail_test(test: MailTest, to: &EmailAddress) -> String {
    match test {
        MailTest::Accepted => tr!(email.test_accepted, email = to),
        MailTest::NoRoute => tr!(email.test_no_route).into(),
        MailTest::NotResolved => tr!(email.test_not_resolved).into(),
        MailTest::NotAllowed => tr!(email.test_not_allowed).into(),
        MailTest::NotReached => tr!(email.test_not_reached).into(),
        MailTest::NotEncrypted => tr!(email.test_not_encrypted).into(),
        MailTest::SignInRefused => tr!(email.test_sign_in).into(),
        MailTest::SenderRefused => tr!(email.test_sender).into(),
        MailTest::RecipientRefused => tr!(email.test_recipient).into(),
        MailTest::LetterRefused => tr!(email.test_letter).into(),
        MailTest::TooSlow => tr!(email.test_slow).into(),
    }
}

/// Where a mail stands.
pub fn mail_state(state: MailState) -> &'static str {
    match state {
        MailState::Waiting => tr!(mail_log.waiting),
        MailState::Sent => tr!(mail_log.sent),
        MailState::Dead => tr!(mail_log.dead),
        MailState::Expired => tr!(mail_log.expired),
        MailState::Replaced => tr!(mail_log.replaced),
    }
}

/// A rule's name, and what it means.
pub fn rule(rule: Rule) -> (&'static str, &'static str) {
    match rule {
        Rule::PasswordLengthAlone => (tr!(rule.length_alone), tr!(rule.length_alone_hint)),
        Rule::PasswordLengthWithFactor => (tr!(rule.length_factor), tr!(rule.length_factor_hint)),
        Rule::PasswordHistory => (tr!(rule.history), tr!(rule.history_hint)),
        Rule::FailuresBeforeLock => (tr!(rule.failures), tr!(rule.failures_hint)),
        Rule::LockMinutes => (tr!(rule.lock), tr!(rule.lock_hint)),
        Rule::LinkMinutes => (tr!(rule.link), tr!(rule.link_hint)),
        Rule::StaffIdleMinutes => (tr!(rule.staff_idle), tr!(rule.idle_hint)),
        Rule::StaffSessionMinutes => (tr!(rule.staff_session), tr!(rule.session_hint)),
        Rule::CustomerIdleMinutes => (tr!(rule.customer_idle), tr!(rule.idle_hint)),
        Rule::CustomerSessionMinutes => (tr!(rule.customer_session), tr!(rule.session_hint)),
        Rule::ResetsPerOperator => (tr!(rule.per_operator), tr!(rule.budget_hint)),
        Rule::ResetsPerOrganization => (tr!(rule.per_organization), tr!(rule.budget_hint)),
        Rule::ResetsPerOperatorDay => (tr!(rule.per_operator_day), tr!(rule.budget_day_hint)),
        Rule::ResetsPerOrganizationDay => {
            (tr!(rule.per_organization_day), tr!(rule.budget_day_hint))
        }
        Rule::AllowManualEntry => (tr!(rule.manual_entry), tr!(rule.manual_entry_hint)),
        Rule::AllowGenerated => (tr!(rule.generated), tr!(rule.generated_hint)),
        Rule::AgentsSetPasswords => (tr!(rule.agents), tr!(rule.agents_hint)),
        Rule::TemporaryHours => (tr!(rule.temporary), tr!(rule.temporary_hint)),
        Rule::SplitDelivery => (tr!(rule.split), tr!(rule.split_hint)),
        Rule::CallerVerification => (tr!(rule.caller), tr!(rule.caller_hint)),
        Rule::CustomerRememberDays => (tr!(rule.customer_remember), tr!(rule.remember_hint)),
        Rule::StaffRememberDays => (tr!(rule.staff_remember), tr!(rule.remember_hint)),
        Rule::CustomerFactorFrom => (tr!(rule.customer_factor), tr!(rule.factor_hint)),
        Rule::StaffFactorFrom => (tr!(rule.staff_factor), tr!(rule.factor_hint)),
        Rule::CustomerCoolingOffHours => {
            (tr!(rule.customer_cooling_off), tr!(rule.cooling_off_hint))
        }
        Rule::StaffCoolingOffHours => (tr!(rule.staff_cooling_off), tr!(rule.cooling_off_hint)),
        Rule::KeepInStep => (tr!(rule.keep_in_step), tr!(rule.keep_in_step_hint)),
        Rule::SecondApprover => (tr!(rule.second_approver), tr!(rule.second_approver_hint)),
        Rule::SecondApproverFrom => {
            (tr!(rule.second_approver_from), tr!(rule.second_approver_from_hint))
        }
    }
}

/// A rule's value, as one says it.
pub fn rule_value(rule: Rule, value: i64) -> String {
    match rule.kind() {
        RuleKind::Number(unit) => match unit {
            Unit::Characters => tr!(unit.characters, count = value),
            Unit::Passwords if value == 0 => tr!(unit.no_passwords).into(),
            Unit::Passwords if value == 1 => tr!(unit.one_password).into(),
            Unit::Passwords => tr!(unit.passwords, count = value),
            Unit::Attempts => tr!(unit.attempts, count = value),
            Unit::Minutes if value >= 2_880 && value % 1_440 == 0 => {
                tr!(unit.days, count = value / 1_440)
            }
            Unit::Minutes if value >= 120 && value % 60 == 0 => {
                tr!(unit.hours, count = value / 60)
            }
            Unit::Minutes if value == 1 => tr!(unit.one_minute).into(),
            Unit::Minutes => tr!(unit.minutes, count = value),
            Unit::Hours if value == 0 => tr!(unit.at_once).into(),
            Unit::Hours if value == 1 => tr!(unit.one_hour).into(),
            Unit::Hours => tr!(unit.hours, count = value),
            Unit::Days if value == 0 => tr!(unit.never).into(),
            Unit::Days if value == 1 => tr!(unit.one_day).into(),
            Unit::Days => tr!(unit.days, count = value),
            Unit::ResetsAnHour => tr!(unit.resets, count = value),
            Unit::ResetsADay => tr!(unit.resets_a_day, count = value),
            Unit::Customers if value == 1 => tr!(unit.one_customer).into(),
            Unit::Customers => tr!(unit.customers, count = value),
        },
        RuleKind::Day => match value {
            NEVER => tr!(unit.off).into(),
            AT_ONCE => tr!(unit.already).into(),
            number => match day_text(number).and_then(|day| Moment::begin_of_day(&day)) {
                Some(begin) => tr!(unit.from_day, day = date(begin)),
                None => tr!(unit.already).into(),
            },
        },
        RuleKind::Switch | RuleKind::Choice => rule_choice(rule, value).into(),
    }
}

/// The name of one choice of a rule that is not typed as a number.
pub fn rule_choice(rule: Rule, value: i64) -> &'static str {
    match (rule.kind(), value) {
        (RuleKind::Switch, 0) => tr!(unit.no),
        (RuleKind::Switch, _) => tr!(unit.yes),
        (RuleKind::Choice, 0) if rule == Rule::CallerVerification => tr!(rule.caller_off),
        (RuleKind::Choice, 1) if rule == Rule::CallerVerification => tr!(rule.caller_offered),
        (RuleKind::Choice, _) if rule == Rule::CallerVerification => tr!(rule.caller_required),
        // A choice whose rule has no names for it here has none that people could choose by.
        (RuleKind::Choice | RuleKind::Number(_) | RuleKind::Day, _) => "",
    }
}

/// Where a rule's value comes from.
pub fn rule_source(source: &RuleSource) -> String {
    match source {
        RuleSource::Default => tr!(policy.by_default).into(),
        RuleSource::Own => tr!(policy.by_own).into(),
        RuleSource::Inherited(name) => {
            tr!(policy.by_inherited, organization = name.to_string())
        }
        RuleSource::HeldDown(name) => tr!(policy.by_ceiling, organization = name.to_string()),
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
#[expect(clippy::too_many_lines, reason = "one line for each kind")]
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
        (AuditKind::PolicyChanged, _) => tr!(event.policy_changed),
        (AuditKind::Invited, _) => tr!(event.invited),
        (AuditKind::RoleChanged, _) => tr!(event.role_changed),
        (AuditKind::Suspended, _) => tr!(event.suspended),
        (AuditKind::Resumed, _) => tr!(event.resumed),
        (AuditKind::MailSettingsChanged, _) => tr!(event.mail_settings_changed),
        (AuditKind::BrandChanged, _) => tr!(event.brand_changed),
        (AuditKind::LetterChanged, _) => tr!(event.letter_changed),
        (AuditKind::DkimChanged, _) => tr!(event.dkim_changed),
        (AuditKind::MailTested, _) => tr!(event.mail_tested),
        (AuditKind::MailSentAgain, _) => tr!(event.mail_sent_again),
        (AuditKind::CustomerCreated, _) => tr!(event.customer_created),
        (AuditKind::InvitationSent, _) => tr!(event.invitation_sent),
        (AuditKind::CustomerChanged, _) => tr!(event.customer_changed),
        (AuditKind::CustomerSuspended, _) => tr!(event.customer_suspended),
        (AuditKind::CustomerResumed, _) => tr!(event.customer_resumed),
        (AuditKind::CustomerDeleted, _) => tr!(event.customer_deleted),
        (AuditKind::ImportChecked, _) => tr!(event.import_checked),
        (AuditKind::CustomersImported, _) => tr!(event.customers_imported),
        (AuditKind::CustomersExported, _) => tr!(event.customers_exported),
        (AuditKind::PasswordStopped, _) => tr!(event.password_stopped),
        (AuditKind::StaffPasswordsStopped, _) => tr!(event.staff_passwords_stopped),
        (AuditKind::ManyLinksSent, _) => tr!(event.many_links_sent),
        (AuditKind::Erased, _) => tr!(event.erased),
        (AuditKind::Restored, _) => tr!(event.restored),
        (AuditKind::KeysRotated, _) => tr!(event.keys_rotated),
        (AuditKind::AuditExported, _) => tr!(event.audit_exported),
        (AuditKind::PasswordAccepted, _) => tr!(event.password_accepted),
        (AuditKind::FactorRefused, _) => tr!(event.factor_refused),
        (AuditKind::FactorAdded, _) => tr!(event.factor_added),
        (AuditKind::FactorRemoved, _) => tr!(event.factor_removed),
        (AuditKind::RecoveryCodesMade, _) => tr!(event.recovery_codes_made),
        (AuditKind::RecoveryCodeUsed, _) => tr!(event.recovery_code_used),
        (AuditKind::DeviceForgotten, _) => tr!(event.device_forgotten),
        (AuditKind::PasskeyAdded, _) => tr!(event.passkey_added),
        (AuditKind::FactorDropped, _) => tr!(event.factor_dropped),
        (AuditKind::PasskeyCopied, _) => tr!(event.passkey_copied),
        (AuditKind::FactorRemovalAsked, Outcome::Refused) => tr!(event.factor_removal_refused),
        (AuditKind::FactorRemovalAsked, _) => tr!(event.factor_removal_asked),
        (AuditKind::FactorRemovalStopped, _) => tr!(event.factor_removal_stopped),
        (AuditKind::LostFactorRemoved, _) => tr!(event.lost_factor_removed),
        (AuditKind::EmailChangeAsked, Outcome::Refused) => tr!(event.email_change_refused),
        (AuditKind::EmailChangeAsked, _) => tr!(event.email_change_asked),
        (AuditKind::EmailChangeApproved, Outcome::Refused) => tr!(event.email_approval_refused),
        (AuditKind::EmailChangeApproved, _) => tr!(event.email_change_approved),
        (AuditKind::EmailConfirmed, _) => tr!(event.email_confirmed),
        (AuditKind::EmailChangeStopped, _) => tr!(event.email_change_stopped),
        (AuditKind::EmailChanged, _) => tr!(event.email_changed),
        (AuditKind::ApprovalAsked, Outcome::Refused) => tr!(event.approval_ask_refused),
        (AuditKind::ApprovalAsked, _) => tr!(event.approval_asked),
        (AuditKind::ApprovalGiven, Outcome::Refused) => tr!(event.approval_not_given),
        (AuditKind::ApprovalGiven, _) => tr!(event.approval_given),
        (AuditKind::ApprovalRefused, _) => tr!(event.approval_refused),
        (AuditKind::ApprovalWithdrawn, _) => tr!(event.approval_withdrawn),
        (AuditKind::ApprovalExpired, _) => tr!(event.approval_expired),
        (AuditKind::ConnectorAdded, _) => tr!(event.connector_added),
        (AuditKind::ConnectorChanged, _) => tr!(event.connector_changed),
        (AuditKind::ConnectorRemoved, _) => tr!(event.connector_removed),
        (AuditKind::ConnectorTested, _) => tr!(event.connector_tested),
        (AuditKind::ServiceLinked, _) => tr!(event.service_linked),
        (AuditKind::ServiceUnlinked, _) => tr!(event.service_unlinked),
        (AuditKind::ServicesImported, _) => tr!(event.services_imported),
        (AuditKind::TargetRetried, _) => tr!(event.target_retried),
        (AuditKind::TargetGivenUp, _) => tr!(event.target_given_up),
        (AuditKind::HookAdded, _) => tr!(event.hook_added),
        (AuditKind::HookChanged, _) => tr!(event.hook_changed),
        (AuditKind::HookRemoved, _) => tr!(event.hook_removed),
        (AuditKind::HookTested, _) => tr!(event.hook_tested),
        (AuditKind::EventSentAgain, _) => tr!(event.event_sent_again),
        (AuditKind::OrganizationAdded, _) => tr!(event.organization_added),
        (AuditKind::OrganizationRenamed, _) => tr!(event.organization_renamed),
        (AuditKind::OrganizationMoved, _) => tr!(event.organization_moved),
        (AuditKind::OrganizationSuspended, _) => tr!(event.organization_suspended),
        (AuditKind::OrganizationResumed, _) => tr!(event.organization_resumed),
        (AuditKind::OrganizationGotSite, _) => tr!(event.organization_got_site),
        (AuditKind::SiteHostsChanged, _) => tr!(event.site_hosts_changed),
        (AuditKind::OrganizationDeleted, _) => tr!(event.organization_deleted),
        (AuditKind::ApiKeyMade, _) => tr!(event.api_key_made),
        (AuditKind::ApiKeyRevoked, _) => tr!(event.api_key_revoked),
        (AuditKind::ApiKeyEnded, _) => tr!(event.api_key_ended),
    }
}

/// What somebody may do.
pub fn permission(permission: Permission) -> &'static str {
    match permission {
        Permission::ReadCustomers => tr!(permission.read_customers),
        Permission::EditCustomers => tr!(permission.edit_customers),
        Permission::SendLink => tr!(permission.send_link),
        Permission::SetPassword => tr!(permission.set_password),
        Permission::VerifyCallers => tr!(permission.verify_callers),
        Permission::CloseDisputes => tr!(permission.close_disputes),
        Permission::ReadAudit => tr!(permission.read_audit),
        Permission::ReadSettings => tr!(permission.read_settings),
        Permission::EditPolicy => tr!(permission.edit_policy),
        Permission::ManageStaff => tr!(permission.manage_staff),
        Permission::EditMail => tr!(permission.edit_mail),
        Permission::RemoveFactors => tr!(permission.remove_factors),
        Permission::ChangeEmail => tr!(permission.change_email),
        Permission::EditConnectors => tr!(permission.edit_connectors),
        Permission::EditOrganizations => tr!(permission.edit_organizations),
        Permission::EditApiKeys => tr!(permission.edit_api_keys),
        Permission::EditBrand => tr!(permission.edit_brand),
    }
}

/// What becomes of the passwords that were in use, if it is worth a word.
pub fn old_passwords(old: OldPasswords) -> Option<&'static str> {
    match old {
        OldPasswords::Kept => None,
        OldPasswords::Stopping => Some(tr!(many.stopping)),
        OldPasswords::Partly => Some(tr!(many.stopped_partly)),
        OldPasswords::Stopped => Some(tr!(many.stopped_passwords)),
    }
}

/// What a picture is for, and what it should be like.
pub fn picture(kind: PictureKind) -> (&'static str, &'static str) {
    match kind {
        PictureKind::Logo => (tr!(brand.logo), tr!(brand.logo_hint)),
        PictureKind::Icon => (tr!(brand.icon), tr!(brand.icon_hint)),
    }
}

/// What takes a picture away.
pub fn remove_picture(kind: PictureKind) -> &'static str {
    match kind {
        PictureKind::Logo => tr!(brand.remove_logo),
        PictureKind::Icon => tr!(brand.remove_icon),
    }
}

/// How corners are.
pub fn corners(corners: Corners) -> &'static str {
    match corners {
        Corners::Square => tr!(brand.square),
        Corners::Soft => tr!(brand.soft),
        Corners::Round => tr!(brand.round),
    }
}

/// How letters are.
pub fn letters(letters: Letters) -> &'static str {
    match letters {
        Letters::System => tr!(brand.system),
        Letters::Humanist => tr!(brand.humanist),
        Letters::Rounded => tr!(brand.rounded),
        Letters::Serif => tr!(brand.serif),
    }
}

/// What a key for the API may do.
pub fn key_permission(permission: Permission) -> &'static str {
    match permission {
        Permission::EditCustomers => tr!(api_keys.edit_customers),
        Permission::SendLink => tr!(api_keys.send_link),
        Permission::ReadAudit => tr!(api_keys.read_audit),
        // The one that is left of those that keys are given.
        _ => tr!(api_keys.read_customers),
    }
}

/// Why a key for the API works no more.
pub fn key_end(end: KeyEnd) -> &'static str {
    match end {
        KeyEnd::Expired => tr!(api_keys.expired),
        KeyEnd::Revoked => tr!(api_keys.revoked),
        KeyEnd::Maker => tr!(api_keys.ended_maker),
        KeyEnd::Organization => tr!(api_keys.ended_organization),
        KeyEnd::Restored => tr!(api_keys.ended_restored),
    }
}

/// What a webhook is told of.
pub fn hook_event(event: HookEvent) -> &'static str {
    match event {
        HookEvent::ResetDone => tr!(webhooks.reset_done),
        HookEvent::ResetNeedsAttention => tr!(webhooks.reset_needs_attention),
        HookEvent::AccountLocked => tr!(webhooks.account_locked),
        HookEvent::ConsentChanged => tr!(webhooks.consent_changed),
        HookEvent::FactorChanged => tr!(webhooks.factor_changed),
        HookEvent::Test => tr!(webhooks.test_event),
    }
}

/// Whether a webhook is told.
pub fn hook_state(state: HookState) -> &'static str {
    match state {
        HookState::Active => tr!(webhooks.active),
        HookState::Off => tr!(webhooks.off_state),
        HookState::Gone => tr!(webhooks.gone),
    }
}

/// What was done to a webhook.
pub fn hook_deed(deed: HookDeed) -> &'static str {
    match deed {
        HookDeed::Tested => tr!(webhooks.tested),
        HookDeed::On => tr!(webhooks.switched_on),
        HookDeed::Off => tr!(webhooks.switched_off),
        HookDeed::Changed => tr!(webhooks.done_changed),
        HookDeed::Again => tr!(webhooks.sent_again),
        HookDeed::Removed => tr!(webhooks.removed),
    }
}

/// Where a message to a webhook stands.
pub fn delivery_state(state: DeliveryState, attempts: u32) -> &'static str {
    match state {
        DeliveryState::Waiting if attempts > 0 => tr!(webhooks.tried),
        DeliveryState::Waiting => tr!(webhooks.waiting),
        DeliveryState::Delivered => tr!(webhooks.delivered),
        DeliveryState::GivenUp => tr!(webhooks.given_up),
    }
}

/// Why a downstream system does not do something, or may not have.
pub fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Unreachable => tr!(reason.unreachable),
        Reason::AddressNotAllowed => tr!(reason.address_not_allowed),
        Reason::CertificateNotTrusted => tr!(reason.certificate_not_trusted),
        Reason::NotEncrypted => tr!(reason.not_encrypted),
        Reason::SignInRefused => tr!(reason.sign_in_refused),
        Reason::NotPermitted => tr!(reason.not_permitted),
        Reason::NoSuchAccount => tr!(reason.no_such_account),
        Reason::AnotherAccount => tr!(reason.another_account),
        Reason::Suspended => tr!(reason.suspended),
        Reason::NoConsent => tr!(reason.no_consent),
        Reason::PasswordRefused => tr!(reason.password_refused),
        Reason::PasswordTooShort => tr!(reason.password_too_short),
        Reason::PasswordUsedBefore => tr!(reason.password_used_before),
        Reason::NotRepresentable => tr!(reason.not_representable),
        Reason::Resting => tr!(reason.resting),
        Reason::Disabled => tr!(reason.disabled),
        Reason::NoAnswer => tr!(reason.no_answer),
        Reason::BadAnswer => tr!(reason.bad_answer),
        Reason::ItsFault => tr!(reason.its_fault),
        Reason::AskedToWait => tr!(reason.asked_to_wait),
        Reason::TimeOver => tr!(reason.time_over),
        Reason::Refused => tr!(reason.refused),
        Reason::NotVerified => tr!(reason.not_verified),
        Reason::NotOffered => tr!(reason.not_offered),
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
        Who::ApiKey(Some(name)) => tr!(who.api_key_named, name = name.clone()),
        Who::ApiKey(None) => tr!(who.api_key).into(),
    }
}

/// A moment in UTC: what is shown until the browser shows it in its own time zone.
pub fn moment(at: Moment) -> String {
    let date = date(at);
    let at = at.civil();
    format!("{date}, {:02}:{:02} UTC", at.hour, at.minute)
}

/// A day in UTC, with its year.
pub fn date(at: Moment) -> String {
    format!("{} {}", day(at), at.civil().year)
}

/// A day in UTC, without its year.
pub fn day(at: Moment) -> String {
    const EN: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"];
    const DE: [&str; 12] = [
        "Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.",
        "Dez.",
    ];
    const FR: [&str; 12] = [
        "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.",
        "déc.",
    ];
    const ES: [&str; 12] =
        ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic"];
    let at = at.civil();
    let month = usize::from(at.month.clamp(1, 12) - 1);
    match language() {
        Language::En => format!("{} {}", at.day, EN[month]),
        Language::De => format!("{}. {}", at.day, DE[month]),
        Language::Fr if at.day == 1 => format!("1er {}", FR[month]),
        Language::Fr => format!("{} {}", at.day, FR[month]),
        Language::Es => format!("{} {}", at.day, ES[month]),
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
