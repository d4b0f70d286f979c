//! Staff, from the command line.

use model::account::{AccountKind, Role};
use portal::{CreateStaff, DEMO_PASSWORD, Portal, SignIn};

use crate::world::{World, secret, stories};

stories! {
    the_first_one_makes_the_operator,
    more_join_an_organization_that_is_there,
    names_of_organizations_are_found_in_any_case,
    what_is_wrong_is_said,
    a_forgotten_staff_password_is_set,
    only_staff_are_helped_so,
    one_address_at_two_sites_needs_the_site,
}

fn owner(organization: &str, email: &str) -> CreateStaff {
    CreateStaff {
        organization: organization.into(),
        email: email.into(),
        name: "Robin Keeler".into(),
        role: Role::Owner,
    }
}

async fn the_first_one_makes_the_operator(world: &mut World) {
    let settings = world.empty_database().await;
    let random = world.more_randomness();
    let portal = Portal::open_with(&settings, world.clock.clone(), random).await.unwrap();
    assert_eq!(portal.site(None).await.unwrap(), None);
    let password =
        portal.create_staff(owner("Example Hosting", "robin@example.com")).await.unwrap();

    let site = portal.site(None).await.unwrap().unwrap();
    assert_eq!((site.name.as_str(), site.prefix.as_str()), ("Example Hosting", ""));
    let visit = portal::Visit { site: site.id, ..world.visit() };
    let sign_in = |email: &str, password: &str| SignIn {
        name: email.into(),
        password: secret(password),
        keep: false,
    };
    let signed_in =
        portal.sign_in(&visit, sign_in("robin@example.com", password.reveal())).await.unwrap();
    assert_eq!(signed_in.kind, AccountKind::Staff);
    let actor = portal.actor(&visit, &signed_in.token).await.unwrap().unwrap();
    assert_eq!(actor.role, Some(Role::Owner));
    assert_eq!(portal.me(&actor).await.unwrap().organization.as_str(), "Example Hosting");

    // There is one operator: who comes next joins it, or names it wrongly.
    let error = portal.create_staff(owner("Other Hosting", "sam@example.com")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no organization \"Other Hosting\"; there are: Example Hosting"
    );
    portal.create_staff(owner("Example Hosting", "sam@example.com")).await.unwrap();
    assert_eq!(portal.verify_audit(None).await.unwrap().entries, 3);
    portal.close().await;
}

async fn more_join_an_organization_that_is_there(world: &mut World) {
    let password = world
        .portal
        .create_staff(CreateStaff { role: Role::Agent, ..owner("Fjord IT", "Kari@Fjord.example") })
        .await
        .unwrap();
    world.is_secret(&password);
    assert_eq!(password.reveal().split(' ').count(), 6);
    // Fjord's people use Northwind's door.
    let entered =
        world.sign_in(&world.visit(), "kari@fjord.example", password.reveal()).await.unwrap();
    let actor = world.portal.actor(&world.visit(), &entered.token).await.unwrap().unwrap();
    assert_eq!((actor.role, actor.site), (Some(Role::Agent), world.northwind));
    assert_eq!(actor.organization, world.organization("Fjord IT").await);
    let kari: Vec<String> = world
        .sql
        .column("SELECT actor_kind FROM audit_entries WHERE kind = 'account_created'", [])
        .await;
    assert_eq!(kari, ["command_line"]);
}

async fn names_of_organizations_are_found_in_any_case(world: &mut World) {
    world.sql.run("UPDATE organizations SET name = 'Ärzte Süd' WHERE name = 'Fjord IT'", []).await;
    for (number, name) in
        ["Ärzte Süd", "ärzte süd", "ÄRZTE SÜD", " Ärzte Süd "].into_iter().enumerate()
    {
        let email = format!("kari{number}@fjord.example");
        let password = world.portal.create_staff(owner(name, &email)).await.unwrap();
        world.is_secret(&password);
    }
    world
        .sql
        .run("UPDATE organizations SET name = 'ÄRZTE süd' WHERE name = 'Contoso Cloud'", [])
        .await;
    let error = world.portal.create_staff(owner("Ärzte Süd", "x@fjord.example")).await.unwrap_err();
    assert_eq!(error.to_string(), "there are 2 organizations called \"Ärzte Süd\"");
}

