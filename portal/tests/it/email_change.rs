//! Email addresses change: asked for by their owner or by staff, confirmed at the new address, held
//! while the old one can stop it.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use model::{
    Refusal,
    account::AccountKind,
    call::{CallMethod, CallerRule},
    customer::CustomerQuery,
    email::{EmailDeed, EmailDesk, EmailObstacle, EmailStage, WaitingEmail},
    id::AccountId,
    link::LinkPurpose,
    refusal::Problem,
    reset::{Delivery, Obstacle},
};
use portal::{
    AskEmail, DEMO_PASSWORD, Result, SetPassword, StaffPassword, config::Settings,
    mail::MailTransport,
};
use uuid::Uuid;

use crate::{
    caller::{asks_for, enters_code_for, mailed},
    reset_desk::{at_the_desk, sends},
    rules::becomes,
    sql::values,
    world::{Entered, Link, Mail, NEW, Person, World, refusal, stories, wait},
};

stories! {
    an_owners_address_changes_when_it_is_confirmed_and_the_hold_is_over,
    staff_change_it_after_a_verified_call,
    a_code_from_the_account_verifies_the_caller_too,
    without_a_verified_caller_nothing_begins,
    a_receipt_is_for_this_action_by_this_operator_once,
    it_needs_a_fresh_proof_and_every_field,
    who_may_ask_for_a_customers_address,
    another_resellers_customer_is_as_good_as_none,
    whether_an_address_is_taken_shows_nowhere,
    during_the_hold_all_goes_to_the_old_address,
    during_the_hold_staff_set_no_password,
    pressed_twice_it_is_one_change,
    asking_has_a_limit,
    without_mail_nothing_changes,
    staff_change_their_own,
}

pub const FRESH: &str = "casey@harbour.example";

/// Mails that went somewhere, oldest first.
pub async fn mails_to(world: &World, address: &str) -> Vec<Mail> {
    world.new_mails().await.into_iter().filter(|mail| mail.to == address).collect()
}

/// The links of a change that was just asked for: to keep the address, and to confirm the new one.
pub async fn links(world: &World, person: &Person, new: &str) -> (Link, Link) {
    let mails = world.new_mails().await;
    let to = |address: &str| {
        let mut found = mails.iter().filter(|mail| mail.to == address);
        let mail = found.next().unwrap_or_else(|| panic!("no mail to {address}: {mails:?}"));
        assert!(found.next().is_none(), "more than one mail to {address}");
        world.link_in(mail)
    };
    let (keep, confirm) = (to(&person.email), to(new));
    assert_eq!(keep.purpose, LinkPurpose::CancelEmail);
    assert_eq!(confirm.purpose, LinkPurpose::ConfirmEmail);
    (keep, confirm)
}

/// Somebody asks for another address of their own; their session, and both links.
pub async fn asks_own(world: &World, who: &str, new: &str) -> (Entered, Link, Link) {
    let entered = world.proves(&world.enters(who).await).await;
    world.new_mails().await;
    world.portal.ask_own_email_change(&entered.actor, new).await.unwrap();
    let (keep, confirm) = links(world, &entered.person, new).await;
    (entered, keep, confirm)
}

/// Each with a reason of its own: the same one again would be a form that was sent twice.
pub fn request(person: &Person, email: &str) -> AskEmail {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    AskEmail {
        account: person.id,
        email: email.into(),
        reason: format!("Call {call}: the company has another name"),
        ticket: "T-12".into(),
        second: false,
    }
}

pub async fn asks(world: &World, who: &Entered, person: &Person, new: &str) -> Result<EmailDeed> {
    let done = world.portal.ask_email_change(&who.actor, request(person, new)).await?;
    assert_eq!(done.account, person.id);
    Ok(done.deed)
}

/// An operator verifies that it is they who call.
pub async fn verifies(world: &World, operator: &Entered, person: &Person) {
    world.new_mails().await;
    asks_for(world, operator, person, ("change_email", "mail")).await.unwrap();
    let (code, _) = mailed(world).await;
    enters_code_for(world, operator, person, ("change_email", &code)).await.unwrap();
}

