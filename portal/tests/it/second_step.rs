//! Signing in with a second factor: after the password, and before anything else.

use model::{
    Refusal,
    refusal::{FieldProblem, Problem},
};
use portal::{
    DEMO_PASSWORD, Halfway, NewPassword, Portal, ProveFactor, Reached, Result, SignedIn, Visit,
};

use crate::world::{
    Entered, NEW, OTHER, WRONG, World, new_password, refusal, secret, stories, wait,
};

stories! {
    the_password_leads_to_the_factor_and_no_further,
    the_factor_leads_in,
    a_code_signs_in_once,
    codes_of_another_time_are_refused_alike,
    codes_are_taken_as_they_are_written,
    the_code_that_proved_the_app_does_not_sign_in,
    a_few_wrong_codes_end_the_sign_in,
    it_waits_for_five_minutes,
    many_wrong_codes_from_everywhere_are_slowed_down,
    after_a_hundred_wrong_codes_the_app_is_shut_and_a_recovery_code_opens_it,
    a_flood_does_not_shut_a_known_device_out,
    fifty_sign_ins_with_one_code_have_one_winner,
    one_recovery_code_has_one_winner,
    a_changed_password_ends_the_half_way,
    a_device_is_spared_for_thirty_days,
    a_stricter_policy_ends_what_was_promised,
    staff_are_asked_every_time,
    a_change_of_password_ends_what_was_promised,
    a_link_asks_for_the_factor_and_leaves_it,
    a_link_does_not_waste_a_code,
    staff_with_a_factor_get_a_link,
    a_temporary_password_leads_past_the_factor_to_the_change,
    one_may_leave_half_way,
}

/// Somebody who gave the password.
pub struct Half {
    pub visit: Visit,
    pub token: portal::secrets::Secret,
    pub halfway: Halfway,
}

impl World {
    /// Gives the right password of somebody with a factor, from a device of no history.
    pub async fn half(&self, who: &str, password: &str) -> Half {
        let person = self.person(who).await;
        self.half_from(self.visit_at(person.site), &person.email, password).await
    }

    async fn half_from(&self, visit: Visit, name: &str, password: &str) -> Half {
        let signed_in = self.sign_in(&visit, name, password).await.unwrap();
        assert_eq!(signed_in.reached, Reached::Factor);
        assert!(signed_in.device.is_none() && signed_in.max_age.is_none());
        let halfway = self.portal.halfway(&visit, &signed_in.token).await.unwrap();
        Half { halfway: halfway.expect("half-way in"), token: signed_in.token, visit }
    }

    /// Gives a code.
    pub async fn gives_code(&self, half: &Half, code: &str) -> Result<SignedIn> {
        gives(&self.portal, &half.halfway, code, false).await
    }

    /// Signs somebody in with password and code.
    pub async fn enters_with_code(&self, who: &str, password: &str, code: &str) -> Entered {
        let half = self.half(who, password).await;
        let signed_in = self.gives_code(&half, code).await.unwrap();
        self.came_in(self.person(who).await, half.visit, signed_in).await
    }

    /// Signs somebody in with the demo's password and a code, on a device that is to be spared.
    pub async fn remembered(&self, who: &str, code: &str) -> Entered {
        let half = self.half(who, DEMO_PASSWORD).await;
        let signed_in = gives(&self.portal, &half.halfway, code, true).await.unwrap();
        self.came_in(self.person(who).await, half.visit, signed_in).await
    }

    /// How far the demo's password leads.
    pub async fn reaches(&self, visit: &Visit, who: &str) -> Reached {
        let name = self.person(who).await.email;
        self.sign_in(visit, &name, DEMO_PASSWORD).await.unwrap().reached
    }

    /// Casey with an app and recovery codes.
    async fn casey_with_factor(&self) -> (Entered, String, Vec<String>) {
        let casey = self.proves(&self.enters("casey").await).await;
        let (app, codes) = self.sets_up_app(&casey).await;
        (casey, app, codes)
    }

    /// A code that no app with this secret shows around this moment.
    fn wrong_code(&self, app: &str) -> String {
        let near: Vec<String> = (-3..=3).map(|step| self.code_in(app, step * 30)).collect();
        let mut codes = (100_000..).map(|number: u32| number.to_string());
        codes.find(|code| !near.contains(code)).expect("a wrong code")
    }
}

