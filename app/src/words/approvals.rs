//! What a second person is asked to agree to, why, and what became of it.

use model::{
    approval::{ApprovalAction, ApprovalDeed, ApprovalObstacle, ApprovalState, Flagged},
    text::Name,
};

use super::{date, number, removal_obstacle};
use crate::i18n::tr;

/// What a second person is asked to agree to, about somebody or about many.
pub fn approval_action(action: ApprovalAction, whom: Option<&Name>) -> String {
    let name = somebody(whom.cloned());
    match action {
        ApprovalAction::RemoveFactor => tr!(approval.remove_factor, name = name),
        ApprovalAction::TypePassword => tr!(approval.type_password, name = name),
        ApprovalAction::GeneratePassword => tr!(approval.generate_password, name = name),
        ApprovalAction::SendLinks => tr!(approval.send_links).into(),
        ApprovalAction::StopPasswords => tr!(approval.stop_passwords).into(),
        ApprovalAction::StopStaffPasswords => tr!(approval.stop_staff).into(),
    }
}

/// Somebody by name, where that is still known.
pub fn somebody(name: Option<Name>) -> String {
    name.map_or_else(|| tr!(approval.somebody).to_owned(), |name| name.to_string())
}

/// Why something waits for a second person.
pub fn flagged(flagged: Flagged) -> String {
    match flagged {
        Flagged::StaffFactor => tr!(approval.flag_staff).into(),
        Flagged::ContactChanged(at) => format!("{} {}", tr!(approval.flag_contact), date(at)),
        Flagged::StaffPasswords => tr!(approval.flag_staff_passwords).into(),
        Flagged::Many { up_to } => tr!(approval.flag_many, count = number(up_to)),
    }
}

/// Where it stands, and whether that is good.
pub fn approval_state(state: ApprovalState) -> (&'static str, bool) {
    match state {
        ApprovalState::Asked => (tr!(approval.is_asked), false),
        ApprovalState::Approved => (tr!(approval.is_approved), true),
        ApprovalState::Refused => (tr!(approval.is_refused), false),
        ApprovalState::Used => (tr!(approval.is_used), true),
        ApprovalState::Withdrawn => (tr!(approval.is_withdrawn), false),
        ApprovalState::Expired => (tr!(approval.is_expired), false),
    }
}

/// What was done about it.
pub fn approval_deed(deed: ApprovalDeed) -> &'static str {
    match deed {
        ApprovalDeed::Asked => tr!(approval.done_asked),
        ApprovalDeed::Agreed => tr!(approval.done_agreed),
        ApprovalDeed::Refused => tr!(approval.done_refused),
        ApprovalDeed::Withdrawn => tr!(approval.done_withdrawn),
    }
}

/// Why nobody can be asked, or somebody not decide.
pub fn approval_obstacle(obstacle: ApprovalObstacle) -> &'static str {
    match obstacle {
        ApprovalObstacle::NotNeeded => tr!(approval.not_needed),
        ApprovalObstacle::NobodyElse => tr!(approval.nobody),
        ApprovalObstacle::NotOpen => tr!(approval.not_open),
        ApprovalObstacle::OwnAsk => tr!(approval.own_ask),
        ApprovalObstacle::Yourself => tr!(approval.yourself),
        ApprovalObstacle::NotPermitted => tr!(approval.not_permitted),
        ApprovalObstacle::BelowAsker => tr!(approval.below_asker),
        ApprovalObstacle::AskerGone => tr!(approval.asker_gone),
        ApprovalObstacle::Factor(why) => removal_obstacle(why),
        ApprovalObstacle::Password(why) => super::obstacle(why),
    }
}
