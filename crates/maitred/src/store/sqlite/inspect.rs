//! Looks at the files of a database before SQLite does, which silently throws away a log file that it can't use. What
//! it threw away would be answered writes. Never writes. (Nothing here may run once SQLite has the file open: to close
//! a file lets go of all locks that the process holds on it.)

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::store::error::why_not_accessed;

/// How a log file begins, but for the last bit (<https://www.sqlite.org/fileformat.html#walformat>).
const LOG_MAGIC: [u8; 4] = [0x37, 0x7f, 0x06, 0x82];

/// Checks that a path does not lead to something other than a file.
///
/// # Errors
/// What is wrong and what to do, as the rest of a sentence.
pub(super) fn kind(database: &Path) -> Result<(), String> {
    match fs::metadata(database) {
        Ok(metadata) if metadata.is_dir() => Err("it is a folder; name a file in it".to_owned()),
        Ok(metadata) if !metadata.is_file() => Err("it is not a file; name one".to_owned()),
        // What is not there can be made. All else shows when it is opened.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Checks that a database, whose lock this process holds, can be written, and that the log file beside it, if there is
/// one, is a log file that can belong to it.
///
/// # Errors
/// What is wrong and what to do, as the rest of a sentence.
pub(super) fn files(database: &Path) -> Result<(), String> {
    // SQLite opens what it may not write for reading only, without a word.
    OpenOptions::new().append(true).open(database).map_err(|error| why_not_accessed(&error))?;
    let log = log_path(database).map_err(|error| why_not_accessed(&error))?;
    let failed = |error: io::Error| format!("can't read {} beside it: {}", log.display(), why_not_accessed(&error));
    let mut start = Vec::new();
    match File::open(&log) {
        Ok(file) => file.take(LOG_MAGIC.len() as u64).read_to_end(&mut start).map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    // One that is shorter, or that a loss of power has left without its first bytes, never held an answered write.
    if start.len() < LOG_MAGIC.len() || start.iter().all(|byte| *byte == 0) {
        return Ok(());
    }
    start[3] &= !1;
    if start != LOG_MAGIC {
        return Err(format!(
            "{} beside it is damaged, and may have held answered writes; bring back a backup with `maitred restore`, or \
             move that file away to go on without them",
            log.display()
        ));
    }
    if fs::metadata(database).map_err(failed)?.len() == 0 {
        return Err(format!(
            "it is empty, but {} beside it holds answered writes; bring back a backup with `maitred restore`, or move \
             that file away to begin anew",
            log.display()
        ));
    }
    Ok(())
}

/// `FILE-wal`, beside the file itself, as SQLite names it.
fn log_path(database: &Path) -> io::Result<PathBuf> {
    let mut name = database.canonicalize()?.into_os_string();
    name.push("-wal");
    Ok(name.into())
}
