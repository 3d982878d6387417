//! Forgetting who somebody was, in SQL: a reader finds the texts, piece by piece; the writer rewrites each piece in a
//! transaction of its own.

use floor::{GuestStatus, Id, Time};
use rusqlite::{Connection, OptionalExtension};

use super::{Survey, Tx};
use crate::{
    config::{BUSY_TIMEOUT, EMPTY_TIMEOUT, PURGE_SCAN_ROWS},
    store::{
        Overdue, Purge, Search, StoreError,
        purge::{Forgotten, Found, Places, Sieve, after_answers, after_log},
    },
};

impl Survey<'_> {
    /// The guests who are to be forgotten and may not be yet, of one restaurant or of all.
    pub(in crate::store) fn purges(&self, restaurant: Option<&Id>) -> Result<Vec<Purge>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT restaurant_id, guest_id, through, epoch FROM purges JOIN restaurants ON restaurants.id = restaurant_id
             WHERE ?1 IS NULL OR restaurant_id = ?1 ORDER BY restaurant_id, guest_id",
        )?;
        let mut rows = statement.query([restaurant.map(Id::as_str)])?;
        let mut purges = Vec::new();
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            let restaurant = id.parse().map_err(StoreError::unreadable)?;
            purges.push(Purge { restaurant, guest: row.get(1)?, through: row.get(2)?, epoch: row.get(3)? });
        }
        Ok(purges)
    }

    /// The next texts that tell of the guests of a restaurant who are to be forgotten, whoever they all are by now.
    pub(super) fn find_forgotten(&self, restaurant: &Id, from: &Search) -> Result<Found, StoreError> {
        let forgotten = forgotten(self.connection, restaurant)?;
        if forgotten.is_empty() {
            return Ok(Found::NOTHING);
        }
        match from {
            Search::Log(after) => self.find_in_log(restaurant, &forgotten, *after),
            Search::Answers(after) => self.find_in_answers(restaurant, &forgotten, after),
        }
    }

    fn find_in_log(&self, restaurant: &Id, forgotten: &Forgotten, after: u64) -> Result<Found, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, message FROM log WHERE restaurant_id = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4",
        )?;
        let mut rows = statement.query((restaurant.as_str(), after, forgotten.last(), PURGE_SCAN_ROWS))?;
        let mut sieve = Sieve::new(forgotten);
        while let Some(row) = rows.next()? {
            let (seq, message) = (row.get(0)?, row.get_ref(1)?.as_str().map_err(StoreError::unreadable)?);
            if sieve.take(seq, message.len(), forgotten.purged(seq, message)?.is_some()) {
                break;
            }
        }
        Ok(sieve.found(Places::Log, after_log))
    }

    fn find_in_answers(&self, restaurant: &Id, forgotten: &Forgotten, after: &str) -> Result<Found, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT key, outcome FROM idempotency WHERE restaurant_id = ?1 AND key > ?2 ORDER BY key LIMIT ?3",
        )?;
        let mut rows = statement.query((restaurant.as_str(), after, PURGE_SCAN_ROWS))?;
        let mut sieve = Sieve::new(forgotten);
        while let Some(row) = rows.next()? {
            let (key, outcome) = (row.get(0)?, row.get_ref(1)?.as_str().map_err(StoreError::unreadable)?);
            if sieve.take(key, outcome.len(), forgotten.purged_answer(outcome)?.is_some()) {
                break;
            }
        }
        Ok(sieve.found(Places::Answers, after_answers))
    }

    /// At most `limit` guests whose evening was over before `than`, in no particular order.
    pub(in crate::store) fn overdue_guests(&self, than: Time, limit: u64) -> Result<Vec<Overdue>, StoreError> {
        // Nobody's evening is over before they have come in: by that time the index finds them, and hardly anybody else.
        let over = GuestStatus::ALL.into_iter().filter(|status| status.is_over());
        let over: Vec<String> = over.map(|status| format!("'{}'", status.as_str())).collect();
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT guests.restaurant_id, guests.id, guests.body ->> 'version'
             FROM restaurants CROSS JOIN guests INDEXED BY guests_by_status
             WHERE guests.restaurant_id = restaurants.id AND status IN ({}) AND created_at < ?1
             AND guests.body ->> 'finishedTime' < ?1 LIMIT ?2",
            over.join(", ")
        ))?;
        let mut rows = statement.query((than.to_string(), limit))?;
        let mut overdue = Vec::new();
        while let Some(row) = rows.next()? {
            let id = |column| row.get::<_, String>(column)?.parse().map_err(StoreError::unreadable);
            overdue.push(Overdue { restaurant: id(0)?, guest: id(1)?, version: row.get(2)? });
        }
        Ok(overdue)
    }
}

