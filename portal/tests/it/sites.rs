//! Front doors: by a word, by host names of their own, and who gives those.

use model::{
    Refusal,
    account::Language,
    factor::PasskeyDoor,
    organization::{OrganizationDeed, OrganizationObstacle},
    refusal::Problem,
};
use portal::{AddOrganization, DEMO_PASSWORD, SendLink, Visit};

use crate::{
    rules::{becomes, proven},
    sql::values,
    world::{Entered, NEW, ORIGIN, World, new_password, refusal, stories},
};

stories! {
    a_slug_leads_to_its_site,
    without_a_slug_there_is_the_default_site,
    a_host_of_its_own_leads_to_its_site,
    nobody_of_another_brand_is_signed_in_at_a_host,
    mails_lead_to_the_host_of_those_who_get_them,
    who_moved_is_shown_to_the_other_host,
    passkeys_are_made_at_the_own_host,
    host_names_are_given_by_those_who_run_the_server,
    no_two_front_doors_have_one_host_name,
    ;
    postgres:
    two_who_give_one_host_name_at_once,
}

const LOGIN: &str = "login.contoso.example";

/// The operator gives an organization's front door these host names.
async fn gives(world: &World, organization: &str, hosts: &str) -> Entered {
    let robin = proven(world, "operator").await;
    let id = world.organization(organization).await;
    let done = world.portal.set_hosts(&robin.actor, id, hosts).await.unwrap();
    assert_eq!(done.deed, OrganizationDeed::HostsSet);
    robin
}

/// Somebody comes to the own host of Contoso.
fn at_contoso(world: &World) -> Visit {
    Visit { here: format!("https://{LOGIN}"), ..world.visit_at(world.contoso) }
}

async fn a_slug_leads_to_its_site(world: &mut World) {
    let site = world.portal.site(Some("contoso")).await.unwrap().unwrap();
    assert_eq!(site.id, world.contoso);
    assert_eq!(site.name.as_str(), "Contoso Cloud");
    assert_eq!(site.prefix, "/s/contoso");
    assert_eq!(site.path("/login"), "/s/contoso/login");
    assert_eq!(site.tagline.as_deref(), Some("Your Contoso servers, mail and domains."));
    assert_eq!(site.support_email.as_deref(), Some("support@contoso.example"));
    assert_eq!((site.language, site.host), (Language::En, None));
    for unknown in ["", "nowhere", "Contoso", "contoso/", "%", "contoso\0"] {
        assert_eq!(world.portal.site(Some(unknown)).await.unwrap(), None, "{unknown}");
    }
}

async fn without_a_slug_there_is_the_default_site(world: &mut World) {
    let site = world.portal.site(None).await.unwrap().unwrap();
    assert_eq!((site.id, site.prefix.as_str()), (world.northwind, ""));
    for host in ["portal.northwind.example", "127.0.0.1", "localhost", "", "evil.example", "x\0y"] {
        assert_eq!(world.portal.site_at_host(host).await.unwrap(), None, "{host}");
    }
}

async fn a_host_of_its_own_leads_to_its_site(world: &mut World) {
    let carla = world.enters("carla").await;
    assert_eq!(world.portal.own_site(&carla.actor).await.unwrap().prefix, "/s/contoso");
    gives(world, "Contoso Cloud", "Login.Contoso.example, old.contoso.example").await;
    for host in [LOGIN, "old.contoso.example"] {
        let site = world.portal.site_at_host(host).await.unwrap().unwrap();
        assert_eq!((site.id, site.prefix.as_str()), (world.contoso, ""));
        assert_eq!(site.host.as_deref(), Some(LOGIN), "the first is the one that links lead to");
    }
    // By its word it is still found, so that old links lead to it.
    let site = world.portal.site(Some("contoso")).await.unwrap().unwrap();
    assert_eq!((site.prefix.as_str(), site.host.as_deref()), ("/s/contoso", Some(LOGIN)));
    // Whoever was signed in where they came in before is so no more; who comes by the host has no word.
    assert!(!world.holds(&carla).await);
    let signed_in = world.sign_in(&at_contoso(world), "carla@contoso.example", DEMO_PASSWORD).await;
    let visit = at_contoso(world);
    let actor = world.portal.actor(&visit, &signed_in.unwrap().token).await.unwrap().unwrap();
    assert_eq!(world.portal.own_site(&actor).await.unwrap().prefix, "");
    // Taken away again, it leads nowhere.
    gives(world, "Contoso Cloud", " ").await;
    assert_eq!(world.portal.site_at_host(LOGIN).await.unwrap(), None);
}

