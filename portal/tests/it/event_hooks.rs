//! Organizations have systems of their own told of what happens, by messages that an independent
//! library checks: the npm package `standardwebhooks`, in a process of its own.

use model::{
    Refusal,
    consent::Consent,
    event_hook::{DeliveryRow, DeliveryState, HookEvent, HookMade, HookRow, HookState, HookView},
    id::{EventHookId, OrganizationId},
    refusal::Problem,
};
use portal::{AddHook, DeleteCustomer, Portal, Result, SetConsent, SetHook};
use serde_json::{Value, json};

use crate::{
    child::Part,
    mail_settings::here,
    rules::{becomes, proven},
    sql::values,
    stand_in::StandIn,
    world::{Entered, NEW, OTHER, WRONG, World, refusal, secret, stories},
};

stories! {
    a_reset_is_told_of_and_nobody_reads_who_it_was,
    each_event_is_told_to_whoever_chose_it,
    what_happens_below_is_told_above_and_not_beside,
    what_is_not_taken_is_sent_again_under_the_same_id,
    after_three_days_it_is_given_up_and_staff_send_it_again,
    an_answer_that_was_cut_off_means_a_second_message_of_the_same_id,
    who_asks_for_patience_is_left_alone,
    who_wants_no_more_is_switched_off,
    while_it_is_off_it_is_told_of_nothing,
    one_secret_gives_way_to_another,
    a_test_tells_at_once_how_it_ended,
    two_nodes_send_each_message_once,
    what_a_dead_node_had_taken_is_taken_over,
    killed_on_the_way_it_is_told_all_the_same,
    it_is_told_of_other_things_elsewhere,
    of_a_deleted_customer_the_reference_is_forgotten,
    bad_settings_are_refused_at_their_fields,
    nobody_inside_is_told,
    webhooks_take_a_fresh_proof_and_the_role,
    a_curious_reseller_next_door_sees_no_webhooks,
    a_removed_webhook_takes_its_log_along,
    what_is_done_to_webhooks_is_recorded_without_secrets,
}

/// A system that is told of events.
struct Receiver(StandIn);

/// A message that it got.
#[derive(Debug, PartialEq)]
struct Received {
    id: String,
    signatures: u64,
    message: Value,
}

impl Receiver {
    fn new() -> Self {
        // A secret that nothing is signed with, until it gets the right one.
        Self(StandIn::start("webhook", &["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"]))
    }

    fn tell(&mut self, line: &str) {
        assert_eq!(self.0.ask(line), "done");
    }

    fn address(&self) -> String {
        format!("http://127.0.0.1:{}/events", self.0.port)
    }

    /// What came since it was asked last. All of it bears the right signatures and the right time.
    fn received(&mut self) -> Vec<Received> {
        let all: Vec<Value> = serde_json::from_str(&self.0.ask("received")).unwrap();
        all.into_iter()
            .map(|one| {
                assert_eq!(one["verified"], true, "{one}");
                Received {
                    id: one["id"].as_str().unwrap().to_owned(),
                    signatures: one["signatures"].as_u64().unwrap(),
                    message: one["message"].clone(),
                }
            })
            .collect()
    }

    fn kinds(&mut self) -> Vec<String> {
        let kind = |one: Received| one.message["type"].as_str().unwrap().to_owned();
        self.received().into_iter().map(kind).collect()
    }

    fn knows_the_time(&mut self, world: &World) {
        self.tell(&format!("now {}", world.now().unix_seconds()));
    }

    /// What waits is sent, as it is due now.
    async fn hears(&mut self, world: &World) {
        self.hears_from(world, &world.portal).await;
    }

    async fn hears_from(&mut self, world: &World, portal: &Portal) {
        self.knows_the_time(world);
        portal.work_off().await.unwrap();
    }
}

fn form(receiver: &Receiver, events: &[HookEvent]) -> AddHook {
    AddHook { scope: None, address: receiver.address(), events: events.to_vec() }
}

/// Adds a webhook, and tells its receiver the secret.
async fn adds(
    world: &World,
    by: &Entered,
    receiver: &mut Receiver,
    events: &[HookEvent],
) -> HookMade {
    let request = form(receiver, events);
    let made = world.portal.add_event_hook(&by.actor, request).await.unwrap();
    world.is_secret(&secret(&made.secret));
    receiver.tell(&format!("secrets {}", made.secret));
    receiver.knows_the_time(world);
    made
}

