//! What a person may be told when something was refused: a code with its data, which the
//! interface turns into a sentence in the reader's language.

use serde::{Deserialize, Serialize};

use crate::{Moment, brand::Colour, connector::Reason, customer::CustomerDetails};

/// A refusal. It never says whether an account exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Name and password do not fit, or the account may not sign in: one answer for all of it.
    SignInFailed,
    /// Too many attempts; the same for names that exist and names that do not.
    Wait {
        /// Seconds until another attempt makes sense.
        seconds: u32,
    },
    /// So many passwords were reset that it looks like an attack.
    Budget {
        /// Seconds until the next reset is possible.
        seconds: u32,
    },
    /// Some fields need another value.
    Fields(Vec<FieldProblem>),
    /// The link has expired, was used or voided, or never was one.
    LinkUnusable,
    /// There is nothing here, or nothing that the asker may see.
    NotFound,
    /// The asker may see it, and may not do that.
    NotAllowed,
    /// Fresh proof of one's own password is needed first.
    StepUp,
    /// It takes a person: no program does that with a key.
    NeedsPerson,
    /// A reset is not possible like this, and why.
    ResetImpossible(crate::reset::Obstacle),
    /// That cannot be done to this member of staff, and why.
    StaffImpossible(crate::staff::StaffObstacle),
    /// This second factor cannot be removed, and why.
    RemovalImpossible(crate::factor::RemovalObstacle),
    /// This address cannot be changed, or that not be agreed to, and why.
    EmailImpossible(crate::email::EmailObstacle),
    /// Nobody can be asked to agree to this, or it not be agreed to, and why.
    ApprovalImpossible(crate::approval::ApprovalObstacle),
    /// This mail cannot be sent again, and why.
    MailImpossible(crate::mail::MailObstacle),
    /// Somebody else changed it meanwhile.
    ChangedMeanwhile(Box<ChangedMeanwhile>),
    /// The customer has a password already, and needs no invitation.
    HasPassword,
    /// Too many wrong codes, or too much time since the password: one signs in anew.
    SignInOver,
    /// A second factor is needed: the last one cannot be removed.
    FactorNeeded,
    /// The passkey signs nobody in: one answer for all that can be wrong with it.
    PasskeyFailed,
    /// The organization is suspended, or one above it. Only for who has proven to be somebody there.
    OrganizationSuspended(Box<crate::organization::WhomToAsk>),
    /// The account signs in at another front door by now. Only for who has proven that it is theirs.
    Moved(Box<crate::organization::Door>),
    /// That cannot be done to this organization, and why.
    OrganizationImpossible(crate::organization::OrganizationObstacle),
}

impl Refusal {
    /// A refusal about one field.
    pub fn field(field: &str, problem: Problem) -> Self {
        Self::Fields(vec![FieldProblem { field: field.to_owned(), problem }])
    }
}

/// What stands in the place of what one has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedMeanwhile {
    /// What is stored now.
    pub details: CustomerDetails,
    /// From which state one goes on: who sends it again has seen it.
    pub stamp: Moment,
}

/// What is wrong with one field of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldProblem {
    /// The form field's name.
    pub field: String,
    /// What is wrong with its value.
    pub problem: Problem,
}

