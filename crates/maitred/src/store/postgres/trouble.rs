//! What PostgreSQL says when something is wrong, in our words. The one place that knows its codes
//! (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).

use std::{error::Error as _, io};

use tokio_postgres::{
    Error,
    error::{DbError, Severity, SqlState},
};

use crate::store::{StoreError, error::Trouble};

impl Trouble {
    fn of_postgres(error: &Error) -> Self {
        let Some(code) = error.code() else {
            // Something stored is of another type than was stored.
            let is_unreadable = error.to_string().starts_with("error deserializing");
            return if is_unreadable { Self::Damaged } else { Self::Unreachable };
        };
        match code {
            &SqlState::DISK_FULL => Self::Full,
            &SqlState::READ_ONLY_SQL_TRANSACTION => Self::ReadOnly,
            &SqlState::CHARACTER_NOT_IN_REPERTOIRE | &SqlState::UNTRANSLATABLE_CHARACTER => Self::Unstorable,
            &SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED => Self::Damaged,
            &SqlState::IO_ERROR => Self::Disk,
            &SqlState::LOCK_NOT_AVAILABLE
            | &SqlState::T_R_DEADLOCK_DETECTED
            | &SqlState::T_R_SERIALIZATION_FAILURE
            | &SqlState::QUERY_CANCELED => Self::Busy,
            // That the server goes down, or is not up yet.
            &SqlState::ADMIN_SHUTDOWN | &SqlState::CRASH_SHUTDOWN | &SqlState::CANNOT_CONNECT_NOW => Self::Unreachable,
            &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Self::Busy,
            &SqlState::UNDEFINED_DATABASE | &SqlState::DATABASE_DROPPED | &SqlState::INSUFFICIENT_PRIVILEGE => {
                Self::CannotOpen
            }
            // Classes: connection exceptions, who may not come in, and what the server has too little of.
            code if code.code().starts_with("08") => Self::Unreachable,
            code if code.code().starts_with("28") => Self::CannotOpen,
            code if code.code().starts_with("53") => Self::Busy,
            _ => Self::Other,
        }
    }
}

impl StoreError {
    /// Whether others would fail like this one as well, whatever they ask for. (Not where something is damaged: it may be a
    /// row that they have nothing to do with.)
    pub(super) fn concerns_all(&self) -> bool {
        match self {
            Self::Database(failure) => match failure.trouble() {
                Trouble::Full
                | Trouble::ReadOnly
                | Trouble::Busy
                | Trouble::CannotOpen
                | Trouble::Disk
                | Trouble::Unreachable => true,
                Trouble::Damaged | Trouble::NotADatabase | Trouble::Unstorable | Trouble::Other => false,
            },
            Self::Bug(_) => false,
            Self::Open { .. } | Self::Overloaded | Self::Closed => true,
        }
    }
}

/// Whether a connection was lost under a statement, of which then nothing is known.
pub(super) fn is_lost(error: &Error) -> bool {
    match error.as_db_error() {
        // After an error of these kinds, the server has closed the connection.
        Some(said) if matches!(said.parsed_severity(), Some(Severity::Fatal | Severity::Panic)) => true,
        // A pooler does not say which kind it is.
        Some(_) => Trouble::of_postgres(error) == Trouble::Unreachable,
        None => error.is_closed() || error.source().is_some_and(|source| source.is::<io::Error>()),
    }
}

/// Whether a user lacks the right to do something.
pub(super) fn is_not_allowed(error: &Error) -> bool {
    error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE)
}

/// What went wrong with a transaction whose end had been asked for. Unless the server itself says that it went wrong before
/// that, it may be on the disk all the same.
pub(super) fn of_commit(error: Error) -> StoreError {
    let is_undone = error.as_db_error().and_then(DbError::parsed_severity) == Some(Severity::Error);
    let error = StoreError::from(error);
    if is_undone { error } else { error.in_doubt() }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        Self::database(Trouble::of_postgres(&error), said(&error))
    }
}

/// What the server itself says.
pub(super) fn said(error: &Error) -> String {
    match error.as_db_error() {
        // Its details would quote rows.
        Some(said) => format!("{} {}", said.message(), said.code().code()),
        None => match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}
