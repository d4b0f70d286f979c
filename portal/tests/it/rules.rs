//! Owners and admins change what holds in their organization, and below it.

use model::{
    Refusal,
    id::OrganizationId,
    policy::{Rule, SHORTEST_BLOCKED_WORD},
    refusal::Problem,
    rules::{RuleSource, RuleView},
};
use portal::{Actor, DEMO_PASSWORD, Result, SetRule};

use crate::{
    sql::values,
    world::{Entered, World, refusal, secret, stories},
};

stories! {
    a_rule_is_changed_and_says_where_it_comes_from,
    a_value_out_of_bounds_is_refused_at_its_field,
    a_child_stays_within_its_parents_ceiling,
    a_lower_ceiling_tightens_and_a_higher_one_loosens_nobody,
    without_a_fresh_proof_no_rule_changes,
    a_curious_reseller_next_door_sees_no_rules,
    agents_change_no_rules_and_auditors_read_them,
    a_role_taken_away_meanwhile_changes_no_rule,
    two_who_save_at_once_lose_nothing,
    a_change_is_recorded_with_old_and_new_value,
    no_password_is_made_of_blocked_words,
}

/// Somebody of the demo signs in and proves who they are.
pub async fn proven(world: &World, who: &str) -> Entered {
    let entered = world.enters(who).await;
    let password = secret(DEMO_PASSWORD);
    let token = world.portal.step_up(&entered.actor, &password, &secret("")).await.unwrap().token;
    world.is_secret(&token);
    Entered { token, ..entered }
}

/// Makes somebody of the demo something else.
pub async fn becomes(world: &World, who: &str, role: &str) {
    let person = world.person(who).await;
    world.sql.run("UPDATE accounts SET role = $2 WHERE id = $1", values![person.id, role]).await;
}

async fn rule(world: &World, actor: &Actor, scope: Option<OrganizationId>, rule: Rule) -> RuleView {
    let page = world.portal.policy_page(actor, scope).await.unwrap();
    page.rules.into_iter().find(|view| view.rule == rule).expect("every rule")
}

/// The form as the page shows it, with what somebody typed into it.
fn form(view: &RuleView, value: Option<i64>, ceiling: Option<i64>) -> SetRule {
    let text = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    SetRule {
        scope: None,
        rule: view.rule.word().into(),
        value: text(value),
        ceiling: text(ceiling),
        was_value: text(view.own),
        was_ceiling: text(view.ceiling),
    }
}

/// Sets a rule of one's own organization, as the page shows it at this moment.
async fn sets(
    world: &World,
    actor: &Actor,
    of: Rule,
    value: Option<i64>,
    ceiling: Option<i64>,
) -> Result<()> {
    let view = rule(world, actor, None, of).await;
    world.portal.set_rule(actor, form(&view, value, ceiling)).await.map(drop)
}

const LINK: Rule = Rule::LinkMinutes;

async fn a_rule_is_changed_and_says_where_it_comes_from(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let before = rule(world, &olivia.actor, None, LINK).await;
    assert_eq!((before.value, before.source), (30, RuleSource::Default));
    sets(world, &olivia.actor, LINK, Some(20), None).await.unwrap();
    let after = rule(world, &olivia.actor, None, LINK).await;
    assert_eq!((after.value, after.source, after.own), (20, RuleSource::Own, Some(20)));
    // Those below have it from there, and Northwind looks after them.
    let fjord = world.organization("Fjord IT").await;
    let below = rule(world, &olivia.actor, Some(fjord), LINK).await;
    assert_eq!(below.value, 20);
    assert!(
        matches!(below.source, RuleSource::Inherited(name) if name.as_str() == "Northwind Backup")
    );
    // It is what links go by.
    let casey = world.person("casey").await;
    let link = world.mailed_link(&casey).await;
    world.minutes_pass(20);
    assert_eq!(refusal(world.opens(&link).await), Refusal::LinkUnusable);
    // And it is inherited again.
    let olivia = proven(world, "olivia").await;
    sets(world, &olivia.actor, LINK, None, None).await.unwrap();
    assert_eq!(rule(world, &olivia.actor, None, LINK).await.source, RuleSource::Default);
    world.mails().await;
}

