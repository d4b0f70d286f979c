//! A new email address, without JavaScript: every step is a form of its own page.

use model::account::Role;
use portal::{CreateStaff, DEMO_PASSWORD};
use uuid::Uuid;

use crate::{
    browser::{Browser, code_in, mail_to, path_in},
    sql::{Sql, values},
    world::World,
};

const OLD: &str = "casey@acme.example";
const NEW: &str = "casey@harbour.example";

/// The id of somebody of the demo.
fn id_of(world: &World, email: &str) -> String {
    let sql = world.wait(async { Sql::of(&world.database) });
    let id: Uuid = world.wait(sql.one("SELECT id FROM accounts WHERE email = $1", values![email]));
    id.to_string()
}

/// Opens the link of a mail, and the page that it leads to.
fn follows(browser: &mut Browser<'_>, mail: &str, page: &str) -> (String, String) {
    let answer = browser.opens(&path_in(mail, page));
    assert_eq!(answer.status, 303);
    let clean = answer.header("location").to_owned();
    let link = clean.rsplit('/').next().unwrap().to_owned();
    (clean, link)
}

#[test]
fn an_owner_asks_confirms_and_keeps() {
    let world = World::new(None);
    let mut casey = Browser::signed_in(&world, OLD);
    assert!(casey.opens("/account").body.contains("href=\"/account/email\""));
    let page = "/account/email";
    let answer = casey.opens(page);
    assert!(answer.body.contains("Your own password"), "{}", answer.body);
    let proof = [("password", DEMO_PASSWORD), ("next", page)];
    let answer = casey.goes(page, "session/step-up", &proof);
    assert!(answer.body.contains("takes effect after 72 hours"), "{}", answer.body);
    for (typed, told) in [("casey@", "email address"), (OLD, "That is the address already")] {
        let answer = casey.sends(page, "email-change/ask-own", &[("email", typed)]);
        assert_eq!(answer.status, 422);
        assert!(answer.body.contains("aria-invalid") && answer.body.contains(told), "{typed}");
        assert!(answer.body.contains(&format!("value=\"{typed}\"")), "{typed}");
    }
    let answer = casey.goes(page, "email-change/ask-own", &[("email", NEW)]);
    assert!(answer.body.contains("The new address is asked for"), "{}", answer.body);
    assert!(answer.body.contains("The address is to become casey@harbour.example"));
    assert!(answer.body.contains("Nobody has confirmed it"), "{}", answer.body);

    // Whoever reads the new mailbox may be anybody.
    let mut stranger = Browser::new(&world);
    let (clean, link) = follows(&mut stranger, &mail_to(&world, NEW), "/new-address/");
    let answer = stranger.opens(&clean);
    assert!(answer.body.contains("Confirm this email address?"), "{}", answer.body);
    assert!(!answer.body.contains("Thornton") && !answer.body.contains("acme"), "{}", answer.body);
    for _ in 0..2 {
        // Pressed twice, it is done.
        let fields = [("link", link.as_str())];
        let answer = stranger.goes(&clean, "email-change/confirm-by-link", &fields);
        assert!(answer.body.contains("The address is confirmed"), "{}", answer.body);
    }
    assert_eq!(Browser::new(&world).opens(&clean).status, 410);
    assert!(casey.opens(page).body.contains("It was confirmed at the new address"));

    // The other pages tell of it, and so does the old mailbox.
    for path in ["/account", "/account/security"] {
        let answer = casey.opens(path);
        assert!(answer.body.contains("is to become c•••y@harbour.example"), "{path}");
        assert!(answer.body.contains("/api/email-change/keep-own"), "{path}");
    }
    let mut anybody = Browser::new(&world);
    let (clean, link) = follows(&mut anybody, &mail_to(&world, OLD), "/keep-address/");
    let answer = anybody.opens(&clean);
    assert!(answer.body.contains("Keep your email address?"), "{}", answer.body);
    assert!(!answer.body.contains(OLD) && !answer.body.contains(NEW), "{}", answer.body);
    let fields = [("link", link.as_str())];
    let answer = anybody.goes(&clean, "email-change/keep-by-link", &fields);
    assert!(answer.body.contains("Your email address stays"), "{}", answer.body);
    assert_eq!(Browser::new(&world).opens(&clean).status, 410);
    assert!(!casey.opens("/account").body.contains("is to become"));

    // And from a page of one's own.
    casey.goes(page, "email-change/ask-own", &[("email", "casey@quay.example")]);
    let answer = casey.goes("/account", "email-change/keep-own", &[]);
    assert!(answer.body.contains("Your address stays as it is"), "{}", answer.body);
    assert!(!answer.body.contains("is to become"), "{}", answer.body);
}

