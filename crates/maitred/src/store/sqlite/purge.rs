//! Forgetting who somebody was: what is to be done, where it is still told, and rewriting that. A reader finds the texts,
//! piece by piece; the writer rewrites each piece in a transaction of its own. The numbers of the messages, and whatever
//! else they say, stay.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
};

use floor::{GuestStatus, Id, Time, purge};
use rusqlite::{Connection, OptionalExtension};
use serde::Deserialize;

use super::{Piece, Survey, prune::Kind};
use crate::{
    config::{BUSY_TIMEOUT, EMPTY_TIMEOUT, PRUNE_BYTES, PRUNE_ROWS, PURGE_SCAN_BYTES, PURGE_SCAN_ROWS},
    store::StoreError,
};

/// A guest of a restaurant who is to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purge {
    restaurant: Id,
    guest: String,
    /// The number up to which the log means this guest by its id.
    through: u64,
    /// The life of the log that this is about.
    epoch: String,
}

/// What one look found, and where to look on.
#[derive(Debug)]
pub struct Traces {
    /// What is to be rewritten; none if there was nothing.
    pub piece: Option<Piece>,
    /// Who of the guests is told of at all, by what was there to remove and what had been removed before.
    pub told: BTreeSet<String>,
    /// Where to look on; none if everything was looked through.
    pub next: Option<Search>,
}

/// How far a search for traces has come.
#[derive(Debug, Clone)]
pub enum Search {
    /// In the log, after this number.
    Log(u64),
    /// Among the answers kept for retries, after this key.
    Answers(String),
}

/// Where traces were found.
#[derive(Debug, Clone)]
pub(super) struct Marks {
    restaurant: Id,
    places: Places,
}

#[derive(Debug, Clone)]
enum Places {
    /// The numbers of messages.
    Log(Vec<u64>),
    /// The keys of answers.
    Answers(Vec<String>),
}

/// A guest whose evening has been over for long.
#[derive(Debug, Clone)]
pub struct Overdue {
    /// Its restaurant.
    pub restaurant: Id,
    /// Its id.
    pub guest: Id,
    /// The version that was over.
    pub version: u64,
}

/// The guests of a restaurant who are to be forgotten, each with the last number that means it, and those met so far.
struct Open {
    through: HashMap<String, u64>,
    /// Who of them has been seen in a text.
    told: RefCell<BTreeSet<String>>,
}

impl Search {
    /// From the beginning.
    pub const START: Self = Self::Log(0);
}

impl Purge {
    /// The restaurant that the guest was in.
    pub fn restaurant(&self) -> &Id {
        &self.restaurant
    }
}

