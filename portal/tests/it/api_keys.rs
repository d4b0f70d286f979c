//! Programs act with keys: made by staff, with some of what staff may do, and for no longer than they
//! may.

use model::{
    Refusal,
    api_key::{KeyEnd, KeyMade, KeyState},
    customer::CustomerQuery,
    id::OrganizationId,
    permission::Permission,
    refusal::Problem,
};
use portal::{
    Actor, Admission, Allowance, Asked, DEMO_PASSWORD, DeleteCustomer, KeptAnswer, Knock, MakeKey,
    SendLink, secrets::Secret,
};

use crate::{
    new_customers::form as customer,
    rules::{becomes, proven},
    sql::values,
    world::{Entered, Person, World, refusal, secret, stories},
};

stories! {
    a_key_is_told_once_and_kept_as_a_hash,
    a_key_does_what_it_was_given,
    nobody_gives_a_key_more_than_they_have,
    keys_take_a_fresh_proof_and_the_role,
    a_curious_reseller_next_door_sees_no_keys,
    a_key_sees_its_own_organization_and_those_below,
    a_key_ends_with_its_time,
    a_revoked_key_is_refused_even_half_way,
    a_key_ends_when_its_maker_is_set_aside,
    a_key_ends_with_the_role_of_its_maker,
    a_key_ends_with_its_organization,
    after_a_restore_no_key_works,
    what_takes_a_person_no_key_does,
    a_key_mails_links_within_its_makers_budget,
    what_a_key_does_is_recorded_by_its_name,
    whoever_has_no_key_is_kept_out_and_nobody_else,
    a_key_has_an_allowance_that_it_is_told_of,
    a_request_sent_again_is_answered_again_and_done_once,
    of_a_deleted_customer_no_answer_is_kept,
    an_organization_has_so_many_keys,
}

pub const EVERYTHING: [Permission; 4] = Permission::OF_KEYS;

pub fn wish(permissions: &[Permission]) -> MakeKey {
    MakeKey {
        scope: None,
        name: "Billing".into(),
        permissions: permissions.to_vec(),
        days: String::new(),
    }
}

/// Makes a key, and sees to it that the secret of it is found nowhere.
pub async fn makes(world: &World, by: &Entered, wish: MakeKey) -> KeyMade {
    let made = world.portal.make_api_key(&by.actor, wish).await.unwrap();
    let (_, secret_part) = made.key["rk_".len()..].split_once('_').unwrap();
    world.is_secret(&secret(secret_part));
    made
}

async fn knocks_from(world: &World, key: &str, address: &str) -> Admission {
    let visit = world.visit_from(address);
    let knock = Knock {
        address: visit.address,
        user_agent: "billing/1.0".into(),
        request_id: visit.request_id,
        origin: visit.origin,
    };
    let sent = (!key.is_empty()).then(|| Secret::new(key.to_owned()));
    world.portal.admit(&knock, sent.as_ref()).await.unwrap()
}

async fn knocks(world: &World, key: &str) -> Admission {
    knocks_from(world, key, "198.51.100.9").await
}

/// Who asks with a key that works.
pub async fn comes(world: &World, made: &KeyMade) -> Actor {
    match knocks(world, &made.key).await {
        Admission::Admitted(actor, _) => *actor,
        other => panic!("{other:?}"),
    }
}

async fn is_refused(world: &World, made: &KeyMade) -> bool {
    // To whom a clock that went back shows many attempts, says so.
    matches!(knocks(world, &made.key).await, Admission::Refused | Admission::Flooded { .. })
}

async fn state(world: &World, by: &Entered, made: &KeyMade) -> KeyState {
    let view = world.portal.api_keys(&by.actor, None).await.unwrap();
    view.keys.into_iter().find(|key| key.id == made.id).unwrap().state
}

fn link(person: &Person) -> SendLink {
    SendLink {
        customer: person.id,
        reason: "Asked in the shop".into(),
        ticket: String::new(),
        places: String::new(),
    }
}

