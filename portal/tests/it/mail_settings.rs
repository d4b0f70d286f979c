//! Organizations send their mail through mail servers of their own.

use model::{
    Refusal,
    mail::{MailRoute, MailTest, MailTested, MailView},
    refusal::Problem,
};
use portal::{Result, SetMail, config::Settings, mail::MailTransport};

use crate::{
    rules::{becomes, proven},
    smtp::{At, Behaviour, Options, ScriptedSmtp},
    sql::values,
    world::{Entered, World, refusal, secret, smtp_settings, stories, wait},
};

stories! {
    mail_goes_through_ones_own_server,
    those_below_with_a_door_of_their_own_bear_no_other_ones_name,
    those_below_inherit_it,
    without_one_it_goes_as_the_server_says,
    a_password_goes_in_and_never_comes_out,
    a_password_is_for_the_server_it_was_typed_for,
    bad_settings_are_refused_at_their_fields,
    nobody_reaches_what_is_inside,
    a_test_mail_tells_how_far_it_came,
    test_mails_have_a_budget,
    mail_settings_take_a_fresh_proof_and_the_role,
    a_curious_reseller_next_door_sees_no_mail_settings,
    a_change_of_mail_settings_is_recorded_without_secrets,
    what_waited_goes_once_there_is_a_server,
}

/// What somebody signs in to the mail server with.
pub const PASSWORD: &str = "a relay password nobody sees";

/// From now on organizations may have mail servers on this machine.
pub fn here(settings: &mut Settings) {
    settings.outgoing_allowed = vec!["127.0.0.0/8".parse().unwrap()];
}

pub fn form(port: u16) -> SetMail {
    SetMail {
        scope: None,
        source: "own".into(),
        host: "127.0.0.1".into(),
        port: port.to_string(),
        security: "none".into(),
        user: String::new(),
        password: secret(""),
        from_email: "hello@northwind.example".into(),
        from_name: String::new(),
        reply_to: String::new(),
    }
}

async fn page(world: &World, by: &Entered) -> MailView {
    world.portal.mail_page(&by.actor, None).await.unwrap()
}

async fn tests(world: &World, by: &Entered) -> Result<MailTested> {
    world.portal.test_mail(&by.actor, None).await
}

async fn mail_goes_through_ones_own_server(world: &mut World) {
    world.restart(here).await;
    let (olivia, server) = (proven(world, "olivia").await, ScriptedSmtp::start(vec![]).await);
    assert_eq!(page(world, &olivia).await.route, MailRoute::Server);
    world.portal.set_mail(&olivia.actor, form(server.port())).await.unwrap();
    assert_eq!(page(world, &olivia).await.route, MailRoute::Own);
    world.asks_for_link(&world.visit(), "casey").await;
    let theirs = world.customer_of("Contoso Cloud").await;
    world.asks_for_link(&world.visit_at(world.contoso), &theirs.email).await;
    let letters = server.received();
    assert_eq!(letters.len(), 1, "Contoso’s mail goes elsewhere");
    assert_eq!(letters[0].to, ["casey@acme.example"]);
    assert_eq!(letters[0].from, "hello@northwind.example");
    let from = letters[0].header("From");
    assert_eq!(from.as_deref(), Some("\"Northwind Backup\" <hello@northwind.example>"));
    assert!(letters[0].header("Message-ID").unwrap().ends_with("@northwind.example>"));
    let link = letters[0].link();
    world.is_secret(&secret(link.rsplit('/').next().unwrap()));
    // A name of its own.
    let request = SetMail { from_name: "Northwind Desk".into(), ..form(server.port()) };
    world.portal.set_mail(&olivia.actor, request).await.unwrap();
    assert_eq!(tests(world, &olivia).await.unwrap().outcome, MailTest::Accepted);
    let letters = server.received();
    let from = letters[1].header("From");
    assert_eq!(from.as_deref(), Some("\"Northwind Desk\" <hello@northwind.example>"));
    // Answers go to whoever helps, or where somebody wants them.
    assert_eq!(letters[1].header("Reply-To").as_deref(), Some("support@northwind.example"));
    let request = SetMail { reply_to: "desk@northwind.example".into(), ..form(server.port()) };
    world.portal.set_mail(&olivia.actor, request).await.unwrap();
    let own = page(world, &olivia).await.own.unwrap();
    assert_eq!(own.reply_to.unwrap().to_string(), "desk@northwind.example");
    tests(world, &olivia).await.unwrap();
    let answers = server.received()[2].header("Reply-To");
    assert_eq!(answers.as_deref(), Some("desk@northwind.example"));
    let request = SetMail { reply_to: "nowhere".into(), ..form(server.port()) };
    assert_eq!(
        refusal(world.portal.set_mail(&olivia.actor, request).await),
        Refusal::field("reply_to", Problem::NotAnEmail)
    );
    let mails = world.new_mails().await;
    world.link_in(&mails[0]);
}

