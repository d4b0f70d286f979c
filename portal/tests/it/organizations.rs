//! Organizations below one's own: they are added, renamed, moved, suspended and deleted, and get front
//! doors of their own; by those above them, and by nobody beside or below.

use model::{
    Refusal,
    customer::CustomerQuery,
    id::OrganizationId,
    organization::{
        OrganizationDeed, OrganizationLine, OrganizationObstacle, OrganizationStanding,
        OrganizationView,
    },
    permission::Permission,
    policy::Rule,
    refusal::Problem,
    reset::{Delivery, Obstacle},
};
use portal::{
    AddOrganization, DEMO_PASSWORD, Error, InviteStaff, MakeKey, MoveOrganization, Result, SendLink,
};
use uuid::Uuid;

use crate::{
    rules::{becomes, proven},
    sql::values,
    world::{Entered, NEW, Person, WRONG, World, new_password, refusal, stories},
};

stories! {
    the_tree_is_ones_own_and_what_is_below,
    an_organization_is_added_with_a_front_door_of_its_own,
    an_organization_may_share_the_front_door_above_it,
    words_of_front_doors_are_one_of_a_kind,
    pressed_twice_it_is_one_organization,
    nobody_reaches_above_or_beside,
    ones_own_organization_is_the_business_of_those_above,
    only_owners_and_admins_with_a_fresh_proof_change_anything,
    a_moved_organization_is_under_other_rules_at_once,
    a_moved_organization_is_found_from_its_new_place_only,
    nothing_moves_below_itself,
    what_is_shared_with_the_old_place_holds_a_move_up,
    suspended_people_with_the_right_password_are_told_whom_to_ask,
    suspending_ends_sessions_and_links_for_good,
    mail_that_lets_somebody_in_does_not_go_to_suspended_people,
    staff_above_still_see_the_suspended,
    a_front_door_of_its_own_takes_its_people_along,
    the_old_door_shows_who_moved_to_the_new_one,
    those_below_that_share_a_door_move_along,
    only_an_empty_organization_is_deleted,
    changes_of_organizations_are_recorded,
    whoever_knew_it_before_acts_there_no_more,
    ;
    postgres:
    two_that_are_moved_below_each_other,
}

fn addition(name: &str, door: &str, slug: &str) -> AddOrganization {
    AddOrganization { scope: None, name: name.into(), door: door.into(), slug: slug.into() }
}

async fn adds(world: &World, by: &Entered, request: AddOrganization) -> Result<OrganizationId> {
    let done = world.portal.add_organization(&by.actor, request).await?;
    assert_eq!(done.deed, OrganizationDeed::Added);
    Ok(done.organization)
}

async fn tree(world: &World, by: &Entered) -> Vec<OrganizationLine> {
    world.portal.organization_tree(&by.actor, "").await.unwrap().lines
}

async fn page(world: &World, by: &Entered, id: OrganizationId) -> OrganizationView {
    world.portal.organization_page(&by.actor, id, "").await.unwrap()
}

async fn moves(world: &World, by: &Entered, id: OrganizationId, to: OrganizationId) -> Result<()> {
    let request = MoveOrganization { organization: id, to };
    world.portal.move_organization(&by.actor, request).await.map(drop)
}

fn impossible(obstacle: OrganizationObstacle) -> Refusal {
    Refusal::OrganizationImpossible(obstacle)
}

/// How many customers somebody finds in a scope.
async fn finds(world: &World, by: &Entered, scope: Option<OrganizationId>) -> Result<u32> {
    let query = CustomerQuery { scope, ..CustomerQuery::default() };
    Ok(world.portal.find_customers(&by.actor, &query).await?.total.number)
}

/// The kinds in an organization's log that are about organizations, oldest first.
async fn log(world: &World, id: OrganizationId) -> Vec<String> {
    world
        .sql
        .column(
            "SELECT kind FROM audit_entries WHERE organization_id = $1 AND kind LIKE 'organization_%' ORDER BY position",
            values![id],
        )
        .await
}

async fn the_tree_is_ones_own_and_what_is_below(world: &mut World) {
    let robin = world.enters("operator").await;
    let lines = tree(world, &robin).await;
    let told: Vec<_> = lines.iter().map(|line| (line.depth, line.name.as_str())).collect();
    let names = ["Rekey Operations", "Contoso Cloud", "Northwind Backup", "Fjord IT"];
    assert_eq!(told, [(0, names[0]), (1, names[1]), (1, names[2]), (2, names[3])]);
    let fjord = &lines[3];
    assert_eq!((fjord.customers.number, fjord.staff.number), (12, 1));
    assert!(fjord.shares && fjord.door.href == "/login");
    assert_eq!(lines[1].door.href, "/s/contoso/login");

    let olivia = world.enters("olivia").await;
    let seen = tree(world, &olivia).await;
    assert_eq!(seen.iter().map(|line| line.depth).collect::<Vec<_>>(), [0, 1]);
    let found = world.portal.organization_tree(&robin.actor, "fjo").await.unwrap();
    assert_eq!((found.lines.len(), found.found), (1, 1));
    // Of what is above oneself one sees nothing.
    let fjord = world.organization("Fjord IT").await;
    let above = page(world, &olivia, fjord).await.above;
    assert_eq!(above.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), [names[2]]);

    let ada = world.enters("ada").await;
    let read = world.portal.organization_tree(&ada.actor, "").await.unwrap();
    assert!(!read.may_edit && read.lines.len() == 2);
    let arun = world.enters("arun").await;
    let refused = world.portal.organization_tree(&arun.actor, "").await;
    assert_eq!(refusal(refused), Refusal::NotAllowed);
    let casey = world.enters("casey").await;
    assert_eq!(refusal(world.portal.organization_tree(&casey.actor, "").await), Refusal::NotFound);
}

