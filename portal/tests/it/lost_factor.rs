//! Staff remove second factors that somebody lost: who may, after what, and what goes with it.

use std::sync::atomic::{AtomicU32, Ordering};

use model::{
    Refusal,
    account::AccountKind,
    call::CallerRule,
    factor::{FactorDesk, RemovalDeed, RemovalObstacle},
    id::AccountId,
    link::LinkPurpose,
    refusal::Problem,
    reset::Obstacle,
};
use portal::{
    DEMO_PASSWORD, Reached, RemoveFactor, Result, SendLink, config::Settings, mail::MailTransport,
};
use uuid::Uuid;

use crate::{
    caller::{asks_for, enters_code_for, mailed},
    reset_desk::at_the_desk,
    rules::becomes,
    sql::values,
    world::{Entered, Link, Mail, NEW, Person, World, refusal, stories, wait},
};

stories! {
    a_customers_lost_factor_is_removed_at_once,
    without_a_verified_caller_nothing_is_removed,
    a_receipt_is_for_one_action_by_one_operator_for_one_account_once,
    the_caller_is_verified_by_mail_and_whatever_the_policy_says,
    it_needs_a_fresh_proof_and_a_reason,
    who_may_remove_a_factor,
    another_resellers_people_are_as_good_as_none,
    an_admin_removes_no_owners_factor,
    the_last_owner_has_only_the_command_line,
    what_is_in_the_way_is_said,
    a_removal_is_disputed_like_a_reset,
    two_operators_at_once_ask_once,
    pressed_twice_it_is_one_removal,
    asking_has_a_limit,
    open_links_to_a_password_end_with_the_factor,
    a_password_that_leaned_on_it_has_to_be_changed,
    where_one_is_needed_another_one_is_set_up,
    asking_stopping_and_removing_are_recorded_with_the_reason,
}

pub const FOR_CUSTOMERS: &str = "customer_cooling_off_hours";
pub const FOR_STAFF: &str = "staff_cooling_off_hours";

/// Somebody with an app and recovery codes: a session of theirs, the app's secret, the codes.
pub async fn with_factor(world: &World, who: &str) -> (Entered, String, Vec<String>) {
    let entered = world.proves(&world.enters(who).await).await;
    let (app, codes) = world.sets_up_app(&entered).await;
    (entered, app, codes)
}

/// An operator verifies that it is they who call.
pub async fn verifies(world: &World, operator: &Entered, person: &Person) {
    world.new_mails().await;
    asks_for(world, operator, person, ("remove_factor", "mail")).await.unwrap();
    let (code, _) = mailed(world).await;
    enters_code_for(world, operator, person, ("remove_factor", &code)).await.unwrap();
}

/// Each with a reason of its own: the same one again would be a form that was sent twice.
fn request(person: &Person) -> RemoveFactor {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let reason = format!("Call {call}: the phone fell into the harbour");
    RemoveFactor { account: person.id, reason, ticket: "T-77".into() }
}

pub async fn removes(world: &World, operator: &Entered, person: &Person) -> Result<RemovalDeed> {
    let done = world.portal.remove_lost_factor(&operator.actor, request(person)).await?;
    assert_eq!(done.account, person.id);
    Ok(done.deed)
}

/// An operator who has just proven who they are verifies the caller and removes the factor.
pub async fn asks(world: &World, operator: &str, person: &Person) -> RemovalDeed {
    let operator = at_the_desk(world, operator).await;
    verifies(world, &operator, person).await;
    removes(world, &operator, person).await.unwrap()
}

pub fn impossible(obstacle: RemovalObstacle) -> Refusal {
    Refusal::RemovalImpossible(obstacle)
}

pub async fn desk(world: &World, operator: &Entered, person: &Person) -> FactorDesk {
    world.portal.factor_desk(&operator.actor, person.id).await.unwrap()
}

pub async fn has_factor(world: &World, person: &Person) -> bool {
    let sql = "SELECT COUNT(*) FROM factors WHERE account_id = $1";
    world.sql.one::<i64>(sql, values![person.id]).await > 0
}

pub async fn states(world: &World, person: &Person) -> Vec<String> {
    let sql = "SELECT state FROM factor_removals WHERE account_id = $1 ORDER BY created_at, id";
    world.sql.column(sql, values![person.id]).await
}

