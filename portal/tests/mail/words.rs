//! The words of every letter in every language, and what strange values do to them.

use model::{
    account::{Device, Language},
    call::CallAction,
    organization::WhomToAsk,
};
use portal::mail::{
    Brand, ChangedHow, EmailEnd, FactorChange, Letter, LetterKind, MailSettings, MailedLink,
    Mailer, Occasion, OwnWords, Rendered,
};
use serde_json::{Value, json};

use crate::{brand, colour, letter, name, occasion};

fn mailer() -> Mailer {
    Mailer::new(&MailSettings::default()).unwrap()
}

fn rendered(language: Language, brand: &Brand, letter: Letter) -> Rendered {
    let (kind, data) = letter.into_parts().unwrap();
    mailer().render(kind, language, brand, &data).unwrap()
}

#[test]
fn every_letter_in_every_language() {
    for kind in LetterKind::ALL {
        for language in Language::ALL {
            let letter = rendered(language, &brand(), letter(kind));
            let shown = format!("Subject: {}\n\n{}", letter.subject, letter.text);
            let name = format!("{}.{}", kind.as_str(), language.tag());
            insta::assert_snapshot!(format!("{name}.text"), shown);
            insta::assert_snapshot!(format!("{name}.html"), letter.html);
        }
    }
}

/// A text without its colours.
fn uncoloured(html: &str) -> String {
    let mut parts = html.split('#');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.chars().take_while(char::is_ascii_hexdigit).count();
        text.push('#');
        text.push_str(if digits == 6 { &part[6..] } else { part });
    }
    text
}

#[test]
fn the_same_letter_of_another_brand_differs_by_the_brand_alone() {
    let other = Brand {
        name: "Nebulous Storage".into(),
        support_email: Some("support@nebulous.example".into()),
        primary: colour("#0a6b4f"),
        logo_url: None,
    };
    for kind in LetterKind::ALL {
        for language in Language::ALL {
            let what = format!("{} {}", kind.as_str(), language.tag());
            let ours = rendered(language, &brand(), letter(kind));
            let theirs = rendered(language, &other, letter(kind));
            // Lines may break elsewhere.
            let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            let as_ours = |text: &str| {
                flat(text)
                    .replace("Nebulous Storage", "Northwind Backup")
                    .replace("nebulous.example", "northwind.example")
            };
            assert!(theirs.html.contains("Nebulous Storage"), "{what}");
            assert!(theirs.html.contains("#0a6b4f") && !theirs.html.contains("#2a53b3"), "{what}");
            assert_eq!(as_ours(&theirs.subject), flat(&ours.subject), "{what}");
            assert_eq!(as_ours(&theirs.text), flat(&ours.text), "{what}");
            assert_eq!(as_ours(&uncoloured(&theirs.html)), flat(&uncoloured(&ours.html)), "{what}");
        }
    }
}

/// Letters that say something else in another case.
fn other_cases() -> Vec<Letter> {
    let first = [LetterKind::TypedPassword, LetterKind::GeneratedPassword].map(|kind| {
        let mut letter = letter(kind);
        if let Letter::TypedPassword { first, .. } | Letter::GeneratedPassword { first, .. } =
            &mut letter
        {
            *first = true;
        }
        letter
    });
    let mut locked = letter(LetterKind::AccountLocked);
    if let Letter::AccountLocked { for_good, .. } = &mut locked {
        *for_good = true;
    }
    let mut out = letter(LetterKind::SuspendedNoReset);
    if let Letter::SuspendedNoReset { whom, .. } = &mut out {
        let email = Some("support@operator.example".into());
        *whom = Some(WhomToAsk { name: name("Rekey Operations"), email });
    }
    first.into_iter().chain([locked, out]).collect()
}

#[test]
fn links_stand_by_themselves_and_can_be_followed() {
    for letter in LetterKind::ALL.map(letter).into_iter().chain(other_cases()) {
        for language in Language::ALL {
            let kind = letter.kind();
            let shown = rendered(language, &brand(), letter.clone());
            let Rendered { text, html, .. } = &shown;
            let (body, _) = text.split_once("\n-- \n").unwrap();
            let lines: Vec<&str> = body.lines().collect();
            let links = letter.clone().into_parts().unwrap().1;
            let links = links.as_object().unwrap().iter().filter(|(key, _)| key.ends_with("link"));
            for link in links.map(|(_, link)| link.as_str().unwrap()) {
                let place = lines.iter().position(|line| line == &link);
                let place = place.unwrap_or_else(|| panic!("{kind:?} {language:?}: {link}"));
                let around = [place.checked_sub(1), Some(place + 1)];
                let around = around.into_iter().flatten().filter_map(|place| lines.get(place));
                for line in around {
                    assert_eq!(*line, "", "{kind:?} {language:?} beside {link}");
                }
                assert!(html.contains(&format!("href=\"{link}\"")), "{kind:?} {language:?}");
            }
        }
    }
}

