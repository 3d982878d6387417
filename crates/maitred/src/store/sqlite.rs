//! The side of the store that keeps a SQLite file: opening it, its schema, and the two ways to it, one writer and a few
//! readers.

mod copy;
mod devices;
mod inspect;
mod lock;
mod move_out;
mod prune;
mod purge;
mod readers;
mod snapshot;
mod survey;
mod trouble;
mod tx;
mod writer;

use std::path::{Path, PathBuf};

use floor::{Id, Time};
use readers::Readers;
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use writer::Writer;

use super::{Outcome, Purge, PurgeStep, Register, Search, StoreError, Write, WriteError};
use crate::{
    access::Permit,
    config::{BUSY_TIMEOUT, DATABASE_CACHE_KIB},
    feed::Feed,
};

pub(crate) use copy::{Check, Settled, begin_new_life, check_database, copy_database, settle};
pub(crate) use lock::FileLock;
pub(crate) use move_out::MoveOut;
pub(super) use snapshot::Snapshot;
use survey::Survey;
use trouble::why_not_opened;
use tx::Tx;

/// The schema, one step a release that changed it. `PRAGMA user_version` counts the steps taken.
const SCHEMA: [&str; 3] =
    [include_str!("sqlite/schema_1.sql"), include_str!("sqlite/schema_2.sql"), include_str!("sqlite/schema_3.sql")];

/// Up to here, what was deleted was left in the file until something else was written there: such a file is written anew,
/// once, so that it says nothing of those who were forgotten.
const UNTIDY_STEPS: usize = 2;

/// Marks a file as ours (`PRAGMA application_id`): the letters `mtrd`.
const APPLICATION_ID: i32 = 0x6d74_7264;

/// A SQLite database.
pub(super) struct Sqlite {
    /// What the file is called in messages to people.
    path: PathBuf,
    writer: Writer,
    /// None where the data is in the memory of the writer's own connection.
    readers: Option<Readers>,
    /// Held as long as the store is, so that no second process writes to the same file.
    lock: Option<FileLock>,
}

impl Sqlite {
    /// Opens a file, creating it or bringing its schema up to date where needed.
    pub(super) fn open(path: &Path, feed: Feed) -> Result<Self, StoreError> {
        let open_error = |why: String| StoreError::Open { database: path.display().to_string(), why };
        inspect::kind(path).map_err(open_error)?;
        let lock = FileLock::take(path).map_err(open_error)?;
        inspect::files(path).map_err(open_error)?;
        let connection = Connection::open(path).map_err(|error| open_error(why_not_opened(&error)))?;
        prepare(&connection).map_err(open_error)?;
        let writer = Writer::start(connection, feed);
        let readers = Some(Readers::new(path.to_owned()));
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        Ok(Self { path, writer, readers, lock: Some(lock) })
    }

    /// A database in this process's memory.
    pub(super) fn in_memory(feed: Feed) -> Result<Self, StoreError> {
        let connection = Connection::open_in_memory()?;
        let path = PathBuf::from(":memory:");
        let open_error = |why| StoreError::Open { database: path.display().to_string(), why };
        prepare(&connection).map_err(open_error)?;
        Ok(Self { writer: Writer::start(connection, feed), readers: None, lock: None, path })
    }

    pub(super) async fn execute(&self, write: Write) -> Result<Outcome, WriteError> {
        self.writer.execute(write).await.map_err(|error| match error {
            WriteError::Store(error) => WriteError::Store(self.named(error)),
            other => other,
        })
    }

    /// Reads from one consistent snapshot of everything that is committed of the permit's restaurant.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        permit: &Permit,
        query: impl FnOnce(&Snapshot<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let restaurant = permit.restaurant().clone();
        self.look(move |connection| query(&Snapshot::new(connection, &restaurant))).await
    }

    /// Reads across all restaurants, for the process itself: nobody is ever told what is seen here.
    pub(super) async fn survey<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Survey<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.look(move |connection| query(&Survey::new(connection))).await
    }

    async fn look<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let read = match &self.readers {
            Some(readers) => readers.read(query).await,
            None => self.writer.run(query).await,
        };
        read.map_err(|error| self.named(error))
    }

    /// Does something that only the writer may do.
    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.run(job).await.map_err(|error| self.named(error))
    }

    pub(super) async fn register<T: Send + 'static>(
        &self,
        permit: &Permit,
        device: Option<String>,
        change: impl FnOnce(Option<&mut Register>) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let restaurant = permit.restaurant().clone();
        let changed = self.writer.change(move |tx| {
            let Some(mut register) = tx.register(&restaurant, device.as_deref())? else {
                return Ok((change(None), None));
            };
            let answer = change(Some(&mut register));
            Ok((answer, tx.edit_register(&restaurant, register.into_edits())?))
        });
        changed.await.map_err(|error| self.named(error))
    }

    pub(super) async fn prune_old(&self, than: Time) -> Result<usize, StoreError> {
        match self.survey(move |survey| survey.old_messages(than)).await? {
            Some(piece) => self.run(move |connection| piece.drop_from(connection)).await,
            None => Ok(0),
        }
    }

    pub(super) async fn prune_surplus(&self, restaurant: &Id, keep: u64) -> Result<usize, StoreError> {
        let restaurant = restaurant.clone();
        match self.survey(move |survey| survey.surplus_messages(&restaurant, keep)).await? {
            Some(piece) => self.run(move |connection| piece.drop_from(connection)).await,
            None => Ok(0),
        }
    }

    pub(super) async fn intend_purge(&self, restaurant: &Id, guest: &Id) -> Result<bool, StoreError> {
        let (restaurant, guest) = (restaurant.clone(), guest.clone());
        self.run(move |connection| purge::intend(connection, &restaurant, &guest)).await
    }

    pub(super) async fn purge_step(&self, restaurant: &Id, from: Search) -> Result<PurgeStep, StoreError> {
        let wanted = restaurant.clone();
        let found = self.survey(move |survey| survey.find_forgotten(&wanted, &from)).await?;
        let restaurant = restaurant.clone();
        let rewritten = match found.places {
            Some(places) => self.run(move |connection| purge::rewrite(connection, &restaurant, &places)).await?,
            None => 0,
        };
        Ok(PurgeStep { rewritten, told: found.told, next: found.next })
    }

    /// Moves what the log file holds into the database file and empties it, so that nothing of what was overwritten is
    /// left there. Tells whether it could: whoever still reads an older snapshot is in the way.
    pub(super) async fn scrub(&self) -> Result<bool, StoreError> {
        self.run(purge::empty_log_file).await
    }

    pub(super) async fn strike_off(&self, done: Vec<Purge>) -> Result<(), StoreError> {
        self.run(move |connection| purge::strike_off(connection, &done)).await
    }

    pub(super) async fn close(&self) {
        if let Some(readers) = &self.readers {
            readers.close().await;
        }
        self.writer.stop().await;
    }

    /// An error, with the name of this store's file.
    fn named(&self, error: StoreError) -> StoreError {
        error.of_file(&self.path, || self.lock.as_ref().is_some_and(FileLock::is_read_only))
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
