//! Sentences for what the audit log records.

use model::{
    account::Role,
    api_key::KeyEnd,
    approval::ApprovalAction,
    audit::{ActorKind, AuditFault, AuditKind, AuditLine, AuditProblem, Outcome},
    connector::{KeyEffect, Reason},
    id::MailId,
    mail::MailSecurity,
    permission::Permission,
    policy::Rule,
};

use crate::{i18n::tr, words};

/// Who did it, as a sentence begins.
pub fn who(line: &AuditLine) -> String {
    let name = line.actor.as_ref().and_then(|actor| actor.name.clone());
    match line.actor_kind {
        ActorKind::Staff => name.unwrap_or_else(|| tr!(audit.erased_staff).into()),
        ActorKind::Customer => name.unwrap_or_else(|| tr!(audit.erased_customer).into()),
        ActorKind::Visitor => tr!(audit.visitor).into(),
        ActorKind::LinkHolder => tr!(audit.link_holder).into(),
        ActorKind::CommandLine => tr!(audit.command_line).into(),
        ActorKind::System => tr!(audit.system).into(),
        ActorKind::ApiKey => name.map_or_else(
            || tr!(audit.erased_api_key).into(),
            |name| tr!(audit.api_key, name = name),
        ),
    }
}

/// Whom it was done to, in the middle of a sentence.
fn whom(line: &AuditLine) -> String {
    match &line.subject {
        Some(subject) => subject.name.clone().unwrap_or_else(|| tr!(audit.erased_person).into()),
        None => tr!(audit.unknown_name).into(),
    }
}