/// What can be wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// Nothing was entered.
    Required,
    /// Longer than `max` characters.
    TooLong {
        /// The longest accepted, in characters.
        max: u32,
    },
    /// Not an email address.
    NotAnEmail,
    /// Not a user name: 3 to 32 lower-case letters, digits, `. _ -`, starting with a letter or digit.
    NotAUserName,
    /// Somebody else has this user name.
    UserNameTaken,
    /// The customer says of a reset by this member of staff that it was not theirs.
    DisputedAgainst,
    /// Links to this customer ask for a PIN that is read out, which takes a call with each.
    AsksForPin,
    /// A file needs a column by which customers are found.
    EmailOrReference,
    /// Only with the customer's permission.
    NeedsConsent,
    /// No mail can be sent to this customer.
    NoMail,
    /// There is an account with this address at this site.
    EmailTaken,
    /// The address that the account has already.
    EmailUnchanged,
    /// Another customer of the organization has this reference.
    ReferenceTaken,
    /// The organization is suspended.
    OrganizationSuspended,
    /// An organization directly below the same one has this name.
    OrganizationNameTaken,
    /// An organization that is the one in question, or below it.
    BelowItself,
    /// Not the word of a front door: 3 to 40 lower-case letters, digits and hyphens.
    NotASlug,
    /// A word that addresses of the product itself may begin with.
    SlugReserved,
    /// Another front door has this word.
    SlugTaken,
    /// Not the name of a host, such as `login.northwind.example`.
    NotAHostName,
    /// A host name of another front door.
    HostTaken,
    /// The host name at which the server itself is found.
    HostIsServer,
    /// A host name that is not of this very machine, where connections are not encrypted.
    HostNotLocal,
    /// More host names than one front door has.
    TooManyHosts {
        /// The most there can be.
        max: u32,
    },
    /// One of the words that are to be blocked is too short or too long.
    WordLength {
        /// Fewest characters.
        min: u32,
        /// Most characters.
        max: u32,
    },
    /// More words than can be blocked.
    TooManyWords {
        /// The most there can be.
        max: u32,
    },
    /// Not a picture of a kind that is taken.
    NotAPicture,
    /// A picture of more pixels than are looked at.
    PictureTooWide {
        /// The most there can be either way.
        max: u32,
    },
    /// A file of a picture that is too large.
    PictureTooLarge,
    /// Not a colour such as `#2a51b4`.
    NotAColour,
    /// A colour in which nothing can be read.
    TooPale {
        /// The nearest one that can be read.
        better: Colour,
    },
    /// Not the address of a page, such as `https://northwind.example/privacy`.
    NotAWebPage,
    /// Braces of a letter's text are not understood.
    LetterSyntax {
        /// The line that they are in, from 1 on.
        line: u32,
    },
    /// There is no such name in this letter.
    LetterName {
        /// The line that it is in, from 1 on.
        line: u32,
    },
    /// HTML in a letter's text.
    LetterHtml,
    /// A link of one's own in a letter.
    LetterLink,
    /// Something of Markdown that letters do not have.
    LetterMarkup,
    /// What the letter is for is missing in its text.
    LetterMissing(crate::letter::Piece),
    /// It is there, but not once and on a line of its own.
    LetterNotAlone(crate::letter::Piece),
    /// Not what the customer is called.
    NameDiffers,
    /// Not how many they are.
    CountDiffers,
    /// Only its owner changes an email address.
    EmailIsTheirs,
    /// Only the customer changes the permission.
    ConsentIsTheirs,
    /// An earlier row of the file has it as well.
    TwiceInFile,
    /// Another field has this column as well.
    ColumnTwice,
    /// Neither yes nor no.
    NotYesOrNo,
    /// More cells than the first line has headings.
    MoreCellsThanHeadings,
    /// Not text in UTF-8.
    NotUtf8,
    /// Not a file of rows and columns.
    NotACsv,
    /// A file without rows.
    NoRows,
    /// A file of too many rows.
    TooManyRows {
        /// Most that are taken.
        max: u32,
    },
    /// A file that is too large.
    FileTooLarge,
    /// No file came.
    NoFile,
    /// The file did not arrive in time, or not as a whole.
    FileIncomplete,
    /// The customer is not there any more.
    CustomerGone,
    /// The customer is suspended.
    CustomerSuspended,
    /// The member of staff is not there any more.
    StaffGone,
    /// The member of staff, or their organization, is suspended.
    StaffSuspended,
    /// The member of staff said that it was not them, and is frozen until somebody looks into it.
    StaffFrozen,
    /// A second person has to agree to links to so many, and none did.
    NeedsApproval,
    /// Characters that cannot be seen, or that end a line.
    UnseenCharacters,
    /// Not one of the choices.
    NotAChoice,
    /// Not a whole number.
    NotANumber,
    /// Less than `min` or more than `max`.
    OutOfBounds {
        /// The least that is allowed.
        min: i64,
        /// The most that is allowed.
        max: i64,
    },
    /// Somebody else has changed it since the page was shown.
    ChangedMeanwhile,
    /// Not the name of a host, nor an address.
    NotAHost,
    /// Not an address such as `https://backup.example:8060/`.
    NotAnAddress,
    /// Not an address such as `ldaps://directory.example`.
    NotADirectory,
    /// Not the name of an attribute of a directory, such as `uid`.
    NotAnAttribute,
    /// Not a name that an account in the downstream system may have.
    NotAServiceName,
    /// A key for a downstream system that is shorter than any of its keys.
    KeyTooShort {
        /// The shortest that there is, in characters.
        min: u32,
    },
    /// As many webhooks as an organization may have.
    TooManyHooks {
        /// The most that there may be.
        max: u32,
    },
    /// As many keys for the API as an organization may have.
    TooManyKeys {
        /// The most that there may be.
        max: u32,
    },
    /// Not a secret that messages are signed with: `whsec_` and 24 to 64 bytes in Base64.
    NotASigningSecret,
    /// Another customer has this account in the downstream system.
    ServiceTaken,
    /// The downstream system does not do it.
    Service(Reason),
    /// An address on a network that the operator has not allowed.
    HostNotAllowed,
    /// Without encryption mail goes to this very machine only.
    PlainToThisMachineOnly,
    /// Not a date such as 2026-12-31.
    NotADate,
    /// A date that is over.
    InThePast,
    /// The PIN is not this one.
    PinWrong,
    /// The code is not this one.
    CodeWrong,
    /// There is no code that could be read back, or none any more.
    CodeOver,
    /// No code that is accepted now: a wrong one, an old one, or one that was used.
    FactorRefused,
    /// No passkey that is accepted here and now.
    PasskeyRefused,
    /// A passkey that seems to have been copied: it is refused for good.
    PasskeyCopied,
    /// The browser took too long to answer, or answered twice.
    PasskeyOver,
    /// The device has a passkey for this account already.
    PasskeyThere,
    /// As many passkeys as an account may have.
    TooManyPasskeys {
        /// The most that are kept.
        max: u32,
    },
    /// Not the code that the authenticator app shows for the new secret.
    SetupCodeWrong,
    /// The code was right, and was used already.
    SetupCodeUsed,
    /// The code of the secret that the new one is to replace.
    SetupCodeOld,
    /// The code is right for another time: the clock of the device is off.
    ClockOff {
        /// By how much the device is ahead, in seconds; behind when negative.
        seconds: i32,
    },
    /// The new secret is not waiting any more.
    SetupOver,
    /// The current password is not this one.
    CurrentPasswordWrong,
    /// The two passwords differ.
    RetypeDiffers,
    /// Fewer than `min` characters.
    PasswordTooShort {
        /// The shortest accepted, in characters.
        min: u32,
        /// How many were typed.
        have: u32,
    },
    /// More than `max` characters.
    PasswordTooLong {
        /// The longest accepted, in characters.
        max: u32,
    },
    /// Among the first that anyone would try, or made of little else.
    PasswordGuessable,
    /// Known from a data breach.
    PasswordBreached,
    /// Little more than the person's own name, user name or email address.
    PasswordIsPersonal,
    /// Little more than the name of the site or the organization.
    PasswordIsOurName,
    /// Little more than words that the organization blocks.
    PasswordIsBlocked,
    /// The password in use, or one that was used not long ago.
    PasswordUsedBefore,
}

