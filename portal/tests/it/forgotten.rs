//! Forgotten passwords: asking for a link.

use std::time::Duration;

use model::{Refusal, refusal::Problem};
use portal::mail::MailTransport;

use crate::{
    sql::values,
    world::{NEW, OTHER, World, refusal, stories, wait},
};

stories! {
    a_mailed_link_sets_a_new_password,
    the_answer_is_the_same_for_everybody,
    a_user_name_does_too,
    what_is_typed_is_stored_sealed,
    mail_goes_to_the_stored_address,
    unknown_names_get_no_mail,
    one_site_knows_nothing_of_anothers_people,
    again_after_two_minutes,
    three_open_links_are_enough,
    three_mails_an_hour_to_one_account,
    twenty_requests_an_hour_from_one_prefix,
    six_hundred_requests_an_hour_at_one_site,
    asking_voids_no_open_link,
    staff_are_told_why_there_is_no_link,
    suspended_people_are_told_why_there_is_no_link,
    people_whom_staff_locked_get_a_link,
    a_link_works_for_half_an_hour_or_as_the_policy_says,
    a_mail_speaks_its_readers_language,
    links_lead_to_the_site_that_was_asked,
    without_mail_settings_the_answer_is_the_same,
    a_request_that_cannot_be_answered_holds_up_nobody,
    a_request_under_another_master_key_holds_up_nobody,
    asking_is_recorded,
    a_clock_that_was_ahead_keeps_nobody_from_asking,
}

async fn a_mailed_link_sets_a_new_password(world: &mut World) {
    let casey = world.person("casey").await;
    world.asks_for_link(&world.visit_from("203.0.113.7"), "casey@acme.example").await;
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, "casey@acme.example");
    assert_eq!(mails[0].subject, "Choose a new password for Northwind Backup");
    for part in ["Hello Casey Thornton,", "within 30 minutes", "203.0.113.7", "Firefox on Windows"]
    {
        assert!(mails[0].says(part), "{part} in {}", mails[0].text);
    }
    let link = world.link_in(&mails[0]);
    assert!(link.path().starts_with("/reset/"), "{}", link.url);
    world.uses(&link, NEW).await.unwrap();
    assert!(world.lets_in(&casey, NEW).await);
    assert!(!world.lets_in(&casey, portal::DEMO_PASSWORD).await);
    world.mails().await;
}

async fn the_answer_is_the_same_for_everybody(world: &mut World) {
    let drew = world.person("drew").await;
    world.suspends(&drew).await;
    let enormous = "a".repeat(1 << 20);
    for name in [
        "casey@acme.example",
        "casey",
        "nobody@acme.example",
        "nobody",
        "not a name",
        "casey@acme.example\0",
        "casey@acme.example\r\nBcc: everyone@acme.example",
        &enormous,
        "carla@contoso.example",
        "olivia@northwind.example",
        "lou@lakeside.example",
        &drew.email,
    ] {
        let visit = world.visit_from_anywhere();
        world.portal.ask_for_link(&visit, name).await.unwrap();
        // Nothing has been looked up yet: what takes time is the same for all.
        assert_eq!(world.work_left().await, (0, 1, 0));
        assert_eq!(
            world.sql.one::<i64>("SELECT COUNT(*) FROM outbox WHERE state = 'waiting'", []).await,
            0
        );
        world.portal.work_off().await.unwrap();
    }
    for empty in ["", " \t\u{3000}"] {
        let result = world.portal.ask_for_link(&world.visit(), empty).await;
        assert_eq!(refusal(result), Refusal::field("name", Problem::Required));
    }
    let mut to: Vec<String> = world.new_mails().await.into_iter().map(|mail| mail.to).collect();
    to.sort();
    // Casey was asked for twice within two minutes.
    assert_eq!(
        to,
        ["casey@acme.example", &*drew.email, "lou@lakeside.example", "olivia@northwind.example"]
    );
}

async fn a_user_name_does_too(world: &mut World) {
    for name in ["casey", " CASEY ", "ｃａｓｅｙ"] {
        world.asks_for_link(&world.visit(), name).await;
        let mails = world.new_mails().await;
        assert_eq!(mails.len(), 1, "{name}");
        assert_eq!(mails[0].to, "casey@acme.example");
        world.minutes_pass(2);
    }
}

async fn what_is_typed_is_stored_sealed(world: &mut World) {
    // People type passwords where a name belongs.
    for typed in ["casey@acme.example", OTHER] {
        world.portal.ask_for_link(&world.visit_from_anywhere(), typed).await.unwrap();
    }
    let sealed: Vec<Vec<u8>> = world.sql.column("SELECT sealed FROM forgotten_requests", []).await;
    for bytes in sealed {
        for part in [&b"casey"[..], b"copper", b"10.0.0"] {
            assert!(!bytes.windows(part.len()).any(|window| window == part));
        }
    }
    world.check_that_secrets_are_kept().await;
    world.mails().await;
}