/// What happened, as a sentence.
#[expect(clippy::too_many_lines, reason = "a line for each kind of entry")]
pub fn sentence(line: &AuditLine) -> String {
    let (who, whom) = (who(line), whom(line));
    let refused = line.outcome == Outcome::Refused;
    // Of many, nobody is named.
    let about = |text: String| match &line.subject {
        Some(_) => tr!(did.approval_about, text = text, whom = whom.clone()),
        None => text,
    };
    match line.kind {
        AuditKind::AccountCreated => tr!(did.account_created, who = who, whom = whom),
        AuditKind::SignedIn => tr!(did.signed_in, who = who),
        AuditKind::SignInRefused => tr!(did.sign_in_refused, whom = whom),
        AuditKind::Locked => tr!(did.locked, whom = whom),
        AuditKind::SignedOut => tr!(did.signed_out, who = who),
        AuditKind::SessionEnded => tr!(did.session_ended, who = who),
        AuditKind::OtherSessionsEnded => tr!(did.other_sessions_ended, who = who),
        AuditKind::ResetLinkSent => tr!(did.reset_link_sent, who = who, whom = whom),
        AuditKind::ResetLinkExplained => tr!(did.reset_link_explained, who = who, whom = whom),
        AuditKind::ResetStarted => tr!(did.reset_started, who = who, whom = whom),
        AuditKind::ResetDone => tr!(did.reset_done, whom = whom),
        AuditKind::ResetRefused => tr!(did.reset_refused, whom = whom),
        AuditKind::ResetNeedsAttention => tr!(did.reset_needs_attention, whom = whom),
        AuditKind::PasswordChanged if refused => tr!(did.password_change_refused, who = who),
        AuditKind::PasswordChanged => tr!(did.password_changed, who = who),
        AuditKind::PasswordSetByCommand => {
            tr!(did.password_set_by_command, who = who, whom = whom)
        }
        AuditKind::ProfileChanged => tr!(did.profile_changed, who = who),
        AuditKind::Disputed => tr!(did.disputed, whom = whom),
        AuditKind::ConsentChanged => tr!(did.consent_changed, who = who),
        AuditKind::SteppedUp if refused => tr!(did.step_up_refused, who = who),
        AuditKind::SteppedUp => tr!(did.stepped_up, who = who),
        AuditKind::PinRefused => tr!(did.pin_refused, whom = whom),
        AuditKind::ResetsStopped => tr!(did.resets_stopped, who = who),
        AuditKind::CustomersImported if refused => tr!(did.import_ended, who = who),
        AuditKind::PasswordStopped => tr!(did.password_stopped, who = who, whom = whom),
        AuditKind::StaffPasswordsStopped if refused => tr!(did.staff_passwords_ended, who = who),
        AuditKind::ManyLinksSent if refused => tr!(did.many_ended, who = who),
        kind if refused && line.subject.is_some() => {
            let event = words::event(kind, line.outcome).to_owned();
            tr!(did.refused_about, who = who, whom = whom, event = event)
        }
        kind if refused => {
            tr!(did.refused, who = who, event = words::event(kind, line.outcome).to_owned())
        }
        AuditKind::StaffLinkSent => tr!(did.staff_link_sent, who = who, whom = whom),
        AuditKind::StaffPasswordSet if line.outcome == Outcome::Begun => {
            tr!(did.staff_password_begun, who = who, whom = whom)
        }
        AuditKind::StaffPasswordSet => tr!(did.staff_password_set, whom = whom),
        AuditKind::CallerAsked => tr!(did.caller_asked, who = who, whom = whom),
        AuditKind::CallerVerified => tr!(did.caller_verified, who = who, whom = whom),
        AuditKind::DisputeClosed => tr!(did.dispute_closed, who = who, whom = whom),
        AuditKind::LinksCancelled => tr!(did.links_cancelled, who = who, whom = whom),
        AuditKind::CustomerViewed => tr!(did.customer_viewed, who = who, whom = whom),
        AuditKind::PolicyChanged => tr!(did.policy_changed, who = who),
        AuditKind::Invited => tr!(did.invited, who = who, whom = whom),
        AuditKind::RoleChanged => tr!(did.role_changed, who = who, whom = whom),
        AuditKind::Suspended | AuditKind::CustomerSuspended => {
            tr!(did.suspended, who = who, whom = whom)
        }
        AuditKind::Resumed | AuditKind::CustomerResumed => {
            tr!(did.resumed, who = who, whom = whom)
        }
        AuditKind::MailSettingsChanged => tr!(did.mail_settings_changed, who = who),
        AuditKind::BrandChanged => tr!(did.brand_changed, who = who),
        AuditKind::LetterChanged => tr!(did.letter_changed, who = who),
        AuditKind::DkimChanged => tr!(did.dkim_changed, who = who),
        AuditKind::MailTested => tr!(did.mail_tested, who = who),
        AuditKind::MailSentAgain => tr!(did.mail_sent_again, who = who, whom = whom),
        AuditKind::CustomerCreated => tr!(did.customer_created, who = who, whom = whom),
        AuditKind::InvitationSent => tr!(did.invitation_sent, who = who, whom = whom),
        AuditKind::CustomerChanged => tr!(did.customer_changed, who = who, whom = whom),
        AuditKind::CustomerDeleted => tr!(did.customer_deleted, who = who, whom = whom),
        AuditKind::ImportChecked => tr!(did.import_checked, who = who),
        AuditKind::CustomersImported if line.outcome == Outcome::Begun => {
            tr!(did.import_begun, who = who)
        }
        AuditKind::CustomersImported => tr!(did.customers_imported, who = who),
        AuditKind::CustomersExported => tr!(did.customers_exported, who = who),
        AuditKind::StaffPasswordsStopped if line.outcome == Outcome::Begun => {
            tr!(did.staff_passwords_begun, who = who)
        }
        AuditKind::StaffPasswordsStopped => tr!(did.staff_passwords_stopped, who = who),
        AuditKind::ManyLinksSent if line.outcome == Outcome::Begun => {
            tr!(did.many_begun, who = who)
        }
        AuditKind::ManyLinksSent => tr!(did.many_links_sent, who = who),
        AuditKind::Erased => tr!(did.erased, who = who, whom = whom),
        AuditKind::Restored => tr!(did.restored, who = who),
        AuditKind::KeysRotated => tr!(did.keys_rotated, who = who),
        AuditKind::AuditExported => tr!(did.audit_exported, who = who),
        AuditKind::PasswordAccepted => tr!(did.password_accepted, who = who),
        // Refused, always: said above.
        AuditKind::FactorRefused => tr!(event.factor_refused).into(),
        AuditKind::FactorAdded => tr!(did.factor_added, who = who),
        AuditKind::FactorRemoved => tr!(did.factor_removed, who = who, whom = whom),
        AuditKind::RecoveryCodesMade => tr!(did.recovery_codes_made, who = who),
        AuditKind::RecoveryCodeUsed => tr!(did.recovery_code_used, who = who, whom = whom),
        AuditKind::DeviceForgotten => tr!(did.device_forgotten, who = who),
        AuditKind::PasskeyAdded => tr!(did.passkey_added, who = who),
        AuditKind::FactorDropped => tr!(did.factor_dropped, who = who),
        AuditKind::PasskeyCopied => tr!(did.passkey_copied, whom = whom),
        AuditKind::FactorRemovalAsked => tr!(did.factor_removal_asked, who = who, whom = whom),
        AuditKind::FactorRemovalStopped => tr!(did.factor_removal_stopped, who = who, whom = whom),
        AuditKind::LostFactorRemoved => tr!(did.lost_factor_removed, who = who, whom = whom),
        AuditKind::EmailChangeAsked => tr!(did.email_change_asked, who = who, whom = whom),
        AuditKind::EmailChangeApproved => tr!(did.email_change_approved, who = who, whom = whom),
        AuditKind::EmailConfirmed => tr!(did.email_confirmed, whom = whom),
        AuditKind::EmailChangeStopped => tr!(did.email_change_stopped, who = who, whom = whom),
        AuditKind::EmailChanged => tr!(did.email_changed, whom = whom),
        AuditKind::ApprovalAsked if refused => about(tr!(did.approval_ask_refused, who = who)),
        AuditKind::ApprovalAsked => about(tr!(did.approval_asked, who = who)),
        AuditKind::ApprovalGiven if refused => about(tr!(did.approval_not_given, who = who)),
        AuditKind::ApprovalGiven => about(tr!(did.approval_given, who = who)),
        AuditKind::ApprovalRefused => about(tr!(did.approval_refused, who = who)),
        AuditKind::ApprovalWithdrawn => about(tr!(did.approval_withdrawn, who = who)),
        AuditKind::ApprovalExpired => about(tr!(did.approval_expired).to_owned()),
        AuditKind::ConnectorAdded => tr!(did.connector_added, who = who),
        AuditKind::ConnectorChanged => tr!(did.connector_changed, who = who),
        AuditKind::ConnectorRemoved => tr!(did.connector_removed, who = who),
        AuditKind::ConnectorTested => tr!(did.connector_tested, who = who),
        AuditKind::ServiceLinked => tr!(did.service_linked, who = who, whom = whom),
        AuditKind::ServiceUnlinked => tr!(did.service_unlinked, who = who, whom = whom),
        AuditKind::ServicesImported => tr!(did.services_imported, who = who),
        AuditKind::TargetRetried => tr!(did.target_retried, who = who, whom = whom),
        AuditKind::TargetGivenUp => tr!(did.target_given_up, who = who, whom = whom),
        AuditKind::HookAdded => tr!(did.hook_added, who = who),
        AuditKind::HookChanged => tr!(did.hook_changed, who = who),
        AuditKind::HookRemoved => tr!(did.hook_removed, who = who),
        AuditKind::HookTested => tr!(did.hook_tested, who = who),
        AuditKind::EventSentAgain => tr!(did.event_sent_again, who = who),
        AuditKind::OrganizationAdded => tr!(did.organization_added, who = who),
        AuditKind::OrganizationRenamed => tr!(did.organization_renamed, who = who),
        AuditKind::OrganizationMoved => tr!(did.organization_moved, who = who),
        AuditKind::OrganizationSuspended => tr!(did.organization_suspended, who = who),
        AuditKind::OrganizationResumed => tr!(did.organization_resumed, who = who),
        AuditKind::OrganizationGotSite => tr!(did.organization_got_site, who = who),
        AuditKind::SiteHostsChanged => tr!(did.site_hosts_changed, who = who),
        AuditKind::OrganizationDeleted => tr!(did.organization_deleted, who = who),
        AuditKind::ApiKeyMade => tr!(did.api_key_made, who = who),
        AuditKind::ApiKeyRevoked => tr!(did.api_key_revoked, who = who),
        AuditKind::ApiKeyEnded => tr!(did.api_key_ended).into(),
    }
}

