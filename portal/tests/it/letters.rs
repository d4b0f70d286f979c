//! Letters say what an organization chose, and never less than what they are for.

use model::{Refusal, account::Language, letter::Piece, refusal::Problem};
use portal::{WhichLetter, mail::OwnWords};

use crate::{
    rules::{becomes, proven},
    sql::values,
    world::{Entered, World, refusal, stories},
};

stories! {
    letters_say_what_was_chosen_at_that_door_alone,
    a_letter_can_have_its_words_back,
    words_without_the_link_are_refused_where_they_stand,
    words_that_cannot_be_used_any_more_cost_nobody_the_link,
    choosing_words_takes_a_fresh_proof_and_the_role,
    a_shared_door_has_its_own_letters,
    a_change_of_words_is_recorded_with_what_they_were,
    the_preview_shows_nobody_who_exists,
}

fn which(kind: &str, language: &str) -> WhichLetter {
    WhichLetter { scope: None, kind: kind.into(), language: language.into() }
}

fn reset_link() -> WhichLetter {
    which("reset_link", "en")
}

fn words() -> OwnWords {
    OwnWords {
        subject: "{{ name }}, your way back in".into(),
        text: "Dear {{ name }},\n\nhere it is, **for {{ life }}**:\n\n{{ link }}\n\nYours, {{ brand.name }}\n".into(),
    }
}

async fn set(world: &World, by: &Entered, which: &WhichLetter, words: OwnWords) {
    world.portal.set_letter(&by.actor, which, words).await.unwrap();
}

async fn letters_say_what_was_chosen_at_that_door_alone(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    set(world, &olivia, &reset_link(), words()).await;
    let casey = world.person("casey").await;
    world.asks_for_link(&world.visit(), "casey").await;
    let mails = world.new_mails().await;
    let mail = mails.iter().find(|mail| mail.to == casey.email).expect("a letter");
    assert_eq!(mail.subject, "Casey Thornton, your way back in");
    // The heading stays, which the text has as its first line.
    let begin = "Choose a new password\n\nDear Casey Thornton,";
    assert!(mail.text.starts_with(begin), "{}", mail.text);
    assert!(mail.text.contains("here it is, for 30 minutes:"), "{}", mail.text);
    // What is Rekey's is there: the link, which works, and what to do if it was somebody else.
    assert!(mail.text.contains("If it was not you, do nothing"), "{}", mail.text);
    assert!(mail.text.contains("192.0.2.1"), "{}", mail.text);
    let link = world.link_in(mail);
    world.opens(&link).await.unwrap();
    // Other languages, other letters and other doors say what they did.
    let page = world.portal.letters(&olivia.actor, None).await.unwrap();
    let own: Vec<(String, Vec<Language>)> = page
        .rows
        .unwrap()
        .into_iter()
        .filter(|row| !row.own.is_empty())
        .map(|row| (row.kind, row.own))
        .collect();
    assert_eq!(own, [("reset_link".to_owned(), vec![Language::En])]);
    let carla = proven(world, "carla").await;
    let view = world.portal.letter(&carla.actor, &reset_link()).await.unwrap();
    assert!(!view.own && view.text.contains("Somebody asked for a new password"), "{}", view.text);
}

async fn a_letter_can_have_its_words_back(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let before = world.portal.letter(&olivia.actor, &reset_link()).await.unwrap();
    assert!(!before.own);
    assert_eq!(before.pieces, [Piece::Link]);
    set(world, &olivia, &reset_link(), words()).await;
    let chosen = world.portal.letter(&olivia.actor, &reset_link()).await.unwrap();
    assert!(chosen.own && chosen.subject == words().subject && chosen.text == words().text);
    world.portal.restore_letter(&olivia.actor, &reset_link()).await.unwrap();
    assert_eq!(world.portal.letter(&olivia.actor, &reset_link()).await.unwrap(), before);
    // Typed as it is delivered, with the lines' ends of browsers, it is as it is delivered.
    let typed = OwnWords {
        subject: format!(" {} ", before.subject),
        text: before.text.replace('\n', "\r\n") + "\r\n",
    };
    set(world, &olivia, &reset_link(), typed).await;
    assert_eq!(world.portal.letter(&olivia.actor, &reset_link()).await.unwrap(), before);
}

async fn words_without_the_link_are_refused_where_they_stand(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let tries = [
        ("Hello", "Nothing here.", ("text", Problem::LetterMissing(Piece::Link))),
        ("Hello", "<img src=\"x\">\n\n{{ link }}", ("text", Problem::LetterHtml)),
        ("Hello", "{{ nobody }}\n\n{{ link }}", ("text", Problem::LetterName { line: 1 })),
        ("{{ link }}", "{{ link }}", ("subject", Problem::LetterNotAlone(Piece::Link))),
        ("Hello", "See https://evil.example\n\n{{ link }}", ("text", Problem::LetterLink)),
    ];
    for (subject, text, (field, problem)) in tries {
        let words = OwnWords { subject: subject.into(), text: text.into() };
        let expected = Refusal::field(field, problem);
        let set = world.portal.set_letter(&olivia.actor, &reset_link(), words.clone()).await;
        assert_eq!(refusal(set), expected, "{text}");
        let shown = world.portal.preview_letter(&olivia.actor, &reset_link(), Some(words)).await;
        assert_eq!(refusal(shown), expected, "{text}");
    }
    for odd in [which("nothing", "en"), which("reset_link", "tlh"), which("own", "en")] {
        let set = world.portal.set_letter(&olivia.actor, &odd, words()).await;
        assert_eq!(refusal(set), Refusal::NotFound);
    }
}

