//! Two databases, one schema.

use std::{collections::BTreeMap, path::Path};

use crate::{
    sql::Sql,
    world::{World, folder, seed, stories},
};

stories! {
    ;
    postgres:
    tables_and_columns_are_the_same,
}

#[test]
fn migrations_have_the_same_names() {
    let names = |engine: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(!names("sqlite").is_empty());
}

/// Every column by table and name: what kind of values it takes, and whether it may be empty.
type Columns = BTreeMap<(String, String), (String, bool)>;

async fn tables_and_columns_are_the_same(world: &mut World) {
    let folder = folder();
    let database = portal::config::Database::Sqlite(folder.path().join("rekey.db"));
    seed(database.clone()).await;
    let sqlite = Sql::of(&database);

    let rows: Vec<(String, String, String, bool)> = sqlite
        .rows(
            "SELECT tables.name, columns.name, columns.type, columns.\"notnull\" = 0 FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%' AND tables.name NOT LIKE 'customer_trigrams%' AND tables.name <> '_sqlx_migrations'",
            [],
        )
        .await;
    // SQLite's index of trigrams is a table that PostgreSQL has no need of.
    let in_sqlite: Columns = rows
        .into_iter()
        .map(|(table, column, kind, empty)| ((table, column), (kind.to_lowercase(), empty)))
        .collect();
    let rows: Vec<(String, String, String, bool)> = world
        .sql
        .rows(
            "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES' FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'",
            [],
        )
        .await;
    let in_postgres: Columns = rows
        .into_iter()
        .map(|(table, column, kind, empty)| {
            let kind = match kind.as_str() {
                "uuid" | "bytea" => "blob",
                "bigint" => "integer",
                other => other,
            };
            ((table, column), (kind.to_owned(), empty))
        })
        .collect();
    assert_eq!(in_sqlite, in_postgres);
    assert!(in_sqlite.len() > 100);

    // What must be unique is so on both. (A number that is SQLite's own for the row has no index.)
    let unique: Vec<(String, String)> = sqlite
        .rows(
            "SELECT tables.name, (SELECT group_concat(COALESCE(parts.name, '()'), ',') FROM pragma_index_info(indexes.name) AS parts) FROM sqlite_schema AS tables JOIN pragma_index_list(tables.name) AS indexes WHERE tables.type = 'table' AND indexes.\"unique\" = 1 AND tables.name NOT LIKE 'customer_trigrams%' AND tables.name <> '_sqlx_migrations' UNION ALL SELECT tables.name, columns.name FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table' AND tables.name NOT LIKE 'customer_trigrams%' AND tables.name <> '_sqlx_migrations' AND columns.pk > 0 AND columns.type = 'INTEGER' AND (SELECT MAX(pk) FROM pragma_table_info(tables.name)) = 1",
            [],
        )
        .await;
    let mut in_sqlite: Vec<(String, String)> = unique;
    let mut in_postgres: Vec<(String, String)> = world
        .sql
        .rows(
            "SELECT indrelid::regclass::text, (SELECT string_agg(COALESCE(attname::text, '()'), ',' ORDER BY place) FROM unnest(indkey::int2[]) WITH ORDINALITY AS parts (number, place) LEFT JOIN pg_attribute ON attrelid = indrelid AND attnum = parts.number AND parts.number <> 0) FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE indisunique AND relnamespace = 'public'::regnamespace AND relname <> '_sqlx_migrations'",
            [],
        )
        .await;
    in_sqlite.sort();
    in_postgres.sort();
    assert_eq!(in_sqlite, in_postgres);
    sqlite.close().await;
}