async fn nobody_of_another_brand_is_signed_in_at_a_host(world: &mut World) {
    gives(world, "Contoso Cloud", LOGIN).await;
    let (olivia, carla) = (world.enters("olivia").await, world.enters("carla").await);
    let visit = at_contoso(world);
    assert!(world.portal.actor(&visit, &olivia.token).await.unwrap().is_none());
    assert!(world.portal.actor(&visit, &carla.token).await.unwrap().is_some());
    assert!(world.holds(&olivia).await, "where it was made it goes on");
    // Nor is there an account of theirs, or a link.
    let result = world.sign_in(&visit, "olivia@northwind.example", DEMO_PASSWORD).await;
    assert_eq!(refusal(result), Refusal::SignInFailed);
    let casey = world.person("casey").await;
    let link = world.mailed_link(&casey).await;
    let used = world.portal.use_link(&visit, link.id, &link.token, new_password(NEW)).await;
    assert_eq!(refusal(used), Refusal::LinkUnusable);
    world.asks_for_link(&visit, "casey").await;
    assert!(world.new_mails().await.is_empty());
}

async fn mails_lead_to_the_host_of_those_who_get_them(world: &mut World) {
    let robin = gives(world, "Contoso Cloud", LOGIN).await;
    let customer = world.customer_of("Contoso Cloud").await;
    let link_of = async |world: &World| {
        let mails = world.new_mails().await;
        let mail = mails.iter().find(|mail| mail.to == customer.email).expect("a mail");
        world.link_in(mail).url
    };
    let own = format!("https://{LOGIN}/reset/");
    // Whoever asks for it, and wherever.
    world.asks_for_link(&at_contoso(world), &customer.email).await;
    let url = link_of(world).await;
    assert!(url.starts_with(&own), "{url}");
    world.minutes_pass(3);
    world.asks_for_link(&world.visit_at(world.contoso), &customer.email).await;
    let url = link_of(world).await;
    assert!(url.starts_with(&own), "{url}");
    let request = SendLink {
        customer: customer.id,
        reason: "They called from the number we know".into(),
        ticket: String::new(),
        places: String::new(),
    };
    world.portal.send_link(&robin.actor, request).await.unwrap();
    world.portal.work_off().await.unwrap();
    let url = link_of(world).await;
    assert!(url.starts_with(&own), "{url}");

    // At that host, somebody below with a front door of their own that has none is led to the server.
    let carla = proven(world, "carla").await;
    let below = AddOrganization {
        scope: None,
        name: "Cirrus".into(),
        door: "own".into(),
        slug: "cirrus".into(),
    };
    let cirrus = world.portal.add_organization(&carla.actor, below).await.unwrap().organization;
    let mut at_host = carla.actor.clone();
    at_host.visit.here = format!("https://{LOGIN}");
    let page = world.portal.organization_page(&at_host, cirrus, "").await.unwrap();
    assert_eq!(page.line.door.href, format!("{ORIGIN}/s/cirrus/login"));
    assert_eq!(page.hosts, None, "not hers to give");
    let page = world.portal.organization_page(&carla.actor, cirrus, "").await.unwrap();
    assert_eq!(page.line.door.href, "/s/cirrus/login");
    let tree = world.portal.organization_tree(&carla.actor, "").await.unwrap();
    assert_eq!(tree.lines[0].door.href, format!("https://{LOGIN}/login"));
    world.mails().await;
}

async fn who_moved_is_shown_to_the_other_host(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let fjord = world.organization("Fjord IT").await;
    let old = world.customer_of("Fjord IT").await;
    world.portal.give_site(&olivia.actor, fjord, "fjord").await.unwrap();
    gives(world, "Fjord IT", "fjord.example").await;
    let visit = world.visit_at(world.northwind);
    let Refusal::Moved(door) = refusal(world.sign_in(&visit, &old.email, DEMO_PASSWORD).await)
    else {
        panic!("not shown")
    };
    assert_eq!(door.href, "https://fjord.example/login");
}

async fn passkeys_are_made_at_the_own_host(world: &mut World) {
    gives(world, "Contoso Cloud", LOGIN).await;
    let carla = proven(world, "carla").await;
    let door = world.portal.two_factor(&carla.actor).await.unwrap().door;
    assert_eq!(door, PasskeyDoor::Elsewhere(format!("https://{LOGIN}")));
    let mut actor = carla.actor.clone();
    actor.visit.here = format!("https://{LOGIN}");
    let door = world.portal.two_factor(&actor).await.unwrap().door;
    assert_eq!(door, PasskeyDoor::Here(LOGIN.into()));
    let question = world.portal.begin_passkey(&actor).await.unwrap();
    let options: serde_json::Value = serde_json::from_str(&question.options).unwrap();
    assert_eq!(options["rp"]["id"], LOGIN);
    assert_eq!(options["rp"]["name"], "Contoso Cloud");
}

