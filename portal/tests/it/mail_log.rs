//! What became of an organization's mail, and sending again what was given up.

use model::{
    Refusal,
    id::MailId,
    mail::{MailObstacle, MailPage, MailState},
    refusal::Problem,
    staff::StaffObstacle,
};
use portal::{DEMO_PASSWORD, InviteStaff, Result, SendMailAgain};
use uuid::Uuid;

use crate::{
    rules::{becomes, proven},
    smtp::{At, Behaviour, ReceivedMail, ScriptedSmtp},
    sql::values,
    world::{Entered, Link, NEW, OTHER, Person, World, refusal, secret, smtp_settings, stories},
};

stories! {
    the_log_tells_what_became_of_mail_and_not_what_it_says,
    the_log_is_turned_page_by_page,
    a_link_that_never_arrived_is_sent_anew_and_the_old_one_is_void,
    a_notice_is_sent_again_as_it_was,
    an_invitation_is_sent_again,
    what_was_not_given_up_is_not_sent_again,
    two_who_send_again_at_once_send_one,
    sending_again_takes_a_fresh_proof_and_the_role,
    sending_again_is_no_way_around_owners,
    a_curious_reseller_next_door_sees_no_mail,
    sending_again_is_recorded,
    a_restored_backup_keeps_nothing_of_dead_letters,
    staff_see_at_the_customer_that_mail_does_not_arrive,
}

/// A mail server that gives up on the next letters, and takes those after them.
async fn refusing(world: &mut World, letters: usize) -> ScriptedSmtp {
    let script = vec![Behaviour::Answer(At::Recipient, "550 5.1.1 no such user"); letters];
    let server = ScriptedSmtp::start(script).await;
    let port = server.port();
    world.restart(|settings| settings.mail = smtp_settings(port)).await;
    server
}

async fn log(world: &World, by: &Entered, state: Option<MailState>) -> MailPage {
    world.portal.mail_log(&by.actor, None, state, None).await.unwrap()
}

/// The only dead letter.
pub async fn dead(world: &World, by: &Entered) -> MailId {
    let page = log(world, by, Some(MailState::Dead)).await;
    assert_eq!(page.rows.len(), 1, "{:?}", page.rows);
    page.rows[0].id
}

fn again(mail: MailId, reason: &str) -> SendMailAgain {
    SendMailAgain { mail, reason: reason.into() }
}

async fn sends(world: &World, by: &Entered, mail: MailId) -> Result<MailId> {
    let done = world.portal.send_mail_again(&by.actor, again(mail, "Asked on the phone")).await?;
    world.portal.work_off().await.unwrap();
    Ok(done.new)
}

fn link_in(world: &World, letter: &ReceivedMail, purpose: model::link::LinkPurpose) -> Link {
    let url = letter.link();
    let mut words = url.rsplit('/');
    let token = secret(words.next().unwrap());
    world.is_secret(&token);
    let id = words.next().unwrap().parse().unwrap();
    Link { purpose, id, token, url: url.clone() }
}

async fn the_log_tells_what_became_of_mail_and_not_what_it_says(world: &mut World) {
    let server = refusing(world, 1).await;
    world.asks_for_link(&world.visit(), "casey").await;
    world.seconds_pass(1);
    world.asks_for_link(&world.visit(), "drew@blueberry.example").await;
    let olivia = world.enters("olivia").await;
    let page = log(world, &olivia, None).await;
    let told: Vec<_> = page
        .rows
        .iter()
        .map(|row| (row.recipient.as_str(), row.kind.as_str(), row.state, row.attempts))
        .collect();
    assert_eq!(
        told,
        [
            ("drew@blueberry.example", "reset_link", MailState::Sent, 1),
            ("casey@acme.example", "reset_link", MailState::Dead, 1),
        ]
    );
    assert_eq!(page.rows[1].answer.as_deref(), Some("550 5.1.1 no such user"));
    assert_eq!(log(world, &olivia, Some(MailState::Sent)).await.rows.len(), 1);
    assert!(log(world, &olivia, Some(MailState::Waiting)).await.rows.is_empty());
    link_in(world, &server.received()[0], model::link::LinkPurpose::Reset);
    // What is kept of a dead letter is sealed, and has no link in it.
    let kept: Option<Vec<u8>> =
        world.sql.one("SELECT kept FROM outbox WHERE state = 'dead'", []).await;
    assert!(!String::from_utf8_lossy(&kept.unwrap()).contains("Casey"));
    let sealed: i64 =
        world.sql.one("SELECT COUNT(*) FROM outbox WHERE sealed IS NOT NULL", []).await;
    assert_eq!(sealed, 0);
    assert!(!format!("{page:?}").contains("/reset/"));
}

