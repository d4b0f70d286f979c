//! The demo's people.

use std::collections::HashSet;

use portal::DEMO_PASSWORD;

use crate::world::{World, stories};

stories! {
    everybody_of_the_readme_is_there,
    they_sign_in_or_are_locked,
    they_are_there_once,
    names_are_believable,
    who_allows_resets_is_in_the_ledger,
}

async fn everybody_of_the_readme_is_there(world: &mut World) {
    let mut staff: Vec<(String, String, String)> = world
        .sql
        .rows(
            "SELECT email, role, organizations.name FROM accounts JOIN organizations ON organizations.id = organization_id WHERE kind = 'staff'",
            [],
        )
        .await;
    staff.sort();
    let row = |email: &str, role: &str, organization: &str| {
        (email.to_owned(), role.to_owned(), organization.to_owned())
    };
    assert_eq!(
        staff,
        [
            row("ada@northwind.example", "auditor", "Northwind Backup"),
            row("arun@northwind.example", "agent", "Northwind Backup"),
            row("carla@contoso.example", "owner", "Contoso Cloud"),
            row("freya@fjord.example", "owner", "Fjord IT"),
            row("olivia@northwind.example", "owner", "Northwind Backup"),
            row("operator@rekey.example", "owner", "Rekey Operations"),
        ]
    );
    let mut tree: Vec<(String, Option<String>, Option<String>)> = world
        .sql
        .rows(
            "SELECT child.name, parent.name, sites.slug FROM organizations child LEFT JOIN organizations parent ON parent.id = child.parent_id JOIN organization_sites ON organization_sites.organization_id = child.id JOIN sites ON sites.id = site_id",
            [],
        )
        .await;
    tree.sort();
    let row = |name: &str, parent: Option<&str>, slug: Option<&str>| {
        (name.to_owned(), parent.map(str::to_owned), slug.map(str::to_owned))
    };
    assert_eq!(
        tree,
        [
            row("Contoso Cloud", Some("Rekey Operations"), Some("contoso")),
            row("Fjord IT", Some("Northwind Backup"), None),
            row("Northwind Backup", Some("Rekey Operations"), None),
            row("Rekey Operations", None, Some("operator")),
        ]
    );
    for (organization, at_least) in
        [("Northwind Backup", 203), ("Fjord IT", 1), ("Contoso Cloud", 1)]
    {
        let organization = world.organization(organization).await;
        let customers: i64 = world
            .sql
            .one(
                "SELECT COUNT(*) FROM accounts WHERE kind = 'customer' AND organization_id = $1",
                crate::sql::values![organization],
            )
            .await;
        assert!(customers >= at_least, "{customers}");
    }
    let mut three: Vec<(String, Option<String>, bool, Option<String>)> = world
        .sql
        .rows(
            "SELECT email, user_name, allows_resets, locked_by FROM accounts WHERE email LIKE 'casey@%' OR email LIKE 'drew@%' OR email LIKE 'lou@%'",
            [],
        )
        .await;
    three.sort();
    assert_eq!(
        three,
        [
            ("casey@acme.example".into(), Some("casey".into()), true, None),
            ("drew@blueberry.example".into(), None, false, None),
            ("lou@lakeside.example".into(), None, true, Some("staff".into())),
        ]
    );
}

async fn they_sign_in_or_are_locked(world: &mut World) {
    for who in ["casey", "drew", "olivia", "arun", "ada", "freya", "carla"] {
        assert!(world.lets_in(&world.person(who).await, DEMO_PASSWORD).await, "{who}");
    }
    assert!(!world.lets_in(&world.person("lou").await, DEMO_PASSWORD).await);
    // One hash for all: it is computed once, and the others have the same password.
    let hashes: HashSet<Option<String>> =
        world.sql.column("SELECT password_hash FROM accounts", []).await.into_iter().collect();
    assert_eq!(hashes.len(), 1);
    let states: HashSet<(String, Option<String>, Option<i64>)> = world
        .sql
        .rows("SELECT state, locked_by, password_expires_at FROM accounts", [])
        .await
        .into_iter()
        .collect();
    assert_eq!(
        states,
        HashSet::from([
            ("active".into(), None, None),
            ("active".into(), Some("staff".into()), None),
        ])
    );
}

async fn they_are_there_once(world: &mut World) {
    let before = world.sql.everything().await;
    world.portal.seed_demo().await.unwrap();
    world.restart(|_| {}).await;
    world.portal.seed_demo().await.unwrap();
    assert_eq!(world.sql.everything().await, before);
}

async fn names_are_believable(world: &mut World) {
    let people: Vec<(String, String)> =
        world.sql.rows("SELECT name, email FROM accounts", []).await;
    let names: HashSet<&str> = people.iter().map(|(name, _)| name.as_str()).collect();
    let emails: HashSet<&str> = people.iter().map(|(_, email)| email.as_str()).collect();
    assert_eq!((names.len(), emails.len()), (people.len(), people.len()));
    for (name, email) in &people {
        assert!(email.ends_with(".example"), "{email}");
        assert_eq!(name.split(' ').count(), 2, "{name}");
        assert!(name.split(' ').all(|part| part.len() > 2 && part.starts_with(char::is_uppercase)));
    }
}

async fn who_allows_resets_is_in_the_ledger(world: &mut World) {
    let differs: i64 = world
        .sql
        .one(
            "SELECT COUNT(*) FROM accounts WHERE allows_resets <> (SELECT COUNT(*) > 0 FROM consents WHERE account_id = accounts.id AND granted)",
            [],
        )
        .await;
    assert_eq!(differs, 0);
    let sources: HashSet<String> =
        world.sql.column("SELECT source FROM consents", []).await.into_iter().collect();
    assert_eq!(sources, HashSet::from(["creation".into()]));
}
