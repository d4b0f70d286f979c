//! What customers allow those who look after them.

use model::{
    Refusal,
    consent::{Consent, ConsentEntry, ConsentSource, ConsentView},
    refusal::Problem,
};
use portal::{Result, SetConsent};

use crate::{
    sql::values,
    world::{Entered, World, refusal, stories},
};

stories! {
    a_customer_allows_and_takes_back,
    a_permission_ends_with_its_day,
    what_was_said_stays_in_the_ledger,
    only_links_whatever_else_is_said,
    what_is_no_choice_changes_nothing,
    only_customers_have_one,
    saying_the_same_again_is_no_change,
    allowing_more_takes_a_fresh_proof_and_allowing_less_none,
    the_list_of_customers_knows_it_at_once,
}

fn says(choice: &str, until: &str) -> SetConsent {
    SetConsent { choice: choice.into(), until: until.into(), links_only: false }
}

async fn set(world: &World, who: &Entered, choice: &str, until: &str) -> Result<()> {
    world.portal.set_consent(&who.actor, says(choice, until)).await
}

async fn view(world: &World, who: &Entered) -> ConsentView {
    world.portal.consent(&who.actor).await.unwrap()
}

async fn a_customer_allows_and_takes_back(world: &mut World) {
    let drew = world.proves(&world.enters("drew").await).await;
    assert_eq!(view(world, &drew).await.consent, Consent::Refused);
    for (choice, consent) in
        [("always", Consent::Always), ("once", Consent::Once), ("no", Consent::Refused)]
    {
        set(world, &drew, choice, "").await.unwrap();
        assert_eq!(view(world, &drew).await.consent, consent);
    }
    assert_eq!(world.count_recorded(&drew.person, "consent_changed").await, 3);
}

async fn a_permission_ends_with_its_day(world: &mut World) {
    // It is the 2nd of March, nine o'clock.
    let drew = world.proves(&world.enters("drew").await).await;
    set(world, &drew, "until", "2026-03-02").await.unwrap();
    let until = world.now().plus(std::time::Duration::from_secs(15 * 3_600));
    assert_eq!(view(world, &drew).await.consent, Consent::Until(until));
    world.hours_pass(15);
    let drew = world.enters("drew").await;
    assert_eq!(view(world, &drew).await.consent, Consent::Refused);
}

async fn what_was_said_stays_in_the_ledger(world: &mut World) {
    let casey = world.enters("casey").await;
    world.minutes_pass(1);
    set(world, &casey, "until", "2026-03-03").await.unwrap();
    world.minutes_pass(1);
    set(world, &casey, "no", "").await.unwrap();
    let ledger = view(world, &casey).await.ledger;
    let said: Vec<_> = ledger.iter().map(|entry| (entry.consent, entry.source)).collect();
    let until = model::Moment::end_of_day("2026-03-03").unwrap();
    assert_eq!(
        said,
        [
            (Consent::Refused, ConsentSource::Customer),
            (Consent::Until(until), ConsentSource::Customer),
            (Consent::Always, ConsentSource::Creation),
        ]
    );
    assert_eq!(ledger[0], ConsentEntry { at: world.now(), ..ledger[0] });
}

async fn only_links_whatever_else_is_said(world: &mut World) {
    let casey = world.enters("casey").await;
    let request = SetConsent { links_only: true, ..says("always", "") };
    world.portal.set_consent(&casey.actor, request).await.unwrap();
    let now = view(world, &casey).await;
    assert_eq!((now.consent, now.links_only, now.ledger.len()), (Consent::Always, true, 1));
    assert_eq!(world.count_recorded(&casey.person, "consent_changed").await, 1);
}

async fn what_is_no_choice_changes_nothing(world: &mut World) {
    let casey = world.enters("casey").await;
    let before = world.sql.everything().await;
    for (choice, until, field, problem) in [
        ("", "", "choice", Problem::NotAChoice),
        ("yes", "", "choice", Problem::NotAChoice),
        ("until", " ", "until", Problem::Required),
        ("until", "tomorrow", "until", Problem::NotADate),
        ("until", "2026-02-30", "until", Problem::NotADate),
        ("until", "2026-03-01", "until", Problem::InThePast),
    ] {
        let refused = refusal(set(world, &casey, choice, until).await);
        assert_eq!(refused, Refusal::field(field, problem), "{choice} {until}");
    }
    assert_eq!(world.sql.everything().await, before);
}

async fn only_customers_have_one(world: &mut World) {
    let olivia = world.enters("olivia").await;
    assert_eq!(refusal(world.portal.consent(&olivia.actor).await), Refusal::NotFound);
    assert_eq!(refusal(set(world, &olivia, "always", "").await), Refusal::NotFound);
}

async fn saying_the_same_again_is_no_change(world: &mut World) {
    let casey = world.enters("casey").await;
    set(world, &casey, "always", "").await.unwrap();
    assert_eq!(view(world, &casey).await.ledger.len(), 1);
    assert_eq!(world.count_recorded(&casey.person, "consent_changed").await, 0);
}

async fn the_list_of_customers_knows_it_at_once(world: &mut World) {
    let (casey, olivia) = (world.enters("casey").await, world.enters("olivia").await);
    for (choice, allows) in [("no", false), ("once", true)] {
        let casey = world.proves(&casey).await;
        set(world, &casey, choice, "").await.unwrap();
        let customer = world.portal.view_customer(&olivia.actor, casey.person.id).await.unwrap();
        assert_eq!(customer.standing.allows_resets, allows);
    }
    let stored: i64 = world
        .sql
        .one(
            "SELECT COUNT(*) FROM accounts WHERE id = $1 AND allows_resets AND resets_allowed_once",
            values![casey.person.id],
        )
        .await;
    assert_eq!(stored, 1);
}

async fn allowing_more_takes_a_fresh_proof_and_allowing_less_none(world: &mut World) {
    let casey = world.enters("casey").await;
    assert!(!view(world, &casey).await.stepped_up);
    // Whoever sits at an open session takes back, and gives nothing.
    let links = |choice: &str, links_only| SetConsent { links_only, ..says(choice, "") };
    let set_links = async |who: &Entered, choice, links_only| {
        world.portal.set_consent(&who.actor, links(choice, links_only)).await
    };
    set_links(&casey, "always", true).await.unwrap();
    assert_eq!(refusal(set_links(&casey, "always", false).await), Refusal::StepUp);
    set_links(&casey, "no", true).await.unwrap();
    for choice in ["once", "always"] {
        assert_eq!(refusal(set_links(&casey, choice, true).await), Refusal::StepUp, "{choice}");
    }
    let refused = refusal(
        world
            .portal
            .set_consent(
                &casey.actor,
                SetConsent { links_only: true, ..says("until", "2026-03-09") },
            )
            .await,
    );
    assert_eq!(refused, Refusal::StepUp);
    assert_eq!(view(world, &casey).await.consent, Consent::Refused);
    let casey = world.proves(&casey).await;
    assert!(view(world, &casey).await.stepped_up);
    set_links(&casey, "always", false).await.unwrap();
    assert_eq!(view(world, &casey).await.consent, Consent::Always);
    // A proof is over after ten minutes.
    set_links(&casey, "no", false).await.unwrap();
    world.minutes_pass(10);
    assert_eq!(refusal(set_links(&casey, "once", false).await), Refusal::StepUp);
}
