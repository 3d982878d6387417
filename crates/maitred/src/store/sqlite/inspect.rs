//! Looks at the files of a database before SQLite does, which silently throws away a log file that it can't use. What
//! it threw away would be answered writes. Never writes, but makes the file where there is none. (Nothing here may run once SQLite has the file open: to close
//! a file lets go of all locks that the process holds on it.)

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::store::sqlite::trouble::why_not_accessed;

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
    OpenOptions::new().append(true).create(true).open(database).map_err(|error| why_not_accessed(&error))?;
    let log = log_path(database).map_err(|error| why_not_accessed(&error))?;
    let failed = |error: io::Error| format!("can't read {} beside it: {}", log.display(), why_not_accessed(&error));
    let mut start = match beginning(&log, LOG_MAGIC.len()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        start => start.map_err(failed)?,
    };
    if start.is_empty() && is_cut_off(database).map_err(|error| why_not_accessed(&error))? {
        return Err("it is cut off in the middle of a page; bring back a backup with `maitred restore`".to_owned());
    }
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

/// Whether the last page of a database is not whole. SQLite would take the rest of it for zeros. (Where there is a log file,
/// the pages in it come first, and a crash may have left the file itself like this.)
fn is_cut_off(database: &Path) -> io::Result<bool> {
    // <https://www.sqlite.org/fileformat.html#the_database_header>: a name, and the size of a page, where 1 is 65,536.
    const NAME: &[u8] = b"SQLite format 3\0";
    let page_size = match beginning(database, NAME.len() + 2)?.strip_prefix(NAME) {
        Some([0, 1]) => 65_536,
        Some([high, low]) => u64::from(u16::from_be_bytes([*high, *low])),
        _ => 0,
    };
    // What is no database at all, SQLite will find out.
    Ok(page_size.is_power_of_two() && fs::metadata(database)?.len() % page_size != 0)
}

/// The first bytes of a file, as many as it has.
fn beginning(path: &Path, length: usize) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(length);
    File::open(path)?.take(length as u64).read_to_end(&mut start)?;
    Ok(start)
}

/// `FILE-wal`, beside the file itself, as SQLite names it.
fn log_path(database: &Path) -> io::Result<PathBuf> {
    let mut name = database.canonicalize()?.into_os_string();
    name.push("-wal");
    Ok(name.into())
}
