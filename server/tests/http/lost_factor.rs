//! A lost second factor, without JavaScript: every step is a form of its own page.

use portal::DEMO_PASSWORD;
use uuid::Uuid;

use crate::{
    browser::{Browser, code_in, mail_to},
    sql::{Sql, values},
    world::{Answer, World},
};

/// The account of somebody of the demo, who has a second factor from now on.
fn with_factor(world: &World, sql: &Sql, email: &str) -> Uuid {
    let id: Uuid = world.wait(sql.one("SELECT id FROM accounts WHERE email = $1", values![email]));
    let factor = Uuid::from_u128(id.as_u128() ^ 9);
    world.wait(sql.run(
        "INSERT INTO factors (id, account_id, kind, name, sealed, last_step, created_at) VALUES ($1, $2, 'totp', 'Phone', $3, 0, 0)",
        values![factor, id, vec![0_u8]],
    ));
    world.wait(sql.run("UPDATE accounts SET has_factor = TRUE WHERE id = $1", values![id]));
    id
}

/// Everything up to a verified caller: the page that says what will happen.
fn verifies(browser: &mut Browser<'_>, page: &str, id: &str, email: &str) -> Answer {
    let about = [("account", id), ("action", "remove_factor"), ("next", page)];
    let asked = [&about[..], &[("method", "mail")]].concat();
    let answer = browser.goes(page, "callers/check", &asked);
    assert!(answer.body.contains("A code is on its way to"), "{}", answer.body);
    let code = code_in(&mail_to(browser.world, email));
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let entered = [&about[..], &[("code", wrong)]].concat();
    let answer = browser.sends(page, "callers/verify", &entered);
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("aria-invalid"), "{}", answer.body);
    let entered = [&about[..], &[("code", code.as_str())]].concat();
    browser.goes(page, "callers/verify", &entered)
}

#[test]
fn a_customers_lost_factor_is_removed_step_by_step() {
    let world = World::new(None);
    let sql = world.wait(async { Sql::of(&world.database) });
    let email = "casey@acme.example";
    let id = with_factor(&world, &sql, email).to_string();
    let page = format!("/customers/{id}/factor");
    let mut olivia = Browser::signed_in(&world, "olivia@northwind.example");
    for tab in ["", "/account"] {
        let overview = olivia.opens(&format!("/customers/{id}{tab}"));
        assert!(overview.body.contains(&format!("href=\"{page}\"")), "{}", overview.body);
    }
    assert!(olivia.opens(&page).body.contains("Your own password"));
    let proof = [("password", DEMO_PASSWORD), ("next", page.as_str())];
    let answer = olivia.goes(&page, "session/step-up", &proof);
    assert!(answer.body.contains("Mail a code"), "{}", answer.body);
    // Nothing but the mail counts here.
    assert!(!answer.body.contains("Show it in their account"), "{}", answer.body);
    let answer = verifies(&mut olivia, &page, &id, email);
    for part in ["are removed at once", "Every session ends", "Remove the factor"] {
        assert!(answer.body.contains(part), "{part}: {}", answer.body);
    }
    assert!(!answer.body.contains("has to be set up before anything else"));
    let without = [("account", id.as_str()), ("reason", ""), ("ticket", "T-9")];
    let answer = olivia.sends(&page, "lost-factor/remove", &without);
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("T-9") && answer.body.contains("aria-invalid"));
    let with = [("account", id.as_str()), ("reason", "Lost at sea"), ("ticket", "T-9")];
    let answer = olivia.goes(&page, "lost-factor/remove", &with);
    assert!(answer.body.contains("The second factor is removed"), "{}", answer.body);
    assert!(mail_to(&world, email).contains("Your second factor was removed"));
    // Loaded again later, the page says what there is to say.
    let answer = olivia.opens(&page);
    assert!(answer.body.contains("There is no second factor to remove"), "{}", answer.body);
    // An agent is told whom to ask.
    with_factor(&world, &sql, email);
    let mut arun = Browser::signed_in(&world, "arun@northwind.example");
    let answer = arun.opens(&page);
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("Ask an admin or an owner"), "{}", answer.body);
}

#[test]
fn staff_keep_a_factor_that_waits_by_the_link_or_from_a_page_of_theirs() {
    let world = World::new(None);
    let sql = world.wait(async { Sql::of(&world.database) });
    let email = "arun@northwind.example";
    let mut arun = Browser::signed_in(&world, email);
    let id = with_factor(&world, &sql, email).to_string();
    let page = format!("/organization/staff/{id}/factor");
    let mut olivia = Browser::signed_in(&world, "olivia@northwind.example");
    let member = olivia.opens(&format!("/organization/staff/{id}"));
    assert!(member.body.contains(&format!("href=\"{page}\"")), "{}", member.body);
    let proof = [("password", DEMO_PASSWORD), ("next", page.as_str())];
    olivia.goes(&page, "session/step-up", &proof);
    let mut removes = |reason: &str| {
        let answer = verifies(&mut olivia, &page, &id, email);
        assert!(answer.body.contains("Nothing for 24 hours"), "{}", answer.body);
        let form = [("account", id.as_str()), ("reason", reason), ("ticket", "")];
        let answer = olivia.goes(&page, "lost-factor/remove", &form);
        assert!(answer.body.contains("The removal is asked for"), "{}", answer.body);
        assert!(answer.body.contains("Stop the removal"), "{}", answer.body);
    };
    removes("Lost at sea");

    // By the link, which changes nothing when it is opened.
    let mail = mail_to(&world, email);
    let link = mail.lines().find(|line| line.contains("/keep/") && line.starts_with("http"));
    let path = link.expect("a link").trim().strip_prefix("http://127.0.0.1:3000");
    let mut anybody = Browser::new(&world);
    let answer = anybody.opens(path.expect("our origin"));
    assert_eq!(answer.status, 303);
    let clean = answer.header("location").to_owned();
    let answer = anybody.opens(&clean);
    assert!(answer.body.contains("Keep your second factor?"), "{}", answer.body);
    assert!(answer.body.contains("Olivia Berg of Northwind Backup"), "{}", answer.body);
    assert!(!answer.body.contains(email), "{}", answer.body);
    let link = clean.rsplit('/').next().unwrap().to_owned();
    for _ in 0..2 {
        // Pressed twice, it is done.
        let fields = [("link", link.as_str())];
        let answer = anybody.goes(&clean, "lost-factor/keep-by-link", &fields);
        assert!(answer.body.contains("Your second factor stays"), "{}", answer.body);
    }
    let answer = Browser::new(&world).opens(&clean);
    assert_eq!(answer.status, 410);

    // From a page of theirs.
    removes("Lost again");
    for path in ["/", "/customers", "/account/security"] {
        let answer = arun.opens(path);
        assert!(answer.body.contains("Your second factor is about to be removed"), "{path}");
        assert!(answer.body.contains("/api/lost-factor/keep"), "{path}");
    }
    let answer = arun.goes("/customers", "lost-factor/keep", &[]);
    assert!(answer.body.contains("Your second factor stays. Nothing is removed."));
    assert!(!answer.body.contains("is about to be removed"), "{}", answer.body);

    // And by those who may ask for it.
    removes("Lost once more");
    let answer = olivia.goes(&page, "lost-factor/stop", &[("account", id.as_str())]);
    assert!(answer.body.contains("The removal is stopped"), "{}", answer.body);
    assert!(!arun.opens("/").body.contains("is about to be removed"));
}