async fn gives(portal: &Portal, halfway: &Halfway, code: &str, remember: bool) -> Result<SignedIn> {
    portal.prove_factor(halfway, ProveFactor { code: secret(code), remember }).await
}

#[track_caller]
fn is_refused<T: std::fmt::Debug>(result: Result<T>) {
    let fields = vec![FieldProblem { field: "code".into(), problem: Problem::FactorRefused }];
    assert_eq!(refusal(result), Refusal::Fields(fields));
}

async fn the_password_leads_to_the_factor_and_no_further(world: &mut World) {
    let (casey, ..) = world.casey_with_factor().await;
    let half = world.half("casey", DEMO_PASSWORD).await;
    assert!(world.portal.actor(&half.visit, &half.token).await.unwrap().is_none());
    assert!(world.portal.newcomer(&half.visit, &half.token).await.unwrap().is_none());
    let choice = world.portal.factor_choice(&half.halfway).await.unwrap();
    assert_eq!(choice.app.expect("an app").as_str(), "Casey’s phone");
    assert!(choice.recovery && choice.remember_days == 30);
    assert_eq!(world.recorded(&casey.person).await.last().unwrap(), "password_accepted done");
    // Nobody is listed as signed in who is not.
    assert_eq!(world.portal.sessions(&casey.actor).await.unwrap().len(), 1);
}

async fn the_factor_leads_in(world: &mut World) {
    let (casey, app, _) = world.casey_with_factor().await;
    let half = world.half("casey", DEMO_PASSWORD).await;
    let signed_in = world.gives_code(&half, &world.code(&app)).await.unwrap();
    assert_eq!(signed_in.reached, Reached::Everything);
    // Under another token, so that whoever saw the first one has nothing.
    assert!(world.portal.actor(&half.visit, &half.token).await.unwrap().is_none());
    assert!(world.portal.actor(&half.visit, &signed_in.token).await.unwrap().is_some());
    assert_eq!(world.recorded(&casey.person).await.last().unwrap(), "signed_in done");
    let used = world.two_factor(&casey).await.app.unwrap().last_used_at;
    assert_eq!(used, Some(world.now()));
}

async fn a_code_signs_in_once(world: &mut World) {
    let (_, app, _) = world.casey_with_factor().await;
    let code = world.code(&app);
    let (one, two) =
        (world.half("casey", DEMO_PASSWORD).await, world.half("casey", DEMO_PASSWORD).await);
    world.gives_code(&one, &code).await.unwrap();
    is_refused(world.gives_code(&two, &code).await);
    // Nor the one before it, which somebody may have looked at longer.
    is_refused(world.gives_code(&two, &world.code_in(&app, -30)).await);
    world.seconds_pass(30);
    is_refused(world.gives_code(&two, &code).await);
    world.gives_code(&two, &world.code(&app)).await.unwrap();
}

async fn codes_of_another_time_are_refused_alike(world: &mut World) {
    let (_, app, _) = world.casey_with_factor().await;
    // Each from a sign-in of its own, so that none is the fifth.
    for off in [90, -90, 30, -60] {
        let half = world.half("casey", DEMO_PASSWORD).await;
        is_refused(world.gives_code(&half, &world.code_in(&app, off)).await);
    }
    // Whoever was slow to type is let in, half a minute and more after it was shown.
    world.seconds_pass(59);
    let half = world.half("casey", DEMO_PASSWORD).await;
    world.gives_code(&half, &world.code_in(&app, -59)).await.unwrap();
}

async fn codes_are_taken_as_they_are_written(world: &mut World) {
    let (_, app, _) = world.casey_with_factor().await;
    let arabic = |code: &str| -> String {
        code.chars()
            .map(|digit| char::from_u32(0x660 + digit.to_digit(10).unwrap()).unwrap())
            .collect()
    };
    let spaced = |code: &str| format!(" {} {}", &code[..3], &code[3..]);
    let ways: [&dyn Fn(&str) -> String; 2] = [&arabic, &spaced];
    for way in ways {
        let half = world.half("casey", DEMO_PASSWORD).await;
        world.gives_code(&half, &way(&world.code(&app))).await.unwrap();
        world.seconds_pass(30);
    }
}

async fn the_code_that_proved_the_app_does_not_sign_in(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    let app = world.begins_app(&casey).await;
    let code = world.code(&app);
    world.confirms_app(&casey, &code).await.unwrap();
    let half = world.half("casey", DEMO_PASSWORD).await;
    is_refused(world.gives_code(&half, &code).await);
    world.mails().await;
}

