//! What is measured, and that it tells nothing of anybody.

use std::sync::Arc;

use server::{Server, assets::Assets, metrics, router};

use crate::world::{get, post, settings, world};

#[test]
fn measurements_are_numbers_and_name_nobody() {
    let world = world();
    let folder = crate::world::folder();
    let mut settings = settings(folder.path());
    settings.metrics.listen = Some(([127, 0, 0, 1], 0).into());
    let assets = Assets::find(&settings).unwrap();
    let origins = vec![crate::world::ORIGIN.parse().unwrap()];
    let server = Server::new(world.portal.clone(), &settings, assets).demo(origins, None);
    let requests = server.requests().expect("somebody measures");
    let people = router::router(Arc::new(server));
    let measured = metrics::router(world.portal.clone(), requests);

    let link = "/reset/0198c1c1-0000-7000-8000-000000000000";
    world.ask_at(&people, get(&format!("{link}/Zm9vYmFyYmF6-_0123456789")));
    world.ask_at(&people, get(link));
    world.ask_at(&people, get("/nothing/casey@acme.example"));
    let fields = [("name", "olivia@northwind.example"), ("password", portal::DEMO_PASSWORD)];
    world.ask_at(&people, post("/api/session/sign-in", &fields));
    let fields = [("name", "nobody@nowhere.example"), ("password", "not the password")];
    world.ask_at(&people, post("/api/session/sign-in", &fields));

    let answer = world.ask_at(&measured, get("/metrics"));
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    for line in [
        "rekey_http_request_seconds_count{route=\"/reset/{link}/{token}\",status=\"3xx\"} 1",
        "rekey_http_request_seconds_count{route=\"(none)\",status=\"4xx\"} 1",
        "rekey_build{version=",
        "rekey_database_up 1",
        "rekey_sign_ins_total{outcome=\"done\"} ",
        "rekey_sign_ins_total{outcome=\"refused\"} ",
        "rekey_hashing_running ",
        "rekey_hashing_waiting 0",
        "rekey_hashing_refused_total 0",
        "rekey_mails{state=\"dead\"} 0",
        "rekey_oldest_mail_waiting_seconds ",
        "rekey_resets{state=\"needs_attention\"} 0",
        "rekey_sessions ",
        "rekey_database_connections{pool=\"writer\"} 1",
        "rekey_process_resident_memory_bytes ",
    ] {
        assert!(answer.body.contains(line), "{line} in\n{}", answer.body);
    }
    assert!(answer.body.ends_with("# EOF\n"));
    for somebody in ["0198c1c1", "Zm9v", "casey", "olivia", "nobody@", "orthwind", "ontoso"] {
        assert!(!answer.body.contains(somebody), "{somebody} in\n{}", answer.body);
    }
    // People do not find it, and who measures finds nothing else.
    assert_eq!(world.ask_at(&people, get("/metrics")).status, 404);
    assert_eq!(world.ask_at(&measured, get("/login")).status, 404);
}
