//! Mailed links: what they open, and what they do not.

use std::{collections::HashMap, time::Duration};

use model::{
    Refusal,
    id::LinkId,
    link::LinkPurpose,
    refusal::{FieldProblem, Problem},
};
use portal::{DEMO_PASSWORD, Error, NewPassword, Portal, Result};
use sha1::{Digest, Sha1};
use uuid::Uuid;

use crate::{
    sql::values,
    world::{Link, NEW, OTHER, World, new_password, refusal, secret, stories},
};

stories! {
    opening_a_link_changes_nothing,
    a_page_shows_whose_it_is_until_when_and_what_is_asked,
    a_link_ends_with_its_time,
    a_link_works_once,
    a_form_sent_twice_is_answered_twice_and_done_once,
    a_used_link_helps_nobody_guess,
    a_mangled_token_opens_nothing,
    a_link_opens_what_it_was_made_for_only,
    a_link_works_at_its_own_site_only,
    use_change_and_dispute_void_all_others,
    a_suspended_account_stays_as_it_is,
    a_link_changes_its_own_account_only,
    fifty_at_once_have_one_winner,
    a_refused_password_uses_nothing_up,
    every_problem_of_a_password_is_said,
    breached_passwords_are_refused,
    no_clock_brings_a_link_back,
    what_nobody_used_expires,
    what_is_long_over_is_forgotten,
}

async fn opening_a_link_changes_nothing(world: &mut World) {
    let casey = world.person("casey").await;
    let reset = world.mailed_link(&casey).await;
    let before = world.sql.everything().await;
    for _ in 0..20 {
        world.opens(&reset).await.unwrap();
    }
    let strange = Link { token: secret("strange"), ..reset.clone() };
    refusal(world.opens(&strange).await);
    assert_eq!(world.sql.everything().await, before);

    world.uses(&reset, NEW).await.unwrap();
    let dispute = world.notice_for(&casey).await;
    let before = world.sql.everything().await;
    for _ in 0..20 {
        world.opens(&dispute).await.unwrap();
        refusal(world.opens(&reset).await);
    }
    assert_eq!(world.sql.everything().await, before);
    assert!(world.lets_in(&casey, NEW).await);
}

async fn a_page_shows_whose_it_is_until_when_and_what_is_asked(world: &mut World) {
    world.sets_rule("Northwind Backup", "password_length_alone", Some(18), None).await;
    let link = world.mailed_link(&world.person("casey").await).await;
    let view = world.opens(&link).await.unwrap();
    assert_eq!(view.email, "c•••y@acme.example");
    assert_eq!(view.expires_at, world.now().plus(Duration::from_secs(1_800)));
    assert_eq!((view.rules.shortest, view.rules.longest), (18, 256));
}

/// Nothing comes of a link, whatever is done with it.
async fn is_worthless(world: &World, link: &Link) {
    assert_eq!(refusal(world.opens(link).await), Refusal::LinkUnusable);
    let result = match link.purpose {
        LinkPurpose::Dispute => world.disputes(link).await,
        _ => world.uses(link, OTHER).await,
    };
    assert_eq!(refusal(result), Refusal::LinkUnusable);
    // Nor is the password looked at.
    if link.purpose == LinkPurpose::Reset {
        assert_eq!(refusal(world.uses(link, "short").await), Refusal::LinkUnusable);
    }
}

async fn a_link_ends_with_its_time(world: &mut World) {
    let casey = world.person("casey").await;
    let link = world.mailed_link(&casey).await;
    world.seconds_pass(1_799);
    world.opens(&link).await.unwrap();
    world.seconds_pass(1);
    is_worthless(world, &link).await;
    assert!(world.lets_in(&casey, DEMO_PASSWORD).await);
}

