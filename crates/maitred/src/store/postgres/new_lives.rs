//! New lives of all logs of a database that was set back to an earlier state: numbers will be given away a second time, and
//! nobody must take them for those that were given away before.

use tokio_postgres::types::Type;

use super::{connections::Connections, migrate, trouble::of_commit};
use crate::{config::PostgresUrl, store::StoreError};

/// Names a new life of each restaurant's log, all of them or none, and tells how many restaurants there are. Brings the
/// schema up to date where needed, but not to a database that has nothing of ours.
///
/// # Errors
/// [`StoreError::Open`], with what to do about it.
pub(crate) async fn begin_new_lives(url: &PostgresUrl, epoch: impl Fn() -> String) -> Result<u64, StoreError> {
    let address = url.to_string();
    let begin = async {
        let connections = Connections::new(url, 1)?;
        let there = "SELECT to_regclass('maitred_schema') IS NOT NULL";
        let is_there = connections.query(there, &[]).await?.first().map(|row| row.try_get(0)).transpose()?;
        if is_there != Some(true) {
            let why = "there is nothing of maitred in it; check the database's name".to_owned();
            return Err(StoreError::Open { database: address.clone(), why });
        }
        migrate::migrate(&connections, &address).await?;
        name_new_lives(&connections, epoch).await
    };
    begin.await.map_err(|error| error.of_server(&address).at_start())
}

async fn name_new_lives(connections: &Connections, epoch: impl Fn() -> String) -> Result<u64, StoreError> {
    let loan = connections.lend().await?;
    loan.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED; SELECT maitred_manners()").await?;
    let rows = loan.query_typed("SELECT id FROM restaurants ORDER BY id FOR NO KEY UPDATE", &[]).await?;
    let ids: Vec<&str> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let epochs: Vec<String> = ids.iter().map(|_| epoch()).collect();
    let sql = "UPDATE restaurants SET epoch = new.epoch FROM unnest($1::text[], $2::text[]) new (id, epoch)
               WHERE restaurants.id = new.id";
    loan.execute_typed(sql, &[(&ids, Type::TEXT_ARRAY), (&epochs, Type::TEXT_ARRAY)]).await?;
    // It may be a copy, whose original is still served: on the bus, neither must be taken for the other.
    loan.execute_typed("UPDATE maitred_schema SET name = gen_random_uuid()::text", &[]).await?;
    loan.batch_execute("COMMIT").await.map_err(of_commit)?;
    loan.give_back();
    Ok(ids.len() as u64)
}
