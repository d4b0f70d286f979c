use model::{brand::Colour, text::Name};

use super::*;
use crate::mail::{Brand, MailSettings, Mailer, sample};

fn brand() -> Brand {
    Brand {
        name: "Northwind Backup".into(),
        support_email: Some("support@northwind.example".into()),
        primary: Colour::parse("#2a53b3").unwrap(),
        logo_url: None,
    }
}

fn values(kind: LetterKind, language: Language) -> Value {
    let organization = Name::parse("Northwind Backup").unwrap();
    let letter = sample(kind, &organization, "https://portal.northwind.example").unwrap();
    let (_, data) = letter.into_parts().unwrap();
    let mailer = Mailer::new(&MailSettings::default()).unwrap();
    mailer.seen(kind, language, &brand(), &data).unwrap()
}

/// The problem of a text, or none.
fn problem(kind: LetterKind, text: &str) -> Option<Problem> {
    let words = OwnWords { subject: "Hello".into(), text: text.into() };
    words.check(kind, &values(kind, Language::En)).first().map(|(_, problem)| *problem)
}

fn of_test(text: &str) -> Option<Problem> {
    problem(LetterKind::Test, text)
}

#[test]
fn every_letter_can_be_written_as_it_is_delivered() {
    for kind in LetterKind::ALL {
        for language in Language::ALL {
            let words = OwnWords::delivered(kind, language);
            let what =
                format!("{} {}\n{}\n{}", kind.as_str(), language.tag(), words.subject, words.text);
            assert_eq!(words.check(kind, &values(kind, language)), [], "{what}");
            for left_over in ["words.", "block", "\n\n\n", "dispute_link", "parts."] {
                assert!(!words.text.contains(left_over), "{left_over}: {what}");
            }
        }
    }
}

#[test]
fn what_a_letter_is_for_has_to_stand_in_it() {
    let needed = |kind| pieces(kind);
    assert_eq!(needed(LetterKind::ResetLink), [Piece::Link]);
    assert_eq!(needed(LetterKind::GeneratedPassword), [Piece::Link, Piece::Password]);
    assert_eq!(needed(LetterKind::CallerCode), [Piece::Code, Piece::WordPair]);
    assert_eq!(needed(LetterKind::PasswordChanged), []);
    let link = |text: &str| problem(LetterKind::ResetLink, text);
    assert_eq!(link("Hello {{ name }},\n\n{{ link }}\n"), None);
    assert_eq!(link("  {{link}}  "), None);
    assert_eq!(link("Hello."), Some(Problem::LetterMissing(Piece::Link)));
    let not_alone = Some(Problem::LetterNotAlone(Piece::Link));
    for text in [
        "Press {{ link }} now",
        "{{ link }}\n\n{{ link }}",
        "{% if name %}\n{{ link }}\n{% endif %}",
        "![]({{ link }})\n\n{{ link }}",
        "**{{ link }}**",
    ] {
        assert_eq!(link(text), not_alone, "{text}");
    }
    // What another letter holds is nothing to this one.
    assert_eq!(link("{{ link }}\n\n{{ password }}"), Some(Problem::LetterName { line: 3 }));
}

#[test]
fn what_is_secret_is_no_name() {
    for text in [
        "{{ link.0 }}",
        "{{ dispute_link }}",
        "{% if link %}x{% endif %}",
        "{{ login_link }}",
        "{{ code }}",
        "{{ changed }}",
        "{{ brand.accent }}",
        "{{ brand.logo_url }}",
        "{{ self }}",
        "{{ nam }}",
    ] {
        let found = problem(LetterKind::PasswordChanged, text);
        assert!(matches!(found, Some(Problem::LetterName { line: 1 })), "{text}: {found:?}");
    }
    assert_eq!(
        problem(LetterKind::PasswordChanged, "One\nTwo {{ brand.nam }}"),
        Some(Problem::LetterName { line: 2 })
    );
    assert_eq!(problem(LetterKind::PasswordChanged, "{{ how }} {{ brand.support_email }}"), None);
}

