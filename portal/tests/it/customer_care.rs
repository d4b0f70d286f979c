//! Staff change what is known of a customer, set them aside, delete them, and read what happened.

use model::{
    Refusal,
    audit::Who,
    customer::{CustomerDetails, CustomerQuery, CustomerView},
    refusal::{ChangedMeanwhile, Problem},
};
use portal::{ChangeCustomer, DeleteCustomer, Error, Result};

use crate::{
    sql::values,
    world::{Entered, NEW, Person, World, refusal, stories},
};

stories! {
    what_is_known_of_a_customer_is_changed,
    of_two_who_change_at_once_the_second_is_told,
    the_same_again_is_no_change,
    a_name_of_somebody_else_is_refused,
    who_may_change_customers,
    a_suspended_customer_is_out_at_once,
    a_customer_comes_back,
    whoever_is_disputed_against_does_nothing_more_to_that_customer,
    saying_that_it_was_not_oneself_outlives_being_suspended,
    deleting_needs_proof_and_the_name,
    who_is_deleted_leaves_nothing_personal,
    the_audit_log_outlives_who_is_deleted,
    staff_read_what_happened,
}

fn changes(view: &CustomerView, name: &str) -> ChangeCustomer {
    ChangeCustomer {
        customer: view.id,
        name: name.into(),
        company: view.company.clone().unwrap_or_default(),
        reference: view.reference.clone().unwrap_or_default(),
        user_name: view.user_name.as_ref().map(ToString::to_string).unwrap_or_default(),
        language: view.language.tag().into(),
        stamp: view.stamp,
    }
}

async fn view(world: &World, who: &Entered, customer: &Person) -> CustomerView {
    world.portal.view_customer(&who.actor, customer.id).await.unwrap()
}

async fn delete(world: &World, who: &Entered, customer: &Person, typed: &str) -> Result<()> {
    let request = DeleteCustomer { customer: customer.id, typed: typed.into() };
    world.portal.delete_customer(&who.actor, request).await
}

async fn what_is_known_of_a_customer_is_changed(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let casey = world.person("casey").await;
    let before = view(world, &olivia, &casey).await;
    let request = ChangeCustomer {
        company: "Acme Kitchens".into(),
        reference: "KD-12".into(),
        user_name: String::new(),
        language: "de".into(),
        ..changes(&before, "Casey T. Thornton")
    };
    world.portal.change_customer(&olivia.actor, request).await.unwrap();
    let after = view(world, &olivia, &casey).await;
    assert_eq!(after.name.as_str(), "Casey T. Thornton");
    assert_eq!(after.company.as_deref(), Some("Acme Kitchens"));
    assert_eq!((after.user_name, after.language.tag()), (None, "de"));
    assert_eq!(after.email, before.email);
    assert!(after.stamp > before.stamp);
    // Found by the new reference at once.
    let query = CustomerQuery { text: "kd-12 kitchens".into(), ..CustomerQuery::default() };
    let page = world.portal.find_customers(&olivia.actor, &query).await.unwrap();
    assert_eq!(page.rows.len(), 1);
    assert_eq!(world.count_recorded(&casey, "customer_changed").await, 1);
}

async fn of_two_who_change_at_once_the_second_is_told(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let casey = world.person("casey").await;
    let seen = view(world, &olivia, &casey).await;
    world.portal.change_customer(&olivia.actor, changes(&seen, "First")).await.unwrap();
    let second = world.portal.change_customer(&olivia.actor, changes(&seen, "Second")).await;
    let now = view(world, &olivia, &casey).await;
    let details = CustomerDetails {
        name: now.name.clone(),
        company: seen.company.clone(),
        reference: seen.reference.clone(),
        user_name: seen.user_name.clone(),
        language: seen.language,
    };
    let told = ChangedMeanwhile { details, stamp: now.stamp };
    assert_eq!(now.name.as_str(), "First");
    assert_eq!(refusal(second), Refusal::ChangedMeanwhile(Box::new(told)));
    // Whoever has seen it may go on.
    let again = ChangeCustomer { stamp: now.stamp, ..changes(&seen, "Second") };
    world.portal.change_customer(&olivia.actor, again).await.unwrap();
    assert_eq!(view(world, &olivia, &casey).await.name.as_str(), "Second");
}

async fn the_same_again_is_no_change(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let casey = world.person("casey").await;
    let seen = view(world, &olivia, &casey).await;
    for _ in 0..2 {
        // Pressed twice.
        world.portal.change_customer(&olivia.actor, changes(&seen, "Kay Thornton")).await.unwrap();
    }
    assert_eq!(world.count_recorded(&casey, "customer_changed").await, 1);
}