async fn host_names_are_given_by_those_who_run_the_server(world: &mut World) {
    let contoso = world.organization("Contoso Cloud").await;
    let fjord = world.organization("Fjord IT").await;
    // Not by resellers, to anybody.
    let (olivia, carla) = (proven(world, "olivia").await, proven(world, "carla").await);
    for (by, id, refused) in [
        (&carla, contoso, Refusal::NotAllowed),
        (&olivia, fjord, Refusal::NotAllowed),
        (&olivia, contoso, Refusal::NotFound),
    ] {
        let result = world.portal.set_hosts(&by.actor, id, LOGIN).await;
        assert_eq!(refusal(result), refused);
    }
    // With a fresh proof, for a front door that is the organization's own, and not for one's own.
    let robin = world.enters("operator").await;
    let result = world.portal.set_hosts(&robin.actor, contoso, LOGIN).await;
    assert_eq!(refusal(result), Refusal::StepUp);
    let robin = proven(world, "operator").await;
    let page = async |id| world.portal.organization_page(&robin.actor, id, "").await.unwrap().hosts;
    assert_eq!(page(contoso).await, Some(Vec::new()));
    assert_eq!(page(fjord).await, None);
    let result = world.portal.set_hosts(&robin.actor, fjord, LOGIN).await;
    assert_eq!(refusal(result), Refusal::NotFound);
    let own = robin.actor.organization;
    assert_eq!(page(own).await, None);
    let result = world.portal.set_hosts(&robin.actor, own, LOGIN).await;
    let impossible = Refusal::OrganizationImpossible(OrganizationObstacle::Own);
    assert_eq!(refusal(result), impossible);

    gives(world, "Contoso Cloud", &format!("{LOGIN} old.contoso.example")).await;
    // Saved again, nothing is recorded anew.
    gives(world, "Contoso Cloud", &format!("{LOGIN} old.contoso.example")).await;
    assert_eq!(page(contoso).await.unwrap(), [LOGIN, "old.contoso.example"]);
    let told: Vec<String> = world
        .sql
        .column(
            "SELECT content FROM audit_entries JOIN audit_personal ON audit_id = audit_entries.id WHERE organization_id = $1 AND kind = 'site_hosts_changed'",
            values![contoso],
        )
        .await;
    assert_eq!(told.len(), 1, "{told:?}");
    let change = r#"{"what":"hosts","new":"login.contoso.example, old.contoso.example"}"#;
    assert!(told[0].contains(change), "{}", told[0]);
    becomes(world, "operator", "auditor").await;
    let result = world.portal.set_hosts(&robin.actor, contoso, "").await;
    assert_eq!(refusal(result), Refusal::NotAllowed);
}

async fn no_two_front_doors_have_one_host_name(world: &mut World) {
    let robin = gives(world, "Contoso Cloud", LOGIN).await;
    let northwind = world.organization("Northwind Backup").await;
    let set = async |text: &str| world.portal.set_hosts(&robin.actor, northwind, text).await;
    for (text, problem) in [
        (format!("login.northwind.example {LOGIN}"), Problem::HostTaken),
        ("portal.northwind.example".into(), Problem::HostIsServer),
        ("login.northwind.example/".into(), Problem::NotAHostName),
    ] {
        assert_eq!(refusal(set(&text).await), Refusal::field("hosts", problem), "{text}");
    }
    let hosts: Vec<String> = world.sql.column("SELECT host FROM site_hosts", values![]).await;
    assert_eq!(hosts, [LOGIN], "all of it or nothing");
}

async fn two_who_give_one_host_name_at_once(world: &mut World) {
    let robin = proven(world, "operator").await;
    let ids =
        [world.organization("Northwind Backup").await, world.organization("Contoso Cloud").await];
    let (one, other) = tokio::join!(
        world.portal.set_hosts(&robin.actor, ids[0], LOGIN),
        world.portal.set_hosts(&robin.actor, ids[1], LOGIN),
    );
    let (won, lost) = if one.is_ok() { (one, other) } else { (other, one) };
    assert!(won.is_ok());
    assert_eq!(refusal(lost), Refusal::field("hosts", Problem::HostTaken));
}
