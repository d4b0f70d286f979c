//! Customers, as staff find them and read about them.

use std::collections::BTreeSet;

use model::{
    Refusal,
    customer::{CustomerOrder, CustomerPage, CustomerQuery, CustomerRow, CustomerState},
    id::{AccountId, OrganizationId},
};
use portal::{ChangeProfile, DEMO_PASSWORD};
use uuid::Uuid;

use crate::{
    sql::{Sql, values},
    world::{Entered, NEW, World, refusal, stories},
};

stories! {
    people_are_found_by_what_one_remembers_of_them,
    what_is_found_is_what_has_all_the_words,
    what_most_have_hides_nobody,
    pages_follow_each_other_in_every_order,
    whoever_is_gone_begins_anew,
    states_narrow_the_list_and_are_counted,
    a_lock_that_has_opened_is_none,
    a_scope_holds_what_is_below_it,
    scopes_are_a_tree,
    another_resellers_customer_is_as_good_as_none,
    customers_see_nothing_of_it,
    a_new_name_is_found_at_once,
    a_sign_in_moves_one_up,
    who_looked_is_recorded_once_a_sitting,
    a_customer_at_a_glance,
    customers_of_an_older_version_are_found,
    what_is_not_text_finds_nothing,
}

fn query(text: &str) -> CustomerQuery {
    CustomerQuery { text: text.into(), ..CustomerQuery::default() }
}

async fn find(world: &World, who: &Entered, query: &CustomerQuery) -> CustomerPage {
    world.portal.find_customers(&who.actor, query).await.unwrap()
}

async fn names(world: &World, who: &Entered, text: &str) -> Vec<String> {
    let page = find(world, who, &query(text)).await;
    page.rows.into_iter().map(|row| row.name.to_string()).collect()
}

/// Every customer that a query finds, page after page.
async fn all(world: &World, who: &Entered, query: &CustomerQuery) -> Vec<CustomerRow> {
    let mut query = CustomerQuery { after: None, before: None, ..query.clone() };
    let mut rows = Vec::new();
    loop {
        let page = find(world, who, &query).await;
        rows.extend(page.rows);
        query.after = match page.after {
            Some(after) => Some(after),
            None => return rows,
        };
    }
}

async fn people_are_found_by_what_one_remembers_of_them(world: &mut World) {
    let olivia = world.enters("olivia").await;
    world
        .sql
        .run("UPDATE accounts SET reference = 'KD-4711' WHERE email = 'casey@acme.example'", [])
        .await;
    let casey = world.enters("casey").await;
    let profile = ChangeProfile {
        name: "Cäsey Thörnton".into(),
        user_name: "ct_1979".into(),
        language: "en".into(),
    };
    world.portal.change_profile(&casey.actor, profile).await.unwrap();
    for typed in [
        "casey",
        "CASEY thornton",
        "Thörn",
        "acme join",
        "casey@acme.example",
        "ornt",
        "kd-4711",
        "4711",
        "ct_1979",
        "1979",
        " thornton,  Casey ",
    ] {
        assert_eq!(names(world, &olivia, typed).await, ["Cäsey Thörnton"], "{typed}");
    }
    for typed in ["thornten", "casey blueberry", "ct_1980", "'; DROP TABLE accounts; --"] {
        assert_eq!(names(world, &olivia, typed).await, Vec::<String>::new(), "{typed}");
    }
}

/// The list agrees with what anyone would find who reads all of it, through whichever index.
async fn what_is_found_is_what_has_all_the_words(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let everybody = all(world, &olivia, &query("")).await;
    assert_eq!(everybody.len(), 215);
    for typed in [
        "am",
        "ha",
        "ar",
        "har",
        "bakery",
        "al am",
        "harbour a",
        "example",
        "c-10",
        "xq",
        "zoe or",
        "ja",
        "y",
    ] {
        let words: Vec<String> = typed.split([' ', '-']).map(str::to_owned).collect();
        let expected: BTreeSet<AccountId> = everybody
            .iter()
            .filter(|row| {
                let text = format!(
                    " {} {} {} {}",
                    row.name,
                    row.company.as_deref().unwrap_or_default(),
                    row.email,
                    row.reference.as_deref().unwrap_or_default()
                );
                let text = text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), " ");
                typed.len() < 2
                    || words.iter().all(|word| match word.len() {
                        1 | 2 => text.contains(&format!(" {word}")),
                        _ => text.contains(word),
                    })
            })
            .map(|row| row.id)
            .collect();
        let found = all(world, &olivia, &query(typed)).await;
        assert_eq!(found.len(), expected.len(), "{typed}");
        assert_eq!(found.into_iter().map(|row| row.id).collect::<BTreeSet<_>>(), expected);
    }
}