async fn a_few_wrong_codes_end_the_sign_in(world: &mut World) {
    let (casey, app, _) = world.casey_with_factor().await;
    let half = world.half("casey", DEMO_PASSWORD).await;
    let nothing = refusal(world.gives_code(&half, " ").await);
    let required = vec![FieldProblem { field: "code".into(), problem: Problem::Required }];
    assert_eq!(nothing, Refusal::Fields(required), "that is no wrong code");
    for _ in 0..4 {
        is_refused(world.gives_code(&half, &world.wrong_code(&app)).await);
    }
    let last = refusal(world.gives_code(&half, &world.wrong_code(&app)).await);
    assert_eq!(last, Refusal::SignInOver);
    assert!(world.portal.halfway(&half.visit, &half.token).await.unwrap().is_none());
    world.seconds_pass(30);
    // It is over for the right one too.
    let right = refusal(world.gives_code(&half, &world.code(&app)).await);
    assert_eq!(right, Refusal::SignInOver);
    assert_eq!(world.count_recorded(&casey.person, "factor_refused").await, 5);
    let half = world.half("casey", DEMO_PASSWORD).await;
    world.gives_code(&half, &world.code(&app)).await.unwrap();
}

async fn it_waits_for_five_minutes(world: &mut World) {
    let (_, app, _) = world.casey_with_factor().await;
    let half = world.half("casey", DEMO_PASSWORD).await;
    world.seconds_pass(299);
    assert!(world.portal.halfway(&half.visit, &half.token).await.unwrap().is_some());
    world.seconds_pass(1);
    assert!(world.portal.halfway(&half.visit, &half.token).await.unwrap().is_none());
    let late = refusal(world.gives_code(&half, &world.code(&app)).await);
    assert_eq!(late, Refusal::SignInOver);
}

