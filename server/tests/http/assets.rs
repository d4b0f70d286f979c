//! Files: compressed copies, and how long they are kept.

use std::sync::Arc;

use server::{Server, assets::Assets, router};

use crate::world::{ORIGIN, folder, get, settings, world};

#[test]
fn hashed_files_are_kept_for_ever_and_sent_compressed() {
    let script = "/pkg/rekey.AAAAAAAAAAAAAAAAAAAAAA.js";
    for (accepted, encoding, body) in [
        ("gzip, deflate, br, zstd", "br", "brotli script"),
        ("gzip", "gzip", "gzip script"),
        ("identity", "", "plain script"),
    ] {
        let answer = world().ask(get(script).with("accept-encoding", accepted));
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, body));
        assert_eq!(answer.header("content-encoding"), encoding);
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(answer.header("vary"), "accept-encoding");
        assert_eq!(answer.header("content-type"), "text/javascript");
    }
    let wasm = world().ask(get("/pkg/rekey.BBBBBBBBBBBBBBBBBBBBBB.wasm"));
    assert_eq!(wasm.header("content-type"), "application/wasm");
}

#[test]
fn other_files_are_kept_for_an_hour_and_the_list_of_hashes_is_not_served() {
    let favicon = world().ask(get("/favicon.svg"));
    assert_eq!(favicon.header("content-type"), "image/svg+xml");
    assert_eq!(favicon.header("cache-control"), "public, max-age=3600");
    assert_eq!(world().ask(get("/hash.txt")).status, 404);
    assert_eq!(world().ask(get("/.built")).status, 404);
    for path in
        ["/pkg/", "/pkg/../../master.key", "/pkg/%2e%2e/%2e%2e/master.key", "/pkg/..%2fhash.txt"]
    {
        assert_eq!(world().ask(get(path)).status, 404, "{path}");
    }
}

#[test]
fn pages_name_the_hashed_files() {
    let page = world().ask(get("/login")).body;
    for name in
        ["AAAAAAAAAAAAAAAAAAAAAA.js", "BBBBBBBBBBBBBBBBBBBBBB.wasm", "CCCCCCCCCCCCCCCCCCCCCC.css"]
    {
        assert!(page.contains(&format!("/pkg/rekey.{name}")), "{name}: {page}");
    }
}

#[test]
fn a_wrong_folder_is_named() {
    let folder = folder();
    let mut settings = settings(folder.path());
    settings.assets = Some(folder.path().join("elsewhere"));
    let error = Assets::find(&settings).unwrap_err().to_string();
    assert!(error.contains("elsewhere, where there is no folder pkg/"), "{error}");
}

#[test]
fn without_files_pages_are_plain() {
    let world = world();
    let settings = world.portal.settings();
    let server = Server::new(world.portal.clone(), settings, Assets::none())
        .demo(vec![ORIGIN.parse().unwrap()], None);
    let page = world.ask_at(&router::router(Arc::new(server)), get("/login"));
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("/pkg/"), "{}", page.body);
}
