//! `kill -9` while a new password is on its way to a downstream system, whatever that system does:
//! each place has the old password or the new one, never neither; what was begun ends, or says that
//! somebody has to look after it; and no password is kept for longer than its time.

use std::time::Duration;

use model::id::ResetId;
use portal::DEMO_PASSWORD;
use serde_json::json;

use crate::{
    child::Part,
    downstream_world::{BEFORE, SET, System, systems, systems_in_step},
    sql::values,
    world::{World, secret, stories},
};

stories! {
    killed_while_a_system_does_what_it_is_asked,
    killed_while_an_answer_gets_lost,
    killed_while_a_system_refuses,
    killed_while_a_system_hangs,
    killed_while_a_system_fails,
    killed_while_staff_set_a_password,
    killed_while_staff_set_a_password_that_is_refused,
}

/// Where the process is killed, in the order in which it comes by.
const POINTS: [&str; 6] = [
    "reset-decided",
    "target-claimed",
    "target-asked",
    "target-settled",
    "reset-before-commit",
    "reset-done",
];

/// Which password works where, before and after.
struct Passwords {
    old: String,
    old_there: String,
    new: String,
}

/// How it ended for Casey's last reset.
struct Ended {
    reset: ResetId,
    state: String,
}

impl Passwords {
    fn of(world: &World, number: usize, before: &Self) -> Self {
        let new = format!("marble thicket lantern {number}");
        world.is_secret(&secret(&new));
        Self { new, old: before.old.clone(), old_there: before.old_there.clone() }
    }

    /// What holds after a crash, wherever it happened.
    async fn hold(&mut self, world: &World, system: &System, Ended { reset, state }: &Ended) {
        // One audit pair: what was begun has one end.
        let ends: Vec<String> = world
            .sql
            .column(
                "SELECT kind || ' ' || outcome FROM audit_entries WHERE reset_id = $1 AND actor_kind <> 'system' AND kind <> 'reset_link_sent' ORDER BY position",
                values![*reset],
            )
            .await;
        assert_eq!(ends.len(), 2, "{ends:?}");
        assert!(ends[0].ends_with(" begun"), "{ends:?}");
        let is_there = system.lets_in(&self.new);
        assert_ne!(
            is_there,
            system.lets_in(&self.old_there),
            "the old password there, or the new one"
        );
        if state == "refused" {
            assert_eq!(ends[1], "reset_refused refused");
            assert!(!is_there);
            world.casey_comes_in_with(&self.old, &self.new).await;
            return;
        }
        assert!(ends[1].ends_with(" done"), "{ends:?}");
        world.casey_comes_in_with(&self.new, &self.old).await;
        match state.as_str() {
            "done" => assert!(is_there),
            "needs_attention" => assert_eq!(world.differing().await, 1),
            _ => panic!("{state}"),
        }
        self.old.clone_from(&self.new);
        if is_there {
            self.old_there.clone_from(&self.new);
        }
    }
}

/// A child plays its part up to a failpoint, or to its end, and is killed there; then Rekey starts
/// again, and time passes.
async fn killed_at(world: &mut World, point: &str, part: Part) -> Ended {
    let mut child = world.child(part, None, point);
    child.says(&format!("failpoint: {point}"));
    child.dies();
    world.restart(|_| {}).await;
    world.comes_to_an_end().await;
    let reset = world.last_reset().await;
    let state = world.sql.one("SELECT state FROM resets WHERE id = $1", values![reset]).await;
    Ended { reset, state }
}

/// Nothing is kept any longer, whatever there was left to do.
async fn nothing_is_kept_for_long(world: &World) {
    world.minutes_pass(14);
    world.portal.tidy().await.unwrap();
    assert_eq!(world.kept_passwords().await, 0);
    world.mails().await;
}