async fn an_organization_is_added_with_a_front_door_of_its_own(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let id = adds(world, &olivia, addition("Tidal Media", "own", "")).await.unwrap();
    let line = page(world, &olivia, id).await.line;
    assert_eq!((line.door.href.as_str(), line.shares), ("/s/tidal-media/login", false));
    assert_eq!(line.standing, OrganizationStanding::Active);
    // Somebody works there, and comes in at its door.
    let invitation = InviteStaff {
        scope: Some(id),
        name: "Tia Lund".into(),
        email: "tia@tidal.example".into(),
        role: "owner".into(),
        language: "en".into(),
    };
    world.portal.invite_staff(&olivia.actor, invitation).await.unwrap();
    let mails = world.new_mails().await;
    let link = world.link_in(&mails[0]);
    assert!(link.url.contains("/s/tidal-media/invitation/"), "{}", link.url);
    let tia = world.person("tia").await;
    assert_ne!(tia.site, world.northwind);
    let visit = world.visit_at(tia.site);
    world.portal.accept_invitation(&visit, link.id, &link.token, new_password(NEW)).await.unwrap();
    let tia = world.enters_with("tia", NEW).await;
    assert_eq!(tree(world, &tia).await.len(), 1);
    // Northwind's rules are above it.
    let page = world.portal.policy_page(&tia.actor, None).await.unwrap();
    let typed = page.rules.iter().find(|view| view.rule == Rule::AllowManualEntry).unwrap();
    assert_eq!(typed.value, 1);
    world.mails().await;
}

async fn an_organization_may_share_the_front_door_above_it(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let fjord = world.organization("Fjord IT").await;
    let request =
        AddOrganization { scope: Some(fjord), ..addition("Skerry", "shared", "is-not-used") };
    let id = adds(world, &olivia, request).await.unwrap();
    let view = page(world, &olivia, id).await;
    assert!(view.line.shares && view.line.door.href == "/login");
    assert_eq!(view.line.depth, 2);
    let sharers = page(world, &olivia, fjord).await.sharers;
    assert_eq!(sharers.iter().map(ToString::to_string).collect::<Vec<_>>(), ["Skerry"]);
}

async fn words_of_front_doors_are_one_of_a_kind(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    for (slug, problem) in [
        ("contoso", Problem::SlugTaken),
        ("Operator", Problem::SlugTaken),
        ("api", Problem::SlugReserved),
        ("no", Problem::NotASlug),
        ("a_b", Problem::NotASlug),
    ] {
        let result = adds(world, &olivia, addition("Tidal Media", "own", slug)).await;
        assert_eq!(refusal(result), Refusal::field("slug", problem), "{slug}");
    }
    // A word is found for a name that somebody else has already, and none for a name without letters.
    let id = adds(world, &olivia, addition("Contoso", "own", "")).await.unwrap();
    assert_eq!(page(world, &olivia, id).await.line.door.href, "/s/contoso-2/login");
    let result = adds(world, &olivia, addition("東京", "own", "")).await;
    assert_eq!(refusal(result), Refusal::field("slug", Problem::Required));
    let id = adds(world, &olivia, addition("東京", "own", "tokyo")).await.unwrap();
    assert_eq!(page(world, &olivia, id).await.line.door.href, "/s/tokyo/login");
    let result = adds(world, &olivia, addition(" ", "own", "")).await;
    assert_eq!(refusal(result), Refusal::field("name", Problem::Required));
    let result = adds(world, &olivia, addition("Tidal", "none", "")).await;
    assert_eq!(refusal(result), Refusal::field("door", Problem::NotAChoice));
}

async fn pressed_twice_it_is_one_organization(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let first = adds(world, &olivia, addition("Tidal Media", "own", "")).await.unwrap();
    assert_eq!(adds(world, &olivia, addition("Tidal Media", "own", "")).await.unwrap(), first);
    world.minutes_pass(1);
    let result = adds(world, &olivia, addition("tidal  media", "own", "")).await;
    assert_eq!(refusal(result), Refusal::field("name", Problem::OrganizationNameTaken));
    // Elsewhere somebody else may be called so.
    let fjord = world.organization("Fjord IT").await;
    let request = AddOrganization { scope: Some(fjord), ..addition("Tidal Media", "own", "") };
    assert_ne!(adds(world, &olivia, request).await.unwrap(), first);
}

