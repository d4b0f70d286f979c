//! Setting up a second factor, replacing it, turning it off; recovery codes.

use model::{
    Refusal,
    factor::TwoFactorView,
    refusal::{FieldProblem, Problem},
};
use portal::{ConfirmApp, DEMO_PASSWORD, Reached, Result};

use crate::{
    sql::values,
    world::{Entered, NEW, Person, World, refusal, secret, stories},
};

stories! {
    an_app_is_set_up_and_proven,
    everything_about_it_needs_a_fresh_proof,
    a_first_code_says_what_is_wrong_with_it,
    the_old_app_works_until_the_new_one_is_proven,
    pressed_twice_it_is_set_up_once,
    a_new_secret_does_not_wait_for_ever,
    recovery_codes_work_once_they_are_saved,
    new_recovery_codes_replace_the_old_ones_once_they_are_saved,
    a_fresh_proof_needs_the_factor_too,
    a_change_of_password_needs_the_factor_too,
    a_proof_from_before_the_factor_counts_no_more_elsewhere,
    a_short_password_has_to_be_changed_once_the_factor_is_gone,
    a_long_one_has_not,
    the_command_line_sets_staff_free,
    a_dump_of_the_database_tells_nothing,
    devices_are_listed_and_forgotten,
    nobody_forgets_the_devices_of_others,
}

impl World {
    /// The code that an app with this secret shows at this moment.
    pub fn code(&self, secret: &str) -> String {
        self.code_in(secret, 0)
    }

    /// The code that an app shows whose clock is ahead by so many seconds.
    pub fn code_in(&self, secret: &str, seconds: i64) -> String {
        let secret = totp_rs::Secret::try_from_base32(secret).expect("a secret");
        let totp = totp_rs::Builder::new().with_secret(secret).with_account_name("x");
        let now = self.now().0 / 1_000_000 + seconds;
        totp.build().expect("an app").generate(u64::try_from(now).unwrap()).to_string()
    }

    /// What the page shows.
    pub async fn two_factor(&self, entered: &Entered) -> TwoFactorView {
        self.portal.two_factor(&entered.actor).await.unwrap()
    }

    /// A new secret for somebody who has just proven who they are.
    pub async fn begins_app(&self, entered: &Entered) -> String {
        self.portal.begin_app(&entered.actor).await.unwrap();
        let app = self.two_factor(entered).await.setup.expect("a secret that waits").secret;
        self.is_secret(&secret(&app));
        app
    }

    /// Proves a new secret with a code.
    pub async fn confirms_app(&self, entered: &Entered, code: &str) -> Result<()> {
        let request = ConfirmApp { name: "Casey’s phone".into(), code: secret(code) };
        self.portal.confirm_app(&entered.actor, request).await
    }

    /// Sets up an app and saves recovery codes: the secret, and the codes. The code that proved it
    /// is over.
    pub async fn sets_up_app(&self, entered: &Entered) -> (String, Vec<String>) {
        let app = self.begins_app(entered).await;
        self.confirms_app(entered, &self.code(&app)).await.unwrap();
        let codes = self.two_factor(entered).await.fresh_codes;
        for code in &codes {
            self.is_secret(&secret(code));
        }
        self.portal.save_recovery_codes(&entered.actor).await.unwrap();
        self.seconds_pass(30);
        self.new_mails().await;
        (app, codes)
    }

    /// The session of somebody who gave a fresh proof with a code.
    pub async fn proves_with(&self, entered: &Entered, code: &str) -> Result<Entered> {
        let (password, code) = (secret(DEMO_PASSWORD), secret(code));
        let done = self.portal.step_up(&entered.actor, &password, &code).await?;
        Ok(Entered { token: done.token, ..entered.clone() })
    }

    /// The subjects of the mails since the last look that went to somebody.
    pub async fn told(&self, person: &Person) -> Vec<String> {
        let mails = self.new_mails().await;
        let to_them = mails.into_iter().filter(|mail| mail.to == person.email);
        let mut subjects: Vec<String> = to_them.map(|mail| mail.subject).collect();
        // Of one moment: which of them is first is nobody's business.
        subjects.sort();
        subjects
    }
}

