//! What staff see of many customers at once: resets by state, and what needs attention.

use model::{
    Refusal,
    account::Lock,
    customer::Count,
    id::{OrganizationId, ResetId},
    overview::{AskedBy, Coverage, ResetLine, ResetPage, ResetQuery},
    reset::{Delivery, ResetState, TargetKind, TargetState, TargetView},
};
use portal::{DEMO_PASSWORD, SendLink};
use uuid::Uuid;

use crate::{
    sql::values,
    world::{Entered, NEW, OTHER, Person, World, refusal, secret, stories},
};

stories! {
    every_reset_says_how_it_stands_and_who_asked,
    resets_are_narrowed_by_state_and_counted,
    resets_are_read_page_by_page,
    a_scope_holds_resets_of_its_own_and_those_below,
    another_resellers_resets_are_as_good_as_none,
    customers_see_nothing_of_it,
    those_who_read_the_log_find_the_entry,
    home_says_what_needs_attention,
    home_counts_resets_by_day_and_kind,
    home_tells_who_allows_resets,
    home_tells_who_has_a_second_factor,
}

async fn sends(world: &World, who: &str, customer: &Person) -> Entered {
    let entered = world.enters(who).await;
    let password = secret(DEMO_PASSWORD);
    let token = world.portal.step_up(&entered.actor, &password, &secret("")).await.unwrap().token;
    world.is_secret(&token);
    let request = SendLink {
        customer: customer.id,
        reason: "Called".into(),
        ticket: "T-1".into(),
        places: String::new(),
    };
    world.portal.send_link(&entered.actor, request).await.unwrap();
    Entered { token, ..entered }
}

async fn resets(world: &World, who: &Entered, query: ResetQuery) -> ResetPage {
    world.portal.resets(&who.actor, &query).await.unwrap()
}

fn in_state(state: ResetState) -> ResetQuery {
    ResetQuery { state: Some(state), ..ResetQuery::default() }
}

fn count(page: &ResetPage, state: ResetState) -> u32 {
    page.states.iter().find(|(known, _)| *known == state).unwrap().1.number
}

async fn every_reset_says_how_it_stands_and_who_asked(world: &mut World) {
    let (casey, drew) = (world.person("casey").await, world.person("drew").await);
    world.resets(&casey, NEW).await;
    world.seconds_pass(1);
    let entered = world.enters_with("casey", NEW).await;
    world.change_password(&entered, NEW, OTHER).await.unwrap();
    world.seconds_pass(1);
    let arun = sends(world, "arun", &drew).await;
    world.mails().await;
    let page = resets(world, &arun, ResetQuery::default()).await;
    let told: Vec<_> = page
        .lines
        .iter()
        .map(|line| (line.customer, line.delivery, line.state, line.asked_by.clone()))
        .collect();
    let arun_asked = AskedBy::Staff(Some("Arun Velder".parse_name()));
    assert_eq!(
        told,
        [
            (drew.id, Delivery::EmailLink, ResetState::WaitingForCustomer, arun_asked),
            (casey.id, Delivery::OwnChange, ResetState::Done, AskedBy::Customer),
            (casey.id, Delivery::EmailLink, ResetState::Done, AskedBy::Visitor),
        ]
    );
    let ResetLine { reason, ticket, targets, email, finished_at, created_at, .. } = &page.lines[0];
    assert_eq!((reason.as_deref(), ticket.as_deref()), (Some("Called"), Some("T-1")));
    let stand = |targets: &[TargetView]| -> Vec<_> {
        targets.iter().map(|target| (target.kind, target.state)).collect()
    };
    assert_eq!(stand(targets), [(TargetKind::Portal, TargetState::Waiting)]);
    assert_eq!(email.as_str(), drew.email);
    assert_eq!((*finished_at, *created_at), (None, world.now()));
    assert_eq!(stand(&page.lines[2].targets), [(TargetKind::Portal, TargetState::Applied)]);
    // The help desk is shown no way into the log, which it may not read.
    assert!(page.lines.iter().all(|line| line.audit.is_none()));
}

