//! One process a database file. SQLite itself would let two write in turns, but the devices of the one would never
//! hear what the other wrote.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

use crate::store::sqlite::trouble::why_not_accessed;

/// The lock on a database file: an advisory lock on `FILE.lock` beside it, which the system drops when the process
/// ends, however it ends.
pub(crate) struct FileLock {
    database: PathBuf,
    _file: File,
    path: PathBuf,
}

impl FileLock {
    /// Takes the lock.
    ///
    /// # Errors
    /// What is wrong and what to do, as the rest of a sentence.
    pub(crate) fn take(database: &Path) -> Result<Self, String> {
        let database = real_path(database).map_err(|error| why_not_accessed(&error))?;
        let mut path = database.clone().into_os_string();
        path.push(".lock");
        let path = PathBuf::from(path);
        let failed = |what: &str, error: io::Error| {
            format!("can't {what} its lock file {}: {}", path.display(), why_not_accessed(&error))
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| failed("open", error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                // Who holds it is a courtesy; that somebody does is what matters.
                _ = file.read_to_string(&mut owner);
                let owner = owner.trim();
                return Err(format!(
                    "another maitred (process {}) has it open; stop that one, or name another file",
                    if owner.is_empty() { "unknown" } else { owner }
                ));
            }
            Err(TryLockError::Error(error)) => return Err(failed("lock", error)),
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(|error| failed("write", error))?;
        writeln!(file, "{}", std::process::id()).map_err(|error| failed("write", error))?;
        Ok(Self { database, _file: file, path })
    }

    /// The database file itself, whatever links lead to it.
    pub(crate) fn database(&self) -> &Path {
        &self.database
    }

    /// Whether the file system under it can't be written any more. The database file itself must not be asked: to
    /// close it would let go of the locks that SQLite holds on it (POSIX).
    pub(super) fn is_read_only(&self) -> bool {
        let opened = OpenOptions::new().append(true).open(&self.path);
        opened.is_err_and(|error| error.kind() == io::ErrorKind::ReadOnlyFilesystem)
    }
}

/// Where the file itself is or is going to be: a link to it must lead to the same lock.
fn real_path(database: &Path) -> io::Result<PathBuf> {
    database.canonicalize().or_else(|error| {
        if database.is_symlink() {
            // A link may be there before the file that it leads to: it leads nowhere until there is one.
            OpenOptions::new().append(true).create(true).open(database)?;
            return database.canonicalize();
        }
        let name = database.file_name().ok_or(error)?;
        // Of a bare name, the folder is written as nothing.
        let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(folder.canonicalize()?.join(name))
    })
}
