//! The writer: one thread that commits, in one transaction, all the writes that queued up during the last fsync (group
//! commit, without a timer). A refused write costs the others of its group nothing. Where one breaks the group, each has
//! a transaction of its own instead. Of a write that fails, nothing is kept or broadcast.

use std::{thread, time::Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{Tx, trouble::leaves_doubt};
use crate::{
    config::{MAX_GROUP, WRITE_QUEUE},
    feed::{Committed, Feed},
    store::{
        Outcome, StoreError, Write, WriteError,
        execute::{Executed, execute},
    },
};

pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

enum Job {
    Write(Box<Write>, Caller),
    /// A read of a database that only this thread can reach, or what else only this thread can do.
    Run(Box<dyn FnOnce(&Connection) + Send>),
    /// A change that is not the floor's, in a transaction of its own.
    Change(Change),
    Stop(oneshot::Sender<()>),
}

/// Something to be done on the writer's connection that tells the feed of it.
type Change = Box<dyn FnOnce(&Connection, &Feed) + Send>;

/// Who waits for a write.
type Caller = oneshot::Sender<Result<Outcome, WriteError>>;

impl Writer {
    pub(super) fn start(connection: Connection, feed: Feed) -> Self {
        let (jobs, queue) = mpsc::channel(WRITE_QUEUE);
        thread::Builder::new()
            .name("maitred-writer".to_owned())
            .spawn(move || run(connection, queue, &feed))
            .expect("a process that can't start a thread can't start");
        Self { jobs }
    }

    pub(super) async fn execute(&self, write: Write) -> Result<Outcome, WriteError> {
        let (caller, answer) = oneshot::channel();
        // Never waits for a place in the queue: who is told at once to come back holds nothing up.
        self.jobs.try_send(Job::Write(Box::new(write), caller)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        answer.await.unwrap_or(Err(WriteError::Store(StoreError::Closed)))
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (caller, answer) = oneshot::channel();
        let job = Job::Run(Box::new(move |connection| {
            // Whoever asked may have gone.
            _ = caller.send(job(connection));
        }));
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    pub(super) async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Tx<'_>) -> Result<(T, Option<Committed>), StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (caller, answer) = oneshot::channel();
        let job = Job::Change(Box::new(move |connection, feed| {
            let changed = in_transaction(connection, |tx| change(tx));
            let answer = changed.map(|(value, committed)| {
                feed.publish(committed.into_iter().collect());
                value
            });
            // Whoever asked may have gone.
            _ = caller.send(answer);
        }));
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    pub(super) async fn stop(&self) {
        let (stopped, done) = oneshot::channel();
        if self.jobs.send(Job::Stop(stopped)).await.is_ok() {
            _ = done.await;
        }
    }
}

fn run(connection: Connection, mut queue: mpsc::Receiver<Job>, feed: &Feed) {
    let mut next = queue.blocking_recv();
    while let Some(job) = next.take() {
        match job {
            Job::Write(write, caller) => {
                let mut group = vec![(write, caller)];
                while group.len() < MAX_GROUP && next.is_none() {
                    match queue.try_recv() {
                        Ok(Job::Write(write, caller)) => group.push((write, caller)),
                        Ok(other) => next = Some(other),
                        Err(_) => break,
                    }
                }
                commit(&connection, group, feed);
            }
            Job::Run(job) => job(&connection),
            Job::Change(change) => change(&connection, feed),
            Job::Stop(stopped) => {
                queue.close();
                // The file is complete by itself before anybody is told that it is closed.
                drop(connection);
                _ = stopped.send(());
                return;
            }
        }
        if next.is_none() {
            next = queue.blocking_recv();
        }
    }
}

/// Commits writes together and answers their callers.
fn commit(connection: &Connection, group: Vec<(Box<Write>, Caller)>, feed: &Feed) {
    let begun = Instant::now();
    let results = attempt(connection, &group);
    feed.metrics().commit_seconds.observe(begun.elapsed().as_secs_f64());
    match results {
        Ok(results) => announce(group.into_iter().zip(results), feed),
        // The trouble of one write must not become another's: each has its own try. (Not where it is open whether
        // they are on the disk by now.)
        Err(error) if group.len() > 1 && !error.is_in_doubt() => {
            group.into_iter().for_each(|write| commit(connection, vec![write], feed));
        }
        Err(error) => {
            for (_, caller) in group {
                feed.metrics().write("failed");
                _ = caller.send(Err(error.clone().into()));
            }
        }
    }
}

/// Carries writes out in one transaction. A refused one leaves no trace in it, since nothing is written before the
/// rules have said yes; whatever else goes wrong undoes them all.
fn attempt(
    connection: &Connection,
    group: &[(Box<Write>, Caller)],
) -> Result<Vec<Result<Executed, WriteError>>, StoreError> {
    in_transaction(connection, |tx| {
        let results = group.iter().map(|(write, _)| match carry_out(tx, write) {
            Err(WriteError::Store(error)) => Err(error),
            result => Ok(result),
        });
        results.collect()
    })
}

/// Runs something in a transaction, which is undone if it fails.
fn in_transaction<T>(
    connection: &Connection,
    run: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    run_sql(connection, "BEGIN IMMEDIATE")?;
    let done = run(&Tx::new(connection)).inspect_err(|_| roll_back(connection))?;
    run_sql(connection, "COMMIT").map_err(|error| {
        roll_back(connection);
        let in_doubt = leaves_doubt(&error) && cover(connection).is_err();
        let error = StoreError::from(error);
        if in_doubt { error.in_doubt() } else { error }
    })?;
    Ok(done)
}

fn roll_back(connection: &Connection) {
    // Fails where SQLite has rolled back by itself, as it does when the disk is full.
    _ = run_sql(connection, "ROLLBACK");
}

/// Writes over what a failed commit may have left in the log file: were the process killed now, the next one would find
/// it there and take it for committed. Changes nothing but the place where the next commit begins.
fn cover(connection: &Connection) -> rusqlite::Result<()> {
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    connection.pragma_update(None, "user_version", version)
}

fn carry_out(tx: &Tx<'_>, write: &Write) -> Result<Executed, WriteError> {
    let executed = execute(&tx.before(write)?, write)?;
    tx.put(write, &executed)?;
    Ok(executed)
}

/// Tells the devices, then the callers, in the order of the commits.
fn announce(results: impl Iterator<Item = ((Box<Write>, Caller), Result<Executed, WriteError>)>, feed: &Feed) {
    let publish = |((write, caller), result): ((Box<Write>, Caller), Result<Executed, WriteError>)| {
        feed.metrics().write(if result.is_ok() { "done" } else { "refused" });
        let answer = result.map(|executed| {
            let (outcome, committed) = executed.committed(&write);
            feed.publish(committed);
            outcome
        });
        (caller, answer)
    };
    let answers: Vec<_> = results.map(publish).collect();
    for (caller, answer) in answers {
        // The caller may have hung up; the devices have heard all the same.
        _ = caller.send(answer);
    }
}

fn run_sql(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute(())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn covering_a_failed_commit_writes_to_the_log_file_and_changes_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = Connection::open(folder.path().join("a.db")).expect("a database");
        let set_up = "PRAGMA journal_mode = WAL; PRAGMA user_version = 7; CREATE TABLE a (b); INSERT INTO a VALUES (1)";
        connection.execute_batch(set_up).expect("a table");
        let log_length = || fs::metadata(folder.path().join("a.db-wal")).expect("a log file").len();
        let before = log_length();
        cover(&connection).expect("a disk that works");
        assert!(log_length() > before, "SQLite has written, though the value is the same");
        let number = |sql: &str| connection.query_row(sql, (), |row| row.get::<_, i64>(0));
        assert_eq!((number("PRAGMA user_version"), number("SELECT sum(b) FROM a")), (Ok(7), Ok(1)));
    }
}