/// The mail with a way to object that went to somebody.
pub async fn objection(world: &World, person: &Person) -> (Mail, Link) {
    let mails = world.new_mails().await;
    let mail = mails.into_iter().rfind(|mail| mail.to == person.email).expect("a notice");
    let link = world.link_in(&mail);
    assert_eq!(link.purpose, LinkPurpose::Dispute);
    (mail, link)
}

async fn a_customers_lost_factor_is_removed_at_once(world: &mut World) {
    let (casey, ..) = with_factor(world, "casey").await;
    let hash = world.hash_of(&casey.person).await;
    let olivia = at_the_desk(world, "olivia").await;
    let before = desk(world, &olivia, &casey.person).await;
    assert_eq!((before.kind, before.hours), (AccountKind::Customer, 0));
    assert!(before.stepped_up && before.obstacle.is_none() && !before.needed);
    verifies(world, &olivia, &casey.person).await;
    assert_eq!(removes(world, &olivia, &casey.person).await.unwrap(), RemovalDeed::Removed);

    assert!(!has_factor(world, &casey.person).await);
    // It ends every session and forgets every device, signs nobody in, changes no password.
    assert!(!world.holds(&casey).await);
    let known = "SELECT COUNT(*) FROM devices WHERE account_id = $1 AND revoked_at IS NULL";
    assert_eq!(world.sql.one::<i64>(known, values![casey.person.id]).await, 0);
    assert_eq!(world.hash_of(&casey.person).await, hash);
    assert_eq!(world.reaches(&world.visit(), "casey").await, Reached::Everything);
    let (mail, _) = objection(world, &casey.person).await;
    assert_eq!(mail.subject, "Your second factor was removed");
    // Where staff sit is nothing to those they look after.
    assert!(!mail.text.contains("Firefox"), "{}", mail.text);
    assert_eq!(states(world, &casey.person).await, ["done"]);
    let view = world.portal.view_customer(&olivia.actor, casey.person.id).await.unwrap();
    assert!(!view.standing.has_factor && view.removal.is_none());
}

async fn without_a_verified_caller_nothing_is_removed(world: &mut World) {
    let (casey, ..) = with_factor(world, "casey").await;
    let olivia = at_the_desk(world, "olivia").await;
    let unknown = impossible(RemovalObstacle::CallerUnknown);
    assert_eq!(refusal(removes(world, &olivia, &casey.person).await), unknown);
    asks_for(world, &olivia, &casey.person, ("remove_factor", "mail")).await.unwrap();
    assert_eq!(refusal(removes(world, &olivia, &casey.person).await), unknown);
    let (code, _) = mailed(world).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let wrong = enters_code_for(world, &olivia, &casey.person, ("remove_factor", wrong)).await;
    assert_eq!(refusal(wrong), Refusal::field("code", Problem::CodeWrong));
    assert_eq!(refusal(removes(world, &olivia, &casey.person).await), unknown);
    assert!(has_factor(world, &casey.person).await && world.holds(&casey).await);
    let recorded = world.recorded(&casey.person).await;
    assert!(recorded.contains(&"factor_removal_asked refused".to_owned()), "{recorded:?}");
}

async fn a_receipt_is_for_one_action_by_one_operator_for_one_account_once(world: &mut World) {
    let (casey, ..) = with_factor(world, "casey").await;
    let (drew, ..) = with_factor(world, "drew").await;
    let (olivia, robin) =
        (at_the_desk(world, "olivia").await, at_the_desk(world, "operator").await);
    let unknown = impossible(RemovalObstacle::CallerUnknown);
    // A code for a password is none for a factor, nor is what it earns.
    asks_for(world, &olivia, &casey.person, ("set_password", "mail")).await.unwrap();
    let (code, _) = mailed(world).await;
    let other = enters_code_for(world, &olivia, &casey.person, ("remove_factor", &code)).await;
    assert_eq!(refusal(other), Refusal::field("code", Problem::CodeOver));
    enters_code_for(world, &olivia, &casey.person, ("set_password", &code)).await.unwrap();
    assert_eq!(refusal(removes(world, &olivia, &casey.person).await), unknown);
    // Another operator's, and one for somebody else.
    verifies(world, &robin, &casey.person).await;
    verifies(world, &olivia, &drew.person).await;
    assert_eq!(refusal(removes(world, &olivia, &casey.person).await), unknown);
    removes(world, &robin, &casey.person).await.unwrap();
    // Once: whoever sets up another one has lost nothing.
    let casey = world.proves(&world.enters("casey").await).await;
    world.sets_up_app(&casey).await;
    assert_eq!(refusal(removes(world, &robin, &casey.person).await), unknown);
    // Nor is it one for a password.
    world.sets_rule("Northwind Backup", "caller_verification", Some(2), None).await;
    verifies(world, &robin, &casey.person).await;
    let reset = world.portal.reset_desk(&robin.actor, casey.person.id, None).await.unwrap();
    assert_eq!(reset.caller.verified_until, None);
    assert!(desk(world, &robin, &casey.person).await.caller.verified_until.is_some());
    assert!(has_factor(world, &drew.person).await);
}

