//! The side of the store that keeps its rows on a PostgreSQL server (13 or newer), which any number of processes write to at
//! once. A write takes two round trips: one that takes the restaurant's lock and reads what it needs, one that puts what
//! comes of it and commits. Restaurants never wait for each other.
//!
//! Nothing here stays on a connection from one transaction to the next: a pooler may stand between that hands connections
//! on after each (PgBouncer's `pool_mode = transaction`).

mod connections;
mod forget;
mod lanes;
mod locked;
mod migrate;
mod move_in;
mod new_lives;
mod read;
mod register;
mod rounds;
mod trouble;
mod tx;

use std::{future::Future, sync::Arc};

use tokio_util::task::TaskTracker;

use super::{Outcome, StoreError, Write, WriteError};
use crate::{
    config::{DATABASE_READERS, PostgresUrl},
    feed::Feed,
};
use connections::Connections;
use lanes::Lanes;
use locked::Turns;

pub(crate) use connections::listen;
pub(crate) use move_in::MoveIn;
pub(crate) use new_lives::begin_new_lives;

/// A database on a PostgreSQL server. Clones share it.
#[derive(Clone)]
pub(super) struct Postgres {
    /// Where the server is, in messages to people.
    address: Arc<str>,
    /// For what is read. Never waits for what is written.
    readers: Connections,
    writers: Connections,
    lanes: Lanes,
    turns: Turns,
    /// What is finished before the store is closed.
    tasks: TaskTracker,
    /// Names this database among all that there are.
    name: Arc<str>,
    feed: Feed,
}

impl Postgres {
    /// Opens a database, bringing its schema up to date where needed.
    pub(super) async fn open(url: &PostgresUrl, feed: Feed) -> Result<Self, StoreError> {
        let address = url.to_string();
        let open_error = |error: StoreError| error.of_server(&address).at_start();
        let for_reads = DATABASE_READERS.min(url.connections / 2).max(1);
        let readers = Connections::new(url, for_reads).map_err(open_error)?;
        let writers = Connections::new(url, url.connections.saturating_sub(for_reads).max(1)).map_err(open_error)?;
        let name = migrate::migrate(&writers, &address).await.map_err(open_error)?;
        let (turns, tasks) = (Turns::default(), TaskTracker::new());
        let lanes = Lanes::new(writers.clone(), feed.clone(), tasks.clone());
        Ok(Self { address: address.into(), readers, writers, lanes, turns, tasks, name: name.into(), feed })
    }

    /// Names this database among all that there are: what its nodes tell each other never reaches those of another.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) async fn execute(&self, write: Write) -> Result<Outcome, WriteError> {
        self.lanes.execute(write).await.map_err(|error| match error {
            WriteError::Store(error) => WriteError::Store(error.of_server(&self.address)),
            other => other,
        })
    }

    /// Does something to its end, even where whoever asked for it goes away meanwhile: what is committed must be told, too.
    async fn see_through<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        if self.tasks.is_closed() {
            return Err(StoreError::Closed);
        }
        let done = self.tasks.spawn(work).await.unwrap_or_else(|error| Err(StoreError::Bug(error.to_string())));
        done.map_err(|error| self.named(error))
    }

    /// Finishes what was begun, and the writes that wait. Whoever comes later is turned away.
    pub(super) async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.writers.close();
        self.readers.close();
    }

    /// An error, with the name of this store's server.
    fn named(&self, error: StoreError) -> StoreError {
        error.of_server(&self.address)
    }
}
