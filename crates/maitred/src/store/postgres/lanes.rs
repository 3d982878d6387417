//! The lanes: one for each restaurant that is being written to. The writes of a lane that queued up while the last were
//! committed are decided and committed together (group commit, without a timer), over one connection: a restaurant that
//! somebody else holds keeps one connection waiting, however many write to it, and the others find theirs free.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use floor::{Command, Id};
use tokio::{sync::oneshot, time::timeout};
use tokio_postgres::Row;
use tokio_util::task::TaskTracker;

use super::{
    connections::{Connections, Loan},
    trouble::of_commit,
    tx::{Group, begin, read},
};
use crate::{
    config::{DATABASE_WRITE_TIMEOUT, MAX_GROUP, WRITE_QUEUE},
    feed::Feed,
    store::{
        Outcome, StoreError, Write, WriteError,
        execute::{Executed, execute},
    },
};

/// Clones share them.
#[derive(Clone)]
pub(super) struct Lanes {
    connections: Connections,
    feed: Feed,
    /// A queue for each restaurant that a task writes for just now.
    queues: Arc<Mutex<HashMap<Id, VecDeque<Waiting>>>>,
    tasks: TaskTracker,
}

/// A write and who waits for it.
struct Waiting {
    write: Box<Write>,
    caller: oneshot::Sender<Result<Outcome, WriteError>>,
}

/// What became of a group of writes, of each in its turn.
type Results = Vec<Result<Executed, WriteError>>;

impl Lanes {
    /// `tasks` are all that finish what they have begun before the store is closed.
    pub(super) fn new(connections: Connections, feed: Feed, tasks: TaskTracker) -> Self {
        Self { connections, feed, queues: Arc::default(), tasks }
    }

    pub(super) async fn execute(&self, write: Write) -> Result<Outcome, WriteError> {
        let (caller, answer) = oneshot::channel();
        self.join(Waiting { write: Box::new(write), caller })?;
        answer.await.unwrap_or(Err(WriteError::Store(StoreError::Closed)))
    }