async fn those_below_with_a_door_of_their_own_bear_no_other_ones_name(world: &mut World) {
    world.restart(here).await;
    // Whoever runs the server gives it to all, in a name of their own.
    let (robin, server) = (proven(world, "operator").await, ScriptedSmtp::start(vec![]).await);
    let request = SetMail {
        from_name: "Rekey Desk".into(),
        reply_to: "desk@rekey.example".into(),
        ..form(server.port())
    };
    world.portal.set_mail(&robin.actor, request).await.unwrap();
    world.asks_for_link(&world.visit(), "casey").await;
    let letter = &server.received()[0];
    let from = letter.header("From");
    assert_eq!(from.as_deref(), Some("\"Northwind Backup\" <hello@northwind.example>"));
    assert_eq!(letter.header("Reply-To").as_deref(), Some("support@northwind.example"));
}

async fn those_below_inherit_it(world: &mut World) {
    world.restart(here).await;
    let (olivia, server) = (proven(world, "olivia").await, ScriptedSmtp::start(vec![]).await);
    world.portal.set_mail(&olivia.actor, form(server.port())).await.unwrap();
    let freya = proven(world, "freya").await;
    let view = page(world, &freya).await;
    assert_eq!(view.own, None);
    assert!(
        matches!(view.route, MailRoute::Inherited(name) if name.as_str() == "Northwind Backup")
    );
    let theirs = world.customer_of("Fjord IT").await;
    world.asks_for_link(&world.visit(), &theirs.email).await;
    assert_eq!(server.received()[0].to, [theirs.email]);
    // Until they have one of their own, which counts for them alone.
    let own = ScriptedSmtp::start(vec![]).await;
    world.portal.set_mail(&freya.actor, form(own.port())).await.unwrap();
    assert!(matches!(page(world, &freya).await.inherited, MailRoute::Inherited(_)));
    tests(world, &freya).await.unwrap();
    assert_eq!((server.received().len(), own.received().len()), (1, 1));
    let request = SetMail { source: "inherited".into(), ..form(own.port()) };
    world.portal.set_mail(&freya.actor, request).await.unwrap();
    tests(world, &freya).await.unwrap();
    assert_eq!((server.received().len(), own.received().len()), (2, 1));
    let link = server.received()[0].link();
    world.is_secret(&secret(link.rsplit('/').next().unwrap()));
}

async fn without_one_it_goes_as_the_server_says(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let tested = tests(world, &olivia).await.unwrap();
    assert_eq!(tested.outcome, MailTest::Accepted);
    let mails = world.new_mails().await;
    assert_eq!((mails.len(), &mails[0].to), (1, &olivia.person.email));
    world.restart(|settings| settings.mail.transport = MailTransport::None).await;
    let view = page(world, &olivia).await;
    assert_eq!(view.route, MailRoute::Nothing);
    assert!(!view.acting.sends_mail);
    assert_eq!(tests(world, &olivia).await.unwrap().outcome, MailTest::NoRoute);
}

async fn a_password_goes_in_and_never_comes_out(world: &mut World) {
    world.restart(here).await;
    world.is_secret(&secret(PASSWORD));
    let olivia = proven(world, "olivia").await;
    let options = Options { credentials: Some(("northwind", PASSWORD)), ..Options::default() };
    let server = ScriptedSmtp::start_with(vec![], options).await;
    let request =
        SetMail { user: "northwind".into(), password: secret(PASSWORD), ..form(server.port()) };
    assert!(!format!("{request:?}").contains(PASSWORD));
    world.portal.set_mail(&olivia.actor, request.clone()).await.unwrap();
    assert_eq!(tests(world, &olivia).await.unwrap().outcome, MailTest::Accepted);
    let view = page(world, &olivia).await;
    assert!(view.own.as_ref().unwrap().has_password);
    assert!(!format!("{view:?}").contains(PASSWORD));
    // Saved again without it, it stays.
    let again = SetMail { password: secret(""), from_name: "Desk".into(), ..request };
    world.portal.set_mail(&olivia.actor, again).await.unwrap();
    assert_eq!(tests(world, &olivia).await.unwrap().outcome, MailTest::Accepted);
    // A seal opens for its own organization alone.
    world.sql.run("UPDATE mail_settings SET host = '127.0.0.2'", []).await;
    let tested = tests(world, &olivia).await.unwrap();
    assert_eq!(tested.outcome, MailTest::NotReached);
    assert!(tested.answer.contains("a seal is broken"), "{}", tested.answer);
}

