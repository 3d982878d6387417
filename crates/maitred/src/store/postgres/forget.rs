//! Forgetting: old messages, and who somebody was. Each step takes a transaction of its own, and only the second kind the
//! lock of its restaurant.

use std::collections::HashMap;

use floor::{Id, Time};
use tokio_postgres::{Client, Row, types::Type};

use super::{
    Postgres,
    connections::Parameter,
    locked::{COUNT_NOTICE, in_time},
    read::{read_text, signed, unsigned},
    tx::intend_purges,
};
use crate::{
    config::{PRUNE_ROWS, PURGE_SCAN_BYTES, PURGE_SCAN_ROWS},
    feed::Committed,
    store::{
        Overdue, Purge, PurgeStep, Search, StoreError,
        purge::{Forgotten, Found, Places, Sieve, after_answers, after_log},
    },
};

impl Postgres {
    /// Times never go back within a restaurant, so that what is older than some time is the beginning of its log.
    pub(in crate::store) async fn prune_old(&self, than: Time) -> Result<usize, StoreError> {
        let sql = "DELETE FROM log USING (
                       SELECT restaurant_id, seq FROM log WHERE at < $1 ORDER BY at, restaurant_id, seq LIMIT $2
                       FOR UPDATE
                   ) old WHERE log.restaurant_id = old.restaurant_id AND log.seq = old.seq AND log.at < $1 RETURNING 1";
        let parameters = [(&than.as_microseconds() as _, Type::INT8), (&(PRUNE_ROWS as i64) as _, Type::INT8)];
        self.drop_messages(sql, &parameters).await
    }

    pub(in crate::store) async fn overlong_logs(&self, keep: u64) -> Result<Vec<Id>, StoreError> {
        // One look into the index a restaurant that has ever had so many. A log has no holes: its ends tell its length.
        let sql = "SELECT id FROM restaurants
                   WHERE head > $1 AND (SELECT min(seq) FROM log WHERE restaurant_id = id) <= head - $1";
        let rows = self.ask(sql, &[(&signed(keep), Type::INT8)]).await?;
        rows.iter().map(|row| read_text(row, 0)).collect()
    }

    pub(in crate::store) async fn prune_surplus(&self, restaurant: &Id, keep: u64) -> Result<usize, StoreError> {
        let sql = "DELETE FROM log WHERE restaurant_id = $1 AND seq = ANY (ARRAY(
                       SELECT seq FROM log
                       WHERE restaurant_id = $1 AND seq <= (SELECT head FROM restaurants WHERE id = $1) - $2
                       ORDER BY seq LIMIT $3 FOR UPDATE
                   )) RETURNING 1";
        let parameters = [
            (&restaurant.as_str() as _, Type::TEXT),
            (&signed(keep) as _, Type::INT8),
            (&(PRUNE_ROWS as i64) as _, Type::INT8),
        ];
        self.drop_messages(sql, &parameters).await
    }

    /// The messages are locked in their order, as all do who change what is in a log: two who meet there wait for each other
    /// one way only. (They are not dropped by their place in the table: of one that was rewritten meanwhile, that would
    /// leave the new text, behind a hole.)
    async fn drop_messages(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<usize, StoreError> {
        Ok(self.writers.query(sql, parameters).await.map_err(|error| self.named(error))?.len())
    }

    pub(in crate::store) async fn overdue_guests(&self, than: Time, limit: u64) -> Result<Vec<Overdue>, StoreError> {
        let sql = "SELECT restaurant_id, id, body::json ->> 'version' FROM guests WHERE over_at < $1 LIMIT $2";
        let rows = self.ask(sql, &[(&than.to_string(), Type::TEXT), (&signed(limit), Type::INT8)]).await?;
        let overdue = |row: &Row| {
            let version = read_text(row, 2)?;
            Ok(Overdue { restaurant: read_text(row, 0)?, guest: read_text(row, 1)?, version })
        };
        rows.iter().map(overdue).collect()
    }

    pub(in crate::store) async fn intend_purge(&self, restaurant: &Id, guest: &Id) -> Result<bool, StoreError> {
        let intend = async {
            let Some(tx) = self.lock(restaurant).await? else { return Ok(true) };
            let is_back = in_time(async {
                let there = "SELECT 1 FROM guests WHERE restaurant_id = $1 AND id = $2";
                let row = [(&restaurant.as_str() as _, Type::TEXT), (&guest.as_str() as _, Type::TEXT)];
                let is_back = tx.query_typed_opt(there, &row).await?.is_some();
                if !is_back {
                    intend_purges(&tx, restaurant.as_str(), &[guest.as_str()], &[signed(tx.head.seq)]).await?;
                }
                Ok(is_back)
            });
            let is_back = is_back.await?;
            tx.commit().await?;
            Ok(!is_back)
        };
        intend.await.map_err(|error| self.named(error))
    }

    pub(in crate::store) async fn purges(&self, restaurant: Option<&Id>) -> Result<Vec<Purge>, StoreError> {
        let sql = "SELECT p.restaurant_id, p.guest_id, p.through, r.epoch
                   FROM purges p JOIN restaurants r ON r.id = p.restaurant_id
                   WHERE $1::text IS NULL OR p.restaurant_id = $1 ORDER BY p.restaurant_id, p.guest_id";
        let rows = self.ask(sql, &[(&restaurant.map(Id::as_str), Type::TEXT)]).await?;
        let purge = |row: &Row| {
            let through = unsigned(row.try_get(2)?)?;
            Ok(Purge { restaurant: read_text(row, 0)?, guest: row.try_get(1)?, through, epoch: row.try_get(3)? })
        };
        rows.iter().map(purge).collect()
    }

    pub(in crate::store) async fn purge_step(&self, restaurant: &Id, from: &Search) -> Result<PurgeStep, StoreError> {
        let step = async {
            let found = self.find_forgotten(restaurant, from).await?;
            let rewritten = match &found.places {
                Some(places) => self.rewrite(restaurant, places).await?,
                None => 0,
            };
            Ok(PurgeStep { rewritten, told: found.told, next: found.next })
        };
        step.await.map_err(|error| self.named(error))
    }

    /// The next texts that tell of the guests of a restaurant who are to be forgotten, whoever they all are by now.
    async fn find_forgotten(&self, restaurant: &Id, from: &Search) -> Result<Found, StoreError> {
        let id: Parameter<'_> = (&restaurant.as_str(), Type::TEXT);
        let forgotten = read_forgotten(&self.readers.query(FORGOTTEN, std::slice::from_ref(&id)).await?)?;
        if forgotten.is_empty() {
            return Ok(Found::NOTHING);
        }
        let (rows, bytes) = (signed(PURGE_SCAN_ROWS), PURGE_SCAN_BYTES as i64);
        match from {
            Search::Log(after) => {
                let (after, last) = (signed(*after), signed(forgotten.last()));
                let sql = next_texts("seq", "message", "log", "seq <= $5");
                let parameters =
                    [id, (&after, Type::INT8), (&rows, Type::INT8), (&bytes, Type::INT8), (&last, Type::INT8)];
                let mut sieve = Sieve::new(&forgotten);
                for row in self.readers.query(&sql, &parameters).await? {
                    let (seq, message): (_, &str) = (unsigned(row.try_get(0)?)?, row.try_get(1)?);
                    if sieve.take(seq, message.len(), forgotten.purged(seq, message)?.is_some()) {
                        break;
                    }
                }
                Ok(sieve.found(Places::Log, after_log))
            }
            Search::Answers(after) => {
                let sql = next_texts("key", "outcome", "idempotency", "true");
                let parameters = [id, (after as _, Type::TEXT), (&rows, Type::INT8), (&bytes, Type::INT8)];
                let mut sieve = Sieve::new(&forgotten);
                for row in self.readers.query(&sql, &parameters).await? {
                    let (key, outcome): (String, &str) = (row.try_get(0)?, row.try_get(1)?);
                    if sieve.take(key, outcome.len(), forgotten.purged_answer(outcome)?.is_some()) {
                        break;
                    }
                }
                Ok(sieve.found(Places::Answers, after_answers))
            }
        }
    }

    /// Rewrites what stands there now, and returns how many texts that were. Since they were found, a restaurant may have
    /// been deleted, with its purges, and another taken its place, so who is to be forgotten is read anew.
    async fn rewrite(&self, restaurant: &Id, places: &Places) -> Result<usize, StoreError> {
        let Some(tx) = self.lock(restaurant).await? else { return Ok(0) };
        let rewritten = in_time(rewrite(&tx, restaurant.as_str(), places)).await?;
        tx.commit().await?;
        Ok(rewritten as usize)
    }

    pub(in crate::store) async fn strike_off(&self, done: &[Purge]) -> Result<(), StoreError> {
        for purges in done.chunk_by(|one, next| one.restaurant == next.restaurant) {
            let (this, purges) = (self.clone(), purges.to_vec());
            self.see_through(async move { this.strike_off_in(&purges[0].restaurant, &purges).await }).await?;
        }
        Ok(())
    }

    async fn strike_off_in(&self, restaurant: &Id, done: &[Purge]) -> Result<(), StoreError> {
        let Some(tx) = self.lock(restaurant).await? else { return Ok(()) };
        if done.iter().any(|purge| purge.epoch != tx.head.epoch) {
            return tx.commit().await;
        }
        let guests: Vec<&str> = done.iter().map(|purge| purge.guest.as_str()).collect();
        let through: Vec<i64> = done.iter().map(|purge| signed(purge.through)).collect();
        let id = restaurant.as_str();
        let sql = "DELETE FROM purges USING unnest($2::text[], $3::bigint[]) done (guest_id, through)
                   WHERE purges.restaurant_id = $1 AND purges.guest_id = done.guest_id
                   AND purges.through <= done.through";
        let parameters = [(&id as _, Type::TEXT), (&guests as _, Type::TEXT_ARRAY), (&through as _, Type::INT8_ARRAY)];
        // Other processes may have at hand what was rewritten.
        let struck_off = in_time(async {
            tx.execute_typed(sql, &parameters).await?;
            Ok(tx.execute_typed(COUNT_NOTICE, &[(&id, Type::TEXT)]).await?)
        });
        struck_off.await?;
        tx.commit().await?;
        self.feed.publish(vec![Committed::TextsPurged(restaurant.clone())]);
        Ok(())
    }
}