/// Whoever looks after Northwind’s webhooks, with one of them that is told of everything.
async fn told_of_all(world: &mut World) -> (Entered, Receiver, EventHookId) {
    world.restart(here).await;
    let (olivia, mut receiver) = (proven(world, "olivia").await, Receiver::new());
    let hook = adds(world, &olivia, &mut receiver, &HookEvent::ALL).await.hook;
    (olivia, receiver, hook)
}

async fn page(world: &World, by: &Entered, hook: EventHookId) -> HookView {
    world.portal.event_hook(&by.actor, hook, None).await.unwrap()
}

async fn listed(world: &World, by: &Entered) -> Vec<HookRow> {
    world.portal.event_hooks(&by.actor, None).await.unwrap().hooks
}

/// The only message to a webhook.
async fn only(world: &World, by: &Entered, hook: EventHookId) -> DeliveryRow {
    let mut deliveries = page(world, by, hook).await.deliveries;
    assert_eq!(deliveries.len(), 1);
    deliveries.remove(0)
}

/// Something happens that is told: a customer allows what was not, or takes it back.
async fn something_happens(world: &World) {
    let drew = world.proves(&world.enters("drew").await).await;
    let allows = world.portal.consent(&drew.actor).await.unwrap().consent != Consent::Refused;
    let choice = if allows { "no" } else { "always" };
    let says = SetConsent { choice: choice.into(), until: String::new(), links_only: false };
    world.portal.set_consent(&drew.actor, says).await.unwrap();
}

async fn a_reset_is_told_of_and_nobody_reads_who_it_was(world: &mut World) {
    let (olivia, mut receiver, hook) = told_of_all(world).await;
    let casey = world.person("casey").await;
    world.resets(&casey, NEW).await;
    receiver.hears(world).await;
    let received = receiver.received();
    assert_eq!(received.len(), 1, "{received:?}");
    let delivery = only(world, &olivia, hook).await;
    assert_eq!(received[0].id, format!("msg_{}", delivery.id.0.simple()));
    let column = |column: &str| -> &'static str {
        format!("SELECT {column} FROM audit_entries WHERE kind = 'reset_done' AND subject_id = $1")
            .leak()
    };
    let about = || values![casey.id];
    let entry: uuid::Uuid = world.sql.one(column("id"), about()).await;
    let reset: uuid::Uuid = world.sql.one(column("reset_id"), about()).await;
    let reference: Option<String> =
        world.sql.one("SELECT reference FROM accounts WHERE id = $1", about()).await;
    let mut account = json!({"id": casey.id, "kind": "customer"});
    if let Some(reference) = reference {
        account["reference"] = reference.into();
    }
    assert_eq!(
        received[0].message,
        json!({
            "type": "reset.done",
            "timestamp": "2026-03-02T09:00:00Z",
            "data": {
                "entry": entry,
                "cause": "reset_done",
                "organization": world.organization("Northwind Backup").await,
                "by": "link_holder",
                "account": account,
                "reset": reset,
            },
        })
    );
    assert_eq!(delivery.state, DeliveryState::Delivered);
    assert_eq!((delivery.status, delivery.attempts), (Some(204), 1));
    assert_eq!(delivery.account, Some(casey.id));
}

async fn each_event_is_told_to_whoever_chose_it(world: &mut World) {
    let (olivia, mut all, _) = told_of_all(world).await;
    let mut locks = Receiver::new();
    adds(world, &olivia, &mut locks, &[HookEvent::AccountLocked]).await;
    something_happens(world).await;
    // Tried too often. A refused sign-in alone is told to nobody.
    for _ in 0..12 {
        world.sign_in(&world.visit_from_anywhere(), "casey", WRONG).await.unwrap_err();
        world.minutes_pass(15);
    }
    all.knows_the_time(world);
    locks.knows_the_time(world);
    // A second factor, and its recovery codes.
    let drew = world.proves(&world.enters("drew").await).await;
    let (_, codes) = world.sets_up_app(&drew).await;
    assert!(!codes.is_empty());
    let mut kinds = Vec::new();
    for receiver in [&mut all, &mut locks] {
        receiver.hears(world).await;
        let mut heard = receiver.kinds();
        heard.sort();
        heard.dedup();
        kinds.push(heard);
    }
    assert_eq!(kinds[0], ["account.locked", "consent.changed", "factor.changed"]);
    assert_eq!(kinds[1], ["account.locked"]);
}

