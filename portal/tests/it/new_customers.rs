//! Customers who are created by staff, and invited to choose a password.

use model::{
    Refusal,
    consent::{Consent, ConsentSource},
    id::AccountId,
    link::LinkPurpose,
    refusal::{FieldProblem, Problem},
};
use portal::{ChangeProfile, CreateCustomer, DeleteCustomer, Result};

use crate::{
    sql::values,
    world::{Entered, Link, Mail, NEW, OTHER, Person, World, refusal, stories},
};

stories! {
    a_customer_is_created_and_chooses_a_password,
    an_invitation_works_for_a_week_and_once,
    an_invitation_is_no_reset_link,
    a_customer_may_be_invited_later_and_again,
    whoever_has_a_password_is_not_invited,
    a_permission_is_entered_at_creation_and_told,
    who_is_created_again_begins_without_permission,
    every_problem_of_the_form_is_said,
    a_name_is_one_persons,
    a_taken_address_tells_nothing_more,
    who_may_create_customers,
    another_resellers_organization_is_none,
    creating_is_recorded,
    two_at_once_create_one,
    nobody_is_invited_without_mail,
}

pub fn form(name: &str, email: &str) -> CreateCustomer {
    CreateCustomer {
        organization: None,
        name: name.into(),
        email: email.into(),
        user_name: String::new(),
        company: String::new(),
        reference: String::new(),
        language: "en".into(),
        allows_resets: false,
        first_password: "invitation".into(),
    }
}

async fn create(world: &World, who: &Entered, form: CreateCustomer) -> Result<AccountId> {
    world.portal.create_customer(&who.actor, form).await
}

/// Nia, new at Northwind, and her invitation.
async fn nia(world: &World, olivia: &Entered) -> (Person, Mail) {
    let id = create(world, olivia, form("Nia Novak", "nia@novak.example")).await.unwrap();
    let person = Person { id, email: "nia@novak.example".into(), site: world.northwind };
    let mut mails = world.new_mails().await;
    let mail = mails.remove(mails.iter().position(|mail| mail.to == person.email).unwrap());
    (person, mail)
}

#[track_caller]
fn problems<T: std::fmt::Debug>(result: Result<T>) -> Vec<(String, Problem)> {
    match refusal(result) {
        Refusal::Fields(problems) => {
            problems.into_iter().map(|FieldProblem { field, problem }| (field, problem)).collect()
        }
        other => panic!("{other:?}"),
    }
}

async fn a_customer_is_created_and_chooses_a_password(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let all = CreateCustomer {
        user_name: "Nia_N".into(),
        company: " Novak  Optics ".into(),
        reference: "KD-77".into(),
        language: "de".into(),
        ..form("Nia Novak", "Nia@novak.example")
    };
    let id = create(world, &olivia, all).await.unwrap();
    let view = world.portal.view_customer(&olivia.actor, id).await.unwrap();
    assert_eq!(view.company.as_deref(), Some("Novak Optics"));
    assert_eq!(view.user_name.as_ref().map(model::text::UserName::as_str), Some("nia_n"));
    assert_eq!(view.reference.as_deref(), Some("KD-77"));
    assert_eq!(view.language.tag(), "de");
    assert!(view.may_edit && view.password_changed_at.is_none() && view.open_links.len() == 1);
    let query = model::customer::CustomerQuery { text: "kd-77".into(), ..Default::default() };
    let page = world.portal.find_customers(&olivia.actor, &query).await.unwrap();
    assert_eq!(page.rows[0].id, id);

    let mails = world.new_mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "Ihr neues Konto bei Northwind Backup");
    assert!(mails[0].says("Olivia Berg von Northwind Backup"), "{}", mails[0].text);
    assert!(mails[0].says("(Novak Optics)"));
    let link = world.link_in(&mails[0]);
    assert_eq!(link.purpose, LinkPurpose::Invitation);
    world.opens(&link).await.unwrap();
    world.uses(&link, NEW).await.unwrap();
    let person = Person { id, email: "Nia@novak.example".into(), site: world.northwind };
    assert!(world.lets_in(&person, NEW).await);
    world.notice_for(&person).await;
}

