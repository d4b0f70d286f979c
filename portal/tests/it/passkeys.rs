//! Passkeys: added, used as a second factor and instead of a password, copied, removed.

use model::{
    Refusal,
    factor::{PasskeyDoor, PasskeyQuestion, PasskeyView},
    refusal::{FieldProblem, Problem},
};
use portal::{
    AddPasskey, ChangePassword, DEMO_PASSWORD, Halfway, NewPassword, PasskeySignIn, Portal,
    ProveFactor, Reached, Result, SignedIn, Visit,
};
use serde_json::{Value, json};
use webauthn_authenticator_rs::{
    prelude::{CreationChallengeResponse, RequestChallengeResponse, Url, WebauthnAuthenticator},
    softpasskey::SoftPasskey,
};

use crate::{
    sql::values,
    world::{Entered, NEW, ORIGIN, WRONG, World, refusal, secret, stories},
};

stories! {
    a_passkey_is_added_and_its_owner_told,
    adding_one_needs_a_fresh_proof,
    a_passkey_is_a_second_factor,
    a_passkey_signs_in_without_a_password,
    one_answer_has_one_winner,
    a_copy_is_refused_and_set_aside,
    a_copy_at_the_front_door_is_set_aside_too,
    an_answer_to_another_question_is_worth_nothing,
    a_question_is_over_after_ten_minutes,
    another_front_door_stays_shut,
    who_may_not_sign_in_may_not_with_a_passkey,
    a_flood_does_not_shut_a_passkey_out,
    a_temporary_password_has_to_be_changed_all_the_same,
    a_passkey_is_a_fresh_proof_beside_the_password,
    a_link_asks_for_the_passkey_and_leaves_it,
    a_recovery_code_stands_in_for_a_lost_passkey,
    one_of_several_factors_is_removed,
    the_last_one_is_turned_off,
    a_copied_one_goes_with_the_last_that_lets_in,
    nobody_removes_the_passkeys_of_others,
    bare_addresses_have_no_passkeys,
    there_is_room_for_twenty,
    five_refused_answers_end_the_sign_in,
    a_written_passkey_is_not_accepted,
}

/// A telephone or a computer that keeps passkeys.
pub struct Device {
    keys: SoftPasskey,
    /// What it has kept: the key's id, and whose it is by its own word.
    kept: Option<(String, String)>,
}

impl Device {
    pub fn new() -> Self {
        Self { keys: SoftPasskey::new(true), kept: None }
    }

    /// Makes a key.
    fn makes(&mut self, question: &PasskeyQuestion) -> String {
        let options: Value = serde_json::from_str(&question.options).unwrap();
        let selection = &options["authenticatorSelection"];
        assert_eq!(selection["residentKey"], "preferred");
        assert_eq!(selection["userVerification"], "required");
        let owner = options["user"]["id"].as_str().unwrap().to_owned();
        let asked: CreationChallengeResponse =
            serde_json::from_value(json!({ "publicKey": options })).unwrap();
        let made = self.keys.do_registration(Url::parse(ORIGIN).unwrap(), asked).unwrap();
        self.kept = Some((made.id.clone(), owner));
        json!({ "ticket": question.ticket, "credential": made }).to_string()
    }

    /// Signs with the key that was made last.
    fn signs(&mut self, question: &PasskeyQuestion) -> String {
        self.signs_at(question, ORIGIN)
    }

    fn signs_at(&mut self, question: &PasskeyQuestion, origin: &str) -> String {
        let mut options: Value = serde_json::from_str(&question.options).unwrap();
        assert_eq!(options["userVerification"], "required");
        let (id, owner) = self.kept.clone().expect("a passkey");
        // A device that is asked for any key finds its own.
        options["allowCredentials"] = json!([{ "type": "public-key", "id": id }]);
        let asked: RequestChallengeResponse =
            serde_json::from_value(json!({ "publicKey": options })).unwrap();
        let signed = self.keys.do_authentication(Url::parse(origin).unwrap(), asked).unwrap();
        let mut signed = serde_json::to_value(signed).unwrap();
        signed["response"]["userHandle"] = json!(owner);
        json!({ "ticket": question.ticket, "credential": signed }).to_string()
    }
}

