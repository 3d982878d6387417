//! The store: where a request becomes durable. It knows rows and text, never commands; what may happen is decided by
//! [`floor::decide`], inside the store's transaction. It never waits for a device.

mod execute;
mod sqlite;

use std::{fmt, path::PathBuf, sync::Arc};

use floor::{Answer, FieldError, Refusal, Request};
use serde::{Deserialize, Serialize};

pub(crate) use sqlite::{Check, FileLock, Settled, begin_new_life, check_database, copy_database, settle};
pub use sqlite::{GuestsPage, LoggedMessage, Piece, Place, RestaurantRow, Snapshot, Store};

/// A request to change something, and how to know a retry of it.
#[derive(Debug, Clone)]
pub struct Write {
    /// What is asked for.
    pub request: Request,
    /// Set where the client may send the same request again after a lost answer.
    pub idempotency: Option<Idempotency>,
    /// What is wrong with its form, which only the caller saw. A write with a fault is never carried out.
    pub faults: Vec<FieldError>,
}

/// What a retry is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The client's `Idempotency-Key`.
    pub key: String,
    /// A digest of the request's method, path and body.
    pub fingerprint: [u8; 32],
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// What the caller is told.
    pub answer: Answer,
    /// The number of the write's last message, or of the restaurant's last where nothing changed.
    pub seq: u64,
}

/// Why a write did not happen. Whichever it is, nothing of it was kept.
#[derive(Debug)]
pub enum WriteError {
    /// A rule says no.
    Refused(Refusal),
    /// The `Idempotency-Key` belongs to another request.
    KeyReused,
    /// The world is broken.
    Store(StoreError),
}

/// A broken world: nothing that the caller did, and nothing that a rule could judge.
#[derive(Debug, Clone)]
pub enum StoreError {
    /// The database file can't be opened. Says why, and what to do.
    Open {
        /// The database file.
        path: PathBuf,
        /// What is wrong, and what to do.
        why: String,
    },
    /// The database failed. One failed commit fails several writes, so they share its error.
    Database(Arc<rusqlite::Error>),
    /// A stored text is not what was stored.
    Corrupt(String),
    /// More writes wait for the disk than may.
    Overloaded,
    /// The store is closed, or closing.
    Closed,
    /// The code is wrong: a command made it panic.
    Bug(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { path, why } => write!(f, "can't open the database {}: {why}", path.display()),
            Self::Database(error) => write!(f, "the database failed: {error}"),
            Self::Corrupt(what) => write!(f, "the database holds something unreadable: {what}"),
            Self::Overloaded => f.write_str("more writes are waiting for the disk than may"),
            Self::Closed => f.write_str("the store is closed"),
            Self::Bug(what) => write!(f, "a bug: {what}"),
        }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.rejection.fmt(f),
            Self::KeyReused => f.write_str("This Idempotency-Key came with another request before."),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for WriteError {}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Database(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Corrupt(error.to_string())
    }
}

impl<E: Into<StoreError>> From<E> for WriteError {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}
