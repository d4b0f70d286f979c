//! Staff give customers passwords, typed or generated; what both need, and how long they work.

use std::sync::atomic::{AtomicU32, Ordering};

use model::{
    Refusal,
    consent::{Consent, ConsentSource},
    id::ResetId,
    refusal::{FieldProblem, Problem},
    reset::{Delivery, Obstacle, ResetState, TargetKind, TargetState},
};
use portal::{
    CreateCustomer, Newcomer, Reached, Result, SetConsent, SetPassword, SignedIn, StaffPassword,
    config::Settings, mail::MailTransport,
};

use crate::{
    new_customers,
    reset_desk::{at_the_desk, proves},
    sql::values,
    world::{
        Entered, Mail, NEW, OTHER, Person, WRONG, World, new_password, refusal, secret, stories,
        wait,
    },
};

stories! {
    a_typed_password_lets_in_and_leads_to_a_change,
    a_generated_password_reaches_the_customer_only,
    nothing_gets_around_the_forced_change,
    the_forced_change_ends_with_its_session,
    a_temporary_password_expires,
    a_temporary_password_cannot_be_kept,
    a_link_ends_the_need_for_a_change,
    without_leave_of_the_policy_nothing_is_set,
    without_consent_nothing_is_set,
    a_permission_for_once_is_used_up,
    never_by_phone_means_never,
    what_its_owner_froze_opens_with_a_link_only,
    without_mail_a_password_can_still_be_typed,
    who_may_set_a_password,
    without_a_fresh_proof_nothing_is_set,
    another_resellers_customer_gets_no_password,
    what_was_withdrawn_between_page_and_submit_counts,
    a_typed_password_follows_the_rules,
    typing_says_nothing_about_earlier_passwords,
    a_password_set_twice_by_one_press_is_one,
    two_operators_at_once_leave_one_password,
    a_set_password_ends_sessions_links_and_locks,
    a_set_password_leaves_the_factor_as_it_was,
    setting_a_password_is_recorded_with_its_reason,
    what_became_of_it_is_told_to_who_did_it,
    a_generated_password_that_does_not_arrive_needs_attention,
    who_made_use_of_a_permission_is_told,
    a_link_may_ask_for_a_pin_too,
    a_few_wrong_pins_end_the_link,
    a_first_password_is_given_like_any_other,
    a_first_password_takes_policy_and_permission,
}

pub const TYPED: &str = "granite walnut ferry nine";

pub fn typed(customer: &Person, password: &str) -> SetPassword {
    let password = StaffPassword::Typed { new: secret(password), retype: secret(password) };
    with(customer, password)
}

pub fn generated(customer: &Person) -> SetPassword {
    with(customer, StaffPassword::Generated)
}

/// Each with a reason of its own: the same one again would be a form that was sent twice.
fn with(customer: &Person, password: StaffPassword) -> SetPassword {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    SetPassword {
        customer: customer.id,
        password,
        reason: format!("Call {call}, knows the last invoice"),
        ticket: "T-77".into(),
        places: String::new(),
    }
}

pub async fn sets(world: &World, who: &Entered, request: SetPassword) -> Result<ResetId> {
    if let StaffPassword::Typed { new, .. } = &request.password {
        world.is_secret(new);
    }
    world.portal.set_customer_password(&who.actor, request).await
}

pub fn impossible(obstacle: Obstacle) -> Refusal {
    Refusal::ResetImpossible(obstacle)
}

/// The password of a mail: the only line that stands further in than a label.
fn password_in(world: &World, mail: &Mail) -> String {
    let line = mail.text.lines().find(|line| line.starts_with("    "));
    let password = line.unwrap_or_else(|| panic!("no password in {}", mail.text)).trim().to_owned();
    world.is_secret(&secret(&password));
    password
}

/// Signs in with a temporary password.
async fn comes_with(world: &World, customer: &Person, password: &str) -> (SignedIn, Newcomer) {
    let visit = world.visit_at(customer.site);
    let signed_in = world.sign_in(&visit, &customer.email, password).await.unwrap();
    assert!(
        signed_in.reached == Reached::Change
            && signed_in.device.is_none()
            && signed_in.max_age.is_none()
    );
    let newcomer = world.portal.newcomer(&visit, &signed_in.token).await.unwrap();
    (signed_in, newcomer.expect("who must choose another password"))
}