/// For looking at letters in a browser: `REKEY_LETTERS=DIR cargo test -p rekey-portal --test mail`.
#[test]
fn letters_can_be_looked_at() {
    let Some(folder) = std::env::var_os("REKEY_LETTERS").map(std::path::PathBuf::from) else {
        return;
    };
    let yellow = Brand { primary: colour("#ffd400"), ..brand() };
    for kind in LetterKind::ALL {
        for language in Language::ALL {
            for (mark, brand) in [("", brand()), ("-yellow", yellow.clone())] {
                let html = rendered(language, &brand, letter(kind)).html.clone();
                let name = format!("{}-{}{mark}.html", kind.as_str(), language.tag());
                std::fs::write(folder.join(name), html).unwrap();
            }
        }
    }
}

#[test]
fn letters_are_well_made() {
    for kind in LetterKind::ALL {
        for language in Language::ALL {
            let what = format!("{} {}", kind.as_str(), language.tag());
            let letter = rendered(language, &brand(), letter(kind));
            assert!(letter.subject.chars().count() <= 78, "{what}: {}", letter.subject);
            for line in letter.text.lines() {
                let fits = line.chars().count() <= 78 || line.starts_with("https://");
                assert!(fits, "{what}: {line}");
                let link_alone = !line.contains("https://") || line.starts_with("https://");
                assert!(link_alone, "{what}: {line}");
            }
            let html = &letter.html;
            assert!(html.contains(&format!("<html lang=\"{}\"", language.tag())), "{what}");
            assert_eq!(html.matches("<h1").count(), 1, "{what}");
            assert!(html.contains("support@northwind.example"), "{what}");
            assert!(html.lines().all(|line| line.len() < 990), "{what}: a line is too long");
            // One button with a background, and at most one with a border, for few.
            for button in ["mso-padding-alt:12px", "mso-padding-alt:11px"] {
                assert!(html.matches(button).count() <= 1, "{what}: {button}");
            }
            // The link is there twice: behind the button and to be read.
            for link in letter.text.lines().filter(|line| line.starts_with("https://")) {
                assert_eq!(html.matches(link).count(), 3, "{what}: {link}");
            }
            for left_over in ["{{", "{%", "undefined", "  none", ">none<"] {
                assert!(!html.contains(left_over) && !letter.text.contains(left_over), "{what}");
            }
        }
    }
}

#[test]
fn a_letter_survives_the_outbox() {
    for kind in LetterKind::ALL {
        let original = letter(kind);
        let (stored, data) = original.clone().into_parts().unwrap();
        assert_eq!(stored, kind);
        assert_eq!(json!(kind), json!(kind.as_str()));
        assert_eq!(Letter::from_parts(stored, &data).unwrap(), original);
    }
}

#[test]
fn data_that_do_not_fit_are_refused_without_being_quoted() {
    let (_, good) = letter(LetterKind::ResetLink).into_parts().unwrap();
    let mut foreign = good.clone();
    foreign["surprise"] = json!("s3cret");
    let mut missing = good.clone();
    missing.as_object_mut().unwrap().remove("minutes");
    let mut wrong = good.clone();
    wrong["minutes"] = json!("s3cret");
    for data in [foreign, missing, wrong, Value::Null, json!([]), json!("s3cret")] {
        let error = mailer()
            .render(LetterKind::ResetLink, Language::En, &brand(), &data)
            .expect_err("does not fit");
        assert!(!format!("{error:?} {error:#}").contains("s3cret"));
    }
}

#[test]
fn nothing_secret_is_printed() {
    let letter = letter(LetterKind::ResetLink);
    assert!(!format!("{letter:?}").contains("Vm0wd2Qy"));
    let rendered = rendered(Language::En, &brand(), letter);
    assert!(rendered.text.contains("Vm0wd2Qy"));
    assert!(!format!("{rendered:?}").contains("Vm0wd2Qy"));
}

