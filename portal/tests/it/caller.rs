//! Who is on the phone: codes that callers read back, receipts, and words by which customers know
//! who calls.

use model::{
    Refusal,
    call::{CallMethod, CallerRule},
    refusal::Problem,
    reset::{Delivery, Obstacle},
};
use portal::{
    CheckCaller, Result, SetPassword, StaffPassword, VerifyCaller, config::Settings,
    mail::MailTransport,
};

use crate::{
    reset_desk::{at_the_desk, proves},
    sql::values,
    world::{Entered, NEW, OTHER, Person, World, refusal, secret, stories, wait},
};

stories! {
    a_mailed_code_that_is_read_back_verifies_the_caller,
    a_signed_in_customer_reads_the_code_from_their_account,
    both_sides_see_the_same_words,
    where_it_is_required_nothing_is_set_without_it,
    a_receipt_is_for_one_reset_by_one_operator_for_one_customer,
    a_receipt_is_used_up_where_it_is_only_offered,
    codes_and_receipts_end_with_their_time,
    a_few_wrong_codes_end_it,
    a_new_code_ends_the_one_before,
    a_mailbox_is_not_filled_with_codes,
    who_may_verify_callers,
    another_resellers_customer_has_no_callers,
    where_it_is_off_there_are_no_codes,
    without_mail_a_code_is_shown_in_the_account,
    verifying_is_recorded,
}

async fn requires(world: &World) {
    world.sets_rule("Northwind Backup", "caller_verification", Some(2), None).await;
}

pub async fn asks(world: &World, who: &Entered, customer: &Person, method: &str) -> Result<()> {
    asks_for(world, who, customer, ("set_password", method)).await
}

/// Has a code sent for an action, in a way.
pub async fn asks_for(
    world: &World,
    who: &Entered,
    whom: &Person,
    (action, method): (&str, &str),
) -> Result<()> {
    let request = CheckCaller { account: whom.id, action: action.into(), method: method.into() };
    world.portal.check_caller(&who.actor, request).await
}

async fn enters_code(world: &World, who: &Entered, customer: &Person, code: &str) -> Result<()> {
    enters_code_for(world, who, customer, ("set_password", code)).await
}

/// Enters a code that was read back, for an action.
pub async fn enters_code_for(
    world: &World,
    who: &Entered,
    whom: &Person,
    (action, code): (&str, &str),
) -> Result<()> {
    let request = VerifyCaller { account: whom.id, action: action.into(), code: secret(code) };
    world.portal.verify_caller(&who.actor, request).await
}

/// Code and words of the only mail that has come.
pub async fn mailed(world: &World) -> (String, String) {
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    let mut lines = mails[0].text.lines().filter(|line| line.starts_with("    "));
    let (code, words) = (lines.next().unwrap().trim(), lines.next().unwrap().trim());
    assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()), "{code}");
    assert_eq!(words.split(' ').count(), 2);
    (code.to_owned(), words.to_owned())
}

fn other_than(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

async fn sets(world: &World, who: &Entered, customer: &Person, new: &str) -> Result<()> {
    let password = StaffPassword::Typed { new: secret(new), retype: secret(new) };
    let request = SetPassword {
        customer: customer.id,
        password,
        reason: format!("Called about {}", new.len()),
        ticket: String::new(),
        places: String::new(),
    };
    world.portal.set_customer_password(&who.actor, request).await.map(drop)
}

async fn check(world: &World, who: &Entered, customer: &Person) -> model::call::CallerCheck {
    world.portal.reset_desk(&who.actor, customer.id, None).await.unwrap().caller
}

async fn a_mailed_code_that_is_read_back_verifies_the_caller(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    let before = check(world, &arun, &casey).await;
    assert_eq!((before.rule, before.open.is_none()), (CallerRule::Offered, true));
    assert_eq!(before.email, "c•••y@acme.example");
    asks(world, &arun, &casey, "mail").await.unwrap();
    let (code, words) = mailed(world).await;
    let open = check(world, &arun, &casey).await.open.unwrap();
    assert_eq!((open.method, open.words), (CallMethod::Mail, words));
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    enters_code(world, &arun, &casey, &spaced).await.unwrap();
    let after = check(world, &arun, &casey).await;
    assert!(after.open.is_none());
    let until = world.now().plus(std::time::Duration::from_secs(600));
    assert_eq!(after.verified_until, Some(until));
}

async fn a_signed_in_customer_reads_the_code_from_their_account(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.enters("casey").await);
    assert_eq!(world.portal.calls(&casey.actor).await.unwrap(), []);
    asks(world, &arun, &casey.person, "account").await.unwrap();
    assert!(world.new_mails().await.is_empty());
    let calls = world.portal.calls(&casey.actor).await.unwrap();
    let code = calls[0].code.clone().unwrap();
    enters_code(world, &arun, &casey.person, &code).await.unwrap();
    assert!(check(world, &arun, &casey.person).await.verified_until.is_some());
    assert_eq!(world.portal.calls(&casey.actor).await.unwrap(), []);
}

