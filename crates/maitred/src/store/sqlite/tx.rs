//! The rows and texts that a write reads and puts, inside the writer's transaction. SQL only: no rule stands here.

use floor::{Change, Guest, Id, Request, Slice, Table, Time};
use rusqlite::{Connection, OptionalExtension};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    config::{EXPIRED_BATCH, IDEMPOTENCY_RETENTION},
    store::{
        Idempotency, Outcome, StoreError, Write,
        execute::{Before, Executed, Kept},
    },
};

/// The writer's transaction.
pub(super) struct Tx<'a> {
    pub(super) connection: &'a Connection,
}

impl<'a> Tx<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection }
    }

    /// What stands before a write.
    pub(super) fn before(&self, write: &Write) -> Result<Before, StoreError> {
        let request = &write.request;
        let mut before = Before::default();
        if let Some(Idempotency { key, .. }) = &write.idempotency {
            let kept = self.find_kept(&request.restaurant, key, request.at)?;
            before.kept.extend(kept.map(|kept| (key.clone(), kept)));
        }
        let restaurant = self
            .connection
            .prepare_cached("SELECT body, head, epoch FROM restaurants WHERE id = ?1")?
            .query_row([request.restaurant.as_str()], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        if let Some((body, head, epoch)) = restaurant {
            before.slice = self.slice(request)?;
            before.slice.restaurant = Some(serde_json::from_str(&body)?);
            (before.head, before.epoch) = (head, epoch);
        }
        Ok(before)
    }

    /// The guests and tables that a request names, and those paired with them.
    fn slice(&self, request: &Request) -> Result<Slice, StoreError> {
        let id = &request.restaurant;
        let needs = request.command.needs();
        let (mut guests, mut tables) = (Vec::new(), Vec::new());
        for guest in needs.guests {
            guests.extend(self.guest(id, guest)?);
        }
        for table in needs.tables {
            tables.extend(self.table(id, table)?);
        }
        for number in needs.table_numbers {
            tables.extend(self.table_numbered(id, number)?);
        }
        // A seating has two halves, and each points to the other: one step from each row named closes the circle.
        let paired_tables: Vec<_> = guests.iter().filter_map(|guest| guest.table_id.clone()).collect();
        let paired_guests: Vec<_> = tables.iter().filter_map(|table| table.guest_id.clone()).collect();
        let mut slice = Slice::default();
        slice.guests.extend(guests.into_iter().map(|guest| (guest.id.clone(), guest)));
        slice.tables.extend(tables.into_iter().map(|table| (table.id.clone(), table)));
        for table in paired_tables {
            if !slice.tables.contains_key(&table) {
                slice.tables.extend(self.table(id, &table)?.map(|table| (table.id.clone(), table)));
            }
        }
        for guest in paired_guests {
            if !slice.guests.contains_key(&guest) {
                slice.guests.extend(self.guest(id, &guest)?.map(|guest| (guest.id.clone(), guest)));
            }
        }
        Ok(slice)
    }

    /// Puts what comes of a write.
    pub(super) fn put(&self, write: &Write, executed: &Executed) -> Result<(), StoreError> {
        let request = &write.request;
        for change in &executed.changes {
            self.put_change(request, change)?;
        }
        for (seq, message) in executed.numbered() {
            self.append(request, seq, write.subject.as_deref(), message)?;
        }
        if !executed.messages.is_empty() {
            self.set_head(&request.restaurant, executed.outcome.seq)?;
        }
        for guest in &executed.forgets {
            self.intend_purge(&request.restaurant, guest, executed.outcome.seq)?;
        }
        if let Some(idempotency) = write.idempotency.as_ref().filter(|_| executed.is_new) {
            self.keep(&request.restaurant, idempotency, &executed.outcome, request.at)?;
        }
        Ok(())
    }

    pub(super) fn guest(&self, restaurant: &Id, id: &Id) -> Result<Option<Guest>, StoreError> {
        self.row("SELECT body FROM guests WHERE restaurant_id = ?1 AND id = ?2", restaurant, id.as_str())
    }

    fn table(&self, restaurant: &Id, id: &Id) -> Result<Option<Table>, StoreError> {
        self.row("SELECT body FROM tables WHERE restaurant_id = ?1 AND id = ?2", restaurant, id.as_str())
    }

    /// The table that bears a number. The rules see to it that there is at most one.
    fn table_numbered(&self, restaurant: &Id, number: &str) -> Result<Option<Table>, StoreError> {
        self.row("SELECT body FROM tables WHERE restaurant_id = ?1 AND table_number = ?2", restaurant, number)
    }

    /// Makes a change true of the rows.
    fn put_change(&self, request: &Request, change: &Change) -> Result<(), StoreError> {
        let restaurant = &request.restaurant;
        match change {
            // Another life of the same id must not be taken for this one: its log is named after the request.
            Change::RestaurantCreated(row) => self.run(
                "INSERT INTO restaurants (id, body, head, epoch) VALUES (?1, ?2, 0, ?3)",
                (row.id.as_str(), json(row)?, request.id.as_str()),
            ),
            Change::RestaurantUpdated(row) => {
                self.run("UPDATE restaurants SET body = ?2 WHERE id = ?1", (row.id.as_str(), json(row)?))
            }
            Change::RestaurantDeleted(id) => self.delete_restaurant(id),
            Change::GuestCreated(row) | Change::GuestUpdated(row, _) => self.run(
                "INSERT INTO guests (restaurant_id, id, status, created_at, body) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET status = ?3, created_at = ?4, body = ?5",
                (restaurant.as_str(), row.id.as_str(), row.status.as_str(), row.created_at.to_string(), json(row)?),
            ),
            Change::GuestDeleted(id) => {
                self.run("DELETE FROM guests WHERE restaurant_id = ?1 AND id = ?2", [restaurant.as_str(), id.as_str()])
            }
            Change::TableCreated(row) | Change::TableUpdated(row, _) => self.run(
                "INSERT INTO tables (restaurant_id, id, table_number, body) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET table_number = ?3, body = ?4",
                (restaurant.as_str(), row.id.as_str(), row.table_number.as_str(), json(row)?),
            ),
            Change::TableDeleted(id) => {
                self.run("DELETE FROM tables WHERE restaurant_id = ?1 AND id = ?2", [restaurant.as_str(), id.as_str()])
            }
        }
    }

    /// Appends a message to the log.
    fn append(&self, request: &Request, seq: u64, subject: Option<&str>, message: &str) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO log (restaurant_id, seq, at, subject, message) VALUES (?1, ?2, ?3, ?4, ?5)",
            (request.restaurant.as_str(), seq, request.at.as_microseconds(), subject, message),
        )
    }

    /// Notes down that a guest is to be forgotten, as far as the log tells of it up to number `through`: whoever bears the
    /// same id later is somebody else.
    pub(super) fn intend_purge(&self, restaurant: &Id, guest: &Id, through: u64) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO purges (restaurant_id, guest_id, through) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET through = max(through, excluded.through)",
            (restaurant.as_str(), guest.as_str(), through),
        )
    }

    /// Sets the number of a restaurant's last message.
    fn set_head(&self, restaurant: &Id, seq: u64) -> Result<(), StoreError> {
        self.run("UPDATE restaurants SET head = ?2 WHERE id = ?1", (restaurant.as_str(), seq))
    }

    /// What an earlier request with this key was answered, if that is not too long ago.
    fn find_kept(&self, restaurant: &Id, key: &str, at: Time) -> Result<Option<Kept>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT fingerprint, outcome FROM idempotency WHERE restaurant_id = ?1 AND key = ?2 AND kept_at > ?3",
        )?;
        let row = statement
            .query_row((restaurant.as_str(), key, expiry(at)), |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))
            .optional()?;
        row.map(|(fingerprint, outcome)| Ok(Kept { fingerprint, outcome: serde_json::from_str(&outcome)? })).transpose()
    }

    /// Keeps an answer for a retry, and throws a few expired ones away.
    fn keep(&self, restaurant: &Id, idempotency: &Idempotency, outcome: &Outcome, at: Time) -> Result<(), StoreError> {
        self.run(
            "DELETE FROM idempotency WHERE (restaurant_id, key) IN (
                 SELECT restaurant_id, key FROM idempotency WHERE kept_at <= ?1 ORDER BY kept_at LIMIT ?2
             )",
            (expiry(at), EXPIRED_BATCH),
        )?;
        self.run(
            "INSERT OR REPLACE INTO idempotency (restaurant_id, key, fingerprint, outcome, kept_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            (restaurant.as_str(), &idempotency.key, idempotency.fingerprint, json(outcome)?, at.as_microseconds()),
        )
    }

    fn delete_restaurant(&self, id: &Id) -> Result<(), StoreError> {
        for sql in [
            "DELETE FROM guests WHERE restaurant_id = ?1",
            "DELETE FROM tables WHERE restaurant_id = ?1",
            "DELETE FROM log WHERE restaurant_id = ?1",
            "DELETE FROM idempotency WHERE restaurant_id = ?1",
            "DELETE FROM devices WHERE restaurant_id = ?1",
            "DELETE FROM pairing_codes WHERE restaurant_id = ?1",
            "DELETE FROM purges WHERE restaurant_id = ?1",
            "DELETE FROM restaurants WHERE id = ?1",
        ] {
            self.run(sql, [id.as_str()])?;
        }
        Ok(())
    }

    fn row<T: DeserializeOwned>(&self, sql: &str, restaurant: &Id, key: &str) -> Result<Option<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([restaurant.as_str(), key])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let body = row.get_ref(0)?.as_str().map_err(StoreError::unreadable)?;
        Ok(Some(serde_json::from_str(body)?))
    }

    pub(super) fn run(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql)?.execute(parameters)?;
        Ok(())
    }
}

/// Answers kept up to this point, in microseconds since 1970, have expired.
fn expiry(at: Time) -> i64 {
    at.as_microseconds() - IDEMPOTENCY_RETENTION.as_micros() as i64
}

fn json(value: &impl Serialize) -> Result<String, StoreError> {
    Ok(serde_json::to_string(value)?)
}
