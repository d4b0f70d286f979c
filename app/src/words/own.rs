//! What the server says itself, where there is no page to say it: in a language that is given, since
//! nothing else of a request may be known.

use model::account::Language;

use crate::i18n::tr_in;

/// What one of the server's own pages says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its title.
    pub title: &'static str,
    /// What happened, and what to do.
    pub sentence: String,
}

macro_rules! pages {
    ($($(#[$doc:meta])* $page:ident = $title:ident, $hint:ident;)*) => {
        $(
            $(#[$doc])*
            pub fn $page(language: Language) -> Said {
                Said { title: tr_in!(language, own.$title), sentence: tr_in!(language, own.$hint).into() }
            }
        )*
    };
}

pages! {
    /// The request cannot be understood.
    malformed = malformed, malformed_hint;
    /// It was made by another site.
    not_from_here = not_from_here, not_from_here_hint;
    /// There is nothing at the address.
    not_found = not_found, not_found_hint;
    /// The body did not arrive in time.
    too_slow = too_slow, too_slow_hint;
    /// The body is too large.
    too_large = too_large, too_large_hint;
    /// The body is no form.
    not_a_form = malformed, not_a_form_hint;
    /// There is no organization yet.
    not_set_up = not_set_up, not_set_up_hint;
    /// Too much is going on.
    busy = busy, busy_hint;
}

/// The server is not known by the name it was asked for.
pub fn wrong_host(language: Language, origin: &str) -> Said {
    let sentence = tr_in!(language, own.wrong_host_hint, origin = origin);
    Said { title: tr_in!(language, own.wrong_host), sentence }
}

/// What stands where a letter would be whose words cannot be used as they are; and what its subject
/// and its text are called.
pub fn not_yet(language: Language) -> (&'static str, (&'static str, &'static str)) {
    let fields = (tr_in!(language, templates.subject), tr_in!(language, templates.text));
    (tr_in!(language, templates.not_yet), fields)
}

/// Something is wrong in the server; the reference finds the cause in the log, if there is one.
pub fn broken(language: Language, reference: &str) -> Said {
    let sentence = if reference.is_empty() {
        tr_in!(language, own.broken_hint).into()
    } else {
        tr_in!(language, own.broken_reference, reference = reference)
    };
    Said { title: tr_in!(language, own.broken), sentence }
}

/// The way to the start page.
pub fn home(language: Language) -> &'static str {
    tr_in!(language, own.home)
}

/// The words of the demo's mailbox.
pub struct Mailbox {
    /// Its title.
    pub title: &'static str,
    /// What it is.
    pub explanation: &'static str,
    /// There is no mail yet.
    pub empty: &'static str,
    /// Looks once more.
    pub again: &'static str,
    /// To the list.
    pub back: &'static str,
    /// To the start page.
    pub leave: &'static str,
    /// Before the address.
    pub to: &'static str,
    /// Above the letter as it looks.
    pub with_markup: &'static str,
    /// Above its text.
    pub without_markup: &'static str,
}

/// The words of the demo's mailbox.
pub fn mailbox(language: Language) -> Mailbox {
    Mailbox {
        title: tr_in!(language, demo_mail.title),
        explanation: tr_in!(language, demo_mail.explanation),
        empty: tr_in!(language, demo_mail.empty),
        again: tr_in!(language, demo_mail.again),
        back: tr_in!(language, demo_mail.back),
        leave: tr_in!(language, own.home),
        to: tr_in!(language, demo_mail.to),
        with_markup: tr_in!(language, demo_mail.with_markup),
        without_markup: tr_in!(language, demo_mail.without_markup),
    }
}
