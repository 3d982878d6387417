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
mod read;
mod register;
mod rounds;
mod trouble;
mod tx;

use super::{Outcome, StoreError, Write, WriteError};
use crate::{
    config::{DATABASE_READERS, PostgresUrl},
    feed::Feed,
};
use connections::Connections;
use lanes::Lanes;

pub(crate) use connections::listen;

/// A database on a PostgreSQL server.
pub(super) struct Postgres {
    /// Where the server is, in messages to people.
    address: String,
    /// For what is read. Never waits for what is written.
    readers: Connections,
    writers: Connections,
    lanes: Lanes,
    /// Names this database among all that there are.
    name: String,
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
        let lanes = Lanes::new(writers.clone(), feed.clone());
        Ok(Self { address, readers, writers, lanes, name, feed })
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

    pub(super) async fn close(&self) {
        self.lanes.close().await;
        self.writers.close();
        self.readers.close();
    }

    /// An error, with the name of this store's server.
    fn named(&self, error: StoreError) -> StoreError {
        error.of_server(&self.address)
    }
}