async fn a_link_works_once(world: &mut World) {
    let casey = world.person("casey").await;
    let link = world.mailed_link(&casey).await;
    world.uses(&link, NEW).await.unwrap();
    is_worthless(world, &link).await;
    assert!(world.lets_in(&casey, NEW).await);
    world.mails().await;
}

/// Without scripts, whoever presses twice sees the answer to the second press only.
async fn a_form_sent_twice_is_answered_twice_and_done_once(world: &mut World) {
    let casey = world.person("casey").await;
    let link = world.mailed_link(&casey).await;
    world.uses(&link, NEW).await.unwrap();
    let before = world.sql.one::<i64>("SELECT COUNT(*) FROM audit_entries", []).await;
    world.seconds_pass(59);
    world.uses(&link, NEW).await.unwrap();
    refusal(world.opens(&link).await);
    is_worthless(world, &link).await;
    assert_eq!(world.sql.one::<i64>("SELECT COUNT(*) FROM audit_entries", []).await, before);
    let notice = world.notice_for(&casey).await;
    world.seconds_pass(1);
    assert_eq!(refusal(world.uses(&link, NEW).await), Refusal::LinkUnusable);

    world.disputes(&notice).await.unwrap();
    world.seconds_pass(59);
    world.disputes(&notice).await.unwrap();
    assert_eq!(world.count_recorded(&casey, "disputed").await, 1);
    world.seconds_pass(1);
    is_worthless(world, &notice).await;
    world.mails().await;
}

/// Nor is a used link a place to try passwords, for those who read the mail after its owner.
async fn a_used_link_helps_nobody_guess(world: &mut World) {
    let casey = world.person("casey").await;
    let link = world.mailed_link(&casey).await;
    world.uses(&link, NEW).await.unwrap();
    for _ in 0..3 {
        assert_eq!(refusal(world.uses(&link, OTHER).await), Refusal::LinkUnusable);
    }
    assert_eq!(refusal(world.uses(&link, NEW).await), Refusal::LinkUnusable);
    world.notice_for(&casey).await;

    // A password that is not the account's any more is none to be told about.
    let drew = world.person("drew").await;
    let link = world.mailed_link(&drew).await;
    world.uses(&link, NEW).await.unwrap();
    world.notice_for(&drew).await;
    let entered = world.enters_with("drew", NEW).await;
    world.change_password(&entered, NEW, OTHER).await.unwrap();
    assert_eq!(refusal(world.uses(&link, NEW).await), Refusal::LinkUnusable);
    world.mails().await;
}

async fn a_mangled_token_opens_nothing(world: &mut World) {
    let (casey, drew) = (world.person("casey").await, world.person("drew").await);
    let (link, other) = (world.mailed_link(&casey).await, world.mailed_link(&drew).await);
    let token = link.token.reveal();
    let mut bent = token.to_owned();
    bent.replace_range(0..1, if token.starts_with('A') { "B" } else { "A" });
    for mangled in [
        "",
        &bent,
        &token[1..],
        &format!("{token}A"),
        &format!("{token}="),
        &token.to_uppercase(),
        &format!("{token}\0"),
        &"A".repeat(1 << 20),
        other.token.reveal(),
    ] {
        is_worthless(world, &Link { token: secret(mangled), ..link.clone() }).await;
    }
    for id in [other.id, LinkId(Uuid::nil()), LinkId(Uuid::max()), LinkId(casey.id.0)] {
        is_worthless(world, &Link { id, ..link.clone() }).await;
    }
    for link in [&link, &other] {
        world.opens(link).await.unwrap();
    }
}