impl Problem {
    /// What can be wrong with a file as a whole.
    pub const OF_FILES: [Self; 10] = [
        Self::NotUtf8,
        Self::NotACsv,
        Self::NoRows,
        Self::TooManyRows { max: crate::job::MOST_ROWS },
        Self::FileTooLarge,
        Self::NoFile,
        Self::FileIncomplete,
        Self::NotAPicture,
        Self::PictureTooWide { max: crate::brand::WIDEST_PICTURE },
        Self::PictureTooLarge,
    ];

    /// The word in an address for what is wrong with a file.
    pub fn word_of_file(self) -> Option<&'static str> {
        match self {
            Self::NotUtf8 => Some("encoding"),
            Self::NotACsv => Some("format"),
            Self::NoRows => Some("empty"),
            Self::TooManyRows { .. } => Some("rows"),
            Self::FileTooLarge => Some("size"),
            Self::NoFile => Some("none"),
            Self::FileIncomplete => Some("incomplete"),
            Self::NotAPicture => Some("picture"),
            Self::PictureTooWide { .. } => Some("pixels"),
            Self::PictureTooLarge => Some("bytes"),
            _ => None,
        }
    }

    /// What is wrong with a file, by its word.
    pub fn of_file(word: &str) -> Option<Self> {
        Self::OF_FILES.into_iter().find(|problem| problem.word_of_file() == Some(word))
    }
}

impl std::fmt::Display for Problem {
    /// For logs and for errors of decoding; people read the interface's sentence.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Problem {}
