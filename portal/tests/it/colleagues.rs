//! Superiors invite staff, change what they may do, set them aside and let them in again.

use model::{
    Refusal,
    account::Role,
    id::{AccountId, OrganizationId},
    link::LinkPurpose,
    refusal::Problem,
    staff::{StaffObstacle, StaffStanding},
};
use portal::{DEMO_PASSWORD, InviteStaff, Result, SendStaffLink, mail::MailTransport};
use uuid::Uuid;

use crate::{
    rules::{becomes, proven},
    sql::values,
    world::{Entered, Link, NEW, OTHER, Person, World, refusal, stories, wait},
};

stories! {
    somebody_is_invited_and_comes,
    an_invitation_is_sent_again_and_the_one_before_is_void,
    an_invitation_expires_and_is_nothing_else,
    whoever_is_here_already_is_not_invited,
    pressed_twice_it_is_one_invitation,
    an_admin_makes_no_owner,
    nobody_acts_on_themselves,
    owners_are_left_to_owners,
    the_last_owner_stays,
    the_last_two_owners_do_not_unmake_each_other,
    suspending_ends_every_session_at_once,
    a_new_role_counts_at_once_and_is_told,
    a_superiors_link_sets_staff_free,
    a_superiors_link_needs_a_reason_and_a_fresh_proof,
    a_curious_reseller_next_door_finds_no_staff,
    agents_see_no_staff_and_auditors_do,
    a_role_taken_away_meanwhile_manages_nobody,
    invitations_have_a_budget,
    without_mail_nobody_is_invited,
    changes_of_staff_are_recorded,
}

fn invitation(name: &str, email: &str, role: &str) -> InviteStaff {
    InviteStaff {
        scope: None,
        name: name.into(),
        email: email.into(),
        role: role.into(),
        language: "en".into(),
    }
}

async fn invites(world: &World, by: &Entered, name: &str, role: &str) -> Result<Person> {
    let email = format!("{name}@northwind.example");
    let request = invitation("Nova Lind", &email, role);
    let done = world.portal.invite_staff(&by.actor, request).await?;
    Ok(Person { id: done.staff, email, site: world.northwind })
}

/// The invitation in the only new mail.
async fn invitation_mail(world: &World, person: &Person) -> Link {
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0].to, person.email);
    world.link_in(&mails[0])
}

async fn accepts(world: &World, link: &Link, password: &str) -> Result<()> {
    let visit = world.visit();
    let request = crate::world::new_password(password);
    world.portal.accept_invitation(&visit, link.id, &link.token, request).await
}

async fn standing(world: &World, by: &Entered, person: &Person) -> StaffStanding {
    world.portal.staff_member(&by.actor, person.id).await.unwrap().row.standing
}

fn link_for(staff: &Person) -> SendStaffLink {
    SendStaffLink { staff: staff.id, reason: "Lost the phone".into(), ticket: String::new() }
}

fn impossible(obstacle: StaffObstacle) -> Refusal {
    Refusal::StaffImpossible(obstacle)
}

async fn somebody_is_invited_and_comes(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let nova = invites(world, &olivia, "nova", "agent").await.unwrap();
    assert!(matches!(standing(world, &olivia, &nova).await, StaffStanding::Invited(Some(_))));
    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].says("Olivia Berg has invited you to work for Northwind Backup"));
    let link = world.link_in(&mails[0]);
    assert!(!world.lets_in(&nova, NEW).await);
    let view = world.portal.link(&world.visit(), link.id, &link.token, link.purpose).await;
    assert_eq!(view.unwrap().sign_in_name.map(String::from), Some(nova.email.clone()));
    accepts(world, &link, NEW).await.unwrap();
    assert!(world.lets_in(&nova, NEW).await);
    assert_eq!(standing(world, &olivia, &nova).await, StaffStanding::Active);
    // It works once.
    assert_eq!(refusal(accepts(world, &link, OTHER).await), Refusal::LinkUnusable);
    let entered = world.enters_with("nova", NEW).await;
    assert_eq!(entered.actor.role, Some(Role::Agent));
    world.mails().await;
}