async fn an_invitation_works_for_a_week_and_once(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let (nia, mail) = nia(world, &olivia).await;
    assert!(mail.says("within 7 days"));
    let link = world.link_in(&mail);
    world.days_pass(6);
    world.uses(&link, NEW).await.unwrap();
    world.minutes_pass(2);
    assert_eq!(refusal(world.uses(&link, OTHER).await), Refusal::LinkUnusable);
    world.notice_for(&nia).await;
    let olivia = world.enters("olivia").await;
    let late = create(world, &olivia, form("Late", "late@novak.example")).await.unwrap();
    let link = world.link_in(&world.new_mails().await[0]);
    world.days_pass(7);
    assert_eq!(refusal(world.uses(&link, NEW).await), Refusal::LinkUnusable);
    world.portal.tidy().await.unwrap();
    let olivia = world.enters("olivia").await;
    world.portal.invite_customer_again(&olivia.actor, late).await.unwrap();
    let link = world.link_in(&world.new_mails().await[0]);
    world.uses(&link, NEW).await.unwrap();
    world.mails().await;
}

async fn an_invitation_is_no_reset_link(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let (_, mail) = nia(world, &olivia).await;
    let link = world.link_in(&mail);
    let as_reset = Link { purpose: LinkPurpose::Reset, ..link.clone() };
    assert_eq!(refusal(world.opens(&as_reset).await), Refusal::LinkUnusable);
    assert_eq!(refusal(world.uses(&as_reset, NEW).await), Refusal::LinkUnusable);
    let casey = world.person("casey").await;
    let reset = world.mailed_link(&casey).await;
    let as_invitation = Link { purpose: LinkPurpose::Invitation, ..reset };
    assert_eq!(refusal(world.uses(&as_invitation, NEW).await), Refusal::LinkUnusable);
}

async fn a_customer_may_be_invited_later_and_again(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let later =
        CreateCustomer { first_password: "later".into(), ..form("Nia Novak", "nia@novak.example") };
    let id = create(world, &olivia, later).await.unwrap();
    assert_eq!(world.new_mails().await.len(), 0);
    world.portal.invite_customer_again(&olivia.actor, id).await.unwrap();
    let first = world.link_in(&world.new_mails().await[0]);
    // Agents may, auditors may not.
    let arun = world.enters("arun").await;
    world.portal.invite_customer_again(&arun.actor, id).await.unwrap();
    let ada = world.enters("ada").await;
    assert_eq!(
        refusal(world.portal.invite_customer_again(&ada.actor, id).await),
        Refusal::NotAllowed
    );
    let second = world.link_in(&world.new_mails().await[0]);
    // The newer one replaces the older one.
    assert_eq!(refusal(world.uses(&first, NEW).await), Refusal::LinkUnusable);
    world.uses(&second, NEW).await.unwrap();
    world.mails().await;
    // Another reseller's customer gets none.
    let carla = world.enters("carla").await;
    assert_eq!(
        refusal(world.portal.invite_customer_again(&carla.actor, id).await),
        Refusal::NotFound
    );
}

async fn whoever_has_a_password_is_not_invited(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let casey = world.person("casey").await;
    let again = world.portal.invite_customer_again(&olivia.actor, casey.id).await;
    assert_eq!(refusal(again), Refusal::HasPassword);
    // Neither is one who found the way by the forgotten-password page.
    let (nia, mail) = nia(world, &olivia).await;
    world.resets(&nia, NEW).await;
    let again = world.portal.invite_customer_again(&olivia.actor, nia.id).await;
    assert_eq!(refusal(again), Refusal::HasPassword);
    assert_eq!(refusal(world.uses(&world.link_in(&mail), OTHER).await), Refusal::LinkUnusable);
    world.mails().await;
}