impl World {
    /// Adds a passkey for somebody who has just proven who they are.
    pub async fn adds_passkey(&self, entered: &Entered, device: &mut Device) -> Result<()> {
        let question = self.portal.begin_passkey(&entered.actor).await?;
        self.adds(entered, &device.makes(&question)).await
    }

    async fn adds(&self, entered: &Entered, answer: &str) -> Result<()> {
        let request = AddPasskey { name: "Casey’s laptop".into(), answer: secret(answer) };
        self.portal.add_passkey(&entered.actor, request).await
    }

    /// Casey with a passkey and recovery codes.
    async fn casey_with_passkey(&self) -> (Entered, Device, Vec<String>) {
        let casey = self.proves(&self.enters("casey").await).await;
        let mut device = Device::new();
        self.adds_passkey(&casey, &mut device).await.unwrap();
        let codes = self.two_factor(&casey).await.fresh_codes;
        for code in &codes {
            self.is_secret(&secret(code));
        }
        self.portal.save_recovery_codes(&casey.actor).await.unwrap();
        self.new_mails().await;
        (casey, device, codes)
    }

    /// Casey's only passkey, as its page shows it.
    async fn passkey(&self, casey: &Entered) -> PasskeyView {
        let mut passkeys = self.two_factor(casey).await.passkeys;
        assert_eq!(passkeys.len(), 1, "{passkeys:?}");
        passkeys.remove(0)
    }

    /// Somebody picks a passkey at a front door.
    pub async fn picks(&self, visit: &Visit, device: &mut Device) -> Result<SignedIn> {
        let question = self.portal.ask_anybody(visit).await?;
        enters_with(&self.portal, visit, &device.signs(&question)).await
    }

    /// Gives a passkey after the password.
    pub async fn gives_passkey(&self, device: &mut Device) -> Result<SignedIn> {
        let half = self.half("casey", DEMO_PASSWORD).await;
        let question = self.portal.ask_halfway(&half.halfway).await?;
        gives(&self.portal, &half.halfway, &device.signs(&question)).await
    }
}

async fn gives(portal: &Portal, halfway: &Halfway, answer: &str) -> Result<SignedIn> {
    portal.prove_factor(halfway, ProveFactor { code: secret(answer), remember: false }).await
}

async fn enters_with(portal: &Portal, visit: &Visit, answer: &str) -> Result<SignedIn> {
    let request = PasskeySignIn { answer: secret(answer), keep: false };
    portal.sign_in_with_passkey(visit, request).await
}