async fn a_link_opens_what_it_was_made_for_only(world: &mut World) {
    let casey = world.person("casey").await;
    let reset = world.mailed_link(&casey).await;
    assert_eq!(refusal(world.disputes(&reset).await), Refusal::LinkUnusable);
    for purpose in [
        LinkPurpose::Dispute,
        LinkPurpose::Invitation,
        LinkPurpose::ConfirmEmail,
        LinkPurpose::CancelEmail,
    ] {
        let result = world.portal.link(&world.visit(), reset.id, &reset.token, purpose).await;
        assert_eq!(refusal(result), Refusal::LinkUnusable);
    }
    world.uses(&reset, NEW).await.unwrap();
    let dispute = world.notice_for(&casey).await;
    assert_eq!(refusal(world.uses(&dispute, OTHER).await), Refusal::LinkUnusable);
    world.opens(&dispute).await.unwrap();
    assert!(world.lets_in(&casey, NEW).await);
}

async fn a_link_works_at_its_own_site_only(world: &mut World) {
    let link = world.mailed_link(&world.person("casey").await).await;
    let elsewhere = world.visit_at(world.contoso);
    let opened = world.portal.link(&elsewhere, link.id, &link.token, link.purpose).await;
    assert_eq!(refusal(opened), Refusal::LinkUnusable);
    let used = world.portal.use_link(&elsewhere, link.id, &link.token, new_password(NEW)).await;
    assert_eq!(refusal(used), Refusal::LinkUnusable);
    world.opens(&link).await.unwrap();
}

async fn use_change_and_dispute_void_all_others(world: &mut World) {
    async fn two_links(world: &World) -> [Link; 2] {
        world.hours_pass(1);
        let casey = world.person("casey").await;
        let first = world.mailed_link(&casey).await;
        world.minutes_pass(2);
        [first, world.mailed_link(&casey).await]
    }
    let casey = world.person("casey").await;
    let drews = world.mailed_link(&world.person("drew").await).await;

    // Use.
    let [one, other] = two_links(world).await;
    world.uses(&other, NEW).await.unwrap();
    is_worthless(world, &one).await;
    let notice = world.notice_for(&casey).await;

    // A change voids also what came with the notice before.
    let links = two_links(world).await;
    let entered = world.enters_with("casey", NEW).await;
    world.change_password(&entered, NEW, OTHER).await.unwrap();
    for link in links.iter().chain([&notice]) {
        is_worthless(world, link).await;
    }
    let notice = world.notice_for(&casey).await;

    // Dispute.
    let links = two_links(world).await;
    world.disputes(&notice).await.unwrap();
    for link in &links {
        is_worthless(world, link).await;
    }
    // Nobody else's.
    let open: i64 = world
        .sql
        .one("SELECT COUNT(*) FROM links WHERE state = 'open' AND id = $1", values![drews.id])
        .await;
    assert_eq!(open, 1);
    world.mails().await;
}

async fn a_suspended_account_stays_as_it_is(world: &mut World) {
    let casey = world.person("casey").await;
    let link = world.mailed_link(&casey).await;
    world.suspends(&casey).await;
    is_worthless(world, &link).await;

    let fjord = world.customer_of("Fjord IT").await;
    let link = world.mailed_link(&fjord).await;
    world.uses(&link, NEW).await.unwrap();
    let notice = world.notice_for(&fjord).await;
    world.suspends_organization("Northwind Backup").await;
    is_worthless(world, &notice).await;
}

async fn a_link_changes_its_own_account_only(world: &mut World) {
    async fn hashes(world: &World) -> HashMap<Uuid, Option<String>> {
        world.sql.rows("SELECT id, password_hash FROM accounts", []).await.into_iter().collect()
    }
    let casey = world.person("casey").await;
    let link = world.mailed_link(&casey).await;
    let mut before = hashes(world).await;
    world.uses(&link, NEW).await.unwrap();
    let after = hashes(world).await;
    assert_ne!(before.insert(casey.id.0, after[&casey.id.0].clone()), None);
    assert_eq!(before, after);
    world.mails().await;
}