/// Everything that can be done to an organization, and how it is refused.
async fn everything(world: &World, by: &Entered, id: OrganizationId) -> Vec<Refusal> {
    let portal = &world.portal;
    let actor = &by.actor;
    let request = AddOrganization { scope: Some(id), ..addition("Tidal Media", "own", "") };
    let own = actor.organization;
    vec![
        refusal(portal.new_organization(actor, Some(id)).await),
        refusal(portal.add_organization(actor, request).await),
        refusal(portal.rename_organization(actor, id, "Tidal").await),
        refusal(moves(world, by, id, own).await),
        refusal(portal.suspend_organization(actor, id).await),
        refusal(portal.resume_organization(actor, id).await),
        refusal(portal.give_site(actor, id, "tidal").await),
        refusal(portal.delete_organization(actor, id, "Tidal").await),
    ]
}

async fn nobody_reaches_above_or_beside(world: &mut World) {
    let (olivia, freya) = (proven(world, "olivia").await, proven(world, "freya").await);
    let [operator, northwind, contoso] = [
        world.organization("Rekey Operations").await,
        world.organization("Northwind Backup").await,
        world.organization("Contoso Cloud").await,
    ];
    let nowhere = OrganizationId(Uuid::from_u128(7));
    for (by, id) in [
        (&olivia, operator),
        (&olivia, contoso),
        (&olivia, nowhere),
        (&freya, northwind),
        (&freya, operator),
        (&freya, contoso),
    ] {
        for refused in everything(world, by, id).await {
            assert_eq!(refused, Refusal::NotFound);
        }
        let seen = world.portal.organization_page(&by.actor, id, "").await;
        assert_eq!(refusal(seen), Refusal::NotFound);
    }
    // Nor does anything of one's own go there.
    let fjord = world.organization("Fjord IT").await;
    for to in [operator, contoso, nowhere] {
        assert_eq!(refusal(moves(world, &olivia, fjord, to).await), Refusal::NotFound);
    }
}

async fn ones_own_organization_is_the_business_of_those_above(world: &mut World) {
    let freya = proven(world, "freya").await;
    let fjord = world.organization("Fjord IT").await;
    let (portal, actor) = (&world.portal, &freya.actor);
    let own = impossible(OrganizationObstacle::Own);
    assert_eq!(refusal(portal.suspend_organization(actor, fjord).await), own);
    assert_eq!(refusal(portal.give_site(actor, fjord, "fjord").await), own);
    assert_eq!(refusal(portal.delete_organization(actor, fjord, "Fjord IT").await), own);
    let below = adds(world, &freya, addition("Skerry", "own", "")).await.unwrap();
    assert_eq!(refusal(moves(world, &freya, fjord, below).await), own);
    // Its owner calls it otherwise; an admin of its own does not, one above it does.
    portal.rename_organization(actor, fjord, "Fjord Data").await.unwrap();
    becomes(world, "freya", "admin").await;
    let freya = proven(world, "freya").await;
    let result = world.portal.rename_organization(&freya.actor, fjord, "Fjord").await;
    assert_eq!(refusal(result), impossible(OrganizationObstacle::OwnName));
    let view = page(world, &freya, fjord).await;
    assert_eq!(view.no_name, Some(OrganizationObstacle::OwnName));
    becomes(world, "olivia", "admin").await;
    let olivia = proven(world, "olivia").await;
    world.portal.rename_organization(&olivia.actor, fjord, "Fjord IT").await.unwrap();
}

async fn only_owners_and_admins_with_a_fresh_proof_change_anything(world: &mut World) {
    let fjord = world.organization("Fjord IT").await;
    for who in ["arun", "ada"] {
        let entered = proven(world, who).await;
        for refused in everything(world, &entered, fjord).await {
            assert_eq!(refused, Refusal::NotAllowed, "{who}");
        }
    }
    let olivia = world.enters("olivia").await;
    let portal = &world.portal;
    let result = adds(world, &olivia, addition("Tidal", "own", "tidal")).await;
    assert_eq!(refusal(result), Refusal::StepUp);
    let result = portal.suspend_organization(&olivia.actor, fjord).await;
    assert_eq!(refusal(result), Refusal::StepUp);
    let result = portal.rename_organization(&olivia.actor, fjord, "Fjord").await;
    assert_eq!(refusal(result), Refusal::StepUp);
    let result = portal.give_site(&olivia.actor, fjord, "fjord").await;
    assert_eq!(refusal(result), Refusal::StepUp);
}

