//! What SQLite and the system say when something is wrong with a file, in our words. The one place that knows SQLite's
//! codes.

use std::io;

use rusqlite::{ErrorCode, ffi};

use crate::store::{StoreError, error::Trouble};

impl Trouble {
    pub(super) fn of(error: &rusqlite::Error) -> Self {
        let Some(&ffi::Error { code, extended_code }) = error.sqlite_error() else {
            return match error {
                // A value of another type than was stored.
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::Utf8Error(..) => Self::Damaged,
                _ => Self::Other,
            };
        };
        match (code, extended_code) {
            // The index of the log file is made larger by plain writes, and nothing else about them can fail so.
            (ErrorCode::DiskFull, _) | (_, ffi::SQLITE_IOERR_SHMSIZE) => Self::Full,
            (ErrorCode::ReadOnly | ErrorCode::PermissionDenied, _) => Self::ReadOnly,
            (ErrorCode::DatabaseCorrupt, _) => Self::Damaged,
            (ErrorCode::NotADatabase, _) => Self::NotADatabase,
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed, _) => {
                Self::Busy
            }
            (ErrorCode::CannotOpen, _) => Self::CannotOpen,
            (_, ffi::SQLITE_IOERR_NOMEM) => Self::Other,
            (ErrorCode::SystemIoFailure, _) => Self::Disk,
            _ => Self::Other,
        }
    }
}

/// Why a database can't be opened, and what to do, where the database itself says why.
pub(super) fn why_not_opened(error: &rusqlite::Error) -> String {
    Trouble::of(error).at_start(&cause(error))
}

/// The same where the system says why not.
pub(super) fn why_not_accessed(error: &io::Error) -> String {
    let trouble = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Trouble::Full,
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => Trouble::ReadOnly,
        _ => Trouble::CannotOpen,
    };
    trouble.at_start(&error.to_string())
}

/// Whether a commit that failed like this may be on the disk all the same, for the next start to find. One whose log
/// could not be written to its end is not: it lacks the mark that would make it a commit.
pub(super) fn leaves_doubt(error: &rusqlite::Error) -> bool {
    !matches!(
        error.sqlite_error(),
        Some(ffi::Error { code: ErrorCode::DiskFull, .. } | ffi::Error { extended_code: ffi::SQLITE_IOERR_WRITE, .. })
    )
}

/// What the database itself says. SQLite's words alone are few: "disk I/O error" has thirty codes.
fn cause(error: &rusqlite::Error) -> String {
    match error.sqlite_error() {
        Some(ffi::Error { extended_code, .. }) => format!("{error}, SQLite's code {extended_code}"),
        None => error.to_string(),
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::database(Trouble::of(&error), cause(&error))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// An error with one of SQLite's codes, of a file whose system may be read-only.
    fn failed(code: i32, is_read_only: bool) -> StoreError {
        let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        StoreError::from(error).of_file(Path::new("/srv/house/maitred.db"), || is_read_only)
    }

    #[test]
    fn each_trouble_is_told_with_its_file_and_its_remedy() {
        for (code, is_read_only, sentence) in [
            (ffi::SQLITE_FULL, false, "the disk that holds maitred.db is full: free some space; writes go on by"),
            (ffi::SQLITE_IOERR_SHMSIZE, false, "the disk that holds maitred.db is full: free some space"),
            (
                ffi::SQLITE_READONLY,
                false,
                "maitred.db may not be written: make the file, its folder and their file system",
            ),
            (ffi::SQLITE_IOERR_WRITE, true, "maitred.db may not be written: make"),
            (ffi::SQLITE_IOERR_WRITE, false, "the disk that holds maitred.db failed: look for its errors"),
            (ffi::SQLITE_IOERR_FSYNC, false, "the disk that holds maitred.db failed: look for its errors"),
            (
                ffi::SQLITE_CORRUPT,
                true,
                "maitred.db is damaged: stop the server and bring back a backup with `maitred re",
            ),
            (ffi::SQLITE_CORRUPT_INDEX, false, "maitred.db is damaged"),
            (ffi::SQLITE_NOTADB, false, "maitred.db is damaged"),
            (ffi::SQLITE_BUSY, false, "another program holds maitred.db: let it finish"),
            (ffi::SQLITE_LOCKED, false, "another program holds maitred.db"),
            (ffi::SQLITE_CANTOPEN, false, "maitred.db can't be opened: see that it is still there"),
            (ffi::SQLITE_NOMEM, false, "the database maitred.db failed: "),
        ] {
            let error = failed(code, is_read_only);
            let told = error.for_clients();
            assert!(told.starts_with(sentence), "{code}: {told}");
            assert!(!told.contains('/'), "a folder of this machine: {told}");
            let logged = error.to_string();
            assert!(logged.contains("/srv/house/maitred.db"), "{code}: {logged}");
            assert!(logged.contains(&format!("SQLite's code {code}")), "{code}: {logged}");
        }
    }

    #[test]
    fn what_stops_a_start_is_told_with_its_file_and_its_remedy() {
        for (code, remedy) in [
            (ffi::SQLITE_FULL, "its disk is full; free some space and start again"),
            (ffi::SQLITE_READONLY, "it may not be written; make the file"),
            (ffi::SQLITE_CORRUPT, "it is damaged; bring back a backup with `maitred restore`"),
            (ffi::SQLITE_BUSY, "another program holds it; let that one finish"),
            (ffi::SQLITE_IOERR_READ, "its disk failed; look for its errors"),
        ] {
            let words = failed(code, false).at_start().to_string();
            assert!(words.starts_with("can't open the database /srv/house/maitred.db: "), "{words}");
            assert!(words.contains(remedy), "{code}: {words}");
        }
    }

    #[test]
    fn only_a_commit_whose_log_came_to_its_end_can_be_on_the_disk() {
        let error = |code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_IOERR_WRITE] {
            assert!(!leaves_doubt(&error(code)), "{code}");
        }
        for code in [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_SHMSIZE] {
            assert!(leaves_doubt(&error(code)), "{code}");
        }
        assert!(StoreError::from(error(ffi::SQLITE_IOERR_FSYNC)).in_doubt().is_in_doubt());
    }

    #[test]
    fn what_can_not_be_read_is_not_quoted() {
        let error = serde_json::from_str::<u8>(r#""555-0100""#).expect_err("no number");
        assert!(error.to_string().contains("555-0100"), "{error}");
        let error = StoreError::from(error).of_file(Path::new("maitred.db"), || false).to_string();
        assert!(error.contains("column 10") && !error.contains("555"), "{error}");
    }

    #[test]
    fn what_is_stored_and_can_not_be_read_is_damage() {
        let not_json = serde_json::from_str::<u8>("}").expect_err("no JSON");
        for error in [StoreError::from(not_json), rusqlite::Error::IntegralValueOutOfRange(0, -1).into()] {
            let error = error.of_file(Path::new("maitred.db"), || false);
            assert!(error.for_clients().starts_with("maitred.db is damaged"), "{error}");
            assert!(!error.may_pass());
        }
    }
}