/// Casey uses a link, and the process is killed at each point in turn; how it ended at each.
async fn at_every_point_of_a_link(
    world: &mut World,
    system: &mut System,
    fault: Option<(&str, u32)>,
) -> Vec<String> {
    let mut passwords =
        Passwords { old: DEMO_PASSWORD.into(), old_there: BEFORE.into(), new: String::new() };
    let mut ends = Vec::new();
    for (number, point) in POINTS.into_iter().enumerate() {
        passwords = Passwords::of(world, number, &passwords);
        let link = world.mailed_link(&world.casey().await).await;
        if let Some((kind, times)) = fault {
            system.fault(SET, kind, times);
        }
        let part = Part::UseLink {
            site: world.northwind,
            link: link.id,
            token: link.token.reveal().to_owned(),
            new: passwords.new.clone(),
        };
        let ended = killed_at(world, point, part).await;
        passwords.hold(world, system, &ended).await;
        nothing_is_kept_for_long(world).await;
        system.calm();
        // So that nobody asks for links too often.
        world.hours_pass(1);
        ends.push(ended.state);
    }
    ends
}

async fn killed_while_a_system_does_what_it_is_asked(world: &mut World) {
    let [mut system] = systems_in_step::<1>(world).await;
    let ends = at_every_point_of_a_link(world, &mut system, None).await;
    assert_eq!(ends, ["done"; 6]);
    // What was asked already was looked at, not asked again.
    assert_eq!(system.sets(), 6);
}

async fn killed_while_an_answer_gets_lost(world: &mut World) {
    let [mut system] = systems_in_step::<1>(world).await;
    let ends = at_every_point_of_a_link(world, &mut system, Some(("cut_after", 1))).await;
    assert_eq!(ends, ["done"; 6]);
    assert_eq!(system.sets(), 6);
}

async fn killed_while_a_system_refuses(world: &mut World) {
    let [mut system] = systems_in_step::<1>(world).await;
    let ends = at_every_point_of_a_link(world, &mut system, Some(("no", 99))).await;
    assert_eq!(ends, ["needs_attention"; 6]);
    assert!(system.lets_in(BEFORE));
}

async fn killed_while_a_system_hangs(world: &mut World) {
    world.patience = Some(Duration::from_secs(2));
    let [mut system] = systems_in_step::<1>(world).await;
    let ends = at_every_point_of_a_link(world, &mut system, Some(("hang", 1))).await;
    assert_eq!(ends, ["done"; 6]);
}

async fn killed_while_a_system_fails(world: &mut World) {
    let [mut system] = systems_in_step::<1>(world).await;
    let ends = at_every_point_of_a_link(world, &mut system, Some(("500", 99))).await;
    assert_eq!(ends, ["needs_attention"; 6]);
    assert!(system.lets_in(BEFORE));
}

async fn at_every_point_of_staff(
    world: &mut World,
    system: &mut System,
    points: &[&str],
    fault: Option<&str>,
) -> Vec<String> {
    let mut passwords =
        Passwords { old: DEMO_PASSWORD.into(), old_there: BEFORE.into(), new: String::new() };
    let mut ends = Vec::new();
    for (number, point) in points.iter().enumerate() {
        passwords = Passwords::of(world, number, &passwords);
        if let Some(kind) = fault {
            system.fault(SET, kind, 99);
        }
        let part = Part::SetPassword {
            site: world.northwind,
            name: "olivia@northwind.example".into(),
            customer: world.casey().await.id,
            new: passwords.new.clone(),
        };
        let ended = killed_at(world, point, part).await;
        passwords.hold(world, system, &ended).await;
        nothing_is_kept_for_long(world).await;
        system.calm();
        ends.push(ended.state);
    }
    ends
}

async fn killed_while_staff_set_a_password(world: &mut World) {
    let [mut system] = systems::<1>(world).await;
    let ends = at_every_point_of_staff(world, &mut system, &POINTS, None).await;
    assert_eq!(ends, ["done"; 6]);
    assert_eq!(system.sets(), 6);
    // Whoever got a temporary password is asked for another one there too, crash or not.
    assert_eq!(system.user("acme01")["require_change"], json!(true));
}

async fn killed_while_staff_set_a_password_that_is_refused(world: &mut World) {
    let [mut system] = systems::<1>(world).await;
    // A refusal never comes to the last step.
    let ends = at_every_point_of_staff(world, &mut system, &POINTS[..4], Some("no")).await;
    // Once it was claimed, nobody knows whether it was asked: that it refuses now tells nothing.
    assert_eq!(ends, ["refused", "needs_attention", "needs_attention", "refused"]);
}