async fn both_sides_see_the_same_words(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.enters("casey").await);
    asks(world, &arun, &casey.person, "mail").await.unwrap();
    let (_, words) = mailed(world).await;
    let calls = world.portal.calls(&casey.actor).await.unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].operator.as_str(), &calls[0].words), ("Arun Velder", &words));
    // What is mailed proves the mailbox, and is not shown beside it.
    assert_eq!(calls[0].code, None);
    // Nobody else sees anything of it.
    let drew = world.enters("drew").await;
    assert_eq!(world.portal.calls(&drew.actor).await.unwrap(), []);
    let olivia = at_the_desk(world, "olivia").await;
    assert!(check(world, &olivia, &casey.person).await.open.is_none());
}

async fn where_it_is_required_nothing_is_set_without_it(world: &mut World) {
    requires(world).await;
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    let hash = world.hash_of(&casey).await;
    let unknown = Refusal::ResetImpossible(Obstacle::CallerUnknown);
    assert_eq!(refusal(sets(world, &arun, &casey, NEW).await), unknown);
    let generated = SetPassword {
        customer: casey.id,
        password: StaffPassword::Generated,
        reason: "Called".into(),
        ticket: String::new(),
        places: String::new(),
    };
    let refused = world.portal.set_customer_password(&arun.actor, generated).await;
    assert_eq!(refusal(refused), unknown);
    assert_eq!(world.hash_of(&casey).await, hash);
    let desk = world.portal.reset_desk(&arun.actor, casey.id, None).await.unwrap();
    assert_eq!(desk.customer.obstacle(Delivery::Typed), Some(Obstacle::CallerUnknown));
    assert_eq!(desk.customer.obstacle(Delivery::EmailLink), None);
    asks(world, &arun, &casey, "mail").await.unwrap();
    let (code, _) = mailed(world).await;
    enters_code(world, &arun, &casey, &code).await.unwrap();
    sets(world, &arun, &casey, NEW).await.unwrap();
    assert_ne!(world.hash_of(&casey).await, hash);
    world.mails().await;
}

async fn a_receipt_is_for_one_reset_by_one_operator_for_one_customer(world: &mut World) {
    requires(world).await;
    let (arun, olivia) = (at_the_desk(world, "arun").await, at_the_desk(world, "olivia").await);
    let casey = world.person("casey").await;
    let other = world.customer_of("Northwind Backup").await;
    asks(world, &arun, &casey, "mail").await.unwrap();
    let (code, _) = mailed(world).await;
    enters_code(world, &arun, &casey, &code).await.unwrap();
    let unknown = Refusal::ResetImpossible(Obstacle::CallerUnknown);
    assert_eq!(refusal(sets(world, &olivia, &casey, NEW).await), unknown);
    let allow = "UPDATE accounts SET resets_allowed_until = 9223372036854775807 WHERE id = $1";
    world.sql.run(allow, values![other.id]).await;
    assert_eq!(refusal(sets(world, &arun, &other, NEW).await), unknown);
    sets(world, &arun, &casey, NEW).await.unwrap();
    assert_eq!(refusal(sets(world, &arun, &casey, OTHER).await), unknown);
    let used: i64 = world
        .sql
        .one(
            "SELECT COUNT(*) FROM receipts JOIN resets ON resets.id = receipts.reset_id WHERE used_at IS NOT NULL AND resets.account_id = $1",
            values![casey.id],
        )
        .await;
    assert_eq!(used, 1);
    world.mails().await;
}