async fn the_log_is_turned_page_by_page(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let (site, organization) = (world.northwind, world.organization("Northwind Backup").await);
    for number in 0..120_i64 {
        world
            .sql
            .run(
                "INSERT INTO outbox (id, site_id, organization_id, kind, language, recipient, state, attempts, due_at, expires_at, created_at) VALUES ($1, $2, $3, 'test', 'en', 'a@b.example', $4, 1, $5, $5, $5)",
                values![
                    model::id::AccountId(Uuid::from_u128(7_000 + u128::try_from(number).unwrap())),
                    site,
                    organization,
                    if number % 2 == 0 { "sent" } else { "dead" },
                    // Some of one moment.
                    number / 7
                ],
            )
            .await;
    }
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = world.portal.mail_log(&olivia.actor, None, None, before).await.unwrap();
        assert!(page.rows.len() <= 50);
        seen.extend(page.rows.iter().map(|row| row.id));
        before = page.older;
        if before.is_none() {
            break;
        }
    }
    let mut sorted = seen.clone();
    sorted.sort_by(|a, b| b.cmp(a));
    sorted.dedup();
    assert_eq!((seen.len(), &seen), (120, &sorted));
    let dead = world
        .portal
        .mail_log(&olivia.actor, None, Some(MailState::Dead), Some(seen[60]))
        .await
        .unwrap();
    assert!(dead.rows.iter().all(|row| row.state == MailState::Dead && row.id < seen[60]));
    assert_eq!(dead.rows.len(), 29);
}

async fn a_link_that_never_arrived_is_sent_anew_and_the_old_one_is_void(world: &mut World) {
    let server = refusing(world, 1).await;
    world.asks_for_link(&world.visit(), "casey").await;
    let casey = world.person("casey").await;
    assert_eq!(world.link_states(&casey).await, ["open"]);
    let olivia = proven(world, "olivia").await;
    let old = dead(world, &olivia).await;
    let detail = world.portal.mail_detail(&olivia.actor, old).await.unwrap();
    assert!(detail.new_link && detail.needs_reason && detail.obstacle.is_none());
    let refused = world.portal.send_mail_again(&olivia.actor, again(old, " ")).await;
    assert_eq!(refusal(refused), Refusal::field("reason", Problem::Required));
    let new = sends(world, &olivia, old).await.unwrap();
    assert_eq!(world.link_states(&casey).await, ["void", "open"]);
    let link = link_in(world, &server.received()[0], model::link::LinkPurpose::Reset);
    world.uses(&link, NEW).await.unwrap();
    assert!(world.lets_in(&casey, NEW).await);
    let states = |id: MailId| {
        let page = log(world, &olivia, None);
        async move { page.await.rows.into_iter().find(|row| row.id == id).unwrap().state }
    };
    assert_eq!((states(old).await, states(new).await), (MailState::Replaced, MailState::Sent));
    world.portal.work_off().await.unwrap();
}

async fn a_notice_is_sent_again_as_it_was(world: &mut World) {
    let server = refusing(world, 1).await;
    let entered = world.enters("casey").await;
    world.change_password(&entered, DEMO_PASSWORD, NEW).await.unwrap();
    world.portal.work_off().await.unwrap();
    let olivia = proven(world, "olivia").await;
    let old = dead(world, &olivia).await;
    let detail = world.portal.mail_detail(&olivia.actor, old).await.unwrap();
    assert!(detail.new_link && !detail.needs_reason);
    world.minutes_pass(5);
    world.portal.send_mail_again(&olivia.actor, again(old, "")).await.unwrap();
    world.portal.work_off().await.unwrap();
    let letter = &server.received()[0];
    assert_eq!(letter.to, ["casey@acme.example"]);
    // It tells of then, from where it was; and "this wasn't me" works.
    assert!(letter.text().contains("09:00"), "{}", letter.text());
    let link = link_in(world, letter, model::link::LinkPurpose::Dispute);
    world.disputes(&link).await.unwrap();
    assert!(!world.lets_in(&entered.person, NEW).await);
    // Whose doing it was is known as if the first one had arrived.
    let known: i64 =
        world.sql.one("SELECT COUNT(*) FROM disputes WHERE reset_id IS NOT NULL", []).await;
    assert_eq!(known, 1);
    world.portal.work_off().await.unwrap();
    // To the address that is stored now.
    let states: Vec<String> = world
        .sql
        .column("SELECT state FROM links WHERE purpose = 'dispute' ORDER BY created_at", [])
        .await;
    assert_eq!(states[0], "void");
}