async fn fifty_at_once_have_one_winner(world: &mut World) {
    let casey = world.person("casey").await;
    let link = world.mailed_link(&casey).await;
    let nodes = [world.portal.clone()];
    let winner = one_of_fifty_wins(world, &nodes, &link).await;
    assert!(world.lets_in(&casey, &winner).await);
    assert_eq!(world.count_recorded(&casey, "reset_started").await, 1);
    assert_eq!(world.count_recorded(&casey, "reset_done").await, 1);
    world.notice_for(&casey).await;
}

/// Fifty use one link at once, each with a password of their own; the password of the one who won.
pub async fn one_of_fifty_wins(world: &World, nodes: &[Portal], link: &Link) -> String {
    let mut uses = tokio::task::JoinSet::new();
    for (number, node) in (0..50).zip(nodes.iter().cycle()) {
        let (node, visit, link) = (node.clone(), world.visit_from_anywhere(), link.clone());
        let password = format!("velvet orbit canyon {number}");
        uses.spawn(async move {
            loop {
                let form = new_password(&password);
                match node.use_link(&visit, link.id, &link.token, form).await {
                    // On a slow machine; whoever is told to come back does.
                    Err(Error::Busy { .. }) => {}
                    result => return (password, result),
                }
            }
        });
    }
    let results: Vec<(String, Result<()>)> = uses.join_all().await;
    let (mut won, lost): (Vec<_>, Vec<_>) =
        results.into_iter().partition(|(_, result)| result.is_ok());
    assert_eq!((won.len(), lost.len()), (1, 49));
    for (_, result) in lost {
        assert_eq!(refusal(result), Refusal::LinkUnusable);
    }
    won.remove(0).0
}

async fn a_refused_password_uses_nothing_up(world: &mut World) {
    let casey = world.person("casey").await;
    let link = world.mailed_link(&casey).await;
    for _ in 0..30 {
        refusal(world.uses(&link, "too short").await);
    }
    assert_eq!(world.recorded(&casey).await, ["reset_link_sent done"]);
    world.uses(&link, NEW).await.unwrap();
    world.mails().await;
}

async fn every_problem_of_a_password_is_said(world: &mut World) {
    let link = world.mailed_link(&world.person("casey").await).await;
    let field = |field: &str, problem| FieldProblem { field: field.into(), problem };
    let (too_long, enormous) = ("ab ".repeat(86), "x".repeat(1 << 20));
    for (new, retype, problems) in [
        ("", "", vec![field("new", Problem::Required)]),
        ("short", "short", vec![field("new", Problem::PasswordTooShort { min: 15, have: 5 })]),
        (
            "short",
            "shirt",
            vec![
                field("new", Problem::PasswordTooShort { min: 15, have: 5 }),
                field("retype", Problem::RetypeDiffers),
            ],
        ),
        (&too_long, &too_long, vec![field("new", Problem::PasswordTooLong { max: 256 })]),
        (&enormous, &enormous, vec![field("new", Problem::PasswordTooLong { max: 256 })]),
        (NEW, "", vec![field("retype", Problem::Required)]),
        (NEW, OTHER, vec![field("retype", Problem::RetypeDiffers)]),
        ("passwordpassword", "passwordpassword", vec![field("new", Problem::PasswordGuessable)]),
        ("caseythornton2026", "caseythornton2026", vec![field("new", Problem::PasswordIsPersonal)]),
        (
            "casey@acme.example",
            "casey@acme.example",
            vec![field("new", Problem::PasswordIsPersonal)],
        ),
        ("Northwind-Backup!", "Northwind-Backup!", vec![field("new", Problem::PasswordIsOurName)]),
        (DEMO_PASSWORD, DEMO_PASSWORD, vec![field("new", Problem::PasswordUsedBefore)]),
    ] {
        let request =
            NewPassword { new: secret(new), retype: secret(retype), ..NewPassword::default() };
        let result = world.portal.use_link(&world.visit(), link.id, &link.token, request).await;
        assert_eq!(refusal(result), Refusal::Fields(problems), "{}", &new[..new.len().min(40)]);
    }
    // 256 characters of any kind are fine, typed alike on two keyboards.
    let (composed, decomposed) = ("f\u{e9}e de la for\u{ea}t", "fe\u{301}e de la fore\u{302}t");
    let (new, retype) = (composed.repeat(16) + "abc", decomposed.repeat(16) + "abc");
    let request =
        NewPassword { new: secret(&new), retype: secret(&retype), ..NewPassword::default() };
    world.portal.use_link(&world.visit(), link.id, &link.token, request).await.unwrap();
    world.is_secret(&secret(&new));
    assert!(world.lets_in(&world.person("casey").await, &retype).await);
    world.mails().await;
}