/// Staff ask after a verified call; who did, and both links.
pub async fn staff_ask(
    world: &World,
    who: &str,
    person: &Person,
    new: &str,
) -> (Entered, Link, Link) {
    let operator = at_the_desk(world, who).await;
    verifies(world, &operator, person).await;
    assert_eq!(asks(world, &operator, person, new).await.unwrap(), EmailDeed::Asked);
    let (keep, confirm) = links(world, person, new).await;
    (operator, keep, confirm)
}

pub fn impossible(obstacle: EmailObstacle) -> Refusal {
    Refusal::EmailImpossible(obstacle)
}

pub async fn desk(world: &World, operator: &Entered, person: &Person) -> EmailDesk {
    world.portal.email_desk(&operator.actor, person.id).await.unwrap()
}

pub async fn states(world: &World, person: &Person) -> Vec<String> {
    let sql = "SELECT state FROM email_changes WHERE account_id = $1 ORDER BY created_at, id";
    world.sql.column(sql, values![person.id]).await
}

pub async fn email_of(world: &World, person: &Person) -> String {
    world.sql.one("SELECT email FROM accounts WHERE id = $1", values![person.id]).await
}

pub async fn waiting(world: &World, entered: &Entered) -> Option<WaitingEmail> {
    world.portal.me(&entered.actor).await.unwrap().email_change
}

/// The hold is over, and what waits for that is done.
pub async fn hold_ends(world: &World) {
    world.hours_pass(72);
    world.portal.work_off().await.unwrap();
}

fn renamed(person: &Person, email: &str) -> Person {
    Person { email: email.into(), ..person.clone() }
}

async fn an_owners_address_changes_when_it_is_confirmed_and_the_hold_is_over(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    world.portal.ask_own_email_change(&casey.actor, " Casey@harbour.example ").await.unwrap();
    let mails = world.new_mails().await;
    let old = mails.iter().find(|mail| mail.to == casey.person.email).expect("a notice");
    assert_eq!(old.subject, "A new email address for your account?");
    assert!(
        old.says("C•••y@harbour.example") && old.says("5 March 2026, 09:00 UTC"),
        "{}",
        old.text
    );
    assert!(old.says("Firefox on Windows") && !old.says("Casey@harbour.example"), "{}", old.text);
    let new = mails.iter().find(|mail| mail.to == "Casey@harbour.example").expect("a question");
    assert_eq!(new.subject, "Confirm your new email address");
    // A stranger may read it.
    assert!(!new.text.contains("Thornton") && !new.text.contains("acme"), "{}", new.text);
    assert_eq!(mails.len(), 2);
    let (keep, confirm) = (world.link_in(old), world.link_in(new));

    let seen = waiting(world, &casey).await.unwrap();
    assert_eq!((seen.email.as_str(), seen.own), ("C•••y@harbour.example", true));
    assert_eq!(seen.due_at, world.now().plus(Duration::from_hours(72)));
    let page = world.portal.own_email(&casey.actor).await.unwrap();
    assert_eq!(page.waiting.unwrap().email, "Casey@harbour.example");
    assert!(page.stepped_up && page.sends_mail && page.hours == 72);

    world.confirms_address(&confirm).await.unwrap();
    assert_eq!(waiting(world, &casey).await.unwrap().stage, EmailStage::Confirmed);
    world.hours_pass(71);
    world.portal.work_off().await.unwrap();
    assert_eq!(email_of(world, &casey.person).await, "casey@acme.example");
    assert!(world.lets_in(&casey.person, DEMO_PASSWORD).await);
    let there = renamed(&casey.person, FRESH);
    assert!(!world.lets_in(&there, DEMO_PASSWORD).await);
    assert!(world.new_mails().await.is_empty());

    world.hours_pass(1);
    world.portal.work_off().await.unwrap();
    assert_eq!(email_of(world, &casey.person).await, "Casey@harbour.example");
    assert!(world.lets_in(&there, DEMO_PASSWORD).await);
    assert!(!world.lets_in(&casey.person, DEMO_PASSWORD).await);
    let mut told: Vec<(String, String)> =
        world.new_mails().await.into_iter().map(|mail| (mail.to, mail.subject)).collect();
    told.sort();
    let subject = "Your email address was changed".to_owned();
    assert_eq!(
        told,
        [
            ("Casey@harbour.example".to_owned(), subject.clone()),
            ("casey@acme.example".to_owned(), subject),
        ]
    );
    assert_eq!(refusal(world.keeps_address(&keep).await), Refusal::LinkUnusable);
    assert_eq!(states(world, &casey.person).await, ["done"]);
    // Staff find them by it.
    let arun = world.enters("arun").await;
    let query = CustomerQuery { text: "casey@harbour".into(), ..CustomerQuery::default() };
    let page = world.portal.find_customers(&arun.actor, &query).await.unwrap();
    assert_eq!(page.rows.len(), 1);
    let recorded = world.recorded(&casey.person).await;
    let about: Vec<_> = recorded.iter().filter(|line| line.starts_with("email_")).collect();
    assert_eq!(about, ["email_change_asked done", "email_confirmed done", "email_changed done"]);
    // Addresses are personal: they stand where erasure reaches them.
    let sql = "SELECT COUNT(*) FROM audit_personal WHERE content LIKE '%Casey@harbour%'";
    assert_eq!(world.sql.one::<i64>(sql, []).await, 2);
}

