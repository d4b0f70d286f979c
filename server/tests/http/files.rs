//! Customers as files: how they arrive, and how they leave; and pictures of front doors.

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
pub fn proven(name: &str) -> String {
    let cookie = signed_in(name);
    let form = [("_form", "/api/session/step-up"), ("password", DEMO_PASSWORD)];
    let answer = world().ask(post("/customers/export", &form).with("cookie", &cookie));
    assert_eq!(answer.status, 303, "{answer:?}");
    let kept = cookie.split("; ").filter(|pair| !pair.starts_with("rekey="));
    kept.chain([jar(&answer).as_str()]).collect::<Vec<_>>().join("; ")
}

/// A form with a file, as browsers send it.
fn upload(field: &str, content: &[u8]) -> Asking {
    upload_to(PAGE, field, content)
}

/// The same, of another page.
fn upload_to(page: &str, field: &str, content: &[u8]) -> Asking {
    let mut body = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(content);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    post_raw(page, body).instead("content-type", "multipart/form-data; boundary=edge")
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

/// The smallest PNG: one white pixel.
const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0,
    1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 10, b'I', b'D', b'A', b'T',
    0x78, 0xda, 0x63, 0xf8, 0x0f, 0, 0x01, 0x01, 0x01, 0, 0x1c, 0xb0, 0x8c, 0x99, 0, 0, 0, 0, b'I',
    b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

#[test]
fn a_logo_arrives_from_our_own_pages_and_is_there_for_everybody() {
    const TO: &str = "/organization/brand/picture?picture=logo";
    let page = |place: &str| format!("/organization/brand?{place}");
    let logo = |content: &[u8]| from_here(upload_to(TO, "file", content));
    let cookie = signed_in("olivia@northwind.example");
    let to = |asking: Asking, cookie: &str| {
        let answer = world().ask(asking.with("cookie", cookie));
        (answer.status.as_u16(), answer.header("location").to_owned())
    };
    assert_eq!(world().ask(upload_to(TO, "file", PIXEL).with("cookie", &cookie)).status, 403);
    assert_eq!(to(logo(PIXEL), ""), (303, "/login?next=/organization/brand".into()));
    // A proof that has run out is asked for on the page.
    assert_eq!(to(logo(PIXEL), &cookie), (303, page("problem=proof")));
    assert_eq!(to(logo(PIXEL), &proven("arun@northwind.example")).0, 404, "an agent");
    let cookie = proven("olivia@northwind.example");
    for (content, word) in [
        (&b""[..], "none"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "picture"),
        (&vec![0; 2 * 1024 * 1024 + 1][..], "bytes"),
        (&vec![0; 5 * 1024 * 1024][..], "bytes"),
    ] {
        assert_eq!(to(logo(content), &cookie), (303, page(&format!("problem={word}"))), "{word}");
    }
    let told = world().ask(get(&page("problem=picture")).with("cookie", &cookie));
    assert!(told.body.contains("Please choose a picture: PNG, JPEG or WebP."), "{}", told.body);
    for odd in ["picture=banner", "picture=logo&scope=mine", ""] {
        let asking = upload_to(&format!("/organization/brand/picture?{odd}"), "file", PIXEL);
        assert_eq!(to(from_here(asking), &cookie).0, 404, "{odd}");
    }
    let (status, place) = to(logo(PIXEL), &cookie);
    assert!(status == 303 && place.ends_with("done=saved"), "{status} {place}");
    let login = world().ask(get("/login"));
    let at = login.body.split("src=\"/brand/").nth(1).unwrap_or_else(|| panic!("{}", login.body));
    let address = format!("/brand/{}", at.split('"').next().unwrap());
    let answer = world().ask(get(&address));
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "image/png"));
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin");
    assert_eq!(world().ask(get("/brand/00000000000000000000000000000000")).status, 404);
}