async fn a_permission_is_entered_at_creation_and_told(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let allowed = CreateCustomer { allows_resets: true, ..form("Nia Novak", "nia@novak.example") };
    let id = create(world, &olivia, allowed).await.unwrap();
    let mail = world.new_mails().await.remove(0);
    assert!(mail.says("it was entered that Northwind Backup may set a new password for you"));
    world.uses(&world.link_in(&mail), NEW).await.unwrap();
    let nia = world.enters_with("nia", NEW).await;
    assert_eq!(nia.person.id, id);
    let view = world.portal.consent(&nia.actor).await.unwrap();
    assert_eq!(view.consent, Consent::Always);
    assert_eq!(view.ledger.len(), 1);
    assert_eq!(view.ledger[0].source, ConsentSource::Creation);
    let by: uuid::Uuid =
        world.sql.one("SELECT actor_id FROM consents WHERE account_id = $1", values![id]).await;
    assert_eq!(by, olivia.person.id.0);
    world.mails().await;
}

async fn who_is_created_again_begins_without_permission(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let casey = world.person("casey").await;
    let olivia = world.proves(&olivia).await;
    let gone = DeleteCustomer { customer: casey.id, typed: "Casey Thornton".into() };
    world.portal.delete_customer(&olivia.actor, gone).await.unwrap();
    let id = create(world, &olivia, form("Casey Thornton", "casey@acme.example")).await.unwrap();
    assert_ne!(id, casey.id);
    let view = world.portal.view_customer(&olivia.actor, id).await.unwrap();
    assert!(!view.standing.allows_resets);
    let mail = world.new_mails().await.remove(0);
    assert!(mail.says("Northwind Backup may not set a password for you"), "{}", mail.text);
    let ledger: i64 =
        world.sql.one("SELECT COUNT(*) FROM consents WHERE account_id = $1", values![id]).await;
    assert_eq!(ledger, 0);
}

async fn every_problem_of_the_form_is_said(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let wrong = CreateCustomer {
        user_name: "no spaces".into(),
        company: "x".repeat(121),
        reference: "a\0b".into(),
        language: "xx".into(),
        first_password: "surprise".into(),
        ..form(" ", "nowhere")
    };
    assert_eq!(
        problems(create(world, &olivia, wrong).await),
        [
            ("name".into(), Problem::Required),
            ("email".into(), Problem::NotAnEmail),
            ("user_name".into(), Problem::NotAUserName),
            ("company".into(), Problem::TooLong { max: 120 }),
            ("reference".into(), Problem::UnseenCharacters),
            ("language".into(), Problem::NotAChoice),
            ("first_password".into(), Problem::NotAChoice),
        ]
    );
    assert_eq!(world.new_mails().await.len(), 0);
}

async fn a_name_is_one_persons(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let taken = CreateCustomer {
        user_name: "Casey".into(),
        reference: "C-1001".into(),
        ..form("Somebody", "CASEY@acme.example")
    };
    assert_eq!(
        problems(create(world, &olivia, taken.clone()).await),
        [
            ("email".into(), Problem::EmailTaken),
            ("user_name".into(), Problem::UserNameTaken),
            ("reference".into(), Problem::ReferenceTaken),
        ]
    );
    // A reference is one organization's own.
    let fjord = Some(world.organization("Fjord IT").await);
    let below = CreateCustomer {
        organization: fjord,
        email: "somebody@fjordfolk.example".into(),
        user_name: String::new(),
        ..taken.clone()
    };
    create(world, &olivia, below).await.unwrap();
    // At another site the same address is somebody else's.
    let carla = world.enters("carla").await;
    create(world, &carla, form("Another Casey", "casey@acme.example")).await.unwrap();
    world.mails().await;
}

async fn a_taken_address_tells_nothing_more(world: &mut World) {
    // Freya looks after Fjord's customers, at a site that Northwind's share.
    let freya = world.enters("freya").await;
    let stranger = create(world, &freya, form("Casey", "casey@acme.example")).await;
    let staff = create(world, &freya, form("Olivia", "olivia@northwind.example")).await;
    let [stranger, staff] = [stranger, staff].map(problems);
    assert_eq!(stranger, [("email".to_owned(), Problem::EmailTaken)]);
    assert_eq!(staff, stranger);
}

