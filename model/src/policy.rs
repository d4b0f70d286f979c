//! An organization's rules, and the one table of what holds when nobody chose otherwise.
//!
//! Each rule has a *value* (strict by default) and a *ceiling* for those below (open at the root):
//! a child may choose anything up to its parent's ceiling. Every value is a number, so that one
//! strictness order serves them all.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Longest password, in characters.
pub const LONGEST_PASSWORD: u32 = 256;
/// Longest password before anything looks at it, in bytes.
pub const LONGEST_PASSWORD_BYTES: usize = 1_024;
/// Most words that an organization blocks.
pub const MOST_BLOCKED_WORDS: u32 = 200;
/// Shortest word that can be blocked, in characters: shorter ones stand in words of all kinds.
pub const SHORTEST_BLOCKED_WORD: u32 = 4;
/// Longest word that can be blocked, in characters.
pub const LONGEST_BLOCKED_WORD: u32 = 60;
/// Failures before sign-in slows down.
pub const FAILURES_BEFORE_DELAY: u32 = 5;
/// How long each further attempt has to wait, in seconds; the last one repeats.
pub const DELAYS: [u32; 4] = [1, 3, 5, 10];
/// Consecutive failures after which only a reset opens the account (NIST SP 800-63B-4, 3.2.2).
pub const FAILURES_FOR_GOOD: u32 = 100;
/// Mails from `/forgot` to one account within [`FORGOT_WINDOW`].
pub const FORGOT_PER_ACCOUNT: u32 = 3;
/// Requests to `/forgot` from one address prefix within [`FORGOT_WINDOW`].
pub const FORGOT_PER_PREFIX: u32 = 20;
/// Requests to `/forgot` at one site within [`FORGOT_WINDOW`].
pub const FORGOT_PER_SITE: u32 = 600;
/// The span of the limits on `/forgot`.
pub const FORGOT_WINDOW: Duration = Duration::from_hours(1);
/// Open links one account may have from `/forgot`.
pub const OPEN_FORGOT_LINKS: i64 = 3;
/// How long after a link another one may be asked for at `/forgot`.
pub const FORGOT_AGAIN_AFTER: Duration = Duration::from_mins(2);
/// How long the form of a link may be sent again and is answered as the first time.
pub const SENT_AGAIN_WITHIN: Duration = Duration::from_mins(1);
/// How often within [`SENT_AGAIN_WITHIN`].
pub const SENT_AGAIN: u32 = 3;
/// Sign-in attempts from one address prefix within [`SIGN_IN_WINDOW`].
pub const SIGN_INS_PER_PREFIX: u32 = 60;
/// The span of the limit on sign-ins.
pub const SIGN_IN_WINDOW: Duration = Duration::from_mins(5);
/// How long a "this wasn't me" link works.
pub const DISPUTE_LINK_LIFE: Duration = Duration::from_hours(7 * 24);
/// How long an invitation works: somebody who does not wait for it must find it after a week away.
/// It opens an account that nobody has used yet, and sending another one ends it.
pub const INVITATION_LIFE: Duration = Duration::from_hours(7 * 24);
/// How long a browser that signed in counts as known.
pub const KNOWN_DEVICE_LIFE: Duration = Duration::from_hours(365 * 24);
/// How long a session that is kept lasts.
pub const KEPT_SESSION_LIFE: Duration = Duration::from_hours(14 * 24);
/// How long a fresh proof of one's own password counts.
pub const STEP_UP_LIFE: Duration = Duration::from_mins(10);
/// Resets by one member of staff within [`RESET_BURST_WINDOW`].
pub const RESET_BURST: u32 = 10;
/// The span of [`RESET_BURST`].
pub const RESET_BURST_WINDOW: Duration = Duration::from_mins(5);
/// Checks of files by the staff of one organization within [`IMPORT_CHECK_WINDOW`].
pub const IMPORT_CHECKS: u32 = 20;
/// The span of [`IMPORT_CHECKS`].
pub const IMPORT_CHECK_WINDOW: Duration = Duration::from_hours(1);
/// Mails to staff by one person's doing (invitations, links to a new password) within
/// [`STAFF_MAIL_WINDOW`].
pub const STAFF_MAILS: u32 = 30;
/// The span of [`STAFF_MAILS`].
pub const STAFF_MAIL_WINDOW: Duration = Duration::from_hours(1);
/// Test mails of one organization within [`TEST_MAIL_WINDOW`].
pub const TEST_MAILS: u32 = 10;
/// The span of [`TEST_MAILS`].
pub const TEST_MAIL_WINDOW: Duration = Duration::from_hours(1);
/// Keys for signed mail that are made for one organization within [`DKIM_WINDOW`].
pub const DKIM_KEYS: u32 = 10;
/// The span of [`DKIM_KEYS`].
pub const DKIM_WINDOW: Duration = Duration::from_hours(1);
/// Test messages to the webhooks of one organization, and messages sent again to them, each within
/// [`TEST_EVENT_WINDOW`].
pub const TEST_EVENTS: u32 = 60;
/// The span of [`TEST_EVENTS`].
pub const TEST_EVENT_WINDOW: Duration = Duration::from_hours(1);
/// Requests of one key for the API within [`API_WINDOW`].
pub const API_REQUESTS: u32 = 600;
/// The span of [`API_REQUESTS`].
pub const API_WINDOW: Duration = Duration::from_mins(1);
/// Requests to the API without a key that works, of one address prefix within
/// [`API_ATTEMPT_WINDOW`].
pub const API_ATTEMPTS: u32 = 60;
/// The span of [`API_ATTEMPTS`].
pub const API_ATTEMPT_WINDOW: Duration = Duration::from_mins(5);
/// The span of the budgets for resets within an hour.
pub const RESET_WINDOW: Duration = Duration::from_hours(1);
/// The span of the budgets for resets within a day.
pub const RESET_DAY: Duration = Duration::from_hours(24);
/// How long somebody with a temporary password has to choose another one after signing in.
pub const FORCED_CHANGE_LIFE: Duration = Duration::from_mins(15);
/// How long a generated password may be on its way in the mail, sealed; then it is wiped.
pub const GENERATED_MAIL_LIFE: Duration = Duration::from_hours(1);
/// How long the code works that a caller reads back.
pub const CALLER_CODE_LIFE: Duration = Duration::from_mins(10);
/// Digits of that code.
pub const CALLER_CODE_DIGITS: u32 = 6;
/// Wrong codes that end it.
pub const CALLER_CODE_FAILURES: i32 = 5;
/// Codes for the callers of one customer within [`CALLER_WINDOW`].
pub const CALLER_CHECKS_PER_ACCOUNT: u32 = 6;
/// The span of that limit.
pub const CALLER_WINDOW: Duration = Duration::from_hours(1);
/// How long a verified caller may be acted for.
pub const RECEIPT_LIFE: Duration = Duration::from_mins(10);
/// How often owners hear of the same operator's burst of resets.
pub const BURST_TOLD: Duration = Duration::from_hours(1);
/// Digits of the PIN that goes with a link in split delivery.
pub const PIN_DIGITS: u32 = 6;
/// Wrong PINs that make a link worthless.
pub const PIN_FAILURES: i32 = 5;
/// How long somebody has to give a second factor after the password.
pub const HALF_SESSION_LIFE: Duration = Duration::from_mins(5);
/// Wrong codes that end such a sign-in.
pub const HALF_SESSION_FAILURES: i32 = 5;
/// How long a new secret waits for its first code.
pub const FACTOR_SETUP_LIFE: Duration = Duration::from_mins(30);
/// How long a browser may take to answer what it was asked about a passkey.
pub const PASSKEY_QUESTION_LIFE: Duration = Duration::from_mins(10);
/// Most passkeys of an account.
pub const MOST_PASSKEYS: u32 = 20;
/// Recovery codes of an account.
pub const RECOVERY_CODES: usize = 10;
/// Fewer of them than this are few.
pub const FEW_RECOVERY_CODES: u32 = 3;
/// Removals of lost second factors that one member of staff asks for within
/// [`FACTOR_REMOVAL_WINDOW`].
pub const FACTOR_REMOVALS: u32 = 10;
/// The span of [`FACTOR_REMOVALS`].
pub const FACTOR_REMOVAL_WINDOW: Duration = Duration::from_hours(1);
/// Longest time for which the policy lets a removal wait.
pub const LONGEST_COOLING_OFF: Duration = Duration::from_hours(7 * 24);
/// How long a new email address is held, from the moment on which its change was asked for or agreed
/// to.
pub const EMAIL_HOLD: Duration = Duration::from_hours(72);
/// How long a change that nobody verified a caller for waits for a second member of staff.
pub const EMAIL_APPROVAL: Duration = Duration::from_hours(72);
/// Changes of one account's address that are asked for within [`EMAIL_CHANGE_WINDOW`]: each may mail
/// a stranger.
pub const EMAIL_CHANGES: u32 = 3;
/// The span of [`EMAIL_CHANGES`].
pub const EMAIL_CHANGE_WINDOW: Duration = Duration::from_hours(24);
/// Changes that one member of staff asks for within [`EMAIL_ASK_WINDOW`].
pub const EMAIL_ASKS: u32 = 10;
/// The span of [`EMAIL_ASKS`].
pub const EMAIL_ASK_WINDOW: Duration = Duration::from_hours(1);
/// How long somebody else can be waited for who agrees to what nobody does alone.
pub const APPROVAL_WAIT: Duration = Duration::from_hours(24);
/// How long whoever asked can then go on.
pub const APPROVAL_LIFE: Duration = Duration::from_mins(30);
/// How long after a change of a customer's email address or user name a password that staff set is
/// something that nobody does alone, where the policy says so.
pub const CONTACT_WATCH: Duration = Duration::from_hours(7 * 24);
/// What one member of staff asks others to agree to within [`APPROVAL_ASK_WINDOW`].
pub const APPROVAL_ASKS: u32 = 20;
/// The span of [`APPROVAL_ASKS`].
pub const APPROVAL_ASK_WINDOW: Duration = Duration::from_hours(1);
/// How long a password waits sealed for downstream systems. What is over is wiped once a minute, so
/// that none is there after 15 minutes.
pub const SEAL_LIFE: Duration = Duration::from_mins(14);