async fn a_moved_organization_is_under_other_rules_at_once(world: &mut World) {
    let robin = proven(world, "operator").await;
    let (northwind, contoso) =
        (world.organization("Northwind Backup").await, world.organization("Contoso Cloud").await);
    world.sets_rule("Northwind Backup", "link_minutes", None, Some(20)).await;
    world.sets_rule("Contoso Cloud", "link_minutes", Some(60), None).await;
    let minutes = async |world: &World| {
        let page = world.portal.policy_page(&robin.actor, Some(contoso)).await.unwrap();
        page.rules.iter().find(|view| view.rule == Rule::LinkMinutes).unwrap().value
    };
    assert_eq!(minutes(world).await, 60);
    moves(world, &robin, contoso, northwind).await.unwrap();
    assert_eq!(minutes(world).await, 20);
    let operator = world.organization("Rekey Operations").await;
    moves(world, &robin, contoso, operator).await.unwrap();
    assert_eq!(minutes(world).await, 60, "what it chose itself is not lost");
}

async fn a_moved_organization_is_found_from_its_new_place_only(world: &mut World) {
    let (robin, olivia, carla) = (
        proven(world, "operator").await,
        proven(world, "olivia").await,
        proven(world, "carla").await,
    );
    let [northwind, fjord, contoso] = [
        world.organization("Northwind Backup").await,
        world.organization("Fjord IT").await,
        world.organization("Contoso Cloud").await,
    ];
    // One level more: Skerry below Fjord.
    let request = AddOrganization { scope: Some(fjord), ..addition("Skerry", "shared", "") };
    adds(world, &robin, request).await.unwrap();
    world.portal.give_site(&robin.actor, fjord, "fjord").await.unwrap();
    let customer = world.customer_of("Fjord IT").await;
    let (before, here) =
        (finds(world, &olivia, None).await.unwrap(), finds(world, &carla, None).await.unwrap());
    let all = finds(world, &robin, None).await.unwrap();

    moves(world, &robin, fjord, contoso).await.unwrap();
    assert_eq!(finds(world, &olivia, None).await.unwrap(), before - 12);
    assert_eq!(finds(world, &carla, None).await.unwrap(), here + 12);
    assert_eq!(finds(world, &carla, Some(fjord)).await.unwrap(), 12);
    assert_eq!(finds(world, &robin, None).await.unwrap(), all);
    assert_eq!(refusal(finds(world, &olivia, Some(fjord)).await), Refusal::NotFound);
    assert_eq!(tree(world, &carla).await.len(), 3, "with what is below it");
    world.portal.view_customer(&carla.actor, customer.id).await.unwrap();
    let seen = world.portal.view_customer(&olivia.actor, customer.id).await;
    assert_eq!(refusal(seen), Refusal::NotFound);
    // Found by words, too.
    let text = customer.email.split('@').next().unwrap_or_default().to_owned();
    let query = |scope| CustomerQuery { scope, text: text.clone(), ..CustomerQuery::default() };
    let found = world.portal.find_customers(&carla.actor, &query(Some(fjord))).await.unwrap();
    assert!(found.rows.iter().any(|row| row.id == customer.id));
    let found = world.portal.find_customers(&olivia.actor, &query(None)).await.unwrap();
    assert!(found.rows.iter().all(|row| row.id != customer.id));

    // Everything is written as if it had always been there.
    let wrong: i64 = world
        .sql
        .one("SELECT COUNT(*) FROM customer_listings l JOIN accounts a ON a.id = l.account_id WHERE NOT EXISTS (SELECT 1 FROM organization_ancestors s WHERE s.organization_id = a.organization_id AND s.ancestor_id = l.ancestor_id)", [])
        .await;
    let missing: i64 = world
        .sql
        .one("SELECT COUNT(*) FROM accounts a JOIN organization_ancestors s ON s.organization_id = a.organization_id WHERE a.kind = 'customer' AND NOT EXISTS (SELECT 1 FROM customer_listings l WHERE l.account_id = a.id AND l.ancestor_id = s.ancestor_id)", [])
        .await;
    assert_eq!((wrong, missing), (0, 0));
    let lines: Vec<(i32, String)> = world
        .sql
        .rows("SELECT s.distance, o.name FROM organization_ancestors s JOIN organizations o ON o.id = s.ancestor_id WHERE s.organization_id = (SELECT id FROM organizations WHERE name = 'Skerry') ORDER BY s.distance", [])
        .await;
    let lines: Vec<_> = lines.iter().map(|(distance, name)| (*distance, name.as_str())).collect();
    assert_eq!(
        lines,
        [(0, "Skerry"), (1, "Fjord IT"), (2, "Contoso Cloud"), (3, "Rekey Operations")]
    );
    assert_eq!(page(world, &robin, northwind).await.below.number, 0);
}

async fn nothing_moves_below_itself(world: &mut World) {
    let robin = proven(world, "operator").await;
    let (northwind, fjord) =
        (world.organization("Northwind Backup").await, world.organization("Fjord IT").await);
    for to in [northwind, fjord] {
        let result = moves(world, &robin, northwind, to).await;
        assert_eq!(refusal(result), Refusal::field("to", Problem::BelowItself));
    }
    // Where it is already, it stays.
    moves(world, &robin, fjord, northwind).await.unwrap();
    assert_eq!(log(world, fjord).await, [""; 0]);
    let places = page(world, &robin, northwind).await.places;
    let names: Vec<_> = places.iter().map(|place| place.name.as_str()).collect();
    assert_eq!(names, ["Contoso Cloud"]);
}