async fn a_value_out_of_bounds_is_refused_at_its_field(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let view = rule(world, &olivia.actor, None, LINK).await;
    let bounds = Problem::OutOfBounds { min: 10, max: 24 * 60 };
    for (typed, problem) in [("9", bounds), ("1441", bounds), ("soon", Problem::NotANumber)] {
        let request = SetRule { value: typed.into(), ..form(&view, None, None) };
        let refused = refusal(world.portal.set_rule(&olivia.actor, request).await);
        assert_eq!(refused, Refusal::field("value", problem), "{typed}");
        let request = SetRule { ceiling: typed.into(), ..form(&view, None, None) };
        let refused = refusal(world.portal.set_rule(&olivia.actor, request).await);
        assert_eq!(refused, Refusal::field("ceiling", problem), "{typed}");
    }
    let request = SetRule { rule: "a_rule_of_tomorrow".into(), ..form(&view, None, None) };
    assert_eq!(refusal(world.portal.set_rule(&olivia.actor, request).await), Refusal::NotFound);
    assert_eq!(rule(world, &olivia.actor, None, LINK).await, view);
}

async fn a_child_stays_within_its_parents_ceiling(world: &mut World) {
    let (olivia, freya) = (proven(world, "olivia").await, proven(world, "freya").await);
    sets(world, &olivia.actor, LINK, None, Some(45)).await.unwrap();
    let refused = refusal(sets(world, &freya.actor, LINK, Some(46), None).await);
    assert_eq!(refused, Refusal::field("value", Problem::OutOfBounds { min: 10, max: 45 }));
    let refused = refusal(sets(world, &freya.actor, LINK, None, Some(46)).await);
    assert_eq!(refused, Refusal::field("ceiling", Problem::OutOfBounds { min: 10, max: 45 }));
    sets(world, &freya.actor, LINK, Some(45), Some(40)).await.unwrap();
    let view = rule(world, &freya.actor, None, LINK).await;
    assert_eq!((view.value, view.limit), (45, 45));
    assert!(view.limit_by.is_some_and(|by| by.as_str() == "Northwind Backup"));
}

async fn a_lower_ceiling_tightens_and_a_higher_one_loosens_nobody(world: &mut World) {
    let (olivia, freya) = (proven(world, "olivia").await, proven(world, "freya").await);
    sets(world, &freya.actor, LINK, Some(120), None).await.unwrap();
    sets(world, &olivia.actor, LINK, None, Some(45)).await.unwrap();
    let held = rule(world, &freya.actor, None, LINK).await;
    assert_eq!((held.value, held.own), (45, Some(120)));
    assert!(matches!(held.source, RuleSource::HeldDown(by) if by.as_str() == "Northwind Backup"));
    // What Freya chose comes back when the ceiling goes; nobody becomes looser than they chose.
    sets(world, &olivia.actor, LINK, None, Some(600)).await.unwrap();
    assert_eq!(rule(world, &freya.actor, None, LINK).await.value, 120);
    assert_eq!(rule(world, &olivia.actor, None, LINK).await.value, 30);
    sets(world, &freya.actor, LINK, None, None).await.unwrap();
    assert_eq!(rule(world, &freya.actor, None, LINK).await.value, 30);
}

async fn without_a_fresh_proof_no_rule_changes(world: &mut World) {
    let olivia = world.enters("olivia").await;
    assert_eq!(refusal(sets(world, &olivia.actor, LINK, Some(20), None).await), Refusal::StepUp);
    assert!(!world.portal.policy_page(&olivia.actor, None).await.unwrap().acting.stepped_up);
    let olivia = proven(world, "olivia").await;
    assert!(world.portal.policy_page(&olivia.actor, None).await.unwrap().acting.stepped_up);
    world.minutes_pass(10);
    assert_eq!(refusal(sets(world, &olivia.actor, LINK, Some(20), None).await), Refusal::StepUp);
}