async fn chooses(world: &World, newcomer: &Newcomer, new: &str) -> Result<SignedIn> {
    world.portal.choose_password(newcomer, new_password(new)).await
}

async fn a_typed_password_lets_in_and_leads_to_a_change(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    sets(world, &arun, typed(&casey, TYPED)).await.unwrap();
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (&mails[0].to, &*mails[0].subject),
        (&casey.email, "Your password was set by Northwind Backup")
    );
    assert!(mails[0].says("3 March 2026, 09:00 UTC") && !mails[0].text.contains(TYPED));
    assert_eq!(world.reset_states(&casey).await, ["done"]);
    let (before, newcomer) = comes_with(world, &casey, TYPED).await;
    let view = world.portal.forced_change(&newcomer).await.unwrap();
    assert_eq!((view.sign_in_name.as_str(), view.rules.shortest), (&*casey.email, 15));
    let after = chooses(world, &newcomer, NEW).await.unwrap();
    assert_eq!(after.reached, Reached::Everything);
    // The session goes on under a new token, and is good for everything.
    let visit = world.visit_at(casey.site);
    assert!(world.portal.actor(&visit, &before.token).await.unwrap().is_none());
    let casey = world.came_in(casey, visit, after).await;
    assert_eq!(world.portal.sessions(&casey.actor).await.unwrap().len(), 1);
    assert!(!world.lets_in(&casey.person, TYPED).await);
    assert!(world.lets_in(&casey.person, NEW).await);
    world.mails().await;
}

async fn a_generated_password_reaches_the_customer_only(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    sets(world, &arun, generated(&casey)).await.unwrap();
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, casey.email);
    let password = password_in(world, &mails[0]);
    // Six of 7,776 words are 77 bits.
    assert_eq!(password.split(' ').count(), 6);
    let (_, newcomer) = comes_with(world, &casey, &password).await;
    chooses(world, &newcomer, NEW).await.unwrap();
    assert!(world.lets_in(&casey, NEW).await);
    world.mails().await;
}

async fn nothing_gets_around_the_forced_change(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    sets(world, &arun, typed(&casey, TYPED)).await.unwrap();
    let (signed_in, newcomer) = comes_with(world, &casey, TYPED).await;
    // No use case takes anybody but an actor, and this token makes none; a full one no newcomer.
    let visit = world.visit_at(casey.site);
    assert!(world.portal.actor(&visit, &signed_in.token).await.unwrap().is_none());
    let drew = world.enters("drew").await;
    assert!(world.portal.newcomer(&drew.visit, &drew.token).await.unwrap().is_none());
    // Signing in once more leads to the same place.
    comes_with(world, &casey, TYPED).await;
    // What one may do is leave.
    world.portal.leave(&newcomer).await.unwrap();
    assert!(world.portal.newcomer(&visit, &signed_in.token).await.unwrap().is_none());
    assert_eq!(refusal(chooses(world, &newcomer, NEW).await), Refusal::SignInFailed);
    comes_with(world, &casey, TYPED).await;
    world.mails().await;
}

async fn the_forced_change_ends_with_its_session(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    sets(world, &arun, typed(&casey, TYPED)).await.unwrap();
    let (signed_in, newcomer) = comes_with(world, &casey, TYPED).await;
    world.minutes_pass(15);
    let visit = world.visit_at(casey.site);
    assert!(world.portal.newcomer(&visit, &signed_in.token).await.unwrap().is_none());
    assert_eq!(refusal(chooses(world, &newcomer, NEW).await), Refusal::SignInFailed);
    // Staff set another one meanwhile.
    let (_, newcomer) = comes_with(world, &casey, TYPED).await;
    let arun = proves(world, arun).await;
    sets(world, &arun, typed(&casey, OTHER)).await.unwrap();
    assert_eq!(refusal(chooses(world, &newcomer, NEW).await), Refusal::SignInFailed);
    world.mails().await;
}