async fn a_password_is_for_the_server_it_was_typed_for(world: &mut World) {
    world.restart(here).await;
    world.is_secret(&secret(PASSWORD));
    let olivia = proven(world, "olivia").await;
    let request = SetMail { user: "northwind".into(), password: secret(PASSWORD), ..form(25) };
    world.portal.set_mail(&olivia.actor, request.clone()).await.unwrap();
    let kept = SetMail { password: secret(""), ..request };
    let required = Refusal::field("smtp_password", Problem::Required);
    for elsewhere in [
        SetMail { host: "127.0.0.9".into(), ..kept.clone() },
        SetMail { port: "2525".into(), ..kept.clone() },
        SetMail { security: "tls".into(), ..kept.clone() },
        SetMail { user: "somebody".into(), ..kept.clone() },
    ] {
        let refused = world.portal.set_mail(&olivia.actor, elsewhere).await;
        assert_eq!(refusal(refused), required);
    }
    world.portal.set_mail(&olivia.actor, kept.clone()).await.unwrap();
    // Without a sign-in there is none left.
    let request = SetMail { user: String::new(), ..kept.clone() };
    world.portal.set_mail(&olivia.actor, request).await.unwrap();
    assert_eq!(refusal(world.portal.set_mail(&olivia.actor, kept).await), required);
}

async fn bad_settings_are_refused_at_their_fields(world: &mut World) {
    world.restart(here).await;
    let olivia = proven(world, "olivia").await;
    let good = form(25);
    let bounds = Problem::OutOfBounds { min: 1, max: 65_535 };
    for (field, problem, request) in [
        ("source", Problem::NotAChoice, SetMail { source: "other".into(), ..good.clone() }),
        (
            "host",
            Problem::Required,
            SetMail { host: " ".into(), security: "tls".into(), ..good.clone() },
        ),
        (
            "host",
            Problem::NotAHost,
            SetMail { host: "a b".into(), security: "tls".into(), ..good.clone() },
        ),
        (
            "host",
            Problem::NotAHost,
            SetMail { host: "http://x.example".into(), security: "tls".into(), ..good.clone() },
        ),
        (
            "host",
            Problem::HostNotAllowed,
            SetMail { host: "169.254.169.254".into(), security: "tls".into(), ..good.clone() },
        ),
        ("port", Problem::Required, SetMail { port: String::new(), ..good.clone() }),
        ("port", Problem::NotANumber, SetMail { port: "smtp".into(), ..good.clone() }),
        ("port", bounds, SetMail { port: "0".into(), ..good.clone() }),
        ("port", bounds, SetMail { port: "65536".into(), ..good.clone() }),
        ("security", Problem::NotAChoice, SetMail { security: "maybe".into(), ..good.clone() }),
        (
            "security",
            Problem::PlainToThisMachineOnly,
            SetMail { host: "smtp.northwind.example".into(), ..good.clone() },
        ),
        (
            "user",
            Problem::UnseenCharacters,
            SetMail { user: "a\0b".into(), password: secret("x"), ..good.clone() },
        ),
        ("smtp_password", Problem::Required, SetMail { user: "north".into(), ..good.clone() }),
        ("from_email", Problem::NotAnEmail, SetMail { from_email: "hello".into(), ..good.clone() }),
    ] {
        let refused = refusal(world.portal.set_mail(&olivia.actor, request).await);
        assert_eq!(refused, Refusal::field(field, problem));
    }
    assert_eq!(page(world, &olivia).await.own, None);
}

