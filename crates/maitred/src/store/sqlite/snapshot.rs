//! What can be read of one restaurant. Rows come as the JSON that they are stored as; nobody decodes them on their way out.

use std::{fmt, str::FromStr};

use floor::{GuestStatus, Id, Time};
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::value::RawValue;

use crate::store::StoreError;

/// One consistent view of everything that is committed of one restaurant.
pub struct Snapshot<'a> {
    pub(super) connection: &'a Connection,
    pub(super) restaurant: &'a str,
}

/// A restaurant as stored.
pub struct RestaurantRow {
    /// The restaurant, in JSON.
    pub body: Box<RawValue>,
    /// The number of its last message.
    pub head: u64,
    /// The name of this life of its log.
    pub epoch: String,
}

/// Some guests, newest first.
pub struct GuestsPage {
    /// Guests, in JSON.
    pub guests: Vec<Box<RawValue>>,
    /// The place after which the next page begins, if there is one.
    pub next: Option<Place>,
}

/// A guest's place in the list: whoever stands there or, if that one has gone, stood there. Written `createdAt~id`.
pub struct Place {
    created_at: String,
    id: String,
}

/// A message as the log keeps it.
pub struct LoggedMessage {
    /// Its number.
    pub seq: u64,
    /// Its text.
    pub message: String,
}

/// A message as the log keeps it, with who asked for it.
pub struct AuditedMessage {
    /// Its number.
    pub seq: u64,
    /// Who asked, as their token said; none where nobody needed one.
    pub subject: Option<String>,
    /// Its text.
    pub message: String,
}

impl<'a> Snapshot<'a> {
    pub(super) fn new(connection: &'a Connection, restaurant: &'a Id) -> Self {
        Self { connection, restaurant: restaurant.as_str() }
    }

    /// The restaurant; none if there is no such.
    ///
    /// # Errors
    /// Only if the database is broken, as with every read here.
    pub fn restaurant(&self) -> Result<Option<RestaurantRow>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT body, head, epoch FROM restaurants WHERE id = ?1")?;
        let row = statement
            .query_row([self.restaurant], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        row.map(|(body, head, epoch)| Ok(RestaurantRow { body: RawValue::from_string(body)?, head, epoch })).transpose()
    }

    /// The number of its last message, and the epoch of its log.
    pub fn head(&self) -> Result<Option<(u64, String)>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT head, epoch FROM restaurants WHERE id = ?1")?;
        Ok(statement.query_row([self.restaurant], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// One guest.
    pub fn guest(&self, id: &str) -> Result<Option<Box<RawValue>>, StoreError> {
        self.body("SELECT body FROM guests WHERE restaurant_id = ?1 AND id = ?2", id)
    }

    /// One table.
    pub fn table(&self, id: &str) -> Result<Option<Box<RawValue>>, StoreError> {
        self.body("SELECT body FROM tables WHERE restaurant_id = ?1 AND id = ?2", id)
    }

    /// All tables, by number, so that 2 comes before 10.
    pub fn tables(&self) -> Result<Vec<Box<RawValue>>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT body FROM tables WHERE restaurant_id = ?1 ORDER BY length(table_number), table_number, id",
        )?;
        collect(statement.query_map([self.restaurant], |row| row.get(0))?)
    }

    /// At most `limit` guests with one of `statuses`, newest first, from after the place that an earlier page
    /// names as its `next`.
    pub fn guests(
        &self,
        statuses: &[GuestStatus],
        after: Option<&Place>,
        limit: u64,
    ) -> Result<GuestsPage, StoreError> {
        let (created_at, id) = after.map_or(("~", ""), |Place { created_at, id }| (created_at, id));
        // A branch a status, each in the order of the index: SQLite merges them as they come and reads no further than
        // the page. (`status IN (…)` would make it walk through all who ever came, to find the few who wait.)
        let branches: Vec<String> = GuestStatus::ALL
            .into_iter()
            .filter(|status| statuses.contains(status))
            .map(|status| {
                format!(
                    "SELECT body, created_at, id FROM guests
                     WHERE restaurant_id = ?1 AND status = '{}' AND (created_at, id) < (?2, ?3)",
                    status.as_str()
                )
            })
            .collect();
        if branches.is_empty() {
            return Ok(GuestsPage { guests: Vec::new(), next: None });
        }
        let merged = format!("{} ORDER BY created_at DESC, id DESC LIMIT ?4", branches.join(" UNION ALL "));
        let mut statement = self.connection.prepare_cached(&merged)?;
        // One more, to know whether there is a next page.
        let parameters = (self.restaurant, created_at, id, limit + 1);
        let rows = statement.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let mut rows = rows.collect::<rusqlite::Result<Vec<(String, String, String)>>>()?;
        let more = rows.len() as u64 > limit;
        rows.truncate(limit as usize);
        let place =
            |(_, created_at, id): &(_, String, String)| Place { created_at: created_at.clone(), id: id.clone() };
        let next = rows.last().filter(|_| more).map(place);
        let guests =
            rows.into_iter().map(|(body, ..)| Ok(RawValue::from_string(body)?)).collect::<Result<_, StoreError>>()?;
        Ok(GuestsPage { guests, next })
    }