async fn a_temporary_password_expires(world: &mut World) {
    world.sets_rule("Northwind Backup", "temporary_hours", Some(2), None).await;
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    sets(world, &arun, typed(&casey, TYPED)).await.unwrap();
    world.minutes_pass(119);
    let (_, newcomer) = comes_with(world, &casey, TYPED).await;
    world.minutes_pass(1);
    assert!(!world.lets_in(&casey, TYPED).await);
    assert_eq!(refusal(chooses(world, &newcomer, NEW).await), Refusal::SignInFailed);
    // A link always helps.
    let link = world.mailed_link_among(&casey).await;
    world.uses(&link, NEW).await.unwrap();
    assert!(world.lets_in(&casey, NEW).await);
    world.mails().await;
}

async fn a_temporary_password_cannot_be_kept(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    sets(world, &arun, typed(&casey, TYPED)).await.unwrap();
    let (_, newcomer) = comes_with(world, &casey, TYPED).await;
    for (new, problem) in [
        (TYPED, Problem::PasswordUsedBefore),
        ("short", Problem::PasswordTooShort { min: 15, have: 5 }),
    ] {
        assert_eq!(refusal(chooses(world, &newcomer, new).await), Refusal::field("new", problem));
    }
    chooses(world, &newcomer, NEW).await.unwrap();
    world.mails().await;
}

async fn a_link_ends_the_need_for_a_change(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    sets(world, &arun, typed(&casey, TYPED)).await.unwrap();
    let link = world.mailed_link(&casey).await;
    world.uses(&link, NEW).await.unwrap();
    world.enters_with("casey", NEW).await;
    world.mails().await;
}

async fn without_leave_of_the_policy_nothing_is_set(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    let before = world.sql.everything_done().await;
    for (rule, request, obstacle) in [
        ("allow_manual_entry", typed(&casey, TYPED), Obstacle::ManualEntryOff),
        ("allow_generated", generated(&casey), Obstacle::GeneratedOff),
        ("agents_set_passwords", typed(&casey, TYPED), Obstacle::NotByAgents),
    ] {
        world.sets_rule("Northwind Backup", rule, Some(0), None).await;
        assert_eq!(refusal(sets(world, &arun, request).await), impossible(obstacle));
        world.sets_rule("Northwind Backup", rule, Some(1), None).await;
    }
    // Above, a ceiling holds for everybody below.
    world.sets_rule("Rekey Operations", "allow_manual_entry", None, Some(0)).await;
    let refused = refusal(sets(world, &arun, typed(&casey, TYPED)).await);
    assert_eq!(refused, impossible(Obstacle::ManualEntryOff));
    world.sql.run("DELETE FROM policies WHERE ceiling IS NOT NULL", values![]).await;
    assert_eq!(world.sql.everything_done().await, before);
    // By default nothing of it is possible.
    let (carla, customer) =
        (at_the_desk(world, "carla").await, world.customer_of("Contoso Cloud").await);
    let refused = refusal(sets(world, &carla, typed(&customer, TYPED)).await);
    assert_eq!(refused, impossible(Obstacle::ManualEntryOff));
}

async fn without_consent_nothing_is_set(world: &mut World) {
    let (arun, drew) = (at_the_desk(world, "arun").await, world.person("drew").await);
    let before = world.sql.everything_done().await;
    for request in [typed(&drew, TYPED), generated(&drew)] {
        let refused = refusal(sets(world, &arun, request).await);
        assert_eq!(refused, impossible(Obstacle::NoConsent));
    }
    assert_eq!(world.sql.everything_done().await, before);
}

async fn consents(world: &World, who: &str, choice: &str, links_only: bool) {
    let entered = world.proves(&world.enters(who).await).await;
    let request = SetConsent { choice: choice.into(), until: "2026-03-02".into(), links_only };
    world.portal.set_consent(&entered.actor, request).await.unwrap();
}