/// A rule that an organization may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Fewest characters of a password that is the only factor.
    PasswordLengthAlone,
    /// Fewest characters of a password beside a second factor.
    PasswordLengthWithFactor,
    /// How many earlier passwords are refused.
    PasswordHistory,
    /// Failures before the account locks.
    FailuresBeforeLock,
    /// Minutes until such a lock opens by itself.
    LockMinutes,
    /// Minutes a mailed link works.
    LinkMinutes,
    /// Minutes a staff session may rest.
    StaffIdleMinutes,
    /// Minutes a staff session lasts.
    StaffSessionMinutes,
    /// Minutes a customer session may rest.
    CustomerIdleMinutes,
    /// Minutes a customer session lasts.
    CustomerSessionMinutes,
    /// Resets by one member of staff within an hour.
    ResetsPerOperator,
    /// Resets of one organization's customers within an hour.
    ResetsPerOrganization,
    /// Resets by one member of staff within a day.
    ResetsPerOperatorDay,
    /// Resets of one organization's customers within a day.
    ResetsPerOrganizationDay,
    /// Whether staff may type a customer's new password.
    AllowManualEntry,
    /// Whether staff may have a password generated and mailed to the customer.
    AllowGenerated,
    /// Whether agents may do either.
    AgentsSetPasswords,
    /// Hours a typed or generated password works.
    TemporaryHours,
    /// Whether a link that staff mail also asks for a PIN that they read out.
    SplitDelivery,
    /// Whether callers are verified: not, if one wants to, or always before a password is set.
    CallerVerification,
    /// Days for which a customer's device may be spared the second factor.
    CustomerRememberDays,
    /// Days for which a device of staff may be.
    StaffRememberDays,
    /// From which day on customers need a second factor.
    CustomerFactorFrom,
    /// From which day on staff need one.
    StaffFactorFrom,
    /// Hours for which the removal of a customer's lost second factor waits.
    CustomerCoolingOffHours,
    /// Hours for which that of a member of staff waits.
    StaffCoolingOffHours,
    /// Whether a password that customers choose also goes to their accounts in downstream systems.
    KeepInStep,
    /// Whether a second person has to agree to resets that are often how accounts are stolen.
    SecondApprover,
    /// To how many customers one person sends links within a day, where a second one agrees to more.
    SecondApproverFrom,
}