#[test]
fn a_name_is_never_markup_nor_a_template() {
    for text in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "{{ brand }} {% raw %} {# x",
        "Tom & Jerry's",
    ] {
        let brand = Brand { name: text.into(), ..brand() };
        let letter = Letter::ResetLink {
            name: name(text),
            asked: occasion(),
            link: MailedLink::new("https://a.example/\"><script>".into()),
            minutes: 30,
        };
        let letter = rendered(Language::En, &brand, letter);
        for markup in ["<script", "<img", "\"><script", "\"><img"] {
            assert!(!letter.html.contains(markup), "{text}: {markup}");
        }
        // The text part shows what was typed, but for what would make it a link.
        let shown = letter.text.replace('\u{2060}', "");
        assert!(shown.contains(&format!("Hello {text},")), "{shown}");
        assert!(!shown.contains("&lt;") && !shown.contains("&amp;"), "{shown}");
    }
}

#[test]
fn a_name_is_never_a_link_nor_a_line_of_its_own() {
    let letter = Letter::DisputedToStaff {
        staff_name: name("Olivia Berg"),
        customer_name: name("https://evil.example/login"),
        customer_email: "c•••y@acme.example\r\nhttps://evil.example".into(),
        organization: name("www.evil.example"),
        disputed: Occasion {
            device: Device {
                browser: Some("a\r\n\r\nhttps://evil.example\u{202e}".into()),
                system: None,
            },
            ..occasion()
        },
    };
    let letter = rendered(Language::En, &brand(), letter);
    for part in [&letter.text, &letter.html, &letter.subject] {
        assert!(!part.contains("https://evil") && !part.contains("evil.example"), "{part}");
        assert!(!part.contains('\u{202e}'), "{part}");
    }
    assert!(!letter.text.contains("\nhttps://"), "{}", letter.text);
    assert!(!letter.subject.contains(['\r', '\n']));
}

#[test]
fn a_brand_cannot_break_out_of_a_style() {
    let odd = Brand {
        name: "\r\n\t".into(),
        support_email: Some("x\" onclick=\"alert(1)".into()),
        primary: colour("#2a53b3"),
        logo_url: Some("javascript:alert(1)".into()),
    };
    let letter = rendered(Language::De, &odd, letter(LetterKind::ResetLink));
    for bad in ["evil.example", "onclick", "javascript", "<img"] {
        assert!(!letter.html.contains(bad), "{bad}");
    }
    assert!(letter.html.contains("#2a53b3"));
}

#[test]
fn a_logo_takes_the_place_of_the_initial() {
    let with_logo = Brand { logo_url: Some("https://cdn.example/logo.png".into()), ..brand() };
    let letter = rendered(Language::En, &with_logo, letter(LetterKind::Test));
    assert!(
        letter.html.contains("<img src=\"https://cdn.example/logo.png\" alt=\"Northwind Backup\"")
    );
}

#[test]
fn what_is_not_known_is_not_shown() {
    let plain = Brand { support_email: None, ..brand() };
    let changed = Occasion { address: None, device: Device::default(), ..occasion() };
    let letter = Letter::PasswordChanged {
        name: name("Casey Thornton"),
        changed,
        how: ChangedHow::CommandLine,
        dispute_link: MailedLink::new("https://a.example/confirm/x/y".into()),
    };
    for language in Language::ALL {
        let letter = rendered(language, &plain, letter.clone());
        let shown = format!("Subject: {}\n\n{}", letter.subject, letter.text);
        insta::assert_snapshot!(format!("from_the_command_line.{}.text", language.tag()), shown);
        assert!(!letter.html.contains("mailto:"));
    }
    let nowhere = rendered(Language::En, &plain, crate::letter(LetterKind::SuspendedNoReset));
    assert!(nowhere.text.contains("ask those at Northwind Backup"), "{}", nowhere.text);
}

#[test]
fn what_staff_do_about_a_lost_factor_is_told() {
    for (change, name) in [
        (FactorChange::RemovedByStaff, "factor_removed_by_staff"),
        (FactorChange::Kept, "factor_kept"),
    ] {
        for language in Language::ALL {
            let mut letter = letter(LetterKind::FactorChanged);
            if let Letter::FactorChanged { change: of, changed, .. } = &mut letter {
                *of = change;
                // Where staff sit is nothing to those they look after.
                *changed = Occasion { address: None, device: Device::default(), ..occasion() };
            }
            let letter = rendered(language, &brand(), letter);
            let shown = format!("Subject: {}\n\n{}", letter.subject, letter.text);
            insta::assert_snapshot!(format!("{name}.{}.text", language.tag()), shown);
        }
    }
}

