//! A broken world, in words: which file or server is in trouble, what the trouble is and what to do about it. Knows
//! nothing of HTTP, nor of the databases' own codes, which stand with each of them.

use std::{
    fmt,
    path::{Path, PathBuf},
};

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
    /// Where the database is; an empty file until the store, which knows it, has named it.
    place: Place,
    trouble: Trouble,
    /// What the database itself says.
    cause: String,
    /// Whether a part of a write may be on the disk all the same, to be found there by the next start.
    in_doubt: bool,
}

/// Where a database is.
#[derive(Debug, Clone)]
enum Place {
    File(PathBuf),
    /// A server, by its address.
    Server(String),
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
    /// It is on a server that does not answer.
    Unreachable,
    /// It can't hold a character that it was given.
    Unstorable,
    Other,
}

impl StoreError {
    /// Something stored is not what was stored.
    pub(super) fn unreadable(what: impl fmt::Display) -> Self {
        Self::database(Trouble::Damaged, format!("it holds something unreadable: {what}"))
    }

    /// Something that is waited for does not come, or does not come any more.
    pub(crate) fn lost(what: &str) -> Self {
        Self::database(Trouble::Unreachable, format!("waited in vain for {what}"))
    }

    /// A failure, of a place that is not named yet.
    pub(super) fn database(trouble: Trouble, cause: String) -> Self {
        Self::Database(Failure { place: Place::File(PathBuf::new()), trouble, cause, in_doubt: false })
    }

    /// Names the file that failed. `is_read_only` tells whether nothing may be written beside it any more.
    pub(super) fn of_file(self, path: &Path, is_read_only: impl FnOnce() -> bool) -> Self {
        match self {
            Self::Database(mut failure) => {
                failure.place = Place::File(path.to_owned());
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

    /// Names the server that failed.
    pub(crate) fn of_server(self, address: &str) -> Self {
        match self {
            Self::Database(failure) => Self::Database(Failure { place: Place::Server(address.to_owned()), ..failure }),
            other => other,
        }
    }

    /// The same for someone who tried to start a server.
    pub(crate) fn at_start(self) -> Self {
        match self {
            Self::Database(Failure { place, trouble, cause, .. }) => {
                let why = match place {
                    Place::File(_) => trouble.at_start(&cause),
                    Place::Server(_) => trouble.of_server_at_start(&cause),
                };
                Self::Open { database: place.to_string(), why }
            }
            other => other,
        }
    }

    /// What is wrong and what to do, as the rest of a sentence that names the database.
    pub(super) fn why(self) -> String {
        match self.at_start() {
            Self::Open { why, .. } => why,
            other => other.to_string(),
        }
    }

    /// The same error of a write that may be on the disk all the same.
    pub(super) fn in_doubt(self) -> Self {
        match self {
            Self::Database(failure) => Self::Database(Failure { in_doubt: true, ..failure }),
            other => other,
        }
    }

    /// The same error of a write that was not begun.
    pub(super) fn beyond_doubt(self) -> Self {
        match self {
            Self::Database(failure) => Self::Database(Failure { in_doubt: false, ..failure }),
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
            Self::Bug(_)
                | Self::Database(Failure {
                    trouble: Trouble::Damaged | Trouble::NotADatabase | Trouble::Unstorable,
                    ..
                })
        )
    }

    /// What a client is told: a file by its name, without this machine's folders, a server without its address, and
    /// nothing in the database's own words.
    pub fn for_clients(&self) -> String {
        match self {
            Self::Database(Failure { place, trouble, cause, .. }) => match place {
                Place::File(path) => {
                    let name = path.file_name().unwrap_or(path.as_os_str());
                    trouble.while_running(&name.to_string_lossy(), cause)
                }
                Place::Server(_) => trouble.of_server("the database server"),
            },
            other => other.to_string(),
        }
    }
}

impl Failure {
    pub(super) fn trouble(&self) -> Trouble {
        self.trouble
    }
}

impl Trouble {
    /// What is wrong with a file that a server works with, and what to do.
    pub(super) fn while_running(self, file: &str, cause: &str) -> String {
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
            Self::Unreachable | Self::Unstorable | Self::Other => format!("the database {file} failed: {cause}"),
        }
    }

    /// What is wrong with a file that a server can't start with, and what to do. Goes on from "can't open the database
    /// FILE: ".
    pub(super) fn at_start(self, cause: &str) -> String {
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
            Self::Unreachable | Self::Unstorable | Self::Other => return cause.to_owned(),
        };
        format!("{remedy} ({cause})")
    }

    /// What is wrong with a database server that a server works with, and what to do.
    fn of_server(self, server: &str) -> String {
        match self {
            Self::Full => {
                format!("the disk of {server} is full: free some space there; writes go on by themselves then")
            }
            Self::ReadOnly => format!(
                "{server} takes no writes now, as a standby does not: see which server is the primary; writes go on by \
                 themselves then"
            ),
            Self::Damaged | Self::NotADatabase => format!("the database on {server} is damaged: bring back a backup"),
            Self::Busy => {
                format!("{server} is busy, or somebody else holds what this needs: it may be free in a moment")
            }
            Self::CannotOpen => {
                format!("{server} does not let this server in: check its user, its password and the database's name")
            }
            Self::Unreachable => {
                format!("{server} does not answer: see that it runs; everything goes on by itself then")
            }
            Self::Unstorable => format!(
                "{server} can't hold a character in it: PostgreSQL takes no U+0000, and no other text than its \
                 database's encoding has"
            ),
            Self::Disk | Self::Other => format!("{server} failed"),
        }
    }

    /// What is wrong with a database server that a server can't start with, and what to do. Goes on from "can't open the
    /// database ADDRESS: ".
    fn of_server_at_start(self, cause: &str) -> String {
        let remedy = match self {
            Self::Full => "its disk is full; free some space there",
            Self::ReadOnly => "it takes no writes, as a standby does not; name the primary",
            Self::Damaged | Self::NotADatabase => "it is damaged; bring back a backup",
            Self::Busy => "it is busy; try again",
            Self::CannotOpen => "it does not let this user in; check the user, the password and the database's name",
            Self::Unreachable => "the server does not answer; see that it runs, and that it can be reached from here",
            Self::Disk | Self::Unstorable | Self::Other => return cause.to_owned(),
        };
        format!("{remedy} ({cause})")
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { database, why } => write!(f, "can't open the database {database}: {why}"),
            Self::Database(Failure { place: Place::File(path), trouble: Trouble::Other, cause, .. }) => {
                f.write_str(&Trouble::Other.while_running(&path.display().to_string(), cause))
            }
            Self::Database(Failure { place, trouble, cause, .. }) => {
                let words = match place {
                    Place::File(path) => trouble.while_running(&path.display().to_string(), cause),
                    Place::Server(address) => trouble.of_server(&format!("the database server {address}")),
                };
                write!(f, "{words} ({cause})")
            }
            Self::Overloaded => f.write_str("more writes are waiting for the disk than may"),
            Self::Closed => f.write_str("the store is closed"),
            Self::Bug(what) => write!(f, "a bug: {what}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Server(address) => f.write_str(address),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        // Where, and not what: the error would quote what it stumbled over, which may be somebody's phone number.
        let what = if error.is_data() { "JSON of an unknown form" } else { "broken JSON" };
        Self::unreadable(format!("{what}, at line {} column {}", error.line(), error.column()))
    }
}
