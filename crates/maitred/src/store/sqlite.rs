//! The store on SQLite: opening a file, its schema, and the two ways to it, one writer and a few readers.

mod copy;
mod devices;
mod inspect;
mod lock;
mod prune;
mod purge;
mod readers;
mod snapshot;
mod survey;
mod tx;
mod writer;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use floor::Id;
use readers::Readers;
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use serde_json::value::RawValue;
use writer::Writer;

use super::{Outcome, StoreError, Write, WriteError, error::why_not_opened};
use crate::{
    access::{Permit, Scope},
    config::{BUSY_TIMEOUT, DATABASE_CACHE_KIB, Database},
    feed::{Committed, Feed},
};

pub(crate) use copy::{Check, Settled, begin_new_life, check_database, copy_database, settle};
pub(crate) use lock::FileLock;
pub use prune::Piece;
pub use purge::{Overdue, Purge, Search, Traces};
pub use snapshot::{AuditedMessage, GuestsPage, LoggedMessage, Place, RestaurantRow, Snapshot};
pub use survey::Survey;
pub(super) use tx::Tx;

/// The schema, one step a release that changed it. `PRAGMA user_version` counts the steps taken.
const SCHEMA: [&str; 3] =
    [include_str!("sqlite/schema_1.sql"), include_str!("sqlite/schema_2.sql"), include_str!("sqlite/schema_3.sql")];

/// Up to here, what was deleted was left in the file until something else was written there: such a file is written anew,
/// once, so that it says nothing of those who were forgotten.
const UNTIDY_STEPS: usize = 2;

/// Marks a file as ours (`PRAGMA application_id`): the letters `mtrd`.
const APPLICATION_ID: i32 = 0x6d74_7264;

/// A database of restaurants. Clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    /// What the file is called in messages to people.
    path: PathBuf,
    writer: Writer,
    /// None where the data is in the memory of the writer's own connection.
    readers: Option<Readers>,
    /// Held as long as the store is, so that no second process writes to the same file.
    lock: Option<FileLock>,
}

impl Store {
    /// Opens a database, creating it or bringing its schema up to date where needed. Committed changes go to `feed`.
    ///
    /// # Errors
    /// [`StoreError::Open`], with what to do about it.
    pub fn open(database: &Database, feed: Feed) -> Result<Self, StoreError> {
        let (path, connection, readers, lock) = match database {
            Database::Memory => (Path::new(":memory:"), Connection::open_in_memory()?, None, None),
            Database::File(path) => {
                let open_error = |why: String| StoreError::Open { path: path.clone(), why };
                inspect::kind(path).map_err(open_error)?;
                let lock = FileLock::take(path).map_err(open_error)?;
                inspect::files(path).map_err(open_error)?;
                let connection = Connection::open(path).map_err(|error| open_error(why_not_opened(&error)))?;
                (path.as_path(), connection, Some(Readers::new(path.clone())), Some(lock))
            }
        };
        prepare(&connection).map_err(|why| StoreError::Open { path: path.to_owned(), why })?;
        let writer = Writer::start(connection, feed);
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        Ok(Self { inner: Arc::new(Inner { path, writer, readers, lock }) })
    }

    /// Makes a write durable. Once it is, its messages are with the feed, and only then does this return.
    ///
    /// # Errors
    /// Nothing of the write was kept, unless [`StoreError::is_in_doubt`].
    pub async fn execute(&self, write: Write) -> Result<Outcome, WriteError> {
        self.inner.writer.execute(write).await.map_err(|error| match error {
            WriteError::Store(error) => WriteError::Store(self.named(error)),
            other => other,
        })
    }

    /// Reads from one consistent snapshot of everything that is committed of the permit's restaurant.
    ///
    /// # Errors
    /// Only if the database is broken or closed.
    pub async fn read<T: Send + 'static>(
        &self,
        permit: &Permit,
        query: impl FnOnce(&Snapshot<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let restaurant = permit.restaurant().clone();
        self.look(move |connection| query(&Snapshot::new(connection, &restaurant))).await
    }

    /// The restaurants that someone is let into, in JSON, by id.
    ///
    /// # Errors
    /// Only if the database is broken or closed.
    pub async fn restaurants(&self, scope: &Scope) -> Result<Vec<Box<RawValue>>, StoreError> {
        let scope = scope.clone();
        self.survey(move |survey| survey.restaurants(|id| scope.covers(id))).await
    }