async fn an_invitation_is_sent_again_and_the_one_before_is_void(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let nova = invites(world, &olivia, "nova", "agent").await.unwrap();
    let first = invitation_mail(world, &nova).await;
    world.portal.invite_again(&olivia.actor, nova.id).await.unwrap();
    let second = invitation_mail(world, &nova).await;
    assert_eq!(refusal(accepts(world, &first, NEW).await), Refusal::LinkUnusable);
    accepts(world, &second, NEW).await.unwrap();
    // Whoever is here needs no invitation.
    let again = world.portal.invite_again(&olivia.actor, nova.id).await;
    assert_eq!(refusal(again), impossible(StaffObstacle::ThereAlready));
    world.mails().await;
}

async fn an_invitation_expires_and_is_nothing_else(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let nova = invites(world, &olivia, "nova", "agent").await.unwrap();
    let link = invitation_mail(world, &nova).await;
    // It is no link of another kind.
    let as_reset = Link { purpose: LinkPurpose::Reset, ..link.clone() };
    assert_eq!(refusal(world.uses(&as_reset, NEW).await), Refusal::LinkUnusable);
    world.days_pass(7);
    assert_eq!(refusal(accepts(world, &link, NEW).await), Refusal::LinkUnusable);
    let olivia = proven(world, "olivia").await;
    assert_eq!(standing(world, &olivia, &nova).await, StaffStanding::Invited(None));
    world.portal.invite_again(&olivia.actor, nova.id).await.unwrap();
    let link = invitation_mail(world, &nova).await;
    accepts(world, &link, NEW).await.unwrap();
    world.mails().await;
}

async fn whoever_is_here_already_is_not_invited(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    for email in ["arun@northwind.example", " CASEY@acme.example "] {
        let request = invitation("Nova Lind", email, "agent");
        let refused = refusal(world.portal.invite_staff(&olivia.actor, request).await);
        assert_eq!(refused, Refusal::field("email", Problem::EmailTaken), "{email}");
    }
    let request = InviteStaff { language: "tlh".into(), ..invitation("", "nobody", "king") };
    let Refusal::Fields(problems) =
        refusal(world.portal.invite_staff(&olivia.actor, request).await)
    else {
        panic!("fields")
    };
    let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
    assert_eq!(fields, ["name", "email", "role", "language"]);
    // At another site the same address is somebody else's.
    let robin = proven(world, "operator").await;
    let scope = Some(world.organization("Contoso Cloud").await);
    let request =
        InviteStaff { scope, ..invitation("Arun Velder", "arun@northwind.example", "agent") };
    world.portal.invite_staff(&robin.actor, request).await.unwrap();
    let mails = world.new_mails().await;
    assert!(mails[0].text.contains("/s/contoso/invitation/"), "{}", mails[0].text);
    world.link_in(&mails[0]);
}

async fn pressed_twice_it_is_one_invitation(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    let first = invites(world, &olivia, "nova", "agent").await.unwrap();
    let second = invites(world, &olivia, "nova", "agent").await.unwrap();
    assert_eq!(first.id, second.id);
    invitation_mail(world, &first).await;
    world.seconds_pass(10);
    let refused = refusal(invites(world, &olivia, "nova", "agent").await);
    assert_eq!(refused, Refusal::field("email", Problem::EmailTaken));
}

async fn an_admin_makes_no_owner(world: &mut World) {
    becomes(world, "ada", "admin").await;
    let (ada, arun) = (proven(world, "ada").await, world.person("arun").await);
    let page = world.portal.staff_page(&ada.actor, None).await.unwrap();
    assert_eq!(page.roles, [Role::Admin, Role::Agent, Role::Auditor]);
    let owner = impossible(StaffObstacle::Owner);
    assert_eq!(refusal(invites(world, &ada, "nova", "owner").await), owner);
    assert_eq!(refusal(world.portal.change_role(&ada.actor, arun.id, "owner").await), owner);
    world.portal.change_role(&ada.actor, arun.id, "admin").await.unwrap();
    // Not oneself either.
    let refused = world.portal.change_role(&ada.actor, ada.person.id, "owner").await;
    assert_eq!(refusal(refused), impossible(StaffObstacle::Yourself));
    world.mails().await;
}