async fn what_is_shared_with_the_old_place_holds_a_move_up(world: &mut World) {
    let robin = proven(world, "operator").await;
    let [northwind, fjord, contoso] = [
        world.organization("Northwind Backup").await,
        world.organization("Fjord IT").await,
        world.organization("Contoso Cloud").await,
    ];
    let result = moves(world, &robin, fjord, contoso).await;
    assert_eq!(refusal(result), impossible(OrganizationObstacle::SharesSite));
    world.portal.give_site(&robin.actor, fjord, "fjord").await.unwrap();
    let (connector, customer) = (Uuid::from_u128(11), world.customer_of("Fjord IT").await);
    world.sql.run("INSERT INTO connectors (id, organization_id, kind, name, enabled, settings, created_at, updated_at) VALUES ($1, $2, 'comet', 'Backup', FALSE, '{}', 0, 0)", values![connector, northwind]).await;
    world.sql.run("INSERT INTO service_accounts (id, account_id, connector_id, name, created_at) VALUES ($1, $2, $3, 'fjord01', 0)", values![Uuid::from_u128(12), customer.id, connector]).await;
    // Their passwords would go on to whom they are nothing any more.
    let result = moves(world, &robin, fjord, contoso).await;
    assert_eq!(refusal(result), impossible(OrganizationObstacle::LinkedAbove));
    world.sql.run("DELETE FROM service_accounts", []).await;
    moves(world, &robin, fjord, contoso).await.unwrap();
}

/// Signs in and is told that it is suspended: by whom to ask, and where.
async fn is_told(world: &World, person: &Person, name: &str, email: &str) {
    let visit = world.visit_at(person.site);
    let result = world.sign_in(&visit, &person.email, DEMO_PASSWORD).await;
    let Refusal::OrganizationSuspended(whom) = refusal(result) else { panic!("not told") };
    assert_eq!((whom.name.as_str(), whom.email.as_deref()), (name, Some(email)));
}

async fn suspended_people_with_the_right_password_are_told_whom_to_ask(world: &mut World) {
    let (robin, olivia) = (proven(world, "operator").await, proven(world, "olivia").await);
    let (northwind, fjord) =
        (world.organization("Northwind Backup").await, world.organization("Fjord IT").await);
    let (casey, freya) = (world.person("casey").await, world.person("freya").await);
    let customer = world.customer_of("Fjord IT").await;
    world.portal.suspend_organization(&olivia.actor, fjord).await.unwrap();
    for person in [&freya, &customer] {
        is_told(world, person, "Northwind Backup", "support@northwind.example").await;
        let visit = world.visit_at(person.site);
        let wrong = world.sign_in(&visit, &person.email, WRONG).await;
        assert_eq!(refusal(wrong), Refusal::SignInFailed);
    }
    assert!(world.lets_in(&casey, DEMO_PASSWORD).await);
    // Above one that is suspended there is another one: the nearest that is not is asked.
    world.portal.suspend_organization(&robin.actor, northwind).await.unwrap();
    for person in [&freya, &customer, &casey] {
        is_told(world, person, "Rekey Operations", "support@rekey.example").await;
    }
    // Whoever may not come in for another reason learns nothing of this one.
    let lou = world.person("lou").await;
    let result = world.sign_in(&world.visit_at(lou.site), &lou.email, DEMO_PASSWORD).await;
    assert_eq!(refusal(result), Refusal::SignInFailed);
    // Who forgot the password is told by mail.
    world.asks_for_link(&world.visit_at(customer.site), &customer.email).await;
    let mails = world.new_mails().await;
    let mail = mails.iter().find(|mail| mail.to == customer.email).expect("a mail");
    assert!(mail.says("write to Rekey Operations: support@rekey.example"), "{}", mail.text);
    assert!(!mail.text.contains("/reset/"));

    world.portal.resume_organization(&robin.actor, northwind).await.unwrap();
    assert!(world.lets_in(&casey, DEMO_PASSWORD).await);
    is_told(world, &freya, "Northwind Backup", "support@northwind.example").await;
}

async fn suspending_ends_sessions_and_links_for_good(world: &mut World) {
    let robin = proven(world, "operator").await;
    let northwind = world.organization("Northwind Backup").await;
    let customer = world.customer_of("Fjord IT").await;
    let link = world.mailed_link(&customer).await;
    let people = [world.enters("casey").await, world.enters("freya").await];
    world.portal.suspend_organization(&robin.actor, northwind).await.unwrap();
    assert_eq!(refusal(world.opens(&link).await), Refusal::LinkUnusable);
    assert_eq!(world.link_states(&customer).await, ["void"]);
    assert_eq!(world.reset_states(&customer).await, ["cancelled"]);
    world.portal.resume_organization(&robin.actor, northwind).await.unwrap();
    for entered in &people {
        assert!(!world.holds(entered).await);
    }
    assert_eq!(refusal(world.uses(&link, NEW).await), Refusal::LinkUnusable);
    assert!(world.holds(&robin).await);
    // Twice is once.
    world.portal.resume_organization(&robin.actor, northwind).await.unwrap();
    assert_eq!(log(world, northwind).await, ["organization_suspended", "organization_resumed"]);
}