async fn the_caller_is_verified_by_mail_and_whatever_the_policy_says(world: &mut World) {
    world.sets_rule("Northwind Backup", "caller_verification", Some(0), None).await;
    let (casey, ..) = with_factor(world, "casey").await;
    let olivia = at_the_desk(world, "olivia").await;
    let caller = desk(world, &olivia, &casey.person).await.caller;
    assert_eq!((caller.rule, caller.mails), (CallerRule::Required, true));
    assert_eq!(caller.email, "c•••y@acme.example");
    let unknown = impossible(RemovalObstacle::CallerUnknown);
    assert_eq!(refusal(removes(world, &olivia, &casey.person).await), unknown);
    // Whoever is signed in could read it to anybody.
    let shown = asks_for(world, &olivia, &casey.person, ("remove_factor", "account")).await;
    assert_eq!(refusal(shown), Refusal::field("method", Problem::NotAChoice));
    assert_eq!(world.portal.calls(&casey.actor).await.unwrap(), []);
    verifies(world, &olivia, &casey.person).await;
    removes(world, &olivia, &casey.person).await.unwrap();
    world.new_mails().await;
    // Without mail there is no way.
    let (drew, ..) = with_factor(world, "drew").await;
    world.restart(|settings: &mut Settings| settings.mail.transport = MailTransport::None).await;
    let no_mail = impossible(RemovalObstacle::NoMail);
    assert_eq!(desk(world, &olivia, &drew.person).await.obstacle, Some(RemovalObstacle::NoMail));
    let asked = asks_for(world, &olivia, &drew.person, ("remove_factor", "mail")).await;
    assert_eq!(refusal(asked), no_mail);
}

async fn it_needs_a_fresh_proof_and_a_reason(world: &mut World) {
    let (casey, ..) = with_factor(world, "casey").await;
    let olivia = world.enters("olivia").await;
    let asked = asks_for(world, &olivia, &casey.person, ("remove_factor", "mail")).await;
    assert_eq!(refusal(asked), Refusal::StepUp);
    assert_eq!(refusal(removes(world, &olivia, &casey.person).await), Refusal::StepUp);
    assert!(!desk(world, &olivia, &casey.person).await.stepped_up);
    let olivia = world.proves(&olivia).await;
    verifies(world, &olivia, &casey.person).await;
    let bare = RemoveFactor { reason: " ".into(), ..request(&casey.person) };
    let refused = refusal(world.portal.remove_lost_factor(&olivia.actor, bare).await);
    assert_eq!(refused, Refusal::field("reason", Problem::Required));
    world.minutes_pass(10);
    assert_eq!(refusal(removes(world, &olivia, &casey.person).await), Refusal::StepUp);
    // By then the receipt is over, too.
    let olivia = world.proves(&olivia).await;
    let unknown = impossible(RemovalObstacle::CallerUnknown);
    assert_eq!(refusal(removes(world, &olivia, &casey.person).await), unknown);
    assert!(has_factor(world, &casey.person).await);
}

async fn who_may_remove_a_factor(world: &mut World) {
    let (casey, ..) = with_factor(world, "casey").await;
    for who in ["arun", "ada"] {
        let operator = at_the_desk(world, who).await;
        let asked = asks_for(world, &operator, &casey.person, ("remove_factor", "mail")).await;
        assert_eq!(refusal(asked), Refusal::NotAllowed, "{who}");
        assert_eq!(refusal(removes(world, &operator, &casey.person).await), Refusal::NotAllowed);
        let stopped = world.portal.stop_factor_removal(&operator.actor, casey.person.id).await;
        assert_eq!(refusal(stopped), Refusal::NotAllowed);
        // They see why, and that they do not see it of staff is another matter.
        let view = desk(world, &operator, &casey.person).await;
        assert_eq!((view.obstacle, view.may_stop), (Some(RemovalObstacle::NotPermitted), false));
    }
    let arun = at_the_desk(world, "arun").await;
    let ada = world.person("ada").await;
    let of_staff = world.portal.factor_desk(&arun.actor, ada.id).await;
    assert_eq!(refusal(of_staff), Refusal::NotAllowed);
    let drew = world.enters("drew").await;
    assert_eq!(refusal(removes(world, &drew, &casey.person).await), Refusal::NotFound);
    let view = world.portal.factor_desk(&drew.actor, casey.person.id).await;
    assert_eq!(refusal(view), Refusal::NotFound);
    // Those above may.
    assert_eq!(asks(world, "operator", &casey.person).await, RemovalDeed::Removed);
    world.new_mails().await;
}