async fn a_permission_for_once_is_used_up(world: &mut World) {
    consents(world, "drew", "once", false).await;
    world.seconds_pass(1);
    let (arun, drew) = (at_the_desk(world, "arun").await, world.person("drew").await);
    assert!(world.portal.reset_desk(&arun.actor, drew.id, None).await.unwrap().allowed_once);
    sets(world, &arun, typed(&drew, TYPED)).await.unwrap();
    let refused = refusal(sets(world, &arun, typed(&drew, OTHER)).await);
    assert_eq!(refused, impossible(Obstacle::NoConsent));
    let (_, newcomer) = comes_with(world, &drew, TYPED).await;
    chooses(world, &newcomer, NEW).await.unwrap();
    let drew = world.enters_with("drew", NEW).await;
    world.portal.step_up(&drew.actor, &secret(NEW), &secret("")).await.unwrap();
    let ledger = world.portal.consent(&drew.actor).await.unwrap().ledger;
    assert_eq!((ledger[0].consent, ledger[0].source), (Consent::Refused, ConsentSource::Used));
    assert_eq!(ledger[1].consent, Consent::Once);
    // One that ends with its day is there until then.
    let request =
        SetConsent { choice: "until".into(), until: "2026-03-02".into(), links_only: false };
    world.portal.set_consent(&drew.actor, request).await.unwrap();
    sets(world, &arun, typed(&drew.person, TYPED)).await.unwrap();
    sets(world, &arun, typed(&drew.person, OTHER)).await.unwrap();
    world.hours_pass(15);
    let arun = at_the_desk(world, "arun").await;
    let refused = refusal(sets(world, &arun, typed(&drew.person, TYPED)).await);
    assert_eq!(refused, impossible(Obstacle::NoConsent));
    world.mails().await;
}

async fn never_by_phone_means_never(world: &mut World) {
    consents(world, "casey", "always", true).await;
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    for request in [typed(&casey, TYPED), generated(&casey)] {
        let refused = refusal(sets(world, &arun, request).await);
        assert_eq!(refused, impossible(Obstacle::LinksOnly));
    }
    world.mails().await;
}

async fn what_its_owner_froze_opens_with_a_link_only(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    sets(world, &arun, typed(&casey, TYPED)).await.unwrap();
    let mails = world.new_mails().await;
    let line = mails[0].text.lines().rfind(|line| line.contains("/confirm/")).unwrap().to_owned();
    let dispute = world.link_in(&Mail { text: line, ..mails[0].clone() });
    world.disputes(&dispute).await.unwrap();
    let olivia = at_the_desk(world, "olivia").await;
    for request in [typed(&casey, OTHER), generated(&casey)] {
        let refused = refusal(sets(world, &olivia, request).await);
        assert_eq!(refused, impossible(Obstacle::Disputed));
    }
    assert!(!world.lets_in(&casey, TYPED).await);
    world.mails().await;
}

async fn without_mail_a_password_can_still_be_typed(world: &mut World) {
    world.restart(|settings: &mut Settings| settings.mail.transport = MailTransport::None).await;
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    let refused = refusal(sets(world, &arun, generated(&casey)).await);
    assert_eq!(refused, impossible(Obstacle::NoMail));
    sets(world, &arun, typed(&casey, TYPED)).await.unwrap();
    comes_with(world, &casey, TYPED).await;
    world.leaves.work = true;
}

async fn who_may_set_a_password(world: &mut World) {
    let casey = world.person("casey").await;
    for who in ["olivia", "arun", "operator"] {
        let entered = at_the_desk(world, who).await;
        sets(world, &entered, typed(&casey, TYPED)).await.unwrap();
    }
    let (ada, drew) = (at_the_desk(world, "ada").await, at_the_desk(world, "drew").await);
    assert_eq!(refusal(sets(world, &ada, typed(&casey, TYPED)).await), Refusal::NotAllowed);
    assert_eq!(refusal(sets(world, &drew, typed(&casey, TYPED)).await), Refusal::NotFound);
    // An owner may where agents may not.
    world.sets_rule("Northwind Backup", "agents_set_passwords", Some(0), None).await;
    let olivia = at_the_desk(world, "olivia").await;
    sets(world, &olivia, typed(&casey, TYPED)).await.unwrap();
    world.mails().await;
}

async fn without_a_fresh_proof_nothing_is_set(world: &mut World) {
    let (arun, casey) = (world.enters("arun").await, world.person("casey").await);
    let before = world.sql.everything().await;
    for request in [typed(&casey, TYPED), generated(&casey)] {
        assert_eq!(refusal(sets(world, &arun, request).await), Refusal::StepUp);
    }
    assert_eq!(world.sql.everything().await, before);
}

async fn another_resellers_customer_gets_no_password(world: &mut World) {
    let carla = at_the_desk(world, "carla").await;
    let casey = world.person("casey").await;
    let nobody = Person { id: carla.person.id, ..casey.clone() };
    let before = world.sql.everything().await;
    for customer in [&casey, &nobody] {
        for request in [typed(customer, TYPED), generated(customer)] {
            assert_eq!(refusal(sets(world, &carla, request).await), Refusal::NotFound);
        }
    }
    assert_eq!(world.sql.everything().await, before);
}