async fn nobody_acts_on_themselves(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    becomes(world, "ada", "owner").await;
    let (portal, actor, id) = (&world.portal, &olivia.actor, olivia.person.id);
    let yourself = impossible(StaffObstacle::Yourself);
    assert_eq!(refusal(portal.change_role(actor, id, "agent").await), yourself);
    assert_eq!(refusal(portal.suspend_staff(actor, id).await), yourself);
    assert_eq!(refusal(portal.resume_staff(actor, id).await), yourself);
    assert_eq!(refusal(portal.send_staff_link(actor, link_for(&olivia.person)).await), yourself);
    assert_eq!(refusal(portal.invite_again(actor, id).await), yourself);
    let view = portal.staff_member(actor, id).await.unwrap();
    assert_eq!(view.obstacle, Some(StaffObstacle::Yourself));
}

async fn owners_are_left_to_owners(world: &mut World) {
    becomes(world, "ada", "admin").await;
    let (ada, olivia) = (proven(world, "ada").await, world.person("olivia").await);
    let (portal, actor) = (&world.portal, &ada.actor);
    let owner = impossible(StaffObstacle::Owner);
    assert_eq!(refusal(portal.change_role(actor, olivia.id, "agent").await), owner);
    assert_eq!(refusal(portal.suspend_staff(actor, olivia.id).await), owner);
    assert_eq!(refusal(portal.send_staff_link(actor, link_for(&olivia)).await), owner);
    // Also an owner of an organization below one's own.
    let freya = world.person("freya").await;
    assert_eq!(refusal(portal.suspend_staff(actor, freya.id).await), owner);
    let robin = proven(world, "operator").await;
    portal.send_staff_link(&robin.actor, link_for(&olivia)).await.unwrap();
    let mails = world.new_mails().await;
    assert_eq!(mails[0].to, olivia.email);
    world.link_in(&mails[0]);
}

async fn the_last_owner_stays(world: &mut World) {
    let (robin, olivia) = (proven(world, "operator").await, world.person("olivia").await);
    let (portal, actor) = (&world.portal, &robin.actor);
    let last = impossible(StaffObstacle::LastOwner);
    assert!(portal.staff_member(actor, olivia.id).await.unwrap().last_owner);
    assert_eq!(refusal(portal.change_role(actor, olivia.id, "admin").await), last);
    assert_eq!(refusal(portal.suspend_staff(actor, olivia.id).await), last);
    // One who was invited and never came, one who is frozen and one who is suspended do not count.
    let scope = Some(world.organization("Northwind Backup").await);
    let request =
        InviteStaff { scope, ..invitation("Nova Lind", "nova@northwind.example", "owner") };
    portal.invite_staff(actor, request).await.unwrap();
    becomes(world, "ada", "owner").await;
    becomes(world, "arun", "owner").await;
    world.sql.run("UPDATE accounts SET locked_by = 'dispute' WHERE email LIKE 'ada@%'", []).await;
    let arun = world.person("arun").await;
    world.suspends(&arun).await;
    assert_eq!(refusal(portal.change_role(actor, olivia.id, "admin").await), last);
    world.sql.run("UPDATE accounts SET locked_by = NULL WHERE email LIKE 'ada@%'", []).await;
    portal.change_role(actor, olivia.id, "admin").await.unwrap();
    let mails = world.mails().await;
    world.link_in(mails.iter().find(|mail| mail.text.contains("/invitation/")).unwrap());
}

async fn the_last_two_owners_do_not_unmake_each_other(world: &mut World) {
    becomes(world, "ada", "owner").await;
    let (olivia, ada) = (proven(world, "olivia").await, proven(world, "ada").await);
    let another = world.another_node().await;
    let (a, b) = tokio::join!(
        world.portal.change_role(&olivia.actor, ada.person.id, "agent"),
        another.suspend_staff(&ada.actor, olivia.person.id),
    );
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    let owners: i64 = world
        .sql
        .one(
            "SELECT COUNT(*) FROM accounts WHERE role = 'owner' AND state = 'active' AND email LIKE '%@northwind.example'",
            [],
        )
        .await;
    assert_eq!(owners, 1);
    // By somebody above both, at the same time.
    becomes(world, "ada", "owner").await;
    world
        .sql
        .run("UPDATE accounts SET state = 'active', role = 'owner' WHERE email LIKE 'olivia@%'", [])
        .await;
    let robin = proven(world, "operator").await;
    let (a, b) = tokio::join!(
        world.portal.suspend_staff(&robin.actor, ada.person.id),
        another.suspend_staff(&robin.actor, olivia.person.id),
    );
    let last = impossible(StaffObstacle::LastOwner);
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    assert_eq!(refusal(if a.is_ok() { b } else { a }), last);
    another.close().await;
    world.mails().await;
}