/// Rewrites, in a transaction, what stands at these places now, and returns how many texts that were.
async fn rewrite(tx: &Client, restaurant: &str, places: &Places) -> Result<u64, StoreError> {
    let id = || -> Parameter<'_> { (&restaurant, Type::TEXT) };
    let forgotten = read_forgotten(&tx.query_typed(FORGOTTEN, &[id()]).await?)?;
    let rewritten = match places {
        Places::Log(numbers) => {
            let numbers: Vec<i64> = numbers.iter().copied().map(signed).collect();
            // Some may have been pruned meanwhile.
            let sql =
                "SELECT seq, message FROM log WHERE restaurant_id = $1 AND seq = ANY ($2) ORDER BY seq FOR UPDATE";
            let rows = tx.query_typed(sql, &[id(), (&numbers, Type::INT8_ARRAY)]).await?;
            let (mut numbers, mut texts) = (Vec::new(), Vec::new());
            for row in &rows {
                let seq: i64 = row.try_get(0)?;
                if let Some(purged) = forgotten.purged(unsigned(seq)?, row.try_get(1)?)? {
                    numbers.push(seq);
                    texts.push(purged);
                }
            }
            let sql = "UPDATE log SET message = new.message FROM unnest($2::bigint[], $3::text[]) new (seq, message)
                       WHERE log.restaurant_id = $1 AND log.seq = new.seq";
            tx.execute_typed(sql, &[id(), (&numbers, Type::INT8_ARRAY), (&texts, Type::TEXT_ARRAY)]).await?
        }
        Places::Answers(keys) => {
            let sql = "SELECT key, outcome FROM idempotency WHERE restaurant_id = $1 AND key = ANY ($2)";
            let rows = tx.query_typed(sql, &[id(), (keys, Type::TEXT_ARRAY)]).await?;
            let (mut keys, mut texts) = (Vec::new(), Vec::new());
            for row in &rows {
                if let Some(purged) = forgotten.purged_answer(row.try_get(1)?)? {
                    keys.push(row.try_get::<_, &str>(0)?);
                    texts.push(purged);
                }
            }
            let sql = "UPDATE idempotency SET outcome = new.outcome
                       FROM unnest($2::text[], $3::text[]) new (key, outcome)
                       WHERE idempotency.restaurant_id = $1 AND idempotency.key = new.key";
            tx.execute_typed(sql, &[id(), (&keys, Type::TEXT_ARRAY), (&texts, Type::TEXT_ARRAY)]).await?
        }
    };
    Ok(rewritten)
}

/// The guests of a restaurant who are to be forgotten, for [`read_forgotten`].
const FORGOTTEN: &str = "SELECT guest_id, through FROM purges WHERE restaurant_id = $1";

fn read_forgotten(rows: &[Row]) -> Result<Forgotten, StoreError> {
    let purge = |row: &Row| Ok((row.try_get(0)?, unsigned(row.try_get(1)?)?));
    Ok(Forgotten::new(rows.iter().map(purge).collect::<Result<HashMap<_, _>, StoreError>>()?))
}

/// The texts of a restaurant that come after $2, at most $3 of them and about $4 bytes.
fn next_texts(place: &str, text: &str, table: &str, wanted: &str) -> String {
    format!(
        "SELECT {place}, {text} FROM (
             SELECT {place}, {text}, sum(octet_length({text})) OVER (ORDER BY {place}) - octet_length({text}) AS before
             FROM (
                 SELECT {place}, {text} FROM {table} WHERE restaurant_id = $1 AND {place} > $2 AND {wanted}
                 ORDER BY {place} LIMIT $3
             ) next
         ) texts WHERE before < $4 ORDER BY {place}"
    )
}
