//! A transaction that holds a restaurant's lock, for what is not a write: the register, and forgetting.
//!
//! Of those that a process has for one restaurant, one at a time holds a connection: with that of the restaurant's lane, it
//! keeps two waiting where somebody else holds the restaurant, however many ask, and the others find theirs free.

use std::{
    collections::HashMap,
    future::Future,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use floor::Id;
use futures_util::future;
use tokio::{
    sync::{Mutex as Turn, OwnedMutexGuard},
    time::timeout,
};
use tokio_postgres::{Client, types::Type};

use super::{
    Postgres,
    connections::{Loan, Parameter},
    read::head,
    trouble::of_commit,
};
use crate::{
    config::{DATABASE_WAIT_TIMEOUT, DATABASE_WRITE_TIMEOUT},
    store::{Head, StoreError},
};

/// Counts, for other processes, that something was told of a restaurant that no message tells.
pub(super) const COUNT_NOTICE: &str = "UPDATE restaurants SET notices = notices + 1 WHERE id = $1";

/// Whose turn it is, for each restaurant for which somebody waits. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Turns {
    turns: Arc<Mutex<HashMap<Id, Weak<Turn<()>>>>>,
}

/// A transaction in which nobody else writes to a restaurant. Dropped, it never was.
pub(super) struct Locked {
    loan: Loan,
    /// Where the restaurant's log ends.
    pub(super) head: Head,
    /// Passed on once the connection has been given back.
    _turn: OwnedMutexGuard<()>,
}

impl Turns {
    async fn take(&self, restaurant: &Id) -> Result<OwnedMutexGuard<()>, StoreError> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| turn.strong_count() > 0);
            turns.get(restaurant).and_then(Weak::upgrade).unwrap_or_else(|| {
                let turn = Arc::default();
                turns.insert(restaurant.clone(), Arc::downgrade(&turn));
                turn
            })
        };
        timeout(DATABASE_WAIT_TIMEOUT, turn.lock_owned()).await.map_err(|_| StoreError::Overloaded)
    }
}

impl Postgres {
    /// Begins a transaction that holds the lock of a restaurant; none if there is no such restaurant. Where the connection
    /// turns out to be lost, begins on another ([`Loan::is_replaceable`]).
    pub(super) async fn lock(&self, restaurant: &Id) -> Result<Option<Locked>, StoreError> {
        let turn = self.turns.take(restaurant).await?;
        let mut is_first = true;
        loop {
            let loan = self.writers.lend().await?;
            let sql = "SELECT r.head, r.epoch, r.notices FROM restaurants r WHERE r.id = $1 FOR NO KEY UPDATE";
            let id = restaurant.as_str();
            let parameters: [Parameter<'_>; 1] = [(&id, Type::TEXT)];
            let begun = future::try_join(
                loan.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED; SELECT maitred_manners()"),
                loan.query_typed_opt(sql, &parameters),
            );
            let row = match timeout(DATABASE_WRITE_TIMEOUT, begun)
                .await
                .map_err(|_| StoreError::lost("a restaurant's row"))?
            {
                Ok(((), row)) => row,
                Err(error) if loan.is_replaceable(&error, is_first) => {
                    is_first = false;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let Some(row) = row else {
                in_time(async { Ok(loan.batch_execute("ROLLBACK").await?) }).await?;
                loan.give_back();
                return Ok(None);
            };
            return Ok(Some(Locked { head: head(&row)?, loan, _turn: turn }));
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

/// What is done in a transaction, but for its end, as long as the server does not take too long over it.
pub(super) async fn in_time<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    timeout(DATABASE_WRITE_TIMEOUT, work)
        .await
        .unwrap_or_else(|_| Err(StoreError::lost("an answer within a transaction")))
}
