//! A database as an earlier release would have left it.

use std::{fs, path::Path};

use rusqlite::Connection;

const SCHEMA_1: &str = include_str!("../../../src/store/sqlite/schema_1.sql");

/// Rewrites a closed database as the first release would have written it.
pub(crate) fn turn_back(database: &Path) {
    let old = database.with_extension("old");
    let connection = Connection::open(&old).expect("a database");
    connection.execute_batch(SCHEMA_1).expect("a schema");
    connection.pragma_update(None, "application_id", i32::from_be_bytes(*b"mtrd")).expect("a mark");
    connection.pragma_update(None, "user_version", 1).expect("a version");
    connection.execute("ATTACH ?1 AS new", [database.to_str().expect("a path")]).expect("the database");
    connection
        .execute_batch(
            "INSERT INTO restaurants SELECT * FROM new.restaurants;
             INSERT INTO guests SELECT * FROM new.guests;
             INSERT INTO tables SELECT * FROM new.tables;
             INSERT INTO log SELECT restaurant_id, seq, message FROM new.log ORDER BY position;",
        )
        .expect("the rows");
    connection.close().expect("a whole file");
    fs::rename(&old, database).expect("a file to replace");
}
