//! Front doors.

use model::{account::Language, id::SiteId};
use uuid::Uuid;

use crate::{
    sql::values,
    world::{World, stories},
};

stories! {
    a_slug_leads_to_its_site,
    a_host_leads_to_its_site,
    an_unknown_host_leads_to_the_default_site,
    a_site_is_found_by_its_id,
}

async fn a_slug_leads_to_its_site(world: &mut World) {
    let site = world.portal.site("127.0.0.1", Some("contoso")).await.unwrap().unwrap();
    assert_eq!(site.id, world.contoso);
    assert_eq!(site.name.as_str(), "Contoso Cloud");
    assert_eq!(site.prefix, "/s/contoso");
    assert_eq!(site.path("/login"), "/s/contoso/login");
    assert_eq!(site.tagline.as_deref(), Some("Your Contoso servers, mail and domains."));
    assert_eq!(site.support_email.as_deref(), Some("support@contoso.example"));
    assert_eq!(site.language, Language::En);
    for unknown in ["", "nowhere", "Contoso", "contoso/", "%", "contoso\0"] {
        assert_eq!(world.portal.site("127.0.0.1", Some(unknown)).await.unwrap(), None, "{unknown}");
    }
}

async fn a_host_leads_to_its_site(world: &mut World) {
    let sql = "INSERT INTO site_hosts (host, site_id, is_primary) VALUES ($1, $2, TRUE)";
    world.sql.run(sql, values!["login.contoso.example", world.contoso]).await;
    world.sql.run(sql, values!["portal.northwind.example", world.northwind]).await;
    let site = world.portal.site("login.contoso.example", None).await.unwrap().unwrap();
    assert_eq!((site.id, site.prefix.as_str()), (world.contoso, ""));
    let site = world.portal.site("portal.northwind.example", None).await.unwrap().unwrap();
    assert_eq!((site.id, site.prefix.as_str()), (world.northwind, ""));
    // Sites without a host of their own are reached under the default one's.
    let site =
        world.portal.site("portal.northwind.example", Some("contoso")).await.unwrap().unwrap();
    assert_eq!((site.id, site.prefix.as_str()), (world.contoso, "/s/contoso"));
}

async fn an_unknown_host_leads_to_the_default_site(world: &mut World) {
    for host in ["portal.northwind.example", "127.0.0.1", "localhost", "", "evil.example", "x\0y"] {
        let site = world.portal.site(host, None).await.unwrap().unwrap();
        assert_eq!((site.id, site.prefix.as_str()), (world.northwind, ""));
    }
}

async fn a_site_is_found_by_its_id(world: &mut World) {
    let site = world.portal.site_by_id(world.contoso).await.unwrap().unwrap();
    assert_eq!((site.name.as_str(), site.prefix.as_str()), ("Contoso Cloud", "/s/contoso"));
    let site = world.portal.site_by_id(world.northwind).await.unwrap().unwrap();
    assert_eq!(site.prefix, "");
    assert_eq!(world.portal.site_by_id(SiteId(Uuid::nil())).await.unwrap(), None);
}