/// Enough of them that their words are told apart into common and rare ones, and that what is common
/// is walked to: who is found stays the same.
async fn what_most_have_hides_nobody(world: &mut World) {
    const MANY: usize = 6_000;
    let id = match &world.sql {
        Sql::Sqlite(_) => "randomblob(16)",
        Sql::Postgres(_) => "gen_random_uuid()",
    };
    // Every tenth is Fjord's; one in a hundred has a name that nobody else has.
    let customers = |numbers: &mut dyn Iterator<Item = usize>| {
        let numbers = numbers.map(|n| format!("({n})")).collect::<Vec<_>>().join(", ");
        format!(
            "WITH n(n) AS (VALUES {numbers}) INSERT INTO accounts (id, site_id, organization_id, kind, state, email, email_key, name, name_key, reference, language, allows_resets, resets_allowed_until, must_change_password, locked_by, created_at, updated_at)
                SELECT {id}, w.site_id, w.organization_id, 'customer', 'active', 'many' || n || '@lakes.example', 'many' || n || '@lakes.example', CASE WHEN n % 100 = 5 THEN 'Xanthippe' ELSE 'Common' END || ' Person ' || n, CASE WHEN n % 100 = 5 THEN 'xanthippe' ELSE 'common' END || ' person ' || n, 'R-' || n, 'en', FALSE, 0, FALSE, CASE WHEN n % 50 = 5 THEN 'staff' END, 0, 0
                FROM n JOIN accounts w ON w.email = CASE WHEN n % 10 = 5 THEN 'freya@fjord.example' ELSE 'casey@acme.example' END"
        )
    };
    // The next start lists one of each organization, and the others are listed after their pattern:
    // one by one they would take a while.
    world.sql.script(customers(&mut [0, 5].into_iter())).await;
    world.sql.run("DELETE FROM meta WHERE name LIKE 'customers_listed%'", []).await;
    world.restart(|_| {}).await;
    let mut others = (0..MANY).filter(|n| ![0, 5].contains(n));
    let pattern = "SELECT a.organization_id, t.scopes FROM customer_texts t JOIN accounts a ON a.id = t.account_id WHERE a.email IN ('many0@lakes.example', 'many5@lakes.example')";
    world
        .sql
        .script(format!(
            "{};
            INSERT INTO customer_listings (account_id, ancestor_id, name_key, company_key, last_sign_in_at)
                SELECT a.id, s.ancestor_id, lower(a.name), '', 0 FROM accounts a JOIN organization_ancestors s ON s.organization_id = a.organization_id WHERE a.email LIKE 'many%' ON CONFLICT DO NOTHING;
            INSERT INTO customer_texts (account_id, text, scopes)
                SELECT a.id, ' ' || lower(a.name) || ' ' || replace(replace(a.email, '@', ' '), '.', ' ') || ' r ' || substr(a.reference, 3), p.scopes FROM accounts a JOIN ({pattern}) p ON p.organization_id = a.organization_id WHERE a.email LIKE 'many%' ON CONFLICT DO NOTHING",
            customers(&mut others)
        ))
        .await;
    let olivia = world.enters("olivia").await;
    let fjord = world.organization("Fjord IT").await;
    let everybody = (0..MANY).map(|n| {
        let first = if n % 100 == 5 { "Xanthippe" } else { "Common" };
        (n, format!(" {first} Person {n} many{n} lakes example R {n}").to_lowercase())
    });
    let everybody: Vec<(usize, String)> = everybody.collect();
    for (scope, typed) in [
        (None, "xanthippe"),
        (None, "common person 59"),
        (None, "many4242@lakes"),
        (None, "lakes per 17"),
        (None, "per r-596"),
        (None, "xa"),
        (Some(fjord), "common"),
        (Some(fjord), "xanthippe 1"),
        (Some(fjord), "son many105"),
        (Some(fjord), "person 7"),
    ] {
        for state in [None, Some(CustomerState::Locked)] {
            let words: Vec<&str> = typed.split([' ', '-', '@']).collect();
            let expected: BTreeSet<String> = everybody
                .iter()
                .filter(|(n, text)| {
                    (scope.is_none() || n % 10 == 5)
                        && (state.is_none() || n % 50 == 5)
                        && words.iter().all(|word| match word.len() {
                            1 | 2 => text.contains(&format!(" {word}")),
                            _ => text.contains(word),
                        })
                })
                .map(|(n, _)| format!("many{n}@lakes.example"))
                .collect();
            let query = CustomerQuery { scope, state, ..query(typed) };
            let found = all(world, &olivia, &query).await;
            let emails: BTreeSet<String> = found.iter().map(|row| row.email.to_string()).collect();
            assert_eq!(emails.len(), found.len(), "nobody twice: {typed}");
            assert_eq!(emails, expected, "{typed} {state:?}");
        }
    }
}