async fn a_name_of_somebody_else_is_refused(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let drew = world.person("drew").await;
    let seen = view(world, &olivia, &drew).await;
    let request = ChangeCustomer {
        user_name: "casey".into(),
        reference: "C-1001".into(),
        ..changes(&seen, "Drew Okafor")
    };
    let Refusal::Fields(problems) =
        refusal(world.portal.change_customer(&olivia.actor, request).await)
    else {
        panic!("other problems")
    };
    let problems: Vec<Problem> = problems.into_iter().map(|problem| problem.problem).collect();
    assert_eq!(problems, [Problem::UserNameTaken, Problem::ReferenceTaken]);
}

async fn who_may_change_customers(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let casey = world.person("casey").await;
    let seen = view(world, &olivia, &casey).await;
    for (who, refused) in [
        ("arun", Refusal::NotAllowed),
        ("ada", Refusal::NotAllowed),
        ("carla", Refusal::NotFound),
        ("drew", Refusal::NotFound),
    ] {
        let who = world.enters(who).await;
        let portal = &world.portal;
        let changed = portal.change_customer(&who.actor, changes(&seen, "Mallory")).await;
        let suspended = portal.suspend_customer(&who.actor, casey.id, "because").await;
        let resumed = portal.resume_customer(&who.actor, casey.id).await;
        let deleted = delete(world, &who, &casey, "Casey Thornton").await;
        for result in [changed, suspended, resumed, deleted] {
            assert_eq!(refusal(result), refused);
        }
    }
    assert_eq!(view(world, &olivia, &casey).await.name.as_str(), "Casey Thornton");
}

async fn a_suspended_customer_is_out_at_once(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let casey = world.enters("casey").await;
    let link = world.mailed_link(&casey.person).await;
    let without = world.portal.suspend_customer(&olivia.actor, casey.person.id, " ").await;
    assert!(matches!(without, Err(Error::Refused(Refusal::Fields(_)))));
    assert!(world.holds(&casey).await);
    let reason = "Mailbox taken over, T-9";
    world.portal.suspend_customer(&olivia.actor, casey.person.id, reason).await.unwrap();
    assert!(!world.holds(&casey).await);
    assert_eq!(refusal(world.uses(&link, NEW).await), Refusal::LinkUnusable);
    assert_eq!(world.link_states(&casey.person).await, ["void"]);
    assert!(!world.lets_in(&casey.person, portal::DEMO_PASSWORD).await);
    // Nobody is warned.
    assert_eq!(world.new_mails().await.len(), 0);
    assert_eq!(world.count_recorded(&casey.person, "customer_suspended").await, 1);
    world.portal.suspend_customer(&olivia.actor, casey.person.id, reason).await.unwrap();
    assert_eq!(world.count_recorded(&casey.person, "customer_suspended").await, 1);
}

async fn a_customer_comes_back(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let casey = world.enters("casey").await;
    world.portal.suspend_customer(&olivia.actor, casey.person.id, "Unpaid").await.unwrap();
    world.portal.resume_customer(&olivia.actor, casey.person.id).await.unwrap();
    assert!(!world.holds(&casey).await);
    assert!(world.lets_in(&casey.person, portal::DEMO_PASSWORD).await);
    assert_eq!(world.count_recorded(&casey.person, "customer_resumed").await, 1);
}

async fn deleting_needs_proof_and_the_name(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let casey = world.person("casey").await;
    assert_eq!(refusal(delete(world, &olivia, &casey, "Casey Thornton").await), Refusal::StepUp);
    assert!(!world.portal.has_stepped_up(&olivia.actor).await.unwrap());
    let olivia = world.proves(&olivia).await;
    assert!(world.portal.has_stepped_up(&olivia.actor).await.unwrap());
    assert_eq!(
        refusal(delete(world, &olivia, &casey, "casey").await),
        Refusal::field("typed", Problem::NameDiffers)
    );
    assert_eq!(
        refusal(delete(world, &olivia, &casey, " ").await),
        Refusal::field("typed", Problem::Required)
    );
    delete(world, &olivia, &casey, " Casey  Thornton ").await.unwrap();
    assert_eq!(refusal(delete(world, &olivia, &casey, "Casey Thornton").await), Refusal::NotFound);
}

