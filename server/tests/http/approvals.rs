//! What nobody does alone, without JavaScript: asking at the desk, deciding on a page of its own.

use model::account::Role;
use portal::{CreateStaff, DEMO_PASSWORD};
use uuid::Uuid;

use crate::{
    browser::Browser,
    sql::{Sql, values},
    world::World,
};

const CASEY: &str = "casey@acme.example";

/// The rule is on, and Casey's address is a new one: Casey's id.
fn flagged(world: &World, sql: &Sql) -> String {
    for rule in ["second_approver", "allow_manual_entry", "agents_set_passwords"] {
        world.wait(sql.run(
            "INSERT INTO policies (organization_id, rule, value) SELECT id, $2, 1 FROM organizations WHERE name = $1 ON CONFLICT (organization_id, rule) DO UPDATE SET value = 1",
            values!["Northwind Backup", rule],
        ));
    }
    world.wait(sql.run(
        "UPDATE accounts SET contact_changed_at = created_at WHERE email = $1",
        values![CASEY],
    ));
    let id: Uuid = world.wait(sql.one("SELECT id FROM accounts WHERE email = $1", values![CASEY]));
    id.to_string()
}

#[test]
fn a_second_person_decides_on_a_page_of_its_own() {
    let world = World::new(None);
    let sql = world.wait(async { Sql::of(&world.database) });
    let id = flagged(&world, &sql);
    let page = format!("/customers/{id}/password?how=typed&where=portal");
    let mut olivia = Browser::signed_in(&world, "olivia@northwind.example");
    let proof = [("password", DEMO_PASSWORD), ("next", page.as_str())];
    let answer = olivia.goes(&page, "session/step-up", &proof);
    for part in ["Nobody gives this customer a password alone", "Ask a second person to agree"] {
        assert!(answer.body.contains(part), "{part}: {}", answer.body);
    }
    // No password is typed before.
    assert!(!answer.body.contains("name=\"retype\""), "{}", answer.body);
    let asked = |reason| {
        [
            ("action", "type_password"),
            ("account", id.as_str()),
            ("reason", reason),
            ("ticket", "T-6"),
        ]
    };
    let answer = olivia.sends(&page, "approvals/ask", &asked(""));
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("aria-invalid") && answer.body.contains("T-6"));
    let answer = olivia.sends(&page, "approvals/ask", &asked("They called from their number"));
    let told = answer.header("location").to_owned();
    let approval = told.trim_start_matches("/approvals/").trim_end_matches("?done=asked");
    let own = format!("/approvals/{approval}");
    let answer = olivia.opens(&told);
    for part in ["A second person is asked now.", "Nobody has decided yet.", "Withdraw the request"]
    {
        assert!(answer.body.contains(part), "{part}: {}", answer.body);
    }
    assert!(!answer.body.contains("approvals/agree"), "{}", answer.body);
    let answer = olivia.opens(&page);
    assert!(answer.body.contains("Waiting for somebody else"), "{}", answer.body);

    let request = CreateStaff {
        organization: "Northwind Backup".into(),
        email: "robin@northwind.example".into(),
        name: "Robin Second".into(),
        role: Role::Owner,
    };
    let password = world.wait(world.portal.create_staff(request)).unwrap();
    let mut robin = Browser::signed_in_with(&world, "robin@northwind.example", password.reveal());
    for list in ["/", "/resets"] {
        let answer = robin.opens(list);
        assert!(answer.body.contains(&format!("href=\"{own}\"")), "{list}: {}", answer.body);
    }
    let answer = robin.opens(&own);
    for part in ["They called from their number", "T-6", "Your own password", "Olivia Berg"] {
        assert!(answer.body.contains(part), "{part}: {}", answer.body);
    }
    let proof = [("password", password.reveal()), ("next", own.as_str())];
    let answer = robin.goes(&own, "session/step-up", &proof);
    assert!(answer.body.contains("has 30 minutes to type a temporary password"), "{}", answer.body);
    let bare = [("approval", approval), ("reason", " ")];
    let answer = robin.sends(&own, "approvals/agree", &bare);
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("aria-invalid"), "{}", answer.body);
    let answer =
        robin.goes(&own, "approvals/agree", &[("approval", approval), ("reason", "I rang")]);
    assert!(answer.body.contains("You agreed."), "{}", answer.body);
    let answer = olivia.opens(&page);
    for part in ["Robin Second agreed. Go on until", "I rang", "name=\"retype\""] {
        assert!(answer.body.contains(part), "{part}: {}", answer.body);
    }
    // It is used by nobody who does not want it any more.
    let answer = olivia.goes(&own, "approvals/withdraw", &[("approval", approval)]);
    assert!(answer.body.contains("The request is withdrawn"), "{}", answer.body);
    let answer = olivia.opens(&page);
    assert!(answer.body.contains("Ask a second person to agree"), "{}", answer.body);
}

#[test]
fn whoever_is_refused_reads_why() {
    let world = World::new(None);
    let sql = world.wait(async { Sql::of(&world.database) });
    let id = flagged(&world, &sql);
    let page = format!("/customers/{id}/password?how=typed&where=portal");
    let mut arun = Browser::signed_in(&world, "arun@northwind.example");
    let proof = [("password", DEMO_PASSWORD), ("next", page.as_str())];
    arun.goes(&page, "session/step-up", &proof);
    let asked = [
        ("action", "type_password"),
        ("account", id.as_str()),
        ("reason", "They called"),
        ("ticket", ""),
    ];
    let answer = arun.sends(&page, "approvals/ask", &asked);
    let told = answer.header("location").trim_end_matches("?done=asked").to_owned();
    let approval = told.trim_start_matches("/approvals/");
    let mut olivia = Browser::signed_in(&world, "olivia@northwind.example");
    let proof = [("password", DEMO_PASSWORD), ("next", told.as_str())];
    olivia.goes(&told, "session/step-up", &proof);
    let fields = [("approval", approval), ("remark", "I asked them: they did not")];
    let answer = olivia.goes(&told, "approvals/refuse", &fields);
    assert!(answer.body.contains("You did not agree."), "{}", answer.body);
    let answer = arun.opens(&page);
    for part in ["Olivia Berg did not agree.", "they did not", "Ask a second person to agree"] {
        assert!(answer.body.contains(part), "{part}: {}", answer.body);
    }
}