/// Notes down that a guest who has been deleted is to be forgotten, unless there is one of that id again.
pub(super) fn intend(connection: &Connection, restaurant: &Id, guest: &Id) -> Result<bool, StoreError> {
    let tx = Tx::new(connection);
    let mut statement = connection.prepare_cached("SELECT head FROM restaurants WHERE id = ?1")?;
    let head = statement.query_row([restaurant.as_str()], |row| row.get(0)).optional()?;
    let Some(head) = head else { return Ok(true) };
    if tx.guest(restaurant, guest)?.is_some() {
        return Ok(false);
    }
    tx.intend_purge(restaurant, guest, head)?;
    Ok(true)
}

/// Rewrites what stands there now, and returns how many texts that were. Since they were found, a restaurant may have been
/// deleted, with its purges, and another taken its place, so who is to be forgotten is read anew.
pub(super) fn rewrite(connection: &Connection, restaurant: &Id, places: &Places) -> Result<usize, StoreError> {
    let transaction = connection.unchecked_transaction()?;
    let forgotten = forgotten(&transaction, restaurant)?;
    let restaurant = restaurant.as_str();
    let mut rewritten = 0;
    match places {
        Places::Log(numbers) => {
            let mut find =
                transaction.prepare_cached("SELECT message FROM log WHERE restaurant_id = ?1 AND seq = ?2")?;
            let mut put =
                transaction.prepare_cached("UPDATE log SET message = ?3 WHERE restaurant_id = ?1 AND seq = ?2")?;
            for seq in numbers {
                // It may have been pruned meanwhile.
                let found: Option<String> = find.query_row((restaurant, seq), |row| row.get(0)).optional()?;
                let Some(message) = found else { continue };
                if let Some(purged) = forgotten.purged(*seq, &message)? {
                    rewritten += put.execute((restaurant, seq, purged))?;
                }
            }
        }
        Places::Answers(keys) => {
            let mut find =
                transaction.prepare_cached("SELECT outcome FROM idempotency WHERE restaurant_id = ?1 AND key = ?2")?;
            let mut put = transaction
                .prepare_cached("UPDATE idempotency SET outcome = ?3 WHERE restaurant_id = ?1 AND key = ?2")?;
            for key in keys {
                let found: Option<String> = find.query_row((restaurant, key), |row| row.get(0)).optional()?;
                let Some(outcome) = found else { continue };
                if let Some(purged) = forgotten.purged_answer(&outcome)? {
                    rewritten += put.execute((restaurant, key, purged))?;
                }
            }
        }
    }
    transaction.commit()?;
    Ok(rewritten)
}

/// The guests of a restaurant who are to be forgotten.
fn forgotten(connection: &Connection, restaurant: &Id) -> Result<Forgotten, StoreError> {
    let mut statement = connection.prepare_cached("SELECT guest_id, through FROM purges WHERE restaurant_id = ?1")?;
    let purges = statement.query_map([restaurant.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Forgotten::new(purges.collect::<Result<_, _>>()?))
}

/// See [`super::Sqlite::scrub`].
pub(super) fn empty_log_file(connection: &Connection) -> Result<bool, StoreError> {
    connection.busy_timeout(EMPTY_TIMEOUT)?;
    let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get::<_, i64>(0));
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(emptied? == 0)
}

/// See [`crate::store::Store::strike_off`].
pub(super) fn strike_off(connection: &Connection, done: &[Purge]) -> Result<(), StoreError> {
    let transaction = connection.unchecked_transaction()?;
    let mut strike = transaction.prepare_cached(
        "DELETE FROM purges WHERE restaurant_id = ?1 AND guest_id = ?2 AND through <= ?3
         AND EXISTS (SELECT 1 FROM restaurants WHERE id = ?1 AND epoch = ?4)",
    )?;
    for Purge { restaurant, guest, through, epoch } in done {
        strike.execute((restaurant.as_str(), guest, through, epoch))?;
    }
    drop(strike);
    transaction.commit()?;
    Ok(())
}