async fn staff_change_it_after_a_verified_call(world: &mut World) {
    let casey = world.enters("casey").await;
    let olivia = at_the_desk(world, "olivia").await;
    let before = desk(world, &olivia, &casey.person).await;
    assert!(before.stepped_up && before.may_stop && before.waiting.is_none());
    assert_eq!((before.obstacle, before.hours), (None, 72));
    assert_eq!(before.caller.rule, CallerRule::Required);
    verifies(world, &olivia, &casey.person).await;
    assert_eq!(asks(world, &olivia, &casey.person, FRESH).await.unwrap(), EmailDeed::Asked);
    let mails = world.new_mails().await;
    let old = mails.iter().find(|mail| mail.to == casey.person.email).unwrap();
    assert!(old.says("Olivia Berg of Northwind Backup"), "{}", old.text);
    // Where staff sit is nothing to those they look after.
    assert!(!old.text.contains("Firefox"), "{}", old.text);
    let confirm = world.link_in(mails.iter().find(|mail| mail.to == FRESH).unwrap());
    let seen = waiting(world, &casey).await.unwrap();
    assert_eq!(seen.by.unwrap().0.as_str(), "Olivia Berg");
    // What staff typed the owner sees masked.
    let own = world.portal.own_email(&casey.actor).await.unwrap().waiting.unwrap();
    assert_eq!((own.email.as_str(), own.own), ("c•••y@harbour.example", false));
    let view = world.portal.view_customer(&olivia.actor, casey.person.id).await.unwrap();
    assert_eq!(view.email_change.unwrap().email, FRESH);
    let ada = world.enters("ada").await;
    let view = world.portal.view_customer(&ada.actor, casey.person.id).await.unwrap();
    assert!(!view.may_change_email);
    assert_eq!(view.email_change.unwrap().email, "c•••y@harbour.example");

    world.confirms_address(&confirm).await.unwrap();
    hold_ends(world).await;
    assert_eq!(email_of(world, &casey.person).await, FRESH);
    // Whoever sits there may be somebody else.
    assert!(!world.holds(&casey).await);
    assert!(world.lets_in(&renamed(&casey.person, FRESH), DEMO_PASSWORD).await);
    world.new_mails().await;
}

async fn a_code_from_the_account_verifies_the_caller_too(world: &mut World) {
    world.sets_rule("Northwind Backup", "caller_verification", Some(0), None).await;
    let casey = world.enters("casey").await;
    let olivia = at_the_desk(world, "olivia").await;
    asks_for(world, &olivia, &casey.person, ("change_email", "account")).await.unwrap();
    let calls = world.portal.calls(&casey.actor).await.unwrap();
    let code = calls[0].code.clone().expect("a code");
    assert_eq!(
        desk(world, &olivia, &casey.person).await.caller.open.unwrap().method,
        CallMethod::Account
    );
    enters_code_for(world, &olivia, &casey.person, ("change_email", &code)).await.unwrap();
    assert!(desk(world, &olivia, &casey.person).await.caller.verified_until.is_some());
    asks(world, &olivia, &casey.person, FRESH).await.unwrap();
    world.new_mails().await;
}