async fn many_wrong_codes_from_everywhere_are_slowed_down(world: &mut World) {
    let (_, app, codes) = world.casey_with_factor().await;
    let (mut looked_at, mut waited) = (0, 0);
    for attempt in 0..200 {
        let visit = world.visit_from(&format!("10.0.{}.7", attempt % 50));
        let half = world.half_from(visit, "casey", DEMO_PASSWORD).await;
        match refusal(world.gives_code(&half, &world.wrong_code(&app)).await) {
            Refusal::Fields(_) => looked_at += 1,
            Refusal::Wait { .. } => waited += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((looked_at, waited), (5, 195), "whatever they come from");
    // The right one waits with them; a recovery code does not.
    let half = world.half("casey", DEMO_PASSWORD).await;
    wait(world.gives_code(&half, &world.code(&app)).await);
    world.gives_code(&half, &codes[0]).await.unwrap();
    world.mails().await;
}

async fn after_a_hundred_wrong_codes_the_app_is_shut_and_a_recovery_code_opens_it(
    world: &mut World,
) {
    let (_, app, codes) = world.casey_with_factor().await;
    let mut looked_at = 0;
    while looked_at < 100 {
        let half = world.half("casey", DEMO_PASSWORD).await;
        match refusal(world.gives_code(&half, &world.wrong_code(&app)).await) {
            Refusal::Fields(_) => looked_at += 1,
            Refusal::Wait { seconds } => world.seconds_pass(seconds.into()),
            other => panic!("{other:?}"),
        }
    }
    world.days_pass(30);
    let half = world.half("casey", DEMO_PASSWORD).await;
    is_refused(world.gives_code(&half, &world.code(&app)).await);
    world.gives_code(&half, &codes[0]).await.unwrap();
    let half = world.half("casey", DEMO_PASSWORD).await;
    world.gives_code(&half, &world.code(&app)).await.unwrap();
    world.mails().await;
}

async fn a_flood_does_not_shut_a_known_device_out(world: &mut World) {
    let (casey, app, _) = world.casey_with_factor().await;
    for _ in 0..6 {
        let half = world.half("casey", DEMO_PASSWORD).await;
        refusal(world.gives_code(&half, &world.wrong_code(&app)).await);
    }
    let half = world.half_from(casey.known_visit(), "casey", DEMO_PASSWORD).await;
    world.gives_code(&half, &world.code(&app)).await.unwrap();
}

async fn fifty_sign_ins_with_one_code_have_one_winner(world: &mut World) {
    let (_, app, _) = world.casey_with_factor().await;
    let other = world.another_node().await;
    let code = world.code(&app);
    let mut halves = Vec::new();
    for _ in 0..50 {
        halves.push(world.half("casey", DEMO_PASSWORD).await);
    }
    let mut tries = tokio::task::JoinSet::new();
    for (number, half) in halves.into_iter().enumerate() {
        let portal = if number % 2 == 0 { world.portal.clone() } else { other.clone() };
        let code = code.clone();
        tries.spawn(async move { gives(&portal, &half.halfway, &code, false).await });
    }
    let mut winners = 0;
    while let Some(done) = tries.join_next().await {
        match done.unwrap() {
            Ok(_) => winners += 1,
            Err(portal::Error::Refused(Refusal::Fields(_) | Refusal::Wait { .. })) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(winners, 1);
    other.close().await;
}

async fn one_recovery_code_has_one_winner(world: &mut World) {
    let (casey, _, codes) = world.casey_with_factor().await;
    let other = world.another_node().await;
    let (one, two) =
        (world.half("casey", DEMO_PASSWORD).await, world.half("casey", DEMO_PASSWORD).await);
    let (one, two) = tokio::join!(
        gives(&world.portal, &one.halfway, &codes[0], false),
        gives(&other, &two.halfway, &codes[0], false),
    );
    assert!(one.is_ok() ^ two.is_ok(), "{one:?} {two:?}");
    assert_eq!(world.two_factor(&casey).await.codes_left, 9);
    other.close().await;
    world.mails().await;
}

async fn a_changed_password_ends_the_half_way(world: &mut World) {
    let (casey, app, codes) = world.casey_with_factor().await;
    let half = world.half("casey", DEMO_PASSWORD).await;
    let request = portal::ChangePassword {
        current: secret(DEMO_PASSWORD),
        new: secret(NEW),
        retype: secret(NEW),
        code: secret(&codes[0]),
    };
    world.portal.change_password(&casey.actor, request).await.unwrap();
    let over = refusal(world.gives_code(&half, &world.code(&app)).await);
    assert_eq!(over, Refusal::SignInOver);
    world.mails().await;
}

async fn a_device_is_spared_for_thirty_days(world: &mut World) {
    let (_, app, codes) = world.casey_with_factor().await;
    let phone = world.remembered("casey", &codes[0]).await;
    assert_eq!(world.reaches(&world.visit_from_anywhere(), "casey").await, Reached::Factor);
    world.days_pass(29);
    let visit = phone.known_visit();
    let signed_in = world.sign_in(&visit, "casey", DEMO_PASSWORD).await.unwrap();
    assert_eq!(signed_in.reached, Reached::Everything);
    // Signing in does not prolong it.
    world.days_pass(1);
    let visit = Visit { device: signed_in.device, ..visit };
    assert_eq!(world.reaches(&visit, "casey").await, Reached::Factor, "{app}");
    world.mails().await;
}

async fn a_stricter_policy_ends_what_was_promised(world: &mut World) {
    let (_, _, codes) = world.casey_with_factor().await;
    let phone = world.remembered("casey", &codes[0]).await;
    world.sets_rule("Northwind Backup", "customer_remember_days", Some(7), None).await;
    assert_eq!(world.reaches(&phone.known_visit(), "casey").await, Reached::Factor);
    world.days_pass(23);
    assert_eq!(world.reaches(&phone.known_visit(), "casey").await, Reached::Everything);
    world.mails().await;
}

async fn staff_are_asked_every_time(world: &mut World) {
    let olivia = world.proves(&world.enters("olivia").await).await;
    let (app, codes) = world.sets_up_app(&olivia).await;
    let half = world.half("olivia", DEMO_PASSWORD).await;
    assert_eq!(world.portal.factor_choice(&half.halfway).await.unwrap().remember_days, 0);
    let desk = world.remembered("olivia", &codes[0]).await;
    assert_eq!(world.reaches(&desk.known_visit(), "olivia").await, Reached::Factor, "{app}");
    world.mails().await;
}

async fn a_change_of_password_ends_what_was_promised(world: &mut World) {
    let (casey, app, codes) = world.casey_with_factor().await;
    let phone = world.remembered("casey", &codes[0]).await;
    let request = portal::ChangePassword {
        current: secret(DEMO_PASSWORD),
        new: secret(NEW),
        retype: secret(NEW),
        code: secret(&world.code(&app)),
    };
    world.portal.change_password(&casey.actor, request).await.unwrap();
    let signed_in = world.sign_in(&phone.known_visit(), "casey", NEW).await.unwrap();
    assert_eq!(signed_in.reached, Reached::Factor);
    world.mails().await;
}

async fn a_link_asks_for_the_factor_and_leaves_it(world: &mut World) {
    let (casey, app, codes) = world.casey_with_factor().await;
    let link = world.mailed_link(&casey.person).await;
    let view = world.opens(&link).await.unwrap();
    assert!(view.factors.any && view.rules.shortest == 8);
    let uses = async |code: &str, new: &str| {
        let request = NewPassword { code: secret(code), ..new_password(new) };
        let visit = world.visit_at(casey.person.site);
        world.portal.use_link(&visit, link.id, &link.token, request).await
    };
    let required = vec![FieldProblem { field: "code".into(), problem: Problem::Required }];
    assert_eq!(refusal(uses("", NEW).await), Refusal::Fields(required));
    is_refused(uses(&world.wrong_code(&app), NEW).await);
    // Whoever has the mail only does not even learn whether a password was used before.
    is_refused(uses(&world.wrong_code(&app), DEMO_PASSWORD).await);
    assert!(!world.lets_in(&casey.person, NEW).await);
    uses(&codes[0], NEW).await.unwrap();
    let half = world.half("casey", NEW).await;
    world.gives_code(&half, &world.code(&app)).await.unwrap();
    world.mails().await;
}

async fn a_link_does_not_waste_a_code(world: &mut World) {
    let (casey, app, _) = world.casey_with_factor().await;
    let link = world.mailed_link(&casey.person).await;
    let code = world.code(&app);
    let uses = async |new: &str| {
        let request = NewPassword { code: secret(&code), ..new_password(new) };
        let visit = world.visit_at(casey.person.site);
        world.portal.use_link(&visit, link.id, &link.token, request).await
    };
    for new in ["short", "casey", DEMO_PASSWORD, "1234567890123456", "short", "short"] {
        let Refusal::Fields(fields) = refusal(uses(new).await) else { panic!("fields") };
        assert_eq!(fields[0].field, "new");
    }
    uses(OTHER).await.unwrap();
    world.mails().await;
}

async fn staff_with_a_factor_get_a_link(world: &mut World) {
    let olivia = world.proves(&world.enters("olivia").await).await;
    let (app, _) = world.sets_up_app(&olivia).await;
    let link = world.mailed_link(&olivia.person).await;
    assert!(world.opens(&link).await.unwrap().factors.any);
    let visit = world.visit_at(olivia.person.site);
    refusal(world.portal.use_link(&visit, link.id, &link.token, new_password(NEW)).await);
    let request = NewPassword { code: secret(&world.code(&app)), ..new_password(NEW) };
    world.portal.use_link(&visit, link.id, &link.token, request).await.unwrap();
    world.half("olivia", NEW).await;
    assert!(!world.lets_in(&olivia.person, WRONG).await);
    world.mails().await;
}

async fn a_temporary_password_leads_past_the_factor_to_the_change(world: &mut World) {
    let (casey, app, codes) = world.casey_with_factor().await;
    let sql = "UPDATE accounts SET must_change_password = TRUE WHERE id = $1";
    world.sql.run(sql, crate::sql::values![casey.person.id]).await;
    let half = world.half("casey", DEMO_PASSWORD).await;
    let signed_in = world.gives_code(&half, &world.code(&app)).await.unwrap();
    assert_eq!(signed_in.reached, Reached::Change);
    assert!(signed_in.device.is_none());
    assert!(world.portal.actor(&half.visit, &signed_in.token).await.unwrap().is_none());
    let newcomer = world.portal.newcomer(&half.visit, &signed_in.token).await.unwrap().unwrap();
    let changed = world.portal.choose_password(&newcomer, new_password(NEW)).await.unwrap();
    assert_eq!(changed.reached, Reached::Everything);
    // The factor is what it was.
    let half = world.half("casey", NEW).await;
    world.gives_code(&half, &codes[0]).await.unwrap();
    world.mails().await;
}

async fn one_may_leave_half_way(world: &mut World) {
    let (casey, ..) = world.casey_with_factor().await;
    let half = world.half("casey", DEMO_PASSWORD).await;
    world.portal.leave_halfway(&half.halfway).await.unwrap();
    assert!(world.portal.halfway(&half.visit, &half.token).await.unwrap().is_none());
    assert_eq!(world.recorded(&casey.person).await.last().unwrap(), "signed_out done");
}
