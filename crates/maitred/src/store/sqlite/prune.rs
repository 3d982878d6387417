//! Forgetting old messages, a small piece at a time. A reader finds each piece, the writer drops it in a transaction of
//! its own. Only the log is touched, and of each restaurant's log only the beginning: what remains has no hole. (What is
//! not dropped, but rewritten, is the affair of `purge.rs`.)

use floor::Time;
use rusqlite::{Connection, Row};

use super::{Survey, purge::Marks};
use crate::{
    config::{PRUNE_BYTES, PRUNE_ROWS},
    store::StoreError,
};

/// What the log may forget, little enough to be forgotten at once.
#[derive(Debug, Clone)]
pub struct Piece(pub(super) Kind);

#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// The first messages of the whole log, all of them older than `than`.
    Old { through: i64, than: i64 },
    /// The first messages of one restaurant's log, with at least `keep` messages after them.
    Surplus { restaurant: String, through: u64, keep: u64 },
    /// Texts that tell who somebody is who is to be forgotten.
    Marks(Marks),
}

impl Survey<'_> {
    /// The first messages of the log, as far as they are older than `than`.
    ///
    /// Walks in the order of the commits and ends at the first message that is young enough. Where the clock was ahead
    /// for a while, what follows those messages is kept until their time has passed, too; only the number of messages
    /// ([`Self::surplus_messages`]) ends it sooner. A clock that is ahead now makes messages old before their time, which
    /// costs the devices that come back a snapshot.
    ///
    /// # Errors
    /// Only if the database is broken, as with every read here.
    pub fn old_messages(&self, than: Time) -> Result<Option<Piece>, StoreError> {
        let than = than.as_microseconds();
        let mut statement =
            self.connection.prepare_cached("SELECT position, at, octet_length(message) FROM log ORDER BY position")?;
        let old = statement.query_and_then((), |row| Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get(2)?)))?;
        let old = old.take_while(|row: &rusqlite::Result<_>| row.as_ref().map_or(true, |(_, at, _)| *at < than));
        let through = last_of_piece(old.map(|row| row.map(|(position, _, bytes)| (position, bytes))))?;
        Ok(through.map(|through| Piece(Kind::Old { through, than })))
    }

    /// The restaurants whose log has more than `keep` messages.
    pub fn overlong_logs(&self, keep: u64) -> Result<Vec<String>, StoreError> {
        // One look into the index a restaurant. A log has no holes, so its ends tell its length.
        let mut statement = self.connection.prepare_cached(
            "SELECT id FROM restaurants WHERE (SELECT min(seq) FROM log WHERE restaurant_id = id) <= head - ?1",
        )?;
        let ids = statement.query_map([bounded(keep)], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// The first messages of a restaurant's log, as far as at least `keep` come after them.
    pub fn surplus_messages(&self, restaurant: &str, keep: u64) -> Result<Option<Piece>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, octet_length(message) FROM log
             WHERE restaurant_id = ?1 AND seq <= (SELECT head FROM restaurants WHERE id = ?1) - ?2 ORDER BY seq",
        )?;
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let through = last_of_piece(statement.query_map((restaurant, bounded(keep)), read)?)?;
        Ok(through.map(|through| Piece(Kind::Surplus { restaurant: restaurant.to_owned(), through, keep })))
    }
}

impl Piece {
    /// Forgets these messages, and returns how many there were. Since they were found, a restaurant may have been deleted
    /// and another taken its place, so it is made sure that each may still go.
    pub(super) fn forget_in(&self, connection: &Connection) -> Result<usize, StoreError> {
        let dropped = match &self.0 {
            Kind::Old { through, than } => connection
                .prepare_cached(
                    "DELETE FROM log WHERE position <= ?1
                     AND NOT EXISTS (SELECT 1 FROM log WHERE position <= ?1 AND at >= ?2)",
                )?
                .execute((through, than))?,
            Kind::Surplus { restaurant, through, keep } => connection
                .prepare_cached(
                    "DELETE FROM log WHERE restaurant_id = ?1
                     AND seq <= min(?2, (SELECT head FROM restaurants WHERE id = ?1) - ?3)",
                )?
                .execute((restaurant, through, bounded(*keep)))?,
            Kind::Marks(marks) => marks.rewrite(connection)?,
        };
        Ok(dropped)
    }
}

/// The last of as many messages, by place and length, as are dropped at once; none if there are none.
fn last_of_piece<T>(messages: impl Iterator<Item = rusqlite::Result<(T, usize)>>) -> rusqlite::Result<Option<T>> {
    let mut last = None;
    let mut total = 0;
    for message in messages.take(PRUNE_ROWS) {
        let (place, bytes) = message?;
        last = Some(place);
        total += bytes;
        if total >= PRUNE_BYTES {
            break;
        }
    }
    Ok(last)
}

/// SQLite's numbers are signed.
fn bounded(keep: u64) -> i64 {
    i64::try_from(keep).unwrap_or(i64::MAX)
}