async fn a_curious_reseller_next_door_sees_no_rules(world: &mut World) {
    let carla = proven(world, "carla").await;
    let nobody = OrganizationId(uuid::Uuid::nil());
    let count = async || -> i64 { world.sql.one("SELECT COUNT(*) FROM policies", []).await };
    let before = count().await;
    for name in ["Northwind Backup", "Fjord IT", "Rekey Operations"] {
        let theirs = world.organization(name).await;
        for scope in [theirs, nobody] {
            let page = world.portal.policy_page(&carla.actor, Some(scope)).await;
            assert_eq!(refusal(page), Refusal::NotFound);
            let view = rule(world, &carla.actor, None, LINK).await;
            let request = SetRule { scope: Some(scope), ..form(&view, Some(20), None) };
            let refused = world.portal.set_rule(&carla.actor, request).await;
            assert_eq!(refusal(refused), Refusal::NotFound);
        }
    }
    assert_eq!(count().await, before);
    // Those above may.
    let robin = proven(world, "operator").await;
    let contoso = world.organization("Contoso Cloud").await;
    let view = rule(world, &robin.actor, Some(contoso), LINK).await;
    let request = SetRule { scope: Some(contoso), ..form(&view, Some(20), None) };
    world.portal.set_rule(&robin.actor, request).await.unwrap();
    assert_eq!(rule(world, &carla.actor, None, LINK).await.value, 20);
}

async fn agents_change_no_rules_and_auditors_read_them(world: &mut World) {
    let (arun, ada) = (proven(world, "arun").await, proven(world, "ada").await);
    let page = world.portal.policy_page(&arun.actor, None).await;
    assert_eq!(refusal(page), Refusal::NotAllowed);
    let page = world.portal.policy_page(&ada.actor, None).await.unwrap();
    assert!(!page.acting.may_edit);
    for entered in [&arun, &ada] {
        let request = form(&page.rules[0], Some(20), None);
        let refused = world.portal.set_rule(&entered.actor, request).await;
        assert_eq!(refusal(refused), Refusal::NotAllowed);
    }
    let casey = world.enters("casey").await;
    assert_eq!(refusal(world.portal.policy_page(&casey.actor, None).await), Refusal::NotFound);
    let request = form(&page.rules[0], Some(20), None);
    assert_eq!(refusal(world.portal.set_rule(&casey.actor, request).await), Refusal::NotFound);
}

async fn a_role_taken_away_meanwhile_changes_no_rule(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let view = rule(world, &olivia.actor, None, LINK).await;
    becomes(world, "olivia", "auditor").await;
    let refused = world.portal.set_rule(&olivia.actor, form(&view, Some(20), None)).await;
    assert_eq!(refusal(refused), Refusal::NotAllowed);
    becomes(world, "olivia", "admin").await;
    world.portal.set_rule(&olivia.actor, form(&view, Some(20), None)).await.unwrap();
}

async fn two_who_save_at_once_lose_nothing(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let again = proven(world, "olivia").await;
    let view = rule(world, &olivia.actor, None, LINK).await;
    let history = rule(world, &olivia.actor, None, Rule::PasswordHistory).await;
    // Three pages were opened at the same time: two fields of one rule, and another rule.
    let (a, b, c) = tokio::join!(
        world.portal.set_rule(&olivia.actor, form(&view, Some(20), None)),
        world.portal.set_rule(&again.actor, form(&view, None, Some(45))),
        world.portal.set_rule(&olivia.actor, form(&history, Some(5), None)),
    );
    a.unwrap();
    b.unwrap();
    c.unwrap();
    let after = rule(world, &olivia.actor, None, LINK).await;
    assert_eq!((after.own, after.ceiling), (Some(20), Some(45)));
    assert_eq!(rule(world, &olivia.actor, None, Rule::PasswordHistory).await.own, Some(5));
    // The same field is not overwritten unseen; the same wish is no conflict.
    let refused = refusal(world.portal.set_rule(&again.actor, form(&view, Some(25), None)).await);
    assert_eq!(refused, Refusal::field("value", Problem::ChangedMeanwhile));
    world.portal.set_rule(&again.actor, form(&view, Some(20), Some(45))).await.unwrap();
    let changes: i64 =
        world.sql.one("SELECT COUNT(*) FROM audit_entries WHERE kind = 'policy_changed'", []).await;
    assert_eq!(changes, 3);
}