/// A rule that begins on a day, and never does.
pub const NEVER: i64 = 99_991_231;
/// A rule that begins on a day, and holds already.
pub const AT_ONCE: i64 = 0;

/// The number under which a rule keeps a day, given as `2027-01-31`: its digits. `None` for what is
/// no day.
pub fn day_number(text: &str) -> Option<i64> {
    crate::Moment::begin_of_day(text)?;
    text.replace('-', "").parse().ok().filter(|number| *number < NEVER)
}

/// A day that a rule keeps, as it is typed; `None` for one that is no day.
pub fn day_text(number: i64) -> Option<String> {
    let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
    let text = format!("{year:04}-{month:02}-{day:02}");
    day_number(&text).map(|_| text)
}

/// Which of two values of a rule is stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stricter {
    /// The greater one.
    Greater,
    /// The smaller one.
    Smaller,
}

/// What a rule's value is, and how it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// A number of something.
    Number(Unit),
    /// 0 is no, 1 is yes.
    Switch,
    /// A day on which it begins, as its digits: 20270131. [`AT_ONCE`] and [`NEVER`] are days, too.
    Day,
    /// One of a few: each number between the bounds is a choice with a name of its own.
    Choice,
}

/// What a rule counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Characters of a password.
    Characters,
    /// Passwords.
    Passwords,
    /// Attempts in a row.
    Attempts,
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
    /// Days.
    Days,
    /// Resets within an hour.
    ResetsAnHour,
    /// Resets within a day.
    ResetsADay,
    /// Customers.
    Customers,
}

