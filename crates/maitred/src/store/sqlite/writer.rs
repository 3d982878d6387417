//! The writer: one thread that commits, in one transaction, all the writes that queued up during the last fsync, each
//! in a savepoint of its own (group commit, without a timer). A write that is refused or panics costs the others of
//! its group nothing; a commit that fails fails them all, and nothing of them is kept or broadcast.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{Snapshot, Tx};
use crate::{
    config::{MAX_GROUP, WRITE_QUEUE},
    feed::Feed,
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
    /// A read of a database that only this thread can reach.
    Read(Box<dyn FnOnce(&Connection) + Send>),
    Stop(oneshot::Sender<()>),
}

type Caller = oneshot::Sender<Result<Outcome, WriteError>>;

/// A write of the open transaction, and who waits for it.
struct Pending {
    result: Result<Executed, WriteError>,
    caller: Caller,
}

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

    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Snapshot<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (caller, answer) = oneshot::channel();
        let job = Job::Read(Box::new(move |connection| {
            // Whoever asked may have gone.
            _ = caller.send(query(&Snapshot::new(connection)));
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
            Job::Write(write, caller) => next = commit_group(&connection, (write, caller), &mut queue, feed),
            Job::Read(read) => read(&connection),
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

/// Commits a write together with those that queue behind it. Returns the job that ended the group, if one did.
fn commit_group(
    connection: &Connection,
    first: (Box<Write>, Caller),
    queue: &mut mpsc::Receiver<Job>,
    feed: &Feed,
) -> Option<Job> {
    let (write, caller) = first;
    if let Err(error) = run_sql(connection, "BEGIN IMMEDIATE") {
        _ = caller.send(Err(error.into()));
        return None;
    }
    let mut group: Vec<Pending> = Vec::new();
    let mut next = Some(Job::Write(write, caller));
    let leftover = loop {
        match next {
            Some(Job::Write(write, caller)) => {
                group.push(Pending { result: execute_in_savepoint(connection, &write), caller });
            }
            other => break other,
        }
        // SQLite may roll a transaction back by itself, as when the disk is full: then the whole group is lost.
        if group.len() == MAX_GROUP || connection.is_autocommit() {
            break None;
        }
        next = queue.try_recv().ok();
    };
    match run_sql(connection, "COMMIT") {
        Ok(()) => announce(group, feed),
        Err(error) => {
            // Fails where SQLite has rolled back already.
            _ = run_sql(connection, "ROLLBACK");
            for Pending { result, caller } in group {
                _ = caller.send(result.and(Err(error.clone().into())));
            }
        }
    }
    leftover
}

/// Tells the devices, then the callers, in the order of the commits.
fn announce(group: Vec<Pending>, feed: &Feed) {
    let mut answers = Vec::with_capacity(group.len());
    for Pending { result, caller } in group {
        let answer = result.map(|Executed { outcome, committed }| {
            feed.publish(committed);
            outcome
        });
        answers.push((caller, answer));
    }
    for (caller, answer) in answers {
        // The caller may have hung up; the devices have heard all the same.
        _ = caller.send(answer);
    }
}

/// Executes one write so that it leaves no trace in the transaction unless it succeeds.
fn execute_in_savepoint(connection: &Connection, write: &Write) -> Result<Executed, WriteError> {
    run_sql(connection, "SAVEPOINT one")?;
    let tx = Tx::new(connection);
    // A command that trips over a bug must not take the writer, and with it every other restaurant, down.
    let result = catch_unwind(AssertUnwindSafe(|| execute(&tx, write)))
        .unwrap_or_else(|panic| Err(StoreError::Bug(panic_text(panic.as_ref())).into()));
    if result.is_err() {
        // Fails where SQLite has rolled everything back already, which the caller looks for.
        _ = run_sql(connection, "ROLLBACK TO one");
        _ = run_sql(connection, "RELEASE one");
        return result;
    }
    run_sql(connection, "RELEASE one")?;
    result
}

fn run_sql(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.prepare_cached(sql)?.execute(())?;
    Ok(())
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}
