//! What letters are called, and when they are sent.

use model::letter::Piece;

use crate::i18n::tr;

/// What a mail is about, by the word of its kind.
pub fn mail_kind(kind: &str) -> &'static str {
    match kind {
        "reset_link" | "staff_reset_link" => tr!(mail_kind.reset_link),
        "staff_no_factor" => tr!(mail_kind.staff_no_factor),
        "suspended_no_reset" => tr!(mail_kind.suspended_no_reset),
        "password_changed" => tr!(mail_kind.password_changed),
        "disputed_to_customer" | "staff_frozen" => tr!(mail_kind.frozen),
        "disputed_to_staff" | "staff_disputed" => tr!(mail_kind.disputed),
        "account_locked" => tr!(mail_kind.account_locked),
        "invitation" => tr!(mail_kind.invitation),
        "typed_password" | "generated_password" => tr!(mail_kind.temporary_password),
        "caller_code" => tr!(mail_kind.caller_code),
        "resets_stopped" => tr!(mail_kind.resets_stopped),
        "factor_changed" => tr!(mail_kind.factor_changed),
        "factor_removal_asked" => tr!(mail_kind.factor_removal_asked),
        "email_change_asked" => tr!(mail_kind.email_change_asked),
        "email_confirm" => tr!(mail_kind.email_confirm),
        "email_change_ended" => tr!(mail_kind.email_change_ended),
        "email_changed" => tr!(mail_kind.email_changed),
        "staff_invitation" => tr!(mail_kind.staff_invitation),
        "access_changed" => tr!(mail_kind.access_changed),
        "test" => tr!(mail_kind.test),
        _ => tr!(mail_kind.other),
    }
}

/// A letter, by the word of its kind: what it is called, and when it is sent.
pub fn letter(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "reset_link" => (mail_kind(kind), tr!(letter.reset_link)),
        "staff_reset_link" => (tr!(letter.staff_reset_link_name), tr!(letter.staff_reset_link)),
        "staff_no_factor" => (mail_kind(kind), tr!(letter.staff_no_factor)),
        "suspended_no_reset" => (mail_kind(kind), tr!(letter.suspended_no_reset)),
        "password_changed" => (mail_kind(kind), tr!(letter.password_changed)),
        "disputed_to_customer" => (mail_kind(kind), tr!(letter.disputed_to_customer)),
        "staff_frozen" => (tr!(letter.staff_frozen_name), tr!(letter.staff_frozen)),
        "disputed_to_staff" => (mail_kind(kind), tr!(letter.disputed_to_staff)),
        "staff_disputed" => (tr!(letter.staff_disputed_name), tr!(letter.staff_disputed)),
        "account_locked" => (mail_kind(kind), tr!(letter.account_locked)),
        "invitation" => (mail_kind(kind), tr!(letter.invitation)),
        "typed_password" => (tr!(letter.typed_password_name), tr!(letter.typed_password)),
        "generated_password" => {
            (tr!(letter.generated_password_name), tr!(letter.generated_password))
        }
        "caller_code" => (mail_kind(kind), tr!(letter.caller_code)),
        "resets_stopped" => (mail_kind(kind), tr!(letter.resets_stopped)),
        "factor_changed" => (mail_kind(kind), tr!(letter.factor_changed)),
        "factor_removal_asked" => (mail_kind(kind), tr!(letter.factor_removal_asked)),
        "email_change_asked" => (mail_kind(kind), tr!(letter.email_change_asked)),
        "email_confirm" => (mail_kind(kind), tr!(letter.email_confirm)),
        "email_change_ended" => (mail_kind(kind), tr!(letter.email_change_ended)),
        "email_changed" => (mail_kind(kind), tr!(letter.email_changed)),
        "staff_invitation" => (mail_kind(kind), tr!(letter.staff_invitation)),
        "access_changed" => (mail_kind(kind), tr!(letter.access_changed)),
        "test" => (mail_kind(kind), tr!(letter.test)),
        _ => (mail_kind(kind), ""),
    }
}

/// Whether only staff get such a letter.
pub fn is_for_staff(kind: &str) -> bool {
    matches!(
        kind,
        "staff_no_factor"
            | "staff_frozen"
            | "disputed_to_staff"
            | "staff_disputed"
            | "resets_stopped"
            | "staff_invitation"
            | "access_changed"
            | "test"
    )
}

/// What stands for a piece of a letter.
pub fn piece(piece: Piece) -> &'static str {
    match piece {
        Piece::Link => tr!(templates.piece_link),
        Piece::Password => tr!(templates.piece_password),
        Piece::Code => tr!(templates.piece_code),
        Piece::WordPair => tr!(templates.piece_words),
    }
}