async fn nobody_reaches_what_is_inside(world: &mut World) {
    let (olivia, server) = (proven(world, "olivia").await, ScriptedSmtp::start(vec![]).await);
    let refused = refusal(world.portal.set_mail(&olivia.actor, form(server.port())).await);
    assert_eq!(refused, Refusal::field("host", Problem::HostNotAllowed));
    // A name is looked at after it was resolved.
    let request = SetMail { host: "localhost".into(), ..form(server.port()) };
    world.portal.set_mail(&olivia.actor, request).await.unwrap();
    let tested = tests(world, &olivia).await.unwrap();
    assert_eq!(tested.outcome, MailTest::NotAllowed);
    world.asks_for_link(&world.visit(), "casey").await;
    let answer: String =
        world.sql.one("SELECT answer FROM outbox WHERE kind = 'reset_link'", []).await;
    assert_eq!(answer, "the host's address is private and not allowed here");
    assert_eq!(server.connections(), 0);
    // What the operator set up may be anywhere, and what the operator allows is reached.
    let port = server.port();
    world.restart(|settings| settings.mail = smtp_settings(port)).await;
    let request = SetMail { source: "inherited".into(), ..form(1) };
    world.portal.set_mail(&olivia.actor, request).await.unwrap();
    assert_eq!(tests(world, &olivia).await.unwrap().outcome, MailTest::Accepted);
    world.restart(here).await;
    world.portal.set_mail(&olivia.actor, form(port)).await.unwrap();
    assert_eq!(tests(world, &olivia).await.unwrap().outcome, MailTest::Accepted);
    world.minutes_pass(1);
    world.portal.work_off().await.unwrap();
    for letter in server.received().iter().filter(|letter| letter.data.contains("/reset/")) {
        world.is_secret(&secret(letter.link().rsplit('/').next().unwrap()));
    }
}

async fn a_test_mail_tells_how_far_it_came(world: &mut World) {
    world
        .restart(|settings| {
            here(settings);
            settings.mail.timeout_seconds = 2;
        })
        .await;
    let (olivia, server) = (proven(world, "olivia").await, ScriptedSmtp::start(vec![]).await);
    world.portal.set_mail(&olivia.actor, form(server.port())).await.unwrap();
    for (behaviour, outcome, answer) in [
        (
            Behaviour::Answer(At::Sender, "550 5.7.1 not you"),
            MailTest::SenderRefused,
            "550 5.7.1 not you",
        ),
        (
            Behaviour::Answer(At::Recipient, "550 5.1.1 nobody"),
            MailTest::RecipientRefused,
            "550 5.1.1 nobody",
        ),
        (Behaviour::Answer(At::Body, "554 5.6.0 spam"), MailTest::LetterRefused, "554 5.6.0 spam"),
        (Behaviour::Hang(At::Recipient), MailTest::TooSlow, "no answer within 2 s"),
        (Behaviour::Accept, MailTest::Accepted, "250 2.0.0 queued"),
    ] {
        server.script([behaviour]);
        let tested = tests(world, &olivia).await.unwrap();
        assert_eq!((tested.outcome, tested.answer.as_str()), (outcome, answer));
        assert_eq!(String::from(tested.to), "olivia@northwind.example");
    }
    // Encryption that is not there, a server that is not there, a name that is none.
    let encrypted = SetMail { security: "starttls".into(), ..form(server.port()) };
    world.portal.set_mail(&olivia.actor, encrypted).await.unwrap();
    assert_eq!(tests(world, &olivia).await.unwrap().outcome, MailTest::NotEncrypted);
    let port = server.port();
    drop(server);
    world.portal.set_mail(&olivia.actor, form(port)).await.unwrap();
    assert_eq!(tests(world, &olivia).await.unwrap().outcome, MailTest::NotReached);
    let nowhere = SetMail { host: "nowhere.invalid".into(), security: "tls".into(), ..form(465) };
    world.portal.set_mail(&olivia.actor, nowhere).await.unwrap();
    assert_eq!(tests(world, &olivia).await.unwrap().outcome, MailTest::NotResolved);
    // A sign-in that is refused.
    world.is_secret(&secret(PASSWORD));
    let options = Options { credentials: Some(("northwind", "another one")), ..Options::default() };
    let server = ScriptedSmtp::start_with(vec![], options).await;
    let request =
        SetMail { user: "northwind".into(), password: secret(PASSWORD), ..form(server.port()) };
    world.portal.set_mail(&olivia.actor, request).await.unwrap();
    assert_eq!(tests(world, &olivia).await.unwrap().outcome, MailTest::SignInRefused);
}

async fn test_mails_have_a_budget(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    for _ in 0..10 {
        tests(world, &olivia).await.unwrap();
    }
    assert_eq!(wait(tests(world, &olivia).await), 360);
}

