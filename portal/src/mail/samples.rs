//! A letter of every kind, for previews and for tests: nobody in them exists.

use std::{net::IpAddr, time::Duration};

use model::{
    Moment,
    account::{Device, Role},
    call::CallAction,
    text::Name,
};

use super::letter::{
    AccessChange, ChangedHow, EmailEnd, FactorChange, Letter, LetterKind, MailedLink,
    MailedPassword, Occasion,
};
use crate::secrets::Secret;

/// Who is written to, and by whom.
struct People {
    customer: Name,
    agent: Name,
    colleague: Name,
    owner: Name,
}

impl People {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            customer: name("Casey Thornton")?,
            agent: name("Arun Velder")?,
            colleague: name("Arun Patel")?,
            owner: name("Olivia Berg")?,
        })
    }
}

fn name(text: &str) -> anyhow::Result<Name> {
    Name::parse(text).map_err(|problem| anyhow::anyhow!("{text:?} is no name: {problem:?}"))
}

/// When the samples happened, and from where.
pub(super) fn occasion() -> Occasion {
    Occasion {
        // 2025-11-21T14:05:09Z
        at: Moment(1_763_733_909_000_000),
        address: Some(IpAddr::from([203, 0, 113, 7])),
        device: Device { browser: Some("Firefox".into()), system: Some("Windows".into()) },
    }
}

/// A letter of one kind, from an organization whose front door is at `origin`.
#[expect(clippy::too_many_lines, reason = "one of each kind")]
pub fn sample(kind: LetterKind, organization: &Name, origin: &str) -> anyhow::Result<Letter> {
    let People { customer: casey, agent, colleague, owner } = People::new()?;
    let organization = organization.clone();
    let token = "0198c0de-7a5e-7000-8000-00000000c0de/Vm0wd2QyUXlVWGxXYTJoV1YwZG9WVmx0";
    let link = |path: &str| MailedLink::new(format!("{origin}/{path}/{token}"));
    let login = MailedLink::new(format!("{origin}/login"));
    let forgot = MailedLink::new(format!("{origin}/forgot"));
    Ok(match kind {
        LetterKind::ResetLink => {
            Letter::ResetLink { name: casey, asked: occasion(), link: link("reset"), minutes: 30 }
        }
        LetterKind::StaffResetLink => Letter::StaffResetLink {
            name: casey,
            organization,
            at: occasion().at,
            link: link("reset"),
            minutes: 30,
            pin: true,
        },
        LetterKind::CallerCode => Letter::CallerCode {
            name: casey,
            operator: agent,
            action: CallAction::SetPassword,
            organization,
            code: MailedPassword::of(&Secret::new("482913".into())),
            word_pair: "walnut ferry".into(),
            minutes: 10,
        },
        LetterKind::ResetsStopped => Letter::ResetsStopped {
            owner_name: owner,
            staff_name: agent,
            organization,
            stopped: occasion(),
        },
        LetterKind::TypedPassword => Letter::TypedPassword {
            first: false,
            name: casey,
            organization,
            at: occasion().at,
            until: occasion().at.plus(Duration::from_hours(24)),
            login_link: login,
            dispute_link: link("confirm"),
        },
        LetterKind::GeneratedPassword => Letter::GeneratedPassword {
            first: false,
            name: casey,
            organization,
            at: occasion().at,
            password: MailedPassword::of(&Secret::new(
                "velvet orbit canyon maple drift anchor".into(),
            )),
            until: occasion().at.plus(Duration::from_hours(24)),
            login_link: login,
            dispute_link: link("confirm"),
        },
        LetterKind::Invitation => Letter::Invitation {
            name: casey,
            company: Some("Acme Joinery".into()),
            organization,
            by: owner,
            at: occasion().at,
            allows_resets: true,
            link: link("invitation"),
            days: 7,
        },
        LetterKind::StaffNoFactor => Letter::StaffNoFactor { name: colleague, asked: occasion() },
        LetterKind::SuspendedNoReset => {
            Letter::SuspendedNoReset { name: casey, asked: occasion(), whom: None }
        }
        LetterKind::PasswordChanged => Letter::PasswordChanged {
            name: casey,
            changed: occasion(),
            how: ChangedHow::Link,
            dispute_link: link("confirm"),
        },
        LetterKind::DisputedToCustomer => {
            Letter::DisputedToCustomer { name: casey, disputed: occasion(), forgot_link: forgot }
        }
        LetterKind::DisputedToStaff => Letter::DisputedToStaff {
            staff_name: owner,
            customer_name: casey,
            customer_email: "c•••y@acme.example".into(),
            organization,
            disputed: occasion(),
        },
        LetterKind::StaffFrozen => Letter::StaffFrozen { name: colleague, disputed: occasion() },
        LetterKind::StaffDisputed => Letter::StaffDisputed {
            owner_name: owner,
            staff_name: colleague,
            staff_email: "a•••n@northwind.example".into(),
            organization,
            disputed: occasion(),
        },
        LetterKind::AccountLocked => Letter::AccountLocked {
            for_good: false,
            name: casey,
            locked: occasion(),
            minutes: 15,
            forgot_link: forgot,
        },
        LetterKind::StaffInvitation => Letter::StaffInvitation {
            name: colleague,
            organization,
            inviter: owner,
            at: occasion().at,
            link: link("invitation"),
            minutes: 7 * 24 * 60,
        },
        LetterKind::AccessChanged => Letter::AccessChanged {
            name: colleague,
            organization,
            by: owner,
            at: occasion().at,
            change: AccessChange::Role(Role::Admin),
        },
        LetterKind::FactorChanged => Letter::FactorChanged {
            name: casey,
            changed: occasion(),
            change: FactorChange::CodeUsed,
            codes_left: 7,
            dispute_link: link("confirm"),
        },
        LetterKind::FactorRemovalAsked => Letter::FactorRemovalAsked {
            name: casey,
            by: owner,
            organization,
            at: occasion().at,
            until: occasion().at.plus(Duration::from_hours(24)),
            link: link("keep"),
        },
        LetterKind::EmailChangeAsked => Letter::EmailChangeAsked {
            name: casey,
            by: None,
            organization: None,
            asked: occasion(),
            new_email: "c•••y@new.example".into(),
            second: false,
            until: occasion().at.plus(Duration::from_hours(72)),
            link: link("keep-address"),
        },
        LetterKind::EmailConfirm => Letter::EmailConfirm {
            at: occasion().at,
            until: occasion().at.plus(Duration::from_hours(72)),
            taken: false,
            link: link("new-address"),
        },
        LetterKind::EmailChangeEnded => Letter::EmailChangeEnded {
            name: casey,
            new_email: "c•••y@new.example".into(),
            why: EmailEnd::Kept,
            ended: occasion(),
        },
        LetterKind::EmailChanged => Letter::EmailChanged {
            name: casey,
            here: false,
            old_email: "c•••y@acme.example".into(),
            new_email: "c•••y@new.example".into(),
            at: occasion().at,
            dispute_link: link("confirm"),
        },
        LetterKind::Test => Letter::Test {},
    })
}