    /// Reads across all restaurants, for the process itself: nobody is ever told what is seen here.
    ///
    /// # Errors
    /// Only if the database is broken or closed.
    pub async fn survey<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Survey<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.look(move |connection| query(&Survey::new(connection))).await
    }

    async fn look<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let read = match &self.inner.readers {
            Some(readers) => readers.read(query).await,
            None => self.inner.writer.run(query).await,
        };
        read.map_err(|error| self.named(error))
    }

    /// Makes a change durable that is not the floor's, of the permit's restaurant, in a transaction of its own. What is to
    /// be told of it is told after the commit, before this returns.
    ///
    /// # Errors
    /// Nothing of the change was kept, unless [`StoreError::is_in_doubt`].
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        permit: &Permit,
        change: impl FnOnce(&Tx<'_>, &Id) -> Result<(T, Option<Committed>), StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let restaurant = permit.restaurant().clone();
        self.inner.writer.change(move |tx| change(tx, &restaurant)).await.map_err(|error| self.named(error))
    }

    /// Forgets a piece of the log that a read has found, when its turn comes among the writes that wait, and returns how
    /// many messages that were: fewer than were found where some of them may not go any more.
    ///
    /// # Errors
    /// Only if the database is broken, full or closed; then nothing of the piece was forgotten.
    pub async fn forget(&self, piece: Piece) -> Result<usize, StoreError> {
        self.inner.writer.forget(piece).await.map_err(|error| self.named(error))
    }

    /// Notes down that a guest who has been deleted is to be forgotten, unless there is one of that id again, which this
    /// tells.
    ///
    /// # Errors
    /// Only if the database is broken, full or closed.
    pub async fn intend_purge(&self, permit: &Permit, guest: Id) -> Result<bool, StoreError> {
        let restaurant = permit.restaurant().clone();
        let intended = self.inner.writer.run(move |connection| {
            let tx = Tx::new(connection);
            let Some((_, head)) = tx.restaurant(&restaurant)? else { return Ok(true) };
            if tx.guest(&restaurant, &guest)?.is_some() {
                return Ok(false);
            }
            tx.intend_purge(&restaurant, &guest, head)?;
            Ok(true)
        });
        intended.await.map_err(|error| self.named(error))
    }

    /// Moves what the log file holds into the database file and empties it, so that nothing of what was overwritten is
    /// left there. Tells whether it could: whoever still reads an older snapshot is in the way.
    ///
    /// # Errors
    /// Only if the database is broken, full or closed.
    pub async fn empty_log_file(&self) -> Result<bool, StoreError> {
        self.inner.writer.run(purge::empty_log_file).await.map_err(|error| self.named(error))
    }

    /// Strikes purges off that are done, but for those of which there is more to do by now.
    ///
    /// # Errors
    /// Only if the database is broken, full or closed.
    pub async fn strike_off(&self, done: Vec<Purge>) -> Result<(), StoreError> {
        let struck = self.inner.writer.run(move |connection| purge::strike_off(connection, &done));
        struck.await.map_err(|error| self.named(error))
    }

    /// Finishes the writes that wait and closes the database. Whoever asks for anything later is told so.
    pub async fn close(&self) {
        if let Some(readers) = &self.inner.readers {
            readers.close().await;
        }
        self.inner.writer.stop().await;
    }

    /// An error, with the name of this store's file.
    fn named(&self, error: StoreError) -> StoreError {
        error.of_file(&self.inner.path, || self.inner.lock.as_ref().is_some_and(FileLock::is_read_only))
    }
}

/// Sets up a writing connection: durability, limits, schema.
fn prepare(connection: &Connection) -> Result<(), String> {
    let failed = |error: rusqlite::Error| why_not_opened(&error);
    check_ownership(connection).map_err(failed)?.map_or(Ok(()), Err)?;
    set_up(connection).map_err(failed)?;
    migrate(connection).map_err(failed)?.map_or(Ok(()), Err)
}

/// What is wrong with the file as a place for our data, if anything is.
fn check_ownership(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    if tables > 0 && pragma("application_id")? != APPLICATION_ID {
        return Ok(Some("it is another program's SQLite database; name another file".to_owned()));
    }
    if tables == 0 && pragma("user_version")? > 0 {
        return Ok(Some(
            "it is damaged and has lost its tables; bring back a backup with `maitred restore`".to_owned(),
        ));
    }
    Ok(None)
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Only where it is missing: a start must not need room on the disk that serving does not need.
    if connection.pragma_query_value(None, "application_id", |row| row.get::<_, i32>(0))? != APPLICATION_ID {
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // An answered write is on the disk: each commit ends with an fsync of the log file.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // What is deleted or overwritten becomes zeros, whole pages included, which FAST leaves as they are: long notes stand in
    // pages of their own. It makes the log file no larger where guests change, and a fiftieth larger where the log is
    // pruned. (Where SQLite moves rows from page to page, a copy may be left in the room between them, until that is used.)
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "cache_size", -DATABASE_CACHE_KIB)
}

/// Takes the steps of the schema that the file has not taken yet; says so if the file is ahead of this program.
fn migrate(connection: &Connection) -> rusqlite::Result<Option<String>> {
    if let Some(why) = newer(connection)? {
        return Ok(Some(why));
    }
    let taken: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (index, step) in SCHEMA.iter().enumerate().skip(taken) {
        if index == UNTIDY_STEPS && taken > 0 {
            // Before the step is taken: where there is no room for it now, the next start tries again. The pages that it
            // frees and overwrites are in the file only once the log file is empty.
            connection.execute_batch("VACUUM")?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?;
        }
        let transaction = connection.unchecked_transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", index + 1)?;
        transaction.commit()?;
    }
    Ok(None)
}

/// Says so if the file is ahead of this program.
fn newer(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let taken: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok((taken > SCHEMA.len()).then(|| {
        format!(
            "it was written by a newer maitred (schema {taken}, this program knows {}); upgrade this program",
            SCHEMA.len()
        )
    }))
}

/// Opens a connection that can only read.
fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(32);
    connection.pragma_update(None, "cache_size", -DATABASE_CACHE_KIB)?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writing_connection_waits_for_the_disk_at_each_commit_and_leaves_nothing_of_what_it_deletes() {
        /// The number by which SQLite tells `FULL`.
        const FULL: i64 = 2;
        /// The same of `ON`, where 2 would be `FAST`.
        const ON: i64 = 1;
        let folder = tempfile::tempdir().expect("a folder");
        let connection = Connection::open(folder.path().join("maitred.db")).expect("a database");
        prepare(&connection).expect("a database of our own");
        let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0));
        assert_eq!(pragma("synchronous"), Ok(FULL.into()));
        assert_eq!(pragma("journal_mode"), Ok("wal".to_owned().into()));
        assert_eq!(pragma("secure_delete"), Ok(ON.into()));
    }
}