async fn pages_follow_each_other_in_every_order(world: &mut World) {
    let olivia = world.enters("olivia").await;
    for order in CustomerOrder::ALL {
        for text in ["", "har", "al o"] {
            for state in [None, Some(CustomerState::NeverSignedIn), Some(CustomerState::NoConsent)]
            {
                let ascending =
                    CustomerQuery { order, state, text: text.into(), ..CustomerQuery::default() };
                let forwards = all(world, &olivia, &ascending).await;
                let ids: BTreeSet<AccountId> = forwards.iter().map(|row| row.id).collect();
                assert_eq!(ids.len(), forwards.len(), "nobody twice");
                let is_ordered = forwards.is_sorted_by(|a, b| match order {
                    CustomerOrder::Name => {
                        a.name.as_str().to_lowercase() <= b.name.as_str().to_lowercase()
                    }
                    CustomerOrder::Company => a.company <= b.company,
                    CustomerOrder::LastSignIn => a.last_sign_in_at <= b.last_sign_in_at,
                });
                assert!(is_ordered, "{order:?} {text:?} {state:?}");

                let descending = CustomerQuery { descending: true, ..ascending.clone() };
                let mut backwards = all(world, &olivia, &descending).await;
                backwards.reverse();
                assert_eq!(backwards, forwards);
            }
        }
    }

    // To the last page, and page by page back to the first.
    let mut page = find(world, &olivia, &query("")).await;
    assert_eq!(page.before, None);
    let mut pages = vec![page.rows.clone()];
    while let Some(after) = page.after {
        page = find(world, &olivia, &CustomerQuery { after: Some(after), ..query("") }).await;
        pages.push(page.rows.clone());
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [50, 50, 50, 50, 15]);
    while let Some(before) = page.before {
        pages.pop();
        page = find(world, &olivia, &CustomerQuery { before: Some(before), ..query("") }).await;
        assert_eq!(Some(&page.rows), pages.last());
        assert!(page.after.is_some());
    }
    assert_eq!(pages.len(), 1);
}

async fn whoever_is_gone_begins_anew(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let first = find(world, &olivia, &query("")).await;
    for gone in [AccountId(Uuid::nil()), world.customer_of("Contoso Cloud").await.id] {
        for query in [
            CustomerQuery { after: Some(gone), ..query("") },
            CustomerQuery { before: Some(gone), ..query("") },
        ] {
            assert_eq!(find(world, &olivia, &query).await, first);
        }
    }
}

async fn states_narrow_the_list_and_are_counted(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let (casey, drew) = (world.person("casey").await, world.person("drew").await);
    world.suspends(&casey).await;
    let sql = "UPDATE accounts SET must_change_password = TRUE WHERE id = $1";
    world.sql.run(sql, values![drew.id]).await;
    let page = find(world, &olivia, &query("")).await;
    assert_eq!((page.total.number, page.total.more), (215, false));
    for (state, count) in page.states {
        let query = CustomerQuery { state: Some(state), ..query("") };
        let found = all(world, &olivia, &query).await;
        assert_eq!((found.len(), count.more), (count.number as usize, false), "{state:?}");
        assert!(!found.is_empty(), "{state:?}");
        assert!(
            found.iter().all(|row| match state {
                CustomerState::Locked => row.standing.lock.is_some(),
                CustomerState::MustChangePassword => row.standing.must_change_password,
                CustomerState::NoConsent => !row.standing.allows_resets,
                CustomerState::NeverSignedIn => row.last_sign_in_at.is_none(),
                CustomerState::NoFactor => !row.standing.has_factor,
                CustomerState::Suspended => row.standing.suspended,
            }),
            "{state:?}"
        );
    }
}

async fn a_lock_that_has_opened_is_none(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let casey = world.person("casey").await;
    let locked = CustomerQuery { state: Some(CustomerState::Locked), ..query("casey") };
    for _ in 0..10 {
        world.sign_in(&world.visit_from_anywhere(), &casey.email, "wrong").await.unwrap_err();
        world.seconds_pass(10);
    }
    let row = find(world, &olivia, &locked).await.rows.remove(0);
    assert_eq!(row.id, casey.id);
    assert!(row.standing.locked_until.is_some_and(|until| until > world.now()));
    world.minutes_pass(16);
    assert_eq!(find(world, &olivia, &locked).await.rows, []);
    let row = find(world, &olivia, &query("casey")).await.rows.remove(0);
    assert_eq!((row.standing.lock, row.standing.locked_until), (None, None));
    world.mails().await;
}