async fn without_a_verified_caller_nothing_begins(world: &mut World) {
    world.sets_rule("Northwind Backup", "caller_verification", Some(0), None).await;
    let casey = world.person("casey").await;
    let olivia = at_the_desk(world, "olivia").await;
    let unknown = impossible(EmailObstacle::CallerUnknown);
    assert_eq!(refusal(asks(world, &olivia, &casey, FRESH).await), unknown);
    asks_for(world, &olivia, &casey, ("change_email", "mail")).await.unwrap();
    let (code, _) = mailed(world).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let wrong = enters_code_for(world, &olivia, &casey, ("change_email", wrong)).await;
    assert_eq!(refusal(wrong), Refusal::field("code", Problem::CodeWrong));
    assert_eq!(refusal(asks(world, &olivia, &casey, FRESH).await), unknown);
    assert!(states(world, &casey).await.is_empty() && world.new_mails().await.is_empty());
    let recorded = world.recorded(&casey).await;
    assert!(recorded.contains(&"email_change_asked refused".to_owned()), "{recorded:?}");
}

async fn a_receipt_is_for_this_action_by_this_operator_once(world: &mut World) {
    let (casey, drew) = (world.person("casey").await, world.person("drew").await);
    let (olivia, robin) =
        (at_the_desk(world, "olivia").await, at_the_desk(world, "operator").await);
    let unknown = impossible(EmailObstacle::CallerUnknown);
    // A call about a password is none about an address.
    asks_for(world, &olivia, &casey, ("set_password", "mail")).await.unwrap();
    let (code, _) = mailed(world).await;
    let other = enters_code_for(world, &olivia, &casey, ("change_email", &code)).await;
    assert_eq!(refusal(other), Refusal::field("code", Problem::CodeOver));
    enters_code_for(world, &olivia, &casey, ("set_password", &code)).await.unwrap();
    assert_eq!(refusal(asks(world, &olivia, &casey, FRESH).await), unknown);
    // Another operator's, and one about somebody else.
    verifies(world, &robin, &casey).await;
    verifies(world, &olivia, &drew).await;
    assert_eq!(refusal(asks(world, &olivia, &casey, FRESH).await), unknown);
    asks(world, &robin, &casey, FRESH).await.unwrap();
    // Once.
    let again = asks(world, &robin, &casey, "casey@quay.example").await;
    assert_eq!(refusal(again), unknown);
    assert_eq!(states(world, &casey).await, ["waiting"]);
    world.new_mails().await;
}

async fn it_needs_a_fresh_proof_and_every_field(world: &mut World) {
    let casey = world.enters("casey").await;
    let own = world.portal.ask_own_email_change(&casey.actor, FRESH).await;
    assert_eq!(refusal(own), Refusal::StepUp);
    let casey = world.proves(&casey).await;
    for (email, problem) in [
        ("", Problem::Required),
        ("casey", Problem::NotAnEmail),
        ("casey@acme.example", Problem::EmailUnchanged),
        (" CASEY@acme.Example", Problem::EmailUnchanged),
    ] {
        let own = world.portal.ask_own_email_change(&casey.actor, email).await;
        assert_eq!(refusal(own), Refusal::field("email", problem), "{email}");
    }
    let olivia = world.enters("olivia").await;
    let asked = asks_for(world, &olivia, &casey.person, ("change_email", "mail")).await;
    assert_eq!(refusal(asked), Refusal::StepUp);
    assert_eq!(refusal(asks(world, &olivia, &casey.person, FRESH).await), Refusal::StepUp);
    let olivia = world.proves(&olivia).await;
    verifies(world, &olivia, &casey.person).await;
    let bare = AskEmail { reason: " ".into(), ..request(&casey.person, "casey") };
    let Refusal::Fields(problems) =
        refusal(world.portal.ask_email_change(&olivia.actor, bare).await)
    else {
        panic!("no fields")
    };
    let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["email", "reason"]);
    let present = asks(world, &olivia, &casey.person, "Casey@Acme.example").await;
    assert_eq!(refusal(present), Refusal::field("email", Problem::EmailUnchanged));
    // What was refused has used nothing up.
    asks(world, &olivia, &casey.person, FRESH).await.unwrap();
    world.minutes_pass(10);
    assert_eq!(refusal(asks(world, &olivia, &casey.person, FRESH).await), Refusal::StepUp);
    world.new_mails().await;
}