/// What a value is called that was changed.
pub fn changed(what: &str) -> String {
    let (word, of_limit) = match what.strip_suffix(".ceiling") {
        Some(word) => (word, true),
        None => (what, false),
    };
    match Rule::from_word(word) {
        Some(rule) if of_limit => tr!(audit.limit_of, rule = words::rule(rule).0.to_owned()),
        Some(rule) => words::rule(rule).0.to_owned(),
        None => match word {
            "role" => tr!(changed.role),
            "state" => tr!(changed.state),
            "mail" => tr!(changed.mail),
            "outcome" => tr!(changed.outcome),
            "host" => tr!(changed.host),
            "port" => tr!(changed.port),
            "security" => tr!(changed.security),
            "user" => tr!(changed.user),
            "password" => tr!(changed.password),
            "from_email" => tr!(changed.from_email),
            "from_name" => tr!(changed.from_name),
            "reply_to" => tr!(changed.reply_to),
            "languages" => tr!(changed.languages),
            "letter" => tr!(changed.letter),
            "subject" => tr!(changed.subject),
            "text" => tr!(changed.text),
            "connector" => tr!(changed.connector),
            "address" => tr!(changed.address),
            "base" => tr!(changed.base),
            "attribute" => tr!(changed.attribute),
            "keys" => tr!(changed.keys),
            "api_key" => tr!(changed.api_key),
            "signing_secret" => tr!(changed.signing_secret),
            "service" => tr!(changed.service),
            "linked" => tr!(changed.linked),
            "created" => tr!(changed.created),
            "secret" => tr!(changed.secret),
            "webhook" => tr!(changed.webhook),
            "events" => tr!(changed.events),
            "event" => tr!(changed.event),
            "hook" => tr!(changed.hook),
            "organization" => tr!(changed.organization),
            "parent" => tr!(changed.parent),
            "site" => tr!(changed.site),
            "key" => tr!(changed.key),
            "permissions" => tr!(changed.permissions),
            "days" => tr!(changed.days),
            "key_end" => tr!(changed.key_end),
            "hosts" => tr!(changed.hosts),
            "approval" => tr!(changed.approval),
            "dkim" => tr!(changed.dkim),
            "blocked_words" => tr!(changed.blocked_words),
            "logo" => tr!(changed.logo),
            "icon" => tr!(changed.icon),
            "brand_name" => tr!(changed.brand_name),
            "tagline" => tr!(changed.tagline),
            "support_email" => tr!(changed.support_email),
            "language" => tr!(changed.language),
            "primary" => tr!(changed.primary),
            "corners" => tr!(changed.corners),
            "letters" => tr!(changed.letters),
            "imprint" => tr!(changed.imprint),
            "privacy" => tr!(changed.privacy),
            "terms" => tr!(changed.terms),
            _ => return word.to_owned(),
        }
        .to_owned(),
    }
}

