//! One master key gives way to another while people are served.

use std::collections::BTreeMap;

use model::{event_hook::HookEvent, id::AccountId, job::JobCounts};
use portal::{
    AddHook, DEMO_PASSWORD, KeyUse, LinkService, Many, Portal, SendMailAgain, SetMail,
    mail::{MailSettings, MailTransport},
};

use crate::{
    caller,
    child::Part,
    downstream_world::systems_in_step,
    mail_log, mail_settings,
    passkeys::Device,
    reset_desk, rules, send_many,
    smtp::{At, Behaviour, ScriptedSmtp},
    sql::values,
    world::{Engine, NEW, Person, World, secret, smtp_settings, stories, until},
};

stories! {
    everything_that_is_sealed_is_sealed_anew,
    killed_half_way_it_goes_on,
    a_key_can_be_everywhere_before_it_is_used,
    a_server_with_the_older_file_is_noticed,
    what_no_key_opens_is_told,
    a_change_of_the_key_is_recorded,
}

impl World {
    /// Every column of seals, and by which keys they are made. What is sealed is called so, or is
    /// what was kept of a mail, or the rows of a job.
    async fn seals(&self) -> BTreeMap<(String, String), Vec<String>> {
        let columns: Vec<(String, String)> = match self.engine {
            Engine::Sqlite => {
                let sql = "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND c.type = 'BLOB' AND (c.name LIKE 'sealed%' OR c.name IN ('kept', 'content'))";
                self.sql.rows(sql, []).await
            }
            Engine::Postgres => {
                let sql = "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = current_schema() AND data_type = 'bytea' AND (column_name LIKE 'sealed%' OR column_name IN ('kept', 'content'))";
                self.sql.rows(sql, []).await
            }
        };
        let mut seals = BTreeMap::new();
        for (table, column) in columns {
            let sql = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL");
            let rows: Vec<(Vec<u8>,)> = self.sql.rows(sql.leak(), []).await;
            seals.insert((table, column), rows.iter().map(|(seal,)| key_of(seal)).collect());
        }
        seals
    }

    async fn rotates(&self) -> String {
        let report = self.portal.rotate_keys(|_, _| {}).await.unwrap();
        assert!(report.is_done && report.broken.is_empty(), "{report:?}");
        report.key.to_string()
    }

    async fn keys(&self) -> Vec<KeyUse> {
        self.portal.keys_in_use().await.unwrap()
    }

    /// By which key the last request for a link was sealed.
    async fn last_asked(&self) -> String {
        let sql = "SELECT sealed FROM forgotten_requests ORDER BY id DESC LIMIT 1";
        key_of(&self.sql.one::<Vec<u8>>(sql, []).await)
    }
}

fn key_of(seal: &[u8]) -> String {
    format!("{:08x}", u32::from_be_bytes(seal[..4].try_into().unwrap()))
}