async fn mail_that_lets_somebody_in_does_not_go_to_suspended_people(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let fjord = world.organization("Fjord IT").await;
    let customer = world.customer_of("Fjord IT").await;
    let request = SendLink {
        customer: customer.id,
        reason: "They called".into(),
        ticket: String::new(),
        places: String::new(),
    };
    world.portal.send_link(&olivia.actor, request.clone()).await.unwrap();
    world.portal.suspend_organization(&olivia.actor, fjord).await.unwrap();
    assert_eq!(world.new_mails().await.len(), 0, "it was on its way, and is not sent any more");
    assert_eq!(world.mail_states(&customer).await, ["expired"]);
    // Nor is another one, and staff are told why.
    let refused = world.portal.send_link(&olivia.actor, request).await;
    assert_eq!(refusal(refused), Refusal::ResetImpossible(Obstacle::Suspended));
}

async fn staff_above_still_see_the_suspended(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let fjord = world.organization("Fjord IT").await;
    world.portal.suspend_organization(&olivia.actor, fjord).await.unwrap();
    let customer = world.customer_of("Fjord IT").await;
    let view = world.portal.view_customer(&olivia.actor, customer.id).await.unwrap();
    assert!(view.standing.organization_suspended && !view.standing.suspended);
    for delivery in [Delivery::EmailLink, Delivery::Generated] {
        assert_eq!(view.obstacle(delivery), Some(Obstacle::Suspended));
    }
    let query = CustomerQuery { scope: Some(fjord), ..CustomerQuery::default() };
    let found = world.portal.find_customers(&olivia.actor, &query).await.unwrap();
    assert!(found.scope.suspended);
    assert!(found.rows.iter().all(|row| row.standing.organization_suspended));
    let found =
        world.portal.find_customers(&olivia.actor, &CustomerQuery::default()).await.unwrap();
    assert!(found.rows.iter().any(|row| !row.standing.organization_suspended));
    let scopes = world.portal.scopes(&olivia.actor, "").await.unwrap();
    assert_eq!(scopes.iter().map(|scope| scope.suspended).collect::<Vec<_>>(), [false, true]);
    // What is below it is out with it.
    let request = AddOrganization { scope: Some(fjord), ..addition("Skerry", "own", "") };
    let refused = adds(world, &olivia, request.clone()).await;
    assert_eq!(refusal(refused), Refusal::field("scope", Problem::OrganizationSuspended));
    world.portal.resume_organization(&olivia.actor, fjord).await.unwrap();
    adds(world, &olivia, request).await.unwrap();
    world.portal.suspend_organization(&olivia.actor, fjord).await.unwrap();
    let lines = tree(world, &olivia).await;
    let standings: Vec<_> = lines.iter().map(|line| line.standing).collect();
    assert_eq!(
        standings,
        [
            OrganizationStanding::Active,
            OrganizationStanding::Suspended,
            OrganizationStanding::SuspendedAbove
        ]
    );
    assert_eq!(
        page(world, &olivia, lines[2].id).await.line.standing,
        OrganizationStanding::SuspendedAbove
    );
}

async fn a_front_door_of_its_own_takes_its_people_along(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let fjord = world.organization("Fjord IT").await;
    let (freya, casey) = (world.enters("freya").await, world.enters("casey").await);
    let customer = world.customer_of("Fjord IT").await;
    let link = world.mailed_link(&customer).await;
    let view = page(world, &olivia, fjord).await;
    assert_eq!(view.slug.map(String::from).as_deref(), Some("fjord-it"));
    world.portal.give_site(&olivia.actor, fjord, "fjord-it").await.unwrap();

    assert!(!world.holds(&freya).await, "signed in anew");
    assert!(world.holds(&casey).await && world.holds(&olivia).await);
    let moved = world.person("freya").await;
    assert_ne!(moved.site, world.northwind);
    assert!(world.lets_in(&moved, DEMO_PASSWORD).await);
    assert_eq!(world.person("casey").await.site, world.northwind);
    // A link that was mailed before works where it leads to.
    world.uses(&link, NEW).await.unwrap();
    let customer = world.customer_of("Fjord IT").await;
    assert!(world.lets_in(&customer, NEW).await);
    // Its names are free at the old door.
    let view = page(world, &olivia, fjord).await;
    assert_eq!(view.line.door.href, "/s/fjord-it/login");
    assert_eq!(view.no_site, Some(OrganizationObstacle::HasSite));
    let again = world.portal.give_site(&olivia.actor, fjord, "fjord-it").await.unwrap();
    assert_eq!(again.deed, OrganizationDeed::GotSite);
    let other = world.portal.give_site(&olivia.actor, fjord, "fjord").await;
    assert_eq!(refusal(other), impossible(OrganizationObstacle::HasSite));
    world.mails().await;
}