/// What holds for a rule when nobody chose otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleFacts {
    /// The value when none is set.
    pub value: i64,
    /// The least strict value anyone may choose.
    pub loosest: i64,
    /// The strictest value anyone may choose.
    pub strictest: i64,
    /// The direction.
    pub stricter: Stricter,
    /// What its value is.
    pub kind: RuleKind,
    /// What it means, for the documentation.
    pub meaning: &'static str,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 29] = [
        Self::PasswordLengthAlone,
        Self::PasswordLengthWithFactor,
        Self::PasswordHistory,
        Self::FailuresBeforeLock,
        Self::LockMinutes,
        Self::LinkMinutes,
        Self::StaffIdleMinutes,
        Self::StaffSessionMinutes,
        Self::CustomerIdleMinutes,
        Self::CustomerSessionMinutes,
        Self::ResetsPerOperator,
        Self::ResetsPerOrganization,
        Self::ResetsPerOperatorDay,
        Self::ResetsPerOrganizationDay,
        Self::AllowManualEntry,
        Self::AllowGenerated,
        Self::AgentsSetPasswords,
        Self::TemporaryHours,
        Self::SplitDelivery,
        Self::CallerVerification,
        Self::CustomerRememberDays,
        Self::StaffRememberDays,
        Self::CustomerFactorFrom,
        Self::StaffFactorFrom,
        Self::CustomerCoolingOffHours,
        Self::StaffCoolingOffHours,
        Self::KeepInStep,
        Self::SecondApprover,
        Self::SecondApproverFrom,
    ];

    /// The word it is stored under.
    pub fn word(self) -> &'static str {
        match self {
            Self::PasswordLengthAlone => "password_length_alone",
            Self::PasswordLengthWithFactor => "password_length_with_factor",
            Self::PasswordHistory => "password_history",
            Self::FailuresBeforeLock => "failures_before_lock",
            Self::LockMinutes => "lock_minutes",
            Self::LinkMinutes => "link_minutes",
            Self::StaffIdleMinutes => "staff_idle_minutes",
            Self::StaffSessionMinutes => "staff_session_minutes",
            Self::CustomerIdleMinutes => "customer_idle_minutes",
            Self::CustomerSessionMinutes => "customer_session_minutes",
            Self::ResetsPerOperator => "resets_per_operator",
            Self::ResetsPerOrganization => "resets_per_organization",
            Self::ResetsPerOperatorDay => "resets_per_operator_day",
            Self::ResetsPerOrganizationDay => "resets_per_organization_day",
            Self::AllowManualEntry => "allow_manual_entry",
            Self::AllowGenerated => "allow_generated",
            Self::AgentsSetPasswords => "agents_set_passwords",
            Self::TemporaryHours => "temporary_hours",
            Self::SplitDelivery => "split_delivery",
            Self::CallerVerification => "caller_verification",
            Self::CustomerRememberDays => "customer_remember_days",
            Self::StaffRememberDays => "staff_remember_days",
            Self::CustomerFactorFrom => "customer_factor_from",
            Self::StaffFactorFrom => "staff_factor_from",
            Self::CustomerCoolingOffHours => "customer_cooling_off_hours",
            Self::StaffCoolingOffHours => "staff_cooling_off_hours",
            Self::KeepInStep => "keep_in_step",
            Self::SecondApprover => "second_approver",
            Self::SecondApproverFrom => "second_approver_from",
        }
    }

    /// The rule that is stored under a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.word() == word)
    }

    /// The table of defaults and bounds.
    #[expect(clippy::too_many_lines, reason = "a table has as many lines as there are rules")]
    pub fn facts(self) -> RuleFacts {
        use Stricter::{Greater, Smaller};
        let (value, loosest, strictest, stricter, meaning) = match self {
            Self::PasswordLengthAlone => {
                (15, 15, 64, Greater, "shortest password that is the only factor, in characters")
            }
            Self::PasswordLengthWithFactor => {
                (8, 8, 64, Greater, "shortest password beside a second factor, in characters")
            }
            Self::PasswordHistory => (0, 0, 24, Greater, "earlier passwords that are refused"),
            Self::FailuresBeforeLock => {
                (10, 50, 5, Smaller, "wrong passwords in a row before the account locks")
            }
            Self::LockMinutes => {
                (15, 1, 24 * 60, Greater, "minutes until such a lock opens by itself")
            }
            Self::LinkMinutes => (30, 24 * 60, 10, Smaller, "minutes a mailed link works"),
            Self::StaffIdleMinutes => (60, 24 * 60, 5, Smaller, "minutes a staff session may rest"),
            Self::StaffSessionMinutes => {
                (24 * 60, 7 * 24 * 60, 30, Smaller, "minutes a staff session lasts")
            }
            Self::CustomerIdleMinutes => {
                (30, 24 * 60, 5, Smaller, "minutes a customer session may rest")
            }
            Self::CustomerSessionMinutes => {
                (12 * 60, 7 * 24 * 60, 30, Smaller, "minutes a customer session lasts")
            }
            Self::ResetsPerOperator => {
                (30, 10_000, 1, Smaller, "resets by one member of staff within an hour")
            }
            Self::ResetsPerOrganization => {
                (300, 100_000, 1, Smaller, "resets of one organization's customers within an hour")
            }
            Self::ResetsPerOperatorDay => {
                (150, 100_000, 1, Smaller, "resets by one member of staff within a day")
            }
            Self::ResetsPerOrganizationDay => (
                2_000,
                1_000_000,
                1,
                Smaller,
                "resets of one organization's customers within a day",
            ),
            Self::AllowManualEntry => (
                0,
                1,
                0,
                Smaller,
                "whether staff may type a customer's new password (1) or not (0)",
            ),
            Self::AllowGenerated => {
                (0, 1, 0, Smaller, "whether staff may mail a generated password (1) or not (0)")
            }
            Self::AgentsSetPasswords => {
                (0, 1, 0, Smaller, "whether agents may do either (1) or only owners and admins (0)")
            }
            Self::TemporaryHours => {
                (24, 7 * 24, 1, Smaller, "hours a typed or generated password works")
            }
            Self::SplitDelivery => {
                (0, 0, 1, Greater, "whether links from staff also ask for a PIN (1) or not (0)")
            }
            Self::CallerVerification => (
                1,
                0,
                2,
                Greater,
                "callers are not verified (0), if one wants to (1), or always before a password is set (2)",
            ),
            Self::CustomerRememberDays => (
                30,
                90,
                0,
                Smaller,
                "days for which a customer's device may be spared the second factor (0: never)",
            ),
            Self::StaffRememberDays => {
                (0, 90, 0, Smaller, "days for which a device of staff may be (0: never)")
            }
            Self::CustomerFactorFrom => (
                NEVER,
                NEVER,
                AT_ONCE,
                Smaller,
                "day from which on customers need a second factor, as its digits (0: already, 99991231: never)",
            ),
            Self::StaffFactorFrom => {
                (NEVER, NEVER, AT_ONCE, Smaller, "day from which on staff need one")
            }
            Self::CustomerCoolingOffHours => (
                0,
                0,
                7 * 24,
                Greater,
                "hours for which the removal of a customer's lost second factor waits (0: none)",
            ),
            Self::StaffCoolingOffHours => (
                24,
                0,
                7 * 24,
                Greater,
                "hours for which that of a member of staff waits (0: none)",
            ),
            Self::KeepInStep => (
                0,
                0,
                1,
                Greater,
                "whether a password that customers choose also goes to their accounts in downstream systems (1) or not (0)",
            ),
            Self::SecondApprover => (
                0,
                0,
                1,
                Greater,
                "whether a second person has to agree to the removal of a second factor of staff, to a password set after a recent change of address, to links to many, and to the end of the passwords of staff (1) or not (0)",
            ),
            Self::SecondApproverFrom => (
                25,
                i64::from(crate::job::MOST_LINKS),
                1,
                Smaller,
                "customers to whom one person then sends links within a day; to more, a second one has to agree",
            ),
        };
        RuleFacts { value, loosest, strictest, stricter, kind: self.kind(), meaning }
    }

    /// What its value is, and how it is asked for.
    pub fn kind(self) -> RuleKind {
        match self {
            Self::PasswordLengthAlone | Self::PasswordLengthWithFactor => {
                RuleKind::Number(Unit::Characters)
            }
            Self::PasswordHistory => RuleKind::Number(Unit::Passwords),
            Self::FailuresBeforeLock => RuleKind::Number(Unit::Attempts),
            Self::LockMinutes
            | Self::LinkMinutes
            | Self::StaffIdleMinutes
            | Self::StaffSessionMinutes
            | Self::CustomerIdleMinutes
            | Self::CustomerSessionMinutes => RuleKind::Number(Unit::Minutes),
            Self::ResetsPerOperator | Self::ResetsPerOrganization => {
                RuleKind::Number(Unit::ResetsAnHour)
            }
            Self::ResetsPerOperatorDay | Self::ResetsPerOrganizationDay => {
                RuleKind::Number(Unit::ResetsADay)
            }
            Self::TemporaryHours | Self::CustomerCoolingOffHours | Self::StaffCoolingOffHours => {
                RuleKind::Number(Unit::Hours)
            }
            Self::CustomerRememberDays | Self::StaffRememberDays => RuleKind::Number(Unit::Days),
            Self::AllowManualEntry
            | Self::AllowGenerated
            | Self::AgentsSetPasswords
            | Self::SplitDelivery
            | Self::KeepInStep
            | Self::SecondApprover => RuleKind::Switch,
            Self::SecondApproverFrom => RuleKind::Number(Unit::Customers),
            Self::CallerVerification => RuleKind::Choice,
            Self::CustomerFactorFrom | Self::StaffFactorFrom => RuleKind::Day,
        }
    }

    /// The stricter of two values.
    pub fn stricter(self, a: i64, b: i64) -> i64 {
        match self.facts().stricter {
            Stricter::Greater => a.max(b),
            Stricter::Smaller => a.min(b),
        }
    }
}

