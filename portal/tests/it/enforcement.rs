//! A policy that asks for a second factor: from a day on, or at once.

use model::{Refusal, policy::Rule, refusal::Problem};
use portal::{Actor, DEMO_PASSWORD, Reached, Result, SetRule, Visit, secrets::Secret};

use crate::world::{World, refusal, secret, stories};

stories! {
    nobody_is_asked_unless_the_policy_says_so,
    a_day_is_announced_and_then_holds,
    sessions_from_before_lead_no_further_either,
    staff_and_customers_are_asked_apart,
    whoever_is_asked_sets_one_up_and_goes_on,
    the_last_factor_stays,
    a_reseller_above_asks_everybody_below,
    staff_set_free_on_the_command_line_set_one_up_again,
    a_day_is_typed_as_people_write_it,
}

const CUSTOMERS: &str = "customer_factor_from";
const STAFF: &str = "staff_factor_from";
const AT_ONCE: Option<i64> = Some(0);

impl World {
    /// Signs in with the demo's password: the visit and the session's token.
    async fn password_of(&self, who: &str) -> (Visit, Secret) {
        let person = self.person(who).await;
        let visit = self.visit_at(person.site);
        let done = self.sign_in(&visit, &person.email, DEMO_PASSWORD).await.unwrap();
        assert_eq!(done.reached, Reached::Everything);
        (visit, done.token)
    }

    /// Whether a session is good for everything, or for setting a factor up, or for nothing.
    async fn leads_to(&self, (visit, token): &(Visit, Secret)) -> &'static str {
        let everything = self.portal.actor(visit, token).await.unwrap().is_some();
        let set_up = self.portal.actor_without_factor(visit, token).await.unwrap().is_some();
        match (everything, set_up) {
            (true, false) => "everything",
            (false, true) => "setting one up",
            (false, false) => "nothing",
            (true, true) => panic!("both"),
        }
    }

    async fn asked_from(&self, who: &str) -> Option<u64> {
        let entered = self.enters(who).await;
        self.portal.me(&entered.actor).await.unwrap().factor_due.map(|due| due.days)
    }
}

async fn nobody_is_asked_unless_the_policy_says_so(world: &mut World) {
    for who in ["casey", "olivia"] {
        let session = world.password_of(who).await;
        assert_eq!(world.leads_to(&session).await, "everything");
        assert_eq!(world.asked_from(who).await, None);
    }
}

async fn a_day_is_announced_and_then_holds(world: &mut World) {
    // It is nine o'clock on the second of March.
    world.sets_rule("Northwind Backup", CUSTOMERS, Some(20_260_305), None).await;
    assert_eq!(world.asked_from("casey").await, Some(3));
    let casey = world.proves(&world.enters("casey").await).await;
    world.sets_up_app(&casey).await;
    assert_eq!(world.portal.me(&casey.actor).await.unwrap().factor_due, None);

    world.days_pass(2);
    world.hours_pass(14);
    world.minutes_pass(58);
    assert_eq!(world.asked_from("drew").await, Some(1));
    let session = world.password_of("drew").await;
    assert_eq!(world.leads_to(&session).await, "everything");
    world.minutes_pass(2);
    assert_eq!(world.leads_to(&session).await, "setting one up");
}

async fn sessions_from_before_lead_no_further_either(world: &mut World) {
    let before = world.password_of("drew").await;
    world.sets_rule("Northwind Backup", CUSTOMERS, AT_ONCE, None).await;
    assert_eq!(world.leads_to(&before).await, "setting one up");
    let after = world.password_of("drew").await;
    assert_eq!(world.leads_to(&after).await, "setting one up");
    // Not for ever: it is a session like any other.
    world.minutes_pass(30);
    assert_eq!(world.leads_to(&after).await, "nothing");
    world.sets_rule("Northwind Backup", CUSTOMERS, Some(99_991_231), None).await;
    let later = world.password_of("drew").await;
    assert_eq!(world.leads_to(&later).await, "everything");
}

async fn staff_and_customers_are_asked_apart(world: &mut World) {
    world.sets_rule("Northwind Backup", STAFF, AT_ONCE, None).await;
    let (casey, arun) = (world.password_of("casey").await, world.password_of("arun").await);
    assert_eq!(world.leads_to(&casey).await, "everything");
    assert_eq!(world.leads_to(&arun).await, "setting one up");
    let carla = world.password_of("carla").await;
    assert_eq!(world.leads_to(&carla).await, "everything", "another organization's");
}

