//! Rules that organizations choose for themselves, within what those above them allow.

use portal::Portal;

use crate::{
    sql::values,
    world::{World, stories},
};

stories! {
    strict_unless_somebody_chose_otherwise,
    a_choice_counts_for_those_below,
    nobody_chooses_beyond_a_ceiling,
    a_lower_ceiling_counts_at_once,
    a_stricter_choice_of_ones_own_stays,
    rules_of_another_version_are_passed_over,
}

/// The shortest password that Northwind's, Fjord's and Contoso's people may choose.
async fn shortest(world: &World) -> [u32; 3] {
    let mut shortest = [0; 3];
    for (place, organization) in
        ["Northwind Backup", "Fjord IT", "Contoso Cloud"].into_iter().enumerate()
    {
        let person = world.customer_of(organization).await;
        let visit = world.visit_at(person.site);
        let signed_in = world.sign_in(&visit, &person.email, portal::DEMO_PASSWORD).await.unwrap();
        let entered = world.came_in(person, visit, signed_in).await;
        let view = Portal::password_view(&world.portal, &entered.actor).await.unwrap();
        shortest[place] = view.rules.shortest;
    }
    shortest
}

const RULE: &str = "password_length_alone";

async fn strict_unless_somebody_chose_otherwise(world: &mut World) {
    assert_eq!(shortest(world).await, [15, 15, 15]);
}

async fn a_choice_counts_for_those_below(world: &mut World) {
    world.sets_rule("Rekey Operations", RULE, Some(16), None).await;
    assert_eq!(shortest(world).await, [16, 16, 16]);
    world.sets_rule("Northwind Backup", RULE, Some(18), None).await;
    assert_eq!(shortest(world).await, [18, 18, 16]);
    world.sets_rule("Fjord IT", RULE, Some(20), None).await;
    assert_eq!(shortest(world).await, [18, 20, 16]);
    // A child may choose what its parent did not, as long as no ceiling stands above.
    world.sets_rule("Fjord IT", RULE, Some(17), None).await;
    assert_eq!(shortest(world).await, [18, 17, 16]);
}

async fn nobody_chooses_beyond_a_ceiling(world: &mut World) {
    world.sets_rule("Northwind Backup", RULE, Some(18), Some(18)).await;
    world.sets_rule("Fjord IT", RULE, Some(15), Some(15)).await;
    assert_eq!(shortest(world).await, [18, 18, 15]);
    // Not beyond what there is at all either.
    world.sets_rule("Contoso Cloud", RULE, Some(1), Some(1)).await;
    assert_eq!(shortest(world).await, [18, 18, 15]);
}

async fn a_lower_ceiling_counts_at_once(world: &mut World) {
    world.sets_rule("Northwind Backup", RULE, Some(16), None).await;
    world.sets_rule("Fjord IT", RULE, Some(17), None).await;
    assert_eq!(shortest(world).await, [16, 17, 15]);
    world.sets_rule("Rekey Operations", RULE, None, Some(24)).await;
    assert_eq!(shortest(world).await, [24, 24, 24]);
}

async fn a_stricter_choice_of_ones_own_stays(world: &mut World) {
    world.sets_rule("Rekey Operations", RULE, Some(16), Some(16)).await;
    world.sets_rule("Fjord IT", RULE, Some(30), None).await;
    assert_eq!(shortest(world).await, [16, 30, 16]);
}

async fn rules_of_another_version_are_passed_over(world: &mut World) {
    let northwind = world.organization("Northwind Backup").await;
    let sql = "INSERT INTO policies (organization_id, rule, value) VALUES ($1, $2, $3)";
    world.sql.run(sql, values![northwind, "a_rule_of_tomorrow", 7i64]).await;
    world.sets_rule("Northwind Backup", RULE, Some(16), None).await;
    assert_eq!(shortest(world).await, [16, 16, 15]);
}
