//! What a group of writes to one restaurant reads and puts: a round trip each.

use std::{borrow::Borrow, collections::BTreeMap};

use floor::{Change, Guest, Id, Needs, Table};
use futures_util::try_join;
use serde::Serialize;
use tokio_postgres::{Client, Error, Row, types::Type};

use super::{connections::Parameter, read::unsigned};
use crate::{
    config::{EXPIRED_BATCH, IDEMPOTENCY_RETENTION},
    store::{
        Idempotency, Outcome, StoreError, Write,
        execute::{Before, Executed, Kept},
    },
};

/// Begins a transaction, takes the lock of the writes' restaurant, and asks for what stands before all of them.
pub(super) async fn begin(client: &Client, restaurant: &Id, writes: &[&Write]) -> Result<Vec<Row>, Error> {
    let mut needs = Needs::default();
    for write in writes {
        let Needs { guests, tables, table_numbers } = write.request.command.needs();
        needs.guests.extend(guests);
        needs.tables.extend(tables);
        needs.table_numbers.extend(table_numbers);
    }
    let guests: Vec<&str> = needs.guests.into_iter().map(Id::as_str).collect();
    let tables: Vec<&str> = needs.tables.into_iter().map(Id::as_str).collect();
    let numbers: Vec<&str> = needs.table_numbers.into_iter().collect();
    let keys: Vec<&str> = writes.iter().filter_map(|write| Some(write.idempotency.as_ref()?.key.as_str())).collect();
    let expired_before = writes.iter().map(|write| expiry(write)).min().unwrap_or_default();
    let restaurant = restaurant.as_str();
    let parameters: [Parameter<'_>; 6] = [
        (&restaurant, Type::TEXT),
        (&guests, Type::TEXT_ARRAY),
        (&tables, Type::TEXT_ARRAY),
        (&numbers, Type::TEXT_ARRAY),
        (&keys, Type::TEXT_ARRAY),
        (&expired_before, Type::INT8),
    ];
    // Sent in one go: the second does not wait for the answer to the first. Whatever a server is set to, each statement is to
    // see what was committed before the lock was taken.
    let ((), rows) = try_join!(
        client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED"),
        client.query_typed(
            "SELECT kind, name, body, number, digest FROM maitred_before($1, $2, $3, $4, $5, $6)",
            &parameters
        ),
    )?;
    Ok(rows)
}

/// What stands before the writes, by the rows that were asked for.
pub(super) fn read(rows: &[Row]) -> Result<Before, StoreError> {
    let mut before = Before::default();
    for row in rows {
        let (kind, name, body): (&str, String, &str) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        match kind {
            "restaurant" => {
                before.slice.restaurant = Some(serde_json::from_str(body)?);
                before.epoch = name;
                before.head = unsigned(row.try_get(3)?)?;
            }
            "guest" => {
                let guest: Guest = serde_json::from_str(body)?;
                before.slice.guests.insert(guest.id.clone(), guest);
            }
            "table" => {
                let table: Table = serde_json::from_str(body)?;
                before.slice.tables.insert(table.id.clone(), table);
            }
            _ => {
                let fingerprint = row.try_get::<_, &[u8]>(4)?.try_into().map_err(StoreError::unreadable)?;
                before.kept.insert(name, Kept { fingerprint, outcome: serde_json::from_str(body)? });
            }
        }
    }
    Ok(before)
}

/// What comes of a group of writes, in the order in which they were decided.
#[derive(Default)]
pub(super) struct Group<'a> {
    restaurant: Option<RestaurantChange<'a>>,
    /// The last that becomes true of each: none where it is deleted.
    guests: BTreeMap<&'a Id, Option<&'a Guest>>,
    tables: BTreeMap<&'a Id, Option<&'a Table>>,
    first_seq: i64,
    times: Vec<i64>,
    subjects: Vec<Option<&'a str>>,
    messages: Vec<&'a str>,
    forgotten: BTreeMap<&'a str, i64>,
    keys: Vec<&'a str>,
    fingerprints: Vec<&'a [u8]>,
    outcomes: Vec<String>,
    kept_at: Vec<i64>,
}