async fn what_was_withdrawn_between_page_and_submit_counts(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.enters("casey").await);
    let desk = world.portal.reset_desk(&arun.actor, casey.person.id, None).await.unwrap();
    assert_eq!(desk.customer.obstacle(Delivery::Typed), None);
    let no = SetConsent { choice: "no".into(), until: String::new(), links_only: false };
    world.portal.set_consent(&casey.actor, no).await.unwrap();
    let hash = world.hash_of(&casey.person).await;
    let refused = refusal(sets(world, &arun, typed(&casey.person, TYPED)).await);
    assert_eq!(refused, impossible(Obstacle::NoConsent));
    let casey = world.proves(&casey).await;
    let yes = SetConsent { choice: "always".into(), until: String::new(), links_only: false };
    world.portal.set_consent(&casey.actor, yes).await.unwrap();
    // The role of before is still what the actor brings along.
    let change = "UPDATE accounts SET role = 'auditor' WHERE id = $1";
    world.sql.run(change, values![arun.person.id]).await;
    let refused = refusal(sets(world, &arun, typed(&casey.person, TYPED)).await);
    assert_eq!(refused, Refusal::NotAllowed);
    assert_eq!(world.hash_of(&casey.person).await, hash);
    assert!(world.holds(&casey).await);
}

async fn a_typed_password_follows_the_rules(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    let before = world.sql.everything().await;
    let typed = |new: &str, retype: &str, reason: &str| SetPassword {
        reason: reason.into(),
        ..with(&casey, StaffPassword::Typed { new: secret(new), retype: secret(retype) })
    };
    let problem = |field: &str, problem| FieldProblem { field: field.into(), problem };
    let short = Problem::PasswordTooShort { min: 15, have: 6 };
    for (request, problems) in [
        (typed("sesame", "sesame", "asked"), vec![problem("new", short)]),
        (typed(TYPED, OTHER, "asked"), vec![problem("retype", Problem::RetypeDiffers)]),
        (
            typed("caseythornton2026", "caseythornton2026", "asked"),
            vec![problem("new", Problem::PasswordIsPersonal)],
        ),
        // All of it at once.
        (
            typed("sesame", "sesame", " "),
            vec![problem("reason", Problem::Required), problem("new", short)],
        ),
    ] {
        assert_eq!(refusal(sets(world, &arun, request).await), Refusal::Fields(problems));
    }
    assert_eq!(world.sql.everything().await, before);
}

/// Or staff could try here what the customer's password is.
async fn typing_says_nothing_about_earlier_passwords(world: &mut World) {
    world.sets_rule("Northwind Backup", "password_history", Some(5), None).await;
    let casey = world.enters("casey").await;
    world.change_password(&casey, portal::DEMO_PASSWORD, NEW).await.unwrap();
    let arun = at_the_desk(world, "arun").await;
    for known in [NEW, portal::DEMO_PASSWORD, WRONG] {
        sets(world, &arun, typed(&casey.person, known)).await.unwrap();
    }
    world.mails().await;
}

async fn a_password_set_twice_by_one_press_is_one(world: &mut World) {
    consents(world, "casey", "once", false).await;
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    let request = typed(&casey, TYPED);
    let first = sets(world, &arun, request.clone()).await.unwrap();
    assert_eq!(sets(world, &arun, request.clone()).await.unwrap(), first);
    assert_eq!(world.reset_states(&casey).await.len(), 1);
    // Another password within these seconds was not set, and nobody is told it was.
    let other = StaffPassword::Typed { new: secret(OTHER), retype: secret(OTHER) };
    assert_eq!(
        wait(sets(world, &arun, SetPassword { password: other, ..request.clone() }).await),
        10
    );
    world.seconds_pass(10);
    assert_eq!(refusal(sets(world, &arun, request).await), impossible(Obstacle::NoConsent));
    consents_again(world, &casey).await;
    let request = generated(&casey);
    let first = sets(world, &arun, request.clone()).await.unwrap();
    assert_eq!(sets(world, &arun, request).await.unwrap(), first);
    assert_eq!(world.new_mails().await.len(), 2);
}

