//! The accounts that a downstream system has already become customers', or customers.

use model::{
    Refusal,
    connector::{ImportPage, ImportPlan, Imported, Reason},
    customer::{CustomerQuery, CustomerRow},
    id::ConnectorId,
    refusal::Problem,
};
use portal::ImportServices;

use crate::{
    connector_settings::{PASSWORD, comet, form, sets_up},
    rules::proven,
    service_accounts::links,
    sql::values,
    stand_in::StandIn,
    world::{Entered, World, refusal, secret, stories},
};

stories! {
    accounts_are_shown_beside_those_they_belong_to,
    accounts_are_linked_and_customers_created_once,
    only_what_was_chosen_is_taken_in,
    very_many_accounts_are_taken_in_page_by_page,
    taking_accounts_in_takes_a_fresh_proof_and_the_role,
    a_system_that_cannot_list_its_accounts_says_why,
}

async fn preview(world: &World, by: &Entered, id: ConnectorId) -> ImportPage {
    let view = world.portal.import_view(&by.actor, id, None).await.unwrap();
    view.listed.expect("proven").unwrap()
}

fn all(connector: ConnectorId) -> ImportServices {
    ImportServices { connector, names: None, after: None, link: true, create: true }
}

async fn find(world: &World, by: &Entered, text: &str) -> Vec<CustomerRow> {
    let query = CustomerQuery { text: text.into(), ..CustomerQuery::default() };
    world.portal.find_customers(&by.actor, &query).await.unwrap().rows
}

/// A system with accounts of all sorts: that of a customer by address, one by user name, one that
/// two could own, one that nobody has, one without an address.
async fn furnished(world: &mut World) -> (StandIn, Entered, ConnectorId) {
    let (mut system, olivia) = (comet(world).await, proven(world, "olivia").await);
    for line in [
        r#"{"do": "add", "name": "byaddress", "email": "CASEY@acme.example"}"#,
        r#"{"do": "add", "name": "new01", "email": "nia@novak.example", "account_name": "Nia Novak"}"#,
        r#"{"do": "add", "name": "new02", "email": "nia@novak.example"}"#,
        r#"{"do": "add", "name": "staff", "email": "olivia@northwind.example"}"#,
    ] {
        system.ask(line);
    }
    let id = sets_up(world, &olivia, &system).await;
    let other = world.customer_of("Northwind Backup").await.id;
    assert_ne!(other, world.person("casey").await.id);
    world
        .sql
        .run("UPDATE accounts SET reference = 'byaddress' WHERE id = $1", values![other])
        .await;
    let theirs = world.customer_of("Fjord IT").await.id;
    world.sql.run("UPDATE accounts SET reference = 'acme02' WHERE id = $1", values![theirs]).await;
    links(world, &olivia, "casey", id, "acme01").await;
    (system, olivia, id)
}

async fn accounts_are_shown_beside_those_they_belong_to(world: &mut World) {
    let (_system, olivia, id) = furnished(world).await;
    let page = preview(world, &olivia, id).await;
    assert_eq!((page.total, page.before, &page.next), (10, 0, &None));
    let plan = |name: &str| {
        let row = page.rows.iter().find(|row| row.name == name);
        row.unwrap_or_else(|| panic!("{name} is there")).plan.clone()
    };
    let theirs = world.customer_of("Fjord IT").await.id;
    assert!(
        matches!(plan("acme01"), ImportPlan::Linked(name) if name.as_str() == "Casey Thornton")
    );
    assert!(matches!(plan("acme02"), ImportPlan::Link(id, _) if id == theirs));
    assert_eq!(plan("acme06"), ImportPlan::NoAddress);
    assert_eq!(plan("byaddress"), ImportPlan::Ambiguous, "casey’s address, another’s reference");
    assert_eq!((plan("new01"), plan("new02")), (ImportPlan::Create, ImportPlan::Create));
    assert_eq!(plan("staff"), ImportPlan::Taken);
}