async fn the_old_door_shows_who_moved_to_the_new_one(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let fjord = world.organization("Fjord IT").await;
    let old = world.customer_of("Fjord IT").await;
    world.portal.give_site(&olivia.actor, fjord, "fjord").await.unwrap();
    let new = world.customer_of("Fjord IT").await;
    assert_eq!((old.id, old.site), (new.id, world.northwind));
    let at_old = || world.visit_at(world.northwind);
    let right = world.sign_in(&at_old(), &old.email, DEMO_PASSWORD).await;
    let Refusal::Moved(door) = refusal(right) else { panic!("not shown") };
    assert_eq!((door.name.as_str(), door.href.as_str()), ("Fjord IT", "/s/fjord/login"));
    // To everybody else it is as if they had never been there, and they are guarded as ever.
    for _ in 0..10 {
        let result = world.sign_in(&at_old(), &old.email, WRONG).await;
        assert!(matches!(refusal(result), Refusal::SignInFailed | Refusal::Wait { .. }));
        world.seconds_pass(11);
    }
    let locked = world.sign_in(&world.visit_at(new.site), &new.email, DEMO_PASSWORD).await;
    assert!(matches!(refusal(locked), Refusal::Wait { .. }), "one counter for both doors");
    world.minutes_pass(16);
    assert!(world.lets_in(&new, DEMO_PASSWORD).await);
    // At a door that was never theirs they are nobody.
    let result = world.sign_in(&world.visit_at(world.contoso), &old.email, DEMO_PASSWORD).await;
    assert_eq!(refusal(result), Refusal::SignInFailed);

    // Who forgot the password gets a link to the new door.
    world.new_mails().await;
    world.asks_for_link(&at_old(), &old.email).await;
    let mails = world.new_mails().await;
    assert_eq!((mails.len(), &mails[0].to), (1, &old.email));
    let link = world.link_in(&mails[0]);
    assert!(link.url.contains("/s/fjord/reset/"), "{}", link.url);
    let visit = world.visit_at(new.site);
    world.portal.use_link(&visit, link.id, &link.token, new_password(NEW)).await.unwrap();
    assert!(world.lets_in(&new, NEW).await);

    // A name that somebody else has at the old door by now is theirs there.
    let drew = world.person("drew").await;
    let sql = "UPDATE accounts SET email = $2, email_key = $2 WHERE id = $1";
    world.sql.run(sql, values![drew.id, old.email.as_str()]).await;
    let drew = Person { email: old.email.clone(), ..drew };
    assert!(world.lets_in(&drew, DEMO_PASSWORD).await);
    let result = world.sign_in(&at_old(), &old.email, NEW).await;
    assert_eq!(refusal(result), Refusal::SignInFailed);
    world.mails().await;
}

async fn those_below_that_share_a_door_move_along(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let fjord = world.organization("Fjord IT").await;
    let below =
        |name: &str, door: &str| AddOrganization { scope: Some(fjord), ..addition(name, door, "") };
    let shares = adds(world, &olivia, below("Skerry", "shared")).await.unwrap();
    let apart = adds(world, &olivia, below("Islet", "own")).await.unwrap();
    let beside = adds(world, &olivia, addition("Moss", "shared", "")).await.unwrap();
    world.portal.give_site(&olivia.actor, fjord, "fjord").await.unwrap();
    for (id, path) in [
        (fjord, "/s/fjord/login"),
        (shares, "/s/fjord/login"),
        (apart, "/s/islet/login"),
        (beside, "/login"),
    ] {
        assert_eq!(page(world, &olivia, id).await.line.door.href, path);
    }
    assert_eq!(log(world, shares).await, ["organization_added", "organization_got_site"]);
    assert_eq!(log(world, apart).await, ["organization_added"]);
}