    /// The guests whose evening is not over, oldest first.
    pub fn present_guests(&self) -> Result<Vec<Box<RawValue>>, StoreError> {
        let present: Vec<GuestStatus> = GuestStatus::ALL.into_iter().filter(|status| !status.is_over()).collect();
        let mut statement = self.connection.prepare_cached(
            // Left to itself, SQLite would rather walk through all who ever came than sort the few who are here.
            "SELECT body FROM guests INDEXED BY guests_by_status
             WHERE restaurant_id = ?1 AND status IN (SELECT value FROM json_each(?2))
             ORDER BY created_at, id",
        )?;
        collect(statement.query_map((self.restaurant, serde_json::to_string(&present)?), |row| row.get(0))?)
    }

    /// The messages that come after number `since`, at most `limit` of them and, beyond the first, `max_bytes`.
    pub fn log_after(&self, since: u64, limit: u64, max_bytes: usize) -> Result<Vec<LoggedMessage>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, message FROM log WHERE restaurant_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        )?;
        let logged = |row: &Row<'_>| Ok(LoggedMessage { seq: row.get(0)?, message: row.get(1)? });
        let rows = statement.query_map((self.restaurant, since, limit), logged)?;
        up_to(max_bytes, rows, |message| message.message.len())
    }

    /// The messages that come before number `before`, newest first, at most `limit` of them and, beyond the first,
    /// `max_bytes`.
    pub fn log_before(&self, before: u64, limit: u64, max_bytes: usize) -> Result<Vec<AuditedMessage>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, subject, message FROM log WHERE restaurant_id = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3",
        )?;
        let before = i64::try_from(before).unwrap_or(i64::MAX);
        let audited =
            |row: &Row<'_>| Ok(AuditedMessage { seq: row.get(0)?, subject: row.get(1)?, message: row.get(2)? });
        let rows = statement.query_map((self.restaurant, before, limit), audited)?;
        up_to(max_bytes, rows, |message| message.message.len())
    }

    /// Whether the log has a message with a number under this one.
    pub fn log_reaches_before(&self, seq: u64) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM log WHERE restaurant_id = ?1 AND seq < ?2";
        Ok(self.connection.prepare_cached(sql)?.exists((self.restaurant, seq))?)
    }

    fn body(&self, sql: &str, id: &str) -> Result<Option<Box<RawValue>>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let body: Option<String> = statement.query_row([self.restaurant, id], |row| row.get(0)).optional()?;
        Ok(body.map(RawValue::from_string).transpose()?)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (created_at, id) = text.split_once('~').ok_or(())?;
        let (time, id): (Time, Id) = (created_at.parse().map_err(|_| ())?, id.parse().map_err(|_| ())?);
        Ok(Self { created_at: time.to_string(), id: id.to_string() })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}", self.created_at, self.id)
    }
}

/// Rows as they come, until their bytes are more than `max_bytes`; the first in any case.
fn up_to<T>(
    max_bytes: usize,
    rows: impl Iterator<Item = rusqlite::Result<T>>,
    bytes_of: impl Fn(&T) -> usize,
) -> Result<Vec<T>, StoreError> {
    let mut taken = Vec::new();
    let mut bytes = 0;
    for row in rows {
        let row = row?;
        bytes += bytes_of(&row);
        if bytes > max_bytes && !taken.is_empty() {
            break;
        }
        taken.push(row);
    }
    Ok(taken)
}

fn collect(rows: impl Iterator<Item = rusqlite::Result<String>>) -> Result<Vec<Box<RawValue>>, StoreError> {
    rows.map(|body| Ok(RawValue::from_string(body?)?)).collect()
}