async fn suspending_ends_every_session_at_once(world: &mut World) {
    let (olivia, arun) = (proven(world, "olivia").await, world.enters("arun").await);
    world.portal.send_staff_link(&olivia.actor, link_for(&arun.person)).await.unwrap();
    let link = world.link_in(&world.new_mails().await[0]);
    world.portal.suspend_staff(&olivia.actor, arun.person.id).await.unwrap();
    assert!(!world.holds(&arun).await);
    assert!(!world.lets_in(&arun.person, DEMO_PASSWORD).await);
    assert_eq!(refusal(world.uses(&link, NEW).await), Refusal::LinkUnusable);
    assert_eq!(world.new_mails().await[0].subject, "Your access at Northwind Backup was suspended");
    assert_eq!(standing(world, &olivia, &arun.person).await, StaffStanding::Suspended);
    let refused = world.portal.send_staff_link(&olivia.actor, link_for(&arun.person)).await;
    assert_eq!(refusal(refused), impossible(StaffObstacle::Suspended));
    world.portal.suspend_staff(&olivia.actor, arun.person.id).await.unwrap();
    assert_eq!(world.count_recorded(&arun.person, "suspended").await, 1);

    world.portal.resume_staff(&olivia.actor, arun.person.id).await.unwrap();
    assert!(!world.holds(&arun).await, "what ended stays so");
    assert!(world.lets_in(&arun.person, DEMO_PASSWORD).await);
    assert_eq!(world.new_mails().await[0].subject, "Your access at Northwind Backup works again");
}

async fn a_new_role_counts_at_once_and_is_told(world: &mut World) {
    let (olivia, arun) = (proven(world, "olivia").await, proven(world, "arun").await);
    world.portal.change_role(&olivia.actor, arun.person.id, "admin").await.unwrap();
    let mails = world.new_mails().await;
    assert_eq!((mails.len(), &mails[0].to), (1, &arun.person.email));
    assert!(mails[0].says(
        "Olivia Berg has changed your role at Northwind Backup. From now on you are: admin."
    ));
    let actor = world.portal.actor(&arun.visit, &arun.token).await.unwrap().unwrap();
    assert_eq!(actor.role, Some(Role::Admin));
    // The same role again is no change, and nothing that is no role.
    world.portal.change_role(&olivia.actor, arun.person.id, "admin").await.unwrap();
    assert!(world.new_mails().await.is_empty());
    let refused = world.portal.change_role(&olivia.actor, arun.person.id, "king").await;
    assert_eq!(refusal(refused), Refusal::field("role", Problem::NotAChoice));
}

async fn a_superiors_link_sets_staff_free(world: &mut World) {
    let (olivia, arun) = (proven(world, "olivia").await, world.enters("arun").await);
    // A customer's page does not lead there.
    world.asks_for_link(&world.visit(), "arun@northwind.example").await;
    assert_eq!(world.new_mails().await[0].subject, "Your password cannot be reset by email");
    let earlier = {
        world.portal.send_staff_link(&olivia.actor, link_for(&arun.person)).await.unwrap();
        world.link_in(&world.new_mails().await[0])
    };
    world.seconds_pass(10);
    world.portal.send_staff_link(&olivia.actor, link_for(&arun.person)).await.unwrap();
    let link = world.link_in(&world.new_mails().await[0]);
    assert_eq!(refusal(world.uses(&earlier, NEW).await), Refusal::LinkUnusable);
    world.uses(&link, NEW).await.unwrap();
    assert!(!world.holds(&arun).await);
    assert!(world.lets_in(&arun.person, NEW).await);
    let told: Vec<String> = world
        .sql
        .column(
            "SELECT content FROM audit_entries JOIN audit_personal ON audit_id = audit_entries.id WHERE kind = 'staff_link_sent' AND subject_id = $1",
            values![arun.person.id],
        )
        .await;
    assert_eq!(told.len(), 2);
    assert!(told[0].contains("Lost the phone") && told[0].contains("Olivia Berg"));
    world.mails().await;
}