async fn a_key_is_told_once_and_kept_as_a_hash(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let made = makes(world, &olivia, wish(&[Permission::ReadCustomers])).await;
    assert!(made.key.starts_with("rk_") && made.key.len() == 3 + 16 + 1 + 43, "{made:?}");
    let view = world.portal.api_keys(&olivia.actor, None).await.unwrap();
    let [key] = &view.keys[..] else { panic!("{:?}", view.keys) };
    assert_eq!((key.name.as_str(), key.state), ("Billing", KeyState::Works));
    assert!(made.key.starts_with(&key.shown) && key.shown.len() == 19);
    assert_eq!(key.made_by.as_str(), "Olivia Berg");
    assert_eq!(key.expires_at, world.now().plus(std::time::Duration::from_hours(90 * 24)));
    assert_eq!(key.last_used_at, None);
    comes(world, &made).await;
    let used = world.portal.api_keys(&olivia.actor, None).await.unwrap().keys[0].last_used_at;
    assert_eq!(used, Some(world.now()));
    // What stands in the database opens nothing.
    let hash: Vec<u8> = world.sql.one("SELECT secret_hash FROM api_keys", values![]).await;
    let guess = format!("{}_{}", key.shown, crate::sql::hex(&hash));
    assert!(matches!(knocks(world, &guess).await, Admission::Refused));
}

async fn a_key_does_what_it_was_given(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let casey = world.person("casey").await;
    for permission in EVERYTHING {
        let made = makes(world, &olivia, wish(&[permission])).await;
        let key = comes(world, &made).await;
        let reads = permission != Permission::ReadAudit;
        let found = world.portal.find_customers(&key, &CustomerQuery::default()).await;
        assert_eq!(found.is_ok(), reads, "{permission}");
        assert_eq!(world.portal.customer_consent(&key, casey.id).await.is_ok(), reads);
        let audit = world.portal.audit_log(&key, &model::audit::AuditQuery::default()).await;
        assert_eq!(audit.is_ok(), permission == Permission::ReadAudit, "{permission}");
        let email = format!("{permission}@new.example").replace('_', "-");
        let created = world.portal.create_customer(&key, customer("Nia", &email)).await;
        assert_eq!(created.is_ok(), permission == Permission::EditCustomers, "{permission}");
        let sent = world.portal.send_link(&key, link(&casey)).await;
        assert_eq!(sent.is_ok(), permission == Permission::SendLink, "{permission}");
        for refused in [
            found.err().map(|error| refusal::<()>(Err(error))),
            created.err().map(|error| refusal::<()>(Err(error))),
            sent.err().map(|error| refusal::<()>(Err(error))),
        ] {
            assert!(refused.is_none_or(|refused| refused == Refusal::NotAllowed));
        }
    }
    world.portal.work_off().await.unwrap();
}

async fn nobody_gives_a_key_more_than_they_have(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    for (wish, field, problem) in [
        (wish(&[]), "permissions", Problem::Required),
        (wish(&[Permission::SetPassword]), "permissions", Problem::NotAChoice),
        (wish(&[Permission::EditApiKeys]), "permissions", Problem::NotAChoice),
        (MakeKey { name: " ".into(), ..wish(&EVERYTHING) }, "name", Problem::Required),
        (MakeKey { days: "soon".into(), ..wish(&EVERYTHING) }, "days", Problem::NotANumber),
        (
            MakeKey { days: "0".into(), ..wish(&EVERYTHING) },
            "days",
            Problem::OutOfBounds { min: 1, max: 365 },
        ),
        (
            MakeKey { days: "366".into(), ..wish(&EVERYTHING) },
            "days",
            Problem::OutOfBounds { min: 1, max: 365 },
        ),
    ] {
        let refused = refusal(world.portal.make_api_key(&olivia.actor, wish).await);
        assert_eq!(refused, Refusal::field(field, problem));
    }
    // Whoever does something to customers reads about them.
    let made = makes(world, &olivia, wish(&[Permission::SendLink])).await;
    let view = world.portal.api_keys(&olivia.actor, None).await.unwrap();
    assert_eq!(view.keys[0].permissions, [Permission::ReadCustomers, Permission::SendLink]);
    // A key makes no keys.
    let key = comes(world, &made).await;
    let refused = refusal(world.portal.make_api_key(&key, wish(&EVERYTHING)).await);
    assert_eq!(refused, Refusal::NotAllowed);
}