#[track_caller]
fn about<T: std::fmt::Debug>(field: &str, result: Result<T>) -> Problem {
    match refusal(result) {
        Refusal::Fields(fields) => match &fields[..] {
            [FieldProblem { field: name, problem }] if name == field => *problem,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

async fn a_passkey_is_added_and_its_owner_told(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    let mut device = Device::new();
    world.adds_passkey(&casey, &mut device).await.unwrap();
    let view = world.two_factor(&casey).await;
    assert_eq!(view.door, PasskeyDoor::Here("portal.northwind.example".into()));
    assert!(view.app.is_none());
    assert_eq!((view.fresh_codes.len(), view.codes_left), (10, 0));
    let passkey = world.passkey(&casey).await;
    assert_eq!(
        (passkey.name.as_str(), passkey.host.as_str()),
        ("Casey’s laptop", "portal.northwind.example")
    );
    assert_eq!((passkey.added_at, passkey.last_used_at), (world.now(), None));
    let me = world.portal.me(&casey.actor).await.unwrap();
    assert!(me.factors.any && me.factors.passkey && !me.factors.app);
    assert_eq!(world.recorded(&casey.person).await.last().unwrap(), "passkey_added done");
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "A passkey was added");
    assert!(mails[0].says("It signs in without a password"), "{}", mails[0].text);

    // The same answer sent twice adds nothing, and a device is asked not to make a second one.
    let question = world.portal.begin_passkey(&casey.actor).await.unwrap();
    let options: Value = serde_json::from_str(&question.options).unwrap();
    assert_eq!(options["excludeCredentials"][0]["id"], json!(device.kept.as_ref().unwrap().0));
    let answer = Device::new().makes(&question);
    world.adds(&casey, &answer).await.unwrap();
    assert_eq!(about("answer", world.adds(&casey, &answer).await), Problem::PasskeyOver);
    assert_eq!(world.two_factor(&casey).await.passkeys.len(), 2);
    world.new_mails().await;
}

async fn adding_one_needs_a_fresh_proof(world: &mut World) {
    let casey = world.enters("casey").await;
    assert_eq!(refusal(world.portal.begin_passkey(&casey.actor).await), Refusal::StepUp);
    let casey = world.proves(&casey).await;
    let question = world.portal.begin_passkey(&casey.actor).await.unwrap();
    world.minutes_pass(9);
    world.seconds_pass(59);
    let answer = Device::new().makes(&question);
    world.seconds_pass(1);
    assert_eq!(refusal(world.adds(&casey, &answer).await), Refusal::StepUp);
    let casey = world.proves(&casey).await;
    assert_eq!(about("answer", world.adds(&casey, &answer).await), Problem::PasskeyOver);
    assert_eq!(about("answer", world.adds(&casey, "").await), Problem::PasskeyOver);
    let question = world.portal.begin_passkey(&casey.actor).await.unwrap();
    let nonsense = json!({ "ticket": question.ticket, "credential": {} }).to_string();
    assert_eq!(about("answer", world.adds(&casey, &nonsense).await), Problem::PasskeyRefused);
    // One that was asked of somebody else.
    let drew = world.proves(&world.enters("drew").await).await;
    let theirs = world.portal.begin_passkey(&drew.actor).await.unwrap();
    let answer = Device::new().makes(&theirs);
    assert_eq!(about("answer", world.adds(&casey, &answer).await), Problem::PasskeyOver);
    assert!(world.two_factor(&casey).await.passkeys.is_empty());
}

async fn a_passkey_is_a_second_factor(world: &mut World) {
    let (casey, mut device, _) = world.casey_with_passkey().await;
    let half = world.half("casey", DEMO_PASSWORD).await;
    let choice = world.portal.factor_choice(&half.halfway).await.unwrap();
    assert!(choice.passkey && choice.passkey_first && choice.app.is_none());
    let question = world.portal.ask_halfway(&half.halfway).await.unwrap();
    let options: Value = serde_json::from_str(&question.options).unwrap();
    let allowed = json!([{ "type": "public-key", "id": device.kept.as_ref().unwrap().0 }]);
    assert_eq!(options["allowCredentials"], allowed);
    let done = gives(&world.portal, &half.halfway, &device.signs(&question)).await.unwrap();
    assert_eq!(done.reached, Reached::Everything);
    assert_eq!(world.passkey(&casey).await.last_used_at, Some(world.now()));
    assert_eq!(world.recorded(&casey.person).await.last().unwrap(), "signed_in done");
    assert!(world.new_mails().await.is_empty());
}

async fn a_passkey_signs_in_without_a_password(world: &mut World) {
    let (casey, mut device, _) = world.casey_with_passkey().await;
    let visit = world.visit_at(casey.person.site);
    let done = world.picks(&visit, &mut device).await.unwrap();
    assert_eq!(done.reached, Reached::Everything);
    let entered = world.came_in(casey.person.clone(), visit, done).await;
    assert!(world.holds(&entered).await);
    assert_eq!(world.recorded(&casey.person).await.last().unwrap(), "signed_in done");
    // What needs a fresh proof needs it still.
    assert_eq!(refusal(world.portal.begin_passkey(&entered.actor).await), Refusal::StepUp);
    // Somebody else's word for whose it is, or none, is no answer at a front door.
    for says in [json!(null), json!("AAAAAAAAAAAAAAAAAAAAAA")] {
        let question = world.portal.ask_anybody(&entered.visit).await.unwrap();
        let mut answer: Value = serde_json::from_str(&device.signs(&question)).unwrap();
        answer["credential"]["response"]["userHandle"] = says;
        let refused = enters_with(&world.portal, &entered.visit, &answer.to_string()).await;
        assert_eq!(refusal(refused), Refusal::PasskeyFailed);
    }
}

async fn one_answer_has_one_winner(world: &mut World) {
    let (casey, mut device, _) = world.casey_with_passkey().await;
    let other = world.another_node().await;
    let visit = world.visit_at(casey.person.site);
    let question = world.portal.ask_anybody(&visit).await.unwrap();
    let answer = device.signs(&question);
    let mut tries = tokio::task::JoinSet::new();
    for number in 0..50 {
        let portal = if number % 2 == 0 { world.portal.clone() } else { other.clone() };
        let (visit, answer) = (world.visit_at(casey.person.site), answer.clone());
        tries.spawn(async move { enters_with(&portal, &visit, &answer).await.is_ok() });
    }
    let won = tries.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
    // Sent twice is no copy.
    assert_eq!(world.passkey(&casey).await.copied_at, None);
    world.picks(&visit, &mut device).await.unwrap();

    let half = world.half("casey", DEMO_PASSWORD).await;
    let question = world.portal.ask_halfway(&half.halfway).await.unwrap();
    let answer = device.signs(&question);
    gives(&world.portal, &half.halfway, &answer).await.unwrap();
    let half = world.half("casey", DEMO_PASSWORD).await;
    let again = gives(&world.portal, &half.halfway, &answer).await;
    assert_eq!(about("code", again), Problem::PasskeyOver);
    other.close().await;
}

async fn a_copy_is_refused_and_set_aside(world: &mut World) {
    let (casey, mut device, codes) = world.casey_with_passkey().await;
    let half = world.half("casey", DEMO_PASSWORD).await;
    let early = world.portal.ask_halfway(&half.halfway).await.unwrap();
    // The copy signs, and its counter with it; then the device itself does, which counts on.
    let of_the_copy = device.signs(&early);
    world.gives_passkey(&mut device).await.unwrap();
    let refused = gives(&world.portal, &half.halfway, &of_the_copy).await;
    assert_eq!(about("code", refused), Problem::PasskeyCopied);
    assert_eq!(world.passkey(&casey).await.copied_at, Some(world.now()));
    let recorded = world.recorded(&casey.person).await;
    assert_eq!(recorded.last().unwrap(), "passkey_copied done");
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "A passkey of yours may have been copied");

    // From now on nobody is asked for it; other ways are left.
    assert_eq!(refusal(world.portal.ask_halfway(&half.halfway).await), Refusal::NotFound);
    assert!(!world.portal.factor_choice(&half.halfway).await.unwrap().passkey);
    let visit = world.visit_at(casey.person.site);
    assert_eq!(refusal(world.picks(&visit, &mut device).await), Refusal::PasskeyFailed);
    world.gives_code(&half, &codes[0]).await.unwrap();
    world.new_mails().await;
}

async fn a_copy_at_the_front_door_is_set_aside_too(world: &mut World) {
    let (casey, mut device, _) = world.casey_with_passkey().await;
    let visit = world.visit_at(casey.person.site);
    let early = world.portal.ask_anybody(&visit).await.unwrap();
    let of_the_copy = device.signs(&early);
    world.picks(&visit, &mut device).await.unwrap();
    let refused = enters_with(&world.portal, &visit, &of_the_copy).await;
    assert_eq!(refusal(refused), Refusal::PasskeyFailed);
    assert_eq!(world.passkey(&casey).await.copied_at, Some(world.now()));
    assert_eq!(world.new_mails().await.len(), 1);
}

async fn an_answer_to_another_question_is_worth_nothing(world: &mut World) {
    let (casey, mut device, _) = world.casey_with_passkey().await;
    let visit = world.visit_at(casey.person.site);
    let half = world.half("casey", DEMO_PASSWORD).await;
    // Asked at the front door, given as a second factor; and the other way round.
    let anybody = world.portal.ask_anybody(&visit).await.unwrap();
    let given = gives(&world.portal, &half.halfway, &device.signs(&anybody)).await;
    assert_eq!(about("code", given), Problem::PasskeyOver);
    let asked = world.portal.ask_halfway(&half.halfway).await.unwrap();
    let picked = enters_with(&world.portal, &visit, &device.signs(&asked)).await;
    assert_eq!(refusal(picked), Refusal::PasskeyFailed);
    // Another question's ticket.
    let (first, second) = (
        world.portal.ask_halfway(&half.halfway).await.unwrap(),
        world.portal.ask_halfway(&half.halfway).await.unwrap(),
    );
    let mut answer: Value = serde_json::from_str(&device.signs(&first)).unwrap();
    answer["ticket"] = json!(second.ticket);
    let given = gives(&world.portal, &half.halfway, &answer.to_string()).await;
    assert_eq!(about("code", given), Problem::PasskeyRefused);
    // A page that only looks like ours.
    let question = world.portal.ask_halfway(&half.halfway).await.unwrap();
    let answer = device.signs_at(&question, "https://evil.portal.northwind.example");
    let given = gives(&world.portal, &half.halfway, &answer).await;
    assert_eq!(about("code", given), Problem::PasskeyRefused);
    // Somebody else's key.
    let drew = world.proves(&world.enters("drew").await).await;
    let mut theirs = Device::new();
    world.adds_passkey(&drew, &mut theirs).await.unwrap();
    let question = world.portal.ask_halfway(&half.halfway).await.unwrap();
    let given = gives(&world.portal, &half.halfway, &theirs.signs(&question)).await;
    assert_eq!(about("code", given), Problem::PasskeyRefused);
    assert_eq!(world.recorded(&casey.person).await.last().unwrap(), "factor_refused refused");
    world.new_mails().await;
}

async fn a_question_is_over_after_ten_minutes(world: &mut World) {
    let (casey, mut device, _) = world.casey_with_passkey().await;
    let visit = world.visit_at(casey.person.site);
    let question = world.portal.ask_anybody(&visit).await.unwrap();
    let late = world.portal.ask_anybody(&visit).await.unwrap();
    world.minutes_pass(9);
    world.seconds_pass(59);
    enters_with(&world.portal, &visit, &device.signs(&question)).await.unwrap();
    world.seconds_pass(1);
    let refused = enters_with(&world.portal, &visit, &device.signs(&late)).await;
    assert_eq!(refusal(refused), Refusal::PasskeyFailed);
    let kept = "SELECT COUNT(*) FROM answered_questions";
    assert_eq!(world.sql.one::<i64>(kept, values![]).await, 2);
    world.minutes_pass(3);
    world.portal.tidy().await.unwrap();
    assert_eq!(world.sql.one::<i64>(kept, values![]).await, 0);
}

async fn another_front_door_stays_shut(world: &mut World) {
    let (_, mut device, _) = world.casey_with_passkey().await;
    let carla = world.person("carla").await;
    let visit = world.visit_at(carla.site);
    assert_eq!(refusal(world.picks(&visit, &mut device).await), Refusal::PasskeyFailed);
}

async fn who_may_not_sign_in_may_not_with_a_passkey(world: &mut World) {
    let (casey, mut device, _) = world.casey_with_passkey().await;
    let visit = world.visit_at(casey.person.site);
    world.suspends(&casey.person).await;
    assert_eq!(refusal(world.picks(&visit, &mut device).await), Refusal::PasskeyFailed);
    assert_eq!(world.recorded(&casey.person).await.last().unwrap(), "sign_in_refused refused");
}

async fn a_flood_does_not_shut_a_passkey_out(world: &mut World) {
    let (casey, mut device, _) = world.casey_with_passkey().await;
    for _ in 0..12 {
        world.minutes_pass(1);
        let visit = world.visit_from_anywhere();
        let _ = world.sign_in(&visit, &casey.person.email, WRONG).await;
    }
    assert!(world.recorded(&casey.person).await.contains(&"locked done".to_owned()));
    let visit = world.visit_at(casey.person.site);
    world.picks(&visit, &mut device).await.unwrap();
    world.new_mails().await;
}

async fn a_temporary_password_has_to_be_changed_all_the_same(world: &mut World) {
    let (casey, mut device, _) = world.casey_with_passkey().await;
    let sql = "UPDATE accounts SET must_change_password = TRUE WHERE email = $1";
    assert_eq!(world.sql.run(sql, values![casey.person.email.as_str()]).await, 1);
    let visit = world.visit_at(casey.person.site);
    let done = world.picks(&visit, &mut device).await.unwrap();
    assert_eq!(done.reached, Reached::Change);
    assert!(world.portal.actor(&visit, &done.token).await.unwrap().is_none());
}

async fn a_passkey_is_a_fresh_proof_beside_the_password(world: &mut World) {
    let (casey, mut device, _) = world.casey_with_passkey().await;
    world.minutes_pass(10);
    let password = secret(DEMO_PASSWORD);
    let alone = world.portal.step_up(&casey.actor, &password, &secret("")).await;
    assert_eq!(about("code", alone), Problem::Required);
    let question = world.portal.ask_actor(&casey.actor).await.unwrap();
    let answer = device.signs(&question);
    let wrong = world.portal.step_up(&casey.actor, &secret(WRONG), &secret(&answer)).await;
    assert_eq!(about("password", wrong), Problem::CurrentPasswordWrong);
    // It was not wasted on that.
    world.proves_with(&casey, &answer).await.unwrap();
    world.portal.begin_passkey(&casey.actor).await.unwrap();

    let question = world.portal.ask_actor(&casey.actor).await.unwrap();
    let request = ChangePassword {
        current: secret(DEMO_PASSWORD),
        new: secret(NEW),
        retype: secret(NEW),
        code: secret(&device.signs(&question)),
    };
    world.portal.change_password(&casey.actor, request).await.unwrap();
    world.new_mails().await;
}

async fn a_link_asks_for_the_passkey_and_leaves_it(world: &mut World) {
    let (casey, mut device, _) = world.casey_with_passkey().await;
    let link = world.mailed_link(&casey.person).await;
    let view = world.opens(&link).await.unwrap();
    assert!(view.factors.any && view.factors.passkey);
    let visit = world.visit_at(casey.person.site);
    assert_eq!(about("code", world.uses(&link, NEW).await), Problem::Required);
    let question = world.portal.ask_link(&visit, link.id, &link.token).await.unwrap();
    let request = NewPassword {
        new: secret(NEW),
        retype: secret(NEW),
        code: secret(&device.signs(&question)),
        ..NewPassword::default()
    };
    world.portal.use_link(&visit, link.id, &link.token, request).await.unwrap();
    let half = world.half("casey", NEW).await;
    assert!(world.portal.factor_choice(&half.halfway).await.unwrap().passkey);
    world.new_mails().await;
}

async fn a_recovery_code_stands_in_for_a_lost_passkey(world: &mut World) {
    let (_, _, codes) = world.casey_with_passkey().await;
    let half = world.half("casey", DEMO_PASSWORD).await;
    let done = world.gives_code(&half, &codes[0]).await.unwrap();
    assert_eq!(done.reached, Reached::Everything);
    world.new_mails().await;
}

async fn one_of_several_factors_is_removed(world: &mut World) {
    let (casey, mut device, _) = world.casey_with_passkey().await;
    let app = world.begins_app(&casey).await;
    world.confirms_app(&casey, &world.code(&app)).await.unwrap();
    let subjects: Vec<_> = world.new_mails().await.into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["An authenticator app was added"]);
    let view = world.two_factor(&casey).await;
    assert_eq!((view.fresh_codes.len(), view.codes_left), (0, 10), "those from before stay");

    let id = view.app.expect("an app").id;
    world.portal.remove_factor(&casey.actor, id).await.unwrap();
    assert_eq!(world.recorded(&casey.person).await.last().unwrap(), "factor_dropped done");
    let subjects: Vec<_> = world.new_mails().await.into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["Your authenticator app was removed"]);
    world.seconds_pass(30);
    let half = world.half("casey", DEMO_PASSWORD).await;
    let refused = world.gives_code(&half, &world.code(&app)).await;
    assert_eq!(about("code", refused), Problem::FactorRefused);
    world.gives_passkey(&mut device).await.unwrap();
    assert_eq!(refusal(world.portal.remove_factor(&casey.actor, id).await), Refusal::NotFound);
}

