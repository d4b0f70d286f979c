//! What Rekey writes to people.

use std::net::IpAddr;

use anyhow::Context;
use model::{
    Moment,
    account::{Device, Role},
    brand::Colour,
    call::CallAction,
    organization::WhomToAsk,
    text::Name,
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::secrets::Secret;

macro_rules! letters {
    ($($(#[$doc:meta])* $kind:ident = $word:literal { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        /// A letter with all that its words need.
        ///
        /// Every kind has a folder `portal/emails/{kind}/{language}` with its words, in which blocks mark
        /// what stays Rekey's where an organization writes its own (`mail/own.rs`). A field that
        /// is added later needs `#[serde(default)]`: letters of the version before may still wait
        /// in the outbox.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", content = "data", rename_all = "snake_case", deny_unknown_fields)]
        pub enum Letter {
            $($(#[$doc])* $kind { $($(#[$field_doc])* $field: $type,)* },)*
        }

        /// What a letter is about; its name in the outbox and of its folder of words.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
        #[sqlx(type_name = "TEXT", rename_all = "snake_case")]
        #[serde(rename_all = "snake_case")]
        pub enum LetterKind {
            $($(#[$doc])* $kind,)*
        }

        impl LetterKind {
            /// Every kind.
            pub const ALL: [Self; [$($word),*].len()] = [$(Self::$kind),*];

            /// The word it is stored as.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $word,)* }
            }

            /// The kind that is stored as a word.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|kind| kind.as_str() == word)
            }
        }

        impl Letter {
            /// What it is about.
            pub fn kind(&self) -> LetterKind {
                match self { $(Self::$kind { .. } => LetterKind::$kind,)* }
            }
        }

        /// The words of every letter, as compiled in: name below `emails/`, and text.
        pub(super) const WORDS: &[(&str, &str)] = &[
            $(
                words!($word, "en", "subject.txt"),
                words!($word, "en", "text.txt"),
                words!($word, "en", "body.html"),
                words!($word, "de", "subject.txt"),
                words!($word, "de", "text.txt"),
                words!($word, "de", "body.html"),
                words!($word, "fr", "subject.txt"),
                words!($word, "fr", "text.txt"),
                words!($word, "fr", "body.html"),
                words!($word, "es", "subject.txt"),
                words!($word, "es", "text.txt"),
                words!($word, "es", "body.html"),
            )*
        ];
    };
}

macro_rules! words {
    ($kind:literal, $language:literal, $part:literal) => {
        (
            concat!($kind, "/", $language, "/", $part),
            include_str!(concat!("../../emails/", $kind, "/", $language, "/", $part)),
        )
    };
}

letters! {
    /// The link to a new password, for somebody who asked at the forgotten-password page.
    ResetLink = "reset_link" {
        /// What the reader is called.
        name: Name,
        /// Who asked: when, from where.
        asked: Occasion,
        /// The link.
        link: MailedLink,
        /// Minutes for which it works.
        minutes: u32,
    }
    /// The link to a new password that staff sent.
    StaffResetLink = "staff_reset_link" {
        /// What the reader is called.
        name: Name,
        /// The organization that looks after the reader.
        organization: Name,
        /// When it was sent.
        at: Moment,
        /// The link.
        link: MailedLink,
        /// Minutes for which it works.
        minutes: u32,
        /// Whether it also asks for a PIN, which staff read out.
        #[serde(default)]
        pin: bool,
    }
    /// The link to a first password, for a customer whom staff created.
    Invitation = "invitation" {
        /// What the reader is called.
        name: Name,
        /// The reader's company, when the account is for one.
        company: Option<String>,
        /// The organization that looks after the reader.
        organization: Name,
        /// The member of staff who invites.
        by: Name,
        /// When it was sent.
        at: Moment,
        /// Whether that organization may set the reader's password.
        allows_resets: bool,
        /// The link.
        link: MailedLink,
        /// Days for which it works.
        days: u32,
    }
    /// Why staff without a second factor get no link, and who sets them free.
    StaffNoFactor = "staff_no_factor" {
        /// What the reader is called.
        name: Name,
        /// Who asked: when, from where.
        asked: Occasion,
    }
    /// Why a suspended account gets no link, and whom to ask.
    SuspendedNoReset = "suspended_no_reset" {
        /// What the reader is called.
        name: Name,
        /// Who asked: when, from where.
        asked: Occasion,
        /// Whom to ask when it is not the account but its organization, or one above it.
        #[serde(default)]
        whom: Option<WhomToAsk>,
    }
    /// The notice after any change of a password.
    PasswordChanged = "password_changed" {
        /// What the reader is called.
        name: Name,
        /// Who changed it: when, from where.
        changed: Occasion,
        /// In which way.
        how: ChangedHow,
        /// Leads to "this wasn't me".
        dispute_link: MailedLink,
    }
    /// The notice that staff typed a new password.
    TypedPassword = "typed_password" {
        /// Whether it is the first one of a new account.
        first: bool,
        /// What the reader is called.
        name: Name,
        /// The organization that looks after the reader.
        organization: Name,
        /// When it was set.
        at: Moment,
        /// Until when the password works.
        until: Moment,
        /// Where to sign in; holds no secret.
        login_link: MailedLink,
        /// Leads to "this wasn't me".
        dispute_link: MailedLink,
    }
    /// A new password that staff had generated.
    GeneratedPassword = "generated_password" {
        /// Whether it is the first one of a new account.
        first: bool,
        /// What the reader is called.
        name: Name,
        /// The organization that looks after the reader.
        organization: Name,
        /// When it was set.
        at: Moment,
        /// The password.
        password: MailedPassword,
        /// Until when the password works.
        until: Moment,
        /// Where to sign in; holds no secret.
        login_link: MailedLink,
        /// Leads to "this wasn't me".
        dispute_link: MailedLink,
    }
    /// A code to read back to somebody on the phone.
    CallerCode = "caller_code" {
        /// What the reader is called.
        name: Name,
        /// Who is on the phone.
        operator: Name,
        /// What they can do with the code.
        #[serde(default = "set_password")]
        action: CallAction,
        /// The organization that looks after the reader.
        organization: Name,
        /// The code.
        code: MailedPassword,
        /// Words that the caller knows, too.
        word_pair: String,
        /// Minutes for which the code works.
        minutes: u32,
    }
    /// Tells owners that one of their staff was stopped.
    ResetsStopped = "resets_stopped" {
        /// What the reader is called.
        owner_name: Name,
        /// Who was stopped.
        staff_name: Name,
        /// The organization.
        organization: Name,
        /// The last try: when, from where.
        stopped: Occasion,
    }
    /// The answer to "this wasn't me": the account is frozen, and how to come back.
    DisputedToCustomer = "disputed_to_customer" {
        /// What the reader is called.
        name: Name,
        /// Who said so: when, from where.
        disputed: Occasion,
        /// The forgotten-password page; holds no secret.
        forgot_link: MailedLink,
    }
    /// Tells staff that a customer said "this wasn't me".
    DisputedToStaff = "disputed_to_staff" {
        /// What the reader is called.
        staff_name: Name,
        /// What the customer is called.
        customer_name: Name,
        /// The customer's address, masked.
        customer_email: String,
        /// The organization that looks after the customer.
        organization: Name,
        /// Who said so: when, from where.
        disputed: Occasion,
    }
    /// The answer to "this wasn't me" of staff: the account is frozen, and who sets it free.
    StaffFrozen = "staff_frozen" {
        /// What the reader is called.
        name: Name,
        /// Who said so: when, from where.
        disputed: Occasion,
    }
    /// Tells owners that one of their staff said "this wasn't me".
    StaffDisputed = "staff_disputed" {
        /// What the reader is called.
        owner_name: Name,
        /// What the member of staff is called.
        staff_name: Name,
        /// Their address, masked.
        staff_email: String,
        /// The organization they work for.
        organization: Name,
        /// Who said so: when, from where.
        disputed: Occasion,
    }
    /// Too many wrong passwords locked the account for a while.
    AccountLocked = "account_locked" {
        /// What the reader is called.
        name: Name,
        /// The last wrong password: when, from where.
        locked: Occasion,
        /// Minutes after which the lock opens by itself.
        minutes: u32,
        /// Whether it does not: only a new password opens it.
        for_good: bool,
        /// The forgotten-password page; holds no secret.
        forgot_link: MailedLink,
    }
    /// The link by which somebody who is to work for an organization chooses a first password.
    StaffInvitation = "staff_invitation" {
        /// What the reader is called.
        name: Name,
        /// For whom they are to work.
        organization: Name,
        /// Who invited them.
        inviter: Name,
        /// When.
        at: Moment,
        /// The link.
        link: MailedLink,
        /// Minutes for which it works.
        minutes: u32,
    }
    /// Tells a member of staff what a superior changed about their access.
    AccessChanged = "access_changed" {
        /// What the reader is called.
        name: Name,
        /// For whom they work.
        organization: Name,
        /// Who changed it.
        by: Name,
        /// When.
        at: Moment,
        /// What it is now.
        change: AccessChange,
    }
    /// Tells somebody that a second factor of theirs was changed or used up.
    FactorChanged = "factor_changed" {
        /// What the reader is called.
        name: Name,
        /// Who changed it: when, from where.
        changed: Occasion,
        /// What happened.
        change: FactorChange,
        /// Recovery codes that can still be used.
        codes_left: u32,
        /// Leads to "this wasn't me".
        dispute_link: MailedLink,
    }
    /// Tells somebody that staff are about to remove their second factor, and how they keep it.
    FactorRemovalAsked = "factor_removal_asked" {
        /// What the reader is called.
        name: Name,
        /// Who asked for it.
        by: Name,
        /// For which organization they work.
        organization: Name,
        /// When they asked.
        at: Moment,
        /// When it takes effect.
        until: Moment,
        /// Leads to keeping the factor.
        link: MailedLink,
    }
    /// Tells somebody that their address is about to change, and how they keep it.
    EmailChangeAsked = "email_change_asked" {
        /// What the reader is called.
        name: Name,
        /// Who asked for it, if it was staff.
        by: Option<Name>,
        /// For which organization they work.
        organization: Option<Name>,
        /// When, and from where.
        asked: Occasion,
        /// The new address, masked.
        new_email: String,
        /// Whether a second member of staff has to agree first.
        second: bool,
        /// When it takes effect; until when a second one can agree.
        until: Moment,
        /// Leads to keeping the address.
        link: MailedLink,
    }
    /// Asks whoever reads a new address to confirm it, or tells them that somebody tried to use it. It
    /// says nothing of the account: the reader may be a stranger.
    EmailConfirm = "email_confirm" {
        /// When it was asked for.
        at: Moment,
        /// When it takes effect.
        until: Moment,
        /// Whether an account of the site has the address: there is nothing to confirm then.
        taken: bool,
        /// Leads to confirming it.
        link: MailedLink,
    }
    /// Tells somebody that their address stays.
    EmailChangeEnded = "email_change_ended" {
        /// What the reader is called.
        name: Name,
        /// The new address that it would have been, masked.
        new_email: String,
        /// Why.
        why: EmailEnd,
        /// When that ended, and from where.
        ended: Occasion,
    }
    /// Tells both addresses of an account that the new one took the place of the old one.
    EmailChanged = "email_changed" {
        /// What the reader is called.
        name: Name,
        /// Whether this is the new one.
        here: bool,
        /// The old one, masked.
        old_email: String,
        /// The new one, masked.
        new_email: String,
        /// When.
        at: Moment,
        /// Leads to "this wasn't me".
        dispute_link: MailedLink,
    }
    /// Shows that mail works.
    Test = "test" {}
}

impl LetterKind {
    /// Whether it brings what lets somebody in, or is a step to it, and not only word of something:
    /// nobody is let in whose organization is suspended.
    pub(crate) fn lets_in(self) -> bool {
        matches!(
            self,
            Self::ResetLink
                | Self::StaffResetLink
                | Self::Invitation
                | Self::StaffInvitation
                | Self::GeneratedPassword
                | Self::CallerCode
                | Self::EmailConfirm
        )
    }
}

/// What a code was for before there was anything else.
fn set_password() -> CallAction {
    CallAction::SetPassword
}

impl Letter {
    /// What the outbox keeps: the kind in clear, the data to be sealed.
    pub fn into_parts(self) -> anyhow::Result<(LetterKind, serde_json::Value)> {
        let mut letter = serde_json::to_value(&self).context("a letter's data")?;
        let data = letter.get_mut("data").map(serde_json::Value::take).unwrap_or_default();
        Ok((self.kind(), data))
    }

    /// A letter from what the outbox kept.
    pub fn from_parts(kind: LetterKind, data: &serde_json::Value) -> anyhow::Result<Self> {
        serde_json::from_value(serde_json::json!({ "kind": kind, "data": data }))
            // The cause may quote a value, and values may be secret.
            .map_err(|_| anyhow::anyhow!("the data of a {} letter do not fit", kind.as_str()))
    }
}

/// When something happened and from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Occasion {
    /// When.
    pub at: Moment,
    /// The network address it came from; `None` when it did not come over the network.
    #[serde(default)]
    pub address: Option<IpAddr>,
    /// Browser and system, as far as the browser told.
    #[serde(default)]
    pub device: Device,
}

/// What a superior changed about the access of a member of staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", content = "role", rename_all = "snake_case")]
pub enum AccessChange {
    /// They may do something else from now on.
    Role(Role),
    /// They cannot sign in.
    Suspended,
    /// They can sign in again.
    Resumed,
}

/// What happened to a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorChange {
    /// An authenticator app is the first one.
    Added,
    /// An authenticator app was added beside passkeys.
    AppAdded,
    /// Another app took the place of the one before.
    Replaced,
    /// The app was removed; passkeys are left.
    AppRemoved,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed; there are other factors.
    PasskeyRemoved,
    /// A passkey is refused from now on, since there seem to be two of it.
    PasskeyCopied,
    /// There is none any more.
    Removed,
    /// New recovery codes took the place of those before.
    CodesMade,
    /// A recovery code was used up.
    CodeUsed,
    /// Staff removed it, since it was said to be lost.
    RemovedByStaff,
    /// Staff were about to remove it, and that was stopped.
    Kept,
}

/// Why a change of an address ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailEnd {
    /// The owner keeps the address.
    Kept,
    /// Staff stopped it.
    ByStaff,
    /// Nobody confirmed the new one in time.
    NotConfirmed,
    /// No second member of staff agreed in time.
    NotApproved,
    /// What entitled to it does not hold any more.
    Withdrawn,
    /// The new one cannot be used here.
    Unusable,
}

/// In which way a password was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangedHow {
    /// With a mailed link.
    Link,
    /// Signed in, with the current password.
    SignedIn,
    /// By those who run the server, at its command line.
    CommandLine,
    /// By staff who look after the account.
    Staff,
}

/// A link that may carry a token: `Debug` hides it, memory forgets it. It is serialized in clear,
/// to be sealed as a part of a letter's data.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MailedLink(String);

impl MailedLink {
    /// Takes the URL over.
    pub fn new(url: String) -> Self {
        Self(url)
    }
}

impl std::fmt::Debug for MailedLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailedLink(…)")
    }
}

/// A password on its way to its owner: `Debug` hides it, memory forgets it. It is serialized in
/// clear, to be sealed as a part of what is stored.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MailedPassword(String);

impl MailedPassword {
    /// A copy of a password that is to be mailed.
    pub fn of(password: &Secret) -> Self {
        Self(password.reveal().to_owned())
    }
}

impl std::fmt::Debug for MailedPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailedPassword(…)")
    }
}

/// Whose letter it looks like: the site's brand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    /// The brand's name.
    pub name: String,
    /// Where people who need help write to. Anything but a mailbox counts as none.
    pub support_email: Option<String>,
    /// The accent colour.
    pub primary: Colour,
    /// The logo, an `https` URL; anything else, and the brand's initial takes its place.
    pub logo_url: Option<String>,
}
