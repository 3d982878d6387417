//! A file whose restaurants move to another database. It is only read, all of it as it is at one moment, and nobody serves
//! it meanwhile. It may be one of an earlier release: what that did not know yet, its restaurants do not have.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use floor::{Id, Time};
use rusqlite::{Connection, OptionalExtension, Params, Row};
use serde::de::DeserializeOwned;
use tokio::{sync::mpsc, task::spawn_blocking};

use super::{
    FileLock,
    copy::{Check, check_database, open_ours, told},
    devices::{read_code, read_device},
    inspect,
};
use crate::{
    config::IDEMPOTENCY_RETENTION,
    store::{
        StoreError,
        moving::{Kept, Leaving, Logged, PIECE_BYTES, PIECE_ROWS, Piece, Pieces, said_at},
        register::Edit,
    },
};

/// The steps of the schema after which a log has times, and devices are paired.
const TIMED_STEPS: usize = 2;
const PAIRED_STEPS: usize = 3;

/// A file that restaurants move out of.
pub(crate) struct MoveOut {
    path: PathBuf,
    /// In a transaction, so that everything is read as it is at one moment.
    connection: Arc<Mutex<Connection>>,
    /// How many steps of the schema the file has taken.
    steps: usize,
    /// Held as long as anything is read: whatever a server would write meanwhile would be left behind.
    _lock: FileLock,
}

impl MoveOut {
    /// Opens a file that is there, after a look at each page and each row.
    ///
    /// # Errors
    /// What is wrong and what to do, as the rest of a sentence.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let lock = FileLock::take(path)?;
        inspect::files(path)?;
        check_database(path, Check::Whole)?;
        let connection = open_ours(path)?;
        let begun = connection
            .execute_batch("BEGIN")
            .and_then(|()| connection.pragma_query_value(None, "user_version", |row| row.get(0)));
        let steps = begun.map_err(told)?;
        Ok(Self { path: path.to_owned(), connection: Arc::new(Mutex::new(connection)), steps, _lock: lock })
    }

    /// The restaurants that are in it, by id.
    ///
    /// # Errors
    /// Only if the file is broken, as with what follows.
    pub(crate) fn restaurants(&self) -> Result<Vec<Id>, String> {
        self.read(|connection| {
            let mut statement = connection.prepare("SELECT id FROM restaurants ORDER BY id")?;
            let read = |row: &Row<'_>| row.get::<_, String>(0)?.parse().map_err(StoreError::unreadable);
            statement.query_and_then((), read)?.collect()
        })
    }

    /// One of them.
    pub(crate) fn restaurant(&self, id: &Id) -> Result<Leaving, String> {
        self.read(|connection| {
            let restaurant = "SELECT body, head, epoch FROM restaurants WHERE id = ?1";
            let (body, head, epoch) =
                connection.query_row(restaurant, [id.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            let last = "SELECT message FROM log WHERE restaurant_id = ?1 AND seq = ?2";
            let last: Option<String> = connection.query_row(last, (id.as_str(), head), |row| row.get(0)).optional()?;
            let last_said = last.map(|message| said_at(&message)).transpose()?;
            Ok(Leaving { id: id.clone(), body, head, epoch, last_said })
        })
    }

    /// Begins to read what belongs to one of them. Of the answers kept for retries, those go along that still count at this
    /// time.
    pub(crate) fn belongings(&self, restaurant: &Id, at: Time) -> Pieces {
        // Room for one, so that the next is read while the last is put.
        let (sender, pieces) = mpsc::channel(1);
        let (connection, steps, path) = (Arc::clone(&self.connection), self.steps, self.path.clone());
        let restaurant = restaurant.clone();
        let reading = spawn_blocking(move || {
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let walk = Walk { connection: &connection, restaurant: restaurant.as_str(), steps, sender };
            walk.through_all(at).map_err(|error| error.of_file(&path, || false))
        });
        Pieces { pieces, reading }
    }

    fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, String> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        query(&connection).map_err(|error| error.of_file(&self.path, || false).why())
    }
}

/// A walk through all that belongs to a restaurant. Never waits for more than the piece before last to be put.
struct Walk<'a> {
    connection: &'a Connection,
    restaurant: &'a str,
    steps: usize,
    sender: mpsc::Sender<Piece>,
}