async fn consents_again(world: &World, customer: &Person) {
    world
        .sql
        .run(
            "UPDATE accounts SET resets_allowed_until = 9223372036854775807 WHERE id = $1",
            values![customer.id],
        )
        .await;
}

async fn two_operators_at_once_leave_one_password(world: &mut World) {
    let (arun, olivia) = (at_the_desk(world, "arun").await, at_the_desk(world, "olivia").await);
    let casey = world.person("casey").await;
    let (one, two) = tokio::join!(
        sets(world, &arun, typed(&casey, TYPED)),
        sets(world, &olivia, typed(&casey, OTHER))
    );
    one.unwrap();
    two.unwrap();
    // The later decision holds, whichever that was; the other one is told to be superseded or done.
    let opens = [world.lets_in(&casey, TYPED).await, world.lets_in(&casey, OTHER).await];
    assert_eq!(opens.into_iter().filter(|opens| *opens).count(), 1);
    assert!(
        world
            .reset_states(&casey)
            .await
            .iter()
            .all(|state| state == "done" || state == "cancelled")
    );
    world.mails().await;
}

async fn a_set_password_ends_sessions_links_and_locks(world: &mut World) {
    let lou = world.person("lou").await;
    consents_again(world, &lou).await;
    let link = world.mailed_link(&lou).await;
    let casey = world.enters("casey").await;
    let arun = at_the_desk(world, "arun").await;
    sets(world, &arun, typed(&lou, TYPED)).await.unwrap();
    sets(world, &arun, typed(&casey.person, TYPED)).await.unwrap();
    assert!(!world.holds(&casey).await);
    assert_eq!(refusal(world.uses(&link, NEW).await), Refusal::LinkUnusable);
    comes_with(world, &lou, TYPED).await;
    world.mails().await;
}

async fn a_set_password_leaves_the_factor_as_it_was(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    let (app, codes) = world.sets_up_app(&casey).await;
    let casey = casey.person;
    let arun = at_the_desk(world, "arun").await;
    for request in [typed(&casey, TYPED), generated(&casey)] {
        let is_typed = matches!(request.password, StaffPassword::Typed { .. });
        sets(world, &arun, request).await.unwrap();
        let mails = world.new_mails().await;
        let password = if is_typed { TYPED.into() } else { password_in(world, &mails[0]) };
        // Whoever was read the password, or reads the mail, gets no further than the factor.
        let half = world.half("casey", &password).await;
        world.seconds_pass(30);
        let done = world.gives_code(&half, &world.code(&app)).await.unwrap();
        assert_eq!(done.reached, Reached::Change);
        world.minutes_pass(1);
    }
    // So do the recovery codes.
    sets(world, &arun, typed(&casey, OTHER)).await.unwrap();
    let half = world.half("casey", OTHER).await;
    world.gives_code(&half, &codes[0]).await.unwrap();
    world.new_mails().await;
}

async fn setting_a_password_is_recorded_with_its_reason(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    sets(world, &arun, generated(&casey)).await.unwrap();
    assert_eq!(
        world.recorded(&casey).await,
        ["staff_password_set begun", "staff_password_set done"]
    );
    let content: String = world
        .sql
        .one(
            "SELECT content FROM audit_personal JOIN audit_entries ON audit_entries.id = audit_id WHERE subject_id = $1 ORDER BY position LIMIT 1",
            values![casey.id],
        )
        .await;
    for word in ["Arun Velder", "knows the last invoice", "T-77"] {
        assert!(content.contains(word), "{content}");
    }
    let mails = world.new_mails().await;
    password_in(world, &mails[0]);
}

async fn what_became_of_it_is_told_to_who_did_it(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    let reset = sets(world, &arun, typed(&casey, TYPED)).await.unwrap();
    let desk = world.portal.reset_desk(&arun.actor, casey.id, Some(reset)).await.unwrap();
    let begun = desk.begun.unwrap();
    assert_eq!((begun.delivery, begun.state), (Delivery::Typed, ResetState::Done));
    let targets: Vec<_> = begun.targets.iter().map(|target| (target.kind, target.state)).collect();
    assert_eq!(targets, [(TargetKind::Portal, TargetState::Applied)]);
    let olivia = at_the_desk(world, "olivia").await;
    let desk = world.portal.reset_desk(&olivia.actor, casey.id, Some(reset)).await.unwrap();
    assert_eq!(desk.begun, None);
    world.mails().await;
}

