//! What PostgreSQL says when something is wrong, in our words. The one place that knows its codes
//! (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).

use std::error::Error as _;

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
            &SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED => Self::Damaged,
            &SqlState::IO_ERROR => Self::Disk,
            &SqlState::LOCK_NOT_AVAILABLE
            | &SqlState::T_R_DEADLOCK_DETECTED
            | &SqlState::T_R_SERIALIZATION_FAILURE
            | &SqlState::QUERY_CANCELED
            | &SqlState::TOO_MANY_CONNECTIONS => Self::Busy,
            // That the server goes down, or is not up yet.
            &SqlState::ADMIN_SHUTDOWN | &SqlState::CRASH_SHUTDOWN | &SqlState::CANNOT_CONNECT_NOW => Self::Unreachable,
            &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Self::Busy,
            &SqlState::UNDEFINED_DATABASE | &SqlState::INSUFFICIENT_PRIVILEGE => Self::CannotOpen,
            // Classes: connection exceptions, and who may not come in.
            code if code.code().starts_with("08") => Self::Unreachable,
            code if code.code().starts_with("28") => Self::CannotOpen,
            _ => Self::Other,
        }
    }
}

impl StoreError {
    /// Whether others would fail like this one as well, whatever they ask for.
    pub(super) fn concerns_all(&self) -> bool {
        match self {
            Self::Database(failure) => failure.trouble() != Trouble::Other,
            Self::Bug(_) => false,
            Self::Open { .. } | Self::Overloaded | Self::Closed => true,
        }
    }
}

/// Whether a connection was lost under a statement, of which then nothing is known.
pub(super) fn is_lost(error: &Error) -> bool {
    error.code().map_or(!error.to_string().starts_with("error deserializing"), |_| {
        Trouble::of_postgres(error) == Trouble::Unreachable
    })
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
        let cause = match error.as_db_error() {
            // Its details would quote rows.
            Some(said) => format!("{} {}", said.message(), said.code().code()),
            None => match error.source() {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            },
        };
        Self::database(Trouble::of_postgres(&error), cause)
    }
}
