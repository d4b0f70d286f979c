//! Customers as files: how they arrive, and how they leave.

use portal::DEMO_PASSWORD;

use crate::world::{Answer, Asking, get, post, post_raw, world};

const PAGE: &str = "/customers/import";

fn jar(answer: &Answer) -> String {
    let pairs = answer.cookies().into_iter().map(|cookie| cookie.split(';').next().unwrap());
    pairs.collect::<Vec<_>>().join("; ")
}

/// Signs in and gives the `Cookie` line of the browser from then on.
fn signed_in(name: &str) -> String {
    let form = [("_form", "/api/session/sign-in"), ("name", name), ("password", DEMO_PASSWORD)];
    let answer = world().ask(post("/login", &form));
    assert_eq!(answer.status, 303, "{answer:?}");
    jar(&answer)
}

/// Proves one's password as well.
fn proven(name: &str) -> String {
    let cookie = signed_in(name);
    let form = [("_form", "/api/session/step-up"), ("password", DEMO_PASSWORD)];
    let answer = world().ask(post("/customers/export", &form).with("cookie", &cookie));
    assert_eq!(answer.status, 303, "{answer:?}");
    let kept = cookie.split("; ").filter(|pair| !pair.starts_with("rekey="));
    kept.chain([jar(&answer).as_str()]).collect::<Vec<_>>().join("; ")
}

/// A form with a file, as browsers send it.
fn upload(field: &str, content: &[u8]) -> Asking {
    let mut body = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    post_raw(PAGE, body).instead("content-type", "multipart/form-data; boundary=edge")
}

fn from_here(asking: Asking) -> Asking {
    asking.with("sec-fetch-site", "same-origin")
}

#[test]
fn a_file_arrives_at_its_page_from_our_own_pages_only() {
    let cookie = signed_in("olivia@northwind.example");
    let file = b"Name,Email\nNova,nova@newcomers.example\n";
    for site in ["cross-site", "same-site", "none"] {
        let asking = upload("file", file).with("sec-fetch-site", site).with("cookie", &cookie);
        assert_eq!(world().ask(asking).status, 403, "{site}");
    }
    assert_eq!(world().ask(upload("file", file).with("cookie", &cookie)).status, 403);
    let answer = world().ask(from_here(upload("file", file)).with("cookie", &cookie));
    assert_eq!(answer.status, 303, "{answer:?}");
    let job = answer.header("location").to_owned();
    assert!(job.starts_with("/customers/import/"), "{job}");
    let page = world().ask(get(&job).with("cookie", &cookie));
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Nova") || page.body.contains("a.csv"), "{}", page.body);
    // Nobody else's.
    let carla = [
        ("_form", "/api/session/sign-in"),
        ("name", "carla@contoso.example"),
        ("password", DEMO_PASSWORD),
    ];
    let carla = jar(&world().ask(post("/s/contoso/login", &carla)));
    assert_eq!(world().ask(get(&job).with("cookie", &carla)).status, 404);
    let report = world().ask(get(&format!("{job}/report")).with("cookie", &carla));
    assert_eq!(report.status, 404);
}

#[test]
fn who_may_not_send_a_file_is_told_so() {
    let file = b"Name,Email\nNova,nova@newcomers.example\n";
    let answer = world().ask(from_here(upload("file", file)));
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/login?next=/customers/import")
    );
    let casey = signed_in("casey@acme.example");
    assert_eq!(world().ask(from_here(upload("file", file)).with("cookie", &casey)).status, 404);
}

#[test]
fn what_is_wrong_with_a_file_is_told_on_its_page() {
    let cookie = signed_in("olivia@northwind.example");
    let too_large = vec![b'a'; 51 * 1024 * 1024];
    for (field, content, problem) in [
        ("file", &b""[..], "none"),
        ("other", b"Name,Email\na,b@c.example\n", "none"),
        ("file", b"Name,Email\n", "empty"),
        ("file", b"\xff\xfeN\0", "encoding"),
        ("file", &too_large, "size"),
    ] {
        let answer = world().ask(from_here(upload(field, content)).with("cookie", &cookie));
        let to = format!("/customers/import?problem={problem}");
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, to.as_str()));
        let page = world().ask(get(&to).with("cookie", &cookie));
        assert!(page.body.contains("role=\"alert\""), "{problem}");
    }
    let cut =
        b"--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nName";
    let cut =
        post_raw(PAGE, cut.to_vec()).instead("content-type", "multipart/form-data; boundary=edge");
    let answer = world().ask(from_here(cut).with("cookie", &cookie));
    assert_eq!(answer.header("location"), "/customers/import?problem=incomplete");
    // Forms stay as small as everywhere.
    let long = "a".repeat(70 * 1024);
    let answer = world().ask(post(PAGE, &[("x", long.as_str())]).with("cookie", &cookie));
    assert_eq!(answer.status, 413);
}

#[test]
fn customers_leave_after_a_fresh_proof() {
    let fields = [("q", "acme")];
    let asking = || post("/customers/export/file", &fields);
    let cookie = signed_in("olivia@northwind.example");
    let answer = world().ask(asking().with("cookie", &cookie));
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/customers/export"));
    let cookie = proven("olivia@northwind.example");
    let answer = world().ask(asking().with("cookie", &cookie));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert!(answer.header("content-disposition").starts_with("attachment"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.body.starts_with("\u{feff}reference,"), "{}", answer.body);
    assert!(answer.body.contains("casey@acme.example"));
    // Reading a page is no export.
    let answer = world().ask(get("/customers/export/file").with("cookie", &cookie));
    assert_eq!(answer.status, 405);
}
