//! What can be read, each in one statement: it sees everything at one moment, and needs no transaction.

use std::{collections::HashMap, fmt::Display, str::FromStr};

use floor::{GuestStatus, Id};
use serde_json::value::RawValue;
use tokio_postgres::{Row, types::Type};

use super::{Postgres, connections::Parameter};
use crate::{
    access::Scope,
    store::{
        AuditPage, AuditedMessage, FloorRows, GuestsPage, Head, LogPage, LoggedMessage, Place, RestaurantRow,
        StoreError,
    },
};

/// What every read of a restaurant begins with, for [`head`].
const HEAD: &str = "r.head, r.epoch, r.notices";

impl Postgres {
    pub(in crate::store) async fn probe(&self) -> Result<(), StoreError> {
        self.readers.query("SELECT 1 FROM restaurants LIMIT 1", &[]).await.map_err(|error| self.named(error))?;
        Ok(())
    }

    pub(in crate::store) async fn restaurants(&self, scope: &Scope) -> Result<Vec<Box<RawValue>>, StoreError> {
        let rows = self.ask("SELECT id, body FROM restaurants ORDER BY id", &[]).await?;
        let mut found = Vec::new();
        for row in &rows {
            if scope.covers(row.try_get(0)?) {
                found.push(body(row, 1)?);
            }
        }
        Ok(found)
    }

    pub(in crate::store) async fn restaurant(&self, id: &Id) -> Result<Option<RestaurantRow>, StoreError> {
        let sql = format!("SELECT {HEAD}, r.body FROM restaurants r WHERE r.id = $1");
        let rows = self.ask(&sql, &[(&id.as_str(), Type::TEXT)]).await?;
        rows.first().map(|row| Ok(RestaurantRow { body: body(row, 3)?, head: head(row)? })).transpose()
    }

    pub(in crate::store) async fn head(&self, restaurant: &Id) -> Result<Option<Head>, StoreError> {
        let sql = format!("SELECT {HEAD} FROM restaurants r WHERE r.id = $1");
        let rows = self.ask(&sql, &[(&restaurant.as_str(), Type::TEXT)]).await?;
        rows.first().map(head).transpose()
    }

    pub(in crate::store) async fn heads(&self, restaurants: &[&str]) -> Result<HashMap<Id, Head>, StoreError> {
        let sql = format!("SELECT {HEAD}, r.id FROM restaurants r WHERE r.id = ANY ($1)");
        let rows = self.ask(&sql, &[(&restaurants, Type::TEXT_ARRAY)]).await?;
        rows.iter().map(|row| Ok((read_text(row, 3)?, head(row)?))).collect()
    }