trait ParseName {
    fn parse_name(&self) -> model::text::Name;
}

impl ParseName for str {
    fn parse_name(&self) -> model::text::Name {
        model::text::Name::parse(self).unwrap()
    }
}

async fn resets_are_narrowed_by_state_and_counted(world: &mut World) {
    let (casey, drew, lou) =
        (world.person("casey").await, world.person("drew").await, world.person("lou").await);
    world.resets(&casey, NEW).await;
    for customer in [&drew, &lou] {
        sends(world, "arun", customer).await;
    }
    world.mails().await;
    let olivia = world.enters("olivia").await;
    let page = resets(world, &olivia, in_state(ResetState::WaitingForCustomer)).await;
    assert_eq!(page.lines.len(), 2);
    assert_eq!(count(&page, ResetState::WaitingForCustomer), 2);
    assert_eq!(count(&page, ResetState::Done), 1);
    world.minutes_pass(31);
    world.portal.tidy().await.unwrap();
    let olivia = world.enters("olivia").await;
    let page = resets(world, &olivia, in_state(ResetState::Expired)).await;
    assert_eq!(page.lines.len(), 2);
    assert!(page.lines.iter().all(|line| line.finished_at == Some(world.now())));
    assert_eq!(count(&page, ResetState::WaitingForCustomer), 0);
    for state in ResetState::ALL {
        let page = resets(world, &olivia, in_state(*state)).await;
        assert_eq!(page.lines.len(), count(&page, *state) as usize, "{state}");
        assert!(page.lines.iter().all(|line| line.state == *state));
    }
    // A member of staff who changes their own password resets nobody's.
    let entered = world.enters("olivia").await;
    world.change_password(&entered, DEMO_PASSWORD, OTHER).await.unwrap();
    world.mails().await;
    let ada = world.enters("ada").await;
    assert_eq!(count(&resets(world, &ada, ResetQuery::default()).await, ResetState::Done), 1);
}

async fn resets_are_read_page_by_page(world: &mut World) {
    let casey = world.person("casey").await;
    let northwind = world.organization("Northwind Backup").await;
    for number in 1..=120_i64 {
        let id = Uuid::from_u128(
            0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::try_from(number).unwrap(),
        );
        world
            .sql
            .run(
                "INSERT INTO resets (id, account_id, organization_id, sequence, state, delivery, created_at, updated_at) VALUES ($1, $2, $3, $4, 'done', 'email_link', 0, 0)",
                values![ResetId(id), casey.id, northwind, number],
            )
            .await;
    }
    let ada = world.enters("ada").await;
    let (mut query, mut sizes, mut ids) = (ResetQuery::default(), Vec::new(), Vec::new());
    loop {
        let page = resets(world, &ada, query).await;
        sizes.push(page.lines.len());
        ids.extend(page.lines.iter().map(|line| line.id));
        query.before = page.older;
        if query.before.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [50, 50, 20]);
    assert!(ids.is_sorted_by(|newer, older| newer > older));
}

async fn a_scope_holds_resets_of_its_own_and_those_below(world: &mut World) {
    let casey = world.person("casey").await;
    let below = world.customer_of("Fjord IT").await;
    let next_door = world.customer_of("Contoso Cloud").await;
    for customer in [&casey, &below] {
        sends(world, "olivia", customer).await;
        world.seconds_pass(1);
    }
    sends(world, "carla", &next_door).await;
    world.mails().await;
    let olivia = world.enters("olivia").await;
    let page = resets(world, &olivia, ResetQuery::default()).await;
    let whose: Vec<_> = page.lines.iter().map(|line| line.customer).collect();
    assert_eq!(whose, [below.id, casey.id]);
    assert!(page.has_several);
    let fjord = world.organization("Fjord IT").await;
    let only = ResetQuery { scope: Some(fjord), ..ResetQuery::default() };
    assert_eq!(resets(world, &olivia, only).await.lines.len(), 1);
    let operator = world.enters("operator").await;
    assert_eq!(resets(world, &operator, ResetQuery::default()).await.lines.len(), 3);
    let freya = world.enters("freya").await;
    assert_eq!(resets(world, &freya, ResetQuery::default()).await.lines.len(), 1);
}