#[expect(clippy::too_many_lines, reason = "all that is sealed, one after the other")]
async fn everything_that_is_sealed_is_sealed_anew(world: &mut World) {
    // Factors, and what waits to be proven or saved.
    let casey = world.proves(&world.enters("casey").await).await;
    let (app, _) = world.sets_up_app(&casey).await;
    world.begins_app(&casey).await;
    world.portal.make_recovery_codes(&casey.actor).await.unwrap();
    for code in world.two_factor(&casey).await.fresh_codes {
        world.is_secret(&secret(&code));
    }
    let drew = world.proves(&world.enters("drew").await).await;
    world.adds_passkey(&drew, &mut Device::new()).await.unwrap();
    for code in world.two_factor(&drew).await.fresh_codes {
        world.is_secret(&secret(&code));
    }
    // A downstream system, and a new password on its way there.
    let [system] = systems_in_step(world).await;
    let olivia = rules::proven(world, "olivia").await;
    let theirs = world.customer_of("Fjord IT").await;
    let request =
        LinkService { customer: theirs.id, connector: system.connector, name: "acme06".into() };
    world.portal.link_service(&olivia.actor, request).await.unwrap();
    has_a_reset_under_way(world, &theirs).await;
    // A mail server that gives one letter up, and will take the others later.
    let mut script = vec![Behaviour::Answer(At::Recipient, "550 5.1.1 no such user")];
    script.extend(vec![Behaviour::Answer(At::Recipient, "450 4.7.1 try later"); 20]);
    let server = ScriptedSmtp::start(script).await;
    let port = server.port();
    world
        .restart(|settings| {
            settings.mail = smtp_settings(port);
            mail_settings::here(settings);
        })
        .await;
    let olivia = rules::proven(world, "olivia").await;
    world.asks_for_link(&world.visit(), "casey").await;
    let dead = mail_log::dead(world, &olivia).await;
    // A mail server of one's own.
    let freya = rules::proven(world, "freya").await;
    let password = secret(mail_settings::PASSWORD);
    world.is_secret(&password);
    let own = SetMail { user: "fjord".into(), password, ..mail_settings::form(25) };
    world.portal.set_mail(&freya.actor, own).await.unwrap();
    world.portal.make_dkim_key(&freya.actor, None).await.unwrap();
    // A webhook that is told of what does not happen here.
    let hook = AddHook {
        scope: None,
        address: "https://hooks.example/".into(),
        events: vec![HookEvent::ConsentChanged],
    };
    let made = world.portal.add_event_hook(&olivia.actor, hook).await.unwrap();
    world.is_secret(&secret(&made.secret));
    // A PIN that goes with a link, and a code for who called.
    world.sets_rule("Northwind Backup", "split_delivery", Some(1), None).await;
    let lou = world.person("lou").await;
    reset_desk::sends(world, &olivia, &lou).await.unwrap();
    world.sets_rule("Northwind Backup", "split_delivery", Some(0), None).await;
    caller::asks(world, &olivia, &casey.person, "account").await.unwrap();
    // Links to many, and somebody who forgot a password.
    let picked = Many::Picked(vec![drew.person.id]);
    let job = send_many::sends(world, &olivia, picked, "1").await.unwrap();
    world.minutes_pass(3);
    world.portal.ask_for_link(&world.visit(), "lou@lakeside.example").await.unwrap();

    let before = world.seals().await;
    let old = world.keys().await[0].id.to_string();
    for (place, keys) in &before {
        assert!(!keys.is_empty(), "{place:?}");
        assert!(keys.iter().all(|key| *key == old), "{place:?}: {keys:?}");
    }
    let mut seen = Vec::new();
    let report = world.portal.rotate_keys(|done, total| seen.push((done, total))).await.unwrap();
    assert!(report.is_done && report.broken.is_empty(), "{report:?}");
    let all: usize = before.values().map(Vec::len).sum();
    assert_eq!(report.sealed, all as u64);
    assert!(seen.iter().all(|(done, total)| done <= total));
    assert_eq!(seen.last(), Some(&(all as u64, all as u64)));
    let new = report.key.to_string();
    assert_ne!(new, old);
    for (place, keys) in world.seals().await {
        assert_eq!(keys.len(), before[&place].len(), "{place:?}");
        assert!(keys.iter().all(|key| *key == new), "{place:?}: {keys:?}");
    }

    assert_eq!(world.portal.drop_old_keys().await.unwrap(), 1);
    assert_eq!(world.portal.drop_old_keys().await.unwrap(), 0);
    assert_eq!(world.keys().await.len(), 1);
    world
        .restart(|settings| {
            settings.mail =
                MailSettings { transport: MailTransport::Folder, ..MailSettings::default() };
            settings.mail.folder = Some(settings.data.join("mail"));
            settings.mail.from = "Rekey <rekey@rekey.example>".into();
        })
        .await;
    assert!(world.portal.reset_desk(&olivia.actor, lou.id, None).await.is_ok());
    let again = SendMailAgain { mail: dead, reason: "Asked on the phone".into() };
    let casey_again = rules::proven(world, "olivia").await;
    world.portal.send_mail_again(&casey_again.actor, again).await.unwrap();
    assert_eq!(
        send_many::finishes(world, &casey_again, job).await,
        JobCounts { created: 1, ..JobCounts::default() }
    );
    world.minutes_pass(30);
    world.portal.work_off().await.unwrap();
    for mail in world.mails().await {
        world.link_in(&mail);
    }
    world.seconds_pass(30);
    world.enters_with_code("casey", DEMO_PASSWORD, &world.code(&app)).await;
    assert!(world.lets_in(&theirs, NEW).await);
    // Nothing listens at their mail server: what is to go through it goes as all the rest.
    world.sql.run("DELETE FROM mail_settings", []).await;
    world.hours_pass(1);
    world.mails().await;
}

/// A customer whose reset was decided and not finished.
async fn has_a_reset_under_way(world: &mut World, theirs: &Person) {
    let link = world.mailed_link(theirs).await;
    let part = Part::UseLink {
        site: world.northwind,
        link: link.id,
        token: link.token.reveal().to_owned(),
        new: NEW.into(),
    };
    let mut child = world.child(part, None, "reset-decided");
    child.says("failpoint: reset-decided");
    child.dies();
}

async fn killed_half_way_it_goes_on(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    let (app, _) = world.sets_up_app(&casey).await;
    let drew = world.proves(&world.enters("drew").await).await;
    let mut device = Device::new();
    world.adds_passkey(&drew, &mut device).await.unwrap();
    for code in world.two_factor(&drew).await.fresh_codes {
        world.is_secret(&secret(&code));
    }
    let old = world.keys().await[0].id;
    let mut child = world.child(Part::RotateKeys, None, "rotation-half-way");
    child.says("failpoint: rotation-half-way");
    child.dies();

    // Half is sealed so, half so, and all of it opens.
    let keys = world.keys().await;
    assert_eq!(keys.len(), 2);
    assert!(keys.iter().all(|key| key.seals > 0), "{keys:?}");
    assert_eq!(keys[1].id, old);
    world.enters_with_code("casey", DEMO_PASSWORD, &world.code(&app)).await;
    let error = world.portal.drop_old_keys().await.unwrap_err().to_string();
    assert!(error.contains("still need the older keys"), "{error}");
    world.restart(|_| {}).await;
    assert_eq!(world.rotates().await, keys[0].id.to_string(), "it goes on with the same key");
    assert_eq!(world.portal.drop_old_keys().await.unwrap(), 1);
    world.seconds_pass(30);
    world.enters_with_code("casey", DEMO_PASSWORD, &world.code(&app)).await;
    world.mails().await;
}

