//! Customers' accounts in downstream systems: linked, looked at, found by.

use model::{
    Refusal,
    connector::{Reason, ServiceView, ServicesView},
    customer::{CustomerPage, CustomerQuery, CustomerState},
    id::{AccountId, ConnectorId, ServiceAccountId},
    refusal::Problem,
};
use portal::{LinkService, Result};
use uuid::Uuid;

use crate::{
    connector_settings::{comet, sets_up, was_not_asked},
    rules::proven,
    sql::values,
    world::{Entered, World, refusal, stories},
};

stories! {
    a_customer_is_linked_to_an_account_and_looked_at,
    what_stands_in_the_way_of_a_password_is_told,
    what_was_known_stays_when_a_system_is_down,
    a_name_that_cannot_be_linked_is_refused,
    an_account_that_was_made_anew_is_another_one,
    links_take_a_fresh_proof_and_the_role,
    those_below_see_their_customers_accounts_and_take_no_others,
    a_curious_reseller_next_door_sees_no_services,
    customers_are_found_by_their_accounts,
    very_many_links_narrow_the_list_all_the_same,
    links_are_recorded,
}

const GIB: u64 = 1024 * 1024 * 1024;

/// Links a customer of the demo.
pub async fn links(
    world: &World,
    by: &Entered,
    whom: &str,
    connector: ConnectorId,
    name: &str,
) -> ServiceAccountId {
    let customer = world.person(whom).await.id;
    let request = LinkService { customer, connector, name: name.into() };
    world.portal.link_service(&by.actor, request).await.unwrap()
}

/// Asks the system about an account of a customer of the demo.
pub async fn looks(
    world: &World,
    by: &Entered,
    whom: &str,
    service: ServiceAccountId,
) -> ServiceView {
    let customer = world.person(whom).await.id;
    world.portal.look_at_service(&by.actor, customer, service, true).await.unwrap()
}

async fn services(world: &World, by: &Entered, whom: &str) -> ServicesView {
    let customer = world.person(whom).await.id;
    world.portal.services(&by.actor, customer).await.unwrap()
}

async fn link(
    world: &World,
    by: &Entered,
    customer: AccountId,
    connector: ConnectorId,
    name: &str,
) -> Result<ServiceAccountId> {
    let request = LinkService { customer, connector, name: name.into() };
    world.portal.link_service(&by.actor, request).await
}

async fn find(world: &World, by: &Entered, query: CustomerQuery) -> CustomerPage {
    world.portal.find_customers(&by.actor, &query).await.unwrap()
}

fn names(page: &CustomerPage) -> Vec<&str> {
    page.rows.iter().map(|row| row.name.as_str()).collect()
}

