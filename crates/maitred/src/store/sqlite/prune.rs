//! Forgetting old messages, a small piece at a time. A reader finds each piece, the writer drops it in a transaction of
//! its own. Only the log is touched, and of each restaurant's log only the beginning: what remains has no hole. (What is
//! not dropped, but rewritten, is the affair of `purge.rs`.)

use floor::{Id, Time};
use rusqlite::{Connection, Row};

use super::{Survey, snapshot::bounded};
use crate::{
    config::{PRUNE_BYTES, PRUNE_ROWS},
    store::StoreError,
};

/// What the log may forget, little enough to be forgotten at once.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// The first messages of the whole log, all of them older than `than`.
    Old { through: i64, than: i64 },
    /// The first messages of one restaurant's log, with at least `keep` messages after them.
    Surplus { restaurant: Id, through: u64, keep: u64 },
}

impl Survey<'_> {
    /// The first messages of the log, in the order of the commits, as far as they are older than `than`.
    pub(super) fn old_messages(&self, than: Time) -> Result<Option<Piece>, StoreError> {
        let than = than.as_microseconds();
        let mut statement =
            self.connection.prepare_cached("SELECT position, at, octet_length(message) FROM log ORDER BY position")?;
        let old = statement.query_and_then((), |row| Ok((row.get(0)?, row.get::<_, i64>(1)?, row.get(2)?)))?;
        let old = old.take_while(|row: &rusqlite::Result<_>| row.as_ref().map_or(true, |(_, at, _)| *at < than));
        let through = last_of_piece(old.map(|row| row.map(|(position, _, bytes)| (position, bytes))))?;
        Ok(through.map(|through| Piece::Old { through, than }))
    }

    /// The restaurants whose log has more than `keep` messages.
    pub(in crate::store) fn overlong_logs(&self, keep: u64) -> Result<Vec<Id>, StoreError> {
        // One look into the index a restaurant. A log has no holes, so its ends tell its length.
        let mut statement = self.connection.prepare_cached(
            "SELECT id FROM restaurants WHERE (SELECT min(seq) FROM log WHERE restaurant_id = id) <= head - ?1",
        )?;
        let mut rows = statement.query([bounded(keep)])?;
        let mut ids = Vec::new();
        while let Some(row) = rows.next()? {
            ids.push(row.get::<_, String>(0)?.parse().map_err(StoreError::unreadable)?);
        }
        Ok(ids)
    }

    /// The first messages of a restaurant's log, as far as at least `keep` come after them.
    pub(super) fn surplus_messages(&self, restaurant: &Id, keep: u64) -> Result<Option<Piece>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, octet_length(message) FROM log
             WHERE restaurant_id = ?1 AND seq <= (SELECT head FROM restaurants WHERE id = ?1) - ?2 ORDER BY seq",
        )?;
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let through = last_of_piece(statement.query_map((restaurant.as_str(), bounded(keep)), read)?)?;
        Ok(through.map(|through| Piece::Surplus { restaurant: restaurant.clone(), through, keep }))
    }
}

impl Piece {
    /// Drops these messages, and returns how many there were. Since they were found, a restaurant may have been deleted
    /// and another taken its place, so it is made sure that each may still go.
    pub(super) fn drop_from(&self, connection: &Connection) -> Result<usize, StoreError> {
        let dropped = match self {
            Self::Old { through, than } => connection
                .prepare_cached(
                    "DELETE FROM log WHERE position <= ?1
                     AND NOT EXISTS (SELECT 1 FROM log WHERE position <= ?1 AND at >= ?2)",
                )?
                .execute((through, than))?,
            Self::Surplus { restaurant, through, keep } => connection
                .prepare_cached(
                    "DELETE FROM log WHERE restaurant_id = ?1
                     AND seq <= min(?2, (SELECT head FROM restaurants WHERE id = ?1) - ?3)",
                )?
                .execute((restaurant.as_str(), through, bounded(*keep)))?,
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

#[cfg(test)]
mod tests {
    use super::{super::prepare, *};

    #[test]
    fn what_was_found_to_be_old_in_one_life_of_a_restaurant_is_not_dropped_from_the_next() {
        let connection = Connection::open_in_memory().expect("a database");
        prepare(&connection).expect("a database of our own");
        let live = |at: i64, messages: u64| {
            connection.execute_batch("DELETE FROM log; DELETE FROM restaurants").expect("the end of a life");
            let open = "INSERT INTO restaurants (id, body, head, epoch) VALUES ('bistro', '{}', ?1, ?2)";
            connection.execute(open, (messages, at.to_string())).expect("a restaurant");
            for seq in 1..=messages {
                let append = "INSERT INTO log (restaurant_id, seq, at, message) VALUES ('bistro', ?1, ?2, '{}')";
                connection.execute(append, (seq, at)).expect("a message");
            }
        };
        let ends = || {
            let ends = "SELECT min(seq), max(seq), count(*) FROM log";
            connection.query_row(ends, (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect("a log")
        };
        live(1_000, 10);
        let survey = Survey::new(&connection);
        let noon = Time::from_microseconds(2_000).expect("a time");
        let old = survey.old_messages(noon).expect("a read").expect("old messages");
        let bistro = "bistro".parse().expect("an id");
        let surplus = survey.surplus_messages(&bistro, 2).expect("a read").expect("a surplus");
        live(3_000, 5);
        assert_eq!(old.drop_from(&connection).expect("a piece"), 0);
        assert_eq!(ends(), (1, 5, 5));
        assert_eq!(surplus.drop_from(&connection).expect("a piece"), 3);
        assert_eq!(ends(), (4, 5, 2), "two are kept in this life, too");
    }
}
