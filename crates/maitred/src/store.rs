//! The store: where a request becomes durable. It knows rows and text, never commands; what may happen is decided by
//! [`floor::decide`], inside the store's transaction. It never waits for a device.
//!
//! There are two sides to it, one a file, which SQLite keeps, one a database server, PostgreSQL. What they share stands
//! in the files beside them, above all what a write comes to.

mod error;
mod execute;
mod moving;
mod postgres;
mod purge;
mod register;
mod rows;
mod sqlite;
mod write;

use std::{collections::HashMap, sync::Arc, time::Duration};

use floor::{GuestStatus, Id, Time};
use serde_json::value::RawValue;

use crate::{
    access::{Device, Permit, Scope},
    config::Database,
    feed::Feed,
};
use postgres::Postgres;
use sqlite::Sqlite;

pub use error::{Failure, StoreError};
pub(crate) use moving::{Arrival, Belongings, Hitch};
pub(crate) use postgres::{MoveIn, begin_new_lives, listen};
pub use purge::{Purge, PurgeStep, Search};
pub(crate) use register::{OpenCode, Register};
pub use rows::{
    AuditPage, AuditedMessage, FloorRows, GuestsPage, Head, LogPage, LoggedMessage, Overdue, Place, RestaurantRow,
};
pub(crate) use sqlite::{Check, FileLock, MoveOut, Settled, begin_new_life, check_database, copy_database, settle};
pub use write::{Idempotency, Outcome, Write, WriteError};

/// A database of restaurants. Clones share it.
#[derive(Clone)]
pub struct Store {
    side: Arc<Side>,
}

enum Side {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Store {
    /// Opens a database, creating it or bringing its schema up to date where needed. Committed changes go to `feed`.
    ///
    /// # Errors
    /// [`StoreError::Open`], with what to do about it.
    pub async fn open(database: &Database, feed: Feed) -> Result<Self, StoreError> {
        let side = match database {
            Database::File(path) => Side::Sqlite(Sqlite::open(path, feed)?),
            Database::Memory => Side::Sqlite(Sqlite::in_memory(feed)?),
            Database::Server(url) => Side::Postgres(Postgres::open(url, feed).await?),
        };
        Ok(Self { side: Arc::new(side) })
    }

    /// Names the database among all that there are, where other processes may write to it as well.
    pub(crate) fn shared_name(&self) -> Option<&str> {
        match &*self.side {
            Side::Sqlite(_) => None,
            Side::Postgres(postgres) => Some(postgres.name()),
        }
    }

    /// Where the logs of these restaurants end, of those that there are, in one question.
    pub(crate) async fn heads(&self, restaurants: &[&str]) -> Result<HashMap<Id, Head>, StoreError> {
        match &*self.side {
            // Nobody else writes to it: there is no news but what the feed brings.
            Side::Sqlite(_) => Ok(HashMap::new()),
            Side::Postgres(postgres) => postgres.heads(restaurants).await,
        }
    }

    /// Makes a write durable. Once it is, its messages are with the feed, and only then does this return.
    ///
    /// # Errors
    /// Nothing of the write was kept, unless [`StoreError::is_in_doubt`].
    pub async fn execute(&self, write: Write) -> Result<Outcome, WriteError> {
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.execute(write).await,
            Side::Postgres(postgres) => postgres.execute(write).await,
        }
    }