async fn keys_take_a_fresh_proof_and_the_role(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let refused = refusal(world.portal.make_api_key(&olivia.actor, wish(&EVERYTHING)).await);
    assert_eq!(refused, Refusal::StepUp);
    let olivia = proven(world, "olivia").await;
    let made = makes(world, &olivia, wish(&EVERYTHING)).await;
    world.minutes_pass(11);
    assert_eq!(refusal(world.portal.revoke_api_key(&olivia.actor, made.id).await), Refusal::StepUp);
    for (who, sees) in [("arun", false), ("ada", true)] {
        let other = proven(world, who).await;
        assert_eq!(world.portal.api_keys(&other.actor, None).await.is_ok(), sees);
        let refused = refusal(world.portal.make_api_key(&other.actor, wish(&EVERYTHING)).await);
        assert_eq!(refused, Refusal::NotAllowed);
        let refused = refusal(world.portal.revoke_api_key(&other.actor, made.id).await);
        assert_eq!(refused, Refusal::NotAllowed);
    }
}

async fn a_curious_reseller_next_door_sees_no_keys(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let made = makes(world, &olivia, wish(&EVERYTHING)).await;
    let northwind = world.organization("Northwind Backup").await;
    for who in ["carla", "freya"] {
        let other = proven(world, who).await;
        assert!(world.portal.api_keys(&other.actor, None).await.unwrap().keys.is_empty());
        let seen = world.portal.api_keys(&other.actor, Some(northwind)).await;
        assert_eq!(refusal(seen), Refusal::NotFound);
        let revoked = world.portal.revoke_api_key(&other.actor, made.id).await;
        assert_eq!(refusal(revoked), Refusal::NotFound);
        let foreign = MakeKey { scope: Some(northwind), ..wish(&EVERYTHING) };
        assert_eq!(
            refusal(world.portal.make_api_key(&other.actor, foreign).await),
            Refusal::NotFound
        );
    }
    comes(world, &made).await;
}

async fn a_key_sees_its_own_organization_and_those_below(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let fjord = world.organization("Fjord IT").await;
    let own = makes(world, &olivia, wish(&EVERYTHING)).await;
    let below = MakeKey { scope: Some(fjord), ..wish(&EVERYTHING) };
    let below = makes(world, &olivia, below).await;
    let (own, below) = (comes(world, &own).await, comes(world, &below).await);
    let names = async |actor: &Actor| -> Vec<String> {
        let (lines, _) = world.portal.organizations_below(actor, None).await.unwrap();
        lines.into_iter().map(|line| line.name.to_string()).collect()
    };
    assert_eq!(names(&own).await, ["Northwind Backup", "Fjord IT"]);
    assert_eq!(names(&below).await, ["Fjord IT"]);
    for (organization, by_own, by_below) in [
        ("Northwind Backup", true, false),
        ("Fjord IT", true, true),
        ("Contoso Cloud", false, false),
        ("Rekey Operations", false, false),
    ] {
        let id: OrganizationId = world.organization(organization).await;
        for (actor, sees) in [(&own, by_own), (&below, by_below)] {
            let seen = world.portal.one_organization(actor, id).await;
            assert_eq!(seen.is_ok(), sees, "{organization}");
            // What is above it is nothing to a key.
            let parent = seen.ok().and_then(|line| line.parent);
            assert!(parent.is_none_or(|parent| parent != actor.organization || sees));
        }
    }
    let casey = world.person("casey").await;
    assert_eq!(refusal(world.portal.view_customer(&below, casey.id).await), Refusal::NotFound);
    assert_eq!(refusal(world.portal.send_link(&below, link(&casey)).await), Refusal::NotFound);
}

