//! "This wasn't me."

use model::Refusal;
use portal::DEMO_PASSWORD;

use crate::world::{Link, NEW, OTHER, World, refusal, stories};

stories! {
    it_freezes_the_account,
    the_owner_and_those_who_look_after_them_are_told,
    only_a_fresh_link_brings_it_back,
    a_link_objects_once,
    of_staff_only_owners_are_told,
    nothing_a_flood_does_opens_it,
    it_is_recorded,
}

/// Somebody changes Casey's password; the link of the notice.
async fn a_change(world: &World) -> Link {
    let thief = world.enters("casey").await;
    world.change_password(&thief, DEMO_PASSWORD, NEW).await.unwrap();
    world.notice_for(&thief.person).await
}

async fn it_freezes_the_account(world: &mut World) {
    let notice = a_change(world).await;
    let casey = world.person("casey").await;
    let (thief, link) = (world.enters_with("casey", NEW).await, world.mailed_link(&casey).await);
    world.disputes(&notice).await.unwrap();
    assert!(!world.holds(&thief).await);
    assert_eq!(refusal(world.uses(&link, OTHER).await), Refusal::LinkUnusable);
    for password in [NEW, DEMO_PASSWORD] {
        assert!(!world.lets_in(&casey, password).await);
    }
    let known = world.sign_in(&thief.known_visit(), "casey", NEW).await;
    assert_eq!(refusal(known), Refusal::SignInFailed);
    let changed = world.change_password(&thief, NEW, OTHER).await;
    assert!(changed.is_err());
    world.days_pass(365);
    world.portal.tidy().await.unwrap();
    assert!(!world.lets_in(&casey, NEW).await);
    world.mails().await;
}

async fn the_owner_and_those_who_look_after_them_are_told(world: &mut World) {
    let notice = a_change(world).await;
    world.disputes(&notice).await.unwrap();
    let mut mails = world.new_mails().await;
    mails.sort_by(|a, b| a.to.cmp(&b.to));
    let to: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
    // Not those who only read.
    assert_eq!(to, ["arun@northwind.example", "casey@acme.example", "olivia@northwind.example"]);
    assert!(
        mails[1].text.contains("https://portal.northwind.example/forgot\n"),
        "{}",
        mails[1].text
    );
    for mail in [&mails[0], &mails[2]] {
        for part in ["Casey Thornton", "c•••y@acme.example", "Northwind Backup"] {
            assert!(mail.says(part), "{part} in {}", mail.text);
        }
        assert!(!mail.text.contains("casey@acme.example"));
    }
}

async fn only_a_fresh_link_brings_it_back(world: &mut World) {
    let casey = world.person("casey").await;
    let notice = a_change(world).await;
    world.disputes(&notice).await.unwrap();
    world.mails().await;
    world.resets(&casey, OTHER).await;
    assert!(world.lets_in(&casey, OTHER).await);
    assert!(!world.lets_in(&casey, NEW).await);
    // And may be objected to again.
    let notice = world.notice_for(&casey).await;
    world.disputes(&notice).await.unwrap();
    assert!(!world.lets_in(&casey, OTHER).await);
    world.mails().await;
}

async fn a_link_objects_once(world: &mut World) {
    let notice = a_change(world).await;
    let mut clicks = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (portal, visit, link) =
            (world.portal.clone(), world.visit_from_anywhere(), notice.clone());
        clicks.spawn(async move { portal.dispute(&visit, link.id, &link.token).await });
    }
    // It is said once, however often, and everybody who presses twice is told so.
    for result in clicks.join_all().await {
        result.unwrap();
    }
    assert_eq!(world.new_mails().await.len(), 3);
}

async fn of_staff_only_owners_are_told(world: &mut World) {
    let arun = world.enters("arun").await;
    world.change_password(&arun, DEMO_PASSWORD, NEW).await.unwrap();
    let notice = world.notice_for(&arun.person).await;
    world.disputes(&notice).await.unwrap();
    let mut to: Vec<String> = world.new_mails().await.into_iter().map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, ["arun@northwind.example", "olivia@northwind.example"]);
    assert!(!world.lets_in(&arun.person, NEW).await);
    // Staff have no link of their own: the command line sets them free.
    world.asks_for_link(&world.visit(), &arun.person.email).await;
    assert!(!world.new_mails().await[0].text.contains("/reset/"));
    let password = world.portal.reset_staff_password(&arun.person.email, None).await.unwrap();
    assert!(world.lets_in(&arun.person, password.reveal()).await);
    world.mails().await;
}

async fn nothing_a_flood_does_opens_it(world: &mut World) {
    let casey = world.person("casey").await;
    let notice = a_change(world).await;
    world.disputes(&notice).await.unwrap();
    for _ in 0..10 {
        let result = world.sign_in(&world.visit_from_anywhere(), "casey", NEW).await;
        assert_eq!(refusal(result), Refusal::SignInFailed);
        world.seconds_pass(10);
    }
    // A lock by failures came on top, and opens by itself; the freeze stays.
    world.minutes_pass(15);
    assert!(!world.lets_in(&casey, NEW).await);
    let locked: Option<String> = world
        .sql
        .one("SELECT locked_by FROM accounts WHERE id = $1", crate::sql::values![casey.id])
        .await;
    assert_eq!(locked.as_deref(), Some("dispute"));
    world.mails().await;
}

async fn it_is_recorded(world: &mut World) {
    let casey = world.person("casey").await;
    let notice = a_change(world).await;
    world.disputes(&notice).await.unwrap();
    assert_eq!(world.recorded(&casey).await.last().unwrap(), "disputed done");
    world.mails().await;
}