async fn another_resellers_people_are_as_good_as_none(world: &mut World) {
    let (casey, ..) = with_factor(world, "casey").await;
    let carla = at_the_desk(world, "carla").await;
    let nobody = Person { id: AccountId(Uuid::from_u128(7)), ..casey.person.clone() };
    let arun = world.person("arun").await;
    let before = world.sql.everything().await;
    for person in [&casey.person, &arun, &nobody] {
        let asked = asks_for(world, &carla, person, ("remove_factor", "mail")).await;
        assert_eq!(refusal(asked), Refusal::NotFound);
        let entered = enters_code_for(world, &carla, person, ("remove_factor", "1")).await;
        assert_eq!(refusal(entered), Refusal::NotFound);
        assert_eq!(refusal(removes(world, &carla, person).await), Refusal::NotFound);
        let view = world.portal.factor_desk(&carla.actor, person.id).await;
        assert_eq!(refusal(view), Refusal::NotFound);
        let stopped = world.portal.stop_factor_removal(&carla.actor, person.id).await;
        assert_eq!(refusal(stopped), Refusal::NotFound);
    }
    assert_eq!(world.sql.everything().await, before);
}

async fn an_admin_removes_no_owners_factor(world: &mut World) {
    let (ada, ..) = with_factor(world, "ada").await;
    becomes(world, "ada", "owner").await;
    becomes(world, "arun", "admin").await;
    let arun = at_the_desk(world, "arun").await;
    let owner = impossible(RemovalObstacle::Owner);
    let asked = asks_for(world, &arun, &ada.person, ("remove_factor", "mail")).await;
    assert_eq!(refusal(asked), owner);
    assert_eq!(refusal(removes(world, &arun, &ada.person).await), owner);
    // Another owner does; nobody one's own.
    let olivia = at_the_desk(world, "olivia").await;
    assert_eq!(desk(world, &olivia, &ada.person).await.obstacle, None);
    let yourself = impossible(RemovalObstacle::Yourself);
    let asked = asks_for(world, &olivia, &olivia.person, ("remove_factor", "mail")).await;
    assert_eq!(refusal(asked), yourself);
    assert_eq!(refusal(removes(world, &olivia, &olivia.person).await), yourself);
    verifies(world, &olivia, &ada.person).await;
    assert_eq!(removes(world, &olivia, &ada.person).await.unwrap(), RemovalDeed::Asked);
    // Nor does an admin stop what is about an owner.
    let stopped = world.portal.stop_factor_removal(&arun.actor, ada.person.id).await;
    assert_eq!(refusal(stopped), owner);
    world.new_mails().await;
}

async fn the_last_owner_has_only_the_command_line(world: &mut World) {
    let (olivia, ..) = with_factor(world, "olivia").await;
    becomes(world, "arun", "admin").await;
    let last = impossible(RemovalObstacle::LastOwner);
    for who in ["arun", "operator"] {
        let operator = at_the_desk(world, who).await;
        let asked = asks_for(world, &operator, &olivia.person, ("remove_factor", "mail")).await;
        assert_eq!(refusal(asked), last, "{who}");
        assert_eq!(refusal(removes(world, &operator, &olivia.person).await), last);
    }
    assert!(world.portal.reset_staff_factor(&olivia.person.email, None).await.unwrap());
    world.new_mails().await;
}