async fn a_key_ends_with_its_time(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let made = makes(world, &olivia, MakeKey { days: "1".into(), ..wish(&EVERYTHING) }).await;
    world.hours_pass(23);
    comes(world, &made).await;
    world.hours_pass(1);
    assert!(is_refused(world, &made).await);
    world.portal.tidy().await.unwrap();
    let begin = world.now();
    // A clock that goes back revives nothing.
    world.clock.set(begin.minus(std::time::Duration::from_hours(12)));
    assert!(is_refused(world, &made).await);
    let olivia = proven(world, "olivia").await;
    assert_eq!(state(world, &olivia, &made).await, KeyState::Ended(KeyEnd::Expired));
    // In the end it is forgotten.
    world.days_pass(92);
    world.portal.tidy().await.unwrap();
    let left: i64 = world.sql.one("SELECT COUNT(*) FROM api_keys", values![]).await;
    assert_eq!(left, 0);
}

async fn a_revoked_key_is_refused_even_half_way(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let made = makes(world, &olivia, wish(&EVERYTHING)).await;
    let half_way = comes(world, &made).await;
    world.portal.revoke_api_key(&olivia.actor, made.id).await.unwrap();
    assert!(is_refused(world, &made).await);
    let created = world.portal.create_customer(&half_way, customer("Nia", "nia@new.example")).await;
    assert_eq!(refusal(created), Refusal::NotAllowed);
    // Pressed twice, it is recorded once.
    world.portal.revoke_api_key(&olivia.actor, made.id).await.unwrap();
    let sql = "SELECT COUNT(*) FROM audit_entries WHERE kind = 'api_key_revoked'";
    assert_eq!(world.sql.one::<i64>(sql, values![]).await, 1);
    assert_eq!(state(world, &olivia, &made).await, KeyState::Ended(KeyEnd::Revoked));
}

async fn a_key_ends_when_its_maker_is_set_aside(world: &mut World) {
    becomes(world, "arun", "admin").await;
    let arun = proven(world, "arun").await;
    let made = makes(world, &arun, wish(&EVERYTHING)).await;
    let olivia = proven(world, "olivia").await;
    world.portal.suspend_staff(&olivia.actor, arun.person.id).await.unwrap();
    assert!(is_refused(world, &made).await);
    // For good.
    world.portal.resume_staff(&olivia.actor, arun.person.id).await.unwrap();
    assert!(is_refused(world, &made).await);
    assert_eq!(state(world, &olivia, &made).await, KeyState::Ended(KeyEnd::Maker));
    let sql = "SELECT COUNT(*) FROM audit_entries WHERE kind = 'api_key_ended'";
    assert_eq!(world.sql.one::<i64>(sql, values![]).await, 1);
    world.portal.work_off().await.unwrap();
}

async fn a_key_ends_with_the_role_of_its_maker(world: &mut World) {
    becomes(world, "arun", "admin").await;
    let arun = proven(world, "arun").await;
    let made = makes(world, &arun, wish(&EVERYTHING)).await;
    let half_way = comes(world, &made).await;
    // By another way than the page: it is found out when the key is used.
    becomes(world, "arun", "agent").await;
    let casey = world.person("casey").await;
    let sent = world.portal.send_link(&half_way, link(&casey)).await;
    assert_eq!(refusal(sent), Refusal::NotAllowed);
    assert!(is_refused(world, &made).await);
    becomes(world, "arun", "admin").await;
    assert!(is_refused(world, &made).await);
    // And by the page: at once.
    let arun = proven(world, "arun").await;
    let made = makes(world, &arun, wish(&EVERYTHING)).await;
    let olivia = proven(world, "olivia").await;
    world.portal.change_role(&olivia.actor, arun.person.id, "agent").await.unwrap();
    assert_eq!(state(world, &olivia, &made).await, KeyState::Ended(KeyEnd::Maker));
    world.portal.work_off().await.unwrap();
}

