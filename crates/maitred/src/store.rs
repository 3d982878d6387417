//! The store: where a request becomes durable. It knows rows and text, never commands; what may happen is decided by
//! [`floor::decide`], inside the store's transaction. It never waits for a device.

mod error;
mod execute;
mod sqlite;

use std::fmt;

use floor::{Answer, FieldError, Refusal, Request};
use serde::{Deserialize, Serialize};

pub use error::{Failure, StoreError};
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

/// Why a write did not happen. Nothing of it was kept, unless [`StoreError::is_in_doubt`].
#[derive(Debug)]
pub enum WriteError {
    /// A rule says no.
    Refused(Refusal),
    /// The `Idempotency-Key` belongs to another request.
    KeyReused,
    /// The world is broken.
    Store(StoreError),
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

impl<E: Into<StoreError>> From<E> for WriteError {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}