async fn a_superiors_link_needs_a_reason_and_a_fresh_proof(world: &mut World) {
    let (olivia, arun) = (world.enters("olivia").await, world.person("arun").await);
    let (portal, actor) = (&world.portal, &olivia.actor);
    let before = world.sql.everything().await;
    assert_eq!(refusal(portal.send_staff_link(actor, link_for(&arun)).await), Refusal::StepUp);
    assert_eq!(refusal(portal.suspend_staff(actor, arun.id).await), Refusal::StepUp);
    assert_eq!(refusal(portal.resume_staff(actor, arun.id).await), Refusal::StepUp);
    assert_eq!(refusal(portal.change_role(actor, arun.id, "admin").await), Refusal::StepUp);
    assert_eq!(refusal(invites(world, &olivia, "nova", "agent").await), Refusal::StepUp);
    assert_eq!(world.sql.everything().await, before);
    let olivia = proven(world, "olivia").await;
    let request = SendStaffLink { reason: "  ".into(), ..link_for(&arun) };
    let refused = refusal(world.portal.send_staff_link(&olivia.actor, request).await);
    assert_eq!(refused, Refusal::field("reason", Problem::Required));
    // Who was invited and never came has an invitation and no password.
    let nova = invites(world, &olivia, "nova", "agent").await.unwrap();
    let refused = world.portal.send_staff_link(&olivia.actor, link_for(&nova)).await;
    assert_eq!(refusal(refused), impossible(StaffObstacle::NotThereYet));
    invitation_mail(world, &nova).await;
}

async fn a_curious_reseller_next_door_finds_no_staff(world: &mut World) {
    let (carla, freya) = (proven(world, "carla").await, proven(world, "freya").await);
    let nobody = AccountId(Uuid::nil());
    // Next door, above, and customers, who are no staff.
    for who in ["olivia", "operator", "casey"] {
        let theirs = world.person(who).await;
        for (by, id) in [(&carla, theirs.id), (&carla, nobody), (&freya, theirs.id)] {
            let (portal, actor) = (&world.portal, &by.actor);
            let whose = Person { id, ..theirs.clone() };
            assert_eq!(refusal(portal.staff_member(actor, id).await), Refusal::NotFound);
            assert_eq!(refusal(portal.change_role(actor, id, "agent").await), Refusal::NotFound);
            assert_eq!(refusal(portal.suspend_staff(actor, id).await), Refusal::NotFound);
            assert_eq!(refusal(portal.resume_staff(actor, id).await), Refusal::NotFound);
            assert_eq!(refusal(portal.invite_again(actor, id).await), Refusal::NotFound);
            let sent = portal.send_staff_link(actor, link_for(&whose)).await;
            assert_eq!(refusal(sent), Refusal::NotFound);
        }
    }
    for scope in [world.organization("Northwind Backup").await, OrganizationId(Uuid::nil())] {
        let page = world.portal.staff_page(&carla.actor, Some(scope)).await;
        assert_eq!(refusal(page), Refusal::NotFound);
        let request = InviteStaff {
            scope: Some(scope),
            ..invitation("Nova Lind", "nova@northwind.example", "agent")
        };
        let refused = world.portal.invite_staff(&carla.actor, request).await;
        assert_eq!(refusal(refused), Refusal::NotFound);
    }
    assert!(world.new_mails().await.is_empty());
    // Below one's own organization one may.
    let (olivia, freyas) = (proven(world, "olivia").await, world.organization("Fjord IT").await);
    let page = world.portal.staff_page(&olivia.actor, Some(freyas)).await.unwrap();
    assert!(page.acting.below);
    assert_eq!(page.rows.len(), 1);
    let scope = Some(freyas);
    let request = InviteStaff { scope, ..invitation("Nova Lind", "nova@fjord.example", "owner") };
    world.portal.invite_staff(&olivia.actor, request).await.unwrap();
    world.link_in(&world.new_mails().await[0]);
}