enum RestaurantChange<'a> {
    Created(String, &'a str),
    Updated(String),
    Deleted,
}

impl<'a> Group<'a> {
    /// Takes in what comes of the next write.
    pub(super) fn add(&mut self, write: &'a Write, executed: &'a Executed) {
        let request = &write.request;
        for change in &executed.changes {
            match change {
                Change::RestaurantCreated(row) => {
                    // Another life of the same id must not be taken for this one: its log is named after the request.
                    let created = RestaurantChange::Created(json(row), request.id.as_str());
                    self.restaurant = Some(created);
                }
                Change::RestaurantUpdated(row) => {
                    self.restaurant = Some(RestaurantChange::Updated(json(row)));
                }
                Change::RestaurantDeleted(_) => self.restaurant = Some(RestaurantChange::Deleted),
                Change::GuestCreated(row) | Change::GuestUpdated(row, _) => _ = self.guests.insert(&row.id, Some(row)),
                Change::GuestDeleted(id) => _ = self.guests.insert(id, None),
                Change::TableCreated(row) | Change::TableUpdated(row, _) => _ = self.tables.insert(&row.id, Some(row)),
                Change::TableDeleted(id) => _ = self.tables.insert(id, None),
            }
        }
        for (seq, message) in executed.numbered() {
            if self.messages.is_empty() {
                self.first_seq = seq as i64;
            }
            self.times.push(request.at.as_microseconds());
            self.subjects.push(write.subject.as_deref());
            self.messages.push(message);
        }
        let through = executed.outcome.seq as i64;
        self.forgotten.extend(executed.forgets.iter().map(|guest| (guest.as_str(), through)));
        if let Some(Idempotency { key, fingerprint }) = write.idempotency.as_ref().filter(|_| executed.is_new) {
            self.keys.push(key);
            self.fingerprints.push(fingerprint);
            self.outcomes.push(json(&executed.outcome));
            self.kept_at.push(request.at.as_microseconds());
        }
    }

    /// Puts all of it and commits.
    pub(super) async fn commit(&self, client: &Client, restaurant: &Id) -> Result<(), Error> {
        let restaurant = restaurant.as_str();
        // Each is one statement at the most, and sent when it is first looked at, in this order: none waits for the answer to
        // the one before, and one that was a second would come after the end. Where one fails, the server takes nothing more of the transaction, and its end undoes it.
        try_join!(
            self.lock_log(client, restaurant),
            self.put_restaurant(client, restaurant),
            self.delete(client, restaurant, "guests", gone(&self.guests)),
            self.put_guests(client, restaurant),
            self.delete(client, restaurant, "tables", gone(&self.tables)),
            self.put_tables(client, restaurant),
            self.append(client, restaurant),
            self.intend_purges(client, restaurant),
            self.keep(client, restaurant),
            client.batch_execute("COMMIT"),
        )?;
        Ok(())
    }

    /// Locks the messages of a restaurant that goes, before they go in any order: in their own, as all do who change what is
    /// in a log.
    async fn lock_log(&self, client: &Client, restaurant: &str) -> Result<(), Error> {
        if matches!(self.restaurant, Some(RestaurantChange::Deleted)) {
            let sql = "SELECT count(*) FROM (SELECT FROM log WHERE restaurant_id = $1 ORDER BY seq FOR UPDATE) log";
            client.query_typed(sql, &[(&restaurant, Type::TEXT)]).await?;
        }
        Ok(())
    }