async fn a_generated_password_that_does_not_arrive_needs_attention(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    let reset = sets(world, &arun, generated(&casey)).await.unwrap();
    // Nobody sent it for an hour.
    world.minutes_pass(60);
    world.portal.tidy().await.unwrap();
    let sealed: Option<Vec<u8>> =
        world.sql.one("SELECT sealed FROM outbox WHERE account_id = $1", values![casey.id]).await;
    assert_eq!(sealed, None);
    let arun = at_the_desk(world, "arun").await;
    let desk = world.portal.reset_desk(&arun.actor, casey.id, Some(reset)).await.unwrap();
    assert_eq!(desk.begun.unwrap().state, ResetState::NeedsAttention);
    assert_eq!(world.count_recorded(&casey, "reset_needs_attention").await, 1);
    // Mailing another one mends it.
    sets(world, &arun, generated(&casey)).await.unwrap();
    let mails = world.new_mails().await;
    comes_with(world, &casey, &password_in(world, &mails[0])).await;
}

async fn who_made_use_of_a_permission_is_told(world: &mut World) {
    let (arun, casey) = (at_the_desk(world, "arun").await, world.person("casey").await);
    sets(world, &arun, typed(&casey, TYPED)).await.unwrap();
    let (_, newcomer) = comes_with(world, &casey, TYPED).await;
    chooses(world, &newcomer, NEW).await.unwrap();
    let casey = world.enters_with("casey", NEW).await;
    let uses = world.portal.consent(&casey.actor).await.unwrap().uses;
    assert_eq!(uses.len(), 1);
    assert_eq!(uses[0].by.as_ref().unwrap().as_str(), "Arun Velder");
    assert_eq!((uses[0].delivery, uses[0].at), (Delivery::Typed, world.now()));
    world.mails().await;
}

/// Sends a link in split delivery; what the operator reads out.
async fn sends_with_pin(world: &World, who: &Entered, customer: &Person) -> String {
    let request = portal::SendLink {
        customer: customer.id,
        reason: "Lost the phone".into(),
        ticket: String::new(),
        places: String::new(),
    };
    let reset = world.portal.send_link(&who.actor, request).await.unwrap();
    let desk = world.portal.reset_desk(&who.actor, customer.id, Some(reset)).await.unwrap();
    let pin = desk.begun.unwrap().pin.expect("a PIN to read out");
    assert!(pin.len() == 6 && pin.bytes().all(|b| b.is_ascii_digit()));
    pin
}

async fn a_link_may_ask_for_a_pin_too(world: &mut World) {
    world.sets_rule("Northwind Backup", "split_delivery", Some(1), None).await;
    let (arun, drew) = (at_the_desk(world, "arun").await, world.person("drew").await);
    let pin = sends_with_pin(world, &arun, &drew).await;
    let mails = world.new_mails().await;
    assert!(mails[0].says("also asks for a PIN") && !mails[0].text.contains(&pin));
    let link = world.link_in(&mails[0]);
    assert!(world.opens(&link).await.unwrap().pin);
    let uses = async |pin: &str, new: &str| {
        let request = portal::NewPassword { pin: secret(pin), ..new_password(new) };
        let visit = world.visit_at(drew.site);
        world.portal.use_link(&visit, link.id, &link.token, request).await
    };
    let wrong = |problem| Refusal::field("pin", problem);
    assert_eq!(refusal(uses("", NEW).await), wrong(Problem::Required));
    let other = if pin == "000000" { "000001" } else { "000000" };
    // With the mail only one learns nothing, not even what the old password was.
    for new in [NEW, portal::DEMO_PASSWORD, "short"] {
        assert_eq!(refusal(uses(other, new).await), wrong(Problem::PinWrong));
    }
    let spaced = format!("{} {}", &pin[..3], &pin[3..]);
    uses(&spaced, NEW).await.unwrap();
    assert!(world.lets_in(&drew, NEW).await);
    // The PIN is gone with the link; what visitors ask for needs none.
    let sealed: i64 =
        world.sql.one("SELECT COUNT(*) FROM resets WHERE sealed_pin IS NOT NULL", values![]).await;
    assert_eq!(sealed, 0);
    let link = world.mailed_link(&drew).await;
    assert!(!world.opens(&link).await.unwrap().pin);
    world.mails().await;
}

