//! Organizations set downstream systems up: a Comet server, in a process of its own.

use model::{
    Refusal,
    connector::{ConnectorRow, ConnectorView, Field, Reason},
    id::ConnectorId,
    refusal::Problem,
};
use portal::{Result, SetConnector, config::Settings};

use crate::{
    rules::{becomes, proven},
    service_accounts::{links, looks},
    sql::values,
    stand_in::StandIn,
    world::{Entered, World, refusal, secret, stories, wait},
};

stories! {
    a_connector_is_tried_before_it_is_kept,
    a_system_that_cannot_be_used_is_refused_at_the_field_it_is_about,
    bad_settings_of_a_connector_are_refused_at_their_fields,
    a_secret_is_for_the_system_it_was_typed_for,
    a_name_is_changed_though_the_system_is_down,
    tries_have_a_budget,
    connectors_take_a_fresh_proof_and_the_role,
    a_curious_reseller_next_door_sees_no_connectors,
    those_below_see_nothing_of_how_a_connector_is_set_up,
    a_connector_is_taken_out_of_use,
    a_removed_connector_takes_its_links_along,
    a_change_of_a_connector_is_recorded_without_secrets,
    a_system_that_fails_again_and_again_is_left_alone_for_a_while,
    a_network_that_is_not_allowed_any_more_is_not_reached,
}

/// As whom Rekey signs in at the stand-in.
pub const PASSWORD: &str = "let-rekey-in";

/// From now on organizations may have systems on this machine.
pub fn here(settings: &mut Settings) {
    settings.outgoing_allowed = vec!["127.0.0.0/8".parse().unwrap()];
}

/// A world with a Comet server beside it.
pub async fn comet(world: &mut World) -> StandIn {
    world.restart(here).await;
    world.is_secret(&secret(PASSWORD));
    StandIn::start("comet", &[])
}