async fn whoever_is_asked_sets_one_up_and_goes_on(world: &mut World) {
    world.sets_rule("Northwind Backup", CUSTOMERS, AT_ONCE, None).await;
    let (visit, token) = world.password_of("drew").await;
    let drew = world.portal.actor_without_factor(&visit, &token).await.unwrap().unwrap();
    assert_eq!(refusal(world.portal.begin_app(&drew).await), Refusal::StepUp);
    let (password, code) = (secret(DEMO_PASSWORD), secret(""));
    let token = world.portal.step_up(&drew, &password, &code).await.unwrap().token;
    world.is_secret(&token);
    world.portal.begin_app(&drew).await.unwrap();
    let app = world.portal.two_factor(&drew).await.unwrap().setup.unwrap().secret;
    world.is_secret(&secret(&app));
    let code = secret(&world.code(&app));
    let request = portal::ConfirmApp { name: "Drew’s phone".into(), code };
    world.portal.confirm_app(&drew, request).await.unwrap();
    for code in world.portal.two_factor(&drew).await.unwrap().fresh_codes {
        world.is_secret(&secret(&code));
    }
    assert_eq!(world.leads_to(&(visit, token)).await, "everything");
    world.new_mails().await;
}

async fn the_last_factor_stays(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    world.sets_up_app(&casey).await;
    world.sets_rule("Northwind Backup", CUSTOMERS, AT_ONCE, None).await;
    let view = world.two_factor(&casey).await;
    assert!(view.required);
    let id = view.app.unwrap().id;
    let removed = world.portal.remove_factor(&casey.actor, id).await;
    assert_eq!(refusal(removed), Refusal::FactorNeeded);
    let off = world.portal.turn_off_two_factor(&casey.actor).await;
    assert_eq!(refusal(off), Refusal::FactorNeeded);
    assert!(world.two_factor(&casey).await.app.is_some());
    assert!(world.new_mails().await.is_empty());
}

async fn a_reseller_above_asks_everybody_below(world: &mut World) {
    world.sets_rule("Northwind Backup", STAFF, None, AT_ONCE).await;
    // A value of their own, above the ceiling.
    world.sets_rule("Fjord IT", STAFF, Some(99_991_231), None).await;
    let freya = world.password_of("freya").await;
    assert_eq!(world.leads_to(&freya).await, "setting one up");
}

async fn staff_set_free_on_the_command_line_set_one_up_again(world: &mut World) {
    let olivia = world.proves(&world.enters("olivia").await).await;
    world.sets_up_app(&olivia).await;
    world.sets_rule("Northwind Backup", STAFF, AT_ONCE, None).await;
    assert!(world.portal.reset_staff_factor(&olivia.person.email, None).await.unwrap());
    world.new_mails().await;
    let session = world.password_of("olivia").await;
    assert_eq!(world.leads_to(&session).await, "setting one up");
}

async fn a_day_is_typed_as_people_write_it(world: &mut World) {
    let olivia = world.proves(&world.enters("olivia").await).await;
    let sets = async |actor: &Actor, value: &str, was: &str| -> Result<()> {
        let request = SetRule {
            scope: None,
            rule: STAFF.into(),
            value: value.into(),
            ceiling: String::new(),
            was_value: was.into(),
            was_ceiling: String::new(),
        };
        world.portal.set_rule(actor, request).await.map(drop)
    };
    for nonsense in ["-", "soon", "2026-02-30", "20260305", "9999-12-31", "-1"] {
        let refused = refusal(sets(&olivia.actor, nonsense, "").await);
        assert_eq!(refused, Refusal::field("value", Problem::NotADate), "{nonsense}");
    }
    sets(&olivia.actor, "2026-03-05", "").await.unwrap();
    let page = world.portal.policy_page(&olivia.actor, None).await.unwrap();
    let rule = page.rules.into_iter().find(|view| view.rule == Rule::StaffFactorFrom).unwrap();
    assert_eq!(rule.value, 20_260_305);
    sets(&olivia.actor, "off", "2026-03-05").await.unwrap();
    sets(&olivia.actor, "now", "off").await.unwrap();
    // Whoever asks for it at once is asked first.
    assert!(world.portal.actor(&olivia.visit, &olivia.token).await.unwrap().is_none());
}