async fn a_few_wrong_pins_end_the_link(world: &mut World) {
    world.sets_rule("Northwind Backup", "split_delivery", Some(1), None).await;
    let (arun, drew) = (at_the_desk(world, "arun").await, world.person("drew").await);
    let pin = sends_with_pin(world, &arun, &drew).await;
    let link = world.link_in(&world.new_mails().await[0]);
    let other = if pin == "000000" { "000001" } else { "000000" };
    let uses = async |pin: &str| {
        let request = portal::NewPassword { pin: secret(pin), ..new_password(NEW) };
        let visit = world.visit_at(drew.site);
        world.portal.use_link(&visit, link.id, &link.token, request).await
    };
    for _ in 0..4 {
        assert_eq!(refusal(uses(other).await), Refusal::field("pin", Problem::PinWrong));
    }
    assert_eq!(refusal(uses(other).await), Refusal::LinkUnusable);
    assert_eq!(refusal(uses(&pin).await), Refusal::LinkUnusable);
    assert_eq!(world.reset_states(&drew).await, ["cancelled"]);
    assert_eq!(world.count_recorded(&drew, "pin_refused").await, 5);
    world.mails().await;
}

async fn a_first_password_is_given_like_any_other(world: &mut World) {
    let olivia = at_the_desk(world, "olivia").await;
    for (way, email) in [("typed", "nia@novak.example"), ("generated", "noa@novak.example")] {
        let asked = CreateCustomer {
            allows_resets: true,
            first_password: way.into(),
            ..new_customers::form("Nia Novak", email)
        };
        let id = world.portal.create_customer(&olivia.actor, asked).await.unwrap();
        assert!(world.new_mails().await.is_empty());
        let nia = Person { id, email: email.into(), site: world.northwind };
        let request = if way == "typed" { typed(&nia, TYPED) } else { generated(&nia) };
        let reset = sets(world, &olivia, request).await.unwrap();
        let mails = world.new_mails().await;
        assert!(mails[0].says("Northwind Backup has created an account"), "{}", mails[0].text);
        let password = match way {
            "typed" => TYPED.to_owned(),
            _ => password_in(world, &mails[0]),
        };
        let (_, newcomer) = comes_with(world, &nia, &password).await;
        chooses(world, &newcomer, NEW).await.unwrap();
        // Who did it finds the entry about it.
        let desk = world.portal.reset_desk(&olivia.actor, id, Some(reset)).await.unwrap();
        let entry = desk.begun.and_then(|begun| begun.audit).expect("an entry");
        let entry = world.portal.audit_entry(&olivia.actor, entry).await.unwrap();
        assert_eq!(entry.line.reset, Some(reset));
        world.new_mails().await;
    }
}

async fn a_first_password_takes_policy_and_permission(world: &mut World) {
    let olivia = at_the_desk(world, "olivia").await;
    let asked = |way: &str, allows_resets| CreateCustomer {
        allows_resets,
        first_password: way.into(),
        ..new_customers::form("Nia Novak", "nia@novak.example")
    };
    for way in ["typed", "generated"] {
        let without = world.portal.create_customer(&olivia.actor, asked(way, false)).await;
        let problem =
            FieldProblem { field: "first_password".into(), problem: Problem::NeedsConsent };
        assert_eq!(refusal(without), Refusal::Fields(vec![problem]));
    }
    for (rule, way, obstacle) in [
        ("allow_manual_entry", "typed", Obstacle::ManualEntryOff),
        ("allow_generated", "generated", Obstacle::GeneratedOff),
    ] {
        world.sets_rule("Northwind Backup", rule, Some(0), None).await;
        let off = world.portal.create_customer(&olivia.actor, asked(way, true)).await;
        assert_eq!(refusal(off), impossible(obstacle));
    }
    let view = world.portal.new_customer(&olivia.actor, None).await.unwrap();
    assert_eq!(
        (view.typed, view.generated),
        (Some(Obstacle::ManualEntryOff), Some(Obstacle::GeneratedOff))
    );
    assert!(world.new_mails().await.is_empty());
}