async fn a_scope_holds_what_is_below_it(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let whole = find(world, &olivia, &query("")).await;
    assert_eq!((whole.scope.name.as_str(), whole.has_several), ("Northwind Backup", true));
    let fjord = world.organization("Fjord IT").await;
    let page = find(world, &olivia, &CustomerQuery { scope: Some(fjord), ..query("") }).await;
    assert_eq!((page.scope.name.as_str(), page.has_several), ("Fjord IT", false));
    assert_eq!((page.rows.len(), page.total.number), (12, 12));
    assert!(page.rows.iter().all(|row| row.organization.as_str() == "Fjord IT"));

    // Freya sees hers and nothing above; the operator sees all.
    let freya = world.enters("freya").await;
    assert_eq!(find(world, &freya, &query("")).await.rows, page.rows);
    let operator = world.enters("operator").await;
    assert_eq!(find(world, &operator, &query("")).await.total.number, 233);

    let northwind = world.organization("Northwind Backup").await;
    let contoso = world.organization("Contoso Cloud").await;
    for (who, scope) in [
        (&freya, northwind),
        (&olivia, contoso),
        (&olivia, world.organization("Rekey Operations").await),
        (&olivia, OrganizationId(Uuid::nil())),
    ] {
        let query = CustomerQuery { scope: Some(scope), ..query("") };
        let found = world.portal.find_customers(&who.actor, &query).await;
        assert_eq!(refusal(found), Refusal::NotFound);
    }
}

async fn scopes_are_a_tree(world: &mut World) {
    let operator = world.enters("operator").await;
    let scopes = |text| {
        let (portal, actor) = (world.portal.clone(), operator.actor.clone());
        async move {
            let scopes = portal.scopes(&actor, text).await.unwrap();
            scopes.iter().map(|scope| format!("{} {}", scope.depth, scope.name)).collect::<Vec<_>>()
        }
    };
    assert_eq!(
        scopes("").await,
        ["0 Rekey Operations", "1 Contoso Cloud", "1 Northwind Backup", "2 Fjord IT"]
    );
    assert_eq!(scopes("cl").await, ["1 Contoso Cloud"]);
    assert_eq!(scopes("it fj").await, ["2 Fjord IT"]);
    assert_eq!(scopes("nobody").await, Vec::<String>::new());
    let freya = world.enters("freya").await;
    let own = world.portal.scopes(&freya.actor, "").await.unwrap();
    assert_eq!(own.iter().map(|scope| scope.name.as_str()).collect::<Vec<_>>(), ["Fjord IT"]);
}

async fn another_resellers_customer_is_as_good_as_none(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let freya = world.enters("freya").await;
    let before = world.sql.everything().await;
    for (who, id) in [
        (&olivia, world.customer_of("Contoso Cloud").await.id),
        (&olivia, AccountId(Uuid::nil())),
        // Staff are not customers, not even one's own.
        (&olivia, world.person("arun").await.id),
        (&olivia, olivia.person.id),
        (&freya, world.person("casey").await.id),
    ] {
        let viewed = world.portal.view_customer(&who.actor, id).await;
        assert_eq!(refusal(viewed), Refusal::NotFound);
    }
    assert_eq!(world.sql.everything().await, before);
    let fjords = world.customer_of("Fjord IT").await.id;
    world.portal.view_customer(&olivia.actor, fjords).await.unwrap();
}

async fn customers_see_nothing_of_it(world: &mut World) {
    let casey = world.enters("casey").await;
    let own = world.person("casey").await.id;
    assert_eq!(
        refusal(world.portal.find_customers(&casey.actor, &query("")).await),
        Refusal::NotFound
    );
    assert_eq!(refusal(world.portal.view_customer(&casey.actor, own).await), Refusal::NotFound);
    assert_eq!(refusal(world.portal.scopes(&casey.actor, "").await), Refusal::NotFound);
    // An auditor reads all of it.
    let ada = world.enters("ada").await;
    world.portal.view_customer(&ada.actor, own).await.unwrap();
    assert_eq!(find(world, &ada, &query("")).await.total.number, 215);
}