    /// Reads something, to see whether it can.
    ///
    /// # Errors
    /// Only if the database is broken or closed, as with every read here.
    pub async fn probe(&self) -> Result<(), StoreError> {
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.survey(|survey| survey.probe()).await,
            Side::Postgres(postgres) => postgres.probe().await,
        }
    }

    /// The restaurants that someone is let into, in JSON, by id.
    pub async fn restaurants(&self, scope: &Scope) -> Result<Vec<Box<RawValue>>, StoreError> {
        let scope = scope.clone();
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.survey(move |survey| survey.restaurants(|id| scope.covers(id))).await,
            Side::Postgres(postgres) => postgres.restaurants(&scope).await,
        }
    }

    /// The permit's restaurant; none if there is no such, as with every read of one here.
    pub async fn restaurant(&self, permit: &Permit) -> Result<Option<RestaurantRow>, StoreError> {
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.read(permit, |snapshot| snapshot.restaurant()).await,
            Side::Postgres(postgres) => postgres.restaurant(permit.restaurant()).await,
        }
    }

    /// Where its log ends.
    pub async fn head(&self, permit: &Permit) -> Result<Option<Head>, StoreError> {
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.read(permit, |snapshot| snapshot.head()).await,
            Side::Postgres(postgres) => postgres.head(permit.restaurant()).await,
        }
    }

    /// Everything that a device draws, in one consistent read.
    pub async fn floor(&self, permit: &Permit) -> Result<Option<FloorRows>, StoreError> {
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.read(permit, |snapshot| snapshot.floor()).await,
            Side::Postgres(postgres) => postgres.floor(permit.restaurant()).await,
        }
    }

    /// One guest, if there is such, and where the log ended then.
    pub async fn guest(&self, permit: &Permit, id: &str) -> Result<Option<(Option<Box<RawValue>>, Head)>, StoreError> {
        let id = id.to_owned();
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.read(permit, move |snapshot| snapshot.with_head(|s| s.guest(&id))).await,
            Side::Postgres(postgres) => postgres.guest(permit.restaurant(), &id).await,
        }
    }

    /// One table, if there is such, and where the log ended then.
    pub async fn table(&self, permit: &Permit, id: &str) -> Result<Option<(Option<Box<RawValue>>, Head)>, StoreError> {
        let id = id.to_owned();
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.read(permit, move |snapshot| snapshot.with_head(|s| s.table(&id))).await,
            Side::Postgres(postgres) => postgres.table(permit.restaurant(), &id).await,
        }
    }

    /// All tables, by number, so that 2 comes before 10, and where the log ended then.
    pub async fn tables(&self, permit: &Permit) -> Result<Option<(Vec<Box<RawValue>>, Head)>, StoreError> {
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.read(permit, |snapshot| snapshot.with_head(|s| s.tables())).await,
            Side::Postgres(postgres) => postgres.tables(permit.restaurant()).await,
        }
    }

    /// At most `limit` guests with one of `statuses`, newest first, from after the place that an earlier page
    /// names as its `next`, and where the log ended then.
    pub async fn guests(
        &self,
        permit: &Permit,
        statuses: Vec<GuestStatus>,
        after: Option<Place>,
        limit: u64,
    ) -> Result<Option<(GuestsPage, Head)>, StoreError> {
        match &*self.side {
            Side::Sqlite(sqlite) => {
                let query = move |snapshot: &sqlite::Snapshot<'_>| {
                    snapshot.with_head(|snapshot| snapshot.guests(&statuses, after.as_ref(), limit))
                };
                sqlite.read(permit, query).await
            }
            Side::Postgres(postgres) => postgres.guests(permit.restaurant(), &statuses, after.as_ref(), limit).await,
        }
    }

    /// The messages that come after number `since`, at most `limit` of them and, beyond the first, `max_bytes`.
    pub async fn log_after(
        &self,
        permit: &Permit,
        since: u64,
        limit: u64,
        max_bytes: usize,
    ) -> Result<Option<LogPage>, StoreError> {
        match &*self.side {
            Side::Sqlite(sqlite) => {
                sqlite.read(permit, move |snapshot| snapshot.log_after(since, limit, max_bytes)).await
            }
            Side::Postgres(postgres) => postgres.log_after(permit.restaurant(), since, limit, max_bytes).await,
        }
    }

    /// The messages that come before number `before`, newest first, at most `limit` of them and, beyond the first,
    /// `max_bytes`.
    pub async fn log_before(
        &self,
        permit: &Permit,
        before: u64,
        limit: u64,
        max_bytes: usize,
    ) -> Result<Option<AuditPage>, StoreError> {
        match &*self.side {
            Side::Sqlite(sqlite) => {
                sqlite.read(permit, move |snapshot| snapshot.log_before(before, limit, max_bytes)).await
            }
            Side::Postgres(postgres) => postgres.log_before(permit.restaurant(), before, limit, max_bytes).await,
        }
    }

    /// All devices that were ever let in, the newest first.
    pub async fn devices(&self, permit: &Permit) -> Result<Option<Vec<Device>>, StoreError> {
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.read(permit, |snapshot| snapshot.devices()).await,
            Side::Postgres(postgres) => postgres.devices(permit.restaurant()).await,
        }
    }

    /// The device whose token has this digest, and its restaurant, unless it was sent away.
    pub async fn paired_device(&self, token: &[u8; 32]) -> Result<Option<(Device, Id)>, StoreError> {
        let token = *token;
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.survey(move |survey| survey.paired_device(&token)).await,
            Side::Postgres(postgres) => postgres.paired_device(&token).await,
        }
    }

    /// Makes a change to the register of the permit's restaurant durable; `change` is handed none if there is no such
    /// restaurant. `device` is the device that it is about, if it is about one.
    ///
    /// # Errors
    /// Nothing of the change was kept, unless [`StoreError::is_in_doubt`].
    pub(crate) async fn register<T: Send + 'static>(
        &self,
        permit: &Permit,
        device: Option<&str>,
        change: impl FnOnce(Option<&mut Register>) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let device = device.map(str::to_owned);
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.register(permit, device, change).await,
            Side::Postgres(postgres) => postgres.register(permit.restaurant(), device.as_deref(), change).await,
        }
    }

    /// Drops a small piece of the first messages of the log, as far as they are older than `than`, and returns how many
    /// they were: none when all are gone. What remains of each restaurant's log has no hole, and ends where it did.
    ///
    /// Goes by the order of the commits and ends at the first message that is young enough. Where the clock was ahead
    /// for a while, what follows those messages is kept until their time has passed, too; only the number of messages
    /// ([`Self::prune_surplus`]) ends it sooner. A clock that is ahead now makes messages old before their time, which
    /// costs the devices that come back a snapshot.
    ///
    /// # Errors
    /// Only if the database is broken, full or closed; then nothing of the piece was dropped. The same with all that
    /// follows.
    pub async fn prune_old(&self, than: Time) -> Result<usize, StoreError> {
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.prune_old(than).await,
            Side::Postgres(postgres) => postgres.prune_old(than).await,
        }
    }

    /// The restaurants whose log has more than `keep` messages.
    pub async fn overlong_logs(&self, keep: u64) -> Result<Vec<Id>, StoreError> {
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.survey(move |survey| survey.overlong_logs(keep)).await,
            Side::Postgres(postgres) => postgres.overlong_logs(keep).await,
        }
    }

    /// Drops a small piece of the first messages of a restaurant's log, as far as at least `keep` come after them, and
    /// returns how many they were.
    pub async fn prune_surplus(&self, restaurant: &Id, keep: u64) -> Result<usize, StoreError> {
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.prune_surplus(restaurant, keep).await,
            Side::Postgres(postgres) => postgres.prune_surplus(restaurant, keep).await,
        }
    }

    /// At most `limit` guests whose evening was over before `than`, in no particular order.
    pub async fn overdue_guests(&self, than: Time, limit: u64) -> Result<Vec<Overdue>, StoreError> {
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.survey(move |survey| survey.overdue_guests(than, limit)).await,
            Side::Postgres(postgres) => postgres.overdue_guests(than, limit).await,
        }
    }

    /// Notes down that a guest who has been deleted is to be forgotten, unless there is one of that id again, which this
    /// tells.
    pub async fn intend_purge(&self, permit: &Permit, guest: &Id) -> Result<bool, StoreError> {
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.intend_purge(permit.restaurant(), guest).await,
            Side::Postgres(postgres) => postgres.intend_purge(permit.restaurant(), guest).await,
        }
    }

    /// The guests who are to be forgotten and may not be yet, of one restaurant or of all.
    pub async fn purges(&self, restaurant: Option<&Id>) -> Result<Vec<Purge>, StoreError> {
        let restaurant = restaurant.cloned();
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.survey(move |survey| survey.purges(restaurant.as_ref())).await,
            Side::Postgres(postgres) => postgres.purges(restaurant.as_ref()).await,
        }
    }

    /// Looks through the next texts for the guests of a restaurant who are to be forgotten, whoever they all are by now, and
    /// rewrites those that tell of them.
    pub async fn purge_step(&self, restaurant: &Id, from: Search) -> Result<PurgeStep, StoreError> {
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.purge_step(restaurant, from).await,
            Side::Postgres(postgres) => postgres.purge_step(restaurant, &from).await,
        }
    }

    /// Removes what is left beside the rows of what was overwritten. Tells whether it could: with a file, whoever still
    /// reads an older snapshot is in the way.
    pub async fn scrub(&self) -> Result<bool, StoreError> {
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.scrub().await,
            // What a server overwrites lies in its files until it clears up (`VACUUM`), which it does by itself.
            Side::Postgres(_) => Ok(true),
        }
    }

    /// Strikes purges off that are done, but for those of which there is more to do by now.
    pub async fn strike_off(&self, done: Vec<Purge>) -> Result<(), StoreError> {
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.strike_off(done).await,
            Side::Postgres(postgres) => postgres.strike_off(&done).await,
        }
    }

    /// Whether this process is the one to take a round of this name, which is due about every `interval`: what one process
    /// does for all that share the database.
    pub async fn takes_round(&self, name: &str, interval: Duration) -> Result<bool, StoreError> {
        match &*self.side {
            Side::Sqlite(_) => Ok(true),
            // A little sooner, so that whoever comes after exactly that time is not too early.
            Side::Postgres(postgres) => postgres.takes_round(name, interval.mul_f64(0.9)).await,
        }
    }

    /// Finishes the writes that wait and closes the database. Whoever asks for anything later is told so.
    pub async fn close(&self) {
        match &*self.side {
            Side::Sqlite(sqlite) => sqlite.close().await,
            Side::Postgres(postgres) => postgres.close().await,
        }
    }
}