/// One organization's own entry for one rule; what is absent is inherited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleSetting {
    /// The rule.
    pub rule: Rule,
    /// The chosen value.
    pub value: Option<i64>,
    /// The loosest value that those below may choose.
    pub ceiling: Option<i64>,
}

/// The rules in force for one organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy([i64; Rule::ALL.len()]);

impl Default for Policy {
    fn default() -> Self {
        Self(Rule::ALL.map(|rule| rule.facts().value))
    }
}

impl Policy {
    /// The rules in force, given the settings of every organization from the root down to the one
    /// in question. The nearest chosen value counts, held within every ceiling above it.
    pub fn in_force<'a>(root_to_leaf: impl IntoIterator<Item = &'a [RuleSetting]>) -> Self {
        let mut ceilings = Rule::ALL.map(|rule| rule.facts().loosest);
        let mut values = Rule::ALL.map(|rule| rule.facts().value);
        for settings in root_to_leaf {
            for (place, rule) in Rule::ALL.into_iter().enumerate() {
                let own = settings.iter().find(|setting| setting.rule == rule);
                let chosen = own.and_then(|own| own.value).unwrap_or(values[place]);
                values[place] = rule.stricter(chosen, ceilings[place]);
                if let Some(ceiling) = own.and_then(|own| own.ceiling) {
                    ceilings[place] = rule.stricter(ceilings[place], ceiling);
                }
            }
        }
        Self(values)
    }

    /// The value of a rule.
    pub fn get(&self, rule: Rule) -> i64 {
        Rule::ALL.iter().position(|each| *each == rule).map_or(0, |place| self.0[place])
    }

    /// The value of a rule that counts something.
    pub fn count(&self, rule: Rule) -> u32 {
        u32::try_from(self.get(rule)).unwrap_or_default()
    }

    /// Whether a rule that is a switch is on.
    pub fn is_on(&self, rule: Rule) -> bool {
        self.get(rule) > 0
    }

    /// The value of a rule that is given in hours.
    pub fn hours(&self, rule: Rule) -> Duration {
        Duration::from_hours(u64::from(self.count(rule)))
    }

    /// The value of a rule that is given in days.
    pub fn days(&self, rule: Rule) -> Duration {
        Duration::from_hours(24 * u64::from(self.count(rule)))
    }

    /// When a rule begins that does so on a day, in UTC; `None` for never.
    pub fn begins(&self, rule: Rule) -> Option<crate::Moment> {
        match self.get(rule) {
            NEVER => None,
            // Whatever is no day holds already: nothing fails open.
            number => Some(
                day_text(number)
                    .and_then(|day| crate::Moment::begin_of_day(&day))
                    .unwrap_or(crate::Moment(i64::MIN)),
            ),
        }
    }

    /// The value of a rule that is given in minutes.
    pub fn minutes(&self, rule: Rule) -> Duration {
        Duration::from_secs(u64::from(self.count(rule)) * 60)
    }
}

#[cfg(test)]
mod tests;