    pub(in crate::store) async fn floor(&self, restaurant: &Id) -> Result<Option<FloorRows>, StoreError> {
        let present: Vec<&str> =
            GuestStatus::ALL.into_iter().filter(|status| !status.is_over()).map(GuestStatus::as_str).collect();
        // The restaurant, then guests, then tables, each in its order.
        let sql = "SELECT head, epoch, notices, body, kind FROM (
                SELECT 0 AS kind, 0 AS length, '' COLLATE \"C\" AS name, '' COLLATE \"C\" AS id, head, epoch, notices, body
                FROM restaurants WHERE id = $1
                UNION ALL
                SELECT 1, 0, created_at, id, NULL, NULL, NULL, body
                FROM guests WHERE restaurant_id = $1 AND status = ANY ($2)
                UNION ALL
                SELECT 2, length(table_number), table_number, id, NULL, NULL, NULL, body
                FROM tables WHERE restaurant_id = $1
            ) AS floor ORDER BY kind, length, name, id";
        let rows = self.ask(sql, &[(&restaurant.as_str(), Type::TEXT), (&present, Type::TEXT_ARRAY)]).await?;
        let Some((first, rest)) = rows.split_first() else { return Ok(None) };
        if first.try_get::<_, i32>(4)? != 0 {
            return Ok(None);
        }
        let restaurant = RestaurantRow { body: body(first, 3)?, head: head(first)? };
        let (mut guests, mut tables) = (Vec::new(), Vec::new());
        for row in rest {
            if row.try_get::<_, i32>(4)? == 1 { &mut guests } else { &mut tables }.push(body(row, 3)?);
        }
        Ok(Some(FloorRows { restaurant, guests, tables }))
    }

    pub(in crate::store) async fn guest(
        &self,
        restaurant: &Id,
        id: &str,
    ) -> Result<Option<(Option<Box<RawValue>>, Head)>, StoreError> {
        self.row(restaurant, "guests", id).await
    }

    pub(in crate::store) async fn table(
        &self,
        restaurant: &Id,
        id: &str,
    ) -> Result<Option<(Option<Box<RawValue>>, Head)>, StoreError> {
        self.row(restaurant, "tables", id).await
    }

    async fn row(
        &self,
        restaurant: &Id,
        table: &'static str,
        id: &str,
    ) -> Result<Option<(Option<Box<RawValue>>, Head)>, StoreError> {
        // What can't be an id is nobody's. The server would not even take all of it.
        let id = id.parse::<Id>().ok();
        let id = id.as_ref().map(Id::as_str);
        let sql = format!(
            "SELECT {HEAD}, row.body FROM restaurants r
             LEFT JOIN {table} row ON row.restaurant_id = r.id AND row.id = $2 WHERE r.id = $1"
        );
        let rows = self.ask(&sql, &[(&restaurant.as_str(), Type::TEXT), (&id, Type::TEXT)]).await?;
        rows.first().map(|row| Ok((optional_body(row, 3)?, head(row)?))).transpose()
    }

    pub(in crate::store) async fn tables(
        &self,
        restaurant: &Id,
    ) -> Result<Option<(Vec<Box<RawValue>>, Head)>, StoreError> {
        let sql = format!(
            "SELECT {HEAD}, t.body FROM restaurants r LEFT JOIN tables t ON t.restaurant_id = r.id
             WHERE r.id = $1 ORDER BY length(t.table_number), t.table_number, t.id"
        );
        let rows = self.ask(&sql, &[(&restaurant.as_str(), Type::TEXT)]).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let mut tables = Vec::new();
        for row in &rows {
            tables.extend(optional_body(row, 3)?);
        }
        Ok(Some((tables, head(first)?)))
    }

    pub(in crate::store) async fn guests(
        &self,
        restaurant: &Id,
        statuses: &[GuestStatus],
        after: Option<&Place>,
        limit: u64,
    ) -> Result<Option<(GuestsPage, Head)>, StoreError> {
        let (created_at, id) = after.map_or(Place::START, |Place { created_at, id }| (created_at, id));
        let statuses: Vec<&str> = statuses.iter().map(|status| status.as_str()).collect();
        // Each status by itself, in the order of the index and no further than the page: to look for all of them at once
        // would walk through all who ever came, to find the few who wait.
        let sql = format!(
            "SELECT {HEAD}, g.body, g.created_at, g.id FROM restaurants r
             LEFT JOIN (
                 SELECT g.body, g.created_at, g.id FROM (SELECT DISTINCT unnest($2::text[])) AS wanted (status)
                 CROSS JOIN LATERAL (
                     SELECT body, created_at, id FROM guests
                     WHERE restaurant_id = $1 AND status = wanted.status AND (created_at, id) < ($3, $4)
                     ORDER BY created_at DESC, id DESC LIMIT $5
                 ) g
                 ORDER BY g.created_at DESC, g.id DESC LIMIT $5
             ) g ON true
             WHERE r.id = $1 ORDER BY g.created_at DESC, g.id DESC"
        );
        // One more, to know whether there is a next page.
        let rows = self
            .ask(
                &sql,
                &[
                    (&restaurant.as_str(), Type::TEXT),
                    (&statuses, Type::TEXT_ARRAY),
                    (&created_at, Type::TEXT),
                    (&id, Type::TEXT),
                    (&signed(limit + 1), Type::INT8),
                ],
            )
            .await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let mut guests = Vec::new();
        for row in &rows {
            if let Some(body) = optional_body(row, 3)? {
                guests.push((body, row.try_get(4)?, row.try_get(5)?));
            }
        }
        Ok(Some((GuestsPage::new(guests, limit), head(first)?)))
    }

    pub(in crate::store) async fn log_after(
        &self,
        restaurant: &Id,
        since: u64,
        limit: u64,
        max_bytes: usize,
    ) -> Result<Option<LogPage>, StoreError> {
        let sql = page_of_log("l.seq, NULL, l.message", "seq > $2", "seq");
        let rows = self.ask_for_page(&sql, restaurant, since, limit, max_bytes).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let mut messages = Vec::new();
        for row in &rows {
            if let Some(seq) = row.try_get::<_, Option<i64>>(3)? {
                messages.push(LoggedMessage { seq: unsigned(seq)?, message: row.try_get(5)? });
            }
        }
        Ok(Some(LogPage { head: head(first)?, messages }))
    }

    pub(in crate::store) async fn log_before(
        &self,
        restaurant: &Id,
        before: u64,
        limit: u64,
        max_bytes: usize,
    ) -> Result<Option<AuditPage>, StoreError> {
        let sql = page_of_log("l.seq, l.subject, l.message", "seq < $2", "seq DESC");
        let rows = self.ask_for_page(&sql, restaurant, before, limit, max_bytes).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let mut messages = Vec::new();
        for row in &rows {
            if let Some(seq) = row.try_get::<_, Option<i64>>(3)? {
                let (seq, subject, message) = (unsigned(seq)?, row.try_get(4)?, row.try_get(5)?);
                messages.push(AuditedMessage { seq, subject, message });
            }
        }
        // The log only ever loses what comes first: whether there is more before the oldest here was true at that moment.
        let oldest: Option<i64> = first.try_get(6)?;
        let has_more = match (oldest, messages.last()) {
            (Some(oldest), Some(last)) => unsigned(oldest)? < last.seq,
            _ => false,
        };
        Ok(Some(AuditPage { head: head(first)?, messages, has_more }))
    }

    async fn ask_for_page(
        &self,
        sql: &str,
        restaurant: &Id,
        from: u64,
        limit: u64,
        max_bytes: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let parameters = [
            (&restaurant.as_str() as _, Type::TEXT),
            (&signed(from) as _, Type::INT8),
            (&signed(limit) as _, Type::INT8),
            (&signed(max_bytes as u64) as _, Type::INT8),
        ];
        self.ask(sql, &parameters).await
    }

    pub(super) async fn ask(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, StoreError> {
        self.readers.query(sql, parameters).await.map_err(|error| self.named(error))
    }
}