async fn who_is_deleted_leaves_nothing_personal(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let olivia = world.proves(&olivia).await;
    let casey = world.enters("casey").await;
    world.resets(&casey.person, NEW).await;
    world.notice_for(&casey.person).await;
    world.enters_with("casey", NEW).await;
    world.mailed_link(&casey.person).await;
    world.portal.view_customer(&olivia.actor, casey.person.id).await.unwrap();
    delete(world, &olivia, &casey.person, "Casey Thornton").await.unwrap();
    let everything = world.sql.everything().await.to_lowercase();
    for personal in ["casey", "thornton", "acme"] {
        assert!(!everything.contains(personal), "{personal} is still there");
    }
    let query = CustomerQuery { text: "casey".into(), ..CustomerQuery::default() };
    let page = world.portal.find_customers(&olivia.actor, &query).await.unwrap();
    assert!(page.rows.is_empty());
    assert!(!world.holds(&casey).await);
    assert!(!world.lets_in(&casey.person, NEW).await);
}

async fn the_audit_log_outlives_who_is_deleted(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let olivia = world.proves(&olivia).await;
    let casey = world.enters("casey").await;
    let before = world.recorded(&casey.person).await.len();
    delete(world, &olivia, &casey.person, "Casey Thornton").await.unwrap();
    let lines = world.recorded(&casey.person).await;
    assert_eq!(lines.len(), before + 1);
    assert_eq!(lines.last().map(String::as_str), Some("customer_deleted done"));
    let report = world.portal.verify_audit(None).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    let left: i64 = world
        .sql
        .one(
            "SELECT COUNT(*) FROM audit_personal JOIN audit_entries ON id = audit_id WHERE subject_id = $1 AND content LIKE '%\"staff\"%'",
            values![casey.person.id],
        )
        .await;
    assert_eq!(left, 0);
}

async fn staff_read_what_happened(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let casey = world.enters("casey").await;
    world.portal.suspend_customer(&olivia.actor, casey.person.id, "Unpaid").await.unwrap();
    let arun = world.enters("arun").await;
    let page = world.portal.customer_activity(&arun.actor, casey.person.id, None).await.unwrap();
    let said: Vec<_> =
        page.entries.iter().map(|entry| (entry.who.clone(), entry.reason.clone())).collect();
    assert_eq!(
        said,
        [
            (Who::You, None),
            (Who::Staff(Some("Olivia Berg".into())), Some("Unpaid".to_owned())),
            (Who::Customer, None),
        ]
    );
    assert!(page.entries.iter().all(|entry| entry.address.is_some()));
    // The owner does not read what staff say among themselves.
    world.portal.resume_customer(&olivia.actor, casey.person.id).await.unwrap();
    let casey = world.enters("casey").await;
    let own = world.portal.activity(&casey.actor, None).await.unwrap();
    assert!(own.entries.iter().all(|entry| entry.reason.is_none()));
    let carla = world.enters("carla").await;
    let there = world.portal.customer_activity(&carla.actor, casey.person.id, None).await;
    assert_eq!(refusal(there), Refusal::NotFound);
}

async fn whoever_is_disputed_against_does_nothing_more_to_that_customer(world: &mut World) {
    let olivia = world.proves(&world.enters("olivia").await).await;
    let casey = world.person("casey").await;
    let shown = view(world, &olivia, &casey).await;
    let dispute = "INSERT INTO disputes (id, account_id, organization_id, operator_id, created_at) SELECT id, id, organization_id, $2, 0 FROM accounts WHERE id = $1";
    world.sql.run(dispute, values![casey.id, olivia.actor.account]).await;
    let portal = &world.portal;
    let refused = [
        portal.change_customer(&olivia.actor, changes(&shown, "Casey Other")).await,
        portal.suspend_customer(&olivia.actor, casey.id, "Asked for it").await,
        portal.resume_customer(&olivia.actor, casey.id).await,
        portal.cancel_links(&olivia.actor, casey.id).await.map(drop),
        delete(world, &olivia, &casey, "Casey Thornton").await,
    ];
    for refused in refused {
        let why = Refusal::ResetImpossible(model::reset::Obstacle::DisputedAgainst);
        assert_eq!(refusal(refused), why);
    }
    assert!(world.lets_in(&casey, portal::DEMO_PASSWORD).await);
}

async fn saying_that_it_was_not_oneself_outlives_being_suspended(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let casey = world.person("casey").await;
    world.resets(&casey, NEW).await;
    let notice = world.notice_for(&casey).await;
    world.portal.suspend_customer(&olivia.actor, casey.id, "Asked for it").await.unwrap();
    world.portal.resume_customer(&olivia.actor, casey.id).await.unwrap();
    world.disputes(&notice).await.unwrap();
    assert!(!world.lets_in(&casey, NEW).await);
    world.mails().await;
}