async fn what_is_wrong_is_said(world: &mut World) {
    for (request, says) in [
        (owner("Northwind Backup", "not an address"), "\"not an address\" is not an email address"),
        (
            CreateStaff { name: "\n".into(), ..owner("Northwind Backup", "kari@fjord.example") },
            "\"\\n\" cannot be the name of a person",
        ),
        (owner("Nowhere", "kari@fjord.example"), "there is no organization \"Nowhere\""),
        // Also somebody else's at the site that both use.
        (owner("Fjord IT", "OLIVIA@northwind.example"), "has an account at this site already"),
        (owner("Northwind Backup", "casey@acme.example"), "has an account at this site already"),
    ] {
        let error = world.portal.create_staff(request).await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

async fn a_forgotten_staff_password_is_set(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let password =
        world.portal.reset_staff_password("Olivia@Northwind.example", None).await.unwrap();
    world.is_secret(&password);
    assert!(!world.holds(&olivia).await);
    assert!(world.lets_in(&olivia.person, password.reveal()).await);
    assert!(!world.lets_in(&olivia.person, DEMO_PASSWORD).await);
    let notice = world.notice_for(&olivia.person).await;
    assert!(notice.url.starts_with("https://portal.northwind.example/confirm/"));
    assert_eq!(
        world.recorded(&olivia.person).await[..3],
        ["signed_in done", "reset_started begun", "password_set_by_command done"]
    );
    let delivery: Vec<String> = world.sql.column("SELECT delivery FROM resets", []).await;
    assert_eq!(delivery, ["command_line"]);

    // It opens every lock, too.
    world.disputes(&notice).await.unwrap();
    assert!(!world.lets_in(&olivia.person, password.reveal()).await);
    let password = world.portal.reset_staff_password(&olivia.person.email, None).await.unwrap();
    assert!(world.lets_in(&olivia.person, password.reveal()).await);
    world.mails().await;
}

async fn only_staff_are_helped_so(world: &mut World) {
    for email in ["casey@acme.example", "nobody@northwind.example", "", "casey"] {
        let error = world.portal.reset_staff_password(email, None).await.unwrap_err().to_string();
        assert!(error.contains("no member of staff has the address"), "{error}");
    }
    assert!(world.lets_in(&world.person("casey").await, DEMO_PASSWORD).await);
}

async fn one_address_at_two_sites_needs_the_site(world: &mut World) {
    let request = owner("Contoso Cloud", "olivia@northwind.example");
    world.is_secret(&world.portal.create_staff(request).await.unwrap());
    let reset = async |site: Option<&'static str>| {
        world.portal.reset_staff_password("olivia@northwind.example", site).await
    };
    let error = reset(None).await.unwrap_err().to_string();
    assert!(
        error.contains("add --site with one of: ")
            && error.contains("contoso")
            && error.contains("default"),
        "{error}"
    );
    let error = reset(Some("nowhere")).await.unwrap_err().to_string();
    assert!(error.contains("there is no site \"nowhere\"; there are: "), "{error}");
    let error = reset(Some("operator")).await.unwrap_err().to_string();
    assert!(error.contains("no member of staff"), "{error}");
    let theirs = reset(Some("contoso")).await.unwrap();
    let ours = reset(Some("default")).await.unwrap();
    let email = "olivia@northwind.example";
    world.sign_in(&world.visit_at(world.contoso), email, theirs.reveal()).await.unwrap();
    world.sign_in(&world.visit(), email, ours.reveal()).await.unwrap();
    world.mails().await;
}