#[test]
fn staff_change_a_customers_address_step_by_step() {
    let world = World::new(None);
    let id = id_of(&world, OLD);
    let page = format!("/customers/{id}/email");
    let mut olivia = Browser::signed_in(&world, "olivia@northwind.example");
    for tab in ["", "/account"] {
        let overview = olivia.opens(&format!("/customers/{id}{tab}"));
        assert!(overview.body.contains(&format!("href=\"{page}\"")), "{}", overview.body);
    }
    assert!(olivia.opens(&page).body.contains("Your own password"));
    let proof = [("password", DEMO_PASSWORD), ("next", page.as_str())];
    let answer = olivia.goes(&page, "session/step-up", &proof);
    assert!(answer.body.contains("Mail a code"), "{}", answer.body);
    assert!(answer.body.contains("Show it in their account"), "{}", answer.body);
    let about = [("account", id.as_str()), ("action", "change_email"), ("next", page.as_str())];
    let asked = [&about[..], &[("method", "mail")]].concat();
    olivia.goes(&page, "callers/check", &asked);
    let code = code_in(&mail_to(&world, OLD));
    let entered = [&about[..], &[("code", code.as_str())]].concat();
    let answer = olivia.goes(&page, "callers/verify", &entered);
    for part in ["Nothing for 72 hours", "Ask for the new address", "for one change"] {
        assert!(answer.body.contains(part), "{part}: {}", answer.body);
    }
    let form = |email, reason| {
        [("account", id.clone()), ("email", email), ("reason", reason), ("ticket", "T-9".into())]
    };
    let as_fields = |form: &[(&'static str, String); 4]| {
        form.iter().map(|(name, value)| (*name, value.clone())).collect::<Vec<_>>()
    };
    let mut sends = |email: &str, reason: &str| {
        let fields = as_fields(&form(email.to_owned(), reason.to_owned()));
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        olivia.sends(&page, "email-change/ask", &fields)
    };
    let answer = sends(OLD, "");
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("T-9") && answer.body.contains("aria-invalid"));
    let answer = sends(NEW, "The company has another name");
    assert_eq!(answer.header("location"), format!("{page}?done=asked"));
    let answer = olivia.opens(&format!("{page}?done=asked"));
    assert!(answer.body.contains("The new address is asked for"), "{}", answer.body);
    assert!(answer.body.contains("The company has another name"), "{}", answer.body);
    // An agent sees that something waits, and cannot touch it.
    let mut arun = Browser::signed_in(&world, "arun@northwind.example");
    let answer = arun.opens(&page);
    assert!(answer.body.contains("c•••y@harbour.example"), "{}", answer.body);
    assert!(!answer.body.contains("Stop the change"), "{}", answer.body);
    let answer = olivia.goes(&page, "email-change/stop", &[("account", id.as_str())]);
    assert!(answer.body.contains("The change is stopped"), "{}", answer.body);
    let answer = arun.opens(&page);
    assert!(answer.body.contains("Ask an admin or an owner"), "{}", answer.body);
}

#[test]
fn a_second_person_agrees_on_the_same_page() {
    let world = World::new(None);
    let id = id_of(&world, OLD);
    let page = format!("/customers/{id}/email");
    let without = format!("{page}?second=1");
    let mut olivia = Browser::signed_in(&world, "olivia@northwind.example");
    let proof = [("password", DEMO_PASSWORD), ("next", without.as_str())];
    let answer = olivia.goes(&page, "session/step-up", &proof);
    assert!(answer.body.contains("A second person who may change addresses"), "{}", answer.body);
    let account = ("account", id.as_str());
    let about = [account, ("email", NEW), ("ticket", "")];
    let asked = [&about[..], &[("reason", "Lost the mailbox"), ("second", "true")]].concat();
    let answer = olivia.goes(&without, "email-change/ask", &asked);
    assert!(answer.body.contains("A second person has to agree now"), "{}", answer.body);
    assert!(mail_to(&world, OLD).contains("/keep-address/"));
    let answer = olivia.opens(&page);
    assert!(answer.body.contains("You asked for it yourself"), "{}", answer.body);
    assert!(!olivia.opens("/").body.contains("that a second person has to agree to"));

    let request = CreateStaff {
        organization: "Northwind Backup".into(),
        email: "robin@northwind.example".into(),
        name: "Robin Second".into(),
        role: Role::Owner,
    };
    let password = world.wait(world.portal.create_staff(request)).unwrap();
    let mut robin = Browser::signed_in_with(&world, "robin@northwind.example", password.reveal());
    let home = robin.opens("/");
    assert!(home.body.contains("that a second person has to agree to"), "{}", home.body);
    assert!(home.body.contains(&format!("href=\"{page}\"")), "{}", home.body);
    let answer = robin.opens(&page);
    assert!(answer.body.contains("Lost the mailbox"), "{}", answer.body);
    assert!(answer.body.contains("Your own password"), "{}", answer.body);
    let proof = [("password", password.reveal()), ("next", page.as_str())];
    let answer = robin.goes(&page, "session/step-up", &proof);
    assert!(answer.body.contains("Agree to the new address"), "{}", answer.body);
    let change = answer.body.split("name=\"change\" value=\"").nth(1).expect("a change");
    let change = change.split('"').next().unwrap_or_default().to_owned();
    let bare = [account, ("change", change.as_str()), ("reason", ""), ("ticket", "")];
    let answer = robin.sends(&page, "email-change/approve", &bare);
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("aria-invalid"), "{}", answer.body);
    let full = [account, ("change", change.as_str()), ("reason", "I know them"), ("ticket", "")];
    let answer = robin.goes(&page, "email-change/approve", &full);
    assert!(answer.body.contains("You agreed."), "{}", answer.body);
    assert!(mail_to(&world, NEW).contains("/new-address/"));
    assert!(!robin.opens("/").body.contains("that a second person has to agree to"));
}