/// Whether a system was asked nothing, since it was told to forget.
pub fn was_not_asked(system: &mut StandIn) -> bool {
    system.ask(r#"{"do": "calls"}"#).contains(r#""calls": []"#)
}

pub fn form(port: u16) -> SetConnector {
    SetConnector {
        scope: None,
        id: None,
        kind: "comet".into(),
        name: "Cloud Backup PLUS".into(),
        values: vec![
            (Field::Address, format!("http://127.0.0.1:{port}/")),
            (Field::User, "rekey".into()),
        ],
        secrets: vec![(Field::Password, secret(PASSWORD))],
    }
}

/// The form again, as the page shows it: without what is secret.
fn again(id: ConnectorId, port: u16) -> SetConnector {
    SetConnector { id: Some(id), secrets: vec![(Field::Password, secret(""))], ..form(port) }
}

fn with(mut request: SetConnector, field: Field, value: &str) -> SetConnector {
    request.values.retain(|(known, _)| *known != field);
    request.values.push((field, value.into()));
    request
}

pub async fn sets_up(world: &World, by: &Entered, system: &StandIn) -> ConnectorId {
    world.portal.set_connector(&by.actor, form(system.port)).await.unwrap()
}

async fn list(world: &World, by: &Entered) -> Vec<ConnectorRow> {
    world.portal.connectors(&by.actor, None).await.unwrap().connectors
}

async fn view(world: &World, by: &Entered, id: ConnectorId) -> Result<ConnectorView> {
    world.portal.connector(&by.actor, id).await
}

async fn row(world: &World, by: &Entered, id: ConnectorId) -> ConnectorRow {
    view(world, by, id).await.unwrap().row
}

async fn a_connector_is_tried_before_it_is_kept(world: &mut World) {
    let (system, olivia) = (comet(world).await, proven(world, "olivia").await);
    assert!(list(world, &olivia).await.is_empty());
    let id = sets_up(world, &olivia, &system).await;
    let rows = list(world, &olivia).await;
    assert_eq!((rows.len(), rows[0].id, rows[0].kind.as_str()), (1, id, "Comet Backup"));
    assert!(rows[0].enabled);
    let tested = rows[0].tested.clone().expect("it was tried");
    assert_eq!(tested.at, world.now());
    let found = tested.outcome.unwrap();
    assert_eq!((found.accounts, found.resettable), (Some(6), Some(5)));
    let view = view(world, &olivia, id).await.unwrap();
    let address = format!("http://127.0.0.1:{}/", system.port);
    assert_eq!(view.settings, [(Field::Address, address), (Field::User, "rekey".into())]);
    assert_eq!(view.secrets, [Field::Password]);
}

async fn a_system_that_cannot_be_used_is_refused_at_the_field_it_is_about(world: &mut World) {
    let (mut system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let port = system.port;
    let wrong = SetConnector {
        secrets: vec![(Field::Password, secret("certainly not this one"))],
        ..form(port)
    };
    let looker = with(form(port), Field::User, "looker");
    for (field, reason, request) in [
        ("password", Reason::SignInRefused, wrong),
        ("password", Reason::NotPermitted, looker),
        ("address", Reason::Unreachable, form(1)),
    ] {
        let refused = refusal(world.portal.set_connector(&olivia.actor, request).await);
        assert_eq!(refused, Refusal::field(field, Problem::Service(reason)));
    }
    system.ask(r#"{"do": "fault", "endpoint": "*", "kind": "garbage", "times": 9}"#);
    let refused = refusal(world.portal.set_connector(&olivia.actor, form(port)).await);
    assert_eq!(refused, Refusal::field("address", Problem::Service(Reason::BadAnswer)));
    assert!(list(world, &olivia).await.is_empty());
}

async fn bad_settings_of_a_connector_are_refused_at_their_fields(world: &mut World) {
    let (mut system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let good = form(system.port);
    let long = "x".repeat(1_025);
    for (field, problem, request) in [
        ("kind", Problem::NotAChoice, SetConnector { kind: "other".into(), ..good.clone() }),
        ("name", Problem::Required, SetConnector { name: " ".into(), ..good.clone() }),
        ("address", Problem::Required, with(good.clone(), Field::Address, " ")),
        ("address", Problem::NotAnAddress, with(good.clone(), Field::Address, "backup")),
        (
            "address",
            Problem::PlainToThisMachineOnly,
            with(good.clone(), Field::Address, "http://backup.example/"),
        ),
        (
            "address",
            Problem::HostNotAllowed,
            with(good.clone(), Field::Address, "https://169.254.169.254/"),
        ),
        ("user", Problem::Required, with(good.clone(), Field::User, "")),
        ("user", Problem::TooLong { max: 1_024 }, with(good.clone(), Field::User, &long)),
        ("user", Problem::UnseenCharacters, with(good.clone(), Field::User, "re\0key")),
        ("password", Problem::Required, SetConnector { secrets: Vec::new(), ..good.clone() }),
    ] {
        let refused = refusal(world.portal.set_connector(&olivia.actor, request).await);
        assert_eq!(refused, Refusal::field(field, problem));
    }
    assert!(list(world, &olivia).await.is_empty());
    assert!(was_not_asked(&mut system));
}

async fn a_secret_is_for_the_system_it_was_typed_for(world: &mut World) {
    let (system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let id = sets_up(world, &olivia, &system).await;
    let shown = format!("{:?} {:?}", form(system.port), view(world, &olivia, id).await.unwrap());
    assert!(!shown.contains(PASSWORD), "{shown}");
    let required = Refusal::field("password", Problem::Required);
    let other = StandIn::start("comet", &[]);
    for elsewhere in [again(id, other.port), with(again(id, system.port), Field::User, "looker")] {
        let refused = world.portal.set_connector(&olivia.actor, elsewhere).await;
        assert_eq!(refusal(refused), required);
    }
    // Typed again, it goes there.
    let moved = SetConnector { id: Some(id), ..form(other.port) };
    assert_eq!(world.portal.set_connector(&olivia.actor, moved).await.unwrap(), id);
    drop(system);
    let tested = world.portal.test_connector(&olivia.actor, id).await.unwrap();
    assert_eq!(tested.outcome.unwrap().accounts, Some(6));
}

async fn a_name_is_changed_though_the_system_is_down(world: &mut World) {
    let (system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let (id, port) = (sets_up(world, &olivia, &system).await, system.port);
    drop(system);
    let renamed = SetConnector { name: "Cloud Backup".into(), ..again(id, port) };
    world.portal.set_connector(&olivia.actor, renamed).await.unwrap();
    assert_eq!(row(world, &olivia, id).await.name.as_str(), "Cloud Backup");
    let tested = world.portal.test_connector(&olivia.actor, id).await.unwrap();
    assert_eq!(tested.outcome, Err(Reason::Unreachable));
    assert_eq!(row(world, &olivia, id).await.tested, Some(tested));
}

async fn tries_have_a_budget(world: &mut World) {
    let (system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let id = sets_up(world, &olivia, &system).await;
    for _ in 0..29 {
        world.portal.test_connector(&olivia.actor, id).await.unwrap().outcome.unwrap();
    }
    assert_eq!(wait(world.portal.test_connector(&olivia.actor, id).await), 20);
    assert_eq!(wait(world.portal.set_connector(&olivia.actor, form(system.port)).await), 20);
    world.seconds_pass(20);
    world.portal.test_connector(&olivia.actor, id).await.unwrap().outcome.unwrap();
}

async fn connectors_take_a_fresh_proof_and_the_role(world: &mut World) {
    let (system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let id = sets_up(world, &olivia, &system).await;
    let everything = async |by: &Entered, expected: Refusal| {
        let (portal, actor) = (&world.portal, &by.actor);
        for refused in [
            refusal(portal.set_connector(actor, form(system.port)).await),
            refusal(portal.set_connector(actor, again(id, system.port)).await),
            refusal(portal.test_connector(actor, id).await),
            refusal(portal.switch_connector(actor, id, false).await),
            refusal(portal.remove_connector(actor, id, "Cloud Backup PLUS").await),
        ] {
            assert_eq!(refused, expected);
        }
    };
    everything(&world.enters("olivia").await, Refusal::StepUp).await;
    let (arun, ada) = (proven(world, "arun").await, proven(world, "ada").await);
    assert_eq!(refusal(view(world, &arun, id).await), Refusal::NotAllowed);
    assert!(!view(world, &ada, id).await.unwrap().acting.may_edit);
    for by in [&arun, &ada] {
        everything(by, Refusal::NotAllowed).await;
    }
    let casey = world.enters("casey").await;
    everything(&casey, Refusal::NotFound).await;
    assert_eq!(refusal(world.portal.connectors(&casey.actor, None).await), Refusal::NotFound);
    // Taken away between page and form.
    let olivia = proven(world, "olivia").await;
    becomes(world, "olivia", "agent").await;
    everything(&olivia, Refusal::NotAllowed).await;
    becomes(world, "olivia", "owner").await;
    assert_eq!(list(world, &olivia).await.len(), 1);
}

async fn a_curious_reseller_next_door_sees_no_connectors(world: &mut World) {
    let (system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let id = sets_up(world, &olivia, &system).await;
    let carla = proven(world, "carla").await;
    let scope = Some(world.organization("Northwind Backup").await);
    let (portal, actor) = (&world.portal, &carla.actor);
    let nobodys = ConnectorId(uuid::Uuid::from_u128(1));
    for id in [id, nobodys] {
        for refused in [
            refusal(portal.connectors(actor, scope).await),
            refusal(portal.connector(actor, id).await),
            refusal(portal.set_connector(actor, again(id, system.port)).await),
            refusal(portal.set_connector(actor, SetConnector { scope, ..form(1) }).await),
            refusal(portal.test_connector(actor, id).await),
            refusal(portal.switch_connector(actor, id, false).await),
            refusal(portal.remove_connector(actor, id, "Cloud Backup PLUS").await),
            refusal(portal.import_view(actor, id, None).await),
        ] {
            assert_eq!(refused, Refusal::NotFound);
        }
    }
    assert!(row(world, &olivia, id).await.enabled);
}

async fn those_below_see_nothing_of_how_a_connector_is_set_up(world: &mut World) {
    let (system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let id = sets_up(world, &olivia, &system).await;
    let freya = proven(world, "freya").await;
    assert!(list(world, &freya).await.is_empty());
    assert_eq!(refusal(view(world, &freya, id).await), Refusal::NotFound);
    let refused = world.portal.set_connector(&freya.actor, again(id, system.port)).await;
    assert_eq!(refusal(refused), Refusal::NotFound);
    // Whoever is above sets one up for those below.
    let scope = Some(world.organization("Fjord IT").await);
    let request = SetConnector { scope, name: "Fjord Backup".into(), ..form(system.port) };
    let theirs = world.portal.set_connector(&olivia.actor, request).await.unwrap();
    assert_eq!(list(world, &freya).await[0].id, theirs);
    assert!(view(world, &olivia, theirs).await.unwrap().acting.below);
}

async fn a_connector_is_taken_out_of_use(world: &mut World) {
    let (mut system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let id = sets_up(world, &olivia, &system).await;
    let service = links(world, &olivia, "casey", id, "acme01").await;
    world.portal.switch_connector(&olivia.actor, id, false).await.unwrap();
    system.ask(r#"{"do": "forget"}"#);
    let seen = looks(world, &olivia, "casey", service).await;
    assert_eq!(seen.trouble, Some((Reason::Disabled, world.now())));
    assert!(!seen.enabled);
    assert!(was_not_asked(&mut system));
    // Somebody who sets it up may still try it.
    let tested = world.portal.test_connector(&olivia.actor, id).await.unwrap();
    tested.outcome.unwrap();
    world.portal.switch_connector(&olivia.actor, id, true).await.unwrap();
    assert_eq!(looks(world, &olivia, "casey", service).await.trouble, None);
}

async fn a_removed_connector_takes_its_links_along(world: &mut World) {
    let (system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let id = sets_up(world, &olivia, &system).await;
    links(world, &olivia, "casey", id, "acme01").await;
    for (typed, problem) in [("", Problem::Required), ("cloud", Problem::NameDiffers)] {
        let refused = world.portal.remove_connector(&olivia.actor, id, typed).await;
        assert_eq!(refusal(refused), Refusal::field("typed", problem));
    }
    let organization =
        world.portal.remove_connector(&olivia.actor, id, " Cloud  Backup PLUS ").await.unwrap();
    assert_eq!(organization, world.organization("Northwind Backup").await);
    assert!(list(world, &olivia).await.is_empty());
    let casey = world.person("casey").await;
    let services = world.portal.services(&olivia.actor, casey.id).await.unwrap();
    assert!(services.services.is_empty() && services.choices.is_empty());
    let query = model::customer::CustomerQuery { text: "acme01".into(), ..Default::default() };
    let found = world.portal.find_customers(&olivia.actor, &query).await.unwrap();
    assert!(found.rows.is_empty(), "nobody is known by that name any more");
    assert_eq!(refusal(view(world, &olivia, id).await), Refusal::NotFound);
}

async fn a_change_of_a_connector_is_recorded_without_secrets(world: &mut World) {
    let (system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let id = sets_up(world, &olivia, &system).await;
    // Nothing changed, nothing recorded.
    world.portal.set_connector(&olivia.actor, again(id, system.port)).await.unwrap();
    let renamed = SetConnector { name: "Backup".into(), ..again(id, system.port) };
    world.portal.set_connector(&olivia.actor, renamed).await.unwrap();
    world.portal.test_connector(&olivia.actor, id).await.unwrap();
    world.portal.switch_connector(&olivia.actor, id, false).await.unwrap();
    let refused = with(again(id, 1), Field::User, "rekey");
    let refused = SetConnector { secrets: form(1).secrets, ..refused };
    refusal(world.portal.set_connector(&olivia.actor, refused).await);
    world.portal.remove_connector(&olivia.actor, id, "Backup").await.unwrap();
    let told: Vec<(String, String)> = world
        .sql
        .rows(
            "SELECT kind, content FROM audit_entries JOIN audit_personal ON audit_id = audit_entries.id WHERE actor_id = $1 AND kind LIKE 'connector%' ORDER BY position",
            values![olivia.person.id],
        )
        .await;
    let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
    let changed = "connector_changed";
    let tested = "connector_tested";
    assert_eq!(
        kinds,
        ["connector_added", changed, tested, changed, tested, "connector_removed"],
        "{told:?}"
    );
    let said = |place: usize, what: &str| {
        let content = &told[place].1;
        assert!(content.contains(what), "{content}");
    };
    said(0, r#"{"what":"connector","new":"Cloud Backup PLUS"}"#);
    said(0, r#"{"what":"password","new":"set anew"}"#);
    said(1, r#"{"what":"connector","old":"Cloud Backup PLUS","new":"Backup"}"#);
    said(2, r#"{"what":"outcome","new":"found"}"#);
    said(3, r#"{"what":"state","old":"active","new":"disabled"}"#);
    said(4, r#"{"what":"outcome","new":"unreachable"}"#);
}

async fn a_system_that_fails_again_and_again_is_left_alone_for_a_while(world: &mut World) {
    let (mut system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let id = sets_up(world, &olivia, &system).await;
    let service = links(world, &olivia, "casey", id, "acme01").await;
    let broken = r#"{"do": "fault", "endpoint": "*", "kind": "500", "times": 1000}"#;
    system.ask(broken);
    for _ in 0..5 {
        assert_eq!(row(world, &olivia, id).await.rests_until, None);
        let seen = looks(world, &olivia, "casey", service).await;
        assert_eq!(seen.trouble, Some((Reason::ItsFault, world.now())));
    }
    let rests = row(world, &olivia, id).await.rests_until.expect("it rests");
    assert_eq!(rests, world.now().plus(std::time::Duration::from_mins(1)));
    // Also for other nodes.
    system.ask(r#"{"do": "forget"}"#);
    let node = world.another_node().await;
    let casey = casey_id(world).await;
    let seen = node.look_at_service(&olivia.actor, casey, service, true).await.unwrap();
    assert_eq!(seen.trouble, Some((Reason::Resting, world.now())));
    assert!(was_not_asked(&mut system));
    // When that is over, one try decides.
    world.minutes_pass(1);
    let seen = looks(world, &olivia, "casey", service).await;
    assert_eq!(seen.trouble, Some((Reason::ItsFault, world.now())));
    let seen = looks(world, &olivia, "casey", service).await;
    assert_eq!(seen.trouble, Some((Reason::Resting, world.now())));
    system.ask(r#"{"do": "calm"}"#);
    world.minutes_pass(1);
    assert_eq!(looks(world, &olivia, "casey", service).await.trouble, None);
    assert_eq!(row(world, &olivia, id).await.rests_until, None);
    // So does somebody who tries it by hand.
    system.ask(broken);
    for _ in 0..5 {
        looks(world, &olivia, "casey", service).await;
    }
    system.ask(r#"{"do": "calm"}"#);
    world.portal.test_connector(&olivia.actor, id).await.unwrap().outcome.unwrap();
    assert_eq!(looks(world, &olivia, "casey", service).await.trouble, None);
    // A sign-in that is refused is an answer: it does not rest for that.
    system.ask(r#"{"do": "admin", "password": "another one"}"#);
    for _ in 0..6 {
        let seen = looks(world, &olivia, "casey", service).await;
        assert_eq!(seen.trouble, Some((Reason::SignInRefused, world.now())));
    }
}

async fn casey_id(world: &World) -> model::id::AccountId {
    world.person("casey").await.id
}

async fn a_network_that_is_not_allowed_any_more_is_not_reached(world: &mut World) {
    let (system, olivia) = (comet(world).await, proven(world, "olivia").await);
    let id = sets_up(world, &olivia, &system).await;
    let service = links(world, &olivia, "casey", id, "acme01").await;
    world.restart(|settings| settings.outgoing_allowed = Vec::new()).await;
    let seen = looks(world, &olivia, "casey", service).await;
    assert_eq!(seen.trouble, Some((Reason::AddressNotAllowed, world.now())));
    let tested = world.portal.test_connector(&olivia.actor, id).await.unwrap();
    assert_eq!(tested.outcome, Err(Reason::AddressNotAllowed));
}
