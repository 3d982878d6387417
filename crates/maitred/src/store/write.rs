//! A write as it comes to the store, and what becomes of it.

use std::fmt;

use floor::{Answer, Command, FieldError, Id, Refusal, Request, Time};
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::access::{Denied, Permit};

/// A request to change something, and how to know a retry of it.
#[derive(Debug, Clone)]
pub struct Write {
    /// What is asked for, of the restaurant that the caller has a permit for.
    pub(super) request: Request,
    /// Who asks, for the audit trail.
    pub(super) subject: Option<String>,
    /// Set where the client may send the same request again after a lost answer.
    pub(super) idempotency: Option<Idempotency>,
    /// What is wrong with its form, which only the caller saw. A write with a fault is never carried out.
    pub(super) faults: Vec<FieldError>,
    /// Whether the guests that it deletes are to be forgotten as well.
    pub(super) purging: bool,
}

impl Write {
    /// A write to the restaurant of `permit`. `id` is its own, `origin` the device as it names itself.
    pub fn new(permit: &Permit, id: Id, origin: Option<String>, at: Time, command: Command) -> Self {
        let request = Request { id, restaurant: permit.restaurant().clone(), origin, at, command };
        let subject = permit.subject().map(str::to_owned);
        Self { request, subject, idempotency: None, faults: Vec::new(), purging: false }
    }

    /// The same, sent perhaps not for the first time.
    pub fn known_by(self, idempotency: Option<Idempotency>) -> Self {
        Self { idempotency, ..self }
    }

    /// The same, which also notes down, in the same transaction, that whoever it deletes is to be forgotten. The answer
    /// does not tell any more who it was.
    pub fn purging(self) -> Self {
        Self { purging: true, ..self }
    }

    /// The same, with something wrong with its form, which only the caller saw. It is then never carried out.
    pub fn with_faults(self, faults: Vec<FieldError>) -> Self {
        Self { faults, ..self }
    }
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
    /// The caller may not ask for it.
    Denied(Denied),
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
            Self::Denied(denied) => denied.fmt(f),
            Self::Refused(refusal) => refusal.rejection.fmt(f),
            Self::KeyReused => f.write_str("This Idempotency-Key came with another request before."),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for WriteError {}

impl From<Denied> for WriteError {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

impl<E: Into<StoreError>> From<E> for WriteError {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}
