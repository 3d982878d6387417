//! What can be read of one restaurant. Rows come as the JSON that they are stored as; nobody decodes them on their way out.

use floor::{GuestStatus, Id};
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::value::RawValue;

use crate::store::{
    AuditPage, AuditedMessage, FloorRows, GuestsPage, Head, LogPage, LoggedMessage, Place, RestaurantRow, StoreError,
};

/// One consistent view of everything that is committed of one restaurant.
pub(in crate::store) struct Snapshot<'a> {
    pub(super) connection: &'a Connection,
    pub(super) restaurant: &'a str,
}

impl<'a> Snapshot<'a> {
    pub(super) fn new(connection: &'a Connection, restaurant: &'a Id) -> Self {
        Self { connection, restaurant: restaurant.as_str() }
    }

    /// The restaurant; none if there is no such.
    pub(in crate::store) fn restaurant(&self) -> Result<Option<RestaurantRow>, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT body, head, epoch FROM restaurants WHERE id = ?1")?;
        let row = statement
            .query_row([self.restaurant], |row| Ok((row.get::<_, String>(0)?, read_head(row, 1)?)))
            .optional()?;
        row.map(|(body, head)| Ok(RestaurantRow { body: RawValue::from_string(body)?, head })).transpose()
    }

    /// Where its log ends.
    pub(in crate::store) fn head(&self) -> Result<Option<Head>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT head, epoch FROM restaurants WHERE id = ?1")?;
        Ok(statement.query_row([self.restaurant], |row| read_head(row, 0)).optional()?)
    }

    /// What a query finds, and where the log ends.
    pub(in crate::store) fn with_head<T>(
        &self,
        query: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<Option<(T, Head)>, StoreError> {
        let Some(head) = self.head()? else { return Ok(None) };
        Ok(Some((query(self)?, head)))
    }

    /// Everything that a device draws.
    pub(in crate::store) fn floor(&self) -> Result<Option<FloorRows>, StoreError> {
        let Some(restaurant) = self.restaurant()? else { return Ok(None) };
        Ok(Some(FloorRows { restaurant, guests: self.present_guests()?, tables: self.tables()? }))
    }

    /// One guest.
    pub(in crate::store) fn guest(&self, id: &str) -> Result<Option<Box<RawValue>>, StoreError> {
        self.body("SELECT body FROM guests WHERE restaurant_id = ?1 AND id = ?2", id)
    }

    /// One table.
    pub(in crate::store) fn table(&self, id: &str) -> Result<Option<Box<RawValue>>, StoreError> {
        self.body("SELECT body FROM tables WHERE restaurant_id = ?1 AND id = ?2", id)
    }

    /// All tables, by number, so that 2 comes before 10.
    pub(in crate::store) fn tables(&self) -> Result<Vec<Box<RawValue>>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT body FROM tables WHERE restaurant_id = ?1 ORDER BY length(table_number), table_number, id",
        )?;
        collect(statement.query_map([self.restaurant], |row| row.get(0))?)
    }

    /// At most `limit` guests with one of `statuses`, newest first, from after the place that an earlier page
    /// names as its `next`.
    pub(in crate::store) fn guests(
        &self,
        statuses: &[GuestStatus],
        after: Option<&Place>,
        limit: u64,
    ) -> Result<GuestsPage, StoreError> {
        let (created_at, id) = after.map_or(Place::START, |Place { created_at, id }| (created_at, id));
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
        let mut rows = statement.query(parameters)?;
        let mut guests = Vec::new();
        while let Some(row) = rows.next()? {
            guests.push((RawValue::from_string(row.get(0)?)?, row.get(1)?, row.get(2)?));
        }
        Ok(GuestsPage::new(guests, limit))
    }

    /// The guests whose evening is not over, oldest first.
    pub(in crate::store) fn present_guests(&self) -> Result<Vec<Box<RawValue>>, StoreError> {
        let present: Vec<GuestStatus> = GuestStatus::ALL.into_iter().filter(|status| !status.is_over()).collect();
        let mut statement = self.connection.prepare_cached(
            // Left to itself, SQLite would rather walk through all who ever came than sort the few who are here.
            "SELECT body FROM guests INDEXED BY guests_by_status
             WHERE restaurant_id = ?1 AND status IN (SELECT value FROM json_each(?2))
             ORDER BY created_at, id",
        )?;
        collect(statement.query_map((self.restaurant, serde_json::to_string(&present)?), |row| row.get(0))?)
    }

    /// The messages that come after number `since`.
    pub(in crate::store) fn log_after(
        &self,
        since: u64,
        limit: u64,
        max_bytes: usize,
    ) -> Result<Option<LogPage>, StoreError> {
        let Some(head) = self.head()? else { return Ok(None) };
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, message FROM log WHERE restaurant_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        )?;
        let logged = |row: &Row<'_>| Ok(LoggedMessage { seq: row.get(0)?, message: row.get(1)? });
        let rows = statement.query_map((self.restaurant, bounded(since), bounded(limit)), logged)?;
        Ok(Some(LogPage { head, messages: up_to(max_bytes, rows, |message| message.message.len())? }))
    }

    /// The messages that come before number `before`, newest first.
    pub(in crate::store) fn log_before(
        &self,
        before: u64,
        limit: u64,
        max_bytes: usize,
    ) -> Result<Option<AuditPage>, StoreError> {
        let Some(head) = self.head()? else { return Ok(None) };
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, subject, message FROM log WHERE restaurant_id = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3",
        )?;
        let audited =
            |row: &Row<'_>| Ok(AuditedMessage { seq: row.get(0)?, subject: row.get(1)?, message: row.get(2)? });
        let rows = statement.query_map((self.restaurant, bounded(before), bounded(limit)), audited)?;
        let messages = up_to(max_bytes, rows, |message| message.message.len())?;
        let has_more = match messages.last() {
            Some(oldest) => self.log_reaches_before(oldest.seq)?,
            None => false,
        };
        Ok(Some(AuditPage { head, messages, has_more }))
    }

    /// Whether the log has a message with a number under this one.
    fn log_reaches_before(&self, seq: u64) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM log WHERE restaurant_id = ?1 AND seq < ?2";
        Ok(self.connection.prepare_cached(sql)?.exists((self.restaurant, seq))?)
    }

    fn body(&self, sql: &str, id: &str) -> Result<Option<Box<RawValue>>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let body: Option<String> = statement.query_row([self.restaurant, id], |row| row.get(0)).optional()?;
        Ok(body.map(RawValue::from_string).transpose()?)
    }
}

fn read_head(row: &Row<'_>, column: usize) -> rusqlite::Result<Head> {
    // All that is told here is told in this process, which needs no count of it.
    Ok(Head { seq: row.get(column)?, epoch: row.get(column + 1)?, notices: 0 })
}

/// SQLite's numbers are signed.
pub(super) fn bounded(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
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