async fn the_last_one_is_turned_off(world: &mut World) {
    let (casey, mut device, codes) = world.casey_with_passkey().await;
    let id = world.passkey(&casey).await.id;
    world.portal.remove_factor(&casey.actor, id).await.unwrap();
    let view = world.two_factor(&casey).await;
    assert!(view.passkeys.is_empty() && view.codes_left == 0);
    assert_eq!(world.recorded(&casey.person).await.last().unwrap(), "factor_removed done");
    let subjects: Vec<_> = world.new_mails().await.into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["Two-factor authentication is off"]);
    let visit = world.visit_at(casey.person.site);
    assert_eq!(refusal(world.picks(&visit, &mut device).await), Refusal::PasskeyFailed);
    assert!(world.lets_in(&casey.person, DEMO_PASSWORD).await);
    assert_eq!(codes.len(), 10);
}

async fn a_copied_one_goes_with_the_last_that_lets_in(world: &mut World) {
    let (casey, mut device, _) = world.casey_with_passkey().await;
    let app = world.begins_app(&casey).await;
    world.confirms_app(&casey, &world.code(&app)).await.unwrap();
    let half = world.half("casey", DEMO_PASSWORD).await;
    let early = world.portal.ask_halfway(&half.halfway).await.unwrap();
    let of_the_copy = device.signs(&early);
    world.gives_passkey(&mut device).await.unwrap();
    let refused = gives(&world.portal, &half.halfway, &of_the_copy).await;
    assert_eq!(about("code", refused), Problem::PasskeyCopied);

    // What is left opens nothing: whoever had to give it could not come in any more.
    let id = world.two_factor(&casey).await.app.expect("an app").id;
    world.portal.remove_factor(&casey.actor, id).await.unwrap();
    let view = world.two_factor(&casey).await;
    assert!(view.passkeys.is_empty() && view.codes_left == 0);
    assert_eq!(world.recorded(&casey.person).await.last().unwrap(), "factor_removed done");
    assert!(world.lets_in(&casey.person, DEMO_PASSWORD).await);
    world.new_mails().await;
}