/// What is wrong with the code.
fn about_code<T: std::fmt::Debug>(result: Result<T>) -> Problem {
    match refusal(result) {
        Refusal::Fields(fields) => match &fields[..] {
            [FieldProblem { field, problem }] if field == "code" => *problem,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

async fn an_app_is_set_up_and_proven(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    let before = world.two_factor(&casey).await;
    assert!(before.app.is_none() && before.setup.is_none() && before.stepped_up);
    assert!(!world.portal.me(&casey.actor).await.unwrap().factors.any);

    let app = world.begins_app(&casey).await;
    let setup = world.two_factor(&casey).await.setup.expect("a secret");
    assert!(setup.qr.starts_with("<svg"), "{}", setup.qr);
    assert!(!setup.qr.contains("style="), "the policy for content allows no styles");
    // Six digits, SHA-1 and 30 seconds are what goes without saying.
    assert_eq!(
        setup.link,
        format!(
            "otpauth://totp/Northwind%20Backup:{}?secret={app}&issuer=Northwind%20Backup",
            casey.person.email.replace('@', "%40")
        )
    );
    world.confirms_app(&casey, &world.code(&app)).await.unwrap();

    let after = world.two_factor(&casey).await;
    let view = after.app.expect("an app");
    assert_eq!((view.name.as_str(), view.added_at), ("Casey’s phone", world.now()));
    assert!(after.setup.is_none());
    assert_eq!((after.fresh_codes.len(), after.codes_left), (10, 0));
    assert!(world.portal.me(&casey.actor).await.unwrap().factors.any);
    assert_eq!(world.told(&casey.person).await, ["Two-factor authentication is on"]);
    assert_eq!(world.recorded(&casey.person).await.last().unwrap(), "factor_added done");
}

async fn everything_about_it_needs_a_fresh_proof(world: &mut World) {
    let casey = world.enters("casey").await;
    let is_refused = async |world: &World, casey: &Entered| {
        let (portal, actor) = (&world.portal, &casey.actor);
        assert_eq!(refusal(portal.begin_app(actor).await), Refusal::StepUp);
        assert_eq!(refusal(portal.cancel_app(actor).await), Refusal::StepUp);
        assert_eq!(refusal(world.confirms_app(casey, "123456").await), Refusal::StepUp);
        assert_eq!(refusal(portal.make_recovery_codes(actor).await), Refusal::StepUp);
        assert_eq!(refusal(portal.save_recovery_codes(actor).await), Refusal::StepUp);
        assert_eq!(refusal(portal.turn_off_two_factor(actor).await), Refusal::StepUp);
    };
    is_refused(world, &casey).await;
    let casey = world.proves(&casey).await;
    let app = world.begins_app(&casey).await;
    world.minutes_pass(10);
    is_refused(world, &casey).await;
    // Nor does a page show a secret that waits to whoever sits down at a screen left alone.
    let view = world.two_factor(&casey).await;
    assert!(view.setup.is_none() && !view.stepped_up, "{app}");
    let casey = world.proves(&casey).await;
    world.confirms_app(&casey, &world.code(&app)).await.unwrap();
    world.minutes_pass(10);
    assert!(world.two_factor(&casey).await.fresh_codes.is_empty());
    world.mails().await;
}

async fn a_first_code_says_what_is_wrong_with_it(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    let app = world.begins_app(&casey).await;
    let problem = async |code: &str| about_code(world.confirms_app(&casey, code).await);
    assert_eq!(problem("").await, Problem::Required);
    assert_eq!(problem("12 34").await, Problem::SetupCodeWrong);
    assert_eq!(problem("nonsense").await, Problem::SetupCodeWrong);
    for (off, seconds) in [(90, 90), (-90, -90), (30, 30), (300, 300), (-600, -600)] {
        let code = world.code_in(&app, off);
        assert_eq!(problem(&code).await, Problem::ClockOff { seconds }, "{off}");
    }
    // None of the codes that are near, nor one that says something.
    let near: Vec<String> = (-21..=21).map(|step| world.code_in(&app, step * 30)).collect();
    let wrong = ["000000", "111111"].into_iter().find(|code| !near.contains(&(*code).to_owned()));
    assert_eq!(problem(wrong.unwrap()).await, Problem::SetupCodeWrong);
    let request = ConfirmApp { name: " ".into(), code: secret(&world.code(&app)) };
    let Refusal::Fields(fields) = refusal(world.portal.confirm_app(&casey.actor, request).await)
    else {
        panic!("fields")
    };
    assert_eq!(fields, [FieldProblem { field: "name".into(), problem: Problem::Required }]);
    // That did not use the code up; and the step before is accepted, with a space in it.
    let code = world.code_in(&app, -30);
    let code = format!("{} {}", &code[..3], &code[3..]);
    world.confirms_app(&casey, &code).await.unwrap();
    world.mails().await;
}

async fn the_old_app_works_until_the_new_one_is_proven(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    let (old, _) = world.sets_up_app(&casey).await;
    let new = world.begins_app(&casey).await;
    assert_ne!(old, new);
    // The old one still signs in, and does not prove the new one.
    let phone = world.enters_with_code("casey", DEMO_PASSWORD, &world.code(&old)).await;
    world.seconds_pass(30);
    let problem = about_code(world.confirms_app(&casey, &world.code(&old)).await);
    assert_eq!(problem, Problem::SetupCodeOld);
    world.confirms_app(&casey, &world.code(&new)).await.unwrap();
    world.seconds_pass(30);
    assert_eq!(world.told(&casey.person).await, ["Your authenticator app was replaced"]);
    // Recovery codes stay what they are.
    let view = world.two_factor(&casey).await;
    assert_eq!((view.codes_left, view.fresh_codes.len()), (10, 0));
    let half = world.half("casey", DEMO_PASSWORD).await;
    assert_eq!(
        about_code(world.gives_code(&half, &world.code(&old)).await),
        Problem::FactorRefused
    );
    world.gives_code(&half, &world.code(&new)).await.unwrap();
    assert!(world.holds(&phone).await);
}

async fn pressed_twice_it_is_set_up_once(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    let app = world.begins_app(&casey).await;
    let code = world.code(&app);
    world.confirms_app(&casey, &code).await.unwrap();
    let codes = world.two_factor(&casey).await.fresh_codes;
    assert_eq!(about_code(world.confirms_app(&casey, &code).await), Problem::SetupCodeUsed);
    assert_eq!(about_code(world.confirms_app(&casey, "nonsense").await), Problem::SetupOver);
    assert_eq!(world.two_factor(&casey).await.fresh_codes, codes);
    world.portal.save_recovery_codes(&casey.actor).await.unwrap();
    world.portal.save_recovery_codes(&casey.actor).await.unwrap();
    assert_eq!(world.two_factor(&casey).await.codes_left, 10);
    world.portal.turn_off_two_factor(&casey.actor).await.unwrap();
    world.portal.turn_off_two_factor(&casey.actor).await.unwrap();
    assert_eq!(
        world.told(&casey.person).await,
        ["Two-factor authentication is off", "Two-factor authentication is on"]
    );
}

async fn a_new_secret_does_not_wait_for_ever(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    let app = world.begins_app(&casey).await;
    let (mut left, mut casey) = (30, casey);
    while left > 0 {
        world.minutes_pass(6);
        left -= 6;
        casey = world.proves(&casey).await;
    }
    assert!(world.two_factor(&casey).await.setup.is_none());
    let problem = about_code(world.confirms_app(&casey, &world.code(&app)).await);
    assert_eq!(problem, Problem::SetupOver);
    world.portal.work_off().await.unwrap();
    world.begins_app(&casey).await;
    world.portal.cancel_app(&casey.actor).await.unwrap();
    assert!(world.two_factor(&casey).await.setup.is_none());
}

async fn recovery_codes_work_once_they_are_saved(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    let app = world.begins_app(&casey).await;
    world.confirms_app(&casey, &world.code(&app)).await.unwrap();
    let codes = world.two_factor(&casey).await.fresh_codes;
    // Loading the page again shows the same ones.
    assert_eq!(world.two_factor(&casey).await.fresh_codes, codes);
    let half = world.half("casey", DEMO_PASSWORD).await;
    let early = world.gives_code(&half, &codes[0]).await;
    assert_eq!(about_code(early), Problem::FactorRefused);
    world.portal.save_recovery_codes(&casey.actor).await.unwrap();
    assert!(world.two_factor(&casey).await.fresh_codes.is_empty());
    world.new_mails().await;

    // In capitals and without hyphens, as somebody types who is in a hurry.
    let typed = codes[0].to_uppercase().replace('-', "");
    world.gives_code(&half, &typed).await.unwrap();
    assert_eq!(world.two_factor(&casey).await.codes_left, 9);
    let mails = world.new_mails().await;
    assert_eq!(world.count_recorded(&casey.person, "recovery_code_used").await, 1);
    assert_eq!(mails[0].subject, "A recovery code was used");
    assert!(mails[0].text.contains("9 are left"), "{}", mails[0].text);
    let half = world.half("casey", DEMO_PASSWORD).await;
    assert_eq!(
        about_code(world.gives_code(&half, &codes[0]).await),
        Problem::FactorRefused,
        "it works once"
    );
}

async fn new_recovery_codes_replace_the_old_ones_once_they_are_saved(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    assert_eq!(
        refusal(world.portal.make_recovery_codes(&casey.actor).await),
        Refusal::NotFound,
        "without a factor there is nothing to recover"
    );
    let (_, old) = world.sets_up_app(&casey).await;
    world.portal.make_recovery_codes(&casey.actor).await.unwrap();
    let new = world.two_factor(&casey).await.fresh_codes;
    assert!(new.iter().all(|code| !old.contains(code)));
    let half = world.half("casey", DEMO_PASSWORD).await;
    world.gives_code(&half, &old[0]).await.unwrap();
    world.portal.save_recovery_codes(&casey.actor).await.unwrap();
    assert_eq!(world.two_factor(&casey).await.codes_left, 10);
    let half = world.half("casey", DEMO_PASSWORD).await;
    assert_eq!(about_code(world.gives_code(&half, &old[1]).await), Problem::FactorRefused);
    world.gives_code(&half, &new[1]).await.unwrap();
    let told = world.told(&casey.person).await;
    assert!(told.contains(&"You have new recovery codes".to_owned()), "{told:?}");
}

async fn a_fresh_proof_needs_the_factor_too(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    let (app, codes) = world.sets_up_app(&casey).await;
    world.minutes_pass(10);
    assert_eq!(about_code(world.proves_with(&casey, "").await), Problem::Required);
    assert_eq!(about_code(world.proves_with(&casey, "000 000").await), Problem::FactorRefused);
    let code = world.code(&app);
    let proven = world.proves_with(&casey, &code).await.unwrap();
    assert!(world.two_factor(&proven).await.stepped_up);
    assert_eq!(
        about_code(world.proves_with(&proven, &code).await),
        Problem::FactorRefused,
        "a code works once"
    );
    world.proves_with(&proven, &codes[3]).await.unwrap();
    world.mails().await;
}

async fn a_change_of_password_needs_the_factor_too(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    let (app, _) = world.sets_up_app(&casey).await;
    let view = world.portal.password_view(&casey.actor).await.unwrap();
    assert!(view.factors.any && view.rules.shortest == 8);
    let change = async |new: &str, code: &str| {
        let request = portal::ChangePassword {
            current: secret(DEMO_PASSWORD),
            new: secret(new),
            retype: secret(new),
            code: secret(code),
        };
        world.portal.change_password(&casey.actor, request).await
    };
    assert_eq!(about_code(change(NEW, "").await), Problem::Required);
    assert_eq!(about_code(change(NEW, "999999").await), Problem::FactorRefused);
    assert!(!world.lets_in(&casey.person, NEW).await);
    // A password that is refused does not waste the code.
    let code = world.code(&app);
    refusal(change("short", &code).await);
    assert_eq!(change(NEW, &code).await.unwrap().reached, Reached::Everything);
    assert!(world.lets_in(&casey.person, NEW).await);
    world.mails().await;
}

async fn a_proof_from_before_the_factor_counts_no_more_elsewhere(world: &mut World) {
    let desk = world.proves(&world.enters("casey").await).await;
    let thief = world.proves(&world.enters("casey").await).await;
    world.sets_up_app(&desk).await;
    // Whoever proved the password alone, in a session of their own, is asked for the factor.
    assert_eq!(refusal(world.portal.turn_off_two_factor(&thief.actor).await), Refusal::StepUp);
    world.portal.turn_off_two_factor(&desk.actor).await.unwrap();
    world.mails().await;
}

async fn a_short_password_has_to_be_changed_once_the_factor_is_gone(world: &mut World) {
    const SHORT: &str = "kelp-Otter9";
    let casey = world.proves(&world.enters("casey").await).await;
    let (app, codes) = world.sets_up_app(&casey).await;
    world.is_secret(&secret(SHORT));
    let request = portal::ChangePassword {
        current: secret(DEMO_PASSWORD),
        new: secret(SHORT),
        retype: secret(SHORT),
        code: secret(&world.code(&app)),
    };
    world.portal.change_password(&casey.actor, request).await.unwrap();
    let casey = world.enters_with_code("casey", SHORT, &codes[0]).await;
    world.seconds_pass(30);
    let (password, code) = (secret(SHORT), secret(&world.code(&app)));
    world.portal.step_up(&casey.actor, &password, &code).await.unwrap();
    world.portal.turn_off_two_factor(&casey.actor).await.unwrap();

    let visit = world.visit_from_anywhere();
    let signed_in = world.sign_in(&visit, "casey", SHORT).await.unwrap();
    assert_eq!(signed_in.reached, Reached::Change);
    let newcomer = world.portal.newcomer(&visit, &signed_in.token).await.unwrap().unwrap();
    assert_eq!(world.portal.forced_change(&newcomer).await.unwrap().rules.shortest, 15);
    world.mails().await;
}

async fn a_long_one_has_not(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    world.sets_up_app(&casey).await;
    world.portal.turn_off_two_factor(&casey.actor).await.unwrap();
    let signed_in =
        world.sign_in(&world.visit_from_anywhere(), "casey", DEMO_PASSWORD).await.unwrap();
    assert_eq!(signed_in.reached, Reached::Everything);
    assert_eq!(world.told(&casey.person).await, ["Two-factor authentication is off"]);
    let view = world.two_factor(&casey).await;
    assert!(view.app.is_none() && view.codes_left == 0);
}

async fn the_command_line_sets_staff_free(world: &mut World) {
    let olivia = world.proves(&world.enters("olivia").await).await;
    let email = olivia.person.email.clone();
    assert!(!world.portal.reset_staff_factor(&email, None).await.unwrap());
    world.sets_up_app(&olivia).await;
    assert!(world.portal.reset_staff_factor(&email, None).await.unwrap());
    assert!(!world.holds(&olivia).await);
    assert_eq!(world.told(&olivia.person).await, ["Two-factor authentication is off"]);
    assert!(world.lets_in(&olivia.person, DEMO_PASSWORD).await);
    let casey = world.person("casey").await;
    world.portal.reset_staff_factor(&casey.email, None).await.unwrap_err();
}

async fn a_dump_of_the_database_tells_nothing(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    // One that waits, one in use, codes that are shown and codes that are saved: the world looks
    // for all of them in every table when the story has been told.
    let (app, _) = world.sets_up_app(&casey).await;
    world.begins_app(&casey).await;
    world.portal.make_recovery_codes(&casey.actor).await.unwrap();
    for code in world.two_factor(&casey).await.fresh_codes {
        world.is_secret(&secret(&code));
    }
    // A seal opens for its own account only.
    let drew = world.proves(&world.enters("drew").await).await;
    world.sets_up_app(&drew).await;
    let sql = "UPDATE factors SET sealed = (SELECT sealed FROM factors WHERE account_id = $1) WHERE account_id = $2";
    assert_eq!(world.sql.run(sql, values![casey.person.id, drew.person.id]).await, 1);
    let half = world.half("drew", DEMO_PASSWORD).await;
    let error = world.gives_code(&half, &world.code(&app)).await.unwrap_err();
    assert!(matches!(error, portal::Error::Broken(_)), "{error:?}");
}

async fn devices_are_listed_and_forgotten(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    let (app, codes) = world.sets_up_app(&casey).await;
    assert!(world.portal.remembered_devices(&casey.actor).await.unwrap().is_empty());
    let phone = world.remembered("casey", &codes[0]).await;
    let listed = world.portal.remembered_devices(&casey.actor).await.unwrap();
    let [device] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!(device.device.browser.as_deref(), Some("Firefox"));
    assert_eq!(device.until, world.now().plus(std::time::Duration::from_secs(30 * 86_400)));
    assert_eq!(world.reaches(&phone.known_visit(), "casey").await, Reached::Everything);
    world.portal.forget_device(&casey.actor, device.id).await.unwrap();
    let again = refusal(world.portal.forget_device(&casey.actor, device.id).await);
    assert_eq!(again, Refusal::NotFound);
    assert!(world.portal.remembered_devices(&casey.actor).await.unwrap().is_empty());
    assert_eq!(world.reaches(&phone.known_visit(), "casey").await, Reached::Factor, "{app}");
    world.mails().await;
}

async fn nobody_forgets_the_devices_of_others(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    let (_, codes) = world.sets_up_app(&casey).await;
    let phone = world.remembered("casey", &codes[0]).await;
    let device = world.portal.remembered_devices(&casey.actor).await.unwrap()[0].id;
    let drew = world.enters("drew").await;
    let refused = refusal(world.portal.forget_device(&drew.actor, device).await);
    assert_eq!(refused, Refusal::NotFound);
    assert_eq!(world.reaches(&phone.known_visit(), "casey").await, Reached::Everything);
    world.mails().await;
}