/// A value that was changed, or is there now.
pub fn changed_value(what: &str, value: Option<String>) -> String {
    let (word, of_limit) = match what.strip_suffix(".ceiling") {
        Some(word) => (word, true),
        None => (what, false),
    };
    let rule = Rule::from_word(word);
    let Some(value) = value else {
        return match rule {
            Some(_) if of_limit => tr!(audit.no_limit),
            Some(_) => tr!(audit.inherited),
            None => tr!(audit.none),
        }
        .to_owned();
    };
    if let (Some(rule), Ok(number)) = (rule, value.parse()) {
        return words::rule_value(rule, number);
    }
    if word == "permissions" {
        let permissions = value.split(' ').filter_map(Permission::from_word);
        return permissions.map(words::key_permission).collect::<Vec<_>>().join(" · ");
    }
    let told = match (word, value.as_str()) {
        ("role", role) => Role::from_word(role).map(words::role_name),
        ("state", "active") => Some(tr!(staff.active)),
        ("state", "suspended") => Some(tr!(customers.suspended)),
        ("security", security) => MailSecurity::from_word(security).map(words::mail_security),
        ("mail", kind) if kind.parse::<MailId>().is_err() => Some(words::mail_kind(kind)),
        ("hook", "active") => Some(tr!(changed.hook_active)),
        ("hook", "off") => Some(tr!(changed.hook_off)),
        ("hook", "gone") => Some(tr!(changed.hook_gone)),
        ("password" | "api_key" | "signing_secret" | "secret", "set") => Some(tr!(changed.set)),
        ("password" | "api_key" | "signing_secret" | "secret", "set anew") => {
            Some(tr!(changed.set_anew))
        }
        ("key_end", end) => KeyEnd::from_word(end).map(words::key_end),
        ("approval", action) => ApprovalAction::from_word(action).map(action_name),
        ("state", "disabled") => Some(tr!(changed.disabled)),
        ("keys", keys) => KeyEffect::from_word(keys).map(words::connectors::key_effect),
        ("outcome", "found") => Some(tr!(changed.found)),
        ("outcome", "accepted") => Some(tr!(changed.accepted)),
        ("outcome", "no_route") => Some(tr!(changed.no_route)),
        ("outcome", "not_resolved") => Some(tr!(changed.not_resolved)),
        ("outcome", "not_allowed") => Some(tr!(changed.not_allowed)),
        ("outcome", "not_reached") => Some(tr!(changed.not_reached)),
        ("outcome", "not_encrypted") => Some(tr!(changed.not_encrypted)),
        ("outcome", "sign_in_refused") => Some(tr!(changed.sign_in_refused)),
        ("outcome", "sender_refused") => Some(tr!(changed.sender_refused)),
        ("outcome", "recipient_refused") => Some(tr!(changed.recipient_refused)),
        ("outcome", "letter_refused") => Some(tr!(changed.letter_refused)),
        ("outcome", "too_slow") => Some(tr!(changed.too_slow)),
        ("outcome", reason) => Reason::from_word(reason).map(words::reason),
        _ => None,
    };
    told.map_or(value.clone(), str::to_owned)
}

