//! What letters say, and how they leave.

#[path = "../support/smtp.rs"]
mod smtp;

mod sending;
mod words;

use std::net::IpAddr;

use model::{Moment, account::Device, brand::Colour, text::Name};
use portal::mail::{Brand, Letter, LetterKind, Occasion, sample};

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
fn letter(kind: LetterKind) -> Letter {
    sample(kind, &name("Northwind Backup"), "https://portal.northwind.example").unwrap()
}