async fn who_may_ask_for_a_customers_address(world: &mut World) {
    let casey = world.person("casey").await;
    for who in ["arun", "ada"] {
        let operator = at_the_desk(world, who).await;
        let asked = asks_for(world, &operator, &casey, ("change_email", "mail")).await;
        assert_eq!(refusal(asked), Refusal::NotAllowed, "{who}");
        assert_eq!(refusal(asks(world, &operator, &casey, FRESH).await), Refusal::NotAllowed);
        let stopped = world.portal.stop_customer_email_change(&operator.actor, casey.id).await;
        assert_eq!(refusal(stopped), Refusal::NotAllowed);
        let view = desk(world, &operator, &casey).await;
        assert_eq!((view.obstacle, view.may_stop), (Some(EmailObstacle::NotPermitted), false));
    }
    becomes(world, "arun", "admin").await;
    staff_ask(world, "arun", &casey, FRESH).await;
    // Of staff it is nobody's business but their own.
    let (olivia, ada) = (at_the_desk(world, "olivia").await, world.person("ada").await);
    let asked = asks_for(world, &olivia, &ada, ("change_email", "mail")).await;
    assert_eq!(refusal(asked), Refusal::NotFound);
    assert_eq!(refusal(asks(world, &olivia, &ada, FRESH).await), Refusal::NotFound);
    let view = world.portal.email_desk(&olivia.actor, ada.id).await;
    assert_eq!(refusal(view), Refusal::NotFound);
    // Customers ask for their own only.
    let drew = world.proves(&world.enters("drew").await).await;
    assert_eq!(refusal(asks(world, &drew, &casey, FRESH).await), Refusal::NotFound);
    let view = world.portal.email_desk(&drew.actor, casey.id).await;
    assert_eq!(refusal(view), Refusal::NotFound);
}

async fn another_resellers_customer_is_as_good_as_none(world: &mut World) {
    let casey = world.person("casey").await;
    staff_ask(world, "olivia", &casey, FRESH).await;
    let carla = at_the_desk(world, "carla").await;
    let nobody = Person { id: AccountId(Uuid::from_u128(7)), ..casey.clone() };
    let before = world.sql.everything().await;
    for person in [&casey, &nobody] {
        let asked = asks_for(world, &carla, person, ("change_email", "mail")).await;
        assert_eq!(refusal(asked), Refusal::NotFound);
        assert_eq!(refusal(asks(world, &carla, person, FRESH).await), Refusal::NotFound);
        let view = world.portal.email_desk(&carla.actor, person.id).await;
        assert_eq!(refusal(view), Refusal::NotFound);
        let stopped = world.portal.stop_customer_email_change(&carla.actor, person.id).await;
        assert_eq!(refusal(stopped), Refusal::NotFound);
    }
    assert_eq!(world.sql.everything().await, before);
}

