//! The schema: brought up to date by whoever comes first, while the others wait.

use tokio_postgres::Client;

use super::{
    connections::Connections,
    trouble::{is_not_allowed, said},
};
use crate::store::{StoreError, error::Trouble};

/// The schema, one step a release that changed it. `maitred_schema` counts the steps taken.
///
/// Nodes of the release before go on working while a new one takes a step: steps only add, and what the older release
/// calls stays as it is until the step after.
const SCHEMA: [&str; 1] = [include_str!("schema_1.sql")];

/// Which of a database's locks guards its schema: the letters `mtrd`.
const SCHEMA_LOCK: i64 = 0x6d74_7264;

/// Brings the schema up to date, and tells how this database is named.
pub(super) async fn migrate(connections: &Connections, address: &str) -> Result<String, StoreError> {
    let loan = connections.lend().await?;
    let open_error = |why| StoreError::Open { database: address.to_owned(), why };
    // Most often there is nothing to do, which takes neither a lock nor the right to change anything.
    let sql = "SELECT to_regclass('maitred_schema') IS NOT NULL, getdatabaseencoding()::text";
    let database = loan.query_typed_one(sql, &[]).await?;
    if database.try_get(0)? {
        let (taken, name) = state(&loan).await?;
        check(taken).map_err(open_error)?;
        if taken == SCHEMA.len() {
            loan.give_back();
            return Ok(name);
        }
    }
    let encoding: &str = database.try_get(1)?;
    if encoding != "UTF8" {
        let why = format!(
            "its encoding is {encoding}, which lacks letters; make another \
             (CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0), and name that one"
        );
        return Err(open_error(why));
    }
    // The lock is held until the end of the transaction: of ten nodes that start together, nine wait here and find it done.
    // They don't wait for one whose machine is gone.
    loan.batch_execute(&format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED;
         SET LOCAL idle_in_transaction_session_timeout = '30s';
         SELECT pg_advisory_xact_lock({SCHEMA_LOCK})"
    ))
    .await?;
    let made = loan.batch_execute(
        "CREATE TABLE IF NOT EXISTS maitred_schema (steps bigint NOT NULL, name text NOT NULL);
         INSERT INTO maitred_schema (steps, name)
         SELECT 0, gen_random_uuid()::text WHERE NOT EXISTS (SELECT 1 FROM maitred_schema)",
    );
    match made.await {
        // By itself, PostgreSQL lets only the owner of a database make tables in it (from version 15 on).
        Err(error) if is_not_allowed(&error) => {
            let why = "this user may not make tables in it; make it the database's owner (ALTER DATABASE … OWNER TO …)";
            return Err(open_error(format!("{why} ({})", said(&error))));
        }
        made => made?,
    }
    let (taken, name) = state(&loan).await?;
    check(taken).map_err(open_error)?;
    for step in &SCHEMA[taken..] {
        loan.batch_execute(step).await?;
    }
    loan.batch_execute(&format!("UPDATE maitred_schema SET steps = {}; COMMIT", SCHEMA.len())).await?;
    loan.give_back();
    Ok(name)
}

/// Says so if the database is ahead of this program.
fn check(taken: usize) -> Result<(), String> {
    if taken <= SCHEMA.len() {
        return Ok(());
    }
    let known = SCHEMA.len();
    Err(format!("it was written by a newer maitred (schema {taken}, this program knows {known}); upgrade this program"))
}

/// How many steps were taken, and the database's name.
async fn state(client: &Client) -> Result<(usize, String), StoreError> {
    let row = client.query_typed_one("SELECT steps, name FROM maitred_schema", &[]).await?;
    let steps: i64 = row.try_get(0)?;
    let steps = usize::try_from(steps).map_err(|error| StoreError::database(Trouble::Damaged, error.to_string()))?;
    Ok((steps, row.try_get(1)?))
}
