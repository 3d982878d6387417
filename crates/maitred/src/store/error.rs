//! A broken world, in words: which file is in trouble, what the trouble is and what to do about it. The one place that
//! knows SQLite's codes. Knows nothing of HTTP.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use rusqlite::{ErrorCode, ffi};

/// A broken world: nothing that the caller did, and nothing that a rule could judge.
#[derive(Debug, Clone)]
pub enum StoreError {
    /// The database can't be opened. Says why, and what to do.
    Open {
        /// The database: its file, or where its server is.
        database: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// The database failed, or holds what can't be read.
    Database(Failure),
    /// More writes wait for the disk than may.
    Overloaded,
    /// The store is closed, or closing.
    Closed,
    /// The code is wrong: a command made it panic.
    Bug(String),
}

/// A failure of the database.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The database file; empty until the store, which knows it, has named it.
    file: PathBuf,
    trouble: Trouble,
    /// What the database itself says.
    cause: String,
    /// Whether a part of a write may be on the disk all the same, to be found there by the next start.
    in_doubt: bool,
}

/// What can be the matter with a database, as far as a person can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    Full,
    ReadOnly,
    Damaged,
    /// Never was one, or its beginning is damaged.
    NotADatabase,
    Busy,
    CannotOpen,
    Disk,
    Other,
}

impl StoreError {
    /// Something stored is not what was stored.
    pub(super) fn unreadable(what: impl fmt::Display) -> Self {
        Self::database(Trouble::Damaged, format!("it holds something unreadable: {what}"))
    }

    fn database(trouble: Trouble, cause: String) -> Self {
        Self::Database(Failure { file: PathBuf::new(), trouble, cause, in_doubt: false })
    }

    /// Names the file that failed. `is_read_only` tells whether nothing may be written beside it any more.
    pub(super) fn of_file(self, path: &Path, is_read_only: impl FnOnce() -> bool) -> Self {
        match self {
            Self::Database(mut failure) => {
                path.clone_into(&mut failure.file);
                // SQLite does not pass on why a write failed. A file system that the system has made read-only, as
                // many are after an error of the disk, is the reason that can be asked for.
                if failure.trouble == Trouble::Disk && is_read_only() {
                    failure.trouble = Trouble::ReadOnly;
                }
                Self::Database(failure)
            }
            other => other,
        }
    }

    /// The same for someone who tried to start a server.
    pub(crate) fn at_start(self) -> Self {
        match self {
            Self::Database(failure) => Self::Open {
                why: failure.trouble.at_start(&failure.cause),
                database: failure.file.display().to_string(),
            },
            other => other,
        }
    }

    /// The same error of a write that may be on the disk all the same.
    pub(super) fn in_doubt(self) -> Self {
        match self {
            Self::Database(failure) => Self::Database(Failure { in_doubt: true, ..failure }),
            other => other,
        }
    }

    /// Whether a write that failed like this may be on the disk all the same.
    pub fn is_in_doubt(&self) -> bool {
        matches!(self, Self::Database(Failure { in_doubt: true, .. }))
    }

    /// Whether it is of use to try again without anybody doing anything.
    pub fn may_pass(&self) -> bool {
        !matches!(
            self,
            Self::Bug(_) | Self::Database(Failure { trouble: Trouble::Damaged | Trouble::NotADatabase, .. })
        )
    }

    /// What a client is told: the file by its name, without this machine's folders and the database's own words.
    pub fn for_clients(&self) -> String {
        match self {
            Self::Database(failure) => {
                let name = failure.file.file_name().unwrap_or(failure.file.as_os_str());
                failure.trouble.while_running(&name.to_string_lossy(), &failure.cause)
            }
            other => other.to_string(),
        }
    }
}

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

    /// What is wrong with a file that a server works with, and what to do.
    fn while_running(self, file: &str, cause: &str) -> String {
        match self {
            Self::Full => {
                format!("the disk that holds {file} is full: free some space; writes go on by themselves then")
            }
            Self::ReadOnly => format!(
                "{file} may not be written: make the file, its folder and their file system writable; writes go on by \
                 themselves then"
            ),
            Self::Damaged | Self::NotADatabase => {
                format!("{file} is damaged: stop the server and bring back a backup with `maitred restore`")
            }
            Self::Busy => {
                format!("another program holds {file}: let it finish or end it; the server goes on by itself then")
            }
            Self::CannotOpen => format!(
                "{file} can't be opened: see that it is still there, that this user may read and write it and its \
                 folder, and that the limit of open files (`ulimit -n`) is not reached"
            ),
            Self::Disk => format!(
                "the disk that holds {file} failed: look for its errors in the system's log (`dmesg`), and for a quota"
            ),
            Self::Other => format!("the database {file} failed: {cause}"),
        }
    }

    /// What is wrong with a file that a server can't start with, and what to do. Goes on from "can't open the database
    /// FILE: ".
    fn at_start(self, cause: &str) -> String {
        let remedy = match self {
            Self::Full => "its disk is full; free some space and start again",
            Self::ReadOnly => "it may not be written; make the file, its folder and their file system writable",
            Self::NotADatabase => {
                return "it is not a SQLite database, or its beginning is damaged; name another file, or bring back a \
                        backup with `maitred restore`"
                    .to_owned();
            }
            Self::Damaged => "it is damaged; bring back a backup with `maitred restore`",
            Self::Busy => "another program holds it; let that one finish, or end it",
            Self::CannotOpen => return format!("{cause}; does its folder exist, and may this user write there?"),
            Self::Disk => "its disk failed; look for its errors in the system's log (`dmesg`), and for a quota",
            Self::Other => return cause.to_owned(),
        };
        format!("{remedy} ({cause})")
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

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { database, why } => write!(f, "can't open the database {database}: {why}"),
            Self::Database(Failure { file, trouble: Trouble::Other, cause, .. }) => {
                f.write_str(&Trouble::Other.while_running(&file.display().to_string(), cause))
            }
            Self::Database(Failure { file, trouble, cause, .. }) => {
                write!(f, "{} ({cause})", trouble.while_running(&file.display().to_string(), cause))
            }
            Self::Overloaded => f.write_str("more writes are waiting for the disk than may"),
            Self::Closed => f.write_str("the store is closed"),
            Self::Bug(what) => write!(f, "a bug: {what}"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::database(Trouble::of(&error), cause(&error))
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        // Where, and not what: the error would quote what it stumbled over, which may be somebody's phone number.
        let what = if error.is_data() { "JSON of an unknown form" } else { "broken JSON" };
        Self::unreadable(format!("{what}, at line {} column {}", error.line(), error.column()))
    }
}

#[cfg(test)]
mod tests {
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