async fn nobody_removes_the_passkeys_of_others(world: &mut World) {
    let (casey, ..) = world.casey_with_passkey().await;
    let id = world.passkey(&casey).await.id;
    let drew = world.proves(&world.enters("drew").await).await;
    assert_eq!(refusal(world.portal.remove_factor(&drew.actor, id).await), Refusal::NotFound);
    world.minutes_pass(10);
    assert_eq!(refusal(world.portal.remove_factor(&casey.actor, id).await), Refusal::StepUp);
    world.passkey(&casey).await;
}

async fn bare_addresses_have_no_passkeys(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    let at = async |origin: &str| {
        let mut actor = casey.actor.clone();
        actor.visit.origin = origin.into();
        actor.visit.here = origin.into();
        let door = world.portal.two_factor(&actor).await.unwrap().door;
        (door, world.portal.begin_passkey(&actor).await.is_ok())
    };
    let local = PasskeyDoor::Elsewhere("http://localhost:3000".into());
    assert_eq!(at("http://127.0.0.1:3000").await, (local, false));
    assert_eq!(at("https://192.0.2.7").await, (PasskeyDoor::Nowhere, false));
    assert_eq!(at("https://[2001:db8::7]").await, (PasskeyDoor::Nowhere, false));
    assert_eq!(at(ORIGIN).await, (PasskeyDoor::Here("portal.northwind.example".into()), true));
    let visit = Visit { here: "https://192.0.2.7".into(), ..world.visit() };
    assert_eq!(refusal(world.portal.ask_anybody(&visit).await), Refusal::NotFound);
}