async fn breached_passwords_are_refused(world: &mut World) {
    let file = world.folder().join("pwned.txt");
    let mut lines: Vec<String> = [NEW, "another that was in a breach"]
        .map(|text| {
            let digest = Sha1::digest(text.as_bytes());
            digest.iter().fold(String::new(), |line, byte| line + &format!("{byte:02X}")) + ":3\r\n"
        })
        .into();
    lines.sort();
    std::fs::write(&file, lines.concat()).unwrap();
    world.restart(|settings| settings.breached_passwords = Some(file)).await;
    let link = world.mailed_link(&world.person("casey").await).await;
    let result = world.uses(&link, NEW).await;
    assert_eq!(refusal(result), Refusal::field("new", Problem::PasswordBreached));
    world.uses(&link, OTHER).await.unwrap();
    world.mails().await;
}

async fn no_clock_brings_a_link_back(world: &mut World) {
    let casey = world.person("casey").await;
    let link = world.mailed_link(&casey).await;
    let begin = world.now();
    // Clocks of nodes differ a little.
    world.clock.set(begin.minus(Duration::from_secs(120)));
    world.opens(&link).await.unwrap();
    world.clock.set(begin.minus(Duration::from_secs(121)));
    is_worthless(world, &link).await;
    // Over is over: a round of tidying up makes sure.
    world.clock.set(begin.plus(Duration::from_secs(1_800)));
    world.portal.tidy().await.unwrap();
    world.clock.set(begin);
    is_worthless(world, &link).await;
    assert_eq!(world.link_states(&casey).await, ["expired"]);
}

async fn what_nobody_used_expires(world: &mut World) {
    let casey = world.person("casey").await;
    world.mailed_link(&casey).await;
    world.minutes_pass(2);
    world.mailed_link(&casey).await;
    world.minutes_pass(28);
    world.portal.tidy().await.unwrap();
    assert_eq!(world.link_states(&casey).await, ["expired", "open"]);
    assert_eq!(world.reset_states(&casey).await, ["expired", "waiting_for_customer"]);
    world.minutes_pass(2);
    world.portal.tidy().await.unwrap();
    assert_eq!(world.reset_states(&casey).await, ["expired", "expired"]);
}

async fn what_is_long_over_is_forgotten(world: &mut World) {
    let casey = world.person("casey").await;
    world.enters("casey").await;
    world.sign_in(&world.visit(), "nobody", NEW).await.unwrap_err();
    world.resets(&casey, NEW).await;
    world.mails().await;
    world.days_pass(8);
    world.portal.tidy().await.unwrap();
    world.days_pass(91);
    world.portal.tidy().await.unwrap();
    for table in [
        "SELECT COUNT(*) FROM links",
        "SELECT COUNT(*) FROM outbox",
        "SELECT COUNT(*) FROM throttles",
        "SELECT COUNT(*) FROM sign_in_counters",
        "SELECT COUNT(*) FROM sessions",
        "SELECT COUNT(*) FROM devices",
    ] {
        assert_eq!(world.sql.one::<i64>(table, []).await, 0, "{table}");
    }
    // What happened stays on record.
    assert_eq!(world.reset_states(&casey).await, ["done"]);
    assert_eq!(world.count_recorded(&casey, "reset_done").await, 1);
}
