//! Sentences for what the audit log records.

use model::audit::{ActorKind, AuditFault, AuditKind, AuditLine, AuditProblem, Outcome};

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
pub fn sentence(line: &AuditLine) -> String {
    let (who, whom) = (who(line), whom(line));
    let refused = line.outcome == Outcome::Refused;
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
        AuditKind::StaffLinkSent => tr!(did.staff_link_sent, who = who, whom = whom),
        AuditKind::LinksCancelled => tr!(did.links_cancelled, who = who, whom = whom),
        AuditKind::CustomerViewed => tr!(did.customer_viewed, who = who, whom = whom),
        AuditKind::Erased => tr!(did.erased, who = who, whom = whom),
        AuditKind::Restored => tr!(did.restored, who = who),
        AuditKind::AuditExported => tr!(did.audit_exported, who = who),
        #[allow(unreachable_patterns, reason = "there is a sentence for each, or else its name")]
        kind => {
            let event = words::event(kind, line.outcome).to_owned();
            let actor = line.actor.as_ref().map(|actor| actor.id);
            match &line.subject {
                Some(subject) if Some(subject.id) != actor => {
                    tr!(did.other_about, who = who, whom = whom, event = event)
                }
                _ => tr!(did.other, who = who, event = event),
            }
        }
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