    async fn put_restaurant(&self, client: &Client, restaurant: &str) -> Result<(), Error> {
        let id: Parameter<'_> = (&restaurant, Type::TEXT);
        match &self.restaurant {
            None => return Ok(()),
            Some(RestaurantChange::Created(body, epoch)) => {
                let sql = "INSERT INTO restaurants (id, body, head, epoch) VALUES ($1, $2, 0, $3)";
                client.execute_typed(sql, &[id, (body, Type::TEXT), (epoch, Type::TEXT)]).await?
            }
            Some(RestaurantChange::Updated(body)) => {
                let sql = "UPDATE restaurants SET body = $2 WHERE id = $1";
                client.execute_typed(sql, &[id, (body, Type::TEXT)]).await?
            }
            Some(RestaurantChange::Deleted) => {
                // Everything that is a restaurant's names it; the restaurant itself goes last.
                let sql = "WITH guests AS (DELETE FROM guests WHERE restaurant_id = $1),
                                tables AS (DELETE FROM tables WHERE restaurant_id = $1),
                                log AS (DELETE FROM log WHERE restaurant_id = $1),
                                idempotency AS (DELETE FROM idempotency WHERE restaurant_id = $1),
                                devices AS (DELETE FROM devices WHERE restaurant_id = $1),
                                pairing_codes AS (DELETE FROM pairing_codes WHERE restaurant_id = $1),
                                purges AS (DELETE FROM purges WHERE restaurant_id = $1)
                           DELETE FROM restaurants WHERE id = $1";
                client.execute_typed(sql, &[id]).await?
            }
        };
        Ok(())
    }

    async fn delete(
        &self,
        client: &Client,
        restaurant: &str,
        table: &'static str,
        ids: Vec<&str>,
    ) -> Result<(), Error> {
        if !ids.is_empty() {
            let sql = format!("DELETE FROM {table} WHERE restaurant_id = $1 AND id = ANY ($2)");
            client.execute_typed(&sql, &[(&restaurant, Type::TEXT), (&ids, Type::TEXT_ARRAY)]).await?;
        }
        Ok(())
    }

    async fn put_guests(&self, client: &Client, restaurant: &str) -> Result<(), Error> {
        let rows = self.guests.values().copied().flatten().map(|row| (row, json(row)));
        put_guests(client, restaurant, &rows.collect::<Vec<_>>()).await
    }

    async fn put_tables(&self, client: &Client, restaurant: &str) -> Result<(), Error> {
        let rows = self.tables.values().copied().flatten().map(|row| (row, json(row)));
        put_tables(client, restaurant, &rows.collect::<Vec<_>>()).await
    }

    async fn append(&self, client: &Client, restaurant: &str) -> Result<(), Error> {
        if self.messages.is_empty() {
            return Ok(());
        }
        client
            .query_typed(
                "SELECT maitred_append($1, $2, $3, $4, $5)",
                &[
                    (&restaurant, Type::TEXT),
                    (&self.first_seq, Type::INT8),
                    (&self.times, Type::INT8_ARRAY),
                    (&self.subjects, Type::TEXT_ARRAY),
                    (&self.messages, Type::TEXT_ARRAY),
                ],
            )
            .await?;
        Ok(())
    }

    async fn intend_purges(&self, client: &Client, restaurant: &str) -> Result<(), Error> {
        if self.forgotten.is_empty() {
            return Ok(());
        }
        let (guests, through): (Vec<&str>, Vec<i64>) = self.forgotten.iter().unzip();
        intend_purges(client, restaurant, &guests, &through).await
    }

    async fn keep(&self, client: &Client, restaurant: &str) -> Result<(), Error> {
        let Some(latest) = self.kept_at.iter().max() else { return Ok(()) };
        let (expired_before, batch) = (latest - RETENTION, i64::from(EXPIRED_BATCH) * self.keys.len() as i64);
        client
            .query_typed(
                "SELECT maitred_keep($1, $2, $3, $4, $5, $6, $7)",
                &[
                    (&restaurant, Type::TEXT),
                    (&self.keys, Type::TEXT_ARRAY),
                    (&self.fingerprints, Type::BYTEA_ARRAY),
                    (&self.outcomes, Type::TEXT_ARRAY),
                    (&self.kept_at, Type::INT8_ARRAY),
                    (&expired_before, Type::INT8),
                    (&batch, Type::INT8),
                ],
            )
            .await?;
        Ok(())
    }
}