async fn a_receipt_is_used_up_where_it_is_only_offered(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    asks(world, &arun, &casey, "mail").await.unwrap();
    let (code, _) = mailed(world).await;
    enters_code(world, &arun, &casey, &code).await.unwrap();
    sets(world, &arun, &casey, NEW).await.unwrap();
    assert_eq!(check(world, &arun, &casey).await.verified_until, None);
    sets(world, &arun, &casey, OTHER).await.unwrap();
    world.mails().await;
}

async fn codes_and_receipts_end_with_their_time(world: &mut World) {
    requires(world).await;
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    asks(world, &arun, &casey, "mail").await.unwrap();
    let (code, _) = mailed(world).await;
    world.minutes_pass(10);
    let arun = proves(world, arun).await;
    let over = Refusal::field("code", Problem::CodeOver);
    assert_eq!(refusal(enters_code(world, &arun, &casey, &code).await), over);
    world.portal.tidy().await.unwrap();
    let sealed: i64 = world
        .sql
        .one("SELECT COUNT(*) FROM verifications WHERE sealed IS NOT NULL", values![])
        .await;
    assert_eq!(sealed, 0);
    asks(world, &arun, &casey, "mail").await.unwrap();
    let (code, _) = mailed(world).await;
    enters_code(world, &arun, &casey, &code).await.unwrap();
    let now = world.now();
    // A clock that went back revives nothing that lies in the future.
    world.clock.set(now.minus(std::time::Duration::from_secs(60 * 5)));
    assert_eq!(check(world, &arun, &casey).await.verified_until, None);
    world.clock.set(now);
    world.minutes_pass(10);
    let arun = proves(world, arun).await;
    let unknown = Refusal::ResetImpossible(Obstacle::CallerUnknown);
    assert_eq!(refusal(sets(world, &arun, &casey, NEW).await), unknown);
}

async fn a_few_wrong_codes_end_it(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    asks(world, &arun, &casey, "mail").await.unwrap();
    let (code, _) = mailed(world).await;
    let wrong = other_than(&code);
    let empty = Refusal::field("code", Problem::Required);
    assert_eq!(refusal(enters_code(world, &arun, &casey, " ").await), empty);
    for _ in 0..4 {
        let told = Refusal::field("code", Problem::CodeWrong);
        assert_eq!(refusal(enters_code(world, &arun, &casey, wrong).await), told);
    }
    let over = Refusal::field("code", Problem::CodeOver);
    assert_eq!(refusal(enters_code(world, &arun, &casey, wrong).await), over);
    assert_eq!(refusal(enters_code(world, &arun, &casey, &code).await), over);
    assert_eq!(check(world, &arun, &casey).await.verified_until, None);
}

async fn a_new_code_ends_the_one_before(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    asks(world, &arun, &casey, "mail").await.unwrap();
    let (first, _) = mailed(world).await;
    // Pressed twice it is one code.
    asks(world, &arun, &casey, "mail").await.unwrap();
    assert!(world.new_mails().await.is_empty());
    world.seconds_pass(10);
    asks(world, &arun, &casey, "mail").await.unwrap();
    let (second, _) = mailed(world).await;
    if first != second {
        let wrong = Refusal::field("code", Problem::CodeWrong);
        assert_eq!(refusal(enters_code(world, &arun, &casey, &first).await), wrong);
    }
    enters_code(world, &arun, &casey, &second).await.unwrap();
}