#[test]
fn more_than_names_and_conditions_is_refused() {
    for text in [
        "{% for a in brand %}x{% endfor %}",
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
        "{% set a = 1 %}",
        "{% include \"layout.html\" %}",
        "{% raw %}x{% endraw %}",
        "{{ brand.name * 1000000 }}",
        "{{ brand.name ~ brand.name }}",
        "{{ brand.name|upper }}",
        "{{ brand.name[0] }}",
        "{{ range(10) }}",
        "{{ \"\\x00\" }}",
        "{{ \"https:\" }}//evil.example",
        "{{ not brand.name }}",
        "{{ }}",
        "{{ brand.name",
        "{% if brand.name %}",
        "{% endif %}",
        "{% else %}",
        "{# quiet #}",
    ] {
        let found = of_test(text);
        let refused =
            matches!(found, Some(Problem::LetterSyntax { .. } | Problem::LetterName { .. }));
        assert!(refused, "{text}: {found:?}");
    }
    let text = "{% if brand.name == \"x\" or not brand.support_email %}\na\n{% elif 1 < 2 %}\nb\n{% else %}\nc\n{% endif %}\n{ }";
    assert_eq!(of_test(text), None);
}

#[test]
fn conditions_have_an_end() {
    let refused = |text: &str| matches!(of_test(text), Some(Problem::LetterSyntax { .. }));
    assert!(refused(&format!("{{% if {} brand.name %}}x{{% endif %}}", "not ".repeat(1_000))));
    let many = "or brand.name ".repeat(200);
    assert!(refused(&format!("{{% if brand.name {many} %}}x{{% endif %}}")));
    let deep = |times| {
        let begin = "{% if brand.name %}".repeat(times);
        format!("{begin}x{}", "{% endif %}".repeat(times))
    };
    assert_eq!(of_test(&deep(5)), None);
    assert!(refused(&deep(6)));
    let branches = "{% elif brand.name %}y".repeat(100);
    assert!(refused(&format!("{{% if brand.name %}}x{branches}{{% endif %}}")));
}

#[test]
fn nothing_unseen_pushes_away_what_stands_below() {
    for text in [
        "#\n".repeat(2_900),
        "Hello\n\n&nbsp;\n\nBye".to_owned(),
        "Hello\n\n\u{200b}\n\nBye".to_owned(),
        "- a\n-\n- b".to_owned(),
        "- - - - deep".to_owned(),
        format!("Hello, you\\\n{}Bye", "\\\n".repeat(2_000)),
    ] {
        assert_eq!(of_test(&text), Some(Problem::LetterMarkup), "{}", &text[..9]);
    }
    let long = "- a\n".repeat(1_400);
    assert!(matches!(of_test(&long), Some(Problem::TooLong { .. })));
    assert_eq!(of_test("- a\n  - b\n    - c"), None);
}

#[test]
fn what_is_a_link_in_no_part_is_none_in_another() {
    for text in [
        "evil.*com*/reset",
        "https:*/*/**evil**.*com*/**reset**",
        "evil.example/reset?u=a@b.example",
        "evil.**example**",
    ] {
        let (html, plain) = written(text).unwrap();
        let seen: String =
            html.split('<').map(|part| part.split_once('>').map_or(part, |it| it.1)).collect();
        for part in [&seen, &plain] {
            for link in ["evil.com", "evil.example", "://", "com/r", "example/r"] {
                assert!(!part.contains(link), "{text}: {link} in {part}");
            }
        }
    }
    let words = OwnWords { subject: "Go to evil.example/reset".into(), text: "x".into() };
    let values = values(LetterKind::Test, Language::En);
    let subject = words.body(LetterKind::Test, &values).unwrap().subject;
    assert!(!subject.contains("evil.example"), "{subject}");
}

#[test]
fn words_are_looked_at_in_other_cases_too() {
    let problem_of = |kind, subject: &str, text: &str| {
        let words = OwnWords { subject: subject.into(), text: text.into() };
        words.check(kind, &values(kind, Language::En)).first().copied()
    };
    let invitation = LetterKind::Invitation;
    let empty = problem_of(invitation, "{% if company %}{{ company }}{% endif %}", "{{ link }}");
    assert_eq!(empty, Some(("subject", Problem::Required)));
    let bold = problem_of(invitation, "Hello", "**{{ company }}**\n\n{{ link }}");
    assert_eq!(bold, Some(("text", Problem::LetterMarkup)));
    let whom = LetterKind::SuspendedNoReset;
    assert_eq!(problem_of(whom, "Hello", "{% if whom %}{{ whom.name }}{% endif %} x"), None);
    let typo = problem_of(whom, "Hello", "{% if whom %}{{ whom.nmae }}{% endif %} x");
    assert_eq!(typo, Some(("text", Problem::LetterName { line: 1 })));
    let role = problem_of(LetterKind::AccessChanged, "Hello", "Now: {{ change.role }}");
    assert_eq!(role, None);
    let long = problem_of(LetterKind::Test, &"x".repeat(400), "x");
    assert!(matches!(long, Some(("subject", Problem::TooLong { .. }))));
}