async fn a_change_is_recorded_with_old_and_new_value(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    sets(world, &olivia.actor, LINK, Some(20), None).await.unwrap();
    sets(world, &olivia.actor, LINK, Some(25), Some(60)).await.unwrap();
    let told: Vec<String> = world
        .sql
        .column(
            "SELECT content FROM audit_entries JOIN audit_personal ON audit_id = audit_entries.id WHERE kind = 'policy_changed' AND actor_id = $1 ORDER BY position",
            values![olivia.person.id],
        )
        .await;
    assert_eq!(told.len(), 2);
    assert!(told[0].contains("Olivia Berg"));
    assert!(told[0].contains(r#"[{"what":"link_minutes","new":"20"}]"#), "{}", told[0]);
    let changes = r#"[{"what":"link_minutes","old":"20","new":"25"},{"what":"link_minutes.ceiling","new":"60"}]"#;
    assert!(told[1].contains(changes), "{}", told[1]);
}

async fn no_password_is_made_of_blocked_words(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let set = async |text: &str| world.portal.set_blocked_words(&olivia.actor, None, text).await;
    let min = SHORTEST_BLOCKED_WORD;
    for (text, problem) in [
        ("abc", Problem::WordLength { min, max: 60 }),
        ("a-b-c-d-e", Problem::WordLength { min, max: 60 }),
        (&"x".repeat(61), Problem::WordLength { min, max: 60 }),
        (
            &(0..201).map(|n| format!("word{n}")).collect::<Vec<_>>().join(","),
            Problem::TooManyWords { max: 200 },
        ),
    ] {
        assert_eq!(refusal(set(text).await), Refusal::field("words", problem), "{text}");
    }
    set(" Lighthouse,\nblue  whale\nlighthouse\n").await.unwrap();
    let page = world.portal.policy_page(&olivia.actor, None).await.unwrap();
    assert_eq!(page.blocked, ["lighthouse", "blue whale"]);
    assert!(page.blocked_above.is_empty());
    // They count for those below, who see them and cannot take them away; and for nobody beside.
    let freya = proven(world, "freya").await;
    world.portal.set_blocked_words(&freya.actor, None, "skerry").await.unwrap();
    let page = world.portal.policy_page(&freya.actor, None).await.unwrap();
    assert_eq!(page.blocked, ["skerry"]);
    assert_eq!(page.blocked_above, ["lighthouse", "blue whale"]);
    let (beside, ours) =
        (world.customer_of("Contoso Cloud").await, world.customer_of("Fjord IT").await);
    let refused = Refusal::field("new", Problem::PasswordIsBlocked);
    let link = world.mailed_link(&ours).await;
    for word in ["Lighthouse-2026", "skerry-skerry-26"] {
        assert_eq!(refusal(world.uses(&link, word).await), refused, "{word}");
    }
    world.uses(&link, "lighthouse velvet canyon").await.unwrap();
    let link = world.mailed_link(&beside).await;
    let elsewhere = world.uses(&link, "skerry-skerry-26").await;
    assert!(elsewhere.is_ok() || refusal(elsewhere) != refused);
    let told: Vec<String> = world
        .sql
        .column(
            "SELECT content FROM audit_entries JOIN audit_personal ON audit_id = audit_entries.id WHERE actor_id = $1 AND kind = 'policy_changed'",
            values![olivia.person.id],
        )
        .await;
    assert!(
        told[0].contains(r#"{"what":"blocked_words","new":"lighthouse, blue whale"}"#),
        "{told:?}"
    );
    world.mails().await;
}