async fn another_resellers_resets_are_as_good_as_none(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let contoso = world.organization("Contoso Cloud").await;
    for scope in [contoso, OrganizationId(Uuid::nil())] {
        let query = ResetQuery { scope: Some(scope), ..ResetQuery::default() };
        let page = world.portal.resets(&olivia.actor, &query).await;
        assert_eq!(refusal(page), Refusal::NotFound);
    }
    // Whoever went to another reseller took their resets along.
    let casey = world.person("casey").await;
    world.resets(&casey, NEW).await;
    world.mails().await;
    assert_eq!(resets(world, &olivia, ResetQuery::default()).await.lines.len(), 1);
    let sql = "UPDATE accounts SET organization_id = $2, site_id = $3 WHERE id = $1";
    world.sql.run(sql, values![casey.id, contoso, world.contoso]).await;
    let page = resets(world, &olivia, ResetQuery::default()).await;
    assert_eq!((page.lines.len(), count(&page, ResetState::Done)), (0, 0));
}

async fn customers_see_nothing_of_it(world: &mut World) {
    let casey = world.enters("casey").await;
    let page = world.portal.resets(&casey.actor, &ResetQuery::default()).await;
    assert_eq!(refusal(page), Refusal::NotFound);
    assert_eq!(refusal(world.portal.home(&casey.actor).await), Refusal::NotFound);
    for who in ["olivia", "arun", "ada"] {
        let staff = world.enters(who).await;
        world.portal.home(&staff.actor).await.unwrap();
        resets(world, &staff, ResetQuery::default()).await;
    }
}

async fn those_who_read_the_log_find_the_entry(world: &mut World) {
    let casey = world.person("casey").await;
    world.resets(&casey, NEW).await;
    world.mails().await;
    let ada = world.enters("ada").await;
    let page = resets(world, &ada, ResetQuery::default()).await;
    let entry = world.portal.audit_entry(&ada.actor, page.lines[0].audit.unwrap()).await.unwrap();
    assert_eq!(entry.line.reset, Some(page.lines[0].id));
    assert_eq!(entry.line.subject.unwrap().id, casey.id);
}

async fn home_says_what_needs_attention(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let few = |number| Count { number, more: false };
    let before = world.portal.home(&olivia.actor).await.unwrap();
    assert_eq!((before.resets, before.mails), (few(0), few(0)));
    assert_eq!(before.locked_by(Lock::Dispute), few(0));
    let by_staff = before.locked_by(Lock::Staff).number;
    assert!(by_staff > 0);

    let casey = world.person("casey").await;
    world.resets(&casey, NEW).await;
    let notice = world.notice_for(&casey).await;
    world.disputes(&notice).await.unwrap();
    world.mails().await;
    for sql in [
        "UPDATE resets SET state = 'needs_attention'",
        "UPDATE outbox SET state = 'dead' WHERE kind = 'password_changed'",
    ] {
        assert_eq!(world.sql.run(sql, []).await, 1, "{sql}");
    }
    let contoso = world.customer_of("Contoso Cloud").await;
    let lock = "UPDATE accounts SET locked_by = 'dispute' WHERE id = $1";
    world.sql.run(lock, values![contoso.id]).await;
    let home = world.portal.home(&olivia.actor).await.unwrap();
    assert_eq!((home.resets, home.mails), (few(1), few(1)));
    assert_eq!((home.locked_by(Lock::Dispute), home.disputed), (few(1), few(1)));
    let (disputing, name, _) = &home.disputes[0];
    assert_eq!((*disputing, name.as_str()), (casey.id, "Casey Thornton"));
    assert_eq!(home.locked_by(Lock::Staff), few(by_staff));
    // A lock that has opened is none.
    let lock = "UPDATE accounts SET locked_by = 'failures', locked_until = $2 WHERE id = $1";
    let drew = world.person("drew").await;
    world.sql.run(lock, values![drew.id, world.now()]).await;
    assert_eq!(world.portal.home(&olivia.actor).await.unwrap().locked_by(Lock::Failures), few(0));
    // Next door nothing of it is counted.
    let freya = world.enters("freya").await;
    let home = world.portal.home(&freya.actor).await.unwrap();
    assert_eq!((home.resets, home.mails, home.locked_by(Lock::Dispute)), (few(0), few(0), few(0)));
    assert!(home.disputed == few(0) && home.disputes.is_empty());
}