async fn whether_an_address_is_taken_shows_nowhere(world: &mut World) {
    // Drew's, as somebody else would write it; and nobody's.
    let taken = "Drew@blueberry.example";
    let (casey, drew) = (world.enters("casey").await, world.person("drew").await);
    let casey = world.proves(&casey).await;
    world.portal.ask_own_email_change(&casey.actor, taken).await.unwrap();
    let shape = async |world: &World| {
        let links: Vec<String> = world
            .sql
            .column(
                "SELECT purpose || ' ' || state || ' ' || CAST(expires_at - created_at AS TEXT) FROM links WHERE account_id = $1 AND state = 'open' ORDER BY purpose",
                values![casey.person.id],
            )
            .await;
        let mails: Vec<String> = world
            .sql
            .column(
                "SELECT kind || ' ' || CAST(expires_at - created_at AS TEXT) || ' ' || CASE WHEN link_id IS NULL THEN '-' ELSE 'link' END FROM outbox WHERE account_id = $1 ORDER BY created_at DESC, kind LIMIT 2",
                values![casey.person.id],
            )
            .await;
        (
            links,
            mails,
            world.portal.own_email(&casey.actor).await.unwrap().waiting.map(|it| it.stage),
        )
    };
    let of_taken = shape(world).await;
    let mails = world.new_mails().await;
    let there = mails.iter().find(|mail| mail.to == taken).expect("a warning");
    assert_eq!(there.subject, "Somebody tried to use this email address");
    assert!(!there.text.contains("http") && !there.text.contains("Thornton"), "{}", there.text);
    world.minutes_pass(1);
    world.portal.ask_own_email_change(&casey.actor, FRESH).await.unwrap();
    assert_eq!(shape(world).await, of_taken);
    world.minutes_pass(1);
    world.portal.ask_own_email_change(&casey.actor, taken).await.unwrap();
    world.new_mails().await;
    hold_ends(world).await;
    // As one that nobody confirmed.
    let told = mails_to(world, &casey.person.email).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].says("Nobody confirmed the new email address"), "{}", told[0].text);
    assert_eq!(states(world, &casey.person).await, ["stopped", "stopped", "expired"]);
    assert_eq!(email_of(world, &drew).await, "drew@blueberry.example");
    // At another site it is another matter.
    let carla = world.proves(&world.enters("carla").await).await;
    world.portal.ask_own_email_change(&carla.actor, "drew@blueberry.example").await.unwrap();
    let mails = mails_to(world, "drew@blueberry.example").await;
    assert_eq!(world.link_in(&mails[0]).purpose, LinkPurpose::ConfirmEmail);
}

async fn during_the_hold_all_goes_to_the_old_address(world: &mut World) {
    let (casey, _, confirm) = asks_own(world, "casey", FRESH).await;
    world.confirms_address(&confirm).await.unwrap();
    // Whoever names the new one is nobody.
    world.asks_for_link(&world.visit(), FRESH).await;
    assert!(world.new_mails().await.is_empty());
    let link = world.mailed_link(&casey.person).await;
    assert_eq!(world.opens(&link).await.unwrap().email, "c•••y@acme.example");
    // A new password changes nothing about it.
    world.uses(&link, NEW).await.unwrap();
    assert_eq!(mails_to(world, &casey.person.email).await.len(), 1);
    assert_eq!(states(world, &casey.person).await, ["waiting"]);
    // Staff mail a link as ever, to the old one.
    let arun = at_the_desk(world, "arun").await;
    sends(world, &arun, &casey.person).await.unwrap();
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 1);
    let open = world.link_in(&mails[0]);
    assert_eq!(mails[0].to, "casey@acme.example");
    hold_ends(world).await;
    assert_eq!(email_of(world, &casey.person).await, FRESH);
    // What went there is worth nothing any more.
    assert_eq!(refusal(world.uses(&open, NEW).await), Refusal::LinkUnusable);
    world.new_mails().await;
    assert!(world.lets_in(&renamed(&casey.person, FRESH), NEW).await);
}

async fn during_the_hold_staff_set_no_password(world: &mut World) {
    for rule in ["allow_manual_entry", "allow_generated"] {
        world.sets_rule("Northwind Backup", rule, Some(1), None).await;
    }
    let (casey, keep, _) = asks_own(world, "casey", FRESH).await;
    let olivia = at_the_desk(world, "olivia").await;
    let view = world.portal.view_customer(&olivia.actor, casey.person.id).await.unwrap();
    let changing = Some(Obstacle::EmailChanging);
    assert_eq!(view.obstacle(Delivery::Typed), changing);
    assert_eq!(view.obstacle(Delivery::Generated), changing);
    assert_eq!(view.obstacle(Delivery::EmailLink), None);
    let sets = async |password: StaffPassword| {
        let request = SetPassword {
            customer: casey.person.id,
            password,
            reason: "Called".into(),
            ticket: String::new(),
            places: String::new(),
        };
        world.portal.set_customer_password(&olivia.actor, request).await
    };
    let typed = || StaffPassword::Typed {
        new: crate::world::secret(NEW),
        retype: crate::world::secret(NEW),
    };
    // Also by a request that no page has made.
    let refused = Refusal::ResetImpossible(Obstacle::EmailChanging);
    assert_eq!(refusal(sets(typed()).await), refused);
    assert_eq!(refusal(sets(StaffPassword::Generated).await), refused);
    world.keeps_address(&keep).await.unwrap();
    sets(typed()).await.unwrap();
    world.new_mails().await;
}