async fn an_invitation_is_sent_again(world: &mut World) {
    let server = refusing(world, 1).await;
    let olivia = proven(world, "olivia").await;
    let request = InviteStaff {
        scope: None,
        name: "Nova Lind".into(),
        email: "nova@northwind.example".into(),
        role: "agent".into(),
        language: "en".into(),
    };
    world.portal.invite_staff(&olivia.actor, request).await.unwrap();
    world.portal.work_off().await.unwrap();
    let old = dead(world, &olivia).await;
    sends(world, &olivia, old).await.unwrap();
    let letter = &server.received()[0];
    assert!(letter.text().contains("Olivia Berg has invited you"));
    let link = link_in(world, letter, model::link::LinkPurpose::Invitation);
    let request = crate::world::new_password(NEW);
    world.portal.accept_invitation(&world.visit(), link.id, &link.token, request).await.unwrap();
    world.portal.work_off().await.unwrap();
}

async fn what_was_not_given_up_is_not_sent_again(world: &mut World) {
    let server = refusing(world, 2).await;
    world.asks_for_link(&world.visit(), "casey").await;
    world.asks_for_link(&world.visit(), "lou@lakeside.example").await;
    world.asks_for_link(&world.visit(), "drew@blueberry.example").await;
    let olivia = proven(world, "olivia").await;
    let impossible = |obstacle| Refusal::MailImpossible(obstacle);
    let sent = log(world, &olivia, Some(MailState::Sent)).await.rows[0].id;
    assert_eq!(refusal(sends(world, &olivia, sent).await), impossible(MailObstacle::NotDead));
    let rows = log(world, &olivia, Some(MailState::Dead)).await.rows;
    let of =
        |who: &str| rows.iter().find(|row| row.recipient.as_str().starts_with(who)).unwrap().id;
    let (casey, lou) = (of("casey"), of("lou"));
    let person = world.person("lou").await;
    world.suspends(&person).await;
    assert_eq!(refusal(sends(world, &olivia, lou).await), impossible(MailObstacle::ReaderGone));
    sends(world, &olivia, casey).await.unwrap();
    assert_eq!(refusal(sends(world, &olivia, casey).await), impossible(MailObstacle::NotDead));
    // Of those that an earlier version gave up nothing was kept.
    world
        .sql
        .run("UPDATE outbox SET kept = NULL, state = 'dead' WHERE recipient LIKE 'casey%'", [])
        .await;
    assert_eq!(refusal(sends(world, &olivia, casey).await), impossible(MailObstacle::NothingKept));
    for letter in server.received() {
        link_in(world, &letter, model::link::LinkPurpose::Reset);
    }
}

async fn two_who_send_again_at_once_send_one(world: &mut World) {
    let server = refusing(world, 1).await;
    world.asks_for_link(&world.visit(), "casey").await;
    let (olivia, twice) = (proven(world, "olivia").await, proven(world, "olivia").await);
    let old = dead(world, &olivia).await;
    let another = world.another_node().await;
    let (a, b) = tokio::join!(
        world.portal.send_mail_again(&olivia.actor, again(old, "Called")),
        another.send_mail_again(&twice.actor, again(old, "Called")),
    );
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    world.portal.work_off().await.unwrap();
    assert_eq!(server.received().len(), 1);
    link_in(world, &server.received()[0], model::link::LinkPurpose::Reset);
    another.close().await;
}

async fn sending_again_takes_a_fresh_proof_and_the_role(world: &mut World) {
    let _server = refusing(world, 1).await;
    world.asks_for_link(&world.visit(), "casey").await;
    let olivia = world.enters("olivia").await;
    let old = dead(world, &olivia).await;
    assert_eq!(refusal(sends(world, &olivia, old).await), Refusal::StepUp);
    let (arun, ada) = (proven(world, "arun").await, proven(world, "ada").await);
    let page = world.portal.mail_log(&arun.actor, None, None, None).await;
    assert_eq!(refusal(page), Refusal::NotAllowed);
    assert_eq!(refusal(world.portal.mail_detail(&arun.actor, old).await), Refusal::NotAllowed);
    let detail = world.portal.mail_detail(&ada.actor, old).await.unwrap();
    assert_eq!(detail.obstacle, Some(MailObstacle::NotPermitted));
    for by in [&arun, &ada] {
        assert_eq!(refusal(sends(world, by, old).await), Refusal::NotAllowed);
    }
    let casey = world.enters("casey").await;
    let page = world.portal.mail_log(&casey.actor, None, None, None).await;
    assert_eq!(refusal(page), Refusal::NotFound);
    assert_eq!(refusal(sends(world, &casey, old).await), Refusal::NotFound);
}

