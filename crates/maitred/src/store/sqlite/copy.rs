//! Whole copies of a database, for backups: made while others read and write it, looked over, given a new life. What
//! fails is told as the rest of a sentence, with what to do. Where the files stand is the command line's affair.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{check_ownership, migrate, newer, open_reader};
use crate::{config::BUSY_TIMEOUT, store::error::Trouble};

/// How closely a database is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Check {
    /// Each page and each row.
    Quick,
    /// The indexes as well.
    Whole,
}

/// What became of a database that is to give way to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It is one file that holds everything.
    Whole,
    /// It can't even be opened.
    Broken,
}

/// Copies a database, as it is at one moment, into a file that is empty or not there. The copy holds everything by itself
/// and nothing that was deleted. The database is only read, and whoever has it open goes on.
pub(crate) fn copy_database(from: &Path, into: &Path) -> Result<(), String> {
    let connection = open_ours(from)?;
    let into = into.to_str().ok_or("its name is not UTF-8; give it another name")?;
    connection.execute("VACUUM INTO ?1", [into]).map_err(told)?;
    Ok(())
}

/// Looks a database over that is ours, and counts its restaurants. It is only read.
pub(crate) fn check_database(path: &Path, check: Check) -> Result<u64, String> {
    let connection = open_ours(path)?;
    let pragma = match check {
        Check::Quick => "quick_check",
        Check::Whole => "integrity_check",
    };
    // Of many faults the first is enough.
    let fault: String = connection.query_row(&format!("PRAGMA {pragma}(1)"), (), |row| row.get(0)).map_err(told)?;
    if fault != "ok" {
        return Err(damaged(&fault));
    }
    connection.query_row("SELECT count(*) FROM restaurants", (), |row| row.get(0)).map_err(told)
}

/// Brings the schema of a database up to date and names a new life of each restaurant's log, so that nobody takes its
/// numbers for those that were given away after it was copied. Tells how many restaurants there are.
pub(crate) fn begin_new_life(path: &Path, epoch: impl Fn() -> String) -> Result<u64, String> {
    let mut connection = open_existing(path).map_err(told)?;
    migrate(&connection).map_err(told)?.map_or(Ok(()), Err)?;
    let restaurants = name_new_lives(&mut connection, epoch).map_err(told)?;
    connection.close().map_err(|(_, error)| told(error))?;
    Ok(restaurants)
}

fn name_new_lives(connection: &mut Connection, epoch: impl Fn() -> String) -> rusqlite::Result<u64> {
    let transaction = connection.transaction()?;
    let ids: Vec<String> = transaction
        .prepare("SELECT id FROM restaurants")?
        .query_map((), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in &ids {
        transaction.execute("UPDATE restaurants SET epoch = ?2 WHERE id = ?1", (id, epoch()))?;
    }
    transaction.commit()?;
    Ok(ids.len() as u64)
}

/// Makes a database that nobody serves one file that holds everything: what was left in its write-ahead log by a crash
/// moves into it. Otherwise SQLite would carry that log into whatever file takes its place.
pub(crate) fn settle(path: &Path) -> Result<Settled, String> {
    match try_to_settle(path) {
        Ok(None) => Ok(Settled::Whole),
        Ok(Some(why)) => Err(why),
        Err(error) => match Trouble::of(&error) {
            Trouble::Damaged | Trouble::NotADatabase | Trouble::Disk => Ok(Settled::Broken),
            Trouble::Busy => Err("another program is reading it; let that one finish first".to_owned()),
            _ => Err(told(error)),
        },
    }
}

fn try_to_settle(path: &Path) -> rusqlite::Result<Option<String>> {
    let connection = open_existing(path)?;
    // What turns out to be broken stays as it is: it may be all that there is to be saved.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    if let Some(why) = check_ownership(&connection)? {
        return Ok(Some(why));
    }
    // Takes the whole database to itself, so that nobody reads it meanwhile, and leaves no file beside it.
    let mode: String = connection.query_row("PRAGMA journal_mode = DELETE", (), |row| row.get(0))?;
    connection.close().map_err(|(_, error)| error)?;
    Ok((mode != "delete")
        .then(|| format!("its journal can't be ended, it stays {mode:?}; let its readers finish first")))
}

fn open_existing(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Opens a database for reading that holds something of ours.
pub(super) fn open_ours(path: &Path) -> Result<Connection, String> {
    let connection = open_reader(path).map_err(told)?;
    let refused = |connection: &Connection| {
        let tables: u64 = connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
        if tables == 0 {
            return Ok(Some("it is empty; name another file".to_owned()));
        }
        Ok(check_ownership(connection)?.or(newer(connection)?))
    };
    refused(&connection).map_err(told)?.map_or(Ok(connection), Err)
}

/// What is wrong with a database that is copied, or with the place for the copy, and what to do.
pub(super) fn told(error: rusqlite::Error) -> String {
    match Trouble::of(&error) {
        Trouble::NotADatabase => "it is not a SQLite database; name another file".to_owned(),
        Trouble::Damaged => damaged(&error.to_string()),
        Trouble::CannotOpen | Trouble::ReadOnly => format!("{error}; may this user read it, and write in its folder?"),
        Trouble::Full => format!("{error}; make room, or name a file on another disk"),
        _ => error.to_string(),
    }
}

fn damaged(how: &str) -> String {
    format!("it is damaged ({}); an earlier backup may be whole", how.trim_start_matches("*** in database main ***\n"))
}