async fn home_counts_resets_by_day_and_kind(world: &mut World) {
    let (casey, drew) = (world.person("casey").await, world.person("drew").await);
    world.resets(&casey, NEW).await;
    world.days_pass(29);
    world.resets(&casey, OTHER).await;
    sends(world, "arun", &drew).await;
    let entered = world.enters_with("casey", OTHER).await;
    world.change_password(&entered, OTHER, NEW).await.unwrap();
    world.mails().await;
    let olivia = world.enters("olivia").await;
    let home = world.portal.home(&olivia.actor).await.unwrap();
    let days: Vec<_> = home.days.iter().map(|day| (day.day, day.delivery, day.count)).collect();
    assert_eq!(
        days,
        [(0, Delivery::EmailLink, 1), (29, Delivery::EmailLink, 2), (29, Delivery::OwnChange, 1)]
    );
    assert_eq!(home.first_day.rfc3339(), "2026-03-02T00:00:00Z");
    assert!(!home.is_part);
    world.days_pass(1);
    let olivia = world.enters("olivia").await;
    let home = world.portal.home(&olivia.actor).await.unwrap();
    assert_eq!(home.days[0].day, 28);
}

async fn home_tells_who_allows_resets(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let coverage = async || world.portal.home(&olivia.actor).await.unwrap().consent;
    let before = coverage().await;
    assert_eq!(before.whole, 215);
    assert!(before.part > 100 && before.part < 215);
    let casey = world.enters("casey").await;
    let refuse =
        portal::SetConsent { choice: "no".into(), until: String::new(), links_only: false };
    world.portal.set_consent(&casey.actor, refuse).await.unwrap();
    assert_eq!(coverage().await, Coverage { part: before.part - 1, ..before });
}

async fn home_tells_who_has_a_second_factor(world: &mut World) {
    let olivia = world.proves(&world.enters("olivia").await).await;
    let told = async || {
        let home = world.portal.home(&olivia.actor).await.unwrap();
        assert!(!home.more_factors);
        let factors = home.factors.into_iter();
        factors.map(|row| (row.name.to_string(), row.customers, row.staff)).collect::<Vec<_>>()
    };
    let of = |part, whole| Coverage { part, whole };
    let (northwind, fjord) = ("Northwind Backup".to_owned(), "Fjord IT".to_owned());
    // Those with the most customers first; whoever is above or beside is nobody's business.
    assert_eq!(
        told().await,
        [(northwind.clone(), of(0, 203), of(0, 3)), (fjord.clone(), of(0, 12), of(0, 1))]
    );
    world.sets_up_app(&olivia).await;
    let casey = world.proves(&world.enters("casey").await).await;
    world.sets_up_app(&casey).await;
    assert_eq!(
        told().await,
        [(northwind.clone(), of(1, 203), of(1, 3)), (fjord.clone(), of(0, 12), of(0, 1))]
    );
    world.portal.turn_off_two_factor(&casey.actor).await.unwrap();
    world.new_mails().await;
    assert_eq!(told().await[0], (northwind, of(0, 203), of(1, 3)));
}