/// What a second person is asked to agree to, without saying about whom.
fn action_name(action: ApprovalAction) -> &'static str {
    match action {
        ApprovalAction::RemoveFactor => tr!(changed.remove_factor),
        ApprovalAction::TypePassword => tr!(changed.type_password),
        ApprovalAction::GeneratePassword => tr!(changed.generate_password),
        ApprovalAction::SendLinks => tr!(changed.send_links),
        ApprovalAction::StopPasswords => tr!(changed.stop_passwords),
        ApprovalAction::StopStaffPasswords => tr!(changed.stop_staff),
    }
}

/// What is wrong with a chain.
pub fn problem(problem: &AuditProblem) -> String {
    let line = problem.position;
    match problem.fault {
        AuditFault::HeadMissing => tr!(audit.fault_head).into(),
        AuditFault::Unreadable => tr!(audit.fault_unreadable, line = line),
        AuditFault::LinesMissing => tr!(audit.fault_missing, line = line),
        AuditFault::DoesNotFollow => tr!(audit.fault_follow, line = line),
        AuditFault::Edited => tr!(audit.fault_edited, line = line),
        AuditFault::PersonalEdited => tr!(audit.fault_personal, line = line),
        AuditFault::NotAsAnchored => tr!(audit.fault_anchor, line = line),
        AuditFault::CutOff => tr!(audit.fault_cut, line = line),
        AuditFault::EndsEarly { head } => tr!(audit.fault_ends, line = line, head = head),
    }
}