async fn what_is_in_the_way_is_said(world: &mut World) {
    let casey = world.person("casey").await;
    let olivia = at_the_desk(world, "olivia").await;
    let says = async |world: &World| desk(world, &olivia, &casey).await.obstacle;
    assert_eq!(says(world).await, Some(RemovalObstacle::NoFactor));
    with_factor(world, "casey").await;
    assert_eq!(says(world).await, None);
    world.suspends(&casey).await;
    assert_eq!(says(world).await, Some(RemovalObstacle::Suspended));
    let asked = asks_for(world, &olivia, &casey, ("remove_factor", "mail")).await;
    assert_eq!(refusal(asked), impossible(RemovalObstacle::Suspended));
    let active = "UPDATE accounts SET state = 'active' WHERE id = $1";
    world.sql.run(active, values![casey.id]).await;
    world.sets_rule("Northwind Backup", FOR_CUSTOMERS, Some(48), None).await;
    assert_eq!(desk(world, &olivia, &casey).await.hours, 48);
    verifies(world, &olivia, &casey).await;
    removes(world, &olivia, &casey).await.unwrap();
    assert_eq!(says(world).await, Some(RemovalObstacle::Waiting));
    world.new_mails().await;
}

async fn a_removal_is_disputed_like_a_reset(world: &mut World) {
    let (casey, ..) = with_factor(world, "casey").await;
    asks(world, "olivia", &casey.person).await;
    let (_, notice) = objection(world, &casey.person).await;
    world.disputes(&notice).await.unwrap();
    assert!(!world.lets_in(&casey.person, DEMO_PASSWORD).await);
    // Whoever did it does nothing more for that customer.
    let olivia = at_the_desk(world, "olivia").await;
    let view = world.portal.view_customer(&olivia.actor, casey.person.id).await.unwrap();
    assert_eq!(view.disputes[0].operator.as_ref().unwrap().as_str(), "Olivia Berg");
    let request = SendLink {
        customer: casey.person.id,
        reason: "They called again".into(),
        ticket: String::new(),
        places: String::new(),
    };
    let refused = refusal(world.portal.send_link(&olivia.actor, request).await);
    assert_eq!(refused, Refusal::ResetImpossible(Obstacle::DisputedAgainst));
    let against = Some(RemovalObstacle::DisputedAgainst);
    assert_eq!(desk(world, &olivia, &casey.person).await.obstacle, against);
    world.new_mails().await;
}

async fn two_operators_at_once_ask_once(world: &mut World) {
    let (arun, ..) = with_factor(world, "arun").await;
    let (olivia, robin) =
        (at_the_desk(world, "olivia").await, at_the_desk(world, "operator").await);
    verifies(world, &olivia, &arun.person).await;
    verifies(world, &robin, &arun.person).await;
    let (one, two) =
        tokio::join!(removes(world, &olivia, &arun.person), removes(world, &robin, &arun.person));
    let won = [&one, &two].into_iter().filter(|result| result.is_ok()).count();
    assert_eq!(won, 1, "{one:?} {two:?}");
    let lost = if one.is_ok() { two } else { one };
    assert_eq!(refusal(lost), impossible(RemovalObstacle::Waiting));
    assert_eq!(states(world, &arun.person).await, ["waiting"]);
    assert_eq!(world.new_mails().await.len(), 1);
}

async fn pressed_twice_it_is_one_removal(world: &mut World) {
    let (casey, ..) = with_factor(world, "casey").await;
    let olivia = at_the_desk(world, "olivia").await;
    verifies(world, &olivia, &casey.person).await;
    let form = request(&casey.person);
    for _ in 0..2 {
        let done = world.portal.remove_lost_factor(&olivia.actor, form.clone()).await.unwrap();
        assert_eq!(done.deed, RemovalDeed::Removed);
    }
    assert_eq!(world.new_mails().await.len(), 1);
    world.seconds_pass(10);
    let again = world.portal.remove_lost_factor(&olivia.actor, form).await;
    assert_eq!(refusal(again), impossible(RemovalObstacle::NoFactor));
}

async fn asking_has_a_limit(world: &mut World) {
    let olivia = at_the_desk(world, "olivia").await;
    let people: Vec<Uuid> = world
        .sql
        .column(
            "SELECT a.id FROM accounts a JOIN organizations o ON o.id = a.organization_id WHERE o.name = 'Northwind Backup' AND a.kind = 'customer' ORDER BY a.email LIMIT 11",
            [],
        )
        .await;
    for (number, id) in people.iter().enumerate() {
        let (id, factor) = (AccountId(*id), Uuid::from_u128(id.as_u128() ^ 1));
        world.sql.run("INSERT INTO factors (id, account_id, kind, name, sealed, last_step, created_at) VALUES ($1, $2, 'totp', 'Phone', $3, 0, 0)", values![factor, id, vec![0_u8]]).await;
        world.sql.run("INSERT INTO receipts (id, operator_id, account_id, action, method, created_at, expires_at) VALUES ($1, $2, $3, 'remove_factor', 'mail', $4, $5)", values![factor, olivia.person.id, id, world.now().0, world.now().0 + 1_000_000_000]).await;
        let person = Person { id, ..olivia.person.clone() };
        if number < 10 {
            removes(world, &olivia, &person).await.unwrap();
        } else {
            assert_eq!(wait(removes(world, &olivia, &person).await), 360);
        }
    }
    for mail in world.new_mails().await {
        world.link_in(&mail);
    }
}