async fn mail_goes_to_the_stored_address(world: &mut World) {
    world.asks_for_link(&world.visit(), "CASEY@acme.EXAMPLE").await;
    // Looks like Casey's, and is nobody's.
    for lookalike in ["cаsey@acme.example", "casey@acme.example.", "casey@ɑcme.example"] {
        world.asks_for_link(&world.visit(), lookalike).await;
    }
    let to: Vec<String> = world.new_mails().await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, ["casey@acme.example"]);
}

async fn unknown_names_get_no_mail(world: &mut World) {
    for name in
        ["nobody@acme.example", "nobody", "%", "_____", "casey' OR '1'='1", "*@acme.example"]
    {
        world.asks_for_link(&world.visit_from_anywhere(), name).await;
    }
    assert_eq!(world.new_mails().await.len(), 0);
}

async fn one_site_knows_nothing_of_anothers_people(world: &mut World) {
    let theirs = world.customer_of("Contoso Cloud").await;
    world.asks_for_link(&world.visit(), &theirs.email).await;
    world.asks_for_link(&world.visit_at(world.contoso), "casey@acme.example").await;
    assert_eq!(world.new_mails().await.len(), 0);
    world.asks_for_link(&world.visit_at(world.contoso), &theirs.email).await;
    assert_eq!(world.new_mails().await.len(), 1);
    // A sub-reseller's people use the site it shares.
    let fjord = world.customer_of("Fjord IT").await;
    world.asks_for_link(&world.visit(), &fjord.email).await;
    assert_eq!(world.new_mails().await[0].to, fjord.email);
}

async fn again_after_two_minutes(world: &mut World) {
    world.asks_for_link(&world.visit(), "casey").await;
    world.seconds_pass(119);
    world.asks_for_link(&world.visit(), "casey@acme.example").await;
    assert_eq!(world.new_mails().await.len(), 1);
    world.seconds_pass(1);
    world.asks_for_link(&world.visit(), "casey").await;
    assert_eq!(world.new_mails().await.len(), 1);
    // Nor does one that was used hold up the next.
    let casey = world.person("casey").await;
    world.minutes_pass(30);
    world.resets(&casey, NEW).await;
    world.asks_for_link(&world.visit(), "casey").await;
    let mails = world.new_mails().await;
    assert!(mails.iter().any(|mail| mail.text.contains("/reset/")));
}

async fn three_open_links_are_enough(world: &mut World) {
    let casey = world.person("casey").await;
    world.sets_rule("Northwind Backup", "link_minutes", Some(1_440), None).await;
    world.sets_rule("Rekey Operations", "link_minutes", None, Some(1_440)).await;
    for _ in 0..8 {
        world.asks_for_link(&world.visit_from_anywhere(), "casey").await;
        world.minutes_pass(30);
    }
    assert_eq!(world.link_states(&casey).await, ["open"; 3]);
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 3);
    // When the first one is over, there is room for another.
    world.hours_pass(20);
    world.asks_for_link(&world.visit_from_anywhere(), "casey").await;
    assert_eq!(world.new_mails().await.len(), 1);
    world.uses(&world.link_in(&mails[2]), NEW).await.unwrap();
    assert_eq!(world.link_states(&casey).await[1..], ["void", "used", "void"]);
    world.mails().await;
}

async fn three_mails_an_hour_to_one_account(world: &mut World) {
    // Explanations leave no open link, so that this limit alone counts.
    let mut mails = Vec::new();
    for _ in 0..13 {
        world.asks_for_link(&world.visit_from_anywhere(), "olivia@northwind.example").await;
        mails.push(world.new_mails().await.len());
        world.minutes_pass(5);
    }
    // Three at once, then one each twenty minutes.
    assert_eq!(mails, [1, 1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]);
}

async fn twenty_requests_an_hour_from_one_prefix(world: &mut World) {
    for number in 0..20 {
        let visit = world.visit_from(&format!("198.51.100.{number}"));
        world.portal.ask_for_link(&visit, "nobody").await.unwrap();
    }
    let neighbour = world.visit_from("198.51.100.99");
    assert_eq!(wait(world.portal.ask_for_link(&neighbour, "casey").await), 180);
    world.portal.ask_for_link(&world.visit_from("198.51.101.1"), "casey").await.unwrap();
    world.minutes_pass(3);
    world.portal.ask_for_link(&neighbour, "casey").await.unwrap();
    assert_eq!(wait(world.portal.ask_for_link(&neighbour, "casey").await), 180);
    // Signing in has a limit of its own.
    world.sign_in(&neighbour, "casey", portal::DEMO_PASSWORD).await.unwrap();
    assert_eq!(world.mails().await.len(), 1);
}

