//! Customers leave as a file.

use model::{
    Refusal,
    customer::{CustomerOrder, CustomerQuery},
    job::JobKind,
};
use portal::{MapImport, Result};

use crate::{
    sql::values,
    world::{Entered, World, refusal, stories},
};

stories! {
    a_file_holds_all_whom_a_query_finds,
    no_cell_becomes_a_formula,
    exporting_needs_proof_and_permission,
    exporting_is_recorded_with_its_count,
    an_import_understands_what_was_exported,
}

async fn file(world: &World, who: &Entered, query: &CustomerQuery) -> Result<String> {
    let mut export = world.portal.begin_export(&who.actor, query).await?;
    let mut text = String::new();
    while let Some(more) = world.portal.export_more(&mut export).await? {
        text += &more;
    }
    Ok(text)
}

async fn a_file_holds_all_whom_a_query_finds(world: &mut World) {
    let olivia = world.proves(&world.enters("olivia").await).await;
    let shown = world.portal.export(&olivia.actor, &CustomerQuery::default()).await.unwrap();
    let there: i64 = world
        .sql
        .one(
            "SELECT COUNT(*) FROM accounts WHERE kind = 'customer' AND site_id = $1",
            values![world.northwind],
        )
        .await;
    assert_eq!(i64::from(shown.count), there);
    let text = file(world, &olivia, &CustomerQuery::default()).await.unwrap();
    assert_eq!(text.lines().count(), usize::try_from(there).unwrap() + 1);
    assert!(text.starts_with("reference,name,email"), "{}", &text[..60]);
    let query = CustomerQuery {
        text: "casey".into(),
        order: CustomerOrder::Company,
        descending: true,
        ..CustomerQuery::default()
    };
    let text = file(world, &olivia, &query).await.unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[1].starts_with(",Casey Thornton,casey@acme.example,Acme Joinery,casey,en,yes,Northwind Backup,active,2026-"), "{}", lines[1]);
}

async fn no_cell_becomes_a_formula(world: &mut World) {
    let olivia = world.proves(&world.enters("olivia").await).await;
    world
        .sql
        .run("UPDATE accounts SET name = '=HYPERLINK(\"x\")', company = '@SUM(1)', reference = '+1' WHERE email = 'casey@acme.example'", [])
        .await;
    let query = CustomerQuery { text: "casey".into(), ..CustomerQuery::default() };
    let text = file(world, &olivia, &query).await.unwrap();
    let line = text.lines().nth(1).unwrap();
    assert!(line.starts_with("'+1,\"'=HYPERLINK(\"\"x\"\")\","), "{line}");
    assert!(line.contains("'@SUM(1)"), "{line}");
}

async fn exporting_needs_proof_and_permission(world: &mut World) {
    let query = CustomerQuery::default();
    let olivia = world.enters("olivia").await;
    assert_eq!(refusal(file(world, &olivia, &query).await), Refusal::StepUp);
    for (who, refused) in
        [("arun", Refusal::NotAllowed), ("ada", Refusal::NotAllowed), ("casey", Refusal::NotFound)]
    {
        let who = world.proves(&world.enters(who).await).await;
        assert_eq!(refusal(file(world, &who, &query).await), refused);
        assert_eq!(refusal(world.portal.export(&who.actor, &query).await), refused);
    }
    let carla = world.proves(&world.enters("carla").await).await;
    let there = world.organization("Northwind Backup").await;
    let query = CustomerQuery { scope: Some(there), ..CustomerQuery::default() };
    assert_eq!(refusal(file(world, &carla, &query).await), Refusal::NotFound);
    let lines: i64 = world
        .sql
        .one("SELECT COUNT(*) FROM audit_entries WHERE kind = 'customers_exported'", [])
        .await;
    assert_eq!(lines, 0);
}

async fn exporting_is_recorded_with_its_count(world: &mut World) {
    let olivia = world.proves(&world.enters("olivia").await).await;
    let query = CustomerQuery { text: "acme".into(), ..CustomerQuery::default() };
    file(world, &olivia, &query).await.unwrap();
    let content: String = world
        .sql
        .one("SELECT content FROM audit_personal JOIN audit_entries ON id = audit_id WHERE kind = 'customers_exported'", [])
        .await;
    assert!(content.contains("\"count\":1") && content.contains("Olivia Berg"), "{content}");
}

async fn an_import_understands_what_was_exported(world: &mut World) {
    let olivia = world.proves(&world.enters("olivia").await).await;
    let own = world.organization("Fjord IT").await;
    let query = CustomerQuery { scope: Some(own), ..CustomerQuery::default() };
    let text = file(world, &olivia, &query).await.unwrap();
    let mut upload = world.portal.begin_upload(&olivia.actor).await.unwrap();
    upload.write(text.as_bytes()).unwrap();
    let job = world.portal.receive_import(&olivia.actor, "export.csv", upload).await.unwrap();
    let shown = world.portal.import(&olivia.actor, job).await.unwrap();
    assert!(shown.columns.iter().all(Option::is_some), "{:?}", shown.columns);
    let columns = shown.columns.iter().map(|column| column.unwrap().to_string()).collect();
    let request = MapImport { job, organization: own, columns };
    world.portal.map_import(&olivia.actor, request).await.unwrap();
    world.portal.work_off().await.unwrap();
    let progress = world.portal.job_progress(&olivia.actor, job, JobKind::Import).await.unwrap();
    assert_eq!((progress.counts.unchanged, progress.counts.done()), (12, 12));
}
