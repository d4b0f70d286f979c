//! Answers that get lost, make no sense or are no: what is then said of the password.

use super::*;

const RESET: &str = "admin/reset-user-password";
const PROFILE: &str = "admin/get-user-profile-and-hash";
const WRITE: &str = "admin/set-user-profile-hash";

#[tokio::test]
async fn what_was_done_is_found_out_when_its_answer_is_lost() {
    let mut world = World::impatient();
    for kind in ["cut_after", "half_after", "500_after", "garbage_after", "hang_after"] {
        world.fault(RESET, kind);
        assert_eq!(world.set("acme01").await, Outcome::Applied, "{kind}");
        assert_eq!(world.password("acme01"), NEW, "{kind}");
        world.order(&json!({"do": "set", "name": "acme01", "password": "before-acme01"}));
    }
}

#[tokio::test]
async fn what_may_have_been_done_is_never_called_failed() {
    let mut world = World::impatient();
    for (kind, reason) in [
        ("cut", Reason::NoAnswer),
        ("500", Reason::ItsFault),
        ("garbage", Reason::BadAnswer),
        ("hang", Reason::NoAnswer),
    ] {
        world.fault(RESET, kind);
        assert_eq!(world.set("acme01").await, Outcome::Unknown(reason), "{kind}");
        assert_eq!(world.password("acme01"), "before-acme01", "{kind}");
        assert_eq!(world.endpoints(), [PROFILE, RESET, PROFILE], "{kind}: asked once");
    }
    let no = json!({"do": "fault", "endpoint": RESET, "kind": "no", "status": 503});
    world.order(&no);
    assert_eq!(world.set("acme01").await, Outcome::Unknown(Reason::ItsFault));

    // Nobody can look, either.
    world.fault(RESET, "500_after");
    world.order(&json!({"do": "fault", "endpoint": PROFILE, "kind": "delay", "seconds": 0}));
    world.fault(PROFILE, "cut");
    assert_eq!(world.set("acme01").await, Outcome::Unknown(Reason::ItsFault));
    assert_eq!(world.password("acme01"), NEW);
}

#[tokio::test]
async fn a_profile_that_changed_otherwise_is_no_sign_of_a_new_password() {
    let mut world = World::start();
    world.fault(RESET, "500");
    world.order(&json!({"do": "fault", "endpoint": PROFILE, "kind": "delay", "seconds": 0}));
    world.fault(PROFILE, "changed");
    assert_eq!(world.set("acme01").await, Outcome::Unknown(Reason::ItsFault));
}

#[tokio::test]
async fn a_no_is_a_no_and_changes_nothing() {
    let mut world = World::start();
    for (kind, status, reason) in [
        ("no", 400, Reason::Refused),
        ("no", 403, Reason::NotPermitted),
        ("http", 403, Reason::NotPermitted),
        ("http", 429, Reason::AskedToWait),
    ] {
        for language in ["en", "de"] {
            world.order(&json!({"do": "language", "to": language}));
            world.order(&json!({"do": "fault", "endpoint": RESET, "kind": kind, "status": status}));
            assert_eq!(world.set("acme01").await, Outcome::Refused(reason), "{kind} {status}");
        }
    }
    // Why it said so is not to be found out.
    world.order(&json!({"do": "fault", "endpoint": RESET, "kind": "http", "status": 403}));
    world.fault("admin/meta/version", "cut");
    assert_eq!(world.set("acme01").await, Outcome::Refused(Reason::Refused));
    assert_eq!(world.password("acme01"), "before-acme01");
}

#[tokio::test]
async fn nothing_is_sent_while_the_profile_cannot_be_read() {
    let mut world = World::impatient();
    for (kind, reason) in [
        ("cut", Reason::NoAnswer),
        ("hang", Reason::NoAnswer),
        ("500", Reason::ItsFault),
        ("garbage", Reason::BadAnswer),
    ] {
        for _ in 0..2 {
            world.fault(PROFILE, kind);
        }
        assert_eq!(world.comet.preflight("acme01", None).await, Err(reason), "{kind}");
        assert_eq!(world.set("acme01").await, Outcome::NotSent(reason), "{kind}");
    }
    assert!(!world.endpoints().contains(&RESET.into()));
    assert_eq!(world.set("acme01").await, Outcome::Applied);
}