/// The messages of a restaurant's log that are `wanted`, in this order: at most $3 of them and, beyond the first, $4 bytes.
/// Beside them stands the number of the log's first message.
fn page_of_log(columns: &str, wanted: &str, order: &str) -> String {
    format!(
        "SELECT {HEAD}, {columns}, (SELECT min(seq) FROM log WHERE restaurant_id = $1)
         FROM restaurants r
         LEFT JOIN (
             SELECT seq, subject, message, sum(octet_length(message)) OVER (ORDER BY {order}) AS bytes,
                    row_number() OVER (ORDER BY {order}) AS place
             FROM (
                 SELECT seq, subject, message FROM log WHERE restaurant_id = $1 AND {wanted} ORDER BY {order} LIMIT $3
             ) next
         ) l ON l.bytes <= $4 OR l.place = 1
         WHERE r.id = $1 ORDER BY l.{order}"
    )
}

pub(super) fn head(row: &Row) -> Result<Head, StoreError> {
    Ok(Head { seq: unsigned(row.try_get(0)?)?, epoch: row.try_get(1)?, notices: unsigned(row.try_get(2)?)? })
}

fn body(row: &Row, column: usize) -> Result<Box<RawValue>, StoreError> {
    Ok(RawValue::from_string(row.try_get(column)?)?)
}

fn optional_body(row: &Row, column: usize) -> Result<Option<Box<RawValue>>, StoreError> {
    Ok(row.try_get::<_, Option<String>>(column)?.map(RawValue::from_string).transpose()?)
}

/// Something that is kept as its text.
pub(super) fn read_text<T: FromStr<Err: Display>>(row: &Row, column: usize) -> Result<T, StoreError> {
    row.try_get::<_, &str>(column)?.parse().map_err(StoreError::unreadable)
}

/// PostgreSQL's numbers are signed.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(StoreError::unreadable)
}