impl Walk<'_> {
    fn through_all(&self, at: Time) -> Result<(), StoreError> {
        let id = [self.restaurant];
        let sql = "SELECT body FROM guests WHERE restaurant_id = ?1";
        self.through(sql, id, read_row, |(_, body)| body.len(), Piece::Guests)?;
        let sql = "SELECT body FROM tables WHERE restaurant_id = ?1";
        self.through(sql, id, read_row, |(_, body)| body.len(), Piece::Tables)?;
        self.through_log()?;
        self.through_answers(at)?;
        if self.steps < PAIRED_STEPS {
            return Ok(());
        }
        self.through_register()?;
        let sql = "SELECT guest_id, through FROM purges WHERE restaurant_id = ?1";
        self.through(sql, id, |row| Ok((row.get(0)?, row.get(1)?)), |_| 0, Piece::Purges)
    }

    fn through_log(&self) -> Result<(), StoreError> {
        // Each as the steps that are missing would have it.
        let (at, subject) = match self.steps {
            ..TIMED_STEPS => ("CAST(unixepoch(message ->> 'timestamp', 'subsec') * 1000000 AS INTEGER)", "NULL"),
            TIMED_STEPS..PAIRED_STEPS => ("at", "NULL"),
            _ => ("at", "subject"),
        };
        let sql = format!("SELECT seq, {at}, {subject}, message FROM log WHERE restaurant_id = ?1 ORDER BY seq");
        let logged = |row: &Row<'_>| {
            Ok(Logged { seq: row.get(0)?, at: row.get(1)?, subject: row.get(2)?, message: row.get(3)? })
        };
        self.through(&sql, [self.restaurant], logged, |logged| logged.message.len(), Piece::Messages)
    }

    fn through_answers(&self, at: Time) -> Result<(), StoreError> {
        let expired = at.as_microseconds() - IDEMPOTENCY_RETENTION.as_micros() as i64;
        let sql =
            "SELECT key, fingerprint, outcome, kept_at FROM idempotency WHERE restaurant_id = ?1 AND kept_at > ?2";
        let kept = |row: &Row<'_>| {
            Ok(Kept { key: row.get(0)?, fingerprint: row.get(1)?, outcome: row.get(2)?, kept_at: row.get(3)? })
        };
        self.through(sql, (self.restaurant, expired), kept, |kept| kept.outcome.len(), Piece::Answers)
    }

    fn through_register(&self) -> Result<(), StoreError> {
        let sql = "SELECT id, name, role, paired_at, paired_by, revoked_at, revoked_by, token_hash
                   FROM devices WHERE restaurant_id = ?1";
        let added = |row: &Row<'_>| Ok(Edit::AddDevice(read_device(row)?, row.get(7)?));
        self.through(sql, [self.restaurant], added, |_| 0, Piece::Register)?;
        let revoked = format!("{sql} AND revoked_at IS NOT NULL");
        let put = |row: &Row<'_>| Ok(Edit::PutDevice(read_device(row)?));
        self.through(&revoked, [self.restaurant], put, |_| 0, Piece::Register)?;
        let sql = "SELECT code, name, role, expires_at, made_by, failures FROM pairing_codes WHERE restaurant_id = ?1";
        let opened = |row: &Row<'_>| Ok(Edit::OpenCode(read_code(row)?));
        self.through(sql, [self.restaurant], opened, |_| 0, Piece::Register)
    }

    /// Hands rows over as they come, a piece at a time.
    fn through<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
        bytes_of: impl Fn(&T) -> usize,
        piece: fn(Vec<T>) -> Piece,
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query(parameters)?;
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let row = read(row)?;
            bytes += bytes_of(&row);
            taken.push(row);
            if taken.len() >= PIECE_ROWS || bytes >= PIECE_BYTES {
                self.hand_over(piece(std::mem::take(&mut taken)))?;
                bytes = 0;
            }
        }
        if taken.is_empty() { Ok(()) } else { self.hand_over(piece(taken)) }
    }

    fn hand_over(&self, piece: Piece) -> Result<(), StoreError> {
        // Whoever puts them has given up, and says why.
        self.sender.blocking_send(piece).map_err(|_| StoreError::Closed)
    }
}

/// A row, and the text that it is stored as.
fn read_row<T: DeserializeOwned>(row: &Row<'_>) -> Result<(T, String), StoreError> {
    let body: String = row.get(0)?;
    Ok((serde_json::from_str(&body)?, body))
}