async fn pressed_twice_it_is_one_change(world: &mut World) {
    let (casey, _, confirm) = asks_own(world, "casey", FRESH).await;
    world.portal.ask_own_email_change(&casey.actor, "CASEY@harbour.example").await.unwrap();
    assert!(world.new_mails().await.is_empty());
    world.confirms_address(&confirm).await.unwrap();
    let drew = world.person("drew").await;
    let olivia = at_the_desk(world, "olivia").await;
    verifies(world, &olivia, &drew).await;
    let request = request(&drew, "drew@quay.example");
    for _ in 0..2 {
        let done = world.portal.ask_email_change(&olivia.actor, request.clone()).await.unwrap();
        assert_eq!(done.deed, EmailDeed::Asked);
    }
    assert_eq!(world.new_mails().await.len(), 2);
    assert_eq!(states(world, &drew).await, ["waiting"]);
}

async fn asking_has_a_limit(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    let asks = async |number: u32| {
        let email = format!("casey{number}@harbour.example");
        world.portal.ask_own_email_change(&casey.actor, &email).await
    };
    for number in 0..3 {
        asks(number).await.unwrap();
    }
    assert_eq!(wait(asks(3).await), 8 * 3_600);
    // Staff spend from the same allowance.
    let olivia = at_the_desk(world, "olivia").await;
    world.new_mails().await;
    verifies(world, &olivia, &casey.person).await;
    assert_eq!(wait(self::asks(world, &olivia, &casey.person, FRESH).await), 8 * 3_600);
    // One who asks for many is stopped, too.
    let mut customers = Vec::new();
    for who in world
        .sql
        .column::<String>(
            "SELECT email FROM accounts WHERE reference LIKE 'C-10%' ORDER BY reference LIMIT 10",
            [],
        )
        .await
    {
        let id: Uuid =
            world.sql.one("SELECT id FROM accounts WHERE email = $1", values![who.as_str()]).await;
        customers.push(Person { id: AccountId(id), email: who, site: world.northwind });
    }
    for (number, customer) in customers.iter().enumerate() {
        let asked =
            AskEmail { second: true, ..request(customer, &format!("new{number}@harbour.example")) };
        let done = world.portal.ask_email_change(&olivia.actor, asked).await;
        if number < 9 {
            done.unwrap();
        } else {
            assert_eq!(wait(done), 360);
        }
    }
    world.new_mails().await;
}

async fn without_mail_nothing_changes(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    let olivia = at_the_desk(world, "olivia").await;
    world.restart(|settings: &mut Settings| settings.mail.transport = MailTransport::None).await;
    let no_mail = impossible(EmailObstacle::NoMail);
    let own = world.portal.ask_own_email_change(&casey.actor, FRESH).await;
    assert_eq!(refusal(own), no_mail);
    assert!(!world.portal.own_email(&casey.actor).await.unwrap().sends_mail);
    assert_eq!(desk(world, &olivia, &casey.person).await.obstacle, Some(EmailObstacle::NoMail));
    let asked = asks_for(world, &olivia, &casey.person, ("change_email", "account")).await;
    assert_eq!(refusal(asked), no_mail);
    assert_eq!(refusal(asks(world, &olivia, &casey.person, FRESH).await), no_mail);
}

async fn staff_change_their_own(world: &mut World) {
    let (arun, _, confirm) = asks_own(world, "arun", "arun@harbour.example").await;
    assert_eq!(arun.actor.kind, AccountKind::Staff);
    world.confirms_address(&confirm).await.unwrap();
    let sql = "SELECT COUNT(*) FROM sessions WHERE account_id = $1 AND stepped_up_at IS NOT NULL";
    assert_eq!(world.sql.one::<i64>(sql, values![arun.person.id]).await, 1);
    hold_ends(world).await;
    assert_eq!(email_of(world, &arun.person).await, "arun@harbour.example");
    // No proof from before counts.
    assert_eq!(world.sql.one::<i64>(sql, values![arun.person.id]).await, 0);
    assert_eq!(world.new_mails().await.len(), 2);
}