/// A text part with its subject.
fn shown(language: Language, letter: Letter) -> String {
    let letter = rendered(language, &brand(), letter);
    format!("Subject: {}\n\n{}", letter.subject, letter.text)
}

#[test]
fn what_becomes_of_a_new_address_is_told() {
    let by_staff = Occasion { address: None, device: Device::default(), ..occasion() };
    let named = |name: &str, language: Language| format!("email_{name}.{}.text", language.tag());
    for language in Language::ALL {
        for (asked_second, case) in [(false, "asked_by_staff"), (true, "asked_for_a_second_one")] {
            let mut letter = letter(LetterKind::EmailChangeAsked);
            if let Letter::EmailChangeAsked { by, organization, asked, second, .. } = &mut letter {
                *by = Some(name("Olivia Berg"));
                *organization = Some(name("Northwind Backup"));
                *asked = by_staff.clone();
                *second = asked_second;
            }
            insta::assert_snapshot!(named(case, language), shown(language, letter));
        }
        let mut other = letter(LetterKind::EmailConfirm);
        if let Letter::EmailConfirm { taken, .. } = &mut other {
            *taken = true;
        }
        let text = shown(language, other);
        // There is nothing to confirm for whoever has the address.
        assert!(!text.contains("https://"), "{text}");
        insta::assert_snapshot!(named("taken", language), text);
        let mut there = letter(LetterKind::EmailChanged);
        if let Letter::EmailChanged { here, .. } = &mut there {
            *here = true;
        }
        insta::assert_snapshot!(named("changed_here", language), shown(language, there));
        for (why, case) in [
            (EmailEnd::ByStaff, "stopped_by_staff"),
            (EmailEnd::NotConfirmed, "not_confirmed"),
            (EmailEnd::NotApproved, "not_approved"),
            (EmailEnd::Withdrawn, "withdrawn"),
            (EmailEnd::Unusable, "unusable"),
        ] {
            let mut letter = letter(LetterKind::EmailChangeEnded);
            if let Letter::EmailChangeEnded { why: of, ended, .. } = &mut letter {
                *of = why;
                *ended = by_staff.clone();
            }
            insta::assert_snapshot!(named(case, language), shown(language, letter));
        }
    }
}

#[test]
fn a_code_that_is_read_out_says_what_it_is_good_for() {
    for (for_what, case) in [
        (CallAction::RemoveFactor, "caller_code_for_factor"),
        (CallAction::ChangeEmail, "caller_code_for_email"),
    ] {
        for language in Language::ALL {
            let mut letter = letter(LetterKind::CallerCode);
            if let Letter::CallerCode { action, .. } = &mut letter {
                *action = for_what;
            }
            let name = format!("{case}.{}.text", language.tag());
            insta::assert_snapshot!(name, shown(language, letter));
        }
    }
}

#[test]
fn spans_are_told_as_people_tell_them() {
    for (minutes, words) in [
        (1, ["within 1 minute.", "innerhalb von 1 Minute.", "1 minute", "1 minuto"]),
        (45, ["within 45 minutes.", "innerhalb von 45 Minuten.", "45 minutes", "45 minutos"]),
        (60, ["within 1 hour.", "innerhalb von 1 Stunde.", "1 heure", "1 hora"]),
        (1440, ["within 24 hours.", "innerhalb von 24 Stunden.", "24 heures", "24 horas"]),
    ] {
        for (language, words) in Language::ALL.into_iter().zip(words) {
            let letter = Letter::ResetLink {
                name: name("Casey Thornton"),
                asked: occasion(),
                link: MailedLink::new("https://a.example/reset/x/y".into()),
                minutes,
            };
            let letter = rendered(language, &brand(), letter);
            assert!(letter.html.contains(words), "{words}");
        }
    }
}