#[tokio::test]
async fn a_sign_in_that_proves_nothing_is_not_called_a_wrong_password() {
    let mut world = World::impatient();
    let unseen = Verified::NotSeen(Reason::NotVerified);
    for (name, verified) in [
        ("acme01", Verified::Yes),
        ("acme03", Verified::NotSeen(Reason::Suspended)),
        ("acme04", unseen),
        ("acme05", unseen),
    ] {
        let password = secret(&format!("before-{name}"));
        assert_eq!(world.comet.verify(name, &password).await, verified, "{name}");
    }
    let wrong = secret("not-the-password");
    assert_eq!(world.comet.verify("acme01", &wrong).await, Verified::No);
    assert_eq!(world.comet.verify("acme04", &wrong).await, unseen);
    let gone = Verified::NotSeen(Reason::NoSuchAccount);
    assert_eq!(world.comet.verify("nobody", &wrong).await, gone);
    let right = secret("before-acme01");
    for (kind, reason) in [("cut", Reason::NoAnswer), ("hang", Reason::NoAnswer)] {
        world.fault("user/web/session/start", kind);
        assert_eq!(world.comet.verify("acme01", &right).await, Verified::NotSeen(reason));
    }
    world.order(&json!({
        "do": "fault", "endpoint": "user/web/session/start", "kind": "http", "status": 404,
    }));
    assert_eq!(world.comet.verify("acme01", &right).await, unseen);
    // Closing what was opened may fail.
    world.fault("user/web/session/revoke", "500");
    assert_eq!(world.comet.verify("acme01", &right).await, Verified::Yes);
}

/// The profile of a user, but for what is asked for.
fn rest(user: &Value) -> Value {
    let mut profile = user["profile"].clone();
    profile.as_object_mut().expect("a profile").remove("RequirePasswordChange");
    profile
}

#[tokio::test]
async fn a_change_is_asked_for_and_the_rest_of_the_profile_stays() {
    let mut world = World::start();
    for name in ["acme01", "acme06"] {
        let before = world.user(name);
        assert_eq!(world.comet.require_change(name).await, Outcome::Applied);
        let after = world.user(name);
        assert_eq!(
            (&before["require_change"], &after["require_change"]),
            (&json!(false), &json!(true))
        );
        assert_eq!(rest(&before), rest(&after));
        assert_eq!(after["profile"]["LaterField"]["Large"], json!(9_007_199_254_740_993_u64));
    }
    world.calls();
    assert_eq!(world.comet.require_change("acme01").await, Outcome::Applied);
    assert_eq!(world.endpoints(), [PROFILE], "it is asked for already");
    assert_eq!(world.comet.require_change("nobody").await, Outcome::Refused(Reason::NoSuchAccount));
    let not_offered = Outcome::NotSent(Reason::NotOffered);
    assert_eq!(world.comet.unlock("acme01").await, not_offered);
}

#[tokio::test]
async fn what_others_change_meanwhile_is_not_overwritten() {
    let mut world = World::start();
    world.fault(WRITE, "changed");
    assert_eq!(world.comet.require_change("acme01").await, Outcome::Applied);
    let after = world.user("acme01");
    assert_ne!(after["profile"]["LanguageCode"], "en_US");
    // Somebody who never stops.
    world.order(&json!({"do": "fault", "endpoint": WRITE, "kind": "changed", "times": 100}));
    let outcome = world.comet.require_change("acme06").await;
    assert_eq!(outcome, Outcome::Refused(Reason::Refused));
    assert_eq!(world.user("acme06")["require_change"], false);
}

#[tokio::test]
async fn an_answer_about_a_change_that_is_lost_is_looked_for() {
    let mut world = World::start();
    for kind in ["500_after", "cut_after", "500", "garbage"] {
        world.order(&json!({"do": "recreate", "name": "acme01"}));
        world.fault(WRITE, kind);
        assert_eq!(world.comet.require_change("acme01").await, Outcome::Applied, "{kind}");
        assert_eq!(world.user("acme01")["require_change"], true, "{kind}");
    }
    world.order(&json!({"do": "fault", "endpoint": WRITE, "kind": "500", "times": 100}));
    let outcome = world.comet.require_change("acme06").await;
    assert_eq!(outcome, Outcome::Unknown(Reason::ItsFault));
}