impl Survey<'_> {
    /// The guests who are to be forgotten and may not be yet, of one restaurant or of all.
    ///
    /// # Errors
    /// Only if the database is broken, as with every read here.
    pub fn purges(&self, restaurant: Option<&Id>) -> Result<Vec<Purge>, StoreError> {
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
    pub fn traces(&self, restaurant: &Id, from: &Search) -> Result<Traces, StoreError> {
        let open = Open::read(self.connection, restaurant)?;
        if open.through.is_empty() {
            return Ok(Traces { piece: None, told: BTreeSet::new(), next: None });
        }
        match from {
            Search::Log(after) => self.traces_in_log(restaurant, &open, *after),
            Search::Answers(after) => self.traces_in_answers(restaurant, &open, after),
        }
    }

    fn traces_in_log(&self, restaurant: &Id, open: &Open, after: u64) -> Result<Traces, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, message FROM log WHERE restaurant_id = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4",
        )?;
        let mut rows = statement.query((restaurant.as_str(), after, open.last(), PURGE_SCAN_ROWS))?;
        let (mut found, mut bytes) = (Vec::new(), Bytes::default());
        let mut last = None;
        while let Some(row) = rows.next()? {
            let (seq, message) = (row.get(0)?, row.get_ref(1)?.as_str().map_err(StoreError::unreadable)?);
            last = Some(seq);
            bytes.seen += message.len();
            if open.purged(seq, message)?.is_some() {
                found.push(seq);
                bytes.found += message.len();
            }
            if bytes.suffice(found.len()) {
                break;
            }
        }
        // Behind the log stand the answers, and they are looked through from their beginning.
        let next = Some(last.map_or(Search::Answers(String::new()), Search::Log));
        let piece = Marks::piece(restaurant, found.is_empty(), Places::Log(found));
        Ok(Traces { piece, told: open.told.take(), next })
    }

    fn traces_in_answers(&self, restaurant: &Id, open: &Open, after: &str) -> Result<Traces, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT key, outcome FROM idempotency WHERE restaurant_id = ?1 AND key > ?2 ORDER BY key LIMIT ?3",
        )?;
        let mut rows = statement.query((restaurant.as_str(), after, PURGE_SCAN_ROWS))?;
        let (mut found, mut bytes) = (Vec::new(), Bytes::default());
        let mut last = None;
        while let Some(row) = rows.next()? {
            let (key, outcome): (String, _) = (row.get(0)?, row.get_ref(1)?.as_str().map_err(StoreError::unreadable)?);
            bytes.seen += outcome.len();
            if open.purged_answer(outcome)?.is_some() {
                found.push(key.clone());
                bytes.found += outcome.len();
            }
            last = Some(key);
            if bytes.suffice(found.len()) {
                break;
            }
        }
        let piece = Marks::piece(restaurant, found.is_empty(), Places::Answers(found));
        Ok(Traces { piece, told: open.told.take(), next: last.map(Search::Answers) })
    }

    /// At most `limit` guests whose evening was over before `than`, in no particular order.
    pub fn overdue_guests(&self, than: Time, limit: u64) -> Result<Vec<Overdue>, StoreError> {
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

/// How much one look has seen, and how much of it is to be rewritten.
#[derive(Default)]
struct Bytes {
    seen: usize,
    found: usize,
}

impl Bytes {
    fn suffice(&self, found: usize) -> bool {
        found >= PRUNE_ROWS || self.found >= PRUNE_BYTES || self.seen >= PURGE_SCAN_BYTES
    }
}

impl Marks {
    fn piece(restaurant: &Id, none: bool, places: Places) -> Option<Piece> {
        (!none).then(|| Piece(Kind::Marks(Self { restaurant: restaurant.clone(), places })))
    }

    /// Rewrites what stands there now, and returns how many texts that were. Since they were found, a restaurant may have
    /// been deleted, with its purges, and another taken its place, so who is to be forgotten is read anew.
    pub(super) fn rewrite(&self, connection: &Connection) -> Result<usize, StoreError> {
        let transaction = connection.unchecked_transaction()?;
        let open = Open::read(&transaction, &self.restaurant)?;
        let restaurant = self.restaurant.as_str();
        let mut rewritten = 0;
        match &self.places {
            Places::Log(numbers) => {
                let mut find =
                    transaction.prepare_cached("SELECT message FROM log WHERE restaurant_id = ?1 AND seq = ?2")?;
                let mut put =
                    transaction.prepare_cached("UPDATE log SET message = ?3 WHERE restaurant_id = ?1 AND seq = ?2")?;
                for seq in numbers {
                    // It may have been pruned meanwhile.
                    let found: Option<String> = find.query_row((restaurant, seq), |row| row.get(0)).optional()?;
                    let Some(message) = found else { continue };
                    if let Some(purged) = open.purged(*seq, &message)? {
                        rewritten += put.execute((restaurant, seq, purged))?;
                    }
                }
            }
            Places::Answers(keys) => {
                let mut find = transaction
                    .prepare_cached("SELECT outcome FROM idempotency WHERE restaurant_id = ?1 AND key = ?2")?;
                let mut put = transaction
                    .prepare_cached("UPDATE idempotency SET outcome = ?3 WHERE restaurant_id = ?1 AND key = ?2")?;
                for key in keys {
                    let found: Option<String> = find.query_row((restaurant, key), |row| row.get(0)).optional()?;
                    let Some(outcome) = found else { continue };
                    if let Some(purged) = open.purged_answer(&outcome)? {
                        rewritten += put.execute((restaurant, key, purged))?;
                    }
                }
            }
        }
        transaction.commit()?;
        Ok(rewritten)
    }
}

impl Open {
    fn read(connection: &Connection, restaurant: &Id) -> Result<Self, StoreError> {
        let mut statement =
            connection.prepare_cached("SELECT guest_id, through FROM purges WHERE restaurant_id = ?1")?;
        let purges = statement.query_map([restaurant.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Self { through: purges.collect::<Result<_, _>>()?, told: RefCell::default() })
    }

    /// The last number that means any of them.
    fn last(&self) -> u64 {
        self.through.values().copied().max().unwrap_or_default()
    }

    /// The message of this number without their personal data; none if there is nothing to remove.
    fn purged(&self, seq: u64, text: &str) -> Result<Option<String>, StoreError> {
        if !self.may_be_in(text) {
            return Ok(None);
        }
        let goes = |id: &str| {
            let goes = self.through.get(id).is_some_and(|through| seq <= *through);
            if goes {
                self.told.borrow_mut().insert(id.to_owned());
            }
            goes
        };
        Ok(purge(text, goes)?)
    }

    /// The same of an answer, which tells by itself after which message it was given.
    fn purged_answer(&self, text: &str) -> Result<Option<String>, StoreError> {
        /// Of an outcome, what matters here.
        #[derive(Deserialize)]
        struct Given {
            seq: u64,
        }
        if !self.may_be_in(text) {
            return Ok(None);
        }
        let Given { seq } = serde_json::from_str(text)?;
        self.purged(seq, text)
    }

    /// Whether a text may name one of them. Cheap, since nearly all texts are somebody else's; and never a wrong no, since
    /// they are all written in one way, and an id has nothing to escape.
    fn may_be_in(&self, text: &str) -> bool {
        [r#""guest_id":""#, r#""entity_id":""#].into_iter().any(|key| {
            let ids = text.match_indices(key).map(|(at, _)| &text[at + key.len()..]);
            ids.into_iter().any(|rest| rest.split('"').next().is_some_and(|id| self.through.contains_key(id)))
        })
    }
}

/// See [`super::Store::empty_log_file`].
pub(super) fn empty_log_file(connection: &Connection) -> Result<bool, StoreError> {
    connection.busy_timeout(EMPTY_TIMEOUT)?;
    let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get::<_, i64>(0));
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(emptied? == 0)
}

/// See [`super::Store::strike_off`].
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