async fn open_links_to_a_password_end_with_the_factor(world: &mut World) {
    world.sets_rule("Northwind Backup", FOR_STAFF, Some(0), None).await;
    let (arun, ..) = with_factor(world, "arun").await;
    // Mailed to somebody with a factor, which it asks for as well.
    let link = world.mailed_link(&arun.person).await;
    assert_eq!(asks(world, "olivia", &arun.person).await, RemovalDeed::Removed);
    assert_eq!(refusal(world.uses(&link, NEW).await), Refusal::LinkUnusable);
    assert!(!world.lets_in(&arun.person, NEW).await);
    world.new_mails().await;
}

async fn a_password_that_leaned_on_it_has_to_be_changed(world: &mut World) {
    let (casey, ..) = with_factor(world, "casey").await;
    let leans = "UPDATE accounts SET password_leans = TRUE WHERE id = $1";
    world.sql.run(leans, values![casey.person.id]).await;
    asks(world, "olivia", &casey.person).await;
    assert_eq!(world.reaches(&world.visit(), "casey").await, Reached::Change);
    world.new_mails().await;
}

async fn where_one_is_needed_another_one_is_set_up(world: &mut World) {
    let (casey, ..) = with_factor(world, "casey").await;
    world.sets_rule("Northwind Backup", "customer_factor_from", Some(0), None).await;
    let olivia = at_the_desk(world, "olivia").await;
    assert!(desk(world, &olivia, &casey.person).await.needed);
    verifies(world, &olivia, &casey.person).await;
    removes(world, &olivia, &casey.person).await.unwrap();
    let visit = world.visit();
    let entered = world.sign_in(&visit, "casey", DEMO_PASSWORD).await.unwrap();
    assert!(world.portal.actor(&visit, &entered.token).await.unwrap().is_none());
    assert!(world.portal.actor_without_factor(&visit, &entered.token).await.unwrap().is_some());
    world.new_mails().await;
}

async fn asking_stopping_and_removing_are_recorded_with_the_reason(world: &mut World) {
    let (arun, ..) = with_factor(world, "arun").await;
    let before = world.recorded(&arun.person).await.len();
    let olivia = at_the_desk(world, "olivia").await;
    let form = |reason: &str| RemoveFactor { reason: reason.into(), ..request(&arun.person) };
    verifies(world, &olivia, &arun.person).await;
    world.portal.remove_lost_factor(&olivia.actor, form("Lost at sea")).await.unwrap();
    world.portal.stop_factor_removal(&olivia.actor, arun.person.id).await.unwrap();
    verifies(world, &olivia, &arun.person).await;
    world.portal.remove_lost_factor(&olivia.actor, form("Lost again")).await.unwrap();
    world.hours_pass(24);
    world.portal.work_off().await.unwrap();
    assert_eq!(
        world.recorded(&arun.person).await[before..],
        [
            "caller_asked done",
            "caller_verified done",
            "factor_removal_asked done",
            "factor_removal_stopped done",
            "caller_asked done",
            "caller_verified done",
            "factor_removal_asked done",
            "lost_factor_removed done",
        ]
    );
    let said: Vec<(String, Uuid, String)> = world
        .sql
        .rows(
            "SELECT kind, actor_id, content FROM audit_entries JOIN audit_personal ON audit_id = id WHERE subject_id = $1 AND kind IN ('factor_removal_asked', 'lost_factor_removed') ORDER BY position",
            values![arun.person.id],
        )
        .await;
    for (line, reason) in said.iter().zip(["Lost at sea", "Lost again", "Lost again"]) {
        assert!(line.2.contains(reason) && line.2.contains("T-77"), "{line:?}");
        assert!(line.2.contains("Olivia Berg"), "{line:?}");
        assert_eq!(AccountId(line.1), olivia.person.id);
    }
    assert_eq!(said.len(), 3);
    world.new_mails().await;
}