async fn agents_see_no_staff_and_auditors_do(world: &mut World) {
    let (arun, ada) = (proven(world, "arun").await, proven(world, "ada").await);
    assert_eq!(refusal(world.portal.staff_page(&arun.actor, None).await), Refusal::NotAllowed);
    let refused = world.portal.staff_member(&arun.actor, ada.person.id).await;
    assert_eq!(refusal(refused), Refusal::NotAllowed);
    let page = world.portal.staff_page(&ada.actor, None).await.unwrap();
    let names: Vec<&str> = page.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["Olivia Berg", "Arun Velder", "Ada Quist"]);
    assert!(!page.acting.may_edit && page.roles.is_empty());
    for by in [&arun, &ada] {
        let refused = world.portal.suspend_staff(&by.actor, ada.person.id).await;
        assert_eq!(refusal(refused), Refusal::NotAllowed);
        assert_eq!(refusal(invites(world, by, "nova", "agent").await), Refusal::NotAllowed);
    }
    let casey = world.enters("casey").await;
    assert_eq!(refusal(world.portal.staff_page(&casey.actor, None).await), Refusal::NotFound);
    assert_eq!(refusal(invites(world, &casey, "nova", "agent").await), Refusal::NotFound);
}

async fn a_role_taken_away_meanwhile_manages_nobody(world: &mut World) {
    let (olivia, arun) = (proven(world, "olivia").await, world.person("arun").await);
    becomes(world, "ada", "owner").await;
    let ada = world.person("ada").await;
    // An owner who has become an admin since the page was shown does nothing to owners.
    becomes(world, "olivia", "admin").await;
    let refused = world.portal.change_role(&olivia.actor, ada.id, "agent").await;
    assert_eq!(refusal(refused), impossible(StaffObstacle::Owner));
    let refused = invites(world, &olivia, "nova", "owner").await;
    assert_eq!(refusal(refused), impossible(StaffObstacle::Owner));
    becomes(world, "olivia", "agent").await;
    let refused = world.portal.suspend_staff(&olivia.actor, arun.id).await;
    assert_eq!(refusal(refused), Refusal::NotAllowed);
    becomes(world, "olivia", "owner").await;
    world.suspends(&olivia.person).await;
    let refused = world.portal.suspend_staff(&olivia.actor, arun.id).await;
    assert_eq!(refusal(refused), Refusal::NotAllowed);
}

async fn invitations_have_a_budget(world: &mut World) {
    let olivia = proven(world, "olivia").await;
    for number in 0..30 {
        invites(world, &olivia, &format!("nova{number}"), "agent").await.unwrap();
    }
    assert_eq!(wait(invites(world, &olivia, "nova30", "agent").await), 120);
    let staff: i64 =
        world.sql.one("SELECT COUNT(*) FROM accounts WHERE name = 'Nova Lind'", []).await;
    assert_eq!(staff, 30);
    for mail in world.new_mails().await {
        world.link_in(&mail);
    }
}

async fn without_mail_nobody_is_invited(world: &mut World) {
    world.restart(|settings| settings.mail.transport = MailTransport::None).await;
    let (olivia, arun) = (proven(world, "olivia").await, world.person("arun").await);
    let no_mail = impossible(StaffObstacle::NoMail);
    assert!(!world.portal.staff_page(&olivia.actor, None).await.unwrap().acting.sends_mail);
    assert_eq!(refusal(invites(world, &olivia, "nova", "agent").await), no_mail);
    let refused = world.portal.send_staff_link(&olivia.actor, link_for(&arun)).await;
    assert_eq!(refusal(refused), no_mail);
}

async fn changes_of_staff_are_recorded(world: &mut World) {
    let (olivia, arun) = (proven(world, "olivia").await, world.person("arun").await);
    let nova = invites(world, &olivia, "nova", "auditor").await.unwrap();
    world.portal.change_role(&olivia.actor, arun.id, "admin").await.unwrap();
    world.portal.suspend_staff(&olivia.actor, arun.id).await.unwrap();
    world.portal.resume_staff(&olivia.actor, arun.id).await.unwrap();
    assert_eq!(world.recorded(&nova).await, ["invited done"]);
    let recorded = world.recorded(&arun).await;
    assert_eq!(recorded, ["role_changed done", "suspended done", "resumed done"]);
    let told: Vec<String> = world
        .sql
        .column(
            "SELECT content FROM audit_entries JOIN audit_personal ON audit_id = audit_entries.id WHERE kind = 'role_changed'",
            [],
        )
        .await;
    assert!(told[0].contains(r#""changes":[{"what":"role","old":"agent","new":"admin"}]"#));
    assert!(told[0].contains("Olivia Berg"));
    let mails = world.mails().await;
    world.link_in(mails.iter().find(|mail| mail.text.contains("/invitation/")).unwrap());
}