async fn six_hundred_requests_an_hour_at_one_site(world: &mut World) {
    // As after 598 of them.
    let full_at = world.now().plus(Duration::from_secs(598 * 6));
    world
        .sql
        .run(
            "INSERT INTO throttles (name, full_at) VALUES ($1, $2)",
            values![&*format!("forgot:{}", world.northwind), full_at],
        )
        .await;
    for _ in 0..2 {
        world.portal.ask_for_link(&world.visit_from_anywhere(), "casey").await.unwrap();
    }
    let result = world.portal.ask_for_link(&world.visit_from_anywhere(), "casey").await;
    assert_eq!(wait(result), 6);
    let elsewhere = world.visit_at(world.contoso);
    world.portal.ask_for_link(&elsewhere, "carla@contoso.example").await.unwrap();
    world.seconds_pass(6);
    world.portal.ask_for_link(&world.visit_from_anywhere(), "casey").await.unwrap();
    world.mails().await;
}

async fn asking_voids_no_open_link(world: &mut World) {
    let casey = world.person("casey").await;
    let first = world.mailed_link(&casey).await;
    world.minutes_pass(2);
    let second = world.mailed_link(&casey).await;
    world.minutes_pass(2);
    world.asks_for_link(&world.visit(), "casey").await;
    for link in [&first, &second] {
        world.opens(link).await.unwrap();
    }
    world.uses(&first, NEW).await.unwrap();
    assert!(world.lets_in(&casey, NEW).await);
    world.mails().await;
}

async fn staff_are_told_why_there_is_no_link(world: &mut World) {
    let arun = world.person("arun").await;
    world.asks_for_link(&world.visit(), &arun.email).await;
    let mails = world.new_mails().await;
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "arun@northwind.example"));
    assert!(!mails[0].text.contains("/reset/"));
    assert!(mails[0].says("second factor"), "{}", mails[0].text);
    assert_eq!(world.link_states(&arun).await, [""; 0]);
    assert_eq!(world.recorded(&arun).await, ["reset_link_explained done"]);
}

async fn suspended_people_are_told_why_there_is_no_link(world: &mut World) {
    let casey = world.person("casey").await;
    world.suspends(&casey).await;
    world.suspends_organization("Fjord IT").await;
    let fjord = world.customer_of("Fjord IT").await;
    for person in [casey, fjord] {
        world.asks_for_link(&world.visit(), &person.email).await;
        let mails = world.new_mails().await;
        assert_eq!((mails.len(), &mails[0].to), (1, &person.email));
        assert!(!mails[0].text.contains("/reset/"));
        assert!(mails[0].says("suspended"), "{}", mails[0].text);
        assert_eq!(world.recorded(&person).await, ["reset_link_explained done"]);
    }
}

async fn people_whom_staff_locked_get_a_link(world: &mut World) {
    let lou = world.person("lou").await;
    world.resets(&lou, NEW).await;
    assert!(world.lets_in(&lou, NEW).await);
    world.mails().await;
}

async fn a_link_works_for_half_an_hour_or_as_the_policy_says(world: &mut World) {
    for (minutes, told) in [(None, "30 minutes"), (Some(10), "10 minutes")] {
        if let Some(minutes) = minutes {
            world.sets_rule("Northwind Backup", "link_minutes", Some(minutes), None).await;
        }
        world.asks_for_link(&world.visit_from_anywhere(), "casey").await;
        let mails = world.new_mails().await;
        assert!(mails[0].says(told), "{minutes:?} in {}", mails[0].text);
        let link = world.link_in(&mails[0]);
        let lasts = world.opens(&link).await.unwrap().expires_at.since(world.now());
        assert_eq!(lasts, Duration::from_secs(minutes.unwrap_or(30).unsigned_abs() * 60));
        world.hours_pass(1);
        assert_eq!(refusal(world.opens(&link).await), Refusal::LinkUnusable);
    }
}

async fn a_mail_speaks_its_readers_language(world: &mut World) {
    let casey = world.person("casey").await;
    let sql = "UPDATE accounts SET language = 'de' WHERE id = $1";
    world.sql.run(sql, values![casey.id]).await;
    world.resets(&casey, NEW).await;
    let subjects: Vec<String> = world.mails().await.into_iter().map(|mail| mail.subject).collect();
    assert!(
        subjects.contains(&"Neues Passwort für Northwind Backup wählen".to_owned()),
        "{subjects:?}"
    );
    assert!(subjects.contains(&"Ihr Passwort wurde geändert".to_owned()), "{subjects:?}");
}