async fn what_happens_below_is_told_above_and_not_beside(world: &mut World) {
    world.restart(here).await;
    let (olivia, freya, carla) =
        (proven(world, "olivia").await, proven(world, "freya").await, proven(world, "carla").await);
    let mut receivers = [Receiver::new(), Receiver::new(), Receiver::new()];
    for (by, receiver) in [&olivia, &freya, &carla].into_iter().zip(&mut receivers) {
        adds(world, by, receiver, &[HookEvent::ResetDone]).await;
    }
    let theirs = world.customer_of("Fjord IT").await;
    world.resets(&theirs, NEW).await;
    world.resets(&world.person("casey").await, OTHER).await;
    for receiver in &mut receivers {
        receiver.hears(world).await;
    }
    let [above, below, beside] = &mut receivers;
    assert_eq!(above.received().len(), 2);
    let told = below.received();
    assert_eq!(told.len(), 1);
    let fjord: OrganizationId = world.organization("Fjord IT").await;
    assert_eq!(told[0].message["data"]["organization"], json!(fjord));
    assert_eq!(told[0].message["data"]["account"]["id"], json!(theirs.id));
    assert_eq!(beside.received(), []);
}

async fn what_is_not_taken_is_sent_again_under_the_same_id(world: &mut World) {
    let (olivia, mut receiver, hook) = told_of_all(world).await;
    receiver.tell("always 500");
    something_happens(world).await;
    receiver.hears(world).await;
    let delivery = only(world, &olivia, hook).await;
    assert_eq!((delivery.state, delivery.status), (DeliveryState::Waiting, Some(500)));
    assert_eq!(delivery.due_at, Some(world.now().plus(std::time::Duration::from_secs(5))));
    // Not before it is due.
    world.seconds_pass(4);
    receiver.hears(world).await;
    let first = receiver.received();
    assert_eq!(first.len(), 1);
    world.seconds_pass(1);
    receiver.tell("always");
    receiver.hears(world).await;
    assert_eq!(receiver.received(), first, "the same message under the same id");
    let delivery = only(world, &olivia, hook).await;
    assert_eq!((delivery.state, delivery.attempts), (DeliveryState::Delivered, 2));
    // A redirect is not followed, and is no more than an answer that is not "yes".
    receiver.tell(r#"answer 307 {"headers": {"Location": "/elsewhere"}}"#);
    let id = delivery.id;
    world.portal.send_event_again(&olivia.actor, id).await.unwrap();
    receiver.hears(world).await;
    assert_eq!(receiver.received().len(), 1);
    let delivery = only(world, &olivia, hook).await;
    assert_eq!((delivery.state, delivery.status), (DeliveryState::Waiting, Some(307)));
}

async fn after_three_days_it_is_given_up_and_staff_send_it_again(world: &mut World) {
    let (olivia, mut receiver, hook) = told_of_all(world).await;
    receiver.tell("always 500");
    something_happens(world).await;
    let begin = world.now();
    let mut received = Vec::new();
    let delivery = loop {
        receiver.hears(world).await;
        received.extend(receiver.received());
        let olivia = proven(world, "olivia").await;
        let delivery = only(world, &olivia, hook).await;
        let Some(due_at) = delivery.due_at else { break delivery };
        world.seconds_pass(due_at.since(world.now()).as_secs());
    };
    assert_eq!((delivery.state, delivery.attempts), (DeliveryState::GivenUp, 10));
    assert_eq!(received.len(), 10);
    assert!(received.iter().all(|one| *one == received[0]), "{received:?}");
    let hours = world.now().since(begin).as_secs() / 3_600;
    assert_eq!(hours, 71, "three days, and not longer");
    drop(olivia);
    // Staff send it again, and it is the same one.
    receiver.tell("always");
    let olivia = proven(world, "olivia").await;
    world.portal.send_event_again(&olivia.actor, delivery.id).await.unwrap();
    receiver.hears(world).await;
    assert_eq!(receiver.received(), [received.remove(0)]);
    assert_eq!(only(world, &olivia, hook).await.state, DeliveryState::Delivered);
    // What a clock or a stop kept from being sent is given up, too.
    receiver.tell("always 500");
    world.portal.send_event_again(&olivia.actor, delivery.id).await.unwrap();
    world.days_pass(4);
    world.portal.tidy().await.unwrap();
    receiver.hears(world).await;
    assert_eq!(receiver.received(), []);
    let olivia = proven(world, "olivia").await;
    assert_eq!(only(world, &olivia, hook).await.state, DeliveryState::GivenUp);
}

async fn an_answer_that_was_cut_off_means_a_second_message_of_the_same_id(world: &mut World) {
    let (olivia, mut receiver, hook) = told_of_all(world).await;
    receiver.tell("fault cut");
    something_happens(world).await;
    receiver.hears(world).await;
    let delivery = only(world, &olivia, hook).await;
    assert_eq!(delivery.state, DeliveryState::Waiting);
    assert_eq!(delivery.trouble, Some(model::connector::Reason::NoAnswer));
    world.seconds_pass(5);
    receiver.hears(world).await;
    let received = receiver.received();
    assert_eq!((received.len(), &received[0]), (2, &received[1]));
    assert_eq!(only(world, &olivia, hook).await.state, DeliveryState::Delivered);
}

async fn who_asks_for_patience_is_left_alone(world: &mut World) {
    let (olivia, mut receiver, hook) = told_of_all(world).await;
    receiver.tell(r#"answer 429 {"headers": {"Retry-After": "900"}}"#);
    something_happens(world).await;
    receiver.hears(world).await;
    assert_eq!(receiver.received().len(), 1);
    // Neither this message nor any other one.
    world.resets(&world.person("casey").await, NEW).await;
    world.seconds_pass(899);
    receiver.hears(world).await;
    assert_eq!(receiver.received(), []);
    world.seconds_pass(1);
    receiver.hears(world).await;
    assert_eq!(receiver.received().len(), 2);
    // What says nothing of how long is left alone for a minute.
    receiver.tell("answer 504");
    world.resets(&world.person("casey").await, OTHER).await;
    receiver.hears(world).await;
    assert_eq!(receiver.received().len(), 1);
    world.seconds_pass(59);
    receiver.hears(world).await;
    assert_eq!(receiver.received(), []);
    world.seconds_pass(1);
    receiver.hears(world).await;
    assert_eq!(receiver.received().len(), 1);
    let states: Vec<_> =
        page(world, &olivia, hook).await.deliveries.iter().map(|one| one.state).collect();
    assert_eq!(states, [DeliveryState::Delivered; 3]);
}

async fn who_wants_no_more_is_switched_off(world: &mut World) {
    let (olivia, mut receiver, hook) = told_of_all(world).await;
    receiver.tell("answer 410");
    something_happens(world).await;
    something_happens(world).await;
    receiver.hears(world).await;
    assert_eq!(receiver.received().len(), 1);
    let view = page(world, &olivia, hook).await;
    assert_eq!(view.hook.state, HookState::Gone);
    assert!(view.deliveries.iter().all(|one| one.state == DeliveryState::GivenUp));
    let told: String = world
        .sql
        .one(
            "SELECT content FROM audit_entries JOIN audit_personal ON audit_id = audit_entries.id WHERE kind = 'hook_changed' AND actor_kind = 'system'",
            [],
        )
        .await;
    assert!(told.contains(r#""what":"hook","old":"active","new":"gone""#), "{told}");
    // Of what happens meanwhile it is not told.
    world.resets(&world.person("casey").await, OTHER).await;
    assert_eq!(page(world, &olivia, hook).await.deliveries.len(), 2);
    world.portal.switch_event_hook(&olivia.actor, hook, true).await.unwrap();
    receiver.hears(world).await;
    assert_eq!(receiver.received(), []);
    something_happens(world).await;
    receiver.hears(world).await;
    assert_eq!(receiver.kinds(), ["consent.changed"]);
}

async fn while_it_is_off_it_is_told_of_nothing(world: &mut World) {
    let (olivia, mut receiver, hook) = told_of_all(world).await;
    something_happens(world).await;
    world.portal.switch_event_hook(&olivia.actor, hook, false).await.unwrap();
    world.resets(&world.person("casey").await, NEW).await;
    receiver.hears(world).await;
    assert_eq!(receiver.received(), []);
    assert_eq!(listed(world, &olivia).await[0].state, HookState::Off);
    // What was written before goes once it is on again; what happened meanwhile never was.
    world.portal.switch_event_hook(&olivia.actor, hook, true).await.unwrap();
    receiver.hears(world).await;
    assert_eq!(receiver.kinds(), ["consent.changed"]);
}

async fn one_secret_gives_way_to_another(world: &mut World) {
    let (olivia, mut receiver, hook) = told_of_all(world).await;
    let old: Vec<u8> = world.sql.one("SELECT sealed FROM event_hooks", []).await;
    something_happens(world).await;
    receiver.hears(world).await;
    assert_eq!(receiver.received()[0].signatures, 1);
    let made = world.portal.renew_event_hook_secret(&olivia.actor, hook).await.unwrap();
    world.is_secret(&secret(&made.secret));
    assert!(listed(world, &olivia).await[0].previous_until.is_some());
    // Whoever knows the old one alone can check messages, and so can who knows the new one.
    world.resets(&world.person("casey").await, NEW).await;
    receiver.hears(world).await;
    assert_eq!(receiver.received()[0].signatures, 2);
    receiver.tell(&format!("secrets {}", made.secret));
    world.resets(&world.person("casey").await, OTHER).await;
    receiver.hears(world).await;
    assert_eq!(receiver.received()[0].signatures, 2);
    // A day later the old one is over, and forgotten.
    world.hours_pass(24);
    receiver.knows_the_time(world);
    world.resets(&world.person("casey").await, "granite walnut ferry nine").await;
    receiver.hears(world).await;
    assert_eq!(receiver.received()[0].signatures, 1);
    let olivia = proven(world, "olivia").await;
    assert_eq!(listed(world, &olivia).await[0].previous_until, None);
    let with_both: Vec<u8> = world.sql.one("SELECT sealed FROM event_hooks", []).await;
    world.portal.tidy().await.unwrap();
    let alone: Vec<u8> = world.sql.one("SELECT sealed FROM event_hooks", []).await;
    assert_eq!(alone.len(), old.len());
    assert!(with_both.len() > alone.len());
    something_happens(world).await;
    receiver.hears(world).await;
    assert!(!receiver.received().is_empty(), "it signs as before");
}

async fn a_test_tells_at_once_how_it_ended(world: &mut World) {
    let (olivia, mut receiver, hook) = told_of_all(world).await;
    receiver.knows_the_time(world);
    world.portal.test_event_hook(&olivia.actor, hook).await.unwrap();
    let delivery = only(world, &olivia, hook).await;
    assert_eq!((delivery.event, delivery.state), (HookEvent::Test, DeliveryState::Delivered));
    let received = receiver.received();
    assert_eq!(received[0].message["type"], "test");
    assert_eq!(received[0].message["data"]["by"], "staff");
    assert_eq!(received[0].message["data"].get("account"), None);
    // It may be tried before it is switched on, and says why it does not work.
    world.portal.switch_event_hook(&olivia.actor, hook, false).await.unwrap();
    receiver.tell("secrets whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
    world.seconds_pass(1);
    receiver.knows_the_time(world);
    world.portal.test_event_hook(&olivia.actor, hook).await.unwrap();
    let last = page(world, &olivia, hook).await.deliveries.remove(0);
    assert_eq!((last.status, last.state), (Some(401), DeliveryState::Waiting));
}

async fn two_nodes_send_each_message_once(world: &mut World) {
    let (olivia, mut receiver, hook) = told_of_all(world).await;
    let another = world.another_node().await;
    for _ in 0..6 {
        something_happens(world).await;
    }
    receiver.knows_the_time(world);
    let written = page(world, &olivia, hook).await.deliveries.len();
    let (one, other) = tokio::join!(world.portal.work_off(), another.work_off());
    one.unwrap();
    other.unwrap();
    receiver.hears_from(world, &another).await;
    let mut ids: Vec<String> = receiver.received().into_iter().map(|one| one.id).collect();
    ids.sort();
    let all = ids.len();
    ids.dedup();
    assert_eq!((ids.len(), all), (written, written));
    another.close().await;
}

async fn what_a_dead_node_had_taken_is_taken_over(world: &mut World) {
    let (olivia, mut receiver, hook) = told_of_all(world).await;
    something_happens(world).await;
    let lease = world.now().0 + 60_000_000;
    world
        .sql
        .run("UPDATE event_deliveries SET lease_until = $1, attempts = 1", values![lease])
        .await;
    // What comes after it waits as well: one at a time.
    something_happens(world).await;
    receiver.hears(world).await;
    assert_eq!(receiver.received(), []);
    world.seconds_pass(61);
    receiver.hears(world).await;
    assert_eq!(receiver.received().len(), 2);
    let states: Vec<_> =
        page(world, &olivia, hook).await.deliveries.iter().map(|one| one.state).collect();
    assert_eq!(states, [DeliveryState::Delivered; 2]);
}

async fn killed_on_the_way_it_is_told_all_the_same(world: &mut World) {
    let (olivia, mut receiver, hook) = told_of_all(world).await;
    for (place, failpoint) in ["event-taken", "event-sent"].into_iter().enumerate() {
        something_happens(world).await;
        receiver.knows_the_time(world);
        let mut child = world.child(Part::WorkOff, None, failpoint);
        child.says(&format!("failpoint: {failpoint}"));
        child.dies();
        world.restart(|_| {}).await;
        let before = receiver.received();
        assert_eq!(before.len(), place, "{failpoint}");
        // Nobody else takes it while the dead one may still be at it.
        receiver.hears(world).await;
        assert_eq!(receiver.received(), [], "{failpoint}");
        world.seconds_pass(61);
        receiver.hears(world).await;
        let after = receiver.received();
        assert_eq!(after.len(), 1, "{failpoint}");
        for first in before {
            assert_eq!(first.id, after[0].id, "whoever knows the id takes it once");
        }
        let states: Vec<_> =
            page(world, &olivia, hook).await.deliveries.iter().map(|one| one.state).collect();
        assert_eq!(states, vec![DeliveryState::Delivered; place + 1], "{failpoint}");
    }
}

async fn it_is_told_of_other_things_elsewhere(world: &mut World) {
    let (olivia, mut first, hook) = told_of_all(world).await;
    let mut second = Receiver::new();
    let set = |address: String, events: &[HookEvent]| {
        world.portal.set_event_hook(&olivia.actor, SetHook { hook, address, events: events.into() })
    };
    for (address, events, field, problem) in [
        ("", &HookEvent::ALL[..], "address", Problem::Required),
        ("https://10.0.0.1/", &HookEvent::ALL, "address", Problem::HostNotAllowed),
        ("https://hooks.example/", &[], "events", Problem::Required),
    ] {
        let refused = refusal(set(address.into(), events).await);
        assert_eq!(refused, Refusal::field(field, problem), "{address}");
    }
    // What waits goes to the new place; the secret is the one that was there.
    something_happens(world).await;
    let made = world.portal.renew_event_hook_secret(&olivia.actor, hook).await.unwrap();
    world.is_secret(&secret(&made.secret));
    second.tell(&format!("secrets {}", made.secret));
    set(second.address(), &[HookEvent::AccountLocked]).await.unwrap();
    second.hears(world).await;
    assert_eq!((first.received().len(), second.received().len()), (0, 1));
    // From now on it is told of locked accounts alone.
    something_happens(world).await;
    second.hears(world).await;
    assert_eq!(second.received(), []);
    let row = page(world, &olivia, hook).await.hook;
    assert_eq!((row.address, row.events), (second.address(), vec![HookEvent::AccountLocked]));
    // Saved again as it is, nothing is recorded anew.
    let changes = async || -> i64 {
        let sql = "SELECT COUNT(*) FROM audit_entries WHERE kind = 'hook_changed'";
        world.sql.one(sql, values![]).await
    };
    let before = changes().await;
    set(second.address(), &[HookEvent::AccountLocked]).await.unwrap();
    assert_eq!(changes().await, before);
}

async fn of_a_deleted_customer_the_reference_is_forgotten(world: &mut World) {
    let (olivia, mut receiver, hook) = told_of_all(world).await;
    let casey = world.person("casey").await;
    world.sql.run("UPDATE accounts SET reference = 'C-77' WHERE id = $1", values![casey.id]).await;
    world.resets(&casey, NEW).await;
    receiver.hears(world).await;
    assert_eq!(receiver.received()[0].message["data"]["account"]["reference"], "C-77");
    assert_eq!(only(world, &olivia, hook).await.reference.as_deref(), Some("C-77"));
    let olivia = proven(world, "olivia").await;
    let request = DeleteCustomer { customer: casey.id, typed: "Casey Thornton".into() };
    world.portal.delete_customer(&olivia.actor, request).await.unwrap();
    let delivery = only(world, &olivia, hook).await;
    assert_eq!((delivery.reference, delivery.account), (None, Some(casey.id)));
}

async fn refused_at(world: &World, by: &Entered, request: AddHook) -> Vec<(String, Problem)> {
    match refusal(world.portal.add_event_hook(&by.actor, request).await) {
        Refusal::Fields(problems) => {
            problems.into_iter().map(|it| (it.field, it.problem)).collect()
        }
        other => panic!("{other:?}"),
    }
}

async fn bad_settings_are_refused_at_their_fields(world: &mut World) {
    world.restart(here).await;
    let olivia = proven(world, "olivia").await;
    let request = |address: &str| AddHook {
        scope: None,
        address: address.into(),
        events: vec![HookEvent::ResetDone],
    };
    let long = format!("https://hooks.example/{}", "a".repeat(1_024));
    for (address, problem) in [
        ("", Problem::Required),
        ("hooks.example", Problem::NotAnAddress),
        ("http://hooks.example/", Problem::PlainToThisMachineOnly),
        ("https://user:pass@hooks.example/", Problem::NotAnAddress),
        ("https://10.0.0.1/", Problem::HostNotAllowed),
        (long.as_str(), Problem::TooLong { max: 1_024 }),
    ] {
        let refused = refused_at(world, &olivia, request(address)).await;
        assert_eq!(refused, [("address".to_owned(), problem)], "{address}");
    }
    // A test is sent to whoever asks for it, and is nothing to choose.
    for events in [vec![], vec![HookEvent::Test]] {
        let request = AddHook { events, ..request("https://hooks.example/") };
        let refused = refused_at(world, &olivia, request).await;
        assert_eq!(refused, [("events".to_owned(), Problem::Required)]);
    }
    for _ in 0..10 {
        let made =
            world.portal.add_event_hook(&olivia.actor, request("https://hooks.example/")).await;
        world.is_secret(&secret(&made.unwrap().secret));
    }
    let refused = refused_at(world, &olivia, request("https://hooks.example/")).await;
    assert_eq!(refused, [("address".to_owned(), Problem::TooManyHooks { max: 10 })]);
}

async fn nobody_inside_is_told(world: &mut World) {
    let (_, mut receiver, hook) = told_of_all(world).await;
    // The operator takes back what was allowed.
    world.restart(|settings| settings.outgoing_allowed = vec![]).await;
    let olivia = proven(world, "olivia").await;
    let refused = refused_at(world, &olivia, form(&receiver, &HookEvent::ALL)).await;
    assert_eq!(refused, [("address".to_owned(), Problem::HostNotAllowed)]);
    something_happens(world).await;
    receiver.hears(world).await;
    assert_eq!(receiver.received(), []);
    let delivery = only(world, &olivia, hook).await;
    assert_eq!(delivery.trouble, Some(model::connector::Reason::AddressNotAllowed));
    // A name that leads inside is found out when it is looked up.
    let port = receiver.0.port;
    let request = AddHook {
        address: format!("http://localhost:{port}/"),
        ..form(&receiver, &HookEvent::ALL)
    };
    let made = world.portal.add_event_hook(&olivia.actor, request).await.unwrap();
    world.is_secret(&secret(&made.secret));
    world.portal.test_event_hook(&olivia.actor, made.hook).await.unwrap();
    let delivery = only(world, &olivia, made.hook).await;
    assert_eq!(delivery.trouble, Some(model::connector::Reason::AddressNotAllowed));
    assert_eq!(receiver.received(), []);
}

/// A form that changes where a webhook is.
fn elsewhere(hook: EventHookId) -> SetHook {
    let events = vec![HookEvent::AccountLocked];
    SetHook { hook, address: "https://hooks.example/elsewhere".into(), events }
}

/// Everything that changes something about a webhook or a message to it.
async fn tries_all(world: &World, by: &Entered, view: &HookView) -> Vec<Refusal> {
    let (portal, actor) = (&world.portal, &by.actor);
    let (hook, delivery) = (view.hook.id, view.deliveries[0].id);
    vec![
        refusal(portal.set_event_hook(actor, elsewhere(hook)).await),
        refusal(portal.switch_event_hook(actor, hook, false).await),
        refusal(portal.renew_event_hook_secret(actor, hook).await),
        refusal(portal.test_event_hook(actor, hook).await),
        refusal(portal.send_event_again(actor, delivery).await),
        refusal(portal.remove_event_hook(actor, hook).await),
    ]
}

async fn webhooks_take_a_fresh_proof_and_the_role(world: &mut World) {
    let (olivia, receiver, hook) = told_of_all(world).await;
    something_happens(world).await;
    let view = page(world, &olivia, hook).await;
    let adds = async |by: &Entered| -> Result<HookMade> {
        world.portal.add_event_hook(&by.actor, form(&receiver, &HookEvent::ALL)).await
    };
    let unproven = world.enters("olivia").await;
    assert_eq!(refusal(adds(&unproven).await), Refusal::StepUp);
    assert_eq!(tries_all(world, &unproven, &view).await, vec![Refusal::StepUp; 6]);
    let (arun, ada) = (proven(world, "arun").await, proven(world, "ada").await);
    assert_eq!(refusal(world.portal.event_hooks(&arun.actor, None).await), Refusal::NotAllowed);
    let seen = world.portal.event_hook(&arun.actor, hook, None).await;
    assert_eq!(refusal(seen), Refusal::NotAllowed);
    assert!(!page(world, &ada, hook).await.acting.may_edit);
    for by in [&arun, &ada] {
        assert_eq!(refusal(adds(by).await), Refusal::NotAllowed);
        assert_eq!(tries_all(world, by, &view).await, vec![Refusal::NotAllowed; 6]);
    }
    let casey = world.enters("casey").await;
    assert_eq!(refusal(world.portal.event_hooks(&casey.actor, None).await), Refusal::NotFound);
    // Taken away between page and form.
    let olivia = proven(world, "olivia").await;
    becomes(world, "olivia", "agent").await;
    assert_eq!(refusal(adds(&olivia).await), Refusal::NotAllowed);
    assert_eq!(tries_all(world, &olivia, &view).await, vec![Refusal::NotAllowed; 6]);
}

async fn a_curious_reseller_next_door_sees_no_webhooks(world: &mut World) {
    let (olivia, receiver, hook) = told_of_all(world).await;
    something_happens(world).await;
    let view = page(world, &olivia, hook).await;
    // Nor does one below see those of the one above.
    for who in ["carla", "freya"] {
        let by = proven(world, who).await;
        assert_eq!(listed(world, &by).await, []);
        assert_eq!(tries_all(world, &by, &view).await, vec![Refusal::NotFound; 6]);
        let seen = world.portal.event_hook(&by.actor, hook, None).await;
        assert_eq!(refusal(seen), Refusal::NotFound);
        let scope = Some(world.organization("Northwind Backup").await);
        let seen = world.portal.event_hooks(&by.actor, scope).await;
        assert_eq!(refusal(seen), Refusal::NotFound);
        let request = AddHook { scope, ..form(&receiver, &HookEvent::ALL) };
        let refused = world.portal.add_event_hook(&by.actor, request).await;
        assert_eq!(refusal(refused), Refusal::NotFound);
    }
    assert_eq!(page(world, &olivia, hook).await.hook.state, HookState::Active);
}

async fn a_removed_webhook_takes_its_log_along(world: &mut World) {
    let (olivia, mut receiver, hook) = told_of_all(world).await;
    something_happens(world).await;
    world.portal.remove_event_hook(&olivia.actor, hook).await.unwrap();
    receiver.hears(world).await;
    assert_eq!(receiver.received(), []);
    assert_eq!(
        refusal(world.portal.event_hook(&olivia.actor, hook, None).await),
        Refusal::NotFound
    );
    let left: i64 = world.sql.one("SELECT COUNT(*) FROM event_deliveries", []).await;
    assert_eq!(left, 0);
    // Nor is anything written for it any more.
    world.resets(&world.person("casey").await, NEW).await;
    let left: i64 = world.sql.one("SELECT COUNT(*) FROM event_deliveries", []).await;
    assert_eq!(left, 0);
    world.portal.work_off().await.unwrap();
}

async fn what_is_done_to_webhooks_is_recorded_without_secrets(world: &mut World) {
    let (olivia, mut receiver, hook) = told_of_all(world).await;
    receiver.knows_the_time(world);
    let portal = &world.portal;
    portal.test_event_hook(&olivia.actor, hook).await.unwrap();
    let delivery = only(world, &olivia, hook).await;
    portal.send_event_again(&olivia.actor, delivery.id).await.unwrap();
    portal.switch_event_hook(&olivia.actor, hook, false).await.unwrap();
    // It is off already: nothing to be recorded.
    portal.switch_event_hook(&olivia.actor, hook, false).await.unwrap();
    let made = portal.renew_event_hook_secret(&olivia.actor, hook).await.unwrap();
    world.is_secret(&secret(&made.secret));
    assert!(!format!("{made:?}").contains(&made.secret));
    portal.remove_event_hook(&olivia.actor, hook).await.unwrap();
    let kinds: Vec<String> = world
        .sql
        .column(
            "SELECT kind FROM audit_entries WHERE actor_id = $1 AND (kind LIKE 'hook%' OR kind LIKE 'event%') ORDER BY position",
            values![olivia.person.id],
        )
        .await;
    assert_eq!(
        kinds,
        [
            "hook_added",
            "hook_tested",
            "event_sent_again",
            "hook_changed",
            "hook_changed",
            "hook_removed"
        ]
    );
}
