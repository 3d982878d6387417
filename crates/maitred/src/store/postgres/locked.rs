//! A transaction that holds a restaurant's lock, for what is not a write: the register, and forgetting.

use std::ops::Deref;

use floor::Id;
use futures_util::future;
use tokio::time::timeout;
use tokio_postgres::{Client, types::Type};

use super::{
    Postgres,
    connections::{Loan, Parameter},
    read::head,
    trouble::{is_lost, of_commit},
};
use crate::{
    config::DATABASE_WRITE_TIMEOUT,
    store::{Head, StoreError},
};

/// A transaction in which nobody else writes to a restaurant. Dropped, it never was.
pub(super) struct Locked {
    loan: Loan,
    /// Where the restaurant's log ends.
    pub(super) head: Head,
}

impl Postgres {
    /// Begins a transaction that holds the lock of a restaurant; none if there is no such restaurant.
    pub(super) async fn lock(&self, restaurant: &Id) -> Result<Option<Locked>, StoreError> {
        let mut has_failed = false;
        loop {
            let loan = self.writers.lend().await?;
            let sql = "SELECT r.head, r.epoch, r.notices FROM restaurants r WHERE r.id = $1 FOR NO KEY UPDATE";
            let id = restaurant.as_str();
            let parameters: [Parameter<'_>; 1] = [(&id, Type::TEXT)];
            let begun = future::try_join(
                loan.batch_execute("BEGIN; SELECT maitred_manners()"),
                loan.query_typed_opt(sql, &parameters),
            );
            let row = match timeout(DATABASE_WRITE_TIMEOUT, begun)
                .await
                .map_err(|_| StoreError::lost("a restaurant's row"))?
            {
                Ok(((), row)) => row,
                Err(error) if is_lost(&error) && !has_failed => {
                    has_failed = true;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let Some(row) = row else {
                loan.batch_execute("ROLLBACK").await?;
                loan.give_back();
                return Ok(None);
            };
            return Ok(Some(Locked { loan, head: head(&row)? }));
        }
    }
}

impl Locked {
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        let committed = timeout(DATABASE_WRITE_TIMEOUT, self.loan.batch_execute("COMMIT")).await;
        committed.map_err(|_| StoreError::lost("the end of a transaction").in_doubt())?.map_err(of_commit)?;
        self.loan.give_back();
        Ok(())
    }
}

impl Deref for Locked {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.loan
    }
}