async fn links_lead_to_the_site_that_was_asked(world: &mut World) {
    let theirs = world.customer_of("Contoso Cloud").await;
    let link = world.mailed_link(&theirs).await;
    assert!(link.path().starts_with("/s/contoso/reset/"), "{}", link.url);
    let mails = world.mails().await;
    assert!(mails[0].says("Contoso Cloud") && !mails[0].says("Northwind"));
    world.uses(&link, NEW).await.unwrap();
    assert!(world.notice_for(&theirs).await.path().starts_with("/s/contoso/confirm/"));
    // In the demo, the origin in use counts.
    let local = || "http://localhost:3000".to_owned();
    let visit = portal::Visit { origin: local(), here: local(), ..world.visit() };
    world.asks_for_link(&visit, "casey").await;
    let mails = world.new_mails().await;
    assert!(world.link_in(&mails[0]).url.starts_with("http://localhost:3000/reset/"));
}

async fn without_mail_settings_the_answer_is_the_same(world: &mut World) {
    world.restart(|settings| settings.mail.transport = MailTransport::None).await;
    let casey = world.person("casey").await;
    for name in ["casey", "nobody"] {
        world.portal.ask_for_link(&world.visit(), name).await.unwrap();
    }
    world.portal.work_off().await.unwrap();
    assert_eq!(world.mail_states(&casey).await, ["waiting"]);
    assert_eq!(world.portal.mail_backlog().await.unwrap(), (1, 0));
    // As soon as there is a mail server, it leaves.
    world.minutes_pass(10);
    world.restart(|settings| settings.mail.transport = MailTransport::Folder).await;
    let mails = world.new_mails().await;
    world.uses(&world.link_in(&mails[0]), NEW).await.unwrap();
    world.mails().await;
}

async fn a_request_that_cannot_be_answered_holds_up_nobody(world: &mut World) {
    let (casey, drew) = (world.person("casey").await, world.person("drew").await);
    // Something is badly wrong with one account's rows.
    let sql = "UPDATE accounts SET language = 'tlh' WHERE id = $1";
    world.sql.run(sql, values![casey.id]).await;
    world.portal.ask_for_link(&world.visit(), "casey").await.unwrap();
    world.seconds_pass(1);
    world.portal.ask_for_link(&world.visit(), &drew.email).await.unwrap();
    let mails = world.new_mails().await;
    assert_eq!((mails.len(), &mails[0].to), (1, &drew.email));
    assert_eq!(world.work_left().await, (0, 0, 0));
}

async fn a_request_under_another_master_key_holds_up_nobody(world: &mut World) {
    world.portal.ask_for_link(&world.visit(), "casey").await.unwrap();
    world.sql.run("UPDATE forgotten_requests SET sealed = $1", values![vec![7u8; 64]]).await;
    world.seconds_pass(1);
    world.portal.ask_for_link(&world.visit(), "drew@blueberry.example").await.unwrap();
    let to: Vec<String> = world.new_mails().await.into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, ["drew@blueberry.example"]);
}

async fn asking_is_recorded(world: &mut World) {
    let casey = world.person("casey").await;
    world.asks_for_link(&world.visit_from("203.0.113.7"), "casey").await;
    world.asks_for_link(&world.visit_from("203.0.113.7"), "nobody").await;
    assert_eq!(world.recorded(&casey).await, ["reset_link_sent done"]);
    let lines: Vec<(String, String)> = world
        .sql
        .rows(
            "SELECT actor_kind, content FROM audit_entries JOIN audit_personal ON audit_id = id WHERE kind = 'reset_link_sent'",
            [],
        )
        .await;
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].0, "visitor");
    assert!(lines[0].1.contains("203.0.113.7"), "{}", lines[0].1);
}

async fn a_clock_that_was_ahead_keeps_nobody_from_asking(world: &mut World) {
    let casey = world.person("casey").await;
    let now = world.now();
    world.days_pass(365);
    let link = world.mailed_link(&casey).await;
    // The clock is set right.
    world.clock.set(now);
    assert_eq!(refusal(world.uses(&link, NEW).await), Refusal::LinkUnusable);
    // What was spent then comes back as evenly as ever: for the site, and for Casey.
    let visit = world.visit_from_anywhere();
    assert_eq!(wait(world.portal.ask_for_link(&visit, "casey").await), 6);
    world.seconds_pass(6);
    world.asks_for_link(&visit, "casey").await;
    assert_eq!(world.new_mails().await.len(), 0);
    world.minutes_pass(20);
    world.resets(&casey, NEW).await;
    assert!(world.lets_in(&casey, NEW).await);
    world.mails().await;
}