async fn a_key_ends_with_its_organization(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let fjord = world.organization("Fjord IT").await;
    let made = makes(world, &olivia, MakeKey { scope: Some(fjord), ..wish(&EVERYTHING) }).await;
    let half_way = comes(world, &made).await;
    world.suspends_organization("Fjord IT").await;
    let created = world.portal.create_customer(&half_way, customer("Nia", "nia@new.example")).await;
    assert_eq!(refusal(created), Refusal::NotAllowed);
    assert!(is_refused(world, &made).await);
    let sql = "UPDATE organizations SET state = 'active' WHERE name = 'Fjord IT'";
    world.sql.run(sql, values![]).await;
    assert!(is_refused(world, &made).await);
    assert_eq!(state(world, &olivia, &made).await, KeyState::Ended(KeyEnd::Organization));
    // Where nobody signs in, nobody gets a key.
    world.suspends_organization("Fjord IT").await;
    let wish = MakeKey { scope: Some(fjord), ..wish(&EVERYTHING) };
    let refused = refusal(world.portal.make_api_key(&olivia.actor, wish).await);
    assert_eq!(refused, Refusal::field("name", Problem::OrganizationSuspended));
}

async fn after_a_restore_no_key_works(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let made = makes(world, &olivia, wish(&EVERYTHING)).await;
    assert_eq!(world.portal.restored().await.unwrap().api_keys, 1);
    assert!(is_refused(world, &made).await);
}

async fn what_takes_a_person_no_key_does(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let made = makes(world, &olivia, wish(&EVERYTHING)).await;
    let key = comes(world, &made).await;
    let casey = world.person("casey").await;
    for delivery in ["typed", "generated"] {
        let reset = world.portal.reset_by_key(&key, delivery, link(&casey)).await;
        assert_eq!(refusal(reset), Refusal::NeedsPerson, "{delivery}");
    }
    let reset = world.portal.reset_by_key(&key, "telepathy", link(&casey)).await;
    assert_eq!(refusal(reset), Refusal::field("delivery", Problem::NotAChoice));
    // Somebody has to read the PIN out.
    world.sets_rule("Northwind Backup", "split_delivery", Some(1), None).await;
    let reset = world.portal.reset_by_key(&key, "email_link", link(&casey)).await;
    assert_eq!(refusal(reset), Refusal::NeedsPerson);
    // What belongs to a session is nothing to a key.
    let sessions = world.portal.sessions(&key).await.unwrap();
    assert!(sessions.iter().all(|session| !session.current));
    let proof = world.portal.step_up(&key, &secret(DEMO_PASSWORD), &secret("")).await;
    assert_eq!(refusal(proof), Refusal::NotAllowed);
    let change = portal::ChangePassword {
        current: secret(DEMO_PASSWORD),
        new: secret(crate::world::NEW),
        retype: secret(crate::world::NEW),
        code: secret(""),
    };
    assert!(world.portal.change_password(&key, change).await.is_err());
    assert!(world.lets_in(&olivia.person, DEMO_PASSWORD).await);
}

async fn a_key_mails_links_within_its_makers_budget(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let made = makes(world, &olivia, wish(&EVERYTHING)).await;
    let another = makes(world, &olivia, wish(&EVERYTHING)).await;
    let casey = world.person("casey").await;
    for number in 0..10 {
        let key = comes(world, if number % 2 == 0 { &made } else { &another }).await;
        let wish = SendLink { reason: format!("Reason {number}"), ..link(&casey) };
        world.portal.send_link(&key, wish).await.unwrap();
    }
    // Neither another key nor the maker's own hand gets around it.
    for by in [comes(world, &another).await, olivia.actor.clone()] {
        let wish = SendLink { reason: "One more".into(), ..link(&casey) };
        assert!(matches!(refusal(world.portal.send_link(&by, wish).await), Refusal::Budget { .. }));
    }
    world.portal.work_off().await.unwrap();
    let states = world.reset_states(&casey).await;
    assert_eq!(states.iter().filter(|state| *state == "waiting_for_customer").count(), 1);
}