/// Puts guests, each with the text that it is stored as.
pub(super) async fn put_guests(
    client: &Client,
    restaurant: &str,
    rows: &[(impl Borrow<Guest>, String)],
) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let guests = || rows.iter().map(|(guest, _)| guest.borrow());
    let column = |value: fn(&Guest) -> String| guests().map(value).collect::<Vec<_>>();
    let ids = column(|row| row.id.to_string());
    let statuses = column(|row| row.status.as_str().to_owned());
    let created_ats = column(|row| row.created_at.to_string());
    let table_ids: Vec<Option<&str>> = guests().map(|row| row.table_id.as_ref().map(Id::as_str)).collect();
    let over = |row: &Guest| row.finished_time.filter(|_| row.status.is_over()).map(|time| time.to_string());
    let over_ats: Vec<Option<String>> = guests().map(over).collect();
    let bodies: Vec<&str> = rows.iter().map(|(_, body)| body.as_str()).collect();
    client
        .query_typed(
            "SELECT maitred_put_guests($1, $2, $3, $4, $5, $6, $7)",
            &[
                (&restaurant, Type::TEXT),
                (&ids, Type::TEXT_ARRAY),
                (&statuses, Type::TEXT_ARRAY),
                (&created_ats, Type::TEXT_ARRAY),
                (&table_ids, Type::TEXT_ARRAY),
                (&over_ats, Type::TEXT_ARRAY),
                (&bodies, Type::TEXT_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

/// The same of tables.
pub(super) async fn put_tables(
    client: &Client,
    restaurant: &str,
    rows: &[(impl Borrow<Table>, String)],
) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let tables = || rows.iter().map(|(table, _)| table.borrow());
    let ids: Vec<&str> = tables().map(|row| row.id.as_str()).collect();
    let numbers: Vec<&str> = tables().map(|row| row.table_number.as_str()).collect();
    let guest_ids: Vec<Option<&str>> = tables().map(|row| row.guest_id.as_ref().map(Id::as_str)).collect();
    let bodies: Vec<&str> = rows.iter().map(|(_, body)| body.as_str()).collect();
    client
        .query_typed(
            "SELECT maitred_put_tables($1, $2, $3, $4, $5)",
            &[
                (&restaurant, Type::TEXT),
                (&ids, Type::TEXT_ARRAY),
                (&numbers, Type::TEXT_ARRAY),
                (&guest_ids, Type::TEXT_ARRAY),
                (&bodies, Type::TEXT_ARRAY),
            ],
        )
        .await?;
    Ok(())
}

/// Notes down that guests are to be forgotten, as far as the log tells of them up to these numbers: whoever bears the same id
/// later is somebody else.
pub(super) async fn intend_purges(
    client: &Client,
    restaurant: &str,
    guests: &[&str],
    through: &[i64],
) -> Result<(), Error> {
    let sql = "INSERT INTO purges (restaurant_id, guest_id, through) SELECT $1, * FROM unnest($2::text[], $3::bigint[])
               ON CONFLICT (restaurant_id, guest_id) DO UPDATE SET through = greatest(purges.through, excluded.through)";
    let parameters: [Parameter<'_>; 3] =
        [(&restaurant, Type::TEXT), (&guests, Type::TEXT_ARRAY), (&through, Type::INT8_ARRAY)];
    client.execute_typed(sql, &parameters).await?;
    Ok(())
}

fn json(row: &impl Serialize) -> String {
    serde_json::to_string(row).expect("rows have text keys and finite numbers only")
}

fn gone<'a, T>(rows: &BTreeMap<&'a Id, Option<&T>>) -> Vec<&'a str> {
    rows.iter().filter(|(_, row)| row.is_none()).map(|(id, _)| id.as_str()).collect()
}

const RETENTION: i64 = IDEMPOTENCY_RETENTION.as_micros() as i64;

/// Answers kept up to this point, in microseconds since 1970, have expired.
fn expiry(write: &Write) -> i64 {
    write.request.at.as_microseconds() - RETENTION
}

impl Before {
    /// Makes what comes of a write part of what stands before the next one of its group.
    pub(super) fn go_on(&mut self, write: &Write, executed: &Executed) {
        executed.changes.iter().for_each(|change| self.slice.apply(change));
        if executed.is_new {
            self.head = executed.outcome.seq;
            if let Some(Idempotency { key, fingerprint }) = &write.idempotency {
                let outcome: Outcome = executed.outcome.clone();
                self.kept.insert(key.clone(), Kept { fingerprint: *fingerprint, outcome });
            }
        }
    }
}