async fn mail_settings_take_a_fresh_proof_and_the_role(world: &mut World) {
    world.restart(here).await;
    let olivia = world.enters("olivia").await;
    assert_eq!(refusal(world.portal.set_mail(&olivia.actor, form(25)).await), Refusal::StepUp);
    assert_eq!(refusal(tests(world, &olivia).await), Refusal::StepUp);
    let (arun, ada) = (proven(world, "arun").await, proven(world, "ada").await);
    assert_eq!(refusal(world.portal.mail_page(&arun.actor, None).await), Refusal::NotAllowed);
    assert!(!page(world, &ada).await.acting.may_edit);
    for by in [&arun, &ada] {
        let refused = world.portal.set_mail(&by.actor, form(25)).await;
        assert_eq!(refusal(refused), Refusal::NotAllowed);
        assert_eq!(refusal(tests(world, by).await), Refusal::NotAllowed);
    }
    let casey = world.enters("casey").await;
    assert_eq!(refusal(world.portal.mail_page(&casey.actor, None).await), Refusal::NotFound);
    assert_eq!(refusal(tests(world, &casey).await), Refusal::NotFound);
    // Taken away between page and form.
    let olivia = proven(world, "olivia").await;
    becomes(world, "olivia", "agent").await;
    let refused = world.portal.set_mail(&olivia.actor, form(25)).await;
    assert_eq!(refusal(refused), Refusal::NotAllowed);
}

async fn a_curious_reseller_next_door_sees_no_mail_settings(world: &mut World) {
    world.restart(here).await;
    let carla = proven(world, "carla").await;
    for name in ["Northwind Backup", "Rekey Operations", "Fjord IT"] {
        let scope = Some(world.organization(name).await);
        let page = world.portal.mail_page(&carla.actor, scope).await;
        assert_eq!(refusal(page), Refusal::NotFound);
        let request = SetMail { scope, ..form(25) };
        let refused = world.portal.set_mail(&carla.actor, request).await;
        assert_eq!(refusal(refused), Refusal::NotFound);
        let refused = world.portal.test_mail(&carla.actor, scope).await;
        assert_eq!(refusal(refused), Refusal::NotFound);
    }
    let rows: i64 = world.sql.one("SELECT COUNT(*) FROM mail_settings", []).await;
    assert_eq!(rows, 0);
}

async fn a_change_of_mail_settings_is_recorded_without_secrets(world: &mut World) {
    world.restart(here).await;
    world.is_secret(&secret(PASSWORD));
    let olivia = proven(world, "olivia").await;
    let request = SetMail { user: "northwind".into(), password: secret(PASSWORD), ..form(25) };
    world.portal.set_mail(&olivia.actor, request.clone()).await.unwrap();
    let request = SetMail { from_name: "Desk".into(), password: secret(""), ..request };
    world.portal.set_mail(&olivia.actor, request.clone()).await.unwrap();
    // Nothing changed, nothing recorded.
    world.portal.set_mail(&olivia.actor, request).await.unwrap();
    tests(world, &olivia).await.unwrap();
    let told: Vec<String> = world
        .sql
        .column(
            "SELECT content FROM audit_entries JOIN audit_personal ON audit_id = audit_entries.id WHERE actor_id = $1 AND kind LIKE 'mail%' ORDER BY position",
            values![olivia.person.id],
        )
        .await;
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].contains(r#"{"what":"host","new":"127.0.0.1"}"#), "{}", told[0]);
    assert!(told[0].contains(r#"{"what":"password","new":"set anew"}"#), "{}", told[0]);
    assert!(told[1].contains(r#""changes":[{"what":"from_name","new":"Desk"}]"#), "{}", told[1]);
    assert!(told[2].contains(r#""what":"outcome""#), "{}", told[2]);
}

async fn what_waited_goes_once_there_is_a_server(world: &mut World) {
    world
        .restart(|settings| {
            here(settings);
            settings.mail.transport = MailTransport::None;
        })
        .await;
    let (olivia, server) = (proven(world, "olivia").await, ScriptedSmtp::start(vec![]).await);
    world.asks_for_link(&world.visit(), "casey").await;
    assert_eq!(world.work_left().await.0, 1);
    world.portal.set_mail(&olivia.actor, form(server.port())).await.unwrap();
    world.minutes_pass(1);
    world.portal.work_off().await.unwrap();
    assert_eq!(server.received().len(), 1);
    world.is_secret(&secret(server.received()[0].link().rsplit('/').next().unwrap()));
}