async fn accounts_are_linked_and_customers_created_once(world: &mut World) {
    let (_system, olivia, id) = furnished(world).await;
    let done = world.portal.import_services(&olivia.actor, all(id)).await.unwrap();
    // Four are created; the second account with an address is linked to who was created for the
    // first. One is linked already, one could be two customers’, two have no address of their own.
    assert_eq!(done, Imported { linked: 2, created: 4, left_out: 4, next: None });
    let nia = find(world, &olivia, "nia novak").await;
    assert_eq!(nia.len(), 1);
    assert!(!nia[0].standing.allows_resets, "an account there is no permission here");
    let services = world.portal.services(&olivia.actor, nia[0].id).await.unwrap().services;
    let mut names: Vec<&str> = services.iter().map(|service| service.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["new01", "new02"]);
    assert!(world.new_mails().await.is_empty(), "invitations go later");
    // Once more changes nothing.
    let again = world.portal.import_services(&olivia.actor, all(id)).await.unwrap();
    assert_eq!((again.linked, again.created), (0, 0));
    assert_eq!(find(world, &olivia, "nia novak").await.len(), 1);
    let told: Vec<String> = world
        .sql
        .column(
            "SELECT content FROM audit_entries JOIN audit_personal ON audit_id = audit_entries.id WHERE kind = 'services_imported'",
            [],
        )
        .await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(r#"{"what":"created","new":"4"}"#), "{}", told[0]);
}

async fn only_what_was_chosen_is_taken_in(world: &mut World) {
    let (_system, olivia, id) = furnished(world).await;
    let names = Some(vec!["new01".to_owned(), "acme02".to_owned(), "no such".to_owned()]);
    let request = ImportServices { names, create: false, ..all(id) };
    let done = world.portal.import_services(&olivia.actor, request).await.unwrap();
    assert_eq!((done.linked, done.created, done.left_out), (1, 0, 1));
    let names = Some(vec!["new01".to_owned()]);
    let request = ImportServices { names, link: false, ..all(id) };
    let done = world.portal.import_services(&olivia.actor, request).await.unwrap();
    assert_eq!((done.linked, done.created, done.left_out), (0, 1, 0));
    assert!(matches!(
        preview(world, &olivia, id).await.rows.iter().find(|row| row.name == "new02").unwrap().plan,
        ImportPlan::Link(_, _)
    ));
}

async fn very_many_accounts_are_taken_in_page_by_page(world: &mut World) {
    drop(comet(world).await);
    world.is_secret(&secret(PASSWORD));
    let (mut system, olivia) =
        (StandIn::start("comet", &["--users", "220"]), proven(world, "olivia").await);
    system.ask(r#"{"do": "add", "name": "zoe", "email": "zoe@elsewhere.example"}"#);
    let id = world.portal.set_connector(&olivia.actor, form(system.port)).await.unwrap();
    let mut shown = Vec::new();
    let mut after = None;
    loop {
        let view = world.portal.import_view(&olivia.actor, id, after.as_deref()).await.unwrap();
        let page = view.listed.unwrap().unwrap();
        assert_eq!(page.before as usize, shown.len());
        assert!(page.rows.len() <= 100);
        shown.extend(page.rows.into_iter().map(|row| row.name));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!((shown.len(), shown.is_sorted()), (227, true));
    let (mut rounds, mut created) = (0, 0);
    let mut request = all(id);
    loop {
        let done = world.portal.import_services(&olivia.actor, request.clone()).await.unwrap();
        rounds += 1;
        created += done.created;
        match done.next {
            Some(next) => request.after = Some(next),
            None => break,
        }
    }
    assert_eq!(rounds, 3);
    assert_eq!(created, 226, "one has no address");
    assert_eq!(find(world, &olivia, "zoe elsewhere").await.len(), 1);
}

async fn taking_accounts_in_takes_a_fresh_proof_and_the_role(world: &mut World) {
    let (_system, olivia, id) = furnished(world).await;
    let unproven = world.enters("olivia").await;
    assert_eq!(world.portal.import_view(&unproven.actor, id, None).await.unwrap().listed, None);
    let (arun, ada) = (proven(world, "arun").await, proven(world, "ada").await);
    let casey = world.enters("casey").await;
    for (by, expected) in [
        (&unproven, Refusal::StepUp),
        (&arun, Refusal::NotAllowed),
        (&ada, Refusal::NotAllowed),
        (&casey, Refusal::NotFound),
    ] {
        let refused = world.portal.import_services(&by.actor, all(id)).await;
        assert_eq!(refusal(refused), expected);
    }
    for by in [&arun, &ada] {
        let refused = world.portal.import_view(&by.actor, id, None).await;
        assert_eq!(refusal(refused), Refusal::NotAllowed);
    }
    assert!(find(world, &olivia, "nia novak").await.is_empty());
}

async fn a_system_that_cannot_list_its_accounts_says_why(world: &mut World) {
    let (mut system, olivia, id) = furnished(world).await;
    system.ask(r#"{"do": "admin", "password": "another one"}"#);
    let view = world.portal.import_view(&olivia.actor, id, None).await.unwrap();
    assert_eq!(view.listed, Some(Err(Reason::SignInRefused)));
    let refused = refusal(world.portal.import_services(&olivia.actor, all(id)).await);
    assert_eq!(refused, Refusal::field("connector", Problem::Service(Reason::SignInRefused)));
}