async fn a_customer_is_linked_to_an_account_and_looked_at(world: &mut World) {
    let (mut system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let connector = sets_up(world, &olivia, &system).await;
    let before = services(world, &olivia, "casey").await;
    assert!(before.services.is_empty() && before.stepped_up && before.may_unlink);
    assert_eq!(before.choices[0].id, connector);
    let service = links(world, &olivia, "casey", connector, " acme01 ").await;
    // What the database knows is shown without asking.
    system.ask(r#"{"do": "forget"}"#);
    let known = services(world, &olivia, "casey").await.services;
    assert_eq!((known.len(), known[0].id, known[0].name.as_str()), (1, service, "acme01"));
    assert_eq!(known[0].system.as_str(), "Cloud Backup PLUS");
    assert_eq!((&known[0].overview, &known[0].trouble), (&None, &None));
    assert!(was_not_asked(&mut system));
    let arun = world.enters("arun").await;
    let seen = looks(world, &arun, "casey", service).await;
    let (overview, at) = seen.overview.clone().expect("it told");
    assert_eq!(at, world.now());
    assert_eq!((overview.quota, overview.most_devices), (Some(500 * GIB), Some(5)));
    assert_eq!(overview.devices, ["FRONT-DESK", "LAPTOP-7"]);
    assert_eq!(overview.vaults.len(), 2);
    assert_eq!(overview.obstacle, None);
    assert_eq!(services(world, &arun, "casey").await.services, std::slice::from_ref(&seen));
    // An answer of just now is good enough.
    system.ask(r#"{"do": "forget"}"#);
    let customer = world.person("casey").await.id;
    let look = || world.portal.look_at_service(&arun.actor, customer, service, false);
    assert_eq!(look().await.unwrap(), seen);
    assert!(was_not_asked(&mut system));
    world.minutes_pass(1);
    assert_eq!(look().await.unwrap().overview.unwrap().1, world.now());
    // It is taken away again.
    world.portal.unlink_service(&olivia.actor, customer, service).await.unwrap();
    assert!(services(world, &olivia, "casey").await.services.is_empty());
}

async fn what_stands_in_the_way_of_a_password_is_told(world: &mut World) {
    let (system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let connector = sets_up(world, &olivia, &system).await;
    for (name, obstacle) in
        [("acme02", Some(Reason::NoConsent)), ("acme03", Some(Reason::Suspended)), ("acme06", None)]
    {
        let service = links(world, &olivia, "casey", connector, name).await;
        let (overview, _) = looks(world, &olivia, "casey", service).await.overview.unwrap();
        assert_eq!(overview.obstacle, obstacle, "{name}");
    }
    assert_eq!(services(world, &olivia, "casey").await.services.len(), 3);
}

async fn what_was_known_stays_when_a_system_is_down(world: &mut World) {
    let (mut system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let connector = sets_up(world, &olivia, &system).await;
    let service = links(world, &olivia, "casey", connector, "acme01").await;
    let known = looks(world, &olivia, "casey", service).await.overview;
    world.minutes_pass(5);
    system.ask(r#"{"do": "fault", "endpoint": "*", "kind": "garbage", "times": 9}"#);
    let seen = looks(world, &olivia, "casey", service).await;
    assert_eq!(seen.trouble, Some((Reason::BadAnswer, world.now())));
    assert_eq!(seen.overview, known);
    drop(system);
    let seen = looks(world, &olivia, "casey", service).await;
    assert_eq!(seen.trouble, Some((Reason::Unreachable, world.now())));
    assert_eq!(seen.overview, known);
    assert_eq!(services(world, &olivia, "casey").await.services, [seen]);
}

async fn a_name_that_cannot_be_linked_is_refused(world: &mut World) {
    let (mut system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let connector = sets_up(world, &olivia, &system).await;
    links(world, &olivia, "casey", connector, "acme01").await;
    let other = world.customer_of("Northwind Backup").await.id;
    for (name, problem) in [
        ("", Problem::Required),
        ("no such name", Problem::NotAServiceName),
        (&"x".repeat(257), Problem::TooLong { max: 256 }),
        ("acme01", Problem::ServiceTaken),
        ("acme99", Problem::Service(Reason::NoSuchAccount)),
        ("ACME02", Problem::Service(Reason::NoSuchAccount)),
    ] {
        let refused = refusal(link(world, &olivia, other, connector, name).await);
        assert_eq!(refused, Refusal::field("service", problem), "{name}");
    }
    system.ask(r#"{"do": "fault", "endpoint": "*", "kind": "500", "times": 9}"#);
    let refused = refusal(link(world, &olivia, other, connector, "acme02").await);
    assert_eq!(refused, Refusal::field("service", Problem::Service(Reason::ItsFault)));
    system.ask(r#"{"do": "calm"}"#);
    // Two at once: one of them has it.
    let casey = world.person("casey").await.id;
    let (a, b) = tokio::join!(
        link(world, &olivia, casey, connector, "acme02"),
        link(world, &olivia, other, connector, "acme02"),
    );
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
}

async fn an_account_that_was_made_anew_is_another_one(world: &mut World) {
    let (mut system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let connector = sets_up(world, &olivia, &system).await;
    let service = links(world, &olivia, "casey", connector, "acme06").await;
    system.ask(r#"{"do": "recreate", "name": "acme06"}"#);
    let (overview, _) = looks(world, &olivia, "casey", service).await.overview.unwrap();
    assert_eq!(overview.obstacle, Some(Reason::AnotherAccount));
}

async fn links_take_a_fresh_proof_and_the_role(world: &mut World) {
    let (system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let connector = sets_up(world, &olivia, &system).await;
    let service = links(world, &olivia, "casey", connector, "acme01").await;
    let casey = world.person("casey").await.id;
    let unproven = world.enters("olivia").await;
    let (arun, ada) = (proven(world, "arun").await, proven(world, "ada").await);
    let customer = world.enters("casey").await;
    for (by, expected) in [
        (&unproven, Refusal::StepUp),
        (&arun, Refusal::NotAllowed),
        (&ada, Refusal::NotAllowed),
        (&customer, Refusal::NotFound),
    ] {
        assert_eq!(refusal(link(world, by, casey, connector, "acme02").await), expected);
        let refused = world.portal.unlink_service(&by.actor, casey, service).await;
        assert_eq!(refusal(refused), expected);
    }
    let seen = services(world, &arun, "casey").await;
    assert!(seen.choices.is_empty() && !seen.may_unlink);
    let looked = world.portal.look_at_service(&customer.actor, casey, service, true).await;
    assert_eq!(refusal(looked), Refusal::NotFound);
}

async fn those_below_see_their_customers_accounts_and_take_no_others(world: &mut World) {
    let (system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let connector = sets_up(world, &olivia, &system).await;
    let theirs = world.customer_of("Fjord IT").await.id;
    let service = link(world, &olivia, theirs, connector, "acme01").await.unwrap();
    let freya = proven(world, "freya").await;
    let seen = world.portal.services(&freya.actor, theirs).await.unwrap();
    assert_eq!((seen.services.len(), seen.choices.len()), (1, 0));
    let looked = world.portal.look_at_service(&freya.actor, theirs, service, true).await.unwrap();
    assert!(looked.overview.is_some());
    // Another reseller's customer may have that account: whose connector it is links.
    let refused = refusal(link(world, &freya, theirs, connector, "acme02").await);
    assert_eq!(refused, Refusal::NotFound);
    let connectors = find(world, &freya, CustomerQuery::default()).await.connectors;
    assert_eq!(connectors[0].id, connector);
    let narrowed = CustomerQuery { connector: Some(connector), ..CustomerQuery::default() };
    assert_eq!(find(world, &freya, narrowed).await.rows.len(), 1);
    world.portal.unlink_service(&freya.actor, theirs, service).await.unwrap();
}

async fn a_curious_reseller_next_door_sees_no_services(world: &mut World) {
    let (system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let connector = sets_up(world, &olivia, &system).await;
    let service = links(world, &olivia, "casey", connector, "acme01").await;
    let carla = proven(world, "carla").await;
    let (casey, own) =
        (world.person("casey").await.id, world.customer_of("Contoso Cloud").await.id);
    let nobody = AccountId(Uuid::from_u128(1));
    let nothing = ServiceAccountId(Uuid::from_u128(1));
    let (portal, actor) = (&world.portal, &carla.actor);
    for customer in [casey, own, nobody] {
        for service in [service, nothing] {
            let looked = portal.look_at_service(actor, customer, service, true).await;
            assert_eq!(refusal(looked), Refusal::NotFound);
            let unlinked = portal.unlink_service(actor, customer, service).await;
            assert_eq!(refusal(unlinked), Refusal::NotFound);
        }
        let linked = link(world, &carla, customer, connector, "acme02").await;
        assert_eq!(refusal(linked), Refusal::NotFound);
    }
    assert_eq!(refusal(portal.services(actor, casey).await), Refusal::NotFound);
    for connector in [connector, ConnectorId(Uuid::from_u128(1))] {
        let query = CustomerQuery { connector: Some(connector), ..CustomerQuery::default() };
        assert_eq!(refusal(portal.find_customers(actor, &query).await), Refusal::NotFound);
    }
    assert!(find(world, &carla, CustomerQuery::default()).await.connectors.is_empty());
    // Of the own customer, an account that is another one's.
    let other = world.customer_of("Northwind Backup").await.id;
    let looked = portal.look_at_service(&olivia.actor, other, service, true).await;
    assert_eq!(refusal(looked), Refusal::NotFound);
}

async fn customers_are_found_by_their_accounts(world: &mut World) {
    let (system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let connector = sets_up(world, &olivia, &system).await;
    let theirs = world.customer_of("Fjord IT").await;
    let service = links(world, &olivia, "casey", connector, "acme01").await;
    links(world, &olivia, "casey", connector, "acme02").await;
    link(world, &olivia, theirs.id, connector, "acme03").await.unwrap();
    let narrowed = CustomerQuery { connector: Some(connector), ..CustomerQuery::default() };
    let page = find(world, &olivia, narrowed.clone()).await;
    assert_eq!(page.rows.len(), 2);
    let of_casey = page.rows.iter().find(|row| row.name.as_str() == "Casey Thornton").unwrap();
    assert_eq!(of_casey.services, ["acme01", "acme02"]);
    assert_eq!(page.connectors.len(), 1);
    // Together with a scope, words, a state, an order.
    let scope = Some(world.organization("Fjord IT").await);
    let page = find(world, &olivia, CustomerQuery { scope, ..narrowed.clone() }).await;
    assert_eq!((page.rows.len(), page.rows[0].id), (1, theirs.id));
    for (text, found) in [("casey", 1), ("acme03", 1), ("acme0", 2), ("nobody here", 0)] {
        let page = find(world, &olivia, CustomerQuery { text: text.into(), ..narrowed.clone() });
        assert_eq!(page.await.rows.len(), found, "{text}");
    }
    let state = Some(CustomerState::Suspended);
    assert!(
        find(world, &olivia, CustomerQuery { state, ..narrowed.clone() }).await.rows.is_empty()
    );
    world.suspends(&theirs).await;
    let page = find(world, &olivia, CustomerQuery { state, ..narrowed.clone() }).await;
    assert_eq!(page.rows[0].id, theirs.id);
    let down = CustomerQuery { descending: true, ..narrowed.clone() };
    let (up, mut down) = (find(world, &olivia, narrowed).await, find(world, &olivia, down).await);
    down.rows.reverse();
    assert_eq!(names(&up), names(&down));
    // In the whole list, too.
    let typed = |text: &str| CustomerQuery { text: text.into(), ..CustomerQuery::default() };
    assert_eq!(names(&find(world, &olivia, typed("acme01")).await), ["Casey Thornton"]);
    let casey = world.person("casey").await.id;
    world.portal.unlink_service(&olivia.actor, casey, service).await.unwrap();
    assert!(find(world, &olivia, typed("acme01")).await.rows.is_empty());
    assert_eq!(names(&find(world, &olivia, typed("acme02")).await), ["Casey Thornton"]);
}

async fn very_many_links_narrow_the_list_all_the_same(world: &mut World) {
    let (system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let connector = sets_up(world, &olivia, &system).await;
    let casey = world.person("casey").await.id;
    let numbers = match world.engine {
        crate::world::Engine::Sqlite => {
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5001) INSERT INTO service_accounts (id, account_id, connector_id, name, created_at) SELECT randomblob(16), $1, $2, 'many' || i, 0 FROM n"
        }
        crate::world::Engine::Postgres => {
            "INSERT INTO service_accounts (id, account_id, connector_id, name, created_at) SELECT gen_random_uuid(), $1, $2, 'many' || i, 0 FROM generate_series(1, 5001) AS i"
        }
    };
    world.sql.run(numbers, values![casey, connector]).await;
    let theirs = world.customer_of("Fjord IT").await.id;
    link(world, &olivia, theirs, connector, "acme01").await.unwrap();
    let narrowed = CustomerQuery { connector: Some(connector), ..CustomerQuery::default() };
    assert_eq!(find(world, &olivia, narrowed.clone()).await.rows.len(), 2);
    for (text, found) in [("casey", 1), ("acme01", 1), ("ca", 1)] {
        let page = find(world, &olivia, CustomerQuery { text: text.into(), ..narrowed.clone() });
        assert_eq!(page.await.rows.len(), found, "{text}");
    }
    let state = Some(CustomerState::NoFactor);
    let page = find(world, &olivia, CustomerQuery { state, ..narrowed.clone() }).await;
    let all = find(world, &olivia, CustomerQuery { state, ..CustomerQuery::default() }).await;
    let without: Vec<_> = all.rows.iter().map(|row| row.id).collect();
    let expected = [casey, theirs].iter().filter(|id| without.contains(id)).count();
    assert_eq!(page.rows.len(), expected);
}

async fn links_are_recorded(world: &mut World) {
    let (system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let connector = sets_up(world, &olivia, &system).await;
    let service = links(world, &olivia, "casey", connector, "acme01").await;
    let casey = world.person("casey").await;
    world.portal.unlink_service(&olivia.actor, casey.id, service).await.unwrap();
    assert_eq!(world.count_recorded(&casey, "service_linked").await, 1);
    assert_eq!(world.count_recorded(&casey, "service_unlinked").await, 1);
    let told: Vec<String> = world
        .sql
        .column(
            "SELECT content FROM audit_entries JOIN audit_personal ON audit_id = audit_entries.id WHERE subject_id = $1 AND kind LIKE 'service%' ORDER BY position",
            values![casey.id],
        )
        .await;
    assert!(told[0].contains(r#"{"what":"service","new":"acme01"}"#), "{}", told[0]);
    assert!(told[1].contains(r#"{"what":"service","old":"acme01"}"#), "{}", told[1]);
}