    /// Puts a write into the lane of its restaurant, and opens that if it is not open.
    fn join(&self, waiting: Waiting) -> Result<(), StoreError> {
        let restaurant = waiting.write.request.restaurant.clone();
        let mut queues = self.queues();
        // Under the lock: a lane that is open when the last of them are waited for takes no more in.
        if self.tasks.is_closed() {
            return Err(StoreError::Closed);
        }
        if let Some(queue) = queues.get_mut(&restaurant) {
            // Never waits for a place in the queue: who is told at once to come back holds nothing up.
            if queue.len() >= WRITE_QUEUE {
                return Err(StoreError::Overloaded);
            }
            queue.push_back(waiting);
            return Ok(());
        }
        queues.insert(restaurant.clone(), VecDeque::from([waiting]));
        let lane = Lane { lanes: self.clone(), restaurant, is_open: true };
        self.tasks.spawn(lane.run());
        Ok(())
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<Id, VecDeque<Waiting>>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lane that is open, whose task is the only one that writes to its restaurant from this process.
struct Lane {
    lanes: Lanes,
    restaurant: Id,
    is_open: bool,
}

impl Lane {
    async fn run(mut self) {
        while let Some(group) = self.next() {
            // Whoever is there to be told of an error has been.
            _ = self.commit(group).await;
        }
    }

    /// The writes that are next, to be committed together; none where nobody waits any more. The lane is closed then.
    fn next(&mut self) -> Option<Vec<Waiting>> {
        let mut queues = self.lanes.queues();
        let queue = queues.get_mut(&self.restaurant)?;
        let mut group: Vec<_> = queue.pop_front().into_iter().collect();
        while group.len() < MAX_GROUP
            && !group.last().is_some_and(|last| stands_alone(&last.write))
            && queue.front().is_some_and(|next| !stands_alone(&next.write))
        {
            group.extend(queue.pop_front());
        }
        if group.is_empty() {
            queues.remove(&self.restaurant);
            self.is_open = false;
            return None;
        }
        Some(group)
    }

    /// Commits writes together, tells the devices, and answers the callers.
    ///
    /// # Errors
    /// Whoever comes next would fail like these. All who waited have been told.
    async fn commit(&self, group: Vec<Waiting>) -> Result<(), StoreError> {
        let begun = Instant::now();
        let writes: Vec<&Write> = group.iter().map(|waiting| &*waiting.write).collect();
        let result = self.attempt(&writes).await;
        self.lanes.feed.metrics().commit_seconds.observe(begun.elapsed().as_secs_f64());
        match result {
            Ok(results) => self.announce(group, results),
            // The trouble of one write must not become another's: each has its own try.
            Err(error) if group.len() > 1 && !error.is_in_doubt() && !error.concerns_all() => {
                let mut group = group.into_iter();
                while let Some(waiting) = group.next() {
                    if let Err(error) = Box::pin(self.commit(vec![waiting])).await {
                        self.fail(group, &error);
                        return Err(error);
                    }
                }
            }
            Err(error) => {
                self.fail(group, &error);
                if error.concerns_all() {
                    // Whoever waits would only wait for the same. Nothing was begun of what they ask for.
                    let error = error.beyond_doubt();
                    let waiting = self.lanes.queues().get_mut(&self.restaurant).map(std::mem::take);
                    self.fail(waiting.unwrap_or_default(), &error);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn fail(&self, writes: impl IntoIterator<Item = Waiting>, error: &StoreError) {
        for Waiting { caller, .. } in writes {
            self.lanes.feed.metrics().write("failed");
            _ = caller.send(Err(error.clone().into()));
        }
    }

    /// Decides and commits a group of writes.
    async fn attempt(&self, writes: &[&Write]) -> Result<Results, StoreError> {
        let (loan, rows) = self.begin(writes).await?;
        let mut before = read(&rows)?;
        let mut results = Vec::with_capacity(writes.len());
        for write in writes {
            let result = execute(&before, write);
            match &result {
                Err(WriteError::Store(error)) => return Err(error.clone()),
                Ok(executed) => before.go_on(write, executed),
                Err(_) => {}
            }
            results.push(result);
        }
        let mut group = Group::default();
        for (write, result) in writes.iter().zip(&results) {
            if let Ok(executed) = result {
                group.add(write, executed);
            }
        }
        let committed = timeout(DATABASE_WRITE_TIMEOUT, group.commit(&loan, &self.restaurant)).await;
        match committed {
            Ok(Ok(())) => {
                loan.give_back();
                Ok(results)
            }
            Ok(Err(error)) => Err(of_commit(error)),
            Err(_) => Err(StoreError::lost("the end of a transaction").in_doubt()),
        }
    }

    /// Begins a transaction, with the rows that stand before the writes. Where the connection turns out to be lost, begins on
    /// another ([`Loan::is_replaceable`]).
    async fn begin(&self, writes: &[&Write]) -> Result<(Loan, Vec<Row>), StoreError> {
        let mut is_first = true;
        loop {
            let loan = self.lanes.connections.lend().await?;
            let begun = timeout(DATABASE_WRITE_TIMEOUT, begin(&loan, &self.restaurant, writes)).await;
            match begun.map_err(|_| StoreError::lost("a restaurant's rows"))? {
                Ok(rows) => return Ok((loan, rows)),
                Err(error) if loan.is_replaceable(&error, is_first) => is_first = false,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Tells the devices, then the callers, in the order of the log.
    fn announce(&self, group: Vec<Waiting>, results: Results) {
        let feed = &self.lanes.feed;
        let mut answers = Vec::with_capacity(group.len());
        for (Waiting { write, caller }, result) in group.into_iter().zip(results) {
            feed.metrics().write(if result.is_ok() { "done" } else { "refused" });
            let answer = result.map(|executed| {
                let (outcome, committed) = executed.committed(&write);
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
}

impl Drop for Lane {
    fn drop(&mut self) {
        // A task that was cut off must not leave a lane behind that nobody serves.
        if self.is_open {
            self.lanes.queues().remove(&self.restaurant);
        }
    }
}

/// Whether a write is committed by itself: it makes another restaurant of what the next one would see.
fn stands_alone(write: &Write) -> bool {
    matches!(write.request.command, Command::CreateRestaurant(_) | Command::DeleteRestaurant(_))
}