async fn sending_again_is_no_way_around_owners(world: &mut World) {
    let _server = refusing(world, 1).await;
    let (robin, olivia) = (proven(world, "operator").await, world.person("olivia").await);
    let request = portal::SendStaffLink {
        staff: olivia.id,
        reason: "Lost everything".into(),
        ticket: String::new(),
    };
    world.portal.send_staff_link(&robin.actor, request).await.unwrap();
    world.portal.work_off().await.unwrap();
    becomes(world, "ada", "admin").await;
    let ada = proven(world, "ada").await;
    let old = dead(world, &ada).await;
    let owner = Refusal::StaffImpossible(StaffObstacle::Owner);
    assert_eq!(refusal(sends(world, &ada, old).await), owner);
    let olivia = proven(world, "olivia").await;
    let yourself = Refusal::StaffImpossible(StaffObstacle::Yourself);
    assert_eq!(refusal(sends(world, &olivia, old).await), yourself);
    assert!(world.lets_in(&olivia.person, DEMO_PASSWORD).await);
    assert!(!world.lets_in(&olivia.person, OTHER).await);
}

async fn a_curious_reseller_next_door_sees_no_mail(world: &mut World) {
    let _server = refusing(world, 1).await;
    world.asks_for_link(&world.visit(), "casey").await;
    let (olivia, carla) = (proven(world, "olivia").await, proven(world, "carla").await);
    let theirs = dead(world, &olivia).await;
    for id in [theirs, MailId(Uuid::nil())] {
        assert_eq!(refusal(world.portal.mail_detail(&carla.actor, id).await), Refusal::NotFound);
        assert_eq!(refusal(sends(world, &carla, id).await), Refusal::NotFound);
    }
    let scope = Some(world.organization("Northwind Backup").await);
    let page = world.portal.mail_log(&carla.actor, scope, None, None).await;
    assert_eq!(refusal(page), Refusal::NotFound);
    // Their mail is no place in one's own log either.
    let page = world.portal.mail_log(&carla.actor, None, None, Some(theirs)).await.unwrap();
    assert!(page.rows.is_empty());
}

async fn sending_again_is_recorded(world: &mut World) {
    let server = refusing(world, 1).await;
    world.asks_for_link(&world.visit(), "casey").await;
    let (olivia, casey): (Entered, Person) =
        (proven(world, "olivia").await, world.person("casey").await);
    let old = dead(world, &olivia).await;
    sends(world, &olivia, old).await.unwrap();
    assert_eq!(world.count_recorded(&casey, "mail_sent_again").await, 1);
    let told: String = world
        .sql
        .one(
            "SELECT content FROM audit_entries JOIN audit_personal ON audit_id = audit_entries.id WHERE kind = 'mail_sent_again'",
            [],
        )
        .await;
    assert!(told.contains("Olivia Berg") && told.contains("Asked on the phone"), "{told}");
    assert!(told.contains(r#""what":"mail","old":"reset_link""#), "{told}");
    link_in(world, &server.received()[0], model::link::LinkPurpose::Reset);
}

async fn a_restored_backup_keeps_nothing_of_dead_letters(world: &mut World) {
    let _server = refusing(world, 1).await;
    world.asks_for_link(&world.visit(), "casey").await;
    world.portal.restored().await.unwrap();
    let kept: i64 = world.sql.one("SELECT COUNT(*) FROM outbox WHERE kept IS NOT NULL", []).await;
    assert_eq!(kept, 0);
}

async fn staff_see_at_the_customer_that_mail_does_not_arrive(world: &mut World) {
    let _server = refusing(world, 1).await;
    let casey = world.person("casey").await;
    let (olivia, arun) = (proven(world, "olivia").await, world.enters("arun").await);
    let seen = async |world: &World, by: &Entered| {
        world.portal.view_customer(&by.actor, casey.id).await.unwrap().undelivered
    };
    assert_eq!(seen(world, &olivia).await, None);
    world.asks_for_link(&world.visit(), "casey").await;
    let mail = dead(world, &olivia).await;
    let there = seen(world, &olivia).await.expect("given up");
    assert_eq!((there.at, there.mail), (world.now(), Some(mail)));
    // An agent sees it too, and does not read the mail log.
    assert_eq!(seen(world, &arun).await.map(|it| it.mail), Some(None));
    // Nobody else's mail is meant.
    let drew = world.person("drew").await;
    let other = world.portal.view_customer(&olivia.actor, drew.id).await.unwrap();
    assert_eq!(other.undelivered, None);
    // The next one arrives.
    world.minutes_pass(3);
    world.asks_for_link(&world.visit(), "casey").await;
    assert_eq!(seen(world, &olivia).await, None);
}