async fn a_key_can_be_everywhere_before_it_is_used(world: &mut World) {
    let old = world.keys().await[0].id;
    let new = world.portal.add_key().await.unwrap();
    assert_eq!(world.portal.add_key().await.unwrap(), new, "one waits at a time");
    world.portal.ask_for_link(&world.visit(), "casey").await.unwrap();
    let keys = world.keys().await;
    assert_eq!(
        keys.iter().map(|key| (key.id, key.is_next)).collect::<Vec<_>>(),
        [(old, false), (new, true)]
    );
    assert_eq!((keys[0].seals, keys[1].seals), (1, 0));
    // One that waits is not an old one.
    assert_eq!(world.portal.drop_old_keys().await.unwrap(), 0);
    assert_eq!(world.rotates().await, new.to_string());
    let keys = world.keys().await;
    assert_eq!(
        keys.iter().map(|key| (key.id, key.is_next)).collect::<Vec<_>>(),
        [(new, false), (old, false)]
    );
    world.portal.work_off().await.unwrap();
    world.mailed_link_among(&world.person("casey").await).await;
}

async fn a_server_with_the_older_file_is_noticed(world: &mut World) {
    let file = world.settings.master_key_file.clone();
    let copy = file.with_extension("copy");
    std::fs::copy(&file, &copy).unwrap();
    let mut settings = world.settings.clone();
    settings.master_key_file = copy.clone();
    let random = world.more_randomness();
    let other = Portal::open_with(&settings, world.clock.clone(), random).await.unwrap();

    let new = world.rotates().await;
    let old = world.keys().await[1].id.to_string();
    other.ask_for_link(&world.visit(), "casey").await.unwrap();
    assert_eq!(world.last_asked().await, old);
    let error = world.portal.drop_old_keys().await.unwrap_err().to_string();
    assert!(error.contains("1 seals still need the older keys"), "{error}");
    // It is sealed anew, with the key that is there already.
    assert_eq!(world.rotates().await, new);
    assert_eq!(world.last_asked().await, new);
    assert_eq!(world.keys().await.len(), 2);

    // It does not go back to the older one when it is told to rotate.
    let key = world.portal.add_key().await.unwrap();
    std::fs::copy(&file, &copy).unwrap();
    assert_eq!(world.rotates().await, key.to_string());
    let error = other.rotate_keys(|_, _| {}).await.unwrap_err().to_string();
    assert!(error.contains("is older than another's"), "{error}");
    let new = key.to_string();

    // Given the file, it seals as the others do.
    std::fs::copy(&file, &copy).unwrap();
    let visit = world.visit();
    until("the other server seals with the new key", async || {
        world.minutes_pass(3);
        other.ask_for_link(&visit, "drew@blueberry.example").await.unwrap();
        world.last_asked().await == new
    })
    .await;
    if world.keys().await[1..].iter().any(|key| key.seals > 0) {
        assert_eq!(world.rotates().await, new);
    }
    assert_eq!(world.portal.drop_old_keys().await.unwrap(), 2);
    other.work_off().await.unwrap_or_default();
    world.mails().await;
    other.close().await;
}

async fn what_no_key_opens_is_told(world: &mut World) {
    let casey = world.proves(&world.enters("casey").await).await;
    world.sets_up_app(&casey).await;
    let AccountId(id) = casey.person.id;
    let bent: Vec<u8> = world.sql.one("SELECT sealed FROM factors", []).await;
    let bent = [&bent[..bent.len() - 1], &[bent[bent.len() - 1] ^ 1]].concat();
    world.sql.run("UPDATE factors SET sealed = $1 WHERE account_id = $2", values![bent, id]).await;
    let report = world.portal.rotate_keys(|_, _| {}).await.unwrap();
    assert_eq!(report.broken, BTreeMap::from([(("factors", "sealed"), 1)]));
    assert!(report.is_done, "the others are done");
    // The older key stays, for whoever finds out what it was.
    world.portal.drop_old_keys().await.unwrap_err();
}

async fn a_change_of_the_key_is_recorded(world: &mut World) {
    world.rotates().await;
    let chains: Vec<(String, String)> = world
        .sql
        .rows("SELECT kind, actor_kind FROM audit_entries ORDER BY organization_id", [])
        .await;
    assert_eq!(chains, vec![("keys_rotated".to_owned(), "command_line".to_owned()); 4]);
}