async fn there_is_room_for_twenty(world: &mut World) {
    let (casey, ..) = world.casey_with_passkey().await;
    for _ in 1..20 {
        world.adds_passkey(&casey, &mut Device::new()).await.unwrap();
    }
    let one_more = world.portal.begin_passkey(&casey.actor).await;
    assert_eq!(about("name", one_more), Problem::TooManyPasskeys { max: 20 });
    world.new_mails().await;
}

async fn five_refused_answers_end_the_sign_in(world: &mut World) {
    let (_, mut device, _) = world.casey_with_passkey().await;
    let half = world.half("casey", DEMO_PASSWORD).await;
    for attempt in 1..=5 {
        let question = world.portal.ask_halfway(&half.halfway).await.unwrap();
        let mut answer: Value = serde_json::from_str(&device.signs(&question)).unwrap();
        answer["credential"]["response"]["signature"] = json!("AAAA");
        let refused = gives(&world.portal, &half.halfway, &answer.to_string()).await;
        if attempt < 5 {
            assert_eq!(about("code", refused), Problem::PasskeyRefused);
        } else {
            assert_eq!(refusal(refused), Refusal::SignInOver);
        }
    }
}

async fn a_written_passkey_is_not_accepted(world: &mut World) {
    // Whoever can write to the database moves a key of their own to somebody else's account.
    let (casey, mut device, _) = world.casey_with_passkey().await;
    let drew = world.person("drew").await;
    let sql = "UPDATE factors SET account_id = (SELECT id FROM accounts WHERE email = $1)";
    assert_eq!(world.sql.run(sql, values![drew.email.as_str()]).await, 1);
    let visit = world.visit_at(casey.person.site);
    assert!(world.picks(&visit, &mut device).await.is_err());
    assert!(world.lets_in(&casey.person, DEMO_PASSWORD).await);
}