async fn a_mailbox_is_not_filled_with_codes(world: &mut World) {
    let casey = world.person("casey").await;
    for who in ["arun", "olivia"] {
        let operator = at_the_desk(world, who).await;
        for _ in 0..3 {
            asks(world, &operator, &casey, "mail").await.unwrap();
            world.seconds_pass(10);
        }
    }
    let operator = at_the_desk(world, "operator").await;
    assert!(wait(asks(world, &operator, &casey, "mail").await) > 500);
    assert_eq!(world.new_mails().await.len(), 6);
}

async fn who_may_verify_callers(world: &mut World) {
    let casey = world.person("casey").await;
    let ada = at_the_desk(world, "ada").await;
    assert_eq!(refusal(asks(world, &ada, &casey, "mail").await), Refusal::NotAllowed);
    assert_eq!(refusal(enters_code(world, &ada, &casey, "1").await), Refusal::NotAllowed);
    let drew = world.enters("drew").await;
    assert_eq!(refusal(asks(world, &drew, &casey, "mail").await), Refusal::NotFound);
    let arun = world.enters("arun").await;
    assert_eq!(refusal(asks(world, &arun, &casey, "mail").await), Refusal::StepUp);
    assert_eq!(refusal(enters_code(world, &arun, &casey, "1").await), Refusal::StepUp);
    let arun = proves(world, arun).await;
    let odd = Refusal::field("method", Problem::NotAChoice);
    assert_eq!(refusal(asks(world, &arun, &casey, "pigeon").await), odd);
    let odd = Refusal::field("action", Problem::NotAChoice);
    assert_eq!(refusal(asks_for(world, &arun, &casey, ("sing", "mail")).await), odd);
    // Of staff nobody sets the password.
    let olivia = at_the_desk(world, "olivia").await;
    let ada = world.person("ada").await;
    assert_eq!(refusal(asks(world, &olivia, &ada, "mail").await), Refusal::NotFound);
    // To staff nobody comes by phone.
    assert_eq!(refusal(world.portal.calls(&arun.actor).await), Refusal::NotFound);
}

async fn another_resellers_customer_has_no_callers(world: &mut World) {
    let carla = at_the_desk(world, "carla").await;
    let casey = world.person("casey").await;
    let before = world.sql.everything().await;
    assert_eq!(refusal(asks(world, &carla, &casey, "mail").await), Refusal::NotFound);
    assert_eq!(refusal(enters_code(world, &carla, &casey, "1").await), Refusal::NotFound);
    assert_eq!(world.sql.everything().await, before);
}

async fn where_it_is_off_there_are_no_codes(world: &mut World) {
    world.sets_rule("Northwind Backup", "caller_verification", Some(0), None).await;
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    assert_eq!(refusal(asks(world, &arun, &casey, "mail").await), Refusal::NotAllowed);
    sets(world, &arun, &casey, NEW).await.unwrap();
    world.mails().await;
}

async fn without_mail_a_code_is_shown_in_the_account(world: &mut World) {
    world.restart(|settings: &mut Settings| settings.mail.transport = MailTransport::None).await;
    let (arun, casey) = (at_the_desk(world, "arun").await, world.enters("casey").await);
    assert!(!check(world, &arun, &casey.person).await.mails);
    let no_mail = Refusal::ResetImpossible(Obstacle::NoMail);
    assert_eq!(refusal(asks(world, &arun, &casey.person, "mail").await), no_mail);
    asks(world, &arun, &casey.person, "account").await.unwrap();
    let code = world.portal.calls(&casey.actor).await.unwrap()[0].code.clone().unwrap();
    enters_code(world, &arun, &casey.person, &code).await.unwrap();
}

async fn verifying_is_recorded(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    asks(world, &arun, &casey, "mail").await.unwrap();
    let (code, _) = mailed(world).await;
    refusal(enters_code(world, &arun, &casey, other_than(&code)).await);
    enters_code(world, &arun, &casey, &code).await.unwrap();
    assert_eq!(
        world.recorded(&casey).await,
        ["caller_asked done", "caller_verified refused", "caller_verified done"]
    );
}