async fn only_an_empty_organization_is_deleted(world: &mut World) {
    let (robin, olivia) = (proven(world, "operator").await, proven(world, "olivia").await);
    let (northwind, fjord) =
        (world.organization("Northwind Backup").await, world.organization("Fjord IT").await);
    let delete = async |by: &Entered, id, typed: &str| {
        world.portal.delete_organization(&by.actor, id, typed).await
    };
    for (id, name, obstacle) in [
        (northwind, "Northwind Backup", OrganizationObstacle::HasOrganizations),
        (fjord, "Fjord IT", OrganizationObstacle::HasAccounts),
    ] {
        assert_eq!(refusal(delete(&robin, id, name).await), impossible(obstacle));
        assert_eq!(page(world, &robin, id).await.no_end, Some(obstacle));
    }
    let id = adds(world, &olivia, addition("Tidal Media", "own", "")).await.unwrap();
    world.sets_rule("Tidal Media", "link_minutes", Some(20), None).await;
    let connector = Uuid::from_u128(11);
    world.sql.run("INSERT INTO connectors (id, organization_id, kind, name, enabled, settings, created_at, updated_at) VALUES ($1, $2, 'comet', 'Backup', FALSE, '{}', 0, 0)", values![connector, id]).await;
    let refused = delete(&olivia, id, "Tidal Media").await;
    assert_eq!(refusal(refused), impossible(OrganizationObstacle::HasConnectors));
    world.sql.run("DELETE FROM connectors", []).await;
    // Somebody above it made a key for it; that goes with it.
    let key = MakeKey {
        scope: Some(id),
        name: "Billing".into(),
        permissions: vec![Permission::ReadCustomers],
        days: String::new(),
    };
    world.portal.make_api_key(&olivia.actor, key).await.unwrap();
    for (typed, problem) in [("", Problem::Required), ("Tidal", Problem::NameDiffers)] {
        assert_eq!(refusal(delete(&olivia, id, typed).await), Refusal::field("typed", problem));
    }
    assert_eq!(delete(&olivia, id, " Tidal  Media ").await.unwrap(), northwind);
    assert_eq!(tree(world, &olivia).await.len(), 2);
    assert_eq!(
        refusal(world.portal.organization_page(&olivia.actor, id, "").await),
        Refusal::NotFound
    );
    // Its address is free, and its log is whole.
    adds(world, &olivia, addition("Tidal Media", "own", "tidal-media")).await.unwrap();
    assert_eq!(log(world, id).await, ["organization_added", "organization_deleted"]);
}

async fn changes_of_organizations_are_recorded(world: &mut World) {
    let robin = proven(world, "operator").await;
    let [operator, northwind, contoso] = [
        world.organization("Rekey Operations").await,
        world.organization("Northwind Backup").await,
        world.organization("Contoso Cloud").await,
    ];
    let request = AddOrganization { scope: Some(northwind), ..addition("Tidal", "own", "") };
    let id = adds(world, &robin, request).await.unwrap();
    world.portal.rename_organization(&robin.actor, id, "Tidal Media").await.unwrap();
    // What is as it was is nothing to record.
    world.portal.rename_organization(&robin.actor, id, "Tidal Media").await.unwrap();
    moves(world, &robin, id, contoso).await.unwrap();
    world.portal.delete_organization(&robin.actor, id, "Tidal Media").await.unwrap();
    let [added, renamed, moved, deleted] = [
        "organization_added",
        "organization_renamed",
        "organization_moved",
        "organization_deleted",
    ];
    assert_eq!(log(world, id).await, [added, renamed, moved, deleted]);
    assert_eq!(log(world, northwind).await, [added, moved]);
    assert_eq!(log(world, contoso).await, [moved, deleted]);
    assert_eq!(log(world, operator).await, [""; 0]);
    // Where it was before, nobody reads where it went.
    let told: Vec<String> = world
        .sql
        .column("SELECT p.content FROM audit_personal p JOIN audit_entries e ON e.id = p.audit_id WHERE e.organization_id = $1 AND e.kind = 'organization_moved'", values![northwind])
        .await;
    assert!(told[0].contains("Northwind Backup") && !told[0].contains("Contoso"), "{told:?}");
}

async fn whoever_knew_it_before_acts_there_no_more(world: &mut World) {
    let (robin, olivia) = (proven(world, "operator").await, proven(world, "olivia").await);
    let (fjord, contoso) =
        (world.organization("Fjord IT").await, world.organization("Contoso Cloud").await);
    let customer = world.customer_of("Fjord IT").await;
    world.portal.give_site(&robin.actor, fjord, "fjord").await.unwrap();
    moves(world, &robin, fjord, contoso).await.unwrap();
    let request = SendLink {
        customer: customer.id,
        reason: "They called".into(),
        ticket: String::new(),
        places: String::new(),
    };
    assert_eq!(refusal(world.portal.send_link(&olivia.actor, request).await), Refusal::NotFound);
    for refused in everything(world, &olivia, fjord).await {
        assert_eq!(refused, Refusal::NotFound);
    }
}

async fn two_that_are_moved_below_each_other(world: &mut World) {
    let robin = proven(world, "operator").await;
    let (northwind, contoso) =
        (world.organization("Northwind Backup").await, world.organization("Contoso Cloud").await);
    let other = world.another_node().await;
    let there = MoveOrganization { organization: northwind, to: contoso };
    let back = MoveOrganization { organization: contoso, to: northwind };
    let (one, two) = tokio::join!(
        world.portal.move_organization(&robin.actor, there),
        other.move_organization(&robin.actor, back),
    );
    let moved = [one, two].into_iter().filter(|result| match result {
        Ok(_) => true,
        Err(Error::Refused(refusal)) => {
            assert_eq!(*refusal, Refusal::field("to", Problem::BelowItself));
            false
        }
        Err(error) => panic!("{error}"),
    });
    assert_eq!(moved.count(), 1);
    assert_eq!(tree(world, &robin).await.len(), 4);
    other.close().await;
}
