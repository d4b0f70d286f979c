//! One's own profile.

use model::{
    Refusal,
    account::Language,
    refusal::{FieldProblem, Problem},
};
use portal::{ChangeProfile, DEMO_PASSWORD};

use crate::world::{World, refusal, stories};

stories! {
    a_profile_is_shown_and_changed,
    every_wrong_field_is_named,
    a_user_name_belongs_to_one,
    two_who_want_one_user_name_at_once,
    a_user_name_may_be_given_up,
}

fn form(name: &str, user_name: &str, language: &str) -> ChangeProfile {
    ChangeProfile { name: name.into(), user_name: user_name.into(), language: language.into() }
}

async fn a_profile_is_shown_and_changed(world: &mut World) {
    let casey = world.enters("casey").await;
    let profile = world.portal.profile(&casey.actor).await.unwrap();
    assert_eq!(profile.name.as_str(), "Casey Thornton");
    assert_eq!(profile.email.as_str(), "casey@acme.example");
    assert_eq!(profile.user_name.as_ref().map(model::text::UserName::as_str), Some("casey"));
    assert_eq!(profile.language, Language::En);

    let form = form(" Casey Thörnton-Åse ", " Casey.T ", "de-AT");
    let changed = world.portal.change_profile(&casey.actor, form).await.unwrap();
    assert_eq!(changed, world.portal.profile(&casey.actor).await.unwrap());
    assert_eq!(changed.name.as_str(), "Casey Thörnton-Åse");
    assert_eq!(changed.email, profile.email);
    assert_eq!(changed.user_name.map(String::from), Some("casey.t".into()));
    assert_eq!(changed.language, Language::De);
    assert_eq!(world.count_recorded(&casey.person, "profile_changed").await, 1);

    // It counts from now on: for signing in, on pages, in mails.
    world.sign_in(&world.visit(), "CASEY.T", DEMO_PASSWORD).await.unwrap();
    assert!(world.sign_in(&world.visit(), "casey", DEMO_PASSWORD).await.is_err());
    let actor = world.portal.actor(&casey.visit, &casey.token).await.unwrap().unwrap();
    assert_eq!((actor.name.as_str(), actor.language), ("Casey Thörnton-Åse", Language::De));
    world.asks_for_link(&world.visit(), "casey.t").await;
    let mails = world.new_mails().await;
    assert_eq!(mails[0].subject, "Neues Passwort für Northwind Backup wählen");
    assert!(mails[0].text.contains("Casey Thörnton-Åse"));
}

async fn every_wrong_field_is_named(world: &mut World) {
    let casey = world.enters("casey").await;
    let before = world.portal.profile(&casey.actor).await.unwrap();
    let long = "x".repeat(121);
    for (name, user_name, language, wrong) in [
        ("", "casey", "en", vec![("name", Problem::Required)]),
        (" \u{a0}", "casey", "en", vec![("name", Problem::Required)]),
        (&long, "casey", "en", vec![("name", Problem::TooLong { max: 120 })]),
        ("Casey\nThornton", "", "en", vec![("name", Problem::UnseenCharacters)]),
        ("Casey\0", "", "en", vec![("name", Problem::UnseenCharacters)]),
        ("\u{202e}yesaC", "", "en", vec![("name", Problem::UnseenCharacters)]),
        ("Casey", "c", "en", vec![("user_name", Problem::NotAUserName)]),
        ("Casey", "casey@acme.example", "en", vec![("user_name", Problem::NotAUserName)]),
        ("Casey", "cäsey", "en", vec![("user_name", Problem::NotAUserName)]),
        ("Casey", "a\0b", "en", vec![("user_name", Problem::NotAUserName)]),
        ("Casey", &long, "en", vec![("user_name", Problem::NotAUserName)]),
        ("Casey", "", "tlh", vec![("language", Problem::NotAChoice)]),
        (
            "",
            "-",
            "",
            vec![
                ("name", Problem::Required),
                ("user_name", Problem::NotAUserName),
                ("language", Problem::NotAChoice),
            ],
        ),
    ] {
        let result =
            world.portal.change_profile(&casey.actor, form(name, user_name, language)).await;
        let problems = wrong
            .into_iter()
            .map(|(field, problem)| FieldProblem { field: field.into(), problem })
            .collect();
        assert_eq!(refusal(result), Refusal::Fields(problems));
    }
    assert_eq!(world.portal.profile(&casey.actor).await.unwrap(), before);
    assert_eq!(world.count_recorded(&casey.person, "profile_changed").await, 0);
}

async fn a_user_name_belongs_to_one(world: &mut World) {
    let drew = world.enters("drew").await;
    for name in ["casey", "CASEY"] {
        let result = world.portal.change_profile(&drew.actor, form("Drew", name, "en")).await;
        assert_eq!(refusal(result), Refusal::field("user_name", Problem::UserNameTaken));
    }
    // At another site it is free.
    let carla = world.enters("carla").await;
    world.portal.change_profile(&carla.actor, form("Carla", "casey", "en")).await.unwrap();
    let visit = world.visit_at(world.contoso);
    let signed_in = world.sign_in(&visit, "casey", DEMO_PASSWORD).await.unwrap();
    let actor = world.portal.actor(&visit, &signed_in.token).await.unwrap().unwrap();
    assert_eq!(actor.account, carla.person.id);
    // One's own name may stay.
    let casey = world.enters("casey").await;
    world.portal.change_profile(&casey.actor, form("C. Thornton", "casey", "en")).await.unwrap();
}

async fn two_who_want_one_user_name_at_once(world: &mut World) {
    let mut wishes = tokio::task::JoinSet::new();
    for who in ["drew", "olivia", "arun", "ada", "freya"] {
        let (portal, entered) = (world.portal.clone(), world.enters(who).await);
        wishes.spawn(async move {
            portal.change_profile(&entered.actor, form("Somebody", "wanted", "en")).await
        });
    }
    let results = wishes.join_all().await;
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 4));
    for result in lost {
        assert_eq!(refusal(result), Refusal::field("user_name", Problem::UserNameTaken));
    }
}

async fn a_user_name_may_be_given_up(world: &mut World) {
    let casey = world.enters("casey").await;
    for empty in ["", "  "] {
        let profile =
            world.portal.change_profile(&casey.actor, form("Casey", empty, "en")).await.unwrap();
        assert_eq!(profile.user_name, None);
    }
    assert!(world.sign_in(&world.visit(), "casey", DEMO_PASSWORD).await.is_err());
    // Several may have none.
    let drew = world.enters("drew").await;
    world.portal.change_profile(&drew.actor, form("Drew", "", "en")).await.unwrap();
}