async fn who_may_create_customers(world: &mut World) {
    for (who, refused) in
        [("arun", Refusal::NotAllowed), ("ada", Refusal::NotAllowed), ("casey", Refusal::NotFound)]
    {
        let somebody = world.enters(who).await;
        let result = create(world, &somebody, form("Nia Novak", "nia@novak.example")).await;
        assert_eq!(refusal(result), refused, "{who}");
        let view = world.portal.new_customer(&somebody.actor, None).await;
        assert_eq!(refusal(view), refused, "{who}");
    }
    // What was taken away meanwhile counts.
    let olivia = world.enters("olivia").await;
    world
        .sql
        .run("UPDATE accounts SET role = 'agent' WHERE id = $1", values![olivia.person.id])
        .await;
    let result = create(world, &olivia, form("Nia Novak", "nia@novak.example")).await;
    assert_eq!(refusal(result), Refusal::NotAllowed);
}

async fn another_resellers_organization_is_none(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let nobodys = model::id::OrganizationId(uuid::Uuid::nil());
    for organization in [world.organization("Contoso Cloud").await, nobodys] {
        let there = CreateCustomer {
            organization: Some(organization),
            ..form("Nia Novak", "nia@novak.example")
        };
        assert_eq!(refusal(create(world, &olivia, there).await), Refusal::NotFound);
        let view = world.portal.new_customer(&olivia.actor, Some(organization)).await;
        assert_eq!(refusal(view), Refusal::NotFound);
    }
    let view = world.portal.new_customer(&olivia.actor, None).await.unwrap();
    let names: Vec<String> =
        view.organizations.iter().map(|scope| scope.name.to_string()).collect();
    assert_eq!(names, ["Northwind Backup", "Fjord IT"]);
    world.suspends_organization("Fjord IT").await;
    let there = CreateCustomer {
        organization: Some(world.organization("Fjord IT").await),
        ..form("Nia Novak", "nia@novak.example")
    };
    assert_eq!(
        problems(create(world, &olivia, there).await),
        [("organization".into(), Problem::OrganizationSuspended)]
    );
}

async fn creating_is_recorded(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let (nia, mail) = nia(world, &olivia).await;
    assert_eq!(world.recorded(&nia).await, ["customer_created done", "invitation_sent done"]);
    world.uses(&world.link_in(&mail), NEW).await.unwrap();
    world.mails().await;
    let entered = world.enters_with("nia", NEW).await;
    let activity = world.portal.activity(&entered.actor, None).await.unwrap();
    let who = model::audit::Who::Staff(Some("Olivia Berg".into()));
    assert_eq!(activity.entries.iter().filter(|entry| entry.who == who).count(), 2);
    let profile =
        ChangeProfile { name: "Nia N.".into(), user_name: "nia".into(), language: "en".into() };
    world.portal.change_profile(&entered.actor, profile).await.unwrap();
}

async fn two_at_once_create_one(world: &mut World) {
    let olivia = world.enters("olivia").await;
    let other = world.another_node().await;
    let one = create(world, &olivia, form("Nia Novak", "nia@novak.example"));
    let two = other.create_customer(&olivia.actor, form("Nia Novak", "nia@novak.example"));
    let (one, two) = tokio::join!(one, two);
    assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1, "{one:?} {two:?}");
    for refused in [one, two].into_iter().filter(Result::is_err) {
        assert_eq!(problems(refused), [("email".into(), Problem::EmailTaken)]);
    }
    other.close().await;
    world.mails().await;
}

async fn nobody_is_invited_without_mail(world: &mut World) {
    let olivia = world.enters("olivia").await;
    world.restart(|settings| settings.mail.transport = portal::mail::MailTransport::None).await;
    let result = create(world, &olivia, form("Nia Novak", "nia@novak.example")).await;
    assert_eq!(refusal(result), Refusal::ResetImpossible(model::reset::Obstacle::NoMail));
    let later =
        CreateCustomer { first_password: "later".into(), ..form("Nia Novak", "nia@novak.example") };
    create(world, &olivia, later).await.unwrap();
}