async fn words_that_cannot_be_used_any_more_cost_nobody_the_link(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    set(world, &olivia, &reset_link(), words()).await;
    let casey = world.person("casey").await;
    for broken in [
        "{{ gone }}\n\n{{ link }}",
        "no link",
        "{% for a in name %}{{ link }}",
        "<b>x</b>\n\n{{ link }}",
    ] {
        world.sql.run("UPDATE letter_words SET body = $1", values![broken]).await;
        world.hours_pass(2);
        world.asks_for_link(&world.visit(), "casey").await;
        let mails = world.new_mails().await;
        let mail = mails.iter().find(|mail| mail.to == casey.email).expect("a letter");
        assert!(mail.text.contains("Somebody asked for a new password"), "{}", mail.text);
        world.opens(&world.link_in(mail)).await.unwrap();
    }
}

async fn choosing_words_takes_a_fresh_proof_and_the_role(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let set = world.portal.set_letter(&olivia.actor, &reset_link(), words()).await;
    assert_eq!(refusal(set), Refusal::StepUp);
    let (arun, ada) = (proven(world, "arun").await, proven(world, "ada").await);
    assert_eq!(refusal(world.portal.letters(&arun.actor, None).await), Refusal::NotAllowed);
    let shown = world.portal.preview_letter(&arun.actor, &reset_link(), None).await;
    assert_eq!(refusal(shown), Refusal::NotAllowed);
    assert!(!world.portal.letter(&ada.actor, &reset_link()).await.unwrap().acting.may_edit);
    let typed = world.portal.preview_letter(&ada.actor, &reset_link(), Some(words())).await;
    assert_eq!(refusal(typed), Refusal::NotAllowed);
    for by in [&arun, &ada] {
        let set = world.portal.set_letter(&by.actor, &reset_link(), words()).await;
        assert_eq!(refusal(set), Refusal::NotAllowed);
        let set = world.portal.restore_letter(&by.actor, &reset_link()).await;
        assert_eq!(refusal(set), Refusal::NotAllowed);
    }
    // Taken away between page and form.
    let olivia = proven(world, "olivia").await;
    becomes(world, "olivia", "agent").await;
    let set = world.portal.set_letter(&olivia.actor, &reset_link(), words()).await;
    assert_eq!(refusal(set), Refusal::NotAllowed);
}

async fn a_shared_door_has_its_own_letters(world: &mut World) {
    let freya = proven(world, "freya").await;
    let page = world.portal.letters(&freya.actor, None).await.unwrap();
    assert!(page.rows.is_none() && page.door.name.as_str() == "Northwind Backup");
    let set = world.portal.set_letter(&freya.actor, &reset_link(), words()).await;
    assert_eq!(refusal(set), Refusal::NotFound);
    // What it says may be read, since one's customers read it.
    let view = world.portal.letter(&freya.actor, &reset_link()).await.unwrap();
    assert!(!view.acting.may_edit);
    let typed = world.portal.preview_letter(&freya.actor, &reset_link(), Some(words())).await;
    assert_eq!(refusal(typed), Refusal::NotFound);
    // Nor are those next door or above one's own.
    for name in ["Northwind Backup", "Rekey Operations", "Contoso Cloud"] {
        let scope = Some(world.organization(name).await);
        let theirs = WhichLetter { scope, ..reset_link() };
        assert_eq!(refusal(world.portal.letters(&freya.actor, scope).await), Refusal::NotFound);
        let seen = world.portal.letter(&freya.actor, &theirs).await;
        assert_eq!(refusal(seen), Refusal::NotFound, "{name}");
        let set = world.portal.set_letter(&freya.actor, &theirs, words()).await;
        assert_eq!(refusal(set), Refusal::NotFound, "{name}");
        let shown = world.portal.preview_letter(&freya.actor, &theirs, None).await;
        assert_eq!(refusal(shown), Refusal::NotFound, "{name}");
    }
}

async fn a_change_of_words_is_recorded_with_what_they_were(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    set(world, &olivia, &reset_link(), words()).await;
    // Nothing changed, nothing recorded.
    set(world, &olivia, &reset_link(), words()).await;
    let told: Vec<String> = world
        .sql
        .column(
            "SELECT content FROM audit_entries JOIN audit_personal ON audit_id = audit_entries.id WHERE actor_id = $1 AND kind = 'letter_changed'",
            values![olivia.person.id],
        )
        .await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(r#"{"what":"letter","new":"reset_link (en)"}"#), "{}", told[0]);
    assert!(told[0].contains("Choose a new password for {{ brand.name }}"), "{}", told[0]);
    assert!(told[0].contains("{{ name }}, your way back in"), "{}", told[0]);
}

async fn the_preview_shows_nobody_who_exists(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let shown =
        world.portal.preview_letter(&olivia.actor, &reset_link(), Some(words())).await.unwrap();
    assert_eq!(shown.subject, "Casey Thornton, your way back in");
    assert!(shown.html.contains("<strong>for 30 minutes</strong>"), "{}", shown.html);
    assert!(shown.html.contains("Northwind Backup"));
    // Nothing was stored, and nothing sent.
    assert!(!world.portal.letter(&olivia.actor, &reset_link()).await.unwrap().own);
    assert!(world.new_mails().await.is_empty());
    let delivered = world.portal.preview_letter(&olivia.actor, &reset_link(), None).await.unwrap();
    assert_eq!(delivered.subject, "Choose a new password for Northwind Backup");
}
