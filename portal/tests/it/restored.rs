//! After a restore from a backup.

use model::Refusal;
use portal::{DEMO_PASSWORD, RestoredReport, mail::MailTransport};

use crate::{
    sql::values,
    world::{NEW, OTHER, WRONG, World, refusal, stories, wait},
};

stories! {
    nothing_that_the_backup_knew_lives_again,
    people_carry_on_with_their_passwords,
    it_is_recorded_in_every_chain,
}

async fn nothing_that_the_backup_knew_lives_again(world: &mut World) {
    let (casey, phone, drew) =
        (world.enters("casey").await, world.enters("casey").await, world.enters("drew").await);
    let link = world.mailed_link(&casey.person).await;
    world.resets(&drew.person, NEW).await;
    let notice = world.notice_for(&drew.person).await;
    let drew = world.enters_with("drew", NEW).await;
    world.restart(|settings| settings.mail.transport = MailTransport::None).await;
    world.minutes_pass(2);
    world.asks_for_link(&world.visit(), "casey").await;
    world.portal.ask_for_link(&world.visit(), "lou@lakeside.example").await.unwrap();
    let seal = "UPDATE resets SET sealed_password = $1, seal_expires_at = 1 WHERE account_id = $2";
    world.sql.run(seal, values![vec![1u8, 2, 3], drew.person.id]).await;

    let report = world.portal.restored().await.unwrap();
    assert_eq!(
        report,
        RestoredReport {
            sessions: 3,
            links: 3,
            devices: 3,
            mails: 1,
            seals: 1,
            ..RestoredReport::default()
        }
    );
    for entered in [&casey, &phone, &drew] {
        assert!(!world.holds(entered).await);
    }
    assert_eq!(refusal(world.uses(&link, OTHER).await), Refusal::LinkUnusable);
    assert_eq!(refusal(world.disputes(&notice).await), Refusal::LinkUnusable);
    // Known devices are strangers.
    for _ in 0..5 {
        world.sign_in(&world.visit_from_anywhere(), "casey", WRONG).await.unwrap_err();
    }
    wait(world.sign_in(&casey.known_visit(), "casey", DEMO_PASSWORD).await);
    // No mail leaves, no request is answered.
    world.restart(|settings| settings.mail.transport = MailTransport::Folder).await;
    world.minutes_pass(2);
    assert_eq!(world.new_mails().await.len(), 0);
    assert_eq!(world.reset_states(&casey.person).await, ["expired", "expired"]);
    let sealed: Vec<(Option<Vec<u8>>, Option<i64>)> = world
        .sql
        .rows("SELECT sealed_password, seal_expires_at FROM resets WHERE state = 'done'", [])
        .await;
    assert_eq!(sealed, [(None, None)]);
    assert_eq!(world.portal.restored().await.unwrap(), RestoredReport::default());
}

async fn people_carry_on_with_their_passwords(world: &mut World) {
    let casey = world.person("casey").await;
    world.mailed_link(&casey).await;
    world.portal.restored().await.unwrap();
    assert!(world.lets_in(&casey, DEMO_PASSWORD).await);
    // A fresh link can be had at once.
    world.resets(&casey, NEW).await;
    assert!(world.lets_in(&casey, NEW).await);
    world.mails().await;
}

async fn it_is_recorded_in_every_chain(world: &mut World) {
    world.portal.restored().await.unwrap();
    let chains: Vec<(String, String)> = world
        .sql
        .rows("SELECT kind, actor_kind FROM audit_entries ORDER BY organization_id", [])
        .await;
    assert_eq!(chains, vec![("restored".to_owned(), "command_line".to_owned()); 4]);
}