async fn what_a_key_does_is_recorded_by_its_name(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let made = makes(world, &olivia, wish(&EVERYTHING)).await;
    let key = comes(world, &made).await;
    let id = world.portal.create_customer(&key, customer("Nia", "nia@new.example")).await.unwrap();
    let nia = Person { id, email: "nia@new.example".into(), site: world.northwind };
    world.portal.work_off().await.unwrap();
    let sql = "SELECT actor_kind FROM audit_entries WHERE subject_id = $1 AND actor_id = $2";
    let kinds: Vec<String> = world.sql.column(sql, values![id, olivia.person.id]).await;
    assert_eq!(kinds, ["api_key", "api_key"]);
    let activity = world.portal.customer_activity(&olivia.actor, id, None).await.unwrap();
    let by_key = model::audit::Who::ApiKey(Some("Billing".into()));
    // What somebody's own key did is not said to be their own doing.
    assert!(activity.entries.iter().filter(|entry| entry.who == by_key).count() == 2);
    let query = model::audit::AuditQuery::default();
    let log = world.portal.audit_log(&olivia.actor, &query).await.unwrap();
    let line = log.lines.iter().find(|line| line.actor_kind == model::audit::ActorKind::ApiKey);
    let actor = line.unwrap().actor.clone().unwrap();
    assert_eq!((actor.id, actor.name.as_deref()), (olivia.person.id, Some("Billing")));
    // The customer is told in whose name; the program has none that means anything to them.
    let mail = world.mails().await.into_iter().find(|mail| mail.to == nia.email).unwrap();
    assert!(mail.says("Olivia Berg"), "{mail:?}");
}

async fn whoever_has_no_key_is_kept_out_and_nobody_else(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let made = makes(world, &olivia, wish(&EVERYTHING)).await;
    let (begin, _) = made.key.rsplit_once('_').unwrap();
    let wrong = format!("{begin}_{}", "A".repeat(43));
    let nobodys = format!("rk_0123456789abcdef_{}", "A".repeat(43));
    for number in 0..60 {
        let key = ["", wrong.as_str(), nobodys.as_str(), "rk_", "nonsense"][number % 5];
        let answer = knocks_from(world, key, "203.0.113.5").await;
        assert!(matches!(answer, Admission::Refused), "{number}: {answer:?}");
    }
    let answer = knocks_from(world, &wrong, "203.0.113.77").await;
    assert!(matches!(answer, Admission::Flooded { retry_after: 5 }), "{answer:?}");
    let answer = knocks_from(world, &wrong, "203.0.114.5").await;
    assert!(matches!(answer, Admission::Refused), "elsewhere: {answer:?}");
    // From the very same address.
    let answer = knocks_from(world, &made.key, "203.0.113.5").await;
    assert!(matches!(answer, Admission::Admitted(..)), "{answer:?}");
}

async fn a_key_has_an_allowance_that_it_is_told_of(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let made = makes(world, &olivia, wish(&EVERYTHING)).await;
    let nodes = [world.portal.clone(), world.another_node().await];
    for left in (0..600).rev() {
        let Admission::Admitted(_, allowance) = knocks(world, &made.key).await else { panic!() };
        assert_eq!(allowance.left, left);
    }
    let answer = knocks(world, &made.key).await;
    let Admission::Exhausted { retry_after, allowance } = answer else { panic!("{answer:?}") };
    let expected = Allowance { requests: 600, window: 60, left: 0, whole_after: 60 };
    assert_eq!((retry_after, allowance), (1, expected));
    // On every node.
    let knock = Knock {
        address: "198.51.100.9".parse().unwrap(),
        user_agent: String::new(),
        request_id: "request".into(),
        origin: crate::world::ORIGIN.into(),
    };
    let sent = Secret::new(made.key.clone());
    let answer = nodes[1].admit(&knock, Some(&sent)).await.unwrap();
    assert!(matches!(answer, Admission::Exhausted { .. }), "{answer:?}");
    nodes[1].close().await;
    // Another key has its own.
    let another = makes(world, &olivia, wish(&EVERYTHING)).await;
    comes(world, &another).await;
    world.seconds_pass(1);
    comes(world, &made).await;
}

