//! What letters say, and how they leave.

#[path = "../support/smtp.rs"]
mod smtp;

mod sending;
mod words;

use std::{net::IpAddr, time::Duration};

use model::{
    Moment,
    account::{Device, Role},
    brand::Colour,
    call::CallAction,
    text::Name,
};
use portal::mail::{
    AccessChange, Brand, ChangedHow, EmailEnd, FactorChange, Letter, LetterKind, MailedLink,
    MailedPassword, Occasion,
};
use portal::secrets::Secret;

fn brand() -> Brand {
    Brand {
        name: "Northwind Backup".into(),
        support_email: Some("support@northwind.example".into()),
        primary: colour("#2a53b3"),
        logo_url: None,
    }
}

fn colour(text: &str) -> Colour {
    Colour::parse(text).unwrap()
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn occasion() -> Occasion {
    Occasion {
        // 2025-11-21T14:05:09Z
        at: Moment(1_763_733_909_000_000),
        address: Some(IpAddr::from([203, 0, 113, 7])),
        device: Device { browser: Some("Firefox".into()), system: Some("Windows".into()) },
    }
}

/// A letter of every kind.
#[expect(clippy::too_many_lines, reason = "one of each kind")]
fn letter(kind: LetterKind) -> Letter {
    let casey = name("Casey Thornton");
    let token = "0198c0de-7a5e-7000-8000-00000000c0de/Vm0wd2QyUXlVWGxXYTJoV1YwZG9WVmx0";
    let link =
        |path: &str| MailedLink::new(format!("https://portal.northwind.example/{path}/{token}"));
    let login = MailedLink::new("https://portal.northwind.example/login".into());
    let forgot = MailedLink::new("https://portal.northwind.example/forgot".into());
    match kind {
        LetterKind::ResetLink => {
            Letter::ResetLink { name: casey, asked: occasion(), link: link("reset"), minutes: 30 }
        }
        LetterKind::StaffResetLink => Letter::StaffResetLink {
            name: casey,
            organization: name("Northwind Backup"),
            at: occasion().at,
            link: link("reset"),
            minutes: 30,
            pin: true,
        },
        LetterKind::CallerCode => Letter::CallerCode {
            name: casey,
            operator: name("Arun Velder"),
            action: CallAction::SetPassword,
            organization: name("Northwind Backup"),
            code: MailedPassword::of(&Secret::new("482913".into())),
            word_pair: "walnut ferry".into(),
            minutes: 10,
        },
        LetterKind::ResetsStopped => Letter::ResetsStopped {
            owner_name: name("Olivia Berg"),
            staff_name: name("Arun Velder"),
            organization: name("Northwind Backup"),
            stopped: occasion(),
        },
        LetterKind::TypedPassword => Letter::TypedPassword {
            first: false,
            name: casey,
            organization: name("Northwind Backup"),
            at: occasion().at,
            until: occasion().at.plus(Duration::from_hours(24)),
            login_link: login,
            dispute_link: link("confirm"),
        },
        LetterKind::GeneratedPassword => Letter::GeneratedPassword {
            first: false,
            name: casey,
            organization: name("Northwind Backup"),
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
            organization: name("Northwind Backup"),
            by: name("Olivia Berg"),
            at: occasion().at,
            allows_resets: true,
            link: link("invitation"),
            days: 7,
        },
        LetterKind::StaffNoFactor => {
            Letter::StaffNoFactor { name: name("Arun Patel"), asked: occasion() }
        }
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
            staff_name: name("Olivia Berg"),
            customer_name: casey,
            customer_email: "c•••y@acme.example".into(),
            organization: name("Northwind Backup"),
            disputed: occasion(),
        },
        LetterKind::StaffFrozen => {
            Letter::StaffFrozen { name: name("Arun Patel"), disputed: occasion() }
        }
        LetterKind::StaffDisputed => Letter::StaffDisputed {
            owner_name: name("Olivia Berg"),
            staff_name: name("Arun Patel"),
            staff_email: "a•••n@northwind.example".into(),
            organization: name("Northwind Backup"),
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
            name: name("Arun Patel"),
            organization: name("Northwind Backup"),
            inviter: name("Olivia Berg"),
            at: occasion().at,
            link: link("invitation"),
            minutes: 7 * 24 * 60,
        },
        LetterKind::AccessChanged => Letter::AccessChanged {
            name: name("Arun Patel"),
            organization: name("Northwind Backup"),
            by: name("Olivia Berg"),
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
            by: name("Olivia Berg"),
            organization: name("Northwind Backup"),
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
    }
}
