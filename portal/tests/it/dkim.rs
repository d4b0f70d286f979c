//! Organizations sign their mail, and others verify it: `dkimpy`, in a process of its own.

use std::{
    env,
    io::Write,
    process::{Command, Stdio},
};

use model::{Refusal, mail::DkimView, policy::DKIM_KEYS};
use portal::SetMail;

use crate::{
    mail_settings::{form, here},
    rules::{becomes, proven},
    smtp::ScriptedSmtp,
    sql::values,
    world::{Entered, World, refusal, stories, wait},
};

stories! {
    mail_is_signed_once_the_key_is_published,
    a_key_signs_for_its_own_domain_alone,
    those_below_send_signed_mail_of_the_one_above,
    keys_are_made_within_a_limit,
    signing_takes_a_fresh_proof_and_the_role,
    what_is_done_to_keys_is_recorded_without_them,
}

/// Verifies a message with the record that its signer would have published.
const VERIFY: &str = "
import sys, dkim
name, value = sys.argv[1], sys.argv[2]
def txt(asked, timeout=5):
    return value.encode() if asked.decode().rstrip('.') == name else None
print(dkim.verify(sys.stdin.buffer.read(), dnsfunc=txt))
";

/// Whether an independent library takes a message for signed by the key of a record; nothing where the
/// library is not there (`REKEY_TEST_PYTHON`).
fn verified(message: &str, key: &DkimView) -> Option<bool> {
    let Some(python) = env::var_os("REKEY_TEST_PYTHON") else {
        eprintln!("SKIPPED: there is no dkimpy (REKEY_TEST_PYTHON)");
        return None;
    };
    let mut child = Command::new(python)
        .args(["-c", VERIFY, &key.name, &key.value])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    child.stdin.take().unwrap().write_all(message.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    match String::from_utf8(output.stdout).unwrap().trim() {
        "True" => Some(true),
        "False" => Some(false),
        other => panic!("{other}"),
    }
}

async fn key(world: &World, by: &Entered) -> Option<DkimView> {
    world.portal.mail_page(&by.actor, None).await.unwrap().dkim
}

/// Olivia with a mail server of Northwind's own, and a key that is in use.
async fn signs(world: &mut World) -> (Entered, ScriptedSmtp, DkimView) {
    world.restart(here).await;
    let (olivia, server) = (proven(world, "olivia").await, ScriptedSmtp::start(vec![]).await);
    world.portal.set_mail(&olivia.actor, form(server.port())).await.unwrap();
    world.portal.make_dkim_key(&olivia.actor, None).await.unwrap();
    world.portal.switch_dkim_key(&olivia.actor, None, true).await.unwrap();
    let key = key(world, &olivia).await.unwrap();
    (olivia, server, key)
}

/// Sends a test mail, and gives what arrived last.
async fn sends(world: &World, by: &Entered, server: &ScriptedSmtp) -> String {
    world.portal.test_mail(&by.actor, None).await.unwrap();
    server.received().pop().unwrap().data
}

async fn mail_is_signed_once_the_key_is_published(world: &mut World) {
    world.restart(here).await;
    let (olivia, server) = (proven(world, "olivia").await, ScriptedSmtp::start(vec![]).await);
    // The key is for mail that goes through a server of one's own.
    let without = world.portal.make_dkim_key(&olivia.actor, None).await;
    assert_eq!(refusal(without), Refusal::NotFound);
    world.portal.set_mail(&olivia.actor, form(server.port())).await.unwrap();
    assert_eq!(key(world, &olivia).await, None);
    let switched = world.portal.switch_dkim_key(&olivia.actor, None, true).await;
    assert_eq!(refusal(switched), Refusal::NotFound);

    world.portal.make_dkim_key(&olivia.actor, None).await.unwrap();
    let made = key(world, &olivia).await.unwrap();
    assert!(made.fits && !made.active);
    assert_eq!(made.domain, "northwind.example");
    assert!(
        made.name.starts_with("rekey-") && made.name.ends_with("._domainkey.northwind.example")
    );
    assert!(made.value.starts_with("v=DKIM1; k=rsa; p=MII"), "{}", made.value);
    assert!(!sends(world, &olivia, &server).await.contains("DKIM-Signature"), "not published yet");

    world.portal.switch_dkim_key(&olivia.actor, None, true).await.unwrap();
    let signed = sends(world, &olivia, &server).await;
    assert!(signed.starts_with("DKIM-Signature: v=1; a=rsa-sha256;"), "{signed}");
    assert_ne!(verified(&signed, &made), Some(false));
    // Whatever is changed on the way is seen.
    for changed in [
        signed.replacen("Subject: ", "Subject: Not ", 1),
        signed.replacen("\r\nFrom: ", "\r\nFrom: evil@evil.example\r\nFrom: ", 1),
        signed.replacen("\r\nFrom: ", "\r\nSubject: Something else\r\nFrom: ", 1),
        format!("{signed}And a line more.\r\n"),
    ] {
        assert_ne!(changed, signed);
        assert_ne!(verified(&changed, &made), Some(true), "{changed}");
    }
    // So are letters of every kind.
    world.asks_for_link(&world.visit(), "casey").await;
    let letter = server.received().pop().unwrap();
    assert_ne!(verified(&letter.data, &made), Some(false));
    world.is_secret(&crate::world::secret(letter.link().rsplit('/').next().unwrap()));

    // A new key is another record, and signs nothing before it is published.
    world.portal.make_dkim_key(&olivia.actor, None).await.unwrap();
    let next = key(world, &olivia).await.unwrap();
    assert!(next.name != made.name && next.value != made.value && !next.active);
    assert!(!sends(world, &olivia, &server).await.contains("DKIM-Signature"));
    world.portal.remove_dkim_key(&olivia.actor, None).await.unwrap();
    world.portal.remove_dkim_key(&olivia.actor, None).await.unwrap();
    assert_eq!(key(world, &olivia).await, None);
}

async fn a_key_signs_for_its_own_domain_alone(world: &mut World) {
    let (olivia, server, _) = signs(world).await;
    let elsewhere = SetMail { from_email: "hello@other.example".into(), ..form(server.port()) };
    world.portal.set_mail(&olivia.actor, elsewhere).await.unwrap();
    assert!(!key(world, &olivia).await.unwrap().fits);
    assert!(!sends(world, &olivia, &server).await.contains("DKIM-Signature"));
    let back = SetMail { from_email: "desk@Northwind.example".into(), ..form(server.port()) };
    world.portal.set_mail(&olivia.actor, back).await.unwrap();
    let made = key(world, &olivia).await.unwrap();
    assert!(made.fits);
    assert_ne!(verified(&sends(world, &olivia, &server).await, &made), Some(false));
}

async fn those_below_send_signed_mail_of_the_one_above(world: &mut World) {
    let (_, server, made) = signs(world).await;
    let freya = proven(world, "freya").await;
    assert_eq!(key(world, &freya).await, None, "not theirs to see");
    let signed = sends(world, &freya, &server).await;
    assert!(signed.starts_with("DKIM-Signature: "));
    assert_ne!(verified(&signed, &made), Some(false));
}

async fn keys_are_made_within_a_limit(world: &mut World) {
    let (olivia, ..) = signs(world).await;
    for _ in 1..DKIM_KEYS {
        world.portal.make_dkim_key(&olivia.actor, None).await.unwrap();
    }
    let before = key(world, &olivia).await;
    assert!(wait(world.portal.make_dkim_key(&olivia.actor, None).await) > 0);
    assert_eq!(key(world, &olivia).await, before);
}

async fn signing_takes_a_fresh_proof_and_the_role(world: &mut World) {
    let (olivia, ..) = signs(world).await;
    let tries = async |by: &Entered, scope| {
        [
            refusal(world.portal.make_dkim_key(&by.actor, scope).await),
            refusal(world.portal.switch_dkim_key(&by.actor, scope, false).await),
            refusal(world.portal.remove_dkim_key(&by.actor, scope).await),
        ]
    };
    let unproven = world.enters("olivia").await;
    assert_eq!(tries(&unproven, None).await, [const { Refusal::StepUp }; 3]);
    let ada = proven(world, "ada").await;
    assert_eq!(tries(&ada, None).await, [const { Refusal::NotAllowed }; 3]);
    for name in ["Contoso Cloud", "Rekey Operations"] {
        let scope = Some(world.organization(name).await);
        assert_eq!(tries(&olivia, scope).await, [const { Refusal::NotFound }; 3], "{name}");
    }
    becomes(world, "olivia", "agent").await;
    assert_eq!(tries(&olivia, None).await, [const { Refusal::NotAllowed }; 3]);
    let active: i64 = world.sql.one("SELECT COUNT(*) FROM dkim_keys WHERE active", values![]).await;
    assert_eq!(active, 1);
}

async fn what_is_done_to_keys_is_recorded_without_them(world: &mut World) {
    let (olivia, _, made) = signs(world).await;
    world.portal.switch_dkim_key(&olivia.actor, None, true).await.unwrap();
    world.portal.switch_dkim_key(&olivia.actor, None, false).await.unwrap();
    world.portal.remove_dkim_key(&olivia.actor, None).await.unwrap();
    let told: Vec<String> = world
        .sql
        .column(
            "SELECT content FROM audit_entries JOIN audit_personal ON audit_id = audit_entries.id WHERE actor_id = $1 AND kind = 'dkim_changed' ORDER BY position",
            values![olivia.person.id],
        )
        .await;
    let change = |old: Option<&str>, new: Option<&str>| {
        let part = |what: &str, value: Option<&str>| {
            value.map(|value| format!(r#","{what}":"{value}""#)).unwrap_or_default()
        };
        format!(r#"{{"what":"dkim"{}{}}}"#, part("old", old), part("new", new))
    };
    let name = Some(made.name.as_str());
    let expected = [
        change(None, name),
        change(Some("off"), Some("on")),
        change(Some("on"), Some("off")),
        change(name, None),
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.contains(&expected), "{told}");
    }
}