async fn a_request_sent_again_is_answered_again_and_done_once(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let made = makes(world, &olivia, wish(&EVERYTHING)).await;
    let another = makes(world, &olivia, wish(&EVERYTHING)).await;
    let (key, another) = (comes(world, &made).await, comes(world, &another).await);
    let parts: [&[u8]; 2] = [b"POST", b"/customers"];
    let begin = async |actor: &Actor, parts: &[&[u8]]| {
        world.portal.begin_request(actor, "order-4711", parts).await.unwrap()
    };
    let Asked::New(pending) = begin(&key, &parts).await else { panic!() };
    assert!(matches!(begin(&key, &parts).await, Asked::Running));
    let answer = KeptAnswer {
        status: 201,
        location: Some("/api/v1/customers/1".into()),
        etag: None,
        body: "{}".into(),
    };
    world.portal.end_request(*pending, Some(answer.clone()), None).await.unwrap();
    let Asked::Answered(again) = begin(&key, &parts).await else { panic!() };
    assert_eq!(again, answer);
    // The same name for something else; and the same words, parted otherwise.
    assert!(matches!(begin(&key, &[b"POST", b"/resets"]).await, Asked::Differs));
    assert!(matches!(begin(&key, &[b"POST/", b"customers"]).await, Asked::Differs));
    // Names are each key's own.
    let Asked::New(pending) = begin(&another, &parts).await else { panic!() };
    // What was not answered for good is not kept.
    world.portal.end_request(*pending, None, None).await.unwrap();
    let Asked::New(_) = begin(&another, &parts).await else { panic!() };
    // Its node died.
    world.minutes_pass(5);
    let Asked::New(pending) = begin(&another, &parts).await else { panic!() };
    world.portal.end_request(*pending, Some(answer), None).await.unwrap();
    // A day later names are free again, and nothing is kept.
    world.minutes_pass(24 * 60 + 1);
    let Asked::New(_) = begin(&key, &parts).await else { panic!() };
    world.portal.tidy().await.unwrap();
    let left: i64 = world.sql.one("SELECT COUNT(*) FROM api_answers", values![]).await;
    assert_eq!(left, 1);
    for name in ["", &"a".repeat(256), "two\nlines", "ümlaut"] {
        let asked = world.portal.begin_request(&key, name, &parts).await.unwrap();
        assert!(matches!(asked, Asked::BadName), "{name}");
    }
}

async fn of_a_deleted_customer_no_answer_is_kept(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let made = makes(world, &olivia, wish(&EVERYTHING)).await;
    let key = comes(world, &made).await;
    let casey = world.person("casey").await;
    let asked = world.portal.begin_request(&key, "a", &[b"PATCH"]).await.unwrap();
    let Asked::New(pending) = asked else { panic!() };
    let body = "{\"name\":\"Casey Thornton\"}".to_owned();
    let answer = KeptAnswer { status: 200, location: None, etag: None, body };
    world.portal.end_request(*pending, Some(answer), Some(casey.id)).await.unwrap();
    // A program names the id, and types nothing.
    let request = DeleteCustomer { customer: casey.id, typed: String::new() };
    world.portal.delete_customer(&key, request).await.unwrap();
    let left: i64 = world.sql.one("SELECT COUNT(*) FROM api_answers", values![]).await;
    assert_eq!(left, 0);
}

async fn an_organization_has_so_many_keys(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let mut last = None;
    for _ in 0..50 {
        last = Some(makes(world, &olivia, wish(&EVERYTHING)).await);
    }
    let refused = refusal(world.portal.make_api_key(&olivia.actor, wish(&EVERYTHING)).await);
    assert_eq!(refused, Refusal::field("name", Problem::TooManyKeys { max: 50 }));
    world.portal.revoke_api_key(&olivia.actor, last.unwrap().id).await.unwrap();
    makes(world, &olivia, wish(&EVERYTHING)).await;
}