async fn a_new_name_is_found_at_once(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let casey = world.enters("casey").await;
    let profile = |name: &str| ChangeProfile {
        name: name.into(),
        user_name: "casey".into(),
        language: "en".into(),
    };
    world.portal.change_profile(&casey.actor, profile("Aaron Zzyzx")).await.unwrap();
    assert_eq!(names(world, &olivia, "zzy").await, ["Aaron Zzyzx"]);
    assert_eq!(names(world, &olivia, "thornton").await, Vec::<String>::new());
    assert_eq!(names(world, &olivia, "").await[0], "Aaron Zzyzx");
}

async fn a_sign_in_moves_one_up(world: &mut World) {
    let olivia = world.enters("olivia").await;
    world.minutes_pass(1);
    world.enters("casey").await;
    let latest = CustomerQuery {
        order: CustomerOrder::LastSignIn,
        descending: true,
        ..CustomerQuery::default()
    };
    let row = find(world, &olivia, &latest).await.rows.remove(0);
    assert_eq!(
        (row.email.as_str(), row.last_sign_in_at),
        ("casey@acme.example", Some(world.now()))
    );
}

async fn who_looked_is_recorded_once_a_sitting(world: &mut World) {
    let arun = world.enters("arun").await;
    let casey = world.person("casey").await;
    for _ in 0..3 {
        world.portal.view_customer(&arun.actor, casey.id).await.unwrap();
    }
    assert_eq!(world.recorded(&casey).await, ["customer_viewed done"]);
    world.minutes_pass(10);
    world.portal.view_customer(&arun.actor, casey.id).await.unwrap();
    let ada = world.enters("ada").await;
    world.portal.view_customer(&ada.actor, casey.id).await.unwrap();
    assert_eq!(world.count_recorded(&casey, "customer_viewed").await, 3);
    // The customer reads who it was.
    let casey = world.enters("casey").await;
    let page = world.portal.activity(&casey.actor, None).await.unwrap();
    let who = page.entries.iter().map(|entry| format!("{:?}", entry.who)).collect::<Vec<_>>();
    assert!(who.contains(&"Staff(Some(\"Arun Velder\"))".to_owned()), "{who:?}");
}

async fn a_customer_at_a_glance(world: &mut World) {
    let arun = world.enters("arun").await;
    let casey = world.person("casey").await;
    world.mailed_link(&casey).await;
    let view = world.portal.view_customer(&arun.actor, casey.id).await.unwrap();
    assert_eq!(view.name.as_str(), "Casey Thornton");
    assert_eq!(view.company.as_deref(), Some("Acme Joinery"));
    assert_eq!(view.organization.as_str(), "Northwind Backup");
    assert!(view.standing.allows_resets && view.standing.lock.is_none());
    assert_eq!(view.open_links, [world.now().plus(std::time::Duration::from_secs(1_800))]);
    world.minutes_pass(30);
    let view = world.portal.view_customer(&arun.actor, casey.id).await.unwrap();
    assert_eq!(view.open_links, []);
    let drew = world.person("drew").await;
    let view = world.portal.view_customer(&arun.actor, drew.id).await.unwrap();
    assert!(!view.standing.allows_resets);
    assert!(world.lets_in(&casey, DEMO_PASSWORD).await);
    world.resets(&casey, NEW).await;
    world.mails().await;
    let view = world.portal.view_customer(&arun.actor, casey.id).await.unwrap();
    assert_eq!(view.password_changed_at, Some(world.now()));
}

async fn customers_of_an_older_version_are_found(world: &mut World) {
    for sql in [
        "DELETE FROM customer_texts",
        "DELETE FROM customer_listings",
        "UPDATE accounts SET name_key = '', company_key = ''",
        "DELETE FROM meta WHERE name LIKE 'customers_listed%'",
    ] {
        world.sql.run(sql, []).await;
    }
    let olivia = world.enters("olivia").await;
    assert_eq!(names(world, &olivia, "casey").await, Vec::<String>::new());
    world.restart(|_| {}).await;
    assert_eq!(names(world, &olivia, "casey").await, ["Casey Thornton"]);
    assert_eq!(find(world, &olivia, &query("")).await.total.number, 215);
}

async fn what_is_not_text_finds_nothing(world: &mut World) {
    let olivia = world.enters("olivia").await;
    for typed in ["\0\0\0", "%%%", "___", "\"\"\"", "* XQ *", "NEAR(zq b)", "\u{1f511}\u{1f511}"] {
        // What has neither letters nor digits narrows nothing; what has is not there.
        let found = names(world, &olivia, typed).await.len();
        assert!(found == 0 || found == 50, "{typed:?} finds {found}");
    }
    let long = "x".repeat(10_000);
    assert_eq!(names(world, &olivia, &long).await, Vec::<String>::new());
    let many = "har ".repeat(2_000);
    assert!(!names(world, &olivia, &many).await.is_empty());
}