/// Words that say one line of each letter's own, and what it is for.
fn own(kind: LetterKind) -> OwnWords {
    let needed = match kind {
        LetterKind::ResetLink
        | LetterKind::StaffResetLink
        | LetterKind::Invitation
        | LetterKind::StaffInvitation
        | LetterKind::TypedPassword
        | LetterKind::AccountLocked
        | LetterKind::DisputedToCustomer
        | LetterKind::EmailConfirm => "{{ link }}",
        LetterKind::GeneratedPassword => "{{ password }}\n\n{{ link }}",
        LetterKind::CallerCode => "{{ code }}\n\n{{ word_pair }}",
        _ => "",
    };
    OwnWords {
        subject: "Word from {{ brand.name }}".into(),
        text: format!("Our own *first* line.\n\n{needed}\n\nOur last."),
    }
}

#[test]
fn what_is_rekeys_stands_in_every_letter_of_somebodys_own_words() {
    for kind in LetterKind::ALL {
        for language in Language::ALL {
            let what = format!("{} {}", kind.as_str(), language.tag());
            let (_, data) = letter(kind).into_parts().unwrap();
            let ours = mailer().render(kind, language, &brand(), &data).unwrap();
            let theirs = mailer().render_own(kind, language, &brand(), &data, &own(kind)).unwrap();
            assert_eq!(theirs.subject, "Word from Northwind Backup", "{what}");
            assert!(theirs.text.contains("\n\nOur own first line.\n\n"), "{what}: {}", theirs.text);
            // What it is about stays at its head, and what to do at its foot.
            let heading = |html: &str| {
                let (_, rest) = html.split_once("<h1").unwrap();
                rest.split_once("</h1>").unwrap().0.to_owned()
            };
            assert_eq!(heading(&theirs.html), heading(&ours.html), "{what}");
            let last = |text: &str| {
                let (body, _) = text.split_once("\n-- \n").unwrap();
                body.trim().rsplit("\n\n").next().unwrap().to_owned()
            };
            if !matches!(kind, LetterKind::Test | LetterKind::EmailConfirm) {
                assert_eq!(last(&theirs.text), last(&ours.text), "{what}");
            }
            assert!(theirs.html.contains("Our own <em>first</em> line."), "{what}");
            assert_eq!(theirs.html.matches("<h1").count(), 1, "{what}");
            // Every link, password and code of the letter, as often as it was there.
            let secrets = data.as_object().unwrap().iter().filter(|(key, _)| {
                key.ends_with("link") || ["password", "code", "word_pair"].contains(&key.as_str())
            });
            for (field, secret) in secrets {
                let secret = secret.as_str().unwrap();
                for (one, other) in [(&ours.html, &theirs.html), (&ours.text, &theirs.text)] {
                    let times = one.matches(secret).count();
                    assert_eq!(other.matches(secret).count(), times, "{what}: {field}");
                    assert!(times > 0, "{what}: {field}");
                }
            }
            // Where it came from, and who may be asked.
            let tells = ["203.0.113.7", "support@northwind.example", "14:05"];
            for told in tells.into_iter().filter(|told| ours.text.contains(told)) {
                let elsewhere = kind == LetterKind::Test;
                assert!(theirs.text.contains(told) || elsewhere, "{what}: {told}");
                assert!(theirs.html.contains(told) || elsewhere, "{what}: {told}");
            }
            for left_over in ["{{", "{%", "undefined", "\n\n\n"] {
                assert!(!theirs.text.contains(left_over), "{what}: {left_over}");
            }
            assert!(theirs.html.lines().all(|line| line.len() < 990), "{what}");
        }
    }
    let (_, data) = letter(LetterKind::GeneratedPassword).into_parts().unwrap();
    let kind = LetterKind::GeneratedPassword;
    let theirs = mailer().render_own(kind, Language::En, &brand(), &data, &own(kind)).unwrap();
    insta::assert_snapshot!("own_words.generated_password.en.text", theirs.text);
    insta::assert_snapshot!("own_words.generated_password.en.html", theirs.html);
}

#[test]
fn words_that_do_not_fit_a_letter_are_not_used() {
    let (_, data) = letter(LetterKind::ResetLink).into_parts().unwrap();
    for text in
        ["no link", "{{ link }}\n\n{{ link }}", "{{ gone }}\n\n{{ link }}", "<b>\n\n{{ link }}"]
    {
        let words = OwnWords { subject: "x".into(), text: text.into() };
        let rendered =
            mailer().render_own(LetterKind::ResetLink, Language::En, &brand(), &data, &words);
        assert!(rendered.is_err(), "{text}");
    }
}