#[test]
fn what_loops_or_recurses_is_stopped() {
    let values = values(LetterKind::Test, Language::En);
    let many = "1,".repeat(200);
    let nested = format!(
        "{{% for a in [{many}] %}}{{% for b in [{many}] %}}{{% for c in [{many}] %}}x{{% endfor %}}{{% endfor %}}{{% endfor %}}"
    );
    let recursive = "{% macro a() %}{{ a() }}{{ a() }}{% endmacro %}{{ a() }}";
    for text in [nested.as_str(), recursive] {
        assert!(filled(text, &values, true).is_err(), "{text}");
    }
}

#[test]
fn html_and_links_are_refused_wherever_they_stand() {
    for text in [
        "<b>bold</b>",
        "<img src=x>",
        "a <!-- b --> c",
        "<p>\nx",
        "{% if brand.support_email == \"\" %}\n<script>\n{% endif %}",
    ] {
        assert_eq!(of_test(text), Some(Problem::LetterHtml), "{text}");
    }
    for text in [
        "https://evil.example",
        "HTTPS://evil.example",
        "see www.evil.example",
        "[here](evil.example)",
        "![a](b)",
        "<mailto:a@evil.example>",
        "[here][1]\n\n[1]: evil.example",
        "{% if not brand.name %}\n[here](evil.example)\n{% endif %}",
    ] {
        assert_eq!(of_test(text), Some(Problem::LetterLink), "{text}");
    }
    for text in ["    code", "`code`", "> quoted", "***", "```\nx\n```"] {
        assert_eq!(of_test(text), Some(Problem::LetterMarkup), "{text}");
    }
    assert_eq!(of_test("5 < 6 & 7 > 6"), None);
}

#[test]
fn texts_have_a_length_and_subjects_one_line() {
    assert_eq!(of_test(" \n"), Some(Problem::Required));
    let too_long = "x".repeat(LONGEST_LETTER + 1);
    assert!(matches!(of_test(&too_long), Some(Problem::TooLong { .. })));
    assert_eq!(of_test("a\u{0}b"), Some(Problem::UnseenCharacters));
    let subject = |subject: &str| {
        let words = OwnWords { subject: subject.into(), text: "{{ link }}".into() };
        let kind = LetterKind::ResetLink;
        words.check(kind, &values(kind, Language::En)).first().map(|(_, problem)| *problem)
    };
    assert_eq!(subject("{{ name }}, a link from {{ brand.name }}"), None);
    assert_eq!(subject(""), Some(Problem::Required));
    assert_eq!(subject("{% if not name %}x{% endif %}"), Some(Problem::Required));
    assert_eq!(subject("a\nb"), Some(Problem::UnseenCharacters));
    assert_eq!(subject("{{ link }}"), Some(Problem::LetterNotAlone(Piece::Link)));
    assert_eq!(subject("https://evil.example"), Some(Problem::LetterLink));
}

#[test]
fn a_value_is_never_markup_in_somebodys_words() {
    let values = json!({ "name": "**x** [y](z) <b> {{ a }} `c`\\", "brand": { "name": "B" } });
    let text = filled("Hello {{ name }} *you*", &values, true).unwrap();
    let (html, plain) = written(&text).unwrap();
    assert_eq!(plain, "Hello **x** [y](z) <b> {{ a }} `c`\\ you\n\n");
    assert!(html.contains("Hello **x** [y](z) &lt;b&gt; {{ a }} `c`\\ <em>you</em>"), "{html}");
}

#[test]
fn words_become_html_and_text() {
    let markdown = "# Head\n\nOne **two**\nthree\\\nfour\n\n- a\n- b c\n  d\n\n1. x\n2. y\n\nSee acme.example or help@acme.example.";
    let (html, text) = written(markdown).unwrap();
    insta::assert_snapshot!("own_words.html", html);
    insta::assert_snapshot!("own_words.text", text);
    assert!(html.contains("acme.\u{2060}example or help@acme.example."));
}
